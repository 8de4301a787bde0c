"""The page as it is first drawn, before any script runs."""

from __future__ import annotations

from collections.abc import Callable
import re
import time

import pytest

from opsmonitor.dashboard import words
from opsmonitor.dashboard.journal import RowMaker
from opsmonitor.dashboard.renderer import CHUNK, Renderer
from opsmonitor.dashboard.times import TimeText
from opsmonitor.dashboard.view import PageData, PageView
from opsmonitor.models.alert import Mute
from opsmonitor.models.check import Outcome, Status, Verdict
from tests.daemon.dashboard.samples import check, journal, page_data, run, state

Draw = Callable[[PageData], str]

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></template><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u2028<!--<script>",
)


def names(html: str) -> list[str]:
    """Return the names of the cards in order, without the script's empty one."""
    return re.findall(r"<h3><a [^>]*>([^<]+)</a>", html)


def test_card_says_everything_without_script(draw: Draw) -> None:
    """State, target, latency, uptime, error, bars and last run are in the first answer."""
    failed = Outcome(verdict=Verdict.FAIL, latency_ms=None, error="No answer within 3 s")
    data = page_data(
        [check(tags=("storage",), core=True)],
        [state(status=Status.DOWN, outcome=failed)],
        {"nas": [run(0), run(30, verdict=Verdict.FAIL, error="No answer within 3 s")]},
        uptimes={"nas": {"24h": 99.5, "7d": None, "30d": None, "90d": None}},
    )

    html = draw(data)

    assert "<title>(1) Ops Monitor</title>" in html
    assert "<h1>NAS is down</h1>" in html
    assert "<b>Down</b>" in html
    assert "for 1 h</time>" in html
    assert "http://nas/" in html
    assert '<p class="error">No answer within 3 s</p>' in html
    assert ">storage</span>" in html
    assert html.count('<i class="') == 2
    assert '<dd data-window="24h">99.50 %</dd>' in html
    assert f'<dd data-window="7d">{words.DASH}</dd>' in html
    assert ">1 min ago</time>" in html


def test_problems_come_first_worst_first(draw: Draw) -> None:
    """Checks in trouble stand on top, the others in the order of the file."""
    data = page_data(
        [check(name) for name in ("a", "b", "c", "d")],
        [
            state("a"),
            state("b", Status.DEGRADED),
            state("c", Status.PENDING),
            state("d", Status.DOWN),
        ],
    )

    assert names(draw(data)) == ["D", "B", "A", "C"]


def test_new_check_without_state_is_drawn(draw: Draw) -> None:
    """A check that was added a moment ago is shown as not judged yet."""
    html = draw(page_data([check()]))

    assert "<b>Not judged yet</b>" in html
    assert ">never</time>" in html


def test_no_checks(draw: Draw) -> None:
    """An empty configuration says what to do."""
    html = draw(page_data())

    assert "<h1>No checks are configured</h1>" in html
    assert '<p class="empty" id="no-checks">' in html


@pytest.mark.parametrize(("count", "hidden"), [(10, True), (11, False)])
def test_tools_appear_with_many_checks(draw: Draw, count: int, *, hidden: bool) -> None:
    """Search and filters come with the eleventh check."""
    html = draw(page_data([check(f"c{number}") for number in range(count)]))

    assert ('aria-label="Find checks" hidden>' in html) is hidden


def test_run_button_only_for_those_who_may(draw: Draw) -> None:
    """Who may only read gets no button, not even in what the script copies."""
    allowed = draw(page_data([check()], can_run=True))
    denied = draw(page_data([check()], can_run=False))

    assert 'aria-label="Run NAS now"' in allowed
    assert 'data-do="run"' not in denied


def test_card_of_what_flaps_can_be_told_from_one_that_is_well(draw: Draw) -> None:
    """The style sheet offers to acknowledge it although it is up at the moment."""
    well = draw(page_data([check()], [state("nas")]))
    flapping = draw(page_data([check()], [state("nas", flapping_since_ms=1)]))

    assert (" data-flapping" in well, " data-flapping" in flapping) == (False, True)


def test_sign_out_only_for_those_signed_in(draw: Draw) -> None:
    """Without a session there is nothing to sign out of."""
    assert "Sign out" in draw(page_data(can_sign_out=True))
    assert "Sign out" not in draw(page_data())


def test_mistakes_in_the_configuration_are_shown(draw: Draw) -> None:
    """Every mistake of a file that is not in force is listed."""
    html = draw(page_data(problems=["checks.yml:3:5: unknown key `prot`"]))

    assert 'id="config-problem" aria-label="Configuration">' in html
    assert "<li>checks.yml:3:5: unknown key `prot`</li>" in html


def test_storage_trouble_is_shown(draw: Draw) -> None:
    """A daemon that cannot save says so."""
    html = draw(page_data(storage="the disk is full"))

    assert 'id="storage-problem" aria-label="Storage">' in html
    assert "<p>the disk is full</p>" in html


def test_muted_alerts_are_shown(draw: Draw) -> None:
    """A page that is quiet because nobody is told says so, and until when."""
    for_ever = draw(page_data(mute=Mute(since_ms=1, reason="<party>")))
    a_while = draw(page_data(mute=Mute(since_ms=1, until_ms=1_700_000_000_000)))

    assert 'id="muted" aria-label="Alerts">' in for_ever
    assert "<b>&lt;party&gt;</b>" in for_ever
    assert "<span hidden> until" in for_ever
    assert "<span> until <time" in a_while
    assert "2023-11-14 22:13:20 UTC</time>" in a_while


def test_banners_are_hidden_when_all_is_well(draw: Draw) -> None:
    """Without trouble no banner is seen."""
    html = draw(page_data())

    assert html.count('class="banner"') == html.count('hidden>\n<svg class="icon"') == 4


def test_capped_table_admits_it(draw: Draw) -> None:
    """A table that does not hold everything says so."""
    assert 'id="log-capped">' in draw(page_data(journal=journal(is_capped=True)))
    assert 'id="log-capped" hidden>' in draw(page_data(journal=journal()))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_monitored_text_never_becomes_markup(draw: Draw, payload: str) -> None:
    """Hostile text in any field changes nothing in the page's structure."""

    def page_with(text: str) -> str:
        """Draw a page that has the text everywhere."""
        one = check(text, name=text, target=text, type=text, tags=(text,))
        failed = run(verdict=Verdict.FAIL, error=text, check_id=text)
        rows = RowMaker({text: one}, TimeText())
        return draw(
            page_data(
                [one],
                [state(text, Status.DOWN, outcome=Outcome(verdict=Verdict.FAIL, error=text))],
                {text: [failed]},
                problems=[text],
                storage=text,
                journal=journal(check_id=text, check_name=text, rows=[rows.run(failed)]),
            )
        )

    hostile, plain = page_with(payload), page_with("plain")

    assert re.findall(r"<[^>]*?[\s>]", hostile) == re.findall(r"<[^>]*?[\s>]", plain)
    assert payload not in hostile or not set(payload) & set("<>\"'")


def test_text_that_is_no_unicode_does_not_break_the_page(draw: Draw) -> None:
    """Half a surrogate pair in an error becomes a question mark."""
    failed = Outcome(verdict=Verdict.FAIL, error="no \ud83d")

    html = draw(page_data([check()], [state(status=Status.DOWN, outcome=failed)]))

    assert '<p class="error">no ?</p>' in html


def test_nothing_inline(draw: Draw) -> None:
    """The page holds no script, style or handler that its own policy would refuse."""
    html = draw(page_data([check()], [state()], {"nas": [run()]}))

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", html)
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', html))


def test_big_page_is_cheap_and_made_in_small_pieces(renderer: Renderer) -> None:
    """A thousand checks take little time, and no piece of the page holds up the loop for long."""
    checks = [check(f"c{number}") for number in range(1000)]
    runs = {item.id: [run(30 * place) for place in range(30)] for item in checks}
    view = PageView(page_data(checks, [state(item.id) for item in checks], runs))

    started = time.process_time()
    pieces = list(renderer.page(view))
    spent_s = time.process_time() - started

    # Far more than a slow machine takes; the benchmark measures, this notices a blunder.
    assert spent_s < 3
    assert max(map(len, pieces)) < 2 * CHUNK
