"""All tables of a run with [exposure]."""

from __future__ import annotations

import pandas as pd

from ...case.chokepoints import Chokepoints
from ...tables.inputs import Inputs
from . import concentration, sourcing
from . import supply as world_supply
from .risk import risk


def exposure(points: Chokepoints, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Concentration and exposure, the world's supply, what regions get of it, and what disruptions cost, by table."""
    concentrated = concentration.concentration(points)
    return {
        "concentration": concentrated,
        "exposure": concentration.exposures(points, concentrated),
        "geopolrisk": concentration.import_risks(points, concentrated),
        "supply": world_supply.supply(points),
        "supply_cut": world_supply.supply_cut(points),
        "battery_supply": world_supply.battery_supply(points),
        "reference_need": world_supply.reference_need(points),
        "node_use": world_supply.node_use(points),
        "cell_capacity": world_supply.cell_capacity(points),
        "announced_capacity": points.inputs.cell_plants,
        "coverage": sourcing.coverage(points),
        "trade_rules": sourcing.trade_rules(points),
        "sourcing": sourcing.sourcing(points),
        **risk(points, inputs),
    }
