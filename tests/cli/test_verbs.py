"""The verbs end to end, on the captures that come with Asepsis."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.history.schema import CONTRACT_COLUMNS

ASEPSIS = [sys.executable, "-m", "asepsis.cli"]
WARD = Path(__file__).resolve().parents[1] / "recordings"

DEVICE_MEMBERS = [
    "id",
    "site",
    "addresses",
    "names",
    "category",
    "vendor",
    "model",
    "os",
    "firmware",
    "serial",
    "udi",
    "role",
    "first_seen",
    "last_seen",
    "status",
    "confidence",
    "evidence",
]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that holds the ward's captures at the site "lab"."""
    workspace = tmp_path_factory.mktemp("filled") / "workspace"
    done = subprocess.run(
        [*ASEPSIS, "analyze", str(WARD), "--site", "lab", "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return workspace


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(arguments) == Exit.DONE
    return capsys.readouterr().out


def test_the_document_of_an_analysis_is_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(["analyze", "--no-store", "--json", str(WARD)], capsys))
    assert list(document) == ["captures", "conversations", "messages", "devices", "seconds"]
    assert len(document["captures"]) == 2
    for capture in document["captures"]:
        assert list(capture) == [
            "path",
            "link_types",
            "packets",
            "decoded",
            "undecoded",
            "bytes",
            "truncated",
            "error",
        ]
        assert capture["error"] is None
        assert capture["packets"] == capture["decoded"] + sum(capture["undecoded"].values())
    assert {"dicom", "hl7", "dhcp", "tls"} <= set(document["messages"])
    assert document["devices"] > 10


def test_no_store_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASEPSIS_HOME", raising=False)
    printed(["analyze", "--no-store", str(WARD / "ward.pcapng.zst")], capsys)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASEPSIS_HOME", str(tmp_path / "home"))
    printed(["analyze", str(WARD / "imaging.pcap.gz")], capsys)
    assert json.loads(printed(["devices", "--json"], capsys))
    assert (tmp_path / "home").is_dir()


def test_a_capture_analysed_twice_adds_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--workspace", str(tmp_path / "w")]
    printed(["analyze", str(WARD), *arguments], capsys)
    devices = printed(["devices", "--json", *arguments], capsys)
    conversations = printed(["conversations", "--format", "csv", *arguments], capsys)
    assert "analysed before, nothing added" in printed(["analyze", str(WARD), *arguments], capsys)
    assert printed(["devices", "--json", *arguments], capsys) == devices
    assert printed(["conversations", "--format", "csv", *arguments], capsys) == conversations


def test_one_bad_file_among_good_ones_is_named_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no capture")
    assert run(["analyze", "--no-store", str(text), str(WARD / "imaging.pcap.gz")]) == Exit.DONE
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: {text}: ")
    assert "1 capture," in shown.out


@pytest.mark.parametrize("kind", ["missing", "unreadable", "text", "empty"])
def test_a_path_that_is_no_capture_ends_with_3_and_one_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ward.pcap"
    if kind != "missing":
        path.write_text("hello, no capture at all" if kind == "text" else "")
    if kind == "unreadable":
        path.unlink()
        path.symlink_to("/proc/self/mem/nothing")
    assert run(["analyze", "--no-store", str(path)]) == Exit.FAILED
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert lines[0].startswith(f"error: {path}: ")
    assert len(lines) <= 2
    assert shown.out == ""


@pytest.mark.parametrize("site", ["", "a/b", "../north", "x" * 65])
def test_a_name_that_no_site_can_have_ends_with_2(
    site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["analyze", "--site", site, "--workspace", str(tmp_path / "w"), str(WARD / "imaging.pcap.gz")]
    assert run(arguments) == Exit.USAGE
    assert "cannot name a site" in capsys.readouterr().err


def test_standard_input_is_a_capture_too() -> None:
    with (WARD / "imaging.pcap.gz").open("rb") as stream:
        done = subprocess.run(
            [*ASEPSIS, "analyze", "--no-store", "--json", "-"],
            stdin=stream,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["captures"][0]["path"] == "-"


def test_ctrl_c_ends_an_analysis_with_130_and_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*ASEPSIS, "analyze", "--workspace", str(tmp_path / "w"), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A job in the background of a shell inherits that the signal is ignored; a person's Ctrl-C never is.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        assert running.stdin is not None
        running.stdin.write((WARD / "imaging.pcap.gz").read_bytes()[:200])
        running.stdin.flush()
        deadline = time.monotonic() + 60
        # It has opened its history once the workspace is there; then it waits for the rest of the capture.
        while not (tmp_path / "w" / "workspace.toml").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == Exit.INTERRUPTED
    assert time.monotonic() < deadline
    assert b"Traceback" not in said


def test_devices_as_json_is_the_contract(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = json.loads(printed(["devices", "--json", "--workspace", str(filled)], capsys))
    assert devices
    for device in devices:
        assert list(device) == DEVICE_MEMBERS
        assert device["site"] == "lab"
        assert device["first_seen"].endswith("Z")
        assert all(0 <= sure <= 1 for sure in device["confidence"].values())
        for clue in device["evidence"]:
            assert list(clue) == ["attribute", "value", "protocol", "weight", "capture", "packet"]


def test_devices_as_csv_and_as_table_show_the_same_devices(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = json.loads(printed(["devices", "--json", "--workspace", str(filled)], capsys))
    rows = list(csv.DictReader(io.StringIO(printed(["devices", "--csv", "--workspace", str(filled)], capsys))))
    table = printed(["devices", "--workspace", str(filled)], capsys)
    assert [row["id"] for row in rows] == [device["id"] for device in devices]
    assert all(device["id"] in table for device in devices)
    assert "\x1b" not in table


def test_a_site_without_devices_has_none(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(["devices", "--json", "--site", "nowhere", "--workspace", str(filled)], capsys) == "[]\n"
    assert printed(["devices", "--site", "nowhere", "--workspace", str(filled)], capsys) == "no devices\n"


def test_one_device_is_found_by_its_address_and_shows_packets_of_a_capture(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = json.loads(printed(["devices", "--json", "--workspace", str(filled)], capsys))
    wanted = next(device for device in devices if "10.20.30.20" in device["addresses"]["ip"])
    document = json.loads(printed(["device", "10.20.30.20", "--json", "--workspace", str(filled)], capsys))
    assert {member: document[member] for member in wanted} == wanted
    assert document.keys() - wanted.keys() == {"explanation", "twins", "overrides", "rhythm", "events"}
    page = printed(["device", wanted["id"], "--workspace", str(filled)], capsys)
    assert "10.20.30.20" in page
    assert "of ward.pcapng.zst" in page or "of imaging.pcap.gz" in page


def test_a_device_that_is_not_there_ends_with_1(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["device", "10.9.9.9", "--workspace", str(filled)]) == Exit.REFUSED_OR_FOUND
    assert capsys.readouterr().err.startswith("error: no device is called 10.9.9.9\n")


@pytest.mark.parametrize("verb", [["devices"], ["device", "x"], ["conversations"]])
def test_reading_where_nothing_was_kept_says_what_to_do(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*verb, "--workspace", str(tmp_path / "none")]) == Exit.FAILED
    assert "asepsis analyze" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_conversations_in_all_formats_are_the_same_rows(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet as pq

    where = ["--workspace", str(filled)]
    rows = list(csv.reader(io.StringIO(printed(["conversations", "--format", "csv", *where], capsys))))
    assert tuple(rows[0]) == CONTRACT_COLUMNS
    documents = json.loads(printed(["conversations", "--json", *where], capsys))
    assert [["" if member is None else str(member) for member in row.values()] for row in documents] == rows[1:]
    printed(["conversations", "--format", "parquet", "-o", str(tmp_path / "all.parquet"), *where], capsys)
    assert pq.read_table(tmp_path / "all.parquet").to_pylist() == documents
    for form in ("csv", "json"):
        printed(["conversations", "--format", form, "-o", str(tmp_path / form), *where], capsys)
        assert (tmp_path / form).read_text() == printed(["conversations", "--format", form, *where], capsys)


def test_conversations_name_the_devices_at_both_ends(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(filled)]
    known = {device["id"] for device in json.loads(printed(["devices", "--json", *where], capsys))}
    documents = json.loads(printed(["conversations", "--json", "--application", "dicom", *where], capsys))
    assert documents
    for row in documents:
        assert row["application"] == "dicom"
        assert {row["client_device"], row["server_device"]} <= known


def test_conversations_of_one_device_have_it_at_an_end(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(filled)]
    device = json.loads(printed(["device", "10.20.30.20", "--json", *where], capsys))["id"]
    documents = json.loads(printed(["conversations", "--json", "--device", "10.20.30.20", *where], capsys))
    assert documents
    assert all(device in (row["client_device"], row["server_device"]) for row in documents)


def test_a_limit_limits_and_a_cut_table_says_so(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--limit", "3", "--workspace", str(filled)]
    assert len(json.loads(printed(["conversations", "--json", *where], capsys))) == 3
    table = printed(["conversations", *where], capsys).splitlines()
    assert len(table) == 2 + 3 + 1
    assert "--limit" in table[-1]


def test_an_output_that_cannot_be_written_is_one_line(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("csv", "json", "table", "parquet"):
        arguments = ["conversations", "--format", form, "-o", "/proc/none/out", "--workspace", str(filled)]
        assert run(arguments) == Exit.FAILED
        assert len(capsys.readouterr().err.splitlines()) <= 2


def test_the_demo_prints_devices_and_exits_without_a_terminal() -> None:
    done = subprocess.run([*ASEPSIS, "demo"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    assert "10.40.10." in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr == ""


def test_an_unknown_interface_is_one_line_and_ends_with_3() -> None:
    done = subprocess.run(
        [*ASEPSIS, "watch", "nowhere0", "--no-store", "--seconds", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: nowhere0: ")
    assert "lo" in hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights up")
def test_no_permission_to_capture_is_one_line_that_says_what_to_do() -> None:
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", *ASEPSIS, "watch", "lo", "--no-store"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "error: " in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


# A connection and a name look-up as Zeek writes them in JSON (docs.zeek.org, conn.log and dns.log), values made up.
CONN = (
    '{"ts":1700000000.5,"uid":"C1","id.orig_h":"10.1.1.5","id.orig_p":40000,"id.resp_h":"10.1.1.9","id.resp_p":104,'
    '"proto":"tcp","duration":1.5,"orig_bytes":100,"resp_bytes":900,"orig_pkts":5,"orig_ip_bytes":320,"resp_pkts":6,'
    '"resp_ip_bytes":1180,"conn_state":"SF"}'
)
# A flow event as Suricata writes it (its EVE JSON format), values made up.
FLOW = (
    '{"timestamp":"2023-11-14T22:13:20.500000+0000","flow_id":1,"event_type":"flow","src_ip":"10.1.1.5",'
    '"src_port":40000,"dest_ip":"10.1.1.9","dest_port":104,"proto":"TCP","flow":{"pkts_toserver":5,"pkts_toclient":6,'
    '"bytes_toserver":320,"bytes_toclient":1180,"start":"2023-11-14T22:13:20.500000+0000",'
    '"end":"2023-11-14T22:13:22.000000+0000","state":"closed","reason":"timeout"}}'
)


@pytest.mark.parametrize(("sensor", "name", "record"), [("zeek", "conn.log", CONN), ("eve", "eve.json", FLOW)])
def test_a_log_of_another_sensor_becomes_conversations(
    sensor: str, name: str, record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / name
    log.write_text(f"{record}\n{{broken\n")
    where = ["--workspace", str(tmp_path / "w")]
    assert run(["import", sensor, str(log), *where]) == Exit.DONE
    shown = capsys.readouterr()
    assert "1 log, 1 conversation" in shown.out
    assert f"{log}:2: " in shown.err
    documents = json.loads(printed(["conversations", "--json", *where], capsys))
    assert [(row["client_ip"], row["server_ip"], row["server_port"]) for row in documents] == [
        ("10.1.1.5", "10.1.1.9", 104)
    ]
    assert json.loads(printed(["import", sensor, "--json", str(log), *where], capsys))["conversations"] == 0


@pytest.mark.parametrize("sensor", ["zeek", "eve"])
def test_a_log_that_is_not_there_ends_with_3(sensor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", sensor, str(tmp_path / "none.log"), "--workspace", str(tmp_path / "w")]) == Exit.FAILED
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: {tmp_path / 'none.log'}: ")
    assert len(shown.err.splitlines()) <= 2


SEND = (
    "import socket, time\n"
    "sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "for _ in range(400):\n"
    "    sender.sendto(b'hello', ('127.0.0.1', 9999))\n"
    "    time.sleep(0.02)\n"
)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a network namespace of its own")
def test_watch_reads_an_interface_until_sigterm_and_keeps_what_it_saw(tmp_path: Path) -> None:
    # Nothing but this test's own packets exists on the loopback interface of a new network namespace.
    script = f'ip link set lo up; "{sys.executable}" -c "$SEND" & exec "$@"'
    arguments = ["watch", "lo", "--json", "--workspace", str(tmp_path / "w")]
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", script, "sh", *ASEPSIS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SEND": SEND},
    ) as running:
        assert running.stderr is not None
        said = running.stderr.readline()  # the journal's first line: it has begun
        time.sleep(1.5)
        running.send_signal(signal.SIGTERM)
        out, rest = running.communicate(timeout=120)
    assert running.returncode == 0, said + rest
    assert "event=watching" in said
    assert "event=stopped" in rest
    document = json.loads(out)
    assert document["captures"][0]["path"] == "interface:lo"
    assert document["captures"][0]["packets"] > 0
    done = subprocess.run(
        [*ASEPSIS, "conversations", "--json", "--workspace", str(tmp_path / "w")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("127.0.0.1", 9999) in {(row["server_ip"], row["server_port"]) for row in json.loads(done.stdout)}


def on_a_terminal(arguments: list[str], *, columns: int = 100) -> str:
    """What a person at a terminal of ``columns`` columns reads (both outputs)."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*ASEPSIS, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        pieces = []
        # Linux answers EIO once the last program on the terminal has closed it.
        with suppress(OSError):
            while piece := os.read(ours, 65536):
                pieces.append(piece)
    os.close(ours)
    assert running.returncode == 0
    return b"".join(pieces).decode()


def test_a_person_at_a_terminal_gets_the_devices_from_one_command(tmp_path: Path) -> None:
    shown = on_a_terminal(["analyze", str(WARD), "--workspace", str(tmp_path / "w")])
    assert "10.20.30.20" in shown
    assert "\x1b[" in shown  # colours
    assert shown.rstrip().endswith("why: asepsis device ADDRESS")


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_devices_fit_the_terminal(columns: int, filled: Path) -> None:
    shown = click.unstyle(on_a_terminal(["devices", "--workspace", str(filled)], columns=columns))
    assert all(len(line) <= columns for line in shown.splitlines())
    assert "10.20.30.20" in shown


def test_how_devices_stand_depends_on_the_moment(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Without a moment it is the end of the recording, when most devices had just spoken.
    at_the_end = json.loads(printed(["devices", "--json", "--workspace", str(filled)], capsys))
    assert {device["status"] for device in at_the_end} <= {"online", "silent", "overdue"}
    assert sum(device["status"] == "online" for device in at_the_end) > len(at_the_end) / 2
    # Minutes of recording show no rhythm, so nobody is overdue a year later.
    arguments = ["devices", "--json", "--now", "2100-01-01", "--workspace", str(filled)]
    assert {device["status"] for device in json.loads(printed(arguments, capsys))} == {"silent"}
    page = printed(["device", "10.20.30.20", "--now", "2100-01-01", "--workspace", str(filled)], capsys)
    assert "its rhythm is not known yet" in page
    assert run(["devices", "--now", "yesterday", "--workspace", str(filled)]) == Exit.USAGE


def test_events_are_listed_and_none_is_said_to_be_none(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(["events", "--json", "--site", "nowhere", "--workspace", str(filled)], capsys) == "[]\n"
    assert printed(["events", "--site", "nowhere", "--workspace", str(filled)], capsys) == "no events\n"
    for event in json.loads(printed(["events", "--json", "--workspace", str(filled)], capsys)):
        assert list(event) == [
            *("at", "site", "device", "attribute", "before", "after", "protocol", "capture", "packet"),
        ]
