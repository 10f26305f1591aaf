"""All tables of a run with [exposure]."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...case.chokepoints import Chokepoints
from ...case.concentration import Concentration
from ...case.played import Library
from ...tables.inputs import Inputs
from . import concentration, sourcing
from . import supply as world_supply
from .intervals import headlines, intervals
from .length import by_length
from .risk import risk
from .unknown import lost_unknown


def chosen_origin(chokepoints: Chokepoints) -> pd.DataFrame:
    """Share of its cells that a region makes itself, where a scenario says it by chemistry [1]."""
    labels = chokepoints.resolved.chemistries.labels
    rows = [
        (name, region, *labels[c], calendar, float(share), "1")
        for name, home in chokepoints.chosen_home.items() for r, region in enumerate(chokepoints.regions)
        for y, calendar in enumerate(chokepoints.years)
        for c, share in enumerate(chokepoints.home_share(name, (region,), y))
        if not np.isnan(home[r, c, y]) and chokepoints.chooses_origin((region,), y)[c]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["scenario", "region", "chemistry", "silicon", "year", "value", "unit"])


def exposure(library: Library, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Concentration and exposure, the world's supply, what regions get of it, and what disruptions cost, by table."""
    chokepoints = library.chokepoints
    found = Concentration(chokepoints)
    chosen = {"chosen_origin": chosen_origin(chokepoints)} if chokepoints.chosen_home else {}
    return {
        "concentration": concentration.concentration_table(found),
        "exposure": concentration.exposure_table(found),
        "geopolrisk": concentration.import_risks(found),
        "supply": world_supply.supply(chokepoints),
        "supply_cut": world_supply.supply_cut(chokepoints),
        "battery_supply": world_supply.battery_supply(chokepoints),
        "reference_need": world_supply.reference_need(chokepoints),
        "node_use": world_supply.node_use(chokepoints),
        "node_chain": world_supply.node_chain(chokepoints),
        "cell_capacity": world_supply.cell_capacity(chokepoints),
        "announced_capacity": chokepoints.inputs.cell_plants,
        "coverage": sourcing.coverage(chokepoints),
        "trade_rules": sourcing.trade_rules(chokepoints),
        "sourcing": sourcing.sourcing(chokepoints),
        **chosen,
        **risk(library, inputs),
        **by_length(library),
        **intervals(chokepoints, headlines(library), [len(chokepoints.years) - 1]),
        "lost_unknown": lost_unknown(library),
    }
