"""Text that was monitored stays text."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
import pytest

from tests.e2e.page.bench import OpenPage, Target, http_check, live, running_daemon

pytestmark = pytest.mark.timeout(300)


PAYLOADS = (
    "<script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "'><svg onload='window.ran = 1'>",
    "</title></template></script><script>window.ran = 1</script>",
    "javascript:window.ran=1",
    "{{ 7 * 7 }}$${window.ran = 1}",
)


def test_hostile_text_never_runs(target: Target, tmp_path: Path, open_page: OpenPage) -> None:
    """Nothing that is monitored can run in the page, neither as first drawn nor as updated."""
    hostile = [
        http_check(target, f"/p{number}", name=text, tags=[text], expect_body={"contains": text})
        for number, text in enumerate(PAYLOADS)
    ]
    calm = http_check(target, "/calm", name="Calm")
    with running_daemon(tmp_path, checks=[calm]) as daemon:
        page = live(open_page(daemon.url))

        daemon.configure(checks=hostile)
        daemon.reload()
        expect(page.locator("#troubled article")).to_have_count(len(PAYLOADS))
        page.wait_for_function("document.querySelectorAll('tbody tr').length >= 6")
        drawn = open_page(f"{daemon.url}?show=all")
        expect(drawn.locator("#troubled article h3").first).to_have_text(PAYLOADS[0])

        for shown in (page, drawn):
            assert shown.evaluate("window.ran") is None
            assert (
                shown.locator("main img, main script, main [onload], main [onerror]").count() == 0
            )
