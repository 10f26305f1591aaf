"""A run laid onto the tables: every value it needs, for every year, with the rows it came from.

Values between given years are linear in time; nothing is carried beyond the first or last given year unless the run
says `scope.beyond = "hold"`. Each resolved value names the rows it is made of (`provenance.Rows`), so that it can be
re-added from them.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..axes import Axis
from ..config import Identify, Measures, Run, ShareChange
from ..errors import InputError, Problem, listed
from ..haste import frozen
from ..provenance import CHANGE, Rows, names_in
from .adoption import Adoption, Shares, by_year, history_end
from .capacity import Capacity
from .check import SHARE_TOLERANCE
from .codes import ANY, WORLD
from .finer import OF_FLOWS
from .inputs import Inputs, UsedRows, joined
from .lines import read_lines
from .names import WITHOUT_ROWS, Kinds, fit, refused_blend
from .parameters import Detailed, Parameters, detailed, parameters
from .series import Anchors, Datum, Point, along, at, datum, less, nearest, outside, ranges, share_of, sum_of
from .values import Record, Values, record

if TYPE_CHECKING:
    import pandas as pd

#: Keys of the intensities by use and year of sale.
FINER_KEYS = ["segment", "chemistry", "silicon", "mineral", "year"]
#: Keys of shares of chemistries and blends.
SHARE_KEYS = ["scenario", "region", "segment", "chemistry", "silicon", "year"]
#: Table of the intensities.
INTENSITY = "mineral_intensity"
#: A demand series may begin at this share of its largest year and still count as having its history.
HISTORY = 0.05


#: A cell derived from its electrochemistry has foils alone, without tabs and housing, so these stay as inventoried.
BESIDE_THE_CELL = ("copper", "aluminium")
#: The intensity of a blend between tabulated ones: not in the tables, to be derived from the cell.
BETWEEN = Datum(float("nan"), float("nan"), float("nan"), Rows())


@frozen
class Resolved:
    """What a run computes with.

    Axes: region, segment, year, chemistry (pairs of base chemistry and silicon fraction), mineral. The year axis
    begins with the history where the run follows the stock; `reported` are the years of the scope. Of values
    fill is given, linear, hold, override, rest, ratio, diffusion, capped or share.
    cell_intensity: of the cell; pack_intensity: what a pack adds to any cell, by mineral, without rows
    where it adds none.
    finer_intensity: intensities of the battery by use and year of sale, of the places of which own rows say them so
    (segment, chemistry, silicon, mineral, year); they go before mineral_intensity and the trend.
    parameters: those of stock, scrap and recycling, where the run asks for them; detailed: those of each scenario by
    region and chemistry, where own rows say them so, else none; lines: production lines, where it
    names a file. observed: last observed year of the shares of each (scenario, region, segment) that extends a history.
    used: each row used, once. diffusion, capacity_limited: what became of paths of adoption and of
    limits of capacity, where the run has some. fills: sentences on the years and places that were filled; notes: on
    paths and limits; sha256: of each input file; union: regions of the run under the law of the European Union;
    in_place_of: uses in whose place segments of the run are counted.
    """

    run: Run
    regions: Axis
    segments: Axis
    years: Axis
    chemistries: Axis
    minerals: Axis
    reported: tuple[int, ...]
    battery_demand: Values
    market_share: Values
    silicon_uptake: Values
    cell_intensity: Values
    pack_intensity: Values
    intensity_trend: Values
    graphite_route: Values
    parameters: Parameters | None
    lines: pd.DataFrame | None
    used: UsedRows
    diffusion: pd.DataFrame | None
    capacity_limited: pd.DataFrame | None
    observed: Mapping[tuple[str, str, str], int]
    fills: tuple[str, ...]
    sha256: Mapping[str, str]
    notes: tuple[str, ...]
    union: tuple[str, ...] = ()
    in_place_of: frozenset[str] = frozenset()
    finer_intensity: Values = field(default_factory=lambda: Values.of(FINER_KEYS, []))
    detailed: Mapping[str, Detailed] = field(default_factory=dict)

    @property
    def uses_in_scope(self) -> frozenset[str]:
        """Uses that the run counts: its segments, and those in whose place these are counted."""
        return self.in_place_of | frozenset(self.segments.labels)

    @cached_property
    def mineral_intensity(self) -> Values:
        """Intensity of the battery [kg/kWh]: of its cell plus what the pack adds, with the rows of both."""
        cell, pack = self.cell_intensity.columns, self.pack_intensity.columns
        of_pack = {mineral: row for row, mineral in enumerate(pack["mineral"])}
        both = [(row, of_pack[mineral]) for row, mineral in enumerate(cell["mineral"]) if mineral in of_pack]
        out = {name: list(cells) for name, cells in cell.items()}
        for name in ("value", "low", "high", "rows"):
            for cell_row, pack_row in both:
                out[name][cell_row] += pack[name][pack_row]
        return Values(out)


def resolve(run: Run, inputs: Inputs, candidates: Iterable[str] = ()) -> Resolved:
    """Lay a run onto the inputs. Raises InputError with every name, year and share that does not fit.

    candidates: codes of chemistries.csv that may have a share though the scenarios of the run give them none; they are
    on the axis of chemistries, with their intensities and parameters.
    """
    return _Resolver(run, inputs).resolve(candidates)


def with_replaced_cells(
    resolved: Resolved,
    inputs: Inputs,
    cells: Values,
    made: Sequence[Mapping[str, Any]],
    parameters: Iterable[str],
    notes: Iterable[str],
) -> Resolved:
    """The resolved run with other intensities of cells.

    cells: the cell_intensity; made: rows of inputs_used that stand for those that no inventory gives;
    parameters: rows of cell_parameter on which these rest, as `file:line`; notes: sentences on them.
    """
    named = cells.names | resolved.finer_intensity.names
    kept = resolved.used.where(lambda table, name: table != INTENSITY or name in named)
    rows, these = inputs.used({"cell_parameter": inputs.tables["cell_parameter"].columns["line"]}), set(parameters)
    used = joined(kept, UsedRows.of_records(made), rows.where(lambda _, name: name in these))
    return replace(resolved, cell_intensity=cells, used=used, notes=(*resolved.notes, *notes))


class _Resolver:
    """Resolves one run; keeps what was filled, changed or short of rows on the way."""

    def __init__(self, run: Run, inputs: Inputs) -> None:
        self.run, self.inputs, self.labels = run, inputs, fit(run, inputs)
        self.problems: list[Problem] = []
        #: (table, how it was filled) → place → years
        self.fills: dict[tuple[str, str], dict[str, set[int]]] = {}
        #: (key path, table, years given, years beyond them) → places
        self.short: dict[tuple[tuple[str, ...], str, str, str], list[str]] = {}
        #: (table, region, wider region whose rows serve it) → segments
        self.wider: dict[tuple[str, str, str], dict[str, None]] = {}
        #: regions whose demand is a share, of the region → segments
        self.shares_of: dict[tuple[str, str], dict[str, None]] = {}
        #: segments without demand rows, by region
        self.absent: dict[str, list[str]] = {}
        #: last observed year of the shares of (scenario, region, segment)
        self.observed: dict[tuple[str, str, str], int] = {}
        #: blends that keep their rows beside finer ones of their base, by base
        self.blends_kept: dict[str, list[str]] = {}
        #: given shares, and shares by year, by the first rows of the scenarios that they are of
        self.share_anchors: dict[tuple[int, ...], Anchors] = {}
        self.shares: dict[tuple[int, ...], Shares] = {}
        #: shares changed by the run file, as rows of inputs_used
        self.changed: list[dict[str, object]] = []
        kinds = Kinds(inputs)
        self.base = kinds.base
        self.silicon: dict[str, float] = inputs.by_code("chemistries", "silicon")
        self.silicon_like: dict[str, str] = inputs.by_code("chemistries", "silicon_like")
        self.parent: dict[str, str] = inputs.by_code("scenarios", "extends")
        self.kind: dict[str, str] = inputs.by_code("scenarios", "kind")
        self.in_place_of: dict[str, str] = inputs.by_code("segments", "in_place_of")
        self.designs = set(inputs.tables["cell_design"].columns["chemistry"])
        self.adoption = Adoption(run, kinds, inputs.tables["market_share"], self._write, self.problems)
        self.capacity = Capacity(run, inputs, kinds, self._write, self.problems)
        self.years = self._years()

    def resolve(self, candidates: Iterable[str]) -> Resolved:
        """Everything, or every problem; candidates as of the function `resolve`."""
        labels = self.labels
        demand, share, uptake = list[Record](), list[Record](), list[Record]()
        for name, scenario in self.run.settings.scenario.items():
            here = self._demand(name, scenario.demand)
            demand += here
            share += self._share(name, scenario.adoption, here)
            if scenario.silicon not in WITHOUT_ROWS:
                uptake += self._uptake(name, scenario.silicon)
        self._stop_on_problems()
        shares = Values.of(SHARE_KEYS, share)
        sold = set(shares.columns["chemistry"])
        uptakes = Values.of(SHARE_KEYS, [row for row in uptake if row[SHARE_KEYS.index("chemistry")] in sold])
        order = self.inputs.codes("chemistries")
        pairs = {*shares.pairs, *uptakes.pairs}
        pairs |= {(self.base[code], float(self.silicon[code])) for code in candidates}
        chemistries = Axis("chemistry", tuple(sorted(pairs, key=lambda pair: (order.index(pair[0]), pair[1]))))
        tables = {
            "battery_demand": Values.of(["scenario", "region", "segment", "year"], demand),
            "market_share": shares,
            "silicon_uptake": uptakes,
            "mineral_intensity": self._intensity(chemistries.labels),
            "pack_intensity": Values.of(
                ["mineral"], [record((of,), value, "kg/kWh", "given") for of, value in self._packed().items()]
            ),
            "finer_intensity": self._finer(chemistries.labels),
            "intensity_trend": self._trend(chemistries.labels),
            "graphite_route": self._route(),
        }
        chain, by_scenario, lines = None, dict[str, Detailed](), dict[str, list[int]]()
        if self.run.settings.flows is not None:
            self._check_history(tables["battery_demand"])
            bases = list(dict.fromkeys(chemistry for chemistry, _ in chemistries.labels))
            by_scenario, lines = self._detailed(bases, bool(len(tables["finer_intensity"])))
            # What is told by region and chemistry tells all that is missing, and which rows were used.
            problems: list[Problem] = [] if by_scenario else self.problems
            second = self.run.settings.flows.second_life
            chain = parameters(self.inputs, labels, self.years, bases, problems, second)
            if not by_scenario:
                lines = chain.used
                self.wider.update({key: {} for key in chain.wider})
            else:
                lines |= {name: rows for name, rows in chain.used.items() if name not in OF_FLOWS}
        self._check_recycling()
        self._check_detail(tables["finer_intensity"])
        self._stop_on_problems()
        regions, years = Axis("region", labels.regions), Axis("year", self.years)
        used = self._used(tables, lines)
        flows = self.run.settings.flows
        return Resolved(
            run=self.run,
            regions=regions,
            segments=Axis("segment", labels.segments),
            years=years,
            lines=read_lines(self.run, regions, years) if flows is not None and flows.lines else None,
            reported=labels.years,
            chemistries=chemistries,
            minerals=Axis("mineral", labels.minerals),
            parameters=chain,
            detailed=by_scenario,
            cell_intensity=tables.pop("mineral_intensity"),
            used=used,
            diffusion=self.adoption.table(),
            capacity_limited=self.capacity.table(),
            observed=self.observed,
            fills=tuple(self._fill_sentences()),
            sha256=self.inputs.sha256,
            union=tuple(region for region in labels.regions if region in self.inputs.places.union),
            in_place_of=frozenset(filter(None, map(self.in_place_of.get, labels.segments))),
            notes=(*self.adoption.sentences(), *self.capacity.sentences(), *self._trend_sentence()),
            **tables,
        )

    @staticmethod
    def _place(rows: Rows) -> tuple[str, int]:
        """(file, line) of the first row."""
        file, _, line = rows.names()[0].rpartition(":")
        return file, int(line)

    def _stop_on_problems(self) -> None:
        for (path, table, anchors, beyond), places in self.short.items():
            why = (
                f"rows for {listed(places, 3)} reach from {anchors}, the scope asks {beyond}; shorten scope.years, "
                'leave out those segments, add rows, or set scope.beyond = "hold" to carry the nearest year on '
                "unchanged"
            )
            self.problems.append(self.run.problem(path, table, why))
        if self.problems:
            raise InputError(self.problems)

    def _years(self) -> tuple[int, ...]:
        """Years to compute: those of the scope, or all from the first of the history on where the stock is followed."""
        reported = self.labels.years
        if self.run.settings.flows is None:
            return reported
        names = {scenario.demand for scenario in self.run.settings.scenario.values()}
        first = [
            min(anchors)
            for name in names
            for region in self.labels.regions
            for segment in self.labels.segments
            if (anchors := self._demand_anchors(name, region, segment))
        ]
        return tuple(range(min([*first, *reported]), reported[-1] + 1))

    def _detailed(self, bases: list[str], finer: bool) -> tuple[dict[str, Detailed], dict[str, list[int]]]:
        """Parameters of each scenario by region and chemistry, and lines of their rows by table, where own rows say
        some of them, or intensities, so; else none. finer: whether intensities are."""
        if not finer and not set(OF_FLOWS) & set(self.inputs.finer):
            return {}, {}
        out, lines = {}, dict[str, set[int]]()
        for name, scenario in self.run.settings.scenario.items():
            of = (self.inputs, self.labels, self.years, bases, scenario.recycling, self.problems)
            flows = self.run.settings.flows
            out[name], used, wider = detailed(*of, flows is not None and flows.second_life)
            self.wider.update({key: {} for key in wider})
            for table, rows in used.items():
                lines.setdefault(table, set()).update(rows)
        return out, {table: sorted(rows) for table, rows in lines.items()}

    def _check_detail(self, finer: Values) -> None:
        """What takes one intensity of a chemistry for all uses, or one life and recovery for all places, is refused
        beside own rows that say several. finer: intensities by use and year of sale.

        A mix chooses where cells of a chemistry are made and what they need, and not which use each of them goes to."""
        settings, by_use = self.run.settings, self._apart_by_use(finer)
        rates = [
            ":".join(map(str, table.place(line)))
            for name, table in self.inputs.finer.items()
            if name in OF_FLOWS and settings.flows is not None
            for line in table.columns["line"]
        ]
        of_uses = "takes one intensity of a chemistry for all uses, and own rows say several"
        of_mix = "chooses who makes the cells of a chemistry whatever their use, and own rows say several intensities"
        of_ways = "knows ways to recover more of one recovery for all chemistries and regions, and own rows say several"
        any_use = "give rows of any use (years of sale may differ)"
        for key, rows, why, way in (
            ("optimise", by_use if settings.optimise is not None else [], of_mix, any_use),
            ("industry", by_use if settings.industry is not None else [], of_uses, any_use),
            ("study", by_use if isinstance(settings.study, Identify) else [], of_uses, any_use),
            ("study", rates if isinstance(settings.study, Measures) else [], of_ways, "give ordinary rows alone"),
        ):
            if rows:
                why = f"{why} ({listed(rows, 3)}); {way}, or leave out [{key}]"
                self.problems.append(self.run.problem((key,), f"[{key}]", why))

    def _apart_by_use(self, finer: Values) -> list[str]:
        """Own rows by which a chemistry has not the same intensity in all uses of the run."""
        out: set[str] = set()
        if not len(finer):
            return []
        for _, rows in finer.frame.groupby(["chemistry", "silicon", "mineral", "year"], sort=False):
            if len(rows) < len(self.labels.segments) or len(rows[["value", "low", "high"]].drop_duplicates()) > 1:
                out |= names_in(rows["rows"])
        return sorted((row for row in out if self.inputs.found(row)[0] == INTENSITY), key=self.inputs.found)

    def _check_recycling(self) -> None:
        """A scenario of recycling that is named has rows, and a run that follows what comes back."""
        having = {label for name in OF_FLOWS for row in self.inputs.finer_rows(name) for label in (row.scenario,)}
        for name, scenario in self.run.settings.scenario.items():
            path, wanted = ("scenario", name, "recycling"), scenario.recycling
            if wanted and wanted not in having:
                known = listed(sorted(having - {ANY}), 12) or "none"
                why = f"no own rows of {listed(OF_FLOWS)} are of it (there: {known}); add a column scenario to some"
                self.problems.append(self.run.problem(path, f"recycling = {wanted!r}", why))
            elif wanted and self.run.settings.flows is None:
                why = "says nothing in a run without [flows]; add it, or leave this out"
                self.problems.append(self.run.problem(path, f"recycling = {wanted!r}", why))

    def _check_history(self, demand: Values) -> None:
        """A stock needs its past: a series may not begin large within a lifetime of the first year reported."""
        lifetime: dict[str, float] = {}
        for row in self.inputs.rows_by("lifetime", "life").get(("first",), []):
            lifetime[row.segment] = max(row.value, lifetime.get(row.segment, 0.0))
        places: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
        names = ("scenario", "region", "segment", "year", "value")
        for *key, year, value in zip(*(demand.columns[name] for name in names), strict=True):
            places.setdefault((*key,), []).append((year, value))
        for (name, region, segment), rows in places.items():
            (first, start), largest = min(rows), max(value for _, value in rows)
            early = self.labels.years[0] - lifetime.get(segment, 0.0)
            if first > early and start > HISTORY * largest:
                why = (
                    f"begins in {first} at {start:g} GWh, {start / largest:.0%} of its "
                    f"largest year, but a stock in {self.labels.years[0]} holds batteries from {early:.0f} on; let the "
                    "scenario extend one with history, start the scope later, or leave [flows] out"
                )
                scenario = self.run.settings.scenario[name].demand
                what = f"demand = {scenario!r} for {segment} in {region}"
                self.problems.append(self.run.problem(("scenario", name, "demand"), what, why))

    # ------------------------------------------------------------------ given values

    def _rows(self, table: str, scenario: str, region: str, segment: str) -> list[Any]:
        """Rows of a scenario at a place; where a region has none, those of the next wider one serve it."""
        groups = self.inputs.rows_by(table, "scenario", "region", "segment")
        for place in self.inputs.places.chain(region):
            if rows := groups.get((scenario, place, segment), []):
                if place not in (region, WORLD):
                    self.wider.setdefault((table, region, place), {})[segment] = None
                return rows
        return []

    def _anchors(self, table: str, scenario: str, region: str, segment: str, labels: Sequence[str] = ()) -> Anchors:
        """Given values at a place: own rows, and before the first of them those of the scenario it extends."""
        named = self.inputs.tables[table].named
        out = Anchors()
        for row in self._rows(table, scenario, region, segment):
            label = tuple(getattr(row, name) for name in labels)
            out.setdefault(row.year, {})[label] = datum(row.value, row.low, row.high, named(row.line))
        if parent := self.parent.get(scenario, ""):
            first = min(out, default=10_000)
            before = self._anchors(table, parent, region, segment, labels)
            out |= {year: values for year, values in before.items() if year < first}
        return out

    def _demand_anchors(self, scenario: str, region: str, segment: str) -> Anchors:
        """Demand at a place: its own, or its share of that of the region it is part of, in every year in which the
        region or the share of any of its parts is given, so that the parts add up to the whole in between as well.

        A part may have demand of the user's own; the part that has what the others leave has what that leaves."""
        places = self.inputs.places
        whole = places.whole(region)
        if not whole:
            return self._anchors("battery_demand", scenario, region, segment)
        if own := self._own_demand(scenario, region, segment):
            return own
        demand = self._demand_anchors(scenario, whole, segment)
        if not demand:
            return demand
        self.shares_of.setdefault((region, whole), {})[segment] = None
        rest = region == places.remainder(whole)
        own_parts = {part: self._own_demand(scenario, part, segment) for part in places.parts[whole] if rest}
        taken = [anchors for anchors in own_parts.values() if anchors]
        shares = {
            part: self._part(part, segment)
            for part in places.parts[whole]
            if part in places.shared and not own_parts.get(part)
        }
        if missing := [part for part, share in shares.items() if not share and (rest or part == region)]:
            why = f"{listed(missing)} has no share of {whole} in {segment}; add rows to region_part.csv, 0 for none"
            raise InputError([self.run.problem(("scope", "regions"), f"{region} under {scenario}", why)])
        stated = (year for anchors in (*shares.values(), *taken) for year in anchors)
        years = {*demand, *(year for year in stated if min(demand) <= year <= max(demand))}
        out: Anchors = {}
        for year in sorted(years):
            amount = at(demand, year)[()]
            mine = [at(share, year)[()] for part, share in shares.items() if rest or region == part]
            left = share_of(amount, mine, rest=rest)
            for anchors in taken:
                left = less(left, at(anchors, year)[()])
            if left.value < 0:
                why = f"parts of {whole} leave {left.value:g} GWh of {segment} in {year}; mend the own rows of them"
                raise InputError([self.run.problem(("scope", "regions"), f"{region} under {scenario}", why)])
            out[year] = {(): left}
        return out

    def _own_demand(self, scenario: str, region: str, segment: str) -> Anchors:
        """Demand that own rows give a part of a region, and before the first of them its share under the scenario that
        theirs extends; nothing where none do."""
        named = self.inputs.tables["battery_demand"].named
        rows = self.inputs.rows_by("battery_demand", "scenario", "region", "segment").get(
            (scenario, region, segment), []
        )
        out: Anchors = {row.year: {(): datum(row.value, row.low, row.high, named(row.line))} for row in rows}
        if out and (parent := self.parent.get(scenario, "")):
            before = self._demand_anchors(parent, region, segment)
            out |= {year: values for year, values in before.items() if year < min(rows, key=_year).year}
        return out

    def _part(self, region: str, segment: str) -> Anchors:
        """Given shares of a region in the one that it is part of."""
        named = self.inputs.tables["region_part"].named
        rows = self.inputs.rows_by("region_part", "region", "segment").get((region, segment), [])
        return {row.year: {(): datum(row.value, row.low, row.high, named(row.line))} for row in rows}

    def _series(
        self, table: str, anchors: Anchors, years: Sequence[int], where: str, path: tuple[str, ...]
    ) -> Iterable[Point]:
        """Points in every year; years beyond the given ones are a problem unless the run holds them."""
        beyond = outside(anchors, years)
        if beyond and self.run.settings.scope.beyond != "hold":
            key = (path, table, f"{min(anchors)} to {max(anchors)}", ranges(beyond))
            self.short.setdefault(key, []).append(where)
            return ()
        for year in years:
            if year not in anchors:
                held = nearest(anchors, year)
                how = f"held at {held}" if held in anchors else "linear between given years"
                self.fills.setdefault((table, how), {}).setdefault(where, set()).add(year)
        return along(anchors, years)

    def _trend_sentence(self) -> Iterable[str]:
        if self.run.settings.intensity.trend == "improving":
            yield "Intensities improve over time as intensity_trend.csv says."

    def _fill_sentences(self) -> Iterable[str]:
        """`market_share 2026–2029 linear between given years: car in Europe, van in Europe`."""
        for (table, how), places in self.fills.items():
            by_years: dict[str, list[str]] = {}
            for where, years in places.items():
                by_years.setdefault(ranges(years), []).append(where)
            for span, wheres in by_years.items():
                yield f"{table} {span} {how}: {listed(wheres, 1000)}"
        if self.run.settings.intensity.trend == "held":
            yield "mineral_intensity held at today's values in all years (intensity.trend)"
        if said := dict.fromkeys(chemistry for chemistry, _ in self._uses_said):
            yield f"mineral_intensity of {listed(said, 1000)} by use or year of sale, where own rows say so"
        for base, blends in self.blends_kept.items():
            yield f"mineral_intensity of {listed(blends, 1000)} as tabulated beside own rows by use or year of {base}"
        for (region, whole), names in self.shares_of.items():
            yield f"battery_demand of {region} is its share of {whole}: {listed(names, 1000)}"
        for (table, region, place), names in self.wider.items():
            yield f"{table} of {region} by rows of {place}" + (f": {listed(names, 1000)}" if names else "")
        for region, segments in self.absent.items():
            yield f"battery_demand has no rows in {region} for {listed(dict.fromkeys(segments))}: counted as none"

    # ------------------------------------------------------------------ quantities

    def _demand(self, name: str, demand: str) -> list[Record]:
        out: list[Record] = []
        path = ("scenario", name, "demand")
        for region in self.labels.regions:
            anchors = {segment: self._demand_anchors(demand, region, segment) for segment in self.labels.segments}
            if not any(anchors.values()):
                why = f"no rows for {region} in these segments; leave it out or add rows to battery_demand.csv"
                self.problems.append(self.run.problem(path, f"demand = {demand!r}", why))
            self._check_twice(region, [segment for segment, series in anchors.items() if series], path)
            for segment, series in anchors.items():
                if not series:
                    self.absent.setdefault(region, []).append(segment)
                    continue
                for point in self._series("battery_demand", series, self.years, f"{segment} in {region}", path):
                    keys = (name, region, segment, point.year)
                    out.append(record(keys, self._met(name, region, segment, point), "GWh", point.fill))
        return out

    def _check_twice(self, region: str, segments: Sequence[str], path: tuple[str, ...]) -> None:
        """No use has demand beside one that is counted in its place, and with [exposure] all of these are in scope."""
        for segment in segments:
            use = self.in_place_of[segment]
            missing = [each for each, of in self.in_place_of.items() if of == use and each not in self.labels.segments]
            if use in segments:
                why = f"has demand in {region} beside {use}, in whose place it is counted (in_place_of of segments); "
                why += "leave one of the two out of scope.segments"
                self.problems.append(self.run.problem(path, f"segment {segment!r}", why))
            elif use and missing and self.run.settings.exposure is not None:
                why = f"has {segment!r} in place of {use} without {listed(missing)}; add it, or leave its in_place_of"
                why += f" empty, as [exposure] cannot tell otherwise what is left of {use}"
                self.problems.append(self.run.problem(("scope", "segments"), "segments", why))

    def _met(self, name: str, region: str, segment: str, point: Point) -> Datum:
        """Demand as far as the scenario meets it."""
        by_year = self.run.settings.scenario[name].met.get(region, {}).get(segment, {})
        met = by_year.get(str(point.year))
        if met is None:
            return point.datum
        path = ("scenario", name, "met", region, segment, str(point.year))
        note = "share of the demand that is met"
        row = self._write(path, name, region, segment, "", point.year, met, note, "battery_demand")
        value = point.datum
        return Datum(value.value * met, value.low * met, value.high * met, value.rows.times(row), value.fill)

    def _share(self, name: str, adoption: str, demand: list[Record]) -> list[Record]:
        """Shares in the places that have demand."""
        out: list[Record] = []
        explicit = self.run.settings.scenario[name].silicon == "explicit"
        gwh: dict[str, dict[tuple[str, int], float]] = {}
        for _, region, segment, year, value, *_ in demand:
            gwh.setdefault(region, {})[segment, year] = value
        for region in self.labels.regions:
            shares: dict[str, Shares] = {}
            observed = 0
            here = gwh.get(region, {})
            with_demand = {segment for segment, _ in here}
            for segment in self.labels.segments:
                if segment in with_demand:
                    history = self._history(adoption, region, segment)
                    shares[segment] = self._share_at(name, adoption, region, segment)
                    self.adoption.follow(name, region, segment, shares[segment], history)
                    if last := history_end(history):
                        self.observed[name, region, segment] = last
                        observed = max(observed, last)
            self.capacity.limit(name, region, shares, here, observed)
            for segment, years in shares.items():
                for point in (point for labels in years.values() for point in labels.values()):
                    (chemistry,) = point.label
                    base = self.base[chemistry]
                    if base != chemistry and not explicit:
                        self.problems.append(refused_blend(chemistry, base, *self._place(point.datum.rows)))
                    keys = (name, region, segment, base, self.silicon[chemistry], point.year)
                    out.append(record(keys, point.datum, "1", point.fill))
        return out

    def _share_at(self, name: str, adoption: str, region: str, segment: str) -> Shares:
        """Shares of one place by year: those of the tables with the run file's changes."""
        path = ("scenario", name, "adoption")
        where = f"{segment} in {region}"
        rows = [self._rows("market_share", each, region, segment) for each in self._lineage(adoption)]
        if not any(rows):
            why = f"no shares for {where}, which has demand; add rows to market_share.csv or leave it out"
            self.problems.append(self.run.problem(path, f"adoption = {adoption!r}", why))
            return {}
        # Rows of a wider region serve several.
        served = tuple(each[0].line for each in rows if each)
        if served not in self.share_anchors:
            self.share_anchors[served] = self._anchors("market_share", adoption, region, segment, ["chemistry"])
        anchors = self._with_changes(self.share_anchors[served], self.run.changes[name], name, region, segment)
        series = self._series("market_share", anchors, self.years, where, path)
        if anchors is not self.share_anchors[served]:
            return by_year(series)
        if served not in self.shares:
            self.shares[served] = by_year(series)
        return {year: dict(labels) for year, labels in self.shares[served].items()}

    def _lineage(self, scenario: str) -> Iterable[str]:
        """A scenario and those that it extends, in turn."""
        while scenario:
            yield scenario
            scenario = self.parent.get(scenario, "")

    def _history(self, adoption: str, region: str, segment: str) -> list[Any]:
        """Rows of the history that a scenario extends, or is, at a place."""
        name = next((each for each in self._lineage(adoption) if self.kind.get(each) == "history"), "")
        return self._rows("market_share", name, region, segment)

    def _with_changes(
        self, anchors: Anchors, changes: tuple[ShareChange, ...], name: str, region: str, segment: str
    ) -> Anchors:
        """Given shares with the run file's changes laid over them; each changed year adds up to one."""
        mine = [c for c in changes if c.segment == segment and c.region in ("", region)]
        if not mine:
            return anchors
        out = dict(anchors)
        for year in sorted({change.year for change in mine}):
            # A region's own change is laid over one for every region.
            these = sorted((c for c in mine if c.year == year), key=lambda change: bool(change.region))
            if outside(anchors, [year]) and self.run.settings.scope.beyond != "hold":
                why = f'shares are given for {ranges(anchors)}; a changed year beyond them needs scope.beyond = "hold"'
                self.problems.append(self.run.problem(these[0].path, f"year {year}", why))
                continue
            shares = at(anchors, year)
            rest = next((c for c in reversed(these) if c.share is None), None)
            rests = {c.chemistry: c for c in these if rest and c.share is None and c.region == rest.region}
            before = {name: shares[name,].value if (name,) in shares else 0.0 for name in rests}
            for change in these:
                if change.share is not None and change.chemistry not in rests:
                    shares[change.chemistry,] = self._changed(change, name, region, change.share)
            others = sum(part.value for (label,), part in shares.items() if label not in rests)
            place = f"{segment} in {region}, {year}"
            left, whole = max(1.0 - others, 0.0), sum(before.values())
            if rest and others > 1 + SHARE_TOLERANCE:
                why = f"the other shares of {place} add up to {others:.6g}, so nothing is left"
                self.problems.append(self.run.problem(rest.path, f"{rest.chemistry} = 'rest'", why))
            elif rest and len(rests) > 1 and not whole:
                why = f"have no share of {place} to divide the rest by; give all but one of them a share"
                self.problems.append(self.run.problem(rest.path, f"{listed(rests)} = 'rest'", why))
            elif rests:
                for each, change in rests.items():
                    part = before[each] / whole if len(rests) > 1 else 1.0
                    shares[each,] = self._changed(change, name, region, left * part)
            elif abs(others - 1) > SHARE_TOLERANCE:
                full = ", ".join(f"{label} {part.value:.4g}" for (label,), part in shares.items() if part.value)
                why = f'add up to {others:.6g}, expected 1 ({full}); change another share or give one the value "rest"'
                self.problems.append(self.run.problem(these[-1].path, f"shares of {place}", why))
            out[year] = shares
        return out

    def _changed(self, change: ShareChange, name: str, region: str, share: float) -> Datum:
        """A changed share as a datum, and as a row of inputs_used."""
        rest = change.share is None
        note = "what the other shares of the year leave" if rest else "share changed by the run file"
        note, quality = ("share chosen by the model", "model") if change.chosen else (note, "assumed")
        row = self._write(
            change.path, name, region, change.segment, change.chemistry, change.year, share, note, quality=quality
        )
        return Datum(share, share, share, Rows.row(row), "rest" if rest else "override")

    def _write(
        self, path: tuple[str, ...], scenario: str, region: str, segment: str, chemistry: str, year: int, value: float,
        note: str, table: str = "market_share", quality: str = "assumed",
    ) -> str:  # fmt: skip
        """Add a row of the run file to inputs_used; returns its name."""
        file, line = self.run.place(*path)
        row = f"change:{len(self.changed) + 1}"
        self.changed.append({
            "table": table, "file": file, "line": line, "scenario": scenario, "region": region,
            "segment": segment, "chemistry": chemistry, "year": year, "value": value, "unit": "1",
            "source": "run file", "quality": quality, "rows": row, "note": note,
        })  # fmt: skip
        return row

    def _uptake(self, name: str, silicon: str) -> list[Record]:
        """Uptake of blends. Before its first year a blend is not on the market: zero."""
        out: list[Record] = []
        for region in self.labels.regions:
            for segment in self.labels.segments:
                anchors = self._anchors("silicon_uptake", silicon, region, segment, ["chemistry", "silicon"])
                for chemistry, fraction in dict.fromkeys(label for values in anchors.values() for label in values):
                    series: Anchors = {y: v for y, v in anchors.items() if (chemistry, fraction) in v}
                    years = [year for year in self.years if year >= min(series)]
                    where = f"{chemistry} in {segment}, {region}"
                    for point in self._series("silicon_uptake", series, years, where, ("scenario", name, "silicon")):
                        if point.label != (chemistry, fraction):
                            continue
                        keys = (name, region, segment, chemistry, float(fraction), point.year)
                        out.append(record(keys, point.datum, "1", point.fill))
        return out

    def _intensity(self, pairs: tuple[tuple[str, float], ...]) -> Values:
        """Intensity of each cell by mineral of the scope: its own row, or the base's times the blend ratio of another
        chemistry.

        A silicon fraction between tabulated blends has none in the tables, nor may a cell whose intensity the run file
        gives or derives: it is BETWEEN.
        """
        table, code = self._tabulated, {(self.base[name], self.silicon[name]): name for name in self.base}
        out: list[Record] = []
        missing: dict[str, list[str]] = {}
        for chemistry, fraction in pairs:
            name = code.get((chemistry, fraction))
            twin = self.silicon_like.get(chemistry, "")
            for mineral in self.labels.minerals:
                lacking: list[tuple[str, str]] = []
                value, fill = BETWEEN, "derived"
                if name is not None:
                    if self._said_by_use(name, mineral):
                        continue
                    if (name, mineral) in table:
                        value, fill = table[name, mineral], "given"
                    elif not self._made_otherwise(name, chemistry, mineral):
                        lacking = [(name, mineral)]
                elif (twin, fraction) in code:
                    behind = _behind(chemistry, mineral, twin, code[twin, fraction])
                    said = [each for each in behind if each[0] == chemistry and self._said_by_use(*each)]
                    lacking = [each for each in behind if each not in table and each not in said]
                    if said and not lacking:
                        continue
                    if not lacking:
                        value = _ratio(table, chemistry, mineral, twin, code[twin, fraction])
                        fill = value.fill
                for bare, of in lacking:
                    missing.setdefault(bare, []).append(of)
                out.append(record((chemistry, fraction, mineral), value, "kg/kWh", fill))
        self._refuse_bare(missing)
        return Values.of(["chemistry", "silicon", "mineral"], out)

    def _said_by_use(self, name: str, mineral: str) -> bool:
        """Whether finer rows say an intensity of every use of the run."""
        said = self._uses_said.get((name, mineral), set())
        return ANY in said or (bool(said) and said >= set(self.labels.segments))

    @cached_property
    def _tabulated(self) -> dict[tuple[str, str], Datum]:
        """Intensities that are the same for all uses and years of sale, by chemistry and mineral."""
        named = self.inputs.tables[INTENSITY].named
        return {
            (row.chemistry, row.mineral): datum(row.value, row.low, row.high, named(row.line))
            for row in self.inputs.rows(INTENSITY)
        }

    @cached_property
    def _uses_said(self) -> dict[tuple[str, str], set[str]]:
        """Uses of which finer rows say an intensity, by chemistry and mineral."""
        out: dict[tuple[str, str], set[str]] = {}
        for row in self.inputs.finer_rows("mineral_intensity"):
            out.setdefault((row.chemistry, row.mineral), set()).add(row.segment)
        return out

    def _finer(self, pairs: tuple[tuple[str, float], ...]) -> Values:
        """Intensities of the battery by use and year of sale, where own rows say those of the cell so.

        A row of a use goes before one of any; years between those of a series are linear, beyond them held. What a pack
        adds comes on top, and no trend: a series says its own. A blend with rows of its own code has those alone; one
        that has none follows its base by the blend ratio of another chemistry, as `_intensity` has it.
        """
        rows: dict[tuple[str, str, str], list[Any]] = {}
        for row in self.inputs.finer_rows("mineral_intensity"):
            rows.setdefault((row.segment, row.chemistry, row.mineral), []).append(row)
        if not rows:
            return Values.of(FINER_KEYS, [])
        code = {(self.base[name], self.silicon[name]): name for name in self.base}
        pack = self._packed()
        config, out = self.run.settings.intensity, list[Record]()
        finer = {chemistry for _, chemistry, _ in rows}
        for chemistry, fraction in pairs:
            name = code.get((chemistry, fraction), "")
            blend = code.get((self.silicon_like.get(chemistry, ""), fraction), "")
            if not name and not blend and chemistry in finer:
                why = f"are by use or year of sale, and {chemistry} is sold with {fraction:g} of silicon too, which no "
                why += (
                    "chemistry has; sell it with a fraction of chemistries.csv in silicon_uptake, or with none of it "
                )
                why += "(silicon = 'none')"
                line = next(int(each[0].line) for (_, of, _), each in rows.items() if of == chemistry)
                what = f"intensities of {chemistry}"
                self.problems.append(Problem(*self.inputs.tables[INTENSITY].place(line), what, why))
            whose = name or chemistry
            if whose in finer and (config.route == "derived" or whose in {*config.cell, *config.kg_per_kwh}):
                why = f"{whose} has intensities by use or year of sale in own rows; leave out one of the two"
                self.problems.append(self.run.problem(("intensity",), "intensity", why))
            if name and name != chemistry and name not in finer and chemistry in finer:
                self.blends_kept.setdefault(chemistry, []).append(name)
            for segment in self.labels.segments:
                for mineral in self.labels.minerals:
                    keys, ratio = (segment, chemistry, fraction, mineral), None
                    of = mineral
                    if not name and blend:
                        of = "graphite" if mineral == "silicon" else mineral
                        ratio = self._by_ratio(chemistry, mineral, blend)
                    mine = rows.get((segment, whose, of)) or rows.get((ANY, whose, of), [])
                    out += self._by_cohort(mine, keys, pack.get(mineral), ratio)
        return Values.of(FINER_KEYS, out)

    def _by_ratio(self, base: str, mineral: str, blend: str) -> Callable[[Datum], Datum]:
        """Intensity of a blend by the ratio of another, from that of its base (of silicon from the base's graphite)."""
        of = "graphite" if mineral == "silicon" else mineral
        return lambda value: _ratio(
            ChainMap({(base, of): value}, self._tabulated), base, mineral, self.silicon_like[base], blend
        )

    def _by_cohort(
        self, rows: Sequence[Any], keys: tuple[str, str, float, str], pack: Datum | None,
        ratio: Callable[[Datum], Datum] | None,
    ) -> Iterable[Record]:  # fmt: skip
        """Intensities of one use, chemistry and mineral in every year, of rows by year of sale or of one for all; of a
        blend that follows its base by its ratio to it."""
        named = self.inputs.tables[INTENSITY].named
        of_all = [row for row in rows if row.cohort != row.cohort]
        dated = [row for row in rows if row.cohort == row.cohort]
        if of_all and dated:
            why = f"rows of {', '.join(map(str, keys))} with a year of sale and without; give every row one, or none"
            table = self.inputs.tables["mineral_intensity"]
            self.problems.append(Problem(table.file, int(of_all[0].line), "cohort = ''", why))
        if not rows:
            return
        anchors: Anchors = {
            int(row.cohort) if dated else self.years[0]: {(): datum(row.value, row.low, row.high, named(row.line))}
            for row in dated or of_all
        }
        for point in along(anchors, self.years):
            value = point.datum if ratio is None else ratio(point.datum)
            if pack is not None:
                value = sum_of(value, pack)
            fill = "given" if of_all or point.year in anchors else point.fill
            fill = fill if ratio is None else "ratio"
            yield record((*keys, point.year), value, "kg/kWh", fill)

    def _made_otherwise(self, name: str, base: str, mineral: str) -> bool:
        """Whether the run file gives or derives an intensity that the tables have not (`case.intensity`)."""
        config = self.run.settings.intensity
        if mineral in config.kg_per_kwh.get(name, {}):
            return True
        derived = config.route == "derived" or bool({name, base} & set(config.cell))
        return derived and mineral not in BESIDE_THE_CELL and bool({name, base} & self.designs)

    def _packed(self) -> dict[str, Datum]:
        """What a pack adds of each mineral of the scope; a row of zero adds nothing."""
        named = self.inputs.tables["pack_intensity"].named
        return {
            row.mineral: datum(row.value, row.low, row.high, named(row.line))
            for row in self.inputs.rows("pack_intensity")
            if row.mineral in self.labels.minerals and (row.value or row.high > 0)
        }

    def _refuse_bare(self, missing: Mapping[str, Sequence[str]]) -> None:
        """Raise InputError for chemistries that the run sells without an intensity of some of its minerals."""
        listed_in, table = self.inputs.tables["chemistries"], self.inputs.tables["mineral_intensity"]
        lines = listed_in.by_code("line")
        known = set(table.columns["chemistry"])
        problems = []
        for name, minerals in missing.items():
            of = listed(dict.fromkeys(minerals), 20) if name in known else "any mineral"
            why = f"has no intensity of {of}; add rows to {table.file}, with value 0 where there is none"
            problems.append(Problem(listed_in.file, lines[name], f"chemistry = {name!r}", why))
        if problems:
            raise InputError(problems)

    def _trend(self, pairs: tuple[tuple[str, float], ...]) -> Values:
        """Trend of each chemistry and mineral in each year; no rows where intensities are held."""
        columns = ["chemistry", "mineral", "year"]
        if self.run.settings.intensity.trend == "held":
            return Values.of(columns, [])
        named = self.inputs.tables["intensity_trend"].named
        family = self.inputs.by_code("chemistries", "family")
        anchors: dict[tuple[str, str], Anchors] = {}
        for row in self.inputs.rows("intensity_trend"):
            series = anchors.setdefault((row.family, row.mineral), {})
            series[row.year] = {(): datum(row.value, row.low, row.high, named(row.line))}
        out: list[Record] = []
        for chemistry in dict.fromkeys(chemistry for chemistry, _ in pairs):
            for mineral in self.labels.minerals:
                own = anchors.get((family[chemistry], mineral)) or anchors.get((family[chemistry], "any"))
                if own is None:
                    of = f"{family[chemistry]} has no trend of {mineral} or any"
                    why = f"{of}; add rows to intensity_trend.csv, of 1 where it stays as it is"
                    self.problems.append(self.run.problem(("intensity", "trend"), 'trend = "improving"', why))
                    continue
                for point in along(own, self.years):
                    out.append(record((chemistry, mineral, point.year), point.datum, "1", point.fill))
        return Values.of(columns, out)

    def _route(self) -> Values:
        """Natural and synthetic shares of each year of the scope."""
        anchors: Anchors = {}
        named = self.inputs.tables["graphite_route"].named
        for row in self.inputs.rows("graphite_route"):
            anchors.setdefault(row.year, {})[row.route,] = datum(row.value, row.low, row.high, named(row.line))
        series = self._series("graphite_route", anchors, self.years, "the world", ("scope", "years"))
        out = [record((*point.label, point.year), point.datum, "1", point.fill) for point in series]
        return Values.of(["route", "year"], out)

    # ------------------------------------------------------------------ provenance

    def _used(self, tables: Mapping[str, Values], also: Mapping[str, list[int]]) -> UsedRows:
        """Each row that a resolved value names, once, as it was read, with its table, file and line.

        also: lines of further tables that were used whole or in part.
        """
        lines: dict[str, set[int]] = {name: set() for name in tables if name in self.inputs.tables}
        for resolved in tables.values():
            for row in resolved.names:
                if not row.startswith(CHANGE):
                    table, line = self.inputs.found(row)
                    lines.setdefault(table, set()).add(line)
        used = self.inputs.used({**lines, **also})
        return joined(used, UsedRows.of_records(self.changed)) if self.changed else used


def _behind(base: str, mineral: str, twin: str, blend: str) -> list[tuple[str, str]]:
    """Rows that `_ratio` is made of."""
    if mineral == "silicon":
        return [(blend, "silicon"), (base, "graphite"), (twin, "graphite")]
    return [(base, mineral), (blend, mineral), (twin, mineral)]


def _ratio(table: Mapping[tuple[str, str], Datum], base: str, mineral: str, twin: str, blend: str) -> Datum:
    """Intensity of a blend whose base has none tabulated, by the blend-to-base ratio of a chemistry that has.

    Silicon itself goes with the anode: silicon of the tabulated blend × graphite of this base / graphite of that one.
    """
    if mineral == "silicon":
        start, over, under = table[blend, "silicon"], table[base, "graphite"], table[twin, "graphite"]
    else:
        start, over, under = table[base, mineral], table[blend, mineral], table[twin, mineral]
        if under.value == 0:
            return start
    ratio = over.value / under.value
    rows = start.rows.times_ratio(over.rows, under.rows)
    return Datum(start.value * ratio, start.low * ratio, start.high * ratio, rows, "ratio")


def _year(row: Any) -> int:
    return int(row.year)
