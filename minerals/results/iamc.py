"""Results in the IAMC timeseries layout, readable by pyam and the scenario explorers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from ..quantities import QUANTITIES

if TYPE_CHECKING:
    from .result import Result

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
    columns = ["scenario", "region", "Variable", "unit", "year", "value"]
    filled = [part[columns] for part in parts if len(part)]
    if not filled:  # No batteries at all.
        return pd.DataFrame(columns=[*KEYS, *map(str, result.record["years"])])
    long = pd.concat(filled, ignore_index=True)
    if long["region"].nunique() > 1:
        long = pd.concat([long, long.assign(region=result.record["region_label"])], ignore_index=True)
    wide = long.pivot_table(index=columns[:4], columns="year", values="value", aggfunc="sum", sort=True).reset_index()
    wide.insert(0, "Model", f"minerals {result.record['versions']['minerals']}")
    wide["unit"] = wide["unit"] + "/yr"
    wide.columns = pd.Index([*KEYS, *(str(year) for year in wide.columns[len(KEYS) :])])
    order = {name: place for place, name in enumerate(result.scenarios)}
    return wide.sort_values(KEYS, key=lambda c: c.map(order) if c.name == "Scenario" else c, ignore_index=True)


def _named(template: str, frame: pd.DataFrame, labels: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Sums of a table by what its labels tell apart, as scenario, region, unit, year, value and Variable: the template
    filled with labels. labels: by column and code; a chemistry with silicon has that in its name."""
    blend = ["silicon"] if "chemistry" in labels else []
    keys = ["scenario", "region", *labels, *blend, "unit", "year"]
    sums = frame.groupby(keys, sort=False, as_index=False)["value"].sum()
    texts = {column: [of[code] for code in sums[column]] for column, of in labels.items()}
    if blend:
        silicon = map(_blend, sums["silicon"])
        texts["chemistry"] = [text + more for text, more in zip(texts["chemistry"], silicon, strict=True)]
    rows = zip(*texts.values(), strict=True) if texts else [()] * len(sums)
    return sums.assign(Variable=[template.format_map(dict(zip(texts, row, strict=True))) for row in rows])


def _blend(silicon: float) -> str:
    return f" with {silicon:.0%} Si" if silicon else ""
