"""A secret appears in no view of a configuration and in no message about it."""

import json

import pytest

from opsmonitor.config.report import describe_problems, describe_settings
from opsmonitor.util.secret import REDACTED

from .conftest import Folder

CANARY = "c4n4ry-0f-the-m1ne"
ENV = {
    "NAS_TOKEN": CANARY,
    "PLAIN": CANARY,
    "OPSMONITOR_READ_TOKEN": CANARY,
    "URL_WITH_LOGIN": f"http://me:{CANARY}@h/",
}
CHECKS = f"""\
server: {{token: {CANARY}}}
checks:
  - id: a
    type: http
    url: "http://me:{CANARY}@h/?token={CANARY}&api_key={CANARY}"
    headers: {{X-Anything: {CANARY}, Authorization: "Bearer ${{NAS_TOKEN}}", Cookie: "a={CANARY}"}}
    auth: {{bearer: !secret nas}}
    body: "password={CANARY}"
    expect_body: {{contains: !secret nas}}
    on_fail:
      actions:
        - {{type: http_post, url: "http://h/?key={CANARY}", payload: {{token: {CANARY}}}}}
  - id: b
    type: http
    url: "${{URL_WITH_LOGIN}}"
    json: {{deep: [{{password: {CANARY}, plain: "${{PLAIN}}"}}]}}
    auth: {{basic: {{username: me, password: "${{NAS_TOKEN:-{CANARY}}}"}}}}
  - id: c
    type: http
    url: "http://h/{CANARY[:0]}!"
    headers: {{X-Signed: "{CANARY} ${{NAS_TOKEN}}"}}
    form: {{api_key: {CANARY}, token: !env_var NAS_TOKEN {CANARY}}}
  - {{id: d, type: tcp, host: h, port: 1, send: "${{PLAIN}}", expect: !secret nas}}
  - {{id: e, type: command, command: [check_it, !secret nas, "${{PLAIN}}", "--password={CANARY}"]}}
  - id: f
    type: job
    status_url: "http://me:{CANARY}@h/{{job_id}}?token={CANARY}"
    job_id_url: "http://h/last?key={CANARY}"
    headers: {{X-Anything: {CANARY}}}
commands: {{allow: [check_it]}}
"""


def test_no_view_of_a_valid_configuration_shows_a_secret(folder: Folder) -> None:
    """Printing settings, and all that the API tells of them, keeps every secret."""
    folder.write("secrets.yml", f"nas: {CANARY}\n")

    settings = folder.load(CHECKS, ENV)

    views = [repr(settings), describe_settings(settings), json.dumps(dict(settings.raw))]
    views += [json.dumps(dict(settings.public)), json.dumps(dict(settings.defaults))]
    views += [json.dumps(dict(check.public)) for check in settings.checks.values()]
    views += [repr(check) + repr(check.options) for check in settings.checks.values()]
    assert [view for view in views if CANARY in view] == []


def test_the_raw_view_names_variables_and_tags(folder: Folder) -> None:
    """People see where a value comes from; a default of a secret is hidden."""
    folder.write("secrets.yml", f"nas: {CANARY}\n")

    checks = folder.load(CHECKS, ENV).raw["checks"]

    assert checks[0]["headers"]["Authorization"] == "Bearer ${NAS_TOKEN}"
    assert checks[0]["auth"]["bearer"] == "!secret nas"
    assert checks[1]["auth"]["basic"]["password"] == f"${{NAS_TOKEN:-{REDACTED}}}"
    assert checks[2]["form"]["token"] == f"!env_var NAS_TOKEN {REDACTED}"
    assert checks[2]["headers"]["X-Signed"] == REDACTED
    assert checks[3]["send"] == "${PLAIN}"


def test_what_is_no_secret_is_shown(folder: Folder) -> None:
    """Redaction leaves ordinary values readable."""
    settings = folder.load(
        "checks: [{id: a, type: http, url: 'http://${HOST}/x?page=2', "
        "headers: {Accept: text/html}, auth: {basic: {username: me, password: x}}}]",
        {"HOST": "nas.lan"},
    )

    public = settings.checks["a"].public
    assert public["url"] == "http://nas.lan/x?page=2"
    assert public["headers"] == {"Accept": "text/html"}
    assert public["auth"]["basic"] == {"username": "me", "password": REDACTED}


@pytest.mark.parametrize(
    "content",
    [
        f"server: {{token: !{CANARY} x}}\nchecks: []\n",
        f"server: {{token: *{CANARY}}}\nchecks: []\n",
        f"server:\n  token: {{{CANARY}: 1, {CANARY}: 2}}\nchecks: []\n",
        f"server:\n  password: {CANARY}\nchecks: []\n",
        f"server:\n  token: {CANARY}: x\nchecks: []\n",
        "server: {port: !secret nas}\nchecks: []\n",
        "server: {port: '${NAS_TOKEN}'}\nchecks: []\n",
        "server: {host: 'a b ${NAS_TOKEN}'}\nchecks: []\n",
        "checks: [{id: !secret nas, type: tcp}, {id: !secret nas, type: tcp}]\n",
        "checks: [{id: a, type: !secret nas}]\n",
        f"checks:\n  - {{id: a, type: http, url: 'ftp://me:{CANARY}@h/'}}\n",
        f"checks:\n  - {{id: a, type: http, url: http://h/, headers: {{X-A: [{CANARY}]}}}}\n",
        f"checks:\n  - {{id: a, type: tcp, host: 'http://me:{CANARY}@h', port: 1}}\n",
        "checks: [{id: a, type: http, url: http://h/, method: !secret nas}]\n",
        "checks: [{id: a, type: command, command: [!secret nas]}]\n",
        "checks: [{id: a, type: command, command: ['${NAS_TOKEN}']}]\n",
        "checks: [{id: a, type: docker, container: !secret nas, engine: 'tcp://me:${PLAIN}@h:1'}]\n",
        "checks: [{id: a, type: http, url: http://h/, expect_body: {regex: '(${NAS_TOKEN}'}}]\n",
    ],
)
def test_no_problem_shows_a_secret(folder: Folder, content: str) -> None:
    """Neither the message nor the quoted line of a problem repeats a secret."""
    folder.write("secrets.yml", f"nas: {CANARY}\n")

    problems = folder.problems(content, ENV)

    assert CANARY not in "\n".join(str(problem) for problem in problems)
    assert CANARY not in describe_problems(problems)


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        ("type: http, url: !secret page", REDACTED),
        ('type: http, url: "http://h/${HOOK_TOKEN}/x"', f"http://h/{REDACTED}/x"),
        ('type: http, url: "${SLACK_WEBHOOK_URL}"', REDACTED),
        ("type: tcp, port: 1, host: !secret name", f"{REDACTED}:1"),
    ],
)
def test_the_target_of_a_check_shows_no_secret(folder: Folder, keys: str, target: str) -> None:
    """An address that is a secret, or has one in it, is shown without it."""
    folder.write("secrets.yml", f"page: http://h/{CANARY}\nname: {CANARY}\n")
    env = {"HOOK_TOKEN": CANARY, "SLACK_WEBHOOK_URL": f"http://h/{CANARY}"}

    check = folder.load(f"checks: [{{id: a, {keys}}}]", env).checks["a"]

    assert check.target == target
    assert any(CANARY in secret for secret in check.secrets)


@pytest.mark.parametrize("auth", [CANARY, f"{{basic: {{username: a, passwrd: {CANARY}}}}}"])
def test_a_mistake_beneath_auth_is_not_quoted(folder: Folder, auth: str) -> None:
    """What was written for `auth` in a wrong way is as secret as if it had been right."""
    problems = folder.problems(f"checks: [{{id: a, type: http, url: http://h, auth: {auth}}}]")

    assert problems
    assert CANARY not in describe_problems(problems)
    assert CANARY not in "".join(map(str, problems))
