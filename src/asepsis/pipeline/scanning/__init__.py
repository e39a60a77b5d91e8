"""Scans as they are done: planned from a workspace, run through a gate, recorded by another process."""
