"""Mass balance of every process, for every mineral and year: in − out − change of stock = 0."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .lifetime import Array
from .recycling import Recycling

TOLERANCE = 1e-9


def imbalances(flows: Recycling, in_use: Array, in_reuse: Array, in_use_before: Array) -> Mapping[str, Array]:
    """Imbalance by process [kt], (…, mineral, year): zero but for rounding.

    in_use: mass in first use at the end of each year, in_reuse: in second life, both (…, mineral, year) [kt];
    in_use_before: in first use at the start of the first year, (…, mineral, 1).
    """
    growth = np.diff(in_use, axis=-1, prepend=in_use_before)
    reuse_growth = np.diff(in_reuse, axis=-1, prepend=0.0)
    return {
        "cell making": flows.input - flows.mineral_demand - flows.prompt_scrap,
        "first use": flows.mineral_demand - flows.retired - growth,
        "second life": flows.reused - flows.reuse_ended - reuse_growth,
        "collection": flows.retired - flows.reused + flows.reuse_ended - flows.collected - flows.uncollected,
        "recycling": flows.prompt_scrap + flows.collected - flows.recovered_prompt - flows.recovered - flows.lost,
        "supply": flows.primary_demand + flows.secondary_supply - flows.input,
        "secondary market": flows.recovered_prompt + flows.recovered - flows.secondary_supply - flows.surplus,
    }


def unbalanced(imbalance: Mapping[str, Array], scale: Array) -> list[tuple[str, float]]:
    """(process, largest imbalance relative to `scale`) of the processes that do not close to 1e-9.

    scale: (…, mineral, year) or anything that broadcasts to it [kt], e.g. the largest input of each mineral.
    """
    found = []
    for process, residual in imbalance.items():
        worst = float(np.max(np.abs(residual) / np.maximum(scale, 1e-12), initial=0.0))
        if not worst <= TOLERANCE:
            found.append((process, worst))
    return found
