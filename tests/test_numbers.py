"""Numbers as text: the digits that are worth printing, a true minus, and no signed zero."""

from __future__ import annotations

import math
import random

import pytest

from minerals.numbers import number, percent, signed_percent


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (62.4, "62"), (9.96, "10"), (5.55, "5.5"), (0.996, "1.0"), (0.56, "0.56"), (0.012, "0.012"),
     (0.000012, "<0.0001"), (-0.000012, ">−0.0001"), (0, "0"), (0.0997, "0.10"), (-56.0, "−56"),
     (12_345_678.0, "12,345,678")],
)  # fmt: skip
def test_numbers_of_two_digits(value: float, text: str) -> None:
    assert number(value, digits=2) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (100.4, "100"), (99.96, "100"), (62.4, "62.4"), (9.96, "10.0"), (5.55, "5.5"), (0.9996, "1.0"),
     (0.562, "0.562"), (0.56, "0.56"), (0.5, "0.50"), (0.0505, "0.0505"), (0.00012, "0.00012"), (0.00009, "<0.0001"),
     (-1.25, "−1.2"), (0, "0"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers_of_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("digits", [2, 3])
def test_a_printed_number_is_near_and_never_falls_where_the_number_rises(digits: int) -> None:
    chance = random.Random(1)
    values = sorted(10 ** chance.uniform(-4, 7) for _ in range(5000))
    printed = [float(number(value, digits=digits).replace(",", "")) for value in values]
    assert printed == sorted(printed)
    assert all(abs(text - value) <= 0.0501 * value for text, value in zip(printed, values, strict=True))
    assert all(number(-value, digits=digits) == f"−{number(value, digits=digits)}" for value in values)


@pytest.mark.parametrize(
    ("share", "plain", "signed"),
    [(-0.249, "−25%", "−25%"), (0.043, "4%", "+4%"), (0.0, "0%", "0%"), (-0.0004, "0%", "0%"),
     (-0.004, "−0.4%", "−0.4%"), (0.0096, "1%", "+1%"), (-1.0, "−100%", "−100%"), (23.7, "2,370%", "+2,370%")],
)  # fmt: skip
def test_percent_has_a_true_minus_and_no_signed_zero(share: float, plain: str, signed: str) -> None:
    assert percent(share) == plain
    assert percent(share, signed=True) == signed


@pytest.mark.parametrize(
    ("share", "text"),
    [(-0.249, "−24.9%"), (0.0434, "+4.3%"), (0.0, "0.0%"), (-0.0004, "0.0%"), (-0.0006, "−0.1%"), (1.504, "+150%"),
     (23.7, "+2,370%")],
)  # fmt: skip
def test_changes_in_columns(share: float, text: str) -> None:
    assert signed_percent(share) == text
