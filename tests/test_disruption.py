"""Coverage and GWh at risk: hand-solved cases, then what must hold for any world, plan and disruption."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import some

from minerals.exposure.bases import Bases
from minerals.exposure.coverage import NOWHERE, Cuts, Supply, access, covered, sourcing, stockpiled, trade
from minerals.exposure.disruption import Array, Loss, _from, at_risk, losses, lost_by, touches
from minerals.exposure.disruption import supply_gap as gap_of
from minerals.exposure.factory import Built, Factory, Plan, Routes, Supplied
from minerals.exposure.stages import ACTIVE, CELL, Chain

# ---------------------------------------------------------------------- coverage by hand

#: One node. China (home in customer 0) makes 80 and needs 50, Finland (home in customer 1) makes 5 and customer 1 needs
#: 25, Chile has no home and makes 25; customer 2 needs 25 and makes nothing. 110 made, 100 needed.
CHINA, FINLAND, CHILE = range(3)
WORLD = Supply(
    made=np.array([[80.0, 5.0, 25.0]]),
    need=np.array([[50.0, 25.0, 25.0]]),
    batteries=np.array([50.0, 25.0, 25.0]),
    home=np.array([0, 1, NOWHERE]),
)
EUROPE = np.array([False, True, False])


def cuts(world: Supply, kind: str, country: int, severity: float, node: int = 0) -> Cuts:
    """A cut of one flow."""
    none = np.zeros_like(world.made)
    cut = none.copy()
    cut[node, country] = severity
    return Cuts(cut, none) if kind == "export" else Cuts(none, cut)


def test_a_customer_serves_itself_and_exports_the_rest() -> None:
    reach = access(WORLD, EUROPE)
    assert reach.exported.tolist() == [[30.0, 0.0, 25.0]]  # Finland is at home in the group
    assert reach.own.tolist() == [5.0]
    # Of 55 exported customer 2 takes 25, all that it lacks, and leaves 30.
    assert reach.share.tolist() == pytest.approx([30 / 55])
    assert reach.accessible.tolist() == pytest.approx([35])
    assert reach.bounds == (pytest.approx(np.array([35.0])), pytest.approx(np.array([60.0])))


def test_an_export_stop_leaves_the_others() -> None:
    """Both need 25 in the reference world, so they halve what is exported, as long as neither has all it lacks."""
    reach = access(WORLD, EUROPE, cuts(WORLD, "export", CHINA, 1.0))
    assert reach.accessible.tolist() == pytest.approx([5 + 25 / 2])
    assert reach.bounds == (pytest.approx(np.array([5.0])), pytest.approx(np.array([30.0])))
    half = access(WORLD, EUROPE, cuts(WORLD, "export", CHINA, 0.5))
    assert half.accessible.tolist() == pytest.approx([5 + 40 / 2])


#: Three customers that need 50, 30 and 20 of a node and make 0, 24 and 0 of it; 60 come from elsewhere.
THREE = Supply(
    made=np.array([[24.0, 60.0]]),
    need=np.array([[50.0, 30.0, 20.0]]),
    batteries=np.ones(3),
    home=np.array([1, NOWHERE]),
)


def test_what_a_customer_leaves_is_shared_again() -> None:
    """Of 60 the weights 50, 30 and 20 would give 30, 18 and 12. The second lacks 6 and leaves 12, which the others
    share by 50 and 20: 54 · 5/7 and 54 · 2/7, within the 20 that the third lacks."""
    group = np.array([True, False, False])
    assert access(THREE, group).accessible.tolist() == pytest.approx([54 * 5 / 7])
    # With 90 the third would get 84 · 2/7 = 24 but lacks only 20: the first has the rest, more than the 50 it needs.
    more = replace(THREE, made=np.array([[24.0, 90.0]]))
    assert access(more, group).accessible.tolist() == pytest.approx([90 - 6 - 20])
    # The second, if assessed, has its whole part of the pool beside its own 24.
    assert access(THREE, np.array([False, True, False])).accessible.tolist() == pytest.approx([24 + 60 * 0.3])
    assert access(THREE, np.array([True, False, True])).accessible.tolist() == pytest.approx([54])
    assert access(THREE, np.ones(3, bool)).accessible.tolist() == pytest.approx([84])


def test_what_only_some_exporters_leave_is_shared_again() -> None:
    """China's 30 alone: 15 each. Chile's 25 alone: 12.5 each, not the 25 / 55 of what all exports would give."""
    reach = access(WORLD, EUROPE)
    assert reach.from_members(np.array([1.0, 0.0, 0.0])).tolist() == pytest.approx([5 + 15])
    assert reach.from_members(np.array([[0.0, 0.0, 1.0]])).tolist() == pytest.approx([5 + 12.5])
    assert reach.from_members(np.ones(3)).tolist() == reach.accessible.tolist()


def test_recycling_lowers_what_others_lack_but_no_weight() -> None:
    """Customer 2 recovers 15 of its 25: it lacks 10, of 25 exported."""
    world = replace(WORLD, need=np.array([[50.0, 25.0, 10.0]]), recovered=np.array([[0.0, 0.0, 15.0]]))
    assert access(world, EUROPE, cuts(world, "export", CHINA, 1.0)).accessible.tolist() == pytest.approx([5 + 15])
    poor = replace(world, made=np.array([[50.0, 5.0, 12.0]]))
    assert access(poor, EUROPE).accessible.tolist() == pytest.approx([5 + 6])  # by 25 and 25


def test_a_group_that_needs_nothing_gets_what_the_others_leave() -> None:
    group = np.array([False, True, False])
    for exported, left in ((20.0, 0.0), (25.0, 0.0), (40.0, 15.0)):
        world = replace(WORLD, made=np.array([[50.0, 0.0, exported]]), need=np.array([[50.0, 0.0, 25.0]]))
        assert access(world, group).accessible.tolist() == pytest.approx([left])


def test_more_at_home_never_makes_less_accessible() -> None:
    """Own output of 99.9, 100 and 100.1 where the reference world needs 100 and others export 50."""
    world = Supply(np.array([[0.0, 50.0]]), np.array([[100.0]]), np.array([100.0]), np.array([0, NOWHERE]))
    for own in (0.0, 99.9, 100.0, 100.1):
        now = replace(world, made=np.array([[own, 50.0]]))
        assert access(now, np.array([True])).accessible.tolist() == pytest.approx([own + 50])


def test_a_country_whose_output_is_cut_competes_for_the_rest() -> None:
    """At 0.75 China makes 20, exports nothing and lacks 30 itself: 25 are shared by needs of 50, 25 and 25."""
    reach = access(WORLD, EUROPE, cuts(WORLD, "output", CHINA, 0.75))
    assert reach.exported.sum() == 25
    assert reach.share.tolist() == pytest.approx([25 / 100])
    own = access(WORLD, np.array([True, False, False]), cuts(WORLD, "output", CHINA, 0.75))
    assert own.accessible.tolist() == pytest.approx([20 + 50 / 100 * 25])


def test_an_export_stop_costs_its_own_region_nothing() -> None:
    china = np.array([True, False, False])
    stop = cuts(WORLD, "export", CHINA, 1.0)
    assert access(WORLD, china, stop).accessible.tolist() == access(WORLD, china).accessible.tolist()


def test_regions_that_share_a_pool_reach_all_of_it() -> None:
    """Everybody outside China together: what the others make, and what China exports."""
    outside = np.array([False, True, True])
    assert access(WORLD, outside).accessible.tolist() == pytest.approx([5 + 25 + 30])
    assert access(WORLD, outside, cuts(WORLD, "export", CHINA, 1.0)).accessible.tolist() == pytest.approx([30])


def test_where_the_reference_needs_nothing_batteries_share_the_pool() -> None:
    """A quarter of 110, as nobody is at home to any of it; what others would take at most is not known."""
    unused = replace(WORLD, need=np.zeros((1, 3)))
    reach = access(unused, EUROPE)
    assert reach.share.tolist() == pytest.approx([0.25])
    assert reach.bounds[0].tolist() == [5.0]


def test_what_is_unknown_does_not_bind() -> None:
    unknown = replace(WORLD, made=np.full((1, 3), np.nan))
    assert access(unknown, EUROPE).accessible.tolist() == [np.inf]
    assert np.isnan(covered(np.array([np.inf]), np.array([10.0]))).all()


def test_a_stockpile_replaces_what_is_taken_away_and_no_more() -> None:
    without, cut, need = np.array([30.0, 30.0]), np.array([10.0, 30.0]), np.array([24.0, 24.0])
    assert stockpiled(cut, without, need, 3).tolist() == [16.0, 30.0]
    assert stockpiled(cut, without, need, 24).tolist() == [30.0, 30.0]


def test_sourcing_takes_own_supply_first() -> None:
    inside = np.where(np.array([False, True, False]), WORLD.made, 0.0)
    own, by_country = sourcing(access(WORLD, EUROPE), inside, np.array([25.0]))
    assert own.tolist() == [0.2]
    assert by_country[0] == pytest.approx([0.8 * 30 / 55, 0.2, 0.8 * 25 / 55])
    assert by_country.sum() == pytest.approx(1)


def test_what_is_not_needed_or_not_known_has_no_share_and_no_coverage() -> None:
    """Of 10 kt needed 5 are there, or nobody knows; of the third nothing is needed, of which 4 kt are made inside."""
    need = np.array([10.0, 10.0, 0.0, 10.0])
    found = covered(np.array([5.0, np.inf, 5.0, np.nan]), need)
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()
    made = np.array([[20.0, 0.0], [np.nan, np.nan], [4.0, 4.0], [0.0, 5.0]])
    group = np.array([True, False])
    for unit in (1.0, 1e-3):
        world = Supply(made * unit, np.full((4, 2), 10.0 * unit), np.ones(2), np.array([0, NOWHERE]))
        reach = access(world, group)
        own, share = sourcing(reach, world.made * [1.0, 0.0], need * unit)
        assert own[[0, 2, 3]].tolist() == [1, 1, 0]
        assert share[[0, 2, 3]].tolist() == [[1, 0], [1, 0], [0, 1]]
        assert np.isnan(share[1]).all()
        assert reach.share[[0, 2, 3]] == pytest.approx([0, 2 / 4, 2.5 / 5])
        assert covered(np.full(4, 5.0 * unit), need * unit)[0] == 0.5


# ---------------------------------------------------------------------- GWh at risk by hand

#: 60 GWh of A (1 kt/GWh of node 0, the shared one; 2 of node 1) and 40 GWh of B (0.5 of node 0; 1 of node 2).
TWO = Plan(np.array([60.0, 40.0]), np.array([[1.0, 2.0, 0.0], [0.5, 0.0, 1.0]]))
ENOUGH = np.array([80.0, 120.0, 40.0])


def loss(factory: Factory, without: Array, accessible: Array) -> Loss:
    cut = factory.supplied(accessible[None])
    (found,) = losses(factory, factory.supplied(without[None]), cut, cut)
    return found


def build(factory: Factory, accessible: Array, most: Array | None = None) -> Array:
    """Cells of a plan that is made at home from what is bought, (chemistry) or (question, chemistry)."""
    supplied = factory.supplied(np.atleast_2d(accessible))
    if most is not None:
        supplied = supplied.capped(most, np.zeros_like(most))
    built = factory.build(supplied).cells
    return np.asarray(built if accessible.ndim == 2 else built[0])


def binding(factory: Factory, accessible: Array) -> Array:
    return np.asarray(factory.best(factory.supplied(accessible[None])).binding[0])


def supply_gap(factory: Factory, without: Array, accessible: Array, shares: list[float]) -> Array:
    return gap_of(factory, factory.supplied(without[None]), factory.supplied(accessible[None]), shares)


def proportional(plan: Plan, accessible: Array) -> Array:
    factory = Factory(plan)
    found = factory.proportional(factory.supplied(accessible[None]), Built(plan.made_at_home, plan.imported))
    return np.asarray(found.cells[0])


def hit(*accessible: float) -> Loss:
    return loss(Factory(TWO), ENOUGH, np.array(accessible))


def test_two_chemistries_by_hand() -> None:
    """50 kt of the shared node: B keeps its 40 GWh with 20 kt, A gets 30 GWh. Alike: all at 50/80."""
    found = hit(50, 120, 40)
    assert found.best.cells.tolist() == pytest.approx([30, 40])
    assert found.proportional.cells.tolist() == pytest.approx([37.5, 25])
    assert found.at_risk == pytest.approx((30, 37.5))
    assert found.shortage.tolist() == [0, 0]
    factory = Factory(TWO)
    assert binding(factory, np.array([50.0, 120, 40])) == pytest.approx([0.8, 0, 0])  # 0.8 kt more: 0.8 GWh of A
    assert supply_gap(factory, ENOUGH, np.array([50.0, 120, 40]), [0.5, 1]) == pytest.approx(
        np.array([[15, 0, 0], [30, 0, 0]])
    )


def test_two_nodes_short_at_once() -> None:
    """40 kt of node 1 lets 20 GWh of A be built; the shared node has then 60 kt for B and A and does not bind."""
    found = hit(60, 40, 40)
    assert found.best.cells.tolist() == pytest.approx([20, 40])
    assert binding(Factory(TWO), np.array([60.0, 40, 40])) == pytest.approx([0, 0.6, 0])


def test_nodes_that_bind_only_together_are_named_together() -> None:
    plan = Plan(np.array([10.0]), np.array([[1.0, 1.0]]))
    factory = Factory(plan)
    assert binding(factory, np.zeros(2)) == pytest.approx([0.1, 0.1])
    # Of the first of three there is half of what is needed, which is enough for the next cells; or one binds alone.
    three = Factory(Plan(np.array([10.0]), np.array([[1.0, 1.0, 1.0]])))
    found = three.best(three.supplied(np.array([[5.0, 0, 0], [5, 10, 10], [10, 10, 10], [0, 0, 5]]))).binding
    assert found == pytest.approx(np.array([[0, 0.1, 0.1], [0.1, 0, 0], [0, 0, 0], [0.1, 0.1, 0]]))


def test_a_single_supplier_takes_all_cells_that_need_it() -> None:
    found = hit(80, 0, 40)
    assert found.best.cells.tolist() == pytest.approx([0, 40])
    assert found.at_risk == pytest.approx((60, 60))


def test_no_disruption_costs_nothing_even_where_supply_is_short() -> None:
    short = np.array([50.0, 100, 20])
    found = loss(Factory(TWO), short, short)
    assert found.at_risk == (0.0, 0.0)
    assert found.shortage.sum() == pytest.approx(100 - found.base.cells.sum())
    assert found.shortage.sum() > 0


def test_shortage_risk_and_what_is_built_add_up_to_the_plan() -> None:
    found = loss(Factory(TWO), np.array([70.0, 120, 40]), np.array([50.0, 120, 40]))
    assert found.shortage.sum() + found.at_risk[0] + found.best.cells.sum() == pytest.approx(100)
    assert found.at_risk[0] == pytest.approx(20)


def test_graphite_may_change_its_route_within_bounds() -> None:
    """10 GWh at 1 kt/GWh, planned 0.2 natural; 2 kt flake per kt natural, 1 coke per kt synthetic."""
    routes = Routes(np.array([1.0]), np.array([2.0, 0.0]), np.array([0.0, 1.0]), low=0.1, high=0.4, share=0.2)
    plan = Plan(np.array([10.0]), np.zeros((1, 2)), routes)
    factory = Factory(plan)
    assert plan.need.tolist() == pytest.approx([4, 8])
    # 2 kt flake: all cells at the least natural share, 0.1; 1 kt: 5 GWh; and 3.6 coke let 6 GWh at 0.4 natural.
    assert build(factory, np.array([2.0, np.inf])).tolist() == pytest.approx([10])
    assert build(factory, np.array([1.0, np.inf])).tolist() == pytest.approx([5])
    assert build(factory, np.array([np.inf, 3.6])).tolist() == pytest.approx([6])
    # Alike, the plan's blend is kept: 2 of 4 kt flake lets half be built.
    assert proportional(plan, np.array([2.0, np.inf])).tolist() == pytest.approx([5])


@pytest.mark.parametrize(("share", "accessible"), [(0.0, [1.0, 5.0]), (1.0, [10.0, 0.5])])
def test_a_route_that_is_not_planned_takes_what_it_uses(share: float, accessible: list[float]) -> None:
    """Half of the planned route is there, 5 of 10 kt; the other has what 0.5 GWh use, at 2 and 1 kt/GWh."""
    routes = Routes(np.array([1.0]), np.array([2.0, 0.0]), np.array([0.0, 1.0]), low=0.0, high=1.0, share=share)
    factory = Factory(Plan(np.array([10.0]), np.zeros((1, 2)), routes))
    assert build(factory, np.array(accessible)).tolist() == pytest.approx([5.5])


def test_where_nothing_is_made_at_home_rounding_of_imports_takes_nothing_more() -> None:
    """Of 30 GWh that are bought 3 are left, by the best reallocation a rounding less."""
    bought, left, none = np.array([10.0, 20.0]), np.array([[1.0, 2.0]]), np.zeros((1, 2))
    base, usual = Built(np.zeros(2), bought), Built(none, bought[None])
    for rounding in (0.0, 1e-14, -1e-14):
        found = _from(base, usual, Built(none, left), Built(none, left * (1 - rounding)))
        assert found.home.tolist() == none.tolist()
        assert found.imported == pytest.approx(left)


def of_loss(less: float = 0.0, made: tuple[float, float] = (65.0, 50.0), short: float = 10.0) -> Loss:
    """Of 60 and 40 GWh, 70 of them made at home, `short` are never there."""
    base = Built(np.array([30.0, 40.0 - short]), np.array([30.0, 0.0]))
    best = Built(base.home - [less, 0.0], base.imported)
    alike = Built(best.home - [15.0, 10.0], best.imported - [10.0, 0.0])
    return Loss(np.array([60.0, 40.0]), np.array([30.0, 40.0]), base, best, alike, 0.0, made)


def test_what_a_loss_is_made_of() -> None:
    """10 GWh are short, and 10 more are lost to the stop, or 45 if all are cut alike, of which 35 are made at home. Of
    70 made at home 65 can be, and 50 under the stop; where only 20 can, no reading loses less than 45."""
    found = of_loss(10.0)
    assert found.shortage.tolist() == [0, 10]
    assert found.at_risk == (10, 45)
    assert found.lost == (20, 55)
    assert found.industry_shortage == 5
    assert found.industry == (15, 35)
    assert of_loss(10.0, (65.0, 20.0)).industry == (45, 45)
    assert replace(found, base=Built(np.array([70.0, 30.0]), np.zeros(2))).shortage.tolist() == [0, 10]


def test_a_billionth_of_the_plan_is_rounding_and_twice_as_much_is_not() -> None:
    within, beyond = (
        of_loss(0.9e-7, (70 - 0.9e-7, 70 - 1.8e-7), 0.9e-7),
        of_loss(1.1e-7, (70 - 1.1e-7, 70 - 2.2e-7), 1.1e-7),
    )
    assert within.shortage.tolist() == [0, 0]
    assert (within.at_risk[0], within.industry_shortage, within.industry[0]) == (0, 0, 0)
    assert beyond.shortage == pytest.approx([0, 1.1e-7], abs=1e-12)
    assert (beyond.at_risk[0], beyond.industry_shortage, beyond.industry[0]) == pytest.approx((1.1e-7,) * 3, abs=1e-12)


def test_a_disruption_touches_what_is_less_of_anything_by_more_than_rounding() -> None:
    usual = Supplied(*(np.array([each]) for each in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0])))
    for kind in ("own", "bought", "home", "imported"):
        less = np.array([[1.0, 1.0], [1 - 0.9e-9, 1.0], [1.0, 1 - 1.1e-9], [0.5, 1.0], [2.0, 2.0]])
        hit = replace(Supplied.joined([usual] * 5), **{kind: getattr(usual, kind) * less})
        assert touches(usual, hit).tolist() == [False, False, True, True, False]


def test_what_is_at_risk_by_best_reallocation_alone() -> None:
    """Of the shared node 50 of 80 kt cost 30 GWh; of 90 that are there 85 cost nothing, nor does what is not taken."""
    factory = Factory(TWO)
    without = factory.supplied(np.array([[90.0, 120, 40]]))
    hit = factory.supplied(np.array([[50.0, 120, 40], [85, 120, 40], [90, 120, 40]]))
    assert at_risk(factory, without, hit) == pytest.approx(np.array([[30, 30], [0, 0], [0, 0]]))
    assert at_risk(factory, without, hit.take(slice(0))).shape == (0, 2)


@pytest.mark.parametrize(("less", "home"), [(0.0, [4, 4]), (5e-10, [4, 4]), (2e-9, [2, 6])])
def test_of_ways_to_build_as_much_one_takes_only_from_what_is_built_without_it(less: float, home: list[float]) -> None:
    """Of 20 GWh 8 and 4 are built anyway, and 2 and 6 by one of the best ways under the stop, which leaves room for 10
    and 3: the first is held to 8 and the second to 3. 4 and 4 are as much, but for more than a billionth less."""
    caps: list[list[list[float]]] = []

    def within(supplied: Supplied) -> Built:
        caps.append(supplied.home.tolist())
        return Built(np.array([[4, 4 - 8 * less]]), np.zeros((1, 2)))

    plan = SimpleNamespace(cells=np.array([10.0, 10]), made_at_home=np.array([10.0, 10]))
    factory = SimpleNamespace(
        plan=plan, build=within, proportional=lambda supplied, base: Built(supplied.home * 0.0, supplied.imported * 0.0)
    )
    supplied = Supplied(np.zeros((2, 1)), np.array([[12.0], [8.0]]), np.array([[10.0, 10], [10, 3]]), np.zeros((2, 2)))
    built = Built(np.array([[8.0, 4], [2, 6]]), np.zeros((2, 2)))
    stops: Any = SimpleNamespace(factory=factory, supplied=supplied, built=built, totals=(None, np.array([12.0, 8])))
    outside: Any = SimpleNamespace(totals=(np.array([12.0]), None))
    (found,) = lost_by(stops, outside)
    assert caps == [[[8, 3]]]
    assert found.best.home == pytest.approx(np.array(home, dtype=float))
    assert found.at_risk[0] == pytest.approx(4)
    assert (found.outside, found.can_make) == (8, (12, 8))


def test_what_closes_a_gap_of_several_nodes() -> None:
    """60 kt of the shared node and 40 of that of A let 20 GWh of it be built beside all of B. 20 more take 40 kt of its
    node, and all 40 take 80, and 20 of the shared one. Of what nobody knows nothing more is needed."""
    factory = Factory(TWO)
    gap = supply_gap(factory, ENOUGH, np.array([60.0, 40, 40]), [0.0, 0.5, 1.0])
    assert gap == pytest.approx(np.array([[0, 0, 0], [0, 40, 0], [20, 80, 0]]), abs=1e-6)
    assert supply_gap(factory, ENOUGH, np.array([np.inf, 40, 40]), [1.0])[0] == pytest.approx([0, 80, 0], abs=1e-6)
    assert (supply_gap(factory, ENOUGH, ENOUGH, [0.5, 1.0]) == 0).all()
    # Cells that are bought beside those need nothing, and are no part of the gap.
    half = Factory(Plan(np.array([10.0]), np.array([[1.0]]), home=0.5))
    assert supply_gap(half, np.array([5.0]), np.array([2.0]), [1 / 3, 1.0]) == pytest.approx(np.array([[1], [3]]))


def test_a_plan_of_nothing_has_nothing_to_decide() -> None:
    none = Factory(Plan(np.zeros(2), TWO.use))
    supplied = none.supplied(np.ones((2, 3)))
    assert none.counted(supplied.take(slice(1))) == 0
    assert none.totals(supplied)[0].tolist() == [0, 0]
    assert Factory(TWO).counted(Factory(TWO).supplied(np.array([[50.0, 120, 40]]))) == pytest.approx(70)


def test_a_pool_is_taken_over_by_a_plan_of_the_same_columns_and_rows_alone() -> None:
    """Two chemistries of 10 GWh and two nodes, of which the second is their cells."""
    stage, none = np.array([ACTIVE, CELL]), np.zeros(2, dtype=bool)
    of = Chain(stage, np.zeros((2, 2, 2)), np.array([[False, True]] * 2), np.zeros((2, 2)), none, none)

    def factory(home: list[float], known: Factory | None = None, use: float = 1.0) -> Factory:
        plan = Plan(np.array([10.0, 10.0]), np.array([[use, 1.0], [1.0, 1.0]]), None, np.array(home), chain=of)
        found = Factory(plan, known)
        if known is None:
            found.build(found.supplied(plan.need[None] / 2))
        return found

    one = factory([0.5, 0.5])
    assert len(one.bases.pool) == len(factory([0.5, 0.4], one, 0.9).bases.pool) == 1
    assert factory([0.5, 0.0], factory([0.0, 0.5])).bases.pool == []  # other cells are made at home
    assert factory([0.5, 1.0], factory([1.0, 0.5])).bases.pool == []  # or bought
    first, second = (Plan(np.array([10.0]), np.array([use])) for use in ([1.0, 0.0, 1.0], [1.0, 1.0, 0.0]))
    known = Factory(first)
    build(known, np.array([5.0, 5, 5]))
    assert len(Factory(first, known).bases.pool) == 1
    assert Factory(second, known).bases.pool == []  # other nodes are used


def test_equal_users_are_cut_alike() -> None:
    plan = Plan(np.array([60.0, 40.0]), np.array([[1.0], [1.0]]))
    assert build(Factory(plan), np.array([50.0])).tolist() == pytest.approx([30, 20])
    assert build(Factory(plan), np.array([[50.0], [100], [150]])) == pytest.approx(
        np.array([[30, 20], [60, 40], [60, 40]])
    )


def test_equal_users_are_cut_alike_only_as_far_as_what_else_they_use_allows() -> None:
    """Alike the first would need 15 kt of the second node, of which 10 are there: all 50 GWh are built otherwise."""
    plan, there = Plan(np.array([60.0, 40.0]), np.array([[1.0, 0.5], [1.0, 0.0]])), np.array([[50.0, 10], [50, 15]])
    built = build(Factory(plan), there)
    assert built.sum(axis=1) == pytest.approx([50, 50])
    assert (built @ plan.use <= there + 1e-9).all()
    assert build(Factory(plan), there[1:])[0] == pytest.approx([30, 20])


@pytest.mark.parametrize("other", [1000.0, np.inf])
def test_users_of_what_binds_are_cut_alike_whatever_else_they_use(other: float) -> None:
    """Of a second node, which the first alone uses, there is plenty; or nobody knows how much there is."""
    plan = Plan(np.array([60.0, 40.0]), np.array([[1.0, 0.5], [1.0, 0.0]]))
    assert build(Factory(plan), np.array([50.0, other])).tolist() == pytest.approx([30, 20])
    # Where that binds too, the second has what the first cannot.
    assert build(Factory(plan), np.array([50.0, 5.0])).tolist() == pytest.approx([10, 40])


# ---------------------------------------------------------------------- what must hold


def some_world(rng: np.random.Generator, nodes: int = 6) -> Supply:
    """Four customers and eight countries; some customers need nothing of a node, or recover all they need of it."""
    home = rng.integers(NOWHERE, 4, 8)
    gross = rng.uniform(0, 50, (nodes, 4)) * (rng.random((nodes, 4)) < 0.8)
    saved = gross * rng.choice([0.0, 0.3, 1.0], (nodes, 4), p=[0.6, 0.3, 0.1])
    made = rng.dirichlet(np.ones(8), nodes) * gross.sum(axis=1, keepdims=True) * rng.uniform(0.3, 1.5)
    return Supply(made * (rng.random(made.shape) < 0.8), gross - saved, rng.uniform(1, 9, 4), home, saved)


def some_cuts(rng: np.random.Generator, world: Supply) -> Cuts:
    """Half of the flows cut, each by a part."""
    export, output = (rng.random(world.made.shape) * (rng.random(world.made.shape) < 0.5) for _ in range(2))
    return Cuts(export, output)


def some_group(rng: np.random.Generator) -> np.ndarray:
    """Some of the four customers, at least one."""
    group = rng.random(4) < 0.4
    group[rng.integers(4)] = True
    return group


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_accessible_never_falls_when_a_supply_rises_and_never_jumps(seed: int) -> None:
    """With and without a disruption, of each country's supply in turn, by little and by much."""
    rng = np.random.default_rng(seed)
    world, group = some_world(rng), some_group(rng)
    for cut in (None, some_cuts(rng, world)):
        before = access(world, group, cut).accessible
        for country in range(8):
            for more in (1e-6, rng.uniform(0, 60)):
                made = world.made.copy()
                made[:, country] += more
                gained = access(replace(world, made=made), group, cut).accessible - before
                assert (gained >= -1e-9).all()
                assert (gained <= more + 1e-9).all()  # nobody gains more than there is more


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_customers_are_not_served_more_than_there_is(seed: int) -> None:
    """Also where one alone lacks more than is exported, to the last digit."""
    rng = np.random.default_rng(seed)
    need = rng.uniform(50, 4000, (1, 3)) * np.array([[1.0, seed % 2, 0.0]])
    made = np.array([[rng.uniform(0, 40), 0.0, rng.uniform(1, 40)]])
    world = Supply(made, need, np.ones(3), np.array([0, 1, NOWHERE]))
    own, exported, lacked = world.undisturbed[1:4]
    had = world.served(own, exported, lacked)
    assert had.sum() == pytest.approx(min(float(made.sum()), float(need.sum())))
    assert world.usually.sum() <= made.sum() * (1 + 1e-12)


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_a_worse_cut_leaves_less_from_no_cut_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    world, group = some_world(rng), some_group(rng)
    cut = some_cuts(rng, world)
    severities = (0.0, 1e-9, 1e-6, 0.3, 0.6, 1.0)
    left = [access(world, group, Cuts(cut.export * s, cut.output * s)).accessible for s in severities]
    assert left[0].tolist() == access(world, group).accessible.tolist()
    assert left[1] == pytest.approx(left[0], abs=1e-6)
    assert left[2] == pytest.approx(left[0], abs=1e-3)
    assert (np.diff(left, axis=0) <= 1e-9).all()


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_customers_taken_apart_get_no_more_than_there_is(seed: int) -> None:
    """Each as the group, up to what it lacks: together all of the pool, or all that is lacked where that is less."""
    rng = np.random.default_rng(seed)
    world = some_world(rng)
    cut = some_cuts(rng, world) if seed % 2 else None
    _, _, exported, lacked, _ = trade(world, cut)
    apart = np.stack([access(world, one, cut).taken for one in np.eye(4, dtype=bool)], axis=1)
    together = np.minimum(apart, lacked).sum(axis=1)
    assert together == pytest.approx(np.minimum(exported.sum(axis=1), lacked.sum(axis=1)), abs=1e-9)


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_all_of_the_pool_is_taken_at_one_level_or_to_the_limit(seed: int) -> None:
    """What the others take at the group's level, and the group, are the pool: the equation that is solved."""
    rng = np.random.default_rng(seed)
    world, group = some_world(rng), some_group(rng)
    reach = access(world, group)
    weight, weights, lacked = reach.claims.weight, reach.claims.weights, reach.claims.lacked
    some = (weight > 0) & world.needed
    level = np.divide(reach.taken, weight, out=np.zeros_like(weight), where=some)
    others = np.minimum(lacked, level[:, None] * weights).sum(axis=1)
    assert (reach.taken + others)[some] == pytest.approx(reach.pool[some], abs=1e-9)
    least, most = reach.bounds
    assert (least <= reach.accessible + 1e-9).all()
    assert (reach.accessible <= most + 1e-9).all()


def some_plan(rng: np.random.Generator, nodes: int = 8) -> Plan:
    use = rng.uniform(0.1, 3, (6, nodes)) * (rng.random((6, nodes)) < 0.5)
    return Plan(rng.uniform(0, 100, 6) * (rng.random(6) < 0.8), use)


@pytest.mark.parametrize("seed", some(range(60), 12))
def test_readings_are_ordered_and_bounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = some_plan(rng)
    factory = Factory(plan)
    without = plan.need * rng.uniform(0.8, 2, len(plan.need))  # short in places
    cut = without * np.where(rng.random(len(without)) < 0.3, rng.random(len(without)), 1)
    found = loss(factory, without, cut)
    best, alike = found.at_risk
    planned = plan.cells.sum()
    tolerance = 1e-6 * max(planned, 1)
    assert -tolerance <= best <= alike + tolerance <= planned + 2 * tolerance
    for built, limit in ((found.base.cells, without), (found.best.cells, cut), (found.proportional.cells, cut)):
        assert (built >= -tolerance).all()
        assert (built <= plan.cells + tolerance).all()
        assert (built @ plan.use <= limit * (1 + 1e-6) + tolerance).all()


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_a_worse_cut_never_costs_less_and_a_stockpile_never_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = some_plan(rng)
    factory = Factory(plan)
    without = plan.need * rng.uniform(1, 1.5, len(plan.need))
    node = int(rng.integers(len(without)))
    risks, piled = [], []
    for severity in np.linspace(0, 1, 6):
        cut = without.copy()
        cut[node] *= 1 - severity
        risks.append(loss(factory, without, cut).at_risk)
    worst = without.copy()
    worst[node] = 0
    for months in (0, 2, 4, 8, 12, 18):
        piled.append(loss(factory, without, stockpiled(worst, without, plan.need, months)).at_risk)
    assert (np.diff(np.array(risks), axis=0) >= -1e-6).all()
    assert (np.diff(np.array(piled), axis=0) <= 1e-6).all()
    assert piled[-1] == pytest.approx((0, 0), abs=1e-6)  # a year and more of need: nothing is lost


def test_a_small_export_cut_bites_where_there_is_no_slack() -> None:
    world = replace(WORLD, made=np.array([[80.0, 5.0, 15.0]]))  # made 100, needed 100
    factory = Factory(Plan(np.array([27.5]), np.array([[1.0]])))
    without = access(world, EUROPE).accessible
    found = loss(factory, without, access(world, EUROPE, cuts(world, "export", CHINA, 0.2)).accessible)
    assert without.tolist() == pytest.approx([5 + 45 / 2])
    assert found.at_risk == pytest.approx((6 / 2, 6 / 2))


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_more_supply_from_elsewhere_never_raises_what_is_lost(seed: int) -> None:
    """It never raises the sum of shortage and risk, nor the GWh at risk where all that is planned could be built.

    Where there is a shortage, more supply can let more be built without the disruption, and so more be lost to it.
    """
    rng = np.random.default_rng(seed)
    nodes, countries = 5, 6
    home = rng.integers(NOWHERE, 3, countries)
    need = rng.uniform(0, 50, (nodes, 3))
    shares = rng.dirichlet(np.ones(countries), nodes)
    world = Supply(shares * need.sum(axis=1, keepdims=True) * 1.1, need, need.sum(axis=0), home)
    closer, node, other = (int(rng.integers(size)) for size in (countries, nodes, nodes))
    group = np.arange(3) != home[closer]
    group &= np.arange(3) == np.flatnonzero(group)[0]
    plan = some_plan(rng, nodes)
    if seed % 2:  # a plan that can be built without the disruption
        reach = access(world, group).accessible
        fits = np.divide(reach, plan.need, out=np.ones(nodes), where=plan.need > 0).min()
        plan = Plan(plan.cells * min(fits, 1.0), plan.use)
    factory = Factory(plan)
    friend = (closer + 1 + int(rng.integers(countries - 1))) % countries
    stop = cuts(world, "export", closer, 1.0, node)

    def found(world: Supply) -> Loss:
        return loss(factory, access(world, group).accessible, access(world, group, stop).accessible)

    for at in {node, other}:
        more = world.made.copy()
        more[at, friend] += rng.uniform(0, 40)
        before, after = found(world), found(replace(world, made=more))
        tolerance = 1e-6 * max(factory.plan.cells.sum(), 1)
        lost = [each.shortage.sum() + each.at_risk[0] for each in (before, after)]
        assert lost[1] <= lost[0] + tolerance
        if before.shortage.sum() <= tolerance:
            assert after.at_risk[0] <= before.at_risk[0] + tolerance


# ---------------------------------------------------------------------- many right-hand sides, few bases


@pytest.mark.parametrize("seed", some(range(20), 8))
def test_a_pool_of_bases_solves_as_one_programme_a_question_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from the pool of a programme with another matrix of the same shape, and where some nodes have no bound. What
    was solved once is found in the pool from then on."""
    rng = np.random.default_rng(seed)
    plan = some_plan(rng)
    other = Plan(plan.cells, plan.use * rng.uniform(0.8, 1.25, plan.use.shape))
    accessible = plan.need * rng.uniform(0, 1.3, (60, len(plan.need)))
    accessible[rng.random(accessible.shape) < 0.2] = np.inf
    known = Factory(other)
    build(known, accessible)
    pooled = Factory(plan, known)
    built = build(pooled, accessible)
    alone = np.array([build(Factory(plan), each) for each in accessible])
    assert built.sum(axis=1) == pytest.approx(alone.sum(axis=1), rel=1e-9, abs=1e-9)
    assert (built @ plan.use <= accessible + 1e-8 * plan.need).all()
    assert ((built >= 0) & (built <= plan.cells)).all()
    monkeypatch.setattr(Bases, "_solved", None)
    assert build(pooled, accessible).sum(axis=1) == pytest.approx(built.sum(axis=1), rel=1e-12)


def test_of_known_bases_those_of_the_least_bound_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """max x + y, 2 x + y ≤ a, x + 2 y ≤ b, 0 ≤ x, y ≤ 10: either row may bind alone, or both."""
    bases = Bases(np.ones(2), np.array([[2.0, 1], [1, 2]]), (np.full(2, 10.0), np.full(2, 10.0)))
    most = np.array([[1.0, 9], [9, 1], [6, 6]])
    tried: list[tuple[int, int]] = []
    fits = Bases._fits

    def spied(self: Bases, basis: int, some: np.ndarray, sides: np.ndarray, out: np.ndarray) -> np.ndarray:
        tried.extend((basis, int(question)) for question in some)
        return fits(self, basis, some, sides, out)

    assert bases.solve(most, np.full((3, 2), 10.0)).tolist() == [[0, 1], [1, 0], [2, 2]]
    monkeypatch.setattr(Bases, "_fits", spied)
    assert bases.solve(2 * most, np.full((3, 2), 10.0)).tolist() == [[0, 2], [2, 0], [4, 4]]
    # What binds alone bounds x + y by a or by b, both together by (a + b) / 3.
    assert tried == [(0, 0), (1, 1), (2, 2)]


def test_a_basis_holds_within_a_billionth_of_the_scale_of_each_row_and_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """max x, x ≤ a, x ≤ b, x ≤ most: with 5 for a, of the scale of 1000, b of 10 and most of 100 may be less by so
    much. What fits no basis is solved, here to nothing."""
    bases = Bases(np.ones(1), np.ones((2, 1)), (np.array([100.0]), np.array([1000.0, 10.0])))

    def found(b: float, most: float) -> float:
        return float(bases.solve(np.array([[5.0, b]]), np.array([[most]]))[0, 0])

    assert found(6, 6) == 5
    (basis,) = bases.pool
    monkeypatch.setattr(Bases, "_solved", lambda *_: (np.zeros(1), basis))
    monkeypatch.setattr(Bases, "_add", lambda *_: None)
    assert found(5 - 0.9e-8, 6) == 5
    assert found(5 - 1.1e-8, 6) == 0
    assert found(6, 5 - 0.9e-7) == 5 - 0.9e-7
    assert found(6, 5 - 1.1e-7) == 0


def test_what_is_solved_counts_where_its_basis_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """No basis joins the pool, so that each question is solved for itself."""
    monkeypatch.setattr(Bases, "_add", lambda *_: None)
    bases = Bases(np.ones(1), np.ones((1, 1)), (np.ones(1), np.ones(1)))
    assert bases.solve(np.array([[1.0], [2.0], [3.0]]), np.full((3, 1), 9.0)).tolist() == [[1], [2], [3]]
    assert bases.pool == []


def test_a_basis_that_joins_the_pool_serves_all_later_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, where both rows bind first and then each alone."""
    bases = Bases(np.ones(2), np.array([[2.0, 1], [1, 2]]), (np.full(2, 10.0), np.full(2, 10.0)))
    upper = np.full((1, 2), 10.0)
    for most in ([6.0, 6], [1, 9], [9, 1]):
        bases.solve(np.array([most]), upper)
        bases.solve(np.array([[3.0, 3]]), upper)
    assert len(bases.pool) == 3
    monkeypatch.setattr(Bases, "_solved", None)
    for most, found in (([3.0, 3], [1, 1]), ([2, 18], [0, 2]), ([18, 2], [2, 0])):
        assert bases.solve(np.array([most]), upper)[0] == pytest.approx(found)


def test_no_question_has_no_answer() -> None:
    bases = Bases(np.ones(2), np.ones((1, 2)), (np.ones(2), np.ones(1)))
    none = bases.solve(np.zeros((0, 1)), np.zeros((0, 2)))
    assert none.shape == (0, 2)
    assert bases.pool == []
    assert bases.solve(np.array([[3.0]]), np.array([[1.0, 5.0]])).sum() == pytest.approx(3)


def test_few_bases_are_enough_for_many_right_hand_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chemistries and three nodes have few optimal bases, whatever is accessible."""
    solved: list[int] = []
    once = Bases._solved
    monkeypatch.setattr(Bases, "_solved", lambda self, *sides: (solved.append(1), once(self, *sides))[1])
    rng = np.random.default_rng(1)
    accessible = TWO.need * rng.uniform(0, 1, (1000, 3))
    build(Factory(TWO), accessible)
    assert 1 < len(solved) <= 9


@pytest.mark.parametrize("seed", some(range(20), 8))
def test_a_column_without_room_spoils_no_basis(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chemistries of the plan of which nothing may be built: every basis that is found joins the pool."""
    rng = np.random.default_rng(seed)
    plan = some_plan(rng)
    factory = Factory(plan)
    accessible = plan.need * rng.uniform(0, 1.0, (30, len(plan.need)))
    most = plan.cells * np.array([0, 1, 0, 1, 1, 0])
    sides = factory.bounds(factory.supplied(accessible).capped(most, np.zeros(6)))
    first = factory.bases.solve(*sides)
    monkeypatch.setattr(Bases, "_solved", lambda *_: pytest.fail("a question that was solved is solved again"))
    assert factory.bases.solve(*sides).sum(axis=1) == pytest.approx(first.sum(axis=1), rel=1e-12)


def test_a_basis_of_another_matrix_that_is_not_optimal_for_this_one_is_not_taken() -> None:
    """Of one node, A uses 1 and B 2 kt/GWh: B is cut first; with 2 and 1 it is A."""
    one, two = (Plan(np.array([10.0, 10.0]), np.array([[a], [b]])) for a, b in ((1.0, 2.0), (2.0, 1.0)))
    known = Factory(one)
    assert build(known, np.array([20.0])).tolist() == pytest.approx([10, 5])
    assert build(Factory(two, known), np.array([20.0])).tolist() == pytest.approx([5, 10])
