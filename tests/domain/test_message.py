"""What becomes of a message, what the provider's answers mean, and what the texts say."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise, permutations, product

import pytest

from pro.domain.message import (
    ANSWERS,
    FAULTS,
    FINAL,
    LONGEST_LINK,
    RANK,
    TEMPLATES,
    State,
    answer_outcome,
    blame,
    may_move,
    pause,
    receipt_outcome,
    reminder_body,
    staff_flare_body,
    test_body,
)
from pro.domain.message_lint import illness_named, lint
from pro.domain.phone import segments
from tests.sms import error_table

test_body.__test__ = False  # type: ignore[attr-defined]  # a text, not a test

LINK = "https://carnet.example.org/d/".ljust(LONGEST_LINK, "x")

ALLOWED = {
    "pending": "claimed dropped",
    "claimed": "pending sending dropped",
    "sending": "pending sent delivered undelivered failed",
    "sent": "pending delivered undelivered failed",
    "delivered": "",
    "undelivered": "",
    "failed": "",
    "dropped": "",
}


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_every_move(before: State, after: State) -> None:
    assert may_move(before, after) == (after.value in ALLOWED[before.value].split())


def test_final_states_are_final() -> None:
    assert {"delivered", "undelivered", "failed", "dropped"} == FINAL
    assert not any(may_move(before, after) for before in FINAL for after in State)


def test_receipts_in_any_order_end_in_the_same_state() -> None:
    for order in permutations(["queued", "sent", "delivered", "delivered", "sending"]):
        state = State.SENDING
        for word in order:
            outcome = receipt_outcome(word)
            assert outcome is not None
            if may_move(state, outcome.state):
                state = outcome.state
        assert state is State.DELIVERED


def test_ranks_never_fall_but_by_the_ways_back() -> None:
    for before, after in product(State, State):
        if may_move(before, after) and after is not State.PENDING:
            assert RANK[after] > RANK[before]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("accepted", "sent"),
        ("queued", "sent"),
        ("sending", "sent"),
        ("sent", "sent"),
        ("Delivered", "delivered"),
        ("undelivered", "undelivered"),
        ("failed", "failed"),
    ],
)
def test_the_providers_words(word: str, state: str) -> None:
    outcome = receipt_outcome(word)
    assert outcome is not None
    assert outcome.state == state


@pytest.mark.parametrize("word", ["received", "receiving", "", "no such word"])
def test_words_that_say_nothing_of_an_outgoing_message(word: str) -> None:
    assert receipt_outcome(word) is None


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (201, None, "sent"),
        (400, 21610, "failed"),
        (400, 99999, "failed"),
        (400, None, "failed"),
        (429, None, "pending"),
        (400, 21611, "pending"),
        (401, 20003, "pending"),
        (500, None, "sending"),
        (503, 20500, "sending"),
        (408, None, "sending"),
    ],
)
def test_only_a_definite_answer_moves_a_message(status: int, code: int | None, state: str) -> None:
    outcome = answer_outcome(status, code)
    assert outcome.state == state
    assert may_move(State.SENDING, outcome.state) or outcome.state == "sending"
    assert (outcome.retry_after is not None) == (state == "pending")
    assert outcome.why or state == "sent"


def test_stop_at_the_provider_is_an_opt_out() -> None:
    outcome = answer_outcome(400, 21610)
    assert (outcome.opt_out, outcome.wrong_number, outcome.code) == (True, False, "21610")


@pytest.mark.parametrize("code", [21211, 21614, 30005, 30006])
def test_wrong_numbers_ask_for_a_contact_check(code: int) -> None:
    for outcome in (answer_outcome(400, code), receipt_outcome("undelivered", code)):
        assert outcome is not None
        assert outcome.wrong_number
        assert not outcome.opt_out


@pytest.mark.parametrize("code", [30003, 30007, 30500])
def test_other_faults_say_why_and_leave_the_number_alone(code: int) -> None:
    outcome = receipt_outcome("undelivered", code)
    assert outcome is not None
    assert (outcome.opt_out, outcome.wrong_number) == (False, False)
    assert outcome.why != answer_outcome(400, 99999).why
    assert outcome.our_fault == (code == 30007)


@pytest.mark.parametrize(
    ("error", "who"),
    [
        ("21610", "stop"),
        ("21211", "number"),
        ("30005", "number"),
        ("contact-missing", "number"),
        ("30003", "phone"),
        ("30007", "ours"),
        ("401", "ours"),
        ("30500", "provider"),
        ("opted-out", "provider"),
        ("30008", "unknown"),
        ("30999", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
    ],
)
def test_who_has_to_mend_a_failed_message(error: str | None, who: str) -> None:
    assert blame(error) == who


def test_pauses_double_up_to_ten_minutes() -> None:
    pauses = [pause(attempt) for attempt in range(1, 12)]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert all(longer >= shorter for shorter, longer in pairwise(pauses))
    assert pause(10**6) == timedelta(minutes=10)


def bodies(language: str) -> list[str]:
    to_staff = [staff_flare_body(language, LINK), staff_flare_body(language, LINK, now=True)]
    return [reminder_body(language, LINK), test_body(language, "4821", LINK), *to_staff]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_text_fits_one_segment_and_tells_nothing(language: str) -> None:
    for body in bodies(language):
        assert lint(body) == ()
        assert segments(body).count == 1
        assert segments(body).encoding == "GSM-7"


def test_what_is_answered_to_a_keyword_fits_one_segment_and_tells_nothing() -> None:
    for wordings in ANSWERS.values():
        assert set(wordings) == {"en", "fr"}
        assert [lint(one) for one in wordings.values()] == [(), ()]


def test_every_template_is_in_every_language_and_filled() -> None:
    assert {frozenset(template) for template in TEMPLATES.values()} == {frozenset({"en", "fr"})}
    assert LINK in reminder_body("fr", LINK)
    assert LINK in staff_flare_body("en", LINK)
    assert LINK in staff_flare_body("fr", LINK, now=True)
    assert "now" in staff_flare_body("en", LINK, now=True)
    assert "4821" in test_body("en", "4821", LINK)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("Your pain diary is ready", "'pain' tells what it is about"),
        ("Votre carnet de l'étude est prêt", "'étude' tells what it is about"),
        ("Did you inject anakinra?", "'anakinra' tells what it is about"),
        ("Ouvrez {link}", "a placeholder was not filled in"),
        ("Call 06 12 34 56 78", "holds a long number, which may be a phone number"),
        ("C'est prêt, ça va", "not in GSM-7: ê ç"),
        ("a" * 161, "takes 2 segments (161 units of GSM-7), not one"),
    ],
)
def test_lint_finds(body: str, problem: str) -> None:
    assert problem in lint(body)


def test_lint_reads_words_not_letters_and_leaves_the_link_alone() -> None:
    assert lint("Entertain the Paint: https://x.org/d/pain-flare-0612345678") == ()
    assert lint("Bonjour Marie", forbidden=["marie", "Mar"]) == ("'marie' is a forbidden word",)


def test_the_page_says_what_the_code_does_with_every_code() -> None:
    page = error_table.PAGE.read_text()
    assert page == error_table.laid_in(page), "run python -m tests.sms.error_table"
    assert {"21211", "21610", "21614", "30003", "30005", "30006", "30007", "30500"} <= set(re.findall(r"\d{5}", page))


@pytest.mark.parametrize(
    ("title", "named"),
    [
        ("Carnet de votre hémochromatose", ("hémochromatose",)),
        ("Haemochromatosis diary", ("Haemochromatosis",)),
        ("Polyarthrite et spondylarthrite", ("Polyarthrite", "spondylarthrite")),
        ("Osteoarthritis, lupus and Gout", ("Gout", "Osteoarthritis", "lupus")),
        ("End of study, THERA", ()),
    ],
)
def test_what_names_an_illness(title: str, named: tuple[str, ...]) -> None:
    assert illness_named(title) == named
    assert lint(title), "an SMS may name neither an illness nor a study"


@pytest.mark.parametrize("code", [30001, 30500])
def test_only_the_providers_own_breakdown_is_tried_again_after_a_receipt(code: int) -> None:
    again = {known for known in FAULTS if (said := receipt_outcome("failed", known)) and said.retry_after}
    assert code in again == {30001, 30500}
