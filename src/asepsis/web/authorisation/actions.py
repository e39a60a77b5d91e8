"""Everything that a person can do here, by name. A closed list: policies and routes name nothing else."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One act that policies decide on."""

    OVERVIEW = "overview"
    DEVICE_LIST = "device.list"
    DEVICE_VIEW = "device.view"
    DEVICE_EVIDENCE = "device.evidence"
    DEVICE_EXPORT = "device.export"
    DEVICE_EDIT = "device.edit"
    DEVICE_OVERRIDE = "device.override"
    CONVERSATION_VIEW = "conversation.view"
    MAP_VIEW = "map.view"
    CAPTURE_UPLOAD = "capture.upload"
    JOB_VIEW = "job.view"
    IMPORT_PROPOSE = "import.propose"
    IMPORT_APPLY = "import.apply"
    PERSON_LIST = "person.list"
    PERSON_MANAGE = "person.manage"
    ROLE_GRANT = "role.grant"
    TOKEN_OWN = "token.own"  # noqa: S105 - the name of an act
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the name of an act
    LEDGER_VIEW = "ledger.view"
    LEDGER_EXPORT = "ledger.export"
    HEALTH_VIEW = "health.view"
    WEBHOOK_MANAGE = "webhook.manage"
    BREAK_GLASS = "break_glass.request"
    BREAK_GLASS_REVIEW = "break_glass.review"
    EXPLAIN = "authorisation.explain"
    ACCOUNT = "account.own"
