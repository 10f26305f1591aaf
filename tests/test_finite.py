"""Tables hold finite numbers; one is missing only in the columns that say so."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals.case.optimise import Mix
from minerals.errors import InputError
from minerals.mix.optimum import Range
from minerals.results.finite import refuse_unfit
from minerals.results.tables import mix as mix_tables
from minerals.studies.run import run

USED = pd.DataFrame({"file": ["a.csv"], "line": [2], "value": [1.0]})


@pytest.mark.parametrize("column", ["low", "high"])
def test_the_worth_of_a_limit_may_hold_without_end(toy: Path, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    limits = mix_tables._limits

    def without_end(mix: Mix, labels: mix_tables.Glossary) -> list[tuple[object, ...]]:
        ends = {"low": Range(-np.inf, 1.0), "high": Range(0.0, np.inf)}[column]
        known = tuple(replace(limit, holds=ends, room=np.inf) for limit in mix.solution.limits)
        return list(limits(replace(mix, solution=replace(mix.solution, limits=known)), labels))

    monkeypatch.setattr(mix_tables, "_limits", without_end)
    table = run(toy / "mix.toml", inputs=toy)["mix_limit"]
    assert len(table)
    assert table[column].isna().all()
    assert (table["step"] == 1).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_only_a_missing_number_of_a_column_that_says_so_is_taken(value: float) -> None:
    frame = pd.DataFrame({"node": ["x"], "year": [2030], "low": [value]})
    with pytest.raises(InputError, match=r"table cells low = .*\(x, 2030\)"):
        refuse_unfit({"cells": frame}, USED)
    if np.isnan(value):
        refuse_unfit({"exposure": frame}, USED)
    else:
        with pytest.raises(InputError, match="table exposure low"):
            refuse_unfit({"exposure": frame}, USED)


def test_what_overflows_after_the_plain_run_is_refused_without_a_warning(toy: Path) -> None:
    path = toy / "supply_utilisation.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, ["value", "low", "high"]] = ["1e-308", "", ""]
    frame.to_csv(path, index=False, lineterminator="\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=r"supply_utilisation\.csv"):
            run(toy / "mix.toml", inputs=toy)
