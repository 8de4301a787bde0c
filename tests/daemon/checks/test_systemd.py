"""Systemd checks against a program that prints what systemctl prints, and misbehaves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.systemd import CHECK
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.parts.systemd_unit import judge_unit, parse_unit
from opsmonitor.util.clock import FakeClock
from tests.daemon.checks.conftest import MakeProbe

_NOT_BOOTED = (
    "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    "Failed to connect to bus: Host is down\n"
)


class Systemctl:
    """A program of that name, first on the path."""

    def __init__(self, folder: Path) -> None:
        """Write the program: it prints two files and ends with the code in a third."""
        self.folder = folder
        program = folder / "systemctl"
        program.write_text(
            "#!/bin/sh\n"
            f'printf "%s\\n" "$LC_ALL" "$@" > {folder}/called\n'
            f"[ -e {folder}/hang ] && sleep 60\n"
            f"cat {folder}/output; cat {folder}/errors >&2; exit $(cat {folder}/code)\n"
        )
        program.chmod(0o755)
        self.say()

    def say(
        self,
        active: str = "active",
        sub: str = "running",
        *,
        load: str = "loaded",
        result: str = "success",
        restarts: str | None = "0",
        status: str = "0",
    ) -> None:
        """Print the state of a unit from now on."""
        lines = [
            f"Result={result}",
            *([] if restarts is None else [f"NRestarts={restarts}"]),
            f"ExecMainStatus={status}",
            f"LoadState={load}",
            f"ActiveState={active}",
            f"SubState={sub}",
        ]
        self.print("\n".join(lines) + "\n")

    def print(self, output: str, errors: str = "", code: int = 0) -> None:
        """Print this from now on."""
        (self.folder / "output").write_text(output)
        (self.folder / "errors").write_text(errors)
        (self.folder / "code").write_text(str(code))

    @property
    def called(self) -> list[str]:
        """Return the language and the arguments of the last call."""
        return (self.folder / "called").read_text().splitlines()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    """Return a systemctl that says that all is well."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Systemctl(tmp_path)


def seen(outcome: Outcome) -> tuple[Verdict, str | None, str | None]:
    """Return what matters most of an outcome."""
    return outcome.verdict, outcome.error_code, outcome.error


async def test_an_active_unit(make_probe: MakeProbe, systemctl: Systemctl) -> None:
    """The program is asked in plain English, with a list of arguments."""
    outcome = await make_probe(CHECK, unit="nginx.service")()

    assert seen(outcome) == (Verdict.OK, None, None)
    assert systemctl.called == [
        "C",
        "show",
        "--property=LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus",
        "--",
        "nginx.service",
    ]
    assert outcome.data == {
        "load_state": "loaded",
        "active_state": "active",
        "sub_state": "running",
        "result": "success",
        "restarts": 0,
    }
    assert [(each.name, each.actual) for each in outcome.assertions] == [
        ("state of nginx.service", "active (running)"),
        ("restarts of nginx.service", "0"),
    ]


@pytest.mark.parametrize(
    ("said", "verdict", "code", "error"),
    [
        ({"active": "reloading", "sub": "reload"}, Verdict.OK, None, None),
        (
            {"active": "inactive", "sub": "dead"},
            Verdict.FAIL,
            "unit_inactive",
            "the unit a.service is not running",
        ),
        (
            {"active": "failed", "sub": "failed", "result": "exit-code", "status": "3"},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service has failed: it ended with exit code 3",
        ),
        (
            {"active": "failed", "sub": "failed", "result": "signal", "status": "9"},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service has failed: it was killed by signal 9",
        ),
        (
            {"active": "failed", "result": "oom-kill"},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service has failed: it ran out of memory",
        ),
        (
            {"active": "failed", "result": "protocol"},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service has failed: protocol",
        ),
        (
            {"active": "failed", "result": "success"},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service has failed",
        ),
        (
            {"active": "maintenance", "sub": ""},
            Verdict.FAIL,
            "unit_failed",
            "the unit a.service is in the state maintenance",
        ),
        (
            {"active": "activating", "sub": "start"},
            Verdict.DEGRADED,
            "unit_changing",
            "the unit a.service is starting",
        ),
        (
            {"active": "activating", "sub": "auto-restart", "result": "exit-code", "status": "1"},
            Verdict.DEGRADED,
            "unit_changing",
            "the unit a.service is being restarted: it ended with exit code 1",
        ),
        (
            {"active": "deactivating", "sub": "stop-sigterm"},
            Verdict.DEGRADED,
            "unit_changing",
            "the unit a.service is stopping",
        ),
        (
            {"active": "inactive", "sub": "dead", "load": "not-found"},
            Verdict.FAIL,
            "unit_missing",
            "the unit a.service does not exist",
        ),
        (
            {"active": "inactive", "sub": "dead", "load": "masked"},
            Verdict.FAIL,
            "unit_masked",
            "the unit a.service is masked: it cannot be started",
        ),
        (
            {"active": "inactive", "sub": "dead", "load": "bad-setting"},
            Verdict.FAIL,
            "unit_broken",
            "the unit a.service has a mistake in its file",
        ),
        ({"active": "active", "sub": "mounted", "restarts": None}, Verdict.OK, None, None),
    ],
)
async def test_states(
    make_probe: MakeProbe,
    systemctl: Systemctl,
    said: dict[str, Any],
    verdict: Verdict,
    code: str | None,
    error: str | None,
) -> None:
    """Active is up, on its way is degraded, everything else is down and says why."""
    systemctl.say(**said)

    assert seen(await make_probe(CHECK, unit="a.service")()) == (verdict, code, error)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"active": "inactive", "sub": "dead"}, None),
        ({"active": "failed", "result": "exit-code"}, "unit_failed"),
        ({"active": "inactive", "load": "not-found"}, "unit_missing"),
    ],
)
async def test_a_unit_that_need_not_run(
    make_probe: MakeProbe, systemctl: Systemctl, said: dict[str, Any], code: str | None
) -> None:
    """A job that has done its work is inactive and fine, unless it failed or never existed."""
    systemctl.say(**said)

    outcome = await make_probe(CHECK, unit="backup.service", expect="not_failed")()

    assert outcome.error_code == code


async def test_restarts(make_probe: MakeProbe, systemctl: Systemctl, clock: FakeClock) -> None:
    """A service that is up at each look but was restarted in between is degraded for a while."""
    probe = make_probe(CHECK, unit="a.service")
    errors = []
    for total, pause_s in (("5", 60), ("6", 60), ("6", 600), ("6", 60)):
        systemctl.say(restarts=total)
        errors.append((await probe()).error)
        clock.advance(pause_s)

    assert errors == [None, *["a.service was restarted once within 10 minutes"] * 2, None]


@pytest.mark.parametrize(
    ("output", "errors", "exit_code", "code", "words"),
    [
        ("", _NOT_BOOTED, 1, "unsupported", "systemd does not run on this machine"),
        ("", "Failed to connect to bus: No such file", 1, "unsupported", "does not run"),
        ("", "Unit name is not valid.", 1, "systemctl_failed", '"Unit name is not valid."'),
        ("", "", 0, "systemctl_failed", "said empty"),
        ("garbage\x1b[31m\n", "", 0, "systemctl_failed", "garbage"),
        ("ActiveState=active\n", "trouble", 4, "systemctl_failed", "ended with 4"),
    ],
)
async def test_a_machine_without_systemd(
    make_probe: MakeProbe,
    systemctl: Systemctl,
    output: str,
    errors: str,
    exit_code: int,
    code: str,
    words: str,
) -> None:
    """Whether the unit is bad or systemd is not there is told apart."""
    systemctl.print(output, errors, exit_code)

    outcome = await make_probe(CHECK, unit="a.service")()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert words in str(outcome.error)


async def test_no_systemctl_at_all(
    make_probe: MakeProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without the program says so."""
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = await make_probe(CHECK, unit="a.service")()

    assert seen(outcome) == (
        Verdict.FAIL,
        "unsupported",
        "there is no systemctl on this machine",
    )


async def test_a_systemctl_that_may_not_be_run(
    make_probe: MakeProbe, systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program without the right to be run is told as the system tells it."""
    (systemctl.folder / "systemctl").chmod(0o644)
    monkeypatch.setenv("PATH", str(systemctl.folder))

    outcome = await make_probe(CHECK, unit="a.service")()

    assert outcome.error_code == "systemctl_failed"
    assert "permission denied" in str(outcome.error)


async def test_a_systemctl_that_hangs(make_probe: MakeProbe, systemctl: Systemctl) -> None:
    """A systemd that does not answer costs the time-out and no more."""
    (systemctl.folder / "hang").touch()

    outcome = await make_probe(CHECK, unit="a.service", timeout_s=0.2)()

    assert seen(outcome) == (Verdict.FAIL, "timeout", "systemd did not answer within 0.2 s")


@given(output=st.text(st.sampled_from("ActiveStat=\n\x00é0123-") | st.characters(), max_size=200))
def test_no_output_is_a_defect(output: str) -> None:
    """Whatever the program prints is judged or refused."""
    unit = parse_unit(output) or parse_unit(f"ActiveState=failed\n{output}")

    assert unit is not None
    finding = judge_unit("a.service", unit, may_be_inactive=False)
    assert (finding.trouble is None) is finding.assertion.ok


@pytest.mark.parametrize("unit", ["--now", "a b", "a;b", "$(x)", "", "a/b", "é.service"])
def test_names_that_are_none(unit: str) -> None:
    """Nothing that could be an option or a path is taken for a unit."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))({"unit": unit})


@pytest.mark.parametrize("unit", ["a", "getty@tty1.service", "dev-sda1.device", r"a\x2db.mount"])
def test_names_that_are_units(unit: str) -> None:
    """Units of every kind can be watched."""
    assert vol.Schema(dict(CHECK.schema))({"unit": unit}) == {"unit": unit}
