"""The one function that leaves this package: what to do, on which tables."""

from __future__ import annotations

from asepsis.wire.kernels.classify import classify_tcp, classify_udp
from asepsis.wire.kernels.machine import kernel
from asepsis.wire.kernels.run import finish_idle, run


@kernel
def enter(c: int, operation: int, argument: int) -> int:
    """Runs a block (operation 0) or sweeps from row ``argument`` (1).

    Operations 2 and 3 classify ``argument`` bytes at address ``c`` as a TCP and as a UDP payload.
    """
    if operation == 0:
        return run(c)
    if operation == 1:
        return finish_idle(c, argument)
    if operation == 2:
        return classify_tcp(c, argument, 0, 0)
    return classify_udp(c, argument, 0, 0)
