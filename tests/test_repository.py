"""What must hold for every file of the project, whoever wrote it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from lab.needs import PROGRAMS

ROOT = Path(__file__).resolve().parent.parent

LARGEST_FILE_BYTES = 5 << 20
LONGEST_MODULE_LINES = 600

# Written in halves, so that this file itself stays clean.
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org")
INDEX_OPTIONS = re.compile(r"--(extra-)?index-url[ =]\S|--find-links[ =]\S|--trusted-host[ =]\S|file" + "://")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file under version control that is here; skips in an unpacked archive, which has none."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return tuple(path for path in paths if path.is_file())


def texts() -> list[tuple[Path, str]]:
    """The tracked files that are text."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.append((path, content.decode("utf-8", errors="replace")))
    return found


def dependencies() -> set[str]:
    """Every package that pyproject.toml or the tools' list names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {**project["project"]["optional-dependencies"], **project.get("dependency-groups", {})}
    lines = [*project["project"]["dependencies"], *(line for group in groups.values() for line in group)]
    lines += [line for line in (ROOT / "requirements" / "tools.in").read_text().splitlines() if line[:1].isalpha()]
    return {re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0].lower() for line in lines}


def test_no_file_names_a_package_index() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {host}" for path, text in texts() for host in INDEX_HOSTS if host in text.lower()
    ]
    guilty += [str(path.relative_to(ROOT)) for path, text in texts() if INDEX_OPTIONS.search(text)]
    assert guilty == []


def test_no_file_holds_a_path_of_the_machine_it_was_written_on() -> None:
    here = (f"{ROOT}/", f"{Path.home()}/")
    assert [str(path.relative_to(ROOT)) for path, text in texts() if any(place in text for place in here)] == []


def test_locks_hold_nothing_but_versions_and_hashes() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "lab" / "requirements.txt"]
    allowed = re.compile(r"^(\s*#.*|[a-z0-9._-]+==\S+( ; .*)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?)?$")
    wrong = [
        f"{lock.relative_to(ROOT)}:{number}: {line}"
        for lock in locks
        if lock.name != "debian.txt"
        for number, line in enumerate(lock.read_text().splitlines(), 1)
        if not allowed.match(line) or "://" in line
    ]
    assert wrong == []


def test_every_locked_package_has_a_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        if lock.name == "debian.txt":
            continue
        for entry in re.split(r"\n(?=[a-z0-9])", lock.read_text()):
            if "==" in entry.splitlines()[0]:
                assert "--hash=sha256:" in entry, f"{lock.name}: {entry.splitlines()[0]}"


def test_every_dependency_is_locked() -> None:
    locked = "\n".join((ROOT / "requirements" / name).read_text() for name in ("tools.txt", "bench.txt", "dev.txt"))
    assert sorted(name for name in dependencies() if f"\n{name}==" not in locked) == []


def test_every_dependency_has_its_line_and_no_line_is_left_over() -> None:
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    explained = set(re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE))
    assert explained == dependencies()


def test_no_file_is_too_large_to_review() -> None:
    assert [str(path) for path in tracked() if path.stat().st_size > LARGEST_FILE_BYTES] == []


def test_no_module_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src")
        if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE_LINES
    }
    assert long == {}


def test_every_script_can_be_run() -> None:
    assert [str(path) for path, text in texts() if text.startswith("#!") and not path.stat().st_mode & 0o100] == []


def test_what_the_lab_needs_is_in_the_list_of_debian_packages() -> None:
    listed = {
        line.split()[0]
        for line in (ROOT / "requirements" / "debian.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    essential = {"util-linux"}  # part of every Debian
    assert set(PROGRAMS.values()) - essential - listed == set()
