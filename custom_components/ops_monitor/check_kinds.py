"""Notices checks that came to be of another kind, as their type was changed in checks.yml."""

from collections.abc import Callable, Collection, Iterable, Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .client import Check, Snapshot
from .const import DOMAIN
from .entity import check_unique_id


class CheckKinds:
    """Remembers of what kind each check is, as far as its entities of one platform depend on it."""

    def __init__(
        self,
        domain: str,
        kind_of: Callable[[Check], object],
        absent: Callable[[Check], Iterable[str]],
    ) -> None:
        """Take what tells the kind of a check, and the keys of what no such check can have."""
        self._domain = domain
        self._kind_of = kind_of
        self._absent = absent
        self._kinds: dict[str, object] = {}

    def compare(
        self,
        hass: HomeAssistant,
        data: Snapshot,
        shown: Mapping[str, Check],
        known: Collection[str],
    ) -> list[Check]:
        """Return which of the known checks are of another kind now; remove what went with that.

        What is left of a kind that a check had before a restart is removed, too.
        """
        registry = er.async_get(hass)
        changed: list[Check] = []
        for check_id, check in shown.items():
            kind, before = self._kind_of(check), self._kinds.get(check_id)
            if kind == before:
                continue
            self._kinds[check_id] = kind
            for key in self._absent(check):
                unique_id = check_unique_id(data, check_id, key)
                if entity_id := registry.async_get_entity_id(self._domain, DOMAIN, unique_id):
                    registry.async_remove(entity_id)
            if before is not None and check_id in known:
                changed.append(check)
        return changed
