"""One run end to end: read, resolve, compute, and the tables and the record of its result."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .case.by_rule import RULE, by_rule
from .case.chokepoints import Chokepoints
from .case.explorer import explorer
from .case.intensity import with_intensity
from .case.outcome import Outcome
from .case.played import Library
from .case.set_up import chokepoints_of, in_other_world, with_events
from .columns import Columns, Frames
from .config import OPTIMISED, Run, playback_of, runs_by_mix
from .errors import InputError, listed
from .haste import frozen
from .results.finite import refuse_unfit
from .results.playback import playback
from .results.record import OWN_ROWS, record
from .results.record_exposure import about_exposure, about_future
from .results.result import Result
from .results.tables.exposure import exposure
from .results.tables.flows import flow_tables
from .results.tables.risk import lost_by_future
from .results.tables.supply import world_supply
from .tables.check import split
from .tables.codes import OWN
from .tables.inputs import Inputs, joined
from .tables.own import Folders, Layers, copies, folders, layers
from .tables.resolve import Resolved, resolve
from .tables.rows_file import RowsOfRun
from .tables.supply import Event

if TYPE_CHECKING:
    import pandas as pd

    from .case.consistent import Settled
    from .case.cost import PackPrices
    from .case.mix_data.assembly import Assembly
    from .case.optimise import Mix
    from .case.prices import PriceCurves
    from .mix.data import MixData

#: File of a result that a page computes other mixes of its run from.
EXPLORER = "explorer.json"
#: Mixes that are chosen at most where what the rule adds to the library hangs on the choice.
ROUNDS = 3


@frozen
class Prepared:
    """A run whose names, years, rows, supply and prices fit each other: all that it rests on, and nothing yet solved,
    played or drawn.

    outcome: of the run; with [optimise] it has a scenario whose mix is not chosen yet, and every candidate on its axis
    of chemistries. tables: of the flows and of [prices]. prices, packs:
    the curves, and pack prices, with [prices]. chokepoints: its exposure, with [exposure]. mixes:
    what each mix is chosen from, by the scenario it becomes, with [optimise].
    """

    run: Run
    inputs: Inputs
    outcome: Outcome
    tables: dict[str, Columns | pd.DataFrame]
    prices: PriceCurves | None
    packs: PackPrices | None
    chokepoints: Chokepoints | None
    mixes: Mapping[str, tuple[Assembly, MixData]] = field(default_factory=dict)


def prepared(run: Run, inputs: Inputs) -> Prepared:
    """Everything of a run up to its expensive computing. What this takes, a run takes, but for a mix that no choice
    keeps within its limits, which only solving tells, for a disk that is too small for the draws of a study, and for
    what a study of kind identify asks of chemistries or minerals that the run has none of.

    Raises InputError and UsageError with what does not fit.
    """
    # What overflows is refused with its table, column and place, which a warning would not say.
    with np.errstate(over="ignore", invalid="ignore"), inputs.problems_placed():
        prices = None
        if run.settings.prices is not None:
            from .case.prices import price_curves
            from .results.tables.prices import energy_table

            prices = price_curves(run, inputs)
            refuse_unfit({"cumulative_energy": energy_table(prices)}, *prices.used)
        if run.settings.optimise is None:
            return _prepared(run, inputs, prices)
        # The optimiser takes a tenth of a second to import, which no other run should wait for.
        from .case.optimise import laid_out, open_mixes

        mixes = open_mixes(run, inputs)
        candidates = tuple(dict.fromkeys(c for mix in mixes.values() for c in mix.tables.chemistries))
        ready = _prepared(mixes[OPTIMISED].run, inputs, prices, candidates)
        assert ready.chokepoints is not None
        assert prices is not None
        laid = {name: laid_out(mix, ready.chokepoints, prices, inputs) for name, mix in mixes.items()}
        return replace(ready, mixes=laid)


def _prepared(
    run: Run,
    inputs: Inputs,
    prices: PriceCurves | None,
    candidates: Sequence[str] = (),
    reference: Chokepoints | None = None,
    mixes: Iterable[Mix] = (),
) -> Prepared:
    """A run with its prices: resolved and computed, and its exposure set up.

    candidates: chemistries that may have a share; reference: exposure of a run that differs in its scenarios alone;
    mixes: scenarios of it that were chosen, each at prices of its own.
    """
    shown = run.settings.industry.chemistries if run.settings.industry is not None else ()
    outcome = Outcome(with_intensity(resolve(run, inputs, [*candidates, *shown]), inputs))
    resolved = outcome.resolved
    tables, packs, chokepoints = flow_tables(outcome), None, None
    if prices is not None:
        from .case.cost import pack_prices
        from .results.tables.prices import cost_table, price_tables

        axes = (resolved.regions.labels, resolved.chemistries.labels, resolved.reported)
        curves = prices.by_year()
        own: dict[str, PackPrices] = {}
        packs = pack_prices(run, inputs, *axes, curves)
        for mix in mixes:
            learnt = mix.assembly.prices.curves
            as_run = mix.run.settings.prices == run.settings.prices and learnt == curves
            own[mix.scenario] = packs if as_run else pack_prices(mix.run, inputs, *axes, learnt)
        tables |= price_tables(prices) | {"battery_cost": cost_table(outcome, packs, own)}
    if run.settings.exposure is not None:
        chokepoints = chokepoints_of(outcome, inputs, reference)
        refuse_unfit({"supply": world_supply(chokepoints)}, *chokepoints.used)
    refuse_unfit(tables, resolved.used)
    return Prepared(run, inputs, outcome, tables, prices, packs, chokepoints)


def with_rule(ready: Prepared) -> Prepared:
    """A run with the disruptions that the rule adds to its library, for the plans that it has."""
    assert ready.chokepoints is not None
    chosen = OPTIMISED if ready.mixes else ""  # not yet
    plans = [name for name in ready.chokepoints.scenarios if name != chosen]
    return _with_events(ready, by_rule(ready.chokepoints, plans))


def _with_events(ready: Prepared, events: Sequence[Event]) -> Prepared:
    """A run with more disruptions, also in what its mixes are chosen from."""
    if not events or ready.chokepoints is None:
        return ready
    chokepoints = with_events(ready.chokepoints, events)
    again = {name: assembly.of(chokepoints) for name, (assembly, _) in ready.mixes.items()}
    mixes = {name: (assembly, assembly.data()) for name, assembly in again.items()}
    return replace(ready, chokepoints=chokepoints, mixes=mixes)


def _chosen(
    config: Run, inputs: Inputs, ready: Prepared
) -> tuple[dict[str, Mix], Prepared, list[list[Event]], dict[str, Settled]]:
    """The mixes of a run by scenario, the run with them, under a library by rule what the rule adds for the mixes of
    each round, and how prices that are consistent with a mix were come to.

    What it adds is played too, and the mixes chosen again, until nothing is added, or they have been chosen ROUNDS
    times: what is added for the last is told, and not played.
    """
    from .case.consistent import optimise_consistently
    from .case.optimise import optimise

    runs = runs_by_mix(config)
    settled: dict[str, Settled] = {}

    def chosen(ready: Prepared, *, alone: bool) -> tuple[dict[str, Mix], Prepared]:
        mixes = {}
        for name, laid in ready.mixes.items():
            consistent = laid[0].config.prices == "consistent"
            mixes[name] = optimise(runs[name], inputs, laid, name, alone=alone or consistent)
            if consistent:
                assert ready.prices is not None
                mixes[name], settled[name] = optimise_consistently(mixes[name], inputs, ready.prices, alone=alone)
        return mixes, _with_mixes(config, mixes, inputs, ready)

    rounds: list[list[Event]] = []
    assert ready.chokepoints is not None
    while ready.chokepoints.config.library == RULE and len(rounds) < ROUNDS:
        chokepoints = chosen(ready, alone=True)[1].chokepoints
        assert chokepoints is not None
        rounds.append(by_rule(chokepoints, list(runs)))
        if not rounds[-1] or len(rounds) == ROUNDS:
            break
        ready = _with_events(ready, rounds[-1])
    mixes, ready = chosen(ready, alone=False)
    return mixes, ready, rounds, settled


def _with_mixes(config: Run, mixes: Mapping[str, Mix], inputs: Inputs, ready: Prepared) -> Prepared:
    """A run with its chosen mixes as scenarios."""
    for mix in mixes.values():
        config = mix.onto(config)
    return _prepared(config, inputs, ready.prices, reference=ready.chokepoints, mixes=mixes.values())


@frozen
class Computed:
    """A run that is computed. chokepoints: its exposure, with [exposure]; log: its record, but for the list of tables;
    files: further files of the result, by name; mixes: that were chosen, by scenario."""

    resolved: Resolved
    chokepoints: Chokepoints | None
    tables: dict[str, Columns | pd.DataFrame]
    log: dict[str, Any]
    files: dict[str, str | bytes]
    mixes: dict[str, Mix]

    def result(self) -> Result:
        """The result. Raises InputError where a table holds what is no number."""
        refuse_unfit(self.tables, self.resolved.used)
        mix = {"mix": self.log["mix"]} if "mix" in self.log else {}
        return Result({**self.log, "tables": list(self.tables), **mix}, Frames(self.tables), self.files)


def computed(config: Run, inputs: Inputs) -> Computed:
    """Compute a run; a [study] of it is left to `studies`.

    Raises InputError, Infeasible and the solver's own errors.
    """
    with inputs.problems_placed():
        return _computed(config, inputs)


def _computed(config: Run, inputs: Inputs) -> Computed:
    mixes: dict[str, Mix] = {}
    settled: dict[str, Settled] = {}
    ready, rounds = prepared(config, inputs), list[list[Event]]()
    if ready.chokepoints is not None and ready.chokepoints.config.library == RULE:
        ready = with_rule(ready)
    if ready.mixes:
        mixes, ready, rounds, settled = _chosen(config, inputs, ready)
    resolved, tables, chokepoints = ready.outcome.resolved, ready.tables, ready.chokepoints
    used, about = [resolved.used], dict[str, Any]()
    if ready.prices is not None and ready.packs is not None:
        used += [*ready.prices.used, ready.packs.used]
    if chokepoints is not None:
        library = Library(chokepoints)
        tables |= exposure(library, inputs)
        futures = _futures(chokepoints, inputs)
        if len(futures) > 1:
            tables["lost_by_future"] = lost_by_future(futures, inputs)
            used += [part for world in futures.values() for part in world.used]
        if mixes:
            from .results.tables.mix import about_mix, about_rounds, about_settled, mix_tables
            from .results.tables.mix_unknown import mix_unknown
            from .results.tables.variants import variant_table

            mix = mixes[OPTIMISED]
            tables |= mix_tables(mix, library, inputs)
            about = about_mix(mix, library)
            if mix.config.unknown == "ends":
                tables["mix_unknown"] = mix_unknown(mix)
            if len(mixes) > 1:
                tables["mix_variant"] = variant_table(mixes, library)
            if settled:
                about["prices"] = {name: about_settled(each) for name, each in settled.items()}
            if rounds:
                about["library"] = about_rounds(chokepoints, rounds)
            used += [mix.assembly.rows_used(mix.data) for mix in mixes.values()]
            used += [each.used for each in settled.values() if each.used is not None]
        used += chokepoints.used
    if config.settings.industry is not None:
        from .results.tables.industry import industry_tables

        made, rows = industry_tables(ready.outcome, chokepoints, inputs)
        tables |= made
        used.append(rows)
    if len(used) > 1:
        resolved = replace(resolved, used=joined(*used))
    tables["inputs_used"] = resolved.used.table
    tables["sources_used"] = sources_used(resolved.used.table, inputs)
    log = record(resolved, inputs, config)
    if ready.prices is not None:
        from .case.prices import about_prices

        log["prices"] = about_prices(ready.run, inputs)
    if chokepoints is not None:
        log["exposure"] = about_exposure(chokepoints, inputs)
        log["codes"]["future"] = {name: about_future(name, inputs) for name in futures}
        log["codes"]["country"] = {code: {"label": name} for code, name in log["exposure"]["countries"].items()}
    files: dict[str, str | bytes] = {f"{OWN_ROWS}/{name}": text for name, text in copies(inputs).items()}
    if not len(resolved.finer_intensity):  # A page knows one intensity for all uses.
        files[EXPLORER] = json.dumps(explorer(ready.outcome, chokepoints, ready.packs), separators=(",", ":"))
    if mixes:
        from .results.tables.mix import caveat_of

        log["mix"] = about
        for name, mix in mixes.items():
            chosen = log["scenarios"][name]
            chosen["caveat"] = " ".join(filter(None, (chosen["caveat"], caveat_of(mix))))
            files[playback_of(name)] = playback(mix.onto(mix.run), name, inputs)
    return Computed(resolved, chokepoints, tables, log, files, mixes)


def _futures(chokepoints: Chokepoints, inputs: Inputs) -> dict[str, Chokepoints]:
    """Exposure in the future of a run and in those beside it."""
    future, *others = dict.fromkeys((chokepoints.config.future, *chokepoints.config.other_futures))
    return {future: chokepoints} | {
        name: in_other_world(chokepoints, inputs, {"future": name, "other_futures": ()}) for name in others
    }


def inputs_of(config: Run, inputs: Folders = None) -> Layers:
    """Where the tables of a run are read: folders of the caller, then those that the run file names, relative to it,
    and the shipped package below. Raises InputError, UsageError."""
    named = [config.path.parent / folder for folder in config.settings.inputs]
    problems = [
        config.problem(["inputs"], f"inputs = {shown!r}", f"no such folder beside {config.path.name}; mend the path")
        for shown, folder in zip(config.settings.inputs, named, strict=True)
        if not folder.is_dir()
    ]
    if problems:
        raise InputError(problems)
    data = config.settings.rows
    rows = RowsOfRun.of(config.path.name, data, config.origin) if data else None
    return layers([*folders(inputs), *named], config.settings.replace, rows)


def sources_used(rows: Columns, inputs: Inputs) -> Columns:
    """Sources of the rows used, with citation, address and licence, and how many rows rest on each; own rows that
    name none are one more."""
    counts = Counter[str]()
    for text, times in Counter(rows.column("source")).items():
        for source in split(text):
            counts[source] += times
    table = inputs.tables["sources"]
    at = [row for row, code in enumerate(table.columns["source"]) if code in counts]
    used = {name: [table.columns[name][row] for row in at] for name in table.schema.columns}
    if OWN in counts:
        whose = listed(dict.fromkeys(re.split(r"[/[]", each.file, maxsplit=1)[0] for each in inputs.own))
        own = {"source": OWN, "citation": f"Own rows of this run ({whose})"}
        used = {name: [*cells, own.get(name, "")] for name, cells in used.items()}
    return Columns({**used, "rows_used": [counts[code] for code in used["source"]]})
