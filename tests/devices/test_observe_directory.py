"""What directories, remote desktops, calls and small things say of a device."""

from __future__ import annotations

import pytest

from asepsis.protocols.coap import Coap
from asepsis.protocols.kerberos import Kerberos
from asepsis.protocols.ldap import Ldap
from asepsis.protocols.message import Message
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.rdp import RdpClient, RdpConnection
from asepsis.protocols.rtsp import Rtsp
from asepsis.protocols.sip import Sip
from tests.devices.ward import MONITOR, PC, by_ip, devices, one, said, sighting

ROOT = (("dns_host", "dc1.ward.example"), ("controller_level", "Windows Server 2016"))
ASKS = (("workstation", "CT-1"),)
NTLM = Ntlm(kind="NEGOTIATE", names=(("workstation", "CT-1"),), os_version="", user=False, version_1=False)


def sip(kind: str, agent: str = "", *, server: str = "", method: str = "", forwarded: bool = False) -> Sip:
    return Sip(kind=kind, sender_is_server=None, user_agent=agent, server=server, method=method, forwarded=forwarded)


def rtsp(kind: str, *, server: str = "", realm: str = "") -> Rtsp:
    return Rtsp(kind=kind, sender_is_server=None, server=server, realm=realm)


@pytest.mark.parametrize(
    ("message", "attribute", "value"),
    [
        (Kerberos(kind="AS-REQ", client="CT-1$"), "name", "CT-1"),
        (Kerberos(kind="AS-REQ", client="host/ct-1.ward.example"), "name", "ct-1"),
        (Kerberos(kind="AS-REQ", person=True, workstation="CT-1"), "name", "CT-1"),
        (Kerberos(kind="KRB-ERROR", error="KDC_ERR_PREAUTH_REQUIRED"), "role", "directory_server"),
        (
            Ldap(kind="searchRequest", sender_is_server=False, ping=True, names=(("workstation", "CT-1"),)),
            "name",
            "CT-1",
        ),
        (Ldap(kind="bindRequest", sender_is_server=False, ntlm=NTLM), "name", "CT-1"),
        (Ldap(kind="searchResEntry", sender_is_server=True, root=True, names=ROOT), "name", "dc1"),
        (
            Ldap(kind="searchResEntry", sender_is_server=True, root=True, names=ROOT),
            "os",
            "Windows Server 2016, 2019 or 2022",
        ),
        (Ldap(kind="searchResDone", sender_is_server=True), "role", "directory_server"),
        (RdpConnection(kind="Connection Confirm", security=("TLS",)), "role", "remote_login_server"),
        (RdpClient(client_name="CT-1", build=2600, version="8.4", keyboard_layout="0x0409"), "os", "Windows XP"),
        (sip("REGISTER", "Yealink SIP-T46S 66.84.0.15"), "vendor", "Yealink"),
        (sip("REGISTER", "Yealink SIP-T46S 66.84.0.15"), "role", "voice_endpoint"),
        (sip("INVITE", "PolycomVVX-VVX_410-UA/5.5.1"), "model", "VVX"),
        (sip("200", server="Asterisk PBX 16.2.1", method="REGISTER"), "category", "server"),
        (rtsp("200", server="Dahua Rtsp Server"), "category", "camera"),
        (rtsp("401", realm="IP Camera(D7423)"), "category", "camera"),
        (rtsp("200", server="VLC/3.0.12"), "role", "video_server"),
        (Coap(kind="POST", sender_is_server=False, endpoint="node-1"), "name", "node-1"),
        (Coap(kind="2.05", sender_is_server=True, resources=(("/oic/res", ""),)), "category", "smart_home"),
    ],
)
def test_a_message_tells(message: Message, attribute: str, value: str) -> None:
    device = one(sighting(message, PC, "10.0.0.7", to_ip="10.0.0.255"))
    assert (value, message.PROTOCOL) in said(device, attribute)


def test_a_person_gives_a_machine_no_name() -> None:
    device = one(sighting(Kerberos(kind="TGS-REP", person=True), PC, "10.0.0.7"))
    assert said(device, "name") == set()


def test_a_controller_names_the_machine_that_it_answers() -> None:
    found = devices(
        sighting(Kerberos(kind="TGS-REQ"), MONITOR, "10.0.0.8", to_mac=PC, to_ip="10.0.0.7"),
        sighting(Kerberos(kind="TGS-REP", client="CT-1$"), PC, "10.0.0.7", to_mac=MONITOR, to_ip="10.0.0.8"),
    )
    assert said(by_ip(found, "10.0.0.8"), "name") == {("CT-1", "kerberos")}


def test_an_exchange_is_no_telephone_because_it_passes_on_what_one_says() -> None:
    device = one(sighting(sip("REGISTER", "Yealink SIP-T46S 66.84.0.15", forwarded=True), PC, "10.0.0.7"))
    assert {protocol for _, protocol in said(device, "vendor") | said(device, "category")} <= {"vendor prefix"}


def test_samba_is_not_called_windows() -> None:
    names = (*ROOT, ("vendor", "Samba Team (https://www.samba.org)"))
    device = one(sighting(Ldap(kind="searchResEntry", sender_is_server=True, names=names), PC, "10.0.0.7"))
    assert said(device, "os") == set()
