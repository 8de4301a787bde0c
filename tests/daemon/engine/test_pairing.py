"""Codes for pairing: short, for ten minutes, good once, and hard to guess."""

from __future__ import annotations

import pytest

from opsmonitor.engine.pairing import LIFETIME_S, Pairing
from opsmonitor.models.token import TokenScope, TokenWish
from opsmonitor.util.clock import FakeClock

WISH = TokenWish(name="", scope=TokenScope.READ)
OTHER = TokenWish(name="other", scope=TokenScope.ADMIN)


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def made_for(pairing: Pairing, presented: str) -> TokenWish | None:
    """Return what a code was made for, if it is the right one."""
    offer = pairing.redeem(presented)
    return None if offer is None else offer.wish


def test_a_code_is_six_digits_and_cannot_be_printed() -> None:
    """The code is easy to type; printing the value shows nothing."""
    code, expires_ms = Pairing(clock := FakeClock()).open(WISH)

    assert code.reveal().isdecimal()
    assert len(code.reveal()) == 6
    assert code.reveal() not in f"{code} {code!r}"
    assert expires_ms == clock.now_ms() + LIFETIME_S * 1000


@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", " {0}-{1} "])
def test_a_code_is_good_once(typed: str) -> None:
    """However it is typed it gives what it was made for, and then nothing any more."""
    pairing = Pairing(FakeClock())
    code = pairing.open(WISH)[0].reveal()

    assert made_for(pairing, typed.format(code[:3], code[3:])) == WISH
    assert pairing.redeem(code) is None


def test_a_code_ends_after_ten_minutes() -> None:
    """It holds to the last second, and not longer."""
    clock = FakeClock()
    pairing = Pairing(clock)
    code = pairing.open(WISH)[0].reveal()

    opened = []
    for seconds in (0.0, LIFETIME_S - 1, 1.0):
        clock.advance(seconds)
        opened.append(pairing.is_open)

    assert opened == [True, True, False]
    assert pairing.redeem(code) is None
    assert not pairing.is_open


def test_a_new_code_ends_the_one_before() -> None:
    """There is one code at a time."""
    pairing = Pairing(FakeClock())
    first = pairing.open(WISH)[0].reveal()
    second = pairing.open(OTHER)[0].reveal()
    while second == first:
        second = pairing.open(OTHER)[0].reveal()

    assert pairing.redeem(first) is None
    assert made_for(pairing, second) == OTHER


def test_four_wrong_guesses_leave_it_good() -> None:
    """A person may mistype."""
    pairing = Pairing(FakeClock())
    code = pairing.open(WISH)[0].reveal()
    for _ in range(4):
        assert pairing.redeem(wrong(code)) is None

    assert made_for(pairing, code) == WISH


def test_the_fifth_wrong_guess_ends_it() -> None:
    """Nobody can try all of them."""
    pairing = Pairing(FakeClock())
    code = pairing.open(WISH)[0].reveal()
    for _ in range(5):
        assert pairing.redeem(wrong(code)) is None

    assert pairing.redeem(code) is None


@pytest.mark.parametrize("typed", ["", "abc", "\ud800", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_is_no_code(typed: str) -> None:
    """Anything may be typed; without an open code nothing is right."""
    pairing = Pairing(FakeClock())
    assert pairing.redeem(typed) is None
    pairing.open(WISH)

    assert pairing.redeem(typed) is None


def test_a_code_that_nothing_came_of_is_good_again() -> None:
    """What was taken may be given back; it still ends with its ten minutes."""
    clock = FakeClock()
    pairing = Pairing(clock)
    code = pairing.open(WISH)[0].reveal()
    offer = pairing.redeem(code)
    assert offer is not None
    opened = [pairing.is_open]

    pairing.give_back(offer)
    opened.append(pairing.is_open)
    assert pairing.redeem(code) is offer
    pairing.give_back(offer)
    clock.advance(LIFETIME_S)

    assert opened == [False, True]
    assert pairing.redeem(code) is None


def test_a_newer_code_is_not_displaced() -> None:
    """Of a code that is given back and a newer one the newer one is open."""
    pairing = Pairing(FakeClock())
    offer = pairing.redeem(pairing.open(WISH)[0].reveal())
    assert offer is not None
    newer = pairing.open(OTHER)[0].reveal()

    pairing.give_back(offer)

    assert made_for(pairing, newer) == OTHER


def test_a_code_ends_with_whoever_had_it_made() -> None:
    """Who is shut out leaves no code behind."""
    may = [True]
    pairing = Pairing(FakeClock())
    code = pairing.open(WISH, lambda: may[0])[0].reveal()
    opened = [pairing.is_open]

    may[0] = False
    opened.append(pairing.is_open)
    assert pairing.redeem(code) is None

    may[0] = True
    assert opened == [True, False]
    assert pairing.redeem(code) is None
