"""Conflicts by hand and at random: named, irreducible, and resolved by the loosening that is offered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from minerals.errors import Infeasible, UsageError
from minerals.mix.compiled import Compiled
from minerals.mix.conflict import Conflict, _Limits, conflict, loosenings


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


def names(found: Conflict) -> set[tuple[str, str]]:
    return {(member.name, member.side) for member in found.members}


def test_by_hand() -> None:
    compiled = Compiled(short())
    with pytest.raises(Infeasible):
        compiled.solve()
    found = conflict(compiled)
    assert names(found) == {("demand", "lower"), ("lines", "upper"), ("cobalt", "upper")}
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
        conflict(compiled)


def test_bounds_and_equalities() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.y = pyo.Var(bounds=(0, None))
    model.total = pyo.Constraint(expr=model.x - model.y == 5)
    model.cost = pyo.Objective(expr=model.x)
    compiled = Compiled(model)
    found = conflict(compiled)
    assert names(found) == {("total", "lower"), ("x", "upper"), ("y", "lower")}
    ways = loosenings(compiled, found)
    # Nothing negative is offered for y.
    assert [(way.member.name, way.to) for way in ways] == [("total", pytest.approx(4)), ("x", pytest.approx(5))]


def test_bounds_that_cross() -> None:
    model = short()
    compiled = Compiled(model)
    compiled.set_rhs("demand", 10)
    compiled.set_bounds("made[lto]", 9, 8)
    compiled.set_rhs("titanium", 20)
    found = conflict(compiled)
    assert names(found) == {("made[lto]", "lower"), ("made[lto]", "upper")}
    assert [way.to for way in loosenings(compiled, found)] == pytest.approx([8, 9])


def test_a_limit_without_variables() -> None:
    model = short()
    model.lines.deactivate()
    model.never = pyo.Constraint(expr=0 * model.made["lfp"] >= 2)
    compiled = Compiled(model)
    found = conflict(compiled)
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
    found = conflict(compiled)
    assert ("cost", "upper") in names(found)
    assert ("least", "upper") in names(found)
    assert {member.kind for member in found.members if member.name == "cost"} == {"objective"}


def test_two_conflicts_have_no_single_way_out() -> None:
    model = short()
    model.more = pyo.Constraint(expr=model.made["lto"] >= 8)
    compiled = Compiled(model)
    found = conflict(compiled)
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


@pytest.mark.parametrize("seed", range(15))
def test_irreducible_and_resolved(seed: int) -> None:
    """Alone infeasible; feasible without any one member; feasible as a whole by each way out, and not by less."""
    compiled = Compiled(random_conflict(seed))
    with pytest.raises(Infeasible):
        compiled.solve()
    found = conflict(compiled)
    limits = _Limits(compiled.highs.getLp(), None)
    assert limits.contradict(list(found.places))
    for place in found.places:
        assert not limits.contradict([other for other in found.places if other != place])
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


@pytest.mark.parametrize("proposal", [1, 2])
def test_finished_by_hand_where_highs_offers_too_much(proposal: int) -> None:
    """The set of the ray, and that of all limits, come down to the same."""
    limits = _Limits(Compiled(short()).highs.getLp(), None)
    places = list(limits.proposals())[proposal]
    assert limits.contradict(places)
    assert set(limits.irreducible(places)) == {(True, 0, False), (True, 1, True), (True, 2, True)}
