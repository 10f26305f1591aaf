"""Supply futures of a result: which of them are assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ..columns import Columns


def assumed_of(futures: Iterable[str], inputs: Columns | pd.DataFrame | None) -> list[str]:
    """Those of some supply futures in which most of who makes what is assumed. inputs: rows used by a run."""
    if inputs is None or "future" not in inputs:
        return []
    named = list(zip(inputs["future"], inputs["source"], strict=True))
    rows, assumed = Counter(future for future, _ in named), Counter(f for f, source in named if source == "assumed")
    return [name for name in futures if assumed[name] > rows[name] / 2]


def said_of_assumed(record: Mapping[str, Any], inputs: Columns | pd.DataFrame | None) -> str:
    """A sentence that names the assumed ones of the supply futures of a result; '' where there are none.

    record: of the result; inputs: rows that it used.
    """
    labels = {name: str(each["label"]) for name, each in record["codes"].get("future", {}).items()}
    named = [labels[name] for name in assumed_of(labels, inputs)]
    if not named:
        return ""
    return f"Who makes what is assumed in {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}."
