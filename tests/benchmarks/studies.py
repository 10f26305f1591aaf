"""The goals of studies: ranges of all mixes that fit figure 17, and a hundred thousand of them drawn; the mix with
stocks and plants beside it against the mix alone."""

from __future__ import annotations

import common
import numpy as np

from minerals.case.measures import with_measures
from minerals.config import OPTIMISED, Measures, read_run
from minerals.exposure.window import YEAR
from minerals.mix.data import MixData
from minerals.mix.session import Session
from minerals.pipeline import computed
from minerals.shipped import inputs_folder
from minerals.studies.identify import mixes_of
from minerals.studies.identity import Studied
from minerals.studies.polytope import BLOCK, ranges, walk
from minerals.tables.inputs import read_inputs
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
    beside_a_mix(verdict)
    verdict.end()


def beside_a_mix(verdict: common.Verdict) -> None:
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
    beside = least(with_measures(mix, inputs, config, every))

    def seconds(session: Session) -> float:
        def solve() -> None:
            session.compiled.highs.clearSolver()
            session.optimum(mix.config.risk)

        return common.best(solve, 3)

    ratio = seconds(beside) / seconds(alone)
    verdict.say("measures: the mix with stocks and plants ÷ alone", ratio, "×", 1.3, at_most=True)


if __name__ == "__main__":
    main()
