r"""Why limits contradict each other: a smallest set that does, by name, and what would have to give way.

Every limit may be broken, at a price for each unit; what only keeps the books may not:

$$\min_{x,\, e \ge 0} \sum_i p_i e_i \quad \text{s.t.} \quad a_i x \le b_i + e_i \quad \text{for all limits } i$$

Letting a limit go is $p_i = 0$, keeping it is $p_i = 1$. The programme always has an optimum, so nothing hangs on how a
solver tells that there is none, over which the simplex was seen to go on for ever. Where the optimum is above 0, the
limits that are kept contradict each other, and so do those of them alone whose dual is not 0 (Farkas).

A deletion filter (Chinneck, Dravnieks 1991) then lets go what is not needed, a part at a time, and each solve goes on
from the solution before. All solves share one budget of time; what was proved when it ends is told as what it is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.core.base.objective import ObjectiveData
from pyomo.core.base.var import VarData

from ..errors import NumericalTrouble, TimeLimit, UsageError
from ..haste import value_class
from ..highs import INF, accepted, run, set_option, solver
from .compiled import LARGE, UNLIMITED, Compiled
from .data import Key
from .family import index_of

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]
Status = highspy.HighsModelStatus
#: Limits broken by this in all, in their units, count as kept.
BROKEN = 1e-6
#: A dual that counts as none. Where limits contradict each other the largest is 1, the price of a breach.
NO_DUAL = 1e-9
#: Iterations of the simplex from a basis before a fresh start is tried. Where many limits are let go at once, it was
#: seen to take 50 s for what the interior point does in 2 s.
HOT_ITERATIONS = 2_000
#: Part of the time that is left in which a set is made smaller; the rest is for what would have to give way.
FILTER = 0.5
#: Answers after which no other algorithm is tried.
TELLING = (Status.kOptimal, Status.kModelEmpty, Status.kInfeasible, Status.kTimeLimit)


@value_class
class Member:
    """One limit of a constraint, of an objective that is held, or of a variable (its bound)."""

    kind: Literal["constraint", "objective", "variable"]
    name: str
    """Pyomo's name, `growth[Europe,LFP,2030]`."""
    side: Literal["lower", "upper"]
    limit: float
    """In Pyomo's terms."""
    family: str
    """Name of the component, `growth`."""
    index: Key
    """Index in it, empty where it has none."""


@value_class
class Loosening:
    """A limit that, loosened alone, makes the model feasible. to: its least sufficient value; by: the difference, ≥ 0,
    in its unit; relative: to its size, infinite where it is 0."""

    member: Member
    to: float
    by: float
    relative: float


@value_class
class Conflict:
    """Limits that contradict each other. irreducible: whether they no longer do with any one of them taken away, which
    is not known where the search ended before; in_time: whether it was no want of time that ended it."""

    members: tuple[Member, ...]
    irreducible: bool
    in_time: bool = True


class Search:
    """The limits of a model that has no solution, each of which is kept, let go, or broken at a price.

    That what is not negative stays so is no limit: a lower bound of 0 is always kept. balances: names of components
    that only keep the books, and are always kept too; seconds: of all solves together; now: clock [s]. limits: every
    limit.

    Every method raises TimeLimit when the seconds are over, and NumericalTrouble where the solver gives no answer; what
    is told before that stands, and the search can go on.
    """

    def __init__(
        self,
        compiled: Compiled,
        balances: Container[str] = (),
        seconds: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now, self.end = now, now() + seconds
        compiled.push()
        form = compiled.form
        rows = [at for at, row in enumerate(form.rows) if row.parent_component().name not in balances]
        columns = [at for at, column in enumerate(form.columns) if column.parent_component().name not in balances]
        self.highs = _without_costs(compiled.highs.getLp())
        self.limits: list[Member] = []
        places: list[int] = []
        for at in rows:
            row, constant = form.rows[at], float(form.constants[at])
            lower, upper = float(form.row_lower[at]), float(form.row_upper[at])
            if lower != -INF:
                self.limits.append(_member(row, "lower", lower + constant))
                places.append(at)
            if upper != INF:
                self.limits.append(_member(row, "upper", upper + constant))
                places.append(at if lower <= upper else self._apart(at, lower, upper))
        for at in columns:
            lower, upper = float(form.col_lower[at]), float(form.col_upper[at])
            floor = 0.0 if lower == 0 else -INF
            if lower != floor:
                self.limits.append(_member(form.columns[at], "lower", lower))
                places.append(self._row([at], [1.0], lower, INF))
            if upper != INF:
                self.limits.append(_member(form.columns[at], "upper", upper))
                places.append(self._row([at], [1.0], -INF, upper))
            accepted(self.highs.changeColBounds(at, floor, INF), "a bound")
        self._add_breaches(np.array(places, dtype=np.int32))

    def _row(self, columns: Any, weights: Any, lower: float, upper: float) -> int:
        """A row of its own for a limit: for a bound, so that it may be broken."""
        entries = np.array(columns, dtype=np.int32), np.array(weights, dtype=float)
        accepted(self.highs.addRow(lower, upper, len(columns), *entries), "a limit")
        return int(self.highs.getNumRow()) - 1

    def _apart(self, at: int, lower: float, upper: float) -> int:
        """A row of its own for the upper limit of a row whose lower one is above it, which HiGHS would not solve."""
        accepted(self.highs.changeRowBounds(at, lower, INF), "a limit")
        _, columns, weights = self.highs.getRowEntries(at)
        return self._row(columns, weights, -INF, upper)

    def _add_breaches(self, rows: NDArray[np.int32]) -> None:
        """A variable for each limit, by which it is broken: it comes on top of what the row has where the limit is
        below, and off it where it is above."""
        many = len(rows)
        self.rows = rows
        self.signs = np.array([1.0 if limit.side == "lower" else -1.0 for limit in self.limits])
        self.breaches = np.arange(many, dtype=np.int32) + self.highs.getNumCol()
        starts, free = np.arange(many, dtype=np.int32), np.full(many, INF)
        status = self.highs.addCols(many, np.ones(many), np.zeros(many), free, many, starts, rows, self.signs)
        accepted(status, "limits that may be broken")

    # ------------------------------------------------------------------ a set that contradicts itself

    def conflict(self, *ranks: Callable[[Member], Any]) -> Conflict:
        """A set of limits that contradict each other, irreducible where the time suffices. ranks: each gives a set, in
        which of limits that would do alike those of the least rank stand; the smallest set is told.

        Raises UsageError where the model is feasible, or so nearly that no limits can be told to be why.
        """
        breach, proof = self._breach(self._all_but(()))
        if breach <= BROKEN:
            raise UsageError("the limits do not contradict each other")
        found, irreducible, in_time = proof, False, True
        try:
            with self._part_of_the_time(FILTER):
                for rank in ranks or (_as_stated,):
                    ranked = [rank(limit) for limit in self.limits]
                    for kept in self._smaller(proof, sorted(range(len(ranked)), key=ranked.__getitem__)):
                        found = found if irreducible else kept
                    found, irreducible = min(found, kept, key=np.sum), True
        except TimeLimit:
            in_time = False
        except NumericalTrouble:
            pass
        # Solved once more from nothing and alone: what is told rests on no earlier basis, nor on a rounded dual.
        self._afresh()
        if self._breach(found)[0] <= BROKEN:
            raise UsageError("the conflict of the limits is too narrow to be told")
        return Conflict(tuple(self.limits[at] for at in np.flatnonzero(found)), irreducible, in_time)

    def _smaller(self, kept: Chosen, order: list[int]) -> Iterator[Chosen]:
        """Ever smaller sets that contradict each other, of which the last is irreducible. order: of limits, those first
        that are to stay where others would do as well.

        A part of what is not known to be needed is let go. Where the rest still contradicts itself, its proof is the
        next set; else the part is halved, and one limit on its own is needed: without it even more than what is kept in
        the end has a solution.
        """
        yield kept
        needed = np.zeros_like(kept)
        part = max(int(kept.sum()) // 2, 1)
        while candidates := [at for at in order if kept[at] and not needed[at]]:
            let_go = candidates[-part:]
            rest = kept.copy()
            rest[let_go] = False
            breach, proof = self._breach(rest)
            if breach > BROKEN:
                kept = proof
                yield kept
                part = 2 * len(let_go)
            elif len(let_go) > 1:
                part = len(let_go) // 2
            else:
                needed[let_go] = True

    # ------------------------------------------------------------------ what would have to give way

    def loosenings(self, found: Conflict) -> Iterator[Loosening]:
        """Limits of a conflict that resolve it when one alone gives way and all others of the model are kept; none
        where other conflicts remain whichever does."""
        places = {limit: at for at, limit in enumerate(self.limits)}
        members = [places[member] for member in found.members]
        self._afresh()
        breach, _ = self._breach(self._all_but(members))
        hopeful = set() if breach > BROKEN else set(members)
        for at in members:
            if at not in hopeful:
                continue
            breach, proof = self._breach(self._all_but([at]))
            if breach > BROKEN:
                # Those of the proof contradict each other without this one: only one of them can resolve that.
                hopeful &= set(np.flatnonzero(proof).tolist())
            elif (amounts := self._least(self._all_but([at]))) is not None:
                member, by = self.limits[at], float(amounts[at])
                to = member.limit - self.signs[at] * by
                yield Loosening(member, float(to), by, by / abs(member.limit) if member.limit else math.inf)

    def give_way(self, families: Container[str]) -> list[tuple[Member, float]] | None:
        """How far limits must give way together, at least, when all of some families may: each that does with its
        amount in its unit, of which the sum is least; None where that does not help."""
        kept = self._all_but(at for at, limit in enumerate(self.limits) if limit.family in families)
        self._afresh()
        amounts = self._least(kept)
        if amounts is None:
            return None
        return [(self.limits[at], float(amounts[at])) for at in np.flatnonzero(amounts > BROKEN)]

    def _least(self, kept: Chosen) -> Array | None:
        """By how much the limits that are not kept must be broken, (limit), the least in all; None where those that are
        kept contradict each other."""
        if self._breach(kept)[0] > BROKEN:
            return None
        # The solution that this left breaks none of those that are kept, and from now on none may.
        with self._held(kept):
            self._price(~kept)
            return self._values() if self._solve() else None

    def _all_but(self, let_go: Iterable[int]) -> Chosen:
        """Every limit but some."""
        kept = np.ones(len(self.limits), dtype=bool)
        kept[list(let_go)] = False
        return kept

    # ------------------------------------------------------------------ the programme

    def _breach(self, kept: Chosen) -> tuple[float, Chosen]:
        """By how much the limits that are kept must be broken in all, while the others are let go, and those of them
        that prove it."""
        self._price(kept)
        if not self._solve():
            raise NumericalTrouble("what only keeps the books of the model has no solution")
        duals = np.abs(np.array(self.highs.getSolution().row_dual)[self.rows])
        proof = kept & (duals > NO_DUAL)
        return float(self.highs.getInfo().objective_function_value), proof

    def _price(self, priced: Chosen) -> None:
        """Have a breach of some limits cost one per unit, and of all others nothing."""
        many = len(priced)
        accepted(self.highs.changeColsCost(many, self.breaches, priced.astype(float)), "prices")

    @contextmanager
    def _held(self, kept: Chosen) -> Iterator[None]:
        """Solve while some limits may not be broken."""
        self._hold(np.where(kept, 0.0, INF))
        try:
            yield
        finally:
            self._hold(np.full(len(kept), INF))

    def _hold(self, most: Array) -> None:
        """Let each limit be broken by so much at most, (limit)."""
        many = len(most)
        accepted(self.highs.changeColsBounds(many, self.breaches, np.zeros(many), most), "limits")

    def _values(self) -> Array:
        """By how much each limit is broken, (limit)."""
        return np.array(self.highs.getSolution().col_value)[self.breaches]

    def _solve(self) -> bool:
        """Whether there is a solution. Raises TimeLimit and NumericalTrouble where that is not told.

        From a basis, which is still feasible since only prices have changed, the primal simplex goes on. Where that is
        far, and where there is none, the model is solved afresh: a large one by the interior point with crossover.
        """
        status = self._run("simplex", 4, HOT_ITERATIONS) if self.highs.getBasis().valid else Status.kNotset
        order = ("ipx", "simplex") if self.highs.getNumCol() >= LARGE else ("simplex", "ipx")
        for algorithm in order:
            if status in TELLING:
                break
            self._afresh()
            status = self._run(algorithm, 1)
        if status in (Status.kOptimal, Status.kModelEmpty):
            return True
        if status == Status.kInfeasible:
            return False
        if status == Status.kTimeLimit:
            raise TimeLimit("the conflict of the limits was not found in time")
        raise NumericalTrouble(f"HiGHS could not tell the conflict of the limits: {status}")

    def _run(self, algorithm: str, strategy: int, most: int = UNLIMITED) -> highspy.HighsModelStatus:
        """One call of HiGHS, within the time that is left. strategy: 1 for the dual simplex, 4 for the primal; most:
        iterations of the simplex."""
        left = self.end - self.now()
        if left <= 0:
            return Status.kTimeLimit
        set_option(self.highs, "solver", algorithm)
        set_option(self.highs, "simplex_strategy", strategy)
        set_option(self.highs, "simplex_iteration_limit", most)
        set_option(self.highs, "time_limit", self.highs.getRunTime() + left)
        return run(self.highs)

    def _afresh(self) -> None:
        """Have the next solve start from nothing: it is far from the last one, or is to rest on no earlier basis."""
        accepted(self.highs.clearSolver(), "a fresh start")

    @contextmanager
    def _part_of_the_time(self, share: float) -> Iterator[None]:
        """Solve within a share of the time that is left."""
        end, now = self.end, self.now()
        self.end = now + share * (end - now)
        try:
            yield
        finally:
            self.end = end


def _as_stated(_: Member) -> int:
    """The rank of limits of which none is preferred."""
    return 0


def _member(component: Any, side: Literal["lower", "upper"], limit: float) -> Member:
    """A limit of a member of a Pyomo component."""
    kind: Literal["constraint", "objective", "variable"] = "constraint"
    if isinstance(component, VarData):
        kind = "variable"
    elif isinstance(component, ObjectiveData):
        kind = "objective"
    family = component.parent_component().name
    return Member(kind, component.name, side, limit, family, index_of(component))


def _without_costs(lp: Any) -> highspy.Highs:
    """A programme in a solver of its own, without an objective."""
    highs = solver()
    accepted(highs.passModel(lp), "the model")
    every = np.arange(lp.num_col_, dtype=np.int32)
    accepted(highs.changeColsCost(len(every), every, np.zeros(len(every))), "costs")
    accepted(highs.changeObjectiveOffset(0.0), "a constant")
    accepted(highs.changeObjectiveSense(highspy.ObjSense.kMinimize), "a sense")
    return highs
