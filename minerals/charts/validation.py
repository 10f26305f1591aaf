"""The model against published results: each as a dot on logarithmic axes, and beside them their ratios by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, selection, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.series import spread
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch, text_width
from minerals.results.verdicts import INVENTORIES

NAME = "validation"
WAY_OUT = "draw what minerals.validate() gives, or `minerals validate --out FOLDER`"
NEAR = 1.1
"""Ratio, or its inverse, up to which two results are near; drawn as a band."""
LABELLED = 1.5
"""Ratio, or its inverse, beyond which the furthest dot of a group is named."""
SCATTER = ("kt", "GWh")
"""Units of the left panel, one axis for both."""
ENERGY = "GWh"
DECIMALS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Ratios at which the right panel has a gridline."""
DATA = ("id", "group", "kind", "mineral", "segments", "year", "ours", "theirs", "unit", "ratio", "verdict", "left")


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw ours against theirs, and the ratios by what they are of.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding. The data of the bundle hold a row for
    each result drawn; `left` tells those that both panels show, in kt and GWh, from those in the right one alone.
    """
    story = _story(result)
    rows = len(story.groups)
    years = result.record.get("years") or []
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=tuple(result.record["scenarios"]), used=None,
        unit="kt, GWh; ratio", finding=_finding(story), note=_note(story),
        subtitle="The model’s results against published ones" + (f", {years[0]}–{years[-1]}" if years else ""),
        lines=_lines(result),
        body=(HEAD + max(rows * USUAL, SQUARE) + FOOT, HEAD + rows * LEAST + FOOT),
        draw=lambda page: _draw(page, story), alt=lambda _: _alt(story), data=story.rows[list(DATA)], options={},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    rows: the results drawn, with `group` and `left`; groups: group -> its median ratio, in the order of the table;
    agree, total: of results; agree_cells, cells: of inventories of cells; outside: of both; undrawn: results without a
    ratio above zero; limits: results that bound ours instead of equalling it.
    """

    rows: pd.DataFrame
    groups: dict[str, float]
    agree: int
    total: int
    agree_cells: int
    cells: int
    outside: int
    undrawn: int
    limits: int
    labels: dict[str, str]

    @property
    def furthest(self) -> str:
        """The group whose median ratio is furthest from one, '' where every group is near."""
        if not self.groups:
            return ""
        name = max(self.groups, key=lambda group: abs(np.log(self.groups[group])))
        return name if abs(np.log(self.groups[name])) > np.log(NEAR) else ""


def _story(result: Result) -> _Story:
    table = Selection(NAME, result).table("validation", way_out=WAY_OUT).copy()
    codes = result.record.get("codes", {}).get("mineral", {})
    labels = {name: wording.lowered(selection.label(codes, name)) for name in table["mineral"].unique() if name}
    table["group"] = [_group(row.kind, row.mineral, row.segments, labels) for row in table.itertuples()]
    limits = table["compare"] == "limit"
    ratio = pd.to_numeric(table["ratio"])
    rows = table[~limits & (ratio > 0)].copy()
    rows["left"] = rows["unit"].isin(SCATTER)
    rows.loc[rows["kind"] == "material", "mineral"] = ""
    cells = table["kind"] == INVENTORIES
    verdicts, of_cells = table.loc[~cells, "verdict"].value_counts(), table.loc[cells, "verdict"].value_counts()
    return _Story(
        rows,
        {str(name): float(part["ratio"].astype(float).median()) for name, part in rows.groupby("group", sort=False)},
        int(verdicts.get("agrees", 0)),
        int((~cells).sum()),
        int(of_cells.get("agrees", 0)),
        int(cells.sum()),
        int((table["verdict"] == "outside").sum()),
        int((~limits & ~(ratio > 0)).sum()),
        int(limits.sum()),
        labels,
    )


def _group(kind: str, mineral: str, segments: str, labels: dict[str, str]) -> str:
    """What results are set side by side: Nickel, storage · Batteries, vehicles · LFP share."""
    use = "storage" if segments == "stationary" else "vehicles" if "car" in segments.split(";") else ""
    use = "all uses" if "stationary" in segments and use == "vehicles" else use
    if kind == "mineral_demand":
        if mineral not in BY_USE:
            return OTHERS
        what = wording.capitalised(labels[mineral])
        return f"{what}, {use}" if use else what
    if kind == "cells":
        return f"Batteries, {use or 'all uses'}"
    return GROUPS.get(kind, wording.capitalised(kind.replace("_", " ")))


BY_USE = ("graphite", "lithium", "nickel", "cobalt")
"""Minerals with a colour and a group for each use."""
OTHERS = "Other minerals"
"""Group of the others, of which few results are known; they are grey."""
GROUPS = {
    "change": "Figure 17",
    "graphite_free_share": "Figure 17",
    "graphite_identity": "Figure 17",
    "content": "What cells hold",
    "chemistry_share": "LFP share",
    "upstream": "Raw graphite",
    "material_value": "Anode market",
    "material": "Cathodes",
    "plants_operating": "Plants",
    "plants_delivered": "Plants",
    "plants_announced": "Plants",
    "plants_listed": "Plants",
    "supply_share": "Plants",
    "net_exports": "Trade",
    "import_value": "Trade",
    "retirements": "Retired batteries",
    "primary_cut": "Recycling",
    "end_of_life_feedstock": "Recycling",
    "specific_energy": "What cells hold",
    "cell_material": "What cells hold",
    "tariff": "Tariff for parity",
    "credit": "Credit for parity",
    INVENTORIES: "Derived cells",
}
"""Kind of a result -> the group it is drawn in; other kinds by their own name."""


def _lines(result: Result) -> dict[str, str]:
    """Source and run of the footer: the sources are those of the published results, the runs those behind ours."""
    cited = list(dict.fromkeys(footer.short_citation(source["citation"]) for source in footer.sources(result)))
    some = cited[:1]
    for name in cited[1:]:
        if len("; ".join([*some, name])) <= footer.SOURCE_LETTERS:
            some.append(name)
    rest = len(cited) - len(some)
    tail = f" and {rest} more, listed with page and reason in validation.csv" if rest else ""
    runs = ", ".join(f"{name} ({code})" for name, code in result.record.get("runs", {}).items())
    return {
        "source": f"Source: minerals model; {'; '.join(some)}{tail}." if some else "Source: minerals model.",
        "run": f"Runs: {runs} · minerals {result.record.get('versions', {}).get('minerals', '')}",
    }


def _finding(story: _Story) -> str:
    """How many agree, and what is furthest off."""
    if story.agree == story.total:
        return f"The model agrees with all {story.total} published results"
    title = f"The model agrees with {story.agree} of {story.total} published results"
    if not story.furthest:
        return title
    group = story.furthest
    name = wording.lowered(group)
    verb = "are" if name.partition(",")[0].endswith("s") else "is"
    median = story.groups[group]
    off = ("far " if max(median, 1 / median) > LABELLED else "") + ("below" if median < 1 else "above")
    return f"{title}; {_plain(name)} {verb} furthest off, {off} them"


def _plain(name: str) -> str:
    """A group inside a sentence: nickel, storage -> nickel in storage."""
    what, _, use = name.partition(", ")
    return f"{what} {'for' if use == 'all uses' else 'in'} {use}" if use else what


def _note(story: _Story) -> str:
    note = "Note: Agreement is a ratio within 10% (band), or what the published words allow. Each difference is listed"
    note += " with its reason. Left: results in kt and GWh, rings for storage."
    if story.cells:
        note += f" Cells derived from electrochemistry agree with {story.agree_cells} of {story.cells} inventories."
    parts = []
    if story.undrawn:
        parts.append(f"{story.undrawn} without a ratio (one side is zero, or only words are printed)")
    if story.limits:
        parts.append(f"{story.limits} that are limits for ours, as mine output is")
    return f"{note} Not drawn: {'; '.join(parts)}." if parts else note


def _alt(story: _Story) -> list[str]:
    groups = [
        f"{name} {_ratio(median)} ({count} result{'s' if count > 1 else ''})"
        for (name, median), count in zip(
            story.groups.items(), story.rows.groupby("group", sort=False).size(), strict=True
        )
    ]
    return [
        f"Left: {int(story.rows['left'].sum())} results, ours against theirs on logarithmic axes with the line where"
        " both are equal.",
        f"Right: ratio of ours to theirs, median by group: {'; '.join(groups)}.",
    ]


def _ratio(value: float) -> str:
    """A ratio with two digits after the point, none from ten on: 0.06 · 1.08 · 12."""
    return f"{value:.2f}" if value < 9.995 else f"{value:,.0f}"


# ---------------------------------------------------------------- drawing

HEAD, FOOT = 0.44, 0.42
"""Heights of headings and of the numbers below, inches before scaling."""
SQUARE, USUAL, LEAST = 3.1, 0.23, 0.155
"""Side of the left panel, and height of a row of the right one."""
DOT = 4.6
"""Size of a mark, points."""


def _colour(mineral: str) -> str:
    return style.MINERAL[mineral] if mineral in BY_USE else style.BASE


def _draw(sheet: Page, story: _Story) -> None:
    """Left the square of ours against theirs, right the ratios by group."""
    s = sheet.scale
    bottom, top = sheet.bottom + FOOT * s, sheet.top - HEAD * s
    ticks = _powers(*_ends(story.rows[story.rows["left"]]))
    axis = max([text_width(_power(tick), LABEL * s) for tick in ticks], default=0.0) + 0.06 * s
    wide = min(0.47 * sheet.width, top - bottom + axis + 0.3 * s)
    scatter = Panel(sheet.left + axis, bottom, wide - axis, top - bottom)
    strips = Panel(sheet.left + wide + 0.3 * s, bottom, sheet.right - sheet.left - wide - 0.3 * s, top - bottom)
    _draw_scatter(sheet, story, scatter)
    _draw_ratios(sheet, story, strips)


def _draw_scatter(sheet: Page, story: _Story, panel: Panel) -> None:
    """Dots of kt and GWh; the line of equality with its band; the furthest of each group named."""
    s, rows = sheet.scale, story.rows[story.rows["left"]]
    heading = "Ours against theirs, kt or GWh"
    with_key = f"{heading}; rings: storage"
    room = panel.left + panel.width + 0.1 * s
    if (rows["segments"] == "stationary").any() and sheet.left + text_width(with_key, HEADING * s, SEMIBOLD) < room:
        heading = with_key
    sheet.text(sheet.left, sheet.top - 0.1 * s, heading, HEADING, style.INK, SEMIBOLD)
    minerals = [name for name in style.MINERAL if name in BY_USE and (rows["mineral"] == name).any()]
    entries = [Swatch(story.labels[name], _colour(name), "dot") for name in minerals]
    grey = rows.loc[~rows["mineral"].isin(BY_USE), "mineral"]
    if len(grey):
        entries.append(Swatch("other" if (grey != "").any() else ENERGY, style.BASE, "dot"))
    sheet.key(sheet.left, sheet.top - 0.3 * s, entries, room)
    if rows.empty:
        return
    low, high = _ends(rows)
    axes = sheet.axes(panel)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))

    def place(value: float, start: float, length: float) -> float:
        return start + float(np.log(value / low) / np.log(high / low)) * length

    for tick in _powers(low, high):
        x, y = place(tick, panel.left, panel.width), place(tick, panel.bottom, panel.height)
        sheet.line((panel.left, panel.left + panel.width), (y, y), style.GRID, 0.7, order=0)
        sheet.line((x, x), (panel.bottom, panel.bottom + panel.height), style.GRID, 0.7, order=0)
        text = _power(tick)
        if panel.bottom + 0.1 * s < y:
            sheet.text(panel.left - 0.06 * s, y - 0.04 * s, text, LABEL, style.MUTED, align="right")
        half = text_width(text, LABEL * s) / 2
        if panel.left + half <= x <= panel.left + panel.width - half:
            sheet.text(x, panel.bottom - 0.16 * s, text, LABEL, style.MUTED, align="center")
    sheet.text(panel.left + panel.width, panel.bottom - 0.33 * s, "theirs →", LABEL, style.MUTED, align="right")
    sheet.text(panel.left + 0.05 * s, panel.bottom + panel.height - 0.13 * s, "↑ ours", LABEL, style.MUTED)
    ends = np.array([low, high])
    axes.fill_between(ends, ends / NEAR, ends * NEAR, color=style.PALE, alpha=0.7, linewidth=0, zorder=1)
    axes.plot(ends, ends, color=style.INK, linewidth=0.9 * s, zorder=2)
    for row in rows.itertuples():
        colour = _colour(row.mineral)
        axes.plot(
            [float(row.theirs)], [float(row.ours)], color=colour, marker="o", zorder=4, markersize=DOT * s, alpha=0.85,
            markeredgewidth=1.1 * s, markerfacecolor="none" if row.segments == "stationary" else colour,
        )  # fmt: skip
    _name_furthest(sheet, rows, panel, place)


def _name_furthest(sheet: Page, rows: pd.DataFrame, panel: Panel, place: object) -> None:
    """The dot of each group that is furthest from equality, beyond LABELLED: above to its left, below to its right."""
    s = sheet.scale
    assert callable(place)
    away = rows.assign(off=np.abs(np.log(rows["ratio"].astype(float))))
    far = away[away["off"] > np.log(LABELLED)].sort_values("off", ascending=False).groupby("group", sort=False).head(1)
    for above in (True, False):
        side = far[(far["ratio"] > 1) == above].sort_values("ours")
        height, line = panel.bottom + panel.height, 0.15 * s
        at = [place(float(value), panel.bottom, panel.height) for value in side["ours"]]
        targets = spread(at, line, panel.bottom + 0.06 * s, height - 0.3 * s)
        for row, y, level in zip(side.itertuples(), at, targets, strict=True):
            x = place(float(row.theirs), panel.left, panel.width)
            text = f"{wording.lowered(row.group).removesuffix(', all uses')} {int(row.year)}"
            room = (x - panel.left if above else panel.left + panel.width - x) - 0.12 * s
            if level + line > height or text_width(text, SMALL * s) > room:
                continue
            end = x + (-0.12 if above else 0.12) * s
            sheet.line((x, end), (y, level), style.BASE, 0.7, order=3)
            sheet.text(end + (-0.03 if above else 0.03) * s, level - 0.033 * s, text, SMALL, style.MUTED,
                       align="right" if above else "left")  # fmt: skip


def _ends(rows: pd.DataFrame) -> tuple[float, float]:
    """Ends of both axes: half a decade beyond the least and the greatest number."""
    if rows.empty:
        return 1.0, 10.0
    steps = 2 * np.log10(rows[["ours", "theirs"]].to_numpy(float))
    return float(10 ** ((np.floor(steps.min())) / 2)), float(10 ** ((np.ceil(steps.max())) / 2))


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten between the ends, at most seven of them."""
    powers = range(int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9)) + 1)
    return [10.0**power for power in powers if power % (1 + len(powers) // 8) == 0]


def _power(tick: float) -> str:
    """10,000 · 0.01; beyond a million and a thousandth as a power."""
    return f"{tick:,.10g}" if 1e-3 <= tick <= 1e6 else f"{tick:.0e}"


def _draw_ratios(sheet: Page, story: _Story, panel: Panel) -> None:
    """A row for each group: its results as dots on a logarithmic axis of ratios, the median as a bar and a number."""
    s = sheet.scale
    sheet.text(panel.left, sheet.top - 0.1 * s, "Ours ÷ theirs", HEADING, style.INK, SEMIBOLD)
    right = sheet.right
    sheet.text(right, panel.bottom + panel.height + 0.07 * s, "median", SMALL, style.FAINT, align="right")
    if not story.groups:
        return
    names = max(text_width(name, LABEL * s) for name in story.groups) + 0.1 * s
    names = min(names, 0.5 * panel.width)
    column = text_width("median", SMALL * s) + 0.1 * s
    strip = Panel(panel.left + names, panel.bottom, panel.width - names - column, panel.height)
    ratios = story.rows["ratio"].to_numpy(float)
    low, high = min(float(ratios.min()) / 1.25, 0.5), max(float(ratios.max()) * 1.25, 2.0)
    axes = sheet.axes(strip)
    axes.set(xscale="log", xlim=(low, high), ylim=(strip.bottom, strip.bottom + strip.height))
    axes.axvspan(1 / NEAR, NEAR, color=style.PALE, alpha=0.7, linewidth=0, zorder=0)
    span = float(np.log(high / low))
    taken: list[tuple[float, float]] = []
    for tick in sorted(_ticks(low, high), key=lambda value: abs(np.log(value))):
        axes.axvline(tick, color=style.INK if tick == 1 else style.GRID, linewidth=(0.9 if tick == 1 else 0.7) * s,
                     zorder=2 if tick == 1 else 0)  # fmt: skip
        text = f"{tick:g}"
        x = strip.left + float(np.log(tick / low) / span) * strip.width
        half = text_width(text, LABEL * s) / 2
        if all(x - half > last + 0.06 * s or x + half < first - 0.06 * s for first, last in taken):
            taken.append((x - half, x + half))
            sheet.text(x, panel.bottom - 0.16 * s, text, LABEL, style.MUTED, align="center")
    pitch = panel.height / len(story.groups)
    for place, (name, median) in enumerate(story.groups.items()):
        middle = panel.bottom + panel.height - (place + 0.5) * pitch
        part = story.rows[story.rows["group"] == name]
        text = style.shortened(name, names - 0.06 * s, LABEL * s)
        sheet.text(panel.left, middle - 0.36 * LABEL * s / 72, text, LABEL, style.INK)
        for mineral, ratio in zip(part["mineral"], part["ratio"].astype(float), strict=True):
            axes.plot([ratio], [middle], color=_colour(mineral), marker="o", markersize=0.8 * DOT * s,
                      markeredgewidth=0, alpha=0.6, zorder=4)  # fmt: skip
        axes.plot([median] * 2, [middle - 0.36 * pitch, middle + 0.36 * pitch], color=style.INK, linewidth=1.6 * s,
                  zorder=5, solid_capstyle="butt")  # fmt: skip
        near = 1 / NEAR <= median <= NEAR
        sheet.text(right, middle - 0.36 * LABEL * s / 72, _ratio(median), LABEL, style.MUTED if near else style.INK,
                   weight=BOLD, align="right")  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    return [tick for tick in DECIMALS if low <= tick <= high]
