"""What the chemistry-mix model is stated from: plain numbers by label, without files and without Pyomo.

Keys are labels in the order of their names below, each of a type of its own, so that two that are swapped are seen by
the type checker. A key that is missing does not apply: no variable and no constraint is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Literal, NewType

from ..haste import frozen, value_class

#: A region, or the name of regions that share a pool when countries close.
Place = NewType("Place", str)
Region = NewType("Region", Place)
Pool = NewType("Pool", Place)
Segment = NewType("Segment", str)
#: What has a share that grows: a chemistry, or a family of chemistries.
Group = NewType("Group", str)
Chemistry = NewType("Chemistry", Group)
Mineral = NewType("Mineral", str)
Node = NewType("Node", str)
Supplier = NewType("Supplier", str)
#: Customer of the reference world, with which makers are at home.
Customer = NewType("Customer", str)
Line = NewType("Line", str)
Life = NewType("Life", str)
Measure = NewType("Measure", str)
#: A way to recover more, and batteries that it takes from.
Way = NewType("Way", str)
Stream = NewType("Stream", str)
#: Where plants that are a measure stand: a place, or several that nothing tells apart.
Where = NewType("Where", str)
Disruption = NewType("Disruption", str)
Year = NewType("Year", int)
#: Year of sale.
Cohort = Year

ChemistryYear = tuple[Chemistry, Year]
ChemistryMineralYear = tuple[Chemistry, Mineral, Year]
DisruptionPoolNodeWhere = tuple[Disruption, Pool, Node, Where]
DisruptionPoolNodeYear = tuple[Disruption, Pool, Node, Year]
DisruptionPoolCustomerNodeYear = tuple[Disruption, Pool, Customer, Node, Year]
LineLine = tuple[Line, Line]
MeasureChemistryYear = tuple[Measure, Chemistry, Year]
MeasureSegment = tuple[Measure, Segment]
MineralNodeYear = tuple[Mineral, Node, Year]
NodeSupplierYear = tuple[Node, Supplier, Year]
NodeWhere = tuple[Node, Where]
NodeWhereYear = tuple[Node, Where, Year]
NodeYear = tuple[Node, Year]
PlaceChemistryNodeYear = tuple[Place, Chemistry, Node, Year]
PoolChemistryYear = tuple[Pool, Chemistry, Year]
PlaceNodeYear = tuple[Place, Node, Year]
PoolNodeYear = tuple[Pool, Node, Year]
RegionChemistryYear = tuple[Region, Chemistry, Year]
RegionGroup = tuple[Region, Group]
RegionGroupYear = tuple[Region, Group, Year]
RegionLifeMineralCohortYear = tuple[Region, Life, Mineral, Cohort, Year]
RegionLine = tuple[Region, Line]
RegionLineLineYear = tuple[Region, Line, Line, Year]
RegionLineYear = tuple[Region, Line, Year]
RegionMineralYear = tuple[Region, Mineral, Year]
RegionNodeSupplierYear = tuple[Region, Node, Supplier, Year]
RegionNodeWhereYear = tuple[Region, Node, Where, Year]
RegionNodeYear = tuple[Region, Node, Year]
RegionStreamYear = tuple[Region, Stream, Year]
RegionSegmentChemistry = tuple[Region, Segment, Chemistry]
RegionSegmentChemistryYear = tuple[Region, Segment, Chemistry, Year]
RegionSegmentYear = tuple[Region, Segment, Year]
RegionSegmentGroupYear = tuple[Region, Segment, Group, Year]
RegionSupplier = tuple[Region, Supplier]
RegionSupplierChemistryYear = tuple[Region, Supplier, Chemistry, Year]
RegionWayMineralYear = tuple[Region, Way, Mineral, Year]
RegionWayYear = tuple[Region, Way, Year]
RegionYear = tuple[Region, Year]
#: Stands for all segments of a region together.
ALL_SEGMENTS = Segment("")
#: Maker of all imported cells of a kind of which nobody knows who makes it, or of all from outside the run.
ABROAD = Supplier("abroad")
#: Supplier that stands for plants which others build because of a mix.
FOLLOW_ON = Supplier("follow_on")
#: Whose loss counts.
LossKind = Literal["supply", "industry", "all_outside"]
#: Any of these.
Key = tuple[Any, ...]


def abroad_of(r: Region, regions: Sequence[Region]) -> Supplier:
    """The one maker that stands for all outside a run. Each region has its own, as each buys from them in other
    shares."""
    return ABROAD if len(regions) == 1 else Supplier(f"{ABROAD} of {r}")


@frozen
class GraphiteRoutes:
    """Anode graphite by route, which may change under a disruption."""

    carrier: Mapping[PoolChemistryYear, float]
    """Graphite in cells with its scrap, (pool, chemistry, year) [kt/GWh]."""
    natural: Mapping[Node, float]
    """What a node makes per mass of natural graphite, (node) [1]."""
    synthetic: Mapping[Node, float]
    """What a node makes per mass of synthetic graphite, (node) [1]."""
    planned: Mapping[Year, float]
    """Natural share of the plan, (year) [1]."""
    low: float
    """Least natural share under a disruption [1]."""
    high: float
    """Largest natural share under a disruption [1]."""


@value_class
class OneCountry:
    """The rule on one third country."""

    share: float
    """Most of what a node takes in [1]."""
    since: int
    """First year."""
    soft: bool = False
    """Whether excess is priced instead of barred."""
    price: float = 0.0
    """Of excess, where it is soft [million USD per kt or GWh]."""


@frozen
class MixData:
    """Numbers of one model."""

    # Sets

    regions: tuple[Region, ...]
    segments: tuple[Segment, ...]
    chemistries: tuple[Chemistry, ...]
    years: tuple[Year, ...]
    """Consecutive, ascending."""

    # Batteries

    demand: Mapping[RegionSegmentYear, float]
    """(region, segment, year) [GWh]."""
    sold: tuple[RegionSegmentChemistryYear, ...]
    """Additions that are possible, (region, segment, chemistry, year): suited, and made by any plant in that year."""
    family: Mapping[Chemistry, Group]
    """Family of each chemistry."""
    line: Mapping[Chemistry, Line]
    """Kind of production line of each chemistry."""
    imported: frozenset[RegionChemistryYear] = frozenset()
    """Cells that a region's own plants do not make yet, (region, chemistry, year)."""
    incumbent: Mapping[RegionSegmentChemistryYear, float] = field(default_factory=dict)
    """Additions to which the mix that is told is near, as sold [GWh]."""

    plan_given: bool = False
    """Whether the plan is chosen elsewhere, as it is in a further future of supply: what is put into use and which
    lines stand. No limit of it is stated then, and of what it puts into use some may be short."""

    # More sets

    nodes: tuple[Node, ...] = ()
    minerals: tuple[Mineral, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
    pools: Mapping[Pool, tuple[Region, ...]] = field(default_factory=dict)
    """Regions that get their supply together, by name of the pool."""

    # How fast shares change

    before: Mapping[RegionGroup, float] = field(default_factory=dict)
    """Share in the year before the first, (region, family or chemistry) [1]."""
    growth: Mapping[RegionGroup, float] = field(default_factory=dict)
    """Most growth of a share in a year, the same [1]."""
    decline: Mapping[RegionGroup, float] = field(default_factory=dict)
    """Most decline of a share in a year, the same [1]."""
    seed: Mapping[RegionGroup, float] = field(default_factory=dict)
    """Share with which one begins, the same [1]."""

    # What the run asks of shares

    max_share: Mapping[RegionSegmentGroupYear, float] = field(default_factory=dict)
    """Largest share, (region, segment or ALL_SEGMENTS, family or chemistry, year) [1]."""
    min_share: Mapping[RegionSegmentGroupYear, float] = field(default_factory=dict)
    """Least share, the same [1]."""

    # What batteries must be able to do

    performance: Mapping[MeasureChemistryYear, float] = field(default_factory=dict)
    """(measure, chemistry, year) [unit of the measure]."""
    floor: Mapping[MeasureSegment, float] = field(default_factory=dict)
    """Least average, (measure, segment) [unit of the measure]."""

    # Production lines and trade

    capacity: Mapping[RegionLineYear, float] = field(default_factory=dict)
    """Lines standing, (region, line, year) [GWh/yr]: by what they make as plants are used, as all lines here."""
    announced: Mapping[RegionLineYear, float] = field(default_factory=dict)
    """Most new ones that can make cells by a year, (region, line, year) [GWh/yr]."""
    lead: Mapping[RegionLine, int] = field(default_factory=dict)
    """Years from the decision on a new line to its first cells, (region, line); none by default."""
    retrofit_lead: Mapping[RegionLine, int] = field(default_factory=dict)
    """The same of a line that is turned over, by what it then makes; it makes nothing meanwhile."""
    retrofit: Mapping[LineLine, float] = field(default_factory=dict)
    """Share of a line's equipment that carries over, (line from, line to) [1]."""
    observed: Mapping[RegionSupplierChemistryYear, float] = field(default_factory=dict)
    """Share of each maker in the cells of a region as observed, which a mix is near to, (region, maker, chemistry,
    year) [1]; the region itself is a maker too."""
    together: bool = False
    """Whether makers outside the regions of the run sell as one, in the shares that were observed."""
    own_share: Mapping[RegionYear, float] = field(default_factory=dict)
    """Least share of a region's batteries made at home, (region, year) [1]."""

    # Use and supply of nodes

    use: Mapping[PlaceChemistryNodeYear, float] = field(default_factory=dict)
    """Of a node at the planned graphite route, with scrap, (place, chemistry, node, year) [kt/GWh or GWh/GWh]."""
    supplied: Mapping[NodeSupplierYear, float] = field(default_factory=dict)
    """What a supplier can deliver to all regions, (node, supplier, year) [kt or GWh]."""
    home: Mapping[Supplier, Region] = field(default_factory=dict)
    """Region that a supplier belongs to."""
    usual: Mapping[RegionNodeSupplierYear, float] = field(default_factory=dict)
    """Share of a region's need that comes from a supplier pro rata, (region, node, supplier, year) [1]."""
    cells: tuple[Node, ...] = ()
    """Nodes that are cells."""
    strategic: tuple[Node, ...] = ()
    """Nodes of the rule on one third country."""
    third: frozenset[RegionSupplier] = frozenset()
    """Countries that the rule is about, (region, supplier)."""
    one_country: OneCountry | None = None
    """The rule, where it binds."""
    excluded: tuple[RegionNodeSupplierYear, ...] = ()
    """Suppliers that may not deliver, (region, node, supplier, year)."""

    follow_on: Mapping[NodeYear, float] = field(default_factory=dict)
    """Most that others build because of a mix, (node, year) [kt or GWh]; where known supply is enough for every mix
    nothing is built, and there is no key."""
    follow_on_price: Mapping[NodeYear, float] = field(default_factory=dict)
    """What its product costs more than that of known supply, (node, year) [million USD per kt or GWh]; nothing by
    default."""
    follow_on_home: Mapping[RegionNodeYear, float] = field(default_factory=dict)
    """Part of it that goes to where a region's own next stage stands, (region, node, year) [1]; all by default."""
    follow_on_in: Mapping[NodeSupplierYear, float] = field(default_factory=dict)
    """Part of what is bought of it that stands in a country, (node, supplier, year) [1]."""
    follow_on_left: Mapping[DisruptionPoolNodeYear, float] = field(default_factory=dict)
    """Part of it that a disruption leaves, (disruption, pool, node, year) [1]; all by default."""

    # What comes back

    life: Mapping[RegionSegmentChemistry, Life] = field(default_factory=dict)
    """Name of cells that leave use alike, (region, segment, chemistry)."""
    content: Mapping[ChemistryMineralYear, float] = field(default_factory=dict)
    """Mineral in a cell, (chemistry, mineral, year) [kt/GWh]."""
    returned: Mapping[RegionLifeMineralCohortYear, float] = field(default_factory=dict)
    """Of the content of a cohort, what is secondary material, (region, life, mineral, cohort, year) [1]."""
    recovered: Mapping[RegionMineralYear, float] = field(default_factory=dict)
    """Secondary material of batteries that are not decided here, (region, mineral, year) [kt]."""
    relief: Mapping[MineralNodeYear, float] = field(default_factory=dict)
    """What a mineral takes off a node, (mineral, node, year) [kt/kt]."""
    gain: Mapping[RegionYear, float] = field(default_factory=dict)
    """Input ÷ content of cell making, (region, year) [1]."""
    recycled: Mapping[RegionMineralYear, float] = field(default_factory=dict)
    """Least recycled content of the input, (region, mineral, year) [1]."""

    # Prices

    price: Mapping[RegionChemistryYear, float] = field(default_factory=dict)
    """Of packs made at home, (region, chemistry, year) [million USD/GWh]: without the capital of lines where these have
    a price."""
    discount: Mapping[Year, float] = field(default_factory=dict)
    """What a cost of each year counts in the sum of all years, (year) [1]; 1 by default."""
    line_price: Mapping[RegionLineYear, float] = field(default_factory=dict)
    """Of a new line that makes cells from a year on, for that and all later years, (region, line, year) [million USD
    per GWh/yr]."""
    import_price: Mapping[RegionSupplierChemistryYear, float] = field(default_factory=dict)
    """On top, of cells that a maker abroad sells, (region, maker, chemistry, year) [million USD/GWh]."""

    # Disruptions

    loss: LossKind = "supply"
    """Whose loss counts: of the batteries that are wanted, or of the cells that are to be made at home. What
    `all_outside` counts lies in `made_at_home`, `bought`, `left` and `moved_home`."""
    starts: Mapping[Disruption, Year] = field(default_factory=dict)
    """First year of a disruption."""
    pools_of: Mapping[Disruption, tuple[Pool, ...]] = field(default_factory=dict)
    """Names of the pools that a disruption is played for."""
    undisturbed: Mapping[PoolNodeYear, float] = field(default_factory=dict)
    """Accessible without a disruption, (pool, node, year) [kt or GWh], without recovered material."""
    accessible: Mapping[DisruptionPoolNodeYear, float] = field(default_factory=dict)
    """Accessible with it, (disruption, pool, node, year) [kt or GWh], without recovered material."""
    own: Mapping[DisruptionPoolNodeYear, float] = field(default_factory=dict)
    """What of it own plants make, as far as they have inputs, the same."""
    made_at_home: Mapping[tuple[Disruption, Pool, Chemistry, Year], float] = field(default_factory=dict)
    """Share of planned cells that can be made at home, (disruption, pool, chemistry, year) [1]; all by default. It
    counts where `by_origin` does not have the place."""
    bought: Mapping[tuple[Disruption, Pool, Chemistry, Year], float] = field(default_factory=dict)
    """Share of planned cells that can be bought, the same [1]; none by default. It counts where `made_at_home` does."""
    left: Mapping[tuple[Disruption, Pool, Supplier, Chemistry, Year], float] = field(default_factory=dict)
    """Share of the cells of a maker for a pool that it still can make and sell, as far as they do not lack inputs at
    home, (disruption, pool, maker, chemistry, year) [1], where `by_origin` has the place; all by default."""
    moved_home: Mapping[tuple[Disruption, Pool, Supplier, Chemistry, Year], float] = field(default_factory=dict)
    """Share of the cells of a maker abroad that is made at home instead, the same [1]; none by default."""
    keeps: Mapping[tuple[Disruption, Pool, Supplier, Customer, Chemistry, Year], float] = field(default_factory=dict)
    """Beside what is in `left`, share of the cells of a maker abroad that is made at home with a customer of the
    reference world and could still be sold if it had all of its `inputs`, (disruption, pool, maker, customer,
    chemistry, year) [1]; none by default."""
    inputs: Mapping[DisruptionPoolCustomerNodeYear, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """What a disruption leaves for these cells of a node that goes into them as it is, (disruption, pool, customer,
    node, year): the least of some lines over what they need of it, each slope [1] and constant [kt or GWh]."""
    planned_home: Mapping[PoolChemistryYear, float] = field(default_factory=dict)
    """Share of all cells that is to be made at home, (pool, chemistry, year) [1], where the mix does not say it; all by
    default."""
    by_origin: frozenset[tuple[Pool, Chemistry, Year]] = frozenset()
    """Where the mix says who makes the cells, (pool, chemistry, year)."""
    direct: Mapping[tuple[Chemistry, Node], float] = field(default_factory=dict)
    """Share of the use of a node that goes into cells as it is, (chemistry, node) [1]; all by default."""
    into: Mapping[tuple[Chemistry, Node, Node], float] = field(default_factory=dict)
    """Share of the use of a node that goes into an active material, (chemistry, node, active material) [1]."""
    refines: Mapping[Node, Mapping[Node, float]] = field(default_factory=dict)
    """What is needed of a mined node per unit refined of it, by mined and refined node [its unit per unit]."""
    active: tuple[tuple[Disruption, Pool, Chemistry, Node, Year], ...] = ()
    """Active materials that own plants make, where they may lack inputs."""
    refined: tuple[DisruptionPoolNodeYear, ...] = ()
    """What own plants refine, where they may lack what is mined."""
    anodes: frozenset[Node] = frozenset()
    """Active materials that graphite of either route goes into."""
    stockpile: float = 0.0
    """Of the need of a year [1]."""
    stocked: Mapping[PlaceChemistryNodeYear, float] = field(default_factory=dict)
    """Need that a stockpile is measured by, (pool, chemistry, node, year) [kt/GWh or GWh/GWh]; the use by default."""
    unknown_left: Mapping[DisruptionPoolNodeYear, float] = field(default_factory=dict)
    """Part of the plan's need that a disruption leaves of what nobody knows, (disruption, pool, node, year) [1]; their
    `accessible` is 0."""
    routes: GraphiteRoutes | None = None
    # Measures beside the mix

    stock_cost: Mapping[RegionNodeYear, float] = field(default_factory=dict)
    """Of a stock in a year, (region, node, year) [million USD per kt or GWh]; without a key there is none."""
    stock_most: Mapping[RegionNodeYear, float] = field(default_factory=dict)
    """Most of it, as a part of a year's need, the same [1]."""
    lasts: Mapping[Disruption, float] = field(default_factory=dict)
    """How long a disruption lasts, (disruption) [years]: it takes as many times what it takes in a year, and a stock
    once; a year by default."""
    plant_cost: Mapping[RegionNodeWhereYear, float] = field(default_factory=dict)
    """Of a plant in a year in which it runs, (region, node, where, year) [million USD per kt or GWh a year]; without a
    key there is none."""
    plant_lead: Mapping[NodeWhere, float] = field(default_factory=dict)
    """From the decision to its first output, (node, where) [years]."""
    plant_left: Mapping[DisruptionPoolNodeWhere, float] = field(default_factory=dict)
    """Part of what they make that a disruption leaves, (disruption, pool, node, where) [1]; all by default."""
    plant_most: Mapping[NodeYear, float] = field(default_factory=dict)
    """Most that such plants, wherever they stand, and those that follow the mix make in a year, (node, year) [kt or
    GWh]; none by default."""
    plant_most_in: Mapping[NodeWhereYear, float] = field(default_factory=dict)
    """The same of plants in one place, (node, where, year) [kt or GWh]; without a limit of its own by default."""
    plant_growth: Mapping[NodeYear, float] = field(default_factory=dict)
    """Part of what follows the mix that takes of the same growth, (node, year) [1]; none by default."""
    recycling_cost: Mapping[RegionWayYear, float] = field(default_factory=dict)
    """Of batteries that go a way to recover more, (region, way, year) [million USD/GWh]; without a key none do."""
    recycling_gain: Mapping[RegionWayMineralYear, float] = field(default_factory=dict)
    """What is recovered more of them, (region, way, mineral, year) [kt/GWh]; less where it is negative."""
    recycling_from: Mapping[Way, Stream] = field(default_factory=dict)
    """Which batteries a way takes, (way)."""
    recycling_into: Mapping[Way, Stream] = field(default_factory=dict)
    """Which it makes them, that other ways may take, (way); none by default."""
    recycling_most: Mapping[RegionStreamYear, float] = field(default_factory=dict)
    """How many of these there are without any way, (region, stream, year) [GWh]."""

    weight: Mapping[Disruption, float] = field(default_factory=dict)
    """Of each disruption [1]."""
    counts: Mapping[Chemistry, float] = field(default_factory=dict)
    """What a GWh of each chemistry counts where batteries that are built do, (chemistry) [1]."""
    mass: Mapping[ChemistryYear, float] = field(default_factory=dict)
    """Of cells, where their mass counts, (chemistry, year) [kt/GWh]."""
    measure: Mapping[ChemistryYear, float] = field(default_factory=dict)
    """Exposure by a named measure, (chemistry, year) [1]."""

    @cached_property
    def wanted(self) -> dict[RegionYear, float]:
        """Demand of all segments, (region, year) [GWh]."""
        out: dict[RegionYear, float] = {}
        for (r, _, y), gwh in self.demand.items():
            out[r, y] = out.get((r, y), 0.0) + gwh
        return out

    @cached_property
    def makers(self) -> dict[RegionChemistryYear, tuple[Supplier, ...]]:
        """Makers abroad of the cells that a region may buy, (region, chemistry, year): suppliers of the node that the
        cells are, plants that follow the mix among them; or one, ABROAD, where nobody knows who makes it, and for all
        outside the regions of the run where they sell together.

        A region of the run sells what its own plants make, and to one whose plants make it too only where it is made
        at a lower price there; at the same price the one sells that has more supply for its demand, and then the
        earlier one. So no chemistry is sold both ways, nor in a circle.
        """
        suppliers: dict[NodeYear, list[Supplier]] = {}
        for n, j, y in self.supplied:
            suppliers.setdefault((n, y), []).append(j)
        for n, y in self.follow_on:
            if (n, y) in suppliers:
                suppliers[n, y].append(FOLLOW_ON)
        made_as: dict[RegionChemistryYear, list[Node]] = {}
        for r, c, n, y in self.use:
            if n in self.cells and (n, y) in suppliers:
                made_as.setdefault((Region(r), c, y), []).append(n)
        out: dict[RegionChemistryYear, tuple[Supplier, ...]] = {}
        for r, c, y in dict.fromkeys((r, c, y) for r, _, c, y in self.sold):
            nodes = made_as.get((r, c, y))
            known = dict.fromkeys(
                j if j in self.home or not self.together else self.abroad(r)
                for n in nodes or ()
                for j in suppliers[n, y]
            )
            out[r, c, y] = tuple(j for j in known if self._sells(j, r, c, y)) if nodes else (self.abroad(r),)
        return out

    def abroad(self, r: Region) -> Supplier:
        """The one maker of a region that stands for all outside the run."""
        return abroad_of(r, self.regions)

    def _sells(self, maker: Supplier, r: Region, c: Chemistry, y: Year) -> bool:
        """Whether a maker sells cells of a chemistry to a region."""
        seller = self.home.get(maker)
        if seller is None or seller == r:
            return seller is None
        makes = (seller, c, y) not in self.imported
        return makes and ((r, c, y) in self.imported or self._dear(seller, c, y) < self._dear(r, c, y))

    def _dear(self, r: Region, c: Chemistry, y: Year) -> tuple[float, float, int]:
        """By what regions are ordered in which a chemistry is made: its price, then how little of their demand they can
        supply, then their place."""
        whole = self.wanted.get((r, y), 0.0)
        plenty = self._own_cells.get((r, y), 0.0) / whole if whole else float("inf")
        return self.price.get((r, c, y), 0.0), -plenty, self.regions.index(r)

    @cached_property
    def _own_cells(self) -> dict[RegionYear, float]:
        """Supply of cells by a region's own countries, (region, year) [GWh]."""
        out: dict[RegionYear, float] = {}
        for (n, j, y), gwh in self.supplied.items():
            if n in self.cells and j in self.home:
                out[self.home[j], y] = out.get((self.home[j], y), 0.0) + gwh
        return out

    @cached_property
    def weighted(self) -> tuple[Disruption, ...]:
        """Disruptions with a weight; of others nothing is asked, and the model has no loss."""
        return tuple(d for d in self.disruptions if self.weight[d] > 0)

    @cached_property
    def lacking_cells(self) -> frozenset[tuple[Disruption, Pool, Chemistry, Year]]:
        """Of which cells themselves there may be too few, (disruption, pool, chemistry, year)."""
        hit = [key for key in self.accessible if key[2] in self.cells]
        return frozenset((d, q, c, y) for d, q, n, y in hit for c in self.users.get((q, n, y), ()))

    @cached_property
    def lacking_inputs(self) -> frozenset[tuple[Disruption, Pool, Chemistry, Year]]:
        """Which cells made at home may lack a node that goes into them as it is, or into an active material of theirs
        made at home, (disruption, pool, chemistry, year)."""
        hit = [key for key in self.accessible if key[2] not in self.cells]
        straight = {
            (d, q, c, y) for d, q, n, y in hit for c in self.users.get((q, n, y), ()) if self.direct.get((c, n), 1.0)
        }
        carriers = self.routes.carrier if self.routes else {}
        graphite = {(d, q, c, y) for d, q, y in self.routed for c in self.chemistries if carriers.get((q, c, y))}
        return frozenset(straight | graphite | {(d, q, c, y) for d, q, c, _, y in self.active})

    @cached_property
    def lacking_abroad(self) -> dict[tuple[Disruption, Pool, Customer, Chemistry, Year], dict[Supplier, float]]:
        """Which cells made abroad may lack inputs, (disruption, pool, customer, chemistry, year), and what is in
        `keeps` of each of their makers."""
        out: dict[tuple[Disruption, Pool, Customer, Chemistry, Year], dict[Supplier, float]] = {}
        short: dict[tuple[Disruption, Pool, Customer, Year], list[Node]] = {}
        for d, q, b, n, y in self.inputs:
            short.setdefault((d, q, b, y), []).append(n)
        for (d, q, j, b, c, y), part in self.keeps.items():
            nodes = short.get((d, q, b, y), ())
            if any(self.use.get((q, c, n, y)) and self.direct.get((c, n), 1.0) for n in nodes):
                out.setdefault((d, q, b, c, y), {})[j] = part
        return out

    @cached_property
    def routed(self) -> frozenset[tuple[Disruption, Pool, Year]]:
        """Where a node that goes into cells as it is may be short and depends on the route of graphite."""
        routes = self.routes
        nodes = {*routes.natural, *routes.synthetic} if routes else set[Node]()
        straight = {n for n in nodes if any(self.direct.get((c, n), 1.0) for c in self.chemistries)}
        return frozenset((d, q, y) for d, q, n, y in self.accessible if n in straight)

    @cached_property
    def users(self) -> dict[PlaceNodeYear, list[Chemistry]]:
        """Chemistries that use a node, by (place, node, year)."""
        out: dict[PlaceNodeYear, list[Chemistry]] = {}
        for place, c, n, y in self.use:
            out.setdefault((place, n, y), []).append(c)
        return out

    @cached_property
    def plants_of(self) -> dict[tuple[Region, Node], list[Where]]:
        """Where plants of a node that are a measure may stand, by (region, node)."""
        out: dict[tuple[Region, Node], list[Where]] = {}
        for r, n, j in dict.fromkeys(key[:3] for key in self.plant_cost):
            out.setdefault((r, n), []).append(j)
        return out

    @cached_property
    def relieving(self) -> dict[NodeYear, list[Mineral]]:
        """Minerals whose recovery takes something off a node, by (node, year)."""
        out: dict[NodeYear, list[Mineral]] = {}
        for mineral, n, y in self.relief:
            out.setdefault((n, y), []).append(mineral)
        return out
