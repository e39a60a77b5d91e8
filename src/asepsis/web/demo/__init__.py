"""The demo in the browser: sample people of every role, entered by one click.

Nothing outside this package knows of that way in: it is in the addresses, the settings and the back ends of the demo
alone, and its settings refuse every workspace that was not made for a demo.
"""
