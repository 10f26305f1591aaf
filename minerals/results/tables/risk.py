"""What disruptions cost a run with [exposure]: GWh at risk, the node that binds, vehicles, money and missing supply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...case.chokepoints import Chokepoints
from ...case.played import LEAST, Batch, Library, Played, by_region, play
from ...case.weights import SETS, span, weights
from ...columns import Columns, concat
from ...exposure.disruption import supply_gap
from ...flows.demand import Array
from ...tables.codes import WORLD
from ...tables.inputs import Inputs
from .gap_plants import gap_plants

#: Cuts of the GWh at risk for which the supply that is missing is told.
CUTS = (0.5, 0.8, 1.0)
#: Uses that are no vehicles.
STANDING = ("stationary", "electronics")
#: Readings of a disruption, in the order of `Loss.at_risk`.
READINGS = ("best", "proportional")


def risk(library: Library, inputs: Inputs) -> dict[str, Columns]:
    """Tables of all disruptions of a run: gwh_at_risk, shortage, binding_nodes, accessible, weighted_loss, disruptions,
    lost_minerals, supply_gap, gap_plants; and the origin of cells that they rest on."""
    chokepoints, found = library.chokepoints, library.all()
    gap, at_risk = _supply_gap(chokepoints, found), AtRisk(chokepoints)
    return {
        "gwh_at_risk": _gwh_at_risk(chokepoints, at_risk, found),
        "shortage": _shortage(chokepoints),
        "binding_nodes": _binding(chokepoints, found),
        "accessible": _accessible(chokepoints, found),
        "weighted_loss": weighted_loss(library),
        "disruptions": disruptions(chokepoints, at_risk, Worth(chokepoints, inputs), found),
        "lost_minerals": _lost_minerals(chokepoints, found),
        "cell_makers": _cell_makers(chokepoints),
        "supply_gap": gap,
        "gap_plants": gap_plants(chokepoints, inputs, gap),
    }


class AtRisk:
    """GWh at risk by reading and (region, segment, chemistry), of all disruptions of a batch at once, made once."""

    def __init__(self, chokepoints: Chokepoints) -> None:
        self.chokepoints = chokepoints
        self._found: dict[Batch, Array] = {}

    def of(self, each: Played) -> Array:
        """Of one disruption, (reading, region, segment, chemistry); what other chemistries take over is spread over
        those that lose."""
        batch = each.batch
        if batch not in self._found:
            built = np.array([[getattr(loss, reading).cells for loss in batch.losses] for reading in READINGS])
            lost = np.maximum(batch.losses[0].base.cells - built, 0.0)
            at_risk = np.array([loss.at_risk for loss in batch.losses]).T
            lost *= (at_risk / np.maximum(lost.sum(axis=-1), np.finfo(float).tiny))[..., None]
            self._found[batch] = by_region(self.chokepoints, batch.scenario, batch.regions, batch.year, lost)
        return self._found[batch][:, each.place]


def _gwh_at_risk(chokepoints: Chokepoints, at_risk: AtRisk, found: Sequence[Played]) -> Columns:
    """scenario, region, disruption, allocation, segment, chemistry, silicon, year, value [GWh]: zeros left out."""
    resolved = chokepoints.resolved
    rows: list[tuple[Any, ...]] = []
    for each in found:
        lost = at_risk.of(each)
        where = np.nonzero(np.abs(lost) > LEAST)
        for reading, r, s, c, value in zip(*(part.tolist() for part in where), lost[where].tolist(), strict=True):
            rows.append((
                each.scenario, each.regions[r], each.event.disruption, READINGS[reading],
                resolved.segments.labels[s], *resolved.chemistries.labels[c], chokepoints.years[each.year], value,
                "GWh",
            ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "allocation", "segment", "chemistry", "silicon", "year", "value",
               "unit"]  # fmt: skip
    return Columns.from_rows(rows, columns)


def _shortage(chokepoints: Chokepoints) -> Columns:
    """Planned cells that cannot be built even without a disruption, and the node that binds most."""
    rows = []
    for scenario in chokepoints.scenarios:
        for year, calendar in enumerate(chokepoints.years):
            factory = chokepoints.factory(scenario, chokepoints.regions, year)
            best = factory.best(chokepoints.without(scenario, chokepoints.regions, year))
            if (short := factory.plan.cells.sum() - best.totals[0][0]) > LEAST:
                node = chokepoints.inputs.nodes[int(best.binding[0].argmax())]
                rows.append((scenario, chokepoints.label, node.node, calendar, float(short), "GWh"))
    return Columns.from_rows(rows, ["scenario", "region", "node", "year", "value", "unit"])


def _binding(chokepoints: Chokepoints, found: Sequence[Played]) -> Columns:
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
    return Columns.from_rows(rows, columns, unit="GWh per 1 % of need")


INDUSTRY = ("industry_best", "industry_proportional", "industry_low", "industry_high")
DISRUPTIONS = [
    "scenario", "region", "disruption", "label", "status", "nodes", "year", "planned", "made_at_home", "shortage",
    "lost_best", "lost_proportional", "lost_low", "lost_high", "share_best", "share_proportional", "at_risk_best",
    "at_risk_proportional", "industry_best", "industry_proportional", "industry_low", "industry_high", "outside",
    "unit",
    "binding_node", "binding_label", "vehicles", "million_usd_2025",
]  # fmt: skip


def disruptions(chokepoints: Chokepoints, at_risk: AtRisk, value: Worth, found: Sequence[Played]) -> Columns:
    """One row a scenario, region, disruption and year: planned, short, lost, at risk, what binds, vehicles and money.

    lost: short and at risk together; industry: cells made at home that are lost, short ones among them; low, high: of
    best reallocation at the ends of the severity, over the same twelve months; outside: lost if the makers of the
    countries that close were others.
    """
    labels = chokepoints.inputs.node_labels
    rows: list[dict[str, Any]] = []
    for each in found:
        planned = float(each.loss.planned.sum())
        risk, short, at_home = each.loss.at_risk, float(each.loss.shortage.sum()), float(each.loss.at_home.sum())
        short_at_home = each.loss.industry_shortage
        industry = [short_at_home + part for part in (*each.loss.industry, *each.industry_ends)]
        all_lost = [short + part for part in (*risk, *each.ends)]
        binding = chokepoints.inputs.nodes[int(each.binds[0])].node if len(each.binds) else ""
        lost = at_risk.of(each)[0]
        rows.append({
            "scenario": each.scenario, "region": chokepoints.name_of(each.regions), "disruption": each.event.disruption,
            "label": each.event.label, "status": each.event.status,
            "nodes": len({node for _, node, *_ in each.event.cuts}), "year": chokepoints.years[each.year],
            "planned": planned, "made_at_home": at_home, "shortage": short,
            **dict(zip(("lost_best", "lost_proportional", "lost_low", "lost_high"), all_lost, strict=True)),
            "share_best": all_lost[0] / planned if planned else 0.0,
            "share_proportional": all_lost[1] / planned if planned else 0.0,
            "at_risk_best": risk[0], "at_risk_proportional": risk[1],
            **dict(zip(INDUSTRY, industry, strict=True)), "outside": each.loss.outside,
            "unit": "GWh", "binding_node": binding, "binding_label": labels.get(binding, ""),
            "vehicles": value.vehicles(each.regions, chokepoints.years[each.year], lost),
            "million_usd_2025": value.money(lost),
        })  # fmt: skip
    below = _first_years_below(rows, chokepoints.config.threshold)
    table = Columns.from_rows([[row[name] for name in DISRUPTIONS] for row in rows], DISRUPTIONS)
    return table.assign(first_year_below=below).astype(first_year_below="Int64")


def _first_years_below(rows: Sequence[Mapping[str, Any]], threshold: float) -> list[int | None]:
    """First year from which on a disruption takes at most a share of the plan, of each row of `disruptions`; None where
    the last still takes more. What is short anyway counts too: scarcer supply must not look safer."""
    by_stop: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        by_stop.setdefault((row["scenario"], row["region"], row["disruption"]), []).append(row)
    first: dict[tuple[Any, ...], int | None] = {}
    for stop, mine in by_stop.items():
        many = max((row["year"] for row in mine if row["lost_best"] > threshold * row["planned"]), default=0)
        first[stop] = min((row["year"] for row in mine if row["year"] > many), default=None)
    return [first[row["scenario"], row["region"], row["disruption"]] for row in rows]


def weighted_loss(library: Library) -> Columns:
    """Lost on average by the disruptions that have begun by a year, by each named set of weights: one row a scenario,
    set and year. low, high: at the ends of the weights by status; value and share: of all regions of the run."""
    chokepoints, inputs = library.chokepoints, library.chokepoints.inputs
    rows: list[tuple[Any, ...]] = []
    by_set: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}
    for scenario in chokepoints.scenarios:
        lost: list[dict[str, float]] = [{} for _ in chokepoints.years]
        for each in library.of(scenario):
            # Regions that share no pool lose together.
            mine = lost[each.year]
            mine[each.event.disruption] = mine.get(each.event.disruption, 0.0) + each.loss.lost[0]
        planned = chokepoints.scenarios[scenario].cells.sum(axis=(0, 1, 2))
        for named in SETS:
            for year, by_event in enumerate(lost):
                events = [event for event in inputs.events if event.disruption in by_event]
                if not events:
                    continue
                codes = tuple(event.disruption for event in events)
                if (named, codes) not in by_set:
                    by_set[named, codes] = weights(inputs, named, events)
                value = sum(weight * by_event[code] for code, weight in by_set[named, codes].items())
                low, _, high = span(inputs, events, by_event) if named == "status" else (value, value, value)
                rows.append((
                    scenario, chokepoints.label, named, chokepoints.years[year], float(planned[year]), value, low, high,
                    value / planned[year] if planned[year] else 0.0, len(events), "GWh",
                ))  # fmt: skip
    columns = ["scenario", "region", "weights", "year", "planned", "value", "low", "high", "share", "disruptions",
               "unit"]  # fmt: skip
    return Columns.from_rows(rows, columns)


def lost_by_future(worlds: Mapping[str, Chokepoints], inputs: Inputs) -> Columns:
    """What disruptions cost in the last year, as in `disruptions`, in each of several futures by its name."""
    parts = []
    for future, chokepoints in worlds.items():
        last, value = len(chokepoints.years) - 1, Worth(chokepoints, inputs)
        found = [each for name in chokepoints.scenarios
                 for each in play(chokepoints, name, chokepoints.inputs.events, (last,))]  # fmt: skip
        table = disruptions(chokepoints, AtRisk(chokepoints), value, found)
        parts.append(table.assign(future=[future] * len(table)))
    return concat(parts).select("future", *DISRUPTIONS)


def _accessible(chokepoints: Chokepoints, found: Sequence[Played]) -> Columns:
    """What a disruption leaves of the nodes it hits, beside what they would be and what the plan needs.

    value = min(without, own + recovered + share_of_pool × exported − others + follow_on + stockpile). Of what nobody
    knows as much is had as the plan needs.
    """
    rows = []
    by_batch: dict[Batch, Array] = {}
    for each in found:
        hit = np.flatnonzero(each.takes)
        if not len(hit):
            continue
        if each.batch not in by_batch:
            by_batch[each.batch] = _of_batch(chokepoints, each.batch)
        for n, numbers in zip(hit, by_batch[each.batch][each.place, hit].tolist(), strict=True):
            node = chokepoints.inputs.nodes[n]
            rows.append((
                each.scenario, chokepoints.name_of(each.regions), each.event.disruption, node.node,
                chokepoints.years[each.year], *numbers, node.unit,
            ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "node", "year", "need", "without", "value", "own", "recovered",
               "share_of_pool", "exported", "others", "follow_on", "stockpile", "unit"]  # fmt: skip
    return Columns.from_rows(rows, columns)


def _of_batch(chokepoints: Chokepoints, batch: Batch) -> Array:
    """Numbers of `accessible` of each disruption of a batch, (stop, node, number)."""
    where, (cuts, reach, *_) = (batch.scenario, batch.regions, batch.year), batch.left
    stock = chokepoints.stocked(batch.factory.plan, *where[1:]) * chokepoints.config.stockpile_months / 12
    numbers = [
        batch.factory.need, batch.without.accessible[0], batch.hit.accessible, reach.own, chokepoints.relief(*where),
        reach.share, reach.pool, chokepoints.kept(*where[1:], reach), chokepoints.follow_on(*where).left(cuts), stock,
    ]  # fmt: skip
    many, shape = len(batch.hit), batch.hit.accessible.shape
    numbers = [np.broadcast_to(number, shape) if number.ndim == 1 else number[:many] for number in numbers]
    if (stopped := chokepoints.stopped_unknown(where[2], cuts)[:many]).any():
        unknown, none = chokepoints.unknown(*where), np.zeros(shape)
        relief, left = chokepoints.relief(*where), unknown.left(cuts)[:many]
        of_unknown = [numbers[0], unknown.amount + relief, numbers[2], none, relief, none + 1, left, none, none, stock]
        numbers = [np.where(stopped, other, number) for other, number in zip(of_unknown, numbers, strict=True)]
    return np.stack(numbers, axis=-1)


def _supply_gap(chokepoints: Chokepoints, found: Sequence[Played]) -> Columns:
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
    return Columns.from_rows(rows, columns)


#: Minerals of which it is told how much cannot be had, those of the report.
MINERALS = ("graphite", "lithium", "nickel", "cobalt")


def _lost_minerals(chokepoints: Chokepoints, found: Sequence[Played]) -> Columns:
    """Minerals that are not had, by stage, with those of what is short anyway: in the batteries that are lost (stage
    `cell`), and in the active materials of cells that are lost at home (`active_material`) [kt, and % of the plan's].

    Where a disruption costs nothing there is no row.
    """
    rows: list[tuple[Any, ...]] = []
    minerals = [mineral for mineral in MINERALS if mineral in chokepoints.resolved.minerals.labels]
    contents: dict[Batch, list[Array]] = {}
    for each in found:
        if each.loss.lost[0] <= LEAST:
            continue
        if each.batch not in contents:
            contents[each.batch] = [
                chokepoints.intensity(mineral, each.scenario, each.regions, each.year) for mineral in minerals
            ]
        stages = {
            "cell": (each.loss.planned, each.loss.best.cells),
            "active_material": (each.loss.at_home, each.loss.best.home),
        }
        for mineral, content in zip(minerals, contents[each.batch], strict=True):
            for stage, (planned, built) in stages.items():
                if (whole := float(planned @ content)) > 0:
                    lost = max(whole - float(built @ content), 0.0)
                    rows.append((
                        each.scenario, chokepoints.name_of(each.regions), each.event.disruption, mineral, stage,
                        chokepoints.years[each.year], whole, lost, lost / whole, "kt",
                    ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "mineral", "stage", "year", "planned", "value", "share", "unit"]
    return Columns.from_rows(rows, columns)


def _cell_makers(chokepoints: Chokepoints) -> Columns:
    """Where the cells of each region come from, by cell node and maker: share of what it uses [1].

    home: whether the maker is the region's own. Where no maker of any cell is known, cells are made where they are
    used.
    """
    rows: list[tuple[Any, ...]] = []
    inputs = chokepoints.inputs
    pools = [regions for event in inputs.events for regions in chokepoints.pools(event.cuts)]
    for regions in dict.fromkeys([*((region,) for region in chokepoints.regions), chokepoints.regions, *pools]):
        inside = chokepoints.at_home(regions)
        for n in np.flatnonzero(chokepoints.cell):
            for y, calendar in enumerate(chokepoints.years):
                shares = chokepoints.origins.of(regions, y, int(n))
                for j in np.flatnonzero(shares > LEAST):
                    rows.append((
                        chokepoints.name_of(regions), inputs.nodes[n].node, inputs.countries[j],
                        inputs.country_labels[inputs.countries[j]], calendar, float(shares[j]),
                        "yes" if inside[j] else "no", "1",
                    ))  # fmt: skip
    return Columns.from_rows(rows, ["region", "node", "country", "label", "year", "value", "home", "unit"])


class Worth:
    """GWh as vehicles and as money."""

    def __init__(self, chokepoints: Chokepoints, inputs: Inputs) -> None:
        self.chokepoints, self.inputs = chokepoints, inputs
        #: kWh per vehicle by regions and year, (region, segment).
        self._sizes: dict[tuple[tuple[str, ...], int], Array] = {}
        self.packs = {
            (region, segment): self._pack(region, segment)
            for region in chokepoints.regions for segment in chokepoints.resolved.segments.labels
        }  # fmt: skip
        prices = inputs.rows_by("cell_price", "case", "region", "level", "use")
        observed = sorted(prices.get(("observed", WORLD, "pack", "all"), []), key=lambda row: row.year)
        price = {row.family: row.value for row in observed}
        family = inputs.by_code("chemistries", "family")
        #: Pack price of each chemistry [million USD a GWh]: its family's last one observed, else that of lithium-ion.
        self.price = np.array([
            price.get(family[base], price["Li-ion"])
            for base, _ in chokepoints.resolved.chemistries.labels
        ])  # fmt: skip

    def vehicles(self, regions: Sequence[str], year: int, lost: Array) -> float:
        """Vehicles that the lost cells would have served: GWh by (region, segment, chemistry) ÷ kWh per vehicle; NaN
        where nobody says how large the packs of a use are that loses some."""
        where = tuple(regions), year
        if where not in self._sizes:
            segments = self.chokepoints.resolved.segments.labels
            self._sizes[where] = np.array([
                [np.interp(year, *self.packs[region, segment]) for segment in segments] for region in regions
            ])  # fmt: skip
        by_use = lost.sum(axis=2)
        return float(np.where(by_use > 0, by_use * 1e6 / self._sizes[where], 0.0).sum())

    def _pack(self, region: str, segment: str) -> tuple[Array, Array]:
        """Years and kWh per vehicle of a segment, of the region or the next wider one; infinite where it is no vehicle,
        and NaN of a use of one's own without a size."""
        sizes = self.inputs.rows_by("pack_size", "region", "segment")
        found = (sizes.get((place, segment), []) for place in self.inputs.places.chain(region))
        rows = sorted(next(filter(None, found), []), key=lambda row: row.year)
        if not rows:
            use = self.inputs.by_code("segments", "in_place_of").get(segment) or segment
            return np.zeros(1), np.full(1, np.inf if use in STANDING else np.nan)
        return np.array([row.year for row in rows], dtype=float), np.array([row.value for row in rows])

    def money(self, lost: Array) -> float:
        """Value of the lost packs [million USD_2025]."""
        return float((lost.sum(axis=(0, 1)) * self.price).sum())
