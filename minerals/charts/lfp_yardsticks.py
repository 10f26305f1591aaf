"""How concentrated LFP cathode is beside other goods that one country leads: the share of who makes most of each.

It answers the question of figure 7 of Carnegie's *Battery Geopolitics* (2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from minerals.charts import frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.style import LABEL, Page, Panel, text_width
from minerals.numbers import percent
from minerals.results.interval import Interval

NAME = "lfp_yardsticks"
WAY_OUT = "it is computed for runs with [industry]"
MEASURE = "top1"
MOST = 16
"""Goods that fit beside LFP cathode."""
MOST_NAMED = 2
"""Goods that a title names; of more it says how many."""
DATA = ("good", "country", "year", "value", "low", "high", "unit")


def figure(
    result: Result, *, future: str | None = None, year: int | None = None, size: str = "brief", title: str | None = None
) -> Bundle:
    """Draw the share of the leading country in LFP cathode, and in other goods.

    future: supply future, default that of the first scenario; year: of it, default the last; size: 'brief' or 'slide';
    title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar (%, with the ends of other counts), LFP cathode first.
    """
    story = _story(result, future, year)
    rows = len(story.goods) + 1
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit="%",
        used={"yardstick": {}, "supply_share": {"future": [story.future], "node": [story.node]}},
        finding=_finding(story), note=_note(story),
        subtitle="Share of the leading country in the world’s making of each good, %, in the year of the figure",
        body=(HEAD + rows * USUAL + GAP, HEAD + rows * LEAST + GAP), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"future": story.future, "year": story.year},
        futures=[story.future],
    )  # fmt: skip


class _Good(NamedTuple):
    """What one country makes most of; share: 0–1, with the ends of other counts."""

    name: str
    country: str
    year: int
    share: Interval


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. year: of the future; assumed: label of it where it is assumed; goods: beside LFP
    cathode, the most concentrated first."""

    node: str
    future: str
    year: int
    assumed: str
    lfp: _Good
    goods: tuple[_Good, ...]

    @property
    def as_much(self) -> list[_Good]:
        """Goods whose share is at least that of LFP cathode, whichever count is right."""
        return [good for good in self.goods if good.share.low >= self.lfp.share.high]

    @property
    def open(self) -> bool:
        """Whether the counts leave it open which goods these are."""
        lfp = self.lfp.share
        return any(good.share.low < lfp.high and good.share.high >= lfp.low for good in self.goods)


def _story(result: Result, future: str | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("yardsticks", "1", WAY_OUT)
    shares = supply.rows(selection, "concentration", ("future", "node", "item", "stage", "country_label", "measure"))
    chosen = supply.future(selection, future, shares)
    selection.settle()
    node = supply.lfp_node(result, shares)
    shares = shares[shares["future"].eq(chosen) & shares["node"].eq(node) & shares["measure"].eq(MEASURE)]
    when = selection.year(year, shares)
    selection.settle()
    row = shares[shares["year"] == when].iloc[0]
    if not np.isfinite(float(row["value"])):
        selection.problems.append(f"nobody says who makes {node} in {when}; name another future")
    if len(table) > MOST:
        selection.problems.append(f"{len(table)} yardsticks do not fit, {MOST} do")
    selection.settle()
    assumed = supply.future_label(selection, chosen) if supply.is_assumed(result, [chosen]) else ""
    lfp = _Good(supply.LFP_CATHODE, str(row["country_label"]), _year(row, when), _ends(row))
    goods = [
        _Good(good, country, int(each.year), _ends(each._asdict()))
        for good, country, each in zip(
            texts(table["good"]), texts(table["country_label"]), table.itertuples(), strict=True
        )
    ]
    goods.sort(key=lambda good: (-good.share.value, -good.share.low, good.name))
    return _Story(node, chosen, when, assumed, lfp, tuple(goods))


def _year(row: pd.Series, when: int) -> int:
    """The year in which the supply was observed, where the chokepoint map says so."""
    observed = pd.to_numeric(row["data_year"])
    return int(observed) if np.isfinite(observed) else when


def _ends(row: pd.Series | dict[str, object]) -> Interval:
    return Interval(*(float(row[end]) for end in ("low", "value", "high")))  # type: ignore[arg-type]


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn."""
    rows = []
    for good in (story.lfp, *story.goods):
        low, value, high = (100 * end for end in good.share)
        rows.append((good.name, good.country, good.year, value, low, high, "%"))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Of how many of the goods one country makes as much, where all counts agree."""
    lfp, count = story.lfp, f"{len(story.goods)} good{'' if len(story.goods) == 1 else 's'}"
    makes = f"{wording.capitalised(wording.place(lfp.country))} makes {_span(lfp.share)} of LFP cathode"
    if story.assumed:
        makes = (
            f"Under {wording.lowered(story.assumed)} {wording.place(lfp.country)} would make {_span(lfp.share)} of LFP"
        )
        makes += " cathode"
    if story.open or not story.goods:
        return f"{makes}: how much one country makes of it and of other goods"
    names = [_inside(good.name) for good in story.as_much]
    if not names:
        return f"{makes}, more than any country does of {count} beside it"
    said = f"only {wording.names(names)}" if len(names) <= MOST_NAMED else str(len(names))
    verb = "is" if len(names) == 1 and not names[0].endswith("s") else "are"
    return f"{makes}; of {count} beside it {said} {verb} as concentrated"


def _inside(name: str) -> str:
    """A good inside a sentence: gallium · EUV lithography machines · rare-earth magnets."""
    first = name.split(" ", 1)[0]
    return name if any(letter.isupper() for letter in first[1:]) else name[:1].lower() + name[1:]


def _span(share: Interval) -> str:
    """98% · 85 to 91%."""
    low, high = percent(share.low), percent(share.high)
    return high if low == high else f"{low.removesuffix('%')} to {high}"


def _note(story: _Story) -> str:
    note = "Note: By place of making, or the seat of the maker where plants are not told apart. The goods are examples"
    note += " that public debate compares with batteries, no census; their figures are of different years."
    if any(good.share.low < good.share.high for good in (story.lfp, *story.goods)):
        note += " Line at the end of a bar: from one count to another."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = [f"{good.name} ({good.year}): {good.country} {_span(good.share)}" for good in (story.lfp, *story.goods)]
    return [f"Bars of {wording.lowered(subtitle)}. {'; '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, GAP = 0.24, 0.12
"""Heights of the labels of the axis and of the air below LFP cathode, inches before scaling."""
USUAL, LEAST = 0.34, 0.2
"""Height of a row."""


def _draw(sheet: Page, story: _Story) -> None:
    """A bar for each good, with who leads it."""
    s, goods = sheet.scale, (story.lfp, *story.goods)
    pitch = min((sheet.top - sheet.bottom - (HEAD + GAP) * s) / len(goods), 0.42 * s)
    names = [style.shortened(good.name, 2.1 * s, LABEL * s, SEMIBOLD) for good in goods]
    years = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + 0.1 * s
    left = years + text_width("2025", LABEL * s) + 0.14 * s
    said = [f"{style.shortened(good.country, 1.3 * s, LABEL * s, BOLD)} {_span(good.share)}" for good in goods]
    right = sheet.right - max(text_width(text, LABEL * s, BOLD) for text in said) - 0.12 * s
    top = sheet.top - HEAD * s
    bottom = top - pitch * len(goods) - GAP * s
    axes = sheet.value_axes(Panel(left, bottom, right - left, top - bottom), (0.0, 100.0), ticks=5)
    for i, (good, name, text) in enumerate(zip(goods, names, said, strict=True)):
        middle = top - (i + 0.5) * pitch - (GAP * s if i else 0.0)
        baseline = middle - 0.36 * LABEL * s / 72
        colour = supply.country_colour(good.country)
        sheet.text(sheet.left, baseline, name, LABEL, style.INK, REGULAR if i else SEMIBOLD)
        sheet.text(years, baseline, str(good.year), LABEL, style.FAINT)
        axes.barh(middle, 100 * good.share.value, min(0.62 * pitch, 0.24 * s), color=colour, linewidth=0, zorder=2)
        low, _, high = (100 * end for end in good.share)
        if low < high:
            axes.plot([low, high], [middle] * 2, color=style.shade(colour), linewidth=1.3 * s, zorder=3,
                      solid_capstyle="butt")  # fmt: skip
        sheet.text(right + 0.1 * s, baseline, text, LABEL, style.INK, REGULAR if i else BOLD)
    line = top - pitch - 0.5 * GAP * s
    sheet.line((sheet.left, sheet.right), (line, line), style.PALE, 0.8, order=0)
