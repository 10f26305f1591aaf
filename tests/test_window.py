"""How long a stop lasts: hand-solved windows, and what must hold of lengths and stocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minerals.exposure.factory import Factory, Plan
from minerals.exposure.window import Window, parts
from minerals.results.result import Result
from minerals.studies.run import run

#: 60 GWh of a chemistry that uses 1 kt of the first node a GWh, and 40 of one that uses 2 of it and 1 of the second.
PLAN = Plan(np.array([60.0, 40.0]), np.array([[1.0, 0.0], [2.0, 1.0]]))
NEED = np.array([140.0, 40.0])


def window(plan: Plan, without: list[float], *left: list[float]) -> Window:
    """Stops that leave so much of each node of what there is without them."""
    factory = Factory(plan)
    there, hit = (factory.supplied(np.array(each)) for each in ([without], left))
    return Window(factory, there, hit, plan.need)


def at_risk(plan: Plan, without: list[float], left: list[float], *months: float) -> list[float]:
    """Of one stop, by months of stock for a year."""
    stop = window(plan, without, left)
    return [float(risk) for risk in stop.take(np.zeros(len(months), dtype=int)).at_risk(np.array(months))[:, 0]]


@pytest.mark.parametrize(("months", "expected"), [
    (0.0, []), (3.0, [0.25]), (12.0, [1.0]), (18.0, [1.0, 0.5]), (24.0, [1.0, 1.0]),
])  # fmt: skip
def test_parts_of_the_years_that_a_stop_fills(months: float, expected: list[float]) -> None:
    assert parts(months) == expected
    assert sum(parts(months)) * 12 == months


def test_a_stock_covers_its_months_by_hand() -> None:
    """140 kt needed, 140 there, 80 with the stop. Without stock 80 kt make 60 and 10 GWh: 30 are lost. Three months are
    35 kt: 115 make 60 and 27.5. Six are 70, of which the stop takes 60 only: nothing is lost."""
    assert at_risk(PLAN, [140, 40], [80, 40], 0, 3, 6, 12) == pytest.approx([30, 12.5, 0, 0])


def test_a_window_is_the_programme_with_all_right_hand_sides_scaled() -> None:
    """Four months with a month of stock: a third of 60 and 40 GWh, of 80 kt, and 140 ÷ 12 kt of stock, solved so."""
    part, stock = 4 / 12, 1.0
    small = Plan(PLAN.cells * part, PLAN.use)
    scaled = Factory(small)
    there = np.array([80 * part + NEED[0] * stock / 12, 40 * part])
    lost = small.cells.sum() - scaled.totals(scaled.supplied(there[None]))[0][0]
    assert part * at_risk(PLAN, [140, 40], [80, 40], stock * 12 / 4)[0] == pytest.approx(lost)


def test_a_stock_replaces_no_more_than_is_taken() -> None:
    """Without the stop 120 kt are there: 20 kt, 10 GWh, are short, which no stock makes up for."""
    stop = window(PLAN, [120, 40], [80, 40])
    assert stop.at_risk(np.array([0.0])).tolist() == [[pytest.approx(20), pytest.approx(20)]]
    assert stop.at_risk(np.array([24.0])).tolist() == [[0, 0]]
    assert stop.replaced(np.array([24.0])).tolist() == [[40, 0]]
    assert stop.replaced(np.array([3.0])).tolist() == [[35, 0]]


def test_months_that_halve_by_hand() -> None:
    """Of 30 GWh 15 come back with 30 kt of 140 a year. Of a node that is gone 50 make 50 GWh; of the second 10 of 40
    make 10 GWh of 20. Where nothing is lost, and where a year of stock is too little, there is no such stock."""
    assert window(PLAN, [140, 40], [80, 40]).months_that_halve() == pytest.approx([12 * 30 / 140])
    stops = window(PLAN, [140, 40], [140, 40], [0, 40], [140, 20])
    assert stops.months_that_halve() == pytest.approx([np.nan, 12 * 50 / 140, 3], nan_ok=True)
    none = Window(stops.factory, stops.without, stops.hit, np.array([14.0, 4.0]))
    assert np.isnan(none.months_that_halve()).all()


def test_months_that_halve_are_exact_across_a_kink() -> None:
    """Both nodes are halved: 70 kt make 60 and 5 GWh, a month of stock 5.83 more, as long as they have 20 kt of the
    other node and 3.33 a month. 35 GWh are lost, and half of them come back with 35 kt, three months."""
    stop = window(PLAN, [140, 40], [70, 20])
    assert stop.months_that_halve() == pytest.approx([3.0], abs=0.1)
    asked = stop.take(np.zeros(200, dtype=int)).at_risk(np.linspace(0, 12, 200))[:, 0]
    assert np.interp(stop.months_that_halve()[0], np.linspace(0, 12, 200), asked) == pytest.approx(
        asked[0] / 2, rel=0.01
    )


def some_stop(seed: int) -> Window:
    rng = np.random.default_rng(seed)
    chemistries, nodes = 5, 7
    use = np.where(rng.random((chemistries, nodes)) < 0.5, rng.random((chemistries, nodes)), 0.0)
    plan = Plan(100 * rng.random(chemistries), use, home=rng.random(chemistries))
    without = plan.need * (0.8 + 0.6 * rng.random(nodes))
    left = without * np.where(rng.random((8, nodes)) < 0.4, rng.random((8, nodes)), 1.0)
    return window(plan, without.tolist(), *left.tolist())


@pytest.mark.parametrize("seed", range(6))
def test_more_stock_never_costs_more_and_more_months_never_less(seed: int) -> None:
    stop = some_stop(seed)
    lengths, stocks = np.array([3.0, 6, 12, 24]), np.array([0.0, 1, 3, 6, 12])
    for event in range(len(stop.hit)):
        one = stop.take(np.full(len(lengths) * len(stocks), event))
        months, stock = (each.ravel() for each in np.meshgrid(lengths, stocks, indexing="ij"))
        lost = (months / 12 * one.at_risk(stock * 12 / months)[:, 0]).reshape(len(lengths), len(stocks))
        assert (np.diff(lost, axis=0) >= -1e-7).all()
        assert (np.diff(lost, axis=1) <= 1e-7).all()


@pytest.mark.parametrize("seed", range(6))
def test_months_that_halve_do(seed: int) -> None:
    stop = some_stop(seed)
    months, whole = stop.months_that_halve(), stop.at_risk(np.zeros(len(stop.hit)))[:, 0]
    known = np.isfinite(months)
    enough = stop.at_risk(np.where(known, months, 12.0))[:, 0]
    assert (enough[known] <= whole[known] / 2 * (1 + 1e-7) + 1e-7).all()
    less = stop.at_risk(np.maximum(np.where(known, months, 0.0) - 0.1, 0.0))[:, 0]
    assert (less[known] > whole[known] / 2).all()
    assert (enough[~known & (whole > 0)] > whole[~known & (whole > 0)] / 2).all()


# --- in a run --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_year_without_stock_is_the_loss_of_the_disruption(europe: Result) -> None:
    keys = ["scenario", "region", "disruption"]
    told = europe["disruptions"].query("year == 2035").set_index(keys)
    year = europe["loss_by_length"].query("months == 12 and stock_months == 0").set_index(keys)
    assert set(year.index) == set(told.index)
    for mine, theirs in {"lost": "lost_best", "industry": "industry_best", "share": "share_best"}.items():
        pd.testing.assert_series_equal(
            year[mine], told.loc[year.index, theirs], check_names=False, rtol=1e-9, atol=1e-7
        )
    both = europe["disruptions"].query("year >= 2034").groupby(keys)["lost_best"].sum()
    two = europe["loss_by_length"].query("months == 24 and stock_months == 0").set_index(keys)["lost"]
    assert np.allclose(two, both.loc[two.index])


@pytest.mark.slow
def test_lengths_and_stocks_of_a_run_are_monotone(europe: Result) -> None:
    keys = ["scenario", "region", "disruption"]
    table = europe["loss_by_length"].sort_values([*keys, "months", "stock_months"])
    for measure in ("lost", "industry"):
        assert (table.groupby([*keys, "months"])[measure].diff().fillna(0) <= 1e-6).all()
        assert (table.groupby([*keys, "stock_months"])[measure].diff().fillna(0) >= -1e-6).all()
    assert (table["lost"] <= table["planned"] + 1e-6).all()
    halve = europe["months_that_halve"].set_index(keys)["value"].dropna()
    assert len(halve)
    short = europe["disruptions"].query("year == 2035").set_index(keys)["shortage"]
    year = table.query("months == 12").set_index(keys)
    for key, months in halve.items():
        stocks, at_risk = year.loc[[key], "stock_months"], year.loc[[key], "lost"] - short[key]
        # What is at risk is convex in the stock, so that it lies below the line between two stocks.
        assert np.interp(months, stocks, at_risk) >= at_risk.iloc[0] / 2 * (1 - 1e-6)
        assert (at_risk[stocks > months + 0.1] <= at_risk.iloc[0] / 2).all()


@pytest.mark.slow
def test_steps_of_years_count_the_last_twice() -> None:
    stops = "exposure.disruptions=['china-graphite-anode', 'china-cells']"
    found = run("europe-2035", ["scope.years={first=2030, last=2035, step=5}", stops, "exposure.draws=0"])
    table = found["loss_by_length"].set_index(["scenario", "disruption", "months", "stock_months"])
    for name in ("planned", "lost", "industry"):
        whole = table[name].unstack("months")
        none, three, six = (whole.xs(stock, level="stock_months") for stock in (0.0, 3.0, 6.0))
        assert np.allclose(none[24.0], 2 * none[12.0])
        assert np.allclose(six[24.0], 2 * three[12.0]), "six months in two years are three in each"
