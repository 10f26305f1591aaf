"""A page as a file: its head, the policy under which a browser shows it, its parts, and how it is written."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from .markup import Markup, element, plain
from .typeface import faces

HERE = Path(__file__).parent


def document(title: str, body: Markup, styles: Sequence[str], script: str = "", data: str = "") -> str:
    """The whole file. Nothing is asked of any other place: the policy allows its style and script by their hashes, and
    the typeface that is in the style.

    styles: files of this folder; data: JSON for the script, inert in a page.
    """
    letters = set(map(chr, range(0x20, 0x7F))) | set("−–…×·→’“”≤≥±↗↘") | {each for each in body if each.isprintable()}
    sheets = ((HERE / name).read_text(encoding="utf-8") for name in styles)
    style = "\n".join([faces("".join(sorted(letters))), *sheets])
    scripts = f"'{_hash(script)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {scripts}; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    behind = f'<script type="application/json" id="data">{data}</script>\n<script>{script}</script>\n' if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{plain(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n{behind}</body>\n</html>\n"
    )


def section(name: str, heading: str, inner: Markup) -> Markup:
    """A part of a page under its heading, with an anchor."""
    return element("section", element("h2", heading, id=f"{name}-heading"), inner, id=name,
                   aria_labelledby=f"{name}-heading")  # fmt: skip


def write(text: str, file: Path) -> None:
    """Write a page to a file, whole or not at all. Raises UsageError."""
    partial = file.with_name(f".{file.name}.part")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, file)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise UsageError(f"cannot write {file}: {error.strerror or error}; choose another file with --out") from error


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
