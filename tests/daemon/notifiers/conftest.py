"""What every test of a channel needs: a service that can be moody, and a way to reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.config_source import channel_types
from opsmonitor.notifiers.base import Message, SendContext
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver
from tests.daemon.process.hook import Hook


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """Return a listening service."""
    service = Hook()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def context() -> AsyncIterator[SendContext]:
    """Return what a notifier works with."""
    resolver = Resolver()
    transport = HttpTransport(resolver)
    yield SendContext(http=transport)
    await transport.close()
    await resolver.close()


@pytest.fixture
def send(context: SendContext) -> Callable[..., Any]:
    """Return a function that sends a message by a kind of channel with these keys."""

    async def deliver(kind_name: str, message: Message, **keys: object) -> None:
        kind = channel_types()[kind_name]
        options = kind.options(**vol.Schema(dict(kind.schema))(keys))
        await kind.send(options, message, context)

    return deliver
