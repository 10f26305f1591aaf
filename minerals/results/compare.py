"""Scenarios side by side: kt by mineral, and the change against a base."""

from __future__ import annotations

from math import fsum, isnan, nan
from typing import Any, TypeVar

import numpy as np

from ..case.chain import FLOWS
from ..columns import Columns
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
) -> Columns:
    """Mineral demand of one year by scenario, and the change against `base` (default: the first scenario).

    quantity: or a flow of `mineral_flows`, as primary_demand, without low and high.

    Columns: mineral, scenario, value [kt], low, high, change [fraction, NaN where the base is 0], gwh [GWh, the same
    for every mineral of a scenario], unit, year. Default year: the last; default region: the sum of all. Raises
    UsageError for a name that is not in the result.
    """
    demand, cells = _minerals(result, quantity), result.columns("cells")
    base = pick("scenario", base or result.scenarios[0], result.scenarios)
    where: dict[str, Any] = {"year": pick_year(result, year)}
    if region is not None and region != result.record["region_label"]:
        where["region"] = pick("region", region, result.record["regions"])
    parts: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for mineral, scenario, *ends in demand.rows("mineral", "scenario", "value", "low", "high", **where):
        parts.setdefault((mineral, scenario), []).append(tuple(ends))
    gwh: dict[str, list[float]] = {}
    for scenario, value in cells.rows("scenario", "value", **where):
        gwh.setdefault(scenario, []).append(value)

    def ends_of(mineral: str, scenario: str) -> list[float]:
        some = zip(*parts.get((mineral, scenario), ()), strict=True)
        return [fsum(value for value in end if not isnan(value)) for end in some] or [0.0, 0.0, 0.0]

    rows = []
    for mineral in result.record["minerals"]:
        start = ends_of(mineral, base)[0]
        for scenario in result.scenarios:
            value, low, high = ends_of(mineral, scenario)
            moved = value / start - 1 if start > 0 else nan
            rows.append((mineral, scenario, value, low, high, moved, fsum(gwh.get(scenario, ()))))
    names = ("mineral", "scenario", "value", "low", "high", "change", "gwh")
    return Columns.from_rows(rows, names, unit="kt", year=where["year"])


def changes(result: Result, year: int) -> dict[tuple[str, str], Interval]:
    """How the demand for each mineral moves from the first scenario to each other one, with the ends that it may reach
    by the ends of the intensities of each chemistry family, the same in both; by mineral and scenario."""
    family = {code: entry["family"] for code, entry in result.record["codes"]["chemistry"].items()}
    first, *others = result.scenarios
    # By mineral, family and scenario: kt at the low end, the value and the high end.
    kt: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    names = ("mineral", "scenario", "chemistry", "low", "value", "high")
    for mineral, scenario, chemistry, *ends in result.columns("mineral_demand").rows(*names, year=year):
        of_mineral = kt.setdefault(mineral, {})
        of_mineral.setdefault(family[chemistry], {name: np.zeros(3) for name in result.scenarios})[scenario] += ends

    def of(mineral: str, scenario: str) -> np.ndarray:
        return np.array([by[scenario] for _, by in sorted(kt[mineral].items())])

    return {(mineral, name): change(of(mineral, first), of(mineral, name)) for mineral in sorted(kt) for name in others}


def _minerals(result: Result, quantity: str) -> Columns:
    """Rows of a quantity by mineral, with low and high."""
    if quantity == "mineral_demand":
        return result.columns("mineral_demand")
    if quantity not in FLOWS:
        pick("quantity", quantity, ["mineral_demand", *(flow for flow in FLOWS if flow != "mineral_demand")])
    if "mineral_flows" not in result.tables:
        raise UsageError(f"{quantity} needs a run with [flows]; this result stops at mineral_demand")
    flows = result.columns("mineral_flows")
    pick("quantity", quantity, ["mineral_demand", *dict.fromkeys(flows["flow"])])
    found = flows.where(flow=quantity)
    return found.assign(low=[nan] * len(found), high=[nan] * len(found))


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
