"""The page of a result in a browser: its explorer against the model, and what it asks, shows and lets a reader do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser, open_page, quiet_and_within, serious, skip_without_browser

from minerals.api import draw, report
from minerals.report.page import page as page_of
from minerals.results.result import Result, load
from minerals.studies.run import run

pytestmark = pytest.mark.slow

#: Sets a control of the explorer as a reader does.
SET = """
const [part, value] = arguments, control = document.querySelector(`[data-part=${part}]`);
control.value = value;
control.dispatchEvent(new Event('input', {bubbles: true}));
control.dispatchEvent(new Event('change', {bubbles: true}));
"""
#: Drags the slider of a group.
DRAG = """
const slider = document.querySelector(`[data-group="${arguments[0]}"]`);
slider.value = arguments[1];
slider.dispatchEvent(new Event('input', {bubbles: true}));
slider.dispatchEvent(new Event('change', {bubbles: true}));
"""
#: What the explorer shows, at full precision.
SHOWN = """
const numbers = (cell) => Object.fromEntries(Object.entries(cell.dataset).map(([key, value]) => [key, +value]));
const rows = (kind) => Object.fromEntries([...document.querySelectorAll(`[data-${kind}]`)].map((row) =>
  [row.dataset[kind], [...row.querySelectorAll('td')].map(numbers)]));
return {kt: rows('mineral'), lost: rows('lost'), text: document.querySelector('[data-part=runfile]').value,
  headline: document.querySelector('[data-part=headline]').textContent,
  sliders: [...document.querySelectorAll('[data-group]')].map((each) => [each.dataset.group, +each.value]),
  shares: [...document.querySelectorAll('.slider output')].map((each) => +each.dataset.value)};
"""


@pytest.fixture(scope="module")
def page(europe: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of europe-2035, with two of its charts."""
    skip_without_browser()
    folder = tmp_path_factory.mktemp("page") / "europe-2035"
    europe.write(folder)
    for name in ("demand_by_mineral", "stress"):
        draw(europe, name).write(folder / "charts")
    report(folder, folder.with_suffix(".html"))
    return folder.with_suffix(".html")


@pytest.fixture
def driver(page: Path) -> Iterator[Any]:
    with browser() as driver:
        open_page(driver, page)
        yield driver


def disruption(result: Result, scenario: str, name: str, year: int) -> dict[str, Any]:
    table = result["disruptions"]
    (row,) = table[
        (table["scenario"] == scenario) & (table["disruption"] == name) & (table["year"] == year)
    ].to_dict("records")  # fmt: skip
    return dict(row)


def held(shown: dict[str, Any], result: Result, scenario: str, event: str, year: int) -> None:
    """Hold what the explorer shows against a run: to 1e-12, of the plan where something is lost."""
    for mineral, (_, mine, _) in shown["kt"].items():
        table = result["mineral_demand"]
        rows = table[
            (table["scenario"] == scenario) & (table["mineral"] == mineral) & (table["year"] == year)
        ]  # fmt: skip
        for key in ("value", "low", "high"):
            assert mine[key] == pytest.approx(rows[key].sum(), rel=1e-12), (mineral, key)
    row = disruption(result, scenario, event, year)
    for key, columns in (
        ("supply", ("lost_best", "lost_low", "lost_high")),
        ("industry", ("industry_best", "industry_low", "industry_high")),
    ):
        mine = shown["lost"][key][-1]
        for end, column in zip(("severity", "low", "high"), columns, strict=True):
            assert mine[end] == pytest.approx(row[column], abs=1e-12 * row["planned"]), (key, end)


def test_each_mix_of_the_run_is_that_of_the_model(driver: Any, europe: Result) -> None:
    """Kilotonnes and losses of both scenarios, in every year, with every disruption, at each end of its severity."""
    seen = 0
    for scenario in europe.scenarios:
        driver.execute_script(SET, "scenario", scenario)
        for place, year in enumerate(europe.record["years"]):
            driver.execute_script(SET, "year", str(place))
            events = driver.execute_script(
                "return [...document.querySelector('[data-part=event]').options].map((each) => each.value)"
            )
            for event in events:
                driver.execute_script(SET, "event", event)
                held(driver.execute_script(SHOWN), europe, scenario, event, year)
                seen += 1
    assert seen == len(europe["disruptions"])


@pytest.mark.parametrize(
    ("moves", "use", "months", "event"),
    [
        ({"Na-ion": 20}, "-1", 0, "china-graphite-anode"),
        ({"LFP": 70, "Li-S": 0}, "0", 3, "china-lfp-cathode"),
        ({"Li-metal": 60, "NMC": 12.5}, "-1", 1, "china-all"),
    ],
)
def test_what_is_dragged_is_what_its_run_file_gives(
    driver: Any, tmp_path: Path, moves: dict[str, float], use: str, months: int, event: str
) -> None:
    driver.execute_script(SET, "use", use)
    driver.execute_script(SET, "months", str(months))
    driver.execute_script(SET, "event", event)
    before = driver.execute_script(SHOWN)["headline"]
    for group, share in moves.items():
        driver.execute_script(DRAG, group, str(share))
    shown = driver.execute_script(SHOWN)
    assert shown["headline"] != before
    assert sum(shown["shares"]) == pytest.approx(1, abs=1e-12)
    groups = dict(zip((name for name, _ in shown["sliders"]), shown["shares"], strict=True))
    last, share = list(moves.items())[-1]
    assert groups[last] == pytest.approx(share / 100, abs=1e-12)
    file = tmp_path / "explored.toml"
    file.write_text(shown["text"], encoding="utf-8")
    result = run(file)
    held(shown, result, "explored", event, 2035)
    assert not driver.get_log("browser")


def test_several_regions_and_silicon_are_those_of_the_model(world: Result, tmp_path: Path) -> None:
    """Kilotonnes of the world and of a region, whose anodes hold silicon, as the run and as the copied run file have
    them. What a region alone would need is not told where the caveat says to read the world total."""
    skip_without_browser()
    folder = tmp_path / "world"
    world.write(folder)
    report(folder, tmp_path / "world.html")
    with browser() as driver:
        open_page(driver, tmp_path / "world.html")
        for scenario in world.scenarios:
            driver.execute_script(SET, "scenario", scenario)
            for place, region in ((-1, None), (1, world.record["regions"][1])):
                driver.execute_script(SET, "region", str(place))
                shown = driver.execute_script(SHOWN)
                where = {"year": 2035, "scenario": scenario} | ({"region": region} if region else {})
                for mineral, (_, mine, _) in shown["kt"].items():
                    assert mine["value"] == pytest.approx(world.total(mineral=mineral, by=(), **where), rel=1e-12)
                assert ("is not a finding" in shown["headline"]) == bool(region)
        driver.execute_script(SET, "region", "-1")
        driver.execute_script(DRAG, "Na-ion", "40")
        shown = driver.execute_script(SHOWN)
    (tmp_path / "explored.toml").write_text(shown["text"], encoding="utf-8")
    explored = run(tmp_path / "explored.toml")
    for mineral, (_, mine, _) in shown["kt"].items():
        kt = explored.total(mineral=mineral, by=(), year=2035, scenario="explored")
        assert mine["value"] == pytest.approx(kt, rel=1e-12)


def test_a_held_share_stays_and_the_others_make_room(driver: Any) -> None:
    shown = driver.execute_script(SHOWN)
    names, before = [name for name, _ in shown["sliders"]], shown["shares"]
    driver.execute_script("document.querySelector('[aria-label=\"Lock LFP\"]').click()")
    driver.execute_script(DRAG, "Na-ion", "100")
    after = driver.execute_script(SHOWN)["shares"]
    assert after[names.index("LFP")] == pytest.approx(before[names.index("LFP")], abs=1e-12)
    assert after[names.index("Na-ion")] == pytest.approx(1 - before[names.index("LFP")], abs=1e-12)
    driver.execute_script(DRAG, "Na-ion", "0")
    after = driver.execute_script(SHOWN)["shares"]
    assert after[names.index("Na-ion")] == 0
    assert sum(after) == pytest.approx(1, abs=1e-12)
    driver.execute_script("document.querySelector('[data-part=reset]').click()")
    assert driver.execute_script(SHOWN)["shares"] == before


def test_the_address_keeps_the_mix_and_takes_nothing_else(driver: Any, page: Path) -> None:
    driver.execute_script(SET, "months", "2")
    driver.execute_script(DRAG, "Na-ion", "20")
    shown, address = driver.execute_script(SHOWN), driver.current_url
    open_page(driver, page, address[address.index("#") :])
    assert driver.execute_script(SHOWN) == shown
    hostile = json.dumps({"scenario": "<b>", "year": 1e9, "event": "__proto__", "shares": {"car": {"lfp": 7}}})
    for fragment in (f"#mix={hostile}", "#mix=%7B", "#mix=null", '#mix={"shares":{"car":{"lfp":"1"}}}'):
        open_page(driver, page, fragment)
        assert sum(driver.execute_script(SHOWN)["shares"]) == pytest.approx(1, abs=1e-12)
    assert not driver.get_log("browser")


def test_a_slider_goes_by_keyboard_and_says_its_value(driver: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    slider = driver.find_element(By.CSS_SELECTOR, '[data-group="Na-ion"]')
    before = driver.execute_script(SHOWN)
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    after = driver.execute_script(SHOWN)
    assert dict(after["sliders"])["Na-ion"] > dict(before["sliders"])["Na-ion"]
    assert after["headline"] != before["headline"]
    assert slider.get_attribute("aria-valuetext").endswith("%")
    assert driver.switch_to.active_element == slider


def test_the_run_file_is_copied_or_shown(driver: Any) -> None:
    driver.execute_script("document.querySelector('[data-part=copy]').click()")
    told = "return document.querySelector('[data-part=copied]').textContent"
    for _ in range(50):
        if text := driver.execute_script(told):
            break
        time.sleep(0.1)
    assert "minerals run explored.toml" in text
    assert not driver.get_log("browser")


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_asked_for_nothing_is_wrong_and_nothing_sticks_out(page: Path, width: int) -> None:
    with browser(width) as driver:
        open_page(driver, page)
        quiet_and_within(driver, page, width)
        driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        driver.execute_script(SET, "by", "chemistry")
        assert driver.execute_script("return document.documentElement.scrollWidth") == width


def test_the_page_keeps_the_rules_of_access(driver: Any) -> None:
    """axe-core finds nothing serious."""
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert not serious(driver)


def test_names_of_a_run_run_nothing(page: Path, tmp_path: Path) -> None:
    hostile = '</script><script>window.hacked = 1</script>"\'`<img src=x onerror="window.hacked = 2">' + "x" * 5000
    folder = page.with_suffix("")
    result = load(folder)
    scenarios = {name: {**each, "label": hostile} for name, each in result.record["scenarios"].items()}
    codes = {**result.record["codes"], "mineral": {name: {**each, "label": hostile} for name, each in
                                                    result.record["codes"]["mineral"].items()}}  # fmt: skip
    record = {**result.record, "title": hostile, "scenarios": scenarios, "codes": codes}
    (tmp_path / "page.html").write_text(page_of(Result(record, result.tables), folder), encoding="utf-8")
    with browser(360) as driver:
        open_page(driver, tmp_path / "page.html")
        driver.execute_script(DRAG, "Na-ion", "20")
        assert driver.execute_script("return window.hacked") is None
        assert not driver.get_log("browser")
        assert hostile in driver.execute_script("return document.querySelector('h1').textContent")
        assert driver.execute_script("return document.documentElement.scrollWidth") == 360
