"""Two people approve at the same moment: one decision stands, the other is told, and the ledger has one act."""

from __future__ import annotations

import threading

import pytest
from django.db import close_old_connections, connections
from django.test import Client

from asepsis.web.plan.models import Acceptance, PlanItem
from asepsis.web.plan.projection import key, value_of, write_plan
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn
from tests.web.plan.hospital import NOW, PUMPS, examined
from tests.web.plan.test_plan import propose


@pytest.fixture
def proposed(workspace: object, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn) -> Acceptance:
    for name in PUMPS:
        make_device(name, site="north", category="infusion_pump", medical=True)
    write_plan(examined(), NOW)
    item = PlanItem.objects.get(action="telnet")
    return propose(signed_in(make_person("ada", "clinical_engineer", site=item.site)), item)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_decision_stands(
    proposed: Acceptance, make_person: MakePerson, signed_in: SignedIn, recorded: Recorded
) -> None:
    site = proposed.site
    browsers = {name: signed_in(make_person(name, "security_analyst", site=site)) for name in ("bob", "eve")}
    ready = threading.Barrier(2, timeout=60)
    answers: dict[str, int] = {}

    def decide(name: str, browser: Client) -> None:
        close_old_connections()
        ready.wait()
        answer = browser.post(
            f"/api/v1/acceptances/{proposed.pk}/decision", {"decision": "approve"}, "application/json"
        )
        answers[name] = answer.status_code
        connections.close_all()

    threads = [threading.Thread(target=decide, args=one) for one in browsers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proposed.refresh_from_db()
    assert sorted(answers.values()) == [200, 409]
    kept = [one for one in recorded() if one.kind == "acceptance.approve" and one.outcome == "success"]
    assert len(kept) == 1
    assert proposed.state == "standing"
    assert value_of(proposed).is_signed_by(key().public_bytes)
