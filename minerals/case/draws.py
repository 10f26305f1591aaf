"""Draws of a run's disruptions: what is uncertain of what they rest on, and what is lost in each draw.

Drawn are the ends of: how much a stop takes, and for how many months; country shares, the world's supply as published,
or else the utilisation of plants, and what is delivered of announced plants; what cells need of a node, by the
intensities that carry it; the observed origin of cells; where what is built for a plan stands; demand; market shares,
as a sample draws them (`shares`); and of what nobody knows, where its share is taken at the centre, that share, from
nothing to all. All else stays at its value: stocks, how much is built for a plan, and the weights of the pool.

A figure is of the twelve months that begin with the year. A stop that lasts L of them takes L/12 of what it would take
in all, with a stock spread over L months (`exposure/window.py`); one that lasts longer takes what one of twelve does.

What cells need of a node, and demand, are the same rows in the reference world and in the plan, and are drawn once:
supply that follows the need of that world moves with them, and a node is then as scarce as before. Supply that is
published, or made by plants, does not. Demand of another scenario than the reference world has moves the plan alone.
The share of a chemistry has one cause in all scenarios: it moves in the plan, and in the need of the reference world.
Where own rows say intensities by use, a chemistry keeps the segments that it has at the values. Of a node of which one
mass gives several products, that product counts in each draw of which a chemistry then needs most of the node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..exposure.bases import NOTHING
from ..exposure.coverage import Cuts, Supply, access, stockpiled, to_be_had, trade
from ..exposure.draws import Key, Places, Ranged, Streams, laid_together, part_of, reached, taken_of, upstream
from ..exposure.factory import Factory, Plan, Supplied
from ..exposure.follow_on import FollowOn
from ..exposure.known import BY_NEED, BY_PLANTS, PUBLISHED
from ..exposure.makers import Shared
from ..exposure.stages import least
from ..exposure.window import YEAR
from ..flows.demand import Array
from ..provenance import Rows
from ..tables.codes import ENERGY, GRAPHITE_ROUTES
from ..tables.supply import Event, Node
from .arrays import ENDS, additions_of, cells_of, finer_ends, pack_of
from .chokepoints import Chokepoints
from .outcome import Outcome
from .reference import REFERENCE
from .shares import DrawnShares, share_weights
from .unknown import leaders
from .uses import Batteries, bases_of, batteries, products_counted, uses_of

Index = NDArray[np.intp]
#: Draws that are computed at a time, so that their arrays stay small.
ROWS = 2048
SEVERITY: Key = ("severity",)
MONTHS: Key = ("months",)
DELIVERY: Key = ("plant_delivery",)
DEMAND: Key = ("battery_demand",)
SHARE, WORLD_SUPPLY, UTILISATION = "supply_share", "battery_supply", "supply_utilisation"
PLANTS = "plant_utilisation"
ORIGIN, INTENSITY, PACK = "cell_origin", "mineral_intensity", "pack_intensity"
LOCATION, UNKNOWN = "marginal_location", "unknown"
#: What the world needs of a node at least, as a multiple of its value.
LEAST_NEED = 1e-9


class Lost(NamedTuple):
    """What is lost in every draw, the first at the values, (row) each [GWh]: of the batteries, and of the cells that
    are planned to be made at home; and how many these are."""

    batteries: Array
    industry: Array
    at_home: Array


class Drawn:
    """Draws of the disruptions of a run. count: draws; seed: of their numbers."""

    def __init__(self, chokepoints: Chokepoints, count: int, seed: int) -> None:
        self.chokepoints, self.streams = chokepoints, Streams(count, seed)
        self._of_demand: dict[str, Array] = {}
        self._of_shares: dict[str, tuple[Array, Array]] = {}
        self._lost: dict[tuple[str, tuple[str, ...], int], dict[str, Lost]] = {}

    def lost(self, events: Sequence[Event], regions: tuple[str, ...], year: int) -> list[dict[str, Lost]]:
        """What is lost by some events in a year, by its place, for regions that share a pool: of each, by scenario."""
        new = [event for event in events if (event.disruption, regions, year) not in self._lost]
        parts: list[list[dict[str, Lost]]] = [[] for _ in new]
        for part in self.streams.parts(ROWS) if new else ():
            at_once = InYear(self, part, new, regions, year)
            for place, event in enumerate(new):
                parts[place].append(at_once.lost(event))
        for event, found in zip(new, parts, strict=True):
            self._lost[event.disruption, regions, year] = {
                scenario: Lost(*(np.concatenate([part[scenario][kind] for part in found]) for kind in range(3)))
                for scenario in self.chokepoints.scenarios
            }
        return [self._lost[event.disruption, regions, year] for event in events]

    def supplied(
        self, event: Event | None, scenario: str, regions: tuple[str, ...], year: int
    ) -> tuple[Supplied, Array]:
        """What there is for a plan under an event, or without one, one question a draw, in units of the plan at its
        values; and by how much demand is more than that, (row)."""
        at_once = InYear(self, self.streams, [] if event is None else [event], regions, year)
        return at_once.supplied(scenario, at_once.hit(event)), at_once.demand(scenario)

    def ranged(self, year: int) -> Ranged:
        """Supply of a year with its ends."""
        inputs, known = self.chokepoints.inputs, self.chokepoints.known[year]
        ends, fill = inputs.ends, np.array(known.fill)
        published, by_plants = fill == PUBLISHED, fill == BY_PLANTS
        announced = np.where(by_plants[:, None], 0.0, inputs.plants[..., year])
        of_plants, share = inputs.by_plants[..., year], inputs.share[..., year]
        tables = np.select([published, by_plants], [WORLD_SUPPLY, PLANTS], UTILISATION)
        return Ranged(
            np.where(by_plants[:, None], of_plants, known.by_share),
            share, np.where(by_plants[:, None], share, ends.share[..., year]), self._share_keys,
            np.select([published, by_plants], [inputs.published[:, year], of_plants.sum(axis=1)], inputs.utilisation),
            np.select([published, by_plants], [ends.published[..., year], ends.plants[..., year]], ends.utilisation),
            [
                (str(table), used if table == UTILISATION else node.node)
                for table, node, used in zip(tables, inputs.nodes, ends.utilised, strict=True)
            ],
            tables == UTILISATION, announced, ends.delivery, DELIVERY,
            known.added - np.where(by_plants[:, None], of_plants, announced),
        )  # fmt: skip

    @cached_property
    def _share_keys(self) -> list[list[Key]]:
        inputs = self.chokepoints.inputs
        return [[(SHARE, node.node, country) for country in inputs.countries] for node in inputs.nodes]

    # ------------------------------------------------------------------ shares, use of the nodes, demand, origin

    def cells(self, streams: Streams, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Planned cells of each chemistry at the drawn market shares, (row or 1, chemistry) [GWh]: as many as of the
        plan at its values."""
        at = [self.chokepoints.regions.index(region) for region in regions]
        return self._shares(self.chokepoints.outcome, scenario, self.chokepoints.scenarios[scenario], year, at).drawn(
            streams
        )

    def needed(self, streams: Streams, year: int) -> Array:
        """Need of each node in the reference world at the drawn market shares, as a multiple of its value, (row or 1,
        node)."""
        world = self.chokepoints.world
        shares = self._shares(world, REFERENCE, self._world, year, range(len(world.resolved.regions)))
        # A chemistry keeps its segments in every draw, as those of a plan do.
        by_segment = self._world.cells[..., year].sum(axis=0)
        use = uses_of(world.arrays, self.chokepoints.inputs).total(year, by_segment)
        drawn, value = shares.drawn(streams) @ use, shares.cells.sum(axis=0) @ use
        return np.asarray(np.maximum(np.divide(drawn, value, out=np.ones_like(drawn), where=value > 0), LEAST_NEED))

    @cached_property
    def _world(self) -> Batteries:
        """Batteries of the reference world."""
        return batteries(self.chokepoints.world, REFERENCE)

    def _shares(self, outcome: Outcome, scenario: str, mine: Batteries, year: int, at: Sequence[int]) -> DrawnShares:
        """Cells of some regions, by their places, in a year and the weights of their market shares."""
        resolved = outcome.resolved
        if scenario not in self._of_shares:
            self._of_shares[scenario] = share_weights(resolved, scenario, self.chokepoints.config.share_spread)
        when, bases = outcome.arrays.reported[year], tuple(bases_of(resolved))
        cells = mine.cells[at, ..., year].reshape(-1, len(bases))
        low, high = (each[at, ..., when].reshape(-1, len(bases)) for each in self._of_shares[scenario])
        return DrawnShares(bases, cells, low, high)

    def absolute(self, year: int) -> NDArray[np.bool_]:
        """Nodes whose supply does not follow the need of the reference world, (node): use moves that too."""
        return np.array([fill != BY_NEED for fill in self.chokepoints.known[year].fill])

    def used(self, streams: Streams, cells: Array, year: int) -> Array:
        """How many times as much cells use of each node, (row, node) or (1, node).

        Where all products of a node add up, the mean of what its intensities are drawn at, weighed by how much of the
        node the cells, (segment, chemistry) [GWh], use for them. Intensities of one draw group move together, as do
        those of packs of one mineral.
        """
        uses, out = self.chokepoints.uses, np.ones((1, len(self.chokepoints.inputs.nodes)))
        weighed = cells.sum(axis=0) * uses.weights(cells)
        carried = weighed[..., None, None] * self._carried[..., year]  # (segment or 1, chemistry, mineral, node)
        total = np.maximum(cells.sum(axis=0) @ uses.total(year, cells), carried.sum(axis=(0, 1, 2)))
        ratio = np.divide(carried, total, out=np.zeros_like(carried), where=total > 0)
        for low, high, key in self._ends_of(year):
            below, above = (
                sum(np.einsum("cm,cmn->n", end, part) for end, part in zip(ends, ratio, strict=True))
                for ends in (low, high)
            )
            if below.any() or above.any():
                under, over = streams.sides(key)
                out = out - under[:, None] * below + over[:, None] * above
        more = self._more_of_joint(self.intensities(streams, year), year) if self._joint else {}
        for n, each in more.items():
            out = np.repeat(out, len(each), axis=0) if len(out) < len(each) else out
            out[:, n] = 1.0 + np.einsum("rsc,sc->r", each, weighed) / total[n] if total[n] > 0 else 1.0
        return np.asarray(np.maximum(out, 0.0))

    @cached_property
    def _joint(self) -> list[int]:
        """Nodes of which one mass gives several products at once."""
        return [n for n, node in enumerate(self.chokepoints.inputs.nodes) if any(node.together)]

    def _more_of_joint(self, times: Array, year: int) -> dict[int, Array]:
        """How much more of each node of which one mass gives several products a chemistry uses than at the values, by
        its place, (row, segment or 1, chemistry) [kt/GWh]: which product counts is seen in each draw. times: each
        intensity as a multiple of its value, (row, segment or 1, chemistry, mineral)."""
        (nodes, minerals, bases), out = self._labels, {}
        value = self._intensities_by_year[..., 0, [year]]
        for n in self._joint:
            node, needed = nodes[n], []
            for each in (times[..., None] * value, value[None]):
                parts = np.stack([each[..., minerals.index(mineral), 0] * kg for mineral, _, kg in node.products])
                found = (parts * products_counted(node, each, minerals)[..., 0]).sum(axis=0)
                for c, base in enumerate(bases):
                    if base in node.uses and node.uses[base][0] != ENERGY:
                        mineral, amount = node.uses[base]
                        found[..., c] += each[..., c, minerals.index(mineral), 0] * amount
                needed.append(found)
            out[n] = needed[0] - needed[1]
        return out

    def intensities(self, streams: Streams, year: int) -> Array:
        """Each intensity of a year as a multiple of its value, (row or 1, segment or 1, chemistry, mineral)."""
        out = np.ones((1, *self._carried.shape[:3]))
        for low, high, key in self._ends_of(year):
            under, over = streams.sides(key)
            out = out - under[:, None, None, None] * low + over[:, None, None, None] * high
        return np.asarray(np.maximum(out, 0.0))

    def _ends_of(self, year: int) -> Iterator[tuple[Array, Array, Key]]:
        """How far the ends of each uncertain intensity of a year lie below and above it, as parts of it, (segment or 1,
        chemistry, mineral) each, and the input that is drawn. Where own rows say intensities by use or year of sale
        these are their ends, and each row moves with its draw group: between two years of sale both rows do."""
        if self._finer is None:
            yield from ((low[None], high[None], key) for key, (low, high) in self._intensity.items())
            return
        apart, finer = self._finer[0], self._finer[1]
        for key in dict.fromkeys((*self._intensity, *finer)):
            ends = np.zeros((2, *apart.shape[:3]))
            if key in self._intensity:
                ends += np.where(apart[..., year], 0.0, np.stack(self._intensity[key])[:, None])
            if key in finer:
                ends += finer[key][..., year]
            if ends.any():
                yield ends[0], ends[1], key

    @cached_property
    def _finer(self) -> tuple[NDArray[np.bool_], dict[Key, Array]] | None:
        """Whether own rows say an intensity by use or year of sale, (segment or 1, chemistry, mineral, year), and how
        far their ends lie below and above it, (2, the same), as parts of it, by the inputs that are drawn; None where
        no row does."""
        arrays = self.chokepoints.outcome.arrays
        if arrays.finer is None:
            return None
        segments = len(arrays.by_use["value"])
        apart, ends = finer_ends(self.chokepoints.resolved)
        value = arrays.by_use["value"][..., arrays.reported]
        found = {key: each[:, :segments][..., arrays.reported] for key, each in ends.items()}
        return apart[:segments][..., arrays.reported], {
            key: np.divide(each, value, out=np.zeros_like(each), where=value > 0) for key, each in found.items()
        }

    @cached_property
    def _intensity(self) -> dict[Key, tuple[Array, Array]]:
        """How far the ends of each uncertain intensity that holds of all uses and years lie below and above it, as
        parts of it, (chemistry, mineral) each, by the inputs that are drawn."""
        resolved = self.chokepoints.resolved
        cell, pack = (np.stack([of(resolved, end) for end in ENDS]) for of in (cells_of, pack_of))
        whole = cell[0] + pack[0]
        out: dict[Key, tuple[Array, Array]] = {}

        def parts(ends: Array, mine: Array) -> tuple[Array, Array]:
            value, low, high = np.where(mine, ends, 0.0)
            both = (np.divide(each, whole, out=np.zeros_like(whole), where=whole > 0)
                    for each in (value - low, high - value))  # fmt: skip
            return next(both), next(both)

        groups = self._draw_groups
        for group in dict.fromkeys(groups[groups != ""].tolist()):
            out[INTENSITY, group] = parts(cell, groups == group)
        for m, mineral in enumerate(resolved.minerals.labels):
            out[PACK, mineral] = parts(pack[:, None] * (cell[:1] > 0), np.arange(len(pack[0])) == m)
        return {key: ends for key, ends in out.items() if ends[0].any() or ends[1].any()}

    @cached_property
    def _draw_groups(self) -> NDArray[np.str_]:
        """Draw group of each intensity, (chemistry, mineral); '' where there is no row."""
        resolved = self.chokepoints.resolved
        used = resolved.inputs_used[resolved.inputs_used["table"] == INTENSITY]
        group = dict(zip(used["rows"], used["draw_group"], strict=True))
        out = np.full((len(resolved.chemistries), len(resolved.minerals)), "", dtype=object)
        frame, names = resolved.cell_intensity, list(resolved.minerals.labels)
        places = {pair: place for place, pair in enumerate(resolved.chemistries.labels)}
        for chemistry, silicon, mineral, rows in zip(
            *(frame[name] for name in ("chemistry", "silicon", "mineral", "rows")), strict=True
        ):
            out[places[chemistry, float(silicon)], names.index(mineral)] = group[Rows.parse(rows).names()[0]]
        return out.astype(str)

    @cached_property
    def _carried(self) -> Array:
        """Use of each node per GWh of a chemistry that follows the intensity of each mineral, (segment or 1, chemistry,
        mineral, node, year) [kt/GWh]; the rest of a use goes by the energy alone. Graphite takes the routes that are
        planned."""
        return self._whatever_route + self._by_route

    @cached_property
    def _whatever_route(self) -> Array:
        """The same of what does not depend on the route of graphite."""
        nodes, minerals, bases = self._labels
        intensity = self._intensities_by_year[..., 0, :]
        per = np.zeros((len(intensity), len(bases), len(minerals), len(nodes), intensity.shape[-1]))
        for n, node in enumerate(nodes):
            counts = products_counted(node, intensity, minerals)
            for (mineral, route, per_kg), counting in zip(node.products, counts, strict=True):
                per[:, :, minerals.index(mineral), n] += per_kg * (not route) * counting
            for c, base in enumerate(bases):
                if base in node.uses and node.uses[base][0] != ENERGY:
                    mineral, amount = node.uses[base]
                    per[:, c, minerals.index(mineral), n] += amount
        return np.asarray(per * self._intensities_by_year)

    @cached_property
    def _by_route(self) -> Array:
        """The same of what does."""
        arrays, (nodes, minerals, bases) = self.chokepoints.outcome.arrays, self._labels
        natural = arrays.route[GRAPHITE_ROUTES.index("natural"), arrays.reported]
        per = np.zeros((len(bases), len(minerals), len(nodes), len(natural)))
        for n, node in enumerate(nodes):
            for mineral, route, per_kg in node.products:
                if route:
                    per[:, minerals.index(mineral), n] += per_kg * (natural if route == "natural" else 1 - natural)
        return np.asarray(per * self._intensities_by_year)

    @property
    def _labels(self) -> tuple[Sequence[Node], list[str], list[str]]:
        """Nodes, minerals, and base chemistry of each chemistry."""
        resolved = self.chokepoints.resolved
        return (
            self.chokepoints.inputs.nodes,
            list(resolved.minerals.labels),
            [b for b, _ in resolved.chemistries.labels],
        )

    @property
    def _intensities_by_year(self) -> Array:
        """(segment or 1, chemistry, mineral, 1, year) [kt/GWh]."""
        arrays = self.chokepoints.outcome.arrays
        return np.asarray(arrays.by_use["value"][..., None, arrays.reported])

    def by_chemistry(
        self, event: Event | None, scenario: str, regions: tuple[str, ...], year: int, rows: Sequence[int]
    ) -> tuple[Array, Array]:
        """Batteries to be had in some draws, (row) each [GWh]: with what all cells need of a node moved alike, as the
        draws have it, and with the intensities of each chemistry drawn, for which each draw is a programme of its own.

        How far the second is from the first is what factors by node leave away. Both have the same supply, and as much
        of each node is needed by the plan as a whole.
        """
        chokepoints, (nodes, minerals, _) = self.chokepoints, self._labels
        plan, factory = chokepoints.plan(scenario, regions, year), chokepoints.factory(scenario, regions, year)
        supplied, demand = self.supplied(event, scenario, regions, year)
        demand = np.broadcast_to(demand, len(supplied))
        cells, uses = chokepoints.cells_of(scenario, regions, year), chokepoints.uses
        used = np.broadcast_to(self.used(self.streams, cells, year), (len(supplied), len(nodes)))
        intensities = self.intensities(self.streams, year)
        intensities = np.broadcast_to(intensities, (len(supplied), *intensities.shape[1:]))
        fixed, _ = uses.mean(year, cells)
        weights = uses.weights(cells)
        graphite = uses.carrier[..., year] * weights
        scrap = np.divide(plan.use, fixed, out=np.ones_like(fixed), where=fixed > 0)
        carried = self._whatever_route[..., year].copy()
        carried[..., self._joint] = 0.0
        latest, apart = factory, []
        for row in rows:
            times = intensities[row]
            more = np.einsum("scmn,scm,sc->cn", carried, times - 1.0, weights)
            for n, each in self._more_of_joint(times[None], year).items():
                more[:, n] = (each[0] * weights).sum(axis=0)
            use = plan.use + scrap * more
            routes = plan.routes
            if routes is not None:
                drawn = (graphite * times[..., minerals.index("graphite")]).sum(axis=0)
                mean = graphite.sum(axis=0)
                carrier = routes.carrier * np.divide(drawn, mean, out=np.ones_like(drawn), where=mean > 0)
                routes = replace(routes, carrier=carrier)
            one = supplied.take([row])
            real = Supplied(one.own * used[row], one.bought * used[row], one.home, one.imported)
            latest = Factory(replace(plan, use=np.maximum(use, 0.0), routes=routes), latest)
            apart.append(float(latest.totals(real)[0][0]))
        together = factory.totals(supplied.take(list(rows)), frequent=True)[0]
        return together * demand[list(rows)], np.array(apart) * demand[list(rows)]

    def demand(self, streams: Streams, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Demand of a plan as a multiple of its value, (row) or (1)."""
        arrays = self.chokepoints.outcome.arrays
        at, when = [self.chokepoints.regions.index(region) for region in regions], arrays.reported[year]
        value, low, high = (self._additions(scenario)[e][at][..., when].sum() for e in range(len(ENDS)))
        return streams.drawn(DEMAND, 1.0, low / value, high / value) if value > 0 else np.ones(1)

    def _additions(self, scenario: str) -> Array:
        """Additions at each end, (end, region, segment, year) [GWh]."""
        if scenario not in self._of_demand:
            resolved = self.chokepoints.resolved
            self._of_demand[scenario] = np.stack([additions_of(resolved, scenario, end)[0] for end in ENDS])
        return self._of_demand[scenario]

    def cell_origin(self, streams: Streams, regions: tuple[str, ...], year: int) -> Array:
        """Share of each maker in the cells of each chemistry that regions use, (row or 1, chemistry, country).

        That of lithium-ion cells is calibrated on the observed one: where that is another, the share of a maker is as
        many times another, and all sum to one again. What [exposure] says of it is not drawn.
        """
        chokepoints = self.chokepoints
        value = chokepoints.cell_origin(regions, year)
        observed = chokepoints.inputs.cell_origin
        uncertain = [
            region for region in regions
            if region in observed and any(each.low < each.high for each in observed[region][1].values())
        ]  # fmt: skip
        if chokepoints.origins.configured or not uncertain:
            return value[None]
        factor = {region: self._times_observed(streams, region) for region in uncertain}
        made_as, customers = chokepoints.chain.cell, chokepoints.customers
        by_node: dict[int, Array] = {}
        for n in np.flatnonzero(made_as.any(axis=0)):
            if not chokepoints.origins.as_observed(int(n), year):
                continue
            found = chokepoints.origins.by_customer(regions, year, int(n))
            if found is not None:
                by_node[int(n)] = np.zeros((len(streams), found.shape[1]))
                for b in np.flatnonzero(found.sum(axis=1) > 0):
                    mine = found[b] * factor.get(customers[b], np.ones((1, 1)))
                    by_node[int(n)] += mine * (found[b].sum() / mine.sum(axis=1, keepdims=True))
        out = np.repeat(value[None], len(streams), axis=0)
        for c, uses in enumerate(made_as):
            if uses.any() and int(uses.argmax()) in by_node:
                out[:, c] = by_node[int(uses.argmax())]
        return out

    def _times_observed(self, streams: Streams, region: str) -> Array:
        """Observed share of each maker as a multiple of its value, (row, country)."""
        inputs, homes = self.chokepoints.inputs, self.chokepoints.origins.homes
        makers = inputs.cell_origin[region][1]
        drawn = {
            maker: np.broadcast_to(streams.drawn((ORIGIN, region, maker), *ends, 1.0), len(streams))
            for maker, ends in makers.items()
        }
        whole = sum(drawn.values()) / sum(ends.value for ends in makers.values())
        own = [maker for maker in makers if homes.get(maker) == region]
        named = [maker for maker in makers if maker not in own and maker in inputs.countries]
        others = [maker for maker in makers if maker not in own and maker not in inputs.countries]

        def times(some: Sequence[str]) -> Array:
            value = sum(makers[maker].value for maker in some)
            if not value > 0:
                return np.ones(len(streams))
            return np.asarray(sum(drawn[maker] for maker in some) / whole / value)

        at_home, elsewhere = times(own), times(others)
        return np.stack([
            at_home if homes.get(country) == region else times([country]) if country in named else elsewhere
            for country in inputs.countries
        ], axis=1)  # fmt: skip


def drawn_of(chokepoints: Chokepoints, count: int, seed: int) -> Drawn:
    """Draws of the disruptions of a run, made once."""
    if (count, seed) not in chokepoints.drawn:
        chokepoints.drawn[count, seed] = Drawn(chokepoints, count, seed)
    drawn: Drawn = chokepoints.drawn[count, seed]
    return drawn


class Hit(NamedTuple):
    """What a disruption leaves, in every draw: accessible and own supply of each node, (row, node), and the part of its
    cells that each maker can still make and sell, (row or 1, chemistry, place). cuts: what it takes of some nodes,
    (row, of these, place), or None without one; lasts: part of the year that it fills, (row) or (1); shared: of these
    nodes, where a plan has makers outside the run share them, as `Chokepoints.shared` has it, with draws in place of
    stops."""

    accessible: Array
    own: Array
    cells: Array
    nodes: Index
    cuts: Cuts | None
    lasts: Array
    shared: Shared | None = None


class InYear:
    """Draws of events in one year, by its place, for regions that share a pool."""

    def __init__(
        self, drawn: Drawn, streams: Streams, events: Sequence[Event], regions: tuple[str, ...], year: int
    ) -> None:
        self.drawn, self.streams, self.regions, self.year = drawn, streams, regions, year
        self.chokepoints = chokepoints = drawn.chokepoints
        self.world: Supply = chokepoints.supply[year]
        countries = {code: place for place, code in enumerate(chokepoints.inputs.countries)}
        closing = [countries[cut.country] for event in events for cut in event.cuts if cut.country in countries]
        self.places = Places.keeping(closing, self.world.home, len(self.world.batteries))
        self.nodes = np.flatnonzero(self._wanted())
        # Of a node that the world needs more of, all customers need more: access is found per unit of that.
        self.needed = drawn.needed(streams, year)
        made = drawn.ranged(year).made(streams, self.nodes, self.places, self.needed)
        world = self.world if self.world.assumed is None else replace(self.world, assumed=self._assumed())
        self.supply = laid_together(world, made, self.nodes, self.places)
        self.group = chokepoints.group(regions)
        self.origin = drawn.cell_origin(streams, regions, year) @ self.places.shared
        self.inside = (self.places.shared * chokepoints.at_home(regions)[:, None]).any(axis=0)
        self._pers: dict[str, Array] = {}
        self._demands: dict[str, Array] = {}
        self._cells: dict[str, Array] = {}
        self._withouts: dict[str, tuple[Array, Array]] = {}
        self._undisturbed: dict[str, tuple[Array, Array]] = {}

    def _assumed(self) -> Array:
        """Share of each country in what nobody knows, (node, country) or (row, node, country). At the centre that of
        the country that leads is anything from 0 to 1, and the others have the rest as they have it there."""
        assumed, inputs = np.asarray(self.world.assumed), self.chokepoints.inputs
        if self.chokepoints.config.unknown != "centre":
            return assumed
        led = [n for n in self.nodes if assumed[n].any() and leaders(inputs)[n] >= 0]
        out = np.tile(assumed, (len(self.streams) if led else 1, 1, 1))
        for n in led:
            leader = leaders(inputs)[n]
            value = float(assumed[n, leader])
            share = self.streams.uniform((UNKNOWN, inputs.nodes[n].node), value)
            out[:, n] *= np.divide(1 - share, 1 - value, out=np.zeros_like(share), where=value < 1)[:, None]
            out[:, n, leader] = share
        return out

    def _wanted(self) -> NDArray[np.bool_]:
        """Nodes that a plan needs, that go into its cells wherever these are made, or into such nodes, (node)."""
        chokepoints = self.chokepoints
        plans = [self.plan(scenario) for scenario in chokepoints.scenarios]
        wanted = np.any([(plan.need > 0) | (plan.most_by_route > 0) for plan in plans], axis=0)
        for chemistry in np.flatnonzero(np.any([plan.cells > 0 for plan in plans], axis=0)):
            for parts in chokepoints.chain.of_cells(int(chemistry), chokepoints.uses.ever):
                wanted[parts] = True
        return upstream(self.world.recipes, np.asarray(wanted))

    def _hits(self, event: Event) -> NDArray[np.bool_]:
        """Nodes that an event cuts at any draw, (node)."""
        hit = np.zeros(len(self.world.made), dtype=bool)
        for cut in event.cuts:
            hit[self.chokepoints.inputs.place(cut.node)] |= max(cut.severity, cut.high) > 0
        return hit

    def plan(self, scenario: str) -> Plan:
        """The plan at its values."""
        return self.chokepoints.plan(scenario, self.regions, self.year)

    def demand(self, scenario: str) -> Array:
        """Demand as a multiple of the plan, (row) or (1)."""
        if scenario not in self._demands:
            self._demands[scenario] = self.drawn.demand(self.streams, scenario, self.regions, self.year)
        return self._demands[scenario]

    def cells(self, scenario: str) -> Array:
        """Planned cells of each chemistry, (row or 1, chemistry) [GWh], per unit of demand."""
        if scenario not in self._cells:
            self._cells[scenario] = self.drawn.cells(self.streams, scenario, self.regions, self.year)
        return self._cells[scenario]

    @cached_property
    def without(self) -> Hit:
        """What there is without a disruption."""
        reach = access(self.supply, self.group)
        had = (reach.accessible, np.inf), (np.nan_to_num(reach.own), 0.0)
        accessible, own = (self._of_all(values * self.needed[:, self.nodes], other) for values, other in had)
        return Hit(accessible, own, np.ones((1, *self.origin.shape[1:])), self.nodes[:0], None, np.ones(1))

    def _of_all(self, values: Array, other: float) -> Array:
        """Values of the nodes that are followed, (row, node), as of all nodes."""
        out = np.full((*values.shape[:-1], len(self.world.made)), other)
        out[..., self.nodes] = values
        return out

    def hit(self, event: Event | None) -> Hit:
        """What there is with an event."""
        without = self.without
        if event is None:
            return without
        hit = self._hits(event)
        _, with_inputs = reached(self.world.recipes, hit)
        at = np.flatnonzero(with_inputs[self.nodes])
        nodes = self.nodes[at]
        cuts = self._cuts(event, nodes)
        accessible, own = without.accessible.copy(), without.own.copy()
        covered, shared = None, None
        if len(nodes):
            supply = part_of(self.supply, at) if len(at) < len(self.nodes) else self.supply
            traded = trade(supply, cuts)
            reach = access(supply, self.group, cuts, traded)
            accessible[:, nodes] = reach.accessible * self.needed[:, nodes]
            own[:, nodes], covered = np.nan_to_num(reach.own) * self.needed[:, nodes], reach.left
            if self.chokepoints.orders:
                had, undisturbed = to_be_had(supply, traded), to_be_had(supply, supply.undisturbed)
                taken = (had < undisturbed * (1 - NOTHING)) & self.chokepoints.shareable[nodes][:, None]
                taken &= ~self.chokepoints.group(self.chokepoints.regions)
                usual = self.chokepoints.usually_bought(self.regions, self.year)[nodes]
                usual = np.minimum(usual, supply.need)
                cells = self._cells_left(cuts, nodes, np.where(taken, 1.0, covered))
                shared = Shared(np.where(taken, had, np.inf), supply.need - usual, usual, cells)
        low, months, high = event.months
        lasts = np.minimum(self.streams.drawn(MONTHS, months, low, high) / YEAR, 1.0)
        return Hit(accessible, own, self._cells_left(cuts, nodes, covered), nodes, cuts, lasts, shared)

    def _cuts(self, event: Event, nodes: Index) -> Cuts:
        """What an event takes, of some nodes, (row, node, place) each."""
        at = {int(n): place for place, n in enumerate(nodes)}
        inputs = self.chokepoints.inputs
        countries = {code: place for place, code in enumerate(inputs.countries)}
        shape = (len(self.streams), len(nodes), len(self.places.home))
        export, output = np.zeros(shape), np.zeros(shape)
        for cut in event.cuts:
            if cut.country in countries and inputs.place(cut.node) in at:
                where = at[inputs.place(cut.node)], self.places.apart[countries[cut.country]]
                severity = self.streams.drawn(SEVERITY, cut.severity, cut.low, cut.high, 1.0)
                (export if cut.kind == "export" else output)[:, *where] = severity
        return Cuts(export, output)

    def _cells_left(self, cuts: Cuts, nodes: Index, covered: Array | None) -> Array:
        """Part of its cells that each maker can still make and sell, (row, chemistry, place); covered: part of what
        customers have without the disruption of some nodes, (row, node, customer)."""
        chain = self.chokepoints.chain
        made_as = chain.cell[:, nodes]
        none = np.zeros((len(self.streams), len(self.places.home)))
        left: list[Array] = []
        makers: dict[bytes, Array] = {}
        for c, uses in enumerate(made_as):
            export, output = (cut[:, uses].max(axis=1) if uses.any() else none for cut in (cuts.export, cuts.output))
            inputs = chain.of_cells(c, self.chokepoints.uses.ever)
            key = b"|".join(each.tobytes() for each in inputs)
            if key not in makers:
                makers[key] = self._makers_left(inputs, nodes, covered)
            left.append((1 - output) * np.where(self.inside, 1.0, (1 - export) * makers[key]))
        return np.stack(left, axis=1)

    def _makers_left(self, inputs: tuple[Index, Index, Index], nodes: Index, covered: Array | None) -> Array:
        """Part of the cells for which makers at each place have inputs, (row, place) or (1, place)."""
        out = np.ones((1, len(self.places.home)))
        of = np.concatenate(inputs)
        if covered is None or not np.isin(of, nodes).any():
            return out
        # Nodes that are not followed are had in full.
        all_of = np.ones((*covered.shape[:-2], len(of), covered.shape[-1]))
        at = {int(n): place for place, n in enumerate(nodes)}
        for place, n in enumerate(of):
            if int(n) in at:
                all_of[..., place, :] = covered[..., at[int(n)], :]
        first, second = len(inputs[0]), len(inputs[1])
        places = np.arange(len(of))
        by_kind = places[:first], places[first : first + second], places[first + second :]
        part = least(all_of, by_kind, self.world.natural, self.world.bounds)
        part = np.concatenate([part, np.ones((*part.shape[:-1], 1))], axis=-1)
        return np.asarray(part[..., self.places.home])

    def _per(self, scenario: str) -> Array:
        """Of how much supply of each node one stands for one at the values, (row or 1, node)."""
        if scenario not in self._pers:
            settings, absolute = self.chokepoints.resolved.run.settings, self.drawn.absolute(self.year)
            demand = self.demand(scenario)[:, None]
            alike = settings.scenario[scenario].demand == self.chokepoints.config.demand
            per = np.tile(np.ones_like(demand) if alike else demand, (1, len(absolute)))
            if absolute.any():
                cells = self.chokepoints.cells_of(scenario, self.regions, self.year)
                used = self.drawn.used(self.streams, cells, self.year)
                per = np.where(absolute, demand * used, per)
            self._pers[scenario] = per
        return self._pers[scenario]

    def _had(self, scenario: str, hit: Hit) -> tuple[Array, Array]:
        """What a plan has of each node by own plants, and of all without stocks, (row, node) each, per unit of what
        `_per` says. Uses that the scope leaves out need as many times as much as the plan."""
        chokepoints, per = self.chokepoints, self._per(scenario)
        own, accessible = chokepoints.in_scope(self.regions, self.year, hit.own / per, hit.accessible / per)
        relief = chokepoints.relief(scenario, self.regions, self.year) / self.demand(scenario)[:, None]
        accessible = accessible + relief + self._follow_on(scenario, hit) / per
        return own, self._with_unknown(scenario, hit, accessible, relief)

    def _with_unknown(self, scenario: str, hit: Hit, accessible: Array, relief: Array) -> Array:
        """What there is of each node, (row, node), with what an event leaves of what nobody knows: a part of what the
        plan needs, beside what is recovered; both per unit of demand and of use."""
        if hit.cuts is None or self.supply.assumed is None:
            return accessible
        at = np.flatnonzero(np.isin(self.nodes, hit.nodes))
        assumed = self.supply.assumed[..., at, :]
        part = 1 - taken_of(assumed, hit.cuts, self.inside)
        stopped = self.world.unknown[hit.nodes] & (part < 1)
        need = self._need(scenario)[:, hit.nodes]
        left = need * part + (1 - part) * np.minimum(relief[:, hit.nodes], need)
        out = accessible.copy()
        out[:, hit.nodes] = np.where(stopped, left, accessible[:, hit.nodes])
        return out

    def _need(self, scenario: str) -> Array:
        """Need of the plan of each node, (row or 1, node), in proportion to what the drawn cells are made of."""
        plan = self.plan(scenario)
        drawn, value = (cells * plan.home @ plan.total_use for cells in (self.cells(scenario), plan.cells))
        return np.asarray(plan.need * np.divide(drawn, value, out=np.ones_like(drawn), where=value > 0))

    def _follow_on(self, scenario: str, hit: Hit) -> Array:
        """What there is of what is built for the plan, (node) or (row, node)."""
        follow = self.chokepoints.follow_on(scenario, self.regions, self.year)
        if hit.cuts is None or not follow.amount[hit.nodes].any():
            return follow.amount
        out = np.tile(follow.amount, (len(self.streams), 1))
        located = self._located(follow, hit.nodes) @ self.places.shared
        out[:, hit.nodes] *= 1 - taken_of(located, hit.cuts, self.inside)
        return out

    def _located(self, follow: FollowOn, nodes: Index) -> Array:
        """Where what is built for a plan stands, of some nodes, (row or 1, node, country). Where next plants come is
        uncertain, and scaled to the sum of one; what a plan itself says of it is not drawn."""
        out, inputs = follow.located[nodes][None], self.chokepoints.inputs
        ends = inputs.new.located[:, nodes]  # (end, node, country)
        drawn = (ends[0] > 0) & ((ends[1] != ends[0]) | (ends[2] != ends[0])) & (follow.amount[nodes] > 0)[:, None]
        drawn &= (out[0] == self.chokepoints.growth.new_located[nodes]).all(axis=1, keepdims=True)
        if self.chokepoints.config.follow_on != "pipeline" or not drawn.any():
            return out
        out = np.repeat(out, len(self.streams), axis=0)
        for place in np.flatnonzero(drawn.any(axis=1)):
            shares = np.tile(ends[0, place], (len(self.streams), 1))
            for k in np.flatnonzero(drawn[place]):
                key = LOCATION, inputs.nodes[nodes[place]].node, inputs.countries[k]
                value, low, high = (float(end) for end in ends[:, place, k])
                shares[:, k] = self.streams.drawn(key, value, low, high, 1.0)
            out[:, place] = shares / shares.sum(axis=1, keepdims=True)
        return out

    def supplied(self, scenario: str, hit: Hit) -> Supplied:
        """What there is for a plan, one question a draw, per unit of its demand."""
        chokepoints, plan, cell = self.chokepoints, self.plan(scenario), self.chokepoints.cell
        if scenario not in self._withouts:
            self._withouts[scenario] = self._had(scenario, self.without)
        usual = self._withouts[scenario]
        own, accessible = usual if hit is self.without else self._had(scenario, hit)
        without = usual[1]
        # A stock of so many months is as many times as large in the year as the stop fills a part of it.
        lasts, months = hit.lasts[:, None], chokepoints.config.stockpile_months
        spread = np.divide(months, lasts, out=np.zeros_like(lasts), where=lasts > 0)
        stocked = chokepoints.stocked(plan, self.regions, self.year)
        accessible = np.where(cell, without, stockpiled(accessible, without, stocked, spread))
        own = np.where(cell, 0.0, own)
        rows = (len(self.streams), len(plan.cells))
        home = np.broadcast_to(self.cells(scenario) * self._made_at_home(scenario, hit), rows)
        return Supplied(own, accessible - own, home, np.broadcast_to(self._bought(scenario, hit), rows))

    def _origin(self, scenario: str) -> Array:
        """Share of each place in the planned cells, (row or 1, chemistry, place): as a mix has chosen its makers, which
        are not drawn, else as these are."""
        chokepoints, origin = self.chokepoints, self.origin
        if scenario in chokepoints.chosen_origin:
            chosen = chokepoints.origin_of(scenario, self.regions, self.year) @ self.places.shared
            origin = np.where(chokepoints.chooses_origin(self.regions, self.year)[:, None], chosen, origin)
        return origin

    def _made_at_home(self, scenario: str, hit: Hit) -> Array:
        """Share of the planned cells that can be made at home, (row or 1, chemistry)."""
        origin = self._origin(scenario)
        made = (origin * hit.cells)[..., self.inside].sum(axis=-1)
        return np.where(origin.any(axis=-1), made, 1.0)

    def _bought(self, scenario: str, hit: Hit) -> Array:
        """Planned cells that makers abroad still make and sell, (row or 1, chemistry) [GWh]: as of
        `Chokepoints.supplied`, with all that makers share per unit of what `_per` says."""
        chokepoints, shared = self.chokepoints, hit.shared
        made = self.cells(scenario)[..., None] * np.where(self.inside, 0.0, self._origin(scenario))
        if shared is None or scenario not in chokepoints.orders:
            return np.asarray((made * hit.cells).sum(axis=-1))
        home = self.places.home
        which = shared.lacks(home)[:, None] & chokepoints.chooses_origin(self.regions, self.year)[:, None]
        use = (self.plan(scenario).total_use * chokepoints.chain.direct)[:, hit.nodes]
        wanted = np.where(which, made * shared.cells, 0.0)
        per = (self.needed / self._per(scenario))[:, hit.nodes]
        bought = np.where(which, 0.0, made * hit.cells).sum(axis=-1)
        return np.asarray(bought + shared.sold(chokepoints.orders[scenario], wanted, home, use, per))

    def _totals(self, scenario: str, hit: Hit) -> tuple[Array, Array]:
        """Batteries to be had, and those of them made at home, as if a stop lasted all year, (row) each [GWh]."""
        if hit is not self.without or scenario not in self._undisturbed:
            factory = self.chokepoints.factory(scenario, self.regions, self.year)
            found = factory.totals(self.supplied(scenario, hit), frequent=True)
            if hit is not self.without:
                return found
            self._undisturbed[scenario] = found
        return self._undisturbed[scenario]

    def lost(self, event: Event) -> dict[str, Lost]:
        """What an event takes of each plan, with what is short anyway."""
        hit, out = self.hit(event), {}
        for scenario in self.chokepoints.scenarios:
            plan, demand = self.plan(scenario), self.demand(scenario)
            had, home = self._totals(scenario, hit)
            if (hit.lasts < 1).any():
                # Months without the stop are as a year without it.
                had, home = (
                    hit.lasts * with_it + (1 - hit.lasts) * without
                    for with_it, without in zip((had, home), self._totals(scenario, self.without), strict=True)
                )
            at_home = (self._made_at_home(scenario, self.without) * self.cells(scenario)).sum(axis=1)
            # What a solver's rounding may leave is nothing.
            nothing = NOTHING * float(plan.cells.sum())
            short, short_at_home = plan.cells.sum() - had, at_home - home
            out[scenario] = Lost(
                demand * np.where(short > nothing, short, 0.0),
                demand * np.where(short_at_home > nothing, short_at_home, 0.0),
                demand * at_home * np.ones(len(had)),
            )
        return out
