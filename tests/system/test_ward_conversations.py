"""Everything that was done in the recording is a conversation, between the right ends and of the right application."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WARD = Path(__file__).resolve().parent.parent.parent / "tests" / "recordings"
COMPILE_SECONDS = 180.0


@pytest.fixture(scope="module")
def conversations(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    workspace = str(tmp_path_factory.mktemp("workspace"))
    said = ""
    for words in (["analyze", str(WARD)], ["conversations", "--format", "json"]):
        argv = [sys.executable, "-m", "asepsis.cli", *words, "--workspace", workspace]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        said = done.stdout
    rows: list[dict[str, Any]] = json.loads(said)
    return rows


@pytest.fixture(scope="module")
def truth() -> Any:
    return json.loads((WARD / "truth.json").read_text())


def test_every_deed_is_a_conversation_with_its_server_and_application(
    conversations: list[dict[str, Any]], truth: Any
) -> None:
    owner = {address: host["name"] for host in truth["hosts"] for address in (*host["ipv4"], *host["ipv6"])}
    held = {
        (owner.get(row["client_ip"]), owner.get(row["server_ip"]), row["server_port"], row["application"])
        for row in conversations
    }
    deeds = {
        (deed["host"], deed["server"], deed["port"], deed["application"])
        for deed in truth["done"]
        if "server" in deed and "port" in deed
    }
    assert len(deeds) > 20
    assert deeds <= held


def test_nobody_is_the_client_of_a_port_that_another_program_serves(
    conversations: list[dict[str, Any]], truth: Any
) -> None:
    """Who began a TCP conversation is known here, because every one of them was seen from its first packet."""
    served = {(deed["host"], deed["port"]) for deed in truth["done"] if deed["exit_code"] is None and "port" in deed}
    owner = {address: host["name"] for host in truth["hosts"] for address in (*host["ipv4"], *host["ipv6"])}
    began = [row for row in conversations if row["ip_protocol"] == 6]
    assert began
    for row in began:
        assert (owner[row["server_ip"]], row["server_port"]) in served | {("wband2", 443)}, row


def test_both_captures_add_up_to_the_packets_that_are_conversations(conversations: list[dict[str, Any]]) -> None:
    manifest = json.loads((WARD / "manifest.json").read_text())
    packets = sum(entry["packets"] for entry in manifest["captures"])
    held = sum(row["packets_to_server"] + row["packets_to_client"] for row in conversations)
    # The rest is ARP and LLDP, which are no conversations.
    assert 0.85 * packets < held < packets
