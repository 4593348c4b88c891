"""Colours that people choose: any that CSS knows, and nothing else."""

import colorsys
import hashlib
from dataclasses import dataclass

import tinycss2.color4

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as CSS writes it (`#rrggbb`), and the text colour that can be read on it."""

    background: str
    text: str


def parse_colour(written: str) -> Colour | None:
    """The colour that a CSS value names; None for what is none, or means another one
    wherever it stands (`currentcolor`, `inherit`)."""
    if len(written) > _LONGEST:
        return None
    try:
        found = tinycss2.color4.parse_color(written.strip())
        if found is None or isinstance(found, str):
            return None
        *mixed, alpha = (value or 0.0 for value in found.to("srgb"))
        # What shines through is the white page.
        red, green, blue = (_byte(1 - alpha * (1 - value)) for value in mixed)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, NotImplementedError):
        return None
    white, black = _contrast(red, green, blue)
    return Colour(f"#{red:02x}{green:02x}{blue:02x}", "#fff" if white >= black else "#000")


def chosen_colour(name: str) -> str:
    """A colour for a track that has none: always the same one for a name, and dark enough
    for white text."""
    hue = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2]) / 65536
    red, green, blue = colorsys.hls_to_rgb(hue, 0.25, 0.65)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _byte(value: float) -> int:
    return round(max(0.0, min(1.0, value)) * 255)


def _contrast(red: int, green: int, blue: int) -> tuple[float, float]:
    """The contrast ratios of white and of black on a colour (WCAG 2.1, 1.4.3)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (red / 255, green / 255, blue / 255)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05
