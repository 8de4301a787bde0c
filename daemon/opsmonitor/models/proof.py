"""What a program asks of a daemon before it trusts it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the daemon has to sign; text without line breaks throughout."""

    proof_id: str
    """Names the key that both know."""
    nonce: str
    """Chosen at random by the program, never to be used again."""
    origin: str
    """Scheme, host and port that the program called, such as `http://192.168.1.10:8060`."""
