"""How often the answers are right: ours beside tshark's and nDPI's on captures that nobody here made.

``python -m bench.accuracy`` (or ``make eval``) writes bench/ANSWERS.md. What the other programs say is kept under
``.cache/eval``, by the capture's digest and the options, so that a second run asks only about what is new.
"""
