"""What packs of a mix cost: made at home, and of each maker abroad, with duties and credits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...flows.demand import Array
from ...mix.data import Key, Supplier
from ..cost import PackPrices
from .frame import Frame
from .lines import Lines
from .sourcing import Sourcing


class Pricing:
    """Prices of packs by region, maker, chemistry and year. prices: by country."""

    def __init__(self, frame: Frame, sourcing: Sourcing, lines: Lines, prices: PackPrices) -> None:
        self.frame, self.sourcing, self.lines, self.prices = frame, sourcing, lines, prices

    def data(self) -> dict[str, Any]:
        """Packs made at home, without the capital of lines where these are counted, and what those of each maker abroad
        cost more, with the duty; of several countries on average. What a maker in another region of the run makes on
        lines that are counted is without their capital too."""
        price = {
            (r, c, y): max(float(self.prices.home[at]) - self.lines.charge.get((r, self.lines.kind(c)), 0.0), 0.0)
            for (r, c, y), at in self._priced.items()
        }
        bought = self._by_maker({code: self.prices.bought(code) for code in self.frame.chokepoints.inputs.countries})
        beyond: dict[Key, float] = {}
        for (r, j, c, y), paid in bought.items():
            maker = self.sourcing.suppliers.home.get(j)
            charge = 0.0 if maker is None else self.lines.charge.get((maker, self.lines.kind(c)), 0.0)
            beyond[r, j, c, y] = max(paid - charge, 0.0) - price[r, c, y]
        return {"price": price, "import_price": beyond}

    @property
    def duty(self) -> dict[Key, float]:
        """Duty on what is imported, (region, maker, chemistry, year) [million USD per GWh]."""
        return self._by_maker({code: self.prices.duty(code) for code in self.frame.chokepoints.inputs.countries})

    def _by_maker(self, amounts: Mapping[str, Array]) -> dict[Key, float]:
        """Amounts by country, (region, chemistry, year) each, by maker abroad: (region, maker, chemistry, year)."""
        together = np.stack(list(amounts.values()), axis=-1)
        return {
            (r, j, c, y): float(together[at] @ countries)
            for (r, c, y), at in self._priced.items()
            for j, countries in self.sourcing.makers(r, c, y).items() if j != Supplier(r)
        }  # fmt: skip

    @property
    def credit(self) -> dict[Key, float]:
        """Credit to what is made at home, (region, chemistry, year) [million USD per GWh]."""
        return {key: float(self.prices.credit[at]) for key, at in self._priced.items()}

    @property
    def _priced(self) -> dict[Key, tuple[int, int, int]]:
        """Places of regions, chemistries and years in the arrays of prices."""
        frame = self.frame
        return {
            (r, c, y): (i, k, frame.at[y])
            for i, r in enumerate(frame.regions) for k, c in enumerate(frame.chemistries) for y in frame.years
        }  # fmt: skip
