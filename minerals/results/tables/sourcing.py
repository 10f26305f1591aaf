"""What regions get of each node: how far it covers their need, where it comes from, and what trade rules say of it."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...axes import Axis, tidy
from ...case.chokepoints import Chokepoints
from ...case.concentration import STAGES
from ...columns import Columns
from ...exposure.coverage import covered
from ...flows.demand import Array
from ...tables.codes import ANY, EUROPE


def coverage(chokepoints: Chokepoints) -> Columns:
    """Need and what could cover it, by node: own supply, access and its bounds, allies alone, all but the largest
    supplier.

    For each region, all together, and those that share a pool when a disruption of the run closes countries.
    """
    inputs = chokepoints.inputs
    pools = [regions for event in inputs.events for regions in chokepoints.pools(event.cuts)]
    groups = dict.fromkeys([*((region,) for region in chokepoints.regions), chokepoints.regions, *pools])
    axes = [
        Axis("scenario", tuple(chokepoints.scenarios)), Axis("region", tuple(map(chokepoints.name_of, groups))),
        Axis("year", chokepoints.years), Axis("node", tuple(node.node for node in inputs.nodes)),
        Axis("measure", (*AMOUNTS, *SHARES)),
    ]  # fmt: skip
    values = np.zeros([len(axis) for axis in axes])
    keep = np.zeros(values.shape, dtype=bool)
    for g, regions in enumerate(groups):
        owned = [chokepoints.reserves(node, regions) if node.stage == "mining" else None for node in inputs.nodes]
        reserves = np.array(owned, dtype=float)
        for s, scenario in enumerate(chokepoints.scenarios):
            for y in range(len(chokepoints.years)):
                found = _covering(chokepoints, scenario, regions, y, reserves)
                need = found["need"][0] > 0
                for m, (value, known) in enumerate(found[measure] for measure in axes[-1].labels):
                    values[s, g, y, :, m], keep[s, g, y, :, m] = value, known & need
    table = tidy(values, axes, keep=keep)
    stage, unit = ({node.node: getattr(node, name) for node in inputs.nodes} for name in ("stage", "unit"))
    units = [unit[node] if measure in AMOUNTS else "1" for node, measure in table.rows("node", "measure")]
    table = table.assign(stage=[stage[node] for node in table["node"]], unit=units)
    return table.select("scenario", "region", "node", "stage", "year", "measure", "value", "unit")


#: Measures of `coverage`: in the unit of the node, and shares.
AMOUNTS = (
    "need", "own", "recovered", "exported", "accessible", "accessible_none", "accessible_all", "follow_on", "others",
)  # fmt: skip
SHARES = (
    "from_home", "share_of_pool", "share_of_world_need", "own_share_of_reserves", "own_coverage",
    "accessible_coverage", "friendly_coverage", "without_largest_coverage",
)  # fmt: skip


def _covering(
    chokepoints: Chokepoints, scenario: str, regions: tuple[str, ...], y: int, reserves: Array
) -> dict[str, tuple[Array, NDArray[np.bool_]]]:
    """Measures of `coverage` in a year, and where each is told, (node) each. reserves: what share of those of a node
    the regions have, (node) [1], NaN where nobody knows."""
    inputs, plan, reach = chokepoints.inputs, chokepoints.plan(scenario, regions, y), chokepoints.access(regions, y)
    relief, need = chokepoints.relief(scenario, regions, y), plan.need
    none, every = (bound + relief for bound in reach.bounds)
    named = np.where(inputs.is_group, 0.0, np.nan_to_num(reach.exported))
    but_largest = (np.arange(len(inputs.countries)) != named.argmax(axis=1)[:, None]).astype(float)
    accessible = reach.accessible + relief
    of_world = chokepoints.supply[y].need.sum(axis=1)
    where_finite = {
        "need": need,
        "own": reach.own,
        "recovered": relief,
        "exported": reach.pool,
        "accessible": accessible,
        "accessible_none": none,
        "accessible_all": every,
        "share_of_world_need": need / np.where(of_world > 0, of_world, np.nan),
        "own_share_of_reserves": reserves,
        "own_coverage": covered(reach.own + relief, need),
        "accessible_coverage": covered(accessible, need),
        "friendly_coverage": covered(reach.from_members(inputs.allies) + relief, need),
        "without_largest_coverage": covered(reach.from_members(but_largest) + relief, need),
    }
    where_any = {
        "follow_on": chokepoints.follow_on(scenario, regions, y).amount,
        "others": chokepoints.kept(regions, y, reach),
        "from_home": plan.flows.from_home,
    }
    return {
        **{name: (value, np.isfinite(value)) for name, value in where_finite.items()},
        **{name: (value, value != 0) for name, value in where_any.items()},
        "share_of_pool": (reach.share, np.isfinite(reach.own)),
    }


#: Kinds of rules that a run is held against; the others are data.
TESTED = ("minimum_own", "maximum_single", "exclusion")
#: Stage of a rule that is about what is recovered.
RECYCLING = "recycling"


def trade_rules(chokepoints: Chokepoints) -> Columns:
    """Rules of trade on shares of supply, beside what a region has, by node, in the years in which they hold.

    minimum_own: what the rule's group makes within the region ÷ need of strategic nodes, or at the stage `recycling`
    what is recovered ÷ need of refining; maximum_single: share of the largest third country in them; exclusion: share
    of a group of countries, of which `value` is excluded.
    """
    rows = []
    places = [
        (region, rule)
        for rule in chokepoints.inputs.rules
        for region in chokepoints.regions
        if rule.kind in TESTED and _is_under(chokepoints, rule, region)
    ]
    for region, rule in places:
        until = chokepoints.years[-1] if isnan(rule.until) else rule.until
        for scenario in chokepoints.scenarios:
            for y, calendar in enumerate(chokepoints.years):
                if rule.year <= calendar <= until:
                    head = (scenario, region, rule.rule, rule.label, rule.law, rule.kind)
                    rows += [
                        (*head, *row[:2], calendar, *row[2:]) for row in _held(chokepoints, rule, region, scenario, y)
                    ]
    columns = ["scenario", "region", "rule", "label", "law", "kind", "node", "stage", "year", "limit", "value",
               "country", "met"]  # fmt: skip
    return Columns.from_rows(rows, columns, unit="1")


def _is_under(chokepoints: Chokepoints, rule: Any, region: str) -> bool:
    """Whether a rule holds for a region: those of Europe are the European Union's, others hold for all within."""
    if rule.region == EUROPE:
        return region in chokepoints.resolved.union
    return rule.region in chokepoints.wider[region]


def _held(chokepoints: Chokepoints, rule: Any, name: str, scenario: str, y: int) -> Iterable[tuple[Any, ...]]:
    """(node, stage, limit, value, country, met) of the nodes that a rule is about in a region.

    What a rule of the European Union holds to be at home is its, of whichever member.
    """
    inputs, region = chokepoints.inputs, (name,)
    need, relief = chokepoints.plan(scenario, region, y).embodied, chokepoints.relief(scenario, region, y)
    _, by_country = chokepoints.sources(scenario, region, y)
    at_home = chokepoints.at_home(chokepoints.union if rule.region == EUROPE else region)
    recycling = rule.stage == RECYCLING
    if recycling and chokepoints.resolved.parameters is None:
        return  # Without [flows] nothing is recovered, and nothing said of it.
    stage = "refining" if recycling else rule.stage
    known = (need > 0) & np.isfinite(by_country).all(axis=1)
    for n, node in enumerate(inputs.nodes):
        if stage not in (node.stage, ANY) or not known[n] or (rule.kind != "exclusion" and not node.strategic):
            continue
        country, limit = "", rule.value
        if recycling:
            value = min(relief[n] / need[n], 1.0)
        elif rule.kind == "minimum_own":
            value = np.where(at_home, by_country[n], 0.0) @ inputs.members[rule.group]
        elif rule.kind == "maximum_single":
            abroad = np.where(at_home | inputs.is_group, 0.0, by_country[n])
            country, value = inputs.countries[int(abroad.argmax())], abroad.max()
        else:
            limit, value = 1 - rule.value, by_country[n] @ inputs.members[rule.group]
        met = value >= limit if rule.kind == "minimum_own" else value <= limit
        yield (node.node, node.stage, limit, float(value), country, "yes" if met else "no")


#: Minerals whose way into the region's batteries is followed.
CHAINS = ("graphite", "lithium", "nickel", "cobalt")
#: Flows below this share of their chain are left out.
SMALL = 1e-4
USE = "use"


def sourcing(chokepoints: Chokepoints) -> Columns:
    """Way of a mineral from stage to stage and country to country in the last year [kt].

    Cells by their origin, the rest pro rata: at each stage a region takes its own supply first and the rest by what
    others export; makers elsewhere take from the world's makers by their shares. No trade that was observed.
    """
    rows: list[tuple[Any, ...]] = []
    y = len(chokepoints.years) - 1
    for chain in CHAINS:
        nodes = _stages_of(chokepoints, chain)
        if len(nodes) < 2:
            continue
        for scenario in chokepoints.scenarios:
            for region in chokepoints.regions:
                rows += _flows(chokepoints, scenario, region, y, chain, nodes)
    columns = ["scenario", "region", "year", "chain", "stage_from", "country_from", "stage_to", "country_to", "value"]
    return Columns.from_rows(rows, columns, unit="kt")


def _stages_of(chokepoints: Chokepoints, mineral: str) -> list[int]:
    """Nodes of a mineral's chain whose makers are known, one a stage, up to the lithium-ion cell."""
    known = np.asarray(np.isfinite(chokepoints.inputs.share).all(axis=(1, 2)))
    chain: dict[str, int] = {}
    for n, node in enumerate(chokepoints.inputs.nodes):
        if known[n] and any(part[0] == mineral for part in node.products):
            chain.setdefault(node.stage, n)
        if known[n] and node.node.startswith("li_ion_cell"):
            chain["cell"] = n
    return [chain[stage] for stage in STAGES if stage in chain]


def _part(chokepoints: Chokepoints, node: int, y: int) -> float:
    """Share of a mineral that passes a node: that of its graphite route, or all."""
    routes = {route for _, route, _ in chokepoints.inputs.nodes[node].products}
    if "" in routes or not routes:
        return 1.0
    return float(chokepoints.uses.route[y] if "natural" in routes else 1 - chokepoints.uses.route[y])


def _flows(
    chokepoints: Chokepoints, scenario: str, region: str, y: int, chain: str, nodes: list[int]
) -> Iterable[tuple[Any, ...]]:
    """Flows of one mineral into the batteries of a region, from the last stage back."""
    inputs, resolved = chokepoints.inputs, chokepoints.resolved
    plan = chokepoints.plan(scenario, (region,), y)
    total = float(plan.cells @ chokepoints.intensity(chain, scenario, (region,), y))
    if not total:
        return
    _, mine = chokepoints.sources(scenario, (region,), y)
    made = np.nan_to_num(chokepoints.supply[y].made)
    world = np.divide(made, made.sum(axis=1, keepdims=True), out=np.zeros_like(made), where=made > 0)
    inside = chokepoints.at_home((region,))
    # Mass of the mineral by the country that makes the product of a stage.
    stage = inputs.nodes[nodes[-1]].stage
    origin = chokepoints.origins.of((region,), y, nodes[-1]) if stage == "cell" else mine[nodes[-1]]
    by_maker = total * (origin if origin.any() else mine[nodes[-1]])
    for j in np.flatnonzero(by_maker > SMALL * total):
        yield (
            scenario,
            region,
            chokepoints.years[y],
            chain,
            stage,
            inputs.countries[j],
            USE,
            region,
            float(by_maker[j]),
        )
    for after, node in zip(nodes[::-1], nodes[-2::-1], strict=False):
        here, there = inputs.nodes[node].stage, inputs.nodes[after].stage
        share = _part(chokepoints, node, y) / _part(chokepoints, after, y)
        flow = np.where(inside[:, None], mine[node], world[node]) * by_maker[:, None] * share  # (to, from)
        for j, i in zip(*np.nonzero(flow > SMALL * total), strict=True):
            yield (
                scenario, region, resolved.reported[y], chain, here, inputs.countries[i], there, inputs.countries[j],
                float(flow[j, i]),
            )  # fmt: skip
        by_maker = flow.sum(axis=0)
