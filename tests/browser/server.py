"""``asepsis serve`` as its own process, on a workspace and a database of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.web.cluster import Cluster

PORTS_TRIED: Final = 5
"""A port that was free a moment ago may be somebody else's by now."""
STOP_SECONDS: Final = 60

_INVITER = """
import json, sys, django
django.setup()
from asepsis.web.people import invitations
for line in sys.stdin:
    _, token = invitations.make(roles=json.loads(line), name="")
    print(token, flush=True)
"""


class Server:
    """The product as a hospital runs it; ``cluster`` is its PostgreSQL, without one it uses SQLite."""

    def __init__(self, home: Path, cluster: Cluster | None = None) -> None:
        self.home = home
        self.address = ""
        self.first_administrator = ""
        self._log = home.parent / f"{home.name}.log"
        self._cluster = cluster
        self._serving: subprocess.Popen[str] | None = None
        self._inviter: subprocess.Popen[str] | None = None
        self.environment = {**os.environ, "ASEPSIS_HOME": str(home), "DJANGO_SETTINGS_MODULE": "asepsis.web.settings"}
        self.environment["ASEPSIS_WEB_TLS"] = "none"
        if cluster is not None:
            self.environment["ASEPSIS_DATABASE_ENGINE"] = "postgresql"
            self.environment["ASEPSIS_DATABASE_HOST"] = str(cluster.folder)

    def start(self) -> None:
        """Starts it and waits until it says where it serves."""
        if self._cluster is not None:
            self._cluster.start()
            self._cluster.run("createdb", f"--host={self._cluster.folder}", "--username=asepsis", "asepsis")
        for _ in range(PORTS_TRIED):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self.environment["ASEPSIS_WEB_PORT"] = str(port)
            if told := self._told():
                self.address = f"http://localhost:{port}"
                self.first_administrator = json.loads(told).get("first_administrator", "")
                return
            if "cannot be listened on" not in self._log.read_text():
                break
        raise AssertionError(self._log.read_text())

    def _told(self) -> str:
        command = [sys.executable, "-m", "asepsis.cli", "serve", "--json"]
        with self._log.open("w") as log:
            self._serving = subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._serving.stdout is not None
        return self._serving.stdout.readline()

    def invitation(self, role: str) -> str:
        """The link of a new invitation with this role; with none where it is empty."""
        if self._inviter is None:
            self._inviter = subprocess.Popen(
                [sys.executable, "-c", _INVITER],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._inviter.stdin is not None
        assert self._inviter.stdout is not None
        self._inviter.stdin.write(json.dumps([{"role": role}] if role else []) + "\n")
        self._inviter.stdin.flush()
        token = self._inviter.stdout.readline().strip()
        assert token
        return f"{self.address}/join/{token}/"

    def stop(self) -> None:
        """Ends it and what it started."""
        if self._inviter is not None:
            self._inviter.communicate(timeout=STOP_SECONDS)
        if self._serving is not None:
            self._serving.terminate()
            self._serving.communicate(timeout=STOP_SECONDS)
        if self._cluster is not None:
            self._cluster.stop()


def copied(analysed: Path, folder: Path) -> Path:
    """A workspace of one's own with the same devices."""
    return Path(shutil.copytree(analysed, folder / "workspace"))
