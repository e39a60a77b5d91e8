"""A workspace of the size that the web must bear: 50,000 devices, ten million conversations, a million ledger entries.

Everything goes in by the ways of the product (registry, history, refresh, ledger); only the traffic behind it is made
up, because no capture of that size is at hand. The seed makes it the same every time.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asepsis.devices.clue import Attribute, Claim, Clue, Endpoint, Tie
from asepsis.devices.observed import Observed
from asepsis.history.writer import CaptureSource
from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.vocabulary import Category
from asepsis.ledger.record import Action, Record, new_id
from asepsis.ledger.store import Ledger
from asepsis.pipeline.registry import CaptureRecord, Registry
from asepsis.pipeline.workspace import Workspace
from asepsis.wire.applications import Application
from asepsis.wire.tables import CONVERSATIONS

DEVICES: Final = 50_000
CONVERSATION_COUNT: Final = 10_000_000
LEDGER_ENTRIES: Final = 1_000_000
SITES: Final = ("central", "north", "south", "west")
DAYS: Final = 7
SEED: Final = 20260101
BATCH: Final = 500_000
LEDGER_BATCH: Final = 2_000
FIRST_NS: Final = 1_767_225_600 * SECOND_NS  # 2026-01-01
DAY_NS: Final = 86_400 * SECOND_NS
VENDORS: Final = ("Philips", "GE Healthcare", "Siemens Healthineers", "Draeger", "Baxter", "BD", "HP", "Cisco", "Axis")
_SERVER_SHARE: Final = 50  # one host in so many is spoken to, the others speak


def populate(root: Path) -> None:
    """Makes the workspace; one that is whole already is left as it is."""
    done = root.parent / f"{root.name}.json"
    wanted = {"devices": DEVICES, "conversations": CONVERSATION_COUNT, "ledger": LEDGER_ENTRIES, "seed": SEED}
    if done.exists() and json.loads(done.read_text()) == wanted:
        return
    shutil.rmtree(root, ignore_errors=True)
    workspace = Workspace(root).create()
    random = np.random.default_rng(SEED)
    began = time.monotonic()
    for number, site in enumerate(SITES):
        _site(workspace, site, number, random)
        print(f"{site}: {time.monotonic() - began:.0f} s", flush=True)
    _ledger(workspace, random)
    print(f"ledger: {time.monotonic() - began:.0f} s", flush=True)
    done.write_text(json.dumps(wanted))


def _ledger(workspace: Workspace, random: np.random.Generator) -> None:
    """A year of accesses by 500 people."""
    subjects = random.integers(0, DEVICES, LEDGER_ENTRIES).tolist()
    people = random.integers(0, 500, LEDGER_ENTRIES).tolist()
    step = 365 * DAY_NS // LEDGER_ENTRIES
    with Ledger.open(workspace.ledger_path, workspace.keys_path) as ledger:
        for begin in range(0, LEDGER_ENTRIES, LEDGER_BATCH):
            ledger.append_all(
                [
                    Record(
                        id=new_id(FIRST_NS + number * step),
                        time_ns=FIRST_NS + number * step,
                        kind="device.view",
                        action=Action.READ,
                        actor=f"person:{people[number]}",
                        actor_name=f"person{people[number]}",
                        subject=f"device:{subjects[number]}",
                        site=SITES[number % len(SITES)],
                        client="10.0.0.1",
                    )
                    for number in range(begin, min(begin + LEDGER_BATCH, LEDGER_ENTRIES))
                ]
            )


def _site(workspace: Workspace, site: str, number: int, random: np.random.Generator) -> None:
    devices = DEVICES // len(SITES)
    digest = f"{number:064x}"
    first_ip = (10 << 24) + (number << 20)
    first_mac = (0x0009_5C << 24) + (number << 20)
    categories = list(Category)
    last_ns = FIRST_NS + DAYS * DAY_NS
    clues, ties = [], []
    for host in range(devices):
        endpoint = Endpoint(mac=mac_text(first_mac + host), ip=ip_text(4, 0, first_ip + host))
        said = {
            Attribute.NAME: f"{site}-{host:05d}",
            Attribute.CATEGORY: str(categories[int(random.integers(len(categories)))]),
            Attribute.VENDOR: VENDORS[int(random.integers(len(VENDORS)))],
            Attribute.MODEL: f"Model {int(random.integers(400))}",
            Attribute.FIRMWARE: f"{int(random.integers(9))}.{int(random.integers(20))}",
        }
        ties.append(Tie(endpoint, FIRST_NS, last_ns, 200, 200, 0, int(Claim.ARP), digest, host + 1))
        clues += [
            Clue(endpoint, attribute, value, "dhcp", 0.9, 1, FIRST_NS, last_ns, digest, host + 1)
            for attribute, value in said.items()
        ]
    with Registry.open(workspace.registry_path) as registry:
        record = CaptureRecord(digest=digest, path=f"{site}.pcapng", packets=devices * 10, analyzed_ns=last_ns)
        registry.merge(Observed(site=site, captures=(digest,), clues=tuple(clues), ties=tuple(ties)), [record])
    conversations = CONVERSATION_COUNT // len(SITES)
    with workspace.history().writer(site=site, capture=digest) as writer:
        for begin in range(0, conversations, BATCH):
            count = min(BATCH, conversations - begin)
            writer.conversations(_conversations(random, count, begin, first_ip, first_mac, devices))
        writer.commit(CaptureSource(path=f"{site}.pcapng", digest=digest))


def _conversations(
    random: np.random.Generator, count: int, begin: int, first_ip: int, first_mac: int, devices: int
) -> npt.NDArray[np.void]:
    rows = np.zeros(count, CONVERSATIONS)
    start = FIRST_NS + np.sort(random.integers(0, DAYS * DAY_NS, count))
    client = random.integers(0, devices, count)
    # A host speaks to a few servers again and again, as devices do.
    server = ((client * 7 + random.integers(0, 3, count) * 131) % (devices // _SERVER_SHARE)) * _SERVER_SHARE
    rows["conversation"] = np.arange(begin, begin + count)
    rows["start_ns"], rows["end_ns"] = start, start + random.integers(SECOND_NS, 60 * SECOND_NS, count)
    rows["client_low"], rows["server_low"] = first_ip + client, first_ip + server
    rows["client_mac"], rows["server_mac"] = first_mac + client, first_mac + server
    rows["packets_to_server"] = rows["packets_to_client"] = random.integers(3, 50, count)
    rows["bytes_to_server"] = random.integers(200, 20_000, count)
    rows["bytes_to_client"] = random.integers(200, 200_000, count)
    rows["client_port"] = random.integers(49_152, 65_535, count)
    kinds = np.array([(443, Application.TLS), (104, Application.DICOM), (2575, Application.HL7), (53, Application.DNS)])
    chosen = kinds[random.integers(0, len(kinds), count)]
    rows["server_port"], rows["application"] = chosen[:, 0], chosen[:, 1]
    rows["ip_version"], rows["ip_protocol"], rows["application_by"] = 4, 6, 1
    return rows
