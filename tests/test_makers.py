"""Inputs that makers elsewhere share: what is left of them by hand, and what must hold of it at any need."""

from __future__ import annotations

import numpy as np
import pytest

from minerals.exposure.makers import STEPS, Order, left, pressing, sold


def of(order: Order, need: object, others: float = 50.0, usual: float = 50.0, had: float = 60.0) -> object:
    """What is left for needs, of makers that need 50 kt for others and 50 for the regions in the reference world."""
    needs = np.atleast_1d(np.asarray(need, dtype=float))
    return left(order, needs, *(np.full(needs.shape, each) for each in (others, usual, had)))


@pytest.mark.parametrize(("order", "found"), [
    ("alike", (0, 15, 30, 60 * 75 / 125, 60 * 100 / 150, 60 * 950 / 1000)),
    ("last", (0, 10, 10, 10, 10, 10)), ("first", (0, 25, 50, 60, 60, 60)),
])  # fmt: skip
def test_what_is_left_by_hand(order: Order, found: tuple[float, ...]) -> None:
    """Of 60 kt. As in the reference world 50 of 100 kt need half of them, twice as much 100 of 150."""
    assert of(order, (0, 25, 50, 75, 100, 950)) == pytest.approx(found)


def test_who_has_enough_for_all_lacks_nothing() -> None:
    """150 kt serve 50 for others and 100; beyond that 200 need 200 of 250."""
    assert of("alike", (50, 100, 175), had=150.0) == pytest.approx([50, 100, 150 * 175 / 225])
    assert of("last", (50, 100, 175), had=150.0) == pytest.approx([50, 100, 100])
    assert of("alike", (10, 500), had=np.inf) == pytest.approx([10, 500])
    assert of("alike", (10, 500), others=0.0, usual=0.0, had=5.0) == pytest.approx([5, 5]), "new, with what is spare"


@pytest.mark.parametrize("usual", [0.0, 1.0, 30.0, 100.0])
def test_more_that_is_bought_is_never_less_that_is_had_and_of_each_cell_less_is(usual: float) -> None:
    """Between the ends, and no more than all cells have that share alike, by as little as the module says."""
    others = 100.0 - usual
    for had in (0.0, 20.0, 99.0, 100.0, 130.0, 400.0):
        most = STEPS[-1] * max(100.0, had) - others
        need = np.linspace(max(usual, had - others, 1e-3), most, 500)
        by = {order: np.asarray(of(order, need, others, usual, had)) for order in ("alike", "last", "first")}
        exact = need * np.minimum(1.0, had / (others + need))
        for each in by.values():
            assert (np.diff(each) >= -1e-9).all()
            assert (np.diff(each / need) <= 1e-12).all()
        assert (by["alike"] <= exact + 1e-9).all()
        assert (by["alike"] >= exact * (0.95 if usual else 0.909)).all()
        assert (by["last"] <= exact + 1e-9).all()
        assert (exact <= by["first"] + 1e-9).all()


def test_lines_that_no_need_meets_are_none() -> None:
    assert pressing("alike", 50.0, 50.0, 60.0, 50.0) == ((pytest.approx(0.6), 0.0),)
    assert len(pressing("alike", 50.0, 50.0, 60.0, 60.0)) == 2
    assert pressing("alike", 50.0, 50.0, 160.0, 110.0) == (), "enough for all"
    assert pressing("last", 50.0, 50.0, 160.0, 111.0) == ((0.0, 110.0),)
    assert pressing("first", 50.0, 50.0, 60.0, 60.0) == ()


def test_cells_that_use_least_of_what_is_short_are_sold_first_and_those_that_use_as_much_alike() -> None:
    """12 kt of the first node serve 12 of 25 GWh of two kinds that take 1 kt each, and none that take 2. The second
    node limits the last kind alone, at 3."""
    cells = np.array([[5.0, 20.0, 4.0, 6.0], [1.0, 1.0, 1.0, 1.0]])
    use = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    most = np.array([[12.0, 6.0], [np.inf, np.inf]])
    assert sold(cells, use, most) == pytest.approx(np.array([[12 / 5, 48 / 5, 0, 3], [1, 1, 1, 1]]))
