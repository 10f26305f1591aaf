"""The guide as one page: that it holds every equation and every name, and that all of it stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from browser import browser, open_page, quiet_and_within, serious, skip_without_browser
from click.testing import CliRunner
from pages import Elements, anchors_hold, policy_holds

from minerals import quantities
from minerals.cli import cli
from minerals.config.run_file import keys
from minerals.mix.docs import descriptions
from minerals.report import guide
from minerals.report.markdown import guide as read_guide
from minerals.report.mathematics import equation, inline
from minerals.report.prose import prose
from minerals.shipped import guides_folder, inputs_folder
from minerals.tables.schema import read_schemas

HOSTILE = "</script><script>alert(1)</script>\"'`&\u202e<img src=x onerror=alert(2)> `</code><b>` $x < \\text{<b>}$"


@pytest.fixture(scope="module")
def page() -> str:
    return guide.page(cli)


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page))


@pytest.mark.slow
def test_the_page_asks_nothing_and_leads_where_it_says(page: str) -> None:
    policy_holds(page, scripts=0)
    anchors_hold(page)
    assert re.findall(r'<h2 id="(\w+)-heading">', page) == [
        "method", "guides", "commands", "keys", "tables", "quantities"
    ]  # fmt: skip


def test_every_name_stands_in_it(page: str) -> None:
    ids = {attributes["id"] for _, attributes in Elements(page).found if "id" in attributes}
    schemas = read_schemas(inputs_folder())
    assert {f"key-{path}" for path in keys()} <= ids
    assert {f"quantity-{name}" for name in quantities.QUANTITIES} <= ids
    assert {f"table-{name.replace('_', '-')}" for name in schemas} <= ids
    assert {f"command-{name}" for name in cli.commands} <= ids
    assert {f"limit-{name}" for name in descriptions()} <= ids
    assert {f"guide-{path.stem}" for path in guides_folder().glob("*.md")} <= ids
    for name in ("flows.stock", "cells.cell", "exposure.factory", "prices.learning", "mix.objective", "diffusion"):
        assert f"module-{name}" in ids
    for command in cli.commands.values():
        for option in command.params:
            assert option.opts[0] in page or not option.opts[0].startswith("-")
    starts = [at.start() for at in re.finditer(r'<h4 id="table-', page)]
    for name, start, end in zip(schemas, starts, [*starts[1:], None], strict=True):
        for field in schemas[name].fields:
            assert f"<code>{field.name}</code>" in page[start:end], (name, field.name)


def test_every_equation_is_mathematics_and_none_is_left_as_latex(page: str) -> None:
    least = sum(len(each.equations) for each in descriptions().values())
    assert page.count('class="equation"') >= least > len(descriptions())
    for maths in re.findall(r"<math.*?</math>", page):
        assert "\\" not in maths
    text = text_of(re.sub(r"<(pre|code)>.*?</\1>", "", page, flags=re.DOTALL))
    assert not re.search(r"\$\$|\\(sum|le|frac|mathrm|qquad)", text)


def test_an_equation_breaks_outside_its_brackets_alone() -> None:
    text = equation(r"\sum_c (a_c - b_c) x_c + u \le -D", "GWh")
    lines = [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<math.*?</math>", text)]
    assert lines == ["∑c(ac−bc)xc", "+u", "≤−D"]
    assert '<span class="unit">[GWh]</span>' in text
    assert "<munder><mo>∑</mo><mi>c</mi></munder>" in text
    assert inline("x_{rscy}").startswith("<math><msub><mi>x</mi>")


def test_what_a_docstring_holds_is_told_apart() -> None:
    text = prose("""First, `code`, *stressed* and doi:10.1000/1(2)3-4.

        share = a · b

    with $a$ so.

    one    of it     GWh
    other  of <it>   kt
    """)
    first, block, second, columns = re.findall(r"<p>.*?</p>|<pre>.*?</pre>", text, re.DOTALL)
    assert "<code>code</code>, <em>stressed</em>" in first
    assert '<a href="https://doi.org/10.1000/1(2)3-4" rel="noreferrer">doi:10.1000/1(2)3-4</a>.' in first
    assert block == "<pre><code>share = a · b</code></pre>"
    assert second == "<p>with <math><mi>a</mi></math> so.</p>"
    assert columns == "<pre><code>one    of it     GWh\nother  of &lt;it&gt;   kt</code></pre>"


def test_a_guide_links_within_the_page_to_the_web_or_nowhere() -> None:
    source = "# Own\n\n[a](mix.md#x) [b](../../runs/x.toml) [c](https://example.org) [d](javascript:alert(1)) <b>\n\n"
    heading, inner = read_guide(source + "```\na <b>\n```\n\n|x|\n|:--|\n|y|\n", {"mix.md": "guide-mix"}, "own")
    assert heading == "Own"
    assert '<a href="#guide-mix">a</a> b <a href="https://example.org" rel="noreferrer">c</a>' in inner
    assert "&lt;b&gt;" in inner
    assert not [each for tag, each in Elements(inner).found if tag == "b" or "style" in each]
    assert len(re.findall("href", inner)) == 2


def test_names_of_tables_keys_and_quantities_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = read_schemas(inputs_folder())
    table = schemas["supply_share"]
    fields = tuple(replace(each, name=HOSTILE, description=HOSTILE, enum=(HOSTILE,)) for each in table.fields)
    hostile = replace(table, name=HOSTILE, title=HOSTILE, description=HOSTILE, because=HOSTILE, fields=fields)
    monkeypatch.setattr(guide, "read_schemas", lambda _: {**schemas, HOSTILE: hostile})
    quantity = replace(quantities.QUANTITIES["cells"], name=HOSTILE, meaning=HOSTILE, unit=HOSTILE, equation=HOSTILE)
    monkeypatch.setattr(guide, "QUANTITIES", {HOSTILE: quantity})
    key = replace(keys()["title"], path=HOSTILE, description=HOSTILE, default=HOSTILE, example=HOSTILE)
    monkeypatch.setattr(guide, "keys_by_kind", lambda: {HOSTILE: [key]})
    monkeypatch.setattr(guide, "METHOD", {})
    text = guide.page(cli)
    policy_holds(text, scripts=0)
    assert "\u202e" not in text
    assert not [tag for tag, each in Elements(text).found if tag in ("script", "img", "b") or "onerror" in each]


@pytest.mark.slow
def test_it_is_written_whole_over_what_is_there_and_without_guides(
    tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guide.html").write_text("mine")
    done = CliRunner().invoke(cli, ["guide"])
    assert (done.exit_code, done.stdout) == (0, "guide.html\n")
    assert (tmp_path / "guide.html").read_text(encoding="utf-8") == page
    (tmp_path / "taken").mkdir()
    done = CliRunner().invoke(cli, ["guide", "-o", "taken"])
    assert done.exit_code == 2
    assert "choose another file with --out" in done.stderr
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["guide.html", "taken"]
    monkeypatch.setattr(guide, "guides_folder", lambda: tmp_path / "none")
    assert 'href="#guides"' not in guide.page(cli)


@pytest.fixture(scope="module")
def file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_without_browser()
    place = tmp_path_factory.mktemp("guide") / "guide.html"
    place.write_text(page, encoding="utf-8")
    return place


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1440])
def test_a_browser_shows_it_without_a_request_or_a_complaint(file: Path, width: int) -> None:
    """Nothing sticks out, and what a sum runs over stands below its sign, as no plain text has it."""
    with browser(width) as driver:
        open_page(driver, file)
        quiet_and_within(driver, file, width)
        sign, below = driver.execute_script(
            "return [...document.querySelector('.equation munder').children].map((each) => "
            "each.getBoundingClientRect().y)"
        )
        assert sign < below


@pytest.mark.slow
def test_it_keeps_the_rules_of_access(file: Path) -> None:
    """On a narrow screen, where most has to scroll; of entries built alike the first few."""
    with browser(360) as driver:
        open_page(driver, file)
        driver.execute_script(
            "document.querySelectorAll('.entries > :nth-child(n+9), #tables article:nth-of-type(n+9), .index > "
            ":nth-child(n+9)').forEach((each) => each.remove())"
        )
        assert not serious(driver)
