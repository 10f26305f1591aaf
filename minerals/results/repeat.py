"""A run read back from the record of its result, so that it can be repeated to the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..config import Run, RunFile, ShareChange, diffusion_of
from ..errors import Problem, UsageError, listed


def read_record(path: str | Path, inputs: Path) -> Run:
    """The run of a record.json, to be computed with the input tables in `inputs`.

    A record is repeated or refused. Raises UsageError where it is not a record, or where an input file differs from
    the one the record was made with: another question is one for a run file.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        settings = RunFile.model_validate(record["config"])
        places = {tuple(row["path"]): (row["file"], row["line"]) for row in _changes(record)}
        changes = {
            name: tuple(_change(row) for row in record["changes"].get(name, ())) for name in settings.scenario
        }  # fmt: skip
        places |= {tuple(row["path"]): (row["file"], row["line"]) for row in record.get("places", ())}
        problems: list[Problem] = []
        diffusion = diffusion_of(settings, places, path.name, problems)
        if problems:
            raise ValueError(problems[0].why)
        run = Run(str(record["run"]), path, settings, changes, tuple(record["set"]), places, diffusion)
        hashes = dict(record["inputs"])
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        why = f"does not hold a run that this version can repeat ({type(error).__name__}); run its run file again"
        raise UsageError(f"{path} {why}") from None
    if other := [file for file, digest in hashes.items() if _sha256(inputs / file) != digest]:
        raise UsageError(
            f"{path} was made with other inputs than those in {inputs}: {listed(other, 5)} differ; name the folder it "
            "was made with (--inputs), or run its run file to compute with these"
        )
    return run


def _changes(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for rows in record["changes"].values() for row in rows]


def _change(row: dict[str, Any]) -> ShareChange:
    known = {key: row[key] for key in ("region", "segment", "year", "chemistry", "share")}
    return ShareChange(**known, path=tuple(row["path"]))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
