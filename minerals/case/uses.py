"""What batteries use of each node, and what recovered material takes off it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..flows.demand import Array
from ..flows.joint import counted
from ..haste import frozen
from ..tables.codes import ENERGY, GRAPHITE_ROUTES
from ..tables.resolve import Resolved
from ..tables.supply import Node, SupplyInputs
from .arrays import Arrays
from .outcome import Outcome

#: Stages that recovered material relieves.
RELIEVED = ("mining", "refining")


@frozen
class Batteries:
    """What a scenario puts into use and takes from the chains.

    cells: (region, segment, chemistry, year) [GWh]; gain: input ÷ demand of cell making, (region, year) [1]; recovered:
    secondary supply, (region, mineral, year) [kt].
    """

    cells: Array
    gain: Array
    recovered: Array


def batteries(outcome: Outcome, scenario: str) -> Batteries:
    """Batteries of a scenario in the reported years."""
    at, found = outcome.arrays.reported, outcome.scenarios[scenario]
    return Batteries(found.cells[..., at], found.gain[:, at], found.recovered[..., at])


@frozen
class Uses:
    """Use of each node per GWh of each chemistry of a run, in each segment where own rows say intensities by use.

    fixed: whatever the graphite route, (segment or 1, chemistry, node, year) [kt/GWh or GWh/GWh]; carrier: anode
    graphite, (segment or 1, chemistry, year) [kt/GWh]; natural, synthetic: what a node makes per mass of graphite of
    that route, (node); route: planned natural share, (year); scrapped: nodes whose product is lost with scrap, (node).
    """

    fixed: Array
    carrier: Array
    natural: Array
    synthetic: Array
    route: Array
    scrapped: Array

    def told_apart(self, cells: Array, axis: int) -> Array:
        """Cells by segment along an axis, as `fixed` has them: summed over it where all segments use nodes alike."""
        return cells if len(self.fixed) > 1 else np.asarray(cells.sum(axis=axis, keepdims=True))

    def weights(self, cells: Array) -> Array:
        """Share of each segment in the cells of a chemistry, (segment or 1, chemistry); even where there are none.
        cells: (segment, chemistry) [GWh]."""
        if len(self.fixed) == 1:
            return np.ones((1, self.fixed.shape[1]))
        total = cells.sum(axis=0)
        return np.asarray(np.divide(cells, total, out=np.full_like(cells, 1 / len(cells)), where=total > 0))

    def mean(self, year: int, cells: Array) -> tuple[Array, Array]:
        """Use whatever the route, (chemistry, node), and anode graphite, (chemistry), of some cells on the mean of
        their segments, by place of the year. cells: (segment, chemistry) [GWh]."""
        fixed, carrier = self.fixed[..., year], self.carrier[..., year]
        if len(fixed) == 1:
            return fixed[0], carrier[0]
        weights = self.weights(cells)
        return np.einsum("scn,sc->cn", fixed, weights), (carrier * weights).sum(axis=0)

    def total(self, year: int, cells: Array) -> Array:
        """Use of some cells at the planned route, (chemistry, node), as `mean` has it."""
        fixed, carrier = self.mean(year, cells)
        return self._at_route(year, fixed, carrier)

    @cached_property
    def planned(self) -> Array:
        """Use at the planned route, (year, segment or 1, chemistry, node)."""
        routed = np.outer(self.route, self.natural) + np.outer(1 - self.route, self.synthetic)  # (year, node)
        of_carrier = self.carrier.transpose(2, 0, 1)[..., None] * routed[:, None, None]
        return np.ascontiguousarray(self.fixed.transpose(3, 0, 1, 2) + of_carrier)

    def _at_route(self, year: int, fixed: Array, carrier: Array) -> Array:
        share = self.route[year]
        routed = np.outer(carrier, share * self.natural + (1 - share) * self.synthetic)
        return np.asarray(fixed + routed)

    @cached_property
    def ever(self) -> Array:
        """The most that a chemistry uses of a node in any segment and year and by any route, (chemistry, node)."""
        routed = np.outer(self.carrier.max(axis=(0, 2)), np.maximum(self.natural, self.synthetic))
        return np.asarray(self.fixed.max(axis=(0, 3)) + routed)

    def used(self, year: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether a chemistry uses a node whatever the route, (chemistry, node), and graphite, (chemistry), in any
        segment, by place of the year."""
        fixed, carrier = ((each[..., year] > 0).any(axis=0) for each in (self.fixed, self.carrier))
        return np.asarray(fixed), np.asarray(carrier)

    @property
    def routed(self) -> bool:
        """Whether any node depends on the route."""
        return bool(self.natural.any() or self.synthetic.any())


def uses_of(arrays: Arrays, supply: SupplyInputs) -> Uses:
    """Use of the nodes by the chemistries of a run: intensities times stage yields, and what only some of them use."""
    resolved, intensity = arrays.resolved, arrays.by_use["value"][..., arrays.reported]
    minerals, bases = resolved.minerals.labels, [base for base, _ in resolved.chemistries.labels]
    fixed = np.zeros((len(intensity), len(bases), len(supply.nodes), len(resolved.reported)))
    by_route = {route: np.zeros(len(supply.nodes)) for route in GRAPHITE_ROUTES}
    for n, node in enumerate(supply.nodes):
        counts = products_counted(node, intensity, minerals)
        for (mineral, route, per_kg), counting in zip(node.products, counts, strict=True):
            if route:
                by_route[route][n] += per_kg
            else:
                fixed[:, :, n] += intensity[:, :, minerals.index(mineral)] * per_kg * counting
        for c, base in enumerate(bases):
            if base in node.uses:
                per, amount = node.uses[base]
                fixed[:, c, n] += amount if per == ENERGY else intensity[:, c, minerals.index(per)] * amount
    carrier = np.zeros((len(intensity), len(bases), len(resolved.reported)))
    if "graphite" in minerals:
        carrier = intensity[:, :, minerals.index("graphite")]
    natural = arrays.route[GRAPHITE_ROUTES.index("natural"), arrays.reported]
    scrapped = np.array([node.stage != "cell" for node in supply.nodes])
    return Uses(fixed, carrier, by_route["natural"], by_route["synthetic"], natural, scrapped)


def products_counted(node: Node, intensity: Array, minerals: Sequence[str]) -> Array:
    """Whether each product of a node counts in what a chemistry uses of it, (product, …, year), 1 or 0: all do,
    but of those that one mass gives at once the one of which the chemistry needs most of the node.

    What a chemistry leaves over of the others serves no other chemistry here, so that its use is never too little.
    intensity: (segment or 1, chemistry, mineral, year), whose axes but that of minerals are those of the result.
    """
    if not node.products:
        return np.ones((0, 1, 1, 1))
    parts = [intensity[..., minerals.index(mineral), :] * per_kg for mineral, _, per_kg in node.products]
    return counted(np.stack(parts), node.together)


def relief_of(supply: SupplyInputs, resolved: Resolved, recovered: Array, natural: Array | float) -> Array:
    """Recovered minerals, (mineral, …) [kt], as what they take off mining and refining, (node, …); nothing off a node
    whose products one mass gives at once: it is still needed for the others. natural: planned share, (…)."""
    out = np.zeros((len(supply.nodes), *recovered.shape[1:]))
    shares = {"": 1.0, "natural": natural, "synthetic": 1 - natural}
    for n, node in enumerate(supply.nodes):
        if node.stage in RELIEVED:
            for mineral, route, per_kg in node.alone:
                out[n] += recovered[resolved.minerals.labels.index(mineral)] * per_kg * shares[route]
    return out


def bases_of(resolved: Resolved) -> list[str]:
    """Base chemistries that a run may sell."""
    return [base for base, _ in resolved.chemistries.labels]
