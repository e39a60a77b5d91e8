"""A witness countersigns a ledger that only grew, and refuses one that was cut, rewritten or put back."""

from __future__ import annotations

import http.client
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.crypto.signing import SigningKey
from asepsis.ledger import Ledger, LedgerError
from asepsis.ledger.note import COSIGNATURE, Verifier, cosigned_at, read_signatures, sign
from asepsis.ledger.witness import REQUEST_LIMIT_BYTES, Request, Witness, read_request, serve
from asepsis.ledger.witnessing import WitnessRefusedError, show
from tests.ledger.records import record

NOW_NS = 1_790_000_000_000_000_000


@pytest.fixture
def witness(ledger: Ledger, tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", "witness", SigningKey.from_seed(bytes(32)), [ledger.verifier])


@pytest.fixture
def address(witness: Witness) -> Iterator[str]:
    server = serve(witness, ("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _asked(ledger: Ledger, old: int) -> str:
    head = ledger.head()
    return Request(old_size=old, proof=tuple(ledger.consistency(old, head.size)), checkpoint=head).text()


def test_it_countersigns_what_only_grew(ledger: Ledger, witness: Witness, address: str) -> None:
    for number in range(0, 40, 10):
        ledger.append_all([record(one) for one in range(number, number + 10)])
        signed = show(ledger, ledger.checkpoint(), address, witness.verifier, NOW_NS)
        assert cosigned_at(signed, witness.verifier) is not None
        assert witness.latest(ledger.origin) == signed.__class__(
            origin=signed.origin, size=signed.size, root=signed.root, signatures=signed.signatures
        )
    assert [one.size for one, _ in ledger.checkpoints()] == [40, 30, 20, 10]
    assert all(one.is_signed_by(witness.verifier) for one, _ in ledger.checkpoints())


def test_the_same_checkpoint_is_countersigned_again(ledger: Ledger, witness: Witness, address: str) -> None:
    ledger.append(record(1))
    for _ in range(2):
        assert show(ledger, ledger.checkpoint(), address, witness.verifier, NOW_NS).is_signed_by(witness.verifier)


def test_it_finds_the_way_back_after_others_showed_it_more(ledger: Ledger, witness: Witness, address: str) -> None:
    ledger.append_all([record(number) for number in range(5)])
    assert witness.answer(_asked(ledger, 0), 1).status == 200
    ledger.append_all([record(number) for number in range(5, 9)])
    assert show(ledger, ledger.checkpoint(), address, witness.verifier, NOW_NS).is_signed_by(witness.verifier)


def test_a_ledger_put_back_to_an_older_copy_is_refused(
    ledger: Ledger, witness: Witness, address: str, tmp_path: Path
) -> None:
    ledger.append_all([record(number) for number in range(20)])
    ledger.close()
    shutil.copytree(tmp_path / "ledger", tmp_path / "older")
    ledger.append_all([record(number) for number in range(20, 30)])
    show(ledger, ledger.checkpoint(), address, witness.verifier, NOW_NS)
    with Ledger.open(tmp_path / "older", tmp_path / "keys") as older:
        # Shorter than what the witness saw.
        with pytest.raises(WitnessRefusedError, match="it has seen 30 entries"):
            show(older, older.checkpoint(), address, witness.verifier, NOW_NS)
        # As long and longer, but with another past; signed by the right key.
        older.append_all([record(number) for number in range(100, 110)])
        with pytest.raises(WitnessRefusedError):
            show(older, older.checkpoint(), address, witness.verifier, NOW_NS)
        older.append(record(200))
        with pytest.raises(WitnessRefusedError, match="the first 30 entries are not those"):
            show(older, older.checkpoint(), address, witness.verifier, NOW_NS)
    latest = witness.latest(ledger.origin)
    assert latest is not None
    assert (latest.size, latest.root) == (30, ledger.root(30))


def test_a_folder_keeps_checkpoints_and_refuses_another_past(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    ledger.append_all([record(number) for number in range(20)])
    ledger.close()
    shutil.copytree(tmp_path / "ledger", tmp_path / "older")
    ledger.append(record(20))
    for _ in range(2):
        show(ledger, ledger.checkpoint(), str(folder), None, NOW_NS)
    assert [path.name for path in folder.iterdir()] == ["00000000000000000021.checkpoint"]
    with Ledger.open(tmp_path / "older", tmp_path / "keys") as older, pytest.raises(WitnessRefusedError):
        show(older, older.checkpoint(), str(folder), None, NOW_NS)
    with pytest.raises(LedgerError, match="cannot be used as a witness"):
        show(ledger, ledger.checkpoint(), str(tmp_path / "missing"), None, NOW_NS)


def test_each_refusal_has_the_status_of_the_specification(ledger: Ledger, witness: Witness, tmp_path: Path) -> None:
    ledger.append_all([record(number) for number in range(5)])
    good = _asked(ledger, 0)
    assert witness.answer("", 1).status == 400
    assert witness.answer(good.replace("old 0", "old 6"), 1).status == 400
    with Ledger.open(tmp_path / "stranger", tmp_path / "strange-keys") as stranger:
        stranger.append(record(1))
        assert witness.answer(_asked(stranger, 0), 1).status == 404
    forged = sign(ledger.origin, 5, ledger.root(5), SigningKey.generate())
    assert witness.answer(Request(old_size=0, proof=(), checkpoint=forged).text(), 1).status == 403
    assert witness.answer(good.replace("old 0", "old 3"), 1).status == 409
    answered = witness.answer(good, 7)
    assert answered.status == 200
    signatures = read_signatures(answered.body)
    assert signatures is not None
    assert signatures[0].signature[:8] == (7).to_bytes(8, "big")
    ledger.append(record(6))
    conflict = witness.answer(_asked(ledger, 0), 8)
    assert (conflict.status, conflict.body, conflict.type) == (409, "5\n", "text/x.tlog.size")
    wrong = Request(old_size=5, proof=(bytes(32),), checkpoint=ledger.head())
    assert witness.answer(wrong.text(), 9).status == 422
    assert witness.answer(_asked(ledger, 5), 9).status == 200


def test_requests_are_read_back_as_they_were(ledger: Ledger) -> None:
    ledger.append_all([record(number) for number in range(11)])
    request = Request(old_size=3, proof=tuple(ledger.consistency(3, 11)), checkpoint=ledger.head())
    assert read_request(request.text()) == request


def test_an_answer_that_is_not_signed_by_the_known_key_counts_for_nothing(ledger: Ledger, address: str) -> None:
    ledger.append(record(1))
    other = Verifier(name="witness", kind=COSIGNATURE, public_bytes=SigningKey.generate().public_bytes)
    with pytest.raises(LedgerError, match="is not signed by the key"):
        show(ledger, ledger.checkpoint(), address, other, NOW_NS)
    assert not any(len(one.signatures) > 1 for one, _ in ledger.checkpoints())


def test_a_witness_that_cannot_be_reached_is_said_and_loses_nothing(ledger: Ledger, witness: Witness) -> None:
    ledger.append(record(1))
    with pytest.raises(LedgerError) as failure:
        show(ledger, ledger.checkpoint(), "http://127.0.0.1:1", witness.verifier, NOW_NS)
    assert failure.value.code == "witness-unreachable"


def test_its_server_bounds_what_it_reads(witness: Witness, address: str) -> None:
    for path, length, status in (
        ("/other", "0", 404),
        ("/add-checkpoint", str(REQUEST_LIMIT_BYTES + 1), 413),
        ("/add-checkpoint", "-1", 404),
        ("/add-checkpoint", "0", 400),
    ):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()
