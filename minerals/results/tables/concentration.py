"""Tables of concentration: measures of every node, exposure of chemistries and regions, and GeoPolRisk."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np

from ...case.concentration import ALL, Concentration, Links
from ...columns import Columns
from ...exposure import geopolrisk
from ...exposure.concentration import weighted_mean
from ...flows.demand import Array


def concentration_table(concentration: Concentration) -> Columns:
    """Measures of every node in every year. Of a node whose shares nobody publishes, the largest share alone: empty,
    between its ends 0 and 1, with who is taken to lead and the year in which no share was found."""
    chokepoints = concentration.chokepoints
    inputs, future = chokepoints.inputs, chokepoints.config.future
    rows: list[tuple[Any, ...]] = []
    for n, (node, found) in enumerate(zip(inputs.nodes, concentration.nodes, strict=True)):
        head = (future, node.node, node.label, node.stage, node.part, node.item)
        if found is None:
            code = inputs.leader[n]
            rows += ((
                *head, calendar, int(inputs.data_year[n, y]), inputs.confidence[n], "top1", code,
                inputs.country_labels.get(code, ""), np.nan, 0.0, 1.0,
            ) for y, calendar in enumerate(chokepoints.years))  # fmt: skip
            continue
        for y, calendar in enumerate(chokepoints.years):
            largest = inputs.countries[int(found.largest[y])] if found.largest[y] >= 0 else ""
            where = (*head, calendar, int(inputs.data_year[n, y]), inputs.confidence[n])
            for measure, ends in found.ends.items():
                code = largest if measure == "top1" else ""
                rows.append((*where, measure, code, inputs.country_labels.get(code, ""), *(end[y] for end in ends)))
    columns = ["future", "node", "label", "stage", "part", "item", "year", "data_year", "confidence", "measure",
               "country", "country_label", "value", "low", "high"]  # fmt: skip
    return Columns.from_rows(rows, columns, unit="1")


def exposure_table(concentration: Concentration) -> Columns:
    """Exposure of the regions by node, and of each chemistry and region by weakest link and path."""
    top1, concern = concentration.measure("top1"), concentration.measure("concern_share")
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(concentration.chokepoints.years):
        links = concentration.links[y]
        rows += _of_chemistries(concentration, links, calendar)
        for scenario, region, cells in concentration.places(y):
            found = [*_of_nodes(concentration, links, top1[:, y], concern[:, y], cells), *_of_region(links, cells)]
            rows += ((scenario, region, "", np.nan, row[0], calendar, *row[1:]) for row in found)
    columns = ["scenario", "region", "chemistry", "silicon", "node", "year", "measure", "among", "value", "low", "high"]
    return Columns.from_rows(rows, columns, unit="1")


def _of_chemistries(concentration: Concentration, links: Links, calendar: int) -> Iterable[tuple[Any, ...]]:
    """(scenario, region, chemistry, silicon, node, year, measure, among, value, low, high) of each chemistry."""
    nodes = [node.node for node in concentration.chokepoints.inputs.nodes]
    weakest = [(*key, found.node.tolist(), found.value.tolist()) for key, found in links.weakest.items()]
    ends = zip(*(end.tolist() for end in (links.path.independent, links.path.low, links.path.high)), strict=True)
    for c, (label, path) in enumerate(zip(concentration.chokepoints.resolved.chemistries.labels, ends, strict=True)):
        for measure, where, node, value in weakest:
            if node[c] >= 0:
                yield ("", "", *label, nodes[node[c]], calendar, measure, where, value[c], np.nan, np.nan)
        yield ("", "", *label, "", calendar, "path_concern", ALL, *path)


def _of_nodes(
    concentration: Concentration, links: Links, top1: Array, concern: Array, cells: Array
) -> Iterable[tuple[Any, ...]]:
    """(node, measure, among, value, low, high): share of a region's GWh, (chemistry), that hangs on each node.

    top1, concern: of the nodes in the year, (node).
    """
    hangs = (cells @ links.use) / cells.sum()
    found = {"dependent_gwh": hangs, "exposure_top1": hangs * top1, "exposure_concern": hangs * concern}
    of_nodes = zip(*(number.tolist() for number in found.values()), strict=True)
    for node, numbers in zip(concentration.chokepoints.inputs.nodes, of_nodes, strict=True):
        for name, number in zip(found, numbers, strict=True):
            if isfinite(number):
                yield (node.node, name, "", number, np.nan, np.nan)


def _of_region(links: Links, cells: Array) -> Iterable[tuple[Any, ...]]:
    """(node '', measure, among, value, low, high): means over a region's chemistries by GWh.

    A chemistry that uses no such node has none; one whose only such nodes are unknown counts 0 in the value, 1 at most.
    """
    values = np.array([found.value for found in links.weakest.values()])
    uses = np.array([links.uses[where] for _, where in links.weakest])
    lows, highs = (weighted_mean(np.where(np.isnan(values), end * uses, values), cells).tolist() for end in (0.0, 1.0))
    for (measure, where), low, high in zip(links.weakest, lows, highs, strict=True):
        yield ("", measure, where, low, low, high)
    ends = np.array([links.path.independent, links.path.low, links.path.high])
    yield ("", "path_concern", ALL, *weighted_mean(ends, cells).tolist())


def import_risks(concentration: Concentration) -> Columns:
    """GeoPolRisk of the mined materials whose origins of imports are known, in the year of that trade.

    A published indicator beside ours: HHI of who mines, in the run's first year × import risk, Σ share of origin ×
    political instability, which is 0.5 of a partner without an estimate. A region without origins of its own has those
    of the next wider one. Trade is known as shares of imports, so production at home does not lower the risk here.
    """
    chokepoints = concentration.chokepoints
    inputs = chokepoints.inputs
    hhi = {
        node.node: found.ends["hhi"].value[0]
        for node, found in zip(inputs.nodes, concentration.nodes, strict=True)
        if found is not None and node.stage == "mining"
    }
    rows: list[tuple[Any, ...]] = []
    traded: dict[tuple[str, str, int], list[Any]] = {}
    for row in inputs.origins:
        traded.setdefault((row.region, row.node, row.year), []).append(row)
    having = {region for region, *_ in traded}
    served = {region: next((w for w in chokepoints.wider[region] if w in having), "") for region in chokepoints.regions}
    mine = [
        (region, key[1], key[2], rows) for key, rows in traded.items() for region, by in served.items() if key[0] == by
    ]
    for region, node, year, origins in mine:
        if node not in hhi:
            continue
        home = inputs.home_of(row.country for row in origins) == region
        g = geopolrisk.instability([inputs.stability.get(row.country, np.nan) for row in origins])
        shares = np.array([row.value for row in origins], dtype=float)
        risk = float(geopolrisk.import_risk(shares, geopolrisk.across_borders(g, home)))
        found = {"hhi": hhi[node], "import_risk": risk, "score": float(geopolrisk.score(hhi[node], risk))}
        rows += [(region, node, year, measure, value) for measure, value in found.items()]
    return Columns.from_rows(rows, ["region", "node", "year", "measure", "value"], unit="1")
