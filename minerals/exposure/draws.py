"""Draws of a disruption: many answers of one programme, as what it rests on is uncertain.

Every input with a low and a high end is drawn by a split PERT of which these are the 5th and the 95th percentile, and
its value the median (`design.split_pert`). Each has a stream of stratified numbers of its own, made from the seed and
the name of the input: the same input has the same numbers in every scenario, event and year (common random numbers),
and one more input leaves the others' alone. The first draw of all is none: every input at its value.

What is drawn changes what there is of nodes and cells, and never what a cell needs of a node: a node that is used f
times as much is one with its supply ÷ f. So the matrix of the programme stays, and its pool of optimal bases serves
all draws (`bases`): the answer of each draw is that of a linear programme of its own.

Supply is drawn by country and then laid together by customer, with countries that close kept apart: who exports what
does not matter to those who share a pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..design import split_pert, stratified
from ..haste import frozen
from .coverage import NOWHERE, Cuts, Supply, Trade
from .stages import Recipe

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
#: Name of an uncertain input: its table, and what tells its row there.
Key = tuple[str, ...]
#: Standard errors of a rank correlation of nothing that one must have to count: of a thousand inputs that do not
#: matter, three would.
SIGNIFICANT = 3.0


class Streams:
    """Numbers of every uncertain input, for draws that follow the one at the values.

    count: draws; seed: of all streams; rows: those of the draws that are looked at, of all and the one at the values.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.rows = count, seed, slice(0, 1 + count)
        self._sides: dict[Key, tuple[Array, Array]] = {}
        self._ranks: dict[Key, Array] = {}
        #: Whether an input ever lies below and above its value.
        self._moves: dict[Key, tuple[bool, bool]] = {}
        #: Ranks as they were last told, and which sides of their inputs moved then.
        self._told: tuple[list[tuple[bool, bool]], Array] = [], np.zeros((0, count))

    def __len__(self) -> int:
        return self.rows.stop - self.rows.start

    @property
    def names(self) -> list[Key]:
        """Inputs that were drawn so far, in their order."""
        return list(self._sides)

    def parts(self, size: int) -> Iterator[Streams]:
        """The same streams, so many draws at a time."""
        for start in range(0, 1 + self.count, size):
            part = copy(self)
            part.rows = slice(start, min(start + size, 1 + self.count))
            yield part

    def sides(self, key: Key, below: bool = True, above: bool = True) -> tuple[Array, Array]:
        """How far below and above its value an input lies, (row) each, as `design.split_pert` has it. below, above:
        whether the input ever lies there."""
        before = self._moves.get(key, (False, False))
        self._moves[key] = before[0] or below, before[1] or above
        if key not in self._sides:
            uniform = stratified(self.count, self.seed, crc32("\0".join(key).encode()))
            self._ranks[key] = np.floor(uniform * self.count)
            under, over = split_pert(uniform)
            self._sides[key] = np.append(0.0, under), np.append(0.0, over)
        under, over = self._sides[key]
        return under[self.rows], over[self.rows]

    def uniform(self, key: Key, value: float) -> Array:
        """An input that may be anything from 0 to 1, as likely as anything else, in all draws, (row). value: of the
        first, which is no draw."""
        self._moves[key] = True, True
        if key not in self._sides:
            uniform = stratified(self.count, self.seed, crc32("\0".join(key).encode()))
            self._ranks[key] = np.floor(uniform * self.count)
            self._sides[key] = np.zeros(1 + self.count), np.append(value, uniform)
        return self._sides[key][1][self.rows]

    @property
    def ranks(self) -> Array:
        """Rank of each input in each draw less the mean of all, (input, draw). Draws in which it is at its value, as it
        has no end on that side, share the mean of their ranks."""
        moves = [self._moves[key] for key in self._ranks]
        if moves != self._told[0]:
            self._told = moves, self._ranked(moves)
        return self._told[1]

    def _ranked(self, moves: Sequence[tuple[bool, bool]]) -> Array:
        """Ranks of all inputs. moves: whether each ever lies below and above its value."""
        # Stratified numbers are their own ranks: those of every input are 0, 1, … in some order.
        out = np.stack(list(self._ranks.values())) - (self.count - 1) / 2
        for rank, (below, above) in zip(out, moves, strict=True):
            still = ((rank < 0) & (not below)) | ((rank >= 0) & (not above))
            if still.any():
                rank[still] = rank[still].mean()
        return np.asarray(out)

    def drawn(self, key: Key, value: float, low: float, high: float, most: float = np.inf) -> Array:
        """An input in all draws, (row); the value alone, (1), where it has no ends. None is negative or more than
        `most`."""
        if low == value == high:
            return np.array([value])
        below, above = self.sides(key, low != value, high != value)
        return np.asarray(np.clip(value - below * (value - low) + above * (high - value), 0.0, most))


class Places(NamedTuple):
    """Countries laid together: those at home with one customer, and each that is kept apart.

    of: place of each country, (country); home: customer that a place belongs to, (place), or NOWHERE; apart: place of
    each country that is kept apart, by its number.
    """

    of: Index
    home: Index
    apart: dict[int, int]

    @property
    def shared(self) -> Array:
        """1 where a country is in a place, else 0, (country, place)."""
        return np.asarray((self.of[:, None] == np.arange(len(self.home))).astype(float))

    @classmethod
    def keeping(cls, apart: Sequence[int], home: Index, customers: int) -> Places:
        """Places by customer, those without a home and each of some countries. home: of each country, (country)."""
        of = np.where(home == NOWHERE, customers, home).astype(np.intp)
        homes = np.append(np.arange(customers), NOWHERE)
        places = {country: customers + 1 + place for place, country in enumerate(dict.fromkeys(apart))}
        for country, place in places.items():
            of[country] = place
        homes = np.append(homes, home[list(places)]).astype(np.intp)
        return cls(of, homes, places)


@frozen
class Ranged:
    """Supply of one year with its ends.

    by_share: what countries make by their share of the world, (node, country) [kt or GWh], NaN where nothing is known;
    share: that share, (node, country) [1], with share_ends, (end, node, country), and share_keys, (node) of (country);
    world: what the world's supply is in proportion to, (node), with world_ends, (end, node), and world_keys, (node);
    inverse: where it is so to the inverse of that, as to the utilisation of plants, which is 1 at most, (node);
    announced: what plants to come add, (node, country), with delivery, ends of it as multiples, (end); fixed: what else
    is made, (node, country), which is not drawn.
    """

    by_share: Array
    share: Array
    share_ends: Array
    share_keys: Sequence[Sequence[Key]]
    world: Array
    world_ends: Array
    world_keys: Sequence[Key]
    inverse: Mask
    announced: Array
    delivery: Array
    delivery_key: Key
    fixed: Array

    def made(self, streams: Streams, nodes: Index, places: Places, needed: Array | None = None) -> Array:
        """What is made of some nodes in every draw, (row, node, place), per unit of what the world needs [kt or GWh].

        needed: need of the reference world as a multiple of its value, of all nodes, (row or 1, node). Where plants are
        in proportion to it as much is made per unit as undrawn; of what is known, and of plants to come, the less the
        more is needed. Drawn shares of a node are scaled to the sum that they have undrawn.
        """
        shared = places.shared
        known = np.ones((1, len(nodes))) if needed is None else 1 / needed[:, nodes]
        per_unit = np.where(self.inverse[nodes], 1.0, known)
        total = np.empty((len(streams), len(nodes), len(places.home)))
        total[:] = (self.by_share[nodes] @ shared)[None]
        for place, n in enumerate(nodes.tolist()):
            value, (low, high) = self.share[n], self.share_ends[:, n]
            uncertain = np.flatnonzero(((low != value) | (high != value)) & np.isfinite(value))
            if len(uncertain) and np.isfinite(self.by_share[n]).all() and self.by_share[n].sum() > 0:
                drawn = np.tile(value, (len(streams), 1))
                for k in uncertain.tolist():
                    drawn[:, k] = streams.drawn(self.share_keys[n][k], value[k], low[k], high[k], 1.0)
                whole = drawn.sum(axis=1, keepdims=True)
                part = np.divide(drawn, whole, out=np.zeros_like(drawn), where=whole > 0)
                total[:, place] = (part @ shared) * self.by_share[n].sum()
            total[:, place] *= (self._times_world(streams, n) * per_unit[:, place])[:, None]
        announced = self.announced[nodes] @ shared
        if announced.any():
            delivered = streams.drawn(self.delivery_key, 1.0, *self.delivery)
            total += announced * delivered[:, None, None] * known[..., None]
        if self.fixed.any():
            total += (self.fixed[nodes] @ shared) * known[..., None]
        return np.asarray(total)

    def _times_world(self, streams: Streams, n: int) -> Array:
        """World supply of a node as a multiple of its value, (row) or (1)."""
        value, (low, high) = self.world[n], self.world_ends[:, n]
        if not value > 0 or low == value == high:
            return np.ones(1)
        if self.inverse[n]:
            return np.asarray(value / streams.drawn(self.world_keys[n], value, low, high, 1.0))
        return np.asarray(streams.drawn(self.world_keys[n], value, low, high) / value)


def laid_together(supply: Supply, made: Array, nodes: Index, places: Places) -> Supply:
    """Supply of some nodes by place, in every draw: what is made of them, (row, node, place)."""
    part = _of_nodes(supply, nodes)
    assumed = None if part.assumed is None else part.assumed @ places.shared
    return replace(part, made=made, home=places.home, assumed=assumed)


def part_of(supply: Supply, nodes: Index) -> Supply:
    """Supply of some of its nodes, with a leading axis of draws."""
    part = replace(_of_nodes(supply, nodes), made=supply.made[:, nodes])
    # Without a disruption each node is traded for itself, so what is known of all is known of some.
    vars(part)["undisturbed"] = Trade(*(each[:, nodes] for each in supply.undisturbed))
    vars(part)["usually"] = supply.usually[:, nodes]
    return part


def _of_nodes(supply: Supply, nodes: Index) -> Supply:
    """All but what is made, of some nodes: what else they are made of is not followed."""
    recovered = np.broadcast_to(supply.recovered, supply.need.shape)[nodes]
    at = {int(n): place for place, n in enumerate(nodes)}
    recipes = [_among(recipe, at) for recipe in supply.recipes if recipe.node in at]
    chain = supply.chain
    if chain is not None:
        square = np.ix_(np.arange(len(chain.into)), nodes, nodes)
        chain = replace(
            chain, stage=chain.stage[nodes], into=chain.into[square], cell=chain.cell[:, nodes],
            per=chain.per[np.ix_(nodes, nodes)], natural=chain.natural[nodes], synthetic=chain.synthetic[nodes],
        )  # fmt: skip
    assumed = None if supply.assumed is None else supply.assumed[..., nodes, :]
    return replace(
        supply, need=supply.need[nodes], recovered=recovered, chain=chain, recipes=tuple(recipes), assumed=assumed
    )


def _among(recipe: Recipe, at: dict[int, int]) -> Recipe:
    """A recipe by the places of its nodes among some."""
    inputs = (np.array([at[int(n)] for n in each if int(n) in at], dtype=np.intp) for each in recipe[2:])
    return Recipe(at[recipe.node], recipe.weight, *inputs)


def taken_of(located: Array, cuts: Cuts, inside: Mask) -> Array:
    """Part of what stands in some places that cuts take, (…, node): all that is cut of their output, and of exports
    from those that are not inside. located: share of each place, (…, node, place)."""
    lost = 1 - (1 - cuts.output) * (1 - np.where(inside, 0.0, cuts.export))
    return np.asarray((located * lost).sum(axis=-1))


def reached(recipes: Sequence[Recipe], hit: Mask) -> tuple[Mask, Mask]:
    """Nodes that a disruption of some reaches down the stages, and these with what they are made of, (node) each."""
    found = hit.copy()
    for _ in range(len(recipes)):
        more = [each for each in recipes if not found[each.node] and any(found[at].any() for at in each[2:])]
        if not more:
            break
        found[[each.node for each in more]] = True
    with_inputs = found.copy()
    for recipe in recipes:
        if found[recipe.node]:
            for at in recipe[2:]:
                with_inputs[at] = True
    return found, with_inputs


def upstream(recipes: Sequence[Recipe], nodes: Mask) -> Mask:
    """Some nodes with all that they are made of, up to the mines, (node)."""
    found, before = nodes.copy(), np.zeros_like(nodes)
    while not np.array_equal(found, before):
        before = found.copy()
        for recipe in recipes:
            if found[recipe.node]:
                found[np.concatenate(recipe[2:])] = True
    return found


def percentiles(values: Array, levels: Sequence[float] = (5, 50, 95)) -> tuple[float, ...]:
    """Percentiles of draws, (draw)."""
    return tuple(float(each) for each in np.percentile(values, levels))


def importance(values: Array, streams: Streams) -> dict[Key, float]:
    """How much of the spread of a result each input stands for, largest first; the shares sum to 1.

    The squared rank correlation of input and result, over the sum of these (contribution to the variance of ranks:
    Iman & Conover 1979, Technometrics 21, 499–509). Inputs are drawn independently, so that the squares add up to what
    is explained where the result rises or falls with each of them. Correlations that chance alone may give are left
    out. Empty where nothing varies.
    """
    many, keys = len(values), streams.names
    if not keys or many < 2 or np.ptp(values) <= 1e-9 * max(float(np.abs(values).max()), 1e-300):
        return {}
    # Values that are alike share the mean of their ranks.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts + 1) / 2)[place]
    rank -= rank.mean()
    inputs = streams.ranks
    scale = np.sqrt((inputs**2).sum(axis=1) * (rank**2).sum())
    correlation = np.divide(inputs @ rank, scale, out=np.zeros(len(keys)), where=scale > 0)
    squared = np.where(np.abs(correlation) > SIGNIFICANT / np.sqrt(many), correlation**2, 0.0)
    if not squared.any():
        return {}
    order = np.argsort(-squared, kind="stable")
    return {keys[k]: float(squared[k] / squared.sum()) for k in order if squared[k] > 0}
