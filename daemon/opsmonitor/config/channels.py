"""Read the section `alerts`: who is told, and by which way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping as AnyMapping, Sequence
from types import MappingProxyType
from typing import Any

import voluptuous as vol

from opsmonitor.config import schema as keys, validators as cv
from opsmonitor.config.check_reader import Named, ReadCheck
from opsmonitor.config.environment import Environment
from opsmonitor.config.kinds import ChannelKind
from opsmonitor.config.nodes import Mapping, Node, Scalar, join_path, mapping_under
from opsmonitor.config.overrides import variable_mark, variable_node
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.routes import RoutesReader
from opsmonitor.config.sections import SectionReader
from opsmonitor.config.settings import AlertSettings, ChannelSettings, ReminderSettings
from opsmonitor.config.validation import Validator, describe


def add_channels(
    root: Mapping, environment: Environment, kinds: AnyMapping[str, ChannelKind]
) -> None:
    """Put the channels that variables describe beside those of the file, which win by name."""
    for name, kind in kinds.items():
        given = {key: _first_set(environment, names) for key, names in kind.environment.items()}
        if not given or next(iter(given.values())) is None:
            continue
        channels = mapping_under(mapping_under(root, "alerts"), "channels") if root else None
        if channels is None or name in channels.entries:
            continue
        path = join_path(channels.path, name)
        mark = variable_mark(next(iter(kind.environment.values()))[0])
        channel = Mapping(mark=mark, path=path)
        channel.entries["type"] = Scalar(value=name, mark=mark, path=join_path(path, "type"))
        for key, found in given.items():
            if found is not None:
                channel.entries[key] = variable_node(*found, join_path(path, key))
        channels.entries[name] = channel


def _first_set(environment: Environment, names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first of some variables that is set and not empty, and its value."""
    for name in names:
        if value := environment.get(name):
            return name, value
    return None


class AlertsReader:
    """Read the channels of one configuration."""

    def __init__(
        self,
        sections: SectionReader,
        validator: Validator,
        problems: Problems,
        kinds: AnyMapping[str, ChannelKind],
    ) -> None:
        """Take the sections and the kinds of channels there are."""
        self._sections = sections
        self._validator = validator
        self._problems = problems
        self._kinds = kinds
        self.names: Collection[str] = ()
        """Of all channels, also of those that are not valid."""
        self.routes: RoutesReader | None = None
        """Who is told when; read with the rest."""

    def read(self) -> AlertSettings:
        """Return the settings of the section."""
        section = self._sections.mapping("alerts")
        values = self._validator.validate(keys.ALERTS, section) or {}
        listed = section.entries.get("channels")
        nodes = listed.entries if isinstance(listed, Mapping) else {}
        found = [self._channel(name, node) for name, node in nodes.items()]
        channels = {channel.name: channel for channel in found if channel is not None}
        values["channels"] = MappingProxyType(channels)
        values["cert_days"] = _falling(values.get("cert_days", AlertSettings().cert_days))
        values["reminders"] = _reminders(values.get("reminders", {}))
        # A channel with a mistake in it is known all the same: one report of it is enough.
        self.names = nodes.keys()
        self.routes = RoutesReader(section, nodes.keys(), self._validator, self._problems)
        values["routes"] = self.routes.routes()
        values["quiet_hours"] = self.routes.quiet_hours()
        values["escalation"] = self.routes.escalation()
        return AlertSettings(**values)

    def _channel(self, name: str, node: Node) -> ChannelSettings | None:
        """Return one channel, or note what is wrong with it."""
        if not isinstance(node, Mapping):
            self._problems.add(node.mark, "expected a channel with a `type`", node.path)
            return None
        try:
            cv.check_id(name)
        except vol.Invalid as err:
            self._problems.add(node.mark, f"the name of a channel: {err}", node.path)
        entry = node.entries.get("type")
        if entry is None:
            self._problems.add(node.mark, "the channel needs a `type`: add it", node.path)
            return None
        word = entry.value if isinstance(entry, Scalar) else None
        if not isinstance(word, str) or word not in self._kinds:
            known = ", ".join(sorted(self._kinds))
            hint = did_you_mean(str(word), self._kinds) or f"; known are {known}"
            self._problems.add(entry.mark, f"unknown type {describe(entry)}{hint}", entry.path)
            return None
        return self._build(name, word, node)

    def _build(self, name: str, word: str, node: Mapping) -> ChannelSettings | None:
        """Return a channel of a known type."""
        kind = self._kinds[word]
        schema = vol.Schema({vol.Required("type"): cv.text, **kind.schema})
        values = self._validator.validate(schema, node)
        if values is None:
            return None
        del values["type"]
        try:
            options = kind.options(**values)
        except ValueError as err:
            self._problems.add(node.mark, self._validator.redacted(str(err)), node.path)
            return None
        return ChannelSettings(name=name, type=word, options=options)


def judge_notify(
    checks: Sequence[ReadCheck], named: Iterable[Named], reader: AlertsReader, problems: Problems
) -> None:
    """Report channels that checks name and that do not exist, and routes that fit nothing."""
    for check in named:
        unknown = [name for name in check.notify if name not in reader.names]
        _report_unknown(check.node, unknown, problems)
    if reader.routes is not None:
        reader.routes.warn_of_idle_routes([check.settings for check in checks])


def _falling(days: Iterable[int]) -> tuple[int, ...]:
    """Return numbers of days, each once, the most first."""
    return tuple(sorted(set(days), reverse=True))


def _reminders(values: AnyMapping[str, Any]) -> ReminderSettings:
    """Return how far apart reminders are; the longest pause is at least the first one."""
    default = ReminderSettings()
    first_s = values.get("first", default.first_s)
    return ReminderSettings(
        first_s=first_s,
        factor=values.get("factor", default.factor),
        longest_s=max(first_s, values.get("longest", default.longest_s)),
    )


def _report_unknown(check: Mapping, names: list[str], problems: Problems) -> None:
    """Report channels that a check names and that do not exist."""
    for name in names:
        node = check.entries["notify"]
        problems.add(node.mark, f"no channel is named `{name}` under `alerts: channels`", node.path)
