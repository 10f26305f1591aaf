"""The closed table of units. Values are converted once, on reading; no formula carries a factor.

Canonical units: GWh, kg/kWh, kt, USD_2025/kWh and fractions (`1`). With them 1 kg/kWh × 1 GWh = 1 kt and
1 USD/kWh × 1 GWh = 1 million USD.
"""

from __future__ import annotations

from .errors import did_you_mean, listed

#: kind of quantity → (canonical unit, {accepted unit: factor to canonical})
UNITS: dict[str, tuple[str, dict[str, float]]] = {
    "energy": ("GWh", {"GWh": 1.0, "TWh": 1e3, "MWh": 1e-3, "kWh": 1e-6}),
    "capacity": ("GWh/yr", {"GWh/yr": 1.0, "TWh/yr": 1e3, "MWh/yr": 1e-3}),
    "intensity": ("kg/kWh", {"kg/kWh": 1.0, "g/kWh": 1e-3, "g/Wh": 1.0, "t/MWh": 1.0, "kt/GWh": 1.0, "t/GWh": 1e-3}),
    "mass": ("kt", {"kt": 1.0, "Mt": 1e3, "t": 1e-3, "kg": 1e-6}),
    "fraction": ("1", {"1": 1.0}),
    "mass_ratio": ("kg/kg", {"kg/kg": 1.0, "t/t": 1.0, "g/kg": 1e-3}),
    "energy_ratio": ("GWh/GWh", {"GWh/GWh": 1.0, "kWh/kWh": 1.0}),
    "time": ("year", {"year": 1.0, "years": 1.0, "month": 1 / 12}),
    "price": ("USD_2025/kWh", {"USD_2025/kWh": 1.0, "USD_2025/MWh": 1e-3}),
    "molar_mass": ("g/mol", {"g/mol": 1.0, "kg/mol": 1e3}),
    "specific_capacity": ("mAh/g", {"mAh/g": 1.0, "Ah/kg": 1.0, "Ah/g": 1e3}),
    "voltage": ("V", {"V": 1.0, "mV": 1e-3}),
    "areal_capacity": ("mAh/cm2", {"mAh/cm2": 1.0, "Ah/m2": 0.1}),
    "thickness": ("µm", {"µm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3}),
    "density": ("g/cm3", {"g/cm3": 1.0, "kg/m3": 1e-3}),
    "mass_per_charge": ("g/Ah", {"g/Ah": 1.0, "kg/Ah": 1e3}),
    "mass_per_year": ("kt/yr", {"kt/yr": 1.0, "Mt/yr": 1e3, "t/yr": 1e-3}),
    "pack_size": ("kWh/vehicle", {"kWh/vehicle": 1.0}),
    "specific_energy": ("Wh/kg", {"Wh/kg": 1.0, "kWh/kg": 1e3}),
    "energy_density": ("Wh/L", {"Wh/L": 1.0, "kWh/L": 1e3}),
    "cycles": ("cycles", {"cycles": 1.0}),
    "calendar_year": ("year", {"year": 1.0}),
    "line_cost": ("USD_2025/(kWh/yr)", {"USD_2025/(kWh/yr)": 1.0, "USD_2025/(MWh/yr)": 1e-3}),
    "severity": ("1", {"1": 1.0}),
    "estimate": ("1", {"1": 1.0}),
}

#: Kinds of tables whose rows are of one of several kinds; the unit says which, and each keeps its own canonical unit.
EITHER: dict[str, tuple[str, ...]] = {
    "node_use": ("mass_ratio", "energy_ratio"),
    "supply": ("mass", "capacity"),
    "nameplate": ("mass_per_year", "capacity"),
    "performance": ("specific_energy", "energy_density", "cycles", "fraction"),
    "line": ("line_cost", "time"),
}

#: Kind of each parameter of a cell, for the table whose rows differ in kind.
CELL_PARAMETERS: dict[str, str] = {
    "practical_capacity": "specific_capacity",
    "average_voltage": "voltage",
    "first_cycle_efficiency": "fraction",
    "n_over_p": "fraction",
    "areal_capacity": "areal_capacity",
    "active_fraction": "fraction",
    "cathode_density": "density",
    "anode_density": "density",
    "copper_foil": "thickness",
    "aluminium_foil": "thickness",
    "separator": "thickness",
    "separator_density": "density",
    "electrolyte": "mass_per_charge",
    "salt_fraction": "fraction",
    "lithium_foil": "thickness",
    "solid_in_cathode": "fraction",
}

#: Capacity of graphite charged to LiC6 [mAh/g]: no graphite anode holds more.
GRAPHITE_LIMIT = 372.0
#: Mass of lithium carbonate per mass of lithium: M(Li2CO3) / 2 M(Li).
LCE_PER_LITHIUM = 5.323


def canonical(kind: str) -> str:
    """Canonical unit of a kind of quantity, e.g. `energy` → `GWh`."""
    return UNITS[kind][0]


def of_one_kind(unit: str, kind: str) -> str:
    """The kind itself; of those in EITHER the one that has the unit, or `kind` again where neither has it."""
    return next((one for one in EITHER.get(kind, ()) if unit in UNITS[one][1]), kind)


def factor(unit: str, kind: str) -> float:
    """Factor from `unit` to the canonical unit of `kind`. Raises ValueError with the reason and the way out."""
    accepted = {name: scale for one in EITHER.get(kind, (kind,)) for name, scale in UNITS[one][1].items()}
    if unit in accepted:
        return accepted[unit]
    if "LCE" in unit.upper() and kind == "supply":
        raise ValueError(
            "supply is mass of the node's product: for chemicals in carbonate equivalent write kt as it is, for a mine "
            f"divide by {LCE_PER_LITHIUM} and write kt of contained lithium"
        )
    if "LCE" in unit.upper():
        raise ValueError(
            "mass is contained element here, not lithium carbonate equivalent; "
            f"divide by {LCE_PER_LITHIUM} (1 t Li = {LCE_PER_LITHIUM} t LCE) and write the unit without LCE"
        )
    if unit in ("%", "percent", "pct"):
        raise ValueError("shares are fractions from 0 to 1; divide by 100 and write the unit as 1")
    if kind == "price" and unit.startswith(("USD", "EUR")):
        target = canonical(kind)
        raise ValueError(f"prices are real 2025 dollars ({target}); convert with a cited deflator and write {target}")
    if kind == "line" and unit.startswith(("USD", "EUR")):
        target = canonical("line_cost")
        raise ValueError(f"lines cost real 2025 dollars ({target}); convert with a cited deflator and write {target}")
    raise ValueError(f"not a unit of {kind}{did_you_mean(unit, accepted)} (accepted: {listed(accepted)})")
