"""The goals of studies: ranges of all mixes that fit figure 17, and a hundred thousand of them drawn."""

from __future__ import annotations

import common
import numpy as np

from minerals.config import read_run
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
    verdict.end()


if __name__ == "__main__":
    main()
