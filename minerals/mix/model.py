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
) -> pyo.ConcreteModel:
    """State the model. level: of the CVaR; weights: of objectives in a weighted sum; worth: an objective, and what one
    unit of it is worth, in the objective `priced`."""
    with building():
        model = pyo.ConcreteModel()
        add_variables(model, data)
        for family in MODULES.values():
            family.add(model, data)
        add_objectives(model, data, level, weights, worth)
    return model
