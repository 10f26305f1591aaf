"""The model of a mix: variables, the families of constraints, the objectives."""

from __future__ import annotations

from collections.abc import Mapping

from .compiled import building
from .data import MixData
from .families import MODULES
from .objective import add_objectives
from .pyo import pyo
from .variables import add_variables


def build(
    data: MixData,
    *,
    level: float = 0.8,
    weights: Mapping[str, float] | None = None,
    worth: tuple[str, float] | None = None,
    other_futures: Mapping[str, MixData] | None = None,
    risk: str = "expected",
) -> pyo.ConcreteModel:
    """State the model. level: of the CVaR; weights: of objectives in a weighted sum; worth: an objective, and what one
    unit of it is worth, in the objective `priced`; other_futures: numbers of further futures of supply by name, in each
    of which the same plan is sourced, made, short and disrupted anew, in a block `future` of its own; risk: that of
    which the objectives over all futures are."""
    with building():
        model = pyo.ConcreteModel()
        _state(model, data)
        if other_futures:
            model.future = pyo.Block(list(other_futures))
            for name, other in other_futures.items():
                _state(model.future[name], other, model)
        add_objectives(model, data, level, weights, worth, other_futures, risk)
    return model


def _state(model: pyo.Block, data: MixData, plan: pyo.Block | None = None) -> None:
    """State variables and limits, those of the plan where it has one."""
    add_variables(model, data, plan)
    for family in MODULES.values():
        if not (data.plan_given and family.FAMILY.of_plan):
            family.add(model, data)
