"""The whole chain from additions to gross mineral demand, keeping only the dimensions that are asked for.

Dimensions that are not kept are summed out as early as the inputs allow, and draws are taken in blocks small enough to
stay in cache, so that an ensemble never holds the full array. Keeping all dimensions is the plain run.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..haste import frozen
from .demand import Array

#: Dimensions of mineral demand after draw, in order, and their letters.
LETTERS = {"draw": "d", "region": "r", "segment": "s", "chemistry": "c", "mineral": "m", "year": "y"}
DIMENSIONS = tuple(name for name in LETTERS if name != "draw")

#: Largest block of cells held at once [bytes]: a few times a core's own cache.
BLOCK = 1 << 22


@frozen
class SystemInputs:
    """Arrays of one scenario; any axis may have length 1 and is then broadcast.

    additions: [GWh] (draw, region, segment, year)
    market_share: [1] (draw, region, segment, chemistry, year), blends expanded
    mineral_intensity: [kg/kWh] (draw, chemistry, mineral, year)
    """

    additions: Array
    market_share: Array
    mineral_intensity: Array

    @property
    def draws(self) -> int:
        return int(max(self.additions.shape[0], self.market_share.shape[0], self.mineral_intensity.shape[0]))


@frozen
class System:
    """Results over draw and the kept dimensions.

    cells: [GWh], without mineral; mineral_demand: [kt]. keep: the kept dimensions, in order, draw left out.
    """

    keep: tuple[str, ...]
    cells: Array
    mineral_demand: Array


def system(inputs: SystemInputs, keep: Iterable[str] = DIMENSIONS, draws: slice = slice(None)) -> System:
    """Cells [GWh] and gross mineral demand [kt] over draw and `keep`, for a slice of the draws.

        cells  = Σ additions · market_share          over dimensions not kept
        demand = Σ_c cells · mineral_intensity

    Raises ValueError for a dimension it does not know. Agrees with the full array summed afterwards to 1e-12.
    """
    wanted = set(keep)
    if unknown := wanted - set(DIMENSIONS):
        raise ValueError(f"unknown dimensions {sorted(unknown)}; known: {', '.join(DIMENSIONS)}")
    kept = tuple(name for name in DIMENSIONS if name in wanted)
    numbers = range(inputs.draws)[draws]
    # Year may vary in the intensity, so cells keep year and chemistry until the intensity has been applied.
    inner = "d" + "".join(LETTERS[name] for name in ("region", "segment") if name in wanted) + "cy"
    cells_out = "d" + "".join(LETTERS[name] for name in kept if name != "mineral")
    demand_out = "d" + "".join(LETTERS[name] for name in kept)
    if inputs.additions.shape[0] == inputs.market_share.shape[0] == 1:
        # Cells that are the same in every draw are computed once.
        alone = _sum(("drsy", inputs.additions), ("drscy", inputs.market_share), inner, 1)
        cells = np.repeat(_sum((inner, alone), None, cells_out, 1), len(numbers), axis=0)
        return System(kept, cells, _with_intensity(alone, inputs.mineral_intensity, numbers, inner, demand_out))
    blocks = [
        _block(inputs, block, inner, cells_out, demand_out) for block in _blocks(numbers, _bytes_per_draw(inputs))
    ]
    cells = np.concatenate([block[0] for block in blocks])
    demand = np.concatenate([block[1] for block in blocks])
    return System(kept, cells, demand)


def _block(inputs: SystemInputs, at: slice, inner: str, cells_out: str, demand_out: str) -> tuple[Array, Array]:
    additions, share, intensity = (
        _draws(array, at) for array in (inputs.additions, inputs.market_share, inputs.mineral_intensity)
    )
    if inner == "dcy":
        cells = _everywhere(additions, share, _length(at))
    else:
        cells = _sum(("drsy", additions), ("drscy", share), inner, _length(at))
    if inner == "dcy" and demand_out == "dmy" and intensity.shape[3] == 1:
        demand = intensity[..., 0].swapaxes(1, 2) @ cells
    else:
        demand = _sum((inner, cells), ("dcmy", intensity), demand_out, _length(at))
    return _sum((inner, cells), None, cells_out, _length(at)), demand


def _everywhere(additions: Array, share: Array, draws: int) -> Array:
    """Cells summed over region and segment, (draw, chemistry, year).

    One product, and one matrix product with ones: it sums whole rows of chemistry and year at once.
    """
    sold = additions[:, :, :, None] * share
    sold = np.broadcast_to(sold, (draws, *sold.shape[1:])).reshape(draws, -1, sold.shape[3] * sold.shape[4])
    return np.asarray((np.ones((1, sold.shape[1])) @ sold).reshape(draws, *share.shape[3:]))


def _with_intensity(cells: Array, intensity: Array, numbers: range, inner: str, demand_out: str) -> Array:
    """Demand of cells that are the same in every draw: cells (1, …, chemistry, year) × intensity of each draw.

    Where only mineral and year are kept, the result is written in one pass over the intensity, or, if that does not
    change in time, as one matrix product a block: (draw · mineral, chemistry) × (chemistry, year).
    """
    blocks = _blocks(numbers, intensity[0].nbytes)
    if inner != "dcy" or demand_out != "dmy":
        return np.concatenate([
            _sum((inner, cells), ("dcmy", _draws(intensity, block)), demand_out, _length(block)) for block in blocks
        ])  # fmt: skip
    drawn = _draws(intensity, slice(numbers.start, numbers.stop, numbers.step))
    chemistries, minerals, years = cells.shape[1], intensity.shape[2], cells.shape[2]
    out = np.empty((len(drawn), minerals, years))
    if intensity.shape[3] > 1:
        by_place = np.broadcast_to(cells[0][:, None], (chemistries, minerals, years)).reshape(chemistries, -1)
        np.einsum("dcp,cp->dp", drawn.reshape(len(drawn), chemistries, -1), by_place, out=out.reshape(len(out), -1))
    else:
        for block in _blocks(range(len(drawn)), intensity[0].nbytes):
            rows = np.ascontiguousarray(drawn[block, ..., 0].swapaxes(1, 2)).reshape(-1, chemistries)
            np.matmul(rows, cells[0], out=out[block].reshape(-1, years))
    return out if len(intensity) > 1 else np.repeat(out, len(numbers), axis=0)


def _draws(array: Array, at: slice) -> Array:
    """The draws of a block; an array that is the same in every draw stays as it is."""
    return array if array.shape[0] == 1 else array[at]


def _length(block: slice) -> int:
    return int(block.stop - block.start)


def _sum(left: tuple[str, Array], right: tuple[str, Array] | None, out: str, draws: int) -> Array:
    """Einstein sum in which an axis of length 1 is broadcast along the other operand's axis."""
    operands = [left] if right is None else [left, right]
    length = {"d": draws}
    for letters, array in operands:
        for letter, size in zip(letters, array.shape, strict=True):
            length[letter] = max(length.get(letter, 1), size)
    terms, arrays = [], []
    for letters, array in operands:
        single = [i for i, letter in enumerate(letters) if array.shape[i] == 1 and length[letter] > 1]
        arrays.append(array.squeeze(axis=tuple(single)))
        terms.append("".join(letter for i, letter in enumerate(letters) if i not in single))
    present = set("".join(terms))
    # A length-1 axis that no operand carries any more is put back by broadcasting.
    result = np.einsum(f"{','.join(terms)}->{''.join(c for c in out if c in present)}", *arrays, optimize=True)
    shape = [length[c] for c in out]
    absent = tuple(i for i, c in enumerate(out) if c not in present)
    return np.broadcast_to(np.expand_dims(result, absent), shape).copy() if absent else result


def _bytes_per_draw(inputs: SystemInputs) -> int:
    regions, segments, chemistries, years = np.broadcast_shapes(
        inputs.market_share.shape[1:], (*inputs.additions.shape[1:3], 1, inputs.additions.shape[3])
    )
    return int(8 * regions * segments * chemistries * years)


def _blocks(numbers: range, size: int) -> list[slice]:
    step = max(1, BLOCK // max(size, 1))
    if numbers.step != 1:
        return [slice(number, number + 1) for number in numbers]
    return [slice(at, min(at + step, numbers.stop)) for at in range(numbers.start, numbers.stop, step)]
