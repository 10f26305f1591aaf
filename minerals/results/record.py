"""The record of a run: all that is needed to run it again and to say what it rests on. No clock, no absolute path."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections import Counter
from dataclasses import asdict
from functools import cache
from importlib.metadata import distribution
from typing import Any

import numpy

from ..config import Run, ShareChange, of_reference
from ..tables.inputs import Inputs
from ..tables.names import region_label
from ..tables.resolve import Resolved
from ..tables.rows_file import ROWS
from ..text import shown
from ..toml import statement, written

#: Folder of a result with the own rows that it was made with.
OWN_ROWS = "own"
#: Further libraries that compute or draw what stands in a result; most runs load few of them.
LIBRARIES = ("scipy", "highspy", "clarabel", "pyomo", "matplotlib")
#: Keys whose change makes no other run; changes of others are told in its title, so many of them, cut after so many
#: letters each.
SILENT = {"title", "output"}
MOST, LONGEST = 3, 40


def record(resolved: Resolved, inputs: Inputs, config: Run | None = None) -> dict[str, Any]:
    """The record as JSON-ready data. run_id: seven hex digits of the SHA-256 of configuration, inputs and version.

    config: the run as its file has it, where a mix added a scenario to `resolved`; the record repeats that.
    """
    run = resolved.run
    config = config or run
    settings = config.settings.model_dump(mode="json")
    # The result holds its own rows, and the lines it was made with, so that it can be repeated without their files.
    settings["inputs"] = own_folders(inputs)
    if not settings["rows"]:
        del settings["rows"]
    lines = ""
    if resolved.lines is not None:
        settings["flows"]["lines"] = "tables/lines.csv"
        lines = hashlib.sha256(resolved.lines.to_csv(index=False).encode()).hexdigest()
    if settings["study"]:
        settings["study"].pop("workers", None)  # They never change a result.
    identity = json.dumps([settings, inputs.sha256, lines, versions()["minerals"]], sort_keys=True)
    used = Counter(resolved.used.columns["quality"])
    adoption: dict[str, Any] = {}
    if resolved.diffusion is not None:
        adoption["diffusion"] = json.loads(resolved.diffusion.to_json(orient="records", double_precision=15))
    if resolved.notes:
        adoption["notes"] = list(resolved.notes)
    if (places := [*_places(run), *_rows_of_run(run)]) or resolved.notes:
        adoption["places"] = places
    return {
        "run": run.name,
        "run_id": hashlib.sha256(identity.encode()).hexdigest()[:7],
        "title": _title(run),
        "scenarios": {name: _scenario(run, inputs, name) for name in run.settings.scenario},
        "regions": list(resolved.regions.labels),
        "region_label": region_label(resolved.regions.labels, inputs),
        "segments": list(resolved.segments.labels),
        "minerals": list(resolved.minerals.labels),
        "years": list(resolved.reported),
        "fills": list(resolved.fills),
        "rows_used": {quality: int(count) for quality, count in sorted(used.items())},
        "region_members": _members(resolved, inputs),
        "codes": _codes(inputs),
        "config": settings,
        "changes": {name: [_change(run, change) for change in changes] for name, changes in config.changes.items()},
        **adoption,
        "set": [kept for text in run.sets if (kept := _without_workers(text))],
        "inputs": inputs.sha256,
        **({"own_rows": _own_rows(resolved, inputs)} if inputs.own else {}),
        "versions": versions(),
    }


def own_folders(inputs: Inputs) -> list[str]:
    """Folders of a result that hold its own rows, as `inputs` of a run file beside its record names them."""
    return [f"{OWN_ROWS}/{name}" for name in inputs.layers.named()]


def _own_rows(resolved: Resolved, inputs: Inputs) -> list[dict[str, Any]]:
    """What own rows did to the tables, by file, each row below that one of them replaces, and how many the run used."""
    used = Counter(resolved.used.columns["file"])
    return [
        {
            **asdict(each),
            "instead": [{**asdict(one), "change": one.change} for one in each.instead],
            "used": used[each.file],
            "words": str(each),
        }
        for each in inputs.own
    ]


@cache
def versions() -> dict[str, str]:
    """Versions of libraries that can move a digit of a table, and of what draws, by name. A result of other ones may
    differ: a mix whose objective leaves chemistries open above all."""
    blas = numpy.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})  # That of numpy's build.
    return {
        "minerals": _installed("minerals"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "pandas": _installed("pandas"),
        **{name: _installed(name) for name in LIBRARIES},
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
    }


def _installed(name: str) -> str:
    """Version of an installed library. Its metadata begin with it; to parse all of them, the long description of a
    library too, takes ten times as long."""
    found = distribution(name)
    stated = re.search(r"^Version: (\S+)$", found.read_text("METADATA") or "", re.MULTILINE)
    return stated[1] if stated else found.version


def _title(run: Run) -> str:
    """The title of a run file, and behind it what `--set` changes, so that no variant goes by the name of another."""
    changes = [statement(kept) for text in run.sets if (kept := _without_workers(text))]
    settings = [f"{'.'.join(path[-2:])} = {shown(value, LONGEST)}" for path, value in changes if path[0] not in SILENT]
    if not settings or any(path == ("title",) for path, _ in changes):
        return run.settings.title
    more = f" and {len(settings) - MOST} more" if len(settings) > MOST else ""
    return f"{run.settings.title} ({', '.join(settings[:MOST])}{more})"


def _without_workers(change: str) -> str:
    """A `--set` without the number of workers, which never changes a result; '' where nothing else was set."""
    path, value = statement(change)
    if path == ("study", "workers"):
        return ""
    if path != ("study",) or not isinstance(value, dict) or "workers" not in value:
        return change
    return f"study={written({key: each for key, each in value.items() if key != 'workers'})}"


def _change(run: Run, change: ShareChange) -> dict[str, Any]:
    """A changed share, and where the run file says so, as rows of inputs_used name it."""
    file, line = run.place(*change.path)
    return {**asdict(change), "path": list(change.path), "file": file, "line": line}


def _places(run: Run) -> list[dict[str, Any]]:
    """Where the run file asks for paths of adoption, limits of capacity and changes of the reference world, as rows of
    inputs_used name it."""
    paths = [entry.path for entries in run.diffusion.values() for entry in entries]
    paths += [entry.path for entries in of_reference(run.settings, run.origin, run.path.name, []) for entry in entries]
    paths += [
        ("scenario", name, "capacity_limit") for name, each in run.settings.scenario.items() if each.capacity_limit
    ]
    return [{"path": list(path), **dict(zip(("file", "line"), run.place(*path), strict=True))} for path in paths]


def _rows_of_run(run: Run) -> list[dict[str, Any]]:
    """Where the run file holds own rows: each key path from `rows` on, in its order."""
    found = ((path, place) for path, place in run.origin.items() if path[:1] == (ROWS,))
    return [{"path": list(path), "file": file, "line": line} for path, (file, line) in found]


def _scenario(run: Run, inputs: Inputs, name: str) -> dict[str, str]:
    """Label, the rows it takes, what sort of claim its adoption is, and the caveats of them all."""
    scenario = run.settings.scenario[name]
    caveat, kind, note = (inputs.by_code("scenarios", column) for column in ("caveat", "kind", "note"))
    taken = (scenario.demand, scenario.adoption, scenario.silicon, scenario.recycling)
    caveats = [caveat[part] for part in dict.fromkeys(taken) if part in caveat]
    if run.changes[name]:
        chosen = any(change.chosen for change in run.changes[name])
        caveats.append("Shares are chosen by the model." if chosen else "Shares are changed by the run file.")
    if run.diffusion.get(name):
        caveats.append("Shares follow curves that the run file asks for.")
    if scenario.capacity_limit:
        caveats.append("Announced plants limit shares as if every cell were made at home.")
    label = scenario.label or name
    return {
        "label": label,
        "demand": scenario.demand,
        "adoption": scenario.adoption,
        "silicon": scenario.silicon,
        "kind": kind[scenario.adoption],
        "caveat": " ".join(filter(None, caveats)),
        "note": scenario.note or note[scenario.adoption],
    }


def _members(resolved: Resolved, inputs: Inputs) -> dict[str, str]:
    """What each region of the run is: its ISO codes, or what its note says."""
    members, note = (inputs.by_code("regions", column) for column in ("members", "note"))
    return {name: members[name] or note[name] for name in resolved.regions.labels}


def _codes(inputs: Inputs) -> dict[str, dict[str, dict[str, str]]]:
    """Labels and groups of the code lists, so that a result can be read and drawn without the inputs."""
    wanted = {
        "segment": ("segments", ["label"]),
        "chemistry": ("chemistries", ["label", "family", "anode"]),
        "mineral": ("minerals", ["label", "symbol", "basis"]),
    }
    return {
        kind: {getattr(row, kind): {name: getattr(row, name) for name in columns} for row in inputs.rows(table)}
        for kind, (table, columns) in wanted.items()
    }
