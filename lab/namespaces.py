"""A network namespace that nobody has to clean up: it lives exactly as long as the process that holds it.

There are no names in ``/run/netns`` and no interfaces in the machine's own namespace, so nothing can be left
behind: when the holder dies, also by SIGKILL, the kernel frees the interfaces, the mounts and the host name.
Neighbours: ``ward`` builds a hospital of these, ``tests/system/namespaces.py`` a wire for live capture.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

START_SECONDS = 10.0
"""A namespace is there in some 20 ms; ten seconds is a machine in trouble, and we say so."""

WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""The kernel kills the process when the one that started it dies, however it dies; kept across exec."""

_HOLD = """
set -e
mount --make-rprivate /
for d in $PRIVATE; do [ -d "$d" ] && mount -t tmpfs -o mode=755 tmpfs "$d"; done
if [ -n "$OWN_ETC" ]; then
    mkdir /run/etc
    cp -a /etc/. /run/etc/
    mount --bind /run/etc /etc
    rm -f /etc/ssh/ssh_host_* /etc/resolv.conf
    tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
    echo "$NAME" > /etc/hostname
    printf '127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 %s\\n' "$NAME" > /etc/hosts
    : > /etc/resolv.conf
fi
mount -t sysfs sysfs /sys
hostname "$NAME"
ip link set lo up
echo ready
exec sleep infinity
"""
# The machine's own host keys and machine id never get into a recording: both are replaced above.


class Namespace:
    """Network, mount and host-name namespaces with a process that holds them.

    Args:
        name: The host name inside.
        private: Folders that get an empty file system of their own, where they exist.
        own_etc: Gives the namespace its own copy of ``/etc``, with a fresh machine id and without host keys.

    Raises:
        RuntimeError: The kernel or the rights do not allow it; the message is the tool's own.
    """

    def __init__(self, name: str, *, private: Sequence[str] = ("/run",), own_etc: bool = False) -> None:
        self.name = name
        self._started: list[subprocess.Popen[bytes]] = []
        self._holder = subprocess.Popen(
            [*WITH_PARENT, "unshare", "--net", "--mount", "--uts", "sh", "-c", _HOLD],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "NAME": name,
                "PRIVATE": " ".join(private),
                "OWN_ETC": "1" if own_etc else "",
            },
        )
        self.pid = self._holder.pid
        """Process id of the holder: what ``nsenter -t`` and ``ip link set ... netns`` take."""
        assert self._holder.stdout is not None
        assert self._holder.stderr is not None
        if self._holder.stdout.readline() != b"ready\n":
            why = self._holder.stderr.read().decode(errors="replace").strip()
            self._holder.kill()
            self._holder.wait()
            raise RuntimeError(f"no namespace {name}: {why or 'the holder ended'}")

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs ``argv`` inside and dies with the caller."""
        return [*WITH_PARENT, "nsenter", "-t", str(self.pid), "-n", "-m", "-u", "--", *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_seconds: float = 30.0,
        stdin: str = "",
        check: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside to its end.

        Raises:
            RuntimeError: It failed (with ``check``) or took too long; the message holds its last words.
        """
        try:
            done = subprocess.run(
                self.argv(argv),
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_seconds,
                check=False,
                env=env,
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{self.name}: {' '.join(argv)}: no end after {timeout_seconds:.0f} s") from error
        if check and done.returncode != 0:
            said = (done.stderr + done.stdout).strip()[-800:]
            raise RuntimeError(f"{self.name}: {' '.join(argv)}: exit code {done.returncode}: {said}")
        return done

    def start(
        self,
        argv: Sequence[str],
        *,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a program inside that goes on until ``close``."""
        process = subprocess.Popen(self.argv(argv), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env)
        self._started.append(process)
        return process

    def started(self) -> Sequence[subprocess.Popen[bytes]]:
        """What ``start`` started, in that order, whether or not it still runs."""
        return tuple(self._started)

    def path(self, inside: str) -> Path:
        """Where the caller finds the file that is called ``inside`` in this namespace."""
        return Path(f"/proc/{self.pid}/root") / inside.lstrip("/")

    def write(self, inside: str, text: str, *, mode: int = 0o644) -> None:
        """Writes a file inside; its folder is made."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def listens(self, port: int, transport: str = "tcp") -> bool:
        """Whether a program inside waits at ``port`` (``tcp`` or ``udp``), by the kernel's own table."""
        wanted = f":{port:04X}"
        for family in (transport, f"{transport}6"):
            table = Path(f"/proc/{self.pid}/net/{family}")
            if not table.exists():
                continue
            for line in table.read_text().splitlines()[1:]:
                # proc(5): local address, remote address, state; 0A is LISTEN, 07 an unconnected datagram socket.
                _, local, _, state = line.split()[:4]
                if local.endswith(wanted) and state in ("0A", "07"):
                    return True
        return False

    def wait_for(self, port: int, transport: str = "tcp", *, timeout_seconds: float = START_SECONDS) -> None:
        """Waits until a program inside listens.

        Raises:
            RuntimeError: None does in time.
        """
        end = time.monotonic() + timeout_seconds
        while not self.listens(port, transport):
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name}: nothing listens at {transport} {port}")
            time.sleep(0.05)

    def close(self) -> None:
        """Ends what was started inside, then the namespace."""
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait()
        self._holder.kill()
        self._holder.wait()
        for stream in (self._holder.stdout, self._holder.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
