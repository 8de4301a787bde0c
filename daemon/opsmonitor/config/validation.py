"""Run a schema over parsed nodes, and put its complaints into our words with their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping as AnyMapping
import re
from typing import Any, Final

import voluptuous as vol
from voluptuous.schema_builder import VirtualPathComponent

from opsmonitor.config.nodes import Mapping, Node, Place, Scalar, Sequence, join_path, locate, plain
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.redaction import hides_channel
from opsmonitor.config.scalars import NotFiniteError, resolve
from opsmonitor.config.validators import NameInvalid
from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED

_TYPE_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "dictionary": "a mapping",
}
_LONGEST_SHOWN: Final = 60
_MOST_LISTED: Final = 50
"""A check of unknown type can have more keys than anybody wants to read."""


class Validator:
    """Validate parts of one configuration."""

    def __init__(self, problems: Problems, secrets: Iterable[str] = ()) -> None:
        """Take where problems go, and the values that must not appear in them."""
        self._problems = problems
        self._secrets = tuple(secrets)

    def validate(self, schema: vol.Schema, node: Mapping, later: Iterable[str] = ()) -> Any:
        """Return the validated values, or None after noting every problem.

        Keys in `later` belong to versions to come.
        """
        unknown = [tuple(path) for path in self._report_unknown(schema.schema, node, set(later))]
        while True:
            try:
                return schema(plain(node, wraps_secrets=True))
            except vol.MultipleInvalid as err:
                errors = [error for error in err.errors if tuple(error.path) not in unknown]
                if not [error for error in errors if _offer_another_type(node, error)]:
                    self._report(node, errors)
                    return None

    def redacted(self, message: str) -> str:
        """Return a message without the secrets of the configuration."""
        return redact_text(message, self._secrets)

    def _report_unknown(
        self, spec: AnyMapping[Any, Any], node: Mapping, later: set[str]
    ) -> Iterator[list[str]]:
        """Report keys that mean nothing, at every depth; yield their paths."""
        for steps, parent, key, known in _unknown_keys(spec, node, []):
            mark = parent.key_marks.get(key, parent.entries[key].mark)
            if key in later and parent is node:
                message = f"`{key}` is not supported yet by this version: remove it"
            else:
                hint = did_you_mean(key, known)
                if not hint and len(known) <= _MOST_LISTED:
                    hint = f"; known are {', '.join(sorted(known))}"
                message = f"unknown key `{key}`{hint}"
            self._problems.add(mark, message, join_path(parent.path, key))
            yield [*steps, key]

    def _report(self, root: Mapping, errors: Iterable[vol.Invalid]) -> None:
        """Note what a schema complained about."""
        for error in errors:
            # A group of keys that exclude each other appears in the path like a key.
            path = [step for step in error.path if not isinstance(step, VirtualPathComponent)]
            place = locate(root, path)
            node = place.node
            if isinstance(node, Scalar) and node.is_broken:
                continue
            if place.missing is not None:
                message = f"`{place.missing}` is missing: add it"
                self._problems.add(place.mark, message, join_path(node.path, place.missing))
                continue
            message, mark = self.redacted(_words(error)), place.mark
            if isinstance(error, NameInvalid):
                parent = locate(root, path[:-1]).node
                if isinstance(parent, Mapping):
                    mark = parent.key_marks.get(place.keys[-1], mark)
            else:
                message += _got(place)
            self._problems.add(mark, message, node.path)


def describe(node: Node) -> str:
    """Return what a node holds, shortly and without secrets."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if not isinstance(node.value, str):
        return str(node.value)
    shown = redact_text(node.value if node.shown is None else node.shown)
    if len(shown) > _LONGEST_SHOWN:
        shown = shown[:_LONGEST_SHOWN] + "..."
    return f'"{shown}"'


def _offer_another_type(root: Node, error: vol.Invalid) -> bool:
    """Change the type of a refused value that has another; tell whether it had.

    A secret becomes plain text where a key takes no secrets. Text that was wholly a variable
    becomes what it would be without quotes, such as a number.
    """
    node = locate(root, error.path).node
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return False
    if node.is_secret:
        node.is_secret = False
        return True
    if not node.is_variable:
        return False
    try:
        node.value = resolve(node.value)
    except NotFiniteError:
        return False
    return not isinstance(node.value, str)


def _unknown_keys(
    spec: AnyMapping[Any, Any], node: Mapping, steps: list[str]
) -> Iterator[tuple[list[str], Mapping, str, set[str]]]:
    """Yield the keys that a schema has no place for: the way to them, and the known ones."""
    # A schema's key is found by its name; the names are gathered only where one is not.
    suspects = {
        key: child
        for key, child in node.entries.items()
        if key not in spec or isinstance(child, Mapping)
    }
    if not suspects:
        return
    known = {_key_name(key) for key in spec}
    if None in known:
        return
    names = {name for name in known if name is not None}
    for key, child in suspects.items():
        if key not in names:
            yield steps, node, key, names
        elif isinstance(child, Mapping) and (inner := _mapping_of(spec[key])) is not None:
            yield from _unknown_keys(inner, child, [*steps, key])


def _key_name(key: Any) -> str | None:
    """Return the name that a schema's key stands for; None if it stands for any."""
    name = key.schema if isinstance(key, vol.Marker) else key
    return name if isinstance(name, str) else None


def _mapping_of(validator: Any) -> AnyMapping[Any, Any] | None:
    """Return the mapping that a validator describes, if it is plain to see."""
    if isinstance(validator, AnyMapping):
        return validator
    if isinstance(validator, vol.Schema):
        return _mapping_of(validator.schema)
    found = [_mapping_of(inner) for inner in getattr(validator, "validators", ())]
    mappings = [mapping for mapping in found if mapping is not None]
    return mappings[0] if len(mappings) == 1 else None


def _words(error: vol.Invalid) -> str:
    """Return what an error says; only the library's own words for types need replacing."""
    if isinstance(error, vol.TypeInvalid) and (match := re.search(r"expected (\w+)", error.msg)):
        return f"expected {_TYPE_WORDS.get(match[1], match[1])}"
    if error.msg.startswith("extra keys"):
        return f"unknown key `{error.path[-1]}`"
    return error.msg


def _got(place: Place) -> str:
    """Return what was found instead, with a remedy for the most frequent mistake."""
    node = place.node
    # Whoever mistypes `password`, or forgets it, still meant a secret.
    is_secret = any(key == "auth" or is_secret_name(key) for key in place.keys)
    if is_secret or hides_channel(node.path):
        return ""
    text = f", got {describe(node)}"
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return text
    if node.shown is not None and REDACTED in node.shown:
        return ""
    if node.value.lower() in {"yes", "no", "on", "off"}:
        return f"{text}: write true or false"
    if node.written is None and _is_quoted_number(node.value):
        return f"{text}: remove the quotes"
    return text


def _is_quoted_number(text: str) -> bool:
    """Tell whether a text would be a number or a truth value without its quotes."""
    try:
        return text != "" and not isinstance(resolve(text), str)
    except NotFiniteError:
        return False
