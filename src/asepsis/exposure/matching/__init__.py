"""Matching without CPE: which device is one that an advisory speaks of, and whether its version is in the range."""
