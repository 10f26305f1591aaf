"""The mixes that fit what is said of minerals, as lines of text: ranges, draws, members, and shares that trade off."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import pandas as pd

from ..errors import listed
from ..numbers import MINUS, signed_percent
from .result import Result
from .screen import fitted

#: Correlation of two shares from which they are told as one taking the place of the other.
STRONG = 0.8
#: What follows the name of a limit, by its kind.
KINDS = {"statement": "", "only_fall": " (only falls)", "only_grow": " (only grows)", "held": " (proportions)",
         "silicon": " (silicon)"}  # fmt: skip
#: Pairs that are told.
MOST = 3


def identified(result: Result, width: int) -> list[str]:
    """Nothing where the run has no study of kind identify."""
    if "identified" not in result.tables:
        return []
    table, members = result["identified"], result["identified_member"]
    study, scenarios = result.record["config"]["study"], result.record["scenarios"]
    baseline = scenarios[study["baseline"] or result.scenarios[0]]["label"]
    others = list(dict.fromkeys(members["scenario"]))
    of = members.set_index(["scenario", "kind", "name"])["value"]
    head = [f"Mixes of {table['year'].iloc[0]} that fit", baseline, "range", "5–95 %", "median"]
    head += [scenarios[name]["label"] for name in others]
    rows: list[list[str]] = []
    for title, kinds in (("Share of GWh, %", ("family", "chemistry", "sum")), ("Change of demand, %", ("change",))):
        rows.append([title, *[""] * (len(head) - 1)])
        for row in table[table["kind"].isin(kinds)].itertuples():
            write = signed_percent if row.kind == "change" else _share
            said = "*" if row.kind == "change" and row.name in study["statements"] else ""
            indent = "    " if row.kind == "chemistry" else "  "
            rows.append([
                f"{indent}{row.label}{said}", "" if row.kind == "change" else _share(row.baseline),
                f"{write(row.low)} to {write(row.high)}", f"{write(row.p5)} to {write(row.p95)}", write(row.p50),
                *(write(of[name, row.kind, row.name]) for name in others),
            ])  # fmt: skip
    sentences = ["* Said of it; all else follows.", *_assumed(study, baseline), *_trade_offs(result["identified_pair"]),
                 *_inside(result)]  # fmt: skip
    return [*fitted(head, rows, width), *(line for each in sentences for line in textwrap.wrap(each, width))]


def _share(share: float) -> str:
    return f"{100 * share:.1f}"


def _assumed(study: dict[str, Any], baseline: str) -> list[str]:
    """What mixes keep beside the statements, and what the draws are."""
    parts = [f"{listed(study['held'])} with the proportions of {baseline}"] if study["held"] else []
    parts += ["silicon as there" if study["silicon"] == "held" else "any silicon"]
    parts += [f"{listed(study[key])} may only {word}" for key, word in (("only_fall", "fall"), ("only_grow", "grow"))
              if study[key]]  # fmt: skip
    return [
        f"Assumed: {'; '.join(parts)}; batteries and intensities at their values; no limits of uses, growth or supply.",
        f"5–95 %: of {study['mixes']:,} mixes drawn evenly from all that fit; it says how many there are, not how "
        "likely one is.",
    ]


def _trade_offs(pairs: pd.DataFrame) -> list[str]:
    """The pairs of shares of which one takes the place of the other most."""
    most = pairs[pairs["value"] <= -STRONG].sort_values("value", kind="stable").head(MOST)
    parts = [f"{row.one} and {row.two} ({MINUS}{-row.value:.2f})" for row in most.itertuples()]
    return [f"One in place of the other, by correlation: {'; '.join(parts)}."] if parts else []


def _inside(result: Result) -> list[str]:
    """Whether each other scenario is one of these mixes: what is nearest to its limit, or which limits it breaks."""
    lines = []
    limits = result["identified_limit"]
    for scenario, rows in limits.groupby("scenario", sort=False):
        label = result.record["scenarios"][scenario]["label"]
        names = rows["name"] + rows["kind"].map(KINDS)
        broken = rows["inside"] == "no"
        points = [
            f"{name} by {-100 * slack:.1f}"
            for name, slack in zip(names[broken], rows.loc[broken, "slack"], strict=True)
        ]
        nearest = rows["slack"].where(rows["low"] < rows["high"], math.inf).argmin()
        near = f"{names.iloc[nearest]} is {100 * rows['slack'].iloc[nearest]:.1f} points from its end"
        lines.append(
            f"{label} is none of them, in points: {listed(points)}." if points else f"{label} is one of them: {near}."
        )
    return lines
