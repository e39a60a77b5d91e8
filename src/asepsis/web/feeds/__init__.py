"""Feeds: publishers' documents, how old they are, what was wrong with them, and what they changed."""
