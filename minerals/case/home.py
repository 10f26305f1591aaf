"""Share of its cells that a region makes itself, where a scenario says it by chemistry."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..config import Run
from ..errors import InputError, Problem, did_you_mean
from ..flows.demand import Array
from ..tables.inputs import Inputs
from ..tables.resolve import Resolved


def chosen_home(run: Run, resolved: Resolved, inputs: Inputs) -> dict[str, Array]:
    """`made_at_home` of each scenario that has it, (region, chemistry, reported year) [1], NaN where it says nothing.

    Raises InputError with every name that is not one of the run.
    """
    frame, problems, out = inputs["chemistries"], list[Problem](), dict[str, Array]()
    columns = (frame[name] for name in ("chemistry", "base", "silicon"))
    pairs = {code: (base or code, float(silicon)) for code, base, silicon in zip(*columns, strict=True)}
    regions, chemistries, years = resolved.regions.labels, resolved.chemistries.labels, resolved.reported
    for name, scenario in run.settings.scenario.items():
        if not scenario.made_at_home:
            continue
        home = np.full((len(regions), len(chemistries), len(years)), np.nan)
        for region, by_year in scenario.made_at_home.items():
            for year, by_chemistry in by_year.items():
                for code, share in by_chemistry.items():
                    path = ("scenario", name, "made_at_home", region, year, code)
                    what = f"made_at_home.{region}.{year}.{code}"
                    if why := unknown(region, regions, "region of this run") or unknown(code, pairs, "chemistry"):
                        problems.append(run.problem(path, what, why))
                    elif pairs[code] in chemistries and int(year) in years:
                        at = regions.index(region), chemistries.index(pairs[code]), years.index(int(year))
                        home[at] = share
        out[name] = home
    if problems:
        raise InputError(problems)
    return out


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Why a name is none of those known, or nothing."""
    known = list(known)
    return "" if name in known else f"no {what}{did_you_mean(name, known)}"
