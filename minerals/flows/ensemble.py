"""Stock, scrap and recycling of many draws at once: the chain of a plain run with leading axes of mineral and draw.

The order of the sums is what makes it fast. A mineral's content is fixed when a cell is sold, so chemistries are summed
first, by one matrix product over those that live alike; retirement is then a product with the hazard, and everything
else works on region and year alone, of the reported years. Lifetimes are drawn over few nodes, so that draws of one
node share one hazard, and all minerals go through it together. Where lives are certain, all of that is linear in
content and demand, so that what is sold, what retires and what ends its second life are each a product with one table.
Years of all regions stand side by side in one axis, `place` = region · year, in single precision if the inputs are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    one, by mineral and by what it is linear in; leaving: share of a cohort that leaves use, (node, cohort, year), of
    all years where some of it is used again, else of the reported ones; empty where a run stops at demand.
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

    All but reuse are of the reported years. node: of each pool's lifetime, (draw, pool); second_leaving: (node, cohort,
    year), of second lives, by second_node (draw); reuse: share of retired cells used again, and kept: share collected
    for good, by segment (draw, place); second_kept: share collected after a second life, (draw, place); gain: input ÷
    demand of cell making, (draw, place); recovery and prompt_recovery: (mineral, draw, region, year), one region where
    all are alike.
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

    count: how many; regions: how many stand side by side; reported: places of the reported years;
    additions: [GWh] by segment (draw, place), divided by what the weighted shares of a place and year add up to;
    mineral_intensity: [kg/kWh] (draw, chemistry, mineral); weight: what the trend of intensities and the weight of each
    share are linear in, (draw, feature, chemistry), None where both are held;
    terms: by mineral, and features: what demand and trend are linear in, (feature, draw). Where there are terms, pools,
    additions and weight are not used, and years are the reported ones.
    """

    count: int
    regions: int
    reported: slice | list[int]
    pools: Sequence[Pool]
    additions: Sequence[Array]
    mineral_intensity: Array
    weight: Array | None = None
    chain: ChainDraws | None = None
    terms: Sequence[Terms] | None = None
    features: Array | None = None


@frozen
class PartAfterUse:
    """What becomes of the cells of one region, segment and chemistry in each draw; a draw axis of length 1 is the same
    in every draw.

    leaving: share of a cohort that leaves use, (node, cohort, year), by node (draw); second_leaving: the same of second
    lives, by second_node; reuse: share of retired cells used again, (draw, year); collected: share of the others that
    is collected, and second_collected: after a second life, (draw, reported year) each; recovery and prompt_recovery:
    (mineral, draw, reported year).
    """

    leaving: Array
    node: Index
    second_leaving: Array
    second_node: Index
    reuse: Array
    collected: Array
    second_collected: Array
    recovery: Array
    prompt_recovery: Array


@frozen
class Part:
    """Cells of one segment and chemistry that are sold in a region, by its place, in each draw. sold: (draw, year)
    [GWh]; content: (mineral, draw or 1, year or 1) [kg/kWh], of the year of sale; then: what becomes of them, None
    where a run stops at demand."""

    region: int
    sold: Array
    content: Array
    then: PartAfterUse | None


@frozen
class DetailedDraws:
    """A block of draws of one scenario where rates are by region and chemistry, or intensities by use and year of sale.

    count: how many; shape: minerals, regions and reported years; reported: places of these; parts: one after the other,
    to be had once; gain: input ÷ demand of cell making, (draw or 1, region, reported year), None where a run stops at
    demand; kind: precision.
    """

    count: int
    shape: tuple[int, int, int]
    reported: slice | list[int]
    parts: Iterable[Part]
    gain: Array | None
    kind: type


def follow_in_detail(draws: DetailedDraws) -> tuple[Array, Array, Array] | tuple[Array]:
    """`follow` where what becomes of cells depends on their region and chemistry: what is collected of each chemistry
    is recovered at its own rate, as `case.chain.follow_in_detail` has it."""
    minerals, regions, years = draws.shape
    shape = (minerals, draws.count, regions, years)
    demand: Array = np.zeros(shape, draws.kind)
    recovered, prompt = np.zeros_like(demand), np.zeros_like(demand)
    for part in draws.parts:
        held = part.sold * part.content
        held = np.ascontiguousarray(np.broadcast_to(held, (minerals, draws.count, held.shape[-1])))
        bought = held[..., draws.reported]
        demand[:, :, part.region] += bought
        if part.then is None:
            continue
        then = part.then
        retired = _left(held, then.leaving, then.node, 1)
        reused = retired * then.reuse
        ended = _left(reused, then.second_leaving, then.second_node, 1)
        collected = (retired - reused)[..., draws.reported] * then.collected
        collected += ended[..., draws.reported] * then.second_collected
        recovered[:, :, part.region] += collected * then.recovery
        prompt[:, :, part.region] += bought * then.prompt_recovery
    if draws.gain is None:
        return (demand,)
    taken = demand * draws.gain
    return demand, taken, np.minimum(recovered + prompt * (draws.gain - 1), taken)


def follow(draws: Draws | DetailedDraws) -> tuple[Array, Array, Array] | tuple[Array]:
    """Demand, input of cell making and secondary supply [kt], (mineral, draw, region, reported year) each.

    Without a chain, demand alone. Equations as in `recycling.recycle`: secondary = min(recovered, input) by region.
    """
    if isinstance(draws, DetailedDraws):
        return follow_in_detail(draws)
    held = draws.mineral_intensity
    content = np.ascontiguousarray(np.moveaxis(np.broadcast_to(held, (draws.count, *held.shape[1:])), 2, 0))
    add_up = _by_terms if draws.terms else _by_cohort
    demand, collected, ended = add_up(draws, content)
    by_region = (*content.shape[:2], draws.regions, -1)
    chain = draws.chain
    if chain is None:
        return (demand.reshape(by_region),)
    ended *= chain.second_kept
    collected += ended
    taken = demand * chain.gain
    prompt = np.subtract(taken, demand, out=ended).reshape(by_region)
    prompt *= chain.prompt_recovery
    offered = collected.reshape(by_region)
    offered *= chain.recovery
    offered += prompt
    taken = taken.reshape(by_region)
    return demand.reshape(by_region), taken, np.minimum(offered, taken, out=offered)


def _by_terms(draws: Draws, content: Array) -> tuple[Array, Array, Array]:
    """Demand, what is collected after its first life, and what ends its second [kt], (mineral, draw, place).

    content: [kg/kWh] (mineral, draw, chemistry).
    """
    assert draws.terms is not None
    assert draws.features is not None
    assert draws.chain is not None
    shape = (*content.shape[:2], draws.terms[0].sold.shape[-1])
    demand, collected, ended, retired = np.empty(shape, content.dtype), *(np.zeros(shape, content.dtype) for _ in "abc")
    for m, terms in enumerate(draws.terms):
        parts = np.ascontiguousarray(content[m].T)[terms.chemistry]
        parts *= draws.features[terms.feature]
        np.matmul(parts.T, terms.sold, out=demand[m])
        np.matmul(parts.T, terms.second, out=ended[m])
        for kept, first, last in zip(draws.chain.kept, terms.bounds, terms.bounds[1:], strict=False):
            if last > first:
                np.matmul(parts[first:last].T, terms.retired[first:last], out=retired[m])
                retired[m] *= kept
                collected[m] += retired[m]
    return demand, collected, ended


def _by_cohort(draws: Draws, content: Array) -> tuple[Array, Array, Array]:
    """The same as `_by_terms`, from what was sold by cohort; without a chain, demand and zeros."""
    minerals, count, regions, chain = *content.shape[:2], draws.regions, draws.chain
    places = draws.additions[0].shape[-1]
    by_region = (count, regions, places // regions)
    demand = np.zeros((minerals, *by_region), content.dtype)[..., draws.reported]
    collected, reused = np.zeros_like(demand), np.zeros((minerals, count, places), content.dtype)
    for place, pool in enumerate(draws.pools):
        mine = content[:, :, pool.chemistry]
        held = np.flatnonzero(mine.any(axis=(1, 2)))
        if not len(held):
            continue
        mine = mine[held]
        if draws.weight is not None:
            mine = (draws.weight[:, :, pool.chemistry] * mine[:, :, None]).reshape(*mine.shape[:2], -1)
        sold = mine @ (pool.share[held] if len(pool.share) > 1 else pool.share)
        sold *= draws.additions[pool.segment]
        for m, each in zip(held, sold, strict=True):
            demand[m] += each.reshape(by_region)[..., draws.reported]
        if chain is None:
            continue
        retired = _left(sold, pool.leaving, chain.node[:, place], regions)
        if retired.shape == sold.shape:
            for m, each in zip(held, np.multiply(retired, chain.reuse[pool.segment], out=sold), strict=True):
                reused[m] += each
            retired = retired.reshape(len(held), *by_region)[..., draws.reported]
        retired = retired.reshape(len(held), *demand.shape[1:])
        kept = chain.kept[pool.segment]
        retired *= kept.reshape(len(kept), *demand.shape[2:])
        for m, each in zip(held, retired, strict=True):
            collected[m] += each
    flat = (minerals, count, -1)
    if chain is None:
        return demand.reshape(flat), collected.reshape(flat), np.zeros_like(demand).reshape(flat)
    second = _left(reused, chain.second_leaving, chain.second_node, regions)
    return demand.reshape(flat), collected.reshape(flat), second


def _left(sold: Array, leaving: Array, node: Index, regions: int) -> Array:
    """Σ_cohort sold[mineral, draw, region, cohort] · leaving[node of the draw, cohort, year], (mineral, draw, region ·
    year)."""
    minerals, count, _ = sold.shape
    cohorts, years = leaving.shape[1:]
    if len(leaving) == 1:
        return np.asarray(sold.reshape(-1, cohorts) @ leaving[0]).reshape(minerals, count, -1)
    order = np.argsort(node, kind="stable")
    bounds = np.searchsorted(node[order], np.arange(len(leaving) + 1)) * minerals * regions
    rows = sold.swapaxes(0, 1)[order].reshape(-1, cohorts)
    left = np.empty((len(rows), years), sold.dtype)
    for matrix, first, last in zip(leaving, bounds, bounds[1:], strict=False):
        np.matmul(rows[first:last], matrix, out=left[first:last])
    out = np.empty((minerals, count, regions * years), sold.dtype)
    out.swapaxes(0, 1)[order] = left.reshape(count, minerals, -1)
    return out
