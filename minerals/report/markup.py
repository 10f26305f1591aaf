"""Pieces of HTML. Every text that comes from a run is made inert here: escaped, and without marks that cannot be seen
or that turn the direction of what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from ..text import without_unprintable


class Markup(str):
    """Text that is HTML already."""


class Number(NamedTuple):
    """A number in a table, with what stands below it: its interval."""

    text: str
    span: str = ""
    kind: str = ""


#: What stands in a cell of a table.
Cell = str | Number | Markup


def plain(text: object) -> Markup:
    """A text as HTML; HTML as it is."""
    return text if isinstance(text, Markup) else Markup(escape(without_unprintable(str(text))))


def element(tag: str, *inner: object, **attributes: str) -> Markup:
    """An element with texts or elements in it. Attributes: `class_` for class, `_` for a hyphen."""
    said = "".join(f' {name.rstrip("_").replace("_", "-")}="{plain(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{said}>{''.join(map(plain, inner))}</{tag}>")


def paragraphs(texts: Iterable[object], **attributes: str) -> Markup:
    """Each text as a paragraph; empty ones are left out."""
    return Markup("".join(element("p", text, **attributes) for text in texts if text))


def items(texts: Iterable[object], tag: str = "ul", **attributes: str) -> Markup:
    """A list."""
    return element(tag, *(element("li", text) for text in texts), **attributes)


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str, *, hidden: bool = False) -> Markup:
    """A table whose first column names its rows; a column of numbers stands to the right.

    hidden: whether the caption is for those who cannot see the table alone.
    """
    rows = list(rows)
    right = [any(isinstance(row[place], Number) for row in rows) for place in range(len(head))]
    heads = [element("th", text, scope="col", **({"class_": "number"} if n else {}))
             for text, n in zip(head, right, strict=True)]  # fmt: skip
    lines = [element("tr", element("th", row[0], scope="row"), *map(_cell, row[1:])) for row in rows]
    named = element("caption", caption, **({"class_": "unseen"} if hidden else {}))
    whole = element("table", named, element("thead", element("tr", *heads)), element("tbody", *lines))
    # A region that scrolls can be reached with the keyboard, and says what it is.
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _cell(cell: Cell) -> Markup:
    if not isinstance(cell, Number):
        return element("td", cell)
    kind = {"class_": cell.kind} if cell.kind else {}
    below = [element("span", cell.span, class_="span")] if cell.span else []
    return element("td", element("span", cell.text, **kind), *below, class_="number")
