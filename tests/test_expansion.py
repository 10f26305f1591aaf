"""Prices, plants, stocks, past stops and who builds at the margin: the shipped rows, and what they make of a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minerals.errors import InputError
from minerals.results.result import Result
from minerals.tables.expansion import discount_rate, marginal_location, new_plants, new_supply, stock
from minerals.tables.inputs import Inputs, read_inputs

#: Refined and active materials of the anode, the cathode and the electrolyte that makers outside China plan or sell.
CHAIN = (
    "lithium_chemicals", "battery_graphite", "cobalt_refined", "nickel_sulphate", "lfp_cathode", "nmc_cathode",
    "graphite_anode", "synthetic_graphite", "coated_spherical_graphite", "separator", "lipf6",
)  # fmt: skip


@pytest.mark.parametrize("node", CHAIN)
def test_a_node_of_the_chain_has_a_price_and_plants_outside_the_top_producer(shipped_inputs: Inputs, node: str) -> None:
    assert (node,) in shipped_inputs.rows_by("material_price", "node")
    plants = new_plants(shipped_inputs, node, "outside")
    for ends in (plants.capital, plants.lead, plants.premium, plants.growth, plants.follow_on):
        value, low, high = ends
        assert 0 <= low <= value <= high
    assert plants.capital[0] > 0
    assert plants.lead[0] > 0


def test_every_refined_and_active_node_has_lead_premium_growth_and_a_holding_cost(shipped_inputs: Inputs) -> None:
    """Capital is left unknown where no plant was found, which is not a plant for nothing."""
    nodes = shipped_inputs["nodes"].query("stage in ('refining', 'active_material')")["node"]
    unknown = set()
    for node in nodes:
        for group in ("top", "outside"):
            plants = new_plants(shipped_inputs, node, group)  # type: ignore[arg-type]
            assert np.isfinite([plants.lead, plants.premium, plants.growth]).all()
        assert np.isfinite(stock(shipped_inputs, node).holding).all()
        unknown |= {node} if np.isnan(plants.capital).any() else set()
    assert "soda_ash" in unknown
    assert "graphite_anode" not in unknown


def test_plants_outside_the_top_producer_cost_more_and_take_longer(shipped_inputs: Inputs) -> None:
    for node in ("graphite_anode", "synthetic_graphite", "lfp_cathode", "nmc_cathode", "lipf6", "silicon_anode"):
        outside, top = (new_plants(shipped_inputs, node, group) for group in ("outside", "top"))  # type: ignore[arg-type]
        assert outside.capital[0] > top.capital[0]
        assert outside.lead[0] > top.lead[0]
        assert outside.premium[0] > 0 == top.premium[0]


def test_a_plants_cost_is_its_sum_over_its_capacity_in_dollars_of_2025(shipped_inputs: Inputs) -> None:
    """Redone from the locators: sum × deflator / capacity; the row is the median of them, and within its ends."""
    worth = shipped_inputs["deflator"].set_index(["currency", "year"])["value"]
    scale = {"M": 1.0, "bn": 1e3}
    printed = re.compile(r"(?<!low: )(?<!high: )(\d[\d.]*) (M|bn) ([A-Z]{3}) \((\d{4})\) / ([\d.]+) kt")
    rows = shipped_inputs["expansion_cost"].query("measure == 'capital' and unit == 'USD_2025/(kg/yr)'")
    redone = 0
    for row in rows.itertuples():
        if "silicon" in row.node or "×" in row.locator or row.node == "lithium_chemicals":
            continue
        plants = [part for part in row.locator.split("; ") if not part.startswith(("low:", "high:"))]
        found = [printed.search(part) for part in plants]
        costs = [float(m[1]) * scale[m[2]] * worth[m[3], int(m[4])] / float(m[5]) for m in found if m]
        assert len(costs) == len(plants), row.locator
        assert float(np.median(costs)) == pytest.approx(row.value, rel=1e-3), row.node
        redone += len(costs)
    assert redone > 40


def test_a_dollar_of_2025_is_one_and_older_ones_are_worth_more(shipped_inputs: Inputs) -> None:
    dollars = shipped_inputs["deflator"].query("currency == 'USD'").set_index("year")["value"]
    assert dollars[2025] == 1
    assert dollars.is_monotonic_decreasing
    assert dollars[2024] == pytest.approx(321.943 / 313.689, rel=1e-4)
    yuan = shipped_inputs["deflator"].query("currency == 'CNY'").set_index("year")["value"]
    assert yuan[2021] == pytest.approx(321.943 / 270.970 / 6.4508, rel=1e-4)


def test_prices_of_yuan_are_without_tax(shipped_inputs: Inputs) -> None:
    """Nickel sulphate of September 2025 by hand: 27,950 CNY/t / 1.13 / 7.1875 CNY per USD."""
    price = shipped_inputs["material_price"].set_index(["node", "year"])["value"]
    assert price["nickel_sulphate", 2025] == pytest.approx(27.950 / 1.13 / 7.1875, rel=1e-3)
    assert price["nickel_refined", 2024] == pytest.approx(16.812 * 321.943 / 313.689, rel=1e-3)
    assert price["battery_graphite", 2026] == price["graphite_anode", 2026]


def test_what_a_past_stop_took_follows_from_its_months(shipped_inputs: Inputs) -> None:
    """lost = 1 − Σ months / (months × normal): of graphite December 2023 to February 2024, of magnets April to June."""
    volume = shipped_inputs["event_volume"].set_index(["event", "item", "period"])["value"]
    lost = shipped_inputs["event_history"].query("measure == 'lost'").set_index(["event", "item"])
    for event, item, months in (
        ("graphite-2023", "spherical graphite", ("2023-12", "2024-01", "2024-02")),
        ("graphite-2023", "flake graphite", ("2023-12", "2024-01", "2024-02")),
        ("magnets-2025", "rare-earth magnets", ("2025-04", "2025-05", "2025-06")),
    ):
        shares = np.array([1 - volume[event, item, month] / volume[event, item, "normal"] for month in months])
        row = lost.loc[(event, item)]
        assert row["value"] == pytest.approx(shares.mean(), abs=1e-3)
        assert (row["low"], row["high"]) == pytest.approx((shares.min(), shares.max()), abs=1e-3)
    by_hand = 1 - (948 + 1017 + 1549) / (3 * 3618)
    assert lost.loc[("graphite-2023", "spherical graphite"), "value"] == pytest.approx(by_hand, abs=1e-3)
    for item in ("gallium", "germanium"):
        now, normal = (volume["gallium-germanium-2023", item, period] for period in ("2023-11", "normal"))
        assert lost.loc[("gallium-germanium-2023", item), "low"] == pytest.approx(1 - now / normal, abs=1e-3)


def test_a_stop_that_had_not_ended_has_no_end(shipped_inputs: Inputs) -> None:
    months = shipped_inputs["event_history"].query("measure == 'months'")
    open_ones = months[months["ended"] == "no"]
    assert {"graphite-2023", "gallium-germanium-2023", "antimony-2024"} <= set(open_ones["event"])
    assert open_ones["high"].isna().all()
    assert set(shipped_inputs["event_history"]["kind"]) == {"licence", "quota", "ban"}


def test_who_builds_at_the_margin_is_whole(shipped_inputs: Inputs) -> None:
    """China builds most of the next anodes and a smaller part of the next lithium, and no cobalt mine is Congo's."""
    for node in ("lithium_chemicals", "graphite_anode", "lfp_cathode", "mined_cobalt"):
        shares = marginal_location(shipped_inputs, node)
        assert sum(ends[0] for ends in shares.values()) == pytest.approx(1)
        assert all(low <= value <= high for value, low, high in shares.values())
    anode, lithium = (
        marginal_location(shipped_inputs, node)["CHN"] for node in ("graphite_anode", "lithium_chemicals")
    )
    assert anode[0] == pytest.approx((3026 - 2139) / (3356 - 2266), abs=0.01)
    assert lithium[0] < anode[0] < anode[2]
    assert marginal_location(shipped_inputs, "mined_cobalt")["COD"][0] == 0
    assert marginal_location(shipped_inputs, "soda_ash") == {}


def test_a_project_pays_more_for_money_than_a_public(shipped_inputs: Inputs) -> None:
    assert discount_rate(shipped_inputs, "project")[0] > discount_rate(shipped_inputs, "society")[0] > 0


def test_what_may_be_built_is_laid_onto_nodes_and_countries(toy: Path) -> None:
    """(end, maker, node): what no row says is not built, and a mine grows as published but for a row of its growth."""
    inputs, nodes = read_inputs(toy), ["flake_graphite", "coated_graphite"]
    located = {"flake_graphite": marginal_location(inputs, "flake_graphite")}
    new = new_supply(inputs, nodes, ["flake_graphite"], located, ["CHN", "DEU", "KOR"])
    assert new.growth[:, 1].tolist() == [[0, 0.1], [0, 0], [0, 0.5]]
    assert new.growth[:, 0].tolist() == [[0, 0]] * 3
    assert new.lead[0].tolist() == [[np.inf, np.inf], [3, 3]]
    assert new.premium[:, 1, 1].tolist() == [0.5, 0.2, 1.5]
    assert new.premium[0, 0].tolist() == [0, 0]
    assert new.follow_on[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert new.located[:, 0].tolist() == [[0.6, 0, 0.4], [0.5, 0, 0.2], [0.8, 0, 0.5]]
    assert not new.located[:, 1].any()
    # Capital and premium say nothing of how much is built.
    assert new.lines == {"expansion_cost": (3, 5, 6), "marginal_location": (2, 3)}


def test_rows_of_a_node_lead_and_those_of_any_serve_the_rest(toy: Path) -> None:
    inputs = read_inputs(toy)
    anode, cathode = (new_plants(inputs, node, "outside") for node in ("graphite_anode", "nmc_cathode"))
    assert anode.capital.tolist() == [20, 10, 40]
    assert np.isnan(cathode.capital).all()
    assert anode.lead.tolist() == cathode.lead.tolist() == [3, 2, 5]
    assert cathode.lines == (3, 4, 5, 6)
    assert stock(inputs, "nmc_cathode").holding.tolist() == [0.1, 0.05, 0.2]
    assert np.isnan(stock(inputs, "nmc_cathode").shelf_life).all()


@pytest.mark.parametrize(("file", "old", "new", "message"), [
    ("expansion_cost.csv", "20,10,40,USD_2025/(kg/yr)", "20,10,40,USD_2025/(kWh/yr)",
     r"expansion_cost\.csv:2 unit = 'USD_2025/\(kWh/yr\)': graphite_anode is measured in kt; give it in USD_2025/\(kg"),
    ("material_price.csv", "1,0.5,1.5,USD_2025/kg", "1,0.5,1.5,USD_2025/kWh", r"material_price\.csv:4 unit = .*in kt"),
    ("expansion_cost.csv", "lead,any,outside,3,2,5,year", "lead,any,outside,3,2,5,1", r"lead is in year"),
    ("holding_cost.csv", "holding,any,0.1,0.05,0.2,1", "holding,any,0.1,0.05,0.2,year", r"holding is in 1"),
    ("holding_cost.csv", "holding,any", "holding,anode", r"holding_cost\.csv:2 node = 'anode': not in nodes\.csv"),
    ("event_volume.csv", "licences,graphite,normal,100,,,t/month,book,p. 31,model,\n", "", r"no row of period"),
    ("event_volume.csv", "licences,graphite,normal", "licences,magnet,normal", r"'magnet': not in event_history\.csv"),
    ("marginal_location.csv", "KOR,0.4", "KOR,0.3", r"marginal_location\.csv:2 .*add up to 0\.9"),
])  # fmt: skip
def test_faults_are_told(toy: Path, file: str, old: str, new: str, message: str) -> None:
    path = toy / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=message):
        read_inputs(toy)


# ---------------------------------------------------------------- material_value


LATER = ('scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}")


def test_material_value_is_upstream_times_price(run_toy: Callable[..., Result], toy: Path) -> None:
    """Coated graphite at 4 in 2044, 3 between and 2 from 2046 on; flake at 1 throughout; cobalt has no price."""
    path = toy / "material_price.csv"
    path.write_text(path.read_text("utf-8").replace(",2030,", ",2044,").replace(",2032,", ",2046,"), "utf-8")
    made = run_toy(*LATER)
    places = ["scenario", "region", "node", "year"]
    value = made["material_value"].set_index(places)
    need = made["upstream"].set_index(places)["value"]
    assert set(made["material_value"]["node"]) == {"flake_graphite", "coated_graphite"}
    assert (made["material_value"]["unit"] == "million USD_2025").all()
    price = {2044: (4, 3, 6), 2045: (3, 2.5, 4), 2046: (2, 2, 2), 2047: (2, 2, 2)}
    for place, row in value.iterrows():
        ends = price[place[3]] if place[2] == "coated_graphite" else (1, 0.5, 1.5)
        assert row[["value", "low", "high"]].tolist() == pytest.approx([need[place] * each for each in ends])
        assert row["price"] == ends[0]
    assert len(value) == made["upstream"]["node"].isin(["flake_graphite", "coated_graphite"]).sum() > 0
    used = made["inputs_used"].query("table == 'material_price'")
    assert used["line"].tolist() == [2, 3, 4]


def test_a_run_without_prices_of_its_materials_has_no_value(run_toy: Callable[..., Result], toy: Path) -> None:
    path = toy / "material_price.csv"
    rows = path.read_text("utf-8").splitlines()
    path.write_text(f"{rows[0]}\nmined_cobalt,2030,40,,,USD_2025/kg,book,p. 36,model,\n", "utf-8")
    assert set(run_toy(*LATER)["material_value"]["node"]) == {"mined_cobalt"}
    path.write_text(f"{rows[0]}\nlfp_cathode,2030,4,,,USD_2025/kg,book,p. 36,model,\n", "utf-8")
    assert len(run_toy(*LATER)["material_value"]) == 0
