"""What `opsmonitor check-config` prints."""

from opsmonitor.config.report import describe_problems, describe_settings
from opsmonitor.models.config import ConfigProblem

from .conftest import Folder


def test_a_summary_counts_the_checks_by_type(folder: Folder) -> None:
    """People see how many checks of which type there are, and every warning."""
    settings = folder.load(
        "defaults: {connect_timeout_override: 1}\nchecks:\n"
        "  - {id: a, type: ping, host: h}\n"
        "  - {id: b, type: http, url: http://h/}\n"
        "  - {id: c, type: ping, host: i}\n"
    )

    lines = describe_settings(settings).splitlines()
    assert lines[0] == "The configuration is valid: 3 checks (1 http, 2 ping)"
    assert lines[2] == "1 warning:"
    assert lines[3].endswith("`connect_timeout_override` has no effect yet in this version (a, c)")


def test_a_summary_without_warnings_is_one_line(folder: Folder) -> None:
    """Nothing is said of warnings where there are none."""
    settings = folder.load("checks: [{id: a, type: tcp, host: h, port: 1}]")

    assert describe_settings(settings) == "The configuration is valid: 1 check (1 tcp)"


def test_each_problem_comes_with_its_line_and_a_caret(folder: Folder) -> None:
    """The caret stands below the place."""
    text = describe_problems(folder.problems("checks:\n  - {id: a, type: tcp, host: h, port: x}\n"))

    assert text.splitlines() == [
        f'{folder.file}:2:39: checks[0].port: expected a whole number, got "x"',
        "      - {id: a, type: tcp, host: h, port: x}",
        "                                          ^",
        "",
        "1 problem found",
    ]


def test_a_line_with_a_secret_is_cut_off(folder: Folder) -> None:
    """What follows a key that is named like a secret is not shown, and no caret either."""
    text = describe_problems(folder.problems("server: {token: abc, port: x}\nchecks: []\n"))

    assert "server: {token: **********\n" in text
    assert "abc" not in text
    assert "^" not in text


def test_a_problem_without_a_place_has_no_line(folder: Folder) -> None:
    """Problems of variables, missing files and files that have changed are told alone."""
    problems = [
        ConfigProblem(file="environment variable X", message="not a number"),
        ConfigProblem(file=str(folder.path / "gone.yml"), line=7, column=1, message="was wrong"),
        ConfigProblem(file=str(folder.write("a.yml", "a")), line=7, column=1, message="was longer"),
        ConfigProblem(file=str(folder.write(".env", "A")), line=1, column=1, message="unreadable"),
    ]

    lines = describe_problems(problems).splitlines()

    assert lines[:-2] == [str(problem) for problem in problems]
    assert lines[-1] == "4 problems found"
