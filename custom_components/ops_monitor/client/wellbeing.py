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
class Wellbeing:
    """What the daemon tells of itself; also the frame that tells of a change of that."""

    storage: Storage | None
    """None: it does not tell."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `daemon` frame."""
        fields = Fields.of(value, "daemon")
        storage = fields.values.get("storage")
        return cls(storage=None if storage is None else Storage.from_api(storage))
