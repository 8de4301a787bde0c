"""The admin token that is made when the API is open to other machines and none was configured."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_FILE: Final = "admin-token"  # noqa: S105 - a file's name
_PREFIX: Final = "opm_w_"
_BYTES: Final = 32


def read_token(folder: Path) -> Secret | None:
    """Return the token kept in the data folder, or None when there is none."""
    try:
        text = (folder / TOKEN_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return Secret(text) if text else None


def read_or_create_token(folder: Path) -> Secret:
    """Return the token kept in the data folder; make one, readable by its owner only, at first."""
    token = read_token(folder)
    if token is not None:
        return token
    fresh = _PREFIX + secrets.token_urlsafe(_BYTES)
    descriptor = os.open(
        folder / TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600
    )
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(fresh + "\n")
    return Secret(fresh)
