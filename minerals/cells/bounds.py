"""What a cell cannot be, and what no cell has been: physical limits with their reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields

from .cell import LITHIUM, Cell

#: Least excess of anode over cathode that cells on the market have, and the best graphite in them [mAh/g].
LEAST_EXCESS, BEST_GRAPHITE = 1.02, 360.0


#: Charge a micrometre of lithium holds [mAh/cm² per µm]: 3861 mAh/g × its density.
LITHIUM_CHARGE = 3861 * LITHIUM * 1e-4


def impossible(cell: Cell, theoretical: Mapping[str, float]) -> Iterable[tuple[str, str]]:
    """(parameter, reason) for what no cell can be.

    theoretical: capacity [mAh/g] of the cathode ("cathode") and of each host by mineral, where all its ions move.
    """
    broken = [name for name, value in _numbers(cell) if not math.isfinite(value)]
    if broken:
        yield from ((name, "expected a finite number") for name in broken)
        return
    most = theoretical["cathode"]
    if not 0 < cell.cathode_capacity <= most:
        yield "practical_capacity", f"{cell.cathode_capacity:g} mAh/g; its formula gives at most {most:.1f}"
    for host in cell.hosts:
        most = theoretical.get(host.mineral, float("inf"))
        if not 0 < host.capacity <= most:
            yield "practical_capacity", f"{host.capacity:g} mAh/g of {host.mineral}; it takes at most {most:.1f}"
        if not 0 < host.efficiency <= 1:
            yield "first_cycle_efficiency", f"{host.efficiency:g} of {host.mineral}; expected above 0, at most 1"
    if cell.voltage <= 0:
        yield "average_voltage", f"leaves {cell.voltage:.3g} V between the electrodes; expected above 0"
    if cell.hosts and cell.n_over_p < 1:
        yield "n_over_p", f"{cell.n_over_p:g}; an anode smaller than the cathode plates lithium, expected at least 1"
    for name in ("areal_capacity", "active_fraction", "cathode_density", "anode_density"):
        if not getattr(cell, name) > 0:
            yield name, f"{getattr(cell, name):g}; expected above 0"
    for name in ("active_fraction", "salt_fraction"):
        if getattr(cell, name) > 1:
            yield name, f"{getattr(cell, name):g}; expected at most 1"
    for name in ("copper_foil", "aluminium_foil", "separator", "electrolyte", "lithium_foil", "solid_in_cathode"):
        if getattr(cell, name) < 0:
            yield name, f"{getattr(cell, name):g}; expected at least 0"

    if not cell.hosts and not {"Li", "Na"} & set(cell.cathode):
        held = cell.lithium_foil * LITHIUM_CHARGE
        if held < cell.areal_capacity:
            yield (
                "lithium_foil",
                (
                    f"{cell.lithium_foil:g} µm; the cathode brings no lithium, and the foil holds {held:.2g} of the "
                    f"{cell.areal_capacity:g} mAh/cm² that a discharge takes"
                ),
            )


def _numbers(cell: Cell) -> Iterable[tuple[str, float]]:
    """Every number of a cell with its name."""
    for field in fields(cell):
        value = getattr(cell, field.name)
        if isinstance(value, float | int):
            yield field.name, float(value)
    for host in cell.hosts:
        yield f"{host.mineral}_capacity", host.capacity
        yield f"{host.mineral}_voltage", host.voltage
        yield f"{host.mineral}_efficiency", host.efficiency


def unusual(cell: Cell) -> Iterable[tuple[str, str]]:
    """(parameter, reason) for what is possible and not on the market."""
    graphite = [host for host in cell.hosts if host.mineral == "graphite"]
    if len(cell.hosts) == 1 and graphite and cell.n_over_p / cell.anode_capacity < LEAST_EXCESS / BEST_GRAPHITE:
        least = f"an excess of {LEAST_EXCESS:g} at {BEST_GRAPHITE:g} mAh/g"
        yield "n_over_p", f"{cell.n_over_p:g} at {cell.anode_capacity:g} mAh/g; less graphite than {least}"
    silicon = sum(host.fraction for host in cell.hosts if host.mineral == "silicon")
    if silicon > 0.5:
        yield "silicon", f"{silicon:.0%} of the anode; no blend above half is in volume production"
