"""How many cores this process may use, which can be fewer than the machine has."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores that this process may run on, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
