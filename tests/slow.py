"""What takes too long for the tests, e.g. `python tests/slow.py kills --count 300 --seed 1`; --help lists all.

Each subcommand prints what it found, and exits 0 only if all holds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from attacks import kills, run_files, tables

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    attack = commands.add_parser("kills", help="Commands ended at random moments; see tests/attacks/kills.py.")
    attack.add_argument("--count", type=int, default=300)
    attack.add_argument("--seed", type=int, default=1)
    attack.set_defaults(check=lambda words: kill(words.count, words.seed))
    stop = commands.add_parser("interrupts", help="A study interrupted again and again; see tests/test_interrupted.py.")
    stop.add_argument("--count", type=int, default=30)
    stop.set_defaults(check=lambda words: interrupts(words.count))
    layouts = commands.add_parser("layouts", help="Each case of each chart in both sizes, with both fonts.")
    layouts.set_defaults(check=lambda words: passes("tests/test_charts_contract.py", LAYOUTS="all"))
    futures = commands.add_parser("futures", help="The mix of Europe with the least regret over futures of supply.")
    futures.set_defaults(check=lambda words: passes("tests/test_robust.py::test_futures_of_europe", FUTURES_TO="2032"))
    mutate = commands.add_parser("mutations", help="Hostile tables and run files; see tests/attacks.")
    mutate.add_argument("--count", type=int, default=1000)
    mutate.add_argument("--seed", type=int, default=1)
    mutate.add_argument("--out", type=Path, help="File for the list of changes that were accepted, to be read by eye.")
    mutate.set_defaults(check=lambda words: mutations(words.count, words.seed, words.out))
    world = commands.add_parser("world-mix", help="The mix of the whole world, and its losses played back.")
    world.set_defaults(check=lambda words: world_mix())
    solvers = commands.add_parser("solver-versions", help="europe-mix to 2031 with another HiGHS: the same mix.")
    solvers.add_argument("--highspy", default="1.15.1")
    solvers.set_defaults(check=lambda words: solver_versions(words.highspy))
    words = parser.parse_args()
    sys.exit(0 if words.check(words) else 1)


def kill(count: int, seed: int) -> bool:
    """Whether nothing was wrong in any of the attacks."""
    with tempfile.TemporaryDirectory() as folder:
        tallies = kills.kills(count, seed, Path(folder))
    print("\n".join(kills.table(tallies)))
    return not any(tally.wrong for tally in tallies.values())


def passes(tests: str, **environment: str) -> bool:
    """Whether tests pass, in an environment that makes them longer than they are among all tests."""
    words = [sys.executable, "-m", "pytest", "-n", "0", tests]
    return subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode == 0


def interrupts(count: int) -> bool:
    """Whether a study that is interrupted so often ends in the bytes of one that nobody disturbed."""
    return passes("tests/test_interrupted.py::test_interrupts_and_a_damaged_line_change_no_byte", INTERRUPTS=str(count))


def mutations(count: int, seed: int, out: Path | None) -> bool:
    """Whether nothing was wrong after any change of the tables, nor after any change of a run file."""
    codes = []
    for name, attack in (("tables", tables), ("run-files", run_files)):
        codes.append(attack.main(count, seed, out and out.with_name(f"{out.stem}-{name}{out.suffix}")))
    return not any(codes)


def world_mix() -> bool:
    """Whether the mix of the world is chosen; a run plays its losses back and fails where they differ from the LP's."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "world-mix"
        return run("world-mix", out) and stages_printed(json.loads((out / "record.json").read_text(encoding="utf-8")))


def stages_printed(record: dict[str, dict[str, list[dict[str, object]]]]) -> bool:
    """Print the stages of a mix, of which there must be some."""
    for stage in record["mix"]["stages"]:
        print(f"{stage['stage']}: {stage['value']} {stage['unit']} ({stage['algorithm']})")
    return bool(record["mix"]["stages"])


#: A mix that is solved in seconds.
SHORT = ("--set", "scope.years.last=2031", "--set", "optimise.own_share={2030=0.2}", "--set", "optimise.ranges='all'",
         "--set", "output.charts=[]")  # fmt: skip
#: Part, and amount, by which two solvers may differ: of a number, and in GWh, kt or million USD.
SAME, AMOUNT = 1e-6, 1e-3
#: Of these several are as right: mixes that show how far ranges go. Stages tell how a solver got there.
ANY = ("mix_example.csv", "mix_stage.csv")


def solver_versions(other: str) -> bool:
    """Whether a mix is the same with another HiGHS: stages, ranges, frontier, and all of the mix that is told."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder / "other")]
        subprocess.run([*pip, f"highspy=={other}"], check=True)
        if not (run("europe-mix", folder / "installed", *SHORT) and run(
            "europe-mix", folder / "with-other", *SHORT, path=str(folder / "other"))):  # fmt: skip
            return False
        records = [json.loads((folder / out / "record.json").read_text(encoding="utf-8"))
                   for out in ("installed", "with-other")]  # fmt: skip
        tables = [folder / out / "tables" for out in ("installed", "with-other")]
        versions = [record["versions"]["highspy"] for record in records]
        print(f"highspy {versions[0]} and {versions[1]}")
        sound = versions[1] == other != versions[0]
        for ours, theirs in zip(*(record["mix"]["stages"] for record in records), strict=True):
            same = abs(ours["value"] - theirs["value"]) <= SAME * max(abs(ours["value"]), 1.0)
            print(f"  {ours['stage']}: {ours['value']!r} and {theirs['value']!r}: {'same' if same else 'DIFFERENT'}")
            sound &= same
        files = sorted(path.name for path in tables[0].glob("*.csv"))
        compared = 0
        for file in files:
            one, two = (pd.read_csv(folder / file) for folder in tables)
            same = _compared(file, one, two)
            compared += file not in ANY
            sound &= same or file in ANY
        print(f"  {compared} of {len(files)} tables must be the same: {'they are' if sound else 'DIFFERENT'}")
    return sound


def _compared(file: str, one: object, two: object) -> bool:
    """Print how two tables differ, and whether they are the same. Rows of one alone are next to nothing."""
    import numpy as np
    import pandas as pd

    assert isinstance(one, pd.DataFrame)
    assert isinstance(two, pd.DataFrame)
    labels = [column for column in one if one[column].dtype.kind not in "f"]
    numbers = [column for column in one if one[column].dtype.kind == "f"]
    if list(one.columns) != list(two.columns) or not one[labels].equals(two[labels]):
        print(f"  {file}: {len(one)} and {len(two)} rows, or other labels")
        return False
    # Shares, indices and prices have no amount of their own.
    amounts = "unit" in one and one["unit"].isin(["GWh", "kt", "GWh/yr", "million USD_2025"]).all()
    apart = np.abs(one[numbers] - two[numbers]) > np.maximum(SAME * np.abs(one[numbers]), AMOUNT if amounts else SAME)
    if not apart.any(axis=None):
        return True
    differing = ", ".join(f"{column} in {int(rows)}" for column, rows in apart.sum().items() if rows)
    print(f"  {file}: {differing} of {len(one)} rows")
    return False


def run(name: str, out: Path, *words: str, path: str = "") -> bool:
    """Run a shipped run file in a process of its own; path: where other versions of libraries lie."""
    command = [sys.executable, "-m", "minerals", "run", name, "--out", str(out), *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, str(ROOT))))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: exit code {done.returncode}: {done.stderr[-1000:]}")
    return done.returncode == 0


if __name__ == "__main__":
    main()
