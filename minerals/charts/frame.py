"""The frame that all charts share: the lines around a chart, its page, and the record that goes with it.

A module of a chart holds its own story alone: its numbers, its finding, how its body is drawn, what its footer notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from minerals.charts import footer, selection, style, supply, wording
from minerals.charts.bundle import Bundle, Meta, Result
from minerals.charts.style import Page, PageText


def bundle(
    result: Result, name: str, *, title: str | None, size: str, scenarios: tuple[str, ...], used: footer.Used | None,
    finding: str, subtitle: str, note: str, body: tuple[float, float], draw: Callable[[Page], None],
    alt: Callable[[str], Sequence[str]], data: pd.DataFrame, unit: str, options: Mapping[str, Any],
    lines: Mapping[str, str] | None = None, futures: Sequence[str] = (),
) -> Bundle:  # fmt: skip
    """A chart in its frame.

    title: one's own, in place of the finding; size: 'brief' or 'slide'; scenarios: the drawn ones of the run, none for
    a chart of the world; used: what is drawn from, None for all that the run used; body: wished and least height of
    what `draw` draws, inches before scaling; alt: from the printed subtitle, the sentences that follow the title where
    the chart cannot be seen; data: the numbers drawn; options: the choices it was drawn with, which the size joins;
    lines: lines of the footer that are not the usual ones, by their names in `PageText`; futures: of supply, that what
    is drawn hangs on: the red line says so where they are assumed, and the finding names the one it holds in.
    """
    sources = footer.sources(result, used)
    headline = " ".join(title.split()) if title else in_its_world(result, futures, finding)
    words = _words(result, scenarios, sources, headline, subtitle, note)._replace(**(lines or {}))
    if supply.is_assumed(result, futures):
        words = words._replace(red_line=" ".join(filter(None, (supply.ASSUMED_WORLDS, words.red_line))))
    measures = style.size_named(size)
    with style.context():
        page = style.page(words, measures, *body)
        draw(page)
    sentences = alt(words.subtitle)
    record = result.record
    meta = Meta(
        name=name,
        title=words.title,
        title_by="user" if title else "subject" if isinstance(headline, wording.Subject) else "computed",
        subtitle=words.subtitle,
        unit=unit,
        red_line=words.red_line,
        note=words.note,
        source=words.source,
        run_line=words.run,
        alt=" ".join([_as_sentence(words.title), *filter(None, sentences)]),
        run=str(record.get("run", "")),
        run_id=str(record.get("run_id", "")),
        versions=dict(record.get("versions", {})),
        scenarios={scenario: dict(record["scenarios"][scenario]) for scenario in scenarios},
        sources=sources,
        options={
            **options,
            "size": size,
            **({"segments": list(record["segments"])} if scenarios and "segments" in record else {}),
        },
    )
    return Bundle(page.figure, data, meta)


def in_its_world(result: Result, futures: Sequence[str], finding: str) -> str:
    """A finding with the name of the supply future that it holds in, where that is assumed and not named yet."""
    if len(futures) != 1 or not supply.is_assumed(result, futures):
        return finding
    name = wording.lowered(selection.label(result.record["codes"].get("future", {}), futures[0]))
    if re.search(rf"(?<![\w’'-]){re.escape(name)}(?![\w’'-])", finding, re.IGNORECASE):
        return finding
    if isinstance(finding, wording.Subject):
        return wording.Subject(f"{finding} under {name}")
    begins_with_a_name = any(re.match(rf"{re.escape(each)}(?!\w)", finding) for each in _proper_names(result.record))
    return f"Under {name}, {finding if begins_with_a_name else wording.lowered(finding)}"


def _proper_names(record: Mapping[str, Any]) -> set[str]:
    """Names in a record that a sentence may begin with and that keep their capital inside one: of places and of
    scenarios."""
    labels = [*record["scenarios"].values(), *record.get("codes", {}).get("country", {}).values()]
    places = [record.get("region_label", ""), *record.get("regions", ())]
    places += record.get("exposure", {}).get("countries", {}).values()
    return {str(name) for name in (*places, *(each["label"] for each in labels)) if name}


def _words(
    result: Result, scenarios: tuple[str, ...], sources: Sequence[Mapping[str, str]], title: str, subtitle: str,
    note: str,
) -> PageText:  # fmt: skip
    """Title, subtitle and footer of a chart of those scenarios.

    Where scenarios are drawn, the subtitle says of which uses, unless they are all.
    """
    of_uses = _uses(result) if scenarios else ""
    labels = {name: selection.label(result.record["scenarios"], name) for name in scenarios}
    return PageText(
        title=title,
        subtitle=f"{subtitle}; {of_uses}" if of_uses else subtitle,
        red_line=footer.red_line(result.record["scenarios"], labels),
        note=note,
        source=footer.source_line(sources),
        run=footer.run_line(result.record, list(labels.values())),
    )


def _uses(result: Result) -> str:
    """The uses that the numbers of a run are of; '' where they are all that its tables have."""
    labels = {code: str(about["label"]) for code, about in result.record["codes"].get("segment", {}).items()}
    return wording.uses(result.record.get("segments", list(labels)), labels)


def _as_sentence(title: str) -> str:
    return title if title.endswith((".", "!", "?")) else f"{title}."


def caveats(result: Result) -> str:
    """What a run says about its GWh at risk and its mix where they must not be read alone, to follow a note."""
    sentences = result.record.get("exposure", {}).get("caveats") or ()
    return "".join(f" {' '.join(str(sentence).split())}" for sentence in sentences)


def shares_held(result: Result) -> str:
    """That a study varies no market share, to follow a note; '' where it does, or where nothing is drawn."""
    study = (result.record.get("config") or {}).get("study") or {}
    held = study.get("share_spread") == 0
    return " Market shares are held." if held else ""
