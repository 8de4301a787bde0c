"""Running programs of the user's choice."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.actions.command import ACTION
from opsmonitor.exceptions import ActionError
from opsmonitor.util.secret import Secret
from tests.daemon.actions.conftest import Do


def python(code: str, *arguments: Any) -> dict[str, Any]:
    """Return the keys of an action that runs a piece of Python."""
    return {"command": [sys.executable, "-c", code, *arguments]}


async def test_a_program_is_run_without_a_shell(do: Do) -> None:
    """Its arguments arrive as they are, and the first line that it prints is told."""
    code = "import sys; print(sys.argv[1:]); print('more')"

    said = await do(ACTION, python(code, "a b", "$HOME", "; reboot", 7))

    assert said == "ended well, said \"['a b', '$HOME', '; reboot', '7']\""


async def test_no_words_are_no_trouble(do: Do) -> None:
    """A program that prints nothing has ended well all the same."""
    assert await do(ACTION, python("")) == "ended well"


async def test_another_exit_code_is_a_failure(do: Do) -> None:
    """With what the program said of it, without control characters and secrets."""
    code = "import sys; sys.stderr.write('\\x1b[31mno ' + sys.argv[1]); sys.exit(3)"

    with pytest.raises(ActionError, match=r'exit code 3, said "no \*{10}"'):
        await do(ACTION, python(code, Secret("canary")))


async def test_programs_that_are_not_there(do: Do) -> None:
    """The reason is told."""
    with pytest.raises(ActionError, match="there is no program /no/such"):
        await do(ACTION, {"command": ["/no/such"]})


async def test_a_program_that_hangs_is_killed(do: Do) -> None:
    """Its time is limited."""
    with pytest.raises(ActionError, match=r"did not end within 0\.5 s and was killed"):
        await do(ACTION, python("import time; time.sleep(60)"), timeout_s=0.5)


def test_secrets_are_not_shown() -> None:
    """Of the arguments only those are shown that are no secrets."""
    keys = {"command": ["fix", "--key", Secret("canary")]}
    options = ACTION.options(**vol.Schema(dict(ACTION.schema))(keys))

    assert ACTION.target(options) == "fix --key **********"
    assert "canary" not in repr(options)
