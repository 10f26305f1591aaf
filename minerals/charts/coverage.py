"""How far supply covers what a region needs of each node: its own, all it can reach, allies alone, and all but the
largest exporter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of, texts
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch, text_width
from minerals.errors import UsageError
from minerals.numbers import percent

NAME = "coverage"
MOST = 18
"""Nodes drawn where none are named: those that are covered least."""
FULL = 2.0
"""Coverage at which the axis ends."""
OWN, ALLIES, BUT_LARGEST, ALL = (f"{name}_coverage" for name in ("own", "friendly", "without_largest", "accessible"))
LEAST_OF_ALL, MOST_OF_ALL = "accessible_none", "accessible_all"
"""What can be had if other customers are served first, and if they are served last."""
NEED, OF_WORLD = "need", "share_of_world_need"
#: Nodes without a known supply that the note names.
NAMED = 4
SHORT, ENOUGH, REACH = style.RISE, style.ACCENT, "#C9DFE4"
DATA = ("quantity", "region", "scenario", "year", "node", "label", "stage", "value", "unit")


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    scenario: str | None = None,
    nodes: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw how far each node is covered, by stage.

    region: default all together where the result has them; year: default the last; scenario: default the first;
    nodes: rows, in the order drawn within their stage, default those that are covered least without the largest
    exporter; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold for each node its need, and in % of it what covers it: own_coverage, accessible_coverage
    with its bounds accessible_none and accessible_all, friendly_coverage (own and of allies), without_largest_coverage.
    """
    story = _story(result, region, year, scenario, nodes)
    rows = len(story.rows)
    used: footer.Used = {"supply": {"node": [row.node for row in story.rows], "year": [story.year]},
            "node_use": {"node": [row.node for row in story.rows]}}  # fmt: skip
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="%",
        used=footer.demand(result, (story.scenario,), story.region, [story.year], used),
        finding=_finding(story), note=_note(story, frame.caveats(result)),
        subtitle=f"Supply of each step against {wording.possessive(story.region)} need in {story.year},"
        f" {story.label}, %\u00a0of\u00a0need",
        body=(HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={
            "region": story.region, "year": story.year, "scenario": story.scenario,
            "nodes": [row.node for row in story.rows],
        },
        futures=supply.futures_of(result, (story.scenario,)),
    )  # fmt: skip


class _Row(NamedTuple):
    """One node. need: in its unit; covered: measure -> share of the need."""

    node: str
    label: str
    item: str
    stage: str
    need: float
    unit: str
    covered: dict[str, float]
    of_world: float

    @property
    def spoken(self) -> str:
        """What it makes, inside a sentence: LFP cathode · mined cobalt."""
        mined = self.stage == "mining" and self.item
        return f"mined {wording.lowered(self.item)}" if mined else wording.lowered(self.label)

    @property
    def but_largest(self) -> float:
        """Coverage without the largest exporter."""
        return self.covered[BUT_LARGEST]

    @property
    def colour(self) -> str:
        """Of its mark and number without the largest exporter."""
        return SHORT if self.but_largest < 1 else ENOUGH

    @property
    def reach(self) -> str:
        """What is within reach in multiples of the need, between its bounds: 3.1–8.2×."""
        low, high = (wording.number(self.covered[end]) for end in (LEAST_OF_ALL, MOST_OF_ALL))
        return f"{low}×" if low == high else f"{low}–{high}×"


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. rows: by stage, the least covered first; every: all nodes with a known supply; unknown:
    labels of those that are needed and of which no supply is known."""

    region: str
    year: int
    scenario: str
    label: str
    rows: tuple[_Row, ...]
    every: tuple[_Row, ...]
    unknown: tuple[str, ...]

    @property
    def short(self) -> list[_Row]:
        """Nodes that are not covered without the largest exporter, the least first."""
        return sorted((row for row in self.every if row.but_largest < 1), key=lambda row: (
            round(row.but_largest, 2), -row.of_world))  # fmt: skip


def _story(
    result: Result, region: str | None, year: int | None, scenario: str | None, nodes: Sequence[str] | None
) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, "coverage", ("node", "stage", "measure", "unit"))
    where = supply.place(selection, region, table)
    which = selection.scenario(scenario)
    table = table[(table["region"] == where) & (table["scenario"] == which)]
    when = selection.year(year, table)
    table = table[table["year"] == when]
    labels, items = (_of_node(result, column) for column in ("label", "item"))
    rows, unknown = list[_Row](), list[str]()
    for node, mine in table.groupby("node", sort=False):
        values = dict(zip(mine["measure"], mine["value"].astype(float), strict=True))
        need, unit = values.get(NEED, 0.0), str(mine.loc[mine["measure"] == NEED, "unit"].max())
        if not need > 0:
            continue
        name = labels.get(str(node), str(node))
        if BUT_LARGEST not in values:
            unknown.append(name)
            continue
        covered = {each: values.get(each, np.nan) for each in (OWN, ALLIES, BUT_LARGEST, ALL)}
        covered |= {each: values.get(each, covered[ALL] * need) / need for each in (LEAST_OF_ALL, MOST_OF_ALL)}
        of_world = values.get(OF_WORLD, 0.0)
        rows.append(
            _Row(str(node), name, items.get(str(node), ""), str(mine["stage"].iloc[0]), need, unit, covered, of_world)
        )
    wanted = supply.one_of(selection, "node", nodes, [row.node for row in rows])
    if not rows:
        selection.problems.append(f"nothing is needed of which the supply is known in {where} in {when}")
    selection.settle()
    by_node = {row.node: row for row in rows}
    drawn = [by_node[node] for node in wanted]
    if nodes is None:
        drawn = sorted(drawn, key=lambda row: (round(row.but_largest, 9), -row.of_world))[:MOST]
    order = supply.stages_in_order([row.stage for row in drawn])
    return _Story(
        region=where,
        year=when,
        scenario=which,
        label=label(selection.record["scenarios"], which),
        rows=tuple(sorted(drawn, key=lambda row: order.index(row.stage))),
        every=tuple(rows),
        unknown=tuple(unknown),
    )


def _of_node(result: Result, column: str) -> dict[str, str]:
    """Node -> what it is called, or its item, of the table of concentration."""
    table = table_of(result, "concentration")
    if table is None or column not in table:
        return {}
    names = table.drop_duplicates("node")
    return dict(zip(texts(names["node"]), texts(names[column]), strict=True))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    head = (story.region, story.scenario, story.year)
    records = [
        (name, *head, row.node, row.label, row.stage, value, unit)
        for row in story.rows
        for name, value, unit in [(NEED, row.need, row.unit), *((n, 100 * v, "%") for n, v in row.covered.items())]
    ]
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """At how many steps there is too little without the largest exporter, and of what the least."""
    place, steps = wording.place(story.region), len(story.every)
    start = f"Without the largest exporter{' of each step' if steps > 1 else ''}, {place} would"
    if not story.short and steps == 1:
        what = story.every[0].spoken
        return (
            f"Without the largest exporter of {what}, {place} could still have all of it that it needs in {story.year}"
        )
    if not story.short:
        start = f"Without the largest exporter, {place} could still have all it needs"
        return f"{start} at each of {steps} known steps taken alone in {story.year}"
    worst = story.short[0]
    where = f"{len(story.short)} of {steps} known steps" if steps > 1 else "the one known step"
    title = f"{start} fall short at {where} in {story.year}"
    how_much = percent(worst.but_largest)
    part = "none" if how_much == "0%" else f"only {how_much}" if worst.but_largest < 0.5 else how_much
    return f"{title}, with {part} of the {worst.spoken} it needs"


def _note(story: _Story, caveats: str) -> str:
    note = (
        f"Note:{caveats} Need is where the next step stands: what is bought as cells needs nothing before. Each step is"
        " taken alone: what its makers buy from the largest exporter is not counted. Own supply"
    )
    note += (
        " counts recycling. Within reach, × need: own supply and what the world exports, from what is left if others"
    )
    note += " are served first to all of it."
    if any(value > FULL for row in story.rows for value in row.covered.values()):
        note += f" Marks at {FULL:.0%} stand for that or more."
    drawn = {row.node for row in story.rows}
    left = [row for row in story.every if row.node not in drawn]
    if left:
        least = min(row.but_largest for row in left)
        note += f" Not drawn: {len(left)} more, covered {_times(least)} or more without the largest."
    if story.unknown:
        named = [wording.lowered(name) for name in story.unknown[:NAMED]]
        named += [f"{len(story.unknown) - NAMED} more"] if len(story.unknown) > NAMED else []
        note += f" Supply not known, and not safe: {wording.names(named)}."
    return note


def _times(share: float) -> str:
    """How far a step is covered: 92% · 416% · 151 times."""
    return percent(share) if share < 10 else f"{share:,.0f} times"


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each row in words."""
    parts = [
        f"{row.label} ({wording.lowered(supply.stage_label(row.stage))}): needed {wording.number(row.need)} {row.unit},"
        f" own {percent(row.covered[OWN])}, with allies {percent(row.covered[ALLIES])}, without the largest exporter"
        f" {percent(row.but_largest)}, within reach {row.reach}"
        for row in story.rows
    ]
    return [f"Dots of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.42, 0.3
"""Heights of the headings and of the key below, inches before scaling."""
USUAL, LEAST = 0.22, 0.165
"""Height of a row."""
STAGE_GAP = 0.35
"""Air between two stages, in rows."""


def _draw(sheet: Page, story: _Story) -> None:
    s, rows = sheet.scale, story.rows
    stages = list(dict.fromkeys(row.stage for row in rows))
    gaps = STAGE_GAP * (len(stages) - 1)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / (len(rows) + gaps), 0.34 * s)
    if pitch < 0.8 * LEAST * s:
        raise UsageError(
            f"{NAME}: {len(rows)} nodes do not fit on this size; name fewer with nodes =, or the other size"
        )
    middles = [
        top - (i + 0.5 + STAGE_GAP * stages.index(row.stage)) * pitch for i, row in enumerate(rows)
    ]  # fmt: skip
    bottom = middles[-1] - 0.5 * pitch
    left = _draw_names(sheet, story, middles)
    texts_ = [(percent(row.but_largest), row.reach) for row in rows]
    columns = [
        max(text_width(text, LABEL * s, weight) for text in column) + 0.14 * s
        for column, weight in zip([("largest", *(a for a, _ in texts_)), ("within", *(b for _, b in texts_))],
                                  (BOLD, REGULAR), strict=True)
    ]  # fmt: skip
    panel = Panel(left, bottom, sheet.right - sum(columns) - left, top - bottom)
    _draw_marks(sheet, story, panel, middles)
    rights = (sheet.right - columns[1], sheet.right)
    for x, *lines in zip(rights, ("without", "within"), ("largest", "reach"), strict=True):
        for text, place in zip(lines, (0.22, 0.32), strict=True):
            sheet.text(x, sheet.top - place * s, text, SMALL, style.FAINT, align="right")
    for (but_largest, reach), row, middle in zip(texts_, rows, middles, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(rights[0], baseline, but_largest, LABEL, row.colour, BOLD, align="right")
        sheet.text(rights[1], baseline, reach, LABEL, style.MUTED, align="right")
    _draw_key(sheet, story)


def _draw_names(sheet: Page, story: _Story, middles: Sequence[float]) -> float:
    """Stages, nodes and what is needed of them; returns where the panel begins."""
    s, rows = sheet.scale, story.rows
    stages = {row.stage: supply.stage_label(row.stage) for row in rows}
    first = max(text_width(name, LABEL * s, SEMIBOLD) for name in stages.values()) + 0.14 * s
    names = [style.shortened(row.label, 1.75 * s, LABEL * s) for row in rows]
    second = max(text_width(name, LABEL * s) for name in names) + 0.14 * s
    needs = [f"{wording.number(row.need)} {row.unit}" for row in rows]
    third = max(text_width(text, LABEL * s) for text in [*needs, "Need"])
    right = sheet.left + first + second + third
    sheet.text(right, sheet.top - 0.32 * s, "need", SMALL, style.FAINT, align="right")
    stage_above = ""
    for row, name, need, middle in zip(rows, names, needs, middles, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72
        if row.stage != stage_above:
            sheet.text(sheet.left, baseline, stages[row.stage], LABEL, style.INK, SEMIBOLD)
            stage_above = row.stage
        sheet.text(sheet.left + first, baseline, name, LABEL, style.INK)
        sheet.text(right, baseline, need, LABEL, style.MUTED, align="right")
    return right + 0.2 * s


def _draw_marks(sheet: Page, story: _Story, panel: Panel, middles: Sequence[float]) -> None:
    """What can be reached as a band, as far as the axis goes, and on it the three coverages."""
    s = sheet.scale
    axes = sheet.value_axes(panel, (0.0, 100 * FULL), ticks=4)
    sheet.text(panel.left, sheet.top - 0.1 * s, "Covered, % of need", HEADING, style.INK, SEMIBOLD)
    axes.axvline(100, color=style.INK, linewidth=0.9 * s, zorder=1.5)
    thick = 5.5 * s
    for row, middle in zip(story.rows, middles, strict=True):
        at = {name: 100 * min(value, FULL) for name, value in row.covered.items()}
        axes.plot([0, 100 * FULL], [middle, middle], color=style.GRID, linewidth=0.8 * s, zorder=1)
        axes.plot(
            [at[LEAST_OF_ALL], at[MOST_OF_ALL]],
            [middle, middle],
            color=REACH,
            linewidth=thick,
            zorder=2,
            solid_capstyle="butt",
        )
        axes.plot(
            at[BUT_LARGEST], middle, "o", color=row.colour, markersize=7 * s, markeredgewidth=0, zorder=4, clip_on=False
        )
        axes.plot(at[ALLIES], middle, "o", color=style.INK, markersize=6.4 * s, markerfacecolor="none", zorder=5,
                  markeredgewidth=1.1 * s, clip_on=False)  # fmt: skip
        axes.plot(at[OWN], middle, "o", color=style.INK, markersize=2.8 * s, markeredgewidth=0, zorder=6, clip_on=False)


def _draw_key(sheet: Page, story: _Story) -> None:
    entries = [
        Swatch("without the largest exporter", ENOUGH, "dot"),
        Swatch("so falling short", SHORT, "dot"), Swatch("own and allies", style.INK, "ring"),
        Swatch("own", style.INK, "dot"),
    ]  # fmt: skip
    if any(row.covered[LEAST_OF_ALL] < FULL for row in story.rows):
        entries.append(Swatch("within reach", REACH))
    sheet.key(sheet.left, sheet.bottom + 0.1 * sheet.scale, entries)
