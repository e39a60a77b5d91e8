"""What data are asked for, said by what somebody does and in which role: nobody is asked at every click.

Codes of HL7 v3 PurposeOfUse. An act that is of one kind alone (reading the ledger, giving a role) says its
purpose itself; what many do for different reasons (looking at a device) is said by the role that lets them.
"""

from __future__ import annotations

from typing import Final

from asepsis.web.authorisation.actions import Action, Purpose, Role
from asepsis.web.authorisation.facts import Subject

_COMPLIANCE: Final = (
    Action.LEDGER_VIEW,
    Action.LEDGER_EXPORT,
    Action.LEDGER_VERIFY,
    Action.EXPLAIN_PERSON,
    Action.BREAK_GLASS_VIEW,
    Action.BREAK_GLASS_REVIEW,
)
_ADMINISTRATION: Final = (
    Action.PERSON_INVITE,
    Action.PERSON_MANAGE,
    Action.ROLE_GRANT,
    Action.ROLE_WITHDRAW,
    Action.ADMINISTRATOR_PROPOSE,
    Action.ADMINISTRATOR_APPROVE,
    Action.TOKEN_VIEW,
    Action.TOKEN_MANAGE,
    Action.SETTINGS_VIEW,
    Action.SETTINGS_CHANGE,
    Action.FACILITY_MANAGE,
    Action.WEBHOOK_MANAGE,
    Action.HEALTH_VIEW,
    Action.JOB_MANAGE,
)
BY_ACTION: Final = {
    **dict.fromkeys(_COMPLIANCE, Purpose.COMPLIANCE),
    **dict.fromkeys(_ADMINISTRATION, Purpose.SYSTEM_ADMINISTRATION),
    Action.BREAK_GLASS: Purpose.BREAK_THE_GLASS,
    Action.BREAK_GLASS_END: Purpose.BREAK_THE_GLASS,
    Action.ACCESS_LIST: Purpose.PATIENT_REQUESTED,
}
"""Acts that are done for one purpose, whoever does them."""

PATIENTS: Final = frozenset({Action.RECORD_LIST, Action.RECORD_VIEW, Action.RECORD_EXPORT})
OPERATIONS: Final = frozenset({Role.CLINICAL_ENGINEER, Role.SECURITY_ANALYST, Role.NETWORK_ENGINEER})


def purpose_of(action: Action, subject: Subject, device: str = "") -> Purpose:
    """What the act is for.

    Args:
        action: What is done.
        subject: Who does it, with what is in force now.
        device: The device it is done to, where it is one.
    """
    if device and any(glass.device == device for glass in subject.break_glass):
        # The person has said why, in words, for this device.
        return Purpose.BREAK_THE_GLASS
    if action in BY_ACTION:
        return BY_ACTION[action]
    roles = {grant.role for grant in subject.grants}
    if action in PATIENTS:
        # A privacy officer looks at a patient's data when somebody has asked or complained, never by the way.
        if Role.CLINICIAN in roles:
            return Purpose.TREATMENT
        return Purpose.COMPLIANCE if Role.PRIVACY_OFFICER in roles else Purpose.PATIENT_REQUESTED
    if roles & OPERATIONS or subject.vendor is not None:
        return Purpose.HEALTHCARE_OPERATIONS
    if Role.CLINICIAN in roles:
        return Purpose.CARE_MANAGEMENT
    if roles & {Role.PRIVACY_OFFICER, Role.AUDITOR}:
        return Purpose.COMPLIANCE
    if Role.ADMINISTRATOR in roles:
        return Purpose.SYSTEM_ADMINISTRATION
    return Purpose.HEALTHCARE_OPERATIONS
