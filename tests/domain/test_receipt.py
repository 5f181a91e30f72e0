"""Receipt codes: one for each response, readable over the telephone."""

from __future__ import annotations

from hashlib import sha256

import pytest

from pro.domain.receipt import ALPHABET, receipt_code


def code(text: str) -> str:
    return receipt_code(sha256(text.encode()).hexdigest())


def test_ten_signs_in_three_groups_always_the_same() -> None:
    assert code("a response") == code("a response")
    assert [len(part) for part in code("a response").split("-")] == [3, 3, 4]
    assert set(code("a response")) <= set(ALPHABET) | {"-"}


def test_no_sign_looks_like_another() -> None:
    for alike in ("0OQ"[:2], "1IL", "2Z", "5S", "6G", "8B", "UV"):
        assert sum(sign in ALPHABET for sign in alike) <= 1
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_ten_thousand_responses_have_ten_thousand_codes() -> None:
    assert len({code(str(n)) for n in range(10_000)}) == 10_000


def test_a_fixed_example() -> None:
    assert receipt_code("0" * 63 + "1") == "322-222-2222"


@pytest.mark.parametrize("given", ["", "ab", "0" * 63, "x" * 64])
def test_anything_but_a_sha256_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        receipt_code(given)
