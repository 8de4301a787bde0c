"""Check types bring keys of their own; what they complain about is told in our words."""

from dataclasses import dataclass
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import CheckSettings
from opsmonitor.exceptions import ConfigError

from .conftest import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeOptions:
    """Options of a check type that is made for these tests."""

    limit: int
    ratio: float | None = None
    unit: str | None = None
    inner: Any = None
    free: Any = None
    either: Any = None
    words: Any = None

    def __post_init__(self) -> None:
        """Refuse what only shows when all options are known."""
        if self.limit == 13:
            raise ValueError("13 is no limit")


def _compile(options: GaugeOptions, context: CheckContext) -> Probe:
    """Make nothing: no check is run here."""
    raise NotImplementedError


GAUGE = CheckType(
    name="gauge",
    options=GaugeOptions,
    schema={
        vol.Required("limit"): int,
        "ratio": float,
        vol.Optional("unit"): vol.All(str, vol.In(["ms", "s"])),
        vol.Optional("inner"): vol.Schema({vol.Required("depth"): int}),
        vol.Optional("free"): {str: int},
        vol.Optional("either"): vol.Any({"a": int}, {"b": int}),
        vol.Optional("words"): [str],
    },
    compile=_compile,
    target=lambda options: f"below {options.limit}",
    host=lambda _: "gauge",
    example={"limit": 1},
    is_reachability=False,
)


def _load(folder: Folder, keys: str, env: dict[str, str] | None = None) -> CheckSettings:
    """Load one check of the type."""
    folder.write("checks.yml", f"checks:\n  - id: a\n    type: gauge\n    {keys}\n")
    settings = load_settings(folder.file, check_types={"gauge": GAUGE}, env=env or {})
    return settings.checks["a"]


def test_a_type_decides_what_is_told_of_its_checks(folder: Folder) -> None:
    """Target, host and the sense of up and down come from the check type."""
    check = _load(folder, "limit: 7")

    assert (check.target, check.host, check.is_reachability) == ("below 7", "gauge", False)


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ("limit: x", "limit", 'expected a whole number, got "x"'),
        ("limit: '7'", "limit", 'expected a whole number, got "7": remove the quotes'),
        ("limit: '.inf'", "limit", 'expected a whole number, got ".inf"'),
        ("limit: ${INF}", "limit", 'expected a whole number, got ".inf"'),
        ("limit: ${LONG}", "limit", f'expected a whole number, got "{"a b " * 15}..."'),
        ("limit: {a: 1}", "limit", "expected a whole number, got a mapping"),
        ("limit: true\n    ratio: 'x'", "ratio", 'expected a number, got "x"'),
        ("limit: 1\n    unit: h", "unit", "value must be one of ['ms', 's'], got \"h\""),
        ("limit: 1\n    inner: {depth: x}", "inner.depth", 'expected a whole number, got "x"'),
        ("limit: 1\n    inner: {dept: 1, depth: 1}", "inner.dept", "unknown key `dept`"),
        ("limit: 1\n    inner: {}", "inner.depth", "`depth` is missing: add it"),
        ("limit: 1\n    free: {x: y}", "free.x", 'expected a whole number, got "y"'),
        ("limit: 1\n    either: {c: 1}", "either.c", "unknown key `c`"),
        ("limit: 1\n    words: [a, 1]", "words[1]", "expected text, got 1"),
        ("limit: 13", "", "13 is no limit"),
    ],
)
def test_complaints_of_any_validator_are_told_with_their_path(
    folder: Folder, keys: str, path: str, message: str
) -> None:
    """Whatever a check type's schema is made of, people read one sentence with the place."""
    with pytest.raises(ConfigError) as caught:
        _load(folder, keys, {"INF": ".inf", "LONG": "a b " * 40})

    (problem,) = caught.value.problems
    assert problem.message.startswith(message)
    assert problem.path.removeprefix("checks[0]").removeprefix(".") == path
