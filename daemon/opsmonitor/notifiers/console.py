"""Print what is told to the log: for trying things out, and where nothing else is at hand."""

from __future__ import annotations

from dataclasses import dataclass
import logging
from typing import Final

from opsmonitor.notifiers.base import Message, NotifierType, SendContext

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """There is nothing to choose."""


async def _send(_options: ConsoleOptions, message: Message, _context: SendContext) -> None:
    """Print."""
    _LOGGER.warning("%s\n%s", message.title, message.text)


NOTIFIER: Final = NotifierType(
    name="console",
    options=ConsoleOptions,
    schema={},
    send=_send,
    example={},
    environment={},
)
