"""A site's own knowledge: a folder of tables in the format of ours, whose rows win over ours.

Which folder holds is a property of the process, as which tables were installed is: it is set once, when the workspace
is known, before the first answer. Everything that was remembered of earlier answers in this package is forgotten then.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from asepsis.kernel.errors import AsepsisError
from asepsis.knowledge import hardware, table, vendors
from asepsis.knowledge.lint import lint_folder

# A folder with more than this is no table of facts that somebody wrote.
FOLDER_LIMIT_BYTES = 16 << 20
ERRORS_SHOWN = 5


class KnowledgeError(AsepsisError):
    """A site's own tables cannot be used."""


def use(folder: Path | None) -> bool:
    """Lets the tables of ``folder`` win over ours; none for None or a folder that is not there.

    Returns:
        True when other rows hold now than before.

    Raises:
        KnowledgeError: A table cannot be read, or a row is faulty. What held before holds on.
    """
    texts = own_texts(folder)
    digest = digest_of(texts)
    if digest == table.OWN.digest:
        return False
    errors = lint_folder(texts)
    if errors:
        more = f"; and {len(errors) - ERRORS_SHOWN} more" if len(errors) > ERRORS_SHOWN else ""
        raise KnowledgeError(
            f"{folder}: {'; '.join(errors[:ERRORS_SHOWN])}{more}",
            code="knowledge-faulty",
            hint=f"Correct the rows; all faults are listed by: asepsis knowledge lint {folder}",
        )
    table.OWN.set({name.removesuffix(".jsonl"): table.rows(text) for name, text in texts.items()}, digest)
    vendors.forget()
    hardware.forget()
    return True


def own_texts(folder: Path | None) -> dict[str, str]:
    """File name to text of the tables of a folder; empty for one that is not there.

    Raises:
        KnowledgeError: A file cannot be read, is no UTF-8, or all of them are too large.
    """
    if folder is None or not folder.is_dir():
        return {}
    texts: dict[str, str] = {}
    size = 0
    for path in sorted(folder.glob("*.jsonl")):
        try:
            size += path.stat().st_size
            if size > FOLDER_LIMIT_BYTES:
                raise KnowledgeError(
                    f"{folder}: more than {FOLDER_LIMIT_BYTES >> 20} MB of tables",
                    code="knowledge-too-large",
                    hint="Keep tables of facts here, one row a line, and nothing else.",
                )
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KnowledgeError(
                f"{path}: {error}", code="knowledge-unreadable", hint="It must be a readable text file in UTF-8."
            ) from error
    return texts


def digest_of(texts: dict[str, str]) -> str:
    """One text for the whole content; empty for none."""
    if not texts:
        return ""
    mixed = hashlib.sha256()
    for name, text in sorted(texts.items()):
        mixed.update(f"{name}\0{text}\0".encode())
    return mixed.hexdigest()
