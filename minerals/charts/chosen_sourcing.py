"""From whom the chosen mix buys each material and part: shares of countries, beside what they would be pro rata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch, text_width
from minerals.errors import UsageError, listed
from minerals.numbers import percent

NAME = "chosen_sourcing"
WAY_OUT = "suppliers are chosen by runs with [optimise]"
RULE, LIMIT = "maximum_single", 0.65
"""Kind of the trade rule on one third country, and its limit (EU 2024/1252), a yardstick where no rule is in force."""
MOST, NAMED = 14, 3
"""Nodes drawn where none are named; of those that are not drawn and above the limit, so many are named."""
LEAST_MOVE, SMALL_PART = 0.01, 0.04
"""A departure from pro rata that is worth saying; a country with less than this is one of the others."""
DATA = (
    "quantity", "region", "scenario", "year", "node", "stage", "country", "value", "pro_rata", "third_country",
    "above_limit", "rule", "unit",
)  # fmt: skip


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    nodes: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the shares of countries in what a region buys of each node.

    region: default the one that hangs on one third country at most steps; year: default the last; nodes: default those
    where the choice departs from pro rata and those that hang most on one third country, along the chain; size: 'brief'
    or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each part of a bar (quantity `sourcing_share`, %, with its share pro rata in
    the incumbent scenario); third_country marks the largest supplier outside the region.
    """
    story = _story(result, region, year, nodes)
    around, rows, drawn = _breaks(story) * BREAK + HEAD + FOOT, sum(_heights(story)), [row.node for row in story.rows]
    supplied: footer.Used = {"supply": {"node": drawn, "year": [story.year]}, "trade_rule": {"node": drawn}}
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="%",
        used=footer.demand(result, (story.scenario,), story.region, [story.year], supplied),
        finding=_finding(story), note=_note(story, frame.caveats(result)),
        subtitle=f"Where {wording.place(story.region)} would buy in {story.year}, {story.label}: countries, %",
        body=(around + rows * USUAL, around + rows * THIN), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year, "nodes": drawn},
    )  # fmt: skip


class _Part(NamedTuple):
    """A country: its share as chosen and pro rata, 0–1."""

    country: str
    chosen: float
    usual: float


@dataclass(frozen=True)
class _Row:
    """One node.

    parts: the largest third country first, others, and the region itself last; third: empty where only groups of
    countries and the region itself supply; before: the largest third country pro rata, and its share; moved: the
    largest departure from pro rata; ruled: whether the rule on one third country is about it.
    """

    node: str
    name: str
    stage: str
    parts: tuple[_Part, ...]
    third: str
    chosen: float
    usual: float
    before: tuple[str, float]
    moved: float
    ruled: bool

    @property
    def unknown(self) -> float:
        """Share pro rata of those that nothing is bought from."""
        return 1 - sum(part.usual for part in self.parts)


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    rows: those drawn; every: of all nodes; limit: share that one third country may have, and law: that says so.
    """

    region: str
    year: int
    scenario: str
    label: str
    base: str
    limit: float
    law: str
    rows: tuple[_Row, ...]
    every: tuple[_Row, ...]


def _story(result: Result, region: str | None, year: int | None, nodes: Sequence[str] | None) -> _Story:
    selection = Selection(NAME, result)
    selection.table("mix_sourcing", way_out=WAY_OUT)
    table = supply.rows(selection, "mix_sourcing", ("region", "node", "stage", "country"))
    base, scenario = supply.chosen_pair(selection)
    when = selection.year(year, table)
    where = supply.place(selection, region or _leaning(selection, table[table["year"] == when]), table)
    table = table[(table["region"] == where) & (table["year"] == when)]
    wanted = supply.one_of(selection, "node", nodes, list(dict.fromkeys(table["node"])))
    selection.settle()
    if table.empty:
        selection.problems.append(f"{where} buys nothing in {when}")
    selection.settle()
    limit, law, ruled = _rule(selection, where, when)
    names = _names(selection)
    home = _home(selection, where)
    countries = supply.country_names(selection)
    every = tuple(
        _row(str(node), names.get(str(node), str(node)), rows, home, countries, where, str(node) in ruled)
        for node, rows in table.groupby("node", sort=False)
    )
    kept = [row for row in every if row.node in wanted]
    if nodes is None:
        ranked = sorted(kept, key=lambda row: (-(row.moved >= LEAST_MOVE) * row.moved, -row.chosen))
        kept = ranked[:MOST]
        order = supply.stages_in_order([row.stage for row in kept])
        kept.sort(key=lambda row: (order.index(row.stage), -row.chosen))
    else:
        kept.sort(key=lambda row: wanted.index(row.node))
    return _Story(
        region=where,
        year=when,
        scenario=scenario,
        label=label(selection.record["scenarios"], scenario),
        base=label(selection.record["scenarios"], base),
        limit=limit,
        law=law,
        rows=tuple(kept),
        every=every,
    )


def _rule(selection: Selection, region: str, year: int) -> tuple[float, str, set[str]]:
    """Limit for one third country, the law it is of (empty where none is in force), and the nodes it is about."""
    table = table_of(selection.result, "trade_rules")
    if table is None or table.empty:
        return LIMIT, "", set()
    table = table[(table["kind"] == RULE) & (table["region"] == region) & (table["year"] == year)]
    if table.empty:
        return LIMIT, "", set()
    return float(table["limit"].iloc[0]), str(table["law"].iloc[0]), set(map(str, table["node"]))


def _names(selection: Selection) -> dict[str, str]:
    """What nodes are called."""
    table = table_of(selection.result, "concentration")
    return {} if table is None else dict(zip(map(str, table["node"]), map(str, table["label"]), strict=True))


def _leaning(selection: Selection, table: pd.DataFrame) -> str | None:
    """Of several regions the one that buys more than the limit from one third country at most steps."""
    if table["region"].nunique() < 2:
        return None
    home = {region: _home(selection, region) for region in table["region"].unique()}
    single = [not code.startswith("R_") and code not in home[region]
              for region, code in zip(table["region"], table["country"], strict=True)]  # fmt: skip
    above = table[single].groupby(["region", "node"], sort=False)["share"].max() > LIMIT
    steps = above.groupby("region", sort=False).sum()
    named = [region for region in steps.index if not wording.place(region).startswith("the rest")]
    return str(steps[named].idxmax()) if named else None


def _home(selection: Selection, region: str) -> set[str]:
    """Codes of the countries of a region."""
    return set(str(selection.record.get("region_members", {}).get(region, "")).split(";"))


def _row(
    node: str, name: str, rows: pd.DataFrame, home: set[str], countries: dict[str, dict[str, str]], region: str,
    ruled: bool,
) -> _Row:  # fmt: skip
    chosen: dict[str, float] = {}
    usual: dict[str, float] = {}
    single: set[str] = set()
    for row in rows.itertuples():
        country = label(countries, row.country)
        if row.country in home or country == region:
            country = region
        elif row.country.startswith("R_"):
            country = supply.OTHERS
        else:
            single.add(country)
        chosen[country] = chosen.get(country, 0.0) + float(row.share)
        usual[country] = usual.get(country, 0.0) + float(row.usual)
    largest = sorted(single, key=lambda country: (-round(chosen[country], 9), country))
    before = max(single, key=lambda country: usual[country], default="")
    moved = max(abs(chosen[country] - usual[country]) for country in chosen)
    kept = [country for country in largest if max(chosen[country], usual[country]) >= SMALL_PART]
    rest = [country for country in largest if country not in kept]
    parts = [_Part(country, chosen[country], usual[country]) for country in kept]
    other = [*rest, *([supply.OTHERS] if supply.OTHERS in chosen else [])]
    if other:
        sums = (sum(table[country] for country in other) for table in (chosen, usual))
        parts.append(_Part(supply.OTHERS, *sums))
    if region in chosen:
        parts.append(_Part(region, chosen[region], usual[region]))
    third = largest[0] if largest else ""
    return _Row(node, name, str(rows["stage"].iloc[0]), tuple(parts), third, chosen.get(third, 0.0),
                usual.get(third, 0.0), (before, usual.get(before, 0.0)), moved, ruled)  # fmt: skip


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        ("sourcing_share", story.region, story.scenario, story.year, row.node, row.stage, part.country,
         100 * part.chosen, 100 * part.usual, "yes" if part.country == row.third else "no",
         "yes" if part.country == row.third and part.chosen > story.limit else "no", "yes" if row.ruled else "no", "%")
        for row in story.rows
        for part in row.parts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """At how many steps one country supplies more than the limit, against as many pro rata."""
    limit, steps = percent(story.limit), len(story.every)
    after = Counter(row.third for row in story.every if row.chosen > story.limit)
    before = Counter(row.before[0] for row in story.every if row.before[1] > story.limit)
    chain = f"{steps} steps of {wording.possessive(story.region)} battery chain"
    if not after:
        before = Counter() if any(row.unknown >= LEAST_MOVE for row in story.every) else before
        title = f"No other country would supply more than {limit} at any of {chain} in {story.year}"
        return f"{title}, against {before.total()} steps pro rata" if before else title
    leader, most = min(after.items(), key=lambda item: (-item[1], item[0]))
    title = (
        f"{wording.capitalised(wording.place(leader))} alone would supply more than {limit} at {most} of the {chain}"
    )
    title += f" in {story.year}"
    if any(row.unknown >= LEAST_MOVE for row in story.every):
        return title  # Who supplies pro rata and is not bought from is not in the table.
    if not any(row.moved >= LEAST_MOVE for row in story.every):
        return f"{title}; the choice departs nowhere from pro rata"
    if before[leader] == most:
        return f"{title}; as many if bought pro rata"
    return f"{title}; bought pro rata it would be at {before[leader]}"


def _note(story: _Story, caveats: str) -> str:
    limit = percent(story.limit)
    rule = f"{limit}: the most that one third country may supply of a strategic raw material ({story.law}; solid where"
    rule += " it applies)."
    yardstick = f"{limit}: the EU’s limit for one third country, as a yardstick."
    note = f"Note:{caveats} {rule if story.law else yardstick}"
    moved = max(story.every, key=lambda row: row.moved)
    if moved.moved >= LEAST_MOVE:
        most = max(moved.parts, key=lambda part: abs(part.chosen - part.usual))
        note += f" Thin: pro rata in {story.base}, where the choice departs from it, farthest for"
        note += f" {wording.lowered(moved.name)} from {most.country}: {percent(most.usual)} pro rata,"
        note += f" {percent(most.chosen)} chosen."
    if any(row.unknown >= LEAST_MOVE for row in story.every):
        note += " What comes pro rata from those that nothing is bought from is left white."
    note += " Pro rata: own supply first, the rest by what others export; no trade that was observed."
    drawn = {row.node for row in story.rows}
    left = [row for row in story.every if row.node not in drawn]
    if not left:
        return note
    above = [f"{wording.lowered(row.name)} ({row.third} {percent(row.chosen)})" for row in left
             if row.chosen > story.limit]  # fmt: skip
    note += f" Not drawn: {len(left)} more step{'s' if len(left) > 1 else ''}"
    return f"{note}; above {limit}: {listed(above, NAMED)}." if above else f"{note}, none above {limit}."


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = []
    for row in story.rows:
        shares = ", ".join(f"{part.country} {percent(part.chosen)}" for part in row.parts)
        moved = f" (pro rata {row.third} {percent(row.usual)})" if row.moved >= LEAST_MOVE and row.third else ""
        parts.append(f"{row.name}: {shares}{moved}")
    return [f"Bars of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT, USUAL, THIN, BREAK, TWO = 0.44, 0.26, 0.235, 0.16, 0.06, 1.35
"""Heights of the headings, of the key below, of a row and at the least, of the air between two stages; how much higher
a row with a thin bar is."""
NUMBERS = (0.52, 0.56)
"""Widths of the columns of numbers."""


def _breaks(story: _Story) -> int:
    return sum(one.stage != two.stage for one, two in zip(story.rows, story.rows[1:], strict=False))


def _heights(story: _Story) -> list[float]:
    """Heights of the rows, that of a plain one as 1."""
    return [TWO if row.moved >= LEAST_MOVE else 1.0 for row in story.rows]


def _draw(sheet: Page, story: _Story) -> None:
    """The names of the nodes, a bar of countries for each, and at the right the largest third country."""
    s, count = sheet.scale, len(story.rows)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom - _breaks(story) * BREAK * s) / sum(_heights(story)), 0.3 * s)
    if pitch < 0.9 * THIN * s:
        raise UsageError(f"{NAME}: {count} nodes do not fit on this size; name fewer with nodes =, or the other size")
    names = [style.shortened(row.name, 1.75 * s, LABEL * s) for row in story.rows]
    left = sheet.left + max(text_width(name, LABEL * s) for name in names) + 0.12 * s
    right = sheet.right - sum(NUMBERS) * s
    middles, y = [], top
    heights = [height * pitch for height in _heights(story)]
    for i, (row, height) in enumerate(zip(story.rows, heights, strict=True)):
        y -= BREAK * s if i and row.stage != story.rows[i - 1].stage else 0.0
        middles.append(y - height / 2)
        y -= height
    panel = Panel(left, y, right - left, top - y)
    axes = sheet.axes(panel)
    axes.set_xlim(0, 1)
    axes.set_ylim(panel.bottom, panel.bottom + panel.height)
    named: set[str] = set()
    for row, name, middle, height in zip(story.rows, names, middles, heights, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, baseline, name, LABEL, style.INK)
        named |= _draw_bar(sheet, axes, story, row, panel, middle, height)
        above = row.chosen > story.limit
        for value, x, colour, weight in (
            (row.chosen, right + NUMBERS[0] * s, style.WARNING if above else style.INK, BOLD if above else SEMIBOLD),
            (row.usual, sheet.right, style.MUTED, REGULAR),
        ):
            text = percent(value) if row.third else "–"
            sheet.text(x, baseline, text, LABEL, colour, weight, align="right")
    _draw_heads(sheet, story, panel)
    drawn = {part.country for row in story.rows for part in row.parts if part.chosen > 0}
    missing = [Swatch(name, colour) for name, colour in style.COUNTRY.items() if name in drawn - named]
    if missing:
        sheet.key(panel.left, panel.bottom - 0.17 * s, missing)


def _draw_bar(sheet: Page, axes: Axes, story: _Story, row: _Row, panel: Panel, middle: float, pitch: float) -> set[str]:
    """Parts of one node as chosen, below them thin, where they depart from it, pro rata; and the limit. Returns the
    countries that are named."""
    s = sheet.scale
    moved = row.moved >= LEAST_MOVE
    whole = 0.84 * pitch if moved else 0.8 * pitch
    thick, thin = (0.68 * whole, 0.24 * whole) if moved else (whole, 0.0)
    upper, lower = middle + (whole - thick) / 2, middle - (whole - thin) / 2
    limit = panel.left + story.limit * panel.width
    chosen = usual = 0.0
    named = set()
    for part in row.parts:
        colour = supply.country_colour(part.country)
        axes.barh(upper, part.chosen, thick, left=chosen, color=colour, linewidth=0.7 * s, edgecolor="white", zorder=2)
        if moved:
            axes.barh(lower, part.usual, thin, left=usual, color=supply.pale(colour, 0.35), linewidth=0.4 * s,
                      edgecolor="white", zorder=2)  # fmt: skip
        ends = (panel.left + chosen * panel.width, panel.left + (chosen + part.chosen) * panel.width)
        if _name_part(sheet, part.country, ends, upper, thick, limit):
            named.add(part.country)
        chosen, usual = chosen + part.chosen, usual + part.usual
    sheet.line((limit, limit), (middle - pitch / 2, middle + pitch / 2), style.INK if row.ruled else style.FAINT,
               1.0 if row.ruled else 0.5, order=6)  # fmt: skip
    return named


def _name_part(
    sheet: Page, country: str, ends: tuple[float, float], middle: float, height: float, limit: float
) -> bool:
    """The name of a country in its part of a bar, where it fits beside the limit and can be read."""
    s = sheet.scale
    colour = supply.country_colour(country)
    ground, air = style.text_on(colour), 0.045 * s
    if style.contrast(ground, colour) < 4.5 or height < 1.05 * SMALL * s / 72:
        return False
    for text in (country, "Others" if country == supply.OTHERS else supply.SHORT.get(country, country)):
        width = text_width(text, SMALL * s, SEMIBOLD)
        for x in (ends[0] + air, limit + air):
            if x < ends[0] + air or x + width + air > ends[1] or x - air < limit < x + width + air:
                continue
            sheet.text(x, middle - 0.36 * SMALL * s / 72, text, SMALL, ground, SEMIBOLD)
            return True
    return False


def _draw_heads(sheet: Page, story: _Story, panel: Panel) -> None:
    """What the limit and the columns of numbers are."""
    s = sheet.scale
    y, right = panel.bottom + panel.height + 0.08 * s, panel.left + panel.width
    x = panel.left + story.limit * panel.width
    sheet.text(x, y, percent(story.limit), LABEL, style.INK, SEMIBOLD, align="center")
    sheet.text(sheet.right, y + 0.19 * s, "Largest third country", HEADING, style.INK, SEMIBOLD, align="right")
    sheet.text(right + NUMBERS[0] * s, y, "chosen", LABEL, style.FAINT, align="right")
    sheet.text(sheet.right, y, "pro rata", LABEL, style.FAINT, align="right")
