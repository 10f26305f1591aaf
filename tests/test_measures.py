"""Measures beside the mix: stock against plants by hand, and what must hold of any budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_mix import YEARS, at_risk, only

from minerals.mix.data import MixData
from minerals.mix.session import Session

#: A kt of cobalt in stock costs 2 million USD a year, a plant that makes one a year 6.
STOCK, PLANT = 2.0, 6.0


def stocks_and_plants(months: float = 12.0, **changes: Any) -> MixData:
    """NMC alone, of which Congo leaves 4 of 8 kt of cobalt: 50 of 100 GWh. Stocks of half a year's need; plants run a
    year after they are decided, and make 3 kt a year at most. Congo alone counts."""
    places = [("Here", "cobalt", y) for y in YEARS]
    data = replace(
        only(at_risk(), "nmc"), weight={"congo": 1.0, "china": 0.0, "calm": 0.0},
        by_origin=frozenset(("Here", "nmc", y) for y in YEARS),
        stock_cost=dict.fromkeys(places, STOCK), stock_most=dict.fromkeys(places, 0.5), stock_rate=12 / months,
        plant_cost={("Here", "cobalt", y): PLANT * (YEARS[-1] - y) for y in YEARS[:-1]}, plant_lead={"cobalt": 1.0},
        plant_most={("cobalt", y): 3.0 for y in YEARS[1:]}, own_share={("Here", y): 1.0 for y in YEARS},
    )  # fmt: skip
    return replace(data, **changes)


def spent(data: MixData, budget: float, *, stock: bool = True, plants: bool = True) -> tuple[float, Session, Any]:
    """Least loss for so many million USD above the cheapest mix [GWh], in which session, and the mix."""
    session = Session(data, "expected")
    model, off = session.model, []
    off += [] if stock else [(each, 0.0) for each in model.stock.values()]
    off += [] if plants else [(each, 0.0) for each in model.plants.values()]
    with session.compiled.held(off, []):
        least = session.optimum("cost").objective
        with session.within({"cost": least + budget}):
            found = session.optimum("expected")
            return found.objective, session, found


def test_a_stock_and_a_plant_replace_what_the_stop_takes() -> None:
    """A kt is 12.5 GWh. Two years of plants of 3 kt cost 36 and save 75 GWh; then 4, 1 and 1 kt in stock, 12 million,
    the rest. Stocks alone would be 4 kt in each year, for 24."""
    assert spent(stocks_and_plants(), 0.0)[0] == pytest.approx(150)
    assert spent(stocks_and_plants(), 36.0, stock=False)[0] == pytest.approx(150 - 75)
    assert spent(stocks_and_plants(), 24.0, plants=False)[0] == pytest.approx(0, abs=1e-6)
    assert spent(stocks_and_plants(), 12.0, plants=False)[0] == pytest.approx(75)
    loss, session, found = spent(
        stocks_and_plants(plant_most={("cobalt", y): 1.0 for y in YEARS[1:]}), 1e3, plants=True
    )
    assert loss == pytest.approx(0, abs=1e-6)
    assert sum(session.cost(found.values).values()) - session.cost(found.values)["packs"] <= 1e3


@pytest.mark.parametrize(("months", "of_stock"), [(12.0, 1.0), (35.0, 1.0), (37.0, 0.0), (60.0, 0.0)])
def test_plants_beat_stock_where_a_stop_is_long(months: float, of_stock: float) -> None:
    """In a stop of m months a kt in stock gives 12 ÷ m kt a year for 2 million, and a plant 1 for 6: they cost the same
    per GWh at 36 months."""
    _, session, found = spent(stocks_and_plants(months), 6.0)
    cost = session.cost(found.values)
    assert cost["stock"] / (cost["stock"] + cost["plants"]) == pytest.approx(of_stock, abs=1e-6)
    saved = 12.5 * (6.0 / STOCK * 12 / months if of_stock else 6.0 / PLANT)
    assert found.objective == pytest.approx(150 - saved)


def test_a_stock_gives_no_more_than_the_stop_takes_and_its_months_of_need() -> None:
    """Half a year of 8 kt are 4, all that is taken: in a stop of three months they would be 16 kt a year. A twentieth
    of a year's need is 0.4 kt, of 5 GWh a year."""
    assert spent(stocks_and_plants(3.0), 1e3, plants=False)[0] == pytest.approx(0, abs=1e-6)
    little = stocks_and_plants(stock_most={("Here", "cobalt", y): 0.05 for y in YEARS})
    assert spent(little, 1e3, plants=False)[0] == pytest.approx(3 * (50 - 5))


@pytest.mark.parametrize("months", [3.0, 12.0, 48.0])
def test_more_to_spend_never_loses_more_and_gains_ever_less(months: float) -> None:
    """And all measures together save at least what each does alone, at any budget."""
    budgets, data = np.linspace(0, 60, 13), stocks_and_plants(months)
    found = {
        names: np.array([spent(data, b, stock="s" in names, plants="p" in names)[0] for b in budgets])
        for names in ("s", "p", "sp")
    }  # fmt: skip
    for losses in found.values():
        assert losses[0] == pytest.approx(150)
        assert (np.diff(losses) <= 1e-6).all()
        assert (np.diff(losses, 2) >= -1e-6).all()
    assert (found["sp"] <= np.minimum(found["s"], found["p"]) + 1e-6).all()
