"""The compiled object: loaded when it is ours, compiled anew when it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asepsis.wire import compiled

REQUEST = np.frombuffer(b"GET / HTTP/1.1\r\n\r\n", np.uint8)
HTTP_FROM_CLIENT = 8 | 1 << 8


def classify(enter: compiled.Enter) -> int:
    return enter(REQUEST.ctypes.data, 2, len(REQUEST))


def test_the_cached_object_answers_without_numba() -> None:
    compiled.load()
    program = (
        "import sys; from asepsis.wire import compiled; import numpy as np;"
        "a = np.frombuffer(b'GET / HTTP/1.1\\r\\n\\r\\n', np.uint8);"
        "print(compiled.load()(a.ctypes.data, 2, len(a)), 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(HTTP_FROM_CLIENT), "False"]


@pytest.mark.slow
def test_an_object_that_others_may_write_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.load()
    good = compiled.object_path()
    monkeypatch.setenv("ASEPSIS_CACHE", str(tmp_path))
    planted = compiled.object_path()
    planted.write_bytes(good.read_bytes())
    planted.chmod(0o666)
    said: list[str] = []
    assert classify(compiled.load(notice=said.append)) == HTTP_FROM_CLIENT
    assert said, "it was compiled, not loaded"
    assert planted.stat().st_mode & 0o022 == 0, "and the planted one is replaced"


@pytest.mark.slow
@pytest.mark.parametrize("image", [b"", b"garbage", b"asepsis-kernel-1\nno\n\n\x7fELF"])
def test_a_damaged_object_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: bytes) -> None:
    monkeypatch.setenv("ASEPSIS_CACHE", str(tmp_path))
    path = compiled.object_path()
    path.write_bytes(image)
    tmp_path.chmod(0o700)
    assert classify(compiled.load(notice=lambda _: None)) == HTTP_FROM_CLIENT
    assert path.stat().st_size > 10_000


def test_the_key_changes_with_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiled.cache_key()
    for source in (
        Path(compiled.__file__).parent / "layout.py",
        *(Path(compiled.__file__).parent / "kernels").glob("*.py"),
    ):
        target = tmp_path / source.relative_to(Path(compiled.__file__).parent)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    assert compiled.cache_key() == before
    (tmp_path / "kernels" / "run.py").write_text("# changed", encoding="utf-8")
    assert compiled.cache_key() != before
