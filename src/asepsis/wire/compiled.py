"""The kernels as a compiled object, made once for a machine and a version, loaded in milliseconds.

numba alone needs 0.4 s to be imported and some 15 s to compile; a cached object needs neither. It holds
machine code, so it is only taken from a folder that belongs to the user who runs us and that nobody else may
write. ``_get_compiled_object`` is a private method of numba: numba's version is locked, a test loads what it
gives, and where it is gone the kernels are compiled in the process instead.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

Enter = Callable[[int, int, int], int]

# What the object calls: LLVM makes calls of the C library's of plain loops and copies. The loader leaves every
# call unresolved when one of them is unknown, and finds none by itself.
_C_SYMBOLS = ("memcpy", "memmove", "memset")
# What numba's wrapper would do with an exception. Kernels raise none; should one do so, the process must stop.
_NUMBA_SYMBOLS = (
    "NRT_Free",
    "PyBytes_FromStringAndSize",
    "PyErr_Clear",
    "PyErr_SetNone",
    "PyErr_SetString",
    "PyErr_WriteUnraisable",
    "PyExc_RuntimeError",
    "PyExc_StopIteration",
    "PyExc_SystemError",
    "PyUnicode_FromString",
    "Py_DecRef",
    "numba_do_raise",
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_runtime_build_excinfo_struct",
    "numba_unpickle",
)

_MAGIC = b"asepsis-kernel-1"


def cache_folder() -> Path:
    """Where compiled objects lie: ``ASEPSIS_CACHE``, else ``$XDG_CACHE_HOME/asepsis``, else ``~/.cache/asepsis``."""
    if explicit := os.environ.get("ASEPSIS_CACHE"):
        return Path(explicit)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "asepsis"
    return Path.home() / ".cache" / "asepsis"


def _cpu() -> bytes:
    """What the machine code depends on besides its source: the processor and its features."""
    try:
        lines = Path("/proc/cpuinfo").read_bytes().split(b"\n\n", 1)[0].split(b"\n")
        wanted = (b"model name", b"flags", b"Features", b"CPU part")
        return platform.machine().encode() + b"|".join(line for line in lines if line.startswith(wanted))
    except OSError:
        return platform.machine().encode() + platform.processor().encode()


def cache_key() -> str:
    """Changes with the kernels' source, llvmlite's version and the processor."""
    import llvmlite

    digest = blake2b(_cpu(), digest_size=16)
    digest.update(llvmlite.__version__.encode())
    here = Path(__file__).parent
    for source in (here / "layout.py", *sorted((here / "kernels").glob("*.py"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def object_path() -> Path:
    """The file of this version's object on this machine, whether or not it is there."""
    return cache_folder() / f"kernels-{cache_key()}.o"


def _is_ours(path: Path) -> bool:
    """True for a file and a folder that only we can have written."""
    for part in (path, path.parent):
        status = part.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return False
    return True


def _load(image: bytes) -> Enter:
    """Links an object image into this process."""
    import llvmlite.binding as llvm

    head, _, body = image.partition(b"\n\n")
    magic, _, rest = head.partition(b"\n")
    symbol, _, digest = rest.partition(b" ")
    # LLVM ends the process on an object that is damaged, so damage must be seen before.
    if magic != _MAGIC or blake2b(body, digest_size=16).hexdigest().encode() != digest:
        raise ValueError("not a kernel object, or a damaged one")
    c_library = ctypes.CDLL(None)
    for name in (*_C_SYMBOLS, *_NUMBA_SYMBOLS):
        wanted = name if name in _C_SYMBOLS else "abort"
        llvm.add_symbol(name, ctypes.cast(getattr(c_library, wanted), ctypes.c_void_p).value)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(body))
    engine.finalize_object()
    address = engine.get_function_address(symbol.decode())
    if not address:
        raise ValueError("the kernel object lacks its entry")
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(address)

    def enter(control: int, operation: int, argument: int, _keep: object = engine) -> int:
        return int(function(control, operation, argument))

    return enter


def _compile() -> tuple[bytes | None, Enter]:
    """Compiles the kernels with numba; the image is None where numba does not give its object."""
    import numba

    from asepsis.wire.kernels.entry import enter as kernel

    dispatcher: Any = kernel
    compiled: Any = numba.cfunc(numba.int64(numba.int64, numba.int64, numba.int64))(dispatcher.py_func)
    try:
        body = bytes(compiled._library._get_compiled_object())
        digest = blake2b(body, digest_size=16).hexdigest()
        image: bytes | None = b"%s\n%s %s\n\n" % (_MAGIC, compiled.native_name.encode(), digest.encode()) + body
    except AttributeError:
        image = None
    function = compiled.ctypes

    def call(control: int, operation: int, argument: int, _keep: object = compiled) -> int:
        return int(function(control, operation, argument))

    return image, call


def _store(path: Path, image: bytes) -> None:
    """Writes the object so that no reader ever sees half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".kernels-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(image)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def load(*, notice: Callable[[str], None] | None = None) -> Enter:
    """The kernels' entry, from the cache or compiled now.

    Args:
        notice: Told in one line when compiling begins, because it takes a while.
    """
    path = object_path()
    try:
        if _is_ours(path):
            return _load(path.read_bytes())
    except (OSError, ValueError, RuntimeError):
        pass  # no object, or one that does not fit: compile
    if notice is None:

        def notice(text: str) -> None:
            if sys.stderr.isatty():
                sys.stderr.write(text + "\n")

    notice("Compiling the packet engine for this machine; this happens once and takes about half a minute ...")
    image, function = _compile()
    if image is not None:
        try:
            _store(path, image)
        except OSError:
            notice(f"The compiled engine could not be kept in {path.parent}; the next start will compile again.")
    return function
