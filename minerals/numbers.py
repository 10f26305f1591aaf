"""Numbers as text, in sentences, columns and labels: one rule, with thousands separated and a true minus."""

from __future__ import annotations

import math

MINUS = "−"
SMALLEST = 1e-4
"""What is less is told as less than this."""


def number(value: float, *, digits: int = 3) -> str:
    """An amount with two significant digits or more: 1,234 · 56.2 · 5.6 · 0.562 · 0.56 · <0.0001 · 0.

    digits: how many may stand before digits after the point are no longer worth it. With three, as on the screen, 56.2
    has one and 562 none; with two, as in charts, 56 has none. From 1 on there is one digit after the point at most;
    below 1 there are that many significant digits, without zeros at their end beyond the second.
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    size, sign = abs(value), MINUS if value < 0 else ""
    if size < SMALLEST:
        return f"{'>' if sign else '<'}{sign}{SMALLEST:.4f}"
    power = int(f"{size:.{digits - 1}e}".partition("e")[2])  # Of ten, in the number as it is rounded.
    after = max(digits - 1 - power, 0)
    if power >= 0:
        return f"{sign}{size:,.{min(after, 1)}f}"
    return sign + f"{size:.{after}f}".rstrip("0").ljust(3 - power, "0")


def percent(share: float, *, signed: bool = False, digits: int = 0) -> str:
    """A share or a relative change: 25%; with `signed` −25%, +4%. Nothing rounds to a signed zero.

    digits: after the point; one at least below 1 %.
    """
    size = abs(share) * 100
    text = f"{size:,.{digits if round(size, 1) >= 1 else max(digits, 1)}f}"
    if not text.strip("0."):
        return f"{0:.{digits}f}%"
    sign = MINUS if share < 0 else "+" if signed else ""
    return f"{sign}{text}%"


def signed_percent(share: float) -> str:
    """A relative change in a column of the screen: −24.9% · +4.3% · 0.0% · +150%."""
    return percent(share, signed=True, digits=1 if abs(share) < 1 else 0)
