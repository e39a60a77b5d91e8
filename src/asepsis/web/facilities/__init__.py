"""Sites of a hospital, their departments, and groups of devices."""
