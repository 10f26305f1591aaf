r"""Equations of docstrings in a line of plain text: `\sum_c x_{rscy} + u_{rsy} = D_{rsy}` → `Σ_c x[r,s,c,y] + …`.

Only the LaTeX that such equations are written in is known. A command that is not stays as it is written, with its
backslash, so that it is seen.
"""

from __future__ import annotations

import re

_LETTERS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
_CAPITALS = "Gamma Delta Theta Lambda Xi Pi Phi Psi Omega"
#: What has no space around it on the side of what it holds.
OPEN, CLOSE = "([{", ")]},"
#: Signs between two terms.
BINARY = {
    "+": "+", "-": "−", "=": "=", "<": "<", ">": ">", r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\geq": "≥",
    r"\ne": "≠", r"\in": "∈", r"\notin": "∉", r"\cdot": "·", r"\times": "×", "/": "/", r"\to": "→",
}  # fmt: skip
#: Signs whose subscript says what they run over.
OVER = {r"\sum": "Σ", r"\prod": "Π", r"\max": "max", r"\min": "min"}
#: Any other sign.
SIGNS = {
    **{f"\\{name}": letter for name, letter in zip(_LETTERS.split(), "αβγδεζηθικλμνξπρστφχψω", strict=True)},
    **{f"\\{name}": letter for name, letter in zip(_CAPITALS.split(), "ΓΔΘΛΞΠΦΨΩ", strict=True)},
    r"\Sigma": "Σ", r"\infty": "∞", r"\forall": "∀", r"\ldots": "…", r"\dots": "…", r"\%": "%", r"\{": "{", r"\}": "}",
}  # fmt: skip
#: What only sets the type or the space.
SILENT = {
    "&", r"\,", r"\;", r"\:", r"\!", "\\ ", r"\quad", r"\left", r"\right", *(
        rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")
    ),
}  # fmt: skip
#: Marks over or under one sign.
ACCENTS = {r"\bar": "\u0304", r"\overline": "\u0305", r"\hat": "\u0302", r"\tilde": "\u0303", r"\underline": "\u0332"}
FRACTIONS = (r"\frac", r"\tfrac", r"\dfrac")
WORDS = (r"\mathrm", r"\text", r"\operatorname", r"\mathit")
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


def lines(latex: str) -> list[str]:
    r"""The equations of a block one by one, as LaTeX: apart at `\qquad` and `\\`; so are their units, in brackets."""
    block = re.sub(r"\\(begin|end)\{\w+\*?\}", "", latex)
    parts = (part.strip().removesuffix(",").rstrip() for part in re.split(r"\\qquad\b|\\\\", block))
    return [part for part in parts if part]


def unit(line: str) -> str:
    r"""The unit that a line is, `[\mathrm{kt\ or\ GWh}]` → `kt or GWh`, or nothing where it is none."""
    return plain(line)[1:-1] if line.startswith("[") and line.endswith("]") else ""


def plain(latex: str) -> str:
    """An equation as text. Indices stand in brackets, as in the names of the model."""
    return _spaced(_pieces(TOKEN.findall(latex)))


def prose(text: str) -> str:
    """A paragraph in one line, the equations between its dollars as text."""
    return re.sub(r"\$([^$]+)\$", lambda found: plain(found[1]), " ".join(text.split()))


def _pieces(tokens: list[str]) -> list[str]:
    """Terms and signs of an equation, each as it is to be written."""
    pieces: list[str] = []
    rest = tokens[::-1]
    while rest:
        token = rest.pop()
        if token in SILENT or token.isspace():
            continue
        if token == "{":
            rest.append(token)
            pieces += _pieces(_argument(rest))
        elif token in FRACTIONS:
            above, below = (_spaced(_pieces(_argument(rest))) for _ in range(2))
            pieces.append(f"{_held(above)} / {_held(below)}")
        elif token in WORDS:
            pieces.append("".join(_argument(rest)).replace("\\", ""))
        elif token in ACCENTS:
            pieces.append(_spaced(_pieces(_argument(rest))) + ACCENTS[token])
        elif token == "_":
            index = _argument(rest)
            over = bool(pieces) and pieces[-1] in OVER.values()
            _attach(pieces, _range(index) if over else f"[{_index(index)}]")
        elif token == "^":
            power = _spaced(_pieces(_argument(rest)))
            _attach(pieces, power if power == "'" else f"^{_held(power)}")
        elif token == "'":
            _attach(pieces, token)
        else:
            pieces.append(OVER.get(token) or BINARY.get(token) or SIGNS.get(token, token))
    return pieces


def _argument(rest: list[str]) -> list[str]:
    """Takes the next token, or all of a group in braces, off the end of what is left."""
    while rest and rest[-1].isspace():
        rest.pop()
    if not rest:
        return []
    taken, depth = [rest.pop()], 1
    if taken != ["{"]:
        return taken
    while rest and depth:
        taken.append(rest.pop())
        depth += {"{": 1, "}": -1}.get(taken[-1], 0)
    return taken[1:-1]


def _attach(pieces: list[str], text: str) -> None:
    """Write a text right behind the last piece."""
    pieces[-1:] = [(pieces[-1] if pieces else "") + text]


def _index(tokens: list[str]) -> str:
    """Indices apart: `rf,y-1` → `r,f,y−1`."""
    text = ""
    for piece in _pieces(tokens):
        apart = text and _is_term(text[-1]) and _is_term(piece[0])
        text += f",{piece}" if apart else piece
    return text


def _range(tokens: list[str]) -> str:
    """What a sum runs over: `c` → `_c`, `c \\in k` → `_{c ∈ k}`."""
    text = _spaced(_pieces(tokens))
    return f"_{text}" if _is_term(text) else f"_{{{text}}}"


def _is_term(text: str) -> bool:
    """Whether a text is a name or a number, without signs."""
    return text.replace("'", "").replace("]", "").isalnum()


def _held(text: str) -> str:
    """A term in parentheses where it is more than one name or number."""
    return f"({text})" if " " in text else text


def _spaced(pieces: list[str]) -> str:
    """Pieces as a line: spaces around signs and between factors, none inside parentheses and after a sign of its own
    (`−x`)."""
    signs = set(BINARY.values())
    text = ""
    for at, piece in enumerate(pieces):
        before = pieces[at - 1] if at else ""
        after = pieces[at + 1] if at + 1 < len(pieces) else ""
        if " / " in piece and after and after not in signs and after not in CLOSE:
            piece = f"({piece})"  # Else the next factor would seem to stand below the line.
        alone = before in signs and (at == 1 or pieces[at - 2] in signs or pieces[at - 2] in OPEN)
        close = not before or before in OPEN or piece in CLOSE or (alone and before == "−")
        text += piece if close else f" {piece}"
    return text
