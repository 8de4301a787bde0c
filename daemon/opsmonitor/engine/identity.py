"""Prove to a program that this is the daemon it knows, without either showing a secret."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from opsmonitor.models.proof import Challenge

_DOMAIN: Final = "ops-monitor proof 1"
"""Begins whatever is signed: no signature made for anything else can pass for a proof."""
_ID_BYTES: Final = 16


class Identity:
    """Answers challenges with keys that only this daemon and one program each know.

    The key of a program follows from its id and from the daemon's own key, so nothing is kept of
    it: an id that was never given out is answered like any other, and tells nobody anything. And it
    has nothing to do with the program's token, which a person may have chosen badly: whoever hears
    an answer cannot try out tokens on it.
    """

    def __init__(self, key: Secret) -> None:
        """Take the key in the data folder from which all others follow."""
        self._key = key.reveal().encode()

    def new_key(self) -> tuple[str, Secret]:
        """Return an id and the key to it, for one program."""
        proof_id = secrets.token_hex(_ID_BYTES)
        return proof_id, Secret(self._key_of(proof_id).hex())

    def prove(self, instance_id: str, challenge: Challenge) -> str:
        """Return what only this daemon can answer to a challenge, in hexadecimal digits.

        The id is that of now: it changes when a disk that was away comes back.
        """
        parts = (
            _DOMAIN,
            instance_id,
            challenge.proof_id,
            challenge.nonce,
            challenge.origin,
        )
        # None of them can hold a line break, so no two challenges are signed alike.
        signed = "\n".join(parts).encode()
        return hmac.digest(self._key_of(challenge.proof_id), signed, "sha256").hex()

    def _key_of(self, proof_id: str) -> bytes:
        """Return the key that belongs to an id."""
        return hmac.digest(self._key, proof_id.encode(), "sha256")
