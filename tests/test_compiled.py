"""A Pyomo model in HiGHS: hand-solved answers with their signs, Pyomo's own solve, and changes by name."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from highspy import HighsModelStatus as Status
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.contrib.solver.solvers.highs import Highs
from scipy.optimize import linprog

from minerals import highs
from minerals.errors import Infeasible, SolverError, TimeLimit, Unbounded, UsageError
from minerals.mix.compiled import Compiled, building
from minerals.mix.optimum import Optimum

INF = math.inf


def factory() -> Any:
    """Profit 3 a + 2 b; a + b ≤ 4 (labour), a + 3 b ≤ 6 (ore), a ≤ 3. By hand: a = 3, b = 1, profit 11."""
    model = pyo.ConcreteModel()
    model.a = pyo.Var(bounds=(0, 3))
    model.b = pyo.Var(domain=pyo.NonNegativeReals)
    model.labour = pyo.Constraint(expr=model.a + model.b <= 4.5)
    model.ore = pyo.Constraint(expr=model.a + 3 * model.b <= 6)
    model.profit = pyo.Objective(expr=3 * model.a + 2 * model.b, sense=pyo.maximize)
    model.waste = pyo.Objective(expr=model.b + 7, sense=pyo.minimize)
    model.waste.deactivate()
    return model


def cobalt() -> Any:
    """One kWh of LFP (75 USD) or NMC (70 USD, 0.08 kg of cobalt); 0.04 kg of cobalt, worth 5/0.08 = 62.5 USD/kg."""
    model = pyo.ConcreteModel()
    model.chemistries = pyo.Set(initialize=["lfp", "nmc"])
    model.made = pyo.Var(model.chemistries, domain=pyo.NonNegativeReals)
    model.content = pyo.Param(initialize=0.08, mutable=True)
    model.demand = pyo.Constraint(expr=model.made["lfp"] + model.made["nmc"] == 1)
    model.cobalt = pyo.Constraint(expr=model.content * model.made["nmc"] <= 0.04)
    model.cost = pyo.Objective(expr=75 * model.made["lfp"] + 70 * model.made["nmc"] + 5)
    return model


def by_pyomo(model: Any) -> Any:
    """Pyomo's own solve: its results, with duals."""
    return Highs().solve(model, raise_exception_on_nonoptimal_result=False, load_solutions=False)


def test_minimised_signs_and_range_by_hand() -> None:
    found = Compiled(cobalt()).solve()
    assert found.objective == pytest.approx(0.5 * 75 + 0.5 * 70 + 5)
    assert found.value("made[nmc]") == pytest.approx(0.5)
    assert found.dual("cobalt") == pytest.approx(-62.5)
    assert found.worth("cobalt") == pytest.approx(62.5)
    assert found.dual("demand") == pytest.approx(75)
    assert found.range("cobalt") == pytest.approx((0, 0.08))
    assert found.range("demand") == pytest.approx((0.5, INF))
    assert found.binding() == ["demand", "cobalt"]


def test_levels_of_constraints_are_those_of_their_bodies() -> None:
    """a = 3, b = 1: labour 4, ore 6. What is added has none, and a column that is added no part in them."""
    form = Compiled(factory()).form
    values = np.array([{"a": 3.0, "b": 1.0}[column.name] for column in form.columns])
    level = dict(zip((row.name for row in form.rows), form.levels(values), strict=True))
    assert level == {"labour": 4, "ore": 6}
    form.add_row(form.objectives[0])
    more = pyo.ConcreteModel()
    more.c = pyo.Var(domain=pyo.NonNegativeReals)
    form.add_column(more.c)
    assert form.levels(np.append(values, 9.0)).tolist() == [*level.values(), 0]


def test_maximised_signs_and_range_by_hand() -> None:
    model = factory()
    found = Compiled(model).solve()
    assert found.objective == pytest.approx(11)
    assert found.values_of(model.a) == {None: pytest.approx(3)}
    assert found.dual(model.ore) == pytest.approx(2 / 3)
    assert found.reduced_cost("a") == pytest.approx(3 - 2 / 3)
    assert found.range("ore") == pytest.approx((3, 7.5))
    # What does not bind holds from where it would.
    assert found.dual("labour") == 0
    assert found.range("labour") == pytest.approx((4, INF))
    assert found.body("labour") == pytest.approx(4)


@pytest.mark.parametrize(("least", "upward", "ends"), [
    (0.0, False, (1, 7)), (0.0, True, (3, 11)), (3.5, False, (-INF, 4.5)), (4.0, False, (-INF, 5)),
    (5.0, False, (6, INF)),
])  # fmt: skip
def test_the_range_of_a_limit_with_two_ends(least: float, upward: bool, ends: tuple[float, float]) -> None:
    """3 ≤ x + 1 ≤ 7, and x from `least` to 10. At one end the limit moves until x meets a bound or it the other end;
    where it does not bind, from anywhere to where it would, by the end that is nearer, of two as near the lower."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(least, 10))
    model.y = pyo.Var(bounds=(0, 1))
    model.limit = pyo.Constraint(expr=(3, model.x + 1 + 0 * model.y, 7))
    model.goal = pyo.Objective(expr=model.x + model.y, sense=pyo.maximize if upward else pyo.minimize)
    found = Compiled(model).solve()
    assert found.range("limit") == pytest.approx(ends)
    assert found.binding() == (["limit"] if least == 0 else [])
    assert found.dual("limit") == found.worth("limit") == (least == 0)
    assert found.body("limit") == pytest.approx(7 if upward else max(least, 2) + 1)


@pytest.mark.parametrize(("duals", "named"), [
    ([1e6, 0.9e-3], 1), ([-1e6, 1.1e-3], 2), ([1e-3, 0.9e-9], 1), ([1e-3, -1.1e-9], 2), ([0.0, 0.0], 0),
])  # fmt: skip
def test_a_limit_binds_where_its_dual_is_more_than_rounding(duals: list[float], named: int) -> None:
    """By a part of 1e-9 of the largest dual, or of one."""
    model = cobalt()
    found: Any = SimpleNamespace(duals=np.array(duals), form=SimpleNamespace(rows=[model.demand, model.cobalt]))
    assert Optimum.binding(found) == ["demand", "cobalt"][:named]


@pytest.mark.parametrize(("inverse", "lower", "steps"), [
    ([2.0, 4.0, 3.9e-9, -1.0], 0.0, (-0.5, 1)), ([2.0, -4.0, 3.9e-9, 1.0], 0.0, (-0.5, 1)),
    ([2.0, 4.0, 0.0, 0.0], 1.1, (0, 1)), ([2.0, 4.0, 0.0, 0.0], -9.0, (-5, 1)),
    ([0.9e-9, 0.9e-9, 0.0, 0.0], 0.0, (-INF, INF)), ([-2.0, 4.0, 0.0, 0.0], 1.1, (-2, 0)),
])  # fmt: skip
def test_a_limit_moves_until_a_basic_variable_meets_a_bound(
    inverse: list[float], lower: float, steps: tuple[float, float]
) -> None:
    """The first is a column at 1, up to 5; the second the activity of a row at 10 between 6 and 30, or at 10 of 5 to 14
    where it falls; the third hardly moves, by less than a part of 1e-9 of the others; the last is at 3, from 1 to 4.
    What misses its bound by rounding moves no further, and never back."""
    falls = inverse[1] < 0
    own: Any = SimpleNamespace(
        highs=SimpleNamespace(getBasisInverseCol=lambda _: (None, np.array(inverse))),
        _basic=(
            np.array([True, False, True, True]), None, np.array([1.0, 10, 5, 3]),
            np.array([lower, 5 if falls else 6, 4.99, 1]), np.array([5.0, 14 if falls else 30, 5.01, 4]),
        ),
    )  # fmt: skip
    assert Optimum._steps(own, 0) == pytest.approx(steps)


def test_free_fixed_and_ranged() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.y = pyo.Var(bounds=(0, 10))
    model.y.fix(2)
    model.idle = pyo.Var(bounds=(1, 5))
    model.both = pyo.Constraint(expr=(-3, model.x + model.y + 1, 8))
    model.cost = pyo.Objective(expr=2 * model.x + model.y)
    compiled = Compiled(model)
    found = compiled.solve()
    assert (found.value("x"), found.value("y"), found.value("idle")) == (-6, 2, 1)
    assert found.objective == -10
    assert found.dual("both") == 2
    assert found.range("both") == (-INF, 8)
    assert found.body("both") == -3
    assert (compiled.rhs("both", "lower"), compiled.rhs("both", "upper")) == (-3, 8)
    compiled.set_rhs("both", -1, side="lower")
    assert compiled.solve().objective == -6
    with pytest.raises(UsageError, match="both has lower and upper limit"):
        compiled.set_rhs("both", 3)
    # Setting free a variable that Pyomo treats as a constant needs a new compilation, which says so.
    compiled.unfix("y")
    assert compiled.recompiled == {"y": 1}
    assert compiled.bounds("y") == (0, 10)
    assert compiled.solve().objective == pytest.approx(2 * (-2 - 10) + 10)
    assert model.y.fixed
    compiled.fix("y", 4)
    compiled.set_bounds("y", 0, 7)
    assert compiled.solve().objective == pytest.approx(2 * (-2 - 4) + 4)
    compiled.unfix(model.y)
    assert compiled.solve().objective == pytest.approx(2 * (-2 - 7) + 7)
    compiled.set_cost("idle", 3)
    assert compiled.solve().objective == pytest.approx(-11 + 3)
    assert compiled.recompiled == {"y": 1}


def test_objectives_in_order() -> None:
    compiled = Compiled(factory())
    best = compiled.solve().objective
    compiled.hold("profit", best, slack=0.1)
    compiled.optimise("waste")
    found = compiled.solve()
    # Profit of 9.9 with a = 3 leaves b = 0.45; waste counts 7 more.
    assert found.objective == pytest.approx(7.45)
    assert found.dual("profit") == pytest.approx(1 / 2)
    assert found.body("profit") == pytest.approx(9.9)
    assert "hot basis" in compiled.algorithm
    compiled.set_cost("b", 3, objective="profit")
    assert compiled.solve().objective == pytest.approx(7 + 0.9 / 3)
    compiled.release("profit")
    assert compiled.solve().objective == pytest.approx(7)
    assert not compiled.model.waste.active


def test_a_coefficient_compiles_again_and_says_which() -> None:
    compiled = Compiled(cobalt())
    compiled.solve()
    compiled.set_rhs("cobalt", 0.02)
    compiled.set_cost("made[lfp]", 80)
    assert not compiled.recompiled
    compiled.set_coefficient("content", 0.04)
    found = compiled.solve()
    assert compiled.recompiled == {"content": 1}
    assert found.objective == pytest.approx(0.5 * 80 + 0.5 * 70 + 5)
    assert found.dual("cobalt") == pytest.approx(-10 / 0.04)
    with pytest.raises(UsageError, match="made is not a single mutable parameter"):
        compiled.set_coefficient("made", 1)


def test_what_was_changed_stays_changed_when_compiled_again() -> None:
    model = cobalt()
    model.lfp = pyo.Objective(expr=model.made["lfp"])
    model.lfp.deactivate()
    compiled = Compiled(model)
    compiled.hold("lfp", 0.3, slack=0)
    compiled.fix("made[nmc]", 0.8)
    compiled.set_rhs("cobalt", 0.05)
    compiled.set_coefficient(model.content, 0.05)
    found = compiled.solve()
    assert found.value("made[lfp]") == pytest.approx(0.2)
    compiled.unfix("made[nmc]")
    compiled.set_coefficient("content", 0.08)
    # Cobalt asks for 0.375 of LFP, and no more than 0.3 are held.
    with pytest.raises(Infeasible):
        compiled.solve()
    compiled.set_coefficient("content", 0.0625)
    found = compiled.solve()
    assert found.value("made[lfp]") == pytest.approx(0.2)
    assert compiled.recompiled == {"content": 3}


def test_unknown_names_and_numbers() -> None:
    compiled = Compiled(cobalt())
    with pytest.raises(UsageError, match="unknown constraint 'cobolt'; did you mean 'cobalt'"):
        compiled.set_rhs("cobolt", 1)
    with pytest.raises(UsageError, match="made is not a single variable"):
        compiled.fix(compiled.model.made, 1)
    with pytest.raises(UsageError, match="nan is not a finite number"):
        compiled.set_rhs("cobalt", math.nan)
    with pytest.raises(UsageError, match="the objective cost is not held"):
        compiled.row("cost")


@pytest.mark.parametrize("after", ["set_rhs", "solve", "optimise", "recompile"])
def test_ranges_are_of_the_latest_solve(after: str) -> None:
    """Another solve ends them too, another objective, and to compile again."""
    compiled = Compiled(cobalt())
    found = compiled.solve()
    assert found.range("cobalt") == pytest.approx((0, 0.08))
    change: dict[str, Any] = {
        "set_rhs": lambda: compiled.set_rhs("cobalt", 0.05), "solve": compiled.solve,
        "optimise": lambda: compiled.optimise("cost"), "recompile": compiled._recompile,
    }  # fmt: skip
    change[after]()
    with pytest.raises(UsageError, match="ask for them before"):
        found.range("cobalt")


def test_a_variable_that_stands_nowhere_costs_nothing_until_it_does() -> None:
    compiled = Compiled(factory(), objective="waste")
    compiled.model.idle = pyo.Var(bounds=(1, 5))
    assert compiled.solve().objective == pytest.approx(7)
    compiled.set_bounds("idle", 2, 5)
    assert compiled.solve().objective == pytest.approx(7)
    found = compiled.solve()
    for bounds, value in (((-3, 5), 0), ((1, 5), 1), ((-3, -1), -1)):
        compiled.model.add_component(f"other{value}", other := pyo.Var(bounds=bounds))
        assert (found.value(other), found.reduced_cost(other)) == (value, 0)
    for cost, idle in ((1.0, 2), (0.0, 0), (-1.0, -5)):
        compiled.set_cost("idle", cost)
        assert compiled.solve().objective == pytest.approx(7 + idle)


def test_what_is_no_part_of_the_model_is_refused() -> None:
    """A limit that is not active, one of another model, and what is no number that could be another."""
    model, other = cobalt(), cobalt()
    model.price = pyo.Param(["lfp"], initialize=1.0, mutable=True)
    model.known = pyo.Param(initialize=1.0)
    model.demand.deactivate()
    compiled = Compiled(model)
    for row in (model.demand, other.cobalt):
        with pytest.raises(UsageError, match="is not an active part of the model"):
            compiled.row(row)
    with pytest.raises(UsageError, match="is not part of the model"):
        compiled.column(other.made["lfp"])
    for parameter in ("price", "known", model.price, "nothing"):
        with pytest.raises(UsageError, match="is not a single mutable parameter"):
            compiled.set_coefficient(parameter, 2.0)
    compiled.set_coefficient(model.price["lfp"], 2.0)
    assert compiled.recompiled == {"price[lfp]": 1}


def test_limits_without_variables() -> None:
    """Pyomo refuses a limit that cannot hold, and drops one that always does; both have names here."""
    model = cobalt()
    none = sum(model.made[name] for name in ())
    model.spare = pyo.Constraint(expr=pyo.inequality(None, none + 0 * model.made["lfp"], 3))
    model.never = pyo.Constraint(expr=none + 0 * model.made["lfp"] >= 2)
    compiled = Compiled(model)
    assert model.never.active
    with pytest.raises(Infeasible) as error:
        compiled.solve()
    assert error.value.exit_code == 4
    assert error.value.compiled is compiled
    compiled.set_rhs("never", -1)
    assert compiled.solve().dual("spare") == 0
    compiled.set_rhs("spare", -1)
    with pytest.raises(Infeasible):
        compiled.solve()


def test_what_is_no_linear_programme() -> None:
    model = cobalt()
    model.square = pyo.Constraint(expr=model.made["lfp"] ** 2 <= 1)
    with pytest.raises(UsageError, match="not linear"):
        Compiled(model)
    del model.square
    model.whole = pyo.Var(domain=pyo.Integers)
    model.use = pyo.Constraint(expr=model.whole <= model.made["lfp"])
    with pytest.raises(UsageError, match="whole is an integer variable"):
        Compiled(model)


def test_several_objectives() -> None:
    model = factory()
    model.waste.activate()
    with pytest.raises(UsageError, match="profit, waste"):
        Compiled(model)
    assert Compiled(model, objective="waste").solve().objective == pytest.approx(7)
    assert Compiled(model, objective=model.profit).solve().objective == pytest.approx(11)


@pytest.mark.parametrize(("off", "drifted"), [
    ((0, 0), False), ((1.9e-4, -0.9e-6), False), ((-2.1e-4, 0), True), ((2.1e-4, 0), True), ((0, 1.1e-6), True),
])  # fmt: skip
def test_a_solver_has_drifted_where_its_rows_are_not_those_of_its_columns(
    off: tuple[float, float], drifted: bool
) -> None:
    """By more than a millionth of a row, or of one: 2 x + y = 200 and x − y = 0.5, beside a column and a row that were
    added since."""
    x = 200.5 / 3
    solution = SimpleNamespace(col_value=[x, x - 0.5, 7.0], row_value=[200 + off[0], 0.5 + off[1], -3.0])
    stand_in = SimpleNamespace(
        highs=SimpleNamespace(getSolution=lambda: solution), form=SimpleNamespace(matrix=np.array([[2.0, 1], [1, -1]]))
    )
    assert Compiled.has_drifted.fget(stand_in) == drifted  # type: ignore[attr-defined]


def test_unbounded() -> None:
    model = factory()
    model.ore.deactivate()
    model.labour.deactivate()
    with pytest.raises(Unbounded, match="profit can be improved without end") as error:
        Compiled(model).solve()
    assert error.value.exit_code == 5


def test_empty_model() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(2, 3))
    model.cost = pyo.Objective(expr=4.0)
    found = Compiled(model).solve()
    assert (found.objective, found.value("x")) == (4, 2)


def test_time_limit() -> None:
    compiled = Compiled(random_model(np.random.default_rng(0), rows=150, columns=300))
    with pytest.raises(TimeLimit, match=r"no optimum within 1e-06 s") as error:
        compiled.solve(time_limit=1e-6)
    assert error.value.exit_code == 5
    # Time already spent does not count.
    for cost in range(5):
        compiled.set_cost("x[0]", cost)
        compiled.solve(time_limit=60)


def test_refused_option() -> None:
    with pytest.raises(SolverError, match="refused its option solver = cleverest"):
        highs.set_option(highs.solver(), "solver", "cleverest")
    with pytest.raises(SolverError, match="refused its option nonsense"):
        highs.set_option(highs.solver(), "nonsense", 1)


def test_threads_set_up_by_others() -> None:
    highspy.Highs.resetGlobalScheduler(True)
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.addCol(1.0, 0.0, 1.0, 0, np.array([], np.int32), np.array([]))
    other.run()
    assert Compiled(cobalt()).solve().objective == pytest.approx(77.5)


def test_algorithm_by_size() -> None:
    model = random_model(np.random.default_rng(1), rows=40, columns=60)
    small, large = Compiled(model), Compiled(model, large=0)
    assert small.solve().objective == pytest.approx(large.solve().objective, rel=1e-7)
    assert "simplex, cold" in small.algorithm
    assert "ipx" in large.algorithm
    large.set_rhs("limit[0]", large.rhs("limit[0]") * 0.9)
    large.solve()
    assert "ipx" not in large.algorithm
    assert [run.algorithm for run in large.runs][-1] == large.algorithm


@pytest.mark.parametrize(("large", "algorithms"), [
    (61, ["simplex", "ipx", "ipx", "simplex"]), (60, ["ipx", "ipx", "ipx", "simplex"]),
    (121, ["simplex", "ipx", "ipx", "simplex"]), (122, ["simplex"] * 3),
])  # fmt: skip
def test_what_is_not_conclusive_is_solved_from_nothing_with_and_without_presolve(
    large: int, algorithms: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the interior point where the model has half the columns of a large one, and at last by the simplex; until an
    answer is conclusive."""
    compiled = Compiled(random_model(np.random.default_rng(1), rows=40, columns=60), large=large)
    assert len(compiled.form.columns) == 60
    asked: list[tuple[str, str]] = []
    answers = iter([Status.kUnknown] * len(algorithms) + [Status.kUnknown, Status.kOptimal])

    def answered(wanted: str, presolve: str, *_: object) -> Status:
        asked.append((wanted, presolve))
        return next(answers)

    monkeypatch.setattr(compiled, "_run", answered)
    assert compiled._attempts(None) == Status.kUnknown
    assert asked == list(zip(algorithms, ["choose", "choose", "off", "choose"], strict=False))
    assert compiled._attempts(None) == Status.kOptimal
    assert len(asked) == len(algorithms) + 2


def test_from_a_basis_the_simplex_has_so_many_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the model has rows where it goes on inside the limits, and no fewer than from any basis; without one
    as many as it takes."""
    compiled = Compiled(random_model(np.random.default_rng(1)))
    rows, asked, ran = len(compiled.form.rows), list[int | None](), compiled._run

    def noted(wanted: str, presolve: str, limit: float | None, most: int | None = None, inside: bool = False) -> Status:
        asked.append(most)
        return ran(wanted, presolve, limit, most, inside)

    monkeypatch.setattr(compiled, "_run", noted)
    for iterations in (rows + 7, rows - 2):
        monkeypatch.setattr("minerals.mix.compiled.HOT_ITERATIONS", iterations)
        compiled.highs.clearSolver()
        for inside in (True, False, True):
            compiled.solve(inside=inside)
    assert asked == [None, rows + 7, rows + 7, None, rows - 2, rows]


def test_afresh_is_cold_where_the_model_is_large() -> None:
    model = random_model(np.random.default_rng(1), rows=40, columns=60)
    again = []
    for large, words in ((0, "ipx, cold"), (1000, "hot basis")):
        compiled = Compiled(model, large=large)
        compiled.solve()
        compiled.set_cost("x[0]", 5.0)
        again.append(compiled.solve(afresh=True).objective)
        assert words in compiled.algorithm
    assert again[0] == pytest.approx(again[1], rel=1e-7)


def test_the_primal_simplex_goes_on_after_other_costs_alone_and_inside_other_limits() -> None:
    """After other limits, with other costs or without, the dual does, as what was found may miss them; and from nothing
    the dual begins."""
    model = random_model(np.random.default_rng(1), rows=40, columns=60)
    compiled = Compiled(model)

    def used(cost: float | None = None, limit: float | None = None, **how: bool) -> str:
        if cost is not None:
            compiled.set_cost("x[0]", cost)
        if limit is not None:
            compiled.set_rhs("limit[0]", limit)
        compiled.solve(**how)
        return compiled.algorithm

    limit = compiled.rhs("limit[0]")
    assert used() == "dual simplex, cold"
    assert used(limit=0.9 * limit) == "dual simplex, hot basis"
    assert used(cost=5.0) == "primal simplex, hot basis"
    assert used(cost=-5.0, limit=0.5 * limit) == "dual simplex, hot basis"
    assert used() == "no iteration, hot basis"
    assert used(cost=5.0, limit=limit, inside=True) == "primal simplex, hot basis"
    compiled = Compiled(model)
    assert used(cost=4.0) == "dual simplex, cold"


def random_model(random: np.random.Generator, rows: int = 12, columns: int = 10, *, upward: bool = False) -> Any:
    """Costs of either sign within bounds; ≤, ≥, = and both limits, all kept by a random point."""
    model = pyo.ConcreteModel()
    matrix = np.where(random.random((rows, columns)) < 0.4, random.normal(size=(rows, columns)), 0.0)
    inside = random.uniform(0.5, 1.5, columns)
    with building():
        model.x = pyo.Var(range(columns), bounds=lambda _, at: (0 if at % 3 else None, 10))
        body = [pyo.quicksum(float(matrix[row, at]) * model.x[at] for at in range(columns)) for row in range(rows)]
        level = (matrix @ inside).tolist()
        gap = random.uniform(0.1, 2.0, rows).tolist()

        def limit(_: Any, row: int) -> Any:
            kind = row % 4
            if kind == 0:
                return body[row] + 3 <= level[row] + gap[row] + 3
            if kind == 1:
                return body[row] >= level[row] - gap[row]
            if kind == 2 and row < columns // 2:
                return body[row] == level[row]
            return (level[row] - gap[row], body[row], level[row] + gap[row])

        model.limit = pyo.Constraint([row for row in range(rows) if matrix[row].any()], rule=limit)
        model.box = pyo.Constraint(expr=pyo.quicksum(model.x.values()) >= -20)
        costs = dict(enumerate(random.normal(size=columns).tolist()))
        model.cost = pyo.Param(range(columns), initialize=costs, mutable=True)
        sense = pyo.maximize if upward else pyo.minimize
        model.goal = pyo.Objective(expr=pyo.quicksum(model.cost[at] * model.x[at] for at in costs) + 11, sense=sense)
    return model


@pytest.mark.parametrize("seed", range(12))
def test_as_pyomo_solves_it(seed: int) -> None:
    """The objective, and the duals: random costs leave them unique."""
    model = random_model(np.random.default_rng(seed), upward=seed % 2 == 1)
    theirs = by_pyomo(model)
    assert theirs.solution_status.name == "optimal"
    ours = Compiled(model).solve()
    assert ours.objective == pytest.approx(theirs.incumbent_objective, rel=1e-7)
    duals = theirs.solution_loader.get_duals()
    assert {con.name: ours.dual(con) for con in duals} == pytest.approx(
        {con.name: dual for con, dual in duals.items()}, abs=1e-7
    )
    values = theirs.solution_loader.get_vars()
    assert [ours.value(x) for x in values] == pytest.approx(list(values.values()), abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_duals_predict_a_step_within_their_range(seed: int) -> None:
    model = random_model(np.random.default_rng(seed), upward=seed % 2 == 1)
    base = Compiled(model).solve()
    for row in [*model.limit.values(), model.box]:
        low, high = base.range(row)
        compiled = Compiled(model)
        lower, _, upper = row.to_bounded_expression(True)
        if lower is None or upper is None or lower == upper:
            side = None
        else:
            side = "lower" if abs(base.body(row) - lower) < abs(base.body(row) - upper) else "upper"
        here = compiled.rhs(row, side)
        assert low <= here + 1e-9
        assert here <= high + 1e-9
        for there in (max(low, here - 5), min(high, here + 5)):
            compiled.set_rhs(row, there, side)
            predicted = base.objective + base.dual(row) * (there - here)
            assert compiled.solve().objective == pytest.approx(predicted, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_ranges_as_highs_has_them(seed: int) -> None:
    """Of limits that bind, on models whose basis is not degenerate."""
    model = random_model(np.random.default_rng(seed))
    compiled = Compiled(model)
    found = compiled.solve()
    _, ranging = compiled.highs.getRanging()
    for at, row in enumerate(compiled.form.rows):
        if abs(found.duals[at]) > 1e-9:
            low, high = found.range(row)
            constant = compiled.form.constants[at]
            theirs = ranging.row_bound_dn.value_[at] + constant, ranging.row_bound_up.value_[at] + constant
            if compiled.form.row_lower[at] == compiled.form.row_upper[at] or not np.isfinite(
                compiled.form.row_lower[at] + compiled.form.row_upper[at]
            ):
                assert (low, high) == pytest.approx(theirs, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
@pytest.mark.slow
def test_after_any_change_as_a_fresh_build(seed: int) -> None:
    """Random right-hand sides, bounds and costs, in rounds with solves between them."""
    random = np.random.default_rng(seed)
    compiled, fresh = (random_model(np.random.default_rng(seed), upward=bool(seed % 2)) for _ in range(2))
    changed = Compiled(compiled)
    for _ in range(3):
        wide, dear, held = (f"x[{at}]" for at in random.integers(0, 10, 3))
        top, cost = float(2 + random.random()), float(random.normal())
        changed.set_bounds(wide, -1, top)
        fresh.find_component(wide).setlb(-1)
        fresh.find_component(wide).setub(top)
        changed.set_cost(dear, cost)
        fresh.cost[fresh.find_component(dear).index()] = cost
        for row in [row for row in fresh.limit if row % 4 == 1 and random.random() < 0.5]:
            level = changed.rhs(f"limit[{row}]") - random.random()
            changed.set_rhs(f"limit[{row}]", level)
            fresh.limit[row].set_value(fresh.limit[row].body >= level)
        changed.fix(held, 1.0)
        fresh.find_component(held).fix(1.0)
        assert outcome(changed) == outcome(Compiled(fresh))
        changed.unfix(held)
        fresh.find_component(held).unfix()
        assert outcome(changed) == outcome(Compiled(fresh))
    assert not changed.recompiled


def small_model(seed: int) -> Any:
    """Small whole numbers and many objectives, so that optimal solutions are many and vertices degenerate."""
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(6), bounds=(0, 4))
    matrix = random.integers(-1, 3, (5, 6)).tolist()
    inside = random.integers(0, 4, 6).tolist()
    level = [sum(a * x for a, x in zip(row, inside, strict=True)) + int(random.integers(0, 2)) for row in matrix]

    def limit(m: Any, at: int) -> Any:
        body = sum(a * m.x[i] for i, a in enumerate(matrix[at])) + 0.0 * m.x[0]
        return body >= level[at] - 4 if at % 3 == 2 else body <= level[at]

    model.limit = pyo.Constraint(range(5), rule=limit)
    costs = random.integers(-2, 3, (4, 6)).tolist()
    model.goal = pyo.Objective(range(4), rule=lambda m, at: sum(c * m.x[i] for i, c in enumerate(costs[at])))
    return model


def by_scipy(model: Any, order: list[Any]) -> float:
    """Optimum of the last of some sums [(coefficient by variable)], each before it held at its optimum by a row."""
    rows = [[value_of(row.body, model, i) for i in model.x] for row in model.limit.values()]
    upper = [
        (1 if row.upper is not None else -1) * np.array(a) for a, row in zip(rows, model.limit.values(), strict=True)
    ]
    most = [row.upper if row.upper is not None else -row.lower for row in model.limit.values()]
    for costs in order:
        found = linprog(costs, A_ub=upper, b_ub=most, bounds=(0, 4))
        assert found.success
        upper, most = [*upper, np.array(costs)], [*most, found.fun + 1e-9]
    return float(found.fun)


def value_of(body: Any, model: Any, at: int) -> float:
    """Coefficient of a variable in a linear expression."""
    for i in model.x:
        model.x[i].set_value(float(i == at), skip_validation=True)
    return float(pyo.value(body))


def coefficients(model: Any, at: int) -> list[float]:
    return [value_of(model.goal[at].expr, model, i) for i in model.x]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_what_is_kept_is_the_optimum_and_nothing_less(seed: int) -> None:
    """One objective after the other over the optima of those before: as with a row for each objective, by scipy."""
    model = small_model(seed)
    compiled = Compiled(model, objective=model.goal[0])
    order: list[Any] = []
    for at in range(4):
        compiled.optimise(model.goal[at])
        found = compiled.solve()
        order.append(coefficients(model, at))
        assert found.objective == pytest.approx(by_scipy(model, order), abs=1e-6)
        for before in range(at):
            level = sum(c * found.value(model.x[i]) for i, c in enumerate(order[before]))
            assert level == pytest.approx(by_scipy(model, order[: before + 1]), abs=1e-6)
        compiled.keep(found)
    with pytest.raises(UsageError, match="keep it before"):
        compiled.keep(found)


def test_what_was_found_is_kept_after_another_objective() -> None:
    """The solver goes on from the solution that is kept, not from the last one."""
    compiled = Compiled(factory())
    best = compiled.solve()
    compiled.optimise("waste")
    assert compiled.solve().objective == pytest.approx(7)
    compiled.keep(best)
    found = compiled.solve()
    assert found.objective == pytest.approx(8)
    assert found.run.algorithm == "no iteration, hot basis"
    compiled.set_rhs("ore", 5)
    with pytest.raises(UsageError, match="keep it before"):
        compiled.keep(found)


def test_what_is_rounding_beside_the_largest_cost_is_not_kept() -> None:
    """`a` costs 1 and stays at its bound; `b` costs 1e-12, and is free to move. Without an objective all are."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["a", "b"], bounds=(0, 10))
    model.all = pyo.Constraint(expr=model.x["a"] + model.x["b"] <= 20)
    model.cost = pyo.Objective(expr=model.x["a"] + 1e-12 * model.x["b"])
    model.more = pyo.Objective(expr=-model.x["a"] - model.x["b"])
    compiled = Compiled(model, objective="cost")
    compiled.keep(compiled.solve())
    compiled.optimise("more")
    assert compiled.solve().objective == pytest.approx(-10)
    del model.cost
    model.more.deactivate()
    free = Compiled(model)
    found = free.solve()
    assert found.goal is None
    free.keep(found)
    assert free.solve().objective == pytest.approx(0)


def test_what_is_kept_stays_at_the_end_at_which_it_is() -> None:
    """Of limits and bounds with two ends, whichever is the larger number; what has no cost stays free."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["most", "least", "free"], bounds=(2, 9))
    model.y = pyo.Var(["most", "least"])
    model.limit = pyo.Constraint(["most", "least"], rule=lambda m, end: (-9, m.y[end] + 1, 2 + 4 * (end == "most")))
    model.cost = pyo.Objective(
        expr=model.x["least"] - model.x["most"] + model.y["least"] - model.y["most"] + 0 * model.x["free"]
    )
    compiled = Compiled(model)
    compiled.keep(compiled.solve())
    ends = {name: compiled.bounds(model.x[name]) for name in model.x}
    assert ends == {"most": (9, 9), "least": (2, 2), "free": (2, 9)}
    limits = {name: [compiled.rhs(model.limit[name], side) for side in ("lower", "upper")] for name in model.limit}
    assert limits == {"most": [6, 6], "least": [-9, -9]}
    assert all(compiled.kept(limit) for limit in model.limit.values())


def test_a_reduced_cost_is_kept_beside_costs_however_small_these_are() -> None:
    """What is nothing is a part of the largest cost, 1e-3, though that is below one."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["a", "b", "c"], bounds=(0, 10))
    model.all = pyo.Constraint(expr=pyo.quicksum(model.x.values()) <= 30)
    model.cost = pyo.Objective(expr=1e-3 * model.x["a"] + 1e-3 * model.x["b"] + 1e-3 * model.x["c"])
    compiled = Compiled(model)
    found = compiled.solve()
    found.reduced[:] = [1e-3, 1e-12, 1e-14]
    compiled.keep(found)
    assert [compiled.bounds(each)[1] for each in model.x.values()] == [0, 0, 10]


def test_small_duals_are_kept_beside_large_ones() -> None:
    """The dual of `low`, 1e-6, counts as much as that of `high`, 1e4: each of them asks for one unit of cost."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["a", "b"], bounds=(0, 10))
    model.high = pyo.Constraint(expr=1e-4 * model.x["a"] >= 1e-4)
    model.low = pyo.Constraint(expr=1e6 * model.x["b"] >= 1e6)
    model.cost = pyo.Objective(expr=model.x["a"] + model.x["b"])
    model.more = pyo.Objective(expr=-model.x["a"] - model.x["b"])
    compiled = Compiled(model, objective="cost")
    compiled.keep(compiled.solve())
    compiled.optimise("more")
    assert compiled.solve().objective == pytest.approx(-2)


def test_variables_are_held_and_limits_free_as_long_as_a_body_lasts() -> None:
    """With b at 2 the ore leaves nothing for a, and without it the labour 2.5; what was changed before stays."""
    compiled = Compiled(factory())
    compiled.set_bounds("a", 0, 2.75)
    compiled.set_rhs("labour", 4.25)
    before = compiled.solve().objective
    assert before == pytest.approx(3 * 2.75 + 2 * 13 / 12)
    with compiled.held([("b", 2.0)]):
        assert compiled.solve().objective == pytest.approx(4)
        assert compiled.bounds("b") == (2, 2)
    with compiled.held([("b", 2.0)], free=["ore"]):
        assert compiled.solve().objective == pytest.approx(3 * 2.25 + 4)
    with compiled.held([], free=["labour", "ore"]), pytest.raises(Unbounded):
        compiled.solve()
    assert compiled.bounds("b") == (0, INF)
    assert (compiled.rhs("labour"), compiled.rhs("ore")) == (4.25, 6)
    assert compiled.solve().objective == pytest.approx(before)


def test_what_is_held_may_miss_a_part_of_its_value_within_its_bounds() -> None:
    """A tenth of a value that is above one, a tenth of one below; what is at its bound goes inside alone. Where less is
    allowed too, all from the lower bound on."""
    compiled = Compiled(factory())
    compiled.set_bounds("b", 0, 50)
    for value, below, bounds in ((20.0, False, (18, 22)), (0.5, False, (0.4, 0.6)), (48.0, False, (43.2, 50)),
                                 (0.05, False, (0, 0.15)), (20.0, True, (0, 22))):  # fmt: skip
        with compiled.held([("b", value)], slack=0.1, below=below):
            assert compiled.bounds("b") == pytest.approx(bounds)
    with compiled.held([("b", 20.0)], below=True):
        assert compiled.bounds("b") == (0, 20)
    assert compiled.bounds("b") == (0, 50)


def test_what_was_free_is_a_limit_again_after_an_objective_was_held() -> None:
    """Its row is the first that is added, on the way."""
    compiled = Compiled(factory())
    with compiled.held([("b", 2.0)], free=["ore"]):
        compiled.hold("waste", 9, slack=0)
        assert compiled.solve().objective == pytest.approx(3 * 2.5 + 4)
        compiled.release("waste")
    assert compiled.rhs("ore") == 6
    assert compiled.bounds("b") == (0, INF)
    assert compiled.solve().objective == pytest.approx(11)


def test_what_was_held_is_free_again_after_an_error() -> None:
    compiled = Compiled(factory())
    with pytest.raises(Infeasible), compiled.held([("a", 3.0), ("b", 3.0)]):
        compiled.solve()
    assert compiled.solve().objective == pytest.approx(11)
    with pytest.raises(UsageError, match="finite"), compiled.held([("a", INF)]):
        raise AssertionError


def outcome(compiled: Compiled) -> object:
    """The objective, or what kept it from being found."""
    try:
        return pytest.approx(compiled.solve().objective, rel=1e-7, abs=1e-8)
    except (Infeasible, Unbounded) as error:
        return type(error)
