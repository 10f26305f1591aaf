"""The closed table of units. Values are converted once, on reading; no formula carries a factor.

Canonical units: GWh, kg/kWh, kt, USD_2025/kWh and fractions (`1`). With them 1 kg/kWh × 1 GWh = 1 kt and
1 USD/kWh × 1 GWh = 1 million USD.
"""

from __future__ import annotations

import math
from functools import cache

from .errors import did_you_mean, listed

#: Unit of sums of money.
MONEY = "million USD_2025"
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
    "treatment_price": ("USD_2025/kWh", {"USD_2025/kWh": 1.0, "USD_2025/MWh": 1e-3}),
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
    "deflator": ("1", {"1": 1.0}),
    "mass_price": ("USD_2025/kg", {"USD_2025/kg": 1.0, "USD_2025/t": 1e-3}),
    "part_price": ("USD_2025/kWh", {"USD_2025/kWh": 1.0}),
    "capital_cost": ("USD_2025/(kg/yr)", {"USD_2025/(kg/yr)": 1.0, "USD_2025/(t/yr)": 1e-3}),
    "part_capital_cost": ("USD_2025/(kWh/yr)", {"USD_2025/(kWh/yr)": 1.0}),
    "monthly": ("t/month", {"t/month": 1.0, "kt/month": 1e3}),
    "duration": ("month", {"month": 1.0, "year": 12.0}),
}

#: Kinds of tables whose rows are of one of several kinds; the unit says which, and each keeps its own canonical unit.
EITHER: dict[str, tuple[str, ...]] = {
    "node_use": ("mass_ratio", "energy_ratio", "intensity"),
    "supply": ("mass", "capacity"),
    "nameplate": ("mass_per_year", "capacity"),
    "performance": ("specific_energy", "energy_density", "cycles", "fraction"),
    "line": ("line_cost", "time"),
    "material_price": ("mass_price", "part_price"),
    "expansion": ("capital_cost", "part_capital_cost", "time", "fraction"),
    "holding": ("fraction", "time"),
    "recycling": ("treatment_price", "time"),
    "event": ("severity", "duration"),
}

#: Kind of quantity → (least, most) that a value other than 0 can plausibly be, in the canonical unit. They are wide:
#: each refuses a table in a unit a thousand times too large or too small, and none judges a figure. `kind: kind` is of
#: rows in a table of one of several kinds, `parameter: kind` of a parameter of a cell, in tables and in run files. A
#: table whose quantity is narrower or wider has its own (`least` and `most`
#: in datapackage.json, with `because`), and shares that add up to one have no least.
PLAUSIBLE: dict[str, tuple[float, float]] = {
    # Less than 1 kWh is no battery of a vehicle; all uses of the world need about 14,000 GWh a year in 2050 on a path
    # to net zero, and no row is more than twice that.
    "energy": (1e-6, 30_000),
    # A pilot line makes some 100 MWh a year; the plants announced in all the world would make about 10,000 GWh.
    "capacity": (0.05, 30_000),
    # A tenth of a gram per kWh is an impurity; a whole lead-acid battery, the heaviest, is about 30 kg per kWh.
    "intensity": (1e-4, 30),
    # A deposit of 1 kt is none to the USGS; the largest reserves are of iron, some 2.7e7 kt in one country.
    "mass": (1, 1e8),
    # Products for batteries in a year: lithium iron phosphate, graphite and nickel are a few thousand kt.
    "supply: mass": (1, 1e5),
    # A thousandth of anything is none; shares end at 1 by their tables, ratios (growth, tariffs) in their own.
    "fraction": (1e-3, 5),
    # From one percent, a by-product, to ore of 0.2 %.
    "mass_ratio": (0.01, 500),
    # Cells need one node once, with what is lost on the way.
    "energy_ratio": (0.1, 50),
    # From a month to a life that no battery reaches.
    "time": (0.05, 100),
    # Raw materials alone are more than 5 USD/kWh; the first lithium-ion cells of 1991 cost some 8,000 of 2025.
    "price": (5, 10_000),
    # Sorting of what is collected anyway to ten times the dearest gate fee of Britain.
    "treatment_price": (0.2, 1_000),
    # Hydrogen is 1.008, and nothing stable is above lead's 208.
    "molar_mass": (0.5, 300),
    # Lithium metal holds 3,861 mAh/g and silicon 3,579, the most of any; the least of use is about 100.
    "specific_capacity": (10, 4_000),
    # Graphite is at 0.1 V against lithium; nothing lasts beyond 6 V.
    "voltage": (0.01, 6),
    # A thin film to an electrode so thick that nothing reaches its depth: cells have 2 to 6.
    "areal_capacity": (0.1, 50),
    # A thin coat to a plate of half a millimetre: foils and separators are 4 to 100 µm.
    "thickness": (0.5, 500),
    # Foams to iridium.
    "density": (0.05, 23),
    # Electrolyte: from a tenth of a lean cell's to that of a flooded one.
    "mass_per_charge": (0.1, 100),
    # One plant: from 10 t a year of a pilot to three times the largest refinery.
    "mass_per_year": (0.01, 3_000),
    # A pedelec has half a kWh, a ferry some thousand.
    "pack_size": (0.2, 20_000),
    # Lead-acid has 30 Wh/kg; sulfur with lithium holds 2,600 in theory.
    "specific_energy": (10, 2_600),
    # Lead-acid has 60 Wh/L; sulfur with lithium holds 2,800 in theory.
    "energy_density": (20, 5_000),
    # A cell of a laboratory to ten times the longest-lived that is sold.
    "cycles": (20, 100_000),
    # Plants cost 30 to 110 USD for a kWh a year, the first of a kind a few times as much.
    "line_cost": (1, 2_000),
    # A stop of one percent is none.
    "severity": (0.01, 1),
    # Lost of past stops: a hundredth is none, and nothing loses more than all.
    "event: severity": (0.015, 1.6),
    # A won of South Korea to a pound of Britain.
    "deflator": (4e-4, 3),
    # Ore and coke to cobalt at its peak.
    "mass_price": (0.2, 200),
    # A part of a cell costs less than the cell: additives to a dear electrolyte.
    "part_price": (0.1, 20),
    # Sulphate from powder to silicon from silane.
    "capital_cost": (0.3, 300),
    "part_capital_cost": (0.2, 100),
    # What grows by half a percent a year stands still; nothing costs six times what it does at the top producer.
    "expansion: fraction": (5e-3, 5),
    # A stock costs a year less than it is worth.
    "holding: fraction": (5e-3, 1),
    # Germanium, a few hundred kilograms, to flake graphite before its licences.
    "monthly": (0.05, 1e5),
    # From half a month to ten years of quotas.
    "duration": (0.5, 120),
    # Nothing gives back more than it took, and what loses nine tenths in the first cycle is no cell.
    "first_cycle_efficiency: fraction": (0.1, 1),
    # A smaller anode than cathode plates lithium; ten times the cathode is a cell of a laboratory.
    "n_over_p: fraction": (1, 10),
    # The rest is binder and carbon.
    "active_fraction: fraction": (0.1, 1),
    "salt_fraction: fraction": (1e-3, 1),
    # A silicon-carbon composite: from a trace to silicon alone.
    "composite_content: fraction": (0.01, 1),
    # Per mass of active material: ten times it holds next to no energy.
    "solid_in_cathode: fraction": (1e-3, 10),
    # Cells of a laboratory have discs of lithium of 750 µm, and pellets of solid electrolyte of a millimetre.
    "lithium_foil: thickness": (0.5, 2_000),
    "separator: thickness": (0.5, 2_000),
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
    "composite_content": "fraction",
}

#: Capacity of graphite charged to LiC6 [mAh/g]: no graphite anode holds more.
GRAPHITE_LIMIT = 372.0
#: Mass of lithium carbonate per mass of lithium: M(Li2CO3) / 2 M(Li).
LCE_PER_LITHIUM = 5.323


def canonical(kind: str) -> str:
    """Canonical unit of a kind of quantity, e.g. `energy` → `GWh`."""
    return UNITS[kind][0]


@cache
def of_one_kind(unit: str, kind: str) -> str:
    """The kind itself; of those in EITHER the one that has the unit, or `kind` again where neither has it."""
    return next((one for one in EITHER.get(kind, ()) if _spelled(unit) in UNITS[one][1]), kind)


def accepted_units(kind: str) -> dict[str, float]:
    """Factor to the canonical unit of each unit that a kind accepts; of one of several kinds, those of all."""
    return {name: scale for one in EITHER.get(kind, (kind,)) for name, scale in UNITS[one][1].items()}


def _spelled(unit: str) -> str:
    """A unit with the micro sign, which looks the same as the Greek letter mu that many keyboards write."""
    return unit.replace("\u03bc", "\u00b5")


@cache
def ends(kind: str, of_table: str, own: tuple[float | None, float | None]) -> tuple[float, float]:
    """(least, most) that a value of a kind other than 0 can plausibly be, in the canonical unit.

    of_table: kind of its table, or the parameter of a cell; own: ends that its table gives instead.
    """
    least, most = PLAUSIBLE.get(f"{of_table}: {kind}") or PLAUSIBLE.get(kind, (0.0, math.inf))
    return least if own[0] is None else own[0], most if own[1] is None else own[1]


def implausible(value: float, scale: float, kind: str, within: tuple[float, float], because: str = "") -> str:
    """Why a value is refused, with what may have happened.

    value: in the canonical unit; scale: factor of the unit it is written in; within: the plausible (least, most);
    because: why the table has ends of its own.
    """
    least, most = within
    expected = f"expected {'0, or ' if least else ''}{least:g} to {most:g} {canonical(kind)}".removesuffix(" 1")
    expected += f" ({because.rstrip('.')})" if because else ""
    fits = [name for name, other in UNITS[kind][1].items() if least <= abs(value) / scale * other <= most]
    steps = [(100.0, "a hundred"), (1e3, "a thousand"), (1e6, "a million"), (1e9, "a thousand million")]
    for step, words in steps if kind == "fraction" else steps[1:]:
        for true, size in ((abs(value) / step, "large"), (abs(value) * step, "small")):
            if least <= true <= most:
                unit = f" If the figures are in {' or '.join(fits)}, write that as their unit" if fits else ""
                return f"{expected}; {words} times too {size}?{unit}"
    return f"{expected}; if it is meant, give the table its own least or most, with because, in datapackage.json"


@cache
def factor(unit: str, kind: str) -> float:
    """Factor from `unit` to the canonical unit of `kind`. Raises ValueError with the reason and the way out."""
    accepted, unit = accepted_units(kind), _spelled(unit)
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
