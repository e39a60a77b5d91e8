"""Saying what was done: one call in the view, in the same transaction as the change."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

import structlog
from django.db import connection
from django.http import HttpRequest

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.ledger import Action, Outcome, Record, new_id
from asepsis.ledger.record import Detail, document_of
from asepsis.web.ledger.models import OutboxRecord

REQUEST_ATTRIBUTE: Final = "ledger_records"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What a filter or a mapping of columns may hold; of more, only that there was more is kept.
DETAILS_LIMIT: Final = 100
# One text, and all of a record together: below what the ledger takes (64 KiB), however a sign is spelled.
TEXT_LIMIT: Final = 2000
SIGNS_LIMIT: Final = 8000

# The last word of an act's name -> what FHIR calls it. What is not named here is done, neither read nor changed.
_ACTIONS: Final = {
    "view": Action.READ,
    "list": Action.READ,
    "evidence": Action.READ,
    "export": Action.READ,
    "explain": Action.READ,
    "overview": Action.READ,
    "verify": Action.READ,
    "upload": Action.CREATE,
    "propose": Action.CREATE,
    "request": Action.CREATE,
    "invite": Action.CREATE,
    "grant": Action.CREATE,
    "create": Action.CREATE,
    "edit": Action.UPDATE,
    "override": Action.UPDATE,
    "apply": Action.UPDATE,
    "manage": Action.UPDATE,
    "review": Action.UPDATE,
    "update": Action.UPDATE,
    "end": Action.UPDATE,
    "delete": Action.DELETE,
    "revoke": Action.DELETE,
}
_OUTCOMES: Final = {"done": Outcome.SUCCESS, "refused": Outcome.REFUSED, "failed": Outcome.FAILED}


class UnboundRecordError(AsepsisError):
    """A change would not be in one transaction with its record."""


@value
class Pending:
    """A record of a request that no ledger holds yet."""

    record: Record
    in_outbox: bool
    """Whether it also stands in the transaction of the change."""


def record(
    request: HttpRequest,
    action: str,
    *,
    subject: str = "",
    what: Mapping[str, Any] | None = None,
    outcome: str = "done",
    reason: str = "",
    purpose: str = "",
    patient: str = "",
    site: str = "",
    policies: tuple[str, ...] = (),
    changed: bool = False,
) -> uuid.UUID:
    """Records an access or a change; the middleware makes it durable before the answer leaves.

    A request that may change something writes its record into the transaction of the change as well, so that the
    one is never there without the other: call it inside ``transaction.atomic()``.

    Args:
        request: Whose act it is.
        action: The action's name in the policies, such as ``device.view``.
        subject: What it was done to, as ``kind:id``, such as ``device:ab3k9...``.
        what: Facts that an auditor needs: changed fields with their old and new value, filters of a list. Never a
            patient's name or number, never a secret.
        outcome: ``done``, ``refused`` or ``failed``.
        reason: In the person's own words, where words were asked for.
        purpose: A code of v3-PurposeOfUse, such as ``BTG`` for broken glass; where none is given, the one that the act
            has by what it is and by the person's roles.
        patient: The pseudonym of the patient that the subject belongs to; where none is given, the one for whom the
            person broke the glass of the device.
        site: The site that it happened at.
        policies: Ids of the policies that decided.
        changed: Whether something changes although the request is one that should only read: the way back from the
            hospital's provider, which standards make a GET.

    Returns:
        The id of the record.

    Raises:
        UnboundRecordError: Something changes, and no transaction is open that would keep the change and its record
            together. Nothing is recorded; what was changed outside a transaction before is a fault of the caller.
    """
    person = getattr(request, "user", None)
    known = person is not None and person.is_authenticated
    made = Record(
        id=new_id(),
        time_ns=time.time_ns(),
        kind=str(action),
        action=_action(str(action)),
        outcome=_OUTCOMES[outcome],
        actor=f"person:{person.pk}" if person is not None and known else "nobody",
        actor_name=person.get_username() if person is not None and known else "",
        roles=_roles(person),
        subject=subject,
        patient=patient or _patient(person, subject),
        site=site,
        purpose=purpose or _purpose(person, str(action), subject),
        reason=reason[:TEXT_LIMIT],
        policies=policies,
        request=str(structlog.contextvars.get_contextvars().get("request", "")),
        client=str(request.META.get("REMOTE_ADDR", "")),
        details=flat(what or {}),
    )
    in_outbox = changed or request.method not in SAFE_METHODS
    if in_outbox:
        if made.outcome is Outcome.SUCCESS:
            _demand_transaction(made.kind)
        _put(made)
    pending = getattr(request, REQUEST_ATTRIBUTE, [])
    setattr(request, REQUEST_ATTRIBUTE, [*pending, Pending(record=made, in_outbox=in_outbox)])
    return uuid.UUID(made.id)


def record_of_system(
    action: str, *, actor: str, subject: str = "", what: Mapping[str, Any] | None = None, outcome: str = "done"
) -> uuid.UUID:
    """Records what no request did: a job, the server itself. It reaches the ledger within seconds of its commit.

    Args:
        action: As for ``record``.
        actor: Who, such as ``system:sensor`` or ``person:...`` for whom a job works.
        subject: As for ``record``.
        what: As for ``record``.
        outcome: As for ``record``.

    Raises:
        UnboundRecordError: As for ``record``.
    """
    made = Record(
        id=new_id(),
        time_ns=time.time_ns(),
        kind=str(action),
        action=_action(str(action)),
        outcome=_OUTCOMES[outcome],
        actor=actor,
        subject=subject,
        details=flat(what or {}),
    )
    if made.outcome is Outcome.SUCCESS:
        _demand_transaction(made.kind)
    _put(made)
    return uuid.UUID(made.id)


def _demand_transaction(kind: str) -> None:
    """A change without a transaction could be kept while its record is lost; it is refused, in tests and out."""
    # The transactions that tests put around themselves are none of the caller's; Django marks them for this.
    if all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise UnboundRecordError(
            f"{kind} changes something and is recorded outside a transaction",
            code="record-unbound",
            hint="A fault in Asepsis: please report it. Call record() inside transaction.atomic(), with the change.",
        )


def _purpose(person: object, action: str, subject: str) -> str:
    from asepsis.web.authorisation.actions import Action as Act
    from asepsis.web.authorisation.asking import asker_for
    from asepsis.web.people.models import Person

    if action not in set(Act) or not isinstance(person, Person):
        return ""
    kind, _, id_ = subject.partition(":")
    return asker_for(person, Act(action), id_ if kind == "device" else "").circumstances.purpose.value


def _roles(person: object) -> tuple[str, ...]:
    """The roles that the person has now, or that the token was made for."""
    from asepsis.web.authorisation.asking import asker
    from asepsis.web.people.models import Person

    if not isinstance(person, Person):
        return ()
    who = asker(person)
    subject = who.subject.at(who.circumstances.now)
    further = [("vendor", subject.vendor), ("patient", subject.patient)]
    return tuple(sorted({*(str(grant.role) for grant in subject.grants), *(name for name, held in further if held)}))


def _patient(person: object, subject: str) -> str:
    """Whose data the device's are while somebody has opened it by breaking the glass for a patient."""
    from asepsis.web.authorisation.asking import asker
    from asepsis.web.people.models import Person

    kind, _, id_ = subject.partition(":")
    if kind != "device" or not isinstance(person, Person):
        return ""
    who = asker(person)
    opened = who.subject.at(who.circumstances.now).break_glass
    return next((glass.concerns for glass in opened if glass.device == id_ and glass.concerns), "")


def _put(made: Record) -> None:
    body = {"action": made.kind, "subject": made.subject, "entry": document_of(made)}
    OutboxRecord.objects.create(id=uuid.UUID(made.id), body=body)


def _action(name: str) -> Action:
    return _ACTIONS.get(name.rpartition(".")[2], Action.EXECUTE)


def flat(what: Mapping[str, Any]) -> dict[str, Detail]:
    """Facts as the ledger keeps them: texts, whole numbers, truth values and lists of texts, by names with dots."""
    found: dict[str, Detail] = {}
    _flatten("", what, found)
    kept: dict[str, Detail] = {}
    signs = 0
    for name, fact in found.items():
        signs += len(name) + (sum(map(len, fact)) if isinstance(fact, tuple) else len(str(fact)))
        if len(kept) >= DETAILS_LIMIT or signs > SIGNS_LIMIT:
            kept["more"] = True
            break
        kept[name] = fact
    return kept


def _flatten(prefix: str, what: Mapping[str, Any], found: dict[str, Detail]) -> None:
    for name, fact in what.items():
        if len(found) > DETAILS_LIMIT:
            return
        path = _text(f"{prefix}{name}")
        if isinstance(fact, Mapping):
            _flatten(f"{path}.", fact, found)
        elif isinstance(fact, bool | int):
            found[path] = fact
        elif isinstance(fact, list | tuple | set | frozenset):
            found[path] = tuple(_text(one) for one in list(fact)[:DETAILS_LIMIT])
        else:
            found[path] = "" if fact is None else _text(fact)


def _text(fact: object) -> str:
    # PostgreSQL's JSON holds no NUL, and half a surrogate pair is no text.
    return str(fact)[:TEXT_LIMIT].replace("\0", "").encode("utf-8", "replace").decode()
