"""Straight lines that join the parts: captures, interfaces and logs in; history, registry and a report out."""
