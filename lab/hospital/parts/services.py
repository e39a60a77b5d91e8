"""What any host of a hospital does: pages, certificates, SNMP, ssh, LLDP, time, files, printing."""

from __future__ import annotations

from datetime import timedelta

from lab import keeper, needs
from lab.hospital.network import Hospital
from lab.hospital.topology import Device
from lab.stage import MATERIAL

SHARE_USER = "staff"
PASSWORD = "lab-only"  # Nothing outside the recording has this password.
_NGINX = """
user root; daemon off; pid /run/nginx.pid; error_log stderr; worker_processes 1;
events {{}}
http {{
  access_log off; default_type text/html;
  client_body_temp_path /run/nginx-body; proxy_temp_path /run/nginx-proxy; fastcgi_temp_path /run/nginx-fcgi;
  uwsgi_temp_path /run/nginx-uwsgi; scgi_temp_path /run/nginx-scgi; client_max_body_size 20m;
  server {{ {listen} location / {{ {location} }} }}
}}
"""


_AUTHORITY = """
[ca]
default_ca = own
[own]
database = /run/ca/index.txt
new_certs_dir = /run/ca
serial = /run/ca/serial
default_md = sha256
policy = any
x509_extensions = server
[any]
organizationName = optional
commonName = supplied
[server]
basicConstraints = critical, CA:true
subjectKeyIdentifier = hash
subjectAltName = DNS:{name}, DNS:{short}
"""


def certificate(hospital: Hospital, device: Device) -> tuple[str, str]:
    """Makes a self-signed certificate for this recording alone; gives the paths of key and certificate inside."""
    key, chain = "/run/own.key", "/run/own.crt"
    name = hospital.full_name(device.name)
    # A recording tells of another day than that on which it is made: the certificate is a month old on its Monday.
    # Of openssl's commands only `ca` takes such a day.
    since = hospital.week_began - timedelta(days=30)
    host = hospital.hosts[device.name]
    host.write("/run/ca/index.txt", "")
    host.write("/run/ca/openssl.cnf", _AUTHORITY.format(name=name, short=device.name))
    subject = f"/O=Asepsis Lab Hospital/CN={name}"
    keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
    host.run(["openssl", "req", "-new", "-batch", *keys, "-out", "/run/ca/own.csr", "-subj", subject])
    days = ["-startdate", f"{since:%Y%m%d%H%M%SZ}", "-enddate", f"{since + timedelta(days=3650):%Y%m%d%H%M%SZ}"]
    argv = ["openssl", "ca", "-batch", "-notext", "-selfsign", "-create_serial", "-config", "/run/ca/openssl.cnf"]
    host.run([*argv, "-keyfile", key, "-in", "/run/ca/own.csr", "-out", chain, *days])
    return key, chain


def nginx(hospital: Hospital, device: Device, *, tls: bool, to: str = "", old: bool = False, folder: str = "") -> None:
    """Serves a page or ``folder``, or passes requests on to ``to``; over TLS with ``tls``, 1.2 alone with ``old``."""
    listen = "listen 80;"
    if tls:
        key, chain = certificate(hospital, device)
        versions = "TLSv1.2" if old else "TLSv1.2 TLSv1.3"
        listen = f"listen 443 ssl; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols {versions};"
    location = f"proxy_pass {to};" if to else f"root {folder or MATERIAL / 'portal'};"
    host = hospital.hosts[device.name]
    host.path("/var/lib/nginx").mkdir(parents=True, exist_ok=True)
    host.write("/run/nginx.conf", _NGINX.format(listen=listen, location=location))
    port, application = (443, "tls") if tls else (80, "http")
    argv = ["nginx", "-c", "/run/nginx.conf"]
    hospital.lasting(device.name, "serves pages", argv, port=port, application=application)


def lighttpd(hospital: Hospital, device: Device) -> None:
    """Serves a device's own page, as embedded devices do."""
    hospital.hosts[device.name].write(
        "/run/lighttpd.conf",
        f'server.document-root = "{MATERIAL / "pump"}"\nserver.port = 80\nindex-file.names = ( "index.html" )\n'
        'mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain" )\n',
    )
    argv = ["lighttpd", "-D", "-f", "/run/lighttpd.conf"]
    hospital.lasting(device.name, "serves its service page", argv, port=80, application="http")


def fetch(hospital: Hospital, client: str, url: str, server: str, *, program: str = "curl", body: str = "") -> None:
    """Reads a page or, with ``body``, posts it."""
    tls = url.startswith("https")
    if program == "curl":
        argv = ["curl", "-sS", "-k", "-o", "/dev/null", "--max-time", "20"]
        if body:
            argv += ["-H", "Content-Type: application/json", "--data", body]
        argv.append(url)
    else:
        argv = ["wget", "-q", "--no-check-certificate", "-O", "/dev/null", "-T", "20", "-t", "1", url]
    port = 443 if tls else 80
    what = "posts" if body else "reads a page"
    hospital.do(client, what, argv, server=server, port=port, application="tls" if tls else "http", timeout_seconds=40)


def snmp_agent(hospital: Hospital, device: Device, description: str, object_id: str) -> None:
    """Answers SNMP: v2c with a community that everybody knows, as in the field, and v3."""
    name = device.name
    # The view leaves out what describes the recording machine: its processor, disks and processes.
    hospital.hosts[name].write(
        "/run/snmpd.conf",
        "agentaddress udp:161\n"
        f"sysDescr {description}\nsysObjectID {object_id}\nsysName {name}\nsysLocation {device.segment}\n"
        "sysContact it@hospital.example\nsysServices 72\n"
        "view device included .1.3.6.1.2.1.1\nview device included .1.3.6.1.2.1.2\n"
        "rocommunity public default -V device\n",
    )
    argv = ["snmpd", "-f", "-LE", "3", "-C", "-c", "/run/snmpd.conf", "-p", "/run/snmpd.pid"]
    hospital.lasting(name, "answers SNMP", argv, port=161, transport="udp", application="snmp")


def snmp_read(hospital: Hospital, reader: str, target: str, description: str) -> None:
    """Reads description, object id, name and interfaces of an agent."""
    at = ["-v2c", "-c", "public", hospital.full_name(target)]
    numbers = [".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.1.5.0"]
    for argv in (["snmpget", *at, *numbers], ["snmpwalk", *at, ".1.3.6.1.2.1.2"]):
        hospital.do(reader, "reads what it is", argv, server=target, port=161, application="snmp")
    hospital.announces(target, "snmp.value.octets", description)


def lldp(hospital: Hospital, device: Device, description: str, *, bridge: bool = False) -> None:
    """Announces itself by LLDP, with the inventory of LLDP-MED."""
    host = hospital.hosts[device.name]
    host.path("/run/lldpd").mkdir(exist_ok=True)
    model = device.model
    fields = {"firmware-revision": model.firmware, "serial-number": device.serial, "model": model.model}
    fields["manufacturer"] = model.announced_vendor
    lines = [f'configure inventory {key} "{text}"' for key, text in fields.items() if text]
    if bridge:
        lines.append("configure system capabilities enabled bridge")
    host.write("/etc/lldpd.conf", "\n".join(["configure lldp tx-interval 20", *lines]) + "\n")
    argv = ["lldpd", "-d", "-k", "-M", "4" if bridge else "1", "-S", description, "-O", "/etc/lldpd.conf", "-I", "eth0"]
    hospital.lasting(device.name, "announces itself (LLDP)", argv, application="lldp")
    hospital.announces(device.name, "lldp.tlv.system.desc", description)
    for word, text in zip(("firmware", "sn", "model", "manufacturer"), fields.values(), strict=True):
        if text:
            hospital.announces(device.name, f"lldp.media.{word}", text)


def ssh_server(hospital: Hospital, device: Device, *, small: bool = False) -> None:
    """Lets its keeper in: OpenSSH, or dropbear with ``small``."""
    host = hospital.hosts[device.name]
    if small:
        host.path("/etc/dropbear").mkdir(exist_ok=True)
        argv = ["dropbear", "-F", "-E", "-R", "-p", "22"]
        hospital.lasting(device.name, "lets its keeper in", argv, port=22, application="ssh")
        return
    rules = "PermitRootLogin yes\nPasswordAuthentication yes\nMaxAuthTries 6\n"
    argv = keeper.ssh_server(host, device.name, hospital.scratch, rules=rules)
    hospital.lasting(device.name, "lets its keeper in", argv, port=22, application="ssh")
    upstream, debian = needs.package_versions()["openssh-server"].split(":")[-1].split("-", 1)
    hospital.says(device.name, ssh=f"SSH-2.0-OpenSSH_{upstream} Debian-{debian}")


def ssh_login(hospital: Hospital, client: str, target: str, command: str = "true", *, port: int = 22) -> None:
    """Logs in with the keeper's key and runs a command."""
    argv = keeper.ssh_login(hospital.scratch, hospital.full_name(target), command, port=port)
    hospital.do(client, "logs in", argv, server=target, port=port, application="ssh", timeout_seconds=40)
    if said := hospital.notes.get(target, {}).get("ssh"):
        hospital.announces(target, "ssh.protocol", said)


def time_server(hospital: Hospital, device: Device) -> None:
    """Gives the time (chrony, without touching the clock of the machine that records)."""
    hospital.hosts[device.name].write("/run/chrony.conf", "local stratum 8\nallow all\ncmdport 0\npidfile /run/c.pid\n")
    argv = ["chronyd", "-d", "-x", "-f", "/run/chrony.conf", "-u", "root"]
    hospital.lasting(device.name, "gives the time", argv, port=123, transport="udp", application="ntp")


def time_client(hospital: Hospital, device: Device) -> None:
    """Asks for the time, again and again; the clock stays untouched (-x)."""
    server = hospital.first("infrastructure_server")
    if server is None:
        return
    hospital.hosts[device.name].write(
        "/run/chrony.conf", f"server {server.ip} iburst minpoll 4 maxpoll 6\ncmdport 0\npidfile /run/c.pid\n"
    )
    argv = ["chronyd", "-d", "-x", "-f", "/run/chrony.conf", "-u", "root"]
    hospital.lasting(device.name, "asks for the time", argv, application="ntp")


def multicast_dns(hospital: Hospital, device: Device, kind: str, port: int, text: str) -> None:
    """Announces a service by multicast DNS (Avahi)."""
    name = device.name
    inside = hospital.hosts[name]
    inside.write(
        "/etc/avahi/services/lab.service",
        '<?xml version="1.0" standalone="no"?>\n<service-group><name>' + f"{device.model.model or name} {name}</name>\n"
        f"<service><type>{kind}</type><port>{port}</port><txt-record>{text}</txt-record></service>\n</service-group>\n",
    )
    inside.write(
        "/etc/avahi/avahi-daemon.conf",
        f"[server]\nhost-name={name}\nallow-interfaces=eth0\nenable-dbus=no\nuse-ipv6=no\n"
        "[publish]\npublish-hinfo=no\npublish-workstation=no\n",
    )
    argv = ["avahi-daemon", "--no-chroot", "--no-drop-root"]
    hospital.lasting(name, "announces itself (multicast DNS)", argv, application="mdns")
    hospital.announces(name, "dns.resp.name", f"{name}.local")


def file_server(hospital: Hospital, device: Device) -> None:
    """Shares files (Samba)."""
    inside = hospital.hosts[device.name]
    inside.path("/run/files").mkdir(exist_ok=True)
    inside.path("/run/files").chmod(0o777)
    for folder in ("private", "lock", "state", "cache", "pid"):
        inside.path(f"/run/samba/{folder}").mkdir(parents=True, exist_ok=True)
    inside.write(
        "/etc/samba/smb.conf",
        f"[global]\nworkgroup = HOSPITAL\nnetbios name = {device.name.upper()}\nserver string = Files\n"
        "server role = standalone server\n"
        "private dir = /run/samba/private\nlock directory = /run/samba/lock\nstate directory = /run/samba/state\n"
        "cache directory = /run/samba/cache\npid directory = /run/samba/pid\nlog file = /run/samba/log\n"
        "load printers = no\ndisable spoolss = yes\nmulticast dns register = no\n"
        "[files]\npath = /run/files\nread only = no\n",
    )
    with inside.path("/etc/passwd").open("a") as accounts:
        accounts.write(f"{SHARE_USER}:x:2001:100::/run:/usr/sbin/nologin\n")
    inside.run(["smbpasswd", "-s", "-a", SHARE_USER], stdin=f"{PASSWORD}\n{PASSWORD}\n")
    options = ["--foreground", "--no-process-group", "--debug-stdout"]
    hospital.lasting(device.name, "shares files", ["smbd", *options], port=445, application="smb")
    hospital.lasting(device.name, "announces its NetBIOS name", ["nmbd", *options], application="netbios")


def files(hospital: Hospital, client: str, server: str, commands: str) -> None:
    """Puts and gets files (smbclient)."""
    login = ["-U", f"{SHARE_USER}%{PASSWORD}", "-W", "HOSPITAL"]
    argv = ["smbclient", f"//{hospital.full_name(server)}/files", *login, "-c", commands]
    hospital.do(client, "puts and gets files", argv, server=server, port=445, application="smb", timeout_seconds=40)
