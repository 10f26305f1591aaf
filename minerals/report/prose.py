"""Docstrings as HTML: paragraphs, equations, code and columns, as they stand in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from textwrap import dedent

from ..mix import equation as latex
from . import mathematics
from .markup import Markup, element, plain

#: What is set off in a paragraph: code, an equation, strong and stressed words, the address of a publication.
SET_OFF = re.compile(
    r"`(?P<code>[^`]+)`|\$(?P<math>[^$]+)\$|\*\*(?P<strong>[^*]+)\*\*|(?<!\w)\*(?P<em>\w[^*]*)\*(?!\w)"
    r"|doi:(?P<doi>10\.\d+/\S+?)(?=[.,;:]?(?:\s|$))"
)
#: Letters of a line that a narrow screen shows without scrolling.
NARROW = 36
#: With what click keeps the lines of a paragraph as they are.
KEPT = "\b"


def prose(text: str) -> Markup:
    """A docstring, paragraph by paragraph."""
    return Markup("".join(_paragraph(block) for block in blocks(text)))


def blocks(text: str) -> list[str]:
    """Paragraphs of a docstring with their lines."""
    return [block for block in re.split(r"\n[ \t]*\n", cleandoc(text)) if block.strip()]


def states_equation(text: str) -> bool:
    """Whether a docstring sets an equation on a line of its own."""
    return any(block.startswith("$$") or _as_it_stands(block) for block in blocks(text))


def inline(text: str) -> Markup:
    """A paragraph without its tags."""
    return Markup("".join(_runs(" ".join(text.split()))))


def code(text: str) -> Markup:
    """Lines as they stand."""
    lines = [plain(line) for line in text.splitlines()]
    inner = element("pre", element("code", Markup("\n".join(lines))))
    if max(map(len, text.splitlines()), default=0) <= NARROW:
        return inner
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label="Text in lines")


def _paragraph(block: str) -> Markup:
    if block.startswith("$$"):
        return _equations(block)
    if block.startswith(KEPT):
        return code(dedent(block.partition("\n")[2]))
    return code(dedent(block)) if _as_it_stands(block) else element("p", inline(block))


def _as_it_stands(block: str) -> bool:
    """Whether the lines of a paragraph are an equation in plain text, or rows in columns."""
    lines = block.splitlines()
    in_columns = sum(bool(re.search(r"\S {2,}\S", line)) for line in lines)
    return all(line.startswith("    ") for line in lines) or 2 * in_columns >= len(lines) > 1


def _equations(block: str) -> Markup:
    """The equations of a block one by one, the unit that is behind them at each."""
    lines = latex.lines(block.replace("$$", ""))
    unit = ", ".join(dict.fromkeys(unit for line in lines if (unit := latex.unit(line))))
    return Markup("".join(mathematics.equation(line, unit) for line in lines if not latex.unit(line)))


def _runs(text: str) -> Iterator[Markup]:
    end = 0
    for found in SET_OFF.finditer(text):
        yield plain(text[end : found.start()])
        end = found.end()
        kind, inner = str(found.lastgroup), found[str(found.lastgroup)]
        if kind == "math":
            yield mathematics.inline(inner)
        elif kind == "doi":
            yield element("a", found[0], href=f"https://doi.org/{inner}", rel="noreferrer")
        else:
            yield element(kind, inner)
    yield plain(text[end:])
