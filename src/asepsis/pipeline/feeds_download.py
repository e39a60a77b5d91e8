"""Fetches what a source has that is new, into a folder of the workspace, and says what it saw.

A publisher's list is compared with what was listed before: a list that is older than the one that was seen, or that
lacks documents that stood there, is told, because both are what somebody sees who is kept from the news. What is
fetched stays until it was taken in, so a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from asepsis.crypto.openpgp import (
    KEY_LIMIT_BYTES,
    SIGNATURE_LIMIT_BYTES,
    Keyring,
    SignatureState,
    plain_fingerprint,
    read_keys,
)
from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.cve_list import PUBLISHER as CVE_PUBLISHER
from asepsis.exposure.feeds.cve_list import read_changes_of_cves
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.edition import is_ahead, moment
from asepsis.exposure.feeds.provider import (
    Listed,
    Listing,
    Provider,
    documents_of,
    read_changes,
    read_index,
    read_provider,
    read_rolie,
)
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.feeds_folder import Unread
from asepsis.pipeline.feeds_https import Edition, Failed, Fetched, Same
from asepsis.pipeline.feeds_sources import Layout, Source

# A description of a publisher has some kilobytes, a list of fifty thousand documents some thirty megabytes.
PROVIDER_LIMIT_BYTES: Final = 4 * 2**20
LISTING_LIMIT_BYTES: Final = 64 * 2**20
# One line.
DIGEST_LIMIT_BYTES: Final = 4096
# In one run; the next one goes on. The first from CISA fetches some four thousand.
DOCUMENTS_LIMIT: Final = 20_000
# Requests at one time: publishers' servers are shared with everybody else.
AT_ONCE: Final = 4
# After so many failures in a row the publisher is down, and the rest waits for the next run.
FAILURES_LIMIT: Final = 20
# One run, in seconds; the next one goes on. CISA's four thousand documents take some ten minutes. Each file has a limit
# of its own, but a publisher that takes all of it for each could hold every other source back for months.
RUN_SECONDS: Final = 7200.0
# What the rest of the workspace needs to go on: a publisher's documents must not fill the disk that the ledger is on.
DISK_RESERVE_BYTES: Final = 1024**3
# More than a person reads.
WARNINGS_LIMIT: Final = 100


class Fetcher(Protocol):
    """Who fetches: ``Https``, or in tests anything that answers alike."""

    def fetch(self, url: str, into: Path, *, limit_bytes: int, held: Edition | None = None) -> Fetched | Same | Failed:
        """See ``Https.fetch``."""


@value
class Known:
    """What is remembered of a source from earlier runs."""

    listed: dict[str, str]
    """Addresses of its documents to when each was changed, as the list said when it was taken."""
    updated: str = ""
    """What the newest list said of itself."""
    edition: Edition = Edition()
    """Of the one file, where it is one."""
    keys: tuple[str, ...] = ()
    """Fingerprints that its description named."""


@value
class Staged:
    """A document that was fetched and not read yet."""

    url: str
    path: Path
    updated: str
    """When it was changed, as the list says."""
    signature: str


@value
class Download:
    """What one run saw and took."""

    staged: tuple[Staged | Unread, ...]
    publisher: str
    updated: str
    edition: Edition
    keys: tuple[str, ...]
    listed: int
    """How many documents the publisher lists."""
    waiting: int
    """How many of them are new and were not fetched in this run."""
    warnings: tuple[str, ...]
    """What a person should look at: a list that went back, documents that vanished, keys that changed."""
    failure: str = ""
    """Why there was nothing to take; empty where all went well."""

    def documents(self) -> Iterator[Document | Unread]:
        """What was fetched, read one by one."""
        for one in self.staged:
            if isinstance(one, Unread):
                yield one
                continue
            found = read_document(one.path.read_bytes(), one.url, signature=one.signature)
            yield Unread(path=one.url, problem=found) if isinstance(found, Problem) else found

    def taken(self, unread: Iterable[str]) -> dict[str, str]:
        """Addresses that need not be fetched again, to when each was changed: all but those that were not read."""
        broken = frozenset(unread)
        return {one.url: one.updated for one in self.staged if isinstance(one, Staged) and one.url not in broken}


def download(
    source: Source,
    fetcher: Fetcher,
    folder: Path,
    known: Known,
    *,
    now_ns: int,
    pinned: Keyring | None = None,
    signed_only: bool = False,
    tell: Callable[[int, int], object] = lambda _done, _of: None,
) -> Download:
    """Fetches what is new.

    Args:
        source: From where.
        fetcher: How.
        folder: Where files lie until they were taken in; made where it is not there.
        known: What is remembered of the source.
        now_ns: For which moment keys are judged.
        pinned: Keys that a person has laid down for publishers; they count beside those that the publisher names.
        signed_only: Refuse documents without a good signature.
        tell: Told how many documents were fetched, of how many.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    run = _Run(fetcher, folder, known, now=now, pinned=pinned or Keyring(), signed_only=signed_only, tell=tell)
    match source.layout:
        case Layout.FILE:
            return run.file(source)
        case Layout.CVE_LIST:
            return run.cve_list(source)
        case Layout.PROVIDER:
            return run.provider(source)


class _Run:
    def __init__(
        self,
        fetcher: Fetcher,
        folder: Path,
        known: Known,
        *,
        now: datetime,
        pinned: Keyring,
        signed_only: bool,
        tell: Callable[[int, int], object],
    ) -> None:
        self._fetcher = fetcher
        self._folder = folder
        self._known = known
        self._now = now
        self._pinned = pinned
        self._signed_only = signed_only
        self._tell = tell
        self._warnings: list[str] = []
        self._until = time.monotonic() + RUN_SECONDS

    def file(self, source: Source) -> Download:
        """One file that is renewed in its place."""
        path = self._folder / "file"
        found = self._fetcher.fetch(
            source.url, path, limit_bytes=DOCUMENT_LIMIT_BYTES, held=None if path.exists() else self._known.edition
        )
        if isinstance(found, Failed):
            return self._nothing(f"{found.url}: {found.why}")
        if isinstance(found, Same):
            return self._all([], listed=1, edition=self._known.edition)
        self._tell(1, 1)
        staged = Staged(url=source.url, path=path, updated="", signature="")
        return self._all([staged], listed=1, edition=found.edition)

    def provider(self, source: Source) -> Download:
        """A publisher of CSAF documents."""
        described = self._described(source.url)
        if isinstance(described, str):
            return self._nothing(described)
        keys = self._keys(described)
        listings = list(self._listings(described))
        if not listings:
            return self._nothing("; ".join(self._warnings) or "the publisher names no list of documents", described)
        updated = max((one.updated for one in listings), key=_sortable, default="")
        seen = self._known.updated
        if is_ahead(updated, self._now):
            self._warnings.append(f"the list of documents says that it is from {updated[:40]}, which has not come yet")
            updated = seen
        if _is_before(updated, seen) and not is_ahead(seen, self._now):
            # An old list that is shown again hides the news (a rollback); documents of it are older or held already.
            self._warnings.append(
                f"the list of documents is from {updated}, and one from {self._known.updated} was seen before:"
                " nothing was taken"
            )
            return self._all([], listed=0, provider=described, updated=self._known.updated)
        documents = documents_of(iter(listings))
        self._missing(documents, described)
        new = [one for one in documents if one.url not in self._known.listed or self._is_news(one)]
        staged = list(self._staged(new[:DOCUMENTS_LIMIT], keys, described))
        waiting = len(new) - len(staged)
        return self._all(staged, listed=len(documents), provider=described, updated=updated, waiting=waiting)

    def cve_list(self, source: Source) -> Download:
        """The CVE List: the records that its log names and that are not held as they are now."""
        path = self._folder / "log"
        path.unlink(missing_ok=True)
        held = self._known.edition
        found = self._fetcher.fetch(source.url, path, limit_bytes=LISTING_LIMIT_BYTES, held=held)
        if isinstance(found, Failed):
            return self._nothing(f"{found.url}: {found.why}")
        described = _unsigned(CVE_PUBLISHER)
        if isinstance(found, Same):
            return self._all(
                [], listed=len(self._known.listed), provider=described, edition=held, updated=self._known.updated
            )
        listing = read_changes_of_cves(path.read_bytes(), source.url)
        if isinstance(listing, Problem):
            return self._nothing(f"{source.url}: {listing.why}")
        self._warnings.extend(f"{source.url}: {one.where} {one.why}" for one in listing.problems)
        if _is_before(listing.updated, self._known.updated):
            self._warnings.append(
                f"the log of changes is from {listing.updated}, and one from {self._known.updated} was seen before:"
                " nothing was taken"
            )
            return self._all([], listed=0, provider=described, updated=self._known.updated)
        known = self._known.listed
        new = [one for one in listing.documents if one.url not in known or self._is_news(one)]
        staged = list(self._staged(new[:DOCUMENTS_LIMIT], self._pinned, described))
        broken = sum(isinstance(one, Unread) for one in staged)
        waiting = len(new) - len(staged)
        # The log is asked for again until everything that it names was taken.
        edition = Edition() if broken or waiting else found.edition
        return self._all(
            staged,
            listed=len(listing.documents),
            provider=described,
            updated=listing.updated,
            edition=edition,
            waiting=waiting,
        )

    def _described(self, url: str) -> Provider | str:
        content = self._small(url, PROVIDER_LIMIT_BYTES)
        if isinstance(content, Failed):
            return f"{content.url}: {content.why}"
        found = read_provider(content, url)
        if isinstance(found, Problem):
            return f"{url}: {found.why}"
        self._warnings.extend(f"{url}: {one.where} {one.why}" for one in found.problems)
        return found

    def _keys(self, described: Provider) -> Keyring:
        """The keys that the publisher names and that bear the fingerprints that it names, and the pinned ones."""
        found = Keyring()
        for key in described.keys:
            content = self._small(key.url, KEY_LIMIT_BYTES)
            if isinstance(content, Failed):
                self._warnings.append(f"{key.url}: {content.why}")
                continue
            read = read_keys(content)
            named = read.only((key.fingerprint,)) if key.fingerprint else read
            if not named.fingerprints:
                self._warnings.append(f"{key.url}: holds no key with the fingerprint {key.fingerprint[:60]}")
            found = found.joined(named)
        if self._known.keys and set(found.fingerprints) - set(self._known.keys):
            self._warnings.append("the publisher names another key than before: ask it whether that is so")
        return found.joined(self._pinned)

    def _listings(self, described: Provider) -> Iterator[Listing]:
        for url in described.feeds:
            if time.monotonic() > self._until:
                self._warnings.append(f"{url}: was not asked, the publisher takes too long")
                return
            content = self._small(url, LISTING_LIMIT_BYTES)
            yield from self._listing(url, content if isinstance(content, Failed) else read_rolie(content, url))
        if described.feeds:
            return
        for folder in described.folders:
            url = f"{folder}changes.csv"
            content = self._small(url, LISTING_LIMIT_BYTES)
            if isinstance(content, Failed) and content.is_absent:
                url = f"{folder}index.txt"
                content = self._small(url, LISTING_LIMIT_BYTES)
                yield from self._listing(url, content if isinstance(content, Failed) else read_index(content, folder))
            else:
                yield from self._listing(url, content if isinstance(content, Failed) else read_changes(content, folder))

    def _listing(self, url: str, found: Listing | Problem | Failed) -> Iterator[Listing]:
        if isinstance(found, Listing):
            self._warnings.extend(f"{url}: {one.where} {one.why}" for one in found.problems)
            yield found
        else:
            self._warnings.append(f"{url}: {found.why}")

    def _missing(self, documents: tuple[Listed, ...], described: Provider) -> None:
        """Tells of documents that stood in the lists before: publishers withdraw by a new edition, not by silence."""
        gone = sorted(set(self._known.listed) - {one.url for one in documents})
        if gone:
            named = ", ".join(url.rpartition("/")[2] for url in gone[:3])
            more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
            who = described.publisher or "the publisher"
            self._warnings.append(f"{who} no longer lists {named}{more}: what is held of them is kept")

    def _is_news(self, listed: Listed) -> bool:
        held = self._known.listed[listed.url]
        if not listed.updated or held == listed.updated:
            return False
        return not _is_before(listed.updated, held) or is_ahead(held, self._now)

    def _staged(self, new: list[Listed], keys: Keyring, described: Provider) -> Iterator[Staged | Unread]:
        failures = 0
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="feed") as pool:
            for start in range(0, len(new), AT_ONCE):
                if why := self._is_enough():
                    self._warnings.append(f"{why}; the rest waits")
                    return
                some = new[start : start + AT_ONCE]
                for listed, got in zip(some, pool.map(self._document, some), strict=True):
                    if isinstance(got, Failed):
                        # What is listed and is not there says nothing of the server's health.
                        failures += 0 if got.is_absent else 1
                        yield Unread(path=got.url, problem=Problem(where="", why=got.why))
                        continue
                    failures = 0
                    yield self._judged(listed, got, keys, described)
                self._tell(min(start + AT_ONCE, len(new)), len(new))
                if failures >= FAILURES_LIMIT:
                    self._warnings.append(f"{failures} documents in a row could not be fetched; the rest waits")
                    return

    def _is_enough(self) -> str:
        """Why nothing more is fetched in this run; empty while it goes on."""
        if time.monotonic() > self._until:
            return f"the publisher takes longer than {RUN_SECONDS / 3600:g} hours"
        if shutil.disk_usage(self._folder).free < DISK_RESERVE_BYTES:
            return f"fewer than {DISK_RESERVE_BYTES >> 20} MiB are left on the disk"
        return ""

    def _document(self, listed: Listed) -> tuple[bytes, bytes, list[tuple[str, bytes]]] | Failed:
        """A document, its signature and its digests: from the folder where an earlier run left them."""
        content = self._kept(listed.url, listed.updated, DOCUMENT_LIMIT_BYTES)
        if isinstance(content, Failed):
            return content
        signature = b""
        if listed.signature:
            got = self._kept(listed.signature, listed.updated, SIGNATURE_LIMIT_BYTES)
            if isinstance(got, Failed) and not got.is_absent:
                return got
            signature = b"" if isinstance(got, Failed) else got
        digests = []
        for url in listed.digests:
            got = self._kept(url, listed.updated, DIGEST_LIMIT_BYTES)
            if isinstance(got, Failed) and not got.is_absent:
                return got
            if not isinstance(got, Failed):
                digests.append((url, got))
                # CSAF 2.0, 7.1.18: one of them is enough.
                break
        return content, signature, digests

    def _judged(
        self, listed: Listed, got: tuple[bytes, bytes, list[tuple[str, bytes]]], keys: Keyring, described: Provider
    ) -> Staged | Unread:
        content, signature, digests = got
        for url, said in digests:
            name = "sha512" if url.lower().endswith("512") else "sha256"
            words = said.decode("ascii", "replace").split()
            if not words or words[0].lower() != hashlib.new(name, content).hexdigest():
                why = f"differs from the digest at {url}: it was cut or altered"
                return Unread(path=listed.url, problem=Problem(where="", why=why))
        state = keys.check(content, signature, self._now) if signature else None
        if state is not None and state.forbids:
            return Unread(path=listed.url, problem=Problem(where="", why=f"its signature is refused: {state}"))
        if self._signed_only and state is not SignatureState.GOOD:
            why = f"has no good signature ({state or 'none at all'}), and only signed documents are taken"
            return Unread(path=listed.url, problem=Problem(where="", why=why))
        word = str(state) if state is not None else ("missing" if described.signs else "")
        return Staged(
            url=listed.url, path=self._place(listed.url, listed.updated), updated=listed.updated, signature=word
        )

    def _place(self, url: str, updated: str) -> Path:
        """Where this edition of a file lies."""
        return self._folder / hashlib.sha256(f"{updated}\n{url}".encode()).hexdigest()[:40]

    def _kept(self, url: str, updated: str, limit_bytes: int) -> bytes | Failed:
        """A file of this edition, fetched once."""
        path = self._place(url, updated)
        if not path.exists():
            found = self._fetcher.fetch(url, path, limit_bytes=limit_bytes)
            if isinstance(found, Failed):
                return found
        return path.read_bytes()

    def _small(self, url: str, limit_bytes: int) -> bytes | Failed:
        """A file that says where others are: always fetched anew."""
        path = self._folder / "description"
        path.unlink(missing_ok=True)
        path.with_name("description.part").unlink(missing_ok=True)
        found = self._fetcher.fetch(url, path, limit_bytes=limit_bytes)
        if isinstance(found, Fetched):
            return path.read_bytes()
        return found if isinstance(found, Failed) else Failed(url=url, why="the server sends no file")

    def _nothing(self, why: str, described: Provider | None = None) -> Download:
        return Download(
            staged=(),
            publisher="" if described is None else described.publisher,
            updated=self._known.updated,
            edition=self._known.edition,
            keys=self._known.keys,
            listed=0,
            waiting=0,
            warnings=tuple(self._warnings[:WARNINGS_LIMIT]),
            failure=why,
        )

    def _all(
        self,
        staged: list[Staged | Unread],
        *,
        listed: int,
        provider: Provider | None = None,
        updated: str = "",
        edition: Edition | None = None,
        waiting: int = 0,
    ) -> Download:
        named = (
            self._known.keys if provider is None else tuple(plain_fingerprint(key.fingerprint) for key in provider.keys)
        )
        return Download(
            staged=tuple(staged),
            publisher="" if provider is None else provider.publisher,
            updated=updated,
            edition=edition or Edition(),
            keys=named,
            listed=listed,
            waiting=waiting,
            warnings=tuple(self._warnings[:WARNINGS_LIMIT]),
        )


def folder_name(source: Source) -> str:
    """The name of a source's folder: readable, and different for every source."""
    host = urlsplit(source.url).hostname or "source"
    return f"{host}-{hashlib.sha256(source.url.encode()).hexdigest()[:12]}"


def _unsigned(publisher: str) -> Provider:
    """A publisher that describes itself nowhere and signs nothing."""
    return Provider(publisher=publisher, role="", updated="", canonical="", feeds=(), folders=(), keys=())


def _sortable(text: str) -> tuple[bool, datetime]:
    found = moment(text)
    return found is not None, found or datetime.min.replace(tzinfo=UTC)


def _is_before(text: str, other: str) -> bool:
    one, two = moment(text), moment(other)
    return one is not None and two is not None and one < two
