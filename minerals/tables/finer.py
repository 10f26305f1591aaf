"""Own rows that are finer than a table: figures for a use, a year of sale, a scenario, a region or a chemistry alone.

A package has one intensity for all uses and years of sale, and one life, second life, collection and recovery for all
scenarios. A table of the user's own may have further columns (FINER) beside those of the package. A row that leaves
them empty, or says `any`, is an ordinary one; any other holds for its labels alone, and goes before all that is wider:
first by scenario, then by region from the nearest on, then by chemistry, then its family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import Problem, did_you_mean, listed
from ..haste import frozen
from .codes import ANY
from .read import Table
from .schema import Field, TableSchema

#: Tables, and the further columns that own rows of them may have.
FINER: dict[str, tuple[str, ...]] = {
    "mineral_intensity": ("segment", "cohort"),
    "lifetime": ("scenario", "region"),
    "second_life": ("scenario", "region", "chemistry"),
    "collection_rate": ("scenario", "chemistry"),
    "recovery_route": ("scenario", "chemistry"),
    "recovery_rate": ("scenario", "region", "chemistry"),
}
#: Tables of stock and recycling among them, which the scenario of [scenario.NAME] recycling may say more of.
OF_FLOWS = tuple(name for name in FINER if name != "mineral_intensity")
DESCRIPTIONS = {
    "segment": "Use that the row is of alone.", "cohort": "Year of sale; years between given ones are linear.",
    "scenario": "Scenario of scenarios.csv that the row is of alone.", "region": "Region that the row is of alone.",
    "chemistry": "Chemistry or family that the row is of alone.",
}  # fmt: skip


def by_label(table: str) -> str:
    """Name of the finer rows of a table among tables that are checked."""
    return f"{table} by label"


def extended(schema: TableSchema) -> TableSchema:
    """The schema of own rows of a table with its further columns, which are part of the key."""
    more = FINER.get(schema.name, ())
    fields = tuple(
        Field(name, "integer", DESCRIPTIONS[name], minimum=1900, maximum=2200) if name == "cohort"
        else Field(name, "string", DESCRIPTIONS[name])
        for name in more
    )  # fmt: skip
    return replace(schema, fields=(*schema.fields, *fields), primary_key=(*schema.primary_key, *more))


def parted(table: Table, schema: TableSchema) -> tuple[Table, Table]:
    """Own rows of a table in its extended schema: ordinary ones in its own schema, and those that are finer."""
    more = FINER.get(schema.name, ())
    if not more:
        return table, replace(table, columns={name: [] for name in table.columns})
    columns = dict(table.columns)
    for name in more:
        if name != "cohort":
            columns[name] = [cell or ANY for cell in columns[name]]
    rows = range(len(table))
    fine = [any(_holds(columns[name][at]) for name in more) for at in rows]
    ordinary = {
        name: [cell for cell, finer in zip(cells, fine, strict=True) if not finer]
        for name, cells in columns.items()
        if name not in more
    }
    finer = {name: [cell for cell, here in zip(cells, fine, strict=True) if here] for name, cells in columns.items()}
    return replace(table, schema=schema, columns=ordinary), replace(table, columns=finer)


def _holds(label: Any) -> bool:
    """Whether a label names something, and not any."""
    return bool(label == label and label != ANY)


def labels_exist(tables: dict[str, Table], finer: dict[str, Table], problems: list[Problem]) -> None:
    """Labels of finer rows stand in their code lists; a chemistry may be a family."""
    chemistries = tables["chemistries"].columns
    known = {
        "segment": tables["segments"].columns["segment"],
        "scenario": tables["scenarios"].columns["scenario"],
        "region": tables["regions"].columns["region"],
        "chemistry": [*chemistries["chemistry"], *dict.fromkeys(chemistries["family"])],
    }
    for name, table in finer.items():
        for column in (each for each in FINER[name] if each in known):
            for line, label in zip(table.columns["line"], table.columns[column], strict=True):
                if label != ANY and label not in known[column]:
                    near = did_you_mean(label, known[column]) or f"; known: {listed(known[column], 12)}"
                    problems.append(Problem(table.file, line, f"{column} = {label!r}", f"not known{near}; or any"))


@frozen
class Rates:
    """Rows of one table of FINER of stock and recycling, the finer ones among them.

    index: rows by (scenario, region, chemistry, further labels), with any for what a row does not say; further: the
    columns of these labels.
    """

    table: str
    further: tuple[str, ...]
    index: dict[tuple[str, ...], list[Any]]

    @classmethod
    def of(cls, table: str, further: tuple[str, ...], ordinary: Sequence[Any], finer: Sequence[Any]) -> Rates:
        """From the rows of a table and the finer ones."""
        index: dict[tuple[str, ...], list[Any]] = {}
        for row in (*ordinary, *finer):
            labels = (getattr(row, name, ANY) for name in ("scenario", "region", "chemistry", *further))
            index.setdefault(tuple(labels), []).append(row)
        return cls(table, further, index)

    def best(
        self, scenario: str, regions: Sequence[str], chemistries: Sequence[str], further: tuple[str, ...]
    ) -> list[Any]:
        """Rows that serve a place best, none where none does. regions, chemistries: from the nearest on."""
        for one in (scenario, ANY) if scenario else (ANY,):
            for region in (*regions, ANY):
                for chemistry in (*chemistries, ANY):
                    if rows := self.index.get((one, region, chemistry, *further)):
                        return rows
        return []
