"""Why limits contradict each other: the smallest set that does, by name, and what loosening one of them would do.

A set is proposed: the limits of a proof of infeasibility (Farkas) and, where it fails, HiGHS's `getIis`. It is believed
only after solving again: the set alone must be infeasible, and feasible with any one member taken away; a deletion
filter gets it there (Chinneck, Dravnieks 1991). Then each limit of the set is let go alone, and all others kept: the
least by which it must give way is one linear programme. Where that is infeasible still, its proof says which others
cannot help.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.core.base.objective import ObjectiveData
from scipy.sparse import csr_array

from ..errors import NumericalTrouble, TimeLimit, UsageError
from ..highs import ERROR, INF, accepted, run, set_option, solver
from .compiled import HOT_ITERATIONS, UNLIMITED, Compiled

Array = NDArray[np.float64]
#: Limits broken by this in all, in their units, count as kept.
BROKEN = 1e-6
#: Answers that are one.
TELLING = (
    highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty, highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kTimeLimit,
)  # fmt: skip
#: Where a limit stands: whether it is a row or a column, its place, and whether it is the upper limit.
Place = tuple[bool, int, bool]


@dataclass(frozen=True)
class Member:
    """One limit of a conflict. kind: 'constraint', 'objective' (held) or 'variable' (its bound); name: Pyomo's; side:
    'lower' or 'upper'; limit: in Pyomo's terms."""

    kind: str
    name: str
    side: str
    limit: float


@dataclass(frozen=True)
class Loosening:
    """A limit that, loosened alone, makes the model feasible. to: its least sufficient value; by: the difference, ≥ 0,
    in its unit; relative: to its size, infinite where it is 0."""

    member: Member
    to: float
    by: float
    relative: float


@dataclass(frozen=True)
class Conflict:
    """Limits that contradict each other, and no longer do with any one of them taken away. places: of `members`."""

    members: tuple[Member, ...]
    places: tuple[Place, ...]


def conflict(compiled: Compiled, time_limit: float | None = None) -> Conflict:
    """An irreducible conflict of a model that is infeasible. time_limit: of each solve [s].

    Raises UsageError where the model is feasible, TimeLimit and NumericalTrouble where that cannot be told.
    """
    compiled.push()
    limits = _Limits(compiled.highs.getLp(), time_limit)
    places = next((found for found in limits.proposals() if limits.contradict(found)), None)
    if places is None:
        raise UsageError("the limits do not contradict each other")
    places = limits.irreducible(places)
    return Conflict(tuple(_member(compiled, place) for place in places), tuple(places))


def loosenings(compiled: Compiled, found: Conflict, time_limit: float | None = None) -> list[Loosening]:
    """Limits of a conflict that resolve it alone, the relatively smallest change first. time_limit: of each solve [s].

    A lower bound of 0 is not loosened: what it bounds cannot be negative. Empty where other conflicts remain whichever
    is loosened. Raises TimeLimit and NumericalTrouble.
    """
    compiled.push()
    limits, ways = _Limits(compiled.highs.getLp(), time_limit), []
    hopeful = set(found.places)
    for member, place in zip(found.members, found.places, strict=True):
        if place not in hopeful or (member.kind == "variable" and member.side == "lower" and member.limit == 0):
            continue
        to, hopeful = limits.least(place, hopeful)
        if to is not None:
            to += _constant(compiled, place)
            by = abs(to - member.limit)
            ways.append(Loosening(member, to, by, by / abs(member.limit) if member.limit else math.inf))
    return sorted(ways, key=lambda way: (way.relative, way.by))


def _member(compiled: Compiled, place: Place) -> Member:
    """A limit by name."""
    is_row, at, upper = place
    form = compiled.form
    component = form.rows[at] if is_row else form.columns[at]
    bounds = (form.row_upper if upper else form.row_lower) if is_row else (form.col_upper if upper else form.col_lower)
    kind = "variable" if not is_row else "objective" if isinstance(component, ObjectiveData) else "constraint"
    limit = float(bounds[at]) + _constant(compiled, place)
    return Member(kind, component.name, "upper" if upper else "lower", limit)


def _constant(compiled: Compiled, place: Place) -> float:
    """What stands as a constant in the body of a row."""
    return float(compiled.form.constants[place[1]]) if place[0] else 0.0


class _Limits:
    """The limits of a linear programme, which are kept or let go one by one."""

    def __init__(self, lp: Any, time_limit: float | None) -> None:
        self.lp, self.time_limit = lp, time_limit
        self.columns, self.rows = lp.num_col_, lp.num_row_
        self.col_lower, self.col_upper = np.array(lp.col_lower_), np.array(lp.col_upper_)
        self.row_lower, self.row_upper = np.array(lp.row_lower_), np.array(lp.row_upper_)
        matrix = lp.a_matrix_
        index, start, shape = matrix.index_, matrix.start_, (self.rows, self.columns)
        if matrix.format_ == highspy.MatrixFormat.kColwise:
            self.matrix = csr_array((matrix.value_, index, start), shape=shape[::-1]).T.tocsr()
        else:
            self.matrix = csr_array((matrix.value_, index, start), shape=shape)

    def _level(self, place: Place) -> float:
        is_row, at, upper = place
        bounds = (self.row_upper, self.row_lower) if is_row else (self.col_upper, self.col_lower)
        return float(bounds[0 if upper else 1][at])

    def proposals(self) -> Iterable[list[Place]]:
        """Sets that may contradict each other, the most promising first: those of a proof, HiGHS's, all."""
        yield self._proof()
        yield self._iis()
        yield self._finite(np.arange(self.rows), np.arange(self.columns))

    def _finite(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[Place]:
        """Every limit of some rows and columns."""
        every = [(True, int(at), upper) for at in rows for upper in (False, True)]
        every += [(False, int(at), upper) for at in columns for upper in (False, True)]
        return [place for place in every if math.isfinite(self._level(place))]

    def _iis(self) -> list[Place]:
        """HiGHS's own set, irreducible as far as it gets; empty where it has none."""
        highs = self._fresh()
        strategy = highspy.IisStrategy
        # The description of the option counts its parts otherwise than the solver does; the names are right.
        wanted = int(strategy.kIisStrategyFromRay) | int(strategy.kIisStrategyIrreducible)
        set_option(highs, "iis_strategy", wanted)
        if self.time_limit is not None:
            set_option(highs, "iis_time_limit", self.time_limit)
        status, iis = highs.getIis()
        if status == ERROR or not iis.valid_:
            return []
        sides = {
            highspy.IisBoundStatus.kIisBoundStatusLower: (False,),
            highspy.IisBoundStatus.kIisBoundStatusUpper: (True,),
            highspy.IisBoundStatus.kIisBoundStatusBoxed: (False, True),
        }
        found = []
        for is_row, places, bounds in (
            (True, iis.row_index_, iis.row_bound_), (False, iis.col_index_, iis.col_bound_)
        ):  # fmt: skip
            for at, bound in zip(places, bounds, strict=True):
                found += [(is_row, int(at), upper) for upper in sides.get(highspy.IisBoundStatus(bound), ())]
        return [place for place in found if math.isfinite(self._level(place))]

    def _proof(self, but: Place | None = None) -> list[Place]:
        """Limits with a share in the proof that the rows contradict each other, all but one of them where `but` is
        given; empty where there is a solution.

        Every row may be broken at a price of one per unit, so that this programme always has an optimum: what must be
        broken at least. Where that is nothing, there is a solution; else the prices of its rows are the proof (Farkas).
        Found so, it does not hang on a ray, which dual simplex without presolve was seen to miss.
        """
        highs = self._fresh()
        if but is not None:
            self._let_go(highs, but)
        lower, upper = (np.flatnonzero(np.isfinite(side)) for side in (self.row_lower, self.row_upper))
        rows = np.concatenate([lower, upper]).astype(np.int32)
        signs = np.concatenate([np.ones(len(lower)), -np.ones(len(upper))])
        many = len(rows)
        starts = np.arange(many, dtype=np.int32)
        free = np.full(many, INF)
        accepted(highs.addCols(many, np.ones(many), np.zeros(many), free, many, starts, rows, signs), "elastic limits")
        if not self._solve(highs) or highs.getInfo().objective_function_value <= BROKEN:
            return []
        solution = highs.getSolution()
        prices, reduced = np.array(solution.row_dual), np.array(solution.col_dual)[: self.columns]
        found: list[Place] = []
        for is_row, shares in ((True, prices), (False, reduced)):
            at = np.flatnonzero(np.abs(shares) > 1e-9 * np.abs(prices).max())
            found += [(is_row, int(place), bool(shares[place] < 0)) for place in at]
        return [place for place in found if math.isfinite(self._level(place)) and place != but]

    def _let_go(self, highs: highspy.Highs, place: Place) -> None:
        """Take one limit away."""
        is_row, at, upper = place
        low, high = self._level((is_row, at, False)), self._level((is_row, at, True))
        change = highs.changeRowBounds if is_row else highs.changeColBounds
        accepted(change(at, low if upper else -INF, INF if upper else high), "a limit")

    def _fresh(self) -> highspy.Highs:
        """The programme in a solver of its own, without costs."""
        highs = solver()
        accepted(highs.passModel(self.lp), "the model")
        every = np.arange(self.columns, dtype=np.int32)
        accepted(highs.changeColsCost(len(every), every, np.zeros(len(every))), "costs")
        accepted(highs.changeObjectiveSense(highspy.ObjSense.kMinimize), "a sense")
        return highs

    def _solve(self, highs: highspy.Highs) -> bool:
        """Whether there is a solution. Raises TimeLimit and NumericalTrouble where that is not told."""
        status = self._run(highs, HOT_ITERATIONS)
        for algorithm in ("simplex", "ipx"):
            if status in TELLING:
                break
            # A basis that earlier limits left can mislead the simplex; a fresh start is told by what is there now.
            accepted(highs.clearSolver(), "a fresh start")
            set_option(highs, "solver", algorithm)
            status = self._run(highs)
            set_option(highs, "solver", "choose")
        if status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
            return True
        if status == highspy.HighsModelStatus.kInfeasible:
            return False
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise TimeLimit(f"the conflict of the limits was not found within {self.time_limit:g} s a solve")
        raise NumericalTrouble(f"HiGHS could not tell the conflict of the limits: {highs.modelStatusToString(status)}")

    def _run(self, highs: highspy.Highs, most: int = UNLIMITED) -> highspy.HighsModelStatus:
        """One call of HiGHS, within the time limit and of `most` iterations."""
        set_option(highs, "simplex_iteration_limit", most)
        set_option(highs, "time_limit", INF if self.time_limit is None else highs.getRunTime() + self.time_limit)
        return run(highs)

    def contradict(self, places: list[Place]) -> bool:
        """Whether these limits alone have no solution."""
        return bool(places) and not self._solve(self._alone(places)[0])

    def _alone(self, places: list[Place]) -> tuple[highspy.Highs, dict[tuple[bool, int], int]]:
        """A programme of these limits alone, and where each of its rows and columns is in it."""
        rows = sorted({at for is_row, at, _ in places if is_row})
        part = self.matrix[rows] if rows else csr_array((0, self.columns))
        columns = sorted({*part.indices.tolist(), *(at for is_row, at, _ in places if not is_row)})
        # A programme without columns would count as empty, whatever its rows ask.
        part = part[:, columns] if columns else csr_array((len(rows), 1))
        width = max(len(columns), 1)
        highs = solver()
        free, unbound = np.full(width, INF), np.full(len(rows), INF)
        accepted(
            highs.passModel(
                width, len(rows), part.nnz, int(highspy.MatrixFormat.kRowwise), 1, 0.0, np.zeros(width), -free, free,
                -unbound, unbound, part.indptr.astype(np.int32), part.indices.astype(np.int32), part.data,
                np.zeros(width, dtype=np.int32),
            ),
            "a part of the model",
        )  # fmt: skip
        new = {
            (is_row, at): at_new for is_row in (True, False) for at_new, at in enumerate(rows if is_row else columns)
        }
        kept = set(places)
        for place in places:
            self._keep(highs, new[place[:2]], place, kept)
        return highs, new

    def _keep(self, highs: highspy.Highs, new: int, place: Place, kept: set[Place]) -> None:
        """Give the row or column of a place, the `new`-th of a part of the programme, its limits as far as kept."""
        is_row, at, _ = place
        lower = self._level((is_row, at, False)) if (is_row, at, False) in kept else -INF
        upper = self._level((is_row, at, True)) if (is_row, at, True) in kept else INF
        accepted((highs.changeRowBounds if is_row else highs.changeColBounds)(new, lower, upper), "a limit")

    def irreducible(self, places: list[Place]) -> list[Place]:
        """The set without what it does not need, by the deletion filter; bounds of variables are let go first."""
        highs, new = self._alone(places)
        kept = set(places)
        for place in sorted(places):
            self._keep(highs, new[place[:2]], place, kept - {place})
            if len(kept) > 1 and not self._solve(highs):
                kept.remove(place)
            else:
                self._keep(highs, new[place[:2]], place, kept)
        return sorted(kept, key=lambda place: (not place[0], place))

    def least(self, place: Place, hopeful: set[Place]) -> tuple[float | None, set[Place]]:
        """The least that a limit must give way to where all others are kept, None where that does not help, and those
        of the hopeful limits that still may.

        The limit is let go, and what it limits becomes the objective.
        """
        is_row, at, upper = place
        if proof := self._proof(but=place):
            # Those of the proof contradict each other still: only one of them can resolve that.
            return None, hopeful & set(proof) if self.contradict(proof) else hopeful
        highs = self._fresh()
        self._let_go(highs, place)
        entries = self.matrix[[at]] if is_row else csr_array(([1.0], ([0], [at])), shape=(1, self.columns))
        columns, weights = entries.indices.astype(np.int32), entries.data if upper else -entries.data
        accepted(highs.changeColsCost(len(columns), columns, weights), "costs")
        if not self._solve(highs):
            return None, hopeful
        least = highs.getInfo().objective_function_value - self.lp.offset_
        return float(least if upper else -least), hopeful


def least_breach(
    compiled: Compiled, let_go: Callable[[str], bool], time_limit: float | None = None
) -> list[tuple[str, float]] | None:
    """How far limits must give way together, at least, when all whose component's name is let go may: (name, amount)
    of each that does, in its unit, with the least sum of amounts; None where that does not help.

    A lower bound of 0 stays: what it bounds cannot be negative. Raises TimeLimit and NumericalTrouble.
    """
    compiled.push()
    limits, form = _Limits(compiled.highs.getLp(), time_limit), compiled.form
    highs = limits._fresh()
    rows = [at for at, row in enumerate(form.rows) if let_go(row.parent_component().name)]
    bounds = [at for at, column in enumerate(form.columns) if let_go(column.parent_component().name)]
    names: list[str] = []
    for at in rows:
        for side, limit in ((1.0, limits.row_lower[at]), (-1.0, limits.row_upper[at])):
            if math.isfinite(limit):
                entry = np.array([at], dtype=np.int32), np.array([side])
                accepted(highs.addCol(1.0, 0.0, INF, 1, *entry), "an elastic limit")
                names.append(form.rows[at].name)
    for at in bounds:
        # What a bound gives way by is the level above it, which is 0 where it is fixed there.
        if math.isfinite(limits.col_upper[at]) and limits.col_upper[at] == 0:
            accepted(highs.changeColBounds(at, 0.0, INF), "a bound")
            accepted(highs.changeColCost(at, 1.0), "a cost")
    if not limits._solve(highs):
        return None
    levels = np.array(highs.getSolution().col_value)
    found = list(zip(names, levels[limits.columns :].tolist(), strict=True))
    found += [(form.columns[at].name, float(levels[at])) for at in bounds if limits.col_upper[at] == 0]
    return [(name, amount) for name, amount in found if amount > BROKEN]
