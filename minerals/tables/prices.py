"""What the learning curves start from: anchors, learning rates, cumulative energy and regional prices of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..config import Run
from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import frozen
from .check import split
from .codes import WORLD
from .inputs import Inputs
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


@frozen
class PriceInputs:
    """All that the prices of a run rest on.

    points: pack prices of the world for all uses (case, family, year, value, low, high, source); own, other: rows of
    regions, and of the region they are compared with, that price the same thing in the same year, paired by row, in
    USD_2025/kWh, or where only the gap is published (`relative`), over the price of the other;
    tariff: on cells of the region they are compared with, in place already [1]; used: rows used, as inputs_used has
    them.
    """

    learners: tuple[Learner, ...]
    experience: dict[str, Experience]
    observations: pd.DataFrame
    own: pd.DataFrame
    other: pd.DataFrame
    tariff: float
    used: pd.DataFrame


def tariff_on(tariff: float | Mapping[str, float], country: str, inputs: Inputs) -> float:
    """Rate of a duty on what a country sells [1]: its own, else the highest of the groups it is in."""
    if not isinstance(tariff, Mapping):
        return tariff
    if country in tariff or not tariff:
        return tariff.get(country, 0.0)
    frame = inputs["country_group"]
    return max((tariff.get(group, 0.0) for group in frame.loc[frame["country"] == country, "group"]), default=0.0)


def countries_in(inputs: Inputs, region: str) -> tuple[str, ...]:
    """Codes of the countries in a region, with those of groups that are taken as it."""
    places, frame = inputs.places, inputs["countries"]
    parts = [part for name in places.parts[region] for part in countries_in(inputs, name)]
    placed = frame.loc[frame["region"] == region, "country"]
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
        prices = self.inputs["cell_price"]
        world = prices[(prices["region"] == WORLD) & (prices["level"] == "pack") & (prices["use"] == "all")]
        learners = tuple(self._learners(world))
        groups = dict.fromkeys(learner.learns_with for learner in learners)
        experience = {group: self._experience(group) for group in groups}
        own, other = self._regional(prices)
        self.problems += _tariff_problems(self.run, self.inputs)
        if self.problems:
            raise InputError(self.problems)
        observations = world[world["family"].isin([learner.family for learner in learners])]
        self.mark("cell_price", observations["line"])
        observations = observations[["case", "family", "year", "value", "low", "high", "unit", "source", "quality"]]
        used = self.used(TABLES)
        assert self.run.settings.prices is not None
        against = countries_in(self.inputs, self.run.settings.prices.against)
        rates = [tariff_on(self.run.settings.prices.tariff, country, self.inputs) for country in against]
        tariff = min(rates, default=0.0)
        return PriceInputs(learners, experience, observations.reset_index(drop=True), own, other, tariff, used)

    def _learners(self, world: pd.DataFrame) -> Sequence[Learner]:
        """Families with a learning rate, each anchored on its last observed price."""
        out = []
        rates = self.inputs["learning_rate"]
        self.mark("learning_rate", rates["line"])
        for row in rates.itertuples():
            seen = world[(world["case"] == "observed") & (world["family"] == row.family)]
            if not len(seen):
                why = (
                    "no observed pack price of the World for all uses in cell_price.csv; add the row its curve starts "
                    "from, or remove its learning rate"
                )
                file = self.inputs.tables["learning_rate"].file
                self.problems.append(Problem(file, int(row.line), f"family = {row.family!r}", why))
                continue
            last = seen.loc[seen["year"].idxmax()]
            rate = _three(row.value, row.low, row.high)
            anchor = _three(last["value"], last["low"], last["high"])
            floor = self._floor(str(row.family), anchor)
            assumed, learns_with = row.quality == "assumed", str(row.learns_with)
            out.append(Learner(row.family, int(last["year"]), anchor, rate, assumed, learns_with, floor))
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
        floor = _three(rows[0].value, rows[0].low, rows[0].high)
        if (floor >= anchor).any():
            why = f"is not below the price the curve starts from ({', '.join(f'{each:g}' for each in anchor)})"
            self.problems.append(Problem(file, rows[0].line, f"value, low, high of {family}", why))
        return floor

    def _experience(self, family: str) -> Experience:
        rows = self.inputs["cumulative_energy"]
        rows = rows[rows["family"] == family].sort_values("year")
        self.mark("cumulative_energy", rows["line"])
        energy = np.stack([_three(row.value, row.low, row.high) for row in rows.itertuples()], axis=1)
        members = tuple(split(str(rows["members"].iloc[0])))
        return Experience(family, members, tuple(int(year) for year in rows["year"]), energy)

    def _regional(self, prices: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Observed regional prices, each with that of the region they are compared with."""
        assert self.run.settings.prices is not None
        against = self.run.settings.prices.against
        seen = prices[(prices["case"] == "observed") & (prices["region"] != WORLD)]
        known = list(dict.fromkeys(seen["region"]))
        other = seen[seen["region"] == against]
        if not len(other):
            if against in self.inputs.codes("regions"):
                why = f"no observed prices in cell_price.csv; regions with prices: {listed(known)}"
            else:
                near = did_you_mean(against, self.inputs.codes("regions"))
                why = f"not in regions.csv{near or f'; regions with prices: {listed(known)}'}"
            self.problems.append(self.run.problem(("prices", "against"), f"against = {against!r}", why))
        keys = ["level", "family", "use", "year"]
        pairs = seen[seen["region"] != against].merge(other, on=keys, suffixes=("", "_other"))
        if len(other) and not len(pairs):
            why = f"no other region has a price of the same level, family, use and year ({listed(known)})"
            self.problems.append(self.run.problem(("prices", "against"), f"against = {against!r}", why))
        self.mark("cell_price", pairs["line"])
        self.mark("cell_price", pairs["line_other"])
        values = ["value", "low", "high"]
        own = pairs[["region", *keys, *values]].assign(relative=False)
        names = {f"{name}_other": name for name in values}
        rival = pairs[["region_other", *keys, *names]].rename(columns={"region_other": "region", **names})
        gaps = self.inputs["cell_price_gap"]
        gaps = gaps[gaps["against"] == against]
        self.mark("cell_price_gap", gaps["line"])
        over = gaps[["region", *keys, *values]].assign(relative=True)
        over[values] += 1.0
        one = gaps[["against", *keys, *values]].rename(columns={"against": "region"})
        one[values] = 1.0
        return pd.concat([own, over], ignore_index=True), pd.concat([rival, one], ignore_index=True)


def _three(value: float, low: float, high: float) -> Array:
    """(value, low, high); ends equal the value where none are given."""
    return np.array([value, value if np.isnan(low) else low, value if np.isnan(high) else high], dtype=float)
