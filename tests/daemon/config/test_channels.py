"""The section `alerts`."""

from datetime import time
import json

import pytest

from opsmonitor.util.daytime import DayWindow

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
        (
            "{b: {type: email, to: nope}}",
            1,
            "expected an address such as me@example.org",
        ),
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


ROUTED = """
alerts:
  channels: {a: {type: webhook, url: http://h/}, b: {type: webhook, url: http://h/}}
"""


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ("routes: [{severity: P1}]", "`channels` is missing"),
        ("routes: [{channels: [c]}]", "no channel is named `c`"),
        ("routes: [{channels: [a], severityy: P1}]", "did you mean `severity`?"),
        ("routes: [{channels: [a], severity: P5}]", "expected one of P1, P2, P3, P4"),
        ("routes: [{channels: [a], days: [someday]}]", "expected days such as mon"),
        ("routes: [7]", "expected keys with values, got 7"),
        ("quiet_hours: {between: '22-7'}", "expected two times of day"),
        ("quiet_hours: [{days: mon}]", "`between` is missing"),
        ("escalation: [{after: soon, channels: [a]}]", "expected a duration"),
        ("escalation: [{after: 5m, channels: [x]}]", "no channel is named `x`"),
        ("reminders: {firsts: 1h}", "did you mean `first`?"),
        ("cert_days: [14, x]", "expected a whole number"),
    ],
)
def test_mistakes_about_who_is_told_when_have_a_place(folder: Folder, keys: str, part: str) -> None:
    """Each is told with its line."""
    (problem,) = folder.problems(f"{ROUTED}  {keys}\n{CHECK}")

    assert problem.line == 4
    assert part in problem.message


def test_routes_quiet_hours_and_escalation_are_read(folder: Folder) -> None:
    """One or a list, days and times as people write them, steps in their order."""
    text = """
  routes:
    - { severity: [p1, P2], tag: net, site: home, check: "a*", channels: a, continue: true }
    - { between: 08:00-24:00, days: mon-fri, channels: [b] }
  quiet_hours: { between: 22:00-07:00 }
  escalation: [{ after: 1h, channels: [b] }, { after: 15m, channels: a, severity: P1 }]
  reminders: { first: 2h, longest: 1h }
  cert_days: [3, 7, 3]
"""

    settings = folder.load(ROUTED.rstrip() + text + CHECK)
    alerts = settings.alerts

    first, second = alerts.routes
    assert (set(first.severity), set(first.tag)) == ({"P1", "P2"}, {"net"})
    assert first.check == ("a*",)
    assert (first.channels, first.goes_on, first.window) == (("a",), True, None)
    assert second.window == DayWindow(start=time(8), end=time(), days=frozenset(range(5)))
    (quiet,) = alerts.quiet_hours
    assert (quiet.window.start, set(quiet.severity)) == (time(22), {"P3", "P4"})
    assert [step.after_s for step in alerts.escalation] == [900, 3600]
    assert (alerts.reminders.first_s, alerts.reminders.longest_s) == (7200, 7200)
    assert alerts.cert_days == (7, 3)
    assert [warning.message for warning in settings.warnings] == [
        "no check has the tag `net`",
        "no check has the site `home`",
    ]


@pytest.mark.parametrize(
    ("quiet", "warnings"),
    [
        ('{ between: "00:00-24:00" }', ["nobody is ever told of P3, P4"]),
        ('{ between: "00:00-00:00", severity: P1 }', ["nobody is ever told of P1"]),
        ('{ between: "07:00-07:00", days: mon-sun }', ["nobody is ever told of P3, P4"]),
        ('{ between: "00:00-24:00", days: [sat, sun] }', []),
        ('{ between: "22:00-07:00" }', []),
    ],
)
def test_quiet_hours_without_an_end_are_warned_of(
    folder: Folder, quiet: str, warnings: list[str]
) -> None:
    """What they hold back would never be told."""
    settings = folder.load(f"{ROUTED}  quiet_hours: {quiet}\n{CHECK}")

    shown = [(warning.line, warning.message) for warning in settings.warnings]
    assert shown == [
        (4, f"these quiet hours never end: {part}. Set `between`, or leave them out")
        for part in warnings
    ]
