"""A run with [exposure], set up: what its batteries need of each node, and what the world supplies, year by year.

Supply rests on a reference world, computed as the run is (scrap and recycling with [flows]) but for all regions and all
uses: where nothing is published, a node's supply is that world's need and a headroom. Material that a region recovers
relieves its mining and refining, not the making of active material and cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..axes import dense
from ..config import Exposure, Run, Scenario
from ..errors import InputError, listed
from ..exposure.coverage import NOWHERE, Access, Cuts, Supply, access, sourcing
from ..exposure.disruption import Factory, Plan, Routes
from ..flows.demand import Array
from ..results.tables.flows import compute
from ..tables.active_material import check_active_materials
from ..tables.check import split
from ..tables.inputs import Inputs, joined
from ..tables.names import WORLD, region_label
from ..tables.resolve import Resolved, resolve
from ..tables.supply import ENERGY, Node, SupplyInputs, supply_inputs
from .arrays import ROUTES, additions_of, intensity_of, share_of
from .intensity import with_intensity

Tables = dict[str, pd.DataFrame]
#: Stages that recovered material relieves.
RELIEVED = ("mining", "refining")
REFERENCE = "reference"


@dataclass(frozen=True)
class Batteries:
    """What a scenario puts into use and takes from the chains.

    cells: (region, segment, chemistry, year) [GWh]; gain: input ÷ demand of cell making, (region, year) [1]; recovered:
    secondary supply, (region, mineral, year) [kt].
    """

    cells: Array
    gain: Array
    recovered: Array


def batteries(resolved: Resolved, tables: Tables, name: str) -> Batteries:
    """Batteries of a scenario, from the arrays and the computed tables of its run."""
    cells = (additions_of(resolved, name)[0][:, :, None] * share_of(resolved, name)[0])[..., _reported(resolved)]
    places, years = len(resolved.regions), len(resolved.reported)
    gain, recovered = np.ones((places, years)), np.zeros((places, len(resolved.minerals), years))
    if resolved.parameters is not None:
        axes = [resolved.regions, resolved.minerals, resolved.years]
        flows = tables["mineral_flows"].query("scenario == @name and flow == 'secondary_supply'")
        recovered = dense(flows, axes)[..., _reported(resolved)]
        lines = tables["production_lines"].query("scenario == @name and measure == 'scrap_rate'")
        gain = 1 / (1 - dense(lines, [resolved.regions, resolved.years])[:, _reported(resolved)])
    return Batteries(cells, gain, recovered)


def _reported(resolved: Resolved) -> list[int]:
    return [resolved.years.labels.index(year) for year in resolved.reported]


@dataclass(frozen=True)
class Uses:
    """Use of each node per GWh of each chemistry of a run.

    fixed: whatever the graphite route, (chemistry, node, year) [kt/GWh or GWh/GWh]; carrier: anode graphite,
    (chemistry, year) [kt/GWh]; natural, synthetic: what a node makes per mass of graphite of that route, (node);
    route: planned natural share, (year); scrapped: nodes whose product is lost with scrap, (node).
    """

    fixed: Array
    carrier: Array
    natural: Array
    synthetic: Array
    route: Array
    scrapped: Array

    @property
    def routed(self) -> bool:
        """Whether any node depends on the route."""
        return bool(self.natural.any() or self.synthetic.any())


def uses(resolved: Resolved, supply: SupplyInputs) -> Uses:
    """Use of the nodes by the chemistries of a run: intensities times stage yields, and what only some of them use."""
    intensity = np.broadcast_to(
        intensity_of(resolved, "value")[0],
        (len(resolved.chemistries), len(resolved.minerals), len(resolved.years)),
    )[..., _reported(resolved)]
    minerals, bases = resolved.minerals.labels, [base for base, _ in resolved.chemistries.labels]
    fixed = np.zeros((len(bases), len(supply.nodes), len(resolved.reported)))
    by_route = {route: np.zeros(len(supply.nodes)) for route in ROUTES}
    for n, node in enumerate(supply.nodes):
        for mineral, route, per_kg in node.products:
            if route:
                by_route[route][n] += per_kg
            else:
                fixed[:, n] += intensity[:, minerals.index(mineral)] * per_kg
        for c, base in enumerate(bases):
            if base in node.uses:
                per, amount = node.uses[base]
                fixed[c, n] += amount if per == ENERGY else intensity[c, minerals.index(per)] * amount
    carrier = np.zeros((len(bases), len(resolved.reported)))
    if "graphite" in minerals:
        carrier = intensity[:, minerals.index("graphite")]
    frame = resolved.graphite_route.query("route == 'natural'").set_index("year").loc[list(resolved.reported)]
    route = frame["value"].to_numpy(dtype=float)
    scrapped = np.array([node.stage != "cell" for node in supply.nodes])
    return Uses(fixed, carrier, by_route["natural"], by_route["synthetic"], route, scrapped)


@dataclass(frozen=True)
class Chokepoints:
    """A run's batteries, what they use, and the world's supply.

    left_out: uses that the scope leaves out, and what share of the batteries that the reference world has in the
    regions of the run they are in each year, by label, (year) [1].
    """

    resolved: Resolved
    inputs: SupplyInputs
    uses: Uses
    scenarios: dict[str, Batteries]
    customers: tuple[str, ...]
    supply: tuple[Supply, ...]
    label: str
    used: pd.DataFrame
    left_out: dict[str, Array]

    @property
    def asked(self) -> Exposure:
        asked = self.resolved.run.settings.exposure
        assert asked is not None
        return asked

    @property
    def years(self) -> tuple[int, ...]:
        return self.resolved.reported

    @property
    def regions(self) -> tuple[str, ...]:
        return self.resolved.regions.labels

    def group(self, regions: Sequence[str]) -> np.ndarray:
        """Customers that regions of the run are, (customer)."""
        return np.isin(np.array(self.customers), list(regions))

    def plan(self, scenario: str, regions: Sequence[str], year: int) -> Plan:
        """What regions together plan to build in a year, by place of the year; scrap at their mean."""
        mine, at = self.scenarios[scenario], [self.regions.index(region) for region in regions]
        by_region = mine.cells[at].sum(axis=1)[..., year]
        cells = by_region.sum(axis=0)
        gain = float((by_region.sum(axis=1) * mine.gain[at, year]).sum() / max(cells.sum(), np.finfo(float).tiny))
        each = np.where(self.uses.scrapped, gain or 1.0, 1.0)
        routes = None
        if self.uses.routed:
            low, high = self.inputs.route_bounds
            carrier, share = self.uses.carrier[:, year] * (gain or 1.0), float(self.uses.route[year])
            routes = Routes(carrier, self.uses.natural, self.uses.synthetic, low, high, share)
        return Plan(cells, self.uses.fixed[:, :, year] * each, routes)

    def relief(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """What recovered material takes off mining and refining, (node) [kt]."""
        at = [self.regions.index(region) for region in regions]
        return _relief(self.inputs, self.resolved, self.scenarios[scenario].recovered[at, :, year].sum(axis=0),
                       self.uses.route[year])  # fmt: skip

    def access(self, regions: Sequence[str], year: int, cuts: Cuts | None = None) -> Access:
        """What regions together can get of each node."""
        if cuts is not None:
            return access(self.supply[year], self.group(regions), cuts)
        key = tuple(regions), year
        if key not in self._undisturbed:
            self._undisturbed[key] = access(self.supply[year], self.group(regions))
        return self._undisturbed[key]

    @cached_property
    def _undisturbed(self) -> dict[tuple[tuple[str, ...], int], Access]:
        """What regions get without a disruption, found so far, by regions and place of the year."""
        return {}

    def accessible(self, scenario: str, regions: Sequence[str], year: int, cuts: Cuts | None = None) -> Array:
        """Accessible and recovered of each node, (node)."""
        return self.access(regions, year, cuts).accessible + self.relief(scenario, regions, year)

    def at_home(self, regions: Sequence[str]) -> np.ndarray:
        """Countries that belong to some regions, (country)."""
        return np.isin(np.array(self.inputs.home, dtype=object), list(regions))

    def home(self, country: int) -> str:
        """Customer that a country, by its place, belongs to, or ''."""
        place = int(self.supply[0].home[country])
        return "" if place == NOWHERE else self.customers[place]

    def sources(self, scenario: str, regions: Sequence[str], year: int) -> tuple[Array, Array]:
        """Where regions take each node from: own share (node), and share by country (node, country)."""
        inside = np.where(self.at_home(regions), self.supply[year].made, 0.0)
        return sourcing(self.access(regions, year), inside, self.plan(scenario, regions, year).need)

    def intensity(self, mineral: str) -> Array:
        """Intensity of a mineral, (chemistry, year) [kt/GWh]."""
        resolved = self.resolved
        values = intensity_of(resolved, "value")[0][:, resolved.minerals.labels.index(mineral)]
        shape = (len(resolved.chemistries), len(resolved.years))
        return np.asarray(np.broadcast_to(values, shape)[:, _reported(resolved)])

    def reserves(self, node: Node, regions: Sequence[str]) -> float | None:
        """Share of the world's reserves of what a mine digs that lies in some regions; None where they are unknown."""
        by_home = self._reserves.get(node.products[0][0]) if node.products else None
        return None if by_home is None else sum(by_home.get(region, 0.0) for region in regions) / sum(by_home.values())

    @cached_property
    def _reserves(self) -> dict[str, dict[str, float]]:
        """Reserves of each mineral by the region in which they lie, '' for none."""
        frame, out = self.inputs.reserves, dict[str, dict[str, float]]()
        for mineral, home, amount in zip(
            frame["mineral"], self.inputs.home_of(frame["country"]), frame["value"], strict=True
        ):
            by_home = out.setdefault(mineral, {})
            by_home[home] = by_home.get(home, 0.0) + float(amount)
        return out

    def name_of(self, regions: Sequence[str]) -> str:
        """Name of regions that share a pool."""
        return self.label if tuple(regions) == self.regions else " + ".join(regions)

    def cuts(self, cuts: Sequence[tuple[str, str, str, float]]) -> Cuts:
        """(country, node, kind, severity) as arrays."""
        shape = (len(self.inputs.nodes), len(self.inputs.countries))
        export, output = np.zeros(shape), np.zeros(shape)
        for country, node, kind, severity in cuts:
            if country in self.inputs.countries:
                place = self.inputs.place(node), self.inputs.countries.index(country)
                (export if kind == "export" else output)[place] = severity
        return Cuts(export, output)

    def pools(self, cuts: Sequence[tuple[str, str, str, float]]) -> list[tuple[str, ...]]:
        """Regions of the run that share a pool when countries close: those outside them together, the others apart."""
        homes = dict(zip(self.inputs.countries, self.inputs.home, strict=True))
        closing = {homes.get(country, "") for country, *_ in cuts}
        outside = tuple(region for region in self.regions if region not in closing)
        apart: list[tuple[str, ...]] = [(region,) for region in self.regions if region in closing]
        return [outside, *apart] if outside else apart

    @cached_property
    def factories(self) -> dict[tuple[str, tuple[str, ...], int], Factory]:
        """Factories made so far, by scenario, regions and place of the year."""
        return {}

    @cached_property
    def library(self) -> dict[str, list[Any]]:
        """Disruptions of the library played so far, by scenario: `risk.library`."""
        return {}

    def factory(self, scenario: str, regions: tuple[str, ...], year: int) -> Factory:
        """The linear programme of a plan, made once."""
        key = (scenario, regions, year)
        if key not in self.factories:
            self.factories[key] = Factory(self.plan(*key))
        return self.factories[key]


def about(points: Chokepoints, inputs: Inputs) -> dict[str, Any]:
    """What the record says of an exposure: the future, the reference world, groups, and labels of what is named."""
    asked, supply = points.asked, points.inputs
    futures = inputs["supply_futures"].set_index("future")
    groups = inputs["country_groups"].set_index("group")["label"]
    return {
        "future": {"label": str(futures.loc[asked.future, "label"]), "note": str(futures.loc[asked.future, "note"])},
        "reference": {"demand": asked.demand, "adoption": asked.adoption},
        "caveats": caveats(points, inputs),
        "groups": {"concern": str(groups[asked.concern]), "allies": str(groups[asked.allies])},
        "nodes": {
            node.node: {"label": node.label, "item": node.item, "stage": node.stage, "part": node.part}
            for node in supply.nodes
        },
        "countries": {code: supply.country_labels[code] for code in supply.countries},
        "disruptions": {
            event.disruption: {"label": event.label, "status": event.status, "start": event.start,
                               "months": event.months}
            for event in supply.events
        },
    }  # fmt: skip


def chokepoints(resolved: Resolved, inputs: Inputs, tables: Tables, like: Chokepoints | None = None) -> Chokepoints:
    """Set up the exposure of a computed run. like: that of a run which differs in its scenarios alone, whose supply and
    reference world are the same. Raises InputError with all that does not fit."""
    run = resolved.run
    mine = {name: batteries(resolved, tables, name) for name in run.settings.scenario}
    if like is not None:
        check_active_materials(inputs, _bases(resolved))
        return replace(like, resolved=resolved, uses=uses(resolved, like.inputs), scenarios=mine)
    supply = supply_inputs(run, inputs, resolved.minerals.labels, resolved.reported)
    world = with_intensity(resolve(_reference(run, inputs), inputs), inputs)
    check_active_materials(inputs, [*_bases(resolved), *_bases(world)])
    reference = batteries(world, compute(world) if world.parameters else {}, REFERENCE)
    customers = world.regions.labels
    need = _need(world, supply, reference)
    by_region = reference.cells.sum(axis=(1, 2))
    home = np.array([customers.index(name) if name in customers else NOWHERE for name in supply.home], dtype=np.intp)
    published = supply.published
    needed = need.sum(axis=1)  # (node, year)
    # What the reference world does not need and nobody publishes is not known, rather than not made.
    by_need = np.where(needed > 0, needed * (1 + supply.headroom[:, None]), np.nan)
    made_by_world = np.where(np.isnan(published), by_need, published)
    by_year = tuple(
        Supply(
            made=supply.share[:, :, y] * made_by_world[:, None, y] + supply.plants[:, :, y],
            need=need[:, :, y],
            batteries=by_region[:, y],
            home=home,
        )
        for y in range(len(resolved.reported))
    )
    used = joined(supply.used, _of_reference(world))
    label = region_label(resolved.regions.labels, inputs)
    left_out = _left_out(resolved, inputs, world, reference.cells)
    return Chokepoints(resolved, supply, uses(resolved, supply), mine, customers, by_year, label, used, left_out)


def _left_out(resolved: Resolved, inputs: Inputs, world: Resolved, cells: Array) -> dict[str, Array]:
    """Uses that the scope leaves out. cells: of the reference world, (region, segment, chemistry, year) [GWh]."""
    at = [place for place, region in enumerate(world.regions.labels) if region in resolved.regions.labels]
    by_use = cells[at].sum(axis=(0, 2))  # (segment, year)
    share = by_use / np.maximum(by_use.sum(axis=0), np.finfo(float).tiny)
    labels = dict(zip(inputs["segments"]["segment"], inputs["segments"]["label"], strict=True))
    return {
        str(labels[name]): share[place]
        for place, name in enumerate(world.segments.labels)
        if name not in resolved.segments.labels and share[place].any()
    }


def caveats(points: Chokepoints, inputs: Inputs) -> list[str]:
    """What a reader of the GWh at risk must know: sentences, none where there is nothing.

    Supply is what a region gets for all its uses. A run of some of them hands these what the others need as well. Nodes
    are followed along the minerals of the run; a stop of one that hangs on another mineral costs such a run nothing.
    """
    return [*_uses_left_out(points), *_nodes_left_out(points, inputs)]


def _uses_left_out(points: Chokepoints) -> list[str]:
    if not points.left_out:
        return []
    year, share = points.years[-1], sum(float(part[-1]) for part in points.left_out.values())
    names = [name[:1].lower() + name[1:] for name in points.left_out]
    return [
        f"Left out of this run: {listed(names, len(names))}, {share:.0%} of the batteries of {points.label} in {year}. "
        "What they need is counted as free for the other uses, so that GWh at risk come out too low."
    ]


def _nodes_left_out(points: Chokepoints, inputs: Inputs) -> list[str]:
    minerals = inputs["minerals"].set_index("mineral")["label"]
    reported = points.resolved.minerals.labels
    if set(reported) == set(minerals.index):
        return []
    followed = {node.node for node in points.inputs.nodes}
    needed = {*inputs["stage_yield"]["node"], *inputs["node_use"]["node"]}
    frame = inputs["nodes"].query("same_as == ''")
    missing = [
        str(label) for node, label in zip(frame["node"], frame["label"], strict=True) if node in needed - followed
    ]
    if not missing:
        return []
    followed_minerals = listed([minerals[name].lower() for name in reported], 4)
    return [
        f"Minerals of this run: {followed_minerals}. {len(missing)} nodes that hang on others are not followed "
        f"({listed(missing, 4)}): a stop of one costs nothing here. Leave scope.minerals out to follow all."
    ]


def _bases(resolved: Resolved) -> list[str]:
    """Base chemistries that a run may sell."""
    return [base for base, _ in resolved.chemistries.labels]


def _reference(run: Run, inputs: Inputs) -> Run:
    """The reference world as a run of its own, whose problems stand where [exposure] names it."""
    asked = run.settings.exposure
    assert asked is not None
    parts = split(str(inputs["regions"].set_index("region").loc[WORLD, "parts"]))
    within = [name for name in run.settings.scope.regions if name not in (WORLD, *parts)]
    if within:
        why = f"the reference world has no part of its own for it; [exposure] takes {listed(parts)} and {WORLD}"
        raise InputError([run.problem(("scope", "regions"), f"regions has {name!r}", why) for name in within])
    scope = run.settings.scope.model_copy(update={"regions": (WORLD,), "segments": ()})
    scenario = Scenario(demand=asked.demand, adoption=asked.adoption)
    # Lines that a run gives are those of its own scenarios; the reference world's follow from its growth.
    flows = run.settings.flows.model_copy(update={"lines": ""}) if run.settings.flows else None
    alone = dict.fromkeys(("study", "prices", "exposure", "optimise"))
    settings = run.settings.model_copy(
        update={"scope": scope, "scenario": {REFERENCE: scenario}, "flows": flows, **alone}
    )
    places: dict[tuple[str, ...], tuple[str, int]] = {
        ("scenario", REFERENCE, key): run.place("exposure", key) for key in ("demand", "adoption")
    }
    return Run(run.name, run.path, settings, {REFERENCE: ()}, (), {**run.origin, **places})


def _of_reference(world: Resolved) -> pd.DataFrame:
    """Rows that the reference world rests on."""
    tables = ("battery_demand", "market_share", "silicon_uptake", "mineral_intensity")
    return world.inputs_used[world.inputs_used["table"].isin(tables)]


def _need(world: Resolved, supply: SupplyInputs, reference: Batteries) -> Array:
    """Need of the reference world, less what it recovers, (node, customer, year) [kt or GWh]."""
    use = uses(world, supply)
    cells = reference.cells.sum(axis=1)  # (customer, chemistry, year)
    gain = np.where(use.scrapped[:, None, None], reference.gain, 1.0)
    natural = use.route
    routed = np.outer(use.natural, natural) + np.outer(use.synthetic, 1 - natural)  # (node, year)
    graphite = np.einsum("rcy,cy->ry", cells, use.carrier)
    need = (np.einsum("rcy,cny->nry", cells, use.fixed) + routed[:, None] * graphite) * gain
    relief = np.stack([
        np.stack([
            _relief(supply, world, reference.recovered[r, :, y], use.route[y]) for y in range(need.shape[2])
        ], axis=1)
        for r in range(need.shape[1])
    ], axis=1)  # fmt: skip
    return np.asarray(np.maximum(need - relief, 0.0))


def _relief(supply: SupplyInputs, resolved: Resolved, recovered: Array, natural: float) -> Array:
    """Recovered minerals [kt] as what they take off mining and refining, (node)."""
    out = np.zeros(len(supply.nodes))
    shares = {"": 1.0, "natural": natural, "synthetic": 1 - natural}
    for n, node in enumerate(supply.nodes):
        if node.stage in RELIEVED:
            for mineral, route, per_kg in node.products:
                out[n] += recovered[resolved.minerals.labels.index(mineral)] * per_kg * shares[route]
    return out
