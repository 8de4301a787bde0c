"""One file for each rule; the comments at its top say which problems it has, and where."""

from pathlib import Path
import re

import pytest

from opsmonitor.config.loader import load_settings
from opsmonitor.exceptions import ConfigError

from .conftest import ACTION_TYPES, CHECK_TYPES, FIXTURES

_EXPECTED = re.compile(r"# expect (?:(\d+):(\d+)|-) ?(.*)")
FILES = sorted((FIXTURES / "invalid").glob("*.yml"))


def _expected(path: Path) -> list[tuple[int | None, int | None, str]]:
    """Return the places and the beginnings of messages that a file announces."""
    matches = _EXPECTED.findall(path.read_text())
    return [
        (int(line or 0) or None, int(column or 0) or None, text) for line, column, text in matches
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_mistake_is_told_with_its_place(path: Path) -> None:
    """A file yields exactly the problems that it announces, each at its line and column."""
    expected = _expected(path)

    with pytest.raises(ConfigError) as caught:
        load_settings(path, check_types=CHECK_TYPES, action_types=ACTION_TYPES, env={})

    found = [(problem.line, problem.column) for problem in caught.value.problems]
    messages = [problem.message for problem in caught.value.problems]
    assert expected
    assert found == [(line, column) for line, column, _ in expected], messages
    assert [
        text
        for (_, _, text), message in zip(expected, messages, strict=True)
        if text not in message
    ] == []
    assert {problem.file for problem in caught.value.problems} == {str(path)}
