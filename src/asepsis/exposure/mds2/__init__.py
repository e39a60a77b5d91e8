"""MDS2: what makers declare about the security of a device (ANSI/NEMA HN 1-2013 and HN 1-2019), and whether it is so.

In: a form as bytes of a workbook (XLSX) or of CSV, and rows of the history's questions ``posture`` and ``served``.
Out: the form as values, the difference of two, and the disclosure ledger: each answer that traffic can test is
confirmed, contradicted with the packet, questioned, or unseen. Question texts are the association's and not kept: ids
are enough.
"""

from asepsis.exposure.mds2.behaviour import Behaviour, Observation, observe
from asepsis.exposure.mds2.difference import Change, difference
from asepsis.exposure.mds2.form import Answer, Edition, Form, Mds2Error, Problem
from asepsis.exposure.mds2.ledger import Claim, Standing, check
from asepsis.exposure.mds2.reading import read_form

__all__ = [
    "Answer",
    "Behaviour",
    "Change",
    "Claim",
    "Edition",
    "Form",
    "Mds2Error",
    "Observation",
    "Problem",
    "Standing",
    "check",
    "difference",
    "observe",
    "read_form",
]
