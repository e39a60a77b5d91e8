"""Zeek's logs become conversations, messages and devices; what is broken is named and stops nothing else."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from asepsis.history import Selection
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.imports import import_zeek
from asepsis.pipeline.imports_fields import FieldError, Fields
from asepsis.pipeline.imports_intake import Intake
from asepsis.pipeline.imports_report import ImportReport
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.report import Progress
from asepsis.pipeline.workspace import Workspace
from asepsis.pipeline.zeek import TAKERS
from tests.pipeline.zeek_logs import RECORDS, Record, json_lines, tsv, write

START_NS = 1_700_049_600_000_000_000
Document = dict[str, Any]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.resolve(tmp_path / "workspace")


def take(path: Path, workspace: Workspace) -> ImportReport:
    return import_zeek(path, workspace=workspace, site="north")


def conversations(workspace: Workspace) -> list[Document]:
    with workspace.history().reader() as reader:
        return list(reader.ask("conversation-details").documents())


def messages(workspace: Workspace, protocol: str | None = None) -> list[Document]:
    with workspace.history().reader() as reader:
        found = list(reader.messages(Selection(protocol=protocol)).documents())
    for row in found:
        row["facts"] = json.loads(row["facts"])
    return found


def record(kind: str, **changed: object) -> Record:
    return {**RECORDS[kind], **{name.replace("__", "."): content for name, content in changed.items()}}


def test_a_connection_becomes_a_conversation_of_its_originator(tmp_path: Path, workspace: Workspace) -> None:
    report = take(write(tmp_path, "conn", RECORDS["conn"]), workspace)
    assert report.document()["logs"][0] | {"path": ""} == {
        "path": "",
        "kind": "zeek conn",
        "records": 1,
        "known": 0,
        "taken": 1,
        "passed_over": {},
        "broken": 0,
        "faults": [],
        "conversations": 1,
        "messages": {},
        "error": None,
        "already_imported": False,
    }
    (row,) = conversations(workspace)
    capture = row.pop("capture")
    assert len(capture) == 64
    assert row == {
        "start_ns": START_NS + 123_456_000,
        "end_ns": START_NS + 1_623_456_000,
        "client_ip": "192.0.2.10",
        "client_port": 49152,
        "server_ip": "198.51.100.5",
        "server_port": 80,
        "ip_protocol": 6,
        "application": "http",
        "packets_to_server": 6,
        "packets_to_client": 5,
        "bytes_to_server": 420,  # bytes of IP packets, as the reference page says
        "bytes_to_client": 1170,
        "site": "north",
        "client_mac": "00:00:5e:00:53:01",
        "server_mac": "00:00:5e:00:53:02",
        "vlan": 12,
        "application_by": "content",
        "client_by": "SYN",
        "tunnel": "none",
        "tcp_flags_client": 0x13,  # S, A, F
        "tcp_flags_server": 0x13,  # h, a, f
        "ttl_client": 0,
        "ttl_server": 0,
        "ended_by": "closed",
        "conversation": 0,
        "first_packet": 9,  # the line
        "client_device": None,
        "server_device": None,
    }


# Six workspaces a kind: of one kind before a commit, of all afterwards.
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] if kind != "conn" else []) for kind in RECORDS]
)
def test_tab_separated_json_and_compressed_logs_say_the_same(tmp_path: Path, kind: str) -> None:
    text = tsv(kind, [RECORDS[kind]])
    # Eight blank lines first: records stand on the same line in both.
    lines = "\n" * 8 + json_lines([RECORDS[kind]])
    answers = []
    for name, content in (
        (f"{kind}.log", text.encode()),
        (f"{kind}.2023-11-15-12-00-00.log.gz", gzip.compress(text.encode())),
        (f"{kind}.log.zst", zstandard.compress(text.encode())),
        (f"{kind}.log.crlf", text.replace("\n", "\r\n").encode()),
        (f"{kind}.json", lines.encode()),
        ("shipped.json", lines.replace("{", f'{{"_path": "{kind}", ', 1).encode()),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(content)
        workspace = Workspace.resolve(folder / "workspace")
        (log,) = take(folder / name, workspace).logs
        assert (log.error, log.faults, log.records, log.taken) == (None, [], 1, 1), name
        said = [*conversations(workspace), *messages(workspace)]
        for row in said:
            del row["capture"]
        answers.append(said)
    assert answers[0]
    assert all(answer == answers[0] for answer in answers[1:])


def test_icmp_has_no_ports_and_follows_the_ip_version(tmp_path: Path, workspace: Workspace) -> None:
    write(
        tmp_path,
        "conn",
        record("conn", proto="icmp", id__orig_p=8, id__resp_p=0, service=None, history=None),
        record("conn", proto="icmp", id__orig_h="2001:db8::1", id__resp_h="2001:db8::2", id__orig_p=135, service=None),
    )
    take(tmp_path / "conn.log", workspace)
    found = {(row["ip_protocol"], row["client_port"], row["server_port"]) for row in conversations(workspace)}
    assert found == {(1, 0, 0), (58, 0, 0)}


@pytest.mark.parametrize(
    ("service", "port", "expected"),
    [
        ("ssl,http", 443, ("tls", "content")),
        ("gssapi,ntlm,smb", 445, ("smb", "content")),
        ("dns", 5353, ("mdns", "content")),
        ("-http,ssl", 80, ("tls", "content")),
        ("krb_tcp", 88, ("kerberos", "content")),
        (None, 104, ("dicom", "port")),
        ("no-such-service", 2575, ("hl7", "port")),
        (None, 3, ("unknown", "unknown")),
    ],
)
def test_the_application_is_what_zeek_saw_and_else_what_the_port_says(
    tmp_path: Path, workspace: Workspace, service: str | None, port: int, expected: tuple[str, str]
) -> None:
    take(write(tmp_path, "conn", record("conn", service=service, id__resp_p=port)), workspace)
    (row,) = conversations(workspace)
    assert (row["application"], row["application_by"]) == expected


@pytest.mark.parametrize(
    ("history", "state", "expected"),
    [
        ("ShADadFf", "SF", ("SYN", "closed")),
        ("^hADad", "S1", ("port", "idle")),
        ("hADad", "OTH", ("SYN+ACK", "idle")),
        ("DadA", "RSTO", ("first packet", "closed")),
        (None, "S0", ("first packet", "idle")),
    ],
)
def test_why_the_client_is_the_client_and_what_ended_it(
    tmp_path: Path, workspace: Workspace, history: str | None, state: str, expected: tuple[str, str]
) -> None:
    take(write(tmp_path, "conn", record("conn", history=history, conn_state=state)), workspace)
    (row,) = conversations(workspace)
    assert (row["client_by"], row["ended_by"]) == expected


def test_without_ip_bytes_the_payload_is_counted(tmp_path: Path, workspace: Workspace) -> None:
    take(write(tmp_path, "conn", record("conn", orig_ip_bytes=None, resp_ip_bytes=None)), workspace)
    (row,) = conversations(workspace)
    assert (row["bytes_to_server"], row["bytes_to_client"]) == (100, 900)


@pytest.mark.parametrize(
    ("ts", "nanoseconds"),
    [
        ("1700049600", START_NS),
        ("1700049600.000001", START_NS + 1_000),
        ("1700049600.123456789", START_NS + 123_456_789),
        ("1700049600.1234567891", START_NS + 123_456_789),
        ("1700049600500", START_NS + 500_000_000),  # JSON::TS_MILLIS
        ("2023-11-15T12:00:00.250000Z", START_NS + 250_000_000),  # JSON::TS_ISO8601
        ("0.5", 500_000_000),
    ],
)
def test_times_of_all_forms_are_exact(ts: str, nanoseconds: int) -> None:
    assert Fields({"ts": ts}).time_ns("ts") == nanoseconds


def test_a_lease_names_the_device_and_ties_its_addresses(tmp_path: Path, workspace: Workspace) -> None:
    take(write(tmp_path, "dhcp", RECORDS["dhcp"]), workspace)
    request, ack = messages(workspace, "dhcp")
    assert (request["kind"], request["source_mac"], request["source_ip"]) == ("REQUEST", "00:00:5e:00:53:01", "0.0.0.0")
    assert request["facts"]["host_name"] == "infusion-7"
    assert request["facts"]["vendor_class"] == "udhcp 1.30.1"
    assert (ack["kind"], ack["source_ip"], ack["time_ns"]) == ("ACK", "192.0.2.1", START_NS + 750_000_000)
    assert ack["facts"]["your_ip"] == "192.0.2.10"
    assert ack["facts"]["lease_seconds"] == 3600
    with Registry.open(workspace.registry_path) as registry:
        devices = registry.devices("north")
    (device,) = [device for device in devices if "00:00:5e:00:53:01" in device.macs]
    assert "192.0.2.10" in device.ips
    assert "infusion-7" in device.names


def test_a_question_and_its_answer_are_two_messages(tmp_path: Path, workspace: Workspace) -> None:
    take(write(tmp_path, "dns", RECORDS["dns"]), workspace)
    query, response = messages(workspace, "dns")
    assert (query["kind"], query["destination_port"], query["facts"]) == (
        "QUERY",
        53,
        {"questions": ["pacs.ward.example A"]},
    )
    assert response["time_ns"] == START_NS + 10_000_000
    assert response["source_ip"] == "198.51.100.5"
    assert response["facts"] == {
        "rcode": "NOERROR",
        "questions": ["pacs.ward.example A"],
        "answers": [
            {"name": "pacs.ward.example", "type": "CNAME", "ttl_seconds": 300, "data": "archive.ward.example"},
            {"name": "archive.ward.example", "type": "A", "ttl_seconds": 60, "data": "198.51.100.5"},
        ],
        "is_authoritative": True,
    }


def test_multicast_names_are_said_by_the_originator(tmp_path: Path, workspace: Workspace) -> None:
    group = {"id__orig_h": "192.0.2.10", "id__orig_p": 5353, "id__resp_h": "224.0.0.251", "id__resp_p": 5353}
    write(
        tmp_path,
        "dns",
        record("dns", **group, query="pump-7.local", answers=["192.0.2.10"], TTLs=["120.0"]),
        record("dns", **group, query="_ipp._tcp.local", qtype_name="PTR", rcode=None, answers=None, TTLs=None),
    )
    take(tmp_path / "dns.log", workspace)
    response, query = messages(workspace, "mdns")
    assert (response["kind"], response["source_ip"]) == ("RESPONSE", "192.0.2.10")
    assert response["facts"]["hosts"] == {"pump-7": ["192.0.2.10"]}
    assert (query["kind"], query["facts"]["questions"]) == ("QUERY", ["_ipp._tcp.local PTR"])


def test_netbios_and_other_logs_are_passed_over_and_counted(tmp_path: Path, workspace: Workspace) -> None:
    write(tmp_path, "dns", record("dns", id__resp_p=137), RECORDS["dns"])
    write(tmp_path, "weird", {"ts": "1700049600.0", "uid": "C", "name": "bad_TCP_checksum"})
    dns, weird = take(tmp_path, workspace).logs
    assert (dns.taken, dns.passed_over, dns.broken) == (1, {"dns": 1}, 0)
    assert (weird.kind, weird.taken, weird.passed_over, weird.error) == ("zeek weird", 0, {"weird": 1}, None)


def test_sessions_tell_what_both_sides_are(tmp_path: Path, workspace: Workspace) -> None:
    for kind in ("http", "ssl", "ssh", "snmp", "smb_mapping", "ntlm", "mqtt_connect", "mqtt_publish", "mqtt_subscribe"):
        write(tmp_path, kind, RECORDS[kind])
    report = take(tmp_path, workspace)
    assert [log.faults for log in report.logs] == [[]] * 9
    facts = {(row["protocol"], row["kind"], row["source_ip"]): row["facts"] for row in messages(workspace)}
    client, server = "192.0.2.10", "198.51.100.5"
    assert facts["http", "request", client] == {
        "method": "GET",
        "version": "1.1",
        "path": "/wado/#?#",
        "host": "pacs.ward.example",
        "user_agent": "Viewer/3.2",
        "authorization": "Basic",
        "credentials_in_clear": True,
    }
    assert facts["http", "response", server] == {"status": 401, "version": "1.1", "content_type": "text/html"}
    assert facts["tls", "ClientHello", client]["server_name"] == "updates.maker.example"
    assert facts["tls", "ClientHello", client]["ja4"] == "t13d1516h2_8daaf6152771_b186095e22b6"
    assert facts["tls", "ServerHello", server] == {
        "version": "TLS 1.2",
        "cipher_suite": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "alpn": "h2",
        "ja3s": "ec74a5c51106f0419184d0dd08fb05bc",
    }
    assert facts["ssh", "identification", client]["software"] == "OpenSSH_9.2p1"
    assert facts["ssh", "identification", server]["software"] == "dropbear_2020.81"
    assert facts["ssh", "agreement", server]["kex"] == "curve25519-sha256"
    assert facts["ssh", "KEXINIT", client]["hassh"] == "ec7378c1a92f5a8dde7e8b7a1ddf33d1"
    assert facts["snmp", "GetRequest", client]["community"] == "other"
    assert facts["snmp", "Response", server]["objects"] == {"sysDescr.0": "Example Injector 4000, firmware 2.1"}
    assert facts["smb", "TREE_CONNECT request", client] == {"version": 2, "share": "\\\\archive\\#", "service": "disk"}
    own = facts["smb", "SESSION_SETUP request", client]["ntlm"]
    assert own == {"kind": "AUTHENTICATE", "domain": "RADIOLOGY", "workstation": "CT-CONSOLE", "user": True}
    assert facts["smb", "SESSION_SETUP response", server]["ntlm"]["dns_computer"] == "archive.ward.example"
    assert facts["mqtt", "CONNECT", client] == {"level": 4, "client_id": "monitor-3", "will_topic": "bed/#/status"}
    assert facts["mqtt", "CONNACK", server] == {"code": 0}
    assert facts["mqtt", "PUBLISH", client] == {
        "payload_bytes": 11,
        "count": 1,
        "topic": "patient/#/pulse",
        "quality_of_service": 1,
    }
    assert facts["mqtt", "SUBSCRIBE", client] == {"filters": ["alarm/#", "patient/#/pulse"]}


def test_neither_names_of_people_nor_secrets_are_kept(tmp_path: Path, workspace: Workspace) -> None:
    for kind, content in RECORDS.items():
        write(tmp_path, kind, content)
    report = take(tmp_path, workspace)
    kept = json.dumps([messages(workspace), conversations(workspace), report.document()])
    with Registry.open(workspace.registry_path) as registry:
        kept += repr(registry.devices("north"))
    for canary in ("Doe", "Jane", "doejane", "s3cret", "12345678", " is gone"):
        assert canary not in kept, canary


def test_every_broken_record_is_named_and_the_others_are_taken(tmp_path: Path, workspace: Workspace) -> None:
    lines = tsv("conn", [RECORDS["conn"]] * 5).split("\n")
    lines[8] = lines[8].replace("192.0.2.10", "Doe^Jane")
    lines[9] = lines[9].replace("\t420\t", "\t-420\t")
    lines[10] = lines[10].replace("1700049600.123456", "yesterday")
    lines[11] += "\tone too many"
    path = tmp_path / "conn.log"
    path.write_text("\n".join(lines))
    (log,) = take(path, workspace).logs
    assert (log.records, log.taken, log.broken, log.error) == (5, 1, 4, None)
    assert [(fault.line, fault.field) for fault in log.faults] == [
        (9, "id.orig_h"),
        (10, "orig_ip_bytes"),
        (11, "ts"),
        (12, ""),
    ]
    assert str(log.faults[0]) == f"{path}:9: id.orig_h: it is no IP address"
    assert "Doe" not in str(log.faults)
    assert len(conversations(workspace)) == 1


def test_a_json_line_that_is_cut_is_one_broken_record(tmp_path: Path, workspace: Workspace) -> None:
    text = json_lines([RECORDS["conn"]] * 3).split("\n")
    text[1] = text[1][:50]
    (tmp_path / "conn.log").write_text("\n".join(text))
    (log,) = take(tmp_path / "conn.log", workspace).logs
    assert (log.taken, [(fault.line, fault.why) for fault in log.faults]) == (2, [(2, "it is no JSON object")])


def test_fields_may_be_escaped_and_separated_otherwise(tmp_path: Path, workspace: Workspace) -> None:
    text = tsv("http", [record("http", user_agent="Vi\\x65wer \\xc3\\xa4\\x7c1")], separator="|", unset="(unset)")
    (tmp_path / "http.log").write_text(text)
    (log,) = take(tmp_path / "http.log", workspace).logs
    assert log.faults == []
    assert messages(workspace, "http")[0]["facts"]["user_agent"] == "Viewer ä|1"


def test_a_header_in_the_middle_counts_from_there_on(tmp_path: Path, workspace: Workspace) -> None:
    turned = dict(reversed(RECORDS["conn"].items()))
    (tmp_path / "conn.log").write_text(tsv("conn", [RECORDS["conn"]]) + tsv("conn", [turned]))
    (log,) = take(tmp_path / "conn.log", workspace).logs
    assert (log.taken, log.faults) == (2, [])
    assert len({row["client_ip"] for row in conversations(workspace)}) == 1


def test_the_same_log_twice_adds_nothing_compressed_or_not(tmp_path: Path, workspace: Workspace) -> None:
    path = write(tmp_path, "conn", RECORDS["conn"])
    take(path, workspace)
    (tmp_path / "conn.12:00:00-13:00:00.log.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    (log,) = take(tmp_path, workspace).logs
    assert log.already_imported
    assert len(conversations(workspace)) == 1


def test_a_log_that_has_grown_adds_only_what_is_new(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "conn.log"
    whole = tsv("conn", [record("conn", id__orig_p=port) for port in range(1_000, 1_010)]).split("\n")
    for kept, new in ((11, 3), (15, 4), (18, 3)):
        path.write_text("\n".join(whole[:kept]) + "\n")
        (log,) = take(path, workspace).logs
        assert (log.taken, log.records, log.faults) == (new, new, [])
    path.write_text("\n".join(whole))
    (log,) = take(path, workspace).logs
    assert (log.taken, log.known) == (0, 10)
    assert sorted(row["client_port"] for row in conversations(workspace)) == list(range(1_000, 1_010))
    assert sorted(row["first_packet"] for row in conversations(workspace)) == list(range(9, 19))


@pytest.mark.parametrize("write_json", [False, True])
def test_a_line_that_is_half_written_comes_again_when_it_is_whole(
    tmp_path: Path, workspace: Workspace, write_json: bool
) -> None:
    records = [record("conn", id__orig_p=port) for port in (1, 2, 3)]
    whole = json_lines(records) if write_json else tsv("conn", records)
    path = tmp_path / "conn.log"
    third = whole.index("192.0.2.10", whole.index("192.0.2.10", whole.index("192.0.2.10") + 1) + 1)
    path.write_text(whole[: third + 4])
    (log,) = take(path, workspace).logs
    assert (log.taken, log.broken) == (2, 1)
    path.write_text(whole)
    (log,) = take(path, workspace).logs
    assert (log.taken, log.known, log.broken) == (1, 2, 0)
    assert sorted(row["client_port"] for row in conversations(workspace)) == [1, 2, 3]


def test_a_last_line_without_an_end_is_taken_once(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "conn.log"
    text = json_lines([RECORDS["conn"]])
    path.write_text(text.rstrip("\n"))
    assert take(path, workspace).conversations == 1
    path.write_text(text + text.replace("49152", "7"))
    assert take(path, workspace).conversations == 1
    assert len(conversations(workspace)) == 2


def test_a_compressed_log_that_ends_early_gives_what_is_there(tmp_path: Path, workspace: Workspace) -> None:
    records = [record("conn", id__orig_p=port, uid=f"C{port * 7919}") for port in range(1, 2_001)]
    packed = gzip.compress(tsv("conn", records).encode())
    path = tmp_path / "conn.log.gz"
    path.write_bytes(packed[: len(packed) // 2])
    (log,) = take(path, workspace).logs
    assert log.error == "the gzip stream ends early"
    assert 0 < log.taken < 2_000
    path.write_bytes(packed)
    (log,) = take(path, workspace).logs
    assert (log.error, log.broken) == (None, 0)
    assert sorted(row["client_port"] for row in conversations(workspace)) == list(range(1, 2_001))


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"hello\n" * 3, b"hello\n" * 300, b'{"a": 1}\n', bytes(range(256)) * 50, b"[1, 2]\n"]
)
def test_what_is_no_log_of_zeek_is_said_so(tmp_path: Path, workspace: Workspace, content: bytes) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    write(tmp_path, "conn", RECORDS["conn"])
    (log,) = take(tmp_path / "notes.txt", workspace).logs
    assert log.error == "it is no log of Zeek"
    assert log.taken == 0
    assert take(tmp_path / "conn.log", workspace).conversations == 1


def test_paths_that_lead_nowhere_are_said_so(tmp_path: Path, workspace: Workspace) -> None:
    (log,) = take(tmp_path / "absent.log", workspace).logs
    assert log.error == "no such file or folder"
    (tmp_path / "empty").mkdir()
    with pytest.raises(AsepsisError) as error:
        take(tmp_path / "empty", workspace)
    assert error.value.code == "import-folder-empty"


def test_a_line_beyond_all_bounds_is_one_broken_record(tmp_path: Path, workspace: Workspace) -> None:
    text = json_lines([RECORDS["conn"]])
    (tmp_path / "conn.log").write_text(text + "x" * 3_000_000 + "\n" + text.replace("49152", "7"))
    (log,) = take(tmp_path / "conn.log", workspace).logs
    assert (log.taken, [(fault.line, fault.why) for fault in log.faults]) == (2, [(2, "it is longer than any record")])


HOSTILE: tuple[Any, ...] = (
    None,
    "",
    "-",
    "x" * 100_000,
    "\ud800",
    "\x00\r\n\t",
    "-1",
    -1,
    1 << 80,
    "9" * 5_000,
    True,
    "1e400",
    "NaN",
    [],
    ["a", None, {"b": []}, 1 << 70],
    {"a": {}},
    [[[]]],
    ["x"] * 5_000,
)


@pytest.mark.parametrize("kind", TAKERS)
def test_no_field_of_any_kind_can_do_more_than_break_its_record(tmp_path: Path, kind: str) -> None:
    from asepsis.devices.observe.observer import Observer
    from asepsis.history import CaptureSource

    history = Workspace.resolve(tmp_path).history()
    with history.writer(site="north", capture="aa") as writer:
        intake = Intake(capture="aa", writer=writer, observer=Observer(site="north", capture="aa"))
        broken: set[tuple[str, str]] = set()
        for name in [*RECORDS[kind], "ip_proto", "client_software"]:
            for content in HOSTILE:
                try:
                    TAKERS[kind](intake, Fields({**RECORDS[kind], name: content}), 1)
                except FieldError as error:
                    broken.add((name, error.field))
        assert ("ts", "ts") in broken
        assert all(name == field for name, field in broken)
        intake.flush()
        writer.commit(CaptureSource(path="x"))
    with history.reader() as reader:
        for question in ("conversation-details", "messages"):
            for row in reader.ask(question).documents():
                json.loads(row.get("facts", "{}"))


def test_progress_is_told_of_all_logs_together(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asepsis.pipeline.imports.PROGRESS_EVERY_SECONDS", 0.0)
    for name in ("a", "b"):
        write(tmp_path, "conn", *[RECORDS["conn"]] * 2_500, record("conn", uid=name), name=f"conn.{name}.log")
    told: list[Progress] = []
    import_zeek(tmp_path, workspace=workspace, site="north", progress=told.append)
    assert {(progress.files_done, progress.files) for progress in told} == {(0, 2), (1, 2)}
    sizes = [progress.bytes_done for progress in told]
    assert sizes == sorted(sizes)
    assert sizes[-1] <= told[-1].bytes_total == sum(path.stat().st_size for path in tmp_path.glob("*.log"))


def test_records_of_iot_23_add_up_to_what_is_in_the_file(archive: Callable[[str], Path], workspace: Workspace) -> None:
    # Stratosphere IoT-23: real traffic of devices, as a table of Zeek's conn.log with labels.
    paths = sorted((archive("attacks") / "attacks" / "iot-23").glob("*.csv")) or sorted(
        (archive("attacks") / "iot-23").glob("*.csv")
    )
    smallest = sorted(paths, key=lambda path: path.stat().st_size)[:3]
    assert smallest
    for path in smallest:
        (log,) = take(path, workspace).logs
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert (log.taken, log.broken, log.error) == (len(rows), 0, None)
    expected = []
    for path in smallest:
        with path.open(newline="") as file:
            expected += [
                (
                    row["id.orig_h"],
                    row["id.resp_h"],
                    int(row["orig_pkts"]),
                    int(row["resp_pkts"]),
                    int(row["orig_ip_bytes"]),
                    int(row["resp_ip_bytes"]),
                )
                for row in csv.DictReader(file)
            ]
    found = [
        (
            row["client_ip"],
            row["server_ip"],
            row["packets_to_server"],
            row["packets_to_client"],
            row["bytes_to_server"],
            row["bytes_to_client"],
        )
        for row in conversations(workspace)
    ]
    assert sorted(found) == sorted(expected)
