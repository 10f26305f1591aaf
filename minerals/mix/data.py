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
class Routes:
    """Anode graphite by route, which may change under a disruption.

    carrier: graphite in cells with its scrap, (place, chemistry, year) [kt/GWh]; natural, synthetic: what a node makes
    per mass of graphite of that route, (node) [1]; planned: natural share of the plan, (year) [1]; low, high: its
    bounds under a disruption.
    """

    carrier: Table
    natural: Mapping[str, float]
    synthetic: Mapping[str, float]
    planned: Mapping[int, float]
    low: float
    high: float


@dataclass(frozen=True)
class OneCountry:
    """The rule on one third country. share: most of what a node takes in; since: its first year; soft: whether excess
    is priced, at `price` [million USD per kt or GWh], instead of barred."""

    share: float
    since: int
    soft: bool = False
    price: float = 0.0


@dataclass(frozen=True)
class MixData:
    """Numbers of one model.

    Sets: regions, segments, chemistries, nodes, minerals, disruptions, years (consecutive, ascending); pools: regions
    that get their supply together, by name.

    demand: (region, segment, year) [GWh]; sold: additions that are possible, (region, segment, chemistry, year), by
    suitability and the year in which any plant makes them; imported: cells that a region's own plants do not make yet,
    (region, chemistry, year); family, line (kind of production line): of each chemistry; incumbent: additions that are
    changed least, as sold [GWh].

    before: share of each family and chemistry in the year before the first, (region, family or chemistry); growth,
    decline, seed: of families or chemistries, the same [1].

    performance: (measure, chemistry, year) in the measure's unit; floor: least average, (measure, segment).

    capacity: lines standing, (region, line, year) [GWh/yr]; announced: most that can be built new by a year, (region,
    line, year); retrofit: share of a line's equipment that carries over, (line from, line to) [1]; own_share: least
    share of a region's batteries made at home, (region, year) [1].

    use: of a node at the planned graphite route, with scrap, (place, chemistry, node, year) [kt/GWh or GWh/GWh];
    supplied: what a supplier can deliver to all regions, (node, supplier, year) [kt or GWh]; home: region that a
    supplier belongs to; usual: share of a region's need that comes from a supplier pro rata, (region, node, supplier,
    year) [1]; cells: nodes that are cells; strategic: nodes of the rule on one third country, and third: the
    countries that it is about, (region, supplier); one_country: the rule, where it binds; excluded: suppliers that may
    not deliver, (region, node, supplier, year).

    life: cells that leave use alike, (region, segment, chemistry) → name; content: mineral in a cell, (chemistry,
    mineral, year) [kt/GWh]; returned: of the content of a cohort of one life, what is secondary material, (region,
    life, mineral, cohort, year) [1]; recovered: secondary material of batteries that are not decided here, (region,
    mineral, year) [kt]; relief: what a mineral takes off a node, (mineral, node, year) [kt/kt]; gain: input ÷ content
    of cell making, (region, year) [1]; recycled: least recycled content of the input, (region, mineral, year) [1].

    price: of packs, (region, chemistry, year) [million USD/GWh]; import_price: on top, of imported cells, the same;
    line_price: (region, line, year) [million USD per GWh/yr].

    starts: first year of a disruption; pools_of: names of the pools it is played for; undisturbed: accessible without
    it, (pool, node, year), and accessible: with it, (disruption, pool, node, year) [kt or GWh], both without recovered
    material; stockpile: of the plan's need of a year [1]; routes: of graphite; weight: (disruption) [1]; measure:
    exposure of a chemistry by a named measure, (chemistry, year) [1].
    """

    regions: tuple[str, ...]
    segments: tuple[str, ...]
    chemistries: tuple[str, ...]
    years: tuple[int, ...]
    demand: Table
    sold: tuple[Key, ...]
    family: Mapping[str, str]
    line: Mapping[str, str]
    imported: frozenset[Key] = frozenset()
    incumbent: Table = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    disruptions: tuple[str, ...] = ()
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before: Table = field(default_factory=dict)
    growth: Table = field(default_factory=dict)
    decline: Table = field(default_factory=dict)
    seed: Table = field(default_factory=dict)
    performance: Table = field(default_factory=dict)
    floor: Table = field(default_factory=dict)
    capacity: Table = field(default_factory=dict)
    announced: Table = field(default_factory=dict)
    retrofit: Table = field(default_factory=dict)
    own_share: Table = field(default_factory=dict)
    use: Table = field(default_factory=dict)
    supplied: Table = field(default_factory=dict)
    home: Mapping[str, str] = field(default_factory=dict)
    usual: Table = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    strategic: tuple[str, ...] = ()
    third: frozenset[Key] = frozenset()
    one_country: OneCountry | None = None
    excluded: tuple[Key, ...] = ()
    life: Mapping[Key, str] = field(default_factory=dict)
    content: Table = field(default_factory=dict)
    returned: Table = field(default_factory=dict)
    recovered: Table = field(default_factory=dict)
    relief: Table = field(default_factory=dict)
    gain: Table = field(default_factory=dict)
    recycled: Table = field(default_factory=dict)
    price: Table = field(default_factory=dict)
    line_price: Table = field(default_factory=dict)
    import_price: Table = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)
    pools_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undisturbed: Table = field(default_factory=dict)
    accessible: Table = field(default_factory=dict)
    stockpile: float = 0.0
    routes: Routes | None = None
    weight: Mapping[str, float] = field(default_factory=dict)
    measure: Table = field(default_factory=dict)

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
