"""What a run found, in sentences and in two tables: nothing that is open is told as a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..numbers import number, percent
from ..results.compare import changes
from ..results.interval import Interval
from ..results.result import Result
from ..text import MARK
from .figures import Figure
from .markup import Markup, Number, element, table

#: Charts whose title is a finding, in the order in which a reader asks: how much, what is lost, what would help, where.
READING_ORDER = ("demand_by_mineral", "identified", "secondary_supply", "stress", "frontier", "mix_by_year",
                 "near_optimal", "variants", "measures", "two_worlds", "loss_by_length", "coverage", "chokepoints",
                 "cost_curves", "sourcing", "capacity_vs_demand", "sensitivity")  # fmt: skip
#: Findings that are told first; the others stand above their charts.
MOST = 6
#: Disruptions that are told.
MOST_DISRUPTIONS = 8
#: GWh that a disruption costs beyond what is short without it, to be told.
LEAST = 0.05
#: Ends of a change that differ by less than this share round to one number.
CLOSE = 0.0005


def findings(figures: Sequence[Figure]) -> Markup:
    """Titles of the charts that a run computed and that find something, each with a way to its chart."""
    found = {figure.name: figure for figure in reversed(figures) if figure.computed}
    headlines = [found[name] for name in READING_ORDER if name in found][:MOST]
    lines = []
    for figure in headlines:
        way = element("a", f"Figure {figure.place}", href=f"#figure-{figure.place}")
        lines.append(element("li", element("strong", figure.title), element("p", figure.subtitle, ". ", way, ".")))
    return element("ol", *lines, class_="findings") if lines else Markup("")


def minerals(result: Result) -> Markup:
    """Demand of each mineral in the last year by scenario, with its interval, and how it changes against the first."""
    record, year = result.record, result.record["years"][-1]
    frame = result["mineral_demand"]
    ends = frame[frame["year"] == year].groupby(["mineral", "scenario"])[["low", "value", "high"]].sum()
    moved = changes(result, year)
    labels = [str(entry["label"]) for entry in record["scenarios"].values()]
    drawn = _percentiles(result, year)
    rows = []
    for mineral in record["minerals"]:
        if mineral not in ends.index.get_level_values(0):
            continue
        by_scenario = {name: _of(ends.loc[mineral], name) for name in result.scenarios}
        row: list[str | Number] = [str(record["codes"]["mineral"][mineral]["label"])]
        for name, kt in by_scenario.items():
            low, value, high = kt
            if found := drawn.get((mineral, name, "")):
                low, high = found
            row.append(Number(number(value), f"{number(low)}–{number(high)}" if low < high else ""))
            if name != result.scenarios[0]:
                row.append(_change(moved[mineral, name], drawn.get((mineral, name, result.scenarios[0]))))
        rows.append(row)
    head = ["Kilotonnes (kt)", labels[0]]
    for label in labels[1:]:
        head += [label, "change"]
    return table(head, rows, f"Mineral demand in {record['region_label']}, {year}") if rows else Markup("")


def _of(ends: pd.DataFrame, scenario: str) -> tuple[float, float, float]:
    """Low, central and high kt of a scenario."""
    low, value, high = map(float, ends.loc[scenario]) if scenario in ends.index else (0.0, 0.0, 0.0)
    return low, value, high


def _percentiles(result: Result, year: int) -> dict[tuple[str, str, str], tuple[float, float]]:
    """5th and 95th percentiles of demand and of its changes, where a study has drawn them."""
    if "percentiles" not in result.tables:
        return {}
    frame = result["percentiles"]
    here = (frame["year"] == year) & (frame["quantity"] == "mineral_demand")
    frame = frame[here & (frame["region"] == result.record["region_label"])]
    keys = zip(frame["mineral"], frame["scenario"], frame["against"].fillna(""), strict=True)
    return dict(zip(keys, zip(frame["p5"], frame["p95"], strict=True), strict=True))


def _change(moved: Interval, drawn: tuple[float, float] | None) -> Number:
    if not np.isfinite(moved.value):
        return Number("new")
    moved = moved if drawn is None else Interval(drawn[0], moved.value, drawn[1])
    close = not np.isfinite(moved.low) or moved.high - moved.low < CLOSE
    span = (
        "" if close else f"{percent(moved.low, signed=True, digits=1)} to {percent(moved.high, signed=True, digits=1)}"
    )
    kind = ("fall" if moved.high < 0 else "rise") if moved.excludes_zero else ""
    return Number(percent(moved.value, signed=True, digits=1), span, kind)


def disruptions(result: Result) -> Markup:
    """What disruptions take in the last year, by scenario: the range of the draws, and the number at twelve months."""
    if "disruptions" not in result.tables or not len(result["disruptions"]):
        return Markup("")
    record, year, out = result.record, result.record["years"][-1], []
    frame = result["disruptions"]
    drawn, at_home = _drawn(result, year, "lost"), _drawn(result, year, "industry")
    for region, rows in frame[frame["year"] == year].groupby("region", sort=False):
        found = {(row["disruption"], row["scenario"]): row for row in rows.to_dict("records")}
        first = rows[rows["scenario"] == result.scenarios[0]]
        worst = first.sort_values("lost_best", ascending=False, kind="stable")
        lines = []
        for row in worst.head(MOST_DISRUPTIONS).to_dict("records"):
            if all(_nothing(found[row["disruption"], name]) for name in result.scenarios):
                continue
            line: list[str | Number] = [f"{row['label']}{'' if row['status'] == 'in_force' else MARK}"]
            for name in result.scenarios:
                key = name, region, row["disruption"]
                line += _lost(found[row["disruption"], name], drawn.get(key), at_home.get(key))
            lines.append(line)
        head = ["Share of the batteries planned"]
        for name in result.scenarios:
            head += [str(record["scenarios"][name]["label"]), "own cells"]
        if lines:
            out.append(table(head, lines, f"What {region} would lose, {year}"))
    if not out:
        return Markup("")
    ends = "5th to 95th percentile of the draws" if drawn else "the low and the high end of how much is cut"
    words = (
        f"Share of the batteries planned that cannot be had: {ends}. Below it GWh, if the stop lasts twelve months; "
        "two numbers are two ways to share what is left: cells that need most of what is short give way first, or all "
        "users of it alike. Own cells: those made there that cannot be made. What is short without a stop is counted. "
        f"{MARK} Not in force: suspended, announced or hypothetical."
    )
    return Markup("".join(out) + element("p", words, class_="note"))


def _nothing(row: dict[str, float]) -> bool:
    """Whether a disruption takes nothing beyond what is short without it."""
    return max(row["lost_proportional"], row["lost_high"]) - row["shortage"] < LEAST


def _drawn(result: Result, year: int, measure: str) -> dict[tuple[str, str, str], tuple[float, float]]:
    """5th and 95th percentile of a share that is lost, by scenario, region and disruption."""
    if "intervals" not in result.tables:
        return {}
    frame = result["intervals"]
    frame = frame[(frame["year"] == year) & (frame["measure"] == measure)]
    keys = zip(frame["scenario"], frame["region"], frame["disruption"], strict=True)
    return dict(zip(keys, zip(frame["share_p05"], frame["share_p95"], strict=True), strict=True))


def _lost(
    row: dict[str, float], drawn: tuple[float, float] | None, at_home: tuple[float, float] | None
) -> list[Number]:
    """What is lost of all batteries and of own cells: the interval, and GWh of twelve months."""
    out = []
    for whole, ends, twelve_months, found in (
        ("planned", ("lost_low", "lost_high"), ("lost_best", "lost_proportional"), drawn),
        ("made_at_home", ("industry_low", "industry_high"), ("industry_best", "industry_proportional"), at_home),
    ):
        if not row[whole]:
            out.append(Number("none made" if whole == "made_at_home" else "none planned"))
            continue
        planned = row[whole]
        low, high = found if found else (row[ends[0]] / planned, row[ends[1]] / planned)
        share = "–".join(dict.fromkeys(f"{100 * end:.0f}" for end in (low, high))) + "%"
        gwh = "–".join(dict.fromkeys(number(row[end]) for end in twelve_months))
        out.append(Number(share, f"{gwh} of {number(row[whole])} GWh", "strong"))
    return out
