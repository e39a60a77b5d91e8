"""Numbers of IEEE 11073-20601 and of the nomenclature ISO/IEEE 11073-10101 that personal health devices write.

Names are those of the standards without their prefix ``MDC_``; what stands in no table is told by its number.
"""

from __future__ import annotations

from typing import Final

# 20601 annex A.8: ApduType.
APDUS: Final = {0xE200: "AARQ", 0xE300: "AARE", 0xE400: "RLRQ", 0xE500: "RLRE", 0xE600: "ABRT", 0xE700: "PRST"}

# 20601 A.10.3: what the presentation APDU carries.
MESSAGES: Final = {
    0x0100: "roiv-cmip-event-report",
    0x0101: "roiv-cmip-confirmed-event-report",
    0x0103: "roiv-cmip-get",
    0x0104: "roiv-cmip-set",
    0x0105: "roiv-cmip-confirmed-set",
    0x0106: "roiv-cmip-action",
    0x0107: "roiv-cmip-confirmed-action",
    0x0201: "rors-cmip-confirmed-event-report",
    0x0203: "rors-cmip-get",
    0x0205: "rors-cmip-confirmed-set",
    0x0207: "rors-cmip-confirmed-action",
    0x0300: "roer",
    0x0400: "rorj",
}
# Agents report and answer, managers ask and confirm (20601 8.9): True where the agent sends it. Errors and rejections
# come from either.
FROM_AGENT: Final = {
    0x0100: True,
    0x0101: True,
    0x0103: False,
    0x0104: False,
    0x0105: False,
    0x0106: False,
    0x0107: False,
    0x0201: False,
    0x0203: True,
    0x0205: True,
    0x0207: True,
}

# 20601 A.8: AssociateResult, ReleaseRequestReason, ReleaseResponseReason, AbortReason.
ASSOCIATE_RESULTS: Final = (
    "accepted",
    "rejected-permanent",
    "rejected-transient",
    "accepted-unknown-config",
    "rejected-no-common-protocol",
    "rejected-no-common-parameter",
    "rejected-unknown",
    "rejected-unauthorized",
    "rejected-unsupported-assoc-version",
)
RELEASE_REASONS: Final = ("normal", "no-more-configurations", "configuration-changed")
ABORT_REASONS: Final = ("undefined", "buffer-overflow", "response-timeout", "configuration-timeout")
# 20601 A.10.3: ErrorResult, RejectResult.
ERRORS: Final = {
    1: "no-such-object-instance",
    2: "access-denied",
    9: "no-such-action",
    17: "invalid-object-instance",
    23: "protocol-violation",
    24: "not-allowed-by-object",
    25: "action-timed-out",
    26: "action-aborted",
}
REJECTIONS: Final = {
    0: "unrecognized-apdu",
    2: "badly-structured-apdu",
    101: "unrecognized-operation",
    103: "resource-limitation",
    303: "unexpected-error",
}
# 20601 A.11.5: ConfigResult.
CONFIG_RESULTS: Final = ("accepted-config", "unsupported-config", "standard-config-unknown")

# 20601 A.8: DataProtoId, EncodingRules, SystemType, ProtocolVersion.
PROTOCOL_20601 = 20601
ENCODINGS: Final = {0x8000: "MDER", 0x4000: "XER", 0x2000: "PER"}
SYSTEM_TYPES: Final = {0x80000000: "manager", 0x00800000: "agent"}
FUNCTIONAL_UNITS: Final = {
    0x80000000: "unidirectional",
    0x40000000: "test-capability",
    0x20000000: "test-association",
}

# 20601 A.11.5: ProdSpecEntry, spec-type.
SPECIFICATIONS: Final = {
    1: "serial_number",
    2: "part_number",
    3: "hardware_revision",
    4: "software_revision",
    5: "firmware_revision",
    6: "protocol_revision",
    7: "gmdn",
}

# 10101, partition 1 (object infrastructure): classes of objects.
CLASSES: Final = {
    4: "MOC_VMO_METRIC",
    5: "MOC_VMO_METRIC_ENUM",
    6: "MOC_VMO_METRIC_NU",
    9: "MOC_VMO_METRIC_SA_RT",
    16: "MOC_SCAN",
    17: "MOC_SCAN_CFG",
    18: "MOC_SCAN_CFG_EPI",
    19: "MOC_SCAN_CFG_PERI",
    37: "MOC_VMS_MDS_SIMP",
    61: "MOC_VMO_PMSTORE",
    62: "MOC_PM_SEGMENT",
}

NOTI_CONFIG = 3356
ACT_DATA_REQUEST = 3099
# 10101, partition 1: notifications and actions.
EVENTS: Final = {
    NOTI_CONFIG: "NOTI_CONFIG",
    3357: "NOTI_SCAN_REPORT_FIXED",
    3358: "NOTI_SCAN_REPORT_VAR",
    3359: "NOTI_SCAN_REPORT_MP_FIXED",
    3360: "NOTI_SCAN_REPORT_MP_VAR",
    3361: "NOTI_SEGMENT_DATA",
    3362: "NOTI_UNBUF_SCAN_REPORT_VAR",
    3363: "NOTI_UNBUF_SCAN_REPORT_FIXED",
    3364: "NOTI_UNBUF_SCAN_REPORT_GROUPED",
    3365: "NOTI_UNBUF_SCAN_REPORT_MP_VAR",
    3366: "NOTI_UNBUF_SCAN_REPORT_MP_FIXED",
    3367: "NOTI_UNBUF_SCAN_REPORT_MP_GROUPED",
    3368: "NOTI_BUF_SCAN_REPORT_VAR",
    3369: "NOTI_BUF_SCAN_REPORT_FIXED",
    3370: "NOTI_BUF_SCAN_REPORT_GROUPED",
    3371: "NOTI_BUF_SCAN_REPORT_MP_VAR",
    3372: "NOTI_BUF_SCAN_REPORT_MP_FIXED",
    3373: "NOTI_BUF_SCAN_REPORT_MP_GROUPED",
}
# Of the reports: how their observations are written, and whether they are kept apart by person.
_FORMS = ("VAR", "FIXED", "GROUPED")
REPORTS: Final = {
    number: (next(form for form in _FORMS if name.endswith(form)), "_MP_" in name)
    for number, name in EVENTS.items()
    if name.endswith(_FORMS)
}
ACTIONS: Final = {
    3084: "ACT_SEG_CLR",
    3085: "ACT_SEG_GET_INFO",
    3095: "ACT_SET_TIME",
    ACT_DATA_REQUEST: "ACT_DATA_REQUEST",
    3100: "ACT_SEG_TRIG_XFER",
}

# 10101, partition 1: attributes that are read.
ATTR_ID_MODEL = 2344
ATTR_ID_PROD_SPECN = 2349
ATTR_ID_TYPE = 2351
ATTR_SYS_ID = 2436
ATTR_SYS_TYPE = 2438
ATTR_DEV_CONFIG_ID = 2628
ATTR_MDS_TIME_INFO = 2629
ATTR_SYS_TYPE_SPEC_LIST = 2650
ATTR_POWER_STAT = 2389

# 10101 and the device specializations (IEEE 11073-104zz), partition 8 (infrastructure): what a device is.
SPECIALIZATIONS: Final = {
    4096: "DEV_SPEC_PROFILE_HYDRA",
    4100: "DEV_SPEC_PROFILE_PULS_OXIM",
    4102: "DEV_SPEC_PROFILE_MIN_ECG",
    4103: "DEV_SPEC_PROFILE_BP",
    4104: "DEV_SPEC_PROFILE_TEMP",
    4109: "DEV_SPEC_PROFILE_RESP_RATE",
    4111: "DEV_SPEC_PROFILE_SCALE",
    4113: "DEV_SPEC_PROFILE_GLUCOSE",
    4114: "DEV_SPEC_PROFILE_COAG",
    4115: "DEV_SPEC_PROFILE_INSULIN_PUMP",
    4116: "DEV_SPEC_PROFILE_BCA",
    4117: "DEV_SPEC_PROFILE_PEAK_FLOW",
    4118: "DEV_SPEC_PROFILE_URINE",
    4120: "DEV_SPEC_PROFILE_SABTE",
    4121: "DEV_SPEC_PROFILE_CGM",
    4124: "DEV_SPEC_PROFILE_PSM",
    4137: "DEV_SPEC_PROFILE_HF_CARDIO",
    4138: "DEV_SPEC_PROFILE_HF_STRENGTH",
    4167: "DEV_SPEC_PROFILE_AI_ACTIVITY_HUB",
    4168: "DEV_SPEC_PROFILE_AI_MED_MINDER",
    4200: "DEV_SUB_SPEC_PROFILE_STEP_COUNTER",
    4236: "DEV_SUB_SPEC_PROFILE_ECG",
    4237: "DEV_SUB_SPEC_PROFILE_HR",
}

PART_INFRA = 8
# 10101, partition 2 (physiological measurements), of the device specializations.
MEASUREMENTS: Final = {
    (2, 16770): "ECG_HEART_RATE",
    (2, 18458): "PULS_OXIM_PULS_RATE",
    (2, 18474): "PULS_RATE_NON_INV",
    (2, 18948): "PRESS_BLD_NONINV",
    (2, 18949): "PRESS_BLD_NONINV_SYS",
    (2, 18950): "PRESS_BLD_NONINV_DIA",
    (2, 18951): "PRESS_BLD_NONINV_MEAN",
    (2, 19292): "TEMP_BODY",
    (2, 19376): "PULS_OXIM_PERF_REL",
    (2, 19384): "PULS_OXIM_SAT_O2",
    (2, 29112): "CONC_GLU_CAPILLARY_WHOLEBLOOD",
    (2, 57664): "MASS_BODY_ACTUAL",
    (2, 57668): "LEN_BODY_ACTUAL",
    (2, 57676): "BODY_FAT",
    (2, 57680): "RATIO_MASS_BODY_LEN_SQ",
}
"""(partition, code) -> name."""

# 20601 A.11.5, ConfigId: 1 to 0x3FFF are standard configurations; the specialization IEEE 11073-104zz numbers its own
# from zz00 to zz99 (-10404: 0x0190, -10407: 0x02BC, -10415: 0x05DC). From 0x4000 on they are the maker's.
STANDARD_CONFIGURATIONS: Final = {
    4: 4100,
    6: 4102,
    7: 4103,
    8: 4104,
    15: 4111,
    17: 4113,
    18: 4114,
    20: 4116,
    21: 4117,
    72: 4168,
}


def named(table: dict[int, str] | tuple[str, ...], number: int) -> str:
    """The name of a number, or the number itself."""
    if isinstance(table, tuple):
        return table[number] if number < len(table) else str(number)
    return table.get(number) or str(number)


def measurement(partition: int, code: int) -> str:
    """``PULS_OXIM_SAT_O2``, or ``partition:code`` where the number has no name here."""
    return MEASUREMENTS.get((partition, code)) or f"{partition}:{code}"


def standard_specialization(config_id: int) -> str:
    """The specialization whose standard configuration a number is; "" where it is none, or not known here."""
    specialization = STANDARD_CONFIGURATIONS.get(config_id // 100)
    return "" if specialization is None else SPECIALIZATIONS[specialization]
