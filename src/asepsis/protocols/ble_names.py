"""The numbers of Bluetooth LE that are told by name (Bluetooth Core 5.4; Assigned Numbers, Bluetooth SIG)."""

from __future__ import annotations

from typing import Final

# Core 6.B.2.3, advertising physical channel PDUs.
ADVERTISING_PDUS: Final = {
    0: "ADV_IND",
    1: "ADV_DIRECT_IND",
    2: "ADV_NONCONN_IND",
    3: "SCAN_REQ",
    4: "SCAN_RSP",
    5: "CONNECT_IND",
    6: "ADV_SCAN_IND",
    7: "ADV_EXT_IND",
}

# Core 3.H.3.5.1, figure 3.3 and table 3.4.
IO_CAPABILITIES: Final = ("DisplayOnly", "DisplayYesNo", "KeyboardOnly", "NoInputNoOutput", "KeyboardDisplay")

# Assigned Numbers 3.8.1, and the members of ``Ble`` that the strings of the device information service fill.
DEVICE_INFORMATION: Final = {
    0x2A00: "name",
    0x2A24: "model",
    0x2A25: "serial",
    0x2A26: "firmware",
    0x2A27: "hardware",
    0x2A28: "software",
    0x2A29: "manufacturer",
}
APPEARANCE_CHARACTERISTIC: Final = 0x2A01

# Core 3.H.3.5.5, table 3.7.
PAIRING_FAILURES: Final = {
    1: "Passkey Entry Failed",
    2: "OOB Not Available",
    3: "Authentication Requirements",
    4: "Confirm Value Failed",
    5: "Pairing Not Supported",
    6: "Encryption Key Size",
    7: "Command Not Supported",
    8: "Unspecified Reason",
    9: "Repeated Attempts",
    10: "Invalid Parameters",
    11: "DHKey Check Failed",
    12: "Numeric Comparison Failed",
    13: "BR/EDR pairing in progress",
    14: "Cross-transport Key Derivation/Generation not allowed",
    15: "Key Rejected",
}

# Core 6.B.2.4.2, the version that LL_VERSION_IND tells (Assigned Numbers 2.1).
VERSIONS: Final = {
    6: "4.0",
    7: "4.1",
    8: "4.2",
    9: "5.0",
    10: "5.1",
    11: "5.2",
    12: "5.3",
    13: "5.4",
    14: "6.0",
}


def pairing_method(request: bytes | None, response: bytes) -> str:
    """How two devices prove to each other who they are (Core 3.H.2.3.5.1, tables 2.6 to 2.8).

    Args:
        request: The six bytes behind the opcode of Pairing Request: IO capability, OOB, AuthReq, ...; None if unseen.
        response: The same of Pairing Response.
    """
    if request is None:
        # One side without keys and display decides, unless the other has a key by another way.
        return "Just Works" if response[0] == 3 and response[1] == 0 and not response[2] & 0x08 else ""
    secure = request[2] & response[2] & 0x08
    out_of_band = (request[1] | response[1]) if secure else (request[1] & response[1])
    if out_of_band & 1:
        return "Out of Band"
    if not (request[2] | response[2]) & 0x04:
        return "Just Works"
    ours, theirs = request[0], response[0]
    if 3 in (ours, theirs) or max(ours, theirs) > 4:
        return "Just Works"
    if 2 in (ours, theirs):
        return "Passkey Entry"
    if 4 in (ours, theirs):
        return "Numeric Comparison" if secure and 0 not in (ours, theirs) else "Passkey Entry"
    return "Numeric Comparison" if secure and ours == theirs == 1 else "Just Works"
