"""What disruptions take from the incumbent's and from the chosen mix: read from a run, and drawn as rows of dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from minerals.charts import style, supply, wording
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, table_of
from minerals.charts.series import EndTable
from minerals.charts.style import HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import MINUS, percent

MOST, TOGETHER = 8, 14
"""Disruptions drawn at most, and with the lines of a table above them."""
COSTS = 5e-4
"""A disruption that takes less of both mixes is none that costs anything."""
SHORT = "Short without any stop"
HEAD = 0.3
"""Height of the heading, inches before scaling."""
ROW, TIGHT, LOOSE = 0.19, 0.145, 4
"""Height of a row, of one of more than LOOSE rows, and how many that is."""


class Loss(NamedTuple):
    """What a disruption takes at the best reallocation from its start to the last year drawn, as shares of what the
    incumbent plans in those years: with the incumbent and with the chosen mix.

    node: what binds with the incumbent; steps: of the chain that it hits; disruption: '' for what is short without any.
    """

    disruption: str
    event: supply.Event
    before: float
    after: float
    node: str = ""
    steps: int = 0

    @property
    def worse(self) -> bool:
        """Whether the chosen mix loses more, in print."""
        return self.after > self.before and percent(self.before) != percent(self.after)

    @property
    def turn(self) -> str:
        """The colour of what is better where it falls."""
        return turn(self.after - self.before if percent(self.before) != percent(self.after) else 0.0)


def turn(moved: float) -> str:
    """Teal for what falls, orange for what rises, grey for what stays."""
    return style.FALL if moved < 0 else style.RISE if moved > 0 else style.MUTED


def losses(
    selection: Selection, place: str, years: Sequence[int], scenarios: tuple[str, str]
) -> tuple[list[Loss], Loss | None]:
    """Disruptions that cost anything in the years, the hardest first, and what is short without any.

    place: all regions together, over the pools in which each disruption is played, or one that is played alone;
    scenarios: the incumbent and the chosen mix.
    """
    if table_of(selection.result, "disruptions") is None:
        return [], None
    texts = ("disruption", "label", "status", "binding_node", "binding_label")
    table = supply.rows(selection, "disruptions", texts, "GWh")
    table = table[table["year"].isin(years) & (table["planned"] > 0)]
    if place != selection.everything:
        table = table[table["region"] == place]
    events = supply.events(selection, table)
    found, short = [], [0.0, 0.0]
    for code, rows in table.groupby("disruption", sort=False):
        by = {str(name): _together(part) for name, part in rows.groupby("scenario")}
        if not all(name in by for name in scenarios):
            continue
        before, after = by[scenarios[0]], by[scenarios[1]]
        wanted = before.planned
        lost, still = (min(max(row.at_risk_best, 0.0) / wanted, 1.0) for row in (before, after))
        found.append(Loss(str(code), events[str(code)], lost, still, before.binding_node, int(before.nodes)))
        short = [
            max(share, min(max(wanted - row.planned + row.shortage, 0.0) / wanted, 1.0))
            for share, row in zip(short, (before, after), strict=True)
        ]
    found = sorted((loss for loss in found if max(loss[2:4]) >= COSTS), key=lambda loss: -loss.before)
    anyway = Loss("", supply.Event(SHORT, supply.IN_FORCE, False), short[0], short[1])
    return found, anyway if max(short) >= wording.LEAST_WORTH_SAYING else None


def _together(parts: pd.DataFrame) -> Any:
    """One row for the pools and years of a disruption: sums of GWh, and what binds where most is at risk."""
    worst = parts.sort_values("at_risk_best", kind="stable").tail(1)
    return next(worst.assign(**parts[["planned", "shortage", "at_risk_best"]].sum()).itertuples())


def kept(found: Sequence[Loss], lines: int) -> tuple[Loss, ...]:
    """All that there is room for: of more, those that get worse by most, in half of the places, and the hardest.

    lines: of the table above them.
    """
    most = min(MOST, TOGETHER - lines)
    if len(found) <= most:
        return tuple(found)
    ranked = sorted(found, key=lambda loss: -max(loss.before, loss.after))
    worse = sorted((loss for loss in found if loss.worse), key=lambda loss: loss.before - loss.after)[: most // 2]
    rest = [loss for loss in ranked if loss not in worse]
    drawn = {loss.disruption for loss in (*worse, *rest[: most - len(worse)])}
    return tuple(loss for loss in found if loss.disruption in drawn)


def pitch(rows: int) -> float:
    """Height of a row of so many, inches before scaling."""
    return ROW if rows <= LOOSE else TIGHT


# --- drawing ---------------------------------------------------------------------------------------------------------


def numbers_start(sheet: Page, table: EndTable) -> float:
    """Where the columns of numbers begin."""
    return sheet.right - table.rights[0] - text_width("+100%", LABEL * sheet.scale, BOLD) - 0.12 * sheet.scale


def draw_numbers(sheet: Page, table: EndTable, name: str, numbers: Sequence[str], y: float, colour: str) -> None:
    """A name at the left edge, and its numbers in the columns of the table above: grey, and then in the colour."""
    s = sheet.scale
    baseline = y - 0.36 * LABEL * s / 72
    sheet.text(sheet.left, baseline, style.shortened(name, numbers_start(sheet, table) - sheet.left, LABEL * s), LABEL)
    looks = ((style.MUTED, REGULAR), (colour, BOLD), (colour, REGULAR))
    for text, right, (ink, weight) in zip(numbers, table.rights, looks, strict=False):
        sheet.text(sheet.right - right, baseline, text, LABEL, ink, weight, align="right")


def draw(sheet: Page, rows: Sequence[Loss], heading: str, table: EndTable, top: float) -> float:
    """A heading, and for each row a dot of the incumbent and one of the chosen mix; returns the lower end of it.

    table: whose columns the numbers stand in; where there is a third, it has the difference in points.
    """
    s = sheet.scale
    right = numbers_start(sheet, table)
    heading = style.shortened(heading, sheet.width, HEADING * s, SEMIBOLD)
    sheet.text(sheet.left, top - 0.14 * s, heading, HEADING, style.INK, SEMIBOLD)
    names = [style.shortened(loss.event.marked, 0.62 * (right - sheet.left), LABEL * s) for loss in rows]
    left = sheet.left + max(text_width(name, LABEL * s) for name in names) + 0.16 * s
    high = pitch(len(rows)) * s
    track = Panel(left, top - HEAD * s - high * len(rows), right - left, high * len(rows))
    axes = sheet.axes(track)
    axes.set_xlim(0, 100)
    axes.set_ylim(track.bottom, track.bottom + track.height)
    above = track.bottom + track.height + 0.02 * s
    for x, end, align in ((track.left, "0", "left"), (track.left + track.width, "100%", "right")):
        sheet.text(x, above, end, style.SMALL, style.FAINT, align=align)
    third = len(table.columns) > 2
    if third:
        sheet.text(sheet.right, above, "points", style.SMALL, style.FAINT, align="right")
    for row, (name, loss) in enumerate(zip(names, rows, strict=True)):
        y = track.bottom + track.height - high * (row + 0.5)
        printed = [percent(loss.before), percent(loss.after), *([_points(loss)] if third else [])]
        draw_numbers(sheet, table, name, printed, y, loss.turn)
        axes.plot([0, 100], [y, y], color=style.GRID, linewidth=1.0 * s, zorder=1)
        ends = 100 * loss.before, 100 * loss.after
        axes.plot(ends, [y, y], color=supply.pale(loss.turn), linewidth=2.4 * s, zorder=2, solid_capstyle="butt")
        for share, colour, order in zip(ends, (style.BASE, loss.turn), (3, 4), strict=True):
            axes.plot(share, y, "o", color=colour, markersize=6 * s, markeredgecolor="white", zorder=order,
                      markeredgewidth=0.8 * s, clip_on=False)  # fmt: skip
    return track.bottom


def _points(loss: Loss) -> str:
    """By how many points the loss moves: +9 · −6 · 0."""
    size = f"{100 * abs(loss.after - loss.before):.0f}"
    return "0" if size == "0" else f"{MINUS if loss.after < loss.before else '+'}{size}"
