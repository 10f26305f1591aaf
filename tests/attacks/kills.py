"""Commands that are ended at seeded random moments by SIGINT, SIGTERM and SIGKILL, over an earlier finished result.

Whatever the moment: the result is the earlier or the new one, whole; nothing but the folder of an unfinished study is
left after an interrupt or a termination, and nothing at all after the same command has run again; no process goes on;
and the repeated command gives the bytes of one that nobody disturbed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests" / "toy"
#: Of the moments of a command, as parts of its usual length: from the end of its imports until after its end.
EARLIEST, LATEST = 0.25, 1.05
#: Seconds in which the processes of an ended command must be gone.
PATIENCE = 30.0
#: Name of a variable of the environment by which the processes of one command are found.
TOKEN = "MINERALS_KILLED"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)

_EXPOSURE = 'exposure={demand="plan", adoption="plan", concern="china"}'


def _study(workers: int) -> list[str]:
    return ["--set", f'study={{kind="sample", draws=60000, workers={workers}}}', "--set", "output.charts=[]"]


#: Words of each command.
COMMANDS = {
    "plain": ["run", "toy/run.toml", "--set", "output.charts=[]"],
    "mix": ["run", "toy/mix.toml", "--set", 'output.charts=["demand_by_mineral"]'],
    "sample, 1 worker": ["run", "toy/run.toml", *_study(1)],
    "sample, 2 workers": ["run", "toy/run.toml", *_study(2)],
    "grid, 2 workers": [
        "run",
        "toy/run.toml",
        "--workers",
        "2",
        "--set",
        "output.charts=[]",
        "--set",
        'study={kind="grid", axes={"scope.years.last"=[2031, 2033], "scenario.shift.adoption"=["shift", "plan"]}}',
    ],
    "stress": ["stress", "toy/run.toml", "--set", _EXPOSURE, "--set", "output.charts=[]"],
}


@dataclass
class Tally:
    """What became of the attacks on one command by one signal, and in words all that is not as it must be."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def kills(count: int, seed: int, folder: Path) -> dict[tuple[str, str], Tally]:
    """Attack `count` times within an empty folder, every command and signal in turn; returns a tally of each."""
    chance = random.Random(seed)
    shutil.copytree(TOY, folder / "toy")
    shutil.copy(ROOT / "inputs" / "datapackage.json", folder / "toy")
    known = {name: _Known(name, folder) for name in list(COMMANDS)[:count]}
    tallies: dict[tuple[str, str], Tally] = {}
    for number in range(count):
        name = list(COMMANDS)[number % len(COMMANDS)]
        number_of_signal = SIGNALS[number // len(COMMANDS) % len(SIGNALS)]
        tally = tallies.setdefault((name, number_of_signal.name), Tally())
        moment = known[name].seconds * chance.uniform(EARLIEST, LATEST)
        to_group = number_of_signal != signal.SIGKILL and chance.random() < 0.5
        place = folder / str(number)
        place.mkdir()
        _attack(known[name], number_of_signal, moment, to_group, place, tally)
        shutil.rmtree(place)
    return tallies


class _Known:
    """A command, how long it takes, and digests of its result: an earlier one, and one that nobody disturbed."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.earlier = folder / f"{name}-earlier"
        place = folder / f"{name}-undisturbed"
        for out, more in ((self.earlier, ["--set", 'title="Earlier"']), (place, [])):
            began = time.monotonic()
            done = subprocess.run(self.words(out, more), cwd=folder, capture_output=True, text=True, check=False,
                                  env=environment(""))  # fmt: skip
            assert done.returncode == 0, done.stderr
            self.seconds = time.monotonic() - began
        self.whole = {"earlier": digest(self.earlier), "new": digest(place)}

    def words(self, out: Path, more: list[str] | None = None) -> list[str]:
        verb, file, *rest = COMMANDS[self.name]
        command = [sys.executable, "-m", "minerals", verb, file, "--inputs", "toy", "--out", str(out)]
        return [*command, *rest, *(more or [])]


def environment(token: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), TOKEN: token}


def digest(folder: Path) -> str:
    """One hash of all files of a folder and their names."""
    files = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _attack(known: _Known, number: signal.Signals, moment: float, to_group: bool, place: Path, tally: Tally) -> None:
    out, temporary, token = place / "here" / "out", place / "tmp", f"{os.getpid()}-{place.name}"
    temporary.mkdir()
    shutil.copytree(known.earlier, out)
    env = environment(token) | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(
        known.words(out), cwd=known.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        # Tests that a shell starts in the background inherit an interrupt that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(moment)
    running = process.poll() is None
    if running and to_group:
        os.killpg(process.pid, number)
    elif running:
        process.send_signal(number)
    _, errors = process.communicate()
    at = f"{known.name}, {number.name}{' to the group' if to_group else ''} after {moment:.2f} s"
    tally.counts["attacks"] += 1
    tally.counts["while running"] += running
    wrong = tally.wrong.append
    if left := list(_gone(token)):
        wrong(f"{at}: processes go on: {left}")
    # Until it has set itself up, a signal does what it does to any program; and it may come after the work is done.
    tally.counts["told"] += process.returncode == 128 + number
    usual = {0, -number} if number == signal.SIGKILL else {0, 128 + number, -number}
    if process.returncode not in usual or ("Traceback" in errors and process.returncode != -number):
        wrong(f"{at}: exit code {process.returncode}: {errors[-300:]}")
    if not out.exists() or digest(out) not in known.whole.values():
        wrong(
            f"{at}: the result is neither the earlier nor the new one: {sorted(out.rglob('*')) if out.exists() else ''}"
        )
    beside = set(os.listdir(out.parent)) - {"out", "out.partial"}
    tally.counts["left beside"] += bool(beside)
    tally.counts["out.partial"] += (out.parent / "out.partial").exists()
    tally.counts["left in TMPDIR"] += bool(os.listdir(temporary))
    if number != signal.SIGKILL and (beside or os.listdir(temporary)):
        wrong(f"{at}: leaves {sorted(beside)} beside and {os.listdir(temporary)} in TMPDIR")
    again = subprocess.run(known.words(out), cwd=known.folder, env=env, capture_output=True, text=True, check=False)
    if again.returncode != 0 or digest(out) != known.whole["new"]:
        wrong(f"{at}: the same command again: exit code {again.returncode}, other bytes: {again.stderr[-300:]}")
    if (after := os.listdir(out.parent)) != ["out"] or os.listdir(temporary):
        wrong(f"{at}: after the same command again {after}, in TMPDIR {os.listdir(temporary)}")


def _gone(token: str) -> Iterator[int]:
    """Processes of a command that are still there after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while (living := list(_processes(token))) and time.monotonic() < end:
        time.sleep(0.05)
    yield from living


def _processes(token: str) -> Iterator[int]:
    mark = f"{TOKEN}={token}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in found:
                yield int(entry.name)


def table(tallies: dict[tuple[str, str], Tally]) -> list[str]:
    """The tallies as lines of a table, and all that was wrong."""
    heads = ("attacks", "while running", "told", "left beside", "out.partial", "left in TMPDIR")
    lines = [f"{'command':<20}{'signal':<10}" + "".join(f"{head:>16}" for head in (*heads, "wrong"))]
    for (name, signal_name), tally in tallies.items():
        numbers = (*(tally.counts[head] for head in heads), len(tally.wrong))
        lines.append(f"{name:<20}{signal_name:<10}" + "".join(f"{number:>16}" for number in numbers))
    return [*lines, *(sentence for tally in tallies.values() for sentence in tally.wrong)]
