"""The page for those who add a protocol: its example passes the checks that it promises."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from asepsis.protocols.message import Dissector
from asepsis.protocols.registry import PROTOCOLS
from tests.protocols.conformance import checks_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-protocol.md"


@pytest.fixture
def example() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The page's module and its tests, as if they were files."""
    assert "tftp" not in PROTOCOLS, "the page needs another example: this one is built in"
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    modules = [ModuleType("asepsis.protocols.tftp"), ModuleType("tests.protocols.test_tftp")]
    try:
        for module, block in zip(modules, blocks, strict=True):
            sys.modules[module.__name__] = module
            exec(compile(block, f"{PAGE.name}: {module.__name__}", "exec"), module.__dict__)
        yield modules[0], modules[1]
    finally:
        for module in modules:
            sys.modules.pop(module.__name__, None)


def test_the_example_passes_its_tests_and_every_common_check(example: tuple[ModuleType, ModuleType]) -> None:
    module, tests = example
    dissector = module.DISSECTOR
    assert isinstance(dissector, Dissector)
    tests.test_a_device_says_which_file_it_fetches()
    assert len(tests.VECTORS) == 2
    for vector in tests.VECTORS:
        for check in checks_of(vector):
            check(dissector, vector)


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:src|tests|docs)/[\w/.-]+\.(?:py|md))`", PAGE.read_text()))
    of_the_example = {"src/asepsis/protocols/tftp.py", "tests/protocols/test_tftp.py"}
    assert of_the_example < named
    assert [name for name in sorted(named - of_the_example) if not (ROOT / name).is_file()] == []
