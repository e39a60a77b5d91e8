"""The registry names what the classifier names, and imports no more than is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asepsis.protocols.registry import DISSECTORS, PROTOCOLS, dissector
from asepsis.wire.applications import Application


def test_every_application_with_a_dissector_is_registered_under_its_name() -> None:
    assert [application.name.lower() for application in Application if 0 < application < 64] == list(PROTOCOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_dissector_bears_the_name_of_its_module(protocol: str) -> None:
    found = DISSECTORS[protocol]
    assert found.protocol == protocol
    assert found.open is not None or found.datagram is not None
    assert found is dissector(protocol)


def test_an_unknown_protocol_is_a_key_error() -> None:
    assert "gopher" not in DISSECTORS
    with pytest.raises(KeyError):
        DISSECTORS["gopher"]


def test_looking_up_one_protocol_imports_no_other() -> None:
    program = (
        "import sys; from asepsis.protocols.registry import DISSECTORS; DISSECTORS['arp'];"
        "print(sorted(m for m in sys.modules if m.startswith('asepsis.protocols.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "asepsis.protocols.arp" in done.stdout
    assert "asepsis.protocols.dns" not in done.stdout
    assert "asepsis.protocols.tls" not in done.stdout
