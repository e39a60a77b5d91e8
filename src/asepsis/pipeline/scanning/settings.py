"""The table ``[scanning]`` of a workspace, read without the web half, which planning does without."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from asepsis.exposure.scanning.judging import Network
from asepsis.exposure.scanning.plan import ScanError
from asepsis.exposure.scanning.rules import Scanning
from asepsis.pipeline.workspace import Workspace

_PREFIX: Final = "ASEPSIS_SCANNING_"
# A community is a word; more than this is another file.
_COMMUNITY_LIMIT_BYTES: Final = 256


def scanning_of(workspace: Workspace, environment: Mapping[str, str] = os.environ) -> Scanning:
    """What the hospital has set; an environment variable ``ASEPSIS_SCANNING_<KEY>`` wins over the file.

    Raises:
        ScanError: A value is not of its kind.
    """
    try:
        document = tomllib.loads(workspace.settings_path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        document = {}
    except (OSError, ValueError) as error:
        raise _refused(f"{workspace.settings_path}: {error}") from error
    given = document.get("scanning", {})
    if not isinstance(given, dict):
        raise _refused("[scanning] must be a table")
    found: dict[str, Any] = {}
    default = Scanning()
    for key in Scanning.__dataclass_fields__:
        usual = getattr(default, key)
        said = given.get(key, usual)
        if isinstance(usual, tuple) and isinstance(said, list):
            said = tuple(said)
        if (text := environment.get(f"{_PREFIX}{key}".upper())) is not None:
            said = _read(text, usual)
        if type(said) is not type(usual) or (isinstance(said, tuple) and not all(isinstance(x, str) for x in said)):
            raise _refused(f"[scanning] {key} must be like {usual!r}")
        found[key] = said
    return Scanning(**found)


def networks_of(rules: Scanning) -> tuple[Network, ...]:
    """The networks that no scan touches.

    Raises:
        ScanError: One is none.
    """
    try:
        return tuple(ip_network(text) for text in rules.do_not_probe)
    except ValueError as error:
        raise _refused(f"[scanning] do_not_probe: {error}") from error


def community_of(rules: Scanning) -> bytes | None:
    """The community for reading by SNMP; None where none is set.

    Raises:
        ScanError: Its file cannot be read, or others may read it.
    """
    if not rules.snmp_community_file:
        return None
    path = Path(rules.snmp_community_file)
    try:
        if path.stat().st_mode & 0o077:
            raise _refused(f"{path}: others may read the community; chmod 600 it")
        with path.open("rb") as file:
            return file.read(_COMMUNITY_LIMIT_BYTES).strip() or None
    except OSError as error:
        raise _refused(f"{path}: {error.strerror}") from error


def _read(text: str, usual: object) -> object:
    if isinstance(usual, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(usual, int):
        return int(text) if text.isdecimal() and len(text) < 9 else text
    return text


def _refused(message: str) -> ScanError:
    return ScanError(
        message, code="scan-settings", hint="docs/reference/configuration.md names every key of [scanning]"
    )
