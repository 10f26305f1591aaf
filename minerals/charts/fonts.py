"""The typeface of the charts: Inter where it can be had, DejaVu Sans (which matplotlib brings along) otherwise.

Inter is taken from the machine if it is installed there in regular and bold, else from the package `fontpkg-inter`.
That package holds one variable font, of which matplotlib would only see the regular weight; the three weights of the
house style are cut from it once, with fontTools, into matplotlib's cache folder.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp

import matplotlib
from matplotlib import font_manager

from minerals.errors import UsageError

REGULAR, SEMIBOLD, BOLD = 400, 600, 700
FALLBACK = "DejaVu Sans"
LETTERS = (
    *range(0x20, 0x7F), *range(0xA0, 0x180),  # Latin
    *range(0x2009, 0x2015), *range(0x2018, 0x2023), 0x2026, 0x2030, 0x2032,  # punctuation
    *range(0x2080, 0x208A), 0x20AC, 0x2122, 0x2190, 0x2192, 0x2212, 0x2248, 0x2264, 0x2265,  # signs
)  # fmt: skip
"""Code points kept in a cut. Letters that are not in it are taken from the fallback."""
DROPPED, NAMES = ("GDEF", "GPOS", "GSUB", "STAT"), (1, 2, 4, 6)
"""Tables left out of a cut, and names kept in it: every PDF goes through all that is there for each font it embeds."""


POSTSCRIPT = "Inter-{weight}"
"""What a cut is called in the files that hold it, where letters of cuts of one name would be taken for one another."""


@cache
def families() -> tuple[str, ...]:
    """Font families in order of preference; a letter missing from the first is taken from the next.

    Raises UsageError where there is no font at all.
    """
    found = ("Inter", FALLBACK) if _installed("Inter") or _packaged_inter() else (FALLBACK,)
    if not _weights(FALLBACK):
        raise UsageError(f"charts find no font, not even {FALLBACK}, which matplotlib brings; install matplotlib again")
    for family in found:
        _stand_in_for_semibold(family)
    return found


@cache
def family_of(letter: str, preferred: tuple[str, ...]) -> str:
    """The first of the preferred families that has a letter, else another installed one; '' where none has it."""
    for family in preferred:
        font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=family)))
        if font.get_char_index(ord(letter)):
            return family
    return next((family for family, letters in _others() if ord(letter) in letters), "")


def families_for(text: str) -> list[str]:
    """The families of charts, and behind them those that a text takes further letters from."""
    preferred = families()
    return list(dict.fromkeys([*preferred, *filter(None, (family_of(letter, preferred) for letter in text))]))


def lacking(text: str) -> str:
    """Letters of a text that no installed font has, each once, in order: they are drawn as boxes."""
    preferred = families()
    letters = dict.fromkeys(letter for letter in text if not _unseen(letter))
    return "".join(letter for letter in letters if not family_of(letter, preferred))


def _unseen(letter: str) -> bool:
    """Whether a letter only joins others, or chooses among their forms."""
    return letter.isspace() or unicodedata.category(letter) == "Cf" or 0xFE00 <= ord(letter) <= 0xFE0F


@cache
def _others() -> tuple[tuple[str, frozenset[int]], ...]:
    """Upright families installed on this machine with the code points they have, those without serifs first.

    Pictures in place of outlines are left out, and so is the font of matplotlib that has a box for every letter.
    """
    found: dict[str, frozenset[int]] = {}
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda font: (font.name, font.fname)):
        usual = entry.style == "normal" and entry.stretch == "normal" and entry.weight in range(350, 501)
        if not usual or entry.name in found or entry.name.replace(" ", "").startswith(("LastResort", ".LastResort")):
            continue
        try:
            font = font_manager.get_font(entry.fname)
            if font.scalable:
                found[entry.name] = frozenset(font.get_charmap())
        except (OSError, RuntimeError):
            continue  # A font that is gone, or that FreeType cannot read.
    return tuple(sorted(found.items(), key=lambda item: ("Mono" in item[0], "Sans" not in item[0], item[0])))


def _weights(family: str) -> dict[object, font_manager.FontEntry]:
    """Upright fonts of a family by weight: neither condensed nor small capitals."""
    found: dict[object, font_manager.FontEntry] = {}
    for font in font_manager.fontManager.ttflist:
        if font.name == family and (font.style, font.variant, font.stretch) == ("normal", "normal", "normal"):
            found.setdefault(font.weight, font)
    return found


def _installed(family: str) -> bool:
    return {REGULAR, BOLD} <= _weights(family).keys()


def _stand_in_for_semibold(family: str) -> None:
    """Let the bold stand in where a family has no semibold, instead of a warning for every text."""
    weights = _weights(family)
    if SEMIBOLD not in weights and BOLD in weights:
        font_manager.fontManager.ttflist.append(replace(weights[BOLD], weight=SEMIBOLD))


def _packaged_inter() -> bool:
    """Register Inter from `fontpkg-inter`; False where that package is not installed."""
    spec = find_spec("fontpkg_inter")
    if spec is None or spec.origin is None:
        return False
    variable = Path(spec.origin).parent / "files" / "Inter[opsz,wght].ttf"
    if not variable.is_file():
        return False
    for folder in _folders():
        try:
            _register(_cuts(variable, folder))
        except (OSError, RuntimeError):
            continue  # The folder cannot be written, or holds a file that is no font.
        return True
    return False


def _folders() -> Iterator[Path]:
    """Where cuts are kept: in matplotlib's cache, or for this process alone."""
    yield Path(matplotlib.get_cachedir()) / "minerals"
    temporary = Path(mkdtemp(prefix="minerals-fonts-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    yield temporary


def _register(cuts: dict[int, Path]) -> None:
    """Have matplotlib know the cuts as weights of one family."""
    for weight, cut in cuts.items():
        font_manager.fontManager.addfont(cut)
        # A cut still names itself after the variable font's default; here it is one weight of the family.
        named = replace(font_manager.fontManager.ttflist[-1], name="Inter", weight=weight)
        font_manager.fontManager.ttflist[-1] = named


def _cuts(variable: Path, folder: Path) -> dict[int, Path]:
    """Static fonts by weight in a folder, made on first use (under a second); the same bytes wherever they are made.

    Letters are picked and the optical size is fixed before the weights are cut, which is what makes it quick. Layout
    features are left out, so that letters stand at their advance widths. What is cut is in the name of the file: a
    cut of other settings is made anew.
    """
    settings = repr((LETTERS, DROPPED, NAMES, POSTSCRIPT)).encode()
    mark = hashlib.sha256(variable.read_bytes() + settings).hexdigest()[:8]
    cuts = {weight: folder / f"inter-{mark}-{weight}.ttf" for weight in (REGULAR, SEMIBOLD, BOLD)}
    if all(cut.is_file() for cut in cuts.values()):
        return cuts
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
    from fontTools.varLib import instancer  # type: ignore[import-untyped]

    font = TTFont(variable, recalcTimestamp=False)
    options = subset.Options(layout_features=[], notdef_outline=True)
    options.name_IDs = list(NAMES)
    options.drop_tables += DROPPED
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    fixed = BytesIO()
    instancer.instantiateVariableFont(font, {"opsz": 14}).save(fixed)
    folder.mkdir(parents=True, exist_ok=True)
    for weight, cut in cuts.items():
        static = instancer.instantiateVariableFont(TTFont(fixed, recalcTimestamp=False), {"wght": weight})
        static["name"].setName(POSTSCRIPT.format(weight=weight), 6, 3, 1, 0x409)
        with NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            static.save(part)
        os.replace(part.name, cut)
    return cuts
