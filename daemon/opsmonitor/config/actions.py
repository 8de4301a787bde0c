"""Read what is to be done about a check that fails."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
import hashlib
from typing import Any

import voluptuous as vol

from opsmonitor.config.kinds import ActionKind
from opsmonitor.config.nodes import Mapping, Node, Scalar, Sequence
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.schema import ACTION, ON_FAIL, key_name
from opsmonitor.config.settings import ActionSettings
from opsmonitor.config.validation import Validator, describe

_COMMON: frozenset[str] = frozenset(map(key_name, ACTION))


class ActionReader:
    """Read the actions of the checks of one configuration."""

    def __init__(
        self,
        kinds: AnyMapping[str, ActionKind] | None,
        programs: frozenset[str],
        validator: Validator,
        problems: Problems,
    ) -> None:
        """Take the kinds of actions there are, and the programs that may be run."""
        self._kinds = kinds
        self._programs = programs
        self._validator = validator
        self._problems = problems

    def read(self, check: Mapping) -> tuple[ActionSettings, ...]:
        """Return the actions of a check, without those that something is wrong with."""
        section = check.entries.get(ON_FAIL)
        listed = section.entries.get("actions") if isinstance(section, Mapping) else None
        if self._kinds is None or not isinstance(listed, Sequence):
            return ()
        found = [self._action(node, self._kinds) for node in listed.items]
        return tuple(action for action in found if action is not None)

    def may_run(self, program: str, place: Node) -> bool:
        """Tell whether a program may be run, or note at a place that it may not."""
        if program in self._programs:
            return True
        message = f"the program {program} is not allowed: add it to `allow` in `commands`"
        self._problems.add(place.mark, self._validator.redacted(message), place.path)
        return False

    def _action(self, node: Node, kinds: AnyMapping[str, ActionKind]) -> ActionSettings | None:
        """Return one action, or note what is wrong with it."""
        if not isinstance(node, Mapping):
            message = f"expected an action with a `type`, got {describe(node)}"
            self._problems.add(node.mark, message, node.path)
            return None
        entry = node.entries.get("type")
        if entry is None:
            self._problems.add(node.mark, "`type` is missing: add it", node.path)
            return None
        word = entry.value if isinstance(entry, Scalar) else None
        if not isinstance(word, str) or word not in kinds:
            known = ", ".join(sorted(kinds))
            hint = did_you_mean(str(word), kinds) or f"; known are {known}"
            message = f"unknown type of action {describe(entry)}{hint}"
            self._problems.add(entry.mark, message, entry.path)
            return None
        return self._build(word, kinds[word], node)

    def _build(self, word: str, kind: ActionKind, node: Mapping) -> ActionSettings | None:
        """Return an action of a known type."""
        values = self._validator.validate(vol.Schema({**ACTION, **kind.schema}), node)
        if values is None:
            return None
        own = {key: value for key, value in values.items() if key not in _COMMON}
        try:
            options = kind.options(**own)
        except (vol.Invalid, ValueError) as err:
            self._problems.add(node.mark, self._validator.redacted(str(err)), node.path)
            return None
        if kind.program is not None and not self.may_run(
            kind.program(options), node.entries.get(word, node)
        ):
            return None
        target = kind.target(options)
        limits: dict[str, Any] = {key: values[key] for key in _COMMON & values.keys()}
        return ActionSettings(
            **limits, options=options, target=target, place=_place(f"{word} {target}")
        )


def _place(text: str) -> str:
    """Return a short name for what is acted on."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
