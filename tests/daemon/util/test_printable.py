"""What others wrote, shown."""

from __future__ import annotations

import pytest

from opsmonitor.cli.output import tell
from opsmonitor.util.printable import shown

FAMILY = "\U0001f468\u200d\U0001f469"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B\u00fcro", "B\u00fcro"),
        ("two\nlines", "two\nlines"),
        (f"{FAMILY}\x1b[2J\a", f"{FAMILY} [2J "),
        ("abc\u202edef\x9b", "abc def "),
    ],
)
def test_what_steers_nothing_is_kept(
    text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line breaks and pictures stay; what steers a terminal is a space, for commands, too."""
    assert shown(text) == expected

    tell(text)
    assert capsys.readouterr().out == f"{expected}\n"
