"""Demand ensemble against flodym and against the memory bandwidth, with equal answers, in one run."""

from __future__ import annotations

import warnings

import common
import numpy as np

from minerals.flows.system import SystemInputs, system

warnings.simplefilter("ignore")
import flodym  # noqa: E402

REGIONS, SEGMENTS, CHEMISTRIES, MINERALS, YEARS = 5, 7, 15, 4, 27
LABELS = {"draw": "d", "region": "r", "segment": "s", "chemistry": "c", "mineral": "m", "year": "y"}


def inputs(draws: int) -> SystemInputs:
    """Random additions, shares that add up to one, and intensities that differ by draw."""
    random = np.random.default_rng(0)
    share = random.random((1, REGIONS, SEGMENTS, CHEMISTRIES, YEARS))
    return SystemInputs(
        additions=random.random((1, REGIONS, SEGMENTS, YEARS)) * 100,
        market_share=share / share.sum(axis=3, keepdims=True),
        mineral_intensity=random.random((draws, CHEMISTRIES, MINERALS, 1)),
    )


def in_flodym(data: SystemInputs) -> np.ndarray:
    """The same with flodym arrays, regions and segments summed before the draws come in."""
    sizes = dict(
        zip(LABELS, (len(data.mineral_intensity), REGIONS, SEGMENTS, CHEMISTRIES, MINERALS, YEARS), strict=True)
    )
    dims = flodym.DimensionSet(dim_list=[
        flodym.Dimension(name=name, letter=letter, items=list(range(sizes[name])), dtype=int)
        for name, letter in LABELS.items()
    ])  # fmt: skip

    def array(letters: str, values: np.ndarray) -> flodym.FlodymArray:
        return flodym.FlodymArray(dims=dims[tuple(letters)], values=values)

    additions, share = array("rsy", data.additions[0]), array("rscy", data.market_share[0])
    cells = (additions * share).sum_to(("c", "y"))
    intensity = array("dcm", data.mineral_intensity[..., 0])
    return (cells * intensity).sum_to(("d", "m", "y")).values


def main() -> None:
    verdict = common.Verdict()
    data = inputs(2000)
    np.testing.assert_allclose(system(data, ("mineral", "year")).mineral_demand, in_flodym(data), rtol=1e-12)
    ratio = common.best(lambda: in_flodym(data), 3) / common.best(lambda: system(data, ("mineral", "year")))
    verdict.say("demand ensemble, 2,000 draws", ratio, "x flodym", 60)
    data = inputs(20_000)
    moved = 8 * len(data.mineral_intensity) * MINERALS * (CHEMISTRIES + YEARS)
    fraction = moved / common.best(lambda: system(data, ("mineral", "year")), 3) / common.triad_bandwidth()
    verdict.say("demand ensemble, 20,000 draws", fraction, "of triad bandwidth", 0.5)
    verdict.end()


if __name__ == "__main__":
    main()
