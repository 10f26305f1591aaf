"""Mixes that are nearly as good: ranges and the one that stands for them, by hand and whatever solves them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import clarabel
import highspy
import numpy as np
import pytest
import scipy.sparse as sp
from conftest import some
from scipy.optimize import linprog
from test_mix import YEARS, at_risk, routed, toy, two_regions
from test_solution import anything, incumbent, limited, priced

from minerals import highs as highs_module
from minerals.errors import Infeasible, NumericalTrouble
from minerals.mix import near as near_module
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData
from minerals.mix.near import Ends, NearlyAsGood, examples
from minerals.mix.session import Session
from minerals.mix.solution import PINNED, Criteria, Solution, choose

INF = np.inf
#: What is told must be the same to this, of a number and in its unit.
SAME, LEAST = 1e-6, 1e-3

# --- a set by hand ---------------------------------------------------------------------------------------------------


def triangle() -> NearlyAsGood:
    """x + y + z = 1, x ≤ 0.8, z = 0.1, and x − y at most 0.5; none below zero."""
    matrix = sp.csc_matrix([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0]])
    return NearlyAsGood(
        matrix, np.array([1.0, -INF]), np.array([1.0, 0.5]), np.array([0.0, 0.0, 0.1]), np.array([0.8, INF, 0.1])
    )


def test_ends_by_hand() -> None:
    """x + y = 0.9, and x at most 0.7."""
    ends = triangle().ends(np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [1.0, 2.0, 0]]))
    assert ends.low == pytest.approx([0, 0.2, 0.1, 1.1])
    assert ends.high == pytest.approx([0.7, 0.9, 0.1, 1.8])
    assert ends.members[0, 1] == pytest.approx([0.7, 0.2, 0.1])
    # However small its weights are, and of nothing nothing.
    small = triangle().ends(np.array([[-1e-12, 0, 0], [0, 1e-12, 0], [0.0, 0, 0]]))
    assert small.low == pytest.approx([-0.7e-12, 0.2e-12, 0], rel=1e-9, abs=1e-20)
    assert small.high == pytest.approx([0, 0.9e-12, 0], rel=1e-9, abs=1e-20)


def test_ends_from_one_corner_are_the_same_in_any_order() -> None:
    """Those above, and of nothing nothing."""
    nearly = triangle()
    ends = nearly.from_vertex(nearly.vertex())
    sums: list[tuple[dict[int, float], tuple[float, float]]] = [
        ({0: 1.0}, (0, 0.7)), ({1: 1.0}, (0.2, 0.9)), ({2: 1.0}, (0.1, 0.1)), ({0: 1e-9, 1: 2e-9}, (1.1e-9, 1.8e-9)),
        ({}, (0, 0)), ({1: 0.0}, (0, 0)),
    ]  # fmt: skip
    found = [ends(weights) for weights, _ in sums]
    assert found == [pytest.approx(told, rel=1e-12) for _, told in sums]
    assert found == [ends(weights) for weights, _ in reversed(sums)][::-1]


@pytest.mark.parametrize(("target", "weight", "found"), [
    ([0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.45, 0.45]),
    ([0.0, 0.0, 5.0], [1.0, 2.0, 1.0], [0.6, 0.3]),
    ([0.1, 0.2, 0.0], [1.0, 1.0, 0.0], [0.4, 0.5]),
    ([2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.7, 0.2]),
    ([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.7, 0.2]),
])  # fmt: skip
def test_the_nearest_by_hand(target: list[float], weight: list[float], found: list[float]) -> None:
    told = triangle().nearest(np.array(target), np.array(weight))
    assert told == pytest.approx([*found, 0.1], abs=1e-6)


def test_sums_may_be_near_to_nothing_too() -> None:
    """y twice as large as x, or in parts of 0.8 and 0.2 as far as x lets them."""
    assert triangle().nearest(np.zeros(3), np.zeros(3), [{0: 2.0, 1: -1.0}]) == pytest.approx([0.3, 0.6, 0.1])
    parts = [{0: 1 - 0.8, 1: -0.8}, {0: -0.2, 1: 1 - 0.2}]
    assert triangle().nearest(np.zeros(3), np.zeros(3), parts) == pytest.approx([0.7, 0.2, 0.1])
    # What is held counts in a sum: y − z = 0.
    assert triangle().nearest(np.zeros(3), np.zeros(3), [{1: 1.0, 2: -1.0}]) == pytest.approx([0.7, 0.2, 0.1])


def test_what_another_column_keeps_is_no_limit() -> None:
    """t is above x and above 1 − y, and s above t: each by going up alone, so none of these limits x and y."""
    matrix = sp.csc_matrix([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, -1.0], [1.0, 1.0, 0.0, 0.0]])
    limited = NearlyAsGood(
        matrix, np.array([-INF, 1.0, -INF, 1.0]), np.array([0.0, INF, 0.0, INF]), np.zeros(4), np.full(4, INF)
    )
    x_and_y, with_t = np.array([True, True, False, False]), np.array([True, True, True, False])
    assert limited.pressing(x_and_y).matrix.toarray().tolist() == [[1, 1, 0, 0]]
    assert limited.pressing(with_t).matrix.toarray().tolist() == [[1, 0, -1, 0], [0, 1, 1, 0], [1, 1, 0, 0]]
    assert limited.nearest(np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert limited.nearest(np.zeros(4), with_t.astype(float))[:3] == pytest.approx([1 / 3, 2 / 3, 1 / 3])
    # Where t cannot rise beyond 0.3, x does not either.
    bounded = replace(limited, upper=np.array([INF, INF, 0.3, INF]))
    assert bounded.pressing(x_and_y).matrix.toarray().tolist() == [[1, 0, -1, 0], [0, 1, 1, 0], [1, 1, 0, 0]]
    assert bounded.nearest(np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0]))[:2] == pytest.approx([0.3, 0.7])


def test_of_a_set_without_members_none_is_told() -> None:
    nobody = replace(triangle(), row_lower=np.array([1.0, 0.6]), row_upper=np.array([1.0, 0.7]))
    assert nobody.nearest(np.zeros(3), np.ones(3)) == pytest.approx([0.75, 0.15, 0.1], abs=1e-6)
    nobody = replace(triangle(), row_lower=np.array([1.0, 0.75]), row_upper=np.array([1.0, 0.8]))
    with pytest.raises(NumericalTrouble, match="no mix stands"):
        nobody.nearest(np.zeros(3), np.ones(3))
    with pytest.raises(NumericalTrouble):
        nobody.ends(np.eye(3))


def test_ends_are_those_of_scipy() -> None:
    """Of sets at random, with rows of each kind."""
    for seed in range(6):
        random = np.random.default_rng(seed)
        matrix = np.where(random.random((8, 12)) < 0.5, random.normal(size=(8, 12)), 0.0)
        inside = random.uniform(0.2, 0.8, 12)
        low, high = matrix @ inside - random.uniform(0, 1, 8), matrix @ inside + random.uniform(0, 1, 8)
        low[:2] = high[:2] = (matrix @ inside)[:2]
        low[5:] = -INF
        nearly = NearlyAsGood(sp.csc_matrix(matrix), low, high, np.zeros(12), np.ones(12))
        sums = random.normal(size=(5, 12))
        ends = nearly.ends(sums)
        upper = np.vstack([matrix, -matrix[2:5]]), np.concatenate([high, -low[2:5]])
        for at, costs in enumerate(sums):
            least, most = (linprog(sign * costs, *upper, matrix[:2], high[:2], (0, 1)).fun * sign for sign in (1, -1))
            assert (ends.low[at], ends.high[at]) == pytest.approx((least, most), abs=1e-7)


def test_examples_reach_as_far_as_they_can() -> None:
    """Of members on a cross, first one that lies far out, then its opposite, then the other arm."""
    members = np.array([[0.5, 0.5], [0.0, 0.5], [1.0, 0.5], [0.5, 0.4], [0.5, 0.6]])
    ends = Ends(np.array([0.0, 0.4]), np.array([1.0, 0.6]), members)
    chosen = examples(members, np.eye(2), ends, 3)
    assert set(chosen[:2]) in ({1, 2}, {3, 4})
    assert len(set(examples(members, np.eye(2), ends, 10))) == 5
    assert sorted(examples(members, np.eye(2), ends, 4)) == [1, 2, 3, 4]
    # After both ends of an arm a member counts by what it adds to that, wherever on it it stands.
    for side in (1.0, -1.0):
        arm = np.array([[0.0, 0.0], [side, 0.0], [side * 0.9, 0.05], [side * 0.2, 0.3]])
        unit = Ends(np.array([0.0, 0.0]), np.array([1.0, 1.0]), arm)
        assert examples(arm, np.eye(2), unit, 3) == [0, 1, 3]
    # A sum that moves by no more than rounding beside another is left out, so that the second arm adds nothing.
    first = Ends(np.array([0.0, 0.5]), np.array([1.0, 0.5 + 0.9e-9]), members)
    assert set(examples(members, np.eye(2), first, 2)) == {1, 2}
    still = Ends(np.array([0.5, 0.5]), np.array([0.5, 0.5]), members)
    assert examples(members, np.eye(2), still, 3) == []


@pytest.mark.parametrize(("large", "attempts"), [
    (3, [("qdldl", False, 1e-12), ("qdldl", True, 1e-12), ("qdldl", True, 1e-10)]),
    (2, [("faer", True, 1e-12), ("faer", True, 1e-10)]),
])  # fmt: skip
def test_the_nearest_is_looked_for_less_strictly_where_it_is_not_found(
    large: int, attempts: list[tuple[str, bool, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two columns that can move; of many without a try that does not scale them. What is nearly solved will do
    at last, and is put within the bounds."""
    monkeypatch.setattr(near_module, "LARGE", large)
    tried, answers = list[tuple[str, bool, float]](), list[str]()

    def solver(*of: Any) -> Any:
        settings = of[-1]
        assert settings.tol_gap_abs == settings.tol_gap_rel == settings.tol_feas
        tried.append((settings.direct_solve_method, settings.equilibrate_enable, settings.tol_feas))
        return SimpleNamespace(solve=lambda: SimpleNamespace(status=answers.pop(0), x=[0.9, -0.1]))

    monkeypatch.setattr(clarabel, "DefaultSolver", solver)
    for last in range(len(attempts)):
        tried.clear()
        answers[:] = ["AlmostSolved"] * last + ["Solved"] + ["none"] * 2
        assert triangle().nearest(np.zeros(3), np.ones(3)).tolist() == [0.8, 0, 0.1]
        assert tried == attempts[: last + 1]
    answers[:] = ["InsufficientProgress"] * (len(attempts) - 1) + ["AlmostSolved"]
    assert triangle().nearest(np.zeros(3), np.ones(3)).tolist() == [0.8, 0, 0.1]
    answers[:] = ["AlmostSolved"] * (len(attempts) - 1) + ["InsufficientProgress"]
    with pytest.raises(NumericalTrouble, match="InsufficientProgress"):
        triangle().nearest(np.zeros(3), np.ones(3))


def test_the_limits_of_what_can_move_are_handed_over_once_and_in_one_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """x + y = 0.9, x − y ≤ 0.5, x ≤ 0.8, and neither below 0; nothing of z alone, which is 0.1."""
    handed: list[Any] = []

    def solver(*of: Any) -> Any:
        handed.extend(of)
        return SimpleNamespace(solve=lambda: SimpleNamespace(status="Solved", x=[0.5, 0.4]))

    monkeypatch.setattr(clarabel, "DefaultSolver", solver)
    nearly = replace(
        triangle(), matrix=sp.csc_matrix([[2.0, 2.0, 2.0], [4.0, -4.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 1.0]]),
        row_lower=np.array([2.0, -INF, -INF, 0.1]), row_upper=np.array([2.0, 2.0, 9.0, 0.1]),
    )  # fmt: skip
    target, weight = np.array([0.3, 5.0, 7.0]), np.array([2.0, 0.0, 1.0])
    assert nearly.nearest(target, weight, [{0: 3.0, 2: -10.0}]).tolist() == [0.5, 0.4, 0.1]
    squares, costs, rows, sides, *_ = handed
    assert rows.toarray() == pytest.approx(np.array([[1.0, 1], [1, -1], [1, 0], [-1, 0], [0, -1]]))
    assert sides == pytest.approx([0.9, 0.5, 0.8, 0, 0])
    # 2 (x − 0.3)² + (3 x − 10 · 0.1)², in half of its squares.
    assert squares.toarray() == pytest.approx(np.array([[2 + 9.0, 0], [0, 0]]))
    assert costs == pytest.approx([-0.6 - 3, 0])


def test_each_end_has_the_time_of_a_solve_and_the_first_corner_a_method_by_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seconds in (None, 5.0):
        nearly = replace(triangle(), time_limit=seconds)
        highs = nearly._loaded()
        for sign in (1.0, -1.0):
            before = highs.getRunTime()
            assert nearly._least(highs, np.array([sign, 0, 0]))[0] == pytest.approx(0 if sign > 0 else 0.7)
        limit = highs.getOptionValue("time_limit")[1]
        assert limit == INF if seconds is None else before + 5 <= limit <= highs.getRunTime() + 5
    asked, solve = list[tuple[float | None, bool]](), near_module.optimum

    def noted(highs: Any, limit: float | None, *, large: bool) -> None:
        asked.append((limit, large))
        solve(highs, limit, large=large)

    monkeypatch.setattr(near_module, "optimum", noted)
    for small in (3, 2):
        monkeypatch.setattr(near_module, "SMALL", small)
        assert len(nearly.vertex().columns) == 3
    assert asked == [(5, False), (5, True)]


# --- ranges of a mix -------------------------------------------------------------------------------------------------


def kinked(**changes: Any) -> MixData:
    """Congo weighs three times as much as China: at 50 GWh of NMC least is at risk. A GWh more costs half a GWh, one
    less a quarter, of 2.25 in three years: China has LFP for 47 GWh."""
    data = at_risk(**{"weight": {"congo": 3.0, "china": 1.0, "calm": 0.0}, **changes})
    some = {key: 47.0 for key in data.accessible if key[0] == "china" and key[2] == "phosphate"}
    return replace(data, accessible={**data.accessible, **some})


def moves(found: Solution, group: str = "nmc", year: int = 2030) -> tuple[float, float]:
    assert found.near is not None
    return found.near.ranges["Here", group, (year,)]


def test_near_a_single_optimum_shares_do_not_move() -> None:
    """A thousandth of 2.25 GWh: 0.0045 GWh of NMC more, or 0.009 less."""
    found = choose(kinked(), Criteria(near=0.001, ranges="all"))
    assert found.best == pytest.approx(2.25)
    for y in YEARS:
        assert moves(found, "nmc", y) == pytest.approx((0.49991, 0.500045), abs=1e-8)
        assert all(abs(100 * end - 50) <= 0.01 for end in moves(found, "nmc", y))


@pytest.mark.parametrize("data", [kinked(incumbent=incumbent(90)), limited(), two_regions(), routed(), anything(3)],
                         ids=["kink", "limits", "regions", "routes", "anything"])  # fmt: skip
def test_ranges_hold_what_stands_for_all_and_widen_with_near(data: MixData) -> None:
    last: dict[Any, tuple[float, float]] = {}
    wider = 0.0
    for near in (0.001, 0.01, 0.1):
        found = choose(data, Criteria(near=near, ranges="all"))
        assert found.near is not None
        for (r, group, years), (low, high) in found.near.ranges.items():
            share = sum(
                gwh for (at, _, c, y), gwh in found.additions.items()
                if at == r and y in years and group in (c, data.family[c])
            ) / sum(data.wanted[r, y] for y in years)  # fmt: skip
            assert low - 1e-7 <= share <= high + 1e-7
            before = last.get((r, group, years), (low, high))
            assert low <= before[0] + 1e-7
            assert before[1] <= high + 1e-7
            wider += before[0] - low + high - before[1]
        last = found.near.ranges
        assert found.best <= found.exposure + 1e-6 <= found.near.caps["expected"] + 2e-6
    assert wider > 1e-4


@pytest.mark.parametrize("data", [priced(70), anything(3), anything(8)], ids=["flat", "three", "eight"])
def test_examples_span_what_is_told_of_them(data: MixData) -> None:
    found = choose(data, Criteria(near=0.05, ranges="all")).near
    assert found is not None
    assert 1 <= len(found.examples) <= 10
    parts = []
    for (r, group, years), (low, high) in found.ranges.items():
        if group not in data.family and high - low > PINNED:
            shares = [
                sum(
                    gwh for (at, _, c, y), gwh in additions.items()
                    if at == r and y in years and data.family[c] == group
                ) / sum(data.wanted[r, y] for y in years)
                for additions in found.examples
            ]  # fmt: skip
            assert min(shares) >= low - 1e-6
            assert max(shares) <= high + 1e-6
            parts.append((max(shares) - min(shares)) / (high - low))
    assert found.covered == pytest.approx(np.mean(parts), abs=1e-6)
    assert found.covered > 0.85
    for additions in found.examples:
        for (r, s, y), gwh in data.demand.items():
            made = sum(additions.get((r, s, c, y), 0.0) for c in data.chemistries)
            assert made == pytest.approx(gwh, rel=1e-6)


def test_nearly_as_cheap_is_told_of_where_cost_alone_counts() -> None:
    """NMC costs 70, LFP 75: a hundredth of 21,000 million USD is 42 GWh of LFP, in any year."""
    found = choose(toy(), Criteria(objective="cost", near=0.01, ranges="all"))
    assert moves(found, "lfp") == pytest.approx((0, 0.42))
    # Nearest to an incumbent that sold nothing: the same in all years, as far as the cost allows.
    assert [found.additions["Here", "car", "lfp", y] for y in YEARS] == pytest.approx([14] * 3, abs=1e-4)


def test_near_a_worth_is_cost_and_priced_loss_together() -> None:
    """At 139 million USD a GWh at risk the cheapest mix is best: 21,000 and 37.5 GWh, so that 262.125 million more are
    nearly as good. The first 30 GWh of a year that are LFP cost 35 each and save a quarter of 139; each further one
    costs 35 and saves nothing."""
    found = choose(priced(105), Criteria(worth=139, near=0.01, ranges="all"))
    assert found.best == pytest.approx(37.5)
    assert moves(found) == pytest.approx(((70 - (262.125 - 30 * (35 - 139 / 4)) / 35) / 100, 1), abs=1e-6)
    found = choose(priced(105), Criteria(worth=141, near=0.01, ranges="all"))
    assert found.near is not None
    assert found.near.caps == pytest.approx({"priced": 1.01 * (24_150 + 141 * 15)})


# --- the mix that stands for others ----------------------------------------------------------------------------------


def every_number(found: Solution) -> dict[Any, float]:
    """All of a mix, its ranges and its frontier, by name."""
    parts = ("additions", "unmet", "production", "imports", "built", "retrofitted", "sourced", "secondary", "excess")
    out = {(name, *key): value for name in parts for key, value in getattr(found, name).items()}
    out |= {("loss", d): loss for d, loss in found.losses.items()} | {
        ("cost", of): usd for of, usd in found.cost.items()
    }
    out |= {("exposure",): found.exposure, ("best",): found.best}
    out |= {(name, "exposure"): each.exposure for name, each in found.baselines.items()}
    out |= {(name, "cost"): each.cost for name, each in found.baselines.items()}
    if found.near is not None:
        out |= {("range", end, *key): ends[end] for key, ends in found.near.ranges.items() for end in (0, 1)}
    if found.frontier is not None:
        out |= {
            ("frontier", at, part): vertex[part] for at, vertex in enumerate(found.frontier.vertices) for part in (0, 1)
        }
    for at, point in enumerate(found.along):
        out |= {("along", at, *key): gwh for key, gwh in point.additions.items()}
        out |= {("along", at, "exposure"): point.exposure, ("along", at, "cost"): point.cost}
    return out


def assert_same(one: Solution, other: Solution, *, but: tuple[str, ...] = ()) -> None:
    """To a millionth, or a thousandth of a GWh. What is left out is 0; but: names that are not looked at."""
    mine, theirs = ({key: value for key, value in every_number(each).items() if key[0] not in but}
                    for each in (one, other))  # fmt: skip
    apart = {key: abs(mine.get(key, 0.0) - theirs.get(key, 0.0)) for key in {*mine, *theirs}}
    far = {key: by for key, by in apart.items() if by > max(SAME * abs(mine.get(key, 0.0)), LEAST)}
    assert not far


def wobbled(data: MixData, seed: int = 0, by: float = 1e-9) -> MixData:
    """Every number of prices, supply, use and demand other by a part of it."""
    random = np.random.default_rng(seed)

    def other(table: Any) -> Any:
        return {key: value * (1 + by * random.uniform(-1, 1)) if isinstance(value, float) else value
                for key, value in table.items()}  # fmt: skip

    kept = {"weight", "starts", "own_share", "floor", "recycled", "observed"}
    tables = {each.name: getattr(data, each.name) for each in fields(data)}
    return replace(data, **{
        name: other(table) for name, table in tables.items() if isinstance(table, dict) and table and name not in kept
    })  # fmt: skip


def recovering() -> MixData:
    return replace(limited(), usual={("Here", n, "AUS", y): 1.0 for n in ("cobalt", "phosphate") for y in YEARS})


#: The smaller ones first.
TOYS = {"kink": kinked, "regions": two_regions, "limits": limited, "usual": recovering, "routes": routed,
        "flat": lambda: priced(70, incumbent=incumbent(20)), "three": lambda: anything(3),
        "eight": lambda: anything(8)}  # fmt: skip
ALL = Criteria(near=0.01, ranges="all", frontier="certified", cost_cap=0.05)


@pytest.mark.parametrize("name", some(TOYS, 3))
def test_rounding_of_inputs_moves_nothing(name: str) -> None:
    """Whichever of many optima a solver ends at. Which of mixes as cheap is the cheapest is a matter of rounding, and
    so is what that one is exposed to."""
    data = TOYS[name]()
    told = choose(data, ALL)
    for seed in range(3):
        other = choose(wobbled(data, seed), ALL)
        assert_same(told, other, but=("cheapest", "frontier", "along"))
        assert other.baselines["cheapest"].cost == pytest.approx(told.baselines["cheapest"].cost, rel=SAME)
        assert other.frontier is not None
        assert told.frontier is not None
        for e in told.frontier.exposure[1:]:
            assert other.frontier.cost_at(e) == pytest.approx(told.frontier.cost_at(e), rel=SAME)


@pytest.mark.parametrize("name", some(TOYS, 2))
def test_any_number_of_threads_finds_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(near_module, "cores", lambda count=count: count)
        found.append(choose(TOYS[name](), ALL))
    for other in found[1:]:
        assert_same(found[0], other)


def test_a_change_of_what_counts_moves_what_stands_for_it() -> None:
    """So that the comparison above can fail."""
    told = choose(priced(70, incumbent=incumbent(20)), ALL)
    with pytest.raises(AssertionError):
        assert_same(told, choose(wobbled(priced(70, incumbent=incumbent(20)), 0, 1e-2), ALL))
    with pytest.raises(AssertionError):
        assert_same(told, choose(priced(70, incumbent=incumbent(20.1)), ALL))


def test_additions_are_nearest_whatever_is_bought_for_them() -> None:
    """1 kt of phosphate a GWh, or 0.08 of cobalt: what is bought draws additions to neither side."""
    found = choose(priced(70, incumbent=incumbent(55)), Criteria(near=0.01))
    assert [found.additions["Here", "car", "nmc", y] for y in YEARS] == pytest.approx([55] * 3, abs=0.01)
    tonnes = {key: kg * 1000 for key, kg in at_risk().use.items()}
    more = {name: {key: kt * 1000 for key, kt in getattr(at_risk(), name).items()}
            for name in ("supplied", "undisturbed", "accessible")}  # fmt: skip
    heavy = choose(priced(70, incumbent=incumbent(55), use=tonnes, **more), Criteria(near=0.01))
    assert [heavy.additions["Here", "car", "nmc", y] for y in YEARS] == pytest.approx([55] * 3, abs=0.01)


def test_what_is_recovered_is_used() -> None:
    """All of it where nothing else decides, and sourcing is less by as much."""
    data = replace(
        priced(70, incumbent=incumbent(60)), minerals=("Co",), relief={("Co", "cobalt", y): 1.0 for y in YEARS},
        recovered={("Here", "Co", y): 0.4 for y in YEARS},
    )  # fmt: skip
    found = choose(data, Criteria(near=0.01))
    assert found.secondary == pytest.approx({("Here", "Co", y): 0.4 for y in YEARS}, abs=1e-5)
    for y in YEARS:
        nmc = found.additions["Here", "car", "nmc", y]
        assert found.sourced["Here", "cobalt", "AUS", y] == pytest.approx(0.08 * nmc - 0.4, abs=1e-5)


@pytest.mark.parametrize("name", TOYS)
def test_a_large_model_is_asked_as_a_small_one_is(name: str) -> None:
    """The cheapest mix without the recourse, and from it on the least exposed of those and of all."""
    small, large = Session(TOYS[name](), "expected"), Session(TOYS[name](), "expected")
    large.compiled.large = 0
    least = small.optimum("cost").objective
    with large.without_recourse():
        assert large.optimum("cost").objective == pytest.approx(least, rel=SAME)
    here, afresh = (large.among_best("cost", least, "expected", {}, inside=inside) for inside in (True, False))
    assert here.objective == pytest.approx(afresh.objective, rel=SAME, abs=LEAST)
    assert here.run.algorithm.endswith("hot basis")
    assert large.onwards("expected").objective == pytest.approx(small.optimum("expected").objective, rel=SAME, abs=SAME)


# --- one mix by the rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOYS)
def test_what_stands_for_others_plays_back(name: str) -> None:
    """With its additions alone held as little is lost, or less where what is made at home may change."""
    data = TOYS[name]()
    session = Session(data, "expected")
    caps = {"expected": 1.01 * session.least_exposed.exposure + 0.01}
    told = session.representative(session.nearly(caps))
    additions = session.levels(session.model.additions, told.values)
    again = session.with_additions(additions)
    assert again.exposure <= told.exposure + 1e-6
    if not data.capacity:
        assert again.exposure == pytest.approx(told.exposure, rel=1e-6, abs=1e-6)
        assert again.cost == pytest.approx(told.cost, rel=1e-6)
    assert again.breaks == ()


def test_the_incumbent_by_the_same_rules() -> None:
    """60 GWh of NMC a year: of these Congo takes 10, China as much LFP. It breaks nothing."""
    found = Session(at_risk(incumbent=incumbent(60)), "expected").incumbent()
    assert found is not None
    assert found.exposure == pytest.approx(15)
    assert found.cost == pytest.approx(3 * (60 * 70 + 40 * 75))
    assert found.breaks == ()


def test_a_rule_that_the_incumbent_breaks_is_named() -> None:
    """NMC may grow from 10 % to 20, 35 and 57.5 %, and the incumbent has 60 from the first year on."""
    ramp = {"before": {("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9}, "growth": {("Here", "NMC"): 0.5},
            "seed": {("Here", "NMC"): 0.05}}  # fmt: skip
    session = Session(at_risk(incumbent=incumbent(60), **ramp), "expected")
    found = session.incumbent()
    assert found is not None
    assert found.breaks == ("growth",)
    assert (found.exposure, found.cost) == pytest.approx((15, 21_600))
    # The others keep it all the same.
    assert session.cheapest.cost == pytest.approx(3 * 7500 - 5 * (20 + 35 + 57.5))
    keeps = Session(at_risk(incumbent=incumbent(20), **ramp), "expected").incumbent()
    assert keeps is not None
    assert keeps.breaks == ()
    told = choose(at_risk(incumbent=incumbent(60), **ramp), Criteria()).baselines["incumbent"]
    assert (told.exposure, told.cost) == pytest.approx((15, 21_600))
    assert told.breaks == ("growth",)


def test_only_what_the_incumbent_breaks_is_tried_without() -> None:
    """It is held to all limits, to none, to growth too, which it breaks, and to all others. It has 60 GWh of NMC, and
    may have no less and no more: what just holds is not broken."""
    share = {("Here", "car", "NMC", y): 0.6 for y in YEARS}
    data = at_risk(
        incumbent=incumbent(60), before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9}, growth={("Here", "NMC"): 0.5},
        seed={("Here", "NMC"): 0.05}, min_share=share, max_share=share,
    )  # fmt: skip
    session, tried = Session(data, "expected"), []
    solve = session.with_additions

    def with_additions(additions: Any, free: Any = (), **options: Any) -> Any:
        tried.append(set(free))
        return solve(additions, free, **options)

    session.with_additions = with_additions  # type: ignore[method-assign]
    found = session.incumbent()
    assert found is not None
    assert found.breaks == ("growth",)
    mine = {"growth", "min_share", "max_share"}
    assert [mine & each for each in tried] == [set(), mine, set(), {"growth"}]


@pytest.mark.parametrize(("drifted", "starts"), [
    ([False], ["hot"]), ([True, False], ["hot", "hot"]), ([True, True], ["hot", "hot", "cold"]),
])  # fmt: skip
def test_a_basis_that_drifted_is_factored_anew_and_then_left(
    drifted: list[bool], starts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is least stays what it is: 15 GWh."""
    session, answers = Session(at_risk(), "expected"), iter(drifted)
    session.optimum("cost")
    before = len(session.compiled.runs)
    monkeypatch.setattr(Compiled, "has_drifted", property(lambda _: next(answers)))
    assert session.nearby("expected").objective == pytest.approx(15)
    assert [run.algorithm.split(", ")[1].split()[0] for run in session.compiled.runs[before:]] == starts
    assert next(answers, None) is None


def test_what_the_incumbent_sells_and_no_mix_may_sell_is_lost() -> None:
    """60 GWh in 2032 under each disruption, of which calm weighs half; of LFP China takes 10 as before."""
    sold = tuple(key for key in toy().sold if key != ("Here", "car", "nmc", 2032))
    found = Session(at_risk(incumbent=incumbent(60), sold=sold), "expected").incumbent()
    assert found is not None
    assert found.exposure == pytest.approx(10 + (60 + 70 + 2 * 60) / 4)
    assert found.cost == pytest.approx(2 * 7200 + 40 * 75)


def test_supply_that_the_incumbent_does_not_have_is_named_too() -> None:
    """4.8 kt of cobalt are needed, and 4 delivered."""
    some = {key: {"cobalt": 4.0, "phosphate": 1e3}[key[0]] for key in at_risk().supplied}
    found = Session(at_risk(incumbent=incumbent(60), supplied=some), "expected").incumbent()
    assert found is not None
    assert found.breaks == ("supplier",)


def test_parts_of_the_cost_and_losses_are_those_of_the_objectives() -> None:
    session = Session(limited(), "expected")
    found = session.least_exposed
    assert sum(session.cost(found.values).values()) == pytest.approx(found.cost)
    weight, losses = session.data.weight, session.losses(found.values)
    expected = sum(weight[d] * loss for d, loss in losses.items()) / sum(weight.values())
    assert found.exposure == pytest.approx(expected)


# --- what a session is asked -----------------------------------------------------------------------------------------


def test_of_a_mix_is_noted_what_presses_where_losses_count() -> None:
    """In the objective, or in one that is held, be it from below; not in one that was held before."""
    session, noted = Session(at_risk(), "expected"), list[str]()
    session.library = SimpleNamespace(note=lambda *_: noted.append("own"), missed=set())  # type: ignore[assignment]
    session.libraries = {"other": SimpleNamespace(note=lambda *_: noted.append("other"), missed=set())}  # type: ignore[dict-item]
    session.model.future = {"other": None}

    def told(objective: str) -> list[str]:
        noted.clear()
        session.optimum(objective)
        return list(noted)

    both = ["own", "other"]
    assert told("expected") == told("worst") == both
    assert told("cost") == told("unmet_demand") == []
    with session.within({"worst": 60.0}):
        assert told("cost") == both
    assert told("cost") == []
    with session.within({"cost": 22_000.0}):
        assert told("unmet_demand") == []
    form, row = session.compiled.form, session.compiled.row("worst")
    form.row_lower[row] = -5.0
    assert told("cost") == both
    for own, other, missed in ((set(), set(), False), ({1}, set(), True), (set(), {1}, True)):
        session.library.missed, session.libraries["other"].missed = own, other  # type: ignore[union-attr]
        assert session.missed == missed
    session.library = None
    assert session.missed
    assert told("expected") == ["other"]


def test_a_large_model_goes_on_from_where_it_is_and_a_very_large_one_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    session, asked = Session(at_risk(), "expected"), list[tuple[bool, bool]]()
    columns = len(session.compiled.form.columns)
    monkeypatch.setattr(session, "optimum", lambda _, afresh, inside: asked.append((afresh, inside)))
    for large, far in ((columns + 1, columns + 1), (columns, columns + 1), (columns, columns)):
        session.compiled.large = large
        monkeypatch.setattr("minerals.mix.session.FAR", far)
        session.onwards("expected")
    assert asked == [(True, False), (False, True), (True, False)]


@pytest.mark.parametrize(("is_large", "fails", "ties"), [
    (False, 0, [1e-10]), (False, 2, [1e-10, 1e-8, 1e-6]), (False, 3, [1e-10, 1e-8, 1e-6]), (True, 0, [1e-6]),
    (True, 1, [1e-6]),
])  # fmt: skip
def test_mixes_as_good_miss_the_best_by_the_least_that_a_solver_finds(
    is_large: bool, fails: int, ties: list[float]
) -> None:
    """Of what it is, or of one unit; a cap that is less holds. Where none is found, that is told."""
    for best, cap, unit in ((200.0, np.inf, 200.0), (-200.0, np.inf, 200.0), (0.5, np.inf, 1.0), (200.0, 199.0, 0.0)):
        asked, solved = list[dict[str, float]](), list[dict[str, bool]]()

        def optimum(
            _: str, *, asked: list[dict[str, float]] = asked, solved: list[dict[str, bool]] = solved, **how: bool
        ) -> str:
            solved.append(how)
            if len(asked) <= fails:
                raise NumericalTrouble("none") if len(asked) % 2 else Infeasible("none", None)
            return "found"

        own: Any = SimpleNamespace(
            compiled=SimpleNamespace(is_large=is_large), optimum=optimum,
            within=lambda caps, asked=asked: (asked.append(caps), nullcontext())[1],
        )  # fmt: skip
        caps = {"cost": 7.0} | ({"expected": cap} if cap < np.inf else {})
        for inside in (False, True):
            asked.clear()
            solved.clear()
            if fails < len(ties):
                assert Session.among_best(own, "expected", best, "cost", caps, inside=inside) == "found"
            else:
                with pytest.raises((Infeasible, NumericalTrouble)):
                    Session.among_best(own, "expected", best, "cost", caps, inside=inside)
            assert [each["cost"] for each in asked] == [7] * len(ties)
            levels = [best + tie * unit if unit else cap for tie in ties]
            assert [each["expected"] for each in asked] == pytest.approx(levels, rel=1e-14)
            assert solved == [{"afresh": not inside, "inside": inside and is_large}] * len(ties)


def test_each_further_objective_keeps_to_those_before() -> None:
    """The worst loss is least at 60 GWh of NMC a year, the expected one up to 70, and 70 are cheaper than 60."""
    session, held = Session(at_risk(), "expected"), list[tuple[str, dict[str, float]]]()
    among_best = session.among_best

    def noted(objective: str, best: float, further: str, caps: Any, **how: bool) -> Any:
        held.append((further, dict(caps)))
        return among_best(objective, best, further, caps, **how)

    session.among_best = noted  # type: ignore[method-assign]
    found = session.least("worst", "expected", "cost")
    assert (found.exposure, found.cost) == pytest.approx((15, 3 * (60 * 70 + 40 * 75)), rel=1e-6)
    assert held == [("expected", {}), ("cost", {"worst": pytest.approx(30, rel=1e-6)})]
    held.clear()
    found = session.least("expected", "cost", "worst", caps={"expected": 16.0, "cost": 1e6})
    assert (found.exposure, found.cost) == pytest.approx((15, 3 * (70 * 70 + 30 * 75)), rel=1e-6)
    assert held == [
        ("cost", {"expected": 16, "cost": 1e6}), ("worst", {"expected": pytest.approx(15, rel=1e-6), "cost": 1e6}),
    ]  # fmt: skip
    assert session.least("cost", caps={"expected": 20.0}).exposure == pytest.approx(20)


def test_what_a_unit_of_exposure_is_worth_can_be_another() -> None:
    """The priced sum is the cost and that of all that is lost, of what is lost anyway too."""
    session = Session(at_risk(), "expected", worth=7.0)
    values = session.optimum("cost").values
    form = session.compiled.form
    form.offsets[form.place(form.objective("cost"))] = 11.0
    cost, loss = session.value("cost", values), session.value("expected", values)
    assert session.value("priced", values) == pytest.approx(cost - 11 + 7 * loss)
    session.price(20.0)
    assert loss > 0
    assert session.value("priced", values) == pytest.approx(cost + 20 * loss)
    # Columns that came after a mix are none of it.
    assert session.value("cost", values[:-1]) == pytest.approx(cost - form.costs[0, len(values) - 1] * values[-1])
    last = form.columns[-1]
    assert session.levels({"last": last}, values) == {"last": pytest.approx(values[-1])}
    assert session.levels({"last": last}, values[:-1]) == {}


def test_where_cost_alone_counts_no_loss_is_played_back() -> None:
    for aim, as_it_is in (("cost", True), ("expected", False)):
        session = Session(at_risk(), aim)
        values = session.optimum("cost").values
        assert (session.standing(values).values is values) == as_it_is
        assert session.standing(values).cost == pytest.approx(21_000)


@pytest.mark.parametrize("large", [True, False])
def test_the_recourse_is_left_out_of_a_large_model_as_long_as_nothing_presses(large: bool) -> None:
    session = Session(at_risk(), "expected")
    session.compiled.large = 0 if large else 10**6
    recourse = [*session.model.at_home.values()]
    free = [session.compiled.bounds(each) for each in recourse]
    with session.without_recourse():
        assert [session.compiled.bounds(each) for each in recourse] == ([(0, 0)] * len(recourse) if large else free)
    assert [session.compiled.bounds(each) for each in recourse] == free


def test_a_cap_on_an_objective_is_what_it_says_as_long_as_it_lasts() -> None:
    session = Session(at_risk(), "expected")
    with session.within({"expected": 20.0, "cost": 1e6}):
        assert [session.compiled.rhs(name, "upper") for name in ("expected", "cost")] == pytest.approx([20, 1e6])
    assert np.isinf(
        session.compiled.form.row_upper[[session.compiled.row(name) for name in ("expected", "cost")]]
    ).all()


def test_a_share_is_of_all_that_is_wanted_in_its_years() -> None:
    """100 GWh a year, 200 in two."""
    session = Session(at_risk(), "expected")
    additions, column = session.model.additions, session.compiled.column
    for group, years, chemistry in (("NMC", (2030, 2032), "nmc"), ("nmc", (2031,), "nmc"), ("LFP", YEARS, "lfp")):
        weights = session.share("Here", group, years)
        told = {column(additions["Here", "car", chemistry, y]): 0.01 / len(years) for y in years}
        assert {int(at): weights[at] for at in np.flatnonzero(weights)} == pytest.approx(told)


@pytest.mark.parametrize("together", [False, True])
def test_what_stands_for_others_is_near_to_the_incumbent_and_to_what_is_usual(together: bool) -> None:
    """By weighted squares: of additions from the incumbent's, of what is recovered from far more than there is, and of
    lines and excess from less than none; and of what each supplier has from its part of all, in units of the root of
    that part, of a thousandth at least. Cells that share no maker's materials are of their makers."""
    names = ("a", "b", "makes X", "makes Y", "makes Z", "ore X", "ore Y", "salt X", "tin X", "tin Y", "cell X",
             "cell H", "cell Y", "recovered", "built", "turned", "excess", "beyond", "nowhere")  # fmt: skip
    of: Any = {name: [name] for name in names}
    column = {id(of[name]): at for at, name in enumerate(names) if name != "nowhere"}
    sourced = [name for name in names if name.split()[0] in ("ore", "salt", "tin", "cell")]
    model = SimpleNamespace(
        additions={"first": of["a"], "second": of["b"], "third": of["nowhere"], "fourth": of["beyond"]},
        sourced={("Here", *name.split(), 2030): of[name] for name in sourced}, secondary={1: of["recovered"]},
        built={1: of["built"]}, retrofitted={1: of["turned"]}, excess={1: of["excess"]},
    )  # fmt: skip
    data = SimpleNamespace(
        incumbent={"first": 7.0, "fourth": 8.0}, cells=("cell",), together=together, home={"H": "Here"},
        usual={("Here", "ore", "X", 2030): 1.0, ("Here", "cell", "X", 2030): 0.8, ("Here", "cell", "Y", 2030): 0.2},
    )  # fmt: skip
    own: Any = SimpleNamespace(
        data=data, model=model, compiled=SimpleNamespace(form=SimpleNamespace(column_of=column)),
        _makers={1: {"X": of["makes X"], "Y": of["makes Y"], "Z": of["nowhere"]}, 2: {"Z": of["makes Z"]}},
        _shares=lambda key: {1: {"X": 0.4, "Y": 0.5, "Z": 0.1}, 2: {"Z": 1.0}}[key],
    )  # fmt: skip
    target, weight, apart = Session.target(own, SimpleNamespace(lower=np.zeros(names.index("beyond"))))  # type: ignore[arg-type]
    by = {name: (target[at], weight[at]) for at, name in enumerate(names[:-2]) if weight[at]}
    told = {"a": (7, 1), "b": (0, 1), "recovered": (1e3, 1e-6)} | dict.fromkeys(
        ("built", "turned", "excess"), (-1, 1e-3)
    )
    assert by == {name: pytest.approx(each) for name, each in told.items()}
    assert not target[weight == 0].any()

    def parts(*of: tuple[str, float]) -> list[dict[int, float]]:
        return [
            {names.index(name): ((name == one) - part) * (1e-3 / max(part, 1e-3)) ** 0.5 for name, _ in of}
            for one, part in of
        ]

    sums = parts(("makes X", 0.4), ("makes Y", 0.5)) + parts(("ore X", 1.0), ("ore Y", 0.0))
    sums += parts(("tin X", 0.5), ("tin Y", 0.5)) + (parts(("cell X", 0.8), ("cell Y", 0.2)) if together else [])
    assert apart == [pytest.approx(each) for each in sums]


def test_the_parts_of_makers_are_those_observed_of_who_may_make_cells() -> None:
    """Of all three alike where none was observed."""
    observed = {("Here", "X", "nmc", 2030): 0.3, ("Here", "Y", "nmc", 2030): 0.1, ("Here", "W", "nmc", 2030): 0.6}
    makers = dict.fromkeys(("X", "Y", "Z"))
    own: Any = SimpleNamespace(
        data=SimpleNamespace(observed=observed), _makers={("Here", "nmc", y): makers for y in (2030, 2031)}
    )
    assert Session._shares(own, ("Here", "nmc", 2030)) == pytest.approx({"X": 0.75, "Y": 0.25, "Z": 0})
    assert Session._shares(own, ("Here", "nmc", 2031)) == pytest.approx(dict.fromkeys(makers, 1 / 3))


@pytest.mark.parametrize("observed", [True, False])
def test_a_mix_that_is_held_leaves_the_rest_of_the_demand_unmet(observed: bool) -> None:
    """Of 100 GWh in cars it has 30 of NMC and 20 of LFP, and 5 that no mix may sell; in buses 10 of 40. Of the 40 of
    NMC each maker has its part, where they are as observed."""
    held: list[tuple[list[tuple[str, float]], list[str]]] = []
    keys = [("Here", *key, 2030) for key in (("car", "nmc"), ("bus", "nmc"), ("car", "lfp"), ("car", "na"))]
    model = SimpleNamespace(
        additions={key: f"{key[1]} {key[2]}" for key in keys}, wanted=[("Here", s, 2030) for s in ("car", "bus")],
        unmet={("Here", s, 2030): f"unmet {s}" for s in ("car", "bus")}, growth={1: "grows", 2: "grows too"},
    )  # fmt: skip
    share = {"nmc": {"X": 0.75, "Y": 0.25}, "lfp": {"X": 1.0}, "na": {"X": 1.0}}
    own: Any = SimpleNamespace(
        data=SimpleNamespace(demand={("Here", "car", 2030): 100.0, ("Here", "bus", 2030): 40.0}), aim="worst",
        model=model,
        _makers={("Here", c, 2030): {j: f"{c} of {j}" for j in of} for c, of in share.items()},
        _shares=lambda key: share[key[1]], least=lambda *of: of,
        compiled=SimpleNamespace(held=lambda *of: (held.append(of), nullcontext())[1]),
    )  # fmt: skip
    additions = dict(zip(keys, (30.0, 10.0, 20.0), strict=False)) | {("Here", "car", "old", 2030): 5.0}
    assert Session.with_additions(own, additions, ("growth", "floor"), observed=observed) == ("worst", "cost")
    ((values, rows),) = held
    told = {"car nmc": 30, "bus nmc": 10, "car lfp": 20, "car na": 0, "unmet car": 50, "unmet bus": 30}
    told |= {"nmc of X": 30, "nmc of Y": 10, "lfp of X": 20, "na of X": 0} if observed else {}
    assert dict(values) == told
    assert rows == ["grows", "grows too"]


def test_a_limit_is_broken_where_it_is_missed_by_more_than_rounding() -> None:
    """By a millionth of what is limited, or of one: 2 x up to 400 and from 1, x from −0.5 up."""
    model = SimpleNamespace(most={1: ["most"]}, ends={1: ["least"], 2: ["none"]}, floor={1: ["floor"]})
    rows = {id(model.most[1]): 0, id(model.ends[1]): 1, id(model.floor[1]): 2}
    form = SimpleNamespace(
        levels=lambda values: np.array([2.0, 2.0, 1.0]) * values[0], row_of=rows,
        row_lower=np.array([-INF, 1.0, -0.5]), row_upper=np.array([400.0, INF, INF]),
    )  # fmt: skip
    own: Any = SimpleNamespace(model=model, compiled=SimpleNamespace(form=form))

    def broken(family: str, x: float) -> bool:
        return Session._breaks(own, family, np.array([x]))

    assert [broken("most", 200 + off) for off in (-1, 0.9 * 200e-6, 1.1 * 200e-6)] == [False, False, True]
    assert [broken("ends", 0.5 + off / 2) for off in (1, -0.9e-6, -1.1e-6)] == [False, False, True]
    assert [broken("floor", -0.5 + off) for off in (0.1, -0.9e-6, -1.1e-6)] == [False, False, True]
    assert not broken("nothing", 1e9)


# --- a solver that gives up ------------------------------------------------------------------------------------------


def test_where_all_else_gives_up_the_primal_simplex_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next programme begins with the dual again."""
    asked: list[tuple[Any, ...]] = []
    solve = highs_module.run

    def run(highs: Any) -> Any:
        asked.append(tuple(highs.getOptionValue(name)[1] for name in ("solver", "presolve", "simplex_strategy")))
        status = solve(highs)
        return status if asked[-1][2] == highs_module.PRIMAL else highspy.HighsModelStatus.kSolveError

    monkeypatch.setattr(highs_module, "run", run)
    highs = triangle()._loaded()
    for _ in range(2):
        asked.clear()
        highs_module.optimum(highs, None, large=False)
        assert [each[:2] for each in asked] == [
            ("simplex", "choose"), ("ipx", "choose"), ("simplex", "off"), ("ipx", "off"), ("simplex", "choose"),
        ]  # fmt: skip
        assert [each[2] for each in asked] == [highs_module.DUAL] * 4 + [highs_module.PRIMAL]
