"""What the scripts and lock files promise to a fresh machine."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parent.parent
SUMMARY = ROOT / "scripts" / "lib" / "test_summary.py"
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
COMMANDS = sorted(
    file for file in (ROOT / "scripts").iterdir() if file.is_file() and not file.suffix
)

PASSED = '<testcase name="good"/>'
FAILED = '<testcase name="bad"><failure message="no"/></testcase>'
BROKEN = '<testcase name="broken"><error message="no"/></testcase>'
SKIPPED = '<testcase name="later"><skipped/></testcase>'


def summarise(folder: Path) -> subprocess.CompletedProcess[str]:
    """Add up the results that lie in the folder."""
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, SUMMARY, folder], capture_output=True, text=True, check=False
    )


def write_results(folder: Path, part: str, *cases: str) -> None:
    """Write a result file as pytest does."""
    text = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
    (folder / f"{part}.xml").write_text(text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_files_name_no_index(lock: Path) -> None:
    """Where packages come from is the machine's own setting."""
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_files_pin_by_hash(lock: Path) -> None:
    """Every package is one version, proved by at least one hash."""
    entries = lock.read_text().replace("\\\n", " ").splitlines()

    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_commands_can_be_executed(command: Path) -> None:
    """Every command of scripts/ starts without naming an interpreter."""
    assert os.access(command, os.X_OK)
    assert command.read_text().startswith("#!/usr/bin/env ")


def test_summary_adds_up_all_parts(tmp_path: Path) -> None:
    """The last line counts every part; an error in a fixture is a failure."""
    write_results(tmp_path, "daemon", PASSED, PASSED, SKIPPED)
    write_results(tmp_path, "ha", PASSED, FAILED, BROKEN)

    result = summarise(tmp_path)

    assert result.stdout == "3 passed, 2 failed, 1 skipped\n"
    assert result.returncode == 1


def test_summary_is_content_when_all_passed(tmp_path: Path) -> None:
    """Only passed tests are a success."""
    write_results(tmp_path, "daemon", PASSED)

    result = summarise(tmp_path)

    assert result.stdout == "1 passed, 0 failed\n"
    assert result.returncode == 0


def test_summary_of_nothing_is_a_failure(tmp_path: Path) -> None:
    """A run without a single test proves nothing."""
    write_results(tmp_path, "daemon")

    assert summarise(tmp_path).returncode == 1
