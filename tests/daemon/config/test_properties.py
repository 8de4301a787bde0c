"""Rules that hold for whatever a file contains."""

import json
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from hypothesis import HealthCheck, example, given, settings, strategies as st
import yaml

from opsmonitor.config.loader import load_settings
from opsmonitor.config.nodes import plain
from opsmonitor.config.problems import Problems
from opsmonitor.config.variables import expand_text
from opsmonitor.config.yaml_loader import parse_yaml
from opsmonitor.exceptions import ConfigError

from .conftest import CHECK_TYPES

_SIGNS = """
checks: defaults: id: type: http tcp url: host: port: - { } [ ] : , & * ! | > ' " !secret
!env_var !include <<: *a &a ${ } {A} ${A:-b} $${ 1 true 23:59 .inf # ---
"""
_FRAGMENTS = st.sampled_from([*_SIGNS.split(), "\n", "\n  ", "\n  - ", "\t", "\x00", "\u2028"])
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)
_SECTIONS = ("defaults", "global", "server", "store", "engine", "time_zone")
_KEYS = """
id name type url host port headers auth body json form expect_status expect_body interval_s
timeout_s retries tags core severity thresholds tls on_fail notify_on method redirects send
"""
_CHECKS = st.dictionaries(
    st.sampled_from(_KEYS.split()), _VALUES | st.sampled_from(["http", "tcp", "http://h/", 80])
)
_ANY_PLACE = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _problems(path: Path, content: bytes) -> list[str]:
    """Return what is wrong with a configuration; it must not crash."""
    path.write_bytes(content)
    try:
        load_settings(path, check_types=CHECK_TYPES, env={"A": "a: [1]"})
    except ConfigError as err:
        return [problem.message for problem in err.problems] or [""]
    return []


@_ANY_PLACE
@given(content=st.binary(max_size=60))
def test_no_bytes_crash_the_loader(tmp_path: Path, content: bytes) -> None:
    """Whatever a file holds, loading it works or tells what is wrong."""
    assert "" not in _problems(tmp_path / "checks.yml", content)


@_ANY_PLACE
@given(fragments=st.lists(_FRAGMENTS, max_size=30))
@example(fragments=["http", "!secret", "checks:", "!secret"])
def test_nothing_like_yaml_crashes_the_loader(tmp_path: Path, fragments: list[str]) -> None:
    """Neither does anything made of YAML's own signs."""
    assert "" not in _problems(tmp_path / "checks.yml", " ".join(fragments).encode())


@_ANY_PLACE
@given(
    document=st.fixed_dictionaries(
        {"checks": st.lists(_CHECKS, max_size=3) | _VALUES},
        optional=dict.fromkeys(_SECTIONS, _VALUES),
    )
)
def test_no_values_crash_the_schema(tmp_path: Path, document: dict[str, Any]) -> None:
    """Values of any type in any place are accepted or told to be wrong."""
    content = yaml.safe_dump(document, allow_unicode=True).encode()

    assert "" not in _problems(tmp_path / "checks.yml", content)


@_ANY_PLACE
@given(value=_WORDS | st.sampled_from(["a: b", "- x", "{c: d}", "# no", "${A}", "'", '"', "\n"]))
def test_what_a_variable_holds_never_changes_the_structure(tmp_path: Path, value: str) -> None:
    """A variable only ever fills one place, whatever it holds."""
    path = tmp_path / "checks.yml"
    path.write_text(
        "checks: [{id: a, type: http, url: http://h/, json: {x: ['${V}'], y: '<{V}>'}}]"
    )

    loaded = load_settings(path, check_types=CHECK_TYPES, env={"V": value})

    assert list(loaded.checks) == ["a"]
    content = loaded.checks["a"].options.json.content.reveal()
    assert json.loads(content) == {"x": [value], "y": f"<{value}>"}


@given(
    before=_WORDS.filter(lambda text: not set(text) & set("${}")),
    name=st.text(ascii_uppercase, min_size=1, max_size=5),
    value=st.text(max_size=12),
)
def test_a_variable_is_replaced_where_it_stands(before: str, name: str, value: str) -> None:
    """Both ways of writing a variable give its value, between what is left as it was."""
    text = f"{before}${{{name}}}{before}{{{name}}}"

    assert expand_text(text, {name: value}.get).text == f"{before}{value}{before}{value}"


@given(
    value=st.recursive(
        st.booleans() | st.integers(-(10**17), 10**17) | st.text(ascii_uppercase, max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(ascii_uppercase), inner),
        max_leaves=20,
    )
)
def test_json_is_read_back_as_it_was(value: Any) -> None:
    """JSON is YAML: every structure comes back, without a problem."""
    problems = Problems()

    node = parse_yaml(json.dumps(value), "checks.yml", problems)

    assert not problems.has_errors
    assert node is not None
    assert plain(node) == value
