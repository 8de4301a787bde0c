"""What a file's text means, before any rule about keys."""

import json
from typing import Any

import pytest

from opsmonitor.config.loader import load_settings
from opsmonitor.exceptions import ConfigError

from .conftest import CHECK_TYPES, FIXTURES, Folder

CHECK = "{id: a, type: tcp, host: 127.0.0.1, port: 22}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("23:59", "23:59"),
        ("12:34:56", "12:34:56"),
        ("on", "on"),
        ("no", "no"),
        ("YES", "YES"),
        ("2026-01-01", "2026-01-01"),
        ("0123", "0123"),
        ("08", "08"),
        ("1_000", "1_000"),
        ("=", "="),
        ("12345678901234567890", "12345678901234567890"),
        ('"1"', "1"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("1", 1),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("1.10", 1.1),
    ],
)
def test_a_word_means_what_yaml_1_2_says(folder: Folder, written: str, meant: Any) -> None:
    """Only true, false, null and numbers are more than text; leading zeros make text."""
    settings = folder.load(
        f"checks:\n  - id: a\n    type: http\n    url: http://h/\n    json: {{value: {written}}}\n"
    )

    value = settings.raw["checks"][0]["json"]["value"]
    assert (value, type(value)) == (meant, type(meant))


def test_keys_are_text_whatever_they_look_like(folder: Folder) -> None:
    """A key such as `on` or `1` stays what was written."""
    settings = folder.load(
        "checks: [{id: a, type: http, url: http://h/, json: {on: 1, 1: 2, null: 3}}]"
    )

    assert list(settings.raw["checks"][0]["json"]) == ["on", "1", "null"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(folder: Folder) -> None:
    """Files saved by editors on Windows load."""
    settings = folder.load(f"\ufeffchecks:\r\n  - {CHECK}\r\n".encode())

    assert list(settings.checks) == ["a"]


def test_merged_and_repeated_values_are_like_written_out() -> None:
    """`<<` fills in what is not written; an alias repeats a value."""
    settings = load_settings(FIXTURES / "valid" / "anchors.yml", check_types=CHECK_TYPES, env={})

    public = {check_id: check.public for check_id, check in settings.checks.items()}
    assert public["second"]["url"] == "http://127.0.0.1/second"
    assert public["second"]["timeout_s"] == 7.0
    assert public["third"]["expect_status"] == [200, 204]
    assert settings.checks["first"].fingerprint != settings.checks["second"].fingerprint


@pytest.mark.parametrize(
    ("content", "line", "column", "part"),
    [
        (b"checks:\n  - id: \xff\n", 2, 9, "this is not UTF-8 text"),
        (b"checks: []\n# \x00\n", 2, 3, "a character that YAML does not allow"),
        ("checks: [" + "a, " * 2_000_000 + "]", None, None, "larger than 4 MiB"),
        ("# nothing but a comment", None, None, "the file is empty"),
        ("[" * 100_000, 1, 51, "nested more than 50 levels deep"),
    ],
)
def test_what_is_no_text_or_too_much_is_refused(
    folder: Folder, content: str | bytes, line: int | None, column: int | None, part: str
) -> None:
    """A file that cannot be meant yields one problem, not a crash."""
    (problem,) = folder.problems(content)

    assert (problem.line, problem.column) == (line, column)
    assert part in problem.message


def test_a_missing_file_is_said_to_be_missing(folder: Folder) -> None:
    """Without a file the message says so, with its name."""
    with pytest.raises(ConfigError, match=r"checks\.yml: the file does not exist"):
        load_settings(folder.file, check_types=CHECK_TYPES, env={})


def test_a_folder_in_place_of_the_file_is_a_problem(folder: Folder) -> None:
    """What cannot be read is a problem with the system's reason."""
    folder.file.mkdir()

    with pytest.raises(ConfigError, match="the file cannot be read"):
        load_settings(folder.file, check_types=CHECK_TYPES, env={})


def test_what_was_parsed_can_be_told_as_json(folder: Folder) -> None:
    """The raw and public views hold nothing that JSON lacks."""
    settings = folder.load(f"time_zone: UTC\nstore: {{path: a.db}}\nchecks:\n  - {CHECK}\n")

    views = [dict(settings.raw), dict(settings.public), dict(settings.defaults)]
    views += [dict(check.public) for check in settings.checks.values()]
    assert json.loads(json.dumps(views, allow_nan=False)) == views


def test_every_mistake_is_told_in_one_go(folder: Folder) -> None:
    """What a check, route or window names is judged even if something else in it is wrong."""
    problems = folder.problems(
        """\
alerts:
  channels: {phone: {type: ntfy}}
  routes:
    - {channels: [zz], severity: P9}
checks:
  - {id: a, type: tcp, host: h, port: x, depends_on: [b], notify: [nochannel, phone]}
  - {id: b, type: tcp, host: h, prt: 1, depends_on: [a, nope]}
  - {id: g, type: group, members: [a, gone], enabled: 5}
  - {id: u, type: tpc, notify: [other]}
maintenance:
  - {id: w, checks: [absent, a], between: x}
  - {id: w, checks: [b], between: "22:00-23:00"}
"""
    )

    told = "\n".join(f"{problem.line} {problem.message}" for problem in problems)
    for part in (
        "2 `topic` is missing",
        "4 no channel is named `zz`",
        "4 expected one of P1",
        "6 expected a whole number",
        "6 these checks depend on each other: `a` -> `b` -> `a`",
        "6 no channel is named `nochannel`",
        "7 `port` is missing",
        "7 unknown key `prt`",
        "7 no check has the id `nope`",
        "8 no check has the id `gone`",
        "8 unknown key `enabled`",
        "9 unknown check type",
        "9 no channel is named `other`",
        "11 there is no check `absent`",
        "11 expected two times of day",
        "12 the id `w` is already used",
    ):
        assert part in told
    assert len(problems) == len(told.splitlines()) == 16
