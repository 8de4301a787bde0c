"""The page of ports in a browser, with processes that call themselves what they like."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys
from typing import Final

from playwright.sync_api import Browser, expect
import pytest

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
            timeout=60,
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
