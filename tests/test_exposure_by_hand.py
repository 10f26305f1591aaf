"""Single functions of exposure, each against what is found by hand: supply in draws, stages, the pool, origins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from minerals.exposure.cell_origin import cell_origin, exports, moved, own_supply
from minerals.exposure.coverage import NOWHERE, Claims, Cuts, Supply, access, to_be_had, trade
from minerals.exposure.disruption import _from
from minerals.exposure.draws import Places, Ranged, laid_together, reached, taken_of, upstream
from minerals.exposure.factory import Built
from minerals.exposure.known import floor, known
from minerals.exposure.stages import Recipe, least

# --- supply in draws -------------------------------------------------------------------------------------------------


class Fixed:
    """Two draws of each input, by its key, in place of streams."""

    def __init__(self, **drawn: tuple[float, float]) -> None:
        self.drawn_of = drawn

    def __len__(self) -> int:
        return 2

    def drawn(self, key: str, *_: float) -> Any:
        return np.array(self.drawn_of[key])


def test_countries_of_a_customer_are_laid_together_but_for_those_that_close() -> None:
    """Four countries, of two customers and of nobody, of which the second and the last are kept apart."""
    places = Places.keeping([1, 3, 1], np.array([0, 1, 1, NOWHERE]), 2)
    assert places.of.tolist() == [0, 3, 1, 4]
    assert places.home.tolist() == [0, 1, NOWHERE, 1, NOWHERE]
    assert places.apart == {1: 3, 3: 4}
    assert places.shared.tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]


def test_what_is_made_in_draws() -> None:
    """Ore: 10 kt, of which the second country has 0.3, then 0.4 before all are scaled to one; the world makes 10, then
    12, half as much for each unit of a need that is twice as large, and 1 that is not drawn. Metal: 4 kt at a
    utilisation of 0.8, then 0.6, which need does not move, and plants to come, of 2 kt, which deliver all, then half, a
    quarter for each unit of a need four times as large. Of the third node nothing is known."""
    nan = np.full(3, np.nan)
    share = np.array([[0.6, 0.3, 0.1], [1.0, 0.0, 0.0], nan])
    low, high = share.copy(), share.copy()
    high[0, 1] = 0.4
    supply = Ranged(
        np.array([[6.0, 3.0, 1.0], [4.0, 0.0, 0.0], nan]), share, np.stack([low, high]), [["", "second", ""]] * 3,
        np.array([10.0, 0.8, 0.0]), np.array([[8.0, 0.6, 0.0], [12.0, 0.9, 0.0]]), ["world", "plants", ""],
        np.array([False, True, False]), np.array([[0.0, 0, 0], [0, 0, 2], [0, 0, 0]]), np.array([0.5, 1.0]), "delivery",
        np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    )  # fmt: skip
    streams: Any = Fixed(second=(0.3, 0.4), world=(10, 12), plants=(0.8, 0.6), delivery=(1, 0.5))
    places = Places.keeping([1], np.array([0, 1, NOWHERE]), 2)
    made = supply.made(streams, np.arange(3), places, np.array([[2.0, 4.0, 1.0]]))
    assert made.shape == (2, 3, 4)
    assert made[:, 0] == pytest.approx(np.array([[3.5, 0, 0.5, 1.5], [6 * 0.6 / 1.1 + 0.5, 0, 0.6 / 1.1, 2.4 / 1.1]]))
    assert made[:, 1] == pytest.approx(np.array([[4, 0, 0.5, 0], [4 * 0.8 / 0.6, 0, 0.25, 0]]))
    assert np.isnan(made[:, 2]).all()
    alone = supply.made(streams, np.array([1]), places)
    assert alone[:, 0] == pytest.approx(np.array([[4, 0, 2, 0], [4 * 0.8 / 0.6, 0, 1, 0]]))


# --- stages ----------------------------------------------------------------------------------------------------------

NONE = np.zeros(0, dtype=np.intp)


def recipe(node: int, *inputs: int, natural: tuple[int, ...] = (), synthetic: tuple[int, ...] = ()) -> Recipe:
    return Recipe(node, 1.0, *(np.array(each, dtype=np.intp) for each in (inputs, natural, synthetic)))


def test_supply_of_some_nodes_knows_of_these_alone() -> None:
    """Metal 1 is made of ore 0 and acid 2; cathodes 3 of metal. Among acid and cathodes none is made of another; among
    metal and ore metal is, of ore alone. Countries of a customer are laid together."""
    assumed = np.array([[0.5, 0.3, 0.2]] * 4) * np.arange(1, 5)[:, None] / 4
    supply = Supply(
        np.ones((4, 3)), np.arange(8.0).reshape(4, 2), np.ones(2), np.array([0, 0, NOWHERE]), np.full((4, 2), 0.5),
        recipes=(recipe(1, 0, natural=(2,)), recipe(3, 1)), assumed=assumed,
    )  # fmt: skip
    places = Places.keeping([], supply.home, 2)
    one, other = (laid_together(supply, np.ones((1, 2, 3)), np.array(nodes), places) for nodes in ([2, 3], [1, 0]))
    assert [(each.node, each.plain.tolist()) for each in one.recipes] == [(1, [])]
    assert [(each.node, each.plain.tolist(), each.natural.tolist()) for each in other.recipes] == [(0, [1], [])]
    assert other.need.tolist() == [[2, 3], [0, 1]]
    assert other.gross.tolist() == [[2.5, 3.5], [0.5, 1.5]]
    assert other.assumed == pytest.approx(np.array([[0.4, 0, 0.1], [0.2, 0, 0.05]]))


def test_a_disruption_reaches_what_is_made_of_a_node_and_what_else_that_takes() -> None:
    """Ore 0 goes into metal 1, with acid 5 into cathodes 2, these into cells 3. Coke 6 or flake 7 into anodes 4, and
    these into cells of their own, 8. A stop of ore takes no anodes; of acid it takes no ore, but ore is looked at."""
    recipes = (recipe(1, 0), recipe(2, 1, 5), recipe(3, 2), recipe(4, natural=(7,), synthetic=(6,)), recipe(8, 4))

    def nodes(mask: Any) -> list[int]:
        return np.flatnonzero(mask).tolist()

    def of(*hit: int) -> tuple[list[int], list[int]]:
        found, with_inputs = reached(recipes, np.isin(np.arange(9), hit))
        return nodes(found), nodes(with_inputs)

    assert of(0) == ([0, 1, 2, 3], [0, 1, 2, 3, 5])
    assert of(5) == ([2, 3, 5], [1, 2, 3, 5])
    assert of(6) == ([4, 6, 8], [4, 6, 7, 8])
    assert of(3) == ([3], [2, 3])
    assert nodes(upstream(recipes, np.isin(np.arange(9), [2]))) == [0, 1, 2, 5]
    assert nodes(upstream(recipes, np.isin(np.arange(9), [8]))) == [4, 6, 7, 8]
    assert reached((), np.array([True, False]))[1].tolist() == [True, False]


def test_of_two_routes_each_counts_by_its_share_within_its_bounds() -> None:
    """A quarter is natural, of which 0.2 is had, and 0.8 of the rest: 0.05 + 0.6. Natural must be a tenth at least, so
    that 0.5 is had; synthetic a half at least, which is no limit, or nine tenths, of which 0.6 is two thirds. What goes
    in besides counts too, and an input by one route alone in full."""
    covered = np.array([[0.9], [0.2], [0.8]])
    plain, nature, synthesis = (np.array([n]) for n in range(3))
    assert least(covered, (NONE, nature, synthesis), 0.25) == pytest.approx([0.65])
    assert least(covered, (NONE, nature, synthesis), 0.25, (0.1, 0.5)) == pytest.approx([0.5])
    assert least(covered, (NONE, nature, synthesis), 0.05, (0.0, 0.1)) == pytest.approx([0.77])
    assert least(np.array([[0.9], [1.0], [0.2]]), (NONE, nature, synthesis), 0.25, (0, 0.4)) == pytest.approx([0.25])
    assert least(covered, (NONE, nature, NONE), 0.25, (0.1, 0.5)) == pytest.approx([0.2])
    assert least(covered, (plain, nature, synthesis), 1.0, (0.0, 1.0)) == pytest.approx([0.2])
    assert least(covered, (plain, NONE, NONE), 0.25) == pytest.approx([0.9])
    assert least(covered * 2, (plain, NONE, NONE), 0.25) == pytest.approx([1.0])


# --- the pool --------------------------------------------------------------------------------------------------------


def test_a_pool_is_shared_up_to_what_the_others_lack() -> None:
    """Weights 1, and 1 and 2 of others, who lack 4 and 100. Of 30 the first other has its 4, and 26 are shared 1 to 2.
    Of 200 both have all they lack. Without a weight the group has what they leave."""
    claims = Claims(np.ones(3), np.array([[1.0, 2.0]] * 3), np.array([[4.0, 100.0]] * 3))
    assert claims.taken(np.array([30.0, 200.0, 0.0])) == pytest.approx([26 / 3, 96, 0])
    assert claims.left(np.array([30.0, 200.0, 104.5])) == pytest.approx([0, 96, 0.5])
    without = Claims(np.zeros(3), claims.weights, claims.lacked)
    assert without.taken(np.array([30.0, 200.0, 0.0])) == pytest.approx([0, 96, 0])
    small = Claims(claims.weight / 1e4, claims.weights / 1e4, claims.lacked / 1e4)
    assert small.taken(np.array([30.0, 200.0, 0.0]) / 1e4) == pytest.approx(np.array([26 / 3, 96, 0]) / 1e4)
    endless = Claims(np.array([1.0]), np.array([[3.0, 0.0]]), np.full((1, 2), np.inf))
    assert endless.taken(np.array([8.0])) == pytest.approx([2])


def some_supply(scale: float = 1.0) -> Supply:
    """Two customers, at home with the first two of three countries. Ore: 6, 1 and 2 kt for needs of 3 and 5; metal that
    nobody needs; and a node of which nothing is known."""
    made = np.array([[6.0, 1.0, 2.0], [1.0, 0.0, 0.0], [np.nan] * 3])
    need = np.array([[3.0, 5.0], [0.0, 0.0], [1.0, 1.0]])
    return Supply(made * scale, need * scale, np.array([10.0, 20.0]) * scale, np.array([0, 1, NOWHERE]))


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_what_customers_have_of_what_they_need(scale: float) -> None:
    """The first makes 6, keeps 3 and exports 3; the second lacks 4 and has 3 + 2 in the pool: all it lacks. A stop of
    both exporters leaves it its own 1. That holds in any unit."""
    supply = some_supply(scale)
    assert supply.needed.tolist() == [True, False, True]
    assert supply.unknown.tolist() == [False, False, True]
    assert supply.weights == pytest.approx(np.array([[3, 5], [10, 20], [1, 1]]) * scale)
    assert supply.usually == pytest.approx(np.array([[3, 5], [0, 0], [0, 0]]) * scale)
    cut = np.zeros((3, 3))
    stopped = trade(supply, Cuts(np.where(np.arange(3) == 1, 0.0, 1.0) + cut, cut))
    assert stopped.left[:2] == pytest.approx(np.array([[1, 1 / 5], [1, 1]]))
    half = trade(supply, Cuts(cut + np.array([0.5, 0, 0]), cut + np.array([0, 0, 0.5])))
    assert half.left[0] == pytest.approx([1, (1 + 1.5 + 1) / 5])
    assert half.exported[0] == pytest.approx(np.array([1.5, 0, 1]) * scale)
    own_cut = trade(supply, Cuts(cut, cut + np.array([0.6, 0, 0])))
    assert own_cut.lacked[0] == pytest.approx(np.array([0.6, 4]) * scale)
    # 2 kt for 0.6 and 4 that lack, by 3 and 5 of need, in which the first has all it lacks.
    assert own_cut.left[0] == pytest.approx([1, (1 + 1.4) / 5])


def test_customers_have_their_own_and_their_part_of_the_pool() -> None:
    """Each of three needs 10. The first makes 4 and the second 12; 8 are exported to the first and the third, by equal
    need; then 20; and to a first that makes 8, which lacks 2. Of a node of which nothing is known nobody has any."""
    need = np.full((4, 3), 10.0)
    supply = Supply(np.zeros((4, 1)), need, np.ones(3), np.array([NOWHERE]))
    own = np.array([[4.0, 12, 0], [4, 12, 0], [8, 12, 0], [np.nan] * 3])
    exported = np.array([[8.0], [20], [8], [np.nan]])
    found = supply.served(own, exported, np.maximum(need - own, 0))
    assert found == pytest.approx(np.array([[8, 10, 4], [10, 10, 10], [10, 10, 6], [0, 0, 0]]))
    some = np.array([2])
    assert supply.served(own[some], exported[some], np.maximum(need - own, 0)[some], some) == pytest.approx(found[some])
    # Who has no weight in the pool takes nothing of it, however much there is.
    weightless, two = replace(supply, recovered=np.array([0.0, 0.0, -10.0])), np.arange(2)
    none = weightless.served(own[two], exported[two], np.maximum(need - own, 0)[two], two)
    assert none == pytest.approx(np.array([[10, 10, 0]] * 2))


def test_what_nobody_knows_of_is_cut_by_an_assumed_share() -> None:
    """The countries have 0.5, 0.3 and 0.2; the first stops its exports, which spares its home, and half of the output
    of the last is cut. Then a half of both of the first: three quarters abroad, and a half at home."""
    assumed, none = np.array([[0.5, 0.3, 0.2]]), np.zeros((1, 3))
    supply = Supply(np.full((1, 3), np.nan), np.ones((1, 2)), np.ones(2), np.array([0, 1, NOWHERE]), assumed=assumed)
    cut = Cuts(np.array([[1.0, 0, 0]]), np.array([[0, 0, 0.5]]))
    assert supply.left_of_unknown(cut) == pytest.approx(np.array([[0.9, 0.4]]))
    half = np.array([[0.5, 0, 0]])
    assert supply.left_of_unknown(Cuts(half, half)) == pytest.approx(np.array([[0.75, 0.625]]))
    assert replace(supply, assumed=None).left_of_unknown(cut) == 1
    assert trade(supply, cut).left == pytest.approx(np.array([[0.9, 0.4]]))
    assert trade(supply, Cuts(none, none)).left == pytest.approx(np.ones((1, 2)))


def test_what_may_be_had_is_what_is_left_and_what_nobody_lacks() -> None:
    """5 are exported and 4 lacked. Of what nobody needs, or knows of, there is no limit."""
    supply = some_supply()
    infinite = [[np.inf] * 2] * 2
    assert to_be_had(supply, supply.undisturbed).tolist() == [[4, 6], *infinite]
    cut = trade(supply, Cuts(np.where(np.arange(3) == 0, 1.0, np.zeros((3, 3))), np.zeros((3, 3))))
    assert to_be_had(supply, cut) == pytest.approx(np.array([[3, 3], *infinite]))


def test_output_is_cut_of_the_nodes_whose_makers_are() -> None:
    """In the second of two disruptions, of the second node: its own makers alone have less."""
    export, output = np.zeros((2, 3, 3)), np.zeros((2, 3, 3))
    output[1, 1, 0], export[0, 0, 0] = 0.5, 1.0
    cuts = Cuts(export, output)
    assert cuts.makers.tolist() == [1]
    assert cuts.nodes.tolist() == [[True, False, False], [False, True, False]]
    reach = access(some_supply(), np.array([True, False]), cuts)
    assert reach.own[:, :2].tolist() == [[6, 1], [6, 0.5]]
    assert np.isinf(reach.accessible[:, 2]).all()
    second = reach.take(1)
    assert second.own[:2].tolist() == [6, 0.5]
    assert second.claims.lacked.shape == (3, 1)


def test_several_disruptions_at_once_are_each_as_it_is_alone() -> None:
    """Four of them, of which the first takes nothing; of the last node a share of each country is assumed."""
    supply, rng = replace(some_supply(), assumed=np.full((3, 3), [0.5, 0.3, 0.2])), np.random.default_rng(1)
    export, output = rng.random((2, 4, 3, 3)) * np.arange(4)[:, None, None] / 3
    together, group, member = Cuts(export, output), np.array([False, True]), np.array([1.0, 0.5, 0.0])
    traded, reach = trade(supply, together), access(supply, group, together)
    for at in range(4):
        cuts = Cuts(export[at], output[at])
        alone, mine = trade(supply, cuts), access(supply, group, cuts)
        for all_of, one in zip(traded, alone, strict=True):
            assert all_of[at] == pytest.approx(one, nan_ok=True)
        assert supply.left_of_unknown(together)[at] == pytest.approx(supply.left_of_unknown(cuts))  # type: ignore[index]
        assert to_be_had(supply, traded)[at] == pytest.approx(to_be_had(supply, alone))
        for each in (reach, reach.take(at)):
            row = at if each is reach else ...
            assert each.accessible[row] == pytest.approx(mine.accessible)
            assert each.from_members(member)[row] == pytest.approx(mine.from_members(member))
            assert [end[row].tolist() for end in each.bounds] == [pytest.approx(end.tolist()) for end in mine.bounds]
        assert together.nodes[at].tolist() == cuts.nodes.tolist()
    assert traded.left[0] == pytest.approx(1)
    assert together.makers.tolist() == [0, 1, 2]


def test_what_countries_of_the_group_export_is_in_its_own() -> None:
    """Both have all 9 kt that are made. To the second 3 kt from the first and 2 from elsewhere are exported, which
    nobody else lacks; the first has of these 2 its part by needs of 3 and 5. That holds in any unit."""
    both = access(some_supply(), np.array([True, True]))
    assert both.exported[0].tolist() == [0, 0, 2]
    assert both.accessible[0] == 9
    for unit in (1.0, 1e-4):
        assert access(some_supply(unit), np.array([False, True])).share[0] == pytest.approx(1)
        assert access(some_supply(unit), np.array([True, False])).share[0] == pytest.approx(3 / 8)
        assert access(some_supply(unit), np.array([True, False])).accessible[0] == pytest.approx(6.75 * unit)


def test_nodes_that_are_cut_are_those_of_which_anything_is() -> None:
    cuts = Cuts(np.array([[0.0, 0.5], [0.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.2, 0.0], [0.0, 0.0]]))
    assert cuts.nodes.tolist() == [True, True, False]


def test_what_stands_inside_loses_its_output_alone() -> None:
    """Half inside, half abroad; a tenth of all output is cut, and half of exports."""
    cuts = Cuts(np.full((1, 2), 0.5), np.full((1, 2), 0.1))
    assert taken_of(np.array([[0.5, 0.5]]), cuts, np.array([True, False])) == pytest.approx([0.05 + 0.5 * 0.55])


# --- supply that is known ---------------------------------------------------------------------------------------------


def test_supply_is_published_or_of_plants_or_by_need() -> None:
    """Of the first node 10 kt are published, by shares, and 1 is announced; no floor. Of the second the list of plants
    is whole: 4 and 2, beside 7 that stand in a country without any. Of the third it is not: the need of 20 by shares, 1
    announced, and as 11 stand in the second country, 3 more than its 8."""
    share = np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0], [0.6, 0.4, 0.0]])
    plants = np.array([[1.0, 1, 1], [4, 2, 0], [1, np.nan, 1]])
    standing = np.array([[0.0, 9, 0], [0, 0, 7], [0, 11, 0]])
    found = known(
        share, np.array([10, np.nan, np.nan]), plants, np.array([99.0, 99, 20]), np.full((3, 3), [0.0, 0, 1]), standing,
        np.array([0, 1, NOWHERE]), np.zeros(3, dtype=bool),
    )  # fmt: skip
    assert found.world.tolist() == [10, 6, 20]
    assert found.fill == ("published", "plants", "need ÷ utilisation")
    assert found.by_share == pytest.approx(np.array([[5, 3, 2], [0, 0, 0], [12, 8, 0]]))
    assert found.added == pytest.approx(np.array([[0, 0, 1], [4, 2, 7], [0, 3, 1]]))
    assert found.made == pytest.approx(np.array([[5, 3, 3], [4, 2, 7], [12, 11, 1]]))


@pytest.mark.parametrize("unit", [1.0, 1e-4])
def test_what_stands_beyond_what_is_made_is_a_floor(unit: float) -> None:
    """The first makes most. The second, of which nothing is said, has 5 kt of plants, of which a group at its home
    holds 2; the third, of no home, 3. Of these 3 + 3 a group without a home holds 1. The last is named and lacks 1.5.
    Nothing is said of a node of which the output of any country is unknown, and none stands below what is made."""
    made = np.array([[6, 0, 0, 2, 1, 0.5], [6, 0, 0, 2, 1, np.nan], [6, 5, 3, 2, 1, 2]])
    standing = np.array([[9, 5, 3, 0, 0, 2.0]] * 3)
    home, group = np.array([0, 1, NOWHERE, 1, NOWHERE, 0]), np.array([False, False, False, True, True, False])
    found = floor(made * unit, standing * unit, home, group)
    assert found == pytest.approx(np.array([[0, 2.5, 2.5, 0, 0, 1.5], [0] * 6, [0] * 6]) * unit)


# --- moved origins ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1.0, 1e-4])
def test_cells_come_from_own_plants_first_and_then_from_what_others_export(unit: float) -> None:
    """The first customer needs 10 and makes 6; the second needs 20 and could make 12 and 36 at its two plants, which
    make 5 and 15 for it. 28 of theirs are exported, and all 7 of one who is nobody's: of the other 4 the first has four
    fifths from those and a fifth from this. The third needs nothing. In the second year nobody makes anything, then the
    plant of the first alone."""
    need = np.array([[10.0] * 3, [20.0] * 3, [0.0] * 3]) * unit
    output = np.array([[6.0, 0, 30], [12, 0, 0], [36, 0, 0], [7, 0, 0]]) * unit
    home = np.array([[1.0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    own, exported, origin = (found(need, output, home) for found in (own_supply, exports, cell_origin))
    assert own[0] == pytest.approx(np.array([[6, 0, 10], [0, 0, 0], [0, 0, 0], [0, 0, 0]]) * unit)
    assert own[1] == pytest.approx(np.array([[0, 0, 0], [5, 0, 0], [15, 0, 0], [0, 0, 0]]) * unit)
    assert exported == pytest.approx(np.array([[0, 0, 20], [7, 0, 0], [21, 0, 0], [7, 0, 0]]) * unit)
    assert origin[0, :, 0] == pytest.approx([0.6, 0.08, 0.24, 0.08])
    assert origin[0, :, 2] == pytest.approx([1, 0, 0, 0])
    assert origin[1, :, 0] == pytest.approx([0, 0.25, 0.75, 0])
    assert origin[1, :, 2] == pytest.approx([1, 0, 0, 0])
    assert np.isnan(origin[:, :, 1]).all()
    assert np.isnan(origin[2]).all()


def test_an_observed_origin_moves_with_what_makers_make() -> None:
    """Home had 0.5 of the cells and 0.4 of the world's, where it has 0.2 now: 0.25. Of those abroad one makes half of
    what it did, the second as much, and one that was not there 0.15 of the world: as 0.15 to 0.2 and 0.15."""
    observed, before = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.4, 0.3, 0.3, 0.0])
    now, own = np.array([0.2, 0.15, 0.3, 0.15]), np.array([1.0, 0.0, 0.0, 0.0])
    assert moved(observed, before, now, own) == pytest.approx([0.25, 0.225, 0.3, 0.225])
    # Own plants go first, up to all, and share that as they make it.
    assert moved(observed, before, np.array([1.0, 0.15, 0.3, 0.15]), own) == pytest.approx([1, 0, 0, 0])
    two = np.array([1.0, 1.0, 0.0, 0.0])
    assert moved(observed, before, np.array([0.2, 0.2, 0.3, 0.0]), two) == pytest.approx([0.25, 0.2, 0.55, 0])
    # Where nobody is left abroad all comes from home, and where nobody is left at all nothing is known.
    at_home = np.array([1.0, 0.0])
    assert moved(np.array([0.6, 0.4]), np.array([0.5, 0.5]), np.array([0.1, 0.0]), at_home) == pytest.approx([1, 0])
    assert moved(np.array([0.6, 0.4]), np.array([0.5, 0.5]), np.array([0.0, 0.0]), at_home) == pytest.approx([0, 0])


# --- plans that a rule cuts ------------------------------------------------------------------------------------------


def test_what_is_left_of_a_base_is_less_by_what_the_rule_takes_and_at_most_the_best() -> None:
    """Of 0.6 GWh made at home and 0.4 bought the rule would build 0.5 and 0.4 anyway. A stop that leaves it 0.3 and 0.1
    takes 0.2 and 0.3, and one that leaves nothing 0.5 and 0.4; of the best of 0.35 the second has its part at home."""

    def built(home: list[float], imported: list[float]) -> Built:
        return Built(np.array(home)[:, None], np.array(imported)[:, None])

    base = Built(np.array([0.6]), np.array([0.4]))
    found = _from(
        base, built([0.5], [0.4]), built([0.3, 0.3, 0.0], [0.1, 0.1, 0.0]), built([0.9, 0.2, 0.9], [0, 0.05, 0])
    )
    assert found.imported[:, 0] == pytest.approx([0.1, 0.1, 0.0])
    assert found.home[:, 0] == pytest.approx([0.4, 0.15, 0.1])
