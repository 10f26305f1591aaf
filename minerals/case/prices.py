"""Prices by chemistry of a run with [prices]: curves moved by the world's batteries, and what closes the cost gap.

The curves always learn with the whole world's batteries, whatever regions the run is about: makers sell everywhere, and
what is learnt in one place is for sale in the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..config import Prices, Run, RunFile, Scenario, Scope, Years
from ..errors import InputError, Problem
from ..prices import learning, parity
from ..prices.learning import Array
from ..results.finite import refuse_unfit
from ..tables.inputs import Inputs, joined
from ..tables.names import WORLD
from ..tables.prices import Experience, Learner, PriceInputs, price_inputs
from ..tables.resolve import Resolved, resolve
from .arrays import additions_of, share_of

PRICE = "USD_2025/kWh"
#: Tables of a run with [prices].
PRICES = ("price", "price_points", "learning_rate", "cumulative_energy", "price_parity")
WORLD_TABLES = ("battery_demand", "market_share")
#: What is fitted: the family whose observed prices are many, and with it all that learn with the same energy.
FITTED = "Li-ion"


def prices(run: Run, inputs: Inputs) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables price, price_points, learning_rate, cumulative_energy and price_parity; and the rows they rest on.

    Raises InputError with all that does not fit, at its place in the run file or the input tables.
    """
    asked = run.settings.prices
    assert asked is not None
    start = price_inputs(run, inputs)
    years = run.settings.scope.years.labels()
    _check_anchors(start)
    first = max(learner.year for learner in start.learners)
    if years[-1] < first:
        why = f"prices start from those of {first}; let the scope reach beyond it, or leave [prices] out"
        raise InputError([run.problem(("scope", "years"), f"scope ends in {years[-1]}", why)])
    world = _world(run, asked, start, inputs, max(years[-1], first))
    family = dict(zip(inputs["chemistries"]["chemistry"], inputs["chemistries"]["family"], strict=True))
    energy = {name: _energies(world, name, start, family) for name in asked.adoption}
    counted = pd.concat([_energy_table(name, energy[name]) for name in energy], ignore_index=True)
    refuse_unfit({"cumulative_energy": counted}, joined(world.inputs_used, start.used))
    fit, points = _fit(start, energy[asked.adoption[0]])
    learners = [_with_rate(learner, asked, start, fit) for learner in start.learners]
    made = {name: dict(_curves(learners, energy[name])) for name in asked.adoption}
    wanted = [year for year in years if year >= first]
    tables = {
        "price": pd.concat([_curve_table(name, made[name], wanted) for name in asked.adoption], ignore_index=True),
        "price_points": _with_needs(points, learners, energy[asked.adoption[0]]),
        "learning_rate": _rate_table(start.learners, learners, fit),
        "cumulative_energy": counted,
        "price_parity": pd.concat(
            [_parity_table(name, asked, start, made[name], wanted) for name in asked.adoption], ignore_index=True
        ),
    }
    used = world.inputs_used[world.inputs_used["table"].isin(WORLD_TABLES)]
    return tables, joined(used, start.used)


def about(run: Run, inputs: Inputs) -> dict[str, dict[str, str]]:
    """Label and caveat of each world scenario of the prices, for the record."""
    asked = run.settings.prices
    assert asked is not None
    known = inputs["scenarios"].set_index("scenario")
    return {
        name: {
            "label": str(known.loc[name, "label"]),
            "demand": asked.demand,
            "caveat": " ".join(
                dict.fromkeys(filter(None, (str(known.loc[part, "caveat"]) for part in (asked.demand, name))))
            ),
        }
        for name in asked.adoption
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


# ---------------------------------------------------------------------- cumulative energy

#: Cumulative energy of families that learn together: years, and (3, year) [GWh].
Energies = dict[str, tuple[tuple[int, ...], Array]]


def _world(run: Run, asked: Prices, start: PriceInputs, inputs: Inputs, last: int) -> Resolved:
    """The batteries of the whole world from the first year that is counted, in each adoption scenario asked for."""
    first = 1 + min(each.years[-1] for each in start.experience.values())
    scope = Scope(regions=(WORLD,), years=Years(first=first, last=last), beyond=run.settings.scope.beyond)
    scenarios = {name: Scenario(demand=asked.demand, adoption=name) for name in asked.adoption}
    # The names are those of input tables, which need not be names of a run file's own scenarios.
    settings = RunFile.model_construct(title=run.settings.title, scope=scope, scenario=scenarios)
    places: dict[tuple[str, ...], tuple[str, int]] = {
        ("scenario", name, key): run.place("prices", key) for name in asked.adoption for key in ("demand", "adoption")
    } | {("scope", key): run.place("prices", "demand") for key in ("regions", "years")}
    return resolve(Run(run.name, run.path, settings, dict.fromkeys(scenarios, ()), (), places), inputs)


def _energies(world: Resolved, scenario: str, start: PriceInputs, family: dict[str, str]) -> Energies:
    """Cumulative energy of each family that learns, from the last row that counts it on."""
    cells = np.einsum("drsy,drscy->cy", additions_of(world, scenario), share_of(world, scenario))
    years = np.array(world.years.labels)
    out: Energies = {}
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


# ---------------------------------------------------------------------- curves


def _fit(start: PriceInputs, energy: Energies) -> tuple[learning.Fit | None, pd.DataFrame]:
    """The rate of the observed prices, and all points with the cumulative energy of their year."""
    learns = {learner.family: learner.learns_with for learner in start.learners}
    known = [_at(start.experience[learns[row.family]], energy, row.year) for row in start.points.itertuples()]
    points = start.points.assign(cumulative=[np.nan if each is None else each[0] for each in known])
    fitted = points[(points["case"] == "observed") & (points["family"] == FITTED) & points["cumulative"].notna()]
    enough = len(fitted) >= 3
    return (learning.fit(fitted["cumulative"], fitted["value"]) if enough else None), points


def _with_rate(learner: Learner, asked: Prices, start: PriceInputs, fit: learning.Fit | None) -> Learner:
    """The learner with the rate asked for: that of the table, or the fitted one."""
    if asked.rate == "published" or learner.learns_with != FITTED:
        return learner
    if fit is None:
        file, why = "cell_price.csv", f"a fit needs three observed prices of {FITTED} or more; use rate = 'published'"
        raise InputError([Problem(file, 0, "rate = 'fitted'", why)])
    rate = np.clip([fit.rate, fit.low, fit.high], 0.0, None)
    return Learner(learner.family, learner.year, learner.anchor, rate, learner.assumed, learner.learns_with)


class Curve(NamedTuple):
    """Curve of a family from its anchor on: years, (3, year) [USD_2025/kWh], and doublings since the anchor (year)."""

    years: tuple[int, ...]
    values: Array
    doublings: Array


def _curves(learners: Iterable[Learner], energy: Energies) -> Iterable[tuple[str, Curve]]:
    """Each family's curve from the year of its anchor on."""
    for learner in learners:
        years, values = energy[learner.learns_with]
        at = years.index(learner.year)
        curve = learning.curve(learner.anchor, values[:, at:], 0, learner.rate)
        yield learner.family, Curve(years[at:], curve, learning.doublings(values[0, at:], values[0, at]))


def _with_needs(points: pd.DataFrame, learners: Iterable[Learner], energy: Energies) -> pd.DataFrame:
    """Points with the cumulative energy at which the family's curve comes to their price; NaN where none does."""
    needs = pd.Series(np.nan, index=points.index)
    for learner in learners:
        years, values = energy[learner.learns_with]
        then = values[0, years.index(learner.year)]
        mine = (points["family"] == learner.family) & (points["case"] != "observed")
        at = learning.energy_for(points.loc[mine, "value"], learner.anchor[0], then, learner.rate[0])
        needs[mine] = np.where(np.isfinite(at), at, np.nan)
    return points.assign(needs=needs)


# ---------------------------------------------------------------------- tables


def _curve_table(scenario: str, curves: dict[str, Curve], wanted: list[int]) -> pd.DataFrame:
    rows = []
    for family, curve in curves.items():
        for year, (value, low, high), times in zip(curve.years, curve.values.T, curve.doublings, strict=True):
            if year in wanted:
                rows.append(
                    {"scenario": scenario, "family": family, "level": "pack", "year": year, "value": value, "low": low,
                     "high": high, "unit": PRICE, "doublings": times}
                )  # fmt: skip
    return pd.DataFrame(rows)


def _rate_table(given: Iterable[Learner], used: Iterable[Learner], fit: learning.Fit | None) -> pd.DataFrame:
    """Rates of the input table and the fitted one, and which of them a curve uses."""
    columns = ["family", "learns_with", "basis", "used", "value", "low", "high", "unit", "points", "r2"]
    rows: list[list[Any]] = []
    for learner, taken in zip(given, used, strict=True):
        basis = "assumed" if learner.assumed else "published"
        is_used = bool((learner.rate == taken.rate).all())
        rows.append([learner.family, learner.learns_with, basis, is_used, *learner.rate, "1", 0, np.nan])
        if fit is not None and learner.learns_with == FITTED:
            ends = (fit.rate, fit.low, fit.high)
            rows.append([learner.family, FITTED, "fitted", not is_used, *ends, "1", fit.points, fit.r2])
    return pd.DataFrame(rows, columns=columns).assign(used=lambda table: table["used"].map({True: "yes", False: "no"}))


def _energy_table(scenario: str, energy: Energies) -> pd.DataFrame:
    rows = [
        {"scenario": scenario, "family": family, "year": year, "value": value, "low": low, "high": high, "unit": "GWh"}
        for family, (years, values) in energy.items()
        for year, (value, low, high) in zip(years, values.T, strict=True)
    ]
    return pd.DataFrame(rows)


def _parity_table(
    scenario: str, asked: Prices, start: PriceInputs, curves: dict[str, Curve], wanted: list[int]
) -> pd.DataFrame:
    """Gap, tariff and credit of each region, level and family with prices of its own.

    Ends: the region's own low and high price against the other's central one, since a price above another's moves with
    it. After the year of the prices both fall as the family's curve does, so the tariff stays and the credit falls.
    """
    rows = []
    for (_, own), (_, other) in zip(start.own.iterrows(), start.other.iterrows(), strict=True):
        if own["family"] not in curves:
            continue
        years, values, _ = curves[str(own["family"])]
        ends = own[["value", "low", "high"]].to_numpy(dtype=float)
        ends = np.where(np.isnan(ends), ends[0], ends)
        then = values[0][years.index(own["year"]) if own["year"] in years else 0]
        for year, factor in zip(years, values[0] / then, strict=True):
            if year not in wanted or year < own["year"]:
                continue
            cell = ends * factor
            rival = float(other["value"]) * factor
            measures = {
                "gap": (parity.gap(cell, rival), PRICE),
                "tariff": (parity.tariff(cell, rival, asked.credit), "1"),
                "credit": (parity.credit(cell, rival, asked.tariff), PRICE),
            }
            keys = {"scenario": scenario, "region": own["region"], "against": other["region"], "level": own["level"],
                    "family": own["family"]}  # fmt: skip
            for measure, ((value, low, high), unit) in measures.items():
                numbers = {"value": value, "low": low, "high": high, "unit": unit}
                rows.append({**keys, "measure": measure, "year": year, **numbers})
    return pd.DataFrame(rows)
