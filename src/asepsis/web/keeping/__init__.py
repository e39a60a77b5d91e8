"""Keeping an installation: backups, their restoring, and the way to a newer version. Needs no Django."""
