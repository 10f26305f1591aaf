"""Named sets of weights: by hand, and what must be true of each whatever is played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import minerals as api
from minerals.case.weights import SETS, span, taken_by, weights
from minerals.errors import InputError
from minerals.results.result import Result
from minerals.results.screen import _weighted, risks
from minerals.tables.codes import WEIGHTED
from minerals.tables.history import Ends, Past
from minerals.tables.inputs import Inputs
from minerals.tables.supply import Cut, Event

ENDS = {"in_force": Ends(1, 1, 1), "announced": Ends(0.3, 0.6, 0.9), "hypothetical": Ends(0.02, 0.1, 0.3)}


def supply(**past: int) -> Any:
    """Two nodes of materials and one of cells; past stops by country."""
    nodes = tuple(SimpleNamespace(node=name, stage=name) for name in ("mining", "refining", "cell"))
    return SimpleNamespace(nodes=nodes, status_weights=ENDS, past_by_country=past, events=())


def event(name: str, country: str = "CHN", nodes: str = "mining", status: str = "hypothetical", **more: Any) -> Event:
    cuts = tuple(Cut(country, node, "export", more.pop("severity", 1.0), 1.0, 1.0) for node in nodes.split())
    return replace(Event(name, name, status, 2030, Ends(12, 12, 12), cuts, ""), **more)


LIBRARY = (
    event("ore"), event("metal", nodes="refining"), event("ore-cells", nodes="mining cell"), event("cobalt", "COD"),
)  # fmt: skip


def test_equal_by_hand() -> None:
    """Half for each country; of China's half a half for its one stop with cells, a quarter for each of the others."""
    assert weights(supply(), "equal", LIBRARY) == {"ore": 0.125, "metal": 0.125, "ore-cells": 0.25, "cobalt": 0.5}


def test_status_by_hand() -> None:
    """In force 1, hypothetical 0.1: 10/11 for the first, and the rest as equal."""
    events = [event("law", "COD", status="in_force"), event("ore"), event("metal", nodes="refining")]
    found = weights(supply(), "status", events)
    assert found == pytest.approx({"law": 10 / 11, "ore": 0.5 / 11, "metal": 0.5 / 11})


def test_history_by_hand() -> None:
    """China has cut three times, Congo never: 4 to 1. Past licences took 0.6 for 4 months, a fifth of a year's exports;
    a stop without a past takes 1 for 12 months."""
    licences = Past(Ends(0.5, 0.6, 0.9), Ends(2, 4, 9), ("one",), (2,))
    events = [event("licence", past=licences), event("stop", nodes="refining"), event("cobalt", "COD")]
    found = weights(supply(CHN=3), "history", events)
    assert found == pytest.approx({"licence": 0.8 * 0.2 / 1.2, "stop": 0.8 / 1.2, "cobalt": 0.2})


def test_two_countries_at_once_are_as_rare_as_the_rarer() -> None:
    both = replace(event("both"), cuts=(*event("a").cuts, *event("b", "COD").cuts))
    found = weights(supply(CHN=3), "history", [event("ore"), both])
    assert found == pytest.approx({"ore": 0.8, "both": 0.2})


def test_what_closes_every_node_counts_alone() -> None:
    every = event("every", nodes="mining refining cell")
    inputs = supply()
    inputs.events = (*LIBRARY, every)
    for named in SETS:
        assert weights(inputs, named, inputs.events)["every"] == 0.0
    inputs.events = (every,)
    assert weights(inputs, "equal", inputs.events) == {"every": 1.0}
    assert weights(inputs, "equal", []) == {}


@pytest.mark.parametrize("named", SETS)
def test_weights_sum_to_one_and_a_copy_in_a_group_takes_from_that_alone(named: Any) -> None:
    """Many stops that are alike count no more than one for the other countries."""
    inputs = supply(CHN=2)
    found = weights(inputs, named, LIBRARY)
    assert sum(found.values()) == pytest.approx(1)
    more = weights(inputs, named, [*LIBRARY, *(event(f"copy {n}") for n in range(20))])
    assert more["cobalt"] == pytest.approx(found["cobalt"])
    assert more["ore-cells"] == pytest.approx(found["ore-cells"])


def test_the_span_of_status_is_that_of_every_corner() -> None:
    """The least and the largest mean over the ends of all weights."""
    events = [event("law", "COD", status="in_force"), event("soon", "IDN", status="announced"), *LIBRARY[:2]]
    lost: Mapping[str, float] = {"law": 40.0, "soon": 300.0, "ore": 100.0, "metal": 20.0}
    within = {"in_force": 40.0, "announced": 300.0, "hypothetical": 60.0}

    def mean(ends: Mapping[str, float]) -> float:
        return sum(ends[s] * within[s] for s in within) / sum(ends.values())

    corners = [mean(dict(zip(ENDS, ends, strict=True))) for ends in product(*((e.low, e.high) for e in ENDS.values()))]
    middle = mean({status: ends.middle for status, ends in ENDS.items()})
    assert span(supply(), events, lost) == pytest.approx((min(corners), middle, max(corners)))
    by_status = weights(supply(), "status", events)
    assert sum(by_status[code] * lost[code] for code in lost) == pytest.approx(middle)


def test_where_no_status_counts_all_count_alike() -> None:
    """Two statuses without a weight: a half each, and the mean of what they cost, whatever ends are taken. Of nothing
    nothing is lost. A stop without a past takes the most that it cuts, for no more than a year."""
    inputs = supply()
    inputs.status_weights = dict.fromkeys(ENDS, Ends(0.0, 0.0, 0.0))
    events = [event("law", status="in_force"), event("ore"), event("metal", nodes="refining")]
    assert weights(inputs, "status", events) == {"law": 0.5, "ore": 0.25, "metal": 0.25}
    assert span(inputs, events, {"law": 40.0, "ore": 10.0, "metal": 30.0}) == (30, 30, 30)
    assert span(inputs, [], {}) == (0, 0, 0)
    inputs.status_weights = {"in_force": Ends(0, 0, 0), "hypothetical": Ends(0, 0.5, 1)}
    assert span(inputs, events, {"law": 40.0, "ore": 10.0, "metal": 30.0}) == (20, 20, 30)
    long = replace(
        event("long"), cuts=(Cut("CHN", "mining", "export", 0.3, 0, 1), Cut("CHN", "cell", "export", 0.4, 0, 1))
    )
    assert taken_by(replace(long, months=Ends(3, 6, 9))) == pytest.approx(0.2)
    assert taken_by(replace(long, months=Ends(12, 36, 48))) == pytest.approx(0.4)


def test_the_screen_counts_what_has_begun() -> None:
    """As the mean does: of four stops one begins later, and what closes every step has no weight."""
    columns = ["scenario", "weights", "year", "planned", "value", "low", "high", "share", "disruptions", "unit"]
    rows = [("a", named, year, 100.0, 5.0, 4.0, 6.0, share, 3, "GWh")
            for year in (2030, 2035) for named, share in zip(SETS, (0.03, 0.05, 0.08), strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    starts = {"ore": 2026, "metal": 2027, "late": 2035, "all": 2026}
    even = {code: 0.0 if code == "all" else 1 / 3 for code in starts}
    events = {code: {"start": start} for code, start in starts.items()}
    exposure = {"weights": {"equal": even}, "disruptions": events}
    record = {"scenarios": {"a": {"label": "A"}}, "exposure": exposure}
    shares = "countries weighted alike, weighted by their status, weighted by past stops: A 3%, 5% (4–6%), 8%."
    for year, which in (
        (2030, "2 disruptions comes (all that have begun by 2030 but what closes every step)"),
        (2035, "3 disruptions comes (all played but what closes every step)"),
    ):
        line = f"Lost on average if one of {which}, {shares}"
        assert _weighted(Result(record, {"weighted_loss": table}), year) == [line]
    # Beside one that loses a scenario that plans nothing.
    none = table.assign(scenario="b", planned=0.0, value=0.0, low=0.0, high=0.0, share=0.0)
    two = {**record, "scenarios": {"a": {"label": "A"}, "b": {"label": "B"}}}
    (line,) = _weighted(Result(two, {"weighted_loss": pd.concat([table, none])}), 2035)
    assert line.endswith("A 3%, 5% (4–6%), 8%; B 0%, 0% (0%), 0%.")
    assert tuple(WEIGHTED) == SETS


# --- a run -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def europe() -> Result:
    return api.run("europe-2035", set=["scope.years=2035", "exposure.draws=0", "output.charts=[]"])


@pytest.mark.slow
def test_the_table_is_the_mean_of_what_disruptions_cost(europe: Result) -> None:
    table, lost = europe["weighted_loss"], europe["disruptions"].set_index(["scenario", "disruption"])["lost_best"]
    assert sorted(set(table["weights"])) == sorted(SETS)
    for row in table.itertuples():
        by_set = europe.record["exposure"]["weights"][row.weights]
        assert row.value == pytest.approx(sum(w * lost[row.scenario, code] for code, w in by_set.items()))
        assert row.low <= row.value <= row.high
        assert row.share == pytest.approx(row.value / row.planned)
    assert (table["low"] < table["high"]).tolist() == (table["weights"] == "status").tolist()


@pytest.mark.slow
def test_the_screen_tells_all_sets_in_one_line(europe: Result) -> None:
    (line,) = [line for line in risks(europe, 1000) if line.startswith("Lost on average")]
    for row in europe["weighted_loss"].itertuples():
        assert f"{row.share:.0%}" in line
    counted = sum(weight > 0 for weight in europe.record["exposure"]["weights"]["equal"].values())
    assert f"one of {counted} disruptions comes (all played but what closes every step)" in line


@pytest.mark.slow
def test_the_rows_that_weights_rest_on_are_used(europe: Result, shipped_inputs: Inputs) -> None:
    """All weights by status, and all past stops that came; one was suspended before it took effect."""
    used = europe["inputs_used"].groupby("table")["line"].agg(set)
    history = shipped_inputs["event_history"]
    assert used["event_weight"] == set(shipped_inputs["event_weight"]["line"])
    assert used["event_history"] == set(history.loc[history["event"] != "china-58-2025", "line"])


# --- a mix -----------------------------------------------------------------------------------------------------------

MIX = ["scope.years={first=2029, last=2030}", "scope.segments=['car']", "exposure.draws=0", "output.charts=[]"]


@pytest.mark.slow
@pytest.mark.parametrize("named", SETS)
def test_a_mix_is_chosen_by_a_set(named: str) -> None:
    """Its objective is the mean of its losses by the set; the replay holds it against the model."""
    found = api.run("europe-mix", set=[*MIX, f"optimise.event_weights='{named}'"])
    by_set, loss = found.record["exposure"]["weights"][named], found["mix_loss"].set_index("disruption")["value"]
    assert found.record["mix"]["value"] == pytest.approx(
        sum(weight * loss[code] for code, weight in by_set.items()), rel=1e-6
    )
    assert found.record["mix"]["objective"].endswith(f", {WEIGHTED[named]}")


@pytest.mark.parametrize(("sets", "words"), [
    (["optimise.event_weights='equal'", "optimise.likelihood={china-graphite-anode=0.5}"], "leave one of them out"),
    (["optimise.event_weights='equal'", "optimise.objective='cost'"], "counts only under"),
    (["optimise.event_weights='even'"], "'equal', 'status' or 'history'"),
])  # fmt: skip
@pytest.mark.slow
def test_a_set_that_cannot_count_is_refused(sets: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        api.run("europe-mix", set=[*MIX, *sets])
