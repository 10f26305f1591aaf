"""A run with [optimise]: the mix that is chosen becomes one more scenario of the run, computed as all the others are.

The scenario `optimised` has the demand of the incumbent and its mix up to the first year of the scope; from the second
on its shares are the model's. What is reported of its minerals, costs and GWh at risk therefore comes from the same
code as of any plain scenario, and the model's own losses are only held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ..config import Optimise, Run, Scenario, ShareChange
from ..errors import Infeasible, InputError, NumericalTrouble, Problem, did_you_mean, listed
from ..mix.compiled import Compiled
from ..mix.data import Key, MixData
from ..mix.model import OneCountry
from ..mix.solution import Choice, Solution, choose, risk_of
from ..mix.words import Labels
from ..tables.inputs import Inputs
from ..tables.mix import MixInputs, mix_inputs
from ..tables.names import fit
from ..tables.resolve import Resolved, resolve
from .chokepoints import Chokepoints, chokepoints
from .concentration import LINKS, STAGES, among_names
from .cost import PackPrices, pack_prices
from .intensity import with_intensity
from .mix_data import Assembly, usual_weight
from .plain import compute
from .playback import OPTIMISED
from .risk import Played, play
from .why_infeasible import why

#: Share of the demand that is met, by region, segment and year.
Met = dict[str, dict[str, dict[str, float]]]
#: File of the result in which the shares of the chosen mix stand.
SHARES = "tables/mix_share.csv"
#: Kind of the trade rule on one third country.
MAXIMUM_SINGLE = "maximum_single"
#: Replayed and modelled losses agree to this, relative to the demand.
AGREE = 1e-6
#: A share of a mix below this is rounding of the solver.
LEAST_SHARE = 1e-9
#: Where none of the demand is met, this share is: what is wanted, for which lines are built, is read from what is met.
LEAST_MET = 1e-9


@dataclass(frozen=True)
class Mix:
    """A chosen mix. run: with the scenario `optimised`; data, solution: of the model; given: of the mix tables; shares:
    of the mix as the run has them, (region, segment, chemistry, year) [1]; assembly: what the data came from."""

    run: Run
    data: MixData
    solution: Solution
    given: MixInputs
    shares: dict[Key, float]
    assembly: Assembly


def optimise(run: Run, inputs: Inputs, price: pd.DataFrame) -> Mix:
    """Choose the mix of a run. price: the table of its learning curves.

    Raises InputError with all that does not fit, Infeasible (exit 4) with the conflict in the run's words, and the
    solver's own errors (exit 5).
    """
    asked = _check(run, inputs)
    labels = fit(run, inputs)
    given = mix_inputs(run, inputs, labels.regions, labels.segments, labels.years)
    pairs = _pairs(inputs)
    probe = _with_mix(run, asked, dict(_probe(labels.regions, labels.segments, labels.years[-1], given, pairs)))
    alone = {name: probe.settings.scenario[name] for name in (asked.scenario, OPTIMISED)}
    probe = replace(probe, settings=probe.settings.model_copy(update={"scenario": alone}))
    resolved = with_intensity(resolve(probe, inputs), inputs)
    points = chokepoints(resolved, inputs, compute(resolved))
    prices = pack_prices(run, inputs, labels.regions, given.chemistries, labels.years, price)
    _check_names(run, asked, points, prices)
    assembly = Assembly(points, asked, given, prices, pairs, asked.scenario, OPTIMISED)
    data = assembly.data()
    try:
        solution = choose(data, _choice(asked, points))
    except Infeasible as error:
        if not isinstance(error.compiled, Compiled):
            file, line = run.place("optimise", "exposure_cap")
            raise Infeasible(f"{file}{f':{line}' if line else ''} {error}") from None
        raise Infeasible(why(run, data, given, labels_of(points, inputs), error.compiled)) from None
    shares = dict(_shares(resolved, solution, pairs))
    return Mix(_with_mix(run, asked, shares, _met(data, solution)), data, solution, given, shares, assembly)


def _pairs(inputs: Inputs) -> dict[str, tuple[str, float]]:
    """Base chemistry and silicon of each chemistry, as results name it."""
    frame = inputs["chemistries"]
    return {
        c: (base or c, float(s)) for c, base, s in zip(frame["chemistry"], frame["base"], frame["silicon"], strict=True)
    }


def _check(run: Run, inputs: Inputs) -> Optimise:
    """[optimise] fits the rest of the run file. Raises InputError with every problem."""
    settings, asked = run.settings, run.settings.optimise
    assert asked is not None
    problems: list[Problem] = []

    def problem(key: str, what: str, why: str) -> None:
        problems.append(run.problem(("optimise", key) if key else ("optimise",), what, why))

    if missing := [f"[{name}]" for name in ("exposure", "prices") if getattr(settings, name) is None]:
        problem("", "[optimise]", f"needs {' and '.join(missing)}: supply and disruptions, and what batteries cost")
    if settings.study is not None:
        problem("", "[optimise]", "chooses one mix and [study] draws many runs of a given one; keep one of them")
    if asked.scenario not in settings.scenario:
        near = did_you_mean(asked.scenario, settings.scenario)
        why = f"not a scenario of this run{near}; it has {listed(settings.scenario)}"
        problem("scenario", f"scenario = {asked.scenario!r}", why)
    elif settings.scenario[asked.scenario].silicon not in ("none", "explicit"):
        why = "the mix chooses among silicon blends itself, so its incumbent has none on top; set silicon = 'none'"
        problems.append(run.problem(("scenario", asked.scenario, "silicon"), f"silicon in {asked.scenario}", why))
    if OPTIMISED in settings.scenario:
        why = "is the name of the scenario that [optimise] adds; choose another"
        problems.append(run.problem(("scenario", OPTIMISED), f"scenario {OPTIMISED!r}", why))
    years = settings.scope.years
    if years.step != 1 or years.last == years.first:
        why = "the mix is chosen year by year from the second on; give a first and a later last year, with step = 1"
        problems.append(run.problem(("scope", "years"), f"years = {years.first} to {years.last}", why))
    if asked.exclude and asked.exclude not in inputs.codes("country_groups"):
        known = inputs.codes("country_groups")
        why = f"not in country_groups.csv{did_you_mean(asked.exclude, known) or f'; known: {listed(known)}'}"
        problem("exclude", f"exclude = {asked.exclude!r}", why)
    for stage in asked.exclude_stages:
        if stage not in STAGES:
            problem(
                "exclude_stages",
                f"exclude_stages has {stage!r}",
                f"no stage{did_you_mean(stage, STAGES)}; {listed(STAGES)}",
            )
    if asked.exclude_stages and not asked.exclude:
        problem("exclude_stages", "exclude_stages", "says where, but exclude names no group of countries; add it")
    if asked.measure not in LINKS.values():
        known = list(LINKS.values())
        problem(
            "measure",
            f"measure = {asked.measure!r}",
            f"no measure of a weakest link{did_you_mean(asked.measure, known)}; {listed(known)}",
        )
    if asked.among not in among_names():
        known = list(among_names())
        problem(
            "among", f"among = {asked.among!r}", f"no such nodes{did_you_mean(asked.among, known)}; {listed(known)}"
        )
    if asked.one_country != "report" and "Europe" not in settings.scope.regions:
        problem(
            "one_country",
            f"one_country = {asked.one_country!r}",
            "the rule is the European Union's; add Europe to scope.regions",
        )
    if asked.recycled_content and settings.flows is None:
        problem("recycled_content", "recycled_content = true", "nothing comes back without [flows]; add it")
    if problems:
        raise InputError(problems)
    return asked


def _check_names(run: Run, asked: Optimise, points: Chokepoints, prices: PackPrices) -> None:
    """What [optimise] names of the library is played, and every candidate has a price."""
    problems: list[Problem] = []
    known = [event.disruption for event in points.inputs.events]
    for name in asked.likelihood:
        if name not in known:
            why = f"not a disruption of this run{did_you_mean(name, known)}; it plays {listed(known)}"
            problems.append(run.problem(("optimise", "likelihood", name), f"likelihood of {name!r}", why))
    weights = (asked.likelihood.get(e.disruption, usual_weight(e, points.inputs)) for e in points.inputs.events)
    if not any(weights):
        why = "no disruption with a likelihood above 0 is played, so nothing is at risk; name some in [exposure]"
        problems.append(run.problem(("optimise",), "[optimise]", why))
    if pd.isna(prices.home[:, :, 1:]).any():
        why = "prices start later than the second year of the scope; let the scope begin later"
        problems.append(run.problem(("scope", "years"), "scope.years", why))
    if problems:
        raise InputError(problems)


def _choice(asked: Optimise, points: Chokepoints) -> Choice:
    """What is asked of the model."""
    one = None
    if asked.one_country != "report":
        rules = points.inputs.rules
        rule = rules[rules["kind"] == MAXIMUM_SINGLE].iloc[0]
        soft = asked.one_country == "soft"
        one = OneCountry(float(rule["value"]), int(rule["year"]), soft, asked.one_country_price)
    return Choice(
        objective=asked.risk if asked.objective == "gwh_at_risk" else asked.objective,
        risk=asked.risk,
        unmet=asked.unmet,
        one=one,
        level=asked.level,
        weights={name: weight for name, weight in asked.weights.items() if weight} or None,
        cost_cap=asked.cost_cap,
        exposure_cap=asked.exposure_cap,
        time_limit=asked.time_limit,
    )


def labels_of(points: Chokepoints, inputs: Inputs) -> Labels:
    """Labels for words about limits."""

    def of(table: str, code: str) -> dict[str, str]:
        frame = inputs[table]
        return dict(zip(frame[code], frame["label"], strict=True))

    return Labels(
        nodes={node.node: node.label for node in points.inputs.nodes},
        units={node.node: node.unit for node in points.inputs.nodes},
        disruptions={event.disruption: event.label for event in points.inputs.events},
        segments=of("segments", "segment"),
        chemistries=of("chemistries", "chemistry"),
        minerals=of("minerals", "mineral"),
        countries=points.inputs.country_labels,
    )


# ---------------------------------------------------------------------- the mix as a scenario


def _probe(
    regions: Sequence[str], segments: Sequence[str], year: int, given: MixInputs, pairs: Mapping[str, object]
) -> Iterable[tuple[Key, float]]:
    """Shares that sell every candidate in the last year, so that the run knows what each of them needs."""
    for r in regions:
        for s in segments:
            for c in pairs:
                yield (r, s, c, year), (1 / len(given.chemistries) if c in given.chemistries else 0.0)


def _met(data: MixData, solution: Solution) -> Met:
    """Share of the demand that the mix meets, where it is not all."""
    out: Met = {}
    for (r, s, y), gwh in solution.unmet.items():
        out.setdefault(r, {}).setdefault(s, {})[str(y)] = max(1 - gwh / data.demand[r, s, y], LEAST_MET)
    return out


def _with_mix(run: Run, asked: Optimise, shares: Mapping[Key, float], met: Met | None = None) -> Run:
    """The run with the chosen mix as its scenario `optimised`: the incumbent's with other shares."""
    incumbent = run.settings.scenario[asked.scenario]
    before = incumbent.label or asked.scenario
    scenario = Scenario(
        label=asked.label, demand=incumbent.demand, adoption=incumbent.adoption, silicon="explicit",
        met=met or {}, note=f"Shares chosen by the model from the second year on; before, those of {before}.",
    )  # fmt: skip
    path = ("scenario", OPTIMISED, "share")
    changes = tuple(
        ShareChange(str(r), str(s), int(str(y)), str(c), share, (*path, str(r), str(s), str(y), str(c)), True)
        for (r, s, c, y), share in shares.items()
    )
    settings = run.settings.model_copy(update={"scenario": {**run.settings.scenario, OPTIMISED: scenario}})
    origin: dict[tuple[str, ...], tuple[str, int]] = {**run.origin, path: (SHARES, 0)}
    origin |= {change.path: (SHARES, at + 2) for at, change in enumerate(changes)}
    for key in ("demand", "adoption"):
        origin["scenario", OPTIMISED, key] = run.place("scenario", asked.scenario, key)
    return replace(run, settings=settings, changes={**run.changes, OPTIMISED: changes}, origin=origin)


def _shares(
    resolved: Resolved, solution: Solution, pairs: Mapping[str, tuple[str, float]]
) -> Iterable[tuple[Key, float]]:
    """Shares by (region, segment, chemistry, year): those of the incumbent in the first year, and in the years before
    it that no row gives or the run file changes; then the model's. Every chemistry that tables would add is 0.

    resolved: of the run with the probe, whose scenario has the years before the first as the tables give them.
    """
    first = resolved.reported[0]
    codes = {pair: code for code, pair in pairs.items()}
    frame = resolved.market_share
    untouched = _at_places(frame[frame["scenario"] == OPTIMISED], codes)
    frame = frame[frame["scenario"] == resolved.run.settings.optimise.scenario]  # type: ignore[union-attr]
    sold: dict[Key, dict[str, float]] = {}
    for (r, s, c, y), gwh in solution.additions.items():
        sold.setdefault((r, s, y), {})[str(c)] = gwh
    for (r, s), rows in frame.groupby(["region", "segment"], sort=False):
        known = list(dict.fromkeys(codes[c, float(f)] for c, f in zip(rows["chemistry"], rows["silicon"], strict=True)))
        between = set(rows.loc[rows["fill"] == "linear", "year"])
        for (_, _, year), before in _at_places(rows[rows["year"] <= first], codes).items():
            here = {} if year in between else untouched.get((r, s, year), {})
            if year == first or before != here:
                yield from (((r, s, c, year), before.get(c, 0.0)) for c in dict.fromkeys([*before, *here]))
        for y in resolved.reported[1:]:
            by = sold.get((r, s, y))
            if by is None:
                continue
            whole = sum(by.values())
            by = {c: gwh for c, gwh in by.items() if gwh > LEAST_SHARE * whole}
            whole = sum(by.values())
            for c in dict.fromkeys([*known, *by]):
                yield (r, s, c, y), by.get(c, 0.0) / whole


def _at_places(frame: pd.DataFrame, codes: Mapping[tuple[str, float], str]) -> dict[Key, dict[str, float]]:
    """Shares by chemistry of each (region, segment, year)."""
    out: dict[Key, dict[str, float]] = {}
    for row in frame.itertuples():
        by = out.setdefault((row.region, row.segment, int(row.year)), {})
        by[codes[row.chemistry, float(row.silicon)]] = float(row.value)
    return out


# ---------------------------------------------------------------------- replay


def replayed(mix: Mix, points: Chokepoints) -> dict[str, float]:
    """Loss of each disruption when it is played with the mix fixed, over the years that are decided [GWh].

    What is short and what is at risk of the plan, and the demand that the plan does not meet. Raises NumericalTrouble
    where a loss is above the model's, or the objective is not what the model has.
    """
    data = mix.data
    # What is not in the plan can be lost in no replay, and is lost under every disruption.
    out = dict.fromkeys(data.disruptions, float(sum(mix.solution.unmet.values())))
    for each in play(points, OPTIMISED, points.inputs.events):
        if points.years[each.year] in data.years and each.event.disruption in out:
            out[each.event.disruption] += lost(each)
    whole = sum(data.demand.values())
    above = {d: loss for d, loss in out.items() if loss > mix.solution.losses[d] + AGREE * whole}
    if above:
        name, loss = next(iter(above.items()))
        raise NumericalTrouble(
            f"replayed, {name} costs {loss:.6g} GWh and in the model {mix.solution.losses[name]:.6g}"
        )
    asked = mix.assembly.asked
    stage = mix.solution.stage("objective")
    if asked.objective == "gwh_at_risk":
        found = risk_of(out, data.weight, asked.risk, asked.level)
        if abs(found - stage.value) > AGREE * max(stage.value, 1.0):
            raise NumericalTrouble(
                f"replayed, the objective is {found:.9g} {stage.unit} and in the model {stage.value:.9g}"
            )
    return out


def lost(each: Played) -> float:
    """Planned cells that cannot be built under a disruption [GWh]."""
    return float(each.loss.shortage.sum()) + each.loss.at_risk[0]
