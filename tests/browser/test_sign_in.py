"""A person's way in, in a real browser with a virtual security key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import NewPage, SignIn, at_home, authenticator, axe, join, picture
from tests.browser.server import Server

PASSWORD = "walrus-under-seven-lamps"


def credentials(key: tuple[Any, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = key[0].send("WebAuthn.getCredentials", {"authenticatorId": key[1]})["credentials"]
    return found


def use_passkey(page: Any) -> None:
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_the_first_administrator_joins_by_the_printed_link_and_invites_somebody(
    server: Server, new_page: NewPage
) -> None:
    page = new_page()
    key = join(page, server.first_administrator, "root")
    page.goto("/people/invite/")
    axe(page)
    page.get_by_label("Name", exact=True).fill("Grace")
    page.get_by_label("Role").select_option(label="Clinician")
    picture(page, "invite")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link").input_value()
    picture(page, "invited")
    page.goto("/people/")
    axe(page)
    picture(page, "people")
    page.goto("/account/")
    axe(page)
    picture(page, "account")
    # The printed link works no more.
    late = new_page()
    late.goto(server.first_administrator)
    assert "This link works no more" in late.content()
    # Signing out and in again needs the key alone.
    page.get_by_role("button", name="Sign out", exact=True).click()
    picture(page, "login")
    axe(page)
    use_passkey(page)
    at_home(page)
    assert credentials(key)[0]["signCount"] >= 2
    invited = new_page()
    join(invited, link, "grace")
    assert invited.url.endswith("/")


def test_a_copied_key_is_refused_and_then_the_key_itself(server: Server, new_page: NewPage) -> None:
    page = new_page()
    key = join(page, server.invitation("clinical_engineer"), "copied")
    (original,) = credentials(key)
    for _ in range(2):
        page.context.clear_cookies()
        use_passkey(page)
        at_home(page)
    thief = new_page()
    thief.goto("/account/login/")
    session, copy = authenticator(thief)
    session.send("WebAuthn.addCredential", {"authenticatorId": copy, "credential": {**original, "signCount": 0}})
    use_passkey(thief)
    thief.get_by_text("That was not right").wait_for()
    page.goto("/")
    assert "/account/login/" in page.url


def test_a_finger_that_is_not_known_does_not_sign_in(server: Server, new_page: NewPage) -> None:
    page = new_page()
    session, key = join(page, server.invitation("auditor"), "finger")
    page.context.clear_cookies()
    session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    use_passkey(page)
    page.get_by_text("Nothing was confirmed").wait_for()


def test_a_button_that_is_pressed_before_its_script_is_there_waits_for_it(server: Server, new_page: NewPage) -> None:
    held: list[Any] = []
    page = new_page()
    page.route("**/passkey*.js", lambda route: held.append(route))
    page.goto("/account/login/", wait_until="commit")
    button = page.get_by_role("button", name="Sign in with a passkey")
    button.wait_for()
    assert button.is_disabled()
    held[0].continue_()
    button.click()
    # The script has it in hand: the browser asks for a passkey, and the form was not sent.
    page.wait_for_function("document.querySelector('form[data-passkey] button').disabled")
    assert page.get_by_role("alert").count() == 0


def test_a_password_and_an_app_let_in_and_a_session_is_ended_from_another(server: Server, new_page: NewPage) -> None:
    import time

    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    page = new_page()
    page.goto(server.invitation("auditor"))
    page.get_by_label("Your name").fill("Paula")
    page.get_by_label("A short name to sign in with").fill("paula")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Use a password").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    axe(page)
    page.get_by_role("button", name="Go on").click()
    picture(page, "second-factor")
    axe(page)
    page.goto("/devices/")
    assert page.url.endswith("/account/second-factor/")
    page.get_by_role("link", name="An app that shows codes").click()
    secret = page.locator("code").first.inner_text()
    picture(page, "app")

    def code(step: int) -> str:
        return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))

    page.get_by_label("Authenticator code").fill(code(0))
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("link", name="I have kept them").wait_for()
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name="I have kept them").click()
    second = new_page()
    second.goto("/account/login/")
    second.get_by_label("Username").fill("paula")
    second.get_by_label("Password").fill(PASSWORD)
    second.get_by_role("button", name="Sign in with a password").click()
    second.get_by_label("A code of your app").fill(code(1))
    second.get_by_role("button", name="Sign in with the code").click()
    at_home(second)
    page.goto("/account/")
    page.get_by_role("button", name="Sign out there").click()
    page.get_by_text("Signed out there.").wait_for()
    second.goto("/devices/")
    assert "/account/login/" in second.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_in_fits_a_telephone_and_both_colours(new_page: NewPage, scheme: str) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.goto("/account/login/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    axe(page)
    picture(page, f"login-phone-{scheme}")


def test_somebody_of_a_role_is_at_the_overview(sign_in: SignIn) -> None:
    page = sign_in("clinical_engineer", color_scheme="dark", viewport={"width": 1280, "height": 900})
    assert page.get_by_role("heading", name="Overview").count() == 1
    page.goto("/account/")
    axe(page)
    picture(page, "account-dark")
