"""No batteries in a year, a region, a use or at all is told as zero, by every kind of run and all that reads one."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import minerals
from minerals.cli import cli
from minerals.results.iamc import timeseries

#: Rows of battery_demand that are set to zero.
Zero = Callable[[dict[str, str]], bool]
ZEROS: dict[str, Zero] = {
    "last year": lambda row: row["year"] == "2034",
    "first year": lambda row: row["year"] in ("2028", "2030"),
    "China": lambda row: row["region"] == "China",
    "Europe": lambda row: row["region"] == "Europe",
    "storage": lambda row: row["segment"] == "stationary",
    "cars": lambda row: row["segment"] == "car",
    "everything": lambda row: True,
}
#: Run file and changes of each kind of run.
KINDS = {
    "plain": ("run.toml", ()),
    "flows": ("run.toml", ("flows={}", "scope.beyond='hold'")),
    "sample": ("run.toml", ("study={kind='sample',draws=40}",)),
    "sensitivity": ("run.toml", ("study={kind='sensitivity',draws=20}",)),
    "sample with flows": ("run.toml", ("study={kind='sample',draws=40}", "flows={}", "scope.beyond='hold'")),
    "exposure and prices": ("exposed.toml", ()),
    "mix": ("mix.toml", ()),
    "mix and all beside it": ("mix.toml", ("optimise.near=0.01", "optimise.ranges='all'", "optimise.frontier='exact'")),
}


def without(toy: Path, zero: Zero) -> None:
    """Set rows of the toy's battery demand to zero."""
    path = toy / "battery_demand.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if zero(row):
            row |= {"value": "0", "low": "", "high": ""}
    # A stock needs its past.
    rows = [*({**row, "year": "2000", "value": "0"} for row in rows if row["scenario"] == "past"), *rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    corrections = (toy / "corrections.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (toy / "corrections.csv").write_text(corrections[0], encoding="utf-8")
    text = (toy / "mix.toml").read_text(encoding="utf-8")
    (toy / "exposed.toml").write_text(text.partition("[optimise]")[0], encoding="utf-8")


def told(*command: object) -> str:
    """Standard output of a command that ends well, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = CliRunner().invoke(cli, [str(word) for word in command], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("zero", ZEROS)
def test_no_batteries_are_told_as_zero(zero: str, kind: str, toy: Path, tmp_path: Path) -> None:
    without(toy, ZEROS[zero])
    name, sets = KINDS[kind]
    changes = [word for text in (*sets, "output.charts=[]") for word in ("--set", text)]
    out = tmp_path / "out"
    told("check", toy / name, "--inputs", toy, *changes)
    told("run", toy / name, "--inputs", toy, "--out", out, *changes)
    result = minerals.load(out)
    for table in result.tables.values():
        numbers = table.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any()
    if zero in ("everything", "last year"):
        last = result["cells"]["year"] == result.record["years"][-1]
        assert result["cells"].loc[last, "value"].sum() == 0
    wide = timeseries(result).frame
    assert list(wide.columns[:5]) == ["Model", "Scenario", "Region", "Variable", "Unit"]
    compared = minerals.compare(result)
    assert (compared["change"].isna() == (_base(compared) == 0)).all()
    told("compare", out)
    for mineral in result.record["minerals"]:
        told("explain", out, "--mineral", mineral)
    if "exposure" in result.record["config"] and result.record["config"]["exposure"]:
        told("explain", out, "--disruption", next(iter(result.record["exposure"]["disruptions"])))
        told("explain", out, "--node", next(iter(result.record["exposure"]["nodes"])))
        told("stress", toy / name, "--inputs", toy, "--out", tmp_path / "stress", *changes)


def _base(compared: pd.DataFrame) -> pd.Series:
    first = compared[compared["scenario"] == compared["scenario"].iloc[0]].set_index("mineral")["value"]
    return compared["mineral"].map(first)


@pytest.mark.slow
def test_no_trucks_in_the_shipped_past(tmp_path: Path) -> None:
    changes = ("scope.years={first=2015,last=2024}", "scope.segments=['truck']")
    words = [word for text in changes for word in ("--set", text)]
    told("run", "us-2030", "--out", tmp_path / "out", *words)
    assert (minerals.load(tmp_path / "out")["cells"]["value"] == 0).all()
