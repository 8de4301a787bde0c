"""How the daemon itself is doing, as the stream tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from opsmonitor import __version__
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.models.release import UpdateState
from opsmonitor.util.clock import iso_utc

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
class LatestBody:
    """The newest release of the daemon, in short."""

    version: Annotated[str | None, Doc("null while it is not known")]
    url: Annotated[str | None, Doc("Its page, for people")]
    is_newer: Annotated[bool, Doc("Whether it is newer than what runs")]

    @classmethod
    def of(cls, update: UpdateState) -> Self:
        """Tell of the newest release."""
        latest = update.latest
        return cls(
            version=None if latest is None else latest.version,
            url=None if latest is None else latest.url,
            is_newer=update.is_newer,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBody:
    """What is known of newer releases of the daemon."""

    enabled: Annotated[bool, Doc("Whether it is asked for: `updates: {enabled: true}`")]
    installed: str
    latest: str | None
    is_newer: bool
    url: str | None
    notes: Annotated[str | None, Doc("Markdown from outside: to be shown as text")]
    published_at: str | None
    checked_at: Timestamp | None
    last_error: str | None

    @classmethod
    def of(cls, update: UpdateState | None) -> Self:
        """Tell all that is known."""
        known = update or UpdateState()
        latest = known.latest
        return cls(
            enabled=update is not None,
            installed=__version__,
            latest=None if latest is None else latest.version,
            is_newer=known.is_newer,
            url=None if latest is None else latest.url,
            notes=None if latest is None else latest.notes,
            published_at=None if latest is None else latest.published_at,
            checked_at=None if known.checked_ms is None else iso_utc(known.checked_ms),
            last_error=known.error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFrame:
    """Event `daemon`: something about the daemon itself is otherwise."""

    storage: StorageBody
    update: Annotated[LatestBody | None, Doc("null unless newer releases are looked for")]
