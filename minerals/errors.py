"""Problems that a person can act on: where, what value, what was expected, the way out.

Every module collects `Problem`s and raises them together as one `InputError`, so that a user sees all that is
wrong at once. Exit codes are part of the interface: 0 fine, 2 usage, 3 bad input, 4 infeasible, 5 solver failed,
6 short of memory, processes or open files, or without its cluster, 129 terminal closed, 130 interrupted,
143 terminated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

#: Causes that are told at once; nobody mends more before looking again.
MOST_CAUSES = 50
#: A value is shown whole up to LONG characters, a longer one by its first SHOWN.
SHOWN, LONG = 60, 80
#: Places that are shown of a cause that is found more often.
PLACES = 3
_QUOTED = re.compile(r"""(?<!\w)(['"])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
_LONG_WORD = re.compile(rf"(\S{{{2 * SHOWN}}})\S{{{LONG},}}")
_NUMBER = re.compile(r"(?<![+\w])[0-9][0-9.,e+-]*")


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    file: file name as the user knows it; line: 1-based line, or 0 where the whole file is meant;
    what: place and value (`chemistry = 'lpf'`); why: what was expected and how to mend it.
    As text, long values are cut, and characters that a terminal would act on are written out.
    """

    file: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return readable(f"{place} {self.what}: {self.why}" if self.what else f"{place}: {self.why}")

    @property
    def cause(self) -> tuple[str, str, str]:
        """Problems of one file that differ only in line, value and the numbers that are advised have one cause."""
        return self.file, self.what.partition(" = ")[0], _NUMBER.sub("0", self.why)


class Notice(UserWarning):
    """A sentence for the user about a run that goes on; the command line prints it on standard error."""


class MineralsError(Exception):
    """Base of the errors that are shown to the user without a traceback."""

    exit_code = 1


class InputError(MineralsError):
    """One or more problems in inputs or run files. Nothing was written.

    problems: all of them, in order of file and line; as text, those of one cause are one line with the first places.
    """

    exit_code = 3

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        causes: dict[tuple[str, str, str], list[Problem]] = {}
        for problem in self.problems:
            causes.setdefault(problem.cause, []).append(problem)
        self.causes = len(causes)
        lines = [_as_one(each) for each in list(causes.values())[:MOST_CAUSES]]
        if self.causes > MOST_CAUSES:
            lines.append(f"… and {self.causes - MOST_CAUSES:,} more causes; mend these first")
        super().__init__("\n".join(lines))

    @property
    def count(self) -> str:
        """How many problems: `1 problem`, `1,000 problems of 2 causes`."""
        count = len(self.problems)
        causes = f" of {self.causes:,} cause{'s' if self.causes > 1 else ''}" if self.causes < count else ""
        return f"{count:,} problem{'s' if count > 1 else ''}{causes}"


def _as_one(problems: Sequence[Problem]) -> str:
    """Problems of one cause as a line: the first of them, and where the others are."""
    first, *others = problems
    if not others:
        return str(first)
    if all(problem.what == first.what for problem in others):
        places = listed([str(problem.line) for problem in problems], PLACES)
        return f"{first} (lines {places})"
    places = listed([_place(problem) for problem in others[:PLACES]])
    more = f" and {len(others) - PLACES:,} more" if len(others) > PLACES else ""
    return f"{first} (also {places}{more})"


def _place(problem: Problem) -> str:
    """Line and value of a problem, `line 3: 'lpf'`, without what it has in common with others of its cause."""
    column, _, value = problem.what.partition(" = ")
    if not problem.line:
        return readable(value or column)
    several = not value or " = " in value
    return f"line {problem.line}" if several else readable(f"line {problem.line}: {value}")


def readable(text: str) -> str:
    """Text for one line of a terminal: long values are cut after SHOWN characters, control characters are escaped."""
    text = _LONG_WORD.sub(r"\1…", _QUOTED.sub(_cut, text))
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def _cut(quoted: re.Match[str]) -> str:
    mark, value = quoted.groups()
    return f"{mark}{value[:SHOWN]}…{mark}" if len(value) > LONG else quoted[0]


def _escaped(character: str) -> str:
    """A character that shows itself as it is; a line break, an escape or an invisible one as its code."""
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")


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


class Exhausted(MineralsError):
    """The machine ran short of memory, processes or open files, or its cluster was lost. What was finished before is
    kept."""

    exit_code = 6


class SolverError(MineralsError):
    """The solver gave no answer that can be reported. Nothing was written."""

    exit_code = 5


class Unbounded(SolverError):
    """The objective can be improved without end: a limit is missing."""


class TimeLimit(SolverError):
    """The solver ran out of the time it was given."""


class NumericalTrouble(SolverError):
    """The solver stopped without an answer that it vouches for."""


def interrupted(error: BaseException | None) -> bool:
    """Whether an error is what became of an interrupt: that of a library which was being imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


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
    return head if len(names) <= limit else f"{head} and {len(names) - limit:,} more"
