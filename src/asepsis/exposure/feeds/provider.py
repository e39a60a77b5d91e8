"""Where a publisher keeps its documents: CSAF 2.0 section 7.1, as values.

``provider-metadata.json`` names feeds (ROLIE, RFC 8322, in JSON) and folders (``index.txt``, ``changes.csv``) and the
keys that sign; each of them is read here from bytes, and who fetches them lives elsewhere.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import Field, Notes, read_json
from asepsis.kernel.value import value

PROVIDER_FILE: Final = "provider-metadata.json"
# CISA lists some four thousand documents, the largest vendor some fifty thousand.
LISTED_LIMIT: Final = 200_000
# A publisher has one feed for each colour of the Traffic Light Protocol and perhaps one a year.
FEEDS_LIMIT: Final = 200
KEYS_LIMIT: Final = 20
# Everybody may have these (CSAF 2.0 names the first, TLP 2.0 the second); the others need an account there.
_OPEN: Final = frozenset(("", "WHITE", "CLEAR", "UNLABELED"))
_LINE_LIMIT: Final = 1000


@value
class PublishedKey:
    """A key that signs, and where it is."""

    fingerprint: str
    url: str


@value
class Provider:
    """What ``provider-metadata.json`` says."""

    publisher: str
    role: str
    """``csaf_publisher``, ``csaf_provider`` or ``csaf_trusted_provider``; the last signs what it publishes."""
    updated: str
    canonical: str
    feeds: tuple[str, ...]
    """Addresses of ROLIE feeds that everybody may read."""
    folders: tuple[str, ...]
    """Addresses of folders with ``index.txt`` and ``changes.csv``, each with a stroke at the end."""
    keys: tuple[PublishedKey, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def signs(self) -> bool:
        """Whether the publisher says of itself that it signs everything (CSAF 2.0, 7.2.3)."""
        return self.role == "csaf_trusted_provider"


@value
class Listed:
    """One document that a publisher lists."""

    url: str
    updated: str
    """ISO 8601; empty where the list does not say."""
    digests: tuple[str, ...] = ()
    """Addresses of files with its SHA-256 or SHA-512."""
    signature: str = ""
    """The address of its detached signature; empty where the list names none."""


@value
class Listing:
    """What one feed or folder lists."""

    updated: str
    """When the list itself was changed last; empty where it does not say."""
    documents: tuple[Listed, ...]
    problems: tuple[Problem, ...] = ()


def read_provider(content: bytes, at: str) -> Provider | Problem:
    """The publisher's description of itself (CSAF 2.0, 7.1.7 and 7.1.8).

    Args:
        content: The file.
        at: Its address, against which addresses in it are read.
    """
    notes = Notes()
    root = read_json(content, notes)
    if isinstance(root, Problem):
        return root
    if "distributions" not in root.content and "publisher" not in root.content:
        return Problem(where="", why="is no provider-metadata.json: it names neither a publisher nor distributions")
    feeds: list[str] = []
    folders: list[str] = []
    for place in root.items("distributions"):
        folder = place.text("directory_url")
        if folder:
            folders.append(_joined(at, folder.rstrip("/") + "/"))
        for feed in place.get("rolie").items("feeds"):
            label = feed.text("tlp_label").upper()
            if label not in _OPEN:
                notes.add(feed.where, f"is labelled TLP:{label[:20]}, which needs an account; it was left out")
            elif feed.text("url"):
                feeds.append(_joined(at, feed.text("url")))
    keys = tuple(
        PublishedKey(fingerprint=key.text("fingerprint"), url=_joined(at, key.text("url")))
        for key in root.items("public_openpgp_keys")
        if key.text("url")
    )
    return Provider(
        publisher=root.get("publisher").text("name"),
        role=root.text("role"),
        updated=root.text("last_updated"),
        canonical=root.text("canonical_url"),
        feeds=tuple(feeds[:FEEDS_LIMIT]),
        folders=tuple(folders[:FEEDS_LIMIT]),
        keys=keys[:KEYS_LIMIT],
        problems=tuple(notes.problems),
    )


def read_rolie(content: bytes, at: str) -> Listing | Problem:
    """The entries of a ROLIE feed in JSON (CSAF 2.0, 7.1.15)."""
    notes = Notes()
    root = read_json(content, notes)
    if isinstance(root, Problem):
        return root
    feed = root.get("feed")
    if not isinstance(feed.content, dict):
        return Problem(where="/feed", why="is missing: this is no ROLIE feed")
    found: dict[str, Listed] = {}
    for entry in feed.items("entry"):
        if len(found) >= LISTED_LIMIT:
            notes.add("/feed/entry", f"lists more than {LISTED_LIMIT} documents; the first were read")
            break
        listed = _entry(entry, at)
        if listed is None:
            notes.add(entry.where, "names no address of a document")
        else:
            found.setdefault(listed.url, listed)
    return Listing(updated=feed.text("updated"), documents=tuple(found.values()), problems=tuple(notes.problems))


def _entry(entry: Field, at: str) -> Listed | None:
    url = entry.get("content").text("src")
    digests: list[str] = []
    signature = ""
    for link in entry.items("link"):
        word, address = link.text("rel"), link.text("href")
        if word == "self":
            url = url or address
        elif word == "hash" and address:
            digests.append(_joined(at, address))
        elif word == "signature" and not signature:
            signature = _joined(at, address)
    if not url:
        return None
    return Listed(url=_joined(at, url), updated=entry.text("updated"), digests=tuple(digests), signature=signature)


def read_changes(content: bytes, at: str) -> Listing:
    """The rows of ``changes.csv``: a path and when the document was changed (CSAF 2.0, 7.1.13)."""
    notes = Notes()
    found: dict[str, Listed] = {}
    newest = ""
    reader = csv.reader(io.StringIO(content.decode("utf-8", "replace")))
    try:
        for row in reader:
            if not row:
                continue
            url = _beneath(at, row[0])
            if url is None or len(row) < 2:
                notes.add(f"line {reader.line_num}", "is no path of a document with its time")
            elif len(found) < LISTED_LIMIT:
                # A document that was changed twice stands twice, the newest first.
                found.setdefault(url, _of_folder(url, row[1].strip()))
                newest = max(newest, row[1].strip())
    except csv.Error as error:
        notes.add(f"line {reader.line_num}", f"is no CSV: {error}; what stands after it was not read")
    return Listing(updated=newest, documents=tuple(found.values()), problems=tuple(notes.problems))


def read_index(content: bytes, at: str) -> Listing:
    """The paths of ``index.txt`` (CSAF 2.0, 7.1.12); it does not say when they were changed."""
    notes = Notes()
    found: dict[str, Listed] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        url = _beneath(at, line)
        if url is None:
            notes.add(f"line {number}", "is no path of a document")
        elif len(found) < LISTED_LIMIT:
            found.setdefault(url, _of_folder(url, ""))
    return Listing(updated="", documents=tuple(found.values()), problems=tuple(notes.problems))


def _of_folder(url: str, updated: str) -> Listed:
    # CSAF 2.0, 7.1.18 and 7.1.19: digests and the signature lie beside the document, with an ending more.
    return Listed(url=url, updated=updated, digests=(f"{url}.sha512", f"{url}.sha256"), signature=f"{url}.asc")


def _beneath(folder: str, path: str) -> str | None:
    """The address of a path of a folder; None where it leads out of it, or to no document."""
    path = path.strip()
    if len(path) > _LINE_LIMIT or not path.lower().endswith(".json") or not path.isprintable():
        return None
    if path.startswith(("/", "\\")) or urlsplit(path).scheme or ".." in posixpath.normpath(path).split("/"):
        return None
    return urljoin(folder, posixpath.normpath(path))


def _joined(at: str, url: str) -> str:
    try:
        return urljoin(at, url.strip()) if url.strip() else ""
    except ValueError:
        return ""


def documents_of(listings: Iterator[Listing]) -> tuple[Listed, ...]:
    """Every document of several lists once, with the newest time that one of them says."""
    found: dict[str, Listed] = {}
    for listing in listings:
        for listed in listing.documents:
            known = found.get(listed.url)
            if known is None or known.updated < listed.updated:
                found[listed.url] = listed
    return tuple(found.values())
