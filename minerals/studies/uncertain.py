"""Uncertain inputs of a run: which there are, what moves together, and their values in each draw.

Every input with low and high is uncertain. Inputs that share a cause form one factor and move together: intensities by
the `draw_group` of their row, market shares by chemistry, battery demand and lifetimes by segment, collection by
segment, recovery by mineral, and one factor each for scrap and for second life. With `independent`, every series of
rows but those of market shares is a factor of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..case.arrays import ENDS, Arrays, addition_ends, cells_of, finer_ends, pack_of, share_of, trend_of
from ..case.shares import share_weights
from ..config import DrawnStudy
from ..design import NONE, Ranged, ranged, rows_of, sides_of, split_pert
from ..flows.ensemble import Apart, ChainDraws, DetailedDraws, Draws, Part, PartAfterUse, Pool, Terms
from ..flows.lifetime import survival_matrix
from ..flows.recycling import mixed_recovery
from ..flows.scrap import lines_from_growth, scrap_rate
from ..flows.stock import hazard
from ..provenance import Rows
from ..tables.parameters import AfterUse, Lifetime, Parameters
from ..tables.resolve import Resolved
from ..text import cause_of, cell_name

Array = NDArray[np.float64]
Index = NDArray[np.intp]
#: Lifetimes and scrap curves are drawn over this many nodes of equal probability; odd, so that the value is one.
NODES = 63
#: Segments as factors are called; any other goes by its code.
SEGMENTS = {
    "two_three_wheeler": "two- and three-wheeler batteries",
    "stationary": "stationary storage",
    "electronics": "portable batteries",
}


@dataclass(frozen=True)
class Factor:
    """One uncertain cause: its key, what it is called, the table it comes from, how many series move with it.

    low and high: sums of their ends over the sum of their values, in the last year; NaN where the values are 0.
    """

    key: Hashable
    label: str
    table: str
    series: int
    low: float
    high: float

    @property
    def range(self) -> str:
        """Its ends in words: 0.75–1.3 × value."""
        if np.isnan(self.low):
            return "0 in the last year"
        low, high = (f"{end:.2f}".rstrip("0").rstrip(".") for end in (self.low, self.high))
        return f"{low}–{high} × value"

    @property
    def distribution(self) -> str:
        """How it is drawn."""
        return "split PERT, 5th–95th percentile" + (" of its odds" if self.table == "market_share" else "")


class _Rates(NamedTuple):
    """Rates after use that are drawn: collection and reuse by segment, second_collection, and recovery by stream."""

    collection: list[Ranged]
    second_collection: Ranged
    reuse: list[Ranged]
    recovery: dict[str, Ranged]


class Uncertain:
    """Uncertain inputs of a resolved run, drawn from uniform numbers (draw, factor).

    independent: every series of rows moves alone. share_spread: of the market shares whose rows give no ends, as
    `shares.share_weights` takes it (0: no shares are drawn). kind: precision of the draws.
    """

    def __init__(
        self, resolved: Resolved, independent: bool = False, share_spread: float = 0.0, kind: type = np.float32
    ) -> None:
        self.resolved = resolved
        self.kind = kind
        self.independent = independent
        self.share_spread = share_spread
        self.scenarios = list(resolved.run.settings.scenario)
        self._keys: dict[Hashable, int] = {}
        self._labels: dict[Hashable, tuple[str, str]] = {}
        self._counts: dict[Hashable, int] = {}
        self._sums: dict[Hashable, Array] = {}
        self._arrays = 0
        self._left: dict[tuple[int, int], Array] = {}
        self._prepare()

    @property
    def shares_vary(self) -> bool:
        """Whether any market share is drawn."""
        return bool((self.share_column != NONE).any())

    @cached_property
    def in_detail(self) -> bool:
        """Whether own rows say rates by region and chemistry, or intensities by use and year of sale."""
        return bool(self.resolved.detailed) or len(self.resolved.finer_intensity) > 0

    @cached_property
    def reported(self) -> slice | list[int]:
        """Places of the reported years; a slice, which takes no copy, where they are the last ones."""
        years = self.resolved.years.labels
        places = [years.index(year) for year in self.resolved.reported]
        return slice(places[0], None) if places == list(range(places[0], len(years))) else places

    # ------------------------------------------------------------------ factors

    @property
    def factors(self) -> list[Factor]:
        """Factors in the order of the columns of the uniform numbers."""
        return [Factor(key, *self._labels[key], self._counts[key], *_ends(self._sums[key])) for key in self._keys]

    def _factor(self, key: Hashable, label: str, table: str, ends: Array) -> int:
        """Column of a factor, made where it is new; ends (3, …): value, low, high of the series that joins it."""
        self._labels.setdefault(key, (label, table))
        self._sums[key] = self._sums.get(key, np.zeros(3)) + ends.reshape(3, -1)[:, -1]
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._keys.setdefault(key, len(self._keys))

    def _one(self, ends: Array, key: Hashable, label: str, table: str) -> int:
        """Column of inputs (3, …) that all move together; NONE where they are certain."""
        return self._factor((table, key), label, table, ends) if (ends[1] != ends[2]).any() else NONE

    def _by_segment(self, ends: Array, label: str, table: str, most: float = np.inf) -> list[Ranged]:
        """Inputs (3, region or 1, segment, year) as one array a segment over region and year.

        Regions move together, and segments too where the label does not name them.
        """

        def one(segment: int) -> Ranged:
            text = label.format(self._segment(segment))
            key = segment if text != label else "all"
            return self._ranged(ends[:, :, segment], 1, lambda at: (key, text), table, most)

        return [one(segment) for segment in range(ends.shape[2])]

    def _segment(self, place: int) -> str:
        name = self.resolved.segments.labels[place]
        return SEGMENTS.get(name, f"{name.replace('_', ' ')} batteries")

    def _ranged(
        self,
        ends: Array,
        along: int,
        name: Callable[[tuple[int, ...]], tuple[Hashable, str]],
        table: str,
        most: float = np.inf,
    ) -> Ranged:
        """Inputs with ends (3, …), whose series run along the last axes; `name` gives key and label of a series."""
        varies = (ends[1] != ends[2]).any(axis=tuple(range(ends.ndim - 1 - along, ends.ndim - 1)) if along else ())
        column = np.full(varies.shape, NONE, dtype=np.intp)
        number = self._arrays = self._arrays + 1
        for place in zip(*np.nonzero(varies), strict=True):
            at = tuple(int(i) for i in place)
            key, label = name(at)
            if self.independent:
                key, label = (number, at), f"{label} {(number, *at)}"
            column[at] = self._factor((table, key), label, table, np.stack([end[at] for end in ends]))
        return Ranged(ends, column, most, self.kind)

    def _prepare(self) -> None:
        resolved = self.resolved
        segments = [self._segment(place) for place in range(len(resolved.segments))]
        minerals = [name.replace("_", " ") for name in resolved.minerals.labels]
        ends = np.stack([cells_of(resolved, end) for end in ENDS])
        self._apart: NDArray[np.bool_] | None = None
        finer: dict[tuple[str, str], Array] = {}
        if len(resolved.finer_intensity):
            self._apart, finer = finer_ends(resolved)
            # Of what is said of all uses and years, nothing else is left.
            ends[1:] = np.where(self._apart.all(axis=(0, 3)), ends[0], ends[1:])
        groups = self._draw_groups()
        self.intensity = self._ranged(ends, 0, lambda at: (groups[at], cause_of(groups[at])), "mineral_intensity")
        packs = np.stack([pack_of(resolved, end) for end in ENDS])
        self.pack = self._ranged(packs, 0, lambda at: (at, f"pack {minerals[at[0]]} per kWh"), "pack_intensity")
        self.finer = self._finer(finer)
        trends = [trend_of(resolved, end) for end in ENDS]
        known_trends = [trend for trend in trends if trend is not None]
        self.trend = np.stack(known_trends) if known_trends else None
        self.trend_column = NONE
        if self.trend is not None:
            self.trend_column = self._one(self.trend, "all", "trend of materials per kWh", "intensity_trend")
        self.additions, self.share = {}, {}
        for scenario in self.scenarios:
            ends = addition_ends(resolved, scenario)
            self.additions[scenario] = self._by_segment(ends, "demand for {}", "battery_demand")
            self.share[scenario] = share_of(resolved, scenario)[0]
        self._prepare_shares()
        if resolved.parameters is None:
            if not self.in_detail:
                self.pools = {scenario: self._pools(scenario) for scenario in self.scenarios}
                self.terms = {scenario: self._terms(scenario) for scenario in self.scenarios}
            return
        chain = resolved.parameters
        second_life = resolved.run.settings.flows is not None and resolved.run.settings.flows.second_life

        def rates(of: AfterUse, reuse_share: Array) -> _Rates:
            """Rates after use; those of one mineral, segment or cause move together wherever they hold."""
            return _Rates(
                self._by_segment(of.collection, "collection of {}", "collection_rate", 1),
                self._ranged(
                    of.second_collection, 1, lambda at: ("second", "collection after a second life"),
                    "collection_rate", 1,
                ),
                self._by_segment(reuse_share * second_life, "second-life share", "second_life", 1),
                {
                    stream: self._ranged(
                        each, 1, lambda at: (at[-1], f"recovery of {minerals[at[-1]]}"), "recovery_rate", 1
                    )
                    for stream, each in of.recovery.items()
                },
            )  # fmt: skip

        if self.in_detail:
            # Where every series moves alone, those of one place do so in all scenarios.
            first, self.rates = self._arrays, dict[str, _Rates]()
            for scenario, detailed in resolved.detailed.items():
                self._arrays = first
                self.rates[scenario] = rates(detailed, detailed.reuse_share)
        else:
            found = rates(chain, chain.reuse_share[:, None])
            self.collection, self.second_collection, self.reuse, self.recovery = found
        self.scrap_column = self._one(chain.scrap, "all", "scrap of cell making", "line_scrap")
        self.life_column = np.array([
            self._one(
                np.concatenate([life.mean for life in self._lives_of(s)], axis=1), s,
                f"lifetime of {segments[s]}", "lifetime",
            )
            for s in range(len(segments))
        ], dtype=np.intp)  # fmt: skip
        again = [life.mean for each in self._after_use for life in each.second_lifetime.values()]
        self.second_life_column = self._one(
            np.concatenate(again, axis=1), "second", "length of the second life", "lifetime"
        )
        if not self.in_detail:
            self._survive()
        else:
            self._gains()

    def _prepare_shares(self) -> None:
        """Factors of the shares by chemistry, and by scenario what drawn shares are linear in.

        reach: widest way below 1 of the weight of each chemistry where it is sold, (chemistry), to which a draw is cut,
        so that no share is negative. share_features: (feature, segment, chemistry, region, year): the share, and where
        any is drawn what it loses at that reach, and gains at its high end.
        """
        resolved = self.resolved
        labels = [chemistry for chemistry, _ in resolved.chemistries.labels]
        share = {scenario: np.moveaxis(self.share[scenario], 0, 2) for scenario in self.scenarios}
        low, high = {}, {}
        for scenario in self.scenarios:
            weights = share_weights(resolved, scenario, self.share_spread)
            low[scenario], high[scenario] = (
                np.where(share[scenario] > 0, np.moveaxis(weight, 0, 2), 1.0) for weight in weights
            )
        self.reach = np.max([1 - low[scenario].min(axis=(0, 2, 3)) for scenario in self.scenarios], axis=0)
        widest = np.max([high[scenario].max(axis=(0, 2, 3)) - 1 for scenario in self.scenarios], axis=0)
        self.share_column = np.full(len(labels), NONE, dtype=np.intp)
        for chemistry in dict.fromkeys(labels):
            mine = np.flatnonzero([label == chemistry for label in labels])
            if not (self.reach[mine] + widest[mine]).any():
                continue
            sums = np.zeros((3, 1))
            for scenario in self.scenarios:
                last = share[scenario][..., -1][:, mine]
                value = last.sum(axis=1)
                sums[0] += value.sum()
                for end, weight in enumerate((low[scenario], high[scenario]), 1):
                    there = (last * weight[..., -1][:, mine]).sum(axis=1)
                    sums[end] += (there / (1 - value + there)).sum()
            label = f"market share of {cell_name(chemistry)}"
            self.share_column[mine] = self._factor(("market_share", chemistry), label, "market_share", sums)
        self.share_features = {scenario: each[None] for scenario, each in share.items()}
        if self.shares_vary:
            reach = np.where(self.reach > 0, self.reach, 1.0)[:, None, None]
            for scenario, each in share.items():
                below, above = (1 - low[scenario]) / reach, high[scenario] - 1
                self.share_features[scenario] = np.stack([each, -each * below, each * above])

    def _draw_groups(self) -> dict[tuple[int, ...], str]:
        """Draw group of each (chemistry, mineral) place: that of its row; a blend by ratio goes with its base."""
        resolved = self.resolved
        group = dict(resolved.used.table.rows("rows", "draw_group", table="mineral_intensity"))
        out: dict[tuple[int, ...], str] = {}
        for row in resolved.cell_intensity.frame.itertuples():
            place = (
                resolved.chemistries.labels.index((row.chemistry, float(row.silicon))),
                resolved.minerals.labels.index(row.mineral),
            )
            out[place] = group[Rows.parse(row.rows).names()[0]]
        return out

    def _lives(self, segment: int) -> list[Lifetime | None]:
        """Lifetime of each chemistry in a segment; None where the run stops at demand."""
        chain = self.resolved.parameters
        name, chemistries = self.resolved.segments.labels[segment], self.resolved.chemistries.labels
        return [None if chain is None else chain.lifetime[name, chemistry] for chemistry, _ in chemistries]

    def _lives_of(self, segment: int) -> list[Lifetime]:
        """Lifetimes of a segment, of whatever region and chemistry."""
        if not self.in_detail:
            return [life for life in self._lives(segment) if life is not None]
        name = self.resolved.segments.labels[segment]
        return [
            life for detailed in self.resolved.detailed.values()
            for (_, use, _), life in detailed.lifetime.items() if use == name
        ]  # fmt: skip

    @property
    def _after_use(self) -> Sequence[AfterUse]:
        """What is known of lives and rates: of the run, or of each scenario by region and chemistry."""
        return list(self.resolved.detailed.values()) if self.in_detail else [self._chain]

    @cached_property
    def _chain(self) -> Parameters:
        assert self.resolved.parameters is not None
        return self.resolved.parameters

    # ------------------------------------------------------------------ nodes

    def _survive(self) -> None:
        """Pools with the hazards at the nodes of their lifetimes, and the gain of cell making at those of its scrap."""
        self.pools = {scenario: self._pools(scenario) for scenario in self.scenarios}
        self.second_leaving = self._leaving(self._chain.second_lifetime[()], self.second_life_column)
        self._gains()
        self.terms = {scenario: self._terms(scenario) for scenario in self.scenarios}
        self.second_leaving = np.ascontiguousarray(self.second_leaving[..., self.reported])
        self._spread()

    def _gains(self) -> None:
        """Gain of cell making at the nodes of its scrap, (node, place), by scenario."""
        below, above = _nodes(self.scrap_column)
        self.gain: dict[str, Array] = {}
        arrays = Arrays(self.resolved)
        for scenario in self.scenarios:
            lines = arrays.lines(scenario)
            if lines is None:
                lines = lines_from_growth(arrays.additions[scenario][0].sum(axis=1))
            # The upper tail of scrap ends half-way between its high end and a line that scraps everything.
            most = (1 + self._chain.scrap[2]) / 2
            rates = [np.minimum(ranged(self._chain.scrap, b, a), most) for b, a in zip(below, above, strict=True)]
            scrap = np.stack([scrap_rate(lines, self._chain.ramp[0], rate) for rate in rates])
            self.gain[scenario] = (1 / (1 - scrap)).reshape(len(scrap), -1).astype(self.kind)

    def _pools(self, scenario: str) -> list[Pool]:
        """Cells sold in each segment by lifetime; one pool a segment where all its chemistries live alike."""
        share = self.share_features[scenario]
        pools = []
        for segment in range(len(self.resolved.segments)):
            alike: dict[Hashable, list[int]] = {}
            lives = self._lives(segment)
            for chemistry in map(int, np.flatnonzero(share[0, segment].any(axis=(1, 2)))):
                life = lives[chemistry]
                alike.setdefault(life and (life.distribution, life.mean.tobytes(), life.spread.tobytes()), []).append(
                    chemistry
                )
            for chemistries in alike.values():
                mine: Array = self._with_trend(share[:, segment, chemistries], chemistries).astype(self.kind)
                life = lives[chemistries[0]]
                leaving = np.zeros((0, 0, 0))
                if life is not None:
                    leaving = self._leaving(life, self.life_column[segment])[..., self._leaving_years(segment)]
                    leaving = np.ascontiguousarray(leaving)
                pools.append(Pool(segment, np.array(chemistries, dtype=np.intp), mine, leaving))
        return pools

    def _terms(self, scenario: str) -> Terms | None:
        """Terms of all pools: chemistries times what demand and the trend are linear in. None where shares are drawn,
        or where there are more of them than cohorts, which are then quicker to follow."""
        additions, pools, columns = self.additions[scenario], self.pools[scenario], self._demand_columns
        regions, years = len(self.resolved.regions), len(self.resolved.years)
        count = sum(pool.share.shape[1] * len(additions[pool.segment].rows) for pool in pools)
        if self.shares_vary or count > years * len(pools):
            return None
        place: list[Index] = []
        sold: list[Array] = []
        retired: list[Array] = []
        for pool in pools:
            demand, chemistries = additions[pool.segment], len(pool.chemistry)
            share = pool.share.astype(float).reshape(len(pool.share), 1, -1, chemistries, regions, years)
            table = demand.matrix.reshape(-1, 1, 1, regions, years) * share  # (mineral, side, trend, chemistry, …)
            sides, trends = table.shape[1:3]
            at = np.searchsorted(columns, demand.columns)
            side = np.concatenate([[0], 1 + at, 1 + len(columns) + at])
            feature = side[:, None, None] * trends + np.arange(trends)[:, None]
            place.append(np.stack(np.broadcast_arrays(pool.chemistry, feature)).reshape(2, -1))
            table = table.reshape(len(share), sides * trends * chemistries, regions, years)
            sold.append(table[..., self.reported])
            if self.resolved.parameters is not None:
                left = table.reshape(len(share), 1, -1, years) @ pool.leaving  # (mineral, node, term · region, year)
                retired.append(left.reshape(*left.shape[:2], table.shape[1], -1).astype(self.kind))
        chemistry, feature = np.concatenate(place, axis=1)
        bounds = np.cumsum([0, *(each.shape[1] for each in place)])
        tables: Array = np.concatenate(sold, axis=1).astype(self.kind)
        return Terms(chemistry, feature, bounds, tables.reshape(*tables.shape[:2], -1), retired)

    @cached_property
    def _demand_columns(self) -> Index:
        """Columns of the factors of demand, in any scenario."""
        return np.unique(np.concatenate([each.columns for parts in self.additions.values() for each in parts]))

    def _spread(self) -> None:
        """Give what varies by place all its regions, in the reported years, or all in which cells are seen to leave."""
        regions, years = len(self.resolved.regions), self.reported
        leaving = [self._leaving_years(segment) for segment in range(len(self.reuse))]
        self.collection = [each.at(regions, when).alike() for each, when in zip(self.collection, leaving, strict=True)]
        self.reuse = [each.at(regions, when) for each, when in zip(self.reuse, leaving, strict=True)]
        self.second_collection = self.second_collection.at(regions, years).alike()
        self.recovery = {stream: each.at(each.shape[0], years) for stream, each in self.recovery.items()}
        for scenario, gain in self.gain.items():
            self.gain[scenario] = _flat(gain.reshape(len(gain), regions, -1)[..., years])
        self.route = self._chain.route[0][..., years].astype(self.kind)
        if (self.route == self.route[0]).all():
            self.route = self.route[:1]

    def _with_trend(self, share: Array, chemistries: list[int]) -> Array:
        """Share (feature, chemistry, region, year) × trend, (mineral or 1, feature of both · chemistry, place)."""
        if self.trend is None:
            return share.reshape(1, share.shape[0] * share.shape[1], -1)
        value, low, high = self.trend[:, chemistries]
        parts = [value] if self.trend_column == NONE else [value, low - value, high - value]
        trend = np.moveaxis(np.stack(parts), 2, 0)  # (mineral, feature, chemistry, year)
        product = trend[:, :, None, :, None] * share
        return product.reshape(len(product), -1, share.shape[-2] * share.shape[-1])

    def _leaving_years(self, segment: int) -> slice | list[int]:
        """Places of the years in which cells of a segment are seen to leave: all where some of them are used again, and
        leave once more, else the reported ones."""
        return slice(None) if self.reuse[segment].matrix.any() else self.reported

    def _leaving(self, life: Lifetime, column: int) -> Array:
        """(node, cohort, year): share of a cohort that leaves use; one node where the life is certain."""
        flows = self.resolved.run.settings.flows
        assert flows is not None
        years = len(self.resolved.years)
        # The lower tail of a life ends half-way between its low end and nothing.
        means = [np.maximum(ranged(life.mean, b, a), life.mean[1] / 2) for b, a in zip(*_nodes(column), strict=True)]
        by_node = [hazard(survival_matrix(years, flows.inflow, life.distribution, mean, life.spread)) for mean in means]
        return np.ascontiguousarray(np.stack(by_node).swapaxes(1, 2)).astype(self.kind)

    # ------------------------------------------------------------------ draws

    def draw(self, uniform: Array, scenario: str) -> Draws | DetailedDraws:
        """Inputs of one scenario for uniform numbers (draw, factor); the same numbers serve every scenario."""
        sides = sides_of(uniform, self.kind)
        if self.in_detail:
            return self._in_detail(uniform, sides, scenario)
        weight, terms = self._share_weight(sides), self.terms[scenario]
        return Draws(
            count=len(uniform),
            regions=len(self.resolved.regions),
            reported=self.reported,
            pools=self.pools[scenario],
            mineral_intensity=self._battery(sides),
            apart=self._in_no_term(sides, weight, scenario),
            terms=terms,
            features=None if terms is None else self._features(sides),
            weight=self._weight(weight, self._trend_features(sides)),
            chain=self._chain_draws(uniform, sides, scenario) if self.resolved.parameters else None,
        )

    def _in_no_term(self, sides: Array, weight: Array | None, scenario: str) -> list[Apart]:
        """Demand by segment that is in no term: what it is more where it is cut, or all of it where there are none."""
        demand = self.additions[scenario]
        if self.terms[scenario] is not None:
            return [Apart(*each.beyond(sides)) for each in demand]
        sold = [_flat(each.draw(sides)) for each in demand]
        if weight is not None:
            sold = [each / self._total(weight, scenario, place) for place, each in enumerate(sold)]
        return [Apart(slice(None), each) for each in sold]

    def _in_detail(self, uniform: Array, sides: Array, scenario: str) -> DetailedDraws:
        """Draws where rates are by region and chemistry, or intensities by use and year of sale."""
        resolved, gain = self.resolved, None
        if resolved.parameters is not None:
            gain = self.gain[scenario][_node(uniform, self.scrap_column)]
            gain = gain.reshape(len(gain), len(resolved.regions), -1)[..., self.reported]
        shape = len(resolved.minerals), len(resolved.regions), len(resolved.reported)
        parts = self._parts(uniform, sides, scenario)
        return DetailedDraws(len(uniform), shape, self.reported, parts, gain, self.kind)

    def _parts(self, uniform: Array, sides: Array, scenario: str) -> Iterator[Part]:
        """Cells of each region, segment and chemistry that are sold."""
        resolved, features = self.resolved, self.share_features[scenario].astype(self.kind)
        additions, weight = self.additions[scenario], self._share_weight(sides)
        battery, trend = self._battery(sides), self._drawn_trend(sides)
        for s in range(len(resolved.segments)):
            gwh = additions[s].draw(sides)  # (draw, region, year)
            if weight is not None:
                gwh = gwh / self._total(weight, scenario, s).reshape(len(weight), *gwh.shape[1:])
            for c in map(int, np.flatnonzero(features[0, s].any(axis=(1, 2)))):
                content = self._content(s, c, sides, battery[:, c], None if trend is None else trend[:, c])
                for r in map(int, np.flatnonzero(features[0, s, c].any(axis=1))):
                    of = features[:, s, c, r]
                    share = of if weight is None else weight[:, :, c] @ of
                    yield Part(r, gwh[:, r] * share, content, self._then(uniform, sides, scenario, (r, s, c)))

    def _drawn_trend(self, sides: Array) -> Array | None:
        """Trend of intensities, (draw or 1, chemistry, mineral, year)."""
        features = self._trend_features(sides)
        if self.trend is None or features is None:
            return None
        value, low, high = self.trend
        parts = [value] if self.trend_column == NONE else [value, low - value, high - value]
        return np.asarray(np.einsum("df,fcmy->dcmy", features, np.stack(parts).astype(self.kind)))

    def _content(self, segment: int, chemistry: int, sides: Array, battery: Array, trend: Array | None) -> Array:
        """Intensity of the cells of a segment and chemistry, (mineral, draw, year or 1) [kg/kWh]: what own rows say by
        use and year of sale, else that of all, battery: (draw or 1, mineral), with its trend, (draw, mineral, year)."""
        out = battery[..., None] if trend is None else battery[..., None] * trend
        mine = (
            np.zeros(0, dtype=np.intp) if self._apart is None else np.flatnonzero(self._apart[segment, chemistry, :, 0])
        )
        if len(mine):
            value = Arrays(self.resolved).finer
            assert value is not None
            years = len(self.resolved.years)
            out = np.array(np.broadcast_to(out, (sides.shape[1], out.shape[1], years)))
            out[:, mine] = value["value"][segment, chemistry, mine]
            for column, (low, high) in self.finer.get((segment, chemistry), []):
                below, above = sides[1 + 2 * column], sides[2 + 2 * column]
                out[:, mine] += above[:, None, None] * high[mine] - below[:, None, None] * low[mine]
            # The lower tail of an intensity ends at nothing.
            np.maximum(out, 0.0, out=out)
        return np.moveaxis(out, 1, 0).astype(self.kind)

    def _finer(self, ends: dict[tuple[str, str], Array]) -> dict[tuple[int, int], list[tuple[int, Array]]]:
        """Factors of own intensities by use and year of sale: of each (segment, chemistry) their columns, and how far
        the ends lie below and above the value, (2, mineral, year) [kg/kWh]."""
        out: dict[tuple[int, int], list[tuple[int, Array]]] = {}
        held, minerals = Arrays(self.resolved).finer, self.resolved.minerals.labels
        for (table, name), each in ends.items():
            assert held is not None
            pack = table == "pack_intensity"
            key: Hashable = (minerals.index(name),) if pack else name
            label = f"pack {name.replace('_', ' ')} per kWh" if pack else cause_of(name)
            for s, c, m in map(tuple, np.argwhere(each.any(axis=(0, 4)))):
                below, above = each[:, s, c, m]
                value = held["value"][s, c, m]
                series = np.stack([value, value - below, value + above])
                # Where every series moves alone, a row of any use is one.
                own = (table, name, int(c), int(m), series.tobytes())
                alone = self.independent and not pack
                column = self._factor(
                    (table, own if alone else key), f"{label} {own[2:4]}" if alone else label, table, series
                )
                only = np.zeros_like(each[:, s, c])
                only[:, m] = each[:, s, c, m]
                out.setdefault((int(s), int(c)), []).append((column, only))
        return out

    def _then(self, uniform: Array, sides: Array, scenario: str, place: tuple[int, int, int]) -> PartAfterUse | None:
        """What becomes of the cells of a (region, segment, chemistry), by their places."""
        if self.resolved.parameters is None:
            return None
        detailed, rates, resolved = self.resolved.detailed[scenario], self.rates[scenario], self.resolved
        r, s, c = place
        region, segment, base = (
            resolved.regions.labels[r],
            resolved.segments.labels[s],
            resolved.chemistries.labels[c][0],
        )
        at = detailed.chemistries.index(base)
        route = detailed.route[0][r, at][..., self.reported].astype(self.kind)
        recovery = {
            stream: np.moveaxis(mixed_recovery(route, each.part((r, at), self.reported).draw(sides)), 1, 0)
            for stream, each in rates.recovery.items()
        }
        return PartAfterUse(
            leaving=self._leaving_once(detailed.lifetime[region, segment, base], self.life_column[s]),
            node=_node(uniform, self.life_column[s]),
            second_leaving=self._leaving_once(detailed.second_lifetime[region, base], self.second_life_column),
            second_node=_node(uniform, self.second_life_column),
            reuse=rates.reuse[s].part((r, at), slice(None)).draw(sides),
            collected=rates.collection[s].part((r, at), self.reported).draw(sides),
            second_collected=rates.second_collection.part((r, at), self.reported).draw(sides),
            recovery=recovery["end_of_life"],
            prompt_recovery=recovery["prompt"],
        )

    def _leaving_once(self, life: Lifetime, column: int) -> Array:
        """`_leaving`, made once of each life."""
        key = id(life), int(column)
        if key not in self._left:
            self._left[key] = self._leaving(life, column)
        return self._left[key]

    def _battery(self, sides: Array) -> Array:
        """Intensity of cell and pack together (draw, chemistry, mineral) [kg/kWh]."""
        cell = self.intensity.draw(sides)
        return cell + self.pack.draw(sides)[:, None] if len(self.resolved.pack_intensity) else cell

    def _features(self, sides: Array) -> Array:
        """What demand and the trend are linear in, (draw, feature)."""
        demand, trend = sides[rows_of(self._demand_columns)].T, self._trend_features(sides)
        return demand if trend is None else (demand[:, :, None] * trend[:, None]).reshape(len(demand), -1)

    def _trend_features(self, sides: Array) -> Array | None:
        """What the trend is linear in, (draw, feature): 1, and below and above of its factor where it is uncertain."""
        if self.trend is None:
            return None
        column = [] if self.trend_column == NONE else [self.trend_column]
        return sides[rows_of(np.array(column, dtype=np.intp))].T

    def _share_weight(self, sides: Array) -> Array | None:
        """What drawn shares are linear in, (draw, feature, chemistry): 1, and how far below, as a part of the widest
        reach, and above its middle each lies; None where no share is drawn."""
        if not self.shares_vary:
            return None
        known = self.share_column != NONE
        out: Array = np.zeros((3, len(known), sides.shape[1]), self.kind)
        out[0] = 1
        below, above = sides[1 + 2 * self.share_column[known]], sides[2 + 2 * self.share_column[known]]
        out[1, known] = np.minimum(below * self.reach[known, None].astype(self.kind), 1)
        out[2, known] = above
        return np.ascontiguousarray(np.moveaxis(out, 2, 0))

    def _weight(self, share: Array | None, trend: Array | None) -> Array | None:
        """Features of share (draw, feature, chemistry) and trend (draw, feature) multiplied out, as in `Draws`."""
        if trend is None:
            return share
        if share is None:
            return np.broadcast_to(trend[:, :, None], (*trend.shape, len(self.resolved.chemistries)))
        return (trend[:, :, None, None] * share[:, None]).reshape(len(share), -1, share.shape[-1])

    def _total(self, weight: Array, scenario: str, segment: int) -> Array:
        """What weighted shares of a segment add up to, (draw, place), 1 where nothing is sold."""
        share = self.share_features[scenario][:, segment].astype(self.kind)
        total: Array = weight.reshape(len(weight), -1) @ share.reshape(-1, share.shape[-2] * share.shape[-1])
        return np.where(total > 0, total, 1)

    def _chain_draws(self, uniform: Array, sides: Array, scenario: str) -> ChainDraws:
        reuse = [each.draw(sides) if each.matrix.any() else None for each in self.reuse]
        collection = [each.draw(sides) for each in self.collection]
        recovery = {
            stream: np.moveaxis(mixed_recovery(self.route, rates.draw(sides)[:, None]), 2, 0)
            for stream, rates in self.recovery.items()
        }
        return ChainDraws(
            node=np.stack([_node(uniform, self.life_column[pool.segment]) for pool in self.pools[scenario]], axis=1),
            second_leaving=self.second_leaving,
            second_node=_node(uniform, self.second_life_column),
            reuse=[None if again is None else _flat(again) for again in reuse],
            kept=[
                _flat(share if again is None else (1 - again) * share)
                for again, share in zip(reuse, collection, strict=True)
            ],
            second_kept=_flat(self.second_collection.draw(sides)),
            gain=self.gain[scenario][_node(uniform, self.scrap_column)],
            recovery=recovery["end_of_life"],
            prompt_recovery=recovery["prompt"],
        )


def _flat(array: Array) -> Array:
    """(draw, region, year) → (draw, place)."""
    return array.reshape(len(array), -1)


def _nodes(column: int) -> tuple[Array, Array]:
    """Below and above, as `split_pert` gives them, at the nodes of a factor; one node where there is none."""
    return split_pert(np.array([0.5]) if column == NONE else (np.arange(NODES) + 0.5) / NODES)


def _node(uniform: Array, column: int) -> NDArray[np.uint8]:
    """Node of each draw, in one byte, which sorts fastest."""
    if column == NONE:
        return np.zeros(len(uniform), dtype=np.uint8)
    return np.minimum((uniform[:, column] * NODES).astype(np.uint8), NODES - 1)


def _ends(sums: Array) -> tuple[float, float]:
    """Low and high end over the value, from the sums of value, low and high (3); NaN where the value is 0."""
    value, low, high = map(float, sums)
    return (low / value, high / value) if value else (np.nan, np.nan)


def about_draws(resolved: Resolved) -> dict[str, Any]:
    """What the record says of a study of draws: how many, their seed, and tables with ends that it holds at their
    values."""
    study = resolved.run.settings.study
    assert isinstance(study, DrawnStudy)
    held = [] if study.share_spread else ["market_share"]
    held += ["silicon_uptake", "graphite_route"]
    if resolved.parameters is not None:
        held += ["line_ramp", "recovery_route", "stage_yield", "health of second lives"]
    return {**study.model_dump(include={"draws", "seed"}), "held": held}
