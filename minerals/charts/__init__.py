"""Charts: each draws one question from a result, and writes it as a bundle.

`draw(result, name)` gives the figure, the numbers in it and what is said about it; `.write(folder)` writes them as
`.png .svg .pdf .csv .json .alt.txt`. Importing this package loads neither pandas nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from minerals.errors import UsageError, did_you_mean, listed

if TYPE_CHECKING:
    from minerals.charts.bundle import Bundle, Result

CHARTS = {name: f"minerals.charts.{name}" for name in ("demand_by_mineral", "stock", "secondary_supply", "sensitivity")}
"""Name of each chart -> the module whose `figure(result, **options)` draws it."""


def draw(result: Result, name: str, **options: Any) -> Bundle:
    """Draw the chart `name` from a result, with that chart's own options; nothing is written."""
    if name not in CHARTS:
        raise UsageError(f"no chart is called '{name}'{did_you_mean(name, CHARTS)} (there are {listed(CHARTS)})")
    drawing = import_module(CHARTS[name]).figure
    known = list(signature(drawing).parameters)[1:]
    if unknown := [option for option in options if option not in known]:
        wrong = listed(f"'{option}'{did_you_mean(option, known)}" for option in unknown)
        raise UsageError(f"{name} has no option {wrong} (there are {listed(known)})")
    bundle: Bundle = drawing(result, **options)
    return bundle
