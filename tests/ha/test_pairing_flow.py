"""Ways into a daemon other than a token that is typed: a code, a certificate, the Supervisor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from aiohttp import web
from homeassistant.config_entries import SOURCE_HASSIO, SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import (
    CONF_CODE,
    CONF_FINGERPRINT,
    CONF_TOKEN_ID,
    DOMAIN,
    SECTION_ADVANCED,
)
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon, answering, error_response
from tests.ha.test_config_flow import discover, found, ignore
from tests.ha.tls_front import TlsFront

CODE = "123456"
GIVE_BACK: tuple[str, str, dict[str, Any]] = ("DELETE", "/api/token", {})


@pytest.fixture(autouse=True)
def setup_entry() -> Iterator[AsyncMock]:
    """Keep entries from being set up: only the flow is looked at."""
    with patch("custom_components.ops_monitor.async_setup_entry", return_value=True) as setup_entry:
        yield setup_entry


@pytest.fixture
def paired(hass: HomeAssistant, daemon: FakeDaemon) -> MockConfigEntry:
    """Return an entry that got its token for a code."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home lab",
        unique_id=INSTANCE_ID,
        data={
            CONF_URL: daemon.url,
            CONF_VERIFY_SSL: True,
            CONF_TOKEN: "old",
            CONF_TOKEN_ID: "id-of-old",
        },
    )
    entry.add_to_hass(hass)
    return entry


def filled(daemon: FakeDaemon | TlsFront, **values: str) -> dict[str, Any]:
    """Return what a person fills in."""
    return {CONF_URL: daemon.url, SECTION_ADVANCED: {CONF_VERIFY_SSL: True}, **values}


async def submit(hass: HomeAssistant, flow_id: str, values: dict[str, Any]) -> ConfigFlowResult:
    """Submit a step."""
    return await hass.config_entries.flow.async_configure(flow_id, values)


async def choose(hass: HomeAssistant, menu: ConfigFlowResult, way: str) -> str:
    """Choose from a menu."""
    result = await submit(hass, menu["flow_id"], {"next_step_id": way})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, way)
    return result["flow_id"]


async def start(hass: HomeAssistant, way: str) -> str:
    """Start the flow as a person does, and choose how to get in."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await choose(hass, menu, way)


def asked(daemon: FakeDaemon) -> list[str]:
    """Return what was asked for, without what a test does not look at."""
    return [f"{method} {path}" for method, path, _ in daemon.asked]


async def test_a_code_gives_a_token(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """A person types six digits; the entry has a token of its own, and knows that it has."""
    daemon.give(CODE, "made")

    result = await submit(hass, await start(hass, "code"), filled(daemon, code="123 456"))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        CONF_URL: daemon.url,
        CONF_VERIFY_SSL: True,
        CONF_TOKEN: "made",
        CONF_TOKEN_ID: "id-of-made",
    }
    assert daemon.asked[0][2] == {"code": "123 456", "client": "Home Assistant (test home)"}


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        (error_response(404, "unknown_code"), {CONF_CODE: "wrong_code"}),
        (error_response(429, "too_many_requests"), {"base": "too_many_codes"}),
        (error_response(409, "too_many"), {"base": "refused"}),
        (error_response(503, "store_unavailable"), {"base": "cannot_connect"}),
        (web.json_response({"token": ""}), {"base": "not_ops_monitor"}),
        (error_response(404, "not_found"), {"base": "not_ops_monitor"}),
    ],
)
async def test_a_code_that_gives_nothing(
    hass: HomeAssistant, daemon: FakeDaemon, answer: web.Response, errors: dict[str, str]
) -> None:
    """Each refusal has its message, and a code that is right works afterwards."""
    daemon.replies["/api/pair"] = answer
    flow_id = await start(hass, "code")

    result = await submit(hass, flow_id, filled(daemon, code="000000"))
    assert result["errors"] == errors

    daemon.give(CODE, "made")
    result = await submit(hass, flow_id, filled(daemon, code=CODE))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_code_for_no_address(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """An address that is none costs no code."""
    daemon.give(CODE, "made")
    flow_id = await start(hass, "code")

    result = await submit(hass, flow_id, {**filled(daemon, code=CODE), CONF_URL: "ftp://x"})
    assert result["errors"] == {CONF_URL: "invalid_url"}

    result = await submit(hass, flow_id, filled(daemon, code=CODE))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_a_code_gave_is_not_lost(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """When the daemon goes away just after it gave the token, the same form works later on."""
    daemon.give(CODE, "made")
    daemon.api_version = 0
    flow_id = await start(hass, "code")
    result = await submit(hass, flow_id, filled(daemon, code=CODE))
    assert result["errors"] == {"base": "unsupported_version"}

    daemon.api_version = 1
    result = await submit(hass, flow_id, filled(daemon, code=CODE))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert asked(daemon) == ["POST /api/pair"]


async def test_a_code_of_a_daemon_that_is_set_up(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A token that nobody needs is given back at once."""
    daemon.give(CODE, "made")

    result = await submit(hass, await start(hass, "code"), filled(daemon, code=CODE))

    assert result["reason"] == "already_configured"
    assert daemon.asked[-1] == GIVE_BACK


async def test_a_code_for_a_daemon_that_was_ignored(
    hass: HomeAssistant, daemon: FakeDaemon
) -> None:
    """Who changes his mind and adds the daemon by hand gets an entry with a token that works."""
    ignore(hass)
    daemon.give(CODE, "made")

    result = await submit(hass, await start(hass, "code"), filled(daemon, code=CODE))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_TOKEN] == "made"
    assert asked(daemon) == ["POST /api/pair"]


async def test_a_code_for_a_daemon_that_was_found(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """All that a daemon in the network takes is the six digits."""
    daemon.give(CODE, "made")
    menu = await discover(hass, found(daemon))
    assert menu["description_placeholders"] == {"name": "Ops Monitor (server)", "url": daemon.url}

    result = await submit(hass, await choose(hass, menu, "code"), {CONF_CODE: CODE})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_TOKEN] == "made"


async def test_a_person_is_faster_than_the_discovery(
    hass: HomeAssistant, daemon: FakeDaemon
) -> None:
    """A daemon that waits under Discovered can be set up by hand all the same."""
    await discover(hass, found(daemon))

    result = await submit(hass, await start(hass, "token"), filled(daemon))
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_a_code_in_place_of_a_refused_token(
    hass: HomeAssistant, daemon: FakeDaemon, paired: MockConfigEntry
) -> None:
    """Who is shut out is let in again by a code; what was wrong before can be corrected."""
    daemon.give(CODE, "new")
    flow_id = await choose(hass, await paired.start_reauth_flow(hass), "code")

    result = await submit(hass, flow_id, {CONF_CODE: "000000"})
    assert result["errors"] == {CONF_CODE: "wrong_code"}

    result = await submit(hass, flow_id, {CONF_CODE: CODE})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert (paired.data[CONF_TOKEN], paired.data[CONF_TOKEN_ID]) == ("new", "id-of-new")


async def test_a_code_of_another_daemon(
    hass: HomeAssistant, daemon: FakeDaemon, paired: MockConfigEntry
) -> None:
    """A token of whoever took over the address is given back, and nothing is changed."""
    daemon.give(CODE, "new")
    daemon.instance_id = "another"
    flow_id = await choose(hass, await paired.start_reconfigure_flow(hass), "code")

    result = await submit(hass, flow_id, filled(daemon, code=CODE))

    assert result["reason"] == "unique_id_mismatch"
    assert daemon.asked[-1] == GIVE_BACK
    assert paired.data[CONF_TOKEN] == "old"


async def test_pairing_anew_gives_the_old_token_back(
    hass: HomeAssistant, daemon: FakeDaemon, paired: MockConfigEntry
) -> None:
    """Two tokens for one entry are one too many, even if the daemon does not answer to that."""
    daemon.give(CODE, "new")
    flow_id = await choose(hass, await paired.start_reconfigure_flow(hass), "code")
    with patch.object(OpsMonitorClient, "give_token_back", autospec=True) as give_back:
        result = await submit(hass, flow_id, filled(daemon, code=CODE))
    await hass.async_block_till_done()

    assert result["reason"] == "reconfigure_successful"
    assert paired.data[CONF_TOKEN] == "new"
    assert give_back.await_count == 1


@pytest.mark.parametrize("typed", [{}, {"token": "old"}])
@pytest.mark.parametrize("instance_id", [INSTANCE_ID, "another"])
async def test_a_token_that_stays_is_not_given_back(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    paired: MockConfigEntry,
    typed: dict[str, str],
    instance_id: str,
) -> None:
    """Who types no other token keeps the one that there is, and that it is the entry's own."""
    daemon.instance_id = instance_id
    flow_id = await choose(hass, await paired.start_reconfigure_flow(hass), "token")

    await submit(hass, flow_id, filled(daemon, **typed))
    await hass.async_block_till_done()

    assert daemon.asked == []
    assert (paired.data[CONF_TOKEN], paired.data[CONF_TOKEN_ID]) == ("old", "id-of-old")


@pytest.mark.parametrize("is_away", [False, True])
async def test_an_entry_that_is_removed_gives_its_token_back(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    paired: MockConfigEntry,
    is_away: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Nothing is left at the daemon; one that is away does not keep anybody from removing."""
    daemon.answer = answering(lambda: error_response(503, "not_ready")) if is_away else None

    await hass.config_entries.async_remove(paired.entry_id)

    assert asked(daemon) == ([] if is_away else ["DELETE /api/token"])
    assert not hass.config_entries.async_entries(DOMAIN)


async def test_a_token_of_others_is_not_given_back(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A token that a person typed may be used elsewhere."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "shared"})

    await hass.config_entries.async_remove(entry.entry_id)

    assert daemon.asked == []


@pytest.fixture
def front(daemon: FakeDaemon, tmp_path: Path) -> Iterator[TlsFront]:
    """Return a proxy in front of the daemon, with a certificate that it signed itself."""
    proxy = TlsFront(tmp_path)
    proxy.to_port = URL(daemon.url).port or 0
    with proxy.running():
        yield proxy


@pytest.mark.parametrize("way", ["code", "token"])
async def test_a_certificate_that_nobody_knows(
    hass: HomeAssistant, daemon: FakeDaemon, front: TlsFront, way: str
) -> None:
    """A person is shown its fingerprint; once trusted, what was filled in before works."""
    fingerprint = front.renew()
    daemon.give(CODE, "made")
    typed = {"code": CODE} if way == "code" else {"token": "made"}

    result = await submit(hass, await start(hass, way), filled(front, **typed))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "trust")
    assert result["description_placeholders"]
    assert result["description_placeholders"]["url"] == front.url
    shown = result["description_placeholders"]["fingerprint"]
    assert shown.replace(":", "").lower() == fingerprint

    result = await submit(hass, result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_FINGERPRINT] == fingerprint
    assert result["data"][CONF_TOKEN] == "made"


async def test_a_trusted_certificate_does_not_mend_a_wrong_token(
    hass: HomeAssistant, daemon: FakeDaemon, front: TlsFront
) -> None:
    """After trusting, the form comes back with its error, and goes on from there."""
    front.renew()
    daemon.require("right")
    flow_id = await start(hass, "token")
    await submit(hass, flow_id, filled(front, token="wrong"))  # noqa: S106 - as it says

    result = await submit(hass, flow_id, {})
    assert (result["step_id"], result["errors"]) == ("token", {"base": "invalid_auth"})

    result = await submit(hass, flow_id, filled(front, token="right"))  # noqa: S106 - as above
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("source", ["reauth", "reconfigure"])
async def test_a_trusted_certificate_stays_trusted(
    hass: HomeAssistant, daemon: FakeDaemon, front: TlsFront, source: str
) -> None:
    """Who trusted a certificate is asked again only if another one is shown."""
    fingerprint = front.renew()
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=INSTANCE_ID,
        data={
            CONF_URL: front.url,
            CONF_VERIFY_SSL: True,
            CONF_TOKEN: "old",
            CONF_FINGERPRINT: fingerprint,
        },
    )
    entry.add_to_hass(hass)
    is_reauth = source == "reauth"
    begin = entry.start_reauth_flow if is_reauth else entry.start_reconfigure_flow
    typed = {CONF_TOKEN: "new"} if is_reauth else filled(front, token="new")  # noqa: S106 - fake

    result = await submit(hass, await choose(hass, await begin(hass), "token"), typed)
    await hass.async_block_till_done()
    assert result["reason"] == f"{source}_successful"
    assert entry.data[CONF_FINGERPRINT] == fingerprint

    other = front.renew()
    result = await submit(hass, await choose(hass, await begin(hass), "token"), typed)
    assert result["step_id"] == "trust"
    await submit(hass, result["flow_id"], {})
    await hass.async_block_till_done()
    assert entry.data[CONF_FINGERPRINT] == other


def app(daemon: FakeDaemon, **config: Any) -> HassioServiceInfo:
    """Return how the Supervisor announces an app."""
    port = URL(daemon.url).port
    return HassioServiceInfo(
        config={"host": "127.0.0.1", "port": port, **config},
        name="Ops Monitor",
        slug="ops_monitor",
        uuid="1234",
    )


async def announce(hass: HomeAssistant, service: HassioServiceInfo) -> ConfigFlowResult:
    """Start the flow as the Supervisor does."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_HASSIO}, data=service
    )


async def test_an_app_is_set_up_by_a_click(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """An app that announces its token asks for nothing."""
    daemon.require("of-the-app")
    result = await announce(hass, app(daemon, token="of-the-app"))  # noqa: S106 - fake
    assert result["step_id"] == "hassio_confirm"
    assert result["description_placeholders"] == {"name": "Ops Monitor", "url": daemon.url}

    result = await submit(hass, result["flow_id"], {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        CONF_URL: daemon.url,
        CONF_VERIFY_SSL: True,
        CONF_TOKEN: "of-the-app",
    }
    assert result["result"].unique_id == INSTANCE_ID


async def test_an_app_without_a_token(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """An app that says who it is can be let in like any other daemon."""
    daemon.give(CODE, "made")
    menu = await announce(hass, app(daemon, id=INSTANCE_ID))

    result = await submit(hass, await choose(hass, menu, "code"), {CONF_CODE: CODE})

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"host": ""}, "not_ops_monitor"),
        ({"port": None}, "not_ops_monitor"),
        ({"port": "x"}, "not_ops_monitor"),
        ({"ssl": True}, "cannot_connect"),
        ({}, "cannot_connect"),
    ],
)
async def test_an_app_that_is_no_daemon(
    hass: HomeAssistant, daemon: FakeDaemon, config: dict[str, Any], reason: str
) -> None:
    """What is announced without an address, or without anybody there, is not offered."""
    daemon.require("secret")

    result = await announce(hass, app(daemon, **config))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)


async def test_an_app_that_is_set_up(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """An app that has another address than before is followed, as any daemon is."""
    before = daemon.url
    await daemon.move()

    result = await announce(hass, app(daemon))
    await hass.async_block_till_done()

    assert result["reason"] == "already_configured"
    assert entry.data[CONF_URL] == daemon.url != before
