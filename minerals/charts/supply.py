"""What the charts of supply and exposure share: stages and countries by name and colour, the place and future drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

from minerals.charts import style, wording
from minerals.charts.bundle import Result
from minerals.charts.selection import Selection, label, table_of, texts
from minerals.charts.style import Page, Panel, text_width
from minerals.errors import listed
from minerals.results.worlds import assumed_of
from minerals.text import MARK

WAY_OUT = "exposure is computed for runs with [exposure]"
STAGES = {
    "mining": "Mining",
    "refining": "Refining",
    "active_material": "Active material",
    "component": "Cell component",
    "cell": "Cell",
    "use": "Use",
}
"""Stages in the order of the chain, and what heads their column; a stage that is not here comes last, by its name."""
IN_FORCE, ASSUMED = "in_force", "†"
"""The status of a disruption that carries no mark, and the mark of one whose severity is assumed."""
SHORT = {"South Africa": "S. Africa", "South Korea": "S. Korea", "United States": "US", "United Kingdom": "UK"}
"""Countries whose names are too long for a cell."""
OTHERS = "Other countries"
ASSUMED_WORLDS = "Who makes what in these worlds is assumed."
CHOSEN = "optimised"
"""The scenario of the mix that a run with [optimise] chooses."""


def stage_label(stage: str) -> str:
    """Active material · Coking, for a stage that the list does not know."""
    return STAGES.get(stage, wording.capitalised(stage.replace("_", " ")))


def stages_in_order(stages: Sequence[str]) -> list[str]:
    """The stages that occur, in the order of the chain."""
    found = list(dict.fromkeys(stages))
    known = list(STAGES)
    return sorted(found, key=lambda stage: known.index(stage) if stage in known else len(known))


def country_colour(name: str) -> str:
    """The colour of a country of the house style; grey for all others."""
    return style.COUNTRY.get(name, style.COUNTRY["rest"])


def country_names(selection: Selection) -> dict[str, dict[str, str]]:
    """Country -> its label: of the code list, else as the chokepoint map calls it."""
    known = dict(selection.record["codes"].get("country", {}))
    table = table_of(selection.result, "concentration")
    if table is not None:
        pairs = zip(texts(table["country"]), texts(table["country_label"]), strict=True)
        known = {code: {"label": name} for code, name in pairs if code and name} | known
    return known


def pale(colour: str, part: float = 0.6) -> str:
    """The colour with `part` of white in it."""
    red, green, blue = (part + (1 - part) * channel for channel in to_rgb(colour))
    return to_hex((red, green, blue))


def scenario_colours(count: int) -> tuple[str, ...]:
    """Grey for the first of several, a ramp to the accent for the others; one alone has the accent."""
    return (style.BASE, *style.RAMPS[count - 1]) if count > 1 else (style.ACCENT,)


class Event(NamedTuple):
    """A disruption as charts name it. assumed: whether a measure is in force whose severity is an assumption."""

    label: str
    status: str
    assumed: bool

    @property
    def marked(self) -> str:
        """The label with the mark of what is not in force, or of what is assumed of it."""
        return self.label + (MARK if self.status != IN_FORCE else ASSUMED if self.assumed else "")

    @property
    def spoken(self) -> str:
        """The label with the same in words."""
        if self.status != IN_FORCE:
            return f"{self.label} ({self.status.replace('_', ' ')})"
        return f"{self.label} (in force, its severity assumed)" if self.assumed else self.label


def events(selection: Selection, table: pd.DataFrame) -> dict[str, Event]:
    """Disruption -> how it is named, of a table with its label and status."""
    inputs = table_of(selection.result, "inputs_used")
    assumed: set[str] = set()
    if inputs is not None and "disruption" in inputs:
        rows = inputs["table"].eq("disruption") & inputs["source"].eq("assumed")
        assumed = set(inputs.loc[rows, "disruption"].astype(str))
    first = table.drop_duplicates("disruption")
    return {
        str(row.disruption): Event(row.label or str(row.disruption), str(row.status), str(row.disruption) in assumed)
        for row in first.itertuples()
    }


def marks(drawn: Iterable[Event]) -> str:
    """What the marks of disruptions mean, to follow a note."""
    drawn = list(drawn)
    statuses = list(dict.fromkeys(e.status.replace("_", " ") for e in drawn if e.status != IN_FORCE))
    either = " or ".join(filter(None, [", ".join(statuses[:-1]), *statuses[-1:]]))
    note = f" {MARK}\u00a0Not in force: {either}." if statuses else ""
    if any(event.status == IN_FORCE and event.assumed for event in drawn):
        note += f" {ASSUMED}\u00a0In force, but how much of the supply it stops is assumed."
    return note


def rows(selection: Selection, name: str, columns: Sequence[str], unit: str = "") -> pd.DataFrame:
    """A table with the text columns free of gaps and line breaks."""
    table = selection.table(name, unit, WAY_OUT)
    return table.assign(**{column: texts(table[column]) for column in columns if column in table})


def place(selection: Selection, region: str | None, table: pd.DataFrame) -> str:
    """A region that the table has, by default all together where it has them, else its first: shares are no sums."""
    regions = list(dict.fromkeys(map(str, table["region"].unique())))
    if region is not None:
        selection.known("region", region, regions)
        return region
    return selection.everything if selection.everything in regions else next(iter(regions), selection.everything)


def future(selection: Selection, wanted: str | None, table: pd.DataFrame) -> str:
    """A supply future of the table, by default that of the first scenario, else the first."""
    futures = list(dict.fromkeys(map(str, table["future"].unique())))
    if wanted is not None:
        selection.known("future", wanted, futures)
        return wanted
    first = next((about.get("future") for about in selection.record["scenarios"].values()), None)
    return str(first) if first in futures else next(iter(futures), "")


def future_label(selection: Selection, name: str) -> str:
    """What the code list calls a supply future; nothing where there is none."""
    return label(selection.record["codes"].get("future", {}), name)


def is_assumed(result: Result, futures: Sequence[str]) -> bool:
    """Whether most of who makes what in one of the futures drawn is assumed."""
    return bool(assumed_of(futures, table_of(result, "inputs_used")))


def futures_of(result: Result, scenarios: Sequence[str]) -> list[str]:
    """The supply futures of scenarios: their own, else that of the run."""
    of_run = ((result.record.get("config") or {}).get("exposure") or {}).get("future", "")
    named = (result.record["scenarios"][name].get("future") or of_run for name in scenarios)
    return list(dict.fromkeys(str(name) for name in named if name))


def chosen_pair(selection: Selection) -> tuple[str, str]:
    """The scenario that a mix was chosen from, and that of the chosen mix."""
    return selection.scenario(selection.record.get("mix", {}).get("incumbent")), selection.scenario(CHOSEN)


def drawn_scenarios(selection: Selection, table: pd.DataFrame, most: int = 4) -> tuple[tuple[str, ...], int]:
    """The first scenario of the run and the last of the others that the table has, and how many are left out."""
    present = set(map(str, table["scenario"].unique()))
    run = [name for name in selection.record["scenarios"] if name in present]
    kept = run if len(run) <= most else [run[0], *run[1 - most :]]
    return tuple(kept), len(run) - len(kept)


def one_of(selection: Selection, kind: str, wanted: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """The names asked for, or all of them; what is not there is noted."""
    for name in wanted or ():
        selection.known(kind, name, names)
    if wanted is not None and len(set(wanted)) < len(wanted):
        selection.problems.append(f"{kind}s = {listed(wanted)} names one twice")
    return list(wanted) if wanted is not None else list(names)


def fitted(names: Sequence[str], width: float, points: float) -> list[str]:
    """The names, the longer ones cut so that together they take no more than `width` inches."""
    left, kept = width, dict.fromkeys(names, "")
    for place, name in enumerate(sorted(names, key=lambda text: text_width(text, points))):
        kept[name] = style.shortened(name, left / (len(names) - place), points)
        left -= text_width(kept[name], points)
    return [kept[name] for name in names]


def in_inches(sheet: Page, panel: Panel) -> Axes:
    """Axes whose coordinates are inches of the figure: boxes on them are ground that text may stand on."""
    axes = sheet.axes(panel)
    axes.set_xlim(panel.left, panel.left + panel.width)
    axes.set_ylim(panel.bottom, panel.bottom + panel.height)
    return axes


def intervals(result: Result, region: str, year: int) -> tuple[dict[tuple[str, str, str], tuple[float, float]], int]:
    """(scenario, disruption, measure) -> 5 and 95 % of the draws, as shares of what is planned in each, and how many
    draws there are."""
    table = table_of(result, "intervals")
    if table is None or table.empty or "share_p05" not in table:
        return {}, 0
    table = table[(table["region"] == region) & (table["year"] == year)]
    found = {
        (str(row.scenario), str(row.disruption), str(row.measure)): (float(row.share_p05), float(row.share_p95))
        for row in table.itertuples() if np.isfinite(row.share_p05) and np.isfinite(row.share_p95)
    }  # fmt: skip
    return found, int(table["draws"].max()) if found else 0


LFP_CATHODE, ACTIVE = "LFP cathode", "active_material"
"""Item and stage of the chokepoint map that are the cathode of iron-phosphate cells."""


def lfp_node(result: Result, table: pd.DataFrame) -> str:
    """The node that the chokepoint map calls LFP cathode; where there is no map, the first of the supply called so."""
    concentration = table_of(result, "concentration")
    if concentration is not None:
        found = concentration[(concentration["item"] == LFP_CATHODE) & (concentration["stage"] == ACTIVE)]
        if len(found):
            return str(found["node"].iloc[0])
    return next((str(name) for name in table["node"] if "lfp" in str(name).lower()), "lfp_cathode")


def data_year(result: Result, node: str, future: str, year: int) -> int | None:
    """The year of the figures that the supply of a node in a year is from, where the chokepoint map says so."""
    table = table_of(result, "concentration")
    if table is None:
        return None
    mine = (table["node"] == node) & (table["future"] == future) & (table["year"] == year)
    years = pd.to_numeric(table.loc[mine, "data_year"]).dropna()
    return int(years.max()) if len(years) else None
