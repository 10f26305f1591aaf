"""A run with [optimise]: the mix that is chosen becomes one more scenario of the run, computed as all the others are.

The scenario `optimised` has the demand of the incumbent and its mix up to the year before the first that is decided;
from that on its shares are the model's. So has `optimised-NAME` of each variant, chosen under its own limits, duties
and credits. What is reported of its minerals, costs and GWh at risk therefore comes from the same code as of any plain
scenario, and the model's own losses are only held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import (
    BUILT,
    COMMAND_LINE,
    COST_CAP,
    GOALS,
    OPTIMISED,
    TARGETS,
    Backcast,
    Frontier,
    Grid,
    Measures,
    NearOptimal,
    Optimise,
    Robust,
    Run,
    Scenario,
    ShareChange,
    playback_of,
    runs_by_mix,
)
from ..errors import Infeasible, InputError, NumericalTrouble, Problem, TimeLimit, UsageError, did_you_mean, listed
from ..exposure.makers import ORDERS, Order
from ..haste import frozen, value_class
from ..mix.compiled import Compiled
from ..mix.data import Disruption, Key, LossKind, MixData
from ..mix.family import OTHER_COUNTRIES, Glossary
from ..mix.objective import RISKS
from ..mix.solution import UNIT, Criteria, Solution, choose, risk_of
from ..tables.codes import EUROPE
from ..tables.inputs import Inputs
from ..tables.mix import MixInputs, mix_inputs
from ..tables.names import WITHOUT_ROWS, Labels, fit
from ..tables.resolve import Resolved
from ..tables.supply import Event
from .chokepoints import Chokepoints
from .concentration import LINKS, STAGES, among_names
from .cost import PackPrices, pack_prices
from .mix_data.assembly import Assembly
from .mix_data.sourcing import OTHERS, others_in
from .played import Library, Lost, losses_of
from .prices import PriceCurves
from .set_up import with_events
from .unknown import Assumed, stops_of_unknown
from .why_infeasible import NO_ANSWER, why

if TYPE_CHECKING:
    from pandas import DataFrame

#: Share of the demand that is met, by region, segment and year.
Met = dict[str, dict[str, dict[str, float]]]
#: Share of the cells made at home, by region, year and chemistry.
Home = dict[str, dict[str, dict[str, float]]]
#: Share of the cells that each country elsewhere makes, by region, year, chemistry and country.
From = dict[str, dict[str, dict[str, dict[str, float]]]]
#: What others build of a node because of a mix [kt or GWh], by region and year.
Built = dict[str, dict[str, dict[str, float]]]
#: Part of it that stands in a country, by region, year, node and country.
BuiltIn = dict[str, dict[str, dict[str, dict[str, float]]]]
#: File of the result in which the shares of the mix of [optimise] stand; those of another stand in its own run file.
SHARES = "tables/mix_share.csv"
#: How codes begin of what a source leaves after the countries it names.
REST = "R_OTH"
#: Where plants may stand, beside groups of countries.
PLACES = ("outside", "home")
#: Tables of a run file without which no mix is chosen, and what for.
NEEDS = {"exposure": "for supply and disruptions", "prices": "for what batteries cost"}
#: What to do where the solver runs out of time.
LESS = "give it more, or ask for fewer years, segments or disruptions. Nothing was written."
#: What to do where the solver does not tell why there is no mix.
FEWER = "Ask for fewer years, segments or disruptions to find it. Nothing was written."
#: What to do where limits contradict each other by no more than rounding.
WIDER = "Loosen one a little: the least share made at home, a cap, or growth. Nothing was written."
#: What to do where the replay and the model do not agree.
BUG = "this is a bug: please report it with the run file. Nothing was written."
#: Replayed and modelled losses agree to this, relative to the demand.
AGREE = 1e-6
#: A share of a mix below this is rounding of the solver.
LEAST_SHARE = 1e-9
#: Where none of the demand is met, this share is: what is wanted, for which lines are built, is read from what is met.
LEAST_MET = 1e-9


@value_class
class Mix:
    """A chosen mix. scenario: that it becomes; run: that it was chosen for, with its own [optimise] and [prices]; data,
    solution: of the model; shares: of the mix as the run has them, (region, segment, chemistry, year) [1]; assembly:
    what the data came from."""

    scenario: str
    run: Run
    data: MixData
    solution: Solution
    shares: dict[Key, float]
    assembly: Assembly

    @property
    def config(self) -> Optimise:
        """[optimise] of the run file."""
        return self.assembly.config

    def onto(self, run: Run) -> Run:
        """A run with this mix as one more scenario."""
        met, origin_said = _met(self.data, self.solution), _origin(self.assembly, self.solution)
        added = _with_mix(run, self.config, self.shares, met, origin_said, self._built(), self.scenario)
        origin: dict[tuple[str, ...], tuple[str, int]] = {**added.origin}
        origin["scenario", self.scenario, "label"] = self.run.place("optimise", "label")
        return replace(added, origin=origin)

    def _built(self) -> tuple[Built, BuiltIn]:
        """What others build because of the mix, where its next stage stands at home: nothing too, where they might; and
        where that stands, if some may not supply."""
        assembly, out, stands = self.assembly, Built(), BuiltIn()
        amount, located = assembly.new_supply.built(self.data, self.solution.sourced)
        for r, n, y in self.data.follow_on_home:
            at, node, year = assembly.regions.index(r), assembly.nodes.index(n), assembly.at[y]
            out.setdefault(r, {}).setdefault(str(y), {})[n] = float(amount[at, node, year])
            parts = zip(assembly.chokepoints.inputs.countries, located[at, node, :, year].tolist(), strict=True)
            if by_country := {country: part for country, part in parts if part}:
                stands.setdefault(r, {}).setdefault(str(y), {})[n] = by_country
        return out, stands


def optimise(
    run: Run, inputs: Inputs, laid: tuple[Assembly, MixData], scenario: str = OPTIMISED, *, alone: bool = False
) -> Mix:
    """Choose a mix of a run, with its own [optimise] and [prices]. laid: what it is chosen from, as `laid_out` gives
    it; scenario: that it becomes; alone: without what is told beside it.

    Raises Infeasible (exit 4) with the conflict in the run's words, and the solver's own errors (exit 5).
    """
    assembly, data = laid
    config = assembly.config
    try:
        criteria = criteria_of(config)
        solution = choose(data, _alone(criteria) if alone else criteria)
    except Infeasible as error:
        of = "" if scenario == OPTIMISED else f"{config.label}: "
        raise Infeasible(f"{of}{_conflict(run, assembly, data, error, inputs)}") from None
    except TimeLimit:
        raise TimeLimit(f"{_time_limit(run, config)}: no optimum within so many seconds a solve; {LESS}") from None
    shares = dict(_shares(assembly.resolved, solution, assembly.pairs, config.scenario, data.years[0]))
    return Mix(scenario, run, data, solution, shares, assembly)


def at_ends_of_unknown(mix: Mix) -> dict[Assumed, tuple[MixData, Solution]]:
    """The mix that is chosen if none and if all of what nobody knows stands in the country that leads it, and what it
    is chosen from. At both ends a stop of each such node is played beside the disruptions of the run; nothing where
    there is no such node. Raises what `choose` raises."""
    assembly, chokepoints = mix.assembly, mix.assembly.chokepoints
    criteria = _alone(criteria_of(mix.config))
    ends: tuple[Assumed, ...] = ("none", "all")
    whole = chokepoints.with_unknown("all")
    stops = tuple(stops_of_unknown(whole.supply, whole.inputs, whole.uses.ever))
    found: dict[Assumed, tuple[MixData, Solution]] = {}
    for end in ends if whole.stands_unknown() else ():
        data = assembly.of(with_events(chokepoints.with_unknown(end), stops)).data()
        found[end] = data, choose(data, criteria)
    return found


def _conflict(run: Run, assembly: Assembly, data: MixData, error: Infeasible, inputs: Inputs) -> str:
    """Which limits contradict each other, as far as that can be told in time."""
    if not isinstance(error.compiled, Compiled):
        key, _, missed = str(error).partition(": ")
        return f"{_at(run, 'exposure_cap', key)}: {missed}"
    glossary = glossary_of(assembly.chokepoints, inputs)
    glossary = replace(glossary, countries={**glossary.countries, **_together(glossary, inputs)})
    try:
        return why(run, data, assembly.tables, glossary, error.compiled)
    except TimeLimit:
        return (
            "no mix keeps all limits of this run; which of them contradict each other was not found in half the "
            f"seconds of a solve ({_time_limit(run, assembly.config)}); {LESS}"
        )
    except NumericalTrouble:
        missed = f"which of them contradict each other is not known: {NO_ANSWER}"
        return f"no mix keeps all limits of this run; {missed}. {FEWER}"
    except UsageError:
        return f"no mix keeps all limits of this run, by so little that none of them can be told to be why. {WIDER}"


def _together(glossary: Glossary, inputs: Inputs) -> dict[str, str]:
    """Labels of suppliers that are several countries. Why limits conflict is told of them as one."""
    groups = inputs.by_code("country_groups", "label")
    rest = [code for code in glossary.countries if code.startswith(REST)]
    return {
        **dict.fromkeys([*rest, OTHERS], OTHER_COUNTRIES),
        **{others_in(group): f"{OTHER_COUNTRIES} of {label}" for group, label in groups.items()},
    }


def _time_limit(run: Run, config: Optimise) -> str:
    return _at(run, "time_limit", f"time_limit = {config.time_limit:g}")


def _at(run: Run, key: str, value_text: str) -> str:
    """Where a key of [optimise] stands, and what it says; the command line says that itself."""
    file, line = run.place("optimise", key)
    return file if file.startswith(COMMAND_LINE) else f"{file}:{line} {value_text}" if line else f"{file} {value_text}"


@frozen
class OpenMix:
    """A run whose mix is not chosen yet.

    run: with a scenario `optimised` that has the shares of the tables, beside those that the run file changes; config:
    [optimise]; labels: of the scope; tables: of the mix; pairs: base and silicon of each chemistry, by its code.
    """

    run: Run
    config: Optimise
    labels: Labels
    tables: MixInputs
    pairs: Mapping[str, tuple[str, float]]


def open_mixes(run: Run, inputs: Inputs) -> dict[str, OpenMix]:
    """Check [optimise] of a run and its variants, before anything is resolved: each mix by the scenario it becomes, in
    a run where that is not added yet. Raises InputError with every problem, each once."""
    found: dict[str, OpenMix] = {}
    problems: list[Problem] = []
    for scenario, each in runs_by_mix(run).items():
        try:
            config, labels, tables = _check(each, inputs)
            found[scenario] = OpenMix(_with_mix(each, config, {}), config, labels, tables, _pairs(inputs))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return found


def laid_out(mix: OpenMix, chokepoints: Chokepoints, curves: PriceCurves, inputs: Inputs) -> tuple[Assembly, MixData]:
    """What a mix is chosen from, without choosing it. chokepoints: of its run, with every candidate on the axis of
    chemistries; curves: of its prices. Raises InputError with all that does not fit."""
    run, config, labels = mix.run, mix.config, mix.labels
    prices = pack_prices(run, inputs, labels.regions, mix.tables.chemistries, labels.years, curves.by_year())
    _check_names(run, inputs, config, chokepoints, prices, mix.tables.decided)
    assembly = Assembly(chokepoints, config, mix.tables, prices, mix.pairs, config.scenario, OPTIMISED, inputs)
    data = assembly.data()
    if not any(data.weight[name] for name in data.disruptions):
        why = (
            "none is above 0, so that nothing is at risk; give one of them some (what closes every node has none of "
            "its own)"
        )
        played = f"likelihood of {listed(data.disruptions)}"
        raise InputError([run.problem(("optimise", "likelihood"), played, why)])
    if config.loss == "all_outside" and (of_cells := stops_of_cells(chokepoints, data)):
        stops = f"{listed(of_cells)} {'stop' if len(of_cells) > 1 else 'stops'} cells"
        why = (
            f"bounds stops of materials alone, and {stops}, which others would make; {_without(run, config, of_cells)}"
        )
        raise InputError([run.problem(("optimise", "loss"), "loss = 'all_outside'", why)])
    return assembly, data


def _without(run: Run, config: Optimise, disruptions: Sequence[str]) -> str:
    """Ways that a run has to count no loss of some disruptions, or to count another one."""
    exposure = run.settings.exposure
    own = [name for name in disruptions if exposure is not None and name in exposure.event]
    library = [name for name in disruptions if name not in own]
    left_out = [f"exposure.event.{name} = false" for name in own]
    if library:
        left_out.append(f"exposure.disruptions without {listed(library)}")
    ways = ["give these a likelihood of 0"] if config.event_weights == "alike" else []
    return ", or ".join([*ways, f"set {listed(left_out)}", 'set loss = "supply"'])


def stops_of_cells(chokepoints: Chokepoints, data: MixData) -> list[str]:
    """Disruptions with a weight that stop cells."""
    return [
        event.disruption for event in chokepoints.inputs.events
        if data.weight.get(Disruption(event.disruption)) and any(cut.node in data.cells for cut in event.cuts)
    ]  # fmt: skip


def _pairs(inputs: Inputs) -> dict[str, tuple[str, float]]:
    """Base chemistry and silicon of each chemistry, as results name it."""
    return {row.chemistry: (row.base or row.chemistry, float(row.silicon)) for row in inputs.rows("chemistries")}


def _check(run: Run, inputs: Inputs) -> tuple[Optimise, Labels, MixInputs]:
    """[optimise], labels of the scope, and the tables of the mix, which fit each other. Raises InputError with every
    problem."""
    config, labels, tables = run.settings.optimise, None, None
    assert config is not None
    problems = [
        run.problem(path, what, why)
        for path, what, why in (*_of_run(run), *_of_keys(config, inputs), *_of_places(run, inputs))
    ]
    try:
        labels = fit(run, inputs)
        problems += [run.problem(path, what, why) for path, what, why in _of_law(config, labels.regions, inputs)]
        tables = mix_inputs(run, inputs, labels.regions, labels.segments, labels.years)
        study = run.settings.study
        if isinstance(study, Backcast) and study.year is not None and study.year < tables.decided:
            why = f"is observed; the mix is chosen from {tables.decided} on"
            problems.append(run.problem(("study", "year"), f"year = {study.year}", why))
    except InputError as error:
        problems += error.problems
    if problems or labels is None or tables is None:
        raise InputError(problems)
    return config, labels, tables


#: Key path, what is wrong there, and why, with the way out.
Wrong = Iterable[tuple[tuple[str, ...], str, str]]


def _of_run(run: Run) -> Wrong:
    """What [optimise] needs of the rest of the run file, and what cannot stand beside it."""
    settings, config = run.settings, run.settings.optimise
    assert config is not None
    missing = [f"[{name}] {what}" for name, what in NEEDS.items() if getattr(settings, name) is None]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        why = f"needs {', and '.join(missing)}; add {them}, as runs/europe-mix.toml does"
        yield ("optimise",), "[optimise]", why
    if isinstance(settings.study, Measures | Backcast) and config.unmet:
        who = "measures need" if isinstance(settings.study, Measures) else "a backcast needs"
        why = f"what is not met costs nothing; {who} a mix that meets all"
        yield ("optimise", "unmet"), "unmet = true", why
    if isinstance(settings.study, Measures):
        yield from _of_measures(config)
        if "recycling" in settings.study.which and settings.flows is None:
            why = "nothing is recycled without [flows]; add it, as runs/europe-mix.toml does, or leave recycling out"
            yield ("study", "which"), f"which = {list(settings.study.which)}", why
        if settings.exposure is not None and settings.exposure.stockpile_months:
            why = "is a stock that is there already, and measures ask what one would gain; leave it out"
            yield ("exposure", "stockpile_months"), f"stockpile_months = {settings.exposure.stockpile_months:g}", why
    elif isinstance(settings.study, Backcast):
        yield from _of_backcast(settings.study)
    elif isinstance(settings.study, Robust):
        yield from _of_robust(config)
    elif settings.study is not None and not isinstance(settings.study, Grid | NearOptimal | Frontier):
        why = "draws many runs of a given mix, and [optimise] chooses one; keep one of the two"
        yield ("study",), f"[study] of kind {settings.study.kind!r}", why
    if settings.flows is not None and settings.flows.lines:
        why = "scrap of a mix follows from the growth of its demand, whose lines are written; leave flows.lines out"
        yield ("flows", "lines"), f"lines = {settings.flows.lines!r}", why
    if config.scenario not in settings.scenario:
        near = did_you_mean(config.scenario, settings.scenario) or f"; it has {listed(settings.scenario)}"
        yield ("optimise", "scenario"), f"scenario = {config.scenario!r}", f"not a scenario of this run{near}"
    elif (silicon := settings.scenario[config.scenario].silicon) not in WITHOUT_ROWS:
        why = 'the mix chooses among silicon blends itself, so its incumbent has none on top; set silicon = "none"'
        yield ("scenario", config.scenario, "silicon"), f"silicon = {silicon!r}", why
    if OPTIMISED in settings.scenario:
        why = "is the name of the scenario that [optimise] adds; choose another"
        yield ("scenario", OPTIMISED), f"scenario {OPTIMISED!r}", why
    if config.recycled_content and settings.flows is None:
        why = "nothing is recycled without [flows]; add it, as runs/europe-mix.toml does"
        yield ("optimise", "recycled_content"), "recycled_content = true", why
    years = settings.scope.years
    if years.last == years.first:
        why = "the mix is chosen from the second year on, the first is today's; add a later last year"
        yield ("scope", "years"), f"years = {years.first}", why
    elif years.step != 1:
        why = "the mix is chosen year by year, as growth is; leave step out"
        yield ("scope", "years"), f"years = {years.first} to {years.last}, step {years.step}", why


def _of_measures(config: Optimise) -> Wrong:
    """What a study of measures needs of the mix that it begins from."""
    if config.objective != "gwh_at_risk":
        why = 'says nothing of what disruptions cost, which measures are held against; set objective = "gwh_at_risk"'
        yield ("optimise", "objective"), f"objective = {config.objective!r}", why


def _of_backcast(study: Backcast) -> Wrong:
    """Keys of a study of kind backcast among each other."""
    given = [name for name in TARGETS if getattr(study, name)]
    if len(given) != 1:
        what = f"[study] of kind 'backcast' with {listed(given) or 'no target'}"
        yield ("study",), what, f"needs the levels of one target; give one alone of {listed(TARGETS)}"
    for name in given:
        what = f"{name} = {list(getattr(study, name))}"
        if (name in ("change", "kt")) != bool(study.mineral):
            why = "is of no mineral; leave mineral out" if study.mineral else "is of a mineral; name it as mineral"
            yield ("study", name), what, why
        if name in ("kt", "lost") and min(getattr(study, name)) < 0:
            yield ("study", name), what, "no amount is below 0; give levels of at least that"
    if study.least == "new" and not study.new:
        yield ("study", "least"), "least = 'new'", "does not say what is new; name families or chemistries as new"


def _of_robust(config: Optimise) -> Wrong:
    """What a study of several futures needs of the mix that it compares plans with."""
    if config.objective != "gwh_at_risk":
        why = 'says nothing of what disruptions cost, by which plans are compared; set objective = "gwh_at_risk"'
        yield ("optimise", "objective"), f"objective = {config.objective!r}", why
    if config.unmet:
        why = "leaves the plan open, and a study of futures tells what of it is short in each; leave it out"
        yield ("optimise", "unmet"), "unmet = true", why
    if config.loss == "industry":
        why = "counts cells that are to be made at home, which each future decides anew; leave it out"
        yield ("optimise", "loss"), "loss = 'industry'", why
    for key in ("worth", "exposure_cap"):
        if (value := getattr(config, key)) is not None:
            why = "mixes money with losses that are compared between plans; leave it out, or set a cost_cap"
            yield ("optimise", key), f"{key} = {value:g}", why


def _of_places(run: Run, inputs: Inputs) -> Wrong:
    """Where plants of a study of measures may stand."""
    study = run.settings.study
    known = (*PLACES, *inputs.codes("country_groups"))
    for place in study.places if isinstance(study, Measures) else ():
        if place not in known:
            why = f"not a place{did_you_mean(place, known) or f'; known: {listed(known)}'}"
            yield ("study", "places"), f"places has {place!r}", why


def _of_keys(config: Optimise, inputs: Inputs) -> Wrong:
    """Keys of [optimise] among each other, and names in them."""

    def unknown(name: str, known: Iterable[str], where: str) -> str:
        known = list(known)
        return f"not {where}{did_you_mean(name, known) or f'; known: {listed(known)}'}"

    groups, among = inputs.codes("country_groups"), among_names()
    if config.exclude and config.exclude not in groups:
        why = unknown(config.exclude, groups, "in country_groups.csv")
        yield ("optimise", "exclude"), f"exclude = {config.exclude!r}", why
    for stage in config.exclude_stages:
        if stage not in STAGES:
            yield ("optimise", "exclude_stages"), f"exclude_stages has {stage!r}", unknown(stage, STAGES, "a stage")
    if config.exclude_stages and not config.exclude:
        what = f"exclude_stages = {list(config.exclude_stages)!r}"
        yield ("optimise", "exclude_stages"), what, "says where, but not who; add exclude, a group of countries"
    if _is_set(config, "exclude_since") and not config.exclude:
        what = f"exclude_since = {config.exclude_since}"
        yield ("optimise", "exclude_since"), what, "says from when, but not who; add exclude, a group of countries"
    if _is_set(config, "maker_inputs") and config.makers != "chosen":
        why = 'is of makers that are chosen; set makers = "chosen", or leave it out'
        yield ("optimise", "maker_inputs"), f"maker_inputs = {config.maker_inputs!r}", why
    if config.measure not in LINKS.values():
        why = unknown(config.measure, LINKS.values(), "a measure of a weakest link")
        yield ("optimise", "measure"), f"measure = {config.measure!r}", why
    if config.among not in among:
        yield ("optimise", "among"), f"among = {config.among!r}", unknown(config.among, among, "a group of nodes")
    weighs = any(config.weights.values())
    if config.objective == "weighted" and not weighs:
        why = f"needs weights of {listed(GOALS)}, e.g. weights = {{ expected = 1, cost = 0.01 }}"
        yield ("optimise", "objective"), "objective = 'weighted'", why
    if config.objective not in ("weighted", *BUILT) and weighs:
        why = f'do nothing under objective = {config.objective!r}; set objective = "weighted", or leave them out'
        yield ("optimise", "weights"), f"weights of {listed(config.weights)}", why
    if config.worth is not None and (config.cost_cap is not None or config.objective in ("cost", *BUILT)):
        beside, out = (
            ("cost_cap", "both say how much the mix may cost") if config.cost_cap is not None
            else (f"objective = {config.objective!r}", "cost alone counts there") if config.objective == "cost"
            else (f"objective = {config.objective!r}", "what is built comes before its cost there")
        )  # fmt: skip
        why = f"cannot stand beside {beside}: {out}; leave one of them out"
        yield ("optimise", "worth"), f"worth = {config.worth:g}", why
    if config.one_country == "soft" and not config.one_country_price:
        why = "needs one_country_price, million USD per kt or GWh above the share; add it"
        yield ("optimise", "one_country"), "one_country = 'soft'", why
    if config.one_country_price and config.one_country != "soft":
        why = f'is charged only under one_country = "soft", here it is {config.one_country!r}; leave one of them out'
        yield ("optimise", "one_country_price"), f"one_country_price = {config.one_country_price:g}", why
    if config.event_weights != "alike" and _is_set(config, "likelihood"):
        why = f"weigh disruptions where event_weights = {config.event_weights!r} does; leave one of them out"
        yield ("optimise", "likelihood"), f"likelihood of {listed(config.likelihood)}", why
    yield from _of_objective(config)


def _of_objective(config: Optimise) -> Wrong:
    """Keys that say how something counts which neither the objective nor a cap counts."""
    weighed = {name for name, weight in config.weights.items() if weight}
    by_risk = config.objective == "gwh_at_risk" or config.exposure_cap is not None
    counts = {
        "risk": (by_risk, 'objective = "gwh_at_risk" or with an exposure_cap'),
        "loss": (
            by_risk or weighed & set(RISKS),
            f'objective = "gwh_at_risk", with an exposure_cap, or with weights of {listed(RISKS)}',
        ),
        "level": (config.risk == "cvar" or "cvar" in weighed, 'risk = "cvar" or with a weight of cvar'),
        "likelihood": (
            by_risk or weighed & set(RISKS),
            f'objective = "gwh_at_risk", with an exposure_cap, or with weights of {listed(RISKS)}',
        ),
        "event_weights": (
            by_risk or weighed & set(RISKS),
            f'objective = "gwh_at_risk", with an exposure_cap, or with weights of {listed(RISKS)}',
        ),
        **dict.fromkeys(
            ("measure", "among"),
            ("concentration" in {config.objective, *weighed}, 'objective = "concentration" or with a weight of it'),
        ),
        "cost_cap": (
            config.objective != "cost" or by_risk or config.cost_cap == "off",
            "another objective than cost or with an exposure_cap",
        ),
    }
    for key, (does, where) in counts.items():
        if _is_set(config, key) and not does:
            value = getattr(config, key)
            what = f"likelihood of {listed(value)}" if key == "likelihood" else f"{key} = {value!r}"
            yield ("optimise", key), what, f"counts only under {where}; set one of them, or leave {key} out"


def _is_set(config: Optimise, key: str) -> bool:
    """Whether a key says anything but its default, of a likelihood 1: that takes back what a base says."""
    value = getattr(config, key)
    if isinstance(value, dict):
        return any(weight != 1 for weight in value.values())
    return bool(value != Optimise.model_fields[key].default)


def _of_law(config: Optimise, regions: Sequence[str], inputs: Inputs) -> Wrong:
    """Laws of the European Union bind in the EU27, in what lies in it, and in Europe."""
    if inputs.places.union & set(regions):
        return
    why = f"is a rule of the European Union, and this run has no {EUROPE} ({listed(regions)}); leave it out"
    if config.one_country != "report":
        yield ("optimise", "one_country"), f"one_country = {config.one_country!r}", why
    if config.recycled_content:
        yield ("optimise", "recycled_content"), "recycled_content = true", why


def _check_names(
    run: Run, inputs: Inputs, config: Optimise, chokepoints: Chokepoints, prices: PackPrices, decided: int
) -> None:
    """What [optimise] names of the library is played, and every candidate has a price."""
    problems: list[Problem] = []
    known = [event.disruption for event in chokepoints.inputs.events]
    for name in config.likelihood:
        if name in known:
            continue
        why = f"is not played in this run, which plays {listed(known)}; name it in exposure.disruptions too"
        if name not in inputs.tables["disruption"].columns["disruption"]:
            near = did_you_mean(name, known) or f"; this run plays {listed(known)}"
            why = f"not in disruption.csv{near}"
        problems.append(run.problem(("optimise", "likelihood", name), f"likelihood of {name!r}", why))
    priced = [year for at, year in enumerate(chokepoints.years) if not np.isnan(prices.home[:, :, at]).any()]
    if priced[:1] > [decided]:
        why = f"packs have prices from {priced[0]} on, and the mix is chosen from {decided} on; "
        years = f"years = {chokepoints.years[0]} to {chokepoints.years[-1]}"
        problems.append(run.problem(("scope", "years"), years, f"{why}let the scope begin in {priced[0] - 1}"))
    if problems:
        raise InputError(problems)


def cost_cap_of(config: Optimise) -> float | None:
    """Share above the cheapest mix that the mix may cost; None where nothing caps it."""
    if config.cost_cap is None:
        return None if config.worth is not None or config.objective == "cost" else COST_CAP
    return None if config.cost_cap == "off" else float(config.cost_cap)


def criterion(config: Optimise) -> str:
    """The objective as the model has it."""
    named = {"gwh_at_risk": config.risk, "built": "unbuilt", "built_kt": "unbuilt_kt"}
    return named.get(config.objective, config.objective)


def criteria_of(config: Optimise) -> Criteria:
    """What is asked of the model."""
    # Weights of chemistries are in the data.
    weights = {name: weight for name, weight in config.weights.items() if weight and name in GOALS}
    return Criteria(
        objective=criterion(config),
        risk=config.risk,
        unmet=config.unmet,
        level=config.level,
        weights=weights or None,
        cost_cap=cost_cap_of(config),
        worth=config.worth,
        near=config.near,
        ranges=config.ranges,
        frontier=config.frontier,
        exposure_cap=config.exposure_cap,
        time_limit=config.time_limit,
    )


def _alone(criteria: Criteria) -> Criteria:
    """What is asked of the model where the mix alone is told: no ranges, frontier, gains or incumbent's mix."""
    return replace(criteria, ranges="off", frontier="off", beside=False)


def glossary_of(chokepoints: Chokepoints, inputs: Inputs) -> Glossary:
    """Labels for words about limits."""
    return Glossary(
        nodes=chokepoints.inputs.node_labels,
        units={node.node: node.unit for node in chokepoints.inputs.nodes},
        disruptions={event.disruption: event.label for event in chokepoints.inputs.events},
        segments=inputs.by_code("segments", "label"),
        chemistries=inputs.by_code("chemistries", "label"),
        minerals=inputs.by_code("minerals", "label"),
        countries=chokepoints.inputs.country_labels,
    )


# ---------------------------------------------------------------------- the mix as a scenario


def _met(data: MixData, solution: Solution) -> Met:
    """Share of the demand that the mix meets, where it is not all."""
    out: Met = {}
    for (r, s, y), gwh in solution.unmet.items():
        out.setdefault(r, {}).setdefault(s, {})[str(y)] = max(1 - gwh / data.demand[r, s, y], LEAST_MET)
    return out


def _origin(assembly: Assembly, solution: Solution) -> tuple[Home, From]:
    """Share of the cells of each chemistry that the mix has made at home, and by each country elsewhere."""
    home: Home = {}
    bought: From = {}
    codes, homes = assembly.chokepoints.inputs.countries, assembly.chokepoints.inputs.home
    for (r, c, y), shares in assembly.sourcing.origins(solution.production, solution.imports).items():
        abroad = {
            code: float(share) for code, at, share in zip(codes, homes, shares, strict=True) if at != r and share > 0
        }
        own = sum(float(share) for at, share in zip(homes, shares, strict=True) if at == r)
        home.setdefault(r, {}).setdefault(str(y), {})[c] = min(own, 1.0)
        if abroad:
            bought.setdefault(r, {}).setdefault(str(y), {})[c] = abroad
    return home, bought


def _with_mix(
    run: Run, config: Optimise, shares: Mapping[Key, float], met: Met | None = None,
    origin_said: tuple[Home, From] | None = None, built_said: tuple[Built, BuiltIn] | None = None,
    name: str = OPTIMISED,
) -> Run:  # fmt: skip
    """The run with a chosen mix as its scenario of a name: the incumbent's with other shares."""
    incumbent = run.settings.scenario[config.scenario]
    before = incumbent.label or config.scenario
    (home, bought), (built, built_in) = origin_said or ({}, {}), built_said or ({}, {})
    scenario = Scenario(
        label=config.label, demand=incumbent.demand, adoption=incumbent.adoption, silicon="explicit",
        recycling=incumbent.recycling, met=met or {}, made_at_home=home, cells_from=bought, follow_on=built,
        follow_on_in=built_in, maker_inputs=config.maker_inputs if config.makers == "chosen" else "reference",
        note=f"Shares chosen by the model from the first year that it decides on; before, those of {before}.",
    )  # fmt: skip
    path = ("scenario", name, "share")
    changes = tuple(
        ShareChange(r, s, y, c, share, (*path, r, s, str(y), c), True) for (r, s, c, y), share in shares.items()
    )
    settings = run.settings.model_copy(update={"scenario": {**run.settings.scenario, name: scenario}})
    file = SHARES if name == OPTIMISED else playback_of(name)
    origin: dict[tuple[str, ...], tuple[str, int]] = {**run.origin, path: (file, 0)}
    if name == OPTIMISED:
        origin |= {change.path: (file, at + 2) for at, change in enumerate(changes)}
    for key in ("demand", "adoption"):
        origin["scenario", name, key] = run.place("scenario", config.scenario, key)
    return replace(run, settings=settings, changes={**run.changes, name: changes}, origin=origin)


def _shares(
    resolved: Resolved, solution: Solution, pairs: Mapping[str, tuple[str, float]], incumbent: str, decided: int
) -> Iterable[tuple[Key, float]]:
    """Shares by (region, segment, chemistry, year): those of the incumbent in the last year that is not decided, and in
    the years before it that no row gives or the run file changes; then the model's. Every chemistry that tables would
    add is 0.

    resolved: of the run with nothing chosen yet, whose scenario `optimised` has the shares that the tables give;
    decided: first year that is.
    """
    first = decided - 1
    codes = {pair: code for code, pair in pairs.items()}
    frame = resolved.market_share
    untouched = _at_places(frame[frame["scenario"] == OPTIMISED], codes)
    frame = frame[frame["scenario"] == incumbent]
    sold: dict[Key, dict[str, float]] = {}
    for (region, segment, chemistry, year), gwh in solution.additions.items():
        sold.setdefault((region, segment, year), {})[chemistry] = gwh
    for (r, s), rows in frame.groupby(["region", "segment"], sort=False):
        known = list(dict.fromkeys(codes[c, float(f)] for c, f in zip(rows["chemistry"], rows["silicon"], strict=True)))
        between = set(rows.loc[rows["fill"] == "linear", "year"])
        for (_, _, year), before in _at_places(rows[rows["year"] <= first], codes).items():
            here = {} if year in between else untouched.get((r, s, year), {})
            if year == first or before != here:
                yield from (((r, s, c, year), before.get(c, 0.0)) for c in dict.fromkeys([*before, *here]))
        for y in (year for year in resolved.reported if year >= decided):
            by = sold.get((r, s, y))
            if by is None:
                continue
            whole = sum(by.values())
            by = {c: gwh for c, gwh in by.items() if gwh > LEAST_SHARE * whole}
            whole = sum(by.values())
            for c in dict.fromkeys([*known, *by]):
                yield (r, s, c, y), by.get(c, 0.0) / whole


def _at_places(frame: DataFrame, codes: Mapping[tuple[str, float], str]) -> dict[Key, dict[str, float]]:
    """Shares by chemistry of each (region, segment, year)."""
    out: dict[Key, dict[str, float]] = {}
    for row in frame.itertuples():
        by = out.setdefault((row.region, row.segment, int(row.year)), {})
        by[codes[row.chemistry, float(row.silicon)]] = float(row.value)
    return out


# ---------------------------------------------------------------------- replay


def replayed(mix: Mix, library: Library) -> dict[Disruption, float]:
    """Loss of each disruption when it is played with the mix fixed, over the years that are decided [GWh], of the kind
    that counts: `lost`.

    Raises NumericalTrouble where a loss is above the model's, which has those of disruptions with a weight, the
    objective is not what the model has, or the risk is above its cap.
    """
    data, config = mix.data, mix.config
    out = lost(mix, of_library(library, mix.scenario), float(sum(mix.solution.unmet.values())))[config.loss]
    whole = sum(data.demand.values())
    above = {d: out[d] for d, loss in mix.solution.losses.items() if out[d] > loss + AGREE * whole}
    if above:
        name, loss = next(iter(above.items()))
        raise NumericalTrouble(
            f"the chosen mix loses {loss:.6g} GWh under {name} when it is played back, and in the model "
            f"{mix.solution.losses[name]:.6g}; {BUG}"
        )
    risks = {risk: risk_of(out, data.weight, risk, config.level) for risk in RISKS}
    found, cap, exposure = _objective(mix, risks), config.exposure_cap, mix.solution.exposure
    if found is not None and abs(found - exposure) > AGREE * max(abs(exposure), 1.0):
        unit = UNIT["expected" if config.objective == "gwh_at_risk" else config.objective]
        raise NumericalTrouble(
            f"the objective of the chosen mix is {found:.9g} {unit} when it is played back, and in the model "
            f"{exposure:.9g}; {BUG}"
        )
    if cap is not None and risks[config.risk] > cap + AGREE * max(cap, 1.0):
        raise NumericalTrouble(
            f"the chosen mix loses {risks[config.risk]:.9g} GWh ({config.risk}) when it is played back, and "
            f"exposure_cap is {cap:g}; {BUG}"
        )
    return out


def _objective(mix: Mix, risks: Mapping[str, float]) -> float | None:
    """The objective of a mix by its risks: with the model's cost and exposure where they weigh in it, and
    None where losses do not count."""
    config, data, solution = mix.config, mix.data, mix.solution
    if config.objective == "gwh_at_risk":
        return risks[config.risk]
    if config.objective != "weighted":
        return None
    exposed = sum(data.measure.get((c, y), 1.0) * gwh for (_, _, c, y), gwh in solution.additions.items())
    parts = {
        **risks,
        "cost": sum(solution.cost.values()),
        "concentration": exposed + sum(solution.unmet.values()),
    }
    return sum(weight * parts[name] for name, weight in config.weights.items())


#: Part of the demand below which a loss is the rounding of its sum.
NO_LOSS = 1e-14


def lost(mix: Mix, found: Iterable[tuple[Event, int, Lost]], unmet: float) -> dict[LossKind, dict[Disruption, float]]:
    """What disruptions take of a plan over the years that are decided, by whose loss it is [GWh].

    found: event, place of the year, and loss; unmet: demand that the plan leaves. That can be lost in no replay, and is
    lost under every disruption; to those who make cells it is none.
    """
    data, years = mix.data, mix.assembly.chokepoints.years
    out: dict[LossKind, dict[Disruption, float]] = {
        "supply": dict.fromkeys(data.disruptions, unmet), "industry": dict.fromkeys(data.disruptions, 0.0),
        "all_outside": dict.fromkeys(data.disruptions, unmet),
    }  # fmt: skip
    for event, year, each in found:
        name = Disruption(event.disruption)
        if years[year] in data.years and name in data.disruptions:
            for kind, by_name in out.items():
                by_name[name] += getattr(each, kind)
    least = NO_LOSS * sum(data.demand.values())
    return {kind: {d: gwh if gwh > least else 0.0 for d, gwh in of_kind.items()} for kind, of_kind in out.items()}


def of_library(library: Library, scenario: str) -> Iterable[tuple[Event, int, Lost]]:
    """What the disruptions of a run cost the plan of a scenario, as `lost` takes it."""
    return ((each.event, each.year, each.lost) for each in library.of(scenario))


@frozen
class Beside:
    """What a mix loses. lost: by whose loss it is, weighed as the run does; at_home: cells that it makes at home in the
    years in which a stop may come, on average of the disruptions as they weigh [GWh]."""

    lost: dict[LossKind, float]
    at_home: float


def lost_by_order(mix: Mix) -> dict[Order, float]:
    """What the chosen mix loses, weighed as the run does, by whose cells makers outside the run serve first where they
    lack inputs [GWh]; nothing where they do not share them, or losses are not what it is chosen by."""
    assembly, data, config = mix.assembly, mix.data, mix.config
    if assembly.order is None or config.objective != "gwh_at_risk" or config.loss == "industry":
        return {}
    found: dict[Order, float] = {}
    for order in ORDERS:
        plan = assembly.planned(data, mix.solution.baselines["chosen"], order)
        played = losses_of(plan, OPTIMISED, assembly.chokepoints.inputs.events, [assembly.at[y] for y in data.years])
        losses = lost(mix, played, float(sum(mix.solution.unmet.values())))[config.loss]
        found[order] = risk_of(losses, data.weight, config.risk, config.level)
    return found


def lost_beside(mix: Mix, library: Library) -> dict[str, Beside]:
    """What each mix beside the chosen one, and that itself, loses when it is played back with its plan fixed. library:
    disruptions of the run with the chosen one."""
    assembly, data, config = mix.assembly, mix.data, mix.config
    events, years = assembly.chokepoints.inputs.events, [assembly.at[y] for y in data.years]
    pools = [(event, regions) for event in events for regions in assembly.chokepoints.pools(event.cuts)]
    out = {}
    for name, each in mix.solution.baselines.items():
        plan = assembly.planned(data, each)
        found = of_library(library, mix.scenario) if name == "chosen" else losses_of(plan, OPTIMISED, events, years)
        losses = lost(mix, found, sum(data.demand.values()) - sum(each.additions.values()))
        risks = {kind: risk_of(of_kind, data.weight, config.risk, config.level) for kind, of_kind in losses.items()}
        at_home = dict.fromkeys(data.disruptions, 0.0)
        for event, regions in pools:
            for y in (y for y in data.years if y >= event.start):
                made = plan.plan(OPTIMISED, regions, assembly.at[y]).made_at_home
                at_home[Disruption(event.disruption)] += float(made.sum())
        out[name] = Beside(risks, risk_of(at_home, data.weight, "expected", config.level))
    return out
