"""Parameters of stock, scrap and recycling, laid onto the axes of a run.

Every array has a leading axis of three: value, low, high; where a row gives no ends they equal the value. Series in
time are linear between given years and held beyond them: a rate without a newer figure stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Problem, listed
from ..haste import frozen, value_class
from .check import SHARE_TOLERANCE
from .codes import ANY, WORLD
from .finer import Rates
from .inputs import Inputs
from .names import Labels
from .read import OWN_LINE
from .series import Anchors, Datum, along, datum
from .yields import too_narrow, ways

Array = NDArray[np.float64]
#: Routes of recycling, in the order of their axis.
RECYCLING_ROUTES = ("pyro", "hydro", "direct")
STREAMS = ("end_of_life", "prompt")


@frozen
class Lifetime:
    """Life of one segment and chemistry: distribution, and mean (3, cohort) [years] and spread (cohort) [1]."""

    distribution: str
    mean: Array
    spread: Array


@value_class
class UpstreamWay:
    """A way from an upstream product to a mineral: kg of it per kg of the mineral (by route, or ''), as (value, low,
    high). together: label of ways that one mass serves at once, '' of one that adds to the others."""

    mineral: str
    route: str
    per_kg: tuple[float, float, float]
    together: str = ""


@value_class
class UpstreamNode:
    """An upstream product, and its ways to the minerals that it ends in."""

    node: str
    stage: str
    ways: tuple[UpstreamWay, ...]


@frozen
class AfterUse:
    """Lives, second lives, collection and recovery of batteries. What has them says of which labels: `Parameters` one
    for all regions and chemistries, `Detailed` by these.

    lifetime, second_lifetime: of first and of second lives; reuse_share, health: share that is used again, and what is
    left of it then; collection, second_collection: share that is collected after a first and after a second life;
    route: share of each route of recycling; recovery: share of a mineral that each recovers, by stream. Arrays are
    [1], with a leading axis of value, low and high, and years on the last.
    """

    lifetime: dict[tuple[str, ...], Lifetime]
    second_lifetime: dict[tuple[str, ...], Lifetime]
    reuse_share: Array
    health: Array
    collection: Array
    second_collection: Array
    route: Array
    recovery: dict[str, Array]


@frozen
class Detailed(AfterUse):
    """Parameters of stock and recycling of one scenario by region and chemistry, where own rows say them so
    (`finer.FINER`).

    lifetime: by (region, segment, base chemistry); second_lifetime: by (region, base chemistry). Of base chemistries,
    in the order of `chemistries`: reuse_share, health, collection: (3, region, segment, chemistry, year);
    second_collection: (3, region, chemistry, year); route: (3, region, chemistry, route, year); recovery: by stream (3,
    region, chemistry, route, mineral, year).
    """

    chemistries: tuple[str, ...]


@frozen
class Parameters(AfterUse):
    """All parameters of a run's stock, scrap and recycling. Leading axis: value, low, high.

    lifetime: by (segment, base chemistry); second_lifetime: by (), one for all; reuse_share and health: (3, segment,
    year); collection: (3, region, segment, year); second_collection: (3, region, year); route: (3, region, route,
    year); recovery: by stream (3, route, mineral, year); scrap and ramp: (3, age); material_price: of a node's product,
    (3, node, year) [USD_2025/kg or /kWh], NaN where there is no price; targets: rows of recycling_target; used: rows
    used, as lines by table; wider: (table, region, wider region whose rows serve it).
    """

    scrap: Array
    ramp: Array
    nodes: tuple[UpstreamNode, ...]
    material_price: Array
    targets: Sequence[Any]
    used: dict[str, list[int]]
    wider: tuple[tuple[str, str, str], ...] = ()


def parameters(
    inputs: Inputs, labels: Labels, years: Sequence[int], chemistries: Iterable[str], problems: list[Problem],
    second_life: bool = True,
) -> Parameters:  # fmt: skip
    """Lay the parameters onto regions, segments, minerals and consecutive years; missing ones are added to problems.

    second_life: whether the run has second lives; without, none of their share and health is missed.
    """
    return _Reader(inputs, labels, tuple(years), problems, second_life).read(list(chemistries))


def detailed(
    inputs: Inputs, labels: Labels, years: Sequence[int], chemistries: Sequence[str], scenario: str,
    problems: list[Problem], second_life: bool = True,
) -> tuple[Detailed, dict[str, list[int]], tuple[tuple[str, str, str], ...]]:  # fmt: skip
    """Parameters of one scenario by region and chemistry; lines of the rows used by table; (table, region, wider
    region whose rows serve it). scenario: of the tables, '' for what holds of all; missing rows are added to problems,
    second_life as of `parameters`.
    """
    reader = _Reader(inputs, labels, tuple(years), problems, second_life)
    found = reader.detailed(list(chemistries), scenario)
    return found, {table: sorted(lines) for table, lines in reader.used.items()}, tuple(reader.wider)


@frozen
class _Reader:
    inputs: Inputs
    labels: Labels
    years: tuple[int, ...]
    problems: list[Problem]
    #: Whether the run has second lives.
    second_life: bool = True
    used: dict[str, set[int]] = field(default_factory=dict)
    #: Lives of a segment's cells that have none of their own, by life and segment.
    lives: dict[tuple[str, str], Lifetime] = field(default_factory=dict)
    #: Lines of routes of recycling that do not add up to one.
    refused: set[int] = field(default_factory=set)
    #: Tables and regions served by the rows of a wider region than their own, the World aside.
    wider: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def read(self, chemistries: Sequence[str]) -> Parameters:
        regions, segments, minerals = self.labels.regions, self.labels.segments, self.labels.minerals
        lifetime: dict[tuple[str, ...], Lifetime]
        lifetime = {(s, c): self._lifetime("first", s, c) for s in segments for c in chemistries}
        nodes = tuple(self._nodes())
        out = Parameters(
            lifetime=lifetime,
            second_lifetime={(): self._lifetime("second", "stationary", ANY)},
            reuse_share=self._stack([self._series("second_life", segment=s, measure="share") for s in segments]),
            health=self._stack([self._series("second_life", segment=s, measure="health") for s in segments]),
            collection=self._stack(
                [self._stack([self._series("collection_rate", region=r, segment=s) for s in segments]) for r in regions]
            ),
            second_collection=self._stack(
                [self._series("collection_rate", region=r, segment="stationary") for r in regions]
            ),
            route=self._stack([self._routes(r) for r in regions]),
            recovery={
                stream: self._stack([
                    self._stack([
                        self._series("recovery_rate", stream=stream, recycling_route=p, mineral=m) for m in minerals
                    ])
                    for p in RECYCLING_ROUTES
                ])
                for stream in STREAMS
            },
            scrap=self._profile("line_scrap"),
            ramp=self._profile("line_ramp"),
            nodes=nodes,
            material_price=self._stack([self._price(node.node) for node in nodes]),
            targets=self.inputs.rows("recycling_target"),
            used={},
        )  # fmt: skip
        out.used.update({table: sorted(lines) for table, lines in self.used.items()})
        return replace(out, wider=tuple(self.wider))

    def detailed(self, chemistries: Sequence[str], scenario: str) -> Detailed:
        """Parameters by region and chemistry, of the rows that fit each best."""
        regions, segments, minerals = self.labels.regions, self.labels.segments, self.labels.minerals
        family = self.inputs.by_code("chemistries", "family")
        further = {"lifetime": ("life", "segment"), "second_life": ("segment", "measure"),
                   "collection_rate": ("segment",), "recovery_route": ("recycling_route",),
                   "recovery_rate": ("stream", "recycling_route", "mineral")}  # fmt: skip
        rates = {
            name: Rates.of(name, columns, self.inputs.rows(name), self.inputs.finer_rows(name))
            for name, columns in further.items()
        }
        series: dict[int, Array] = {}  # Most places are served by the same rows, which are then the same list.

        def rows(table: str, region: str, chemistry: str, *more: str) -> list[Any]:
            chain = self.inputs.places.chain(region)
            found = rates[table].best(scenario, chain, (chemistry, family[chemistry]), more)
            if not found:
                of = ", ".join(f"{name} = {label!r}" for name, label in zip(further[table], more, strict=True))
                self._missing(table, f"{chemistry} in {region}, {of}")
                return []
            if (place := getattr(found[0], "region", WORLD)) not in (region, WORLD, ANY):
                self.wider[table, region, place] = None
            self.used.setdefault(table, set()).update(row.line for row in found)
            return found

        def rate(table: str, region: str, chemistry: str, *more: str) -> Array:
            found = rows(table, region, chemistry, *more)
            if id(found) not in series:
                series[id(found)] = self._along(table, found)
            return series[id(found)]

        def life(which: str, region: str, segment: str, chemistry: str) -> Lifetime:
            return self._life_of(rows("lifetime", region, chemistry, which, segment), which, segment)

        def each(values: Callable[..., Array], *axes: Sequence[str]) -> Array:
            """(3, …, year) of what is (3, year) for labels of some axes."""
            found = np.array([values(*labels) for labels in product(*axes)])
            found = found.reshape(*map(len, axes), *found.shape[1:])
            return np.moveaxis(found, len(axes), 0)

        def by_use(table: str, *more: str) -> Array:
            return each(lambda r, s, c: rate(table, r, c, s, *more), regions, segments, chemistries)

        def routes(region: str, chemistry: str) -> Array:
            of = [rows("recovery_route", region, chemistry, route) for route in RECYCLING_ROUTES]
            found = np.stack([rate("recovery_route", region, chemistry, route) for route in RECYCLING_ROUTES], axis=1)
            self._check_routes(f"{chemistry} in {region}", of, found[0])
            return found

        return Detailed(
            chemistries=tuple(chemistries),
            lifetime={(r, s, c): life("first", r, s, c) for r in regions for s in segments for c in chemistries},
            second_lifetime={(r, c): life("second", r, "stationary", c) for r in regions for c in chemistries},
            reuse_share=by_use("second_life", "share"),
            health=by_use("second_life", "health"),
            collection=by_use("collection_rate"),
            second_collection=each(lambda r, c: rate("collection_rate", r, c, "stationary"), regions, chemistries),
            route=each(routes, regions, chemistries),
            recovery={
                stream: each(
                    lambda r, c, p, m, of=stream: rate("recovery_rate", r, c, of, p, m),
                    regions, chemistries, RECYCLING_ROUTES, minerals,
                )
                for stream in STREAMS
            },
        )  # fmt: skip

    def _missing(self, table: str, what: str) -> None:
        if table == "second_life" and not self.second_life:
            return  # Nothing is used again, whatever it would be.
        file = self.inputs.tables[table].file
        self.problems.append(Problem(file, 0, what, "no row; add one, or leave [flows] out of the run file"))

    def _rows(self, table: str, **select: str) -> list[Any]:
        """Rows of a table with these labels."""
        rows = self.inputs.rows_by(table, *select).get(tuple(select.values()), [])
        self.used.setdefault(table, set()).update(row.line for row in rows)
        return rows

    def _lifetime(self, life: str, segment: str, chemistry: str) -> Lifetime:
        rows = self._rows("lifetime", life=life, segment=segment, chemistry=chemistry)
        if not rows and chemistry != ANY:
            if (life, segment) not in self.lives:
                self.lives[life, segment] = self._lifetime(life, segment, ANY)
            return self.lives[life, segment]
        if not rows:
            self._missing("lifetime", f"life = {life!r}, segment = {segment!r}")
        return self._life_of(rows, life, segment)

    def _life_of(self, rows: list[Any], life: str, segment: str) -> Lifetime:
        """The life that rows of one place say; a placeholder where there are none, which is told elsewhere."""
        rows = sorted(rows, key=lambda row: row.cohort)
        if not rows:
            return Lifetime("fixed", np.ones((3, len(self.years))), np.zeros(len(self.years)))
        distributions = list(dict.fromkeys(row.distribution for row in rows))
        if len(distributions) > 1:
            where = f"life = {life!r}, segment = {segment!r}, chemistry = {rows[0].chemistry!r}"
            why = f"has distributions {listed(distributions)}; one series of cohorts needs one"
            self.problems.append(Problem(self.inputs.tables["lifetime"].file, rows[-1].line, where, why))
        # The latest row that is not after the cohort; years before the first row take the first.
        at = np.clip(np.searchsorted([row.cohort for row in rows], self.years, side="right") - 1, 0, None)
        spread = np.nan_to_num([row.spread for row in rows])
        return Lifetime(distributions[0], _ends(rows)[:, at], spread[at])

    def _series(self, table: str, **select: str) -> Array:
        """(3, year); where a region has no rows, those of the next wider one serve it."""
        return self._along(table, self._serving(table, **select))

    def _serving(self, table: str, **select: str) -> list[Any]:
        """Rows with these labels, of a region or the next wider one that has some; their lack is a problem."""
        rows: list[Any] = []
        if "region" not in select:
            rows = self._rows(table, **select)
        for place in self.inputs.places.chain(select["region"]) if "region" in select else ():
            if rows := self._rows(table, **{**select, "region": place}):
                if place not in (select["region"], WORLD):
                    self.wider[table, select["region"], place] = None
                break
        if not rows:
            self._missing(table, ", ".join(f"{column} = {label!r}" for column, label in select.items()))
        return rows

    def _along(self, table: str, rows: Sequence[Any]) -> Array:
        """(3, year) of the rows of one series; nothing where there are none, which is told elsewhere."""
        if not rows:
            return np.zeros((3, len(self.years)))
        anchors: Anchors = {row.year: {(): datum(row.value, row.low, row.high, table)} for row in rows}
        points = [point.datum for point in along(anchors, self.years)]
        return _triple(points)

    def _routes(self, region: str) -> Array:
        """Share of each route of recycling in a region, (3, route, year)."""
        of = [self._serving("recovery_route", region=region, recycling_route=route) for route in RECYCLING_ROUTES]
        found = self._stack([self._along("recovery_route", rows) for rows in of])
        self._check_routes(region, of, found[0])
        return found

    def _check_routes(self, where: str, of: Sequence[list[Any]], shares: Array) -> None:
        """Routes add up to one in every year, between and beyond the given ones too. of: rows of each route; shares:
        (route, year). What other places have of the same rows is told once."""
        wrong = np.abs(shares.sum(axis=0) - 1) > SHARE_TOLERANCE
        if not wrong.any() or not all(of):  # A route without rows is told as missing.
            return
        rows = [row for each in of for row in each]
        line = next((row.line for row in rows if row.line > OWN_LINE), rows[0].line)
        if line in self.refused:
            return
        self.refused.add(line)
        y = int(wrong.argmax())
        by_route = "; ".join(
            f"{route} in {listed([str(row.year) for row in each], 8)}"
            for route, each in zip(RECYCLING_ROUTES, of, strict=True)
        )
        total = f"{shares[:, y].sum():.6g}"
        why = f"routes add up to {total}, expected 1; they are given as {by_route}: give each of them a row"
        what = f"{where}, {self.years[y]}"
        file = self.inputs.tables["recovery_route"].file
        self.problems.append(Problem(file, line, what, f"{why} of the same labels and years, 0 where it has none"))

    def _price(self, node: str) -> Array:
        """(3, year); NaN where nobody prices the node, which is no price of zero."""
        if not self._rows("material_price", node=node):
            return np.full((3, len(self.years)), np.nan)
        return self._series("material_price", node=node)

    def _profile(self, table: str) -> Array:
        """(3, age) from age 0 to the last given one, linear between."""
        rows = sorted(self._rows(table), key=lambda row: row.age)
        if not rows or rows[0].age != 0:
            self._missing(table, "age = 0")
            return np.zeros((3, 1))
        ages = np.arange(rows[-1].age + 1)
        return np.stack([np.interp(ages, [row.age for row in rows], column) for column in _ends(rows)])

    def _nodes(self) -> Iterable[UpstreamNode]:
        """Each upstream product with its mass per mass of the minerals that it ends in."""
        stages = self.inputs.by_code("nodes", "stage")
        file = self.inputs.tables["stage_yield"].file
        for name, found in ways(self._rows("stage_yield")).items():
            if why := too_narrow((way.mineral for way in found), self.labels.minerals):
                self.problems.append(Problem(file, found[0].rows[0].line, f"node = {name!r}", why))
            mine = []
            for way in (each for each in found if each.mineral in self.labels.minerals):
                value, low, high = 1.0, 1.0, 1.0
                for row in way.rows:
                    ends = datum(row.value, row.low, row.high, file)
                    value, low, high = value * ends.value, low * ends.low, high * ends.high
                mine.append(UpstreamWay(way.mineral, way.route, (value, low, high), way.together))
            if mine:
                yield UpstreamNode(name, stages[name], tuple(mine))

    @staticmethod
    def _stack(parts: Sequence[Array]) -> Array:
        """Stack arrays of (3, …) on a new axis after the first."""
        return np.stack(parts, axis=1)


def _ends(rows: Sequence[Any]) -> Array:
    """(3, row): value, low and high, ends equal to the value where none are given."""
    value, low, high = np.array([(row.value, row.low, row.high) for row in rows], dtype=float).T
    return np.stack([value, np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)])


def _triple(points: Sequence[Datum]) -> Array:
    return np.array([[p.value for p in points], [p.low for p in points], [p.high for p in points]])
