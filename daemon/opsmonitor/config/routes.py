"""Read who is told of what, when: routes, quiet hours and escalation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping as AnyMapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.config.nodes import Mapping, Node, Sequence, texts
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.settings import EscalationSettings, QuietSettings, RouteSettings
from opsmonitor.config.validation import Validator, describe
from opsmonitor.util.daytime import DayWindow, parse_days, parse_span

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsmonitor.config.settings import CheckSettings

SEVERITIES: Final = ("P1", "P2", "P3", "P4")
KINDS: Final = ("down", "degraded", "flapping", "cert_expiring")


def _some(item: Any) -> Any:
    """Return a validator that takes one, or a list."""

    def validate(value: Any) -> Any:
        """Return them all."""
        return cv.list_of(item)(value) if isinstance(value, list | tuple) else (item(value),)

    return validate


def _span(value: Any) -> Any:
    """Accept two times of day."""
    try:
        return parse_span(cv.text(value))
    except ValueError as err:
        raise vol.Invalid('expected two times of day, such as "22:00-07:00"') from err


def _days(value: Any) -> frozenset[int]:
    """Accept days of the week."""
    words = _some(cv.text)(value)
    try:
        return parse_days(words)
    except ValueError as err:
        raise vol.Invalid("expected days such as mon, or [sat, sun], or mon-fri") from err


_WINDOW: Final[dict[Any, Any]] = {vol.Optional("between"): _span, vol.Optional("days"): _days}
_CHANNELS: Final = _some(cv.text)
_SEVERITY: Final = _some(cv.one_of(*SEVERITIES))
ROUTE: Final = vol.Schema(
    {
        vol.Required("channels"): _CHANNELS,
        vol.Optional("severity"): _SEVERITY,
        vol.Optional("tag"): _some(cv.text),
        vol.Optional("site"): _some(cv.text),
        vol.Optional("check"): _some(cv.text),
        vol.Optional("kind"): _some(cv.one_of(*KINDS)),
        **_WINDOW,
        vol.Optional("continue"): cv.boolean,
    }
)
QUIET: Final = vol.Schema(
    {
        vol.Required("between"): _span,
        vol.Optional("days"): _days,
        vol.Optional("severity"): _SEVERITY,
        vol.Optional("channels"): _CHANNELS,
    }
)
ESCALATION: Final = vol.Schema(
    {
        vol.Required("after"): cv.duration_s(at_least=1),
        vol.Required("channels"): _CHANNELS,
        vol.Optional("severity"): _SEVERITY,
    }
)


class RoutesReader:
    """Read the lists of one configuration that say who is told when."""

    def __init__(
        self,
        section: Mapping,
        known: Collection[str],
        validator: Validator,
        problems: Problems,
    ) -> None:
        """Take the section `alerts`, and the names of its channels."""
        self._section = section
        self._known = known
        self._validator = validator
        self._problems = problems
        self._routes: list[tuple[RouteSettings, Mapping]] = []

    def routes(self) -> tuple[RouteSettings, ...]:
        """Return the routes, in their order."""
        self._routes = [(_route(values), node) for values, node in self._items("routes", ROUTE)]
        return tuple(route for route, _ in self._routes)

    def quiet_hours(self) -> tuple[QuietSettings, ...]:
        """Return when what is told."""
        default = QuietSettings(window=DayWindow())
        found = []
        for values, node in self._items("quiet_hours", QUIET):
            quiet = QuietSettings(
                window=_window(values) or DayWindow(),
                severity=frozenset(values.get("severity", default.severity)),
                channels=frozenset(values.get("channels", ())),
            )
            if quiet.window.is_endless:
                words = ", ".join(sorted(quiet.severity))
                message = f"these quiet hours never end: nobody is ever told of {words}"
                self._warn(node, "between", f"{message}. Set `between`, or leave them out")
            found.append(quiet)
        return tuple(found)

    def escalation(self) -> tuple[EscalationSettings, ...]:
        """Return the steps, the earliest first."""
        steps = [
            EscalationSettings(
                after_s=values["after"],
                channels=values["channels"],
                severity=frozenset(values.get("severity", SEVERITIES)),
            )
            for values, _ in self._items("escalation", ESCALATION)
        ]
        return tuple(sorted(steps, key=lambda step: step.after_s))

    def warn_of_idle_routes(self, checks: Iterable[CheckSettings]) -> None:
        """Say which words of routes fit no check."""
        found = list(checks)
        words = {
            "tag": {tag for check in found for tag in check.tags},
            "site": {check.site for check in found if check.site},
        }
        for route, node in self._routes:
            for key, known in words.items():
                for word in sorted(getattr(route, key) - known):
                    self._warn(node, key, f"no check has the {key} `{word}`")
            for pattern in route.check:
                if not any(fnmatchcase(check.id, pattern) for check in found):
                    self._warn(node, "check", f"no check fits `{pattern}`")

    def _warn(self, node: Mapping, key: str, message: str) -> None:
        """Warn of a key of a route."""
        place = node.entries.get(key, node)
        self._problems.warn(place.mark, message, place.path)

    def _nodes(self, name: str) -> list[Node]:
        """Return the items of a list of the section."""
        listed = self._section.entries.get(name)
        if isinstance(listed, Mapping):
            return [listed]
        return listed.items if isinstance(listed, Sequence) else []

    def _items(
        self, name: str, schema: vol.Schema
    ) -> Iterator[tuple[AnyMapping[str, Any], Mapping]]:
        """Yield the valid items of a list, and note what is wrong with the others."""
        for node in self._nodes(name):
            if not isinstance(node, Mapping):
                message = f"expected keys with values, got {describe(node)}"
                self._problems.add(node.mark, message, node.path)
                continue
            values = self._validator.validate(schema, node)
            self._report_unknown(texts(node, "channels"), node)
            if values is not None:
                yield values, node

    def _report_unknown(self, names: Iterable[str], node: Mapping) -> None:
        """Report channels that do not exist."""
        for name in names:
            if name not in self._known:
                place = node.entries["channels"]
                hint = did_you_mean(name, self._known)
                message = f"no channel is named `{name}` under `alerts: channels`{hint}"
                self._problems.add(place.mark, message, place.path)


def _route(values: AnyMapping[str, Any]) -> RouteSettings:
    """Return one route."""
    return RouteSettings(
        channels=values["channels"],
        severity=frozenset(values.get("severity", ())),
        tag=frozenset(values.get("tag", ())),
        site=frozenset(values.get("site", ())),
        check=values.get("check", ()),
        kind=frozenset(values.get("kind", ())),
        window=_window(values),
        goes_on=values.get("continue", False),
    )


def _window(values: AnyMapping[str, Any]) -> DayWindow | None:
    """Return the times of a route; None: always."""
    if "between" not in values and "days" not in values:
        return None
    whole = DayWindow()
    start, end = values.get("between", (whole.start, whole.end))
    return DayWindow(start=start, end=end, days=values.get("days", whole.days))
