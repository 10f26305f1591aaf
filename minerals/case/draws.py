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

import numpy as np
from numpy.typing import NDArray

from ..exposure.draws import Key, Ranged, Streams
from ..exposure.factory import Factory, Supplied
from ..exposure.known import BY_NEED, BY_PLANTS, PUBLISHED
from ..flows.demand import Array
from ..tables.codes import ENERGY, GRAPHITE_ROUTES
from ..tables.supply import Event, Node
from .arrays import ENDS, addition_ends, cells_of, finer_ends, pack_of
from .chokepoints import Chokepoints
from .draws_in_year import DrawnLoss, InYear
from .outcome import Outcome
from .reference import REFERENCE
from .shares import DrawnShares, share_weights
from .uses import Batteries, bases_of, batteries, products_counted, uses_of

Index = NDArray[np.intp]
#: Draws that are computed at a time, so that their arrays stay small.
ROWS = 2048
DELIVERY: Key = ("plant_delivery",)
DEMAND: Key = ("battery_demand",)
SHARE, WORLD_SUPPLY, UTILISATION = "supply_share", "battery_supply", "supply_utilisation"
PLANTS = "plant_utilisation"
ORIGIN, INTENSITY, PACK = "cell_origin", "mineral_intensity", "pack_intensity"
#: What the world needs of a node at least, as a multiple of its value.
LEAST_NEED = 1e-9


class Drawn:
    """Draws of the disruptions of a run. count: draws; seed: of their numbers."""

    def __init__(self, chokepoints: Chokepoints, count: int, seed: int) -> None:
        self.chokepoints, self.streams = chokepoints, Streams(count, seed)
        self._of_demand: dict[str, Array] = {}
        self._of_shares: dict[str, tuple[Array, Array]] = {}
        self._lost: dict[tuple[str, tuple[str, ...], int], dict[str, DrawnLoss]] = {}

    def lost(self, events: Sequence[Event], regions: tuple[str, ...], year: int) -> list[dict[str, DrawnLoss]]:
        """What is lost by some events in a year, by its place, for regions that share a pool: of each, by scenario."""
        new = [event for event in events if (event.disruption, regions, year) not in self._lost]
        parts: list[list[dict[str, DrawnLoss]]] = [[] for _ in new]
        for part in self.streams.parts(ROWS) if new else ():
            at_once = InYear(self, part, new, regions, year)
            for place, event in enumerate(new):
                parts[place].append(at_once.lost(event))
        for event, found in zip(new, parts, strict=True):
            self._lost[event.disruption, regions, year] = {
                scenario: DrawnLoss(*(np.concatenate([part[scenario][kind] for part in found]) for kind in range(3)))
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
        group = dict(resolved.used.table.rows("rows", "draw_group", table=INTENSITY))
        out = np.full((len(resolved.chemistries), len(resolved.minerals)), "", dtype=object)
        cells, names = resolved.cell_intensity.columns, list(resolved.minerals.labels)
        places = {pair: place for place, pair in enumerate(resolved.chemistries.labels)}
        for chemistry, silicon, mineral, rows in zip(
            *(cells[name] for name in ("chemistry", "silicon", "mineral", "rows")), strict=True
        ):
            out[places[chemistry, silicon], names.index(mineral)] = group[rows.names()[0]]
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
        carried = self._whatever_route[..., year]
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
        together = factory.totals(supplied.take(list(rows)))[0]
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
            self._of_demand[scenario] = addition_ends(self.chokepoints.resolved, scenario)
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
        others = [maker for maker in makers if maker not in own and maker not in inputs.countries]

        def times(some: Sequence[str]) -> Array:
            value = sum(makers[maker].value for maker in some)
            if not value > 0:
                return np.ones(len(streams))
            return np.asarray(sum(drawn[maker] for maker in some) / whole / value)

        at_home, elsewhere = times(own), times(others)
        return np.stack([
            at_home if homes.get(country) == region else times([country]) if country in makers else elsewhere
            for country in inputs.countries
        ], axis=1)  # fmt: skip


def drawn_of(chokepoints: Chokepoints, count: int, seed: int) -> Drawn:
    """Draws of the disruptions of a run, made once."""
    if (count, seed) not in chokepoints.drawn:
        chokepoints.drawn[count, seed] = Drawn(chokepoints, count, seed)
    drawn: Drawn = chokepoints.drawn[count, seed]
    return drawn
