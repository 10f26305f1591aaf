"""A chosen mix as a run file of its own: a plain scenario with the model's shares, so that anybody can run, change and
compare it as any other.

With it go the production lines from which the run's scrap follows. They are those of growing demand, not those that the
mix builds or turns over (mix_line): the model takes scrap as given, and the same scrap gives the same kt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..config import OPTIMISED, Run

#: Name of the file in the result folder, and where in that folder the lines are from which scrap follows.
PLAYBACK, LINES = "optimised.toml", "tables/lines.csv"
BARE = re.compile(r"[A-Za-z0-9_-]+")


def playback(run: Run) -> str:
    """The text of the run file. run: with the scenario `optimised`."""
    settings = run.settings.model_dump(mode="json", exclude_defaults=True, exclude={"optimise", "study", "output"})
    scenario = settings["scenario"][OPTIMISED]
    share: dict[str, Any] = {}
    for change in run.changes[OPTIMISED]:
        by_year = share.setdefault(change.region, {}).setdefault(change.segment, {})
        by_year.setdefault(str(change.year), {})[change.chemistry] = change.share
    settings["title"] = f"{run.settings.title}: the chosen mix, played back"
    settings["scenario"] = {OPTIMISED: {**scenario, "share": share}}
    if "flows" in settings or run.settings.flows is not None:
        settings["flows"] = {**settings.get("flows", {}), "lines": LINES}
    head = [
        f"# The mix that [optimise] of {run.name} chose, as a plain scenario. Written by the run; shares are the",
        "# model's; production lines are those of growing demand, from which its scrap follows, not those it builds.",
        "",
    ]
    return "\n".join([*head, *_table((), settings)]) + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterable[str]:
    """Lines of a TOML table: its own keys first, then the tables in it; the last level of shares stands in one line."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    inline = {key: value for key, value in inner.items() if path and _flat(value)}
    if path and (plain or inline or not inner):
        yield f"[{'.'.join(map(_key, path))}]"
    yield from (f"{_key(key)} = {_value(value)}" for key, value in {**plain, **inline}.items())
    if plain or inline or (path and not inner):
        yield ""
    for key, value in inner.items():
        if key not in inline:
            yield from _table((*path, key), value)


def _flat(table: Mapping[str, Any]) -> bool:
    return bool(table) and not any(isinstance(value, dict | list) for value in table.values())


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """A TOML value; of the types that run files have, JSON writes all but tables alike."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
