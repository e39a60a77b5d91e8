"""A capture is sent from the browser, and a program uses a token."""

from __future__ import annotations

import json
import struct
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.browser.conftest import WAIT_MILLISECONDS, SignIn, picture
from tests.browser.hospital import PUMPS
from tests.browser.server import Server

NAME = "cart-of-the-browser"
HARDWARE = bytes.fromhex("00163e0badca")


def dhcp_request(path: Path) -> Path:
    """A capture with one packet: a device says its name when it asks for an address (RFC 2131 2, RFC 2132 3.14)."""
    options = b"\x63\x82\x53\x63" + b"\x35\x01\x01" + bytes((12, len(NAME))) + NAME.encode() + b"\xff"
    bootp = struct.pack(">BBBBIHH16x", 1, 1, 6, 0, 0x1234, 0, 0) + HARDWARE.ljust(16, b"\0") + bytes(192) + options
    udp = struct.pack(">HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + header[12:]
    frame = b"\xff" * 6 + HARDWARE + b"\x08\x00" + header + udp
    record = struct.pack("<IIII", 1_794_000_000, 0, len(frame), len(frame)) + frame
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + record)
    return path


def test_a_capture_is_sent_and_its_progress_shows_until_its_device_is_there(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("network_engineer")
    page.get_by_role("link", name="Captures").click()
    page.get_by_label("Captures (pcap").set_input_files(dhcp_request(tmp_path / "cart.pcap"))
    page.get_by_role("button", name="Analyse").click()
    page.wait_for_url("**/jobs/*-*/")
    page.evaluate("window.stayed = true")
    page.locator(".status.done").wait_for()
    # The state came to the page that was open, without another look.
    assert page.evaluate("window.stayed")
    picture(page, "capture")
    page.reload()
    assert page.get_by_role("row", name="cart.pcap").get_by_role("cell", name="1", exact=True).count() == 2
    # The refreshed list has it as soon as the server noticed.
    page.goto(f"/devices/?q={NAME}")
    end = time.monotonic() + WAIT_MILLISECONDS / 1000
    while page.locator("#rows").get_by_role("link", name=NAME, exact=True).count() == 0:
        assert time.monotonic() < end
        page.wait_for_timeout(500)
        page.reload()
    page.locator("#rows").get_by_role("link", name=NAME, exact=True).click()
    page.get_by_text(HARDWARE.hex(":")).first.wait_for()


def test_what_is_no_capture_is_refused_with_the_reason(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("network_engineer")
    page.goto("/jobs/")
    letter = tmp_path / "letter.pcap"
    letter.write_text("Dear colleague,\n")
    page.get_by_label("Captures (pcap").set_input_files(letter)
    page.get_by_role("button", name="Analyse").click()
    page.get_by_text("letter.pcap").first.wait_for()
    assert page.url.endswith("/jobs/")


def asked(server: Server, secret: str, path: str) -> tuple[int, object]:
    """What the API answers to a program with this token."""
    request = urllib.request.Request(f"{server.address}{path}", headers={"Authorization": f"Bearer {secret}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, None


def test_a_token_is_shown_once_lets_a_program_in_and_is_revoked(server: Server, sign_in: SignIn) -> None:
    page = sign_in("security_analyst")
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("What it is for").fill("The dashboard")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("section[role=status] pre").inner_text().strip()
    status, answer = asked(server, secret, "/api/v1/devices?category=infusion_pump&limit=100")
    assert status == 200
    assert isinstance(answer, dict)
    assert len(answer["items"]) == len(PUMPS)
    assert asked(server, secret, "/api/v1/people")[0] == 403
    page.goto("/tokens/")
    assert secret not in page.content()
    picture(page, "tokens")
    page.get_by_role("button", name="Revoke The dashboard").click()
    page.get_by_text("is good no longer").wait_for()
    assert asked(server, secret, "/api/v1/devices")[0] == 401
