"""The mix that is chosen, and what is known of those beside it.

Chosen is the least exposed mix within a cap on its cost. As that is one point of a nearly flat optimum, it is told with
the set of all mixes that are nearly as good: how far shares move in it, some of them that differ most, and the one that
stands for them, which no solver or machine changes. Beside it stand the cheapest and the least exposed mix, the
incumbent's by the same rules, and the frontier of cost against exposure between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import Infeasible
from ..haste import frozen, loaded_beside, value_class
from .data import (
    Disruption,
    Group,
    Key,
    MixData,
    Region,
    RegionChemistryYear,
    RegionLineLineYear,
    RegionLineYear,
    RegionMineralYear,
    RegionNodeSupplierYear,
    RegionSegmentChemistryYear,
    RegionSegmentYear,
    RegionSupplierChemistryYear,
    Year,
)
from .frontier import Frontier
from .gains import Gain, gains
from .near import Ends, NearlyAsGood, examples
from .optimum import Optimum
from .replay import Library, is_long
from .session import WITHOUT_LOSS, Caps, Found, Session

Array = NDArray[np.float64]
#: Share of a chemistry or a family in the batteries of a region over some years.
Share = tuple[Region, Group, tuple[Year, ...]]
#: Units of the objectives.
UNIT = {
    "expected": "GWh", "worst": "GWh", "cvar": "GWh", "concentration": "GWh", "weighted": "weighted",
    "unbuilt": "GWh", "unbuilt_kt": "kt", "unmet_demand": "GWh", "priced": "million USD_2025",
    "cost": "million USD_2025",
}  # fmt: skip
#: Objectives that come before the cost: as much as can be is built, and what counts nothing is built too.
BUILT = ("unbuilt", "unbuilt_kt")
#: Objectives of which there is no frontier: cost itself, and what comes before cost.
WITHOUT_FRONTIER = ("cost", *BUILT)
#: Shares apart by less than this are one: a tenth of a point.
PINNED = 0.001
#: Share of a region's demand below which additions are rounding.
NO_SHARE = 1e-9
#: A cap that is missed by this part of it, or of the demand where that is more, is met.
NEARLY = 1e-9
#: Years of which ranges are told by default, and spans of years.
SHOWN = (2030, 2035, 2040)
SPANS = ((2031, 2035), (2036, 2040))
#: Mixes told as examples.
EXAMPLES = 10
#: Part of the demand that nearly as good means at least, so that a mix without loss has others beside it.
LEAST_ROOM = 1e-4
#: Part of the span of exposure by which points of the frontier are apart whose mixes are told.
APART = 0.06
#: How many of them are found at a time.
AT_ONCE = 2


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
    worth: float | None = None
    """What one unit less of the objective may cost [million USD_2025], in place of a cap."""
    exposure_cap: float | None = None
    """Most by `risk`, over all years [GWh]."""
    near: float = 0.0
    """Share of the best objective by which a mix may be worse and is nearly as good; 0: the best alone is told."""
    ranges: Literal["off", "default", "all"] = "off"
    """Of which shares it is told how far they move among mixes nearly as good."""
    frontier: Literal["off", "certified", "exact"] = "off"
    """Whether, and how, the frontier is found."""
    gains_and_incumbent: bool = True
    """Whether it is told what steps of limits gain, and what the incumbent's mix is exposed to."""
    time_limit: float | None = None
    """Of each solve [s]."""


@value_class
class Stage:
    """One stage: its objective, the best value in its unit, and how it was found."""

    stage: str
    value: float
    unit: str
    algorithm: str
    iterations: int


@frozen
class Plan:
    """What of a mix is played back. additions: (region, segment, chemistry, year), and of them production at home,
    (region, chemistry, year), and imports, (region, maker, chemistry, year) [GWh]; sourced: (region, node, supplier,
    year), of plants that follow the mix too [kt or GWh]."""

    additions: dict[RegionSegmentChemistryYear, float]
    production: dict[RegionChemistryYear, float]
    imports: dict[RegionSupplierChemistryYear, float]
    sourced: dict[RegionNodeSupplierYear, float]


@frozen
class Baseline(Plan):
    """One mix beside others, by the same rules. exposure: by the objective [its unit]; cost: of all years [million
    USD_2025]; breaks: families of limits that it does not keep."""

    exposure: float
    cost: float
    breaks: tuple[str, ...]


@frozen
class Near:
    """Mixes that are nearly as good. caps: what makes them so; ranges: least and largest share; examples: additions of
    some that differ most, (region, segment, chemistry, year) [GWh]; covered: mean part of the ranges that the examples
    span."""

    caps: dict[str, float]
    ranges: dict[Share, tuple[float, float]]
    examples: tuple[dict[RegionSegmentChemistryYear, float], ...]
    covered: float


@frozen
class Along:
    """The mix that stands for all nearly as good as a point of the frontier. exposure, cost: of that point [its unit;
    million USD_2025]; additions: (region, segment, chemistry, year) [GWh]."""

    exposure: float
    cost: float
    additions: dict[RegionSegmentChemistryYear, float]


@frozen
class Solution(Plan):
    """A mix and what is known of it. Of mixes nearly as good it is the one that stands for them.

    unmet: (region, segment, year) [GWh]; built: (region, line, year), retrofitted: (region, from, to, year) [GWh/yr];
    secondary: (region, mineral, year) [kt]; excess: of the rule on one third country, as sourced.

    stages: in order; losses: of each disruption with a weight [GWh]; cost: of each part, and cheapest: of the mix with
    the least sum of them [million USD_2025]; gains: what steps of limits would improve; best: the one at which the
    objective is least; baselines: mixes beside it, by name; near: mixes nearly as good, and frontier,
    where wanted; along: mixes that stand for points of the frontier, where both are.
    """

    unmet: dict[RegionSegmentYear, float]
    built: dict[RegionLineYear, float]
    retrofitted: dict[RegionLineLineYear, float]
    secondary: dict[RegionMineralYear, float]
    excess: dict[RegionNodeSupplierYear, float]
    stages: tuple[Stage, ...]
    losses: dict[Disruption, float]
    cost: dict[str, float]
    cheapest: dict[str, float]
    gains: tuple[Gain, ...]
    exposure: float
    best: float
    baselines: dict[str, Baseline]
    near: Near | None
    frontier: Frontier | None
    along: tuple[Along, ...]

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        return next(stage for stage in self.stages if stage.stage == name)


def _below_all(criteria: Criteria, least: float) -> str:
    """The message of a cap on exposure that no mix keeps; the cap that works is told to a round number above."""
    if least >= 1:
        works, least_text = float(math.ceil(least)), f"{least:,.1f}"
    else:
        # Two digits.
        grain = 10.0 ** (math.floor(math.log10(least)) - 1)
        works, least_text = math.ceil(least / grain) * grain, f"{least:.2g}"
    within = f" at a cost up to {criteria.cost_cap:.0%} above the cheapest" if criteria.cost_cap is not None else ""
    return (
        f"exposure_cap = {criteria.exposure_cap:g}: no mix{within} loses less than {least_text} GWh "
        f"({criteria.risk}, over all years). Smallest cap that works: {works:.10g}. Nothing was written."
    )


def choose(data: MixData, criteria: Criteria) -> Solution:
    """Choose a mix; of a long library the model takes in what presses, until nothing else does. Raises Infeasible (with
    the model, for `conflict`), and what `Compiled.solve` raises."""
    pressed = criteria.objective not in WITHOUT_LOSS or criteria.exposure_cap is not None
    # How far a slope holds is known of a whole model alone.
    lazy = pressed and criteria.frontier != "exact" and is_long(data)
    library = Library(data) if lazy else None
    while True:
        with suppress(_Missed):
            return _Chooser(data if library is None else library.within(), criteria, library).choose()


def nearly_as_good(
    data: MixData, criteria: Criteria, levels: Iterable[float]
) -> tuple[Session, dict[float, NearlyAsGood]]:
    """The model of a choice, and its mixes that are worse than the best by at most a share, by each of some shares.
    Raises what `choose` raises."""
    return _Chooser(data, criteria).nearly(levels)


class _Missed(Exception):
    """A mix assumes too much where the model leaves a disruption out."""


class _Chooser:
    """One session, asked stage after stage."""

    def __init__(self, data: MixData, criteria: Criteria, library: Library | None = None) -> None:
        self.data, self.criteria, self.library = data, criteria, library
        self.aim = "priced" if criteria.worth is not None else criteria.objective
        self.session = Session(
            data, criteria.objective, level=criteria.level, weights=criteria.weights, worth=criteria.worth,
            unmet=criteria.unmet or criteria.objective in BUILT, time_limit=criteria.time_limit, library=library,
        )  # fmt: skip
        self.stages: list[Stage] = []
        self.gains: list[Gain] = []

    def choose(self) -> Solution:
        criteria, session = self.criteria, self.session
        first = criteria.objective in BUILT
        # What is kept to from then on, the incumbent need not keep.
        incumbent = self._incumbent() if first or criteria.unmet else None
        self._before_cost()
        with loaded_beside("pandas"):  # of which the tables of a mix are made
            session.cheapest = self._cheapest()
        self._sure()
        caps = self._caps(self._least("cheapest"))
        least = None if first else self._best(caps)
        best = session.cheapest if least is None else session.found(least.values)
        near, shown = None, best
        # The mix that stands for those nearly as good takes longest, and is found beside the rest.
        with ThreadPoolExecutor(1) as executor:
            if criteria.near:
                near_caps = self._near_caps(caps, best, criteria.near)
                nearly = session.nearly(near_caps)
                standing = executor.submit(nearly.nearest, *session.target(nearly))
            if least is not None:
                with session.within(caps):
                    self._gaining("objective", self.aim, least, caps)
                self._sure()
                # Among all mixes nearly as good the cheapest of the best is none that is told.
                if self.aim != "cost" and not criteria.near:
                    best = shown = self._cheapest_of_best(caps, least)
            incumbent = incumbent or self._incumbent()
            if criteria.near:
                shown = session.standing(standing.result())
                self._sure()
                near = Near(near_caps, *self._moving(nearly, shown))
        baselines = {"cheapest": session.cheapest}
        baselines |= {"incumbent": incumbent} if incumbent is not None else {}
        frontier, along = None, tuple[Along, ...]()
        if criteria.frontier != "off" and criteria.objective not in WITHOUT_FRONTIER:
            baselines["least_exposed"] = session.least_exposed
            self._sure()
            frontier = session.frontier(exact=criteria.frontier == "exact")
            along = self._along(frontier) if criteria.near else ()
        self._sure()
        return self._solution(best, shown, baselines, near, frontier, along)

    def _before_cost(self) -> None:
        """Keep to what comes before the cost: that as much as can be is built, and as little as must be unmet."""
        criteria, session, first = self.criteria, self.session, self.criteria.objective in BUILT
        for stage in [*(["objective"] if first else []), *(["unmet_demand"] if first or criteria.unmet else [])]:
            objective = criteria.objective if stage == "objective" else stage
            optimum = session.optimum(objective)
            self._keep_stage(stage, objective, optimum)
            if optimum.objective > NO_SHARE * sum(self.data.demand.values()):
                self._gaining(stage, objective, optimum, {})
                optimum = session.optimum(objective)
            session.keep(optimum)

    def nearly(self, levels: Iterable[float]) -> tuple[Session, dict[float, NearlyAsGood]]:
        """The session, and mixes nearly as good by each share."""
        self._before_cost()
        cheapest = self._cheapest()
        caps = self._caps(self._least("cheapest"))
        best = cheapest if self.criteria.objective in BUILT else self.session.found(self._best(caps).values)
        return self.session, {near: self.session.nearly(self._near_caps(caps, best, near)) for near in levels}

    def _sure(self) -> None:
        """Raise _Missed where a mix found so far assumes too much."""
        if self.library is not None and self.library.missed:
            raise _Missed

    def _incumbent(self) -> Found | None:
        """The incumbent's mix by the rules of the run."""
        return self.session.incumbent() if self.data.incumbent and self.criteria.gains_and_incumbent else None

    def _keep_stage(self, stage: str, objective: str, found: Optimum) -> None:
        """Keep a stage."""
        run = found.run
        self.stages.append(Stage(stage, found.objective, UNIT[objective], run.algorithm, sum(run.iterations)))

    def _least(self, name: str) -> float:
        """The best value of a stage."""
        return next(stage.value for stage in self.stages if stage.stage == name)

    def _gaining(self, stage: str, objective: str, found: Optimum, caps: Caps) -> None:
        """Keep what steps of limits gain in a stage."""
        if self.criteria.gains_and_incumbent:
            self.gains += gains(self.session, stage, objective, UNIT[objective], found, caps)

    def _cheapest(self) -> Found:
        """The cheapest mix; of those the least exposed."""
        session = self.session
        with session.without_recourse():
            optimum = session.optimum("cost")
            self._keep_stage("cheapest", "cost", optimum)
        if self.criteria.objective != "cost":
            optimum = session.among_best("cost", optimum.objective, self.criteria.objective, {}, inside=True)
        return session.found(optimum.values)

    def _caps(self, least_cost: float) -> dict[str, float]:
        """Caps of the run on objectives, in their units."""
        criteria, caps = self.criteria, dict[str, float]()
        if criteria.cost_cap is not None:
            # Held at its very least, the cheapest mix itself can miss it by the rounding of the solver.
            caps["cost"] = least_cost + max(criteria.cost_cap, NEARLY) * abs(least_cost)
        if criteria.exposure_cap is not None:
            with self.session.within(caps):
                least = self.session.optimum(criteria.risk).objective
            self._sure()
            room = NEARLY * max(criteria.exposure_cap, sum(self.data.demand.values()))
            if least > criteria.exposure_cap + room:
                raise Infeasible(_below_all(criteria, least))
            # The least itself is kept where a cap is below it by no more than rounding.
            most = max(criteria.exposure_cap, least)
            caps[criteria.risk] = most + NEARLY * most
        return caps

    def _best(self, caps: Caps) -> Optimum:
        """The best by the objective."""
        with self.session.within(caps):
            # The session stands at the cheapest mix, or at the least exposed, which keeps the caps.
            optimum = self.session.onwards(self.aim)
        self._sure()
        self._keep_stage("objective", self.aim, optimum)
        return optimum

    def _cheapest_of_best(self, caps: Caps, best: Optimum) -> Found:
        """The cheapest mix of those as good as the best by the objective."""
        optimum = self.session.among_best(self.aim, best.objective, "cost", caps)
        self._keep_stage("cost", "cost", optimum)
        return self.session.found(optimum.values)

    def _near_caps(self, caps: Caps, best: Found, near: float) -> dict[str, float]:
        """What mixes keep to that are worse than the best by at most a share."""
        criteria = self.criteria
        if criteria.worth is not None:
            return {**caps, "priced": (best.cost + criteria.worth * best.exposure) * (1 + near)}
        if criteria.objective == "cost":
            return {**caps, "cost": best.cost * (1 + near)}
        room = near * max(abs(best.exposure), LEAST_ROOM * sum(self.data.demand.values()))
        name, most = criteria.objective, best.exposure + room
        return {**caps, name: min(most, caps.get(name, math.inf))}

    def _along(self, frontier: Frontier) -> tuple[Along, ...]:
        """The mixes along the frontier: at its ends and at points between that are well apart."""
        first, *between, last = points if len(points := frontier.vertices) > 1 else (*points, *points)
        kept, span = [first], first.exposure - last.exposure
        for point in between:
            if min(kept[-1].exposure - point.exposure, point.exposure - last.exposure) >= APART * span:
                kept.append(point)
        kept += [last] if last is not first else []
        near, name = self.criteria.near, self.criteria.objective
        least_room = LEAST_ROOM * sum(self.data.demand.values())
        sets = [
            self.session.nearly({
                name: point.exposure + near * max(abs(point.exposure), least_room),
                "cost": point.cost + near * abs(point.cost),
            })
            for point in kept
        ]  # fmt: skip
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda each: each.nearest(*self.session.target(each)), sets))
        for values in found:
            self.session.note(values)
        additions = self.session.model.additions
        return tuple(
            Along(point.exposure, point.cost, self._levels(additions, values))
            for point, values in zip(kept, found, strict=True)
        )

    def _moving(
        self, nearly: NearlyAsGood, shown: Found
    ) -> tuple[dict[Share, tuple[float, float]], tuple[dict[Any, float], ...], float]:
        """How far shares move, and mixes that differ most."""
        session, criteria = self.session, self.criteria
        shares = list(self._shares()) if criteria.ranges != "off" else []
        if not shares:
            return {}, (), 0.0
        sums = np.array([session.share(*share) for share in shares])
        ends = nearly.ends(sums)
        members = ends.members.reshape(-1, sums.shape[1])
        for each in members:
            session.note(each)
        by_family = np.array([share[1] not in self.data.family for share in shares])
        chosen = examples(members, sums[by_family], Ends(ends.low[by_family], ends.high[by_family], members), EXAMPLES)
        values = members[chosen] @ sums[by_family].T
        width = (ends.high - ends.low)[by_family]
        wide = width > PINNED
        covered = np.ptp(values, axis=0)[wide] / width[wide] if len(chosen) and wide.any() else np.ones(1)
        at = sums @ shown.values
        ranges = {
            share: (max(min(float(low), float(value)), 0.0), max(float(high), float(value)))
            for share, low, high, value in zip(shares, ends.low, ends.high, at, strict=True)
        }
        additions = (self._levels(session.model.additions, members[each]) for each in chosen)
        return ranges, tuple(additions), float(np.minimum(covered, 1.0).mean())

    def _shares(self) -> Iterable[Share]:
        """Shares whose ranges are told: of families in some years and spans, or of all, and of chemistries."""
        data, all_of = self.data, self.criteria.ranges == "all"
        families = dict.fromkeys(data.family.values())
        years = [y for y in data.years if all_of or y in SHOWN] or [data.years[-1]]
        spans = [tuple(y for y in data.years if first <= y <= last) for first, last in SPANS]
        sold = {(r, group, y) for r, _, c, y in data.sold for group in (c, data.family[c])}
        for r in data.regions:
            for group in (*families, *(data.chemistries if all_of else ())):
                wanted = [(y,) for y in years] + [span for span in spans if len(span) > 1 and group in families]
                for each in wanted:
                    if any((r, group, y) in sold for y in each) and any(data.wanted.get((r, y)) for y in each):
                        yield r, group, each

    # ------------------------------------------------------------------ numbers

    def _levels(self, component: Any, values: Array) -> dict[Key, float]:
        """Values of an indexed variable, by index, without those that are rounding."""
        least = NO_SHARE * sum(self.data.demand.values())
        return {key: level for key, level in self.session.levels(component, values).items() if level > least}

    def _baseline(self, found: Found) -> Baseline:
        model = self.session.model
        names = ("additions", "production", "imports", "sourced")
        plan: dict[str, Any] = {name: self._levels(getattr(model, name), found.values) for name in names}
        return Baseline(**plan, exposure=found.exposure, cost=found.cost, breaks=found.breaks)

    def _solution(
        self, best: Found, shown: Found, baselines: dict[str, Found], near: Near | None, frontier: Frontier | None,
        along: tuple[Along, ...],
    ) -> Solution:  # fmt: skip
        session, model = self.session, self.session.model
        names = ("additions", "unmet", "production", "imports", "built", "retrofitted", "sourced", "secondary")
        return Solution(
            **{name: self._levels(getattr(model, name), shown.values) for name in (*names, "excess")},
            stages=tuple(self.stages),
            losses=session.losses(shown.values),
            cost=session.cost(shown.values),
            cheapest=session.cost(baselines["cheapest"].values),
            gains=tuple(self.gains),
            exposure=shown.exposure,
            # Of the best with the least cost the exposure is higher by what a solver takes for none.
            best=self._least("objective") if self.aim == self.criteria.objective else best.exposure,
            baselines={name: self._baseline(found) for name, found in ({**baselines, "chosen": shown}).items()},
            near=near,
            frontier=frontier,
            along=along,
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
