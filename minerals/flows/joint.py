"""Need for a node whose product goes several ways: each kg one way, or the same kg all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .demand import Array


def counted(parts: Array, together: Sequence[str]) -> Array:
    """Which parts of the need for a node count, 1 or 0, (part, …): all, but of those of which one mass serves all only
    the largest, the first of equal ones.

    parts: what each way needs of it, (part, …); together: the same label for ways that one mass serves, '' for one that
    adds to the others.

    need = Σ_alone part + Σ_label max_{part of label} part
    """
    counts = np.ones_like(parts)
    for label in dict.fromkeys(filter(None, together)):
        mine = [place for place, each in enumerate(together) if each == label]
        counts[mine] = np.arange(len(mine)).reshape(-1, *[1] * (parts.ndim - 1)) == parts[mine].argmax(axis=0)
    return counts
