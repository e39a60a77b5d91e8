from __future__ import annotations

import pytest

from asepsis.web import navigation
from tests.web.conftest import MakeDevice, MakePerson, SignedIn


def test_the_menu_of_a_long_list_is_made_once(
    make_person: MakePerson, make_device: MakeDevice, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Made anew for every cell, it made a list of fifty devices take two seconds.
    for number in range(20):
        make_device(f"pump{number:06}", category="infusion_pump")
    made = 0
    menu = navigation._menu

    def counted(request: object) -> dict[str, object]:
        nonlocal made
        made += 1
        return menu(request)  # type: ignore[arg-type]

    monkeypatch.setattr(navigation, "_menu", counted)
    page = signed_in(make_person("ada", "security_analyst")).get("/devices/").content.decode()
    assert "pump000019" in page
    assert made == 1


def test_each_sees_the_menu_of_their_own_roles(make_person: MakePerson, signed_in: SignedIn) -> None:
    ada, ben = make_person("ada", "auditor"), make_person("ben", "clinician")
    assert "/ledger/" in signed_in(ada).get("/").content.decode()
    assert "/ledger/" not in signed_in(ben).get("/").content.decode()
