"""Changes of the tables, forwards only."""
