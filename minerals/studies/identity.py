"""What a study is of: finished parts of it serve only a run that would make them again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ..config import Run
from ..haste import frozen
from ..results.record import versions
from ..tables.inputs import Inputs
from ..tables.resolve import Resolved

if TYPE_CHECKING:
    from ..case.optimise import Mix


@frozen
class Studied:
    """A run with a study. run: as its file has it; resolved: laid onto its inputs, with the mixes that it chose as
    scenarios; region_label: name of the sum of its regions."""

    run: Run
    resolved: Resolved
    region_label: str
    inputs: Inputs


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
