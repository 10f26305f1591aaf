"""How little has to change until a mix reaches a target in a year: least change, least cost or least new chemistry.

The model is that of the run's mix, with its limits but without its caps on cost and exposure. Each target is a point:
its least, what one unit more of the target takes, and of the mixes that are as good the cheapest, or where cost is
least the one with the least change; of these the least exposed. A target that no mix reaches is told with the most that
can be. What is told of a target is what its mix comes to outside the model: a mineral by the intensities of the run,
GWh by a replay. The least leaves much open, so that it is told how far the share of each family can move among all
mixes that are nearly as good.

Source: Robinson (1990), Futures under glass: a recipe for people who hate to predict, Futures 22(8), on backcasting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import pairwise
from threading import Lock, local
from typing import Any

import numpy as np
import pandas as pd

from ..case.backcast import BackcastMix
from ..case.mix_lost import AGREE, BUG
from ..config import Backcast
from ..errors import Infeasible, NumericalTrouble, listed
from ..haste import frozen
from ..mix.backcast import add
from ..mix.data import Group, Region, Year
from ..mix.optimum import Optimum
from ..mix.session import TIES, Caps, Session
from ..mix.solution import LEAST_ROOM, UNIT
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of
from .points import solved
from .pool import Progress

#: Objective of the model by what is least, and of mixes as good in it what is least then.
GOALS = {"change": ("change", "cost"), "cost": ("cost", "change"), "new": ("new_cells", "cost")}
#: Part of a target by which a tighter one is tried.
STEP = 0.01
#: Part by which a target stays away from the most that can be, and parts by which what is least may be missed beside
#: `TIES`, from none on: at the very end the solver finds no second mix.
NEAREST, ROOMS = 1e-5, (0.0, 2e-6, 1e-5, 1e-4)
#: Part by which a target may lie beyond the most that can be, and is just reached: what a solver takes for none.
REACHED = 1e-7
#: Part of a cost below which a difference is rounding.
SAME_COST = 1e-12
#: The point without a target.
NONE = "none"
TABLE = ["silicon", "target", "status", "amount", "value", "unit", "least", "least_unit", "marginal", "marginal_from",
         "change", "cost", "more_cost", "new", "lost"]  # fmt: skip
FAMILIES = ["silicon", "target", "region", "family", "year", "value", "baseline", "share", "low", "high", "unit"]


def study(of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
    """Tables `backcast` and `backcast_family` of a chosen mix whose run has the study. kept, progress: as of any study.

    Raises InputError where a key does not fit the run, Infeasible where no mix keeps what the study holds, and the
    solver's own errors.
    """
    mix, config = of.mix, of.run.settings.study
    assert isinstance(config, Backcast)
    backcast = BackcastMix(mix, config)
    backcast.check()
    keys = [f"{silicon} {level}" for silicon in config.silicon for level in (NONE, *map(repr, backcast.levels))]
    here, one = local(), Lock()

    def point(key: str) -> dict[str, Any]:
        """A point, on a model of its thread; models are stated, and plans replayed, one at a time."""
        silicon, level = key.split()
        with one:
            if getattr(here, "silicon", "") != silicon:
                here.silicon, here.model = silicon, _Model(backcast, silicon)
        model: _Model = here.model
        solution = model.solve(None if level == NONE else float(level))
        with one:
            return model.outcome(solution)

    folder, identity = None, ""
    if kept is not None:
        kept.claim()
        chosen = hashlib.sha256(repr(sorted(mix.shares.items())).encode()).hexdigest()
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(keys), chosen)
    with ThreadPoolExecutor(config.workers) as threads:
        found = solved(keys, point, threads, folder, identity, progress)
    return Findings({"backcast": _table(backcast, found), "backcast_family": _families(backcast, found)})


@frozen
class _Point:
    """A target solved. status: met, just reached, out of reach or no target; amount: most kt or GWh of the target,
    infinite without one; least: of the goal; marginal: what one unit less takes of it, None where no mix can go that
    far, and where that is from; values: of all columns; ranges: least and largest share, by region and family."""

    status: str
    amount: float
    least: float
    marginal: tuple[float | None, str]
    values: Any
    ranges: dict[tuple[Region, Group], tuple[float, float]]


class _Model:
    """The model of a mix with what is asked, for each target afresh."""

    def __init__(self, backcast: BackcastMix, silicon: str) -> None:
        self.backcast, self.silicon, self.data = backcast, silicon, backcast.mix.data
        criteria, question = backcast.mix.config, backcast.question(silicon)
        self.new = question.new
        self.goal, self.then = GOALS[backcast.config.least]
        self.session = Session(
            self.data, "expected", level=criteria.level, time_limit=criteria.time_limit,
            more=partial(add, question=question),
        )  # fmt: skip
        # All rows are there from the start, so that no point hangs on those before it.
        with self.session.within(dict.fromkeys(("target", self.goal, self.then, criteria.risk), 0.0)):
            pass

    @cached_property
    def most(self) -> float:
        """The least that a mix brings the target down to [kt or GWh]."""
        self.session.compiled.highs.clearSolver()
        try:
            return self.session.optimum("target").objective
        except Infeasible:
            raise Infeasible(_nothing_kept(self.backcast, self.silicon)) from None

    def solve(self, level: float | None) -> _Point:
        """The mix of a target; None: without one."""
        session, backcast = self.session, self.backcast
        most = self.most  # Also without a target: no mix may keep what is held.
        status, amount, caps = "no target", np.inf, dict[str, float]()
        if level is not None:
            status, amount = _held(backcast.amount(level), most)
            caps = {"target": amount}
        session.compiled.highs.clearSolver()
        with session.within(caps):
            best = session.optimum(self.goal)
            least, marginal = best.objective, self._marginal(best, amount) if caps else (0.0, "")
        values = self._chosen(caps, least)
        return _Point(status, amount, least, marginal, values, self._ranges(caps, least))

    def _chosen(self, caps: Caps, least: float) -> Any:
        """Of the mixes as good that which is told, values of all columns."""
        for room in ROOMS:
            held, value = dict(caps), least
            try:
                for objective, further in pairwise((self.goal, self.then, self.backcast.mix.config.risk)):
                    more = room * max(abs(value), 1.0)
                    optimum = self.session.among_best(objective, value + more, further, held)
                    held[objective] = self.session.value(objective, optimum.values) + more
                    value = optimum.objective
                return optimum.values
            except (Infeasible, NumericalTrouble):
                if room == ROOMS[-1]:
                    raise
        raise AssertionError("a room is tried")

    def _marginal(self, best: Optimum, amount: float) -> tuple[float | None, str]:
        """By the dual as far as it holds, else from the model solved again with the target tighter by a step."""
        tighter = amount - STEP * amount
        if not amount or tighter < self.most:
            return None, ""
        if best.range("target").low <= tighter:
            return max(-best.dual("target"), 0.0), "dual"
        with self.session.within({"target": tighter}):
            further = self.session.optimum(self.goal)
        return (further.objective - best.objective) / (amount - tighter), "step"

    def _ranges(self, caps: Caps, least: float) -> dict[tuple[Region, Group], tuple[float, float]]:
        """Between what the share of each family lies in the year of the target, in all mixes nearly as good."""
        whole = sum(self.data.demand.values())
        room = max(self.backcast.mix.config.near, TIES[-1]) * max(abs(least), LEAST_ROOM * whole)
        families = dict.fromkeys(self.data.family[c] for c in self.data.chemistries)
        places = [(r, f) for r in self.data.regions if self.data.wanted.get((r, self.backcast.year)) for f in families]
        sums = np.array([self.session.share(r, family, [self.backcast.year]) for r, family in places])
        ends = self.session.nearly({**caps, self.goal: least + room}).ends(sums)
        return dict(zip(places, zip(ends.low.tolist(), ends.high.tolist(), strict=True), strict=True))

    def outcome(self, point: _Point) -> dict[str, Any]:
        """A point as JSON holds it, with what its mix comes to outside the model. Raises NumericalTrouble where that is
        above the target."""
        session, backcast, model = self.session, self.backcast, self.session.model
        levels = {
            name: {key: gwh for key, gwh in session.levels(getattr(model, name), point.values).items() if gwh > 0}
            for name in ("additions", "production", "imports", "sourced")
        }
        lost, of_year = backcast.losses(levels)
        value = backcast.minerals(levels["additions"]) if backcast.config.mineral else of_year
        whole = 1.0 if backcast.config.mineral else sum(self.data.demand.values())
        if value > point.amount + AGREE * max(point.amount, whole):
            raise NumericalTrouble(
                f"the mix of a target of {point.amount:.9g} {backcast.unit} has {value:.9g} outside the model; {BUG}"
            )
        by_family: dict[tuple[Region, Group, Year], float] = {}
        for (r, _, c, y), gwh in levels["additions"].items():
            key = r, self.data.family[c], y
            by_family[key] = by_family.get(key, 0.0) + gwh
        marginal, source = point.marginal
        return {
            "status": point.status, "value": value, "least": point.least, "marginal": marginal, "marginal_from": source,
            "change": session.value("change", point.values), "cost": session.value("cost", point.values),
            "new": sum(gwh for (_, _, c, _), gwh in levels["additions"].items() if c in self.new), "lost": lost,
            "families": [[*key, gwh] for key, gwh in sorted(by_family.items())],
            "ranges": [[*key, *ends] for key, ends in point.ranges.items()],
        }  # fmt: skip


def _nothing_kept(backcast: BackcastMix, silicon: str) -> str:
    """Why no mix can be asked."""
    names = {key: list(getattr(backcast.config, key)) for key in ("held", "only_fall", "only_grow")}
    held = [f"{key} = {some}" for key, some in names.items() if some]
    held += ["silicon = 'held'"] if silicon == "held" else []
    why = "no mix keeps to that and to the limits of [optimise], whatever the target; leave one of them out"
    return str(backcast.mix.run.problem(("study",), f"[study] with {listed(held) or 'nothing held'}", why))


def _held(amount: float, reachable: float) -> tuple[str, float]:
    """Status of a target, and the amount that its mix is held to. reachable: least that the target comes down to."""
    unit = max(abs(reachable), 1.0)
    nearest, missed = reachable + NEAREST * unit, reachable - REACHED * unit
    return "met" if amount >= nearest else "out of reach" if amount < missed else "just reached", max(amount, nearest)


def _target(level: str) -> float:
    return np.nan if level == NONE else float(level)


def _table(backcast: BackcastMix, found: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    rows = list[tuple[Any, ...]]()
    for key, point in found.items():
        silicon, level = key.split()
        marginal = np.nan if point["marginal"] is None else point["marginal"]
        rows.append((
            silicon, _target(level), point["status"], np.nan if level == NONE else backcast.amount(float(level)),
            point["value"], backcast.unit, point["least"], UNIT.get(GOALS[backcast.config.least][0], "GWh"), marginal,
            point["marginal_from"], point["change"], point["cost"],
            _beyond(point["cost"], found[f"{silicon} {NONE}"]["cost"]), point["new"], point["lost"],
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=TABLE)


def _beyond(cost: float, other: float) -> float:
    """What one costs more than another; nothing where that is rounding."""
    return cost - other if abs(cost - other) > SAME_COST * abs(cost) else 0.0


def _families(backcast: BackcastMix, found: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    rows, before = list[tuple[Any, ...]](), dict[Any, float]()
    for (r, _, c, y), gwh in backcast.baseline.items():
        place = r, backcast.mix.assembly.tables.family[c], y
        before[place] = before.get(place, 0.0) + gwh
    for key, point in found.items():
        silicon, level = key.split()
        mine = {(r, family, y): value for r, family, y, value in point["families"]}
        ends = {(r, family, backcast.year): (low, high) for r, family, low, high in point["ranges"]}
        for place in sorted({*mine, *before, *ends}):
            value = mine.get(place, 0.0)
            share = value / backcast.mix.data.wanted[place[0], place[2]]
            low, high = ends.get(place, (0.0, 0.0))
            # What a solver takes for an end may lie within the mix that is told.
            bounds = (max(min(low, share), 0.0), max(high, share)) if place[2] == backcast.year else (np.nan, np.nan)
            rows.append((silicon, _target(level), *place, value, before.get(place, 0.0), share, *bounds, "GWh"))
    return pd.DataFrame(rows, columns=FAMILIES)
