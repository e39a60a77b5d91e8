"""The registrar of the telephones (Kamailio)."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.topology import Device

CATEGORY = "server"
START = 1


def start(hospital: Hospital, device: Device) -> None:
    """Starts the registrar: everybody may register, nothing is routed outside."""
    hospital.hosts[device.name].write("/run/kamailio.cfg", _CONFIGURATION)
    argv = [
        "kamailio",
        "-DD",
        "-E",
        "-f",
        "/run/kamailio.cfg",
        "-l",
        f"udp:{device.ip}:5060",
        "-m",
        "32",
        "-M",
        "8",
        "-P",
        "/run/kamailio.pid",
        "-Y",
        "/run",
    ]
    hospital.lasting(device.name, "registers telephones", argv, port=5060, transport="udp", application="sip")


_CONFIGURATION = """
debug=0
log_stderror=yes
children=2
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "rr.so"
modparam("usrloc", "db_mode", 0)
request_route {
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
"""
