"""Single functions of a run, each against what is found by hand: what is asked of a mix, origins, prices that start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minerals.case.chosen_origin import ROUNDING, _together, chosen_origin
from minerals.case.concentration import Concentration, among_names
from minerals.case.criteria import cost_cap_of, criteria_of, criterion
from minerals.case.explorer import _losses, explorer
from minerals.case.growth import Growth, Since
from minerals.case.intensity import _Intensity
from minerals.case.measures import running, yearly_cost
from minerals.case.mix_checks import _of_objective
from minerals.case.mix_data.sourcing import Sourcing
from minerals.case.optimise import LEAST_MET, _met
from minerals.case.origin import Origins
from minerals.case.outcome import Outcome
from minerals.case.played import Played
from minerals.case.prices import PriceCurves, _at, _check_anchors
from minerals.case.unknown import _as_cathodes, stops_of_unknown
from minerals.case.uses import Uses
from minerals.config import COST_CAP, Optimise, read_run
from minerals.errors import InputError
from minerals.exposure.coverage import NOWHERE, Supply
from minerals.exposure.stages import ACTIVE, CELL, MINING
from minerals.mix.data import ABROAD
from minerals.prices.capital import charge
from minerals.tables.inputs import read_inputs
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
               cells_from={"B": {"2030": {"nmc-si": {"a": 1 + ROUNDING}}}})  # fmt: skip
    wrong = row(
        made_at_home={"C": {"2031": {"lfp": 0.6}}, "A": {"2030": {"lfp": 0.5}, "2031": {"lfp": 1.1}}},
        cells_from={"A": {"2030": {"lfp": {"x": 0.6, "a": 0.1}, "lpf": {"x": 1.0}, "nmc": {"y": 0.5}}},
                    "B": {"2030": {"lfp": {"a": 1 + 2 * ROUNDING}}}},
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
    made = np.array([[[3.0, 1.0], [nan, nan], [nan, nan]], [[4.0, 4.0], [1.0, 2.0], [nan, nan]],
                     [[9.0, 0.0], [5.0, 0.0], [nan, nan]]])  # fmt: skip
    since = Since(2026, np.array([2025.0, 2026.0, 2027.0]), made, np.zeros((3, 3), dtype=bool))
    inputs: Any = SimpleNamespace(is_group=np.array([False, False]))
    growth = Growth(since, inputs, "today", (2026, 2027))
    assert growth.at_start.tolist() == [[3, 1], [1, 2], [0, 0]]
    assert growth.leader.tolist() == [0, 1, 0]
    inputs.is_group = np.array([True, False])
    assert Growth(since, inputs, "today", (2026, 2027)).leader.tolist() == [1, 1, 1]


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


def test_a_curve_starts_where_energy_is_counted() -> None:
    """A price of the last year that is counted is enough, one of a year before is not."""

    def start(year: int) -> Any:
        experience = {"Li-ion": SimpleNamespace(years=(2026, 2027))}
        return SimpleNamespace(learners=[SimpleNamespace(family="LFP", learns_with="Li-ion", year=year)],
                               experience=experience)  # fmt: skip

    _check_anchors(start(2027))
    with pytest.raises(
        InputError, match="the price of LFP is of 2026, before its energy is counted \\(2027\\)"
    ) as raised:
        _check_anchors(start(2026))
    assert [problem.line for problem in raised.value.problems] == [0]
