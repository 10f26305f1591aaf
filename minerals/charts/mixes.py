"""What the charts of a chosen mix share: how near the best its ranges are, and families and batteries of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from minerals.charts import wording
from minerals.charts.bundle import Result
from minerals.charts.selection import Selection
from minerals.charts.style import FAMILY
from minerals.numbers import percent

WAY_OUT = "a mix is chosen by runs with [optimise]"
PINNED = 1e-3
"""Ends of a range that are no farther apart are one share."""


def about(result: Result) -> dict[str, Any]:
    """What the record says of the mix."""
    return dict(result.record.get("mix") or {})


def near(result: Result) -> str:
    """within 1% of the best: which mixes ranges are of; '' where none is ranged."""
    share = about(result).get("near")
    return f"within {percent(float(share))} of the best" if share else ""


def near_note(result: Result) -> str:
    """What these mixes keep to, as a sentence that follows a note; '' where none is ranged."""
    mix = about(result)
    if not near(result):
        return ""
    text = f" Mixes {near(result)}: all that keep the run’s limits and are at most {percent(float(mix['near']))} above"
    text += f" the best in {mix.get('objective', 'what is lowered')}"
    cap = mix.get("cost_cap")
    text += f", and at most {percent(float(cap))} above the cheapest in cost" if cap is not None else ""
    return f"{text}; each share is ranged alone."


def reach(low: float, high: float) -> str:
    """3–79%, or 8% where both ends are printed alike."""
    ends = percent(max(low, 0.0)), percent(max(high, 0.0))
    return ends[1] if ends[0] == ends[1] else f"{ends[0].removesuffix('%')}–{ends[1]}"


def families(selection: Selection, cells: pd.DataFrame) -> list[str]:
    """Family of each row of `cells`: a silicon blend is Si-anode, whatever its cathode."""
    codes = selection.record["codes"]["chemistry"]
    found = ["Si-anode" if silicon > 0 else str(codes.get(code, {}).get("family", ""))
             for code, silicon in zip(cells["chemistry"], pd.to_numeric(cells["silicon"]), strict=True)]  # fmt: skip
    return drawn_as(found)


def drawn_as(names: list[str]) -> list[str]:
    """Families as they are drawn: those without a colour are other."""
    return [name if name in FAMILY else "other" for name in names]


def breaks(result: Result, name: str = "incumbent") -> str:
    """Limits of the run that a mix does not keep: decline and trade; '' where it keeps all."""
    try:
        table = result["mix_baseline"]
    except KeyError:
        return ""
    rows = table.loc[table["mix"] == name, "breaks"].dropna().astype(str)
    return wording.names([part.strip() for text in rows for part in text.replace(" and ", ", ").split(", ") if part])


def baseline(result: Result, name: str, column: str) -> float:
    """A number of a mix of `mix_baseline`; NaN where there is none."""
    try:
        table = result["mix_baseline"]
    except KeyError:
        return np.nan
    found = table.loc[table["mix"] == name, column]
    return float(found.iloc[0]) if len(found) else np.nan
