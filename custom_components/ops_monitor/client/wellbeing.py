"""How the daemon itself is doing."""

from dataclasses import dataclass
from typing import Final, Self

from .exceptions import OpsMonitorResponseError
from .fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The room for the daemon's database."""

    free_bytes: int | None
    """None: it is not known."""
    is_low: bool
    """Whether a person should make room."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read it."""
        fields = Fields.of(value, "storage")
        return cls(free_bytes=fields.integer("free_bytes"), is_low=fields.flag("is_low"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The newest release of the daemon."""

    version: str | None
    """None: it is not known."""
    url: str | None
    """Its page, for people."""
    is_newer: bool
    """Whether it is newer than what runs, as the daemon compares them."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read it."""
        fields = Fields.of(value, "update")
        return cls(
            version=fields.text("version"),
            url=fields.text("url"),
            is_newer=fields.flag("is_newer"),
        )


_NOT_KNOWN: Final = Release(version=None, url=None, is_newer=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wellbeing:
    """What the daemon tells of itself; also the frame that tells of a change of that."""

    storage: Storage | None
    """None: it does not tell."""
    release: Release | None = None
    """None: it does not look for newer ones."""
    flaws: tuple[str, ...] = ()
    """What could not be read of it."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `daemon` frame, each part by itself.

        A release that cannot be read is one that is not known: the daemon looks for it all the
        same, so what shows it has to stay.
        """
        fields = Fields.of(value, "daemon")
        storage = fields.values.get("storage")
        update = fields.values.get("update")
        flaws: list[str] = []
        room, release = None, None if update is None else _NOT_KNOWN
        try:
            room = None if storage is None else Storage.from_api(storage)
        except OpsMonitorResponseError as err:
            flaws.append(str(err))
        try:
            release = None if update is None else Release.from_api(update)
        except OpsMonitorResponseError as err:
            flaws.append(str(err))
        return cls(storage=room, release=release, flaws=tuple(flaws))
