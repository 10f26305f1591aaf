"""From retirements to secondary supply and primary demand: second life, collection, recovery by route.

Masses are kt with mineral and year as the last two axes (…, mineral, year); shares broadcast over them.
"""

from __future__ import annotations

import numpy as np

from ..haste import frozen
from .lifetime import Array


@frozen
class Recycling:
    """Flows of one region [kt], (…, mineral, year). Names are those of the result table `mineral_flows`.

    mineral_demand: in cells put into use; input: of cell making; prompt_scrap: what cell making rejects;
    retired: leaves first use; reused: goes to a second life; reuse_ended: comes out of it; collected: reaches
    recyclers; uncollected: does not; recovered_prompt and recovered: secondary material made of prompt scrap and of
    collected batteries; lost: not recovered; secondary_supply: used in new cells; surplus: recovered and not needed;
    primary_demand: mined and refined.
    """

    mineral_demand: Array
    input: Array
    prompt_scrap: Array
    retired: Array
    reused: Array
    reuse_ended: Array
    collected: Array
    uncollected: Array
    recovered_prompt: Array
    recovered: Array
    lost: Array
    secondary_supply: Array
    surplus: Array
    primary_demand: Array


def recycle(
    demand: Array,
    scrap: Array,
    retired: Array,
    reused: Array,
    reuse_ended: Array,
    collected: Array,
    recovery: Array,
    prompt_recovery: Array,
) -> Recycling:
    """Close the loop of one year's flows.

    demand, retired, reused, reuse_ended, collected: [kt] (…, mineral, year), collected at most what leaves use for
    good; scrap: share of input, (…, 1, year) and below 1; recovery and prompt_recovery: share of collected batteries
    and of prompt scrap that becomes secondary material, (…, mineral, year).

        input     = demand / (1 − scrap)
        recovered = collected · recovery
        secondary = min(recovered + recovered_prompt, input);  primary = input − secondary

    Secondary supply never exceeds what was recovered, and a surplus is reported instead of a negative demand.
    """
    taken = demand / (1.0 - scrap)
    prompt = taken - demand
    leaving = retired - reused + reuse_ended
    recovered_prompt, recovered = prompt * prompt_recovery, collected * recovery
    offered = recovered_prompt + recovered
    secondary = np.minimum(offered, taken)
    return Recycling(
        mineral_demand=demand,
        input=taken,
        prompt_scrap=prompt,
        retired=retired,
        reused=reused,
        reuse_ended=reuse_ended,
        collected=collected,
        uncollected=leaving - collected,
        recovered_prompt=recovered_prompt,
        recovered=recovered,
        lost=prompt + collected - offered,
        secondary_supply=secondary,
        surplus=offered - secondary,
        primary_demand=taken - secondary,
    )


def mixed_recovery(route_share: Array, recovery: Array) -> Array:
    """Recovery over routes, (…, mineral, year): Σ_route share (…, route, year) × recovery (…, route, mineral, year)."""
    return np.asarray(np.einsum("...py,...pmy->...my", route_share, recovery))


def recycled_content(flows: Recycling) -> Array:
    """Share of the input of cell making that is secondary, (…, mineral, year), as EU 2023/1542 counts it.

    Recovered manufacturing waste counts beside post-consumer waste, as long as it does not return to the process that
    made it (article 8 with the definitions of Directive 2008/98/EC); prompt scrap here passes a recycler first.
    """
    return _share(flows.secondary_supply, flows.input)


def end_of_life_recycling_rate(flows: Recycling) -> Array:
    """Share of what leaves use for good that becomes secondary material, (…, mineral, year)."""
    return _share(flows.recovered, flows.collected + flows.uncollected)


def _share(part: Array, whole: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, 0.0)
