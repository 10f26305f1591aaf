"""Demand ensemble against flodym and against the memory bandwidth, with equal answers, in one run."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import common
import numpy as np

from minerals.flows.system import SystemInputs, system

warnings.simplefilter("ignore")
import flodym  # noqa: E402

REGIONS, SEGMENTS, CHEMISTRIES, MINERALS, YEARS = 5, 7, 15, 4, 27
LABELS = {"draw": "d", "region": "r", "segment": "s", "chemistry": "c", "mineral": "m", "year": "y"}


def inputs(draws: int, everything: bool) -> SystemInputs:
    """Random additions, shares that add up to one, and intensities by year and draw; the others by draw if asked."""
    random = np.random.default_rng(0)
    others = draws if everything else 1
    share = random.random((others, REGIONS, SEGMENTS, CHEMISTRIES, YEARS))
    share /= share.sum(axis=3, keepdims=True)
    return SystemInputs(
        additions=random.random((others, REGIONS, SEGMENTS, YEARS)) * 100,
        market_share=share,
        mineral_intensity=random.random((draws, CHEMISTRIES, MINERALS, YEARS)),
    )


def in_flodym(data: SystemInputs) -> tuple[Callable[[], np.ndarray], Callable[[], np.ndarray]]:
    """The same in flodym: cells times intensity, summed to draw, mineral and year; and with sums set early by hand."""
    sizes = dict(zip(LABELS, (data.draws, REGIONS, SEGMENTS, CHEMISTRIES, MINERALS, YEARS), strict=True))
    dims = flodym.DimensionSet(dim_list=[
        flodym.Dimension(name=name, letter=letter, items=list(range(sizes[name])), dtype=int)
        for name, letter in LABELS.items()
    ])  # fmt: skip

    def array(letters: str, values: np.ndarray) -> flodym.FlodymArray:
        alike = len(values) == 1
        return flodym.FlodymArray(dims=dims[tuple(letters[alike:])], values=values[0] if alike else values)

    additions, share = array("drsy", data.additions), array("drscy", data.market_share)
    intensity, kept = array("dcmy", data.mineral_intensity), ("d", "m", "y")
    drawn = ("d",) if data.additions.shape[0] > 1 else ()
    return (
        lambda: (additions * share * intensity).sum_to(kept).values,
        lambda: ((additions * share).sum_to((*drawn, "c", "y")) * intensity).sum_to(kept).values,
    )


def compare(data: SystemInputs) -> tuple[float, float, float]:
    """How many times faster than flodym, and than flodym with its sums set early; and the share of the triad."""
    plain, early = in_flodym(data)

    def ours() -> np.ndarray:
        return system(data, ("mineral", "year")).mineral_demand

    for theirs in (plain, early):
        np.testing.assert_allclose(ours(), theirs(), rtol=1e-12)
    time = common.best(ours, 9)
    moved = sum(array.nbytes for array in (data.additions, data.market_share, data.mineral_intensity))
    moved += 8 * data.draws * MINERALS * YEARS
    return common.best(plain, 3) / time, common.best(early, 3) / time, moved / time / common.triad_bandwidth()


def main() -> None:
    verdict = common.Verdict()
    faster, early, bandwidth = compare(inputs(2000, everything=False))
    verdict.say("demand ensemble", faster, "x flodym", 60)
    verdict.say("demand ensemble, bytes read and written", bandwidth, "of the triad", 0.5)
    verdict.tell("  flodym with its sums set early by hand", early, "x")
    faster, early, bandwidth = compare(inputs(500, everything=True))
    verdict.tell("additions and shares drawn too", faster, "x flodym")
    verdict.tell("  flodym with its sums set early by hand", early, "x")
    verdict.tell("  bytes read and written", bandwidth, "of the triad")
    verdict.end()


if __name__ == "__main__":
    main()
