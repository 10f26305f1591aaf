"""PNG files of pictures with flat colours.

Such a picture packs best where its rows are left as they are. Pillow filters each row first, by whichever of five
filters seems best, which takes three times as long and makes files a quarter larger.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np

#: Effort of the packing, 1 to 9: beyond this one, a file gets a twentieth smaller in twice the time.
EFFORT = 3


def png(pixels: np.ndarray, dpi: float, texts: Mapping[str, str]) -> bytes:
    """A picture as a PNG file; pixels: red, green, blue as bytes (height, width, 3); texts: what it says of itself."""
    height, width, colours = pixels.shape
    if colours != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"expected three bytes a pixel, not {colours} of {pixels.dtype}")
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # Each row begins with its filter: none.
    for colour in range(3):  # Each as a whole: three bytes at a time are copied a third as fast.
        rows[:, 1 + colour :: 3] = pixels[..., colour]
    per_metre = round(dpi / 0.0254)
    return b"".join([
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        *(_chunk(b"iTXt", f"{key}\0\0\0\0\0{text}".encode()) for key, text in texts.items()),
        _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        _chunk(b"IDAT", zlib.compress(rows.tobytes(), EFFORT)),
        _chunk(b"IEND", b""),
    ])  # fmt: skip


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
