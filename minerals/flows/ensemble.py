"""Stock, scrap and recycling of many draws at once: the chain of a plain run with leading axes of mineral and draw.

A mineral's content is fixed when a cell is sold, so that demand for it, and what retires of it, are linear in content
times what demand for cells is linear in. Where market shares are held, each such term has one table of what retires of
it, made once for each node of a lifetime: lifetimes are drawn over few nodes, draws of one node share its tables, and
all minerals go through them together, in one matrix product. Cohorts are followed where that does not hold: where
shares are drawn, and in the few draws in which demand is cut at zero, for what terms make too little of it.
Years of all regions stand side by side in one axis, `place` = region · year, in single precision if the inputs are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen

#: In single or double precision, as the inputs are.
Array = NDArray[Any]
Index = NDArray[np.intp]
Node = NDArray[np.integer[Any]]


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
    """What demand for a mineral, and what retires of it, are sums of, where market shares are held.

    A term is the content of a chemistry times a feature that demand in a segment is linear in, chemistry and feature
    being their places, (term); bounds: where the terms of each pool begin, and at last their number. sold: [GWh]
    (mineral or 1, term, place), of the reported years; retired: [GWh] by pool (mineral or 1, node, term of the pool,
    place), of the years of its `leaving`; none where a run stops at demand.
    """

    chemistry: Index
    feature: Index
    bounds: Index
    sold: Array
    retired: Sequence[Array]


class Apart(NamedTuple):
    """Demand for cells of a segment that is in no term. draws: those that have any; sold: [GWh] (draw of these, place),
    divided by what the weighted shares of a place and year add up to."""

    draws: Index | slice
    sold: Array


@frozen
class ChainDraws:
    """What stock, scrap and recycling take in each draw; an axis of draws or places of length 1 is alike along it.

    All but reuse and kept are of the reported years. node: of each pool's lifetime, (draw, pool); second_leaving:
    (node, cohort, year), of second lives, by second_node (draw); reuse: share of retired cells used again, None where
    none is, and kept: share collected for good, by segment (draw, place), of the years of `leaving`; second_kept: share
    collected after a second life, (draw, place); gain: input ÷ demand of cell making, (draw, place); recovery and
    prompt_recovery: (mineral, draw, region, year), one region where all are alike.
    """

    node: Node
    second_leaving: Array
    second_node: Node
    reuse: Sequence[Array | None]
    kept: Sequence[Array]
    second_kept: Array
    gain: Array
    recovery: Array
    prompt_recovery: Array


@frozen
class Draws:
    """A block of draws of one scenario.

    count: how many; regions: how many stand side by side; reported: places of the reported years;
    mineral_intensity: [kg/kWh] (draw, chemistry, mineral); apart: demand in no term, by segment; terms, and features:
    what they are linear in of demand and trend, (draw, feature), both None where all demand is apart;
    weight: what the trend of intensities and the weight of each share are linear in, (draw, feature, chemistry), None
    where both are held.
    """

    count: int
    regions: int
    reported: slice | list[int]
    pools: Sequence[Pool]
    mineral_intensity: Array
    apart: Sequence[Apart]
    terms: Terms | None = None
    features: Array | None = None
    weight: Array | None = None
    chain: ChainDraws | None = None


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
    node: Node
    second_leaving: Array
    second_node: Node
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
        retired = np.stack(list(_by_node(held, then.leaving[None], then.node)))
        reused = retired * then.reuse
        ended = np.stack(list(_by_node(reused, then.second_leaving[None], then.second_node)))
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
    demand, collected, ended = _lives(draws, content)
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


def _lives(draws: Draws, content: Array) -> tuple[Array, Array, Array]:
    """Demand, what is collected after its first life, and what ends its second [kt], (mineral, draw, place).

    Without a chain, demand and zeros. content: [kg/kWh] (mineral, draw, chemistry).
    """
    terms, chain, places = draws.terms, draws.chain, draws.apart[0].sold.shape[1]
    by_year = (*content.shape[:2], draws.regions, places // draws.regions)
    if terms is None:
        parts = None
        demand = np.zeros(by_year, content.dtype)[..., draws.reported]
    else:
        assert draws.features is not None
        parts = content[:, :, terms.chemistry] * draws.features[:, terms.feature]
        demand = np.matmul(parts, terms.sold).reshape(*by_year[:3], -1)
    collected, ended = (np.zeros((*by_year[:2], demand[0, 0].size), content.dtype) for _ in "ab")
    # Of segments whose cells are used again: what is collected and what is not, in all years.
    once, again = np.zeros((2, *by_year[:2], places), content.dtype)
    holds = np.asarray(draws.mineral_intensity.any(axis=0))
    for place, pool in enumerate(draws.pools):
        held = np.flatnonzero(holds[pool.chemistry].any(axis=0))
        if not len(held):
            continue
        sold = _sold_apart(draws, pool, content, held)
        if sold.size:
            for m, each in zip(held, sold, strict=True):
                demand[m, draws.apart[pool.segment].draws] += each.reshape(-1, *by_year[2:])[..., draws.reported]
        if chain is None:
            continue
        reuse, kept = chain.reuse[pool.segment], chain.kept[pool.segment]
        for m, retired in zip(held, _retired(draws, place, parts, sold, held), strict=True):
            if reuse is not None:
                again[m] += retired * reuse
            retired *= kept
            into = collected if reuse is None else once
            into[m] += retired
    demand = demand.reshape(collected.shape)
    if chain is not None and any(reuse is not None for reuse in chain.reuse):
        collected += once.reshape(by_year)[..., draws.reported].reshape(collected.shape)
        for into, each in zip(ended, _by_node(again, chain.second_leaving[None], chain.second_node), strict=True):
            into[:] = each
    return demand, collected, ended


def _sold_apart(draws: Draws, pool: Pool, content: Array, held: Index) -> Array:
    """What is sold in a pool and in no term of the minerals held in it [kt], (mineral, draw apart, place)."""
    apart = draws.apart[pool.segment]
    if not apart.sold.size:
        return np.zeros((len(held), *apart.sold.shape), content.dtype)
    mine = content[held][:, apart.draws][..., pool.chemistry]
    if draws.weight is not None:
        mine = (draws.weight[apart.draws][..., pool.chemistry] * mine[:, :, None]).reshape(*mine.shape[:2], -1)
    sold = mine @ _of(pool.share, held)
    sold *= apart.sold
    return np.asarray(sold)


def _retired(draws: Draws, place: int, parts: Array | None, apart: Array, held: Index) -> Iterator[Array]:
    """What retires in the pool at a place of the minerals held in it [kt], (draw, place) by mineral: of its terms, and
    of what was sold apart. parts: content times feature, (mineral, draw, term); apart: as `_sold_apart` gives it."""
    assert draws.chain is not None
    pool, node, terms = draws.pools[place], draws.chain.node[:, place], draws.terms
    if terms is None or parts is None:
        yield from _by_node(apart, pool.leaving[None], node)
        return
    mine = parts if len(held) == len(parts) else parts[held]
    mine = mine[..., terms.bounds[place] : terms.bounds[place + 1]]
    some = draws.apart[pool.segment].draws
    more = _by_node(apart, pool.leaving[None], node[some])
    for retired in _by_node(mine, _of(terms.retired[place], held), node):
        if apart.size:
            retired[some] += next(more)
        yield retired


def _of(tables: Array, minerals: Index) -> Array:
    """Tables of some minerals; the one of all where there is but one."""
    return tables[minerals] if len(tables) > 1 else tables


def _by_node(rows: Array, tables: Array, node: Node) -> Iterator[Array]:
    """Σ_i rows[mineral, draw, part · i] · table[mineral or 0, node of the draw, i, place], (draw, part · place) by
    mineral: one after the other, so that each is used while it is in cache."""
    if len(tables) > 1:
        for each, table in zip(rows, tables, strict=True):
            yield from _by_node(each[None], table[None], node)
        return
    minerals, count, _ = rows.shape
    table, inner = tables[0], tables.shape[2]
    if len(table) == 1:
        for each in rows:
            yield (each.reshape(-1, inner) @ table[0]).reshape(count, -1)
        return
    # Draws of one node are laid side by side, all minerals and parts of each, and go through its table together.
    order = np.argsort(node, kind="stable")
    places = (order[:, None] + count * np.arange(minerals)).ravel()
    together = np.take(rows.reshape(minerals * count, -1), places, axis=0).reshape(-1, inner)
    found = np.empty((len(together), table.shape[2]), rows.dtype)
    bounds = np.searchsorted(node[order], np.arange(len(table) + 1)) * (len(together) // count)
    for matrix, first, last in zip(table, bounds.tolist(), bounds[1:].tolist(), strict=False):
        if last > first:
            np.matmul(together[first:last], matrix, out=found[first:last])
    found = found.reshape(count * minerals, -1)
    back = np.empty_like(order)
    back[order] = np.arange(0, count * minerals, minerals)
    for m in range(minerals):
        yield np.take(found, back + m, axis=0)
