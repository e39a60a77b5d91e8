"""Takes each security control out of a copy of the sources and sees its test fail.

``python -m tools.controls`` does it for all, ``python -m tools.controls NAME...`` for some; it exits with 1 where a
test passes without its control. ``python -m tools.controls --page`` writes ``docs/security/controls.md`` from the same
table, and ``tests/test_docs.py`` holds the page, the sources and the tests against each other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.control import Control
from tools.controls_of_exposure import EXPOSURE

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "security" / "controls.md"
WEB: Final = "src/asepsis/web"

HEAD: Final = """\
# Controls and the tests that miss them

Written by `python -m tools.controls --page` from its table. For each attack: what stops it, in which file, and the test
that fails when it is taken out. `python -m tools.controls` takes each one out of a copy of the sources, by the one
change that is written there, and runs that test; a test that still passes is reported. `make soak` runs it.

The [threat model](threat-model.md) holds all threats; these are the ones of people in the browser, of programs at the
API, of files that are sent in, of scans, of feeds and papers, and of risks that are accepted.

| attack | control | where | test that fails without it |
|---|---|---|---|
"""


CONTROLS: Final = (
    Control(
        name="session-fixation",
        attack="Session fixation: a session's id is planted before its owner signs in",
        control="a new id when a session becomes stronger",
        file=f"{WEB}/people/sessions.py",
        stands="    request.session.cycle_key()\n",
        without="",
        test="tests/web/people/test_sign_in.py::test_the_id_of_a_session_changes_when_it_gets_stronger",
    ),
    Control(
        name="csrf",
        attack="CSRF: a stranger's page sends our forms",
        control="every form bears a token of the session",
        file=f"{WEB}/settings.py",
        stands='    "django.middleware.csrf.CsrfViewMiddleware",\n',
        without="",
        test="tests/web/people/test_sign_in.py::test_a_form_of_another_site_is_refused",
    ),
    Control(
        name="open-redirect",
        attack="Open redirect: signing in leads to a stranger's page",
        control="only the host that was asked is led to",
        file=f"{WEB}/people/adapters.py",
        stands="return url_has_allowed_host_and_scheme(url, allowed_hosts=hosts, require_https=request.is_secure())",
        without="return bool(hosts)",
        test="tests/web/people/test_sign_in.py::test_signing_in_leads_to_no_other_host",
    ),
    Control(
        name="user-enumeration",
        attack="User enumeration: names of accounts are found out by what is answered, or how fast",
        control="one answer and one hash of a password, whether the name exists or not",
        file=f"{WEB}/people/adapters.py",
        stands='        key, rates = attempts.limit_of(request, str(credentials.get("username", "")))\n',
        without=(
            '        key, rates = attempts.limit_of(request, str(credentials.get("username", "")))\n'
            '        if not Person.objects.filter(username=credentials.get("username")).exists():\n'
            '            raise self.validation_error("username_password_mismatch")\n'
        ),
        test="tests/web/people/test_sign_in.py::test_a_name_that_nobody_bears_is_answered_like_a_wrong_password",
    ),
    Control(
        name="guessed-password",
        attack="Passwords are guessed",
        control="failures at one name are counted together, from wherever they come",
        file=f"{WEB}/people/attempts.py",
        stands='    return f"name:{name}", f"{PER_ADDRESS},{PER_NAME}"\n',
        without='    return f"name:{secrets.token_urlsafe(8)}", f"{PER_ADDRESS},{PER_NAME}"\n',
        test="tests/web/people/test_sign_in.py::test_who_guesses_at_a_name_is_stopped",
    ),
    Control(
        name="cloned-authenticator",
        attack="Cloned authenticator: a copy of a passkey signs in",
        control="the signature counter must move on; a copy shuts the key",
        file=f"{WEB}/people/passkeys.py",
        stands="cloned = (said.counter != 0 or stored != 0) and said.counter <= stored",
        without="cloned = False",
        test="tests/web/people/test_passkeys.py::test_a_cloned_key_is_refused_shut_and_recorded_and_its_sessions_end",
    ),
    Control(
        name="replayed-code",
        attack="Replayed TOTP: a code is used a second time",
        control="the last used step stands beside the secret; only later ones are taken",
        file=f"{WEB}/people/codes.py",
        stands="if step is None or step <= int(row.data.get(LAST_STEP, 0)):",
        without="if step is None:",
        test="tests/web/people/test_codes.py::test_a_code_signs_in_once_even_when_every_cache_is_empty",
    ),
    Control(
        name="dead-token",
        attack="A stolen token that was revoked, or one that expired, opens the API",
        control="a token's state is asked at every use",
        file=f"{WEB}/tokens/verify.py",
        stands='if token is None or not good or token.state != "good" or',
        without="if token is None or not good or",
        test="tests/web/tokens/test_tokens.py::test_an_expired_a_revoked_and_an_altered_token_are_refused",
    ),
    Control(
        name="guessed-token",
        attack="A token is guessed from its prefix",
        control="the whole secret is compared, by its digest",
        file=f"{WEB}/tokens/verify.py",
        stands="if token is None or not good or",
        without="if token is None or",
        test="tests/web/tokens/test_tokens.py::test_an_expired_a_revoked_and_an_altered_token_are_refused",
    ),
    Control(
        name="other-site",
        attack="Access across sites by the address of a thing",
        control="every single thing is decided on",
        file=f"{WEB}/devices/api.py",
        stands="if device is None or not may(request.user, action, device, fulfils=fulfils).allowed:",
        without="if device is None:",
        test="tests/web/tokens/test_tokens.py::test_a_token_of_one_site_does_not_reach_another",
    ),
    Control(
        name="mass-assignment",
        attack="Mass assignment: a request sends fields that the form does not show",
        control="forms name their fields",
        file=f"{WEB}/people/forms.py",
        stands='        fields = ("name",)\n',
        without='        fields = "__all__"\n',
        test="tests/web/people/test_sign_in.py::test_only_the_name_is_changed_by_the_form_of_the_name",
    ),
    Control(
        name="xxe",
        attack="XXE: a device's description fetches files or other hosts",
        control="a document type declaration ends the reading",
        file="src/asepsis/protocols/xml_reading.py",
        stands="    parser.StartDoctypeDeclHandler = tree.document_type\n",
        without="",
        test="tests/protocols/test_upnp.py::test_document_types_are_refused",
    ),
    Control(
        name="upload-of-markup",
        attack="XXE and scripts in documents that people attach",
        control="documents are taken by their content, never read, and handed out to be saved",
        file=f"{WEB}/devices/documents.py",
        stands='    if not kind_of(file.name or "", head):\n',
        without='    if not kind_of(file.name or "", head) and not head:\n',
        test="tests/web/test_hostile_uploads.py::test_a_document_of_a_device_is_taken_by_its_content_and_never_read",
    ),
    Control(
        name="zip-bomb",
        attack="A compressed capture that unpacks without measure",
        control="growth beyond 250 times ends that file, and the others are read",
        file="src/asepsis/wire/source.py",
        stands="if self._expanded > EXPANSION_FREE_BYTES and self._expanded > EXPANSION_LIMIT * self._raw.position():",
        without="if self._expanded < 0:",
        test="tests/web/test_hostile_uploads.py::test_a_capture_that_unpacks_without_measure_ends_its_job_and_nothing_else",
    ),
    Control(
        name="text-in-logs",
        attack="Names of patients and secrets in logs",
        control="logs name an error by its kind and place, never by its words",
        file=f"{WEB}/logs.py",
        stands='            fact["error"] = record.exc_info[0].__name__\n',
        without='            fact["error"] = record.exc_info[0].__name__ + str(record.exc_info[1])\n',
        test="tests/web/test_hostile_uploads.py::test_what_somebody_typed_is_in_no_log_no_error_page_and_no_record",
    ),
    Control(
        name="text-in-the-ledger",
        attack="Names of patients that somebody searches for, kept for good in the ledger",
        control="of a search only the fact is recorded",
        file=f"{WEB}/devices/filters.py",
        stands='    known = {*DeviceFilter.base_filters, "columns", "sort"} - {"q"}\n',
        without='    known = {*DeviceFilter.base_filters, "columns", "sort"}\n',
        test="tests/web/test_hostile_uploads.py::test_what_somebody_typed_is_in_no_log_no_error_page_and_no_record",
    ),
    Control(
        name="written-down",
        attack="A vendor reads in lists, by filters or in files what the hospital wrote down of its devices",
        control="no column, filter, order, count or saved view tells it to whom a policy hides it",
        file=f"{WEB}/devices/written_down.py",
        stands="    return Obligation.HIDE_NOTES in engine().obligations(",
        without="    return False and engine().obligations(",
        test="tests/web/devices/test_written_down.py::test_a_vendor_s_list_tells_nothing_that_the_hospital_wrote_down",
    ),
    Control(
        name="forged-id-token",
        attack="A forged or changed ID token of the hospital's provider",
        control="its signature is checked, by algorithms of key pairs alone",
        file=f"{WEB}/people/provider/id_token.py",
        stands='payload = jwt.PyJWS().decode_complete(token, known, algorithms=[algorithm])["payload"]',
        without='payload = jwt.PyJWS().decode_complete(token, options={"verify_signature": False})["payload"]',
        test="tests/web/people/provider/test_provider.py::test_a_token_that_is_not_right_signs_nobody_in",
    ),
    Control(
        name="replayed-answer",
        attack="An answer of the provider is replayed, or handed to another browser",
        control="a question of a session is gone after one answer",
        file=f"{WEB}/people/provider/views.py",
        stands='waiting.pop(request.GET.get("state", ""), None)',
        without='waiting.get(request.GET.get("state", ""), {**next(iter(waiting.values()), {})} or None)',
        test="tests/web/people/provider/test_provider.py::test_an_answer_is_taken_once_and_by_the_browser_that_asked",
    ),
    Control(
        name="swapped-nonce",
        attack="An ID token of another sign-in is slipped in",
        control="the nonce is compared",
        file=f"{WEB}/people/provider/id_token.py",
        stands='return "" if expected.nonce and claims.get("nonce") == expected.nonce else "nonce"',
        without='return ""',
        test="tests/web/people/provider/test_provider.py::test_a_token_that_is_not_right_signs_nobody_in",
    ),
    Control(
        name="unbound-record",
        attack="A change is kept while its record is lost",
        control="a change outside one transaction with its record is refused",
        file=f"{WEB}/ledger/record.py",
        stands='    if all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):\n',
        without="    if connection.in_atomic_block and False:\n",
        test=(
            "tests/web/ledger/test_middleware.py::"
            "test_a_change_that_is_not_in_one_transaction_with_its_record_is_refused"
        ),
    ),
    *EXPOSURE,
)


def page() -> str:
    """The page of the documentation."""
    rows = [f"| {one.attack} | {one.control} | `{one.file}` | `{one.test}` |" for one in CONTROLS]
    return HEAD + "\n".join(rows) + "\n"


def passes(tests: list[str], folder: Path) -> bool:
    """Whether all of the tests pass with the sources in ``folder``.

    Raises:
        RuntimeError: They could not be run at all, so that nothing was shown.
    """
    # Where tests run that were started by tests, their own settings must not come along.
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "ASEPSIS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or " error" in done.stdout.splitlines()[-1]:
        raise RuntimeError(f"{' '.join(tests)} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def fails_without(control: Control, folder: Path) -> bool:
    """Whether the test of a control fails when it is taken out of a copy of the sources in ``folder``."""
    path = folder / control.file
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(control.stands, control.without), encoding="utf-8")
    try:
        return not passes([control.test], folder)
    finally:
        path.write_text(before, encoding="utf-8")


def main(names: list[str]) -> int:
    """Takes out all controls, or those named; 1 where a test does not notice."""
    if names == ["--page"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    unnoticed = []
    with tempfile.TemporaryDirectory(prefix="controls-") as temporary:
        folder = Path(temporary)
        # Copied without what was compiled, so that nothing of the whole sources is run instead.
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("tests", "tools", "docs", "pyproject.toml"):
            (folder / name).symlink_to(ROOT / name)
        chosen = [control for control in CONTROLS if not names or control.name in names]
        if not passes(sorted({control.test for control in chosen}), folder):
            # Else a test that fails anyway would pass for one that misses its control.
            sys.stdout.write("a test fails with every control in place\n")
            return 1
        for control in chosen:
            noticed = fails_without(control, folder)
            sys.stdout.write(f"{control.name}: {'missed by its test' if noticed else 'NOT NOTICED'}\n")
            sys.stdout.flush()
            unnoticed += [] if noticed else [control.name]
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
