"""Uncertain inputs of a run: which there are, what moves together, and their values in each draw.

Every input with low and high is uncertain. Inputs that share a cause form one factor and move together: intensities by
the `draw_group` of their row, battery demand and lifetimes by segment, collection by segment, recovery by mineral, and
one factor each for scrap and for second life. With `independent`, every series of rows is a factor of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..flows.ensemble import Draws
from ..flows.lifetime import survival_matrix
from ..flows.recycling import mixed_recovery
from ..flows.scrap import lines_from_growth, scrap_rate
from ..flows.stock import hazard
from ..provenance import Rows
from ..tables.parameters import Lifetime, Parameters
from ..tables.resolve import Resolved
from .design import ranged, split_pert
from .plain import additions_of, intensity_of, lines_of, share_of

Array = NDArray[np.float64]
Index = NDArray[np.intp]
#: Lifetimes and scrap curves are drawn over this many nodes of equal probability; odd, so that the value is one.
NODES = 63
NONE = -1
#: Segments as factors are called; any other goes by its code.
SEGMENTS = {
    "two_three_wheeler": "two- and three-wheeler batteries",
    "stationary": "stationary storage",
    "electronics": "portable batteries",
}
ACRONYMS = ("nmc", "nca", "nmca", "lfp", "lmfp", "lco", "lmo", "lto")


@dataclass(frozen=True)
class Factor:
    """One uncertain cause: its key, what it is called, the table it comes from and how many series move with it."""

    key: Hashable
    label: str
    table: str
    series: int


class Uncertain:
    """Uncertain inputs of a resolved run, drawn from uniform numbers (draw, factor).

    independent: every series of rows moves alone. share_spread: standard deviation of the logarithm of every share
    before the shares of a place and year are scaled back to one (0: shares are not drawn).
    """

    def __init__(self, resolved: Resolved, independent: bool = False, share_spread: float = 0.0) -> None:
        self.resolved = resolved
        self.independent = independent
        self.share_spread = share_spread
        self.scenarios = list(resolved.run.settings.scenario)
        self._keys: dict[Hashable, int] = {}
        self._labels: dict[Hashable, tuple[str, str]] = {}
        self._counts: dict[Hashable, int] = {}
        self._prepare()

    # ------------------------------------------------------------------ factors

    @property
    def factors(self) -> list[Factor]:
        """Factors in the order of the columns of the uniform numbers."""
        return [Factor(key, *self._labels[key], self._counts[key]) for key in self._keys]

    def _factor(self, key: Hashable, label: str, table: str) -> int:
        """Column of a factor, made where it is new."""
        self._labels.setdefault(key, (label, table))
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._keys.setdefault(key, len(self._keys))

    def _columns(
        self, ends: Array, axes: int, name: Callable[[tuple[int, ...]], tuple[Hashable, str]], table: str
    ) -> Index:
        """Column of each series of `ends` (3, …), the last `axes` axes aside; NONE where low and high are the value."""
        varies = (ends[1] != ends[2]).any(axis=tuple(range(ends.ndim - 1 - axes, ends.ndim - 1)) if axes else ())
        out = np.full(varies.shape, NONE, dtype=np.intp)
        for place in zip(*np.nonzero(varies), strict=True):
            at = tuple(int(i) for i in place)
            key, label = name(at)
            if self.independent:
                key, label = (table, at), f"{label} {at}"
            out[at] = self._factor((table, key), label, table)
        return out

    def _prepare(self) -> None:
        resolved = self.resolved
        segments = [SEGMENTS.get(name, f"{name.replace('_', ' ')} batteries") for name in resolved.segments.labels]
        minerals = [name.replace("_", " ") for name in resolved.minerals.labels]
        self.intensity = np.stack([intensity_of(resolved, end)[0, :, :, 0] for end in ("value", "low", "high")])
        groups = self._draw_groups()
        self.intensity_column = self._columns(
            self.intensity, 0, lambda at: (groups[at], _cause(groups[at])), "mineral_intensity"
        )
        self.additions, self.additions_column, self.share = {}, {}, {}
        for scenario in self.scenarios:
            ends = np.stack([additions_of(resolved, scenario, end)[0] for end in ("value", "low", "high")])
            self.additions[scenario] = ends
            self.additions_column[scenario] = self._columns(
                ends, 1, lambda at: (at[1], f"demand for {segments[at[1]]}"), "battery_demand"
            )
            self.share[scenario] = share_of(resolved, scenario)
        if self.share_spread:
            names = [chemistry for chemistry, _ in resolved.chemistries.labels]
            columns = [self._factor(("market_share", c), f"market share of {cell(c)}", "market_share") for c in names]
            self.share_column = np.array(columns, dtype=np.intp)
        if resolved.parameters is None:
            return
        chain = resolved.parameters
        self.collection_column = self._columns(
            chain.collection, 1, lambda at: (at[1], f"collection of {segments[at[1]]}"), "collection_rate"
        )
        self.second_column = self._columns(
            chain.second_collection, 1, lambda at: ("second", "collection after a second life"), "collection_rate"
        )
        self.reuse_column = self._columns(
            chain.reuse_share, 1, lambda at: ("share", "second-life share"), "second_life"
        )
        self.recovery_column = {
            stream: self._columns(rates, 1, lambda at: (at[1], f"recovery of {minerals[at[1]]}"), "recovery_rate")
            for stream, rates in chain.recovery.items()
        }
        spread = (chain.scrap[1] != chain.scrap[2]).any()
        self.scrap_column = self._factor(("line_scrap", 0), "scrap of cell making", "line_scrap") if spread else NONE
        self.life_column = np.array([
            self._factor(("lifetime", s), f"lifetime of {segments[s]}", "lifetime")
            if any((life.mean[1] != life.mean[2]).any() for life in self._lives(s)) else NONE
            for s in range(len(segments))
        ], dtype=np.intp)  # fmt: skip
        second = chain.second_lifetime.mean
        self.second_life_column = (
            self._factor(("lifetime", "second"), "length of the second life", "lifetime")
            if (second[1] != second[2]).any() else NONE
        )  # fmt: skip
        self._survive()

    def _draw_groups(self) -> dict[tuple[int, ...], str]:
        """Draw group of each (chemistry, mineral) place: that of its row; a blend by ratio goes with its base."""
        resolved = self.resolved
        used = resolved.inputs_used[resolved.inputs_used["table"] == "mineral_intensity"]
        group = dict(zip(used["rows"], used["draw_group"], strict=True))
        out: dict[tuple[int, ...], str] = {}
        frame = resolved.mineral_intensity
        for row in frame.itertuples():
            place = (
                resolved.chemistries.labels.index((row.chemistry, float(row.silicon))),
                resolved.minerals.labels.index(row.mineral),
            )
            out[place] = group[Rows.parse(row.rows).names()[0]]
        return out

    def _lives(self, segment: int) -> list[Lifetime]:
        chain = self._chain
        name = self.resolved.segments.labels[segment]
        return [chain.lifetime[name, chemistry] for chemistry, _ in self.resolved.chemistries.labels]

    @cached_property
    def _chain(self) -> Parameters:
        assert self.resolved.parameters is not None
        return self.resolved.parameters

    # ------------------------------------------------------------------ nodes

    def _survive(self) -> None:
        """Hazards of each segment at the nodes of its lifetime, and scrap at the nodes of its curve."""
        below, above = split_pert((np.arange(NODES) + 0.5) / NODES)
        self.hazard = tuple(
            self._hazards(self._lives(s), below, above, self.life_column[s]) for s in range(len(self.life_column))
        )
        self.second_hazard = self._hazards([self._chain.second_lifetime], below, above, self.second_life_column)[:, 0]
        self.scrap = {}
        at = [NODES] if self.scrap_column == NONE else range(NODES)
        for scenario in self.scenarios:
            cells = self.additions[scenario][0][:, :, None] * self.share[scenario][0]
            lines = lines_of(self.resolved, scenario)
            built = lines_from_growth(cells.sum(axis=(1, 2))) if lines is None else lines
            low, high = (np.append(x, 0.0) for x in (below, above))
            rates = [ranged(self._chain.scrap, low[k], high[k], 1.0) for k in at]
            self.scrap[scenario] = np.stack([scrap_rate(built, self._chain.ramp[0], rate) for rate in rates])

    def _hazards(self, lives: list[Lifetime], below: Array, above: Array, column: int) -> Array:
        """(node, chemistry or 1, year, cohort); one node where the life is certain, one chemistry if all share it."""
        flows = self.resolved.run.settings.flows
        assert flows is not None
        years = len(self.resolved.years)
        alike = all(life is lives[0] or _same(life, lives[0]) for life in lives)
        some = lives[:1] if alike else lives
        still = np.zeros(1)
        nodes = list(zip(still, still, strict=True) if column == NONE else zip(below, above, strict=True))
        return np.stack([
            np.stack([
                hazard(survival_matrix(years, flows.inflow, life.distribution, ranged(life.mean, b, a), life.spread))
                for life in some
            ])
            for b, a in nodes
        ])  # fmt: skip

    # ------------------------------------------------------------------ draws

    def draw(self, uniform: Array, scenario: str) -> Draws:
        """Inputs of one scenario for uniform numbers (draw, factor); the same numbers serve every scenario."""
        below, above = (_padded(x) for x in split_pert(uniform))

        def values(ends: Array, column: Index, axes: int, most: float = np.inf) -> Array:
            at = column[(...,) + (None,) * axes]
            return ranged(ends, below[:, at], above[:, at], most)

        intensity = values(self.intensity, self.intensity_column, 0)
        additions = values(self.additions[scenario], self.additions_column[scenario], 1)
        share = self._shares(uniform, scenario)
        if self.resolved.parameters is None:
            return _without_chain(additions, share, intensity)
        chain = self._chain
        route = chain.route[0]
        recovery = {
            stream: mixed_recovery(route, values(rates, self.recovery_column[stream], 1, 1.0)[:, None])
            for stream, rates in chain.recovery.items()
        }
        second_life = self.resolved.run.settings.flows is not None and self.resolved.run.settings.flows.second_life
        reuse = values(chain.reuse_share, self.reuse_column, 1, 1.0) if second_life else np.zeros((1, 1, 1))
        reuse = np.broadcast_to(reuse, (len(reuse), len(self.resolved.segments), len(self.resolved.years)))
        node = np.stack([self._node(uniform, column) for column in self.life_column], axis=1)
        return Draws(
            additions=additions,
            market_share=share,
            mineral_intensity=intensity,
            hazard=self.hazard,
            node=node,
            second_hazard=self.second_hazard,
            second_node=self._node(uniform, self.second_life_column),
            reuse=reuse,
            collection=values(chain.collection, self.collection_column, 1, 1.0),
            second_collection=values(chain.second_collection, self.second_column, 1, 1.0),
            scrap=self.scrap[scenario][self._node(uniform, self.scrap_column)],
            recovery=recovery["end_of_life"],
            prompt_recovery=recovery["prompt"],
        )

    def _shares(self, uniform: Array, scenario: str) -> Array:
        """Shares, each times a lognormal factor of its chemistry, scaled back to one: a logistic-normal draw."""
        share = self.share[scenario]
        if not self.share_spread:
            return share
        step = _normal(uniform[:, self.share_column])
        drawn = share * np.exp(self.share_spread * step)[:, None, None, :, None]
        total = drawn.sum(axis=3, keepdims=True)
        scaled: Array = np.divide(drawn, total, out=np.zeros_like(drawn), where=total > 0)
        return scaled

    @staticmethod
    def _node(uniform: Array, column: int) -> Index:
        if column == NONE:
            return np.zeros(len(uniform), dtype=np.intp)
        return np.minimum((uniform[:, column] * NODES).astype(np.intp), NODES - 1)


def _cause(group: str) -> str:
    """What a draw group of intensities is called: its code in words."""
    known = {
        "graphite_np": "graphite per kWh (N/P)",
        "li_s_design": "materials of Li-S cells per kWh",
        "silicon_blend": "silicon–graphite blend per kWh",
    }
    words = group.split("_")
    return known.get(group, " ".join([cell(words[0]), *words[1:]]) + " per kWh")


def cell(code: str) -> str:
    """A chemistry in a sentence: nmc811 -> NMC811, na_ion_layered -> Na-ion layered."""
    first, *rest = code.split("_")
    if first == "na":
        return " ".join(["Na-ion", *(word for word in rest if word != "ion")])
    return " ".join([first.upper() if first.rstrip("0123456789") in ACRONYMS else first, *rest])


def _without_chain(additions: Array, share: Array, intensity: Array) -> Draws:
    """Draws of a run that stops at gross demand: the chain's inputs are empty and never read."""
    none, node = np.zeros((1, 1, 1, 1)), np.zeros((len(additions), 0), dtype=np.intp)
    return Draws(
        additions,
        share,
        intensity,
        (),
        node,
        none[0],
        node[:, :0].sum(axis=1),
        none[0],
        none,
        none[0],
        none[0],
        none,
        none,
    )


def _padded(values: Array) -> Array:
    """Values (draw, factor) with a last column of zeros, which the column NONE finds."""
    return np.concatenate([values, np.zeros((len(values), 1))], axis=1)


def _same(one: Lifetime, other: Lifetime) -> bool:
    return (
        one.distribution == other.distribution
        and np.array_equal(one.mean, other.mean)
        and np.array_equal(one.spread, other.spread)
    )


def _normal(uniform: Array) -> Array:
    """Standard normal quantiles by interpolation of the exact ones on a fine grid, to about 1e-6."""
    from statistics import NormalDist

    grid = np.concatenate([np.geomspace(1e-9, 0.01, 200), np.linspace(0.01, 0.99, 2001)[1:-1]])
    grid = np.concatenate([grid, 1 - grid[:200][::-1]])
    inverse = NormalDist().inv_cdf
    return np.asarray(np.interp(uniform, grid, [inverse(float(p)) for p in grid]))
