"""Coverage: how much of each node a region can get, by its own supply and by its access to what others export.

A node is a stage of a chain and what it makes, in kt or GWh a year. Customers are the regions that use batteries; a
country's home is the customer it belongs to, if any. A customer serves itself first and exports the rest; countries
without a home export all. What is exported is one pool, shared by what each customer has to import in the reference
world, so that the access of a region never depends on the scenario being assessed.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: Least number that divides.
TINY = float(np.finfo(float).tiny)
#: Home of a country that belongs to no customer.
NOWHERE = -1


@frozen
class Supply:
    """What the world makes and needs in one year.

    made: by country, (node, country) [kt or GWh], NaN where nothing is known of a node; need: of the reference world,
    (node, customer) [the same]; batteries: what the reference world puts into use, (customer) [GWh]; home: the customer
    a country belongs to, (country), or NOWHERE.
    """

    made: Array
    need: Array
    batteries: Array
    home: Index

    @cached_property
    def at_home(self) -> Array:
        """1 where a country belongs to a customer, else 0, (country, customer)."""
        return np.asarray((self.home[:, None] == np.arange(len(self.batteries))).astype(float))

    @cached_property
    def undisturbed(self) -> Trade:
        """Trade without a disruption."""
        return trade(self)


@frozen
class Cuts:
    """What a disruption takes away, (node, country), each a share in 0 to 1: of what is exported, or of all output."""

    export: Array
    output: Array

    @property
    def nodes(self) -> Mask:
        """Nodes that are hit, (node)."""
        return np.asarray((self.export > 0).any(axis=1) | (self.output > 0).any(axis=1))


class Trade(NamedTuple):
    """What customers make at home, (node, customer), what each country exports to whoever is not at home with it,
    (node, country), and what customers import, (node, customer), all in kt or GWh."""

    own: Array
    exported: Array
    imports: Array


@frozen
class Access:
    """What a group of customers can get of each node, (node) [kt or GWh]: own supply, and its share of the pool.

    share: of the pool, (node) [1]; exported: what each country outside the group exports, (node, country).
    """

    own: Array
    share: Array
    exported: Array

    @cached_property
    def accessible(self) -> Array:
        """own + share · Σ exported, (node); infinite where nothing is known of a node."""
        total = self.own + self.share * self.exported.sum(axis=1)
        return np.where(np.isnan(total), np.inf, total)

    def from_members(self, member: Array) -> Array:
        """What would be accessible if only some countries exported, (node); member: (country), shares in 0 to 1."""
        total = self.own + self.share * (self.exported @ member)
        return np.where(np.isnan(total), np.inf, total)


def access(supply: Supply, group: Mask, cuts: Cuts | None = None) -> Access:
    """What the customers of `group`, (customer), can get of each node, with or without a disruption.

    own_b = Σ_{j at home in b} made_j · (1 − output cut); export_b = max(own_b − need_b, 0), by its countries pro rata,
    less the export cut; share = import_group / Σ import, import_b = max(need_b − own_b, 0). A customer whose own output
    is cut becomes one that imports and competes for the rest. Where the reference world needs nothing of a node, its
    pool is shared by batteries put into use.
    """
    own, exported, imports = supply.undisturbed if cuts is None else trade(supply, cuts)
    ours = np.maximum(supply.need[:, group].sum(axis=1) - own[:, group].sum(axis=1), 0)
    wanted = ours + imports[:, ~group].sum(axis=1)
    by_need = np.divide(ours, wanted, out=np.zeros_like(ours), where=wanted > 0)
    by_batteries = supply.batteries[group].sum() / max(supply.batteries.sum(), TINY)
    share = np.where(supply.need.sum(axis=1) > 0, by_need, by_batteries)
    inside = supply.at_home[:, group].any(axis=1)
    return Access(own[:, group].sum(axis=1), share, np.where(inside, 0.0, exported))


def trade(supply: Supply, cuts: Cuts | None = None) -> Trade:
    """What is made at home, exported and imported, with or without a disruption."""
    made = supply.made if cuts is None else supply.made * (1 - cuts.output)
    own = made @ supply.at_home
    surplus = np.divide(np.maximum(own - supply.need, 0), own, out=np.zeros_like(own), where=own > 0)
    exported = made * np.where(supply.home == NOWHERE, 1.0, surplus[:, supply.home])
    if cuts is not None:
        exported = exported * (1 - cuts.export)
    return Trade(own, exported, np.maximum(supply.need - own, 0))


def stockpiled(cut: Array, without: Array, need: Array, months: float) -> Array:
    """Accessible under a disruption with a stockpile of some months of the planned need, (node).

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
    made, pool = inside.sum(axis=1, keepdims=True), reach.exported.sum(axis=1, keepdims=True)
    home = np.divide(inside, made, out=np.zeros_like(inside), where=made > 0)
    abroad = np.divide(reach.exported, pool, out=np.zeros_like(inside), where=pool > 0)
    by_country = own[:, None] * home + (1 - own)[:, None] * abroad
    return own, np.where(np.isnan(made + pool), np.nan, by_country)
