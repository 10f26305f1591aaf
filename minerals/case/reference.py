"""The reference world of [exposure]: a scenario of all regions and uses, computed as the run is.

Its need says by what regions share what is exported, and, of a node whose supply nobody publishes, what the world
makes. A node is needed where its next stage stands: so is its need laid onto customers, by where cells come from
(`origin`) and by what plants make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..config import Run, Scenario, of_reference
from ..errors import InputError, listed
from ..exposure.coverage import NOWHERE, Supply
from ..exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain, placed
from ..flows.demand import Array
from ..haste import frozen
from ..tables.codes import WORLD
from ..tables.inputs import Inputs, UsedRows
from ..tables.names import uses_once
from ..tables.resolve import Resolved
from ..tables.supply import SupplyInputs
from .origin import Origins
from .outcome import Outcome
from .stages import chain_of
from .uses import Batteries, Uses, bases_of, relief_of, uses_of

REFERENCE = "reference"
#: What the node of lithium-ion cells begins with.
LI_ION = "li_ion_cell"
#: Customer that all makers at home with no region of the reference world are.
ELSEWHERE = "elsewhere"
#: Keys of [exposure] that say what the reference world is, as of a scenario.
OF_REFERENCE = ("demand", "adoption", "silicon")


@frozen
class World:
    """The reference world.

    need: of each node where batteries are used, less what is recovered, (node, customer, year) [kt or GWh]; recovered:
    that, the same; batteries: put into use, (customer, year) [GWh]; uses: of its chemistries; cells: put into use,
    (customer, segment or 1, chemistry, year) [GWh], as `uses` has segments; gain: input ÷ demand of cell making,
    (customer, year) [1]; chain: of its chemistries.
    """

    need: Array
    recovered: Array
    batteries: Array
    uses: Uses
    cells: Array
    gain: Array
    chain: Chain


def with_customers(embodied: Supply, customers: int) -> Supply:
    """Supply with makers at home in no region as one more customer, if there is one."""
    regions = len(embodied.batteries)
    none = np.zeros((len(embodied.made), customers - regions))
    home = np.where(embodied.home == NOWHERE, customers - 1 if customers > regions else NOWHERE, embodied.home)
    return replace(
        embodied, need=np.hstack([embodied.need, none]), recovered=np.hstack([embodied.recovered, none]),
        batteries=np.append(embodied.batteries, none[0]), home=home.astype(np.intp),
    )  # fmt: skip


def placed_supply(supply: Supply, world: World, y: int, origins: Origins, bounds: tuple[float, float]) -> Supply:
    """Supply of a year with the need of the reference world where the next stage stands: of active materials where the
    cells are made that each customer uses, by their origin. bounds: of the natural share of graphite."""
    use = world.uses.planned[y]
    # A chemistry of several segments counts as several here.
    chain = world.chain.repeated(len(use))
    cells = world.cells[..., y].reshape(len(world.cells), -1)  # (customer, chemistry)
    scrapped = np.where(world.uses.scrapped, 1.0, 0.0)
    gained = cells * world.gain[:, y, None]  # with scrap
    amount = use.reshape(-1, use.shape[-1]) * (
        gained.sum(axis=0)[:, None] * scrapped + cells.sum(axis=0)[:, None] * (1 - scrapped)
    )
    share = np.divide(cells, cells.sum(axis=0), out=np.zeros_like(cells), where=cells.sum(axis=0) > 0).T
    share = np.hstack([share, np.zeros((len(share), len(supply.batteries) - share.shape[1]))])
    by_node = {n: origins.makers(n, y) for n in chain.cells}
    cells_made = np.array([
        mine if n is None else mine @ by_node[n] for mine, n in zip(share, chain.cell_of, strict=True)
    ])  # fmt: skip
    gross = placed(chain, amount, share, cells_made, supply.made @ supply.at_home)
    saved = _where_made(gross, supply.recovered)
    recipes = tuple(chain.recipes(amount))
    return replace(
        supply, need=gross - saved, recovered=saved, chain=world.chain, recipes=recipes,
        natural=float(world.uses.route[y]), bounds=bounds,
    )  # fmt: skip


def _where_made(gross: Array, recovered: Array | float) -> Array:
    """What each customer needs less because of what is recovered, (node, customer): at home first, and what is left is
    sold to the others by what they still need. recovered: by customer, (the same)."""
    at_home = np.minimum(gross, recovered)
    sold, still = (recovered - at_home).sum(axis=1, keepdims=True), gross - at_home
    total = still.sum(axis=1, keepdims=True)
    part = np.divide(sold, total, out=np.zeros_like(sold), where=total > 0)
    return np.asarray(at_home + still * np.minimum(part, 1.0))


def origins_of(run: Run, supply: SupplyInputs, at_work: tuple[Supply, ...], customers: tuple[str, ...]) -> Origins:
    """Origin of the cells, as observed and configured."""
    config = run.settings.exposure
    assert config is not None
    by_year = config.made_at_home
    at_home = () if by_year is None else by_year.items() if isinstance(by_year, dict) else [(supply.years[0], by_year)]
    cells = [n for n, node in enumerate(supply.nodes) if node.stage == "cell"]
    homes = dict(supply.homes)
    homes |= {code: customers[-1] for code, home in homes.items() if not home and customers[-1] == ELSEWHERE}
    return Origins(
        at_work, supply.years, customers, supply.countries, homes, supply.cell_origin, supply.observed_share,
        tuple(sorted((int(year), float(share)) for year, share in at_home)), supply.origin,
        tuple(sorted(cells, key=lambda n: not supply.nodes[n].node.startswith(LI_ION))),
    )  # fmt: skip


def left_out_of(resolved: Resolved, inputs: Inputs, world: Resolved, cells: Array) -> dict[str, Array]:
    """Uses that the scope leaves out. cells: of the reference world, (region, segment, chemistry, year) [GWh]."""
    at = [place for place, region in enumerate(world.regions.labels) if region in resolved.regions.labels]
    by_use = cells[at].sum(axis=(0, 2))  # (segment, year)
    share = by_use / np.maximum(by_use.sum(axis=0), np.finfo(float).tiny)
    labels = inputs.by_code("segments", "label")
    return {
        labels[name]: share[place]
        for place, name in enumerate(world.segments.labels)
        if name not in resolved.uses_in_scope and share[place].any()
    }


def uses_apart_of(
    resolved: Resolved,
    of_world: Resolved,
    theirs: Batteries,
    world: World,
    supply: tuple[Supply, ...],
    origins: Origins,
) -> dict[str, tuple[Array, Array]]:
    """Need at home in the reference world of the uses that the scope leaves out and of the others, by region, (node,
    year) each."""
    outside = np.array([name not in resolved.uses_in_scope for name in of_world.segments.labels])
    out: dict[str, tuple[Array, Array]] = {}
    if not outside.any():
        return out
    chain, places = world.chain, of_world.regions.labels
    for r, region in enumerate(places):
        if region not in resolved.regions.labels:
            continue
        group = np.arange(len(supply[0].batteries)) == r
        inside = np.array([name == region for name in origins.home_of_makers])
        need = np.zeros((2, len(chain.stage), len(supply)))
        for y, year in enumerate(supply):
            made = {n: origins.of((region,), y, n)[inside].sum() for n in chain.cells}
            home = np.array([1.0 if n is None else made[n] for n in chain.cell_of])
            both = np.stack([np.where(mine[:, None], theirs.cells[r, ..., y], 0.0) for mine in (outside, ~outside)])
            cells = world.uses.told_apart(both, 1)  # (which, segment or 1, chemistry)
            passing = np.where(chain.stage == CELL, 1.0, home[:, None] * passing_of(chain, year, group))
            gain = np.where(world.uses.scrapped, world.gain[r, y] or 1.0, 1.0)
            need[:, :, y] = sum(cells[:, s] @ (use * passing) for s, use in enumerate(world.uses.planned[y])) * gain
        out[region] = need[0], need[1]
    return out


def into_cells_of(cells: Array, region: int, world: World, y: int, origins: Origins) -> Array:
    """What goes of each node into some cells of a region of the reference world, by the customer at home with the
    makers of the cells, (node, customer) [kt or GWh]. cells: (segment, chemistry) [GWh]; region: its place; y: of the
    year."""
    chain = world.chain
    by_node = {n: origins.makers(n, y)[region] for n in chain.cells}
    at_home = np.eye(len(origins.customers))[region]
    made = np.array([at_home if n is None else by_node[n] for n in chain.cell_of])
    gain = np.where(world.uses.scrapped, world.gain[region, y] or 1.0, 1.0)
    return np.asarray((cells.sum(axis=0)[:, None] * world.uses.total(y, cells) * chain.direct * gain).T @ made)


def passing_of(chain: Chain, supply: Supply, group: np.ndarray) -> Array:
    """Share of the cells that a group makes whose way passes a node there, (chemistry, node), as its plants make what
    goes into them in the reference world."""
    need = supply.gross[:, group].sum(axis=1)
    own = np.nan_to_num((supply.made @ supply.at_home)[:, group].sum(axis=1))
    made = np.minimum(np.divide(own, need, out=np.zeros_like(own), where=need > 0), 1.0)
    (active, into_active), (refining, into_refining) = chain.into_stage[ACTIVE], chain.into_stage[REFINING]
    out = chain.direct + np.einsum("cnd,d->cn", into_active, made[active])
    refined = np.einsum("cnd,cd->cn", into_refining, out[:, refining] * made[refining])
    return np.asarray(np.where(chain.stage == MINING, out + refined, out))


def reference_run(run: Run, inputs: Inputs, partition: tuple[str, ...]) -> Run:
    """The reference world, made of some regions, as a run whose problems stand where [exposure] names it."""
    config = run.settings.exposure
    assert config is not None
    regions = (WORLD,) if set(partition) == set(inputs.places.parts[WORLD]) else partition
    scope = run.settings.scope.model_copy(update={"regions": regions, "segments": uses_once(config.demand, inputs)})
    # These have been read and checked as keys of [exposure].
    scenario = Scenario.model_construct(**{key: getattr(config, key) for key in OF_REFERENCE})
    # Lines that a run gives are those of its own scenarios; the reference world's follow from its growth.
    flows = run.settings.flows.model_copy(update={"lines": ""}) if run.settings.flows else None
    alone = dict.fromkeys(("study", "prices", "exposure", "optimise"))
    settings = run.settings.model_copy(
        update={"scope": scope, "scenario": {REFERENCE: scenario}, "flows": flows, **alone}
    )
    places: dict[tuple[str, ...], tuple[str, int]] = {
        ("scenario", REFERENCE, key): run.place("exposure", key) for key in OF_REFERENCE
    }
    changes, diffusion = of_reference(run.settings, run.origin, run.path.name, [])
    by_name = {REFERENCE: diffusion} if diffusion else {}
    return Run(run.name, run.path, settings, {REFERENCE: changes}, (), {**run.origin, **places}, by_name)


def partition_of(run: Run, inputs: Inputs, regions: Sequence[str]) -> tuple[str, ...]:
    """Regions that the reference world is made of: each of the run stands whole, the others as wide as they can.

    Raises InputError for a region that no part of the world is or is made of.
    """
    partition = inputs.places.partition(regions)
    if outside := [name for name in regions if name not in partition]:
        parts = inputs.places.parts[WORLD]
        taken = f"{listed(parts)}, their parts and {WORLD}"
        why = f"the reference world has no part of its own for it; [exposure] takes {taken}"
        raise InputError([run.problem(("scope", "regions"), f"regions has {name!r}", why) for name in outside])
    return partition


def rows_of(world: Resolved) -> UsedRows:
    """Rows that the reference world rests on."""
    tables = ("battery_demand", "market_share", "silicon_uptake", "mineral_intensity", "pack_intensity")
    return world.used.of_tables(tables)


def need_of(world: Outcome, supply: SupplyInputs, reference: Batteries) -> World:
    """The reference world with what its batteries need of each node, where they are used."""
    use = uses_of(world.arrays, supply)
    cells = use.told_apart(reference.cells, 1)  # (customer, segment or 1, chemistry, year)
    gain = np.where(use.scrapped[:, None, None], reference.gain, 1.0)
    natural = use.route
    routed = np.outer(use.natural, natural) + np.outer(use.synthetic, 1 - natural)  # (node, year)
    graphite, fixed = (
        sum(np.einsum(how, cells[:, s], each) for s, each in enumerate(uses))
        for how, uses in (("rcy,cy->ry", use.carrier), ("rcy,cny->nry", use.fixed))
    )
    gross = np.asarray((fixed + routed[:, None] * graphite) * gain)
    relief = relief_of(supply, world.resolved, reference.recovered.swapaxes(0, 1), use.route)
    saved = np.minimum(relief, gross)
    chain = chain_of(supply.nodes, bases_of(world.resolved), use, supply.known)
    return World(gross - saved, saved, cells.sum(axis=(1, 2)), use, cells, reference.gain, chain)
