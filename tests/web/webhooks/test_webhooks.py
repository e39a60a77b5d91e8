"""From what happened to a receiver on loopback, which checks every signature, and may be of any kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from asepsis.pipeline.workspace import Workspace
from asepsis.web import settings as product
from asepsis.web.jobs.models import Job
from asepsis.web.jobs.work import end
from asepsis.web.people.models import Role
from asepsis.web.people.sealing import seal
from asepsis.web.tokens.verify import make
from asepsis.web.webhooks import forms, sending
from asepsis.web.webhooks.announcing import announce, announce_devices, put
from asepsis.web.webhooks.models import Delivery, Event, Webhook
from asepsis.web.webhooks.signing import PREFIX, new_secret
from tests.web.conftest import MakeDevice, MakePerson, Recorded, SignedIn
from tests.web.webhooks.receiver import Receiver

JSON = "application/json"
State = Delivery.State


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hospital listed loopback, which nobody should."""
    webhooks = dataclasses.replace(product.CONFIGURATION.webhooks, networks=("127.0.0.0/8",))
    changed = dataclasses.replace(product.CONFIGURATION, webhooks=webhooks)
    for module in (sending, forms):
        monkeypatch.setattr(module, "CONFIGURATION", changed)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def browser(workspace: Workspace, make_person: MakePerson, signed_in: SignedIn, loopback: None) -> Client:
    return signed_in(make_person("ada", "security_analyst"))


def subscribe(browser: Client, url: str, *events: str) -> tuple[Webhook, str]:
    body = {"name": "Tickets", "url": url, "events": list(events or ["job.ended"])}
    answer = browser.post("/api/v1/webhooks", body, content_type=JSON)
    assert answer.status_code == 201, answer.content
    return Webhook.objects.get(pk=answer.json()["id"]), answer.json()["secret"]


def send(delivery: Delivery) -> Delivery:
    """One attempt, as a round of the server makes it; rounds use threads, whose connections see no test's data."""
    sending._note(delivery.webhook, delivery, sending.attempt(delivery.webhook, delivery))
    delivery.refresh_from_db()
    return delivery


def test_a_job_that_ended_is_told_signed_and_without_a_name(browser: Client, receiver: Receiver) -> None:
    _, secret = subscribe(browser, receiver.url)
    job = Job.objects.create(kind=Job.ANALYSIS, title="CANARY ward.pcap")
    end(job, Job.State.FAILED, "CANARY message", {"hint": "CANARY"})
    delivery = send(Delivery.objects.get())
    assert (delivery.state, delivery.answered) == (State.TAKEN, "204 No Content")
    message = receiver.verified(secret)
    assert message["type"] == "job.ended"
    assert message["data"] == {"job": str(job.pk), "kind": "analysis", "state": "failed"}
    assert receiver.heads[0]["webhook-id"] == str(delivery.pk)
    assert receiver.heads[0][""] == "POST /hook?from=asepsis HTTP/1.1"
    assert b"CANARY" not in receiver.bodies[0]


def test_only_what_was_asked_for_is_told(browser: Client, receiver: Receiver) -> None:
    subscribe(browser, receiver.url, "device.appeared")
    assert announce(Event.JOB_ENDED, {}) == 0
    assert announce_devices(Event.DEVICE_APPEARED, []) == 0
    assert announce_devices(Event.DEVICE_APPEARED, [{"id": f"d{n}"} for n in range(150)]) == 1
    body = Delivery.objects.get().body
    assert (len(body["data"]["devices"]), body["data"]["count"]) == (100, 150)


def test_what_did_not_happen_is_not_told(browser: Client, receiver: Receiver) -> None:
    subscribe(browser, receiver.url)
    with transaction.atomic():
        announce(Event.JOB_ENDED, {})
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_new_secret_and_the_one_before_both_sign(browser: Client, receiver: Receiver) -> None:
    webhook, former = subscribe(browser, receiver.url)
    fresh = browser.post(f"/api/v1/webhooks/{webhook.pk}/secret").json()["secret"]
    webhook.refresh_from_db()
    send(put(webhook, Event.TEST, {}))
    assert receiver.verified(former) == receiver.verified(fresh)
    webhook.former_until = timezone.now() - timedelta(seconds=1)
    webhook.save()
    send(put(webhook, Event.TEST, {}))
    receiver.verified(fresh)
    with pytest.raises(AssertionError):
        receiver.verified(former)


def test_secrets_lie_sealed_and_are_told_once(browser: Client, receiver: Receiver) -> None:
    webhook, secret = subscribe(browser, receiver.url)
    assert PREFIX not in webhook.secret
    for path in ("/api/v1/webhooks", f"/api/v1/webhooks/{webhook.pk}", "/webhooks/", f"/webhooks/{webhook.pk}/"):
        assert secret not in browser.get(path).content.decode(), path


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 500 Oh\r\n\r\n", "500 Internal Server Error"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/inside\r\n\r\n", "302: leads elsewhere"),
        (b"SSH-2.0-OpenSSH\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 " + b"a" * 100_000 + b"\r\n\r\n", "the answer is no HTTP"),
        (b"", "the answer is no HTTP"),
    ],
)
def test_what_is_not_taken_waits_for_the_next_attempt(
    browser: Client, receiver: Receiver, answer: bytes, words: str
) -> None:
    webhook, _ = subscribe(browser, receiver.url)
    receiver.answer = answer
    before = timezone.now()
    delivery = send(put(webhook, Event.TEST, {}))
    assert (delivery.state, delivery.attempts) == (State.WAITING, 1)
    assert delivery.answered.startswith(words)
    assert delivery.next_attempt >= before + sending.WAITS[0]
    assert len(receiver.heads) == 1  # nothing was followed


def test_an_answer_without_an_end_is_not_read(browser: Client, receiver: Receiver) -> None:
    webhook, _ = subscribe(browser, receiver.url)
    receiver.answer, receiver.endless = b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536
    assert send(put(webhook, Event.TEST, {})).state == State.TAKEN


def test_a_receiver_that_answers_sign_by_sign_is_left(
    browser: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = subscribe(browser, receiver.url)
    monkeypatch.setattr(sending, "ATTEMPT_SECONDS", 1.0)
    # Never silent for as long as the limit, and whole only after minutes.
    receiver.answer, receiver.drip_seconds = b"HTTP/1.1 200 " + b"a" * 1000 + b"\r\n\r\n", 0.2
    delivery = send(put(webhook, Event.TEST, {}))
    receiver.drip_seconds = 0.0
    assert (delivery.state, delivery.answered) == (State.WAITING, "no answer in time")


def test_nobody_there_is_an_attempt_like_another(browser: Client) -> None:
    gone = Receiver()
    url = gone.url
    gone.close()
    webhook, _ = subscribe(browser, url)
    assert send(put(webhook, Event.TEST, {})).answered == "Connection refused"


def test_waits_grow_until_it_is_given_up_and_it_can_be_asked_for_again(
    browser: Client, receiver: Receiver, recorded: Recorded
) -> None:
    webhook, secret = subscribe(browser, receiver.url)
    receiver.answer = b"HTTP/1.1 503 Busy\r\n\r\n"
    delivery = put(webhook, Event.TEST, {})
    waits = []
    for _ in range(3):
        now = timezone.now()
        waits.append(send(delivery).next_attempt - now)
    assert waits == sorted(waits)
    Delivery.objects.update(since=timezone.now() - timedelta(days=4))
    delivery.refresh_from_db()
    assert send(delivery).state == State.DEAD
    page = browser.get(f"/webhooks/{webhook.pk}/").content.decode()
    assert "Given up" in page
    assert "503 Service Unavailable" in page
    receiver.answer = b"HTTP/1.1 200 OK\r\n\r\n"
    again = browser.post(f"/api/v1/webhooks/{webhook.pk}/deliveries/{delivery.pk}/again")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    delivery.refresh_from_db()
    assert send(delivery).state == State.TAKEN
    assert {head["webhook-id"] for head in receiver.heads} == {str(delivery.pk)}
    receiver.verified(secret)
    kinds = [one.kind for one in recorded() if one.subject == f"webhook:{webhook.pk}"]
    assert kinds.count("webhook.manage") == 2


def test_who_answers_that_it_is_gone_is_told_nothing_more(browser: Client, receiver: Receiver) -> None:
    webhook, _ = subscribe(browser, receiver.url)
    receiver.answer = b"HTTP/1.1 410 Gone\r\n\r\n"
    assert send(put(webhook, Event.TEST, {})).state == State.DEAD
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.stopped_because) == (False, "the receiver answered 410 Gone")
    assert announce(Event.JOB_ENDED, {}) == 0


def test_an_address_inside_is_refused_when_it_is_given_and_when_it_is_gone_to(
    workspace: Workspace, make_person: MakePerson, signed_in: SignedIn, receiver: Receiver
) -> None:
    browser = signed_in(make_person("ada", "security_analyst"))
    body = {"name": "x", "url": receiver.url, "events": ["job.ended"]}
    refused = browser.post("/api/v1/webhooks", body, content_type=JSON)
    assert refused.status_code == 422
    assert "not listed" in refused.json()["errors"][0]
    page = browser.post("/webhooks/", {**body, "url": "https://169.254.169.254/latest"})
    assert "not listed" in page.content.decode()
    assert not Webhook.objects.exists()
    # Listed when it was given, and no longer: it is asked at every attempt.
    webhook = Webhook.objects.create(name="x", url=receiver.url, events=["job.ended"], secret="")
    delivery = send(put(webhook, Event.TEST, {}))
    assert (delivery.state, receiver.heads) == (State.WAITING, [])


@pytest.mark.django_db(transaction=True)
def test_a_round_sends_what_is_due_and_what_a_killed_sender_left(
    workspace: Workspace, loopback: None, receiver: Receiver
) -> None:
    sealed = seal(new_secret())
    webhook = Webhook.objects.create(name="x", url=receiver.url, events=["job.ended"], secret=sealed)
    # Leased by a sender that was killed before it noted what came of it, a while ago and just now.
    left, leased, fresh = (put(webhook, Event.TEST, {"number": number}) for number in range(3))
    Delivery.objects.filter(pk=left.pk).update(next_attempt=timezone.now() - timedelta(seconds=1))
    Delivery.objects.filter(pk=leased.pk).update(next_attempt=timezone.now() + sending.LEASE)
    assert sending.send_due() == 2
    assert {head["webhook-id"] for head in receiver.heads} == {str(left.pk), str(fresh.pk)}
    assert set(Delivery.objects.filter(state=State.TAKEN).values_list("pk", flat=True)) == {left.pk, fresh.pk}
    assert sending.send_due() == 0


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_holds_up_nobody_else(workspace: Workspace, loopback: None, receiver: Receiver) -> None:
    bad = Receiver(b"HTTP/1.1 500 Oh\r\n\r\n")
    for url in (bad.url, receiver.url):
        webhook = Webhook.objects.create(name=url, url=url, events=["job.ended"], secret=seal(new_secret()))
        for _ in range(3):
            put(webhook, Event.TEST, {})
    # One attempt where it failed, and all three where they are taken.
    assert sending.send_due() == 4
    bad.close()
    assert (len(bad.heads), len(receiver.heads)) == (1, 3)


def test_too_many_that_wait_are_given_up_at_once(
    browser: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asepsis.web.webhooks import announcing

    monkeypatch.setattr(announcing, "WAITING_LIMIT", 2)
    webhook, _ = subscribe(browser, receiver.url)
    states = [put(webhook, Event.TEST, {}).state for _ in range(3)]
    assert states == [State.WAITING, State.WAITING, State.DEAD]


def test_the_pages_make_change_try_stop_and_remove(browser: Client, receiver: Receiver) -> None:
    made = browser.post("/webhooks/", {"name": "Tickets", "url": receiver.url, "events": ["job.ended"]})
    assert "whsec_" in made.content.decode()
    webhook = Webhook.objects.get()
    address = f"/webhooks/{webhook.pk}/"
    changed = {"name": "Desk", "url": receiver.url, "events": ["device.appeared", "job.ended"]}
    assert browser.post(address, changed).status_code == 302
    browser.post(f"{address}act/", {"test": "1"})
    delivery = Delivery.objects.get()
    assert send(delivery).state == State.TAKEN
    browser.post(f"{address}deliveries/{delivery.pk}/again/")
    assert Delivery.objects.get().state == State.WAITING
    assert "whsec_" in browser.post(f"{address}secret/").content.decode()
    browser.post(f"{address}act/", {"active": "no"})
    assert not Webhook.objects.get(name="Desk").is_active
    assert "Desk" in browser.get("/webhooks/").content.decode()
    browser.post(f"{address}act/", {"remove": "1"})
    assert not Webhook.objects.exists()


def test_an_auditor_keeps_no_webhooks(workspace: Workspace, make_person: MakePerson, signed_in: SignedIn) -> None:
    browser = signed_in(make_person("ines", "auditor"))
    assert browser.get("/webhooks/").status_code == 403
    assert browser.get("/api/v1/webhooks").status_code == 403


def test_devices_that_are_new_and_overdue_are_told_by_a_refresh(
    browser: Client, receiver: Receiver, make_device: MakeDevice
) -> None:
    from asepsis.web.devices import projection

    subscribe(browser, receiver.url, "device.appeared", "device.overdue", "device.changed")
    known: dict[str, Any] = {
        name: type("Seen", (), {"id": name, "site": "north", "category": "infusion_pump", "names": ("CANARY",)})()
        for name in ("old", "new", "quiet")
    }
    overdue = type("Stands", (), {"status": type("Status", (), {"value": "overdue"})()})()
    before = {"old": "online", "quiet": "overdue"}
    projection._announce(known, {"old": overdue, "quiet": overdue}, before, set())
    projection._announce_changed(known, before, {"old", "new"})
    told = {row.event: [one["id"] for one in row.body["data"]["devices"]] for row in Delivery.objects.all()}
    assert told == {"device.appeared": ["new"], "device.overdue": ["old"], "device.changed": ["old"]}
    assert "CANARY" not in str(list(Delivery.objects.values_list("body", flat=True)))


@pytest.mark.parametrize("role", ["security_analyst", "administrator"])
def test_who_answers_for_one_site_makes_no_webhook_which_would_tell_of_the_others(
    workspace: Workspace, make_device: MakeDevice, make_person: MakePerson, signed_in: SignedIn, role: str
) -> None:
    north = make_device("pump000001", site="north").site
    make_device("pump000002", site="south")
    browser = signed_in(make_person("sam", role, site=north))
    wanted = {"name": "x", "url": "https://192.0.2.1/", "events": ["device.appeared"]}
    assert browser.post("/api/v1/webhooks", wanted, content_type=JSON).status_code == 403
    assert browser.post("/webhooks/", wanted).status_code == 403
    assert browser.get("/api/v1/webhooks").status_code == 403
    assert not Webhook.objects.exists()


def test_a_token_for_one_site_makes_no_webhook_either(
    workspace: Workspace, make_device: MakeDevice, make_person: MakePerson
) -> None:
    site = make_device("pump000001", site="north").site
    made = make(
        make_person("ada", "security_analyst"),
        name="x",
        role=Role.SECURITY_ANALYST,
        site=site,
        life=timedelta(days=1),
    )
    headers = {"authorization": f"Bearer {made.secret}"}
    wanted = {"name": "x", "url": "https://192.0.2.1/", "events": ["device.appeared"]}
    assert Client().get("/api/v1/devices", headers=headers).status_code == 200
    answer = Client().post("/api/v1/webhooks", wanted, content_type=JSON, headers=headers)
    assert answer.status_code == 403
    assert not Webhook.objects.exists()
