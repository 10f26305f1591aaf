"""What the chemistry-mix model is stated from: plain numbers by label, without files and without Pyomo.

Keys are labels in the order of their names below. A key that is missing does not apply: no variable and no constraint
is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[object, ...]
Table = Mapping[Key, float]


@dataclass(frozen=True)
class MixData:
    """Numbers of one model.

    Sets: regions, segments, chemistries, nodes, minerals, disruptions, years (consecutive, ascending).

    demand: (region, segment, year) [GWh]; sold: additions that are possible, (region, segment, chemistry, year), by
    suitability and commercial year; family, line (kind of production line): of each chemistry.

    before: additions of each family in the year before the first, (region, family) [GWh], and demand_before (region,);
    growth, decline, seed: (region, family) [1].

    performance: (measure, chemistry, year) in the measure's unit; floor: least average, (measure, segment).

    capacity: lines standing, (region, line, year) [GWh/yr]; announced: most that can be built new by a year, (region,
    line, year); retrofit: share of a line's equipment that carries over, (line from, line to) [1]; own_share: least
    share of a region's batteries made at home, (region, year) [1].

    use: of a node, (chemistry, node, year) [kt/GWh or GWh/GWh]; own: most from home, (region, node, year), and
    supplied: from a supplier, (region, node, supplier, year) [kt or GWh]; strategic: nodes of the rule on one third
    country; excluded: suppliers that may not deliver, (region, node, supplier, year).

    recovered: secondary supply of past additions, (region, mineral, year) [kt]; returned: by one GWh of a cohort,
    (region, chemistry, mineral, cohort, year) [kt/GWh]; relief: what a mineral takes off a node, (mineral, node)
    [kt/kt]; content: mineral of a chemistry with its scrap, (chemistry, mineral, year) [kt/GWh]; recycled: least
    recycled content, (region, mineral, year) [1].

    price: of packs, (region, chemistry, year); import_price: on top, of imported cells, the same; line_price: (region,
    line, year) [million USD/GWh].

    accessible: of a node under a disruption, (disruption, region, node, year) [kt or GWh]; weight: (disruption) [1];
    measure: exposure of a chemistry by a named measure, (chemistry, year) [1].
    """

    regions: tuple[str, ...]
    segments: tuple[str, ...]
    chemistries: tuple[str, ...]
    years: tuple[int, ...]
    demand: Table
    sold: tuple[Key, ...]
    family: Mapping[str, str]
    line: Mapping[str, str]
    nodes: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    disruptions: tuple[str, ...] = ()
    before: Table = field(default_factory=dict)
    demand_before: Table = field(default_factory=dict)
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
    own: Table = field(default_factory=dict)
    supplied: Table = field(default_factory=dict)
    strategic: tuple[str, ...] = ()
    excluded: tuple[Key, ...] = ()
    recovered: Table = field(default_factory=dict)
    returned: Table = field(default_factory=dict)
    relief: Table = field(default_factory=dict)
    content: Table = field(default_factory=dict)
    recycled: Table = field(default_factory=dict)
    price: Table = field(default_factory=dict)
    line_price: Table = field(default_factory=dict)
    import_price: Table = field(default_factory=dict)
    accessible: Table = field(default_factory=dict)
    weight: Mapping[str, float] = field(default_factory=dict)
    measure: Table = field(default_factory=dict)
