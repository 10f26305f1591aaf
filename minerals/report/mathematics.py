r"""Equations in LaTeX as MathML, which browsers show without a script.

An equation on lines of its own breaks before its relations and between its terms, where it is wider than the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from .markup import Markup, element

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Elements and attributes of MathML that are taken from a conversion; of any other element its text alone.
ELEMENTS = {
    "mi", "mn", "mo", "mtext", "mspace", "mrow", "mfrac", "msqrt", "msub", "msup", "msubsup", "munder", "mover",
    "munderover",
}  # fmt: skip
ATTRIBUTES = ("mathvariant", "stretchy", "fence", "minsize", "maxsize", "accent", "width")
#: Signs before which a line may break, where they stand outside all brackets.
RELATIONS, SIGNS = frozenset("=≤≥<>≠∈∉→"), frozenset("+−")
OPEN, CLOSE = frozenset("([{"), frozenset(")]}")


@cache
def inline(latex: str) -> Markup:
    """An equation within a sentence."""
    return element("math", *map(_markup, _parts(latex, "inline")))


@cache
def equation(latex: str, unit: str = "") -> Markup:
    """An equation on a line of its own, or on several, with its unit behind it."""
    lines = (element("math", *line, displaystyle="true") for line in _broken(_parts(latex, "block")))
    after = [Markup(" "), element("span", f"[{unit}]", class_="unit")] if unit else []
    inner = element("p", Markup(" ".join(lines)), *after, class_="equation")
    # A term that is wider than the page scrolls, also with the keyboard.
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label="Equation")


def _parts(latex: str, display: str) -> list[Element]:
    """Elements of an equation, side by side."""
    from xml.etree.ElementTree import fromstring

    from latex2mathml.converter import convert

    # The converter takes a text as it stands, and what is a sign of XML there would be one here.
    inert = latex.replace("&", r"\&").replace("<", r"\lt ").replace(">", r"\gt ")
    (row,) = fromstring(convert(inert, display=display))
    return list(row)


def _markup(part: Element) -> Markup:
    name = part.tag.rpartition("}")[2]
    inner = [part.text or "", *map(_markup, part)]
    if name not in ELEMENTS:
        return Markup("".join(map(_text, inner)))
    return element(name, *inner, **{key: value for key, value in part.attrib.items() if key in ATTRIBUTES})


def _text(inner: str) -> Markup:
    return inner if isinstance(inner, Markup) else element("mtext", inner)


def _broken(parts: Iterable[Element]) -> Iterator[list[Markup]]:
    """The parts of an equation, apart where a line may break; a sign that begins a line has the spaces of one between
    two terms."""
    line: list[Markup] = []
    before, depth = "", 0
    for part in parts:
        sign = (part.text or "") if part.tag.endswith("}mo") else ""
        depth += (sign in OPEN) - (sign in CLOSE)
        between = sign in RELATIONS or (sign in SIGNS and before not in RELATIONS)
        if line and between and not depth:
            yield line
            line = [element("mo", sign, form="infix")]
        else:
            line.append(_markup(part))
        before = sign
    yield line
