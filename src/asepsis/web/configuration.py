"""What the hospital sets: tables in ``workspace.toml``, each key checked, an unknown one refused with its line.

An environment variable ``ASEPSIS_<TABLE>_<KEY>`` wins over the file. Secrets never stand in it: a key that ends in
``_file`` names the file that holds one.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from asepsis.exposure.plan.hours import HoursError, read_hours
from asepsis.exposure.scanning.rules import Scanning
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.web.people.provider import groups
from asepsis.web.shared import PROCESSES_LIMIT

PREFIX: Final = "ASEPSIS_"


class ConfigurationError(AsepsisError):
    """A setting that cannot be used."""


@value
class Web:
    """Where pages are served."""

    host: str = "127.0.0.1"
    """The address to listen on; ``0.0.0.0`` for every IPv4 address of the machine, ``::`` for IPv6."""
    port: int = 8443
    """The port to listen on."""
    names: tuple[str, ...] = ("localhost",)
    """The host names that people type; the first stands in links. Passkeys are bound to it."""
    tls: str = "own"
    """``own``: an authority made at first start; ``files``: the hospital's; ``none``: loopback or behind a proxy."""
    certificate: str = ""
    """The chain as PEM, with ``tls = "files"``."""
    key_file: str = ""
    """The key of the chain as PEM, not encrypted, with ``tls = "files"``."""
    upload_limit_mib: int = 4096
    """No larger capture is taken from a browser."""
    processes: int = 0
    """How many processes answer requests, of some 100 MiB each; 0 for two, or one on a machine with a single core."""

    @property
    def processes_wanted(self) -> int:
        """How many processes answer requests on this machine."""
        return self.processes or min(2, len(os.sched_getaffinity(0)))

    @property
    def address(self) -> str:
        """Where people find the pages, with a stroke at the end."""
        return f"{'http' if self.tls == 'none' else 'https'}://{self.names[0]}:{self.port}/"


@value
class Database:
    """Where people's state is kept."""

    engine: str = "sqlite"
    """``sqlite`` (a file of the workspace) or ``postgresql``."""
    host: str = ""
    """The host of PostgreSQL, or the folder of its socket."""
    port: int = 5432
    """The port of PostgreSQL."""
    name: str = "asepsis"
    """The database, made beforehand and owned by ``user``."""
    user: str = "asepsis"
    """Who signs in there."""
    password_file: str = ""
    """The file with the password; none is sent where this is empty (a socket with peer authentication)."""


@value
class SignIn:
    """How people prove who they are."""

    second_factor: bool = True
    """Whether everybody needs a passkey or a code beside a password. Administrators need their passkey anyway."""
    idle_minutes: int = 30
    """A session that nobody used for so long ends."""
    session_hours: int = 12
    """No session lives longer, however busy."""
    administrators_device_bound: bool = True
    """Whether administrators, and whoever breaks the glass, need a passkey that cannot be copied off its device; where
    they do not, ``second_factor`` must stay true."""
    invitation_hours: int = 72
    """An invitation can be taken for so long."""
    breached_passwords_file: str = ""
    """Upper-case SHA-1 hashes of leaked passwords in order, one a line; what stands there is refused."""


@value
class Oidc:
    """Sign-in by the hospital's own provider; off while ``issuer`` is empty."""

    name: str = "the hospital's sign-in"
    """How people call it: what the button says after "Sign in with"."""
    issuer: str = ""
    """The address of the provider, as its tokens name it (``iss``), letter by letter; https."""
    client_id: str = ""
    """As the provider knows Asepsis."""
    client_secret_file: str = ""
    """The file with the secret that the provider gave; none is sent where this is empty (a public client with PKCE)."""
    authority_file: str = ""
    """The certificates (PEM) that the provider's is checked against; those of the system where this is empty."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What is asked for; add the one that brings groups, where your provider has one."""
    groups_claim: str = "groups"
    """The claim that lists a person's groups."""
    groups: tuple[str, ...] = ()
    """``group=role`` or ``group=role@site``, one for each group that means something here; no other gives anything."""
    roles_days: int = 7
    """Roles from groups end so many days after the last sign-in by the provider."""
    strong_acr: tuple[str, ...] = ()
    """Values of ``acr`` that stand for two factors."""
    strong_amr: tuple[str, ...] = ("mfa",)
    """Values of ``amr`` that do (RFC 8176)."""
    device_bound_acr: tuple[str, ...] = ()
    """Values of ``acr`` that stand for a key that cannot leave its device: what administrators and break-glass need."""


@value
class Sensor:
    """Live capture beside the web; off while ``interface`` is empty."""

    interface: str = ""
    """The network interface that sees the mirrored traffic; needs the right to capture."""
    site: str = "main"
    """The site that its devices belong to."""


@value
class Ledger:
    """The log of accesses."""

    witness: str = ""
    """Where checkpoints are also sent: an https address or a folder on another machine's disk."""
    witness_key: str = ""
    """The witness's public key, for an address; ``asepsis ledger witness --show-key`` prints it."""
    checkpoint_minutes: int = 10
    """A signed checkpoint is kept, and shown to the witness, so often."""


@value
class Webhooks:
    """Programs that are told what happens."""

    networks: tuple[str, ...] = ()
    """Networks inside the hospital that webhooks may go to, such as ``10.20.0.0/16``; all others inside are refused."""
    authority: str = ""
    """Certificates as PEM that are trusted beside the system's, for receivers with one of the hospital's own."""
    give_up_days: int = 3
    """What a receiver has not taken for so long is given up, and shown as such."""


@value
class Feeds:
    """Documents of publishers, fetched by schedule; off while ``sources`` is empty."""

    sources: tuple[str, ...] = ()
    """Names that ``asepsis feeds sources`` lists, such as ``cisa`` and ``kev``, or https addresses of makers."""
    hours: int = 24
    """How long after a look at a source the next one comes."""
    networks: tuple[str, ...] = ()
    """Networks inside the hospital where sources may be, such as a mirror; all others inside are refused."""
    authority: str = ""
    """Certificates as PEM that are trusted beside the system's."""
    signed_only: bool = False
    """Whether documents without a good signature are refused."""


@value
class Plan:
    """How the work on the fleet is planned."""

    hours_a_week: int = 8
    """So many hours a week the team has for it: two people for a morning."""
    hours: tuple[str, ...] = ()
    """Your own hours of work, ``action=setup+each``: ``patch=3+1`` is three hours once for a product and one at each
    device. The actions and what holds for those not named here stand in ``docs/explanation/plan.md``."""
    timezone: str = "UTC"
    """The clock on the hospital's walls, such as ``Europe/Berlin``: idle hours are told by it."""


@value
class Configuration:
    """All settings."""

    web: Web = Web()
    database: Database = Database()
    sign_in: SignIn = SignIn()
    oidc: Oidc = Oidc()
    sensor: Sensor = Sensor()
    ledger: Ledger = Ledger()
    webhooks: Webhooks = Webhooks()
    plan: Plan = Plan()
    scanning: Scanning = Scanning()
    feeds: Feeds = Feeds()


GROUPS: Final = ("oidc", "groups")
CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("web", "tls"): ("own", "files", "none"),
    ("database", "engine"): ("sqlite", "postgresql"),
}
RANGES: Final[dict[tuple[str, str], tuple[int, int]]] = {
    ("web", "port"): (1, 65535),
    ("web", "upload_limit_mib"): (1, 1_048_576),
    ("web", "processes"): (0, PROCESSES_LIMIT),
    ("database", "port"): (1, 65535),
    ("sign_in", "idle_minutes"): (1, 720),
    ("sign_in", "session_hours"): (1, 24),
    ("ledger", "checkpoint_minutes"): (1, 1440),
    ("oidc", "roles_days"): (1, 90),
    ("webhooks", "give_up_days"): (1, 30),
    ("feeds", "hours"): (1, 720),
    ("plan", "hours_a_week"): (1, 10_000),
    ("sign_in", "invitation_hours"): (1, 720),
    ("scanning", "watched_minutes"): (1, 60),
}


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """The settings of a workspace.

    Args:
        path: Its ``workspace.toml``; one that is not there says nothing.
        environment: Where variables are looked up.

    Raises:
        ConfigurationError: A key or table is unknown, or a value is not of its kind; the line is named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        text = ""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"{path}: {error}") from error
    document.pop("format", None)
    tables = {field.name: type(field.default) for field in dataclasses.fields(Configuration)}
    for name, table in document.items():
        if name not in tables or not isinstance(table, dict):
            place = _line(text, name, None)
            raise _refused(f"{path}:{place}: there is no table {name!r}; there are {', '.join(tables)}")
    found = Configuration(
        **{name: _table(kind, name, document.get(name, {}), environment, text, path) for name, kind in tables.items()}
    )
    if not (found.sign_in.second_factor or found.sign_in.administrators_device_bound):
        place = _line(text, "sign_in", "administrators_device_bound")
        raise _refused(
            f"{path}:{place}: [sign_in] administrators_device_bound and second_factor cannot both be false: a password "
            "alone would give away every account"
        )
    if found.oidc.issuer and not found.oidc.client_id:
        raise _refused(f"{path}:{_line(text, 'oidc', 'issuer')}: [oidc] issuer needs a client_id beside it")
    return found


def _table(
    kind: type[Any], name: str, given: Mapping[str, Any], environment: Mapping[str, str], text: str, path: Path
) -> Any:
    hints = get_type_hints(kind)
    unknown = next((key for key in given if key not in hints), None)
    if unknown is not None:
        place = _line(text, name, unknown)
        raise _refused(f"{path}:{place}: [{name}] has no key {unknown!r}; it has {', '.join(hints)}")
    found = {}
    for key, hint in hints.items():
        variable = f"{PREFIX}{name}_{key}".upper()
        if variable in environment:
            found[key] = _checked(_read(environment[variable], hint), hint, (name, key), variable)
        elif key in given:
            found[key] = _checked(given[key], hint, (name, key), f"{path}:{_line(text, name, key)}: [{name}] {key}")
    return kind(**found)


def _read(text: str, hint: Any) -> object:
    """A variable's text as the kind of its key; what does not fit is left for the check to refuse."""
    if hint is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    if hint is int:
        return int(text) if re.fullmatch(r"\d{1,9}", text) else text
    if get_origin(hint) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(found: object, hint: Any, key: tuple[str, str], place: str) -> object:
    if get_origin(hint) is tuple:
        if not isinstance(found, list) or not all(isinstance(part, get_args(hint)[0]) for part in found):
            raise _refused(f"{place} must be a list of texts")
        wrong = (
            next((said for line in found if isinstance(said := groups.read(line), str)), "") if key == GROUPS else ""
        )
        if wrong:
            raise _refused(f"{place}: {wrong}")
        if key == ("plan", "hours"):
            _check_hours(found, place)
        return tuple(found)
    if type(found) is not hint:
        kinds = {str: "a text", int: "a whole number", bool: "true or false"}
        raise _refused(f"{place} must be {kinds[hint]}, not {found!r}")
    if key == ("oidc", "issuer") and found and not _is_issuer(str(found)):
        raise _refused(f"{place} must be an https address without ? and #, not {found!r}")
    if key in CHOICES and found not in CHOICES[key]:
        raise _refused(f"{place} must be one of {', '.join(CHOICES[key])}, not {found!r}")
    if key in RANGES and isinstance(found, int):
        low, high = RANGES[key]
        if not low <= found <= high:
            raise _refused(f"{place} must be from {low} to {high}, not {found}")
    if key in (("webhooks", "networks"), ("scanning", "do_not_probe"), ("feeds", "networks")):
        for network in found if isinstance(found, list) else ():
            _check_network(network, place)
    return found


def _is_issuer(address: str) -> bool:
    # OpenID Connect Discovery 1.0, 3: https, no query, no fragment. To this machine http may be spoken, as in tests.
    return re.fullmatch(r"(https://[^\s?#]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#]*)?)", address) is not None


def _check_hours(lines: list[str], place: str) -> None:
    try:
        read_hours(lines)
    except HoursError as error:
        raise _refused(f"{place}: {error.message}") from error


def _check_network(text: str, place: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise _refused(f"{place} must be networks such as 10.20.0.0/16, not {text!r}") from error


def _line(text: str, table: str, key: str | None) -> int:
    """The line, from 1, on which a table begins or a key of it stands; 1 when it was written in another form."""
    header = re.compile(rf"^\s*\[\s*{re.escape(table)}\s*\]")
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if key is None and (header.match(line) or re.match(rf"^\s*{re.escape(table)}\s*[=.]", line)):
            return number
        if line.lstrip().startswith("["):
            inside = bool(header.match(line))
        elif key is not None and inside and re.match(rf"^\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
    return 1


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError(
        message, code="configuration", hint="docs/reference/configuration.md names every key and what it may be."
    )


def secret(path: str, *, what: str) -> str:
    """The one line of a file that holds a secret.

    Raises:
        ConfigurationError: It cannot be read, is empty, or others than its owner may read it.
    """
    file = Path(path)
    try:
        if file.stat().st_mode & 0o077:
            raise _refused(f"{path}: {what} may be read by others; chmod 600 it")
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _refused(f"{path}: {what} cannot be read: {error.strerror}") from error
    if not text:
        raise _refused(f"{path}: {what} is empty")
    return text
