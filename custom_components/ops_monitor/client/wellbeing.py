"""How the daemon itself is doing."""

from dataclasses import dataclass
from typing import Self

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wellbeing:
    """What the daemon tells of itself; also the frame that tells of a change of that."""

    storage: Storage | None
    """None: it does not tell."""
    release: Release | None = None
    """None: it does not look for newer ones."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `daemon` frame."""
        fields = Fields.of(value, "daemon")
        storage = fields.values.get("storage")
        update = fields.values.get("update")
        return cls(
            storage=None if storage is None else Storage.from_api(storage),
            release=None if update is None else Release.from_api(update),
        )
