"""The sections of the probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ConfigError
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.secret import Secret
from tests.daemon.config.conftest import CHECK_TYPES, Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxOptions:
    """What the test's probe may be told."""

    host: str
    password: Secret | None = None


def _compile(_options: BoxOptions, _context: ProbeContext) -> Mapping[str, Poll]:
    return {}


BOX = ProbeType(
    name="box",
    options=BoxOptions,
    schema={vol.Required("host"): cv.host, vol.Optional("password"): cv.secret},
    compile=_compile,
    interval_s=60.0,
    timeout_s=10.0,
    example={"host": "box.lan"},
    environment={"host": ("BOX_HOST", "BOX_ADDRESS"), "password": ("BOX_PASSWORD",)},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOptions:
    """Nothing to choose."""


SELF = ProbeType(
    name="self",
    options=NoOptions,
    schema={},
    compile=lambda _options, _context: {},
    interval_s=30.0,
    timeout_s=5.0,
    example={},
    is_default=True,
)
KINDS: dict[str, ProbeType[Any]] = {"box": BOX, "self": SELF}


def load(folder: Folder, text: str, env: Mapping[str, str] | None = None) -> Settings:
    """Load a configuration in which these probes are known."""
    folder.write("checks.yml", text + "\nchecks: []\n")
    return load_settings(folder.file, check_types=CHECK_TYPES, probe_types=KINDS, env=env or {})


def problems(folder: Folder, text: str) -> list[str]:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [str(problem).partition("checks.yml:")[2] for problem in caught.value.problems]


def test_a_default_probe_runs_without_a_section(folder: Folder) -> None:
    """Others need theirs."""
    probes = load(folder, "").probes

    assert list(probes) == ["self"]
    assert (probes["self"].interval_s, probes["self"].timeout_s) == (30.0, 5.0)


def test_common_keys(folder: Folder) -> None:
    """Interval and time-out are the section's, or else the probe's own."""
    probes = load(folder, "box: {host: box.lan, interval_s: 5}\nself: {enabled: false}").probes

    assert list(probes) == ["box"]
    assert (probes["box"].interval_s, probes["box"].timeout_s) == (5.0, 10.0)
    assert probes["box"].options == BoxOptions(host="box.lan")


def test_mistakes_have_a_place_and_a_hint(folder: Folder) -> None:
    """Unknown keys, wrong values and missing keys are all reported at once."""
    found = problems(folder, "box: {hots: x, interval_s: 0, password: a-secret-value}")

    assert len(found) == 3
    assert any("did you mean `host`" in text for text in found)
    assert any("interval_s" in text for text in found)
    assert any("`host` is missing" in text for text in found)
    assert "a-secret-value" not in "".join(found)


def test_an_unknown_section_gets_a_hint(folder: Folder) -> None:
    """The sections of probes are known."""
    [problem] = problems(folder, "boxx: {host: box.lan}")

    assert "did you mean `box`" in problem


def test_variables_make_a_section(folder: Folder) -> None:
    """The first of a probe's variables alone is enough; its secret stays one."""
    env = {"BOX_ADDRESS": "box.lan", "BOX_PASSWORD": "canary-3f1b"}

    settings = load(folder, "", env)

    assert settings.probes["box"].options == BoxOptions(
        host="box.lan", password=Secret("canary-3f1b")
    )
    assert settings.probes["box"].secrets == {"canary-3f1b"}
    assert "canary" not in repr(settings)
    assert "canary" not in str(settings.public)


def test_the_file_wins_over_variables(folder: Folder) -> None:
    """What the section lacks still comes from them; without the first there is no section."""
    both = load(folder, "box: {host: a.lan}", {"BOX_HOST": "b.lan", "BOX_PASSWORD": "canary"})
    none = load(folder, "", {"BOX_PASSWORD": "canary"})

    assert both.probes["box"].options == BoxOptions(host="a.lan", password=Secret("canary"))
    assert "box" not in none.probes


def test_the_fingerprint_changes_with_the_section(folder: Folder) -> None:
    """Also with its secrets; another key's place does not matter."""
    texts = (
        "box: {host: a.lan, interval_s: 5}",
        "box: {interval_s: 5, host: a.lan}",
        "box: {host: a.lan, interval_s: 6}",
        "box: {host: a.lan, interval_s: 5, password: x-1234}",
        "box: {host: a.lan, interval_s: 5, password: x-1235}",
    )

    prints = [load(folder, text).probes["box"].fingerprint for text in texts]

    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


def test_effective_settings_are_told(folder: Folder) -> None:
    """`GET /config` shows each probe with its secrets hidden."""
    public = load(folder, "box: {host: a.lan, password: canary-3f1b}").public

    assert public["probes"]["box"]["host"] == "a.lan"
    assert public["probes"]["box"]["interval_s"] == 60.0
    assert "canary" not in str(public)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", '"a b" cannot be the name of a box: expected letters, digits'),
        ("a.b", '"a.b": the name of a box has no dot'),
    ],
)
def test_a_name_that_a_box_may_not_have_is_told(folder: Folder, name: str, message: str) -> None:
    """At the name itself, whatever stands below it."""
    problems = folder.problems(f"fritz:\n  boxes:\n    {name}: {{host: fritz.box}}\nchecks: []")

    assert [(each.line, each.column) for each in problems] == [(3, 5)]
    assert problems[0].message.startswith(message)
    assert "got a mapping" not in problems[0].message
