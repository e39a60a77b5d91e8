"""Pages about people: who there is, inviting, ending and giving back access. Roles are granted elsewhere."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.actions import Role as PolicyRole
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.facts import HOSPITAL, RoleGrantFacts, Scope
from asepsis.web.authorisation.routes import requires
from asepsis.web.ledger.record import record
from asepsis.web.people import invitations, sessions
from asepsis.web.people.account import signed_in, ways_in
from asepsis.web.people.forms import InviteForm
from asepsis.web.people.models import Invitation, Person

SHOWN = 500


@requires(Action.PERSON_LIST)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, and the invitations that wait."""
    wanted = request.GET.get("q", "").strip()[:100]
    found = Person.objects.prefetch_related("grants", "grants__site", "grants__department", "grants__device_group")
    if wanted:
        found = found.filter(name__icontains=wanted) | found.filter(username__icontains=wanted)
    count = found.count()
    shown = {
        "people": found[:SHOWN],
        "count": count,
        "q": wanted,
        "waiting": invitations.waiting(),
        "manages": may(request.user, Action.PERSON_INVITE).allowed,
    }
    record(request, Action.PERSON_LIST, what={"shown": min(SHOWN, count), "filtered": bool(wanted)})
    return render(request, "people/people.html", shown)


@requires(Action.PERSON_VIEW)
def person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """One person: roles, ways in, sessions."""
    found = get_object_or_404(Person, pk=person_id)
    if not may(request.user, Action.PERSON_VIEW, found).allowed:
        raise Http404
    record(request, Action.PERSON_VIEW, subject=f"person:{found.pk}")
    shown = {
        "person": found,
        **ways_in(found),
        "roles": found.grants.select_related("site", "department", "device_group", "granted_by"),
        "sessions": sessions.live(found),
        "manages": may(request.user, Action.PERSON_MANAGE).allowed,
        "oneself": found.pk == request.user.pk,
    }
    return render(request, "people/person.html", shown)


@requires(Action.PERSON_INVITE)
@never_cache
def invite(request: HttpRequest) -> HttpResponse:
    """Invites somebody; the link is shown once and kept nowhere."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.roles() and not may_grant(request, form):
            form.add_error("role", "You may not give this role there.")
        else:
            return _link(request, *make_invitation(request, form))
    return render(request, "people/invite.html", {"form": form})


def make_invitation(request: HttpRequest, form: InviteForm) -> tuple[Invitation, str]:
    """The invitation that a valid form asks for, recorded, and the token of its link."""
    with transaction.atomic():
        invitation, token = invitations.make(
            roles=form.roles(), name=form.cleaned_data["name"], invited_by=signed_in(request)
        )
        what = {"roles": form.roles(), "expires": invitation.expires.isoformat()}
        record(request, Action.PERSON_INVITE, subject=f"invitation:{invitation.pk}", what=what)
    return invitation, token


@requires(Action.PERSON_INVITE)
@require_POST
def withdraw(request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Lets a link work no more."""
    take_back(request, invitation_id)
    messages.success(request, "The link works no more.")
    return HttpResponseRedirect(reverse("people"))


def take_back(request: HttpRequest, invitation_id: uuid.UUID) -> None:
    """Withdraws an invitation that nobody took; recorded.

    Raises:
        Http404: There is none.
    """
    with transaction.atomic():
        found = get_object_or_404(Invitation, pk=invitation_id, used=None)
        found.withdrawn = timezone.now()
        found.save(update_fields=["withdrawn"])
        record(request, "person.invite_withdraw", subject=f"invitation:{found.pk}")


@requires(Action.PERSON_MANAGE)
@require_POST
def switch(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Ends or gives back somebody's access; ending it ends their sessions at once."""
    found = get_object_or_404(Person, pk=person_id)
    if found.pk == request.user.pk:
        messages.error(request, "You cannot end your own access. Another administrator can.")
        return HttpResponseRedirect(reverse("person", args=[found.pk]))
    active = request.POST.get("active") == "yes"
    set_active(request, found, active=active)
    messages.success(request, f"{found.name} may sign in again." if active else f"{found.name} is out, everywhere.")
    return HttpResponseRedirect(reverse("person", args=[found.pk]))


def set_active(request: HttpRequest, found: Person, *, active: bool) -> None:
    """Gives access back, or ends it with all sessions; recorded."""
    with transaction.atomic():
        found.is_active = active
        found.save(update_fields=["is_active"])
        ended = 0 if active else sessions.end_all(found)
        what = {"active": [not active, active], "sessions_ended": ended}
        record(request, "person.activate" if active else "person.deactivate", subject=f"person:{found.pk}", what=what)


@requires(Action.PERSON_MANAGE)
@require_POST
def sign_out(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Ends all sessions of somebody."""
    found = get_object_or_404(Person, pk=person_id)
    end_sessions(request, found)
    messages.success(request, f"{found.name} was signed out everywhere.")
    return HttpResponseRedirect(reverse("person", args=[found.pk]))


def end_sessions(request: HttpRequest, found: Person) -> int:
    """Ends all sessions of somebody but the one that asks; recorded. Returns how many there were."""
    with transaction.atomic():
        ended = sessions.end_all(found, but=request.session.session_key)
        record(request, "session.revoke", subject=f"person:{found.pk}", what={"sessions": ended})
    return ended


@requires(Action.PERSON_MANAGE)
@require_POST
@never_cache
def renew(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """A link for somebody who lost every way in; when it is taken, what they had ends."""
    found = get_object_or_404(Person, pk=person_id, is_active=True)
    return _link(request, *make_renewal(request, found))


def make_renewal(request: HttpRequest, found: Person) -> tuple[Invitation, str]:
    """An invitation that replaces every way in of somebody, recorded, and the token of its link."""
    with transaction.atomic():
        invitation, token = invitations.make(renew=found, invited_by=signed_in(request))
        record(request, "person.renew", subject=f"person:{found.pk}", what={"invitation": str(invitation.pk)})
    return invitation, token


def may_grant(request: HttpRequest, form: InviteForm) -> bool:
    """Whether the policies let this person give what the invitation would give."""
    site, department = form.cleaned_data["site"], form.cleaned_data["department"]
    scope = Scope(site=str(site.pk), department=str(department.pk) if department else None) if site else HOSPITAL
    role = PolicyRole(form.cleaned_data["role"])
    asked = RoleGrantFacts(id="new", scope=scope, person="new", proposer=str(request.user.pk), role=role)
    return may(request.user, Action.ROLE_GRANT, asked).allowed


def _link(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    link = request.build_absolute_uri(f"/{invitations.address(token)}")
    return render(request, "people/invited.html", {"invitation": invitation, "link": link})
