"""Documents of publishers: bytes in, values out. A document that is broken is a value too, and nothing else is lost."""
