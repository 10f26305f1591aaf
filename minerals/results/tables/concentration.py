"""How concentrated the chains of a run are: each node by several measures, each chemistry by its weakest link and path.

Measures disagree, so several stand side by side and none is averaged with another. A chemistry's measure holds for
every scenario; that of a region is the mean over its chemistries by GWh.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...case.chokepoints import Chokepoints
from ...exposure import concentration as measures
from ...exposure import geopolrisk
from ...flows.demand import Array

STAGES = ("mining", "refining", "active_material", "cell")
#: Measures of nodes whose largest value over its nodes is a chemistry's weakest link.
LINKS = {"hhi": "weakest_hhi", "concern_share": "weakest_concern"}
ALL = "all"


def concentration(points: Chokepoints) -> pd.DataFrame:
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
            "top3": _named(measures.largest(shares, inputs.is_group, 3)),
            "concern_share": _of_members(shares, inputs.concern, inputs.unknown),
            "hhi": _whole(measures.hhi(shares, inputs.is_group)),
            "hhi_wgi": _whole(measures.hhi_wgi(shares, inputs.risk, inputs.is_group)),
            "non_allied_share": tuple(1 - end for end in _of_members(shares, inputs.allies, inputs.unknown, flip=True)),
            "n1_left": (1 - top.share, 1 - top.high, 1 - top.share),
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


def _whole(found: measures.Bounds) -> tuple[Array, Array, Array]:
    """(value, low, high): the value with groups as one country, as published indices have it."""
    return found.high, found.low, found.high


def _named(found: measures.Bounds) -> tuple[Array, Array, Array]:
    """(value, low, high): the value of named countries alone."""
    return found.low, found.low, found.high


def _of_members(shares: Array, members: Array, unknown: Array, flip: bool = False) -> tuple[Array, Array, Array]:
    """(value, low, high) of the share of a list of countries; residuals that nobody allocates may belong to it or not.

    flip: the ends the other way round, for what is told as one minus the share.
    """
    low = measures.members_share(shares, members)
    high = measures.members_share(shares, np.maximum(members, unknown))
    return (low, high, low) if flip else (low, low, high)


@dataclass(frozen=True)
class _Links:
    """Weakest links and paths of the chemistries in one year.

    use: of nodes, (chemistry, node); uses: whether a chemistry uses any node among some, (chemistry); weakest: by
    (measure, among which nodes), (chemistry); path: share that passes the countries of concern at any stage,
    (chemistry).
    """

    use: measures.Mask
    uses: dict[str, measures.Mask]
    weakest: dict[tuple[str, str], measures.Weakest]
    path: measures.Passing


def exposures(points: Chokepoints, concentrated: pd.DataFrame) -> pd.DataFrame:
    """Exposure of the regions by node, and of each chemistry and region by weakest link and path."""
    at = {name: _measured(points, concentrated, name) for name in ("hhi", "concern_share", "top1")}
    among = _among(points)
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(points.years):
        links = _links(points, at, among, y)
        rows += ((*row[:5], calendar, *row[5:]) for row in _of_chemistries(points, links))
        for scenario, mine in points.scenarios.items():
            for region, cells in _places(points, mine.cells[..., y].sum(axis=1)):
                if cells.sum():
                    found = [*_of_nodes(points, links, at, cells, y), *_of_region(links, cells)]
                    rows += ((scenario, region, "", np.nan, row[0], calendar, *row[1:]) for row in found)
    columns = ["scenario", "region", "chemistry", "silicon", "node", "year", "measure", "among", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(unit="1")


def _measured(points: Chokepoints, concentrated: pd.DataFrame, measure: str) -> Array:
    """A measure of the nodes, (node, year), NaN where unknown."""
    frame = concentrated[concentrated["measure"] == measure]
    out = np.full((len(points.inputs.nodes), len(points.years)), np.nan)
    for row in frame.itertuples():
        out[points.inputs.place(str(row.node)), points.years.index(int(row.year))] = row.value
    return out


def among_names() -> tuple[str, ...]:
    """Names of the nodes among which a weakest link can be looked for."""
    return (ALL, *STAGES, "cathode", *(f"cathode {name}" for name in STAGES[:3]))


def _among(points: Chokepoints) -> dict[str, measures.Mask]:
    """Nodes among which a weakest link is looked for, (node): all, a stage, the cathode chain, a stage of it."""
    nodes = points.inputs.nodes
    stage = {name: np.array([node.stage == name for node in nodes]) for name in STAGES}
    cathode = np.array([node.part == "cathode" for node in nodes])
    chain = {f"cathode {name}": cathode & stage[name] for name in STAGES[:3]}
    return {ALL: np.ones(len(nodes), bool), **stage, "cathode": cathode, **chain}


def _links(points: Chokepoints, at: dict[str, Array], among: dict[str, measures.Mask], y: int) -> _Links:
    """Links and paths of a year. A node on one of two routes of graphite is no link, as the other can serve; on a path
    it counts by the share of its route."""
    nodes = points.inputs.nodes
    fixed = points.uses.fixed[:, :, y] > 0
    natural, synthetic = points.uses.natural > 0, points.uses.synthetic > 0
    routed = np.outer(points.uses.carrier[:, y] > 0, natural | synthetic)
    part = np.where(natural, points.uses.route[y], np.where(synthetic, 1 - points.uses.route[y], 1.0))
    weakest = {
        (LINKS[name], where): measures.weakest_link(at[name][:, y], fixed & mask)
        for where, mask in among.items() for name in LINKS
    }  # fmt: skip
    concern = at["concern_share"][:, y]
    in_path = np.array([node.in_path for node in nodes]) & ~np.isnan(concern)
    passing = measures.path(np.nan_to_num(concern) * part, (fixed | routed) & in_path)
    uses = {where: np.asarray((fixed & mask).any(axis=1)) for where, mask in among.items()}
    return _Links(fixed | routed, uses, weakest, passing)


def _of_chemistries(points: Chokepoints, links: _Links) -> Iterable[tuple[Any, ...]]:
    """(scenario, region, chemistry, silicon, node, measure, among, value, low, high) of each chemistry."""
    for c, label in enumerate(points.resolved.chemistries.labels):
        for (measure, where), found in links.weakest.items():
            if found.node[c] >= 0:
                node = points.inputs.nodes[int(found.node[c])].node
                yield ("", "", *label, node, measure, where, float(found.value[c]), np.nan, np.nan)
        ends = (links.path.independent, links.path.low, links.path.high)
        yield ("", "", *label, "", "path_concern", ALL, *(float(end[c]) for end in ends))


def _of_nodes(
    points: Chokepoints, links: _Links, at: dict[str, Array], cells: Array, y: int
) -> Iterable[tuple[Any, ...]]:
    """(node, measure, among, value, low, high): share of a region's GWh, (chemistry), that hangs on each node."""
    hangs = (cells @ links.use) / cells.sum()
    for n, node in enumerate(points.inputs.nodes):
        found = {
            "dependent_gwh": hangs[n],
            "exposure_top1": hangs[n] * at["top1"][n, y],
            "exposure_concern": hangs[n] * at["concern_share"][n, y],
        }
        for name, number in found.items():
            if np.isfinite(number):
                yield (node.node, name, "", float(number), np.nan, np.nan)


def _of_region(links: _Links, cells: Array) -> Iterable[tuple[Any, ...]]:
    """(node '', measure, among, value, low, high): means over a region's chemistries by GWh.

    A chemistry that uses no such node has none; one whose only such nodes are unknown counts 0 in the value, 1 at most.
    """
    for (measure, where), found in links.weakest.items():
        low, high = (
            float(measures.weighted_mean(np.where(np.isnan(found.value), end * links.uses[where], found.value), cells))
            for end in (0.0, 1.0)
        )
        yield ("", measure, where, low, low, high)
    ends = (links.path.independent, links.path.low, links.path.high)
    yield ("", "path_concern", ALL, *(float(measures.weighted_mean(end, cells)) for end in ends))


def _places(points: Chokepoints, cells: Array) -> Iterable[tuple[str, Array]]:
    """Cells (region, chemistry) of each region, and of all together where there are several."""
    yield from zip(points.regions, cells, strict=True)
    if len(points.regions) > 1:
        yield points.label, cells.sum(axis=0)


def import_risks(points: Chokepoints, concentrated: pd.DataFrame) -> pd.DataFrame:
    """GeoPolRisk of the mined materials whose origins of imports are known, in the year of that trade.

    A published indicator beside ours: HHI of who mines, in the run's first year × import risk, Σ share of origin ×
    political instability, which is 0.5 of a partner without an estimate. Trade is known as shares of imports, so
    production at home does not lower the risk here.
    """
    rows: list[tuple[Any, ...]] = []
    hhi = concentrated[concentrated["measure"] == "hhi"].groupby("node")["value"].first()
    mined = {node.node for node in points.inputs.nodes if node.stage == "mining"}
    for (region, node, year), origins in points.inputs.origins.groupby(["region", "node", "year"], sort=False):
        if region not in points.regions or node not in hhi.index or node not in mined:
            continue
        home = points.inputs.home_of(origins["country"]) == region
        g = geopolrisk.instability([points.inputs.stability.get(code, np.nan) for code in origins["country"]])
        risk = float(geopolrisk.import_risk(origins["value"].to_numpy(), geopolrisk.across_borders(g, home)))
        found = {"hhi": hhi[node], "import_risk": risk, "score": float(geopolrisk.score(hhi[node], risk))}
        rows += [(region, node, year, measure, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["region", "node", "year", "measure", "value"]).assign(unit="1")
