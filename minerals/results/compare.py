"""Scenarios side by side: kt by mineral, and the change against a base."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

from ..case.chain import FLOWS
from ..errors import UsageError, did_you_mean, listed
from .interval import Interval, change
from .result import Result

T = TypeVar("T")


def compare(
    result: Result,
    base: str | None = None,
    year: int | str | None = None,
    region: str | None = None,
    quantity: str = "mineral_demand",
) -> pd.DataFrame:
    """Mineral demand of one year by scenario, and the change against `base` (default: the first scenario).

    quantity: or a flow of `mineral_flows`, as primary_demand, without low and high.

    Columns: mineral, scenario, value [kt], low, high, change [fraction, NaN where the base is 0], gwh [GWh, the same
    for every mineral of a scenario], unit, year. Default year: the last; default region: the sum of all. Raises
    UsageError for a name that is not in the result.
    """
    demand, cells = _minerals(result, quantity), result["cells"]
    base = pick("scenario", base or result.scenarios[0], result.scenarios)
    year = pick_year(result, year)
    if region is not None and region != result.record["region_label"]:
        pick("region", region, result.record["regions"])
        demand, cells = demand[demand["region"] == region], cells[cells["region"] == region]
    sums = demand[demand["year"] == year].groupby(["mineral", "scenario"])[["value", "low", "high"]].sum()
    gwh = cells[cells["year"] == year].groupby("scenario")["value"].sum()
    index = pd.MultiIndex.from_product([result.record["minerals"], result.scenarios], names=["mineral", "scenario"])
    table = sums.reindex(index, fill_value=0.0).reset_index()
    start = table["mineral"].map(table[table["scenario"] == base].set_index("mineral")["value"])
    table["change"] = (table["value"] / start - 1).where(start > 0)
    table["gwh"] = table["scenario"].map(gwh).fillna(0.0)
    return table.assign(unit="kt", year=year)


def changes(result: Result, year: int) -> dict[tuple[str, str], Interval]:
    """How the demand for each mineral moves from the first scenario to each other one, with the ends that it may reach
    by the ends of the intensities of each chemistry family, the same in both; by mineral and scenario."""
    demand = result["mineral_demand"]
    family = {code: entry["family"] for code, entry in result.record["codes"]["chemistry"].items()}
    demand = demand[demand["year"] == year].assign(family=demand["chemistry"].map(family))
    kt = demand.groupby(["mineral", "scenario", "family"])[["low", "value", "high"]].sum()
    by_scenario = kt.unstack("scenario", fill_value=0.0)
    first, *others = result.scenarios
    ends = {
        name: by_scenario.xs(name, axis=1, level="scenario").to_numpy(float)
        if name in by_scenario.columns.levels[1] else np.zeros((len(by_scenario), 3))
        for name in (first, *others)
    }  # fmt: skip
    rows = by_scenario.groupby("mineral", sort=False).indices
    return {(str(code), name): change(ends[first][at], ends[name][at]) for code, at in rows.items() for name in others}


def _minerals(result: Result, quantity: str) -> pd.DataFrame:
    """Rows of a quantity by mineral, with low and high."""
    if quantity == "mineral_demand":
        return result["mineral_demand"]
    if quantity not in FLOWS:
        pick("quantity", quantity, ["mineral_demand", *(flow for flow in FLOWS if flow != "mineral_demand")])
    if "mineral_flows" not in result.tables:
        raise UsageError(f"{quantity} needs a run with [flows]; this result stops at mineral_demand")
    flows = result["mineral_flows"]
    pick("quantity", quantity, ["mineral_demand", *dict.fromkeys(flows["flow"])])
    return flows[flows["flow"] == quantity].assign(low=float("nan"), high=float("nan"))


def pick_year(result: Result, year: int | str | None) -> int:
    """A year of the result, by default its last; `"2035"` is 2035. Raises UsageError."""
    years = result.labels("year")
    chosen_year = int(year) if isinstance(year, str) and year.isdecimal() else year
    return int(years[-1] if chosen_year is None else pick("year", chosen_year, years))


def pick(what: str, label: T, known: list[T]) -> T:
    """The label, if it is known. Raises UsageError that says what there is."""
    if label in known:
        return label
    near = did_you_mean(str(label), map(str, known))
    if isinstance(label, int) and known:  # Of years the nearest, not the one that is spelled alike.
        near = f"; the nearest is {min(known, key=lambda one: abs(int(str(one)) - label))}"
    raise UsageError(f"no {what} {label} in this result{near} "
                     f"({what}s: {listed([str(k) for k in known])})")  # fmt: skip
