"""Results side by side: each scenario of several runs, in GWh, kt and GWh lost, and what differs between the runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..errors import UsageError, listed
from ..numbers import number, signed_percent
from ..text import folded
from ..toml import written
from .compare import compare, pick_year
from .result import Result
from .screen import fitted

#: What a row of the table is of.
BATTERIES, MINERAL, LOST = "batteries", "mineral", "lost"
#: Keys of a run that only say what is written.
APART = ("title", "output")
#: What stands behind a loss in brackets.
ENDS = (
    "Lost (from–to): 5–95 % of draws (demand is drawn too) of one region in the last year of a run; else by severity "
    "of the stop."
)
#: Most differences that are told one by one.
MOST_DIFFERENCES = 12


def side_by_side(
    runs: Mapping[str, Result],
    year: int | str | None = None,
    region: str | None = None,
    quantity: str = "mineral_demand",
) -> pd.DataFrame:
    """Scenarios of several runs by run, and the change of each against the same scenario of the first run.

    runs: results by name, two or more. Default year: the last that all have; region and quantity as in `compare`.

    Columns: scenario, what (batteries, mineral or lost), name (of a mineral or disruption, '' of batteries), label,
    run, value, low, high, unit, change [fraction, NaN where the first run has none of it or 0], year. `lost` is what
    disruptions take of the year's batteries; its low and high are the 5th and 95th percentile where a run drew them,
    else the ends by severity.
    Raises UsageError where the runs have no year or scenario in common, or a name is in none.
    """
    if len(runs) < 2:
        raise UsageError("name two results or more to hold them side by side")
    year = _year(runs, year)
    parts = []
    for run, result in runs.items():
        part = pd.concat([*_minerals(result, year, region, quantity), *_lost(result, year, region)])
        parts.append(part.assign(run=run))
    table = pd.concat(parts, ignore_index=True)
    scenarios = [
        name for name in next(iter(runs.values())).scenarios if all(name in r.scenarios for r in runs.values())
    ]
    if not scenarios:
        have = "; ".join(f"{run}: {listed(result.scenarios)}" for run, result in runs.items())
        raise UsageError(f"the results have no scenario in common ({have})")
    table = table[table["scenario"].isin(scenarios)]
    keys = ["scenario", "what", "name"]
    first = table[table["run"] == next(iter(runs))].set_index(keys)["value"]
    before = first.reindex(pd.MultiIndex.from_frame(table[keys])).to_numpy()
    change = (table["value"] / before - 1).where(before > 0)
    columns = [*keys, "label", "run", "value", "low", "high", "unit"]
    return table[columns].assign(change=change, year=year).reset_index(drop=True)


def _year(runs: Mapping[str, Result], year: int | str | None) -> int:
    """The year, or the last that all runs have."""
    if year is not None:
        return next(iter({pick_year(result, year) for result in runs.values()}))
    common = set.intersection(*(set(result.labels("year")) for result in runs.values()))
    if not common:
        raise UsageError("the results have no year in common")
    return int(max(common))


def _minerals(result: Result, year: int, region: str | None, quantity: str) -> Iterator[pd.DataFrame]:
    """GWh of batteries, and kt of each mineral."""
    found = compare(result, None, year, region, quantity).frame
    gwh = found.drop_duplicates("scenario")
    yield pd.DataFrame({"scenario": gwh["scenario"], "what": BATTERIES, "name": "", "label": "Batteries",
                        "value": gwh["gwh"], "low": float("nan"), "high": float("nan"), "unit": "GWh"})  # fmt: skip
    labels = {code: about["label"] for code, about in result.record["codes"]["mineral"].items()}
    yield pd.DataFrame({"scenario": found["scenario"], "what": MINERAL, "name": found["mineral"],
                        "label": found["mineral"].map(labels), "value": found["value"], "low": found["low"],
                        "high": found["high"], "unit": "kt"})  # fmt: skip


def _lost(result: Result, year: int, region: str | None) -> Iterator[pd.DataFrame]:
    """GWh that each disruption takes, those first that take most; nothing without [exposure]."""
    if "disruptions" not in result.tables or not len(result["disruptions"]):
        return
    played = result["disruptions"]
    played = played[(played["year"] == year) & (True if region is None else played["region"] == region)]
    label = played.drop_duplicates("disruption").set_index("disruption")["label"]
    measures = ["lost_best", "lost_low", "lost_high"]
    sums = played.groupby(["scenario", "disruption"], sort=False)[measures].sum().reset_index()
    table = pd.DataFrame({"scenario": sums["scenario"], "what": LOST, "name": sums["disruption"],
                          "label": sums["disruption"].map(label), "value": sums["lost_best"], "low": sums["lost_low"],
                          "high": sums["lost_high"], "unit": "GWh"})  # fmt: skip
    if "intervals" in result.tables and played["region"].nunique() == 1:
        drawn = result["intervals"]
        drawn = drawn[(drawn["year"] == year) & (drawn["measure"] == "lost")]
        drawn = drawn[drawn["region"].isin(played["region"])].set_index(["scenario", "disruption"])
        ends = drawn[["p05", "p95"]].reindex(pd.MultiIndex.from_frame(table[["scenario", "name"]]))
        for column, end in (("low", "p05"), ("high", "p95")):
            table[column] = table[column].where(ends[end].isna().to_numpy(), ends[end].to_numpy())
    yield table


def differences(runs: Mapping[str, Result]) -> list[str]:
    """What differs between the first run and each other: keys of the run file, tables of inputs, versions."""
    (first, base), *others = runs.items()
    lines = []
    for run, result in others:
        found = [f"{key} = {_shown(old)} in {first}, {_shown(new)} in {run}"
                 for key, old, new in _changed(base.record["config"], result.record["config"])]  # fmt: skip
        tables = [file for file, _, _ in _changed(base.record["inputs"], result.record["inputs"])]
        found += [f"inputs: {listed(tables, 6)}"] if tables else []
        found += [f"{name} {old} and {new}"
                  for name, old, new in _changed(base.record["versions"], result.record["versions"])]  # fmt: skip
        more = [f"and {len(found) - MOST_DIFFERENCES} further keys"] if len(found) > MOST_DIFFERENCES else []
        lines += [f"Differs: {each}" for each in (*found[:MOST_DIFFERENCES], *more)]
        lines += [] if found else [f"{first} and {run} have the same run file, inputs and versions."]
    return lines


def _changed(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) of what differs between two trees; None stands for what one of them does not have."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            if path or key not in APART:
                yield from _changed(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path, before, after


def _shown(value: Any) -> str:
    """A value as TOML; nothing where it is not set."""
    if isinstance(value, Mapping):
        value = {key: each for key, each in value.items() if each not in (None, {}, [], "")}
    return "nothing" if value in (None, {}, [], "") else written(value)


def lines(table: pd.DataFrame, runs: Mapping[str, Result], place: str, width: int) -> list[str]:
    """The table of `side_by_side` as text: a block for each scenario, a column for each run."""
    out = [place]
    first_run = next(iter(runs))
    labels = runs[first_run].record["scenarios"]
    for scenario, rows in table.groupby("scenario", sort=False):
        body = []
        for (_, _), cells in rows.groupby(["what", "name"], sort=False):
            by_run = {row.run: row for row in cells.itertuples()}
            if not cells["value"].any():
                continue
            first = cells.iloc[0]
            label = str(first["label"]) + (", lost" if first["what"] == LOST else "")
            body.append([label, *(_cell(by_run.get(run), run != first_run) for run in runs), first["unit"]])
        out += ["", *fitted([str(labels[scenario]["label"]), *runs, "unit"], body, width)]
    return [*out, "", *folded(ENDS, width)] if (table["what"] == LOST).any() else out


def _cell(row: Any, against: bool) -> str:
    """A value with its interval where it was drawn, and its change where it is held against another."""
    if row is None:
        return "–"
    ends = f" ({number(row.low)}–{number(row.high)})" if row.what == LOST and row.high == row.high else ""
    return f"{number(row.value)}{ends}" + (
        f" {signed_percent(row.change)}" if against and row.change == row.change else ""
    )
