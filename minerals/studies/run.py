"""A run file with its study: one run, and where it has [study] the many runs of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from ..config import OPTIMISED, OfMix, Run, read_run
from ..errors import InputError
from ..pipeline import computed, inputs_of, sources_used
from ..results.result import Result
from ..tables.inputs import joined, read_inputs
from ..tables.own import Folders
from .identity import Findings, Studied

if TYPE_CHECKING:
    from .blocks import StudyFolder
    from .pool import Progress


class StudyKind(Protocol):
    """A module of `studies` that is named as its kind in the run file."""

    def study(self, of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
        """What the study of a run finds.

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
        if isinstance(study, OfMix) and config.settings.optimise is None:
            why = f"begins from a mix that is chosen; add [optimise], as runs/{study.example}.toml has it"
            raise InputError([config.problem(("study",), f"[study] of kind {study.kind!r}", why)])
        tables = read_inputs(inputs_of(config, inputs))
        found = computed(config, tables)
        if stressed and found.chokepoints is not None:
            from .stress import stress
            from .worlds import reference_worlds

            found.tables.update(stress(found.chokepoints, progress))
            found.tables["reference_worlds"] = reference_worlds(found.chokepoints, tables)
        if study is not None:
            kind = cast(StudyKind, import_module(f"..{study.kind}", __name__))
            label, chosen = found.log["region_label"], found.mixes.get(OPTIMISED)
            findings = kind.study(Studied(config, found.resolved, label, tables, chosen), kept, progress)
            found.tables.update(findings.tables)
            if findings.used is not None:
                rows = joined(found.resolved.used, findings.used).table
                found.tables.update(inputs_used=rows, sources_used=sources_used(rows, tables))
            found.log["study"] = {"kind": study.kind, **findings.about, "held": findings.about.get("held", [])}
            if findings.futures:
                found.log["codes"]["future"] |= findings.futures
        return found.result()
