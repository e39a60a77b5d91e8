"""Makers of devices as a hospital deals with them: a score with reasons, and the questionnaire before a purchase.

Facts in, values out; which facts hold is told by whoever reads findings, papers and contracts.
"""

from asepsis.exposure.vendors.questionnaire import QUESTIONS, Question, Reply, Said, assess
from asepsis.exposure.vendors.score import Facts, Share, score

__all__ = ["QUESTIONS", "Facts", "Question", "Reply", "Said", "Share", "assess", "score"]
