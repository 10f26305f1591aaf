"""All tables of a run with [exposure]."""

from __future__ import annotations

import numpy as np

from ...case.chokepoints import Chokepoints
from ...case.concentration import Concentration
from ...case.played import Library
from ...columns import Columns
from ...tables.inputs import Inputs
from . import concentration, sourcing
from . import supply as world_supply
from .intervals import headlines, intervals
from .length import by_length
from .risk import risk
from .unknown import lost_unknown


def chosen_origin(chokepoints: Chokepoints) -> Columns:
    """Share of each country in the cells of a region, where a scenario says it by chemistry [1]."""
    labels, countries = chokepoints.resolved.chemistries.labels, chokepoints.inputs.countries
    rows = []
    for name, chosen in chokepoints.chosen_origin.items():
        for r, region in enumerate(chokepoints.regions):
            home = chokepoints.at_home((region,))
            for y, calendar in enumerate(chokepoints.years):
                said = chokepoints.chooses_origin((region,), y) & ~np.isnan(chosen[r, :, y]).any(axis=1)
                origin = chokepoints.origin_of(name, (region,), y)
                for c, j in zip(*np.nonzero(said[:, None] & (origin > 0)), strict=True):
                    at_home, share = "yes" if home[j] else "no", float(origin[c, j])
                    rows.append((name, region, *labels[c], countries[j], at_home, calendar, share, "1"))
    columns = ["scenario", "region", "chemistry", "silicon", "country", "home", "year", "value", "unit"]
    return Columns.from_rows(rows, columns)


def exposure(library: Library, inputs: Inputs) -> dict[str, Columns]:
    """Concentration and exposure, the world's supply, what regions get of it, and what disruptions cost, by table."""
    chokepoints = library.chokepoints
    found = Concentration(chokepoints)
    chosen = {"chosen_origin": chosen_origin(chokepoints)} if chokepoints.chosen_origin else {}
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
