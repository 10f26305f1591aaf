"""Stages: where each node is needed, and what a disruption leaves of what is made of it further down the chain.

A node is needed where its next stage stands: an active material where cells are made, a refined material where the
active material is made, what is mined where it is refined; cells where batteries are used. So what is bought as active
material or as cells brings no need of what it was made of.

A disruption is followed from mines to cells. At each stage makers have the part of their output for which they still
have inputs: that of the input which is covered least, where all users of a short node are cut alike. What they then
export is shared as without a disruption. The makers of a country that closes lose nothing that they make themselves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from ..tables.codes import STAGES

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: Least number that divides.
TINY = float(np.finfo(float).tiny)
MINING, REFINING, ACTIVE, CELL = range(len(STAGES))


class Recipe(NamedTuple):
    """What a node is made of for some of its users. weight: their share in it; plain: nodes that all of it needs;
    natural, synthetic: nodes that its graphite needs by route."""

    node: int
    weight: float
    plain: Index
    natural: Index
    synthetic: Index


@frozen
class Chain:
    """Of which node each other is made.

    stage: of each node, its place in STAGES, (node); into: share of a chemistry's use of a node that goes into another
    one of a later stage, (chemistry, node, node), the rest goes into its cells; cell: whether a node makes the cells of
    a chemistry, (chemistry, node); per: of a mined node, in what is refined of it, (node, node) [its unit per unit];
    natural, synthetic: whether a node is of one route of graphite, (node).
    """

    stage: Index
    into: Array
    cell: Mask
    per: Array
    natural: Mask
    synthetic: Mask

    @cached_property
    def direct(self) -> Array:
        """Share of a chemistry's use of a node that goes into its cells, (chemistry, node); 0 of the cells."""
        return np.where(self.stage == CELL, 0.0, 1.0 - self.into.sum(axis=2))

    @cached_property
    def made(self) -> Mask:
        """Whether a node is made of another one, (node)."""
        return np.asarray(self.into.any(axis=(0, 1)))

    @cached_property
    def cell_of(self) -> tuple[int | None, ...]:
        """The node that makes the cells of each chemistry, (chemistry); None where none does."""
        return tuple(int(made.argmax()) if made.any() else None for made in self.cell)

    @cached_property
    def cells(self) -> tuple[int, ...]:
        """Nodes that make cells of any chemistry."""
        return tuple(sorted({node for node in self.cell_of if node is not None}))

    @cached_property
    def into_stage(self) -> tuple[tuple[Index, Array], ...]:
        """By stage, its nodes that are made of others, and the share of a chemistry's use of a node that goes into
        each of them, (chemistry, node, node of the stage)."""
        nodes = [np.flatnonzero(self.made & (self.stage == stage)) for stage in range(len(STAGES))]
        return tuple((at, np.ascontiguousarray(self.into[:, :, at])) for at in nodes)

    @classmethod
    def flat(cls, chemistries: int, nodes: int) -> Chain:
        """A chain in which all goes straight into cells."""
        none = np.zeros(nodes, dtype=bool)
        return cls(
            np.full(nodes, ACTIVE), np.zeros((chemistries, nodes, nodes)), np.zeros((chemistries, nodes), dtype=bool),
            np.zeros((nodes, nodes)), none, none,
        )  # fmt: skip

    def repeated(self, times: int) -> Chain:
        """The same with each chemistry so many times, one after all others."""
        into, cell = np.tile(self.into, (times, 1, 1)), np.tile(self.cell, (times, 1))
        return self if times == 1 else replace(self, into=into, cell=cell)

    def recipes(self, use: Array) -> list[Recipe]:
        """What each node is made of, by its users: use, (chemistry, node), weighs them [kt or GWh]."""
        out = []
        for node, inputs_of in self._inputs.items():
            total, by = float(use[:, node].sum()), dict[bytes, float]()
            for inputs, amount in zip(inputs_of, use[:, node].tolist(), strict=True):
                if amount > 0:
                    by[inputs] = by.get(inputs, 0.0) + amount / total
            out += [Recipe(node, weight, *self._by_route(inputs)) for inputs, weight in by.items()]
        return out

    @cached_property
    def _inputs(self) -> dict[int, list[bytes]]:
        """Of each node that is made of others, which nodes go into it, as bytes of a mask, by chemistry."""
        goes_in = self.into > 0
        return {int(node): [each.tobytes() for each in goes_in[:, :, node]] for node in np.flatnonzero(self.made)}

    def _by_route(self, inputs: bytes) -> tuple[Index, Index, Index]:
        """Places of inputs of both routes, of the natural and of the synthetic one. inputs: bytes of a mask."""
        if inputs not in self._routes:
            mask = np.frombuffer(inputs, dtype=bool)
            split = (mask & ~self.natural & ~self.synthetic, mask & self.natural, mask & self.synthetic)
            plain, natural, synthetic = map(np.flatnonzero, split)
            self._routes[inputs] = plain, natural, synthetic
        return self._routes[inputs]

    @cached_property
    def _routes(self) -> dict[bytes, tuple[Index, Index, Index]]:
        """What `_by_route` has found: the same few sets of inputs are asked for of each plan and year."""
        return {}

    def of_cells(self, chemistry: int, use: Array) -> tuple[Index, Index, Index]:
        """Nodes that go into the cells of a chemistry, as by route in a Recipe. use: (chemistry, node)."""
        return self._by_route(((use[chemistry] > 0) & (self.direct[chemistry] > 0)).tobytes())


def least(
    covered: Array, recipe: tuple[Index, Index, Index], natural: float, bounds: tuple[float, float] = (0.0, 1.0)
) -> Array:
    """Part of an output for which there are inputs, (…, customer): the least covered counts, and of graphite the least
    of each route by its share, as far as the share of natural graphite then stays within its bounds.

    covered: (…, node, customer) [1]; natural: share of natural graphite; bounds: least and largest share of it.
    """
    plain, by_nature, by_synthesis = recipe
    part = covered[..., plain, :].min(axis=-2, initial=1.0)
    routes = [covered[..., at, :].min(axis=-2, initial=1.0) for at in (by_nature, by_synthesis) if len(at)]
    if len(routes) == 2:
        of_nature, of_synthesis = natural * routes[0], (1 - natural) * routes[1]
        both = of_nature + of_synthesis
        # A share that is planned is within its bounds.
        low, high = min(bounds[0], natural), max(bounds[1], natural)
        if low > 0:
            both = np.minimum(both, of_nature / low)
        if high < 1:
            both = np.minimum(both, of_synthesis / (1 - high))
        routes = [both]
    for each in routes:
        part = np.minimum(part, each)
    return np.asarray(part)


def placed(chain: Chain, use: Array, cells: Array, cells_made: Array, made: Array) -> Array:
    """Need of each node where its next stage stands, (node, customer) [kt or GWh].

    use: of the world, (chemistry, node) [kt or GWh]; cells: share of each customer in the batteries of a chemistry,
    cells_made: in the making of its cells, (chemistry, customer); made: what makers at home with each customer make of
    a node, (node, customer), NaN where nobody knows. What nobody is known to make is taken to be made where its cells
    are. As in a plan, a customer makes what it needs itself, and the others what is lacked pro rata to their exports.
    """
    total = made.sum(axis=1)
    known = np.isfinite(total) & (total > 0)
    straight = chain.direct + chain.into[:, :, ~known].sum(axis=2)
    need = np.einsum("cn,cb->nb", use * np.where(chain.stage == CELL, 0.0, straight), cells_made)
    need += np.einsum("cn,cb->nb", np.where(chain.stage == CELL, use, 0.0), cells)
    for stage in (ACTIVE, REFINING):
        for node in np.flatnonzero(known & chain.made & (chain.stage == stage)):
            own = np.minimum(made[node], need[node])
            exported, lacked = made[node] - own, need[node].sum() - own.sum()
            works = own + exported * (min(lacked, exported.sum()) / max(exported.sum(), TINY))
            into = np.einsum("cn,cn->n", use, chain.into[:, :, node])
            need += np.outer(into, works / max(works.sum(), TINY))
    return np.asarray(need)
