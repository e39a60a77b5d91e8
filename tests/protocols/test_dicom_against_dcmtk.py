"""DICOM as DCMTK's programs speak it on loopback: every encoding, images in many PDUs, queries and retrievals.

A relay between two programs writes down who sent which bytes. The image is made here and holds nobody.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from asepsis.protocols.dicom import DicomStream, DimseMessage
from asepsis.protocols.message import Malformed, Message, Result
from tests.protocols.conformance import CANARY, assert_no_canary

pytestmark = pytest.mark.slow

PROGRAMS = ("storescp", "storescu", "dump2dcm", "dcmconv", "dcmqrscp", "findscu", "getscu", "movescu")
Turns = list[tuple[int, bytes]]

IMAGE = f"""
(0008,0005) CS [ISO_IR 100]
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]
(0008,0018) UI [1.2.276.0.7230010.3.1.4.1.1]
(0008,0020) DA [20240101]
(0008,0030) TM [120000]
(0008,0050) SH [A1]
(0008,0060) CS [CT]
(0008,0070) LO [Example Medical]
(0008,0080) LO [Lab Hospital]
(0008,0090) PN [{CANARY}^DOCTOR]
(0008,1010) SH [CT01]
(0008,1090) LO [Scanner 300]
(0008,1140) SQ
  (fffe,e000) na
    (0008,1150) UI [1.2.840.10008.5.1.4.1.1.2]
    (0008,1155) UI [1.2.3.4]
  (fffe,e00d) na
(fffe,e0dd) na
(0010,0010) PN [{CANARY}^JANE]
(0010,0020) LO [{CANARY}77]
(0010,0030) DA [19700101]
(0010,0040) CS [F]
(0018,1000) LO [SN4711]
(0018,1020) LO [1.0\\VA20]
(0020,000d) UI [1.2.276.0.7230010.3.1.2.1]
(0020,000e) UI [1.2.276.0.7230010.3.1.3.1]
(0020,0010) SH [1]
(0020,0011) IS [1]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 256
(0028,0011) US 256
(0028,0100) US 16
(0028,0101) US 12
(0028,0102) US 11
(0028,0103) US 0
(7fe0,0010) OW =pixels.raw
"""
EQUIPMENT = {
    "Modality": "CT",
    "Manufacturer": "Example Medical",
    "InstitutionName": "Lab Hospital",
    "StationName": "CT01",
    "ManufacturerModelName": "Scanner 300",
    "DeviceSerialNumber": "SN4711",
    "SoftwareVersions": "1.0, VA20",
}
PATIENT = ["PatientName", "PatientID", "PatientBirthDate", "PatientSex"]
WAIT_SECONDS = 20


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} of DCMTK is not installed")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    # Small numbers, zeros among them: what a search for PDU headers meets in real images.
    (folder / "pixels.raw").write_bytes(b"".join((value % 11).to_bytes(2, "little") for value in range(256 * 256)))
    (folder / "image.dump").write_text(IMAGE, encoding="latin-1")
    subprocess.run(["dump2dcm", "image.dump", "image.dcm"], cwd=folder, check=True)
    # A sender prefers the byte order of its file to the receiver's wish.
    subprocess.run(["dcmconv", "--write-xfer-big", "image.dcm", "big.dcm"], cwd=folder, check=True)
    return folder / "image.dcm"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(port: int, *argv: str) -> Iterator[None]:
    """Runs a program until it listens, and ends it."""
    program = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + WAIT_SECONDS
        while True:
            assert program.poll() is None, f"{argv[0]} ended"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert time.monotonic() < until, f"{argv[0]} does not listen"
            time.sleep(0.05)
        yield
    finally:
        program.terminate()
        program.wait(WAIT_SECONDS)


class Relay:
    """Takes one connection, makes another to a server, and writes down what each side says."""

    def __init__(self, server: int) -> None:
        self.turns: Turns = []
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._listener.settimeout(WAIT_SECONDS)
        with (
            self._listener,
            self._listener.accept()[0] as client,
            socket.create_connection(("127.0.0.1", self._server)) as server,
        ):
            pumps = [threading.Thread(target=self._pump, args=(sender, (client, server))) for sender in (0, 1)]
            for pump in pumps:
                pump.start()
            for pump in pumps:
                pump.join()

    def _pump(self, sender: int, sides: tuple[socket.socket, socket.socket]) -> None:
        with suppress(OSError):
            while data := sides[sender].recv(1460):
                self.turns.append((sender, data))
                sides[1 - sender].sendall(data)
        with suppress(OSError):
            sides[1 - sender].shutdown(socket.SHUT_WR)

    def ended(self) -> Turns:
        """All that was said, after both sides are done."""
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()
        return self.turns


def spoken(server: int, *argv: str) -> Turns:
    """Runs a client program through a relay to a server; PORT in its arguments is the relay's."""
    relay = Relay(server)
    subprocess.run([str(relay.port) if part == "PORT" else part for part in argv], check=True, timeout=WAIT_SECONDS)
    return relay.ended()


def read(turns: Turns) -> list[Message]:
    stream = DicomStream()
    found: list[Result] = []
    for sender, data in turns:
        found += stream.feed(sender, data)
    found += stream.close()
    messages = [result for result in found if not isinstance(result, Malformed)]
    assert len(messages) == len(found)
    assert_no_canary(found, [message.facts() for message in messages])
    return messages


def dimse(messages: list[Message]) -> list[DimseMessage]:
    return [message for message in messages if isinstance(message, DimseMessage)]


def kinds(messages: list[Message]) -> list[str]:
    return [message.kind for message in messages]


@pytest.fixture(scope="module")
def store_turns(image: Path) -> Callable[..., Turns]:
    def turns(proposal: str, preference: str, pdu: int = 16384) -> Turns:
        port = free_port()
        with serving(port, "storescp", "--ignore", preference, "--max-pdu", str(pdu), str(port)):
            file = image.parent / "big.dcm" if proposal == "--propose-big" else image
            titles = ("-aet", "CT01", "-aec", "ARCHIVE")
            return spoken(port, "storescu", *titles, proposal, "localhost", "PORT", str(file))

    return turns


@pytest.mark.parametrize(
    ("proposal", "preference", "encoding"),
    [
        ("--propose-implicit", "--implicit", "implicit VR little endian"),
        ("--propose-little", "--prefer-little", "explicit VR little endian"),
        ("--propose-big", "--prefer-big", "explicit VR big endian"),
        ("--propose-deflated", "--prefer-deflated", "deflated explicit VR little endian"),
    ],
)
def test_an_image_is_read_in_every_encoding(
    proposal: str, preference: str, encoding: str, store_turns: Callable[..., Turns]
) -> None:
    turns = store_turns(proposal, preference)
    messages = read(turns)
    assert kinds(messages) == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        "C-STORE-RQ",
        "C-STORE-RSP",
        "A-RELEASE-RQ",
        "A-RELEASE-RP",
    ]
    request = messages[0].facts()
    assert (request["calling_ae"], request["called_ae"]) == ("CT01", "ARCHIVE")
    assert request["implementation_version"].startswith("OFFIS_DCMTK")
    store = messages[2].facts()
    assert store["sop_class_name"] == "CT Image Storage"
    assert store["data_set"]["encoding"] == encoding
    assert store["data_set"]["equipment"] == EQUIPMENT
    assert store["data_set"]["patient_attributes"] == PATIENT


@pytest.mark.parametrize("pdu", [4096, 131072])
def test_an_image_of_which_only_the_head_of_each_pdu_is_handed_on_is_read(
    pdu: int, store_turns: Callable[..., Turns]
) -> None:
    """What a packet engine may do with large P-DATA-TF PDUs: their first 4 KiB, then a gap, then the next PDU."""
    turns = store_turns("--propose-implicit", "--implicit", pdu)
    sides = [b"".join(data for sender, data in turns if sender == side) for side in (0, 1)]
    stream = DicomStream()
    found: list[Result] = []
    for side, said in enumerate(sides):
        pos, gap = 0, False
        while pos < len(said):
            length = 6 + int.from_bytes(said[pos + 2 : pos + 6])
            data_first = said[pos] == 4 and not said[pos + 11] & 1
            handed = min(length, 4096) if data_first else length
            found += stream.feed(side, said[pos : pos + handed], gap=gap)
            gap = handed < length
            pos += length
    found += stream.close()
    whole = read(turns)
    assert sorted(r.kind for r in found if not isinstance(r, Malformed)) == sorted(kinds(whole))
    assert len(found) == len(whole)
    store = next(r for r in found if isinstance(r, DimseMessage) and r.kind == "C-STORE-RQ")
    assert store.data_set is not None
    assert dict(store.data_set.equipment) == EQUIPMENT
    assert list(store.data_set.patient) == PATIENT


@pytest.fixture(scope="module")
def archive_port(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """A query/retrieve archive that holds the image, and the port to which it sends what VIEWER wants."""
    folder = tmp_path_factory.mktemp("archive")
    port, viewer = free_port(), free_port()
    (folder / "db").mkdir()
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nviewer = (VIEWER, localhost, {viewer})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nARCHIVE {folder / 'db'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    with serving(port, "dcmqrscp", "-c", str(folder / "dcmqrscp.cfg")):
        subprocess.run(["storescu", "-aec", "ARCHIVE", "localhost", str(port), str(image)], check=True)
        yield port, viewer


def test_a_query_and_its_answers_are_read(archive_port: tuple[int, int]) -> None:
    keys = (
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        f"PatientName={CANARY}*",
        "-k",
        "StudyInstanceUID",
        "-k",
        "PatientID",
    )
    turns = spoken(archive_port[0], "findscu", "-S", "-aec", "ARCHIVE", *keys, "localhost", "PORT")
    asked, answer = dimse(read(turns))
    query = asked.facts()["data_set"]
    assert query["query_level"] == "STUDY"
    assert query["matching_keys"] == ["PatientName"]
    assert query["return_keys"] == ["PatientID", "StudyInstanceUID"]
    assert asked.facts()["patient_data_in_clear"] is True
    facts = answer.facts()
    assert (facts["pending_responses"], facts["status_class"]) == (1, "Success")
    assert set(facts["data_set"]["patient_attributes"]) == {"PatientName", "PatientID"}


def test_a_retrieval_by_get_says_who_stores(archive_port: tuple[int, int], tmp_path: Path) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.276.0.7230010.3.1.2.1")
    turns = spoken(archive_port[0], "getscu", "-S", "-aec", "ARCHIVE", "-od", str(tmp_path), *keys, "localhost", "PORT")
    found = dimse(read(turns))
    assert [(message.kind, message.sender_is_server) for message in found] == [
        ("C-GET-RQ", False),
        ("C-STORE-RQ", True),
        ("C-STORE-RSP", False),
        ("C-GET-RSP", True),
    ]
    assert found[1].facts()["data_set"]["equipment"] == EQUIPMENT
    assert found[3].facts()["sub_operations"]["completed"] == 1


def test_a_retrieval_by_move_says_where_to(archive_port: tuple[int, int]) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.276.0.7230010.3.1.2.1")
    with serving(archive_port[1], "storescp", "--ignore", "-aet", "VIEWER", str(archive_port[1])):
        turns = spoken(
            archive_port[0], "movescu", "-S", "-aec", "ARCHIVE", "-aem", "VIEWER", *keys, "localhost", "PORT"
        )
    asked, answer = dimse(read(turns))
    assert asked.facts()["move_destination"] == "VIEWER"
    assert answer.facts()["sub_operations"]["completed"] == 1
    assert answer.facts()["status_class"] == "Success"
