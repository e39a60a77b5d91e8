"""Exposure: advisories, components and statements of makers come in, findings about devices go out.

Documents are handed to this package as bytes, and devices as values; it reads no file and asks no clock. ``pipeline``
reads the folders and keeps what was loaded. Below it are ``devices`` and ``knowledge``.
"""
