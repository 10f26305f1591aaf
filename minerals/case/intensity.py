"""Which intensities of cells a run computes with: those of inventories, those derived, or changed ones.

What a pack adds comes on top of any of them (`Resolved.mineral_intensity`).

Resolving takes the inventories. Here a run that asks for it gets derived values, with the rows of `cell_parameter` they
rest on; a silicon fraction between tabulated blends gets the derived curve times the tabulated-to-derived ratio,
interpolated in the logarithm, so that the curve runs through the tabulated blends; and intensities the run file names
are laid over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, Problem, UsageError, did_you_mean, listed
from ..tables.inputs import Inputs
from ..tables.resolve import BESIDE_THE_CELL, Resolved, with_replaced_cells
from ..tables.values import Values
from .cell_model import CellModel, Derived


def with_intensity(resolved: Resolved, inputs: Inputs) -> Resolved:
    """The resolved run with the intensities it asks for. Raises InputError with every reason why they cannot be had."""
    values = resolved.cell_intensity.columns["value"]
    config = resolved.run.settings.intensity
    if not (config.route == "derived" or config.cell or config.kg_per_kwh or any(map(math.isnan, values))):
        return resolved
    return _Intensity(resolved, inputs).replaced()


@dataclass
class _Row:
    """One replaced intensity: value, ends, how it was made, and the row of inputs_used that stands for it."""

    value: float
    low: float
    high: float
    fill: str
    used: dict[str, Any]


class _Intensity:
    def __init__(self, resolved: Resolved, inputs: Inputs) -> None:
        self.resolved, self.inputs, self.model = resolved, inputs, CellModel(inputs)
        self.run, self.config = resolved.run, resolved.run.settings.intensity
        self.problems: list[Problem] = []
        table = inputs["mineral_intensity"]
        self.inventory = table.set_index(["chemistry", "mineral"])["value"].to_dict()
        filled = table.assign(low=table["low"].fillna(table["value"]), high=table["high"].fillna(table["value"]))
        self.ends = filled.set_index(["chemistry", "mineral"])[["value", "low", "high"]].to_dict("index")
        self.group = table.set_index(["chemistry", "mineral"])["draw_group"].to_dict()
        chemistries = inputs["chemistries"].set_index("chemistry")
        base = {name: row.base or name for name, row in chemistries.iterrows()}
        self.code = {(base[name], float(row.silicon)): str(name) for name, row in chemistries.iterrows()}
        self.silicon_like = chemistries["silicon_like"].to_dict()
        self.cells: dict[tuple[str, float], Derived] = {}
        self.parameters: set[str] = set()

    def replaced(self) -> Resolved:
        self._check_names()
        out, used = [], []
        for record in self.resolved.cell_intensity.table.records():
            row = self._row(str(record["chemistry"]), float(record["silicon"]), str(record["mineral"]), record)
            if row is not None:
                used.append(row.used)
                record |= {
                    "value": row.value,
                    "low": row.low,
                    "high": row.high,
                    "fill": row.fill,
                    "rows": row.used["rows"],
                }
            out.append(record)
        if self.problems:
            raise InputError(self.problems)
        cells, notes = Values.of_records(out), self._notes(out)
        return with_replaced_cells(self.resolved, self.inputs, cells, used, self.parameters, notes)

    def _notes(self, records: Sequence[Mapping[str, Any]]) -> Iterable[str]:
        """Which intensities are derived, and which of those that the run file names are not."""
        derived = list(dict.fromkeys(str(record["chemistry"]) for record in records if record["fill"] == "derived"))
        if self.config.route == "derived":
            left = sorted({str(record["chemistry"]) for record in records} - set(derived))
            but = f", and all of {listed(left)}, which has no cell design" if left else ""
            yield f"Intensities are derived from cells, but for copper and aluminium{but}."
        elif derived:
            yield f"Intensities of {listed(derived, 6)} are derived from cells."
        if any(record["fill"] == "override" for record in records):
            yield "Some intensities are given by the run file."

    # ------------------------------------------------------------------ rows

    def _row(self, chemistry: str, silicon: float, mineral: str, inventory: Mapping[str, Any]) -> _Row | None:
        """The intensity that takes the place of the inventory's, or None where that stands."""
        name = self.code.get((chemistry, silicon), chemistry)
        changed = self.config.kg_per_kwh.get(self.code.get((chemistry, silicon), ""), {})
        if mineral in changed:
            return self._override(name, chemistry, silicon, mineral, changed[mineral])
        derive = self.config.route == "derived" or {name, chemistry} & set(self.config.cell)
        if math.isnan(inventory["value"]) and (mineral in BESIDE_THE_CELL or not derive):
            return self._between(chemistry, silicon, mineral)
        if mineral in BESIDE_THE_CELL or not derive:
            return None
        if name not in self.model.designs and chemistry not in self.model.designs:
            return None
        cell = self._cell(name, chemistry, silicon)
        return None if cell is None else self._derived(cell, chemistry, silicon, mineral, 1.0, "")

    def _cell(self, name: str, chemistry: str, silicon: float) -> Derived | None:
        """The derived cell, once; its reasons become problems at the key that asks for it."""
        if (chemistry, silicon) not in self.cells:
            changes = self.config.cell.get(name, self.config.cell.get(chemistry, {}))
            design = name if name in self.model.designs else chemistry
            # A chemistry sold with silicon in it has it in the code list; an overlay brings its own.
            inside = float(self.inputs["chemistries"].set_index("chemistry")["silicon"][design])
            fraction = changes.get("silicon", silicon or inside)
            try:
                numbers = {key: value for key, value in changes.items() if key != "silicon"}
                self.cells[chemistry, silicon] = self.model.derive(design, fraction, numbers)
            except UsageError as error:
                path = ("intensity", "cell", name) if changes else ("intensity",)
                problem = self.run.problem(path, f"cell of {name}", str(error))
                if problem not in self.problems:
                    self.problems.append(problem)
                return None
        return self.cells[chemistry, silicon]

    def _derived(self, cell: Derived, chemistry: str, silicon: float, mineral: str, ratio: float, how: str) -> _Row:
        value = cell.bill.minerals.get(mineral, 0.0) * ratio
        low, high = (ends.get(mineral, 0.0) * ratio for ends in (cell.low, cell.high))
        self.parameters |= set(cell.rows())
        hand = [f"{name} = {number.value:g}" for name, number in cell.numbers.items() if not number.row]
        rows = cell.rows()
        note = "; ".join(
            [how or "derived from the cell's electrochemistry", *([f"by hand: {', '.join(hand)}"] if hand else [])]
        )
        lines: dict[str, list[str]] = {}
        for file, _, line in (row.rpartition(":") for row in rows):
            lines.setdefault(file, []).append(line)
        where = "; ".join(f"{file}, lines {', '.join(each)}" for file, each in lines.items())
        row = self._as_row("derived", chemistry, silicon, mineral, value, low, high, "cell model", "model", note)
        row.used["locator"] = where
        return row

    def _between(self, chemistry: str, silicon: float, mineral: str) -> _Row | None:
        """Between tabulated blends: the derived curve × the tabulated/derived ratio, log-interpolated."""
        like = chemistry if any(c == chemistry and s for c, s in self.code) else self.silicon_like.get(chemistry, "")
        tabulated = sorted(s for c, s in self.code if c == like)
        below = max((s for s in tabulated if s <= silicon), default=None)
        above = min((s for s in tabulated if s >= silicon), default=None)
        if below is None or above is None or chemistry not in self.model.designs:
            why = f"no blend of {silicon:g} silicon can be had: tabulated are {listed([f'{s:g}' for s in tabulated])}"
            problem = Problem("silicon_uptake.csv", 0, f"chemistry = {chemistry!r}", why)
            if problem not in self.problems:
                self.problems.append(problem)
            return None
        cell = self._cell(chemistry, chemistry, silicon)
        if cell is None:
            return None
        codes = [self.code[like, end] for end in (below, above)]
        if bare := [code for code in codes if (code, mineral) not in self.inventory]:
            why = f"{listed(bare)} beside it has no intensity of {mineral}; add rows to mineral_intensity.csv"
            self.problems.append(Problem("silicon_uptake.csv", 0, f"{chemistry} with {silicon:g} of silicon", why))
            return None
        ratios = []
        for end in (below, above):
            derived = self.model.derive(like, end).bill.minerals.get(mineral, 0.0)
            inventoried = self.inventory[self.code[like, end], mineral]
            ratios.append(inventoried / derived if derived and inventoried else 0.0)
        if mineral == "silicon" and not ratios[0]:
            ratios[0] = ratios[1]  # A cell without silicon has no ratio of it.
        weight = (silicon - below) / (above - below) if above > below else 0.0
        ratio = math.exp((1 - weight) * math.log(ratios[0]) + weight * math.log(ratios[1])) if all(ratios) else 0.0
        if mineral in BESIDE_THE_CELL:
            one, other = (self.ends[code, mineral] for code in codes)
            value, low, high = ((1 - weight) * one[end] + weight * other[end] for end in ("value", "low", "high"))
            note = f"linear between {codes[0]} and {codes[1]} of mineral_intensity.csv"
            row = self._as_row("derived", chemistry, silicon, mineral, value, low, high, "inventories", "model", note)
            row.used |= {"file": "mineral_intensity.csv", "locator": note}
            return row
        how = f"derived curve × tabulated/derived ratio {ratio:.4g} between {codes[0]} and {codes[1]}"
        return self._derived(cell, chemistry, silicon, mineral, ratio, how)

    def _override(self, name: str, chemistry: str, silicon: float, mineral: str, value: float) -> _Row:
        if mineral == "graphite" and name in self.model.designs and not silicon:
            design = self.model.derive(name)
            least = design.least_graphite
            if value and value < least:
                path = ("intensity", "kg_per_kwh", name, mineral)
                why = f"less than a cell of {name} can have: {least:.3g} kg/kWh, at 372 mAh/g and its voltage"
                self.problems.append(self.run.problem(path, f"{mineral} = {value:g}", why))
        file, line = self.run.place("intensity", "kg_per_kwh", name, mineral)
        row = self._as_row(
            "override", chemistry, silicon, mineral, value, value, value, "run file", "assumed",
            "intensity changed by the run file",
        )  # fmt: skip
        row.used |= {"file": file, "line": line}
        return row

    def _as_row(
        self, fill: str, chemistry: str, silicon: float, mineral: str, value: float, low: float, high: float,
        source: str, quality: str, note: str,
    ) -> _Row:  # fmt: skip
        name = self.code.get((chemistry, silicon), chemistry)
        used = {
            "table": "mineral_intensity", "file": "cell_parameter.csv", "line": 0, "chemistry": chemistry,
            "silicon": silicon, "mineral": mineral, "value": value, "low": low, "high": high, "unit": "kg/kWh",
            "source": source, "quality": quality, "note": note,
            "draw_group": self.group.get((name, mineral), self.group.get((chemistry, mineral), "cell_model")),
            "rows": f"{fill}:{chemistry}:{silicon:g}:{mineral}",
        }  # fmt: skip
        return _Row(value, low, high, fill, used)

    # ------------------------------------------------------------------ names

    def _check_names(self) -> None:
        """Chemistries, minerals and numbers the run file names exist."""
        codes, minerals = self.inputs.codes("chemistries"), self.inputs.codes("minerals")
        for key, known in (("cell", list(self.model.designs)), ("kg_per_kwh", codes)):
            for name, values in getattr(self.config, key).items():
                if name not in known:
                    why = f"not {'a cell design' if key == 'cell' else 'in chemistries.csv'}{did_you_mean(name, known)}"
                    self.problems.append(self.run.problem(("intensity", key, name), f"{key}.{name}", why))
                for mineral in values if key == "kg_per_kwh" else ():
                    if mineral not in minerals:
                        why = f"not in minerals.csv{did_you_mean(mineral, minerals)}"
                        path = ("intensity", key, name, mineral)
                        self.problems.append(self.run.problem(path, f"{key}.{name}.{mineral}", why))
        if self.problems:
            raise InputError(self.problems)
