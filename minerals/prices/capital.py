"""What the capital of a plant adds to the cost of what it makes."""

from __future__ import annotations


def charge(capital: float, rate: float, life: float, utilisation: float) -> float:
    r"""Capital charge of a plant for each unit that it makes in a year [money per unit].

    $$\frac{I}{u} \cdot \frac{i}{1 - (1 + i)^{-n}}$$

    capital: I, of a unit of yearly nameplate [money per unit/yr]; rate: i, what those who build it pay for money
    [1/yr]; life: n [year]; utilisation: u, output over nameplate [1]. At a rate of 0 it is I ÷ (u n).

    Source: annuity; any text on engineering economics.
    """
    recovery = rate / (1 - (1 + rate) ** -life) if rate else 1 / life
    return capital * recovery / utilisation
