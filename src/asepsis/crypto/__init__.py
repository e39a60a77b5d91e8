"""The only importer of `cryptography`: certificates are read here; keys come with the parts that need them."""
