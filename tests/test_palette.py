"""Colours: apart in every kind of colour vision, and readable as text.

CIEDE2000 after Sharma, Wu & Dalal (2005), Color Research & Application 30, 21–30, with test pairs of its table 1.
Colour vision after Machado, Oliveira & Fernandes (2009), IEEE TVCG 15, 1291–1298 (severity 1), and, as a second opinion
on protan and deutan, Viénot, Brettel & Mollon (1999), Color Research & Application 24, 243–252.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from minerals.charts import style

APART = 12
SETS = {"chemistry": style.CHEMISTRY, "mineral": style.MINERAL, "country": style.COUNTRY}
SETS |= {f"scenarios {n}": dict(enumerate((style.BASE, *ramp))) for n, ramp in style.RAMPS.items()}
SETS["change"] = {"fall": style.FALL, "rise": style.RISE}

TO_LMS = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "protan (Viénot)": np.linalg.inv(TO_LMS) @ np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]) @ TO_LMS,
    "deutan (Viénot)": np.linalg.inv(TO_LMS) @ np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]) @ TO_LMS,
}
"""Kind of vision -> matrix on linear RGB."""


def lab(colour: str, vision: str = "normal") -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of a colour as that kind of vision has it."""
    encoded = np.array(to_rgb(colour))
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(VISION[vision] @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    part = to_xyz @ linear / to_xyz.sum(axis=1)
    x, y, z = np.where(part > (6 / 29) ** 3, np.cbrt(part), part / (3 * (6 / 29) ** 2) + 4 / 29)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one: tuple[float, float, float], two: tuple[float, float, float]) -> float:
    """Colour difference ΔE00 of two L*a*b* colours."""
    (l1, a1, b1), (l2, a2, b2) = one, two
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, stretch * a1)) % 360, np.degrees(np.arctan2(b2, stretch * a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    if c1 * c2 == 0:
        mean_hue = h1 + h2
    elif abs(h1 - h2) <= 180:
        mean_hue = (h1 + h2) / 2
    else:
        mean_hue = ((h1 + h2 + 360) / 2) % 360
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2

    def cos(degrees: float) -> float:
        return float(np.cos(np.radians(degrees)))

    t = 1 - 0.17 * cos(mean_hue - 30) + 0.24 * cos(2 * mean_hue)
    t += 0.32 * cos(3 * mean_hue + 6) - 0.20 * cos(4 * mean_hue - 63)
    dl = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    rotation *= np.sin(np.radians(60 * np.exp(-(((mean_hue - 275) / 25) ** 2))))
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))


@pytest.mark.parametrize(
    ("one", "two", "published"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_published_differences(
    one: tuple[float, float, float], two: tuple[float, float, float], published: float
) -> None:
    assert ciede2000(one, two) == pytest.approx(published, abs=5e-5)
    assert ciede2000(two, one) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("vision", VISION)
def test_every_kind_of_vision_keeps_white_and_black(vision: str) -> None:
    assert lab("#FFFFFF", vision) == pytest.approx((100, 0, 0), abs=0.2)
    assert lab("#000000", vision) == pytest.approx((0, 0, 0), abs=1e-9)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("name", SETS)
def test_colours_of_a_set_are_apart(name: str, vision: str) -> None:
    pairs = {
        (a, b): ciede2000(lab(SETS[name][a], vision), lab(SETS[name][b], vision))
        for a, b in combinations(SETS[name], 2)
    }
    close = {pair: round(distance, 1) for pair, distance in pairs.items() if distance < APART}
    assert close == {}


def test_contrast_is_that_of_wcag() -> None:
    assert style.contrast("#000000") == pytest.approx(21)
    assert style.contrast("#777777") == pytest.approx(4.48, abs=0.005)
    assert style.contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("colour", [style.INK, style.MUTED, style.FAINT, style.WARNING, style.FALL, style.RISE])
def test_text_colours_can_be_read_on_white(colour: str) -> None:
    assert style.contrast(colour) >= 4.5


def test_the_footer_has_the_contrast_the_house_style_names() -> None:
    assert style.contrast(style.FAINT) == pytest.approx(4.8, abs=0.05)


@pytest.mark.parametrize("light", style.DARKER)
def test_darker_twins_can_be_read_and_keep_their_hue(light: str) -> None:
    dark = style.DARKER[light]
    (_, a1, b1), (_, a2, b2) = lab(light), lab(dark)
    turn = np.degrees(np.arctan2(b1, a1) - np.arctan2(b2, a2))
    assert light in style.CHEMISTRY.values()
    assert style.contrast(dark) > max(style.contrast(light), 4.3)
    assert abs((turn + 180) % 360 - 180) < 20


@pytest.mark.parametrize("ramp", style.RAMPS.values())
def test_names_inside_bars_can_be_read(ramp: tuple[str, ...]) -> None:
    assert all(style.contrast(style.text_on(colour), colour) >= 4.5 for colour in (style.BASE, *ramp))


def test_the_concentration_ramp_darkens_step_by_step() -> None:
    lightness = [lab(colour)[0] for colour in style.CONCENTRATION]
    assert all(before - after > 8 for before, after in pairwise(lightness))
