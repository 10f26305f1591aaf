"""Text of PDF files as text: lines of letters at their advance widths, in fonts that are cut once for many files.

matplotlib lays a line out letter by letter, and for each file cuts from each font the letters that it holds: together
half of what the three formats of a chart take. Here a line is written as a whole, and files hold the same letters of a
font, ALPHABET and what they need beside it, which makes each ten kilobytes larger.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from matplotlib.backends import _backend_pdf_ps
from matplotlib.backends.backend_pdf import Op, PdfFile
from matplotlib.font_manager import get_font

if TYPE_CHECKING:
    from minerals.charts.outlines import Letter

#: Letters of each font that every file holds.
ALPHABET = frozenset((*map(chr, range(0x20, 0x7F)), *"·×–’“”…−"))
#: Cuts that are kept, at most.
KEPT = 32
#: Letters that a file holds, by font.
_held: WeakKeyDictionary[PdfFile, dict[str, set[str]]] = WeakKeyDictionary()
#: What matplotlib cut of a font, by that and the glyphs that it holds.
_cuts: dict[tuple[str, frozenset[Any]], Any] = {}


class Saved(NamedTuple):
    """A font as the bytes of its file, which is all that a PDF asks of it."""

    content: bytes

    def save(self, file: BytesIO, **_: Any) -> None:
        """Write it."""
        file.write(self.content)


def write(renderer: Any, letters: list[Letter], x: float, y: float, points: float, colour: str) -> None:
    """Write a line whose baseline begins at x, y of the page [points]; its fonts are those of type 42."""
    file, gc = renderer.file, renderer.new_gc()
    gc.set_foreground(colour)
    renderer.check_gc(gc, gc._rgb)
    file.output(Op.begin_text, x, y, Op.textpos)
    for font, some in groupby(letters, lambda each: each.font):
        text = "".join(each.character for each in some)
        _hold(file, font, text)
        file.output(file.fontName(font), points, Op.selectfont, text.encode("utf-16-be"), Op.show)
    file.output(Op.end_text)
    gc.restore()


def _hold(file: Any, font: str, text: str) -> None:
    """Have a file hold letters of a font, one by one: side by side some would become one glyph."""
    held = _held.setdefault(file, {}).setdefault(font, set())
    if new := set(text) - held:
        face = get_font(font)
        new |= {letter for letter in ALPHABET if not held and face.get_char_index(ord(letter))}
        held |= new
        for letter in sorted(new):
            file._character_tracker.track(face, letter)


@contextmanager
def kept_cuts() -> Iterator[None]:
    """Have matplotlib cut a font for a file only where it has not been cut so before."""
    usual = _backend_pdf_ps.get_glyphs_subset
    _backend_pdf_ps.get_glyphs_subset = partial(_cut, usual)
    try:
        yield
    finally:
        _backend_pdf_ps.get_glyphs_subset = usual


def _cut(
    usual: Callable[..., AbstractContextManager[Any]], font: str, glyphs: Collection[Any]
) -> AbstractContextManager[Any]:
    """What `usual` cuts. matplotlib 3.11 wants to know where the glyphs stand in it; 3.10 takes the font alone."""
    key = font, frozenset(glyphs)
    if key not in _cuts:
        while len(_cuts) >= KEPT:
            del _cuts[next(iter(_cuts))]
        with usual(font, glyphs) as cut:
            whole, content = hasattr(cut, "glyph_index_map"), BytesIO()
            (cut.font if whole else cut).save(content, reorderTables=False)
            saved = Saved(content.getvalue())
            _cuts[key] = cut._replace(font=saved) if whole else saved
    return nullcontext(_cuts[key])
