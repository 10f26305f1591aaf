"""Stages of a chain: where a node is needed, what a plan can be made of, and what a stop leaves further down."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import some

from minerals.case.uses import Uses
from minerals.exposure.coverage import Cuts, Supply, access, trade
from minerals.exposure.disruption import losses, supply_gap
from minerals.exposure.factory import Built, Factory, Plan, Routes, Supplied
from minerals.exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain, least, placed

#: One chemistry: what is mined is refined (2 kt a kt), goes into a cathode, and that into the cell.
MINE, REFINED, CATHODE, CELLS = range(4)
USE = np.array([[2.0, 1.0, 1.0, 1.0]])


def chain(chemistries: int = 1) -> Chain:
    into, per = np.zeros((chemistries, 4, 4)), np.zeros((4, 4))
    into[:, MINE, REFINED] = into[:, REFINED, CATHODE] = 1.0
    per[MINE, REFINED] = 2.0
    cell, none = np.zeros((chemistries, 4), dtype=bool), np.zeros(4, dtype=bool)
    cell[:, CELLS] = True
    return Chain(np.array([MINING, REFINING, ACTIVE, CELL]), into, cell, per, none, none)


def plan(home: float = 0.6, own: tuple[float, ...] = (0.0, 10.0, 20.0, 0.0)) -> Plan:
    """100 GWh, 60 of them made at home, where 20 kt of cathode and 10 kt of refined material can be made."""
    return Plan(np.array([100.0]), USE, None, home, np.array(own), chain())


def supplied(factory: Factory, bought: tuple[float, ...], **changes: float) -> Supplied:
    """Own plants as planned, and what is bought, of cells 100."""
    of = factory.plan
    home, imported = (np.array([[changes.get(name, usual)]]) for name, usual in
                      (("home", of.made_at_home[0]), ("imported", of.imported[0])))  # fmt: skip
    return Supplied(of.own_supply[None], np.array([[*bought, 100.0]]), home, imported)


def test_a_node_is_needed_where_its_next_stage_stands() -> None:
    """60 kt of cathode for the 60 GWh made at home, 20 of them made there, which need 20 kt of what is refined; 10 of
    those are refined there and need 20 kt mined. All that is in the 100 GWh: 200, 100 and 100 kt."""
    assert plan().need.tolist() == [20, 20, 60, 100]
    assert plan().flows.from_home.tolist() == [0, 0.5, 1 / 3, 0]
    assert plan().embodied.tolist() == [200, 100, 100, 100]


@pytest.mark.parametrize("own", [(0.0, 100.0, 100.0, 0.0), (0.0, 10.0, 20.0, 0.0)])
@pytest.mark.parametrize("home", [0.0, 0.6, 1.0])
def test_a_plan_that_has_just_what_it_needs_lacks_nothing(home: float, own: tuple[float, ...]) -> None:
    """Nor where all of a node is bought or all of it is one's own; a thousandth less of either is too little."""
    factory = Factory(plan(home, own))
    made = factory.need * factory.plan.flows.from_home
    of = factory.plan

    def short(bought: float, own: float, at_home: float = 1.0, imported: float = 1.0) -> bool:
        rows = (own * made)[None], (bought * (factory.need - made))[None]
        cells = at_home * of.made_at_home[None], imported * of.imported[None]
        return bool(factory._short(Supplied(*rows, *cells)).any())

    assert not short(1, 1)
    assert short(0.999, 1) == (factory.need > made).any()
    assert short(1, 0.999) == (made > 0).any()
    # Nor where caps of its cells let less be made or bought; more than planned is another plan.
    assert not short(1, 1, 0.5, 0.5)
    assert short(1, 1, 1.001) == (home > 0)
    assert short(1, 1, 1, 1.001) == (home < 1)
    # A billionth is rounding.
    assert not short(1 - 0.5e-9, 1 - 0.5e-9, 1 + 0.5e-9, 1 + 0.5e-9)
    assert short(1 - 2e-9, 1) == (factory.need > made).any()
    assert short(1, 1 - 2e-9) == (made > 0).any()


def test_own_plants_of_cells_are_told_apart_from_what_is_made_of_other_nodes() -> None:
    """No node is needed less for cells that are made at home: how many these are says the plan."""
    with_cells = plan(own=(5.0, 10.0, 20.0, 50.0)).flows
    assert with_cells.need.tolist() == [20, 20, 60, 100]
    assert with_cells.from_home.tolist() == [0.25, 0.5, 1 / 3, 0]


def test_what_may_be_scarce() -> None:
    """All that is needed is there, but of what is refined and of cathodes own plants make a part, which may starve."""
    factory = Factory(plan())
    for bought, scarce in (
        ((20, 10, 40), [False, True, True, False]), ((20, 20, 60), [False] * 4),
        ((20 * (1 - 2e-9), 20, 60), [True, False, False, False]), ((20 * (1 - 0.5e-9), 20, 60), [False] * 4),
        ((20, 20 * (1 - 2e-9), 60), [False, True, False, False]), ((20, 20 * (1 - 0.5e-9), 60), [False] * 4),
    ):  # fmt: skip
        assert factory.scarce(supplied(factory, bought)).tolist() == [scarce]
    none_made = Factory(plan(own=(0.0, 0.0, 20.0, 0.0)))
    assert none_made.scarce(supplied(none_made, (0, 40, 40))).tolist() == [[False, False, True, False]]


def test_to_cut_all_alike_goes_stage_by_stage() -> None:
    """8 of 20 kt mined let own plants refine 4 of 10 kt, and with 12 bought 16 of 20 are there: own plants make 16 of
    20 kt of cathode, with 40 bought 56 of 60. Plants that could make more make no more than is planned. From a base of
    30 GWh own plants make 20 of 30 kt of cathode, and 16 with 2 that are bought let 18 be built."""
    factory, base = Factory(plan()), Built(np.array([60.0]), np.array([40.0]))

    def home(bought: tuple[float, ...], base: Built = base, more: float = 1.0, cap: float = 60.0) -> float:
        there = supplied(factory, bought, home=cap)
        found = factory.proportional(replace(there, own=there.own * more), base)
        assert found.imported.tolist() == [[40]]
        return float(found.home[0, 0])

    assert home((8, 12, 40)) == pytest.approx(56)
    assert home((8, 12, 40), more=2.0) == pytest.approx(56)
    assert home((8, 12, 40), more=0.5) == pytest.approx(14 / 20 * 10 + 40)
    assert home((20, 0, 40)) == pytest.approx(50)
    assert home((99, 99, 99)) == 60
    assert home((8, 12, 40), cap=50.0) == 50
    assert home((8, 12, 2), Built(np.array([30.0]), base.imported)) == pytest.approx(18)


def test_of_cells_that_are_too_few_all_can_be_those_made_at_home() -> None:
    factory = Factory(plan())
    there = supplied(factory, (99, 99, 40))
    few = replace(there, bought=np.array([[99.0, 99, 40, 50]]))
    batteries, home = factory.totals(Supplied.joined([there, few]))
    assert batteries == pytest.approx([100, 50])
    assert home == pytest.approx([60, 50])


def graphite(own: float) -> Plan:
    """6 GWh of a first chemistry with 1 kt/GWh of graphite, of which as many are bought elsewhere, 2 of a second with
    2, and 5 without any. Of 10 kt of anodes for those made at home some are made there, a quarter of flake, 2 kt a kt,
    and the rest of coke, 1.5 kt a kt; flake may be a tenth to a half."""
    flake, coke, anode, cell = range(4)
    into = np.zeros((3, 4, 4))
    into[:2, [flake, coke], anode] = 1.0
    use = np.zeros((3, 4))
    use[:, anode], use[:, cell] = [1.0, 2.0, 0.0], 1.0
    routes = Routes(
        np.array([1.0, 2.0, 0.0]), np.array([2.0, 0, 0, 0]), np.array([0, 1.5, 0, 0]), low=0.1, high=0.5, share=0.25
    )
    of = Chain(
        np.array([MINING, REFINING, ACTIVE, CELL]), into, np.arange(4) == np.full((3, 1), cell), np.zeros((4, 4)),
        np.arange(4) == flake, np.arange(4) == coke,
    )  # fmt: skip
    return Plan(np.array([12.0, 2.0, 5.0]), use, routes, np.array([0.5, 1, 1]), np.array([0, 0, own, 0]), of)


@pytest.mark.parametrize(("flake", "coke", "anodes"), [
    (99, 99, 6), (1.2, 8.1, 6), (0.6, 99, 3), (99, 3, 4), (6, 4.5, 6), (1, 3, 2.5), (0, 99, 0), (99, 0, 0),
])  # fmt: skip
def test_graphite_may_change_its_route_in_anodes_that_are_made_at_home(
    flake: float, coke: float, anodes: float
) -> None:
    """Of 6 kt that own plants make as many as flake and coke let, beside 4 that are bought: cells of the second
    chemistry are cut first, whose anodes are twice as heavy."""
    of = graphite(6.0)
    assert of.need == pytest.approx([6 * 0.25 * 2, 6 * 0.75 * 1.5, 10, 19])
    assert of.most_by_route == pytest.approx([20, 15, 0, 0])
    factory = Factory(of)
    there = Supplied(of.own_supply[None], np.array([[flake, coke, 4, 19]]), of.made_at_home[None], of.imported[None])
    batteries, home = factory.totals(there)
    assert home[0] == pytest.approx(5 + min(4 + anodes, 6) + max(anodes - 2, 0) / 2)
    assert batteries[0] == pytest.approx(home[0] + 6)
    # All alike, anodes keep the blend that is planned: the less of the two routes' parts counts, within the bounds.
    alike = factory.proportional(there, Built(of.made_at_home, of.imported))
    nature, synthesis = min(flake / 3, 1), min(coke / 6.75, 1)
    both = 0.25 * nature + 0.75 * synthesis
    part = min(both, 0.25 * nature / 0.1, 0.75 * synthesis / 0.5)
    assert alike.home[0] == pytest.approx(of.made_at_home * [(4 + 6 * part) / 10, (4 + 6 * part) / 10, 1])


@pytest.mark.parametrize(("flake", "natural", "synthetic", "built"), [
    (99, 2, 6, 10), (99, 2, 4, 8), (0, 2, 6, 8), (2, 2, 6, 9), (0, 1, 99, 10), (0, 0.5, 99, 5), (99, 99, 4, 10),
    (99, 99, 2, 5), (0.8, 0, 99, 4),
])  # fmt: skip
def test_anodes_of_one_route_may_be_made_at_home(flake: float, natural: float, synthetic: float, built: float) -> None:
    """10 GWh of 1 kt/GWh, 0.4 of it natural, or a tenth to six tenths. Of natural anodes own plants make 2 kt, of 2 kt
    of flake a kt, and the others are bought, as are those of the other route."""
    into = np.zeros((1, 3, 3))
    into[0, 0, 1] = 1.0
    routes = Routes(np.ones(1), np.array([2.0, 1, 0]), np.array([0.0, 0, 1]), low=0.1, high=0.6, share=0.4)
    of = Chain(
        np.array([REFINING, ACTIVE, ACTIVE]), into, np.zeros((1, 3), dtype=bool), np.zeros((3, 3)),
        np.array([True, True, False]), np.array([False, False, True]),
    )  # fmt: skip
    plan = Plan(np.array([10.0]), np.zeros((1, 3)), routes, 1.0, np.array([0.0, 2, 0]), of)
    assert plan.need == pytest.approx([4, 4, 6])
    there = Supplied(
        plan.own_supply[None], np.array([[flake, natural, synthetic]]), plan.made_at_home[None], plan.imported[None]
    )
    assert Factory(plan).totals(there)[0] == pytest.approx([built])


def test_no_material_closes_a_gap_of_cells() -> None:
    """Of 40 GWh that are bought 15 are left, and nothing of 10 kt of refined material: 10 of 35 GWh come back by as
    many kt of cathode, which is less of its need than of what is refined."""
    factory = Factory(plan())
    without = supplied(factory, (99, 99, 40))
    both, cells = (supplied(factory, (99, kt, 40), imported=15.0) for kt in (0, 99))
    gap = supply_gap(factory, without, both, [0.5, 1.0])
    assert gap == pytest.approx(np.array([[0, 0, 5, 0], [0, 0, 10, 0]]), abs=1e-6)
    assert (supply_gap(factory, without, cells, [0.5, 1.0]) == 0).all()


def test_chemistries_know_the_node_of_their_cells_and_what_goes_into_them() -> None:
    """Of two the second has no node of cells, and takes what is mined besides."""
    two = chain(2)
    two.cell[1] = False
    assert two.cell_of == (CELLS, None)
    assert two.cells == (CELLS,)
    assert two.made.tolist() == [False, True, True, False]
    assert two.direct.tolist() == [[0, 0, 1, 0]] * 2
    assert [at.tolist() for at, _ in two.into_stage] == [[], [REFINED], [CATHODE], []]
    assert two.repeated(1) is two
    assert two.repeated(3).cell_of == (CELLS, None) * 3
    assert len(two.repeated(3).into) == 6
    two.into[1, REFINED, CATHODE] = 0.5
    fresh = replace(two)
    assert [each.tolist() for each in fresh.of_cells(1, np.repeat(USE, 2, axis=0))] == [[REFINED, CATHODE], [], []]
    assert fresh.of_cells(1, np.array([[1.0] * 4, [0.0, 0, 0.5, 1]]))[0].tolist() == [CATHODE]


def test_recipes_count_by_how_much_is_used() -> None:
    """Three chemistries use 1, 2 and 1 kt of cathode; the first makes it of what is refined, the others of what is
    mined too, by the natural route. One that uses none says nothing."""
    of = chain(4)
    of.into[1:, MINE, CATHODE] = 0.5
    of.natural[MINE] = True
    use = np.repeat(USE, 4, axis=0) * np.array([[1.0], [2.0], [1.0], [0.0]])
    found = {(each.node, each.natural.tolist() != []): each for each in of.recipes(use)}
    assert {key: each.weight for key, each in found.items()} == {
        (REFINED, True): 1.0, (CATHODE, False): 0.25, (CATHODE, True): 0.75,
    }  # fmt: skip
    assert found[CATHODE, True].plain.tolist() == [REFINED]
    assert found[CATHODE, True].natural.tolist() == [MINE]


def test_a_stop_of_what_is_refined_spares_what_is_bought_as_cathode() -> None:
    """40 kt of cathode can be bought, and 10 refined at home. Without what is bought of refined material own plants
    make 10 of their 20 kt of cathode: 50 of 60 GWh at home. With 10 kt more to be bought as cathode nothing is lost."""
    factory = Factory(plan())
    without, cut, more = (supplied(factory, bought) for bought in ((99, 99, 40), (99, 0, 40), (99, 0, 50)))
    found = losses(factory, without, Supplied.joined([cut, more]), Supplied.joined([cut, more]))
    assert [each.at_risk for each in found] == [pytest.approx((10, 10)), pytest.approx((0, 0))]
    assert found[0].industry == pytest.approx((10, 10))
    assert found[0].best.imported.tolist() == [40]
    # Refined material and cathode would each help, and nothing else: a hundredth of 20 and of 60 kt more.
    assert factory.best(cut).binding[0] == pytest.approx([0, 0.2, 0.6, 0])


def test_without_mines_own_refining_stops_and_what_is_bought_stays() -> None:
    """What is refined at home needs 2 kt mined a kt: with 8 kt mined and 12 kt of refined material bought, 4 + 12 of
    the 20 kt, so that 16 + 40 GWh are made at home."""
    factory = Factory(plan())
    without, cut = supplied(factory, (99, 99, 40)), supplied(factory, (8, 12, 40))
    (found,) = losses(factory, without, cut, cut)
    assert found.best.home.tolist() == pytest.approx([56])
    assert found.at_risk == pytest.approx((4, 4))


def test_a_stop_of_cells_costs_what_is_bought_and_no_industry() -> None:
    factory = Factory(plan())
    without, cut = supplied(factory, (99, 99, 40)), supplied(factory, (99, 99, 40), imported=15.0)
    (found,) = losses(factory, without, cut, cut)
    assert found.at_risk == (25, 25)
    assert found.industry == (0, 0)


def test_cells_that_are_too_few_cost_batteries_and_no_industry() -> None:
    """Of 100 cells 90 are there: 10 batteries are short, and none of the 60 made at home, in whose place fewer are
    bought. Where cathodes for 50 are left, 10 of those are lost, and no battery more: 40 are bought."""
    factory = Factory(plan())
    without, cut = (Supplied(*(each.copy() for each in vars(supplied(factory, (99, 99, bought))).values()))
                    for bought in (40, 30))  # fmt: skip
    for each in (without, cut):
        each.bought[0, CELLS] = 90.0
    (found,) = losses(factory, without, cut, cut)
    assert found.shortage.sum() == pytest.approx(10)
    assert found.industry_shortage == 0
    assert found.industry == pytest.approx((10, 10))
    assert found.at_risk == pytest.approx((0, 0))


def test_each_of_several_stops_is_told_for_itself() -> None:
    """One that takes nothing, one of what is refined, and one of cathodes too; if others made the cells none of the
    first would be lost, all but a rounding of the second, and 25 by the last."""
    factory = Factory(plan())
    without, *hit = (supplied(factory, bought) for bought in ((99, 99, 40), (99, 99, 40), (99, 0, 40), (99, 0, 30)))
    outside = [supplied(factory, (99, 99, 40), imported=cells) for cells in (40.0, 40 - 0.9e-7, 15.0)]
    found = losses(factory, without, Supplied.joined(hit), Supplied.joined(outside))
    assert [each.can_make for each in found] == [pytest.approx((60, home)) for home in (60, 50, 40)]
    assert [each.at_risk[0] for each in found] == pytest.approx([0, 10, 20])
    assert [each.outside for each in found] == [0, 0, pytest.approx(25)]


def test_if_others_made_the_cells_a_stop_that_spares_the_plan_may_still_cost() -> None:
    """The plan's own cells lack nothing under the stop, and those of other makers would."""
    factory = Factory(plan())
    without = supplied(factory, (99, 99, 40))
    (found,) = losses(factory, without, without, supplied(factory, (99, 99, 40), imported=25.0))
    assert found.at_risk == (0, 0)
    assert found.outside == pytest.approx(15)


def test_two_makers_and_one_node() -> None:
    """Half is made at home, half in the country that closes: it stops cathodes, of which nothing is left, and its cells
    go on. 50 of 100 are lost, all of industry, and all 100 if its cells were made by the others."""
    factory = Factory(plan(0.5, (0.0, 0.0, 0.0, 0.0)))
    without, cut = supplied(factory, (99, 99, 60)), supplied(factory, (99, 99, 0))
    (found,) = losses(factory, without, cut, supplied(factory, (99, 99, 0), home=100.0, imported=0.0))
    assert found.at_risk == (50, 50)
    assert found.industry == (50, 50)
    assert found.outside == pytest.approx(100)


def test_all_users_alike_lose_nothing_where_nothing_is_cut() -> None:
    """50 GWh each of two chemistries, whose cathodes are made at home of 50 kt of one refined material; 50 kt of the
    second cathode can be bought. What is refined goes into the first, and the second is bought: nothing is short. To
    cut both makers alike would build 75 even so. A cut of what is refined by a tenth takes 5 of the first, and half of
    it 25, where cutting alike would take 2.5 and 12.5 of those 75."""
    into, cell = np.zeros((2, 4, 4)), np.zeros((2, 4), dtype=bool)
    into[0, 0, 1] = into[1, 0, 2] = 1.0
    cell[:, 3] = True
    of = Chain(np.array([REFINING, ACTIVE, ACTIVE, CELL]), into, cell, np.zeros((4, 4)), *np.zeros((2, 4), dtype=bool))
    use = np.array([[1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0]])
    two = Plan(np.array([50.0, 50.0]), use, None, 1.0, np.array([0.0, 50.0, 50.0, 0.0]), of)
    factory = Factory(two)

    def there(refined: float) -> Supplied:
        bought = np.array([[refined, 0.0, 50.0, 100.0]])
        return Supplied(two.own_supply[None], bought, two.made_at_home[None], two.imported[None])

    without = there(50)
    assert factory.totals(without)[0] == pytest.approx(100)
    for refined, lost in ((50 * (1 - 1e-7), 5e-6), (45, 5), (25, 25), (0, 50)):
        cut = there(refined)
        (found,) = losses(factory, without, cut, cut)
        assert found.shortage.sum() == 0
        assert found.at_risk == pytest.approx((lost, lost))


def test_where_one_node_binds_the_loss_is_that_share_of_what_uses_it() -> None:
    """share lost = share using it × (1 − accessible ÷ need), with half of 60 kt of cathode: 60 % × ½ of the plan."""
    factory = Factory(plan(0.6, (0.0, 0.0, 0.0, 0.0)))
    (found,) = losses(factory, *(supplied(factory, (0, 0, kt)) for kt in (60, 30, 30)))
    assert found.at_risk[0] / 100 == pytest.approx(0.6 * (1 - 30 / 60), rel=1e-9)
    assert found.proportional.home.tolist() == pytest.approx([30])


def test_what_a_chemistry_uses_by_hand() -> None:
    """Two chemistries and years, three nodes: one use is fixed, and one node is of each route of graphite. The first
    holds 1 kt of graphite a GWh, then 0.5; the second none, then 2."""
    fixed = np.array([[[1.0, 3.0], [0, 0], [0, 0]], [[0, 0], [0, 0], [0.25, 0]]])
    graphite, route = np.array([[1.0, 0.5], [0, 2.0]]), np.array([0.25, 0.75])
    ways = np.array([0, 2.5, 0]), np.array([0, 0, 1.5]), route, np.zeros(3, bool)
    uses, cells = Uses(fixed[None], graphite[None], *ways), np.array([[30.0, 0]])
    assert uses.total(0, cells) == pytest.approx(np.array([[1, 0.25 * 2.5, 0.75 * 1.5], [0, 0, 0.25]]))
    assert uses.total(1, cells) == pytest.approx(np.array([[3, 0.5 * 0.75 * 2.5, 0.5 * 0.25 * 1.5], [0, 3.75, 0.75]]))
    assert uses.ever == pytest.approx(np.array([[3, 2.5, 1.5], [0, 5, 3.25]]))
    assert uses.routed
    assert not Uses(fixed[None], graphite[None], np.zeros(3), np.zeros(3), route, np.zeros(3, bool)).routed
    # A segment that takes twice as much: of the first chemistry it has a third of the cells, of the second none.
    both = Uses(np.stack([fixed, 2 * fixed]), np.stack([graphite, 2 * graphite]), *ways)
    by_segment = np.array([[20.0, 5], [10, 0]])
    assert both.total(0, by_segment) == pytest.approx(uses.total(0, cells) * np.array([[4 / 3], [1]]))
    assert both.planned[1, 1] == pytest.approx(2 * uses.total(1, cells))
    assert both.ever == pytest.approx(2 * uses.ever)


# --- the reference world ---------------------------------------------------------------------------------------------


def test_the_reference_world_needs_each_node_where_the_next_is_made() -> None:
    """Two customers use 60 and 40 GWh, and make 80 and 20 of the cells. The second makes all cathodes, 20 of which it
    needs; of refined material that is where all is needed. Nobody is known to refine it, so that mines serve the makers
    of cathodes."""
    made = np.array([[0, 0], [np.nan, np.nan], [0, 100], [80, 20]])
    cells, cells_made = np.array([[0.6, 0.4]]), np.array([[0.8, 0.2]])
    found = placed(chain(), USE * 100, cells, cells_made, made)
    assert found[CELLS].tolist() == pytest.approx([60, 40])
    assert found[CATHODE].tolist() == pytest.approx([80, 20])
    assert found[REFINED].tolist() == pytest.approx([0, 100])
    assert found.sum(axis=1).tolist() == pytest.approx([200, 100, 100, 100])


def world(refined: tuple[float, ...] = (100.0, 10.0, 0.0), cathode: tuple[float, ...] = (60.0, 0.0, 40.0)) -> Supply:
    """Three customers with one maker each, by node and country. China makes 60 kt of cathode, Korea 40; refined
    material 100 kt in China and 10 in Europe. Cells are made where they are used: 50, 30 and 20."""
    made = np.array([[220.0, 0, 0], refined, cathode, [50.0, 30, 20]])
    need = np.array([[200.0, 20, 0], [60.0, 0, 40], [50.0, 30, 20], [50.0, 30, 20]])
    of = chain()
    return Supply(made, need, np.array([50.0, 30, 20]), np.arange(3), 0.0, of, tuple(of.recipes(USE * 100)))


def stop(node: int, country: int = 0, severity: float = 1.0, *, output: bool = False) -> Cuts:
    none = np.zeros((4, 3))
    cut = none.copy()
    cut[node, country] = severity
    return Cuts(none, cut) if output else Cuts(cut, none)


def test_a_stop_is_followed_to_makers_elsewhere_and_spares_the_country_that_closes() -> None:
    """Korea needs 40 kt of refined material and has the 10 of Europe alone when China stops: a quarter of its 40 kt of
    cathode is made, and as it needs 20 itself, nothing is exported. China makes its cathode as before."""
    usual, after = trade(world()), trade(world(), stop(REFINED))
    assert usual.exported[CATHODE].tolist() == pytest.approx([10, 0, 20])
    assert after.made[CATHODE].tolist() == pytest.approx([60, 0, 10])
    assert after.exported[CATHODE].tolist() == pytest.approx([10, 0, 0])
    # Korea lacks 10 of its 20 kt and shares the 10 that China exports with Europe, by need: 4 of 10.
    assert after.left[CATHODE] == pytest.approx([1, 6 / 30, 14 / 20])
    assert after.left[CELLS] == pytest.approx([1, 1, 1]), "cells are followed by their chemistries"
    assert access(world(), np.array([False, True, False]), stop(REFINED)).accessible[CATHODE] == pytest.approx(6)


def test_several_stops_are_followed_at_once_as_each_is_alone() -> None:
    """Of exports and of output, of what is refined and of cathodes, and one that takes nothing."""
    stops = [stop(REFINED), stop(REFINED, severity=0.5, output=True), stop(CATHODE, 2), stop(MINE, severity=0.0)]
    together = trade(
        world(), Cuts(*(np.stack([getattr(each, kind) for each in stops]) for kind in ("export", "output")))
    )
    for place, each in enumerate(stops):
        for all_of, alone in zip(together, trade(world(), each), strict=True):
            assert all_of[place] == pytest.approx(alone)


def test_an_output_cut_hits_the_makers_of_its_own_country() -> None:
    """Half of China's refined material is gone: it has 50 kt of its own and needs 60. Europe's 10 kt are shared by
    need, 60 to 40, so that China has 56 and makes 56 of its 60 kt of cathode."""
    after = trade(world(), stop(REFINED, severity=0.5, output=True))
    assert after.own[REFINED].tolist() == pytest.approx([50, 10, 0])
    assert after.made[CATHODE][0] == pytest.approx(56)


# --- what must hold --------------------------------------------------------------------------------------------------


def some_chain(rng: np.random.Generator) -> tuple[Chain, np.ndarray]:
    """Three chemistries over two mines, three refined and three active materials, and a cell; their use."""
    stage = np.array([MINING] * 2 + [REFINING] * 3 + [ACTIVE] * 3 + [CELL])
    per_kt = rng.uniform(0.5, 2.0, (2, 3)) * (np.arange(3) // 2 == np.arange(2)[:, None])
    use, into, per = np.zeros((3, 9)), np.zeros((3, 9, 9)), np.zeros((9, 9))
    per[:2, 2:5] = per_kt
    use[:, 8] = 1.0
    for c in range(3):
        actives = 5 + np.flatnonzero(rng.random(3) < 0.7)
        use[c, actives] = rng.uniform(0.2, 2.0, len(actives))
        for r in range(2, 5):
            if len(actives) and rng.random() < 0.8:
                use[c, r] = rng.uniform(0.2, 2.0)
                into[c, r, actives] = rng.dirichlet(np.ones(len(actives))) * rng.choice([1.0, 0.6])
                mine = (r - 2) // 2
                use[c, mine] += use[c, r] * per_kt[mine, r - 2]
                into[c, mine, r] = 1.0
        for mine in range(2):  # shares of a mine's use by the material that it goes into
            parts = np.array([use[c, r] * per[mine, r] for r in range(9)])
            into[c, mine] = parts / parts.sum() if parts.sum() else 0.0
    cell = np.zeros((3, 9), dtype=bool)
    cell[:, 8] = True
    none = np.zeros(9, dtype=bool)
    return Chain(stage, into, cell, per, none, none), use


def some_plan(rng: np.random.Generator) -> Plan:
    of, use = some_chain(rng)
    own = rng.uniform(0, 60, 9) * (rng.random(9) < 0.6) * (of.stage != CELL)
    return Plan(rng.uniform(10, 100, 3), use, None, rng.uniform(0, 1, 3), own, of)


def some_supply(rng: np.random.Generator, of: Plan, least_of: float, most: float) -> Supplied:
    """Own plants as planned, and a part of the need bought beside them."""
    bought = of.need * rng.uniform(least_of, most, len(of.need))
    bought[-1] = of.cells.sum()
    return Supplied(of.own_supply[None], bought[None], of.made_at_home[None], of.imported[None])


@pytest.mark.parametrize("seed", some(range(60), 12))
def test_a_plan_can_be_made_of_what_it_needs(seed: int) -> None:
    """Own supply first and the rest bought is enough for all of it, and less than that of one node is not."""
    rng = np.random.default_rng(seed)
    of = some_plan(rng)
    factory = Factory(of)
    bought = of.need * (1 - of.flows.from_home)
    enough = Supplied(of.own_supply[None], bought[None], of.made_at_home[None], of.imported[None])
    assert factory.totals(enough)[0][0] == pytest.approx(of.cells.sum())
    solved = factory.columns.cells(factory.bases.solve(*factory.bounds(enough)), enough)
    assert solved.cells.sum() == pytest.approx(of.cells.sum(), rel=1e-7)
    assert (of.need <= of.embodied * (1 + 1e-9)).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_is_the_same_in_any_unit(seed: int) -> None:
    """All amounts of a plan and of a stop by ten thousand less: so is what is built, lost and gained."""
    rng = np.random.default_rng(seed)
    of = some_plan(rng)
    without = some_supply(rng, of, 1.0, 1.5)
    cut = replace(without, bought=without.bought * np.where(np.arange(9) < 8, rng.uniform(0, 1, 9), 1.0))
    found = []
    for unit in (1.0, 1e-4):
        plan = Plan(of.cells * unit, of.use, None, of.home, of.own * unit, of.chain)
        factory, both = (
            Factory(plan),
            [
                Supplied(one.own * unit, one.bought * unit, one.home * unit, one.imported * unit)
                for one in (without, cut)
            ],
        )
        assert plan.need == pytest.approx(of.need * unit)
        assert plan.flows.from_home == pytest.approx(of.flows.from_home)
        assert factory.scarce(both[1]).tolist() == Factory(of).scarce(cut).tolist()
        (lost,) = losses(factory, *both, both[1])
        alike = factory.proportional(both[1], Built(plan.made_at_home, plan.imported))
        gained = factory.best(both[1]).binding
        ends = [lost.proportional.home, *alike, *factory.totals(both[1]), gained, lost.at_risk, lost.industry]
        found.append([np.asarray(each) / unit for each in ends])
    for large, small in zip(*found, strict=True):
        assert small == pytest.approx(large, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("seed", some(range(60), 12))
def test_readings_are_ordered_and_what_is_lost_is_at_most_what_is_lost_outside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    of = some_plan(rng)
    factory = Factory(of)
    without = some_supply(rng, of, 0.8, 2.0)
    hit = np.where(rng.random(9) < 0.4, rng.random(9), 1.0)
    hit[-1] = 1.0  # of cells nothing is cut
    cut = replace(without, bought=without.bought * hit)
    # Of what is bought a part is made in the country that closes; as if the others made it, in their shares.
    others = cut.imported * rng.uniform(0, 1, 3)
    grow = of.cells / (cut.home + others)
    outside = replace(cut, home=cut.home * grow, imported=others * grow)
    (found,) = losses(factory, without, cut, outside)
    slack = 1e-6 * of.cells.sum()
    assert -slack <= found.at_risk[0] <= found.at_risk[1] + slack
    assert found.lost[0] <= found.outside + slack
    assert -slack <= found.industry[0] <= found.industry[1] + slack
    alone = factory.totals(Supplied.joined([without, cut]).capped(cut.home, 0 * cut.imported))[0]
    assert of.made_at_home.sum() - alone == pytest.approx(found.industry_shortage + np.array([0, found.industry[0]]))
    assert found.lost[1] <= of.cells.sum() + slack
    for built in (found.base, found.best, found.proportional):
        assert (built.home <= of.made_at_home + slack).all()
        assert (built.imported <= of.imported + slack).all()


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_both_readings_begin_at_nothing_and_grow_with_what_is_cut(seed: int) -> None:
    """Also where not all of the plan can be had without a disruption."""
    rng = np.random.default_rng(seed)
    of = some_plan(rng)
    factory, without = Factory(of), some_supply(rng, of, 0.5, 1.5)
    hit = np.where(rng.random(9) < 0.4, rng.random(9), 0.0)
    hit[-1] = 0.0
    severities = (0.0, 1e-7, 1e-4, 0.2, 0.4, 0.6, 0.8, 1.0)
    cuts = Supplied.joined([replace(without, bought=without.bought * (1 - part * hit)) for part in severities])
    found = np.array([each.at_risk for each in losses(factory, without, cuts, cuts)])
    slack = 1e-6 * of.cells.sum()
    assert (np.diff(found, axis=0) >= -slack).all()
    assert (found[:3] <= np.array([0.0, 1e-6, 1e-3])[:, None] * 50 * of.cells.sum()).all()
    assert (found[:, 0] <= found[:, 1] + slack).all()


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_more_of_a_node_or_a_milder_cut_never_loses_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    of = some_plan(rng)
    factory = Factory(of)
    cut = some_supply(rng, of, 0.2, 1.2)
    lost = of.cells.sum() - factory.totals(cut)[0][0]
    for node in range(8):
        more = cut.more(np.where(np.arange(9) == node, rng.uniform(0, 30), 0.0))
        plants = replace(cut, own=cut.own + np.where(np.arange(9) == node, 5.0, 0.0) * (cut.own > 0))
        for better in (more, plants):
            assert of.cells.sum() - factory.totals(better)[0][0] <= lost + 1e-6 * of.cells.sum()
    levels = [factory.totals(replace(cut, bought=cut.bought * part, own=cut.own))[0][0] for part in (1, 0.7, 0.3, 0)]
    assert (np.diff(levels) <= 1e-6 * of.cells.sum()).all()


@pytest.mark.parametrize("seed", some(range(30), 12))
def test_a_worse_stop_leaves_makers_elsewhere_less_from_no_stop_on(seed: int) -> None:
    """What a stop leaves is followed down the chain: monotone in severity, and continuous at none."""
    rng = np.random.default_rng(seed)
    of, use = some_chain(rng)
    amount = use * rng.uniform(10, 50, (3, 1))
    made = rng.dirichlet(np.ones(4), 9) * amount.sum(axis=0)[:, None] * rng.uniform(0.8, 1.4)
    share = rng.dirichlet(np.ones(4), 3)
    need = placed(of, amount, share, rng.dirichlet(np.ones(4), 3), made)
    here = Supply(made, need, share.sum(axis=0), np.arange(4), 0.0, of, tuple(of.recipes(amount)))
    cut = np.where(rng.random((9, 4)) < 0.3, rng.random((9, 4)), 0.0)
    group = np.array([False, True, False, False])
    levels = [(access(here, group, Cuts(cut * s, cut * 0)).accessible, trade(here, Cuts(cut * s, cut * 0)).left)
              for s in (0.0, 1e-9, 0.4, 0.8, 1.0)]  # fmt: skip
    for before, after in pairwise(levels):
        assert (after[0] <= before[0] + 1e-7).all()
        assert (after[1] <= before[1] + 1e-7).all()
    assert levels[0][0] == pytest.approx(access(here, group).accessible)
    assert levels[1][0] == pytest.approx(levels[0][0], abs=1e-5)


def test_the_least_covered_input_counts_and_graphite_by_its_routes() -> None:
    covered = np.array([[0.9], [0.5], [0.2]])
    assert least(covered, (np.array([0]), np.array([1]), np.array([2])), 0.25).tolist() == pytest.approx([0.275])
    assert least(covered, (np.array([0, 1]), np.array([], int), np.array([], int)), 0.25).tolist() == [0.5]
    assert least(covered, (np.array([0]), np.array([1]), np.array([], int)), 0.25).tolist() == [0.5]
