"""Where one country could stop the chain: the largest supplier of each item by stage, and what of it a region needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
MEASURE, EXPOSED, USED = "top1", "exposure_top1", "dependent_gwh"
NEXT_GEN = ("Na-ion", "Li-metal", "Li-S")
"""Families of next-generation cells."""
UNKNOWN = "makers_not_known"
"""The quantity of a node whose makers nobody publishes: what of the region's GWh uses it."""
CELL_PARTS = ("cathode", "anode", "electrolyte", "separator", "cell")
"""Parts of a cell; where a map is full, items of other parts go first."""
STEPS = (0.2, 0.4, 0.6, 0.8)
"""Shares at which the colour of a cell changes."""
BLANK = "#F7F8F9"
MOST = 16
"""Items drawn where none are named, one less for each line of nodes that are not known."""
PER_CENT = ",\u00a0%"
"""The unit at the end of a line, never alone on the next."""
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

    Items that no scenario of the run uses are not drawn of themselves. The data of the bundle hold a row for each cell
    (quantity `top1`, %; empty where it is unknown), for each dot (quantity `exposure_top1`, %), and for each node whose
    makers nobody knows (quantity `makers_not_known`: % of the GWh planned that use it). A cell with several nodes shows
    the most concentrated.
    """
    story = _story(result, region, year, future, items, size)
    rows, below = len(story.items), FOOT + (0.2 if len(story.scenarios) > 2 else 0.0) + _band(len(story.chips))
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
        futures=[story.future],
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
class _Unknown:
    """A node whose makers nobody knows. used: share of the GWh of the last scenario that use it, NaN if not told."""

    node: str
    label: str
    item: str
    stage: str
    used: float

    @property
    def text(self) -> str:
        """Hard carbon 13%."""
        return f"{self.label} {wording.part(self.used)}" if np.isfinite(self.used) else self.label


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    cells: (item, stage) -> cell; nodes: item -> node of its most concentrated stage; exposed: (item, scenario) ->
    share of the region's GWh with its ends; partly: cells of which a node besides the one shown is unknown; chips: the
    nodes whose makers nobody knows, in lines; more_unknown: how many there was no room for; not_used: known items that
    no scenario uses.
    """

    region: str
    year: int
    future: str
    future_label: str
    assumed: bool
    items: tuple[str, ...]
    stages: tuple[str, ...]
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    cells: dict[tuple[str, str], _Cell]
    nodes: dict[str, str]
    exposed: dict[tuple[str, str], tuple[float, float, float]]
    partly: frozenset[tuple[str, str]]
    chips: tuple[tuple[_Unknown, ...], ...]
    more_unknown: int
    left_out: int
    not_used: int
    scenarios_left_out: int

    @property
    def known(self) -> dict[tuple[str, str], _Cell]:
        """Cells with a number."""
        return {key: cell for key, cell in self.cells.items() if np.isfinite(cell.share)}


def _story(
    result: Result, region: str | None, year: int | None, future: str | None, items: Sequence[str] | None, size: str
) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, "concentration", ("future", "node", "label", "stage", "part", "item", "measure",
                                                  "country", "country_label", "confidence"))  # fmt: skip
    table = table[table["measure"] == MEASURE]
    chosen = supply.future(selection, future, table)
    table = table[table["future"] == chosen]
    found = table_of(result, "exposure")
    exposure = (
        pd.DataFrame(columns=["scenario", "region", "chemistry", "node", "year", "measure", "value", "low", "high"])
        if found is None or found.empty
        else supply.rows(selection, "exposure", ("chemistry", "node", "measure"))
    )
    exposure = exposure[exposure["measure"].isin([EXPOSED, USED]) & (exposure["chemistry"] == "")]
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
    uses, exposure = (exposure[exposure["measure"] == name] for name in (USED, EXPOSED))
    by = {(row.scenario, row.node): (float(row.value), *_ends(row)) for row in exposure.itertuples()}
    exposed = {
        (item, scenario): by[(scenario, nodes[item])]
        for item in names
        for scenario in scenarios
        if (scenario, nodes[item]) in by
    }
    known = {item for (item, _), cell in cells.items() if np.isfinite(cell.share)}
    left_out = not_used = 0
    unknown = _unknown(table, uses, scenarios[-1])
    if items is not None:
        # A row of its own tells an item of which nothing is known.
        unknown = [each for each in unknown if each.item in known or each.item not in wanted]
    elif known:
        # An item without any share has a place among those not known alone.
        used = {item for item in known if _is_used(table, uses, item)} or known
        last, peak = scenarios[-1], {item: _most_concentrated(cells, item).share for item in known}
        order = sorted(used, key=lambda item: (-round(exposed.get((item, last), (-1.0,))[0], 9), -peak[item],
                                               names.index(item)))  # fmt: skip
        first = sorted(order, key=_weight(selection, table))[: MOST - len(_chips(unknown, size)[0])]
        wanted = [item for item in order if item in first]
        left_out, not_used = len(order) - len(wanted), len(known) - len(used)
    chips, more = _chips(unknown if known else [], size)
    partly = frozenset((row.item, row.stage) for row in table.itertuples()
                       if not np.isfinite(row.value) and np.isfinite(cells[(row.item, row.stage)].share))  # fmt: skip
    cells = {key: cell for key, cell in cells.items() if key[0] in wanted}
    return _Story(
        region=where,
        year=when,
        future=chosen,
        future_label=supply.future_label(selection, chosen),
        assumed=supply.is_assumed(result, [chosen]),
        items=tuple(wanted),
        stages=tuple(supply.stages_in_order([stage for _, stage in cells])),
        scenarios=scenarios,
        labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
        cells=cells,
        nodes={item: nodes[item] for item in wanted},
        exposed={key: value for key, value in exposed.items() if key[0] in wanted},
        partly=partly,
        chips=chips,
        more_unknown=more,
        left_out=left_out,
        not_used=not_used,
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


def _is_used(table: pd.DataFrame, uses: pd.DataFrame, item: str) -> bool:
    """Whether any scenario of the run uses a node of the item; where the result does not tell, it is taken to."""
    uses_of_item = uses[uses["node"].isin(table.loc[table["item"] == item, "node"])]
    return uses_of_item.empty or bool((uses_of_item["value"] > 0).any())


def _weight(selection: Selection, table: pd.DataFrame) -> Callable[[str], int]:
    """Which items of a full map stay: those of next-generation cells, then the other parts of cells."""
    uses = table_of(selection.result, "node_use")
    families = {code: about.get("family") for code, about in selection.record["codes"]["chemistry"].items()}
    nodes = set() if uses is None else set(uses.loc[uses["chemistry"].map(families).isin(NEXT_GEN), "node"])
    next_gen = set(table.loc[table["node"].isin(nodes), "item"])
    parts = {row.item: row.part for row in table.itertuples()}
    return lambda item: 0 if item in next_gen else 1 if parts[item] in ("", *CELL_PARTS) else 2


def _unknown(table: pd.DataFrame, uses: pd.DataFrame, last: str) -> list[_Unknown]:
    """Nodes of which no share is known and that a scenario uses, the most used first."""
    most = uses.groupby("node")["value"].max()
    of_last = uses[uses["scenario"] == last].set_index("node")["value"]
    found = [
        _Unknown(row.node, row.label or row.item, row.item, row.stage, float(of_last.get(row.node, np.nan)))
        for row in table.itertuples()
        if not np.isfinite(row.value) and most.get(row.node, 1.0) > 0
    ]
    return sorted(found, key=lambda each: -np.nan_to_num(each.used, nan=-1.0))


def _chips(unknown: Sequence[_Unknown], size: str) -> tuple[tuple[tuple[_Unknown, ...], ...], int]:
    """The unknown nodes in lines of a page of that size, and how many have no room in them."""
    measures = style.size_named(size)
    room = min(measures.width / scale for scale in measures.scales) - 2 * style.MARGIN
    lines: list[list[_Unknown]] = []
    left, placed = 0.0, 0
    for each in unknown:
        width = min(_chip_width(each, 1.0), room)
        if width > left:
            if len(lines) == CHIP_LINES:
                break
            lines.append([])
            left = room
        lines[-1].append(each)
        left, placed = left - width, placed + 1
    return tuple(map(tuple, lines)), len(unknown) - placed


def _chip_width(each: _Unknown, s: float) -> float:
    return text_width(each.text, CHIP * s) + 0.32 * s


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
    records += [
        (UNKNOWN, each.item, each.stage, each.node, story.future, story.region, story.scenarios[-1], story.year, "", "",
         "", 100 * each.used, np.nan, np.nan, "%")
        for line in story.chips for each in line
    ]  # fmt: skip
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _subtitle(story: _Story) -> str:
    years = sorted({cell.year for cell in story.known.values() if cell.year})
    span = (
        f", {'figures' if story.assumed else 'data'} of {years[0]}" + (f"–{years[-1]}" if len(years) > 1 else "")
        if years
        else ""
    )
    named = f", {story.future_label}" if story.future_label else ""
    return f"Largest country’s share of world supply by stage{named}{span}{PER_CENT}"


def _finding(story: _Story) -> str:
    """Who leads most often after mining, and what it nearly holds alone; nothing a group of countries could upset."""
    later = {key: cell for key, cell in story.known.items() if key[1] != "mining"} or story.known
    counts = pd.Series([cell.country for cell in later.values() if cell.certain], dtype=object).value_counts()
    if counts.empty or counts.iloc[0] * 2 <= len(later):
        return wording.Subject("Which country supplies most of each battery material, stage by stage")
    leader, most = str(counts.index[0]), int(counts.iloc[0])
    where = "after mining" if len(later) < len(story.known) else "of the chain"
    known = "known " if story.chips or len(story.known) < len(story.cells) else ""
    how = f"every {known}step" if most == len(later) else f"{most} of {len(later)} {known}steps"
    if story.left_out:
        how = f"{'all' if most == len(later) else f'{most} of the'} {len(later)} main steps"
    title = f"{wording.place(leader)} {'would be' if story.assumed else 'is'} the largest supplier at {how} {where}"
    title = f"Under {wording.lowered(story.future_label)} {title}" if story.assumed else wording.capitalised(title)
    own = [(item, cell.share) for (item, stage), cell in later.items() if stage == "active_material"
           and cell.country == leader and cell.certain]  # fmt: skip
    own.sort(key=lambda pair: -round(pair[1], 2))
    if not own or own[0][1] < 0.5:
        return title
    share = percent(own[0][1])
    alike = [_active(item) for item, part in own[:2] if percent(part) == share]
    return f"{title}, and {'make' if story.assumed else 'makes'} {share} of {wording.names(alike)}"


def _active(item: str) -> str:
    """An item as active material inside a sentence: graphite anode, LFP cathode."""
    name = wording.lowered(item)
    return f"{name} anode" if name == "graphite" else name


def _note(story: _Story) -> str:
    note = "Note: Blank: the stage does not apply"
    hatched = len(story.known) < len(story.cells) or bool(story.chips)
    note += "; hatched: nobody publishes who makes it, which is not safe" if hatched else ""
    note += "; its edge hatched: so of another part of the stage." if story.partly & story.known.keys() else "."
    if any(cell.confidence == "low" for cell in story.known.values()):
        note += " ~: low confidence (old, or one source)."
    if any(not cell.certain for cell in story.known.values()):
        note += " A group of countries counts as many; the table has the largest share there could be."
    if story.exposed:
        note += (
            " Exposure: share of the GWh planned that use the item, times the largest supplier’s share at its most"
            " concentrated stage."
        )
    counts = ((story.left_out, "item of less weight", "items of less weight"),
              (story.not_used, "item that no scenario uses", "items that no scenario uses"),
              (story.more_unknown, "node not known", "nodes not known"),
              (story.scenarios_left_out, "more scenario", "more scenarios"))  # fmt: skip
    left = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    note += f" Not drawn: {wording.names(left)}." if left else ""
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
    unknown = [each.text for line in story.chips for each in line]
    return [
        f"{what}{exposure}. {'. '.join(parts)}.",
        f"{_band_heading(story)}: {', '.join(unknown)}." if unknown else "",
    ]


def _band_heading(story: _Story) -> str:
    any_use_known = any(np.isfinite(each.used) for line in story.chips for each in line)
    if not any_use_known:
        return "Makers not known"
    which = f", {story.labels[-1]}" if len(story.labels) > 1 else ""
    return f"Makers not known, and % of {wording.possessive(story.region)} batteries in {story.year} that use it{which}"


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.46, 0.42
"""Heights of the headings and of the keys below, inches before scaling."""
USUAL, LEAST = 0.3, 0.185
"""Height of a row."""
EDGE = 0.07
"""Width of the hatched edge of a cell."""
GAP = 0.045
"""Air between two cells."""
CHIP, CHIP_LINES, CHIP_PITCH = 7.8, 3, 0.165
"""Type of the nodes that are not known, the most lines of them, and the distance of these."""
RIGHT = 0.265
"""Part of the width that the exposure takes."""


def _band(lines: int) -> float:
    """Height of the nodes that are not known, inches before scaling."""
    return 0.24 + lines * CHIP_PITCH if lines else 0.0


def _draw_band(sheet: Page, story: _Story) -> None:
    """The nodes that are not known, hatched, below all else."""
    s = sheet.scale
    if not story.chips:
        return
    y = sheet.bottom + (_band(len(story.chips)) - 0.16) * s
    heading = _band_heading(story)
    if text_width(heading, HEADING * s, SEMIBOLD) > sheet.width:
        heading = "Makers not known, and % of the batteries that use it"
    sheet.text(sheet.left, y, heading, HEADING, style.INK, SEMIBOLD)
    for line in story.chips:
        y -= CHIP_PITCH * s
        x = sheet.left
        for each in line:
            box = sheet.box(x, y - 0.012 * s, 0.1 * s, 0.1 * s, "white")
            box.set(edgecolor=style.BASE, hatch=style.SHORT_HATCH, linewidth=0.5 * s)
            text = style.shortened(each.text, sheet.right - x - 0.14 * s, CHIP * s)
            sheet.text(x + 0.14 * s, y, text, CHIP, style.MUTED)
            x += _chip_width(each, s)


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.items)
    keys = _Keys(sheet, story)
    _draw_band(sheet, story)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + (keys.height + _band(len(story.chips))) * s
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
    room = width - GAP * s - 0.08 * s - (2 * EDGE * s if story.partly & story.known.keys() else 0.0)
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
            if known and (item, stage) in story.partly:
                edge = Rectangle(
                    (x + width - (GAP + EDGE) * s, box.get_y()), EDGE * s, box.get_height(), facecolor="white",
                    linewidth=0, hatch="//////", edgecolor=style.BASE, zorder=2,
                )  # fmt: skip
                axes.add_patch(edge)
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
