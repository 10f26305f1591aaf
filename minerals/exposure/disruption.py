"""What a disruption costs a plan: batteries that cannot be had, and cells that cannot be made at home.

`shortage` is what of the plan cannot be had without a disruption; at risk is what can be had without it and not with
it. Both together are lost: for a fixed plan, scarcer supply never looks safer. Two readings bound what would happen.
*Best reallocation* is the linear programme (`factory`), which gives up first the cells that need most of what is short.
*Proportional* cuts all users of a node alike, stage by stage.

Three questions are answered of each disruption. `supply`: of the batteries that are planned, those bought among them.
`industry`: of the cells that are planned to be made at home. `outside`: of the batteries, as if those of the countries
that close were all made by the others, in the shares that these have; never less than the first where exports of
materials alone are stopped, but less where cells are, or where the output that is cut is most of all theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..haste import frozen
from ..highs import run, solver
from .bases import NOTHING, highs_model
from .factory import Best, Built, Factory, Supplied

Array = NDArray[np.float64]


@frozen
class Loss:
    """What a disruption costs one plan, by chemistry [GWh].

    planned, at_home: cells of the plan, and those of them made at home; base: what can be had without the disruption;
    best, proportional: with it; outside: lost by best reallocation if the makers of countries that close were others;
    can_make: cells that can be made at home without and with it, where those are reallocated for that [GWh].
    """

    planned: Array
    at_home: Array
    base: Built
    best: Built
    proportional: Built
    outside: float
    can_make: tuple[float, float]

    @cached_property
    def shortage(self) -> Array:
        """Planned batteries that cannot be had even without the disruption; rounding is nothing."""
        short = np.maximum(self.planned - self.base.cells, 0.0)
        return short if short.sum() > NOTHING * self.planned.sum() else np.zeros_like(short)

    @property
    def industry_shortage(self) -> float:
        """Cells planned to be made at home that cannot be made even without it; rounding is nothing."""
        short = float(self.at_home.sum()) - self.can_make[0]
        return short if short > NOTHING * self.planned.sum() else 0.0

    @cached_property
    def at_risk(self) -> tuple[float, float]:
        """Batteries at risk: (best reallocation, proportional)."""
        return self.total(self.best), self.total(self.proportional)

    @cached_property
    def industry(self) -> tuple[float, float]:
        """Cells at risk of those made at home: (best reallocation, proportional). Of batteries that cannot be had the
        second has its part, and never less than the first."""
        best = self._at_risk(self.can_make[0] - self.can_make[1])
        return best, max(best, self._at_risk(float(self.base.home.sum() - self.proportional.home.sum())))

    @property
    def lost(self) -> tuple[float, float]:
        """shortage + at risk: (best reallocation, proportional)."""
        short = float(self.shortage.sum())
        return short + self.at_risk[0], short + self.at_risk[1]

    def total(self, built: Built) -> float:
        """What can be had without − with the disruption [GWh]."""
        return self._at_risk(float(self.base.cells.sum() - built.cells.sum()))

    def _at_risk(self, lost: float) -> float:
        """What a solver's rounding may leave is nothing."""
        return 0.0 if lost <= NOTHING * float(self.planned.sum()) else lost


def losses(factory: Factory, without: Supplied, hit: Supplied, outside: Supplied) -> list[Loss]:
    """Losses of a plan to several disruptions.

    without: what there is without one, a single question; hit: with each; outside: with each, if others made the cells
    of the countries that close. Both readings start from what is built without a disruption, so that none loses without
    one, and best reallocation ≤ proportional.
    """
    return lost_by(factory.best(Supplied.joined([without, hit])), factory.best(outside))


def lost_by(stops: Best, outside: Best) -> list[Loss]:
    """The same of what is built. stops: without a disruption, then with each; outside: as above."""
    factory, plan = stops.factory, stops.factory.plan
    planned, at_home = plan.cells, plan.made_at_home
    without, hit = stops.supplied.take(slice(1)), stops.supplied.take(slice(1, None))
    base, best = (Built(*(each[some] for each in stops.built)) for some in (0, slice(1, None)))
    if base.cells.sum() < planned.sum():
        # Of several ways to build as much, one that only takes from what is built without the disruption is told.
        least = Built(np.minimum(hit.home, base.home), np.minimum(hit.imported, base.imported))
        within = factory.build(Supplied(hit.own, hit.bought, *least))
        as_much = within.cells.sum(axis=1) >= best.cells.sum(axis=1) * (1 - NOTHING)
        best = Built(*(np.where(as_much[:, None], w, b) for w, b in zip(within, best, strict=True)))
    alike = factory.proportional(stops.supplied, base)
    usual, with_each = (Built(*(each[some] for each in alike)) for some in (slice(1), slice(1, None)))
    proportional = _from(base, usual, with_each, best)
    lost = planned.sum() - outside.totals[0]
    lost_outside = np.where(lost > NOTHING * planned.sum(), lost, 0.0).tolist()
    made = stops.totals[1].tolist()
    found = []
    for place, touched in enumerate(touches(without, hit)):
        one, cut = (Built(each.home[place], each.imported[place]) if touched else base for each in (best, proportional))
        can_make = made[0], made[1 + place] if touched else made[0]
        found.append(Loss(planned, at_home, base, one, cut, lost_outside[place], can_make))
    return found


def _from(base: Built, usual: Built, hit: Built, best: Built) -> Built:
    """What is left of a base, (chemistry), where a rule would build so much of it without disruptions, (1, chemistry),
    and so much with them, (question, chemistry): less than the base by the difference, and in all at most the best."""
    home, imported = (np.clip(b - (u - h), 0.0, b) for b, u, h in zip(base, usual, hit, strict=True))
    at_home, most = home.sum(axis=1), best.cells.sum(axis=1) - imported.sum(axis=1)
    more = (at_home > most) & (at_home > 0)
    part = np.divide(np.maximum(most, 0.0), at_home, out=np.ones_like(at_home), where=more)
    return Built(home * part[:, None], imported)


def touches(without: Supplied, hit: Supplied) -> NDArray[np.bool_]:
    """Whether a disruption takes anything, (question)."""
    kinds = ("own", "bought", "home", "imported")
    less = (getattr(hit, kind) < getattr(without, kind) * (1 - NOTHING) for kind in kinds)
    return np.asarray(np.logical_or.reduce([each.any(axis=1) for each in less]))


def at_risk(factory: Factory, without: Supplied, hit: Supplied) -> Array:
    """GWh at risk by best reallocation alone, (question, [batteries, cells made at home]); arguments as of `losses`."""
    if not len(hit):
        return np.zeros((0, 2))
    totals = np.stack(factory.totals(Supplied.joined([without, hit])), axis=1)
    lost = totals[0] - totals[1:]
    known = touches(without, hit)[:, None] & (lost > NOTHING * float(factory.plan.cells.sum()))
    return np.where(known, lost, 0.0)


def supply_gap(factory: Factory, without: Supplied, hit: Supplied, cuts: Sequence[float]) -> Array:
    """What more is needed of each node to lower the GWh at risk by each share of `cuts`, (cut, node) [kt or GWh].

    without, hit: of one question each. The least relative addition, Σ_n more_n / need_n, that brings what can be had to
    its level without the disruption less the risk that may stay, as far as more of the nodes can. Solved as a linear
    programme with one more column a node.
    """
    need = factory.need
    base, now = factory.totals(Supplied.joined([without, hit]))[0]
    out = np.zeros((len(cuts), len(need)))
    scarce = factory.scarce(hit)[0] & np.isfinite(hit.accessible[0]) & ~factory.of_cells
    short = [n for n in np.flatnonzero(scarce).tolist() if n in factory.bought_rows]
    # Cells that are not delivered no material brings back.
    most = factory.totals(hit.more(np.where(np.isin(np.arange(len(need)), short), need, 0.0)))[0][0]
    if most - now <= NOTHING * max(base, 1.0) or not short:
        return out
    rows, columns = factory.matrix.shape
    (ceiling,), (upper,) = factory.bounds(hit)
    lp = solver()
    lp.passModel(highs_model(np.zeros(columns), factory.matrix, ceiling, upper))
    lp.changeObjectiveSense(highspy.ObjSense.kMinimize)
    for node in short:
        row = np.array([factory.bought_rows[node]], np.int32)
        lp.addCol(1.0 / need[node], 0.0, highspy.kHighsInf, 1, row, np.array([-1.0]))
    counted = np.flatnonzero(factory.cost > 0).astype(np.int32)
    lp.addRow(0.0, highspy.kHighsInf, len(counted), counted, np.ones(len(counted)))
    constant = now - factory.counted(hit)
    for place, cut in enumerate(cuts):
        target = min(base, most) - (1 - cut) * (min(base, most) - now) - constant
        lp.changeRowBounds(rows, target * (1 - NOTHING), highspy.kHighsInf)
        if (status := run(lp)) != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS could not say how much more supply is needed ({lp.modelStatusToString(status)})")
        out[place, short] = np.asarray(lp.getSolution().col_value)[columns:]
    return out
