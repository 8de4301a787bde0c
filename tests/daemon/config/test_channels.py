"""The section `alerts`."""

import json

import pytest

from .conftest import Folder

CHECK = "checks: [{id: a, type: tcp, host: h, port: 1}]\n"


@pytest.mark.parametrize(
    ("channels", "line", "part"),
    [
        ("{x: {type: ntfi, topic: t}}", 1, "did you mean `ntfy`?"),
        ("{x: {type: ntfy}}", 1, "`topic` is missing"),
        ("{x: {topic: t}}", 1, "needs a `type`"),
        ("{x: 5}", 1, "expected a channel"),
        ("{x: {type: ntfy, topic: t, tokn: u}}", 1, "did you mean `token`?"),
        ("{x: {type: webhook, url: ftp://canary/}}", 1, "begins with http:// or https://"),
        ("{'a b': {type: ntfy, topic: t}}", 1, "the name of a channel"),
    ],
)
def test_mistakes_are_told_without_secrets(
    folder: Folder, channels: str, line: int, part: str
) -> None:
    """Each mistake of a channel has its place and a remedy, and never the address."""
    (problem,) = folder.problems(f"alerts: {{channels: {channels}}}\n{CHECK}")

    assert problem.line == line
    assert part in problem.message
    assert "canary" not in problem.message


def test_a_check_may_only_name_channels_that_exist(folder: Folder) -> None:
    """An unknown name under `notify` is a mistake."""
    (problem,) = folder.problems(
        "checks:\n  - {id: a, type: tcp, host: h, port: 1, notify: [phone]}\n"
    )

    assert (problem.line, problem.path) == (2, "checks[0].notify")
    assert "no channel is named `phone`" in problem.message


def test_variables_make_a_channel_beside_those_of_the_file(folder: Folder) -> None:
    """A topic in the environment is enough; a channel of that name in the file wins."""
    env = {"NTFY_TOPIC": "t", "NTFY_URL": "http://n.lan"}
    hook = "alerts: {channels: {h: {type: webhook, url: http://h/}}}\n"
    own = "alerts: {channels: {ntfy: {type: webhook, url: http://h/}}}\n"

    both = folder.load(hook + CHECK, env).alerts.channels
    options = folder.load(CHECK, env).alerts.channels["ntfy"].options

    assert {name: channel.type for name, channel in both.items()} == {
        "h": "webhook",
        "ntfy": "ntfy",
    }
    assert options.topic.reveal() == "t"
    assert options.url.reveal() == "http://n.lan"
    assert folder.load(own + CHECK, env).alerts.channels["ntfy"].type == "webhook"
    assert folder.load(CHECK, {"NTFY_URL": "http://n.lan"}).alerts.channels == {}


def test_only_the_kind_of_a_channel_is_shown(folder: Folder) -> None:
    """Whatever else describes how people are reached is hidden in every view."""
    settings = folder.load(
        "alerts: {channels: {x: {type: ntfy, topic: canary-1, url: http://canary-2/}}}\n" + CHECK,
    )

    shown = json.dumps(dict(settings.raw)) + json.dumps(dict(settings.public)) + repr(settings)

    assert "canary" not in shown
    assert settings.raw["alerts"]["channels"]["x"]["type"] == "ntfy"
