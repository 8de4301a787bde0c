"""Drives and a FRITZ!Box as their user sees them: from checks.yml to the API."""

from __future__ import annotations

from tests.daemon.fritz_box import PASSWORD, FritzBox, plugged_in
from tests.daemon.process.running import Daemon


async def test_a_box_and_what_stays_of_it(daemon: Daemon) -> None:
    """When it is gone, what was read stays beside the reason."""
    box = FritzBox()
    async with plugged_in(box) as port:
        boxes = f"{{home: {{host: 127.0.0.1, port: {port}, password: {PASSWORD}}}}}"
        daemon.config.write_text(f"fritz: {{interval_s: 1, boxes: {boxes}}}\nchecks: []\n")
        await daemon.start()

        await daemon.until("/api/fritz", lambda body: body["boxes"]["home"]["status"] == "ok")
        found = await daemon.get("/api/fritz")
        value = await daemon.get("/api/values?name=fritz.home.down_sync_mbit_s")
        # Drives need no section; where there are none, or none may be read, that is said.
        await daemon.until("/api/nvme", lambda body: body["last_fetch_ts"] is not None)
        drives = await daemon.get("/api/nvme")

    await daemon.until("/api/fritz", lambda body: body["boxes"]["home"]["last_error"] is not None)
    left = (await daemon.get("/api/fritz"))["boxes"]["home"]

    assert found["boxes"]["home"]["wan"]["up"] is True
    assert value["value"] == 249.065
    assert drives["drives"] or drives["status"] == "unsupported"
    assert (left["model"], left["wan"]["external_ipv4"]) == ("FRITZ!Box 7590", "203.0.113.33")
    assert "127.0.0.1" in left["last_error"]
    assert PASSWORD not in daemon.log
