"""Secrets that the daemon makes itself and keeps in its data folder."""

from __future__ import annotations

import logging
import os
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

_LOGGER = logging.getLogger(__name__)

TOKEN_FILE: Final = "admin-token"  # noqa: S105 - a file's name
LINK_FILE: Final = "link-key"
HEARTBEAT_FILE: Final = "heartbeat-key"
TOKEN_KEY_FILE: Final = "token-key"  # noqa: S105 - a file's name
PROOF_FILE: Final = "proof-key"
_PREFIX: Final = "opm_w_"
_BYTES: Final = 32


def read_token(folder: Path) -> Secret | None:
    """Return the token kept in the data folder, or None when there is none."""
    return _read(folder / TOKEN_FILE)


def read_or_create_token(folder: Path) -> Secret:
    """Return the token kept in the data folder; make one, readable by its owner only, at first."""
    return read_token(folder) or _create(folder / TOKEN_FILE, _PREFIX)


def passing_token() -> Secret:
    """Return a token that is kept nowhere, and so known to nobody."""
    return Secret(_PREFIX + secrets.token_urlsafe(_BYTES))


def link_key(folder: Path) -> Secret:
    """Return the key that signs links in messages; blocks.

    Where it cannot be kept it holds until the next start, and links given out before do not.
    """
    return _key(folder / LINK_FILE)


def heartbeat_key(folder: Path) -> Secret:
    """Return the key that makes the tokens of heartbeat checks which have none; blocks.

    Where it cannot be kept, jobs must call another address after the next start.
    """
    return _key(folder / HEARTBEAT_FILE)


def token_key(folder: Path) -> Secret:
    """Return the key under which tokens that were given out are kept as hashes; blocks.

    Raises:
        OSError, UnicodeError: It cannot be read, or cannot be kept: with another one, every token
            would be taken for a wrong one.

    """
    path = folder / TOKEN_KEY_FILE
    return _read(path) or _create(path)


def proof_key(folder: Path) -> Secret:
    """Return the key by which programs know this daemon again; blocks.

    Where it cannot be kept, none knows it again after the next start.
    """
    return _key(folder / PROOF_FILE)


def _key(path: Path) -> Secret:
    """Return the key in a file; make one at first, and say so if it cannot be kept."""
    try:
        return _read(path) or _create(path)
    except (OSError, UnicodeError) as err:
        _LOGGER.warning("The key %s cannot be kept, so it changes with each start: %s", path, err)
        return _fresh()


def _read(path: Path) -> Secret | None:
    """Return the secret in a file, or None when there is none."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return Secret(text) if text else None


def _create(path: Path, prefix: str = "") -> Secret:
    """Make a secret, and keep it where only its owner can read it."""
    fresh = _fresh(prefix)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(fresh.reveal() + "\n")
    return fresh


def _fresh(prefix: str = "") -> Secret:
    """Return a secret that nobody has seen before."""
    return Secret(prefix + secrets.token_urlsafe(_BYTES))
