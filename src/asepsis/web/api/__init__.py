"""The API: what every operation shares. The operations themselves stand in each app's ``api.py``."""
