"""The plan in the web."""
