"""A walk through the pages for somebody who is new, on what is really there."""
