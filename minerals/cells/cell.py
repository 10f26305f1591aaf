"""The bill of materials of a cell per kWh, from its electrochemistry.

One kWh at the average voltage V takes 1000/V Ah through the cell; everything follows from it:

    V        = V(cathode) − V(anode)                       each against the metal of its ion
    cathode  = 1000 / (V · q_cathode) · loss               kg/kWh of active material, q in mAh/g = Ah/kg
    loss     = max(1, efficiency(graphite) / efficiency(anode))
    anode    = N/P · 1000 / (V · q_anode)                  a blend by mass: q = Σ fraction · q_host
    lithium  = thickness · density / (areal capacity · V)  a metal anode
    foil     = thickness · density / (2 · areal capacity · V)      coated on both sides

A practical cathode capacity is that of a full cell with graphite; an anode that keeps more of the first charge for
itself takes more cathode in proportion. A blend's voltage is the mean over its capacity, its first-cycle efficiency
the capacity it gives back over the capacity it takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from ..haste import frozen, value_class

#: What the elements of salts, electrolytes and cathodes are called as minerals.
MINERAL_OF = {
    "Li": "lithium", "Ni": "nickel", "Co": "cobalt", "Mn": "manganese", "P": "phosphorus", "Fe": "iron",
    "Si": "silicon", "Na": "sodium", "S": "sulfur", "Cu": "copper", "Al": "aluminium",
}  # fmt: skip
_UM = 1e-4  # cm in a micrometre


@value_class
class Host:
    """An anode host: its mineral, mass fraction in the blend, capacity [mAh/g], voltage [V], first-cycle efficiency.

    content: mass of the mineral per mass of the host, below one for an oxide.
    """

    mineral: str
    fraction: float
    capacity: float
    voltage: float
    efficiency: float
    content: float = 1.0


@frozen
class Cell:
    """A cell design in numbers.

    cathode, salt and solid: mass fractions by element. Capacities [mAh/g], voltages [V], thicknesses [µm], densities
    [g/cm³], areal capacity [mAh/cm²], electrolyte [g/Ah], the rest are ratios. hosts: empty for a lithium-metal anode,
    whose foil has `lithium_foil`. solid_in_cathode: solid electrolyte per cathode active mass.
    """

    cathode: Mapping[str, float]
    cathode_capacity: float
    cathode_voltage: float
    cathode_density: float
    hosts: tuple[Host, ...]
    anode_density: float
    reference_efficiency: float
    n_over_p: float
    areal_capacity: float
    active_fraction: float
    copper_foil: float
    aluminium_foil: float
    separator: float
    separator_density: float
    electrolyte: float
    salt: Mapping[str, float]
    salt_fraction: float
    lithium_foil: float = 0.0
    solid: Mapping[str, float] = field(default_factory=dict)
    solid_in_cathode: float = 0.0
    aluminium_anode: bool = False

    @property
    def voltage(self) -> float:
        """Average voltage of the cell [V]."""
        charge = sum(host.fraction * host.capacity for host in self.hosts)
        low = sum(host.fraction * host.capacity * host.voltage for host in self.hosts) / charge if charge else 0.0
        return self.cathode_voltage - low

    @property
    def anode_capacity(self) -> float:
        """Capacity of the anode blend [mAh/g]; infinite for a metal."""
        return sum(host.fraction * host.capacity for host in self.hosts) if self.hosts else math.inf

    @property
    def cathode_loss(self) -> float:
        """Cathode taken per cathode of a graphite cell, by first-cycle efficiencies."""
        if not self.hosts:
            return 1.0
        supplied = sum(host.fraction * host.capacity for host in self.hosts)
        taken = sum(host.fraction * host.capacity / host.efficiency for host in self.hosts)
        return max(1.0, self.reference_efficiency * taken / supplied)


#: Densities of pure metals [g/cm³] at 20 °C (CRC Handbook of Chemistry and Physics, Physical constants of inorganic
#: compounds).
COPPER, ALUMINIUM, LITHIUM = 8.96, 2.70, 0.534


@frozen
class Bill:
    """A cell's bill of materials. components and minerals: [kg/kWh]; stack energy without housing [Wh/kg], [Wh/L]."""

    components: Mapping[str, float]
    minerals: Mapping[str, float]
    wh_per_kg: float
    wh_per_l: float


def bill(cell: Cell) -> Bill:
    """Bill of materials per kWh of nominal energy at beginning of life. Raises ValueError where no kWh comes out."""
    if cell.voltage <= 0:
        raise ValueError(f"the anode's voltage is not below the cathode's ({cell.voltage:.3g} V is left)")
    charge = 1000.0 / cell.voltage  # Ah per kWh
    area = charge * 1000.0 / cell.areal_capacity  # cm² of one coated side per kWh
    cathode = charge / cell.cathode_capacity * cell.cathode_loss
    anode = cell.n_over_p * charge / cell.anode_capacity
    foil = area * _UM / 2 / 1000  # kg per g/cm³ and µm of a foil coated on both sides
    second = ALUMINIUM if cell.aluminium_anode else COPPER
    parts = {
        "cathode active material": cathode,
        "anode active material": anode,
        "lithium metal": area * _UM / 1000 * cell.lithium_foil * LITHIUM,
        "electrolyte": cell.electrolyte * charge / 1000,
        "solid electrolyte": (
            cathode * cell.solid_in_cathode + area * _UM / 1000 * cell.separator * cell.separator_density
            if cell.solid else 0.0
        ),
        "separator": 0.0 if cell.solid else area * _UM / 1000 * cell.separator * cell.separator_density,
        "cathode foil": foil * cell.aluminium_foil * ALUMINIUM,
        "anode foil": foil * cell.copper_foil * second,
        "binder and carbon": (cathode + anode) * (1 / cell.active_fraction - 1),
    }  # fmt: skip
    minerals: dict[str, float] = {}

    def add(mineral: str, mass: float) -> None:
        minerals[mineral] = minerals.get(mineral, 0.0) + mass

    for host in cell.hosts:
        add(host.mineral, anode * host.fraction * host.content)
    for fractions, mass in (
        (cell.cathode, cathode),
        (cell.salt, parts["electrolyte"] * cell.salt_fraction),
        (cell.solid, parts["solid electrolyte"]),
    ):
        for element, fraction in fractions.items():
            if element in MINERAL_OF:
                add(MINERAL_OF[element], mass * fraction)
    add("lithium", parts["lithium metal"])
    add("aluminium", parts["cathode foil"] + (parts["anode foil"] if cell.aluminium_anode else 0.0))
    add("copper", 0.0 if cell.aluminium_anode else parts["anode foil"])
    layers = (
        (cathode / cell.active_fraction + cathode * cell.solid_in_cathode) * 1000 / area / cell.cathode_density
        + anode / cell.active_fraction * 1000 / area / cell.anode_density
        + (cell.lithium_foil + cell.separator + (cell.copper_foil + cell.aluminium_foil) / 2) * _UM
    )  # cm
    return Bill(
        components={name: mass for name, mass in parts.items() if mass},
        minerals={name: mass for name, mass in minerals.items() if mass},
        wh_per_kg=1000 / sum(parts.values()),
        wh_per_l=1e6 / (area * layers),
    )
