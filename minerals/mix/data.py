"""What the chemistry-mix model is stated from: plain numbers by label, without files and without Pyomo.

Keys are labels in the order of their names below. A key that is missing does not apply: no variable and no constraint
is made of it. A *place* is a region, or the name of regions that share a pool when countries close.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NewType

Region = NewType("Region", str)
Segment = NewType("Segment", str)
Chemistry = NewType("Chemistry", str)
#: A family of chemistries, or a chemistry: what has a share and grows.
Group = NewType("Group", str)
Mineral = NewType("Mineral", str)
Node = NewType("Node", str)
Supplier = NewType("Supplier", str)
Line = NewType("Line", str)
Life = NewType("Life", str)
Measure = NewType("Measure", str)
Disruption = NewType("Disruption", str)
#: A region, or regions that share a pool when countries close.
Place = NewType("Place", str)
Year = int

Key = tuple[Any, ...]
Table = Mapping[Any, float]


@dataclass(frozen=True)
class GraphiteRoutes:
    """Anode graphite by route, which may change under a disruption."""

    carrier: Table
    """Graphite in cells with its scrap, (place, chemistry, year) [kt/GWh]."""
    natural: Mapping[str, float]
    """What a node makes per mass of natural graphite, (node) [1]."""
    synthetic: Mapping[str, float]
    """What a node makes per mass of synthetic graphite, (node) [1]."""
    planned: Mapping[int, float]
    """Natural share of the plan, (year) [1]."""
    low: float
    """Least natural share under a disruption [1]."""
    high: float
    """Largest natural share under a disruption [1]."""


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class MixData:
    """Numbers of one model."""

    # Sets

    regions: tuple[str, ...]
    segments: tuple[str, ...]
    chemistries: tuple[str, ...]
    years: tuple[int, ...]
    """Consecutive, ascending."""

    # Batteries

    demand: Table
    """(region, segment, year) [GWh]."""
    sold: tuple[Key, ...]
    """Additions that are possible, (region, segment, chemistry, year): suited, and made by any plant in that year."""
    family: Mapping[str, str]
    """Family of each chemistry."""
    line: Mapping[str, str]
    """Kind of production line of each chemistry."""
    imported: frozenset[Key] = frozenset()
    """Cells that a region's own plants do not make yet, (region, chemistry, year)."""
    incumbent: Table = field(default_factory=dict)
    """Additions that are changed least, as sold [GWh]."""

    # More sets

    nodes: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    disruptions: tuple[str, ...] = ()
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Regions that get their supply together, by name of the pool."""

    # How fast shares change

    before: Table = field(default_factory=dict)
    """Share in the year before the first, (region, family or chemistry) [1]."""
    growth: Table = field(default_factory=dict)
    """Most growth of a share in a year, the same [1]."""
    decline: Table = field(default_factory=dict)
    """Most decline of a share in a year, the same [1]."""
    seed: Table = field(default_factory=dict)
    """Share with which one begins, the same [1]."""

    # What batteries must be able to do

    performance: Table = field(default_factory=dict)
    """(measure, chemistry, year) [unit of the measure]."""
    floor: Table = field(default_factory=dict)
    """Least average, (measure, segment) [unit of the measure]."""

    # Production lines and trade

    capacity: Table = field(default_factory=dict)
    """Lines standing, (region, line, year) [GWh/yr]."""
    announced: Table = field(default_factory=dict)
    """Most that can be built new by a year, (region, line, year) [GWh/yr]."""
    retrofit: Table = field(default_factory=dict)
    """Share of a line's equipment that carries over, (line from, line to) [1]."""
    own_share: Table = field(default_factory=dict)
    """Least share of a region's batteries made at home, (region, year) [1]."""

    # Use and supply of nodes

    use: Table = field(default_factory=dict)
    """Of a node at the planned graphite route, with scrap, (place, chemistry, node, year) [kt/GWh or GWh/GWh]."""
    supplied: Table = field(default_factory=dict)
    """What a supplier can deliver to all regions, (node, supplier, year) [kt or GWh]."""
    home: Mapping[str, str] = field(default_factory=dict)
    """Region that a supplier belongs to."""
    usual: Table = field(default_factory=dict)
    """Share of a region's need that comes from a supplier pro rata, (region, node, supplier, year) [1]."""
    cells: tuple[str, ...] = ()
    """Nodes that are cells."""
    strategic: tuple[str, ...] = ()
    """Nodes of the rule on one third country."""
    third: frozenset[Key] = frozenset()
    """Countries that the rule is about, (region, supplier)."""
    one_country: OneCountry | None = None
    """The rule, where it binds."""
    excluded: tuple[Key, ...] = ()
    """Suppliers that may not deliver, (region, node, supplier, year)."""

    # What comes back

    life: Mapping[Key, str] = field(default_factory=dict)
    """Name of cells that leave use alike, (region, segment, chemistry)."""
    content: Table = field(default_factory=dict)
    """Mineral in a cell, (chemistry, mineral, year) [kt/GWh]."""
    returned: Table = field(default_factory=dict)
    """Of the content of a cohort, what is secondary material, (region, life, mineral, cohort, year) [1]."""
    recovered: Table = field(default_factory=dict)
    """Secondary material of batteries that are not decided here, (region, mineral, year) [kt]."""
    relief: Table = field(default_factory=dict)
    """What a mineral takes off a node, (mineral, node, year) [kt/kt]."""
    gain: Table = field(default_factory=dict)
    """Input ÷ content of cell making, (region, year) [1]."""
    recycled: Table = field(default_factory=dict)
    """Least recycled content of the input, (region, mineral, year) [1]."""

    # Prices

    price: Table = field(default_factory=dict)
    """Of packs, (region, chemistry, year) [million USD/GWh]."""
    line_price: Table = field(default_factory=dict)
    """Of a line, (region, line, year) [million USD per GWh/yr]."""
    import_price: Table = field(default_factory=dict)
    """On top, of imported cells, (region, chemistry, year) [million USD/GWh]."""

    # Disruptions

    starts: Mapping[str, int] = field(default_factory=dict)
    """First year of a disruption."""
    pools_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the pools that a disruption is played for."""
    undisturbed: Table = field(default_factory=dict)
    """Accessible without a disruption, (pool, node, year) [kt or GWh], without recovered material."""
    accessible: Table = field(default_factory=dict)
    """Accessible with it, (disruption, pool, node, year) [kt or GWh], without recovered material."""
    stockpile: float = 0.0
    """Of the plan's need of a year [1]."""
    routes: GraphiteRoutes | None = None
    weight: Mapping[str, float] = field(default_factory=dict)
    """Of each disruption [1]."""
    measure: Table = field(default_factory=dict)
    """Exposure by a named measure, (chemistry, year) [1]."""

    @cached_property
    def wanted(self) -> dict[Key, float]:
        """Demand of all segments, (region, year) [GWh]."""
        out: dict[Key, float] = {}
        for (r, _, y), gwh in self.demand.items():
            out[r, y] = out.get((r, y), 0.0) + gwh
        return out

    @cached_property
    def users(self) -> dict[Key, list[str]]:
        """Chemistries that use a node, by (place, node, year)."""
        out: dict[Key, list[str]] = {}
        for place, c, n, y in self.use:
            out.setdefault((place, n, y), []).append(c)
        return out

    @cached_property
    def relieving(self) -> dict[Key, list[str]]:
        """Minerals whose recovery takes something off a node, by (node, year)."""
        out: dict[Key, list[str]] = {}
        for mineral, n, y in self.relief:
            out.setdefault((n, y), []).append(mineral)
        return out
