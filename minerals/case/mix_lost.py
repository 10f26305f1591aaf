"""What mixes lose when they are played as any plan is, and whether that is what the model says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..config import OPTIMISED
from ..errors import NumericalTrouble
from ..exposure.makers import ORDERS, Order
from ..haste import frozen
from ..mix.data import Disruption, LossKind
from ..mix.objective import RISKS
from ..mix.solution import UNIT, risk_of
from ..tables.supply import Event
from .optimise import Mix
from .played import Library, Lost, losses_of

#: What to do where the replay and the model do not agree.
BUG = "this is a bug: please report it with the run file. Nothing was written."
#: Replayed and modelled losses agree to this, relative to the demand.
AGREE = 1e-6
#: Part of the demand below which a loss is the rounding of its sum.
NO_LOSS = 1e-14


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
class MixLosses:
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


def lost_by_mix(mix: Mix, library: Library) -> dict[str, MixLosses]:
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
        out[name] = MixLosses(risks, risk_of(at_home, data.weight, "expected", config.level))
    return out
