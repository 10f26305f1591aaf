"""Lifetimes, stock, scrap and recycling: hand-solved cases, inverses, bounds, and flodym on the same problem."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerals.flows.balance import imbalances, unbalanced
from minerals.flows.ensemble import _by_node
from minerals.flows.lifetime import survival, survival_matrix, weibull_shape
from minerals.flows.recycling import Recycling, end_of_life_recycling_rate, mixed_recovery, recycle, recycled_content
from minerals.flows.scrap import lines_from_growth, scrap_rate
from minerals.flows.stock import (
    hazard,
    retirements,
    sales_from_stock,
    stock_from_sales,
)

DISTRIBUTIONS = ("weibull", "normal", "lognormal", "fixed")
CONVENTIONS = ("start", "middle", "end")


def matrix(distribution: str, inflow: str, years: int = 30, mean: float = 9.3, spread: float = 0.3) -> np.ndarray:
    return survival_matrix(years, inflow, distribution, np.array([mean]), np.array([spread]))


# ---------------------------------------------------------------- hand-solved


def test_three_years_by_hand() -> None:
    """Fixed life of 2 years, inflow at the end of the year: 10, 20, 30 sold.

    The first cohort is whole at the ends of years 1 and 2 and gone at the end of year 3: stock 10, 30, 50; 10 retire in
    year 3. With inflow at the start it is gone a year earlier: stock 10, 20, 30; retirements 0, 10, 20.
    """
    sales = np.array([10.0, 20.0, 30.0])
    late = survival_matrix(3, "end", "fixed", np.array([2.0]), np.array([0.0]))
    np.testing.assert_array_equal(stock_from_sales(sales, late), [10, 30, 50])
    np.testing.assert_array_equal(retirements(sales, late), [0, 0, 10])
    early = survival_matrix(3, "start", "fixed", np.array([2.0]), np.array([0.0]))
    np.testing.assert_array_equal(stock_from_sales(sales, early), [10, 20, 30])
    np.testing.assert_array_equal(retirements(sales, early), [0, 10, 20])
    np.testing.assert_array_equal(hazard(early)[2] * sales, [0, 20, 0])


def test_survival_at_its_mean_and_its_ends() -> None:
    assert survival("normal", 9.0, 9.0, 0.3) == pytest.approx(0.5)
    assert survival("weibull", 0.0, 9.0, 0.3) == 1
    assert survival("fixed", 8.999, 9.0, 0.0) == 1
    assert survival("fixed", 9.0, 9.0, 0.0) == 0
    shape = float(weibull_shape(0.3))
    scale = 9.0 / math.gamma(1 + 1 / shape)
    assert survival("weibull", 5.0, 9.0, 0.3) == pytest.approx(math.exp(-((5 / scale) ** shape)))
    assert float(weibull_shape(1.0)) == pytest.approx(1.0)  # the exponential distribution


@pytest.mark.parametrize("distribution", ["weibull", "normal", "lognormal"])
def test_mean_and_spread_are_those_of_the_distribution(distribution: str) -> None:
    """Mean = ∫ S, variance = 2 ∫ age · S − mean², by the trapezoid rule."""
    age = np.linspace(0, 100, 100_001)
    alive = survival(distribution, age, 12.0, 0.25)
    mean = np.trapezoid(alive, age)
    spread = math.sqrt(2 * np.trapezoid(age * alive, age) - mean**2) / mean
    assert (mean, spread) == (pytest.approx(12.0, rel=1e-4), pytest.approx(0.25, rel=1e-3))


@pytest.mark.parametrize(("distribution", "mean", "spread", "words"), [
    ("weibull", 0.0, 0.3, "above 0 years"), ("normal", -1.0, 0.3, "above 0 years"), ("weibull", 5.0, 0.0, "spread"),
    ("gauss", 5.0, 0.3, "unknown distribution gauss"),
])  # fmt: skip
def test_impossible_lifetimes_are_refused(distribution: str, mean: float, spread: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        survival(distribution, 1.0, mean, spread)


def test_one_impossible_lifetime_among_others_is_refused() -> None:
    for mean, spread, words in (([5.0, 0.0], [0.3, 0.3], "above 0 years"), ([5.0, 5.0], [0.3, 0.0], "spread")):
        with pytest.raises(ValueError, match=words):
            survival("weibull", 1.0, mean, spread)
    assert survival("fixed", 1.0, [5.0, 0.5], [0.0, 0.0]).tolist() == [1, 0]


def test_survival_of_each_distribution_by_hand() -> None:
    """One standard deviation before and after the mean: Φ(±1) of a normal life, and of the logarithm of a lognormal
    one around its median. Before a life begins nothing is lost but of a normal one."""
    one = 0.5 * math.erfc(1 / math.sqrt(2))
    assert survival("normal", [7.0, 13.0], 10.0, 0.3) == pytest.approx([1 - one, one])
    sigma = math.sqrt(math.log(1.09))
    median = 10 / math.sqrt(1.09)
    ages = [median * math.exp(-sigma), median, median * math.exp(sigma)]
    assert survival("lognormal", ages, 10.0, 0.3) == pytest.approx([1 - one, 0.5, one])
    for distribution in ("weibull", "lognormal", "fixed"):
        assert survival(distribution, [-2.0, 0.0], 10.0, 0.3).tolist() == [1, 1]
    assert survival("weibull", 0.5, 1.0, 1.0) == pytest.approx(math.exp(-0.5))
    assert survival("normal", 0.0, 10.0, 0.3) < 1


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown inflow mid"):
        matrix("fixed", "mid")


# ---------------------------------------------------------------- identities


@pytest.mark.parametrize("inflow", CONVENTIONS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_inflow_driven_then_stock_driven_returns_the_inflow(distribution: str, inflow: str) -> None:
    sales = np.random.default_rng(1).random((4, 30)) * 100
    alive = matrix(distribution, inflow)
    np.testing.assert_allclose(sales_from_stock(stock_from_sales(sales, alive), alive), sales, rtol=0, atol=1e-9)


@pytest.mark.parametrize("inflow", CONVENTIONS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_stock_grows_by_what_is_sold_less_what_retires(distribution: str, inflow: str) -> None:
    sales = np.random.default_rng(2).random(30) * 100
    alive = matrix(distribution, inflow)
    stock, retired = stock_from_sales(sales, alive), retirements(sales, alive)
    np.testing.assert_allclose(np.diff(stock, prepend=0), sales - retired, atol=1e-10)
    by_segment = retirements(np.stack([sales, 2 * sales]), np.stack([alive, alive]))
    np.testing.assert_allclose(by_segment, [retired, 2 * retired], atol=1e-10)
    assert (hazard(alive) >= -1e-15).all()


def test_lifetimes_differ_by_cohort_and_chemistry() -> None:
    """Cohorts from year 5 live twice as long; each cohort follows its own life."""
    mean = np.where(np.arange(20) < 5, 4.0, 8.0)
    together = survival_matrix(20, "middle", "weibull", mean, np.full(20, 0.3))
    short, long = (survival_matrix(20, "middle", "weibull", np.array([m]), np.array([0.3])) for m in (4.0, 8.0))
    np.testing.assert_array_equal(together[:, :5], short[:, :5])
    np.testing.assert_array_equal(together[:, 5:], long[:, 5:])
    both = survival_matrix(20, "middle", "weibull", np.array([[4.0], [8.0]]), np.array([[0.3], [0.3]]))
    np.testing.assert_array_equal(both, np.stack([short, long]))
    sales = np.ones((2, 20))
    np.testing.assert_allclose(stock_from_sales(sales, both), [short.sum(axis=1), long.sum(axis=1)])


def test_a_cohort_that_leaves_at_once_holds_no_stock() -> None:
    gone = survival_matrix(5, "start", "fixed", np.array([0.5]), np.array([0.0]))
    with pytest.raises(ValueError, match="within its own year"):
        sales_from_stock(np.ones(5), gone)


def test_places_and_lives_side_by_side_are_what_each_is_alone() -> None:
    """Three places sell to four uses, each with a life of its own, for five years; and what they sold is found back."""
    years, mean = 5, np.array([[1.5], [2.0], [4.0], [9.0]])
    alive = survival_matrix(years, "middle", "weibull", mean, np.array([[0.3], [0.5], [0.2], [0.4]]))
    sales = np.random.default_rng(4).random((3, 4, years))
    stock, retired = stock_from_sales(sales, alive), retirements(sales, alive)
    for place, use in np.ndindex(3, 4):
        alone = sales[place, use], alive[use]
        np.testing.assert_allclose(stock[place, use], stock_from_sales(*alone), rtol=1e-12)
        np.testing.assert_allclose(retired[place, use], retirements(*alone), rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(hazard(alive[None])[0, use], hazard(alive[use]))
        np.testing.assert_allclose(sales_from_stock(stock[place, use], alive[use]), sales[place, use], atol=1e-12)
    np.testing.assert_allclose(sales_from_stock(stock, alive), sales, atol=1e-12)
    np.testing.assert_allclose(sales_from_stock(stock[0, 0], alive[:1]), sales[:1, 0], atol=1e-12)


def test_one_life_in_which_nothing_is_left_at_the_end_of_its_year_holds_no_stock() -> None:
    """Though all others do; and a cohort of which hardly anything is left does."""
    alive = np.stack([np.tri(3)] * 2)
    alive[1, 2, 2] = 1e-3
    assert sales_from_stock(np.array([1.0, 2, 2.001]), alive)[1].tolist() == pytest.approx([1, 1, 1])
    alive[1, 2, 2] = 0.0
    with pytest.raises(ValueError, match="within its own year"):
        sales_from_stock(np.ones(3), alive)


@pytest.mark.slow
@pytest.mark.parametrize("inflow", CONVENTIONS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_agrees_with_flodym(distribution: str, inflow: str) -> None:
    """Stock and outflow to 1e-9 on random additions; flodym puts inflow in the middle of the year unless told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import flodym

    years, mean, spread = 30, 9.3, 0.3
    sales = np.random.default_rng(3).random((years, 5)) * 100
    dims = flodym.DimensionSet(dim_list=[
        flodym.Dimension(name="time", letter="t", items=list(range(2000, 2000 + years)), dtype=int),
        flodym.Dimension(name="element", letter="e", items=list("abcde"), dtype=str),
    ])  # fmt: skip
    shape = float(weibull_shape(spread))
    scale = mean / math.gamma(1 + 1 / shape)
    models = {
        "weibull": (
            flodym.WeibullLifetime,
            {"weibull_shape": shape, "weibull_scale": scale},
        ),
        "normal": (flodym.NormalLifetime, {"mean": mean, "std": mean * spread}),
        "lognormal": (flodym.LogNormalLifetime, {"mean": mean, "std": mean * spread}),
        "fixed": (flodym.FixedLifetime, {"mean": mean}),
    }
    kind, parameters = models[distribution]
    lifetime = kind(dims=dims, time_letter="t", inflow_at=inflow, **parameters)
    use = flodym.Process(name="use", id=1)
    theirs = flodym.InflowDrivenDSM(dims=dims, name="stock", process=use, lifetime_model=lifetime, time_letter="t")
    theirs.inflow.values[...] = sales
    theirs.compute()
    alive = matrix(distribution, inflow, years, mean, spread)
    np.testing.assert_allclose(stock_from_sales(sales.T, alive).T, theirs.stock.values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(retirements(sales.T, alive).T, theirs.outflow.values, rtol=0, atol=1e-9)


# ---------------------------------------------------------------- scrap


RAMP, RATE = np.array([0.2, 0.6, 1.0]), np.array([0.65, 0.22, 0.05])


def test_scrap_by_hand() -> None:
    """100 GWh of old lines, 50 commissioned in year 1: a fifth of full output at 65 % scrap, then 60 % at 22 %."""
    lines = np.array([100.0, 50.0, 0.0])
    expected = [
        0.05,
        1 - 110 / (100 / 0.95 + 10 / 0.35),
        1 - 130 / (100 / 0.95 + 30 / 0.78),
    ]
    np.testing.assert_allclose(scrap_rate(lines, RAMP, RATE), expected)


def test_lines_follow_growth_over_the_highest_output() -> None:
    np.testing.assert_array_equal(lines_from_growth(np.array([10.0, 15, 12, 14, 20])), [10, 5, 0, 0, 5])
    by_region = np.array([[10.0, 15, 12], [20, 3, 21]])
    np.testing.assert_array_equal(lines_from_growth(by_region), [[10, 5, 0], [20, 0, 1]])
    assert scrap_rate(lines_from_growth(np.zeros(4)), RAMP, RATE).tolist() == [0.05] * 4


def test_a_profile_that_ends_holds_its_last_value_on() -> None:
    """100 old lines, and 50 of year 1 that scrap 0.5, 0.2 and then 0.1: first of full output at once, then of 0.4, 0.8
    and 1 of it, at 0.1 of scrap from the start on."""
    lines = np.array([[100.0, 50, 0, 0, 0], [0, 0, 0, 0, 20]])
    found = scrap_rate(lines, np.ones(1), np.array([0.5, 0.2, 0.1]))
    first = [0.1, *(1 - 150 / (100 / 0.9 + 50 / (1 - rate)) for rate in (0.5, 0.2)), 0.1, 0.1]
    np.testing.assert_allclose(found, [first, [0.1, 0.1, 0.1, 0.1, 0.5]])
    ramp = np.array([0.4, 0.8, 1.0])
    np.testing.assert_allclose(scrap_rate(lines, ramp, np.array([0.1])), 0.1)
    found = scrap_rate(lines[0], ramp, np.array([0.5, 0.1]))
    np.testing.assert_allclose(found, [0.1, 1 - 120 / (100 / 0.9 + 20 / 0.5), 0.1, 0.1, 0.1])


def test_a_line_that_scraps_all_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        scrap_rate(np.ones(3), RAMP, np.array([1.0, 0.2]))


@given(st.lists(st.floats(0, 1e4, allow_subnormal=False), min_size=2, max_size=20))
def test_scrap_lies_between_the_best_and_the_worst_line(output: list[float]) -> None:
    rate = scrap_rate(lines_from_growth(np.array(output)), RAMP, RATE)
    assert (rate >= RATE.min() - 1e-12).all()
    assert (rate <= RATE.max() + 1e-12).all()


# ---------------------------------------------------------------- recycling


def flows(seed: int, plenty: bool = False):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    shape = (2, 3, 6)
    demand, retired = rng.random(shape) * 100, rng.random(shape) * (500 if plenty else 60)
    reused = retired * rng.random(shape)
    ended = reused * rng.random(shape)
    return recycle(
        demand=demand, scrap=rng.random((2, 1, 6)) * 0.5, retired=retired, reused=reused, reuse_ended=ended,
        collected=(retired - reused + ended) * rng.random(shape), recovery=rng.random(shape),
        prompt_recovery=rng.random(shape),
    )  # fmt: skip


def test_recycling_by_hand() -> None:
    """80 kt in cells at 20 % scrap take 100; 40 retire, 10 are reused, 30 collected at 90 %; recovery 50 %."""
    one = np.ones((1, 1))
    got = recycle(80 * one, 0.2 * one, 40 * one, 10 * one, 0 * one, 27 * one, 0.5 * one, 0.8 * one)
    assert got.input == 100
    assert got.prompt_scrap == 20
    assert (got.recovered_prompt, got.recovered, got.secondary_supply) == (16, 13.5, 29.5)
    assert (got.primary_demand, got.surplus, got.lost, got.uncollected) == (70.5, 0, 17.5, 3)
    assert recycled_content(got) == pytest.approx(0.295)
    assert end_of_life_recycling_rate(got) == pytest.approx(13.5 / 30)


@given(st.integers(0, 10_000), st.booleans())
def test_secondary_never_exceeds_what_was_recovered_and_demand_is_never_negative(seed: int, plenty: bool) -> None:
    got = flows(seed, plenty)
    assert (got.secondary_supply <= got.recovered + got.recovered_prompt + 1e-12).all()
    assert (got.secondary_supply <= got.prompt_scrap + got.collected + 1e-12).all()
    assert (got.primary_demand >= 0).all()
    assert (got.surplus >= 0).all()
    np.testing.assert_allclose(got.secondary_supply + got.surplus, got.recovered + got.recovered_prompt, atol=1e-9)
    assert ((recycled_content(got) >= 0) & (recycled_content(got) <= 1)).all()


def test_a_surplus_is_reported() -> None:
    got = flows(5, plenty=True)
    assert (got.surplus > 0).any()
    assert (got.primary_demand[got.surplus > 0] == 0).all()


def test_what_is_missing_at_each_process_by_hand() -> None:
    """Flows that fit nowhere: of each process what comes in less what goes out, and less what stays."""
    amounts = {"mineral_demand": 80.0, "input": 101.0, "prompt_scrap": 19.0, "retired": 41.0, "reused": 11.0,
               "reuse_ended": 3.0, "collected": 25.0, "uncollected": 7.0, "recovered_prompt": 15.0, "recovered": 13.0,
               "lost": 17.0, "secondary_supply": 29.0, "surplus": 2.0, "primary_demand": 70.0}  # fmt: skip
    got = Recycling(**{name: np.array([[amount, 2 * amount]]) for name, amount in amounts.items()})
    found = imbalances(got, np.array([[37.0, 115.0]]), np.array([[8.5, 24.0]]), np.array([[1.0]]))
    assert {process: each[0].tolist() for process, each in found.items()} == {
        "cell making": [101 - 80 - 19, 2 * 2], "first use": [80 - 41 - 36, 78 - 78], "second life": [-0.5, 0.5],
        "collection": [41 - 11 + 3 - 25 - 7, 2], "recycling": [19 + 25 - 15 - 13 - 17, -2],
        "supply": [70 + 29 - 101, -4], "secondary market": [15 + 13 - 29 - 2, -6],
    }  # fmt: skip


def test_an_open_balance_is_named() -> None:
    got = flows(1)
    in_use = np.cumsum(got.mineral_demand - got.retired, axis=-1)
    reuse = np.cumsum(got.reused - got.reuse_ended, axis=-1)
    closed = imbalances(got, in_use, reuse, np.zeros_like(in_use[..., :1]))
    assert unbalanced(closed, got.input) == []
    open_ = imbalances(got, in_use + np.linspace(0, 1, 6), reuse, np.zeros_like(in_use[..., :1]))
    assert [process for process, _ in unbalanced(open_, got.input)] == ["first use"]


def test_a_balance_is_open_from_a_billionth_of_what_goes_in_on() -> None:
    """Of 100 kt a year 9e-8 are rounding and 2e-7 are not; of nothing nothing is, and what is no number is never
    closed. The worst place is told, of either sign."""
    scale = np.array([100.0, 0.0])
    open_ = {
        "scrap": np.array([[9e-8, 0.0]]),
        "collection": np.array([[2e-7, 0.0], [-5e-7, 0.0]]),
        "recycling": np.array([[0.0, 1e-9]]),
        "first use": np.array([[np.nan, 0.0]]),
        "none": np.zeros((0, 2)),
    }
    found = dict(unbalanced(open_, scale))
    assert found.pop("first use") != 0
    assert found == {"collection": pytest.approx(5e-9), "recycling": pytest.approx(1e3)}


def test_recovery_mixes_routes() -> None:
    share = np.array([[0.25], [0.75]])
    rate = np.array([[[0.0], [0.8]], [[0.4], [0.8]]])
    np.testing.assert_allclose(mixed_recovery(share, rate), [[0.3], [0.8]])


def test_draws_leave_by_the_lifetimes_that_each_has_drawn() -> None:
    """Three draws of two regions and two cohorts, of lifetimes 1, 0 and 1: nobody has the third. Of a second mineral
    there is ten times as much."""
    sold = np.array([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]])
    leaving = np.array([[[0, 1.0], [0, 0]], [[0.5, 0.5], [0, 1]], [[9, 9], [9, 9]]])  # (lifetime, cohort, year)
    both = np.stack([sold, 10 * sold]).reshape(2, 3, 4)
    # Half of the first cohort at once and half later, or all later; the second later, or not at all.
    expected = np.array([[0.5, 2.5, 1.5, 5.5], [0, 5, 0, 7], [4.5, 14.5, 5.5, 17.5]])
    found = np.stack(list(_by_node(both, leaving[None], np.array([1, 0, 1]))))
    assert found.tolist() == np.stack([expected, 10 * expected]).tolist()
    last = np.stack(list(_by_node(both, leaving[None, ..., 1:], np.array([1, 0, 1]))))
    assert last.tolist() == found.reshape(2, 3, 2, 2)[..., 1].tolist(), "of the last year alone"
    each = np.stack(list(_by_node(both, np.stack([leaving, 2 * leaving]), np.array([1, 0, 1]))))
    assert each.tolist() == np.stack([expected, 20 * expected]).tolist(), "of lifetimes that each mineral has"
