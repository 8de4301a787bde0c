"""The garbage collector leaves alone what stays, and forgets what a reload left behind."""

from __future__ import annotations

from collections.abc import Iterator
import gc
import weakref

import pytest

from opsmonitor.util.garbage import resting_collector, settle_collector


class _Knot:
    """Garbage that only the collector can find: it refers to itself."""

    def __init__(self) -> None:
        """Tie the knot."""
        self.itself = self


@pytest.fixture(autouse=True)
def _restored_collector() -> Iterator[None]:
    """Leave the collector as it was."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.enable()
    gc.set_threshold(*threshold)


def test_what_lives_is_not_looked_at_again() -> None:
    """A full collection passes over everything that was there when the collector was settled."""
    knot = _Knot()
    settle_collector()

    looked_at = gc.get_objects()

    assert not any(item is knot for item in looked_at)


def test_settling_again_frees_what_was_given_up() -> None:
    """What stopped being used after one settling is freed by the next."""
    knot = _Knot()
    settle_collector()
    remains = weakref.ref(knot)
    del knot
    assert remains() is not None

    settle_collector()

    assert remains() is None


def test_the_collector_still_works() -> None:
    """Garbage made after the settling is still found."""
    settle_collector()
    remains = weakref.ref(_Knot())

    gc.collect()

    assert remains() is None


def test_it_rests_until_it_is_settled() -> None:
    """While much is made that stays, nothing is looked for; then it works again."""
    with resting_collector():
        rested = not gc.isenabled()
        settle_collector()

        assert rested
        assert gc.isenabled()


def test_it_does_not_rest_for_ever() -> None:
    """What fails before the collector is settled leaves it at work as well."""
    with pytest.raises(ValueError, match="a bad start"), resting_collector():
        raise ValueError("a bad start")

    assert gc.isenabled()
