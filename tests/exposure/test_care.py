"""What vulnerabilities mean for patients, by hand from the definitions of CVSS (3.1 section 2)."""

from __future__ import annotations

import pytest

from asepsis.exposure.care import care_words

PUMP = "It gives drugs into a vein, and a life may hang on it."


@pytest.mark.parametrize(
    ("vectors", "told"),
    [
        (
            ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:H"],
            "Somebody on the network could change what it says or does, stop it or read what it knows.",
        ),
        (["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"], "Somebody on the network could stop it."),
        (["CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"], "Somebody who can touch it could read what it knows."),
        # The widest way in is told, with what it leads to, and not with what touching it leads to.
        (
            ["CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"],
            "Somebody on the same network could read what it knows.",
        ),
        (["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"], "By its score, nothing of that changes."),
        ([], "What somebody could do to it, the document does not score."),
        (["no vector", "AV:N" * 1000], "What somebody could do to it, the document does not score."),
    ],
)
def test_vectors_become_what_somebody_could_do_to_a_pump(vectors: list[str], told: str) -> None:
    assert care_words("infusion_pump", vectors) == f"{PUMP} {told}"


@pytest.mark.parametrize("category", [None, "", "no_such_category"])
def test_of_a_device_that_nobody_knows_that_is_said(category: str | None) -> None:
    assert care_words(category, []).startswith("It is not known what this device does for patients.")
