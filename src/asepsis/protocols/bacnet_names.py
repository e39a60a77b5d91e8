"""The numbers of BACnet (ASHRAE 135) that are told by name: services, objects, properties, messages of each layer."""

from __future__ import annotations

from typing import Final

# ASHRAE 135 annex J.2, annex U.2.
BVLC_FUNCTIONS: Final = {
    0: "BVLC-Result",
    1: "Write-Broadcast-Distribution-Table",
    2: "Read-Broadcast-Distribution-Table",
    3: "Read-Broadcast-Distribution-Table-Ack",
    4: "Forwarded-NPDU",
    5: "Register-Foreign-Device",
    6: "Read-Foreign-Device-Table",
    7: "Read-Foreign-Device-Table-Ack",
    8: "Delete-Foreign-Device-Table-Entry",
    9: "Distribute-Broadcast-To-Network",
    10: "Original-Unicast-NPDU",
    11: "Original-Broadcast-NPDU",
    12: "Secure-BVLL",
}

# ASHRAE 135 6.2.4.
NETWORK_MESSAGES: Final = {
    0: "Who-Is-Router-To-Network",
    1: "I-Am-Router-To-Network",
    2: "I-Could-Be-Router-To-Network",
    3: "Reject-Message-To-Network",
    4: "Router-Busy-To-Network",
    5: "Router-Available-To-Network",
    6: "Initialize-Routing-Table",
    7: "Initialize-Routing-Table-Ack",
    8: "Establish-Connection-To-Network",
    9: "Disconnect-Connection-To-Network",
    18: "What-Is-Network-Number",
    19: "Network-Number-Is",
}

# ASHRAE 135 21, BACnetConfirmedServiceChoice.
CONFIRMED_SERVICES: Final = (
    "AcknowledgeAlarm",
    "ConfirmedCOVNotification",
    "ConfirmedEventNotification",
    "GetAlarmSummary",
    "GetEnrollmentSummary",
    "SubscribeCOV",
    "AtomicReadFile",
    "AtomicWriteFile",
    "AddListElement",
    "RemoveListElement",
    "CreateObject",
    "DeleteObject",
    "ReadProperty",
    "ReadPropertyConditional",
    "ReadPropertyMultiple",
    "WriteProperty",
    "WritePropertyMultiple",
    "DeviceCommunicationControl",
    "ConfirmedPrivateTransfer",
    "ConfirmedTextMessage",
    "ReinitializeDevice",
    "VT-Open",
    "VT-Close",
    "VT-Data",
    "Authenticate",
    "RequestKey",
    "ReadRange",
    "LifeSafetyOperation",
    "SubscribeCOVProperty",
    "GetEventInformation",
    "SubscribeCOVPropertyMultiple",
    "ConfirmedCOVNotificationMultiple",
)

# ASHRAE 135 21, BACnetUnconfirmedServiceChoice.
UNCONFIRMED_SERVICES: Final = (
    "I-Am",
    "I-Have",
    "UnconfirmedCOVNotification",
    "UnconfirmedEventNotification",
    "UnconfirmedPrivateTransfer",
    "UnconfirmedTextMessage",
    "TimeSynchronization",
    "Who-Has",
    "Who-Is",
    "UTCTimeSynchronization",
    "WriteGroup",
    "UnconfirmedCOVNotificationMultiple",
)

# ASHRAE 135 21, BACnetObjectType.
OBJECT_TYPES: Final = (
    "analog-input",
    "analog-output",
    "analog-value",
    "binary-input",
    "binary-output",
    "binary-value",
    "calendar",
    "command",
    "device",
    "event-enrollment",
    "file",
    "group",
    "loop",
    "multi-state-input",
    "multi-state-output",
    "notification-class",
    "program",
    "schedule",
    "averaging",
    "multi-state-value",
    "trend-log",
    "life-safety-point",
    "life-safety-zone",
    "accumulator",
    "pulse-converter",
)

# ASHRAE 135 21, BACnetPropertyIdentifier: those that say what a device is, and those most often read.
PROPERTIES: Final = {
    8: "all",
    12: "application-software-version",
    28: "description",
    44: "firmware-revision",
    58: "location",
    62: "max-apdu-length-accepted",
    70: "model-name",
    75: "object-identifier",
    76: "object-list",
    77: "object-name",
    79: "object-type",
    85: "present-value",
    87: "priority-array",
    96: "protocol-object-types-supported",
    97: "protocol-services-supported",
    98: "protocol-version",
    107: "segmentation-supported",
    111: "status-flags",
    112: "system-status",
    120: "vendor-identifier",
    121: "vendor-name",
    139: "protocol-revision",
    372: "serial-number",
}

# The properties of a device object that are kept, and the members of ``Bacnet`` that they fill.
IDENTIFYING: Final = {
    12: "application_software",
    28: "description",
    44: "firmware_revision",
    58: "location",
    70: "model_name",
    77: "object_name",
    121: "vendor_name",
    372: "serial_number",
}
