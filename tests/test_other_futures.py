"""Other futures beside that of a run: the same plans and events, other makers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from minerals.errors import InputError
from minerals.results.result import Result
from minerals.studies.run import run

TOY = Path(__file__).parent / "toy"


def toy(folder: Path, future: str, others: str = "") -> Result:
    if not folder.exists():
        folder.mkdir()
        package = TOY.parents[1] / "inputs" / "datapackage.json"
        for file in [*TOY.iterdir(), package]:
            (folder / file.name).write_bytes(file.read_bytes())
    exposure = f"demand='plan', adoption='plan', concern='china', future='{future}', draws=0"
    return run(folder / "run.toml", [f"exposure={{{exposure}{others}}}"], folder)


@pytest.mark.slow
def test_what_is_lost_beside_is_what_a_run_in_that_future_loses(tmp_path: Path) -> None:
    both = toy(tmp_path / "toy", "today", ", other_futures=['plans', 'today']")
    table = both["lost_by_future"]
    assert list(dict.fromkeys(table["future"])) == ["today", "plans"], "each once, that of the run first"
    for future, mine in table.groupby("future", sort=False):
        alone = toy(tmp_path / "toy", str(future))
        assert "lost_by_future" not in alone.tables
        own = alone["disruptions"]
        own = own[own["year"] == own["year"].max()][mine.columns.drop("future")].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine.drop(columns="future").reset_index(drop=True), own)
        used = set(alone["inputs_used"]["rows"])
        assert used <= set(both["inputs_used"]["rows"]), "what another future rests on is told too"
    assert list(both.record["codes"]["future"]) == ["today", "plans"]
    assert both.record["codes"]["future"]["plans"]["label"] == "Plans"


def test_a_future_that_there_is_not_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"other_futures = 'plan'[\s\S]*not in supply_futures.csv; did you mean 'plans'"
    ):
        toy(tmp_path / "toy", "today", ", other_futures=['plan']")
