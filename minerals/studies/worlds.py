"""What is lost if another reference world is assumed, and if less or nothing is built because of the plan.

Supply that nobody publishes follows the reference world of [exposure], and so do the weights by which exports are
shared. A headline that hangs on it is no number: it is the span over three worlds, those that the inputs have of
`WORLDS`, and over where what follows a plan is built (`FOLLOW_ON`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..case.chokepoints import Chokepoints, in_other_world
from ..case.played import play
from ..config import Exposure
from ..tables.inputs import Inputs

#: Adoption and silicon of the reference worlds that are assumed beside that of the run.
WORLDS = (("stated-trend", "none"), ("sodium-led", "none"), ("next-gen-led", "next-gen-led"))
#: Where what follows a plan is built: as projects are placed, as supply stands today, or nowhere.
FOLLOW_ON = ("pipeline", "today", "none")


def reference_worlds(chokepoints: Chokepoints, inputs: Inputs) -> pd.DataFrame:
    """Lost in the last year by every disruption of the run in each reference world and kind of follow-on.

    Columns: scenario, region, disruption, label, year, adoption, silicon, follow_on, planned, lost, industry [GWh],
    unit; those of the run itself first.
    """
    rows: list[tuple[Any, ...]] = []
    for config in dict.fromkeys(_configs(chokepoints.config, inputs)):
        world = _in_world(chokepoints, inputs, *config)
        for scenario in world.scenarios:
            last = len(world.years) - 1
            for each in play(world, scenario, world.inputs.events, (last,)):
                industry = each.loss.industry_shortage + each.loss.industry[0]
                rows.append((
                    scenario, world.name_of(each.regions), each.event.disruption, each.event.label, world.years[last],
                    *config, float(each.loss.planned.sum()), each.loss.lost[0], industry, "GWh",
                ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "label", "year", "adoption", "silicon", "follow_on", "planned",
               "lost", "industry", "unit"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _configs(config: Exposure, inputs: Inputs) -> Iterator[tuple[str, str, str]]:
    """(adoption, silicon, follow-on) of the run and of the others that the inputs have."""
    known, blends = set(inputs["market_share"]["scenario"]), {"none", *inputs["silicon_uptake"]["scenario"]}
    worlds = [(config.adoption, config.silicon), *WORLDS]
    for follow_on in dict.fromkeys((config.follow_on, *FOLLOW_ON)):
        for adoption, silicon in worlds:
            if adoption in known and (silicon in blends or silicon == config.silicon):
                yield adoption, silicon, follow_on


def _in_world(chokepoints: Chokepoints, inputs: Inputs, adoption: str, silicon: str, follow_on: str) -> Chokepoints:
    """Exposure of the same run in another reference world, which has its shares as they are in the inputs."""
    config = chokepoints.config
    update: dict[str, Any] = {"adoption": adoption, "silicon": silicon, "follow_on": follow_on}
    if (adoption, silicon) == (config.adoption, config.silicon):
        if follow_on == config.follow_on:
            return chokepoints
    else:
        update |= {"share": {}, "diffusion": {}}
    return in_other_world(chokepoints, inputs, update)
