"""What people change about papers: take one in, say its product, tie and untie, remove. Each with its record."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from asepsis.exposure.paper import Subject
from asepsis.pipeline.papers import Paper, Papers
from asepsis.pipeline.papers_reading import read_paper
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device
from asepsis.web.devices.views import found
from asepsis.web.jobs.upload import shown_name
from asepsis.web.ledger.record import record
from asepsis.web.papers import shelf
from asepsis.web.papers.forms import ProductForm, TieForm
from asepsis.web.settings import WORKSPACE


def take(request: HttpRequest, file: UploadedFile[Any], subject: Subject | None) -> tuple[Paper, bool]:
    """Keeps a paper that somebody sends; the second answer is False where the same bytes were held already.

    Raises:
        AsepsisError: It is no paper, damaged or beyond a limit.
    """
    read = read_paper(None, shown_name(file.name or ""), file.read())
    with transaction.atomic(), Papers.open(WORKSPACE.papers_path) as papers:
        paper, is_new = papers.take(read, time.time_ns(), subject=subject)
        what = {"sha256": paper.sha256, "kind": str(paper.kind), "product": paper.subject.words, "new": is_new}
        record(request, Action.PAPER_MANAGE, subject=f"paper:{paper.id}", what={**what, "step": "taken"})
    return paper, is_new


def say_product(request: HttpRequest, papers: Papers, paper: Paper, subject: Subject) -> None:
    """Keeps which product a paper speaks of."""
    with transaction.atomic():
        papers.say(paper.id, subject, time.time_ns())
        what = {"product": {"old": paper.subject.words, "new": subject.words}}
        record(request, Action.PAPER_MANAGE, subject=f"paper:{paper.id}", what=what)


def say_tie(request: HttpRequest, papers: Papers, paper: Paper, device: Device, *, is_tied: bool | None) -> None:
    """Ties or unties a paper and a device."""
    assert request.user.is_authenticated
    with transaction.atomic():
        papers.tie(paper.id, device.pk, is_tied=is_tied, by=request.user.get_username(), now_ns=time.time_ns())
        said = {True: "tied", False: "untied", None: "left to maker and model"}[is_tied]
        record(request, Action.PAPER_MANAGE, subject=f"paper:{paper.id}", what={"device": device.pk, "tie": said})


def forget(request: HttpRequest, papers: Papers, paper: Paper) -> None:
    """Removes a paper."""
    with transaction.atomic():
        papers.remove(paper.id, time.time_ns())
        what = {"sha256": paper.sha256, "product": paper.subject.words, "step": "removed"}
        record(request, Action.PAPER_MANAGE, subject=f"paper:{paper.id}", what=what)


@requires(Action.PAPER_MANAGE)
@require_POST
def product(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Says which product a paper speaks of."""
    form = ProductForm(request.POST)
    with shelf.opened_paper(paper_id) as (papers, paper):
        if form.is_valid():
            say_product(request, papers, paper, form.subject())
            messages.success(request, "Saved. Which devices it speaks of follows.")
        else:
            messages.error(request, "A product has a maker and a model.")
    return redirect("paper", paper.id)


@requires(Action.PAPER_MANAGE)
@require_POST
def tie(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Ties or unties a paper and a device."""
    form = TieForm(request.POST)
    with shelf.opened_paper(paper_id) as (papers, paper):
        device = _named(request, form.cleaned_data["device"]) if form.is_valid() else None
        if device is None:
            messages.error(request, "No device of yours has this id, address or name.")
        else:
            say_tie(request, papers, paper, device, is_tied=form.is_tied())
            said = dict(TieForm.SAID)[form.cleaned_data["said"]]
            messages.success(request, f"{device.title}: {said}.")
    return redirect("paper", paper.id)


def _named(request: HttpRequest, text: str) -> Device | None:
    """The one device that a person names; None where none or several may be meant, or it may not be edited."""
    devices = shelf.devices_for(request)
    named = list(devices.filter(pk=text)[:2]) or list(devices.filter(title__iexact=text)[:2])
    named = named or list(devices.filter(address=text)[:2])
    if len(named) != 1:
        return None
    try:
        return found(request, named[0].pk, Action.DEVICE_EDIT)
    except Http404:
        return None


@requires(Action.PAPER_MANAGE)
@require_POST
def remove(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Forgets a paper."""
    with shelf.opened_paper(paper_id) as (papers, paper):
        forget(request, papers, paper)
    messages.success(request, f"{paper.name} was removed.")
    return redirect("papers")
