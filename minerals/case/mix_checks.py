"""Whether a run with [optimise] fits together, and its keys name what the run has: before a mix is laid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..config import (
    BUILT,
    GOALS,
    OPTIMISED,
    TARGETS,
    Backcast,
    Grid,
    Measures,
    OfMix,
    Optimise,
    Robust,
    Run,
)
from ..errors import InputError, Problem, did_you_mean, listed
from ..mix.objective import RISKS
from ..tables.codes import EUROPE
from ..tables.inputs import Inputs
from ..tables.mix import MixInputs, mix_inputs
from ..tables.names import WITHOUT_ROWS, Labels, fit
from .chokepoints import Chokepoints
from .concentration import LINKS, STAGES, among_names
from .cost import PackPrices

#: Where plants may stand, beside groups of countries.
PLACES = ("outside", "home")
#: Tables of a run file without which no mix is chosen, and what for.
NEEDS = {"exposure": "for supply and disruptions", "prices": "for what batteries cost"}
#: Key path, what is wrong there, and why, with the way out.
Wrong = Iterable[tuple[tuple[str, ...], str, str]]


def checked(run: Run, inputs: Inputs) -> tuple[Optimise, Labels, MixInputs]:
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
    elif settings.study is not None and not isinstance(settings.study, Grid | OfMix):
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
    targets = [name for name in TARGETS if getattr(study, name)]
    if len(targets) != 1:
        what = f"[study] of kind 'backcast' with {listed(targets) or 'no target'}"
        yield ("study",), what, f"needs the levels of one target; give one alone of {listed(TARGETS)}"
    for name in targets:
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
        rival, out = (
            ("cost_cap", "both say how much the mix may cost") if config.cost_cap is not None
            else (f"objective = {config.objective!r}", "cost alone counts there") if config.objective == "cost"
            else (f"objective = {config.objective!r}", "what is built comes before its cost there")
        )  # fmt: skip
        why = f"cannot stand beside {rival}: {out}; leave one of them out"
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


def check_names(
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
