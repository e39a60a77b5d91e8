"""How right ``asepsis weaknesses``, ``asepsis mds2`` and ``asepsis risk`` are on the recorded hospital."""
