"""The stand-in provider in a process of its own, and what the barest client gets through it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import requests

from pro.settings import Twilio
from tests.bench.machine import ROOT as HERE
from tests.sms.provider import ROOT, SERVICE, SID, TOKEN, Provider


@contextmanager
def standing_in() -> Iterator[Twilio]:
    """An account at a provider that takes everything."""
    command = [sys.executable, "-m", "tests.bench.provider"]
    process = subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Twilio(SID, TOKEN, SERVICE, api_base=process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait(30)


class Posted(NamedTuple):
    """Seconds of the processor and of the clock."""

    cpu: float
    wall: float


def bare(account: Twilio, texts: int) -> Posted:
    """So many texts, posted one after the other on one connection."""
    used, began = time.process_time(), time.perf_counter()
    with requests.Session() as session:
        session.auth = (account.account_sid, account.auth_token)
        for n in range(texts):
            form = {
                "To": f"+336123{n:05d}",
                "MessagingServiceSid": SERVICE,
                "Body": "x" * 120,
                "ValidityPeriod": "3600",
            }
            answer = session.post(f"{account.api_base}{ROOT}.json", data=form, timeout=10)
            answer.raise_for_status()
            if not answer.json()["sid"]:
                raise RuntimeError("the stand-in provider answers without an id")
    return Posted(time.process_time() - used, time.perf_counter() - began)


def main() -> None:
    """Serves until its standard input ends."""
    with Provider().serving() as provider:
        print(provider.address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
