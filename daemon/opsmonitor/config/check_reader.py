"""Turn the entries of `checks` into settings, one by one, so that every mistake is found."""

from __future__ import annotations

from collections.abc import Collection, Mapping as AnyMapping
from dataclasses import dataclass, replace
import hashlib
import json
import re
from types import MappingProxyType
from typing import Any, TypeVar

import voluptuous as vol

from opsmonitor.config.actions import ActionReader
from opsmonitor.config.kinds import CheckKind
from opsmonitor.config.later import LATER_CHECK_KEYS, OLD_NAMES
from opsmonitor.config.nodes import Mapping, Node, Scalar, plain, texts
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.redaction import as_effective, known_secrets
from opsmonitor.config.schema import DEPENDS_ON, REPETITION, ConfigSchema, field_name
from opsmonitor.config.settings import CheckSettings
from opsmonitor.config.validation import Validator, describe
from opsmonitor.config.validators import MAX_ID
from opsmonitor.util.reach import is_outside
from opsmonitor.util.redact import redact_text
from opsmonitor.util.secret import REDACTED
from opsmonitor.util.slug import slug

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadCheck:
    """A valid check with where it was written."""

    settings: CheckSettings
    node: Mapping
    """Its effective keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a check names, be the check valid or not."""

    id: str
    node: Mapping
    """Its effective keys."""
    depends_on: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()

    @classmethod
    def of(cls, check: ReadCheck) -> Named:
        """Return what a valid check names."""
        own = check.settings
        notify = own.notify if isinstance(own.notify, tuple) else ()
        return cls(
            id=own.id,
            node=check.node,
            depends_on=own.depends_on,
            members=own.members,
            notify=notify,
        )


class CheckReader:
    """Read the checks of one configuration."""

    def __init__(
        self,
        schema: ConfigSchema,
        defaults: AnyMapping[str, Node],
        core_ids: frozenset[str],
        actions: ActionReader,
        *,
        validator: Validator,
        problems: Problems,
    ) -> None:
        """Take what lies beneath every check."""
        self._schema = schema
        self._defaults = defaults
        self._core_ids = core_ids
        self._actions = actions
        self._validator = validator
        self._problems = problems
        self._seen: dict[str, Node] = {}
        self._tokens: dict[str, Node] = {}
        self.ids: dict[str, None] = {}
        """Of all checks in the order of the file, also of those that are not valid."""
        self.read_checks: list[ReadCheck] = []
        """The valid ones, in the order of the file."""
        self.broken: list[Named] = []
        """The others, as far as they have an id."""
        self.broken_tags: set[str] = set()
        """Tags of the others, but for groups: when they are mended, these checks have them."""

    def read(self, node: Node) -> None:
        """Read one check, or note every problem of it."""
        if not isinstance(node, Mapping):
            if not (isinstance(node, Scalar) and node.is_broken):
                message = f"expected a check with `id` and `type`, got {describe(node)}"
                self._problems.add(node.mark, message, node.path)
            return
        check_id = self._identify(node)
        kind = self._kind(node)
        if kind is None:
            self._judge_common_keys(node)
            tags = {"tags": self._defaults["tags"]} if "tags" in self._defaults else {}
            self._note_broken(check_id, replace(node, entries={**tags, **node.entries}))
            return
        merged = self._merge(node, kind)
        values = self._validator.validate(
            self._schema.checks[kind.name], merged, later=LATER_CHECK_KEYS
        )
        settings = None
        if values is not None and check_id is not None:
            settings = self._build(kind, check_id, values, merged)
        if settings is not None:
            self.read_checks.append(ReadCheck(settings, merged))
        else:
            self._note_broken(check_id, merged, has_members=kind.members is not None)

    def _note_broken(
        self, check_id: str | None, node: Mapping, *, has_members: bool = False
    ) -> None:
        """Keep what a check with a mistake names, so that mistakes in that are told as well."""
        if not has_members:
            self.broken_tags.update(texts(node, "tags"))
        if check_id is not None:
            self.broken.append(
                Named(
                    id=check_id,
                    node=node,
                    depends_on=texts(node, DEPENDS_ON),
                    members=texts(node, "members") if has_members else (),
                    notify=texts(node, "notify"),
                )
            )

    def _identify(self, node: Mapping) -> str | None:
        """Return the check's id, made of its name if it has none; None if it has neither."""
        given = node.entries.get("id") or node.entries.get("name")
        if given is None:
            self._problems.add(
                node.mark, "the check needs an `id` (or a `name`): add one", node.path
            )
            return None
        if not isinstance(given, Scalar) or not isinstance(given.value, str):
            return None
        is_id = "id" in node.entries
        check_id = given.value if is_id else slug(given.value, MAX_ID)
        if not check_id and given.value.strip():
            message = "no id can be made of this name: add an `id` of letters and digits"
            self._problems.add(given.mark, message, given.path)
        first = self._seen.setdefault(check_id.lower(), given)
        if check_id and first is not given:
            message = f"the id `{check_id}` is already used on line {first.mark.line}"
            self._problems.add(
                given.mark, self._validator.redacted(f"{message}: choose another"), given.path
            )
        self.ids[check_id] = None
        return check_id or None

    def _kind(self, node: Mapping) -> CheckKind | None:
        """Return the check's type, if it has one that exists."""
        entry = node.entries.get("type")
        if not isinstance(entry, Scalar) or not isinstance(entry.value, str):
            return None
        kinds = self._schema.kinds
        if entry.value in kinds:
            return kinds[entry.value]
        hint = did_you_mean(entry.value, kinds) or f"; known are {', '.join(sorted(kinds))}"
        message = f"unknown check type {describe(entry)}{hint}"
        self._problems.add(entry.mark, message, entry.path)
        return None

    def _judge_common_keys(self, node: Mapping) -> None:
        """Note what is wrong with a check whose type is not known."""
        self._validator.validate(self._schema.any_check(), node, later=LATER_CHECK_KEYS)

    def _merge(self, node: Mapping, kind: CheckKind) -> Mapping:
        """Return the check's keys above those defaults that its type knows."""
        known = self._schema.check_keys[kind.name]
        withheld = REPETITION if kind.is_settled else frozenset()
        own = _with_new_names(node.entries, known)
        inherited = {
            key: child
            for key, child in _with_new_names(self._defaults, known).items()
            if key in known and key not in own and key not in withheld
        }
        return Mapping(
            mark=node.mark,
            entries={**own, **inherited},
            key_marks=_with_new_names(node.key_marks, known),
            path=node.path,
        )

    def _build(
        self, kind: CheckKind, check_id: str, values: AnyMapping[str, Any], merged: Mapping
    ) -> CheckSettings | None:
        """Return the settings of a valid check."""
        own = self._schema.own_keys[kind.name]
        try:
            options = kind.options(
                **{field_name(key): value for key, value in values.items() if key in own}
            )
        except (vol.Invalid, ValueError) as err:
            self._problems.add(merged.mark, self._validator.redacted(str(err)), merged.path)
            return None
        if kind.program is not None and not self._actions.may_run(
            kind.program(options), merged.entries.get(kind.name, merged)
        ):
            return None
        common = {key: values[key] for key in self._schema.common_keys}
        common[DEPENDS_ON] = values[DEPENDS_ON]
        common["core"] = values["core"] or check_id.lower() in self._core_ids
        name = values.get("name", check_id)
        push = None if kind.push is None else kind.push(options)
        if push is not None and push.token is not None:
            self._judge_token(push.token.reveal(), merged)
        return CheckSettings(
            id=check_id,
            type=kind.name,
            name=name,
            options=options,
            target=_shown_target(kind.target(options), merged),
            host=kind.host(options),
            is_outside=_lies_outside(values["network"], kind.host(options)),
            actions=self._actions.read(merged),
            push=push,
            subject=None if kind.subject is None else kind.subject(options),
            exports=() if kind.exports is None else kind.exports(options),
            is_reachability=kind.is_reachability,
            secrets=frozenset(known_secrets(merged)),
            fingerprint=_fingerprint({**plain(merged), **common, "id": check_id}),
            public=MappingProxyType(
                {
                    "id": check_id,
                    "name": name,
                    "type": kind.name,
                    **as_effective(merged),
                    **listed(common),
                }
            ),
            **common,
        )

    def _judge_token(self, token: str, node: Mapping) -> None:
        """Note a token that two checks have: nobody could tell who reports."""
        place = node.entries["token"]
        first = self._tokens.setdefault(token, place)
        if first is not place:
            message = f"this token is already used on line {first.mark.line}: make another one"
            self._problems.add(place.mark, message, place.path)


def listed(values: AnyMapping[str, Any]) -> dict[str, Any]:
    """Return values with lists as JSON knows them."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def _shown_target(target: str, node: Mapping) -> str:
    """Return what is checked, for people, with the secrets of the address left out."""
    for key, child in node.entries.items():
        if not isinstance(child, Scalar) or child.shown is None or REDACTED not in child.shown:
            continue
        if key == "url":
            return redact_text(child.shown)
        target = re.sub(re.escape(str(child.value)), REDACTED, target, flags=re.IGNORECASE)
    return target


def _lies_outside(network: str, host: str) -> bool:
    """Tell whether a target lies beyond the local networks."""
    return is_outside(host) if network == "auto" else network == "outside"


def _with_new_names(keys: AnyMapping[str, T], known: Collection[str]) -> dict[str, T]:
    """Return a mapping by keys with the old name of a key replaced, where a type knows the new."""
    return {
        new if (new := OLD_NAMES.get(key, key)) in known and new not in keys else key: value
        for key, value in keys.items()
    }


def _fingerprint(effective: AnyMapping[str, Any]) -> str:
    """Return a hash of a check's effective keys, their secrets included."""
    text = json.dumps(effective, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
