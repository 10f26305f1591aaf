"""What stands below a chart: which assumption decides it, where its numbers come from, which run they are of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import wording
from minerals.charts.bundle import Result
from minerals.charts.selection import table_of
from minerals.provenance import names_in
from minerals.tables.codes import OWN

Used = Mapping[str, Mapping[str, Collection[object]]]
"""What a chart draws from: a table of the result, or one of the inputs -> column -> the values of its rows. A column
that the table lacks does not choose, nor does a cell that is empty."""

SOURCE_LETTERS = 60
"""Short names of sources are given while they fit into this many letters; the table lists them all."""


def red_line(scenarios: Mapping[str, Any], drawn: Mapping[str, str]) -> str:
    """The caveats of the drawn scenarios, each sentence once; whose it is is said where not all drawn share it.

    scenarios: of the record; drawn: name -> label of the scenarios in the chart.
    """
    whose: dict[str, list[str]] = {}
    for name, label in drawn.items():
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(str(scenarios[name].get("caveat") or "").split())):
            if sentence and label not in whose.setdefault(sentence, []):
                whose[sentence].append(label)
    by_labels: dict[str, list[str]] = {}
    for sentence, labels in whose.items():
        by_labels.setdefault("" if len(labels) == len(drawn) else wording.names(labels), []).append(sentence)
    parts = sorted(by_labels.items(), key=lambda part: part[0] != "")
    return " ".join(f"{labels}: {' '.join(text)}" if labels else " ".join(text) for labels, text in parts)


def whole(*tables: str) -> Used:
    """All rows of those tables."""
    return {table: {} for table in tables}


def demand(
    result: Result, scenarios: Collection[str], region: str, years: Collection[int], more: Used | None = None
) -> Used:
    """Batteries and their chemistries in those scenarios and years, and what is drawn besides.

    region: one of the run, else all together.
    """
    where: dict[str, Collection[object]] = {"scenario": scenarios, "year": years}
    if region in result.record["regions"]:
        where["region"] = [region]
    return {**dict.fromkeys(("battery_demand", "market_share", "silicon_uptake"), where), **(more or {})}


def sources(result: Result, used: Used | None = None) -> list[dict[str, str]]:
    """key, citation, url and licence of every source of what is used, the source of most rows first.

    used: None takes all that the run used, in the order of its table; so does a result without `inputs_used`.
    """
    table = result["sources_used"].reindex(columns=["source", "citation", "url", "licence"]).fillna("").astype(str)
    every = [dict(zip(("key", "citation", "url", "licence"), row, strict=True)) for row in table.to_numpy().tolist()]
    inputs = table_of(result, "inputs_used")
    if used is None or inputs is None:
        return every
    counts: Counter[str] = Counter()
    named = inputs.loc[_rows(result, used, inputs), "source"].dropna().astype(str)
    for text, rows in named.value_counts().items():
        for key in re.split(r"\s*;\s*", text):
            counts[key] += rows
    return sorted((source for source in every if counts[source["key"]]), key=lambda source: -counts[source["key"]])


def _rows(result: Result, used: Used, inputs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows of `inputs_used` are behind what is used: those that the rows of a table of the result name, else
    those of the table of that name."""
    of_table = inputs["table"].to_numpy(dtype=object)
    named: set[str] = set()
    found = np.zeros(len(inputs), bool)
    for name, where in used.items():
        table = table_of(result, name)
        if table is not None and "rows" in table:
            for text in table["rows"][_chosen(table, where)].dropna().astype(str).unique():
                named |= names_in([text])
        else:
            found |= (of_table == name) & _chosen(inputs, where)
    lines = zip(inputs["file"].tolist(), inputs["line"].tolist(), strict=True)
    found |= np.array([f"{file}:{_text(line)}" in named for file, line in lines], bool)
    return found


def _chosen(table: pd.DataFrame, where: Mapping[str, Collection[object]]) -> NDArray[np.bool_]:
    """Rows whose cells are among the values of each column, or empty."""
    chosen = np.ones(len(table), bool)
    for column, values in where.items():
        if column in table:
            wanted = {str(value) for value in values} | {""}
            numbers, cells = pd.factorize(table[column])
            # An empty cell has the number -1, which takes the last.
            chosen &= np.array([*(_text(cell) in wanted for cell in cells), True])[numbers]
    return chosen


def _text(cell: object) -> str:
    """A cell as a text; a year is one however its column is kept."""
    return str(cell).removesuffix(".0")


def source_line(listed: Sequence[Mapping[str, str]]) -> str:
    """Source: minerals model, and own rows where some are used; the first sources by short name, and where all of them
    are listed.

    One source alone is cited in full. A source whose only author is the name of an account is counted, and not named.
    """
    published = [each for each in listed if each["key"] != OWN]
    model = "minerals model" if len(published) == len(listed) else "minerals model with own rows of this run"
    listed = published
    if not listed:
        return f"Source: {model}."
    if len(listed) == 1 and not _account(listed[0]):
        return f"Source: {model}; {(listed[0]['citation'] or listed[0]['key']).rstrip('.')}."
    names = list(
        dict.fromkeys(short_citation(each["citation"] or each["key"]) for each in listed if not _account(each))
    )
    some = names[:1]
    for name in names[1:]:
        if len("; ".join([*some, name])) <= SOURCE_LETTERS:
            some.append(name)
    rest = len(listed) - len(some)
    more = f"{rest} more, listed in sources_used.csv" if rest else ""
    return f"Source: {model}; {' and '.join(filter(None, ['; '.join(some), more]))}."


def _account(source: Mapping[str, str]) -> bool:
    """Whether a citation begins with the account that holds its repository, as no person or institution is named."""
    account = re.match(r"https?://(?:www\.)?(?:github|gitlab)\.com/([^/]+)/", source["url"])
    return account is not None and source["citation"].lower().startswith(account[1].lower())


def short_citation(citation: str) -> str:
    """The head of a citation: up to its year if that comes early, else its first words."""
    year = re.match(r"(.{4,60}?\(?\b(?:19|20)\d\d\b\)?)", citation)
    head = year[1] if year else re.split(r"[.;:]\s|,\s", citation)[0]
    return head.rstrip(" .,;:") if len(head) <= 70 else head[:60].rsplit(" ", 1)[0] + "…"


def run_line(record: Mapping[str, Any], labels: Sequence[str]) -> str:
    """Scenarios: Incumbent and Next-gen · run europe-2035 (3f9a1c2) · minerals 1.0.0; none: from the run on."""
    run = f"run {record.get('run', '')} ({record.get('run_id', '')})"
    tail = f"{run} · minerals {record.get('versions', {}).get('minerals', '')}"
    if not labels:
        return wording.capitalised(tail)
    return f"Scenario{'s' if len(labels) > 1 else ''}: {wording.names(labels)} · {tail}"
