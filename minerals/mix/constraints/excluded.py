r"""Suppliers that may not deliver, as rules on foreign entities of concern have it, deliver nothing.

$$z_{rnjy} \le 0 \qquad [\mathrm{kt\ or\ GWh}]$$

What a rule leaves out is stated as a limit, so that it can be named where it cannot be kept.
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.exclude"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """excluded[region, node, supplier, year]."""
    places = [key for key in data.excluded if key in model.sourced]
    model.excluded = pyo.Constraint(
        pyo.Set(initialize=places, dimen=4), rule=lambda m, *key: m.sourced[key] <= 0
    )  # fmt: skip
