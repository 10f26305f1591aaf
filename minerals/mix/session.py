"""One model of a mix, built and compiled once, for many questions: least of an objective within caps on others, the
frontier of cost against exposure, how far shares move among mixes that are nearly as good, and the one that stands for
them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.repn import generate_standard_repn

from ..errors import Infeasible, NumericalTrouble
from ..haste import frozen
from ..highs import INF, accepted, optimum, solver
from .compiled import Compiled
from .constraints import recourse
from .data import (
    Disruption,
    Group,
    Key,
    MixData,
    Region,
    RegionChemistryYear,
    RegionSegmentChemistryYear,
    Supplier,
    Year,
)
from .families import FAMILIES, LIMITS
from .family import Kind, Limit
from .frontier import Edge, Frontier, Vertex, sandwich, walk
from .model import build
from .near import NearlyAsGood
from .optimum import Optimum
from .replay import Library, Replay
from .variables import makers_of

Array = NDArray[np.float64]
#: Most of an objective, in its unit.
Caps = Mapping[str, float]

#: Parts of an optimum, or of one unit where that is more, by which a mix may miss it and is as good: the least at which
#: the solver, which rounds too, finds one. Of a large model always the last: at which of them one is found is chance
#: there, and where a further unit is dear, so were what the mix costs.
TIES = (1e-10, 1e-8, 1e-6)
#: Objectives on which no disruption presses.
WITHOUT_LOSS = ("cost", "concentration", "unbuilt", "unbuilt_kt", "unmet_demand")
#: Weight of the squares of all that is not additions, in the mix that stands for others: they only break ties.
AFTER = 1e-3
#: Least part of a supplier, or of a maker of cells, that it is weighed by.
LEAST_PART = 1e-3
#: Points of a frontier that are solved at a time, on as many threads; always as many, so that these are the same points
#: on every machine.
SANDWICHED = 2
#: Columns from which on the least loss is found afresh, not from the cheapest mix on. Measured: with 8,000, 0.1 s
#: against 0.5 s afresh; with 11,000, 0.4 against 1.0; with 34,000, 40 against 8.
FAR = 20_000
#: What would be used of a recovered mineral if there was as much [kt].
BEYOND = 1e3
#: How many new lines there would be if there could be fewer than none [GWh/yr].
BELOW = -1.0
#: A limit that is missed by more than this, relative to what is limited, is broken.
MISSED = 1e-6


@frozen
class Found:
    """A mix. exposure: by what mixes are chosen by [its unit]; cost: of all years [million USD_2025]; values: of all
    columns; breaks: families of limits that it does not keep."""

    exposure: float
    cost: float
    values: Array
    breaks: tuple[str, ...] = ()


class Session:
    """A model for many questions.

    aim: objective whose value is the exposure of a mix, `cost` where that alone counts; level, weights: as of `build`;
    worth: of one unit of it, with which `priced` is an objective too [million USD_2025]; unmet: whether demand may go
    unmet, by no more than must be once the least of `unmet_demand` is kept to; time_limit: of each solve [s]; library:
    whose blocks the data are within, where they are not all: it notes what of them a mix that is found misses; more:
    what else the model states, added to it before it is compiled; other_futures: further futures of supply that have
    the same plan, as of `build`, each with its library.
    """

    def __init__(
        self, data: MixData, aim: str, *, level: float = 0.8, weights: Mapping[str, float] | None = None,
        worth: float | None = None, unmet: bool = False, time_limit: float | None = None,
        library: Library | None = None, more: Callable[[Any, MixData], None] | None = None,
        other_futures: Mapping[str, tuple[MixData, Library]] | None = None,
    ) -> None:  # fmt: skip
        self.data, self.aim, self.level, self.library = data, aim, level, library
        others = {name: numbers for name, (numbers, _) in (other_futures or {}).items()}
        priced = None if worth is None else (aim, worth)
        self.model = build(data, level=level, weights=weights, worth=priced, other_futures=others, risk=aim)
        self.libraries = {name: each for name, (_, each) in (other_futures or {}).items()}
        if more is not None:
            more(self.model, data)
        self.compiled = Compiled(self.model, objective="unmet_demand", time_limit=time_limit)
        if not unmet:
            for key in self.model.wanted:
                self.compiled.fix(self.model.unmet[key], 0.0)

    # ------------------------------------------------------------------ single mixes

    def optimum(self, objective: str, *, afresh: bool = True, inside: bool = False) -> Optimum:
        """Least of an objective. afresh, inside: as of `Compiled.solve`. Raises what that raises."""
        self.compiled.optimise(objective)
        found = self.compiled.solve(afresh=afresh, inside=inside)
        if self._presses(objective):
            self.note(found.values)
        return found

    def _presses(self, objective: str) -> bool:
        """Whether losses count in an objective, or in one that is held."""
        form, names = self.compiled.form, [objective]
        for held in form.objectives:
            row = form.row_of.get(id(held))
            if row is not None and (np.isfinite(form.row_upper[row]) or np.isfinite(form.row_lower[row])):
                names.append(held.name)
        return any(name not in WITHOUT_LOSS for name in names)

    def note(self, values: Array) -> None:
        """Note where a mix assumes too much."""
        if self.library is not None:
            self.library.note(self.model, self.compiled.form, values)
        for name, library in self.libraries.items():
            library.note(self.model.future[name], self.compiled.form, values)

    @property
    def missed(self) -> bool:
        """Whether a mix that was found assumes too much in a block that the model does not hold."""
        own = () if self.library is None else (self.library,)
        return any(library.missed for library in (*own, *self.libraries.values()))

    def onwards(self, objective: str) -> Optimum:
        """Least of an objective where the last solution keeps all limits: from there, but of a very large model afresh,
        as it is far."""
        inside = self.compiled.is_large and len(self.compiled.form.columns) < FAR
        return self.optimum(objective, afresh=not inside, inside=inside)

    def nearby(self, objective: str) -> Optimum:
        """Least of an objective from the last basis, as the next question is near. Where that has drifted, from the
        basis that it found, factored anew; and where that does not help, afresh."""
        found, highs = self.optimum(objective, afresh=False), self.compiled.highs
        for basis in (found.basis, None):
            if not self.compiled.has_drifted:
                break
            accepted(highs.clearSolver(), "a fresh start")
            if basis is not None:
                accepted(highs.setBasis(basis), "the basis")
            found = self.optimum(objective, afresh=False)
        return found

    def keep(self, best: Optimum) -> None:
        """Keep to mixes that are as good as an optimum, by its objective."""
        self.compiled.keep(best)

    def least(self, *objectives: str, caps: Caps | None = None) -> Found:
        """Least of the first objective within caps, then of each further one among mixes as good in those before."""
        first, *further = objectives
        held = dict(caps or {})
        with self.within(held):
            optimum = self.optimum(first)
        for before, objective in zip(objectives, further, strict=False):
            optimum = self.among_best(before, optimum.objective, objective, held)
            held[before] = min(held.get(before, np.inf), self.value(before, optimum.values))
        return self.found(optimum.values)

    def price(self, worth: float) -> None:
        """Let one unit of the exposure have another worth in `priced` [million USD_2025]."""
        form = self.compiled.form
        priced, cost, aim = (form.place(form.objective(name)) for name in ("priced", "cost", self.aim))
        form.costs[priced] = form.costs[cost] + worth * form.costs[aim]
        form.offsets[priced] = form.offsets[cost] + worth * form.offsets[aim]

    def among_best(self, objective: str, best: float, further: str, caps: Caps, *, inside: bool = False) -> Optimum:
        """Least of a further objective among mixes that are as good in one whose best value is known, within caps.
        inside: as of `Compiled.solve`, where the last solution was that of the first objective: such mixes are near."""
        for tie in TIES[-1:] if self.compiled.is_large else TIES:
            held = {**caps, objective: min(caps.get(objective, np.inf), best + tie * max(abs(best), 1.0))}
            try:
                with self.within(held):
                    return self.optimum(further, afresh=not inside, inside=inside and self.compiled.is_large)
            except (Infeasible, NumericalTrouble):
                if tie == TIES[-1]:
                    raise
        raise AssertionError("a tie is tried")

    def found(self, values: Array) -> Found:
        """Values of all columns as a mix."""
        return Found(self.value(self.aim, values), self.value("cost", values), values)

    def value(self, objective: str, values: Array) -> float:
        """Value of an objective."""
        form = self.compiled.form
        place = form.place(form.objective(objective))
        return float(form.costs[place, : len(values)] @ values + form.offsets[place])

    def levels(self, component: Any, values: Array) -> dict[Key, float]:
        """Values of an indexed variable, by index; of one that no limit and no objective has, none."""
        column = self.compiled.form.column_of
        at = ((key, column.get(id(variable))) for key, variable in component.items())
        return {key: float(values[place]) for key, place in at if place is not None and place < len(values)}

    @cached_property
    def cost_parts(self) -> dict[str, tuple[Array, float]]:
        """Parts of the cost, whose sum is the objective `cost`: the weight of each column, (column), and what is paid
        anyway [million USD_2025]."""
        model, form = self.model, self.compiled.form
        parts = {
            "packs": model.packs_cost, "imports": model.imports_cost, "capital of lines built": model.built_cost,
            "capital of lines retrofitted": model.retrofitted_cost, "excess": model.excess_cost,
        }  # fmt: skip
        parts |= {"plants that follow": model.follow_on_cost} if self.data.follow_on_price else {}
        parts |= {"stock": model.stock_cost} if self.data.stock_cost else {}
        parts |= {"plants": model.plants_cost} if self.data.plant_cost else {}
        parts |= {"recycling": model.recycling_cost} if self.data.recycling_cost else {}
        return {name: _weights(part.expr, form.column_of, len(form.columns)) for name, part in parts.items()}

    def cost(self, values: Array) -> dict[str, float]:
        """What each part of the cost is [million USD_2025]."""
        return {
            name: float(weights[: len(values)] @ values[: len(weights)]) + anyway
            for name, (weights, anyway) in self.cost_parts.items()
        }

    def losses(self, values: Array) -> dict[Disruption, float]:
        """Loss under each disruption with a weight, as the columns of recourse have it [GWh]."""
        names, constants, event, place, coefficient = self._loss_terms
        lost = constants + np.bincount(event, coefficient * values[place], len(names))
        return dict(zip(names, lost.tolist(), strict=True))

    @cached_property
    def _loss_terms(self) -> tuple[list[Disruption], Array, Array, Array, Array]:
        """Disruptions, the constants of their losses, and of each term its disruption, column and coefficient."""
        column = self.compiled.form.column_of
        linear = [generate_standard_repn(loss.expr, compute_values=True) for loss in self.model.loss.values()]
        terms = [
            (event, column[id(variable)], by) for event, each in enumerate(linear)
            for by, variable in zip(each.linear_coefs, each.linear_vars, strict=True) if id(variable) in column
        ]  # fmt: skip
        event, place, by = (np.array(part) for part in zip(*terms, strict=True)) if terms else (np.zeros(0, int),) * 3
        return list(self.model.loss), np.array([float(each.constant) for each in linear]), event, place, by

    # ------------------------------------------------------------------ a plan played back

    @cached_property
    def _replay(self) -> Replay:
        return Replay(self.model, self.compiled.form)

    def evaluate(self, values: Array) -> Found:
        """A mix whose plan is held, with the recourse of which the least is lost. values: of all columns, of which
        those of the plan count."""
        out, model, column = values.copy(), self.model, self.compiled.form.column_of
        out[self._replay.columns] = self._replay.best(values)
        weight = self.data.weight
        losses = self.losses(out) if hasattr(model, "most") else {}
        if losses:
            out[column[id(model.most)]] = max(losses.values())
            # The least of CVaR over its threshold is where the tail begins.
            tail = (1 - self.level) * sum(weight[d] for d in losses)
            for d in sorted(losses, key=losses.__getitem__, reverse=True):
                tail, threshold = tail - weight[d], losses[d]
                if tail <= 0:
                    break
            out[column[id(model.threshold)]] = threshold
            for d, loss in losses.items():
                out[column[id(model.beyond[d])]] = max(loss - threshold, 0.0)
        return self.found(out)

    @contextmanager
    def within(self, caps: Caps) -> Iterator[None]:
        """Caps on objectives as long as the body lasts."""
        for objective, most in caps.items():
            self.compiled.hold(objective, most, 0.0)
        try:
            yield
        finally:
            for objective in caps:
                self.compiled.release(objective)

    @contextmanager
    def without_recourse(self) -> Iterator[None]:
        """No recourse as long as the body lasts, where no objective or cap presses on what can be had under a
        disruption: to have nothing again always keeps its limits. Of a small model it would gain nothing, and stays."""
        model, form = self.model, self.compiled.form
        if not self.compiled.is_large:
            yield
            return
        columns = (variable for name in recourse.VARIABLES for variable in getattr(model, name).values())
        rows = (row for name in recourse.FAMILY.constraints for row in getattr(model, name).values())
        nothing = [(variable, 0.0) for variable in columns if id(variable) in form.column_of]
        with self.compiled.held(nothing, [row for row in rows if id(row) in form.row_of]):
            yield

    def with_additions(
        self,
        additions: Mapping[RegionSegmentChemistryYear, float],
        free: Sequence[str] = (),
        *,
        observed: bool = False,
    ) -> Found:
        """The least exposed, then the cheapest way to have some additions [GWh]; those left out are 0, and what of the
        demand they leave is unmet. free: families of limits that need not be kept; observed: each maker has the part of
        the cells that it was observed to have.

        Raises Infeasible where the others do not allow them.
        """
        model, left = self.model, dict(self.data.demand)
        for (r, s, c, y), gwh in additions.items():
            if (r, s, c, y) in model.additions:
                left[r, s, y] -= gwh
        values = [(model.additions[key], additions.get(key, 0.0)) for key in model.additions]
        values += [(model.unmet[key], left[key]) for key in model.wanted]
        if observed:
            cells: dict[RegionChemistryYear, float] = {}
            for (r, s, c, y), gwh in additions.items():
                if (r, s, c, y) in model.additions:
                    cells[r, c, y] = cells.get((r, c, y), 0.0) + gwh
            for (r, c, y), makers in self._makers.items():
                share, gwh = self._shares((r, c, y)), cells.get((r, c, y), 0.0)
                values += [(variable, share[j] * gwh) for j, variable in makers.items()]
        rows = [row for family in free for row in getattr(model, family, {}).values()]
        with self.compiled.held(values, rows):
            return self.least(self.aim, "cost")

    # ------------------------------------------------------------------ frontier

    @cached_property
    def cheapest(self) -> Found:
        """The cheapest mix, of those the least exposed."""
        return self.least("cost", self.aim)

    @cached_property
    def least_exposed(self) -> Found:
        """The least exposed mix, of those the cheapest."""
        return self.least(self.aim, "cost")

    def frontier(self, tolerance: float = 0.01, *, exact: bool = False, objective: str = "cost") -> Frontier:
        """Least cost at each exposure, between the cheapest and the least exposed mix. tolerance: of the span of cost;
        exact: with every edge; objective: that takes the place of the cost."""
        if objective == "cost":
            ends = self.cheapest, self.least_exposed
        else:
            ends = self.least(objective, self.aim), self.least(self.aim, objective)
        cheapest, least = (Vertex(each.exposure, self.value(objective, each.values), np.nan) for each in ends)

        if exact:
            return walk(partial(self._edge, objective), cheapest, least)
        with ThreadPoolExecutor(SANDWICHED) as pool:
            some = self._copies(SANDWICHED, objective)

            def solve(exposures: Sequence[float]) -> list[tuple[float, float]]:
                return list(pool.map(lambda copy, exposure: copy(exposure), some, exposures))

            return sandwich(solve, cheapest, least, tolerance, SANDWICHED)

    def _edge(self, objective: str, exposure: float) -> Edge:
        """The edge of the frontier at an exposure; from the last basis, as the next edge is near."""
        with self.within({self.aim: exposure}):
            optimum = self.nearby(objective)
            return Edge(exposure, optimum.objective, optimum.dual(self.aim), *optimum.range(self.aim))

    def _copies(self, count: int, objective: str) -> list[Callable[[float], tuple[float, float]]]:
        """Least cost at an exposure, and the slope there, each in a solver of its own, that starts afresh: the next
        point of a sandwich is far, and so it does not matter which copy solves it."""
        with self.within({self.aim: 0.0}):
            self.compiled.optimise(objective)
            self.compiled.push()
            row, programme = self.compiled.row(self.aim), self.compiled.highs.getLp()
            constant = float(self.compiled.form.constants[row])

        def copy() -> Callable[[float], tuple[float, float]]:
            highs = solver()
            accepted(highs.passModel(programme), "the frontier")

            def least(exposure: float) -> tuple[float, float]:
                accepted(highs.changeRowBounds(row, -INF, exposure - constant), "a point of the frontier")
                optimum(highs, self.compiled.time_limit, large=self.compiled.is_large)
                if self.library is not None:
                    self.note(np.array(highs.getSolution().col_value, dtype=float))
                return float(highs.getInfo().objective_function_value), float(highs.getSolution().row_dual[row])

            return least

        return [copy() for _ in range(count)]

    # ------------------------------------------------------------------ mixes that are nearly as good

    def nearly(self, caps: Caps) -> NearlyAsGood:
        """All mixes within caps on objectives."""
        with self.within(caps):
            self.compiled.push()
            form = self.compiled.form
            return NearlyAsGood(
                form.with_added().tocsc(), form.row_lower.copy(), form.row_upper.copy(), form.col_lower.copy(),
                form.col_upper.copy(), self.compiled.time_limit,
            )  # fmt: skip

    def share(self, r: Region, group: Group, years: Sequence[Year]) -> Array:
        """Weights of the columns whose sum is the share of a chemistry or a family in a region's batteries of some
        years, (column) [1]."""
        weights = np.zeros(len(self.compiled.form.columns))
        wanted = sum(self.data.wanted.get((r, y), 0.0) for y in years)
        for key in self.model.sold:
            if key[0] == r and key[3] in years and group in (key[2], self.data.family[key[2]]):
                weights[self.compiled.column(self.model.additions[key])] = 1.0 / wanted
        return weights

    def representative(self, nearly: NearlyAsGood) -> Found:
        """The mix that stands for those nearly as good."""
        return self.standing(nearly.nearest(*self.target(nearly)))

    def standing(self, values: Array) -> Found:
        """What `nearest` found as a mix, with the recourse of which the least is lost."""
        self.note(values)
        return self.found(values) if self.aim == "cost" else self.evaluate(values)

    def target(self, nearly: NearlyAsGood) -> tuple[Array, Array, list[dict[int, float]]]:
        """To what the mix that stands for those nearly as good is nearest, as `NearlyAsGood.nearest` takes it: to the
        incumbent's additions by squares and, with far less weight, to the observed origin of cells, to sourcing pro
        rata, to the use of all that is recovered, and to no new lines."""
        data, model, column = self.data, self.model, self.compiled.form.column_of
        target, weight = np.zeros(len(nearly.lower)), np.zeros(len(nearly.lower))
        apart: list[dict[int, float]] = []

        def at(variable: Any) -> int | None:
            place = column.get(id(variable))
            return place if place is not None and place < len(target) else None

        def near(variable: Any, value: float, by: float) -> None:
            if (place := at(variable)) is not None:
                target[place], weight[place] = value, by

        def in_parts(variables: Sequence[Any], parts: Sequence[float]) -> None:
            """Each of some variables near to its part of their sum; what that sum is does not count."""
            places = [place for place in map(at, variables) if place is not None]
            for variable, part in zip(variables, parts, strict=True):
                if (own := at(variable)) is not None and len(places) > 1:
                    by = np.sqrt(AFTER / max(part, LEAST_PART))
                    apart.append({place: by * ((place == own) - part) for place in places})

        for key, variable in model.additions.items():
            near(variable, data.incumbent.get(key, 0.0), 1.0)
        for key, makers in self._makers.items():
            share = self._shares(key)
            in_parts(list(makers.values()), [share[j] for j in makers])
        suppliers: dict[Key, list[Key]] = {}
        for r, n, j, y in model.sourced:
            if n not in data.cells or (data.together and j not in data.home):  # Other cells are of their makers.
                suppliers.setdefault((r, n, y), []).append((r, n, j, y))
        for keys in suppliers.values():
            usual = [data.usual.get(key, 0.0) for key in keys]
            in_parts([model.sourced[key] for key in keys], usual if any(usual) else [1 / len(keys)] * len(keys))
        for variable in model.secondary.values():
            # As good as linear: where no slope was left at its bound, how much is used would be known badly.
            near(variable, BEYOND, AFTER / BEYOND)
        for component in (model.built, model.retrofitted, model.excess):
            for variable in component.values():
                # Beyond its bound, so that a line that is not needed is none: without a slope there its square is so
                # flat that what is left of it is the solver's.
                near(variable, BELOW, AFTER)
        return target, weight, apart

    @cached_property
    def _makers(self) -> dict[RegionChemistryYear, dict[Supplier, Any]]:
        """Cells of each region and chemistry by maker, those at home among them, as variables."""
        return {key: makers_of(self.model, self.data, *key) for key in self.model.cells_of}

    def _shares(self, key: RegionChemistryYear) -> dict[Supplier, float]:
        """Share of each maker in the cells of a region and chemistry as observed, of those that may make them; alike
        where none was observed."""
        r, c, y = key
        share = {j: self.data.observed.get((r, j, c, y), 0.0) for j in self._makers[key]}
        whole = sum(share.values())
        return {j: each / whole if whole else 1 / len(share) for j, each in share.items()}

    def incumbent(self) -> Found | None:
        """The incumbent's mix, its cells made at home as much as observed, by the same rules, with those that it
        breaks; None where even without them it cannot be had. What it sells and no mix may sell is unmet."""
        of_mix = [name for name, limit in LIMITS.items() if limit.kind in (Kind.PACE, Kind.FITNESS)]
        of_origin = [
            name for family in FAMILIES.values() if family is not recourse.FAMILY
            for name, limit in family.constraints.items()
            if isinstance(limit, Limit) and limit.kind in (Kind.RULE, Kind.SUPPLY, Kind.RECOVERY)
        ]  # fmt: skip

        def held(free: Sequence[str]) -> Found | None:
            with suppress(Infeasible):
                return self.with_additions(self.data.incumbent, free, observed=bool(self.data.observed))
            return None

        free = [*of_origin, *of_mix]
        if (kept := held(())) is not None or (found := held(free)) is None:
            return kept
        # Which limits an optimum misses is chance where there are several: what counts is which it can keep together.
        for family in tuple(free):
            fewer = [name for name in free if name != family]
            if not self._breaks(family, found.values):
                free = fewer
            elif (other := held(fewer)) is not None:
                found, free = other, fewer
        last = held(free)
        return last and replace(last, breaks=tuple(free))

    def _breaks(self, family: str, values: Array) -> bool:
        """Whether a mix misses a limit of a family."""
        form = self.compiled.form
        rows = [form.row_of[id(row)] for row in getattr(self.model, family, {}).values() if id(row) in form.row_of]
        level = form.levels(values)[rows]
        slack = MISSED * np.maximum(np.abs(level), 1.0)
        return bool(((level < form.row_lower[rows] - slack) | (level > form.row_upper[rows] + slack)).any())


def _weights(expression: Any, column: Mapping[int, int], columns: int) -> tuple[Array, float]:
    """Weights of the columns in a linear expression, (column), and its constant; a variable without a column is 0."""
    terms, weights = generate_standard_repn(expression, compute_values=True), np.zeros(columns)
    for by, variable in zip(terms.linear_coefs, terms.linear_vars, strict=True):
        if (place := column.get(id(variable))) is not None:
            weights[place] += by
    return weights, float(terms.constant)
