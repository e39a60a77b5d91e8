"""The only advisories that come with Asepsis: a few dated facts, told of the recorded hospital's invented devices."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

from asepsis.exposure.advisory import Advisory, Product, Score, Status, Vulnerability
from asepsis.knowledge.table import folder


@lru_cache(maxsize=1)
def demonstration() -> tuple[Advisory, ...]:
    """The facts as advisories; each bears the number of the real one."""
    text = (folder().parent / "matching" / "demonstration.json").read_text(encoding="utf-8")
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json.loads(text)["advisories"]:
        rows[row["advisory"]].append(row)
    return tuple(_advisory(number, found) for number, found in rows.items())


def _advisory(number: str, rows: list[dict[str, Any]]) -> Advisory:
    products = tuple(
        Product(
            id=row["product"],
            vendor=row["maker"],
            name=row["product"],
            version=row["versions"],
            words=f"{row['product']}: {row['versions']}, as {row['stands_for']}",
        )
        for row in rows
    )
    status = tuple((product.id, Status.AFFECTED) for product in products)
    return Advisory(
        id=number,
        title=f"{rows[0]['stands_for']} (demonstration)",
        publisher="Asepsis demonstration",
        category="csaf_security_advisory",
        revision="",
        released=rows[0]["released"],
        updated=rows[0]["released"],
        products=products,
        vulnerabilities=tuple(
            Vulnerability(
                id=one["cve"],
                title="",
                cwe=one["cwe"],
                status=status,
                scores=(Score(version="3.0", vector=one["vector"], base=one["base"], products=()),),
            )
            for one in rows[0]["vulnerabilities"]
        ),
        address=f"https://www.cisa.gov/news-events/ics-medical-advisories/{number.lower()}",
    )
