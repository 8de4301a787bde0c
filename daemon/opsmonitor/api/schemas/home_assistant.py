"""What Home Assistant reports of itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Final

import voluptuous as vol

from opsmonitor.api.schemas.fields import Whole
from opsmonitor.api.schemas.notes import Doc
from opsmonitor.api.schemas.validation import RequestSchema
from opsmonitor.models.house_beat import HouseBeat

_MOST: Final = 1_000_000
_COUNT: Final = Whole(0, _MOST)
_WORD: Final = vol.All(str, vol.Length(min=1, max=100))


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalSigns:
    """How Home Assistant is doing; None where it did not say."""

    check_id: str | None = None
    version: str | None = None
    state: str | None = None
    entities: int | None = None
    unavailable: int | None = None
    updates: int | None = None
    repairs: int | None = None

    def figures(self) -> dict[str, object]:
        """Return what it said, to be kept with the ping."""
        said = asdict(self)
        del said["check_id"]
        return {key: value for key, value in said.items() if value is not None}

    def as_beat(self, at_ms: int, mono_s: float) -> HouseBeat:
        """Return it as what came at that time."""
        return HouseBeat(
            at_ms=at_ms,
            mono_s=mono_s,
            version=self.version,
            state=self.state,
            entities=self.entities,
            unavailable=self.unavailable,
            updates=self.updates,
            repairs=self.repairs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBody:
    """Whether somebody waits for it."""

    counted: bool
    check_id: str
    note: Annotated[str | None, Doc("What to do where nobody does")]


VITAL_SIGNS: Final = RequestSchema(
    keys={
        vol.Optional("check_id", description="The heartbeat check that counts it"): _WORD,
        vol.Optional("version", description="Of Home Assistant"): _WORD,
        vol.Optional("state", description="Such as `RUNNING`"): _WORD,
        vol.Optional("entities", description="How many there are"): _COUNT,
        vol.Optional("unavailable", description="How many of them are unavailable"): _COUNT,
        vol.Optional("updates", description="How many are pending"): _COUNT,
        vol.Optional("repairs", description="How many are open"): _COUNT,
    },
    make=VitalSigns,
)
