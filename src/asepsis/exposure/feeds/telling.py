"""Everything that documents say of products, as advisories: links between them followed, recalls among them."""

from __future__ import annotations

from collections.abc import Iterable

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.fda import Recall, Recalls
from asepsis.exposure.feeds.reading import Content
from asepsis.exposure.feeds.recalls import advisories_of
from asepsis.exposure.feeds.vex import Parts, resolved


def told_by(contents: Iterable[Content]) -> list[Advisory]:
    """The advisories among the contents of documents, then the recalls."""
    advisories: list[Advisory] = []
    lists: list[Parts] = []
    recalls: list[Recall] = []
    for content in contents:
        if isinstance(content, Advisory):
            advisories.append(content)
        elif isinstance(content, Parts):
            lists.append(content)
        elif isinstance(content, Recalls):
            recalls.extend(content.recalls)
    return [*resolved(advisories, lists), *advisories_of(recalls)]
