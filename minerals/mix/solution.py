"""The mix that is chosen: stage after stage, with what each limit is worth and how far the mix is pinned down.

A mix is chosen by its objective, then among those as good by cost, then by least change from the incumbent, and at last
the sourcing nearest to pro rata. Each stage holds the ones before it. That is still not always one mix, so each share
has its range over all that are as good in all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cores import cores
from ..errors import Infeasible, SolverError
from ..haste import frozen, value_class
from .compiled import Compiled
from .data import (
    Disruption,
    Key,
    MixData,
    Region,
    RegionChemistryYear,
    RegionGroupYear,
    RegionLineLineYear,
    RegionLineYear,
    RegionMineralYear,
    RegionNodeSupplierYear,
    RegionSegmentChemistryYear,
    RegionSegmentYear,
    Year,
)
from .families import in_worth
from .family import index_of
from .model import build, build_sourcing
from .objective import idle_of
from .optimum import Optimum, Range
from .pyo import pyo

Array = NDArray[np.float64]
#: Least and largest share of a region's batteries, by chemistry or family.
Ranges = dict[RegionGroupYear, tuple[float, float]]
#: Units of the objectives.
UNIT = {
    "expected": "GWh", "worst": "GWh", "cvar": "GWh", "concentration": "GWh", "weighted": "weighted",
    "cost": "million USD_2025", "unmet_demand": "GWh", "least_change": "GWh", "usual": "years of need",
}  # fmt: skip
#: Shares apart by less than this are one: a tenth of a point.
PINNED = 0.001
#: Worths below this, in the unit of the objective per unit of the limit, are nothing.
WORTHLESS = 1e-6
#: Room to loosen a limit, beside its size, below which there is none.
ROOM = 1e-9
#: Share of a region's demand below which additions are rounding.
NO_SHARE = 1e-9
#: A cap that is missed by this part of it, or of the demand where that is more, is met.
NEARLY = 1e-9
#: Threads that seek floors, at most: each holds a programme of its own.
THREADS = 4


@frozen
class Criteria:
    """What a mix is chosen by, and within which caps."""

    objective: str = "expected"
    """One of `objective.py`."""
    risk: str = "expected"
    """Measure of the losses that `exposure_cap` limits."""
    unmet: bool = False
    """Whether demand may go unmet, as little as possible."""
    level: float = 0.8
    """α of the CVaR."""
    weights: Mapping[str, float] | None = None
    """Of objectives in a weighted sum."""
    cost_cap: float | None = None
    """Share above the cost of the cheapest mix, both with a priced excess."""
    exposure_cap: float | None = None
    """Most by `risk`, over all years [GWh]."""
    time_limit: float | None = None
    """Of each solve [s]."""


@value_class
class BindingLimit:
    """A limit that binds. stage: whose objective it weighs on; family, index: which one; limit: its right-hand side;
    worth: what one unit of loosening improves the objective by, ≥ 0, in `unit` of the objective per unit of the limit;
    holds: right-hand sides between which that is so; room: how far it can be loosened within them, above 0."""

    stage: str
    family: str
    index: Key
    limit: float
    worth: float
    holds: Range
    unit: str
    room: float


@value_class
class Stage:
    """One stage: its objective, the best value in its unit, and how it was found."""

    stage: str
    value: float
    unit: str
    algorithm: str
    iterations: int


@frozen
class Solution:
    """A mix and what is known of it.

    additions: (region, segment, chemistry, year) [GWh]; unmet: (region, segment, year) [GWh]; production, imports:
    (region, chemistry, year) [GWh]; built: (region, line, year), retrofitted: (region, from, to, year) [GWh/yr];
    sourced: (region, node, supplier, year) [kt or GWh]; secondary: (region, mineral, year) [kt]; excess: of the rule on
    one third country, as sourced.

    stages: in order; losses: of each disruption in the model, and least: waits for the least of any mix [GWh]; cost: of
    each part, and cheapest: of the mix with the least sum of them [million USD_2025]; ranges: of each share,
    (region, chemistry or family, year) → (low, high) [1]; limits: those that bind.
    """

    additions: dict[RegionSegmentChemistryYear, float]
    unmet: dict[RegionSegmentYear, float]
    production: dict[RegionChemistryYear, float]
    imports: dict[RegionChemistryYear, float]
    built: dict[RegionLineYear, float]
    retrofitted: dict[RegionLineLineYear, float]
    sourced: dict[RegionNodeSupplierYear, float]
    secondary: dict[RegionMineralYear, float]
    excess: dict[RegionNodeSupplierYear, float]
    stages: tuple[Stage, ...]
    losses: dict[Disruption, float]
    least: Callable[[], dict[Disruption, float]]
    cost: dict[str, float]
    cheapest: dict[str, float]
    ranges: Ranges
    limits: tuple[BindingLimit, ...]

    @property
    def floors(self) -> dict[Disruption, float]:
        """Least loss under each disruption of any mix [GWh]; not a number where that was not found in time."""
        return self.least()

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        return next(stage for stage in self.stages if stage.stage == name)


def _below_all(criteria: Criteria, least: float) -> str:
    """The message of a cap on exposure that no mix keeps; the cap that works is told to a round number above."""
    # Whole GWh, or two digits of what is less than one.
    grain = 1.0 if least >= 1 else 10.0 ** (math.floor(math.log10(least)) - 1)
    works = math.ceil(least / grain) * grain
    least_text = f"{least:,.1f}" if least >= 1 else f"{least:.2g}"
    within = f" at a cost up to {criteria.cost_cap:.0%} above the cheapest" if criteria.cost_cap is not None else ""
    return (
        f"exposure_cap = {criteria.exposure_cap:g}: no mix{within} loses less than {least_text} GWh "
        f"({criteria.risk}, over all years). Smallest cap that works: {works:.10g}. Nothing was written."
    )


def choose(data: MixData, criteria: Criteria, background: ExitStack | None = None) -> Solution:
    """Choose a mix. Raises Infeasible (with the model, for `conflict`), and what `Compiled.solve` raises.

    background: ends what of the floors is still sought when its body does; without one they are waited for here.
    """
    if background is not None:
        return _Chooser(data, criteria, background).choose()
    with ExitStack() as here:
        solution = _Chooser(data, criteria, here).choose()
        return replace(solution, least=solution.floors.copy)


class _Floors:
    """Least loss under each disruption of any mix [GWh], sought in threads of their own during the stages of a mix."""

    def __init__(self, compiled: Compiled, model: Any, nothing: float) -> None:
        """nothing: loss that counts as none [GWh]. The limits are those of this moment."""
        least, self.loss, self.nothing = compiled.snapshot(), model.loss, nothing
        self.pool = ThreadPoolExecutor(min(max(cores() - 1, 1), THREADS))
        self.sought = {d: self.pool.submit(least, model.floor[d], idle) for d, idle in idle_of(model).items()}
        self.zero: set[Disruption] = set()

    def drop_zeros(self) -> None:
        """Drop what has not begun where the loaded mix loses nothing: none loses less."""
        self.zero = {
            d for d, sought in self.sought.items() if pyo.value(self.loss[d]) <= self.nothing and sought.cancel()
        }

    def found(self) -> dict[Disruption, float]:
        """All of them, by disruption; waits for those that have begun. Not a number where the solver ran out of time or
        gave no answer: the mix is none the worse for it."""
        return {d: 0.0 if d in self.zero else _or_unknown(sought) for d, sought in self.sought.items()}

    def close(self) -> None:
        """Drop what has not begun."""
        self.pool.shutdown(cancel_futures=True)


def _or_unknown(sought: Future[float]) -> float:
    try:
        return sought.result()
    except SolverError:
        return math.nan


class _Chooser:
    """One model, solved stage after stage on a hot basis."""

    def __init__(self, data: MixData, criteria: Criteria, background: ExitStack) -> None:
        self.data, self.criteria, self.background = data, criteria, background
        self.model = build(data, level=criteria.level, weights=criteria.weights)
        self.compiled = Compiled(self.model, objective="unmet_demand", time_limit=criteria.time_limit)
        self.stages: list[Stage] = []
        self.limits: list[BindingLimit] = []

    def choose(self) -> Solution:
        criteria, model = self.criteria, self.model
        if criteria.unmet:
            self.compiled.keep(self._solve("unmet_demand", "unmet_demand", with_worth=True))
        else:
            for key in model.wanted:
                self.compiled.fix(model.unmet[key], 0.0)
        with ExitStack() as until_solved:
            # Of any mix, also of one that a cap bars.
            floors = _Floors(self.compiled, model, NO_SHARE * sum(self.data.demand.values()))
            until_solved.callback(floors.close)
            cheapest = self._solve("cheapest", "cost", with_worth=True)
            cheapest.load()
            parts = self._cost()
            best = self._best(cheapest, floors)
            ranges = self._ranges(best)
            best.load()
            solution = self._solution(parts, floors.found, ranges)
            # Only where no stage failed does somebody wait for them.
            self.background.push(until_solved.pop_all())
        return solution

    def _best(self, cheapest: Optimum, floors: _Floors) -> Optimum:
        """The mix by its objective, then by cost, then by change from the incumbent."""
        criteria = self.criteria
        if criteria.cost_cap is not None:
            # Held at its very least, the cheapest mix itself can miss it by the rounding of the solver.
            self.compiled.hold("cost", cheapest.objective, max(criteria.cost_cap, NEARLY))
        if criteria.exposure_cap is not None:
            least = self._solve("", criteria.risk).objective
            room = NEARLY * max(criteria.exposure_cap, sum(self.data.demand.values()))
            if least > criteria.exposure_cap + room:
                raise Infeasible(_below_all(criteria, least))
            # The least itself is kept where a cap is below it by no more than rounding.
            self.compiled.hold(criteria.risk, max(criteria.exposure_cap, least), NEARLY)
        # Without a cap on exposure the cheapest mix is that of the first stage, whose limits are told.
        same = criteria.objective == "cost" and criteria.exposure_cap is None
        best = self._solve("objective", criteria.objective, with_worth=not same)
        best.load()
        floors.drop_zeros()
        self.compiled.keep(best)
        if criteria.objective != "cost":
            best = self._solve("cost", "cost", afresh=False)
            self.compiled.keep(best)
        if self.data.incumbent:
            best = self._solve("least_change", "least_change", afresh=False)
            self.compiled.keep(best)
        return best

    def _sourced(self) -> dict[RegionNodeSupplierYear, float]:
        """Sourcing of the loaded mix nearest to pro rata, (region, node, supplier, year) [kt or GWh]."""
        if not self.data.usual:
            return {key: var.value for key, var in self.model.sourced.items() if (var.value or 0.0) > 0}
        # What is rounding of a chemistry may still use what is recovered, so that every number counts.
        mine, data = self.model, self.data
        additions, secondary, excess, production = (
            {key: var.value or 0.0 for key, var in component.items()}
            for component in (mine.additions, mine.secondary, mine.excess, mine.production)
        )
        model = build_sourcing(data, additions, secondary, excess, production)
        found = Compiled(model, objective="usual", time_limit=self.criteria.time_limit).solve()
        return {key: level for key, level in found.values_of(model.sourced).items() if level > 0}

    def _solve(self, stage: str, objective: Any, with_worth: bool = False, afresh: bool = True) -> Optimum:
        """Solve for an objective and keep the stage where it has a name; with_worth: keep what its limits are worth
        too; afresh: not from the basis, where the model is large."""
        self.compiled.optimise(objective)
        found = self.compiled.solve(afresh=afresh)
        if stage:
            run = found.run
            self.stages.append(Stage(stage, found.objective, UNIT[str(objective)], run.algorithm, sum(run.iterations)))
        if with_worth:
            self.limits += self._binding(stage, str(objective), found)
        return found

    # ------------------------------------------------------------------ what limits are worth

    def _binding(self, stage: str, objective: str, found: Optimum) -> Iterable[BindingLimit]:
        """Limits with a worth, caps on cost and exposure among them, each with the range over which it holds. One to
        which an earlier stage keeps is told there: loosened, it would change that stage first. One that is worth
        something only where it is tightened is not told."""
        for family in in_worth():
            for row in getattr(self.model, family, {}).values():
                worth = found.worth(row)
                if worth <= WORTHLESS or self.compiled.kept(row):
                    continue
                limit, holds = self.compiled.rhs(row), found.range(row)
                # Minimised: a limit with a dual below 0 gains where its right-hand side rises.
                room = holds.high - limit if found.dual(row) < 0 else limit - holds.low
                if room > ROOM * max(abs(limit), 1.0):
                    yield BindingLimit(stage, family, index_of(row), limit, worth, holds, UNIT[objective], room)

    # ------------------------------------------------------------------ how far shares are pinned

    def _ranges(self, best: Optimum) -> Ranges:
        """Range of each share of a region's batteries, over all mixes as good in every stage.

        Only shares that still move are asked for, by two solves each. One that moves as another does, the same way or
        the other way, moves as far.
        """
        wanted = self.data.wanted
        parts: dict[RegionGroupYear, list[int]] = {}
        for key in self.model.sold:
            r, _, c, y = key
            for group in (c, self.data.family[c]):
                parts.setdefault((r, group, y), []).append(self.compiled.column(self.model.additions[key]))
        face, ranges = self.compiled.face(best), Ranges()
        #: By region and year: change of each sum that was asked for, and how far it moves down and up [GWh].
        asked: dict[tuple[Region, Year], list[tuple[Array, float, float]]] = {}
        for key, mine in parts.items():
            value, change = float(best.values[mine].sum()), face.change[:, mine].sum(axis=1)
            known = asked.setdefault(key[::2], [])
            if face.still(change):
                down = up = 0.0
            elif ends := next(((down, up) for other, down, up in known if face.still(change - other)), None):
                down, up = ends
            elif ends := next(((down, up) for other, down, up in known if face.still(change + other)), None):
                up, down = ends
            else:
                low, high = face.ends(mine)
                down, up = max(value - low, 0.0), max(high - value, 0.0)
                known.append((change, down, up))
            whole = wanted[key[0], key[2]]
            ranges[key] = max(value - down, 0.0) / whole, max(value + up, 0.0) / whole
        return ranges

    # ------------------------------------------------------------------ numbers

    def _cost(self) -> dict[str, float]:
        """Parts of the cost of the loaded solution, whose sum is the objective `cost` [million USD_2025]."""
        model, one = self.model, self.data.one_country
        price = one.price if one and one.soft else 0.0
        return {
            "packs": pyo.value(model.packs_cost),
            "imports": pyo.value(model.imports_cost),
            "lines built": pyo.value(model.built_cost),
            "lines retrofitted": pyo.value(model.retrofitted_cost),
            "excess": price * sum(var.value or 0.0 for var in model.excess.values()),
        }

    def _solution(
        self, cheapest: dict[str, float], least: Callable[[], dict[Disruption, float]], ranges: Ranges
    ) -> Solution:
        model, whole = self.model, sum(self.data.demand.values())

        def values(component: Any) -> dict[Key, float]:
            # A variable that no limit and no objective has is no part of the programme, and has no value.
            return {index: var.value for index, var in component.items() if (var.value or 0.0) > NO_SHARE * whole}

        return Solution(
            additions=values(model.additions),
            unmet=values(model.unmet),
            production=values(model.production),
            imports=values(model.imports),
            built=values(model.built),
            retrofitted=values(model.retrofitted),
            sourced=self._sourced(),
            secondary=values(model.secondary),
            excess=values(model.excess),
            stages=tuple(self.stages),
            losses={d: pyo.value(model.loss[d]) for d in self.data.disruptions},
            least=least,
            cost=self._cost(),
            cheapest=cheapest,
            ranges=ranges,
            limits=tuple(self.limits),
        )


def risk_of(losses: Mapping[Disruption, float], weight: Mapping[Disruption, float], risk: str, level: float) -> float:
    """A risk measure of losses by disruption: the objective of `objective.py` for given losses [GWh].

    The CVaR is the mean of the worst 1 − level of the weights, a disruption counted in part where the tail ends in it.
    """
    whole = sum(weight[d] for d in losses)
    if risk == "worst":
        return max(loss for d, loss in losses.items() if weight[d] > 0)
    if risk == "expected":
        return sum(weight[d] * loss for d, loss in losses.items()) / whole
    left, total = 1 - level, 0.0
    for d in sorted(losses, key=lambda name: -losses[name]):
        part = min(weight[d] / whole, left)
        total, left = total + part * losses[d], left - part
    return total / (1 - level)
