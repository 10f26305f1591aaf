"""The combinations of a grid as lines of text: how far headline numbers move over them, and where they end."""

from __future__ import annotations

import textwrap

import pandas as pd

from ..numbers import number
from .result import Result
from .screen import LEAST, fitted
from .screen_variants import MINERALS

#: Disruptions that are told: those that take most anywhere.
MOST = 3
#: Failed points that are told.
MOST_FAILED = 5


def grid(result: Result, width: int) -> list[str]:
    """Nothing where the run has no study of kind grid."""
    if "grid" not in result.tables:
        return []
    table = result["grid"]
    axes = list(result.record["config"]["study"]["axes"])
    names = table.drop_duplicates("point").set_index("point")[axes].astype(str).agg(", ".join, axis=1)
    failed = table[table["quantity"] == "failed"]
    computed = names.index.difference(failed["point"])
    rows = []
    for (scenario, quantity, item), found in _headlines(table).groupby(["scenario", "quantity", "item"], sort=False):
        values = found.set_index("point")["value"].reindex(computed, fill_value=0.0)  # Tables leave zeros out.
        low, high = values.min(), values.max()
        alike = number(low) == number(high)
        what = f"{_label(result, quantity, item)}, {_scenario(result, scenario)}, {found['unit'].iloc[0]}"
        ends = ["", "", ""] if alike else [names[values.idxmin()], number(high), names[values.idxmax()]]
        rows.append([what, number(low), *ends])
    lines = textwrap.wrap(f"{len(computed)} points of {', '.join(axes)}", width)
    if rows:
        lines += fitted(["Over all of them", "lowest", "at", "highest", "at"], rows, width)
    for row in failed.head(MOST_FAILED).itertuples():
        lines += textwrap.wrap(f"Failed at {names[row.point]}: {row.why}", width)
    if len(failed) > MOST_FAILED:
        lines.append(f"… and {len(failed) - MOST_FAILED} more failed points, in grid.csv.")
    return lines


def _headlines(table: pd.DataFrame) -> pd.DataFrame:
    """Rows that are told: minerals, what disruptions take that take most, and what a chosen mix costs and loses."""
    lost = table[(table["quantity"] == "lost_best") & (table["value"] >= LEAST)]
    worst = lost.groupby("item")["value"].max().sort_values(ascending=False, kind="stable").head(MOST).index
    mix = table["quantity"].isin(["exposure", "cost"]) & (table["item"] == "chosen")
    mineral = (table["quantity"] == "mineral_demand") & table["item"].isin(MINERALS)
    return table[mineral | mix | ((table["quantity"] == "lost_best") & table["item"].isin(worst))]


def _label(result: Result, quantity: str, item: str) -> str:
    """Graphite · Lost, China stops exports of graphite anodes · Cost of the chosen mix."""
    if quantity == "mineral_demand":
        return str(result.record["codes"]["mineral"][item]["label"])
    if quantity == "lost_best":
        about = result.record["exposure"]["disruptions"].get(item, {})
        return f"Lost, {about.get('label', item)}"
    return f"{quantity.capitalize()} of the chosen mix"


def _scenario(result: Result, name: str) -> str:
    return str(result.record["scenarios"].get(name, {}).get("label", name))
