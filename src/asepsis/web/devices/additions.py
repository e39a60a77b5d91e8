"""What people add to a device: its record, notes, documents, and their own word on what it is.

Every change and its record of who made it go into one transaction.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices import documents
from asepsis.web.devices.forms import DocumentForm, NoteForm, OverrideForm, RecordForm
from asepsis.web.devices.models import Device, DeviceRecord, Document
from asepsis.web.devices.projection import refresh_device
from asepsis.web.devices.views import found
from asepsis.web.ledger.record import record
from asepsis.web.overview.templatetags.words import words
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE
from asepsis.web.streaming import chunks, streamed


@requires(Action.DEVICE_EDIT)
@require_POST
def edit_record(request: HttpRequest, device_id: str) -> HttpResponse:
    """Owner, place, department, criticality, asset number; the ledger keeps the old and the new of each."""
    device = found(request, device_id, Action.DEVICE_EDIT)
    with transaction.atomic():
        held = DeviceRecord.objects.select_for_update().filter(device=device).first()
        form = RecordForm(request.POST, instance=held or DeviceRecord(device=device), site=device.site)
        before = _said(held)
        if not form.is_valid():
            return _back(request, device, form)
        saved = form.save(commit=False)
        after = _said(saved)
        changed = {name: {"old": before[name], "new": after[name]} for name in after if before[name] != after[name]}
        if changed:
            saved.changed = timezone.now()
            saved.save()
            record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what={"changed": changed})
    messages.success(request, "Saved." if changed else "Nothing was changed.")
    return _page(device)


def _said(held: DeviceRecord | None) -> dict[str, str]:
    names = RecordForm.Meta.fields
    if held is None:
        return dict.fromkeys(names, "")
    found_values: dict[str, Any] = {name: getattr(held, name) for name in names}
    return {name: "" if one is None else str(one) for name, one in found_values.items()}


@requires(Action.DEVICE_EDIT)
@require_POST
def add_note(request: HttpRequest, device_id: str) -> HttpResponse:
    """A remark, signed by who wrote it."""
    device = found(request, device_id, Action.DEVICE_EDIT)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _back(request, device, form)
    with transaction.atomic():
        note = form.save(commit=False)
        note.device = device
        note.author = author(request)
        note.save()
        record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what={"note": note.pk})
    messages.success(request, "The note is added.")
    return _page(device)


@requires(Action.DEVICE_EDIT)
@require_POST
def add_document(request: HttpRequest, device_id: str) -> HttpResponse:
    """A file to keep with the device."""
    device = found(request, device_id, Action.DEVICE_EDIT)
    form = DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        return _back(request, device, form)
    kept = keep_document(request, device, form.cleaned_data["file"])
    messages.success(request, f"“{kept.name}” is kept.")
    return _page(device)


def keep_document(request: HttpRequest, device: Device, file: Any) -> Document:
    """Keeps a file that the form found good, and records it."""
    kind = documents.kind_of(file.name, file.read(documents.HEAD_BYTES))
    file.seek(0)
    # The bytes first: a row never leads to a file that is not there.
    sha256 = documents.keep(WORKSPACE, file)
    with transaction.atomic():
        kept = Document.objects.create(
            device=device,
            name=file.name[:200],
            kind=kind,
            size_bytes=file.size,
            sha256=sha256,
            author=author(request),
        )
        what = {"document": kept.pk, "sha256": sha256, "size_bytes": file.size}
        record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what=what)
    return kept


@requires(Action.DEVICE_VIEW)
def document(request: HttpRequest, device_id: str, document_id: int) -> HttpResponseBase:
    """A document, to be saved and not shown: what people bring in runs nowhere under our name."""
    device = found(request, device_id)
    kept = get_object_or_404(Document, pk=document_id, device=device)
    return content(request, kept)


def content(request: HttpRequest, kept: Document) -> HttpResponseBase:
    """The bytes of a document; that they were fetched is recorded.

    Raises:
        Http404: They are gone.
    """
    try:
        file = documents.place(WORKSPACE, kept.sha256).open("rb")
    except OSError as error:
        raise Http404("the file is gone") from error
    record(request, Action.DEVICE_VIEW, subject=f"device:{kept.device_id}", what={"document": kept.pk})
    answer = streamed(request, chunks(file), "application/octet-stream", kept.name)
    answer["Content-Length"] = str(kept.size_bytes)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@requires(Action.DEVICE_EDIT)
@require_POST
def remove_document(request: HttpRequest, device_id: str, document_id: int) -> HttpResponse:
    """Takes a document away; its bytes go when nothing else names them."""
    device = found(request, device_id, Action.DEVICE_EDIT)
    kept = take_away(request, device, document_id)
    messages.success(request, f"“{kept.name}” is removed.")
    return _page(device)


def take_away(request: HttpRequest, device: Device, document_id: int) -> Document:
    """Removes a document of a device, and records it.

    Raises:
        Http404: The device has no such document.
    """
    with transaction.atomic():
        kept = get_object_or_404(Document.objects.select_for_update(), pk=document_id, device=device)
        what = {"removed_document": kept.name, "sha256": kept.sha256}
        record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what=what)
        kept.delete()
        is_last = not Document.objects.filter(sha256=kept.sha256).exists()
    if is_last:
        documents.place(WORKSPACE, kept.sha256).unlink(missing_ok=True)
    return kept


@requires(Action.DEVICE_OVERRIDE)
@require_POST
def override(request: HttpRequest, device_id: str) -> HttpResponse:
    """A person's own word on an attribute; it wins over the traffic and stays until it is taken back."""
    device = found(request, device_id, Action.DEVICE_OVERRIDE)
    form = OverrideForm(request.POST)
    if not form.is_valid():
        return _back(request, device, form)
    attribute, text = form.cleaned_data["attribute"], form.cleaned_data["value"].strip() or None
    try:
        correct(request, device, attribute, text, note=form.cleaned_data["note"])
    except AsepsisError as error:
        messages.error(request, f"{error.message}. {error.hint}")
        return _page(device)
    messages.success(
        request, f"{words(attribute)} is now {text}." if text else f"{words(attribute)}: back to what the traffic says."
    )
    return _page(device)


def correct(request: HttpRequest, device: Device, attribute: str, text: str | None, *, note: str) -> None:
    """Sets an attribute to a person's word, or takes that word back where ``text`` is None, and records it.

    Raises:
        AsepsisError: The registry does not take the value.
    """
    with transaction.atomic(), Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(device.pk)
        before = (known.names[0] if known.names else "") if known and attribute == "name" else ""
        if known and attribute != "name":
            before = getattr(known, attribute) or ""
        what = {"attribute": attribute, "old": before, "new": text or "", "note": note}
        record(request, Action.DEVICE_OVERRIDE, subject=f"device:{device.pk}", what=what)
        # Last, because it cannot be rolled back with the rest.
        registry.override(device.pk, attribute, text, request.user.get_username(), note=note)
    refresh_device(WORKSPACE, device.pk)


def author(request: HttpRequest) -> Person:
    """Who is signed in; ``requires`` lets nobody else so far."""
    assert isinstance(request.user, Person)
    return request.user


def _page(device: Device) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("device", args=[device.pk]))


def _back(request: HttpRequest, device: Device, form: BaseForm) -> HttpResponseRedirect:
    for name, errors in form.errors.items():
        for error in errors:
            messages.error(request, f"{words(name)}: {error}")
    return _page(device)
