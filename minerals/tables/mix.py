"""What a mix is chosen from: performance and needs, first years, growth, drop-in classes and lines, laid onto a run.

Performance is linear between given years and held beyond them. A row of a chemistry goes before one of its family, and
that before `any`; among rows of one name the region's own goes before that of the next wider region.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import isnan
from typing import Any

import numpy as np

from ..columns import Columns
from ..config import BUILT, Optimise, Run, share_limits
from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import frozen
from .adoption import first_planned
from .codes import ANY, WORLD
from .inputs import Inputs, UsedRows
from .plants import OTHER_CELL, utilisation_row
from .reader import Reader
from .series import Anchors, along, datum

#: Needs that a mix must meet on average, and those that each cell must meet.
AVERAGE = ("specific_energy", "energy_density")
EACH = ("cycle_life", "cold_retention")
#: Part of the chain that a line of cells is.
CELL = "cell"
TABLES = (
    "chemistry_performance",
    "segment_need",
    "commercial_year",
    "growth_limit",
    "drop_in",
    "line_cost",
    "discount_rate",
    "plant_utilisation",
)


@frozen
class MixInputs:
    """All that the choice of a mix rests on, but for the exposure and the prices of its run.

    decided: first year that is; chemistries: that may be chosen, in the order of the code list; family: of each;
    performance: (measure, chemistry, year); floor: least average of a mix, (measure, segment); barred: (segment,
    chemistry) pairs that do not go together, with why; short: what a cell has too little of for a segment, a measure of
    each cell, (segment, chemistry, year); first: (chemistry) → year in which any plant makes it, and made: (region,
    chemistry) → year in which the region's own do, where they begin later; growth, decline, seed: (region, family or
    chemistry); rate: at which costs are discounted [1/yr]; counts: what a GWh counts where the most are built,
    (chemistry); max_share, min_share: (segment or "" for all together, family or chemistry, year); carried: share of a
    lithium-ion cell line that carries over to a chemistry [1]; new_line [USD_2025/(kWh/yr)], life, and lead and
    retrofit_lead from the decision on a new line, and on one that is turned over, to its first cells [year]: (region,
    family); capital_rate: what those who build lines pay for money [1/yr]; utilisation: output over nameplate of cell
    plants, (region) [1]; drop_in: rows of drop_in; rows: `file:line` behind each number, by the name of its limit and
    its key; used: rows used, as inputs_used has them.
    """

    decided: int
    chemistries: tuple[str, ...]
    family: dict[str, str]
    performance: dict[tuple[str, str, int], float]
    floor: dict[tuple[str, str], float]
    barred: dict[tuple[str, str], str]
    short: dict[tuple[str, str, int], str]
    first: dict[str, int]
    made: dict[tuple[str, str], int]
    growth: dict[tuple[str, str], float]
    decline: dict[tuple[str, str], float]
    seed: dict[tuple[str, str], float]
    rate: float
    counts: dict[str, float]
    max_share: dict[tuple[str, str, int], float]
    min_share: dict[tuple[str, str, int], float]
    carried: dict[str, float]
    new_line: dict[tuple[str, str], float]
    life: dict[tuple[str, str], float]
    lead: dict[tuple[str, str], float]
    retrofit_lead: dict[tuple[str, str], float]
    capital_rate: float
    utilisation: dict[str, float]
    drop_in: Columns
    rows: dict[tuple[str, ...], str]
    used: UsedRows


def mix_inputs(
    run: Run, inputs: Inputs, regions: Sequence[str], segments: Sequence[str], years: Sequence[int]
) -> MixInputs:
    """Read what a mix is chosen from. Raises InputError with every name of [optimise] that does not fit."""
    return _Reader(run=run, inputs=inputs, regions=tuple(regions), segments=tuple(segments), years=tuple(years)).read()


@dataclass(kw_only=True)
class _Reader(Reader):
    regions: tuple[str, ...]
    segments: tuple[str, ...]
    years: tuple[int, ...]
    #: Rows of a table, or of one measure of it, by what they are of and region.
    places: dict[tuple[str, str], dict[tuple[str, str], Any]] = field(default_factory=dict)
    named: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def config(self) -> Optimise:
        """[optimise] of the run file."""
        config = self.run.settings.optimise
        assert config is not None
        return config

    def read(self) -> MixInputs:
        self.family = family = self.inputs.by_code("chemistries", "family")
        chemistries = self._chosen(list(family))
        shares = self._share_limits(chemistries)
        counts = self._counts(chemistries)
        performance = self._performance(chemistries)
        floor = {} if self.config.performance == "off" else self._floors()
        families = tuple(dict.fromkeys(family[c] for c in chemistries))
        limits = {
            name: self._limits(name, families, chemistries) if self.config.growth != "off" else {}
            for name in ("growth", "decline", "seed")
        }
        return MixInputs(
            decided=self._decided(),
            chemistries=chemistries,
            family=family,
            performance=performance,
            floor=floor,
            barred=dict(self._barred(chemistries)),
            short=dict(self._short(chemistries, performance)),
            first=dict(self._first(chemistries)),
            made=dict(self._made(chemistries)),
            growth=limits["growth"],
            decline=limits["decline"],
            seed=limits["seed"],
            rate=self._rate(),
            counts=counts,
            max_share=shares["max_share"],
            min_share=shares["min_share"],
            carried=self._carried(chemistries),
            new_line=self._line("new_line", families),
            life=self._line("life", families),
            lead=self._line("lead", families),
            retrofit_lead=self._line("retrofit_lead", families),
            capital_rate=self._perspective("project") if self.config.lines else 0.0,
            utilisation=self._utilisation() if self.config.lines else {},
            drop_in=self._drop_in(chemistries),
            rows=self.named,
            used=self.used(TABLES),
        )

    def _decided(self) -> int:
        """First year that is decided: the first of the scope after its first one whose demand is not observed."""
        incumbent = self.run.settings.scenario.get(self.config.scenario)  # An unknown one is refused elsewhere.
        observed = first_planned(self.inputs, [incumbent.demand]) if incumbent else None
        first = max(*self.years[:2], observed or 0)
        if first > self.years[-1]:
            why = f"demand is observed to {first - 1}, and the mix is chosen of what is planned; add later years"
            raise InputError([self.run.problem(("scope", "years"), f"scope ends in {self.years[-1]}", why)])
        return first

    def _chosen(self, order: Sequence[str]) -> tuple[str, ...]:
        """Chemistries that may be chosen: those named, or all of known performance, less those that may not."""
        known = set(self.inputs.tables["chemistry_performance"].columns["chemistry"])
        problems: list[Problem] = []

        def members(key: str, names: Iterable[str]) -> set[str]:
            found: set[str] = set()
            for name in names:
                mine = {c for c in order if name in (c, self.family[c])}
                if not mine:
                    problems.append(self._no_chemistry(key, name))
                elif name in self.family and name not in known:
                    why = "has no rows in chemistry_performance.csv, so nothing says where it fits; add them"
                    problems.append(self.run.problem(("optimise", key), f"{key} has {name!r}", why))
                found |= mine
            return found

        wanted = members("chemistries", self.config.chemistries) if self.config.chemistries else set(order)
        unwanted = members("without", self.config.without)
        chosen = tuple(c for c in order if c in known and c in wanted and c not in unwanted)
        if not chosen and not problems:
            key = "without" if self.config.without else "chemistries"
            names = getattr(self.config, key)
            why = "leaves no chemistry to choose from; name more in chemistries, or fewer in without"
            problems.append(self.run.problem(("optimise", key), f"{key} = {list(names)!r}", why))
        if problems:
            raise InputError(problems)
        return chosen

    def _no_chemistry(self, key: str, name: str, *below: str) -> Problem:
        """A name of [optimise] that is no chemistry and no family. below: keys under which it stands there."""
        families = dict.fromkeys(self.family.values())
        near = did_you_mean(name, [*self.family, *families]) or f"; families: {listed(families)}"
        why = f"neither a chemistry nor a family of chemistries.csv{near}"
        return self.run.problem(("optimise", key, *below), f"{key} has {name!r}", why)

    def _counts(self, chemistries: Sequence[str]) -> dict[str, float]:
        """What a GWh of each chemistry counts where the most are built: its own weight, else its family's, else 1."""
        if self.config.objective not in BUILT:
            return {}
        weights = self.config.weights
        known = {*self.family, *self.family.values()}
        if problems := [self._no_chemistry("weights", name, name) for name in weights if name not in known]:
            raise InputError(problems)
        out = {c: weights.get(c, weights.get(self.family[c], 1.0)) for c in chemistries}
        if not any(out.values()):
            why = "leave nothing that counts; give a chemistry that may be chosen a weight above 0"
            raise InputError([self.run.problem(("optimise", "weights"), f"weights of {listed(weights)}", why)])
        return out

    def _rate(self) -> float:
        """Rate at which costs are discounted [1/yr]."""
        rate = self.config.discount_rate
        if not isinstance(rate, str):
            return float(rate)
        return 0.0 if rate == "off" else self._perspective(rate)

    def _perspective(self, perspective: str) -> float:
        """Rate of a project or of society [1/yr]."""
        (row,) = self.use("discount_rate", self.inputs.rows_by("discount_rate", "perspective")[(perspective,)])
        return float(row.value)

    def _utilisation(self) -> dict[str, float]:
        """Output over nameplate of plants of lithium-ion cells, of a region that is one country or of any other."""
        out = {}
        for region in self.regions:
            members = self.inputs.places.members.get(region, frozenset())
            row = utilisation_row(self.inputs, OTHER_CELL, next(iter(members)) if len(members) == 1 else ANY)
            out[region] = float(self.use("plant_utilisation", [row])[0].value)
        return out

    def _share_limits(self, chemistries: Sequence[str]) -> dict[str, dict[tuple[str, str, int], float]]:
        """Largest and least shares of the run file in each year, linear between those given and from the first on."""
        out: dict[str, dict[tuple[str, str, int], float]] = {"max_share": {}, "min_share": {}}
        problems: list[Problem] = []
        for key, found in out.items():
            for segment, name, by_year in share_limits(getattr(self.config, key)):
                path = (segment, name) if segment else (name,)
                if segment and segment not in self.segments:
                    near = did_you_mean(segment, self.segments) or f"; it has {listed(self.segments)}"
                    why = f"not a segment of this run{near}"
                    problems.append(self.run.problem(("optimise", key, segment), f"{key} has {segment!r}", why))
                elif not any(name in (c, family) for c, family in self.family.items()):
                    problems.append(self._no_chemistry(key, name, *path))
                elif key == "min_share" and not any(name in (c, self.family[c]) for c in chemistries):
                    why = "asks for what may not be chosen here (chemistries, without); let it in, or leave it out"
                    problems.append(self.run.problem(("optimise", key, *path), f"{key} of {name!r}", why))
                years, levels = sorted(by_year), [by_year[year] for year in sorted(by_year)]
                for year in self.years:
                    if year >= years[0]:
                        found[segment, name, year] = float(np.interp(year, years, levels))
        if problems:
            raise InputError(problems)
        return out

    # ------------------------------------------------------------------ performance and needs

    def _performance(self, chemistries: Sequence[str]) -> dict[tuple[str, str, int], float]:
        table, out = "chemistry_performance", {}
        for (chemistry, measure), rows in self.inputs.rows_by(table, "chemistry", "measure").items():
            if chemistry not in chemistries:
                continue
            self.use(table, rows)
            anchors: Anchors = {
                row.year: {(): datum(row.value, row.low, row.high, self.place(table, row.line))} for row in rows
            }
            for point in along(anchors, self.years):
                out[measure, chemistry, point.year] = point.datum.value
        return out

    def _needs(self, measures: Sequence[str]) -> list[Any]:
        rows = [
            row for row in self.inputs.rows("segment_need")
            if row.segment in self.segments and row.measure in measures
        ]  # fmt: skip
        return list(self.use("segment_need", rows))

    def _end(self, row: Any, end: str) -> float:
        """The end of a row that binds; its value where it has none."""
        value = getattr(row, end)
        return float(row.value if value is None or isnan(value) else value)

    def _floors(self) -> dict[tuple[str, str], float]:
        out = {}
        for row in self._needs(AVERAGE):
            out[row.measure, row.segment] = self._end(row, self.config.performance)
            self.named["performance", row.measure, row.segment] = self.place("segment_need", row.line)
        return out

    def _barred(self, chemistries: Sequence[str]) -> Iterable[tuple[tuple[str, str], str]]:
        """A row of a chemistry goes before one of its family."""
        of = {(row.segment, row.chemistry): row for row in self._needs(("suitable",))}
        for segment in self.segments:
            for c in chemistries:
                row = of.get((segment, c), of.get((segment, self.family[c])))
                if row is not None and not row.value:
                    yield (segment, c), self.place("segment_need", row.line)

    def _short(
        self, chemistries: Sequence[str], performance: dict[tuple[str, str, int], float]
    ) -> Iterable[tuple[tuple[str, str, int], str]]:
        """Cells that live too short, or hold too little in the cold; without a figure a cell is let in."""
        if self.config.performance == "off":
            return
        for row in self._needs(EACH):
            least = self._end(row, self.config.performance)
            self.named["performance", row.measure, row.segment] = self.place("segment_need", row.line)
            for c in chemistries:
                for year in self.years:
                    if performance.get((row.measure, c, year), least) < least:
                        yield (row.segment, c, year), row.measure

    # ------------------------------------------------------------------ years, growth, lines

    def _first(self, chemistries: Sequence[str]) -> Iterable[tuple[str, int]]:
        for c in chemistries:
            if (year := self._commercial(c, WORLD)) is not None:
                yield c, year

    def _made(self, chemistries: Sequence[str]) -> Iterable[tuple[tuple[str, str], int]]:
        for region in self.regions:
            for c in chemistries:
                first, own = self._commercial(c, WORLD), self._commercial(c, region)
                if first is not None and own is not None and own > first:
                    yield (region, c), own

    def _commercial(self, chemistry: str, region: str) -> int | None:
        """Year from which plants of a region, or any in the World, make a chemistry; None where nothing bars it."""
        if self.config.commercial == "off":
            return None
        row = self._best("commercial_year", "chemistry", (chemistry, self.family[chemistry]), region)
        if row is None:
            return None
        self.named["commercial_year", region, chemistry] = self.place("commercial_year", row.line)
        return int(self._end(row, self.config.commercial))

    def _limits(self, measure: str, *groups: Sequence[str]) -> dict[tuple[str, str], float]:
        """Limits of families and chemistries; one without a row has that of its family: a plant of one grade is not
        there for another at once."""
        out = {}
        for region, name in (place for names in groups for place in product(self.regions, names)):
            row = self._best("growth_limit", "chemistry", (name, self.family.get(name, name), ANY), region, measure)
            if row is not None:
                out[region, name] = self._end(row, self.config.growth)
                self.named[measure, region, name] = self.place("growth_limit", row.line)
        return out

    def _line(self, measure: str, families: Sequence[str]) -> dict[tuple[str, str], float]:
        out = {}
        for region in self.regions:
            for family in families:
                row = self._best("line_cost", "family", (family, ANY), region, measure)
                if row is not None:
                    out[region, family] = float(row.value)
        return out

    def _best(self, table: str, column: str, names: Sequence[str], region: str, measure: str = "") -> Any:
        """The row of the first name that has one, of the region or the next wider one."""
        if (table, measure) not in self.places:
            rows = self.inputs.rows_by(table, "measure").get((measure,), []) if measure else self.inputs.rows(table)
            self.places[table, measure] = {(getattr(row, column), row.region): row for row in rows}
        at = self.places[table, measure]
        for name in names:
            for place in self.inputs.places.chain(region):
                if found := at.get((name, place)):
                    return self.use(table, [found])[0]
        return None

    def _drop_in(self, chemistries: Sequence[str]) -> Columns:
        names = {*chemistries, *(self.family[c] for c in chemistries)}
        rows = Columns(self.inputs.tables["drop_in"].columns).filter(names.__contains__, "chemistry")
        self.mark("drop_in", rows["line"])
        return rows.drop("line", "corrected_by")

    def _carried(self, chemistries: Sequence[str]) -> dict[str, float]:
        """Share of the equipment of a lithium-ion cell line that makes a chemistry; 1 where no row says less."""
        cell = {row.chemistry: row.value for row in self.inputs.rows_by("drop_in", "part").get((CELL,), [])}
        return {c: float(cell.get(c, cell.get(self.family[c], 1.0))) for c in chemistries}
