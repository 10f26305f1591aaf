"""A derived cell as text: what it takes per kWh, beside the inventories, and which numbers decide it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ..case.cell_model import Derived
from ..errors import listed
from ..numbers import signed_percent
from ..tables.inputs import Inputs
from .screen import fitted

#: Minerals whose sensitivity is printed, the first of them that the cell holds.
DECIDED = ("graphite", "lithium", "hard_carbon", "nickel", "sulfur")
#: Numbers that move a mineral by less than this share of it are not printed.
SMALLEST = 0.005


def sheet(cell: Derived, inputs: Inputs, width: int) -> list[str]:
    """Lines: energy of the stack, minerals beside the literature, components, and the numbers that decide; tables fit a
    width."""
    labels = dict(zip(inputs["minerals"]["mineral"], inputs["minerals"]["label"], strict=True))
    chemistries = inputs["chemistries"].set_index("chemistry")
    name = str(chemistries.loc[cell.chemistry, "label"])
    silicon = f", {cell.silicon:.0%} {cell.blend.replace('_', ' ')} in the anode" if cell.silicon else ""
    silicon += f", {cell.solid} electrolyte" if cell.solid else ""
    hand = [f"{key} {item.value:g} {_unit(item.unit)}".strip() for key, item in cell.numbers.items() if not item.row]
    lines = [f"{name}{silicon}{'; by hand: ' + ', '.join(hand) if hand else ''}"]
    lines.append(
        f"Stack without housing: {cell.bill.wh_per_kg:,.0f} Wh/kg, {cell.bill.wh_per_l:,.0f} Wh/L (rough: layers alone)"
    )
    lines += [f"Unusual: {warning}" for warning in cell.warnings]
    lines += ["", *_minerals(cell, inputs, labels, width), "", *_components(cell, width)]
    return [*lines, "", *_effects(cell, labels, width)]


def _minerals(cell: Derived, inputs: Inputs, labels: dict[str, str], width: int) -> list[str]:
    """Derived kg/kWh with ends, beside the tabulated ones, where the same cell is tabulated."""
    code = _tabulated(cell, inputs)
    table = inputs["mineral_intensity"]
    known = table[table["chemistry"] == code].set_index("mineral")
    rows = []
    for mineral, value in sorted(cell.bill.minerals.items(), key=lambda item: -item[1]):
        rows.append([labels[mineral], _kg(value), f"{_kg(cell.low[mineral])}–{_kg(cell.high[mineral])}"])
        if mineral in known.index:
            other = known.loc[mineral]
            ends = "" if pd.isna(other["low"]) else f"{_kg(other['low'])}–{_kg(other['high'])}"
            ratio = f"{value / other['value']:.2f}" if other["value"] else ""
            rows[-1] += [_kg(other["value"]), ends, ratio]
        else:
            rows[-1] += ["", "", ""]
    head = ["kg/kWh", "derived", "low–high", "literature", "low–high", "derived ÷ literature"]
    lines = fitted(head, rows, width)
    if not code:
        lines.append("No literature value of this very blend is tabulated.")
    lines += _silicon(cell)
    if {"copper", "aluminium"} & set(cell.bill.minerals):
        pack = [f"{_kg(row.value)} of {labels[row.mineral].lower()}" for row in inputs.rows("pack_intensity")]
        lines.append(
            "Copper and aluminium: foils here; the literature counts tabs and housing of the cell. "
            f"A pack adds to any cell, in kg/kWh, {listed(pack)} (pack_intensity.csv)."
        )
    return lines


def _silicon(cell: Derived) -> Iterable[str]:
    """Whose mass silicon is, and what graphite it saves on each basis."""
    if not cell.silicon:
        return
    mass = cell.bill.minerals["silicon"]
    forms = [f"{_kg(mass * ratio)} as {name}" for name, ratio in cell.per_silicon.items()]
    yield f"Silicon is contained Si: {_kg(mass)} kg/kWh{', the same as ' if forms else ''}{listed(forms)}."
    ratios = {"of contained Si": 1.0, **cell.per_silicon}
    saved = [f"{cell.graphite_saved / mass / ratio:.1f} per kg {name}" for name, ratio in ratios.items()]
    yield (
        f"Graphite saved against the cell without silicon: {_kg(cell.graphite_saved)} kg/kWh; in kg, {listed(saved)}."
    )


def _tabulated(cell: Derived, inputs: Inputs) -> str:
    """Code of the tabulated chemistry that has this silicon, or ''."""
    if cell.blend != "silicon" or cell.solid != cell.design_solid:
        return ""
    frame = inputs["chemistries"]
    base = {row.chemistry: row.base or row.chemistry for row in frame.itertuples()}
    same = frame[
        (frame["chemistry"].map(base) == base[cell.chemistry]) & ((frame["silicon"] - cell.silicon).abs() < 1e-9)
    ]
    return str(same["chemistry"].iloc[0]) if len(same) else ""


def _components(cell: Derived, width: int) -> list[str]:
    rows = [[name.capitalize(), _kg(mass)] for name, mass in cell.bill.components.items()]
    return fitted(["Components", "kg/kWh"], rows, width)


def _effects(cell: Derived, labels: dict[str, str], width: int) -> Iterable[str]:
    """For the minerals that decide: each number at its ends, the change it makes, the largest first."""
    deciding = [mineral for mineral in DECIDED if mineral in cell.bill.minerals][:2]
    for place, mineral in enumerate(deciding):
        value = cell.bill.minerals[mineral]
        moves = []
        for effect in cell.effects:
            ends = [each.get(mineral, 0.0) / value - 1 for each in (effect.at_low, effect.at_high)]
            if max(map(abs, ends)) >= SMALLEST:
                entry = effect.number
                span = f"{entry.low:g}–{entry.high:g} {_unit(entry.unit)}".strip()
                moves.append((max(map(abs, ends)), [effect.name, f"{entry.value:g}", span, *map(signed_percent, ends)]))
        rows = [row for _, row in sorted(moves, key=lambda move: -move[0])]
        if rows:
            yield from [""] if place else []
            yield from fitted([f"{labels[mineral]} by", "value", "low–high", "at low", "at high"], rows, width)


def _kg(value: float) -> str:
    return f"{value:.3g}"


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit
