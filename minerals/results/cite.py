"""How to cite a result: the software, the run, and the sources it rests on, as text or BibTeX."""

from __future__ import annotations

import re

from .result import Result
from .sources import SOURCE, licences, rests_on

SOFTWARE = "minerals: mineral demand and chemistry mix of batteries"
#: Most sources that the text names.
NAMED = 5
#: Letters that BibTeX takes for its own, and how they are written in it.
ESCAPED = {"\\": r"\textbackslash{}", **{each: f"\\{each}" for each in "{}$&#_%"}, "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}"}  # fmt: skip
YEAR = re.compile(r"\((\d{4})[a-z]?\)")


def text(result: Result) -> str:
    """A sentence for a footnote, and the sources on which most of the headlines rests."""
    record, sources = result.record, licences(result)
    found = rests_on(result)
    weight = found[found["kind"] == SOURCE].groupby("name")["share"].sum()
    first = sources.assign(weight=sources["source"].map(weight).fillna(0.0)).sort_values(
        "weight", ascending=False, kind="stable"
    )
    named = [str(each) for each in first["citation"].head(NAMED)]
    more = f"; and {len(sources) - NAMED} further sources (tables/sources_used.csv)" if len(sources) > NAMED else ""
    return (
        f"{record['title']}. Own calculation with {SOFTWARE}, version {record['versions']['minerals']}, run "
        f"{record['run']} ({record['run_id']}), {record['region_label']}, {record['years'][0]}–{record['years'][-1]}.\n"
        f"Its headlines rest most on: {'; '.join(named)}{more}."
    )


def bibtex(result: Result) -> str:
    """Entries of the run and of each of its sources."""
    record = result.record
    entries = [
        _entry("misc", f"minerals-{record['run_id']}", {
            "title": str(record["title"]), "author": "{The minerals authors}",
            "note": f"Run {record['run']}, minerals {record['versions']['minerals']}",
        })
    ]  # fmt: skip
    for row in licences(result).itertuples():
        year = YEAR.search(str(row.citation))
        entries.append(_entry("misc", str(row.source), {
            "title": str(row.citation), "year": year[1] if year else "", "url": str(row.url),
            "note": f"Licence: {row.licence}" if row.licence else "",
        }))  # fmt: skip
    return "\n\n".join(entries)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [
        f"  {name} = {{{value if name in ('author', 'url') else _escaped(value)}}},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _escaped(value: str) -> str:
    return "".join(ESCAPED.get(letter, letter) for letter in value)
