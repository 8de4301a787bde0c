"""Where the targets of all programs lie: many addresses, so that no limit per host is met."""

from __future__ import annotations

from typing import Final

ADDRESSES: Final = tuple(f"127.0.0.{number}" for number in range(1, 65))
TICK_S: Final = 0.02
"""Every program starts what is due in a tick together, as the daemon does."""


def address(number: int) -> str:
    """Return the address of the target with a number."""
    return ADDRESSES[number % len(ADDRESSES)]
