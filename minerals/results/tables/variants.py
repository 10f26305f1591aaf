"""The mixes of a run side by side: what each variant of [optimise] changes in demand, loss and cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from ...case.mix_lost import lost, of_library, replayed
from ...case.optimise import Mix
from ...case.played import Library
from ...case.weights import SETS, weights
from ...config import OPTIMISED
from ...mix.data import Disruption, Year
from ...mix.solution import SHOWN
from ...units import MONEY
from .mix import share_of_batteries

VARIANT = ["scenario", "label", "measure", "item", "first", "last", "value", "difference", "change", "unit"]
#: Measure, what it is of, first and last year, value and unit.
Row = tuple[str, str, int, int, float, str]


def variant_table(mixes: Mapping[str, Mix], library: Library) -> pd.DataFrame:
    """What each mix needs, loses and costs, beside that of [optimise]; difference: from it; change: that, as a part of
    it, nothing where it is 0. mixes: by scenario; library: disruptions of the run with all of them.

    Raises NumericalTrouble where a loss that is replayed is not what the model says.
    """
    by_scenario = {scenario: list(_rows(mix, library)) for scenario, mix in mixes.items()}
    units = {row[:4]: row[5] for rows in by_scenario.values() for row in rows}
    values = {scenario: {row[:4]: row[4] for row in rows} for scenario, rows in by_scenario.items()}
    rows = []
    for scenario, mix in mixes.items():
        for key, unit in units.items():  # A family that only another mix has is 0 here.
            value, before = (values[name].get(key, 0.0) for name in (scenario, OPTIMISED))
            change = value / before - 1 if before else math.nan
            rows.append((scenario, mix.config.label, *key, value, value - before, change, unit))
    return pd.DataFrame(rows, columns=VARIANT)


def _rows(mix: Mix, library: Library) -> Iterator[Row]:
    """All that is told of one mix."""
    yield from _needed(mix, library)
    yield from _made(mix)
    yield from _lost(mix, library)
    yield from _paid(mix)


def _years(mix: Mix) -> list[Year]:
    """Years of which what is needed and made is told: those whose ranges are told by default, and the last."""
    return [y for y in mix.data.years if y in SHOWN or y == mix.data.years[-1]]


def _needed(mix: Mix, library: Library) -> Iterator[Row]:
    """Mineral demand [kt], and share of each family in all batteries."""
    resolved = library.chokepoints.resolved
    demand = library.chokepoints.outcome.scenarios[mix.scenario].demand["value"].sum(axis=(0, 1, 2))
    shares = share_of_batteries(mix)
    for y in _years(mix):
        for m, mineral in enumerate(resolved.minerals.labels):
            yield ("demand", mineral, y, y, float(demand[m, resolved.years.labels.index(y)]), "kt")
        for family in dict.fromkeys(mix.data.family.values()):
            if (family, y) in shares:
                yield ("family_share", family, y, y, shares[family, y], "1")


def _made(mix: Mix) -> Iterator[Row]:
    """Share of all cells that is made at home, in single years and over all that are decided."""
    for years in (*((y,) for y in _years(mix)), mix.data.years):
        made, bought = (
            sum(gwh for key, gwh in cells.items() if key[-1] in years)
            for cells in (mix.solution.production, mix.solution.imports)
        )
        yield ("made_at_home", "", years[0], years[-1], made / (made + bought) if made + bought else 0.0, "1")


def _lost(mix: Mix, library: Library) -> Iterator[Row]:
    """What each disruption takes over the years decided [GWh], of all batteries and of the cells made at home, and on
    average by each named set of weights; unmet demand is lost under each."""
    chokepoints, first, last = library.chokepoints, mix.data.years[0], mix.data.years[-1]
    by_kind = {
        "lost": replayed(mix, library), "own_cells_lost": lost(mix, of_library(library, mix.scenario), 0.0)["industry"],
    }  # fmt: skip
    events = [event for event in chokepoints.inputs.events if event.disruption in by_kind["lost"]]
    for measure, by_event in by_kind.items():
        for name, gwh in by_event.items():
            yield (measure, name, first, last, gwh, "GWh")
        for named in SETS:
            by_set = weights(chokepoints.inputs, named, events)
            mean = sum(weight * by_event[Disruption(name)] for name, weight in by_set.items())
            yield (f"mean_{measure}", named, first, last, mean, "GWh")


def _paid(mix: Mix) -> Iterator[Row]:
    """What buyers pay over the years decided, the duties in it and the credits that it is less by, and what batteries
    cost all together: without the duties, with the credits."""
    pricing, solution = mix.assembly.pricing, mix.solution
    duty, credit = (
        sum(rate[key] * gwh for key, gwh in table.items())
        for rate, table in ((pricing.duty, solution.imports), (pricing.credit, solution.production))
    )
    parts = {name: value for name, value in mix.solution.cost.items() if name != "excess"}
    paid = sum(parts.values())
    for item, value in (("paid", paid), ("duties", duty), ("credits", credit), ("all", paid - duty + credit)):
        yield ("cost", item, mix.data.years[0], mix.data.years[-1], value, MONEY)
