"""Charts: each draws one question from a result, and writes it as a bundle.

`draw(result, name)` gives the figure, the numbers in it and the record of it; `.write(folder)` writes them as
`.png .svg .pdf .csv .json .alt.txt`. Importing this package loads neither pandas nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from minerals.charts.quiet import load, quiet
from minerals.errors import UsageError, did_you_mean, listed
from minerals.text import unprintable

if TYPE_CHECKING:
    from minerals.charts.bundle import Bundle, Result

CHARTS = {
    "demand_by_mineral": "mineral_demand",
    "demand": "battery_demand",
    "chemistry_over_time": "cells",
    "stock": "in_use_stock",
    "secondary_supply": "mineral_flows",
    "sensitivity": "sensitivity",
    "identified": "identified",
    "validation": "validation",
    "cost_curves": "price",
    "cost_gap": "price_parity",
    "material_value": "cell_materials",
    "trade_offs": "trade_offs",
    "chokepoints": "concentration",
    "stress": "disruptions",
    "loss_by_length": "loss_by_length",
    "coverage": "coverage",
    "two_worlds": "lost_by_future",
    "capacity_vs_demand": "cell_capacity",
    "cell_owners": "cell_owners",
    "next_gen_plants": "next_gen_plants",
    "plants_by_place": "plants_by_place",
    "lfp_concentration": "supply",
    "lfp_yardsticks": "yardsticks",
    "sourcing": "sourcing",
    "frontier": "mix_frontier",
    "mix_by_year": "mix_family",
    "near_optimal": "mix_near",
    "drop_in": "drop_in",
    "chosen_sourcing": "mix_sourcing",
    "variants": "mix_variant",
    "measures": "measures",
    "portfolio": "measures_bought",
    "backcast": "backcast",
    "regret": "robust",
}
"""Name of each chart -> the table that it draws; the module of that name has `figure(result, **options)`."""


#: Tables that a chart draws besides its own.
OTHER_TABLES = {
    "lfp_concentration": ("announced_capacity",), "mix_by_year": ("cells",), "frontier": ("mix_baseline",),
    "loss_by_length": ("disruptions",), "variants": ("mix_loss",), "backcast": ("backcast_family",),
    "portfolio": ("measures",), "regret": ("robust_mix",), "lfp_yardsticks": ("concentration",),
}  # fmt: skip
#: Charts of one node: the table that must have it, and a part of its name.
OF_NODE = {"lfp_concentration": ("supply", "lfp"), "lfp_yardsticks": ("concentration", "lfp")}
#: Charts of the tables of [industry], which few runs have.
OF_INDUSTRY = (
    "trade_offs", "material_value", "cell_owners", "next_gen_plants", "plants_by_place", "lfp_yardsticks",
)  # fmt: skip
#: Charts that a run draws where it names them alone.
ON_REQUEST = ("demand",)
#: Charts that a run which chooses a mix draws where it names them alone: what it draws is about the mix.
NOT_OF_A_MIX = ("cost_gap",)
#: The chart that a run without any demand draws too, as zeros.
OF_EVERY_RUN = "demand_by_mineral"


def suited(result: Result) -> list[str]:
    """Charts that a run draws where it names none: those whose tables have rows, and that of the demand in any case.

    Those of ON_REQUEST are left out, and those of NOT_OF_A_MIX where the run chooses a mix. One of the others may still
    find nothing in its tables that it can draw, and says so when it is drawn.
    """
    unnamed = (*ON_REQUEST, *(NOT_OF_A_MIX if "mix" in result.record else ()))
    return [name for name in drawable(result) if name not in unnamed]


def drawable(result: Result) -> list[str]:
    """Charts whose tables have rows, and that of the demand for minerals in any case."""
    return [
        name
        for name, table in CHARTS.items()
        if (name == OF_EVERY_RUN and table in result.record.get("tables", ()))
        or (all(_has(result, each) for each in (table, *OTHER_TABLES.get(name, ()))) and _has_node(result, name))
    ]


def _has_node(result: Result, name: str) -> bool:
    table, part = OF_NODE.get(name, ("", ""))
    return not table or any(part in str(node) for node in result.columns(table)["node"])


def _has(result: Result, table: str) -> bool:
    try:
        return len(result.columns(table)) > 0
    except KeyError:
        return False


def options_of(name: str) -> dict[str, Any]:
    """Options of the chart `name` with their defaults."""
    parameters = list(signature(_figure(name)).parameters.values())[1:]
    return {each.name: each.default for each in parameters}


def draw(result: Result, name: str, **options: Any) -> Bundle:
    """Draw the chart `name` from a result, with that chart's own options; nothing is written.

    Raises UsageError for a chart or an option that does not exist, and where the result has nothing that can be drawn.
    """
    if name not in CHARTS:
        raise UsageError(f"no chart is called '{name}'{did_you_mean(name, CHARTS)} (there are {listed(CHARTS)})")
    known = list(options_of(name))
    if unknown := [option for option in options if option not in known]:
        wrong = listed(f"'{option}'{did_you_mean(option, known)}" for option in unknown)
        raise UsageError(f"{name} has no option {wrong} (there are {listed(known)})")
    for option, value in options.items():
        if isinstance(value, str) and (code := unprintable(" ".join(value.split()))):
            raise UsageError(f"{name}: {option} holds {code}, a character that no chart shows; leave it out")
    with quiet():
        bundle: Bundle = _figure(name)(result, **options)
    return bundle


def _figure(name: str) -> Any:
    load()
    with quiet():
        return import_module(f"minerals.charts.{name}").figure
