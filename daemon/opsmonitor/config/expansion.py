"""Fill variables, secrets and included files into a parsed configuration.

Only single values change, never keys and never the structure: what a variable holds cannot add
a setting.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mapping, Mark, Node, Scalar, Sequence, join_path
from opsmonitor.config.secret_file import FILE_NAMES
from opsmonitor.config.variables import expand_text, has_variables
from opsmonitor.config.yaml_loader import parse_yaml
from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import REDACTED

if TYPE_CHECKING:
    from opsmonitor.config.environment import Environment
    from opsmonitor.config.problems import Problems
    from opsmonitor.config.secret_file import SecretFile
    from opsmonitor.config.sources import Sources

_MAX_INCLUDES: Final = 200
_MAX_INCLUDE_DEPTH: Final = 10


class Expander:
    """Expand one configuration."""

    def __init__(
        self,
        config: Path,
        *,
        environment: Environment,
        secrets: SecretFile,
        sources: Sources,
        problems: Problems,
    ) -> None:
        """Take where values come from."""
        self._folder = config.parent
        self._open_files = [config]
        self._includes = 0
        self._environment = environment
        self._secrets = secrets
        self._sources = sources
        self._problems = problems

    def expand(self, node: Node, path: str = "") -> Node:
        """Return a copy of a node with everything filled in, each part knowing its path."""
        match node:
            case Mapping():
                children = {
                    key: self.expand(child, join_path(path, key))
                    for key, child in node.entries.items()
                }
                return Mapping(
                    mark=node.mark, entries=children, key_marks=node.key_marks, path=path
                )
            case Sequence():
                items = [
                    self.expand(item, join_path(path, number))
                    for number, item in enumerate(node.items)
                ]
                return Sequence(mark=node.mark, items=items, path=path)
            case Scalar():
                return self._expand_scalar(node, path)

    def _expand_scalar(self, node: Scalar, path: str) -> Node:
        """Fill in one value."""
        if node.tag == "!secret":
            return self._secret(node, path)
        if node.tag == "!env_var":
            return self._env_var(node, path)
        if node.tag == "!include":
            return self._include(node, path)
        if isinstance(node.value, str) and has_variables(node.value):
            return self._text(node.value, node.mark, path)
        return Scalar(value=node.value, mark=node.mark, path=path, is_broken=node.is_broken)

    def _text(self, text: str, mark: Mark, path: str) -> Scalar:
        """Fill the variables of a text in."""
        expanded = expand_text(text, self._environment.get)
        for name in expanded.unset:
            self._problems.add(
                mark,
                f"the variable `{name}` is not set: set it in the environment or in .env, "
                f"or give a default as ${{{name}:-value}}",
                path,
            )
        if expanded.is_malformed:
            self._problems.add(
                mark,
                "`${` must begin a variable such as ${NAME} or ${NAME:-default}; "
                "write $${ for the characters themselves",
                path,
            )
        return Scalar(
            value=expanded.text,
            mark=mark,
            path=path,
            written=text,
            shown=expanded.shown,
            is_secret=expanded.has_secret,
            is_variable=expanded.is_variable,
            is_broken=bool(expanded.unset) or expanded.is_malformed,
        )

    def _secret(self, node: Scalar, path: str) -> Scalar:
        """Fill a secret in."""
        name = str(node.value).strip()
        value = self._secrets.get(name, node.mark)
        return Scalar(
            value=value,
            mark=node.mark,
            path=path,
            written=f"!secret {name}",
            shown=REDACTED,
            is_secret=True,
            is_variable=True,
            is_broken=value is None,
        )

    def _env_var(self, node: Scalar, path: str) -> Scalar:
        """Fill in the variable of `!env_var NAME default`."""
        name, _, default = str(node.value).strip().partition(" ")
        value = self._environment.get(name)
        if default:
            value = value or default.strip()
        if value is None:
            self._problems.add(
                node.mark,
                f"the variable `{name}` is not set: set it in the environment or in .env, "
                f"or give a default as `!env_var {name} value`",
                path,
            )
        is_secret = is_secret_name(name)
        return Scalar(
            value=value,
            mark=node.mark,
            path=path,
            written=f"!env_var {name}"
            + (f" {REDACTED if is_secret else default}" if default else ""),
            shown=REDACTED if is_secret else value,
            is_secret=is_secret,
            is_variable=True,
            is_broken=value is None,
        )

    def _include(self, node: Scalar, path: str) -> Node:
        """Put another file's content in place of `!include`."""
        broken = Scalar(value=None, mark=node.mark, path=path, is_broken=True)
        file = self._included_file(str(node.value).strip(), node.mark)
        text = self._sources.read(file, node.mark) if file else None
        if file is None or text is None:
            return broken
        root = parse_yaml(text, str(file), self._problems)
        if root is None:
            return broken
        self._open_files.append(file)
        expanded = self.expand(root, path)
        self._open_files.pop()
        return expanded

    def _included_file(self, name: str, mark: Mark) -> Path | None:
        """Return the file that an `!include` names, if it may be included."""
        reason = self._refusal(name)
        if reason is None:
            self._includes += 1
            return self._open_files[-1].parent / name
        self._problems.add(mark, f"cannot include this: {reason}")
        return None

    def _refusal(self, name: str) -> str | None:
        """Say why a file cannot be included; None if it can."""
        if "\0" in name or Path(name).suffix not in {".yml", ".yaml"}:
            return "name a .yml or .yaml file"
        if Path(name).name in FILE_NAMES:
            return "use `!secret name` for single values of the secrets file"
        target = Path(os.path.realpath(self._open_files[-1].parent / name))
        if not target.is_relative_to(self._folder.resolve()):
            return f"only files in {self._folder} and below may be included"
        if target in {file.resolve() for file in self._open_files}:
            return "the file would include itself"
        if len(self._open_files) > _MAX_INCLUDE_DEPTH or self._includes >= _MAX_INCLUDES:
            return "too many files include each other"
        return None
