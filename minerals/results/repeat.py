"""A run read back from the record of its result, so that it can be repeated to the same bytes.

A record is repeated or refused: it names every input table by its hash, a run by a plain name, and no file but its own.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..config import Run, RunFile, ShareChange, diffusion_of
from ..errors import Notice, Problem, UsageError, listed
from ..tables.own import Folders, folders, layers
from ..tables.schema import read_schemas
from .form import Sha256
from .hashes import OWN_HASH, refuse_changed, sha256
from .record import OWN_ROWS, versions

#: Where a result keeps the production lines it was made with; the only file that a record may name.
LINES = "tables/lines.csv"


def _plain(name: str) -> str:
    """A name of one folder: no separator, no control character, no dot in front. Raises ValueError."""
    if not name.isprintable() or not 0 < len(name) <= 200 or name[0] == "." or "/" in name or "\\" in name:
        raise ValueError("expected a plain name, without / and \\ and a dot in front")
    return name


def _below(file: str) -> str:
    """A file below a folder. Raises ValueError."""
    if not file.isprintable() or ":" in file or any(part in ("", "..") for part in re.split(r"[/\\]", file)):
        raise ValueError("expected the name of a file in the folder of the inputs")
    return file


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


class _Place(_Part):
    path: list[str]
    file: str
    line: int


class _Change(_Place):
    region: str
    segment: str
    year: int
    chemistry: str
    share: Annotated[float, Field(ge=0, le=1)] | None


class _Lines(_Part):
    lines: str = ""


class _Config(_Part):
    inputs: list[Annotated[str, Field(pattern=rf"^{OWN_ROWS}/[^/\\\\]+$"), AfterValidator(_below)]] = []
    flows: _Lines | None = None


class _Repeated(_Part):
    """What a run is repeated from."""

    run: Annotated[str, AfterValidator(_plain)]
    config: _Config
    changes: dict[str, list[_Change]]
    places: list[_Place] = []
    set: list[str]
    inputs: Annotated[dict[Annotated[str, AfterValidator(_below)], Sha256], Field(min_length=1)]
    versions: dict[str, str]
    files: dict[str, Sha256]


def read_record(path: str | Path, inputs: Folders = None) -> Run:
    """The run of a record.json, to be computed with the input tables in `inputs`, and with the own rows of its result.

    Raises UsageError where it is not a record as a run wrote it, or where an input file differs from the one the record
    was made with: another question is one for a run file. Warns with a Notice where it was made with other versions,
    which may give other digits.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        known = _Repeated.model_validate(record)
        # As JSON, where a list may stand for a tuple.
        settings = RunFile.model_validate_json(json.dumps(record["config"]))
        run = _run(path, known, settings)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        why = f"does not hold a run that this version can repeat ({_said(error)}); run its run file again"
        raise UsageError(f"{path} {why}") from None
    if more := layers(folders(inputs)).own:
        why = "is repeated with the own rows of its result; leave out"
        raise UsageError(f"{path} {why} --inputs {more[0]}, or run its run file to compute with others")
    _refuse_changed(record, known, path)
    _refuse_other_inputs(known, path, [*folders(inputs), *(path.parent / each for each in run.settings.inputs)])
    _say_other_versions(known, path)
    return run


def _run(path: Path, known: _Repeated, settings: RunFile) -> Run:
    """Raises ValueError where its parts do not fit each other."""
    if known.config.flows is not None and known.config.flows.lines not in ("", LINES):
        raise ValueError(f"flows.lines names a file other than {LINES}")
    if unknown := [name for name in known.changes if name not in settings.scenario]:
        raise ValueError(f"changes of {listed(unknown, 3)}, which is no scenario of it")
    rows = [*(row for rows in known.changes.values() for row in rows), *known.places]
    places = {tuple(row.path): (row.file, row.line) for row in rows}
    changes = {name: tuple(map(_change, known.changes.get(name, ()))) for name in settings.scenario}
    problems: list[Problem] = []
    diffusion = diffusion_of(settings, places, path.name, problems)
    if problems:
        raise ValueError(problems[0].why)
    return Run(known.run, path, settings, changes, tuple(known.set), places, diffusion)


def _change(row: _Change) -> ShareChange:
    return ShareChange(row.region, row.segment, row.year, row.chemistry, row.share, tuple(row.path))


def _refuse_changed(record: dict[str, Any], known: _Repeated, path: Path) -> None:
    """Raise UsageError where the record, or the production lines beside it, are not as the run wrote them."""
    if OWN_HASH not in record:
        raise UsageError(f"{path} was made by an earlier version, without a hash of its own; run its run file again")
    refuse_changed(record, path)
    lines = path.parent / LINES
    if known.config.flows is not None and known.config.flows.lines:
        if not lines.is_file():
            raise UsageError(f"{path} needs {LINES} beside it; repeat it from its result folder")
        if sha256(lines) != known.files.get(LINES):
            raise UsageError(f"{lines} was changed after the run; run its run file again")


def _refuse_other_inputs(known: _Repeated, path: Path, named: list[Path]) -> None:
    """Raise UsageError where the input tables are not those of the record, by name and by hash."""
    of = layers(named)
    package, own = of.package, of.files()
    other = [file for file, digest in known.inputs.items() if _hash(own.get(file, package / file)) != digest]
    # Inputs that lack none of them may still have further ones.
    other = other or sorted({*own, *(schema.file for schema in read_schemas(package).values())} - set(known.inputs))
    if other:
        raise UsageError(
            f"{path} was made with other inputs than those in {package}: {listed(other, 5)} differ; name the folder it "
            "was made with (--inputs), or run its run file to compute with these"
        )


def _hash(path: Path) -> str:
    return sha256(path) if path.is_file() else ""


def _say_other_versions(known: _Repeated, path: Path) -> None:
    """Warn where the record was made with other versions than those that are installed."""
    installed = versions()
    names = [name for name in {**known.versions, **installed} if known.versions.get(name) != installed.get(name)]
    if names:
        differing = (
            f"{name} {known.versions.get(name, 'not told')} (here {installed.get(name, 'none')})" for name in names
        )
        why = "digits, and a mix where its objective leaves it open, may differ from the record's result"
        warnings.warn(f"{path} was made with {listed(differing)}: {why}", Notice, stacklevel=4)


#: What pydantic finds of a record → what is said of it.
EXPECTED = {"missing": "is missing", "model_type": "is no record", "dict_type": "is no object in braces",
            "list_type": "is no list", "too_short": "names none"}  # fmt: skip


def _expected(item: Any) -> str:
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return EXPECTED.get(item["type"], message[0].lower() + message[1:])


def _said(error: Exception) -> str:
    """What is wrong with a record, in words."""
    if isinstance(error, ValidationError):
        return listed(
            [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {_expected(each)}" for each in error.errors()], 3
        )
    return "it is nested too deeply" if isinstance(error, RecursionError) else f"{type(error).__name__}: {error}"
