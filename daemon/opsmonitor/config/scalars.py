"""What an unquoted word of YAML means: the core schema of YAML 1.2, not the surprises of 1.1."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opsmonitor.config.nodes import Value

_WORDS: Final[dict[str, Value]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# A leading zero makes it text (a phone number, a code), as does more digits than any setting has.
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_OTHER_BASE: Final = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_FLOAT: Final = 64
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class NotFiniteError(ValueError):
    """The number is infinite or not a number."""


def resolve(text: str) -> Value:
    """Return what unquoted text means.

    Raises:
        NotFiniteError: It is infinite or not a number.

    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise NotFiniteError
    if (
        len(text) <= _LONGEST_FLOAT
        and any(mark in text for mark in ".eE")
        and _FLOAT.fullmatch(text)
    ):
        number = float(text)
        if math.isinf(number):
            raise NotFiniteError
        return number
    return text
