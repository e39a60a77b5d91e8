"""Asking devices something, safely: who may be asked, what exactly is sent, what the kernel lets out, what left."""
