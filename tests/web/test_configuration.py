from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.web.configuration import Configuration, ConfigurationError, load, secret
from tools.configuration_reference import tables, texts


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "workspace.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_that_says_nothing_and_one_that_is_not_there_are_the_defaults(tmp_path: Path) -> None:
    assert load(_file(tmp_path, "format = 1\n"), {}) == Configuration()
    assert load(tmp_path / "nothing.toml", {}) == Configuration()


def test_what_is_set_is_read(tmp_path: Path) -> None:
    found = load(
        _file(tmp_path, '[web]\nport = 443\nnames = ["a.example", "b.example"]\n[sign_in]\nsecond_factor = false\n'), {}
    )
    assert (found.web.port, found.web.names, found.sign_in.second_factor) == (443, ("a.example", "b.example"), False)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("format = 1\n\n[web]\nport = 443\nprot = 444\n", 5, "no key 'prot'"),
        ("format = 1\n\n[wbe]\nport = 443\n", 3, "no table 'wbe'"),
        ("format = 1\nport = 443\n", 2, "no table 'port'"),
        ('[web]\nport = "443"\n', 2, "a whole number"),
        ("[web]\n# a word\nport = true\n", 3, "a whole number"),
        ("[web]\nport = 70000\n", 2, "from 1 to 65535"),
        ('[web]\ntls = "off"\n', 2, "one of own, files, none"),
        ('[web]\nnames = "a.example"\n', 2, "a list of texts"),
        ("[web]\nnames = [1]\n", 2, "a list of texts"),
        ('[sign_in]\nsecond_factor = "no"\n', 2, "true or false"),
        ("[sign_in]\nsecond_factor = false\nadministrators_device_bound = false\n", 3, "cannot both be false"),
        ('[oidc]\nissuer = "http://sso.example"\n', 2, "an https address"),
        ('[oidc]\nissuer = "https://sso.example/?x"\n', 2, "an https address"),
        ('[oidc]\nissuer = "https://sso.example"\n', 2, "needs a client_id"),
        ('[oidc]\ngroups = ["/CE"]\n', 2, "group=role"),
        ('[oidc]\ngroups = ["/CE=chief"]\n', 2, "names no role"),
        ('[oidc]\ngroups = ["/CE=vendor"]\n', 2, "names no role"),
        ('[oidc]\ngroups = ["/CE=clinician@"]\n', 2, "names no site"),
        ("[database]\nport = 5432\n[web]\nhost = 1\n", 4, "a text"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load(path, {})
    assert f"{path}:{line}:" in refused.value.message
    assert words in refused.value.message


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 2"):
        load(_file(tmp_path, "[web]\nport 443\n"), {})


def test_an_environment_variable_wins_over_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, "[web]\nport = 443\n")
    environment = {
        "ASEPSIS_WEB_PORT": "8444",
        "ASEPSIS_WEB_NAMES": "a.example, b.example",
        "ASEPSIS_SIGN_IN_SECOND_FACTOR": "false",
    }
    found = load(path, environment)
    assert (found.web.port, found.web.names, found.sign_in.second_factor) == (8444, ("a.example", "b.example"), False)


@pytest.mark.parametrize(
    ("variable", "text"),
    [("ASEPSIS_WEB_PORT", "many"), ("ASEPSIS_WEB_PORT", "0"), ("ASEPSIS_WEB_TLS", "off"), ("ASEPSIS_WEB_PORT", "")],
)
def test_a_variable_that_cannot_be_used_is_refused_by_its_name(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        load(_file(tmp_path, ""), {variable: text})


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("CANARY-4711\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="may be read by others") as refused:
        secret(str(path), what="the password")
    assert "CANARY" not in refused.value.message
    path.chmod(0o600)
    assert secret(str(path), what="the password") == "CANARY-4711"


def test_a_secret_that_is_empty_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.touch(0o600)
    with pytest.raises(ConfigurationError, match="empty"):
        secret(str(path), what="the password")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        secret(str(tmp_path / "nothing"), what="the password")


def test_every_key_says_what_it_means() -> None:
    for table, kind in tables().items():
        said = texts(kind)
        for key in kind.__dataclass_fields__:
            assert said.get(key), f"[{table}] {key}"
