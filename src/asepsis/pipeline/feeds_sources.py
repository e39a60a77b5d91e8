"""Where documents are published, as facts: the addresses that have a name here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from asepsis.exposure.feeds.provider import PROVIDER_FILE
from asepsis.kernel.value import value
from asepsis.pipeline.feeds_error import FeedsError


class Layout(StrEnum):
    """What lies at an address."""

    PROVIDER = "provider"
    """A publisher of CSAF documents: ``provider-metadata.json``."""
    FILE = "file"
    """One file that is renewed in its place."""
    CVE_LIST = "cve-list"
    """The CVE List: a log that names the records that changed."""


@value
class Source:
    """Where documents come from."""

    name: str
    """A word, or the address itself."""
    url: str
    layout: Layout
    stale_days: int
    """Without anything newer for so long, something is wrong: with the publisher or with the way to it."""
    what: str = ""


_CVE_LOG: Final = "deltaLog.json"
# Addresses and rhythms as the publishers name them, looked up in 2026-11. EPSS is made every day, the CVE List changes
# every few minutes, KEV a few times a week, CISA publishes advisories every week, the FDA renews its reports weekly and
# its classes monthly.
_NAMED: Final = (
    Source(
        name="cisa",
        url="https://www.cisa.gov/sites/default/files/csaf/provider-metadata.json",
        layout=Layout.PROVIDER,
        stale_days=14,
        what="advisories of CISA, medical ones among them",
    ),
    Source(
        name="cve",
        url=f"https://raw.githubusercontent.com/CVEProject/cvelistV5/main/cves/{_CVE_LOG}",
        layout=Layout.CVE_LIST,
        stale_days=4,
        what="records of vulnerabilities that are new or changed within a month",
    ),
    Source(
        name="kev",
        url="https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        layout=Layout.FILE,
        stale_days=14,
        what="vulnerabilities that are known to be exploited",
    ),
    Source(
        name="epss",
        url="https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        layout=Layout.FILE,
        stale_days=4,
        what="how likely each vulnerability is to be exploited within 30 days",
    ),
    Source(
        name="fda-recalls",
        url="https://download.open.fda.gov/device/enforcement/device-enforcement-0001-of-0001.json.zip",
        layout=Layout.FILE,
        stale_days=21,
        what="recalls of devices in the USA",
    ),
    Source(
        name="fda-classes",
        url="https://www.accessdata.fda.gov/premarket/ftparea/foiclass.zip",
        layout=Layout.FILE,
        stale_days=90,
        what="the FDA's classes of devices by product code",
    ),
)
NAMED: Final = {source.name: source for source in _NAMED}
# A maker publishes when there is something to say; a quarter of a year without a word is worth a look.
_MAKERS_DAYS: Final = 90


def source_of(text: str) -> Source:
    """The source that a person means: one of the names, an address of a provider, or of one file.

    Raises:
        FeedsError: It is neither.
    """
    if text in NAMED:
        return NAMED[text]
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname:
        raise FeedsError(
            f"{text}: neither a file or folder here, nor an https address, nor one of {', '.join(NAMED)}",
            code="feeds-source",
            hint="asepsis feeds sources lists what has a name.",
        )
    name = parts.path.rpartition("/")[2]
    if name == PROVIDER_FILE:
        return Source(name=text, url=text, layout=Layout.PROVIDER, stale_days=_MAKERS_DAYS)
    if name == _CVE_LOG:
        return Source(name=text, url=text, layout=Layout.CVE_LIST, stale_days=NAMED["cve"].stale_days)
    if "." in name:
        return Source(name=text, url=text, layout=Layout.FILE, stale_days=_MAKERS_DAYS)
    # CSAF 2.0, 7.1.9: where a publisher of a domain describes itself.
    where = f"https://{parts.netloc}/.well-known/csaf/{PROVIDER_FILE}"
    return Source(name=text, url=where, layout=Layout.PROVIDER, stale_days=_MAKERS_DAYS)
