"""What holds of every page, read from its text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser


class Elements(HTMLParser):
    """Tags of a page with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def policy_holds(page: str, scripts: int) -> None:
    """default-src is none; styles and scripts are those of the hashes; no attribute is style or code; nothing is asked
    of any other place. scripts: how many the page has."""
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    directives = dict(each.strip().partition(" ")[::2] for each in policy.replace("&#x27;", "'").split(";"))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert directives["font-src"] == "data:"
    for kind, pattern, number in (
        ("style-src", r"<style>(.*?)</style>", 1),
        ("script-src", r"<script>(.*?)</script>", scripts),
    ):
        found = re.findall(pattern, page, re.DOTALL)
        assert len(found) == number
        marks = (base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode() for inner in found)
        assert directives[kind] == (" ".join(f"'sha256-{mark}'" for mark in marks) or "'none'")
    for tag, attributes in Elements(page).found:
        assert not {name for name in attributes if name == "style" or name.startswith("on")}, tag
        assert tag not in {"link", "iframe", "img", "object", "embed", "base", "form"}
        for name in {"src", "href", "xlink:href"} & set(attributes):
            assert re.match(r"#|data:text/csv;|https://", attributes[name]), attributes[name]
        assert not attributes.get("href", "").startswith("https://") or tag == "a"
    assert "@import" not in page
    assert set(re.findall(r"url\(([a-z]+:|#)", page)) <= {"data:", "#"}


def anchors_hold(page: str) -> None:
    """There is one of each landmark, each anchor stands once, and links within the page lead to one."""
    found = Elements(page).found
    tags = [tag for tag, _ in found]
    assert tags.count("h1") == tags.count("main") == tags.count("header") == tags.count("footer") == 1
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {each["href"][1:] for tag, each in found if tag == "a" and each["href"].startswith("#")}
    assert links <= set(ids)
