"""docs/lessons.md names tests that there are."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

_TESTS = Path(__file__).parent
_PAGE = _TESTS.parents[1] / "docs" / "lessons.md"
_NAMED = re.findall(r"`((?:\w+/)*test_\w+\.py)::(test_\w+)`", _PAGE.read_text())


@pytest.mark.parametrize(("file", "name"), _NAMED)
def test_every_lesson_has_its_test(file: str, name: str) -> None:
    """Whoever renames a test names it anew in the page."""
    assert re.search(rf"^(?:async )?def {name}\(", (_TESTS / file).read_text(), re.MULTILINE)


def test_every_line_of_the_page_names_a_test() -> None:
    """No lesson is learned by words alone."""
    rows = [line for line in _PAGE.read_text().splitlines() if line.startswith("| ")]
    lessons = [row for row in rows if not row.startswith(("| what happens elsewhere |", "| --- |"))]

    assert len(_NAMED) == len(lessons) > 0
