"""Single functions of a run, each against what is found by hand: what is asked of a mix, origins, prices that start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals.axes import Axis
from minerals.case.arrays import Arrays
from minerals.case.backcast import BackcastMix
from minerals.case.chain import FLOWS, returning
from minerals.case.chosen_origin import SUM_ERROR, _together, chosen_origin
from minerals.case.concentration import Concentration, among_names
from minerals.case.consistent import repriced
from minerals.case.criteria import cost_cap_of, criteria_of, criterion
from minerals.case.explorer import _losses, explorer
from minerals.case.follow_on import Chosen, _wrong
from minerals.case.growth import Growth, Since
from minerals.case.intensity import _Intensity
from minerals.case.measures import running, yearly_cost
from minerals.case.mix_checks import _of_objective
from minerals.case.mix_data.sourcing import Sourcing
from minerals.case.mix_lost import _objective, lost
from minerals.case.optimise import LEAST_MET, _met
from minerals.case.origin import Origins
from minerals.case.outcome import Outcome
from minerals.case.played import Played
from minerals.case.prices import PriceCurves, _at, _check_anchors, _energies, _with_rate
from minerals.case.recycling import COLLECTED, SCRAP, UNCOLLECTED, _streams, most_taken_off, recycling
from minerals.case.reference import ELSEWHERE, _where_made, left_out_of, origins_of, passing_of, with_customers
from minerals.case.set_up import _since
from minerals.case.shares import share_weights
from minerals.case.stages import _active, chain_of
from minerals.case.unknown import _as_cathodes, assumed_of, leaders, stops_of_unknown
from minerals.case.uses import Uses, relief_of
from minerals.config import COST_CAP, Optimise, read_run
from minerals.errors import InputError, Problem
from minerals.exposure.coverage import NOWHERE, Supply
from minerals.exposure.known import BY_NEED
from minerals.exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain
from minerals.mix.data import ABROAD
from minerals.prices import learning
from minerals.prices.capital import charge
from minerals.tables.inputs import read_inputs
from minerals.tables.parameters import Lifetime
from minerals.tables.prices import Learner, Pair
from minerals.tables.resolve import resolve

# --- what is asked of a mix ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "cap"), [
    ({}, COST_CAP), ({"worth": 2.0}, None), ({"objective": "cost"}, None), ({"cost_cap": "off"}, None),
    ({"cost_cap": 0.1}, 0.1), ({"cost_cap": 0.0}, 0.0), ({"cost_cap": 0.2, "objective": "cost"}, 0.2),
])  # fmt: skip
def test_what_a_mix_may_cost_above_the_cheapest(keys: dict[str, Any], cap: float | None) -> None:
    """By default a share, but nothing where each unit has its worth, or cost itself is least."""
    assert cost_cap_of(Optimise(scenario="plan", **keys)) == cap


def test_what_is_asked_of_the_model() -> None:
    """The loss by its risk, and of weights those of goals that count; those of chemistries stand in the data."""
    assert criterion(Optimise(scenario="plan", risk="worst")) == "worst"
    assert criterion(Optimise(scenario="plan", objective="built")) == "unbuilt"
    assert criterion(Optimise(scenario="plan", objective="built_kt")) == "unbuilt_kt"
    assert criterion(Optimise(scenario="plan", objective="concentration")) == "concentration"
    goals = {"cost": 0.5, "worst": 0.0}
    assert criteria_of(Optimise(scenario="plan", objective="weighted", weights=goals)).weights == {"cost": 0.5}
    assert criteria_of(Optimise(scenario="plan", objective="built", weights={"lfp": 2.0})).weights is None
    assert criteria_of(Optimise(scenario="plan")).weights is None


def test_the_part_of_demand_that_a_mix_meets() -> None:
    """6 of 10 GWh of cars in 2031; of storage nothing, which is told as hardly anything."""
    data: Any = SimpleNamespace(demand={("Here", "car", 2031): 10.0, ("Here", "store", 2032): 4.0})
    solution: Any = SimpleNamespace(unmet={("Here", "car", 2031): 4.0, ("Here", "store", 2032): 4.0})
    assert _met(data, solution) == {"Here": {"car": {"2031": 0.6}, "store": {"2032": LEAST_MET}}}


def test_plants_run_from_their_lead_time_on_and_those_of_several_years_together() -> None:
    """Decided in 2030 and 2031, with two years until they run."""
    data: Any = SimpleNamespace(years=(2030, 2031, 2032, 2033), plant_lead={("ore", "outside"): 2.0})
    plants: Any = {("Here", "ore", "outside", 2030): 3.0, ("Here", "ore", "outside", 2031): 4.0}
    assert running(data, plants) == {("Here", "ore", "outside", 2032): 3.0, ("Here", "ore", "outside", 2033): 7.0}


def test_what_a_plant_costs_in_a_year() -> None:
    """The annuity of its capital at each end, and the premium on what it makes; one that is that of all places tells
    none of them apart and stays at its value."""
    capital, premium = np.array([20.0, 10.0, 40.0]), np.array([0.5, 0.2, 1.5])
    yearly = np.array([charge(each, 0.08, 20, 1.0) for each in capital])
    assert yearly[0] == pytest.approx(20 * 0.08 / (1 - 1.08**-20))
    own: Any = SimpleNamespace(capital=capital, premium=premium, own={"premium"})
    assert yearly_cost(own, 0.08, 20, 3.0) == pytest.approx(yearly + 3 * premium)
    everywhere: Any = SimpleNamespace(capital=capital, premium=premium, own=set())
    assert yearly_cost(everywhere, 0.08, 20, 3.0) == pytest.approx(yearly + 1.5)


# --- origin of cells -------------------------------------------------------------------------------------------------

#: Two makers at home, two named abroad, and others.
COUNTRIES = ("DEU", "FRA", "CHN", "KOR", "OTHERS")


def origins(**keys: Any) -> Any:
    homes = {"DEU": "Europe", "FRA": "Europe", "CHN": "China"}
    return SimpleNamespace(
        countries=COUNTRIES, homes=homes, years=(2030, 2032), **{"made_at_home": (), "origin": {}, **keys}
    )


def test_origin_as_a_run_says_it() -> None:
    """China has 0.4 as named; of the other 0.6 those at home have their part as observed, 0.3 of 0.8, unless a share
    made at home is told, which lies between its years and leaves the named their own."""
    shares = np.array([0.2, 0.1, 0.2, 0.4, 0.1])

    def told(**keys: Any) -> Any:
        return Origins._as_configured(origins(**keys), shares, ("Europe",), 1)

    assert told() is shares
    assert told(origin={"CHN": 0.4}) == pytest.approx([0.6 * 0.2 / 0.8, 0.6 * 0.1 / 0.8, 0.4, 0.6 * 0.4 / 0.8, 0.075])
    halfway = ((2031, 0.2), (2033, 0.6))
    assert told(made_at_home=halfway) == pytest.approx([0.4 * 2 / 3, 0.4 / 3, 0.6 * 2 / 7, 0.6 * 4 / 7, 0.6 / 7])
    both = told(made_at_home=halfway, origin={"CHN": 0.9})
    assert both == pytest.approx([0.1 * 2 / 3, 0.1 / 3, 0.9, 0, 0])
    # A maker at home is none that is named.
    assert told(origin={"DEU": 0.9}) is shares
    # Where nothing is made at home its countries are alike; where nobody else sells all is made there.
    shares = np.array([0.0, 0.0, 0.2, 0.0, 0.0])
    assert told(made_at_home=((2030, 0.5),)) == pytest.approx([0.25, 0.25, 0.5, 0, 0])
    assert told(origin={"CHN": 0.4}) == pytest.approx([0.3, 0.3, 0.4, 0, 0])
    shares = np.array([0.6, 0.4, 0.0, 0.0, 0.0])
    assert told(made_at_home=((2030, 0.5),)) == pytest.approx([0.6, 0.4, 0, 0, 0])


def test_makers_that_a_source_leaves_unnamed_have_what_they_made() -> None:
    """Of Europe's cells six tenths are its own, shared by what its countries made, and three China's; the other tenth
    is of those who are not named, by what they made. Where nothing was made at home its makers are alike."""
    ends = {"R_EUR": SimpleNamespace(value=0.6), "CHN": SimpleNamespace(value=0.3), "R_OTH": SimpleNamespace(value=0.1)}
    mine = origins(observed={"Europe": (2029, ends)})
    mine.homes = {**mine.homes, "R_EUR": "Europe"}
    home = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    before = np.array([0.1, 0.3, 0.3, 0.2, 0.1])
    found = Origins._observed(mine, "Europe", home, before)
    assert found == pytest.approx([0.15, 0.45, 0.3, 0.1 * 2 / 3, 0.1 / 3])
    nothing = np.array([0.0, 0.0, 0.3, 0.2, 0.1])
    assert Origins._observed(mine, "Europe", home, nothing) == pytest.approx([0.3, 0.3, 0.3, 0.2 / 3, 0.1 / 3])
    # China is at home with itself, and none of the named then.
    found = Origins._observed(origins(observed={"China": (2029, {"CHN": SimpleNamespace(value=0.9)})}), "China",
                              np.array([0.0, 0, 1, 0, 0]), before)  # fmt: skip
    assert found == pytest.approx([0, 0, 1, 0, 0])


def makers_of_cells(cells: tuple[int, ...] = (0, 2, 1, 3), **keys: Any) -> Origins:
    """Customers A to E. Of lithium-ion cells a makes 0.3, b 0.4 and x, at home with nobody, 0.1 GWh; A needs 0.5 and B
    0.2 of them. Of the second family x makes 0.2 and b 0.02, and C needs 0.1. Nobody knows who makes the third, nor
    does anybody the fourth. D has two countries, which make nothing, E none; neither uses batteries."""
    made = np.array([[0.3, 0.4, 0.1, 0, 0], [0, 0.02, 0.2, 0, 0], [np.nan] * 5, [0.0] * 5])
    need = np.array([[0.5, 0.2, 0, 0, 0], [0, 0, 0.1, 0, 0], [0.1, 0.3, 0, 0, 0], [0.0] * 5])
    home = np.array([0, 1, NOWHERE, 3, 3])
    batteries = np.array([0.3, 0.1, 0.1, 0, 0])
    none = Supply(np.full((4, 5), np.nan), need, batteries, home)
    parts: dict[str, Any] = {"observed": {}, "before": {}, "made_at_home": (), "origin": {}, **keys}
    return Origins(
        supply=(none, Supply(made, need, batteries, home)), years=(2030, 2031), customers=tuple("ABCDE"),
        countries=("a", "b", "x", "d", "e"), homes={"a": "A", "b": "B", "d": "D", "e": "D"}, cells=cells, **parts,
    )  # fmt: skip


def test_own_plants_go_first_and_the_rest_comes_from_what_others_export() -> None:
    """A lacks 0.2 of 0.5, and C, by its batteries, 0.1 × 0.8 ÷ 0.5 = 0.16: b exports 0.2 and x 0.1, so two thirds of
    that are b's. D is taken to make its own, by either country."""
    found = makers_of_cells()
    assert found.home_of_makers == ["A", "B", "", "D", "D"]
    assert found.of(["A"], 1, 0) == pytest.approx([0.6, 0.8 / 3, 0.4 / 3, 0, 0])
    assert found.of(["B"], 1, 0).tolist() == [0, 1, 0, 0, 0]
    assert found.of(["C"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])
    assert found.of(["D"], 1, 0).tolist() == [0, 0, 0, 0.5, 0.5]
    # Several by what they need of the cells, by their batteries where they need none, and else alike.
    both = found.by_customer(["A", "B"], 1, 0)
    assert both is not None
    assert both[:2] == pytest.approx(np.array([[3 / 7, 4 / 21, 2 / 21, 0, 0], [0, 2 / 7, 0, 0, 0]]))
    assert not both[2:].any()
    assert found.of(["C", "D"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])
    assert found.of(["D", "E"], 1, 0).tolist() == [0, 0, 0, 0.25, 0.25]
    to = found.makers(0, 1)
    assert to[:2] == pytest.approx(np.array([[0.6, 0.8 / 3, 0, 0, 0], [0, 1, 0, 0, 0]]))
    assert to[3:].tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]


def test_cells_whose_makers_nobody_knows_come_from_where_lithium_ion_cells_do() -> None:
    """By what is needed of themselves. Without any makers known, all are made at home. Of the second family B makes
    0.02 of 0.044, as its batteries would need them."""
    found = makers_of_cells()
    assert found.of(["A"], 1, 1).tolist() == [0, 0, 1, 0, 0]
    assert found.of(["B"], 1, 1) == pytest.approx([0, 5 / 11, 6 / 11, 0, 0])
    assert found.of(["A", "B"], 1, 2) == pytest.approx(0.25 * found.of(["A"], 1, 0) + 0.75 * found.of(["B"], 1, 0))
    assert found.of(["A"], 1, 3) == pytest.approx(found.of(["A"], 1, 0))
    assert [found.as_observed(node, 1) for node in range(4)] == [True, False, True, True]
    assert [found.as_observed(node, 0) for node in range(4)] == [True] * 4
    assert not found.of(["A"], 0, 0).any()
    assert found.by_customer(["A"], 0, 2) is None
    assert found.makers(1, 0).tolist() == np.eye(5).tolist()
    alone = makers_of_cells(cells=())
    assert not alone.as_observed(0, 1)
    assert alone.by_customer(["A"], 1, 2) is None
    assert alone.of(["A"], 1, 0) == pytest.approx(found.of(["A"], 1, 0))
    assert not found.configured
    assert makers_of_cells(origin={"x": 0.5}).of(["B"], 1, 0) == pytest.approx([0, 0.5, 0.5, 0, 0])
    assert makers_of_cells(made_at_home=((2030, 0.5),)).configured


def test_an_origin_that_was_observed_is_moved_with_what_makers_make_since() -> None:
    """Half of B's lithium-ion cells were its own when b made half of the world's, as now; the other half came from x. A
    was observed in a year of which nobody says what was made; other cells are not moved."""
    ends = {name: SimpleNamespace(value=0.5) for name in ("b", "x")}
    before = {2028: np.array([0.25, 0.5, 0.25, 0, 0])}
    found = makers_of_cells(observed={"B": (2028, ends), "A": (2020, ends)}, before=before)
    assert found.of(["B"], 1, 0) == pytest.approx([0, 0.5, 0.5, 0, 0])
    assert found.of(["A"], 1, 0) == pytest.approx(makers_of_cells().of(["A"], 1, 0))
    assert found.of(["B"], 1, 1) == pytest.approx([0, 5 / 11, 6 / 11, 0, 0])
    assert found.by_customer(["B"], 1, 0) is not None
    # As b makes more of the world's now than it did, more are its own; what was observed is the same.
    more = makers_of_cells(observed={"B": (2028, ends)}, before={2028: np.array([0.25, 0.4, 0.35, 0, 0])})
    assert more.of(["B"], 1, 0) == pytest.approx([0, 0.625, 0.375, 0, 0])
    assert more.of(["C"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])


@pytest.mark.parametrize(("home", "said", "observed", "expected"), [
    # Two countries at home, three abroad. What is said to be made at home is shared as observed, and so is the rest.
    (0.6, {}, [0.3, 0.1, 0.4, 0.2, 0], [0.45, 0.15, 0.8 / 3, 0.4 / 3, 0]),
    # Of what the named leave home has its part, 0.4 of 0.6 as observed.
    (None, {2: 0.3}, [0.3, 0.1, 0.4, 0.2, 0], [0.35, 0.7 / 6, 0.3, 0.7 / 3, 0]),
    (0.9, {2: 0.3}, [0.3, 0.1, 0.4, 0.2, 0], [0.525, 0.175, 0.3, 0, 0]),
    # Where nobody else abroad is observed the named have what home leaves, and home what the named leave.
    (0.4, {2: 0.3, 3: 0.1}, [0.5, 0, 0, 0, 0], [0.4, 0, 0.45, 0.15, 0]),
    (None, {2: 0.3}, [0.5, 0, 0.5, 0, 0], [0.7, 0, 0.3, 0, 0]),
    (0.4, {}, [0.5, 0, 0, 0, 0], [1, 0, 0, 0, 0]),
    # Where nobody is observed all is made at home, whose countries are alike.
    (None, {2: 0.3}, [0, 0, 0, 0, 0], [0.35, 0.35, 0.3, 0, 0]),
    (0.2, {}, [0, 0, 0.3, 0.1, 0], [0.1, 0.1, 0.6, 0.2, 0]),
    (None, {2: 0.7, 3: 0.3}, [0.2, 0, 0.5, 0.2, 0.1], [0, 0, 0.7, 0.3, 0]),
    (0.0, {2: 0.0}, [0.2, 0, 0.5, 0.2, 0.1], [0, 0, 0, 2 / 3, 1 / 3]),
])  # fmt: skip
def test_makers_that_are_said_and_those_that_are_observed_together(
    home: float | None, said: dict[int, float], observed: list[float], expected: list[float]
) -> None:
    named = np.array([said.get(place, np.nan) for place in range(5)])
    inside = np.array([True, True, False, False, False])
    assert _together(home, named, np.array(observed), inside) == pytest.approx(expected)


def test_what_is_said_of_makers_is_laid_onto_the_run_or_refused() -> None:
    """Of A and LFP in 2031, at home by six tenths; of 2029, and of a chemistry that this run has not, it counts for
    nothing. Each of the second scenario's places is wrong; a sum of one but for rounding is not."""
    row = SimpleNamespace
    rows = [row(chemistry=code, base=base, silicon=silicon)
            for code, base, silicon in (("lfp", "", "0"), ("nmc", "", "0"), ("nmc-si", "nmc", "0.1"))]  # fmt: skip
    inputs: Any = row(rows=lambda table: rows)
    resolved: Any = row(
        regions=row(labels=("A", "B")), chemistries=row(labels=(("lfp", 0.0), ("nmc", 0.1))), reported=(2030, 2031)
    )
    supply: Any = row(countries=("a", "b", "x"), home=("A", "B", ""), home_by_country={"a": "A", "b": "B", "x": ""})
    good = row(made_at_home={"A": {"2031": {"lfp": 0.6}, "2029": {"lfp": 0.1}}, "B": {"2030": {"nmc": 0.5}}},
               cells_from={"B": {"2030": {"nmc-si": {"a": 1 + SUM_ERROR}}}})  # fmt: skip
    wrong = row(
        made_at_home={"C": {"2031": {"lfp": 0.6}}, "A": {"2030": {"lfp": 0.5}, "2031": {"lfp": 1.1}}},
        cells_from={"A": {"2030": {"lfp": {"x": 0.6, "a": 0.1}, "lpf": {"x": 1.0}, "nmc": {"y": 0.5}}},
                    "B": {"2030": {"lfp": {"a": 1 + 2 * SUM_ERROR}}}},
    )  # fmt: skip
    silent, alone = row(made_at_home={}, cells_from={}), row(made_at_home={"A": {"2029": {"lfp": 1.0}}}, cells_from={})
    scenarios = {"good": good, "silent": silent, "alone": alone}
    run: Any = row(settings=row(scenario=scenarios), problem=lambda path, what, why: (path, why))
    observed = np.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])
    origin, problems = chosen_origin(run, resolved, inputs, supply, lambda region, year: observed)
    assert problems == []
    assert list(origin) == ["good", "alone"]
    assert np.isnan(origin["alone"]).all()
    told = {
        place: origin["good"][place].tolist()
        for place in zip(*np.nonzero(~np.isnan(origin["good"][..., 0])), strict=True)
    }
    assert told == {(0, 0, 1): pytest.approx([0.6, 0.2, 0.2]), (1, 1, 0): pytest.approx([1, 0, 0])}
    run.settings.scenario = {"wrong": wrong}
    origin, problems = chosen_origin(run, resolved, inputs, supply, lambda region, year: observed)
    assert np.isnan(origin["wrong"]).all()
    assert [(".".join(path[2:]), why.split(";")[0]) for path, why in problems] == [  # type: ignore[misc, attr-defined]
        ("made_at_home.C.2031.lfp", "no region of this run"),
        ("cells_from.A.2030.lfp.a", "is at home in A"),
        ("cells_from.A.2030.lfp", "sums with made_at_home to 1.2"),
        ("made_at_home.A.2031.lfp", "sums with made_at_home to 1.1"),
        ("cells_from.A.2030.lpf", "no chemistry"),
        ("cells_from.A.2030.nmc.y", "no country that makes anything in this run"),
        ("cells_from.B.2030.lfp", "sums to 1"),
    ]


def test_where_nobody_is_known_to_make_cells_those_abroad_sell_at_the_least_price() -> None:
    """China and Korea sell at it, alike; where any are seen to sell, these do; where none is cheap, nobody does."""

    def makers(abroad: list[float], *cheap: str) -> Any:
        own, known = np.array([[1.0, 0.0, 0.0]]), np.array([False])
        frame: Any = SimpleNamespace(
            at={2031: 0}, place={"na": 0}, regions=("Here",),
            chokepoints=SimpleNamespace(
                halves=lambda regions, at: (own, np.array([abroad])), makers_known=lambda at: known,
                inputs=SimpleNamespace(countries=("DEU", "CHN", "KOR")),
            ),
        )  # fmt: skip
        found: Any = Sourcing(frame, frozenset(cheap)).makers(*("Here", "na", 2031))  # type: ignore[arg-type]
        return {name: each.tolist() for name, each in found.items()}

    assert makers([0, 0, 0], "CHN", "KOR") == {"Here": [1, 0, 0], ABROAD: [0, 0.5, 0.5]}
    assert makers([0, 0.3, 0.7], "CHN") == {"Here": [1, 0, 0], ABROAD: [0, 0.3, 0.7]}
    assert makers([0, 0, 0]) == {"Here": [1, 0, 0], ABROAD: [0, 0, 0]}


# --- concentration ---------------------------------------------------------------------------------------------------


def test_a_node_is_as_concentrated_as_its_shares_or_as_its_plants_where_these_grow() -> None:
    """Two years. Of ore the shares are 0.3 and 0.2 of what there is, of which 0.6 is the first's; metal grows in the
    second year, from 1 and 1 to 3 and 1; salt grows, but nobody knows what is made in the first year; acid does not
    grow; of gas nothing is known in the first year. Half of the second country is an ally, and a quarter may be."""
    share = np.full((5, 2, 2), 0.5)
    share[0], share[4, :, 0] = [[0.3, 0.3], [0.2, 0.2]], np.nan
    first = np.array([[4.0, 1], [1, 1], [np.nan, np.nan], [4, 1], [1, 3]])
    made = [first, np.array([[4.0, 1], [3, 1], [4, 1], [4, 1], [1, 3]])]
    added = [np.zeros((5, 2)), np.array([[0.0, 0], [2, 0], [0, 2], [0, 0], [0, 0]])]
    none = np.zeros(2)
    inputs = SimpleNamespace(share=share, is_group=none > 0, concern=np.array([1.0, 0]), governance=none,
                             unknown=np.array([0, 0.25]), allies=np.array([0, 0.5]))  # fmt: skip
    chokepoints: Any = SimpleNamespace(
        inputs=inputs, years=(2030, 2031), known=[SimpleNamespace(added=each) for each in added],
        supply=[SimpleNamespace(made=each) for each in made],
    )  # fmt: skip
    found = Concentration(chokepoints)
    assert found.measure("hhi") == pytest.approx(
        np.array([[0.52, 0.52], [0.5, 0.625], [0.5, 0.5], [0.5, 0.5], [np.nan, np.nan]]), nan_ok=True
    )
    assert found.measure("concern_share")[:2] == pytest.approx(np.array([[0.6, 0.6], [0.5, 0.75]]))
    assert [node is None for node in found.nodes] == [False] * 4 + [True]
    (ore, *_) = found.nodes
    assert ore is not None
    assert [each[0] for each in ore.ends["non_allied_share"]] == pytest.approx([0.8, 0.7, 0.8])
    assert [each[0] for each in ore.ends["concern_share"]] == pytest.approx([0.6, 0.6, 0.7])


def test_batteries_of_each_region_and_of_all_where_there_are_several() -> None:
    cells = np.zeros((2, 2, 3, 2))
    cells[0, :, 0, 1], cells[..., 0] = (0.25, 0.5), 9.0
    known: dict[str, Any] = {"label": "All", "scenarios": {"plan": SimpleNamespace(cells=cells)}}
    both = list(Concentration(SimpleNamespace(regions=("A", "B"), **known)).places(1))  # type: ignore[arg-type]
    assert [(each.region, each.cells.tolist()) for each in both] == [("A", [0.75, 0, 0]), ("All", [0.75, 0, 0])]
    known["scenarios"] = {"plan": SimpleNamespace(cells=cells[:1])}
    alone = list(Concentration(SimpleNamespace(regions=("A",), **known)).places(1))  # type: ignore[arg-type]
    assert [each.region for each in alone] == ["A"]


def test_links_and_paths_of_chemistries() -> None:
    """The first chemistry takes graphite, a quarter of it natural, which is mined; a cathode of unknown concern, of a
    mined metal; cells; and a foil, which is in no path. The second takes the metal and cells alone. A node of one of
    two routes is no link, and on a path counts by its share."""
    labels = [("mining", "anode"), ("active_material", "anode"), ("active_material", "cathode"), ("mining", "cathode"),
              ("cell", "cell"), ("refining", "foil")]  # fmt: skip
    nodes = [SimpleNamespace(stage=stage, part=part, in_path=part != "foil") for stage, part in labels]
    fixed = np.array([[0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0]], dtype=bool)
    uses = SimpleNamespace(
        used=lambda y: (fixed, np.array([True, False])), natural=np.array([0.5, 0, 0, 0, 0, 0]),
        synthetic=np.array([0, 0.5, 0, 0, 0, 0]), route=np.array([0.9, 0.25]),
    )  # fmt: skip
    found = Concentration(SimpleNamespace(inputs=SimpleNamespace(nodes=nodes), uses=uses, years=(1, 2)))  # type: ignore[arg-type]
    concern, hhi = np.array([0.8, 0.5, np.nan, 0.4, 0.2, 0.9]), np.array([0.9, 0.9, 0.5, 0.7, 0.3, 0.8])
    vars(found)["_linking"] = {name: np.stack([each * 0, each], axis=1) for name, each in
                               (("hhi", hhi), ("concern_share", concern))}  # fmt: skip
    links = found.links[1]

    def weakest(name: str, among: str) -> list[tuple[float, int]]:
        return list(zip(*(each.tolist() for each in links.weakest[name, among]), strict=True))

    none = (pytest.approx(np.nan, nan_ok=True), -1)
    assert weakest("weakest_hhi", "all") == [(0.8, 5), (0.7, 3)]
    assert weakest("weakest_hhi", "cathode") == [(0.7, 3), (0.7, 3)]
    assert weakest("weakest_hhi", "cathode active_material") == [(0.5, 2), none]
    assert weakest("weakest_concern", "active_material") == [none, none]
    assert weakest("weakest_concern", "mining") == [(0.4, 3), (0.4, 3)]
    assert {among for _, among in links.weakest} == set(among_names())
    assert links.use.astype(int).tolist() == [[1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0]]
    assert links.uses["active_material"].tolist() == [True, False]
    assert links.uses["cathode mining"].tolist() == [True, True]
    assert links.uses["cathode refining"].tolist() == [False, False]
    path = links.path
    assert path.independent == pytest.approx([1 - 0.8 * 0.625 * 0.6 * 0.8, 1 - 0.6 * 0.8])
    assert path.low == pytest.approx([0.4, 0.4])
    assert path.high == pytest.approx([1, 0.6])


# --- what nobody knows -----------------------------------------------------------------------------------------------


def test_what_nobody_knows_is_made_as_cathodes_are() -> None:
    """An additive goes into NMC and LFP. Of NMC's cathode China makes 0.9; nobody knows who makes LFP's, of whose cells
    China makes 0.5. A third chemistry uses none of it."""
    nodes = [SimpleNamespace(part=part) for part in ("cathode", "cathode", "cell", "cathode", "anode")]
    stage = np.array([ACTIVE, ACTIVE, CELL, MINING, ACTIVE])
    share = np.array([[0.9, 0.1], [np.nan, np.nan], [0.5, 0.5], [0.0, 1.0], [np.nan, np.nan]])[:, :, None]
    known = ~np.isnan(share).any(axis=(1, 2))
    inputs: Any = SimpleNamespace(nodes=nodes, share=share, known=known, countries=("CHN", "KOR"))
    chain: Any = SimpleNamespace(stage=stage)
    use = np.array([[0.5, 0.0, 1.0, 0.2, 0.3], [0.0, 0.7, 1.0, 0.0, 0.1], [0.6, 0.0, 1.0, 0.0, 0.0]])
    assert _as_cathodes(4, 0, inputs, chain, use) == pytest.approx([0.7, 0.3])
    assert _as_cathodes(4, 0, inputs, chain, np.zeros((3, 5))).tolist() == [0, 0]


def test_what_nobody_knows_in_the_last_year_is_stopped_where_no_event_is_about_it() -> None:
    """Of an additive nobody knows anything in the last year alone, of a salt only before; of a film nobody ever does,
    but an event is about it, and of a gas, which no battery uses."""
    codes = ("additive", "salt", "film", "gas", "ore")
    nodes = [SimpleNamespace(node=node, label=node.capitalize(), in_path=True) for node in codes]
    events = [SimpleNamespace(cuts=cuts) for cuts in (nodes[2:3], nodes)]
    inputs: Any = SimpleNamespace(
        nodes=nodes, countries=("KOR", "CHN"), country_labels={"CHN": "China", "KOR": "Korea"}, years=(2030, 2035),
        events=events, leader=["CHN"] * 4 + ["KOR"], is_group=np.array([False, False]),
    )  # fmt: skip
    years = [0, 1, 1, 1, 0], [1, 0, 1, 1, 0]
    supply: Any = [SimpleNamespace(unknown=np.array(each, dtype=bool)) for each in years]
    use = np.array([[0.1, 0.2, 0.3, 0.0, 0.5]])
    (found,) = stops_of_unknown(supply, inputs, use)
    assert (found.disruption, found.label) == ("unknown-additive", "China stops exports of additive")
    assert (found.start, found.cuts[0].country, found.cuts[0].severity) == (2030, "CHN", 1.0)


# --- growth ----------------------------------------------------------------------------------------------------------


def test_what_a_stop_takes_is_more_than_rounding() -> None:
    """Of 10 it leaves 9, or all but 1e-12; nothing is taken of nothing, nor of what nobody knows."""
    without, left = np.array([10.0, 10, 0, np.inf]), np.array([9.0, 10 - 1e-12, 0, np.inf])
    batch = SimpleNamespace(
        without=SimpleNamespace(accessible=without[None]), hit=SimpleNamespace(accessible=left[None])
    )  # fmt: skip
    assert Played(None, batch, 0).takes.tolist() == [True, False, False, False]  # type: ignore[arg-type]


def test_growth_begins_with_what_is_known_first() -> None:
    """Ore is known from the first year on, metal from the second; of the third node nothing ever is."""
    nan = np.nan
    made = np.array([[[3.0, 1.0], [nan, nan], [nan, nan]], [[4.0, 4.0], [0.2, 0.4], [nan, nan]],
                     [[9.0, 0.0], [5.0, 0.0], [nan, nan]]])  # fmt: skip
    since = Since(2026, np.array([2025.0, 2026.0, 2027.0]), made, np.zeros((3, 3), dtype=bool))
    inputs: Any = SimpleNamespace(is_group=np.array([False, False]))
    growth = Growth(since, inputs, "today", (2026, 2027))
    assert growth.at_start.tolist() == [[3, 1], [0.2, 0.4], [0, 0]]
    assert growth.leader.tolist() == [0, 1, 0]
    inputs.is_group = np.array([True, False])
    assert Growth(since, inputs, "today", (2026, 2027)).leader.tolist() == [1, 1, 1]


def test_where_new_plants_stand_and_how_far_they_may_go() -> None:
    """Of ore 30 stand in the leading country and 10 outside, of metal all in one, of gas nothing is known; the pipeline
    says a quarter of ore is built where most is made, and of sand none. Growth goes by what stands, lead and share by
    where is built; what nobody knows of plants that there are none of does not count."""
    nan = np.nan
    value = {"follow_on": [[0.4, 0.5, 0.1, nan], [0.8, nan, 0.2, 0.6]],
             "growth": [[0.1, 0.2, 0.0, 0.1], [0.3, nan, 0.0, 0.1]],
             "lead": [[2.0, 1.0, 1.0, nan], [1.0, nan, 1.0, 1.0]]}  # fmt: skip
    ends, located = np.full((2, 2, 4), nan), np.full((3, 4, 2), nan)
    located[0] = [[0.25, 0.75], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    measures = {name: np.concatenate([np.array(each)[None], ends]) for name, each in value.items()}
    new: Any = SimpleNamespace(located=located, **measures)
    made = np.array([[[30.0, 10.0], [0.5, 0.0], [nan, nan], [2.0, 1.0]]] * 5)
    since = Since(2030, np.arange(2029.0, 2034), made, np.zeros((4, 5), dtype=bool))
    inputs: Any = SimpleNamespace(is_group=np.array([False, False]), new=new)
    found, follow, room = Growth(since, inputs, "pipeline", (2029, 2031, 2032)).new_supply
    assert found.tolist() == [[0.25, 0.75], [1, 0], [0, 0], [0, 1]]
    assert follow == pytest.approx([0.25 * 0.4 + 0.75 * 0.8, 0.5, 0.2, 0.6])
    growth = 0.75 * 0.1 + 0.25 * 0.3
    assert room[0] == pytest.approx([0, 0, 40 * ((1 + growth) ** (2 - 1.25) - 1)])
    assert room[1:] == pytest.approx(np.array([[0, 0, 0.5 * 0.2], [0, 0, 0], [0, 0, 3 * 0.1]]))
    today = Growth(since, inputs, "today", (2029, 2031, 2032))
    assert today.new_located == pytest.approx(np.array([[0.75, 0.25], [1, 0], [0, 0], [2 / 3, 1 / 3]]))
    assert today.new_supply[1] == pytest.approx([0.75 * 0.4 + 0.25 * 0.8, 0.5, 0.2, nan], nan_ok=True)
    assert today.new_supply[2][0] == pytest.approx([0, 0, 40 * ((1 + growth) ** (2 - 1.75) - 1)])
    assert Growth(since, inputs, "none", (2031,)).new_supply[1].tolist() == [0, 0, 0, 0]
    # Outside the country that leads a node, from a year on, and of countries that count alone.
    rate, inside = np.full(4, 0.3), np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    new.lead[0, 1] = 1.0
    for counts, outside in ((None, [3.0, 0, 0, 0.3]), (inside, [0.0, 0, 0, 0.3])):
        expected = np.zeros((4, 3))
        expected[:, 2] = outside
        assert today.room_outside(rate, counts) == pytest.approx(expected)


def test_what_is_built_because_of_plans_together() -> None:
    """Two regions have 3 and 1 of ore built, said to stand in the first country by one and half and half by the other;
    of metal 2, which stands as any plan's does; of a third node what stands nowhere is not built; of the last 1 stands
    in the first country as one says, and 3 as any plan's."""
    amount, located = np.zeros((3, 4, 2)), np.zeros((3, 4, 2, 2))
    amount[:, :, 1] = [[3.0, 2.0, 5.0, 1.0], [1.0, 0.0, 0.0, 3.0], [9.0, 9.0, 9.0, 9.0]]
    located[0, 0, :, 1], located[1, 0, :, 1], located[0, 3, :, 1] = [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]
    usual = np.array([[0.0, 1.0], [0.2, 0.8], [0.0, 0.0], [0.0, 1.0]])
    built, stands = Chosen(amount, located).together([0, 1], 1, usual)
    assert built.tolist() == [4, 2, 0, 4]
    assert stands.tolist() == [[0.875, 0.125], [0.2, 0.8], [0, 0], [0.25, 0.75]]
    built, stands = Chosen(amount, located).together([0, 1], 0, usual)
    assert (built.tolist(), stands.tolist()) == ([0, 0, 0, 0], usual.tolist())
    nothing = Chosen.nothing(2, 3, 4, 5)
    assert (nothing.amount.shape, nothing.located.shape) == ((2, 3, 5), (2, 3, 4, 5))
    assert not nothing.amount.any()
    assert not nothing.located.any()


@pytest.mark.parametrize(("amounts", "parts", "wrong"), [
    ({"ore": 2.0}, {"ore": {"CHN": 0.4, "KOR": 0.6}}, []), ({"ore": 2.0}, {}, []),
    ({"ore": 2.0}, {"ore": {"CHN": 0.4, "KOR": 0.5}}, ["follow_on_in.Here.2031.ore: sums to 0.9; expected 1"]),
    ({}, {"ore": {"CHN": 1.0}},
     ["follow_on_in.Here.2031.ore: says where, but not how much; add follow_on.Here.2031.ore"]),
    ({"gas": 0.5}, {}, ["follow_on.Here.2031.gas: stands nowhere, as nobody is known to make it"]),
    ({"gas": 0.0}, {}, []), ({"gas": 1.0}, {"gas": {"CHN": 1.0}}, []),
    ({"or": 2.0}, {}, ["follow_on.Here.2031.or: no node; did"]),
    ({"ore": 2.0}, {"ore": {"CHM": 1.0}}, ["follow_on_in.Here.2031.ore.CHM: no country that makes anything"]),
    ({}, {"or": {"CHN": 1.0}}, ["follow_on_in.Here.2031.or: no node; did"]),
])  # fmt: skip
def test_what_is_said_of_follow_on_fits(amounts: dict[str, Any], parts: dict[str, Any], wrong: list[str]) -> None:
    said: Any = SimpleNamespace(follow_on={"Here": {"2031": amounts}}, follow_on_in={"Here": {"2031": parts}})
    usual = np.array([[1.0, 0.0], [0.0, 0.0]])
    found = [f"{'.'.join(path)}: {why}" for path, why in _wrong(said, ("Here",), ("ore", "gas"), ("CHN", "KOR"), usual)]
    assert len(found) == len(wrong)
    assert all(begins in each for begins, each in zip(wrong, found, strict=True)), found
    anywhere = list(_wrong(said, ("Here",), ("ore", "gas"), ("CHN", "KOR"), None))
    assert len(anywhere) == len([each for each in wrong if "nowhere" not in each])


# --- checks of a mix -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "refused"), [
    ({"likelihood": {"china-anode": 1}}, []), ({"likelihood": {"china-anode": 2}}, ["likelihood"]),
    ({"level": 0.7}, ["level"]), ({"level": 0.7, "weights": {"cvar": 1.0}, "objective": "weighted"}, []),
    ({"likelihood": {"china-anode": 2}, "exposure_cap": 50}, []), ({"cost_cap": 0.1}, ["cost_cap"]),
])  # fmt: skip
def test_keys_that_count_nowhere_are_refused(said: dict[str, Any], refused: list[str]) -> None:
    """Of the cheapest mix; a likelihood of one is what each has by itself."""
    config = Optimise.model_validate({"scenario": "plan", "objective": "cost", **said})
    assert [path[-1] for path, _, _ in _of_objective(config)] == refused


# --- what batteries use ----------------------------------------------------------------------------------------------


def test_a_record_says_which_intensities_are_derived() -> None:
    """All, but for chemistries without a design, or those of a few; and whether the run file has some of its own."""
    derived, own, published = (
        {"chemistry": name, "fill": fill}
        for name, fill in (("nmc811", "derived"), ("na_layered", "override"), ("lfp", "given"))
    )

    def notes(route: str, *records: dict[str, str]) -> list[str]:
        config = SimpleNamespace(config=SimpleNamespace(route=route))
        return list(_Intensity._notes(config, records))  # type: ignore[arg-type]

    whole = "Intensities are derived from cells, but for copper and aluminium"
    assert notes("derived", derived, derived) == [f"{whole}."]
    assert notes("derived", derived, own) == [
        f"{whole}, and all of na_layered, which has no cell design.", "Some intensities are given by the run file."
    ]  # fmt: skip
    assert notes("inventory", derived, published) == ["Intensities of nmc811 are derived from cells."]
    assert notes("inventory", published) == []


def test_what_cells_use_on_the_mean_of_their_segments() -> None:
    """A node takes 1 and 3 kt/GWh of NMC by segment, of which there are 30 and 10 GWh; of LFP there is none, so that
    its segments count alike. Where all use nodes alike they are one."""
    fixed = np.array([[[1.0, 0.0], [2.0, 0.0]], [[3.0, 0.0], [4.0, 0.0]]])[
        ..., None
    ]  # (segment, chemistry, node, year)
    carrier = np.array([[0.8, 1.0], [1.2, 2.0]])[..., None]
    apart: Any = SimpleNamespace(fixed=fixed, carrier=carrier)
    apart.weights = lambda cells: Uses.weights(apart, cells)
    cells = np.array([[30.0, 0.0], [10.0, 0.0]])
    assert Uses.weights(apart, cells).tolist() == [[0.75, 0.5], [0.25, 0.5]]
    assert Uses.told_apart(apart, cells, 0) is cells
    node, graphite = Uses.mean(apart, 0, cells)
    assert node.tolist() == [[1.5, 0], [3, 0]]
    assert graphite == pytest.approx([0.9, 1.5])
    alike: Any = SimpleNamespace(fixed=fixed[:1], carrier=carrier[:1])
    assert Uses.weights(alike, cells).tolist() == [[1, 1]]
    assert Uses.told_apart(alike, cells, 0).tolist() == [[40, 0]]
    assert Uses.mean(alike, 0, cells)[0].tolist() == [[1, 0], [2, 0]]


def test_use_at_the_planned_route_and_by_any() -> None:
    """In two segments and years: what a node takes whatever the route, and of graphite 2 of the natural and 3 of the
    synthetic one, of which a quarter and then all is natural."""
    fixed, carrier = np.zeros((2, 1, 3, 2)), np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    fixed[:, 0, 0] = [[5.0, 6.0], [7.0, 8.0]]
    uses = Uses(fixed, carrier, np.array([0.0, 2, 0]), np.array([0.0, 0, 3]), np.array([0.25, 1.0]), np.ones(3))
    first = [[5, 0.5, 2.25], [7, 1.5, 6.75]]
    assert uses.planned[:, :, 0].tolist() == [first, [[6, 4, 0], [8, 8, 0]]]
    assert uses.ever.tolist() == [[8, 8, 12]]
    assert uses.total(0, np.array([[1.0], [3.0]])).tolist() == [[6.5, 1.25, 5.625]]
    assert uses.total(1, np.array([[1.0], [3.0]])).tolist() == [[7.5, 7, 0]]
    assert uses.routed
    assert [each.tolist() for each in uses.used(0)] == [[[True, False, False]], [True]]
    only: Any = SimpleNamespace(fixed=np.array([[[[0.0, 1]]], [[[0.0, 0]]]]), carrier=np.array([[[0.0, 0]], [[0, 2]]]))
    assert [each.tolist() for each in Uses.used(only, 0)] == [[[False]], [False]]
    assert [each.tolist() for each in Uses.used(only, 1)] == [[[True]], [True]]
    for routes, said in (((0, 0), False), ((1, 0), True), ((0, 1), True)):
        assert (
            Uses(fixed, carrier, *(np.array([0.0, each]) for each in routes), uses.route, uses.scrapped).routed is said
        )


def test_what_is_recovered_takes_off_mining_and_refining() -> None:
    """4 kt of graphite, of which a quarter is natural, and 3 of cobalt: 2.5 of a mine per kg of natural graphite, and 2
    of another for cobalt. Cells of it are still made, and what one mass gives with others is still needed."""

    def node(stage: str, *products: tuple[str, str, float], together: tuple[str, ...] = ()) -> Any:
        return SimpleNamespace(stage=stage, alone=() if together else products)

    nodes = [node("mining", ("graphite", "natural", 2.5), ("cobalt", "", 2.0)), node("refining", ("graphite", "", 1.5)),
             node("refining", ("graphite", "synthetic", 2.0)), node("cell", ("cobalt", "", 1.0)),
             node("mining", ("cobalt", "", 1.0), together=("joint",))]  # fmt: skip
    supply: Any = SimpleNamespace(nodes=nodes)
    resolved: Any = SimpleNamespace(minerals=SimpleNamespace(labels=("cobalt", "graphite")))
    found = relief_of(supply, resolved, np.array([[3.0, 0.0], [4.0, 8.0]]), np.array([0.25, 1.0]))
    assert found.tolist() == [[2.5 + 6, 20], [6, 12], [6, 0], [0, 0], [0, 0]]


# --- of which node each is made --------------------------------------------------------------------------------------


def chain_node(code: str, stage: str, part: str, *products: str, **more: Any) -> Any:
    """A node of a chain. products: `mineral` or `mineral:route`."""
    made = tuple((*each.partition(":")[::2], 1.0) for each in products)
    return SimpleNamespace(**{"node": code, "stage": stage, "part": part, "products": made, "uses": {}, "feeds": "",
                              "in_path": True, **more})  # fmt: skip


def uses_of_nodes(use: np.ndarray) -> Any:
    return SimpleNamespace(ever=use, planned=use[None, None])


def test_what_goes_into_what() -> None:
    """Mined lithium goes into what is refined of it, and that into the cathode, but a third into the anode of a metal
    cell; cobalt into the cathode whose cobalt it is, natural graphite into coated graphite alone, which is named, coke
    into synthetic graphite. Foil goes straight into cells. Nobody knows who makes the separator."""
    nodes = [
        chain_node("spodumene", "mining", "cathode", "lithium"),
        chain_node("hydroxide", "refining", "cathode", "lithium"),
        chain_node("cobalt_ore", "mining", "cathode", "cobalt"),
        chain_node("sulfate", "refining", "cathode", "cobalt"),
        chain_node("cathode", "active_material", "cathode", "cobalt"),
        chain_node("other_cathode", "active_material", "cathode"),
        chain_node("metal", "active_material", "anode", uses={"metal": ("lithium", 1 / 3)}),
        chain_node("flake", "mining", "anode", "graphite:natural", feeds="coated"),
        chain_node("coated", "active_material", "anode", "graphite:natural"),
        chain_node("coke", "refining", "anode", "graphite:synthetic"),
        chain_node("synthetic", "active_material", "anode", "graphite:synthetic"),
        chain_node("copper", "refining", "foil", "copper"),
        chain_node("polymer", "mining", "separator"),
        chain_node("film", "refining", "separator"),
        chain_node("cell", "cell", "cell"),
    ]
    at = {node.node: place for place, node in enumerate(nodes)}
    use = np.ones((2, len(nodes)))
    use[0, at["metal"]] = 0
    for name in ("flake", "coated", "coke", "synthetic", "other_cathode"):
        use[1, at[name]] = 0
    use[:, at["spodumene"]] = 6
    known = np.array([node.node != "film" for node in nodes])
    chain = chain_of(nodes, ("nmc", "metal"), uses_of_nodes(use), known)
    found = [
        {(nodes[n].node, nodes[d].node): float(chain.into[c, n, d]) for n, d in zip(*np.nonzero(each), strict=True)}
        for c, each in enumerate(chain.into)
    ]
    both = {("spodumene", "hydroxide"): 1, ("cobalt_ore", "sulfate"): 1, ("sulfate", "cathode"): 1}
    graphite = {("flake", "coated"): 1, ("coke", "synthetic"): 1}
    assert found[0] == {**both, **graphite, ("hydroxide", "cathode"): 0.5, ("hydroxide", "other_cathode"): 0.5}
    third = {("hydroxide", "metal"): pytest.approx(1 / 3), ("hydroxide", "cathode"): pytest.approx(2 / 3)}
    assert found[1] == {**both, **third}
    per = {(nodes[n].node, nodes[d].node): chain.per[n, d] for n, d in zip(*np.nonzero(chain.per), strict=True)}
    assert per == {("spodumene", "hydroxide"): 6, ("cobalt_ore", "sulfate"): 1}
    assert chain.stage[[at["flake"], at["coke"], at["coated"], at["cell"]]].tolist() == [MINING, 1, ACTIVE, CELL]
    assert [nodes[n].node for _, n in zip(*np.nonzero(chain.cell), strict=True)] == ["cell", "cell"]
    assert [nodes[n].node for n in np.flatnonzero(chain.natural)] == ["flake", "coated"]
    assert [nodes[n].node for n in np.flatnonzero(chain.synthetic)] == ["coke", "synthetic"]
    chain = chain_of(nodes, ("nmc", "metal"), uses_of_nodes(use), np.ones(len(nodes), dtype=bool))
    assert chain.into[:, at["polymer"], at["film"]].tolist() == [1, 1], "of the same part, where neither has a mineral"


def test_what_is_mined_goes_into_what_is_refined_of_just_its_minerals() -> None:
    """Nickel into its sulfate, though what holds cobalt too is named before; cobalt into the latter, which is the only
    one with it, and ore of both too. What is off the path is no stage of its own. Iron goes into nothing here, nor
    natural graphite into what is synthetic, or what has no mineral into what has one. Of two makers of cells each makes
    those of one chemistry."""
    nodes = [
        chain_node("counted_twice", "refining", "cathode", "nickel", in_path=False),
        chain_node("mixed", "refining", "cathode", "nickel", "cobalt"),
        chain_node("sulfate", "refining", "cathode", "nickel"),
        chain_node("calcined", "refining", "anode", "graphite:synthetic"),
        chain_node("nickel_ore", "mining", "cathode", "nickel"),
        chain_node("cobalt_ore", "mining", "cathode", "cobalt"),
        chain_node("laterite", "mining", "cathode", "nickel", "cobalt"),
        chain_node("iron_ore", "mining", "cathode", "iron"),
        chain_node("flake", "mining", "anode", "graphite:natural"),
        chain_node("brine", "mining", "electrolyte"),
        chain_node("salt", "refining", "electrolyte", "lithium"),
        chain_node("film", "refining", "separator"),
        chain_node("one", "cell", "cell"),
        chain_node("two", "cell", "cell"),
    ]
    use = np.ones((2, len(nodes)))
    use[0, -1] = use[1, -2] = 0
    chain = chain_of(nodes, ("a", "b"), uses_of_nodes(use), np.ones(len(nodes), dtype=bool))
    into = {nodes[n].node: nodes[d].node for n, d in zip(*np.nonzero(chain.into[0]), strict=True)}
    assert into == {"nickel_ore": "sulfate", "cobalt_ore": "mixed", "laterite": "mixed"}
    assert chain.cell.sum(axis=1).tolist() == [1, 1]
    assert chain.cell[0, -2]
    assert chain.cell[1, -1]


@pytest.mark.parametrize(("shares", "into"), [
    ({}, {"cathode": 1.0}), ({"metal": 0.25}, {"metal": 0.25, "cathode": 0.75}), ({"metal": 1.5}, {"metal": 1.0}),
    ({"metal": 0.75, "host": 0.5}, {"metal": 0.75, "host": 0.5}), ({"off": 0.25}, {"cathode": 1.0}),
    ({"cathode": 0.25}, {"cathode": 1.0}), ({"host": 0.0}, {"host": 0.0, "cathode": 1.0}),
])  # fmt: skip
def test_what_another_part_says_it_takes_does_not_go_into_the_own_one(
    shares: dict[str, float], into: dict[str, float]
) -> None:
    """Lithium goes into the cathode that holds it, less what the anodes of a chemistry say; all at most."""
    parts = {"cathode": "cathode", "plain": "cathode", "metal": "anode", "host": "anode", "off": "anode"}
    nodes = [chain_node("hydroxide", "refining", "cathode", "lithium")] + [
        chain_node(code, "active_material", part, *(["lithium"] if code == "cathode" else []), in_path=code != "off",
                   uses={"a": ("lithium", shares[code])} if code in shares else {"a": ("cobalt", 0.5)})
        for code, part in parts.items()
    ]  # fmt: skip
    assert {nodes[a].node: share for a, share in _active(nodes, range(1, 6), 0, "a")} == into
    # Where none of the part holds the mineral all of it take it alike.
    nodes[1].products = ()
    nodes[1].uses, nodes[2].uses = {}, {}
    without = {nodes[a].node: share for a, share in _active(nodes, range(1, 3), 0, "a")}
    assert without == {"cathode": 0.5, "plain": 0.5}


def test_a_node_of_which_not_all_need_as_much_is_refused() -> None:
    """Of ore 6 for each unit of hydroxide in one chemistry, and as much in another but for rounding, or 7."""
    stages = {"ore": "mining", "hydroxide": "refining", "cathode": "active_material"}
    nodes = [chain_node(code, stage, "cathode", "lithium") for code, stage in stages.items()]
    known = np.ones(3, dtype=bool)
    alike = np.array([[6.0, 1, 1], [12.0 + 1e-9, 2, 1], [0, 3, 1]])
    assert chain_of(nodes, ("a", "b", "c"), uses_of_nodes(alike), known).per[0, 1] == 6
    with pytest.raises(InputError, match="each unit of which needs 6 to 7 by chemistry") as raised:
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(np.array([[6.0, 1, 1], [14.0, 2, 1], [0, 3, 1]])), known)
    assert [problem.line for problem in raised.value.problems] == [0]
    # A node that is named takes one ratio at any stage; one that is not has none further on.
    ratios = np.array([[6.0, 1, 1], [12.0, 2, 5], [0, 3, 1]])
    chain_of(nodes, ("a", "b", "c"), uses_of_nodes(ratios), known)
    # Years in which one or the other is not used at all have no ratio.
    years = uses_of_nodes(alike)
    years.planned = np.array([alike, [[0, 1, 1], [3, 0, 1], [0, 0, 0]]])[:, None]
    assert chain_of(nodes, ("a", "b", "c"), years, known).per[0, 1] == 6
    # Nor has a chemistry for which it does not go there.
    nodes[0].products, nodes[0].uses = (), dict.fromkeys("ab", ("lithium", 1.0))
    nodes[0].uses["c"] = ("energy", 1.0)
    assert (
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(np.array([[6.0, 1, 1]] * 2 + [[9, 1, 1]])), known).per[0, 1] == 6
    )
    nodes[1].feeds = "cathode"
    some = np.array([[6.0, 1, 1], [6.0, 1, 0], [12.0, 2, 5]])
    with pytest.raises(InputError, match=r"goes into cathode, each unit of which needs 0\.4 to 1 by chemistry"):
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(some), known)
    with pytest.raises(InputError, match=r"goes into cathode, each unit of which needs 0\.4 to 3 by chemistry"):
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(ratios), known)


# --- the reference world ---------------------------------------------------------------------------------------------


def test_what_is_recovered_is_used_at_home_first() -> None:
    """Of 8 at home 5 are used there, and the other 3 sold to those who need 2 and 4; of a second node more is recovered
    than all need."""
    gross = np.array([[5.0, 2.0, 4.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    recovered = np.array([[8.0, 0.0, 0.0], [5.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    assert _where_made(gross, recovered).tolist() == [[5, 1, 2], [1, 1, 0], [0, 0, 0]]


def test_makers_at_home_in_no_region_are_one_more_customer() -> None:
    made = np.ones((2, 3))
    supply = Supply(made, np.full((2, 2), 3.0), np.array([4.0, 5.0]), np.array([0, NOWHERE, 1]), np.full((2, 2), 0.5))
    found = with_customers(supply, 3)
    assert found.home.tolist() == [0, 2, 1]
    assert found.need.tolist() == [[3, 3, 0]] * 2
    assert (np.asarray(found.recovered).tolist(), found.batteries.tolist()) == ([[0.5, 0.5, 0]] * 2, [4, 5, 0])
    assert with_customers(supply, 2).home.tolist() == [0, NOWHERE, 1]
    assert with_customers(supply, 2).need.shape == (2, 2)


def test_uses_that_a_scope_leaves_out_by_hand() -> None:
    """Of 10 GWh of the region 4 are buses, and none in the second year; those of another one do not count."""

    def axis(*labels: str) -> Any:
        return SimpleNamespace(labels=labels)

    inputs: Any = SimpleNamespace(by_code=lambda *_: {"car": "Cars", "bus": "Buses", "boat": "Boats"})
    resolved: Any = SimpleNamespace(regions=axis("Here"), uses_in_scope={"car"})
    world: Any = SimpleNamespace(regions=axis("There", "Here"), segments=axis("car", "bus", "boat"))
    cells = np.zeros((2, 3, 2, 2))
    cells[0], cells[1, :2, :, 0] = 9.0, [[5.0, 1.0], [1.0, 3.0]]
    assert {name: share.tolist() for name, share in left_out_of(resolved, inputs, world, cells).items()} == {
        "Buses": [0.4, 0]
    }


def test_the_part_of_cells_whose_way_passes_what_is_made_at_home() -> None:
    """Of ore that goes into metal, and metal into an active material, of which half and a fifth of what is needed is
    made at home: a fifth of the metal, and a tenth of the ore, passes it. Of a foil all goes into cells, and of what is
    made beyond need no more than all counts."""
    stage = np.array([MINING, REFINING, ACTIVE, REFINING, CELL])
    into = np.zeros((1, 5, 5))
    into[0, 0, 1] = into[0, 1, 2] = 1.0
    chain = Chain(stage, into, stage[None] == CELL, np.zeros((5, 5)), *np.zeros((2, 5), dtype=bool))
    made = np.array([[1.0, 9], [5.0, 0], [2.0, 9], [30.0, 0], [0.0, 1]])
    need = np.column_stack([np.full(5, 10.0), np.full(5, 40.0)])
    supply = Supply(made, need, np.ones(2), np.array([0, 1]))
    assert passing_of(chain, supply, np.array([True, False])).tolist() == [[0.1, 0.2, 1, 1, 0]]
    # With both together: 5 of 50 metal and 11 of 50 active.
    both = passing_of(chain, supply, np.array([True, True]))[0]
    assert both == pytest.approx([0.22 * 0.1, 0.22, 1, 1, 0])


def test_where_cells_of_a_reference_world_come_from() -> None:
    """One share made at home counts from the first year on; those of lithium-ion come first of the nodes that make
    cells; makers at home in no region are one customer, where there is one."""
    nodes = [SimpleNamespace(stage=stage, node=node) for stage, node in (
        ("cell", "na_ion_cell"), ("mining", "li_ion_cell_ore"), ("cell", "li_ion_cell_solid"), ("cell", "li_ion_cell"))
    ]  # fmt: skip
    supply: Any = SimpleNamespace(
        years=(2030, 2035), nodes=nodes, homes={"DEU": "Europe", "MAR": ""}, countries=("DEU", "MAR"),
        cell_origin={}, observed_share=None, origin={"CHN": 0.4},
    )  # fmt: skip

    def told(said: Any, *customers: str) -> Origins:
        config = SimpleNamespace(settings=SimpleNamespace(exposure=SimpleNamespace(made_at_home=said)))
        return origins_of(config, supply, (), customers)  # type: ignore[arg-type]

    assert told(0.5, "Europe", ELSEWHERE).made_at_home == ((2030, 0.5),)
    assert told({"2035": 0.5, 2031: 0.2}, "Europe").made_at_home == ((2031, 0.2), (2035, 0.5))
    found = told(None, "Europe", ELSEWHERE)
    assert (found.made_at_home, found.cells) == ((), (2, 3, 0))
    assert found.homes == {"DEU": "Europe", "MAR": ELSEWHERE}
    assert told(None, "Europe").homes == supply.homes


@pytest.mark.parametrize(("planned", "chosen", "start", "years"), [
    (None, False, 2030, (2030, 2031, 2033)), (2031, False, 2031, (2030, 2031, 2032, 2033)),
    (2027, False, 2027, tuple(range(2026, 2034))), (2040, False, 2040, (2033,)),
    (2034, False, 2034, (2033,)), (2027, True, 2031, (2030, 2031, 2032, 2033)),
    (None, True, 2031, (2030, 2031, 2032, 2033)), (2033, True, 2033, (2032, 2033)),
])  # fmt: skip
def test_known_supply_is_told_from_the_year_before_a_plan_on(
    planned: int | None, chosen: bool, start: int, years: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first year that is planned, or of a mix the first that is decided, if that is later. What is reported is not
    computed again; else all years are, with the first rows of tables that begin later."""
    asked = []

    def supply_inputs(run: Any, inputs: Any, minerals: Any, years: Any, partition: Any) -> Any:
        asked.append((run.settings.update["scope"].update, years))
        return SimpleNamespace(used="rows", years=years)

    def copied(**fields: Any) -> Any:
        return SimpleNamespace(**fields, model_copy=lambda update: SimpleNamespace(update=update))

    @dataclass
    class RunOf:
        settings: Any

    def known(supply: Any, *_: Any) -> Any:
        return tuple(
            SimpleNamespace(made=np.full((2, 1), float(year)), fill=("plants", BY_NEED)) for year in supply.years
        )

    for name, found in {
        "first_planned": lambda _, demands: planned if demands == ("stated", "low") else 0,
        "supply_inputs": supply_inputs, "_known": known, "_world": lambda *_: SimpleNamespace(resolved=None),
        "need_of": lambda *_: None, "batteries": lambda *_: None, "rows_of": lambda _: "world rows",
    }.items():  # fmt: skip
        monkeypatch.setattr(f"minerals.case.set_up.{name}", found)
    settings = copied(exposure=SimpleNamespace(demand="stated"), scenario={"plan": SimpleNamespace(demand="low")},
                      optimise=object() if chosen else None, scope=copied())  # fmt: skip
    reported: Any = SimpleNamespace(years=(2030, 2031, 2033))
    resolved: Any = SimpleNamespace(run=RunOf(settings), minerals=SimpleNamespace(labels=()))
    since, used = _since(resolved, None, (), reported, known(reported), None)  # type: ignore[arg-type]
    assert (since.start, since.years.tolist()) == (start, list(years))
    assert since.made[:, 0, 0].tolist() == list(years)
    assert since.counted.tolist() == [[True] * len(years), [False] * len(years)]
    if set(years) <= {2030, 2031, 2033}:
        assert (used, asked) == ((), [])
    else:
        ((scope, computed),) = asked
        assert (scope["beyond"], scope["years"].labels(), computed) == ("hold", years, years)
        assert used == ("rows", "world rows")


# --- what nobody knows makes -----------------------------------------------------------------------------------------


def test_who_is_taken_to_lead_a_node() -> None:
    """As named, where that is a country of the run; else who has most of the shares in the last year but for groups;
    nobody for what counts a step again, or where a group is named."""
    share = np.zeros((6, 3, 2))
    share[1:, :, 0], share[1:, :, 1] = [0.6, 0.3, 0.1], [0.1, 0.3, 0.6]
    inputs: Any = SimpleNamespace(
        nodes=[SimpleNamespace(in_path=path) for path in (True, True, True, False, True, True)],
        leader=["KOR", "", "", "KOR", "OTHERS", "XYZ"], countries=("CHN", "KOR", "OTHERS"), share=share,
        known=np.array([False, True, False, True, True, True]), is_group=np.array([False, False, True]),
    )  # fmt: skip
    assert leaders(inputs).tolist() == [1, 1, -1, -1, -1, 1]
    inputs.leader[1] = "CHN"
    assert leaders(inputs).tolist() == [1, 0, -1, -1, -1, 1]


def test_how_much_of_what_nobody_knows_its_leader_makes() -> None:
    """None, all, or as much as published, else as of the cathodes that use it; nothing of what is known."""
    nan, share = np.nan, np.zeros((3, 2, 2))
    share[0], share[2] = [[0.7, 0.6], [0.3, 0.4]], [[0.9, 0.8], [0.1, 0.2]]
    nodes = [SimpleNamespace(in_path=True, part=part) for part in ("salt", "film", "cathode")]
    inputs: Any = SimpleNamespace(
        nodes=nodes, leader=["CHN", "KOR", "CHN"], countries=("CHN", "KOR"), share=share,
        known=np.array([True, False, True]), is_group=np.array([False, False]),
    )  # fmt: skip
    chain: Any = SimpleNamespace(stage=np.array([REFINING, REFINING, ACTIVE]))
    made = np.array([[nan, nan], [nan, nan], [1.0, 2.0]])
    supply = [Supply(made, np.ones((3, 1)), np.ones(1), np.array([0, 0]), assumed=np.ones((3, 2)))] * 2
    none = assumed_of("none", supply, inputs, chain, np.ones((1, 3)))
    assert [each.assumed for each in none] == [None, None]
    every = assumed_of("all", supply, inputs, chain, np.ones((1, 3)))
    assert [np.asarray(each.assumed).tolist() for each in every] == [[[1, 0], [0, 1], [0, 0]]] * 2
    centre = assumed_of("centre", supply, inputs, chain, np.ones((1, 3)))
    found = [np.asarray(each.assumed).tolist() for each in centre]
    assert found == [[[0.7, 0.3], [0.9, 0.1], [0, 0]], [[0.6, 0.4], [0.8, 0.2], [0, 0]]]


# --- what more is recovered ------------------------------------------------------------------------------------------


def test_what_better_recycling_gains_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 GWh reach recyclers in 2031 with 4 kt of cobalt, of which half goes a route that gives 0.9 of it and half one
    that gives 0.5: 0.7. The better route takes the other half and gains 0.04 kt for each GWh, the worse one loses as
    much, a third gives nothing. 5 GWh more could be collected, with 2 kt, which gains 0.28. Of scrap all goes the first
    route already. Collection costs 3, and begins a year on; the low and high ends count nowhere."""
    nan, years = np.nan, (2029, 2030, 2031)
    full: Any = SimpleNamespace(labels=years)
    route = np.full((3, 1, 3, 3), nan)
    route[0, 0] = np.array([0.5, 0.5, 0.0])[:, None]
    rates = np.full((3, 3, 1, 3), nan)
    rates[0] = np.array([0.9, 0.5, 0.0])[:, None, None]
    parameters = SimpleNamespace(route=route, recovery={"end_of_life": rates, "prompt": rates})
    resolved = SimpleNamespace(parameters=parameters, years=full, minerals=SimpleNamespace(labels=("cobalt",)))
    assembly: Any = SimpleNamespace(
        resolved=resolved, outcome=SimpleNamespace(survival=object()), years=(2030, 2031), regions=("Here",),
        returns=SimpleNamespace(minerals=("cobalt",)),
    )  # fmt: skip
    gwh = {COLLECTED: np.array([[7.0, 0, 20]]), UNCOLLECTED: np.array([[1.0, 2, 5]]), SCRAP: np.array([[1.0, 0, 0]])}
    held = {stream: np.array([[[1.0, 0, kt]]]) for stream, kt in ((COLLECTED, 4), (UNCOLLECTED, 2), (SCRAP, 0))}
    costs = {"collection": 3.0, "pyro": 2.0, "hydro": 1.0, "direct": nan}

    def rows(_: object, way: str) -> Any:
        lead = [1.0 if way == "collection" else nan, 0.0, 0.0]
        return SimpleNamespace(cost=np.array([costs[way], 0.0, 9.0]), lead=np.array(lead), way={"cost": way})

    asked = []

    def value(key: tuple[str, ...], ends: np.ndarray) -> float:
        asked.append(key)
        return float(ends[0])

    monkeypatch.setattr("minerals.case.recycling._streams", lambda *_: (gwh, held))
    monkeypatch.setattr("minerals.case.recycling.new_recycling", rows)
    found = recycling(assembly, None, None, {}, value)  # type: ignore[arg-type]
    assert found["recycling_cost"] == {("Here", "collection", 2031): 3, ("Here", "pyro", 2031): 1,
                                       ("Here", "hydro", 2031): 0.5}  # fmt: skip
    assert found["recycling_gain"] == pytest.approx({
        ("Here", "collection", "cobalt", 2031): 0.4 * 0.7, ("Here", "pyro", "cobalt", 2031): 0.2 * 0.2,
        ("Here", "hydro", "cobalt", 2031): -0.2 * 0.2,
    })  # fmt: skip
    assert found["recycling_into"] == {"collection": "collected"}
    assert found["recycling_from"] == {"collection": "uncollected", "pyro": "collected", "hydro": "collected",
                                       "scrap_pyro": "scrap", "scrap_hydro": "scrap"}  # fmt: skip
    assert found["recycling_most"]["Here", "collected", 2031] == 20
    assert found["recycling_most"]["Here", "uncollected", 2030] == 2
    assert len(found["recycling_most"]) == 6
    assert asked[:2] == [("recycling_cost", "cost", "collection"), ("recycling_cost", "cost", "pyro")]
    resolved.parameters = None
    assert not any(recycling(assembly, None, None, {}, value).values())  # type: ignore[arg-type]


def test_batteries_of_each_stream_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """10 GWh of 2029 stay as they were; of 2030 and 2031 those of a plan count, 20 and 30, in place of what was meant.
    A tenth of a cohort reaches recyclers in each year after its own, and could be a quarter; of what is made in 2031 a
    fifth more goes in than comes out. A GWh holds 2 kt, or 3 if it is of 2031."""
    years = Axis("year", (2029, 2030, 2031))
    tenth = np.where(np.tri(3, k=-1), 0.1, 0.0)[None, None, None]
    chosen = SimpleNamespace(cells=np.array([10.0, 99, 99]).reshape(1, 1, 1, 3))
    outcome = SimpleNamespace(
        survival=object(), scenarios={"plan": chosen}, returning=tenth,
        arrays=SimpleNamespace(intensity_by_year=np.array([[[2.0, 2.0, 3.0]]])),
    )  # fmt: skip
    assembly: Any = SimpleNamespace(
        resolved=SimpleNamespace(years=years), outcome=outcome, incumbent="plan", years=(2030, 2031),
        regions=("Here",), segments=("car",), place={"lfp": 0}, at={2030: 0, 2031: 1}, gain=np.array([[1.0, 1.2]]),
    )  # fmt: skip
    monkeypatch.setattr("minerals.case.recycling.returning", lambda _, __, end: tenth * {2: 2.5}[end])
    plan: Any = {("Here", "car", "lfp", 2030): 20.0, ("Here", "car", "lfp", 2031): 30.0}
    gwh, held = _streams(assembly, plan)
    assert gwh[COLLECTED] == pytest.approx(np.array([[0, 1, 3]]))
    assert gwh[UNCOLLECTED] == pytest.approx(np.array([[0, 1.5, 4.5]]))
    assert gwh[SCRAP] == pytest.approx(np.array([[0, 0, 6]]))
    assert held[COLLECTED] == pytest.approx(np.array([[[0, 2, 6]]]))
    assert held[UNCOLLECTED] == pytest.approx(np.array([[[0, 3, 9]]]))
    assert held[SCRAP] == pytest.approx(np.array([[[0, 0, 18]]]))
    assert chosen.cells[0, 0, 0].tolist() == [10, 99, 99]


def test_the_most_that_better_recycling_takes_off_a_node() -> None:
    """A battery that is not collected may be, which gains 0.3, and then go a route that gains 0.05 more; one that is
    collected goes the route, one of scrap none that gains. 2 and 10 GWh of them: 2 · 0.35 + 10 · 0.05, of which a mine
    is spared 2 each and 3 of another mineral, of which a tenth is gained where it is collected."""
    gain = {("Here", "collection", "cobalt", 2031): 0.3, ("Here", "hydro", "cobalt", 2031): 0.05,
            ("Here", "pyro", "cobalt", 2031): -0.2, ("Here", "collection", "nickel", 2031): 0.1,
            ("Here", "direct", "cobalt", 2031): 9.0, ("Here", "hydro", "cobalt", 2030): 0.5}  # fmt: skip
    ways = {"collection": UNCOLLECTED, "hydro": COLLECTED, "pyro": COLLECTED, "direct": COLLECTED, "scrap_hydro": SCRAP}
    data: Any = SimpleNamespace(
        relief={("cobalt", "mine", 2031): 2.0, ("nickel", "mine", 2031): 3.0, ("cobalt", "mine", 2030): 5.0},
        regions=("Here",), recycling_from=ways, recycling_into={"collection": COLLECTED}, recycling_gain=gain,
        recycling_cost={("Here", way, y): 1.0 for way in ways if way != "direct" for y in (2030, 2031)},
        recycling_most={("Here", UNCOLLECTED, 2031): 2.0, ("Here", COLLECTED, 2031): 10.0, ("Here", SCRAP, 2031): 7.0},
    )  # fmt: skip
    found = most_taken_off(data)
    assert found == pytest.approx({("mine", 2031): 2 * (2 * 0.35 + 10 * 0.05) + 3 * 2 * 0.1, ("mine", 2030): 0})


# --- market shares that are drawn ------------------------------------------------------------------------------------


def test_how_far_market_shares_move_by_hand() -> None:
    """Of 0.2 with the ends 0.1 and 0.5, of 0.3 that only rises to 0.6, and of 0.5 that only falls to 0.2, by odds; of
    one without ends as much as years since the last observed one say, up to ten; nothing and all are certain."""
    years, spread = (2030, 2031, 2035, 2045), 0.3
    value = np.array([0.2, 0.3, 0.5, 0.4, 0.0, 1.0])
    low, high = np.array([0.1, 0.3, 0.2, 0.4, 0.0, 1.0]), np.array([0.5, 0.6, 0.5, 0.4, 0.3, 1.0])
    bases, asked = ("a", "b", "c", "d", "none", "all"), []

    def dense_each(axes: Any, ends: Any, scenario: str) -> Any:
        asked.append((scenario, axes[2].name, axes[2].labels))
        place = [bases.index(each[0] if isinstance(each, tuple) else each) for each in axes[2].labels]
        shape = (*map(len, axes),)
        return {end: np.broadcast_to(each[place][:, None], shape) for end, each in
                zip(ends, (value, low, high), strict=True)}  # fmt: skip

    def resolved(pairs: tuple[Any, ...], silicon: str) -> Any:
        run = SimpleNamespace(settings=SimpleNamespace(scenario={"plan": SimpleNamespace(silicon=silicon)}))
        return SimpleNamespace(
            regions=Axis("region", ("Here", "There")), segments=Axis("segment", ("car", "bus", "ship")), run=run,
            chemistries=Axis("chemistry", pairs), years=Axis("year", years),
            market_share=SimpleNamespace(dense_each=dense_each), observed={("plan", "There", "bus"): 2031},
        )  # fmt: skip

    pairs = tuple((each, 0.0) for each in bases)
    below, above = share_weights(resolved(pairs, "none"), "plan", spread)
    assert below.shape == above.shape == (2, 3, 6, 4)
    rising, falling = (0.6 / 0.4) / (0.3 / 0.7), (0.2 / 0.8) / 1
    first = np.exp(1.645 * spread * np.array([0, 0.1, 0.5, 1.0]))
    assert below[0, 0, :, 2] == pytest.approx([(0.1 / 0.9) / 0.25, 1, falling, 1 / first[2], 1, 1])
    assert above[0, 0, :, 2] == pytest.approx([4, rising, 1, first[2], 1, 1])
    assert above[0, 0, 3] == pytest.approx(first)
    assert above[1, 1, 3] == pytest.approx(np.exp(1.645 * spread * np.array([0, 0, 0.4, 1])))
    assert (below[:, :, 3] * above[:, :, 3]) == pytest.approx(np.ones((2, 3, 4)))
    # The overlay's blends of a base have its ends; blends of the tables have their own.
    blends = (("b", 0.0), ("b", 0.1), ("a", 0.0))
    below, above = share_weights(resolved(blends, "si"), "plan", spread)
    assert above[0, 0, :, 0] == pytest.approx([rising, rising, 4])
    assert below[0, 0, :, 0] == pytest.approx([1, 1, (0.1 / 0.9) / 0.25])
    share_weights(resolved(blends, "explicit"), "plan", spread)
    assert asked == [("plan", "chemistry", pairs), ("plan", "base", ("b", "a")), ("plan", "chemistry", blends)]
    for each in share_weights(resolved(blends, "si"), "plan", 0):
        assert each.shape == (2, 3, 3, 4)
        assert (each == 1).all()


# --- what a mix loses ------------------------------------------------------------------------------------------------


def test_what_is_lost_of_a_mix_by_whose_loss_it_is() -> None:
    """Two events in two years that count, one in a year before, one that has no weight; 7 GWh that no plan meets are
    lost to users under each, and to makers under none. What is rounding of 100 GWh is none."""

    def event(name: str, year: int, supply: float, industry: float, outside: float) -> Any:
        return SimpleNamespace(disruption=name), year, SimpleNamespace(supply=supply, industry=industry,
                                                                       all_outside=outside)  # fmt: skip

    mix: Any = SimpleNamespace(
        data=SimpleNamespace(disruptions=("stop", "strike"), years=(2031, 2032), demand={2031: 60.0, 2032: 40.0}),
        assembly=SimpleNamespace(chokepoints=SimpleNamespace(years=(2030, 2031, 2032))),
    )
    found = [event("stop", 1, 2.0, 5e-13, 4.0), event("stop", 2, 3.0, 4e-13, 1.0), event("stop", 0, 50.0, 50.0, 50.0),
             event("gone", 1, 9.0, 9.0, 9.0), event("strike", 2, 1.0, 2.0, 0.5)]  # fmt: skip
    assert lost(mix, found, 7.0) == {
        "supply": {"stop": 12, "strike": 8}, "industry": {"stop": 0, "strike": 2},
        "all_outside": {"stop": 12, "strike": 7.5},
    }  # fmt: skip
    found[0] = event("stop", 1, 2.0, 7e-13, 4.0)
    assert lost(mix, found, 7.0)["industry"]["stop"] == pytest.approx(1.1e-12)


def test_the_objective_of_a_mix_by_its_risks() -> None:
    """A risk alone; or as weighed, 2 of cost and 3 of concentration, where a GWh of LFP counts half and one of no
    measure whole, as what is not met does."""
    data = SimpleNamespace(measure={("lfp", 2031): 0.5})
    solution = SimpleNamespace(additions={("Here", "car", "lfp", 2031): 10.0, ("Here", "car", "nmc", 2031): 4.0},
                               unmet={("Here", "car", 2031): 1.0}, cost={2031: 7.0, 2032: 2.0})  # fmt: skip
    weights = {"cost": 2.0, "concentration": 3.0, "worst": 0.5}
    for objective, found in (("gwh_at_risk", 20.0), ("weighted", 2 * 9 + 3 * 10 + 0.5 * 40), ("cost", None)):
        config = SimpleNamespace(objective=objective, risk="expected", weights=weights)
        mix: Any = SimpleNamespace(config=config, data=data, solution=solution)
        assert _objective(mix, {"expected": 20.0, "worst": 40.0}) == found


# --- lines -----------------------------------------------------------------------------------------------------------


def test_lines_of_a_scenario() -> None:
    """Those of the lines file, older ones in the first year; else of all demand where not all is met: 12 GWh of which
    half is met is 24, and of what nothing is met of none. Without either they follow from what is sold."""
    rows = [("plan", "There", 2031, 5.0), ("plan", "There", 2020, 2.0), ("plan", "There", 2030, 1.0),
            ("other", "Here", 2031, 9.0)]  # fmt: skip
    met = {"Here": {"bus": {"2031": 0.5, "2030": 0.0}}}
    scenarios = {"plan": SimpleNamespace(met=met), "other": SimpleNamespace(met={})}
    resolved: Any = SimpleNamespace(
        lines=pd.DataFrame(rows, columns=["scenario", "region", "cohort", "value"]),
        regions=Axis("region", ("Here", "There")), segments=Axis("segment", ("car", "bus")),
        years=Axis("year", (2030, 2031)), run=SimpleNamespace(settings=SimpleNamespace(scenario=scenarios)),
    )  # fmt: skip
    arrays: Any = Arrays(resolved)
    arrays.__dict__["additions"] = {"plan": np.array([[[[1.0, 2.0], [0.0, 12.0]], [[3.0, 1.0], [0.0, 0.0]]]])}
    assert arrays.lines("plan").tolist() == [[0, 0], [3, 5]]
    assert arrays.wanted("plan").tolist() == [[[1, 2], [0, 24]], [[3, 1], [0, 0]]]
    resolved.lines = None
    assert arrays.lines("plan").tolist() == [[1, 25], [3, 0]]
    assert arrays.lines("other") is None
    assert arrays.additions["plan"][0, 0, 1, 1] == 12


# --- a mix asked backwards -------------------------------------------------------------------------------------------


def asked(told: dict[str, Any], **more: Any) -> Any:
    """What a study asks of a mix with 30 GWh of demand in 2031, 20 of it in one place, and 99 in 2030."""
    config = SimpleNamespace(
        **{"mineral": "", "year": None, "kt": (), "change": (), "coverage": (), "lost": (), **told}
    )
    wanted = {("Here", 2030): 99.0, ("Here", 2031): 20.0, ("There", 2031): 10.0}
    return BackcastMix(SimpleNamespace(data=SimpleNamespace(years=(2030, 2031), wanted=wanted), **more), config)  # type: ignore[arg-type]


def test_targets_from_the_loosest_to_the_tightest() -> None:
    """A change of what the baseline needs, an amount, or the part of demand that is covered, of which a higher one is
    the tighter."""
    change = asked({"mineral": "cobalt", "change": (-0.5, -0.1, -0.5)})
    change.__dict__["before"] = 40.0
    assert (change.target_kind, change.unit, change.year) == ("change", "kt", 2031)
    assert change.levels == (-0.1, -0.5)
    assert [change.amount(level) for level in change.levels] == pytest.approx([36, 20])
    covered = asked({"coverage": (0.9, 0.5), "year": 2030})
    assert (covered.levels, covered.year, covered.unit, covered.wanted) == ((0.5, 0.9), 2030, "GWh", 99)
    assert covered.amount(0.9) == pytest.approx(9.9)
    assert asked({"coverage": (0.9,)}).amount(0.9) == pytest.approx(3)
    amount = asked({"mineral": "cobalt", "kt": (2.0, 3.0)})
    assert (amount.levels, amount.amount(3.0)) == ((3, 2), 3)


def test_a_baseline_has_the_shares_of_its_scenario_and_the_demand_of_the_mix() -> None:
    """Of the 20 GWh of a place a quarter is NMC, three quarters LFP; what it is told in minerals is of the year of the
    target alone."""
    cells = np.zeros((1, 2, 2, 3))
    cells[0, 1, :, 2] = [1.0, 3.0]
    cells[0, 1, :, 1] = [5.0, 0.0]
    pairs = {"nmc": ("nmc", 0.0), "lfp": ("lfp", 0.0)}
    resolved = SimpleNamespace(
        chemistries=Axis("chemistry", (("lfp", 0.0), ("nmc", 0.0))), minerals=Axis("mineral", ("lithium", "cobalt")),
        years=Axis("year", (2029, 2030, 2031)),
    )  # fmt: skip
    intensity = np.arange(12.0).reshape(2, 2, 3)  # (chemistry, mineral, year)
    assembly = SimpleNamespace(
        pairs=pairs, resolved=resolved, regions=("Here",), segments=("bus", "car"), at={2030: 1, 2031: 2},
        incumbent="plan", chokepoints=SimpleNamespace(scenarios={"plan": SimpleNamespace(cells=cells)}),
        outcome=SimpleNamespace(arrays=SimpleNamespace(intensity_by_year=intensity)),
    )  # fmt: skip
    found = asked({"mineral": "cobalt", "baseline": ""}, assembly=assembly)
    found.mix.data.demand = {("Here", "car", 2030): 8.0, ("Here", "car", 2031): 20.0}
    assert found.baseline == {("Here", "car", "lfp", 2030): 8, ("Here", "car", "lfp", 2031): 5,
                              ("Here", "car", "nmc", 2031): 15}  # fmt: skip
    assert found.before == 5 * 5 + 15 * 11
    found = asked({"mineral": "lithium", "baseline": "", "year": 2030}, assembly=assembly)
    found.mix.data.demand = {("Here", "car", 2030): 8.0, ("Here", "car", 2031): 20.0}
    assert found.before == 8 * 1


def asked_of_blends(told: dict[str, Any], before: float = 2.0) -> Any:
    """What a study asks of a mix of NMC with and without silicon, LFP with it, and sodium; no mix may have LMO."""
    pairs = {"nmc_si": ("nmc", 0.1), "nmc": ("nmc", 0.0), "lfp_si": ("lfp", 0.2), "na": ("na", 0.0)}
    family = {"nmc_si": "NMC", "nmc": "NMC", "lfp_si": "LFP", "na": "Na-ion", "lmo": "LMO"}
    assembly = SimpleNamespace(
        pairs=pairs, tables=SimpleNamespace(family=family), place=dict(zip(pairs, range(4), strict=True))
    )
    lists = dict.fromkeys(("new", "held", "only_fall", "only_grow"), ())
    run = SimpleNamespace(problem=lambda path, what, why: Problem("run.toml", 1, what, why))
    found = asked({**lists, **told}, assembly=assembly, run=run)
    found.mix.data.chemistries = tuple(pairs)
    found.__dict__ |= {"_intensity": np.array([1.0, 2.0, 3.0, 0.0]), "baseline": "as before", "before": before}
    return found


def test_what_a_model_is_asked_of_blends_and_families() -> None:
    """With silicon held NMC keeps its parts, the plain one first, and LFP, which has no plain one, only falls."""
    lists = {"new": ("Na-ion", "lfp_si"), "held": ("NMC",), "only_fall": ("na",), "only_grow": ("nmc", "LFP")}
    found = asked_of_blends({"mineral": "cobalt", "kt": (2.0,), **lists}).question("held")
    assert (found.year, found.baseline, found.new) == (2031, "as before", {"na", "lfp_si"})
    assert found.content == {"nmc_si": 1, "nmc": 2, "lfp_si": 3, "na": 0}
    assert (found.held, found.blends) == ([{"nmc", "nmc_si"}], [("nmc", "nmc_si")])
    assert (found.only_fall, found.only_grow) == ([{"na"}, {"lfp_si"}], [{"nmc"}, {"lfp_si"}])
    free = asked_of_blends({"lost": (9.0,), **lists}).question("free")
    assert (free.content, free.blends, free.only_fall) == ({}, [], [{"na"}])


def test_what_no_mix_may_have_or_a_baseline_has_none_of_is_refused() -> None:
    asked_of_blends({"mineral": "cobalt", "change": (-0.1,), "held": ("NMC",), "new": ("na",)}).check()
    asked_of_blends({"mineral": "cobalt", "kt": (1.0,)}, 0.0).check()
    for told, before, words in (
        ({"only_grow": ("LMO",), "lost": (1.0,)}, 2.0, "no mix of this run may have any of it"),
        ({"mineral": "cobalt", "change": (-0.1,)}, 0.0, "the baseline needs none of it"),
    ):
        with pytest.raises(InputError, match=words) as raised:
            asked_of_blends(told, before).check()
        assert len(raised.value.problems) == 1


# --- prices that fit a mix -------------------------------------------------------------------------------------------


def test_a_mix_takes_the_place_of_what_its_regions_were_to_buy(monkeypatch: pytest.MonkeyPatch) -> None:
    """5 GWh of NMC in 2030 less, and 3 more of two chemistries in 2031; of LFP 4 more, which nobody was to buy; in a
    year that is not decided nothing moves."""
    told: dict[str, Any] = {}

    def with_more(more: Any) -> Any:
        told["more"] = more
        return SimpleNamespace(by_year=lambda: "learnt")

    resolved = SimpleNamespace(regions=Axis("region", ("Here",)), reported=(2029, 2030, 2031))
    assembly = SimpleNamespace(
        resolved=resolved, tables=SimpleNamespace(chemistries=("nmc",)), at_prices=lambda packs, data: (packs, data)
    )
    additions = {
        ("Here", "car", "nmc", 2031): 6.0,
        ("Here", "bus", "nmc8", 2031): 4.0,
        ("Here", "car", "lfp", 2031): 4.0,
    }
    data = SimpleNamespace(years=(2030, 2031), family={"nmc": "NMC", "nmc8": "NMC", "lfp": "LFP"})
    mix: Any = SimpleNamespace(assembly=assembly, data=data, run="run", solution=SimpleNamespace(additions=additions))
    monkeypatch.setattr("minerals.case.consistent.pack_prices", lambda *words: words)
    trend = {"NMC": {2029: 9.0, 2030: 5.0, 2031: 7.0}, "Na-ion": {2031: 2.0}}
    packs, _ = repriced(mix, "inputs", trend, SimpleNamespace(with_more=with_more))  # type: ignore[arg-type]
    assert packs == ("run", "inputs", ("Here",), ("nmc",), (2029, 2030, 2031), "learnt")
    assert told["more"] == {"NMC": {2030: -5, 2031: 3}, "LFP": {2031: 4}, "Na-ion": {2030: 0, 2031: -2}}


# --- the chain at its values -----------------------------------------------------------------------------------------


def test_at_the_values_of_its_inputs_a_chain_reads_none_of_their_ends(toy: Path) -> None:
    """All that comes after use is the same where the low and the high ends are no numbers; and with the low ends of
    collection it is theirs."""
    sets = ['scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}"]
    given = resolve(read_run(toy / "run.toml", sets), read_inputs(toy))
    known = given.parameters
    assert known is not None

    def at_value(ends: Any) -> Any:
        if isinstance(ends, dict):
            return {key: at_value(each) for key, each in ends.items()}
        if isinstance(ends, Lifetime):
            return replace(ends, mean=at_value(ends.mean))
        return np.concatenate([ends[:1], np.full_like(ends[1:], np.nan)])

    names = ("lifetime", "second_lifetime", "reuse_share", "health", "collection", "second_collection", "route",
             "recovery", "scrap", "ramp")  # fmt: skip
    bare = replace(given, parameters=replace(known, **{name: at_value(getattr(known, name)) for name in names}))
    one, other = (Outcome(each).scenarios["plan"].chain for each in (given, bare))
    assert one is not None
    assert other is not None
    for name in ("in_use", "retired", "second_life", "scrap", "recycled_content", "upstream", "recovery", "collection"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).any()
    for flow in FLOWS:
        np.testing.assert_array_equal(getattr(one.flows, flow), getattr(other.flows, flow))
    np.testing.assert_array_equal(Outcome(given).returning, Outcome(bare).returning)
    # What returns is what is collected of a GWh, whatever it holds.
    outcome = Outcome(given)
    assert outcome.survival is not None
    cells, intensity = outcome.scenarios["plan"].cells, outcome.arrays.intensity["value"][0]
    held = np.broadcast_to(intensity, (*intensity.shape[:2], cells.shape[-1]))
    returned = np.einsum("rscyk,rsck,cmk->rmy", outcome.returning, cells, held)
    np.testing.assert_allclose(returned, one.flows.collected, rtol=1e-9)
    low = replace(known, collection=known.collection[[1, 1, 1]], second_collection=known.second_collection[[1, 1, 1]])
    of_low = returning(replace(given, parameters=low), outcome.survival)
    np.testing.assert_array_equal(returning(given, outcome.survival, 1), of_low)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "offered"), [
    (2045, [*range(2030, 2046)]), (2046, [2030, 2035, 2040, 2045, 2046]), (2050, [2030, 2035, 2040, 2045, 2050]),
])  # fmt: skip
def test_of_many_years_a_page_offers_those_that_end_in_0_or_5_and_the_last(
    last: int, offered: list[int], toy: Path
) -> None:
    run = read_run(toy / "run.toml", [f"scope.years.last={last}", "scope.beyond='hold'"])
    found = explorer(Outcome(resolve(run, read_inputs(toy))), None, None)
    assert found["years"] == offered
    gwh = np.array(found["gwh"]["plan"])
    assert gwh.shape[-1] == len(offered)
    # From 2034 on demand is held.
    assert (gwh[..., -1] == gwh[..., -2]).all()


@pytest.mark.parametrize("said", [{"silicon": "explicit"}, {"diffusion": {"car": 1}}, {"capacity_limit": "value"}])
def test_a_page_offers_scenarios_whose_mix_follows_from_shares_by_base(said: dict[str, Any], toy: Path) -> None:
    """And costs where all are known, in the years that it offers."""
    resolved = resolve(read_run(toy / "run.toml"), read_inputs(toy))
    home = np.arange(2.0 * len(resolved.reported)).reshape(2, -1)
    packs: Any = SimpleNamespace(home=home)
    found = explorer(Outcome(resolved), None, packs)
    assert "plan" in found["scenarios"]
    assert found["cost"] == home.tolist()
    assert found["why"].startswith("The run has no [exposure]")
    home[0, 0] = np.inf
    assert explorer(Outcome(resolved), None, packs)["cost"] is None
    plain = {"silicon": "none", "diffusion": {}, "capacity_limit": None}
    resolved.run.settings.scenario["plan"] = SimpleNamespace(**{**plain, **said})  # type: ignore[assignment]
    assert "plan" not in explorer(Outcome(resolved), None, None)["scenarios"]


def test_a_page_computes_losses_of_scenarios_that_say_nothing_of_makers_or_follow_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("minerals.case.explorer._year", lambda chokepoints, scenario, regions, year: [scenario, year])
    into = np.zeros((1, 3, 3))
    into[0, 1, 2], into[0, 0, 1] = 0.5, 1.0
    event = SimpleNamespace(disruption="stop", label="A stop", status="announced", start=2031)
    chokepoints: Any = SimpleNamespace(
        chain=SimpleNamespace(into=into, stage=np.array([0, 1, 2])), regions=("A",), years=(2030, 2031, 2032),
        chosen_origin={"a": None}, chosen_follow_on={"b": None}, orders={"c": "last"}, cell=np.array([0, 0, 1]) > 0,
        inputs=SimpleNamespace(nodes=[SimpleNamespace(node=name) for name in "xyz"], events=[event]),
        config=SimpleNamespace(stockpile_months=2.0),
    )  # fmt: skip
    found = _losses(chokepoints, ["a", "d", "b", "e", "c"], [2031, 2032])
    assert (found["scenarios"], found["nodes"]) == (["d", "e"], ["x", "y", "z"])
    assert found["into"] == [[0, 0, 1, 1.0], [0, 1, 2, 0.5]]
    assert (found["stage"], found["cell"], found["stock"]) == ([0, 1, 2], [0, 0, 1], 2.0)
    assert found["events"] == [["stop", "A stop", "announced", 2031]]
    assert found["years"] == {"2031": ["d", 1], "2032": ["d", 2]}
    assert _losses(chokepoints, ["a"], [2031])["years"] == {}


# --- prices ----------------------------------------------------------------------------------------------------------


def test_energy_of_a_year_is_that_which_is_counted_and_else_that_of_the_scenario() -> None:
    counted: Any = SimpleNamespace(family="Li-ion", years=(2026, 2027), energy=np.array([[1.0, 2], [3, 4], [5, 6]]))
    energies: Any = {"Li-ion": ((2027, 2028, 2029), np.array([[2.0, 7, 8], [4, 9, 10], [6, 11, 12]]))}
    assert np.asarray(_at(counted, energies, 2026)).tolist() == [1, 3, 5]
    assert np.asarray(_at(counted, energies, 2029)).tolist() == [8, 10, 12]
    assert _at(counted, energies, 2025) is None
    assert _at(counted, energies, 2030) is None


def test_energy_at_which_a_curve_comes_to_a_price() -> None:
    """From 100 at 10 GWh a fifth less at each doubling: 64 at 40. Above a floor of 20, 84 at 20. What was observed, or
    lies below the floor, has none."""

    def row(family: str, value: float, case: str = "forecast") -> Any:
        return SimpleNamespace(family=family, value=value, case=case)

    def learner(family: str, floor: float) -> Any:
        return SimpleNamespace(family=family, learns_with="Li-ion", year=2028, anchor=(100.0, 90.0, 120.0),
                               rate=(0.2, 0.1, 0.3), floor=(floor, 0.0, 40.0))  # fmt: skip

    energies = {"plan": {"Li-ion": ((2027, 2028), np.array([[5.0, 10.0], [1.0, 2.0], [7.0, 70.0]]))}}
    rows = [row("NMC", 64), row("NMC", 80, "observed"), row("LFP", 84), row("LFP", 10), row("Na-ion", 50)]
    curves: Any = SimpleNamespace(inputs=SimpleNamespace(observations=rows), scenarios=("plan", "other"),
                                  energy=energies, learners=(learner("NMC", 0.0), learner("LFP", 20.0)))  # fmt: skip
    found = PriceCurves.needs.func(curves)  # type: ignore[attr-defined]
    assert found == pytest.approx([40, np.nan, 20, np.nan, np.nan], nan_ok=True)


def learner(family: str, **more: Any) -> Learner:
    """A family whose pack costs 100 at 10 GWh, a fifth less at each doubling."""
    anchor, rate, floor = np.array([100.0, 90.0, 120.0]), np.array([0.2, 0.1, 0.3]), np.array([0.0, 3.0, 5.0])
    return Learner(**{"family": family, "year": 2028, "anchor": anchor, "rate": rate, "assumed": False,
                      "learns_with": "Li-ion", "floor": floor, **more})  # fmt: skip


def price_inputs_of(rows: list[tuple[str, float, int, str]], *learners: Learner, **more: Any) -> Any:
    """What curves start from. rows: family, price, year and case."""
    seen = [SimpleNamespace(family=family, value=value, year=year, case=case) for family, value, year, case in rows]
    energy, counted = np.array([[0.1, 1.0, 2.0], [0.1, 0.5, 1.0], [0.1, 2.0, 3.0]]), (2020, 2025, 2026)
    experience = {"Li-ion": SimpleNamespace(family="Li-ion", members=("NMC", "LFP"), years=counted, energy=energy)}
    return SimpleNamespace(observations=seen, learners=learners, experience=experience, **more)


#: By the end of 2026 to 2030.
ENERGIES = {"Li-ion": (tuple(range(2026, 2031)), np.array([[2.0, 4, 8, 16, 32], [1, 2, 6, 12, 30], [3, 9, 9, 27, 54]]))}
OBSERVED = [
    ("Li-ion", 80.0, 2025, "observed"), ("Li-ion", 50.0, 2026, "observed"), ("Li-ion", 32.0, 2027, "observed"),
    ("Li-ion", 9.0, 2024, "observed"), ("NMC", 7.0, 2027, "observed"), ("Li-ion", 3.0, 2030, "forecast"),
]  # fmt: skip


def curves_of(inputs: Any, config: Any = None, years: tuple[int, ...] = (2029, 2030)) -> PriceCurves:
    config = config or SimpleNamespace(adoption=("plan", "other"), rate="published", floor="none", credit=0.0)
    other = {family: (known, 3 * gwh) for family, (known, gwh) in ENERGIES.items()}
    return PriceCurves(config, inputs, years, {"plan": ENERGIES, "other": other}, ())


def test_a_fit_takes_the_observed_prices_of_lithium_ion_whose_energy_is_counted() -> None:
    """At 1, 2 and 4 GWh, as counted and then of the first scenario; above the floor of the family's value, if it has
    one. Fewer than three, or one that is not above the floor, are no fit."""
    learners = learner("Li-ion", floor=np.array([0.0, 30.0, 40.0])), learner("NMC", floor=np.full(3, 31.0))
    curves = curves_of(price_inputs_of(OBSERVED, *learners))
    assert curves.energy_at_observations == pytest.approx([1, 2, 4, np.nan, 4, 32], nan_ok=True)
    fitted = learning.fit([1, 2, 4], [80, 50, 32])
    assert curves.fit == pytest.approx(fitted)
    assert fitted.rate == pytest.approx(1 - (32 / 80) ** 0.5)
    raised = learner("Li-ion", floor=np.array([16.0, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *raised)).fit == pytest.approx(learning.fit([1, 2, 4], [64, 34, 16]))
    near = learner("Li-ion", floor=np.array([31.5, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *near)).fit == pytest.approx(learning.fit([1, 2, 4], [48.5, 18.5, 0.5]))
    level = learner("Li-ion", floor=np.array([32.0, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *level)).fit is None
    assert curves_of(price_inputs_of(OBSERVED[1:], *learners)).fit is None
    of_none = [(family if family == "NMC" else "NMC", *more) for family, *more in OBSERVED]
    assert curves_of(price_inputs_of(of_none, learners[1])).fit is None
    # Two that are not counted are none of three.
    uncounted = [*OBSERVED[:2], OBSERVED[3], OBSERVED[3]]
    assert curves_of(price_inputs_of(uncounted, *learners)).fit is None


def test_a_run_file_says_whose_rate_counts() -> None:
    """Fitted rates are those of all that learns with lithium-ion, no less than none; others keep theirs."""
    fit = learning.Fit(0.1, -0.05, 0.3, 0.9, 5)
    config: Any = SimpleNamespace(rate="fitted", floor="none")
    mine, other = learner("LFP"), learner("Na-ion", learns_with="Na-ion")
    assert _with_rate(mine, config, fit).rate.tolist() == [0.1, 0, 0.3]
    assert _with_rate(other, config, fit) is _with_rate(other, config, None) is other
    assert _with_rate(mine, SimpleNamespace(rate="published"), fit) is mine  # type: ignore[arg-type]
    for floor, words in (("none", "Li-ion or more;"), ("minerals", "Li-ion or more above the floor;")):
        with pytest.raises(InputError, match=words) as raised:
            _with_rate(mine, SimpleNamespace(rate="fitted", floor=floor), None)  # type: ignore[arg-type]
        assert [problem.line for problem in raised.value.problems] == [0]


def test_curves_begin_with_their_anchor_and_are_told_for_the_years_of_the_run() -> None:
    """100 at 8 GWh, 80 at 16 and 64 at 32; in the second world as well. With 8 GWh more of NMC in 2029 and 4 less of
    LFP in 2030, which do not come back, 24 and 36, in the first world alone."""
    flat = learner("Li-ion", floor=np.zeros(3))
    curves = curves_of(price_inputs_of(OBSERVED[:4], flat))
    curve = curves.curves["plan"]["Li-ion"]
    assert curve.years == (2028, 2029, 2030)
    assert curve.values[0] == pytest.approx([100, 80, 64])
    assert curve.values[1] == pytest.approx([90, 90 * 2 ** np.log2(0.7), 90 * 5 ** np.log2(0.7)])
    assert curve.doublings.tolist() == [0, 1, 2]
    assert curves.by_year() == {"Li-ion": pytest.approx({2029: 80, 2030: 64})}
    more = curves.with_more({"NMC": {2029: 8.0}, "LFP": {2030: -4.0}, "Na-ion": {2029: 99.0}})
    years, values = more.energy["plan"]["Li-ion"]
    assert years == ENERGIES["Li-ion"][0]
    assert values.tolist() == [[2, 4, 8, 24, 36], [1, 2, 6, 20, 34], [3, 9, 9, 35, 58]]
    assert more.energy["other"] is curves.energy["other"]
    assert more.by_year()["Li-ion"] == pytest.approx({2029: 100 * 3 ** np.log2(0.8), 2030: 100 * 4.5 ** np.log2(0.8)})


def test_parity_in_the_years_of_a_run() -> None:
    """Own 130 (120–150) against 100 in 2029: both fall as the curve does, by a fifth in 2030; nothing is told before
    the year of the prices. Where only a gap is published, of a year before the curve, its tariff is all, and nothing
    beside a credit. A family without a curve has none."""

    def pair(family: str, year: int, other: float, *, relative: bool = False) -> Pair:
        own = np.array([1.3, 1.2, 1.5]) * other
        return Pair("Europe", "China", "cell", family, year, own, other, relative)

    pairs = [
        pair("Li-ion", 2029, 100.0),
        pair("Li-ion", 2027, 50.0),
        pair("Li-ion", 2020, 1.0, relative=True),
        pair("Na-ion", 2029, 100.0),
    ]
    inputs = price_inputs_of(OBSERVED[:4], learner("Li-ion", floor=np.zeros(3)), pairs=pairs, tariff=0.1)
    curves = curves_of(inputs, years=(2028, 2029, 2030))
    found = {(each.pair.year, each.measure, each.year): each for each in curves.parity if each.scenario == "plan"}
    assert len(curves.parity) == 2 * len(found) == 2 * (2 * 3 + 3 * 3 + 3)
    assert found[2029, "gap", 2029].ends == pytest.approx((30, 20, 50))
    assert found[2029, "gap", 2030].ends == pytest.approx((24, 16, 40))
    assert found[2027, "gap", 2028].ends == pytest.approx((15, 10, 25)), "as it is where the curve begins"
    assert found[2027, "gap", 2029].ends == pytest.approx((12, 8, 20))
    assert found[2029, "credit", 2030].ends == pytest.approx((16, 8, 32))
    for year in (2029, 2030):
        assert found[2029, "tariff", year].ends == pytest.approx((0.3, 0.2, 0.5))
    for year in (2028, 2029, 2030):
        assert found[2020, "tariff", year].ends == pytest.approx((0.3, 0.2, 0.5))
    assert {each.unit for each in found.values() if each.measure == "tariff"} == {"1"}
    paid = SimpleNamespace(adoption=("plan",), rate="published", floor="none", credit=10.0)
    beside = curves_of(inputs, paid, (2029, 2030)).parity
    assert {each.pair.year for each in beside} == {2027, 2029}
    assert next(each for each in beside if each.measure == "tariff").ends == pytest.approx((0.2, 0.1, 0.4))


def test_cumulative_energy_counts_what_follows_the_last_row() -> None:
    """2 GWh (1–3) to 2026; then what all regions and uses take of NMC and LFP, and none of sodium."""
    arrays: Any = SimpleNamespace(
        resolved=SimpleNamespace(years=Axis("year", (2026, 2027, 2028)),
                                 chemistries=Axis("chemistry", (("nmc", 0.0), ("na", 0.0), ("lfp", 0.0)))),
        additions={"plan": np.array([[[[5.0, 10, 20], [1, 2, 4]], [[7, 100, 0], [0, 0, 0]]]])},
        share={"plan": np.broadcast_to(np.array([0.5, 0.2, 0.3])[:, None], (1, 2, 2, 3, 3))},
    )  # fmt: skip
    found = _energies(arrays, "plan", price_inputs_of(OBSERVED), {"nmc": "NMC", "na": "Na-ion", "lfp": "LFP"})
    years, values = found["Li-ion"]
    assert years == (2026, 2027, 2028)
    added = np.cumsum([0, 0.8 * 112, 0.8 * 24])
    assert values == pytest.approx(np.array([2 + added, 1 + added, 3 + added]))


def test_a_curve_starts_where_energy_is_counted() -> None:
    """A price of the last year that is counted is enough, one of a year before is not."""

    def start(year: int) -> Any:
        experience = {"Li-ion": SimpleNamespace(years=(2020, 2026, 2027))}
        return SimpleNamespace(learners=[SimpleNamespace(family="LFP", learns_with="Li-ion", year=year)],
                               experience=experience)  # fmt: skip

    _check_anchors(start(2027))
    with pytest.raises(
        InputError, match="the price of LFP is of 2026, before its energy is counted \\(2027\\)"
    ) as raised:
        _check_anchors(start(2026))
    assert [problem.line for problem in raised.value.problems] == [0]
