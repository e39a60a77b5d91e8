"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket in it, ended with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

START_SECONDS = 60
# Debian's user for it; a server refuses to be root.
OWNER = "postgres"


class ClusterError(Exception):
    """There is no PostgreSQL to start."""


class Cluster:
    """One server; ``folder`` holds its data, its log and its socket."""

    def __init__(self) -> None:
        self._tools = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        if self._tools is None or not (self._tools / "initdb").exists():
            raise ClusterError("PostgreSQL is not installed (Debian: postgresql-15)")
        # A socket's path may have 107 signs, which a folder of pytest would exceed.
        self.folder = Path(tempfile.mkdtemp(prefix="asepsis-pg-", dir="/tmp"))
        self._data = self.folder / "data"
        self._as: list[str] = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            groups = ["--clear-groups", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}"]
            self._as = [shutil.which("setpriv") or "setpriv", *groups]

    def start(self) -> None:
        """Makes the cluster and waits until it answers."""
        try:
            self.run("initdb", f"--pgdata={self._data}", "--auth=trust", "--username=asepsis", "--encoding=UTF8")
            # No network at all; what a crash loses does not matter here.
            options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
            log, waited = f"--log={self.folder / 'log'}", f"--timeout={START_SECONDS}"
            self.run("pg_ctl", f"--pgdata={self._data}", log, f"--options={options}", "--wait", waited, "start")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server by its own pid file, and removes everything."""
        if (self._data / "postmaster.pid").exists():
            self.run("pg_ctl", f"--pgdata={self._data}", "--mode=immediate", "--wait", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, tool: str, *arguments: str) -> str:
        """Runs one of PostgreSQL's programs as the owner of the cluster, and gives what it printed.

        Raises:
            ClusterError: It failed.
        """
        assert self._tools is not None
        # A file, since the server inherits it, and a pipe would be open as long as the server lives.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self._as, str(self._tools / tool), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )
            output.seek(0)
            printed = output.read()
        if done.returncode != 0:
            raise ClusterError(f"{tool} failed: {printed[-2000:]}")
        return printed
