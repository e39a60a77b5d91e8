"""Scans, reports of other programs, and penetration tests: what is asked of devices, and what came of it."""
