"""Prices by chemistry of a run with [prices]: curves moved by the world's batteries, and what closes the cost gap.

The curves always learn with the whole world's batteries, whatever regions the run is about: makers sell everywhere, and
what is learnt in one place is for sale in the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..config import Prices, Run, RunFile, Scenario, Scope, Years
from ..errors import InputError, Problem
from ..haste import frozen
from ..prices import learning, parity
from ..prices.learning import Array
from ..tables.codes import WORLD
from ..tables.inputs import Inputs, UsedRows
from ..tables.names import uses_once
from ..tables.prices import Experience, Learner, Pair, PriceInputs, price_inputs
from ..tables.resolve import Resolved, resolve
from .arrays import Arrays

PRICE = "USD_2025/kWh"
WORLD_TABLES = ("battery_demand", "market_share")
#: What is fitted: the family whose observed prices are many, and with it all that learn with the same energy.
FITTED = "Li-ion"

#: Cumulative energy of families that learn together: years, and (3, year) value, low, high [GWh].
Energies = Mapping[str, tuple[tuple[int, ...], Array]]


class FamilyCurve(NamedTuple):
    """Price of a family from its anchor on: years, (3, year) [USD_2025/kWh], and doublings since the anchor (year)."""

    years: tuple[int, ...]
    values: Array
    doublings: Array


class Parity(NamedTuple):
    """What closes the gap of one regional price in one year. measure: gap, tariff or credit, in `unit`; ends: value,
    low, high."""

    scenario: str
    pair: Pair
    measure: str
    year: int
    ends: tuple[float, float, float]
    unit: str


@frozen
class PriceCurves:
    """Prices of a run, each computed on first use.

    config: [prices]; inputs: what the curves start from; years: those of the scope that have a price; energy: of each
    world scenario; used: rows that prices rest on, as inputs_used has them.
    """

    config: Prices
    inputs: PriceInputs
    years: tuple[int, ...]
    energy: Mapping[str, Energies]
    used: tuple[UsedRows, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """World scenarios, of which the first is the one that packs are priced by."""
        return self.config.adoption

    @cached_property
    def energy_at_observations(self) -> Array:
        """Cumulative energy in the year of each published price, (point) [GWh]; NaN where nothing counts it."""
        first, experience = self.energy[self.scenarios[0]], self.inputs.experience
        learns = {learner.family: learner.learns_with for learner in self.inputs.learners}
        known = [_at(experience[learns[row.family]], first, row.year) for row in self.inputs.observations]
        return np.array([np.nan if each is None else each[0] for each in known])

    @cached_property
    def fit(self) -> learning.Fit | None:
        """The learning rate of the observed prices of lithium-ion; None where they are fewer than three."""
        prices = self.inputs.observations
        observed = np.array([row.case == "observed" and row.family == FITTED for row in prices], dtype=bool)
        fitted = observed & ~np.isnan(self.energy_at_observations)
        if fitted.sum() < 3:
            return None
        floor = next(learner.floor[0] for learner in self.inputs.learners if learner.family == FITTED)
        above = np.array([row.value for row in prices])[fitted] - floor
        return learning.fit(self.energy_at_observations[fitted], above) if (above > 0).all() else None

    @cached_property
    def learners(self) -> tuple[Learner, ...]:
        """Families with the rate that the run file names: that of the table, or the fitted one. Raises InputError."""
        return tuple(_with_rate(learner, self.config, self.fit) for learner in self.inputs.learners)

    @cached_property
    def curves(self) -> Mapping[str, Mapping[str, FamilyCurve]]:
        """Curve of each family from the year of its anchor on, by world scenario."""
        return {
            name: {each.family: _curve(each, self.energy[name]) for each in self.learners} for name in self.scenarios
        }

    @cached_property
    def needs(self) -> Array:
        """Cumulative energy at which the family's curve comes to each published price that is not observed, (point)
        [GWh]; NaN for observed ones, and where none does."""
        prices, first = self.inputs.observations, self.energy[self.scenarios[0]]
        out = np.full(len(prices), np.nan)
        for learner in self.learners:
            years, values = first[learner.learns_with]
            then = values[0, years.index(learner.year)]
            mine = [at for at, row in enumerate(prices) if row.family == learner.family and row.case != "observed"]
            wanted, rate, floor = np.array([prices[at].value for at in mine]), learner.rate[0], learner.floor[0]
            at = learning.energy_for(wanted, learner.anchor[0], then, rate, floor)
            out[mine] = np.where(np.isfinite(at), at, np.nan)
        return out

    @cached_property
    def parity(self) -> tuple[Parity, ...]:
        """What closes the gap of each regional price in each year: gap, tariff and credit.

        Ends: the region's own low and high price against the other's central one, since a price above another's moves
        with it. After the year of the prices both fall as the family's curve does, so the tariff stays and the credit
        falls. Where the gap alone is published, the tariff is all that is known, and that only beside no credit.
        """
        return tuple(each for name in self.scenarios for each in self._parity(name))

    def with_more(self, more: Mapping[str, Mapping[int, float]]) -> PriceCurves:
        """The same, but in the first world scenario more batteries are put into use. more: by family of chemistries.csv
        and year [GWh], below nothing where they are fewer."""
        first, energy = self.scenarios[0], {}
        for name, (years, values) in self.energy[self.scenarios[0]].items():
            members = self.inputs.experience[name].members
            added = [sum(more.get(member, {}).get(year, 0.0) for member in members) for year in years]
            energy[name] = years, values + np.cumsum(added)
        return replace(self, energy={**self.energy, first: energy})

    def by_year(self) -> Mapping[str, Mapping[int, float]]:
        """Central price by family and year [USD_2025/kWh], in the first world scenario."""
        return {
            family: {year: float(value) for year, value in zip(curve.years, curve.values[0], strict=True)
                     if year in self.years}
            for family, curve in self.curves[self.scenarios[0]].items()
        }  # fmt: skip

    def _parity(self, scenario: str) -> Iterator[Parity]:
        config, curves, tariff = self.config, self.curves[scenario], self.inputs.tariff
        for pair in self.inputs.pairs:
            if pair.family not in curves or (pair.relative and config.credit):
                continue
            years, values, _ = curves[pair.family]
            then = values[0][years.index(pair.year) if pair.year in years else 0]
            for year, factor in zip(years, values[0] / then, strict=True):
                if year not in self.years or year < pair.year:
                    continue
                cell = pair.own * factor
                rival = pair.other * factor
                found = {
                    "gap": (parity.gap(cell, rival), PRICE),
                    "tariff": (parity.tariff(cell, rival, config.credit), "1"),
                    "credit": (parity.credit(cell, rival, tariff), PRICE),
                }
                for measure, (three, unit) in found.items():
                    if pair.relative and measure != "tariff":
                        continue
                    value, low, high = map(float, three)
                    yield Parity(scenario, pair, measure, year, (value, low, high), unit)


def price_curves(run: Run, inputs: Inputs) -> PriceCurves:
    """Learning curves of a run with [prices].

    Raises InputError with all that does not fit, at its place in the run file or the input tables.
    """
    config = run.settings.prices
    assert config is not None
    start = price_inputs(run, inputs)
    years = run.settings.scope.years.labels()
    _check_anchors(start)
    first = max(learner.year for learner in start.learners)
    if years[-1] < first:
        why = f"prices start from those of {first}; let the scope reach beyond it, or leave [prices] out"
        raise InputError([run.problem(("scope", "years"), f"scope ends in {years[-1]}", why)])
    world = _world(run, config, start, inputs, max(years[-1], first))
    energy = {name: _energies(Arrays(world), name, start, _families(inputs)) for name in config.adoption}
    with_price = tuple(year for year in years if year >= first)
    return PriceCurves(config, start, with_price, energy, (_of_world_tables(world), start.used))


def batteries_of_trend(run: Run, inputs: Inputs) -> tuple[dict[str, dict[int, float]], UsedRows]:
    """Batteries of a run's own regions and segments in the first world scenario that its prices learn along, by family
    and year of the scope [GWh]; and the rows that they rest on."""
    config, scope = run.settings.prices, run.settings.scope
    assert config is not None
    name = config.adoption[0]
    here = scope.model_copy(update={"beyond": "hold"})
    resolved = resolve(_along(run, config, here, (name,)), inputs)
    arrays, family = Arrays(resolved), _families(inputs)
    cells = np.einsum("rsy,rscy->cy", arrays.additions[name][0], arrays.share[name][0])
    out: dict[str, dict[int, float]] = {}
    for place, (code, _) in enumerate(resolved.chemistries.labels):
        by_year = out.setdefault(family[code], {})
        for year in resolved.reported:
            gwh = float(cells[place, resolved.years.labels.index(year)])
            by_year[year] = by_year.get(year, 0.0) + gwh
    return out, _of_world_tables(resolved)


def _of_world_tables(resolved: Resolved) -> UsedRows:
    """Rows that a number of batteries rests on."""
    return resolved.used.of_tables(WORLD_TABLES)


def about_prices(run: Run, inputs: Inputs) -> dict[str, dict[str, str]]:
    """Label and caveat of each world scenario of the prices, for the record."""
    config = run.settings.prices
    assert config is not None
    label, caveat = (inputs.by_code("scenarios", column) for column in ("label", "caveat"))
    return {
        name: {
            "label": label[name],
            "demand": config.demand,
            "caveat": " ".join(dict.fromkeys(filter(None, (caveat[config.demand], caveat[name])))),
        }
        for name in config.adoption
    }


def _check_anchors(start: PriceInputs) -> None:
    """A curve starts in a year whose cumulative energy is known. Raises InputError."""
    problems = []
    for learner in start.learners:
        counted = start.experience[learner.learns_with].years[-1]
        if learner.year < counted:
            why = (
                f"the price of {learner.family} is of {learner.year}, before its energy is counted ({counted}); add "
                f"the energy to the end of {learner.year} as the last row, or a newer price to cell_price.csv"
            )
            problems.append(Problem("cumulative_energy.csv", 0, f"family = {learner.learns_with!r}", why))
    if problems:
        raise InputError(problems)


def _world(run: Run, config: Prices, start: PriceInputs, inputs: Inputs, last: int) -> Resolved:
    """The batteries of the whole world from the first year that is counted, in each adoption scenario of the run."""
    first = 1 + min(each.years[-1] for each in start.experience.values())
    years, segments = Years(first=first, last=last), uses_once(config.demand, inputs)
    scope = Scope(regions=(WORLD,), segments=segments, years=years, beyond=run.settings.scope.beyond)
    return resolve(_along(run, config, scope, config.adoption), inputs)


def _families(inputs: Inputs) -> dict[str, str]:
    """Family of each chemistry."""
    return inputs.by_code("chemistries", "family")


def _along(run: Run, config: Prices, scope: Scope, adoptions: Sequence[str]) -> Run:
    """A run of the demand and adoptions of [prices] alone."""
    scenarios = {name: Scenario(demand=config.demand, adoption=name) for name in adoptions}
    # The names are those of input tables, which need not be names of a run file's own scenarios.
    settings = RunFile.model_construct(title=run.settings.title, scope=scope, scenario=scenarios)
    places: dict[tuple[str, ...], tuple[str, int]] = {
        ("scenario", name, key): run.place("prices", key) for name in adoptions for key in ("demand", "adoption")
    } | {("scope", key): run.place("prices", "demand") for key in ("regions", "years")}
    return Run(run.name, run.path, settings, dict.fromkeys(scenarios, ()), (), places)


def _energies(arrays: Arrays, scenario: str, start: PriceInputs, family: Mapping[str, str]) -> Energies:
    """Cumulative energy of each family that learns, from the last row that counts it on."""
    world = arrays.resolved
    cells = np.einsum("drsy,drscy->cy", arrays.additions[scenario], arrays.share[scenario])
    years = np.array(world.years.labels)
    out: dict[str, tuple[tuple[int, ...], Array]] = {}
    for name, each in start.experience.items():
        mine = [place for place, (code, _) in enumerate(world.chemistries.labels) if family[code] in each.members]
        after = years > each.years[-1]
        added = cells[mine].sum(axis=0)[after]
        out[name] = (
            (each.years[-1], *(int(year) for year in years[after])),
            learning.cumulative(each.energy[:, -1], np.broadcast_to(added, (3, len(added)))),
        )
    return out


def _at(each: Experience, energy: Energies, year: int) -> Array | None:
    """Cumulative energy at the end of a year, (3,), or None where nothing counts it."""
    if year in each.years:
        return np.asarray(each.energy[:, each.years.index(year)])
    years, values = energy[each.family]
    return np.asarray(values[:, years.index(year)]) if year in years else None


def _with_rate(learner: Learner, config: Prices, fit: learning.Fit | None) -> Learner:
    """The learner with the rate that the run file names: that of the table, or the fitted one."""
    if config.rate == "published" or learner.learns_with != FITTED:
        return learner
    if fit is None:
        above = " above the floor" if config.floor != "none" else ""
        file = "cell_price.csv"
        why = f"a fit needs three observed prices of {FITTED} or more{above}; use rate = 'published'"
        raise InputError([Problem(file, 0, "rate = 'fitted'", why)])
    rate = np.clip([fit.rate, fit.low, fit.high], 0.0, None)
    return replace(learner, rate=rate)


def _curve(learner: Learner, energy: Energies) -> FamilyCurve:
    """The family's curve from the year of its anchor on."""
    years, values = energy[learner.learns_with]
    at = years.index(learner.year)
    curve = learning.curve(learner.anchor, values[:, at:], 0, learner.rate, learner.floor)
    return FamilyCurve(years[at:], curve, learning.doublings(values[0, at:], values[0, at]))
