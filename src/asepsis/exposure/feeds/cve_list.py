"""The CVE List's own log of what changed (``deltaLog.json`` of CVEProject/cvelistV5): a month of addresses of records.

The whole list is a file of half a gigabyte, renewed every day; its log names the records that are new or changed.
"""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import urlsplit

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import Notes, read_json
from asepsis.exposure.feeds.edition import moment
from asepsis.exposure.feeds.provider import LISTED_LIMIT, Listed, Listing

PUBLISHER: Final = "CVE Program"
# The log is written every few minutes and looks back a month.
FETCHES_LIMIT: Final = 20_000


def read_changes_of_cves(content: bytes, at: str) -> Listing | Problem:
    """The records that the log names, each once with the last moment at which it was changed.

    Args:
        content: The bytes of the log.
        at: Its own address: records lie beneath its folder, and whatever leads elsewhere is no record.
    """
    notes = Notes()
    # A document is an object here, and the log is a list.
    root = read_json(b'{"log":' + content + b"}", notes)
    if isinstance(root, Problem):
        return root
    if not isinstance(root.content.get("log"), list):
        return Problem(where="", why="is no log of changes: it is no list")
    folder = posixpath.dirname(urlsplit(at).path) + "/"
    found: dict[str, str] = {}
    newest = ""
    for place, fetch in enumerate(root.items("log")):
        if place >= FETCHES_LIMIT:
            break
        newest = max(newest, fetch.text("fetchTime"), key=_sortable)
        for name in ("new", "updated"):
            for item in fetch.items(name):
                url, changed = item.text("githubLink"), item.text("dateUpdated")
                if not _is_beneath(url, at, folder):
                    notes.add(item.where, "names no address of a record of this list")
                elif url in found or len(found) < LISTED_LIMIT:
                    found[url] = max(found.get(url, ""), changed, key=_sortable)
    documents = tuple(Listed(url=url, updated=changed) for url, changed in found.items())
    return Listing(updated=newest, documents=documents, problems=tuple(notes.problems))


def _is_beneath(url: str, at: str, folder: str) -> bool:
    try:
        one, home = urlsplit(url), urlsplit(at)
    except ValueError:
        return False
    if (one.scheme, one.netloc) != (home.scheme, home.netloc) or one.query or not one.path.endswith(".json"):
        return False
    return one.path.startswith(folder) and posixpath.normpath(one.path) == one.path


def _sortable(text: str) -> str:
    found = moment(text)
    return found.isoformat() if found is not None else ""
