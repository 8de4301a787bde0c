"""Load a configuration: all of it valid, or every problem of it."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
import os
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import voluptuous as vol

from opsmonitor.config.actions import ActionReader
from opsmonitor.config.advice import advise
from opsmonitor.config.box_variables import add_boxes
from opsmonitor.config.channels import AlertsReader, add_channels, judge_notify
from opsmonitor.config.check_reader import CheckReader, Named, ReadCheck, listed
from opsmonitor.config.connectivity import SECTION as CONNECTIVITY, witness_node
from opsmonitor.config.dependencies import judge_dependencies
from opsmonitor.config.environment import Environment
from opsmonitor.config.kinds import ActionKind, ChannelKind, CheckKind
from opsmonitor.config.maintenance import SECTION as MAINTENANCE, MaintenanceReader
from opsmonitor.config.membership import join_groups, judge_members
from opsmonitor.config.nodes import Mapping, Node, Scalar, Sequence, plain
from opsmonitor.config.overrides import apply_overrides, core_ids
from opsmonitor.config.portainer import join_portainer
from opsmonitor.config.probes import ProbeKind, ProbesReader, add_probes
from opsmonitor.config.problems import Problems
from opsmonitor.config.public import public_settings
from opsmonitor.config.redaction import as_effective, as_written, known_secrets
from opsmonitor.config.schema import EVERY_CHECK, build_schema
from opsmonitor.config.sections import SectionReader
from opsmonitor.config.settings import Settings
from opsmonitor.config.sources import Sources
from opsmonitor.config.tree import read_tree
from opsmonitor.config.validation import Validator, describe
from opsmonitor.util.zone import local_zone


def load_settings(
    path: Path,
    *,
    check_types: AnyMapping[str, CheckKind],
    channel_types: AnyMapping[str, ChannelKind] | None = None,
    action_types: AnyMapping[str, ActionKind] | None = None,
    probe_types: AnyMapping[str, ProbeKind] | None = None,
    env: AnyMapping[str, str] | None = None,
) -> Settings:
    """Read, expand and validate a configuration file; blocks.

    Without `action_types` nobody looks at what is to be done about checks that fail.

    Raises:
        ConfigError: Something is wrong with it; the error holds every problem.

    """
    problems = Problems()
    sources = Sources(problems)
    real = os.environ if env is None else env
    environment = Environment.beside(path, real, sources, problems)
    root = read_tree(path, environment, sources, problems)
    if root is None:
        raise problems.error(sources.paths)
    loader = _Loader(
        root,
        environment,
        problems,
        check_types,
        channel_types or {},
        action_types,
        probe_types or {},
    )
    settings = loader.load(path, sources)
    if problems.has_errors:
        raise problems.error(sources.paths)
    return settings


class _Loader:
    """Turn one expanded tree into settings."""

    def __init__(
        self,
        root: Mapping,
        environment: Environment,
        problems: Problems,
        check_types: AnyMapping[str, CheckKind],
        channel_types: AnyMapping[str, ChannelKind],
        action_types: AnyMapping[str, ActionKind] | None,
        probe_types: AnyMapping[str, ProbeKind],
    ) -> None:
        """Put the environment's overrides into the tree."""
        self._raw = as_written(root)
        apply_overrides(root, environment)
        add_channels(root, environment, channel_types)
        if "docker" in probe_types:
            join_portainer(root, environment, problems)
        add_probes(root, environment, probe_types)
        if "fritz" in probe_types:
            add_boxes(root, environment)
        self._root = root
        self._core_ids = core_ids(environment)
        self._problems = problems
        self._schema = build_schema(check_types)
        self._validator = Validator(problems, known_secrets(root))
        self._sections = SectionReader(root, self._validator, problems)
        self._alerts = AlertsReader(self._sections, self._validator, problems, channel_types)
        self._actions = action_types
        self._probes = ProbesReader(root, self._sections, self._validator, problems, probe_types)
        self._probe_names = tuple(probe_types)

    def load(self, path: Path, sources: Sources) -> Settings:
        """Read every part; where problems were noted, the result is of no use."""
        self._sections.report_unknown(self._probe_names)
        beneath = self._defaults()
        server = self._sections.server()
        store = self._sections.store(path.parent)
        engine = self._sections.engine()
        zone = self._sections.time_zone()
        programs = self._sections.allowed_programs()
        alerts = self._alerts.read()
        remediation = self._sections.remediation()
        updates = self._sections.updates()
        probes = self._probes.read()
        checks, named = self._checks(beneath, programs)
        place = ZoneInfo(zone) if zone else local_zone()
        windows = MaintenanceReader(self._validator, self._problems).read(
            self._root.entries.get(MAINTENANCE), place, {check.id for check in named}
        )
        judge_notify(checks, named, self._alerts, self._problems)
        if self._problems.has_errors:
            return Settings(checks={})
        advise(checks, self._root, self._core_ids, schema=self._schema, problems=self._problems)
        defaults = self._effective_defaults(beneath)
        public = public_settings(
            server=server,
            store=store,
            engine=engine,
            time_zone=zone,
            updates=updates,
            defaults=defaults,
            probes=probes,
        )
        return Settings(
            checks=MappingProxyType({check.settings.id: check.settings for check in checks}),
            server=server,
            store=store,
            engine=engine,
            allowed_programs=programs,
            alerts=alerts,
            remediation=remediation,
            updates=updates,
            probes=MappingProxyType(probes),
            time_zone=zone,
            zone=place,
            maintenance=windows,
            folder=path.parent,
            files=sources.paths,
            warnings=self._problems.warnings,
            raw=MappingProxyType(self._raw),
            public=MappingProxyType(public),
            defaults=MappingProxyType(defaults),
        )

    def _defaults(self) -> dict[str, Node]:
        """Return what lies beneath every check: `defaults` above `global`."""
        beneath: dict[str, Node] = {}
        for name in ("global", "defaults"):
            section = self._sections.mapping(name)
            self._validator.validate(self._schema.defaults(), section)
            beneath.update(section.entries)
        return beneath

    def _checks(
        self, beneath: AnyMapping[str, Node], programs: tuple[str, ...]
    ) -> tuple[list[ReadCheck], list[Named]]:
        """Return the valid checks, and what all checks name."""
        reader = CheckReader(
            self._schema,
            beneath,
            frozenset(check_id.lower() for check_id in self._core_ids),
            ActionReader(self._actions, frozenset(programs), self._validator, self._problems),
            validator=self._validator,
            problems=self._problems,
        )
        listed = self._root.entries.get("checks")
        if listed is None:
            self._problems.add(self._root.mark, "the list of `checks` is missing: add it", "checks")
        elif isinstance(listed, Sequence):
            for node in listed.items:
                reader.read(node)
        elif not isinstance(listed, Scalar) or not (listed.value is None or listed.is_broken):
            message = f"expected a list of checks, each beginning with `-`, got {describe(listed)}"
            self._problems.add(listed.mark, message, "checks")
        witness = witness_node(
            self._sections.mapping(CONNECTIVITY),
            [check.settings for check in reader.read_checks],
            self._problems,
        )
        if witness is not None and CONNECTIVITY in self._schema.kinds:
            reader.read(witness)
        checks = join_groups(
            reader.read_checks, self._schema.kinds, reader.ids, reader.broken_tags, self._problems
        )
        judge_members(reader.broken, reader.ids, self._problems)
        order = {check_id: position for position, check_id in enumerate(reader.ids)}
        named = [*map(Named.of, checks), *reader.broken]
        named.sort(key=lambda check: order[check.id])
        judge_dependencies(named, reader.ids, self._problems)
        return checks, named

    def _effective_defaults(self, beneath: AnyMapping[str, Node]) -> dict[str, Any]:
        """Return every default, those of the daemon included."""
        entries = dict(beneath)
        given = Mapping(mark=self._root.mark, entries=entries, path="defaults")
        common = {key: plain(node) for key, node in entries.items() if self._is_common(key)}
        filled: dict[str, Any] = vol.Schema(EVERY_CHECK)(common)
        ordered = {key: filled[key] for key in self._schema.common_keys}
        return {**as_effective(given), **ordered, **listed(filled)}

    def _is_common(self, key: str) -> bool:
        """Tell whether every check has this key."""
        return key in self._schema.common_keys
