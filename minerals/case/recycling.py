"""What more could be recovered of the batteries of a run than it recovers: by collecting more of them, and by better
routes for what is collected and for scrap.

A battery gives all its minerals together. What it holds is that of the batteries of a plan which leave use in a year,
or are lost as scrap in it: for a mix that puts others into use it is what it would be for that plan, which matters
little as long as most that leaves use was sold before. Collection goes as far as the high end of its rows. A route
takes whole batteries, and costs nothing for those that go it already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..exposure.draws import Key
from ..flows.demand import Array
from ..flows.recycling import mixed_recovery
from ..mix.data import Mineral, MixData, NodeYear, Region, RegionSegmentChemistryYear, Stream, Way, Year
from ..tables.expansion import NewRecycling, new_recycling
from ..tables.inputs import Inputs
from ..tables.parameters import RECYCLING_ROUTES
from .chain import returning
from .mix_data.assembly import Assembly
from .mix_data.frame import LEAST_PART

#: Batteries that reach recyclers, those that could, and what is lost in making cells.
COLLECTED, UNCOLLECTED, SCRAP = Stream("collected"), Stream("uncollected"), Stream("scrap")
#: Way that makes the second the first.
COLLECTION = Way("collection")
#: Stream whose rates of recovery each has.
RATES = {COLLECTED: "end_of_life", SCRAP: "prompt"}


def route_of(way: Way) -> str:
    """The way or route whose rows say what a way costs."""
    return way.removeprefix(f"{SCRAP}_")


def recycling(
    assembly: Assembly, data: MixData, inputs: Inputs, additions: Mapping[RegionSegmentChemistryYear, float],
    value: Callable[[Key, Array], float],
) -> dict[str, Any]:  # fmt: skip
    """Fields of `MixData` that say what more can be recovered; empty without [flows]. additions: of the plan [GWh];
    value: of an uncertain input."""
    out: dict[str, Any] = {f"recycling_{name}": {} for name in ("cost", "gain", "from", "into", "most")}
    parameters, outcome = assembly.resolved.parameters, assembly.outcome
    if parameters is None:
        return out
    assert outcome.survival is not None
    full, known = assembly.resolved.years.labels, assembly.resolved.minerals.labels
    gwh, held = _streams(assembly, additions)
    routes = parameters.route[0]
    rates = {stream: parameters.recovery[name][0] for stream, name in RATES.items()}
    usual = {stream: mixed_recovery(routes, rate[None]) for stream, rate in rates.items()}
    # By way the stream that it takes, its rows, the part of that which does not go it yet, and what is gained.
    found: dict[Way, tuple[Stream, NewRecycling, Array, Array]] = {}
    found[COLLECTION] = UNCOLLECTED, new_recycling(inputs, COLLECTION), np.ones(gwh[SCRAP].shape), usual[COLLECTED]
    for stream, rate in rates.items():
        for p, route in enumerate(RECYCLING_ROUTES):
            gained = rate[p][None] - usual[stream]
            way = Way(route if stream == COLLECTED else f"{stream}_{route}")
            found[way] = stream, new_recycling(inputs, route), 1 - routes[:, p], gained
    for way, (stream, rows, part, gained) in found.items():
        cost = value(("recycling_cost", "cost", rows.way.get("cost", "")), rows.cost)
        if np.isnan(cost):
            continue
        begins = assembly.years[0] + float(np.nan_to_num(rows.lead[0]))
        out["recycling_from"][way] = stream
        if way == COLLECTION:
            out["recycling_into"][way] = COLLECTED
        for i, r in enumerate(assembly.regions):
            for y in (year for year in assembly.years if year >= begins):
                at = full.index(y)
                if gwh[stream][i, at] <= LEAST_PART or part[i, at] <= LEAST_PART:
                    continue
                out["recycling_cost"][r, way, y] = cost * float(part[i, at])
                for m in assembly.returns.minerals:
                    each = held[stream][i, known.index(m), at] / gwh[stream][i, at] * gained[i, known.index(m), at]
                    if abs(each) > LEAST_PART:
                        out["recycling_gain"][r, way, m, y] = float(each)
    out["recycling_most"] = {
        (r, stream, y): float(by_year[i, full.index(y)])
        for stream, by_year in gwh.items() for i, r in enumerate(assembly.regions) for y in assembly.years
    }  # fmt: skip
    return out


def _streams(
    assembly: Assembly, additions: Mapping[RegionSegmentChemistryYear, float]
) -> tuple[dict[Stream, Array], dict[Stream, Array]]:
    """Batteries of each stream of a plan, (region, year) [GWh], and what they hold, (region, mineral, year) [kt]."""
    resolved, outcome, full = assembly.resolved, assembly.outcome, assembly.resolved.years.labels
    assert outcome.survival is not None
    cells = outcome.scenarios[assembly.incumbent].cells.copy()
    cells[..., [full.index(y) for y in assembly.years]] = 0.0
    for (r, s, c, y), amount in additions.items():
        cells[assembly.regions.index(r), assembly.segments.index(s), assembly.place[c], full.index(y)] = amount
    intensity = outcome.arrays.intensity_by_year
    scrap = np.zeros((len(assembly.regions), len(full)))
    for year, at in assembly.at.items():
        scrap[:, full.index(year)] = assembly.gain[:, at] - 1
    usual = outcome.returning
    parts = {COLLECTED: usual, UNCOLLECTED: returning(resolved, outcome.survival, 2) - usual}
    gwh = {stream: np.einsum("rscyk,rsck->ry", part, cells) for stream, part in parts.items()}
    held = {
        stream: np.einsum("rscyk,rsck,cmk->rmy", part, cells, intensity, optimize=True)
        for stream, part in parts.items()
    }
    gwh[SCRAP] = scrap * cells.sum(axis=(1, 2))
    held[SCRAP] = scrap[:, None] * np.einsum("rsck,cmk->rmk", cells, intensity)
    return gwh, held


def most_taken_off(data: MixData) -> dict[NodeYear, float]:
    """The most that the ways to recover more take off each node, each mineral at its most, (node, year) [kt]."""
    out: dict[NodeYear, float] = {}
    for (m, n, y), per in data.relief.items():
        most = sum(
            _best(data, stream, r, m, y) * data.recycling_most.get((r, stream, y), 0.0)
            for r in data.regions for stream in dict.fromkeys(data.recycling_from.values())
        )  # fmt: skip
        out[n, y] = out.get((n, y), 0.0) + per * most
    return out


def _best(data: MixData, stream: Stream, r: Region, m: Mineral, y: Year) -> float:
    """The most that is recovered more of a mineral by any way that a battery of a stream may go, and what that leads to
    [kt/GWh]."""
    ways = [way for way, of in data.recycling_from.items() if of == stream and (r, way, y) in data.recycling_cost]
    then = {way: _best(data, data.recycling_into[way], r, m, y) for way in ways if way in data.recycling_into}
    return max((data.recycling_gain.get((r, way, m, y), 0.0) + then.get(way, 0.0) for way in ways), default=0.0)
