"""A real SDC device and its consumer speak in a network namespace, and are read from the wire."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Message
from asepsis.protocols.sdc import Sdc
from asepsis.protocols.wsd import Wsd
from asepsis.wire.applications import application_name
from asepsis.wire.capture import CaptureReader
from asepsis.wire.source import open_source
from lab.record import ENVIRONMENT
from tests.wire.reading import shared_engine

pytestmark = [pytest.mark.slow, pytest.mark.root]

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "lab" / "programs" / "sdc_bedside.py"
TIME_LIMIT_SECONDS = 120

# Nothing but these two exists on the loopback interface of a new network namespace.
SCRIPT = """
ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo || exit 77
tcpdump -Z "$(id -un)" -i lo -U -s 0 -w "$2" 2>/dev/null & recording=$!
sleep 1
"$1" "$3"; result=$?
sleep 1; kill $recording; wait $recording
exit $result
"""


def _python() -> str:
    """A Python that has the package: the lab's own, or this one."""
    for python in (ENVIRONMENT / "bin" / "python", Path(sys.executable)):
        if python.exists() and subprocess.run([python, "-c", "import sdc11073"], capture_output=True).returncode == 0:
            return str(python)
    pytest.skip("sdc11073 is not installed (lab/requirements.txt)")


@pytest.fixture(scope="module")
def bedside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of all that they said."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a network namespace of its own")
    for tool in ("unshare", "tcpdump", "ip"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    capture = tmp_path_factory.mktemp("sdc") / "bedside.pcap"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", SCRIPT, "sh", _python(), str(capture), str(PROGRAM)],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(f"no multicast on loopback here: {done.stderr}")
    assert done.stdout.endswith("done\n"), done.stderr
    return capture


def test_a_real_device_is_read_from_its_announcement_to_its_farewell(bedside: Path) -> None:
    found: list[Message] = []
    applications = set()
    reader = MessageReader(capture="bedside", sighted=lambda sighting: found.append(sighting.message))
    source, _ = open_source(str(bedside))
    for output in CaptureReader(shared_engine(), source).outputs():
        reader.take(output)
        reader.finished(output.finished)
        applications |= {application_name(int(code)) for code in output.finished["application"]}
    source.close()
    assert not reader.malformed
    assert not reader.failures
    assert {"wsd", "sdc"} <= applications
    discovery = [one for one in found if isinstance(one, Wsd)]
    assert {"Hello", "Probe", "ProbeMatches", "Get", "GetResponse", "Bye"} <= {one.kind for one in discovery}
    hello = next(one for one in discovery if one.kind == "Hello" and one.types)
    assert hello.types == ("dpws:Device", "mdpws:MedicalDevice")
    assert any("Bed42" in scope for scope in hello.scopes)
    model = next(one for one in discovery if one.model_name)
    assert (model.manufacturer, model.model_name, model.firmware) == ("Asepsis Lab", "Breath", "2.11")
    sdc = [one for one in found if isinstance(one, Sdc)]
    described = next(one for one in sdc if one.kind == "GetMdibResponse")
    assert (described.types, described.serial_number, described.software) == (("70001",), "VT-0042", "3.4.1")
    assert described.udis == ("(01)04012345678901(21)VT-0042",)
    assert (described.operations, described.alert_systems) == (("SetValue",), 1)
    assert described.location == "HOSP///CU1//Bed42"
    assert any(one.kind == "SetValue" and one.remote_control for one in sdc)
    assert any(one.kind == "EpisodicMetricReport" and one.patient_data for one in sdc)
    assert "7734" not in repr(found)
