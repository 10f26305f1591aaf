"""What a result rests on: each source with its licence, and the part of each headline that rests on it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import pandas as pd

from ..numbers import percent
from .compare import pick, pick_year
from .explain import Factor, explain
from .explain_exposure import explain_disruption
from .result import Result
from .screen import fitted

#: Minerals of the headlines, of those that a run has.
HEADLINES = ("graphite", "nickel", "lithium", "cobalt")
#: What a row of the table is of.
SOURCE, GRADE = "source", "grade"


def rests_on(result: Result, scenario: str | None = None, year: int | str | None = None) -> pd.DataFrame:
    """The part of each headline that rests on each source, and on each grade of quality.

    Headlines: kt of graphite, nickel, lithium and cobalt, and the GWh that the disruption takes which takes most. A
    part of a mineral's demand (a chemistry in a use and region) rests on every source of a row of one of its factors,
    so parts add up to more than one. GWh lost rest wholly on the rows of the stop and of the world's supply, and on
    those of suppliers and users by their part of the node that binds, the largest of which counts. Default: the last
    scenario and year.

    Columns: kind (source or grade), name, headline, share [0 to 1], rows (of all inputs used, that have it). Raises
    UsageError for a name that is not in the result, MineralsError where the result does not re-add.
    """
    scenario = pick("scenario", scenario or result.scenarios[-1], result.scenarios)
    year = pick_year(result, year)
    rows: list[tuple[str, str, str, float]] = []
    for mineral in HEADLINES:
        if mineral in result.record["minerals"]:
            explained = explain(result, mineral, None, year, scenario)
            label = str(result.record["codes"]["mineral"][mineral]["label"])
            rows += _shares(label, [(leaf.value, leaf.factors) for leaf in explained.leaves], explained.value)
    rows += _lost(result, scenario, year)
    table = pd.DataFrame(rows, columns=["kind", "name", "headline", "share"])
    table = table.groupby(["kind", "name", "headline"], sort=False)["share"].max().reset_index()
    used = result["inputs_used"]
    counts = {SOURCE: used["source"].str.split(";").explode().str.strip().value_counts(),
              GRADE: used["quality"].value_counts()}  # fmt: skip
    return table.assign(
        rows=[int(counts[kind].get(name, 0)) for kind, name in zip(table["kind"], table["name"], strict=True)]
    )


def _shares(
    headline: str, parts: Iterable[tuple[float, Iterable[Factor]]], whole: float
) -> Iterator[tuple[str, str, str, float]]:
    """Share of a whole that is of parts which rest on each source and grade."""
    sums: dict[tuple[str, str], float] = {}
    for value, factors in parts:
        for key in _named(factors):
            sums[key] = sums.get(key, 0.0) + value
    yield from ((*key, headline, value / whole) for key, value in sums.items() if whole)


def _named(factors: Iterable[Factor]) -> set[tuple[str, str]]:
    """Sources and grades of the rows of factors."""
    rows = [row for factor in factors for row in factor.rows]
    sources = {(SOURCE, name.strip()) for row in rows for name in str(row["source"]).split(";") if name.strip()}
    return sources | {(GRADE, str(row["quality"])) for row in rows}


def _lost(result: Result, scenario: str, year: int) -> Iterator[tuple[str, str, str, float]]:
    """Of the disruption that takes most of the scenario's batteries in a year; nothing without [exposure]."""
    if "disruptions" not in result.tables:
        return
    played = result["disruptions"]
    played = played[(played["scenario"] == scenario) & (played["year"] == year)]
    if not len(played) or not played["lost_best"].max() > 0:
        return
    worst = played.loc[played["lost_best"].idxmax()]
    explained = explain_disruption(result, str(worst["disruption"]), str(worst["region"]), year, scenario)
    headline = f"GWh lost: {worst['label']}"
    yield from ((*key, headline, 1.0) for key in _named(explained.past))
    for node in explained.nodes:
        yield from ((*key, headline, 1.0) for key in _named((*node.taken, *node.world)))
        made = sum(supplier.made for supplier in node.suppliers)
        yield from _shares(headline, [(each.made, each.factors) for each in node.suppliers], made)
        yield from _shares(headline, [(use.value, use.factors) for use in node.uses], sum(u.value for u in node.uses))


def licences(result: Result) -> pd.DataFrame:
    """Sources of all inputs used, most rows first: source, citation, url, licence, rows."""
    table = result["sources_used"].reindex(columns=["source", "citation", "url", "licence", "rows_used"])
    table = table.fillna("").rename(columns={"rows_used": "rows"})
    return table.sort_values("rows", ascending=False, kind="stable").reset_index(drop=True)


def lines(result: Result, table: pd.DataFrame, width: int) -> list[str]:
    """The table of `rests_on` as text: grades first, then sources with their licences, most rows first."""
    headlines = list(dict.fromkeys(table["headline"]))
    shares = {(row.kind, row.name, row.headline): row.share for row in table.itertuples(index=False)}
    head = [*(each.partition(":")[0] for each in headlines), "rows"]

    def cells(kind: str, name: str, rows: int) -> list[str]:
        found = (shares.get((kind, name, headline)) for headline in headlines)
        return [*("–" if share is None else percent(share) for share in found), f"{rows:,}"]

    grades = table[table["kind"] == GRADE].drop_duplicates("name").sort_values("rows", ascending=False, kind="stable")
    out = fitted(
        ["Grade", *head],
        [[row.name, *cells(GRADE, row.name, row.rows)] for row in grades.itertuples(index=False)],
        width,
    )
    known = licences(result)
    held = set(table.loc[table["kind"] == SOURCE, "name"])
    body = [[f"{row.source} ({row.licence or 'no licence stated'})", *cells(SOURCE, row.source, row.rows)]
            for row in known.itertuples(index=False) if row.source in held]  # fmt: skip
    out += ["", *fitted(["Source (licence)", *head], body, width)]
    lost = [each for each in headlines if ":" in each]
    notes = ["A headline rests on a source by the part of it that any row of the source enters; parts overlap."]
    notes += [f"GWh lost are of: {each.partition(': ')[2]}." for each in lost]
    notes += [f"{len(known) - len(body)} further sources are of what no headline rests on (tables/sources_used.csv)."]
    return [*out, "", *(line for note in notes for line in textwrap.wrap(note, width))]
