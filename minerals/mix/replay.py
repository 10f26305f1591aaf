"""A plan played back: what can be had of it under each disruption, with the plan held.

The recourse falls into blocks, each of a disruption, a pool and a year, and all of them are one linear programme whose
right-hand sides the plan gives: the next plan goes on from the basis of the one before.

Of a long library most blocks never press, as the supplier that closes is small or the year is early. So a model may
leave blocks out: all that is made and bought in them counts as had, which is never less than what can be had. A mix
chosen there is played back, and where it assumed too much in some block, the model takes that in. Once it assumes
nowhere too much, what is least in the smaller model is least in the whole one.

Source: Geoffrion (1970), Elements of large-scale mathematical programming, Management Science 16(11), on relaxation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from ..highs import accepted, optimum, run, set_option, solver
from .constraints import recourse
from .data import Disruption, Key, MixData, Pool, Year
from .form import Form
from .model import build
from .pyo import pyo

Array = NDArray[np.float64]
Places = NDArray[np.int64]
#: A disruption, a pool and a year.
Block = tuple[Disruption, Pool, Year]
#: Blocks from which on a model leaves out what does not press. Measured on Europe's mix, of 20 disruptions with 270
#: blocks: the least expected loss takes as long either way.
LONG = 500
#: GWh of what is had in a block, and part of it, by which a model assumes too much.
TOO_MUCH = 1e-7
#: Row that limits a variable of the recourse by the plan. Variables come in the order of their names: what is rebuilt
#: is made of the others.
CAP = {"abroad": "abroad_plan", "at_home": "home_plan", "rebuilt": "within_plan"}


class Replay:
    """The recourse of a model alone. columns: of the recourse in the model, (recourse)."""

    def __init__(self, model: Any, form: Form) -> None:
        self._lock = Lock()
        self.columns, keys = _places(model, recourse.VARIABLES, form.column_of, form.matrix.shape[1])
        self._rows, row_keys = _places(model, recourse.FAMILY.constraints, form.row_of, form.matrix.shape[0])
        self.blocks: list[Block] = list(dict.fromkeys(_block(key) for _, key in keys))
        at = {block: place for place, block in enumerate(self.blocks)}
        self._block = np.array([at[_block(key)] for _, key in keys], dtype=np.int64)
        place = {key: at for at, key in enumerate(keys)}
        # What is had of the cells that may be short is `rebuilt`, of others what is made at home and abroad.
        parts: dict[Key, list[int]] = {}
        for (name, key), column in place.items():
            if name in ("at_home", "abroad"):
                parts.setdefault((*key[:2], *key[-2:]), []).append(column)
        short = {key for name, key in keys if name == "rebuilt"}
        self._had = np.array(
            [
                name == "rebuilt" or (name in ("at_home", "abroad") and (*key[:2], *key[-2:]) not in short)
                for name, key in keys
            ],
            bool,
        )
        rows = {key: at for at, key in enumerate(row_keys)}
        self._caps = [
            (at, rows[row], parts.get(key, ()) if name == "rebuilt" else ())
            for (name, key), at in sorted(place.items(), key=lambda item: item[0][0])
            if (row := (CAP.get(name), key)) in rows
        ]  # fmt: skip
        matrix = form.matrix.tocsr()[self._rows].tocsc()
        self._plan_columns = np.setdiff1d(np.arange(matrix.shape[1]), self.columns)
        self._of_plan = matrix[:, self._plan_columns].tocsr()
        self._lower, self._upper = form.row_lower[self._rows], form.row_upper[self._rows]
        self._highs, own = solver(), matrix[:, self.columns]
        if len(self.columns):
            accepted(
                self._highs.passModel(
                    len(self.columns), len(self._rows), own.nnz, int(highspy.MatrixFormat.kColwise),
                    int(highspy.ObjSense.kMaximize), 0.0, self._had.astype(float), form.col_lower[self.columns],
                    form.col_upper[self.columns], self._lower, self._upper, own.indptr, own.indices, own.data,
                    np.zeros(len(self.columns), dtype=np.int32),
                ),
                "the recourse",
            )  # fmt: skip

    def best(self, values: Array) -> Array:
        """Values of the recourse with which most can be had of a plan, (recourse). values: of all columns, of which
        those of the plan count. Raises NumericalTrouble."""
        if not len(self.columns):
            return np.zeros(0)
        used = self._of_plan @ values[self._plan_columns]
        with self._lock:
            highs, rows = self._highs, np.arange(len(self._rows), dtype=np.int32)
            status = highs.changeRowsBounds(  # type: ignore[attr-defined]
                len(rows), rows, self._lower - used, self._upper - used
            )
            accepted(status, "a plan")
            set_option(highs, "solver", "simplex")
            if run(highs) != highspy.HighsModelStatus.kOptimal:
                optimum(highs, None, large=False)
            return np.array(highs.getSolution().col_value, dtype=float)

    def assumed(self, values: Array) -> list[Block]:
        """Blocks in which less can be had of a plan than all that is made and bought. values: as of `best`."""
        most = self._of_plan @ -values[self._plan_columns]
        all_of = np.zeros(len(self.columns))
        for at, row, made in self._caps:
            all_of[at] = most[row] + sum(all_of[part] for part in made)
        part = [np.bincount(self._block, self._had * each, len(self.blocks)) for each in (all_of, self.best(values))]
        return [self.blocks[at] for at in np.flatnonzero(part[0] - part[1] > TOO_MUCH * np.maximum(part[0], 1.0))]


class Library:
    """A long library, of which a model holds some blocks. held: these, more with every plan that assumes too much
    elsewhere."""

    def __init__(self, data: MixData) -> None:
        self.data, self.held, self.missed = data, set[Block](), set[Block]()
        self._model = build(data)
        self._form = Form(self._model, set())
        self._replay = Replay(self._model, self._form)

    def within(self) -> MixData:
        """What a model is stated from that holds these blocks, from now on with those that were missed."""
        self.held |= self.missed
        self.missed = set()
        return _within(self.data, self.held)

    def note(self, model: Any, form: Form, values: Array) -> None:
        """Note in which blocks that a model does not hold a plan of it assumes too much. values: of its columns."""
        whole = np.zeros(self._form.matrix.shape[1])
        for component in model.component_objects(pyo.Var, descend_into=False):
            there = self._model.component(component.local_name)
            if component.local_name in recourse.VARIABLES or there is None:
                continue
            for key, variable in component.items():
                at, to = form.column_of.get(id(variable)), self._form.column_of.get(id(there[key]))
                if at is not None and to is not None and at < len(values):
                    whole[to] = values[at]
        self.missed |= {block for block in self._replay.assumed(whole) if block not in self.held}


def nothing_held(data: MixData) -> MixData:
    """What a model is stated from in which no disruption takes anything."""
    return _within(data, set())


def _within(data: MixData, held: set[Block]) -> MixData:
    """Data with some blocks of the recourse alone."""
    return replace(
        data,
        accessible={key: kt for key, kt in data.accessible.items() if _block(key) in held},
        active=tuple(key for key in data.active if _block(key) in held),
        refined=tuple(key for key in data.refined if _block(key) in held),
        inputs={key: lines for key, lines in data.inputs.items() if _block(key) in held},
    )


def is_long(data: MixData) -> bool:
    """Whether a library has many blocks."""
    hit: Iterable[Key] = (*data.accessible, *data.inputs)
    return len({_block(key) for key in hit if data.weight[key[0]] > 0}) >= LONG


def _block(key: Key) -> Block:
    return key[0], key[1], key[-1]


def _places(
    model: Any, names: Iterable[str], place_of: dict[int, int], count: int
) -> tuple[Places, list[tuple[str, Key]]]:
    """Places of components in a form of so many, and their names and indices."""
    found = [
        (place, (name, key)) for name in names for key, data in getattr(model, name).items()
        if (place := place_of.get(id(data), count)) < count
    ]  # fmt: skip
    return np.array([place for place, _ in found], dtype=np.int64), [key for _, key in found]
