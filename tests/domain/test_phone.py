"""Numbers an SMS can go to, and what a text costs."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pro.domain.phone import WrongNumber, last_two, parse, segments


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("  07.51.23.45.67 ", "FR", "+33751234567"),
        ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
        ("00 33 6 12 34 56 78", "FR", "+33612345678"),
        ("+33612345678", None, "+33612345678"),
        ("+33612345678", "CA", "+33612345678"),
        ("0692 12 34 56", "RE", "+262692123456"),
        ("06 92 12 34 56", "FR", "+262692123456"),  # Réunion, as it is dialled in Paris
        ("06.90.12.34.56", "FR", "+590690123456"),  # Guadeloupe and its neighbours share one prefix
        ("0696 12 34 56", "FR", "+596696123456"),
        ("06 94 12 34 56", "FR", "+594694123456"),
        ("0639 69 12 34", "FR", "+262639691234"),  # Mayotte
        ("06 12 34 56 78", "RE", "+33612345678"),
        ("(506) 234-5678", "CA", "+15062345678"),
    ],
)
def test_numbers_that_can_be_texted(typed: str, region: str | None, number: str) -> None:
    assert parse(typed, region) == number


@pytest.mark.parametrize(
    ("typed", "region", "why"),
    [
        ("0612345678", "CA", "no such number exists in CA"),
        ("01 42 34 56 78", "FR", "not a mobile number"),
        ("0800 123 456", "FR", "not a mobile number"),
        ("0691 99 34 56", "FR", "no such number exists in FR"),
        ("0262 12 34 56", "FR", "no such number exists in FR"),
        ("+33 692 12 34 56", "FR", "no such number exists in FR"),
        ("06 39 98 12 34", "FR", "no such number exists in FR"),  # kept for fiction: nobody's, on no island either
        ("06 12 34", "FR", "no such number exists in FR"),
        ("06 12 34 56 78 ext 3", "FR", "digits, spaces and a leading +"),
        ("1-800-FLOWERS", "US", "digits, spaces and a leading +"),
        ("tel:+33612345678;phone-context=+33", "FR", "digits, spaces and a leading +"),
        ("", "FR", "no number was given"),
        ("7", "FR", "too short, too long, or not readable"),
        ("0612345678", None, "write the number with + and the country's prefix"),
        ("+999 612345678", "FR", "no country has this prefix"),
    ],
)
def test_numbers_that_cannot(typed: str, region: str | None, why: str) -> None:
    with pytest.raises(WrongNumber) as refused:
        parse(typed, region)
    said = str(refused.value)
    assert why in said
    assert "\n" not in said


@example("+88100")
@given(st.text(max_size=30) | st.from_regex(r"\+?[0-9 ().-]{0,20}", fullmatch=True))
def test_anything_typed_is_a_number_or_refused_without_showing_it(typed: str) -> None:
    try:
        number: str | None = parse(typed, "FR")
    except WrongNumber as refused:
        said = str(refused)
        number = None
    if number is None:
        assert not any(sign.isdigit() for sign in said)
    else:
        assert parse(number, None) == number


def test_only_two_digits_are_shown() -> None:
    assert last_two("+33612345678") == "78"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("é è à ù", "GSM-7", 7, 1),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the pair does not fit behind 152
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("a" * 111 + "ç", "UCS-2", 112, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 67, "UCS-2", 134, 3),  # 33 to a segment, never a half
    ],
)
def test_segments(text: str, encoding: str, units: int, count: int) -> None:
    cost = segments(text)
    assert (cost.encoding, cost.units, cost.count) == (encoding, units, count)


def test_the_letters_that_double_the_cost_are_named_once() -> None:
    assert segments("être, prêt, ça, œil").culprits == ("ê", "ç", "œ")
