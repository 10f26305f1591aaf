"""Studies of a chosen mix as lines of text: how far shares move among mixes nearly as good, and frontiers of pairs."""

from __future__ import annotations

import math

from ..numbers import number, percent
from .result import Result
from .screen import fitted

#: What the objectives of a frontier are called.
GOALS = {
    "loss": "loss", "cost": "cost", "built": "demand that is not met", "built_kt": "mass that is missing",
    "own_objective": "the run's own objective",
}  # fmt: skip
#: Largest share from which a family is told.
LEAST = 0.001


def near_optimal(result: Result, width: int) -> list[str]:
    """Least and largest share of each family by how much worse the objective may be; nothing without such a study."""
    if "near_optimal" not in result.tables:
        return []
    table = result["near_optimal"]
    families = dict.fromkeys(result["mix_family"]["family"])
    shares = table[(table["what"] == "shares") & table["name"].isin(list(families))]
    several = shares["region"].nunique() > 1
    levels, rows = list(dict.fromkeys(shares["near"])), list[list[str]]()
    for (region, family, year), mine in shares.groupby(["region", "name", "year"], sort=False):
        if mine["high"].max() >= LEAST:
            by_level = mine.set_index("near")
            ends = [
                f"{percent(low)}–{percent(high)}" if not math.isnan(low) else ""
                for low, high in by_level.reindex(levels)[["low", "high"]].to_numpy()
            ]
            name = f"{region}, {family}" if several else str(family)
            rows.append([f"{name} {year}", percent(mine["value"].iloc[0]), *ends])
    if not rows:
        return [f"{len(table)} ranges of mixes nearly as good, in near_optimal.csv."]
    lines = fitted(["Share if the objective is worse by", "chosen", *map(percent, levels)], rows, width)
    return [*lines, f"{len(table)} ranges of shares, production and sourcing in near_optimal.csv."]


def frontiers(result: Result, width: int) -> list[str]:
    """Both ends of each frontier; nothing without such a study."""
    if "frontier" not in result.tables:
        return []
    rows = []
    for (one, two), curve in result["frontier"].groupby(["one", "two"], sort=False):
        first, last = curve.iloc[0], curve.iloc[-1]
        ends = [f"{number(each.value)} at {number(each.least)}" for each in (first, last)]
        name = f"{GOALS[one]} [{first.unit}] at {GOALS[two]} [{first.least_unit}]"
        rows.append([name, *ends, f"{len(curve)}"])
    return fitted(["Frontiers", "from", "to", "points"], rows, width)
