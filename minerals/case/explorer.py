"""What a page needs to compute another mix of a run as the run would: at full precision, as plain lists.

Kilotonnes and costs are linear in market shares. Batteries lost are the linear programme of `exposure/factory.py`, of
which the matrix does not hang on the mix, for it is made here with some of every chemistry; what there is of each node
hangs on the mix by what others build because of it (`exposure/follow_on.py`) and by stocks alone. So the page has, of
every year: use, chain, own supply, what is accessible without and with each disruption at its severity and at the ends
of it, the room for follow-on, the caps of cells and the programme.

That holds where a run has one region and no [flows]: regions that share a pool lose together, and scrap and recycling
of a year hang on the mixes of the years before. Nor does it hold of scenarios whose makers of cells or follow-on are
given, or whose makers outside the run share their inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exposure.factory import Factory, Plan
from ..flows.demand import Array, blended_share
from .arrays import ENDS, on_pairs
from .chokepoints import Chokepoints
from .outcome import Outcome
from .played import ENDS as SEVERITIES
from .played import stops_of

if TYPE_CHECKING:
    from .cost import PackPrices

#: Version of what is written, which its reader asks for.
FORM = 1
#: Years that are offered; of more, those that end in 0 or 5 and the last.
MOST_YEARS = 16


def explorer(outcome: Outcome, chokepoints: Chokepoints | None, packs: PackPrices | None) -> dict[str, Any]:
    """Demand, shares, intensities, costs and exposure of a run as JSON-ready lists; see the module.

    Scenarios whose blends are named by themselves are left out, as no run file names shares of theirs by base.
    """
    resolved, arrays = outcome.resolved, outcome.arrays
    settings = resolved.run.settings.scenario
    names = [name for name in arrays.scenarios if settings[name].silicon != "explicit" and not settings[name].diffusion
             and settings[name].capacity_limit is None]  # fmt: skip
    pairs = resolved.chemistries.labels
    bases = list(dict.fromkeys(base for base, _ in pairs))
    of_base = [bases.index(base) for base, _ in pairs]
    calendar = resolved.years.labels
    reported = list(resolved.reported)
    if len(reported) > MOST_YEARS:
        reported = [year for year in reported if year % 5 == 0 or year == reported[-1]]
    at = [calendar.index(year) for year in reported]
    intensity = {end: arrays.intensity[end][0] for end in ENDS}
    held = intensity["value"].shape[2] == 1
    out: dict[str, Any] = {
        "form": FORM, "years": reported, "bases": bases, "pairs": [[b, silicon] for b, (_, silicon) in
                                                                   zip(of_base, pairs, strict=True)],
        "scenarios": names, "regions": list(resolved.regions.labels), "segments": list(resolved.segments.labels),
        "minerals": list(resolved.minerals.labels), "gwh": {}, "share": {}, "blend": {},
        "intensity": {end: (each if held else each[..., at]).tolist() for end, each in intensity.items()},
        "cost": None, "losses": None, "why": "",
    }  # fmt: skip
    for name in names:
        out["gwh"][name] = arrays.additions[name][0][..., at].tolist()
        expanded = arrays.share[name][0][..., at]
        share = np.zeros((*expanded.shape[:2], len(bases), len(at)))
        for place, base in enumerate(of_base):
            share[:, :, base] += expanded[:, :, place]
        out["share"][name] = _by_last(share)
        out["blend"][name] = None
        if settings[name].silicon != "none":
            out["blend"][name] = _by_last(_blend(outcome, name, of_base)[..., at])
    if packs is not None:
        places = [resolved.reported.index(year) for year in reported]
        home = packs.home[..., places]
        out["cost"] = home.tolist() if np.isfinite(home).all() else None
    if chokepoints is None:
        out["why"] = "The run has no [exposure], so it says nothing of what is lost."
    elif len(chokepoints.regions) > 1:
        out["why"] = "Regions that share a pool lose together: what one of them loses hangs on the mixes of all."
    elif resolved.parameters is not None:
        out["why"] = (
            "The run follows stock and recycling: what is lost in a year hangs on scrap and on what comes back from "
            "the mixes of earlier years. Change the run file and run it to see that."
        )
    else:
        out["losses"] = _losses(chokepoints, names, reported)
    return out


def _blend(outcome: Outcome, scenario: str, of_base: Sequence[int]) -> Array:
    """Part of a base that is each of its blends and itself, (region, segment, pair, year) [1]."""
    resolved = outcome.resolved
    first = [of_base.index(base) for base in of_base]
    uptake = on_pairs(resolved, resolved.silicon_uptake, scenario)
    whole = np.zeros_like(uptake)
    for place in set(first):
        whole[:, :, :, place] = 1.0
    return np.asarray(blended_share(whole, uptake, first)[0])


def _by_last(array: Array) -> list[Any]:
    """An array of one axis before the last, (…, item, year), as {place: number} of what is not zero by (…, year)."""
    moved = np.moveaxis(array, -2, -1)

    def listed(part: Array) -> Any:
        if part.ndim == 1:
            return {str(place): number for place, number in enumerate(part.tolist()) if number}
        return [listed(each) for each in part]

    return list(listed(moved))


def _losses(chokepoints: Chokepoints, names: Sequence[str], years: Sequence[int]) -> dict[str, Any]:
    """What the batteries of a single region lose, by year; see the module."""
    chain, regions = chokepoints.chain, chokepoints.regions
    own = chokepoints.chosen_origin.keys() | chokepoints.chosen_follow_on.keys() | chokepoints.orders.keys()
    where = [name for name in names if name not in own]
    into = [[int(c), int(n), int(d), float(chain.into[c, n, d])] for c, n, d in np.argwhere(chain.into > 0)]
    return {
        "scenarios": where,
        "nodes": [node.node for node in chokepoints.inputs.nodes],
        "stage": chain.stage.tolist(),
        "into": into,
        "cell": np.asarray(chokepoints.cell).astype(int).tolist(),
        "events": [[event.disruption, event.label, event.status, event.start] for event in chokepoints.inputs.events],
        "stock": chokepoints.config.stockpile_months,
        "years": {
            str(year): _year(chokepoints, where[0], regions, chokepoints.years.index(year)) for year in years if where
        },
    }


def _year(chokepoints: Chokepoints, scenario: str, regions: tuple[str, ...], year: int) -> dict[str, Any]:
    """One year. scenario: any whose makers of cells are those of all."""
    plan = chokepoints.plan(scenario, regions, year)
    own, accessible = chokepoints.available(regions, year, chokepoints.access(regions, year))
    own = np.where(chokepoints.cell, 0.0, own)
    most = chokepoints.most_follow_on(year)
    home = chokepoints.home_share(scenario, regions, year)
    out = {
        "home": home.tolist(),
        "own": plan.own_supply.tolist(),
        "plants": own.tolist(),
        "use": _sparse(plan.total_use),
        "accessible": [None if np.isinf(each) else float(each) for each in accessible],
        "room": most.amount.tolist(),
        "stocked": _sparse(plan.total_use * chokepoints.passing(regions, year)),
        "programme": _programme(plan),
        "events": {},
    }
    alike = [event for event in chokepoints.inputs.events
             if event.start <= chokepoints.years[year] and chokepoints.pools(event.cuts) == [regions]]  # fmt: skip
    stops = stops_of(alike)  # as they are played, so that nothing is traded again
    place = {stop: at for at, stop in enumerate(stops)}
    hit = chokepoints.hit(regions, year, stops)
    left_own, left = chokepoints.available(regions, year, hit.reach)
    left_own = np.where(chokepoints.cell, 0.0, left_own)
    follow = chokepoints.left_of_follow_on(regions, most.located, hit.cuts)
    unknown = chokepoints.left_of_unknown(regions, year, hit.cuts)
    stopped = chokepoints.stopped_unknown(year, hit.cuts)
    made, bought = chokepoints.had(chokepoints.origin_of(scenario, regions, year), regions, hit.cells)
    left_by = {
        "plants": _others(left_own, own),
        "accessible": _others(left, accessible),
        "follow": _others(follow, np.ones(follow.shape[1])),
        "unknown": _by_stop(stopped, unknown),
        "home": _others(made, home),
        "bought": _others(bought, 1 - home),
    }
    for event in alike:
        central = place[event.cuts, "severity"]
        ends = (place[event.cuts, end] if event.beyond(end) else central for end in SEVERITIES)
        out["events"][event.disruption] = [
            {name: of_stops[at] for name, of_stops in left_by.items()} for at in (central, *ends)
        ]
    return out


def _programme(plan: Plan) -> dict[str, Any]:
    """Columns and rows of the programme of a plan that has some of every chemistry.

    home, imported: chemistry of each of the first columns; active: chemistry and node of each of the next; refined:
    node of each of the next; free: how many follow that have no bound. rows: node (-1: none, so that the row is at most
    zero), whether what is bought counts and whether what own plants make, and terms, column and coefficient in turn.
    """
    every = np.ones_like(plan.cells)
    whole = Factory(Plan(every, plan.use, plan.routes, plan.home, plan.own, plan.chain))
    columns, rows = whole.columns, whole.rows
    return {
        "home": columns.home.tolist(), "imported": columns.imported.tolist(),
        "active": [list(key) for key in columns.active], "refined": columns.refined,
        "free": columns.natural + columns.natural_made,
        "rows": [
            [node, int(bought), int(own), [part for column, number in enumerate(line) if number
                                           for part in (column, number)]]
            for node, bought, own, line in zip(*(each.tolist() for each in (rows.node, rows.bought, rows.own,
                                                                            whole.matrix)), strict=True)
        ],
    }  # fmt: skip


def _sparse(matrix: Array) -> list[tuple[int, int, float]]:
    """(chemistry, node) as chemistry, node, number of what is not zero."""
    c, n = np.nonzero(matrix)
    return list(zip(c.tolist(), n.tolist(), matrix[c, n].tolist(), strict=True))


def _others(now: Array, usual: Array) -> list[dict[str, float]]:
    """Of each stop the numbers that differ from what is usual, by place; those that are infinite are so in both."""
    return _by_stop(np.isfinite(now) & (now != usual), now)


def _by_stop(where: NDArray[np.bool_], numbers: Array) -> list[dict[str, float]]:
    """Of each stop some of its numbers, (stop, place), by place."""
    out: list[dict[str, float]] = [{} for _ in where]
    for stop, place, number in zip(*(at.tolist() for at in np.nonzero(where)), numbers[where].tolist(), strict=True):
        out[stop][str(place)] = number
    return out
