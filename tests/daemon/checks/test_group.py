"""Group checks on members in every state."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.checks.group import CHECK
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict
from opsmonitor.parts.group_rule import Census, best, percentage, worst
from tests.daemon.checks.conftest import MakeProbe

_LETTERS = {
    "u": Status.UP,
    "g": Status.DEGRADED,
    "d": Status.DOWN,
    "p": Status.PAUSED,
    "m": Status.MAINTENANCE,
    "r": Status.UNREACHABLE,
    "w": Status.PENDING,
}


def members(letters: str, *, own: CheckState | None = None) -> dict[str, CheckState]:
    """Return members in these states, and the group itself."""
    found = {
        f"c{position}": CheckState(
            id=f"c{position}", type="tcp", status=_LETTERS[letter], last_run_ms=1
        )
        for position, letter in enumerate(letters)
    }
    return found if own is None else {**found, own.id: own}


async def judge(
    make_probe: MakeProbe, states: dict[str, CheckState], rule: str = "worst", **keys: float
) -> Outcome:
    """Run a group of these members."""
    ids = tuple(name for name in states if name != "group")
    context = {"states": states.get, "members": ids, "check_id": "group"}
    return await make_probe(CHECK, members=list(ids), rule=rule, given=context, **keys)()


@pytest.mark.parametrize(
    ("letters", "rule", "verdict", "error"),
    [
        ("uuu", "worst", Verdict.OK, None),
        ("uug", "worst", Verdict.DEGRADED, "1 of 3 degraded: c2"),
        ("dgu", "worst", Verdict.FAIL, "1 of 3 down: c0"),
        ("dddddddd", "worst", Verdict.FAIL, "8 of 8 down: c0, c1, c2, c3, c4 and 3 more"),
        ("upmrw", "worst", Verdict.OK, None),
        ("dddu", "best", Verdict.OK, None),
        ("dgg", "best", Verdict.DEGRADED, "none of 3 is more than degraded: c1, c2"),
        ("ddp", "best", Verdict.FAIL, "all 2 down: c0, c1"),
    ],
)
async def test_worst_and_best(
    make_probe: MakeProbe, letters: str, rule: str, verdict: Verdict, error: str | None
) -> None:
    """A group is as its worst member, or as its best; the error names who is the cause."""
    outcome = await judge(make_probe, members(letters), rule)

    assert (outcome.verdict, outcome.error) == (verdict, error)


@pytest.mark.parametrize(
    ("letters", "needed", "verdict"),
    [
        ("uudd", 50, Verdict.OK),
        ("uddd", 50, Verdict.FAIL),
        ("gudd", 50, Verdict.OK),
        ("uddppp", 34, Verdict.FAIL),
        ("uddppp", 33, Verdict.OK),
        ("ddd", 0, Verdict.OK),
    ],
)
async def test_percentage(
    make_probe: MakeProbe, letters: str, needed: float, verdict: Verdict
) -> None:
    """Of those that can be judged, so many must work; degraded is working."""
    outcome = await judge(make_probe, members(letters), "percentage", min_up_percent=needed)

    assert outcome.verdict is verdict


async def test_percentage_says_how_many(make_probe: MakeProbe) -> None:
    """The error has the share that is up and the one that is needed."""
    outcome = await judge(make_probe, members("uddp"), "percentage", min_up_percent=60)

    assert outcome.error == "33.33 % of 3 up, 60 % are needed; down: c1, c2"
    assert outcome.data["up_percent"] == 33.33
    assert outcome.data["down"] == ["c1", "c2"]
    assert outcome.assertions[0].actual == "1 up, 2 down, 1 paused"


@pytest.mark.parametrize("rule", ["worst", "best"])
async def test_without_anybody_to_judge_nothing_is_known(make_probe: MakeProbe, rule: str) -> None:
    """Paused, in maintenance, unreachable or pending members say neither good nor bad."""
    outcome = await judge(make_probe, members("ppmrw"), rule)

    assert (outcome.verdict, outcome.error_code) == (Verdict.UNKNOWN, "group_unknown")
    assert outcome.error == (
        "no member can be judged: 1 unreachable, 2 paused, 1 maintenance, 1 pending"
    )


@pytest.mark.parametrize(("ok", "verdict"), [(None, Verdict.UNKNOWN), (True, Verdict.FAIL)])
async def test_the_first_results_of_all_are_waited_for(
    make_probe: MakeProbe, *, ok: bool | None, verdict: Verdict
) -> None:
    """At the start the first member must not speak for all; later a new one upsets nothing."""
    own = CheckState(id="group", type="group", ok=ok)
    states = members("d", own=own) | {"new": CheckState(id="new", type="tcp")}

    outcome = await judge(make_probe, states, "best")

    assert outcome.verdict is verdict


async def test_members_that_left_are_left_out(make_probe: MakeProbe) -> None:
    """Between two configurations a member may be gone already."""
    context = {"states": members("u").get, "members": ("c0", "gone")}
    probe = make_probe(CHECK, members=["c0", "gone"], given=context)

    assert (await probe()).verdict is Verdict.OK


@given(st.text(alphabet="ugdpmrw", max_size=12), st.integers(0, 100))
def test_rules_agree_with_each_other(letters: str, needed: int) -> None:
    """What is left out changes no verdict, best is never worse than worst, and so on."""
    census = Census({name: state.status for name, state in members(letters).items()})
    judged = "".join(letter for letter in letters if letter in "ugd")
    if not judged:
        assert census.up_percent is None
        return
    verdicts = {rule: rule(census) for rule in (worst, best, percentage(needed))}
    without = Census({name: state.status for name, state in members(judged).items()})

    order = [Verdict.OK, Verdict.DEGRADED, Verdict.FAIL]
    ranks = [
        order.index(trouble.verdict if trouble else Verdict.OK) for trouble in verdicts.values()
    ]
    assert ranks[1] <= ranks[0]
    assert (ranks[1] == 2) == (set(judged) == {"d"})
    assert (ranks[0] == 2) == ("d" in judged)
    assert census.up_percent == without.up_percent
    assert (ranks[2] == 2) == (100 * (len(judged) - judged.count("d")) / len(judged) < needed)
