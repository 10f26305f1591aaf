"""The model against results that others published: every row of published.csv, by the code of `minerals validate`."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals.errors import InputError, UsageError
from minerals.results.compare import compare
from minerals.results.result import Result
from minerals.results.verdicts import lines, summary, write
from minerals.validation.figure17 import MINERALS as FAMILY_MINERALS
from minerals.validation.figure17 import Mix, change, with_intensity_of, with_storage, with_sub_mix
from minerals.validation.published import COLUMNS, COMPARED, Published, read_published
from minerals.validation.validate import (
    AGREES,
    KINDS,
    PLANTS,
    Model,
    graphite_change,
    graphite_free_share,
    judged,
    validate,
)

pytestmark = pytest.mark.slow

TABLE = Path(__file__).parent / "published.csv"
ROWS = read_published(KINDS)
HEADER = ",".join(COLUMNS)
GOOD = "a,cells,world-2050,stated-trend,,,car,,,,,2024,900,GWh,ratio,0.9,1.1,Somebody (2025),page 1,Trackers differ.,,"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_published(row: Published, validation: Result) -> None:
    """Ours stands where it was measured against theirs; the reason says why it may differ."""
    found = validation["validation"].set_index("id").loc[row.id]
    assert found["verdict"] in ("agrees", "differs"), f"ours {found['ours']:.6g}, theirs {row.value}: {row.reason}"


def test_the_table_covers_what_was_asked(validation: Result) -> None:
    """Three editions of the IEA's outlook by use and mineral to 2050, GWh, plants, trade, recycling, figure 17."""
    table = validation["validation"]
    assert len(table) == len(ROWS) >= 425
    for edition in (2024, 2025, 2026):
        rows = table[table["id"].str.startswith(f"IEA {edition} ")]
        assert set(rows["mineral"]) >= {"graphite", "lithium", "nickel", "cobalt"}
        assert {2030, 2040, 2050} <= set(rows["year"])
        assert {"stationary"} < set(rows["segments"])
    assert set(table["kind"]) == set(KINDS)
    assert set(table["compare"]) == set(COMPARED)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_says_where_it_stands_and_why_it_may_differ(row: Published) -> None:
    assert min(len(text.strip()) for text in (row.source, row.locator, row.reason)) > 5
    assert row.low < row.high
    assert not row.source.startswith(("github", "http")), "a source is a citation; the address is its locator"


@pytest.mark.parametrize("row", [row for row in ROWS if row.compare == "ratio"], ids=lambda row: row.id)
def test_the_bounds_of_a_ratio_are_narrow(row: Published) -> None:
    """A row that could be a third or more off on either side would notice nothing; small ratios are wider."""
    assert row.high - row.low <= max(0.45 * row.high, 0.01) or row.id in WIDE, (row.low, row.high)


WIDE = {
    "IEA 2025 nickel storage 2024", "IEA 2025 nickel storage 2030", "IEA 2025 cobalt storage 2024",
    "IEA 2025 cobalt storage 2030",
}  # fmt: skip
"""Rows that rest on an assumed share of NMC in storage."""


# ---------------------------------------------------------------- our values


def test_the_least_run_gives_the_values_of_the_whole_run(validation: Result, europe: Result, world: Result) -> None:
    table = validation["validation"].set_index("id")["ours"]
    changes = compare(europe, year=2035).frame.set_index(["mineral", "scenario"])["change"]
    assert table["figure 17 graphite"] == pytest.approx(changes["graphite", "next-gen"], rel=1e-12)
    demand = world["mineral_demand"].query("scenario == 'stated-trend' and year == 2030 and segment == 'stationary'")
    cobalt = demand.loc[demand["mineral"] == "cobalt", "value"].sum()
    assert table["IEA 2025 cobalt storage 2030"] == pytest.approx(cobalt, rel=1e-12)
    assert table["world GWh road 2035"] + world.total("cells", year=2035, segment="stationary")["stated-trend"] + (
        world.total("cells", year=2035, segment="electronics")["stated-trend"]
    ) == pytest.approx(world.total("cells", year=2035)["stated-trend"], rel=1e-12)
    flows = world["mineral_flows"].query("scenario == 'stated-trend' and year == 2035 and mineral == 'cobalt'")
    by = flows.groupby("flow")["value"].sum()
    cut = by["recovered"] / by["mineral_demand"]
    assert table["recycling cuts primary cobalt 2035"] == pytest.approx(cut, rel=1e-9)


def test_a_run_is_computed_once_and_no_larger_than_needed() -> None:
    model = Model(ROWS)
    for row in ROWS:
        KINDS[row.kind](row, model)
    assert sorted(model.runs) == [
        ("europe-2035", False, ""), ("europe-2050", True, ""), ("world-2050", False, ""),
        *(("world-2050", False, part) for part in ("EU27", "Germany", "Japan", "South Korea")),
        ("world-2050", True, ""),
    ]  # fmt: skip
    for (name, _, part), result in model.runs.items():
        asked = {row.mineral for row in ROWS if row.run == name and row.mineral}
        assert part or set(result.record["minerals"]) <= asked or not asked
        assert not part or result.record["regions"] == [part]
    assert model.runs["world-2050", False, ""].scenarios == ["stated-trend"]


def test_a_row_of_nothing_is_refused() -> None:
    row = replace(next(row for row in ROWS if row.kind == "cells"), region="Atlantis")
    with pytest.raises(UsageError, match=r"published\.csv:\d+ .*: the run world-2050 has no rows for it"):
        KINDS[row.kind](row, Model([row]))


# ---------------------------------------------------------------- countries, plants, trade, cathodes


def found(**fields: object) -> float:
    """Our value for a row of these fields, the rest as in a row of the world's cells in 2024."""
    base = next(row for row in ROWS if row.id == "world GWh road 2024")
    row = replace(base, **({"segments": ()} | fields))  # type: ignore[arg-type]
    return KINDS[row.kind](row, Model([row]))


def test_a_part_of_a_region_has_its_own_run_and_parts_add_up() -> None:
    """Germany, France and the rest are the EU27; the EU27 alone is less than Europe."""
    whole, europe = found(region="EU27"), found(region="Europe")
    assert found(region="Germany") + found(region="France") < whole < europe
    cars, (source,) = {"segments": ("car",)}, [
        row for row in Model(()).inputs.rows("region_part")
        if (row.region, row.segment, row.year) == ("Germany", "car", 2024)
    ]  # fmt: skip
    assert found(region="Germany", **cars) == pytest.approx(source.value * found(region="EU27", **cars))


def test_plants_are_those_of_the_list() -> None:
    """Of Canada and Hungary by hand from cell_plant.csv; makers abroad are not at home, and places add up."""
    model = Model(())
    rows = pd.concat([model.inputs["cell_plant"], model.inputs["next_gen_plant"].query("item == 'cell'")])
    stands = rows.query("country == 'HUN' and status == 'operating' and ~(year > 2026)")
    stands = stands.groupby(["company", "site"])["value"].max().sum()
    plants = {"run": "", "unit": "GWh/yr", "year": 2026}
    assert found(kind="plants_operating", region="Hungary", **plants) == pytest.approx(stands)
    kinds = [found(kind=kind, region="Europe", **plants) for kind in PLANTS]
    assert kinds == sorted(kinds)
    assert 0 < found(kind="plants_announced", maker="CHN", region="Europe", **plants) < found(
        kind="plants_announced", maker="CHN", **plants
    )  # fmt: skip
    anodes = plants | {"unit": "kt/yr", "node": ("graphite_anode",)}
    assert found(kind="plants_operating", region="United States", **anodes) == pytest.approx(11.25)


def test_net_exports_are_what_is_made_less_what_is_used() -> None:
    (share,) = Model(()).inputs["supply_share"].query(
        "future == 'today' and node == 'li_ion_cell' and country == 'CHN'"
    )["value"]  # fmt: skip
    made = share * found()
    exported = found(kind="net_exports", region="China", maker="CHN")
    assert exported == pytest.approx(made - found(region="China"))
    assert exported > 0 > found(kind="net_exports", region="Europe", maker="R_EUR")


def test_the_value_of_imports_by_hand() -> None:
    """Cells of Europe in 2025 × 47 % from China × 84 USD/kWh."""
    cells = found(region="Europe", year=2025)
    value = found(kind="import_value", region="Europe", maker="CHN", year=2025)
    assert value == pytest.approx(cells * 0.47 * 84 / 1e3)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "plants_operating", "region": "China", "maker": "CHN"}, "no list has plants for it"),
        ({"kind": "plants_operating", "region": "Hungry"}, "no list has plants for it"),
        ({"kind": "net_exports", "region": "China", "maker": "XXX"}, "no share of the world's cells"),
        ({"kind": "import_value", "region": "Rest of world", "maker": "CHN"}, "nothing is known of where its cells"),
        ({"kind": "import_value", "region": "Europe", "maker": "CHN", "year": 2035}, "no observed pack price"),
        ({"kind": "material", "mineral": "cobalt", "node": ("lfp_cathode",)}, "node_use says nothing"),
    ],
)
def test_a_comparison_with_nothing_is_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=f"published.csv:[0-9]+ world GWh road 2024: .*{sentence}"):
        found(**fields)


def test_cathode_is_as_heavy_as_its_formula_says() -> None:
    """LiFePO4 is 5.0931 times its phosphorus: of LFP cells alone, those of sodium hold none of it."""
    cathode = found(kind="material", mineral="phosphorus", node=("lfp_cathode",))
    row = next(row for row in ROWS if row.id == "SNE LFP cathode, road 2024")
    frame = (model := Model([row])).rows_of(row, "mineral_demand", mineral="phosphorus")
    lfp = frame.loc[frame["chemistry"] == "lfp", "value"].sum()
    assert KINDS["material"](row, model) == pytest.approx(5.0931 * lfp)
    assert cathode > KINDS["material"](row, model)


# ---------------------------------------------------------------- the two-number identity


def test_one_percentage_fixes_the_graphite_free_share() -> None:
    """A quarter less graphite with 2 % graphite-free before: 26.5 % after, and back."""
    assert graphite_free_share(0.02, -0.25) == pytest.approx(0.265)
    assert graphite_change(0.02, 0.265) == pytest.approx(-0.25)
    assert graphite_free_share(0.3, 0.0) == 0.3
    assert graphite_free_share(0.0, -1.0) == 1.0


def test_the_identity_gives_the_published_range(europe: Result) -> None:
    """A quarter in words (23 to 27 %) taken from the leanest or the richest cells gives 22 to 31 % of GWh, no more."""
    demand = europe["mineral_demand"].query("scenario == 'incumbent' and year == 2035 and mineral == 'graphite'")
    cells = europe["cells"].query("scenario == 'incumbent' and year == 2035")
    gwh = cells.groupby("chemistry")["value"].sum()
    content = (demand.groupby("chemistry")["value"].sum() / gwh).dropna()
    content = content[content > 0]
    free = 1 - gwh[content.index].sum() / gwh.sum()
    mean = (content * gwh[content.index]).sum() / gwh[content.index].sum()
    shares = [
        graphite_free_share(free, change, displaced / mean)
        for change in (-0.23, -0.25, -0.27) for displaced in (content.min(), content.max())
    ]  # fmt: skip
    assert 0.22 <= min(shares) < 0.265 < max(shares) <= 0.31


def test_the_identity_holds_in_the_model(validation: Result) -> None:
    """Graphite of the whole model and the graphite-free shares alone agree to two points."""
    table = validation["validation"].set_index("id")["ours"]
    assert table["graphite by the identity"] == pytest.approx(table["figure 17 graphite"], abs=0.02)


# ---------------------------------------------------------------- verdicts, lines, file


@pytest.mark.parametrize(
    ("compare_as", "value", "low", "high", "ours", "verdict"),
    [
        ("ratio", 100.0, 0.9, 1.1, 109.0, "agrees"), ("ratio", 100.0, 0.8, 1.2, 111.0, "differs"),
        ("ratio", 100.0, 0.9, 1.1, 111.0, "outside"), ("ratio", 100.0, 0.5, 0.7, 100.0, "outside"),
        ("difference", 0.0, -3.0, 3.0, 2.0, "agrees"), ("difference", 0.0, -3.0, 3.0, 4.0, "outside"),
        ("range", None, 0.0, 0.1, 0.05, "agrees"), ("range", None, 0.0, 0.1, -0.05, "outside"),
        ("limit", 100.0, 0.2, 0.8, 50.0, "agrees"), ("limit", 100.0, 0.2, 0.8, 101.0, "outside"),
        ("ratio", 100.0, 0.9, 1.1, math.nan, "outside"),
    ],
)  # fmt: skip
def test_verdicts(compare_as: str, value: float | None, low: float, high: float, ours: float, verdict: str) -> None:
    row = replace(ROWS[0], compare=compare_as, value=value, low=low, high=high)
    assert judged(row, ours)["verdict"] == verdict


def test_verdicts_of_the_shipped_table_follow_the_ratio(validation: Result) -> None:
    table = validation["validation"].query("compare == 'ratio'")
    near = np.abs(table["ratio"].astype(float) - 1) <= AGREES
    assert (near == (table["verdict"] == "agrees")).all()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_lines_fit_the_screen_and_hold_every_row_with_its_reason(width: int, validation: Result) -> None:
    table = validation["validation"]
    told = lines(table, width)
    assert max(map(len, told)) <= width
    text = " ".join(" ".join(told).split())
    for row in table[table["verdict"] != "agrees"].itertuples():
        assert " ".join(row.reason.split()) in text
    plain = lines(table, width, reasons=False)
    assert len(plain) == len(table) + 1
    for row, line in zip(table.itertuples(), plain[1:], strict=True):
        assert line.endswith(row.verdict)
        assert row.ratio != row.ratio or f"{row.ratio:.2f}" in line


def test_the_summary_counts_and_names_what_is_outside(validation: Result) -> None:
    table = validation["validation"]
    assert len(summary(table)) == 4
    moved = table.assign(verdict=["outside", *table["verdict"][1:]])
    assert summary(moved)[4].endswith(f"the model has changed: {table['id'].iloc[0]}.")


def test_rows_of_november_2026_are_counted_apart(validation: Result) -> None:
    table = validation["validation"]
    new = table[table["added"] == "2026-11"]
    agree, differ = (int((new["verdict"] == verdict).sum()) for verdict in ("agrees", "differs"))
    assert len(new) == agree + differ >= 25
    assert summary(table)[1] == f"Of which {len(new)} rows of November 2026: {agree} agree, {differ} differ."
    assert set(new["kind"]) >= {"material_value", "net_exports", "import_value", "material", *PLANTS}
    assert {"EU27", "Germany", "Japan", "South Korea"} < set(new["region"])
    assert len(summary(table.assign(added=""))) == 3


def test_what_an_input_was_set_to_is_no_check(validation: Result) -> None:
    """Figure 17, cobalt of storage and totals that are split by us agree by construction, and are told apart."""
    table = validation["validation"]
    taken = table[table["taken"] == "yes"]
    assert {"figure 17 graphite", "IEA 2025 cobalt storage 2030", "LFP in storage 2025"} < set(taken["id"])
    said = table["reason"].str.contains("alibrated to|no independent check|Not independent|and no more")
    assert set(table.loc[said, "id"]) <= set(taken["id"])
    agree = (taken["verdict"] == "agrees").sum()
    assert summary(table)[2].startswith(f"Of all that agree {agree} are no check")
    assert len(summary(table.assign(taken=""))) == 3


def test_the_counts_of_the_guide(validation: Result) -> None:
    """The guide to inputs says how many results there are, how many agree, and how many are of November 2026."""
    table = validation["validation"].query("kind != 'derived_intensity'")
    agree, new = table["verdict"] == "agrees", table["added"] == "2026-11"
    guide = Path(__file__).parents[2] / "notebooks" / "guides" / "inputs.md"
    text = " ".join(guide.read_text(encoding="utf-8").split())
    assert f"Of {len(table)} results {agree.sum()} agree" in text
    assert f"The other {(~agree).sum()} stay and say why" in text
    assert f"{new.sum()} are of November 2026, of which {(agree & new).sum()} agree" in text


def test_the_file_holds_the_table(validation: Result, tmp_path: Path) -> None:
    read = pd.read_csv(write(validation["validation"], tmp_path / "a" / "b"), keep_default_na=False)
    assert len(read) == len(ROWS)
    assert {"ours", "theirs", "ratio", "verdict", "reason", "source", "locator", "low", "high"} <= set(read)
    with pytest.raises(UsageError, match="choose another place"):
        write(validation["validation"], TABLE)


# ---------------------------------------------------------------- reading


def read(tmp_path: Path, *rows: str) -> list[Published]:
    path = tmp_path / "published.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return read_published(KINDS, path)


def test_a_good_row_is_read(tmp_path: Path) -> None:
    (row,) = read(tmp_path, GOOD)
    assert (row.segments, row.node, row.year, row.value, row.line) == (("car",), (), 2024, 900.0, 2)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("cells", "cels", "kind = 'cels': is not known; did you mean 'cells'?"),
        ("ratio", "ration", "compare = 'ration': is not known; did you mean 'ratio'?"),
        ("Somebody (2025)", "", "source = '': is empty"),
        ("page 1", " ", "locator = '': is empty"),
        ("Trackers differ.", "", "reason = '': is empty"),
        ("900", "many", "value = 'many': is not a number"),
        ("900", "", "value = '': is empty; only a row that is compared as a range"),
        ("900", "0", "value = '0': has no ratio; compare it as a difference"),
        ("differ.,", "differ.,2026-13", "added = '2026-13': is not a month; write it as 2026-11"),
        ("differ.,,", "differ.,,no", "taken = 'no': is neither yes nor empty"),
        ("0.9,1.1", "1.1,0.9", "low = '1.1': is not below high = '0.9'"),
    ],
)
def test_a_bad_row_is_named(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert f"published.csv:2 {sentence}" in str(caught.value)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD, GOOD.replace("cells", "cels"), GOOD.replace("page 1", ""))
    assert len(caught.value.problems) == 4
    (tmp_path / "published.csv").write_text("id,kind\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'run': missing from the header; add it"):
        validate(tmp_path / "published.csv")


# ---------------------------------------------------------------- figure 17


def test_figure_17_holds_gwh_and_sub_mix_equal(europe: Result) -> None:
    """Both scenarios hold total GWh, silicon and the NMC sub-mix 50/20/10/20 equal (2035)."""
    gwh = europe.total("cells", year=2035)
    assert gwh["incumbent"] == pytest.approx(gwh["next-gen"], rel=1e-12)
    cells = europe["cells"].query("year == 2035")
    assert (cells["silicon"] == 0).all()
    nmc = cells[cells["chemistry"].isin(["nmc811", "nmc622", "nmc532", "nmc955"])]
    mix = nmc.groupby(["scenario", "chemistry"])["value"].sum().unstack()
    mix = mix.div(mix.sum(axis=1), axis=0)
    for scenario in ("incumbent", "next-gen"):
        assert mix.loc[scenario, ["nmc811", "nmc622", "nmc532", "nmc955"]].tolist() == pytest.approx(
            [0.5, 0.2, 0.1, 0.2]
        )


def test_figure_17_is_labelled_calibrated(europe: Result) -> None:
    """One member of the family; that its graphite-free share is within it is a row of the table."""
    for entry in europe.record["scenarios"].values():
        assert entry["kind"] == "calibrated"
        assert "calibrated to the Carnegie report, not predicted: one member of a family" in entry["caveat"]


# ---------------------------------------------------------------- figure 17 as a family


def _two_cells(storage: float = 10.0) -> Mix:
    """A car and a storage segment of 10 GWh; NMC 811 gives way to Li-S in cars, LFP stays in storage."""
    chemistries = ["nmc811", "nmc622", "nmc532", "nmc955", "li_s", "lfp"]
    share = np.zeros((2, 2, 6))
    share[0, 0, 0], share[1, 0, [0, 4]], share[:, 1, 5] = 1, (0.5, 0.5), 1
    intensity = np.array([
        [1.0, 0.1, 0.7, 0.1], [1.0, 0.2, 0.6, 0.1], [1.0, 0.3, 0.5, 0.1], [1.0, 0.05, 0.8, 0.1], [0, 0, 0, 0.3],
        [1.0, 0, 0, 0.1],
    ])  # fmt: skip
    additions = np.array([[10.0, storage], [10.0, storage]])
    return Mix(additions, share, intensity, chemistries, ["car", "stationary"], list(FAMILY_MINERALS))


def test_a_change_of_figure_17_by_hand() -> None:
    """Graphite 20 → 15 kt, cobalt 1 → 0.5, nickel 7 → 3.5, lithium 2 → 0.5 + 1.5 + 1 = 3 kt."""
    assert change(_two_cells()) == pytest.approx({"graphite": -0.25, "cobalt": -0.5, "nickel": -0.5, "lithium": 0.5})
    twice = change(with_storage(_two_cells(), 2.0))
    assert twice["graphite"] == pytest.approx(25 / 30 - 1)
    assert twice["cobalt"] == pytest.approx(-0.5)
    less = change(with_intensity_of(_two_cells(), {("li_s", "lithium"): 0.1}))
    assert less["lithium"] == pytest.approx(0)


def test_a_sub_mix_keeps_what_nmc_has_together() -> None:
    mix = _two_cells()
    other = with_sub_mix(mix, (0.3, 0.1, 0.0, 0.6))
    np.testing.assert_allclose(other.share.sum(axis=2), mix.share.sum(axis=2), rtol=1e-12)
    np.testing.assert_allclose(other.share[0, 0, :4], [0.3, 0.1, 0, 0.6], rtol=1e-12)
    np.testing.assert_array_equal(other.share[:, :, 4:], mix.share[:, :, 4:])


def test_the_family_holds_the_shipped_pair_and_says_what_hangs_on_what(validation: Result) -> None:
    """Graphite is a finding; cobalt hangs on the sub-mix, the sign of lithium on Li-S and storage."""
    table = validation["figure_17_family"].set_index("member")
    shown = validation["validation"].set_index("id")["ours"]
    for mineral in ("graphite", "cobalt", "lithium"):
        assert table.loc["as shipped", mineral] == pytest.approx(shown[f"figure 17 {mineral}"], rel=1e-9)
    assert table["graphite"].between(-0.29, -0.22).all()
    assert table["cobalt"].max() > -0.05
    assert table["cobalt"].min() < -0.15
    assert table["lithium"].min() < 0 < 0.2 < table["lithium"].max()
    assert table.loc["storage low", "graphite"] > table.loc["storage high", "graphite"]
    assert table.loc["Li-S lithium low", "lithium"] < table.loc["Li-S lithium high", "lithium"]
