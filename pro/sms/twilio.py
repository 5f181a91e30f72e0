"""Twilio, through its official client: the only module that imports it.

The client's own defaults would wait for ever; ours has a time-out and tries nothing twice, because Twilio has no
idempotency for messages: whether to try again is decided by `services.reconciling` after asking.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal

from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError

from pro import settings
from pro.domain.message import Outcome as Meaning
from pro.domain.message import State, answer_outcome
from pro.sms.sender import Accepted, Emptied, Found, NotProcessed, Outcome, Refused, Sms, Unknown

TIMEOUT = 10.0
"""Seconds to connect, and again to answer."""
LANES = 8
"""Calls at a time: each takes a tenth of a second and more on the way, most of it waiting."""
SETTLING = timedelta(minutes=5)
"""Twilio promises nothing about how soon its list shows a message; this is generous."""
SHORTEST, LONGEST = 1, 36_000
"""Seconds of a validity period that Twilio takes."""
PAGE, MOST = 200, 1000
ANSWERED_BADLY = (TwilioException, ValueError, KeyError, TypeError, AttributeError)
"""An answer that is no JSON, or not the JSON that is documented."""

log = logging.getLogger(__name__)
logging.getLogger("urllib3").setLevel(logging.ERROR)  # below that it writes addresses, which hold numbers


class TwilioSender:
    def __init__(
        self,
        account: settings.Twilio,
        timeout: float = TIMEOUT,
        settling: timedelta = SETTLING,
        lanes: int = LANES,
    ) -> None:
        self.settling, self.lanes = settling, lanes
        self._service = account.messaging_service_sid
        self._account, self._timeout = account, timeout
        self._idle: list[Client] = []
        self._validator = RequestValidator(account.auth_token)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """A client for one call: its session and its connection are one thread's at a time, and are used again."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new_client()
        try:
            yield client
        finally:
            self._idle.append(client)

    def _new_client(self) -> Client:
        http = TwilioHttpClient(timeout=self._timeout, max_retries=None, logger=_silent())
        client = Client(self._account.account_sid, self._account.auth_token, http_client=http)
        if self._account.api_base:
            client.api.base_url = self._account.api_base.rstrip("/")
        return client

    def send(self, sms: Sms) -> Outcome:
        try:
            with self._client() as client:
                made = client.messages.create(
                    to=sms.to,
                    body=sms.body,
                    messaging_service_sid=self._service,
                    validity_period=_validity(sms.valid_for),
                    **({"status_callback": sms.callback_url} if sms.callback_url else {}),
                )
            return _accepted(made)
        except (TwilioRestException, TwilioServiceException) as error:
            return _meaning(error)
        except RequestException as error:
            return _no_answer(error)
        except ANSWERED_BADLY as error:
            return Unknown(f"an answer that cannot be read ({type(error).__name__})")

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        """Asks by number alone: Twilio's own date filter looks at the date of sending, which a queued text has not."""
        try:
            with self._client() as client:
                listed = client.messages.list(to=to, limit=MOST, page_size=PAGE)
            return tuple(_found(one) for one in listed if one.date_created is None or one.date_created >= since)
        except (RequestException, *ANSWERED_BADLY) as error:
            return Unknown(type(error).__name__)

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        """A missing signature is an empty one: the validator raises on None."""
        return bool(self._validator.validate(url, dict(form), signature or ""))

    def redact(self, provider_id: str) -> Emptied | None:
        """A message that is not there any more needs no redaction. The answer is the first to hold a price."""
        try:
            with self._client() as client:
                return Emptied(_cost(client.messages(provider_id).update(body="")))
        except (TwilioRestException, TwilioServiceException) as error:
            return Emptied() if error.status == 404 else None
        except (RequestException, *ANSWERED_BADLY):
            return None


def _silent() -> logging.Logger:
    """The client would log numbers and texts."""
    logger = logging.getLogger(f"{__name__}.client")
    logger.disabled = True
    return logger


def _validity(valid_for: timedelta) -> int:
    return min(max(int(valid_for.total_seconds()), SHORTEST), LONGEST)


def _accepted(made: MessageInstance) -> Outcome:
    if not made.sid:
        return Unknown("an answer without an id")
    return Accepted(made.sid, *_bill(made))


def _bill(one: MessageInstance) -> tuple[int | None, str | None]:
    """Segments and cost, as far as they are told: before a service has chosen the sender, Twilio counts none."""
    told = str(one.num_segments or "")
    return int(told) or None if told.isdigit() else None, _cost(one)


def _cost(one: MessageInstance) -> str | None:
    """What the account pays: Twilio writes it as a change of the balance, below zero."""
    return f"{str(one.price).removeprefix('-')} {str(one.price_unit or '').upper()}".strip() if one.price else None


def _meaning(error: TwilioRestException | TwilioServiceException) -> Outcome:
    code = None if error.code == error.status else error.code  # the client puts the status where there is no code
    if error.status < 400 or (error.status == 400 and code is None):
        return Unknown(f"{error.status}, not in Twilio's words")
    meant = answer_outcome(error.status, code)
    if meant.our_fault:
        log.error("Twilio answers %s, code %s: %s", error.status, error.code, meant.why)
    if meant.state is State.PENDING and meant.retry_after is not None:
        return NotProcessed(f"{meant.code} {meant.why}", meant.retry_after)
    if meant.state is State.FAILED:
        return Refused(meant.code or str(error.status), meant.why, _kind(meant))
    return Unknown(f"{error.status} {meant.why}")


def _kind(meant: Meaning) -> Literal["opted-out", "wrong-number", "other"]:
    if meant.opt_out:
        return "opted-out"
    return "wrong-number" if meant.wrong_number else "other"


def _no_answer(error: RequestException) -> Outcome:
    """Only when not even a connection was made is it certain that nothing was sent."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, ConnectTimeout) or (
        isinstance(error, NoConnection) and isinstance(reason, NewConnectionError)
    ):
        return NotProcessed("no connection to Twilio")
    return Unknown(type(error).__name__)


def _found(one: MessageInstance) -> Found:
    error = str(one.error_code) if one.error_code else None
    return Found(one.sid or "", one.body or "", str(one.status or ""), error, *_bill(one))
