"""Makers of the hospital's devices: how they look after them, what was agreed, and the assessment before a purchase."""
