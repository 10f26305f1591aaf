"""Exposure of a run, set up: its batteries, the reference world beside them, and what that makes and needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..config import Run, Years
from ..errors import InputError
from ..exposure.coverage import NOWHERE, Index, Supply
from ..exposure.known import BY_NEED, Known, known
from ..flows.demand import Array
from ..tables.adoption import first_planned
from ..tables.cell_parts import check_cell_parts
from ..tables.inputs import Inputs, UsedRows
from ..tables.names import region_label
from ..tables.resolve import Resolved, resolve
from ..tables.supply import Event, SupplyInputs, supply_inputs
from .chokepoints import Chokepoints
from .chosen_origin import chosen_origin
from .follow_on import chosen_follow_on
from .growth import Since
from .intensity import with_intensity
from .outcome import Outcome
from .reference import (
    ELSEWHERE,
    REFERENCE,
    World,
    left_out_of,
    need_of,
    origins_of,
    partition_of,
    placed_supply,
    reference_run,
    rows_of,
    uses_apart_of,
    with_customers,
)  # fmt: skip
from .stages import chain_of
from .unknown import assumed_of, stops_of_unknown
from .uses import bases_of, batteries, uses_of


def in_other_world(chokepoints: Chokepoints, inputs: Inputs, changes: Mapping[str, Any]) -> Chokepoints:
    """The same plans in a world that differs: exposure with other keys of [exposure]. What the rule has added to the
    disruptions of the run stays."""
    run = chokepoints.resolved.run
    settings = run.settings.model_copy(update={"exposure": chokepoints.config.model_copy(update=dict(changes))})
    world = chokepoints_of(Outcome(replace(chokepoints.resolved, run=replace(run, settings=settings))), inputs)
    return with_events(world, [event for event in chokepoints.inputs.events if event.by_rule])


def with_events(chokepoints: Chokepoints, events: Sequence[Event]) -> Chokepoints:
    """The same exposure with more disruptions, behind those that it has."""
    supply = chokepoints.inputs
    return replace(chokepoints, inputs=replace(supply, events=(*supply.events, *events))) if events else chokepoints


def chokepoints_of(outcome: Outcome, inputs: Inputs, reference: Chokepoints | None = None) -> Chokepoints:
    """Set up the exposure of a run. Raises InputError with all that does not fit.

    reference: exposure of a run that differs in its scenarios alone, whose supply and reference world are the same.
    """
    resolved = outcome.resolved
    run, arrays = resolved.run, outcome.arrays
    mine = {name: batteries(outcome, name) for name in run.settings.scenario}
    if reference is not None:
        check_cell_parts(inputs, bases_of(resolved))
        uses = uses_of(arrays, reference.inputs)
        chain = chain_of(reference.inputs.nodes, bases_of(resolved), uses, reference.inputs.known)
        other = replace(
            reference, outcome=outcome, uses=uses, chain=chain, scenarios=mine, chosen_origin={},
            chosen_follow_on={}, orders={},
        )  # fmt: skip
        return _with_chosen(other, inputs, checked=True)
    partition = partition_of(run, inputs, resolved.regions.labels)
    supply = supply_inputs(run, inputs, resolved.minerals.labels, resolved.reported, partition)
    world = _world(run, inputs, partition)
    check_cell_parts(inputs, [*bases_of(resolved), *bases_of(world.resolved)])
    theirs = batteries(world, REFERENCE)
    regions = world.resolved.regions.labels
    home = np.array([regions.index(name) if name in regions else NOWHERE for name in supply.home], dtype=np.intp)
    by_world = need_of(world, supply, theirs)
    by_country = _known(supply, by_world, home)
    embodied = tuple(
        Supply(by_country[y].made, by_world.need[..., y], by_world.batteries[:, y], home, by_world.recovered[..., y])
        for y in range(len(supply.years))
    )
    customers = (*regions, ELSEWHERE) if (home == NOWHERE).any() else regions
    with_all = tuple(with_customers(each, len(customers)) for each in embodied)
    origins = origins_of(run, supply, with_all, customers)
    at_work = tuple(placed_supply(each, by_world, y, origins, supply.route_bounds) for y, each in enumerate(with_all))
    since, before = _since(resolved, inputs, partition, supply, by_country, home)
    used = (supply.used, rows_of(world.resolved), *before)
    label = region_label(resolved.regions.labels, inputs)
    left_out = left_out_of(resolved, inputs, world.resolved, theirs.cells)
    union = inputs.places.union & set(customers)
    wider = {region: inputs.places.chain(region) for region in resolved.regions.labels}
    uses = uses_of(arrays, supply)
    chain = chain_of(supply.nodes, bases_of(resolved), uses, supply.known)
    if (exposure := run.settings.exposure) is not None and exposure.unknown != "none":
        at_work = assumed_of(exposure.unknown, at_work, supply, chain, uses.ever)
        if not exposure.disruptions:
            supply = replace(supply, events=(*supply.events, *stops_of_unknown(at_work, supply, uses.ever)))
    found = Chokepoints(
        outcome, supply, uses, chain, mine, customers, at_work, embodied,
        origins, label, used, left_out, uses_apart_of(resolved, world.resolved, theirs, by_world, at_work, origins),
        union, wider, by_country, world, since,
    )  # fmt: skip
    return _with_chosen(found, inputs)


def _with_chosen(chokepoints: Chokepoints, inputs: Inputs, *, checked: bool = False) -> Chokepoints:
    """The same with the makers of cells that its scenarios say, and what follows these. checked: whether it is known
    that all of this stands somewhere; in another world than the run's that may not be so. Raises InputError with all
    that does not fit."""
    resolved = chokepoints.resolved
    scenarios = resolved.run.settings.scenario

    def observed(region: str, year: int) -> Array:
        return chokepoints.cell_origin((region,), year)

    supply, usual = chokepoints.inputs, None
    if not checked and any(scenario.follow_on for scenario in scenarios.values()):
        usual = chokepoints.growth.new_located
    origin, wrong = chosen_origin(resolved.run, resolved, inputs, supply, observed)
    built, wrong_too = chosen_follow_on(resolved.run, resolved, supply, usual)
    if wrong or wrong_too:
        raise InputError([*wrong, *wrong_too])
    orders = {name: each.maker_inputs for name, each in scenarios.items() if each.maker_inputs != "reference"}
    return replace(chokepoints, chosen_origin=origin, chosen_follow_on=built, orders=orders)


def _world(run: Run, inputs: Inputs, partition: tuple[str, ...]) -> Outcome:
    """The reference world as a run."""
    return Outcome(with_intensity(resolve(reference_run(run, inputs, partition), inputs), inputs))


def _known(supply: SupplyInputs, world: World, home: Index) -> tuple[Known, ...]:
    """Known supply of each year. home: customer of each country, (country)."""
    needed = world.need.sum(axis=1)  # (node, year)
    # What the reference world does not need and nobody publishes is not known, rather than not made.
    by_need = np.where(needed > 0, needed / supply.utilisation[:, None], np.nan)
    return tuple(
        known(
            supply.share[:, :, y], supply.published[:, y], supply.by_plants[:, :, y], by_need[:, y],
            supply.plants[:, :, y], supply.standing[:, :, y], home, supply.is_group,
        )
        for y in range(len(supply.years))
    )  # fmt: skip


def _since(
    resolved: Resolved, inputs: Inputs, partition: tuple[str, ...], supply: SupplyInputs,
    by_country: tuple[Known, ...], home: Index,
) -> tuple[Since, tuple[UsedRows, ...]]:  # fmt: skip
    """Known supply from the year before the plan on, and rows that it rests on beside those of the reported years.
    supply, by_country: of these.

    A plan starts in the first year whose demand is not observed, and a mix that is chosen in the first year that is
    decided, where that is later. Where no demand extends a history, it starts in the first of these years. Other years
    are computed for this alone, and where a table begins later they have its first row.
    """
    run, reported = resolved.run, supply.years
    used: tuple[UsedRows, ...] = ()
    assert run.settings.exposure is not None
    demands = run.settings.exposure.demand, *(scenario.demand for scenario in run.settings.scenario.values())
    planned = first_planned(inputs, demands)
    if run.settings.optimise is not None:  # The first year is today's.
        planned = max(planned or 0, reported[1])
    start, years = reported[0], reported
    if planned is not None:
        start, years = planned, tuple(range(min(planned - 1, reported[-1]), reported[-1] + 1))
    if not set(years) <= set(reported):
        scope = run.settings.scope.model_copy(update={"years": Years(first=years[0], last=years[-1]), "beyond": "hold"})
        run = replace(run, settings=run.settings.model_copy(update={"scope": scope}))
        supply = supply_inputs(run, inputs, resolved.minerals.labels, years, partition)
        world = _world(run, inputs, partition)
        by_country, reported = _known(supply, need_of(world, supply, batteries(world, REFERENCE)), home), years
        used = (supply.used, rows_of(world.resolved))
    found = [by_country[reported.index(year)] for year in years]
    counted = np.array([[fill != BY_NEED for fill in each.fill] for each in found]).T
    return Since(start, np.array(years, dtype=float), np.stack([each.made for each in found]), counted), used
