r"""A mix asked backwards: beside the model of a mix, what a target presses on, and what of a baseline is kept.

target      Σ_c i_c X_c of the year, a mineral in its batteries                          kt
            or Σ_d w_d L_dy, of that year what the weighted disruptions take             GWh
change      Σ max(x − b, 0): batteries that are of another chemistry than in the         GWh
            baseline b, over all years; where all demand is met, half the sum of |x − b|
new_cells   Σ X of the chemistries that count as new, over all years                     GWh

each an objective of its own, which so can be held and optimised as the others are. Shares are kept by region and year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pyomo.repn import generate_standard_repn

from ..haste import frozen
from .data import Chemistry, Disruption, MixData, Region, RegionChemistryYear, RegionSegmentChemistryYear, Year
from .family import index_of, year_of
from .pyo import pyo

#: Some chemistries that share what is kept of them.
Group = frozenset[Chemistry]


@frozen
class Question:
    """What a mix is asked. year: of the target; content: of its mineral by chemistry [kt/GWh], empty where the target
    is what disruptions take; baseline: additions (region, segment, chemistry, year) [GWh], of chemistries that no mix
    may have too; new: chemistries that count as new; held: chemistries that keep their proportions among each other;
    blends: the same of a plain chemistry and what has silicon too, which has none where the baseline has neither;
    only_fall, only_grow: that together have at most, or at least, what they have in the baseline."""

    year: Year
    content: Mapping[Chemistry, float]
    baseline: Mapping[RegionSegmentChemistryYear, float]
    new: Group = frozenset()
    held: Sequence[Group] = ()
    blends: Sequence[Sequence[Chemistry]] = ()
    only_fall: Sequence[Group] = ()
    only_grow: Sequence[Group] = ()

    @cached_property
    def cells(self) -> dict[RegionChemistryYear, float]:
        """Batteries of the baseline of all segments, (region, chemistry, year) [GWh]."""
        out: dict[RegionChemistryYear, float] = {}
        for (r, _, c, y), gwh in self.baseline.items():
            out[r, c, y] = out.get((r, c, y), 0.0) + gwh
        return out


def add(model: pyo.ConcreteModel, data: MixData, question: Question) -> None:
    """Add the objectives of a question, all inactive, and what is kept."""
    model.more = pyo.Var(model.sold, within=pyo.NonNegativeReals)
    model.changed = pyo.Constraint(
        model.sold, rule=lambda m, *key: m.more[key] - m.additions[key] >= -question.baseline.get(key, 0.0)
    )
    model.change = pyo.Objective(expr=sum(model.more.values()))
    model.target = pyo.Objective(expr=_target(model, data, question))
    model.change.deactivate()
    model.target.deactivate()
    if new := [model.cells[key] for key in model.cells_of if key[1] in question.new]:
        model.new_cells = pyo.Objective(expr=sum(new))
        model.new_cells.deactivate()
    model.kept = pyo.ConstraintList()
    for row in _kept(model, question):
        model.kept.add(row)


def _target(model: pyo.ConcreteModel, data: MixData, question: Question) -> Any:
    y = question.year
    if question.content:
        return sum(question.content.get(key[1], 0.0) * model.cells[key] for key in model.cells_of if key[2] == y)
    whole = sum(data.weight[d] for d in data.disruptions)
    return sum(data.weight[d] / whole * _lost(model, data, d, y) for d in data.weighted)


def _lost(model: pyo.ConcreteModel, data: MixData, d: Disruption, y: Year) -> Any:
    """What a disruption takes in a year: the part of its loss that is of that year."""
    terms = generate_standard_repn(model.loss[d].expr, compute_values=True)
    counts = y >= data.starts[d] and data.loss != "industry"
    constant = sum(gwh for (_, t), gwh in data.wanted.items() if t == y) if counts else 0.0
    pairs = zip(terms.linear_coefs, terms.linear_vars, strict=True)
    return constant + sum(by * variable for by, variable in pairs if year_of(index_of(variable)) == y)


def _kept(model: pyo.ConcreteModel, question: Question) -> Iterable[Any]:
    """Limits of what is kept of the baseline, by region and year."""
    sold: dict[tuple[Region, Year], dict[Chemistry, Any]] = {}
    for r, c, y in model.cells_of:
        sold.setdefault((r, y), {})[c] = model.cells[r, c, y]
    for (r, y), cells in sold.items():
        before = {c: gwh for (q, c, t), gwh in question.cells.items() if (q, t) == (r, y)}
        for group in (*question.held, *question.blends):
            mine = [c for c in cells if c in group]
            if (whole := sum(before.get(c, 0.0) for c in mine)) > 0:
                together = sum(cells[c] for c in mine)
                yield from (cells[c] - before.get(c, 0.0) / whole * together == 0 for c in mine[1:])
        for group in question.blends:
            if not any(before.get(c, 0.0) for c in group):
                yield from (cells[c] == 0 for c in group[1:] if c in cells)
        for groups, least in ((question.only_fall, False), (question.only_grow, True)):
            for group in groups:
                if mine := [c for c in cells if c in group]:
                    gwh, together = sum(by for c, by in before.items() if c in group), sum(cells[c] for c in mine)
                    yield together >= gwh if least else together <= gwh
