"""A run laid onto the tables: every value it needs, for every year, with the rows it came from.

Values between given years are linear in time; nothing is carried beyond the first or last given year unless the run
says `scope.beyond = "hold"`. Each resolved value names its rows (`rows`) so that it can be re-added from them:

    market_share.csv:41                              the row as it stands
    market_share.csv:41@4/6 + market_share.csv:88@2/6    linear between two given years
    mineral_intensity.csv:9 * mineral_intensity.csv:80 / mineral_intensity.csv:70    a blend by the ratio of another
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..axes import Axis
from ..config import Run, ShareChange
from ..errors import InputError, Problem, did_you_mean, listed
from .check import SHARE_TOLERANCE, split
from .inputs import Inputs
from .series import Datum, Given, Point, along, at, datum, outside, ranges

WORLD = "World"
USED_COLUMNS = [
    "table", "file", "line", "scenario", "region", "segment", "chemistry", "silicon", "mineral", "route", "year",
    "value", "low", "high", "unit", "source", "locator", "quality", "note", "corrected_by", "rows",
]  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    """What a run computes with.

    Axes: region, segment, year, chemistry (pairs of base chemistry and silicon fraction), mineral. Tables are tidy with
    columns value, low, high, fill and rows; fill is given, linear, hold, override, rest or ratio. inputs_used: each row
    used, once. fills: sentences on the years and places that were filled.
    """

    run: Run
    regions: Axis
    segments: Axis
    years: Axis
    chemistries: Axis
    minerals: Axis
    battery_demand: pd.DataFrame
    market_share: pd.DataFrame
    silicon_uptake: pd.DataFrame
    mineral_intensity: pd.DataFrame
    graphite_route: pd.DataFrame
    inputs_used: pd.DataFrame
    fills: tuple[str, ...]


def resolve(run: Run, inputs: Inputs) -> Resolved:
    """Lay a run onto the inputs. Raises InputError with every name, year and share that does not fit."""
    return _Resolver(run, inputs).resolve()


@dataclass
class _Resolver:
    run: Run
    inputs: Inputs
    problems: list[Problem] = field(default_factory=list)
    #: (table, how it was filled) → place → years
    fills: dict[tuple[str, str], dict[str, set[int]]] = field(default_factory=dict)
    #: shares changed by the run file, as rows of inputs_used
    changed: list[dict[str, object]] = field(default_factory=list)
    #: places (region, segment) that have demand, by scenario
    places: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    _grouped: dict[str, dict[tuple[str, str, str], pd.DataFrame]] = field(default_factory=dict)

    def resolve(self) -> Resolved:
        scope, codes = self.run.settings.scope, self.inputs.codes
        self._check_names()
        self._stop_on_problems()
        self.regions = self._regions()
        self.segments = tuple(s for s in codes("segments") if not scope.segments or s in scope.segments)
        self.minerals = tuple(m for m in codes("minerals") if not scope.minerals or m in scope.minerals)
        self.years = scope.years.labels()
        chemistry = self.inputs["chemistries"].set_index("chemistry")
        self.base = {name: row["base"] or name for name, row in chemistry.iterrows()}
        self.silicon = {name: float(row["silicon"]) for name, row in chemistry.iterrows()}
        self.like = dict(chemistry["silicon_like"])
        self.parent = dict(zip(*(self.inputs["scenarios"][c] for c in ("scenario", "extends")), strict=True))
        self._check_changes()
        self._stop_on_problems()

        demand, share, uptake = [], [], []
        for name, scenario in self.run.settings.scenario.items():
            demand += self._demand(name, scenario.demand)
            share += self._share(name, scenario.adoption, scenario.silicon == "explicit")
            if scenario.silicon not in ("none", "explicit"):
                uptake += self._uptake(name, scenario.silicon)
        self._stop_on_problems()
        share_frame = _frame(share, ["scenario", "region", "segment", "chemistry", "silicon", "year"])
        uptake_frame = _frame(uptake, ["scenario", "region", "segment", "chemistry", "silicon", "year"])
        pairs = self._pairs(share_frame, uptake_frame)
        if len(uptake_frame):
            wanted = set(pairs)
            keep = [(c, k) in wanted for c, k in zip(uptake_frame["chemistry"], uptake_frame["silicon"], strict=True)]
            uptake_frame = uptake_frame[keep].reset_index(drop=True)
        intensity = self._intensity(pairs)
        route = self._route()
        self._stop_on_problems()
        tables = {
            "battery_demand": _frame(demand, ["scenario", "region", "segment", "year"]),
            "market_share": share_frame,
            "silicon_uptake": uptake_frame,
            "mineral_intensity": intensity,
            "graphite_route": route,
        }
        return Resolved(
            run=self.run,
            regions=Axis("region", self.regions),
            segments=Axis("segment", self.segments),
            years=Axis("year", self.years),
            chemistries=Axis("chemistry", pairs),
            minerals=Axis("mineral", self.minerals),
            inputs_used=self._used(tables),
            fills=tuple(self._fill_sentences()),
            **tables,
        )

    # ------------------------------------------------------------------ names and scope

    def _stop_on_problems(self) -> None:
        if self.problems:
            raise InputError(self.problems)

    def _check_names(self) -> None:
        """Every name of the run file stands in its code list, and scenarios have rows of the kind asked for."""
        settings, codes = self.run.settings, self.inputs.codes
        for key, listing, names in (
            ("regions", "regions", settings.scope.regions),
            ("segments", "segments", settings.scope.segments),
            ("minerals", "minerals", settings.scope.minerals),
        ):
            for name in names:
                self._known(name, codes(listing), ("scope", key), f"{key} has {name!r}", f"{listing}.csv")
        for name, scenario in settings.scenario.items():
            for key, table in (("demand", "battery_demand"), ("adoption", "market_share"), ("silicon", "silicon_uptake")):
                value = getattr(scenario, key)
                if key == "silicon" and value in ("none", "explicit"):
                    continue
                having = sorted(set(self.inputs[table]["scenario"]))
                if value in having:
                    continue
                if value in codes("scenarios"):
                    why = f"has no rows in {table}.csv; scenarios with rows there: {listed(having)}"
                    self.problems.append(self.run.problem(("scenario", name, key), f"{key} = {value!r}", why))
                else:
                    known = having + (["none", "explicit"] if key == "silicon" else [])
                    self._known(value, known, ("scenario", name, key), f"{key} = {value!r}", "scenarios.csv")

    def _known(self, name: str, known: Iterable[str], path: tuple[str, ...], what: str, where: str) -> bool:
        known = list(known)
        if name in known:
            return True
        hint = did_you_mean(name, known) or f"; known: {listed(known, 20)}"
        self.problems.append(self.run.problem(path, what, f"not in {where}{hint}"))
        return False

    def _regions(self) -> tuple[str, ...]:
        """Regions of the scope, sums replaced by their parts. Regions that overlap would count twice: an error."""
        frame = self.inputs["regions"].set_index("region")
        asked: list[str] = []
        for name in self.run.settings.scope.regions:
            asked += split(str(frame.loc[name, "parts"])) or [name]
        for i, one in enumerate(asked):
            for other in asked[:i]:
                shared = set(split(str(frame.loc[one, "members"]))) & set(split(str(frame.loc[other, "members"])))
                inside = one == other or frame.loc[one, "within"] == other or frame.loc[other, "within"] == one
                if inside or shared:
                    what = f"regions hold {one} and {other}"
                    why = "they overlap and would count twice; keep one (World is the sum of its parts)"
                    self.problems.append(self.run.problem(("scope", "regions"), what, why))
        order = self.inputs.codes("regions")
        return tuple(sorted(asked, key=order.index))

    def _check_changes(self) -> None:
        """Names and years of changed shares fit the lists and the scope."""
        for scenario, changes in self.run.changes.items():
            explicit = self.run.settings.scenario[scenario].silicon == "explicit"
            for change in changes:
                at = change.path
                self._known(change.segment, self.inputs.codes("segments"), at, f"segment {change.segment!r}", "segments.csv")
                if self._known(change.chemistry, self.base, at, f"chemistry {change.chemistry!r}", "chemistries.csv"):
                    self._refuse_blend(change.chemistry, explicit, *self.run.place(*at))
                if change.region and self._known(
                    change.region, self.inputs.codes("regions"), at, f"region {change.region!r}", "regions.csv"
                ) and change.region not in self.regions:  # fmt: skip
                    why = f"not in this run; its regions are {listed(self.regions)}"
                    self.problems.append(self.run.problem(at, f"region {change.region!r}", why))

    def _refuse_blend(self, chemistry: str, explicit: bool, file: str, line: int) -> None:
        if self.base.get(chemistry, chemistry) != chemistry and not explicit:
            why = (
                f"is a silicon blend; silicon is an axis of its own: give {self.base[chemistry]} the share and choose a "
                "silicon scenario, or set silicon = \"explicit\" in the run's scenario"
            )
            self.problems.append(Problem(file, line, f"chemistry = {chemistry!r}", why))

    # ------------------------------------------------------------------ given values

    def _rows(self, table: str, scenario: str, region: str, segment: str) -> pd.DataFrame:
        """Rows of a scenario at a place; where a region has none, the scenario's World rows serve it."""
        groups = self._groups(table)
        own = groups.get((scenario, region, segment))
        return own if own is not None else groups.get((scenario, WORLD, segment), self.inputs[table].iloc[:0])

    def _groups(self, table: str) -> dict[tuple[str, str, str], pd.DataFrame]:
        if table not in self._grouped:
            keys = ["scenario", "region", "segment"]
            self._grouped[table] = {key: rows for key, rows in self.inputs[table].groupby(keys, sort=False)}  # type: ignore[misc]
        return self._grouped[table]

    def _given(self, table: str, scenario: str, region: str, segment: str, labels: Sequence[str] = ()) -> Given:
        """Given values at a place: own rows, and before the first of them those of the scenario it extends."""
        file = self.inputs.tables[table].file
        out: Given = {}
        for row in self._rows(table, scenario, region, segment).itertuples():
            label = tuple(getattr(row, name) for name in labels)
            out.setdefault(row.year, {})[label] = datum(row.value, row.low, row.high, f"{file}:{row.line}")
        if parent := self.parent.get(scenario, ""):
            first = min(out, default=10_000)
            before = self._given(table, parent, region, segment, labels)
            out |= {year: values for year, values in before.items() if year < first}
        return out

    def _series(
        self, table: str, given: Given, years: Sequence[int], where: str, path: tuple[str, ...]
    ) -> Iterable[Point]:
        """Points in every year; years beyond the given ones are a problem unless the run holds them."""
        beyond = outside(given, years)
        if beyond and self.run.settings.scope.beyond != "hold":
            why = (
                f"rows for {where} cover {ranges(given)}, the scope asks {ranges(beyond)}; shorten scope.years, "
                'add rows, or set scope.beyond = "hold" to carry the nearest year on'
            )
            self.problems.append(self.run.problem(path, table, why))
            return
        for point in along(given, years):
            if point.fill != "given":
                how = "linear between given years" if point.fill == "linear" else f"held at {point.held}"
                self.fills.setdefault((table, how), {}).setdefault(where, set()).add(point.year)
            yield point

    def _fill_sentences(self) -> Iterable[str]:
        """`market_share 2026–2029 linear between given years: car in Europe, van in Europe`."""
        for (table, how), places in self.fills.items():
            by_years: dict[str, list[str]] = {}
            for where, years in places.items():
                by_years.setdefault(ranges(years), []).append(where)
            for years, wheres in by_years.items():
                yield f"{table} {years} {how}: {listed(wheres, 4)}"

    # ------------------------------------------------------------------ quantities

    def _demand(self, name: str, demand: str) -> list[dict[str, object]]:
        out: list[dict[str, object]] = []
        path = ("scenario", name, "demand")
        for region in self.regions:
            given = {segment: self._given("battery_demand", demand, region, segment) for segment in self.segments}
            if not any(given.values()):
                why = f"no rows for {region} in the segments of this run; leave the region out or add rows to battery_demand.csv"
                self.problems.append(self.run.problem(path, f"demand = {demand!r}", why))
            for segment, series in given.items():
                if not series:
                    continue
                self.places.setdefault(name, set()).add((region, segment))
                for point in self._series("battery_demand", series, self.years, f"{segment} in {region}", path):
                    keys = {"scenario": name, "region": region, "segment": segment, "year": point.year}
                    out.append(_record(keys, point.datum, "GWh", point.fill))
        return out

    def _share(self, name: str, adoption: str, explicit: bool) -> list[dict[str, object]]:
        out: list[dict[str, object]] = []
        path = ("scenario", name, "adoption")
        for region in self.regions:
            for segment in self.segments:
                if (region, segment) not in self.places.get(name, ()):
                    continue
                where = f"{segment} in {region}"
                given = self._given("market_share", adoption, region, segment, ["chemistry"])
                if not given:
                    why = f"no shares for {where}, which has battery demand; add rows to market_share.csv or leave out the segment"
                    self.problems.append(self.run.problem(path, f"adoption = {adoption!r}", why))
                    continue
                given = self._with_changes(given, self.run.changes[name], name, region, segment)
                for point in self._series("market_share", given, self.years, where, path):
                    (chemistry,) = point.label  # type: ignore[misc]
                    self._refuse_blend(chemistry, explicit, *_first_place(point.datum.rows))
                    keys = {
                        "scenario": name, "region": region, "segment": segment, "chemistry": self.base[chemistry],
                        "silicon": self.silicon[chemistry], "year": point.year,
                    }  # fmt: skip
                    out.append(_record(keys, point.datum, "1", point.fill))
        return out

    def _with_changes(
        self, given: Given, changes: tuple[ShareChange, ...], name: str, region: str, segment: str
    ) -> Given:
        """Given shares with the run file's changes laid over them; each changed year adds up to one."""
        mine = [c for c in changes if c.segment == segment and c.region in ("", region)]
        out = dict(given)
        for year in sorted({change.year for change in mine}):
            # A region's own change is laid over one for every region.
            these = sorted((c for c in mine if c.year == year), key=lambda change: bool(change.region))
            if outside(given, [year]) and self.run.settings.scope.beyond != "hold":
                why = f'shares are given for {ranges(given)}; a changed year beyond them needs scope.beyond = "hold"'
                self.problems.append(self.run.problem(these[0].path, f"year {year}", why))
                continue
            shares = at(given, year)
            rest = next((c for c in reversed(these) if c.share is None), None)
            for change in these:
                if change.share is not None and not (rest and rest.chemistry == change.chemistry):
                    shares[change.chemistry,] = self._changed(change, name, region, change.share)
            others = sum(part.value for (label,), part in shares.items() if not rest or label != rest.chemistry)  # type: ignore[misc]
            place = f"{segment} in {region}, {year}"
            if rest and others > 1 + SHARE_TOLERANCE:
                why = f"the other shares of {place} add up to {others:.6g}, so nothing is left"
                self.problems.append(self.run.problem(rest.path, f"{rest.chemistry} = 'rest'", why))
            elif rest:
                shares[rest.chemistry,] = self._changed(rest, name, region, max(1.0 - others, 0.0))
            elif abs(others - 1) > SHARE_TOLERANCE:
                full = ", ".join(f"{label} {part.value:.4g}" for (label,), part in shares.items() if part.value)  # type: ignore[misc]
                why = f'add up to {others:.6g}, expected 1 ({full}); change another share or give one the value "rest"'
                self.problems.append(self.run.problem(these[-1].path, f"shares of {place}", why))
            out[year] = shares
        return out

    def _changed(self, change: ShareChange, name: str, region: str, share: float) -> Datum:
        """A changed share as a datum, and as a row of inputs_used."""
        file, line = self.run.place(*change.path)
        rest = change.share is None
        label = f"{file}:{line or ''}[{name}; {region}; {change.chemistry}{'; rest' if rest else ''}]"
        self.changed.append({
            "table": "market_share", "file": file, "line": line, "scenario": name, "region": region,
            "segment": change.segment, "chemistry": change.chemistry, "year": change.year, "value": share, "unit": "1",
            "source": "run file", "quality": "assumed", "rows": label,
            "note": "what the other shares of the year leave" if rest else "share changed by the run file",
        })  # fmt: skip
        return Datum(share, share, share, label)

    def _uptake(self, name: str, silicon: str) -> list[dict[str, object]]:
        """Uptake of blends. Before its first year a blend is not on the market: zero."""
        out: list[dict[str, object]] = []
        for region in self.regions:
            for segment in self.segments:
                given = self._given("silicon_uptake", silicon, region, segment, ["chemistry", "silicon"])
                for chemistry, fraction in dict.fromkeys(label for values in given.values() for label in values):  # type: ignore[misc]
                    series: Given = {y: v for y, v in given.items() if (chemistry, fraction) in v}
                    years = [year for year in self.years if year >= min(series)]
                    where = f"{chemistry} in {segment}, {region}"
                    for point in self._series("silicon_uptake", series, years, where, ("scenario", name, "silicon")):
                        if point.label != (chemistry, fraction):
                            continue
                        keys = {
                            "scenario": name, "region": region, "segment": segment, "chemistry": chemistry,
                            "silicon": fraction, "year": point.year,
                        }  # fmt: skip
                        out.append(_record(keys, point.datum, "1", point.fill))
        return out

    def _pairs(self, share: pd.DataFrame, uptake: pd.DataFrame) -> tuple[tuple[str, float], ...]:
        """The expanded chemistry axis: (base chemistry, silicon fraction), in the order of the code list."""
        order = self.inputs.codes("chemistries")
        pairs = set(zip(share["chemistry"], share["silicon"].astype(float), strict=True))
        bases = {chemistry for chemistry, _ in pairs}
        if len(uptake):
            blends = zip(uptake["chemistry"], uptake["silicon"].astype(float), strict=True)
            pairs |= {(chemistry, fraction) for chemistry, fraction in blends if chemistry in bases}
        return tuple(sorted(pairs, key=lambda pair: (order.index(pair[0]), pair[1])))

    def _intensity(self, pairs: tuple[tuple[str, float], ...]) -> pd.DataFrame:
        """Intensity of each pair and mineral: its own row, or the base's times the blend ratio of another chemistry."""
        file = self.inputs.tables["mineral_intensity"].file
        table = {
            (row.chemistry, row.mineral): datum(row.value, row.low, row.high, f"{file}:{row.line}")
            for row in self.inputs["mineral_intensity"].itertuples()
        }
        code = {(self.base[name], self.silicon[name]): name for name in self.base}
        out: list[dict[str, object]] = []
        for chemistry, fraction in pairs:
            name = code.get((chemistry, fraction))
            like = self.like.get(chemistry, "")
            if name is None and code.get((like, fraction)) is None:
                fractions = sorted(k for c, k in code if c == (like or chemistry) and k)
                why = f"no blend with {fraction:g} silicon is tabulated for it; tabulated: {listed([f'{k:g}' for k in fractions])}"
                self.problems.append(Problem("silicon_uptake.csv", 0, f"chemistry = {chemistry!r}", why))
                continue
            for mineral in self.minerals:
                keys = {"chemistry": chemistry, "silicon": fraction, "mineral": mineral}
                if name is not None:
                    out.append(_record(keys, table[name, mineral], "kg/kWh", "given"))
                else:
                    value = _ratio(table, chemistry, mineral, like, code[like, fraction])
                    out.append(_record(keys, value, "kg/kWh", "ratio"))
        return _frame(out, ["chemistry", "silicon", "mineral"])

    def _route(self) -> pd.DataFrame:
        """Natural and synthetic shares of each year of the scope."""
        given: Given = {}
        file = self.inputs.tables["graphite_route"].file
        for row in self.inputs["graphite_route"].itertuples():
            given.setdefault(row.year, {})[row.route] = datum(row.value, row.low, row.high, f"{file}:{row.line}")
        points = self._series("graphite_route", given, self.years, "the world", ("scope", "years"))
        out = [_record({"route": p.label, "year": p.year}, p.datum, "1", p.fill) for p in points]
        return _frame(out, ["route", "year"])

    # ------------------------------------------------------------------ provenance

    def _used(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Each row that a resolved value names, once, as it was read, with its table, file and line."""
        out: list[pd.DataFrame] = []
        for name, resolved in tables.items():
            table = self.inputs.tables[name]
            lines = sorted({
                int(reference.partition(":")[2])
                for rows in resolved["rows"].unique()
                for reference in references(rows)
                if reference.startswith(f"{table.file}:") and "[" not in reference
            })  # fmt: skip
            frame = table.frame.set_index("line", drop=False).loc[lines]
            rows = [f"{table.file}:{line}" for line in lines]
            out.append(frame.assign(table=name, file=table.file, rows=rows))
        if self.changed:
            out.append(pd.DataFrame(self.changed).drop_duplicates("rows"))
        frames = [frame.dropna(axis="columns", how="all") for frame in out if len(frame)]
        return pd.concat(frames, ignore_index=True).reindex(columns=USED_COLUMNS)


def references(rows: str) -> list[str]:
    """Places named by a rows expression, without weights: `a.csv:4@1/6 + a.csv:9@5/6` → [a.csv:4, a.csv:9]."""
    parts = rows.replace(" * ", " + ").replace(" / ", " + ").split(" + ")
    return [part.rpartition("@")[0] or part for part in parts if part]


def _first_place(rows: str) -> tuple[str, int]:
    file, _, line = references(rows)[0].partition("[")[0].rpartition(":")
    return file, int(line or 0)


def _ratio(table: Mapping[tuple[str, str], Datum], base: str, mineral: str, like: str, blend: str) -> Datum:
    """Intensity of a blend whose base has none tabulated, by the blend-to-base ratio of a chemistry that has.

    Silicon itself goes with the anode: silicon of the tabulated blend × graphite of this base / graphite of that one.
    """
    if mineral == "silicon":
        start, over, under = table[blend, "silicon"], table[base, "graphite"], table[like, "graphite"]
    else:
        start, over, under = table[base, mineral], table[blend, mineral], table[like, mineral]
        if under.value == 0:
            return start
    ratio = over.value / under.value
    return Datum(start.value * ratio, start.low * ratio, start.high * ratio, f"{start.rows} * {over.rows} / {under.rows}")


def _record(keys: Mapping[str, object], value: Datum, unit: str, fill: str) -> dict[str, object]:
    if fill == "given" and value.rows.endswith("]"):
        fill = "rest" if value.rows.endswith("rest]") else "override"
    numbers = {"value": value.value, "low": value.low, "high": value.high}
    return {**keys, **numbers, "unit": unit, "fill": fill, "rows": value.rows}


def _frame(records: list[dict[str, object]], keys: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records(records, columns=[*keys, "value", "low", "high", "unit", "fill", "rows"])
