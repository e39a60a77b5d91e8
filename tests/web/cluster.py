"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket in it, ended with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 60
# Debian's user for it; a server refuses to be root.
OWNER = "postgres"


class ClusterError(Exception):
    """There is no PostgreSQL to start."""


class Cluster:
    """One server; ``folder`` holds its data, its log and its socket. It ends with whoever starts it."""

    def __init__(self) -> None:
        self._tools = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        if self._tools is None or not (self._tools / "initdb").exists():
            raise ClusterError("PostgreSQL is not installed (Debian: postgresql-15)")
        # A socket's path may have 107 signs, which a folder of pytest would exceed.
        self.folder = Path(tempfile.mkdtemp(prefix="asepsis-pg-", dir="/tmp"))
        self._data = self.folder / "data"
        self._as: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            groups = ["--clear-groups", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}"]
            self._as = [shutil.which("setpriv") or "setpriv", *groups]

    def start(self) -> None:
        """Makes the cluster and waits until it answers."""
        try:
            self.run("initdb", f"--pgdata={self._data}", "--auth=trust", "--username=asepsis", "--encoding=UTF8")
            self._serve()
            for _ in range(START_SECONDS * 10):
                if self._answers():
                    return
                time.sleep(0.1)
            raise ClusterError(f"no answer: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server by its own pid file, and removes everything."""
        if self._server is not None and self._server.poll() is None:
            # PostgreSQL's immediate shutdown; its children end with it.
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self) -> None:
        assert self._tools is not None
        # No network at all; what a crash loses does not matter here.
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", "fsync=off"]
        options = [word for setting in settings for word in ("-c", setting)]
        # It ends with the tests, however these end.
        bound = [shutil.which("setpriv") or "setpriv", *self._as[1:], "--pdeathsig=QUIT"]
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [*bound, str(self._tools / "postgres"), "-D", str(self._data), *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
            )

    def _answers(self) -> bool:
        assert self._server is not None
        if self._server.poll() is not None:
            raise ClusterError(f"it ended: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
        try:
            self.run("pg_isready", f"--host={self.folder}", "--quiet")
        except ClusterError:
            return False
        return True

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def run(self, tool: str, *arguments: str) -> str:
        """Runs one of PostgreSQL's programs as the owner of the cluster, and gives what it printed.

        Raises:
            ClusterError: It failed.
        """
        assert self._tools is not None
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self._as, str(self._tools / tool), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                env=self._environment(),
            )
            output.seek(0)
            printed = output.read()
        if done.returncode != 0:
            raise ClusterError(f"{tool} failed: {printed[-2000:]}")
        return printed
