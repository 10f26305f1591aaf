"""HiGHS, with the status of every call looked at: a refused option silently leaves the default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from threading import Lock

import highspy

from .errors import NumericalTrouble, SolverError, TimeLimit

INF = highspy.kHighsInf
#: Which simplex, in HiGHS's numbers.
DUAL, PRIMAL = 1, 4
OK, ERROR = highspy.HighsStatus.kOk, highspy.HighsStatus.kError


#: File descriptor of standard output.
STDOUT = 1
_first, _banner_is_due = Lock(), True


def solver() -> highspy.Highs:
    """A silent HiGHS on one thread. Raises SolverError where it refuses an option."""
    global _banner_is_due
    with _first:
        if _banner_is_due:
            with _without_stdout():
                highs = highspy.Highs()  # type: ignore[no-untyped-call]
            _banner_is_due = False
        else:
            highs = highspy.Highs()  # type: ignore[no-untyped-call]
    set_option(highs, "output_flag", False)
    set_option(highs, "threads", 1)
    return highs


@contextmanager
def _without_stdout() -> Iterator[None]:
    """Standard output of the process leads nowhere, also where it was closed, and is as before afterwards.

    Since version 1.16 the constructor of the first HiGHS of a process prints two lines of its own, from C++ and before
    an option can be set; they would stand in front of results.
    """
    try:
        before = os.dup(STDOUT)
    except OSError:
        before = -1  # It is closed.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDOUT)
        yield
    finally:
        if before >= 0:
            os.dup2(before, STDOUT)
            os.close(before)
        else:
            os.close(STDOUT)
        if nowhere != STDOUT:
            os.close(nowhere)


def set_option(highs: highspy.Highs, option: str, value: str | float | bool) -> None:
    """Set an option. Raises SolverError where HiGHS refuses it."""
    if highs.setOptionValue(option, value) != OK:
        raise SolverError(f"HiGHS {highs.version()} refused its option {option} = {value}")


def accepted(status: highspy.HighsStatus, what: str) -> None:
    """Raises SolverError where HiGHS refused what it was handed."""
    if status == ERROR:
        raise SolverError(f"HiGHS refused {what}")


def run(highs: highspy.Highs) -> highspy.HighsModelStatus:
    """Run HiGHS; kSolveError where the call itself fails, for which HiGHS leaves the status of an earlier run.

    It fails where another library of this process has set up the threads of HiGHS otherwise; they are set up anew.
    """
    outcome = highs.run()
    if outcome == ERROR:
        highspy.Highs.resetGlobalScheduler(True)
        outcome = highs.run()
    return highspy.HighsModelStatus.kSolveError if outcome == ERROR else highs.getModelStatus()


def optimum(highs: highspy.Highs, time_limit: float | None, *, large: bool = True) -> None:
    """Solve afresh: a large programme by the interior point with crossover, else by the dual simplex; where that gives
    no answer, by the other, by both without presolve, and by the primal simplex: at a matrix with numbers that are
    rounding the dual was seen to give up. Raises TimeLimit and NumericalTrouble."""
    methods = ("ipx", "simplex") if large else ("simplex", "ipx")
    attempts = [*product(("choose", "off"), methods, (DUAL,)), ("choose", "simplex", PRIMAL)]
    for presolve, method, strategy in attempts:
        accepted(highs.clearSolver(), "a fresh start")
        set_option(highs, "solver", method)
        set_option(highs, "simplex_strategy", strategy)
        set_option(highs, "presolve", presolve)
        # HiGHS counts the time from its first run, so what it already ran is added.
        set_option(highs, "time_limit", INF if time_limit is None else highs.getRunTime() + time_limit)
        status = run(highs)
        if status == highspy.HighsModelStatus.kOptimal:
            return
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise TimeLimit(f"no optimum within {time_limit:g} s; give the solver more time")
    text = highs.modelStatusToString(status)
    raise NumericalTrouble(f"HiGHS stopped without an answer that it vouches for: {text}")


def iterations(highs: highspy.Highs) -> tuple[int, int, int]:
    """Iterations of the last run: (simplex, interior point, crossover)."""
    info = highs.getInfo()
    counts = info.simplex_iteration_count, info.ipm_iteration_count, info.crossover_iteration_count
    return max(counts[0], 0), max(counts[1], 0), max(counts[2], 0)


def algorithm(counts: tuple[int, int, int], hot: bool, primal: bool) -> str:
    """What HiGHS used, in words, from its `iterations`. hot: from a basis; primal: which simplex was asked for."""
    simplex, interior, crossover = counts
    if interior:
        return "ipx, cold" + (", crossover" if crossover else "") + (", simplex clean-up" if simplex else "")
    start = "hot basis" if hot else "cold"
    return f"{'primal' if primal else 'dual'} simplex, {start}" if simplex else f"no iteration, {start}"
