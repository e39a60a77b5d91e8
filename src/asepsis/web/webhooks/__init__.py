"""Webhooks: what happened is told to programs of the hospital, signed, until they have taken it."""
