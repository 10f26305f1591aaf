"""Who makes the cells that regions use, where a scenario says it by chemistry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from ..config import Run, Scenario
from ..errors import Problem, did_you_mean
from ..exposure.coverage import TINY
from ..flows.demand import Array
from ..tables.inputs import Inputs
from ..tables.resolve import Resolved
from ..tables.supply import SupplyInputs

#: Shares that sum to more than one by less than this sum to one.
SUM_ERROR = 1e-9
#: Observed share of each country in the cells of each chemistry that a region uses in a year, by its place,
#: (chemistry, country); all 0 where no maker is known.
Observed = Callable[[str, int], Array]
#: Place of what is said in a run file: region, year, chemistry.
Place = tuple[str, str, str]


def chosen_origin(
    run: Run, resolved: Resolved, inputs: Inputs, supply: SupplyInputs, observed: Observed
) -> tuple[dict[str, Array], list[Problem]]:
    """Share of each country in the cells of each scenario that says it, (region, chemistry, reported year, country)
    [1], NaN where it says nothing; and every name that is not one of the run, and all shares that sum to more than one.

    `cells_from` has the shares of countries abroad, `made_at_home` that of those at home. What both leave is of the
    others as observed; where nobody is observed, of home, or of the countries that are named.
    """
    pairs = {row.chemistry: (row.base or row.chemistry, float(row.silicon)) for row in inputs.rows("chemistries")}
    regions, chemistries, years = resolved.regions.labels, resolved.chemistries.labels, resolved.reported
    problems, out = list[Problem](), dict[str, Array]()
    for name, scenario in run.settings.scenario.items():
        if not (scenario.made_at_home or scenario.cells_from):
            continue
        wrong = [(path, what, why) for path, what, why in _wrong(scenario, regions, pairs, supply)]
        problems += [run.problem(("scenario", name, *path), what, why) for path, what, why in wrong]
        origin = np.full((len(regions), len(chemistries), len(years), len(supply.countries)), np.nan)
        for (region, year, code), (home, named) in _said(scenario).items():
            if not wrong and pairs[code] in chemistries and int(year) in years:
                r, c, y = regions.index(region), chemistries.index(pairs[code]), years.index(int(year))
                shares = np.array([named.get(country, np.nan) for country in supply.countries])
                inside = np.array([at == region for at in supply.home])
                origin[r, c, y] = _together(home, shares, observed(region, y)[c], inside)
        out[name] = origin
    return out, problems


def _said(scenario: Scenario) -> dict[Place, tuple[float | None, Mapping[str, float]]]:
    """Share made at home, where it is said, and of named countries, by place."""
    home = {
        (region, year, code): share
        for region, by_year in scenario.made_at_home.items()
        for year, by_chemistry in by_year.items() for code, share in by_chemistry.items()
    }  # fmt: skip
    named = {
        (region, year, code): shares
        for region, by_year in scenario.cells_from.items()
        for year, by_chemistry in by_year.items() for code, shares in by_chemistry.items()
    }  # fmt: skip
    return {place: (home.get(place), named.get(place, {})) for place in dict.fromkeys([*home, *named])}


def _wrong(
    scenario: Scenario, regions: Iterable[str], chemistries: Iterable[str], supply: SupplyInputs
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What does not fit of what a scenario says: key path in it, what stands there, and why not."""
    for (region, year, code), (home, named) in _said(scenario).items():
        key = "cells_from" if named else "made_at_home"
        path, what = (key, region, year, code), f"{key}.{region}.{year}.{code}"
        if why := unknown(region, regions, "region of this run") or unknown(code, chemistries, "chemistry"):
            yield path, what, why
            continue
        for country in named:
            if why := unknown(country, supply.countries, "country that makes anything in this run"):
                yield (*path, country), f"{what}.{country}", why
            elif supply.home_by_country[country] == region:
                why = f"is at home in {region}; made_at_home says what is made there"
                yield (*path, country), f"{what}.{country}", why
        total = sum(named.values()) + (home or 0.0)
        if total > 1 + SUM_ERROR:
            both = "with made_at_home " if home else ""
            yield path, what, f"sums {both}to {total:g}; expected 1 at most"


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Why a name is none of those known, or nothing."""
    known = list(known)
    return "" if name in known else f"no {what}{did_you_mean(name, known)}"


def _together(home: float | None, said: Array, observed: Array, inside: np.ndarray) -> Array:
    """Share of each country, (country): those named as they are, those at home, and of the others what is left, as
    observed. said: NaN of those that are not named."""
    is_named, named = ~np.isnan(said), np.nan_to_num(said)
    left = max(1.0 - named.sum(), 0.0)
    mine, others = np.where(inside, observed, 0.0), np.where(inside | is_named, 0.0, observed)
    seen = mine.sum() + others.sum()
    at_home = min(home, left) if home is not None else left * float(mine.sum()) / seen if seen > 0 else left
    if not others.sum() > 0:
        if home is None or not named.any():
            at_home = left
        else:
            named = named * (1 - at_home) / named.sum()
    own = mine if mine.any() else inside.astype(float)
    own, others = (part / max(float(part.sum()), TINY) for part in (own, others))
    return np.asarray(named + at_home * own + (left - at_home) * others)
