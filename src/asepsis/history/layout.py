"""Where things lie in a history folder: tables, sites, days, and the names of files.

``conversations/site=NAME/day=YYYY-MM-DD/<name>.parquet`` and the same for ``messages``. Sites and days are
the folders that DuckDB, Spark and people know how to read; what counts is the manifest (``manifest.py``).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from asepsis.history.errors import HistoryError
from asepsis.kernel.time import SECOND_NS, day_from_ns

CONVERSATIONS_TABLE: Final = "conversations"
MESSAGES_TABLE: Final = "messages"
TABLES: Final = (CONVERSATIONS_TABLE, MESSAGES_TABLE)

DAY_NS: Final = 86_400 * SECOND_NS

# A folder name may have 255 bytes on every usual file system; "site=" and percent signs must fit too.
MAX_SITE_CHARACTERS: Final = 64
MAX_SITE_FOLDER_BYTES: Final = 240

# A day of its own costs an open file and its buffers. A capture of more days (or a hostile one, in which every packet
# claims another day) puts the rest into one file, whose first and last time still lead readers to the right rows.
MAX_DAYS_OF_ONE_CAPTURE: Final = 62
MANY_DAYS: Final = "mixed"

_SITE = re.compile(r"[\w](?:[\w .\-]*[\w.\-])?", re.UNICODE)


def check_site(site: str) -> str:
    """Gives ``site`` back if it can name a hospital's site.

    Raises:
        HistoryError: It is empty, longer than 64 characters, or holds other signs than letters, digits, ``. - _``
            and inner spaces.
    """
    too_long = len(site) > MAX_SITE_CHARACTERS or len(quote(site, safe="")) > MAX_SITE_FOLDER_BYTES
    if too_long or not _SITE.fullmatch(site):
        raise HistoryError(
            f"{site!r} cannot name a site",
            code="site-name",
            hint=f"Use letters, digits, spaces, '.', '-' and '_', at most {MAX_SITE_CHARACTERS} characters.",
        )
    return site


def partition_folder(table: str, site: str, day: str) -> str:
    """The folder, relative to the history, of one table, site and day; the site is percent-encoded as Hive does."""
    return f"{table}/site={quote(site, safe='')}/day={day}"


def day_name(day_number: int) -> str:
    """The UTC day of a number of days since 1970: ``19675`` -> ``2023-11-14``."""
    return day_from_ns(day_number * DAY_NS)
