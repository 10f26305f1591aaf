"""What others build because of a plan, where a scenario says it by node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..config import Run
from ..errors import InputError, Problem
from ..flows.demand import Array
from ..tables.resolve import Resolved
from ..tables.supply import Node
from .chosen_origin import unknown


def chosen_follow_on(run: Run, resolved: Resolved, nodes: Sequence[Node]) -> dict[str, Array]:
    """`follow_on` of each scenario that has it, (region, node, reported year) [kt or GWh], 0 where it says nothing.

    Raises InputError with every name that is not one of the run.
    """
    problems, out = list[Problem](), dict[str, Array]()
    regions, codes, years = resolved.regions.labels, [node.node for node in nodes], resolved.reported
    for name, scenario in run.settings.scenario.items():
        if not scenario.follow_on:
            continue
        built = np.zeros((len(regions), len(codes), len(years)))
        for region, by_year in scenario.follow_on.items():
            for year, by_node in by_year.items():
                for code, amount in by_node.items():
                    path = ("scenario", name, "follow_on", region, year, code)
                    what = f"follow_on.{region}.{year}.{code}"
                    if why := unknown(region, regions, "region of this run") or unknown(code, codes, "node"):
                        problems.append(run.problem(path, what, why))
                    elif int(year) in years:
                        built[regions.index(region), codes.index(code), years.index(int(year))] = amount
        out[name] = built
    if problems:
        raise InputError(problems)
    return out
