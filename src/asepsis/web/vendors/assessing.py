"""The steps of an assessment, each with its record in one transaction; the pages and the API take them alike."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.sbom import read_sbom
from asepsis.exposure.mds2 import Mds2Error, read_form
from asepsis.exposure.paper import PaperKind
from asepsis.exposure.vendors.questionnaire import QUESTIONS, Assessed, Reply, Said, assess, from_form
from asepsis.exposure.weaknesses import KINDS
from asepsis.kernel.errors import AsepsisError
from asepsis.knowledge.support import support_of_component, support_of_system
from asepsis.pipeline.papers import Papers
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Finding
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE
from asepsis.web.vendors.gathered import contradictions, papers, seen_by, speaks_of
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.models import Answer, Assessment

State = Assessment.State
DECISIONS: Final = frozenset({State.APPROVED, State.CONDITIONAL, State.REFUSED})


def begin(request: HttpRequest, *, site: Site, vendor: str, model: str, purpose: str, by: Person) -> Assessment:
    """A new assessment; what the papers on file answer is filled in."""
    key, name = maker(vendor)
    with transaction.atomic():
        made = Assessment.objects.create(
            site=site, vendor=key, vendor_name=name[:200], model=model, purpose=purpose, proposer=by
        )
        told = _from_papers(name, model)
        Answer.objects.bulk_create(
            Answer(assessment=made, question=question, said=said, evidence=words[:500], source=source, by=by)
            for question, (said, words, source) in told.items()
        )
        what = {"vendor": name, "model": model, "site": site.name, "answers_from_papers": len(told)}
        record(request, Action.ASSESSMENT_PROPOSE, subject=f"assessment:{made.pk}", what=what, site=site.name)
    return made


def fill(request: HttpRequest, one: Assessment, answers: Mapping[str, tuple[str, str]], *, by: Person) -> int:
    """Keeps answers that differ from what is held.

    Args:
        request: Whose act it is.
        one: An assessment that is still open.
        answers: Question to (answer, evidence).
        by: Who answers.

    Returns:
        How many changed.

    Raises:
        AsepsisError: The assessment is no longer open.
    """
    with transaction.atomic():
        current = _locked(one, State.DRAFT, State.SENT)
        held = {answer.question: answer for answer in current.answers.all()}
        changed = {}
        for question, (said, evidence) in answers.items():
            before = held.get(question)
            if before is None and not said and not evidence:
                continue
            if before is not None and (before.said, before.evidence) == (said, evidence):
                continue
            Answer.objects.update_or_create(
                assessment=current,
                question=question,
                defaults={
                    "said": said,
                    "evidence": evidence,
                    "source": Answer.Source.PERSON,
                    "by": by,
                    "at": timezone.now(),
                },
            )
            changed[question] = {"old": "" if before is None else before.said, "new": said}
        if changed:
            what = {"changed": changed}
            record(request, Action.ASSESSMENT_PROPOSE, subject=f"assessment:{one.pk}", what=what)
    return len(changed)


def send(request: HttpRequest, one: Assessment, to: str) -> None:
    """Notes that the questionnaire went to the vendor.

    Raises:
        AsepsisError: The assessment is no longer open.
    """
    with transaction.atomic():
        current = _locked(one, State.DRAFT, State.SENT)
        current.state, current.sent_to, current.sent = State.SENT, to, timezone.now()
        current.save(update_fields=["state", "sent_to", "sent"])
        record(request, Action.ASSESSMENT_PROPOSE, subject=f"assessment:{one.pk}", what={"sent_to": to})
    one.refresh_from_db()


def propose(request: HttpRequest, one: Assessment, *, by: Person) -> None:
    """Hands it to whoever decides, with what traffic contradicts now; who hands it in never decides.

    Raises:
        AsepsisError: The assessment is no longer open.
    """
    with transaction.atomic():
        current = _locked(one, State.DRAFT, State.SENT)
        # While it is open, traffic is asked; afterwards what it showed then stands.
        current.contradicted = sorted(contradicted(current, by).items())
        current.state = State.PROPOSED
        current.proposer = by
        current.save(update_fields=["state", "proposer", "contradicted"])
        what = {"state": current.state, "contradicted": [question for question, _ in current.contradicted]}
        record(request, Action.ASSESSMENT_PROPOSE, subject=f"assessment:{one.pk}", what=what)
    one.refresh_from_db()


def withdraw(request: HttpRequest, one: Assessment) -> None:
    """Takes it back from whoever decides, so that answers can be changed.

    Raises:
        AsepsisError: It does not wait for approval (any more).
    """
    with transaction.atomic():
        current = _locked(one, State.PROPOSED)
        current.state = State.SENT if current.sent else State.DRAFT
        current.contradicted = []
        current.save(update_fields=["state", "contradicted"])
        record(request, Action.ASSESSMENT_PROPOSE, subject=f"assessment:{one.pk}", what={"state": current.state})
    one.refresh_from_db()


def decide(request: HttpRequest, one: Assessment, state: str, *, conditions: str, reason: str, by: Person) -> None:
    """Approves, approves with conditions, or refuses.

    Raises:
        AsepsisError: It does not wait for approval (any more), its proposer would decide, or conditions are missing.
    """
    if state not in DECISIONS:
        raise AsepsisError(f"there is no decision {state!r}", code="assessment-decision")
    if state == State.CONDITIONAL and not conditions.strip():
        raise AsepsisError(
            "there are no conditions", code="assessment-conditions", hint="Write what the purchase is bound to."
        )
    with transaction.atomic():
        current = _locked(one, State.PROPOSED)
        if current.proposer_id == by.pk:
            raise AsepsisError(
                "who proposed an assessment cannot decide on it", code="assessment-own", hint="Ask a colleague."
            )
        current.state, current.reason, current.decided_by, current.decided = State(state), reason, by, timezone.now()
        current.conditions = conditions.strip() if state == State.CONDITIONAL else ""
        current.save(update_fields=["state", "conditions", "reason", "decided_by", "decided"])
        what = {"state": state, "conditions": current.conditions}
        record(request, Action.ASSESSMENT_APPROVE, subject=f"assessment:{one.pk}", what=what, reason=reason)
    one.refresh_from_db()


def contradicted(one: Assessment, person: Person) -> dict[str, str]:
    """Question to what traffic shows of the same model, where that contradicts a good answer.

    Args:
        one: The assessment.
        person: Who looks: only devices whose findings this person sees count.
    """
    if not one.is_open:
        return {str(question): str(words) for question, words in one.contradicted}
    devices = visible(person, Action.FINDING_VIEW, Device.objects.filter(model=one.model))
    spelt = {text for text in devices.order_by().values_list("vendor", flat=True).distinct() if text}
    own = [text for text in spelt if maker(text)[0] == one.vendor]
    of_model = devices.filter(vendor__in=own)
    seen = Finding.objects.filter(device__in=of_model.order_by().values("pk"), ended=None)
    counts = dict(
        seen.filter(source=Finding.Source.WEAKNESS)
        .order_by()
        .values_list("weakness")
        .annotate(devices=Count("device", distinct=True))
    )
    denied = contradictions(seen_by(person))
    forms = [
        paper
        for paper in papers()
        if paper.kind is PaperKind.MDS2 and denied.get(paper.id) and speaks_of(paper, one.vendor_name, one.model)
    ]
    found: dict[str, str] = {}
    for question in QUESTIONS.values():
        for kind in question.weaknesses:
            if kind in counts:
                devices_word = "device" if counts[kind] == 1 else "devices"
                words = f"seen on {counts[kind]} {devices_word} of this model here: {KINDS[kind].title.lower()}"
                found.setdefault(question.id, words)
        for paper in forms:
            lies = [name for name, _ in question.forms if name in denied[paper.id]]
            if lies:
                found.setdefault(question.id, f"traffic contradicts answer {lies[0]} of {paper.name}")
    return found


def assessed(one: Assessment, against: Mapping[str, str]) -> Assessed:
    """What the answers amount to, with what traffic shows."""
    return assess(
        Reply(question=answer.question, said=Said(answer.said), is_contradicted=answer.question in against)
        for answer in one.answers.all()
    )


def _locked(one: Assessment, *states: str) -> Assessment:
    current = Assessment.objects.select_for_update(of=("self",)).get(pk=one.pk)
    if current.state not in states:
        raise AsepsisError(
            f"this assessment is {current.get_state_display().lower()}", code="assessment-state", hint="Load it again."
        )
    return current


def _from_papers(vendor: str, model: str) -> dict[str, tuple[str, str, str]]:
    """Question to (answer, where it stands, source), from the papers on file that speak of the model."""
    found: dict[str, tuple[str, str, str]] = {}
    held = [paper for paper in papers() if speaks_of(paper, vendor, model)]
    if not held:
        return found
    today = datetime.fromtimestamp(time.time(), UTC).date()
    with Papers.open(WORKSPACE.papers_path) as store:
        for paper in sorted(held, key=lambda paper: paper.received_ns):
            content = store.content(paper.id)
            if paper.kind is PaperKind.MDS2:
                try:
                    form = read_form(paper.name, content)
                except Mds2Error:
                    continue
                found["mds2"] = Said.YES, f"on file: {paper.name}", Answer.Source.FORM
                for question, (said, where) in from_form(form).items():
                    found[question] = said, f"{where} ({paper.name})", Answer.Source.FORM
                continue
            bill = read_sbom(content)
            if isinstance(bill, Problem):
                continue
            found["sbom"] = Said.YES, f"on file: {paper.name}", Answer.Source.BILL
            ended = [
                f"{part.name} {part.version}"
                for part in bill.components
                for support in (
                    support_of_component(part.name, part.version) or support_of_system(f"{part.name} {part.version}"),
                )
                if support is not None and support.ends < today
            ]
            if ended:
                words = f"{paper.name} names {', '.join(ended[:5])}, out of support"
                found["components-supported"] = Said.NO, words, Answer.Source.BILL
    return found
