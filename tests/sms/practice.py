"""The stand-in for Twilio as a process of its own, to practise the first SMS without an account.

    python -m tests.sms.practice --port 8090

Texts are printed as they come and receipts follow by themselves; `/phone` takes what a phone writes back.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

import click
from twilio.request_validator import RequestValidator

from pro.domain.message import FAULTS
from pro.services.inbound import answered_by_provider, understand
from tests.sms.provider import ERRORS, SERVICE, SID, TOKEN, Provider, Receipt, Text

BY_TWILIO = {
    "stop": "you are taken off the list and get no more messages; START takes that back",
    "start": "you are on the list again; STOP ends it, HELP says more",
    "help": "STOP ends these messages",
}
"""What it writes back itself, in sense: its words are its own, and in the account's language."""
REFUSED = (21211, 21614, 21610)
"""Of numbers that fail: what Twilio says as it is given the text."""
UNDELIVERED = (30003, 30005, 30006, 30007)
"""What it says in a receipt, after it took the text."""


def fails_with(code: int) -> str:
    """The number that always does: of a range kept for fiction that enrolment takes, with the code's last two digits."""
    return f"+120255501{code % 100:02}"


HELLO = """\
A stand-in for Twilio listens on {address}. The settings of pro serve and pro worker:

TWILIO_API_BASE={address}
TWILIO_ACCOUNT_SID={sid}
TWILIO_AUTH_TOKEN={token}
TWILIO_MESSAGING_SERVICE_SID={service}

Texts stand below as they come; each is soon told to be sent, then delivered. To write back from the phone of the newest:

  curl -d Body=ARRET {address}/phone

A text to one of these never arrives (numbers kept for fiction, which enrolment takes):

{failing}

Ctrl-C ends it; it forgets everything."""


@dataclass
class Practice(Provider):
    """Tells what it takes, sends receipts by itself, and lets somebody write back."""

    say: Callable[[str], None] = print
    pauses: tuple[float, float] = (1.0, 4.0)
    """Seconds until a text is sent, and from then until it is delivered."""
    first: int = field(default_factory=time.time_ns)
    """No id of an earlier run comes again: the databases are older than this process."""
    codes: dict[str, int] = field(default_factory=lambda: {fails_with(code): code for code in REFUSED})
    undelivered: dict[str, int] = field(default_factory=lambda: {fails_with(code): code for code in UNDELIVERED})
    receipts_under_way: list[threading.Thread] = field(default_factory=list)

    def hello(self) -> str:
        failing = "\n".join(f"  {fails_with(code)}  {code} {FAULTS[code].why}" for code in (*REFUSED, *UNDELIVERED))
        return HELLO.format(address=self.address, sid=SID, token=TOKEN, service=SERVICE, failing=failing)

    def create(self, form: Mapping[str, str]) -> tuple[str, dict[str, Any] | int]:
        fault, answer = super().create(form)
        if isinstance(answer, int):
            self.say(f"a text to {form.get('To', 'nobody')} is refused: {answer} {ERRORS.get(answer, (0, ''))[1]}")
        return fault, answer

    def _accept(self, form: Mapping[str, str]) -> Text:
        text = super()._accept(form)
        self.say(f"to {text.to}: {text.body}")
        thread = threading.Thread(target=self._goes, args=(text,), daemon=True)
        self.receipts_under_way.append(thread)
        thread.start()
        return text

    def _goes(self, text: Text) -> None:
        code = self.undelivered.get(text.to)
        last = ("delivered", None) if code is None else ("undelivered", code)
        for (status, error), pause in zip((("sent", None), last), self.pauses, strict=True):
            threading.Event().wait(pause)
            text.status, text.error = status, error
            what = status if error is None else f"{status} ({error} {FAULTS[error].why})"
            if text.callback:
                self._tell(self.receipt(text, status, error), what)

    def _tell(self, receipt: Receipt, what: str) -> str:
        """One line on how the call went; what was answered."""
        try:
            status, answer = self.call(receipt)
        except (URLError, OSError):
            self.say(f"  {what}: nobody answers at {receipt.url}: is `pro serve` running at PRO_PUBLIC_URL?")
            return ""
        mend = ": are the settings of `pro serve` those above?" if status == 403 else ""
        self.say(f"  {what}: {receipt.url} answers {status}{mend}")
        return answer

    def other(self, path: str, form: Mapping[str, str]) -> tuple[int, str] | None:
        """What a phone writes: `Body`, and `From` where it is not the phone of the newest text."""
        if path != "/phone":
            return None
        newest = next((text for text in reversed(self.texts) if text.callback), None)
        if newest is None:
            return 409, "no text has come yet: nobody can write back\n"
        if not form.get("Body"):
            return 400, "give what is written: -d Body=ARRET\n"
        number = form.get("From", newest.to).replace(
            " ", "+"
        )  # curl -d leaves a plus as it is: a space, read as a form
        return 200, self._written(number, form["Body"], (newest.callback or "").partition("/status/")[0]) + "\n"

    def _written(self, number: str, body: str, hooks: str) -> str:
        itself = understand(body) if answered_by_provider(body) else "other"
        if itself == "stop":
            self.codes[number] = 21610
        elif itself == "start" and self.codes.get(number) == 21610:
            del self.codes[number]
        sid = f"SM{time.time_ns():032x}"
        form = {"MessageSid": sid, "SmsSid": sid, "AccountSid": SID, "From": number, "To": "+33700000000", "Body": body}
        url = f"{hooks}/inbound"
        self.say(f"from {number}: {body}")
        answer = self._tell(Receipt(url, form, RequestValidator(TOKEN).compute_signature(url, form)), "handed on")
        if told := re.search("<Message>(.*)</Message>", answer, re.DOTALL):
            self.say(f"to {number}, in answer: {told[1]}")
        told_itself = (
            f"Twilio itself answers that, in its own words: {BY_TWILIO[itself]}" if itself in BY_TWILIO else ""
        )
        if told_itself:
            self.say(f"to {number}: {told_itself}")
        refused = "and a text to it is refused from now on (21610), as Twilio does" if itself == "stop" else ""
        return ", ".join(filter(None, (f"{number} wrote {body}", refused, told_itself)))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8090, show_default=True)
def practice(port: int) -> None:
    """Stand in for Twilio on this machine until Ctrl-C. It begins by naming the numbers whose texts never arrive."""
    made = Practice(say=lambda line: print(line, flush=True))
    try:
        with made.serving(port):
            made.say(made.hello())
            threading.Event().wait()
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used ({error.strerror}): give another with --port") from None
    except KeyboardInterrupt:
        return


def main(arguments: Sequence[str]) -> int:
    """Exit code; what is wrong is one line."""
    try:
        practice.main(list(arguments), prog_name="python -m tests.sms.practice", standalone_mode=False)
    except click.ClickException as wrong:
        print(wrong.format_message(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
