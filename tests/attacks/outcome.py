"""What becomes of a hostile case: `minerals check` and `minerals run` on it, and all that may be wrong with the answer.

Each command runs in a process of its own, forked from one that has imported everything, so that many cases a second
are tried as a person would meet them: streams, folders and exit codes are those of the command line.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import json
import math
import os
import pkgutil
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
TOY, INPUTS, RUNS = ROOT / "tests" / "toy", ROOT / "inputs", ROOT / "runs"
#: Seconds of processor time, and of wall time on a machine that others use too, after which a command hangs.
HANGS, WAITS = 60, 300
#: Cases that run side by side.
LANES = 2
#: Memory that one command may take [bytes]; a case that asks for more is a fault of its own.
MEMORY = 8 << 30

#: What must become of a case: a refusal, or a refusal or the same numbers.
REFUSED, SAME = "refused", "same"
#: Verdicts on a case, from best to worst.
VERDICTS = ("same", "other", "refused", "refused elsewhere", "usage", "infeasible", "solver", "broken")
WHAT = {
    "same": "accepted, with the same numbers",
    "other": "accepted, with other numbers",
    "refused": "exit 3, and the file is named",
    "refused elsewhere": "exit 3, and another file is named",
    "usage": "exit 2",
    "infeasible": "exit 4",
    "solver": "exit 5",
    "broken": "any other end",
}
#: Faults, of which a case may have several.
FAULTS = {
    "traceback": "exit 1, a signal, a traceback, or words of a bug",
    "hang": f"longer than {HANGS} s of processor time, or {WAITS} s",
    "written": "files written or changed on a refusal, or beside the result",
    "not finite": "inf or nan in a result or on the screen",
    "foreign": "a line of a third party, or of Python's internals",
    "control": "control characters on the screen, in a table or in a chart",
    "formula": "a cell of a table that a spreadsheet would compute",
    "check": "`check` and `run` disagree",
    "bad chart": "an SVG that is not well-formed",
    "taken": "accepted though it must be refused, or with other numbers though it must change none",
    "flood": "more than 60 lines of problems, or one longer than 1,000 characters",
}

FOREIGN = re.compile(
    r"Warning\b|site-packages|/lib/python\d|Traceback|^  File |findfont|Glyph \d|Running HiGHS|third-party"
    r"|Exception ignored|resource_tracker|\[Errno|object at 0x|<class '|<function |codec can't|pydantic"
    r"|further information visit|\btype=\w+_error|(Key|Type|Value|Assertion|Recursion)Error|int_max_str_digits"
)
NOT_FINITE = re.compile(r"(?<![\w.])[+\-−]?(?:nan|inf|NaN|Infinity)(?!\w)")
#: Control characters, without tab and line break, and halves of characters.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Columns of tables that hold words, in small letters: 'nan' may be one, and a scenario may be called 2030.
WORDS = frozenset({
    "note", "source", "locator", "citation", "url", "licence", "title", "label", "fill", "rows", "caveat", "scenario",
})  # fmt: skip
#: What a solver leaves of a number that is zero.
ZERO = 1e-9
#: Columns that say where in an input file a number stands.
PLACES = frozenset({"fill", "rows", "line", "file"})


@dataclass(frozen=True)
class Case:
    """A hostile case in a folder of its own.

    kind, name: of the mutation; change: what was changed,
    in words; file: name of the changed file; sound: name of the
    case without the change; command: words after `minerals`, without --out; checked: words after `minerals check`;
    expected: REFUSED or SAME where only that is right, "" where it is for the eye to say.
    """

    kind: str
    name: str
    change: str
    file: str
    sound: str
    command: tuple[str, ...]
    checked: tuple[str, ...]
    expected: str = ""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (negative: a signal), streams, and seconds of wall time."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """Case number, its words, the verdict, faults with a line of evidence, and what is to be read by eye."""

    number: int
    case: Case
    verdict: str
    faults: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    seconds: float = 0.0


#: Fills an empty folder with case `number`, or with the sound case of that name.
Builder = Callable[[int, Path], Case]


# ------------------------------------------------------------------ commands


def warm() -> None:
    """Import all that a command may import, and draw, solve or read nothing."""
    sys.path.insert(0, str(ROOT))
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", COLUMNS="100", MPLBACKEND="agg")
    import minerals

    for module in pkgutil.walk_packages(minerals.__path__, "minerals."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
                 "matplotlib.backends.backend_pdf", "rich.console", "pyomo.environ", "highspy",
                 "scipy.stats"):  # fmt: skip
        importlib.import_module(name)


def command(words: Sequence[str], folder: Path, name: str) -> Ended:
    """`minerals` with these words in `folder`, in a process of its own; its streams are kept beside the folder."""
    streams = [folder.parent / f"{name}.{stream}" for stream in ("out", "err")]
    started = time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        _become(words, folder, streams)
    status = os.waitpid(process, 0)[1]
    out, err = (path.read_bytes().decode("utf-8", "backslashreplace") for path in streams)
    return Ended(os.waitstatus_to_exitcode(status), out, err, time.monotonic() - started)


def _become(words: Sequence[str], folder: Path, streams: Sequence[Path]) -> None:
    """Turn this process into the command: its streams, folder, limits and warnings; never returns."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(WAITS)
        resource.setrlimit(resource.RLIMIT_CPU, (HANGS, HANGS + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.chdir(folder)
        os.environ["TMPDIR"] = str(folder.parent / "tmp")
        tempfile.tempdir = None
        for number, path in enumerate(streams, start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        warnings.resetwarnings()
        for category in (ImportWarning, PendingDeprecationWarning, ResourceWarning, DeprecationWarning):
            warnings.simplefilter("ignore", category)
        sys.argv = ["minerals", *words]
        code = _main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        code = 1
    os._exit(code)


def _main() -> int:
    from minerals import cli

    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


# ------------------------------------------------------------------ verdicts


def tried(number: int, build: Builder, place: Path, sound: Mapping[str, Path]) -> Outcome:
    """Build a case in `place`, check and run it, and say what became of it."""
    (place / "tmp").mkdir(parents=True)
    folder = place / "case"
    folder.mkdir()
    case = build(number, folder)
    before = _listing(folder)
    checked = command(["check", *case.checked], folder, "check")
    after_check = _listing(folder)
    ran = command([*case.command, "--out", "out"], folder, "run")
    faults: dict[str, str] = {}
    for which, ended in (("check", checked), ("run", ran)):
        for fault, evidence in _stream_faults(ended, case):
            faults.setdefault(fault, f"{which}: {evidence}")
    if changed := _difference(before, after_check) or _leftover(before, _listing(folder), ran.code, place / "tmp"):
        faults["written"] = changed
    if disagreement := _disagreement(checked, ran):
        faults["check"] = disagreement
    verdict, said = _verdict(case, ran)
    if ran.code == 0:
        for fault, evidence in _result_faults(folder / "out"):
            faults.setdefault(fault, evidence)
        if case.sound in sound:
            changes = differences(sound[case.sound], folder / "out")
            verdict, said = ("other" if changes else "same"), "; ".join(changes[:4])
        if case.expected and verdict != case.expected:
            faults["taken"] = f"{WHAT[verdict]}: {said}"
    return Outcome(number, case, verdict, faults, said, round(checked.seconds + ran.seconds, 2))


def _verdict(case: Case, ran: Ended) -> tuple[str, str]:
    said = _first(ran)
    if ran.code == 3:
        return ("refused" if case.file in ran.err else "refused elsewhere"), said
    return {0: "other", 2: "usage", 4: "infeasible", 5: "solver"}.get(ran.code, "broken"), said


def _stream_faults(ended: Ended, case: Case) -> Iterable[tuple[str, str]]:
    """Faults that a command shows on its streams or in its exit code."""
    lines = [*ended.out.splitlines(), *ended.err.splitlines()]
    if ended.code in (-signal.SIGALRM, -signal.SIGXCPU):
        yield "hang", f"after {ended.seconds:.0f} s"
    elif ended.code not in (0, 2, 3, 4, 5) or "Traceback" in ended.err or "this is a bug" in ended.err:
        yield "traceback", f"exit {ended.code}: {_last(ended.err)}"
        return
    for line in lines:
        if found := FOREIGN.search(line):
            quoted = found[0] in case.change  # The user's own words may be told back.
            if not quoted:
                yield "foreign", line[:200]
                break
    for line in lines:
        if found := CONTROL.search(line):
            yield "control", f"{found[0]!a} in {line[:120]!a}"
            break
    if ended.code == 0 and (found := NOT_FINITE.search(ended.out)) and found[0] not in case.change:
        yield "not finite", next(line for line in lines if found[0] in line)[:160]
    told = ended.err.splitlines()
    if ended.code in (2, 3) and (len(told) > 60 or max(map(len, told), default=0) > 1000):
        yield "flood", f"{len(told)} lines, the longest of {max(map(len, told))} characters"


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no word"


def _first(ended: Ended) -> str:
    """The first line of words that is none of those left out."""
    lines = [line for line in ended.err.splitlines() if line.strip()]
    return lines[0] if lines else "no word"


def _disagreement(checked: Ended, ran: Ended) -> str:
    """Where check and run disagree: one refuses what the other takes. A run alone can find no mix, or stop solving."""
    if ran.code in (4, 5) and checked.code in (0, ran.code):
        return ""
    if checked.code == ran.code:
        return ""
    return f"check: exit {checked.code}, run: exit {ran.code}: {_first(ran if ran.code else checked)}"


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below, with size and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (0, 0) if path.is_dir() else (status.st_size, status.st_mtime_ns)
    return found


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return f"changed: {', '.join(sorted(names)[:4])}" if names else ""


def _leftover(before: Mapping[str, Any], after: Mapping[str, Any], code: int, temporary: Path) -> str:
    """What a run left that it should not have: anything on a refusal, anything beside its result otherwise."""
    if left := sorted(path.name for path in temporary.iterdir()):
        return f"left in $TMPDIR: {', '.join(left[:4])}"
    allowed = {name: value for name, value in after.items() if name != "out" and not name.startswith("out/")}
    return _difference(before, after if code else allowed)


def _result_faults(out: Path) -> Iterable[tuple[str, str]]:
    """Faults in a result folder: numbers that are not finite, control characters, formulas, broken charts."""
    for path in sorted([*out.glob("tables/*.csv"), *out.glob("*.csv"), *out.glob("charts/*.csv")]):
        yield from _table_faults(path)
    record = (out / "record.json").read_text(encoding="utf-8")
    if found := re.search(r"[:,\[]\s*(-?Infinity|NaN)\b", record):
        yield "not finite", f"record.json: {found[0].strip()}"
    for path in sorted(out.glob("charts/*.svg")):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError as error:
            yield "bad chart", f"{path.name}: {error}"


def _table_faults(path: Path) -> Iterable[tuple[str, str]]:
    rows = _rows(path)
    header = rows[0] if rows else []
    for number, row in enumerate(rows, start=1):
        for column, cell in zip(header, row, strict=False):
            if CONTROL.search(cell):
                yield "control", f"{path.name}:{number} {column} = {ascii(cell)[:80]}"
            if cell[:1] in ("=", "@", "+", "-") and len(cell) > 1 and _number(cell) is None:
                yield "formula", f"{path.name}:{number} {column} = {cell[:80]!r}"
            if (
                number > 1
                and column.lower() not in WORDS
                and (value := _number(cell)) is not None
                and not math.isfinite(value)
            ):
                yield "not finite", f"{path.name}:{number} {column} = {cell}"


def _rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def differences(sound: Path, out: Path) -> list[str]:
    """Tables of a result whose numbers differ from those of another: rows, and the largest change with its row."""
    names = sorted({path.stem for folder in (sound, out) for path in folder.glob("tables/*.csv")})
    names = [name for name in names if name not in ("inputs_used", "sources_used")]
    names.sort(key=lambda name: name not in ("mineral_demand", "cells", "mix_share"))
    return [f"{name}: {change}" for name in names if (change := _changed(sound, out, name))]


def _changed(sound: Path, out: Path, name: str) -> str:
    paths = [folder / "tables" / f"{name}.csv" for folder in (sound, out)]
    if not all(path.exists() for path in paths):
        return "new" if paths[1].exists() else "gone"
    if paths[0].read_bytes() == paths[1].read_bytes():
        return ""
    one, other = map(_rows, paths)
    if len(one) != len(other) or one[0] != other[0]:
        return f"{len(one) - 1} → {len(other) - 1} rows"
    largest, told, cells = 0.0, "", 0
    for first, second in zip(one, other, strict=True):
        for column, was, now in zip(one[0], first, second, strict=True):
            if was == now or column in PLACES or column.lower() in WORDS:
                continue
            before, after = _number(was), _number(now)
            if before is None or after is None:
                cells, told = cells + 1, told or f"{column} {was!r} → {now!r}"
                continue
            size = max(abs(before), abs(after))
            change = abs(after - before) / size if size > ZERO else 0.0
            cells += change > 1e-12
            if change > largest:
                keys = " ".join(cell for cell in second if cell and _number(cell) is None)[:60]
                largest, told = change, f"{keys} {column} {was} → {now}"
    return f"{cells} cells, {told}" if cells else ""


# ------------------------------------------------------------------ a whole attack


@dataclass(frozen=True)
class Attack:
    """A way to build cases, and the sound cases they are held against, by name."""

    name: str
    build: Builder
    sound: Mapping[str, Callable[[Path], Case]]


def attack(of: Attack, count: int, only: int | None = None, keep: Path | None = None) -> list[Outcome]:
    """The outcomes of cases 0 … count − 1, or of one; with `keep`, that one's folder stays there."""
    warm()
    place = Path(tempfile.mkdtemp(prefix="minerals-attack-"))
    try:
        sound = {}
        for name, sound_case in of.sound.items():
            where = place / f"sound-{name}"
            found = _in_lanes([0], partial(_alone, sound_case), where, {}, keeps=True)[0]
            if found.faults or found.verdict != "other":
                raise SystemExit(f"the sound case {name} is not sound: {found.verdict} {found.faults} {found.said}")
            sound[name] = where / "0" / "case" / "out"
        numbers = range(count) if only is None else [only]
        outcomes = _in_lanes(numbers, of.build, place / "cases", sound, keeps=keep is not None)
        if keep is not None:
            shutil.copytree(place / "cases", keep, symlinks=True, dirs_exist_ok=True)
        return outcomes
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _alone(build: Callable[[Path], Case], number: int, folder: Path) -> Case:
    return build(folder)


def _in_lanes(
    numbers: Iterable[int], build: Builder, place: Path, sound: Mapping[str, Path], *, keeps: bool
) -> list[Outcome]:
    """Outcomes of cases, LANES at a time, each in a process of its own, in the order of their numbers."""
    place.mkdir(parents=True, exist_ok=True)
    waiting, running, outcomes = list(numbers), dict[int, int](), list[Outcome]()
    while waiting or running:
        while waiting and len(running) < LANES:
            number = waiting.pop(0)
            process = os.fork()
            if process == 0:
                _lane(number, build, place, sound)
            running[process] = number
        process, _ = os.waitpid(-1, 0)
        number = running.pop(process)
        outcomes.append(_read(place / f"{number}.json", number))
        if not keeps:
            shutil.rmtree(place / str(number), ignore_errors=True)
    return sorted(outcomes, key=lambda outcome: outcome.number)


def _lane(number: int, build: Builder, place: Path, sound: Mapping[str, Path]) -> None:
    """Try one case and leave its outcome as a file; never returns."""
    try:
        text = json.dumps(asdict(tried(number, build, place / str(number), sound)), ensure_ascii=True)
        (place / f"{number}.json").write_text(text, encoding="ascii")
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(0)


def _read(path: Path, number: int) -> Outcome:
    """An outcome that a lane left. Raises SystemExit where it left none: the attack itself is broken."""
    if not path.exists():
        raise SystemExit(f"case {number} could not be built or judged; see the traceback above")
    found = json.loads(path.read_text(encoding="ascii"))
    case = Case(**{**found.pop("case"), "command": (), "checked": ()})
    return Outcome(case=case, **found)


# ------------------------------------------------------------------ report


def summary(outcomes: Sequence[Outcome]) -> str:
    """Counts of verdicts and faults by kind of mutation, as a table."""
    kinds = list(dict.fromkeys(outcome.case.kind for outcome in outcomes))
    columns = [*VERDICTS, *FAULTS]
    counts = {kind: Counter[str]() for kind in kinds}
    for outcome in outcomes:
        counts[outcome.case.kind].update([outcome.verdict, *outcome.faults])
    shown = [name for name in columns if any(counts[kind][name] for kind in kinds)]
    rows = [["kind", "cases", *shown]]
    for kind in kinds:
        number = sum(outcome.case.kind == kind for outcome in outcomes)
        rows.append([kind, str(number), *(str(counts[kind][name] or "–") for name in shown)])
    rows.append(["sum", str(len(outcomes)), *(str(sum(counts[kind][name] for kind in kinds) or "–") for name in shown)])
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    meaning = [f"{name}: {text}" for name, text in {**WHAT, **FAULTS}.items() if name in shown]
    return "\n".join([*lines, "", *meaning])


def in_full(outcomes: Sequence[Outcome]) -> str:
    """Every fault with its evidence, then what was accepted or refused elsewhere, to be read by eye."""
    parts = [summary(outcomes), "", "# Faults", ""]
    for outcome in outcomes:
        parts += [f"{_named(outcome)}\n    {fault}: {evidence}" for fault, evidence in outcome.faults.items()]
    for verdict in ("other", "same", "refused elsewhere", "usage", "infeasible", "solver", "refused"):
        parts += ["", f"# {verdict}: {WHAT[verdict]}", ""]
        parts += [f"{_named(each)}\n    {each.said[:300]}" for each in outcomes if each.verdict == verdict]
    return "\n".join(parts) + "\n"


def _named(outcome: Outcome) -> str:
    case = outcome.case
    change = ascii(case.change) if CONTROL.search(case.change) else case.change
    return f"{outcome.number} [{case.kind}: {case.name}] {change[:300]} ({case.sound or 'no sound case'})"


def report(outcomes: Sequence[Outcome], name: str, seconds: float, out: Path | None) -> int:
    """Print counts and faults, write what is to be read by eye to `out`; returns how many cases have a fault."""
    faulty = [outcome for outcome in outcomes if outcome.faults]
    print(f"{name}: {len(outcomes)} cases in {seconds:.0f} s, {len(faulty)} with a fault\n")
    print(summary(outcomes))
    for outcome in faulty[:40]:
        for fault, evidence in outcome.faults.items():
            print(f"\n{_named(outcome)}\n    {fault}: {ascii(evidence) if CONTROL.search(evidence) else evidence}")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(in_full(outcomes), encoding="utf-8", errors="backslashreplace")
        print(f"\nWritten to {out}")
    return len(faulty)


def tried_and_reported(of: Attack, count: int, out: Path | None = None, **which: Any) -> int:
    """Try cases and report them; returns 1 where one has a fault. which: see `attack`."""
    started = time.monotonic()
    outcomes = attack(of, count, **which)
    return min(report(outcomes, of.name, time.monotonic() - started, out), 1)


def command_line(of: Callable[[int], Attack], words: Sequence[str] | None = None) -> int:
    """Command line of an attack; returns 1 where a case has a fault."""
    parser = argparse.ArgumentParser(description=of.__doc__)
    parser.add_argument("--count", type=int, default=1000, help="cases [default: 1000]")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of cases [default: 1]")
    parser.add_argument("--only", type=int, help="number of the one case to try")
    parser.add_argument("--keep", type=Path, help="folder in which the cases tried stay")
    parser.add_argument("--out", type=Path, help="file for all faults and what was accepted, to be read by eye")
    options = parser.parse_args(words)
    return tried_and_reported(of(options.seed), options.count, options.out, only=options.only, keep=options.keep)
