"""Stock, scrap and recycling of many draws at once: the chain of a plain run with a leading draw axis, by mineral.

The order of the sums is what makes it fast. A mineral's content is fixed when a cell is sold, so chemistries are summed
first, by one matrix product over those that live alike; retirement is then a product with the hazard, and everything
else works on region and year alone. Lifetimes are drawn over few nodes, so that draws of one node share one hazard.
Where lives are certain, all of that is linear in content and demand, so that what is sold, what retires and what ends
its second life are each a product with one table, in the reported years alone. Years of all regions stand side by side
in one axis, `place` = region · year, in single precision if the inputs are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen

#: In single or double precision, as the inputs are.
Array = NDArray[Any]
Index = NDArray[np.intp]


@frozen
class Pool:
    """Cells of one segment whose lifetimes are alike.

    segment: its place; chemistry: places of its chemistries; share: their market shares (mineral or 1, feature ·
    chemistry, place), by what they are linear in where they are drawn, times the trend of intensities where there is
    one, by mineral and by what it is linear in; leaving: share of a cohort that leaves use, (node, cohort, year), empty
    where a run stops at demand.
    """

    segment: int
    chemistry: Index
    share: Array
    leaving: Array


@frozen
class Terms:
    """What becomes of the cells that hold a mineral, as a sum of terms, where lives are certain and demand is not cut.

    A term is the content of a chemistry times a feature that demand in a segment is linear in, chemistry and feature
    being their places, (term). sold, retired, and second (ends its second life): [GWh] (term, place); bounds: where the
    terms of each segment begin, and at last their number.
    """

    chemistry: Index
    feature: Index
    bounds: Index
    sold: Array
    retired: Array
    second: Array


@frozen
class ChainDraws:
    """What stock, scrap and recycling take in each draw; a draw axis of length 1 is the same in every draw.

    node: of each pool's lifetime, (draw, pool); second_leaving: (node, cohort, year), of second lives, by second_node
    (draw); reuse: share of retired cells used again, and kept: share collected for good, by segment (draw, place);
    second_kept: share collected after a second life, (draw, place); gain: input ÷ demand of cell making, (draw, place);
    recovery and prompt_recovery: (draw, mineral, region, year), one region where all are alike.
    """

    node: Index
    second_leaving: Array
    second_node: Index
    reuse: Sequence[Array]
    kept: Sequence[Array]
    second_kept: Array
    gain: Array
    recovery: Array
    prompt_recovery: Array


@frozen
class Draws:
    """A block of draws of one scenario.

    count: how many; regions: how many stand side by side;
    additions: [GWh] by segment (draw, place), divided by what the weighted shares of a place and year add up to;
    mineral_intensity: [kg/kWh] (draw, chemistry, mineral); weight: what the trend of intensities and the weight of each
    share are linear in, (draw, feature, chemistry), None where both are held;
    terms: by mineral, and features: what demand and trend are linear in, (feature, draw). Where there are terms, pools,
    additions and weight are not used, and years are the reported ones.
    """

    count: int
    regions: int
    pools: Sequence[Pool]
    additions: Sequence[Array]
    mineral_intensity: Array
    weight: Array | None = None
    chain: ChainDraws | None = None
    terms: Sequence[Terms] | None = None
    features: Array | None = None


def follow(draws: Draws, mineral: int) -> tuple[Array, Array, Array] | tuple[Array]:
    """Demand, input of cell making and secondary supply [kt] of one mineral, (draw, region, year) each.

    Without a chain, demand alone. Equations as in `recycling.recycle`: secondary = min(recovered, input) by region.
    """
    content = draws.mineral_intensity[:, :, mineral]
    content = np.broadcast_to(content, (draws.count, content.shape[1]))
    add_up = _by_terms if draws.terms else _by_cohort
    demand, collected, ended = add_up(draws, mineral, content)
    by_region = (draws.count, draws.regions, -1)
    chain = draws.chain
    if chain is None:
        return (demand.reshape(by_region),)
    ended *= chain.second_kept
    collected += ended
    taken = demand * chain.gain
    prompt = np.subtract(taken, demand, out=ended).reshape(by_region)
    prompt *= chain.prompt_recovery[:, mineral]
    offered = collected.reshape(by_region)
    offered *= chain.recovery[:, mineral]
    offered += prompt
    taken = taken.reshape(by_region)
    return demand.reshape(by_region), taken, np.minimum(offered, taken, out=offered)


def _by_terms(draws: Draws, mineral: int, content: Array) -> tuple[Array, Array, Array]:
    """Demand, what is collected after its first life, and what ends its second [kt], (draw, place).

    content: [kg/kWh] (draw, chemistry).
    """
    assert draws.terms is not None
    assert draws.features is not None
    assert draws.chain is not None
    terms = draws.terms[mineral]
    parts = np.ascontiguousarray(content.T)[terms.chemistry]
    parts *= draws.features[terms.feature]
    demand, ended = parts.T @ terms.sold, parts.T @ terms.second
    collected, retired = np.zeros_like(demand), np.empty_like(demand)
    for kept, first, last in zip(draws.chain.kept, terms.bounds, terms.bounds[1:], strict=False):
        if last > first:
            np.matmul(parts[first:last].T, terms.retired[first:last], out=retired)
            retired *= kept
            collected += retired
    return demand, collected, ended


def _by_cohort(draws: Draws, mineral: int, content: Array) -> tuple[Array, Array, Array]:
    """The same as `_by_terms`, from what was sold by cohort; without a chain, demand and zeros."""
    sold = np.empty((draws.count, draws.additions[0].shape[-1]), content.dtype)
    demand, reused, collected, retired = (np.zeros_like(sold) for _ in range(4))
    chain = draws.chain
    for place, pool in enumerate(draws.pools):
        mine = content[:, pool.chemistry]
        if not mine.any():
            continue
        if draws.weight is not None:
            mine = (draws.weight[:, :, pool.chemistry] * mine[:, None]).reshape(draws.count, -1)
        np.matmul(mine, pool.share[mineral if len(pool.share) > 1 else 0], out=sold)
        sold *= draws.additions[pool.segment]
        demand += sold
        if chain is not None:
            _leave(sold, pool.leaving, chain.node[:, place], retired)
            if chain.reuse[pool.segment].any():
                reused += np.multiply(retired, chain.reuse[pool.segment], out=sold)
            collected += np.multiply(retired, chain.kept[pool.segment], out=sold)
    if chain is not None:
        _leave(reused, chain.second_leaving, chain.second_node, retired)
    return demand, collected, retired


def _leave(sold: Array, leaving: Array, node: Index, out: Array) -> None:
    """Write Σ_cohort sold[draw, region, cohort] · leaving[node of the draw, cohort, year] to out, (draw, place)."""
    years = leaving.shape[-1]
    if len(leaving) == 1:
        np.matmul(sold.reshape(-1, years), leaving[0], out=out.reshape(-1, years))
        return
    order = np.argsort(node, kind="stable")
    bounds = np.searchsorted(node[order], np.arange(len(leaving) + 1))
    for matrix, first, last in zip(leaving, bounds, bounds[1:], strict=False):
        if last > first:
            at = order[first:last]
            out[at] = (sold[at].reshape(-1, years) @ matrix).reshape(last - first, -1)
