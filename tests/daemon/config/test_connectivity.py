"""The witness that the configuration makes by itself."""

from __future__ import annotations

import pytest

from opsmonitor.exceptions import ConfigError
from tests.daemon.config.conftest import Folder

_LOCAL = "{id: nas, type: tcp, host: nas.lan, port: 445}"
_OUTSIDE = "{id: code, type: tcp, host: github.com, port: 443}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"checks: [{_LOCAL}]", False),
        (f"checks: [{_LOCAL}, {_OUTSIDE}]", True),
        (f"connectivity: {{enabled: false}}\nchecks: [{_OUTSIDE}]", False),
        (f"connectivity: {{enabled: true}}\nchecks: [{_LOCAL}]", True),
        (f"connectivity: {{needed: 1}}\nchecks: [{_LOCAL}]", True),
        ("checks: [{id: nas, type: tcp, host: nas.lan, port: 445, network: outside}]", True),
        ("checks: [{id: x, type: tcp, host: github.com, port: 443, network: local}]", False),
    ],
)
def test_there_is_one_as_soon_as_a_check_leaves_the_house(
    folder: Folder,
    text: str,
    expected: bool,  # noqa: FBT001
) -> None:
    """Without a word in the file it comes with the first check outside; `enabled` decides."""
    assert ("connectivity" in folder.load(text).checks) is expected


def test_it_is_a_check_like_any_other(folder: Folder) -> None:
    """The section has the keys of every check besides its own."""
    text = (
        "defaults: {down_threshold: 3, interval_s: 5}\n"
        "connectivity: {severity: P1, outside: ['192.0.2.1:443'], depends_on: [nas]}\n"
        f"checks: [{_LOCAL}]"
    )

    witness = folder.load(text).checks["connectivity"]

    assert (witness.severity, witness.name, witness.depends_on) == ("P1", "Connectivity", ("nas",))
    assert (witness.down_threshold, witness.interval_s) == (1, 60)
    assert witness.options.outside == ("192.0.2.1:443",)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{enabled: perhaps}", "expected true or false"),
        ("{gatewy: true}", "did you mean `gateway`"),
        ("{outside: ['1.1.1.1']}", "expected host:port"),
    ],
)
def test_mistakes_have_their_place(folder: Folder, section: str, message: str) -> None:
    """They are reported like those of a check."""
    with pytest.raises(ConfigError, match=r"connectivity") as caught:
        folder.load(f"connectivity: {section}\nchecks: [{_LOCAL}]")

    assert message in str(caught.value)
