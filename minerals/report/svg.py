"""A chart's SVG as part of a page.

A page under a strict policy takes no style attributes, so they become presentation attributes; text, which the file
holds as outlines, becomes text again at the width that its letters take; ids get a prefix of their own. What is not
among the elements and attributes that a chart consists of is left out, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from ..errors import UsageError
from ..text import without_unprintable
from .typeface import advance

#: Elements of a chart, and the attributes that each may have.
SHAPES = {"g", "path", "use", "defs", "clipPath", "rect", "circle", "pattern", "line", "polygon", "text"}
PLACES = {"id", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points", "transform",
          "clip-path", "patternUnits", "patternContentUnits"}  # fmt: skip
PAINTS = {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
          "stroke-opacity", "stroke-dasharray", "stroke-dashoffset", "stroke-miterlimit", "opacity",
          "clip-rule"}  # fmt: skip
#: The size of type, in units of an outline of which a letter is made (charts/outlines.py).
EM = 6400
#: An outline of a letter: its weight and its code point.
LETTER = re.compile(r"#w(\d{3})-([0-9a-f]{1,5})")
#: A number as matplotlib writes it, and where a line of letters stands and how large they are.
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
PLACED = re.compile(rf"translate\(({NUMBER}) ({NUMBER})\) scale\(({NUMBER}) {NUMBER}\)")
#: What may follow `url(` or stand as a link: a part of the same chart.
OWN = re.compile(r"#[\w-]+")
LINK = "{http://www.w3.org/1999/xlink}href"


class Inline:
    """One chart as an element of a page. prefix: of its ids."""

    def __init__(self, content: bytes, prefix: str, name: str) -> None:
        self.prefix = prefix
        try:
            parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
            self.root = ElementTree.fromstring(content, parser)
        except ElementTree.ParseError as error:
            raise UsageError(f"{name} is not readable SVG ({error}); draw it again with minerals chart") from None
        box = re.fullmatch(rf"{NUMBER} {NUMBER} ({NUMBER}) ({NUMBER})", self.root.get("viewBox", ""))
        if box is None:
            raise UsageError(f"{name} says no size; draw it again with minerals chart")
        self.width, self.height = float(box[1]), float(box[2])
        self._linked = {mark for each in self.root.iter() for mark in _links(each)}

    def markup(self, title: str, description: str) -> str:
        """The element, with what it shows for a reader who cannot see it."""
        what = (("title", title), ("desc", description))
        words = "".join(f'<{tag} id="{self.prefix}{tag}">{escape(without_unprintable(text))}</{tag}>'
                        for tag, text in what)  # fmt: skip
        labels = " ".join(f"{self.prefix}{tag}" for tag, _ in what)
        head = f'<svg class="chart" role="img" aria-labelledby="{labels}" viewBox="0 0 {self.width:g} {self.height:g}"'
        body = "".join(self._written(self.root))
        return f'{head} stroke-linejoin="round" stroke-linecap="butt">{words}{body}</svg>'

    def _written(self, parent: ElementTree.Element) -> Iterator[str]:
        """What stands in an element, letters as text."""
        said = ""
        for each in parent:
            if not isinstance(each.tag, str):
                said = (each.text or "").strip("\n")
                said = said[1:-1] if said.startswith(" ") and said.endswith(" ") else said
                continue
            tag = each.tag.rpartition("}")[2]
            if tag not in SHAPES:
                continue
            if tag == "g" and (line := self._line(each, said)):
                yield line
                continue
            inner = "".join(self._written(each))
            attributes = "".join(f' {key}="{escape(value)}"' for key, value in self._attributes(each, tag))
            if inner:
                # A group that says nothing of what is in it is not needed.
                yield f"<{tag}{attributes}>{inner}</{tag}>" if attributes or tag != "g" else inner
            elif tag not in ("g", "defs") and not (tag == "path" and self._is_letter(each)):
                yield f"<{tag}{attributes}/>"

    def _line(self, group: ElementTree.Element, said: str) -> str:
        """A line of text that a group of outlines is; '' where it is none."""
        placed = PLACED.fullmatch(group.get("transform", ""))
        uses = [LETTER.fullmatch(each.get(LINK, "")) for each in group]
        end = group[-1].get("x", "0") if len(group) else ""
        if placed is None or not uses or not all(uses) or not re.fullmatch(NUMBER, end):
            return ""
        x, y, scale = map(float, placed.groups())
        found = [use for use in uses if use is not None]
        drawn = "".join(chr(int(use[2], 16)) for use in found)
        if "".join(said.split()) != "".join(drawn.split()):
            said = drawn  # The outlines are what is seen.
        weight = int(found[0][1])
        fill = dict(_declared(group.get("style", ""))).get("fill", "#000000")
        last, size = advance(drawn[-1], weight), scale * EM
        wide = "" if last is None else f' textLength="{float(end) * scale + last * size:.2f}"'
        place = f'x="{x:.2f}" y="{y:.2f}" font-size="{size:.4g}" font-weight="{weight}" fill="{escape(fill)}"'
        return f"<text {place}{wide}>{escape(without_unprintable(said.strip()))}</text>"

    def _attributes(self, element: ElementTree.Element, tag: str) -> Iterator[tuple[str, str]]:
        for key, value in [*element.attrib.items(), *_declared(element.get("style", ""))]:
            if key == "id" and value not in self._linked:
                continue
            if key == LINK and OWN.fullmatch(value):
                yield "href", f"#{self.prefix}{value[1:]}"
            elif key == "id":
                yield key, self.prefix + value
            elif key == "d":
                yield key, _rounded(value)
            elif "(" in value and key != "transform":
                if mark := re.fullmatch(r"url\((#[\w-]+)\)", value):
                    yield key, f"url(#{self.prefix}{mark[1][1:]})"
            elif key in PLACES or key in PAINTS:
                yield key, value

    def _is_letter(self, path: ElementTree.Element) -> bool:
        return bool(LETTER.fullmatch(f"#{path.get('id', '')}"))


def _links(element: ElementTree.Element) -> Iterator[str]:
    """Ids that an element points to."""
    for value in element.attrib.values():
        yield from (mark[1:] for mark in re.findall(r"#[\w-]+", value))


def _declared(style: str) -> Iterator[tuple[str, str]]:
    """Properties of a style attribute that are attributes too."""
    for part in style.split(";"):
        key, _, value = (text.strip() for text in part.partition(":"))
        if key in PAINTS:
            yield key, value


def _rounded(path: str) -> str:
    """Path data to a hundredth of a point, without line breaks."""
    return " ".join(
        re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path).split()
    )
