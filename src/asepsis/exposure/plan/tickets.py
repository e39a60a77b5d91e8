"""Work in other systems: the plan's pieces as CSV, ServiceNow and Jira take them, and their states back.

Devices are named by their ids and what the hospital calls the product; nothing of patients, and no evidence, leaves.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from asepsis.exposure.plan.words import name_of
from asepsis.exposure.plan.work import Item
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.text import showable, spreadsheet_cell
from asepsis.kernel.value import value

COLUMNS: Final = (
    "id",
    "state",
    "title",
    "product",
    "site",
    "kind",
    "who",
    "hours",
    "risk_removed",
    "devices",
    "week",
    "why",
)
# A plan has some thousand pieces of work; a state of each as JSON is some 200 bytes.
STATES_LIMIT_BYTES: Final = 8 * 1024 * 1024
STATES_LIMIT: Final = 50_000
ERRORS_LIMIT: Final = 100
TICKET_LIMIT: Final = 100
# Jira Cloud takes at most 50 issues in one request of POST /rest/api/3/issue/bulk, and 255 signs in a summary.
JIRA_ISSUES: Final = 50
SUMMARY_LIMIT: Final = 255
# ServiceNow: short_description of a task has 160 signs.
SHORT_LIMIT: Final = 160
CORRELATION: Final = "asepsis"


class Progress(StrEnum):
    """How far a piece of work is."""

    OPEN = "open"
    IN_PROGRESS = "in progress"
    DONE = "done"
    STILL_SEEN = "said done, still seen"
    VERIFIED = "verified"


class TicketsError(AsepsisError):
    """A file of states cannot be used."""


@value
class Ticket:
    """A piece of work with what people say of it."""

    item: Item
    state: Progress = Progress.OPEN
    week: int = 1


@value
class Said:
    """What another system says of one piece of work."""

    id: str
    state: Progress
    """Open, in progress or done: only what is seen verifies."""
    ticket: str = ""
    """Its number there."""


# What the systems call states: ServiceNow's change_request.state by its numbers and labels, Jira's by category and by
# the names that its workflows come with.
_WORDS: Final[Mapping[str, Progress]] = {
    **dict.fromkeys(
        ("open", "new", "to do", "todo", "backlog", "assess", "authorize", "-5", "-4", "-3"), Progress.OPEN
    ),
    **dict.fromkeys(
        ("in progress", "in_progress", "indeterminate", "work in progress", "scheduled", "implement", "-2", "-1", "2"),
        Progress.IN_PROGRESS,
    ),
    **dict.fromkeys(("done", "closed", "resolved", "complete", "closed complete", "review", "0", "3"), Progress.DONE),
}


def to_csv(tickets: Iterable[Ticket], *, heading: bool = True) -> str:
    """One line a piece of work, after a ``heading``; texts that a spreadsheet would run are marked as texts."""
    out = io.StringIO()
    writer = csv.writer(out)
    if heading:
        writer.writerow(COLUMNS)
    for one in tickets:
        item = one.item
        writer.writerow(
            map(
                spreadsheet_cell,
                (
                    item.id,
                    str(one.state),
                    item.title,
                    name_of(item.product),
                    item.product.site,
                    str(item.kind),
                    item.who,
                    f"{float(item.hours):g}",
                    f"{float(item.removed):.1f}",
                    str(len(item.promises)),
                    str(one.week),
                    " ".join(item.words),
                ),
            )
        )
    return out.getvalue()


def to_servicenow(tickets: Iterable[Ticket]) -> dict[str, Any]:
    """Change requests as ServiceNow's import sets take them (POST /api/now/import/{table}/insertMultiple).

    ``correlation_id`` is ours, so that the same piece of work is never a second change.
    """
    return {"records": [_change(one) for one in tickets]}


def _change(one: Ticket) -> dict[str, str]:
    item = one.item
    return {
        "correlation_id": item.id,
        "correlation_display": CORRELATION,
        "short_description": _short(item, SHORT_LIMIT),
        "description": _description(one),
        "type": "normal",
        "category": "Hardware" if item.kind == "replace" else "Software",
        "risk": "high" if item.sustains_life else "moderate",
        "priority": _priority(item),
        "assignment_group": item.who,
        "backout_plan": "Put back what was before, and look at the device's page whether it does its work.",
    }


def to_jira(tickets: Iterable[Ticket], *, project: str, issue_type: str = "Task") -> list[dict[str, Any]]:
    """Issues as Jira Cloud takes them in bulk (POST /rest/api/3/issue/bulk), one document for each request."""
    issues = [
        {
            "fields": {
                "project": {"key": project},
                "issuetype": {"name": issue_type},
                "summary": _short(one.item, SUMMARY_LIMIT),
                # The Atlassian Document Format, which version 3 of the interface demands.
                "description": {
                    "type": "doc",
                    "version": 1,
                    "content": [
                        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
                        for line in _description(one).split("\n")
                        if line
                    ],
                },
                # Labels hold no spaces; by the second the state finds its way back.
                "labels": [CORRELATION, f"{CORRELATION}-{one.item.id}", str(one.item.kind)],
            }
        }
        for one in tickets
    ]
    return [{"issueUpdates": issues[at : at + JIRA_ISSUES]} for at in range(0, len(issues), JIRA_ISSUES)]


def _short(item: Item, limit: int) -> str:
    words = f"{item.title}: {name_of(item.product)}, {len(item.promises)} at {item.product.site}"
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _description(one: Ticket) -> str:
    item = one.item
    lines = [*item.words]
    lines += [f"{told.advisory}: {told.words}" for told in item.remedies]
    lines.append(f"{float(item.hours):g} hours; whose work: {item.who}; by week {one.week} of the plan.")
    lines.append("Devices: " + ", ".join(promise.device for promise in item.promises[:DEVICES_NAMED]))
    if len(item.promises) > DEVICES_NAMED:
        lines[-1] += f" and {len(item.promises) - DEVICES_NAMED} more"
    return "\n".join(lines)


DEVICES_NAMED: Final = 200
"""In a ticket; all of them stand in Asepsis."""


def _priority(item: Item) -> str:
    """ServiceNow's 1 (critical) to 4 (low), by the worst tier that the work touches."""
    order = ("critical", "high", "medium", "low")
    return str(1 + min((order.index(str(promise.tiers[0])) for promise in item.promises), default=3))


def read_states(name: str, content: bytes) -> tuple[Said, ...]:
    """The states of a file that another system wrote.

    CSV with the columns ``id`` and ``state`` (and ``ticket``), or JSON: a list of objects with these members, what
    ServiceNow's table interface answers (``result`` with ``correlation_id``, ``state``, ``number``), or what Jira's
    search answers (``issues`` with ``key`` and ``fields``: ``labels``, ``status``). Others' tickets are passed over.

    Raises:
        TicketsError: It is too large, no text, or neither; or lines of it say nothing that is understood, all of which
            are named.
    """
    if len(content) > STATES_LIMIT_BYTES:
        raise TicketsError(f"{name} is larger than {STATES_LIMIT_BYTES} bytes", code="tickets-unreadable")
    try:
        text = content.decode("utf-8-sig")
        rows = _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)
    except (ValueError, csv.Error, RecursionError) as error:
        # Text that is none, JSON that is none or goes too deep, numbers of thousands of digits.
        raise TicketsError(f"{name}: {error}", code="tickets-unreadable") from error
    if rows is None:
        raise TicketsError(
            f"{name}: neither the columns id and state, nor records or issues",
            code="tickets-unreadable",
            hint="id,state",
        )
    if len(rows) > STATES_LIMIT:
        raise TicketsError(f"{name} holds more than {STATES_LIMIT} states", code="tickets-unreadable")
    faults, found = [], []
    for place, id_, state, ticket in rows:
        said = _WORDS.get(state.strip().lower())
        if not id_:
            continue
        if said is None:
            faults.append(f"{name}:{place}: {state[:TICKET_LIMIT]!r} is no state that is known")
        else:
            found.append(Said(id=id_, state=said, ticket=ticket[:TICKET_LIMIT]))
    if faults:
        more = f"\nand {len(faults) - ERRORS_LIMIT} more" if len(faults) > ERRORS_LIMIT else ""
        raise TicketsError(
            "\n".join(faults[:ERRORS_LIMIT]) + more, code="tickets-unreadable", hint=f"one of {', '.join(_WORDS)}"
        )
    return tuple(found)


Row = tuple[int, str, str, str]
"""Line or place from 1, our id, state, number there."""


def _csv_rows(text: str) -> list[Row] | None:
    lines = csv.DictReader(io.StringIO(text))
    names = {(name or "").strip().lower(): name for name in lines.fieldnames or ()}
    if not {"id", "state"} <= names.keys():
        return None
    return [
        (
            lines.line_num,
            _text(line[names["id"]]),
            _text(line[names["state"]]),
            _text(line.get(names.get("ticket", ""))),
        )
        for line in lines
    ]


def _json_rows(text: str) -> list[Row] | None:
    document = json.loads(text)
    if isinstance(document, dict):
        if isinstance(document.get("issues"), list):
            return [_jira(place, one) for place, one in enumerate(document["issues"], 1)]
        document = document.get("result", document.get("records"))
    if not isinstance(document, list):
        return None
    return [_record(place, one) for place, one in enumerate(document, 1)]


def _record(place: int, one: object) -> Row:
    if not isinstance(one, dict):
        return place, "", "", ""
    id_ = one.get("correlation_id", one.get("id"))
    return place, _text(id_), _text(one.get("state")), _text(one.get("number", one.get("ticket")))


def _jira(place: int, one: object) -> Row:
    fields = one.get("fields") if isinstance(one, dict) else None
    if not isinstance(one, dict) or not isinstance(fields, dict):
        return place, "", "", ""
    labels: Sequence[object] = fields["labels"] if isinstance(fields.get("labels"), list) else ()
    mark = f"{CORRELATION}-"
    id_ = next((_text(label).removeprefix(mark) for label in labels if _text(label).startswith(mark)), "")
    status = fields.get("status")
    state: object = ""
    if isinstance(status, dict):
        category = status.get("statusCategory")
        state = category.get("key") if isinstance(category, dict) else status.get("name")
        # Jira's keys of categories are new, indeterminate and done, whatever a workflow calls its states.
        state = state or status.get("name")
    return place, id_, _text(state), _text(one.get("key"))


def _text(found: object) -> str:
    # JSON may hold half a character and the sign 0 (RFC 8259 8.2), which no database takes.
    return showable(str(found)) if isinstance(found, str | int) and not isinstance(found, bool) else ""
