"""From a run with [optimise] to the numbers its mix is chosen from: needs, supply, what comes back, lines, prices.

Everything is taken from the run's own parts, as the plain run has them: batteries and what they use from the exposure,
stock and recycling from the flows, prices from the learning curves. What the model decides begins in the first year
whose demand is not observed, at the earliest in the second of the scope; before that the mix is the incumbent's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..config import Optimise
from ..exposure.follow_on import shares_of
from ..exposure.makers import Order, pressing
from ..exposure.stages import ACTIVE, REFINING
from ..flows.demand import Array
from ..haste import frozen
from ..mix.data import (
    FOLLOW_ON,
    Chemistry,
    ChemistryYear,
    Customer,
    Disruption,
    GraphiteRoutes,
    Group,
    Key,
    Life,
    Line,
    Measure,
    Mineral,
    MixData,
    Node,
    NodeYear,
    OneCountry,
    Place,
    Pool,
    Region,
    RegionChemistryYear,
    RegionNodeSupplierYear,
    RegionSegmentGroupYear,
    RegionSupplierChemistryYear,
    Segment,
    Supplier,
    Year,
    abroad_of,
)
from ..mix.solution import Plan
from ..prices import capital
from ..tables.expansion import material_price, premium_lines
from ..tables.inputs import Inputs, joined
from ..tables.mix import MixInputs
from ..tables.resolve import Resolved
from ..tables.supply import Event
from .chain import recoveries_in_detail, returning_in_detail
from .chokepoints import Chokepoints, Stop
from .concentration import Concentration
from .cost import PackPrices
from .follow_on import Chosen
from .outcome import Outcome
from .uses import RELIEVED, Batteries
from .weights import usual_weight, weights

if TYPE_CHECKING:
    from pandas import DataFrame

#: Countries that deliver less than this share of a node are one supplier, told apart pro rata afterwards. That makes a
#: smaller model and no other mix: what they deliver together they can deliver pro rata, and who could break the rule on
#: one third country that way stands alone, as do all makers of cells, whose prices and losses differ. Which of several
#: equal sourcings is told can differ.
SMALL = 0.1
OTHERS = "others"
#: Kind of line that makes what fits lithium-ion plants.
LI_ION = "li_ion"
#: Measure of the law on least recycled content.
RECYCLED = "recycled_content"
#: Kind of the trade rule on one third country.
MAXIMUM_SINGLE = "maximum_single"
#: Shares of material below this are nothing.
NOTHING = 1e-12


ByGroup = dict[tuple[Region, Group], float]
Pools = Mapping[Pool, tuple[Region, ...]]
PoolsOf = Mapping[Disruption, tuple[Pool, ...]]


@frozen
class Suppliers:
    """Suppliers of each node in the model, from the countries that make it.

    deliver: what each supplier can deliver to the run's regions, (node, supplier,
    year) → [kt or GWh]; parts: of it by country, (node, supplier, year) → {country: share}; home: region of a supplier.
    """

    deliver: dict[Key, float]
    parts: dict[Key, dict[str, float]]
    home: dict[Supplier, Region]


def others_in(group: str) -> str:
    """Supplier that stands for the countries of a group that deliver little."""
    return f"{OTHERS} in {group}"


class Assembly:
    """The numbers of a mix, from a run with every candidate on its axis and nothing chosen yet.

    chokepoints: exposure of that run; config: [optimise]; tables: of the mix; prices: of packs; pairs: base and silicon
    of each chemistry; incumbent, optimised: names of the scenarios; inputs: all tables, of which materials have prices.
    """

    def __init__(
        self, chokepoints: Chokepoints, config: Optimise, tables: MixInputs, prices: PackPrices,
        pairs: Mapping[str, tuple[str, float]], incumbent: str, optimised: str, inputs: Inputs,
    ) -> None:  # fmt: skip
        self.inputs = inputs
        self.chokepoints, self.config, self.tables, self.prices, self.pairs = chokepoints, config, tables, prices, pairs
        self.incumbent, self.optimised = incumbent, optimised
        self.outcome: Outcome = chokepoints.outcome
        self.resolved: Resolved = chokepoints.resolved
        self.regions = cast(tuple[Region, ...], chokepoints.regions)
        self.segments = cast(tuple[Segment, ...], self.resolved.segments.labels)
        self.chemistries = cast(tuple[Chemistry, ...], tables.chemistries)
        #: Years that are decided, and the places of all that are reported.
        self.years = cast(tuple[Year, ...], tuple(y for y in chokepoints.years if y >= tables.decided))
        self.at = {year: place for place, year in enumerate(chokepoints.years)}
        self.nodes = tuple(Node(node.node) for node in chokepoints.inputs.nodes)
        self._makers: dict[RegionChemistryYear, dict[Supplier, Array]] = {}
        self._material_prices: dict[Node, Array] = {}
        self._follows: dict[Year, tuple[Array, Array]] = {}

    def of(self, chokepoints: Chokepoints) -> Assembly:
        """The same of an exposure that differs in its disruptions alone."""
        return Assembly(
            chokepoints, self.config, self.tables, self.prices, self.pairs, self.incumbent, self.optimised, self.inputs
        )  # fmt: skip

    def at_prices(self, prices: PackPrices, data: MixData) -> tuple[Assembly, MixData]:
        """The same, and its data, at other prices of packs."""
        again = copy(self)
        again.prices = prices
        return again, replace(data, **again._prices())

    def data(self) -> MixData:
        """All of it, for `mix.model.build`."""
        config, tables, suppliers = self.config, self.tables, self.suppliers
        demand = self.demand
        pools, pools_of = self.pools
        use = self._use(pools)
        events = self.chokepoints.inputs.events
        recycled = self._recycled() if config.recycled_content else {}
        returned, life, recovered = self._returned()
        return MixData(
            regions=self.regions,
            segments=self.segments,
            chemistries=self.chemistries,
            years=self.years,
            demand=demand,
            sold=tuple(self._sold(demand)),
            imported=frozenset(
                (Region(Place(r)), Chemistry(Group(c)), y)
                for (r, c), first in tables.made.items()
                for y in self.years
                if y < first
            ),
            family=cast(dict[Chemistry, Group], tables.family),
            line={c: self.line(c) for c in self.chemistries},
            incumbent=self._incumbent(),
            nodes=self.nodes,
            minerals=self.minerals,
            disruptions=tuple(
                Disruption(event.disruption) for event in events if pools_of.get(Disruption(event.disruption))
            ),
            pools=pools,
            before=self._before(),
            growth=cast(ByGroup, tables.growth),
            decline=cast(ByGroup, tables.decline),
            seed=cast(ByGroup, tables.seed),
            max_share=self._share_limits(tables.max_share),
            min_share=self._share_limits(tables.min_share),
            performance=cast(dict[tuple[Measure, Chemistry, Year], float], tables.performance),
            floor=cast(dict[tuple[Measure, Segment], float], tables.floor),
            **self._lines(),
            use=use,
            supplied=suppliers.deliver,
            home=suppliers.home,
            usual=self._usual(),
            observed=self._observed(),
            together=config.makers == "observed",
            cells=tuple(Node(node.node) for node in self.chokepoints.inputs.nodes if node.stage == "cell"),
            third=self.third,
            one_country=self._one_country(),
            strategic=tuple(Node(node.node) for node in self.chokepoints.inputs.nodes if node.strategic),
            excluded=self.excluded,
            **self._follow_on(pools, pools_of),
            life=life,
            content=self._content(),
            returned=returned,
            recovered=recovered,
            relief=self._relief(),
            gain={(r, y): float(self.gain[i, self.at[y]]) for i, r in enumerate(self.regions) for y in self.years},
            recycled=recycled,
            **self._prices(),
            discount=self.discount,
            loss=config.loss,
            starts={Disruption(event.disruption): Year(max(event.start, self.years[0])) for event in events},
            pools_of=pools_of,
            **self._recourse(pools, pools_of, use),
            routes=self._routes(pools),
            weight=self._weights(events),
            counts=cast(dict[Chemistry, float], tables.counts),
            mass=self.mass() if config.objective == "built_kt" else {},
            measure=self._measure() if "concentration" in (config.objective, *config.weights) else {},
        )

    # ------------------------------------------------------------------ batteries

    @cached_property
    def place(self) -> dict[Chemistry, int]:
        """Place of each candidate among the pairs of base and silicon of the run."""
        return {c: self.resolved.chemistries.labels.index(self.pairs[c]) for c in self.chemistries}

    @cached_property
    def demand(self) -> dict[Key, float]:
        """(region, segment, year) → [GWh], where there is some."""
        gwh = self.outcome.arrays.additions[self.optimised][0]
        full = self.resolved.years.labels
        return {
            (r, s, y): float(gwh[i, j, full.index(y)])
            for i, r in enumerate(self.regions) for j, s in enumerate(self.segments) for y in self.years
            if gwh[i, j, full.index(y)] > 0
        }  # fmt: skip

    def _sold(self, demand: Mapping[Key, float]) -> Iterable[Key]:
        """What a segment can take, of what any plant makes by then; a blend is there as soon as its family is."""
        tables = self.tables
        for r, s, y in demand:
            for c in tables.chemistries:
                fits = (s, c) not in tables.barred and (s, c, y) not in tables.short
                if fits and tables.first.get(c, 0) <= y:
                    yield (r, s, c, y)

    def _incumbent(self) -> dict[Key, float]:
        cells = self.chokepoints.scenarios[self.incumbent].cells
        return {
            (r, s, c, y): float(cells[i, j, place, self.at[y]])
            for i, r in enumerate(self.regions) for j, s in enumerate(self.segments)
            for c, place in self.place.items() for y in self.years
        }  # fmt: skip

    def _before(self) -> dict[Key, float]:
        """Share of each family and chemistry in the last year that is not decided."""
        last = self.at[self.years[0]] - 1
        cells = self.chokepoints.scenarios[self.incumbent].cells[..., last].sum(axis=1)
        codes = {pair: code for code, pair in self.pairs.items()}
        names = [codes[pair] for pair in self.resolved.chemistries.labels]
        out: dict[Key, float] = {}
        for i, r in enumerate(self.regions):
            total = cells[i].sum()
            for c, name in enumerate(names):
                for group in (name, self.tables.family[name]):
                    out[r, group] = out.get((r, group), 0.0) + float(cells[i, c] / total if total else 0.0)
        return out

    def _share_limits(self, by_year: Mapping[tuple[str, str, int], float]) -> dict[RegionSegmentGroupYear, float]:
        """Limits of shares, the same in every region."""
        return {
            (r, Segment(s), Group(f), Year(y)): share
            for r in self.regions for (s, f, y), share in by_year.items() if y in self.years
        }  # fmt: skip

    def _weights(self, events: Sequence[Event]) -> dict[Disruption, float]:
        """Weights of disruptions, one on average: of the named set; or that of the run file, else 1, but 0 for one that
        closes every node."""
        inputs, config = self.chokepoints.inputs, self.config
        if config.event_weights == "alike":
            return {
                Disruption(event.disruption): config.likelihood.get(event.disruption, usual_weight(event, inputs))
                for event in events
            }
        found = weights(inputs, config.event_weights, events)
        return {Disruption(name): weight * len(events) for name, weight in found.items()}

    # ------------------------------------------------------------------ use and supply of nodes

    @cached_property
    def gain(self) -> Array:
        """Input ÷ content of cell making, (region, year)."""
        return self.chokepoints.scenarios[self.optimised].gain

    def _gain_of(self, regions: Sequence[str], year: int) -> float:
        """Mean gain of regions by their demand, as `Chokepoints.plan` has it."""
        at, y = [self.regions.index(region) for region in regions], self.at[year]
        gwh = np.array(
            [sum(v for (r, _, t), v in self.demand.items() if (r, t) == (region, year)) for region in regions]
        )
        return float((gwh * self.gain[at, y]).sum() / gwh.sum()) if gwh.sum() else 1.0

    @cached_property
    def pools(self) -> tuple[Pools, PoolsOf]:
        """Regions of each pool, and names of the pools of each disruption."""
        by_name: dict[Pool, tuple[Region, ...]] = {}
        of: dict[Disruption, tuple[Pool, ...]] = {}
        for event in self.chokepoints.inputs.events:
            if event.start <= self.years[-1]:
                groups = self.chokepoints.pools(event.cuts)
                names = [Pool(Place(self.chokepoints.name_of(group))) for group in groups]
                by_name |= dict(zip(names, cast(list[tuple[Region, ...]], groups), strict=True))
                of[Disruption(event.disruption)] = tuple(names)
        return by_name, of

    def _use(self, pools: Pools) -> dict[Key, float]:
        """Use by each place at the planned route, with scrap: `exposure.disruption.Plan.total_use`."""
        uses, out = self.chokepoints.uses, {}
        places: dict[Place, tuple[Region, ...]] = {r: (r,) for r in self.regions}
        places.update(pools.items())
        for y in self.years:
            at = self.at[y]
            share = uses.route[at]
            routed = share * uses.natural + (1 - share) * uses.synthetic
            total = uses.fixed[0, :, :, at] + np.outer(uses.carrier[0, :, at], routed)
            for name, regions in places.items():
                amount = total * np.where(uses.scrapped, self._gain_of(regions, y), 1.0)
                for c, place in self.place.items():
                    out.update(
                        {(name, c, self.nodes[n], y): float(amount[place, n]) for n in np.flatnonzero(amount[place])}
                    )
        return out

    def _routes(self, pools: Pools) -> GraphiteRoutes | None:
        uses = self.chokepoints.uses
        if not uses.routed:
            return None
        low, high = self.chokepoints.inputs.route_bounds
        gain = {(name, y): self._gain_of(regions, y) for name, regions in pools.items() for y in self.years}
        carrier = {
            (name, c, y): float(uses.carrier[0, place, self.at[y]] * gain[name, y])
            for name in pools for c, place in self.place.items() for y in self.years
        }  # fmt: skip
        by_node: list[dict[Node, float]] = [
            {n: float(v) for n, v in zip(self.nodes, way, strict=True) if v} for way in (uses.natural, uses.synthetic)
        ]
        planned = {y: float(uses.route[self.at[y]]) for y in self.years}
        return GraphiteRoutes(carrier, by_node[0], by_node[1], planned, low, high)

    def _recourse(self, pools: Pools, pools_of: PoolsOf, use: Mapping[Key, float]) -> dict[str, Any]:
        """What there is at each stage under each disruption, as `Chokepoints.supplied` has it, where it may be too
        little for some mix; and the stages at home that lead there."""
        chain, chokepoints = self.chokepoints.chain, self.chokepoints
        found: dict[str, Any] = {name: {} for name in (
            "undisturbed", "accessible", "own", "made_at_home", "bought", "unknown_left", "planned_home", "left",
            "moved_home", "keeps", "inputs",
        )}  # fmt: skip
        active: list[Any] = []
        refined: list[Any] = []
        by_origin = set[Any]()
        stops: tuple[Stop, ...] = tuple((event.cuts, "severity") for event in chokepoints.inputs.events)
        cells: dict[tuple[Pool, Year], Any] = {}
        for e, event in enumerate(chokepoints.inputs.events):
            d = Disruption(event.disruption)
            for name in pools_of.get(d, ()):
                regions = pools[name]
                for y in (year for year in self.years if year >= event.start):
                    at = self.at[y]
                    hit = chokepoints.hit(regions, at, stops)
                    chosen = chokepoints.chooses_origin(regions, at)
                    if (name, y) not in cells:
                        cells[name, y] = self._cells_left(regions, at, stops), self._left_by_maker(regions, at, stops)
                    of_all, (left, moved) = cells[name, y]
                    home, bought = (part[e].copy() for part in of_all)
                    planned = chokepoints.made_at_home(regions, at)
                    for c, place in self.place.items():
                        if not chosen[place]:
                            found["made_at_home"][d, name, c, y] = float(home[place])
                            found["bought"][d, name, c, y] = float(bought[place])
                            found["planned_home"][name, c, y] = float(planned[place])
                            continue
                        by_origin.add((name, c, y))
                        # The most that any mix has made at home.
                        home[place] = 0.0
                        for j, by_stop in left[c].items():
                            if (part := float(by_stop[e])) != 1:
                                found["left"][d, name, j, c, y] = part
                            home[place] = max(home[place], part if self._is_home(j, regions) else 0.0)
                        for j, by_stop in moved[c].items():
                            if part := float(by_stop[e]):
                                found["moved_home"][d, name, j, c, y] = part
                                home[place] = max(home[place], part)
                    if self.order is not None and self.config.loss != "industry":
                        self._share_inputs(found, d, name, y, e, stops)
                    without = chokepoints.available(regions, at, chokepoints.access(regions, at))[1]
                    own, accessible = chokepoints.available(regions, at, hit.reach.take(e))
                    accessible = np.where(chokepoints.cell, without, accessible)
                    own = np.where(chokepoints.cell, 0.0, own)
                    most = self._most(regions, y, home, own)
                    unknown = chokepoints.stopped_unknown(at, hit.cuts)[e]
                    if unknown.any():
                        # What is left of these goes with what the mix needs of them.
                        without, accessible = np.where(unknown, most, without), np.where(unknown, 0.0, accessible)
                        left = chokepoints.left_of_unknown(regions, at, hit.cuts)[e]
                        for n in np.flatnonzero(unknown & (left > 0)):
                            found["unknown_left"][d, name, self.nodes[n], y] = float(left[n])
                    short = accessible < most
                    if regions == self.regions:
                        # Cells are within the supply of the whole run already; twice, neither limit would be worth any.
                        short &= ~chokepoints.cell
                    refines = chain.made & (chain.stage == REFINING) & (own > 0) & chain.per[short].any(axis=0)
                    short |= refines
                    makes = chain.made & (chain.stage == ACTIVE) & (own > 0)
                    makes &= chain.into[list(self.place.values())][:, short].any(axis=(0, 1))
                    short |= makes
                    for n in np.flatnonzero(short):
                        found["undisturbed"][name, self.nodes[n], y] = float(without[n])
                        found["accessible"][d, name, self.nodes[n], y] = float(accessible[n])
                        found["own"][d, name, self.nodes[n], y] = float(own[n])
                    refined += [(d, name, self.nodes[n], y) for n in np.flatnonzero(refines)]
                    active += [
                        (d, name, c, self.nodes[n], y) for n in np.flatnonzero(makes) for c, place in self.place.items()
                        if (name, c, self.nodes[n], y) in use
                    ]  # fmt: skip
        by_need = found["unknown_left"] or chokepoints.config.stockpile_months
        return {
            **found, **self._chain(), "by_origin": frozenset(by_origin),
            "active": tuple(active), "refined": tuple(refined),
            "stockpile": chokepoints.config.stockpile_months / 12,
            "stocked": self.stocked(pools, use) if by_need else {},
        }  # fmt: skip

    def _cells_left(self, regions: tuple[str, ...], at: int, stops: tuple[Stop, ...]) -> tuple[Array, Array]:
        """What disruptions leave of all cells for the loss that counts, (stop, chemistry) each: as
        `MixData.made_at_home` and `bought` have it."""
        chokepoints = self.chokepoints
        hit, origin = chokepoints.hit(regions, at, stops), chokepoints.cell_origin(regions, at)
        home, bought = chokepoints.had(origin, regions, hit.cells)
        if self.config.loss == "industry":
            return home, np.zeros_like(bought)
        if self.config.loss == "all_outside":
            abroad = np.where(chokepoints.at_home(regions), 0.0, origin)
            sold, moved = chokepoints.left_of_others(regions, at, stops, hit)
            return home + (abroad * moved).sum(axis=-1), (abroad * sold).sum(axis=-1)
        return home, bought

    def _left_by_maker(
        self, regions: tuple[Region, ...], at: int, stops: tuple[Stop, ...]
    ) -> tuple[dict[Chemistry, dict[Supplier, Array]], dict[Chemistry, dict[Supplier, Array]]]:
        """What disruptions leave of the cells of each maker for the loss that counts, by chemistry and maker (stop): as
        `MixData.left` and `moved_home` have it."""
        chokepoints = self.chokepoints
        cells, outside = chokepoints.hit(regions, at, stops).cells, self.config.loss == "all_outside"
        sold, moved = chokepoints.left_of_others(regions, at, stops, chokepoints.hit(regions, at, stops))
        if self.order is not None:
            sharing, all_had = self._sharing(regions, at, stops)
            cells, sold = (np.where(sharing[:, None], all_had, each) for each in (cells, sold))
        left: dict[Chemistry, dict[Supplier, Array]] = {}
        moving: dict[Chemistry, dict[Supplier, Array]] = {}
        for c, place in self.place.items():
            left[c], moving[c] = {}, {}
            for region in regions:
                for j, countries in self.makers(region, c, Year(self.chokepoints.years[at])).items():
                    abroad = outside and not self._is_home(j, regions)
                    left[c][j] = (sold if abroad else cells)[:, place] @ countries
                    if abroad:
                        moving[c][j] = moved[:, place] @ countries
        return left, moving

    def _sharing(
        self, regions: tuple[Region, ...], at: int, stops: tuple[Stop, ...]
    ) -> tuple[NDArray[np.bool_], Array]:
        """Countries whose makers share inputs with others of which disruptions take some, (stop, country), and the part
        of their cells that all makers could make and sell with all of these, (stop, chemistry, country)."""
        shared = self.chokepoints.shared(regions, at, stops)
        sharing = shared.lacks(self.chokepoints.supply[at].home)
        if self.config.loss == "all_outside":
            sharing &= ~self.chokepoints.closing(regions, stops)
        return sharing, shared.cells

    def _share_inputs(
        self, found: dict[str, Any], d: Disruption, pool: Pool, y: Year, e: int, stops: tuple[Stop, ...]
    ) -> None:
        """Note what a disruption, by its place among all, leaves of inputs that makers outside the run share, where
        some mix could lack them, and the cells that these go into: `MixData.inputs` and `keeps`. These are then not in
        `left`."""
        chokepoints, regions, at, order = self.chokepoints, self.pools[0][pool], self.at[y], self.order
        assert order is not None
        shared, (sharing, kept) = chokepoints.shared(regions, at, stops), self._sharing(regions, at, stops)
        use, wanted = self._largest_use(regions, y)
        straight = use * chokepoints.chain.direct[list(self.place.values())]
        most = straight.max(axis=0, initial=0.0) * wanted
        users: dict[int, set[Chemistry]] = {}
        for n, b in zip(*np.nonzero(np.isfinite(shared.had[e])), strict=True):
            within = (shared.others[n, b], shared.usual[n, b], shared.had[e, n, b])
            if limits := pressing(order, *within, most[n]):
                found["inputs"][d, pool, Customer(chokepoints.customers[b]), self.nodes[n], y] = limits
                mine = {c for c, uses in zip(self.place, straight[:, n] > 0, strict=True) if uses}
                users[int(b)] = users.get(int(b), set()) | mine
        home = chokepoints.supply[at].home
        makers = {
            (c, j): countries for r in regions for c in self.place for j, countries in self.makers(r, c, y).items()
            if chokepoints.chooses_origin(regions, at)[self.place[c]] and not self._is_home(j, self.regions)
        }  # fmt: skip
        for (c, j), countries in makers.items():
            for b in (b for b, mine in users.items() if c in mine):
                part = np.where((home == b) & sharing[e], kept[e, self.place[c]] * countries, 0.0).sum()
                if part > 0:
                    found["keeps"][d, pool, j, Customer(chokepoints.customers[b]), c, y] = float(part)
                    rest = found["left"].get((d, pool, j, c, y), 1.0) - float(part)
                    found["left"][d, pool, j, c, y] = rest if rest > NOTHING else 0.0

    def _is_home(self, maker: Supplier, regions: Sequence[Region]) -> bool:
        """Whether a maker is at home in some regions."""
        return self.suppliers.home.get(maker, Region(Place(maker))) in regions

    def makers(self, region: Region, c: Chemistry, y: Year) -> dict[Supplier, Array]:
        """Makers of the cells of a region and chemistry, those at home among them under its name, and the share of each
        country in what they make, (country)."""
        if (region, c, y) not in self._makers:
            self._makers[region, c, y] = self._makers_of(region, c, y)
        return self._makers[region, c, y]

    def _makers_of(self, region: Region, c: Chemistry, y: Year) -> dict[Supplier, Array]:
        at, place = self.at[y], self.place[c]
        own, abroad = self.chokepoints.halves((region,), at)
        home = {Supplier(region): own[place]}
        codes = self.chokepoints.inputs.countries
        if not self.chokepoints.makers_known(at)[place]:
            # Where nobody is known to make any, those abroad sell at the least price.
            cheap = np.array([code in self.prices.cheap for code in codes], dtype=float)
            return {
                **home,
                abroad_of(region, self.regions): abroad[place]
                if abroad[place].any()
                else cheap / max(cheap.sum(), 1.0),
            }
        n = int(self.chokepoints.chain.cell[place].argmax())
        parts = {j: by for (_, j, _), by in self._parts_at(self.nodes[n], y)}
        found = {**home, **{j: np.array([by.get(code, 0.0) for code in codes]) for j, by in parts.items()}}
        outside = ~self.chokepoints.at_home(self.regions) & ~self._barred(n, y)
        can = sum(
            (self.suppliers.deliver[self.nodes[n], j, y] * found[j] for j in parts if j not in self.suppliers.home),
            np.zeros(len(codes)),
        )
        if self.config.makers == "chosen":
            built = np.where(outside, self.chokepoints.most_follow_on(at).located[n], 0.0)
            follow = built if built.any() else can * outside
            return {**found, FOLLOW_ON: follow / follow.sum()} if follow.any() else found
        found = {j: by for j, by in found.items() if j == Supplier(region) or j in self.suppliers.home}
        seen = np.where(outside, abroad[place], 0.0)
        seen = seen if seen.any() else can * outside
        return {**found, abroad_of(region, self.regions): seen / seen.sum()} if seen.any() else found

    def _observed(self) -> dict[Key, float]:
        """Share of each maker in the cells of each region as observed."""
        out: dict[Key, float] = {}
        for r in self.regions:
            for y in self.years:
                origin = self.chokepoints.cell_origin((r,), self.at[y])
                home = self.chokepoints.made_at_home((r,), self.at[y])
                for c, place in self.place.items():
                    for j, countries in self.makers(r, c, y).items():
                        mine = home[place] if j == Supplier(r) else float(origin[place, countries > 0].sum())
                        mine = 0.0 if j == FOLLOW_ON else mine
                        out[r, j, c, y] = float(mine)
        return out

    def _chain(self) -> dict[str, Any]:
        """Of which node each other is made, by name."""
        chain, nodes = self.chokepoints.chain, self.nodes
        uses = self.chokepoints.uses
        routed = (uses.natural != 0) | (uses.synthetic != 0)
        # What a chemistry does not use goes nowhere.
        straight = chain.direct * (uses.ever > 0)
        direct = {
            (c, nodes[n]): float(straight[place, n]) for c, place in self.place.items() for n in range(len(nodes))
        }  # fmt: skip
        into = {
            (c, nodes[n], nodes[a]): float(chain.into[place, n, a])
            for c, place in self.place.items()
            for n, a in zip(*np.nonzero(chain.into[place] * (chain.stage == ACTIVE)), strict=True)
        }  # fmt: skip
        refines: dict[Node, dict[Node, float]] = {}
        for n, r in zip(*np.nonzero(chain.per), strict=True):
            refines.setdefault(nodes[n], {})[nodes[r]] = float(chain.per[n, r])
        anodes = chain.into[:, routed].any(axis=(0, 1)) & (chain.stage == ACTIVE) & ~routed
        return {
            "direct": direct, "into": into, "refines": refines,
            "anodes": frozenset(nodes[n] for n in np.flatnonzero(anodes)),
        }  # fmt: skip

    def stocked(self, pools: Pools, use: Mapping[Key, float]) -> dict[Key, float]:
        """Need that a stockpile is measured by: `Chokepoints.stocked`; of cells made at home where the mix chooses
        these."""
        passing = {
            (name, y): np.where(
                self.chokepoints.chooses_origin(regions, self.at[y]), 1.0,
                self.chokepoints.made_at_home(regions, self.at[y]),
            )[:, None] * self.chokepoints.passing(regions, self.at[y])
            for name, regions in pools.items() for y in self.years
        }  # fmt: skip
        place_of = {node: n for n, node in enumerate(self.nodes)}
        return {
            (name, c, n, y): amount * float(passing[name, y][self.place[c], place_of[n]])
            for (name, c, n, y), amount in use.items() if name in pools
        }  # fmt: skip

    def _most(self, regions: Sequence[Region], y: Year, home: Array, own: Array) -> Array:
        """The most that any mix could need of each node at home, (node) [kt or GWh]: if all batteries were of the
        chemistry, and all graphite of the route, that needs most of it, and own plants made all they can."""
        chain, places = self.chokepoints.chain, list(self.place.values())
        use, wanted = self._largest_use(regions, y)
        cells = np.where(self.chokepoints.cell, 1.0, home[places][:, None] * chain.direct[places])
        most = (use * cells).max(axis=0, initial=0.0) * wanted
        for n in np.flatnonzero(chain.made & (chain.stage == ACTIVE) & (own > 0)):
            of = np.divide(use, use[:, [n]], out=np.zeros_like(use), where=use[:, [n]] > 0)
            most += min(own[n], most[n]) * (of * chain.into[places][:, :, n]).max(axis=0, initial=0.0)
        refined = np.where(chain.stage == REFINING, np.minimum(own, most), 0.0)
        return np.asarray(most + chain.per @ refined)

    def _largest_use(self, regions: Sequence[Region], y: Year) -> tuple[Array, float]:
        """Use of each node by each candidate, all graphite of the route that needs most of it, (chemistry, node), and
        batteries that regions want [GWh]."""
        uses, at, places = self.chokepoints.uses, self.at[y], list(self.place.values())
        wanted = sum(v for (r, _, t), v in self.demand.items() if r in regions and t == y)
        gain = np.where(uses.scrapped, self._gain_of(regions, y), 1.0)
        routed = np.outer(uses.carrier[0, places, at], np.maximum(uses.natural, uses.synthetic))
        return (uses.fixed[0, places, :, at] + routed) * gain, wanted

    @cached_property
    def suppliers(self) -> Suppliers:
        """Each region's own countries as one supplier, countries that deliver much, and what the others deliver.

        What a supplier can deliver is what the regions together can get of it: `exposure.coverage.Access`.
        """
        inputs = self.chokepoints.inputs
        barred = (
            inputs.members[self.config.exclude] > 0 if self.config.exclude else np.zeros(len(inputs.countries), bool)
        )
        deliver: dict[Key, float] = {}
        parts: dict[Key, dict[str, float]] = {}
        labels: dict[Supplier, Region] = {}
        for y in self.years:
            reach = self.chokepoints.access_embodied(self.regions, self.at[y])
            at_home = self.chokepoints.at_home(self.regions)
            made = np.where(at_home, self.chokepoints.supply[self.at[y]].made, reach.share[:, None] * reach.exported)
            # Of cells, which are needed where batteries are used, other uses keep what they need, as in a replay.
            usual = self.chokepoints.access(self.regions, self.at[y])
            kept = self.chokepoints.kept(self.regions, self.at[y], usual)
            whole = np.where(np.isfinite(usual.accessible) & (usual.accessible > 0), usual.accessible, 1.0)
            made = made * np.where(self.chokepoints.cell, 1 - kept / whole, 1.0)[:, None]
            for n, node in enumerate(self.nodes):
                if not np.isfinite(made[n]).all():
                    continue
                total = made[n].sum()
                alone = self._alone(n, made[n], self._following(y)[1][n], [~at_home & barred, ~at_home & ~barred])
                for j, country in enumerate(inputs.countries):
                    if at_home[j]:
                        name = inputs.home[j]
                        labels[Supplier(name)] = Region(Place(name))
                    elif alone[j]:
                        name = country
                    else:
                        name = others_in(self.config.exclude) if barred[j] else OTHERS
                    if made[n, j] > 0:
                        key = (node, name, y)
                        deliver[key] = deliver.get(key, 0.0) + float(made[n, j])
                        parts.setdefault(key, {})[country] = float(made[n, j])
                if not total:
                    deliver[node, OTHERS, y] = 0.0
        shares = {key: {j: v / deliver[key] for j, v in by.items()} for key, by in parts.items()}
        return Suppliers(deliver, shares, labels)

    def _alone(self, n: int, made: Array, follows: Array, groups: Sequence[np.ndarray]) -> np.ndarray:
        """Countries that are suppliers of a node on their own, (country): makers of cells, those that deliver much of a
        node, and those that the rule on one third country is about and that deliver more than its share of what the
        rest of their group does, or have more of what follows a mix. Of a group without them no country has more than
        that share of a need, however much of it all deliver.

        n: place of the node; made: what each country delivers; follows: where what follows a mix stands, (country);
        groups: countries that are one supplier, if small.
        """
        least = 0.0 if self.chokepoints.cell[n] else SMALL
        alone: np.ndarray = (made >= least * made.sum()) & (made > 0)
        if not self.chokepoints.inputs.nodes[n].strategic:
            return alone
        most = min(rule.value for rule in self.chokepoints.inputs.rules if rule.kind == MAXIMUM_SINGLE)
        third = {code for _, code in self.third}
        ruled = np.array([code in third for code in self.chokepoints.inputs.countries])
        alone |= ruled & (follows > most) & (made > 0)
        for group in groups:
            left = np.where(group & ~alone, made, 0.0)
            while (left * ruled).max() > most * left.sum():
                largest = (left * ruled).argmax()
                alone[largest], left[largest] = True, 0.0
        return alone

    @cached_property
    def third(self) -> frozenset[Key]:
        """Single countries outside the European Union, whose law is about them, for each region under it."""
        codes, groups = self.chokepoints.inputs.countries, self.chokepoints.inputs.is_group
        single = {code for code, group in zip(codes, groups, strict=True) if not group}
        home, union = self.chokepoints.inputs.home_by_country, self.chokepoints.union
        return frozenset((r, j) for r in self.resolved.union for j in single if home[j] not in union)

    def _one_country(self) -> OneCountry | None:
        """The rule on one third country, where the run has it bind."""
        if self.config.one_country == "report":
            return None
        rule = next(rule for rule in self.chokepoints.inputs.rules if rule.kind == MAXIMUM_SINGLE)
        soft = self.config.one_country == "soft"
        return OneCountry(float(rule.value), rule.year, soft, self.config.one_country_price)

    @cached_property
    def excluded(self) -> tuple[RegionNodeSupplierYear, ...]:
        """Suppliers of the excluded group, in the stages and years of the run file, for every region."""
        return tuple(self._excluded()) if self.config.exclude else ()

    def _excluded(self) -> Iterable[RegionNodeSupplierYear]:
        inputs = self.chokepoints.inputs
        group = {
            code for code, inside in zip(inputs.countries, inputs.members[self.config.exclude], strict=True) if inside
        }
        stages = {node.node: node.stage for node in inputs.nodes}
        for (n, j, y), by in self.suppliers.parts.items():
            in_stage = not self.config.exclude_stages or stages[n] in self.config.exclude_stages
            if in_stage and y >= self.config.exclude_since and set(by) <= group:
                yield from ((r, n, j, y) for r in self.regions if self.suppliers.home.get(j) != r)

    def _follow_on(self, pools: Pools, pools_of: PoolsOf) -> dict[str, Any]:
        """What others may build because of a mix: as `Chokepoints.follow_on` has it for a plan, where some mix could
        need more than known supply, by what it is made of or of what its next stage at home takes."""
        chokepoints, events = self.chokepoints, self.chokepoints.inputs.events
        most: dict[Key, float] = {}
        home: dict[Key, float] = {}
        left: dict[Key, float] = {}
        stands: dict[Key, float] = {}
        price: dict[NodeYear, float] = {}
        countries = chokepoints.inputs.countries
        cuts = chokepoints.cuts([(event.cuts, "severity") for event in events])
        for y in self.years:
            at = self.at[y]
            cap = chokepoints.most_follow_on(at)
            part, allowed = self._following(y)
            # Cells that follow are bought: at home they are made on lines.
            bought = ~chokepoints.cell | (allowed[:, ~chokepoints.at_home(self.regions)] > 0).any(axis=1)
            nodes = np.flatnonzero(self._may_lack(y) & (cap.amount * part > 0) & bought)
            most |= {(self.nodes[n], y): float(cap.amount[n] * part[n]) for n in nodes}
            stands |= {
                (self.nodes[n], Supplier(code), y): float(allowed[n, j])
                for n in nodes for j, code in enumerate(countries) if allowed[n, j]
            }  # fmt: skip
            dearer = chokepoints.premium_of_follow_on(allowed)
            for n in nodes:
                if np.isfinite(more := float(dearer[n] * self._material_price(self.nodes[n])[self.years.index(y)])):
                    price[self.nodes[n], y] = more
            for r in self.regions:
                at_home = self._at_next_stage(r, y)
                home |= {(r, self.nodes[n], y): float(at_home[n]) for n in nodes}
            for name, regions in pools.items():
                # Of cells a stop takes what their makers cannot deliver, which is told apart.
                kept = np.where(chokepoints.cell, 1.0, chokepoints.left_of_follow_on(regions, allowed, cuts))
                for e, event in enumerate(events):
                    d = Disruption(event.disruption)
                    if y >= event.start and name in pools_of.get(d, ()):
                        left |= {(d, name, self.nodes[n], y): float(kept[e, n]) for n in nodes}
        return {
            "follow_on": most, "follow_on_price": price, "follow_on_home": home, "follow_on_left": left,
            "follow_on_in": stands,
        }  # fmt: skip

    def _material_price(self, node: Node) -> Array:
        """Of a node's product, (decided year) [million USD per kt or GWh]; NaN where nobody prices it."""
        if node not in self._material_prices:
            self._material_prices[node] = material_price(self.inputs, node, self.years)[0]
        return self._material_prices[node]

    def rows_used(self, data: MixData) -> DataFrame:
        """Rows of the inputs that a mix rests on, as inputs_used has them."""
        priced = {node for node, _ in data.follow_on_price}
        prices = self.inputs.rows_by("material_price", "node")
        dear = self.inputs.used({
            "material_price": [row.line for node in priced for row in prices[(node,)]],
            "expansion_cost": [line for node in priced for line in premium_lines(self.inputs, node)],
        })  # fmt: skip
        return joined(self.tables.used, dear)

    def _following(self, y: Year) -> tuple[Array, Array]:
        """Part of plants that follow a mix which stands where it may supply, (node), and where that is, (node, country)
        [1] each."""
        if y not in self._follows:
            self._follows[y] = self._following_in(y)
        return self._follows[y]

    def _following_in(self, y: Year) -> tuple[Array, Array]:
        located = self.chokepoints.new_located
        allowed = np.where([self._barred(n, y) for n in range(len(self.nodes))], 0.0, located)
        return allowed.sum(axis=1), shares_of(allowed) if (allowed != located).any() else located

    def _at_next_stage(self, r: Region, y: Year) -> Array:
        """Part of a region's need of each node that arises at home, in the reference world, (node) [1]."""
        worlds = self.chokepoints.supply[self.at[y]], self.chokepoints.embodied[self.at[y]]
        group = self.chokepoints.group((r,))
        here, all_of = (world.weights[:, group[: world.weights.shape[1]]].sum(axis=1) for world in worlds)
        return np.asarray(np.minimum(np.divide(here, all_of, out=np.ones_like(here), where=all_of > 0), 1.0))

    def _may_lack(self, y: Year) -> np.ndarray:
        """Nodes of which some mix could need more than known supply, (node): of what batteries are made of, from those
        who may deliver it, or at home of a region or of all together."""
        chokepoints, at = self.chokepoints, self.at[y]
        use, wanted = self._largest_use(self.regions, y)
        of_excluded = np.zeros(len(self.nodes))
        for n, j in dict.fromkeys((n, j) for _, n, j, t in self.excluded if t == y):
            of_excluded[self.nodes.index(n)] += self.suppliers.deliver[n, j, y]
        embodied = chokepoints.access_embodied(self.regions, at).accessible
        lacks = use.max(axis=0, initial=0.0) * wanted > embodied - of_excluded
        every = np.ones(len(chokepoints.uses.ever))
        for regions in dict.fromkeys([self.regions, *((r,) for r in self.regions)]):
            own, accessible = chokepoints.available(regions, at, chokepoints.access(regions, at))
            lacks |= self._most(regions, y, every, np.where(chokepoints.cell, 0.0, own)) > accessible
        return np.asarray(lacks)

    def _barred(self, n: int, y: Year) -> NDArray[np.bool_]:
        """Countries that may not supply a node, (country)."""
        config, inputs = self.config, self.chokepoints.inputs
        in_stage = not config.exclude_stages or inputs.nodes[n].stage in config.exclude_stages
        if not config.exclude or not in_stage or y < config.exclude_since:
            return np.zeros(len(inputs.countries), dtype=bool)
        return np.asarray(inputs.members[config.exclude] > 0)

    def _usual(self) -> dict[Key, float]:
        """Share of each supplier in a region's need in the incumbent scenario."""
        inputs, out = self.chokepoints.inputs, {}
        order = {code: j for j, code in enumerate(inputs.countries)}
        for r in self.regions:
            for y in self.years:
                by_country = self.chokepoints.sources(self.incumbent, (r,), self.at[y])[1]
                for n, node in enumerate(self.nodes):
                    mine = [(j, by) for (m, j, t), by in self._parts_at(node, y)]
                    shares = {j: float(np.nansum(by_country[n, [order[code] for code in by]])) for j, by in mine}
                    total = sum(shares.values())
                    if total:
                        out.update({(r, node, j, y): share / total for j, share in shares.items()})
        return out

    def built(self, data: MixData, sourced: Mapping[RegionNodeSupplierYear, float]) -> Chosen:
        """What others build because of a mix where its next stage stands at home, and where that stands, if some of
        those who usually would may not supply. sourced: as of `Solution`."""
        countries = len(self.chokepoints.inputs.countries)
        out = Chosen.nothing(len(self.regions), len(self.nodes), countries, len(self.chokepoints.years))
        for (r, n, j, y), amount in sourced.items():
            if j == FOLLOW_ON:
                at, node, year = self.regions.index(r), self.nodes.index(n), self.at[y]
                out.amount[at, node, year] = amount * data.follow_on_home[r, n, y]
                stands = self._following(y)[1][node]
                if (stands != self.chokepoints.new_located[node]).any():
                    out.located[at, node, :, year] = stands
        return out

    def _parts_at(self, node: str, year: int) -> list[tuple[Key, dict[str, float]]]:
        return self._by_place.get((node, year), [])

    @cached_property
    def _by_place(self) -> dict[Key, list[tuple[Key, dict[str, float]]]]:
        out: dict[Key, list[tuple[Key, dict[str, float]]]] = {}
        for key, by in self.suppliers.parts.items():
            out.setdefault((key[0], key[2]), []).append((key, by))
        return out

    # ------------------------------------------------------------------ what comes back

    @cached_property
    def minerals(self) -> tuple[Mineral, ...]:
        """Minerals whose recovery relieves a node, or whose recycled content is asked for."""
        if self.resolved.parameters is None:
            return ()
        known = self.resolved.minerals.labels
        relieving = {part[0] for node in self.chokepoints.inputs.nodes if node.stage in RELIEVED for part in node.alone}
        targeted = {key[1] for key in self._recycled()} if self.config.recycled_content else set()
        return tuple(Mineral(mineral) for mineral in known if mineral in relieving | targeted)

    def _relief(self) -> dict[Key, float]:
        """What a mineral takes off a node: `chokepoints.relief`."""
        if self.resolved.parameters is None:
            return {}
        out: dict[Key, float] = {}
        for node in self.chokepoints.inputs.nodes:
            if node.stage not in RELIEVED:
                continue
            for mineral, route, per_kg in node.alone:
                for y in self.years:
                    natural = self.chokepoints.uses.route[self.at[y]]
                    share = {"": 1.0, "natural": natural, "synthetic": 1 - natural}[route]
                    key = (mineral, node.node, y)
                    out[key] = out.get(key, 0.0) + float(per_kg * share)
        return {key: value for key, value in out.items() if value}

    @property
    def _intensity(self) -> Array:
        """(chemistry pair, mineral, year of the whole axis) [kt/GWh]."""
        return self.outcome.arrays.intensity_by_year

    def _content(self) -> dict[Key, float]:
        full, known = self.resolved.years.labels, self.resolved.minerals.labels
        return {
            (c, m, y): float(self._intensity[place, known.index(m), full.index(y)])
            for c, place in self.place.items() for m in self.minerals for y in self.years
            if self._intensity[place, known.index(m), full.index(y)]
        }  # fmt: skip

    def _returned(self) -> tuple[dict[Key, float], dict[Key, Life], dict[Key, float]]:
        """What a cohort gives back by life, the life of each cell, and what the past gives back.

        Both parts of `chain.follow`: collected × recovery, and prompt scrap × its recovery in the year of the cells.
        """
        if self.resolved.parameters is None:
            return {}, {}, {}
        full, known = self.resolved.years.labels, self.resolved.minerals.labels
        share, recovery = self._after_use
        cells = self.outcome.scenarios[self.incumbent].cells
        first, past = full.index(self.years[0]), slice(0, full.index(self.years[0]))
        at = np.array([full.index(y) for y in self.years])
        returned: dict[Key, float] = {}
        recovered: dict[Key, float] = {}
        life: dict[Key, Life] = {}
        how = "rscyk,rsck,cmk->rmy" if len(recovery["prompt"][0]) == 1 else "rscyk,rsck,cmk->rcmy"
        kept = np.einsum(how, share[..., past], cells[..., past], self._intensity[..., past])
        kept = kept.reshape(len(self.regions), -1, *kept.shape[-2:])  # (region, chemistry or 1, mineral, year)
        for i, r in enumerate(self.regions):
            # Cells that come back alike, and of which as much is recovered; chemistry: its place, or 0 for all.
            profiles: dict[tuple[bytes, ...], tuple[str, Array, int]] = {}
            rates = {stream: each[min(i, len(each) - 1)] for stream, each in recovery.items()}
            for j, s in enumerate(self.segments):
                for c, place in self.place.items():
                    profile, of_chemistry = share[i, j, place][np.ix_(at, at)], place if kept.shape[1] > 1 else 0
                    alike = (profile, *(each[of_chemistry][..., at] for each in rates.values()))
                    key = tuple(each.round(12).tobytes() for each in alike)
                    name, *_ = profiles.setdefault(key, (f"life {len(profiles) + 1}", profile, of_chemistry))
                    life[r, s, c] = Life(name)
            for m in self.minerals:
                of = known.index(m)
                rate, prompt = (rates[name][:, of] for name in ("end_of_life", "prompt"))  # (chemistry or 1, year)
                for b, y in enumerate(self.years):
                    recovered[r, m, y] = float((kept[i, :, of, first + b] * rate[:, first + b]).sum())
                    scrap = (self.gain[i, self.at[y]] - 1) * prompt[:, first + b]
                    for name, profile, of_all in profiles.values():
                        for a, k in enumerate(self.years[: b + 1]):
                            amount = float(profile[b, a] * rate[of_all, first + b])
                            amount += float(scrap[of_all]) if k == y else 0.0
                            if amount > NOTHING:
                                returned[r, name, m, k, y] = amount
        return returned, life, recovered

    @property
    def _after_use(self) -> tuple[Array, Mapping[str, Array]]:
        """Share of what a cohort holds that reaches recyclers, (region, segment, chemistry, year, cohort) [1], and what
        these recover of it, by stream, (region or 1, chemistry or 1, mineral, year) [1]."""
        detailed = self.resolved.detailed.get(self.optimised)
        if detailed is None:
            return self.outcome.returning, {stream: each[:, None] for stream, each in self.outcome.recovery.items()}
        return returning_in_detail(self.resolved, detailed), recoveries_in_detail(self.resolved, detailed)

    def planned(self, data: MixData, plan: Plan, order: Order | None = None) -> Chokepoints:
        """The exposure of a plan alone, as the scenario `optimised`, without a run of its own. What it recovers is what
        `data` says that cells give back. order: in which makers outside the run serve it where they share their inputs,
        by default as the mix was chosen."""
        axes, known = self.resolved, self.resolved.minerals.labels
        cells = np.zeros_like(self.chokepoints.scenarios[self.optimised].cells)
        codes = self.chokepoints.inputs.countries
        origin = np.full((len(self.regions), cells.shape[2], cells.shape[3], len(codes)), np.nan)
        recovered = np.zeros_like(self.chokepoints.scenarios[self.optimised].recovered)
        held: dict[Key, float] = {}
        for (r, s, c, y), gwh in plan.additions.items():
            at = axes.regions.labels.index(r), axes.segments.labels.index(s), self.place[c], self.at[y]
            cells[at] = gwh
            for m in self.minerals:
                key = r, data.life.get((r, s, c)), m, y
                held[key] = held.get(key, 0.0) + data.content.get((c, m, y), 0.0) * gwh
        for (r, m, y), kt in data.recovered.items():
            recovered[axes.regions.labels.index(r), known.index(m), self.at[y]] += kt
        for (r, life, m, k, y), part in data.returned.items():
            kt = part * held.get((r, life, m, k), 0.0)
            recovered[axes.regions.labels.index(r), known.index(m), self.at[y]] += kt
        for (r, c, y), shares in self.origins(plan.production, plan.imports).items():
            origin[self.regions.index(r), self.place[c], self.at[y]] = shares
        batteries = Batteries(cells, self.chokepoints.scenarios[self.optimised].gain, recovered)
        return self.chokepoints.with_plan(
            self.optimised, batteries, origin, self.built(data, plan.sourced), order or self.order
        )  # fmt: skip

    @property
    def order(self) -> Order | None:
        """Whose cells makers outside the run serve first, where they are chosen, and so share their inputs."""
        return self.config.maker_inputs if self.config.makers == "chosen" else None

    def origins(
        self, production: Mapping[RegionChemistryYear, float], imports: Mapping[RegionSupplierChemistryYear, float]
    ) -> dict[RegionChemistryYear, Array]:
        """Share of each country in the cells of a mix, (country) [1]; of what several make as one supplier, by what
        they can deliver."""
        made: dict[RegionChemistryYear, Array] = {}
        cells = {(r, Supplier(r), c, y): gwh for (r, c, y), gwh in production.items()} | dict(imports)
        for (r, j, c, y), gwh in cells.items():
            made[r, c, y] = made.get((r, c, y), 0.0) + gwh * self.makers(r, c, y)[j]
        return {key: by_country / by_country.sum() for key, by_country in made.items() if by_country.sum() > 0}

    def _recycled(self) -> dict[Key, float]:
        """Least recycled content of EU 2023/1542 in each year, of the last target that has come."""
        chain = self.resolved.parameters
        if chain is None:
            return {}
        rows = chain.targets[chain.targets["measure"] == RECYCLED].sort_values("year")
        out: dict[Key, float] = {}
        for row in rows.itertuples():
            if row.item in self.resolved.minerals.labels:
                years = [y for y in self.years if y >= row.year]
                out |= {(r, row.item, y): float(row.value) for r in self.resolved.union for y in years}
        return out

    # ------------------------------------------------------------------ lines and prices

    def line(self, chemistry: str) -> Line:
        """Kind of production line: that of lithium-ion where all of it carries over, else one of its own."""
        if self.tables.carried[chemistry] == 1:
            return Line(LI_ION)
        rows = set(self.tables.drop_in["chemistry"])
        return Line(chemistry if chemistry in rows else self.tables.family[chemistry])

    def _lines(self) -> dict[str, Any]:
        """Lines standing and under construction, those that may be added, how long that takes and what it costs, what
        carries over, and the least share made at home. Lines beyond those under construction have no limit but their
        price, where no row announces less. All lines are counted by what they make as plants are used, so that what one
        costs is its capital charge. Lead times are in whole years, halves up."""
        config, tables = self.config, self.tables
        names = ("capacity", "announced", "lead", "retrofit_lead", "retrofit", "own_share", "line_price")
        out: dict[str, dict[Key, float]] = {name: {} for name in names}
        if config.own_share:
            years = sorted(map(int, config.own_share))
            level = [config.own_share[str(year)] for year in years]
            for y in self.years:
                if y >= years[0]:
                    out["own_share"] |= {(r, y): float(np.interp(y, years, level)) for r in self.regions}
        if not config.lines:
            return out
        for (r, kind), charge in self.line_charge.items():
            standing, family = self._standing[r], self._kinds[kind]
            for name, lead in (("lead", tables.lead), ("retrofit_lead", tables.retrofit_lead)):
                out[name][r, kind] = math.floor(lead[r, family] + 0.5)
            for y in self.years:
                out["capacity"][r, kind, y] = (
                    float(np.interp(y, *standing)) if kind == LI_ION else self._made_before(r, kind)
                )
                out["announced"][r, kind, y] = self._announced(r, kind, y)
                left = sum(self.discount[later] for later in self.years if later >= y)
                out["line_price"][r, kind, y] = charge * left / self.discount[y]
        for c in tables.chemistries:
            if 0 < tables.carried[c] < 1 and out["capacity"]:
                out["retrofit"][LI_ION, self.line(c)] = tables.carried[c]
        return out

    def _made_before(self, region: Region, kind: Line) -> float:
        """Cells of a kind that a region makes at home in the last year that is not decided [GWh]: their lines stand, of
        which no table has a number."""
        last, i = self.at[self.years[0]] - 1, self.regions.index(region)
        cells = self.chokepoints.scenarios[self.incumbent].cells[i, ..., last].sum(axis=0)
        home = self.chokepoints.made_at_home((region,), last)
        return float(sum(cells[place] * home[place] for c, place in self.place.items() if self.line(c) == kind))

    @cached_property
    def discount(self) -> dict[Year, float]:
        """What a cost of each year counts in the sum of all years [1]."""
        return {y: (1 + self.tables.rate) ** (self.years[0] - y) for y in self.years}

    @cached_property
    def _kinds(self) -> dict[Line, str]:
        """A family that each kind of line makes."""
        kinds: dict[Line, str] = {}
        for c in self.tables.chemistries:
            kinds.setdefault(self.line(c), self.tables.family[c])
        return kinds

    @cached_property
    def line_charge(self) -> dict[tuple[Region, Line], float]:
        """Capital charge of a line for each unit that it makes, where lines are counted [million USD per GWh]: what the
        price of a pack made at home holds of it, and what a line that is built pays in each year. It is that of today's
        new lines in all years, at the use of today's plants, for money as a project pays for it."""
        tables = self.tables
        if not self.config.lines:
            return {}
        return {
            (r, kind): capital.charge(
                tables.new_line[r, family], tables.capital_rate, tables.life[r, family], tables.utilisation[r]
            )
            for r in self._standing for kind, family in self._kinds.items()
        }  # fmt: skip

    def _announced(self, region: str, kind: str, year: int) -> float:
        """Most lines of a kind that can be built by a year [GWh/yr]: announced nameplate × what is delivered of it ×
        utilisation, where a row announces some; else without a limit but the price. A row bounds the years before it
        too, and holds after the last. Lithium-ion lines make any of its chemistries, so that a row of one of them
        bounds none."""
        rows, delivered = self._plants.get((region, kind)), self.chokepoints.config.delivery
        return float(np.interp(year, *rows)) * delivered * self.tables.utilisation[region] if rows else np.inf

    @cached_property
    def _plants(self) -> dict[tuple[str, str], tuple[list[int], list[float]]]:
        """Years and nameplates of announced lines, by region and chemistry."""
        rows = self.chokepoints.inputs.cell_plants.sort_values("year").groupby(["region", "chemistry"])
        return {place: (mine["year"].tolist(), mine["value"].tolist()) for place, mine in rows}

    @cached_property
    def _standing(self) -> dict[Region, tuple[list[int], list[float]]]:
        """Years and lithium-ion lines of each region that has rows [GWh/yr], as `_standing_in` has them."""
        found = {r: self._standing_in(r) for r in self.regions}
        return {r: lines for r, lines in found.items() if lines is not None}

    def _standing_in(self, region: str) -> tuple[list[int], list[float]] | None:
        """Years and lithium-ion lines of a region [GWh/yr]: what it made, then nameplate that stands and is under
        construction × utilisation.

        A bloc's own row, or the region's share of one that the run splits, goes before those of its countries; None
        where the region has none.
        """
        inputs = self.chokepoints.inputs
        frame = inputs.cell_capacity
        part = {
            group: sum(share for code, share in by_country.items() if inputs.homes.get(code) == region)
            for group, by_country in inputs.blocs.items()
        }
        part |= {code: 1.0 for code in frame["country"] if inputs.homes.get(code) == region}
        mine = frame.assign(value=frame["value"] * frame["country"].map(part)).dropna(subset="value")
        groups = mine[mine["country"].str.startswith("R_") & (mine["value"] > 0)]
        mine = groups if len(groups) else mine[~mine["country"].str.startswith("R_")]
        capacity = mine[mine["measure"] == "capacity"].groupby("year")["value"].sum()
        if not len(capacity):
            return None
        made = mine[mine["measure"] == "production"].groupby("year")["value"].sum()
        known = {int(year): float(v) for year, v in made.items() if year < capacity.index.min()}
        known |= {int(year): float(v) * self.tables.utilisation[region] for year, v in capacity.items()}
        return sorted(known), [known[year] for year in sorted(known)]

    def _prices(self) -> dict[str, Any]:
        """Packs made at home, without the capital of lines where these are counted, and what those of each maker abroad
        cost more, with the duty; of several countries on average. What a maker in another region of the run makes on
        lines that are counted is without their capital too."""
        price = {
            (r, c, y): max(float(self.prices.home[at]) - self.line_charge.get((r, self.line(c)), 0.0), 0.0)
            for (r, c, y), at in self._priced.items()
        }
        bought = self._by_maker({code: self.prices.bought(code) for code in self.chokepoints.inputs.countries})
        beyond: dict[Key, float] = {}
        for (r, j, c, y), paid in bought.items():
            maker = self.suppliers.home.get(j)
            charge = 0.0 if maker is None else self.line_charge.get((maker, self.line(c)), 0.0)
            beyond[r, j, c, y] = max(paid - charge, 0.0) - price[r, c, y]
        return {"price": price, "import_price": beyond}

    @property
    def duty(self) -> dict[Key, float]:
        """Duty on what is imported, (region, maker, chemistry, year) [million USD per GWh]."""
        return self._by_maker({code: self.prices.duty(code) for code in self.chokepoints.inputs.countries})

    def _by_maker(self, amounts: Mapping[str, Array]) -> dict[Key, float]:
        """Amounts by country, (region, chemistry, year) each, by maker abroad: (region, maker, chemistry, year)."""
        together = np.stack(list(amounts.values()), axis=-1)
        return {
            (r, j, c, y): float(together[at] @ countries)
            for (r, c, y), at in self._priced.items()
            for j, countries in self.makers(r, c, y).items() if j != Supplier(r)
        }  # fmt: skip

    @property
    def credit(self) -> dict[Key, float]:
        """Credit to what is made at home, (region, chemistry, year) [million USD per GWh]."""
        return {key: float(self.prices.credit[at]) for key, at in self._priced.items()}

    @property
    def _priced(self) -> dict[Key, tuple[int, int, int]]:
        """Places of regions, chemistries and years in the arrays of prices."""
        return {
            (r, c, y): (i, k, self.at[y])
            for i, r in enumerate(self.regions) for k, c in enumerate(self.tables.chemistries) for y in self.years
        }  # fmt: skip

    def mass(self) -> dict[ChemistryYear, float]:
        """Mass of cells by their specific energy, (chemistry, year) [kt/GWh]: 10⁹ Wh ÷ (Wh/kg) ÷ 10⁶ kg/kt."""
        energy = self.tables.performance
        return {(c, y): 1000.0 / energy["specific_energy", c, y] for c in self.chemistries for y in self.years}

    def _measure(self) -> dict[Key, float]:
        """The named measure of exposure by chemistry: 0 for one that uses no such node, 1 where nothing is known."""
        # A chemistry that uses no such node is not exposed; one whose nodes are unknown may be.
        links = Concentration(self.chokepoints).links
        out: dict[Key, float] = {}
        for y in self.years:
            at = links[self.at[y]]
            found, uses = at.weakest[self.config.measure, self.config.among], at.uses[self.config.among]
            for c, place in self.place.items():
                out[c, y] = float(found.value[place]) if found.node[place] >= 0 else float(uses[place])
        return out
