"""What can be built on the equipment of lithium-ion plants: fully, partly or not at all, by chemistry and part.

It answers the question of figure 16 of Carnegie's *Battery Geopolitics* (2026); beside it, the lines that a run builds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from minerals.charts import frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of, texts
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, text_width
from minerals.numbers import percent

NAME = "drop_in"
WAY_OUT = "drop-in classes belong to runs with [optimise]"
PARTS = ("cell", "anode", "cathode", "electrolyte", "separator")
"""Parts of a plant, in the order of the columns; others follow by their names."""
CLASSES = {
    "full": ("full", style.ACCENT, "used as it is"),
    "partly": ("partly", style.FALL_PALE, "after a retrofit, or beside new lines"),
    "none": ("new", "#F7F8F9", "new equipment"),
}
"""Class -> what its cells say, their colour, and what it means."""
CONFIDENCE = ("low", "medium", "high")
INCUMBENT = ("NMC", "LFP", "other")
"""Families that the plants were built for: they come first, and are no finding; the others follow from what carries
over most."""
NAMES = {"other": "LMO, LCO"}
MEASURES = ("standing", "built", "retrofitted")
LEAST_GWH = 0.5
"""GWh a year below which a line is rounding."""
DATA = ("quantity", "plant", "chemistry", "part", "class", "confidence", "region", "year", "value", "low", "high",
        "unit")  # fmt: skip


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the classes, and the production lines of the chosen mix at their side where it builds any.

    region: whose lines, default all together; year: up to which they are built, default the last; size: 'brief' or
    'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each cell (quantity `drop_in`: share of the equipment that carries over, %)
    and for each number at the side (quantity `standing`, `built` or `retrofitted`: GWh a year of a kind of line by that
    year; what is retrofitted to another kind is negative).
    """
    story = _story(result, region, year)
    around, rows = _head(story) + FOOT, len(story.rows)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios if story.lines else (), unit="%; GWh/yr",
        used={"drop_in": {"plant": [story.plant]}},
        finding=_finding(story), note=_note(story),
        subtitle="What carries over from the equipment of a lithium-ion plant, by chemistry and part",
        body=(around + rows * USUAL, around + rows * THIN), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year},
    )  # fmt: skip


class _Cell(NamedTuple):
    """One part of one chemistry: its class, and the share of the equipment that carries over with its ends."""

    kind: str
    confidence: str
    value: float
    low: float
    high: float

    @property
    def range(self) -> str:
        """25–75%; nothing where the class says it all."""
        if not self.low < self.high:
            return percent(self.value) if 0 < self.value < 1 else ""
        return f"{percent(self.low).removesuffix('%')}–{percent(self.high)}"


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    rows: chemistry -> its name, those of one kind of line next to each other; kinds: chemistry -> kind of line that
    makes it; cells: (chemistry, part); lines: kind -> GWh a year by measure, empty where none is built or turned over.
    """

    plant: str
    region: str
    year: int
    scenarios: tuple[str, ...]
    rows: dict[str, str]
    parts: tuple[str, ...]
    cells: dict[tuple[str, str], _Cell]
    kinds: dict[str, str]
    lines: dict[str, dict[str, float]]
    known: bool

    def of_class(self, kind: str, part: str = "cell") -> list[str]:
        """Names of the newer chemistries of which a part is of that class."""
        return [name for code, name in self.rows.items() if code not in INCUMBENT
                and (code, part) in self.cells and self.cells[(code, part)].kind == kind]  # fmt: skip


def _story(result: Result, region: str | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("drop_in", way_out=WAY_OUT)
    columns = ("plant", "chemistry", "part", "drop_in_class", "confidence")
    table = table.assign(**{column: texts(table[column]) for column in columns})
    plant = table["plant"].iloc[0]
    table = table[table["plant"] == plant]
    lines, place = table_of(result, "mix_line"), selection.region(region)
    when = selection.year(year, lines) if lines is not None and len(lines) else int(selection.record["years"][-1])
    selection.settle()
    cells = {
        (row.chemistry, row.part): _Cell(row.drop_in_class, row.confidence, *_ends(row)) for row in table.itertuples()
    }
    parts = sorted(dict.fromkeys(table["part"]), key=lambda part: PARTS.index(part) if part in PARTS else len(PARTS))
    kinds = dict.fromkeys(map(str, table["chemistry"]), plant)
    built: dict[str, dict[str, float]] = {}
    if lines is not None:
        lines = selection.rows_in(lines, place)
        kinds = {code: code if code in set(lines["line"]) else plant for code in kinds}
        built = _lines(lines[lines["year"] <= when])
    codes = selection.record["codes"]["chemistry"]
    rows = sorted(kinds, key=lambda code: (
        kinds[code] != plant, INCUMBENT.index(code) if code in INCUMBENT else len(INCUMBENT),
        -np.mean([cell.value for (other, _), cell in cells.items() if other == code]),
    ))  # fmt: skip
    return _Story(
        plant=plant,
        region=place,
        year=when,
        scenarios=tuple(name for name in selection.record["scenarios"] if name == supply.CHOSEN),
        rows={code: NAMES.get(code, label(codes, code)) for code in rows},
        parts=tuple(parts),
        cells=cells,
        kinds=kinds,
        lines=built if any(abs(gwh[m]) >= LEAST_GWH for gwh in built.values() for m in MEASURES[1:]) else {},
        known=lines is not None and len(lines) > 0,
    )


def _ends(row: Any) -> tuple[float, float, float]:
    """Value, low and high; the value where an end is missing."""
    value = float(row.value)
    low, high = (float(end) if np.isfinite(end) else value for end in map(_number, (row.low, row.high)))
    return value, low, high


def _number(cell: Any) -> float:
    return float(pd.to_numeric(cell, errors="coerce"))


def _lines(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """GWh a year of each kind of line by the last year: standing without the mix, built, and retrofitted in the sum."""
    last = table["year"].max()
    found = {kind: dict.fromkeys(MEASURES, 0.0) for kind in dict.fromkeys(table["line"])}
    for row in table.itertuples():
        if row.measure == "standing" and row.year == last:
            found[row.line]["standing"] += row.value
        elif row.measure == "built":
            found[row.line]["built"] += row.value
        elif row.measure == "retrofitted":
            found[row.line]["retrofitted"] += row.value
            found.setdefault(row.from_line, dict.fromkeys(MEASURES, 0.0))["retrofitted"] -= row.value
    return found


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = [
        ("drop_in", story.plant, code, part, cell.kind, cell.confidence, "", "", 100 * cell.value, 100 * cell.low,
         100 * cell.high, "%")
        for code in story.rows
        for part in story.parts
        if (cell := story.cells.get((code, part))) is not None
    ]  # fmt: skip
    rows += [
        (measure, kind, "", "", "", "", story.region, str(story.year), gwh[measure], np.nan, np.nan, "GWh/yr")
        for kind, gwh in story.lines.items()
        if kind in story.kinds.values()
        for measure in MEASURES
    ]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What of the newer chemistries cell lines make as they stand, after a retrofit and not at all; what is done."""
    full, partly, none = ([_spoken(name) for name in story.of_class(kind)] for kind in CLASSES)
    clauses = [f"Li-ion cell lines can make {wording.names(full)} cells as they stand"] if full else []
    for found, what in ((partly, "a retrofit"), (none, "new lines")):
        if found:
            clauses.append(f"{wording.names(found)} {'takes' if len(found) == 1 else 'take'} {what}")
    if not clauses:
        return wording.Subject("What carries over from lithium-ion plants to other batteries")
    title = "; ".join(clauses) if full else f"On Li-ion cell lines {', '.join(clauses)}"
    turned = sum(max(gwh["retrofitted"], 0.0) for gwh in story.lines.values())
    if turned < LEAST_GWH:
        return title
    place = wording.place(story.region)
    return f"{title}; {wording.rounded(turned)} GWh a year are retrofitted in {place} by {story.year}"


def _spoken(name: str) -> str:
    """Li-metal, solid-state -> solid-state Li-metal."""
    family, _, kind = name.partition(", ")
    return f"{kind} {family}" if kind and not kind[0].isupper() else " and ".join(filter(None, (family, kind)))


def _note(story: _Story) -> str:
    note = "Note: Icons of figure 16 of Carnegie’s Battery Geopolitics (2026) are not in its text, so classes are read"
    note += (
        " from the passage, more or less surely. Per cent: range of what carries over; “partly” is taken as half, and"
    )
    note += " the run uses that of the cell line."
    if story.lines:
        note += f" Lines of {wording.place(story.region)}: standing, as announced without the mix; built for it;"
        note += " retrofitted from (−) and to (+) a kind."
    elif story.known:
        note += f" In this run {wording.place(story.region)} builds and retrofits no line."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each row in words."""
    parts = []
    for code, name in story.rows.items():
        cells = [
            f"{part} {CLASSES[cell.kind][0]}{f' ({cell.range})' if cell.range else ''}, {cell.confidence} confidence"
            for part in story.parts
            if (cell := story.cells.get((code, part))) is not None
        ]
        parts.append(f"{name}: {'; '.join(cells)}")
    lines = [
        f"{_kind(story, kind)}: {', '.join(f'{m} {_gwh(gwh[m], m)}' for m in MEASURES if abs(gwh[m]) >= LEAST_GWH)}"
        for kind, gwh in story.lines.items()
        if any(abs(gwh[m]) >= LEAST_GWH for m in MEASURES) and kind in story.kinds.values()
    ]
    at_the_side = f"Lines, GWh a year: {'. '.join(lines)}." if lines else ""
    return [f"Table of {wording.lowered(subtitle)}. {'. '.join(parts)}.", at_the_side]


def _kind(story: _Story, kind: str) -> str:
    return "lithium-ion" if kind == story.plant else story.rows.get(kind, kind)


def _gwh(value: float, measure: str) -> str:
    """690 · +54 · −59 · – for none."""
    if abs(value) < LEAST_GWH:
        return "–"
    sign = "+" if measure != "standing" and value > 0 else ""
    return sign + wording.number(value)


# --- drawing ---------------------------------------------------------------------------------------------------------

FOOT, USUAL, THIN, GAP = 0.56, 0.35, 0.29, 0.045
"""Heights of the keys below, of a row and at the least; air between two cells."""
STACKED, SPACE = 0.28, 0.05
"""Height of a cell from which its words stand below each other; air between them on one line."""
BETWEEN = 0.13
"""Air between two columns of lines."""


def _head(story: _Story) -> float:
    """Height of the headings: of two lines where lines of production stand at the side."""
    return 0.46 if story.lines else 0.28


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.rows)
    top, bottom = sheet.top - _head(story) * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / count, 0.46 * s)
    bottom = top - pitch * count
    middles = [top - (row + 0.5) * pitch for row in range(count)]
    names = [style.shortened(name, 1.5 * s, LABEL * s, SEMIBOLD) for name in story.rows.values()]
    left = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + 0.12 * s
    for name, middle in zip(names, middles, strict=True):
        sheet.text(sheet.left, middle - 0.36 * LABEL * s / 72, name, LABEL, style.INK, SEMIBOLD)
    columns = _columns(story, s)
    side = sum(columns) + 0.1 * s if story.lines else 0.0
    panel = Panel(left, bottom, sheet.right - side - left, top - bottom)
    _draw_cells(sheet, story, panel, middles, pitch)
    if story.lines:
        _draw_lines(sheet, story, columns, middles, pitch)
    _draw_key(sheet, panel)


def _draw_cells(sheet: Page, story: _Story, panel: Panel, middles: Sequence[float], pitch: float) -> None:
    """A box for each chemistry and part: its class, the range of what carries over, and how sure that is."""
    s = sheet.scale
    axes = supply.in_inches(sheet, panel)
    step = panel.width / len(story.parts)
    width, height = step - GAP * s, pitch - GAP * s
    heads = [wording.capitalised(part) for part in story.parts]
    sizes = (HEADING, LABEL, 8.0, 7.5)
    points = next((p for p in sizes if all(text_width(head, p * s, SEMIBOLD) <= width for head in heads)), SMALL)
    for column, (part, head) in enumerate(zip(story.parts, heads, strict=True)):
        x = panel.left + column * step
        head = style.shortened(head, width, points * s, SEMIBOLD)
        sheet.text(x + width / 2, panel.bottom + panel.height + 0.07 * s, head, points, style.INK, SEMIBOLD,
                   align="center")  # fmt: skip
        for code, middle in zip(story.rows, middles, strict=True):
            if (cell := story.cells.get((code, part))) is None:
                continue
            word, colour, _ = CLASSES[cell.kind]
            new = cell.kind == "none"
            axes.add_patch(Rectangle((x, middle - height / 2), width, height, facecolor=colour, zorder=1,
                                     linewidth=0.6 * s if new else 0, edgecolor=style.GRID))  # fmt: skip
            ink = style.MUTED if new else style.text_on(colour)
            _draw_pips(axes, x + width - 0.068 * s, middle, cell.confidence, ink, s)
            words = [(word, LABEL, REGULAR if new else SEMIBOLD), (cell.range, SMALL, REGULAR)]
            _draw_words(sheet, (x, middle), (width - 0.08 * s, height), words if cell.range else words[:1], ink)


def _draw_words(
    sheet: Page, place: tuple[float, float], size: tuple[float, float], words: Sequence[tuple[str, float, int]],
    ink: str,
) -> None:  # fmt: skip
    """Words of a box, each with its size and weight: below each other where its height allows, else on one line. place:
    left end and middle; size: width and height."""
    s, (x, middle), (width, height) = sheet.scale, place, size
    widths = [text_width(word, points * s, weight) for word, points, weight in words]
    if len(words) == 1 or height >= STACKED * s or sum(widths) + SPACE * s * (len(words) - 1) > width:
        for line, (word, points, weight) in enumerate(words):
            up = 0.062 * s * (len(words) - 1 - 2 * line)
            sheet.text(x + width / 2, middle + up - 0.36 * points * s / 72, word, points, ink, weight, align="center")
        return
    left = x + (width - sum(widths) - SPACE * s * (len(words) - 1)) / 2
    for (word, points, weight), wide in zip(words, widths, strict=True):
        sheet.text(left, middle - 0.36 * LABEL * s / 72, word, points, ink, weight)
        left += wide + SPACE * s


def _draw_pips(axes: Axes, x: float, middle: float, confidence: str, colour: str, s: float) -> None:
    """One to three small squares on top of each other: low, medium or high confidence."""
    for i in range(CONFIDENCE.index(confidence) + 1 if confidence in CONFIDENCE else 0):
        place = x, middle + (0.058 * (i - 1) - 0.018) * s
        axes.add_patch(Rectangle(place, 0.036 * s, 0.036 * s, facecolor=colour, linewidth=0, zorder=2, alpha=0.8))


def _columns(story: _Story, s: float) -> list[float]:
    """Widths of the columns of lines, inches."""
    columns = [[m, *(_gwh(gwh[m], m) for gwh in story.lines.values())] for m in MEASURES]
    return [max(text_width(text, LABEL * s, SEMIBOLD) for text in column) + BETWEEN * s for column in columns]


def _draw_lines(
    sheet: Page, story: _Story, columns: Sequence[float], middles: Sequence[float], pitch: float
) -> None:  # fmt: skip
    """Standing, built and retrofitted GWh of each kind of line, beside the rows that it makes."""
    s = sheet.scale
    left = sheet.right - sum(columns)
    head = middles[0] + pitch / 2 + 0.07 * s
    rights = [left + sum(columns[: i + 1]) for i in range(len(columns))]
    title = f"{wording.capitalised(wording.possessive(story.region))} lines by {story.year}, GWh/yr"
    if text_width(title, HEADING * s, SEMIBOLD) > sheet.right - left:
        title = f"Lines by {story.year}, GWh/yr"
    sheet.text(sheet.right, head + 0.19 * s, title, HEADING, style.INK, SEMIBOLD, align="right")
    codes = list(story.rows)
    for measure, right in zip(MEASURES, rights, strict=True):
        sheet.text(right, head, wording.capitalised(measure), LABEL, style.FAINT, align="right")
    for kind in dict.fromkeys(story.kinds[code] for code in codes):
        mine = [middle for code, middle in zip(codes, middles, strict=True) if story.kinds[code] == kind]
        if len(mine) > 1:
            sheet.line((left, left), (mine[0] + 0.4 * pitch, mine[-1] - 0.4 * pitch), style.PALE, 1.4)
        gwh = story.lines.get(kind, dict.fromkeys(MEASURES, 0.0))
        for measure, right in zip(MEASURES, rights, strict=True):
            text = _gwh(gwh[measure], measure)
            colour = style.FAINT if text == "–" else style.INK if measure == "standing" else style.ACCENT
            weight = REGULAR if measure == "standing" or text == "–" else SEMIBOLD
            baseline = (mine[0] + mine[-1]) / 2 - 0.36 * LABEL * s / 72
            sheet.text(right, baseline, text, LABEL, colour, weight, align="right")


def _draw_key(sheet: Page, panel: Panel) -> None:
    """What the colours and the squares are, below the cells."""
    s = sheet.scale
    axes = supply.in_inches(sheet, Panel(sheet.left, sheet.bottom, sheet.width, panel.bottom - sheet.bottom))
    baseline, x = panel.bottom - 0.22 * s, sheet.left
    for word, colour, means in CLASSES.values():
        axes.add_patch(Rectangle((x, baseline - 0.012 * s), 0.12 * s, 0.11 * s, facecolor=colour, linewidth=0.6 * s,
                                 edgecolor=style.PALE))  # fmt: skip
        text = f"{word}: {means}"
        sheet.text(x + 0.17 * s, baseline, text, LABEL, style.MUTED)
        x += 0.17 * s + text_width(text, LABEL * s) + 0.16 * s
    baseline, x = baseline - 0.19 * s, sheet.left
    for confidence in reversed(CONFIDENCE):
        _draw_pips(axes, x + 0.042 * s, baseline + 0.043 * s, confidence, style.MUTED, s)
        text = f"{confidence} confidence" if confidence == CONFIDENCE[0] else confidence
        sheet.text(x + 0.17 * s, baseline, text, LABEL, style.MUTED)
        x += 0.17 * s + text_width(text, LABEL * s) + 0.16 * s
