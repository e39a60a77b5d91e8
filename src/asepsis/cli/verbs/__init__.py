"""One module a verb of the command; each names its command ``command`` and imports the engine only when it runs."""
