"""`[study] kind = "robust"`: which plan stands whatever the future of supply turns out to be, and what that costs.

Futures are those of supply_futures.csv, in the reference world of the run or in three. Told are the plan that is best
in each future, that of the run's own first; the one with the least loss on average, futures alike; and the one whose
largest regret is least. Each is held against every future (`mix.futures`). The price of robustness is what the last one
loses more on average and in the run's own future, and costs more, than the plan that is best there, for how much less
regret. What the worst future takes is no objective: it is the same future for every plan, and the plan that is best in
it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..case.chokepoints import Chokepoints
from ..case.criteria import cost_cap_of
from ..case.mix_lost import BUG
from ..case.optimise import Mix
from ..case.set_up import in_other_world
from ..config import Exposure, Robust
from ..errors import InputError, NumericalTrouble, did_you_mean, listed
from ..haste import frozen
from ..mix.futures import AGREE, AVERAGE, REGRET, Futures
from ..mix.objective import OWN
from ..results.record_exposure import about_future
from ..tables.inputs import Inputs, joined
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of
from .points import solved
from .pool import Progress, worker_pool
from .worlds import WORLDS

#: A cost cap is missed by this part of it, and met.
NEARLY = 1e-9
#: Silicon of a reference world that has none on top of its adoption.
NO_SILICON = "none"
LOSSES = ["mix", "future", "world", "value", "least", "regret", "short", "replayed", "cost", "unit"]
MIXES = ["mix", "worst_regret", "binding", "average", "own", "cost", "more_average", "more_own",
         "more_cost", "less_regret", "left_open", "unit"]  # fmt: skip
SHARES = ["mix", "region", "family", "year", "value", "low", "high", "unit"]


@frozen
class World:
    """A future of supply in a reference world."""

    future: str
    adoption: str
    silicon: str

    @property
    def reference(self) -> str:
        """Adoption of the reference world, with its silicon where it has some."""
        return self.adoption if self.silicon == NO_SILICON else f"{self.adoption} with silicon {self.silicon}"


def study(of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
    """Tables `robust`, `robust_mix` and `robust_share` of a chosen mix whose run has the study, rows that the futures
    rest on, and reference worlds that are not compared, with why. kept, progress: as of any study. Raises InputError,
    and the solver's own errors."""
    mix, inputs, config = of.mix, of.inputs, of.run.settings.study
    assert isinstance(config, Robust)
    worlds = _worlds(mix, inputs, config)
    exposures = {name: _exposure(mix, inputs, world) for name, world in worlds.items() if name != OWN}
    futures = _futures(mix, exposures)
    folder, identity = None, ""
    if kept is not None:
        kept.claim()
        design = [f"{name} {world.future} {world.reference}" for name, world in worlds.items()]
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(worlds), *design)

    def done(before: int) -> Progress | None:
        return None if progress is None else lambda some, _: progress(before + some, len(worlds) + 2)

    with worker_pool(config.workers, _start, futures) as pool:
        # That of all futures takes longest, so it is begun first.
        keys = [AVERAGE, *worlds]
        found = solved(keys, partial(_point, least={}), pool, folder, identity, done(0))
        least = {name: found[name]["value"] for name in worlds}
        found |= solved([REGRET], partial(_point, least=least), pool, folder, identity, done(len(keys)))
    used = joined(*(part for exposure in exposures.values() for part in exposure.used))
    tables = _tables(worlds, found, sum(mix.data.demand.values()))
    share = tables["robust_share"]
    unsought = share["mix"].isin([AVERAGE, REGRET]) if futures.are_many else share["mix"].isna()
    if mix.config.ranges == "off" or not mix.config.near:
        unsought |= True
    # How far a share moves was not sought, which is not to say that it does not.
    tables["robust_share"] = share.assign(**{end: share[end].where(~unsought) for end in ("low", "high")})
    left_out = {"worlds_left_out": _left_out(inputs, config)}
    named = {str(name): about_future(str(name), inputs) for name in dict.fromkeys(tables["robust"]["future"])}
    return Findings(tables, used, left_out, named)


def _worlds(mix: Mix, inputs: Inputs, config: Robust) -> dict[str, World]:
    """Futures by name, that of the run first. Raises InputError for one that there is not, and where there is but
    one."""
    known, exposure = inputs.codes("supply_futures"), mix.assembly.chokepoints.config
    for name in config.futures:
        if name not in known:
            why = f"not in supply_futures.csv{did_you_mean(name, known) or f'; known: {listed(known)}'}"
            raise InputError([mix.run.problem(("study", "futures"), f"futures has {name!r}", why)])
    names = dict.fromkeys((exposure.future, *(config.futures or known)))
    references = dict.fromkeys(_references(exposure, inputs, config))
    worlds = {
        _name(World(name, *reference), exposure): World(name, *reference) for reference in references for name in names
    }
    if len(worlds) < 2:
        why = "compares plans between futures, and there is but that of the run; name another"
        raise InputError([mix.run.problem(("study", "futures"), f"futures = {list(config.futures)!r}", why)])
    return worlds


def _references(exposure: Exposure, inputs: Inputs, config: Robust) -> Iterator[tuple[str, str]]:
    """(adoption, silicon) of the reference worlds, that of the run first."""
    yield exposure.adoption, exposure.silicon
    for world in WORLDS if config.worlds == "three" else ():
        if not _lacking(world, inputs):
            yield world


def _lacking(world: tuple[str, str], inputs: Inputs) -> str:
    """What the inputs lack for a reference world, or nothing."""
    adoption, silicon = world
    if adoption not in set(inputs["market_share"]["scenario"]):
        return f"market_share has no scenario {adoption}"
    if silicon not in {NO_SILICON, *inputs["silicon_uptake"]["scenario"]}:
        return f"silicon_uptake has no scenario {silicon}"
    return ""


def _left_out(inputs: Inputs, config: Robust) -> dict[str, str]:
    """Reference worlds that are not compared though they should be, and why, by name."""
    found = {World("", *world).reference: _lacking(world, inputs) for world in WORLDS}
    return {name: why for name, why in found.items() if why} if config.worlds == "three" else {}


def _name(world: World, exposure: Exposure) -> str:
    own = world.adoption, world.silicon
    if own == (exposure.adoption, exposure.silicon):
        return OWN if world.future == exposure.future else world.future
    return f"{world.future}, {world.reference}"


def _exposure(mix: Mix, inputs: Inputs, world: World) -> Chokepoints:
    """The exposure of the run in another future."""
    own, changes = mix.assembly.chokepoints, dict[str, Any]()
    if (world.adoption, world.silicon) != (own.config.adoption, own.config.silicon):
        changes = {"adoption": world.adoption, "silicon": world.silicon, "share": {}, "diffusion": {}}
    return in_other_world(own, inputs, {"future": world.future, "other_futures": (), **changes})


def _futures(mix: Mix, exposures: Mapping[str, Chokepoints]) -> Futures:
    """What plans are held against: the same lines stand in every future."""
    config, own, cap = mix.config, mix.data, cost_cap_of(mix.config)
    others = {
        name: replace(
            mix.assembly.of(exposure).data(), plan_given=True, capacity=own.capacity, announced=own.announced
        )
        for name, exposure in exposures.items()
    }  # fmt: skip
    cheapest = sum(mix.solution.cheapest.values())
    most = None if cap is None else cheapest + max(cap, NEARLY) * abs(cheapest)
    return Futures(
        own, others, config.risk, level=config.level, most_cost=most, near=config.near,
        ranged=config.ranges != "off", time_limit=config.time_limit,
    )  # fmt: skip


# ---------------------------------------------------------------------- points

_of: Futures


def _start(of: Futures) -> None:
    global _of
    _of = of


def _point(key: str, least: Mapping[str, float]) -> dict[str, Any]:
    """The best plan by an objective, and what it loses in each future, as JSON holds them."""
    found = _of.chosen(key, least)
    return {
        "value": found.value,
        "cost": found.cost,
        "left_out": found.left_out,
        "share": [[*place, *shares] for place, shares in found.share.items()],
        "held": {
            name: [held.loss, held.short, held.replayed, held.cost] for name, held in _of.losses(found.plan).items()
        },
    }


# ---------------------------------------------------------------------- tables


def _tables(worlds: Mapping[str, World], found: Mapping[str, Any], demand: float) -> dict[str, pd.DataFrame]:
    """demand: of all years [GWh]."""
    order = [*worlds, AVERAGE, REGRET]
    # The run's own future is told by its name too.
    called = {name: worlds[OWN].future if name == OWN else name for name in order}
    # The least in a future is that of its own plan, held as all others are.
    least = {name: found[name]["held"][name][0] for name in worlds}
    regret = {
        mix: {name: _regret(mix, name, found[mix]["held"][name][0] - least[name], demand) for name in worlds}
        for mix in order
    }
    losses = [
        (called[mix], each.future, each.reference, loss, least[name], regret[mix][name], *others, "GWh")
        for mix in order for name, each in worlds.items() for loss, *others in [found[mix]["held"][name]]
    ]  # fmt: skip
    mean = {mix: float(np.mean([held[0] for held in found[mix]["held"].values()])) for mix in order}
    own = {mix: float(found[mix]["held"][OWN][0]) for mix in order}
    worst = {mix: max(by_future.values()) for mix, by_future in regret.items()}
    mixes = [
        (
            called[mix], worst[mix], called[max(regret[mix], key=regret[mix].__getitem__)] if worst[mix] else "",
            mean[mix], own[mix],
            found[mix]["cost"], mean[mix] - mean[OWN], own[mix] - own[OWN],
            _dearer(found[mix]["cost"], found[OWN]["cost"]),
            worst[OWN] - worst[mix], found[mix]["left_out"], "GWh",
        )
        for mix in order
    ]  # fmt: skip
    shares = [(called[mix], *row, "1") for mix in order for row in found[mix]["share"]]
    return {
        "robust": pd.DataFrame(losses, columns=LOSSES),
        "robust_mix": pd.DataFrame(mixes, columns=MIXES),
        "robust_share": pd.DataFrame(shares, columns=SHARES),
    }


def _dearer(cost: float, other: float) -> float:
    """What a plan costs more than another, without rounding [million USD_2025]."""
    return cost - other if abs(cost - other) > NEARLY * abs(other) else 0.0


def _regret(mix: str, future: str, difference: float, demand: float) -> float:
    """What a plan loses above the least possible, without rounding [GWh]. Raises NumericalTrouble below nothing."""
    if difference < -AGREE * demand:
        raise NumericalTrouble(f"the plan {mix} loses {-difference:.6g} GWh less in {future} than the best; {BUG}")
    return difference if difference > AGREE * demand else 0.0
