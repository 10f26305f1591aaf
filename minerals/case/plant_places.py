"""Where plants that are a measure may stand, and which of these places anything tells apart.

A place is the home of the batteries, a group of countries, or all that lies outside the country that makes most of a
node; one that is named later is what earlier ones leave, and none has the country that makes most. A stop takes of its
plants what stands in the country that closes: they stand as new plants do within it, or as those of today, and where
neither is known where most is taken. Of plants that may stand anywhere outside it takes nothing.

Two places are told apart where a stop leaves them different parts, where one has a growth of its own, or where ranges
of what a plant costs a year do not overlap. A figure without ends is no range. What is not told apart is one place, at
the cost of all outside: of two that differ by their values alone none is the better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..exposure.follow_on import shares_of
from ..flows.demand import Array
from ..haste import frozen
from ..mix.data import Disruption, DisruptionPoolNodeWhere, Node, Where
from ..tables.expansion import NewPlants, plants_in
from ..tables.inputs import Inputs
from .chokepoints import Stop
from .mix_data.assembly import Assembly

#: All countries but the one that makes most of a node, and those of the region.
OUTSIDE, HOME = Where("outside"), Where("home")


@frozen
class Standing:
    """Plants of a node in a place, or in places that nothing tells apart.

    where: its name; rows: what they cost and when they come; row: place of these rows; places: those that it is; left:
    what a disruption leaves of them, (disruption, pool, node, where) [1], where it takes some.
    """

    where: Where
    rows: NewPlants
    row: Where
    places: tuple[Where, ...]
    left: Mapping[DisruptionPoolNodeWhere, float]


@frozen
class Places:
    """Places of a run. inside: countries of each, without the one that makes most of a node, (node, country); left: as
    of `Standing`, by place."""

    inside: Mapping[Where, np.ndarray]
    left: Mapping[DisruptionPoolNodeWhere, float]

    def standing(
        self, inputs: Inputs, node: Node, at: int, yearly: Mapping[Where, Array], rows: Mapping[Where, NewPlants]
    ) -> list[Standing]:
        """Where plants of a node may stand, told apart as far as anything does. at: place of the node; yearly: cost of
        a plant in each place, (value, low, high), NaN where nobody knows; rows: of each place."""
        groups: list[list[Where]] = []
        for place in (place for place, inside in self.inside.items() if inside[at].any()):
            alike = [group for group in groups if not all(self._apart(node, place, o, yearly, rows) for o in group)]
            groups = [group for group in groups if group not in alike]
            groups.append([*(each for group in alike for each in group), place])
        out = []
        for group in sorted(groups, key=lambda group: list(self.inside).index(group[0])):
            where, row = Where(" or ".join(group)), group[0] if len(group) == 1 else OUTSIDE
            left = {
                (d, q, n, where): part for (d, q, n, place), part in self.left.items() if (n, place) == (node, group[0])
            }
            out.append(Standing(where, plants_in(inputs, node, row), row, tuple(group), left))
        return out

    def _apart(
        self, node: Node, a: Where, b: Where, yearly: Mapping[Where, Array], rows: Mapping[Where, NewPlants]
    ) -> bool:
        """Whether anything tells two places apart for a node."""
        left = [{(d, q): part for (d, q, n, j), part in self.left.items() if (n, j) == (node, each)} for each in (a, b)]
        if left[0] != left[1] or any("growth" in rows[each].own for each in (a, b)):
            return True
        (_, low, high), (_, least, most) = yearly[a], yearly[b]
        return bool(low < high and least < most and (high < least or most < low))


def places_of(assembly: Assembly, names: Sequence[str]) -> Places:
    """Places by their names, in their order."""
    chokepoints = assembly.chokepoints
    inputs, shape = chokepoints.inputs, chokepoints.growth.at_start.shape
    free: np.ndarray = np.ones(shape, dtype=bool)
    free[np.arange(shape[0]), chokepoints.growth.leader] = False
    inside: dict[Where, np.ndarray] = {}
    for name in map(Where, names):
        members = np.ones(shape[1], dtype=bool)
        if name != OUTSIDE:
            members = chokepoints.at_home(assembly.regions) if name == HOME else inputs.members[name] > 0
        inside[name] = free & members
        free = free & ~inside[name]
    pools, pools_of = assembly.pools
    stops: list[Stop] = [(event.cuts, "severity") for event in inputs.events]
    cuts = chokepoints.cuts(stops)
    closed = ((cuts.export > 0) | (cuts.output > 0)).any(axis=0)
    left: dict[DisruptionPoolNodeWhere, float] = {}
    for place, mask in inside.items():
        if place == OUTSIDE:
            continue
        located = np.zeros(shape)
        for known in (chokepoints.growth.new_located, chokepoints.growth.at_start, closed, mask):
            some = shares_of(np.where(mask, np.nan_to_num(np.asarray(known, dtype=float)), 0.0))
            located = np.where(located.any(axis=1, keepdims=True), located, some)
        for pool, regions in pools.items():
            kept = chokepoints.left_of_follow_on(regions, located, cuts)
            for e, event in enumerate(inputs.events):
                d = Disruption(event.disruption)
                if pool in pools_of.get(d, ()):
                    taken = np.flatnonzero(mask.any(axis=1) & (kept[e] < 1 - 1e-12))
                    left |= {(d, pool, assembly.nodes[n], place): float(kept[e, n]) for n in taken}
    return Places(inside, left)


def labels_of(inputs: Inputs, home: str) -> dict[str, str]:
    """What places are called. home: name of the region."""
    return {**inputs.by_code("country_groups", "label"), HOME: home, OUTSIDE: "Outside the largest maker"}
