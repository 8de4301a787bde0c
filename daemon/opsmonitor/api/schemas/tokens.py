"""Tokens of programs, and the codes by which they get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Self
from unicodedata import category

import voluptuous as vol

from opsmonitor.api.schemas.fields import Whole, Word
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.api.schemas.validation import RequestSchema
from opsmonitor.models.token import IssuedToken, TokenScope
from opsmonitor.util.clock import iso_utc

_SHORTEST_S: Final = 60
_LONGEST_S: Final = 10 * 366 * 86400
_LONGEST_NAME: Final = 100
_UNSEEN: Final = frozenset({"Cc", "Zl", "Zp"})
"""Control characters, and what begins a new line."""
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of writing: a line could read as another one."""


class _Name:
    """A name for people, which does nothing to the terminal or the page that shows it."""

    openapi: Final[dict[str, Any]] = {
        "type": "string",
        "minLength": 1,
        "maxLength": _LONGEST_NAME,
    }

    def __call__(self, value: object) -> str:
        """Return the name without spaces around it.

        Raises:
            vol.Invalid: It is no text, empty, too long, or has characters that are none to be seen.

        """
        if not isinstance(value, str):
            raise vol.Invalid("expected text")
        name = value.strip()
        if not 0 < len(name) <= _LONGEST_NAME:
            raise vol.Invalid(f"expected 1 to {_LONGEST_NAME} characters")
        if any(category(each) in _UNSEEN or each in _TURNING for each in name):
            raise vol.Invalid("expected text without control characters and line breaks")
        return name


class _Code:
    """A code as people type it: what is no digit does not matter."""

    openapi: Final[dict[str, Any]] = {"type": "string", "examples": ["123 456"]}

    def __call__(self, value: object) -> str:
        """Return the code.

        Raises:
            vol.Invalid: It is no text, or far too long.

        """
        if not isinstance(value, str) or not 0 < len(value) <= 100:  # noqa: PLR2004 - generous
            raise vol.Invalid("expected the code as text, such as 123 456")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBody:
    """A token that was given to a program; what it was is told to nobody again."""

    id: str
    name: Annotated[str, Doc("Of the program that has it")]
    scope: TokenScope
    created_at: Timestamp
    expires_at: Annotated[Timestamp | None, Doc("null: it holds until it is revoked")]
    last_used_at: Annotated[Timestamp | None, Doc("To the minute; null: never")]

    @classmethod
    def of(cls, token: IssuedToken) -> Self:
        """Tell of a token."""
        return cls(
            id=token.id,
            name=token.name,
            scope=token.scope,
            created_at=iso_utc(token.created_ms),
            expires_at=None if token.expires_ms is None else iso_utc(token.expires_ms),
            last_used_at=None if token.used_ms is None else iso_utc(token.used_ms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBody:
    """A code for one program; an older one is worth nothing any more."""

    code: Annotated[str, Doc("Six digits")]
    expires_at: Timestamp
    scope: TokenScope


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedBody:
    """What a program gets for a code; the token is told this once."""

    token: str
    id: str
    name: str
    scope: TokenScope
    expires_at: Timestamp | None
    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """What the token is to be like that the code is for."""

    scope: str
    name: str | None = None
    lifetime_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRequest:
    """A code, and who has it."""

    code: str
    client: str | None = None


CODE_WISH: Final = RequestSchema(
    keys={
        vol.Optional(
            "scope", default=TokenScope.ADMIN.value, description="What the token is good for"
        ): Word(*(scope.value for scope in TokenScope)),
        vol.Optional(
            "name", description="Of the program; without it, what it says itself"
        ): _Name(),
        vol.Optional("lifetime_s", description="How long the token holds; without it, for ever"): (
            Whole(_SHORTEST_S, _LONGEST_S)
        ),
    },
    make=CodeRequest,
)
PAIRING: Final = RequestSchema(
    keys={
        vol.Required("code", description="As it was shown"): _Code(),
        vol.Optional("client", description="The name of the program"): _Name(),
    },
    make=PairRequest,
)
