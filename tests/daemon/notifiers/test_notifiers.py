"""What every kind of channel must fulfil, so that its author cannot forget it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor import notifiers
import opsmonitor.checks
from opsmonitor.checks.base import CheckType
from opsmonitor.config.loader import load_settings
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import Notice, NoticeKind
from opsmonitor.notifiers.base import Message, NotifierType, SendContext, cut_bytes
from opsmonitor.registry import load_plugins
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver
from tests.ports import held_port

_PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text("utf-8")
_KINDS = load_plugins(notifiers, "NOTIFIER", NotifierType)
_NOTICE = Notice(
    id="a:down:1:first_fail",
    alert_id="a:down:1",
    kind=NoticeKind.FIRST_FAIL,
    subject="a",
    name="A",
    severity="P2",
    tags=(),
    at_ms=1_700_000_000_000,
    title="DOWN: A",
    text="refused",
)
_MESSAGE = Message(title="DOWN: A", text="refused", severity="P2", notices=(_NOTICE,))

every_kind = pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS)


@every_kind
def test_the_page_has_every_key_and_variable(kind: NotifierType[Any]) -> None:
    """The section of a kind has all of its keys and no others, and names its variables."""
    match = re.search(rf"^### {kind.name}$(.*?)(?=^##|\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None
    keys = re.findall(r"^\| `(\w+)` \|", match[1], re.MULTILINE)

    assert set(keys) == {str(key) for key in kind.schema}
    assert set(keys) == {field.name for field in fields(kind.options)}
    variables = [name for names in kind.environment.values() for name in names]
    assert [name for name in variables if f"`{name}`" not in match[1]] == []


@pytest.mark.parametrize("kind", [kind for kind in _KINDS.values() if kind.name != "console"])
async def test_a_dead_service_is_a_passing_error(kind: NotifierType[Any]) -> None:
    """Nobody listens: a DeliveryError that may pass, whose text has nothing of the address."""
    port = held_port()
    place: dict[str, object] = {"url": f"http://user:canary@127.0.0.1:{port}/canary"}
    if "host" in kind.example:
        place = {"host": "127.0.0.1", "port": port, "username": "canary", "password": "canary"}
    if kind.name == "apprise":
        place = {"url": f"json://canary:canary@127.0.0.1:{port}/canary"}
    keys = {**kind.example, **place}
    options = kind.options(**vol.Schema(dict(kind.schema))(keys))
    resolver = Resolver()
    transport = HttpTransport(resolver)

    with pytest.raises(DeliveryError) as caught:
        await kind.send(options, _MESSAGE, SendContext(http=transport))
    await transport.close()
    await resolver.close()

    assert not caught.value.is_permanent
    assert "canary" not in str(caught.value) + repr(options)


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL))
def test_every_example_of_the_page_is_valid(example: str, tmp_path: Path) -> None:
    """What people copy from the page loads as it is."""
    path = tmp_path / "checks.yml"
    path.write_text(example, "utf-8")
    types = load_plugins(opsmonitor.checks, "CHECK", CheckType)

    settings = load_settings(path, check_types=types, channel_types=_KINDS, env={})

    assert settings.alerts.channels


def test_a_long_text_is_cut_between_characters() -> None:
    """The limit is in bytes, and no character is cut in two."""
    assert cut_bytes("é" * 10, 20) == "é" * 10
    assert cut_bytes("é" * 11, 20) == "é" * 8 + "..."
