"""Limits of announced plants: what a region puts into use of a chemistry may not exceed what it can make itself.

The limit binds as if every cell were made where it is put into use. Announced capacity limits production, not
additions: imports would relieve it and exports tighten it, and neither is in the model yet. So it is off unless a
scenario asks for it, and it counts the segments of the run alone. A row of announced_capacity.csv bounds the years
before it too, since plants announced for a year are not there earlier; between rows it is linear, after the last one
it holds. Years that are observed are not limited. The limit is laid on the values: draws of a study keep the capped
shares and do not cap again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..config import CapacityLimit, Run
from ..errors import Problem, listed
from ..haste import frozen
from ..provenance import Rows
from .adoption import Shares, Write, new, scaled
from .inputs import Inputs
from .names import Kinds
from .series import Anchors, Datum, at, datum, ranges

if TYPE_CHECKING:
    import pandas as pd

CAPPED_COLUMNS = ["scenario", "region", "chemistry", "year", "asked", "allowed", "unit"]
#: An excess below this share of the limit is rounding.
SAME = 1e-9


@frozen
class _Year:
    """One year of one region: shares by segment, and GWh put into use by segment."""

    scenario: str
    region: str
    year: int
    shares: Mapping[str, Shares]
    demand: Mapping[str, float]

    def demanded(self, members: frozenset[str]) -> float:
        """GWh of some chemistries, over all segments."""
        return sum(
            self.demand.get(segment, 0.0) * point.datum.value
            for segment, shares in self.shares.items()
            for (chemistry,), point in shares.get(self.year, {}).items()
            if chemistry in members
        )


class Capacity:
    """Limits the shares of a run, region by region, and keeps what was capped for tables and notes."""

    def __init__(self, run: Run, inputs: Inputs, kinds: Kinds, write: Write, problems: list[Problem]) -> None:
        self.run, self.kinds, self.write, self.problems = run, kinds, write, problems
        self.records: list[dict[str, object]] = []
        #: (scenario, chemistry or family, region) that no row limits
        self.free: dict[tuple[str, str, str], None] = {}
        named = inputs.tables["announced_capacity"].named
        self.anchors: dict[str, dict[str, Anchors]] = {}
        for row in inputs.rows("announced_capacity"):
            value = datum(row.value, row.low, row.high, named(row.line))
            self.anchors.setdefault(row.region, {}).setdefault(row.chemistry, {})[row.year] = {(): value}

    def table(self) -> pd.DataFrame | None:
        """Every place where less came out than was asked; None where no scenario has a limit."""
        demanded = any(scenario.capacity_limit for scenario in self.run.settings.scenario.values())
        if not demanded:
            return None
        import pandas as pd

        return pd.DataFrame(self.records, columns=CAPPED_COLUMNS)

    def sentences(self) -> Iterable[str]:
        for name, scenario in self.run.settings.scenario.items():
            if scenario.capacity_limit is None:
                continue
            capped: dict[tuple[str, str], list[dict[str, object]]] = {}
            for record in self.records:
                if record["scenario"] == name:
                    capped.setdefault((str(record["chemistry"]), str(record["region"])), []).append(record)
            words = [
                f"{what} in {region} {ranges(int(str(each['year'])) for each in records)} "
                f"({records[-1]['asked']:.4g} GWh asked, {records[-1]['allowed']:.4g} allowed in {records[-1]['year']})"
                for (what, region), records in capped.items()
            ]
            by_region: dict[str, list[str]] = {}
            for scenario_, what, region in self.free:
                if scenario_ == name:
                    by_region.setdefault(region, []).append(what)
            free = [f"{listed(whats)} in {region}" for region, whats in by_region.items()]
            yield (
                f"Capacity limit to {scenario.capacity_limit.until}: {scenario.label or name}, "
                f"{'capped ' + listed(words) if words else 'nothing capped'}"
                + (f"; not limited, for want of an announced plant: {'; '.join(free)}" if free else "")
            )

    def limit(
        self, scenario: str, region: str, shares: Mapping[str, Shares], demand: Mapping[tuple[str, int], float],
        observed: int,
    ) -> None:  # fmt: skip
        """Cap the shares of a region in place. demand: GWh by segment and year; observed: last observed year."""
        limit = self.run.settings.scenario[scenario].capacity_limit
        if limit is None:
            return
        anchors = self.anchors.get(region, {})
        years = {year for each in shares.values() for year in each if observed < year <= limit.until}
        for year in sorted(years):
            here = {segment: demand.get((segment, year), 0.0) for segment in shares}
            if not self._year(limit, anchors, _Year(scenario, region, year, shares, here)):
                return
        limited = {chemistry for name in anchors for chemistry in self.kinds.members(name)}
        used = {
            str(label[0]): None
            for each in shares.values()
            for year in sorted(years & set(each))
            for label, point in each[year].items()
            if point.datum.value
        }
        for chemistry in used:
            if chemistry not in limited:
                family = self.kinds.family[self.kinds.base[chemistry]]
                whole = not limited & self.kinds.members(family)
                self.free[scenario, family if whole else chemistry, region] = None

    def _year(self, limit: CapacityLimit, anchors: Mapping[str, Anchors], here: _Year) -> bool:
        """Cap one year, one chemistry or family after the other; False with a problem added.

        What one gives up may bring another to its own limit, never one that was capped before.
        """
        full: set[str] = set()
        waiting = list(anchors)
        while waiting:
            over = None
            for name in waiting:
                announced = at(anchors[name], here.year)[()]
                allowed, demanded = announced.value * limit.factor, here.demanded(self.kinds.members(name))
                if demanded > allowed * (1 + SAME):
                    over = name
                    break
            if over is None:
                return True
            waiting.remove(over)
            full |= self.kinds.members(over)
            self.records.append({
                "scenario": here.scenario, "region": here.region, "chemistry": over, "year": here.year,
                "asked": demanded, "allowed": allowed, "unit": "GWh",
            })  # fmt: skip
            if not self._cap(limit, here, over, demanded, announced, full):
                return False
        return True

    def _cap(
        self, limit: CapacityLimit, here: _Year, name: str, demanded: float, announced: Datum, full: set[str]
    ) -> bool:
        """Scale a chemistry or family down in every segment, and give what is cut off to those that may take it."""
        path = ("scenario", here.scenario, "capacity_limit")

        def row(segment: str, chemistry: str, value: float, note: str) -> Rows:
            return Rows.row(self.write(path, here.scenario, here.region, segment, chemistry, here.year, value, note))

        allowed = announced.value * limit.factor
        cut = allowed / demanded
        delivered = f" × {limit.factor:g} delivered" if limit.factor != 1 else ""
        note = f"announced capacity of {announced.value:.4g} GWh/yr{delivered}, over the {demanded:.6g} GWh asked"
        factor = row("", name, cut, note)
        behind = announced.rows.behind()
        for segment, years in here.shares.items():
            labels = years.get(here.year, {})
            mine = [label for label in labels if label[0] in self.kinds.members(name)]
            excess = sum(labels[label].datum.value for label in mine) * (1 - cut)
            if not excess:
                continue
            for label in mine:
                labels[label] = scaled(labels[label], cut, factor, behind, "capped")
            wanted = {chemistry for each in limit.rest for chemistry in self.kinds.members(each)}
            takers = [label for label in labels if label[0] not in full and (not limit.rest or label[0] in wanted)]
            had = sum(labels[label].datum.value for label in takers)
            words = f"what {name} gives up to its announced capacity"
            single = limit.rest[0] if len(limit.rest) == 1 and not self.kinds.is_family(limit.rest[0]) else ""
            if had:
                more = row(segment, "", 1 + excess / had, f"{words}, {excess:.6g}, on top of the {had:.6g} there")
                for label in takers:
                    labels[label] = scaled(labels[label], 1 + excess / had, more, behind, "rest")
            elif single and single not in full:
                rows = row(segment, single, excess, words) + behind
                labels[single,] = new(here.year, single, excess, rows, "rest")
            else:
                where = f"{segment} in {here.region}, {here.year}"
                why = f"{name} gives up {excess:.4g} of {where} and no chemistry that is not limited takes it"
                what = f"capacity_limit of {where}"
                self.problems.append(self.run.problem(path, what, f"{why}; name one as capacity_limit.rest"))
                return False
        return True
