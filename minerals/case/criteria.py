"""What a mix is chosen by, as [optimise] says it and as the model has it."""

from __future__ import annotations

from ..config import COST_CAP, GOALS, Optimise
from ..mix.solution import Criteria


def cost_cap_of(config: Optimise) -> float | None:
    """Share above the cheapest mix that the mix may cost; None where nothing caps it."""
    if config.cost_cap is None:
        return None if config.worth is not None or config.objective == "cost" else COST_CAP
    return None if config.cost_cap == "off" else float(config.cost_cap)


def criterion(config: Optimise) -> str:
    """The objective as the model has it."""
    named = {"gwh_at_risk": config.risk, "built": "unbuilt", "built_kt": "unbuilt_kt"}
    return named.get(config.objective, config.objective)


def criteria_of(config: Optimise) -> Criteria:
    """What is asked of the model."""
    # Weights of chemistries are in the data.
    weights = {name: weight for name, weight in config.weights.items() if weight and name in GOALS}
    return Criteria(
        objective=criterion(config),
        risk=config.risk,
        unmet=config.unmet,
        level=config.level,
        weights=weights or None,
        cost_cap=cost_cap_of(config),
        worth=config.worth,
        near=config.near,
        ranges=config.ranges,
        frontier=config.frontier,
        exposure_cap=config.exposure_cap,
        time_limit=config.time_limit,
    )
