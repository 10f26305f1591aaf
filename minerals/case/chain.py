"""Stock, scrap, recycling and upstream need of a resolved run: from cells put into use to what must be mined."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from ..errors import MineralsError
from ..flows.balance import imbalances, unbalanced
from ..flows.demand import Array
from ..flows.joint import counted
from ..flows.lifetime import survival_matrix
from ..flows.recycling import Recycling, end_of_life_recycling_rate, mixed_recovery, recycle, recycled_content
from ..flows.scrap import lines_from_growth, scrap_rate
from ..flows.stock import hazard, retirements, stock_from_sales
from ..haste import frozen
from ..tables.codes import GRAPHITE_ROUTES
from ..tables.parameters import Detailed, Lifetime, Parameters
from ..tables.resolve import Resolved

#: Names of the mass flows of the result table, in the order of the chain.
FLOWS = tuple(field.name for field in fields(Recycling))


@frozen
class Chain:
    """Everything a scenario's chain gives, without draw axis.

    in_use and retired: [GWh] (region, segment, chemistry, year); second_life: energy in second life [GWh], lines:
    commissioned [GWh/yr], scrap: share of input, each (region, year); flows: [kt] (region, mineral, year) each;
    recycled_content and end_of_life_recycling_rate: [1] (region, mineral, year); upstream: [kt] (region, node, year).
    collection: share of what leaves its first use for good that reaches recyclers (region, segment, year), recovery: of
    a mineral there that is recovered (region, mineral, year), both [1] and NaN where nothing comes.
    """

    in_use: Array
    retired: Array
    second_life: Array
    lines: Array
    scrap: Array
    flows: Recycling
    recycled_content: Array
    end_of_life_recycling_rate: Array
    upstream: Array
    collection: Array
    recovery: Array


@frozen
class Survival:
    """Survival of first lives, (segment, chemistry, year, cohort), and of second lives, (year, cohort)."""

    first: Array
    second: Array


def survivals(resolved: Resolved, end: int = 0) -> Survival:
    """Survival matrices of a run at the value (0), low (1) or high (2) end of the lifetimes."""
    chain, inflow = _parameters(resolved), resolved.run.settings.flows
    assert inflow is not None
    years = len(resolved.years)
    # Most chemistries of a segment share one life.
    lives = {id(life): life for life in (*chain.lifetime.values(), *chain.second_lifetime.values())}
    matrix = {
        key: survival_matrix(years, inflow.inflow, life.distribution, life.mean[end], life.spread)
        for key, life in lives.items()
    }
    first = np.stack([
        np.stack([matrix[id(chain.lifetime[segment, chemistry])] for chemistry, _ in resolved.chemistries.labels])
        for segment in resolved.segments.labels
    ])  # fmt: skip
    return Survival(first, matrix[id(chain.second_lifetime[()])])


def follow(
    resolved: Resolved,
    survival: Survival,
    cells: Array,
    intensity: Array,
    route: Array,
    lines: Array | None = None,
    end: int = 0,
) -> Chain:
    """Follow one scenario's cells [GWh] (region, segment, chemistry, year) through use, reuse and recycling.

    intensity: [kg/kWh] (chemistry, mineral, year or 1); route: share of each graphite route,
    (route, year); lines: production lines of the run [GWh/yr] (region, cohort), else
    they follow from growth. Raises MineralsError naming the process where the mass balance does not close to 1e-9.
    """
    chain = _parameters(resolved)
    in_use = stock_from_sales(cells, survival.first)
    retired = retirements(cells, survival.first)
    leaving = hazard(survival.first)
    # What a cell holds is fixed when it is sold: stock and retirements carry the intensity of their cohort.
    held = np.broadcast_to(intensity, (*intensity.shape[:2], cells.shape[-1]))
    by_mineral = {
        "demand": np.einsum("rsck,cmk->rsmk", cells, held),
        "retired": np.einsum("scyk,rsck,cmk->rsmy", leaving, cells, held, optimize=True),
        "in_use": np.einsum("scyk,rsck,cmk->rsmy", survival.first, cells, held, optimize=True),
    }
    share = chain.reuse_share[end] if _second_life(resolved) else np.zeros_like(chain.reuse_share[end])
    reused = by_mineral["retired"] * share[None, :, None, :]
    again = reused.sum(axis=1)
    in_reuse = stock_from_sales(again, survival.second)
    reuse_ended = again @ hazard(survival.second).T
    collected = np.einsum("rsmy,rsy->rmy", by_mineral["retired"] - reused, chain.collection[end])
    collected += reuse_ended * chain.second_collection[end][:, None, :]
    output = cells.sum(axis=(1, 2))
    built = lines_from_growth(output) if lines is None else lines
    scrap = scrap_rate(built, chain.ramp[end], chain.scrap[end])
    recovery = recoveries(resolved, end)
    flows = recycle(
        demand=by_mineral["demand"].sum(axis=1),
        scrap=scrap[:, None, :],
        retired=by_mineral["retired"].sum(axis=1),
        reused=again,
        reuse_ended=reuse_ended,
        collected=collected,
        recovery=recovery["end_of_life"],
        prompt_recovery=recovery["prompt"],
    )
    _check_balance(resolved, flows, by_mineral["in_use"].sum(axis=1), in_reuse)
    energy = np.einsum("rscy,sy->ry", retired, share * chain.health[end])
    return Chain(
        in_use=in_use,
        retired=retired,
        second_life=stock_from_sales(energy, survival.second),
        lines=built,
        scrap=scrap,
        flows=flows,
        recycled_content=recycled_content(flows),
        end_of_life_recycling_rate=end_of_life_recycling_rate(flows),
        upstream=upstream(resolved, flows.primary_demand, route, end),
        collection=chain.collection[end],
        recovery=recovery["end_of_life"],
    )


def follow_in_detail(
    resolved: Resolved, detailed: Detailed, cells: Array, intensity: Array, route: Array, lines: Array | None = None
) -> Chain:
    """`follow` at the values, where lives, reuse, collection and recovery are of a region and chemistry each.

    intensity: [kg/kWh] (segment or 1, chemistry, mineral, year or 1). What is recovered is that of each chemistry, by
    what of it reaches recyclers, or of prompt scrap by what of it is made:

        retired[r,s,c,m,y] = Σ_k leaving[r,s,c,y,k] · cells[r,s,c,k] · intensity[s,c,m,k]
        collected[r,c,m,y] = Σ_s (retired − reused) · collection[r,s,c,y] + reuse_ended[r,c,m,y] · collection
        recovered[r,m,y]   = Σ_c collected · recovery[r,c,m,y]
    """
    chain, years = _parameters(resolved), cells.shape[-1]
    of = _bases(resolved, detailed)
    first, second = survivals_in_detail(resolved, detailed)
    held = np.broadcast_to(intensity, (len(resolved.segments), *intensity.shape[1:3], years))
    leaving, leaving_again = hazard(first), hazard(second)
    in_use = np.einsum("rscyk,rsck->rscy", first, cells)
    retired = np.einsum("rscyk,rsck->rscy", leaving, cells)
    demand = np.einsum("rsck,scmk->rcmk", cells, held)
    by_mineral = np.einsum("rscyk,rsck,scmk->rscmy", leaving, cells, held, optimize=True)
    mass_in_use = np.einsum("rscyk,rsck,scmk->rmy", first, cells, held, optimize=True)
    share = detailed.reuse_share[0][:, :, of] if _second_life(resolved) else np.zeros_like(retired)
    collection = detailed.collection[0][:, :, of]
    reused = by_mineral * share[:, :, :, None]
    again = reused.sum(axis=1)
    reuse_ended = np.einsum("rcyk,rcmk->rcmy", leaving_again, again)
    collected = np.einsum("rscmy,rscy->rcmy", by_mineral - reused, collection)
    collected = collected + reuse_ended * detailed.second_collection[0][:, of, None, :]
    rates = recoveries_in_detail(resolved, detailed)
    scrap_lines = lines_from_growth(cells.sum(axis=(1, 2))) if lines is None else lines
    scrap = scrap_rate(scrap_lines, chain.ramp[0], chain.scrap[0])
    recovery, prompt = _weighted(rates["end_of_life"], collected), _weighted(rates["prompt"], demand)
    flows = recycle(
        demand=demand.sum(axis=1),
        scrap=scrap[:, None, :],
        retired=by_mineral.sum(axis=(1, 2)),
        reused=again.sum(axis=1),
        reuse_ended=reuse_ended.sum(axis=1),
        collected=collected.sum(axis=1),
        recovery=np.nan_to_num(recovery),
        prompt_recovery=np.nan_to_num(prompt),
    )
    in_reuse = np.einsum("rcyk,rcmk->rmy", second, again)
    _check_balance(resolved, flows, mass_in_use, in_reuse)
    energy = (retired * share * detailed.health[0][:, :, of]).sum(axis=1)
    for_good = retired * (1 - share)
    return Chain(
        in_use=in_use,
        retired=retired,
        second_life=np.einsum("rcyk,rck->ry", second, energy),
        lines=scrap_lines,
        scrap=scrap,
        flows=flows,
        recycled_content=recycled_content(flows),
        end_of_life_recycling_rate=end_of_life_recycling_rate(flows),
        upstream=upstream(resolved, flows.primary_demand, route),
        collection=_weighted(collection.swapaxes(1, 2), for_good.swapaxes(1, 2)),
        recovery=recovery,
    )


def survivals_in_detail(resolved: Resolved, detailed: Detailed) -> tuple[Array, Array]:
    """Survival of first lives, (region, segment, chemistry, year, cohort), and of second ones, (region, chemistry,
    year, cohort), at the values of their lifetimes."""
    inflow, years, pairs = resolved.run.settings.flows, len(resolved.years), resolved.chemistries.labels
    assert inflow is not None
    matrices: dict[int, Array] = {}

    def survival(life: Lifetime) -> Array:
        if id(life) not in matrices:
            matrices[id(life)] = survival_matrix(years, inflow.inflow, life.distribution, life.mean[0], life.spread)
        return matrices[id(life)]

    places, uses = resolved.regions.labels, resolved.segments.labels
    first = np.array([[[survival(detailed.lifetime[r, s, c]) for c, _ in pairs] for s in uses] for r in places])
    second = np.array([[survival(detailed.second_lifetime[r, c]) for c, _ in pairs] for r in places])
    return first, second


def recoveries_in_detail(resolved: Resolved, detailed: Detailed) -> dict[str, Array]:
    """Share of a mineral that recyclers recover of each chemistry, by stream, (region, chemistry, mineral, year)."""
    of = _bases(resolved, detailed)
    return {
        stream: mixed_recovery(detailed.route[0][:, of], recovery[0][:, of])
        for stream, recovery in detailed.recovery.items()
    }


def returning_in_detail(resolved: Resolved, detailed: Detailed) -> Array:
    """`returning` where lives, reuse and collection are of a region and chemistry each."""
    of, (first, second) = _bases(resolved, detailed), survivals_in_detail(resolved, detailed)
    leaving, collection = hazard(first), detailed.collection[0][:, :, of]
    share = detailed.reuse_share[0][:, :, of] if _second_life(resolved) else np.zeros_like(collection)
    kept = leaving * ((1 - share) * collection)[..., None]
    again = np.einsum("rcyv,rscvk,rscv->rscyk", hazard(second), leaving, share)
    return np.asarray(kept + again * detailed.second_collection[0][:, None, of, :, None])


def _bases(resolved: Resolved, detailed: Detailed) -> list[int]:
    """Place among the base chemistries of each chemistry of a run."""
    return [detailed.chemistries.index(chemistry) for chemistry, _ in resolved.chemistries.labels]


def _weighted(rate: Array, weight: Array) -> Array:
    """Mean of a rate over its second axis, weighted; NaN where nothing weighs."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((rate * weight).sum(axis=1) / weight.sum(axis=1))


def recoveries(resolved: Resolved, end: int = 0) -> dict[str, Array]:
    """Share of a mineral that recyclers recover, by stream (end_of_life, prompt): (region or 1, mineral, year) each."""
    chain = _parameters(resolved)
    return {stream: mixed_recovery(chain.route[end], rate[end][None]) for stream, rate in chain.recovery.items()}


def returning(resolved: Resolved, survival: Survival, collected: int = 0) -> Array:
    """Share of what a cohort holds that reaches recyclers, (region, segment, chemistry, year, cohort): what `follow`
    collects of one GWh, after a first life and after a second. collected: at the value (0), low (1) or high (2) end of
    collection."""
    chain, leaving = _parameters(resolved), hazard(survival.first)
    share = chain.reuse_share[0] if _second_life(resolved) else np.zeros_like(chain.reuse_share[0])
    kept = np.einsum("scyk,sy,rsy->rscyk", leaving, 1 - share, chain.collection[collected])
    again = np.einsum("yv,scvk,sv->scyk", hazard(survival.second), leaving, share)
    return np.asarray(kept + again[None] * chain.second_collection[collected][:, None, None, :, None])


def upstream(resolved: Resolved, primary: Array, route: Array, end: int = 0) -> Array:
    """Need by upstream node [kt], (region, node, year): primary demand × mass of the node's product per mass of it.

    Graphite goes by route: natural and synthetic have their own nodes. What several ways need of a node adds up, and of
    products that one mass gives at once the one counts that needs most (`flows.joint`).
    """
    chain, minerals = _parameters(resolved), resolved.minerals.labels
    need = []
    for node in chain.nodes:
        shares = [route[GRAPHITE_ROUTES.index(way.route)] if way.route else 1.0 for way in node.ways]
        parts = np.stack([
            primary[:, minerals.index(way.mineral)] * share * way.per_kg[end]
            for way, share in zip(node.ways, shares, strict=True)
        ])  # fmt: skip
        need.append((parts * counted(parts, [way.together for way in node.ways])).sum(axis=0))
    return np.stack(need, axis=1) if need else np.zeros((primary.shape[0], 0, primary.shape[2]))


def _check_balance(resolved: Resolved, flows: Recycling, in_use: Array, in_reuse: Array) -> None:
    before = np.zeros_like(in_use[..., :1])
    if not np.isfinite(flows.input).all():
        return  # Numbers of the inputs overflow, which is told of the tables.
    scale = flows.input.max(axis=(0, 2), keepdims=True)
    open_ = unbalanced(imbalances(flows, in_use, in_reuse, before), scale)
    if open_:
        words = "; ".join(f"{process} by {worst:.1e} of its largest flow" for process, worst in open_)
        raise MineralsError(f"the mass balance of {resolved.run.name} does not close: {words}; nothing was written")


def _parameters(resolved: Resolved) -> Parameters:
    assert resolved.parameters is not None
    return resolved.parameters


def _second_life(resolved: Resolved) -> bool:
    flows = resolved.run.settings.flows
    return flows is not None and flows.second_life
