"""Results in the IAMC timeseries layout, readable by pyam and the scenario explorers."""

from __future__ import annotations

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
    segment = cells["segment"].map(labels["segment"])
    chemistry = cells["chemistry"].map(labels["chemistry"]) + cells["silicon"].map(_blend)
    mineral = demand["mineral"].map(labels["mineral"])
    parts = [
        cells.assign(Variable="Battery Demand"),
        cells.assign(Variable=_name("battery_demand", segment=segment)),
        cells.assign(Variable=_name("cells", segment=segment, chemistry=chemistry)),
        demand.assign(Variable=_name("mineral_demand", mineral=mineral)),
        route.assign(Variable=_name("graphite_by_route", route=route["route"].str.capitalize())),
    ]
    if "mineral_flows" in result.tables:
        flows = result["mineral_flows"]
        for quantity in ("secondary_supply", "primary_demand"):
            part = flows[flows["flow"] == quantity]
            parts.append(part.assign(Variable=_name(quantity, mineral=part["mineral"].map(labels["mineral"]))))
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


def _name(quantity: str, **labels: pd.Series) -> pd.Series:
    """Variable names from the catalogue's template, label by label."""
    template = QUANTITIES[quantity].iamc
    out = pd.Series(template, index=next(iter(labels.values())).index, dtype=object)
    for field, values in labels.items():
        out = pd.Series(
            [text.replace("{" + field + "}", label) for text, label in zip(out, values, strict=True)], index=out.index
        )
    return out


def _blend(silicon: float) -> str:
    return f" with {silicon:.0%} Si" if silicon else ""
