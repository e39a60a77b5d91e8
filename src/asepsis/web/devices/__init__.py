"""Devices as people see them: lists, pages, and what people add to what traffic says."""
