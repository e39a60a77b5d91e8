"""The story of everything else on a ward: web pages, certificates, SNMP, ssh, file shares, multicast DNS."""

from __future__ import annotations

from lab import keeper, needs
from lab.hosts import DOMAIN
from lab.ward import MATERIAL, Ward

_SITE = """
user root; daemon off; pid /run/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off; default_type text/html;
  server {{ {listen} root {root}; }}
}}
"""
DESCRIPTIONS = {
    "wband2": "ZTC ZD510-HC, wristband printer, firmware V84.20.18Z",
    "sw1": "HP J9773A 2530-24G-PoEP Switch, revision YA.16.10.0016",
}
"""What the hosts answer for sysDescr (RFC 3418)."""
SHARE_USER, SHARE_PASSWORD = "radiology", "lab-only"  # Nothing outside the recording has this password.


def servers(ward: Ward) -> None:
    """Starts what the hosts serve."""
    if ward.has("ris1"):
        _nginx(ward, "ris1", "listen 80;", "portal", 80, "http")
    if ward.has("pacs1"):
        _nginx(ward, "pacs1", _certificate(ward, "pacs1", "TLSv1.2 TLSv1.3"), "portal", 443, "tls")
    if ward.has("wband2"):
        # TLS 1.2 alone: its certificate goes over the wire in clear (RFC 5246 7.4.2), as old devices do.
        _nginx(ward, "wband2", f"listen 80; {_certificate(ward, 'wband2', 'TLSv1.2')}", "printer", 80, "http")
        _snmpd(ward, "wband2", "1.3.6.1.4.1.10642.1.1", "Ward 4, nurses' station")
        service = _SERVICE.format(
            name="Wristband printer wband2", type="_pdl-datastream._tcp", port=9100, text="ty=ZD510-HC"
        )
        _avahi(ward, "wband2", service, "_pdl-datastream._tcp.local")
    if ward.has("sw1"):
        _snmpd(ward, "sw1", "1.3.6.1.4.1.11.2.3.7.11.152", "Ward 4, cabinet")
    if ward.has("pump-0117"):
        argv = ["/usr/bin/python3", "-m", "http.server", "80", "--directory", str(MATERIAL / "pump")]
        ward.serve("pump-0117", "serves its service page", argv, port=80, application="http")
        if ward.has("admin1"):
            ward.announces("pump-0117", "http.server", f"SimpleHTTP/0.6 Python/{needs.upstream('python3')}")
    for host in ("gw", "pacs1"):
        if ward.has(host):
            _sshd(ward, host)
    if ward.has("nas1"):
        _samba(ward)


def errands(ward: Ward) -> None:
    """What people do: pages, files, a look at the printer, a session on the archive."""
    _fetch(ward, "readws1", "curl", "http://ris1/", "ris1", 80)
    _fetch(ward, "readws1", "curl", "https://pacs1/", "pacs1", 443)
    _fetch(ward, "admin1", "wget", "http://pump-0117/", "pump-0117", 80)
    _fetch(ward, "admin1", "wget", "http://pump-0117/status.txt", "pump-0117", 80)
    _fetch(ward, "admin1", "wget", "https://wband2/", "wband2", 443)
    _fetch(ward, "admin1", "curl", f"http://wband2.{DOMAIN}/", "wband2", 80)
    _fetch(ward, "visitor", "curl", f"http://ris1.{DOMAIN}/", "ris1", 80)
    for target in ("wband2", "sw1"):
        if ward.has("admin1", target):
            _snmp(ward, target)
    for target in ("pacs1", "gw"):
        if ward.has("admin1", target):
            _ssh(ward, target)
    if ward.has("readws1", "nas1"):
        login = ["-U", f"{SHARE_USER}%{SHARE_PASSWORD}", "-W", "WARD"]
        file = str(MATERIAL / "pump" / "status.txt")
        argv = ["smbclient", "//nas1/images", *login, "-c", f"put {file} note.txt; ls; get note.txt /dev/null"]
        ward.do("readws1", "puts and gets a file", argv, server="nas1", port=445, application="smb")
        ward.announces("readws1", "ntlmssp.auth.username", SHARE_USER)
        # smbclient's NetBIOS name is the host name in capitals (smb.conf: netbios name).
        ward.announces("readws1", "ntlmssp.auth.hostname", "READWS1")


def _fetch(ward: Ward, host: str, program: str, url: str, server: str, port: int) -> None:
    if not ward.has(host, server):
        return
    options = {
        "curl": ["-sS", "--fail", "-k", "-o", "/dev/null"],
        "wget": ["-q", "--no-check-certificate", "-O", "/dev/null"],
    }
    application = "tls" if url.startswith("https") else "http"
    argv = [program, *options[program], url]
    ward.do(host, "reads a page", argv, server=server, port=port, application=application)
    if application == "http":
        agent = {"curl": f"curl/{needs.upstream('curl')}", "wget": f"Wget/{needs.upstream('wget')}"}[program]
        ward.announces(host, "http.user_agent", agent)
        if server != "pump-0117":
            ward.announces(server, "http.server", f"nginx/{needs.upstream('nginx')}")
    elif server == "wband2":
        ward.announces(server, "x509sat.uTF8String", f"{server}.{DOMAIN}")


def _certificate(ward: Ward, host: str, protocols: str) -> str:
    """Makes a self-signed certificate for this recording and gives nginx's lines for it."""
    key, certificate = f"/run/{host}.key", f"/run/{host}.crt"
    name = f"{host}.{DOMAIN}"
    ward.hosts[host].run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"),
            *("-keyout", key, "-out", certificate, "-subj", f"/O=Asepsis Lab Hospital/CN={name}"),
            *("-addext", f"subjectAltName=DNS:{name},DNS:{host}"),
        ]
    )
    return f"listen 443 ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols {protocols};"


def _nginx(ward: Ward, host: str, listen: str, folder: str, port: int, application: str) -> None:
    ward.hosts[host].path("/var/lib/nginx").mkdir(parents=True, exist_ok=True)
    ward.hosts[host].write("/run/nginx.conf", _SITE.format(listen=listen, root=MATERIAL / folder))
    ward.serve(host, "serves pages", ["nginx", "-c", "/run/nginx.conf"], port=port, application=application)


def _snmpd(ward: Ward, host: str, object_id: str, location: str) -> None:
    # The view leaves out what describes the recording machine: its processor, disks and processes.
    ward.hosts[host].write(
        "/run/snmpd.conf",
        "agentaddress udp:161\n"
        f"sysDescr {DESCRIPTIONS[host]}\nsysObjectID {object_id}\nsysName {host}\nsysLocation {location}\n"
        "sysContact it@ward.example\nsysServices 72\n"
        "view device included .1.3.6.1.2.1.1\nview device included .1.3.6.1.2.1.2\n"
        "rocommunity public default -V device\n"
        "createUser labkeeper SHA lab-only-auth AES lab-only-priv\nrouser labkeeper priv -V device\n",
    )
    argv = ["snmpd", "-f", "-LE", "3", "-C", "-c", "/run/snmpd.conf", "-p", "/run/snmpd.pid"]
    ward.serve(host, "answers SNMP", argv, port=161, transport="udp", application="snmp")


def _snmp(ward: Ward, target: str) -> None:
    v2 = ["-v2c", "-c", "public", target]
    v3 = [
        "-v3",
        "-l",
        "authPriv",
        "-u",
        "labkeeper",
        "-a",
        "SHA",
        "-A",
        "lab-only-auth",
        "-x",
        "AES",
        "-X",
        "lab-only-priv",
    ]
    for what, argv in (
        ("reads what it is", ["snmpget", *v2, ".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.1.5.0"]),
        ("walks its interfaces", ["snmpwalk", *v2, ".1.3.6.1.2.1.2"]),
        ("reads its name, encrypted", ["snmpget", *v3, target, ".1.3.6.1.2.1.1.5.0"]),
    ):
        ward.do("admin1", what, argv, server=target, port=161, application="snmp")
    ward.announces(target, "snmp.value.octets", DESCRIPTIONS[target])
    ward.announces(target, "snmp.value.octets", target)


def _sshd(ward: Ward, host: str) -> None:
    rules = "PermitRootLogin prohibit-password\n"
    argv = keeper.ssh_server(ward.hosts[host], host, ward.scratch, kinds=("ed25519", "rsa"), rules=rules)
    ward.serve(host, "lets its keeper in", argv, port=22, application="ssh")


def _ssh(ward: Ward, target: str) -> None:
    argv = keeper.ssh_login(ward.scratch, target, "true")
    ward.do("admin1", "logs in", argv, server=target, port=22, application="ssh")
    release = needs.package_versions()["openssh-server"].split(":")[-1]
    upstream, debian = release.split("-", 1)
    ward.announces(target, "ssh.protocol", f"SSH-2.0-OpenSSH_{upstream} Debian-{debian}")


def _samba(ward: Ward) -> None:
    inside = ward.hosts["nas1"]
    inside.path("/run/images").mkdir(exist_ok=True)
    inside.path("/run/images").chmod(0o777)
    for folder in ("private", "lock", "state", "cache", "pid"):
        inside.path(f"/run/samba/{folder}").mkdir(parents=True, exist_ok=True)
    inside.write(
        "/etc/samba/smb.conf",
        "[global]\nworkgroup = WARD\nnetbios name = NAS1\nserver string = Image share\n"
        "server role = standalone server\n"
        "private dir = /run/samba/private\nlock directory = /run/samba/lock\nstate directory = /run/samba/state\n"
        "cache directory = /run/samba/cache\npid directory = /run/samba/pid\nlog file = /run/samba/log\n"
        "load printers = no\ndisable spoolss = yes\nmulticast dns register = no\n"
        "[images]\npath = /run/images\nread only = no\n",
    )
    with inside.path("/etc/passwd").open("a") as accounts:
        accounts.write(f"{SHARE_USER}:x:2001:100::/run:/usr/sbin/nologin\n")
    inside.run(["smbpasswd", "-s", "-a", SHARE_USER], stdin=f"{SHARE_PASSWORD}\n{SHARE_PASSWORD}\n")
    options = ["--foreground", "--no-process-group", "--debug-stdout"]
    ward.serve("nas1", "shares files", ["smbd", *options], port=445, application="smb")
    ward.serve("nas1", "announces its NetBIOS name", ["nmbd", *options], application="netbios")
    ward.announces("nas1", "nbns.name", "NAS1<20> (Server service)")
    service = _SERVICE.format(name="nas1", type="_smb._tcp", port=445, text="model=LabStation")
    _avahi(ward, "nas1", service, "_smb._tcp.local")


_SERVICE = """<?xml version="1.0" standalone="no"?>
<service-group><name>{name}</name>
<service><type>{type}</type><port>{port}</port><txt-record>{text}</txt-record></service>
</service-group>
"""


def _avahi(ward: Ward, host: str, service: str, announced: str) -> None:
    inside = ward.hosts[host]
    inside.write("/etc/avahi/services/lab.service", service)
    inside.write(
        "/etc/avahi/avahi-daemon.conf",
        f"[server]\nhost-name={host}\nallow-interfaces=eth0\nenable-dbus=no\n"
        "[publish]\npublish-hinfo=no\npublish-workstation=no\n",
    )
    ward.serve(
        host, "announces itself (multicast DNS)", ["avahi-daemon", "--no-chroot", "--no-drop-root"], application="mdns"
    )
    ward.announces(host, "dns.resp.name", f"{host}.local")
    ward.announces(host, "dns.resp.name", announced)
