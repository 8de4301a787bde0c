"""Read a configuration file into an expanded tree of nodes."""

from __future__ import annotations

from pathlib import Path

from opsmonitor.config.environment import Environment
from opsmonitor.config.expansion import Expander
from opsmonitor.config.nodes import Mapping, Mark, Node, Scalar
from opsmonitor.config.problems import Problems
from opsmonitor.config.secret_file import SecretFile
from opsmonitor.config.sources import Sources
from opsmonitor.config.validation import describe
from opsmonitor.config.yaml_loader import parse_yaml


def read_tree(
    path: Path, environment: Environment, sources: Sources, problems: Problems
) -> Mapping | None:
    """Return the file's content, expanded; None, and a problem, if it cannot be used."""
    text = sources.read(path)
    if text is None:
        return None
    node = parse_yaml(text, str(path), problems)
    if node is None or _is_nothing(node):
        if not problems.has_errors:
            message = "the file is empty: it needs at least a list of `checks`"
            problems.add(Mark(str(path)), message)
        return None
    expander = Expander(
        path,
        environment=environment,
        secrets=SecretFile(path, sources, problems),
        sources=sources,
        problems=problems,
    )
    root = expander.expand(node)
    if isinstance(root, Mapping):
        return root
    if not (isinstance(root, Scalar) and root.is_broken):
        problems.add(root.mark, f"expected sections such as `checks:`, got {describe(root)}")
    return None


def _is_nothing(node: Node) -> bool:
    """Tell whether a file holds only an empty value."""
    return isinstance(node, Scalar) and node.value is None
