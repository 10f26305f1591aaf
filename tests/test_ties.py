"""What is alike but for how a solver rounds has one order and one name, whichever version of it solves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from minerals.results.tables import mix as tables


@pytest.mark.parametrize(("mongolia", "largest"), [
    (0.4, "MEX"), (0.4 + 2e-10, "MEX"), (0.4 - 2e-10, "MEX"), (0.4 + 1e-4, "MNG"), (0.4 - 1e-4, "MEX"),
])  # fmt: skip
def test_of_suppliers_that_are_as_large_the_first_by_code_is_named(
    mongolia: float, largest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mongolia and Mexico, beside own supply and a group, which are no single country abroad."""
    shares = {"MNG": mongolia, "MEX": 0.4, "DEU": 0.5, "R_OTH": 0.6}
    rows = [("Europe", "fluorspar", "mining", code, 2030, 1.0, share, 0.0) for code, share in shares.items()]
    monkeypatch.setattr(tables, "_sourcing", lambda _: rows)
    inputs = SimpleNamespace(
        countries=tuple(shares), is_group=(False, False, False, True), rules=(),
        home_by_country={"MNG": "", "MEX": "", "DEU": "Europe", "R_OTH": ""},
    )  # fmt: skip
    mix: Any = SimpleNamespace(
        assembly=SimpleNamespace(chokepoints=SimpleNamespace(inputs=inputs)), data=SimpleNamespace(strategic=())
    )
    ((_, _, _, country, value, *_),) = tables._rule(mix)
    assert (country, value) == (largest, pytest.approx(max(mongolia, 0.4)))


@pytest.mark.parametrize("nearly", [0.0, 3e-12, -3e-12])
def test_limits_that_gain_as_much_stand_by_their_index(nearly: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def gain(name: str, amount: float) -> Any:
        return SimpleNamespace(
            stage="objective", family="decline", index=("Europe", name), gain=amount, years=(2026, 2031), step=5.0,
            looser="more", per="point", least=100.0, unit="GWh",
        )  # fmt: skip

    gains = [gain("nmc", 0.0593), gain("lfp", 0.0593 + nearly), gain("si", 1.6), gain("na", 0.01)]
    text = SimpleNamespace(what="decline")
    monkeypatch.setattr(tables, "words", lambda family, index, *_: SimpleNamespace(what=f"{text.what} of {index[1]}"))
    monkeypatch.setattr(tables, "_gain_sentence", lambda *_: "")
    mix: Any = SimpleNamespace(
        data=SimpleNamespace(regions=("Europe",), pools={}), solution=SimpleNamespace(gains=gains)
    )
    glossary: Any = None
    assert [row[3] for row in tables._limits(mix, glossary)] == [
        "decline of si", "decline of lfp", "decline of nmc", "decline of na",
    ]  # fmt: skip
