"""The base of what lays tables onto a run: rows are taken through it, and it keeps which were used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..columns import Columns
from ..config import Run
from .inputs import Inputs, UsedRows


@dataclass(kw_only=True)
class Reader:
    """Takes rows of the inputs for one run. lines: those used so far, by table."""

    run: Run
    inputs: Inputs
    lines: dict[str, set[int]] = field(default_factory=dict)

    def take_all(self, table: str) -> Columns:
        """All rows of a table, marked as used."""
        columns = self.inputs.tables[table].columns
        self.mark(table, columns["line"])
        return Columns(columns)

    def rows(self, table: str, **labels: str) -> Sequence[Any]:
        """Rows of a table with these labels, or all, marked as used."""
        return self.use(table, self.inputs.rows_by(table, *labels).get(tuple(labels.values()), []))

    def use(self, table: str, rows: Sequence[Any]) -> Sequence[Any]:
        """Rows marked as used."""
        self.mark(table, (row.line for row in rows))
        return rows

    def mark(self, table: str, lines: Iterable[int]) -> None:
        """Lines of a table marked as used."""
        self.lines.setdefault(table, set()).update(map(int, lines))

    def place(self, table: str, line: int) -> str:
        """Name of a row, `file:line`, as inputs_used has it."""
        return self.inputs.tables[table].named(line)

    def used(self, tables: Iterable[str] | None = None) -> UsedRows:
        """Rows used, of these tables in their order or of all that were taken from."""
        names = self.lines if tables is None else tables
        return self.inputs.used({name: self.lines.get(name, ()) for name in names})
