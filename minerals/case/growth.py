"""How the world's supply of each node grows: what is made when a plan starts, who leads, where next plants stand."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..exposure.coverage import Index
from ..exposure.follow_on import headroom, shares_of
from ..flows.demand import Array
from ..haste import frozen
from ..tables.supply import SupplyInputs


class Since(NamedTuple):
    """The world's known supply in every year from the one before a plan starts on, whichever years are reported.

    start: when the plan starts; years: (year); made: (year, node, country) [kt or GWh], NaN where nothing is known;
    counted: whether it counts plants, (node, year).
    """

    start: int
    years: Array
    made: Array
    counted: np.ndarray


@frozen
class Growth:
    """Growth of the supply of a run's world.

    since: known supply from the year before the plan on; inputs: of supply; rule: where plants that follow a plan are
    built, as [exposure] says; years: that are reported.
    """

    since: Since
    inputs: SupplyInputs
    rule: str
    years: tuple[int, ...]

    @cached_property
    def at_start(self) -> Array:
        """What countries make of each node in the year before the plan, or the first in which anything is known of it,
        (node, country)."""
        made = np.nan_to_num(self.since.made)
        first = (made.sum(axis=2) > 0).argmax(axis=0)
        return np.asarray(made[first, np.arange(made.shape[1])])

    @cached_property
    def new_supply(self) -> tuple[Array, Array, Array]:
        """Where plants are built, (node, country) [1], what share of the headroom may be, (node) [1], and that, (node,
        year) [kt or GWh].

        What is known of them in the country that makes most of a node in the first year, and outside it, is taken
        together: growth as supply stands then, lead and share as plants are located.
        """
        new, made = self.inputs.new, self.at_start
        total = made.sum(axis=1, keepdims=True)
        today = np.divide(made, total, out=np.zeros_like(made), where=total > 0)
        located = today
        if self.rule == "pipeline":
            located = np.where(new.located[0].any(axis=1, keepdims=True), new.located[0], today)
        leader, nodes = self.leader, np.arange(len(made))

        def together(measure: Array, shares: Array) -> Array:
            """(maker, node) at the share of the leader in some shares, (node)."""
            top = shares[nodes, leader]
            of_top, outside = np.zeros_like(top), np.zeros_like(top)  # what nobody knows of one counts where it is used
            np.multiply(top, measure[0], out=of_top, where=top > 0)
            np.multiply(1 - top, measure[1], out=outside, where=top < 1)
            return np.asarray(of_top + outside)

        follow = together(new.follow_on[0], located)
        if self.rule == "none":
            follow = np.zeros_like(follow)
        start, years, supply, counted = self.since
        growth, lead = together(new.growth[0], today), together(new.lead[0], located)
        found = headroom(supply.sum(axis=2).T, counted, years, start, growth, lead)
        return located, follow, self._reported(found)

    def _reported(self, room: Array) -> Array:
        """Of every year since the plan starts, that of the reported ones, (node, year); 0 before."""
        years = self.since.years
        return np.stack([room[:, years == year].sum(axis=1) for year in self.years], axis=1)

    @cached_property
    def leader(self) -> Index:
        """The country that makes most of each node when the plan starts, (node)."""
        return np.asarray(np.where(self.inputs.is_group, -1.0, self.at_start).argmax(axis=1))

    def room_outside(self, growth: Array, inside: Array | None = None) -> Array:
        """How far growth would carry what is made of each node outside the country that makes most of it, of plants
        that are decided from the start of the plan on, (node, reported year) [kt or GWh]. growth: (node) [1/year];
        inside: countries that count, (node, country), all by default."""
        start, years, supply, counted = self.since
        led = np.arange(supply.shape[2]) == self.leader[:, None]
        outside = np.where(led if inside is None else led | (inside == 0), 0.0, supply).sum(axis=2).T
        return self._reported(headroom(outside, counted, years, start, growth, self.inputs.new.lead[0, 1]))

    @cached_property
    def new_located(self) -> Array:
        """Where plants are built that follow a plan, (node, country) [1], summing to one or all 0."""
        return shares_of(self.new_supply[0])
