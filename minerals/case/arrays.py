"""A resolved run as arrays, each made once: additions, market share, intensity and graphite route.

Arrays carry a leading draw axis, which has length 1 here: a run is computed at the values of its inputs. Dimensions
follow in the order region, segment, chemistry, mineral, year. `chemistry` is the expanded axis, on which a silicon
blend is a chemistry of its own; `year` begins with the history where the run follows the stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..axes import Axis
from ..flows.demand import Array, blended_share
from ..flows.scrap import lines_from_growth
from ..haste import frozen
from ..tables.codes import GRAPHITE_ROUTES
from ..tables.resolve import Resolved
from ..tables.values import Values

#: Ends of an input: its central value, and the low and high end of its range.
ENDS = ("value", "low", "high")


@frozen
class Arrays:
    """The inputs of a resolved run, densified on first use.

    By scenario: additions (1, region, segment, year) [GWh], and share, market shares with silicon blends expanded,
    (1, region, segment, chemistry, year) [1], which sum to one where anything is sold. By end: intensity,
    (1, chemistry, mineral, year or 1) [kg/kWh]. route: graphite by route, (route, year) [1].
    """

    resolved: Resolved

    @cached_property
    def additions(self) -> Mapping[str, Array]:
        """(1, region, segment, year) [GWh] of each scenario."""
        return {name: additions_of(self.resolved, name) for name in self.scenarios}

    @cached_property
    def share(self) -> Mapping[str, Array]:
        """(1, region, segment, chemistry, year) [1] of each scenario."""
        return {name: share_of(self.resolved, name) for name in self.scenarios}

    @cached_property
    def intensity(self) -> Mapping[str, Array]:
        """(1, chemistry, mineral, year or 1) [kg/kWh] at each end; one year where intensities are held."""
        return intensities_of(self.resolved)

    @cached_property
    def finer(self) -> Mapping[str, Array] | None:
        """(segment, chemistry, mineral, year) [kg/kWh] at each end where own rows say some of them by use or year of
        sale; else None, and `intensity` holds of all uses."""
        if not len(self.resolved.finer_intensity):
            return None
        return {end: finer_of(self.resolved, self.intensity[end][0], end) for end in ENDS}

    @cached_property
    def by_use(self) -> Mapping[str, Array]:
        """(segment or 1, chemistry, mineral, year) [kg/kWh] at each end in every year of the axis; one segment where
        intensities are alike in all of them."""
        if self.finer is None:
            return {end: self._in_every_year(held[0])[None] for end, held in self.intensity.items()}
        alike = all((held == held[:1]).all() for held in self.finer.values())
        return {end: held[:1] if alike else held for end, held in self.finer.items()}

    @cached_property
    def route(self) -> Array:
        """Share of each graphite route, (route, year) [1]."""
        return self.resolved.graphite_route.dense([Axis("route", GRAPHITE_ROUTES), self.resolved.years])

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, in the order of the run file."""
        return tuple(self.resolved.run.settings.scenario)

    @cached_property
    def reported(self) -> list[int]:
        """Places of the reported years on the axis of years; the history before them serves the stock alone."""
        return [self.resolved.years.labels.index(year) for year in self.resolved.reported]

    @cached_property
    def intensity_by_year(self) -> Array:
        """Intensity at the values in every year of the axis, (chemistry, mineral, year) [kg/kWh]. Where it differs by
        use, what asks for it is refused (`tables.resolve`)."""
        (of_all,) = self.by_use["value"]
        return np.asarray(of_all)

    def _in_every_year(self, held: Array) -> Array:
        """(chemistry, mineral, year or 1) in every year of the axis."""
        return np.asarray(np.broadcast_to(held, (*held.shape[:2], len(self.resolved.years))))

    def lines(self, scenario: str) -> Array | None:
        """Production lines of a scenario, (region, cohort) [GWh/yr], or None where they follow from what is sold.

        They are those of the run's lines file. Without one, where not all demand is met, lines are those built for all
        of it.
        """
        resolved = self.resolved
        if resolved.lines is None:
            met = resolved.run.settings.scenario[scenario].met
            return lines_from_growth(self.wanted(scenario).sum(axis=1)) if met else None
        out = np.zeros((len(resolved.regions), len(resolved.years)))
        for row in resolved.lines[resolved.lines["scenario"] == scenario].itertuples():
            cohort = max(int(row.cohort) - resolved.years.labels[0], 0)
            out[resolved.regions.labels.index(row.region), cohort] += row.value
        return out

    def wanted(self, scenario: str) -> Array:
        """Demand, met or not, (region, segment, year) [GWh]; where none of it is met it counts as none."""
        resolved = self.resolved
        gwh: Array = self.additions[scenario][0].copy()
        for region, segments in resolved.run.settings.scenario[scenario].met.items():
            for segment, years in segments.items():
                at = resolved.regions.labels.index(region), resolved.segments.labels.index(segment)
                for year, met in years.items():
                    gwh[(*at, resolved.years.labels.index(int(year)))] /= met or 1.0
        return gwh


def additions_of(resolved: Resolved, scenario: str) -> Array:
    """Batteries put into use, (1, region, segment, year) [GWh]."""
    return resolved.battery_demand.dense([resolved.regions, resolved.segments, resolved.years], "value", scenario)[None]


def addition_ends(resolved: Resolved, scenario: str) -> Array:
    """The same at each of ENDS, (end, region, segment, year) [GWh]."""
    axes = [resolved.regions, resolved.segments, resolved.years]
    ends = resolved.battery_demand.dense_each(axes, ENDS, scenario)
    return np.stack([ends[end] for end in ENDS])


def share_of(resolved: Resolved, scenario: str) -> Array:
    """(1, region, segment, chemistry, year) with blends expanded by the silicon overlay; sums to one where sold."""
    pairs = resolved.chemistries.labels
    share = on_pairs(resolved, resolved.market_share, scenario)
    if resolved.run.settings.scenario[scenario].silicon in ("none", "explicit"):
        return share
    first: dict[str, int] = {}
    for place, (chemistry, _) in enumerate(pairs):
        first.setdefault(chemistry, place)
    base = [first[chemistry] for chemistry, _ in pairs]
    blended = blended_share(share, on_pairs(resolved, resolved.silicon_uptake, scenario), base)
    assert np.allclose(blended.sum(axis=3), share.sum(axis=3), rtol=0, atol=1e-12)
    return blended


def on_pairs(resolved: Resolved, shares: Values, scenario: str) -> Array:
    """Shares of a scenario, (1, region, segment, chemistry, year) on the expanded axis."""
    axes = [resolved.regions, resolved.segments, resolved.chemistries, resolved.years]
    return shares.dense(axes, scenario=scenario)[None]


def intensities_of(resolved: Resolved) -> dict[str, Array]:
    """(1, chemistry, mineral, year) [kg/kWh] at each end; one year where intensities are held."""
    axes = [resolved.chemistries, resolved.minerals]
    out = {}
    for end, today in resolved.mineral_intensity.dense_each(axes, ENDS).items():
        now, trend = today[None, :, :, None], trend_of(resolved, end)
        out[end] = now if trend is None else now * trend
    return out


def finer_of(resolved: Resolved, intensity: Array, end: str) -> Array:
    """(segment, chemistry, mineral, year) [kg/kWh]: what own rows say by use and year of sale, else what holds of all
    uses, (chemistry, mineral, year or 1), at the value, low or high end."""
    years = len(resolved.years)
    out = np.tile(np.broadcast_to(intensity, (*intensity.shape[:2], years)), (len(resolved.segments), 1, 1, 1))
    axes = [resolved.segments, resolved.chemistries, resolved.minerals, resolved.years]
    out[resolved.finer_intensity.places(axes)] = resolved.finer_intensity.columns[end]
    return np.asarray(out)


def finer_ends(resolved: Resolved) -> tuple[NDArray[np.bool_], dict[tuple[str, str], Array]]:
    """Which intensities own rows say by use and year of sale, (segment, chemistry, mineral, year), and how far their
    ends lie below and above them, (2, the same) [kg/kWh], by what moves together: (mineral_intensity, draw group) of
    the rows, and (pack_intensity, mineral) of what a pack adds. Between two years of sale both rows have their part; of
    a blend by ratio the row that the ratio multiplies moves."""
    axes = [resolved.segments, resolved.chemistries, resolved.minerals, resolved.years]
    shape = tuple(len(axis) for axis in axes)
    values = resolved.finer_intensity
    used = [resolved.used.table.records(table=name) for name in ("mineral_intensity", "pack_intensity")]
    rows = {row["rows"]: row for part in used for row in part}
    apart, out = np.zeros(shape, dtype=bool), dict[tuple[str, str], Array]()
    for place, made_of in zip(zip(*values.places(axes), strict=True), values.columns["rows"], strict=True):
        apart[place] = True
        for term in made_of.terms:
            row = rows[term.over[0]]
            of_cell = row["table"] == "mineral_intensity"
            key = str(row["table"]), str(row["draw_group"] if of_cell else row["mineral"])
            value, weight = float(row["value"]), float(term.weight)
            for sides, power in ((term.over[1:], 1), (term.under, -1)):
                for name in sides:
                    weight *= float(rows[name]["value"]) ** power
            for which, end, sign in ((0, "low", -1.0), (1, "high", 1.0)):
                beyond = (float(row[end]) - value) * sign * weight
                if beyond > 0:  # Not where a row gives no ends.
                    out.setdefault(key, np.zeros((2, *shape)))[(which, *place)] += beyond
    return apart, out


def pack_of(resolved: Resolved, end: str) -> Array:
    """(mineral) [kg/kWh] that a pack adds to any cell, at the value, low or high end."""
    return resolved.pack_intensity.dense([resolved.minerals], end)


def cells_of(resolved: Resolved, end: str) -> Array:
    """(chemistry, mineral) [kg/kWh] of the cell before any trend, at the value, low or high end."""
    return resolved.cell_intensity.dense([resolved.chemistries, resolved.minerals], end)


def trend_of(resolved: Resolved, end: str) -> Array | None:
    """Trend of intensities (chemistry, mineral, year) at the value, low or high end; None where they are held."""
    if not len(resolved.intensity_trend):
        return None
    bases = tuple(dict.fromkeys(chemistry for chemistry, _ in resolved.chemistries.labels))
    axes = [Axis("chemistry", bases), resolved.minerals, resolved.years]
    by_base = resolved.intensity_trend.dense(axes, end)
    return by_base[[bases.index(chemistry) for chemistry, _ in resolved.chemistries.labels]]
