"""Names of a run file against the code lists of the inputs: every one must exist and fit, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..config import OPTIMISED, Backcast, Diffusion, Grid, Identify, Run, scenario_of, varied
from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import value_class
from .check import split
from .inputs import Inputs
from .series import ranges

#: Key of a scenario in a run file → table that must hold rows of the scenario it names.
SCENARIO_TABLES = {"demand": "battery_demand", "adoption": "market_share", "silicon": "silicon_uptake"}
#: Values of `silicon` that name no rows.
WITHOUT_ROWS = ("none", "explicit")


@value_class
class Labels:
    """Labels of the scope, in the order of the code lists; regions that are sums are replaced by their parts."""

    regions: tuple[str, ...]
    segments: tuple[str, ...]
    minerals: tuple[str, ...]
    years: tuple[int, ...]


class Kinds:
    """Chemistries and their families. A silicon blend belongs where its base does: silicon is an axis of its own."""

    def __init__(self, inputs: Inputs) -> None:
        self.base = {name: base or name for name, base in inputs.by_code("chemistries", "base").items()}
        self.family: dict[str, str] = inputs.by_code("chemistries", "family")
        self.known = [*self.base, *dict.fromkeys(self.family[base] for base in self.base.values())]

    def is_family(self, name: str) -> bool:
        """Whether a name is that of a family."""
        return name not in self.base

    def members(self, name: str) -> frozenset[str]:
        """Chemistries that a name stands for: itself, or those of a family with their blends."""
        if not self.is_family(name):
            return frozenset({name})
        return frozenset(chemistry for chemistry, base in self.base.items() if self.family[base] == name)


def fit(run: Run, inputs: Inputs) -> Labels:
    """Labels of a run's scope. Raises InputError with every name of the run file that does not fit the inputs."""
    problems: list[Problem] = []
    _check_scope(run, inputs, problems)
    _check_scenarios(run, inputs, problems)
    if problems:
        raise InputError(problems)
    scope = run.settings.scope
    labels = Labels(
        regions=_regions(run, inputs, problems),
        segments=tuple(s for s in inputs.codes("segments") if not scope.segments or s in scope.segments),
        minerals=tuple(m for m in inputs.codes("minerals") if not scope.minerals or m in scope.minerals),
        years=scope.years.labels(),
    )
    if not problems:
        _check_places(run, inputs, labels, problems)
        _check_changes(run, inputs, labels, problems)
        _check_paths(run, inputs, labels, problems)
        _check_met(run, labels, problems)
        _check_study(run, inputs, labels, problems)
        _check_industry(run, inputs, labels, problems)
    if problems:
        raise InputError(problems)
    return labels


def uses_once(demand: str, inputs: Inputs) -> tuple[str, ...]:
    """Uses of a whole world with some demand, none where they are all: those that are counted in place of a use which
    that demand has would count twice. demand: a scenario."""
    extends, names = inputs.by_code("scenarios", "extends"), list[str]()
    while demand and demand not in names:
        names.append(demand)
        demand = extends.get(demand, "")
    having = {row.segment for row in inputs.rows("battery_demand") if row.scenario in names}
    in_place_of = inputs.by_code("segments", "in_place_of")
    kept = tuple(segment for segment, use in in_place_of.items() if use not in having)
    return kept if len(kept) < len(in_place_of) else ()


def refused_blend(chemistry: str, base: str, file: str, line: int) -> Problem:
    """A share that names a silicon blend where silicon is an overlay."""
    why = (
        f"is a silicon blend; silicon is an axis of its own: give {base} the share and choose a silicon scenario, or "
        'set silicon = "explicit" in the run\'s scenario'
    )
    return Problem(file, line, f"chemistry = {chemistry!r}", why)


def _check_scope(run: Run, inputs: Inputs, problems: list[Problem]) -> None:
    scope = run.settings.scope
    for key, names in (("regions", scope.regions), ("segments", scope.segments), ("minerals", scope.minerals)):
        for name in names:
            if why := _unknown(name, inputs.codes(key), f"{key}.csv"):
                if key == "regions" and "known" not in why:  # A country may be spelt right and have no rows of its own.
                    why += f" Known: {listed(inputs.codes(key), 20)}"
                problems.append(run.problem(("scope", key), f"{key} has {name!r}", why))


def _check_scenarios(run: Run, inputs: Inputs, problems: list[Problem]) -> None:
    """Scenarios exist and have rows of the kind they are asked for: none is silently empty."""
    for name, scenario in run.settings.scenario.items():
        for key, table in SCENARIO_TABLES.items():
            value = getattr(scenario, key)
            having = sorted(set(inputs.tables[table].columns["scenario"]))
            if value in having or (key == "silicon" and value in WITHOUT_ROWS):
                continue
            if value in inputs.codes("scenarios"):
                why = f"has no rows in {table}.csv; scenarios with rows there: {listed(having)}"
            else:
                why = _unknown(value, having + list(WITHOUT_ROWS if key == "silicon" else ()), "scenarios.csv")
            problems.append(run.problem(("scenario", name, key), f"{key} = {value!r}", why))
    seen: dict[str, str] = {}
    labels: dict[str, tuple[tuple[str, ...], str]] = {
        name: (("scenario", name, "label"), each.label or name) for name, each in run.settings.scenario.items()
    }
    if run.settings.optimise is not None:  # Once mixes are chosen, they are scenarios with these labels.
        labels.setdefault(OPTIMISED, (("optimise", "label"), run.settings.optimise.label))
        for name, changes in run.settings.optimise.variant.items():
            label = str(changes.get("label", name))
            labels.setdefault(scenario_of(name), (("optimise", "variant", name, "label"), label))
    for name, (path, label) in labels.items():
        if label in seen:
            why = (
                f"the scenario '{seen[label]}' has the same label; give each its own, or charts cannot tell them apart"
            )
            problems.append(run.problem(path, f"label = {label!r}", why))
        seen[label] = name


def _check_places(run: Run, inputs: Inputs, labels: Labels, problems: list[Problem]) -> None:
    """A scenario says something of each region itself: one that only inherits there would be compared with its past."""
    for name, scenario in run.settings.scenario.items():
        for key, table in (("demand", "battery_demand"), ("adoption", "market_share")):
            places, value = inputs.rows_by(table, "scenario", "region", "segment"), getattr(scenario, key)
            own = {region for name, region, _ in places if name == value}
            for region in labels.regions:
                if own & set(_served_by(region, table, inputs)):
                    continue
                others = sorted({name for name, place, _ in places if place == region})
                way_out = f"scenarios with rows for {region}: {listed(others)}" if others else f"add rows for {region}"
                why = f"has rows for {listed(sorted(own))} and none for {region}; {way_out}"
                problems.append(run.problem(("scenario", name, key), f"{key} = {value!r}", why))


def _served_by(region: str, table: str, inputs: Inputs) -> tuple[str, ...]:
    """Regions whose rows serve one: of demand those of which it is a share, else all that contain it."""
    places = inputs.places
    if table != "battery_demand":
        return places.chain(region)
    out = [region]
    while whole := places.whole(out[-1]):
        out.append(whole)
    return tuple(out)


def _regions(run: Run, inputs: Inputs, problems: list[Problem]) -> tuple[str, ...]:
    """Regions of the scope, sums replaced by their parts. Regions that overlap would count twice: a problem."""
    places = inputs.places
    named = [
        (part, name)
        for name in run.settings.scope.regions
        for part in (places.parts[name] if places.is_sum(name) else (name,))
    ]
    reported_pairs = set()
    for i, (one, name) in enumerate(named):
        for other, other_name in named[:i]:
            if places.overlap(one, other) and (name, other_name) not in reported_pairs:
                reported_pairs.add((name, other_name))
                why = "they overlap and would count twice; keep one (World is the sum of its parts)"
                problems.append(run.problem(("scope", "regions"), f"regions hold {other_name} and {name}", why))
    parts_named = [part for part, _ in named]
    return tuple(sorted(parts_named, key=inputs.codes("regions").index))


def _check_changes(run: Run, inputs: Inputs, labels: Labels, problems: list[Problem]) -> None:
    """Names of changed shares exist and are part of the run: a change that changes nothing is a mistake."""
    bases = inputs.by_code("chemistries", "base")
    for scenario, changes in run.changes.items():
        for change in changes:
            here = [
                (f"segment {change.segment!r}", change.segment, "segments", labels.segments),
                (f"chemistry {change.chemistry!r}", change.chemistry, "chemistries", None),
            ]
            if change.region:
                here.append((f"region {change.region!r}", change.region, "regions", labels.regions))
            for what, name, table, of_run in here:
                why = _unknown(name, inputs.codes(table), f"{table}.csv")
                if not why and of_run is not None and name not in of_run:
                    why = f"not in this run, so the change would do nothing; its {table} are {listed(of_run)}"
                if why:
                    problems.append(run.problem(change.path, what, why))
            base = bases.get(change.chemistry, "")
            if base and run.settings.scenario[scenario].silicon != "explicit":
                problems.append(refused_blend(change.chemistry, base, *run.place(*change.path)))


def _check_study(run: Run, inputs: Inputs, labels: Labels, problems: list[Problem]) -> None:
    """What a study of kind identify or backcast names is in the run, and every point of a grid is a run that fits."""
    study = run.settings.study
    if isinstance(study, Grid):
        for point in study.points():
            try:
                fit(varied(run, point, run.place("study", "axes")), inputs)
            except InputError as error:
                problems += error.problems
    if not isinstance(study, Identify | Backcast):
        return
    kinds, chosen = Kinds(inputs), [OPTIMISED] if isinstance(study, Backcast) else []
    families = [name for name in kinds.known if kinds.is_family(name)]
    minerals, sums = (
        ({"mineral": study.mineral} if study.mineral else {}, {"new": study.new}) if isinstance(study, Backcast)
        else ({f"statements.{name}": name for name in study.statements},
              {f"sums.{name}": names for name, names in study.sums.items()})
    )  # fmt: skip
    named = [
        ("baseline", [study.baseline] if study.baseline else [], [*run.settings.scenario, *chosen], "scenarios"),
        ("year", [str(study.year)] if study.year else [], [str(year) for year in labels.years], "years"),
        *((key, [name], list(labels.minerals), "minerals") for key, name in minerals.items()),
        ("held", study.held, families, "families"),
        ("only_fall", study.only_fall, kinds.known, "chemistries and families"),
        ("only_grow", study.only_grow, kinds.known, "chemistries and families"),
        *((key, names, kinds.known, "chemistries and families") for key, names in sums.items()),
    ]
    for key, names, known, what in named:
        for name in names:
            if name not in known:
                why = f"not in this run{did_you_mean(name, known)}; {what}: {listed(known, 30)}"
                problems.append(run.problem(("study", *key.split(".", 1)), f"{key} has {name!r}", why))
    for name in study.sums if isinstance(study, Identify) else ():
        if name in kinds.known:
            why = "is the name of a chemistry or a family; give the sum one of its own"
            problems.append(run.problem(("study", "sums", name), f"sums.{name}", why))


def _check_met(run: Run, labels: Labels, problems: list[Problem]) -> None:
    """What is said to be met is demand of this run."""
    for scenario, settings in run.settings.scenario.items():
        for region, segments in settings.met.items():
            for segment, years in segments.items():
                path = ("scenario", scenario, "met", region, segment)
                for what, name, known in (("region", region, labels.regions), ("segment", segment, labels.segments)):
                    if name not in known:
                        why = f"not in this run{did_you_mean(name, known)}; it has {listed(known)}"
                        problems.append(run.problem(path, f"met of {what} {name!r}", why))
                for year in years:
                    if not year.isdecimal() or int(year) not in labels.years:
                        why = f"not a year of the scope, {labels.years[0]} to {labels.years[-1]}"
                        problems.append(run.problem((*path, year), f"met in {year!r}", why))


def _check_paths(run: Run, inputs: Inputs, labels: Labels, problems: list[Problem]) -> None:
    """Names in paths of adoption and in limits of capacity exist and are part of the run."""
    kinds = Kinds(inputs)

    def check_cells(scenario: str, names: Iterable[str], path: tuple[str, ...]) -> None:
        for name in names:
            if name not in kinds.known:
                near = did_you_mean(name, kinds.known) or f"; known: {listed(kinds.known, 20)}"
                why = f"neither a chemistry nor a family of chemistries.csv{near}"
                problems.append(run.problem(path, f"chemistry {name!r}", why))
            elif kinds.base.get(name, name) != name and run.settings.scenario[scenario].silicon != "explicit":
                problems.append(refused_blend(name, kinds.base[name], *run.place(*path)))

    for scenario, entries in run.diffusion.items():
        for entry in entries:
            here = [("segment", entry.segment, "segments", labels.segments)]
            if entry.region:
                here.append(("region", entry.region, "regions", labels.regions))
            for what, name, table, of_run in here:
                why = _unknown(name, inputs.codes(table), f"{table}.csv")
                if not why and name not in of_run:
                    why = f"not in this run, so the path would do nothing; its {table} are {listed(of_run)}"
                if why:
                    problems.append(run.problem(entry.path, f"{what} {name!r}", why))
            names = (entry.chemistry,) if isinstance(entry, Diffusion) else entry.chemistries
            check_cells(scenario, names, entry.path)
    for scenario, settings in run.settings.scenario.items():
        if settings.capacity_limit is not None:
            check_cells(scenario, settings.capacity_limit.rest, ("scenario", scenario, "capacity_limit", "rest"))


def _check_industry(run: Run, inputs: Inputs, labels: Labels, problems: list[Problem]) -> None:
    """Chemistries of [industry] are known, and its years are years of the run."""
    config = run.settings.industry
    for name in config.chemistries if config is not None else ():
        if why := _unknown(name, inputs.codes("chemistries"), "chemistries.csv"):
            problems.append(run.problem(("industry", "chemistries"), f"chemistries has {name!r}", why))
    for year in config.years if config is not None else ():
        if year not in labels.years:
            why = f"not a year of the scope; expected one of {ranges(labels.years)}"
            problems.append(run.problem(("industry", "years"), f"years has {year}", why))


def _unknown(name: str, known: Iterable[str], where: str) -> str:
    """Why a name is not known, with the way out; '' where it is known."""
    known = list(known)
    return "" if name in known else f"not in {where}{did_you_mean(name, known) or f'; known: {listed(known, 20)}'}"


def region_label(regions: Sequence[str], inputs: Inputs) -> str:
    """Name of the sum of all regions of the run: World where they make it up, else their names joined."""
    for name, parts in inputs.by_code("regions", "parts").items():
        if parts and sorted(split(parts)) == sorted(regions):
            return name
    return " + ".join(regions)
