"""The server's certificate: of an authority that the installation made itself, or the hospital's own files.

Nothing but loopback is served without one.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import secrets
import ssl
from pathlib import Path
from typing import Final

from asepsis.crypto import authority
from asepsis.kernel.value import value
from asepsis.pipeline.workspace import Workspace
from asepsis.web.configuration import ConfigurationError, Web

RENEWED_BEFORE: Final = datetime.timedelta(days=30)
AUTHORITY_CERTIFICATE: Final = "web-authority.pem"


@value
class Transport:
    """What the server shows to browsers."""

    certificate: Path
    key: Path
    authority: Path | None
    """The certificate of our own authority, which people teach their browsers; None with the hospital's files."""


def prepare(web: Web, workspace: Workspace, *, now: datetime.datetime) -> Transport | None:
    """The files for TLS, made or renewed where they are ours.

    Returns:
        None when the configuration says that there is no TLS.

    Raises:
        ConfigurationError: Something else than loopback would be served without TLS, or the hospital's files are no
            certificate with its key.
    """
    match web.tls:
        case "none":
            if not is_loopback(web.host):
                raise ConfigurationError(
                    f"[web] tls is none, and {web.host} is not loopback: passwords would cross the network in clear",
                    code="configuration",
                    hint='Set tls = "own" or "files", or host = "127.0.0.1" behind a proxy on this machine.',
                )
            return None
        case "files":
            transport = _files(web, workspace)
        case _:
            transport = _own(web, workspace, now)
    context(transport)
    return transport


def current(web: Web, workspace: Workspace) -> Transport | None:
    """The files for TLS as ``prepare`` left them, for the other processes of the server; nothing is made here.

    Returns:
        None when the configuration says that there is no TLS.

    Raises:
        ConfigurationError: They are no certificate with its key at this moment.
    """
    if web.tls == "none":
        return None
    transport = _files(web, workspace)
    context(transport)
    return transport


def is_loopback(host: str) -> bool:
    """Whether what is sent to this address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def context(transport: Transport) -> ssl.SSLContext:
    """TLS 1.2 or newer with the certificate (RFC 9325).

    Raises:
        ConfigurationError: The files cannot be read, or the key is not the certificate's.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    load(made, transport)
    return made


def load(into: ssl.SSLContext, transport: Transport) -> None:
    """Takes the certificate from the files, for connections from now on.

    Raises:
        ConfigurationError: As ``context``.
    """
    try:
        if transport.key.stat().st_mode & 0o007:
            raise _refused(f"{transport.key}: the key of the server may be read by everybody; chmod 600 it")
        into.load_cert_chain(transport.certificate, transport.key)
    except OSError as error:  # ssl.SSLError is one too
        what = error.strerror or getattr(error, "reason", None) or "is no certificate with its key"
        raise _refused(f"the certificate {transport.certificate} with the key {transport.key}: {what}") from error


def fingerprint(transport: Transport) -> str:
    """SHA-256 of our authority's certificate, empty with the hospital's files."""
    return "" if transport.authority is None else authority.fingerprint(transport.authority.read_bytes())


def _files(web: Web, workspace: Workspace) -> Transport:
    if web.tls == "files":
        return Transport(certificate=Path(web.certificate), key=Path(web.key_file), authority=None)
    folder = workspace.keys_path
    return Transport(
        certificate=folder / "web-server.pem",
        key=folder / "web-server.key",
        authority=folder / AUTHORITY_CERTIFICATE,
    )


def _own(web: Web, workspace: Workspace, now: datetime.datetime) -> Transport:
    files = _files(web, workspace)
    certificate, key = files.certificate, files.key
    folder = workspace.keys_path
    ca_certificate, ca_key = folder / AUTHORITY_CERTIFICATE, folder / "web-authority.key"
    if not (ca_certificate.exists() and ca_key.exists()):
        made = authority.new_authority(f"Asepsis of {web.names[0]}", now=now)
        _write(ca_key, made.key)
        _write(ca_certificate, made.certificate)
    signer = authority.Issued(key=ca_key.read_bytes(), certificate=ca_certificate.read_bytes())
    wanted = tuple(dict.fromkeys([*web.names, "localhost", "127.0.0.1", "::1"]))
    if not _still_good(certificate, key, signer.certificate, wanted, now):
        issued = authority.issue_server(signer, wanted, now=now)
        _write(key, issued.key)
        _write(certificate, issued.certificate)
    return files


def _still_good(certificate: Path, key: Path, signer: bytes, names: tuple[str, ...], now: datetime.datetime) -> bool:
    try:
        pem = certificate.read_bytes()
        return (
            key.exists()
            and authority.expires(pem) - now > RENEWED_BEFORE
            and authority.server_names(pem) == names
            and authority.issued_by(pem, signer)
        )
    except (OSError, ValueError):
        return False


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for nobody else from the first byte on."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="configuration", hint="See [web] certificate and key_file.")
