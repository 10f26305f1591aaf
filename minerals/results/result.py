"""A result: tidy tables and a record. Written whole or not at all; read back without the inputs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UsageError, did_you_mean, listed

RECORD = "record.json"
#: Codes such as NA are names, not missing values.
TEXT_COLUMNS = (
    "scenario", "region", "segment", "chemistry", "mineral", "route", "unit", "fill", "rows", "table", "file", "source",
    "locator", "quality", "note", "corrected_by", "citation", "url", "licence",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Tables by name and the record of a run. `result["mineral_demand"]` is a tidy DataFrame; do not change it."""

    record: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.tables:
            raise KeyError(f"no table {name}{did_you_mean(name, self.tables)} (tables: {listed(list(self.tables))})")
        return self.tables[name]

    @property
    def scenarios(self) -> list[str]:
        """Scenario names in the order of the run file; the first is the base of comparisons."""
        return list(self.record["scenarios"])

    def total(self, quantity: str = "mineral_demand", by: Sequence[str] = ("scenario",), **where: Any) -> Any:
        """Sum of a quantity in its unit, by the dimensions `by`, where the others have the labels given.

        result.total(mineral="graphite", year=2035) is a Series by scenario; by=() gives a number. Raises KeyError for
        a dimension or label that is not in the table: a misspelt label is never a silent zero.
        """
        frame = self[quantity]
        for name, label in where.items():
            if name not in frame:
                raise KeyError(f"{quantity} has no dimension {name}{did_you_mean(name, frame.columns)}")
            known = set(frame[name])
            if label not in known:
                raise KeyError(f"{name} {label!r} not in {quantity}{did_you_mean(str(label), map(str, known))}")
            frame = frame[frame[name] == label]
        if not by:
            return float(frame["value"].sum())
        return frame.groupby(list(by), sort=False)["value"].sum()

    def iamc(self) -> pd.DataFrame:
        """The result in the IAMC layout (Model, Scenario, Region, Variable, Unit, one column a year)."""
        from .iamc import iamc

        return iamc(self)

    def write(self, folder: Path, *, force: bool = False, extra: Callable[[Path], None] | None = None) -> None:
        """Write record.json, tables/*.csv and iamc.csv to `folder`, with what `extra` adds, whole or not at all.

        Everything is written beside the folder first and renamed at the end. A folder that holds the same run is
        replaced; one that holds another run only with `force`; one that holds anything else never. Raises UsageError.
        """
        refuse_other_run(folder, self.record["run"], force)
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
            text = json.dumps(self.record, indent=1, ensure_ascii=False, sort_keys=False)
            (temporary / RECORD).write_text(text + "\n", encoding="utf-8")
            if extra is not None:
                extra(temporary)
            temporary.chmod(0o777 & ~_umask())
            swap(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def refuse_other_run(folder: Path, run: str, force: bool) -> None:
    """Raise UsageError where `folder` holds something a run of this name must not replace."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; choose another folder with --out")
    if not any(folder.iterdir()):
        return
    try:
        other = json.loads((folder / RECORD).read_text(encoding="utf-8"))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder} holds files that are not a result; nothing was written: choose another folder with --out"
        ) from None
    if other != run and not force:
        why = f"{folder} holds the run '{other}'; choose another folder with --out, or replace it with --force"
        raise UsageError(why)


def swap(temporary: Path, folder: Path) -> None:
    """Put a finished folder in place of an older one; the older one is only removed once the new one stands."""
    old = temporary.with_name(temporary.name + "-old")
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(temporary, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def load(folder: str | Path) -> Result:
    """Read a result folder. Raises UsageError where it is not one."""
    folder = Path(folder)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        paths = sorted((folder / "tables").glob("*.csv"))
        tables = {path.stem: _read_csv(path) for path in paths}
    except (OSError, ValueError) as error:
        what = "not found" if not folder.exists() else f"is not a result folder ({type(error).__name__})"
        raise UsageError(f"{folder} {what}; name a folder that `minerals run` wrote, e.g. runs/europe-2035") from None
    return Result(record, {name: tables[name] for name in record["tables"] if name in tables})


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, float_format="%.12g", lineterminator="\n", encoding="utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    missing = {name: [""] for name in ("value", "low", "high", "year", "line", "silicon")}
    kinds = dict.fromkeys(TEXT_COLUMNS, str)
    return pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=missing, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
