"""The closed lists that decisions are made of: actions, roles, purposes, obligations.

They are written a second time in ``knowledge/authorisation/schema.cedarschema``, where Cedar reads them; a test keeps
the two the same. A new capability adds its actions here and there, and the policies that allow them.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a person can do; every route and API operation names one."""

    DEVICE_LIST = "device.list"
    DEVICE_VIEW = "device.view"
    DEVICE_EXPORT = "device.export"
    MAP_VIEW = "map.view"
    DEVICE_EVIDENCE = "device.evidence"
    PACKET_VIEW = "packet.view"
    CONVERSATION_VIEW = "conversation.view"
    DEVICE_EDIT = "device.edit"
    DEVICE_OVERRIDE = "device.override"

    FINDING_VIEW = "finding.view"
    FINDING_EXPORT = "finding.export"
    RISK_VIEW = "risk.view"
    VENDOR_VIEW = "vendor.view"
    VENDOR_EDIT = "vendor.edit"
    ASSESSMENT_PROPOSE = "assessment.propose"
    ASSESSMENT_VIEW = "assessment.view"
    ASSESSMENT_APPROVE = "assessment.approve"

    SCAN_PROPOSE = "scan.propose"
    SCAN_VIEW = "scan.view"
    SCAN_APPROVE = "scan.approve"
    SCAN_STOP = "scan.stop"
    REPORT_VIEW = "report.view"
    REPORT_IMPORT = "report.import"
    ENGAGEMENT_PROPOSE = "engagement.propose"
    ENGAGEMENT_VIEW = "engagement.view"
    ENGAGEMENT_APPROVE = "engagement.approve"
    ENGAGEMENT_WORK = "engagement.work"

    PAPER_VIEW = "paper.view"
    PAPER_MANAGE = "paper.manage"

    PLAN_VIEW = "plan.view"
    PLAN_EXPORT = "plan.export"
    PLAN_EDIT = "plan.edit"
    ACCEPTANCE_PROPOSE = "acceptance.propose"
    ACCEPTANCE_APPROVE = "acceptance.approve"
    ACCEPTANCE_REFUSE = "acceptance.refuse"
    FEED_VIEW = "feed.view"
    FEED_MANAGE = "feed.manage"

    IMPORT_PROPOSE = "import.propose"
    IMPORT_VIEW = "import.view"
    IMPORT_APPLY = "import.apply"
    IMPORT_REFUSE = "import.refuse"
    CAPTURE_UPLOAD = "capture.upload"
    JOB_VIEW = "job.view"
    JOB_MANAGE = "job.manage"

    RECORD_LIST = "record.list"
    RECORD_VIEW = "record.view"
    RECORD_EXPORT = "record.export"
    ACCESS_LIST = "access.list"

    PERSON_LIST = "person.list"
    PERSON_VIEW = "person.view"
    PERSON_INVITE = "person.invite"
    PERSON_MANAGE = "person.manage"
    ROLE_GRANT = "role.grant"
    ROLE_WITHDRAW = "role.withdraw"
    ADMINISTRATOR_PROPOSE = "administrator.propose"
    ADMINISTRATOR_APPROVE = "administrator.approve"
    TOKEN_VIEW = "token.view"  # noqa: S105 - the name of an act
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the name of an act
    EXPLAIN_PERSON = "authorisation.explain_person"

    ACCOUNT = "account.own"
    SESSION_OWN = "session.own"
    TOKEN_OWN = "token.own"  # noqa: S105 - the name of an act
    SAVED_VIEW_OWN = "saved_view.own"
    EXPLAIN = "authorisation.explain"

    BREAK_GLASS = "break_glass.request"
    BREAK_GLASS_VIEW = "break_glass.view"
    BREAK_GLASS_REVIEW = "break_glass.review"
    BREAK_GLASS_END = "break_glass.end"

    OVERVIEW = "overview"
    LEDGER_VIEW = "ledger.view"
    LEDGER_EXPORT = "ledger.export"
    LEDGER_VERIFY = "ledger.verify"
    HEALTH_VIEW = "health.view"
    SETTINGS_VIEW = "settings.view"
    SETTINGS_CHANGE = "settings.change"
    FACILITY_MANAGE = "facility.manage"
    WEBHOOK_MANAGE = "webhook.manage"


class Group(StrEnum):
    """Kinds of actions; every action is of exactly one of the first four."""

    READ = "read"
    CHANGE = "change"
    OWN = "own"
    ACCOUNT = "account"
    STRONG = "strong"
    FRESH = "fresh"
    SENSITIVE = "sensitive"
    PATIENT_LINKED = "patient_linked"


class Kind(StrEnum):
    """What actions are done on: the entity types of Cedar that can be a resource."""

    SYSTEM = "System"
    SCOPE = "Scope"
    DEVICE = "Device"
    RECORD = "Record"
    PERSON = "Person"
    CHANGE_PROPOSAL = "ChangeProposal"
    ROLE_GRANT = "RoleGrant"
    BREAK_GLASS = "BreakGlass"


class Role(StrEnum):
    """What a person is in the hospital; a role is given for a scope and may end."""

    CLINICAL_ENGINEER = "clinical_engineer"
    SECURITY_ANALYST = "security_analyst"
    NETWORK_ENGINEER = "network_engineer"
    CLINICIAN = "clinician"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    VENDOR = "vendor"
    PATIENT = "patient"


class Purpose(StrEnum):
    """What the data are for: codes of HL7 v3 PurposeOfUse (http://terminology.hl7.org/ValueSet/v3-PurposeOfUse)."""

    TREATMENT = "TREAT"
    EMERGENCY_TREATMENT = "ETREAT"
    BREAK_THE_GLASS = "BTG"
    CARE_MANAGEMENT = "CAREMGT"
    HEALTHCARE_OPERATIONS = "HOPERAT"
    SYSTEM_ADMINISTRATION = "HSYSADMIN"
    COMPLIANCE = "HCOMPL"
    QUALITY_IMPROVEMENT = "HQUALIMP"
    PATIENT_SAFETY = "PATSFTY"
    PATIENT_REQUESTED = "PATRQT"
    RESEARCH = "HRESCH"


class Obligation(StrEnum):
    """What the one who answers must do with the answer; who cannot do it must refuse."""

    MASK_PAYLOAD = "mask_payload"
    HIDE_NOTES = "hide_notes"
