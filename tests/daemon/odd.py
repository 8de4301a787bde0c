"""Documents as no device should give them, for property tests of parsers."""

from __future__ import annotations

import copy
from typing import Any, Final

from hypothesis import strategies as st

_MISSING: Final = object()
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 140), 1 << 140),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "310", "-1", "1e400", "NaN", "٣", "9" * 60, [], {}, [1, "x"], {"value": 3}]
    ),
)


@st.composite
def odd_documents(draw: st.DrawFn, *documents: Any) -> Any:
    """Return one of some JSON documents in which a few values are odd or missing."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    change = st.tuples(st.integers(0, 1 << 16), st.one_of(ODD, st.just(_MISSING)))
    for position, value in draw(st.lists(change, max_size=6)):
        places = _places(document)
        if not places:
            break
        parent, key = places[position % len(places)]
        if value is _MISSING:
            del parent[key]
        else:
            parent[key] = copy.deepcopy(value)
    return document


def _places(found: Any) -> list[tuple[Any, Any]]:
    """Return every place of a document at which a value stands."""
    if not isinstance(found, dict | list):
        return []
    keys = list(found) if isinstance(found, dict) else range(len(found))
    return [place for key in keys for place in [(found, key), *_places(found[key])]]
