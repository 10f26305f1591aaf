"""Lines of text as the outlines of their letters, side by side at their advance widths, without kerning.

matplotlib lays a line out anew for every format, letter by letter; here an outline is taken from its font once, which
draws a line as a picture in a fifth of the time and writes it as SVG in a third. A PDF holds text as text (`pdf`). Only
letters that stand one behind the other are drawn so: scripts whose letters join or turn are left to matplotlib.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib import rcParams
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from minerals.charts import fonts, pdf

#: Units of an outline to the em.
EM = 6400
STEPS = {int(Path.MOVETO): "M", int(Path.LINETO): "L", int(Path.CURVE3): "Q", int(Path.CURVE4): "C",
         int(Path.CLOSEPOLY): "Z"}  # fmt: skip
"""Codes of a path -> its commands in SVG."""
CORNERS = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 1}
"""Commands -> vertices that they take in a path."""
SIMPLE = frozenset(map(chr, fonts.LETTERS))
#: Ids of the letters that an SVG file defines already, by what writes it.
_defined: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Letter(NamedTuple):
    """The outline of a letter on its baseline, and how far it moves the next one on, in units of an em / EM; font: the
    file that it is taken from."""

    character: str
    font: str
    vertices: np.ndarray
    codes: np.ndarray
    advance: float
    drawn: str
    id: str


@cache
def letter(character: str, weight: int, families: tuple[str, ...]) -> Letter:
    """A letter of the first family that has it, else of the last one preferred."""
    family = fonts.family_of(character, families) or families[-1]
    file = findfont(FontProperties(family=family, weight=weight))
    font = get_font(file)
    font.set_size(100, 72)
    glyph = font.load_glyph(font.get_char_index(ord(character)), flags=LoadFlags.NO_HINTING)
    vertices, codes = font.get_path()
    vertices = np.rint(vertices * 64)
    advance, name = glyph.linearHoriAdvance / 1024, f"w{weight}-{ord(character):x}"
    return Letter(character, file, vertices, codes, advance, _drawn(vertices, codes), name)


def _drawn(vertices: np.ndarray, codes: np.ndarray) -> str:
    """An outline as the path data of SVG."""
    steps, at = [], 0
    while at < len(codes):
        command = STEPS[int(codes[at])]
        taken = CORNERS[command]
        numbers = "" if command == "Z" else " ".join(f"{value:.0f}" for value in vertices[at : at + taken].ravel())
        steps.append(command + numbers)
        at += taken
    return "".join(steps)


def width(text: str, points: float, weight: int) -> float:
    """Width of a line in inches: the sum of what its letters take."""
    families = fonts.families()
    return points * sum(letter(each, weight, families).advance for each in text) / EM / 72


def draw(renderer: RendererBase, text: str, x: float, y: float, points: float, weight: int, colour: str) -> bool:
    """Draw a line whose baseline begins at x, y of the canvas, from its lower left; False where matplotlib has to."""
    if not SIMPLE.issuperset(text):
        return False
    families = fonts.families()
    letters = [letter(each, weight, families) for each in text]
    if isinstance(renderer, RendererAgg):
        _draw(renderer, letters, x, y, points * renderer.dpi / 72 / EM, colour)
    elif hasattr(renderer, "writer"):
        _write(renderer, text, letters, x, renderer.get_canvas_width_height()[1] - y, points / EM, colour)
    elif hasattr(renderer, "file") and rcParams["pdf.fonttype"] == 42:
        pdf.write(renderer, letters, x, y, points, colour)
    else:
        return False
    return True


def _draw(renderer: Any, letters: list[Letter], x: float, y: float, scale: float, colour: str) -> None:
    """Fill the outlines; scale: pixels of a unit."""
    starts = np.cumsum([0.0, *(each.advance for each in letters)])
    lengths = [len(each.codes) for each in letters]
    if not sum(lengths):
        return
    vertices = np.concatenate([each.vertices for each in letters])
    vertices[:, 0] += np.repeat(starts[:-1], lengths)
    gc = renderer.new_gc()
    gc.set_linewidth(0)
    gc.set_snap(False)
    path = Path(vertices, np.concatenate([each.codes for each in letters]))
    renderer.draw_path(gc, path, Affine2D().scale(scale).translate(x, y), to_rgba(colour))
    gc.restore()


def _write(
    renderer: Any, text: str, letters: list[Letter], x: float, y: float, scale: float, colour: str
) -> None:  # fmt: skip
    """Write the letters as uses of their outlines, each defined once in the file; y: from the top."""
    writer = renderer.writer
    defined = _defined.setdefault(writer, set())
    new = {each.id: each.drawn for each in letters if each.drawn and each.id not in defined}
    defined.update(new)
    writer.comment(text)
    if new:
        writer.start("defs")
        for name, drawn in new.items():
            writer.element("path", id=name, d=drawn)
        writer.end("defs")
    place = f"translate({x:.7g} {y:.7g}) scale({scale:.7g} {-scale:.7g})"
    writer.start("g", style=f"fill: {to_hex(colour)}", transform=place)
    start = 0.0
    for each in letters:
        if each.drawn:
            writer.element("use", attrib={"xlink:href": f"#{each.id}", "x": f"{start:.0f}"})
        start += each.advance
    writer.end("g")
