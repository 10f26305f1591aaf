"""A result: tidy tables and a record. Written whole or not at all; read back without the inputs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UsageError, did_you_mean, listed

RECORD = "record.json"
CHARTS = "charts"
#: What must not be added up: `total` asks for one label of these, or for a sum by them.
APART = ("mineral", "flow", "measure", "node")
#: What every record holds, and the columns of the tables that a result is compared and explained from.
RECORD_KEYS = {
    "run": str, "title": str, "scenarios": dict, "regions": list, "region_label": str, "segments": list,
    "minerals": list, "years": list, "fills": list, "rows_used": dict, "codes": dict, "config": dict, "versions": dict,
    "tables": list,
}  # fmt: skip
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
#: Codes such as NA are names, not missing values.
TEXT_COLUMNS = (
    "scenario", "region", "segment", "chemistry", "mineral", "route", "unit", "fill", "rows", "table", "file", "source",
    "locator", "quality", "note", "corrected_by", "citation", "url", "licence",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Result:
    """Tables by name and the record of a run. `result["mineral_demand"]` is a tidy DataFrame; do not change it.

    files: texts that are written beside the record, by name; not read back.
    """

    record: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    files: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        years = self.record["years"]
        tables = listed([f"{name} ({len(frame)} rows)" for name, frame in self.tables.items()])
        return (
            f"Result: {self.record['title']}\n  scenarios: {', '.join(self.scenarios)}\n"
            f"  {self.record['region_label']}, {years[0]}–{years[-1]}\n  tables: {tables}"
        )

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.tables:
            raise KeyError(f"no table {name}{did_you_mean(name, self.tables)} (tables: {listed(list(self.tables))})")
        return self.tables[name]

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
        from .iamc import iamc

        return iamc(self)

    def write(self, folder: str | Path, *, force: bool = False, extra: Callable[[Path], None] | None = None) -> None:
        """Write record.json, tables/*.csv and iamc.csv to `folder`, with what `extra` adds, whole or not at all.

        Everything is written beside the folder first and renamed at the end. A folder that holds the same run is
        replaced; one that holds another run only with `force`; one that holds anything else never. The record lists
        the files written; a file it does not list is somebody's own and never lost: charts drawn later (in charts/)
        are kept when the same run is replaced, any other file is a UsageError. Raises UsageError.
        """
        refuse_other_run(folder, self.record["run"], force)
        shown, folder = folder, _resolved(folder)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        except OSError as error:
            why = f"cannot write to {folder.parent}: {error.strerror}; choose another place with --out"
            raise UsageError(why) from None
        try:
            (temporary / "tables").mkdir()
            for name, frame in self.tables.items():
                _write_csv(frame, temporary / "tables" / f"{name}.csv")
            _write_csv(self.iamc(), temporary / "iamc.csv")
            for name, text in self.files.items():
                (temporary / name).write_text(text, encoding="utf-8")
            if extra is not None:
                extra(temporary)
            text = json.dumps({**self.record, "files": _files(temporary)}, indent=1, ensure_ascii=False)
            _keep(unlisted(folder), folder, temporary)
            (temporary / RECORD).write_text(text + "\n", encoding="utf-8")
            temporary.chmod(0o777 & ~_umask())
            swap(temporary, folder)
        except OSError as error:
            raise UsageError(f"cannot write {shown}: {error.strerror or error}; nothing in it was changed") from error
        finally:
            _remove(temporary)


def refuse_other_run(folder: str | Path, run: str, force: bool) -> None:
    """Raise UsageError where `folder` holds something a run of this name must not replace."""
    shown, folder = folder, _resolved(folder)
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise UsageError(f"{shown} is a file; choose another folder with --out")
        if not any(folder.iterdir()):
            return
        other = json.loads((folder / RECORD).read_text(encoding="utf-8"))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{shown} holds files that are not a result; nothing was written: choose another folder with --out"
        ) from None
    if other != run and not force:
        why = f"{shown} holds the run '{other}'; choose another folder with --out, or replace it with --force"
        raise UsageError(why)
    own = [file for file in unlisted(folder) if other != run or not file.startswith(f"{CHARTS}/")]
    if own:
        raise UsageError(
            f"{shown} holds files that the run did not write: {listed(own, 5)}; nothing was written: move them, or "
            "choose another folder with --out"
        )


def unlisted(folder: str | Path) -> list[str]:
    """Files of a result folder that its record does not list: somebody's own, and charts drawn after the run."""
    folder = Path(folder)
    try:
        known = json.loads((folder / RECORD).read_text(encoding="utf-8")).get("files")
    except FileNotFoundError:
        known = None
    written = {RECORD, *(known if isinstance(known, list) else ())}
    return [file for file in _files(folder) if file not in written]


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


def swap(temporary: Path, folder: Path) -> None:
    """Put a finished folder in place of an older one; the older one is only removed once the new one stands.

    The folder itself is renamed, except where it is the current one: there its contents are exchanged, so that the
    shell does not stand in a folder that is gone. Whatever fails, the renames done so far are taken back.
    """
    old = temporary.with_name(temporary.name + "-old")
    moves = [(folder, old), (temporary, folder)]
    if not folder.exists():
        moves = moves[1:]
    elif Path.cwd().is_relative_to(folder):
        old.mkdir()
        moves = [(path, old / path.name) for path in folder.iterdir()]
        moves += [(path, folder / path.name) for path in temporary.iterdir()]
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            os.rename(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            os.rename(target, source)
        if old.is_dir() and not any(old.iterdir()):
            old.rmdir()
        raise
    _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, its read-only folders too."""
    if folder.is_dir():
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _resolved(folder: str | Path) -> Path:
    """The folder itself, without links and dots. Raises UsageError."""
    try:
        return Path(folder).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise UsageError(f"{folder} cannot be followed ({error}); choose another folder with --out") from None


def load(folder: str | Path) -> Result:
    """Read a result folder. Raises UsageError where it is not one, or lacks a part that `minerals run` wrote."""
    folder = Path(folder)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        what = "is not a result folder (no readable record.json)" if folder.exists() else "not found"
        raise UsageError(f"{folder} {what}; name a folder that `minerals run` wrote, e.g. runs/europe-2035") from None
    record = record if isinstance(record, dict) else {}
    if bad := [key for key, kind in RECORD_KEYS.items() if not isinstance(record.get(key), kind)]:
        raise UsageError(f"{folder / RECORD} lacks {listed(bad, 5)}; repeat the run with `minerals run`")
    names = dict.fromkeys([*record["tables"], *COLUMNS])
    return Result(record, {name: _table(folder / "tables" / f"{name}.csv") for name in names})


def _table(path: Path) -> pd.DataFrame:
    """A table of a result folder. Raises UsageError where it is missing, unreadable or short of a column."""
    try:
        frame = _read_csv(path)
    except FileNotFoundError:
        why = "is missing"
    except (OSError, ValueError) as error:
        why = f"is not readable ({str(error).strip()})"
    else:
        missing = [name for name in COLUMNS.get(path.stem, ()) if name not in frame]
        if not missing:
            return frame
        why = f"lacks the columns {listed(missing)}"
    raise UsageError(f"{path} {why}; repeat the run with `minerals run`")


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, float_format="%.12g", lineterminator="\n", encoding="utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    numbers = ("value", "low", "high", "year", "line", "silicon", "rmse", "exported", "available", "first_year_below")
    missing = {name: [""] for name in numbers}
    kinds = {**dict.fromkeys(TEXT_COLUMNS, str), **dict.fromkeys(("value", "low", "high", "silicon"), float)}
    frame = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=missing, encoding="utf-8")
    return frame.assign(year=pd.to_numeric(frame["year"])) if "year" in frame else frame


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
