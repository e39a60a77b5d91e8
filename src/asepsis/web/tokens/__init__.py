"""Tokens: how programs act for a person by the API, with one of the person's roles, in one place, for a time."""
