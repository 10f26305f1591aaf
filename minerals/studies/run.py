"""From a run file to a result: read, resolve, compute, study."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..config import Run, read_run
from ..errors import InputError
from ..results.record import record
from ..results.result import Result
from ..shipped import inputs_folder
from ..tables.check import split
from ..tables.inputs import Inputs, read_inputs
from ..tables.resolve import Resolved, resolve
from .chokepoints import about as about_exposure
from .chokepoints import chokepoints
from .cost import battery_cost, pack_prices
from .exposure import exposure
from .intensity import with_intensity
from .plain import compute
from .playback import OPTIMISED, PLAYBACK, playback
from .pool import Progress
from .prices import about, joined, prices
from .sample import sample
from .sensitivity import sensitivity
from .stress import stress


def run(
    source: str | Path | Run,
    sets: Sequence[str] = (),
    inputs: str | Path | None = None,
    partial: Path | None = None,
    progress: Progress | None = None,
    stressed: bool = False,
) -> Result:
    """Compute a run file (or one already read) with its study, and return the result; nothing is written.

    sets: changes as on the command line, `key=value`. inputs: folder of the data package (default: what the run file
    names, else the shipped one). partial: folder that keeps the finished part of a long study, so that an interrupted
    one goes on; progress: told how many of how many draws are done; stressed: with every single supplier, pairs of the
    worst and events that last, for a run with [exposure]. Raises UsageError, InputError.
    """
    wanted = source if isinstance(source, Run) else read_run(source, sets)
    with ExitStack() as beside:
        return _computed(wanted, read_inputs(inputs_of(wanted, inputs)), partial, progress, stressed, beside)


def _computed(
    wanted: Run, data: Inputs, partial: Path | None, progress: Progress | None, stressed: bool, beside: ExitStack
) -> Result:
    """The result of a run; beside: ends what is computed at the same time."""
    asked = wanted
    priced: dict[str, pd.DataFrame] = {}
    if asked.settings.prices is not None:
        priced, used = prices(asked, data)
    mix = None
    if asked.settings.optimise is not None:
        # Pyomo takes a third of a second to import, which no other run should wait for.
        from .optimise import optimise

        mix = optimise(asked, data, priced.get("price", pd.DataFrame()), beside)
        asked = mix.run
    resolved = with_intensity(resolve(asked, data), data)
    if asked.settings.prices is not None:
        axes = (resolved.regions.labels, resolved.chemistries.labels, resolved.reported)
        packs = pack_prices(asked, data, *axes, priced["price"])
        resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, used, packs.used))
    tables = compute(resolved) | priced
    if priced:
        tables["battery_cost"] = battery_cost(resolved, tables["cells"], packs)
    points = None
    if asked.settings.exposure is not None:
        points = chokepoints(resolved, data, tables, mix.assembly.points if mix is not None else None)
        tables |= exposure(points, data)
        if stressed:
            tables |= stress(points)
        if mix is not None:
            from .mix_tables import about_mix, caveat_of, mix_tables

            tables |= mix_tables(mix, points, data)
            resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, mix.given.used))
        resolved = replace(resolved, inputs_used=joined(resolved.inputs_used, points.used))
        tables["inputs_used"] = resolved.inputs_used
    tables["sources_used"] = _sources_used(resolved, data)
    log = record(resolved, data, wanted)
    if priced:
        log["prices"] = about(asked, data)
    if points is not None:
        log["exposure"] = about_exposure(points, data)
        log["codes"]["future"] = {points.asked.future: log["exposure"]["future"]}
        log["codes"]["country"] = {code: {"label": name} for code, name in log["exposure"]["countries"].items()}
    study = asked.settings.study
    if study is not None:
        study_of = {"sample": sample, "sensitivity": sensitivity}[study.kind]
        tables |= study_of(resolved, log["region_label"], partial, progress)
        log["study"] = {"kind": study.kind, "draws": study.draws, "seed": study.seed, "held": held(resolved)}
    log["tables"] = list(tables)
    files = {}
    if mix is not None:
        log["mix"] = about_mix(mix, tables)
        chosen = log["scenarios"][OPTIMISED]
        chosen["caveat"] = " ".join(filter(None, (chosen["caveat"], caveat_of(mix))))
        files[PLAYBACK] = playback(mix.run)
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
