"""The rules once more, in plain Python, written from the roles' descriptions and not from the policies.

``expected`` answers for a person with at most one role; the enumeration in ``test_small_worlds.py`` compares.
"""

from __future__ import annotations

from asepsis.kernel.value import value

READS_DEVICES = {"device.list", "device.view"}
SEES_EXPOSURE = {"finding.view", "risk.view"}
SEES_TESTS = {"scan.view", "report.view", "engagement.view"}
APPROVALS = {"scan.approve", "engagement.approve", "acceptance.approve"}
TESTS = SEES_TESTS | {"scan.propose", "scan.stop", "report.import", "engagement.propose", "engagement.work"}
SEES_PLAN = {"plan.view", "plan.export"}
ACCEPTS = {"acceptance.propose", "acceptance.approve", "acceptance.refuse"}
ENGINEERING = READS_DEVICES | {"device.export", "map.view", "device.evidence", "conversation.view"}

# On things that lie in a place, where the role's place encloses it.
IN_PLACE: dict[str, set[str]] = {
    "clinical_engineer": ENGINEERING
    | (SEES_EXPOSURE | {"finding.export"})
    | (TESTS | {"scan.approve", "engagement.approve"})
    | (SEES_PLAN | ACCEPTS | {"plan.edit"})
    | {"packet.view", "device.edit", "device.override"}
    | {"import.propose", "import.view", "import.apply", "import.refuse", "capture.upload"},
    "security_analyst": ENGINEERING
    | (SEES_EXPOSURE | {"finding.export"})
    | TESTS
    | (SEES_PLAN | ACCEPTS | {"plan.edit"})
    | {"packet.view", "device.edit", "import.propose", "import.view", "capture.upload"},
    "network_engineer": ENGINEERING
    | SEES_EXPOSURE
    | SEES_TESTS
    | {"scan.stop"}
    | {"plan.view", "plan.edit"}
    | {"packet.view", "capture.upload"},
    "clinician": READS_DEVICES | SEES_EXPOSURE | {"record.list", "record.view"},
    "privacy_officer": READS_DEVICES
    | SEES_EXPOSURE
    | {"map.view", "device.evidence", "conversation.view"}
    | {"record.list", "record.view", "record.export"}
    | {"person.view", "authorisation.explain_person", "administrator.approve"}
    | {"break_glass.view", "break_glass.end", "break_glass.review"},
    "auditor": READS_DEVICES
    | (SEES_EXPOSURE | {"finding.export"})
    | SEES_TESTS
    | SEES_PLAN
    | {"device.export", "map.view", "device.evidence", "import.view"}
    | {"person.view", "authorisation.explain_person", "break_glass.view"},
    "administrator": READS_DEVICES
    | {"person.view", "authorisation.explain_person"}
    | {"role.grant", "role.withdraw", "administrator.propose", "administrator.approve"},
}

# On the application itself, wherever the role holds.
SOMEWHERE: dict[str, set[str]] = {
    "clinical_engineer": {"job.view", "health.view", "paper.view", "feed.view", "paper.manage", "feed.manage"},
    "security_analyst": {"job.view", "health.view", "paper.view", "feed.view", "paper.manage", "feed.manage"},
    "network_engineer": {"job.view", "health.view", "paper.view", "feed.view"},
    "privacy_officer": {"health.view", "person.list", "paper.view", "feed.view"},
    "auditor": {"job.view", "health.view", "person.list", "paper.view", "feed.view"},
    "administrator": {"job.view", "health.view", "person.list"},
}

# Vendors, and the assessment before a purchase.
for _role in ("clinical_engineer", "security_analyst"):
    IN_PLACE[_role] |= {"assessment.propose", "assessment.view"}
for _role in ("privacy_officer", "administrator"):
    IN_PLACE[_role] |= {"assessment.view", "assessment.approve"}
for _role in ("network_engineer", "auditor"):
    IN_PLACE[_role] |= {"assessment.view"}
for _role in ("clinical_engineer", "security_analyst", "network_engineer", "privacy_officer", "auditor"):
    SOMEWHERE[_role] |= {"vendor.view"}
for _role in ("clinical_engineer", "security_analyst", "privacy_officer"):
    SOMEWHERE[_role] |= {"vendor.edit"}

# Only where the role holds for the whole hospital.
HOSPITAL_WIDE: dict[str, set[str]] = {
    "security_analyst": {"job.manage", "webhook.manage"},
    "network_engineer": {"job.manage"},
    "privacy_officer": {"ledger.view", "ledger.export", "ledger.verify"},
    "auditor": {"ledger.view", "ledger.export", "ledger.verify", "settings.view", "token.view"},
    "administrator": {"job.manage", "person.invite", "person.manage", "token.view", "token.manage", "ledger.verify"}
    | {"settings.view", "settings.change", "facility.manage", "webhook.manage"},
}

EVERYBODY = {"account.own", "session.own", "token.own", "saved_view.own"} | {
    "authorisation.explain",
    "overview",
}

WITHOUT_SECOND_FACTOR = {"account.own", "session.own"}

HARD_PASSKEY = {
    "token.manage",
    "person.invite",
    "person.manage",
    "role.grant",
    "role.withdraw",
    "administrator.propose",
} | {
    "administrator.approve",
    "token.manage",
    "settings.change",
    "facility.manage",
    "webhook.manage",
    "break_glass.request",
}

JUST_SIGNED_IN = {"role.grant", "role.withdraw", "administrator.propose", "administrator.approve"} | {
    "settings.change",
    "break_glass.request",
}

CHANGES = (
    HARD_PASSKEY
    | (TESTS - SEES_TESTS)
    | APPROVALS
    | {"device.edit", "device.override", "import.propose", "import.apply", "import.refuse", "capture.upload"}
    | {"job.manage", "break_glass.review", "break_glass.end", "paper.manage", "feed.manage"}
    | (ACCEPTS | {"plan.edit"})
)

CHANGES |= {"vendor.edit", "assessment.propose", "assessment.approve"}

BREAKERS = {"clinician", "clinical_engineer", "security_analyst", "network_engineer"}
OPENED_BY_BREAK_GLASS = READS_DEVICES | {"device.evidence", "packet.view", "conversation.view"}
PURPOSES = {"clinician": {"TREAT", "ETREAT", "CAREMGT"}, "privacy_officer": {"PATRQT", "HCOMPL"}}
ABOUT_PATIENTS = {"packet.view", "access.list", "record.list", "record.view", "record.export"}


@value
class Question:
    """One act in one small world.

    ``covers``: the role's place encloses the thing. ``mine``: the thing is of the person who asks (his proposal, his
    break-glass, his own data, himself). ``opened``: break-glass is open on just this thing. ``in_group``: the device is
    of the vendor's group. ``role_asked``: the role that a grant is about.
    """

    role: str | None
    action: str
    kind: str
    hospital_wide: bool
    covers: bool
    mine: bool
    opened: bool
    in_group: bool
    role_asked: str
    level: int
    hard: bool
    fresh: bool
    active: bool
    purpose: str


def expected(q: Question) -> bool:
    """The answer that the rules, read by a person, give."""
    return q.active and _signed_in_well_enough(q) and not _separated(q) and _entitled(q)


def _signed_in_well_enough(q: Question) -> bool:
    if q.action in WITHOUT_SECOND_FACTOR:
        return True
    if q.level < 2:
        return False
    if q.action in HARD_PASSKEY and not (q.level == 3 and q.hard):
        return False
    return q.fresh or q.action not in JUST_SIGNED_IN


def _separated(q: Question) -> bool:
    """Duties that one person never holds together."""
    if q.role in ("auditor", "vendor") and q.action in CHANGES:
        return True
    if q.role == "patient" and q.action in CHANGES | (EVERYBODY - WITHOUT_SECOND_FACTOR):
        return True
    if q.role == "patient" and q.action in {
        "person.view",
        "authorisation.explain_person",
        "import.view",
        "break_glass.view",
    }:
        return True
    if q.mine and q.action in APPROVALS | {
        "assessment.approve",
        "import.apply",
        "administrator.approve",
        "break_glass.review",
    }:
        return True
    if q.mine and q.action in {"role.grant", "administrator.propose"}:
        return True
    if q.action == "role.grant" and q.role_asked in {"administrator", "patient"}:
        return True
    if q.action in {"administrator.propose", "administrator.approve"} and q.role_asked not in {
        "administrator",
        "patient",
    }:
        return True
    if q.role == "vendor" and q.kind == "Device" and not q.in_group:
        return True
    return q.action in ABOUT_PATIENTS and q.purpose == "HRESCH"


def _entitled(q: Question) -> bool:
    if q.action in EVERYBODY:
        return True
    if q.mine and q.action in {
        "import.view",
        "import.refuse",
        "acceptance.refuse",
        "break_glass.view",
        "break_glass.end",
    }:
        return True
    if q.mine and q.action in {"person.view", "authorisation.explain_person"}:
        return True
    if q.opened and q.kind == "Device" and q.action in OPENED_BY_BREAK_GLASS:
        return True
    if q.opened and q.kind == "Record" and q.action in {"record.list", "record.view"}:
        return True
    if q.role is None:
        return False
    if q.role == "patient":
        return q.mine and q.action in {"record.list", "record.view", "record.export", "access.list"}
    if q.role == "vendor":
        return q.in_group and q.action in READS_DEVICES | {"device.evidence"}
    if q.action == "break_glass.request":
        return q.role == "clinician" or (q.kind == "Device" and q.role in BREAKERS)
    if q.action in HOSPITAL_WIDE.get(q.role, set()):
        return q.hospital_wide
    if q.action in SOMEWHERE.get(q.role, set()):
        return True
    if q.kind == "Record" and q.purpose not in PURPOSES.get(q.role, set()):
        return False
    return q.covers and q.action in IN_PLACE[q.role]
