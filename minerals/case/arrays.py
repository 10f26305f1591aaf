"""Arrays of a resolved run: additions, share, intensity and route, with a leading draw axis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..axes import Axis, dense
from ..flows.demand import Array, blended_share
from ..flows.scrap import lines_from_growth
from ..tables.resolve import Resolved

ROUTES = ("natural", "synthetic")


def lines_of(resolved: Resolved, name: str) -> Array | None:
    """Production lines [GWh/yr] (region, cohort) of a scenario from the run's lines file, or None: they follow from
    growth. Where not all demand is met, lines are those built for all of it."""
    if resolved.lines is None:
        return lines_from_growth(wanted_of(resolved, name).sum(axis=1)) if _met(resolved, name) else None
    out = np.zeros((len(resolved.regions), len(resolved.years)))
    for row in resolved.lines[resolved.lines["scenario"] == name].itertuples():
        cohort = max(int(row.cohort) - resolved.years.labels[0], 0)
        out[resolved.regions.labels.index(row.region), cohort] += row.value
    return out


def _met(resolved: Resolved, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Share of the demand that a scenario meets, by region, segment and year, where it is not all."""
    return resolved.run.settings.scenario[name].met


def wanted_of(resolved: Resolved, name: str) -> Array:
    """Demand, met or not, (region, segment, year) [GWh]; where none of it is met it counts as none."""
    gwh: Array = additions_of(resolved, name)[0].copy()
    for region, segments in _met(resolved, name).items():
        for segment, years in segments.items():
            at = resolved.regions.labels.index(region), resolved.segments.labels.index(segment)
            for year, met in years.items():
                gwh[(*at, resolved.years.labels.index(int(year)))] /= met or 1.0
    return gwh


def additions_of(resolved: Resolved, name: str, column: str = "value") -> Array:
    """(1, region, segment, year) [GWh] at the value, low or high end."""
    frame = resolved.battery_demand
    axes = [resolved.regions, resolved.segments, resolved.years]
    return dense(frame[frame["scenario"] == name], axes, column)[None]


def share_of(resolved: Resolved, name: str) -> Array:
    """(1, region, segment, chemistry, year) with blends expanded by the silicon overlay; sums to one where sold."""
    pairs = resolved.chemistries.labels
    axes = [resolved.regions, resolved.segments, resolved.chemistries, resolved.years]

    def on_pairs(frame: pd.DataFrame) -> Array:
        return dense(_by_pair(frame[frame["scenario"] == name]), axes)[None]

    share = on_pairs(resolved.market_share)
    if resolved.run.settings.scenario[name].silicon in ("none", "explicit"):
        return share
    first: dict[str, int] = {}
    for place, (chemistry, _) in enumerate(pairs):
        first.setdefault(chemistry, place)
    base = [first[chemistry] for chemistry, _ in pairs]
    blended = blended_share(share, on_pairs(resolved.silicon_uptake), base)
    assert np.allclose(blended.sum(axis=3), share.sum(axis=3), rtol=0, atol=1e-12)
    return blended


def _by_pair(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with pairs of base chemistry and silicon, as they are on the axis, for its chemistries."""
    pairs = list(zip(frame["chemistry"].tolist(), frame["silicon"].astype(float).tolist(), strict=True))
    return frame.assign(chemistry=pd.Series(pairs, frame.index, object))


def intensity_of(resolved: Resolved, column: str) -> Array:
    """(1, chemistry, mineral, year) [kg/kWh] at the value, low or high end; one year where intensities are held."""
    now, trend = today_of(resolved, column)[None, :, :, None], trend_of(resolved, column)
    return now if trend is None else now * trend


def today_of(resolved: Resolved, column: str) -> Array:
    """(chemistry, mineral) [kg/kWh] before any trend, at the value, low or high end."""
    return dense(_by_pair(resolved.mineral_intensity), [resolved.chemistries, resolved.minerals], column)


def trend_of(resolved: Resolved, column: str) -> Array | None:
    """Trend of intensities (chemistry, mineral, year) at the value, low or high end; None where they are held."""
    if not len(resolved.intensity_trend):
        return None
    bases = tuple(dict.fromkeys(chemistry for chemistry, _ in resolved.chemistries.labels))
    by_base = dense(resolved.intensity_trend, [Axis("chemistry", bases), resolved.minerals, resolved.years], column)
    return by_base[[bases.index(chemistry) for chemistry, _ in resolved.chemistries.labels]]


def route_of(resolved: Resolved) -> Array:
    """(route, year) [1]."""
    return dense(resolved.graphite_route, [Axis("route", ROUTES), resolved.years])
