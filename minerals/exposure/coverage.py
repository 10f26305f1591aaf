"""Coverage: how much of each node a region can get, by its own supply and by its access to what others export.

A node is a stage of a chain and what it makes, in kt or GWh a year. Customers are regions; a country's home is the
customer it belongs to, if any. A customer serves itself first and exports the rest; countries without a home export
all. What is exported is one pool. Its weights are what each customer needs of the node in the reference world, before
recycling, so that the access of a region never depends on the scenario being assessed.

The pool is shared by water-filling: all take the same part of their weights. A customer other than those assessed takes
no more than it lacks in the reference world, and what it leaves is shared again. Those assessed have no such limit, as
their scenario may need more than the reference world. So more supply, wherever it is, never makes less accessible, and
a small change of it never makes a large one.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from ..tables.codes import STAGES
from .stages import Chain, Recipe, least

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: Least number that divides.
TINY = float(np.finfo(float).tiny)
#: Home of a country that belongs to no customer.
NOWHERE = -1
#: Every node.
ALL = slice(None)


@frozen
class Supply:
    """What the world makes and needs in one year.

    made: by country, (node, country) [kt or GWh], NaN where nothing is known of a node; need: of the reference world,
    less what it recovers, (node, customer) [the same]; batteries: what the reference world puts into use, (customer)
    [GWh]; home: the customer a country belongs to, (country), or NOWHERE; recovered: by the reference world, (node,
    customer) [as made]; chain: of which node each other is made, or None where a disruption is not followed down the
    stages; recipes: what that is in the reference world; natural: its share of natural graphite [1]; bounds: least and
    largest share that makers can turn to; assumed: share of each country in what nobody knows of, where one is assumed,
    (node, country) [1].
    """

    made: Array
    need: Array
    batteries: Array
    home: Index
    recovered: Array | float = 0.0
    chain: Chain | None = None
    recipes: tuple[Recipe, ...] = ()
    natural: float = 0.0
    bounds: tuple[float, float] = (0.0, 1.0)
    assumed: Array | None = None

    @cached_property
    def gross(self) -> Array:
        """Need with what is recovered, (node, customer)."""
        return np.asarray(self.need + self.recovered)

    @cached_property
    def needed(self) -> Mask:
        """Whether the reference world needs a node at all, (node)."""
        return np.asarray(self.gross.sum(axis=1) > 0)

    @cached_property
    def weights(self) -> Array:
        """By what customers share the pool, (node, customer): gross need, or batteries where nobody needs a node."""
        return np.where(self.needed[:, None], self.gross, self.batteries)

    @cached_property
    def at_home(self) -> Array:
        """1 where a country belongs to a customer, else 0, (country, customer)."""
        return np.asarray((self.home[:, None] == np.arange(len(self.batteries))).astype(float))

    @cached_property
    def undisturbed(self) -> Trade:
        """Trade without a disruption."""
        return trade(self)

    @cached_property
    def usually(self) -> Array:
        """What customers have of their need without a disruption, (node, customer), 0 where nothing is known."""
        return self.served(*self.undisturbed[1:4])

    @cached_property
    def unknown(self) -> Mask:
        """Nodes of which nothing is known, (node)."""
        return np.asarray(np.isnan(self.made.sum(axis=-1)))

    def left_of_unknown(self, cuts: Cuts) -> Array | float:
        """Part of what nobody knows of that a disruption leaves customers, (node, customer) or (…, node, customer): all
        but the share of the countries that close, of which a stop of exports spares those at home with them."""
        if self.assumed is None:
            return 1.0
        here = self.assumed * cuts.output
        abroad = self.assumed * (1 - (1 - cuts.output) * (1 - cuts.export))
        return np.asarray(1 - abroad.sum(axis=-1)[..., None] + (abroad - here) @ self.at_home)

    def served(self, own: Array, exported: Array, lacked: Array, nodes: Index | slice = ALL) -> Array:
        """What customers have of their need of some nodes, (node, customer), from own output and the pool, of which
        none takes more than it lacks; 0 where nothing is known. Other arguments as in Trade."""
        need, weights = self.need[nodes], self.weights[nodes]
        pool, taken = _known(exported.sum(axis=-1)), _known(lacked)
        np.copyto(taken, 0.0, where=~(weights > 0))
        # All have what they lack, but where that is more than the pool.
        scarce = np.nonzero(pool < taken.sum(axis=-1))
        if len(scarce[0]):
            there, shares, most = pool[scarce], np.broadcast_to(weights, taken.shape)[scarce], taken[scarce]
            left, still = _filled(there, np.zeros_like(there), shares, most)
            level = np.divide(left, still, out=np.full_like(left, np.inf), where=still > 0)
            with np.errstate(invalid="ignore"):  # nothing by an infinite level
                part = np.where(shares > 0, level[:, None] * shares, 0.0)
            taken[scarce] = np.minimum(np.minimum(most, there[:, None]), part)
        taken += np.minimum(own, need)
        return _known(taken)


@frozen
class Cuts:
    """What a disruption takes away, (node, country), or each of several, (disruption, node, country), each a share in 0
    to 1: of what is exported, or of all output."""

    export: Array
    output: Array

    @cached_property
    def makers(self) -> Index:
        """Nodes of which output is cut, by their places."""
        return np.flatnonzero(self.output.any(axis=-1).reshape(-1, self.output.shape[-2]).any(axis=0))

    @property
    def nodes(self) -> Mask:
        """Nodes that are hit, (node)."""
        return np.asarray((self.export > 0).any(axis=-1) | (self.output > 0).any(axis=-1))


class Trade(NamedTuple):
    """What countries make, (node, country), and customers make at home, (node, customer), what each country exports to
    whoever is not at home with it, (node, country), and what customers lack of their need, (node, customer), all in kt
    or GWh. left: part of what customers have of a node without a disruption that one leaves them, (node, customer)
    [1]."""

    made: Array
    own: Array
    exported: Array
    lacked: Array
    left: Array


@frozen
class Claims:
    """Who takes from the pool: a group of customers without a limit, and each of the others up to what it lacks.

    weight: of the group, (node); weights: of the others, (node, other); lacked: the most the others take, (node,
    other), infinite where nobody needs the node in the reference world.
    """

    weight: Array
    weights: Array
    lacked: Array

    def taken(self, pool: Array) -> Array:
        """What the group takes of a pool, (node): λ · weight, where that and Σ_b min(lacked_b, λ · weights_b) are the
        pool. A group without weight takes what the others leave."""
        left, still = _filled(pool, self.weight, self.weights, self.lacked)
        part = np.divide(self.weight, still, out=np.ones_like(still), where=still > 0)
        return np.asarray(np.maximum(part * left, 0.0))

    def left(self, pool: Array) -> Array:
        """What the others leave of a pool if they take all they lack before the group, (node)."""
        return np.asarray(np.maximum(pool - self.lacked.sum(axis=-1), 0.0))


@frozen
class Access:
    """What a group of customers can get of each node, (node) [kt or GWh]: own supply, and what it takes of the pool.

    exported: what each country outside the group exports, (node, country); claims: who takes from that pool; left: part
    of what customers have without a disruption that is left them, (node, customer).
    """

    own: Array
    exported: Array
    claims: Claims
    left: Array

    def take(self, place: int) -> Access:
        """With one of several disruptions."""
        claims = Claims(self.claims.weight, self.claims.weights, self.claims.lacked[place])
        return Access(self.own[place], self.exported[place], claims, self.left[place])

    @cached_property
    def pool(self) -> Array:
        """Σ exported, (node)."""
        return np.asarray(self.exported.sum(axis=-1))

    @cached_property
    def taken(self) -> Array:
        """What the group takes of the pool, (node)."""
        return self.claims.taken(self.pool)

    @cached_property
    def share(self) -> Array:
        """taken ÷ pool, (node) [1]; 0 where nothing is exported."""
        return np.divide(self.taken, self.pool, out=np.zeros_like(self.pool), where=self.pool > 0)

    @cached_property
    def accessible(self) -> Array:
        """own + taken, (node); infinite where nothing is known of a node."""
        return _unlimited(self.own + self.taken)

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """What would be accessible if the others took all they lack first, and if the group did, (node) each."""
        return _unlimited(self.own + self.claims.left(self.pool)), _unlimited(self.own + self.pool)

    def from_members(self, member: Array) -> Array:
        """What would be accessible if only some countries exported, (node).

        member: shares in 0 to 1, (country) or (node, country). The others lack as much as before.
        """
        return _unlimited(self.own + self.claims.taken((self.exported * member).sum(axis=-1)))


def _filled(pool: Array, weight: Array, weights: Array, lacked: Array) -> tuple[Array, Array]:
    """What of a pool, (…), is left for those who still take when it is shared, and the sum of their weights, (…).

    weight: of those without a limit, (…); weights, lacked: of the others and the most they take, (…, other). All take
    the same multiple of their weight, the quotient of the two results. Solved exactly: who lacks less than that
    multiple has all it lacks, which raises the multiple for the rest, until no other has all it lacks.
    """
    # Nobody takes more than the pool, nor anything without a weight: with this all numbers are finite. Who lacks more
    # than the pool never has all it lacks; were the pool its limit, rounding would decide.
    most = np.minimum(lacked, 2 * pool[..., None])
    np.copyto(most, 0.0, where=~(weights > 0))
    weights, takes = np.broadcast_to(weights, most.shape), most > 0
    while True:
        left = pool - np.einsum("...b,...b->...", most, ~takes)
        still = weight + np.einsum("...b,...b->...", weights, takes)
        level = np.divide(left, still, out=np.zeros_like(left), where=still > 0)
        now = takes & (level[..., None] * weights <= most)
        if np.array_equal(now, takes):
            return left, still
        takes = now


def _known(amount: Array) -> Array:
    """A copy with 0 where nothing is known."""
    out = amount.copy()
    out[np.isnan(out)] = 0.0
    return out


def _unlimited(amount: Array) -> Array:
    """Infinite where nothing is known."""
    return np.where(np.isnan(amount), np.inf, amount)


def to_be_had(supply: Supply, traded: Trade) -> Array:
    """What a disruption leaves customers of what they need of each node in the reference world, and what of the pool
    nobody lacks, which any of them may have beside it, (…, node, customer) [kt or GWh]; infinite where nothing is known
    or needed. What a customer makes beyond its need is exported, and counts where it goes. What is short without a
    disruption is not told of others than those assessed: of that need they have all then."""
    had = traded.left * supply.need
    spare = np.maximum(traded.exported.sum(axis=-1) - traded.lacked.sum(axis=-1), 0.0)
    known = (supply.needed & ~supply.unknown)[..., None]
    return np.asarray(np.where(known, np.nan_to_num(had + spare[..., None]), np.inf))


def access(supply: Supply, group: Mask, cuts: Cuts | None = None, traded: Trade | None = None) -> Access:
    """What the customers of `group`, (customer), can get of each node, with or without a disruption, or with each of
    several, (disruption, …). traded: `trade` of the same cuts, where it is known already.

    own_b = Σ_{j at home in b} made_j · (1 − output cut); export_b = max(own_b − need_b, 0), by its countries pro rata,
    less the export cut; lacked_b = max(need_b − own_b, 0). The group keeps all that it makes. A country that stops its
    exports leaves the pool as exporter alone, and a customer whose own output is cut lacks more. Where the reference
    world needs nothing of a node, the pool is shared by batteries put into use, and no limit of the others is known.
    """
    if traded is None:
        traded = supply.undisturbed if cuts is None else trade(supply, cuts)
    exported, lacked, left = traded[2:]
    # Whether its own plants have inputs is not answered here: the group's chain is followed plant by plant.
    own = np.broadcast_to(supply.undisturbed.own, traded.own.shape)
    if cuts is not None and len(cut := cuts.makers):
        own = own.copy()
        own[..., cut, :] = supply.made[..., cut, :] * (1 - cuts.output[..., cut, :]) @ supply.at_home
    others = np.where(supply.needed[:, None], lacked, np.inf)[..., ~group]
    claims = Claims(supply.weights[:, group].sum(axis=1), supply.weights[:, ~group], others)
    inside = supply.at_home[:, group].any(axis=1)
    return Access(own[..., group].sum(axis=-1), np.where(inside, 0.0, exported), claims, left)


def trade(supply: Supply, cuts: Cuts | None = None) -> Trade:
    """What is made at home, exported and lacked, with or without a disruption.

    A disruption is followed down the stages of the chain of the supply, if it has one: makers whose inputs it takes
    make and export less, and their home lacks more.
    """
    if cuts is None:
        return _traded(supply, supply.made)
    shape = np.broadcast_shapes(supply.made.shape[:-1], cuts.export.shape[:-1])
    without, cut = supply.undisturbed, cuts.makers
    # Only what is made, and what hangs on it, is written to below.
    made, own, lacked = (np.broadcast_to(each, (*shape, each.shape[-1])).copy()
                         for each in (without.made, without.own, without.lacked))  # fmt: skip
    exported = without.exported
    if len(cut):
        exported = np.broadcast_to(exported, made.shape).copy()
        less = _traded(supply, made[..., cut, :] * (1 - cuts.output[..., cut, :]), cut)
        for all_of, some in zip((made, own, exported, lacked), less[:4], strict=True):
            all_of[..., cut, :] = some
    found = _stopped(supply, Trade(made, own, exported, lacked, without.left), cuts.export)
    if supply.assumed is not None:
        found.left[:] = np.where(supply.unknown[..., None], supply.left_of_unknown(cuts), found.left)
    if supply.chain is None:
        return found
    for stage in range(len(STAGES)):
        made_of = [each for each in supply.recipes if supply.chain.stage[each.node] == stage]
        parts = [(each, least(found.left, each[2:], supply.natural, supply.bounds)) for each in made_of]
        parts = [(each, part) for each, part in parts if (part < 1).any()]
        if not parts:
            continue
        nodes = np.unique([each.node for each, _ in parts])
        lost = np.zeros_like(found.own[..., nodes, :])
        for each, part in parts:
            lost[..., np.searchsorted(nodes, each.node), :] += each.weight * (1 - part)
        everywhere = np.concatenate([1 - lost, np.ones((*lost.shape[:-1], 1))], axis=-1)  # NOWHERE is the last
        less = _traded(supply, found.made[..., nodes, :] * everywhere[..., supply.home], nodes)
        for all_of, some in zip(found, _stopped(supply, less, cuts.export[..., nodes, :], nodes), strict=True):
            all_of[..., nodes, :] = some
    return found


def _traded(supply: Supply, made: Array, nodes: Index | slice = ALL) -> Trade:
    """Trade in what is made of some nodes, (…, node, country), if nobody stops exports."""
    own, need = made @ supply.at_home, supply.need[nodes]
    surplus = np.divide(np.maximum(own - need, 0), own, out=np.zeros_like(own), where=own > 0)
    exported = np.take(surplus, supply.home, axis=-1)
    exported[..., supply.home == NOWHERE] = 1.0
    exported *= made
    return Trade(made, own, exported, np.maximum(need - own, 0), np.ones_like(own))


def _stopped(supply: Supply, before: Trade, stopped: Array, nodes: Index | slice = ALL) -> Trade:
    """The same of some nodes less a share of exports, (…, node, country), with what that leaves of what customers have
    without a disruption."""
    exported = before.exported * (1 - stopped)
    now, usual = supply.served(before.own, exported, before.lacked, nodes), supply.usually[..., nodes, :]
    # All where nothing is needed or known.
    left = np.divide(now, usual, out=np.ones_like(now), where=usual > 0)
    np.minimum(left, 1.0, out=left)
    return before._replace(exported=exported, left=left)


def stockpiled(cut: Array, without: Array, need: Array, months: Array | float) -> Array:
    """Accessible under a disruption with a stockpile of some months of the planned need, (…, node).

    cut, without: accessible with and without the disruption. A stockpile replaces what the disruption takes away, and
    no more: accessible = min(without, cut + months / 12 · need).
    """
    return np.where(cut < without, np.minimum(without, cut + months / 12 * need), cut)


def covered(accessible: Array, need: Array) -> Array:
    """accessible ÷ need, (node); NaN where nothing is needed or nothing is known."""
    ratio = np.divide(accessible, need, out=np.full_like(need, np.nan), where=need > 0)
    return np.where(np.isfinite(ratio), ratio, np.nan)


def sourcing(reach: Access, inside: Array, need: Array) -> tuple[Array, Array]:
    """Where a group of customers takes each node from: (own share (node), share by country (node, country)), of need.

    inside: what countries at home in the group make, (node, country). Own supply goes first, as far as it is needed;
    the rest comes by what others export. NaN where nothing is known of a node.
    """
    own = np.minimum(np.divide(reach.own, need, out=np.ones_like(need), where=need > 0), 1.0)
    made, pool = inside.sum(axis=1, keepdims=True), reach.pool[:, None]
    home = np.divide(inside, made, out=np.zeros_like(inside), where=made > 0)
    abroad = np.divide(reach.exported, pool, out=np.zeros_like(inside), where=pool > 0)
    by_country = own[:, None] * home + (1 - own)[:, None] * abroad
    return own, np.where(np.isnan(made + pool), np.nan, by_country)
