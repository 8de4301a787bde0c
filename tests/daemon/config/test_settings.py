"""What becomes of valid keys."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsmonitor.config.settings import Settings

from .conftest import Folder

CHECK = "{id: a, type: tcp, host: 127.0.0.1, port: 22}"


def _load(folder: Folder, sections: str, env: dict[str, str] | None = None) -> Settings:
    """Load sections together with one check."""
    return folder.load(f"{sections}\nchecks:\n  - {CHECK}\n", env)


def test_a_check_without_more_has_the_documented_defaults(folder: Folder) -> None:
    """Every 30 s, 3 s per attempt, one retry after 1 s, no hysteresis."""
    check = _load(folder, "").checks["a"]

    timing = (check.interval_s, check.timeout_s, check.retries, check.retry_backoff_s)
    assert timing == (30.0, 3.0, 1, 1.0)
    assert (check.down_threshold, check.up_threshold) == (1, 1)
    assert (check.severity, check.core, check.tags, check.name) == ("P2", False, (), "a")
    assert (check.target, check.host) == ("127.0.0.1:22", "127.0.0.1")


@pytest.mark.parametrize(
    ("sections", "retries"),
    [
        ("global: {retries: 5}", 5),
        ("defaults: {retries: 4}", 4),
        ("global: {retries: 5}\ndefaults: {retries: 4}", 4),
        ("global:\ndefaults:", 1),
    ],
)
def test_defaults_lie_above_global_and_beneath_the_check(
    folder: Folder, sections: str, retries: int
) -> None:
    """The nearest one counts: check, then defaults, then global."""
    settings = folder.load(
        f"{sections}\nchecks: [{CHECK}, {{id: b, type: tcp, host: h, port: 1, retries: 9}}]\n"
    )

    assert [check.retries for check in settings.checks.values()] == [retries, 9]
    assert settings.defaults["retries"] == retries


def test_a_default_reaches_the_types_that_know_it(folder: Folder) -> None:
    """A key of one check type in `defaults` is no mistake in checks of another type."""
    settings = folder.load(
        "defaults: {expect_status: [204], tags: [lan]}\n"
        f"checks:\n  - {CHECK}\n  - {{id: b, type: http, url: http://h/}}\n"
    )

    assert "expect_status" not in settings.checks["a"].public
    assert settings.checks["b"].public["expect_status"] == [204]
    assert settings.checks["a"].tags == settings.checks["b"].tags == ("lan",)


@pytest.mark.parametrize(
    ("name", "check_id"),
    [
        ("Open WebUI", "open-webui"),
        ("Büro: NAS (groß)", "buro-nas-gross"),
        ("mock_api v1.2", "mock_api-v1.2"),
        ("  -- Router!  ", "router"),
    ],
)
def test_a_name_makes_an_id(folder: Folder, name: str, check_id: str) -> None:
    """A check with only a name gets an id made of it, and keeps the name for people."""
    settings = folder.load(f"checks: [{{name: '{name}', type: tcp, host: h, port: 1}}]")

    assert [(key, check.name) for key, check in settings.checks.items()] == [(check_id, name)]


def test_the_order_of_the_file_is_kept(folder: Folder) -> None:
    """Checks come in the order in which they were written."""
    checks = [f"{{id: {name}, type: tcp, host: h, port: 1}}" for name in ("z", "A", "m")]

    assert list(folder.load(f"checks: [{', '.join(checks)}]").checks) == ["z", "A", "m"]


def test_the_fingerprint_changes_with_anything_about_the_check(folder: Folder) -> None:
    """Equal configurations have equal fingerprints, whatever the order; others never."""
    folder.write("secrets.yml", "one: 11111\ntwo: 22222\n")
    variants = [
        "{id: a, type: http, url: http://h/}",
        "{id: a, type: http, url: http://h/x}",
        "{id: a, type: http, url: http://h/, retries: 2}",
        "{id: a, type: http, url: http://h/, headers: {X-A: !secret one}}",
        "{id: a, type: http, url: http://h/, headers: {X-A: !secret two}}",
        "{id: a, type: http, url: http://h/, core: true}",
        "{id: b, type: http, url: http://h/}",
    ]
    prints = [
        next(iter(folder.load(f"checks: [{check}]").checks.values())).fingerprint
        for check in variants
    ]
    reordered = folder.load("checks: [{url: http://h/, type: http, retries: 1, id: a}]")

    assert len(set(prints)) == len(variants)
    assert reordered.checks["a"].fingerprint == prints[0]


@pytest.mark.parametrize(
    ("sections", "path", "value"),
    [
        ("", "server.host", "127.0.0.1"),
        ("server: {host: 0.0.0.0, port: 0}", "server.port", 0),
        ("server: {allowed_hosts: [monitor.lan]}", "server.allowed_hosts", ("monitor.lan",)),
        ("server: {trusted_proxies: [192.0.2.7]}", "server.trusted_proxies", ("192.0.2.7/32",)),
        ("server: {rate_limit_per_minute: 10}", "server.rate_limit_per_minute", 10),
        ("store: {retention: {raw: 1h}}", "store.retention.raw_s", 3600),
        ("store: {retention: {five_minutes: 2w}}", "store.retention.five_minutes_s", 1209600),
        ("store: {retention: {day: 10y}}", "store.retention.day_s", 10 * 366 * 86400),
        ("store: {retention: {raw: 86400}}", "store.retention.raw_s", 86400),
        ("store: {retention: {events: 5}}", "store.retention.events", 5),
        ("store:", "store.path", None),
        ("store: {path: /var/lib/a.db}", "store.path", Path("/var/lib/a.db")),
        ("engine: {max_concurrent: 7}", "engine.max_concurrent", 7),
        ("commands: {allow: [a, /b/c]}", "allowed_programs", ("a", "/b/c")),
        ("commands:", "allowed_programs", ()),
        ("time_zone: Europe/Berlin", "zone", ZoneInfo("Europe/Berlin")),
        ("time_zone: Europe/Berlin", "time_zone", "Europe/Berlin"),
        ("time_zone:", "time_zone", None),
    ],
)
def test_sections_become_settings(folder: Folder, sections: str, path: str, value: Any) -> None:
    """Each key of a section arrives in its field; what is left out has its default."""
    found: Any = _load(folder, sections)
    for step in path.split("."):
        found = getattr(found, step)

    assert found == value


def test_a_database_path_in_the_file_is_relative_to_the_file(folder: Folder) -> None:
    """The database is found wherever the daemon was started from."""
    assert _load(folder, "store: {path: state/a.db}").store.path == folder.path / "state/a.db"


@pytest.mark.parametrize(
    ("name", "value", "path", "expected"),
    [
        ("MONITOR_INTERVAL", "12.5", "checks.a.interval_s", 12.5),
        ("OPSMONITOR_HOST", "0.0.0.0", "server.host", "0.0.0.0"),  # noqa: S104 - a value, not bound
        ("OPSMONITOR_PORT", "9000", "server.port", 9000),
        ("OPSMONITOR_DB_PATH", "state/b.db", "store.path", Path("state/b.db")),
        ("OPS_CORE_CHECK_IDS", "x, A ,y", "checks.a.core", True),
    ],
)
def test_environment_variables_override_the_file(
    folder: Folder, name: str, value: str, path: str, expected: Any
) -> None:
    """Each documented variable wins over the file's value; an empty one counts as not set."""
    sections = "defaults: {interval_s: 60}\nserver: {host: 127.0.0.2, port: 1}\nstore: {path: a.db}"

    def setting(env: dict[str, str]) -> Any:
        """Return the setting in question."""
        found: Any = _load(folder, sections, env)
        for step in path.split("."):
            found = found[step] if step == "a" else getattr(found, step)
        return found

    assert setting({name: value}) == expected
    assert setting({name: ""}) != expected


def test_tokens_from_the_environment_stay_wrapped(folder: Folder) -> None:
    """A token arrives from a variable or from the file that its `_FILE` variable names."""
    token = folder.write("token", "from-a-file\n")
    env = {"OPSMONITOR_READ_TOKEN": "from-a-variable", "OPSMONITOR_TOKEN_FILE": str(token)}

    server = _load(folder, "", env).server

    assert (server.token and server.token.reveal()) == "from-a-file"
    assert (server.read_token and server.read_token.reveal()) == "from-a-variable"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MONITOR_INTERVAL", "often", 'expected a number, got "often"'),
        ("MONITOR_INTERVAL", "-1", "expected a number from 0.1 to 2678400, got -1"),
        ("OPSMONITOR_PORT", "http", 'expected a whole number, got "http"'),
    ],
)
def test_a_bad_variable_is_told_by_its_name(
    folder: Folder, name: str, value: str, message: str
) -> None:
    """A problem of an override names the variable, not a line of the file."""
    (problem,) = folder.problems("checks: []", {name: value})

    assert problem.file == f"environment variable {name}"
    assert (problem.line, problem.message) == (None, message)


@pytest.mark.parametrize(
    ("content", "env", "line", "part"),
    [
        ("checks: []\n", {}, 1, "no checks are configured"),
        (f"checks: [{CHECK}]\n", {"OPS_CORE_CHECK_IDS": "b"}, None, "no check has the id `b`"),
        (
            "checks:\n  - {id: a, type: tcp, host: h, port: 1, interval_s: 2, retries: 1}\n",
            {},
            2,
            "is longer than `interval_s`: runs may be skipped (a)",
        ),
        (
            "defaults: {connect_timeout_override: 1}\nchecks:\n"
            + "".join(f"  - {{id: {name}, type: ping, host: h}}\n" for name in "abcde"),
            {},
            1,
            "`connect_timeout_override` has no effect yet in this version (a, b, c and 2 more)",
        ),
    ],
)
def test_what_is_most_likely_not_meant_is_a_warning(
    folder: Folder, content: str, env: dict[str, str], line: int | None, part: str
) -> None:
    """A valid but odd configuration loads with one warning."""
    (warning,) = folder.load(content, env).warnings

    assert warning.line == line
    assert part in warning.message


def test_an_ordinary_configuration_has_no_warning(folder: Folder) -> None:
    """Nothing is said where nothing is odd; a timeout may exceed the interval."""
    settings = folder.load(
        "checks: [{id: a, type: tcp, host: h, port: 1, interval_s: 2, timeout_s: 5, retries: 0}]"
    )

    assert settings.warnings == ()


def test_settings_in_force_are_told_with_their_defaults(folder: Folder) -> None:
    """The public view has the interval, the address and what history is kept."""
    public = _load(folder, "defaults: {interval_s: 10}\nstore: {path: /a.db}").public

    assert (public["interval"], public["server"]["port"]) == (10.0, 8060)
    assert (public["store"]["path"], public["store"]["retention"]["events"]) == ("/a.db", 10_000)


def test_a_check_may_depend_on_one_that_follows(folder: Folder) -> None:
    """`depends_on` is kept in order, shown as effective, and belongs to the check's identity."""
    other = "{id: b, type: tcp, host: 127.0.0.1, port: 22"
    text = "checks:\n  - {id: a, type: tcp, host: 127.0.0.1, port: 22, depends_on: [c, b]}\n"
    text += f"  - {other}}}\n  - {other.replace('id: b', 'id: c')}}}\n"

    checks = folder.load(text).checks
    without = folder.load(text.replace(", depends_on: [c, b]", "")).checks

    assert checks["a"].depends_on == ("c", "b")
    assert checks["a"].public["depends_on"] == ["c", "b"]
    assert checks["b"].depends_on == ()
    assert checks["a"].fingerprint != without["a"].fingerprint


def test_a_check_without_a_type_does_not_list_every_key_there_is(folder: Folder) -> None:
    """What is similar is offered; a list of all keys of all types would help nobody."""
    problems = folder.problems("checks:\n  - {id: a, urll: x, zzzz: 1}\n")

    assert [problem.message for problem in problems] == [
        "`type` is missing: add it",
        "unknown key `urll`; did you mean `url`?",
        "unknown key `zzzz`",
    ]
