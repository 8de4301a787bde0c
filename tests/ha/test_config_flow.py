"""The config flow: every way in, every error, and that a person gets past it."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from unittest.mock import AsyncMock, patch

from aiohttp import ClientTimeout, web
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigFlowResult,
)
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)
from yarl import URL

from custom_components.ops_monitor.client import OpsMonitorClient, api
from custom_components.ops_monitor.const import (
    CONF_PROOF_ID,
    CONF_PROOF_KEY,
    DOMAIN,
    SECTION_ADVANCED,
)
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon, answering, error_response, never


@pytest.fixture(autouse=True)
def setup_entry() -> Iterator[AsyncMock]:
    """Keep entries from being set up: only the flow is looked at."""
    with patch("custom_components.ops_monitor.async_setup_entry", return_value=True) as setup_entry:
        yield setup_entry


def user_input(url: str, token: str | None = None, *, verify_ssl: bool = True) -> dict[str, Any]:
    """Return what a person fills in."""
    filled: dict[str, Any] = {CONF_URL: url, SECTION_ADVANCED: {CONF_VERIFY_SSL: verify_ssl}}
    return filled | ({CONF_TOKEN: token} if token is not None else {})


async def start(hass: HomeAssistant, way: str = "token") -> str:
    """Start the flow as a person does, and choose how to get in; return its id."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["step_id"] == "user"
    return await choose(hass, result, way)


async def choose(hass: HomeAssistant, menu: ConfigFlowResult, way: str = "token") -> str:
    """Choose how to get in; return the id of the flow."""
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["code", "token"]
    result = await fill_in(hass, menu["flow_id"], {"next_step_id": way})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, way)
    assert not result["errors"]
    return result["flow_id"]


async def fill_in(hass: HomeAssistant, flow_id: str, filled: dict[str, Any]) -> ConfigFlowResult:
    """Submit a form."""
    return await hass.config_entries.flow.async_configure(flow_id, filled)


def schema_of(result: ConfigFlowResult) -> Any:
    """Return the fields of a form."""
    assert result["data_schema"] is not None
    return result["data_schema"].schema


async def test_user_sets_up_a_daemon(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A person gives the address and gets an entry named after the daemon."""
    result = await fill_in(hass, await start(hass), user_input(daemon.url))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Home lab"
    assert result["data"] == {CONF_URL: daemon.url, CONF_VERIFY_SSL: True}
    assert result["result"].unique_id == INSTANCE_ID


async def test_token_is_stored_without_blanks(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A token that was pasted with blanks around it works."""
    daemon.require("s3cret")

    result = await fill_in(
        hass, await start(hass), user_input(daemon.url, " s3cret ", verify_ssl=False)
    )

    assert result["data"] == {
        CONF_URL: daemon.url,
        CONF_TOKEN: "s3cret",
        CONF_VERIFY_SSL: False,
    }


@pytest.mark.parametrize(
    "typed", ["  {}  ", "{}/", "{}/?page=1#top"], ids=["blanks", "slash", "page"]
)
async def test_address_is_cleaned(hass: HomeAssistant, daemon: FakeDaemon, typed: str) -> None:
    """An address as a browser shows it is as good as a bare one."""
    result = await fill_in(hass, await start(hass), user_input(typed.format(daemon.url)))

    assert result["data"][CONF_URL] == daemon.url


async def test_address_without_scheme(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """Host and port alone mean http."""
    typed = daemon.url.removeprefix("http://")

    result = await fill_in(hass, await start(hass), user_input(typed))

    assert result["data"][CONF_URL] == daemon.url


@pytest.mark.parametrize(
    "typed",
    ["", "http://", "ftp://host", "http://host:99999", "http://user:word@host", "http://[::1"],
)
async def test_address_that_is_none(hass: HomeAssistant, daemon: FakeDaemon, typed: str) -> None:
    """What cannot be an address is said to be none, beside the field; then a good one works."""
    flow_id = await start(hass)

    result = await fill_in(hass, flow_id, user_input(typed))
    assert result["errors"] == {CONF_URL: "invalid_url"}

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (lambda: error_response(401, "unauthorized"), "invalid_auth"),
        (lambda: error_response(403, "forbidden"), "forbidden"),
        (lambda: error_response(403, "host_not_allowed"), "host_not_allowed"),
        (lambda: error_response(429, "too_many_requests"), "cannot_connect"),
        (lambda: error_response(503, "not_ready"), "cannot_connect"),
        (lambda: error_response(404, "not_found"), "not_ops_monitor"),
        (lambda: web.Response(status=401, text="log in first"), "not_ops_monitor"),
        (lambda: web.json_response({"error": "no"}, status=403), "not_ops_monitor"),
        (lambda: web.Response(status=302, headers={"Location": "/login"}), "not_ops_monitor"),
        (lambda: web.Response(text="<html>", content_type="text/html"), "not_ops_monitor"),
        (lambda: web.Response(text="{", content_type="application/json"), "not_ops_monitor"),
        (lambda: web.json_response(["a list"]), "not_ops_monitor"),
        (lambda: web.json_response({"version": "1"}), "not_ops_monitor"),
        (lambda: web.json_response("x" * 2_000_000), "not_ops_monitor"),
    ],
)
async def test_answers_that_are_errors(
    hass: HomeAssistant, daemon: FakeDaemon, response: Any, error: str
) -> None:
    """Each wrong answer has its message; what was typed stays, and the next try works."""
    daemon.answer = answering(response)
    flow_id = await start(hass)

    result = await fill_in(hass, flow_id, user_input(daemon.url, "tok"))
    assert result["errors"] == {"base": error}
    schema = schema_of(result)
    assert get_schema_suggested_value(schema, CONF_URL) == daemon.url

    daemon.answer = None
    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_nobody_answers(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A daemon that does not run cannot be reached; once it runs, it can."""
    await daemon.stop()
    flow_id = await start(hass)

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "cannot_connect"}

    await daemon.start()
    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_answer_takes_too_long(
    hass: HomeAssistant, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that hangs is not waited for; once it answers, it is set up."""
    daemon.answer = never
    flow_id = await start(hass)

    with monkeypatch.context() as patched:
        patched.setattr(api, "REQUEST_LIMITS", ClientTimeout(total=0.05))
        result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "timeout_connect"}

    daemon.answer = None
    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_no_secure_connection(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """Speaking https to a daemon that speaks http is told apart from one that does not run."""
    flow_id = await start(hass)

    result = await fill_in(hass, flow_id, user_input(daemon.url.replace("http:", "https:")))
    assert result["errors"] == {"base": "ssl_error"}

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("level", "needs"), [(0, 0), (9, 2)], ids=["old daemon", "new daemon"])
async def test_levels_that_do_not_fit(
    hass: HomeAssistant, daemon: FakeDaemon, level: int, needs: int
) -> None:
    """A daemon of another age is refused until one of both is updated."""
    daemon.api_version, daemon.min_client_version = level, needs
    flow_id = await start(hass)

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "unsupported_version"}

    daemon.api_version, daemon.min_client_version = 9, 1
    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_mistake_of_ours(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A bug is told as something unexpected; the form can be sent again."""
    flow_id = await start(hass)

    with patch.object(OpsMonitorClient, "info", side_effect=RuntimeError("a bug")):
        result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "unknown"}

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_daemon_is_set_up_once(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """The same daemon at another address is still the same."""
    await daemon.move()

    result = await fill_in(hass, await start(hass), user_input(daemon.url))

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reauth(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """A new token is taken when it works, and only then."""
    daemon.require("new")
    menu = await entry.start_reauth_flow(hass)
    assert menu["step_id"] == "reauth_confirm"
    assert menu["description_placeholders"] == {"name": "Home lab", "url": daemon.url}
    flow_id = await choose(hass, menu)

    result = await fill_in(hass, flow_id, {CONF_TOKEN: "old"})
    assert result["errors"] == {"base": "invalid_auth"}

    result = await fill_in(hass, flow_id, {CONF_TOKEN: "new"})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert entry.data == {CONF_URL: daemon.url, CONF_VERIFY_SSL: True, CONF_TOKEN: "new"}


async def test_reauth_of_another_daemon(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A token for whoever took over the address is not stored."""
    daemon.instance_id = "another"
    flow_id = await choose(hass, await entry.start_reauth_flow(hass))

    result = await fill_in(hass, flow_id, {CONF_TOKEN: "new"})

    assert result["reason"] == "unique_id_mismatch"
    assert CONF_TOKEN not in entry.data


async def test_reconfigure(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """The form shows what is stored; a daemon that moved is found again."""
    await daemon.stop()
    menu = await entry.start_reconfigure_flow(hass)
    assert (menu["step_id"], menu["description_placeholders"]) == (
        "reconfigure",
        {"name": "Home lab"},
    )
    result = await fill_in(hass, menu["flow_id"], {"next_step_id": "token"})
    assert get_schema_suggested_value(schema_of(result), CONF_URL) == daemon.url

    result = await fill_in(hass, menu["flow_id"], user_input(daemon.url, "tok"))
    assert result["errors"] == {"base": "cannot_connect"}

    await daemon.move()
    result = await fill_in(hass, menu["flow_id"], user_input(daemon.url, "tok", verify_ssl=False))
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_URL: daemon.url, CONF_VERIFY_SSL: False, CONF_TOKEN: "tok"}


async def test_reconfigure_keeps_the_token_to_itself(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """The stored token is not shown to the browser, and stays if none is typed."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "tok"})
    daemon.require("tok")
    menu = await entry.start_reconfigure_flow(hass)
    form = await fill_in(hass, menu["flow_id"], {"next_step_id": "token"})
    assert get_schema_suggested_value(schema_of(form), CONF_TOKEN) is None

    result = await fill_in(hass, menu["flow_id"], user_input(daemon.url, verify_ssl=False))
    await hass.async_block_till_done()

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_URL: daemon.url, CONF_VERIFY_SSL: False, CONF_TOKEN: "tok"}


async def test_stored_token_is_not_sent_to_where_nothing_can_be_proven(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Without a key to know the daemon by, another address needs the token to be typed."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "tok"})
    daemon.require("tok")
    await daemon.move()
    flow_id = await choose(hass, await entry.start_reconfigure_flow(hass))

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "not_proven"}

    result = await fill_in(hass, flow_id, user_input(daemon.url, "tok"))
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"


async def test_reconfigure_to_another_daemon(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """An entry stays with its daemon: devices and history belong to it."""
    daemon.instance_id = "another"
    flow_id = await choose(hass, await entry.start_reconfigure_flow(hass))

    result = await fill_in(hass, flow_id, user_input(daemon.url))

    assert result["reason"] == "unique_id_mismatch"


def found(daemon: FakeDaemon, *, host: str = "127.0.0.1", **properties: str) -> ZeroconfServiceInfo:
    """Return how a daemon announces itself."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=URL(daemon.url).port,
        hostname="server.local.",
        type="_ops-monitor._tcp.local.",
        name="Ops Monitor server._ops-monitor._tcp.local.",
        properties={"id": INSTANCE_ID, "name": "Ops Monitor (server)", "path": "/", **properties},
    )


def ignore(hass: HomeAssistant) -> None:
    """Ignore the discovery of the daemon, as a person may."""
    MockConfigEntry(
        domain=DOMAIN, source=SOURCE_IGNORE, unique_id=INSTANCE_ID, data={}
    ).add_to_hass(hass)


async def discover(hass: HomeAssistant, service: ZeroconfServiceInfo) -> ConfigFlowResult:
    """Start the flow as Home Assistant does when something announces itself."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=service
    )


async def test_discovered_daemon(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A daemon that announces itself is set up by a click, once it gets its token."""
    daemon.require("s3cret")
    result = await discover(hass, found(daemon))
    assert result["step_id"] == "discovery_confirm"
    assert result["description_placeholders"] == {"name": "Ops Monitor (server)", "url": daemon.url}

    flow_id = await choose(hass, result)
    result = await fill_in(hass, flow_id, {})
    assert result["errors"] == {"base": "invalid_auth"}

    result = await fill_in(hass, flow_id, {CONF_TOKEN: "s3cret"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        CONF_URL: daemon.url,
        CONF_TOKEN: "s3cret",
        CONF_VERIFY_SSL: True,
    }


@pytest.mark.parametrize(
    ("properties", "url"),
    [
        ({}, "http://127.0.0.1:{port}"),
        ({"tls": "1"}, "https://127.0.0.1:{port}"),
        ({"path": "/ops/"}, "http://127.0.0.1:{port}/ops"),
    ],
)
async def test_discovered_address(
    hass: HomeAssistant, daemon: FakeDaemon, properties: dict[str, str], url: str
) -> None:
    """The address is put together from what is announced."""
    result = await discover(hass, found(daemon, **properties))

    assert result["description_placeholders"]
    assert result["description_placeholders"]["url"] == url.format(port=URL(daemon.url).port)


@pytest.mark.parametrize("properties", [{"id": ""}, {"path": "x"}, {"path": "@example.org/"}])
async def test_discovered_stranger(
    hass: HomeAssistant, daemon: FakeDaemon, properties: dict[str, str]
) -> None:
    """What does not say who it is, or where, cannot be set up."""
    result = await discover(hass, found(daemon, **properties))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_ops_monitor")


async def test_discovered_without_a_port(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """What cannot be asked is not offered."""
    result = await discover(hass, replace(found(daemon), port=None))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_ops_monitor")


async def test_discovered_again_after_it_was_ignored(
    hass: HomeAssistant, daemon: FakeDaemon
) -> None:
    """Who ignores a daemon is not asked again, however often it announces itself."""
    ignore(hass)

    result = await discover(hass, found(daemon))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_discovered_daemon_is_another(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """If another one answers than announced itself, and it is set up already, that is all."""
    known = MockConfigEntry(domain=DOMAIN, unique_id=INSTANCE_ID, data={CONF_URL: "http://a.b"})
    known.add_to_hass(hass)
    flow_id = await choose(hass, await discover(hass, found(daemon, id="announced")))

    result = await fill_in(hass, flow_id, {})

    assert result["reason"] == "already_configured"


KEY = "5a" * 32


def known_at(hass: HomeAssistant, url: str) -> MockConfigEntry:
    """Return an entry of the daemon, with a secret that is for that daemon only."""
    known = MockConfigEntry(
        domain=DOMAIN,
        unique_id=INSTANCE_ID,
        data={
            CONF_URL: url,
            CONF_VERIFY_SSL: True,
            CONF_TOKEN: "s3cret",
            CONF_PROOF_ID: "c0" * 16,
            CONF_PROOF_KEY: KEY,
        },
    )
    known.add_to_hass(hass)
    return known


async def test_daemon_has_another_address(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A number that changed is followed, once the daemon has proven there who it is."""
    daemon.require("s3cret")
    daemon.proof_key = KEY
    known = known_at(hass, daemon.url)
    await daemon.move()

    result = await discover(hass, found(daemon))
    await hass.async_block_till_done()

    assert result["reason"] == "already_configured"
    assert known.data[CONF_URL] == daemon.url
    assert daemon.shown_to_strangers == [None, None]


@pytest.mark.parametrize(
    ("key", "origin"), [("5b" * 32, None), (None, None), (KEY, "http://192.0.2.1:8060")]
)
async def test_an_impostor_gets_no_token(
    hass: HomeAssistant, daemon: FakeDaemon, key: str | None, origin: str | None
) -> None:
    """Who knows the id, which is no secret, and has no proof or a foreign one, is not followed."""
    known = known_at(hass, daemon.url)
    before = daemon.url
    daemon.proof_key, daemon.signed_origin = key, origin
    await daemon.move()

    result = await discover(hass, found(daemon))
    await hass.async_block_till_done()

    assert result["reason"] == "already_configured"
    assert known.data[CONF_URL] == before
    assert daemon.shown_to_strangers == [None, None]


async def test_a_person_is_asked_where_nothing_can_be_proven(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """An entry without a key follows only a person's word, and shows both addresses."""
    before = daemon.url
    await daemon.move()

    result = await discover(hass, found(daemon))

    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "moved")
    assert result["description_placeholders"] == {
        "name": "Home lab",
        "url": before,
        "new_url": daemon.url,
    }
    assert entry.data[CONF_URL] == before

    result = await fill_in(hass, result["flow_id"], {})
    await hass.async_block_till_done()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "moved")
    assert entry.data[CONF_URL] == daemon.url


async def test_a_daemon_that_is_back_has_not_moved(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Whoever claimed its place while it was away gets nothing when a person looks later."""
    before = daemon.url
    impostor = FakeDaemon()
    await daemon.stop()
    await impostor.start()
    try:
        result = await discover(hass, found(impostor))
        assert result["step_id"] == "moved"
        await daemon.start()

        result = await fill_in(hass, result["flow_id"], {})
        await hass.async_block_till_done()
    finally:
        await impostor.stop()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_moved")
    assert entry.data[CONF_URL] == before


async def test_an_entry_that_was_removed_does_not_move(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A question that outlives its entry ends with a word, and not with an error."""
    await daemon.move()
    result = await discover(hass, found(daemon))
    assert result["step_id"] == "moved"
    await hass.config_entries.async_remove(entry.entry_id)

    result = await fill_in(hass, result["flow_id"], {})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_moved")


async def test_a_kept_token_goes_to_the_same_daemon_only(
    hass: HomeAssistant, daemon: FakeDaemon
) -> None:
    """Elsewhere the stored token is sent after a proof; without one a person types it."""
    daemon.require("s3cret")
    known = known_at(hass, daemon.url)
    await daemon.move()
    flow_id = await choose(hass, await known.start_reconfigure_flow(hass))

    result = await fill_in(hass, flow_id, user_input(daemon.url))
    assert result["errors"] == {"base": "not_proven"}
    assert daemon.shown_to_strangers == [None]
    result = await fill_in(hass, flow_id, user_input(daemon.url, "s3cret"))
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"

    daemon.proof_key = KEY
    await daemon.move()
    flow_id = await choose(hass, await known.start_reconfigure_flow(hass))
    result = await fill_in(hass, flow_id, user_input(daemon.url))
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert (known.data[CONF_URL], known.data[CONF_TOKEN]) == (daemon.url, "s3cret")
    assert known.data[CONF_PROOF_KEY] == KEY


async def test_without_a_key_nothing_is_kept(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Where there is nothing to know the daemon by, the token has to be typed again."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "s3cret"})
    daemon.require("s3cret")
    await daemon.move()
    flow_id = await choose(hass, await entry.start_reconfigure_flow(hass))

    result = await fill_in(hass, flow_id, user_input(daemon.url))

    assert result["errors"] == {"base": "not_proven"}
    assert daemon.shown_to_strangers == []


async def test_the_key_comes_with_the_entry(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A daemon that can prove who it is gives a key when it is set up."""
    daemon.capabilities.append("prove")
    daemon.replies["/api/proof-key"] = {"id": "c0" * 16, "key": KEY}

    result = await fill_in(hass, await start(hass), user_input(daemon.url))

    assert (result["data"][CONF_PROOF_ID], result["data"][CONF_PROOF_KEY]) == ("c0" * 16, KEY)


@pytest.mark.parametrize(
    "stored",
    ["http://ops.example.org", "https://ops.example.org", "https://127.0.0.1:8060"],
)
async def test_address_is_not_what_is_announced(
    hass: HomeAssistant, daemon: FakeDaemon, stored: str
) -> None:
    """A name that a person chose is kept, and what was encrypted is not sent in clear."""
    known = known_at(hass, stored)

    result = await discover(hass, found(daemon))
    await hass.async_block_till_done()

    assert result["reason"] == "already_configured"
    assert known.data[CONF_URL] == stored
    assert daemon.shown_to_strangers == []


@pytest.mark.parametrize("answers", ["the same", "another", None])
async def test_announcement_of_somebody_else(
    hass: HomeAssistant, daemon: FakeDaemon, answers: str | None
) -> None:
    """A daemon that is where it was stays there; without it, only itself is followed."""
    before = daemon.url
    known = known_at(hass, before)
    other = FakeDaemon()
    if answers == "another":
        await daemon.stop()
        other.instance_id = "another"
    elif answers is None:
        await daemon.stop()
        other.answer = answering(lambda: error_response(503, "not_ready"))
    await other.start()

    result = await discover(hass, found(other))
    await hass.async_block_till_done()
    await other.stop()

    assert result["reason"] == "already_configured"
    assert known.data[CONF_URL] == before
    assert other.shown_to_strangers == ([] if answers == "the same" else [None])


async def test_announcement_of_what_is_known(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A daemon that announces the address that is stored need not be asked."""
    known_at(hass, daemon.url)

    result = await discover(hass, found(daemon))

    assert result["reason"] == "already_configured"
    assert daemon.shown_to_strangers == []


@pytest.mark.parametrize(
    ("step", "filled"),
    [
        (
            "import",
            {
                "tags": ["lab"],
                "excluded": ["web"],
                "excluded_readings": ["host"],
                "guests": True,
                "details": "always",
            },
        ),
        (
            "behaviour",
            {
                "fallback_s": 30,
                "replay_events": True,
                "heartbeat": True,
                "heartbeat_check": "ha",
                "restart_checks": ["ha"],
                "allow_actions": True,
                "assist": False,
            },
        ),
        ("notifications", {"repairs": "all", "core": ["web"]}),
    ],
)
async def test_options(
    hass: HomeAssistant, entry: MockConfigEntry, step: str, filled: dict[str, Any]
) -> None:
    """Each page of the preferences keeps what was chosen on the others."""
    hass.config_entries.async_update_entry(entry, options={"kept": 1})
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": step}
    )
    assert form["type"] is FlowResultType.FORM

    result = await hass.config_entries.options.async_configure(form["flow_id"], filled)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"kept": 1, **filled}
