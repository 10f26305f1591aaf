"""A run file as it is read: bases and `--set` changes laid over each other, every problem with its file and line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import InputError, Problem, UsageError, did_you_mean, listed
from ..haste import frozen
from ..shipped import run_file, run_names
from ..text import LONGEST_TEXT, SHOWN, Unreadable, decoded, shown, unprintable
from ..toml import ESCAPE, LARGEST, Keys, key_lines, parsed, split_key, statement, wrong
from .changes import Diffusion, Rest, ShareChange, diffusion_of, of_reference, share_changes
from .problems import COMMAND_LINE, Origin, model_problem, place_of
from .run_file import RunFile
from .variant import variant_problems

#: Key of a run file that holds rows.
ROWS = "rows"
#: Columns of a row that tell it from a table of rows by their labels.
OF_A_ROW = frozenset(("value", "source", "locator", "quality"))
#: Columns that say where the figures of a row are from, and those that hold of its value alone.
PROVENANCE, ENDS = ("source", "locator", "quality", "note"), ("low", "high")
#: Run files that inherit one another, at most: a longer chain is one by mistake.
LONGEST_CHAIN = 50


@frozen
class Run:
    """A run file that is sound in itself; whether its names exist is asked of the inputs later.

    name: the file's stem, which names the result folder; changes, diffusion: by scenario; origin: (file, line) of each
    key path.
    """

    name: str
    path: Path
    settings: RunFile
    changes: dict[str, tuple[ShareChange, ...]]
    sets: tuple[str, ...] = ()
    origin: Origin = field(default_factory=dict, repr=False)
    diffusion: Mapping[str, tuple[Diffusion | Rest, ...]] = field(default_factory=dict)

    def place(self, *path: str) -> tuple[str, int]:
        """(file, line) of a key path, or of the nearest table above it."""
        return place_of(self.origin, path, self.path.name)

    def problem(self, path: Iterable[str], what: str, why: str) -> Problem:
        """A problem at a key path of this run."""
        file, line = self.place(*path)
        return Problem(file, line, what, why)


def find_run_file(name: str | Path) -> Path:
    """The run file as given, or the shipped one of that name. Raises UsageError with what there is."""
    path = Path(name)
    if code := unprintable(str(name)):
        raise UsageError(f"no run file {shown(str(name))}; its name holds {code}, a character that cannot be shown")
    if _is_file(path):
        return path
    if found := run_file(path):
        return found
    if str(name) and os.path.isdir(path):
        of_result = os.path.isfile(path / "record.json")
        way_out = f"to repeat its run name {path / 'record.json'}" if of_result else "name a run file, with its .toml"
        raise UsageError(f"{name} is a folder; {way_out}")
    known = run_names()
    hint = did_you_mean(path.stem, known)
    wanted = name if len(str(name)) <= LONGEST_TEXT else shown(str(name))
    raise UsageError(f"no run file {wanted}{hint}\nshipped: {listed(known)} (e.g. minerals run {known[0]}.toml)")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # A name that the system does not take, e.g. one too long.
        return False


def read_run(name: str | Path, sets: Sequence[str] = ()) -> Run:
    """Read a run file with its bases and `--set` changes. Raises UsageError (no such file), InputError (problems)."""
    path = find_run_file(name)
    problems: list[Problem] = []
    data, origin = _merged(path, problems, ())
    for text in sets:
        _set(data, origin, text, problems)
    if problems:
        raise InputError(problems)
    return _checked(data, origin, path, tuple(sets))


def varied(run: Run, changes: Mapping[str, Any], place: tuple[str, int]) -> Run:
    """A run without its study, and with other values of some keys, by their dotted path.

    place: (file, line) of what asks for them, where a problem with them is told. Raises InputError.
    """
    data, origin = run.settings.model_dump(exclude_unset=True, exclude={"study"}), dict(run.origin)
    for key, value in changes.items():
        _put(data, origin, split_key(key), value, place)
    return replace(_checked(data, origin, run.path, run.sets), name=run.name)


def _checked(data: dict[str, Any], origin: dict[Keys, tuple[str, int]], path: Path, sets: tuple[str, ...]) -> Run:
    """The run of what a file and its changes say. Raises InputError."""
    problems: list[Problem] = []
    try:
        settings = RunFile.model_validate(data)
    except ValidationError as error:
        # Of a list that holds something wrong, pydantic says too that what is left is too short.
        found = [item for item in error.errors() if item["type"] != "too_short" or not item["input"]]
        raise InputError([model_problem(item, origin, path.name) for item in found]) from None
    changes = {
        scenario: tuple(share_changes(("scenario", scenario, "share"), value.share, origin, path.name, problems))
        for scenario, value in settings.scenario.items()
    }
    diffusion = diffusion_of(settings, origin, path.name, problems)
    of_reference(settings, origin, path.name, problems)
    problems += variant_problems(settings, origin, path.name)
    if problems:
        raise InputError(problems)
    return Run(path.stem, path, settings, changes, sets, origin, diffusion)


def _contents(path: Path) -> tuple[dict[str, Any], dict[Keys, int]]:
    """Tables of one run file, and the line of each key. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(0, f"cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise Unreadable(0, f"has more than {LARGEST:,} bytes; no run file is that large, name another")
    text = decoded(raw, "save it as UTF-8")
    data = parsed(text)
    if not data:
        raise Unreadable(0, "is empty; expected title, [scope] and [scenario.NAME]")
    return data, key_lines(text)


def _merged(
    path: Path, problems: list[Problem], below: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[Keys, tuple[str, int]]]:
    """Contents of a run file laid over those of its base, and where each key stands; below: the files that inherit
    it."""
    try:
        data, lines = _contents(path)
    except Unreadable as error:
        problems.append(Problem(path.name, error.line, "", str(error)))
        return {}, {}
    origin = {key: (path.name, line) for key, line in lines.items()}
    found = [Problem(*place_of(origin, at, path.name), ".".join(at), why) for at, why in wrong(data)]
    base = data.pop("base", None)
    if found or base is None:
        problems += found
        return data, origin
    chain = (*below, path.resolve())
    target, why = _base(base, path, chain)
    if target is None:
        problems.append(Problem(path.name, lines.get(("base",), 0), f"base = {shown(base)}", why))
        return {}, {}
    base_data, base_origin = _merged(target, problems, chain)
    for keys in (("inputs",), ("flows", "lines")):
        _move(base_data, keys, target.parent, path.parent)
    merged = _overlay(base_data, data)
    return merged, {**_still(base_origin, merged), **origin}


def _still(origin: dict[Keys, tuple[str, int]], data: dict[str, Any]) -> dict[Keys, tuple[str, int]]:
    """Places of the keys of a base, but for those below `rows` that are there no more."""

    def there(path: Keys) -> bool:
        below: Any = data
        for part in path:
            below = below.get(part) if isinstance(below, dict) else None
        return below is not None

    return {path: place for path, place in origin.items() if path[0] != ROWS or there(path)}


def _base(base: object, path: Path, chain: tuple[Path, ...]) -> tuple[Path | None, str]:
    """The run file that `base` of a run file names, or None and why there is none."""
    if not isinstance(base, str) or not base.strip():
        return None, "expected the name of a run file in quotes"
    if code := unprintable(base):
        return None, f"holds {code}, which no path has; {ESCAPE}"
    neighbour = path.parent / base
    target = neighbour if _is_file(neighbour) else run_file(base)
    if target is None and not _is_file(neighbour) and os.path.isdir(neighbour):
        return None, "is a folder; expected the name of a run file"
    if target is None:
        near = did_you_mean(base, [other.name for other in path.parent.glob("*.toml")])
        return None, f"no such run file beside {path.name}{near}"
    if target.resolve() in chain:
        return None, f"inherits itself: {' → '.join(part.name for part in (*chain, target))}; remove one base"
    if len(chain) >= LONGEST_CHAIN:
        return None, f"is the base of {LONGEST_CHAIN} run files in a row, and more are not read; inherit fewer"
    return target, ""


def _move(data: dict[str, Any], keys: Keys, written_in: Path, read_in: Path) -> None:
    """Re-write paths that a base names beside itself as ones beside the file that inherits it."""
    for key in keys[:-1]:
        data = data.get(key, {})
    value = data.get(keys[-1]) if isinstance(data, dict) else None
    if isinstance(value, str) and value:
        data[keys[-1]] = os.path.relpath(written_in / value, read_in)
    elif isinstance(value, list):
        moved = (os.path.relpath(written_in / each, read_in) if isinstance(each, str) else each for each in value)
        data[keys[-1]] = list(moved)


def _overlay(below: dict[str, Any], above: dict[str, Any], rows: bool = False) -> dict[str, Any]:
    """Tables are merged key by key, and false takes a table away; anything else replaces. Below `rows` (rows) a row
    replaces a row whole, as source and ends are not those of another figure, and false takes a row away."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if value is False and key in merged and (rows or isinstance(old, dict)):
            del merged[key]
            continue
        if (
            isinstance(old, dict)
            and isinstance(value, dict)
            and not (rows and _is_row(old) and not _holds_tables(value))
        ):
            value = _overlay(old, value, rows or key == ROWS)
        merged[key] = value
    return merged


def _is_row(table: Any) -> bool:
    """Whether a table below `rows` is a row with a figure or a source, and no table of rows by their labels."""
    return isinstance(table, dict) and bool(OF_A_ROW & table.keys()) and not _holds_tables(table)


def _holds_tables(table: Mapping[str, Any]) -> bool:
    return any(isinstance(cell, dict) for cell in table.values())


def _set(data: dict[str, Any], origin: dict[Keys, tuple[str, int]], text: str, problems: list[Problem]) -> None:
    """Apply one `key.path=value`; the value is TOML, or a text where it is not."""
    place = f"{COMMAND_LINE} {text if len(text) <= SHOWN and not unprintable(text) else shown(text)}"
    try:
        path, value = statement(text)
    except Unreadable as error:
        problems.append(Problem(place, 0, "", str(error)))
        return
    if found := next(iter(wrong(value, path)), None):
        problems.append(Problem(place, 0, ".".join(found[0]), found[1]))
        return
    _put(data, origin, path, value, (place, 0))


def _overtaken(column: str) -> tuple[str, ...]:
    """Columns of a row that no longer hold where another of its columns is changed."""
    if column in PROVENANCE:
        return ("locator",) if column == "source" else ()
    return (*PROVENANCE, *ENDS) if column == "value" else PROVENANCE


def _put(
    data: dict[str, Any], origin: dict[Keys, tuple[str, int]], path: Keys, value: Any, place: tuple[str, int]
) -> None:
    """Set the value of a key, and that it stands at a place, the last of all places; false takes a table or a row away.
    Of a row whose column is changed goes what no longer holds, but for what the command line says itself."""
    table = data
    for depth, part in enumerate(path[:-1], start=1):
        below = table.get(part)
        if not isinstance(below, dict):  # A table that this change makes.
            origin[path[:depth]] = place
        table[part] = dict(below) if isinstance(below, dict) else {}
        table = table[part]
    if value is False and path[-1] in table and (path[0] == ROWS or isinstance(table[path[-1]], dict)):
        del table[path[-1]]
        return
    if path[0] == ROWS and _is_row(table):
        for column in _overtaken(path[-1]):
            if not place_of(origin, (*path[:-1], column), "")[0].startswith(COMMAND_LINE):
                table.pop(column, None)
    table[path[-1]] = value
    if path[0] == ROWS:
        for below in [each for each in origin if each[: len(path)] == path]:
            del origin[below]
    origin.pop(path, None)
    origin[path] = place
