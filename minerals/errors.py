"""Problems that a person can act on: where, what value, what was expected, the way out.

Every module collects `Problem`s and raises them together as one `InputError`, so that a user sees all that is
wrong at once. Exit codes are part of the interface: 0 fine, 2 usage, 3 bad input, 4 infeasible, 5 solver failed,
130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    file: file name as the user knows it; line: 1-based line, or 0 where the whole file is meant;
    what: place and value (`chemistry = 'lpf'`); why: what was expected and how to mend it.
    """

    file: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {self.what}: {self.why}" if self.what else f"{place}: {self.why}"


class MineralsError(Exception):
    """Base of the errors that are shown to the user without a traceback."""

    exit_code = 1


class InputError(MineralsError):
    """One or more problems in inputs or run files. Nothing was written."""

    exit_code = 3

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(MineralsError):
    """The command's words are off: an unknown name, a folder that is not a result."""

    exit_code = 2


class Infeasible(MineralsError):
    """The limits contradict each other: no solution keeps all of them.

    compiled: the model as it was handed to the solver (`minerals.mix.compiled.Compiled`), for the analysis of the
    conflict.
    """

    exit_code = 4

    def __init__(self, message: str, compiled: object = None) -> None:
        self.compiled = compiled
        super().__init__(message)


class SolverError(MineralsError):
    """The solver gave no answer that can be reported. Nothing was written."""

    exit_code = 5


class Unbounded(SolverError):
    """The objective can be improved without end: a limit is missing."""


class TimeLimit(SolverError):
    """The solver ran out of the time it was given."""


class NumericalTrouble(SolverError):
    """The solver stopped without an answer that it vouches for."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'lfp'?`, or nothing where no known word is near.

    Case and order of letters are forgiven: 'lpf', 'LFP' and 'lfpp' all find 'lfp'.
    """
    lower: dict[str, str] = {}
    for name in known:
        lower.setdefault(name.lower(), name)
    near = get_close_matches(str(word).lower(), lower, n=1, cutoff=0.6)
    return f"; did you mean '{lower[near[0]]}'?" if near else ""


def listed(names: Sequence[str] | Iterable[str], limit: int = 12) -> str:
    """Names for a message, cut after `limit`: `a, b, c and 4 more`."""
    names = list(names)
    head = ", ".join(names[:limit])
    return head if len(names) <= limit else f"{head} and {len(names) - limit} more"
