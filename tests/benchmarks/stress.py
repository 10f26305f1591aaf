"""A whole stress run: Europe, eleven years, the library of disruptions, every supplier of every node, pairs, tables;
and draws of what disruptions take, against one linear programme a draw."""

from __future__ import annotations

import time
from collections.abc import Sequence

import common
import highspy
import numpy as np

from minerals.case.by_rule import suppliers
from minerals.case.chokepoints import Chokepoints
from minerals.case.draws import Drawn
from minerals.case.intensity import with_intensity
from minerals.case.outcome import Outcome
from minerals.case.played import Library
from minerals.case.set_up import chokepoints_of
from minerals.config import read_run
from minerals.exposure.bases import highs_model
from minerals.exposure.factory import Factory, Supplied
from minerals.highs import run, solver
from minerals.results.tables.exposure import exposure
from minerals.results.tables.intervals import EARLIER
from minerals.shipped import inputs_folder
from minerals.studies.stress import stress
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.resolve import resolve

#: Draws of an event, and those that a programme each is solved for.
DRAWS, ALONE = 10_000, 300
EVENTS = ("china-graphite-anode", "china-all")


def main() -> None:
    verdict = common.Verdict()
    start = time.perf_counter()
    inputs = read_inputs(inputs_folder())
    chokepoints = set_up(inputs)
    tables = exposure(Library(chokepoints), inputs) | stress(chokepoints)
    seconds = time.perf_counter() - start
    single, library = tables["stress_single"], tables["disruptions"]
    assert single["year"].nunique() == library["year"].nunique() == len(chokepoints.years) == 11
    one = single.query("country == 'CHN' and node == 'lfp_cathode'").set_index(["scenario", "year"])["at_risk_best"]
    same = library.query("disruption == 'china-lfp-cathode'").set_index(["scenario", "year"])["at_risk_best"]
    assert ((one.reindex(same.index) - same).abs() < 1e-6).all(), "a supplier alone is the disruption of the library"
    count = len(list(suppliers(chokepoints.inputs)))
    verdict.say(f"stress of one region, {count} suppliers, 11 years", seconds, "s", 10, at_most=True)
    draws(verdict, set_up(inputs))
    start = time.perf_counter()
    many = set_up(inputs, [f"exposure.draws={DRAWS}"])
    table = (exposure(Library(many), inputs) | stress(many))["intervals"]
    assert set(table["draws"]) == {DRAWS, EARLIER}
    verdict.say(f"stress of Europe with {DRAWS:,} draws", time.perf_counter() - start, "s", 10, at_most=True)
    verdict.end()


def set_up(inputs: Inputs, sets: Sequence[str] = ()) -> Chokepoints:
    """The exposure of europe-2035."""
    resolved = with_intensity(resolve(read_run("europe-2035", sets), inputs), inputs)
    return chokepoints_of(Outcome(resolved), inputs)


def draws(verdict: common.Verdict, chokepoints: Chokepoints) -> None:
    """Draws of two events in the last year and both scenarios, without what they have in common with one programme a
    draw: what there is in each. The same answers, and how much quicker."""
    drawn, year = Drawn(chokepoints, DRAWS, 2026), len(chokepoints.years) - 1
    together = alone = 0.0
    worst = 0.0
    for event in (event for event in chokepoints.inputs.events if event.disruption in EVENTS):
        for scenario in chokepoints.scenarios:
            supplied, _ = drawn.supplied(event, scenario, chokepoints.regions, year)
            plan = chokepoints.plan(scenario, chokepoints.regions, year)
            start = time.perf_counter()
            factory = Factory(plan)  # with no basis yet
            totals, _ = factory.totals(supplied)
            together += (time.perf_counter() - start) / len(supplied)
            start = time.perf_counter()
            found = np.array([one_by_one(factory, supplied.take([draw])) for draw in range(ALONE)])
            alone += (time.perf_counter() - start) / ALONE
            worst = max(worst, float(np.abs(found / totals[:ALONE] - 1).max()))
    assert worst < 1e-9, f"draws are not what one programme each says: {worst:.2g}"
    verdict.say("draws", alone / together, "x one LP a draw", 50)
    start = time.perf_counter()
    event = next(event for event in chokepoints.inputs.events if event.disruption == EVENTS[0])
    Drawn(chokepoints, DRAWS, 1).lost([event], chokepoints.regions, year)
    seconds = (time.perf_counter() - start) / len(chokepoints.scenarios)
    verdict.say(f"{DRAWS:,} draws of one event, with what there is in each", seconds, "s", 0.5, at_most=True)
    start = time.perf_counter()
    scenario = next(iter(chokepoints.scenarios))
    alike, apart = drawn.by_chemistry(event, scenario, chokepoints.regions, year, range(ALONE))
    planned = float(chokepoints.plan(scenario, chokepoints.regions, year).cells.sum())
    print(
        f"intensities by chemistry, {ALONE} draws solved anew in {time.perf_counter() - start:.1f} s: "
        f"at most {np.abs(alike - apart).max() / planned:.2%} of the plan from factors by node"
    )


def one_by_one(factory: Factory, supplied: Supplied) -> float:
    """Batteries to be had, by a programme of its own."""
    (most,), (upper,) = factory.bounds(supplied)
    lp = solver()
    lp.passModel(highs_model(factory.cost, factory.matrix, most, upper))
    assert run(lp) == highspy.HighsModelStatus.kOptimal
    rest = supplied.imported.sum() - supplied.imported[0, factory.columns.imported].sum()
    return float(lp.getInfo().objective_function_value + rest)


if __name__ == "__main__":
    main()
