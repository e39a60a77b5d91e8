"""``python -m bench.exposure.scale``: 100,000 devices against 2,500 advisories and 300,000 scores, in CPU seconds.

The advisories are the public medical ones under other numbers and makers' names; devices are those that ``plant`` makes
of them, with serial versions so that few are alike. Beside it: the same join in SQL, by maker and model alone.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time

from asepsis.exposure.advisory import Advisory, Problem
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.finding import Exposed
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from bench.accuracy.__main__ import unpack
from bench.exposure.__main__ import advisories
from bench.exposure.plant import planted

DEVICES, ADVISORIES, SCORES = 100_000, 2_500, 300_000


def _copied(content: bytes, copy: int) -> bytes:
    """The same advisory of another maker, under another number."""
    document = json.loads(content)
    document["document"]["tracking"]["id"] += f"-{copy}"
    for branch in document["product_tree"].get("branches", ()):
        branch["name"] = f"W{copy} {branch['name']}"
    return json.dumps(document).encode()


def main() -> int:
    """Prints one JSON object."""
    folder = unpack("advisories") / "csaf_icsma"
    if not folder.is_dir():
        print("the advisories are not at hand: nothing was measured", file=sys.stderr)
        return 0
    contents = [path.read_bytes() for path in sorted(folder.glob("*.json"))]
    copies = -(-ADVISORIES // len(contents))
    documents = [_copied(content, copy) for copy in range(copies) for content in contents][:ADVISORIES]
    scores = "#model_version:v1,score_date:2026-01-01\ncve,epss,percentile\n" + "\n".join(
        f"CVE-2026-{number},0.00{number % 1000:03d},0.5" for number in range(1000, 1000 + SCORES)
    )
    base = [device.identity for device in planted(advisories(folder))]
    devices = [
        Identity(
            vendor=f"{one.vendor} W{place % copies}", model=one.model, version=f"{one.version}.{place // len(base)}"
        )
        for place in range(DEVICES)
        for one in (base[place % len(base)],)
    ]
    before = time.process_time()
    read = [read_document(content, str(place)) for place, content in enumerate(documents)]
    table = read_document(scores.encode(), "epss.csv")
    assert not isinstance(table, Problem)
    reading = time.process_time()
    everything = [one.content for one in read if isinstance(one, Document) and isinstance(one.content, Advisory)]
    matcher = Matcher(everything)
    indexing = time.process_time()
    found = sum(verdict.answer is Exposed.AFFECTED for device in devices for verdict in matcher.verdicts(device))
    matching = time.process_time()
    with sqlite3.connect(":memory:") as plain:
        plain.execute("CREATE TABLE device (vendor TEXT, model TEXT)")
        plain.execute("CREATE TABLE product (vendor TEXT, model TEXT, advisory TEXT)")
        plain.executemany("INSERT INTO device VALUES (?, ?)", [(o.vendor.lower(), o.model.lower()) for o in devices])
        rows = [
            (product.vendor.lower(), product.name.lower(), advisory.id)
            for advisory in everything
            for product in advisory.products
        ]
        plain.executemany("INSERT INTO product VALUES (?, ?, ?)", rows)
        plain.execute("CREATE INDEX i ON product (vendor, model)")
        (joined,) = plain.execute("SELECT count(*) FROM device JOIN product USING (vendor, model)").fetchone()
    sql = time.process_time()
    print(
        json.dumps(
            {
                "documents": len(read),
                "read_seconds": round(reading - before, 2),
                "index_seconds": round(indexing - reading, 2),
                "match_seconds": round(matching - indexing, 2),
                "affected": found,
                "sql_join_seconds": round(sql - matching, 2),
                "sql_join_rows": joined,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
