"""The page's colours, in both schemes."""

from __future__ import annotations

from importlib import resources
import re

import pytest

STYLE = (resources.files("opsmonitor.dashboard") / "static" / "app.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
)
SURFACES = ("page", "surface", "sunken", "warn-tint", "bad-tint")
TEXTS = [
    *((text, ground) for text in ("ink", "muted") for ground in SURFACES),
    ("warn", "surface"),
    ("warn", "warn-tint"),
    ("bad", "surface"),
    ("bad", "bad-tint"),
    ("page", "ink"),
]
MARKS = [
    ("good-mark", "surface"),
    ("good-mark", "page"),
    ("warn-mark", "surface"),
    ("warn-mark", "warn-tint"),
    ("bad-mark", "surface"),
    ("bad-mark", "bad-tint"),
    ("focus", "surface"),
    ("edge", "surface"),
    ("on-mark", "good-mark"),
    ("on-mark", "bad-mark"),
    ("on-mark", "warn-mark"),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_is_readable(scheme: dict[str, str], text: str, ground: str) -> None:
    """Text has the contrast of WCAG AA on every ground it stands on."""
    assert contrast(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_told_from_their_ground(
    scheme: dict[str, str], mark: str, ground: str
) -> None:
    """Icons, bars, borders and the focus ring have the contrast of WCAG AA for graphics."""
    assert contrast(scheme[mark], scheme[ground]) >= 3
