"""What is said about a chart: the lines around it, and the record that goes with it."""

from __future__ import annotations

from typing import Any

from minerals.charts import choice, footer
from minerals.charts.bundle import Meta, Result
from minerals.charts.style import Words


def words(
    result: Result, scenarios: tuple[str, ...], *, title: str | None, finding: str, subtitle: str, note: str
) -> Words:
    """Title (one's own, or the finding), subtitle and footer of a chart of those scenarios."""
    labels = {name: choice.label(result.record["scenarios"], name) for name in scenarios}
    return Words(
        title=" ".join(title.split()) if title else finding,
        subtitle=subtitle,
        red_line=footer.red_line(result.record["scenarios"], labels),
        note=note,
        source=footer.source_line(result),
        run=footer.run_line(result.record, list(labels.values())),
    )


def alt(words: Words, *sentences: str) -> str:
    """The title and the sentences that follow it, as one paragraph."""
    title = words.title if words.title.endswith((".", "!", "?")) else f"{words.title}."
    return " ".join([title, *filter(None, sentences)])


def meta(
    result: Result, name: str, words: Words, alt: str, unit: str, scenarios: tuple[str, ...], own_title: bool,
    **options: Any,
) -> Meta:  # fmt: skip
    """The record of a chart; options: the choices it was drawn with."""
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
        sources=footer.sources(result),
        options=options,
    )
