"""Where the cells come from that a group of regions uses: own plants first, the rest by what others export.

Origin rests on supply and not on a plan, so that it stays the same for every mix. Of lithium-ion cells it is the newest
that was observed of a region, moved along with what makers make since; where none was, and of other cells, own plants
serve the reference world first. Or it is what [exposure] says. Cells of a family whose makers nobody knows come from
where lithium-ion cells come from; without any makers known, all are made at home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np

from ..exposure.cell_origin import TINY, cell_origin, moved
from ..exposure.coverage import Supply
from ..flows.demand import Array
from ..haste import frozen
from ..tables.plants import Ends


@frozen
class Origins:
    """Origin of cells in the reported years.

    supply: of the world in each year; years: reported; customers: of the reference world; homes: customer of each
    maker, by country and of groups; countries: of the supply; observed: newest year and share of each maker, by
    customer; before: share of each country in the world's lithium-ion cells in these years, (country); made_at_home:
    share of cells made at home by year, or empty; origin: share of makers by country, as configured; cells: nodes that
    are cells, the first that of lithium-ion.
    """

    supply: tuple[Supply, ...]
    years: tuple[int, ...]
    customers: tuple[str, ...]
    countries: tuple[str, ...]
    homes: Mapping[str, str]
    observed: Mapping[str, tuple[int, Mapping[str, Ends]]]
    before: Mapping[int, Array]
    made_at_home: tuple[tuple[int, float], ...]
    origin: Mapping[str, float]
    cells: tuple[int, ...]
    _found: dict[tuple[int, int], Array | None] = field(default_factory=dict, init=False, repr=False)
    _when_observed: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    @property
    def home_of_makers(self) -> list[str]:
        """Customer that each country is at home with, or '', (country)."""
        return [self.homes.get(country, "") for country in self.countries]

    def of(self, regions: Sequence[str], year: int, node: int) -> Array:
        """Share of each maker in the cells of a node that some regions use, (country); what they make themselves is at
        the countries at home there. Sums to one; all 0 where no maker is known, which means at home."""
        found = self.by_customer(regions, year, node)
        if found is None:
            return np.zeros(len(self.countries))
        shares = found.sum(axis=0)
        return self._as_configured(shares, regions, year) if self.configured else shares

    def by_customer(self, regions: Sequence[str], year: int, node: int) -> Array | None:
        """Share of each customer and maker in what some regions use, before [exposure] says anything of it, (customer,
        country), summing to one; None where no maker is known."""
        found = self._of_family(node, year)
        if found is None:
            return None
        group = np.isin(np.array(self.customers), list(regions))
        need = np.where(group, self.supply[year].need[node], 0.0)
        if not need.sum() > 0:
            need = np.where(group, self.supply[year].batteries, 0.0)
        if not need.sum() > 0:
            need = group.astype(float)
        return np.asarray(need[:, None] * found / need.sum())

    def as_observed(self, node: int, year: int) -> bool:
        """Whether the cells of a node come from where lithium-ion cells were observed to come from: these themselves,
        and those whose makers nobody knows."""
        return bool(self.cells) and (node == self.cells[0] or self._by_customer(node, year) is None)

    @property
    def configured(self) -> bool:
        """Whether [exposure] says anything of the origin of cells."""
        return bool(self.made_at_home or self.origin)

    def makers(self, node: int, year: int) -> Array:
        """Share of the cells of a node that each customer uses by the customer at home with their makers, (customer,
        maker): at home where no maker is known. As observed, whatever [exposure] says of the run's own regions."""
        found = self._of_family(node, year)
        return np.eye(len(self.customers)) if found is None else found @ self.supply[year].at_home

    def _of_family(self, node: int, year: int) -> Array | None:
        """Origin of the cells of a node, else of lithium-ion, (customer, country); None where no maker is known."""
        found = self._by_customer(node, year)
        if found is None and self.cells and node != self.cells[0]:
            found = self._by_customer(self.cells[0], year)
        return found

    def _by_customer(self, node: int, year: int) -> Array | None:
        """Origin of the cells of a node in a year, (customer, country); None where nobody is known to make them."""
        key = node, year
        if key not in self._found:
            self._found[key] = self._calibrated(node, year)
        return self._found[key]

    def _calibrated(self, node: int, year: int) -> Array | None:
        supply = self.supply[year]
        made, need = supply.made[node], supply.need[node]
        if not np.isfinite(made).all() or not made.sum() > 0:
            return None
        need = np.where(need > 0, need, supply.batteries * made.sum() / max(supply.batteries.sum(), TINY))
        home = supply.at_home.T
        found = cell_origin(need[:, None], made[:, None], home)[..., 0]
        found = np.where(np.isnan(found), home / np.maximum(home.sum(axis=1, keepdims=True), 1.0), found)
        if self.cells and node == self.cells[0]:
            for b, customer in enumerate(self.customers):
                if customer in self.observed and (at := self.observed[customer][0]) in self.before:
                    if customer not in self._when_observed:
                        self._when_observed[customer] = self._observed(customer, home[b], self.before[at])
                    found[b] = moved(self._when_observed[customer], self.before[at], made / made.sum(), home[b])
        return found

    def _observed(self, customer: str, home: Array, before: Array) -> Array:
        """Share of each country in the cells of a customer when it was observed, (country): those at home, and those
        that a source leaves unnamed, by what they made."""
        makers = {maker: ends.value for maker, ends in self.observed[customer][1].items()}
        own = sum(share for maker, share in makers.items() if self.homes.get(maker) == customer)
        named = np.array([country in makers for country in self.countries]) & (home == 0)
        out = np.where(named, [makers.get(country, 0.0) for country in self.countries], 0.0)
        rest = max(sum(makers.values()) - own - out.sum(), 0.0)
        others = np.where(named | (home > 0), 0.0, before)
        ours = before * home if (before * home).sum() > 0 else home
        out += own * ours / max(ours.sum(), TINY) + rest * others / max(others.sum(), TINY)
        return np.asarray(out / max(out.sum(), TINY))

    def _as_configured(self, shares: Array, regions: Sequence[str], year: int) -> Array:
        """Origin with what [exposure] says of it: named makers as they are, then those at home, the others pro rata."""
        inside = np.array([self.homes.get(country) in regions for country in self.countries])
        named = np.array([country in self.origin for country in self.countries]) & ~inside
        out = np.where(named, [self.origin.get(country, 0.0) for country in self.countries], 0.0)
        left = 1.0 - out.sum()
        if not named.any() and not self.made_at_home:
            return shares
        if self.made_at_home:
            known, shares_of = zip(*self.made_at_home, strict=True)
            at_home = float(np.interp(self.years[year], known, shares_of))
            at_home = min(at_home, left)
        else:
            rest = shares[~named].sum()
            at_home = left * float(shares[inside].sum()) / rest if rest > 0 else left
        # Where nothing is made at home nobody tells its makers apart: all the regions' countries alike.
        own = np.where(inside, shares, 0.0)
        own = own if own.sum() > 0 else inside.astype(float)
        abroad = np.where(inside | named, 0.0, shares)
        if not abroad.sum() > 0:
            at_home = left
        out += at_home * own / max(own.sum(), TINY)
        return np.asarray(out + (left - at_home) * abroad / max(abroad.sum(), TINY))
