"""The table of the provider's error codes in docs/messages.md, made from the code.

`python -m tests.sms.error_table` writes it anew; a test holds that it stands there as it is.
"""

from __future__ import annotations

from pathlib import Path

from pro.domain.message import FAULTS, MOST_AGAIN, Outcome, State, answer_outcome, receipt_outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
BEGIN, END = "<!-- codes: python -m tests.sms.error_table -->", "<!-- end of codes -->"
STATUSES = {429: "too many at once", 401: "a wrong account or key", 500: "any 5xx, and 408"}


def table() -> str:
    lines = ["| code | means | as the answer to sending | in a receipt |", "| --- | --- | --- | --- |"]
    lines += [f"| HTTP {status} | {said} | {_answer(answer_outcome(status))} | |" for status, said in STATUSES.items()]
    for code, fault in sorted(FAULTS.items()):
        receipt = receipt_outcome("undelivered", code)
        assert receipt is not None
        lines.append(f"| {code} | {fault.why} | {_answer(answer_outcome(400, code))} | {_receipt(receipt)} |")
    return "\n".join(lines)


def _answer(outcome: Outcome) -> str:
    if outcome.state is State.SENDING:
        return "unknown: asked before anything is sent again"
    if outcome.state is State.PENDING:
        return "certainly not sent: again after a growing pause"
    return _consequences("final", outcome)


def _receipt(outcome: Outcome) -> str:
    again = f"again after a pause, at most {MOST_AGAIN} times; then final"
    return _consequences(again if outcome.retry_after else "final", outcome)


def _consequences(said: str, outcome: Outcome) -> str:
    also = {
        "the patient is opted out": outcome.opt_out,
        "the number is marked wrong, a task for the site": outcome.wrong_number,
        "yours to mend: account, sender or wording": outcome.our_fault,
    }
    return "; ".join([said, *(words for words, holds in also.items() if holds)])


def laid_in(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(laid_in(PAGE.read_text()))
