"""One module a protocol: bytes in, messages out; pure, without IO. ``message`` is the contract of them all."""
