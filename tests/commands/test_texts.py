"""Every text message of a study before the first one leaves: what it costs and what it would give away."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner

from pro.cli import main
from pro.commands import texts
from pro.domain import message
from pro.domain.sms_texts import sms_texts, study_words
from pro.library import DEFAULT_ROOT, Unreadable, check_protocol_file, load

FILE = DEFAULT_ROOT / "protocols" / "thera-demo" / "2.yaml"


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["protocol", "messages", *arguments])
    return answer.exit_code, answer.output


def test_every_text_in_both_languages_with_its_cost() -> None:
    code, said = run("thera-demo", "--price", "0.08", "--json")
    document = json.loads(said)
    listed = document["texts"]
    assert code == 0
    assert {(one["template"], one["language"]) for one in listed} == {
        (template, language) for template in message.TEMPLATES for language in ("en", "fr")
    }
    for one in listed:
        assert (one["encoding"], one["segments"], one["culprits"], one["problems"]) == ("GSM-7", 1, [], [])
        assert one["units"] <= 160
    most = document["per_patient"]
    assert most["segments_at_most"] == most["reminders_at_most"] > 84 * 2
    assert Decimal(most["cost_at_most"]) == Decimal("0.08") * most["segments_at_most"]


def test_a_price_with_a_comma_is_the_same_price() -> None:
    assert run("thera-demo", "--price", "0,08") == run("thera-demo", "--price", "0.08")
    code, said = run("thera-demo", "--price", "1,000.5")
    assert (code, said.count("\n")) == (2, 1)
    assert "--price: '1,000.5' is not the price of one segment" in said


def test_a_patient_never_gets_more_than_the_cap_allows() -> None:
    protocol = replace(load().latest_protocol("thera-demo"), daily_cap=1)
    most = texts._per_patient(protocol, sms_texts(protocol), None)
    assert most["reminders_at_most"] == 84 + 2, "the days of the diary, and two more of week 12"


def test_the_words_of_the_study_itself_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = load().latest_protocol("thera-demo")
    words = study_words(protocol)
    assert "thera" in words
    assert not words & {"patient", "questions", "avec", "demande"}
    told = {**message.REMINDER, "en": f"Hello {max(words, key=len)}: {{link}}"}
    monkeypatch.setitem(message.TEMPLATES, "reminder", told)
    problems = [one.problems for one in sms_texts(protocol) if (one.template, one.language) == ("reminder", "en")]
    assert any("forbidden word" in problem or "tells what" in problem for problem in problems[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Vous êtes attendu : {link}", "not in GSM-7: ê"),
        ("x" * 101 + "{link}", "takes 2 segments (161 units of GSM-7)"),
        ("Your arthritis diary: {link}", "'arthritis' tells what it is about"),
    ],
)
def test_a_protocol_whose_texts_leak_or_cost_twice_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    assert check_protocol_file(FILE).id == "thera-demo"
    monkeypatch.setitem(message.TEMPLATES, "reminder", {"en": text, "fr": text})
    with pytest.raises(Unreadable) as refused:
        check_protocol_file(FILE)
    assert said in str(refused.value)
    assert "2.yaml:" in str(refused.value)


@pytest.mark.parametrize("arguments", [["no-such"], ["thera-demo", "--version", "99"], ["thera-demo", "--price", "x"]])
def test_a_wrong_call_is_one_line(arguments: list[str]) -> None:
    code, said = run(*arguments)
    assert code == 2
    assert len(said.strip().splitlines()) == 1
