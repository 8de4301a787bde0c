"""Command checks of programs that end as plug-ins do, and otherwise."""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks.command import CHECK
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.models.export import EXPORTED
from opsmonitor.util.secret import Secret
from tests.daemon.checks.conftest import MakeProbe


def program(folder: Path, body: str) -> str:
    """Write a program and return its path."""
    path = folder / "check_it"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def seen(outcome: Outcome) -> tuple[Verdict, str | None, str | None]:
    """Return what matters most of an outcome."""
    return outcome.verdict, outcome.error_code, outcome.error


@pytest.mark.parametrize(
    ("code", "verdict", "name", "actual"),
    [
        (0, Verdict.OK, None, "0 (ok)"),
        (1, Verdict.DEGRADED, "command_warning", "1 (warning)"),
        (2, Verdict.FAIL, "command_critical", "2 (critical)"),
        (3, Verdict.FAIL, "unknown", "3 (unknown)"),
    ],
)
async def test_exit_codes(
    make_probe: MakeProbe,
    tmp_path: Path,
    code: int,
    verdict: Verdict,
    name: str | None,
    actual: str,
) -> None:
    """The exit code decides, and the program's own first line is the error."""
    path = program(tmp_path, f"echo 'LOAD - so so | load1=0.5;1;2'; echo more; exit {code}")

    outcome = await make_probe(CHECK, command=[path])()

    assert (outcome.verdict, outcome.error_code) == (verdict, name)
    assert outcome.error == (None if verdict is Verdict.OK else "LOAD - so so")
    assert [each.actual for each in outcome.assertions] == [actual]
    assert outcome.data["output"] == "LOAD - so so\nmore"
    assert outcome.latency_ms


async def test_figures_are_shown(make_probe: MakeProbe, tmp_path: Path) -> None:
    """By their labels, of one label the first, and whatever the program thinks of them."""
    path = program(tmp_path, "echo \"LOAD | load1=0.5;1;2 'of 5'=1,25s load1=9\"; exit 2")
    wanted = [
        {"name": "load1", "precision": 2},
        {"name": "Five minutes", "label": "of 5", "unit": "s"},
        {"name": "Gone"},
    ]

    outcome = await make_probe(CHECK, command=[path], export=wanted)()

    assert outcome.verdict is Verdict.FAIL
    assert outcome.data[EXPORTED] == {"load1": 0.5, "five-minutes": 1.25, "gone": None}


async def test_performance_data_is_kept(make_probe: MakeProbe, tmp_path: Path) -> None:
    """The figures go to the API as they were printed."""
    path = program(tmp_path, "echo \"OK | 'free space'=12.5GB;20:;10:;0;100\"")

    outcome = await make_probe(CHECK, command=[path])()

    assert json.loads(json.dumps(dict(outcome.data))) == {
        "exit_code": 0,
        "output": "OK",
        "truncated": False,
        "performance": [
            {
                "label": "free space",
                "value": 12.5,
                "unit": "GB",
                "warn": "20:",
                "crit": "10:",
                "min": "0",
                "max": "100",
            }
        ],
    }


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("exit 2", "command_critical", "says critical"),
        ("echo 'no such host' >&2; exit 3", "unknown", "no such host"),
        ("exit 4", "command_failed", "ended with exit code 4"),
        ("echo oops; exit 127", "command_failed", "ended with exit code 127: oops"),
        ("kill -KILL $$", "command_killed", "was killed by SIGKILL"),
    ],
)
async def test_other_ends(
    make_probe: MakeProbe, tmp_path: Path, body: str, code: str, words: str
) -> None:
    """Silence, other exit codes and a violent end are told apart."""
    outcome = await make_probe(CHECK, command=[program(tmp_path, body)])()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert words in str(outcome.error)


async def test_arguments_reach_the_program_as_they_are(
    make_probe: MakeProbe, tmp_path: Path
) -> None:
    """No shell looks at them; numbers are written out, and an empty one stays."""
    path = program(tmp_path, 'printf "<%s>" "$@"')

    outcome = await make_probe(CHECK, command=[path, "-w", 5, 0.5, "", "$(id); *"])()

    assert outcome.data["output"] == "<-w><5><0.5><><$(id); *>"


async def test_secrets_are_not_shown(make_probe: MakeProbe, tmp_path: Path) -> None:
    """A password among the arguments does not come back in what the program prints."""
    path = program(tmp_path, 'echo "cannot log in with $1"; echo "token=abcdef"; exit 2')

    outcome = await make_probe(CHECK, command=[path, Secret("hunter2!")])()

    assert outcome.error == "cannot log in with **********"
    assert "hunter2" not in repr(outcome)
    assert "abcdef" not in repr(outcome)


async def test_output_is_bounded_and_plain(make_probe: MakeProbe, tmp_path: Path) -> None:
    """A program that floods its output with colours fills neither memory nor terminal."""
    path = program(
        tmp_path, "printf '\\033[31mred\\n'; head -c 3000000 /dev/zero | tr '\\0' x; exit 1"
    )

    outcome = await make_probe(CHECK, command=[path], timeout_s=8)()

    assert outcome.error == "red"
    assert len(str(outcome.data["output"])) == 4096
    assert outcome.data["truncated"] is True


async def test_a_program_that_hangs(make_probe: MakeProbe) -> None:
    """After the time-out the program is killed."""
    outcome = await make_probe(CHECK, command=["sleep", "60"], timeout_s=0.2)()

    assert seen(outcome) == (
        Verdict.FAIL,
        "timeout",
        "sleep did not end within 0.2 s and was killed",
    )


async def test_programs_that_cannot_be_started(make_probe: MakeProbe, tmp_path: Path) -> None:
    """A missing program, one without the right to be run and one that is none are told apart."""
    forbidden = tmp_path / "forbidden"
    forbidden.write_text("#!/bin/sh\n")
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"\x7fELF nonsense")
    nonsense.chmod(0o755)

    codes = [
        (await make_probe(CHECK, command=[str(path)])()).error_code
        for path in (tmp_path / "missing", forbidden, nonsense)
    ]

    assert codes == ["program_missing", "permission_denied", "program_unusable"]


async def test_the_daemon_shares_nothing(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program sees none of the daemon's variables."""
    monkeypatch.setenv("OPSMONITOR_TOKEN", "hunter2")
    code = "import os; print(sorted(os.environ))"

    outcome = await make_probe(CHECK, command=[sys.executable, "-c", code])()

    assert outcome.verdict is Verdict.OK
    assert "OPSMONITOR" not in str(outcome.data["output"])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("check_load -w 5", "expected a list"),
        ([], "expected a program"),
        ([""], "expected text"),
        ([5], "expected text"),
        (["a", None], "expected text"),
        (["a", True], "expected text"),
        (["a", "b\0c"], "NUL"),
        (["a"] * 300, "at most 199 arguments"),
    ],
)
def test_keys_that_make_no_sense(command: Any, message: str) -> None:
    """Mistakes are told when the configuration is loaded."""
    with pytest.raises(vol.Invalid) as caught:
        vol.Schema(dict(CHECK.schema))({"command": command})

    assert message in str(caught.value)


def test_only_the_program_is_shown() -> None:
    """Arguments can hold passwords: neither target nor options show them."""
    values = vol.Schema(dict(CHECK.schema))({"command": ["check_it", "-p", "hunter2"]})
    options = CHECK.options(**values)

    assert CHECK.target(options) == "check_it"
    assert "hunter2" not in repr(options)
