"""From a run file to a result: read, resolve, compute, study."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .case.chokepoints import Chokepoints, chokepoints
from .case.chokepoints import about as about_exposure
from .case.cost import PackPrices, battery_cost, pack_prices
from .case.intensity import with_intensity
from .case.prices import PRICES, about, prices
from .config import OPTIMISED, Run, read_run
from .errors import InputError
from .results.finite import refuse_unfit
from .results.playback import PLAYBACK, playback
from .results.record import record
from .results.result import Result
from .results.tables.exposure import exposure
from .results.tables.flows import compute
from .shipped import inputs_folder
from .studies.blocks import StudyFolder
from .studies.pool import Progress
from .studies.sample import sample
from .studies.sensitivity import sensitivity
from .studies.stress import stress
from .tables.check import split
from .tables.inputs import Inputs, joined, read_inputs
from .tables.resolve import Resolved, resolve

if TYPE_CHECKING:
    from .case.mix_data import Assembly
    from .mix.data import MixData


def run(
    source: str | Path | Run,
    sets: Sequence[str] = (),
    inputs: str | Path | None = None,
    kept: StudyFolder | None = None,
    progress: Progress | None = None,
    stressed: bool = False,
) -> Result:
    """Compute a run file (or one already read) with its study, and return the result; nothing is written.

    sets: changes as on the command line, `key=value`. inputs: folder of the data package (default: what the run file
    names, else the shipped one). kept: folder of the finished part of a long study, so that an interrupted one goes
    on; progress: told how many of how many draws are done; stressed: with every single supplier, pairs of the
    worst and events that last, for a run with [exposure]. Raises UsageError, InputError.
    """
    wanted = source if isinstance(source, Run) else read_run(source, sets)
    # What overflows is refused with its table, column and place, as in `prepared`.
    with ExitStack() as beside, np.errstate(over="ignore", invalid="ignore"):
        return _computed(wanted, read_inputs(inputs_of(wanted, inputs)), kept, progress, stressed, beside)


@dataclass(frozen=True)
class Prepared:
    """A run whose names, years, rows, supply and prices fit each other: all that it rests on, and nothing yet solved,
    played or drawn.

    resolved: of the run as its file has it; a mix adds a scenario. tables: of the plain run and of [prices]. packs,
    price_rows: pack prices, and the rows of the curves, with [prices]. points: its exposure, with [exposure]. laid:
    what a mix is chosen from, with [optimise].
    """

    run: Run
    inputs: Inputs
    resolved: Resolved
    tables: dict[str, pd.DataFrame]
    packs: PackPrices | None
    price_rows: pd.DataFrame | None
    points: Chokepoints | None
    laid: tuple[Assembly, MixData] | None


def prepared(run: Run, inputs: Inputs) -> Prepared:
    """Everything of a run up to its expensive computing. What this takes, a run takes, but for a mix that no choice
    keeps within its limits, which only solving tells, and for a disk that is too small for the draws of a study.

    Raises InputError and UsageError with what does not fit.
    """
    # What overflows is refused with its table, column and place, which a warning would not say.
    with np.errstate(over="ignore", invalid="ignore"):
        priced: dict[str, pd.DataFrame] = {}
        rows, laid = None, None
        if run.settings.prices is not None:
            priced, rows = prices(run, inputs)
        if run.settings.optimise is not None:
            # Pyomo takes a third of a second to import, which no other run should wait for.
            from .case.optimise import prepare

            laid = prepare(run, inputs, priced.get("price", pd.DataFrame()))
        return _laid_out(run, inputs, priced, rows, laid)


def _laid_out(
    run: Run,
    inputs: Inputs,
    priced: dict[str, pd.DataFrame],
    rows: pd.DataFrame | None,
    laid: tuple[Assembly, MixData] | None,
) -> Prepared:
    """A run with its tables of prices: resolved and computed, and its exposure set up."""
    resolved = with_intensity(resolve(run, inputs), inputs)
    packs, points = None, None
    if priced:
        axes = (resolved.regions.labels, resolved.chemistries.labels, resolved.reported)
        packs = pack_prices(run, inputs, *axes, priced["price"])
    tables = compute(resolved) | priced
    if packs is not None:
        tables["battery_cost"] = battery_cost(resolved, tables["cells"], packs)
    if run.settings.exposure is not None:
        points = chokepoints(resolved, inputs, tables, laid[0].points if laid is not None else None)
        refuse_unfit({"supply": _supplied(points)}, points.used)
    refuse_unfit(tables, resolved.inputs_used)
    return Prepared(run, inputs, resolved, tables, packs, rows, points, laid)


def _supplied(points: Chokepoints) -> pd.DataFrame:
    """What the world makes (value, empty where nobody knows) and needs of each node, by year [kt or GWh]."""
    return pd.DataFrame(
        [
            (node.node, year, float(each.made[n].sum()), float(each.need[n].sum()))
            for year, each in zip(points.years, points.supply, strict=True)
            for n, node in enumerate(points.inputs.nodes)
        ],
        columns=["node", "year", "value", "need"],
    )


def _computed(
    wanted: Run, data: Inputs, kept: StudyFolder | None, progress: Progress | None, stressed: bool, beside: ExitStack
) -> Result:
    """The result of a run; beside: ends what is computed at the same time."""
    ready, mix = prepared(wanted, data), None
    if ready.laid is not None:
        from .case.optimise import optimise

        mix = optimise(wanted, data, ready.laid, beside)
        priced = {name: ready.tables[name] for name in ready.tables if name in PRICES}
        ready = _laid_out(mix.run, data, priced, ready.price_rows, ready.laid)
    asked, resolved, tables, points = ready.run, ready.resolved, ready.tables, ready.points
    if ready.packs is not None and ready.price_rows is not None:
        resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, ready.price_rows, ready.packs.used))
        tables["inputs_used"] = resolved.inputs_used
    if points is not None:
        tables |= exposure(points, data)
        if stressed:
            tables |= stress(points)
        if mix is not None:
            from .results.tables.mix import about_mix, caveat_of, mix_tables

            tables |= mix_tables(mix, points, data)
            resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, mix.given.used))
        resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, points.used))
        tables["inputs_used"] = resolved.inputs_used
    tables["sources_used"] = _sources_used(resolved, data)
    log = record(resolved, data, wanted)
    if ready.packs is not None:
        log["prices"] = about(asked, data)
    if points is not None:
        log["exposure"] = about_exposure(points, data)
        log["codes"]["future"] = {points.asked.future: log["exposure"]["future"]}
        log["codes"]["country"] = {code: {"label": name} for code, name in log["exposure"]["countries"].items()}
    study = asked.settings.study
    if study is not None:
        place = log["region_label"]
        sampled = study.kind == "sample"
        tables |= sample(resolved, place, kept, progress) if sampled else sensitivity(resolved, place, progress)
        log["study"] = {"kind": study.kind, "draws": study.draws, "seed": study.seed, "held": held(resolved)}
    log["tables"] = list(tables)
    files = {}
    if mix is not None:
        log["mix"] = about_mix(mix, tables)
        chosen = log["scenarios"][OPTIMISED]
        chosen["caveat"] = " ".join(filter(None, (chosen["caveat"], caveat_of(mix))))
        files[PLAYBACK] = playback(mix.run)
    refuse_unfit(tables, resolved.inputs_used)
    return Result(log, tables, files)


def held(resolved: Resolved) -> list[str]:
    """Tables with ends that the studies hold at their values, as a study is to say."""
    names = ["silicon_uptake", "graphite_route"]
    if resolved.run.settings.study is not None and not resolved.run.settings.study.share_spread:
        names.insert(0, "market_share")
    if resolved.parameters is not None:
        names += ["line_ramp", "recovery_route", "stage_yield", "health of second lives"]
    return names


def inputs_of(asked: Run, inputs: str | Path | None) -> Path:
    """Folder of the data package of a run; a folder named in the run file is relative to it. Raises InputError."""
    if inputs is not None:
        return Path(inputs)
    if not asked.settings.inputs:
        return inputs_folder()
    folder = asked.path.parent / asked.settings.inputs
    if not folder.is_dir():
        why = f"no such folder beside {asked.path.name}; leave the key out to use the shipped inputs"
        raise InputError([asked.problem(["inputs"], f"inputs = {asked.settings.inputs!r}", why)])
    return folder


def _sources_used(resolved: Resolved, inputs: Inputs) -> pd.DataFrame:
    """Sources of the rows used, with citation, address and licence, and how many rows rest on each."""
    keys = [key for text in resolved.inputs_used["source"] for key in split(text)]
    counts = pd.Series(keys, dtype=object).value_counts()
    frame = inputs["sources"]
    used = frame[frame["source"].isin(counts.index)].drop(columns=["line", "corrected_by"])
    return used.assign(rows_used=used["source"].map(counts).astype(int)).reset_index(drop=True)
