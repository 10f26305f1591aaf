"""Pyomo's modelling, imported when it is first used, so that the records of the families can be read without it.

It comes without what would take half a second more to import: `pyomo.environ` with the interfaces to its solvers, of
which none is used, and scipy's statistics, geometry and integration beside the sparse matrices that it needs. They are
imported as ever by whoever asks for them later.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ..haste import without

SPARED = ("scipy.stats", "scipy.spatial", "scipy.integrate")


@cache
def _core() -> ModuleType:
    """`pyomo.core`."""
    with without(*SPARED):
        import pyomo.core
        from pyomo.common.dependencies import scipy_available

        # Asked for, Pyomo imports scipy, and what stands in for its parts does not have to be there any more.
        bool(scipy_available)
    return cast(ModuleType, pyomo.core)


class _Lazy:
    """What `pyomo.core` has, once something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(_core(), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    import pyomo.core as pyo
else:
    pyo = _Lazy()

__all__ = ["pyo"]
