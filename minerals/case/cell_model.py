"""Cells of the input tables: designs filled with their parameters, and what they take of each mineral, with ends.

The ends of a derived intensity combine those of the parameters: each is moved to its low and to its high end alone, and
the deviations to either side are added in quadrature, as for independent causes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field

from ..cells.bounds import LITHIUM_CHARGE, impossible, unusual
from ..cells.cell import Bill, Cell, Host, bill
from ..cells.formula import mass_fractions, parse, theoretical_capacity
from ..errors import UsageError, did_you_mean, listed
from ..haste import frozen, value_class
from ..tables.inputs import Inputs
from ..units import GRAPHITE_LIMIT

#: Numbers of a cell design → (which of its materials, parameter of cell_parameter). Order: as they are told.
NUMBERS: dict[str, tuple[str, str]] = {
    "cathode_capacity": ("cathode", "practical_capacity"),
    "cathode_voltage": ("cathode", "average_voltage"),
    "anode_capacity": ("anode", "practical_capacity"),
    "anode_voltage": ("anode", "average_voltage"),
    "anode_efficiency": ("anode", "first_cycle_efficiency"),
    "silicon_capacity": ("silicon", "practical_capacity"),
    "silicon_voltage": ("silicon", "average_voltage"),
    "silicon_efficiency": ("silicon", "first_cycle_efficiency"),
    "n_over_p": ("anode", "n_over_p"),
    "lithium_foil": ("any", "lithium_foil"),
    "electrolyte": ("cathode", "electrolyte"),
    "salt_fraction": ("salt", "salt_fraction"),
    "areal_capacity": ("cathode", "areal_capacity"),
    "active_fraction": ("cathode", "active_fraction"),
    "copper_foil": ("cathode", "copper_foil"),
    "aluminium_foil": ("cathode", "aluminium_foil"),
    "separator": ("solid_electrolyte", "separator"),
    "separator_density": ("solid_electrolyte", "separator_density"),
    "solid_in_cathode": ("solid_electrolyte", "solid_in_cathode"),
    "cathode_density": ("cathode", "cathode_density"),
    "anode_density": ("anode", "anode_density"),
}
#: Silicon per mass of a silicon-carbon composite, in cell_parameter.
COMPOSITE = "composite_content"
SILICON, OXIDE, GRAPHITE, SODIUM = "silicon", "silicon_oxide", "graphite", "sodium_salt"
#: Capacity of the lithium foil over that of the cathode: another way to say how thick it is.
EXCESS = "lithium_excess"
SOLIDS = ("sulfide", "oxide", "polymer")


@value_class
class Number:
    """A number of a cell with its ends and unit; row: where it stands, '' where it was given by hand.

    A number given by hand is certain: its ends are those of the table, and only say how much it matters.
    """

    value: float
    low: float
    high: float
    unit: str
    row: str


@frozen
class Effect:
    """What a cell takes of each mineral [kg/kWh] with one number at its low and at its high end."""

    name: str
    number: Number
    at_low: Mapping[str, float]
    at_high: Mapping[str, float]


@frozen
class Derived:
    """A derived cell: its numbers, bill of materials, ends of each mineral [kg/kWh], effects, and what is unusual.

    blend: what the silicon is in; solid: its solid electrolyte, and design_solid that of the chemistry's design.
    graphite_saved: graphite of the same cell without silicon less that of this one [kg/kWh], 0 without silicon;
    per_silicon: mass of SiO and of a silicon-carbon composite, where the tables have them, per mass of contained
    silicon, by name.
    """

    chemistry: str
    silicon: float
    numbers: Mapping[str, Number]
    bill: Bill
    low: Mapping[str, float]
    high: Mapping[str, float]
    effects: tuple[Effect, ...]
    warnings: tuple[str, ...]
    voltage: float
    blend: str = SILICON
    solid: str = ""
    design_solid: str = ""
    graphite_saved: float = 0.0
    per_silicon: Mapping[str, float] = field(default_factory=dict)

    @property
    def least_graphite(self) -> float:
        """Graphite that a cell of this voltage needs at least [kg/kWh], 0 where its anode is another: 1 / (372 · V)."""
        if "graphite" not in self.bill.minerals:
            return 0.0
        return 1000 / (GRAPHITE_LIMIT * self.voltage)

    def rows(self) -> list[str]:
        """Rows of the numbers, `file:line`, once."""
        return sorted({number.row for number in self.numbers.values() if number.row})


def _outside(numbers: Mapping[str, Number]) -> Iterable[tuple[str, str]]:
    """(number, reason) for what was given by hand beyond what was read of cells."""
    for name, number in numbers.items():
        if not number.row and number.low < number.high and not number.low <= number.value <= number.high:
            yield name, f"{number.value:g} {number.unit}; of cells {number.low:g} to {number.high:g} were read"


class CellModel:
    """Derives cells from the tables of a data package."""

    def __init__(self, inputs: Inputs) -> None:
        frame = inputs["atomic_weight"]
        self.weights: dict[str, float] = dict(zip(frame["element"], frame["value"], strict=True))
        self.materials = inputs["cell_material"].set_index("material").to_dict("index")
        self.designs = inputs["cell_design"].set_index("chemistry").to_dict("index")
        named = inputs.tables["cell_parameter"].named
        self.parameters = {
            (row.item, row.parameter): Number(
                row.value,
                row.value if math.isnan(row.low) else row.low,
                row.value if math.isnan(row.high) else row.high,
                row.unit,
                named(row.line),
            )
            for row in inputs["cell_parameter"].itertuples()
        }

    def derive(
        self,
        chemistry: str,
        silicon: float = 0.0,
        changes: Mapping[str, float] | None = None,
        blend: str = SILICON,
        solid: str = "",
    ) -> Derived:
        """Derive a chemistry with a mass fraction of silicon in its anode.

        changes: numbers of NUMBERS, or EXCESS, given by hand, which are then certain; blend: `silicon`, or
        `silicon_oxide` where the fraction is of SiO; solid: a solid electrolyte (SOLIDS) in place of the liquid. Raises
        UsageError with every reason why there is no such cell.
        """
        design = self._design(chemistry)
        if solid and solid not in SOLIDS:
            raise UsageError(f"no solid electrolyte is called {solid}{did_you_mean(solid, SOLIDS)} ({listed(SOLIDS)})")
        if solid:
            design = {**design, "solid_electrolyte": solid, "salt": ""}
        if blend not in (SILICON, OXIDE):
            raise UsageError(f"no blend is called {blend}; use {SILICON} or {OXIDE}")
        design = {**design, "blend": blend}
        numbers = self._numbers(chemistry, design, silicon, changes or {})
        values = {name: number.value for name, number in numbers.items()}
        cell = self._cell(design, values, silicon)
        theoretical = self._theoretical(design, silicon)
        wrong = [f"{name} = {why}" for name, why in impossible(cell, theoretical)]
        if not 0 <= silicon < 1:
            wrong.append(f"silicon = {silicon:g}; expected a mass fraction from 0 to below 1")
        if wrong:
            raise UsageError(f"no {chemistry} cell has " + "; nor ".join(wrong))
        middle = bill(cell)
        effects = []
        for name, number in numbers.items():
            if number.low == number.high:
                continue
            try:
                ends = [
                    bill(self._cell(design, values | {name: end}, silicon)).minerals
                    for end in (number.low, number.high)
                ]
            except ValueError as error:
                low_high = f"{number.low:g} to {number.high:g}"
                raise UsageError(f"no {chemistry} cell has {name} = {low_high}, the ends of its row: {error}") from None
            effects.append(Effect(name, number, ends[0], ends[1]))
        low, high = {}, {}
        for mineral, value in middle.minerals.items():
            moves = [
                (min(each) - value, max(each) - value)
                for effect in effects
                if effect.number.row
                for each in [(effect.at_low.get(mineral, 0.0), effect.at_high.get(mineral, 0.0), value)]
            ]
            low[mineral] = max(value - math.hypot(*(down for down, _ in moves)), 0.0)
            high[mineral] = value + math.hypot(*(up for _, up in moves))
        saved = 0.0
        if silicon:
            saved = bill(self._cell(design, values, 0.0)).minerals[GRAPHITE] - middle.minerals[GRAPHITE]
        remarks = tuple(f"{name} = {why}" for name, why in (*unusual(cell), *_outside(numbers)))
        return Derived(
            chemistry=chemistry,
            silicon=silicon,
            numbers=numbers,
            bill=middle,
            low=low,
            high=high,
            effects=tuple(effects),
            warnings=remarks,
            voltage=cell.voltage,
            blend=blend,
            solid=design["solid_electrolyte"],
            design_solid=self._design(chemistry)["solid_electrolyte"],
            graphite_saved=saved,
            per_silicon=self._per_silicon() if silicon else {},
        )

    def _per_silicon(self) -> dict[str, float]:
        """Mass of what silicon is sold in, per mass of contained silicon."""
        out = {"SiO": 1 / self._fractions(OXIDE)["Si"]} if OXIDE in self.materials else {}
        if content := self.parameters.get((SILICON, COMPOSITE)):
            out[f"silicon-carbon composite of {content.value:.0%} Si"] = 1 / content.value
        return out

    def _design(self, chemistry: str) -> dict[str, str]:
        if chemistry not in self.designs:
            hint = did_you_mean(chemistry, self.designs)
            raise UsageError(f"no cell design of {chemistry}{hint} (designs: {listed(self.designs, 40)})")
        design: dict[str, str] = self.designs[chemistry]
        return design

    def _numbers(
        self, chemistry: str, design: Mapping[str, str], silicon: float, changes: Mapping[str, float]
    ) -> dict[str, Number]:
        """Numbers the design needs: a row of the chemistry goes before one of its material, that before one for any."""
        host = self.materials[design["anode"]]["role"] == "host"
        if silicon and design["anode"] != GRAPHITE:
            raise UsageError(f"{chemistry} has no graphite anode to blend with silicon ({design['anode']})")
        places = {**design, "any": "any", SILICON: design["blend"] if silicon else ""}
        changes = dict(changes)
        excess = changes.pop(EXCESS, None)
        out: dict[str, Number] = {}
        for name, (place, parameter) in NUMBERS.items():
            item = places[place] or "any"
            if (place in ("anode", SILICON) and not host) and parameter != "anode_density":
                continue
            if (name.startswith("silicon") and not silicon) or (name == "lithium_foil" and host):
                continue
            if name in ("salt_fraction", "solid_in_cathode") and not places[place]:
                continue
            # A chemistry is often called as its cathode, so its rows say nothing of the anode.
            own = () if place in ("anode", SILICON) else (chemistry,)
            solid = (places["solid_electrolyte"],) if name == "electrolyte" else ()
            items = (*own, *solid, item, "any")
            found = next(
                (self.parameters[key, parameter] for key in items if (key, parameter) in self.parameters), None
            )
            if name in changes:
                table_number = found or Number(changes[name], changes[name], changes[name], "", "")
                out[name] = Number(changes[name], table_number.low, table_number.high, table_number.unit, "")
            elif found is not None:
                out[name] = found
            else:
                raise UsageError(f"cell_parameter.csv has no {parameter} of {item}, which a {chemistry} cell needs")
        if excess is not None and not host:
            foil = out["lithium_foil"]
            thick = excess * out["areal_capacity"].value / LITHIUM_CHARGE
            out["lithium_foil"] = Number(thick, foil.low, foil.high, foil.unit, "")
        elif excess is not None:
            changes[EXCESS] = excess
        if unknown := [name for name in changes if name not in out]:
            raise UsageError(
                f"a {chemistry} cell has no {listed(unknown)}{did_you_mean(unknown[0], out)} (it has {listed(out, 30)})"
            )
        return out

    def _cell(self, design: Mapping[str, str], values: Mapping[str, float], silicon: float) -> Cell:
        hosts = []
        if self.materials[design["anode"]]["role"] == "host":
            numbers = (values["anode_capacity"], values["anode_voltage"], values["anode_efficiency"])
            hosts.append(Host(design["anode"], 1 - silicon, *numbers))
        if silicon:
            content = self._fractions(design["blend"])["Si"]
            numbers = (values["silicon_capacity"], values["silicon_voltage"], values["silicon_efficiency"])
            hosts.append(Host(SILICON, silicon, *numbers, content))
        usual = self.parameters.get((design["anode"], "first_cycle_efficiency"))
        return Cell(
            cathode=self._fractions(design["cathode"]),
            cathode_capacity=values["cathode_capacity"],
            cathode_voltage=values["cathode_voltage"],
            cathode_density=values["cathode_density"],
            hosts=tuple(hosts),
            anode_density=values["anode_density"],
            # Practical capacities of cathodes are those in use with the anode they are sold with, as it is.
            reference_efficiency=usual.value if usual else 1.0,
            n_over_p=values.get("n_over_p", 0.0),
            areal_capacity=values["areal_capacity"],
            active_fraction=values["active_fraction"],
            copper_foil=values["copper_foil"],
            aluminium_foil=values["aluminium_foil"],
            separator=values["separator"],
            separator_density=values["separator_density"],
            electrolyte=values["electrolyte"],
            salt=self._fractions(design["salt"]) if design["salt"] else {},
            salt_fraction=values.get("salt_fraction", 0.0),
            lithium_foil=values.get("lithium_foil", 0.0),
            solid=self._fractions(design["solid_electrolyte"]) if design["solid_electrolyte"] else {},
            solid_in_cathode=values.get("solid_in_cathode", 0.0),
            aluminium_anode=design["salt"] == SODIUM,
        )

    def _fractions(self, material: str) -> dict[str, float]:
        return mass_fractions(parse(self.materials[material]["formula"]), self.weights)

    def _theoretical(self, design: Mapping[str, str], silicon: float) -> dict[str, float]:
        names = {"cathode": design["cathode"], design["anode"]: design["anode"]}
        if silicon:
            names[SILICON] = design["blend"]
        return {
            place: theoretical_capacity(parse(row["formula"]), row["ions"], self.weights)
            for place, row in ((place, self.materials[name]) for place, name in names.items())
            if row["ions"]
        }
