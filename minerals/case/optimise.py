"""A run with [optimise]: the mix that is chosen becomes one more scenario of the run, computed as all the others are.

The scenario `optimised` has the demand of the incumbent and its mix up to the year before the first that is decided;
from that on its shares are the model's. So has `optimised-NAME` of each variant, chosen under its own limits, duties
and credits. What is reported of its minerals, costs and GWh at risk therefore comes from the same code as of any plain
scenario, and the model's own losses are only held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..columns import Columns
from ..config import COMMAND_LINE, OPTIMISED, Optimise, Run, Scenario, ShareChange, playback_of, runs_by_mix
from ..errors import Infeasible, InputError, NumericalTrouble, Problem, TimeLimit, UsageError, listed
from ..haste import frozen, value_class
from ..mix.compiled import Compiled
from ..mix.data import Disruption, Key, MixData
from ..mix.family import OTHER_COUNTRIES, Glossary
from ..mix.solution import Criteria, Solution, choose
from ..tables.inputs import Inputs
from ..tables.mix import MixInputs
from ..tables.names import Labels
from ..tables.resolve import Resolved
from .chokepoints import Chokepoints
from .cost import pack_prices
from .criteria import criteria_of
from .mix_checks import check_names, checked
from .mix_data.assembly import Assembly
from .mix_data.sourcing import OTHERS, others_in
from .prices import PriceCurves
from .set_up import with_events
from .unknown import Assumed, stops_of_unknown
from .why_infeasible import NO_ANSWER, why

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
#: What to do where the solver runs out of time.
LESS = "give it more, or ask for fewer years, segments or disruptions. Nothing was written."
#: What to do where the solver does not tell why there is no mix.
FEWER = "Ask for fewer years, segments or disruptions to find it. Nothing was written."
#: What to do where limits contradict each other by no more than rounding.
WIDER = "Loosen one a little: own_share, a cap, or growth. Nothing was written."
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
            config, labels, tables = checked(each, inputs)
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
    check_names(run, inputs, config, chokepoints, prices, mix.tables.decided)
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


def _alone(criteria: Criteria) -> Criteria:
    """What is asked of the model where the mix alone is told: no ranges, frontier, gains or incumbent's mix."""
    return replace(criteria, ranges="off", frontier="off", gains_and_incumbent=False)


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
    (shares, between), (untouched, _) = (_by_place(resolved, scenario, codes) for scenario in (incumbent, OPTIMISED))
    sold: dict[Key, dict[str, float]] = {}
    for (region, segment, chemistry, year), gwh in solution.additions.items():
        sold.setdefault((region, segment, year), {})[chemistry] = gwh
    for (r, s), by_year in shares.items():
        known = list(dict.fromkeys(c for by in by_year.values() for c in by))
        for y, before in by_year.items():
            here = {} if (r, s, y) in between else untouched.get((r, s), {}).get(y, {})
            if y == first or (y < first and before != here):
                yield from (((r, s, c, y), before.get(c, 0.0)) for c in dict.fromkeys([*before, *here]))
        for y in (year for year in resolved.reported if year >= decided):
            by = sold.get((r, s, y))
            if by is None:
                continue
            whole = sum(by.values())
            by = {c: gwh for c, gwh in by.items() if gwh > LEAST_SHARE * whole}
            whole = sum(by.values())
            for c in dict.fromkeys([*known, *by]):
                yield (r, s, c, y), by.get(c, 0.0) / whole


def _by_place(
    resolved: Resolved, scenario: str, codes: Mapping[tuple[str, float], str]
) -> tuple[dict[tuple[str, str], dict[int, dict[str, float]]], set[Key]]:
    """Shares of a scenario by chemistry, of each (region, segment) by year; and of which (region, segment, year) they
    lie between rows."""
    out: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    between: set[Key] = set()
    columns = ("region", "segment", "chemistry", "silicon", "year", "value", "fill")
    for r, s, chemistry, silicon, year, share, fill in Columns(resolved.market_share.columns).rows(
        *columns, scenario=scenario
    ):
        out.setdefault((r, s), {}).setdefault(int(year), {})[codes[chemistry, float(silicon)]] = float(share)
        if fill == "linear":
            between.add((r, s, int(year)))
    return out, between
