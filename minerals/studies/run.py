"""A run file with its study: one run, and where it has [study] the many runs of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import pandas as pd

from ..config import (
    OPTIMISED,
    Backcast,
    DrawnStudy,
    Frontier,
    Identify,
    Measures,
    NearOptimal,
    Robust,
    Run,
    read_run,
)
from ..errors import InputError
from ..pipeline import computed, inputs_of, sources_used
from ..results.record_exposure import about_future
from ..results.result import Result
from ..tables.inputs import joined, read_inputs
from ..tables.own import Folders
from ..tables.resolve import Resolved
from .identity import Studied

if TYPE_CHECKING:
    from .blocks import StudyFolder
    from .pool import Progress


class StudyKind(Protocol):
    """A module of `studies` that is named as its kind in the run file."""

    def study(self, of: Studied, kept: StudyFolder | None, progress: Progress | None) -> dict[str, pd.DataFrame]:
        """Tables of the study of a run.

        kept: folder of what is finished, for the caller to end once the result is written; progress: is called with
        how much of how much is done.
        """


def run(
    source: str | Path | Run,
    sets: Sequence[str] = (),
    inputs: Folders = None,
    kept: StudyFolder | None = None,
    progress: Progress | None = None,
    stressed: bool = False,
) -> Result:
    """Compute a run file (or one already read) with its study, and return the result; nothing is written.

    sets: changes as on the command line, `key=value`. inputs: folders of own rows, or of a data package, on top of
    what the run file names and of the shipped one. kept: folder of the finished part of a long study, so that an
    interrupted one goes on; progress: is called with how much of how much is done; stressed: with every single
    supplier, pairs of the worst and events that last, for a run with [exposure]. Raises UsageError, InputError.
    """
    config = source if isinstance(source, Run) else read_run(source, sets)
    # What overflows is refused with its table, column and place, as in `prepared`.
    with np.errstate(over="ignore", invalid="ignore"):
        study = config.settings.study
        if (
            isinstance(study, Measures | Backcast | NearOptimal | Frontier | Robust)
            and config.settings.optimise is None
        ):
            like = study.kind if isinstance(study, Measures | Backcast | Robust) else "mix"
            why = f"begins from a mix that is chosen; add [optimise], as runs/europe-{like}.toml has it"
            raise InputError([config.problem(("study",), f"[study] of kind {study.kind!r}", why)])
        tables = read_inputs(inputs_of(config, inputs))
        found = computed(config, tables)
        if stressed and found.chokepoints is not None:
            from .stress import stress
            from .worlds import reference_worlds

            found.tables.update(stress(found.chokepoints, progress))
            found.tables["reference_worlds"] = reference_worlds(found.chokepoints, tables)
        if isinstance(study, Measures):
            from .measures import measured_rows, measures

            mix = found.mixes[OPTIMISED]
            found.tables.update(measures(mix, tables, kept, progress))
            rows = joined(found.resolved.used, measured_rows(mix, tables)).frame
            found.tables.update(inputs_used=rows, sources_used=sources_used(rows, tables))
            found.log["study"] = {"kind": study.kind, "held": []}
        elif isinstance(study, Backcast | NearOptimal | Frontier):
            told_of = getattr(import_module(f"..{study.kind}", __name__), study.kind)
            found.tables.update(told_of(found.mixes[OPTIMISED], kept, progress))
            found.log["study"] = {"kind": study.kind, "held": []}
        elif isinstance(study, Robust):
            from .robust import robust, worlds_left_out

            made, used = robust(found.mixes[OPTIMISED], tables, kept, progress)
            rows = joined(found.resolved.used, used).frame
            found.tables.update(made, inputs_used=rows, sources_used=sources_used(rows, tables))
            left_out = worlds_left_out(found.mixes[OPTIMISED], tables)
            found.log["study"] = {"kind": study.kind, "held": [], "worlds_left_out": left_out}
            found.log["codes"]["future"] |= {
                name: about_future(str(name), tables) for name in dict.fromkeys(made["robust"]["future"])
            }
        elif study is not None:
            kind = cast(StudyKind, import_module(f"..{study.kind}", __name__))
            of = Studied(config, found.resolved, found.log["region_label"], tables)
            found.tables.update(kind.study(of, kept, progress))
            about = study.model_dump(include={"kind", "draws", "mixes", "seed"})
            found.log["study"] = {**about, "held": held(found.resolved)}
        return found.result()


def held(resolved: Resolved) -> list[str]:
    """Tables with ends that a study holds at their values, as it is to say."""
    if not isinstance(resolved.run.settings.study, DrawnStudy):
        return ["battery_demand", "mineral_intensity"] if isinstance(resolved.run.settings.study, Identify) else []
    names = ["silicon_uptake", "graphite_route"]
    if not resolved.run.settings.study.share_spread:
        names.insert(0, "market_share")
    if resolved.parameters is not None:
        names += ["line_ramp", "recovery_route", "stage_yield", "health of second lives"]
    return names
