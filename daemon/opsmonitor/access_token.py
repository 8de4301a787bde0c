"""Secrets that the daemon makes itself and keeps in its data folder."""

from __future__ import annotations

from contextlib import suppress
import os
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_FILE: Final = "admin-token"  # noqa: S105 - a file's name
LINK_FILE: Final = "link-key"
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
    return token or _create(folder / TOKEN_FILE, _PREFIX)


def link_key(folder: Path) -> Secret:
    """Return the key that signs links in messages; blocks.

    Where it cannot be kept it holds until the next start, and links given out before do not.
    """
    try:
        kept = (folder / LINK_FILE).read_text(encoding="ascii").strip()
        return Secret(kept) if kept else _create(folder / LINK_FILE, "")
    except FileNotFoundError:
        with suppress(OSError):
            return _create(folder / LINK_FILE, "")
    except (OSError, UnicodeError):
        pass
    return Secret(secrets.token_urlsafe(_BYTES))


def _create(path: Path, prefix: str) -> Secret:
    """Make a secret, and keep it where only its owner can read it."""
    fresh = prefix + secrets.token_urlsafe(_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(fresh + "\n")
    return Secret(fresh)
