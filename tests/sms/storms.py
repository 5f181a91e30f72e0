"""What goes on beside the workers: receipts in any order and doubled, and a database that restarts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.exc import SQLAlchemyError

from pro.app import create_app
from pro.clock import FixedClock, Moment
from pro.domain import message
from pro.services.parts import Parts
from pro.sms.twilio import TwilioSender
from tests.sms.outbox import EVENING
from tests.sms.provider import Provider, Receipt, Text

ENDS = (("delivered", None), ("undelivered", 30003), ("failed", 30500))
SHARES = (96, 2, 2)


class Postman:
    """Posts the provider's signed receipts to our real address, out of order and some of them twice."""

    def __init__(self, parts: Parts, provider: Provider, seed: int) -> None:
        self._chance, self._provider = random.Random(seed), provider
        clock = FixedClock(EVENING)
        clock.moment = Moment(EVENING, datetime.now(UTC))
        self._client: FlaskClient = create_app(
            replace(parts, sender=TwilioSender(provider.account()), clock=clock)
        ).test_client()
        self._seen = 0
        self._waiting: list[Receipt] = []
        self.posted = 0
        self.ended = threading.Event()

    def go(self) -> None:
        while not self.ended.is_set():
            self._collect()
            self._chance.shuffle(self._waiting)
            half = self._waiting[: len(self._waiting) // 2 + 1]
            self._waiting = self._waiting[len(half) :] + [
                self._post(one) for one in half if self._chance.random() < 0.1
            ]
            for one in half:
                self._post(one)
            time.sleep(0.1)

    def finish(self) -> None:
        """Everything that is left, twice."""
        self._collect()
        left = self._waiting * 2
        self._chance.shuffle(left)
        for one in left:
            self._post(one)
        self._waiting = []

    def _collect(self) -> None:
        texts = self._provider.texts[self._seen :]
        self._seen += len(texts)
        for text in texts:
            status, error = self._chance.choices(ENDS, SHARES)[0]
            text.status, text.error = status, error
            self._waiting += [self._receipt(text, "sent"), self._receipt(text, status, error)]

    def _receipt(self, text: Text, status: str, error: int | None = None) -> Receipt:
        return self._provider.receipt(text, status, error)

    def _post(self, one: Receipt) -> Receipt:
        path = "/hooks" + one.url.partition("/hooks")[2]
        for _ in range(300):
            try:
                answer = self._client.post(path, data=one.form, headers={"X-Twilio-Signature": one.signature})
            except SQLAlchemyError:
                answer = None
            if answer is not None and answer.status_code == 204:
                self.posted += 1
                return one
            time.sleep(0.2)  # as the provider does: it tries again
        raise AssertionError("a receipt was never taken")


@contextmanager
def receipts(parts: Parts, provider: Provider, seed: int = 7) -> Iterator[Postman]:
    postman = Postman(parts, provider, seed)
    before, message.AGAIN_PAUSE = message.AGAIN_PAUSE, timedelta(seconds=0.3)
    thread = threading.Thread(target=postman.go, daemon=True)
    thread.start()
    try:
        yield postman
    finally:
        postman.ended.set()
        thread.join(60)
        message.AGAIN_PAUSE = before


@contextmanager
def restarts(server: Any, every: float) -> Iterator[list[float]]:
    """Stops the PostgreSQL server and starts it anew, again and again; gives when it did."""
    done: list[float] = []
    ended = threading.Event()

    def go() -> None:
        while not ended.wait(every):
            server.stop()
            with server._lock:
                server.ensure_postgres_running()
            done.append(time.monotonic())

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join(60)
