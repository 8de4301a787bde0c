"""Issues that a flow sees to: tokens, certificates, core checks, devices that vanished."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.ops_monitor.const import (
    CONF_CORE,
    CONF_FINGERPRINT,
    CONF_REPAIRS,
    CONF_TOKEN_ID,
    DOMAIN,
    RepairLevel,
)
from tests.ha.fake_daemon import (
    INSTANCE_ID,
    FakeDaemon,
    answering,
    error_response,
    make_check,
    make_down,
    make_reading,
)
from tests.ha.test_repairs import fix, issues
from tests.ha.tls_front import TlsFront
from tests.ha.waiting import state_of, wait_for_state, wait_until

CODE = "123456"
GIVE_BACK: tuple[str, str, dict[str, Any]] = ("DELETE", "/api/token", {})


async def is_reloaded(hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon) -> None:
    """Wait until an entry that a flow reloads is there again."""
    await hass.async_block_till_done()
    await wait_until(hass, lambda: entry.state is ConfigEntryState.LOADED)
    await daemon.wait_for_client()


def token_of(daemon: FakeDaemon, expires: timedelta | None, scope: str = "admin") -> str:
    """Let the daemon say what our token is like; return the day on which it ends."""
    until = dt_util.utcnow() + (expires or timedelta())
    told = None if expires is None else until.isoformat()
    daemon.scope, daemon.own_token = scope, {"id": "1", "expires_at": told}
    return dt_util.as_local(until).date().isoformat()


async def reload(hass: HomeAssistant, entry: MockConfigEntry, daemon: FakeDaemon) -> None:
    """Set an entry up anew."""
    streams = len(daemon.seen_last_event_ids)
    await hass.config_entries.async_reload(entry.entry_id)
    await daemon.wait_for_streams(streams + 1)


async def test_token_expires_soon(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Two weeks before its end a token is told of, with the day."""
    token_of(daemon, timedelta(days=14, hours=3))
    await reload(hass, loaded, daemon)
    assert "token_expires_soon" not in issues(hass)

    day = token_of(daemon, timedelta(days=13))
    await reload(hass, loaded, daemon)
    placeholders = issues(hass)["token_expires_soon"].translation_placeholders
    assert placeholders == {"name": "Home lab", "date": day}

    token_of(daemon, None)
    await reload(hass, loaded, daemon)
    assert "token_expires_soon" not in issues(hass)


async def test_token_comes_close_to_its_end(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Time alone brings the issue about."""
    token_of(daemon, timedelta(days=20))
    await reload(hass, loaded, daemon)
    assert "token_expires_soon" not in issues(hass)

    monkeypatch.setattr("custom_components.ops_monitor.issues.SOON", timedelta(days=21))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=7))
    await wait_until(hass, lambda: "token_expires_soon" in issues(hass))


async def test_a_code_for_a_token_that_expires(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """A new token is had by a code; the old one, which was our own, is given back."""
    token_of(daemon, timedelta(days=3), scope="read")
    hass.config_entries.async_update_entry(
        loaded, data={**loaded.data, CONF_TOKEN: "old", CONF_TOKEN_ID: "id-of-old"}
    )
    await reload(hass, loaded, daemon)
    opened, submit = await fix(hass, hass_client, "token_expires_soon")
    assert (opened["type"], opened["menu_options"]) == ("menu", ["code", "token"])
    form = await submit({"next_step_id": "code"})
    assert (form["step_id"], form["errors"]) == ("code", {})
    daemon.give(CODE, "new")
    daemon.asked.clear()

    result = await submit({"code": "000000"})
    assert result["errors"] == {"code": "wrong_code"}
    token_of(daemon, None, scope="read")
    result = await submit({"code": CODE})

    assert result["type"] == "create_entry"
    await is_reloaded(hass, loaded, daemon)
    assert (loaded.data[CONF_TOKEN], loaded.data[CONF_TOKEN_ID]) == ("new", "id-of-new")
    assert "token_expires_soon" not in issues(hass)


@pytest.mark.parametrize(
    ("scope", "instance_id", "error"),
    [("read", INSTANCE_ID, "forbidden"), ("admin", "another", "wrong_instance")],
)
async def test_a_code_that_does_not_help(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
    scope: str,
    instance_id: str,
    error: str,
) -> None:
    """A token that may only read, too, or of another daemon, is given back at once."""
    daemon.answer = answering(lambda: error_response(403, "forbidden"))
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(DOMAIN, "run_check", {"check": "web"}, blocking=True)
    daemon.answer = None
    _, submit = await fix(hass, hass_client, "read_only_token")
    await submit({"next_step_id": "code"})
    daemon.give(CODE, "new")
    token_of(daemon, None, scope=scope)
    daemon.instance_id = instance_id

    result = await submit({"code": CODE})

    assert result["errors"] == {"base": error}
    assert daemon.asked[-1] == GIVE_BACK
    assert CONF_TOKEN not in loaded.data

    daemon.instance_id = INSTANCE_ID
    daemon.give("654321", "better")
    token_of(daemon, None)
    result = await submit({"code": "654321"})
    assert result["type"] == "create_entry"
    await is_reloaded(hass, loaded, daemon)
    assert "read_only_token" not in issues(hass)


@pytest.fixture
def front(daemon: FakeDaemon, tmp_path: Path) -> Iterator[TlsFront]:
    """Return a proxy in front of the daemon, with a certificate that it signed itself."""
    proxy = TlsFront(tmp_path)
    proxy.to_port = URL(daemon.url).port or 0
    with proxy.running():
        yield proxy


@pytest.fixture
async def secured(
    hass: HomeAssistant, daemon: FakeDaemon, front: TlsFront
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry that trusts one certificate, and hears the stream."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home lab",
        unique_id=INSTANCE_ID,
        data={CONF_URL: front.url, CONF_VERIFY_SSL: True, CONF_FINGERPRINT: front.renew()},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_another_certificate(
    hass: HomeAssistant,
    secured: MockConfigEntry,
    daemon: FakeDaemon,
    front: TlsFront,
    hass_client: ClientSessionGenerator,
) -> None:
    """Nothing is sent to whoever shows another certificate, until a person trusts that one."""
    assert state_of(hass, "binary_sensor.web").state == STATE_ON
    fingerprint = front.renew()
    await wait_until(hass, lambda: "tls_certificate" in issues(hass))
    await wait_for_state(hass, "binary_sensor.web", STATE_UNAVAILABLE)

    opened, submit = await fix(hass, hass_client, "tls_certificate")
    assert (opened["type"], opened["step_id"]) == ("form", "confirm")
    shown = opened["description_placeholders"]["fingerprint"]
    assert shown.replace(":", "").lower() == fingerprint
    result = await submit({})

    assert result["type"] == "create_entry"
    await is_reloaded(hass, secured, daemon)
    assert secured.data[CONF_FINGERPRINT] == fingerprint
    assert "tls_certificate" not in issues(hass)
    await wait_for_state(hass, "binary_sensor.web", STATE_ON)


async def test_no_certificate_to_show(
    hass: HomeAssistant,
    secured: MockConfigEntry,
    daemon: FakeDaemon,
    front: TlsFront,
    hass_client: ClientSessionGenerator,
) -> None:
    """Where nothing answers any more there is nothing to trust; the issue stays."""
    front.renew()
    await wait_until(hass, lambda: "tls_certificate" in issues(hass))
    nowhere = {**secured.data, CONF_URL: daemon.url.replace("http:", "https:")}
    hass.config_entries.async_update_entry(secured, data=nowhere)

    opened, _ = await fix(hass, hass_client, "tls_certificate")

    assert (opened["type"], opened["reason"]) == ("abort", "no_certificate")
    assert "tls_certificate" in issues(hass)


async def test_a_certificate_that_turned_out_well(
    hass: HomeAssistant,
    secured: MockConfigEntry,
    daemon: FakeDaemon,
    front: TlsFront,
    hass_client: ClientSessionGenerator,
) -> None:
    """Where the certificate needs no fingerprint any more, none is kept."""
    front.renew()
    await wait_until(hass, lambda: "tls_certificate" in issues(hass))
    _, submit = await fix(hass, hass_client, "tls_certificate")
    # Without the fingerprint the daemon is reached, and whatever else is wrong is told later.
    hass.config_entries.async_update_entry(secured, data={**secured.data, CONF_VERIFY_SSL: False})
    daemon.require("another")

    result = await submit({})
    await hass.async_block_till_done()

    assert result["type"] == "create_entry"
    assert CONF_FINGERPRINT not in secured.data


async def test_no_core_checks(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Without any core check nothing would ever be shown, which is told until there is one."""
    assert issues(hass)["no_core_checks"].translation_placeholders == {"name": "Home lab"}

    daemon.put(make_check("web", core=True))
    await wait_until(hass, lambda: "no_core_checks" not in issues(hass))

    daemon.put(make_check("web"))
    await wait_until(hass, lambda: "no_core_checks" in issues(hass))


@pytest.mark.parametrize(
    "options", [{CONF_REPAIRS: RepairLevel.NONE}, {CONF_REPAIRS: RepairLevel.ALL}]
)
async def test_core_checks_are_not_needed(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, options: dict[str, str]
) -> None:
    """Whoever wants issues of all checks, or of none, needs no core checks."""
    hass.config_entries.async_update_entry(loaded, options=options)
    await reload(hass, loaded, daemon)

    assert "no_core_checks" not in issues(hass)


async def test_core_checks_are_chosen(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """What a person chooses counts as core from then on: its failure is an issue."""
    opened, submit = await fix(hass, hass_client, "no_core_checks")
    assert opened["menu_options"] == ["choose", "none"]
    await submit({"next_step_id": "choose"})
    result = await submit({CONF_CORE: []})
    assert result["errors"] == {CONF_CORE: "nothing_chosen"}

    result = await submit({CONF_CORE: ["nas"]})

    assert result["type"] == "create_entry"
    await is_reloaded(hass, loaded, daemon)
    assert loaded.options[CONF_CORE] == ["nas"]
    assert "no_core_checks" not in issues(hass)
    daemon.put(make_down("web"), make_down("nas"))
    await wait_until(hass, lambda: "check_down" in issues(hass))
    down = issues(hass)["check_down"]
    assert down.translation_placeholders is not None
    assert down.translation_placeholders["name"] == "Nas"


async def test_core_checks_are_not_wanted(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """A person may want no issues of checks at all."""
    _, submit = await fix(hass, hass_client, "no_core_checks")

    result = await submit({"next_step_id": "none"})

    assert result["type"] == "create_entry"
    await is_reloaded(hass, loaded, daemon)
    assert loaded.options[CONF_REPAIRS] == RepairLevel.NONE
    assert "no_core_checks" not in issues(hass)


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of all devices."""
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {device.name for device in found}


MANY = [f"check-{number}" for number in range(8)]


@pytest.fixture
async def crowd(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> MockConfigEntry:
    """Return an entry whose daemon has many checks, and drives."""
    added = [make_check(name) for name in MANY]
    daemon.checks |= {check["id"]: check for check in added}
    daemon.send(("inventory", {"added": added, "removed": []}), ("summary", daemon.summary()))
    daemon.read(make_reading("nvme", {"nvme0.wear_percent": 3}))
    await wait_until(hass, lambda: {"Check 7", "nvme0"} <= devices(hass, loaded))
    await wait_until(hass, lambda: hass.states.get("sensor.nvme0_wear"))
    return loaded


def lose_all(daemon: FakeDaemon) -> None:
    """Lose everything, as with an empty checks.yml."""
    removed = list(daemon.checks)
    daemon.checks, daemon.readings = {}, {}
    daemon.send(
        ("inventory", {"added": [], "removed": removed}),
        ("readings", {"readings": []}),
        ("summary", daemon.summary()),
    )


async def test_what_vanishes_at_once_is_kept(
    hass: HomeAssistant, crowd: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An empty checks.yml costs nothing: when all is back, all is as before."""
    before = devices(hass, crowd)
    checks, readings = daemon.checks, list(daemon.readings.values())

    lose_all(daemon)
    await wait_until(hass, lambda: "orphaned_devices" in issues(hass))
    placeholders = issues(hass)["orphaned_devices"].translation_placeholders
    assert placeholders == {"name": "Home lab", "count": str(len(before) - 1)}
    assert devices(hass, crowd) == before
    await wait_for_state(hass, "binary_sensor.check_7", STATE_UNAVAILABLE)

    daemon.checks = checks
    daemon.send(
        ("inventory", {"added": list(checks.values()), "removed": []}),
        ("readings", {"readings": readings}),
        ("summary", daemon.summary()),
    )
    await wait_until(hass, lambda: "orphaned_devices" not in issues(hass))
    await wait_for_state(hass, "binary_sensor.check_7", STATE_ON)
    assert devices(hass, crowd) == before


async def test_what_is_gone_for_good_is_removed(
    hass: HomeAssistant,
    crowd: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """A person says so; checks that come later on have devices again."""
    lose_all(daemon)
    await wait_until(hass, lambda: "orphaned_devices" in issues(hass))
    opened, submit = await fix(hass, hass_client, "orphaned_devices")
    assert (opened["step_id"], opened["description_placeholders"]["count"]) == ("confirm", "12")

    result = await submit({})

    assert result["type"] == "create_entry"
    await is_reloaded(hass, crowd, daemon)
    assert devices(hass, crowd) == {"Home lab"}
    assert "orphaned_devices" not in issues(hass)
    daemon.add(make_check("check-7"))
    await wait_for_state(hass, "binary_sensor.check_7", STATE_ON)


async def test_nothing_is_removed_while_the_daemon_is_away(
    hass: HomeAssistant,
    crowd: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """Without an entry that is set up nobody knows what is gone."""
    lose_all(daemon)
    await wait_until(hass, lambda: "orphaned_devices" in issues(hass))
    _, submit = await fix(hass, hass_client, "orphaned_devices")
    await hass.config_entries.async_unload(crowd.entry_id)

    result = await submit({})

    assert (result["type"], result["reason"]) == ("abort", "cannot_connect")
    assert len(devices(hass, crowd)) > 1


async def test_what_goes_bit_by_bit_is_removed(
    hass: HomeAssistant, crowd: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A few checks that are taken out of the file are meant to be gone."""
    gone = MANY[:5]
    for name in gone:
        del daemon.checks[name]
    daemon.send(("inventory", {"added": [], "removed": gone}), ("summary", daemon.summary()))

    await wait_until(hass, lambda: "Check 4" not in devices(hass, crowd))
    assert "Check 7" in devices(hass, crowd)
    assert "orphaned_devices" not in issues(hass)
