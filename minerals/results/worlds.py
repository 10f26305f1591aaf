"""Supply futures of a result: which of them are assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def assumed_of(futures: Iterable[str], inputs: pd.DataFrame | None) -> list[str]:
    """Those of some supply futures in which most of who makes what is assumed. inputs: rows used by a run."""
    if inputs is None or "future" not in inputs:
        return []
    part = inputs["source"].eq("assumed").groupby(inputs["future"]).mean()
    return [name for name in futures if part.get(name, 0.0) > 0.5]


def said_of_assumed(record: Mapping[str, Any], inputs: pd.DataFrame | None) -> str:
    """A sentence that names the assumed ones of the supply futures of a result; '' where there are none.

    record: of the result; inputs: rows that it used.
    """
    labels = {name: str(each["label"]) for name, each in record["codes"].get("future", {}).items()}
    named = [labels[name] for name in assumed_of(labels, inputs)]
    if not named:
        return ""
    return f"Who makes what is assumed in {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}."
