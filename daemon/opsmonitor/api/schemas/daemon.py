"""How the daemon itself is doing, as the stream tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from opsmonitor.api.schemas.notes import Doc

if TYPE_CHECKING:
    from opsmonitor.models.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageBody:
    """The room for the database."""

    size_bytes: Annotated[int, Doc("Of the database")]
    free_bytes: Annotated[
        int | None, Doc("On its file system, to a tenth; null while it cannot be found out")
    ]
    total_bytes: int | None
    is_low: Annotated[bool, Doc("Less than 1 GB and less than 5 % are free")]

    @classmethod
    def of(cls, space: Space | None, size_bytes: int) -> Self:
        """Tell of the room."""
        return cls(
            size_bytes=size_bytes,
            free_bytes=None if space is None else space.free_bytes,
            total_bytes=None if space is None else space.total_bytes,
            is_low=space is not None and space.is_low,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFrame:
    """Event `daemon`: something about the daemon itself is otherwise."""

    storage: StorageBody
