"""The keeper of the lab's servers: a key that opens all of them by SSH, the server that takes it, the way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.namespaces import Namespace


def _key(scratch: Path) -> Path:
    return scratch / "keeper"


def ssh_server(
    host: Namespace, name: str, scratch: Path, *, kinds: Sequence[str] = ("ed25519",), rules: str
) -> list[str]:
    """Makes host keys and the configuration of OpenSSH's server; returns the command that starts it.

    Args:
        host: Where it will run.
        name: The host's name, for the comment of its keys.
        scratch: Where the keeper's key lies; it is made when it is first needed.
        kinds: Kinds of host keys.
        rules: Lines of ``sshd_config`` that say who may log in how.
    """
    host.path("/run/sshd").mkdir(exist_ok=True)
    for kind in kinds:
        made = ["-t", kind, "-N", "", "-C", f"root@{name}", "-f", f"/etc/ssh/ssh_host_{kind}_key"]
        host.run(["ssh-keygen", "-q", *made])
    key = _key(scratch)
    if not key.exists():
        host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "keeper", "-f", str(key)])
    host.write("/run/authorized_keys", key.with_suffix(".pub").read_text(), mode=0o600)
    host.write(
        "/run/sshd_config",
        "AuthorizedKeysFile /run/authorized_keys\nStrictModes no\nUsePAM no\nPrintMotd no\nPidFile /run/sshd.pid\n"
        f"{rules}",
    )
    return ["/usr/sbin/sshd", "-D", "-e", "-f", "/run/sshd_config"]


def ssh_login(scratch: Path, target: str, command: str, *, port: int = 22) -> list[str]:
    """The command that logs in to a host with the keeper's key and runs a command there."""
    options = ["-i", str(_key(scratch)), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return ["ssh", *options, "-p", str(port), f"root@{target}", command]
