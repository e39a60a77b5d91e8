"""How an operation is declared: with the action that it is, or not at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from hashlib import sha256
from typing import Any, Final, TypeVar

from django.db.models import Model, TextChoices
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from ninja import NinjaAPI, Router
from ninja.responses import NinjaJSONEncoder

from asepsis.web.api.problems import Problem, ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.engine import Decision
from asepsis.web.authorisation.facts import Facts
from asepsis.web.authorisation.routes import MARK, Refused
from asepsis.web.people.models import Person

Function = TypeVar("Function", bound=Callable[..., Any])
Filled = TypeVar("Filled", bound=Form)

REFUSALS: Final = frozenset({400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503})

__all__ = ["Api", "NinjaJSONEncoder", "asker", "checked", "choices_of", "clean", "decided", "etag_of", "operation"]


class Api(NinjaAPI):
    """An API whose answers carry an entity tag (RFC 9110 8.8.3) and are kept by nobody but who asked."""

    def create_response(
        self,
        request: HttpRequest,
        data: Any,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        """The answer, or 304 when who asks has it already."""
        answer: HttpResponse = super().create_response(request, data, *args, **kwargs)
        patch_cache_control(answer, private=True, no_cache=True)
        if request.method != "GET" or answer.status_code != 200:
            return answer
        etag = etag_of(answer.content)
        answer["ETag"] = etag
        return get_conditional_response(request, etag=etag, response=answer) or answer


def etag_of(content: bytes) -> str:
    """A strong entity tag of an answer."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def operation(
    router: Router,
    method: str,
    path: str,
    action: Action,
    *,
    response: Any,
    status: int = 200,
    media: Sequence[str] = (),
    example: Any = None,
    **more: Any,
) -> Callable[[Function], Function]:
    """Declares an operation that only who may do ``action`` reaches.

    Args:
        router: Of the app.
        method: ``GET``, ``POST``, ``PATCH`` or ``DELETE``.
        path: With parameters in braces.
        action: What it is, in the words of the policies; single objects are decided on inside, as pages do.
        response: What it answers.
        status: With which status.
        media: The media types of an answer that is a file; ``response`` is None then.
        example: What is sent, or what is answered where nothing is sent, as the description shows it.
        more: For django-ninja, such as ``summary``.
    """
    described: dict[str, Any] = {"x-action": str(action)}
    if media:
        # A file of JSON is any value of JSON to those who check answers; any other is bytes.
        octets = {"type": "string", "format": "binary"}
        files = {kind: {"schema": {} if kind == "application/json" else octets} for kind in media}
        described["responses"] = {status: {"description": "A file", "content": files}}
    if example is not None and method in ("POST", "PUT", "PATCH"):
        described["requestBody"] = {"content": {"application/json": {"example": example}}}
    elif example is not None:
        described["responses"] = {status: {"content": {"application/json": {"example": example}}}}

    def declared(view: Function) -> Function:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            decided(request, action)
            return view(request, *args, **kwargs)

        setattr(guarded, MARK, action)
        # django-ninja looks names up where the wrapper stands; here they are looked up where the view does.
        guarded.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]  # read by inspect
        router.api_operation(
            [method],
            path,
            response={status: response, REFUSALS: Problem},
            summary=more.pop("summary", _sentence(view)),
            openapi_extra=described,
            **more,
        )(guarded)
        return view

    return declared


def decided(request: HttpRequest, action: Action, resource: Model | Facts | None = None) -> Decision:
    """The decision that allows an act on one thing, or at all where none is named.

    Raises:
        Refused: It is not allowed; the ledger gets to know, as when a page refuses.
    """
    decision = may(request.user, action, resource)
    if not decision.allowed:
        raise Refused(action, decision)
    return decision


def clean(*texts: str) -> None:
    """PostgreSQL holds no NUL in texts, and no database half of a surrogate pair.

    Raises:
        ProblemError: There is such a sign.
    """
    for text in texts:
        if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ProblemError(422, "a text holds a sign that cannot be kept")


def checked(form: Filled) -> Filled:
    """A form of the pages that an operation filled in: the same rules hold for both.

    Raises:
        ProblemError: Something does not fit; each field says what.
    """
    clean(*(one for one in form.data.values() if isinstance(one, str)))
    if not form.is_valid():
        told = [f"{name.strip('_')}: {text}" for name, texts in form.errors.items() for text in texts]
        raise ProblemError(422, "what was sent does not fit", errors=told)
    return form


def choices_of(choices: type[TextChoices]) -> dict[str, Any]:
    """How a field of such choices is described: in its place, since components of one name would hide each other."""
    return {"type": "string", "enum": list(choices.values)}


def asker(request: HttpRequest) -> Person:
    """Who asks; every operation has somebody."""
    assert isinstance(request.user, Person)
    return request.user


def _sentence(view: Callable[..., Any]) -> str:
    lines: Sequence[str] = (inspect.getdoc(view) or view.__name__).splitlines()
    return lines[0].rstrip(".")
