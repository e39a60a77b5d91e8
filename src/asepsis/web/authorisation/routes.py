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

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]

MARK = "required_action"


def requires(action: Action) -> Callable[[View[Arguments]], View[Arguments]]:
    """Lets a view be reached only by somebody signed in who may do ``action`` at all.

    Whether they may do it to one device or record is decided in the view, by ``may`` or ``visible``.
    """

    def marked(view: View[Arguments]) -> View[Arguments]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not may(request.user, action).allowed:
                raise PermissionDenied(action)
            return view(request, *args, **kwargs)

        setattr(guarded, MARK, action)
        return cast("View[Arguments]", guarded)

    return marked
