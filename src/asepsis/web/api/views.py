"""The reference of the API as a page, made from its description."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from asepsis.web.api.version_1 import api
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.tokens.verify import LONGEST


@requires(Action.ACCOUNT)
def reference(request: HttpRequest) -> HttpResponse:
    """All operations with their parameters and answers."""
    schema = api.get_openapi_schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, described in methods.items():
            tag = (described.get("tags") or ["description"])[0]
            groups.setdefault(tag, []).append(_operation(schema, path, method, described))
    return render(request, "api/reference.html", {"groups": groups, "longest_days": LONGEST.days})


def _operation(schema: Any, path: str, method: str, described: dict[str, Any]) -> dict[str, Any]:
    good = next(code for code in described["responses"] if str(code).startswith("2"))
    content = described["responses"][good].get("content", {}).get("application/json", {}).get("schema", {})
    body = described.get("requestBody", {}).get("content", {})
    kind = next(iter(body), "")
    sent: dict[str, Any] = body.get(kind, {})
    return {
        "method": method.upper(),
        "path": path,
        "summary": described.get("summary", ""),
        "action": described.get("x-action", ""),
        "parameters": [
            {**one, "type": _type(one.get("schema", {})), "text": one.get("schema", {}).get("description", "")}
            for one in described.get("parameters", [])
        ],
        "body_kind": kind,
        "body": _fields(schema, sent.get("schema", {})),
        "status": good,
        "answer": _type(content),
        "fields": _fields(schema, content),
    }


def _resolved(schema: Any, part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        found: dict[str, Any] = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[-1]]
        return found
    return part


def _fields(schema: Any, part: dict[str, Any]) -> list[dict[str, Any]]:
    whole = _resolved(schema, part)
    if whole.get("type") == "array":
        whole = _resolved(schema, whole["items"])
    items = whole.get("properties", {}).get("items", {}).get("items")
    if items is not None:
        whole = _resolved(schema, items)
    required = whole.get("required", [])
    return [
        {"name": name, "type": _type(one), "required": name in required, "text": one.get("description", "")}
        for name, one in whole.get("properties", {}).items()
    ]


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return str(part["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"])
    if "enum" in part:
        return ", ".join(str(one) for one in part["enum"])
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}))}"
    return str(part.get("format") or part.get("type") or "any")
