"""The values that a check reads beside what it judges, as the API tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from opsmonitor.api.schemas.notes import Doc
from opsmonitor.models.export import EXPORTED, Export

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportBody:
    """A value that a check reads beside what it judges."""

    key: Annotated[str, Doc("Unique within the check; made of the name")]
    name: str
    value: Annotated[Any, Doc("A number, a text or a truth value; null while it is unknown")]
    unit: str | None
    device_class: Annotated[str | None, Doc("In the words of Home Assistant")]
    state_class: Annotated[str | None, Doc("In the words of Home Assistant")]
    precision: Annotated[int | None, Doc("How many decimals to show")]

    @classmethod
    def of(cls, export: Export, value: object) -> ExportBody:
        """Tell of a value."""
        return cls(
            key=export.key,
            name=export.name,
            value=value,
            unit=export.unit,
            device_class=export.device_class,
            state_class=export.state_class,
            precision=export.precision,
        )


def exports_of(check: CheckSettings, data: Mapping[str, Any]) -> tuple[ExportBody, ...]:
    """Tell of all values that a check reads, in the order of the file."""
    if not check.exports:
        return ()
    values = data.get(EXPORTED, {})
    return tuple(ExportBody.of(export, values.get(export.key)) for export in check.exports)
