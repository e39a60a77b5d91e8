"""``python -m asepsis.cli``: the same as the console script ``asepsis``."""

from asepsis.cli.main import main

main()
