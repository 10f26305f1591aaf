"""What is lost if another reference world is assumed, and if less or nothing is built because of the plan.

Supply that nobody publishes follows the reference world of [exposure], and so do the weights by which exports are
shared. A headline that hangs on it is no number: it is the span over three worlds, those that the inputs have of
`WORLDS`, and over where what follows a plan is built (`FOLLOW_ON`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from ..case.chokepoints import Chokepoints
from ..case.outcome import Outcome
from ..case.played import play
from ..case.set_up import chokepoints_of, in_other_world
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
    for config, world in _in_worlds(chokepoints, inputs):
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


def _in_worlds(chokepoints: Chokepoints, inputs: Inputs) -> Iterator[tuple[tuple[str, str, str], Chokepoints]]:
    """(adoption, silicon, follow-on) and exposure of the same run in the reference worlds, which have their shares as
    they are in the inputs."""
    config = chokepoints.config
    own = config.adoption, config.silicon
    worlds = {own: chokepoints}
    for adoption, silicon, follow_on in dict.fromkeys(_configs(config, inputs)):
        if (adoption, silicon) not in worlds:
            update = {"adoption": adoption, "silicon": silicon, "share": {}, "diffusion": {}}
            worlds[adoption, silicon] = in_other_world(chokepoints, inputs, update)
        world = worlds[adoption, silicon]
        yield (
            (adoption, silicon, follow_on),
            world if follow_on == config.follow_on else _following(world, inputs, follow_on),
        )


def _following(world: Chokepoints, inputs: Inputs, follow_on: str) -> Chokepoints:
    """The same supply and reference world, where what follows a plan is built elsewhere."""
    run = world.resolved.run
    exposure = world.config.model_copy(update={"follow_on": follow_on})
    run = replace(run, settings=run.settings.model_copy(update={"exposure": exposure}))
    return chokepoints_of(Outcome(replace(world.resolved, run=run)), inputs, world)
