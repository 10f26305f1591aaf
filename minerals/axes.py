"""Ordered labels of each dimension, and the one place where tidy tables become dense arrays and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .columns import Cells, Columns
from .haste import value_class

#: Order of dimensions everywhere: files, arrays, result tables.
DIMENSIONS = (
    "draw", "case", "scenario", "region", "segment", "chemistry", "silicon", "mineral", "node", "cohort", "year",
)  # fmt: skip


@value_class
class Axis:
    """One dimension and its labels, in order."""

    name: str
    labels: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, places: np.ndarray) -> Cells:
        """Labels at some places, as cells of a table."""
        for kind, dtype in ((int, np.int64), (float, np.float64)):
            if all(type(label) is kind for label in self.labels):
                return np.asarray(np.array(self.labels, dtype=dtype)[places])
        return list(map(self.labels.__getitem__, places.tolist()))

    def positions(self, values: Iterable[Any]) -> np.ndarray:
        """Position of each value. Raises KeyError for a label that is not on the axis."""
        index = {label: i for i, label in enumerate(self.labels)}
        found = list(values)
        missing = set(found) - set(index)
        if missing:
            raise KeyError(f"{self.name}: {sorted(map(str, missing))} not on the axis")
        return np.array([index[value] for value in found], dtype=np.intp)


def dense(frame: Mapping[str, Sequence[Any]], axes: Sequence[Axis], columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Tidy table → an array of each of some columns, with one dimension per axis; cells without a row are 0. Raises
    KeyError, ValueError.

    Two rows for the same cell are an error: nothing is summed or overwritten silently.
    """
    out = {column: np.zeros([len(axis) for axis in axes]) for column in columns}
    if not len(frame[axes[0].name]):
        return out
    where = tuple(axis.positions(frame[axis.name]) for axis in axes)
    flat = np.ravel_multi_index(where, [len(axis) for axis in axes])
    if len(np.unique(flat)) != len(flat):
        raise ValueError(f"two rows for one cell of {[axis.name for axis in axes]}")
    for column, array in out.items():
        array[where] = np.asarray(frame[column], dtype=float)
    return out


def tidy(
    array: np.ndarray,
    axes: Sequence[Axis],
    columns: Mapping[str, np.ndarray] | None = None,
    keep: np.ndarray | None = None,
) -> Columns:
    """Array → tidy table with one row per cell whose value, or any extra column, is not 0, in the order of the axes.

    columns: further arrays of the same shape, written beside `value` (e.g. low and high); keep: which cells have a row
    instead.
    """
    stack = {"value": array, **(columns or {})}
    if keep is None:
        keep = np.zeros(array.shape, dtype=bool)
        for values in stack.values():
            keep |= values != 0
    where = np.nonzero(keep)
    labels = {axis.name: axis.at(places) for axis, places in zip(axes, where, strict=True)}
    return Columns({**labels, **{name: values[keep] for name, values in stack.items()}})
