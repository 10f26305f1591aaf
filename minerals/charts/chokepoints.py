"""Where one country could stop the chain: the largest supplier of each item by stage, and what of it a region needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.style import HEADING, LABEL, SMALL, SUBTITLE, Page, Panel, Swatch, text_width
from minerals.errors import UsageError
from minerals.numbers import percent

NAME = "chokepoints"
MEASURE, EXPOSED = "top1", "exposure_top1"
STEPS = (0.2, 0.4, 0.6, 0.8)
"""Shares at which the colour of a cell changes."""
BLANK = "#F7F8F9"
MOST = 16
"""Items drawn where none are named."""
PER_CENT = ",\u00a0%"
"""The unit at the end of a line, never alone on the next."""
#: Items of which no share is known that the note names.
NAMED = 4
DATA = (
    "quantity", "item", "stage", "node", "future", "region", "scenario", "year", "data_year", "confidence", "country",
    "value", "low", "high", "unit",
)  # fmt: skip


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    future: str | None = None,
    items: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the chokepoint map.

    region: whose exposure is drawn at the right, default all regions together where the result has them; year: default
    the last of the exposure; future: supply future, default that of the first scenario; items: rows, in the order
    drawn, default the most exposed first; size: 'brief' or 'slide'; title: one to use instead of the finding.

    The data of the bundle hold a row for each cell (quantity `top1`, %; empty where it is unknown) and for each dot
    (quantity `exposure_top1`, %). A cell with several nodes shows the most concentrated.
    """
    story = _story(result, region, year, future, items)
    rows, below = len(story.items), FOOT + (0.2 if len(story.scenarios) > 2 else 0.0)
    supplied: footer.Used = {
        "supply": {"future": [story.future], "node": {cell.node for cell in story.cells.values()}},
        "node_use": {"node": set(story.nodes.values())},
    }
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.region, [story.year], supplied),
        finding=_finding(story), subtitle=_subtitle(story), note=_note(story),
        body=(HEAD + rows * USUAL + below, HEAD + rows * LEAST + below), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year, "future": story.future, "items": list(story.items)},
    )  # fmt: skip


@dataclass(frozen=True)
class _Cell:
    """One item at one stage: share 0–1, NaN where unknown; country '' where only groups are known."""

    node: str
    country: str
    share: float
    low: float
    high: float
    year: str
    confidence: str

    @property
    def certain(self) -> bool:
        """Whether no group of countries may hide a larger supplier."""
        return bool(self.country) and not self.high > self.share + 1e-9


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    cells: (item, stage) -> cell; nodes: item -> node of its most concentrated stage; exposed: (item, scenario) ->
    share of the region's GWh with its ends; unknown: items that are not drawn and of which no share is known, which is
    not less exposed.
    """

    region: str
    year: int
    future: str
    future_label: str
    items: tuple[str, ...]
    stages: tuple[str, ...]
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    cells: dict[tuple[str, str], _Cell]
    nodes: dict[str, str]
    exposed: dict[tuple[str, str], tuple[float, float, float]]
    left_out: int
    unknown: tuple[str, ...]
    scenarios_left_out: int

    @property
    def known(self) -> dict[tuple[str, str], _Cell]:
        """Cells with a number."""
        return {key: cell for key, cell in self.cells.items() if np.isfinite(cell.share)}


def _story(
    result: Result, region: str | None, year: int | None, future: str | None, items: Sequence[str] | None
) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, "concentration", ("future", "node", "stage", "item", "measure", "country",
                                                  "country_label", "confidence"))  # fmt: skip
    table = table[table["measure"] == MEASURE]
    chosen = supply.future(selection, future, table)
    table = table[table["future"] == chosen]
    found = table_of(result, "exposure")
    exposure = (
        pd.DataFrame(columns=["scenario", "region", "chemistry", "node", "year", "measure", "value", "low", "high"])
        if found is None or found.empty
        else supply.rows(selection, "exposure", ("chemistry", "node", "measure"))
    )
    exposure = exposure[(exposure["measure"] == EXPOSED) & (exposure["chemistry"] == "")]
    where = supply.place(selection, region, exposure)
    exposure = exposure[exposure["region"] == where]
    when = selection.year(year, exposure if len(exposure) else table)
    exposure = exposure[exposure["year"] == when]
    # The map of the latest year that is not after the one asked for: shares of today stand for the years to come.
    years = [int(value) for value in table["year"]]
    at = max([value for value in years if value <= when] or years, default=when)
    table = table[table["year"] == at]
    cells = _cells(table)
    names = list(dict.fromkeys(item for item, _ in cells))
    wanted = supply.one_of(selection, "item", items, names)
    if not cells:
        selection.problems.append(f"concentration has no measure {MEASURE} in future '{chosen}'")
    selection.settle()

    scenarios, left = supply.drawn_scenarios(selection, exposure)
    scenarios = scenarios or tuple(list(selection.record["scenarios"])[:1])
    nodes = {item: _most_concentrated(cells, item).node for item in names}
    by = {(row.scenario, row.node): (float(row.value), *_ends(row)) for row in exposure.itertuples()}
    exposed = {
        (item, scenario): by[(scenario, nodes[item])]
        for item in names
        for scenario in scenarios
        if (scenario, nodes[item]) in by
    }
    if items is None:
        last = scenarios[-1]
        rank = {item: exposed.get((item, last), (-1.0,))[0] for item in names}
        peak = {item: np.nan_to_num(_most_concentrated(cells, item).share, nan=-1.0) for item in names}
        wanted.sort(key=lambda item: (-round(rank[item], 9), -peak[item]))
        wanted, left_out = wanted[:MOST], wanted[MOST:]
    else:
        left_out = []
    unknown = tuple(item for item in left_out if np.isnan(_most_concentrated(cells, item).share))
    cells = {key: cell for key, cell in cells.items() if key[0] in wanted}
    return _Story(
        region=where,
        year=when,
        future=chosen,
        future_label=supply.future_label(selection, chosen),
        items=tuple(wanted),
        stages=tuple(supply.stages_in_order([stage for _, stage in cells])),
        scenarios=scenarios,
        labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
        cells=cells,
        nodes={item: nodes[item] for item in wanted},
        exposed={key: value for key, value in exposed.items() if key[0] in wanted},
        left_out=len(left_out) - len(unknown),
        unknown=unknown,
        scenarios_left_out=left,
    )


def _cells(table: pd.DataFrame) -> dict[tuple[str, str], _Cell]:
    """The most concentrated node of each item and stage; one that is known before one that is not."""
    cells: dict[tuple[str, str], _Cell] = {}
    for row in table.itertuples():
        value, (low, high) = float(row.value), _ends(row)
        name = str(row.country_label or row.country)
        data_year = "" if pd.isna(row.data_year) or row.data_year == "" else str(int(float(row.data_year)))
        cell = _Cell(row.node, name, value, low, high, data_year, row.confidence)
        before = cells.get((row.item, row.stage))
        if before is None or np.isnan(before.share) or cell.share > before.share:
            cells[(row.item, row.stage)] = cell
    return cells


def _ends(row: Any) -> tuple[float, float]:
    """Low and high of a row; the value where one is missing."""
    value, low, high = (float(end) for end in (row.value, row.low, row.high))
    return low if np.isfinite(low) else value, high if np.isfinite(high) else value


def _most_concentrated(cells: dict[tuple[str, str], _Cell], item: str) -> _Cell:
    """The cell of an item with the largest share; an unknown one where none is known."""
    own = [cell for (name, _), cell in cells.items() if name == item]
    return max(own, key=lambda cell: np.nan_to_num(cell.share, nan=-1.0))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    records = []
    for item in story.items:
        for stage in story.stages:
            if (cell := story.cells.get((item, stage))) is not None:
                value, low, high = (100 * share for share in (cell.share, cell.low, cell.high))
                records.append(
                    (MEASURE, item, stage, cell.node, story.future, "World", "", story.year, cell.year,
                     cell.confidence, cell.country, value, low, high, "%")
                )  # fmt: skip
    for item in story.items:
        for scenario in story.scenarios:
            if (item, scenario) in story.exposed:
                value, low, high = (100 * share for share in story.exposed[(item, scenario)])
                records.append(
                    (EXPOSED, item, "", story.nodes[item], "", story.region, scenario, story.year, "", "", "",
                     value, low, high, "%")
                )  # fmt: skip
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _subtitle(story: _Story) -> str:
    years = sorted({cell.year for cell in story.known.values() if cell.year})
    span = f", data of {years[0]}" + (f"–{years[-1]}" if len(years) > 1 else "") if years else ""
    named = f", {story.future_label}" if story.future_label else ""
    return f"Largest country’s share of world supply by stage{named}{span}{PER_CENT}"


def _finding(story: _Story) -> str:
    """Who leads most often after mining, and what it nearly holds alone; nothing a group of countries could upset."""
    later = {key: cell for key, cell in story.known.items() if key[1] != "mining"} or story.known
    counts = pd.Series([cell.country for cell in later.values() if cell.certain], dtype=object).value_counts()
    if counts.empty or counts.iloc[0] * 2 <= len(later):
        return "Which country supplies most of each battery material, stage by stage"
    leader, most = str(counts.index[0]), int(counts.iloc[0])
    where = "after mining" if len(later) < len(story.known) else "of the chain"
    how = "every step" if most == len(later) else f"{most} of {len(later)} steps"
    if story.left_out:
        how = f"{'all' if most == len(later) else f'{most} of the'} {len(later)} main steps"
    title = f"{wording.capitalised(wording.place(leader))} is the largest supplier at {how} {where}"
    own = [(item, cell.share) for (item, stage), cell in later.items() if stage == "active_material"
           and cell.country == leader and cell.certain]  # fmt: skip
    own.sort(key=lambda pair: -round(pair[1], 2))
    if not own or own[0][1] < 0.5:
        return title
    share = percent(own[0][1])
    alike = [_active(item) for item, part in own[:2] if percent(part) == share]
    return f"{title}, and makes {share} of {wording.names(alike)}"


def _active(item: str) -> str:
    """An item as active material inside a sentence: graphite anode, LFP cathode."""
    name = wording.lowered(item)
    return f"{name} anode" if name == "graphite" else name


def _note(story: _Story) -> str:
    note = "Note: Blank: the stage does not apply"
    note += "; hatched: no figure was found." if len(story.known) < len(story.cells) else "."
    if any(cell.confidence == "low" for cell in story.known.values()):
        note += " ~: low confidence (old, or one source)."
    if any(not cell.certain for cell in story.known.values()):
        note += " A group of countries counts as many; the largest share there could be is in the table."
    if story.exposed:
        note += (
            f" Exposure: share of the GWh planned in {wording.place(story.region)} that use the item, times the largest"
            " supplier’s share at its most concentrated stage."
        )
    counts = ((story.left_out, "less exposed item"), (story.scenarios_left_out, "more scenario"))
    left = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count]
    note += f" Not drawn: {wording.names(left)}." if left else ""
    if story.unknown:
        named, more = [wording.lowered(item) for item in story.unknown[:NAMED]], len(story.unknown) - NAMED
        named += [f"{more} more"] if more > 0 else []
        note += f" No share is known of {wording.names(named)}: not drawn, and not safe."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each row in words."""
    parts = []
    for item in story.items:
        steps = [
            f"{wording.lowered(supply.stage_label(stage))} "
            + (f"{cell.country or 'unnamed'} {percent(cell.share)}" if np.isfinite(cell.share) else "unknown")
            for stage in story.stages
            if (cell := story.cells.get((item, stage))) is not None
        ]
        dots = [
            f"{name} {percent(story.exposed[(item, scenario)][0])}"
            for scenario, name in zip(story.scenarios, story.labels, strict=True)
            if (item, scenario) in story.exposed
        ]
        parts.append(f"{item}: {', '.join(steps)}" + (f"; exposure {', '.join(dots)}" if dots else ""))
    what = f"Table of {wording.lowered(subtitle.removesuffix(PER_CENT))}"
    exposure = f", beside the exposure of {wording.place(story.region)} in {story.year}" if story.exposed else ""
    return [f"{what}{exposure}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.46, 0.42
"""Heights of the headings and of the keys below, inches before scaling."""
USUAL, LEAST = 0.3, 0.19
"""Height of a row."""
GAP = 0.045
"""Air between two cells."""
RIGHT = 0.265
"""Part of the width that the exposure takes."""


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.items)
    keys = _Keys(sheet, story)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + keys.height * s
    pitch = min((top - bottom) / count, 0.42 * s)
    if pitch < 0.85 * LEAST * s:
        raise UsageError(f"{NAME}: {count} items do not fit on this size; name fewer with items =, or the other size")
    bottom = top - pitch * count
    middles = [top - (row + 0.5) * pitch for row in range(count)]
    names = [style.shortened(item, 1.35 * s, LABEL * s) for item in story.items]
    left = sheet.left + max(text_width(name, LABEL * s) for name in names) + 0.12 * s
    for name, middle in zip(names, middles, strict=True):
        sheet.text(sheet.left, middle - 0.36 * LABEL * s / 72, name, LABEL, style.INK)
    right = sheet.right - (RIGHT * sheet.width + 0.26 * s if story.exposed else 0.0)
    panel = Panel(left, bottom, right - left, top - bottom)
    _draw_cells(sheet, story, panel, middles, pitch)
    if story.exposed:
        _draw_exposure(sheet, story, Panel(right + 0.26 * s, bottom, sheet.right - right - 0.26 * s, top - bottom),
                       middles)  # fmt: skip
    keys.draw(left, right, bottom)


def _colour(share: float) -> str:
    return style.CONCENTRATION[int(np.searchsorted(STEPS, share, side="right"))]


def _draw_cells(sheet: Page, story: _Story, panel: Panel, middles: Sequence[float], pitch: float) -> None:
    """A box for each item and stage with the largest supplier and its share in it."""
    s = sheet.scale
    axes = supply.in_inches(sheet, panel)
    width = panel.width / len(story.stages)
    room = width - GAP * s - 0.08 * s
    texts = {key: _cell_text(cell) for key, cell in story.known.items()}
    points = next(
        (size for size in (LABEL, 8.0, 7.5) if all(text_width(t, size * s, SEMIBOLD) <= room for t in texts.values())),
        SMALL,
    )
    leading = 1.15 * HEADING * s / 72
    for column, stage in enumerate(story.stages):
        x = panel.left + column * width
        lines = style.wrapped(supply.stage_label(stage), width - GAP * s, HEADING * s, SEMIBOLD, most=2)
        for i, line in enumerate(reversed(lines)):
            y = panel.bottom + panel.height + 0.07 * s + i * leading
            sheet.text(x + (width - GAP * s) / 2, y, line, HEADING, style.INK, SEMIBOLD, align="center")
        for item, middle in zip(story.items, middles, strict=True):
            cell = story.cells.get((item, stage))
            known = cell is not None and bool(np.isfinite(cell.share))
            colour = _colour(cell.share) if cell is not None and known else BLANK if cell is None else "white"
            box = Rectangle(
                (x, middle - (pitch - GAP * s) / 2), width - GAP * s, pitch - GAP * s, facecolor=colour, linewidth=0,
                hatch=None if known or cell is None else "////", edgecolor=style.PALE, zorder=1,
            )  # fmt: skip
            axes.add_patch(box)
            if cell is not None and known:
                text = style.shortened(texts[(item, stage)], room, points * s, SEMIBOLD)
                if text != texts[(item, stage)]:
                    number = f" {texts[(item, stage)].rsplit(' ', 1)[1]}"
                    head = texts[(item, stage)].rsplit(" ", 1)[0]
                    text = style.shortened(head, room - text_width(number, points * s, SEMIBOLD), points * s, SEMIBOLD)
                    text += number
                y = middle - 0.36 * points * s / 72
                weight = SEMIBOLD if cell.share >= STEPS[2] else REGULAR
                sheet.text(
                    x + (width - GAP * s) / 2, y, text, points, style.text_on(colour), weight, align="center"
                )  # fmt: skip


def _cell_text(cell: _Cell) -> str:
    """China 98 · S. Africa 37 · ~China 74."""
    mark = "~" if cell.confidence == "low" else ""
    name = supply.SHORT.get(cell.country, cell.country) or "Group"
    return f"{name} {mark}{100 * cell.share:.0f}"


def _draw_exposure(sheet: Page, story: _Story, panel: Panel, middles: Sequence[float]) -> None:
    """A dot for each scenario on a line from 0 to 100 %, and the last scenario's number."""
    s = sheet.scale
    heading = f"{wording.capitalised(wording.possessive(story.region))} exposure in {story.year}{PER_CENT}"
    if len(style.wrapped(heading, panel.width, HEADING * s, SEMIBOLD)) > 2:
        heading = f"Exposure in {story.year}{PER_CENT}"
    lines = style.balanced(heading, panel.width, HEADING * s, SEMIBOLD, most=2)
    for i, line in enumerate(reversed(lines)):
        y = panel.bottom + panel.height + (0.07 * s) + i * 1.15 * HEADING * s / 72
        sheet.text(panel.left, y, line, HEADING, style.INK, SEMIBOLD)
    column = text_width("100", SUBTITLE * s, BOLD) + 0.1 * s
    track = Panel(panel.left, panel.bottom, panel.width - column, panel.height)
    axes = sheet.axes(track)
    axes.set_xlim(0, 100)
    axes.set_ylim(track.bottom, track.bottom + track.height)
    colours = supply.scenario_colours(len(story.scenarios))
    for item, middle in zip(story.items, middles, strict=True):
        axes.plot([0, 100], [middle, middle], color=style.GRID, linewidth=1.0 * s, zorder=1)
        numbered = False
        for rank, (scenario, colour) in enumerate(zip(story.scenarios, colours, strict=True)):
            if (item, scenario) not in story.exposed:
                continue
            value, low, high = (100 * part for part in story.exposed[(item, scenario)])
            last = rank == len(story.scenarios) - 1
            if last and high > low:
                axes.plot([low, high], [middle, middle], color=supply.pale(colour), linewidth=3.2 * s, zorder=2,
                          solid_capstyle="butt")  # fmt: skip
            axes.plot(value, middle, "o", color=colour, markersize=6 * s, markeredgecolor="white", zorder=3 + rank,
                      markeredgewidth=0.8 * s, clip_on=False)  # fmt: skip
            if last:
                numbered = True
                sheet.text(sheet.right, middle - 0.36 * SUBTITLE * s / 72, f"{value:.0f}", SUBTITLE, colour, BOLD,
                           align="right")  # fmt: skip
        if not numbered:
            sheet.text(sheet.right, middle - 0.36 * LABEL * s / 72, "–", LABEL, style.MUTED, align="right")
    for tick in (0, 50, 100):
        x = track.left + tick / 100 * track.width
        align = "left" if tick == 0 else "center"
        sheet.text(x, track.bottom - 0.13 * s, str(tick), SMALL, style.FAINT, align=align)


class _Keys:
    """The steps of colour below the cells, and the scenarios below the dots or, where they are long, on a line."""

    def __init__(self, sheet: Page, story: _Story) -> None:
        self.sheet, self.story = sheet, story
        s = sheet.scale
        colours = supply.scenario_colours(len(story.scenarios))
        wide = sum(text_width(name, LABEL * s) + 0.3 * s for name in story.labels) - 0.16 * s
        self.own_line = bool(story.exposed) and wide > RIGHT * sheet.width
        names = supply.fitted(story.labels, sheet.width - 0.3 * s * len(story.labels), LABEL * s)
        self.entries = [Swatch(name, colour, "dot") for name, colour in zip(names, colours, strict=True)]
        self.height = FOOT + (0.2 if self.own_line else 0.0)

    def draw(self, left: float, right: float, bottom: float) -> None:
        sheet, s = self.sheet, self.sheet.scale
        baseline = bottom - 0.32 * s
        if self.own_line:
            sheet.key(sheet.left, baseline - 0.2 * s, self.entries)
        elif self.story.exposed:
            sheet.key(right + 0.26 * s, baseline, self.entries)
        step, height = 0.34 * s, 0.1 * s
        for i, colour in enumerate(style.CONCENTRATION):
            sheet.box(left + i * step, bottom - 0.16 * s, step, height, colour)
        for i, share in enumerate((0.0, *STEPS, 1.0)):
            text = f"{100 * share:.0f}" + ("% from one country" if share == 1 else "")
            x = left + i * step
            align = "left" if share in (0, 1) else "center"
            sheet.text(x if share < 1 else x - 0.08 * s, baseline, text, SMALL, style.MUTED, align=align)
