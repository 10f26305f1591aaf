"""The page of a result folder: what stands in it, under which policy, and that what a run says stays text."""

from __future__ import annotations

import base64
import json
import re
import shutil
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from conftest import lay_out
from pages import Elements, anchors_hold, policy_holds

from minerals.api import draw, report
from minerals.errors import UsageError
from minerals.report import page as page_module
from minerals.report.figures import Figure
from minerals.report.findings import READING_ORDER, disruptions, findings
from minerals.report.markup import Number, element, table
from minerals.report.svg import Inline
from minerals.results import screen
from minerals.results.result import Result, load
from minerals.studies.run import run

HOSTILE = "</script><script>alert(1)</script>\"'`&\u202e<img src=x onerror=alert(2)>" + "x" * 5000
XLINK = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


@pytest.fixture(scope="module")
def folder(toy_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy run with one chart, written as a user has it."""
    place = tmp_path_factory.mktemp("report")
    for name, content in toy_files.items():
        (place / name).write_bytes(content)
    result = run(place / "run.toml", ["output.charts=[]"], place)
    result.write(place / "toy")
    draw(result).write(place / "toy" / "charts")
    return place / "toy"


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return report(folder)


def embedded(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, object] = json.loads(found[1])
    return data


def test_the_policy_allows_nothing_but_what_is_in_the_page(page: str) -> None:
    """default-src is none; the one style and the one script are those of the hashes; no attribute is style or code."""
    policy_holds(page, scripts=1)


def test_the_page_holds_the_parts_of_a_brief_in_their_order(page: str) -> None:
    headings = re.findall(r'<h2 id="(\w+)-heading">', page)
    assert headings == ["findings", "numbers", "explorer", "figures", "method", "limits", "sources", "record"]
    anchors_hold(page)


def test_the_same_folder_gives_the_same_bytes_wherever_it_stands(folder: Path, page: str, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "moved")
    assert report(tmp_path / "moved", tmp_path / "moved.html") == page
    assert (tmp_path / "moved.html").read_bytes() == page.encode()
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(UsageError, match="choose another file with --out"):
        report(folder, tmp_path / "none" / "there.html")


def test_a_chart_and_its_numbers_are_those_of_the_folder(folder: Path, page: str) -> None:
    csv = (folder / "charts" / "demand_by_mineral.csv").read_bytes()
    (address,) = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]+)" download="demand_by_mineral.csv"', page)
    assert base64.b64decode(address) == csv
    meta = json.loads((folder / "charts" / "demand_by_mineral.json").read_text())
    assert meta["title"] in page
    # Letters are text again, and no outline of one is left.
    (drawing,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert "Source: minerals model" in drawing
    assert "<use" not in drawing or "#w" not in drawing


def test_what_was_changed_after_the_run_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / "explorer.json").write_text("{}")
    with pytest.raises(UsageError, match="was changed after the run"):
        report(tmp_path / "run")
    (tmp_path / "run" / "explorer.json").unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        report(tmp_path / "run")
    shutil.copy(folder / "explorer.json", tmp_path / "run")
    (tmp_path / "run" / "charts" / "demand_by_mineral.svg").write_text("<svg")
    with pytest.raises(UsageError, match="is not readable SVG"):
        report(tmp_path / "run")


def test_a_folder_of_an_earlier_run_has_a_page_without_an_explorer(folder: Path) -> None:
    result = load(folder)
    files = {name: mark for name, mark in result.record["files"].items() if name != "explorer.json"}
    text = page_module.page(Result({**result.record, "files": files}, result.tables), folder)
    assert "<script" not in text
    assert "script-src 'none'" in text
    assert "explorer" not in re.findall(r'<section id="(\w+)"', text)


def test_texts_of_a_run_stay_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup, quotes, marks that turn the direction and 5,000 characters: in titles, labels, notes, sources, data."""
    result = load(folder)
    scenarios = {name: {**each, "label": HOSTILE, "note": HOSTILE, "caveat": HOSTILE}
                 for name, each in result.record["scenarios"].items()}  # fmt: skip
    record = {**result.record, "title": HOSTILE, "scenarios": scenarios, "region_label": HOSTILE, "run": HOSTILE}
    sources = result["sources_used"].assign(citation=HOSTILE, licence=HOSTILE, url='javascript:alert(1)"')
    text = page_module.page(Result(record, {**result.tables, "sources_used": sources}), folder)
    assert "\u202e" not in text
    found = Elements(text).found
    assert [tag for tag, _ in found].count("script") == 2
    assert not [tag for tag, _ in found if tag == "img"]
    assert not [each for _, each in found if "onerror" in each or "javascript:" in each.get("href", "")]
    labels = embedded(text)["labels"]
    assert isinstance(labels, dict)
    assert {each["label"] for each in labels["scenario"].values()} == {HOSTILE.replace("\u202e", "")}


def test_only_what_a_chart_is_made_of_is_taken_from_its_file() -> None:
    drawing = f"""<svg {XLINK} viewBox="0 0 10 10" onload="alert(1)"><script>alert(1)</script>
      <defs><style>*{{}}</style><path id="w400-41" d="M0 0"/>
      <clipPath id="cut"><rect width="5" height="5"/></clipPath></defs>
      <foreignObject><p>no</p></foreignObject><a xlink:href="https://example.org"><path d="M1 1"/></a>
      <path d="M 1.23456 2.000001 L 3 4" onclick="alert(1)" clip-path="url(#cut)"
        style="fill: #fff; background: url(//x)"/>
      <g xlink:href="javascript:alert(1)"><rect id="unused" width="1" fill="url(https://example.org)"/></g>
      <!-- A &amp; <A> --><g style="fill: #123456" transform="translate(1 9) scale(0.001 -0.001)">
      <use xlink:href="#w400-41" x="0"/></g></svg>"""
    text = Inline(drawing.encode(), "f1-", "a.svg").markup("A title <b>", "What it shows")
    assert not re.search(r"script|onload|onclick|foreignObject|style|javascript|example|href", text)
    assert 'd="M 1.23 2 L 3 4" clip-path="url(#f1-cut)" fill="#fff"' in text
    assert '<clipPath id="f1-cut">' in text
    assert "unused" not in text
    assert "A title &lt;b&gt;" in text
    # What is written is what is drawn, whatever a comment says.
    line = r'<text x="1.00" y="9.00" font-size="6.4" font-weight="400" fill="#123456" textLength="[\d.]+">A<'
    assert re.search(line, text)


def test_titles_that_find_nothing_are_not_told_as_findings() -> None:
    titles = {"Graphite falls by a quarter": "computed", "Mineral demand: A and B compared": "subject",
              "What is said of cells fixes LFP at 40%": "computed", "Mine": "user"}  # fmt: skip
    drawn = [
        Figure(at, name, name, {"title": title, "subtitle": "kt", "title_by": by}, "", b"", b"")
        for at, (name, (title, by)) in enumerate(zip(READING_ORDER, titles.items(), strict=False))
    ]
    told = findings(drawn)
    assert [title in told for title in titles] == [True, False, True, False]
    assert not findings(drawn[1:2])


def test_the_head_names_the_worlds_that_are_assumed() -> None:
    """Of a run in a world of today beside one that is assumed, and of one whose only world is assumed."""
    futures = {"today": {"label": "Today"}, "far": {"label": "Far"}}
    record = {
        "years": [2035], "scenarios": {"a": {"label": "A"}}, "region_label": "Europe", "title": "T",
        "codes": {"future": futures}, "exposure": {"future": futures["today"]},
    }  # fmt: skip
    used = pd.DataFrame({"future": ["today", "far"], "source": ["iea", "assumed"]})
    head = "".join(page_module._head(Result(record, {"inputs_used": used})))
    assert "Who makes what is assumed in Far. What names no future is of Today." in head
    alone = record | {"codes": {"future": {"far": futures["far"]}}, "exposure": {"future": futures["far"]}}
    head = "".join(page_module._head(Result(alone, {"inputs_used": used})))
    assert "Who makes what is assumed in Far.<" in head
    today = record | {"codes": {"future": {"today": futures["today"]}}}
    assert "caution" not in "".join(page_module._head(Result(today, {"inputs_used": used})))


def test_a_region_that_makes_no_cells_has_none_to_lose() -> None:
    """Neither the page nor the screen tells that as 0 %."""
    row = {"scenario": "a", "region": "India", "disruption": "x", "label": "X", "status": "in_force", "year": 2035,
           "shortage": 0.0, "planned": 100.0, "lost_best": 5.0, "lost_proportional": 5.0, "lost_low": 0.0,
           "lost_high": 5.0, "share_best": 0.05, "share_proportional": 0.05, "made_at_home": 0.0}  # fmt: skip
    row |= {f"industry_{end}": 0.0 for end in ("best", "proportional", "low", "high")}
    made = row | {"made_at_home": 40.0, "industry_best": 10.0, "industry_proportional": 10.0, "industry_high": 10.0}
    for each, page, screen_ in ((row, "none made", "none made"), (made, "10.0 of 40.0 GWh", "25%")):
        record = {"years": [2035], "scenarios": {"a": {"label": "A"}}}
        told = disruptions(Result(record, {"disruptions": pd.DataFrame([each])}))
        assert "5.0 of 100 GWh" in told
        assert page in told
        assert screen._as_text(each, {}) == ["5.0", "5%", "0–5.0", screen_]


def test_a_table_names_its_columns_and_rows_and_can_be_reached() -> None:
    text = table(["Mineral", "kt"], [["Graphite", Number("785", "693–948", "fall")]], "Need <1>")
    assert "<caption>Need &lt;1&gt;</caption>" in text
    assert '<th scope="col" class="number">kt</th>' in text
    assert '<th scope="row">Graphite</th>' in text
    assert '<span class="fall">785</span><span class="span">693–948</span>' in text
    assert 'tabindex="0" role="region"' in text
    assert element("p", "a < b", class_="x") == '<p class="x">a &lt; b</p>'


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_can_be_told_from_what_is_behind_it() -> None:
    """4.5 : 1 (WCAG 2.2, 1.4.3) on white and on the wash behind sliders."""
    style = (Path(page_module.__file__).parent / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    for name in ("ink", "muted", "faint", "accent", "rise", "warning"):
        for behind in ("#ffffff", colours["wash"]):
            assert (luminance(behind) + 0.05) / (luminance(colours[name]) + 0.05) >= 4.5, (name, behind)


def test_the_explorer_has_the_numbers_of_the_run_at_full_precision(folder: Path, page: str) -> None:
    """kt = Σ GWh × share × kg/kWh of what is embedded, against the table of the run."""
    model = embedded(page)["model"]
    assert isinstance(model, dict)
    result = load(folder)
    first = {base: place for place, (base, _) in reversed(list(enumerate(model["pairs"])))}
    for name, (r, region), (y, year), (m, mineral) in product(
        model["scenarios"], *(enumerate(model[kind]) for kind in ("regions", "years", "minerals"))
    ):
        kt = sum(
            gwh[y] * share * model["intensity"]["value"][first[int(base)]][m][0]
            for gwh, shares in zip(model["gwh"][name][r], model["share"][name][r], strict=True)
            for base, share in shares[y].items()
        )
        of_run = result.total(mineral=mineral, year=year, scenario=name, region=region, by=())
        assert kt == pytest.approx(of_run, rel=1e-11)


def test_losses_are_offered_only_where_they_are_those_of_the_model(toy: Path, tmp_path: Path) -> None:
    """With scrap and recycling, or where regions share a pool, what a mix loses hangs on more than that mix."""
    whole = lay_out(tmp_path / "whole", "toy", "toy_whole")
    for file, sets, why in (
        (toy / "run.toml", [], "no [exposure]"),
        (whole / "whole.toml", ['scope.regions=["Europe", "China"]'], "Regions that share a pool"),
        (whole / "whole.toml", ["flows={}", "scope.beyond=hold"], "follows stock and recycling"),
    ):
        found = json.loads(run(file, sets, file.parent).files["explorer.json"])
        assert found["losses"] is None
        assert why in found["why"]
    found = json.loads(run(whole / "whole.toml", [], whole).files["explorer.json"])
    assert (found["losses"]["scenarios"], found["why"]) == (["plan"], "")
    # China makes 95 of the 100 kt of coated graphite, and Germany 5, which Europe keeps when China closes.
    year, place = found["losses"]["years"]["2031"], found["losses"]["nodes"].index("coated_graphite")
    assert year["own"][place] == pytest.approx(5)
    assert list(year["events"]) == ["china-anode"]
