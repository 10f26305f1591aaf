"""Where plants of cells stand or are announced and from where their owners are, for one family of cells or for all.

It answers the question of figure 8 of Carnegie's *Battery Geopolitics* (2026), of LFP outside China. What a plant is
listed to make leaves its LFP open where it makes several kinds, or where nobody says what: that is drawn beside what is
LFP alone, as capacity that may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.style import HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.numbers import percent
from minerals.results.interval import Interval

NAME = "plants_by_place"
WAY_OUT = "it is computed for runs with [industry]"
ALL, UNKNOWN = "all", "unknown"
DEFAULT = "LFP"
NEW = ("Na-ion", "Li-metal", "Li-S", "Si-anode")
"""Families whose plants are listed by what they make: none of unknown cells is one of them."""
#: Code of the country of whose own makers at home the list has no plants.
UNLISTED, UNLISTED_NAME = "CHN", "China"
#: Countries of whose plants at home the list has some.
PARTLY_LISTED = ("Japan", "South Korea")
MOST = 15
"""Places with a row of their own; the smaller ones share one."""
OTHER_COUNTRIES = " other countries"
DATA = ("quantity", "family", "place", "owner", "year", "value", "unit")


def figure(
    result: Result, *, family: str | None = None, year: int | None = None, size: str = "brief", title: str | None = None
) -> Bundle:
    """Draw the capacity of plants of cells outside China by country, stacked by where the owners are from.

    family: of cells, default LFP, or 'all'; year: default the last of the run; size: 'brief' or 'slide'; title: one to
    use instead of the computed finding.

    The data of the bundle hold a row for each part of a bar: quantity `announced` of plants that make the family alone,
    `may_be` of those that make it among others or of which nobody says what they make, and `operating` of the first by
    country (GWh a year); `unsized` is how many plants of a country nobody gives a size.
    """
    story = _story(result, family, year)
    rows = len(story.places)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit="GWh/yr",
        used=footer.whole("cell_plant", "next_gen_plant"), finding=_finding(story), note=_note(story),
        subtitle=f"Capacity of {story.kind} plants outside China that stand or are announced for {story.year}, by"
        " country and by where their owners are from, GWh a year",
        body=(HEAD + rows * USUAL + KEYS, HEAD + rows * LEAST + KEYS), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"family": story.family, "year": story.year},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    places: of plants, the largest first; owners: where from, the largest first; sure, may_be: announced capacity,
    (place, owner), of plants of the family alone, and of those that may make it; operating: of the first, by place;
    unsized: plants without a size, by place.
    """

    family: str
    year: int
    places: tuple[str, ...]
    owners: tuple[str, ...]
    sure: NDArray[np.float64]
    may_be: NDArray[np.float64]
    operating: NDArray[np.float64]
    unsized: NDArray[np.int64]

    @property
    def countries(self) -> tuple[str, ...]:
        """Places that are one country."""
        return tuple(place for place in self.places if not place.endswith(OTHER_COUNTRIES))

    @property
    def kind(self) -> str:
        """Cells of the family, inside a sentence."""
        return "cell" if self.family == ALL else f"{self.family} cell"

    def span(self, at: int | None = None) -> Interval:
        """GWh of a place, or of all together: from what is of the family alone to all that may be."""
        sure, may_be = (float(part[at].sum() if at is not None else part.sum()) for part in (self.sure, self.may_be))
        return Interval(sure, sure, sure + may_be)

    def share(self, owner: int) -> Interval:
        """Share of an owner in all places: least where its plants that may make the family do not and all others do."""
        sure, may_be = self.sure.sum(axis=0), self.may_be.sum(axis=0)
        mine, rest = (sure[owner], may_be[owner]), (sure.sum() - sure[owner], may_be.sum() - may_be[owner])

        def part(of: float, others: float) -> float:
            return float(of / (of + others)) if of + others > 0 else float("nan")

        return Interval(part(mine[0], sum(rest)), part(mine[0], rest[0]), part(sum(mine), rest[0]))


def _story(result: Result, family: str | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("plants_by_place", "GWh/yr", WAY_OUT)
    words = ("country", "country_label", "owner_place", "chemistry")
    table = table.assign(**{column: texts(table[column]) for column in words})
    made = [tuple(text.split(";")) for text in table["chemistry"]]
    families = sorted({name for names in made for name in names} - {UNKNOWN})
    chosen = family or (DEFAULT if DEFAULT in families else ALL)
    if family is not None:
        selection.known("family", chosen, [*families, ALL])
    when = selection.year(year, table)
    selection.settle()
    table = table.assign(
        sure=[chosen in (ALL, *names) and (chosen == ALL or len(names) == 1) for names in made],
        may_be=[
            chosen != ALL and ((names == (UNKNOWN,) and chosen not in NEW) or (chosen in names and len(names) > 1))
            for names in made
        ],
    )
    table = table[(table["country"] != UNLISTED) & (table["year"] == when) & (table["sure"] | table["may_be"])]
    owners = [name if name in style.COUNTRY else supply.OTHERS for name in table["owner_place"]]
    table = table.assign(owner_place=owners)
    places, by_owner = _ranked(table, "country_label"), _ranked(table, "owner_place")
    if not places:
        selection.problems.append(f"no plant of {chosen} cells outside {UNLISTED_NAME} is listed for {when}")
        selection.settle()
    if len(places) > MOST:
        small = dict.fromkeys(places[MOST - 1 :], _others(len(places) - MOST + 1))
        table = table.assign(country_label=[small.get(name, name) for name in table["country_label"]])
        places = [*places[: MOST - 1], _others(len(places) - MOST + 1)]
    by_owner.sort(key=lambda name: name == supply.OTHERS)

    def summed(kind: str, column: str) -> NDArray[np.float64]:
        found = table[table[kind]].groupby(["country_label", "owner_place"])[column].sum()
        axis = pd.MultiIndex.from_product([places, by_owner], names=["country_label", "owner_place"])
        filled = found.reindex(axis, fill_value=0.0).to_numpy(float)
        return np.asarray(filled.reshape(len(places), len(by_owner)))

    unsized = summed("sure", "unsized").sum(axis=1) + summed("may_be", "unsized").sum(axis=1)
    return _Story(
        family=chosen, year=when, places=tuple(places), owners=tuple(by_owner), sure=summed("sure", "announced"),
        may_be=summed("may_be", "announced"), operating=summed("sure", "operating").sum(axis=1),
        unsized=np.rint(unsized).astype(int),
    )  # fmt: skip


def _others(count: int) -> str:
    return f"{count}{OTHER_COUNTRIES}"


def _ranked(table: pd.DataFrame, column: str) -> list[str]:
    """Names of a column by what is of the family alone, then by what may be."""
    sums = {
        str(name): (float(rows.loc[rows["sure"], "announced"].sum()), float(rows["announced"].sum()))
        for name, rows in table.groupby(column, sort=True)
    }
    return sorted(sums, key=lambda name: (-sums[name][0], -sums[name][1], name))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (quantity, story.family, place, owner, story.year, float(values[i, j]), "GWh/yr")
        for quantity, values in (("announced", story.sure), ("may_be", story.may_be))
        for i, place in enumerate(story.places) for j, owner in enumerate(story.owners) if values[i, j] > 0
    ]  # fmt: skip
    for quantity, by_place, unit in (("operating", story.operating, "GWh/yr"), ("unsized", story.unsized, "plants")):
        rows += [
            (quantity, story.family, place, "all", story.year, float(value), unit)
            for place, value in zip(story.places, by_place, strict=True) if value > 0
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """How much is listed outside China, and who or where is ahead whatever those make that may be of the family."""
    whole = f"{_gwh(story.span())} GWh of {story.kind} plants are listed outside China"
    name = _ahead({owner: story.share(at) for at, owner in enumerate(story.owners)})
    if name not in ("", supply.OTHERS):
        return f"{whole}; owners from {wording.place(name)} have {_percents(story.share(story.owners.index(name)))}"
    name = _ahead({place: story.span(at) for at, place in enumerate(story.places)})
    if name in story.countries:
        return f"{whole}, {_gwh(story.span(story.places.index(name)))} of them in {wording.place(name)}"
    return whole


def _ahead(spans: Mapping[str, Interval]) -> str:
    """The one of several whose low end is above the high end of all others; '' where there is none."""
    clear = (
        name for name, span in spans.items()
        if len(spans) > 1 and all(span.low > other.high for others, other in spans.items() if others != name)
    )  # fmt: skip
    return next(clear, "")


def _gwh(span: Interval) -> str:
    """332 to 741 · 15."""
    low, high = wording.number(span.low), wording.number(span.high)
    return high if low == high else f"{low} to {high}"


def _percents(share: Interval) -> str:
    low, high = percent(share.low), percent(share.high)
    return high if low == high else f"{low.removesuffix('%')} to {high}"


def _note(story: _Story) -> str:
    note = (
        "Note: Nameplate, which overstates what is made: all that is not given up, plans on hold too; plans without a"
    )
    note += " year count from 2030. A plant of several owners is theirs in equal parts."
    if story.may_be.sum() > 0:
        note += f" May be {story.family}: plants that make it among others, in shares that nobody says, and plants of"
        note += " which nobody says what they make."
    if count := int(story.unsized.sum()):
        note += f" ?\u00a0And {'a plant' if count == 1 else 'plants'} of a size that nobody publishes."
    partly = [place for place in story.places if place in PARTLY_LISTED]
    if partly:
        note += f" Of plants in {wording.names(sorted(partly))} the list has a part alone."
    return f"{note} Those in China are not drawn: the list has foreign makers’ alone."


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = []
    for i, place in enumerate(story.places):
        owners = [
            f"{owner} {_gwh(Interval(a, a, a + b))}"
            for owner, a, b in zip(story.owners, story.sure[i], story.may_be[i], strict=True) if a + b > 0
        ]  # fmt: skip
        parts.append(f"{place}: {_said(story, i)} ({', '.join(owners) or 'no size published'})")
    return [
        f"Stacked bars of {wording.lowered(subtitle)}. {'; '.join(parts)}.",
        f"All: {_gwh(story.span())}; {wording.number(float(story.operating.sum()))} stand.",
    ]


def _said(story: _Story, i: int) -> str:
    """What stands at the end of a bar: 190–313 · 15 · 0–40 + ?"""
    span = story.span(i)
    low, high = wording.number(span.low), wording.number(span.high)
    number = high if low == high else f"{low}–{high}"
    return f"{number} + ?" if story.unsized[i] and span.high > 0 else "?" if story.unsized[i] else number


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, KEYS = 0.46, 0.46
"""Heights of the heading with the labels of the axis, and of the two lines of the key, inches before scaling."""
MIXED = 0.58
"""Part of white in the colour of what may be of the family."""
USUAL, LEAST = 0.24, 0.165
"""Height of a row."""


def _draw(sheet: Page, story: _Story) -> None:
    """A bar for each place: what is of the family alone, then what may be, with what stands as a tick."""
    s, count = sheet.scale, len(story.places)
    said = [_said(story, i) for i in range(count)]
    names = [style.shortened(name, 1.4 * s, LABEL * s) for name in story.places]
    left = sheet.left + max(text_width(name, LABEL * s) for name in names) + 0.14 * s
    sheet.text(sheet.left, sheet.top - 0.1 * s, f"GWh a year; all: {_gwh(story.span())}", HEADING, style.INK, SEMIBOLD)
    top, pitch = sheet.top - HEAD * s, min((sheet.top - sheet.bottom - (HEAD + KEYS) * s) / count, 0.32 * s)
    panel = Panel(left, top - pitch * count, sheet.right - left, pitch * count)
    peak = max(story.span(i).high for i in range(count))
    room = max(text_width(text, LABEL * s) for text in said) + 0.14 * s
    end = peak * panel.width / (panel.width - room) if peak > 0 else 1.0
    axes = sheet.value_axes(panel, (0.0, end), ticks=max(2, min(6, int(panel.width / (0.7 * s)))))
    bar = min(0.64 * pitch, 0.2 * s)
    for i, (name, text) in enumerate(zip(names, said, strict=True)):
        middle = top - (i + 0.5) * pitch
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, baseline, name, LABEL)
        start = 0.0
        for owner, sure in zip(story.owners, story.sure[i], strict=True):
            axes.barh(middle, sure, bar, left=start, color=supply.country_colour(owner), linewidth=0, zorder=2)
            start += sure
        for owner, may_be in zip(story.owners, story.may_be[i], strict=True):
            axes.barh(middle, may_be, bar, left=start, color=supply.pale(supply.country_colour(owner), MIXED),
                      linewidth=0, zorder=2)  # fmt: skip
            start += may_be
        if (stands := float(story.operating[i])) > 0:
            axes.plot([stands] * 2, [middle - 0.8 * bar, middle + 0.8 * bar], color=style.INK, linewidth=1.4 * s,
                      zorder=4, solid_capstyle="butt")  # fmt: skip
        sheet.text(left + start / end * panel.width + 0.08 * s, baseline, text, LABEL, style.INK, clear=True)
    owners = [Swatch("others" if name == supply.OTHERS else name, supply.country_colour(name)) for name in story.owners]
    sheet.text(sheet.left, sheet.bottom + 0.28 * s, "Owners from", LABEL, style.INK, SEMIBOLD)
    sheet.key(sheet.left + text_width("Owners from", LABEL * s, SEMIBOLD) + 0.14 * s, sheet.bottom + 0.28 * s, owners)
    below = [Swatch(f"{story.family} alone" if story.family != ALL else "announced", style.MUTED)]
    if story.may_be.sum() > 0:
        below.append(Swatch(f"may be {story.family}", supply.pale(style.MUTED, MIXED)))
    if story.operating.sum() > 0:
        below.append(Swatch(f"{story.family + ' alone ' if story.family != ALL else ''}that stands", style.INK, "tick"))
    sheet.key(sheet.left, sheet.bottom + 0.07 * s, below)
