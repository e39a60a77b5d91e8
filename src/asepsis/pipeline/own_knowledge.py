"""A workspace's own tables of knowledge: read from its folder, checked, and let to hold in all layers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from asepsis.kernel.errors import AsepsisError
from asepsis.knowledge.table import OWN

FOLDER_LIMIT_BYTES: Final = 16 << 20
"""A folder with more than this is no table of facts that somebody wrote."""

ERRORS_SHOWN: Final = 5


class KnowledgeError(AsepsisError):
    """A site's own tables cannot be used."""


def use_knowledge(folder: Path | None) -> bool:
    """Takes the tables of a workspace's folder, or none where there is no such folder.

    Returns:
        True when other rows hold now than before.

    Raises:
        KnowledgeError: A table cannot be read, or a row is faulty. What held before holds on.
    """
    if not OWN.digest and (folder is None or not folder.is_dir()):
        return False
    # Imported late: most workspaces have no tables of their own, and every command passes here.
    from asepsis.devices.agreement import forget
    from asepsis.knowledge.lint import lint_folder
    from asepsis.knowledge.own import digest_of, use

    texts = own_texts(folder)
    if digest_of(texts) == OWN.digest:
        return False
    errors = lint_folder(texts) if texts else []
    if errors:
        more = f"; and {len(errors) - ERRORS_SHOWN} more" if len(errors) > ERRORS_SHOWN else ""
        raise KnowledgeError(
            f"{folder}: {'; '.join(errors[:ERRORS_SHOWN])}{more}",
            code="knowledge-faulty",
            hint=f"Correct the rows; all faults are listed by: asepsis knowledge lint {folder}",
        )
    use(texts)
    forget()
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
