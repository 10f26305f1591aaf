"""What a shell completes: run files, keys and their values, charts, names."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from minerals.charts import CHARTS
from minerals.cli import cli
from minerals.config.run_file import keys
from minerals.shipped import run_names


def completed(words: list[str], incomplete: str) -> list[str]:
    found = ShellComplete(cli, {}, "minerals", "_MINERALS_COMPLETE").get_completions(words, incomplete)
    return [item.value for item in found if item.type == "plain"]


@pytest.mark.parametrize(("words", "incomplete", "expected"), [
    (["run"], "europe", [name for name in run_names() if name.startswith("europe")]),
    (["run", "europe-mix", "--set"], "optimise.fr", ["optimise.frontier="]),
    (["run", "europe-mix", "--set"], "optimise.lines=", []),
    (["run", "europe-mix", "--set"], "optimise.loss=s", ["optimise.loss=supply"]),
    (["check", "europe-mix", "--set"], "nothing.", []), (["run", "x", "--set"], "nothing=", []),
    (["chart", "runs/x"], "fr", ["frontier"]), (["describe"], "mined_n", ["mined_nickel"]),
    (["describe"], "key", ["keys"]),
])  # fmt: skip
def test_words_are_completed(words: list[str], incomplete: str, expected: list[str]) -> None:
    assert completed(words, incomplete) == expected


def test_all_charts_and_every_key_are_known() -> None:
    assert completed(["chart", "x"], "") == list(CHARTS)
    assert completed(["run", "x", "--set"], "") == [f"{path}=" for path, key in keys().items() if key.example]
