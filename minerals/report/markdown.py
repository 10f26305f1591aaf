"""A guide in Markdown as HTML: what is HTML in it stays text, and what it links to is in the page or on the web."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..text import without_unprintable
from .markup import Markup, element
from .prose import code

if TYPE_CHECKING:
    from markdown_it.token import Token

#: How far headings of a guide stand below those of the page.
BELOW = 2


class Guide(NamedTuple):
    """A guide: its heading, and what stands below it."""

    heading: str
    inner: Markup


def guide(text: str, anchors: Mapping[str, str], name: str) -> Guide:
    """A guide. anchors: of other guides in the page, by the names of their files; name: that its own anchors begin
    with. Links to other files of the project are left as words."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    lines = "\n".join(map(without_unprintable, text.splitlines()))
    tokens = parser.parse(lines)
    heading = name
    if tokens and tokens[0].tag == "h1":
        heading, tokens = tokens[1].content, tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1:]) + BELOW}"
        if token.children:
            token.children = list(_links(token.children, anchors))
    rules: dict[str, Callable[..., str]] = parser.renderer.rules  # type: ignore[attr-defined]
    rules["fence"] = rules["code_block"] = lambda tokens, at, options, env: code(tokens[at].content)
    rules["table_open"] = lambda *_: '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
    rules["table_close"] = lambda *_: "</table></div>"
    rules["th_open"] = lambda *_: '<th scope="col">'
    rules["td_open"] = lambda *_: "<td>"
    rules["image"] = lambda tokens, at, options, env: element("span", tokens[at].content)
    return Guide(heading, Markup(parser.renderer.render(tokens, parser.options, {})))


def _links(tokens: list[Token], anchors: Mapping[str, str]) -> Iterator[Token]:
    """Tokens of a line: a link to a guide goes to its place in the page, one to the web stays, another is words."""
    dropped: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            file = re.sub(r"#.*", "", target)
            if file in anchors:
                token.attrs["href"] = f"#{anchors[file]}"
            elif target.startswith("https://"):
                token.attrs["rel"] = "noreferrer"
            dropped.append(file not in anchors and not target.startswith("https://"))
            if dropped[-1]:
                continue
        elif token.type == "link_close" and dropped.pop():
            continue
        yield token
