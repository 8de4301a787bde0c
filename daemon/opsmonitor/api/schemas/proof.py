"""How a program makes sure that it talks to the daemon it knows."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Annotated, Any, Final

import voluptuous as vol

from opsmonitor.api.schemas.notes import Doc
from opsmonitor.api.schemas.validation import RequestSchema
from opsmonitor.models.proof import Challenge

_LONGEST_ORIGIN: Final = 300
_ID: Final = re.compile(r"[0-9a-f]{32}")
_NONCE: Final = re.compile(r"[0-9a-f]{32,128}")
_ORIGIN: Final = re.compile(r"https?://[!-.0-~]+")
"""No slash after the two, and nothing but printable ASCII."""


class _Shaped:
    """Text of one shape."""

    def __init__(self, pattern: re.Pattern[str], most: int, expected: str) -> None:
        """Take the shape, how long it may be at most, and how people are told."""
        self.openapi: dict[str, Any] = {
            "type": "string",
            "pattern": f"^{pattern.pattern}$",
            "maxLength": most,
        }
        self._pattern = pattern
        self._most = most
        self._expected = expected

    def __call__(self, value: object) -> str:
        """Return the text.

        Raises:
            vol.Invalid: It is none, or of another shape.

        """
        if (
            not isinstance(value, str)
            or len(value) > self._most
            or not self._pattern.fullmatch(value)
        ):
            raise vol.Invalid(f"expected {self._expected}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofKeyBody:
    """By what one program can have the daemon prove who it is; told this once."""

    id: str
    key: Annotated[str, Doc("Of the HMAC-SHA256, in hexadecimal digits")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofBody:
    """What only this daemon can answer to a challenge."""

    instance_id: str
    proof: Annotated[
        str,
        Doc(
            "HMAC-SHA256 in hexadecimal digits, of these lines joined by line feeds: "
            "`ops-monitor proof 1`, `instance_id`, `id`, `nonce`, `origin`"
        ),
    ]


def _challenge(*, id: str, nonce: str, origin: str) -> Challenge:  # noqa: A002 - the key's name
    """Return what was asked."""
    return Challenge(proof_id=id, nonce=nonce, origin=origin)


CHALLENGE: Final = RequestSchema(
    keys={
        vol.Required("id", description="As it came with the key"): _Shaped(
            _ID, 32, "32 hexadecimal digits"
        ),
        vol.Required("nonce", description="Random bytes that were never used before"): _Shaped(
            _NONCE, 128, "16 to 64 bytes as hexadecimal digits"
        ),
        vol.Required("origin", description="What you called: `http://192.168.1.10:8060`"): _Shaped(
            _ORIGIN, _LONGEST_ORIGIN, "scheme, host and port of the address you called"
        ),
    },
    make=_challenge,
)
