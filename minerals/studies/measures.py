"""What buys the most safety per dollar: the mix, stocks, plants and own cells, each alone and all together.

The study begins from the cheapest mix within the limits of the run. At each budget beyond its cost it finds the least
loss that a measure can buy, all else of the plan as it was; that of all together is one model, and no sum. A
disruption of m months takes m ÷ 12 of what it takes in a year, and uses a stock up once. Each point is played back with
its plan fixed, and both agree to 1e-6 of the demand. Losses fall ever less with the budget, as they are optima of
linear programmes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..case.measures import Bought, losses_with, rows_used, running, with_measures
from ..case.optimise import AGREE, BUG, Mix
from ..config import Measures
from ..errors import Infeasible, InputError, NumericalTrouble
from ..exposure.window import YEAR
from ..mix.session import Found, Session
from ..mix.solution import risk_of
from ..tables.inputs import Inputs
from .blocks import POINTS_PART, StudyFolder
from .identity import identity_of, shares_of
from .points import solved
from .pool import Progress

#: All measures together.
ALL = "all"
#: Parts by which a plan and its cost may move where they are held: the least at which the solver, which rounds too,
#: finds a mix.
SLACKS = (1e-10, 1e-8, 1e-7, 1e-6)
#: Million USD in a billion.
BILLION = 1000.0
#: Amounts below this part of what is needed of a node are rounding of the solver.
LEAST = 1e-6
TABLE = ["months", "measures", "budget", "value", "avoided", "per_billion", "marginal", "replayed", "mix_cost",
         "stock_cost", "plants_cost", "unit"]  # fmt: skip
BOUGHT = ["months", "measures", "budget", "measure", "region", "node", "year", "value", "unit"]


def measures(mix: Mix, inputs: Inputs, kept: StudyFolder | None, progress: Progress | None) -> dict[str, pd.DataFrame]:
    """Tables `measures` and `measures_bought` of a chosen mix whose run has the study. kept, progress: as of any
    study. Raises InputError where several regions share the budget, and the solver's own errors."""
    config = mix.run.settings.study
    assert isinstance(config, Measures)
    if len(mix.data.regions) > 1:
        why = "buys for one region, whose disruptions leave one pool; name a single one in scope.regions"
        raise InputError([mix.run.problem(("study",), "[study] of kind 'measures'", why)])
    names = list(dict.fromkeys((*config.which, ALL)))
    keys = [f"{months:g} {name}" for months in dict.fromkeys(config.months) for name in names]
    grids: dict[str, _Grid] = {}

    def curve(key: str) -> list[dict[str, Any]]:
        """Points of a measure at all budgets."""
        months, name = key.split()
        if months not in grids:
            grids.clear()
            grids[months] = _Grid(mix, inputs, config, float(months))
        return grids[months].curve(name)

    folder, identity = None, ""
    if kept is not None:
        kept.claim()
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(keys), shares_of(mix))
    with ThreadPoolExecutor(1) as alone:
        found = solved(keys, curve, alone, folder, identity, progress)
    units = {node.node: node.unit for node in mix.assembly.chokepoints.inputs.nodes}
    return _tables(found, units)


def measured_rows(mix: Mix, inputs: Inputs) -> pd.DataFrame:
    """Rows of the inputs that the measures rest on, as inputs_used has them."""
    config = mix.run.settings.study
    assert isinstance(config, Measures)
    return rows_used(with_measures(mix, inputs, config, YEAR), inputs)


class _Grid:
    """One model for disruptions of a length, solved for each measure and budget."""

    def __init__(self, mix: Mix, inputs: Inputs, config: Measures, months: float) -> None:
        self.mix, self.config, self.months = mix, config, months
        self.data = with_measures(mix, inputs, config, months)
        criteria = mix.config
        self.aim = criteria.risk
        self.session = Session(self.data, self.aim, level=criteria.level, time_limit=criteria.time_limit)

    @cached_property
    def cheapest(self) -> Found:
        """The cheapest mix without stocks and plants, of those the least exposed."""
        with self.session.compiled.held(self._nothing("stock", "plants")):
            return self.session.least("cost", self.aim)

    def _nothing(self, *names: str) -> list[tuple[Any, float]]:
        model = self.session.model
        return [(each, 0.0) for name in names for each in getattr(model, name).values() if self._is_there(each)]

    def _is_there(self, variable: Any) -> bool:
        return id(variable) in self.session.compiled.form.column_of

    def _as_cheapest(self, *names: str) -> list[tuple[Any, float]]:
        """Parts of the plan as the cheapest mix has them."""
        found, model = self.cheapest.values, self.session.model
        every = [each for name in names for each in getattr(model, name).values() if self._is_there(each)]
        column = self.session.compiled.form.column_of
        return [(each, float(found[column[id(each)]])) for each in every]

    @contextmanager
    def _only(self, name: str, slack: float) -> Iterator[None]:
        """Nothing but a measure may change as long as the body lasts."""
        allowed = set(self.config.which) if name == ALL else {name}
        compiled = self.session.compiled
        with ExitStack() as stack:
            stack.enter_context(compiled.held(self._nothing(*({"stock", "plants"} - allowed))))
            if "mix" not in allowed:
                stack.enter_context(compiled.held(self._as_cheapest("additions"), slack=slack))
                if "own_cells" not in allowed:
                    stack.enter_context(compiled.held(self._as_cheapest("production", "imports"), slack=slack))
            yield

    def curve(self, name: str) -> list[dict[str, Any]]:
        """Points of a measure at all budgets, each from the basis of the one before. What was solved for other measures
        leaves no trace, so that it does not matter which were found before an interruption."""
        assert self.cheapest is not None
        self.session.compiled.highs.clearSolver()
        return [self.point(name, budget) for budget in sorted(set(self.config.budgets))]

    def point(self, name: str, budget: float) -> dict[str, Any]:
        """The least loss that a measure buys for so many billion USD, and what that is."""
        cheapest = self.cheapest.cost
        for slack in SLACKS:
            cap = cheapest + slack * abs(cheapest) + budget * BILLION
            try:
                with self._only(name, slack), self.session.within({"cost": cap}):
                    optimum = self.session.nearby(self.aim)
                    least, dual, values = optimum.objective, optimum.dual("cost"), optimum.values
                    break
            except (Infeasible, NumericalTrouble):
                if slack == SLACKS[-1]:
                    raise
        return self._told(budget, least, dual, values)

    def _told(self, budget: float, least: float, dual: float, values: Any) -> dict[str, Any]:
        session, data, model = self.session, self.data, self.session.model
        whole = sum(data.demand.values())
        levels = {
            name: {key: amount for key, amount in session.levels(getattr(model, name), values).items() if amount > 0}
            for name in ("additions", "production", "imports", "sourced", "stock", "plants")
        }
        levels["plants"] = running(data, levels["plants"])
        risk = self.mix.config
        replayed = risk_of(losses_with(self.mix, data, Bought(**levels)), data.weight, risk.risk, risk.level)
        if abs(replayed - least) > AGREE * whole:
            raise NumericalTrouble(
                f"the plan loses {replayed:.9g} GWh when it is played back, and in the model {least:.9g}; {BUG}"
            )
        cost, months = session.cost(values), self.months / YEAR
        beside = {name: cost.pop(name, 0.0) for name in ("stock", "plants")}
        most: dict[Any, float] = {}
        for (_, n, _, y), amount in levels["sourced"].items():
            most[n, y] = most.get((n, y), 0.0) + amount
        return {
            "budget": budget, "value": least * months, "marginal": -dual * BILLION * months,
            "replayed": replayed * months, "none": self.cheapest.exposure * months,
            "mix_cost": sum(cost.values()) - self.cheapest.cost, "stock_cost": beside["stock"],
            "plants_cost": beside["plants"],
            "bought": [
                [measure, r, n, y, amount]
                for measure in ("stock", "plants") for (r, n, y), amount in sorted(levels[measure].items())
                if amount > LEAST * max(most.get((n, y), 0.0), 1.0)
            ],
        }  # fmt: skip


def _tables(found: Mapping[str, list[dict[str, Any]]], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    rows, bought = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for key, point in ((key, point) for key, points in found.items() for point in points):
        months, name = key.split()
        head = float(months), name, point["budget"]
        avoided = point["none"] - point["value"]
        per_billion = avoided / head[2] if head[2] else np.nan
        rows.append((
            *head, point["value"], avoided, per_billion, point["marginal"], point["replayed"], point["mix_cost"],
            point["stock_cost"], point["plants_cost"], "GWh",
        ))  # fmt: skip
        bought += [(*head, measure, r, n, y, amount, units[n]) for measure, r, n, y, amount in point["bought"]]
    return {"measures": pd.DataFrame(rows, columns=TABLE), "measures_bought": pd.DataFrame(bought, columns=BOUGHT)}
