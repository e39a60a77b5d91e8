"""Lets a workspace's own tables of knowledge hold, in all layers that remember answers."""

from __future__ import annotations

from pathlib import Path

from asepsis.devices.agreement import forget
from asepsis.knowledge.own import use


def use_knowledge(folder: Path) -> None:
    """Takes the tables of a workspace's folder, or none where there is no such folder.

    Raises:
        KnowledgeError: A table cannot be read, or a row is faulty.
    """
    if use(folder):
        forget()
