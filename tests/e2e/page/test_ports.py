"""The page of ports in a browser, with processes that call themselves what they like."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import socket
import subprocess
import sys
from typing import Final

from playwright.sync_api import Browser, expect
import pytest

from tests.e2e.page.bench import OpenPage, live, running_daemon

EVIL: Final = "</script><script>alert(1)</script>"
_LISTENER: Final = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", [EVIL, "<img src=x onerror=alert(1)>"])
def test_a_hostile_process_runs_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    """Its name and its arguments are text of the page, and can be searched for."""
    page_file = tmp_path / "ports.html"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", _LISTENER, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        subprocess.run(  # noqa: S603 - as above
            [sys.executable, "-m", "opsmonitor", "ports", "--html", str(page_file)],
            check=True,
            timeout=120,
        )
        process.kill()
    page = browser.new_page()
    dialogs: list[str] = []
    faults: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))

    page.goto(page_file.as_uri())
    row = page.locator(f'tr[data-port="{port}"]')
    expect(row).to_contain_text(name[:15])
    page.get_by_label("Find").fill(f"{port} python")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.get_by_label("Is port").fill(port)
    expect(page.locator("#free")).to_have_text("in use")
    shown = row.inner_text()
    page.close()

    assert name in shown
    assert dialogs == []
    assert faults == []


def _listen() -> socket.socket:
    """Listen at a port that the kernel would not choose by itself."""
    for port in range(20_000, 20_200):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise AssertionError("no port is free")


@pytest.mark.timeout(300)
def test_a_new_listener_appears_on_the_page(tmp_path: Path, open_page: OpenPage) -> None:
    """The open page tells of it among the changes, without a reload."""
    with running_daemon(tmp_path, checks=[], ports={"interval_s": 1}) as daemon:
        page = live(open_page(daemon.url))
        read = page.locator('article.probe[data-name="ports"] time')
        expect(read).not_to_have_text("never", timeout=60_000)
        with _listen() as server:
            port = server.getsockname()[1]
            row = page.locator("#log tbody tr", has_text=f"TCP {port} listens at 127.0.0.1")
            expect(row).to_have_count(1, timeout=60_000)
            fresh = open_page(daemon.url, java_script_enabled=False)
            expect(fresh.locator("#log tbody")).to_contain_text(f"TCP {port} listens")
