"""Text of charts as outlines: the letters of their weight, in every format, and pictures packed by our own writer."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends import _backend_pdf_ps
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Text
from PIL import Image

from minerals.charts import fonts, outlines, pdf, style
from minerals.charts.bundle import rendered
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.png import png

LINE = "Europe’s share −25 %, 2035–2040: Zürich"
SVG, USE = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


def page() -> style.Page:
    return style.Page(style.HouseFigure(figsize=(4, 1), dpi=style.DPI), 0, 4, 1, 0, 1)


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("L"), float)


@pytest.mark.parametrize("weight", [REGULAR, SEMIBOLD, BOLD])
@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_a_line_is_the_picture_that_matplotlib_draws(
    weight: int, align: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    sheet = page()
    sheet.text({"left": 0.2, "center": 2, "right": 3.8}[align], 0.5, LINE, 10, weight=weight, align=align)
    ours = pixels(rendered(sheet.figure)[0])
    monkeypatch.setattr(style.TextLine, "draw", Text.draw)
    theirs = pixels(rendered(sheet.figure)[0])
    assert (theirs < 128).mean() > 0.01, "there is a text"
    # Ink stands within a pixel of theirs: a whole line that is shifted or of another weight is not.
    dark, ink = (255 - ours), (255 - theirs)
    if matplotlib.__version_info__ < (3, 11):
        # Until then a line was a bitmap, put on whole pixels: it may stand one higher or lower than ours, and no more.
        ink = min((np.roll(ink, rows, axis=0) for rows in (0, 1, -1)), key=lambda moved: np.abs(dark - moved).sum())
    assert dark.sum() == pytest.approx(ink.sum(), rel=0.02)
    assert np.abs(dark.cumsum(axis=1) - ink.cumsum(axis=1)).max() < 2 * 255
    assert np.abs(dark.sum(axis=1) - ink.sum(axis=1)).max() < 0.05 * ink.sum(axis=1).max()


def test_an_svg_holds_each_weight_in_its_own_outlines() -> None:
    """Fonts cut from one variable font once shared their names, and a regular text took the letters of a bold one."""
    sheet = page()
    for at, weight in enumerate((BOLD, REGULAR, SEMIBOLD)):
        sheet.text(0.1, 0.2 + 0.25 * at, "aba", 10, weight=weight)
    tree = ElementTree.fromstring(rendered(sheet.figure)[1])
    drawn = {path.attrib["id"]: path.attrib["d"] for path in tree.iter(f"{SVG}path") if "id" in path.attrib}
    assert len(drawn) == len(set(drawn.values())) == 6
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in drawn), "ids are names of XML"
    used = [[use.attrib[USE][1:] for use in line.iter(f"{SVG}use")] for line in tree.iter(f"{SVG}g")
            if line.attrib.get("id", "").startswith("text_")]  # fmt: skip
    assert [len(line) for line in used] == [3, 3, 3]
    assert all(one == last != middle for one, middle, last in used)
    assert len({line[0] for line in used}) == 3
    assert {name for line in used for name in line} == drawn.keys()


def test_a_pdf_holds_each_weight_once_under_its_own_name() -> None:
    sheet = page()
    for at, weight in enumerate((BOLD, REGULAR, SEMIBOLD)):
        sheet.text(0.1, 0.2 + 0.25 * at, LINE, 10, weight=weight)
    pdf = rendered(sheet.figure)[2]
    assert pdf.count(b"/FontFile2") == 3
    names = re.findall(rb"/FontName /(?:[A-Z]{6}\+)?(\S+)", pdf)
    assert len(names) == len(set(names)) == 3
    assert b"/Type3" not in pdf


def test_a_pdf_says_its_lines_as_they_are() -> None:
    sheet = page()
    sheet.text(0.2, 0.5, LINE, 10)
    content = rendered(sheet.figure)[2]
    streams = [zlib.decompress(each) for each in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", content, re.DOTALL)]
    shown = [each for each in streams if b"BT" in each and b"Tj" in each]
    assert len(shown) == 1
    assert LINE.encode("utf-16-be") in shown[0], "one string of letters, found by whoever searches for it"
    start = re.search(rb"BT\s+([\d.]+) ([\d.]+) Td", shown[0])
    assert start is not None
    assert [float(each) for each in start.groups()] == pytest.approx([0.2 * 72, 0.5 * 72])
    unicode = next(each for each in streams if b"beginbfrange" in each)
    assert all(f"<{ord(letter):04x}>".encode() in unicode for letter in LINE)


def test_a_font_is_cut_once_for_pdf_files_of_usual_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    cut, usual = [], _backend_pdf_ps.get_glyphs_subset
    monkeypatch.setattr(
        _backend_pdf_ps, "get_glyphs_subset", lambda font, glyphs: cut.append(len(glyphs)) or usual(font, glyphs)
    )
    monkeypatch.setattr(pdf, "_cuts", {})
    files = []
    for text in ("graphite 25 %", "Who makes LFP?", "graphite 25 %", "ë"):
        sheet = page()
        sheet.text(0.2, 0.5, text, 10)
        files.append(rendered(sheet.figure)[2])
    assert files[0] == files[2] != files[1]
    assert len(cut) == 2, "and once more for a letter that is not among them"
    assert cut[1] == cut[0] + 1
    assert _backend_pdf_ps.get_glyphs_subset is not usual, "what was there before is there again"


def test_letters_that_join_are_left_to_matplotlib() -> None:
    assert outlines.SIMPLE.issuperset(LINE)
    renderer = RendererAgg(100, 100, 72)
    assert not outlines.draw(renderer, "نص", 0.0, 0.0, 10, REGULAR, style.INK)
    assert not outlines.draw(renderer, "e\u0301", 0.0, 0.0, 10, REGULAR, style.INK)
    assert outlines.draw(renderer, "   ", 0.0, 0.0, 10, REGULAR, style.INK), "blanks have no outlines"


def test_a_width_is_that_of_the_advances() -> None:
    families = fonts.families()
    one = outlines.letter("H", BOLD, families)
    assert outlines.width("HH", 72, BOLD) == pytest.approx(2 * one.advance / outlines.EM)
    assert 0.6 < one.advance / outlines.EM < 0.9
    assert one.vertices[:, 0].max() < one.advance


def test_a_picture_is_read_back_as_it_was() -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, 256, (7, 5, 3), np.uint8)
    content = png(drawn, 200, {"Title": "Zürich −25 %", "Description": "plain"})
    Image.open(BytesIO(content)).verify()
    image = Image.open(BytesIO(content))
    assert image.mode == "RGB"
    assert (np.asarray(image) == drawn).all()
    assert image.info["dpi"] == pytest.approx((200, 200), abs=0.01)
    assert (image.info["Title"], image.info["Description"]) == ("Zürich −25 %", "plain")
    with pytest.raises(ValueError, match="three bytes a pixel"):
        png(np.zeros((2, 2, 4), np.uint8), 200, {})
