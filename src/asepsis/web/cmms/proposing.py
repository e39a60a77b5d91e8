"""The steps of an import, each with its record in one transaction; the pages and the API take them alike."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from asepsis.devices.asset import decoded, read_assets
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.cmms.apply import apply, read
from asepsis.web.cmms.models import AssetImport
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.webhooks.announcing import announce
from asepsis.web.webhooks.models import Event

NAME_LIMIT = 200


def take(request: HttpRequest, content: bytes, *, name: str, site: Site, proposer: Person) -> AssetImport:
    """A new draft from the bytes of a file, its columns mapped as their headings suggest.

    Raises:
        AssetListError: The file is no list.
    """
    text = decoded(content)
    listed = read_assets(text)
    with transaction.atomic():
        proposal = AssetImport.objects.create(
            site=site,
            file_name=name[:NAME_LIMIT],
            digest=hashlib.sha256(content).hexdigest(),
            text=text,
            mapping={heading: field.value for heading, field in listed.mapping.items()},
            rows=len(listed.assets),
            proposer=proposer,
        )
        what = {"sha256": proposal.digest, "site": site.name, "step": "upload"}
        record(request, Action.IMPORT_PROPOSE, subject=f"import:{proposal.pk}", what=what)
    return proposal


def remap(request: HttpRequest, proposal: AssetImport, mapping: dict[str, str], *, propose: bool) -> None:
    """Says what the columns of a draft mean, and proposes it where that is asked for."""
    with transaction.atomic():
        proposal.mapping = mapping
        proposal.rows = len(read(proposal).assets)
        if propose:
            proposal.state = AssetImport.State.PROPOSED
        proposal.save(update_fields=["mapping", "rows", "state"])
        what = {"mapping": proposal.mapping, "state": proposal.state}
        record(request, Action.IMPORT_PROPOSE, subject=f"import:{proposal.pk}", what=what)
        if propose:
            announce(Event.IMPORT_PROPOSED, {"import": str(proposal.pk), "site": proposal.site.name})


def decide(request: HttpRequest, proposal: AssetImport, *, by: Person, apply_it: bool) -> None:
    """Puts a proposed import in force, or refuses it.

    Raises:
        AsepsisError: It does not wait for approval (any more), or its proposer would approve it.
    """
    action = Action.IMPORT_APPLY if apply_it else Action.IMPORT_REFUSE
    with transaction.atomic():
        done = apply(proposal, by) if apply_it else _refuse(proposal, by)
        record(request, action, subject=f"import:{proposal.pk}", what={"state": proposal.state, **done})
        if apply_it:
            announce(Event.IMPORT_APPLIED, {"import": str(proposal.pk), "site": proposal.site.name, **done})


def _refuse(proposal: AssetImport, by: Person) -> dict[str, int]:
    fresh = AssetImport.objects.filter(pk=proposal.pk, state=AssetImport.State.PROPOSED).update(
        state=AssetImport.State.REFUSED, decided_by=by, decided=timezone.now()
    )
    if not fresh:
        raise AsepsisError("this import does not wait for approval", code="import-state")
    proposal.refresh_from_db()
    return {}
