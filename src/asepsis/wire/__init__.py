"""Packets: files and interfaces in, conversations and the payload bytes that protocols read out.

The kernels are compiled (``kernels``); ``engine`` holds their tables, ``capture`` and ``live`` feed it.
"""
