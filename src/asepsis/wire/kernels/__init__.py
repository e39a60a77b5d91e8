"""The compiled part of the packet engine, in numba: blocks of capture bytes in, columns out.

Importing a module of this package imports numba (0.4 s). ``asepsis.wire.compiled`` does so only when no
compiled object is at hand. Read ``layout`` first, then ``machine``, ``records``, ``link``, ``decode``,
``classify``, ``emit``, ``flows`` and ``run``.

Conventions of all kernels:

* Everything is a 64-bit signed integer. ``p``, ``end`` and names in ``*_at`` are machine addresses.
* Nothing is bounds-checked by the machine: before each load the code compares with ``end``.
  ``tests/fuzz`` runs the kernels flush against a guard page.
* A table is a run of 8-byte words; a row's words are named in ``asepsis.wire.layout``.
"""
