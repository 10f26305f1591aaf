r"""The best plan for many futures of supply, by cutting planes.

What a plan x loses in a future beside the own one, L_f(x), is the least of a linear programme whose right-hand sides
the plan gives. So it is convex, and what it falls and rises by at a plan x', the reduced costs g_f of the plan that is
held, bounds it from below at every other:

    L_f(x) ≥ L_f(x') + g_f · (x − x')

One model holds the own future as it is and for each further one a loss that is at least all bounds which were found.
What is least there is never more than the truth; what its plan loses in each future, solved alone, is never less. Both
that plan and the middle between it and the best one so far are tried, and what bounds the model is kept, until the
truth is CLOSE to what is least. Of several objectives each keeps to the plans that are as good in those before. By how
much such a plan may miss them grows a little from one to the next: the plan at hand is always one that the model holds,
and if there is none better it is the answer.

No programme is larger than that of one future: one with fifteen futures in it, where the interior point method takes
minutes for each of many solves, is never stated.

Source: Benders (1962), Partitioning procedures for solving mixed-variables programming problems, Numerische Mathematik
4; Birge and Louveaux (1988), A multicut algorithm for two-stage stochastic linear programs, European Journal of
Operational Research 34(3); the middle: Ben-Ameur and Neto (2007), Acceleration of cutting-plane and column generation
algorithms, Networks 49(1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import NumericalTrouble
from ..haste import frozen
from ..highs import DUAL, INF, PRIMAL, accepted, optimum, run, set_option
from .data import Key
from .objective import OWN
from .session import Session
from .variables import PLAN

Array = NDArray[np.float64]
#: Part of the demand by which what is true may differ from what is least, and by which a plan may miss an objective of
#: the stage before and is as good.
CLOSE = 1e-7
#: By how much more, in parts of CLOSE, it may miss that in later stages, alike in each. So the plan at hand always
#: keeps to the rows of the model, which has one therefore.
WIDENED = 1.0
#: Of what a stage widens, by how much what is true may be above the row, so that the two can meet; the rest is what the
#: plan keeps to the row of the next stage.
MET = 0.5
#: Of that, by how much a loss in the model may be below the truth without a further bound.
ROUNDED = 0.5
#: The same of a cost, in parts of that for a loss: it is found without bounds, and where it is a cap little money takes
#: many GWh.
MONEY = 0.01
#: Stages after which a further one is left out where the simplex finds no optimum from where it stands: it only chooses
#: among plans that are alike on average, and of a model so tight a cold start takes minutes.
DECISIVE = 3
#: Most plans that are tried in a stage.
MOST_TRIED = 2_000
#: A slope below it, in GWh lost for one more of what is planned, counts as none.
FLAT = 1e-9


class Part:
    """A future beside the own one, alone: what a plan loses there, and how that changes with it.

    keys: parts and indices of the plan that count there; columns: of these, (key)."""

    def __init__(self, session: Session, risk: str) -> None:
        self.session = session
        self._risk, at = risk, columns_of(session)
        self.keys, self.columns = list(at), np.array(list(at.values()), dtype=np.int32)

    def begin(self) -> None:
        """Forget what was solved."""
        compiled = self.session.compiled
        compiled.optimise(self._risk)
        compiled.push()
        accepted(compiled.highs.clearSolver(), "a fresh start")

    def loss(self, plan: Array) -> tuple[float, Array]:
        """Least loss of a plan, (key), and its slopes, (key). Raises TimeLimit and NumericalTrouble."""
        highs = self.session.compiled.highs
        held = np.maximum(plan, 0.0)
        accepted(highs.changeColsBounds(len(self.columns), self.columns, held, held), "a plan")
        if not resumed(highs):
            optimum(highs, self.session.compiled.time_limit)
        slopes = np.array(highs.getSolution().col_dual, dtype=float)[self.columns]
        return float(highs.getInfo().objective_function_value), np.where(np.abs(slopes) > FLAT, slopes, 0.0)


@frozen
class Tried:
    """A plan that was tried. values: of all columns; loss: in each future [GWh]."""

    values: Array
    loss: Array


@frozen
class Objective:
    """What is least in a stage: costs of the columns of the own future, (column), a constant, and the weights of the
    losses of the futures beside, (future); most: whether it is the most of what the losses are above the least;
    is_cost: whether it is money."""

    costs: Array
    constant: float
    loss_weights: Array
    most: bool = False
    is_cost: bool = False


@frozen
class Best:
    """The best plan. least, value: what the first objective is at least, and what it is with the plan; values: of the
    columns of the own future; left_out: stages that the solver left open, whose best plan is not known to be CLOSE to
    what is least."""

    least: float
    value: float
    values: Array
    left_out: int


class CuttingPlanes:
    """Plans for several futures. session: of the whole own future; parts: of those beside it, by name; risk: as of
    `Futures`; caps: on objectives of the own future; least: of the loss in each future [GWh]; whole: the demand [GWh].
    """

    def __init__(
        self, session: Session, parts: Mapping[str, Part], risk: str, caps: Mapping[str, float],
        least: Mapping[str, float], whole: float,
    ) -> None:  # fmt: skip
        self.session, self.parts, self.whole, compiled = session, dict(parts), whole, session.compiled
        self._names = list(parts)
        for objective, most in caps.items():
            compiled.hold(objective, most, 0.0)
        compiled.push()
        accepted(compiled.highs.clearSolver(), "a fresh start")
        self.highs, self.columns, form = compiled.highs, len(compiled.form.columns), compiled.form
        nothing, none = np.array([], dtype=np.int32), np.array([])
        # The loss in each future beside, and then the most regret.
        for _ in range(len(self._names) + 1):
            accepted(self.highs.addCol(0.0, 0.0, INF, 0, nothing, none), "a loss")
        column = columns_of(session)
        self._plan = []
        for part in self.parts.values():
            part.begin()
            self._plan.append(np.array([column.get(key, -1) for key in part.keys], dtype=np.int64))
        place = form.place(form.objective(risk))
        self._risk, self._constant = form.costs[place, : self.columns].copy(), float(form.offsets[place])
        self._least = np.array([least.get(name, 0.0) for name in (OWN, *self._names)])
        if least:
            most, at = self.columns + len(self._names), np.flatnonzero(self._risk)
            self._row(np.append(at, most), np.append(self._risk[at], -1.0), -INF, self._least[0] - self._constant)
            for number, value in enumerate(self._least[1:].tolist()):
                self._row(np.array([self.columns + number, most]), np.array([1.0, -1.0]), -INF, value)

    # ------------------------------------------------------------------ stages

    def best(self, stages: Sequence[Objective]) -> Best:
        """The plan with the least of the first objective, of plans as good that of the next, and so on. Raises
        TimeLimit and NumericalTrouble."""
        found, step = None, WIDENED * CLOSE / len(stages)
        self._rounding = ROUNDED * MET * step * self.whole
        before: list[tuple[Objective, float, int]] = []
        left_out = 0
        for number, stage in enumerate(stages):
            as_good = []
            for at, (each, best, row) in enumerate(before):
                unit = self._unit(each)
                most = best + (CLOSE + (number - at) * step) * unit
                accepted(self.highs.changeRowBounds(row, -INF, most - each.constant), "a bound")
                as_good.append((each, most + MET * step * unit))
            least, found = self._stage(stage, found, as_good)
            value = self._value(stage, found)
            left_out += value - least > CLOSE * self._unit(stage)
            before.append((stage, value, self.highs.getNumRow()))
            if not number:
                first = least, value
            # What it is at most is set with the next stage.
            costs, used = self._costs(stage)
            self._row(used, costs[used], -INF, INF)
        assert found is not None
        return Best(*first, found.values, left_out)

    def _stage(
        self, stage: Objective, best: Tried | None, as_good: Sequence[tuple[Objective, float]]
    ) -> tuple[float, Tried]:
        """What an objective is at least, and the best plan of it among those that are as good in the stages before.
        best: such a plan, where one is known; as_good: the objectives of these stages, and the most that each may be.
        After DECISIVE stages −∞ and the best plan so far where the simplex does not go on."""
        costs, _ = self._costs(stage)
        columns = np.arange(len(costs), dtype=np.int32)
        accepted(self.highs.changeColsCost(len(costs), columns, costs), "costs")
        accepted(self.highs.changeObjectiveOffset(stage.constant), "a constant")
        for number in range(MOST_TRIED):
            if not resumed(self.highs, DUAL if number else PRIMAL):
                if best is not None and len(as_good) >= DECISIVE:
                    # The basis that led nowhere is of no use to the next stage either.
                    accepted(self.highs.setBasis(), "a fresh start")
                    return -INF, best
                optimum(self.highs, self.session.compiled.time_limit, large=self.session.compiled.is_large)
            least = float(self.highs.getInfo().objective_function_value)
            if best is not None and self._value(stage, best) - least <= CLOSE * self._unit(stage):
                return least, best
            found = np.array(self.highs.getSolution().col_value, dtype=float)
            values = found[: self.columns]
            trials = [values] if best is None else [values, (values + best.values) / 2]
            cut = False
            for trial in trials:
                tried, added = self._tried(trial, found)
                cut |= added
                if any(self._value(each, tried) > most for each, most in as_good):
                    continue
                if best is None or self._value(stage, tried) < self._value(stage, best):
                    best = tried
            if not cut:
                # Nothing that is true bounds the model further: what is left is rounding.
                assert best is not None
                return least, best
        raise NumericalTrouble(f"no plan for all futures was found among {MOST_TRIED} that were tried")

    def _tried(self, values: Array, found: Array) -> tuple[Tried, bool]:
        """A plan solved in each future, and whether that bounds what the model now holds. values, found: of the columns
        of the plan, and of all columns of the model at its solution."""
        loss, added = np.zeros(1 + len(self._names)), False
        loss[0] = self._risk @ values + self._constant
        for number, (part, places) in enumerate(zip(self.parts.values(), self._plan, strict=True)):
            there, at = places >= 0, self.columns + number
            plan = np.where(there, values[places], 0.0)
            loss[1 + number], slopes = part.loss(plan)
            beyond = loss[1 + number] + slopes[there] @ (found[places[there]] - plan[there])
            # An own loss that is rounding needs no row, which would slow all that follows.
            if beyond - found[at] > self._rounding:
                used = there & (slopes != 0)
                level = loss[1 + number] - slopes[used] @ plan[used]
                self._row(np.append(places[used], at), np.append(-slopes[used], 1.0), level, INF)
                added = True
        return Tried(values, loss), added

    # ------------------------------------------------------------------ objectives

    def objective(self, name: str) -> Objective:
        """The cost in the own future, or the loss in one future by its name, the own one with that of the risk."""
        form, weights = self.session.compiled.form, np.zeros(len(self._names))
        if name in self.parts:
            weights[self._names.index(name)] = 1.0
            return Objective(np.zeros(self.columns), 0.0, weights)
        place = form.place(form.objective(name))
        costs, constant = form.costs[place, : self.columns].copy(), float(form.offsets[place])
        return Objective(costs, constant, weights, is_cost=name == "cost")

    def average(self) -> Objective:
        """The loss on average, futures alike."""
        part = 1.0 / (1 + len(self._names))
        return Objective(part * self._risk, part * self._constant, np.full(len(self._names), part))

    def regret(self) -> Objective:
        """Most of what the loss in a future is above the least there."""
        return Objective(np.zeros(self.columns), 0.0, np.zeros(len(self._names)), most=True)

    def _costs(self, stage: Objective) -> tuple[Array, NDArray[np.int64]]:
        """Costs of an objective in the model, (column), and the places of those that are not 0."""
        costs = np.concatenate([stage.costs, stage.loss_weights, [float(stage.most)]])
        return costs, np.flatnonzero(costs)

    def _value(self, stage: Objective, tried: Tried) -> float:
        """What an objective is of a plan in truth."""
        if stage.most:
            return max(float((tried.loss - self._least).max()), 0.0)
        return float(stage.costs @ tried.values + stage.constant + stage.loss_weights @ tried.loss[1:])

    def _unit(self, stage: Objective) -> float:
        """Of what CLOSE is a part: the demand, for a loss; of a cost, which no bound is needed for, much less."""
        if stage.is_cost:
            return MONEY * self.whole * float(np.abs(stage.costs).max(initial=0.0))
        return self.whole

    def _row(self, at: Array | NDArray[np.int64], by: Array, lower: float, upper: float) -> None:
        accepted(self.highs.addRow(lower, upper, len(at), np.asarray(at, dtype=np.int32), by), "a bound")


def columns_of(session: Session) -> dict[tuple[str, Key], int]:
    """Columns of the plan in a model, by the name of its part and its index."""
    column = session.compiled.form.column_of
    at: dict[tuple[str, Key], Any] = {
        (part, key): column.get(id(variable)) for part in PLAN
        for key, variable in getattr(session.model, part).items()
    }  # fmt: skip
    return {key: place for key, place in at.items() if place is not None}


def resumed(highs: highspy.Highs, strategy: int = DUAL) -> bool:
    """Whether the simplex found the optimum from where it stands: the dual after further rows, the primal after other
    costs."""
    if not highs.getBasis().valid:
        return False
    set_option(highs, "solver", "simplex")
    set_option(highs, "simplex_strategy", strategy)
    set_option(highs, "presolve", "choose")
    set_option(highs, "time_limit", INF)
    return run(highs) == highspy.HighsModelStatus.kOptimal
