"""Parameters of stock, scrap and recycling, laid onto the axes of a run.

Every array has a leading axis of three: value, low, high; where a row gives no ends they equal the value. Series in
time are linear between given years and held beyond them: a rate without a newer figure stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import Problem, listed
from .inputs import Inputs
from .names import Labels
from .series import Datum, Given, along, datum

Array = NDArray[np.float64]
WORLD = "World"
ANY = "any"
ROUTES = ("pyro", "hydro", "direct")
STREAMS = ("end_of_life", "prompt")


@dataclass(frozen=True)
class Lifetime:
    """Life of one segment and chemistry: distribution, and mean (3, cohort) [years] and spread (cohort) [1]."""

    distribution: str
    mean: Array
    spread: Array


@dataclass(frozen=True)
class Node:
    """An upstream product: kg of it per kg of the mineral (by route, or '') that it ends in, as (value, low, high)."""

    node: str
    stage: str
    mineral: str
    route: str
    per_kg: tuple[float, float, float]


@dataclass(frozen=True)
class Parameters:
    """All parameters of a run's stock, scrap and recycling. Leading axis: value, low, high.

    lifetime: by (segment, base chemistry); second_lifetime: in second life; reuse_share and health: (3, segment, year);
    collection: (3, region, segment, year); second_collection: of spent second lives, (3, region, year); route: (3,
    region, route, year); recovery: by stream (3, route, mineral, year); scrap and ramp: (3, age); targets: rows of
    recycling_target; used: rows used, as lines by table.
    """

    lifetime: dict[tuple[str, str], Lifetime]
    second_lifetime: Lifetime
    reuse_share: Array
    health: Array
    collection: Array
    second_collection: Array
    route: Array
    recovery: dict[str, Array]
    scrap: Array
    ramp: Array
    nodes: tuple[Node, ...]
    targets: pd.DataFrame
    used: dict[str, list[int]]


def parameters(
    inputs: Inputs, labels: Labels, years: Sequence[int], chemistries: Iterable[str], problems: list[Problem]
) -> Parameters:
    """Lay the parameters onto regions, segments, minerals and consecutive years; missing ones are added to problems."""
    return _Reader(inputs, labels, tuple(years), problems).read(list(chemistries))


@dataclass
class _Reader:
    inputs: Inputs
    labels: Labels
    years: tuple[int, ...]
    problems: list[Problem]
    used: dict[str, set[int]] = field(default_factory=dict)
    #: Places of the rows of a table by their labels in some of its columns.
    groups: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = field(default_factory=dict)
    #: Lives of a segment's cells that have none of their own, by life and segment.
    lives: dict[tuple[str, str], Lifetime] = field(default_factory=dict)

    def read(self, chemistries: Sequence[str]) -> Parameters:
        regions, segments, minerals = self.labels.regions, self.labels.segments, self.labels.minerals
        lifetime = {(s, c): self._lifetime("first", s, c) for s in segments for c in chemistries}
        out = Parameters(
            lifetime=lifetime,
            second_lifetime=self._lifetime("second", "stationary", ANY),
            reuse_share=self._stack([self._series("second_life", segment=s, measure="share") for s in segments]),
            health=self._stack([self._series("second_life", segment=s, measure="health") for s in segments]),
            collection=self._stack(
                [self._stack([self._series("collection_rate", region=r, segment=s) for s in segments]) for r in regions]
            ),
            second_collection=self._stack(
                [self._series("collection_rate", region=r, segment="stationary") for r in regions]
            ),
            route=self._stack([
                self._stack([self._series("recovery_route", region=r, recycling_route=p) for p in ROUTES])
                for r in regions
            ]),
            recovery={
                stream: self._stack([
                    self._stack([
                        self._series("recovery_rate", stream=stream, recycling_route=p, mineral=m) for m in minerals
                    ])
                    for p in ROUTES
                ])
                for stream in STREAMS
            },
            scrap=self._profile("line_scrap"),
            ramp=self._profile("line_ramp"),
            nodes=tuple(self._nodes()),
            targets=self.inputs["recycling_target"],
            used={},
        )  # fmt: skip
        out.used.update({table: sorted(lines) for table, lines in self.used.items()})
        return out

    def _missing(self, table: str, what: str) -> None:
        file = self.inputs.tables[table].file
        self.problems.append(Problem(file, 0, what, "no row; add one, or leave [flows] out of the run file"))

    def _rows(self, table: str, **select: str) -> pd.DataFrame:
        """Rows of a table with these labels."""
        frame, columns = self.inputs[table], tuple(select)
        if not columns:
            self.used.setdefault(table, set()).update(frame["line"].tolist())
            return frame
        if (table, columns) not in self.groups:
            groups: dict[tuple[str, ...], list[int]] = {}
            for at, labels in enumerate(zip(*(frame[column].tolist() for column in columns), strict=True)):
                groups.setdefault(labels, []).append(at)
            self.groups[table, columns] = groups
        frame = frame.take(self.groups[table, columns].get(tuple(select.values()), []))
        self.used.setdefault(table, set()).update(frame["line"].tolist())
        return frame

    def _lifetime(self, life: str, segment: str, chemistry: str) -> Lifetime:
        frame = self._rows("lifetime", life=life, segment=segment, chemistry=chemistry)
        if not len(frame) and chemistry != ANY:
            if (life, segment) not in self.lives:
                self.lives[life, segment] = self._lifetime(life, segment, ANY)
            return self.lives[life, segment]
        frame = frame.sort_values("cohort")
        if not len(frame):
            self._missing("lifetime", f"life = {life!r}, segment = {segment!r}")
            return Lifetime("fixed", np.ones((3, len(self.years))), np.zeros(len(self.years)))
        if frame["distribution"].nunique() > 1:
            where = f"life = {life!r}, segment = {segment!r}, chemistry = {frame['chemistry'].iloc[0]!r}"
            why = f"has distributions {listed(frame['distribution'].unique())}; one series of cohorts needs one"
            self.problems.append(Problem(self.inputs.tables["lifetime"].file, int(frame["line"].iloc[-1]), where, why))
        # The latest row that is not after the cohort; years before the first row take the first.
        at = np.clip(np.searchsorted(frame["cohort"].to_numpy(), self.years, side="right") - 1, 0, None)
        ends = _ends(frame)
        return Lifetime(frame["distribution"].iloc[0], ends[:, at], frame["spread"].fillna(0.0).to_numpy()[at])

    def _series(self, table: str, **select: str) -> Array:
        """(3, year); where a region has no rows, World's serve it."""
        frame = self._rows(table, **select)
        if not len(frame) and "region" in select:
            frame = self._rows(table, **{**select, "region": WORLD})
        if not len(frame):
            self._missing(table, ", ".join(f"{column} = {label!r}" for column, label in select.items()))
            return np.zeros((3, len(self.years)))
        numbers = (frame[column].tolist() for column in ("year", "value", "low", "high"))
        given: Given = {
            year: {(): datum(value, low, high, table)} for year, value, low, high in zip(*numbers, strict=True)
        }
        points = [point.datum for point in along(given, self.years)]
        return _triple(points)

    def _profile(self, table: str) -> Array:
        """(3, age) from age 0 to the last given one, linear between."""
        frame = self._rows(table).sort_values("age")
        if not len(frame) or frame["age"].iloc[0] != 0:
            self._missing(table, "age = 0")
            return np.zeros((3, 1))
        ages = np.arange(frame["age"].iloc[-1] + 1)
        return np.stack([np.interp(ages, frame["age"], column) for column in _ends(frame)])

    def _nodes(self) -> Iterable[Node]:
        """Each upstream product with its mass per mass of the mineral its chain ends in."""
        frame = self._rows("stage_yield")
        rows = {row.node: row for row in frame.itertuples()}
        stages = dict(zip(self.inputs["nodes"]["node"], self.inputs["nodes"]["stage"], strict=True))
        file = self.inputs.tables["stage_yield"].file
        for name, row in rows.items():
            chain, at = [name], row
            ratio = [1.0, 1.0, 1.0]
            while True:
                ends = datum(at.value, at.low, at.high, file)
                ratio = [ratio[0] * ends.value, ratio[1] * ends.low, ratio[2] * ends.high]
                target, _, route = at.feeds.partition(":")
                if target not in rows:
                    break
                if target in chain:
                    why = f"feeds itself through {' → '.join([*chain, target])}"
                    self.problems.append(Problem(file, int(row.line), f"node = {name!r}", why))
                    break
                chain.append(target)
                at = rows[target]
            if target in self.labels.minerals:
                yield Node(name, stages[name], target, route, (ratio[0], ratio[1], ratio[2]))
            elif target not in self.inputs.codes("minerals"):
                why = f"neither a node nor a mineral ({at.feeds!r}); name one of them"
                self.problems.append(Problem(file, int(at.line), f"feeds = {at.feeds!r}", why))

    @staticmethod
    def _stack(parts: Sequence[Array]) -> Array:
        """Stack arrays of (3, …) on a new axis after the first."""
        return np.stack(parts, axis=1)


def _ends(frame: pd.DataFrame) -> Array:
    """(3, row): value, low and high, ends equal to the value where none are given."""
    value = frame["value"].to_numpy(dtype=float)
    return np.stack([value, frame["low"].fillna(frame["value"]), frame["high"].fillna(frame["value"])])


def _triple(points: Sequence[Datum]) -> Array:
    return np.array([[p.value for p in points], [p.low for p in points], [p.high for p in points]])
