"""A planning model of 215,000 columns against Pyomo's persistent HiGHS interface at its defaults: same model, one run.

Regions × segments × chemistries × years × suppliers: demand is met, what is used is made, suppliers and growth are
limited. Timed: to state the model in Pyomo and hand it over, and to solve again after the demand of a year changed.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.solvers.highs import Highs

from minerals.mix.compiled import Compiled, building

REGIONS, SEGMENTS, CHEMISTRIES, YEARS, SUPPLIERS, FIRST = 8, 6, 14, 20, 15, 2025
ROUNDS = 2


def planning_model() -> Any:
    """Cheapest batteries and suppliers [USD] that meet the demand [GWh] of each region, segment and year."""
    random = np.random.default_rng(0)
    model = pyo.ConcreteModel()
    model.r, model.s, model.c, model.j = (
        pyo.RangeSet(0, size - 1) for size in (REGIONS, SEGMENTS, CHEMISTRIES, SUPPLIERS)
    )
    model.y = pyo.RangeSet(FIRST, FIRST + YEARS - 1)
    demand = random.uniform(5, 20, (REGIONS, SEGMENTS)).tolist()
    price = random.uniform(60, 100, (CHEMISTRIES, SUPPLIERS)).tolist()
    freight = random.uniform(0, 15, (REGIONS, SUPPLIERS)).tolist()
    most = (np.sum(demand) * random.uniform(0.03, 0.14, SUPPLIERS)).tolist()
    model.made = pyo.Var(model.r, model.s, model.c, model.y, domain=pyo.NonNegativeReals)
    model.sourced = pyo.Var(model.r, model.s, model.c, model.y, model.j, domain=pyo.NonNegativeReals)
    model.demand = pyo.Param(
        model.r, model.s, model.y, mutable=True, initialize=lambda _, r, s, y: demand[r][s] * 1.04 ** (y - FIRST)
    )
    model.met = pyo.Constraint(
        model.r, model.s, model.y,
        rule=lambda m, r, s, y: pyo.quicksum(m.made[r, s, c, y] for c in m.c) >= m.demand[r, s, y],
    )  # fmt: skip
    model.balance = pyo.Constraint(
        model.r, model.s, model.c, model.y,
        rule=lambda m, r, s, c, y: pyo.quicksum(m.sourced[r, s, c, y, j] for j in m.j) == m.made[r, s, c, y],
    )  # fmt: skip
    model.supplied = pyo.Constraint(
        model.j, model.y,
        rule=lambda m, j, y: pyo.quicksum(m.sourced[r, s, c, y, j] for r in m.r for s in m.s for c in m.c)
        <= most[j] * 1.05 ** (y - FIRST),
    )  # fmt: skip
    model.grown = pyo.Constraint(
        model.r, model.s, model.c, [year for year in model.y if year > FIRST],
        rule=lambda m, r, s, c, y: m.made[r, s, c, y] - 1.5 * m.made[r, s, c, y - 1] <= 8,
    )  # fmt: skip
    model.cost = pyo.Objective(
        expr=pyo.quicksum(
            (price[c][j] + freight[r][j]) * model.sourced[r, s, c, y, j] for r, s, c, y, j in model.sourced
        )
    )
    return model


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    gc.collect()
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def ours() -> tuple[float, float, Compiled]:
    """Seconds to state and to hand over."""
    with building():
        stated, model = timed(planning_model)
    handed, compiled = timed(lambda: Compiled(model))
    return stated, handed, compiled


def theirs() -> tuple[float, float, Highs, Any]:
    """The same by Pyomo."""
    stated, model = timed(planning_model)
    solver = Highs()
    handed, _ = timed(lambda: solver.set_instance(model))
    return stated, handed, solver, model


def main() -> None:
    verdict = common.Verdict()
    mine: list[tuple[float, float]] = []
    peer: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        compiled = solver = model = None
        *seconds, compiled = ours()
        mine.append((seconds[0], seconds[1]))
        *seconds, solver, model = theirs()
        peer.append((seconds[0], seconds[1]))
    stated, handed = (min(part) for part in zip(*mine, strict=True))
    their_stated, their_handed = (min(part) for part in zip(*peer, strict=True))
    columns = len(compiled.form.columns)
    verdict.say("columns", columns, "", 200_000)
    verdict.tell("build and hand-over, ours", stated + handed, "s")
    verdict.tell("build and hand-over, Pyomo", their_stated + their_handed, "s")
    verdict.tell("hand-over alone", their_handed / handed, "x Pyomo persistent")
    verdict.say("build and hand-over", (their_stated + their_handed) / (stated + handed), "x Pyomo persistent", 2)

    cold, found = timed(compiled.solve)
    their_cold, known = timed(lambda: solver.solve(model, load_solutions=False))
    verdict.tell(f"first solve ({compiled.algorithm})", cold, "s")
    verdict.tell("first solve, Pyomo", their_cold, "s")
    verdict.say("objectives differ by", difference(found, known), "(relative)", 1e-7, at_most=True)

    again, their_again = [], []
    for year in (FIRST + 5, FIRST + 9, FIRST + 12):
        levels = {(r, s): compiled.rhs(f"met[{r},{s},{year}]") * 1.15 for r in model.r for s in model.s}

        def once(year: int = year, levels: Any = levels) -> Any:
            for (r, s), level in levels.items():
                compiled.set_rhs(f"met[{r},{s},{year}]", level)
            return compiled.solve()

        def once_there(year: int = year, levels: Any = levels) -> Any:
            for (r, s), level in levels.items():
                model.demand[r, s, year] = level
            return solver.solve(model, load_solutions=False)

        seconds, found = timed(once)
        again.append(seconds)
        seconds, known = timed(once_there)
        their_again.append(seconds)
        verdict.say("objectives differ by", difference(found, known), "(relative)", 1e-7, at_most=True)
    verdict.tell(f"solved again ({compiled.algorithm})", min(again), "s")
    verdict.say("solved again after a year of demand changed", min(their_again) / min(again), "x Pyomo persistent", 2)
    verdict.end()


def difference(found: Any, known: Any) -> float:
    """Relative difference of the objectives of two solutions."""
    return abs(found.objective - known.incumbent_objective) / abs(known.incumbent_objective)


if __name__ == "__main__":
    main()
