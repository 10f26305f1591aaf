"""What the learning curves start from: anchors, learning rates, cumulative energy and regional prices of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..config import Run
from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import frozen
from .check import split
from .codes import WORLD
from .inputs import Inputs, UsedRows
from .reader import Reader

Array = NDArray[np.float64]
TABLES = ("cell_price", "cell_price_gap", "learning_rate", "cumulative_energy", "price_floor")


@frozen
class Learner:
    """A family with a price: what it starts from and how fast it learns.

    year, anchor: its last observed pack price of the world, (3,) value, low, high [USD_2025/kWh]; rate: (3,) [1];
    assumed: whether the rate is; learns_with: the family whose cumulative energy moves it; floor: what learning leaves
    of the price, (3,) [USD_2025/kWh], zero without a floor.
    """

    family: str
    year: int
    anchor: Array
    rate: Array
    assumed: bool
    learns_with: str
    floor: Array


@frozen
class Experience:
    """Energy put into use so far by families that learn together: at the end of given years, (3, year) [GWh]."""

    family: str
    members: tuple[str, ...]
    years: tuple[int, ...]
    energy: Array


class Pair(NamedTuple):
    """Price of a region and of the one that it is compared with, of the same thing in the same year.

    own, other: (3,) value, low, high, and the value of the other [USD_2025/kWh], or where only the gap is published
    (`relative`), over the price of the other.
    """

    region: str
    against: str
    level: str
    family: str
    year: int
    own: Array
    other: float
    relative: bool


@frozen
class PriceInputs:
    """All that the prices of a run rest on.

    observations: rows of cell_price that are packs of the world for all uses; pairs: of regional prices; tariff: on
    cells of the region they are compared with, in place already [1]; used: rows used, as inputs_used has them.
    """

    learners: tuple[Learner, ...]
    experience: dict[str, Experience]
    observations: tuple[Any, ...]
    pairs: tuple[Pair, ...]
    tariff: float
    used: UsedRows


def tariff_on(tariff: float | Mapping[str, float], country: str, inputs: Inputs) -> float:
    """Rate of a duty on what a country sells [1]: its own, else the highest of the groups it is in."""
    if not isinstance(tariff, Mapping):
        return tariff
    if country in tariff or not tariff:
        return tariff.get(country, 0.0)
    groups = inputs.rows_by("country_group", "country").get((country,), [])
    return max((tariff.get(row.group, 0.0) for row in groups), default=0.0)


def countries_in(inputs: Inputs, region: str) -> tuple[str, ...]:
    """Codes of the countries in a region, with those of groups that are taken as it."""
    places = inputs.places
    parts = [part for name in places.parts[region] for part in countries_in(inputs, name)]
    placed = [row.country for row in inputs.rows_by("countries", "region").get((region,), [])]
    return tuple(dict.fromkeys([*sorted(places.members[region]), *parts, *placed]))


def _tariff_problems(run: Run, inputs: Inputs) -> Iterable[Problem]:
    """Names in tables of duties that are no code of a country or of a group of countries."""
    prices = run.settings.prices
    assert prices is not None
    known = [*inputs.codes("country_groups"), *inputs.codes("countries")]
    for key in ("tariff", "car_tariff"):
        rates = getattr(prices, key)
        for name in rates if isinstance(rates, Mapping) else ():
            if name not in known:
                why = f"not in countries.csv or country_groups.csv{did_you_mean(name, known)}"
                yield run.problem(("prices", key, name), f"prices.{key}.{name}", why)


def price_inputs(run: Run, inputs: Inputs) -> PriceInputs:
    """Prices, rates and energies for a run with [prices]. Raises InputError with all that is missing."""
    return _Reader(run=run, inputs=inputs).read()


@dataclass(kw_only=True)
class _Reader(Reader):
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> PriceInputs:
        """Everything, or every problem."""
        world = self.inputs.rows_by("cell_price", "region", "level", "use").get((WORLD, "pack", "all"), [])
        learners = tuple(self._learners(world))
        groups = dict.fromkeys(learner.learns_with for learner in learners)
        experience = {group: self._experience(group) for group in groups}
        pairs = tuple(self._regional())
        self.problems += _tariff_problems(self.run, self.inputs)
        if self.problems:
            raise InputError(self.problems)
        learnt = {learner.family for learner in learners}
        observations = tuple(self.use("cell_price", [row for row in world if row.family in learnt]))
        used = self.used(TABLES)
        assert self.run.settings.prices is not None
        against = countries_in(self.inputs, self.run.settings.prices.against)
        rates = [tariff_on(self.run.settings.prices.tariff, country, self.inputs) for country in against]
        tariff = min(rates, default=0.0)
        return PriceInputs(learners, experience, observations, pairs, tariff, used)

    def _learners(self, world: Sequence[Any]) -> Sequence[Learner]:
        """Families with a learning rate, each anchored on its last observed price."""
        out = []
        for row in self.rows("learning_rate"):
            seen = [price for price in world if price.case == "observed" and price.family == row.family]
            if not seen:
                why = (
                    "no observed pack price of the World for all uses in cell_price.csv; add the row its curve starts "
                    "from, or remove its learning rate"
                )
                file = self.inputs.tables["learning_rate"].file
                self.problems.append(Problem(file, int(row.line), f"family = {row.family!r}", why))
                continue
            last = max(seen, key=_year)
            anchor = _three(last)
            floor = self._floor(row.family, anchor)
            assumed = row.quality == "assumed"
            out.append(Learner(row.family, last.year, anchor, _three(row), assumed, row.learns_with, floor))
        return out

    def _floor(self, family: str, anchor: Array) -> Array:
        """What learning leaves of the price of a family, (3,); zero where the run asks for no floor."""
        assert self.run.settings.prices is not None
        if self.run.settings.prices.floor == "none":
            return np.zeros(3)
        file = self.inputs.tables["price_floor"].file
        rows = self.rows("price_floor", family=family)
        if not rows:
            why = "no floor for a family with a learning rate; add the row, or leave prices.floor out"
            self.problems.append(Problem(file, 0, f"family = {family!r}", why))
            return np.zeros(3)
        floor = _three(rows[0])
        if (floor >= anchor).any():
            why = f"is not below the price the curve starts from ({', '.join(f'{each:g}' for each in anchor)})"
            self.problems.append(Problem(file, rows[0].line, f"value, low, high of {family}", why))
        return floor

    def _experience(self, family: str) -> Experience:
        rows = sorted(self.rows("cumulative_energy", family=family), key=_year)
        energy = np.stack([_three(row) for row in rows], axis=1)
        return Experience(family, tuple(split(rows[0].members)), tuple(row.year for row in rows), energy)

    def _regional(self) -> Iterable[Pair]:
        """Observed regional prices, each with that of the region they are compared with, and published gaps to it."""
        assert self.run.settings.prices is not None
        against = self.run.settings.prices.against
        observed = self.inputs.rows_by("cell_price", "case").get(("observed",), [])
        seen = [row for row in observed if row.region != WORLD]
        known = list(dict.fromkeys(row.region for row in seen))
        others = {(row.level, row.family, row.use, row.year): row for row in seen if row.region == against}
        if not others:
            if against in self.inputs.codes("regions"):
                why = f"no observed prices in cell_price.csv; regions with prices: {listed(known)}"
            else:
                near = did_you_mean(against, self.inputs.codes("regions"))
                why = f"not in regions.csv{near or f'; regions with prices: {listed(known)}'}"
            self.problems.append(self.run.problem(("prices", "against"), f"against = {against!r}", why))
        priced = [
            (row, others[key])
            for row in seen
            if row.region != against and (key := (row.level, row.family, row.use, row.year)) in others
        ]
        if others and not priced:
            why = f"no other region has a price of the same level, family, use and year ({listed(known)})"
            self.problems.append(self.run.problem(("prices", "against"), f"against = {against!r}", why))
        for own, other in priced:
            self.use("cell_price", (own, other))
            yield Pair(own.region, against, own.level, own.family, own.year, _three(own), other.value, False)
        for gap in self.rows("cell_price_gap", against=against):
            yield Pair(gap.region, against, gap.level, gap.family, gap.year, 1.0 + _three(gap), 1.0, True)


def _year(row: Any) -> int:
    return int(row.year)


def _three(row: Any) -> Array:
    """(value, low, high) of a row; ends equal the value where none are given."""
    ends = (row.value if np.isnan(end) else end for end in (row.low, row.high))
    return np.array([row.value, *ends], dtype=float)
