"""What buys the most safety per dollar: the mix, stocks, plants, own cells, recycling, each alone and all together.

The study begins from the cheapest mix within the limits of the run; of several as cheap, from the one that stands for
them. At each budget beyond its cost it finds the least loss that a measure can buy, all else of the plan as it was;
that of all together is one model, and no sum. Or it finds the budget at which one more GWh costs what it is worth. Of
the plans that lose as little it tells the cheapest, so that where a budget is more than helps, what is spent is what is
needed. What a plan loses is one number, what it spends on the mix, on stocks, on plants and on recycling is not: of all
together each part has the range that it has among plans that cost no more and lose nearly as little, by `near` of
[optimise]. A disruption of m months takes m ÷ 12 of what it takes in a year, and uses a stock up once. Each point is
played back with its plan fixed, and both agree to 1e-6 of the demand. Losses fall ever less with the budget, as they
are optima of linear programmes.

Recycling relieves mined and refined materials alone. What it avoids at most, whatever it costs, and what it takes off
each node that a stop takes something of, is told beside the budgets.

Draws ask how much of this hangs on what nobody knows well: in each, what stocks, plants and recycling cost, how fast
plants grow, and how much and for how long each disruption takes are others, and every measure is found anew at every
budget, beyond the same cheapest mix. Each draw is a model of its own, which begins from bases of the one at the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from itertools import combinations, product
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ..case.measures import (
    Bought,
    as_drawn,
    hit_as,
    losses_with,
    own_lengths,
    plants_at,
    rows_used,
    running,
    with_measures,
    yearly_cost,
)
from ..case.mix_lost import AGREE, BUG
from ..case.optimise import Mix
from ..case.plant_places import OUTSIDE, labels_of, places_of
from ..case.recycling import most_taken_off
from ..config import Measures
from ..errors import Infeasible, InputError, NumericalTrouble
from ..exposure.draws import Streams
from ..exposure.window import YEAR
from ..haste import frozen
from ..mix.compiled import NamedBasis
from ..mix.data import MixData
from ..mix.near import Ends
from ..mix.optimum import Optimum
from ..mix.session import Session
from ..mix.solution import LEAST_ROOM, risk_of
from ..tables.expansion import discount_rate, material_price, plants_in
from ..tables.inputs import Inputs
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of, shares_of
from .points import solved
from .pool import Progress

T = TypeVar("T")

#: All measures together.
ALL = "all"
#: None of them: the cheapest mix.
NOTHING = "none"
#: What recycling avoids at most, and takes off each node.
REACH = "reach"
#: Variables of what is bought beside the mix, by measure.
EXTRAS = {"stock": "stock", "plants": "plants", "recycling": "recycled"}
#: Ways to recover more, as they are told.
WAYS = {
    "collection": "More collection", "pyro": "Pyrometallurgy", "hydro": "Hydrometallurgy",
    "direct": "Direct recycling", "scrap_pyro": "Pyrometallurgy of scrap", "scrap_hydro": "Hydrometallurgy of scrap",
    "scrap_direct": "Direct recycling of scrap",
}  # fmt: skip
#: Parts by which a plan, its cost and its loss may move where they are held: the least at which the solver, which
#: rounds too, finds a mix.
SLACKS = (1e-10, 1e-8, 1e-7, 1e-6)
#: Parts of the least cost, and of what the cheapest mix loses, within which a mix is as cheap: the first at which the
#: method that finds the one that stands for all has room.
AS_CHEAP = (1e-7, 1e-6, 1e-5)
#: As many times that far may be those for which it stands: at a corner it would hang on the last digits of both.
ROOM = 3.0
#: Million USD in a billion.
BILLION = 1000.0
#: Amounts below this part of what is needed of a node are rounding of the solver.
LEAST = 1e-6
#: Measures that avoid the same to this part of what is lost at the values avoid as much.
ALIKE = 1e-5
#: Percentiles of the draws that are told.
PERCENTILES = (5.0, 50.0, 95.0)
SPENT = ["mix_cost", "stock_cost", "plants_cost", "recycling_cost"]
RANGES = [f"{part}_{end}" for part in SPENT for end in ("low", "high")]
POINT = ["months", "measures", "budget", "value", "avoided", "per_billion", "marginal", "marginal_cost", "replayed",
         *SPENT, *RANGES, "unit"]  # fmt: skip
BOUGHT = ["months", "measures", "budget", "measure", "region", "node", "label", "place", "year", "value", "cost",
          "unit"]  # fmt: skip
DRAWN = ["budget", "measures", "measure", "value", "p5", "p50", "p95", "unit"]
ORDER = ["budget", "a", "b", "value", "alike", "unit"]
PLACES = ["node", "label", "place", "stands", "value", "low", "high", "lead", "unit"]
RECYCLING = ["months", "measure", "node", "label", "value", "unit"]
#: Parts of the plan of a mix, and what goes with it.
PLAN = ("additions", "production", "imports")
WITH_IT = ("secondary", "sourced", "excess")


def study(of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
    """Tables `measures` and `measures_bought` of a chosen mix whose run has the study; with what a GWh is worth
    `measures_worth` too, with recycling `measures_recycling`, and with draws `measures_drawn` and `measures_order`.

    kept, progress: as of any study. Raises InputError where several regions share the budget, and the solver's own
    errors.
    """
    mix, inputs, config = of.mix, of.inputs, of.run.settings.study
    assert isinstance(config, Measures)
    if len(mix.data.regions) > 1:
        why = "buys for one region, whose disruptions leave one pool; name a single one in scope.regions"
        raise InputError([mix.run.problem(("study",), "[study] of kind 'measures'", why)])
    names = list(dict.fromkeys((*config.which, ALL)))
    curve_names = [*names, *([REACH] if "recycling" in names else ())]
    curves = [f"{months:g} {name}" for months in dict.fromkeys(config.months) for name in curve_names]
    draws = [f"draw {draw}" for draw in range(1 + config.draws)] if config.draws else []
    grids: dict[str, Grid] = {}
    made: list[_Draws] = []

    @cache
    def cheapest() -> Cheapest:
        return cheapest_of(mix)

    def curve(key: str) -> Any:
        """Points of a measure at all budgets and worths; or what each measure avoids in a draw."""
        months, name = key.split()
        if months == "draw":
            if not made:
                made.append(_Draws(mix, inputs, config, names, cheapest()))
            return made[0].draw(int(name))
        if months not in grids:
            grids.clear()
            lasts = dict.fromkeys(mix.data.disruptions, float(months) / YEAR)
            data = with_measures(mix, inputs, config, lasts, additions=cheapest().plan["additions"])
            grids[months] = Grid(mix, data, cheapest())
        return grids[months].reach() if name == REACH else grids[months].curve(name)

    keys, folder, identity = [*curves, *draws], None, ""
    if kept is not None:
        kept.claim()
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(keys), shares_of(mix))
    with ThreadPoolExecutor(1) as alone:
        found = solved(keys, curve, alone, folder, identity, progress)
    nodes = mix.assembly.chokepoints.inputs
    units = {node.node: (nodes.node_labels[node.node], node.unit) for node in nodes.nodes}
    reaches = {key.split()[0]: found[key] for key in curves if key.split()[1] == REACH}
    (home,) = mix.data.regions
    named = labels_of(inputs, home)
    out = _tables({key: found[key] for key in curves if key.split()[1] != REACH}, units, named)
    if config.places != (OUTSIDE,):
        out["measures_places"] = _places(mix, inputs, config, units, named)
    if reaches:
        out["measures_recycling"] = _reached(reaches, units)
    if not config.worth:
        del out["measures_worth"]
    if draws:
        out |= _of_draws(_spent(config), names, [found[key] for key in draws])
    rows = rows_used(with_measures(mix, inputs, config, {}), inputs)
    return Findings(out, rows, {"as_cheap": cheapest().within})


def _spent(config: Measures) -> list[float]:
    """Budgets that buy something, rising."""
    return sorted({budget for budget in config.budgets if budget > 0})


@frozen
class Cheapest:
    """The mix that stands for those as cheap, of these for the least exposed. plan: its additions, production and
    imports, by name and key [GWh]; cost [million USD]; within: the part of AS_CHEAP that it was found in."""

    plan: Mapping[str, Mapping[Any, float]]
    cost: float
    within: float


def cheapest_of(mix: Mix) -> Cheapest:
    """The cheapest mix within the limits of a run, for disruptions of any length.

    Several are as cheap, and what they lose and what stocks and plants avoid of that differs. So that no solver chooses
    among them, the least exposed of those is found that cost no more than AS_CHEAP beyond the least; and of all that
    cost and lose at most ROOM times that much more, the one that stands for them, as one does for all that are nearly
    as good as an optimum: the nearest to what is bought today. Raises the solver's own errors where it finds none:
    any other would be its choice."""
    criteria = mix.config
    session = Session(mix.data, criteria.risk, level=criteria.level, time_limit=criteria.time_limit)
    # The least exposed of the cheapest too: from it on the solver finds those that cost hardly more.
    least = session.least("cost", criteria.risk).cost
    for part in AS_CHEAP:
        room = part * abs(least)
        try:
            exposure = session.least(criteria.risk, caps={"cost": least + room}).exposure
            lost = exposure + ROOM * part * max(abs(exposure), 1.0)
            found = session.representative(session.nearly({"cost": least + ROOM * room, criteria.risk: lost}))
        except (Infeasible, NumericalTrouble):
            if part == AS_CHEAP[-1]:
                raise
        else:
            return Cheapest(
                {name: session.levels(getattr(session.model, name), found.values) for name in (*PLAN, *WITH_IT)},
                found.cost,
                part,
            )
    raise AssertionError("a part is tried")


class Grid:
    """One model for disruptions of some lengths, solved for each measure and budget. cheapest: the mix that it begins
    from."""

    def __init__(self, mix: Mix, data: MixData, cheapest: Cheapest) -> None:
        config = mix.run.settings.study
        assert isinstance(config, Measures)
        self.mix, self.data, self.config, self.cheapest = mix, data, config, cheapest
        criteria = mix.config
        self.aim = criteria.risk
        # What a GWh is worth is told before each question.
        self.session = Session(
            data, self.aim, level=criteria.level, worth=1.0 if config.worth else None, time_limit=criteria.time_limit
        )  # fmt: skip

    @cached_property
    def loss(self) -> float:
        """The least that the cheapest mix loses [GWh]."""
        return max(self.least(NOTHING, 0.0).objective, 0.0)

    def _nothing(self, *names: str) -> list[tuple[Any, float]]:
        model, there = self.session.model, self.session.compiled.form.column_of
        return [(each, 0.0) for name in names for each in getattr(model, name).values() if id(each) in there]

    def _as_cheapest(self, *names: str, but_cells: bool = False) -> list[tuple[Any, float]]:
        """Parts of the plan as the cheapest mix has them; what is sourced without cells, where these may change."""
        model, plan, cells = self.session.model, self.cheapest.plan, set(self.data.cells) if but_cells else set()
        return [
            (getattr(model, name)[key], level)
            for name in names for key, level in plan[name].items() if key[1] not in cells
        ]  # fmt: skip

    @contextmanager
    def _only(self, name: str, slack: float) -> Iterator[None]:
        """Nothing but a measure may change as long as the body lasts."""
        allowed = set(self.config.which) if name == ALL else {name}
        compiled = self.session.compiled
        with ExitStack() as stack:
            stack.enter_context(compiled.held(self._nothing(*(EXTRAS[each] for each in EXTRAS if each not in allowed))))
            if "mix" not in allowed:
                own, recycled = "own_cells" in allowed, "recycling" in allowed
                stack.enter_context(compiled.held(self._as_cheapest("additions"), slack=slack))
                if not recycled:
                    stack.enter_context(compiled.held(self._as_cheapest("secondary"), slack=slack))
                if not own:
                    stack.enter_context(compiled.held(self._as_cheapest("production", "imports"), slack=slack))
                elif not self.data.together:
                    # Cells come home, and go from no maker abroad to another.
                    stack.enter_context(compiled.held(self._as_cheapest("imports"), slack=slack, below=True))
                # What is sourced, of plants that follow too, and what exceeds the rule on one third country. Where more
                # is recovered less is sourced, and what is left may exceed the rule by more.
                held = self._as_cheapest("sourced", but_cells=own)
                stack.enter_context(compiled.held(held, slack=slack, below=recycled))
                if not recycled:
                    stack.enter_context(compiled.held(self._as_cheapest("excess", but_cells=own), slack=slack))
            yield

    def curve(self, name: str) -> list[dict[str, Any]]:
        """Points of a measure at all budgets and worths, each from the basis of the one before. What was solved for
        other measures leaves no trace, so that it does not matter which were found before an interruption: the row that
        holds the loss is there from the first."""
        with self.session.within({self.aim: self.loss}):
            self.session.compiled.highs.clearSolver()
        points = [self.point(name, budget) for budget in sorted(set(self.config.budgets))]
        return points + [self.worthwhile(name, worth) for worth in sorted(set(self.config.worth))]

    def reach(self) -> dict[str, Any]:
        """What more recycling avoids at most of what is lost, whatever it costs [GWh], and what it takes at most, over
        all years, off each node that a disruption takes something of [kt]."""
        data = self.data
        with self.session.within({self.aim: self.loss}):
            self.session.compiled.highs.clearSolver()
        least = self._found("recycling", self.aim, lambda _: {}).objective
        hit = {
            (n, y) for (d, q, n, y), left in data.accessible.items()
            if data.weight[d] > 0 and left < data.undisturbed[q, n, y]
        }  # fmt: skip
        taken = dict.fromkeys((n for n in data.nodes if any(n == node for node, _ in hit)), 0.0)
        for (n, y), amount in most_taken_off(data).items():
            if (n, y) in hit:
                taken[n] += amount
        return {"lost": self.loss, "avoided": max(self.loss - max(least, 0.0), 0.0), "taken": taken}

    def least(self, name: str, budget: float, start: NamedBasis | None = None) -> Optimum:
        """The least loss that a measure buys for so many billion USD. start: the basis to begin from, by default the
        last."""
        return self._found(name, self.aim, lambda slack: self._caps(budget, slack), start)

    def _caps(self, budget: float, slack: float) -> dict[str, float]:
        """What a mix may cost with so many billion USD [million USD]."""
        cost = self.cheapest.cost
        return {"cost": cost + slack * abs(cost) + budget * BILLION}

    def _found(
        self, name: str, objective: str, caps: Callable[[float], dict[str, float]], start: NamedBasis | None = None
    ) -> Optimum:
        """Least of an objective where nothing but a measure may change. caps: on objectives, by the slack."""

        def least(caps: dict[str, float]) -> Optimum:
            with self.session.within(caps):
                if start is not None:
                    self.session.compiled.begin_from(start)
                return self.session.nearby(objective)

        return self._held(name, caps, least)

    def _held(self, name: str, caps: Callable[[float], dict[str, float]], find: Callable[[dict[str, float]], T]) -> T:
        """What is found within caps, by the slack, where nothing but a measure may change: with the least slack at
        which the solver finds it."""
        for slack in SLACKS:
            try:
                with self._only(name, slack):
                    return find(caps(slack))
            except (Infeasible, NumericalTrouble):
                if slack == SLACKS[-1]:
                    raise
        raise AssertionError("a slack is tried")

    def ranges(self, name: str, values: Any) -> dict[str, float]:
        """Least and largest that is spent on the mix, on stocks and on plants among plans that cost no more than one
        and lose nearly as little [million USD]; empty for a measure alone, and where no plan counts as nearly as good.
        values: of all columns of the plan."""
        out, near = dict.fromkeys(RANGES, np.nan), self.mix.config.near
        if name != ALL or not near:
            return out
        session, demand = self.session, sum(self.data.demand.values())
        loses, costs = session.value(self.aim, values), session.value("cost", values)
        room = near * max(abs(loses), LEAST_ROOM * demand)

        def ends(caps: dict[str, float]) -> Ends:
            nearly = session.nearly(caps)
            weights = {part: np.zeros(len(nearly.lower)) for part in SPENT}
            for part, (weight, _) in session.cost_parts.items():
                kind = f"{part}_cost" if f"{part}_cost" in SPENT else "mix_cost"
                weights[kind][: len(weight)] += weight
            return nearly.ends(np.array([weights[part] for part in SPENT]))

        found = self._held(name, lambda slack: {"cost": costs + slack * abs(costs), self.aim: loses + room}, ends)
        anyway = sum(constant for _, constant in session.cost_parts.values()) - self.cheapest.cost
        for part, low, high in zip(SPENT, found.low, found.high, strict=True):
            by = anyway if part == "mix_cost" else 0.0
            out |= {f"{part}_low": float(low) + by, f"{part}_high": float(high) + by}
        return out

    def point(self, name: str, budget: float) -> dict[str, Any]:
        """The least loss that a measure buys for so many billion USD, and what that is: the cheapest that loses as
        little."""
        found = self.least(name, budget)
        least, marginal, values = found.objective, max(-found.dual("cost"), 0.0) * BILLION, found.values
        room = max(abs(least), 1.0)
        # Where the last of the money avoids nothing, what it buys would be chance.
        if budget > 0 and marginal * budget <= SLACKS[0] * room:
            values = self._found(
                name, "cost", lambda slack: {**self._caps(budget, slack), self.aim: least + slack * room}
            ).values
        outcome = {**self.outcome(least, values), **self.ranges(name, values)}
        return {"budget": budget, "worth": None, **outcome, "marginal": marginal}

    def worthwhile(self, name: str, worth: float) -> dict[str, Any]:
        """What a measure buys where a GWh that is not lost is worth so many million USD, and loses no more than the
        cheapest mix: one that is cheaper by a tie of the solver would, where a GWh is worth little."""
        self.session.price(worth)
        values = self._found(name, "priced", lambda slack: {self.aim: self.loss + slack * max(self.loss, 1.0)}).values
        spent = self.session.value("cost", values) - self.cheapest.cost
        outcome = {**self.outcome(self.session.value(self.aim, values), values), **self.ranges(name, values)}
        return {"budget": max(spent, 0.0) / BILLION, "worth": worth, **outcome, "marginal": BILLION / worth}

    def outcome(self, least: float, values: Any) -> dict[str, Any]:
        """What a plan loses and costs, and what is bought beside it. What it loses lies between nothing and what the
        cheapest mix does; what is beyond is rounding. Raises NumericalTrouble where it loses another amount when it is
        played back."""
        session, data, model, risk = self.session, self.data, self.session.model, self.mix.config
        levels = {
            name: {key: amount for key, amount in session.levels(getattr(model, name), values).items() if amount > 0}
            for name in (*PLAN, "sourced", *EXTRAS.values())
        }
        levels["plants"] = running(data, levels["plants"])
        replayed = risk_of(losses_with(self.mix, data, Bought(**levels)), data.weight, risk.risk, risk.level)
        least = min(max(least, 0.0), self.loss)
        longest = max((data.lasts[d] for d in data.disruptions), default=1.0)
        if abs(replayed - least) > AGREE * longest * sum(data.demand.values()):
            raise NumericalTrouble(
                f"the plan loses {replayed:.9g} GWh when it is played back, and in the model {least:.9g}; {BUG}"
            )
        cost = session.cost(values)
        measure_costs = {f"{name}_cost": cost.pop(name, 0.0) for name in EXTRAS}
        most: dict[Any, float] = {}
        for (_, n, _, y), amount in levels["sourced"].items():
            most[n, y] = most.get((n, y), 0.0) + amount
        for way, stream in data.recycling_from.items():
            for r, y in product(data.regions, data.years):
                most[way, y] = most.get((way, y), 0.0) + data.recycling_most.get((r, stream, y), 0.0)
        paid: dict[str, Mapping[Any, float]] = {
            "stock": data.stock_cost, "plants": data.plant_cost, "recycling": data.recycling_cost,
        }  # fmt: skip
        return {
            "value": least, "replayed": replayed, "none": self.loss,
            "mix_cost": sum(cost.values()) - self.cheapest.cost, **measure_costs,
            "bought": [
                [measure, r, n, j, y, amount, paid[measure][key] * data.discount.get(y, 1.0) * amount]
                for measure, variable in EXTRAS.items() for key, amount in sorted(levels[variable].items())
                for r, n, j, y in [key if len(key) == 4 else (*key[:2], "", key[2])]
                if amount > LEAST * max(most.get((n, y), 0.0), 1.0)
            ],
        }  # fmt: skip


class _Draws:
    """What each measure avoids at each budget in draws of what is uncertain, beyond one cheapest mix: that at the
    values, as nothing is drawn of what it costs."""

    def __init__(self, mix: Mix, inputs: Inputs, config: Measures, names: Sequence[str], cheapest: Cheapest) -> None:
        self.mix, self.inputs, self.config, self.names = mix, inputs, config, names
        self.streams = Streams(config.draws, config.seed)
        self.cheapest = cheapest
        self.starts: dict[str, NamedBasis] = {}
        additions = cheapest.plan["additions"]
        at_values = Grid(mix, with_measures(mix, inputs, config, own_lengths(mix), additions=additions), cheapest)
        self.at_values = self._avoided(at_values, keep=True)

    def draw(self, draw: int) -> dict[str, Any]:
        """What is lost of the cheapest mix in a draw, and what each measure avoids of it at each budget [GWh]. The last
        point is played back."""
        if draw == 0:
            return self.at_values
        value = as_drawn(self.streams, draw)
        mix = hit_as(self.mix, value)
        additions = self.cheapest.plan["additions"]
        data = with_measures(mix, self.inputs, self.config, own_lengths(mix), value, additions=additions)
        return self._avoided(Grid(mix, data, self.cheapest))

    def _avoided(self, grid: Grid, keep: bool = False) -> dict[str, Any]:
        """The same in a model. keep: whether others begin from its bases."""
        found, losses, compiled = None, dict[str, list[float]](), grid.session.compiled
        for name, budget in [(NOTHING, 0.0), *product(self.names, _spent(self.config))]:
            first = name not in losses
            if first:
                compiled.highs.clearSolver()
            found = grid.least(name, budget, self.starts.get(name) if first else None)
            losses.setdefault(name, []).append(found.objective)
            # What holds the mix is solved as fast without a basis.
            if keep and first and name in ("mix", ALL):
                self.starts[name] = compiled.named_basis()
        if found is not None and not keep:
            grid.outcome(found.objective, found.values)
        lost = max(losses.pop(NOTHING)[0], 0.0)
        avoided = {name: [max(lost - max(each, 0.0), 0.0) for each in of] for name, of in losses.items()}
        return {"lost": lost, "avoided": avoided}


def _tables(
    found: Mapping[str, list[dict[str, Any]]], nodes: Mapping[str, tuple[str, str]], places: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Tables of all points: at budgets, where a GWh has a worth, and of what they buy. nodes: label and unit; places:
    labels."""
    points: list[tuple[float, str, dict[str, Any]]] = []
    for key, each in found.items():
        months, name = key.split()
        points += [(float(months), name, point) for point in each]

    def rows(of: str) -> list[tuple[Any, ...]]:
        return [
            (months, name, point[of], point["value"], point["none"] - point["value"],
             _ratio(point["none"] - point["value"], point["budget"]), point["marginal"],
             _ratio(BILLION, point["marginal"]), point["replayed"],
             *(point[part] for part in (*SPENT, *RANGES)), "GWh")
            for months, name, point in points if (point["worth"] is None) == (of == "budget")
        ]  # fmt: skip

    labels = {**nodes, **{way: (label, "GWh") for way, label in WAYS.items()}}
    bought = [
        (months, name, point["budget"], measure, r, n, labels[n][0], _stands(j, places), y, *amounts, labels[n][1])
        for months, name, point in points if point["worth"] is None for measure, r, n, j, y, *amounts in point["bought"]
    ]  # fmt: skip
    worth = pd.DataFrame(rows("worth"), columns=["worth" if name == "budget" else name for name in POINT])
    worth.insert(3, "budget", [point["budget"] for _, _, point in points if point["worth"] is not None])
    return {
        "measures": pd.DataFrame(rows("budget"), columns=POINT), "measures_worth": worth,
        "measures_bought": pd.DataFrame(bought, columns=BOUGHT),
    }  # fmt: skip


def _stands(where: str, labels: Mapping[str, str]) -> str:
    """Where something stands, in words; nothing where it has no place of its own."""
    return " or ".join(labels[place] for place in where.split(" or ")) if where else ""


def _places(
    mix: Mix, inputs: Inputs, config: Measures, units: Mapping[str, tuple[str, str]], labels: Mapping[str, str]
) -> pd.DataFrame:
    """Places in which plants of each node may stand, with what one costs a year at the price of the first year, and as
    what they are told."""
    data, assembly = with_measures(mix, inputs, config, {}), mix.assembly
    places, rate = places_of(assembly, config.places), float(discount_rate(inputs, "project")[0])
    rows = list[tuple[Any, ...]]()
    for n in dict.fromkeys(node for node, _ in data.plant_lead):
        price, at = float(material_price(inputs, n, data.years)[0, 0]), assembly.nodes.index(n)
        for standing in plants_at(places, inputs, config, n, at, rate, price):
            for place in standing.places:
                plants = plants_in(inputs, n, place)
                cost, stands = yearly_cost(plants, rate, config.plant_life, price), _stands(standing.where, labels)
                unit = f"million USD_2025/({units[n][1]}/yr)/yr"
                rows.append((n, units[n][0], labels[place], stands, *cost, float(plants.lead[0]), unit))
    return pd.DataFrame(rows, columns=PLACES)


def _reached(found: Mapping[str, dict[str, Any]], nodes: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """What recycling avoids at most, and what it takes off each node, by months of a disruption."""
    rows = list[tuple[Any, ...]]()
    for months, reach in found.items():
        rows += [(float(months), each, ALL, "All nodes", reach[each], "GWh") for each in ("lost", "avoided")]
        rows += [(float(months), "taken_off", n, *nodes[n][:1], kt, nodes[n][1]) for n, kt in reach["taken"].items()]
    return pd.DataFrame(rows, columns=RECYCLING)


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else np.nan


def _of_draws(
    budgets: Sequence[float], names: Sequence[str], draws: Sequence[dict[str, Any]]
) -> dict[str, pd.DataFrame]:
    """Tables of what measures avoid in draws, the first of which is at the values, and of how often one avoids more
    than another."""
    lost = np.array([draw["lost"] for draw in draws])
    by_name = {name: np.array([draw["avoided"][name] for draw in draws]) for name in names}
    least = ALIKE * lost[0]
    rows, order = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for (at, budget), (name, avoided) in product(enumerate(budgets), by_name.items()):
        gwh = avoided[:, at]
        part = np.divide(gwh, lost, out=np.zeros_like(gwh), where=lost > 0)
        for measure, each, unit in (("avoided", gwh, "GWh"), ("share_avoided", part, "1")):
            rows.append((budget, name, measure, each[0], *np.percentile(each[1:], PERCENTILES), unit))
    for (at, budget), (a, b) in product(enumerate(budgets), combinations([name for name in names if name != ALL], 2)):
        more = (by_name[a][:, at] - by_name[b][:, at])[1:]
        ahead, alike = (more > least).mean(), (abs(more) <= least).mean()
        order.append((budget, a, b, float(ahead), float(alike), "1"))
    return {"measures_drawn": pd.DataFrame(rows, columns=DRAWN), "measures_order": pd.DataFrame(order, columns=ORDER)}
