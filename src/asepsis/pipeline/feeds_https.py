"""Fetches a file of a publisher over HTTPS, and trusts nobody on the way.

Only ``https``. A name is looked up once; every address it means is checked, and the connection goes to the address
that was checked, so that no name leads to a machine inside the hospital. Redirects are followed a few times, each
checked the same way. Sizes and times are limited; an answer that was cut goes on where it stopped, if it is still the
same file.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from asepsis import __version__
from asepsis.kernel.value import value

# One silence: a publisher's server that says nothing for so long is down.
SILENCE_SECONDS: Final = 30.0
# One file: EPSS has 2 MB, the largest file of the FDA some 30 MB.
FILE_SECONDS: Final = 600.0
REDIRECTS_LIMIT: Final = 5
URL_LIMIT: Final = 2000
_BLOCK_BYTES: Final = 256 * 1024
# RFC 6052 2.1: what is behind it is an IPv4 address.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_RANGE: Final = re.compile(r"^bytes ([0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)$")
_MOVED: Final = frozenset((301, 302, 303, 307, 308))


@value
class Edition:
    """By what a server tells one edition of a file from another (RFC 9110, 8.8); empty where it does not."""

    etag: str = ""
    modified: str = ""


@value
class Fetched:
    """A file that lies in full where it was asked to."""

    url: str
    """Where it was in the end."""
    size_bytes: int
    edition: Edition


@value
class Same:
    """The server says that the file is still the edition that is held."""


@value
class Failed:
    """No file, and why, in one line; ``status`` is 0 where nothing was answered."""

    url: str
    why: str
    status: int = 0

    @property
    def is_absent(self) -> bool:
        """The server answers that there is no such file."""
        return self.status in (404, 410)


class _RefusedError(Exception):
    """An address that is not gone to, or an answer that is not taken; says why."""


class Https:
    """Fetches files; one for each run.

    Args:
        allowed: Networks inside the hospital that may be gone to all the same, in CIDR notation.
        authority: A file with certificates (PEM) that are trusted beside the system's.
        file_seconds: How long one file may take.
    """

    def __init__(
        self, *, allowed: Iterable[str] = (), authority: Path | None = None, file_seconds: float = FILE_SECONDS
    ) -> None:
        self._allowed = [ipaddress.ip_network(one, strict=False) for one in allowed]
        self._context = ssl.create_default_context()
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        if authority is not None:
            self._context.load_verify_locations(authority)
        self._file_seconds = file_seconds

    def fetch(self, url: str, into: Path, *, limit_bytes: int, held: Edition | None = None) -> Fetched | Same | Failed:
        """Fetches one file; ``into`` is there in full afterwards or is as it was.

        What was cut lies beside it (``.part``) and is gone on with at the next call.

        Args:
            url: Where it is.
            into: Where to put it.
            limit_bytes: No more is read.
            held: The edition that is held already; it is not sent again.
        """
        deadline = time.monotonic() + self._file_seconds
        try:
            for _ in range(REDIRECTS_LIMIT + 1):
                found = self._once(url, into, limit_bytes, held or Edition(), deadline)
                if not isinstance(found, str):
                    return found
                url = found
            return Failed(url=url, why=f"leads elsewhere more than {REDIRECTS_LIMIT} times")
        except _RefusedError as error:
            return Failed(url=url, why=str(error))
        except ssl.SSLCertVerificationError as error:
            return Failed(url=url, why=f"the certificate is not trusted: {error.verify_message}"[:200])
        except ssl.SSLError as error:
            return Failed(url=url, why=f"TLS: {error.reason or 'no agreement'}"[:200])
        except TimeoutError:
            return Failed(url=url, why="no answer in time")
        except http.client.HTTPException:
            return Failed(url=url, why="the answer is no HTTP, or was cut")
        except (OSError, ValueError) as error:
            return Failed(url=url, why=str(getattr(error, "strerror", None) or "the connection broke")[:200])

    def _once(
        self, url: str, into: Path, limit_bytes: int, held: Edition, deadline: float
    ) -> Fetched | Same | Failed | str:
        """One request; a text is the address that it leads to."""
        parts = _taken_apart(url)
        part = into.with_name(into.name + ".part")
        mark = into.with_name(into.name + ".etag")
        begun, etag = _begun(part, mark)
        asked = {
            "user-agent": f"Asepsis/{__version__}",
            "accept": "*/*",
            # What is packed on the way could be a bomb; files that are packed themselves are unpacked within limits.
            "accept-encoding": "identity",
            "connection": "close",
        }
        if begun:
            # RFC 9110, 13.1.5: a server that holds another edition by now sends it whole.
            asked |= {"range": f"bytes={begun}-", "if-range": etag}
        elif held.etag:
            asked["if-none-match"] = held.etag
        elif held.modified:
            asked["if-modified-since"] = held.modified
        host, port = parts.hostname or "", parts.port or 443
        link = _Link(host, port, self._address(host, port), self._context, deadline)
        # Ends whatever is waited for: a server that sends one sign every ten seconds is never silent.
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), link.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            link.request("GET", target, headers=asked)
            answer = link.getresponse()
            if answer.status in _MOVED:
                return urljoin(url, answer.getheader("location") or "")
            if answer.status == 304:
                return Same()
            if answer.status == 416 and begun:
                _forget(part, mark)
                return url
            if answer.status not in (200, 206):
                words = http.client.responses.get(answer.status, "")
                return Failed(url=url, why=f"the server answers {answer.status} {words}".strip(), status=answer.status)
            edition = Edition(etag=_header(answer, "etag"), modified=_header(answer, "last-modified"))
            from_byte = _range_of(answer, begun) if answer.status == 206 else 0
            size = self._take(answer, part, mark, from_byte, limit_bytes, edition, link)
            if link.is_cut:
                # An answer without a length ends where the connection does, so this one looks whole and is not.
                raise TimeoutError
            part.replace(into)
            mark.unlink(missing_ok=True)
            return Fetched(url=url, size_bytes=size, edition=edition)
        except (OSError, http.client.HTTPException) as error:
            if link.is_cut:
                raise TimeoutError from error
            raise
        finally:
            watchdog.cancel()
            link.close()

    def _address(self, host: str, port: int) -> str:
        """The address that the host has, checked; a name that means one that may not be gone to is refused whole."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _RefusedError(f"the host {host[:100]} has no address") from error
        checked = []
        for _, _, _, _, name in found:
            address = ipaddress.ip_address(str(name[0]).partition("%")[0])
            if not self._may_go(address):
                raise _RefusedError(f"the host {host[:100]} lies inside, in a network that is not listed")
            checked.append(str(address))
        return checked[0]

    def _may_go(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            elif address.sixtofour is not None:
                address = address.sixtofour
            elif address in _NAT64:
                address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.is_unspecified or address.is_multicast:
            return False
        if any(address.version == network.version and address in network for network in self._allowed):
            return True
        return address.is_global

    def _take(
        self,
        answer: http.client.HTTPResponse,
        part: Path,
        mark: Path,
        from_byte: int,
        limit_bytes: int,
        edition: Edition,
        link: _Link,
    ) -> int:
        said = answer.length
        if from_byte + (said or 0) > limit_bytes:
            raise _RefusedError(f"is larger than {limit_bytes // 2**20} MiB")
        if not from_byte:
            _forget(part, mark)
        # A weak mark does not tell one byte from another (RFC 9110, 8.8.1), so nothing can be gone on with by it.
        if edition.etag and not edition.etag.startswith("W/"):
            mark.write_text(edition.etag, encoding="utf-8")
        size = from_byte
        with part.open("ab" if from_byte else "wb") as file:
            while block := answer.read(min(_BLOCK_BYTES, limit_bytes + 1 - size)):
                size += len(block)
                if size > limit_bytes:
                    file.close()
                    _forget(part, mark)
                    raise _RefusedError(f"is larger than {limit_bytes // 2**20} MiB")
                if link.is_cut:
                    # What is under way still comes after a shutdown, and from a quick server without an end.
                    raise TimeoutError
                file.write(block)
            if said is not None and size - from_byte < said:
                raise http.client.IncompleteRead(b"")
            _settle(file)
        return size


class _Link(http.client.HTTPSConnection):
    """A connection to the address that was checked, which bears the name that was asked for in TLS and Host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext, deadline: float) -> None:
        super().__init__(host, port, context=context, timeout=SILENCE_SECONDS)
        self._address = address
        self._tls = context
        self._until = deadline
        self.is_cut = False

    def connect(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        plain = socket.create_connection((self._address, self.port), min(SILENCE_SECONDS, left))
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def cut(self) -> None:
        """Ends the connection from another thread."""
        self.is_cut = True
        with contextlib.suppress(OSError):
            if self.sock is not None:
                # Not the method of the TLS socket, which would let the reader go on without TLS.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _taken_apart(url: str) -> SplitResult:
    """An address as its parts.

    Raises:
        _RefusedError: It is none that is gone to.
    """
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        raise _RefusedError("the address is too long, or holds signs that an address has not")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _RefusedError("this is no address") from error
    if parts.scheme != "https" or not parts.hostname or port == 0:
        raise _RefusedError("only addresses that begin with https:// are gone to")
    if parts.username is not None or parts.password is not None:
        raise _RefusedError("an address holds neither a name nor a password")
    return parts


def _header(answer: http.client.HTTPResponse, name: str) -> str:
    text = answer.getheader(name) or ""
    return text if len(text) <= 200 and text.isascii() and text.isprintable() else ""


def _begun(part: Path, mark: Path) -> tuple[int, str]:
    """How much of a file is there from an earlier time, and of which edition; nothing without both."""
    with contextlib.suppress(OSError):
        etag = mark.read_text(encoding="utf-8")
        size = part.stat().st_size
        if etag and size:
            return size, etag
    return 0, ""


def _range_of(answer: http.client.HTTPResponse, begun: int) -> int:
    found = _RANGE.match(answer.getheader("content-range") or "")
    if not begun or found is None or int(found[1]) != begun:
        raise _RefusedError("the server sends another part of the file than was asked for")
    return begun


def _forget(part: Path, mark: Path) -> None:
    part.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)


def _settle(file: BinaryIO) -> None:
    """The file survives a loss of power before it bears its name."""
    file.flush()
    os.fsync(file.fileno())
