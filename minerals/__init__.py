"""Mineral demand and chemistry mix of batteries: from adoption scenarios to kt, every number with its source.

import minerals
result = minerals.run("runs/europe-2035.toml")
result.total(mineral="graphite", year=2035)
minerals.compare(result)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        cell,
        check,
        compare,
        describe,
        draw,
        explain,
        export,
        import_rows,
        load,
        read_inputs,
        report,
        run,
        stress,
        validate,
    )

__all__ = [
    "cell",
    "check",
    "compare",
    "describe",
    "draw",
    "explain",
    "export",
    "import_rows",
    "load",
    "read_inputs",
    "report",
    "run",
    "stress",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import the interface on first use, so that the command line starts without pandas."""
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module 'minerals' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
