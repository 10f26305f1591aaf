"""Prices that fit the mix that is chosen at them: a fixed point of choosing and learning.

A mix is chosen at some prices; with it in place of what the world's adoption has for the run's regions, the families
that it has more of learn faster and the others slower, all else in the world by that adoption. At these prices it is
chosen again, until shares move no more than a tenth of a point, or `ROUNDS` times, which is told. The mix that is told
was chosen at the prices of the one before, from which it is so far.

Source: successive substitution. It finds a point where there is one near: learning is slow against what regions buy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from ..haste import frozen
from ..mix.data import Key, MixData
from ..tables.inputs import Inputs, UsedRows
from .cost import pack_prices
from .mix_data.assembly import Assembly
from .optimise import Mix, optimise
from .prices import PriceCurves, batteries_of_trend

#: Times that a mix is chosen again at most, and what shares may move at the last of them [1].
ROUNDS, LEAST_MOVE = 5, 1e-3
State = TypeVar("State")


@frozen
class Settled:
    """How a fixed point was come to. rounds: times that a mix was chosen again; moved: by how much shares moved at the
    last of them, at most [1]; used: rows that the batteries rest on which the mix takes the place of."""

    rounds: int
    moved: float
    used: UsedRows | None = None

    @property
    def is_settled(self) -> bool:
        """Whether shares move no more."""
        return self.moved <= LEAST_MOVE


def settle(
    state: State, again: Callable[[State], State], shares: Callable[[State], Mapping[Key, float]]
) -> tuple[State, Settled]:
    """Successive substitution from a state, until its shares move no more or ROUNDS times. again: what follows a state;
    shares: of it [1]."""
    rounds, moved = 0, float("inf")
    while rounds < ROUNDS and moved > LEAST_MOVE:
        rounds += 1
        before, state = shares(state), again(state)
        after = shares(state)
        keys = {*before, *after}
        moved = max((abs(after.get(key, 0.0) - before.get(key, 0.0)) for key in keys), default=0.0)
    return state, Settled(rounds, moved)


def optimise_consistently(mix: Mix, inputs: Inputs, curves: PriceCurves, *, alone: bool) -> tuple[Mix, Settled]:
    """The mix at prices that fit it, from that at the prices of the trend. curves: of these; alone: as of `optimise`.

    Raises what `optimise` raises.
    """
    trend, used = batteries_of_trend(mix.run, inputs)

    def again(mix: Mix) -> Mix:
        return optimise(mix.run, inputs, repriced(mix, inputs, trend, curves), mix.scenario, alone=True)

    mix, settled = settle(mix, again, lambda each: each.shares)
    if not alone:
        mix = optimise(mix.run, inputs, (mix.assembly, mix.data), mix.scenario)
    return mix, replace(settled, used=used)


def repriced(
    mix: Mix, inputs: Inputs, trend: Mapping[str, Mapping[int, float]], curves: PriceCurves
) -> tuple[Assembly, MixData]:
    """What a mix is chosen from, at the prices to which that one leads. trend: batteries of the run's regions without
    it, by family and year [GWh]; curves: of the world's adoption."""
    assembly, data = mix.assembly, mix.data
    more: dict[str, dict[int, float]] = {}
    for family, by_year in trend.items():
        more[family] = {y: -by_year.get(y, 0.0) for y in data.years}
    for (_, _, c, y), gwh in mix.solution.additions.items():
        of_family = more.setdefault(data.family[c], {})
        of_family[y] = of_family.get(y, 0.0) + gwh
    learnt, resolved = curves.with_more(more).by_year(), assembly.resolved
    places = resolved.regions.labels, assembly.tables.chemistries, resolved.reported
    return assembly.at_prices(pack_prices(mix.run, inputs, *places, learnt), data)
