"""Make ids of what people call things."""

from __future__ import annotations

import re
from typing import Final
import unicodedata

_OTHERS: Final = re.compile(r"[^a-z0-9_.]+")


def slug(name: str, longest: int) -> str:
    """Return an id made of a name: `Büro NAS` becomes `buro-nas`; empty if nothing is left."""
    folded = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return _OTHERS.sub("-", folded).strip("-_.")[:longest]
