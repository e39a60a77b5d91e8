"""DICOMweb: searches, retrievals and stores, told by path and media type."""

from __future__ import annotations

import pytest

from asepsis.protocols.dicomweb import Dicomweb, read_transaction
from tests.protocols.conformance import CANARY, Vector
from tests.protocols.web_wire import answer, ask, carried

UID = "1.2.840.113619.2.55.3.1"
DICOM_JSON = "application/dicom+json"
STORE = f"--x\r\nContent-Type: application/dicom\r\n\r\n{CANARY}\r\n--x--".encode()
SEARCH = ask(f"/dicom-web/studies?PatientName={CANARY}", fields=f"Accept: {DICOM_JSON}\r\nAuthorization: Bearer x\r\n")
FOUND = answer(f'[{{"00100010": {{"vr": "PN", "Value": ["{CANARY}"]}}}}]'.encode(), DICOM_JSON)

VECTORS = [
    Vector(
        name="a search",
        provenance="DICOM PS3.18 10.6",
        data=((0, SEARCH), (1, FOUND)),
        kinds=("request", "QIDO-RS", "response", "QIDO-RS"),
    ),
    Vector(
        name="a retrieval and a store",
        provenance="DICOM PS3.18 10.4, 10.5",
        data=(
            (0, ask(f"/dicom-web/studies/{UID}/series/{UID}/metadata")),
            (1, answer(status=404)),
            (0, ask(f"/dicom-web/studies/{UID}", STORE, 'multipart/related; type="application/dicom"; boundary=x')),
            (1, answer(b"{}", DICOM_JSON, status=202)),
        ),
        kinds=("request", "WADO-RS", "response", "WADO-RS", "request", "STOW-RS", "response", "STOW-RS"),
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "kind", "level"),
    [
        ("GET", "/dicom-web/studies", "QIDO-RS", "studies"),
        ("GET", f"/rs/studies/{UID}/series", "QIDO-RS", "series"),
        ("GET", f"/rs/studies/{UID}", "WADO-RS", "studies"),
        ("GET", f"/rs/studies/{UID}/series/{UID}/instances/{UID}/frames/1,2", "WADO-RS", "frames"),
        ("GET", f"/rs/studies/{UID}/series/{UID}/instances/{UID}/rendered", "WADO-RS", "rendered"),
        ("POST", "/rs/studies", "STOW-RS", "instances"),
        ("POST", "/rs/workitems", "UPS-RS", "workitems"),
        ("GET", "/wado", "WADO-URI", ""),
    ],
)
def test_transactions_are_told_by_method_and_path(method: str, path: str, kind: str, level: str) -> None:
    found = read_transaction(method, path.encode(), b"application/dicom+json", b"application/dicom", "Basic")
    assert found is not None
    assert (found.kind, found.level, found.authorization) == (kind, level, "Basic")


@pytest.mark.parametrize("path", ["/series", "/studies/new", "/case-studies/1", "/instances/i-0abc", "/wadors"])
def test_words_that_others_use_too_are_not_of_dicomweb(path: str) -> None:
    assert read_transaction("GET", path.encode(), b"text/html", b"", "") is None


def test_an_answer_says_which_server_gave_what() -> None:
    asked, said = carried(((0, SEARCH), (1, FOUND)), "dicomweb")
    assert isinstance(said, Dicomweb)
    assert asked.facts() == {
        "level": "studies",
        "media": (DICOM_JSON,),
        "authorization": "Bearer",
        "patient_data": True,
    }
    assert said.facts() == {"media": (DICOM_JSON,), "status": 200, "server": "Engine/1.0", "patient_data": True}
    assert said.sender_is_server is True
