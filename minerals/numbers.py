"""Numbers as text, in sentences and columns."""

from __future__ import annotations


def number(value: float) -> str:
    """A number with three digits or more, thousands separated."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3g}"


def percent(change: float) -> str:
    """Change in per cent with a true minus sign; no sign on what rounds to nothing."""
    text = f"{change:+.1%}" if abs(change) < 1 else f"{change:+,.0%}"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text.replace("-", "−")
