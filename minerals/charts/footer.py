"""What stands below a chart: which assumption decides it, where its numbers come from, which run they are of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minerals.charts import wording
from minerals.charts.bundle import Result

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
    said: dict[str, list[str]] = {}
    for sentence, labels in whose.items():
        said.setdefault("" if len(labels) == len(drawn) else wording.names(labels), []).append(sentence)
    parts = sorted(said.items(), key=lambda part: part[0] != "")
    return " ".join(f"{labels}: {' '.join(text)}" if labels else " ".join(text) for labels, text in parts)


def sources(result: Result) -> list[dict[str, str]]:
    """key, citation, url and licence of every source the run used."""
    used = result["sources_used"].reindex(columns=["source", "citation", "url", "licence"]).fillna("").astype(str)
    return [dict(zip(("key", "citation", "url", "licence"), row, strict=True)) for row in used.to_numpy().tolist()]


def source_line(result: Result) -> str:
    """Source: minerals model; the first sources by short name, and where all of them are listed."""
    listed = sources(result)
    if not listed:
        return "Source: minerals model."
    names = list(dict.fromkeys(short_citation(source["citation"] or source["key"]) for source in listed))
    some = names[:1]
    for name in names[1:]:
        if len("; ".join([*some, name])) <= SOURCE_LETTERS:
            some.append(name)
    rest = len(listed) - len(some)
    tail = f" and {rest} more, listed in sources_used.csv" if rest else ""
    return f"Source: minerals model; {'; '.join(some)}{tail}."


def short_citation(citation: str) -> str:
    """The head of a citation: up to its year if that comes early, else its first words."""
    year = re.match(r"(.{4,60}?\(?\b(?:19|20)\d\d\b\)?)", citation)
    head = year[1] if year else re.split(r"[.;:]\s|,\s", citation)[0]
    return head.rstrip(" .,;:") if len(head) <= 70 else head[:60].rsplit(" ", 1)[0] + "…"


def run_line(record: Mapping[str, Any], labels: Sequence[str]) -> str:
    """Scenarios: Incumbent and Next-gen · run europe-2035 (3f9a1c2) · minerals 0.1.0; none: from the run on."""
    run = f"run {record.get('run', '')} ({record.get('run_id', '')})"
    tail = f"{run} · minerals {record.get('versions', {}).get('minerals', '')}"
    if not labels:
        return wording.capitalised(tail)
    return f"Scenario{'s' if len(labels) > 1 else ''}: {wording.names(labels)} · {tail}"
