"""``asepsis people``: links that let somebody in, made at the machine itself."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, VerbGroup, json_option, workspace_option
from asepsis.cli.web_half import web_half

if TYPE_CHECKING:
    from asepsis.web.people.models import Invitation


@click.group(
    cls=VerbGroup,
    name="people",
    short_help="Let somebody in from the machine itself.",
    examples=[
        ("asepsis people invite --role security_analyst", "a link for a new person"),
        ("asepsis people recover ada", "a link for an administrator who lost every passkey"),
    ],
)
def command() -> None:
    """Make links that let somebody in. It takes who can read the keys of the workspace, and the ledger says who did.

    In the daily work people are invited in the browser, under People.
    """


@command.command(
    cls=Verb,
    name="invite",
    short_help="A one-time link for a new person with a role.",
    examples=[("asepsis people invite --role clinical_engineer --site north", "for one site")],
)
@click.option("--role", metavar="ROLE", required=True, help="Such as security_analyst or clinical_engineer.")
@click.option("--site", metavar="NAME", default="", help="Where the role holds; everywhere when not given.")
@click.option("--name", metavar="TEXT", default="", help="How the person is called; they may correct it.")
@json_option()
@workspace_option()
def invite(role: str, site: str, name: str, as_json: bool, workspace: Path | None) -> int:
    """Print a link that lets one new person in, once.

    An administrator is invited this way only where there is none: a further one is approved by two people.
    """
    _prepare(workspace)
    from asepsis.web.people import machine

    return _tell(*machine.invite(role, site=site, name=name), as_json=as_json)


@command.command(
    cls=Verb,
    name="recover",
    short_help="A one-time link for an administrator who lost every way in.",
    examples=[("asepsis people recover ada", "ada opens the link and makes a new passkey")],
)
@click.argument("username", metavar="NAME")
@json_option()
@workspace_option()
def recover(username: str, as_json: bool, workspace: Path | None) -> int:
    """Print a link by which the administrator NAME gets new ways in, once.

    When it is taken, the old passkeys, codes, password and sessions end; the roles stay.
    """
    _prepare(workspace)
    from asepsis.web.people import machine

    return _tell(*machine.recover(username), as_json=as_json)


def _prepare(workspace: Path | None) -> None:
    """Sets the web half up on the tables of a workspace that has been served before."""
    from asepsis.pipeline.workspace import ENVIRONMENT_VARIABLE, Workspace

    chosen = Workspace.resolve(workspace).open()
    os.environ[ENVIRONMENT_VARIABLE] = str(chosen.root)
    with web_half():
        from asepsis.web.keeping.upgrade import upgrade
    upgrade(chosen)


def _tell(made: Invitation, link: str, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"link": link, "expires": made.expires.isoformat()}) + "\n")
    else:
        sys.stdout.write(f"This link works once, until {made.expires:%Y-%m-%d %H:%M} UTC:\n    {link}\n")
    return Exit.DONE
