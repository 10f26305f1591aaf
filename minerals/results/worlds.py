"""Supply futures of a result: which of them are assumed, and what the same stops take in each."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd


def assumed_of(futures: Iterable[str], inputs: pd.DataFrame | None) -> list[str]:
    """Those of some supply futures in which most of who makes what is assumed. inputs: rows used by a run."""
    if inputs is None or "future" not in inputs:
        return []
    part = inputs["source"].eq("assumed").groupby(inputs["future"]).mean()
    return [name for name in futures if part.get(name, 0.0) > 0.5]
