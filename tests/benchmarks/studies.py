"""The goals of studies: ranges of all mixes that fit figure 17, and a hundred thousand of them drawn; one plan for five
futures of supply."""

from __future__ import annotations

from dataclasses import replace

import common
import numpy as np

from minerals.case.chokepoints import in_other_world
from minerals.config import OPTIMISED, read_run
from minerals.mix.replay import Library
from minerals.mix.session import Session
from minerals.pipeline import prepared
from minerals.shipped import inputs_folder
from minerals.studies.identify import mixes_of
from minerals.studies.identity import Studied
from minerals.studies.polytope import BLOCK, ranges, walk
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.resolve import resolve

DRAWS = 100_000


def main() -> None:
    verdict = common.Verdict()
    inputs = read_inputs(inputs_folder())
    run = read_run("figure-17")
    mixes = mixes_of(Studied(run, resolve(run, inputs), "Europe", inputs))
    rows = np.stack([told.row for told in mixes.told])
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
    robust(verdict, inputs)
    verdict.end()


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
        beside = {name: (each.within(), each) for name, each in libraries.items()}
        several = Session(library.within(), "expected", library=library, beside=beside)
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
