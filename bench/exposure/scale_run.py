"""One measured program of ``bench.exposure.scale``, as a process of its own; prints one JSON object.

``python -m bench.exposure.scale_run PROGRAM FOLDER``: the folder holds ``documents`` (advisories and the table of
scores), ``devices.json`` and the stores of ours.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SAMPLED = 2_000
"""Devices that the peer for names is asked for: it compares each with all products."""
ALIKE = 90


def _devices(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "devices.json").read_text())
    return found


def _counted(devices: list[dict[str, Any]], accused_of: Callable[[int], set[str]]) -> dict[str, int]:
    """Right and wrong answers on the advisory that each device was planted for; where none speaks of it, on any."""
    count = {"found": 0, "missed": 0, "accused": 0, "left alone": 0}
    for place, device in enumerate(devices):
        if device["affected"] is None:
            continue
        told = accused_of(place)
        said = device["advisory"] in told if device["advisory"] else bool(told)
        if device["affected"]:
            count["found" if said else "missed"] += 1
        else:
            count["accused" if said else "left alone"] += 1
    return count


def ours(folder: Path) -> dict[str, Any]:
    """Takes the documents in where they are new, judges every device, and says what that means for each."""
    from asepsis.exposure.advisory import Advisory
    from asepsis.exposure.demonstration import demonstration
    from asepsis.exposure.feeds.exploitation import LikelihoodTable
    from asepsis.exposure.feeds.reading import Kind
    from asepsis.exposure.finding import Exposed, Finding
    from asepsis.exposure.identity import Identity
    from asepsis.exposure.risk.threats import threats_of
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.judged import Judge, Judged

    devices = _devices(folder)
    started = time.process_time()
    with Feeds.open(folder / "feeds.sqlite") as feeds, Judged.open(folder / "judged.sqlite") as judged:
        with judged.taking(1) as keep:
            feeds.update(folder / "documents", 1, taken=keep)
        taken = time.process_time()
        cards = judged.cards(feeds)
        judge = Judge(cards, judged)
        read = time.process_time()
        verdicts = list(
            judge.verdicts_of(
                Identity(vendor=one["vendor"], model=one["model"], version=one["version"]) for one in devices
            )
        )
        judge.keep()
        matched = time.process_time()
        told: list[Advisory] = [*demonstration(), *(card.read() for card in cards)]
        tables = [document.content for document in feeds.documents(Kind.EPSS)]
        scores = {
            cve: one[0] for table in tables if isinstance(table, LikelihoodTable) for cve, one in table.scores.items()
        }
        findings = (
            Finding(device=str(place), site="", verdict=verdict, model=None, version=None)
            for place, found in enumerate(verdicts)
            for verdict in found
        )
        threats = threats_of(findings, told, likelihood=scores)
    ended = time.process_time()
    accused = [{one.advisory for one in found if one.answer is Exposed.AFFECTED} for found in verdicts]
    unsure = [{one.advisory for one in found if one.answer is Exposed.CANNOT_TELL} for found in verdicts]
    counted = _counted(devices, lambda place: accused[place])
    counted["cannot tell"] = sum(
        device["affected"] is not None and device["advisory"] in unsure[place] for place, device in enumerate(devices)
    )
    return {
        "take": taken - started,
        "read": read - taken,
        "match": matched - read,
        "threats": ended - matched,
        "devices with threats": len(threats),
        **counted,
    }


def one_advisory(folder: Path) -> dict[str, Any]:
    """A newer edition of one advisory comes: what changes for which device."""
    from asepsis.exposure.identity import Identity
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.judged import Judge, Judged, changed

    with Feeds.open(folder / "feeds.sqlite") as feeds, Judged.open(folder / "judged.sqlite") as judged:
        before = Judge(judged.cards(feeds), judged)
        with judged.taking(2) as keep:
            feeds.update(folder / "newer", 2, taken=keep)
        after = Judge(judged.cards(feeds), judged)
        rows = json.loads((folder / "devices.json").read_text())
        told = (
            (str(place), Identity(vendor=one["vendor"], model=one["model"], version=one["version"]))
            for place, one in enumerate(rows)
        )
        found = changed(before, after, told)
        after.keep()
        judged.tidy(feeds)
    return {"changed": len(found)}


def some_devices(folder: Path) -> dict[str, Any]:
    """A hundred devices run another version than before: what the advisories mean for them."""
    from asepsis.exposure.identity import Identity
    from asepsis.pipeline.feeds import Feeds
    from asepsis.pipeline.judged import Judge, Judged

    with Feeds.open(folder / "feeds.sqlite") as feeds, Judged.open(folder / "judged.sqlite") as judged:
        judge = Judge(judged.cards(feeds), judged)
        found = list(
            judge.verdicts_of(
                Identity(vendor=one["vendor"], model=one["model"], version=f"{one['version']}.99")
                for one in _devices(folder)[::1000]
            )
        )
        judge.keep()
    return {"devices": len(found), "verdicts": sum(map(len, found))}


def one_table(folder: Path) -> dict[str, Any]:
    """A table of scores of another day comes."""
    from asepsis.pipeline.feeds import Feeds

    with Feeds.open(folder / "feeds.sqlite") as feeds:
        update = feeds.update(folder / "scores", 3)
    return {"taken": len(update.added) + len(update.replaced)}


def _products(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(maker, product, advisory) of every product, as the documents write them."""
    for path in sorted((folder / "documents").glob("*.json")):
        document = json.loads(path.read_bytes())["document"] | {"tree": json.loads(path.read_bytes())["product_tree"]}
        key = f"{document['publisher']['name']}\n{document['tracking']['id']}".casefold()
        for maker in document["tree"].get("branches", ()):
            for product in maker.get("branches", ()):
                yield maker["name"], product["name"], key


def sql(folder: Path) -> dict[str, Any]:
    """A plain join: maker and model the same but for small letters, in SQLite with an index; versions are not read."""
    devices = _devices(folder)
    with sqlite3.connect(":memory:") as plain:
        plain.execute("CREATE TABLE device (place INTEGER, vendor TEXT, model TEXT)")
        plain.execute("CREATE TABLE product (vendor TEXT, model TEXT, advisory TEXT)")
        plain.executemany(
            "INSERT INTO device VALUES (?, ?, ?)",
            [(place, one["vendor"].lower(), one["model"].lower()) for place, one in enumerate(devices)],
        )
        plain.executemany(
            "INSERT INTO product VALUES (?, ?, ?)",
            [(maker.lower(), product.lower(), key) for maker, product, key in _products(folder)],
        )
        plain.execute("CREATE INDEX i ON product (vendor, model)")
        accused: dict[int, set[str]] = {}
        for place, key in plain.execute("SELECT place, advisory FROM device JOIN product USING (vendor, model)"):
            accused.setdefault(place, set()).add(key)
    return {"rows": sum(map(len, accused.values())), **_counted(devices, lambda place: accused.get(place, set()))}


def rapidfuzz(folder: Path) -> dict[str, Any]:
    """Names by rapidfuzz (token_set_ratio of maker and model, at least 90); versions are not read."""
    from rapidfuzz import fuzz, process, utils

    devices = _devices(folder)
    devices = devices[:: max(1, len(devices) // SAMPLED)]
    by_name: dict[str, set[str]] = {}
    for maker, product, key in _products(folder):
        by_name.setdefault(utils.default_process(f"{maker} {product}"), set()).add(key)
    names = list(by_name)
    loaded = time.process_time()
    accused: list[set[str]] = []
    for one in devices:
        asked = utils.default_process(f"{one['vendor']} {one['model']}")
        near = process.extract(asked, names, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE, limit=None)
        accused.append({key for name, _, _ in near for key in by_name[name]})
    matching = time.process_time() - loaded
    return {"devices": len(devices), "match": matching, **_counted(devices, lambda place: accused[place])}


PROGRAMS = {
    "ours": ours,
    "one advisory": one_advisory,
    "some devices": some_devices,
    "one table": one_table,
    "sql": sql,
    "rapidfuzz": rapidfuzz,
}

if __name__ == "__main__":
    json.dump(PROGRAMS[sys.argv[1]](Path(sys.argv[2])), sys.stdout)
