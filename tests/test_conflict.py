"""Conflicts by hand and at random: named, irreducible, and resolved by the loosening that is offered."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest

from minerals.case.why_infeasible import _demanded
from minerals.errors import Infeasible, NumericalTrouble, TimeLimit, UsageError
from minerals.highs import solver
from minerals.mix.compiled import Compiled
from minerals.mix.conflict import Conflict, Loosening, Member, Search


def short() -> Any:
    """100 GWh of demand; at most 30 LFP by equipment and 50 NMC by 4 kt of cobalt at 0.08 kg/kWh."""
    model = pyo.ConcreteModel()
    model.made = pyo.Var(["lfp", "nmc", "lto"], domain=pyo.NonNegativeReals)
    model.demand = pyo.Constraint(expr=model.made["lfp"] + model.made["nmc"] - 20 >= 80)
    model.lines = pyo.Constraint(expr=model.made["lfp"] <= 30)
    model.cobalt = pyo.Constraint(expr=0.08 * model.made["nmc"] <= 4)
    model.titanium = pyo.Constraint(expr=model.made["lto"] <= 7)
    model.cost = pyo.Objective(expr=75 * model.made["lfp"] + 70 * model.made["nmc"] + model.made["lto"])
    return model


def both() -> Any:
    """The demand of `short`, and another limit that contradicts one it does not share."""
    model = short()
    model.more = pyo.Constraint(expr=model.made["lto"] >= 8)
    return model


def loosenings(compiled: Compiled, found: Conflict) -> list[Loosening]:
    """Those that are found, the relatively smallest change first."""
    return sorted(Search(compiled).loosenings(found), key=lambda way: (way.relative, way.by))


def names(found: Conflict) -> set[tuple[str, str]]:
    return {(member.name, member.side) for member in found.members}


def test_by_hand() -> None:
    compiled = Compiled(short())
    with pytest.raises(Infeasible):
        compiled.solve()
    search = Search(compiled)
    limits = [("demand", "lower"), ("lines", "upper"), ("cobalt", "upper"), ("titanium", "upper")]
    assert [(limit.name, limit.side) for limit in search.limits] == limits
    found = search.conflict()
    assert names(found) == set(limits[:3])
    assert {member.name: member.limit for member in found.members} == {"demand": 80, "lines": 30, "cobalt": 4}
    assert {member.kind for member in found.members} == {"constraint"}
    ways = loosenings(compiled, found)
    # Demand by 20 of 80, cobalt by 1.6 of 4 kt, lines by 20 of 30: in the terms in which they are stated.
    assert [(way.member.name, way.to, way.by) for way in ways] == [
        ("demand", pytest.approx(60), pytest.approx(20)),
        ("cobalt", pytest.approx(5.6), pytest.approx(1.6)),
        ("lines", pytest.approx(50), pytest.approx(20)),
    ]
    assert [way.relative for way in ways] == pytest.approx([0.25, 0.4, 2 / 3])
    # The model itself is as it was, and solves once it is loosened.
    compiled.set_rhs("cobalt", 5.6)
    assert compiled.solve().value("made[lfp]") == pytest.approx(30)
    with pytest.raises(UsageError, match="do not contradict"):
        Search(compiled).conflict()


def test_bounds_and_equalities() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.y = pyo.Var(bounds=(0, None))
    model.z = pyo.Var()
    model.total = pyo.Constraint(expr=model.x - model.y == 5)
    model.cost = pyo.Objective(expr=model.x + model.z)
    compiled = Compiled(model)
    search = Search(compiled)
    # Both limits of an equality are of one row, and a bound has a row of its own.
    assert search.rows.tolist() == [0, 0, 1]
    found = search.conflict()
    # That y is not negative is no limit: it always holds.
    assert names(found) == {("total", "lower"), ("x", "upper")}
    ways = loosenings(compiled, found)
    assert [(way.member.name, way.to) for way in ways] == [("total", pytest.approx(4)), ("x", pytest.approx(5))]


def test_bounds_that_cross() -> None:
    model = short()
    compiled = Compiled(model)
    compiled.set_rhs("demand", 10)
    compiled.set_bounds("made[lto]", 9, 8)
    compiled.set_rhs("titanium", 20)
    found = Search(compiled).conflict()
    assert names(found) == {("made[lto]", "lower"), ("made[lto]", "upper")}
    assert [way.to for way in loosenings(compiled, found)] == pytest.approx([8, 9])


def test_limits_of_a_row_that_cross() -> None:
    model = short()
    model.lines.set_value((5, model.made["lfp"], 30))
    compiled = Compiled(model)
    compiled.set_rhs("demand", 10)
    compiled.set_rhs("lines", 40, side="lower")
    found = Search(compiled).conflict()
    assert names(found) == {("lines", "lower"), ("lines", "upper")}
    assert [way.to for way in loosenings(compiled, found)] == pytest.approx([30, 40])


def test_a_limit_without_variables() -> None:
    model = short()
    model.lines.deactivate()
    model.never = pyo.Constraint(expr=0 * model.made["lfp"] >= 2)
    compiled = Compiled(model)
    found = Search(compiled).conflict()
    assert names(found) == {("never", "lower")}
    assert [way.to for way in loosenings(compiled, found)] == [0]


def test_an_objective_that_is_held() -> None:
    model = short()
    model.lines.set_value(model.made["lfp"] <= 120)
    model.least = pyo.Objective(expr=model.made["nmc"] + 3)
    model.least.deactivate()
    compiled = Compiled(model)
    compiled.hold("least", 4, slack=0)
    compiled.hold("cost", 75 * 99 + 70 - 0.5, slack=0)
    found = Search(compiled).conflict()
    assert ("cost", "upper") in names(found)
    assert ("least", "upper") in names(found)
    assert {member.kind for member in found.members if member.name == "cost"} == {"objective"}


def test_two_conflicts_have_no_single_way_out() -> None:
    compiled = Compiled(both())
    found = Search(compiled).conflict()
    assert names(found) in ({("more", "lower"), ("titanium", "upper")}, {(n, s) for n, s in (
        ("demand", "lower"), ("lines", "upper"), ("cobalt", "upper"))})  # fmt: skip
    assert loosenings(compiled, found) == []


def random_conflict(seed: int) -> Any:
    """Limits kept by a point, and one more that they exclude."""
    random = np.random.default_rng(seed)
    rows, columns = 30, 20
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(columns), bounds=(0, 5))
    matrix = np.where(random.random((rows, columns)) < 0.3, random.uniform(0, 1, (rows, columns)), 0.0)
    matrix[:, 0] += 0.1
    level = matrix.sum(axis=1).tolist()

    def limit(_: Any, row: int) -> Any:
        body = pyo.quicksum(float(matrix[row, at]) * model.x[at] for at in range(columns))
        return body <= level[row] if row % 2 else body == level[row] if row % 10 == 0 else body >= level[row] / 2

    model.limit = pyo.Constraint(range(rows), rule=limit)
    weights = matrix[1::2].sum(axis=0)
    most = sum(level[1::2])
    model.excluded = pyo.Constraint(
        expr=pyo.quicksum(float(w) * model.x[at] for at, w in enumerate(weights)) >= most * 1.2
    )
    model.cost = pyo.Objective(expr=pyo.quicksum(model.x.values()))
    return model


def contradict(compiled: Compiled, members: Iterable[Member]) -> bool:
    """Whether limits have no solution alone, as HiGHS tells of a programme that has no others."""
    kept, form = {(member.name, member.side) for member in members}, compiled.form
    highs = solver()
    highs.passModel(compiled.highs.getLp())
    for at, row in enumerate(form.rows):
        lower = form.row_lower[at] if (row.name, "lower") in kept else -highspy.kHighsInf
        highs.changeRowBounds(at, lower, form.row_upper[at] if (row.name, "upper") in kept else highspy.kHighsInf)
    for at, column in enumerate(form.columns):
        lower = form.col_lower[at] if (column.name, "lower") in kept or form.col_lower[at] == 0 else -highspy.kHighsInf
        highs.changeColBounds(at, lower, form.col_upper[at] if (column.name, "upper") in kept else highspy.kHighsInf)
    highs.changeColsCost(len(form.columns), np.arange(len(form.columns)), np.zeros(len(form.columns)))
    highs.run()
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible)


@pytest.mark.parametrize("seed", range(15))
def test_irreducible_and_resolved(seed: int) -> None:
    """Alone infeasible; feasible without any one member; feasible as a whole by each way out, and not by less."""
    compiled = Compiled(random_conflict(seed))
    with pytest.raises(Infeasible):
        compiled.solve()
    found = Search(compiled).conflict()
    assert found.irreducible
    assert contradict(compiled, found.members)
    for one in found.members:
        assert not contradict(compiled, [other for other in found.members if other != one])
    ways = loosenings(compiled, found)
    assert "excluded" in {way.member.name for way in ways}
    for way in ways:
        if way.member.kind != "constraint":
            continue
        before, step = way.member.limit, way.to - way.member.limit
        compiled.set_rhs(way.member.name, before + step * (1 + 1e-6), side=way.member.side)
        compiled.solve()
        compiled.set_rhs(way.member.name, before + step * 0.99, side=way.member.side)
        with pytest.raises(Infeasible):
            compiled.solve()
        compiled.set_rhs(way.member.name, before, side=way.member.side)


def test_the_rank_says_which_conflict_is_told() -> None:
    few, many = {"more", "titanium"}, {"demand", "lines", "cobalt"}

    def without(names: set[str]) -> Callable[[Member], bool]:
        return lambda limit: limit.name in names

    def told(*ranks: Callable[[Member], bool]) -> set[str]:
        return {member.name for member in Search(Compiled(both())).conflict(*ranks).members}

    assert told(without(many)) == few
    assert told(without(few)) == many
    assert told(without(few), without(many)) == few, "the smallest set of all ranks"


def test_books_are_always_kept_and_never_told() -> None:
    search = Search(Compiled(short()), balances=("demand", "lines"))
    assert {limit.name for limit in search.limits} == {"cobalt", "titanium"}
    found = search.conflict()
    assert {member.name for member in found.members} == {"cobalt"}
    assert [way.to for way in search.loosenings(found)] == [pytest.approx(5.6)]


def test_what_gives_way_together() -> None:
    search = Search(Compiled(both()))
    assert search.give_way(("cobalt", "lines")) is None
    assert search.give_way(("cobalt", "titanium")) is not None
    gives = {limit.name: amount for limit, amount in search.give_way(("cobalt", "lines", "titanium")) or ()}
    assert gives == {"cobalt": pytest.approx(1.6), "titanium": pytest.approx(1)}


def test_demand_that_a_conflict_is_about_is_that_of_its_uses_in_the_years_of_its_limits() -> None:
    places = [("Here", "car", 2030), ("Here", "car", 2031), ("Here", "car", 2032), ("Here", "bus", 2031),
              ("There", "car", 2031)]  # fmt: skip
    members = [SimpleNamespace(family=family, index=index) for family, index in (
        ("unmet", ("Here", "car", 2031)), ("growth", ("Here", "NMC", 2030)),
    )]  # fmt: skip
    data = SimpleNamespace(demand=dict.fromkeys(places, 1.0))
    assert list(_demanded(data, members)) == places[:2]  # type: ignore[arg-type]
    assert list(_demanded(data, members[1:])) == []  # type: ignore[arg-type]


# --- within a budget of time -----------------------------------------------------------------------------------------


def ticking() -> Callable[[], float]:
    """A clock that is one second further each time it is asked: once at the start, and once for each solve."""
    seconds = itertools.count()
    return lambda: float(next(seconds))


def test_what_was_proved_when_time_ran_out_is_told_as_that() -> None:
    """With ever more time: nothing, then sets that contradict each other, ever smaller, then an irreducible one."""
    compiled = Compiled(random_conflict(3))
    sizes: list[int] = []
    whole = Search(compiled).conflict()
    for seconds in range(1, 400):
        try:
            found = Search(compiled, seconds=seconds, now=ticking()).conflict()
        except TimeLimit:
            assert not sizes
            continue
        assert contradict(compiled, found.members)
        sizes.append(len(found.members))
        if found.irreducible:
            break
    assert found.irreducible
    assert set(found.members) == set(whole.members)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_the_last_second_is_time_too() -> None:
    compiled = Compiled(short())
    found = Search(compiled, seconds=0.5, now=lambda: 0.0).conflict()
    assert found == Search(compiled).conflict()
    with pytest.raises(TimeLimit):
        Search(compiled, seconds=0.0, now=lambda: 0.0).conflict()


def test_each_solve_has_the_time_that_is_left() -> None:
    """Of 10 s from 100 on, at 104, half of 6 within a part; and all of it again after that, whatever
    happened."""
    clock = [100.0]
    search = Search(Compiled(short()), seconds=10.0, now=lambda: clock[0])
    clock[0] = 104.0

    def given() -> float:
        before = search.highs.getRunTime()
        search._solve()
        return float(search.highs.getOptionValue("time_limit")[1]) - before

    assert given() == pytest.approx(6, abs=0.5)
    with search._part_of_the_time(0.5):
        assert search.end == pytest.approx(107)
        assert given() == pytest.approx(3, abs=0.5)
    with pytest.raises(KeyError), search._part_of_the_time(0.5):
        raise KeyError
    assert search.end == 110
    assert Search(Compiled(short())).end == math.inf


def test_of_many_limits_few_are_found_in_few_solves() -> None:
    """Three of 64 contradict each other, and no dual tells which. The half that is let go first, 1 to 63, holds one of
    them, and its last 16 none: these go, and then twice as many are tried, as many, and half of that. So each of the
    three takes about twice as many solves as 64 can be halved."""
    sizes: list[int] = []

    def breach(kept: Any) -> tuple[float, Any]:
        sizes.append(64 - int(kept.sum()))
        return (1.0 if kept[[5, 20, 40]].all() else 0.0), kept

    order = [*range(0, 64, 2), *range(1, 64, 2)]
    *_, found = Search._smaller(SimpleNamespace(_breach=breach), np.ones(64, dtype=bool), order)  # type: ignore[arg-type]
    assert np.flatnonzero(found).tolist() == [5, 20, 40]
    assert sizes[:6] == [32, 16, 16 + 32, 16 + 16, 16 + 8, 24 + 16]
    assert len(sizes) <= 3 * 2 * 6 + 2


def test_time_that_runs_out_ends_what_is_looked_for_next() -> None:
    compiled = Compiled(short())
    found = Search(compiled).conflict()
    now = ticking()
    search = Search(compiled, seconds=3, now=now)
    for _ in range(3):
        now()
    with pytest.raises(TimeLimit):
        search.give_way(("cobalt",))
    with pytest.raises(TimeLimit):
        list(search.loosenings(found))


def test_a_solve_without_an_answer_holds_no_limit_in_those_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search(Compiled(short()))
    found, solve = search.conflict(), search._solve
    answers = iter([True, False])

    def troubled() -> bool:
        if next(answers):
            return solve()
        raise NumericalTrouble("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(search, "_solve", troubled)
        with pytest.raises(NumericalTrouble):
            search.give_way(("cobalt",))
    assert search.conflict() == found
