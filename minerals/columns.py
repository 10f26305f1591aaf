"""Tables of a result as columns of plain cells, of which a frame is made where one is read.

A run neither joins nor groups its own tables: it makes them row by row, looks through them once, and writes them.
Pandas takes a fifth of its time to load, so it is loaded where somebody reads a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .haste import frozen

if TYPE_CHECKING:
    import pandas as pd

#: Cells of a column.
Cells: TypeAlias = "Sequence[Any] | NDArray[Any]"
#: What a number of a column may be.
NUMBERS = (int, float, np.integer, np.floating)


@frozen
class Columns:
    """A table as its columns, by name: lists, or arrays of one dimension, all of one length.

    dtypes: of columns that a frame holds as another than their cells say, as pandas names them.
    """

    cells: Mapping[str, Cells]
    dtypes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]], names: Sequence[str], /, **alike: Any) -> Columns:
        """From rows. alike: further columns, behind them, whose cells are all the same."""
        cells = zip(*rows, strict=True) if rows else ([] for _ in names)
        columns: dict[str, Cells] = {name: list(column) for name, column in zip(names, cells, strict=True)}
        return cls(columns | {name: [cell] * len(rows) for name, cell in alike.items()})

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Any]]) -> Columns:
        """From rows by column, all with the same; without columns where there are no rows."""
        return cls({name: [record[name] for record in records] for name in (records[0] if records else ())})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Columns:
        """From a frame; what is missing among texts is None."""

        def cells(column: pd.Series) -> Cells:
            if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
                return np.asarray(column)
            objects: list[Any] = column.astype(object).where(column.notna(), None).tolist()
            return objects

        return cls({str(name): cells(column) for name, column in frame.items()})

    @cached_property
    def frame(self) -> pd.DataFrame:
        """As a frame."""
        import pandas as pd

        # Without rows nothing says whether texts or numbers are meant, and pandas would take numbers.
        none = pd.Series([], dtype=object)
        frame = pd.DataFrame(
            {name: none if isinstance(cells, list) and not cells else cells for name, cells in self.cells.items()}
        )
        return frame.astype(dict(self.dtypes)) if self.dtypes else frame

    def __getitem__(self, name: str) -> Cells:
        return self.cells[name]

    def __contains__(self, name: str) -> bool:
        return name in self.cells

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(next(iter(self.cells.values()), ()))

    def column(self, name: str) -> list[Any]:
        """Cells of a column as Python has them."""
        cells = self.cells[name]
        found: list[Any] = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
        return found

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any] | None]:
        return {}

    def numbers(self, name: str) -> NDArray[Any] | None:
        """A column of numbers as an array, NaN where one is missing; None for any other."""
        if name not in self._arrays:
            self._arrays[name] = _numbers(self.cells[name])
        return self._arrays[name]

    def rows(self, *names: str, **where: Any) -> Iterator[tuple[Any, ...]]:
        """Cells of some columns, row by row, of the rows that hold some labels."""
        columns = [self.column(name) for name in names]
        if where:
            at = self._places(where)
            columns = [[cells[place] for place in at] for cells in columns]
        return zip(*columns, strict=True)

    def records(self, **where: Any) -> list[dict[str, Any]]:
        """The rows that hold some labels, each by column."""
        return [dict(zip(self.cells, row, strict=True)) for row in self.rows(*self.cells, **where)]

    def filter(self, keep: Callable[..., bool], name: str, *names: str) -> Columns:
        """The rows of which a condition holds, that of their cells in some columns."""
        return self._take([place for place, row in enumerate(self.rows(name, *names)) if keep(*row)])

    def where(self, **labels: Any) -> Columns:
        """The rows that hold some labels."""
        return self._take(self._places(labels))

    def _places(self, labels: Mapping[str, Any]) -> list[int]:
        held, wanted = zip(*map(self.column, labels), strict=True), tuple(labels.values())
        return [place for place, here in enumerate(held) if here == wanted]

    def _take(self, places: Sequence[int]) -> Columns:
        return Columns({name: _some(cells, places) for name, cells in self.cells.items()}, self.dtypes)

    def insert_after(self, place: str, /, **columns: Cells) -> Columns:
        """With further columns behind one."""
        names = list(self.cells)
        at = names.index(place) + 1
        return self.assign(**columns).select(*names[:at], *columns, *names[at:])

    def assign(self, **columns: Cells) -> Columns:
        """With other cells in some columns, and further ones behind."""
        return Columns({**self.cells, **columns}, self.dtypes)

    def drop(self, *names: str) -> Columns:
        """All but some columns."""
        return self.select(*(name for name in self.cells if name not in names))

    def astype(self, **dtypes: str) -> Columns:
        """With the dtype that a frame holds some columns as."""
        return Columns(self.cells, {**self.dtypes, **dtypes})

    def select(self, *names: str) -> Columns:
        """Some columns, in this order."""
        return Columns({name: self.cells[name] for name in names}, {
            name: dtype for name, dtype in self.dtypes.items() if name in names
        })  # fmt: skip


def _numbers(cells: Cells) -> NDArray[Any] | None:
    if isinstance(cells, np.ndarray):
        return cells if cells.dtype.kind in "iuf" else None
    if len(cells) and isinstance(cells[0], str):
        return None  # as most columns
    kinds = set(map(type, cells))
    if not all(issubclass(kind, NUMBERS) and kind is not bool for kind in kinds - {type(None)}):
        return None
    if type(None) in kinds:
        return None if len(kinds) == 1 else np.array([nan if cell is None else cell for cell in cells], dtype=float)
    found = np.array(cells) if kinds else None
    return found if found is not None and found.dtype.kind in "iuf" else None


def _some(cells: Cells, at: Sequence[int]) -> Cells:
    return cells[at] if isinstance(cells, np.ndarray) else [cells[place] for place in at]


def concat(parts: Sequence[Columns]) -> Columns:
    """Tables of the same columns one below the other."""
    first = parts[0]
    return Columns({
        name: np.concatenate(cells) if all(isinstance(each, np.ndarray) for each in cells)
        else [cell for part in parts for cell in part.column(name)]
        for name in first for cells in [[part[name] for part in parts]]
    }, first.dtypes)  # fmt: skip


class Frames(Mapping[str, "pd.DataFrame"]):
    """Tables by name, as frames: each is made when it is first read. tables: as columns, or as frames already."""

    def __init__(self, tables: Mapping[str, Columns | pd.DataFrame]) -> None:
        self.tables: dict[str, Columns | pd.DataFrame] = dict(tables.tables if isinstance(tables, Frames) else tables)
        self._columns: dict[str, Columns] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        held = self.tables[name]
        return held.frame if isinstance(held, Columns) else held

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def __or__(self, other: Mapping[str, Columns | pd.DataFrame]) -> Frames:
        return Frames({**self.tables, **Frames(other).tables})

    def __ror__(self, other: Mapping[str, Columns | pd.DataFrame]) -> Frames:
        return Frames(other) | self

    def __repr__(self) -> str:
        return f"Frames({', '.join(f'{name}: {self.length(name)} rows' for name in self.tables)})"

    def length(self, name: str) -> int:
        """Rows of a table."""
        return len(self.tables[name])

    def columns(self, name: str) -> Columns:
        """A table as columns."""
        held = self.tables[name]
        if isinstance(held, Columns):
            return held
        if name not in self._columns:
            self._columns[name] = Columns.from_frame(held)
        return self._columns[name]
