"""The typeface of a page: that of the charts, cut to the letters that stand in it and carried in the page itself."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from ..charts.fonts import BOLD, REGULAR, SEMIBOLD
from ..charts.quiet import load, quiet

#: What a page calls its typeface, so that one installed under the real name never stands in for it.
FAMILY = "Brief"
WEIGHTS = (REGULAR, SEMIBOLD, BOLD)


@cache
def _file(weight: int) -> str:
    """Path of the font that charts take a weight from."""
    load()
    with quiet():
        from matplotlib.font_manager import FontProperties, findfont

        from ..charts.fonts import families

        return str(findfont(FontProperties(family=families()[0], weight=weight)))


@cache
def _font(weight: int) -> Any:
    return _read(weight)


def _read(weight: int) -> Any:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    return TTFont(BytesIO(Path(_file(weight)).read_bytes()), recalcTimestamp=False)


def advance(letter: str, weight: int) -> float | None:
    """How far a letter moves the next one on, in parts of the size of type; None where the typeface lacks it."""
    font = _font(weight)
    name = font.getBestCmap().get(ord(letter))
    return None if name is None else font["hmtx"][name][0] / font["head"].unitsPerEm


def faces(letters: str) -> str:
    """The weights of the typeface with some letters as rules of a style sheet; the same letters, the same bytes."""
    from fontTools import subset  # type: ignore[import-untyped]

    rules = []
    for weight in WEIGHTS:
        options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, flavor="woff")
        options.drop_tables += ["GDEF", "GPOS", "GSUB", "STAT"]
        options.name_IDs = [1, 2]
        font = _read(weight)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=sorted(map(ord, letters)))
        cut.subset(font)
        font.flavor, content = "woff", BytesIO()
        font.save(content)
        address = f"data:font/woff;base64,{b64encode(content.getvalue()).decode()}"
        rules.append(f"@font-face{{font-family:{FAMILY};font-weight:{weight};src:url({address}) format('woff')}}")
    return "\n".join(rules)
