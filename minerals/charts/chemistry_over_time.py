"""Which batteries are put into use, by chemistry and year: stacked areas in GWh, with who is how large at the end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, mixes, series, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.series import PITCH, Column, EndTable, Row
from minerals.charts.style import CHEMISTRY, HEADING, LABEL, Page, Panel

from ..haste import frozen

NAME = "chemistry_over_time"
NICKEL, IRON = ("NMC", "high-nickel"), ("LFP", "LMFP")
"""Groups of cells with nickel and cobalt, and of those with iron phosphate."""
HIGH_NICKEL = ("nmc8", "nmc9", "nmca", "nca")
"""How the codes of cells begin whose cathode has eight tenths of nickel or more."""
LABELS = {
    "NMC": "NMC, mid-nickel", "high-nickel": "NMC, high-nickel", "Na-ion": "Na-ion", "Li-metal": "Li-metal",
    "other": "Other",
}  # fmt: skip
SPOKEN = {"Na-ion": "sodium-ion", "Li-metal": "lithium-metal", "Li-S": "lithium-sulfur"}
"""Groups that are new, as a title names them."""


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    since: int | None = None,
    scenario: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the batteries put into use each year by chemistry.

    region: one of the record's regions, or the sum of all (default); since, year: first and last year drawn, default
    those of the run; scenario: default the last of the run; size: 'brief' or 'slide'; title: one to use instead of the
    computed finding.

    The data of the bundle hold a row for each year of each area: scenario, region, group, anode, year, value, unit
    [GWh]. Cells with silicon in the anode stand in the group of their cathode and are marked in `anode`.
    """
    story = _story(result, region, since, year, scenario)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="GWh",
        used=footer.demand(result, (story.scenario,), story.region, story.years),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Batteries put into use in {wording.place(story.region)} by chemistry, {story.label},"
        f" {story.years[0]}–{story.years[-1]}, GWh a year",
        body=(3.4, HEAD + max(PITCH * (len(story.groups) + 2), 1.4) + series.UNDER + 0.08),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "since": story.years[0], "year": story.years[-1], "scenario": story.scenario},
    )  # fmt: skip


@frozen
class _Story:
    """The numbers of one chart.

    groups: from the base of the stack up; gwh: (group, 2, year), without and with silicon in the anode; observed: last
    year that was observed, None where no drawn year was; chosen: whether an optimisation chose the mix.
    """

    region: str
    scenario: str
    label: str
    years: list[int]
    groups: tuple[str, ...]
    gwh: NDArray[np.float64]
    observed: int | None
    chosen: bool

    @property
    def total(self) -> NDArray[np.float64]:
        """GWh of all, by year."""
        return np.asarray(self.gwh.sum(axis=(0, 1)))

    @property
    def end(self) -> NDArray[np.float64]:
        """GWh of each group in the last year."""
        return np.asarray(self.gwh[:, :, -1].sum(axis=1))

    def of(self, groups: tuple[str, ...]) -> NDArray[np.float64]:
        """GWh of some groups together, by year."""
        return np.asarray(self.gwh[[group in groups for group in self.groups]].sum(axis=(0, 1)))


def _group(code: str, about: Mapping[str, str], families: Mapping[str, str]) -> str:
    """The group of a chemistry: that of its cathode; of a semi-solid cell with silicon high-nickel."""
    family = about.get("family", "")
    if family == "Si-anode":
        base = code.partition("_si")[0]
        return _group(base, {"family": families.get(base, "")}, families) if base in families else "high-nickel"
    if family == "NMC":
        return "high-nickel" if code.startswith(HIGH_NICKEL) else "NMC"
    if family == "LFP":
        return "LMFP" if code.startswith("lmfp") else "LFP"
    return family if family in CHEMISTRY else "other"


def _story(result: Result, region: str | None, since: int | None, year: int | None, scenario: str | None) -> _Story:
    selection = Selection(NAME, result)
    cells = selection.table("cells", "GWh")
    place = selection.region(region)
    name = selection.scenario(scenario or list(result.record["scenarios"])[-1])
    years = selection.span(since, year, cells)
    selection.settle()
    cells = selection.rows_in(cells, place)
    cells = cells[(cells["scenario"] == name) & cells["year"].isin(years)]
    if cells.empty:
        selection.problems.append(f"scenario '{name}' has no batteries in {place} in {years[0]}–{years[-1]}")
    selection.settle()
    codes = selection.record["codes"]["chemistry"]
    families = {code: about.get("family", "") for code, about in codes.items()}
    of = {code: _group(str(code), codes.get(code, {}), families) for code in cells["chemistry"].unique()}
    silicon = (pd.to_numeric(cells["silicon"]).fillna(0.0) > 0) | (cells["chemistry"].map(families) == "Si-anode")
    summed = cells.groupby([cells["chemistry"].map(of), silicon, "year"])["value"].sum()
    held = summed.groupby(level=0).sum()
    groups = tuple(group for group in CHEMISTRY if group in held and (held[group] > 0 or not held.any()))
    places = pd.MultiIndex.from_product([groups, (False, True), years])
    gwh = np.asarray(summed.reindex(places, fill_value=0.0), float).reshape(len(groups), 2, len(years))
    return _Story(place, name, label(selection.record["scenarios"], name), years, groups, gwh,
                  _observed(result, years), bool(mixes.about(result)) and name.startswith("optimised"))  # fmt: skip


def _observed(result: Result, years: list[int]) -> int | None:
    """The last drawn year with rows of history; None where none has, or the last one does."""
    try:
        used = result["inputs_used"]
        rows = used[(used["table"] == "battery_demand") & (used["scenario"] == "history")]
    except KeyError:
        return None
    found = [int(each) for each in pd.to_numeric(rows["year"], errors="coerce").dropna().unique() if each in years[:-1]]
    return max(found, default=None)


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """When iron-phosphate cells overtake those with nickel for good, and the largest new chemistry at the end.

    Both are of the scenario that is drawn, and say so.
    """
    last, whose = story.years[-1], wording.possessive(story.region)
    if not story.total[-1] > 0:
        return f"{story.label}: no batteries are put into use in {wording.place(story.region)} in {last}"
    shares = dict(zip(story.groups, story.end / float(story.total[-1]), strict=True))
    new = max((group for group in story.groups if group in SPOKEN), key=lambda group: shares[group], default=None)
    passed = _overtaken(story)
    parts = []
    if passed is not None:
        parts.append(
            f"iron-phosphate cells would overtake nickel-based ones in {wording.place(story.region)} by {passed}"
        )
    if new is not None and shares[new] >= wording.LEAST_WORTH_SAYING:
        parts.append(f"{SPOKEN[new]} would be {wording.by_how_much(shares[new])} of {whose} batteries in {last}")
    if not parts:
        first = max(shares, key=lambda group: shares[group])
        parts.append(
            f"{LABELS.get(first, first)} would be {wording.by_how_much(shares[first])} of {whose} batteries in {last}"
        )
    return f"{story.label}: {'; '.join(parts)}"


def _overtaken(story: _Story) -> int | None:
    """First year from which on iron-phosphate cells are more than nickel-based ones, to the last; None where they were
    so from the first year on, or are not."""
    if not set(IRON) & set(story.groups) or not set(NICKEL) & set(story.groups):
        return None
    above = story.of(IRON) > story.of(NICKEL)
    if not above[-1] or above.all():
        return None
    return story.years[len(above) - int(np.argmin(above[::-1]))]


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Batteries put into use in a year, at nameplate energy."
    if "high-nickel" in story.groups:
        note += " High-nickel: NMC 811 and above, and NCA."
    if story.gwh[:, 1].any():
        blend = float(story.gwh[:, 1, -1].sum())
        note += f" White hatch: silicon in the anode ({wording.rounded(blend)} GWh in {story.years[-1]})."
    if story.chosen:
        note += " The mix stands for many nearly as good; the chart mix_by_year has the range of each share."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and the end table in words."""
    parts = [f"{LABELS.get(row.name, row.name)} {row.numbers[0]} GWh ({row.numbers[1]})" for row in _rows(story)]
    first, last = story.years[0], story.years[-1]
    return [
        f"Stacked areas of {wording.lowered(subtitle)}.",
        f"All: {wording.number(story.total[0])} GWh in {first}, {wording.number(story.total[-1])} in {last}:"
        f" {'; '.join(parts)}.",
    ]


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (story.scenario, story.region, group, "silicon" if silicon else "", year, value, "GWh")
        for group, kinds in zip(story.groups, story.gwh, strict=True)
        for silicon, values in enumerate(kinds)
        if not silicon or values.any()
        for year, value in zip(story.years, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["scenario", "region", "group", "anode", "year", "value", "unit"])


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD = 0.3
"""Height of the heading."""


def _draw(sheet: Page, story: _Story) -> None:
    """The areas with their end table, and where history ends."""
    s = sheet.scale
    rows = _rows(story)
    total = float(story.total[-1])
    whole = Row("All", (wording.number(total), "100%" if total else "–"), weight=BOLD)
    table = EndTable(sheet, f"In {story.years[-1]}", (Column("GWh"), Column("share", style.MUTED)), (*rows, whole))
    bottom = sheet.bottom + 0.08 * s + series.UNDER * s
    peak = float(story.total.max())
    left = sheet.left + series.gutter(peak, 4, s)
    panel = Panel(left, bottom, sheet.right - table.width - left, sheet.top - HEAD * s - bottom)

    sheet.text(sheet.left, sheet.top - 0.1 * s, "GWh a year", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, panel, sheet.left, story.years, peak, ticks=4)
    series.stack(axes, story.years, series.blended(story.groups, story.gwh, CHEMISTRY), s)
    axes.plot(story.years, story.total, color=style.INK, linewidth=1.2 * s, zorder=4, clip_on=False)
    _history(sheet, panel, story)
    table.draw_ends(panel, axes.get_ylim()[1], story.end, whole)


def _history(sheet: Page, panel: Panel, story: _Story) -> None:
    """A dotted line at the last observed year, with what stands on either side of it."""
    if story.observed is None or story.observed <= story.years[0]:
        return
    s = sheet.scale
    x = panel.left + (story.observed - story.years[0]) / (story.years[-1] - story.years[0]) * panel.width
    top = panel.bottom + 0.86 * panel.height
    sheet.line((x, x), (panel.bottom, top), style.INK, 0.9, order=5).set_linestyle((0, (1.5, 2.0)))
    for text, align, shift in (("History", "right", -0.05), ("Scenario", "left", 0.05)):
        sheet.text(x + shift * s, top - 0.09 * s, text, LABEL, style.MUTED, align=align)


def _rows(story: _Story) -> list[Row]:
    """Lines of the end table: what the areas are."""
    total = float(story.total[-1])
    return [
        Row(
            LABELS.get(group, group),
            (wording.number(gwh), wording.part(gwh / total) if total else "–"),
            CHEMISTRY[group],
        )
        for group, gwh in zip(story.groups, story.end, strict=True)
    ]
