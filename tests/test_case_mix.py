"""Single functions of a mix that is chosen, each against what is found by hand: what it is asked, measures, what it
is laid out from, checks, what it loses, and prices that fit it."""

from __future__ import annotations

from dataclasses import make_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minerals.axes import Axis
from minerals.case import optimise
from minerals.case.backcast import BackcastMix
from minerals.case.consistent import repriced
from minerals.case.criteria import cost_cap_of, criteria_of, criterion
from minerals.case.draws_in_year import MONTHS, SEVERITY
from minerals.case.measures import as_drawn, as_given, hit_as, running, yearly_cost
from minerals.case.mix_checks import _of_objective, check_names
from minerals.case.mix_data.frame import Frame
from minerals.case.mix_data.lines import Lines
from minerals.case.mix_data.recourse import Recourse
from minerals.case.mix_data.returns import Returns
from minerals.case.mix_lost import _objective, lost
from minerals.case.optimise import LEAST_MET, SHARES, _met, _origin, _shares, _with_mix, _without, stops_of_cells
from minerals.columns import Columns
from minerals.config import COST_CAP, Optimise, read_run
from minerals.errors import InputError, Problem
from minerals.exposure.stages import ACTIVE, CELL, MINING, REFINING
from minerals.prices.capital import charge
from minerals.tables.history import Ends
from minerals.tables.supply import Cut

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


def test_where_the_cells_of_a_mix_are_made() -> None:
    """Of LFP six tenths at home, by two countries, the rest in China; all of Na-ion at home, where a little more than
    all is rounding; NMC abroad."""
    shares = {"lfp": [0.4, 0.2, 0.4, 0.0], "na": [0.7, 0.3 + 1e-9, 0.0, 0.0], "nmc": [0.0, 0.0, 0.5, 0.5]}
    sourcing = SimpleNamespace(origins=lambda *_: {("Europe", c, 2031): np.array(each) for c, each in shares.items()})
    inputs = SimpleNamespace(countries=("DEU", "FRA", "CHN", "KOR"), home=("Europe", "Europe", "China", "KOR"))
    assembly: Any = SimpleNamespace(sourcing=sourcing, chokepoints=SimpleNamespace(inputs=inputs))
    solution: Any = SimpleNamespace(production={}, imports={})
    home, bought = _origin(assembly, solution)
    assert home == {"Europe": {"2031": {"lfp": pytest.approx(0.6), "na": 1.0, "nmc": 0.0}}}
    assert bought == {"Europe": {"2031": {"lfp": {"CHN": 0.4}, "nmc": {"CHN": 0.5, "KOR": 0.5}}}}


def test_a_mix_is_a_scenario_with_the_demand_of_the_incumbent(toy: Path) -> None:
    """Each share stands in its row of the table of the result; those of another mix in its own run file."""
    run = read_run(toy / "run.toml", ["scenario.shift.label='Shift'"])
    shares: Any = {("World", "car", "lfp", 2031): 0.7, ("World", "car", "nmc811", 2031): 0.3}
    path = ("scenario", "optimised", "share", "World", "car", "2031")
    asked = Optimise(scenario="shift", label="Least", maker_inputs="last", makers="observed")
    found = _with_mix(run, asked, shares)
    mix = found.settings.scenario["optimised"]
    assert (mix.label, mix.demand, mix.adoption, mix.silicon) == ("Least", "plan", "shift", "explicit")
    assert (mix.met, mix.made_at_home, mix.cells_from, mix.follow_on, mix.follow_on_in) == ({}, {}, {}, {}, {})
    assert mix.maker_inputs == "reference"
    assert mix.note.endswith("before, those of Shift.")
    assert list(found.settings.scenario) == ["plan", "shift", "optimised"]
    assert [(each.chemistry, each.share, each.path, each.chosen) for each in found.changes["optimised"]] == [
        ("lfp", 0.7, (*path, "lfp"), True), ("nmc811", 0.3, (*path, "nmc811"), True)
    ]  # fmt: skip
    assert found.place(*path, "lfp") == (SHARES, 2)
    assert found.place(*path, "nmc811") == (SHARES, 3)
    assert found.place(*path, "other") == (SHARES, 0)
    assert found.place("scenario", "optimised", "adoption") == run.place("scenario", "shift", "adoption")
    told: Any = {"met": {"World": {"car": {"2031": 0.9}}}, "built_said": ({"World": {"2031": {"ore": 2.0}}}, {}),
                 "origin_said": ({"World": {"2031": {"lfp": 0.5}}}, {"World": {"2031": {"lfp": {"CHN": 0.5}}}}),
                 }  # fmt: skip
    asked = Optimise(scenario="plan", maker_inputs="last", makers="chosen")
    found = _with_mix(run, asked, shares, **told, name="optimised-x")
    mix = found.settings.scenario["optimised-x"]
    assert (mix.met, mix.made_at_home, mix.cells_from) == (told["met"], *told["origin_said"])
    assert (mix.follow_on, mix.maker_inputs) == (told["built_said"][0], "last")
    assert mix.note.endswith("before, those of plan.")
    assert found.place("scenario", "optimised-x", "share", "World", "car", "2031", "lfp") == ("optimised-x.toml", 0)


def test_shares_of_a_mix_follow_those_of_the_incumbent() -> None:
    """Decided from 2031 on. Of the years before, 2027 is changed by the run file, 2028 as in the tables, 2029 between
    two of their rows, and 2030 the last. From 2031 on 30 GWh are LFP and 10 NMC, and of LTO rounding; nothing is sold
    in 2033, which the tables have too."""
    codes = {"lfp": ("lfp", 0.0), "nmc": ("nmc", 0.0), "nmc_si": ("nmc", 0.1), "na": ("na", 0.0), "lto": ("lto", 0.0)}
    shares = {
        2027: ("override", {"lfp": 1.0}, {"lfp": 0.5, "na": 0.5}), 2028: ("given", *({"lfp": 0.6, "nmc": 0.4},) * 2),
        2029: ("linear", *({"lfp": 0.5, "nmc": 0.5},) * 2), 2030: ("given", *({"lfp": 0.4, "nmc_si": 0.6},) * 2),
        2031: ("given", *({"nmc": 1.0},) * 2),
    }  # fmt: skip
    rows = [
        (scenario, "Here", "car", *codes[c], year, share, fill)
        for year, (fill, *both) in shares.items() for scenario, by in zip(("plan", "optimised"), both, strict=True)
        for c, share in by.items()
    ]  # fmt: skip
    columns = ["scenario", "region", "segment", "chemistry", "silicon", "year", "value", "fill"]
    resolved: Any = SimpleNamespace(
        market_share=SimpleNamespace(columns=Columns.from_rows(rows, columns)), reported=(2030, 2031, 2033)
    )
    sold = {"lfp": 30.0, "nmc": 10.0, "lto": 1e-8}
    solution: Any = SimpleNamespace(additions={("Here", "car", c, 2031): gwh for c, gwh in sold.items()})
    found: dict[int, dict[str, float]] = {}
    for (region, segment, chemistry, year), share in _shares(resolved, solution, codes, "plan", 2031):
        assert (region, segment) == ("Here", "car")
        found.setdefault(year, {})[chemistry] = share
    assert found == {
        2027: {"lfp": 1, "na": 0}, 2029: {"lfp": 0.5, "nmc": 0.5}, 2030: {"lfp": 0.4, "nmc_si": 0.6},
        2031: {"lfp": 0.75, "nmc": 0.25, "nmc_si": 0},
    }  # fmt: skip


def test_stops_that_take_cells_and_ways_to_count_none_of_their_loss() -> None:
    """One of the library and one of the run file; of a third, which stops cells too, the weight is 0."""
    cell, ore = SimpleNamespace(node="cell"), SimpleNamespace(node="ore")
    cuts = {"of-cells": [ore, cell], "mine": [cell], "of-ore": [ore], "unlikely": [cell], "unknown": [cell]}
    events = [SimpleNamespace(disruption=name, cuts=each) for name, each in cuts.items()]
    chokepoints: Any = SimpleNamespace(inputs=SimpleNamespace(events=events))
    data: Any = SimpleNamespace(weight={"of-cells": 1.0, "mine": 2.0, "of-ore": 1.0, "unlikely": 0.0}, cells=("cell",))
    assert stops_of_cells(chokepoints, data) == ["of-cells", "mine"]
    run: Any = SimpleNamespace(settings=SimpleNamespace(exposure=SimpleNamespace(event={"mine": None})))
    alike, history = Optimise(scenario="plan"), Optimise(scenario="plan", event_weights="history")
    whole = 'set exposure.event.mine = false, exposure.disruptions without of-cells, or set loss = "supply"'
    assert _without(run, alike, ["of-cells", "mine"]) == f"give these a likelihood of 0, or {whole}"
    assert _without(run, history, ["of-cells", "mine"]) == whole
    assert _without(run, history, ["mine"]) == 'set exposure.event.mine = false, or set loss = "supply"'
    run.settings.exposure = None
    of_library = 'set exposure.disruptions without of-cells, or set loss = "supply"'
    assert _without(run, history, ["of-cells"]) == of_library


def test_a_mix_is_refused_where_nothing_is_at_risk_or_what_stops_cells_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two disruptions; where all cells are made outside, a stop of cells is no loss."""
    run: Any = SimpleNamespace(problem=lambda path, what, why: Problem("mix.toml", 1, what, why),
                               settings=SimpleNamespace(exposure=None))  # fmt: skip

    def refused(weights: tuple[float, float], node: str = "ore", loss: str = "all_outside") -> str:
        data: Any = SimpleNamespace(
            disruptions=("a", "b"), weight=dict(zip("ab", weights, strict=True)), cells=("cell",)
        )
        events = [SimpleNamespace(disruption=name, cuts=[SimpleNamespace(node=node)]) for name in "ab"]
        chokepoints: Any = SimpleNamespace(inputs=SimpleNamespace(events=events))
        for name in ("pack_prices", "check_names"):
            monkeypatch.setattr(optimise, name, lambda *_: None)
        monkeypatch.setattr(optimise, "Assembly", lambda *_: SimpleNamespace(data=lambda: data))
        mix: Any = SimpleNamespace(
            run=run, config=Optimise.model_validate({"scenario": "plan", "loss": loss}), pairs={},
            labels=SimpleNamespace(regions=(), years=()), tables=SimpleNamespace(chemistries=(), decided=2031),
        )  # fmt: skip
        try:
            assert optimise.laid_out(mix, chokepoints, SimpleNamespace(by_year=dict), None)[1] is data  # type: ignore[arg-type]
        except InputError as error:
            return str(error)
        return ""

    assert "likelihood of a, b: none is above 0" in refused((0, 0))
    assert refused((0, 1)) == refused((1, 1)) == refused((1, 1), "cell", "supply") == ""
    assert "stops of materials alone, and b stops cells, which" in refused((0, 1), "cell")
    assert "and a, b stop cells, which" in refused((1, 1), "cell")


# --- measures ---------------------------------------------------------------------------------------------------------


def test_plants_run_from_their_lead_time_on_and_those_of_several_years_together() -> None:
    """Decided in 2030 and 2031, with two years until they run."""
    data: Any = SimpleNamespace(years=(2030, 2031, 2032, 2033), plant_lead={("ore", "outside"): 2.0})
    plants: Any = {("Here", "ore", "outside", 2030): 3.0, ("Here", "ore", "outside", 2031): 4.0}
    assert running(data, plants) == {("Here", "ore", "outside", 2032): 3.0, ("Here", "ore", "outside", 2033): 7.0}


def test_an_input_of_a_draw_is_at_its_value_where_it_is_certain_and_unknown_where_nobody_knows_it() -> None:
    """A stream has one value of what is certain, and else one for each draw."""
    asked: list[tuple[float, ...]] = []

    def drawn(key: Any, *ends: float) -> np.ndarray:
        asked.append(ends)
        return np.array([7.0]) if key == ("certain",) else np.array([5.0, 6.0])

    streams: Any = SimpleNamespace(drawn=drawn)
    ends, unknown = np.array([5.0, 4.0, 8.0]), np.array([np.nan, 4.0, 8.0])
    values = [as_drawn(streams, draw) for draw in (0, 1)]
    assert [[value(("open",), ends), value(("certain",), ends)] for value in values] == [[5, 7], [6, 7]]
    assert set(asked) == {(5, 4, 8)}
    assert all(np.isnan(value(("open",), unknown)) for value in values)
    assert as_given(("open",), ends) == 5


def test_a_stop_as_drawn_lasts_a_day_at_least_and_takes_no_more_than_all() -> None:
    """And the mix is chosen from what that leaves, where its value, low and high are told to who draws."""
    event, held, mix = (
        make_dataclass(name, names) for name, names in (
            ("Stop", ["months", "cuts"]), ("Held", ["inputs", "events"]), ("Chosen", ["assembly", "data"]),
        )
    )  # fmt: skip
    cut = Cut("CHN", "anode", "export", 0.5, 0.4, 0.9)
    exposure = held(held(None, (event(Ends(3.0, 6.0, 12.0), (cut,)),)), None)
    assembly = SimpleNamespace(
        chokepoints=exposure, of=lambda anew: SimpleNamespace(chokepoints=anew, data=lambda: "data of it")
    )

    def hit(months: float, severity: float) -> tuple[Any, Any]:
        def value(key: Any, ends: np.ndarray) -> float:
            assert ends.tolist() == ([6, 3, 12] if key == MONTHS else [0.5, 0.4, 0.9])
            return {MONTHS: months, SEVERITY: severity}[key]

        found: Any = hit_as(mix(assembly, None), value)
        (one,) = found.assembly.chokepoints.inputs.events
        assert found.data == "data of it"
        return one.months, one.cuts

    assert hit(4.0, 0.7) == (Ends(4, 4, 4), (cut._replace(severity=0.7),))
    assert hit(0.0, 1.2) == (Ends(*[12 / 365] * 3), (cut._replace(severity=1.0),))


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


# --- what a stop leaves a mix ----------------------------------------------------------------------------------------

#: Nodes of a chain: ore, four salts that are refined, a cathode and an anode, cells, a film and a foil.
NODES = ("ore", "salt", "salt_bought", "salt_elsewhere", "salt_of_none", "cathode", "anode", "cell", "film", "foil")
STAGE = np.array([MINING, *[REFINING] * 4, ACTIVE, ACTIVE, CELL, ACTIVE, ACTIVE])


def nodes_left(regions: tuple[str, ...] = ("Here",)) -> Any:
    """What is noted of the nodes that a stop leaves, of a run of two regions.

    Of ore there is too little, of the salt just enough, of the cathode too little; of cells there was too little before
    the stop, which counts the makers of cells apart. Of film and foil nobody knows anything; of film a quarter goes on,
    of foil nothing. Of the salts that take ore one is made at home; of the anodes' salt there is enough.
    """
    per, into = np.zeros((10, 10)), np.zeros((3, 10, 10))
    per[0, [1, 2, 3, 6]] = 2.0
    per[4, 4] = 1.0
    into[2, 1, 5] = into[0, 4, 6] = into[0, 0, 4] = into[0, 1, 8] = 0.5
    into[1, 1, 6] = 1.0  # of a chemistry that may not be chosen
    made = np.array([True, True, True, False, True, True, True, True, True, False])
    own = np.array([0.0, 0.25, 0, 3, 3, 0.25, 1, 5, 0, 0])
    left = np.array([5.0, 8, 8, 8, 8, 6, 9, 2, 3, 3])
    before = np.array([9.0, 9, 9, 9, 9, 9, 9, 10, 3, 3])
    most = np.array([10.0, 8, 8, 7, 7, 7, 9, 12, 4, 2])
    unknown = np.array([[False] * 10, [False] * 8 + [True] * 2])
    goes_on = np.array([[0.5] * 10, [0.5] * 8 + [0.25, 0.0]])
    chokepoints = SimpleNamespace(
        chain=SimpleNamespace(made=made, stage=STAGE, per=per, into=into), cell=STAGE == CELL,
        hit=lambda regions, at, stops: SimpleNamespace(reach=SimpleNamespace(take=lambda e: e), cuts=None),
        access=lambda regions, at: None,
        available=lambda regions, at, reach: (own, before) if reach is None else (own * 2, left),
        stopped_unknown=lambda at, cuts: unknown, left_of_unknown=lambda regions, at, cuts: goes_on,
    )  # fmt: skip
    use = {("here", c, n, 2031): 1.0 for c in ("nmc", "lfp") for n in ("cathode", "anode", "film", "salt_of_none")}
    del use["here", "lfp", "cathode", 2031]
    asked: dict[str, Any] = {}
    frame = SimpleNamespace(
        chokepoints=chokepoints, nodes=NODES, pools=({"here": regions}, {}), at={2031: 0}, place={"nmc": 0, "lfp": 2},
        regions=("Here", "There"), use=use,
        most_needed=lambda regions, y, home, own: asked.update(home=home, own=own) or most,
    )  # fmt: skip
    found: dict[str, Any] = {
        name: {} for name in ("undisturbed", "accessible", "own", "unknown_left")
    } | {"active": [], "refined": []}  # fmt: skip
    home = np.array([0.5, 1.0])
    Recourse(frame, None)._note_nodes(found, "stop", "here", 2031, 1, (), home)  # type: ignore[arg-type]
    assert asked["home"] is home
    assert asked["own"].tolist() == [0, 0.5, 0, 6, 6, 0.5, 2, 0, 0, 0]
    return found


def test_nodes_that_a_stop_leaves_too_little_of_and_those_at_home_that_lead_there() -> None:
    """The salt is refined at home and lacks ore, and the cathode that is made at home lacks the salt: both are told
    with what own plants make. Anodes are made at home of what nobody lacks."""
    found = nodes_left()
    assert found["undisturbed"] == {("here", n, 2031): kt for n, kt in (
        ("ore", 9), ("salt", 9), ("cathode", 9), ("cell", 10), ("film", 4), ("foil", 2),
    )}  # fmt: skip
    assert found["accessible"] == {("stop", "here", n, 2031): kt for n, kt in (
        ("ore", 5), ("salt", 8), ("cathode", 6), ("cell", 10), ("film", 0), ("foil", 0),
    )}  # fmt: skip
    assert found["own"] == {("stop", "here", n, 2031): kt for n, kt in (
        ("ore", 0), ("salt", 0.5), ("cathode", 0.5), ("cell", 0), ("film", 0), ("foil", 0),
    )}  # fmt: skip
    assert found["unknown_left"] == {("stop", "here", "film", 2031): 0.25}
    assert found["refined"] == [("stop", "here", "salt", 2031)]
    assert found["active"] == [("stop", "here", "nmc", "cathode", 2031)]
    whole = nodes_left(("Here", "There"))
    assert [n for _, n, _ in whole["undisturbed"]] == ["ore", "salt", "cathode", "film", "foil"], (
        "cells are within supply"
    )


def test_what_a_stop_leaves_of_the_cells_of_makers() -> None:
    """Of NMC the mix chooses the maker: China sells none, of which others make 0.8 at home; Korea sells half of its
    LFP and makes 0.3 more at home, where half goes on. Who makes Na-ion is said. The most made at home of any mix is
    that of the maker who is left most."""
    chokepoints = SimpleNamespace(
        chooses_origin=lambda regions, at: np.array([True, False, True]),
        made_at_home=lambda regions, at: np.array([0.6, 0.5, 0.4]),
    )  # fmt: skip
    frame: Any = SimpleNamespace(
        chokepoints=chokepoints, pools=({"here": ("Here", "There")}, {}), at={2031: 0},
        place={"nmc": 0, "na": 1, "lfp": 2},
    )  # fmt: skip
    sourcing: Any = SimpleNamespace(is_home=lambda maker, regions: maker in regions)
    all_of = np.array([[9.0] * 3, [0.9, 0.7, 0.8]]), np.array([[9.0] * 3, [0.1, 0.2, 0.3]])
    nmc = {"Here": np.array([9, 1.0]), "CHN": np.array([9, 0.0])}
    na = {"Here": np.array([9, 0.5])}
    lfp = {"Here": np.array([9, 0.5]), "There": np.array([9, 0.4]), "KOR": np.array([9, 0.6])}
    moved: Any = {"nmc": {"CHN": np.array([9, 0.8])}, "na": {}, "lfp": {"KOR": np.array([9, 0.3]), "CHN": np.zeros(2)}}
    found: dict[str, Any] = {
        name: {} for name in ("made_at_home", "bought", "planned_home", "left", "moved_home")
    } | {"by_origin": set()}  # fmt: skip
    cells: Any = all_of, ({"nmc": nmc, "na": na, "lfp": lfp}, moved)
    home = Recourse(frame, sourcing)._note_cells(found, *("stop", "here", 2031, 1), cells)  # type: ignore[arg-type]
    assert home.tolist() == [1.0, 0.7, 0.5]
    assert all_of[0][1].tolist() == [0.9, 0.7, 0.8]
    assert found["by_origin"] == {("here", "nmc", 2031), ("here", "lfp", 2031)}
    of_na = {name: found[name] for name in ("made_at_home", "bought", "planned_home")}
    assert of_na == {
        "made_at_home": {("stop", "here", "na", 2031): 0.7}, "bought": {("stop", "here", "na", 2031): 0.2},
        "planned_home": {("here", "na", 2031): 0.5},
    }  # fmt: skip
    assert {key[2:4]: part for key, part in found["left"].items()} == {
        ("CHN", "nmc"): 0.0, ("Here", "lfp"): 0.5, ("There", "lfp"): 0.4, ("KOR", "lfp"): 0.6,
    }  # fmt: skip
    assert {key[2:4]: part for key, part in found["moved_home"].items()} == {("CHN", "nmc"): 0.8, ("KOR", "lfp"): 0.3}


@pytest.mark.parametrize(("loss", "home", "bought", "left", "moved"), [
    ("supply", 0.4, 0.3, 0.2, None), ("industry", 0.4, 0.0, 0.2, None),
    ("all_outside", 0.4 + 0.3 * 0.1 + 0.2 * 0.5, 0.3 * 0.7 + 0.2 * 0.6, 0.6, 0.5),
])  # fmt: skip
def test_whose_loss_counts_says_what_a_stop_leaves_of_cells(
    loss: str, home: float, bought: float, left: float, moved: float | None
) -> None:
    """Half is made at home, 0.3 in Korea and 0.2 in China. Where all are made outside, others sell 0.7 and 0.6 of what
    was Korea's and China's, and make 0.1 and 0.5 of it at home."""
    sold, moving = np.array([[[0.9, 0.7, 0.6]]]), np.array([[[0.8, 0.1, 0.5]]])
    of_cells = np.array([[[1.0, 1.0, 0.2]]])
    chokepoints = SimpleNamespace(
        hit=lambda regions, at, stops: SimpleNamespace(cells=of_cells), years=(2031,),
        cell_origin=lambda regions, at: np.array([[0.5, 0.3, 0.2]]),
        had=lambda origin, regions, cells: (np.array([[0.4]]), np.array([[0.3]])),
        at_home=lambda regions: np.array([True, False, False]),
        left_of_others=lambda regions, at, stops: (sold, moving),
    )  # fmt: skip
    makers = {"Here": np.array([1.0, 0, 0]), "CHN": np.array([0.0, 0, 1])}
    frame: Any = SimpleNamespace(
        chokepoints=chokepoints, config=SimpleNamespace(loss=loss), order=None, place={"lfp": 0}
    )
    sourcing: Any = SimpleNamespace(is_home=lambda j, regions: j in regions, makers=lambda region, c, y: makers)
    recourse: Any = Recourse(frame, sourcing)
    assert [each.tolist() for each in recourse._cells_left(("Here",), 0, ())] == [
        [[pytest.approx(home)]], [[pytest.approx(bought)]]
    ]  # fmt: skip
    of_makers, to_home = recourse._left_by_maker(("Here",), 0, ())
    assert {j: each.tolist() for j, each in of_makers["lfp"].items()} == {"Here": [1.0], "CHN": [left]}
    assert {j: each.tolist() for j, each in to_home["lfp"].items()} == ({} if moved is None else {"CHN": [moved]})


# --- what a mix needs -------------------------------------------------------------------------------------------------


def test_the_most_that_any_mix_needs_of_a_node() -> None:
    """10 GWh are wanted. NMC, of which half can be made at home, holds 0.9 kt of cathode a GWh, LFP 1, Na-ion none. A
    fifth of NMC's salt goes straight into cells and all of LFP's: half a kt a GWh, 5 kt. Own plants make 4 kt of
    cathode, which take 0.8 / 0.9 kt of salt a kt for NMC and 0.2 for LFP. Own refineries make 3 kt of salt of 2.5 kt
    of ore a kt."""
    use = np.array([[0.0, 1.0, 0.9, 1.0], [0.0, 0.5, 1.0, 1.0], [0.0, 0.1, 0.0, 1.0]])  # ore, salt, cathode, cell
    into, direct, per = np.full((3, 4, 4), 9.0), np.full((3, 4), 9.0), np.zeros((4, 4))
    into[[2, 0]] = 0.0
    into[2, 1, 2], into[0, 1, 2] = 0.8, 0.4
    direct[2], direct[0], direct[1] = [0, 0.2, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]
    per[0, 1], per[0, 2] = 2.5, 3.0
    stage, made = np.array([MINING, REFINING, ACTIVE, CELL]), np.array([True] * 4)
    chain = SimpleNamespace(into=into, direct=direct, per=per, stage=stage, made=made)
    frame: Any = SimpleNamespace(
        chokepoints=SimpleNamespace(chain=chain, cell=stage == CELL), largest_use=lambda regions, y: (use, 10.0),
        place={"nmc": 2, "lfp": 0, "na": 1},
    )  # fmt: skip

    def most(own: list[float]) -> list[float]:
        home = np.array([1.0, 1.0, 0.5])
        found: list[float] = Frame.most_needed(frame, (), 2031, home, np.array(own)).tolist()  # type: ignore[arg-type]
        return found

    a_kt = 0.8 / 0.9
    assert most([0, 3, 4, 7]) == pytest.approx([7.5, 5 + 4 * a_kt, 10, 10])
    assert most([9, 0, 0, 7]) == [0, 5, 10, 10]
    assert most([0, 0.4, 0.5, 7]) == pytest.approx([1, 5 + 0.5 * a_kt, 10, 10])
    assert most([0, 30, 40, 7]) == pytest.approx([2.5 * (5 + 10 * a_kt), 5 + 10 * a_kt, 10, 10])
    made[2] = False
    assert most([0, 30, 40, 7]) == pytest.approx([12.5, 5, 10, 10])
    frame.place, use = {}, np.zeros((0, 4))
    assert most([0, 3, 4, 7]) == [0, 0, 0, 0]


def test_the_demand_of_a_mix_its_years_and_its_pools() -> None:
    """The first draw of what is put into use from the first year that is decided, where it is anything; disruptions to
    the last year; a cost counts a twentieth less each year."""
    gwh = np.zeros((2, 2, 2, 5))
    gwh[0, 0, 0], gwh[0, 1, 1], gwh[1] = [9, 9, 0.5, 3, 1], [9, 9, 0, 4, 1], 7
    events = [SimpleNamespace(disruption=name, start=start, cuts=name)
              for name, start in (("late", 2034), ("all", 2033), ("closes", 2020))]  # fmt: skip
    groups = {"all": [("Here", "There")], "closes": [("Here",), ("There",)]}
    chokepoints = SimpleNamespace(
        pools=groups.__getitem__, name_of=" + ".join, inputs=SimpleNamespace(events=events),
        outcome=SimpleNamespace(arrays=SimpleNamespace(additions={"optimised": gwh})), regions=("Here", "There"),
        resolved=SimpleNamespace(
            years=SimpleNamespace(labels=[*range(2029, 2034)]), segments=SimpleNamespace(labels=("car", "bus"))
        ),
        years=(2030, 2031, 2032, 2033),
    )  # fmt: skip
    chokepoints.inputs.nodes = [SimpleNamespace(node="ore")]

    def frame(**keys: Any) -> Any:
        tables: Any = SimpleNamespace(chemistries=("lfp",), decided=2031, rate=0.05)
        return Frame(chokepoints, Optimise(scenario="plan", **keys), tables, {}, "plan", "optimised", None)  # type: ignore[arg-type]

    found = frame()
    assert (found.years, found.at, found.nodes) == ((2031, 2032, 2033), {2030: 0, 2031: 1, 2032: 2, 2033: 3}, ("ore",))
    assert found.demand == {
        ("Here", "car", 2031): 0.5, ("Here", "car", 2032): 3, ("Here", "car", 2033): 1,
        ("There", "bus", 2032): 4, ("There", "bus", 2033): 1,
    }  # fmt: skip
    assert found.pools == (
        {"Here + There": ("Here", "There"), "Here": ("Here",), "There": ("There",)},
        {"all": ("Here + There",), "closes": ("Here", "There")},
    )
    assert found.discount == {2031: 1, 2032: pytest.approx(1 / 1.05), 2033: pytest.approx(1 / 1.05**2)}
    assert found.order is None
    assert frame(makers="chosen", maker_inputs="last").order == "last"


def test_what_batteries_use_with_scrap_by_region_and_pool() -> None:
    """LFP holds 1 kt of graphite a GWh, NMC 0.9; a quarter is natural, each kt of it 1.1 kt of coated graphite,
    and a kt of synthetic 0.5 kt of coke. Scrap adds a tenth Here, a fifth There, and to both by their demand."""
    fixed, carrier = np.zeros((1, 3, 3, 1)), np.zeros((1, 3, 1))
    carrier[0, :, 0], fixed[0, :, 2, 0] = [1.0, 7.0, 0.9], [1.0, 7.0, 1.0]
    fixed[0, 2, 1, 0] = 0.2
    uses = SimpleNamespace(
        route=np.array([0.25]), natural=np.array([1.1, 0.0, 0.0]), synthetic=np.array([0.0, 0.5, 0.0]), fixed=fixed,
        carrier=carrier, scrapped=np.array([True, True, False]), routed=True,
    )  # fmt: skip
    frame: Any = SimpleNamespace(
        chokepoints=SimpleNamespace(uses=uses, inputs=SimpleNamespace(route_bounds=(0.1, 0.6))), years=(2031,),
        at={2031: 0}, regions=("Here", "There"), place={"lfp": 0, "nmc": 2}, nodes=("coated", "coke", "cell"),
        pools=({"both": ("Here", "There")}, {}), gain=np.array([[1.1], [1.2]]),
        demand={("Here", "car", 2031): 30.0, ("Here", "bus", 2031): 10.0, ("There", "car", 2031): 60.0,
                ("There", "car", 2032): 99.0},
    )  # fmt: skip
    frame.gain_of = lambda regions, year: Frame.gain_of(frame, regions, year)
    both = 0.4 * 1.1 + 0.6 * 1.2
    assert frame.gain_of(("Here", "There"), 2031) == pytest.approx(both)
    assert frame.gain_of(("Here",), 2031) == pytest.approx(1.1)
    found = Frame.use.func(frame)  # type: ignore[attr-defined]
    expected = {("lfp", "coated"): 0.275, ("lfp", "coke"): 0.375, ("nmc", "coated"): 0.2475, ("nmc", "coke"): 0.5375}
    scrap = {"Here": 1.1, "There": 1.2, "both": both}
    assert found == pytest.approx(
        {(r, c, n, 2031): each * more for r, more in scrap.items() for (c, n), each in expected.items()}
        | {(r, c, "cell", 2031): 1.0 for r in scrap for c in ("lfp", "nmc")}
    )
    largest, wanted = Frame.largest_use(frame, ("Here",), 2031)  # type: ignore[arg-type]
    assert wanted == 40
    assert largest == pytest.approx(np.array([[1.21, 0.55, 1], [0.99 * 1.1, 0.65 * 1.1, 1]]))
    routes: Any = Frame.routes.fget(frame)  # type: ignore[attr-defined]
    assert (routes.natural, routes.synthetic) == ({"coated": 1.1}, {"coke": 0.5})
    assert (routes.planned, routes.low, routes.high) == ({2031: 0.25}, 0.1, 0.6)
    assert routes.carrier == pytest.approx({("both", "lfp", 2031): both, ("both", "nmc", 2031): 0.9 * both})
    uses.routed = False
    assert Frame.routes.fget(frame) is None  # type: ignore[attr-defined]
    frame.demand = {}
    assert frame.gain_of(("Here", "There"), 2031) == 1


# --- production lines ------------------------------------------------------------------------------------------------

CAPACITY = ["country", "measure", "year", "value"]


def lines_of(**tables: Any) -> Any:
    """Production lines of Here, whose plants are half used, where half of what is announced is delivered."""
    inputs = SimpleNamespace(
        homes={"DEU": "Here", "FRA": "Here", "CHN": "China"},
        blocs={"R_EUR": {"DEU": 0.6, "FRA": 0.2, "CHN": 0.2}, "R_ASI": {"CHN": 1.0}},
        cell_capacity=Columns.from_rows(tables.pop("capacity", []), CAPACITY),
        cell_plants=Columns.from_rows(tables.pop("plants", []), ["region", "chemistry", "year", "value"]),
    )
    chokepoints = SimpleNamespace(inputs=inputs, config=SimpleNamespace(delivery=0.5))
    config = Optimise(scenario="plan", **tables.pop("config", {}))
    held = {"utilisation": {"Here": 0.5}, "family": {"lfp": "LFP", "na": "Na-ion", "li_s": "Li-S", "lto": "LTO"},
            "carried": {"lfp": 1.0, "na": 0.5, "li_s": 0.0, "lto": 1.0}, "drop_in": {"chemistry": ["li_s"]},
            "chemistries": ("lfp", "na", "li_s"), **tables}  # fmt: skip
    frame: Any = SimpleNamespace(
        chokepoints=chokepoints, config=config, tables=SimpleNamespace(**held), regions=("Here",), years=(2031, 2032),
        at={2030: 0, 2031: 1, 2032: 2}, discount={2031: 1.0, 2032: 0.5}, place={"lfp": 1, "na": 0}, incumbent="plan",
    )  # fmt: skip
    return Lines(frame)


def test_lines_that_stand_are_what_was_made_and_then_nameplate_as_it_is_used() -> None:
    """15 GWh were made in 2028; from 2029 on half of the nameplate runs, whatever was made. A bloc's row goes before
    those of its countries, by the part of it that is at home here, 0.8."""
    made = [
        ("DEU", "production", 2028, 10),
        ("FRA", "production", 2028, 5),
        ("DEU", "production", 2029, 99),
        ("DEU", "production", 2030, 99),
    ]
    stands = [("DEU", "capacity", 2029, 40), ("DEU", "capacity", 2031, 50), ("FRA", "capacity", 2031, 10)]
    elsewhere = [("CHN", "capacity", 2031, 500), ("R_ASI", "capacity", 2035, 900), ("KOR", "capacity", 2031, 90)]
    assert lines_of(capacity=[*made, *stands, *elsewhere]).standing == {"Here": ([2028, 2029, 2031], [15, 20, 30])}
    bloc = [("R_EUR", "capacity", 2030, 100), ("R_EUR", "capacity", 2029, 0.625)]
    assert lines_of(capacity=[*made, *stands, *elsewhere, *bloc]).standing == {
        "Here": ([2029, 2030], [pytest.approx(0.25), pytest.approx(40)])
    }
    assert lines_of(capacity=[*made, *elsewhere]).standing == {}


def test_lines_that_are_announced_are_delivered_in_part_and_used_in_part() -> None:
    found = lines_of(plants=[("Here", "na", 2032, 12.0), ("Here", "na", 2030, 4.0), ("There", "na", 2030, 9.0)])
    assert [found._announced("Here", "na", year) for year in (2028, 2031, 2040)] == [1, 2, 3]
    assert found._announced("Here", "li_s", 2031) == np.inf


def test_lines_of_a_kind_and_what_they_made_before() -> None:
    """Where all of a line carries over it is one of lithium-ion; else of the chemistry that has a row, or its family.
    Of 30 and 10 GWh of Na-ion and LFP in the year before, for cars and buses, six and nine tenths were made at home."""
    found = lines_of()
    assert [found.kind(c) for c in ("lfp", "lto", "na", "li_s")] == ["li_ion", "li_ion", "Na-ion", "li_s"]
    assert found.kinds == {"li_ion": "LFP", "Na-ion": "Na-ion", "li_s": "Li-S"}
    cells = np.zeros((1, 2, 2, 3))
    cells[0, :, 0, 0], cells[0, :, 1, 0], cells[..., 1:] = [20, 10], [4, 6], 99
    found.chokepoints.scenarios = {"plan": SimpleNamespace(cells=cells)}
    found.chokepoints.made_at_home = lambda regions, at: np.array([0.6, 0.9]) if at == 0 else None
    assert (found._made_before("Here", "Na-ion"), found._made_before("Here", "li_ion")) == (18, 9)


def test_lines_of_a_mix_by_year() -> None:
    """What a line costs from the year in which it begins to the last, as it counts in that year; leads in whole years,
    halves up; half of a line of Na-ion carries over, of Li-S nothing."""
    leads = {"lead": {("Here", "LFP"): 1.5, ("Here", "Na-ion"): 1.4, ("Here", "Li-S"): 3.0},
             "retrofit_lead": {("Here", "LFP"): 0.0, ("Here", "Na-ion"): 0.5, ("Here", "Li-S"): 0.2}}  # fmt: skip
    plants = [("Here", "Na-ion", 2031, 8.0)]

    def data(**config: Any) -> Any:
        found = lines_of(config=config, plants=plants, **leads)
        found.standing = {"Here": ([2030, 2032], [10.0, 30.0])}
        found.charge = {("Here", "li_ion"): 8.0, ("Here", "Na-ion"): 6.0, ("Here", "li_s"): 5.0}
        found._made_before = lambda region, kind: {"Na-ion": 4.0, "li_s": 0.0}[kind]
        return found.data()

    found = data(own_share={"2032": 0.6, "2030": 0.2})
    assert found["own_share"] == {("Here", 2031): pytest.approx(0.4), ("Here", 2032): pytest.approx(0.6)}
    assert found["capacity"] == {
        ("Here", kind, year): gwh for kind, both in (("li_ion", (20, 30)), ("Na-ion", (4, 4)), ("li_s", (0, 0)))
        for year, gwh in zip((2031, 2032), both, strict=True)
    }  # fmt: skip
    assert found["announced"]["Here", "Na-ion", 2032] == 2
    assert found["announced"]["Here", "li_ion", 2031] == np.inf
    prices = {year: found["line_price"]["Here", "li_ion", year] for year in (2031, 2032)}
    assert prices == {2031: 8 * 1.5, 2032: 8}
    assert found["lead"] == {("Here", "li_ion"): 2, ("Here", "Na-ion"): 1, ("Here", "li_s"): 3}
    assert found["retrofit_lead"] == {("Here", "li_ion"): 0, ("Here", "Na-ion"): 1, ("Here", "li_s"): 0}
    assert found["retrofit"] == {("li_ion", "Na-ion"): 0.5}
    without = data(lines=False, own_share={"2032": 0.6})
    assert without.pop("own_share") == {("Here", 2032): 0.6}
    assert not any(without.values())
    assert lines_of(config={"lines": False}).charge == {}


# --- what comes back -------------------------------------------------------------------------------------------------


def test_minerals_that_come_back_relieve_nodes_or_are_asked_for() -> None:
    """Cobalt relieves its ore, and graphite what it is made of, by its route, of which 0.3 is natural. The law asks for
    lithium too: of each year what the last target that has come says, in regions of the Union."""
    alone = {
        ("sheet", "active_material"): [("manganese", "", 1.0)], ("ore", "mining"): [("cobalt", "", 2.0)],
        ("sphere", "refining"): [("graphite", "natural", 1.0)],
        ("coke", "refining"): [("graphite", "synthetic", 0.5), ("graphite", "natural", 2.0)],
    }  # fmt: skip
    nodes = [SimpleNamespace(node=node, stage=stage, alone=parts) for (node, stage), parts in alone.items()]
    rows = [("recycled_content", "lithium", 2036, 0.12), ("recycled_content", "lithium", 2031, 0.06),
            ("recycled_content", "lead", 2031, 0.8), ("recovery", "cobalt", 2031, 0.9)]  # fmt: skip
    targets = [SimpleNamespace(**dict(zip(("measure", "item", "year", "value"), row, strict=True))) for row in rows]
    labels = ("graphite", "cobalt", "lithium", "manganese")
    resolved = SimpleNamespace(parameters=SimpleNamespace(targets=targets), minerals=SimpleNamespace(labels=labels),
                               union=("Here",))  # fmt: skip
    chokepoints = SimpleNamespace(inputs=SimpleNamespace(nodes=nodes), uses=SimpleNamespace(route=[0.9, 0.3]))
    config = SimpleNamespace(recycled_content=True)
    frame: Any = SimpleNamespace(chokepoints=chokepoints, resolved=resolved, config=config, years=(2031, 2036, 2037),
                                 at={2031: 1, 2036: 1, 2037: 1})  # fmt: skip
    assert Returns(frame).minerals == ("graphite", "cobalt", "lithium")
    assert Returns(frame).recycled() == {("Here", "lithium", y): part for y, part in (
        (2031, 0.06), (2036, 0.12), (2037, 0.12),
    )}  # fmt: skip
    assert {key: by for key, by in Returns(frame).relief().items() if key[2] == 2031} == {
        ("cobalt", "ore", 2031): 2.0, ("graphite", "sphere", 2031): 0.3,
        ("graphite", "coke", 2031): pytest.approx(0.5 * 0.7 + 2 * 0.3),
    }  # fmt: skip
    config.recycled_content = False
    assert Returns(frame).minerals == ("graphite", "cobalt")
    resolved.parameters = None
    nothing = Returns(frame)
    assert (nothing.minerals, nothing.relief(), nothing.recycled(), nothing.returned()) == ((), {}, {}, ({}, {}, {}))


def test_what_comes_back_of_cohorts_and_of_the_past() -> None:
    """NMC holds a tenth of a kt of cobalt a GWh, LFP none. Of 10 GWh of 2029 a quarter comes back in 2031 and half in
    2032, of 20 GWh of 2030 a tenth in 2031; of it nine tenths are recovered in 2031, all in 2032. Of what is sold in
    2031 a fifth comes back a year later, of buses nothing. A tenth of a cell is scrap, of which half is recovered in
    2031 and six tenths in 2032. Where all chemistries are recovered alike, those that come back alike have one life.
    There nothing was sold before."""
    share = np.zeros((2, 2, 2, 4, 4))  # (region, segment, chemistry, year, cohort)
    share[:, :, :, 2, 0], share[:, :, :, 3, 0], share[:, :, :, 2, 1], share[:, 0, :, 3, 2] = 0.25, 0.5, 0.1, 0.2
    cells = np.zeros((2, 2, 2, 4))
    cells[0, 0, :, 0], cells[0, 1, :, 1], cells[..., 2:] = 10, 20, 99
    intensity = np.zeros((2, 1, 4))
    intensity[1] = 0.1
    frame = SimpleNamespace(
        resolved=SimpleNamespace(parameters=True, years=SimpleNamespace(labels=[2029, 2030, 2031, 2032]),
                                 minerals=SimpleNamespace(labels=("cobalt",))),
        outcome=SimpleNamespace(scenarios={"plan": SimpleNamespace(cells=cells)}), incumbent="plan",
        regions=("Here", "There"), segments=("car", "bus"), place={"lfp": 0, "nmc": 1}, years=(2031, 2032),
        at={2031: 1, 2032: 2}, gain=np.array([[9.0, 1.1, 1.1]] * 2),
    )  # fmt: skip

    def returned(*rates: list[tuple[float, float]]) -> Any:
        """rates: of life and of scrap in 2031, by region or for both, and by chemistry or for both."""
        every = np.array(rates)[..., None, None] + [0.0, 0.0, 0.0, 0.1]  # (region, chemistry, stream, mineral, year)
        recovery = {"end_of_life": every[:, :, 0], "prompt": every[:, :, 1]}
        mine: Any = SimpleNamespace(
            frame=frame, minerals=("cobalt",), _intensity=intensity, _after_use=(share, recovery)
        )  # fmt: skip
        return Returns.returned(mine)

    past = {("Here", "cobalt", 2031): (0.25 + 0.2) * 0.9, ("Here", "cobalt", 2032): 0.5,
            ("There", "cobalt", 2031): 0, ("There", "cobalt", 2032): 0}  # fmt: skip
    back, life, recovered = returned([(0.9, 0.5)])
    assert recovered == pytest.approx(past)
    assert life == {(r, s, c): f"life {at}" for r in frame.regions for at, s in ((1, "car"), (2, "bus"))
                    for c in ("lfp", "nmc")}  # fmt: skip
    of_all = {
        (name, "cobalt", y, y): 0.1 * part for name in ("life 1", "life 2") for y, part in ((2031, 0.5), (2032, 0.6))
    }
    of_all["life 1", "cobalt", 2031, 2032] = 0.2
    assert back == pytest.approx({(r, *key): part for r in frame.regions for key, part in of_all.items()})
    back, life, recovered = returned([(0.8, 0.4), (0.9, 0.5)], [(0.7, 0.3), (0.6, 0.2)])
    assert recovered == pytest.approx(past)
    assert [life["There", s, c] for s in ("car", "bus") for c in ("lfp", "nmc")] == [
        f"life {at}" for at in (1, 2, 3, 4)
    ]
    later = {(r, name): part for (r, name, _, k, y), part in back.items() if (k, y) == (2031, 2032)}
    assert later == pytest.approx({("Here", "life 1"): 0.18, ("Here", "life 2"): 0.2, ("There", "life 1"): 0.16,
                                   ("There", "life 2"): 0.14})  # fmt: skip
    scrap = {
        (r, name): part for (r, name, _, k, y), part in back.items() if k == y == 2031 and name in ("life 3", "life 4")
    }
    assert scrap == pytest.approx({("Here", "life 3"): 0.04, ("Here", "life 4"): 0.05, ("There", "life 3"): 0.03,
                                   ("There", "life 4"): 0.02})  # fmt: skip


# --- checks of a mix -------------------------------------------------------------------------------------------------


def test_names_of_the_library_are_played_and_packs_have_prices() -> None:
    """Of prices the first year that has all is told, where it comes after the first that is decided."""
    events = [SimpleNamespace(disruption="china-anode")]
    chokepoints: Any = SimpleNamespace(inputs=SimpleNamespace(events=events), years=(2029, 2030, 2031, 2032))
    table = SimpleNamespace(columns={"disruption": ["china-anode", "congo"]})
    inputs: Any = SimpleNamespace(tables={"disruption": table})
    run: Any = SimpleNamespace(problem=lambda path, what, why: Problem("mix.toml", 1, what, why))
    home = np.full((1, 2, 4), 80.0)
    home[0, 0, 0] = home[0, 1, :2] = np.nan

    def told(decided: int, *likely: str) -> list[str]:
        asked, prices = Optimise(scenario="plan", likelihood=dict.fromkeys(likely, 1.0)), SimpleNamespace(home=home)
        try:
            check_names(run, inputs, asked, chokepoints, prices, decided)  # type: ignore[arg-type]
        except InputError as error:
            return [str(problem) for problem in error.problems]
        return []

    assert told(2031, "china-anode") == told(2032) == []
    first, second, third = told(2030, "congo", "china-anod")
    assert "'china-anod': not in disruption.csv; did you mean 'china-anode'?" in first
    assert "'congo': is not played in this run, which plays china-anode" in second
    assert "years = 2029 to 2032: packs have prices from 2031 on, and the mix is chosen from 2030 on" in third
    assert third.endswith("let the scope begin in 2030")
    home[:] = np.nan
    assert told(2030) == []


@pytest.mark.parametrize(("said", "refused"), [
    ({"likelihood": {"china-anode": 1}}, []), ({"likelihood": {"china-anode": 2}}, ["likelihood"]),
    ({"level": 0.7}, ["level"]), ({"level": 0.7, "weights": {"cvar": 1.0}, "objective": "weighted"}, []),
    ({"likelihood": {"china-anode": 2}, "exposure_cap": 50}, []), ({"cost_cap": 0.1}, ["cost_cap"]),
])  # fmt: skip
def test_keys_that_count_nowhere_are_refused(said: dict[str, Any], refused: list[str]) -> None:
    """Of the cheapest mix; a likelihood of one is what each has by itself."""
    config = Optimise.model_validate({"scenario": "plan", "objective": "cost", **said})
    assert [path[-1] for path, _, _ in _of_objective(config)] == refused


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
