"""Tables of a run with [prices]: curves, published prices, learning rates, cumulative energy, parity and bills."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from ...case.cost import PackPrices
from ...case.outcome import Outcome
from ...case.prices import FITTED, PRICE, PriceCurves
from ...columns import Columns
from ...units import MONEY
from .flows import Stacked


def price_tables(prices: PriceCurves) -> dict[str, Columns]:
    """Tables price, price_points, learning_rate, cumulative_energy and price_parity."""
    return {
        "price": _curves(prices),
        "price_points": _points(prices),
        "learning_rate": _rates(prices),
        "cumulative_energy": energy_table(prices),
        "price_parity": _parity(prices),
    }


def energy_table(prices: PriceCurves) -> Columns:
    """Cumulative energy by world scenario, family and year [GWh]."""
    rows = [
        {"scenario": scenario, "family": family, "year": year, "value": value, "low": low, "high": high, "unit": "GWh"}
        for scenario in prices.scenarios
        for family, (years, values) in prices.energy[scenario].items()
        for year, (value, low, high) in zip(years, values.T, strict=True)
    ]
    return Columns.from_records(rows)


def _points(prices: PriceCurves) -> Columns:
    """Published pack prices of the world, as they were read, with the energy of their year and that which they need."""
    columns = ("case", "family", "year", "value", "low", "high", "unit", "source", "quality")
    read = {column: [getattr(row, column) for row in prices.inputs.observations] for column in columns}
    return Columns({**read, "cumulative": prices.energy_at_observations, "needs": prices.needs})


def _curves(prices: PriceCurves) -> Columns:
    rows = []
    for scenario in prices.scenarios:
        for family, curve in prices.curves[scenario].items():
            for year, (value, low, high), times in zip(curve.years, curve.values.T, curve.doublings, strict=True):
                if year in prices.years:
                    rows.append(
                        {"scenario": scenario, "family": family, "level": "pack", "year": year, "value": value,
                         "low": low, "high": high, "unit": PRICE, "doublings": times}
                    )  # fmt: skip
    return Columns.from_records(rows)


def _rates(prices: PriceCurves) -> Columns:
    """Rates of the input table and the fitted one, and which of them a curve uses."""
    columns = ["family", "learns_with", "basis", "used", "value", "low", "high", "unit", "points", "r2"]
    rows: list[list[Any]] = []
    fit = prices.fit
    for learner, taken in zip(prices.inputs.learners, prices.learners, strict=True):
        basis = "assumed" if learner.assumed else "published"
        used, other = ("yes", "no") if (learner.rate == taken.rate).all() else ("no", "yes")
        rows.append([learner.family, learner.learns_with, basis, used, *learner.rate, "1", 0, np.nan])
        if fit is not None and learner.learns_with == FITTED:
            ends = (fit.rate, fit.low, fit.high)
            rows.append([learner.family, FITTED, "fitted", other, *ends, "1", fit.points, fit.r2])
    return Columns.from_rows(rows, columns)


def _parity(prices: PriceCurves) -> Columns:
    """Gap, tariff and credit of each region, level and family with prices of its own."""
    rows = []
    for scenario, pair, measure, year, (value, low, high), unit in prices.parity:
        keys = {"scenario": scenario, "region": pair.region, "against": pair.against, "level": pair.level,
                "family": pair.family}  # fmt: skip
        numbers = {"value": value, "low": low, "high": high, "unit": unit}
        rows.append({**keys, "measure": measure, "year": year, **numbers})
    return Columns.from_records(rows)


def cost_table(outcome: Outcome, packs: PackPrices, of_mixes: Mapping[str, PackPrices]) -> Columns:
    """Table battery_cost [million USD_2025]: batteries put into use × home pack price, in the years with a price.
    of_mixes: prices of scenarios that have their own."""
    stacked = Stacked(outcome)
    cells = stacked.of(lambda found: found.cells)
    price = np.stack([of_mixes.get(scenario, packs).home[:, None] for scenario in outcome.scenarios])
    cost = np.where(cells != 0, cells * price, 0.0)
    table = stacked.cells(cells, MONEY, columns={"cost": cost})
    paid = table.assign(value=table["cost"]).filter(isfinite, "cost")
    return paid.drop("cost")
