"""Sends what waits in the outbox: at least once, with longer and longer waits, until it is taken or given up.

A row is leased before it is sent. Whoever kills the server in the middle of it has it sent again after the lease.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from asepsis import __version__
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.web.ledger.record import record_of_system
from asepsis.web.people.sealing import unseal
from asepsis.web.settings import CONFIGURATION
from asepsis.web.webhooks.destinations import Destination, addresses, read
from asepsis.web.webhooks.models import Delivery, Webhook
from asepsis.web.webhooks.signing import headers

# Of one attempt, from the connection to the head of the answer; a receiver works later, not before it answers.
ATTEMPT_SECONDS: Final = 15.0
# Longer than an attempt can take, so that none is sent twice at the same time.
LEASE: Final = timedelta(seconds=120)
# After the first failures soon, then ever more rarely; each up to a tenth longer, so that not all come at once.
WAITS: Final = tuple(timedelta(seconds=one) for one in (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600))
# Webhooks that are sent to at once; one that is slow holds up nobody but itself.
AT_ONCE: Final = 4
# Of one webhook in one round, the oldest first.
ROUND: Final = 20
KEPT: Final = timedelta(days=30)
"""What was taken or given up is shown so long."""

_log = structlog.get_logger("asepsis.web.webhooks")


@value
class Answer:
    """What came of one attempt; ``status`` is 0 where nothing was answered."""

    status: int
    words: str

    @property
    def is_taken(self) -> bool:
        """The scheme: any 2xx."""
        return 200 <= self.status < 300


def send_due() -> int:
    """Sends everything whose time has come; returns how many attempts were made."""
    now = timezone.now()
    due = Delivery.objects.filter(state=Delivery.State.WAITING, next_attempt__lte=now, webhook__is_active=True)
    webhooks = list(due.order_by().values_list("webhook", flat=True).distinct())
    if not webhooks:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="webhook") as pool:
        return sum(pool.map(_round, webhooks))


def clear_old() -> None:
    """Forgets what ended long ago."""
    Delivery.objects.filter(ended__lt=timezone.now() - KEPT).delete()


def send_and_say() -> None:
    """One round; what goes wrong with the database is said in the log and tried again."""
    try:
        send_due()
        clear_old()
    except DatabaseError as error:
        _log.error("webhooks cannot be sent", error=type(error).__name__)
    finally:
        connection.close()  # this thread is none of Django's, which would close it after a request


def _round(webhook_id: UUID) -> int:
    made = 0
    try:
        webhook = Webhook.objects.get(pk=webhook_id)
        due = Delivery.objects.filter(
            webhook=webhook, state=Delivery.State.WAITING, next_attempt__lte=timezone.now()
        ).order_by("happened", "id")
        for delivery in list(due[:ROUND]):
            leased = Delivery.objects.filter(pk=delivery.pk, next_attempt=delivery.next_attempt).update(
                next_attempt=timezone.now() + LEASE
            )
            if not leased:
                continue
            answer = attempt(webhook, delivery)
            made += 1
            _note(webhook, delivery, answer)
            if not answer.is_taken:
                break  # what is not taken now is not asked for a second time in the same round
    except (DatabaseError, Webhook.DoesNotExist) as error:
        _log.error("webhook", error=type(error).__name__)
    finally:
        connection.close()
    return made


def attempt(webhook: Webhook, delivery: Delivery) -> Answer:
    """Sends one delivery once; whatever the receiver does, an answer comes back in time."""
    try:
        destination = read(webhook.url)
        found = addresses(destination, CONFIGURATION.webhooks.networks)
        secrets = [unseal(webhook.secret)]
        if webhook.former_until is not None and webhook.former_until > timezone.now():
            secrets.append(unseal(webhook.former_secret))
    except AsepsisError as error:
        return Answer(status=0, words=error.message[:200])
    body = json.dumps(delivery.body, ensure_ascii=False, separators=(",", ":")).encode()
    sent = {
        **headers(secrets, str(delivery.pk), int(time.time()), body),
        "content-type": "application/json",
        "user-agent": f"Asepsis/{__version__}",
        "connection": "close",
    }
    return _post(destination, found[0], body, sent)


def _post(destination: Destination, address: str, body: bytes, sent: dict[str, str]) -> Answer:
    link = _Link(destination, address)
    watchdog = threading.Timer(ATTEMPT_SECONDS, link.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        link.request("POST", destination.path, body, sent)
        # The head alone: what stands behind it may have no end, and says nothing to us.
        status = link.getresponse().status
        return Answer(status=status, words=_words(status))
    except ssl.SSLError as error:
        return Answer(status=0, words=f"TLS: {error.reason or 'no agreement'}"[:200])
    except TimeoutError:
        return Answer(status=0, words="no answer in time")
    except http.client.HTTPException:
        return Answer(status=0, words="no answer in time" if link.is_cut else "the answer is no HTTP")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "the connection broke"
        return Answer(status=0, words="no answer in time" if link.is_cut else str(said)[:200])
    finally:
        watchdog.cancel()
        link.close()


class _Link(http.client.HTTPConnection):
    """A connection to the address that was checked, which bears the name that was asked for in TLS and Host."""

    def __init__(self, destination: Destination, address: str) -> None:
        super().__init__(destination.host, destination.port, timeout=ATTEMPT_SECONDS)
        self._destination = destination
        self._address = address
        self.is_cut = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self._destination.port), ATTEMPT_SECONDS)
        if self._destination.is_tls:
            context = ssl.create_default_context()
            if CONFIGURATION.webhooks.authority:
                context.load_verify_locations(CONFIGURATION.webhooks.authority)
            self.sock = context.wrap_socket(self.sock, server_hostname=self._destination.host)

    def cut(self) -> None:
        """Ends whatever is waited for: a receiver that sends one sign every ten seconds is never silent."""
        self.is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _words(status: int) -> str:
    if 300 <= status < 400:
        return f"{status}: leads elsewhere, where webhooks do not follow"
    return f"{status} {http.client.responses.get(status, '')}".strip()


def _note(webhook: Webhook, delivery: Delivery, answer: Answer) -> None:
    now = timezone.now()
    attempts = delivery.attempts + 1
    fields: dict[str, object] = {"attempts": attempts, "answered": answer.words}
    patience = timedelta(days=CONFIGURATION.webhooks.give_up_days)
    if answer.is_taken:
        fields |= {"state": Delivery.State.TAKEN, "ended": now}
    elif answer.status == http.client.GONE or now - delivery.since >= patience:
        fields |= {"state": Delivery.State.DEAD, "ended": now}
    else:
        wait = WAITS[min(attempts, len(WAITS)) - 1]
        fields |= {"next_attempt": now + wait * random.uniform(1.0, 1.1)}  # noqa: S311 - no secret hangs on it
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING).update(**fields)
    if fields.get("state") == Delivery.State.DEAD:
        what = {"event": delivery.event, "delivery": str(delivery.pk), "attempts": attempts}
        record_of_system(
            "webhook.deliver", actor="system:webhooks", subject=f"webhook:{webhook.pk}", what=what, outcome="failed"
        )
    if answer.status == http.client.GONE:
        # The scheme: who answers 410 wants to be told nothing more.
        Webhook.objects.filter(pk=webhook.pk).update(is_active=False, stopped_because="the receiver answered 410 Gone")
