"""What is hidden in words, so that types are learnt and not units or networks."""

import pytest

from asepsis.devices.behaviour.profile import WORD_LIMIT, without_identifiers, without_own_address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uuid:Socket-1_0-221517K0101769", "uuid:socket-1_0-#"),
        ("a4ffbe70-1dd2-11b2-9f4c-00178824af01", "#"),
        ("http://10.20.30.40:49153/setup.xml", "http://#:49153/setup.xml".replace("49153", "#")),
        ("00:17:88:24:76:ff", "#"),
        ("Philips-hue-0017880976FF", "philips-hue-#"),
        ("HS110(EU)", "hs110(eu)"),
        ("dsp-w215", "dsp-w215"),
        ("udhcp 1.22.1", "udhcp 1.22.1"),
        ("fe80::217:88ff:fe24:76ff", "#"),
    ],
)
def test_what_tells_units_apart_is_hidden_and_products_stay(text: str, shown: str) -> None:
    assert without_identifiers(text) == shown


def test_the_ends_of_a_device_s_own_address_are_hidden_wherever_they_stand() -> None:
    assert without_own_address("dhcp name plug-3f2a", "50:c7:bf:00:3f:2a") == "dhcp name plug-#"
    assert without_own_address("dhcp name plug-bf003f2a", "50:c7:bf:00:3f:2a") == "dhcp name plug-#"


def test_words_that_only_look_like_figures_of_another_address_stay() -> None:
    assert without_own_address("dhcp name cafe-face", "50:c7:bf:00:3f:2a") == "dhcp name cafe-face"
    assert without_own_address("dns asks face.example", "10.0.0.9") == "dns asks face.example"


def test_a_long_text_is_cut() -> None:
    assert len(without_identifiers("word " * 1000)) <= WORD_LIMIT
