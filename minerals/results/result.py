"""A result: tidy tables and a record. Written whole or not at all; read back without the inputs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..columns import Columns, Frames
from ..errors import UsageError, did_you_mean, listed
from ..haste import frozen
from ..numbers import number
from .csv_files import read_csv, write_csv
from .folders import staged, sweep
from .hashes import AGAIN, OWN_HASH, RECORD, WRITTEN, own_hash, sha256
from .iamc import timeseries

if TYPE_CHECKING:
    import pandas as pd

CHARTS = "charts"
#: What must not be added up: `total` asks for one label of these, or for a sum by them.
APART = ("mineral", "flow", "measure", "node")
#: Columns of the tables that a result is compared and explained from.
CELLS = ("scenario", "region", "segment", "chemistry", "silicon", "year", "value", "unit")
RESOLVED = ("year", "value", "unit", "fill", "rows")
COLUMNS = {
    "mineral_demand": (*CELLS, "mineral", "low", "high"),
    "cells": CELLS,
    "graphite_by_route": ("scenario", "region", "segment", "route", "year", "value", "unit"),
    "battery_demand": ("scenario", "region", "segment", *RESOLVED),
    "market_share": ("scenario", "region", "segment", "chemistry", "silicon", *RESOLVED),
    "silicon_uptake": ("scenario", "region", "segment", "chemistry", "silicon", *RESOLVED),
    "mineral_intensity": ("chemistry", "silicon", "mineral", "value", "unit", "fill", "rows"),
    "inputs_used": ("file", "line", "year", "value", "source", "locator", "quality", "note", "corrected_by", "rows"),
    "sources_used": ("source", "citation"),
}


@frozen
class Result:
    """Tables by name and the record of a run. `result["mineral_demand"]` is a tidy DataFrame; do not change it: files
    are written from its columns.

    files: texts, or bytes, that are written beside the record, by name; not read back.
    """

    record: dict[str, Any]
    tables: Mapping[str, pd.DataFrame]
    files: dict[str, str | bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.tables, Frames):
            object.__setattr__(self, "tables", Frames(self.tables))

    @cached_property
    def rows_used(self) -> dict[str, dict[str, Any]]:
        """Rows of the inputs that count, each by column, by their names."""
        return {row["rows"]: row for row in self.columns("inputs_used").records()}

    def __repr__(self) -> str:
        years = self.record["years"]
        tables = listed([f"{name} ({self._frames.length(name)} rows)" for name in self.tables])
        return (
            f"Result: {self.record['title']}\n  scenarios: {', '.join(self.scenarios)}\n"
            f"  {self.record['region_label']}, {years[0]}–{years[-1]}\n  tables: {tables}"
        )

    def _repr_html_(self) -> str:
        """For a notebook: title, what the run is of, kt by mineral and scenario in its last year, and its tables."""
        from html import escape

        from .compare import compare

        found = compare(self).frame
        labels = {code: about["label"] for code, about in self.record["codes"]["mineral"].items()}
        wide = found.pivot(index="mineral", columns="scenario", values="value")
        wide = wide.loc[[name for name in self.record["minerals"] if wide.loc[name].any()], self.scenarios]
        wide = wide.rename(index=labels, columns={n: e["label"] for n, e in self.record["scenarios"].items()})
        years, place = self.record["years"], self.record["region_label"]
        shown = wide.rename_axis(index=None, columns=f"kt, {years[-1]}").to_html(float_format=number, escape=True)
        head = f"<b>{escape(self.record['title'])}</b><br>{escape(place)}, {years[0]}–{years[-1]}"
        return f"<div>{head}{shown}<small>Tables: {escape(', '.join(self.tables))}</small></div>"

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.tables:
            raise KeyError(f"no table {name}{did_you_mean(name, self.tables)} (tables: {listed(list(self.tables))})")
        return self.tables[name]

    def columns(self, name: str) -> Columns:
        """A table as columns of plain cells, for which no frame is made. Raises KeyError."""
        return self._frames.columns(name)

    @property
    def _frames(self) -> Frames:
        assert isinstance(self.tables, Frames)
        return self.tables

    @property
    def scenarios(self) -> list[str]:
        """Scenario names in the order of the run file; the first is the base of comparisons."""
        return list(self.record["scenarios"])

    def labels(self, dimension: str) -> list[Any]:
        """Labels of a dimension in this run, in order, whether or not a table has rows of them; [] where unlisted."""
        if dimension == "chemistry":
            return list(self.record["codes"]["chemistry"])
        known = dimension in ("scenario", "region", "segment", "mineral", "year")
        return list(self.record[f"{dimension}s"]) if known else []

    def total(self, quantity: str = "mineral_demand", by: str | Sequence[str] = ("scenario",), **where: Any) -> Any:
        """Sum of a quantity in its unit, by the dimensions `by`, where the others have the labels given.

        result.total(mineral="graphite", year=2035) is a Series by scenario; by=() gives a number. Tables leave zeros
        out, a total does not: it is 0.0 where nothing is needed. Raises KeyError for a dimension or label that the run
        does not have (a misspelt label is never a silent zero), and where different minerals would be added up.
        """
        frame = self[quantity]
        by = [by] if isinstance(by, str) else list(by)
        for name in [*where, *by]:
            if name not in frame:
                raise KeyError(f"{quantity} has no dimension {name}{did_you_mean(name, frame.columns)}")
        for name in APART:
            if name in frame and name not in where and name not in by:
                known = ", ".join(map(repr, list(frame[name].unique())[:3]))
                raise KeyError(f"say which {name} ({known} …), or name it in `by`: different ones do not add up")
        for name, label in where.items():
            frame = frame[frame[name] == self._known(quantity, name, label)]
        if not by:
            return float(frame["value"].sum())
        sums = frame.groupby(by, sort=False)["value"].sum()
        axes = [[self._known(quantity, name, where[name])] if name in where else self.labels(name) for name in by]
        if not all(axes) or "chemistry" in by:
            return sums
        import pandas as pd

        if len(by) == 1:
            return sums.reindex(pd.Index(axes[0], name=by[0]), fill_value=0.0)
        return sums.reindex(pd.MultiIndex.from_product(axes, names=by), fill_value=0.0)

    def _known(self, quantity: str, name: str, label: Any) -> Any:
        """The label, a year also where it is given as text. Raises KeyError where the run does not have it."""
        if name == "year" and str(label).isdecimal():
            label = int(label)
        known = [*self.labels(name), *self[quantity][name].unique()]
        if label not in known:
            raise KeyError(f"{name} {label!r} not in {quantity}{did_you_mean(str(label), map(str, known))}")
        return label

    def iamc(self) -> pd.DataFrame:
        """The result in the IAMC layout (Model, Scenario, Region, Variable, Unit, one column a year)."""
        return timeseries(self).frame

    def write(self, folder: str | Path, *, force: bool = False, extra: Callable[[Path], None] | None = None) -> None:
        """Write record.json, tables/*.csv and iamc.csv to `folder`, with what `extra` adds, whole or not at all.

        Everything is written beside the folder first, put on the disk, and exchanged for an older one in one step; what
        a writer left there that was ended by force is removed before. A folder that holds the same run is replaced; one
        that holds another run only with `force`; one that holds anything else never. The record lists the files written
        with their SHA-256; a file it does not list is somebody's own and never lost: charts drawn later (in charts/)
        are kept when the same run is replaced, any other file is a UsageError. Raises UsageError.
        """
        refuse_other_run(folder, self.record["run"], force)
        shown, folder = folder, _resolved(folder)
        try:
            with staged(folder) as new:
                self._fill(new, extra)
                _keep(unlisted(folder), folder, new)
        except OSError as error:
            why = f"{error.strerror or error}; nothing in it was changed: choose another place with --out"
            raise UsageError(f"cannot write {shown}: {why}") from error

    def _fill(self, folder: Path, extra: Callable[[Path], None] | None) -> None:
        """Write the files of the result into an empty folder, the record last."""
        (folder / "tables").mkdir()
        for name in self.tables:
            write_csv(self.columns(name), folder / "tables" / f"{name}.csv")
        write_csv(timeseries(self), folder / "iamc.csv")
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        if extra is not None:
            extra(folder)
        record = {**self.record, "files": {file: sha256(folder / file) for file in _files(folder)}}
        # As it is read back, so that its hash is that of what was written.
        record = json.loads(json.dumps(record))
        text = json.dumps({**record, OWN_HASH: own_hash(record)}, indent=1, ensure_ascii=False)
        (folder / RECORD).write_text(text + "\n", encoding="utf-8")


def refuse_other_run(folder: str | Path, run: str, force: bool) -> None:
    """Raise UsageError where `folder` holds something a run of this name must not replace.

    An exchange that was cut short there by force is finished first.
    """
    shown, folder = folder, _resolved(folder)
    sweep(folder)
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise UsageError(f"{shown} is a file; choose another folder with --out")
        if not any(folder.iterdir()):
            return
        if not stat.S_IMODE(folder.stat().st_mode) & 0o222:
            why = "is protected against writing; nothing was written: choose another folder with --out, or unprotect it"
            raise UsageError(f"{shown} {why}")
        other = _run_in(folder, shown)
        own = [file for file in unlisted(folder) if other != run or not file.startswith(f"{CHARTS}/")]
    except OSError as error:
        why = f"{error.strerror or error}; nothing was written: choose another folder with --out"
        raise UsageError(f"{shown} cannot be looked at: {why}") from None
    if other != run and not force:
        why = f"{shown} holds the run '{other}'; choose another folder with --out, or replace it with --force"
        raise UsageError(why)
    if own:
        raise UsageError(
            f"{shown} holds files that the run did not write: {listed(own, 5)}; nothing was written: move them, or "
            "choose another folder with --out"
        )


def _run_in(folder: Path, shown: str | Path) -> str:
    """Name of the run that a folder holds. Raises UsageError where it holds none, OSError where it cannot be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return str(record["run"])
    except FileNotFoundError:
        what = "holds files that are not a result"
    except (ValueError, KeyError, TypeError, RecursionError):
        what = f"holds a {RECORD} that is not a result"
    raise UsageError(f"{shown} {what}; nothing was written: choose another folder with --out")


def unlisted(folder: str | Path) -> list[str]:
    """Files of a result folder that its record does not list: somebody's own, and charts drawn after the run."""
    folder = Path(folder)
    try:
        known = json.loads((folder / RECORD).read_text(encoding="utf-8")).get("files")
    except FileNotFoundError:
        known = None
    # A record of an earlier version lists the names alone.
    listed_there = {file for file in known if isinstance(file, str)} if isinstance(known, dict | list) else set()
    return [
        file for file in _files(folder) if file != RECORD and not (file in listed_there and WRITTEN.fullmatch(file))
    ]  # fmt: skip


def _files(folder: Path) -> list[str]:
    """Paths of the files below a folder, relative to it, with forward slashes; a link counts as a file."""
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _keep(files: list[str], folder: Path, temporary: Path) -> None:
    """Copy files of the older folder into the new one. Raises UsageError where the new one has a file of that name."""
    if taken := [file for file in files if os.path.lexists(temporary / file)]:
        why = f"the run would write {listed(taken, 5)}, but files of that name are there that no run wrote"
        raise UsageError(f"{why}; nothing was written: move them, or choose another folder with --out")
    for file in files:
        (temporary / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / file, temporary / file, follow_symlinks=False)


def _resolved(folder: str | Path) -> Path:
    """The folder itself, without links and dots. Raises UsageError."""
    try:
        return Path(folder).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise UsageError(f"{folder} cannot be followed ({error}); choose another folder with --out") from None


def load(folder: str | Path) -> Result:
    """Read a result folder. Raises UsageError where it is not one, lacks a part, or was changed after the run."""
    from .form import read

    folder = Path(folder)
    record = read(folder)
    names = dict.fromkeys([*record["tables"], *COLUMNS])
    return Result(record, Frames({name: _table(folder, name, record["files"]) for name in names}))


def _table(folder: Path, name: str, hashes: Mapping[str, str]) -> pd.DataFrame:
    """A table of a result folder. Raises UsageError where it is not there, or not as the run wrote it."""
    file = f"tables/{name}.csv"
    try:
        content = (folder / file).read_bytes()
        if hashlib.sha256(content).hexdigest() != hashes.get(file):
            raise UsageError(f"{folder / file} was changed after the run; {AGAIN}")
        frame = read_csv(BytesIO(content))
    except FileNotFoundError:
        why = "is missing"
    except (OSError, ValueError) as error:
        why = f"is not readable ({str(error).strip()})"
    else:
        missing = [column for column in COLUMNS.get(name, ()) if column not in frame]
        if not missing:
            return frame
        why = f"lacks the columns {listed(missing)}"
    raise UsageError(f"{folder / file} {why}; {AGAIN}")
