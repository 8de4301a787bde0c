"""The latest frames of the stream, for those that come back after a gap."""

from __future__ import annotations

from collections import deque
import secrets
from typing import Final

from opsmonitor.api.frames import Frame

_KEPT_BYTES: Final = 2 * 1024 * 1024


class KeptFrames:
    """Numbers the frames, and keeps as many as there is room for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._epoch = secrets.token_hex(6)
        self.seq = 0
        """The number of the latest frame."""
        self._kept: deque[tuple[int, Frame]] = deque()
        self._kept_size = 0

    @property
    def id(self) -> str:
        """Return the id of the latest frame: numbers of another process mean nothing here."""
        return self._id(self.seq)

    def keep(self, kind: str, data: bytes) -> Frame:
        """Number a frame and keep it for those who come back."""
        self.seq += 1
        made = Frame(self._id(self.seq), kind, data)
        self._kept.append((self.seq, made))
        self._kept_size += len(made.data)
        while self._kept_size > _KEPT_BYTES:
            self._kept_size -= len(self._kept.popleft()[1].data)
        return made

    def skip(self) -> None:
        """Note that a frame was not made: who saw the ones before has missed it."""
        self.seq += 1
        self._kept.clear()
        self._kept_size = 0

    def since(self, last_id: str) -> list[Frame] | None:
        """Return the frames after the one a client saw last; None when they are not all here."""
        epoch, _, number = last_id.partition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()):
            return None
        last = int(number) if len(number) < len(str(2**63)) else self.seq + 1
        first = self._kept[0][0] if self._kept else self.seq + 1
        if not first - 1 <= last <= self.seq:
            return None
        return [frame for seq, frame in self._kept if seq > last]

    def _id(self, seq: int) -> str:
        """Return the id of a frame."""
        return f"{self._epoch}-{seq}"
