"""Stock, scrap and recycling of many draws at once: the same chain as a plain run, with a leading draw axis.

Lifetimes are drawn over few nodes, so that all draws with the same node share one survival matrix and retire by one
matrix product. Minerals enter only after the segments have been summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lifetime import Array
from .recycling import Recycling, recycle


@dataclass(frozen=True)
class Draws:
    """Inputs of a block of draws; any leading draw axis may have length 1.

    additions: [GWh] (draw, region, segment, year); market_share: (draw, region, segment, chemistry, year);
    mineral_intensity: [kg/kWh] (draw, chemistry, mineral); hazard: share of a cohort that leaves use, by segment (node,
    chemistry, year, cohort); node: of each draw and segment, (draw, segment); second_hazard: (node, year, cohort);
    second_node: (draw); reuse: share reused (draw, segment, year); collection: (draw, region, segment, year);
    second_collection: (draw, region, year); scrap: (draw, region, year); recovery and prompt_recovery: (draw, region,
    mineral, year).
    """

    additions: Array
    market_share: Array
    mineral_intensity: Array
    hazard: tuple[Array, ...]
    node: NDArray[np.intp]
    second_hazard: Array
    second_node: NDArray[np.intp]
    reuse: Array
    collection: Array
    second_collection: Array
    scrap: Array
    recovery: Array
    prompt_recovery: Array


def mineral_demand(draws: Draws) -> Array:
    """Gross mineral demand [kt], (draw, region, mineral, year)."""
    return _by_mineral(_cells(draws).sum(axis=2), draws.mineral_intensity)


def follow(draws: Draws) -> Recycling:
    """Every flow of the chain [kt], (draw, region, mineral, year) each."""
    cells = _cells(draws)
    retired = np.empty_like(cells)
    for segment, hazard in enumerate(draws.hazard):
        retired[:, :, segment] = _leaving(cells[:, :, segment], hazard, draws.node[:, segment])
    again = retired * draws.reuse[:, None, :, None, :]
    collected = (retired - again) * draws.collection[:, :, :, None, :]
    reused = again.sum(axis=2)
    ended = _leaving(reused, draws.second_hazard[:, None], draws.second_node)
    kept = collected.sum(axis=2) + ended * draws.second_collection[:, :, None, :]
    demand, gone, reused_, ended_, kept_ = (
        _by_mineral(array, draws.mineral_intensity)
        for array in (cells.sum(axis=2), retired.sum(axis=2), reused, ended, kept)
    )
    return recycle(
        demand=demand,
        scrap=draws.scrap[:, :, None, :],
        retired=gone,
        reused=reused_,
        reuse_ended=ended_,
        collected=kept_,
        recovery=draws.recovery,
        prompt_recovery=draws.prompt_recovery,
    )


def _cells(draws: Draws) -> Array:
    return draws.additions[:, :, :, None, :] * draws.market_share


def _leaving(cells: Array, hazard: Array, node: NDArray[np.intp]) -> Array:
    """Σ_k hazard[node, c, y, k] · cells[draw, r, c, k], (draw, region, chemistry, year), node by node."""
    if len(hazard) == 1:
        return _product(cells, hazard[0])
    out = np.empty_like(cells)
    order = np.argsort(node, kind="stable")
    bounds = np.searchsorted(node[order], np.arange(len(hazard) + 1))
    for place, matrix in enumerate(hazard):
        at = order[bounds[place] : bounds[place + 1]]
        if len(at):
            out[at] = _product(cells[at], matrix)
    return out


def _product(cells: Array, matrix: Array) -> Array:
    """(draw, region, chemistry, cohort) · (chemistry or 1, year, cohort)ᵀ; one product if they share it."""
    if len(matrix) == 1:
        return np.asarray(cells @ matrix[0].T)
    return np.asarray(np.moveaxis(np.moveaxis(cells, 2, 0) @ matrix[:, None].swapaxes(-1, -2), 0, 2))


def _by_mineral(cells: Array, intensity: Array) -> Array:
    """(draw, region, chemistry, year) × (draw, chemistry, mineral) → (draw, region, mineral, year)."""
    return np.asarray(intensity.swapaxes(1, 2)[:, None] @ cells)
