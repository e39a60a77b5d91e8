"""Pages on which roles are given and taken back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.actions import Role as PolicyRole
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.facts import RoleGrantFacts
from asepsis.web.authorisation.forms import RoleForm
from asepsis.web.authorisation.models import AdministratorProposal
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person, Role, RoleGrant

PER_PAGE = 50


@requires(Action.PERSON_LIST)
def roles(request: HttpRequest) -> HttpResponse:
    """Who holds which role, and who waits to become an administrator."""
    text = request.GET.get("q", "")
    people = Person.objects.filter(Q(name__icontains=text) | Q(username__icontains=text))
    people = people.prefetch_related("grants__site", "grants__department", "grants__device_group")
    page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    shown = [person for person in page if may(request.user, Action.PERSON_VIEW, person).allowed]
    waiting = visible(
        request.user,
        Action.ADMINISTRATOR_APPROVE,
        AdministratorProposal.objects.filter(state=AdministratorProposal.State.WAITING),
    )
    record(request, Action.PERSON_LIST, what={"filtered": bool(text), "shown": len(shown)})
    context = {"people": shown, "page": page, "q": text, "waiting": waiting, "now": timezone.now()}
    return render(request, "authorisation/roles.html", context)


@requires(Action.PERSON_VIEW)
def person(request: HttpRequest, person_id: str) -> HttpResponse:
    """The roles of one person, and the form to give another."""
    shown = _person(request, person_id)
    record(request, Action.PERSON_VIEW, subject=f"person:{shown.pk}")
    return _page(request, shown, RoleForm(person=shown))


@require_POST
@requires(Action.ROLE_GRANT)
def give(request: HttpRequest, person_id: str) -> HttpResponse:
    """Gives a role; that of an administrator or a patient is proposed, and a second person approves."""
    shown = _person(request, person_id)
    form = RoleForm(request.POST, person=shown)
    if not form.is_valid():
        return _page(request, shown, form)
    if give_role(request, shown, form) is None:
        messages.success(request, f"Proposed. Another administrator or a privacy officer approves {shown}.")
    else:
        messages.success(request, f"{shown} is {Role(form.policy_role()).label.lower()} now.")
    return redirect("access-person", shown.pk)


def give_role(request: HttpRequest, shown: Person, form: RoleForm) -> RoleGrant | None:
    """Gives the role that a valid form names, with its record; None where it was only proposed.

    Raises:
        Refused: The policies do not allow it.
    """
    assert isinstance(request.user, Person)
    role = form.policy_role()
    proposed = role in (PolicyRole.ADMINISTRATOR, PolicyRole.PATIENT)
    action = Action.ADMINISTRATOR_PROPOSE if proposed else Action.ROLE_GRANT
    patient: str = form.cleaned_data["patient"]
    asked = RoleGrantFacts(id="new", scope=form.scope(), person=str(shown.pk), proposer=str(request.user.pk), role=role)
    decision = may(request.user, action, asked)
    if not decision.allowed:
        raise Refused(action, decision)
    values = {**form.where(), "expires": form.cleaned_data["expires"], "person": shown}
    made = None
    with transaction.atomic():
        if proposed:
            AdministratorProposal.objects.create(**values, role=role, patient=patient, proposer=request.user)
        else:
            group = form.cleaned_data["device_group"]
            made = RoleGrant.objects.create(**values, role=role, device_group=group, granted_by=request.user)
        record(
            request,
            action,
            subject=f"person:{shown.pk}",
            what={"role": role, "scope": form.scope().id, "until": str(form.cleaned_data["expires"] or "")},
            patient=patient,
            policies=tuple(policy.id for policy in decision.policies),
        )
    return made


@require_POST
@requires(Action.ROLE_WITHDRAW)
def withdraw(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Takes a role back."""
    grant = get_object_or_404(RoleGrant.objects.select_related("person"), pk=grant_id)
    if kept_because := take_back(request, grant_id):
        messages.error(request, kept_because)
    return redirect("access-person", grant.person_id)


def take_back(request: HttpRequest, grant_id: int) -> str:
    """Takes a role back, with its record.

    Returns:
        Why it was not taken back; empty when it was.

    Raises:
        Http404: There is no such role.
        Refused: The policies do not allow it.
    """
    with transaction.atomic():
        grant = get_object_or_404(RoleGrant.objects.select_for_update().select_related("person"), pk=grant_id)
        decision = may(request.user, Action.ROLE_WITHDRAW, grant)
        if not decision.allowed:
            raise Refused(Action.ROLE_WITHDRAW, decision)
        if grant.provider_group:
            return (
                f"The group {grant.provider_group!r} of the hospital's provider gives it, at every sign-in. Take "
                f"{grant.person} out of the group there; to stop everything at once, end the access of "
                f"{grant.person} here."
            )
        if _is_last_administrator(grant):
            return "This is the last administrator of the hospital. Let another be approved first."
        record(
            request,
            Action.ROLE_WITHDRAW,
            subject=f"person:{grant.person_id}",
            what={"role": grant.role, "site": grant.site_id, "department": grant.department_id},
            patient=grant.patient,
        )
        grant.delete()
    return ""


@require_POST
@requires(Action.ADMINISTRATOR_APPROVE)
def decide(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Approves or declines an administrator, or the patient of an account, whom another person proposed."""
    decide_on(request, proposal_id, approve="approve" in request.POST)
    return redirect("roles")


def decide_on(request: HttpRequest, proposal_id: UUID | str, *, approve: bool) -> AdministratorProposal:
    """Decides a proposal that waits, with its record.

    Raises:
        Http404: None such waits.
        Refused: The policies do not allow it.
    """
    with transaction.atomic():
        waiting = AdministratorProposal.objects.select_for_update().filter(state=AdministratorProposal.State.WAITING)
        proposal = get_object_or_404(waiting, pk=proposal_id)
        decision = may(request.user, Action.ADMINISTRATOR_APPROVE, proposal)
        if not decision.allowed:
            raise Refused(Action.ADMINISTRATOR_APPROVE, decision)
        assert isinstance(request.user, Person)
        proposal.state = AdministratorProposal.State.APPROVED if approve else AdministratorProposal.State.DECLINED
        proposal.decided_by, proposal.decided = request.user, timezone.now()
        proposal.save(update_fields=["state", "decided_by", "decided"])
        if approve:
            RoleGrant.objects.create(
                person=proposal.person,
                role=proposal.role,
                patient=proposal.patient,
                site=proposal.site,
                department=proposal.department,
                expires=proposal.expires,
                granted_by=proposal.proposer,
            )
        record(
            request,
            Action.ADMINISTRATOR_APPROVE,
            subject=f"person:{proposal.person_id}",
            what={"state": proposal.state, "role": proposal.role, "proposer": str(proposal.proposer_id)},
            patient=proposal.patient,
        )
    return proposal


def _person(request: HttpRequest, person_id: str) -> Person:
    found = get_object_or_404(Person, pk=person_id)
    if not may(request.user, Action.PERSON_VIEW, found).allowed:
        raise Http404
    return found


def _page(request: HttpRequest, shown: Person, form: RoleForm) -> HttpResponse:
    grants = shown.grants.select_related("site", "department", "device_group", "granted_by")
    proposals = AdministratorProposal.objects.filter(person=shown, state=AdministratorProposal.State.WAITING)
    context = {
        "shown": shown,
        "grants": [(grant, may(request.user, Action.ROLE_WITHDRAW, grant).allowed) for grant in grants],
        "proposals": proposals,
        "form": form,
        "may_give": may(request.user, Action.ROLE_GRANT).allowed and shown != request.user,
        "now": timezone.now(),
    }
    return render(request, "authorisation/person.html", context, status=400 if form.errors else 200)


def _is_last_administrator(grant: RoleGrant) -> bool:
    """Whether nobody would be left who may give roles in the whole hospital."""
    if grant.role != Role.ADMINISTRATOR or grant.site_id is not None:
        return False
    others = RoleGrant.objects.filter(
        Q(expires=None) | Q(expires__gt=timezone.now()),
        role=Role.ADMINISTRATOR,
        site=None,
        department=None,
        person__is_active=True,
    )
    return not others.exclude(pk=grant.pk).exists()
