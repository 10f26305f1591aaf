"""What pydantic finds wrong in a run file, in the user's words and at its file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Problem, did_you_mean, listed
from ..text import shown
from ..toml import Keys
from .run_file import section_at
from .study import KINDS
from .values import NUMBER, TABLE

#: Name of the command-line option as the place of what it changes.
COMMAND_LINE = "--set"

#: (file, line) of each key path.
Origin = Mapping[Keys, tuple[str, int]]


def place_of(origin: Origin, path: Sequence[str], file: str) -> tuple[str, int]:
    """(file, line) of a key path, or of the nearest table above it."""
    at = tuple(path)
    while at:
        if at in origin:
            return origin[at]
        at = at[:-1]
    return file, 0


#: What pydantic finds of a table whose kind decides its keys and is missing, or none.
NO_KIND = ("union_tag_not_found", "union_tag_invalid")

#: What pydantic finds of a value → what was expected.
EXPECTED = {
    "tuple_type": 'a list in brackets, e.g. ["one", "another"]',
    "model_type": "a table of keys",
    "model_attributes_type": "a table of keys",
    "dict_type": "a table of keys",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "finite_number": "a finite number",
}


def model_problem(item: Any, origin: Origin, file: str) -> Problem:
    """One pydantic error in the user's words."""
    path = tuple(map(str, item["loc"]))
    path = path[:-1] if path[-1:] == ("[key]",) else path
    path = tuple(part for part in path if part not in (NUMBER, TABLE))
    study = path[1] if path[:1] == ("study",) and len(path) > 1 and path[1] in KINDS else ""
    path = (path[0], *path[2:]) if study else path  # The kind stands in the place, but not in the file.
    if item["type"] in NO_KIND and isinstance(item["input"], dict):
        return _no_kind(path, item["input"].get("kind"), origin, file)
    where, line = place_of(origin, path, file)
    key, kind, value = ".".join(path), item["type"], item["input"]
    if kind == "extra_forbidden":
        known = [*section_at(path[:-1], study).model_fields]
        if not path[:-1] and not where.startswith(COMMAND_LINE):
            known.append("base")
        other = [kind for kind, section in KINDS.items() if study and path[-1] in section.model_fields]
        if other:
            kinds = f"kind {other[0]!r}" if len(other) == 1 else f"kinds {' and '.join(map(repr, other))}"
            why = f"is a key of {kinds}, and this study is of kind {study!r}; leave it out"
            return Problem(where, line, key, why)
        why = f"not a key of {'.'.join(path[:-1]) or 'the run file'}{did_you_mean(path[-1], known)}"
        return Problem(where, line, f"key {shown(path[-1])}", f"{why} (keys: {listed(known)})")
    if kind == "missing":
        return Problem(where, line, f"key '{key}'", f"missing; add it{_scenario_meant(path, where, origin)}")
    if item["loc"][-1:] == ("[key]",):
        return Problem(where, line, f"{'.'.join(path[:-1])} {shown(path[-1])}", _message(item))
    shown_value = key if isinstance(value, dict) else f"{key} = {shown(value)}"
    return Problem(where, line, shown_value, _message(item))


def _scenario_meant(path: Keys, where: str, origin: Origin) -> str:
    """Where a change from the command line names a scenario that the run file does not have: which it has."""
    if path[:1] != ("scenario",) or len(path) < 3 or not where.startswith(COMMAND_LINE):
        return ""
    known = list(dict.fromkeys(
        each[1] for each, place in origin.items()
        if each[:1] == ("scenario",) and len(each) > 1 and not place[0].startswith(COMMAND_LINE)
    ))  # fmt: skip
    return "" if path[1] in known else f", or name one of {listed(known)}{did_you_mean(path[1], known)}"


def _no_kind(path: Keys, kind: object, origin: Origin, file: str) -> Problem:
    """A table that has no kind, or one that there is not."""
    key = ".".join((*path, "kind"))
    where, line = place_of(origin, (*path, "kind"), file)
    if kind is None:
        return Problem(where, line, f"key '{key}'", "missing; add it")
    kinds = [repr(name) for name in KINDS]
    near = did_you_mean(kind, list(KINDS)) if isinstance(kind, str) else ""
    return Problem(where, line, f"{key} = {shown(kind)}", f"should be {', '.join(kinds[:-1])} or {kinds[-1]}{near}")


def _message(item: Any) -> str:
    """What was expected of a value, and what it is instead."""
    kind, value = item["type"], item["input"]
    if kind in ("too_short", "string_too_short"):
        return "expected at least one" if kind == "too_short" else "expected a text"
    if kind not in EXPECTED:
        message = re.sub(r"^(Value error|Input|Assertion failed),? ?", "", item["msg"]).strip()
        return str(message[0].lower() + message[1:])
    expected = f"expected {EXPECTED[kind]}"
    if isinstance(value, bool) and kind in ("int_type", "float_type"):
        return f"{expected}, and {shown(value)} is none"
    if isinstance(value, str) and kind in ("int_type", "float_type", "bool_type"):
        return f"{expected}, without quotes" if _fits(value, kind) else expected
    return expected


def _fits(text: str, kind: str) -> bool:
    """Whether a text in quotes would be of the kind expected without them."""
    if kind == "bool_type":
        return True
    return bool(re.fullmatch(r"[+-]?[0-9]+" if kind == "int_type" else r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text))
