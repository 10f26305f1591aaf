"""What is said about a chart: the lines around it, and the record that goes with it."""

from __future__ import annotations

from typing import Any

from minerals.charts import choice, footer, wording
from minerals.charts.bundle import Meta, Result
from minerals.charts.style import Words


def words(
    result: Result, scenarios: tuple[str, ...], *, title: str | None, finding: str, subtitle: str, note: str,
    used: footer.Used,
) -> Words:  # fmt: skip
    """Title (one's own, or the finding), subtitle and footer of a chart of those scenarios.

    Where scenarios are drawn, the subtitle says of which uses, unless they are all. used: what the chart draws from.
    """
    of_uses = uses(result) if scenarios else ""
    labels = {name: choice.label(result.record["scenarios"], name) for name in scenarios}
    return Words(
        title=" ".join(title.split()) if title else finding,
        subtitle=f"{subtitle}; {of_uses}" if of_uses else subtitle,
        red_line=footer.red_line(result.record["scenarios"], labels),
        note=note,
        source=footer.source_line(footer.sources(result, used)),
        run=footer.run_line(result.record, list(labels.values())),
    )


def uses(result: Result) -> str:
    """The uses that the numbers of a run are of; '' where they are all that its tables have."""
    labels = {code: str(about["label"]) for code, about in result.record["codes"].get("segment", {}).items()}
    return wording.uses(result.record.get("segments", list(labels)), labels)


def caveats(result: Result) -> str:
    """What a run says about its GWh at risk and its mix where they must not be read alone, to follow a note."""
    told = result.record.get("exposure", {}).get("caveats") or ()
    return "".join(f" {' '.join(str(sentence).split())}" for sentence in told)


def shares_held(result: Result) -> str:
    """That a study varies no market share, to follow a note; '' where it does, or where nothing is drawn."""
    study = (result.record.get("config") or {}).get("study")
    return " Market shares are held." if study and not study.get("share_spread") else ""


def alt(words: Words, *sentences: str) -> str:
    """The title and the sentences that follow it, as one paragraph."""
    title = words.title if words.title.endswith((".", "!", "?")) else f"{words.title}."
    return " ".join([title, *filter(None, sentences)])


def meta(
    result: Result, name: str, words: Words, alt: str, unit: str, scenarios: tuple[str, ...], own_title: bool,
    *, used: footer.Used | None, **options: Any,
) -> Meta:  # fmt: skip
    """The record of a chart; options: the choices it was drawn with.

    used: what it draws from, None for all that the run used.
    """
    record = result.record
    return Meta(
        name=name,
        title=words.title,
        title_by="user" if own_title else "computed",
        subtitle=words.subtitle,
        unit=unit,
        red_line=words.red_line,
        note=words.note,
        source=words.source,
        run_line=words.run,
        alt=alt,
        run=str(record.get("run", "")),
        run_id=str(record.get("run_id", "")),
        versions=dict(record.get("versions", {})),
        scenarios={scenario: dict(record["scenarios"][scenario]) for scenario in scenarios},
        sources=footer.sources(result, used),
        options=options | ({"segments": list(record["segments"])} if scenarios and "segments" in record else {}),
    )
