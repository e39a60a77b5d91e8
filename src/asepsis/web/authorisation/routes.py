"""The mark that every view carries: which action it is. A route without one fails the build."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.engine import Decision

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]

MARK = "required_action"
PUBLIC = "public"
"""The mark of what anybody may reach: the ways in, and nothing else."""


class Refused(PermissionDenied):
    """A refusal that knows what decided it, so that the page can say why."""

    def __init__(self, action: Action, decision: Decision) -> None:
        super().__init__(str(action))
        self.action = action
        self.decision = decision


def requires(action: Action) -> Callable[[View[Arguments]], View[Arguments]]:
    """Lets a view be reached only by somebody signed in who may do ``action`` at all.

    Whether they may do it to one device or record is decided in the view, by ``may`` or ``visible``.
    """

    def marked(view: View[Arguments]) -> View[Arguments]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            decision = may(request.user, action)
            if not decision.allowed:
                raise Refused(action, decision)
            return view(request, *args, **kwargs)

        setattr(guarded, MARK, action)
        return cast("View[Arguments]", guarded)

    return marked


def public(view: View[Arguments]) -> View[Arguments]:
    """Marks a view that anybody may reach, signed in or not."""

    @wraps(view)
    def open_to_all(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    setattr(open_to_all, MARK, PUBLIC)
    return cast("View[Arguments]", open_to_all)


def own(view: View[Arguments]) -> View[Arguments]:
    """Marks a view of one's own account: whoever is signed in may reach it, whatever their roles."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    setattr(guarded, MARK, Action.ACCOUNT)
    return cast("View[Arguments]", guarded)
