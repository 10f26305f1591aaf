"""Texts: of the bytes of a file; which characters no chart, table or terminal takes; values cut to fit a message."""

from __future__ import annotations

import codecs
import datetime
import re
import textwrap
import unicodedata
from collections.abc import Mapping

#: Marks that turn the direction of what follows, so that a text reads otherwise than it is written.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Categories of Unicode that no text shows: control characters, halves of a character, separators of lines and
#: paragraphs.
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Characters of a name: letters and digits of any script, marks on them, blanks and - _ . between.
NAME = re.compile(r"[^\W_](?:[\w\-. ]*\w)?")
LONGEST_NAME, LONGEST_TEXT, LONGEST_NOTE = 80, 200, 2_000
#: Characters of a value that a message shows.
SHOWN = 80
#: What chemistries are called by their capitals.
ACRONYMS = ("nmc", "nca", "nmca", "lfp", "lmfp", "lco", "lmo", "lto")
#: Last word of the label of what is mined, and how labels begin that keep their capital within a sentence.
MINE, PROPER = " mine", ("Li-", "Na-")
#: Stands behind a disruption that is not in force.
MARK = "*"
#: First bytes of a file in another encoding; those of UTF-32 begin as those of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class Unreadable(ValueError):
    """A text or a file that cannot be read. line: 1-based, or 0 where the whole is meant; why: with the way out."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


def decoded(content: bytes, save: str) -> str:
    """The text of a UTF-8 file, without a byte-order mark. Raises Unreadable; save: the way out."""
    if other := next((name for mark, name in MARKS if content.startswith(mark)), ""):
        raise Unreadable(0, f"is not UTF-8 text but {other}; {save}")
    if b"\0" in content and max(content[::2].count(0), content[1::2].count(0)) > len(content) / 6:
        # A Latin letter of UTF-16 has a zero byte: every second byte of a text that has no byte-order mark.
        raise Unreadable(0, f"is not UTF-8 text but UTF-16; {save}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `object` is the content without a byte-order mark.
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, f"is not UTF-8 text (byte 0x{error.object[error.start]:02x}); {save}") from None


def unprintable(text: str) -> str:
    """The first character that cannot be shown, as `U+001B`, or '' where there is none.

    What cannot be shown: control characters, line breaks and tabs among them, marks that turn the direction of the
    text, and code points that are no characters. One that only a newer version of Unicode knows is a character.
    """
    return next((f"U+{ord(each):04X}" for each in text if not _printable(each)), "")


def _printable(character: str) -> bool:
    code = ord(character)
    never = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return not never and character not in TURNING and unicodedata.category(character) not in UNSEEN


def without_unprintable(text: str) -> str:
    """The text as charts and their files show it: a blank for a line break or a tab, and nothing for any other
    character that cannot be shown."""
    if not unprintable(text):
        return text
    return "".join(each if _printable(each) else " " * each.isspace() for each in text)


def within_sentence(label: str) -> str:
    """A label within a sentence: acronyms, formulas and the like keep their capital."""
    first = label.split(" ", 1)[0]
    return label if not first[1:].islower() or first.startswith(PROPER) else label[0].lower() + label[1:]


def product(label: str) -> str:
    """What a node makes, by its label, within a sentence: mined lithium of the lithium mine."""
    return f"mined {label.removesuffix(MINE).lower()}" if label.endswith(MINE) else within_sentence(label)


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, where it can be shown. Raises ValueError with the reason and the way out where it cannot."""
    if len(text) > longest:
        raise ValueError(f"has {len(text):,} characters; expected at most {longest:,}")
    if code := unprintable(text):
        raise ValueError(f"holds {code}, {_kind(code)}; leave it out")
    if text and not text.strip():
        raise ValueError("holds blanks only; write a text, or leave it out")
    return text


def plain_name(text: str) -> str:
    """The text, where it can name a scenario in tables, files and commands. Raises ValueError where it cannot."""
    if len(text) > LONGEST_NAME:
        raise ValueError(f"is a name of {len(text):,} characters; expected at most {LONGEST_NAME}")
    marks = "".join(each for each in text if not unicodedata.category(each).startswith("M"))
    if not NAME.fullmatch(marks) or not text.isprintable():
        raise ValueError(
            "is no name; expected letters and digits, with blanks and - _ . between them, e.g. next-gen, and anything "
            "else as its label"
        )
    return text


def _kind(code: str) -> str:
    character = chr(int(code[2:], 16))
    if character in "\n\r\v\f\x85\u2028\u2029":
        return "a line break"
    if character == "\t":
        return "a tab"
    if character in TURNING:
        return "a mark that turns the direction of the text"
    return "a character that cannot be shown"


def shown(value: object, longest: int = SHOWN) -> str:
    """A value of a run file as a message shows it, cut after `longest` characters; it holds no line break."""
    text = _written(value, longest, 3)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _written(value: object, longest: int, depth: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**longest:
        return f"a whole number of more than {longest} digits"
    if isinstance(value, str):
        return repr(value[: longest + 1])
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple | Mapping) and not depth:
        return "…"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(each, longest, depth - 1) for each in value[:longest])}]"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:longest]
        return f"{{{', '.join(f'{key} = {_written(each, longest, depth - 1)}' for key, each in pairs)}}}"
    return repr(value)


def folded(text: str, width: int) -> list[str]:
    """The lines of a text, those wider than `width` in parts of which the further ones are indented more; a word, and
    so a path, stays whole."""
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines += [line] if len(line) <= width else textwrap.wrap(
            line.lstrip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    return lines


def in_sentence(label: str) -> str:
    """A label within a sentence."""
    first = label.split(" ")[0]
    kept = any(letter.isupper() for letter in first[1:]) or first[:3] in ("Li-", "Na-", "Si-")
    return label if kept else label[:1].lower() + label[1:]


def possessive(label: str) -> str:
    """Whose something is: Japan's, the United States'."""
    return label + ("'" if label.endswith("s") else "'s")


def cause_of(group: str) -> str:
    """What a draw group of intensities is called: its code in words."""
    known = {
        "graphite_np": "graphite per kWh (N/P)",
        "li_s_design": "materials of Li-S cells per kWh",
        "silicon_blend": "silicon–graphite blend per kWh",
    }
    words = group.split("_")
    return known.get(group, " ".join([cell_name(words[0]), *words[1:]]) + " per kWh")


def cell_name(code: str) -> str:
    """A chemistry in a sentence: nmc811 -> NMC811, na_ion_layered -> Na-ion layered."""
    first, *rest = code.split("_")
    if first == "na":
        return " ".join(["Na-ion", *(word for word in rest if word != "ion")])
    return " ".join([first.upper() if first.rstrip("0123456789") in ACRONYMS else first, *rest])
