"""Values of a run by their labels: columns of plain cells, of which a table is made where one is shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..axes import Axis, dense
from ..columns import Columns
from ..haste import frozen
from ..provenance import Rows
from .series import Datum

if TYPE_CHECKING:
    import pandas as pd

#: One row of `Values`.
Record = tuple[Any, ...]
#: Columns behind the labels.
OF_VALUE = ("value", "low", "high", "unit", "fill", "rows")


@frozen
class Values:
    """Resolved values of one quantity, one a row.

    columns: cells by column: the labels, value, low, high, unit, fill, and rows (`provenance.Rows`).
    """

    columns: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, labels: Collection[str], records: Collection[Record]) -> Values:
        """From records as `record` makes them. labels: their names."""
        names = (*labels, *OF_VALUE)
        return cls(dict(zip(names, zip(*records, strict=True) if records else [()] * len(names), strict=True)))

    @classmethod
    def of_records(cls, records: Sequence[Mapping[Any, Any]]) -> Values:
        """From rows of `frame`, of which there is at least one."""
        columns = {name: [row[name] for row in records] for name in records[0]}
        return cls({**columns, "rows": list(map(Rows.parse, columns["rows"]))})

    @cached_property
    def table(self) -> Columns:
        """A tidy table, with rows in their text form."""
        return Columns({**self.columns, "rows": list(map(str, self.columns["rows"]))})

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a frame."""
        return self.table.frame

    @cached_property
    def pairs(self) -> list[tuple[str, float]]:
        """Base chemistry and silicon of each."""
        return list(zip(self.columns["chemistry"], self.columns["silicon"], strict=True))

    def dense(self, axes: Sequence[Axis], end: str = "value", scenario: str | None = None) -> np.ndarray:
        """An array over axes of an end, of all rows or those of a scenario, as `axes.dense` makes it."""
        return self.dense_each(axes, [end], scenario)[end]

    def dense_each(
        self, axes: Sequence[Axis], ends: Sequence[str], scenario: str | None = None
    ) -> dict[str, np.ndarray]:
        """An array of each of some ends, as `dense` makes it of one."""
        columns = {axis.name: self._on(axis) for axis in axes} | {end: self.columns[end] for end in ends}
        if scenario is not None:
            at = [place for place, name in enumerate(self.columns["scenario"]) if name == scenario]
            columns = {name: [cells[place] for place in at] for name, cells in columns.items()}
        return dense(columns, axes, ends)

    def places(self, axes: Sequence[Axis]) -> tuple[np.ndarray, ...]:
        """Place of each value on each of some axes."""
        return tuple(axis.positions(self._on(axis)) for axis in axes)

    def _on(self, axis: Axis) -> Sequence[Any]:
        """Labels on an axis: on one of chemistries with silicon pairs of both, on one of bases the chemistry alone."""
        if axis.name == "chemistry" and "silicon" in self.columns:
            return self.pairs
        return self.columns["chemistry" if axis.name == "base" else axis.name]

    @property
    def names(self) -> set[str]:
        """Names of all rows that values are made of."""
        sides = {side for rows in self.columns["rows"] for term in rows.terms for side in (term.over, term.under)}
        return set(chain.from_iterable(sides))

    def __len__(self) -> int:
        return len(self.columns["rows"])


def record(labels: Sequence[Any], value: Datum, unit: str, fill: str) -> Record:
    """One row of `Values`."""
    return (*labels, value.value, value.low, value.high, unit, fill, value.rows)
