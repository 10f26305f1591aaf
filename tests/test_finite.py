"""Tables hold finite numbers; one is missing only in the columns that say so."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals.errors import InputError
from minerals.results.finite import refuse_unfit
from minerals.studies.run import run
from minerals.tables.inputs import UsedRows

USED = UsedRows.of_records([{"file": "a.csv", "line": 2, "value": 1.0}])


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
