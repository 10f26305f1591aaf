"""No cell is safe by its name: a chemistry of a run with [exposure] says what each part of its cell comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

import minerals
from minerals.errors import InputError
from minerals.exposure import geopolrisk
from minerals.results.screen import risks

#: Tables in which a copy of a chemistry has the rows of its original, but for its use of nodes.
OF_A_CELL = ("chemistries", "mineral_intensity")
#: The row of the toy which says that nobody knows who makes NMC cathodes.
NMC_UNKNOWN = "today,nmc_cathode,CHN,2028,,0,1,1,unknown,unknown,,unknown,Nobody says.\n"


def exposed(toy: Path) -> Path:
    """The toy's run with exposure, without prices and mix."""
    file = toy / "exposed.toml"
    file.write_text((toy / "mix.toml").read_text(encoding="utf-8").partition("[prices]")[0], encoding="utf-8")
    return file


def renamed(toy: Path) -> None:
    """NMC 811 under the name my_cell: its rows copied, and all its shares handed over."""
    for table in OF_A_CELL:
        path = toy / f"{table}.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        copies = [line.replace("nmc811,", "my_cell,", 1) for line in lines if line.startswith("nmc811,")]
        path.write_text(
            "\n".join([*lines, *copies, ""]).replace("my_cell,NMC 811", "my_cell,My cell"), encoding="utf-8"
        )
    path = toy / "market_share.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",nmc811,", ",my_cell,"), encoding="utf-8")


def lost(toy: Path) -> float:
    return float(minerals.run(exposed(toy), inputs=toy)["disruptions"]["at_risk_best"].sum())


@pytest.mark.slow
def test_a_cell_under_a_new_name_is_refused_or_loses_as_much(toy: Path) -> None:
    for table, row in (
        ("supply_share", "today,nmc_cathode,CHN,2028,1,,,1,medium,book,p. 20,official,"),
        ("battery_supply", "today,nmc_cathode,2028,400,,,kt,1,book,p. 21,official,"),
    ):
        path = toy / f"{table}.csv"
        text = path.read_text(encoding="utf-8").replace(NMC_UNKNOWN, "")
        path.write_text(text + row + "\n", encoding="utf-8")
    path = toy / "disruption.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("lfp_cathode", "nmc_cathode"), encoding="utf-8")
    before = lost(toy)
    assert before > 0
    renamed(toy)
    for call in (minerals.check, minerals.run):
        with pytest.raises(InputError, match=r"chemistries\.csv:6 chemistry = 'my_cell': no cathode is named for it"):
            call(exposed(toy), inputs=toy)
    path = toy / "node_use.csv"
    text = path.read_text(encoding="utf-8")
    own = next(line for line in text.splitlines() if line.startswith("nmc_cathode,nmc811,"))
    path.write_text(text + own.replace("nmc811", "my_cell") + "\n", encoding="utf-8")
    assert minerals.check(exposed(toy), inputs=toy)
    assert lost(toy) == pytest.approx(before, rel=1e-9)


def test_a_use_of_nothing_is_no_use(toy: Path) -> None:
    path = toy / "node_use.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("unknown_anode,Na-ion,energy,1,", "unknown_anode,Na-ion,energy,0,"), encoding="utf-8")
    with pytest.raises(InputError, match=r"'na_layered': no anode is named for it in node_use\.csv"):
        minerals.check(exposed(toy), inputs=toy)


def with_separator(toy: Path, *uses: str) -> None:
    """The toy with a separator whose makers nobody knows, and uses of it."""
    for table, rows in {
        "nodes": ("separator,Separator,Separator,active_material,separator,GWh,,yes,no,",),
        "supply_share": ("today,separator,CHN,2028,,0,1,1,unknown,unknown,,unknown,Nobody says.",),
        "node_use": uses,
    }.items():
        path = toy / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8") + "\n".join([*rows, ""]), encoding="utf-8")


def test_a_part_that_a_chemistry_does_not_name_is_refused(toy: Path) -> None:
    """Where the nodes have the part; 0 says that a cell has none only in words."""
    with_separator(toy, "separator,NMC,energy,1,,,GWh/GWh,book,p. 19,model,")
    with pytest.raises(InputError) as refused:
        minerals.check(exposed(toy), inputs=toy)
    found = str(refused.value)
    assert found.startswith("chemistries.csv:4 chemistry = 'lfp': no separator is named for it in node_use.csv")
    assert "also line 5: 'na_layered'" in found
    assert "if its cell has none, with value 0 and a note that begins with none" in found
    assert "'nmc811'" not in found


@pytest.mark.parametrize(("note", "sound"), [("None: it is solid.", True), ("", False)])
def test_a_cell_without_a_part_says_so_in_words(toy: Path, note: str, sound: bool) -> None:
    with_separator(
        toy, "separator,any,energy,1,,,GWh/GWh,book,p. 19,model,",
        f"separator,Na-ion,energy,0,,,GWh/GWh,book,p. 19,model,{note}",
    )  # fmt: skip
    if sound:
        assert minerals.check(exposed(toy), inputs=toy)
        return
    with pytest.raises(InputError, match="'na_layered': no separator is named"):
        minerals.check(exposed(toy), inputs=toy)


def test_the_unknown_never_binds_and_is_never_safe(toy: Path) -> None:
    """A stop of all exports of China costs no battery by a node of which nobody knows a share, and no table, no
    explanation calls that node safe."""
    result = minerals.run(exposed(toy), inputs=toy)
    table = result["concentration"].query("node == 'unknown_anode'")
    assert set(table["measure"]) == {"top1"}
    assert set(table["year"]) == set(result["reference_need"]["year"])
    assert table["value"].isna().all()
    assert table[["low", "high", "data_year"]].drop_duplicates().to_numpy().tolist() == [[0, 1, 2028]]
    assert set(table["country"]) == {"CHN"}
    assert set(table["confidence"]) == {"unknown"}
    assert not set(result["supply"]["node"]) & {"unknown_anode", "unknown_cathode"}
    assert "unknown_anode" not in set(result["exposure"].query("measure == 'weakest_concern'")["node"])
    (line,) = (line for line in risks(result, 1000) if line.startswith("Not known here: who makes "))
    assert line.endswith("; no stop of them is counted above, and none is safe.")
    assert "Cathode" in line
    told = minerals.explain(result, node="unknown_anode")
    assert "suppliers not known" in repr(told)
    assert "unknown" in set(told.rows()["quality"])
    assert not told.suppliers


def test_a_chemistry_without_intensities_is_refused(toy: Path) -> None:
    path = toy / "mineral_intensity.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("na_layered")) + "\n", encoding="utf-8")
    for call in (minerals.check, minerals.run):
        with pytest.raises(InputError, match="na_layered"):
            call(exposed(toy), inputs=toy)


def test_a_partner_without_an_estimate_of_governance_counts_as_the_middle(toy: Path) -> None:
    """Six tenths from China, g = 0.5 + 0.5 / 5 = 0.6, and four from Namibia, of which none is known: 0.36 + 0.2."""
    path = toy / "import_origin.csv"
    rows = ["Europe,flake_graphite,CHN,2028,0.6,,,1,book,p. 22,official,",
            "Europe,flake_graphite,NAM,2028,0.4,,,1,book,p. 22,official,"]  # fmt: skip
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    table = minerals.run(exposed(toy), inputs=toy)["geopolrisk"].set_index(["node", "measure"])["value"]
    assert geopolrisk.UNKNOWN == 0.5
    assert table["flake_graphite", "import_risk"] == pytest.approx(0.56, rel=1e-12)
    assert table["flake_graphite", "score"] == pytest.approx(0.56 * table["flake_graphite", "hhi"], rel=1e-12)


@pytest.mark.slow
def test_uses_that_the_scope_leaves_out_are_named(toy: Path) -> None:
    """Their supply is in what the run has: so it says whose that is, on screen and in its record."""
    assert minerals.run(exposed(toy), inputs=toy).record["exposure"]["caveats"] == []
    changed = minerals.run(exposed(toy), set=["scope.segments=['stationary']", "scope.regions=['Europe']"], inputs=toy)
    (caveat,) = changed.record["exposure"]["caveats"]
    share = 140 / 170  # of cars in 2034, GWh by GWh
    assert caveat.startswith(f"Left out of this run: cars, {share:.0%} of the batteries of Europe in 2034")
