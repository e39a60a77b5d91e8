"""Checks of what Asepsis exports, for whoever does not trust the writer: this package imports nothing else of Asepsis.

Even signatures are checked here by arithmetic of its own (RFC 8032), so that a fault of the writer's libraries would
show too. It needs Python's standard library alone and may be copied to another machine as it is.
"""
