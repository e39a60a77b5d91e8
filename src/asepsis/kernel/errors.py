"""The one root of all errors; each package derives its own family from it.

Errors know nothing of exit codes or HTTP: each edge (cli, web) holds one mapping table.
"""

from __future__ import annotations


class AsepsisError(Exception):
    """Something the user can understand and act on.

    Args:
        message: One line that says what is wrong and where.
        code: A stable word for programs, such as ``capture-unreadable``.
        hint: One line that says what to do, or an empty string.
    """

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
