"""What disruptions cost a run with [exposure]: GWh at risk, the node that binds, vehicles, money and missing supply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...case.chokepoints import Chokepoints
from ...case.played import LEAST, Library, Played, by_region
from ...exposure.disruption import supply_gap
from ...flows.demand import Array
from ...tables.codes import WORLD
from ...tables.inputs import Inputs

#: Cuts of the GWh at risk for which the supply that is missing is told.
CUTS = (0.5, 0.8, 1.0)
#: Readings of a disruption, in the order of `Loss.at_risk`.
READINGS = ("best", "proportional")


def risk(library: Library, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Tables of all disruptions of a run: gwh_at_risk, shortage, binding_nodes, accessible, disruptions, supply_gap."""
    chokepoints, found = library.chokepoints, library.all()
    return {
        "gwh_at_risk": _gwh_at_risk(chokepoints, found),
        "shortage": _shortage(chokepoints),
        "binding_nodes": _binding(chokepoints, found),
        "accessible": _accessible(chokepoints, found),
        "disruptions": disruptions(chokepoints, Worth(chokepoints, inputs), found),
        "supply_gap": _supply_gap(chokepoints, found),
    }


def _at_risk(chokepoints: Chokepoints, each: Played, reading: str) -> Array:
    """GWh at risk by (region, segment, chemistry); what other chemistries take over is spread over those that lose."""
    built = getattr(each.loss, reading)
    lost = np.maximum(each.loss.base.cells - built.cells, 0.0)
    lost *= each.loss.total(built) / max(lost.sum(), np.finfo(float).tiny)
    return by_region(chokepoints, each.scenario, each.regions, each.year, lost)


def _gwh_at_risk(chokepoints: Chokepoints, found: Sequence[Played]) -> pd.DataFrame:
    """scenario, region, disruption, allocation, segment, chemistry, silicon, year, value [GWh]: zeros left out."""
    resolved = chokepoints.resolved
    rows: list[tuple[Any, ...]] = []
    for each in found:
        for reading in READINGS:
            lost = _at_risk(chokepoints, each, reading)
            for r, s, c in zip(*np.nonzero(np.abs(lost) > LEAST), strict=True):
                chemistry, silicon = resolved.chemistries.labels[c]
                rows.append((
                    each.scenario, each.regions[r], each.event.disruption, reading, resolved.segments.labels[s],
                    chemistry, silicon, chokepoints.years[each.year], lost[r, s, c], "GWh",
                ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "allocation", "segment", "chemistry", "silicon", "year", "value",
               "unit"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _shortage(chokepoints: Chokepoints) -> pd.DataFrame:
    """Planned cells that cannot be built even without a disruption, and the node that binds most."""
    rows = []
    for scenario in chokepoints.scenarios:
        for year, calendar in enumerate(chokepoints.years):
            factory = chokepoints.factory(scenario, chokepoints.regions, year)
            supplied = chokepoints.supplied(scenario, chokepoints.regions, year)
            base = factory.totals(supplied)[0][0]
            if (short := factory.plan.cells.sum() - base) > LEAST:
                node = chokepoints.inputs.nodes[int(factory.binding(supplied)[0].argmax())]
                rows.append((scenario, chokepoints.label, node.node, calendar, float(short), "GWh"))
    return pd.DataFrame(rows, columns=["scenario", "region", "node", "year", "value", "unit"])


def _binding(chokepoints: Chokepoints, found: Sequence[Played]) -> pd.DataFrame:
    """What one more hundredth of its planned need of each binding node would let be built."""
    rows = []
    for each in found:
        for n in each.binds:
            node = chokepoints.inputs.nodes[n]
            rows.append((
                each.scenario, chokepoints.name_of(each.regions), each.event.disruption, node.node,
                chokepoints.years[each.year], float(each.accessible[n] / each.factory.need[n]), float(each.gain[n]),
            ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "node", "year", "covered", "value"]
    return pd.DataFrame(rows, columns=columns).assign(unit="GWh per 1 % of need")


DISRUPTIONS = [
    "scenario", "region", "disruption", "label", "status", "nodes", "year", "planned", "shortage", "at_risk_best",
    "at_risk_proportional", "at_risk_low", "at_risk_high", "share_best", "share_proportional", "unit", "binding_node",
    "binding_label", "vehicles", "million_usd_2025",
]  # fmt: skip


def disruptions(chokepoints: Chokepoints, value: Worth, found: Sequence[Played]) -> pd.DataFrame:
    """One row a scenario, region, disruption and year: planned, short, at risk, what binds, vehicles and money.

    at_risk_low, at_risk_high: of best reallocation at the ends of the severity, over the same twelve months.
    """
    labels = chokepoints.inputs.node_labels
    rows = []
    for each in found:
        planned = float(each.loss.planned.sum())
        risk = each.loss.at_risk
        binding = chokepoints.inputs.nodes[int(each.binds[0])].node if len(each.binds) else ""
        lost = _at_risk(chokepoints, each, "best")
        rows.append({
            "scenario": each.scenario, "region": chokepoints.name_of(each.regions), "disruption": each.event.disruption,
            "label": each.event.label, "status": each.event.status,
            "nodes": len({node for _, node, *_ in each.event.cuts}), "year": chokepoints.years[each.year],
            "planned": planned, "shortage": float(each.loss.shortage.sum()),
            "at_risk_best": risk[0], "at_risk_proportional": risk[1],
            "at_risk_low": each.ends[0], "at_risk_high": each.ends[1],
            "share_best": risk[0] / planned if planned else 0.0,
            "share_proportional": risk[1] / planned if planned else 0.0,
            "unit": "GWh", "binding_node": binding, "binding_label": labels.get(binding, ""),
            "vehicles": value.vehicles(each.regions, chokepoints.years[each.year], lost),
            "million_usd_2025": value.money(lost),
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=DISRUPTIONS)
    keys = ["scenario", "region", "disruption"]
    # What is short anyway counts too: scarcer supply must not look safer. From then on it stays below.
    many = frame["shortage"] + frame["at_risk_best"] > chokepoints.config.threshold * frame["planned"]
    after = frame["year"].where(many).groupby([frame[key] for key in keys]).transform("max")
    later = frame["year"].where(after.isna() | (frame["year"] > after))
    below = later.groupby([frame[key] for key in keys]).min().rename("first_year_below")
    return frame.merge(below.astype("Int64").reset_index(), on=keys, how="left")


def _accessible(chokepoints: Chokepoints, found: Sequence[Played]) -> pd.DataFrame:
    """What a disruption leaves of the nodes it hits, beside what they would be and what the plan needs.

    value = min(without, own + recovered + share_of_pool × exported + stockpile).
    """
    rows = []
    for each in found:
        hit = np.flatnonzero(each.accessible < each.without)
        if not len(hit):
            continue
        reach = each.reach
        recovered = chokepoints.relief(each.scenario, each.regions, each.year)
        stock = chokepoints.config.stockpile_months / 12 * each.factory.need
        for n in hit:
            node = chokepoints.inputs.nodes[n]
            rows.append((
                each.scenario, chokepoints.name_of(each.regions), each.event.disruption, node.node,
                chokepoints.years[each.year], float(each.factory.need[n]), float(each.without[n]),
                float(each.accessible[n]), float(reach.own[n]), float(recovered[n]), float(reach.share[n]),
                float(reach.pool[n]), float(stock[n]), node.unit,
            ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "node", "year", "need", "without", "value", "own", "recovered",
               "share_of_pool", "exported", "stockpile", "unit"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _supply_gap(chokepoints: Chokepoints, found: Sequence[Played]) -> pd.DataFrame:
    """What more of each node within reach lowers the last year's GWh at risk by each cut.

    announced: nameplate of plants announced in the world outside the countries of concern, beyond what operates; for
    scale, as it is neither delivered nor the region's own.
    """
    rows = []
    outside = 1 - chokepoints.inputs.concern
    for each in found:
        if chokepoints.years[each.year] != chokepoints.years[-1] or each.loss.at_risk[0] <= LEAST:
            continue
        gap = supply_gap(each.factory, each.batch.without, each.hit, CUTS)
        for n in np.flatnonzero(gap.any(axis=0)):
            node = chokepoints.inputs.nodes[n]
            announced = float(chokepoints.inputs.announced[n, :, each.year] @ outside)
            for cut, more in zip(CUTS, gap[:, n], strict=True):
                rows.append((
                    each.scenario, chokepoints.name_of(each.regions), each.event.disruption, node.node,
                    chokepoints.years[each.year], cut, float(each.accessible[n]), float(more), announced, node.unit,
                ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "node", "year", "cut", "accessible", "value", "announced", "unit"]
    return pd.DataFrame(rows, columns=columns)


class Worth:
    """GWh as vehicles and as money."""

    def __init__(self, chokepoints: Chokepoints, inputs: Inputs) -> None:
        self.chokepoints, self.inputs = chokepoints, inputs
        self.packs = {
            (region, segment): self._pack(region, segment)
            for region in chokepoints.regions for segment in chokepoints.resolved.segments.labels
        }  # fmt: skip
        prices = inputs["cell_price"]
        seen = prices[
            (prices["case"] == "observed") & (prices["region"] == WORLD) & (prices["level"] == "pack")
            & (prices["use"] == "all")
        ].sort_values("year")  # fmt: skip
        price = seen.groupby("family")["value"].last()
        family = inputs["chemistries"].set_index("chemistry")["family"]
        #: Pack price of each chemistry [million USD a GWh]: its family's last one observed, else that of lithium-ion.
        self.price = np.array([
            float(price.get(family[base], price["Li-ion"]))
            for base, _ in chokepoints.resolved.chemistries.labels
        ])  # fmt: skip

    def vehicles(self, regions: Sequence[str], year: int, lost: Array) -> float:
        """Vehicles that the lost cells would have served: GWh by (region, segment, chemistry) ÷ kWh per vehicle."""
        size = np.array([
            [np.interp(year, *self.packs[region, segment]) for segment in self.chokepoints.resolved.segments.labels]
            for region in regions
        ])  # fmt: skip
        return float((lost.sum(axis=2) * 1e6 / size).sum())

    def _pack(self, region: str, segment: str) -> tuple[Array, Array]:
        """Years and kWh per vehicle of a segment, of the region or the next wider one; infinite where it is none."""
        sizes = self.inputs.rows_by("pack_size", "region", "segment")
        found = (sizes.get((place, segment), []) for place in self.inputs.places.chain(region))
        rows = sorted(next(filter(None, found), []), key=lambda row: row.year)
        if not rows:
            return np.zeros(1), np.full(1, np.inf)
        return np.array([row.year for row in rows], dtype=float), np.array([row.value for row in rows])

    def money(self, lost: Array) -> float:
        """Value of the lost packs [million USD_2025]."""
        return float((lost.sum(axis=(0, 1)) * self.price).sum())
