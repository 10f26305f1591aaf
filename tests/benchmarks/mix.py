"""The mix: a model of more than 100,000 columns handed to HiGHS, against Pyomo's persistent interface at its defaults
in the same run, the questions asked of Europe's mix, and the shipped runs from the run file to the last chart.

Timed of the large model, of twelve regions: to state it in Pyomo and hand it over, and to solve again after the demand
of a year changed. Pyomo states the same model with its garbage collector on, as it does by default.

Of Europe's mix: points of the frontier from the basis of the last, against the same solved afresh; plans played back;
and 200 disruptions against 20, the library with stops of single nodes by single countries, of shares of every size.
These are timed by the processor, as others may use the machine.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import product
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest.mock import patch

import common
import numpy as np
from pyomo.contrib.solver.solvers.highs import Highs

from minerals.case.mix_lost import lost as lost_of
from minerals.case.optimise import Mix
from minerals.case.played import losses_of
from minerals.config import OPTIMISED, read_run
from minerals.mix import model as mix_model
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData
from minerals.mix.optimum import Optimum
from minerals.mix.session import TIES, Session
from minerals.mix.solution import Criteria, Plan, Solution, choose, risk_of
from minerals.pipeline import Prepared, inputs_of, prepared
from minerals.shipped import run_file
from minerals.tables.inputs import Inputs, read_inputs

REGIONS = tuple(f"region {at}" for at in range(12))
SEGMENTS = ("car", "van", "truck", "bus", "two_three_wheeler", "stationary")
FAMILIES = ("NMC", "LFP", "Na-ion", "Si-anode", "Li-metal")
CHEMISTRIES = tuple(f"{family} {grade}" for family in FAMILIES for grade in range(5))
YEARS = tuple(range(2026, 2051))
NODES = tuple(f"node {at}" for at in range(20))
SUPPLIERS = tuple(f"country {at}" for at in range(8))
EVENTS = tuple(f"event {at}" for at in range(6))
ROUNDS = 2
#: Points of a frontier, and disruptions of a library.
POINTS, DISRUPTIONS = 100, (20, 200)


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
        import_price={(r, f"abroad of {r}", c, y): 2.0 for r, c, y in product(REGIONS, CHEMISTRIES, YEARS)},
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


def europe(*sets: str, file: Path | str = "europe-mix") -> Prepared:
    """Europe's mix, ready to be chosen."""
    run = read_run(file, sets)
    return prepared(run, read_inputs(inputs_of(run, None)))


def apart(one: Any, other: Any) -> float:
    """Largest relative difference."""
    return float(np.abs(np.asarray(one) / np.asarray(other) - 1).max())


def processor(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, of all threads, and result."""
    gc.collect()
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def frontier(verdict: common.Verdict, ready: Prepared) -> None:
    """Points from the last basis and afresh, the certified frontier, every edge, and plans of points played back."""
    assembly, data = ready.mixes[OPTIMISED]
    session = Session(data, "expected")
    ends = [session.optimum(objective).objective for objective in ("cost", "expected")]
    cheapest, least = session.cheapest, session.least_exposed
    differ = apart([cheapest.cost, least.exposure], ends)
    # A mix as good as an optimum may miss it by so much.
    verdict.say("ends and single optima differ by", differ, "(relative)", 1.001 * TIES[-1], at_most=True)
    part = np.linspace(1, 0, POINTS + 2)[1:-1]
    exposures = least.exposure + part * (cheapest.exposure - least.exposure)

    def at(exposure: float, afresh: bool) -> tuple[float, Optimum]:
        with session.within({"expected": exposure}):
            return processor(lambda: session.optimum("cost", afresh=afresh))

    cold = {exposure: at(exposure, True) for exposure in exposures[:: POINTS // 5]}
    at(exposures[0], True)
    hot = {exposure: at(exposure, False) for exposure in exposures}
    costs = [[found[exposure][1].objective for exposure in cold] for found in (cold, hot)]
    verdict.say("points from a basis and afresh differ by", apart(*costs), "(relative)", 1e-6, at_most=True)
    mean = [float(np.mean([seconds for seconds, _ in found.values()])) for found in (cold, hot)]
    verdict.tell("a point afresh", mean[0], "s")
    verdict.tell("a point from the last basis", 1000 * mean[1], "ms")
    verdict.say("a point from the last basis", mean[0] / mean[1], "x afresh", 20)

    seconds, certified = processor(session.frontier)
    verdict.tell("certified frontier", seconds, "s")
    verdict.say("its gap", certified.gap, "of the span", 0.01, at_most=True)
    verdict.say("its solves", certified.solves, "", 25, at_most=True)
    seconds, exact = processor(lambda: session.frontier(exact=True))
    edges = len(exact.vertices) - 1
    verdict.tell("every edge", seconds, "s")
    verdict.tell("edges", edges, "")
    verdict.say("solves an edge", exact.solves / edges, "", 2, at_most=True)
    falling = float(np.diff(exact.exposure).max()), float((np.diff(exact.marginal) / exact.marginal[1:]).min())
    verdict.say("convex and falling", float(falling[0] < 0 and falling[1] > -1e-6), "", 1)
    known = [exact.cost_at(exposure) for exposure in [*certified.exposure, *exposures]]
    points = [*certified.cost, *(found.objective for _, found in hot.values())]
    verdict.say("its costs differ from points by", apart(known, points), "(relative)", 1e-6, at_most=True)

    plans = [found.values for _, found in hot.values()]
    seconds, replayed = processor(lambda: [session.evaluate(values) for values in plans])
    lost = [found.exposure for found in replayed]
    verdict.say("replays differ from the model by", apart(lost, exposures), "(relative)", 1e-6, at_most=True)
    verdict.say("a mix replayed", 1000 * seconds / POINTS, "ms", 30, at_most=True)
    events, years = assembly.chokepoints.inputs.events, [assembly.at[y] for y in data.years]
    mix = Mix(OPTIMISED, ready.run, data, cast(Solution, None), {}, assembly)
    other = []
    for values in plans[:: POINTS // 5]:
        parts = ("additions", "production", "imports", "sourced")
        plan = {part: session.levels(getattr(session.model, part), values) for part in parts}
        found = lost_of(mix, losses_of(assembly.planned(data, Plan(**plan)), OPTIMISED, events, years), 0.0)
        other.append(risk_of(found["supply"], data.weight, "expected", 0.8))
    verdict.say("and from that of a run by", apart(lost[:: POINTS // 5], other), "(relative)", 1e-6, at_most=True)


def nearly(verdict: common.Verdict, data: MixData) -> None:
    """How much of the ranges ten mixes nearly as good span, and whether they hold the mix that stands for all."""
    seconds, found = processor(partial(choose, data, Criteria(cost_cap=0.05, near=0.01, ranges="default")))
    assert found.near is not None
    verdict.tell("a mix with its ranges", seconds, "s")
    verdict.say("ten mixes span", found.near.covered, "of the ranges", 0.85)
    session = Session(data, "expected")
    set_of = session.nearly(found.near.caps)
    representative = session.representative(set_of).values
    sums = np.array([session.share(*share) for share in found.near.ranges if share[2] == (2035,)])
    ends = set_of.ends(sums)
    beyond = float(np.maximum(ends.low - sums @ representative, sums @ representative - ends.high).max())
    verdict.say("what stands for all lies beyond those of 2035 by", beyond, "of the demand", 1e-6, at_most=True)


def many(count: int, folder: Path, inputs: Inputs) -> MixData:
    """Europe's mix with so many disruptions, its own among them: stops of one node by one country, of shares from the
    largest to the smallest alike."""
    own = len(europe().mixes[OPTIMISED][1].disruptions)
    frame = inputs["supply_share"]
    frame = frame[
        (frame["future"] == "today") & frame["country"].isin(inputs["countries"]["country"]) & (frame["value"] > 0)
    ]
    share = frame.groupby(["node", "country"])["value"].last().sort_values(ascending=False, kind="stable")
    stops = share.index[: DISRUPTIONS[-1] - own]
    lines = [f"base = {str(run_file('europe-mix'))!r}"]
    for node, country in stops[:: len(stops) // (count - own)][: count - own]:
        name = f"{country}-{node}".lower().replace("_", "-")
        lines += [f"[exposure.event.{name}]", f"label = {name!r}", f"country = {country!r}", f"nodes = [{node!r}]"]
        lines += ["start = 2027"]
    file = folder / f"many-{count}.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    data = europe(file=file).mixes[OPTIMISED][1]
    assert len(data.disruptions) == count
    return data


def libraries(verdict: common.Verdict, inputs: Inputs) -> None:
    """A mix of 200 disruptions against one of 20; the least loss is that of the whole model."""
    took, criteria = [], Criteria(cost_cap=0.05, near=0.01)

    def least(data: MixData, cost: float) -> float:
        """The least loss by the whole model."""
        session = Session(data, "expected")
        with session.within({"cost": cost}):
            return session.optimum("expected").objective

    with TemporaryDirectory() as folder:
        for count in DISRUPTIONS:
            seconds, data = processor(partial(many, count, Path(folder), inputs))
            verdict.tell(f"{count} disruptions read and laid out", seconds, "s")
            seconds, found = processor(partial(choose, data, criteria))
            verdict.tell("a mix of them chosen", seconds, "s")
            took.append(seconds)
            seconds, known = processor(partial(least, data, found.stage("cheapest").value * (1 + criteria.cost_cap)))
            verdict.tell("their least loss by the whole model alone", seconds, "s")
            verdict.say("it differs by", apart(found.best, known), "(relative)", 1e-6, at_most=True)
    verdict.say("200 disruptions", took[1] / took[0], "x 20", 10, at_most=True)


def main() -> None:
    verdict = common.Verdict()
    ready = europe()
    frontier(verdict, ready)
    nearly(verdict, ready.mixes[OPTIMISED][1])
    libraries(verdict, ready.inputs)
    shipped(verdict, "world-mix", 60, 2)
    hand_over(verdict)
    verdict.end()


if __name__ == "__main__":
    main()
