"""Read the sections about the daemon itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping as AnyMapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import schema as keys
from opsmonitor.config.later import LATER_SECTIONS, LATER_SERVER_KEYS, LATER_STORE_KEYS
from opsmonitor.config.nodes import Mapping, Scalar, locate, plain
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.settings import (
    EngineSettings,
    RemediationSettings,
    RetentionSettings,
    ServerSettings,
    StoreSettings,
    UpdateSettings,
)
from opsmonitor.config.validation import Validator, describe

_TIERS: Final = ("raw", "five_minutes", "hour", "day")


class SectionReader:
    """Read the sections of one configuration, each into its settings."""

    def __init__(self, root: Mapping, validator: Validator, problems: Problems) -> None:
        """Take the whole configuration."""
        self._root = root
        self._validator = validator
        self._problems = problems

    def report_unknown(self, probes: Collection[str] = ()) -> None:
        """Note sections that do not exist, or not yet; `probes` are those of plug-ins."""
        sections = {*keys.SECTIONS, *probes}
        for name, node in self._root.entries.items():
            mark = self._root.key_marks.get(name, node.mark)
            if name in sections:
                continue
            if name in LATER_SECTIONS:
                message = f"the section `{name}` is not supported yet by this version: remove it"
                self._problems.add(mark, message)
            else:
                known = ", ".join(sorted(sections))
                hint = did_you_mean(name, sections) or f"; known are {known}"
                self._problems.add(mark, f"unknown section `{name}`{hint}")

    def mapping(self, name: str) -> Mapping:
        """Return a section, empty if it is not there."""
        node = self._root.entries.get(name)
        if isinstance(node, Mapping):
            return node
        is_empty = node is None or (isinstance(node, Scalar) and node.value is None)
        if node is not None and not is_empty:
            self._problems.add(node.mark, f"expected keys with values, got {describe(node)}", name)
        return Mapping(mark=self._root.mark, path=name)

    def server(self) -> ServerSettings:
        """Return the HTTP server's settings."""
        values = self._values("server", keys.SERVER, LATER_SERVER_KEYS)
        return ServerSettings(**values)

    def engine(self) -> EngineSettings:
        """Return the engine's limits."""
        return EngineSettings(**self._values("engine", keys.ENGINE))

    def remediation(self) -> RemediationSettings:
        """Return what holds for all actions together."""
        return RemediationSettings(**self._values("remediation", keys.REMEDIATION))

    def updates(self) -> UpdateSettings:
        """Return whether newer releases are looked for, and where."""
        return UpdateSettings(**self._values("updates", keys.UPDATES))

    def allowed_programs(self) -> tuple[str, ...]:
        """Return the programs that may be run, as they are written in the checks."""
        allowed: tuple[str, ...] = self._values("commands", keys.COMMANDS).get("allow", ())
        return allowed

    def store(self, folder: Path) -> StoreSettings:
        """Return the database's settings; a path in the file is relative to the file's folder."""
        values = self._values("store", keys.STORE, LATER_STORE_KEYS)
        path = values.get("path")
        node = self.mapping("store").entries.get("path")
        if path is not None and node is not None and node.mark.line is not None:
            path = folder / path
        return StoreSettings(path=path, retention=self._retention(values.get("retention", {})))

    def time_zone(self) -> str | None:
        """Return the configured time zone."""
        node = self._root.entries.get("time_zone")
        if node is None or plain(node) is None:
            return None
        part = Mapping(mark=node.mark, entries={"time_zone": node})
        values = self._validator.validate(keys.TIME_ZONE, part) or {}
        zone: str | None = values.get("time_zone")
        return zone

    def _values(
        self, name: str, schema: vol.Schema, later: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Return the validated keys of a section."""
        values: dict[str, Any] | None = self._validator.validate(schema, self.mapping(name), later)
        return values or {}

    def _retention(self, values: AnyMapping[str, int]) -> RetentionSettings:
        """Return how long history is kept; a coarser tier must reach further back."""
        fields = {f"{name}_s" if name in _TIERS else name: value for name, value in values.items()}
        retention = RetentionSettings(**fields)
        for finer, coarser in pairwise(_TIERS):
            if getattr(retention, f"{coarser}_s") < getattr(retention, f"{finer}_s"):
                blamed = coarser if coarser in values else finer
                place = locate(self._root, ["store", "retention", blamed])
                self._problems.add(
                    place.mark,
                    f"`{coarser}` must not be shorter than `{finer}`: "
                    "coarse history follows where fine history ends",
                    place.node.path,
                )
        return retention
