"""Whether the quick tests hold the science: one number or operator of it at a time is changed, and some test must fail.

    python tests/mutants.py --seed 1 --count 120           draw 120 mutants, print who kills each, and the share killed
    python tests/mutants.py --seed 1 --count 120 --list    print them only
    python tests/mutants.py --files minerals/prices        mutants of some files or folders, all of them without --count

Each mutant is made in a scratch copy of the repository, which stays as it is. Only test files that enter the changed
function can tell a mutant, so only they are run: which those are is found first, by one traced run of all quick tests
(--map FILE keeps it for the next time). Code outside of functions is held against all of them. Exits 0 if at least
0.85 of the mutants are killed, 2 if the quick tests fail without one. A mutant that changes nothing counts as one that
survives: look at the survivors, which are printed at the end.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Packages of the science: what a number of a result comes from.
SCIENCE = ("exposure", "mix", "case", "flows", "cells", "prices")
#: Share of the mutants that must be killed.
LEAST = 0.85
#: Seconds that a mutant may take beyond ten times what its tests take without it.
PATIENCE = 60.0

OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.MatMult: ("@", "*"), ast.FloorDiv: ("//", "/"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
}  # fmt: skip
#: Each with its boundary and its opposite.
COMPARISONS: dict[type, tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")), ast.LtE: ("<=", ("<", ">")), ast.Gt: (">", (">=", "<=")), ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)), ast.NotEq: ("!=", ("==",)), ast.In: ("in", ("not in",)), ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)), ast.IsNot: ("is not", ("is",)),
}  # fmt: skip
NAMES = {"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "any": "all", "all": "any",
         "argmax": "argmin", "argmin": "argmax", "ones_like": "zeros_like", "zeros_like": "ones_like",
         "flatnonzero": "atleast_1d", "cumsum": "asarray"}  # fmt: skip
#: Statements and parts of them that hold no science: messages, types, what is checked of the code itself.
PASSED_OVER = (ast.JoinedStr, ast.Assert, ast.Raise, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Mutant:
    """One change: bytes `start` to `end` of a file become `after`. file: within the repository; function: the one it is
    in, by the line of its first decorator or `def`, or 0 for code of the module or of a class."""

    file: str
    line: int
    start: int
    end: int
    before: str
    after: str
    function: int

    def of(self, source: bytes) -> bytes:
        """The file with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.before.strip()} → {self.after or 'nothing'}"


# --- mutants of a file -----------------------------------------------------------------------------------------------


def mutants_of(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order of its text."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(line: int | None, column: int | None) -> int:
        assert line is not None
        assert column is not None
        return starts[line - 1] + column

    found: list[Mutant] = []

    def change(start: int, end: int, after: str, function: int) -> None:
        line = source.count(b"\n", 0, start) + 1
        found.append(Mutant(file, line, start, end, source[start:end].decode(), after, function))

    def between(left: ast.expr, right: ast.expr, before: str, afters: Sequence[str], function: int) -> None:
        """An operator, which stands between two expressions, maybe beside a comment."""
        start = place(left.end_lineno, left.end_col_offset)
        gap = source[start : place(right.lineno, right.col_offset)]
        gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), gap)
        words = rb"\s+".join(map(re.escape, before.encode().split()))
        if at := re.search(words, gap):
            for after in afters:
                change(start + at.start(), start + at.end(), after, function)

    for node, function in _science(tree, 0):
        match node:
            case ast.BinOp(left, op, right) if type(op) in OPERATORS and not (_text(left) or _text(right)):
                before, after = OPERATORS[type(op)]
                between(left, right, before, [after], function)
            case ast.AugAssign(target, op, value) if type(op) in OPERATORS and not _text(value):
                before, after = OPERATORS[type(op)]
                between(target, value, f"{before}=", [f"{after}="], function)
            case ast.Compare(left, ops, rights):
                for one, op, other in zip([left, *rights], ops, rights, strict=False):
                    between(one, other, *COMPARISONS[type(op)], function)
            case ast.BoolOp(op, values):
                words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
                for one, other in pairwise(values):
                    between(one, other, words[0], [words[1]], function)
            case ast.UnaryOp(ast.Not() | ast.USub() as op):
                start = place(node.lineno, node.col_offset)
                change(start, start + len("not" if isinstance(op, ast.Not) else "-"), "", function)
            case ast.Constant(value) if type(value) in (int, float) and value in (0, 1):
                start, end = place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
                change(start, end, str(type(value)(1 - value)), function)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in NAMES:
                end = place(node.func.end_lineno, node.func.end_col_offset)
                change(end - len(name), end, NAMES[name], function)
            case ast.Slice(lower, upper):
                for part in (lower, upper):
                    if part is not None:
                        start, end = place(part.lineno, part.col_offset), place(part.end_lineno, part.end_col_offset)
                        text = source[start:end].decode()
                        for step in ("+ 1", "- 1"):
                            change(start, end, f"({text}) {step}", function)
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _science(node: ast.AST, function: int) -> Iterator[tuple[Any, int]]:
    """Nodes below one that compute something, each with the line at which its function begins."""
    for name, held in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "decorator_list"):
            continue
        # Defaults of a function are computed where it is defined.
        inside = isinstance(node, ast.FunctionDef) and name != "args"
        here = min([node.lineno, *[each.lineno for each in node.decorator_list]]) if inside else function
        for child in held if isinstance(held, list) else [held]:
            if not isinstance(child, ast.AST) or isinstance(child, PASSED_OVER):
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            yield child, here
            yield from _science(child, here)


def _text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def all_mutants(root: Path, files: Sequence[str] = ()) -> list[Mutant]:
    """Every mutant of the science, or of some files and folders, by file."""
    chosen = [root / name for name in files] or [root / "minerals" / package for package in SCIENCE]
    paths = {path for each in chosen for path in (each.rglob("*.py") if each.is_dir() else [each])}
    return [
        mutant for path in sorted(paths) for mutant in mutants_of(path.relative_to(root).as_posix(), path.read_bytes())
    ]


def drawn(mutants: Sequence[Mutant], seed: int, count: int | None) -> list[Mutant]:
    """Some mutants by a seed, in the order of the files; all of them without a count."""
    if count is None or count >= len(mutants):
        return list(mutants)
    places = random.Random(seed).sample(range(len(mutants)), count)
    return [mutants[place] for place in sorted(places)]


# --- which tests enter which function --------------------------------------------------------------------------------

Entered = set[tuple[str, int]]


class Tracer:
    """Plugin of pytest (`-p mutants`) for the run that finds out which functions of the package a test file enters.

    What a fixture of the session enters is every test file's that asks for it; what no test has begun is nobody's.
    """

    def __init__(self, place: Path) -> None:
        self.place, self.root = place, f"{Path.cwd()}{os.sep}"
        self.package = f"{self.root}minerals"
        self.by_file: dict[str, Entered] = {}
        self.by_fixture: dict[str, Entered] = {}
        self.fixtures: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}
        self.now: Entered = set()
        #: Code of others, which is passed over by its identity: most calls are.
        self.foreign: set[CodeType] = set()

    def trace(self, frame: FrameType, event: str, held: object) -> None:
        """Called by Python at each call of a function."""
        code = frame.f_code
        if code not in self.foreign:
            if code.co_filename.startswith(self.package):
                self.now.add((code.co_filename, code.co_firstlineno))
            else:
                self.foreign.add(code)

    def pytest_sessionstart(self) -> None:
        sys.settrace(self.trace)
        threading.settrace(self.trace)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        # Python drops a trace that raises, as where a test recurses too deeply.
        sys.settrace(self.trace)
        file = item.nodeid.partition("::")[0]
        self.now = self.by_file.setdefault(file, set())
        self.fixtures.setdefault(file, set()).update(getattr(item, "fixturenames", ()))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        before = self.now
        if fixturedef.scope == "session":
            self.now = self.by_fixture.setdefault(fixturedef.argname, set())
        try:
            return (yield)
        finally:
            self.now = before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.partition("::")[0]
        self.seconds[file] = self.seconds.get(file, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        entered = {
            file: sorted(
                (name.removeprefix(self.root).replace(os.sep, "/"), line)
                for name, line in mine.union(*(self.by_fixture.get(name, set()) for name in self.fixtures[file]))
            )
            for file, mine in self.by_file.items()
        }
        self.place.write_text(json.dumps({"entered": entered, "seconds": self.seconds}), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    if place := os.environ.get("MUTANTS_MAP"):
        config.pluginmanager.register(Tracer(Path(place)))


@dataclass(frozen=True)
class Traced:
    """Test files with quick tests: the functions that each enters, and the seconds that its tests take."""

    entered: dict[str, Entered]
    seconds: dict[str, float]

    def that_tell(self, mutant: Mutant) -> list[str]:
        """Files that enter a mutant's function, or all for code of a module; the quickest first."""
        files = [
            file
            for file, functions in self.entered.items()
            if not mutant.function or (mutant.file, mutant.function) in functions
        ]
        return sorted(files, key=lambda file: (self.seconds.get(file, 0.0), file))


# --- running them ----------------------------------------------------------------------------------------------------


def copy_of(root: Path, place: Path) -> Path:
    """A scratch copy of the repository, without its history and what was computed."""
    left_out = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", ".venv", "venv", "*.egg-info", ".hypothesis")
    return Path(shutil.copytree(root, place, ignore=left_out))


def quick(copy: Path, files: Sequence[str], seconds: float | None = None, place: Path | None = None) -> tuple[int, str]:
    """Exit code and output of the quick tests of some files, up to the first that fails; −1 after so many seconds.

    place: where the map of what they enter is written.
    """
    words = [
        "-x",
        "-q",
        "-n",
        "0",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        "--tb=no",
        "-rfE",
    ]
    # What is compiled from a source is told apart by its length and its second: a mutant may share both.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPYCACHEPREFIX", None)
    if place is not None:
        environment |= {"MUTANTS_MAP": str(place), "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "tests")))}
        words += ["-p", "mutants"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words, *files], cwd=copy, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -1, ""
    return process.returncode, output


def mapped(copy: Path, place: Path) -> Traced:
    """What the quick tests enter, which is found by running them unless `place` holds it. Exits 2 if one fails."""
    if not place.exists():
        code, output = quick(copy, [], place=place)
        if code:
            place.unlink(missing_ok=True)
            print(f"the quick tests fail without any mutant:\n{output[-3000:]}", file=sys.stderr)
            raise SystemExit(2)
    stored = json.loads(place.read_text(encoding="utf-8"))
    entered = {file: {(name, line) for name, line in functions} for file, functions in stored["entered"].items()}
    return Traced(entered, stored["seconds"])


def killer(copy: Path, mutant: Mutant, tests: Traced) -> str:
    """The test that fails on a mutant, or ''. copy: where it is made, and undone."""
    files = tests.that_tell(mutant)
    if not files:
        return ""
    source = copy / mutant.file
    before = source.read_bytes()
    try:
        source.write_bytes(mutant.of(before))
        _forget(source)
        code, output = quick(copy, files, PATIENCE + 10 * sum(tests.seconds.get(file, 0.0) for file in files))
    finally:
        source.write_bytes(before)
        _forget(source)
    if not code:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return failed[1] if failed else "time" if code < 0 else "no test could be collected"


def _forget(source: Path) -> None:
    """Remove compiled code of a file, which Python knows by the second it was written in."""
    for compiled in (source.parent / "__pycache__").glob(f"{source.stem}.*"):
        compiled.unlink(missing_ok=True)


def hunt(mutants: Sequence[Mutant], tests: Traced, copies: Sequence[Path]) -> list[str]:
    """Who kills each mutant, '' where none does; printed as soon as it and those before it are known."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def killed_by(mutant: Mutant) -> str:
        copy = free.get()
        try:
            return killer(copy, mutant, tests)
        finally:
            free.put(copy)

    found: list[str] = []
    with ThreadPoolExecutor(len(copies)) as pool:
        for mutant, by in zip(mutants, pool.map(killed_by, mutants), strict=True):
            print(f"{mutant}  {f'killed by {by}' if by else 'SURVIVED'}", flush=True)
            found.append(by)
    return found


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, help="Mutants that are drawn; all of them by default.")
    parser.add_argument("--files", nargs="*", default=[], metavar="PATH", help="Files or folders, from the repository.")
    parser.add_argument("--list", action="store_true", help="Print the mutants and run nothing.")
    parser.add_argument("--jobs", type=int, default=2, help="Mutants that are tried at the same time.")
    parser.add_argument("--map", type=Path, help="File for what tests enter, kept for the next time.")
    options = parser.parse_args(words)
    mutants = drawn(all_mutants(ROOT, options.files), options.seed, options.count)
    if options.list:
        print("\n".join(map(str, mutants)))
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        copies = [copy_of(ROOT, Path(scratch) / f"copy-{job}") for job in range(max(options.jobs, 1))]
        tests = mapped(copies[0], (options.map or Path(scratch) / "map.json").resolve())
        killed = hunt(mutants, tests, copies)
    survivors = [mutant for mutant, by in zip(mutants, killed, strict=True) if not by]
    share = 1 - len(survivors) / max(len(mutants), 1)
    print(
        f"\n{len(mutants) - len(survivors)} of {len(mutants)} mutants killed: {share:.1%}, at least {LEAST:.0%} wanted"
    )
    if survivors:
        print("\nSurvivors:")
    for mutant in survivors:
        print(f"  {mutant}{'' if tests.that_tell(mutant) else '  (no quick test enters it)'}")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
