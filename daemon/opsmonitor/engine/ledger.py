"""Write down alerts and deliveries, whatever happens to the disk meanwhile."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

from opsmonitor.exceptions import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsmonitor.models.alert import Alert, Delivery

_LOGGER = logging.getLogger(__name__)
_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class LedgerStore(Protocol):
    """Where alerts and deliveries are kept."""

    async def save_alerts(self, told: Iterable[Alert], deliveries: Iterable[Delivery]) -> None:
        """Keep alerts and deliveries as they are now, all or none."""
        ...


class Ledger:
    """Holds what is not written yet, and writes it."""

    def __init__(self, store: LedgerStore) -> None:
        """Take where it is written to."""
        self._store = store
        self._alerts: dict[str, Alert] = {}
        self._deliveries: dict[tuple[str, str], Delivery] = {}

    @property
    def has_alerts(self) -> bool:
        """Tell whether an alert waits to be written."""
        return bool(self._alerts)

    def note_alert(self, alert: Alert) -> None:
        """Let an alert be written as it is now."""
        self._alerts[alert.id] = alert

    def note(self, *deliveries: Delivery) -> None:
        """Let deliveries be written as they are now."""
        self._deliveries |= {item.key: item for item in deliveries}

    async def save(self) -> bool:
        """Write what changed; tell whether that went well."""
        return await self._write(dict(self._alerts), dict(self._deliveries))

    async def _write(
        self, alerts: dict[str, Alert], deliveries: dict[tuple[str, str], Delivery]
    ) -> bool:
        """Write these; one that can never be written is given up: it must not keep others back."""
        if not alerts and not deliveries:
            return True
        try:
            await self._store.save_alerts(alerts.values(), deliveries.values())
        except StoreError as err:
            _LOGGER.warning("%s. They are told all the same", err)
            return False
        except Exception:
            if len(alerts) + len(deliveries) > 1:
                return await self._write_singly(alerts, deliveries)
            _LOGGER.exception("This cannot be kept: %r", [*alerts, *deliveries])
        # What changed meanwhile is another object, and still to be written.
        _forget(self._alerts, alerts)
        _forget(self._deliveries, deliveries)
        return True

    async def _write_singly(
        self, alerts: dict[str, Alert], deliveries: dict[tuple[str, str], Delivery]
    ) -> bool:
        """Write alerts and deliveries one by one."""
        for alert_id, alert in alerts.items():
            if not await self._write({alert_id: alert}, {}):
                return False
        for key, item in deliveries.items():
            if not await self._write({}, {key: item}):
                return False
        return True


def _forget(unsaved: dict[_Key, _Item], written: Mapping[_Key, _Item]) -> None:
    """Take out what was written, unless it is another by now."""
    for key, item in written.items():
        if unsaved.get(key) is item:
            del unsaved[key]
