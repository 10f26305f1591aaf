"""Pieces of charts over time: axes over years, stacked areas, labels that make room for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from minerals.charts import style
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.style import FAINT, GRID, INK, LABEL, MUTED, Page, Panel, text_width

UNDER = 0.2
"""Height of the line of years under an axis, inches before scaling."""
PITCH = 0.2
"""Distance between two lines of an end table, inches before scaling."""


class Layer(NamedTuple):
    """One area of a stack: its values by year, its colour, and a white hatch on it or none."""

    values: NDArray[np.float64]
    colour: str
    hatch: str = ""


def value_ticks(top: float, most: int) -> list[float]:
    """Round values above zero and up to `top`, about `most` of them."""
    if not top > 0:
        return []
    return [float(tick) for tick in MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top) if 0 < tick <= top]


def gutter(top: float, most: int, s: float) -> float:
    """Width in inches that the labels of the values take at the left of the axes."""
    return max((text_width(f"{tick:,.10g}", LABEL * s) for tick in value_ticks(top, most)), default=0.0) + 0.1 * s


def over_years(
    sheet: Page, panel: Panel, left: float, years: Sequence[int], top: float, *, ticks: int, named: bool = True
) -> Axes:
    """Axes with years along x and values from zero to a little above `top`.

    panel: of the axes alone; left: where gridlines begin and values are labelled on top of them, a `gutter` or more
    before the panel; ticks: about how many; named: whether the years are written below.
    """
    s = sheet.scale
    axes = sheet.axes(panel)
    axes.set_xlim(years[0], years[-1])
    axes.set_ylim(0, 1.02 * top if top > 0 else 1)
    for tick in value_ticks(top, ticks):
        y = panel.bottom + tick / axes.get_ylim()[1] * panel.height
        sheet.line((left, panel.left + panel.width), (y, y), GRID, 0.7, order=0)
        sheet.text(left, y + 0.03 * s, f"{tick:,.10g}", LABEL, MUTED)
    sheet.line((panel.left, panel.left + panel.width), (panel.bottom,) * 2, INK, 0.9, order=4)
    if named:
        name_years(sheet, panel, years)
    return axes


def name_years(sheet: Page, panel: Panel, years: Sequence[int]) -> None:
    """Years below the axes: the last and the first, then the rounder ones where there is room between."""
    s = sheet.scale
    per_year = panel.width / (years[-1] - years[0])
    baseline = panel.bottom - (UNDER - 0.04) * s
    taken: list[tuple[float, float]] = []
    room = 1.6 * text_width("2000", LABEL * s)
    if len(years) > 6:
        step = next((n for n in (5, 10, 20) if n * per_year > room), 50)
        between = [year for year in years[1:-1] if year % step == 0]
    else:
        step = next((n for n in (1, 2, 3) if n * per_year > room + 0.07 * s), 6)
        between = [year for year in years[1:-1] if (years[-1] - year) % step == 0]
    for year in (years[-1], years[0], *between):
        x = panel.left + (year - years[0]) * per_year
        half = text_width(str(year), LABEL * s) / 2
        start = x - (0 if year == years[0] else half)
        end = start + 2 * half
        if all(end + 0.07 * s < first or last + 0.07 * s < start for first, last in taken):
            taken.append((start, end))
            sheet.text(start, baseline, str(year), LABEL, MUTED)


def stack(axes: Axes, years: Sequence[int], layers: Sequence[Layer], s: float) -> NDArray[np.float64]:
    """Areas on top of each other with white between them; returns their upper edges, shape (layer, year)."""
    edges = np.cumsum([layer.values for layer in layers], axis=0)
    for layer, lower, upper in zip(layers, np.vstack([np.zeros(len(years)), edges[:-1]]), edges, strict=True):
        axes.fill_between(years, lower, upper, facecolor=layer.colour, linewidth=0, zorder=2,
                          hatch=layer.hatch or None, edgecolor="white" if layer.hatch else "none")  # fmt: skip
    for edge in edges[:-1]:
        axes.plot(years, edge, color="white", linewidth=0.9 * s, zorder=3)
    return np.asarray(edges)


def blended(names: Sequence[str], values: NDArray[np.float64], colours: Mapping[str, str]) -> list[Layer]:
    """The areas of families of batteries, each with that of its cells with a silicon blend on top where it has some.

    values: (name, 2, year), without and with silicon.
    """
    return [
        Layer(by_year, colours[name], style.SILICON_HATCH if blend or name == "Si-anode" else "")
        for name, kinds in zip(names, values, strict=True) for blend, by_year in enumerate(kinds)
        if not blend or by_year.any()
    ]  # fmt: skip


def spread(targets: ArrayLike, gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Places as near as can be to `targets` (rising) that lie `gap` apart or more, between `low` and `high`.

    Without the common gaps this is a rising fit by least squares: neighbours that would cross share their mean.
    Bounding that fit gives the bounded fit. Where there is no room at all, the places run past `high`.
    """
    wanted = np.asarray(targets, float)
    offsets = gap * np.arange(len(wanted))
    pools: list[tuple[float, int]] = []
    for place in wanted - offsets:
        pools.append((float(place), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    fitted = np.concatenate([np.full(n, place) for place, n in pools]) if pools else wanted
    return np.asarray(np.maximum(np.minimum(fitted, high - gap * (len(wanted) - 1)), low) + offsets)


class Column(NamedTuple):
    """A column of numbers of an end table: what heads it, its colour and weight."""

    head: str
    colour: str = INK
    weight: int = REGULAR
    head_colour: str = FAINT


class Row(NamedTuple):
    """A line of an end table: a name in a colour, and a number for each column."""

    name: str
    numbers: tuple[str, ...]
    colour: str = INK
    weight: int = SEMIBOLD


@dataclass(frozen=True)
class EndTable:
    """Names and numbers at the right edge of the body, at the heights at which areas end.

    head: of the names; rows: all that will stand in it, from which the widths of the columns follow.
    """

    sheet: Page
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]

    GAP, LEADER, AIR = 0.05, 0.24, 0.16

    @property
    def rights(self) -> list[float]:
        """Distance of the right end of each column from the right edge of the body, inches."""
        return [sum(width + self.AIR * self.sheet.scale for width in self._widths[i + 1 :])
                for i in range(len(self.columns))]  # fmt: skip

    @property
    def width(self) -> float:
        """Inches that it takes, with the leaders."""
        s = self.sheet.scale
        names = max(text_width(text, LABEL * s, BOLD) for text in (self.head, *(row.name for row in self.rows)))
        return names + sum(width + self.AIR * s for width in self._widths) + (self.GAP + self.LEADER) * s

    @property
    def _widths(self) -> list[float]:
        s = self.sheet.scale
        return [
            max(text_width(text, LABEL * s, BOLD) for text in (column.head, *(row.numbers[i] for row in self.rows)))
            for i, column in enumerate(self.columns)
        ]

    @property
    def _start(self) -> float:
        """Left end of the names."""
        return self.sheet.right - self.width + (self.GAP + self.LEADER) * self.sheet.scale

    def draw_head(self, baseline: float) -> None:
        """The heads of names and columns."""
        sheet = self.sheet
        sheet.text(self._start, baseline, self.head, LABEL, FAINT)
        for column, right in zip(self.columns, self.rights, strict=True):
            weight = SEMIBOLD if column.head_colour != FAINT else REGULAR
            sheet.text(sheet.right - right, baseline, column.head, LABEL, column.head_colour, weight, align="right")

    def draw_row(self, row: Row, place: float, middle: float | None = None) -> None:
        """One line at the height `place`; a leader comes to it from the end of its area, at the height `middle`."""
        sheet, s = self.sheet, self.sheet.scale
        colour = style.as_text(row.colour)
        if middle is not None:
            edge = sheet.right - self.width + self.GAP * s
            sheet.line((edge, self._start - 0.05 * s), (middle, place), colour, 1.1)
        baseline = place - 0.36 * LABEL * s / 72
        sheet.text(self._start, baseline, row.name, LABEL, colour, row.weight)
        for column, right, number in zip(self.columns, self.rights, row.numbers, strict=True):
            weight = BOLD if row.weight == BOLD else column.weight
            sheet.text(sheet.right - right, baseline, number, LABEL, column.colour, weight, align="right")

    def draw_ends(self, panel: Panel, top: float, values: NDArray[np.float64], whole: Row) -> None:
        """Head, and the lines of a stack from its base up with their sum above them, beside the ends of its areas.

        panel: of the stack; top: value at its upper end; values: at the end, of the first rows.
        """
        s = self.sheet.scale
        ends = panel.bottom + np.cumsum(values) / top * panel.height
        middles = [*(ends - values / top * panel.height / 2), ends[-1] + 0.16 * s]
        head = self.sheet.top - 0.1 * s
        ceiling = head - PITCH * s + 0.36 * LABEL * s / 72
        *places, last = spread(middles, PITCH * s, panel.bottom + 0.06 * s, ceiling)
        for row, value, middle, place in zip(self.rows, values, middles, places, strict=False):
            self.draw_row(row, place, middle if value > 0 else None)  # No leader comes from an area that is none.
        self.draw_row(whole, last)
        self.draw_head(head)
