"""What a study is of: finished parts of it serve only a run that would make them again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..config import Run
from ..haste import frozen
from ..results.record import versions
from ..tables.inputs import Inputs, UsedRows
from ..tables.resolve import Resolved

if TYPE_CHECKING:
    import pandas as pd

    from ..case.optimise import Mix


@frozen
class Studied:
    """A run with a study. run: as its file has it; resolved: laid onto its inputs, with the mixes that it chose as
    scenarios; region_label: name of the sum of its regions; chosen: the mix that it chose, where it has one."""

    run: Run
    resolved: Resolved
    region_label: str
    inputs: Inputs
    chosen: Mix | None = None

    @property
    def mix(self) -> Mix:
        """The mix that the run chose, of a kind that begins from one."""
        assert self.chosen is not None
        return self.chosen


@frozen
class Findings:
    """What a study finds. tables: by name; used: rows of the inputs that they rest on beside those of the run; about:
    what the record says of the study beside its kind; futures: labels and notes of the futures in its tables."""

    tables: dict[str, pd.DataFrame]
    used: UsedRows | None = None
    about: dict[str, Any] = field(default_factory=dict)
    futures: dict[str, dict[str, str]] = field(default_factory=dict)


def shares_of(mix: Mix) -> str:
    """SHA-256 of the shares of a chosen mix, which is the same with the same run, inputs and versions."""
    return hashlib.sha256(repr(sorted(mix.shares.items())).encode()).hexdigest()


def identity_of(resolved: Resolved, draws: int, *design: Any) -> str:
    """A text that is the same for studies with the same draws: settings but for workers, the bytes of inputs and lines,
    versions, and what of the design is not in the run file."""
    settings = resolved.run.settings.model_dump(mode="json")
    settings["study"].pop("workers", None)
    lines = "" if resolved.lines is None else resolved.lines.to_csv(index=False)
    changes = {name: [str(change) for change in changes] for name, changes in resolved.run.changes.items()}
    parts = [settings, changes, resolved.sha256, lines, *design, versions()]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    return json.dumps({"study": digest.hexdigest(), "draws": draws})
