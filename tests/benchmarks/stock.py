"""Cohort stock against flodym: the same random additions, the same Weibull life, equal answers, one run."""

from __future__ import annotations

import math
import warnings

import common
import numpy as np

from minerals.flows.lifetime import survival_matrix, weibull_shape
from minerals.flows.stock import retirements, stock_from_sales

warnings.simplefilter("ignore")
import flodym  # noqa: E402

YEARS, ELEMENTS, MEAN, SPREAD = 60, 500, 12.0, 0.3


def main() -> None:
    sales = np.random.default_rng(0).random((ELEMENTS, YEARS)) * 100
    mean, spread = np.array([MEAN]), np.array([SPREAD])

    def ours() -> tuple[np.ndarray, np.ndarray]:
        alive = survival_matrix(YEARS, "middle", "weibull", mean, spread)
        return stock_from_sales(sales, alive), retirements(sales, alive)

    dims = flodym.DimensionSet(dim_list=[
        flodym.Dimension(name="time", letter="t", items=list(range(2000, 2000 + YEARS)), dtype=int),
        flodym.Dimension(name="element", letter="e", items=list(range(ELEMENTS)), dtype=int),
    ])  # fmt: skip
    shape = float(weibull_shape(SPREAD))
    scale = MEAN / math.gamma(1 + 1 / shape)

    def theirs() -> tuple[np.ndarray, np.ndarray]:
        life = flodym.WeibullLifetime(dims=dims, time_letter="t", inflow_at="middle", weibull_shape=shape,
                                      weibull_scale=scale)  # fmt: skip
        use = flodym.Process(name="use", id=1)
        model = flodym.InflowDrivenDSM(dims=dims, name="stock", process=use, lifetime_model=life, time_letter="t")
        model.inflow.values[...] = sales.T
        model.compute()
        return model.stock.values.T, model.outflow.values.T

    for mine, other in zip(ours(), theirs(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-9)
    verdict = common.Verdict()
    ratio = common.best(theirs, 3) / common.best(ours)
    verdict.say(f"stock of {ELEMENTS} series over {YEARS} years", ratio, "x flodym", 80)
    verdict.end()


if __name__ == "__main__":
    main()
