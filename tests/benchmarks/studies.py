"""The goals of studies: ranges of all mixes that fit figure 17, and a hundred thousand of them drawn; the mix with
stocks and plants beside it against the mix alone; ends of shares among mixes nearly as good as that of europe-mix,
against a solve afresh, and by two workers; one plan for five futures of supply."""

from __future__ import annotations

import time
from dataclasses import replace

import common
import numpy as np

from minerals.case.criteria import criteria_of
from minerals.case.measures import with_measures
from minerals.case.set_up import in_other_world
from minerals.config import OPTIMISED, Measures, read_run
from minerals.exposure.window import YEAR
from minerals.highs import optimum
from minerals.mix.data import MixData
from minerals.mix.near import NearlyAsGood, Vertex
from minerals.mix.replay import Library
from minerals.mix.session import Session
from minerals.mix.solution import SHOWN, nearly_as_good
from minerals.pipeline import computed, prepared
from minerals.shipped import inputs_folder
from minerals.studies.identify import mixes_of
from minerals.studies.identity import Studied
from minerals.studies.near_optimal import _ends, _start
from minerals.studies.polytope import BLOCK, ranges, walk
from minerals.studies.pool import worker_pool
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.resolve import resolve

DRAWS = 100_000


def main() -> None:
    verdict = common.Verdict()
    inputs = read_inputs(inputs_folder())
    run = read_run("figure-17")
    mixes = mixes_of(Studied(run, resolve(run, inputs), "Europe", inputs))
    rows = np.stack([indicator.row for indicator in mixes.indicators])
    found = ranges(mixes.polytope, rows)
    assert found is not None
    seconds = common.best(lambda: ranges(mixes.polytope, rows))
    verdict.say(f"identify: ranges of {len(rows)} numbers of a mix", 1000 * seconds, "ms", 20, at_most=True)

    def drawn() -> np.ndarray:
        way = walk(mixes.polytope, 1)
        assert way is not None
        return np.concatenate([way.block(1, number) for number in range(DRAWS // BLOCK)])

    values = drawn() @ rows.T
    assert (values > found[0][:, 0] - 1e-6).all(), "a mix that is drawn lies outside the ranges"
    assert (values < found[0][:, 1] + 1e-6).all(), "a mix that is drawn lies outside the ranges"
    verdict.say(f"identify: {DRAWS:,} mixes drawn", common.best(drawn, 3), "s", 2, at_most=True)
    measures(verdict)
    near_optimal(verdict)
    robust(verdict, inputs)
    verdict.end()


def measures(verdict: common.Verdict) -> None:
    """The least exposed mix of Europe within a cost, afresh: with stocks and plants beside it, and alone."""
    inputs, run = read_inputs(inputs_folder()), read_run("europe-measures")
    mix, config = computed(run, inputs).mixes[OPTIMISED], run.settings.study
    assert isinstance(config, Measures)

    def least(data: MixData) -> Session:
        session = Session(data, mix.config.risk)
        cost = 1.01 * session.least("cost").cost
        session.compiled.hold("cost", cost, 0.0)
        return session

    alone = least(mix.data)
    every = dict.fromkeys(mix.data.disruptions, 12 / YEAR)
    extended = least(with_measures(mix, inputs, config, every))

    def seconds(session: Session) -> float:
        def solve() -> None:
            session.compiled.highs.clearSolver()
            session.optimum(mix.config.risk)

        return common.best(solve, 3)

    ratio = seconds(extended) / seconds(alone)
    verdict.say("measures: the mix with stocks and plants ÷ alone", ratio, "×", 1.3, at_most=True)


def near_optimal(verdict: common.Verdict) -> None:
    """Both ends of shares of families and chemistries in three years."""
    inputs = read_inputs(inputs_folder())
    assembly, data = prepared(read_run("europe-mix"), inputs).mixes[OPTIMISED]
    session, sets = nearly_as_good(data, criteria_of(assembly.config), [0.01])
    groups = dict.fromkeys([*data.family.values(), *data.chemistries])
    weights = [session.share(r, group, (y,)) for r in data.regions for group in groups for y in SHOWN]
    sums = [{int(at): float(each[at]) for at in np.flatnonzero(each)} for each in weights if each.any()][::2]
    nearly = sets[0.01].pressing(np.any(weights, axis=0))
    vertex = nearly.vertex()
    ends = nearly.from_vertex(vertex)
    start = time.process_time()
    found = [ends(each) for each in sums]
    each_end = (time.process_time() - start) / (2 * len(sums))
    cold = [_cold(nearly, sums[at]) for at in range(0, len(sums), len(sums) // 6)]
    for (low, high, _), at in zip(cold, range(0, len(sums), len(sums) // 6), strict=True):
        assert np.allclose(found[at], (low, high), atol=1e-6), "an end hangs on where it is sought from"
    afresh = float(np.mean([seconds for _, _, seconds in cold]))
    verdict.say(f"near_optimal: each of {2 * len(sums)} ends", each_end / afresh, "x afresh", 0.7, at_most=True)
    one, two = (_by_workers(nearly, vertex, sums, workers) for workers in (1, 2))
    verdict.say("near_optimal: two workers", one / two, "x as fast as one", 1.5)


def _cold(nearly: NearlyAsGood, weights: dict[int, float]) -> tuple[float, float, float]:
    """Both ends by the interior point, and the seconds that one takes."""
    costs = np.zeros(len(nearly.lower))
    costs[list(weights)] = list(weights.values())
    values, start = [], time.process_time()
    for sign in (1.0, -1.0):
        highs = nearly._loaded()
        highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), sign * costs / np.abs(costs).max())
        optimum(highs, None)
        values.append(float(costs @ np.array(highs.getSolution().col_value)))
    return values[0], values[1], (time.process_time() - start) / 2


def _by_workers(nearly: NearlyAsGood, vertex: Vertex, sums: list[dict[int, float]], workers: int) -> float:
    """Seconds in which so many workers, which have begun, find all ends."""
    with worker_pool(workers, _start, [(nearly, vertex)], sums) as pool:
        for _ in pool.map(_ends, ["0 0"] * 4 * workers):
            pass
        start = time.perf_counter()
        for _ in pool.map(_ends, [f"0 {number}" for number in range(len(sums))]):
            pass
        return time.perf_counter() - start


def robust(verdict: common.Verdict, inputs: Inputs) -> None:
    """One model of a plan for all futures against that of one future, both by the interior point."""
    assembly, own = prepared(read_run("europe-mix"), inputs).mixes[OPTIMISED]
    libraries = {}
    for name in inputs.codes("supply_futures"):
        if name != assembly.chokepoints.config.future:
            world = in_other_world(assembly.chokepoints, inputs, {"future": name, "other_futures": ()})
            numbers = assembly.of(world).data()
            same = {"capacity": own.capacity, "announced": own.announced}
            libraries[name] = Library(replace(numbers, plan_given=True, **same))
    library = Library(own)
    while True:
        others = {name: (each.within(), each) for name, each in libraries.items()}
        several = Session(library.within(), "expected", library=library, other_futures=others)
        several.optimum("average")
        if not any(each.missed for each in (library, *libraries.values())):
            break
    alone = Session(own, "expected")
    columns = [len(session.compiled.form.columns) for session in (several, alone)]
    verdict.say(f"robust: columns of {len(libraries) + 1} futures ÷ of one", columns[0] / columns[1], "×", 3.2,
                at_most=True)  # fmt: skip
    seconds = [
        common.best(lambda session=session, goal=goal: session.optimum(goal), 3)  # type: ignore[misc]
        for session, goal in ((several, "average"), (alone, "expected"))
    ]
    verdict.say("robust: time of their least loss ÷ of one", seconds[0] / seconds[1], "×", 10, at_most=True)


if __name__ == "__main__":
    main()
