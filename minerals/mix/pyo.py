"""Pyomo's modelling, without what would take half a second more to import: `pyomo.environ` with the interfaces to its
solvers, of which none is used, and scipy's statistics, geometry and integration beside the sparse matrices that it
needs. They are imported as ever by whoever asks for them later."""

from __future__ import annotations

import sys
from types import ModuleType

_spared = [name for name in ("scipy.stats", "scipy.spatial", "scipy.integrate") if name not in sys.modules]
sys.modules.update({name: ModuleType(name) for name in _spared})
try:
    import pyomo.core as pyo
    from pyomo.common.dependencies import scipy_available

    # Asked for, Pyomo imports scipy, and what stands in for its parts does not have to be there any more.
    bool(scipy_available)
finally:
    for _name in _spared:
        del sys.modules[_name]

__all__ = ["pyo"]
