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
from minerals.case.draws import Drawn
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
from minerals.tables.supply import Event

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
    plans = {name: SimpleNamespace(need=np.array(need), most_by_route=np.array(route), cells=np.array([1.0, 0.0]))
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
    falling = drawn_uses({"metal": (*metal[:2], {}), "ore": ore}, {NICKEL: (1.0, 0.0), COBALT: (1.0, 0.0)})
    used = falling.used(falling.streams, np.array([[0.0, 0.1, 0.0]]), 1)
    assert used[:, 0] == pytest.approx(np.maximum(1 - less, 0))
    assert (less > 1).any()
    multiples = falling.intensities(falling.streams, 1)  # (row, segment, chemistry, mineral)
    assert multiples[:, 0, 1, :2] == pytest.approx(np.maximum(1 - np.stack([less, under], axis=1), 0))
    assert (multiples[..., 2] == 1).all()


def test_the_origin_of_cells_is_drawn_where_an_observation_has_ends_and_nobody_says_it() -> None:
    """Of the cells of A half are its own, 0.3 to 0.6, and 0.4 China's; the last tenth is of those who are not named. B,
    of which the source prints no ends, uses as many, and C none. Another family comes from where it is made."""
    value = np.array([[0.4, 0.5, 0.1], [0.0, 1.0, 0.0]])
    ends = {"R_A": PlantEnds(0.5, 0.3, 0.6), "CHN": PlantEnds(0.4, 0.4, 0.4), "R_OTH": PlantEnds(0.1, 0.1, 0.1)}
    certain = {"CHN": PlantEnds(0.6, 0.6, 0.6)}
    by_customer = np.array([[0.25, 0.2, 0.05], [0.15, 0.3, 0.05], [0.0, 0.0, 0.0]])

    def origin(configured: bool, *regions: str) -> tuple[np.ndarray, Streams]:
        chokepoints: Any = SimpleNamespace(
            cell_origin=lambda regions, year: value, customers=("A", "B", "C"),
            chain=SimpleNamespace(cell=np.array([[True, False], [False, True]])),
            inputs=SimpleNamespace(
                cell_origin={"A": (2030, ends), "B": (2030, certain)}, countries=("AAA", "CHN", "KOR")
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
    mine = np.stack([0.25 * own / 0.5, np.full(41, 0.2), np.full(41, 0.05)], axis=1) / whole[:, None]
    assert found[:, 0] == pytest.approx(mine + by_customer[1])
    assert (found[:, 1] == value[1]).all()
    assert np.ptp(found[:, 0, 0]) > 0.1


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
