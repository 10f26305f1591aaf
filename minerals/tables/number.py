"""The text of a cell → a number, or why it is none and what to write instead. Nothing is guessed."""

from __future__ import annotations

import re
import unicodedata

#: A number as every tool reads it: digits 0 to 9, a decimal point, an exponent.
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
#: No quantity of this model is larger, or nearer to zero without being zero: products of a few of them stay finite.
LARGEST, SMALLEST = 1e15, 1e-100

_NONE = ("nan", "inf", "+inf", "-inf", "infinity", "na", "n/a", "null", "none", "-", "–", "—")
_MINUS = "−‐‑‒–—﹣－"
_SPACES = " \u00a0\u2009\u202f"
#: One to three digits, then groups of three behind one kind of separator, then decimals behind another.
_GROUPED = re.compile(rf"([-+]?[0-9]{{1,3}})(?:([{_SPACES}'’_.,])([0-9]{{3}}))(?:\2[0-9]{{3}})*([.,][0-9]*)?")


def number(text: str) -> float:
    """The number that a cell holds. Raises ValueError with the reason and the way out."""
    if not NUMBER.fullmatch(text):
        raise ValueError(_why_not(text))
    value = float(text)
    if not abs(value) <= LARGEST:
        raise ValueError("is too large to be a number")
    if abs(value) < SMALLEST and (value or (text != "0" and re.match("[-+0.]*[1-9]", text))):
        raise ValueError("is too small to be a number; write 0 for a zero")
    return value


def _why_not(text: str) -> str:
    """Why a text is no number, with what to write."""
    if text.lower() in _NONE:
        return "not a number; leave out the row where it does not apply, write 0 for a zero"
    if text[0] in _MINUS and NUMBER.fullmatch(text[1:]):
        return f"not a number; the minus sign is {named(text[0])}, write -{text[1:]}"
    foreign = next((letter for letter in text if letter.isnumeric() and letter not in "0123456789"), "")
    if foreign:
        return f"not a number; {foreign!r} is {named(foreign)}, write it with the digits 0 to 9"
    if text.endswith("%"):
        return "not a number; write a percentage as a fraction: 40% is 0.4"
    if text[0] in "=#":
        return "not a number; it is a formula or an error of a spreadsheet: write its value"
    if why := _separated(text):
        return f"not a number; {why}"
    figure = re.match(r"[-+]?[0-9.]+", text)
    if figure and NUMBER.fullmatch(figure[0]):
        return f"not a number; write {figure[0]} alone (a unit stands in its own column, ends in low and high)"
    if text[0] in "~≈<>≤≥±":
        return "not a number; write the figure alone, its ends in low and high, and the rest in note"
    return "not a number"


def _separated(text: str) -> str:
    """What to write for a number with separators of thousands or a decimal comma; '' where it is none."""
    if found := _GROUPED.fullmatch(text):
        separator, decimals = found[2], found[4] or ""
        bare = text.removesuffix(decimals) if decimals else text
        whole = bare.replace(separator, "")
        if decimals[:1] == separator:
            return ""
        plain = whole + decimals.replace(",", ".")
        if separator == "," and not decimals and bare.count(",") == 1:
            decimal = bare.replace(",", ".")
            if found[1].lstrip("-+") == "0":
                return f"decimals are written with a point: {decimal}"
            return f"write {whole} if the comma groups thousands, {decimal} if it is a decimal comma"
        return f"write it without separators between thousands: {plain}"
    if re.fullmatch(r"[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?", text):
        return f"decimals are written with a point: {text.replace(',', '.')}"
    if re.fullmatch(rf"[-+]?[0-9{_SPACES}'’_.,]*[0-9]", text):
        return "write it without separators between thousands, and decimals with a point"
    return ""


def named(character: str) -> str:
    """A character by its code and name: `U+2212 (MINUS SIGN)`."""
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'without a name')})"
