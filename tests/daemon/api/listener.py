"""A client of the stream that reads frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from typing import Any, Final

import aiohttp

from tests.daemon.api.house import CLOSED, House, validator

_PATIENCE_S: Final = 60
_SCHEMAS: Final[dict[str, Any]] = CLOSED["paths"]["/api/stream"]["get"]["responses"]["200"][
    "content"
]["text/event-stream"]["schema"]["x-events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event, or a comment as kind `comment`."""

    kind: str
    id: str = ""
    data: Any = None


class Listener:
    """An open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Take the answer whose body is the stream."""
        self.response = response

    async def next(self) -> Frame:
        """Return the next frame, held to the description."""
        async with asyncio.timeout(_PATIENCE_S):
            block = await self.response.content.readuntil(b"\n\n")
        lines = block.decode().rstrip("\n").split("\n")
        fields = dict(line.split(": ", 1) for line in lines)
        if "" in fields:
            return Frame(kind="comment")
        if "retry" in fields:
            return await self.next()
        data = json.loads(fields["data"])
        validator(_SCHEMAS[fields["event"]]).validate(data)
        return Frame(kind=fields["event"], id=fields["id"], data=data)

    async def kinds(self, count: int) -> list[str]:
        """Return the kinds of the next frames."""
        return [(await self.next()).kind for _ in range(count)]

    async def until(self, kind: str) -> Frame:
        """Return the next frame of a kind; what comes before is skipped."""
        frame = await self.next()
        return frame if frame.kind == kind else await self.until(kind)

    async def at_end(self) -> bool:
        """Tell whether the stream ends now, without another frame."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self.response.content.read() == b""


@asynccontextmanager
async def listen(
    house: House, last_id: str | None = None, **headers: str
) -> AsyncIterator[Listener]:
    """Open the stream."""
    sent = headers if last_id is None else {**headers, "Last-Event-ID": last_id}
    async with house.session.get(
        f"http://127.0.0.1:{house.port}/api/stream", headers=sent
    ) as response:
        assert response.status == 200, await response.text()
        yield Listener(response)
