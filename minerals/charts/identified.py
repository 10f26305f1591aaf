"""What statements on minerals leave open: how far each share moves over all mixes that fit, and which trade off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from minerals.charts import footer, frame, mixes, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.numbers import MINUS, percent

NAME = "identified"
WAY_OUT = "it is computed by a study of kind identify"
MOST = 8
"""Shares drawn at the most: families first."""
SEEN = 5e-4
"""A share of less is left out."""
SAID = 3
"""Statements that have room in the subtitle; more stand in the note."""
NAMED = 3
"""Shares that a title names as open."""
WORTH, SETTLED = 0.05, 0.2
"""A share whose most is less is no headline; one that moves by no more than this part of its most is settled."""
COLOUR = {"family": style.ACCENT, "sum": style.BASE}
"""Colour of a sum; a family has its own."""


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the range of each share over all mixes that fit, with the middle nine tenths of those drawn evenly from
    them, and beside it the correlation of each pair.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar (quantity `share`, % of GWh: low, high, p5, p95, baseline, and value,
    that of the first other scenario of the run) and for each pair (quantity `correlation`: name, other, value).
    """
    story = _story(result)
    every = {"mineral_intensity": {"mineral": list(story.statements)}}
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.region, [story.year], every),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Share of batteries put into use in {wording.place(story.region)} in {story.year}, % of GWh, in all"
        + (" mixes that fit" if len(story.statements) > SAID else f" mixes with {_said(story)}"),
        body=(_height(story), _height(story, LEAST)), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_data(story), options={},
    )  # fmt: skip


@dataclass(frozen=True)
class _Share:
    """One share, 0–1: its ends over all mixes that fit, percentiles of those drawn, and what scenarios have; member:
    None where the run has no other scenario."""

    name: str
    kind: str
    low: float
    high: float
    p5: float
    p95: float
    baseline: float
    member: float | None


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. scenarios, labels: the baseline, and the first other one; statements: least and most
    change of each mineral, by its label; pairs: correlation by the places of two shares, the later first."""

    region: str
    year: int
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    statements: Mapping[str, tuple[float, float]]
    spoken: Mapping[str, str]
    shares: tuple[_Share, ...]
    pairs: Mapping[tuple[int, int], float]
    inside: bool
    left_out: int


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("identified", way_out=WAY_OUT)
    members, limits, pairs = (
        selection.table(f"identified_{name}", filled=False) for name in ("member", "limit", "pair")
    )
    record = selection.record
    study = record["config"]["study"]
    base = study["baseline"] or next(iter(record["scenarios"]))
    others = list(dict.fromkeys(members["scenario"]))[:1]
    of = members[members["scenario"].isin(others)].set_index(["kind", "name"])["value"].to_dict()
    rows = table[table["kind"].isin(COLOUR)]
    shares = [
        _Share(str(row.name), str(row.kind), max(row.low, 0.0), row.high, row.p5, row.p95, row.baseline,
               of.get((row.kind, row.name)))
        for row in rows.itertuples(index=False) if max(row.high, row.baseline) >= SEEN
    ]  # fmt: skip
    if not shares:
        selection.problems.append("no share is more than nothing")
    selection.settle()
    drawn = shares[:MOST]
    place = {share.name: at for at, share in enumerate(drawn)}
    found = {}
    for row in pairs.itertuples():
        if row.one in place and row.two in place:
            two, one = sorted((place[row.one], place[row.two]))
            found[one, two] = float(row.value)
    mine = limits[limits["scenario"].isin(others)]
    return _Story(
        region=str(table["region"].iloc[0]),
        year=int(table["year"].iloc[0]),
        scenarios=(base, *others),
        labels=tuple(label(record["scenarios"], name) for name in (base, *others)),
        statements={mineral: (float(ends[0]), float(ends[1])) for mineral, ends in study["statements"].items()},
        spoken={
            mineral: wording.lowered(label(record["codes"]["mineral"], mineral)) for mineral in study["statements"]
        },
        shares=tuple(drawn),
        pairs=found,
        inside=bool((mine["inside"] == "yes").all()),
        left_out=len(shares) - len(drawn),
    )


def _data(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[object, ...]] = [
        ("share", story.region, story.year, share.name, "",
         *(None if each is None else 100 * each for each in (share.member, share.low, share.high, share.p5, share.p95,
                                                             share.baseline)), "%")
        for share in story.shares
    ]  # fmt: skip
    rows += [
        ("correlation", story.region, story.year, story.shares[one].name, story.shares[two].name, value,
         *[None] * 5, "1")
        for (one, two), value in sorted(story.pairs.items())
    ]  # fmt: skip
    columns = ["quantity", "region", "year", "name", "other", "value", "low", "high", "p5", "p95", "baseline", "unit"]
    numbers = columns[5:11]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, float))


# --- words -----------------------------------------------------------------------------------------------------------


def _said(story: _Story) -> str:
    """24–26% less graphite and 0–10% more lithium than Incumbent."""
    parts = []
    for mineral, (least, most) in story.statements.items():
        name = story.spoken[mineral]
        if most <= 0 or least >= 0:
            low, high = sorted((abs(least), abs(most)))
            parts.append(f"{mixes.reach(low, high)} {'less' if most <= 0 else 'more'} {name}")
        else:
            parts.append(f"{percent(-least)} less to {percent(most)} more {name}")
    return f"{wording.names(parts)} than {story.labels[0]}"


def _finding(story: _Story) -> str:
    """Which shares may be almost anything, and which the statements settle."""
    worth = [share for share in story.shares if share.high >= WORTH]
    opened = [share for share in worth if share.kind == "family" and share.high - share.low > SETTLED * share.high]
    opened = sorted(opened, key=lambda share: share.low / share.high)[:NAMED]
    settled = [share for share in worth if share.high - share.low <= SETTLED * share.high]
    settled = sorted(settled, key=lambda share: (share.high - share.low) / share.high)[:1]

    def with_ranges(shares: list[_Share]) -> str:
        return wording.names([f"{share.name} at {mixes.reach(share.low, share.high)}" for share in shares])

    said = wording.names([story.spoken[mineral] for mineral in story.statements])
    whose = f"of {wording.possessive(story.region)} {story.year} batteries"
    if not opened:
        return f"What is said of {said} fixes {with_ranges(settled or worth[:1])} {whose}"
    if not settled:
        return f"What is said of {said} leaves {with_ranges(opened)} {whose}"
    return f"What is said of {said} fixes {with_ranges(settled)} {whose}, but leaves {with_ranges(opened)}"


def _note(story: _Story, result: Result) -> str:
    study = result.record["config"]["study"]
    parts = [f"{wording.names(study['held'])} with the proportions of {story.labels[0]}"] if study["held"] else []
    parts += [f"{wording.names(study[key])} may only {word}"
              for key, word in (("only_fall", "fall"), ("only_grow", "grow")) if study[key]]  # fmt: skip
    note = f"Note: All mixes have {_said(story)}." if len(story.statements) > SAID else "Note:"
    note += f" Assumed: {'; '.join(parts)}." if parts else ""
    note += " Intensities at their values; no limits of single uses, growth or supply."
    note += f" Drawn evenly: {study['mixes']:,} mixes by hit-and-run; how many there are, not how likely one is."
    note += " Right: correlation over these."
    if len(story.labels) > 1 and not story.inside:
        note += f" {story.labels[1]} is none of these mixes."
    if story.left_out:
        note += f" Not drawn: {story.left_out} more, in identified.csv."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each range and the strongest correlations in words."""
    parts = []
    for share in story.shares:
        text = f"{share.name} {mixes.reach(share.low, share.high)}, nine in ten {mixes.reach(share.p5, share.p95)}"
        text += f" ({story.labels[0]} {percent(share.baseline)}"
        text += f", {story.labels[1]} {percent(share.member)})" if share.member is not None else ")"
        parts.append(text)
    out = [f"Bars of ranges: {wording.lowered(subtitle)}.", f"{'; '.join(parts)}."]
    strong = sorted(story.pairs, key=lambda pair: -abs(story.pairs[pair]))[:3]
    correlations = [
        f"{story.shares[two].name} and {story.shares[one].name} {_signed(story.pairs[one, two])}" for one, two in strong
    ]
    return [*out, *([f"Correlations: {'; '.join(correlations)}."] if correlations else [])]


def _signed(value: float) -> str:
    """−0.96 · 0.78."""
    text = f"{abs(value):.2f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, TICKS, KEY = 0.27, 0.24, 0.24
"""Heights of headings, of the values below the bars, and of a line of the key."""
ROW, LEAST = 0.42, 0.31
"""Height of a share as wished and at the least."""
BAR, INNER = 0.07, 0.13
"""Height of a bar from end to end, and of its middle nine tenths."""
CELL, AIR = 0.42, 0.3
"""Width of a cell of the matrix, and air before it."""


def _height(story: _Story, row: float = ROW) -> float:
    """Of the body, inches before scaling."""
    return HEAD + row * len(story.shares) + TICKS + 2 * KEY


def _draw(sheet: Page, story: _Story) -> None:
    """Names, ranges, and the matrix of correlations in the same rows."""
    s, count = sheet.scale, len(story.shares)
    bottom = sheet.bottom + (TICKS + 2 * KEY) * s
    height = sheet.top - HEAD * s - bottom
    row = height / count
    widest = 0.2 * sheet.width
    shown = [style.shortened(wording.capitalised(share.name), widest, LABEL * s, SEMIBOLD) for share in story.shares]
    names = max(text_width(name, LABEL * s, SEMIBOLD) for name in shown) + 0.14 * s
    middles = [bottom + height - row * (at + 0.62) for at in range(count)]
    for share, name, y in zip(story.shares, shown, middles, strict=True):
        sheet.text(sheet.left, y - 0.36 * LABEL * s / 72, name, LABEL, style.as_text(_colour(share)), SEMIBOLD)
    matrix = 0.0
    if story.pairs:
        ends = [at * CELL * s + text_width(shown[at], LABEL * s) + 0.05 * s for at in _columns(story)]
        matrix = max([*ends, (max(_columns(story)) + 1) * CELL * s])
        _draw_matrix(sheet, story, shown, sheet.right - matrix, middles, row)
    width = sheet.width - names - (matrix + AIR * s if matrix else text_width("100", LABEL * s) / 2)
    _draw_ranges(sheet, story, Panel(sheet.left + names, bottom, width, height), middles)
    _draw_key(sheet, story)


def _columns(story: _Story) -> set[int]:
    """Places of shares that have a column of the matrix."""
    return {other for _, other in story.pairs}


def _colour(share: _Share) -> str:
    return style.FAMILY.get(share.name, COLOUR[share.kind])


def _draw_ranges(sheet: Page, story: _Story, panel: Panel, middles: list[float]) -> None:
    """A bar for each share, thick over the middle of those drawn, with its ends in words above it."""
    s = sheet.scale
    axes = sheet.axes(panel)
    most = max(max(share.high, share.baseline, share.member or 0.0) for share in story.shares)
    top = next(top for top in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if most <= top + 1e-9)
    axes.set_xlim(0, top)
    axes.set_ylim(panel.bottom, panel.bottom + panel.height)
    for part in (0.0, 0.5, 1.0):
        x = panel.left + part * panel.width
        sheet.line((x, x), (panel.bottom, panel.bottom + panel.height), style.GRID, 0.7, order=0)
        text = f"{100 * part * top:.10g}"
        sheet.text(x, panel.bottom - 0.16 * s, text, LABEL, style.MUTED, align="center")
    sheet.text(panel.left, sheet.top - 0.12 * s, f"Share in {story.year}, %", HEADING, style.INK, SEMIBOLD)
    for share, y in zip(story.shares, middles, strict=True):
        colour, least = _colour(share), 0.006 * top
        axes.barh(y, max(share.high - share.low, least), BAR * s, left=share.low, color=supply.pale(colour, 0.45),
                  linewidth=0, zorder=2)  # fmt: skip
        axes.barh(y, max(share.p95 - share.p5, least), INNER * s, left=share.p5, color=colour, linewidth=0, zorder=3)
        axes.plot(share.baseline, y, "o", color="white", markersize=6.6 * s, markeredgecolor=style.INK,
                  markeredgewidth=1.0 * s, zorder=4, clip_on=False)  # fmt: skip
        if share.member is not None:
            axes.plot(share.member, y, "o", color=style.INK, markersize=4.8 * s, markeredgecolor="white",
                      markeredgewidth=0.7 * s, zorder=5, clip_on=False)  # fmt: skip
        text = mixes.reach(share.low, share.high)
        wide = text_width(text, LABEL * s)
        middle = panel.left + (share.low + share.high) / 2 / top * panel.width
        x = min(max(middle - wide / 2, panel.left), panel.left + panel.width - wide)
        sheet.text(x, y + 0.085 * s, text, LABEL, style.INK)


def _draw_matrix(
    sheet: Page, story: _Story, shown: list[str], left: float, middles: list[float], row: float
) -> None:  # fmt: skip
    """Correlations in the rows of the ranges, the name of each column on the diagonal; what is part of a sum has none
    with it."""
    s, count = sheet.scale, len(shown)
    bottom = min(middles) - 0.38 * row
    axes: Axes = sheet.axes(Panel(left, bottom, count * CELL * s, count * row))
    axes.set_xlim(0, count)
    axes.set_ylim(bottom, bottom + count * row)
    sheet.text(left, sheet.top - 0.12 * s, "Correlation", HEADING, style.INK, SEMIBOLD)
    for at, (name, y) in enumerate(zip(shown, middles, strict=True)):
        baseline = y - 0.36 * LABEL * s / 72
        for other in range(at):
            if (value := story.pairs.get((at, other))) is None:
                continue
            ground = supply.pale(style.ACCENT if value < 0 else style.BASE, 1 - abs(value))
            axes.barh(y, 0.94, min(0.8 * row, 0.26 * s), left=other + 0.03, color=ground, linewidth=0, zorder=1)
            x = left + (other + 0.5) * CELL * s
            sheet.text(x, baseline, _signed(value), LABEL, style.text_on(ground), align="center")
        if at in _columns(story):
            sheet.text(left + at * CELL * s + 0.05 * s, baseline, name, LABEL, style.MUTED)


def _draw_key(sheet: Page, story: _Story) -> None:
    """What the marks are, in two lines."""
    s = sheet.scale
    labels = supply.fitted(story.labels, 0.6 * sheet.width, LABEL * s)
    marks = [Swatch(labels[0], style.INK, "ring")]
    if len(labels) > 1:
        marks.insert(0, Swatch(labels[1] + (", one of them" if story.inside else ""), style.INK, "dot"))
    sheet.key(sheet.left, sheet.bottom + (KEY + 0.06) * s, marks)
    entries = [Swatch("all mixes that fit", supply.pale(style.BASE, 0.45)),
               Swatch("nine in ten of those drawn evenly", style.BASE)]  # fmt: skip
    sheet.key(sheet.left, sheet.bottom + 0.06 * s, entries)
