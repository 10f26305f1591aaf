"""Results in the IAMC timeseries layout, readable by pyam and the scenario explorers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from math import fsum, nan
from typing import TYPE_CHECKING, Any

from ..case.played import LEAST
from ..columns import Columns
from ..quantities import QUANTITIES

if TYPE_CHECKING:
    from .result import Result

#: Scenario, region, variable, unit and year.
Place = tuple[str, str, str, str, int]
#: What disruptions take: variable, and how the columns of `disruptions` and the rows of `intervals` that hold it begin.
TAKEN = (("Battery Supply", "lost"), ("Battery Cell Production", "industry"))
READINGS = {"best": "Best Reallocation", "proportional": "Proportional"}
PERCENTILES = {"p05": "5th Percentile", "p50": "50th Percentile", "p95": "95th Percentile"}
KEYS = ["Model", "Scenario", "Region", "Variable", "Unit"]


def timeseries(result: Result) -> Columns:
    """Wide IAMC table: battery demand by segment and chemistry [GWh/yr], minerals by flow [kt/yr], and what disruptions
    take, with its intervals [GWh/yr].

    The sum of all regions of the run is added under its own label where the run has several; what disruptions take is
    of regions that share a pool, and is not summed.
    """
    codes = result.record["codes"]
    labels = {kind: {code: entry["label"] for code, entry in codes[kind].items()} for kind in codes}
    cells, demand, route = (result.columns(name) for name in ("cells", "mineral_demand", "graphite_by_route"))
    of_minerals = {"mineral": labels["mineral"]}
    parts = [
        _named("Battery Demand", cells, {}),
        _named(QUANTITIES["battery_demand"].iamc, cells, {"segment": labels["segment"]}),
        _named(QUANTITIES["cells"].iamc, cells, {"segment": labels["segment"], "chemistry": labels["chemistry"]}),
        _named(QUANTITIES["mineral_demand"].iamc, demand, of_minerals),
        _named(
            QUANTITIES["graphite_by_route"].iamc,
            route,
            {"route": {code: code.capitalize() for code in dict.fromkeys(route["route"])}},
        ),
    ]
    if "mineral_flows" in result.tables:
        flows = result.columns("mineral_flows")
        parts += [
            _named(QUANTITIES[quantity].iamc, flows.where(flow=quantity), of_minerals)
            for quantity in ("secondary_supply", "primary_demand")
        ]
    values: defaultdict[Place, list[float]] = defaultdict(list)
    for place, value in chain.from_iterable(parts):
        values[place].append(value)
    if not values:  # No batteries at all.
        return Columns.from_rows([], [*KEYS, *map(str, result.record["years"])])
    if len({region for _, region, *_ in values}) > 1:
        whole = result.record["region_label"]
        for (scenario, _, *rest), some in [(place, some[:]) for place, some in values.items()]:
            values[scenario, whole, *rest] += some
    for place, value in _taken(result):
        values[place] = [value]
    order = {name: place for place, name in enumerate(result.scenarios)}
    rows = sorted({place[:4] for place in values}, key=lambda row: (order[row[0]], *row[1:]))
    years = sorted({place[4] for place in values})
    model = f"minerals {result.record['versions']['minerals']}"
    table = {name: [row[at] for row in rows] for at, name in enumerate(KEYS[1:])}
    table["Unit"] = [f"{unit}/yr" for unit in table["Unit"]]
    numbers = {str(year): [fsum(values.get((*row, year), [nan])) for row in rows] for year in years}
    return Columns({"Model": [model] * len(rows), **table, **numbers})


def _taken(result: Result) -> Iterable[tuple[Place, float]]:
    """What disruptions take of the batteries and of the cells made at home, by both readings, and its percentiles."""
    parts = []
    for name, columns in (("disruptions", READINGS), ("intervals", PERCENTILES)):
        if name not in result.tables:
            continue
        table, labels, template = result.columns(name), result.record["exposure"]["disruptions"], QUANTITIES[name].iamc
        for what, measure in TAKEN:
            drawn = "measure" in table
            where = {"measure": measure} if drawn else {}
            # No part of a name holds what parts them.
            events = [str(labels[code]["label"]).replace("|", "/") for (code,) in table.rows("disruption", **where)]
            at = list(table.rows("scenario", "region", "unit", "year", **where))
            for column, reading in columns.items():
                numbers = [number for (number,) in table.rows(column if drawn else f"{measure}_{column}", **where)]
                names = (template.format(what=what, disruption=event, reading=reading) for event in events)
                parts += [
                    ((scenario, region, variable, unit, year), 0.0 if abs(number) < LEAST else number)
                    for (scenario, region, unit, year), variable, number in zip(at, names, numbers, strict=True)
                ]
    return parts


def _named(
    template: str, table: Columns, labels: Mapping[str, Mapping[str, str]]
) -> Iterable[tuple[Place, float]]:  # fmt: skip
    """Place and value of each row of a table. labels: by column and code, with which the template is filled; a
    chemistry with silicon has that in its name."""
    silicon = table.column("silicon") if "chemistry" in labels else [0.0] * len(table)
    codes = list(zip(*map(table.column, labels), silicon, strict=True))
    names: dict[tuple[Any, ...], str] = {}
    for some in set(codes):
        texts = {column: of[code] for (column, of), code in zip(labels.items(), some, strict=False)}
        if some[-1]:
            texts["chemistry"] += f" with {some[-1]:.0%} Si"
        names[some] = template.format_map(texts)
    scenario, region, unit, year, value = map(table.column, ("scenario", "region", "unit", "year", "value"))
    return zip(zip(scenario, region, [names[some] for some in codes], unit, year, strict=True), value, strict=True)
