"""Results in the IAMC timeseries layout, readable by pyam and the scenario explorers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from math import fsum, nan
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..quantities import QUANTITIES

if TYPE_CHECKING:
    from .result import Result

#: Scenario, region, variable, unit and year.
Place = tuple[str, str, str, str, int]
KEYS = ["Model", "Scenario", "Region", "Variable", "Unit"]


def iamc(result: Result) -> pd.DataFrame:
    """Wide IAMC table: battery demand by segment and chemistry [GWh/yr], minerals by flow [kt/yr].

    The sum of all regions of the run is added under its own label where the run has several.
    """
    codes = result.record["codes"]
    labels = {kind: {code: entry["label"] for code, entry in codes[kind].items()} for kind in codes}
    cells, demand, route = (result[name] for name in ("cells", "mineral_demand", "graphite_by_route"))
    of_minerals = {"mineral": labels["mineral"]}
    parts = [
        _named("Battery Demand", cells, {}),
        _named(QUANTITIES["battery_demand"].iamc, cells, {"segment": labels["segment"]}),
        _named(QUANTITIES["cells"].iamc, cells, {"segment": labels["segment"], "chemistry": labels["chemistry"]}),
        _named(QUANTITIES["mineral_demand"].iamc, demand, of_minerals),
        _named(
            QUANTITIES["graphite_by_route"].iamc,
            route,
            {"route": {code: code.capitalize() for code in route["route"].unique()}},
        ),
    ]
    if "mineral_flows" in result.tables:
        flows = result["mineral_flows"]
        parts += [
            _named(QUANTITIES[quantity].iamc, flows[flows["flow"] == quantity], of_minerals)
            for quantity in ("secondary_supply", "primary_demand")
        ]
    values: defaultdict[Place, list[float]] = defaultdict(list)
    for place, value in chain.from_iterable(parts):
        values[place].append(value)
    if not values:  # No batteries at all.
        return pd.DataFrame(columns=[*KEYS, *map(str, result.record["years"])])
    if len({region for _, region, *_ in values}) > 1:
        whole = result.record["region_label"]
        for (scenario, _, *rest), some in [(place, some[:]) for place, some in values.items()]:
            values[scenario, whole, *rest] += some
    order = {name: place for place, name in enumerate(result.scenarios)}
    rows = sorted({place[:4] for place in values}, key=lambda row: (order[row[0]], *row[1:]))
    years = sorted({place[4] for place in values})
    model = f"minerals {result.record['versions']['minerals']}"
    table = {name: [row[at] for row in rows] for at, name in enumerate(KEYS[1:])}
    table["Unit"] = [f"{unit}/yr" for unit in table["Unit"]]
    numbers = {str(year): [fsum(values.get((*row, year), [nan])) for row in rows] for year in years}
    return pd.DataFrame({"Model": [model] * len(rows), **table, **numbers})


def _named(
    template: str, frame: pd.DataFrame, labels: Mapping[str, Mapping[str, str]]
) -> Iterable[tuple[Place, float]]:
    """Place and value of each row of a table. labels: by column and code, with which the template is filled; a
    chemistry with silicon has that in its name."""
    silicon = frame["silicon"].tolist() if "chemistry" in labels else [0.0] * len(frame)
    codes = list(zip(*(frame[column].tolist() for column in labels), silicon, strict=True))
    names: dict[tuple[Any, ...], str] = {}
    for some in set(codes):
        texts = {column: of[code] for (column, of), code in zip(labels.items(), some, strict=False)}
        if some[-1]:
            texts["chemistry"] += f" with {some[-1]:.0%} Si"
        names[some] = template.format_map(texts)
    scenario, region, unit, year, value = (
        frame[column].tolist() for column in ("scenario", "region", "unit", "year", "value")
    )
    return zip(zip(scenario, region, [names[some] for some in codes], unit, year, strict=True), value, strict=True)
