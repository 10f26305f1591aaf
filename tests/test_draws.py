"""Draws of disruptions: what is drawn, what must hold in each draw, and that each is the answer of a programme."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pytest
from test_disruption import some_cuts, some_group, some_world

from minerals import api
from minerals.case.chokepoints import Chokepoints
from minerals.case.draws import LEAST_NEED, Drawn
from minerals.case.draws_in_year import LOCATION, MONTHS, SEVERITY, InYear
from minerals.case.intensity import with_intensity
from minerals.case.outcome import Outcome
from minerals.case.played import played
from minerals.case.set_up import chokepoints_of
from minerals.case.shares import DrawnShares
from minerals.case.uses import uses_of
from minerals.config import read_run
from minerals.errors import InputError
from minerals.exposure.bases import highs_model
from minerals.exposure.coverage import NOWHERE, Cuts, access
from minerals.exposure.draws import Places, Ranged, Streams, importance, laid_together, percentiles, reached, taken_of
from minerals.exposure.factory import Factory, Supplied
from minerals.exposure.follow_on import FollowOn
from minerals.exposure.known import BY_NEED, BY_PLANTS, PUBLISHED
from minerals.exposure.stages import Recipe
from minerals.exposure.window import YEAR, Window
from minerals.highs import run as solve
from minerals.highs import solver
from minerals.results.result import Result
from minerals.results.tables.intervals import HEADLINES, MEASURES, intervals, label
from minerals.tables.codes import ENERGY
from minerals.tables.history import Ends
from minerals.tables.inputs import Inputs
from minerals.tables.plants import Ends as PlantEnds
from minerals.tables.resolve import resolve
from minerals.tables.supply import Cut, Event

NONE = np.zeros(0, dtype=np.intp)

# ---------------------------------------------------------------------- streams


def test_an_input_has_its_ends_at_the_5th_and_95th_percentile_and_its_value_in_the_middle() -> None:
    drawn = Streams(2000, 1).drawn(("a", "b"), 0.5, 0.4, 0.9)
    assert drawn[0] == 0.5  # the first draw is none
    assert np.percentile(drawn[1:], (5, 50, 95)) == pytest.approx([0.4, 0.5, 0.9], abs=2e-3)
    assert (Streams(2000, 1).drawn(("a",), 0.9, 0.5, 0.95, 1.0) <= 1).all()
    assert Streams(2000, 1).drawn(("a",), 3.0, 3.0, 3.0).tolist() == [3.0]


def test_what_may_be_anything_is_even_from_0_to_1_and_parts_are_those_of_the_whole() -> None:
    streams = Streams(1000, 1)
    drawn = streams.uniform(("who",), 0.9)
    assert drawn[0] == 0.9  # the first draw is none
    assert np.sort(drawn[1:]) == pytest.approx((np.arange(1000) + 0.5) / 1000, abs=1e-3)
    assert np.array_equal(np.concatenate([part.uniform(("who",), 0.9) for part in streams.parts(300)]), drawn)
    assert set(importance(drawn[1:] ** 2, streams)) == {("who",)}


@pytest.mark.parametrize("seed", range(3))
def test_what_cuts_take_of_what_stands_somewhere_is_what_follow_on_loses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    located = rng.dirichlet(np.ones(5), 4)
    cuts, inside, amount = Cuts(*rng.random((2, 6, 4, 5))), rng.random(5) < 0.4, rng.random(4)
    left = amount * (1 - taken_of(np.repeat(located[None], 6, axis=0), cuts, inside))
    assert left == pytest.approx(FollowOn(amount, located, inside).left(cuts))


def test_an_input_has_the_same_numbers_whoever_else_is_drawn() -> None:
    alone, beside = Streams(50, 3), Streams(50, 3)
    beside.drawn(("other",), 1.0, 0.5, 2.0)
    mine = [each.drawn(("mine",), 1.0, 0.5, 2.0) for each in (alone, beside, Streams(50, 4))]
    assert np.array_equal(mine[0], mine[1])
    assert not np.array_equal(mine[0], mine[2])
    parts = [part.drawn(("mine",), 1.0, 0.5, 2.0) for part in alone.parts(20)]
    assert [len(part) for part in parts] == [20, 20, 11]
    assert [len(part) for part in Streams(40, 3).parts(20)] == [20, 20, 1]
    assert np.array_equal(np.concatenate(parts), mine[0])


def test_the_share_of_a_driver_is_its_squared_rank_correlation() -> None:
    streams = Streams(4000, 1)
    first, second, _ = (np.subtract(*streams.sides((name,))[::-1]) for name in ("one", "two", "idle"))
    found = importance(np.exp(2 * first + second)[1:], streams)
    assert list(found) == [("one",), ("two",)]
    assert sum(found.values()) == pytest.approx(1)
    # Of variances 4 and 1 it would be 0.8; ranks favour the larger a little.
    assert found["one",] == pytest.approx(0.8, abs=0.03)
    # One that matters little is told too, and none that does not matter.
    assert list(importance((first + 0.1 * second)[1:], streams)) == [("one",), ("two",)]
    # An input that never lies above its value varies in half of the draws, and no other is told in its place.
    below = Streams(4000, 1)
    one, two = below.drawn(("one",), 1.0, 0.5, 1.0), below.drawn(("two",), 1.0, 0.5, 1.0)
    assert importance((one + 0.5 * two)[1:], below)["one",] == pytest.approx(0.8, abs=0.07)
    assert np.corrcoef(below.ranks[0], one[1:])[0, 1] > 0.9
    assert importance(one[1:], below) == {("one",): 1.0}
    assert importance(np.ones(4000), streams) == {}
    # What varies by less than a billionth of itself does not vary.
    assert importance(1e6 + 1e-5 * one[1:], below) == {}
    assert importance(1e-6 * one[1:], below) == {("one",): 1.0}
    # Ranks are those of what was drawn until then, and on the sides on which that moved.
    below.drawn(("three",), 1.0, 0.5, 1.0)
    assert below.ranks.shape == (3, 4000)
    assert len(np.unique(below.ranks[0])) == 2001
    below.sides(("one",))
    assert len(np.unique(below.ranks[0])) == 4000
    assert importance(np.array([1.0]), streams) == {}


# ---------------------------------------------------------------------- shares


def test_drawn_shares_meet_their_ends_and_sum_as_before() -> None:
    """Two chemistries with half of 80 GWh each, of which the first may have a quarter to three quarters: weights of a
    third and of three. A place where only the second is sold has all of it whatever is drawn."""
    cells = np.array([[40.0, 40.0], [0.0, 20.0]])
    low, high = np.array([[1 / 3, 1.0], [1.0, 1.0]]), np.array([[3.0, 1.0], [1.0, 1.0]])
    shares, streams = DrawnShares(("a", "b"), cells, low, high), Streams(2000, 1)
    drawn = shares.drawn(streams)
    assert drawn[0].tolist() == [40, 60]  # the first draw is none
    assert drawn.sum(axis=1) == pytest.approx(100)
    assert np.percentile(drawn[1:, 0], (5, 50, 95)) == pytest.approx([20, 40, 60], abs=0.1)
    assert streams.names == [("market_share", "a")]
    certain = DrawnShares(("a", "b"), cells, np.ones((2, 2)), np.ones((2, 2))).drawn(streams)
    assert certain.tolist() == [[40, 60]]
    # A share that falls to a hundredth at its low end would be below nothing beyond it: there it is none.
    falling = DrawnShares(("a", "b"), cells, np.where(low < 1, 0.01, 1.0), high).drawn(streams)
    assert falling.min() == pytest.approx(0, abs=1e-12)
    assert (falling >= 0).all()
    assert np.percentile(falling[1:, 0], 50) == pytest.approx(40, abs=0.1)


# ---------------------------------------------------------------------- supply


def ranged(
    shares: list[float], low: list[float], high: list[float], announced: list[float],
    use: tuple[float, float] = (0.8, 0.8),
) -> Ranged:  # fmt: skip
    """One node of which 100 are made by share, with plants used by 0.8, and its ends."""
    share = np.array([shares])
    return Ranged(
        100 * share, share, np.array([[low], [high]]), [[("share", str(k)) for k in range(len(shares))]],
        np.array([0.8]), np.array(use)[:, None], [("use",)],
        np.array([True]), np.array([announced]), np.array([0.5, 1.5]), ("delivery",), np.zeros((1, len(shares))),
    )  # fmt: skip


def test_drawn_shares_sum_as_before_and_the_first_draw_is_at_the_values() -> None:
    places = Places.keeping([0], np.array([0, 0, NOWHERE]), 1)
    assert places.home.tolist() == [0, NOWHERE, 0]  # the customer's others, those without a home, and the first
    supply = ranged([0.6, 0.3, 0.1], [0.4, 0.3, 0.1], [0.8, 0.3, 0.1], [0, 0, 0])
    made = supply.made(Streams(200, 1), np.array([0]), places)
    assert made.shape == (201, 1, 3)
    assert made[0, 0].tolist() == pytest.approx([30, 10, 60])
    assert made.sum(axis=2) == pytest.approx(100)
    assert np.ptp(made[:, 0, 2]) > 20
    assert made[:, 0, 0] == pytest.approx(3 * made[:, 0, 1])


def test_plants_that_are_used_less_could_make_more_and_what_is_announced_comes_in_part() -> None:
    places = Places.keeping([], np.array([0, 0]), 1)
    one = ranged([0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [10, 0], (0.5, 0.9))
    streams = Streams(500, 1)
    made = one.made(streams, np.array([0]), places)[:, 0, 0]
    use = streams.drawn(("use",), 0.8, 0.5, 0.9, 1.0)
    assert made == pytest.approx(100 * 0.8 / use + 10 * streams.drawn(("delivery",), 1.0, 0.5, 1.5))
    assert (use <= 1).all()


def test_supply_by_need_is_as_much_per_unit_of_need() -> None:
    """100 are made as 100 are needed; where twice as much is, as much per unit. Of what is announced or published there
    is then half as much per unit."""
    places, twice = Places.keeping([], np.array([0, 0]), 1), np.array([[1.0], [2.0]])
    by_need = ranged([0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [10, 0])
    streams, node = Streams(1, 1), np.array([0])
    announced = 10 * streams.drawn(("delivery",), 1.0, 0.5, 1.5) / twice[:, 0]
    assert by_need.made(streams, node, places, twice)[:, 0, 0] == pytest.approx(100 + announced)
    published = replace(by_need, inverse=np.array([False]))
    per_unit = np.array([100, 50]) + announced
    assert published.made(streams, node, places, twice)[:, 0, 0] == pytest.approx(per_unit)
    assert published.made(streams, node, places)[:, 0, 0] == pytest.approx(100 + announced * twice[:, 0])


@pytest.mark.parametrize("seed", range(12))
def test_where_all_is_made_and_needed_twice_all_have_twice_as_much(seed: int) -> None:
    """So that access may be found per unit of what the world needs of a node."""
    rng = np.random.default_rng(seed)
    world, group, cut = some_world(rng), some_group(rng), some_cuts(rng, some_world(rng))
    more = replace(world, made=2 * world.made, need=2 * world.need, recovered=2 * np.asarray(world.recovered))
    for cuts in (None, cut):
        one, two = (access(each, group, cuts) for each in (world, more))
        assert two.accessible == pytest.approx(2 * one.accessible)
        assert two.own == pytest.approx(2 * one.own, nan_ok=True)


@pytest.mark.parametrize("seed", range(12))
def test_countries_laid_together_have_what_they_have_apart(seed: int) -> None:
    """Access and what makers keep, in every draw, where countries that are cut stay apart."""
    rng = np.random.default_rng(seed)
    world, group, cut = some_world(rng), some_group(rng), some_cuts(rng, some_world(rng))
    closing = [2, 5]
    cut = Cuts(*(np.where(np.isin(np.arange(8), closing), each, 0.0) for each in (cut.export, cut.output)))
    places = Places.keeping(closing, world.home, 4)
    made = world.made * rng.uniform(0.5, 2, (5, *world.made.shape))
    together = laid_together(world, made @ places.shared, np.arange(6), places)
    of_place = np.zeros((2, 6, len(places.home)))
    for country, place in places.apart.items():
        of_place[:, :, place] = cut.export[:, country], cut.output[:, country]
    found = access(together, group, Cuts(*of_place))
    for draw in range(5):
        alone = access(replace(world, made=made[draw]), group, cut)
        assert found.accessible[draw] == pytest.approx(alone.accessible, abs=1e-9)
        assert found.left[draw] == pytest.approx(alone.left, abs=1e-9)


@pytest.mark.parametrize(
    ("ends", "ranks"),
    [
        ((0.5, 2.0), [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]),
        ((1.0, 2.0), [-2, -2, -2, -2, 0.5, 1.5, 2.5, 3.5]),
        ((0.5, 1.0), [-3.5, -2.5, -1.5, -0.5, 2, 2, 2, 2]),
    ],
)
def test_draws_in_which_an_input_is_at_its_value_share_a_rank(ends: tuple[float, float], ranks: list[float]) -> None:
    streams = Streams(8, 1)
    drawn = streams.drawn(("input",), 1.0, *ends)[1:]
    assert np.array_equal(streams.drawn(("input",), 1.0, *ends)[1:], drawn)
    (found,) = streams.ranks
    assert sorted(found) == ranks
    assert np.argsort(drawn, kind="stable").tolist() == np.lexsort((np.arange(8), found)).tolist()


def test_a_stop_reaches_what_is_made_of_a_node_and_no_more() -> None:
    recipes = [Recipe(1, 1.0, np.array([0]), NONE, NONE), Recipe(2, 1.0, np.array([1, 3]), NONE, NONE),
               Recipe(5, 1.0, np.array([4]), NONE, NONE)]  # fmt: skip
    found, beside = reached(recipes, np.array([True, False, False, False, False, False]))
    assert found.tolist() == [True, True, True, False, False, False]
    assert beside.tolist() == [True, True, True, True, False, False]


def test_nodes_are_wanted_however_little_of_them_a_plan_needs() -> None:
    """By the plan of one scenario, by that of another, by a route that may be taken, by its cells wherever these are
    made, by what goes into such a node, or by none."""
    needs = {"a": ([0.5, 0, 0, 0, 0, 0], [0] * 6), "b": ([0, 0.01, 0, 0, 0, 0], [0, 0, 0.5, 0, 0, 0])}
    cells = {"a": np.array([0.5, 0.0]), "b": np.array([0.0, 0.0])}
    plans = {name: SimpleNamespace(need=np.array(need), most_by_route=np.array(route), cells=cells[name])
             for name, (need, route) in needs.items()}  # fmt: skip
    # The cells of the first chemistry take node 3, which is made of node 4; those of the other are in no plan.
    parts = {0: (np.array([3]), NONE, NONE), 1: (np.array([5]), NONE, NONE)}
    chokepoints = SimpleNamespace(
        scenarios=list(plans), uses=SimpleNamespace(ever=None), chain=SimpleNamespace(of_cells=lambda c, _: parts[c])
    )
    world = SimpleNamespace(recipes=[Recipe(3, 1.0, np.array([4]), NONE, NONE)])
    drawn = SimpleNamespace(chokepoints=chokepoints, plan=plans.__getitem__, world=world)
    assert InYear._wanted(drawn).tolist() == [True, True, True, True, True, False]  # type: ignore[arg-type]


# ---------------------------------------------------------------------- use of a node, origin of cells

NICKEL, COBALT = (("mineral_intensity", mineral) for mineral in ("nickel", "cobalt"))
#: Both of which one mass of ore gives: 1 kg of it per kg of nickel, 10 per kg of cobalt.
ORE = (("nickel", "", 1.0), ("cobalt", "", 10.0)), ("ore", "ore")


def drawn_uses(nodes: dict[str, tuple[Any, Any, Any]], ends: dict[Any, Any]) -> Any:
    """Draws of what three chemistries use in the second of two years. nodes: products, together, uses of each; ends:
    how far those of an intensity lie below and above it, as parts of it."""
    nickel_cobalt_tin = [[1.0, 0.2, 0.0], [1.0, 0.05, 0.0], [0.0, 0.3, 0.0]]
    by_use = np.stack([np.full((3, 3), 7.0), np.array(nickel_cobalt_tin)], axis=-1)[None]
    resolved = SimpleNamespace(
        minerals=SimpleNamespace(labels=("nickel", "cobalt", "tin")), reported=(2030, 2031),
        chemistries=SimpleNamespace(labels=(("a", ""), ("b", ""), ("c", ""))),
    )  # fmt: skip
    arrays: Any = SimpleNamespace(
        resolved=resolved, by_use={"value": by_use}, reported=[0, 1], finer=None, route=np.full((2, 2), 0.5)
    )
    inputs: Any = SimpleNamespace(nodes=[
        SimpleNamespace(node=name, stage="mining", products=products, together=together, uses=uses)
        for name, (products, together, uses) in nodes.items()
    ])  # fmt: skip
    chokepoints: Any = SimpleNamespace(
        resolved=resolved, inputs=inputs, outcome=SimpleNamespace(arrays=arrays), uses=uses_of(arrays, inputs)
    )
    found: Any = Drawn(chokepoints, 60, 7)
    mine = {key: np.tile([key == NICKEL, key == COBALT, False], (3, 1)) for key in ends}  # (chemistry, mineral)
    found._intensity = {key: (low * mine[key], high * mine[key]) for key, (low, high) in ends.items()}
    return found


def test_of_a_node_that_gives_two_products_at_once_the_one_counts_of_which_a_draw_needs_more() -> None:
    """Of 0.2 GWh of a, for whose nickel 1 kt/GWh of ore is needed and 2 for its cobalt, and for whatever it is made of
    0.5; of 0.1 of b, with 1 for its nickel and 0.5 for its cobalt; and of 0.1 of c, with 3 for its cobalt and 0.6 for
    that which it alone takes from ore: 0.96 kt. Of metal, 2 kt/GWh for nickel and in c 1 by its energy, all is nickel's
    but 0.1 of 0.7 kt. Of a mass that gives tin nothing is used, nor more of it in any draw."""
    ore = (*ORE, {"a": (ENERGY, 0.5), "c": ("cobalt", 2.0)})
    metal = (("nickel", "", 2.0),), ("",), {"c": (ENERGY, 1.0)}
    slag = (("tin", "", 1.0), ("tin", "", 2.0)), ("slag", "slag"), {}
    drawn = drawn_uses({"metal": metal, "ore": ore, "slag": slag}, {NICKEL: (0.5, 3.0), COBALT: (0.5, 0.5)})
    used = drawn.used(drawn.streams, np.array([[0.2, 0.1, 0.1]]), 1)
    (less, more), (under, over) = (drawn.streams.sides(key) for key in (NICKEL, COBALT))
    nickel, cobalt = 1 - 0.5 * less + 3 * more, 1 - 0.5 * under + 0.5 * over
    of_ore = 0.2 * (np.maximum(nickel, 2 * cobalt) + 0.5) + 0.1 * np.maximum(nickel, 0.5 * cobalt) + 0.36 * cobalt
    assert (nickel > 2 * cobalt).any()
    assert (nickel < 0.5 * cobalt).any()
    expected = np.stack([(0.6 * nickel + 0.1) / 0.7, of_ore / 0.96, np.ones(61)], axis=1)
    assert used == pytest.approx(expected)
    assert used[0] == pytest.approx(1)  # the first draw is none
    # Where nickel counts in no chemistry at the values it still does in draws; without ends there is one row.
    alone = drawn_uses({"ore": ore}, {NICKEL: (0.5, 3.0)})
    of_a = (np.maximum(nickel, 2) + 0.5) / 2.5
    assert alone.used(alone.streams, np.array([[0.2, 0.0, 0.0]]), 1) == pytest.approx(of_a[:, None])
    still = drawn_uses({"metal": metal, "ore": ore, "slag": slag}, {})
    assert still.used(still.streams, np.array([[0.2, 0.1, 0.1]]), 1) == pytest.approx(np.ones((1, 3)))
    # What falls by all of it at its low end would be below nothing beyond that: there it is none.
    nodes = {"metal": (*metal[:2], {}), "ore": ore, "slag": slag}
    falling = drawn_uses(nodes, {NICKEL: (1.0, 0.0), COBALT: (1.0, 0.0)})
    used = falling.used(falling.streams, np.array([[0.0, 0.1, 0.0]]), 1)
    assert used[:, 0] == pytest.approx(np.maximum(1 - less, 0))
    assert (less > 1).any()
    # So it is where it may only be more, beside what does not follow it; where there are no cells nothing moves.
    rising = drawn_uses({"metal": metal, "slag": slag}, {NICKEL: (0.0, 1.0)})
    used = rising.used(rising.streams, np.array([[0.1, 0.0, 0.0]]), 1)
    assert used == pytest.approx(np.stack([1 + more, np.ones(61)], axis=1))
    assert (rising.used(rising.streams, np.zeros((1, 3)), 1) == 1).all()
    assert drawn_uses({"metal": metal, "part": ((*ORE[0], ("tin", "", 1.0)), ("ore", "ore", ""), {})}, {})._joint == [1]
    multiples = falling.intensities(falling.streams, 1)  # (row, segment, chemistry, mineral)
    assert multiples[:, 0, 1, :2] == pytest.approx(np.maximum(1 - np.stack([less, under], axis=1), 0))
    assert (multiples[..., 2] == 1).all()


def test_the_origin_of_cells_is_drawn_where_an_observation_has_ends_and_nobody_says_it() -> None:
    """Of the cells of A half were its own, 0.3 to 0.6, and 0.4 China's; the last tenth is of those who are not named.
    By now 0.6 are its own and 0.3 China's. B, of which the source prints no ends, uses as many, and C none. Another
    family comes from where it is made."""
    value = np.array([[0.4, 0.5, 0.1, 0.0], [0.0, 1.0, 0.0, 0.0]])
    ends = {"R_A": PlantEnds(0.5, 0.3, 0.6), "CHN": PlantEnds(0.4, 0.4, 0.4), "R_OTH": PlantEnds(0.1, 0.1, 0.1)}
    certain = {"CHN": PlantEnds(0.6, 0.6, 0.6)}
    by_customer = np.array([[0.3, 0.15, 0.05, 0], [0.15, 0.3, 0.05, 0], [0, 0, 0, 0]])

    def origin(configured: bool, *regions: str) -> tuple[np.ndarray, Streams]:
        chokepoints: Any = SimpleNamespace(
            cell_origin=lambda regions, year: value, customers=("A", "B", "C"),
            chain=SimpleNamespace(cell=np.array([[True, False, False], [False, True, False]])),
            inputs=SimpleNamespace(
                cell_origin={"A": (2030, ends), "B": (2030, certain)}, countries=("AAA", "CHN", "KOR", "VNM")
            ),
            origins=SimpleNamespace(
                configured=configured, homes={"AAA": "A", "R_A": "A"}, as_observed=lambda node, year: node == 0,
                by_customer=lambda regions, year, node: by_customer,
            ),
        )  # fmt: skip
        drawn = Drawn(chokepoints, 40, 7)
        return drawn.cell_origin(drawn.streams, regions, 0), drawn.streams

    for found, streams in (origin(True, "A", "B"), origin(False, "B"), origin(False, "C"), origin(True, "B")):
        assert found.tolist() == [value.tolist()]
        assert streams.names == []
    found, streams = origin(False, "A", "B")
    own = streams.drawn(("cell_origin", "A", "R_A"), 0.5, 0.3, 0.6)
    whole = own + 0.5
    mine = np.stack([0.3 * own / 0.5, np.full(41, 0.15), np.full(41, 0.05), np.zeros(41)], axis=1) / whole[:, None]
    assert found[:, 0] == pytest.approx(0.5 * mine / mine.sum(axis=1, keepdims=True) + by_customer[1])
    assert (found[:, 1] == value[1]).all()
    assert np.ptp(found[:, 0, 0]) > 0.1


class Told:
    """Draws of each input that are told by its key, in place of streams."""

    def __init__(self, rows: int, drawn: dict[Any, Any] | None = None) -> None:
        self.rows, self.of, self.asked = rows, drawn or {}, dict[Any, tuple[float, ...]]()

    def __len__(self) -> int:
        return self.rows

    def drawn(self, key: Any, *ends: float) -> np.ndarray:
        self.asked[key] = ends
        return np.array(self.of[key])

    uniform = drawn


def of_draws(chokepoints: dict[str, Any], **parts: Any) -> Any:
    """Draws of which only some parts are known."""
    found: Any = object.__new__(Drawn)
    kept: dict[str, dict[Any, Any]] = {name: {} for name in ("_of_demand", "_of_shares", "_lost")}
    vars(found).update({"chokepoints": SimpleNamespace(**chokepoints), **kept, **parts})
    return found


def test_the_reference_world_needs_more_of_a_node_whose_users_have_more_of_the_market() -> None:
    """Of 0.4 and 0.1 GWh, which use 0.1 and 0.3 kt/GWh of the first node: 0.07 kt. In a draw they are 0.1 and 0.4:
    0.13; in another none are, which is hardly anything. Of the second node nothing is used."""
    cells = np.zeros((2, 3, 2, 2))
    cells[0, 1, :, 1], cells[1, 2, :, 1] = (0.3, 0.1), (0.1, 0.0)
    asked: list[Any] = []

    def total(year: int, by_segment: np.ndarray) -> np.ndarray:
        asked.append((year, by_segment.tolist()))
        return np.array([[0.1, 0.0], [0.3, 0.0]])

    def shares(outcome: Any, name: str, mine: Any, year: int, at: Any) -> Any:
        assert (outcome, name, mine.cells is cells, year, list(at)) == (world, "reference", True, 1, [0, 1])
        return SimpleNamespace(
            cells=cells[..., 1].reshape(-1, 2), drawn=lambda _: np.array([[0.4, 0.1], [0.1, 0.4], [0, 0]])
        )

    world = SimpleNamespace(resolved=SimpleNamespace(regions="ab"), arrays=None)
    found = of_draws({"world": world, "inputs": None}, _world=SimpleNamespace(cells=cells), _shares=shares)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minerals.case.draws.uses_of", lambda arrays, inputs: SimpleNamespace(total=total))
        needed = found.needed(None, 1)
    assert needed == pytest.approx(np.array([[1, 1], [13 / 7, 1], [LEAST_NEED, 1]]))
    assert asked == [(1, [[0, 0], [0.3, 0.1], [0.1, 0]])]


def test_market_shares_are_drawn_of_some_regions_and_all_their_uses() -> None:
    """Of the second and third of three regions with two uses each; the second of two reported years is the last."""
    cells = np.arange(24.0).reshape(3, 2, 2, 2)
    weights = np.arange(48.0).reshape(3, 2, 2, 4)
    outcome = SimpleNamespace(
        resolved=SimpleNamespace(chemistries=SimpleNamespace(labels=(("a", 0.0), ("b", 0.0)))),
        arrays=SimpleNamespace(reported=[1, 3]),
    )  # fmt: skip
    found = of_draws({}, _of_shares={"plan": (weights, -weights)})
    shares = found._shares(outcome, "plan", SimpleNamespace(cells=cells), 1, [1, 2])
    assert shares.chemistries == ("a", "b")
    assert shares.cells.tolist() == [[9, 11], [13, 15], [17, 19], [21, 23]]
    assert shares.low.tolist() == [[19, 23], [27, 31], [35, 39], [43, 47]]
    assert shares.high.tolist() == (-shares.low).tolist()


def test_demand_of_a_plan_is_drawn_between_its_ends() -> None:
    """Two regions add 0.3 and 0.1 GWh in two uses, 0.2 to 0.6 in all; a third has nothing."""
    ends = np.zeros((3, 3, 2, 3))
    ends[0, 0, :, 2], ends[0, 1, 0, 2], ends[1, 0, 1, 2], ends[2, 1, 1, 2] = (0.1, 0.2), 0.1, 0.2, 0.6
    ends[..., 1] = 9.0
    arrays = SimpleNamespace(reported=[0, 2])
    known = {"outcome": SimpleNamespace(arrays=arrays), "regions": ("A", "B", "C")}
    found, streams = of_draws(known, _of_demand={"plan": ends}), Told(2, {("battery_demand",): [1.0, 1.2]})
    assert found.demand(streams, "plan", ("A", "B"), 1).tolist() == [1, 1.2]
    assert streams.asked[("battery_demand",)] == pytest.approx((1.0, 0.5, 1.5))
    assert found.demand(streams, "plan", ["C"], 1).tolist() == [1]


def test_supply_with_its_ends_by_what_it_rests_on() -> None:
    """The first node follows need, the second is published, of the third all plants are listed: their output says how
    much each country makes, and no share or plant to come is drawn."""
    nodes = [SimpleNamespace(node=name) for name in ("ore", "metal", "cell")]
    share = np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]])
    old = np.full((3, 2), 9.0)
    plants, by_plants = np.array([[1.0, 0], [0, 2], [3, 0]]), np.array([[0, 0], [0, 0], [6.0, 2]])

    def late(now: np.ndarray, before: np.ndarray) -> np.ndarray:
        return np.stack([before, now], axis=-1)

    both, nine = np.stack([share / 2, share * 2]), np.full((2, 3), 9.0)
    ends = SimpleNamespace(
        share=late(both, np.stack([old, old])), published=late(np.full((2, 3), 30.0), nine),
        plants=late(np.full((2, 3), 40.0), nine), utilisation=np.full((2, 3), 0.7), utilised=("any", "any", "cell"),
        delivery=np.array([0.5, 1.5]),
    )  # fmt: skip
    inputs = SimpleNamespace(
        nodes=nodes, countries=("x", "y"), ends=ends, plants=late(plants, old), by_plants=late(by_plants, old),
        share=late(share, old), published=late(np.array([1.0, 20.0, 3.0]), nine[0]), utilisation=np.full(3, 0.8),
    )  # fmt: skip
    known = SimpleNamespace(
        fill=(BY_NEED, PUBLISHED, BY_PLANTS), by_share=np.array([[4.0, 4], [5, 15], [0, 0]]),
        added=np.array([[1.5, 0], [0, 2.5], [6, 2.5]]),
    )  # fmt: skip
    found = of_draws({"inputs": inputs, "known": [None, known]})
    ranged = found.ranged(1)
    assert ranged.by_share.tolist() == [[4, 4], [5, 15], [6, 2]]
    assert ranged.share.tolist() == share.tolist()
    assert ranged.share_ends[:, :2].tolist() == both[:, :2].tolist()
    assert ranged.share_ends[:, 2].tolist() == [[0.1, 0.9]] * 2
    assert ranged.world.tolist() == [0.8, 20, 8]
    assert ranged.world_ends.tolist() == [[0.7, 30, 40]] * 2
    tables = "supply_utilisation", "battery_supply", "plant_utilisation"
    assert ranged.world_keys == list(zip(tables, ("any", "metal", "cell"), strict=True))
    assert ranged.inverse.tolist() == [True, False, False]
    assert ranged.announced.tolist() == [[1, 0], [0, 2], [0, 0]]
    assert ranged.fixed.tolist() == [[0.5, 0], [0, 0.5], [0, 0.5]]
    assert ranged.share_keys[1] == [("supply_share", "metal", "x"), ("supply_share", "metal", "y")]
    assert found.absolute(1).tolist() == [False, True, True]


def test_how_far_the_ends_of_an_intensity_lie_from_it() -> None:
    """As parts of what cell and pack hold together: 0.5 + 0.5 of nickel, of which the cell may hold 0.25 less or 0.5
    more in draw group g. Packs hold 0.25 to 1 of nickel, which counts where a cell holds any; of tin nothing is held.
    Of cobalt, group h, the cells of the first chemistry may hold half. Group i has no ends."""
    cells = {"value": [[0.5, 0.2, 0.0], [0.0, 0.2, 0.0]], "low": [[0.25, 0.1, 0.0], [0.0, 0.2, 0.0]],
             "high": [[1.0, 0.2, 0.0], [0.0, 0.2, 0.0]]}  # fmt: skip
    packs = {"value": [0.5, 0.0, 0.0], "low": [0.25, 0.0, 0.0], "high": [1.0, 0.0, 0.0]}
    resolved = SimpleNamespace(minerals=SimpleNamespace(labels=("nickel", "cobalt", "tin")))
    found = of_draws({"resolved": resolved}, _draw_groups=np.array([["g", "h", ""], ["", "i", ""]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minerals.case.draws.cells_of", lambda resolved, end: np.array(cells[end]))
        patch.setattr("minerals.case.draws.pack_of", lambda resolved, end: np.array(packs[end]))
        ends = found._intensity
    assert list(ends) == [("mineral_intensity", "g"), ("mineral_intensity", "h"), ("pack_intensity", "nickel")]
    assert [each.tolist() for each in ends["mineral_intensity", "h"]] == [[[0, 0.5, 0], [0, 0, 0]], [[0, 0, 0]] * 2]
    low, high = ends["mineral_intensity", "g"]
    assert low.tolist() == [[0.25, 0, 0], [0, 0, 0]]
    assert high.tolist() == [[0.5, 0, 0], [0, 0, 0]]
    low, high = ends["pack_intensity", "nickel"]
    assert low.tolist() == [[0.25, 0, 0], [0, 0, 0]]
    assert high.tolist() == [[0.5, 0, 0], [0, 0, 0]]


def test_ends_of_finer_rows_stand_in_place_of_those_of_all_uses() -> None:
    """Of two chemistries and one mineral, whose uses are alike, so that one stands for both; the second of two reported
    years is the last. Own rows say the first chemistry, 0.5 kg/kWh with 0.1 less and 0.2 more. Its group is also that
    of the second, which keeps what holds of all uses. Another input has ends in another year alone."""
    resolved = SimpleNamespace()
    value = np.full((1, 2, 1, 3), 9.0)
    value[0, :, 0, 2] = 0.5, 0.0
    apart = np.zeros((2, 2, 1, 3), dtype=bool)
    apart[:, 0] = True
    mine, other = np.zeros((2, 2, 2, 1, 3)), np.zeros((2, 2, 2, 1, 3))
    mine[0, :, :, 0, 2], mine[1, :, :, 0, 2], other[:, :, 0, 0, 0] = 0.1, 0.2, 0.3
    arrays = SimpleNamespace(finer=True, by_use={"value": value}, reported=[0, 2])
    found = of_draws(
        {"outcome": SimpleNamespace(arrays=arrays), "resolved": resolved},
        _intensity={
            ("g",): (np.array([[0.4], [0.4]]), np.array([[0.6], [0.6]])),
            ("of all",): (np.ones((2, 1)), np.zeros((2, 1))),
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minerals.case.draws.finer_ends", lambda resolved: (apart, {("g",): mine, ("early",): other}))
        ends = {key: (low.tolist(), high.tolist()) for low, high, key in found._ends_of(1)}
        early = [key for *_, key in found._ends_of(0)]
    assert ends == {("g",): ([[[0.2], [0.4]]], [[[0.4], [0.6]]]), ("of all",): ([[[0.0], [1.0]]], [[[0.0], [0.0]]])}
    assert early == [("g",), ("of all",), ("early",)]
    arrays.finer = None
    del vars(found)["_finer"]
    assert [(low.tolist(), high.tolist(), key) for low, high, key in found._ends_of(1)] == [
        ([[[0.4], [0.4]]], [[[0.6], [0.6]]], ("g",)), ([[[1.0], [1.0]]], [[[0.0], [0.0]]], ("of all",)),
    ]  # fmt: skip


def test_what_of_a_use_follows_the_intensity_of_each_mineral() -> None:
    """Of an anode, 1 kt/GWh of graphite is natural by a quarter, of which it takes 2 kg/kg, and 3 of synthetic; of ore
    5 a kg of nickel and 7 a kg of cobalt, of which the first chemistry holds 0.5 and 0.1 kt/GWh in the second year;
    what it takes by a mass of nickel follows that too."""
    nodes = [
        SimpleNamespace(products=(("graphite", "natural", 2.0), ("graphite", "synthetic", 3.0)), together=("", ""),
                        uses={}),
        SimpleNamespace(products=(("nickel", "", 5.0), ("cobalt", "", 7.0)), together=("", ""),
                        uses={"a": ("nickel", 0.5), "b": (ENERGY, 9.0)}),
    ]  # fmt: skip
    held = np.full((1, 2, 3, 2), 9.0)
    held[0, :, :, 1] = [[1.0, 0.5, 0.1], [0.0, 0.0, 0.2]]
    resolved = SimpleNamespace(
        minerals=SimpleNamespace(labels=("graphite", "nickel", "cobalt")),
        chemistries=SimpleNamespace(labels=(("a", 0.0), ("b", 0.0))),
    )  # fmt: skip
    arrays = SimpleNamespace(by_use={"value": held}, reported=[0, 1], route=np.array([[0.5, 0.25], [0.5, 0.75]]))
    found = of_draws(
        {"resolved": resolved, "inputs": SimpleNamespace(nodes=nodes), "outcome": SimpleNamespace(arrays=arrays)}
    )
    carried = found._carried[0, :, :, :, 1]  # (chemistry, mineral, node)
    assert carried[0] == pytest.approx(np.array([[2 / 4 + 3 * 3 / 4, 0], [0, 2.5 + 0.25], [0, 0.7]]))
    assert carried[1] == pytest.approx(np.array([[0, 0], [0, 0], [0, 1.4]]))


def test_a_seen_origin_is_drawn_by_makers_at_home_named_and_others() -> None:
    """Home has 0.15 and 0.1 by two makers, China 0.2, the others 0.05; together 0.4 in the draw. Where a maker abroad
    has nothing at the value, it has as much in each draw. A maker that this run does not know is one of the others."""
    ends = {name: PlantEnds(value, value, value) for name, value in
            (("R_A", 0.15), ("AAA", 0.1), ("CHN", 0.2), ("USA", 0.05), ("KOR", 0.0))}  # fmt: skip
    inputs = SimpleNamespace(cell_origin={"A": (2030, ends)}, countries=("AAA", "CHN", "KOR", "VNM"))
    found = of_draws({"inputs": inputs, "origins": SimpleNamespace(homes={"R_A": "A", "AAA": "A", "CHN": "C"})})
    makers = {"R_A": [0.15, 0.05], "AAA": [0.1, 0.05], "CHN": [0.2, 0.2], "USA": [0.05, 0.1], "KOR": [0.0]}
    streams = Told(2, {("cell_origin", "A", name): drawn for name, drawn in makers.items()})
    times = found._times_observed(streams, "A")
    assert times[0] == pytest.approx([1, 1, 1, 1])
    assert times[1] == pytest.approx([0.1 / 0.8 / 0.25, 0.2 / 0.8 / 0.2, 1, 0.1 / 0.8 / 0.05])
    assert streams.asked["cell_origin", "A", "CHN"] == (0.2, 0.2, 0.2, 1.0)


# ---------------------------------------------------------------------- one year, by hand


def in_year(chokepoints: dict[str, Any], **parts: Any) -> Any:
    """Draws in one year of which only some parts are known."""
    found: Any = object.__new__(InYear)
    kept: dict[str, dict[str, Any]] = {
        name: {} for name in ("_pers", "_demands", "_cells", "_withouts", "_undisturbed")
    }
    vars(found).update({"chokepoints": SimpleNamespace(**chokepoints), "regions": ("A",), "year": 1, **kept, **parts})
    return found


def test_the_share_of_who_leads_what_nobody_knows_is_drawn_at_the_centre() -> None:
    """The first country has 0.6 of node 0 and all of node 1; node 2 stands nowhere, and of node 3 nobody leads. The
    others have the rest as they have it, and where there are none nobody does."""
    assumed = np.array([[0.6, 0.3, 0.1], [1.0, 0, 0], [0, 0, 0], [0.5, 0.5, 0]])
    nodes = [SimpleNamespace(node=name, in_path=name != "d") for name in "abcd"]
    inputs = SimpleNamespace(nodes=nodes, leader=["x"] * 4, countries=("x", "y", "z"), is_group=np.zeros(3, dtype=bool))
    streams = Told(3, {("unknown", "a"): [0.6, 0.0, 1.0], ("unknown", "b"): [1.0, 0.4, 1.0]})

    def found(rule: str, *nodes: int) -> Any:
        known = {"inputs": inputs, "config": SimpleNamespace(unknown=rule)}
        return in_year(known, streams=streams, nodes=nodes, world=SimpleNamespace(assumed=assumed))._assumed()

    drawn = found("centre", 0, 1, 2, 3)
    assert drawn[:, 0] == pytest.approx(np.array([[0.6, 0.3, 0.1], [0, 0.75, 0.25], [1, 0, 0]]))
    assert drawn[:, 1] == pytest.approx(np.array([[1, 0, 0], [0.4, 0, 0], [1, 0, 0]]))
    assert (drawn[:, 2:] == assumed[2:]).all()
    assert streams.asked == {("unknown", "a"): (0.6,), ("unknown", "b"): (1.0,)}
    assert found("centre", 2, 3).tolist() == [assumed.tolist()]
    assert found("all", 0) is assumed


def test_what_an_event_cuts_of_which_node_in_draws() -> None:
    """Of a at its high end alone, of b as announced, of c nothing; d is cut twice, of which one is nothing."""

    def cut(node: str, *ends: float, country: str = "x", kind: str = "export") -> Cut:
        return Cut(country, node, kind, *ends)

    cuts = (cut("a", 0.0, 0.0, 0.3), cut("b", 0.5, 0.0, 0.0), cut("c", 0.0, 0.0, 0.0), cut("d", 0.4, 0.2, 0.9),
            cut("d", 0.0, 0.0, 0.0), cut("b", 0.1, 0.1, 0.1, country="y", kind="output"),
            cut("b", 0.1, 0.1, 0.1, country="nobody"))  # fmt: skip
    inputs = SimpleNamespace(place="abcde".index, countries=("w", "x", "y"))
    streams = Told(2, {SEVERITY: [0.5, 0.7]})
    places = SimpleNamespace(home=np.zeros(4), apart={1: 3, 2: 2})
    found = in_year({"inputs": inputs}, streams=streams, places=places, world=SimpleNamespace(made=np.zeros((5, 3))))
    event = SimpleNamespace(cuts=cuts)
    assert found._hits(event).tolist() == [True, True, False, True, False]
    taken = found._cuts(event, np.array([1, 4]))
    export, output = np.zeros((2, 2, 4)), np.zeros((2, 2, 4))
    export[:, 0, 3], output[:, 0, 2] = (0.5, 0.7), (0.5, 0.7)
    assert taken.export.tolist() == export.tolist()
    assert taken.output.tolist() == output.tolist()
    assert streams.asked == {SEVERITY: (0.1, 0.1, 0.1, 1.0)}


def test_what_makers_can_make_and_sell_in_draws() -> None:
    """Of three places the first is inside, the second belongs to the second customer and the last to nobody. Cells of
    the first chemistry, node 3, take nodes 1 and 5, and 0 by nature and 2 by synthesis, a quarter and the rest: makers
    at home with the second customer have 0.8 of the one, and 0.05 + 0.45 by route, in the second draw 0.25 + 0.45.
    Those of the second are nodes 3 or 4, of which the most that is cut counts, and take nothing. The third has no node
    of its own, and takes node 1, and 5, which is not followed."""
    cell = np.array([[0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 0]], dtype=bool)
    parts = [(np.array([1, 5]), np.array([0]), np.array([2])), (NONE, NONE, NONE), (np.array([5, 1]), NONE, NONE)]
    chain = SimpleNamespace(cell=cell, of_cells=lambda c, _: parts[c])
    found = in_year(
        {"chain": chain, "uses": SimpleNamespace(ever=None)}, streams=Told(2), inside=np.array([True, False, False]),
        places=SimpleNamespace(home=np.array([0, 1, NOWHERE])), world=SimpleNamespace(natural=0.25, bounds=(0.0, 1.0)),
    )  # fmt: skip
    export, output, covered = np.zeros((2, 5, 3)), np.zeros((2, 5, 3)), np.full((2, 5, 3), 0.1)
    export[0, 3, 1], output[0, 4], covered[:, 3:] = 0.5, (0.2, 0.0, 0.4), 1.0
    covered[0, :3, :2], covered[1, :3, :2] = [[1.0, 0.2], [0.9, 0.8], [1.0, 0.6]], [[1, 1], [1, 0.8], [1, 0.6]]
    nodes, cuts = np.arange(5), Cuts(export, output)
    left = found._cells_left(cuts, nodes, covered)
    assert left[0] == pytest.approx(np.array([[1, 0.25, 1], [0.8, 0.5, 0.6], [1, 0.8, 1]]))
    assert left[1] == pytest.approx(np.array([[1, 0.7, 1], [1, 1, 1], [1, 0.8, 1]]))
    with_all = found._cells_left(cuts, nodes, None)
    assert with_all[0] == pytest.approx(np.array([[1, 0.5, 1], [0.8, 0.5, 0.6], [1, 1, 1]]))
    # Where none of its inputs is followed it is had in full.
    some = np.array([3, 4])
    assert found._cells_left(Cuts(export[:, 3:], output[:, 3:]), some, covered[:, 3:]) == pytest.approx(with_all)


def test_what_a_plan_has_per_unit_of_what_it_needs_in_draws() -> None:
    """Demand is the value, then twice as much. Supply of node 0 follows the need of the reference world, which has the
    same demand as one plan and another than the other; that of node 1 does not, of which cells use 1.1 times as much.
    Of what there is the uses in scope have half. 0.2 of node 0 are recovered, and 0.3 and 0.6 built."""
    settings = SimpleNamespace(scenario={"same": SimpleNamespace(demand="d"), "other": SimpleNamespace(demand="e")})
    chokepoints = {
        "resolved": SimpleNamespace(run=SimpleNamespace(settings=settings)), "config": SimpleNamespace(demand="d"),
        "cells_of": lambda *_: "cells", "relief": lambda *_: np.array([0.2, 0.0]),
        "in_scope": lambda regions, year, own, accessible: (own / 2, accessible / 2),
        "follow_on": lambda *_: FollowOn(np.array([0.3, 0.6]), np.eye(2)),
    }  # fmt: skip
    demand, absolute = np.array([1.0, 2.0]), np.array([False, True])
    drawn = SimpleNamespace(
        absolute=lambda year: absolute, used=lambda streams, cells, year: np.array([[9.0, 1.1]]),
        demand=lambda *_: demand,
    )  # fmt: skip
    found = in_year(chokepoints, drawn=drawn, streams=Told(2), supply=SimpleNamespace(assumed=None))
    assert found._per("same") == pytest.approx(np.array([[1, 1.1], [1, 2.2]]))
    assert found._per("other") == pytest.approx(np.array([[1, 1.1], [2, 2.2]]))
    hit = SimpleNamespace(own=np.full((2, 2), 1.1), accessible=np.full((2, 2), 4.4), cuts=None)
    own, accessible = found._had("other", hit)
    assert own == pytest.approx(np.array([[0.55, 0.5], [0.275, 0.25]]))
    assert accessible == pytest.approx(np.array([[2.2 + 0.2 + 0.3, 2 + 0.6 / 1.1], [1.1 + 0.1 + 0.15, 1 + 0.3 / 1.1]]))
    absolute[:] = False
    found._pers.clear()
    assert found._per("same").tolist() == [[1, 1], [1, 1]]
    assert found._per("other").tolist() == [[1, 1], [2, 2]]


def test_of_what_nobody_knows_a_plan_has_a_part_of_what_it_needs() -> None:
    """Nodes 0, 2 and 3 of four are followed, of which 2 and 3 are hit; nobody knows the first three. 0.9 of node 2
    stands in the second place, which stops half of its exports, all of them, then none: 0.55 and 0.1 of 2 are left, and
    of the rest what is recovered, up to the need."""
    export = np.zeros((3, 2, 2))
    export[:, :, 1] = [[0.5], [1.0], [0.0]]
    found = in_year(
        {}, nodes=np.array([0, 2, 3]), inside=np.array([True, False]),
        supply=SimpleNamespace(assumed=np.array([[1.0, 0.0], [0.1, 0.9], [0.0, 1.0]])),
        world=SimpleNamespace(unknown=np.array([True, True, True, False])),
        _need=lambda scenario: np.array([[9.0, 9.0, 2.0, 2.0]]),
    )  # fmt: skip
    hit = SimpleNamespace(nodes=np.array([2, 3]), cuts=Cuts(export, np.zeros((3, 2, 2))))
    accessible, relief = np.full((3, 4), 7.0), np.full((3, 4), 0.5)
    relief[1] = 3.0
    had = found._with_unknown("plan", hit, accessible, relief)
    assert had[:, 2] == pytest.approx([1.1 + 0.45 * 0.5, 0.2 + 0.9 * 2, 7])
    assert (np.delete(had, 2, axis=1) == 7).all()
    assert (accessible == 7).all()
    assert found._with_unknown("plan", SimpleNamespace(cuts=None), accessible, relief) is accessible
    found.supply = SimpleNamespace(assumed=None)
    assert found._with_unknown("plan", hit, accessible, relief) is accessible


def test_a_plan_needs_in_proportion_to_what_its_drawn_cells_are_made_of() -> None:
    """6 of 10 and 10 of 10 GWh of two chemistries are made at home, which use 0.01 and 0.02 kt/GWh of the first node:
    0.26. In a draw they are 20 and 0: 0.12. Of the second node nothing is used."""
    plan = SimpleNamespace(
        cells=np.array([10.0, 10.0]), home=np.array([0.6, 1.0]), total_use=np.array([[0.01, 0], [0.02, 0]]),
        need=np.array([0.13, 5.0]),
    )  # fmt: skip
    found = in_year({"plan": lambda *_: plan})
    found._cells["plan"] = np.array([[10.0, 10.0], [20.0, 0.0]])
    assert found._need("plan") == pytest.approx(np.array([[0.13, 5], [0.06, 5]]))


def test_where_what_is_built_for_a_plan_stands_is_drawn_where_it_is_uncertain() -> None:
    """Of node 0 at its low end alone, of node 1 at its high end; a country that has nothing at the value is not drawn.
    Nor is what is not built (2), what a plan says itself (3), and what has no ends (4). All scaled to one. Of node 1
    the second country stops half of its exports: half of the 0.5, then 0.75 of 0.8 that stand there."""
    value = np.array([[0.5, 0.5, 0.0]] * 5)
    low, high = value.copy(), value.copy()
    low[[0, 2, 3], 0], high[[1, 2, 3], 1], high[0, 2] = 0.0, 0.9, 0.2
    located = value.copy()
    located[3] = 0.5, 0.0, 0.5
    follow = FollowOn(np.array([0.4, 0.8, 0.0, 0.3, 0.2]), located)
    streams = Told(2, {(LOCATION, "a", "x"): [0.5, 0.3], (LOCATION, "b", "y"): [0.5, 1.5]})
    chokepoints = {
        "inputs": SimpleNamespace(
            nodes=[SimpleNamespace(node=name) for name in "abcde"], countries=("x", "y", "z"),
            new=SimpleNamespace(located=np.stack([value, low, high])),
        ), "growth": SimpleNamespace(new_located=value), "config": SimpleNamespace(follow_on="pipeline"),
        "follow_on": lambda *_: follow,
    }  # fmt: skip
    found = in_year(
        chokepoints, streams=streams, inside=np.array([True, False, False]), places=SimpleNamespace(shared=np.eye(3))
    )
    drawn = found._located(follow, np.arange(5))
    assert drawn[0] == pytest.approx(located)
    assert drawn[1, :2] == pytest.approx(np.array([[0.375, 0.625, 0], [0.25, 0.75, 0]]))
    assert (drawn[1, 2:] == located[2:]).all()
    assert streams.asked == {(LOCATION, "a", "x"): (0.5, 0.0, 0.5, 1.0), (LOCATION, "b", "y"): (0.5, 0.5, 0.9, 1.0)}
    export = np.zeros((2, 2, 3))
    export[:, 0, 1] = 0.5
    hit = SimpleNamespace(nodes=np.array([1, 2]), cuts=Cuts(export, np.zeros((2, 2, 3))))
    left = found._follow_on("plan", hit)
    assert left == pytest.approx(np.array([[0.4, 0.8 * 0.75, 0, 0.3, 0.2], [0.4, 0.8 * 0.625, 0, 0.3, 0.2]]))
    assert found._follow_on("plan", SimpleNamespace(nodes=hit.nodes, cuts=None)) is follow.amount
    assert found._follow_on("plan", SimpleNamespace(nodes=np.array([2]), cuts=hit.cuts)) is follow.amount
    for rule, nodes in (("today", np.arange(5)), ("pipeline", np.array([2, 3, 4]))):
        found.chokepoints.config.follow_on = rule
        assert found._located(follow, nodes).tolist() == [located[nodes].tolist()]


def test_a_stock_is_spread_over_the_part_of_the_year_that_a_stop_fills() -> None:
    """A stop takes 5 of 10 of the first node, all year, half of it, and none of it: three months of a need of 4 are 1,
    2, and nothing then. Of cells there is what there is without it, and no own plants."""
    plan = SimpleNamespace(cells=np.array([3.0, 2.0]))
    found = in_year(
        {"plan": lambda *_: plan, "cell": np.array([False, True]), "config": SimpleNamespace(stockpile_months=3.0),
         "stocked": lambda plan, regions, year: np.array([4.0, 4.0]), "chosen_origin": {}, "orders": {}},
        streams=Told(3), inside=np.array([True, False]), origin=np.array([[[0.75, 0.25], [0.0, 0.0]]]),
    )  # fmt: skip
    found._cells["plan"] = np.array([[3.0, 2.0]])
    one = np.ones((3, 1))
    had = {"usual": (one * [2.0, 9.0], one * [10.0, 8.0]), "hit": (one * [1.0, 9.0], one * [5.0, 6.0])}
    found.without = SimpleNamespace(lasts=np.ones(1), cells=np.ones((1, 2, 2)), shared=None, name="usual")
    found._had = lambda scenario, hit: had[hit.name]
    left = np.array([[[0.5, 1.0], [1.0, 1.0]]])
    stop = SimpleNamespace(lasts=np.array([1.0, 0.5, 0.0]), cells=left, shared=None, name="hit")
    supplied = found.supplied("plan", stop)
    assert supplied.own.tolist() == [[1, 0]] * 3
    assert supplied.bought == pytest.approx(np.array([[5, 8], [6, 8], [4, 8]]))
    assert supplied.home == pytest.approx(np.array([[3 * 0.375, 2]] * 3))
    assert supplied.imported == pytest.approx(np.array([[0.75, 0]] * 3))
    usual = found.supplied("plan", found.without)
    assert (usual.own.tolist(), usual.bought.tolist()) == ([[2, 0]] * 3, [[8, 8]] * 3)


def test_makers_of_a_plan_are_its_own_and_share_their_inputs_where_they_lack_any() -> None:
    """The plan names the makers of the first chemistry alone. Of four places the first is inside; the makers in the
    second lack inputs, so of the first chemistry they sell what these leave for as many cells as they would make with
    all of them."""
    origin = np.array([[[0.5, 0.5, 0, 0], [0.2, 0.3, 0.5, 0]]])
    chosen = np.array([[0.25, 0.5, 0.25, 0], [1.0, 0, 0, 0]])
    asked: dict[str, Any] = {}

    def sold(order: str, wanted: np.ndarray, home: Any, use: np.ndarray, per: np.ndarray) -> np.ndarray:
        asked.update(order=order, wanted=wanted, use=use, per=per)
        return np.array([[0.1, 0.0], [0.2, 0.0]])

    plan = SimpleNamespace(total_use=np.array([[1.0, 2, 3], [4, 5, 6]]))
    found = in_year(
        {"plan": lambda *_: plan, "chain": SimpleNamespace(direct=np.array([[1.0, 1, 0.5], [1, 1, 1]])),
         "chosen_origin": {"plan": None}, "origin_of": lambda *_: chosen, "orders": {"plan": "last"},
         "chooses_origin": lambda *_: np.array([True, False])},
        origin=origin, inside=np.array([True, False, False, False]), needed=np.array([[1.0, 1, 1], [2, 2, 2]]),
        places=SimpleNamespace(shared=np.eye(4), home=np.array([0, 1, 1, NOWHERE])),
    )  # fmt: skip
    cells = np.array([[4.0, 10.0], [8.0, 10.0]])
    found._cells.update(plan=cells, other=cells)
    found._pers["plan"] = np.array([[1.0, 2, 4]])
    assert found._origin("plan").tolist() == [[chosen[0].tolist(), origin[0, 1].tolist()]]
    assert found._origin("other") is origin
    lacks = np.array([[False, True, False, False], [False, True, False, False]])
    shared = SimpleNamespace(lacks=lambda home: lacks, cells=np.full((2, 2, 4), 0.75), sold=sold)
    hit = SimpleNamespace(cells=np.full((2, 2, 4), 0.5), shared=shared, nodes=np.array([0, 2]))
    # Of the first chemistry the third place makes a quarter, and sells half of it.
    assert found._bought("plan", hit) == pytest.approx(np.array([[0.5 + 0.1, 4], [1.0 + 0.2, 4]]))
    wanted = np.zeros((2, 2, 4))
    wanted[:, 0, 1] = 0.75 * 2, 0.75 * 4
    assert asked["wanted"] == pytest.approx(wanted)
    assert (asked["order"], asked["use"].tolist()) == ("last", [[1, 1.5], [4, 6]])
    assert asked["per"].tolist() == [[1, 0.25], [2, 0.5]]
    assert found._bought("other", hit) == pytest.approx(np.array([[1, 4], [2, 4]]))
    hit.shared = None
    assert found._bought("plan", hit) == pytest.approx(np.array([[1.5, 4], [3, 4]]))
    assert found._made_at_home("other", hit) == pytest.approx(np.array([[0.25, 0.1]] * 2))


def test_what_an_event_takes_in_draws_is_its_part_of_the_year_and_more_than_rounding() -> None:
    """Of 10 GWh planned 4 are had with a stop and 9 without; half a year of it leaves 6.5. At home 6 are planned, of
    which there are 2 and 5: 3.5. Demand is twice as large in the second draw, in which all is had but for rounding."""
    with_it, usual = (np.array([4.0, 10 - 5e-9]), np.array([2.0, 6 - 5e-9])), (np.full(2, 9.0), np.full(2, 5.0))
    plan = SimpleNamespace(cells=np.array([4.0, 6.0]))
    found = in_year(
        {"scenarios": ["plan"], "plan": lambda *_: plan}, without=SimpleNamespace(name="usual"),
        hit=lambda event: event, _totals=lambda scenario, hit: usual if hit.name == "usual" else with_it,
        _made_at_home=lambda scenario, hit: np.array([[0.75, 0.5]]) if hit.name == "usual" else None,
    )  # fmt: skip
    found._cells["plan"], found._demands["plan"] = np.array([[4.0, 6.0]]), np.array([1.0, 2.0])
    lost = found.lost(SimpleNamespace(name="stop", lasts=np.ones(1)))["plan"]
    assert lost.batteries.tolist() == [6, 0]
    assert lost.industry.tolist() == [4, 0]
    assert lost.at_home.tolist() == [6, 12]
    half = found.lost(SimpleNamespace(name="stop", lasts=np.array([0.5, 1.0])))["plan"]
    assert half.batteries.tolist() == [3.5, 0]
    assert half.industry.tolist() == [2.5, 0]
    of_both = found.lost(SimpleNamespace(name="stop", lasts=np.array([0.5])))["plan"]
    assert of_both.batteries == pytest.approx([3.5, 2 * 0.5])


def test_what_there_is_without_a_stop_is_found_once_for_each_plan() -> None:
    asked: list[Any] = []

    def totals(supplied: Any) -> tuple[Any, ...]:
        asked.append(supplied)
        return (supplied,)

    found = in_year(
        {"factory": lambda *_: SimpleNamespace(totals=totals)}, supplied=lambda scenario, hit: (scenario, hit),
        without="usual",
    )  # fmt: skip
    first = found._totals("plan", "usual")
    assert first == (("plan", "usual"),)
    assert found._totals("plan", "stop") == (("plan", "stop"),)
    assert found._totals("plan", "usual") is first
    assert found._totals("other", "usual") == (("other", "usual"),)
    assert asked == [("plan", "usual"), ("plan", "stop"), ("other", "usual")]


def test_of_nodes_that_are_not_followed_there_is_no_limit_and_nothing_is_made_at_home() -> None:
    """Of the second of three nodes there are 2 per unit of need, which is 3 in the second draw; nobody knows what is
    made of it at home."""
    found = in_year(
        {}, supply=None, group=None, nodes=np.array([1]), needed=np.array([[9.0, 1, 9], [9, 3, 9]]),
        world=SimpleNamespace(made=np.zeros((3, 4))), origin=np.zeros((1, 5, 4)),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        reach = SimpleNamespace(accessible=np.array([[2.0], [2.0]]), own=np.array([[np.nan], [np.nan]]))
        patch.setattr("minerals.case.draws_in_year.access", lambda supply, group: reach)
        without = found.without
    assert without.accessible.tolist() == [[np.inf, 2, np.inf], [np.inf, 6, np.inf]]
    assert without.own.tolist() == [[0, 0, 0]] * 2
    assert without.cells.tolist() == np.ones((1, 5, 4)).tolist()
    assert (without.lasts.tolist(), len(without.nodes)) == ([1], 0)
    assert found.hit(None) is without


# ---------------------------------------------------------------------- a run


@pytest.fixture(scope="module")
def europe_2035(shipped_inputs: Inputs) -> Chokepoints:
    """europe-2035 in its last year, with published supply, stocks, and no [flows]."""
    sets = ["scope.years=2035", "exposure.stockpile_months=1", "exposure.future='iea-base'"]
    resolved = with_intensity(resolve(read_run("europe-2035", sets), shipped_inputs), shipped_inputs)
    return chokepoints_of(Outcome(resolved), shipped_inputs)


@pytest.fixture(scope="module")
def drawn(europe_2035: Chokepoints) -> Drawn:
    return Drawn(europe_2035, 400, 7)


def event_of(chokepoints: Chokepoints, name: str) -> Event:
    return next(event for event in chokepoints.inputs.events if event.disruption == name)


EVENTS = ("china-graphite-anode", "china-lfp-cathode", "china-all")


def test_the_first_draw_is_the_disruption_at_its_values(europe_2035: Chokepoints, drawn: Drawn) -> None:
    events = europe_2035.inputs.events
    found = drawn.lost(events, europe_2035.regions, 0)
    for scenario in europe_2035.scenarios:
        plain = played(europe_2035, scenario, europe_2035.regions, 0, events, 1.0)
        for one, by_scenario in zip(plain, found, strict=True):
            lost = by_scenario[scenario]
            if one.event.months.middle < YEAR:
                # Of less than a year only that part is lost.
                assert lost.batteries[0] < one.loss.lost[0] or one.loss.at_risk[0] == 0, one.event.disruption
                continue
            assert lost.batteries[0] == pytest.approx(one.loss.lost[0], abs=1e-6), one.event.disruption
            at_home = float(one.loss.at_home.sum()) - one.loss.can_make[1]
            assert lost.industry[0] == pytest.approx(at_home, abs=1e-6), one.event.disruption


def test_without_ends_every_draw_is_the_value(
    europe_2035: Chokepoints, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Streams, "sides", lambda self, *_: (np.zeros(len(self)), np.zeros(len(self))))
    events = [event_of(europe_2035, name) for name in EVENTS]
    still = Drawn(europe_2035, 5, 7).lost(events, europe_2035.regions, 0)
    monkeypatch.undo()
    moving = drawn.lost(events, europe_2035.regions, 0)
    for scenario in europe_2035.scenarios:
        for lost, other in ((one[scenario], two[scenario]) for one, two in zip(still, moving, strict=True)):
            assert np.ptp(lost.batteries) < 1e-6
            assert lost.batteries[0] == pytest.approx(other.batteries[0], abs=1e-6)
            assert np.ptp(other.batteries) > 1


@pytest.mark.parametrize("name", EVENTS)
def test_what_there_is_at_the_values_is_what_a_disruption_leaves(
    europe_2035: Chokepoints, drawn: Drawn, name: str
) -> None:
    event = event_of(europe_2035, name)
    for scenario in europe_2035.scenarios:
        for each in (None, event):
            found, demand = drawn.supplied(each, scenario, europe_2035.regions, 0)
            where = scenario, europe_2035.regions, 0
            alone = (
                europe_2035.supplied(*where, ((each.cuts, "severity"),), 1.0) if each else europe_2035.without(*where)
            )
            needed = europe_2035.plan(scenario, europe_2035.regions, 0).need > 0
            assert demand[0] == 1
            for kind in ("own", "bought"):
                ours, theirs = getattr(found, kind)[0, needed], getattr(alone, kind)[0, needed]
                assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-9), kind
            for kind in ("home", "imported"):
                assert getattr(found, kind)[0] == pytest.approx(getattr(alone, kind)[0], abs=1e-9), kind


def by_solver(factory: Factory, supplied: Supplied) -> float:
    """Batteries to be had, by one linear programme of its own."""
    (most,), (upper,) = factory.bounds(supplied)
    lp = solver()
    lp.passModel(highs_model(factory.cost, factory.matrix, most, upper))
    assert solve(lp) == highspy.HighsModelStatus.kOptimal
    rest = supplied.imported.sum() - supplied.imported[0, factory.columns.imported].sum()
    return float(lp.getInfo().objective_function_value + rest)


def test_every_draw_is_the_answer_of_a_programme_of_its_own(europe_2035: Chokepoints, drawn: Drawn) -> None:
    for name in EVENTS:
        for scenario in europe_2035.scenarios:
            supplied, _ = drawn.supplied(event_of(europe_2035, name), scenario, europe_2035.regions, 0)
            factory = europe_2035.factory(scenario, europe_2035.regions, 0)
            totals, _ = factory.totals(supplied)
            for draw in range(0, 401, 40):
                alone = by_solver(factory, supplied.take([draw]))
                assert totals[draw] == pytest.approx(alone, rel=1e-9), (name, scenario, draw)


def test_how_much_is_cut_alone_stays_within_its_ends(europe_2035: Chokepoints, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Streams.sides

    def severity_alone(self: Streams, key: tuple[str, ...], *_: bool) -> tuple[np.ndarray, np.ndarray]:
        return plain(self, key) if key == SEVERITY else (np.zeros(len(self)), np.zeros(len(self)))

    monkeypatch.setattr(Streams, "sides", severity_alone)
    events = [event_of(europe_2035, name) for name in EVENTS]
    found = Drawn(europe_2035, 400, 7).lost(events, europe_2035.regions, 0)
    for scenario in europe_2035.scenarios:
        plan = played(europe_2035, scenario, europe_2035.regions, 0, events, 1.0)
        for one, lost in zip(plan, (each[scenario] for each in found), strict=True):
            short = float(one.loss.shortage.sum())
            low, high = (short + end for end in one.ends)
            p05, _, p95 = percentiles(lost.batteries[1:])
            slack = 0.01 * (high - low) + 1e-6  # percentiles of 400 draws
            assert low - slack <= p05 <= p95 <= high + slack
            # The more is cut, the more is lost.
            below, above = plain(Streams(400, 7), SEVERITY)
            assert (np.diff(lost.batteries[np.argsort(above - below)]) >= -1e-6).all()


def test_how_long_a_stop_lasts_alone_takes_its_part_of_the_year(
    europe_2035: Chokepoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every draw what a window of so many months says, with the stock of a month spread over them; what is short
    anyway is short all year. Longer never loses less, and beyond a year no more."""
    plain = Streams.sides

    def months_alone(self: Streams, key: tuple[str, ...], *_: bool) -> tuple[np.ndarray, np.ndarray]:
        return plain(self, key) if key == MONTHS else (np.zeros(len(self)), np.zeros(len(self)))

    monkeypatch.setattr(Streams, "sides", months_alone)
    plain_event = event_of(europe_2035, EVENTS[0])
    for ends in ((2.0, 6.0, 20.0), (6.0, 12.0, 12.0), (13.0, 14.0, 15.0)):
        event = replace(plain_event, months=Ends(*ends))
        draws = Drawn(europe_2035, 60, 7)
        (found,) = draws.lost([event], europe_2035.regions, 0)
        months = np.broadcast_to(draws.streams.drawn(MONTHS, ends[1], ends[0], ends[2]), 61)
        lasts = np.minimum(months, YEAR)
        for scenario in europe_2035.scenarios:
            (one,) = played(europe_2035, scenario, europe_2035.regions, 0, [event], 0.0)
            need = europe_2035.stocked(one.factory.plan, europe_2035.regions, 0)
            stop = Window(one.factory, one.batch.without, one.hit, need).take(np.zeros(61, dtype=int))
            at_risk = stop.at_risk(1.0 * YEAR / lasts)
            short = float(one.loss.shortage.sum()), float(one.loss.at_home.sum() - one.loss.base.home.sum())
            lost = found[scenario]
            assert lost.batteries == pytest.approx(short[0] + lasts / YEAR * at_risk[:, 0], abs=1e-6)
            assert lost.industry == pytest.approx(short[1] + lasts / YEAR * at_risk[:, 1], abs=1e-6)
            assert (np.diff(lost.batteries[np.argsort(months)]) >= -1e-6).all()
            whole = lost.batteries[months >= YEAR]
            assert len(whole) > 1 or ends[2] < YEAR
            assert whole == pytest.approx(whole.max(initial=0.0), abs=1e-6)


def test_shares_are_drawn_in_the_plan_and_in_the_reference_world(europe_2035: Chokepoints, drawn: Drawn) -> None:
    regions, streams, plan = europe_2035.regions, drawn.streams, europe_2035.plan("next-gen", europe_2035.regions, 0)
    cells = drawn.cells(streams, "next-gen", regions, 0)
    assert cells[0] == pytest.approx(plan.cells)
    assert cells.sum(axis=1) == pytest.approx(plan.cells.sum())
    assert (cells >= 0).all()
    assert ((plan.cells > 0) | (cells == 0)).all()
    needed = drawn.needed(streams, 0)
    assert needed[0] == pytest.approx(1)
    assert (needed > 0).all()
    # More LFP cells are more need of LFP cathodes, there as here.
    lfp = [base == "lfp" for base, _ in europe_2035.resolved.chemistries.labels]
    node = europe_2035.inputs.place("lfp_cathode")
    assert np.corrcoef(cells[:, lfp].sum(axis=1), needed[:, node])[0, 1] > 0.9
    found, _ = drawn.supplied(None, "next-gen", regions, 0)
    assert (found.home + found.imported).sum(axis=1) == pytest.approx(plan.cells.sum())
    held = europe_2035.config.model_copy(update={"share_spread": 0.0})
    settings = europe_2035.resolved.run.settings.model_copy(update={"exposure": held})
    run = replace(europe_2035.resolved.run, settings=settings)
    still = Drawn(replace(europe_2035, outcome=Outcome(replace(europe_2035.resolved, run=run))), 10, 7)
    assert still.cells(still.streams, "next-gen", regions, 0) == pytest.approx(plan.cells[None])
    assert still.needed(still.streams, 0) == pytest.approx(1)


def test_a_seed_gives_the_same_and_another_another(europe_2035: Chokepoints, drawn: Drawn) -> None:
    event = event_of(europe_2035, EVENTS[0])
    found = [Drawn(europe_2035, 100, seed).lost([event], europe_2035.regions, 0) for seed in (1, 1, 2)]
    one, same, other = (each[0]["incumbent"].batteries for each in found)
    assert np.array_equal(one, same)
    assert not np.array_equal(one[1:], other[1:])
    # What else is played leaves the draws of an event alone.
    beside = Drawn(europe_2035, 100, 1).lost(europe_2035.inputs.events, europe_2035.regions, 0)
    place = europe_2035.inputs.events.index(event)
    assert beside[place]["incumbent"].batteries == pytest.approx(one, abs=1e-6)


def test_intensities_by_chemistry_differ_little_from_factors_by_node(europe_2035: Chokepoints, drawn: Drawn) -> None:
    """At the values not at all; else by what chemistries that are told apart by their intensities may gain."""
    plan = europe_2035.plan("next-gen", europe_2035.regions, 0).cells.sum()
    event = event_of(europe_2035, EVENTS[0])
    alike, apart = drawn.by_chemistry(event, "next-gen", europe_2035.regions, 0, range(40))
    assert alike[0] == pytest.approx(apart[0], abs=1e-6)
    assert 0 < np.abs(alike - apart).max() < 0.01 * plan


# ---------------------------------------------------------------------- tables


@pytest.mark.slow
def test_intervals_of_a_run(europe: Result) -> None:
    table, drivers = europe["intervals"], europe["drivers"]
    assert table["disruption"].nunique() == HEADLINES
    assert set(table["measure"]) == set(MEASURES)
    assert (table["year"] == 2035).all()
    assert ((table["p05"] <= table["p50"]) & (table["p50"] <= table["p95"])).all()
    keys = ["scenario", "region", "disruption", "year"]
    at_once = table.set_index([*keys, "measure"])["value"].unstack()
    same = europe["disruptions"].set_index(keys).reindex(at_once.index)
    assert at_once["lost"].to_list() == pytest.approx(same["lost_best"].to_list(), abs=1e-6)
    assert at_once["industry"].to_list() == pytest.approx(same["industry_best"].to_list(), abs=1e-6)
    left_out = europe["disruptions"][~europe["disruptions"]["disruption"].isin(table["disruption"])]
    last = left_out[left_out["year"] == 2035]
    assert last.groupby("disruption")["lost_best"].max().max() <= same.groupby("disruption")["lost_best"].max().min()
    by_row = drivers.groupby([*keys, "measure"], sort=False)["importance"]
    assert (by_row.sum() <= 1 + 1e-9).all()
    assert by_row.apply(lambda shares: shares.is_monotonic_decreasing).all()
    assert (drivers["importance"] >= 0.01).all()
    first = drivers.groupby([*keys, "measure"], sort=False)["label"].first()
    assert set(first) <= {"how much is cut", "how long it lasts"}


@pytest.mark.slow
def test_no_draws_no_tables_and_stress_draws_all() -> None:
    sets = ["scope.years=2035", "exposure.draws=0"]
    assert "intervals" not in api.run("europe-2035", set=sets).tables
    found = api.stress("europe-2035", set=["scope.years={first=2034, last=2035}", "exposure.draws=20"])
    assert set(found["intervals"]["disruption"]) == set(found["disruptions"]["disruption"])
    assert set(found["intervals"]["year"]) == {2034, 2035}
    assert (found["intervals"]["draws"] == 20).all()


@pytest.mark.parametrize("value", ["-1", "100001", "1.5", "'many'"])
def test_draws_are_a_whole_number_within_their_limit(value: str) -> None:
    with pytest.raises(InputError, match=r"exposure\.draws"):
        read_run("europe-2035", [f"exposure.draws={value}"])


def test_where_what_is_built_for_a_plan_stands_is_drawn_around_its_value(
    europe_2035: Chokepoints, drawn: Drawn
) -> None:
    inputs = europe_2035.inputs
    ends = inputs.new.located
    n = int(np.flatnonzero((ends[0] > 0).any(axis=1) & (ends[1] != ends[2]).any(axis=1))[0])
    amount = np.zeros(len(inputs.nodes))
    amount[n] = 1.0
    value = ends[0] / np.maximum(ends[0].sum(axis=1, keepdims=True), 1e-300)
    at_once = InYear(drawn, drawn.streams, [], europe_2035.regions, len(europe_2035.years) - 1)
    (shares,) = np.moveaxis(at_once._located(FollowOn(amount, value), np.array([n])), 1, 0)
    assert shares[0] == pytest.approx(value[n])
    assert shares.sum(axis=1) == pytest.approx(1)
    assert (shares >= 0).all()
    k = int(np.argmax(np.abs(ends[2, n] - ends[1, n])))
    assert np.ptp(shares[:, k]) > 0.01
    assert label(europe_2035, (LOCATION, inputs.nodes[n].node, inputs.countries[k])).endswith(
        "share of new plants of lithium mine"
    )


def test_every_input_that_is_drawn_has_a_name(europe_2035: Chokepoints, drawn: Drawn) -> None:
    drawn.lost(europe_2035.inputs.events, europe_2035.regions, 0)
    names = [label(europe_2035, key) for key in drawn.streams.names]
    assert len(set(names)) == len(names) > 20
    assert all(name and ":" not in name and "s's" not in name for name in names)
    assert label(europe_2035, ("plant_utilisation", "li_ion_cell")) == "output of the plants of Li-ion cell"
    assert label(europe_2035, ("supply_share", "graphite_anode", "USA")).startswith("United States' share of graphite")


def test_tables_are_of_the_events_that_are_asked_for(europe_2035: Chokepoints) -> None:
    events = [event_of(europe_2035, EVENTS[1])]
    found = intervals(europe_2035, events, [0])["intervals"]
    assert set(found["disruption"]) == {EVENTS[1]}
    assert list(dict.fromkeys(found["scenario"])) == list(europe_2035.scenarios)


@pytest.mark.slow
def test_the_origin_of_cells_is_drawn_where_its_observation_has_ends(shipped_inputs: Inputs) -> None:
    """Of the United States, and not of Europe, whose source prints no ends; shares sum to one in every draw."""
    sets = ["scope.years=2035", "scope.regions=['Europe','United States']"]
    adoption = ["scenario.incumbent.adoption='stated-trend'", "scenario.next-gen.adoption='stated-trend'"]
    resolved = with_intensity(resolve(read_run("europe-2035", sets + adoption), shipped_inputs), shipped_inputs)
    chokepoints = chokepoints_of(Outcome(resolved), shipped_inputs)
    draws = Drawn(chokepoints, 100, 7)
    for regions, moves in ((("Europe",), False), (("United States",), True), (chokepoints.regions, True)):
        value = chokepoints.cell_origin(regions, 0)
        origin = draws.cell_origin(draws.streams, regions, 0)
        assert origin[0] == pytest.approx(value)
        assert origin.sum(axis=2) == pytest.approx(np.broadcast_to(value.sum(axis=1), origin.shape[:2]))
        assert (origin >= 0).all()
        assert (len(origin) > 1 and np.ptp(origin, axis=0).max() > 0.05) == moves
        # Sodium-ion cells come from where they are made, which that observation says nothing of.
        bases = np.array([base.startswith("na_") for base, _ in chokepoints.resolved.chemistries.labels])
        assert bases.any()
        assert np.ptp(origin[:, bases], axis=0).max() < 1e-12
    event = event_of(chokepoints, EVENTS[2])
    (found,) = draws.lost([event], chokepoints.regions, 0)
    (plain,) = played(chokepoints, "incumbent", chokepoints.regions, 0, [event], 0.0)
    assert found["incumbent"].batteries[0] == pytest.approx(plain.loss.lost[0], abs=1e-6)
    # Where the cells made at home are drawn too, no more of them is lost than are planned in that draw.
    assert (found["incumbent"].industry <= found["incumbent"].at_home + 1e-6).all()
    assert np.ptp(found["incumbent"].at_home) > 0
