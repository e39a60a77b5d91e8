"""Loads, stores and the few machine operations that numba has no words for, on plain addresses.

numba would check, count references of and box arrays at every call; these intrinsics become one machine
instruction each. Loads widen without sign; ``be*`` read network byte order, ``le*`` the order of the capture
files of little-endian machines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

# numba ships types for a part of itself only.
_codegen: Any = _cgutils
_same: Any = types.UniTuple

F = TypeVar("F", bound=Callable[..., Any])


_RETURNED: dict[str, Any] = {
    "int": types.int64,
    "bool": types.boolean,
    "tuple[int, int, int, int]": _same(types.int64, 4),
    "None": types.void,
}


def _signature(function: Callable[..., Any]) -> Any:
    """Integers in, one of ``_RETURNED`` out: one explicit type, so that nothing is compiled twice."""
    annotations = dict(function.__annotations__)
    return _RETURNED[annotations.pop("return")](*[types.int64] * len(annotations))


# numba's own names: release the interpreter's lock, divide as C does, make none of the wrappers that Python
# callers would need, and do without reference counts.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}


def kernel(function: F) -> F:
    """Compiles ``function`` without the interpreter and without bounds checks."""
    return cast(F, njit(_signature(function), **_OPTIONS)(function))


def inlined(function: F) -> F:
    """As ``kernel``, and always merged into its callers by LLVM."""
    return cast(F, njit(_signature(function), forceinline=True, **_OPTIONS)(function))


def _load(bits: int, *, swap: bool) -> Callable[[int], int]:
    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.IntType(bits)
            pointer = builder.inttoptr(arguments[0], kind.as_pointer())
            loaded = builder.load(pointer, align=1)
            if swap:
                name = f"llvm.bswap.i{bits}"
                function = _codegen.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
                loaded = builder.call(function, [loaded])
            return builder.zext(loaded, ir.IntType(64)) if bits < 64 else loaded

        return types.int64(types.int64), generate

    return cast(Callable[[int], int], load)


u8 = _load(8, swap=False)
le16 = _load(16, swap=False)
le32 = _load(32, swap=False)
le64 = _load(64, swap=False)
be16 = _load(16, swap=True)
be32 = _load(32, swap=True)
be64 = _load(64, swap=True)


@intrinsic
def _get(typing_context: Any, address: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word64 = ir.IntType(64)
        pointer = builder.inttoptr(builder.add(arguments[0], builder.shl(arguments[1], word64(3))), word64.as_pointer())
        return builder.load(pointer, align=8)

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _put(typing_context: Any, address: Any, word: Any, content: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word64 = ir.IntType(64)
        pointer = builder.inttoptr(builder.add(arguments[0], builder.shl(arguments[1], word64(3))), word64.as_pointer())
        builder.store(arguments[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _copy(typing_context: Any, target: Any, source: Any, length: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte_pointer = ir.IntType(8).as_pointer()
        _codegen.raw_memcpy(
            builder,
            builder.inttoptr(arguments[0], byte_pointer),
            builder.inttoptr(arguments[1], byte_pointer),
            arguments[2],
            itemsize=1,
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _prefetch(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        i32 = ir.IntType(32)
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        function = _codegen.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer.type, i32, i32, i32]), "llvm.prefetch.p0"
        )
        # For reading, keep in all cache levels, data cache.
        builder.call(function, [pointer, i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def _shift_right(typing_context: Any, number: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.lshr(arguments[0], arguments[1])

    return types.int64(types.int64, types.int64), generate


get = cast(Callable[[int, int], int], _get)
"""``get(address, word)``: the 64-bit word number ``word`` of the table at ``address``."""
put = cast(Callable[[int, int, int], None], _put)
"""``put(address, word, content)``: the store that goes with ``get``."""
copy = cast(Callable[[int, int, int], None], _copy)
"""``copy(target, source, length)``: bytes that do not overlap."""
prefetch = cast(Callable[[int], None], _prefetch)
"""Asks the processor to bring the cache line of an address; never faults."""
shift_right = cast(Callable[[int, int], int], _shift_right)
"""Logical shift: ``>>`` of a signed integer would keep the sign."""
