"""Everything that a page shows can be had by the API: each page is named here with the operations that give the same.

A new page fails this test until it stands here with its operations. What is a way in, or belongs to a browser by its
nature, stands here with the reason instead.
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

from tests.web.api.test_api import operations

PAGES: dict[str, tuple[str, ...]] = {
    "access-person": ("GET /people/{person_id}",),
    "add-document": ("POST /devices/{device_id}/documents",),
    "add-note": ("POST /devices/{device_id}/notes",),
    "administrator-decide": ("POST /administrator-proposals/{proposal_id}/decision",),
    "advisory": ("GET /advisories/{advisory_id}",),
    "api_reference": ("GET /openapi.json",),
    "break-glass": ("GET /break-glass",),
    "break-glass-end": ("POST /break-glass/{use_id}/end",),
    "break-glass-request": ("POST /break-glass",),
    "break-glass-review": ("POST /break-glass/{use_id}/review",),
    "break-glass-use": ("GET /break-glass/{use_id}",),
    "capture_upload": ("POST /captures",),
    "cmms": ("GET /imports", "POST /imports"),
    "cmms-decide": ("POST /imports/{import_id}/decision",),
    "cmms-import": ("GET /imports/{import_id}", "PATCH /imports/{import_id}"),
    "device": (
        "GET /devices/{device_id}",
        "GET /devices/{device_id}/identity",
        "GET /devices/{device_id}/evidence",
        "GET /devices/{device_id}/events",
        "GET /devices/{device_id}/record",
        "GET /devices/{device_id}/notes",
        "GET /devices/{device_id}/documents",
        "GET /devices/{device_id}/peers",
    ),
    "device-conversations": ("GET /devices/{device_id}/conversations",),
    "device-evidence": ("GET /devices/{device_id}/evidence/{number}",),
    "device-exposure": ("GET /devices/{device_id}/exposure",),
    "devices": ("GET /devices", "GET /devices/choices", "GET /saved-views"),
    "document": ("GET /devices/{device_id}/documents/{document_id}",),
    "edit-record": ("PATCH /devices/{device_id}/record",),
    "export-devices": ("GET /devices/export.{ending}",),
    "export-findings": ("GET /findings/export.{ending}",),
    "finding-packet": ("GET /findings/{finding_id}/evidence/{number}",),
    "findings": ("GET /findings", "GET /findings/choices", "GET /findings/groups"),
    "health": ("GET /health",),
    "invite": ("POST /invitations",),
    "job": ("GET /jobs/{job_id}",),
    "job_cancel": ("POST /jobs/{job_id}/cancel",),
    "job_repeat": ("POST /jobs/{job_id}/repeat",),
    "jobs": ("GET /jobs", "GET /sites"),
    "ledger": ("GET /ledger",),
    "ledger-check": ("POST /ledger/checks", "GET /ledger/checks"),
    "ledger-checkpoint": ("GET /ledger/checkpoints/{size}",),
    "ledger-checkpoints": ("GET /ledger/checkpoints",),
    "ledger-entry": ("GET /ledger/entries/{position}",),
    "ledger-export": ("GET /ledger/export",),
    "map": ("GET /map",),
    "map-device": ("GET /devices/{device_id}/peers",),
    "override-device": ("POST /devices/{device_id}/override",),
    "overview": ("GET /overview", "GET /events"),
    "feeds": ("GET /feeds", "POST /feeds"),
    "feeds-look": ("POST /feeds/look",),
    "paper": ("GET /papers/{paper_id}",),
    "paper-claim": ("GET /papers/{paper_id}/claims/{device_id}/{question}",),
    "paper-file": ("GET /papers/{paper_id}/file",),
    "paper-product": ("PATCH /papers/{paper_id}",),
    "paper-remove": ("DELETE /papers/{paper_id}",),
    "paper-tie": ("POST /papers/{paper_id}/ties",),
    "papers": ("GET /papers", "POST /papers", "GET /papers/products"),
    "papers-compare": ("GET /papers/{paper_id}/difference",),
    "people": ("GET /people", "GET /invitations"),
    "person": ("GET /people/{person_id}",),
    "plan": ("GET /plan", "GET /acceptances"),
    "plan-accept": ("POST /plan/{item_id}/acceptances",),
    "plan-decide": ("POST /acceptances/{acceptance_id}/decision",),
    "plan-export": ("GET /plan/export/{form}",),
    "plan-item": ("GET /plan/{item_id}",),
    "plan-state": ("PATCH /plan/{item_id}",),
    "plan-states": ("POST /plan/states",),
    "plan-windows": ("GET /devices/{device_id}/idle-hours",),
    "reconciliation": ("GET /reconciliation",),
    "remove-document": ("DELETE /devices/{device_id}/documents/{document_id}",),
    "remove-view": ("DELETE /saved-views/{view_id}",),
    "renew_person": ("POST /people/{person_id}/renewal",),
    "risk": ("GET /risk", "GET /risk/devices"),
    "role-give": ("POST /people/{person_id}/roles", "GET /departments", "GET /device-groups"),
    "role-withdraw": ("DELETE /roles/{grant_id}",),
    "roles": ("GET /people", "GET /administrator-proposals"),
    "save-view": ("POST /saved-views",),
    "sign_out_person": ("DELETE /people/{person_id}/sessions",),
    "switch_person": ("POST /people/{person_id}/active",),
    "testing": ("GET /scans", "POST /scans"),
    "testing-engagement": ("GET /engagements/{engagement_id}",),
    "testing-engagement-decide": ("POST /engagements/{engagement_id}/decision",),
    "testing-engagement-report": ("GET /engagements/{engagement_id}/report.{ending}",),
    "testing-engagement-work": (
        "POST /engagements/{engagement_id}/findings",
        "POST /engagements/{engagement_id}/findings/{number}/state",
        "POST /engagements/{engagement_id}/closing",
    ),
    "testing-engagements": ("GET /engagements", "POST /engagements"),
    "testing-report": ("GET /scan-reports/{digest}",),
    "testing-reports": ("GET /scan-reports", "POST /scan-reports"),
    "testing-scan": ("GET /scans/{scan_id}",),
    "testing-scan-decide": ("POST /scans/{scan_id}/decision",),
    "testing-scan-file": ("GET /scans/{scan_id}/{name}.json",),
    "token_revoke": ("DELETE /tokens/{token_id}",),
    "tokens": ("GET /tokens",),
    "assessment": ("GET /assessments/{assessment_id}", "PATCH /assessments/{assessment_id}", "GET /questionnaire"),
    "assessment-act": ("POST /assessments/{assessment_id}/state",),
    "assessment-decide": ("POST /assessments/{assessment_id}/decision",),
    "assessment-report": ("GET /assessments/{assessment_id}/report",),
    "assessments": ("GET /assessments", "POST /assessments"),
    "contract-add": ("POST /vendors/{key}/contracts",),
    "contract-document": ("GET /contracts/{contract_id}/document",),
    "contract-end": ("POST /contracts/{contract_id}/end",),
    "support-add": ("POST /vendors/{key}/support-ends",),
    "vendor": ("GET /vendors/{key}",),
    "vendors": ("GET /vendors",),
    "webhook": (
        "GET /webhooks/{webhook_id}",
        "PATCH /webhooks/{webhook_id}",
        "GET /webhooks/{webhook_id}/deliveries",
    ),
    "webhook-act": (
        "PATCH /webhooks/{webhook_id}",
        "POST /webhooks/{webhook_id}/test",
        "DELETE /webhooks/{webhook_id}",
    ),
    "webhook-again": ("POST /webhooks/{webhook_id}/deliveries/{delivery_id}/again",),
    "webhook-secret": ("POST /webhooks/{webhook_id}/secret",),
    "webhooks": ("GET /webhooks", "POST /webhooks"),
    "who-looked": ("GET /my-accesses",),
    "why": ("GET /why",),
    "withdraw_invitation": ("DELETE /invitations/{invitation_id}",),
}

WITHOUT = {
    "tour": "leads a person through the pages; what it points at has operations of its own",
    "join": "a way in, for somebody who has no account yet",
    "join_opened": "a way in, for somebody who has no account yet",
    "join_passkey": "a way in, with the passkey of a browser",
    "join_password": "a way in, for somebody who has no account yet",
}
"""Pages without an operation, each with the reason."""

ACCOUNT = "account/"
"""Ways in and one's own passkeys, codes and sessions: they belong to the browser in which somebody is signed in."""


def names(resolver: URLResolver | None = None, before: str = "") -> set[str]:
    found = set()
    for pattern in (resolver or get_resolver()).url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= names(pattern, address)
        elif isinstance(pattern, URLPattern) and not address.startswith((ACCOUNT, "api/v1/")):
            found.add(pattern.name or address)
    return found


def test_every_page_is_named_with_the_operations_that_give_the_same() -> None:
    missing = names() - PAGES.keys() - WITHOUT.keys()
    assert missing == set(), "name the page here with its operations, and write those that are missing"


def test_no_page_is_named_that_is_not_there() -> None:
    assert (PAGES.keys() | WITHOUT.keys()) - names() == set()


def test_every_operation_that_a_page_is_named_with_exists() -> None:
    there = {name for name, _ in operations()}
    named = {operation for page in PAGES.values() for operation in page}
    assert named - there == set()
