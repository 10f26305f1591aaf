"""Tables of a run with [exposure]: how concentrated the chains are, what covers the need, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..exposure import concentration as measures
from ..exposure import geopolrisk
from ..exposure.coverage import Cuts, access, covered
from ..flows.demand import Array
from ..tables.inputs import Inputs
from ..tables.supply import ENERGY
from .chokepoints import Chokepoints
from .risk import risk

STAGES = ("mining", "refining", "active_material", "cell")


def exposure(points: Chokepoints, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """All tables of the exposure of a run."""
    concentrated = _concentration(points)
    return {
        "concentration": concentrated,
        "exposure": _exposure(points, concentrated),
        "supply": _supply(points),
        "supply_cut": _supply_cut(points),
        "battery_supply": _battery_supply(points),
        "reference_need": _reference_need(points),
        "node_use": _node_use(points),
        "coverage": _coverage(points),
        **risk(points, inputs),
        "geopolrisk": _geopolrisk(points, concentrated),
        "trade_rules": _rules(points),
        "sourcing": _sourcing(points),
        "cell_capacity": _cell_capacity(points),
        "announced_capacity": points.inputs.cell_plants,
    }


# ---------------------------------------------------------------------- concentration


def _concentration(points: Chokepoints) -> pd.DataFrame:
    """Measures of every node in every year; nodes of which nothing is known have one row that says so."""
    inputs, asked = points.inputs, points.asked
    rows: list[tuple[Any, ...]] = []
    for n, node in enumerate(inputs.nodes):
        head = (asked.future, node.node, node.label, node.stage, node.part, node.item)
        if np.isnan(inputs.share[n]).any():
            rows.append((*head, points.years[0], 0, "", "unknown", "", "", np.nan, np.nan, np.nan))
            continue
        shares = (inputs.share[n] / inputs.share[n].sum(axis=0)).T  # (year, country)
        if inputs.plants[n].any() and np.isfinite(points.supply[0].made[n]).all():
            made = np.stack([supply.made[n] for supply in points.supply])
            shares = made / made.sum(axis=1, keepdims=True)
        top = measures.top1(shares, inputs.is_group)
        found = {
            "top1": (top.share, top.share, top.high),
            "top3": _bounds(measures.largest(shares, inputs.is_group, 3)),
            "concern_share": (measures.members_share(shares, inputs.concern),) * 3,
            "hhi": _bounds(measures.hhi(shares, inputs.is_group)),
            "hhi_wgi": _bounds(measures.hhi_wgi(shares, inputs.risk, inputs.is_group)),
            "non_allied_share": (measures.non_allied_share(shares, inputs.allies),) * 3,
            "n1_left": _bounds(measures.n1_left(shares, inputs.is_group)),
        }
        for y, calendar in enumerate(points.years):
            largest = inputs.countries[int(top.country[y])] if top.country[y] >= 0 else ""
            for measure, ends in found.items():
                code = largest if measure == "top1" else ""
                rows.append((
                    *head, calendar, int(inputs.data_year[n, y]), inputs.confidence[n], measure, code,
                    inputs.country_labels.get(code, ""), *(float(end[y]) for end in ends),
                ))  # fmt: skip
    columns = ["future", "node", "label", "stage", "part", "item", "year", "data_year", "confidence", "measure",
               "country", "country_label", "value", "low", "high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).assign(unit="1")


def _bounds(found: measures.Bounds) -> tuple[Array, Array, Array]:
    """Value: the upper bound where groups are one country, as published indices have it; low and high."""
    return found.high, found.low, found.high


def _measured(points: Chokepoints, concentrated: pd.DataFrame, measure: str) -> Array:
    """A measure of the nodes, (node, year), NaN where unknown."""
    frame = concentrated[concentrated["measure"] == measure]
    out = np.full((len(points.inputs.nodes), len(points.years)), np.nan)
    for row in frame.itertuples():
        out[points.inputs.place(str(row.node)), points.years.index(int(row.year))] = row.value
    return out


def _exposure(points: Chokepoints, concentrated: pd.DataFrame) -> pd.DataFrame:
    """Exposure of the regions by node, and of each chemistry by its weakest link and its path."""
    inputs, resolved = points.inputs, points.resolved
    hhi, concern, top = (_measured(points, concentrated, name) for name in ("hhi", "concern_share", "top1"))
    rows: list[tuple[Any, ...]] = []
    labels = resolved.chemistries.labels
    in_path = np.array([node.in_path for node in inputs.nodes])
    place = {"all": np.ones(len(inputs.nodes), bool)}
    place |= {stage: np.array([node.stage == stage for node in inputs.nodes]) for stage in STAGES}
    place |= {"cathode": np.array([node.part == "cathode" for node in inputs.nodes])}
    place |= {
        f"cathode {stage}": place["cathode"] & place[stage] for stage in ("mining", "refining", "active_material")
    }
    for y, calendar in enumerate(points.years):
        fixed = points.uses.fixed[:, :, y]
        routed = np.outer(points.uses.carrier[:, y], points.uses.natural + points.uses.synthetic)
        use = (fixed + routed) > 0
        links: dict[tuple[str, str], measures.Weakest] = {}
        for where, mask in place.items():
            for name, measure in (("hhi", hhi), ("concern", concern)):
                weakest = measures.weakest_link(measure[:, y], use & mask)
                links[where, name] = weakest
                for c, (chemistry, silicon) in enumerate(labels):
                    if weakest.node[c] >= 0:
                        code = inputs.nodes[int(weakest.node[c])].node
                        rows.append((
                            "", "", chemistry, silicon, code, calendar, f"weakest_{name}", where,
                            float(weakest.value[c]), np.nan, np.nan,
                        ))  # fmt: skip
        share = np.where(np.isnan(concern[:, y]), 0.0, concern[:, y])
        paths = measures.path(share, use & in_path & ~np.isnan(concern[:, y]))
        for c, (chemistry, silicon) in enumerate(labels):
            rows.append((
                "", "", chemistry, silicon, "", calendar, "path_concern", "all", float(paths.independent[c]),
                float(paths.low[c]), float(paths.high[c]),
            ))  # fmt: skip
        for scenario, mine in points.scenarios.items():
            for region, cells in _places(points, mine.cells[..., y].sum(axis=1)):
                total = cells.sum()
                if not total:
                    continue
                hangs = (cells @ use) / total
                for n, node in enumerate(inputs.nodes):
                    found = [("dependent_gwh", hangs[n]), ("exposure_top1", hangs[n] * top[n, y]),
                             ("exposure_concern", hangs[n] * concern[n, y])]  # fmt: skip
                    rows += [
                        (scenario, region, "", np.nan, node.node, calendar, name, "", float(number), np.nan, np.nan)
                        for name, number in found if np.isfinite(number)
                    ]  # fmt: skip
                for where in place:
                    for name in ("hhi", "concern"):
                        link = links[where, name].value
                        mean = float(measures.weighted_mean(np.where(np.isnan(link), 0.0, link), cells))
                        rows.append((
                            scenario, region, "", np.nan, "", calendar, f"weakest_{name}", where, mean, np.nan, np.nan
                        ))  # fmt: skip
                ends = [float(measures.weighted_mean(end, cells)) for end in (paths.independent, paths.low, paths.high)]
                rows.append((scenario, region, "", np.nan, "", calendar, "path_concern", "all", *ends))
    columns = ["scenario", "region", "chemistry", "silicon", "node", "year", "measure", "among", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(unit="1")


def _places(points: Chokepoints, cells: Array) -> Iterable[tuple[str, Array]]:
    """Cells (region, chemistry) of each region, and of all together where there are several."""
    yield from zip(points.regions, cells, strict=True)
    if len(points.regions) > 1:
        yield points.label, cells.sum(axis=0)


# ---------------------------------------------------------------------- coverage


def _coverage(points: Chokepoints) -> pd.DataFrame:
    """Need and what could cover it, by node: own supply, access, allies alone, all but the largest supplier.

    For each region, all together, and those that share a pool when a disruption of the run closes countries.
    """
    inputs = points.inputs
    rows: list[tuple[Any, ...]] = []
    pools = [regions for event in inputs.events for regions in points.pools(event.cuts)]
    groups = dict.fromkeys([*((region,) for region in points.regions), points.regions, *pools])
    for scenario in points.scenarios:
        for regions in groups:
            for y, calendar in enumerate(points.years):
                plan = points.plan(scenario, regions, y)
                reach = points.access(regions, y)
                relief = points.relief(scenario, regions, y)
                need = plan.need
                largest = np.nan_to_num(reach.exported).argmax(axis=1)
                without = np.where(np.arange(len(inputs.countries)) == largest[:, None], 0.0, reach.exported)
                found = {
                    "own": reach.own + relief,
                    "accessible": reach.accessible + relief,
                    "friendly": reach.from_members(inputs.allies) + relief,
                    "without_largest": reach.own + reach.share * without.sum(axis=1) + relief,
                }
                ratios = {name: covered(amount, need) for name, amount in found.items()}
                world = np.where(points.supply[y].need.sum(axis=1) > 0, points.supply[y].need.sum(axis=1), np.nan)
                head = (scenario, points.name_of(regions))
                for n, node in enumerate(inputs.nodes):
                    if need[n] <= 0:
                        continue
                    told = [("need", need[n]), ("own", reach.own[n]), ("recovered", relief[n]),
                            ("exported", reach.exported[n].sum()), ("accessible", found["accessible"][n])]  # fmt: skip
                    rows += [
                        (*head, node.node, node.stage, calendar, name, float(value), node.unit)
                        for name, value in told if np.isfinite(value)
                    ]  # fmt: skip
                    if np.isfinite(reach.own[n]):
                        pool = (*head, node.node, node.stage, calendar, "share_of_pool")
                        rows.append((*pool, float(reach.share[n]), "1"))
                    if np.isfinite(need[n] / world[n]):
                        share = float(need[n] / world[n])
                        rows.append((*head, node.node, node.stage, calendar, "share_of_world_need", share, "1"))
                    if node.stage == "mining" and (owned := points.reserves(node, regions)) is not None:
                        rows.append((*head, node.node, node.stage, calendar, "own_share_of_reserves", owned, "1"))
                    rows += [
                        (*head, node.node, node.stage, calendar, f"{name}_coverage", float(ratio[n]), "1")
                        for name, ratio in ratios.items() if np.isfinite(ratio[n])
                    ]  # fmt: skip
    columns = ["scenario", "region", "node", "stage", "year", "measure", "value", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _geopolrisk(points: Chokepoints, concentrated: pd.DataFrame) -> pd.DataFrame:
    """GeoPolRisk of the regions whose origins of imports are known, in the year of that trade.

    A published indicator beside ours: HHI of who makes a node × import risk, Σ share of origin × political instability.
    Trade is known as shares of imports, so production at home does not lower the risk here.
    """
    rows: list[tuple[Any, ...]] = []
    hhi = concentrated[concentrated["measure"] == "hhi"].groupby("node")["value"].first()
    for (region, node, year), origins in points.inputs.origins.groupby(["region", "node", "year"], sort=False):
        if region not in points.regions or node not in hhi.index:
            continue
        named = origins[origins["country"].isin(points.inputs.stability)]
        home = points.inputs.home_of(named["country"]) == region
        g = geopolrisk.instability([points.inputs.stability[code] for code in named["country"]])
        risk = float(geopolrisk.import_risk(named["value"].to_numpy(), geopolrisk.across_borders(g, home)))
        found = {"hhi": hhi[node], "import_risk": risk, "score": float(geopolrisk.score(hhi[node], risk))}
        rows += [(region, node, year, measure, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["region", "node", "year", "measure", "value"]).assign(unit="1")


#: Kinds of rules that a run is held against, at each stage or at any; the others are data.
TESTED, ANY = ("minimum_own", "maximum_single", "exclusion"), "any"
#: Stage of a rule that is about recycled content, not about a node.
RECYCLING = "recycling"


def _supply(points: Chokepoints) -> pd.DataFrame:
    """What each country makes of each node and exports after its home is served, without a disruption.

    home: customer it belongs to; share: of all that is made; added: delivered of announced plants; rows: those of the
    share without them. value = share by the rows × battery_supply + added. Of a node whose supply is not known, the
    shares alone.
    """
    inputs, asked = points.inputs, points.asked
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(points.years):
        made, exported = points.supply[y].made, _exported(points, y)
        known = np.nan_to_num(inputs.share[:, :, y])
        shares = known / np.where(known.sum(axis=1, keepdims=True) > 0, known.sum(axis=1, keepdims=True), 1.0)
        world = made.sum(axis=1, keepdims=True)
        shares = np.where(np.isfinite(world), np.divide(made, world, out=shares.copy(), where=world > 0), shares)
        for n, k in zip(*np.nonzero(shares > 0), strict=True):
            node, country = inputs.nodes[n], inputs.countries[k]
            behind = inputs.share_rows.get((node.node, calendar), {}).get(country, "")
            rows.append((
                asked.future, node.node, country, inputs.country_labels[country], points.home(k), calendar,
                shares[n, k], made[n, k], exported[n, k],
                inputs.plants[n, k, y], node.unit, str(behind),
            ))  # fmt: skip
    columns = [
        "future",
        "node",
        "country",
        "country_label",
        "home",
        "year",
        "share",
        "value",
        "exported",
        "added",
        "unit",
        "rows",
    ]
    return pd.DataFrame(rows, columns=columns)


def _exported(points: Chokepoints, y: int, cuts: Cuts | None = None) -> Array:
    """What each country exports, (node, country), to whoever is not at home with it."""
    return access(points.supply[y], np.zeros(len(points.customers), bool), cuts).exported


def _supply_cut(points: Chokepoints) -> pd.DataFrame:
    """What a disruption leaves of what a country makes and exports, where it changes either."""
    inputs = points.inputs
    rows: list[tuple[Any, ...]] = []
    for event in inputs.events:
        cuts = points.cuts(event.cuts)
        for y, calendar in enumerate(points.years):
            if calendar < event.start:
                continue
            before, after = (np.nan_to_num(_exported(points, y, each)) for each in (None, cuts))
            left = np.nan_to_num(points.supply[y].made * (1 - cuts.output))
            for n, k in zip(
                *np.nonzero((before != after) | (left != np.nan_to_num(points.supply[y].made))), strict=True
            ):
                rows.append((
                    event.disruption, inputs.nodes[n].node, inputs.countries[k], calendar, left[n, k], after[n, k],
                    inputs.nodes[n].unit,
                ))  # fmt: skip
    return pd.DataFrame(rows, columns=["disruption", "node", "country", "year", "value", "exported", "unit"])


def _battery_supply(points: Chokepoints) -> pd.DataFrame:
    """World supply of each node that batteries can have, before announced plants: published, or the need of the
    reference world and a headroom."""
    inputs = points.inputs
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(points.years):
        needed = points.supply[y].need.sum(axis=1)
        for n, node in enumerate(inputs.nodes):
            published = float(inputs.published[n, y])
            by_need = needed[n] * (1 + inputs.headroom[n])
            if np.isnan(published) and not needed[n]:
                continue
            value, fill = (by_need, "need and headroom") if np.isnan(published) else (published, "published")
            rows.append((
                points.asked.future, node.node, calendar, needed[n], inputs.headroom[n], value, node.unit, fill,
                str(inputs.supply_rows[node.node][y]),
            ))  # fmt: skip
    columns = ["future", "node", "year", "need", "headroom", "value", "unit", "fill", "rows"]
    return pd.DataFrame(rows, columns=columns)


def _reference_need(points: Chokepoints) -> pd.DataFrame:
    """Need of the reference world by customer, less what it recovers."""
    rows = [
        (node.node, customer, calendar, float(points.supply[y].need[n, c]), node.unit)
        for y, calendar in enumerate(points.years)
        for n, node in enumerate(points.inputs.nodes)
        for c, customer in enumerate(points.customers)
    ]
    return pd.DataFrame(rows, columns=["node", "region", "year", "value", "unit"])


def _node_use(points: Chokepoints) -> pd.DataFrame:
    """What a node makes per mass of a mineral in the cell, or per energy; with chemistry '' for all with the mineral.

    Use of a node per GWh = Σ of its rows, value × intensity of `per` × share of the route, or value per `energy`.
    """
    rows: list[tuple[Any, ...]] = []
    bases = list(dict.fromkeys(base for base, _ in points.resolved.chemistries.labels))
    for node in points.inputs.nodes:
        for (mineral, route, ends), behind in zip(node.products, node.product_rows, strict=True):
            rows.append((node.node, "", mineral, route, float(ends[0]), "kg/kg", str(behind)))
        for base in bases:
            if base in node.uses:
                per, ends = node.uses[base]
                unit = f"{node.unit}/GWh" if per == ENERGY else "kg/kg"
                rows.append((node.node, base, per, "", float(ends[0]), unit, str(node.use_rows[base])))
    return pd.DataFrame(rows, columns=["node", "chemistry", "per", "route", "value", "unit", "rows"])


def _rules(points: Chokepoints) -> pd.DataFrame:
    """Rules of trade on shares of supply, beside what the region's sourcing holds, by node, from the rule's year on.

    minimum_own: own supply ÷ need of strategic nodes; maximum_single: share of the largest third country in them;
    exclusion: share of a group of countries, of which `value` is excluded. Recycled content is told in `recycling`.
    """
    inputs, rows = points.inputs, []
    for rule in inputs.rules.itertuples():
        if rule.region not in points.regions or rule.kind not in TESTED or rule.stage == RECYCLING:
            continue
        for scenario in points.scenarios:
            for y, calendar in enumerate(points.years):
                if calendar < rule.year:
                    continue
                need = points.plan(scenario, (rule.region,), y).need
                own, by_country = points.sources(scenario, (rule.region,), y)
                for n, node in enumerate(inputs.nodes):
                    applies = rule.stage in (node.stage, ANY) and need[n] > 0 and np.isfinite(by_country[n]).all()
                    if not applies or (rule.kind != "exclusion" and not node.strategic):
                        continue
                    country, limit = "", rule.value
                    if rule.kind == "minimum_own":
                        value, met = own[n], own[n] >= rule.value
                    else:
                        abroad = np.where(points.at_home((rule.region,)), 0.0, by_country[n])
                        if rule.kind == "maximum_single":
                            abroad = np.where(inputs.is_group, 0.0, abroad)
                            country = inputs.countries[int(abroad.argmax())]
                            value = abroad.max()
                        else:
                            limit, value = 1 - rule.value, abroad @ inputs.members[rule.group]
                        met = value <= limit
                    rows.append((
                        scenario, rule.region, rule.rule, rule.label, rule.law, rule.kind, node.node, node.stage,
                        calendar, limit, float(value), country, "yes" if met else "no",
                    ))  # fmt: skip
    columns = ["scenario", "region", "rule", "label", "law", "kind", "node", "stage", "year", "limit", "value",
               "country", "met"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).assign(unit="1")


# ---------------------------------------------------------------------- sourcing


#: Source of the blocs of cell capacity, and the bloc that holds two of the others.
BLOCS_OF = "carnegie-2026"
OECD, OECD_PARTS = "R_OECD", ("USA", "R_EUR")


def _cell_capacity(points: Chokepoints) -> pd.DataFrame:
    """Capacity, production and demand of cells by country as published [GWh/yr]."""
    frame = points.inputs.cell_capacity
    # Blocs overlap and sources differ: the blocs of the report alone, and of the OECD what its parts leave.
    frame = frame[frame["source"].str.contains(BLOCS_OF)].set_index(["country", "measure", "year"])
    columns = ["value", "low", "high", "unit", "source"]
    out = frame[columns].astype({"value": float, "low": float, "high": float})
    for key in [key for key in out.index if key[0] == OECD]:
        for part in OECD_PARTS:
            if (part, *key[1:]) in out.index:
                ends = out.loc[(part, *key[1:]), ["value", "low", "high"]]
                out.loc[key, ["value", "low", "high"]] -= ends.fillna(ends["value"])
    out = out.reset_index()
    labels = {**points.inputs.country_labels, OECD: "Other OECD countries", "R_EMDE": "Emerging economies"}
    out.insert(1, "label", out["country"].map(labels))
    return out


#: Minerals whose way into the region's batteries is followed.
CHAINS = ("graphite", "lithium", "nickel", "cobalt")
#: Flows below this share of their chain are left out.
SMALL = 1e-4
USE = "use"


def _sourcing(points: Chokepoints) -> pd.DataFrame:
    """Way of a mineral from stage to stage and country to country in the last year [kt].

    Pro rata: at each stage a region takes its own supply first and the rest by what others export; makers elsewhere
    take from the world's makers by their shares. No trade that was observed.
    """
    rows: list[tuple[Any, ...]] = []
    y = len(points.years) - 1
    for chain in CHAINS:
        nodes = _stages_of(points, chain)
        if len(nodes) < 2:
            continue
        for scenario in points.scenarios:
            for region in points.regions:
                rows += _flows(points, scenario, region, y, chain, nodes)
    columns = ["scenario", "region", "year", "chain", "stage_from", "country_from", "stage_to", "country_to", "value"]
    return pd.DataFrame(rows, columns=columns).assign(unit="kt")


def _stages_of(points: Chokepoints, mineral: str) -> list[int]:
    """Nodes of a mineral's chain whose makers are known, one a stage, up to the lithium-ion cell."""
    known = np.asarray(np.isfinite(points.inputs.share).all(axis=(1, 2)))
    chain: dict[str, int] = {}
    for n, node in enumerate(points.inputs.nodes):
        if known[n] and any(part[0] == mineral for part in node.products):
            chain.setdefault(node.stage, n)
        if known[n] and node.node.startswith("li_ion_cell"):
            chain["cell"] = n
    return [chain[stage] for stage in STAGES if stage in chain]


def _part(points: Chokepoints, node: int, y: int) -> float:
    """Share of a mineral that passes a node: that of its graphite route, or all."""
    routes = {route for _, route, _ in points.inputs.nodes[node].products}
    if "" in routes or not routes:
        return 1.0
    return float(points.uses.route[y] if "natural" in routes else 1 - points.uses.route[y])


def _flows(
    points: Chokepoints, scenario: str, region: str, y: int, chain: str, nodes: list[int]
) -> Iterable[tuple[Any, ...]]:
    """Flows of one mineral into the batteries of a region, from the last stage back."""
    inputs, resolved = points.inputs, points.resolved
    plan = points.plan(scenario, (region,), y)
    total = float(plan.cells @ points.intensity(chain)[:, y])
    if not total:
        return
    _, mine = points.sources(scenario, (region,), y)
    made = np.nan_to_num(points.supply[y].made)
    world = np.divide(made, made.sum(axis=1, keepdims=True), out=np.zeros_like(made), where=made > 0)
    inside = points.at_home((region,))
    # Mass of the mineral by the country that makes the product of a stage.
    by_maker = total * mine[nodes[-1]]
    stage = inputs.nodes[nodes[-1]].stage
    for j in np.flatnonzero(by_maker > SMALL * total):
        yield (scenario, region, points.years[y], chain, stage, inputs.countries[j], USE, region, float(by_maker[j]))
    for after, node in zip(nodes[::-1], nodes[-2::-1], strict=False):
        here, there = inputs.nodes[node].stage, inputs.nodes[after].stage
        share = _part(points, node, y) / _part(points, after, y)
        flow = np.where(inside[:, None], mine[node], world[node]) * by_maker[:, None] * share  # (to, from)
        for j, i in zip(*np.nonzero(flow > SMALL * total), strict=True):
            yield (
                scenario, region, resolved.reported[y], chain, here, inputs.countries[i], there, inputs.countries[j],
                float(flow[j, i]),
            )  # fmt: skip
        by_maker = flow.sum(axis=0)
