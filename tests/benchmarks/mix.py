"""The mix: a model of more than 100,000 columns handed to HiGHS, against Pyomo's persistent interface at its defaults
in the same run, and the shipped runs from the run file to the last chart.

Timed of the large model, of twelve regions: to state it in Pyomo and hand it over, and to solve again after the demand
of a year changed. Pyomo states the same model with its garbage collector on, as it does by default.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import common
import numpy as np
from pyomo.contrib.solver.solvers.highs import Highs

from minerals.mix import model as mix_model
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData
from minerals.shipped import run_file

REGIONS = tuple(f"region {at}" for at in range(12))
SEGMENTS = ("car", "van", "truck", "bus", "two_three_wheeler", "stationary")
FAMILIES = ("NMC", "LFP", "Na-ion", "Si-anode", "Li-metal")
CHEMISTRIES = tuple(f"{family} {grade}" for family in FAMILIES for grade in range(5))
YEARS = tuple(range(2026, 2051))
NODES = tuple(f"node {at}" for at in range(20))
SUPPLIERS = tuple(f"country {at}" for at in range(8))
EVENTS = tuple(f"event {at}" for at in range(6))
ROUNDS = 2


def large() -> MixData:
    """A world in which every family of constraints has rows, and an incumbent that all limits allow."""
    random = np.random.default_rng(0)
    line = {c: c.split()[0] for c in CHEMISTRIES}
    demand = {
        (r, s, y): 10 * 1.05 ** (y - 2026) * random.uniform(0.5, 2) for r, s, y in product(REGIONS, SEGMENTS, YEARS)
    }
    wanted = {y: sum(gwh for (_, _, year), gwh in demand.items() if year == y) for y in YEARS}
    # A chemistry uses a third of the nodes.
    each = {(c, n): random.uniform(0.1, 1) for c, n in product(CHEMISTRIES, NODES) if random.random() < 0.35}
    places = (*REGIONS, "all")
    price = {c: random.uniform(60, 90) for c in CHEMISTRIES}
    supplied = {(n, j, y): wanted[y] * random.uniform(0.05, 0.25) for n, j, y in product(NODES, SUPPLIERS, YEARS)}
    whole = {(n, y): sum(supplied[n, j, y] for j in SUPPLIERS) for n, y in product(NODES, YEARS)}
    families = dict.fromkeys(FAMILIES, 1 / len(FAMILIES))
    before = {(r, f): share for r in REGIONS for f, share in families.items()}
    before |= {(r, c): 1 / len(CHEMISTRIES) for r, c in product(REGIONS, CHEMISTRIES)}
    groups = (*FAMILIES, *CHEMISTRIES)
    return MixData(
        regions=REGIONS, segments=SEGMENTS, chemistries=CHEMISTRIES, years=YEARS, demand=demand,
        sold=tuple((r, s, c, y) for (r, s, y), c in product(demand, CHEMISTRIES)), family=line, line=line,
        incumbent={
            (r, s, c, y): gwh / len(CHEMISTRIES) for ((r, s, y), gwh), c in product(demand.items(), CHEMISTRIES)
        },
        nodes=NODES, minerals=("Li",), disruptions=EVENTS, pools={"all": REGIONS}, before=before,
        growth=dict.fromkeys(product(REGIONS, groups), 0.3), seed=dict.fromkeys(product(REGIONS, groups), 0.01),
        decline=dict.fromkeys(product(REGIONS, groups), 0.3),
        performance={("specific_energy", c, y): random.uniform(150, 300) for c in CHEMISTRIES for y in YEARS},
        floor={("specific_energy", s): 180.0 for s in ("car", "van")},
        capacity=dict.fromkeys(product(REGIONS, FAMILIES, YEARS), 20.0), retrofit={("NMC", "Si-anode"): 0.7},
        announced=dict.fromkeys(product(REGIONS, FAMILIES, YEARS), 100.0),
        line_price=dict.fromkeys(product(REGIONS, FAMILIES, YEARS), 8.0),
        own_share=dict.fromkeys(product(REGIONS, YEARS), 0.2),
        use={(q, c, n, y): kt for q in places for (c, n), kt in each.items() for y in YEARS},
        supplied=supplied, life=dict.fromkeys(product(REGIONS, SEGMENTS, CHEMISTRIES), "life"),
        content={(c, "Li", y): 0.1 for c, y in product(CHEMISTRIES, YEARS)},
        returned={(r, "life", "Li", k, y): 0.03 for r, k, y in product(REGIONS, YEARS, YEARS) if k + 8 <= y},
        recovered=dict.fromkeys(product(REGIONS, ("Li",), YEARS), 0.1),
        relief={("Li", NODES[0], y): 1.0 for y in YEARS},
        price={(r, c, y): price[c] * random.uniform(0.97, 1.03) for r, c, y in product(REGIONS, CHEMISTRIES, YEARS)},
        import_price=dict.fromkeys(product(REGIONS, CHEMISTRIES, YEARS), 2.0),
        starts=dict.fromkeys(EVENTS, YEARS[0]), pools_of=dict.fromkeys(EVENTS, ("all",)),
        weight=dict.fromkeys(EVENTS, 1.0), undisturbed={("all", *key): kt for key, kt in whole.items()},
        accessible={
            (d, "all", n, y): kt * random.uniform(0.2, 0.9) for d in EVENTS for (n, y), kt in whole.items()
            if random.random() < 0.5
        },
    )  # fmt: skip


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    gc.collect()
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def ours(data: MixData) -> tuple[float, float, Compiled]:
    """Seconds to state and to hand over."""
    stated, model = timed(lambda: mix_model.build(data))
    handed, compiled = timed(lambda: Compiled(model, objective="cost"))
    return stated, handed, compiled


def theirs(data: MixData) -> tuple[float, float, Highs, Any]:
    """The same by Pyomo."""
    with patch.object(mix_model, "building", nullcontext):
        stated, model = timed(lambda: mix_model.build(data))
    solver = Highs()
    handed, _ = timed(lambda: solver.set_instance(model))
    return stated, handed, solver, model


def hand_over(verdict: common.Verdict) -> None:
    """Build and hand-over, a first solve, and one after a year of demand changed."""
    data = large()
    mine: list[tuple[float, float]] = []
    peer: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        compiled = solver = model = None
        *seconds, compiled = ours(data)
        mine.append((seconds[0], seconds[1]))
        *seconds, solver, model = theirs(data)
        peer.append((seconds[0], seconds[1]))
    stated, handed = (min(part) for part in zip(*mine, strict=True))
    their_stated, their_handed = (min(part) for part in zip(*peer, strict=True))
    verdict.say("columns", len(compiled.form.columns), "", 100_000)
    verdict.tell("rows", len(compiled.form.rows), "")
    verdict.tell("build and hand-over, ours", stated + handed, "s")
    verdict.tell("build and hand-over, Pyomo", their_stated + their_handed, "s")
    verdict.tell("hand-over alone", their_handed / handed, "x Pyomo persistent")
    verdict.say("build and hand-over", (their_stated + their_handed) / (stated + handed), "x Pyomo persistent", 2)

    for key in model.wanted:
        compiled.fix(f"unmet[{key[0]},{key[1]},{key[2]}]", 0.0)
        model.unmet[key].fix(0.0)
    cold, found = timed(compiled.solve)
    their_cold, known = timed(lambda: solver.solve(model, load_solutions=False))
    verdict.tell(f"first solve ({compiled.algorithm})", cold, "s")
    verdict.tell("first solve, Pyomo", their_cold, "s")
    verdict.say("objectives differ by", difference(found, known), "(relative)", 1e-7, at_most=True)

    levels = {key: 1.05 * data.demand[key] for key in data.demand if key[2] == YEARS[5]}

    def once() -> Any:
        for (r, s, y), level in levels.items():
            compiled.set_rhs(f"meet_demand[{r},{s},{y}]", level)
        return compiled.solve()

    def once_there() -> Any:
        for key, level in levels.items():
            model.meet_demand[key].set_value(model.meet_demand[key].body == level)
        return solver.solve(model, load_solutions=False)

    again, found = timed(once)
    their_again, known = timed(once_there)
    verdict.say("objectives differ by", difference(found, known), "(relative)", 1e-7, at_most=True)
    verdict.tell(f"solved again ({compiled.algorithm})", again, "s")
    verdict.say("solved again after a year of demand changed", their_again / again, "x Pyomo persistent", 2)


def difference(found: Any, known: Any) -> float:
    """Relative difference of the objectives of two solutions."""
    return float(abs(found.objective - known.incumbent_objective) / abs(known.incumbent_objective))


def shipped(verdict: common.Verdict, name: str, seconds: float, gigabytes: float | None = None) -> None:
    """`minerals run` of a shipped run file in a folder of its own, from the start of Python to the last chart."""
    file = run_file(name)
    if file is None:
        verdict.held = False
        print(f"{name}: not shipped yet (goal < {seconds:g} s) NOT MET", flush=True)
        return
    with TemporaryDirectory() as folder, (Path(folder) / "said.txt").open("w+") as said:
        command = [sys.executable, "-m", "minerals", "run", str(file), "--out", str(Path(folder) / name)]
        start = time.perf_counter()
        child = Popen(command, stdout=said, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, Path(said.name).read_text(encoding="utf-8")
        assert (Path(folder) / name / "tables" / "mix_share.csv").exists()
    verdict.say(f"{name}, end to end", took, "s", seconds, at_most=True)
    verdict.tell("  of it processor", usage.ru_utime + usage.ru_stime, "s")
    if gigabytes is not None:
        verdict.say("  peak memory", usage.ru_maxrss * 1024 / 1e9, "GB", gigabytes, at_most=True)


def main() -> None:
    verdict = common.Verdict()
    shipped(verdict, "world-mix", 60, 2)
    hand_over(verdict)
    verdict.end()


if __name__ == "__main__":
    main()
