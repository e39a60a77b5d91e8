"""Keeping agreements and ends of support, each with its record in one transaction."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from asepsis.web.authorisation.actions import Action
from asepsis.web.devices import documents
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE
from asepsis.web.streaming import chunks, streamed
from asepsis.web.vendors.models import Contract, SupportEnd

FOLDER: Final = "contracts"
"""In the workspace; files of agreements are never removed."""


def add(request: HttpRequest, vendor: str, given: dict[str, Any], *, by: Person) -> Contract:
    """Keeps an agreement and its file."""
    file = given.pop("file", None)
    # The bytes first: a row never leads to a file that is not there.
    kept: dict[str, Any] = {}
    if file:
        kept = {
            "file_name": file.name[:200],
            "size_bytes": file.size,
            "sha256": documents.keep(WORKSPACE, file, FOLDER),
        }
    with transaction.atomic():
        made = Contract.objects.create(vendor=vendor, recorded_by=by, **given, **kept)
        what = {"vendor": vendor, "kind": made.kind, "begins": str(made.begins), "ends": str(made.ends or "")}
        record(request, Action.VENDOR_EDIT, subject=f"contract:{made.pk}", what={**what, "sha256": made.sha256})
    return made


def end(request: HttpRequest, contract: Contract, on: date) -> None:
    """Ends an agreement on a day."""
    with transaction.atomic():
        what = {"ends": {"old": str(contract.ends or ""), "new": str(on)}}
        contract.ends = on
        contract.save(update_fields=["ends"])
        record(request, Action.VENDOR_EDIT, subject=f"contract:{contract.pk}", what=what)


def document(request: HttpRequest, contract: Contract) -> HttpResponseBase:
    """The file of an agreement, to be saved and not shown; that it was fetched is recorded.

    Raises:
        Http404: There is none.
    """
    if not contract.sha256:
        raise Http404("no file is kept")
    try:
        file = documents.place(WORKSPACE, contract.sha256, FOLDER).open("rb")
    except OSError as error:
        raise Http404("the file is gone") from error
    record(request, Action.VENDOR_VIEW, subject=f"contract:{contract.pk}", what={"sha256": contract.sha256})
    answer = streamed(request, chunks(file), "application/octet-stream", contract.file_name)
    answer["Content-Length"] = str(contract.size_bytes)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def say_support(request: HttpRequest, vendor: str, *, model: str, ends: date, source: str, by: Person) -> SupportEnd:
    """Keeps when the support of a model ends; a later word replaces an earlier one."""
    with transaction.atomic():
        held = SupportEnd.objects.select_for_update().filter(vendor=vendor, model=model).first()
        what = {"model": model, "ends": {"old": "" if held is None else str(held.ends), "new": str(ends)}}
        made, _ = SupportEnd.objects.update_or_create(
            vendor=vendor, model=model, defaults={"ends": ends, "source": source, "recorded_by": by}
        )
        record(request, Action.VENDOR_EDIT, subject=f"vendor:{vendor}", what={**what, "source": source})
    return made
