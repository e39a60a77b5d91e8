"""Writes the reference pages of the closed lists from the lists themselves.

``python -m asepsis.knowledge.reference`` prints nothing and rewrites both pages; a test compares them.
"""

from __future__ import annotations

from pathlib import Path

from asepsis.knowledge.vocabulary import GENERAL_CATEGORIES, WIDER, Category, Role


def categories_page() -> str:
    """The text of ``docs/reference/categories.md``."""
    lines = [
        "# Categories: what a device is",
        "",
        "The closed list behind `category` in `asepsis devices --json`. A value is stable once published; `null` means",
        "that the traffic does not say. *Wider words* are what else is true of such a device: evidence for one of them",
        "supports the exact word, and it is shown alone when nothing more exact is sure enough. A *general* word gives",
        "way to any other and never contradicts one.",
        "",
        "| value | meaning | wider words |",
        "|---|---|---|",
    ]
    for category in Category:
        wider = ", ".join(f"`{word}`" for word in WIDER.get(category, ()))
        if category in GENERAL_CATEGORIES:
            wider = "(general)"
        lines.append(f"| `{category}` | {category.meaning} | {wider} |")
    return "\n".join(lines) + "\n"


def roles_page() -> str:
    """The text of ``docs/reference/roles.md``."""
    lines = [
        "# Roles: what a device does on the network",
        "",
        "The closed list behind `role` in `asepsis devices --json`. Most devices play several roles, and roles do not",
        "contradict each other: the first of this list that is sure enough is shown, the evidence lists the others.",
        "",
        "| value | meaning |",
        "|---|---|",
        *(f"| `{role}` | {role.meaning} |" for role in Role),
    ]
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Writes both pages into a folder."""
    (folder / "categories.md").write_text(categories_page(), encoding="utf-8")
    (folder / "roles.md").write_text(roles_page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path("docs/reference"))
