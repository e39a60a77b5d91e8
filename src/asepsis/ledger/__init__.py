"""The ledger: a tamper-evident log of who did what, whose omissions show too. `Ledger.open`, `append`, proofs."""

from asepsis.ledger.errors import LedgerError, LedgerUnwritableError
from asepsis.ledger.record import Action, Outcome, Record, new_id
from asepsis.ledger.store import Entry, Ledger

__all__ = ["Action", "Entry", "Ledger", "LedgerError", "LedgerUnwritableError", "Outcome", "Record", "new_id"]
