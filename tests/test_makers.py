"""Inputs that makers elsewhere share: what is left of them by hand, and what must hold of it at any need."""

from __future__ import annotations

import numpy as np
import pytest

from minerals.exposure.coverage import NOWHERE
from minerals.exposure.makers import ORDERS, STEPS, Order, Shared, left, lines, pressing, sold


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


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_left_is_so_in_any_unit_and_of_nothing_it_is_nothing(order: Order) -> None:
    """By disruption and node, of which the last is needed and had by nobody."""
    need = np.array([[10.0, 75.0, 4.0], [50.0, 950.0, 0.0]])
    others, usual, had = np.array([50.0, 50.0, 0.0]), np.array([50.0, 0.0, 0.0]), np.array([60.0, 60.0, 0.0])
    found = left(order, need, others, usual, had)
    assert (found[:, 2] == 0).all()
    assert left(order, *(each / 1000 for each in (need, others, usual, had))) == pytest.approx(found / 1000)
    assert left(order, need, others, usual, had)[:, 0] == pytest.approx(
        left(order, need[:, 0], *map(np.array, (50, 50, 60)))
    )
    slope, constant = lines(order, others, usual, had)
    assert (slope[2] == 0).all()
    assert (constant[2] == 0).all()


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
    assert pressing("alike", 50.0, 50.0, 60.0, 0.0) == (), "nothing is needed"
    # A need of 100 kt ends at the chord that begins at 1.5 times what all need in the reference world.
    met = pressing("alike", 50.0, 50.0, 60.0, 100.0)
    assert len(met) == 1 + STEPS.index(1.5)
    assert min(slope * 100 + constant for slope, constant in met) == pytest.approx(60 * 100 / 150)


def test_cells_that_use_least_of_what_is_short_are_sold_first_and_those_that_use_as_much_alike() -> None:
    """12 kt of the first node serve 12 of 25 GWh of two kinds that take 1 kt each, and none that take 2. The second
    node limits the last kind alone, at 3."""
    cells = np.array([[5.0, 20.0, 4.0, 6.0], [1.0, 1.0, 1.0, 1.0]])
    use = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    most = np.array([[12.0, 6.0], [np.inf, np.inf]])
    assert sold(cells, use, most) == pytest.approx(np.array([[12 / 5, 48 / 5, 0, 3], [1, 1, 1, 1]]))


def test_each_disruption_cuts_the_cells_that_it_leaves_too_little_for() -> None:
    """Of a first kind 0.5 GWh are sold, of a second 0.5 or none. Each takes a node of its own at 1 kt/GWh, and both
    together a third. The first stop leaves 0.2 and 0.4 kt of those; the second 0.3 of the third, which no other
    limits, where the first kind alone is sold; the third all that is needed but what rounding takes."""
    cells = np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.0], [0.5, 0.5, 0.0]])
    use = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    most = np.array([[0.2, 0.4, np.inf], [np.inf, 0.0, 0.3], [0.5, 0.5, 1.0]])
    most[2] *= 1 - 1e-10
    found = sold(cells, use, most)
    assert found == pytest.approx(np.array([[0.2, 0.4, 0], [0.3, 0, 0], [0.5, 0.5, 0]]))
    assert sold(cells[:2], use, most[:2]) == pytest.approx(found[:2])
    # Nothing is solved, nor copied, where nothing is short.
    whole = cells[2:]
    assert sold(whole, use, most[2:]) is whole
    none = np.zeros((1, 3))
    assert sold(none, use, none) is none


def some_shared() -> Shared:
    """Two stops, two nodes and makers of three customers. Those at home with the second have 6 of 10 kt of the second
    node at the second stop, of which they need 6 for other cells and 4 for these; the third 1 kt of the first node."""
    had = np.full((2, 2, 3), np.inf)
    had[1, 1, 1], had[1, 0, 2] = 6.0, 1.0
    return Shared(had, np.full((2, 3), 6.0), np.full((2, 3), 4.0), np.ones((2, 1, 4)))


def test_makers_lack_inputs_where_a_disruption_takes_any_of_their_home() -> None:
    home = np.array([0, 1, NOWHERE, 2, 1])
    assert some_shared().lacks(home).tolist() == [[False] * 5, [False, True, False, True, True]]


def test_what_makers_of_each_home_still_sell() -> None:
    """5 GWh of the first maker and 1 and 3 of two at home with the second customer, all at 1 kt/GWh of the second node
    alone. Those two keep 6 of 10 of their 4, and all of what takes nothing of it; others are not told of here."""
    home, use = np.array([0, 1, NOWHERE, 1]), np.array([[0.0, 1.0], [0.0, 0.0]])
    wanted = np.array([[[5.0, 1.0, 7.0, 3.0], [2.0, 2.0, 2.0, 1.0]]] * 2)
    shared = some_shared()
    assert shared.sold("alike", wanted, home, use) == pytest.approx(np.array([[4, 3], [2.4, 3]]))
    assert shared.sold("last", wanted, home, use) == pytest.approx(np.array([[4, 3], [0, 3]]))
    # In a plan that takes twice as much of the node these are twice as many units of it.
    twice = np.array([[2.0, 2.0], [2.0, 2.0]])
    assert shared.sold("alike", wanted, home, 2 * use, twice) == pytest.approx(np.array([[4, 3], [2.4, 3]]))
