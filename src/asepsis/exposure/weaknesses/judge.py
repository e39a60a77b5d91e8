"""Judges what was seen: rows of ``posture`` and ``served`` and the devices in, weaknesses out.

Pure: no file, no clock. A message says more than a port: only what was recognised by content counts, but for contacts
to the internet and management from it, where the answered connection itself is the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from asepsis.devices.address import Reach, reach
from asepsis.devices.device import Device
from asepsis.exposure.message import Row, facts_of
from asepsis.exposure.weaknesses.kinds import KINDS
from asepsis.exposure.weaknesses.weakness import Seen, Weakness
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.support import support_of_ssh, support_of_system
from asepsis.knowledge.vocabulary import MEDICAL, Category

# Evidence of one weakness of one device: as many partners as a person reads. The count goes on beyond it.
EVIDENCE_LIMIT = 12

_OLD_TLS: Final = frozenset(("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"))
# RFC 9142 table 1 (MUST NOT, SHOULD NOT), RFC 8758 (RC4); single DES and CBC of the first years.
_WEAK_SSH: Final = frozenset(
    (
        *("diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1", "rsa1024-sha1", "ssh-dss"),
        *("arcfour", "arcfour128", "arcfour256", "des-cbc", "3des-cbc", "blowfish-cbc", "cast128-cbc", "none"),
        *("hmac-md5", "hmac-md5-96"),
    )
)
# What these say and take is bound to no name, password or certificate (MLLP, CLSI POCT1-A2, LIS2-A2, IEEE 11073-20701
# without TLS, Philips Data Export); DICOM may name its user, which is looked at.
_CLINICAL: Final = frozenset(("dicom", "hl7", "sdc", "astm", "poct1a", "intellivue", "phd", "ansar"))
_CONTROL: Final = frozenset(("modbus", "bacnet", "ethernet_ip"))
_CLEAR_LOGINS: Final = frozenset(("telnet", "ftp", "smtp"))
_MANAGEMENT: Final = {
    ("tcp", 22): "SSH",
    ("tcp", 23): "Telnet",
    ("tcp", 3389): "remote desktop",
    ("tcp", 5900): "VNC",
    ("tcp", 5985): "WinRM",
    ("tcp", 5986): "WinRM",
    ("udp", 161): "SNMP",
    ("udp", 623): "IPMI",
}
_MANAGING_APPLICATIONS: Final = {"ssh": "SSH", "telnet": "Telnet", "rdp": "remote desktop", "snmp": "SNMP"}
# Beside what takes part in care: what care stands on, and what nobody sits at.
_NOT_FOR_BROWSING: Final = MEDICAL | {
    *(Category.MEDICAL_GAS, Category.PNEUMATIC_TUBE, Category.BUILDING_CONTROLLER, Category.INDUSTRIAL_CONTROLLER),
    *(Category.UPS, Category.BADGE_DOOR, Category.TELEMEDICINE_CART, Category.SERIAL_SERVER),
}
_TRANSPORTS: Final = {6: "tcp", 17: "udp"}
_BROKEN_WIFI: Final = ("WEP", "WPA-Personal", "WPA-Enterprise")


def judge(
    posture: Iterable[Row], served: Iterable[Row], devices: Iterable[Device], *, now_ns: int
) -> tuple[Weakness, ...]:
    """Finds the weaknesses of all devices.

    Args:
        posture: Answers to the history's question ``posture``, as documents.
        served: Answers to its question ``served``, as documents.
        devices: The devices that the answers name.
        now_ns: The moment for which support is judged; certificates are judged by when they were shown.

    Returns:
        By device in the order of ``devices``, then by kind in the order of ``KINDS``.
    """
    judging = _Judging(devices, now_ns)
    for row in posture:
        judging.message(row)
    for row in served:
        judging.conversation(row)
    judging.agreements()
    judging.systems()
    return judging.found()


class _Judging:
    """Gathers evidence by device and kind."""

    def __init__(self, devices: Iterable[Device], now_ns: int) -> None:
        self._devices = {device.id: device for device in devices}
        self._of_mac = {(device.site, mac): device.id for device in self._devices.values() for mac in device.macs}
        self._today = datetime.fromtimestamp(now_ns // SECOND_NS, UTC).date()
        self._now_ns = now_ns
        self._seen: dict[tuple[str, str], dict[tuple[str, str, str], Seen]] = {}
        self._named_users: set[tuple[str, str]] = set()
        """Pairs of a DICOM server and a client that named its user."""
        self._mqtt_without_name: set[tuple[str, str]] = set()
        """Pairs of a broker and a client that connected without a name."""
        self._agreements: list[tuple[Row, str]] = []
        """Messages of SSH that agree on something weak, and the words for it."""
        self._ssh_pairs: set[tuple[str, str]] = set()
        """Addresses of an SSH server and its client."""

    # -- messages -------------------------------------------------------------------------------------------------

    def message(self, row: Row) -> None:
        facts = facts_of(row)
        source = row["source_device"] or self._of_mac.get((row["site"], row["source_mac"]), "")
        target = row["destination_device"] or self._of_mac.get((row["site"], row["destination_mac"]), "")
        if facts.get("patient_data_in_clear"):
            self._say("patient-data-in-clear", source, f"{row['kind']} with patient data", row, to_source=True)
        if facts.get("credentials_in_clear") or (row["protocol"] == "ldap" and facts.get("password")):
            self._say("credentials-in-clear", target or source, f"{row['kind']} with a password", row)
        if facts.get("default_credentials"):
            self._say("default-credentials", target, "a name and password that makers deliver", row)
        rule = _OF_PROTOCOL.get(row["protocol"])
        if rule is not None:
            rule(self, row, facts, source, target)

    def _tls(self, row: Row, facts: Row, source: str, _: str) -> None:
        if row["kind"] == "ServerHello" and _word(facts, "version") in _OLD_TLS:
            self._say("tls-below-1.2", source, f"it chose {facts['version']}", row, to_source=True)
        ends = _word(facts, "not_after")
        # Only what was still shown after its end: a certificate that has ended since may have been renewed.
        if row["kind"] == "Certificate" and ends and _ns(ends) < row["last_ns"]:
            self._say("certificate-expired", source, f"a certificate that ended {ends[:10]}", row, to_source=True)

    def _ssh(self, row: Row, facts: Row, source: str, _: str) -> None:
        if row["kind"] == "identification":
            software = " ".join(filter(None, (_word(facts, "software"), _word(facts, "comments"))))
            support = support_of_ssh(software)
            if support is not None and support.ends < self._today:
                words = f"{support.product}: support ended {support.ends}"
                self._say("ssh-out-of-support", source, words, row, to_source=True)
            if str(facts.get("protocol_version", "2.0")) not in ("2.0", "1.99"):
                self._say("ssh-weak", source, f"SSH version {facts['protocol_version']}", row, to_source=True)
        elif row["kind"] == "agreement":
            weak = sorted({str(chosen) for name, chosen in facts.items() if name != "compression"} & _WEAK_SSH)
            if weak:
                # Either side may have spoken last; who serves, and so can forbid it, is told by the conversations.
                self._agreements.append((row, f"agreed on {', '.join(weak)}"))

    def _smb(self, row: Row, facts: Row, source: str, target: str) -> None:
        if facts.get("version") == 1 and row["kind"] in ("NEGOTIATE response", "SESSION_SETUP response"):
            self._say("smb-version-1", source, "it answers SMB version 1", row, to_source=True)
        if facts.get("passwords_in_clear") or facts.get("password_in_clear"):
            asked = row["kind"].endswith("response")
            self._say("credentials-in-clear", source if asked else target or source, "SMB with passwords in clear", row)
        if facts.get("guest") and row["kind"] == "SESSION_SETUP response":
            self._say("anonymous-access", source, "a guest was let in", row, to_source=True)

    def _snmp(self, row: Row, facts: Row, source: str, _: str) -> None:
        if row["kind"] != "Response" or _word(facts, "version") not in ("v1", "v2c"):
            return
        self._say("snmp-unprotected", source, f"it answers SNMP {facts['version']}", row, to_source=True)
        if _word(facts, "community") in ("public", "private"):
            words = f"it answers the community that makers deliver ({facts['community']})"
            self._say("default-credentials", source, words, row, to_source=True)

    def _login(self, row: Row, facts: Row, source: str, target: str) -> None:
        if row["kind"] != "login":
            return
        # FTP's and SMTP's servers answer a login; of Telnet it is the client who is heard.
        server = (target or source) if row["protocol"] == "telnet" else (source or target)
        if facts.get("is_anonymous"):
            if facts.get("accepted"):
                self._say("anonymous-access", server, f"{row['protocol'].upper()} lets anonymous users in", row)
            return
        self._say("credentials-in-clear", server, f"a login by {row['protocol'].upper()}", row)

    def _mqtt(self, row: Row, facts: Row, source: str, target: str) -> None:
        if row["kind"] == "CONNECT" and not facts.get("user_name"):
            self._mqtt_without_name.add((target, source))
        elif row["kind"] == "CONNACK" and facts.get("code") == 0 and (source, target) in self._mqtt_without_name:
            self._say("anonymous-access", source, "MQTT takes clients without a name", row, to_source=True)

    def _rdp(self, row: Row, facts: Row, source: str, _: str) -> None:
        if row["kind"] == "Connection Confirm" and not facts.get("failure"):
            chosen = _words(facts, "security") or ["RDP"]
            if not any("CredSSP" in word or "AAD" in word or "RDSTLS" in word for word in chosen):
                self._say("rdp-without-nla", source, f"it chose {', '.join(chosen)}", row, to_source=True)

    def _opcua(self, row: Row, facts: Row, source: str, target: str) -> None:
        if facts.get("password_in_clear"):
            self._say("credentials-in-clear", target or source, "OPC UA with a password", row)

    def _wifi(self, row: Row, facts: Row, source: str, _: str) -> None:
        offered = _words(facts, "security")
        if not facts.get("access_point") or row["kind"] not in ("beacon", "probe response"):
            return
        device = self._of_mac.get((row["site"], _word(facts, "bssid") or _word(facts, "transmitter")), source)
        if "open" in offered:
            self._say("wifi-open", device, "it offers an open network", row, to_source=True)
        broken = [word for word in offered if word in _BROKEN_WIFI]
        if broken or "TKIP" in (*_words(facts, "ciphers"), _word(facts, "group_cipher")):
            self._say("wifi-weak", device, f"it offers {', '.join(broken) or 'TKIP'}", row, to_source=True)

    def _ble(self, row: Row, facts: Row, source: str, _: str) -> None:
        if row["kind"] == "Pairing Response" and facts.get("method") == "Just Works":
            # A capture inside a telephone (HCI) names the other end where the telephone itself answers.
            address = _word(facts, "address") or _word(facts, "peer")
            device = self._of_mac.get((row["site"], address), source)
            self._say("ble-pairing-unprotected", device, "paired by Just Works", row, to_source=True)

    def _dicom(self, row: Row, facts: Row, source: str, target: str) -> None:
        if facts.get("user_identity"):
            self._named_users.add((target, source))

    # -- conversations --------------------------------------------------------------------------------------------

    def conversation(self, row: Row) -> None:
        client, server = row["client_device"] or "", row["server_device"] or ""
        application = row["application"] if row["application_by"] == "content" else ""
        transport = _TRANSPORTS.get(row["ip_protocol"], "ip")
        shown = {**row, "protocol": application or transport, "count": row["conversations"]}
        if application == "ssh":
            self._ssh_pairs.add((row["server_ip"], row["client_ip"]))
        if application in _CLINICAL and (server, client) not in self._named_users:
            words = f"{application.upper()} without a sign-in"
            self._talk("service-without-authentication", server, words, row["client_ip"], client, shown)
        if application in _CONTROL:
            words = f"{application.upper()} without a sign-in"
            self._talk("control-without-authentication", server, words, row["client_ip"], client, shown)
        if application in ("telnet", "ftp"):
            self._talk(application, server, f"it answers {application.upper()}", row["client_ip"], client, shown)
        if not client and reach(row["client_ip"]) == Reach.PUBLIC:
            by_port = _MANAGEMENT.get((transport, row["server_port"]))
            if managed := _MANAGING_APPLICATIONS.get(application) or by_port:
                words = f"{managed} answered to an address of the internet"
                self._talk("management-from-internet", server, words, row["client_ip"], client, shown)
        if not server and reach(row["server_ip"]) == Reach.PUBLIC:
            device = self._devices.get(client)
            if device is not None and device.category in _NOT_FOR_BROWSING:
                words = f"it reached the internet at port {row['server_port']}"
                self._talk("internet-contact", client, words, row["server_ip"], "", shown)

    # -- devices --------------------------------------------------------------------------------------------------

    def agreements(self) -> None:
        """SSH servers that agreed on what must not be used."""
        for row, words in self._agreements:
            if (row["source_ip"], row["destination_ip"]) in self._ssh_pairs:
                self._say("ssh-weak", row["source_device"] or "", words, row, to_source=True)
            else:
                self._say("ssh-weak", row["destination_device"] or "", words, row)

    def systems(self) -> None:
        """Operating systems whose support has ended, by the evidence for the device's attribute."""
        for device in self._devices.values():
            support = None if device.os is None else support_of_system(device.os)
            if support is None or support.ends >= self._today:
                continue
            words = f"{support.product}: support ended {support.ends}"
            for reason in device.evidence:
                if reason.attribute == "os" and reason.value == device.os and reason.weight > 0:
                    times = {"first_ns": device.first_seen_ns, "last_ns": device.last_seen_ns, "count": 1}
                    where = {"protocol": reason.protocol, "capture": reason.capture, "packet": reason.packet}
                    self._talk("os-out-of-support", device.id, words, "", "", {**times, **where})

    # -- gathering ------------------------------------------------------------------------------------------------

    def _say(self, kind: str, device: str, what: str, row: Row, *, to_source: bool = False) -> None:
        """Notes a message against a device; ``to_source`` where the device is the one that sent it."""
        is_sender = to_source or device == row["source_device"]
        ip, other = ("destination_ip", "destination_device") if is_sender else ("source_ip", "source_device")
        self._talk(kind, device, what, row[ip], row[other] or "", {**row, "count": row["messages"]})

    def _talk(self, kind: str, device: str, what: str, partner_ip: str, partner: str, row: Row) -> None:
        if device not in self._devices:
            return
        seen = self._seen.setdefault((device, kind), {})
        key = (what, row["protocol"], partner or partner_ip)
        count, first_ns, last_ns = row["count"], row["first_ns"], row["last_ns"]
        capture, packet = row["capture"], row["packet"]
        earlier = seen.get(key)
        if earlier is not None:
            count += earlier.count
            last_ns = max(last_ns, earlier.last_ns)
            if earlier.first_ns <= first_ns:
                first_ns, capture, packet = earlier.first_ns, earlier.capture, earlier.packet
        seen[key] = Seen(
            what=what,
            protocol=row["protocol"],
            partner=partner or partner_ip,
            capture=capture,
            packet=packet,
            count=count,
            first_ns=first_ns,
            last_ns=last_ns,
        )

    def found(self) -> tuple[Weakness, ...]:
        """Everything, in order."""
        places = {device: place for place, device in enumerate(self._devices)}
        ranks = {kind: place for place, kind in enumerate(KINDS)}
        found = []
        for (device, kind), seen in sorted(
            self._seen.items(), key=lambda entry: (places[entry[0][0]], ranks[entry[0][1]])
        ):
            evidence = sorted(seen.values(), key=lambda one: (-one.count, one.first_ns, one.partner, one.what))
            found.append(
                Weakness(
                    device=device,
                    kind=KINDS[kind],
                    evidence=tuple(evidence[:EVIDENCE_LIMIT]),
                    count=sum(one.count for one in evidence),
                    first_ns=min(one.first_ns for one in evidence),
                    last_ns=max(one.last_ns for one in evidence),
                )
            )
        return tuple(found)


_Rule = Callable[[_Judging, Row, Row, str, str], None]
_OF_PROTOCOL: Final[dict[str, _Rule]] = {
    "tls": _Judging._tls,
    "ssh": _Judging._ssh,
    "smb": _Judging._smb,
    "snmp": _Judging._snmp,
    **dict.fromkeys(_CLEAR_LOGINS, _Judging._login),
    "mqtt": _Judging._mqtt,
    "rdp": _Judging._rdp,
    "opcua": _Judging._opcua,
    "wifi": _Judging._wifi,
    "ble": _Judging._ble,
    "hci": _Judging._ble,
    "dicom": _Judging._dicom,
}


def _word(facts: Row, name: str) -> str:
    word = facts.get(name)
    return word if isinstance(word, str) else ""


def _words(facts: Row, name: str) -> list[str]:
    words = facts.get(name)
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _ns(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp()) * SECOND_NS
    except (ValueError, OverflowError):
        return 1 << 62  # what cannot be read has not ended
