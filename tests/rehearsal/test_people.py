"""Profiles do what they say, drawn without playing anything."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from pro.domain.answers import check
from pro.domain.schedule import Planned, plan
from pro.domain.showing import shown
from pro.domain.zones import zone
from pro.rehearsal.answers import Day, as_saved, day_of, respondent
from pro.rehearsal.desk import found_of
from pro.rehearsal.kills import Killed, Kills
from pro.rehearsal.lives import when
from pro.rehearsal.people import Person, Profile, people
from pro.rehearsal.provider import NO_FAULTS, Faults, Provider
from pro.services.reviewing import Outcome as Review
from pro.sms.sender import Accepted, NotProcessed, Outcome, Refused, Sms, Unknown
from tests.factories import the_library

PROTOCOL = the_library().latest_protocol("thera-demo")
EVERYBODY = people(PROTOCOL, 140, 7, date(2026, 3, 2), 4)
AT = datetime(2026, 3, 2, 17, tzinfo=UTC)


def of(profile: Profile) -> list[Person]:
    return [one for one in EVERYBODY if one.profile is profile]


def diaries(person: Person) -> list[Planned]:
    return [one for one in plan(PROTOCOL, person.day0, zone(person.zone)) if one.timepoint == "diary"]


def filled(persons: Iterable[Person], *, days: Iterable[int] = range(7)) -> float:
    wanted = set(days)
    drawn = [
        when(person, one, one.opens_at) is not None
        for person in persons
        for one in diaries(person)
        if one.day.weekday() in wanted
    ]
    return sum(drawn) / len(drawn)


def test_every_profile_is_met_among_the_first_seven() -> None:
    assert {one.profile for one in people(PROTOCOL, 7, 1, date(2026, 3, 2), 2)} == set(Profile)


def test_the_same_seed_draws_the_same_people() -> None:
    assert people(PROTOCOL, 30, 7, date(2026, 3, 2), 4) == tuple(people(PROTOCOL, 30, 7, date(2026, 3, 2), 4))
    assert people(PROTOCOL, 30, 8, date(2026, 3, 2), 4) != people(PROTOCOL, 30, 7, date(2026, 3, 2), 4)


def test_the_diligent_fill_nearly_all_and_the_forgetful_do_not() -> None:
    assert filled(of(Profile.DILIGENT)) > 0.96
    assert 0.7 < filled(of(Profile.FORGETFUL)) < 0.82


def test_weekends_stay_empty_with_some() -> None:
    assert filled(of(Profile.WEEKEND), days=(0, 1, 2, 3, 4)) > 0.93
    assert filled(of(Profile.WEEKEND), days=(5, 6)) < 0.45


def test_who_drops_out_fills_nothing_from_that_day_on() -> None:
    for person in of(Profile.DROPS_OUT):
        leaves = person.day0 + timedelta(days=person.changes_on)
        assert not any(when(person, one, one.opens_at) for one in diaries(person) if one.day >= leaves)


def test_travellers_go_by_other_clocks_for_some_weeks_and_the_others_never() -> None:
    for person in EVERYBODY:
        lived = [person.clocks(person.day0 + timedelta(days=day)) for day in range(84)]
        away = [day for day, zone_ in enumerate(lived) if zone_ != "Europe/Paris"]
        assert bool(away) == (person.profile is Profile.TRAVELLER)
        assert not away or (7 <= len(away) <= 21 and away == list(range(away[0], away[-1] + 1)) and away[0] > 0)


def test_whoever_sits_down_does_so_while_it_can_be_filled() -> None:
    for person in EVERYBODY:
        for one in diaries(person):
            at = when(person, one, one.opens_at)
            assert at is None or one.opens_at <= at < (one.late_until or one.closes_at)


def test_bad_spells_declare_a_flare_and_nothing_else_does() -> None:
    rules, diary = respondent(PROTOCOL), the_library().questionnaire("joint-pain-diary", "1")
    for person in of(Profile.FLARES):
        days = [day_of(person, day, person.day0 + timedelta(days=day)) for day in range(84)]
        said = [bool(rules.answers(diary, one, person.dice("x", n))["flare"].value) for n, one in enumerate(days)]
        assert said == [one.spell for one in days]
        assert any(said)


def test_most_doses_are_whole_and_no_place_is_one_of_illness() -> None:
    rules, diary, day = (
        respondent(PROTOCOL),
        the_library().questionnaire("injection-diary", "1"),
        Day(AT.date(), 0.6, False, False),
    )
    given = [rules.answers(diary, day, random.Random(n)) for n in range(600)]
    counts = {key: Counter(one[key].value for one in given if key in one) for key in ("dose", "site", "why_not")}
    assert 0.85 < counts["dose"]["yes"] / 600 < 0.93
    assert min(counts["dose"]["part"], counts["dose"]["no"]) > 10
    assert len(counts["site"]) > 5
    assert max(counts["site"].values()) < 2 * 600 / 6
    assert len(counts["why_not"]) > 5


@pytest.mark.parametrize("asked", the_library().questionnaires(), ids=lambda one: f"{one.id}-{one.version}")
def test_every_questionnaire_can_be_answered(asked: object) -> None:
    rules, person = respondent(PROTOCOL), EVERYBODY[0]
    for n in range(20):
        day = day_of(person, n, person.day0)
        given = rules.answers(asked, day, person.dice("any", n))  # type: ignore[arg-type]
        assert set(given) == {key for key in shown(asked, given) if asked.item(key).result_of is None}  # type: ignore[arg-type, attr-defined]
        for key, answer in given.items():
            if answer.value is not None:
                assert check(asked.item(key), as_saved(answer)) == answer.value  # type: ignore[attr-defined]


def send(provider: Provider, n: int = 0, to: str = "+33600000001") -> Outcome:
    text = Sms(to, f"http://x/d/{'a' * 21}{n % 10}", f"http://x/{n}", timedelta(hours=1), "A-001", AT)
    return provider.send(text)


def test_a_provider_without_faults_takes_everything_and_says_so_once() -> None:
    provider = Provider(1, NO_FAULTS)
    assert all(isinstance(send(provider, n), Accepted) for n in range(50))
    assert [one.status for one in provider.receipts] == ["delivered"] * 50


def test_what_the_provider_lost_it_took_or_did_not() -> None:
    provider = Provider(1, Faults(ack_lost=0.2, hang=0.1, error_after=0.1, error_before=0.1, too_many=0.1))
    said = [send(provider, n) for n in range(500)]
    unknown = sum(isinstance(one, Unknown) for one in said)
    taken = sum(isinstance(one, Accepted) for one in said)
    assert sum(isinstance(one, NotProcessed) for one in said) == provider.drawn["429"] > 20
    assert len(provider.texts) == taken + provider.drawn["acknowledgement lost"] + provider.drawn["5xx after"]
    assert unknown > len(provider.texts) - taken > 50


def test_numbers_that_are_dead_or_have_said_stop_are_refused() -> None:
    provider = Provider(1, NO_FAULTS, dead={"+33600000001"}, stopped={"+33600000002"})
    dead, stopped = send(provider), send(provider, to="+33600000002")
    assert isinstance(dead, Refused)
    assert isinstance(stopped, Refused)
    assert (dead.kind, stopped.kind) == ("wrong-number", "opted-out")


def test_a_dead_worker_does_nothing_more_until_its_next_life() -> None:
    kills = Kills(people(PROTOCOL, 1, 1, date(2026, 3, 2), 1)[0].dice("k"), share=1000.0)
    with pytest.raises(Killed):
        kills.at("after-mark")
    kills.share = 0.0
    with pytest.raises(Killed):
        kills.at("before-record")
    kills.next_life()
    kills.at("before-record")
    assert kills.counted == {"after-mark": 1}


def test_an_investigator_finds_flares_in_bad_spells_alone_and_whoever_reads_the_data_meets_every_outcome() -> None:
    found: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for one in EVERYBODY:
        for n in range(80):
            ill = any(first <= n <= last + 1 for first, last in one.spells)
            found[ill][found_of(one, one.day0 + timedelta(days=n))[0]] += 1
    assert set(found[True]) == set(Review)
    assert found[True].most_common(1)[0][0] == Review.CONFIRMED
    assert set(found[False]) == {Review.NOT_A_FLARE, Review.CANNOT_TELL}
    assert found[False].most_common(1)[0][0] == Review.NOT_A_FLARE
