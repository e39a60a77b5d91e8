"""The web half: what people share. A Django project whose apps call the engine; the engine never calls them."""
