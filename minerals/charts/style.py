"""House style: colours, type, sizes, and the page every chart is drawn on.

All measures are inches and points of the `brief` size; `slide` enlarges every one of them by one scale. Nothing here
touches pyplot: figures carry an Agg canvas and no global state changes outside `context()`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import IdentityTransform

from minerals.charts import fonts, outlines
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.quiet import quiet
from minerals.errors import UsageError, did_you_mean, listed
from minerals.text import without_unprintable

INK, MUTED, FAINT, PALE, GRID = "#1B1F24", "#565D66", "#6B737C", "#D3D7DB", "#E6E8EB"
ACCENT, BASE = "#0E6E83", "#9AA3AD"
FALL, RISE, UNCLEAR = "#0E6E83", "#B4501E", "#6B737C"
FALL_PALE, RISE_PALE, UNCLEAR_PALE = "#AFD0D7", "#E8C8B6", "#D3D7DB"
WARNING = "#A0302D"

CHEMISTRY = {
    "NMC": "#962E2E",
    "high-nickel": "#E27D4B",
    "LFP": "#0F4F82",
    "LMFP": "#45B0D8",
    "Na-ion": "#F2C12E",
    "Li-metal": "#431A3D",
    "Li-S": "#118571",
    "other": "#D3D7DB",
}
SILICON_HATCH = "////"
SHORT_HATCH = "//////"
"""A silicon anode is drawn as this hatch in white on the colour of its cathode."""
FAMILY = {name: CHEMISTRY[name] for name in ("NMC", "LFP", "Na-ion")}
FAMILY |= {"Si-anode": CHEMISTRY["high-nickel"]}
FAMILY |= {name: CHEMISTRY[name] for name in ("Li-metal", "Li-S", "other")}
"""Chemistry families in the order they are stacked, from the base. Si-anode is hatched: most of it is nickel-rich."""
MINERAL = {
    "graphite": "#2F3236",
    "nickel": "#6B9645",
    "cobalt": "#12398F",
    "lithium": "#22B8D6",
    "manganese": "#E5769B",
    "copper": "#8E4631",
    "aluminium": "#D6DADE",
    "phosphorus": "#E9CB50",
    "silicon": "#8C69C2",
}
COUNTRY = {
    "China": "#A0302D",
    "South Korea": "#1587D4",
    "Japan": "#7AD6F5",
    "Europe": "#05675D",
    "United States": "#2D2A58",
    "Indonesia": "#E98C37",
    "DR Congo": "#9E6C94",
    "Australia": "#F8E284",
    "rest": "#ABB0B5",
}
DARKER = {"#F2C12E": "#8A6500", "#45B0D8": "#1F7FA8", "#E27D4B": "#B85520"}
"""Colours too light to be read as text -> their twin for text."""
CONCENTRATION = ("#F4EDE4", "#EBC9A8", "#D98C66", "#B4493F", "#6E1B2B")
RAMPS = {1: (ACCENT,), 2: ("#BFE4EC", ACCENT), 3: ("#BFE4EC", "#2B98C4", ACCENT)}
"""How many scenarios stand against the base -> their colours; the last is the one that is compared."""

TITLE, SUBTITLE, HEADING, LABEL, FOOTER, SMALL = 14.5, 10.0, 9.0, 8.6, 7.0, 7.0
MARGIN = 0.28
DPI = 200
KEPT_TOGETHER = re.compile(
    r"(?:(?<=\bby)|(?<=\bin)|(?<=\bat)|(?<=\ba)) |(?<=\d) (?=(?:kt|GWh|t)\b|%)"
    r"|(?<=[\d%]) (?=to [−+\d])|(?<=[\d%] to) (?=[−+\d])"
)
"""Spaces at which a line is not broken."""


class Size(NamedTuple):
    """width, least and most height in inches of the finished figure.

    scales: what type and measures are multiplied by; the first at which a chart's body finds room is taken.
    """

    width: float
    least: float
    most: float
    scales: tuple[float, ...]


SIZES = {"brief": Size(7.2, 4.7, 6.5, (1.0,)), "slide": Size(12.0, 6.75, 6.75, (1.4, 1.3, 1.2, 1.1, 1.0))}


def size_named(name: str) -> Size:
    """The size of that name, or an error that lists them."""
    if name not in SIZES:
        raise UsageError(f"no chart size is called '{name}'{did_you_mean(name, SIZES)} (there are {listed(SIZES)})")
    return SIZES[name]


#: Whether the settings of `context` hold.
_within: list[bool] = []


@contextmanager
def context() -> Iterator[None]:
    """Settings under which a chart is drawn and saved: the house font, no hinting, bytes that do not change."""
    settings: dict[Any, Any] = {
        "font.family": list(fonts.families()),
        "text.hinting": "no_hinting",
        "text.parse_math": False,
        "text.usetex": False,
        "axes.unicode_minus": True,
        "svg.hashsalt": "minerals",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "ps.fonttype": 42,  # matplotlib 3.11 takes this one to tell how many letters a font of a PDF holds.
        "savefig.bbox": None,
        "path.simplify": False,
    }
    if _within:  # They hold already, and some may have been changed since.
        yield
        return
    with quiet(), matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        _within.append(True)
        try:
            yield
        finally:
            _within.pop()


class HouseFigure(Figure):
    """A figure that draws itself under the house settings wherever it is shown: in a notebook as in a bundle."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw all that is on the figure."""
        with context():
            super().draw(renderer)


class TextLine(Text):
    """One line of text on its baseline, as wide as its letters.

    clear: whether the page is left white around the letters, so that gridlines end there.
    """

    clear = False

    def draw(self, renderer: RendererBase) -> None:
        """Draw the text."""
        text = self.get_text()
        if not text or not self.get_visible():
            return
        points, weight, colour = float(self.get_fontsize()), int(self.get_fontweight()), to_hex(self.get_color())
        x, y = self.get_transform().transform(self.get_unitless_position())
        if part := {"left": 0.0, "center": 0.5, "right": 1.0}[self.get_horizontalalignment()]:
            x -= part * text_width(text, points, weight) * self.figure.dpi
        if self.clear:
            _leave_white(renderer, x, y, text_width(text, points, weight) * self.figure.dpi, points, self.figure.dpi)
        renderer.open_group("text", self.get_gid())
        if not outlines.draw(renderer, text, x, y, points, weight, colour):
            if renderer.flipy():
                y = renderer.get_canvas_width_height()[1] - y
            gc = renderer.new_gc()
            gc.set_foreground(colour)
            renderer.draw_text(gc, x, y, text, self.get_fontproperties(), 0.0, mtext=self)
            gc.restore()
        renderer.close_group("text")
        self.stale = False


def _leave_white(renderer: RendererBase, x: float, y: float, width: float, points: float, dpi: float) -> None:
    """Fill the box of a line of text with white; x, y of its baseline and its width in pixels."""
    pixels, air = points * dpi / 72, 0.02 * dpi
    low, high = y - 0.24 * pixels, y + 0.8 * pixels
    corners = [(x - air, low), (x + width + air, low), (x + width + air, high), (x - air, high), (x - air, low)]
    gc = renderer.new_gc()
    gc.set_linewidth(0)
    renderer.draw_path(gc, Path(corners, closed=True), IdentityTransform(), (1.0, 1.0, 1.0, 1.0))
    gc.restore()


def contrast(colour: str, ground: str = "#FFFFFF") -> float:
    """Contrast ratio of two colours, 1–21 (WCAG 2)."""
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def shade(colour: str) -> str:
    """A much darker shade of a colour, for whiskers on top of it."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.45 * red, 0.45 * green, 0.45 * blue))


def text_on(ground: str) -> str:
    """Ink or white, whichever reads better on that colour."""
    return max((INK, "#FFFFFF"), key=lambda colour: contrast(colour, ground))


def as_text(colour: str) -> str:
    """The colour where it can be read as text on white, else its darker twin, else grey."""
    darker = DARKER.get(colour, colour)
    return darker if contrast(darker) >= 4.5 else MUTED


def text_width(text: str, points: float, weight: int = REGULAR) -> float:
    """Width of one line in inches, in the house font: the sum of what its letters take."""
    return outlines.width(text, points, weight)


def shortened(text: str, width: float, points: float, weight: int = REGULAR) -> str:
    """The text, cut with an ellipsis where it is wider than `width` inches."""
    if text_width(text, points, weight) <= width:
        return text
    heads = [f"{text[:kept].rstrip(' ,;:.')}…" for kept in range(len(text))]
    fitting = bisect_right(heads, width, key=lambda head: text_width(head, points, weight))
    return heads[max(fitting - 1, 0)]


def wrapped(text: str, width: float, points: float, weight: int = REGULAR, most: int = 99) -> list[str]:
    """Lines no wider than `width` inches; what `most` lines cannot hold ends in an ellipsis.

    Small words stay with what follows them ('by a quarter', 'in 2035'), numbers with their unit, and the
    ends of a range with each other.
    """
    lines: list[str] = []
    for word in (unit.replace("\u00a0", " ") for unit in KEPT_TOGETHER.sub("\u00a0", text).split(" ") if unit):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, points, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [shortened(line, width, points, weight) for line in lines]


def balanced(text: str, width: float, points: float, weight: int = REGULAR, most: int = 99) -> list[str]:
    """As `wrapped`, in as many lines, but with no last line of a word or two."""
    lines = wrapped(text, width, points, weight, most)
    if len(lines) < 2 or text_width(lines[-1], points, weight) > 0.4 * width:
        return lines
    for narrower in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6):
        tried = wrapped(text, narrower * width, points, weight)
        if len(tried) > len(lines):
            break
        if text_width(tried[-1], points, weight) > 0.4 * width:
            return tried
    return lines


class PageText(NamedTuple):
    """All that stands around a chart; the footer's paragraphs in the order they are printed."""

    title: str
    subtitle: str
    red_line: str
    note: str
    source: str
    run: str


class Swatch(NamedTuple):
    """One entry of a key: a small box, a hatched one, a line, a tick, a dot or a ring, and what it stands for."""

    text: str
    colour: str
    shape: str = "box"


class Panel(NamedTuple):
    """A place on the figure, in inches from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Page:
    """A figure with its title block and footer drawn, and an empty body between them.

    left, right, top, bottom: edges of the body in inches from the lower left corner of the figure; scale: what the
    measures of the house style are multiplied by.
    """

    figure: Figure
    left: float
    right: float
    top: float
    bottom: float
    scale: float

    @property
    def width(self) -> float:
        """Width of the body, inches."""
        return self.right - self.left

    def text(
        self, x: float, baseline: float, text: str, points: float, colour: str = INK, weight: int = REGULAR,
        align: str = "left", *, clear: bool = False,
    ) -> Text:  # fmt: skip
        """One line of text; x and baseline in inches of the figure, points before scaling.

        clear: whether gridlines end at it, for text that stands on white among them.
        Characters that cannot be shown are left out; letters that the house font lacks come from one that has them.
        """
        width, height = self.figure.get_size_inches()
        text = without_unprintable(text)
        line = TextLine(
            x / width, baseline / height, text, fontsize=points * self.scale, color=colour, fontweight=weight,
            fontfamily=fonts.families_for(text), ha=align, va="baseline", parse_math=False,
            transform=self.figure.transFigure, figure=self.figure,
        )  # fmt: skip
        line.clear = clear
        self.figure.texts.append(line)
        return line

    def line(self, x: Sequence[float], y: Sequence[float], colour: str, points: float, order: float = 2) -> Line2D:
        """A straight line between two places in inches; points: thickness before scaling. Its ends are cut square."""
        width, height = self.figure.get_size_inches()
        line = Line2D(
            [place / width for place in x], [place / height for place in y], color=colour, zorder=order,
            linewidth=points * self.scale, solid_capstyle="butt", transform=self.figure.transFigure,
        )  # fmt: skip
        self.figure.add_artist(line)
        return line

    def box(self, x: float, y: float, width: float, height: float, colour: str, order: float = 1) -> Rectangle:
        """A filled rectangle, in inches from its lower left corner."""
        whole, high = self.figure.get_size_inches()
        box = Rectangle(
            (x / whole, y / high), width / whole, height / high, facecolor=colour, edgecolor="none", linewidth=0,
            zorder=order, transform=self.figure.transFigure,
        )  # fmt: skip
        self.figure.add_artist(box)
        return box

    def dot(self, x: float, y: float, colour: str, points: float, *, hollow: bool = False, order: float = 5) -> None:
        """A round mark in inches of the figure; points: across, before scaling."""
        dot = self.line((x,), (y,), colour, 0, order)
        dot.set(marker="o", markersize=points * self.scale, markeredgewidth=1.2 * self.scale)
        dot.set(markerfacecolor="white" if hollow else colour, markeredgecolor=colour)

    def key(self, x: float, baseline: float, entries: Sequence[Swatch], right: float | None = None) -> None:
        """What each colour or mark is, in one line; cut short at `right`, the right edge of the body if not given."""
        s = self.scale
        for entry in entries:
            if entry.shape in ("box", "hatch"):
                box = self.box(x, baseline - 0.008 * s, 0.1 * s, 0.1 * s, entry.colour)
                if entry.shape == "hatch":
                    box.set(facecolor="white", edgecolor=entry.colour, hatch=SHORT_HATCH, linewidth=0.5 * s)
            elif entry.shape == "line":
                self.line((x, x + 0.1 * s), (baseline + 0.042 * s,) * 2, entry.colour, 1.6)
            elif entry.shape == "tick":
                self.line((x + 0.05 * s,) * 2, (baseline - 0.008 * s, baseline + 0.092 * s), entry.colour, 0.8)
            else:
                self.dot(x + 0.05 * s, baseline + 0.042 * s, entry.colour, 4.2, hollow=entry.shape == "ring")
            x += 0.14 * s
            text = shortened(entry.text, (right or self.right) - x, LABEL * s)
            self.text(x, baseline, text, LABEL, MUTED)
            x += text_width(text, LABEL * s) + 0.16 * s

    def axes(self, panel: Panel) -> Axes:
        """Bare axes: no box, no ticks; for what a chart draws in data coordinates."""
        width, height = self.figure.get_size_inches()
        place = (panel.left / width, panel.bottom / height, panel.width / width, panel.height / height)
        axes = self.figure.add_axes(place)
        axes.set_axis_off()
        return axes

    def value_axes(self, panel: Panel, limits: tuple[float, float], *, ticks: int, signed: bool = False) -> Axes:
        """Axes with values along x, labelled at the top, gridlines and a zero line; y is in inches of the figure.

        limits: of x, in its unit; ticks: about how many; signed: print a plus before what is above zero.
        Zero comes first; a tick whose label would stand out of the panel or touch another is left out.
        """
        s, (low, high) = self.scale, limits
        axes = self.axes(panel)
        axes.set_xlim(low, high)
        axes.set_ylim(panel.bottom, panel.bottom + panel.height)
        taken: list[tuple[float, float]] = []
        for tick in sorted(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), key=abs):
            zero = abs(tick) < 1e-9 * (high - low)
            sign = "" if zero else "−" if tick < 0 else "+" if signed else ""
            text = sign + ("0" if zero else f"{abs(tick):,.10g}")
            x = panel.left + (tick - low) / (high - low) * panel.width
            half = text_width(text, LABEL * s) / 2
            touches = any(x - half < last + 0.06 * s and first < x + half + 0.06 * s for first, last in taken)
            end = min(panel.left + panel.width + 0.12 * s, self.right)
            if not low <= tick <= high or touches or x + half > end:
                continue
            taken.append((x - half, x + half))
            axes.axvline(tick, color=INK if zero else GRID, linewidth=(0.9 if zero else 0.7) * s, zorder=4 * zero)
            self.text(x, panel.bottom + panel.height + 0.07 * s, text, LABEL, MUTED, align="center")
        return axes


class _Frame(NamedTuple):
    """What stands around the body at one scale: lines of text, and heights in inches of the figure."""

    scale: float
    title: list[str]
    subtitle: list[str]
    footer: list[tuple[str, str, int]]
    header_height: float
    footer_height: float


TITLE_LEADING, LEADING = 1.2, 1.32


def _frame(words: PageText, width: float, s: float) -> _Frame:
    title = balanced(words.title, width, TITLE * s, BOLD, most=4)
    subtitle = balanced(words.subtitle, width, SUBTITLE * s, most=2)
    paragraphs = (
        (words.red_line, WARNING, SEMIBOLD, 3),
        (words.note, FAINT, REGULAR, 5),
        (words.source, FAINT, REGULAR, 2),
        (words.run, FAINT, REGULAR, 2),
    )
    footer = [
        (line, colour, weight)
        for text, colour, weight, most in paragraphs
        for line in wrapped(text, width, FOOTER * s, weight, most)
    ]
    text_height = (len(title) * TITLE * TITLE_LEADING + len(subtitle) * SUBTITLE * LEADING) * s / 72
    footer_height = MARGIN * s + len(footer) * FOOTER * LEADING * s / 72 + 0.1 * s
    return _Frame(s, title, subtitle, footer, MARGIN * s + text_height + 0.19 * s, footer_height)


def page(words: PageText, size: Size, wanted: float, needed: float) -> Page:
    """A page for a body of `wanted` inches (before scaling), `needed` at the least, as high as the size allows.

    The title block and the footer take what they need; the body gets the rest, more or less than it asked for.
    """
    for s in size.scales:
        frame = _frame(words, size.width - 2 * MARGIN * s, s)
        if size.most - frame.header_height - frame.footer_height >= needed * s:
            break
    s = frame.scale
    left, right = MARGIN * s, size.width - MARGIN * s
    height = min(max(frame.header_height + wanted * s + frame.footer_height, size.least), size.most)

    figure = HouseFigure(figsize=(size.width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    sheet = Page(figure, left, right, height - frame.header_height, frame.footer_height, s)
    sheet.line((left, right), (height - 0.45 * s / 72,) * 2, ACCENT, 0.9)
    sheet.box(left, height - 0.055 * s, 0.42 * s, 0.055 * s, ACCENT)
    baseline = height - MARGIN * s - 0.84 * TITLE * s / 72
    for line in frame.title:
        sheet.text(left, baseline, line, TITLE, INK, BOLD)
        baseline -= TITLE * TITLE_LEADING * s / 72
    baseline += (TITLE * TITLE_LEADING - SUBTITLE * LEADING) * s / 72 - 0.05 * s
    for line in frame.subtitle:
        sheet.text(left, baseline, line, SUBTITLE, MUTED)
        baseline -= SUBTITLE * LEADING * s / 72
    sheet.line((left, right), (frame.footer_height - 0.02 * s,) * 2, PALE, 0.8)
    baseline = MARGIN * s + (0.25 + LEADING * (len(frame.footer) - 1)) * FOOTER * s / 72
    for line, colour, weight in frame.footer:
        sheet.text(left, baseline, line, FOOTER, colour, weight)
        baseline -= FOOTER * LEADING * s / 72
    return sheet
