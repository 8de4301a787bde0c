"""Variables, secrets and included files."""

import pytest

from opsmonitor.exceptions import ConfigError

from .conftest import Folder


def _contains(value: str) -> str:
    """Return a configuration whose one check expects a text."""
    check = (
        f"id: a\n    type: http\n    url: http://h/\n    expect_body:\n      contains: {value}\n"
    )
    return f"checks:\n  - {check}"


def _target(url: str) -> str:
    """Return a configuration with one URL, unquoted."""
    return f"checks:\n  - id: a\n    type: http\n    url: {url}\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"{BASE}/health"', "http://nas.lan/health"),
        ("${BASE}/health", "http://nas.lan/health"),
        ("${BASE:-http://other}/x", "http://nas.lan/x"),
        ("${NOT_SET:-http://other}/x", "http://other/x"),
        ("${EMPTY:-http://other}/x", "http://other/x"),
        ("http://h/${EMPTY}x", "http://h/x"),
        ("http://h/{job_id}", "http://h/%7Bjob_id%7D"),
        ("!env_var BASE", "http://nas.lan"),
        ("!env_var NOT_SET http://other", "http://other"),
        ("http://h/${lower}", "http://h/case"),
    ],
)
def test_variables_are_filled_in(folder: Folder, written: str, meant: str) -> None:
    """Every way of writing a variable reads the environment; lower-case braces are left alone."""
    env = {"BASE": "http://nas.lan", "EMPTY": "", "lower": "case"}

    settings = folder.load(_target(written), env)

    assert settings.checks["a"].target == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"$${BASE}"', "${BASE}"),
        ('"{{BASE}}"', "{BASE}"),
        ('"{base} {1} {}"', "{base} {1} {}"),
        ('"${VALUE}"', "a: {b: [1, 2]} # no comment"),
        ('"${NESTED}"', "${VALUE} {VALUE}"),
    ],
)
def test_what_a_variable_holds_is_only_text(folder: Folder, written: str, meant: str) -> None:
    """A value is filled in after parsing and never looked at again; doubled signs escape."""
    env = {"VALUE": "a: {b: [1, 2]} # no comment", "NESTED": "${VALUE} {VALUE}"}

    settings = folder.load(_contains(written), env)

    assert settings.checks["a"].public["expect_body"]["contains"] == meant


def test_keys_are_never_filled_in(folder: Folder) -> None:
    """A variable in a key stays as it is."""
    settings = folder.load(
        "checks: [{id: a, type: http, url: http://h/, json: {'${BASE}': 1, '{BASE}': 2}}]",
        {"BASE": "x"},
    )

    assert list(settings.raw["checks"][0]["json"]) == ["${BASE}", "{BASE}"]


@pytest.mark.parametrize("port", ["${PORT}", '"{PORT}"', "!env_var PORT", "!env_var OTHER 8443"])
def test_a_variable_alone_becomes_the_number_that_is_wanted(folder: Folder, port: str) -> None:
    """Where a number is wanted, text that is wholly one variable is taken as one."""
    settings = folder.load(
        f"checks:\n  - id: a\n    type: tcp\n    host: h\n    port: {port}\n    core: ${{CORE}}\n",
        {"PORT": "8443", "CORE": "true"},
    )

    assert settings.checks["a"].options.port == 8443
    assert settings.checks["a"].core is True


def test_a_variable_stays_text_where_text_is_wanted(folder: Folder) -> None:
    """A password of digits keeps its leading zeros."""
    settings = folder.load(
        "checks:\n  - id: a\n    type: http\n    url: http://h/\n    auth: {bearer: '${TOKEN}'}\n"
        "    tags: ['${TAG}']\n",
        {"TOKEN": "00123", "TAG": "2026"},
    )

    assert settings.checks["a"].options.auth.bearer.reveal() == "00123"
    assert settings.checks["a"].tags == ("2026",)


def test_part_of_a_text_never_becomes_a_number(folder: Folder) -> None:
    """Only what is wholly one variable changes its type."""
    (problem,) = folder.problems(
        "checks: [{id: a, type: tcp, host: h, port: '80${MORE}'}]", {"MORE": "80"}
    )

    assert problem.message == 'expected a whole number, got "8080"'


def test_all_that_is_not_set_is_told_at_once(folder: Folder) -> None:
    """Each variable without value is one problem, and nothing follows from it."""
    problems = folder.problems(
        "checks: [{id: a, type: tcp, host: '{A}{B}', port: '${C}'}]\ntime_zone: ${A}\n"
    )

    assert [problem.message.split("`")[1] for problem in problems] == ["A", "B", "C", "A"]


DOTENV = """\ufeff# a comment\r
BASE=http://nas.lan\r
export TAG = spaced # a comment\r
SINGLE='one # $x \\n'\r
DOUBLE="two\\n\\"quoted\\"" # a comment\r
HASH=a#b\r
REAL=from the file\r
\r
EMPTY=\r
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE", "http://nas.lan"),
        ("TAG", "spaced"),
        ("SINGLE", "one # $x \\n"),
        ("DOUBLE", 'two\n"quoted"'),
        ("HASH", "a#b"),
        ("REAL", "from the environment"),
    ],
)
def test_the_env_file_beside_fills_in_what_is_not_set(
    folder: Folder, name: str, value: str
) -> None:
    """`.env` is read with quotes, comments and `export`, and never overrides the environment."""
    folder.write(".env", DOTENV)

    settings = folder.load(_contains(f'"${{{name}}}"'), {"REAL": "from the environment"})

    assert settings.checks["a"].public["expect_body"]["contains"] == value


def test_a_broken_line_of_the_env_file_is_told_without_its_text(folder: Folder) -> None:
    """What cannot be read in `.env` is a problem with its line, and is not repeated."""
    folder.write(".env", "GOOD=1\ncanary-value\nOPEN='canary-value\n")

    problems = folder.problems("checks: []")

    assert [(problem.line, "canary" in str(problem)) for problem in problems] == [
        (2, False),
        (3, False),
    ]
    assert str(folder.path / ".env") == problems[0].file


@pytest.mark.parametrize("name", ["secrets.yml", "secrets.yaml"])
def test_secrets_come_from_the_file_beside(folder: Folder, name: str) -> None:
    """`!secret` finds a value, and it stays the text that was written."""
    folder.write(name, "nas: 0123\nport: 22\n")

    settings = folder.load(
        "checks:\n  - id: a\n    type: http\n    url: http://h/\n    auth: {bearer: !secret nas}\n"
        "  - {id: b, type: tcp, host: h, port: !secret port}\n"
    )

    assert settings.checks["a"].options.auth.bearer.reveal() == "0123"
    assert settings.checks["b"].options.port == 22
    assert folder.path / name in settings.files


@pytest.mark.parametrize(
    ("secrets", "parts"),
    [
        ("other: 1\n", ["the secrets file has no `token`: add it there"]),
        ("tokem: 1\n", ["the secrets file has no `token`; did you mean `tokem`?"]),
        ("- token\n", ["expected lines such as `name: value`"]),
        ("token: [canary]\n", ["`token` must be one value", "the secrets file has no `token`"]),
        ("token: !canary x\n", ["the tag is not known"]),
        ("token: 'canary\n", ["a quotation mark is not closed"]),
    ],
)
def test_what_is_wrong_with_secrets_is_told_without_them(
    folder: Folder, secrets: str, parts: list[str]
) -> None:
    """A problem of the secrets file names the place and never the value."""
    folder.write("secrets.yml", secrets)

    problems = folder.problems("server: {token: !secret token}\nchecks: []\n")

    texts = sorted(str(problem) for problem in problems)
    assert all(any(part in text for text in texts) for part in parts), texts
    assert "canary" not in "".join(texts)


def test_a_secret_named_variable_may_lie_in_a_file(folder: Folder) -> None:
    """`NAME_FILE` says where a secret lies; other names have no such meaning."""
    secret = folder.write("run/token", "s3cr3t-from-file\n")
    env = {"NAS_TOKEN_FILE": str(secret), "NAS_HOST_FILE": str(secret)}

    settings = folder.load(
        "checks: [{id: a, type: http, url: http://h/, auth: {bearer: '${NAS_TOKEN}'}}]", env
    )

    assert settings.checks["a"].options.auth.bearer.reveal() == "s3cr3t-from-file"
    assert secret in settings.files
    (problem,) = folder.problems("checks: [{id: a, type: tcp, host: '${NAS_HOST}', port: 1}]", env)
    assert "the variable `NAS_HOST` is not set" in problem.message


def test_a_missing_secret_file_is_told_by_its_variable(folder: Folder) -> None:
    """When the file that `NAME_FILE` names is not there, the variable is named."""
    problems = folder.problems("checks: []", {"OPSMONITOR_TOKEN_FILE": "/nowhere/token"})

    (problem,) = problems
    assert problem.file == "environment variable OPSMONITOR_TOKEN_FILE"
    assert problem.message == "the file token does not exist: create it, or check its name"


def test_files_can_be_included_and_include_others(folder: Folder) -> None:
    """An included file is a part like any other; its own includes are relative to it."""
    folder.write("checks/web.yml", "- {id: a, type: tcp, host: h, port: !include port.yaml}\n")
    folder.write("checks/port.yaml", "${PORT}\n")

    settings = folder.load("checks: !include checks/web.yml\n", {"PORT": "443"})

    assert settings.checks["a"].options.port == 443
    assert {path.name for path in settings.files} >= {"checks.yml", "web.yml", "port.yaml"}


def test_a_problem_in_an_included_file_names_that_file(folder: Folder) -> None:
    """The place is where the mistake was written, the path where it takes effect."""
    web = folder.write("web.yml", "- id: a\n  type: tcp\n  host: h\n  port: x\n")

    (problem,) = folder.problems("checks: !include web.yml\n")

    assert (problem.file, problem.line, problem.column) == (str(web), 4, 9)
    assert problem.path == "checks[0].port"


def test_a_link_out_of_the_folder_is_not_followed(folder: Folder) -> None:
    """Only what really lies in the folder can be included."""
    folder.write("outside/other.yml", "[]")
    inside = folder.write("inside/checks.yml", "checks: !include other.yml\n").parent
    (inside / "other.yml").symlink_to(folder.path / "outside" / "other.yml")

    problems = Folder(inside).problems("checks: !include other.yml\n")

    assert "only files in" in problems[0].message


def test_includes_in_a_circle_end(folder: Folder) -> None:
    """Files that include each other are told, not followed for ever."""
    folder.write("one.yml", "!include two.yml")
    folder.write("two.yml", "!include one.yml")

    (problem,) = folder.problems("checks: !include one.yml\n")

    assert "the file would include itself" in problem.message


def test_includes_that_multiply_end(folder: Folder) -> None:
    """Files that include others many times over are refused."""
    many = "[" + ", ".join(["!include {}.yml"] * 20) + "]"
    folder.write("a.yml", many.replace("{}", "b"))
    folder.write("b.yml", many.replace("{}", "c"))
    folder.write("c.yml", "[]")

    problems = folder.problems("checks: !include a.yml\n")

    assert any("too many files" in problem.message for problem in problems)


def test_a_failed_load_tells_every_file_that_matters(folder: Folder) -> None:
    """Mending any file that a broken configuration needs is noticed."""
    folder.write("web.yml", "- broken: [")

    with pytest.raises(ConfigError) as caught:
        folder.load("checks: !include web.yml\n")

    assert {path.name for path in caught.value.files} == {"checks.yml", ".env", "web.yml"}
