"""What is open and what is not: how far the share of each family moves among mixes nearly as good as the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from minerals.charts import footer, frame, mixes, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.numbers import percent

NAME = "near_optimal"
MOST = 5
"""Years and spans of years drawn."""
OPEN, SETTLED = 0.2, 0.05
"""A share that moves by this much or more is open, and one that moves by no more than that is not."""
NAMED = 3
"""Families that a title names as open."""
SEEN = 5e-4
"""A family of less is left out."""
DATA = ("quantity", "region", "mix", "family", "first", "last", "value", "low", "high", "incumbent", "unit")


def figure(result: Result, *, region: str | None = None, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw for each family, and each year or span of years, the range of its share, with the mixes in it.

    region: one of the mix, default its first or only one; size: 'brief' or 'slide'; title: one to use instead of the
    computed finding.

    The data of the bundle hold a row for each bar (quantity `mix_near`, % of GWh: low, high, value of the chosen mix
    and the incumbent's) and for each tick (quantity `mix_example`, with the number of the mix).
    """
    story = _story(result, region)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.region, story.years, footer.whole(*TABLES)),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Share of batteries put into use in {wording.place(story.region)} by chemistry family among all mixes"
        f" {story.near}, % of GWh",
        body=(_height(story), _height(story, LEAST)), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story), options={"region": story.region},
    )  # fmt: skip


TABLES = ("disruption", "supply", "growth_limit", "commercial_year", "chemistry_performance", "segment_need",
          "cell_price", "price_relative", "learning_rate")  # fmt: skip
"""What mixes are chosen from."""


class _Share(NamedTuple):
    """The share of a family in a span of years, 0–1: of the chosen mix, its ends among mixes nearly as good, the
    incumbent's, and by number of the mix those of the examples."""

    value: float
    low: float
    high: float
    incumbent: float
    examples: Mapping[int, float]

    @property
    def width(self) -> float:
        """How far it moves."""
        return self.high - self.low


Span = tuple[int, int]


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. families: from the top; spans: first and last year of each column; shares: by family
    and span; left_out: years and spans that are not drawn."""

    region: str
    scenarios: tuple[str, str]
    labels: tuple[str, str]
    near: str
    years: list[int]
    families: tuple[str, ...]
    spans: tuple[Span, ...]
    shares: Mapping[tuple[str, Span], _Share]
    left_out: int

    @property
    def headline(self) -> Span:
        """The last single year, else the last span."""
        return max((span for span in self.spans if span[0] == span[1]), default=self.spans[-1])

    @property
    def examples(self) -> int:
        """How many examples are drawn."""
        return len({mix for share in self.shares.values() for mix in share.examples})


def _story(result: Result, region: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("mix_near", way_out=mixes.WAY_OUT)
    scenarios = supply.chosen_pair(selection)
    place = supply.place(selection, region, table)
    selection.settle()
    table = table[table["region"] == place]
    table = table.assign(family=mixes.drawn_as([str(family) for family in table["family"]]))
    every = sorted({(int(first), int(last)) for first, last in zip(table["first"], table["last"], strict=True)})
    spans = _chosen(every)
    examples = _examples(selection, place)
    shares = {}
    for (family, first, last), rows in table.groupby(["family", "first", "last"], sort=False):
        span = int(first), int(last)
        if span in spans:
            value, low, high, before = (float(rows[name].sum()) for name in ("value", "low", "high", "incumbent"))
            by_example = {mix: share for (mix, each), by in examples.items() if each == family
                          and (share := _mean(by, span)) is not None}  # fmt: skip
            shares[str(family), span] = _Share(value, max(min(low, value), 0.0), max(high, value), before, by_example)
    large = {family for (family, _), share in shares.items() if max(share.high, share.incumbent) >= SEEN}
    families = tuple(family for family in FAMILY if family in large)
    if not families:
        selection.problems.append(f"no family has a share in {place}")
    selection.settle()
    return _Story(
        region=place,
        scenarios=scenarios,
        labels=(label(selection.record["scenarios"], scenarios[0]), label(selection.record["scenarios"], scenarios[1])),
        near=mixes.near(result) or "nearly as good as the best",
        years=sorted({year for first, last in spans for year in range(first, last + 1)}),
        families=families,
        spans=spans,
        shares={key: share for key, share in shares.items() if key[0] in families},
        left_out=len(every) - len(spans),
    )


def _chosen(every: Sequence[Span]) -> tuple[Span, ...]:
    """Years and spans that are drawn: the last spans, and of the years the last and the rounder ones."""
    spans = [span for span in every if span[0] < span[1]][-2:]
    years = [span for span in every if span[0] == span[1]]
    ranked = sorted(years, key=lambda span: (span != years[-1], span[0] % 5 != 0, -span[0]))
    return (*sorted(ranked[: MOST - len(spans)]), *spans)


def _examples(selection: Selection, place: str) -> dict[tuple[int, str], dict[int, tuple[float, float]]]:
    """(mix, family) -> year -> its share in that mix, and the batteries of the year [GWh], 1 where they are unknown."""
    table, cells = table_of(selection.result, "mix_example"), table_of(selection.result, "cells")
    if table is None or not len(table):
        return {}
    table = table[table["region"] == place]
    gwh: dict[int, float] = {}
    if cells is not None:
        rows = cells[(cells["scenario"] == supply.chosen_pair(selection)[0]) & (cells["region"] == place)]
        gwh = {int(year): float(value) for year, value in rows.groupby("year")["value"].sum().items()}
    out: dict[tuple[int, str], dict[int, tuple[float, float]]] = {}
    # A mix has rows of what it uses alone, so a family without one has no share.
    years = {int(year) for year in table["year"]}
    families = mixes.drawn_as([str(family) for family in table["family"]])
    for mix, family in product(map(int, table["mix"].unique()), dict.fromkeys(families)):
        out[mix, family] = {year: (0.0, gwh.get(year, 1.0)) for year in years}
    for row, family in zip(table.itertuples(), families, strict=True):
        share, weight = out[int(row.mix), family][int(row.year)]
        out[int(row.mix), family][int(row.year)] = share + float(row.value), weight
    return out


def _mean(by: Mapping[int, tuple[float, float]], span: Span) -> float | None:
    """Share of all batteries of the span; None where none are known."""
    within = [by[year] for year in range(span[0], span[1] + 1) if year in by]
    whole = sum(weight for _, weight in within)
    return sum(share * weight for share, weight in within) / whole if whole > 0 else None


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = []
    for (family, span), share in story.shares.items():
        numbers = (100 * each for each in share[:4])
        rows.append(("mix_near", story.region, "", family, *span, *numbers, "%"))
        rows += [("mix_example", story.region, str(mix), family, *span, 100 * value, np.nan, np.nan, np.nan, "%")
                 for mix, value in sorted(share.examples.items())]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Which families may have almost any share, each with its range, and which stay where they are."""
    span, whose = story.headline, f"of {wording.possessive(story.region)} batteries"
    when = _named(span)
    shares = {family: story.shares[family, span] for family in story.families if (family, span) in story.shares}
    ranked = sorted(shares, key=lambda family: -shares[family].width)
    opened = [family for family in ranked if shares[family].width >= OPEN][:NAMED]
    opened = opened or [family for family in ranked[:1] if shares[family].width > mixes.PINNED]
    settled = [family for family in ranked if family not in opened and shares[family].width <= SETTLED
               and shares[family].low >= wording.LEAST_WORTH_SAYING]  # fmt: skip
    settled = sorted(settled, key=lambda family: -shares[family].value)[:2]

    def with_ranges(families: Sequence[str]) -> str:
        return wording.names(
            [f"{family} {mixes.reach(shares[family].low, shares[family].high)}" for family in families]
        )

    if not opened:
        rest = with_ranges(sorted(shares, key=lambda family: -shares[family].value)[:NAMED])
        return f"All mixes {story.near} are alike by family: {rest} {whose} in {when}"
    first, *others = opened
    title = f"Among mixes {story.near}, {first} can be {mixes.reach(shares[first].low, shares[first].high)}"
    title += f"{', ' * (len(others) > 1)}{' and ' * (len(others) == 1)}{with_ranges(others)} {whose} in {when}"
    at = [f"{family} stays at {mixes.reach(shares[family].low, shares[family].high)}" for family in settled]
    return f"{title}; {wording.names(at)}" if at else title


def _named(span: Span) -> str:
    """2040 · 2036–2040."""
    return "–".join(dict.fromkeys(map(str, span)))


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)}{mixes.near_note(result)} Spans: all batteries of those years together."
    if story.examples:
        note += f" Ticks: {story.examples} mixes that differ most, as examples."
    if broken := mixes.breaks(result):
        note += f" {story.labels[0]} breaks limits of the run ({broken}), so it may lie outside."
    elif any(not share.low - SEEN <= share.incumbent <= share.high + SEEN for share in story.shares.values()):
        note += f" {story.labels[0]} is none of these mixes."
    if "Si-anode" in story.families:
        note += " White hatch: silicon in the anode."
    if story.left_out:
        note += f" Not drawn: {story.left_out} more year{'s' * (story.left_out > 1)}, in mix_near.csv."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """The ranges of each column in words."""
    out = [f"Bars of ranges: {wording.lowered(subtitle)}; columns {wording.names([_named(s) for s in story.spans])}."]
    for span in story.spans:
        parts = [
            f"{family} {mixes.reach(share.low, share.high)} ({story.labels[1]} {percent(share.value)},"
            f" {story.labels[0]} {percent(share.incumbent)})"
            for family in story.families
            if (share := story.shares.get((family, span))) is not None
        ]
        out.append(f"{_named(span)}: {'; '.join(parts)}.")
    return out


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, TICKS, KEY = 0.27, 0.24, 0.24
"""Heights of the names of columns, of the values below them, and of a line of the key."""
ROW, LEAST = 0.4, 0.31
"""Height of a family as wished and at the least."""
BAR, RUG = 0.1, 0.055
"""Height of a bar, and of the ticks below it."""
ACROSS = 0.2
"""Air between two columns."""


def _height(story: _Story, row: float = ROW) -> float:
    """Of the body, inches before scaling."""
    return HEAD + row * len(story.families) + TICKS + 2 * KEY


def _draw(sheet: Page, story: _Story) -> None:
    """A column for each span with a bar for each family, and the key."""
    s = sheet.scale
    named = [wording.capitalised(family) for family in story.families]
    names = max(text_width(name, LABEL * s, SEMIBOLD) for name in named) + 0.14 * s
    count = len(story.spans)
    # The last value stands in the middle of its line, which half of it is beyond.
    half = text_width("100", LABEL * s) / 2
    width = (sheet.width - names - half - ACROSS * s * (count - 1)) / count
    bottom = sheet.bottom + (TICKS + 2 * KEY) * s
    height = sheet.top - HEAD * s - bottom
    row = height / len(story.families)
    for i, (family, name) in enumerate(zip(story.families, named, strict=True)):
        y = bottom + height - row * (i + 0.62)
        baseline = y - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, baseline, name, LABEL, style.as_text(FAMILY[family]), SEMIBOLD)
    for i, span in enumerate(story.spans):
        panel = Panel(sheet.left + names + i * (width + ACROSS * s), bottom, width, height)
        heading = style.shortened(_named(span), width, HEADING * s, SEMIBOLD)
        colour = style.ACCENT if span == story.headline else style.INK
        sheet.text(panel.left, sheet.top - 0.12 * s, heading, HEADING, colour, SEMIBOLD)
        _draw_column(sheet, story, span, panel, row)
    _draw_key(sheet, story)


def _draw_column(sheet: Page, story: _Story, span: Span, panel: Panel, row: float) -> None:
    """The bars of one span, their ends in words above them."""
    s = sheet.scale
    axes = sheet.axes(panel)
    axes.set_xlim(0, 100)
    axes.set_ylim(panel.bottom, panel.bottom + panel.height)
    for value in (0, 50, 100):
        x = panel.left + value / 100 * panel.width
        sheet.line((x, x), (panel.bottom, panel.bottom + panel.height), style.GRID, 0.7, order=0)
        meets_next = value == 100 and panel.left + panel.width < sheet.right - s * 0.5  # The next column’s 0 follows.
        if not meets_next and (value != 50 or panel.width > 0.8 * s):
            sheet.text(x, panel.bottom - 0.16 * s, str(value), LABEL, style.MUTED, align="center")
    for i, family in enumerate(story.families):
        share = story.shares.get((family, span))
        if share is not None:
            _draw_share(sheet, axes, family, share, panel, panel.bottom + panel.height - row * (i + 0.62))


def _draw_share(sheet: Page, axes: Axes, family: str, share: _Share, panel: Panel, y: float) -> None:
    """One bar: the range, the chosen mix as a dot, the incumbent as a ring, the examples as ticks below."""
    s = sheet.scale
    low, width = 100 * share.low, max(100 * share.width, 0.6)
    hatch = style.SILICON_HATCH if family == "Si-anode" else None
    axes.barh(y, width, BAR * s, left=low, color=FAMILY[family], hatch=hatch, edgecolor="white" if hatch else "none",
              linewidth=0, zorder=2)  # fmt: skip
    for value in share.examples.values():
        axes.plot([100 * value] * 2, [y - (BAR / 2 + 0.015 + RUG) * s, y - (BAR / 2 + 0.015) * s], color=style.MUTED,
                  linewidth=0.7 * s, zorder=2, clip_on=False)  # fmt: skip
    axes.plot(100 * share.incumbent, y, "o", color="white", markersize=6.6 * s, markeredgecolor=style.INK,
              markeredgewidth=1.0 * s, zorder=4, clip_on=False)  # fmt: skip
    axes.plot(100 * share.value, y, "o", color=style.INK, markersize=4.8 * s, markeredgecolor="white",
              markeredgewidth=0.7 * s, zorder=5, clip_on=False)  # fmt: skip
    text = mixes.reach(share.low, share.high)
    wide = text_width(text, LABEL * s)
    middle = panel.left + (share.low + share.high) / 2 * panel.width
    x = min(max(middle - wide / 2, panel.left), panel.left + panel.width - wide)
    sheet.text(x, y + 0.075 * s, text, LABEL, style.INK)


def _draw_key(sheet: Page, story: _Story) -> None:
    """What the marks are, in two lines."""
    s = sheet.scale
    labels = supply.fitted(story.labels, 0.6 * sheet.width, LABEL * s)
    mixes_drawn = [Swatch(f"{labels[1]} (the chosen mix)", style.INK, "dot"), Swatch(labels[0], style.INK, "ring")]
    sheet.key(sheet.left, sheet.bottom + (KEY + 0.06) * s, mixes_drawn)
    entries = [Swatch(f"all mixes {story.near}", style.BASE)]
    entries += [Swatch(f"{story.examples} of them, as examples", style.MUTED, "tick")] if story.examples else []
    sheet.key(sheet.left, sheet.bottom + 0.06 * s, entries)
