"""Which failure explains another, however long the way to it."""

from __future__ import annotations

from hypothesis import given, strategies as st

from opsmonitor.engine.dependencies import Dependencies

_COUNT = 12


@st.composite
def houses(draw: st.DrawFn) -> tuple[Dependencies, frozenset[str]]:
    """Return checks that depend on those of higher numbers, and which of them are down."""
    parents = {
        str(number): tuple(
            str(each)
            for each in draw(st.lists(st.integers(number + 1, _COUNT), unique=True, max_size=3))
        )
        for number in range(_COUNT)
    }
    names = st.sampled_from([str(number) for number in range(_COUNT + 1)])
    needing_all = draw(st.frozensets(names))
    graph = Dependencies({name: some for name, some in parents.items() if some}, needing_all)
    return graph, draw(st.frozensets(names))


def naive_root(graph: Dependencies, name: str, down: frozenset[str]) -> str | None:
    """Return what explains a failure, one step after the other."""
    parents = graph.parents.get(name, ())
    failing = [each for each in parents if each in down]
    if not failing or (name in graph.needing_all and len(failing) < len(parents)):
        return None
    return naive_root(graph, failing[0], down) or failing[0]


@given(houses())
def test_what_is_known_changes_no_answer(house: tuple[Dependencies, frozenset[str]]) -> None:
    """Asked for one after the other with what was found before, each has the same root."""
    graph, down = house
    names = [str(number) for number in range(_COUNT + 1)]
    known: dict[str, str | None] = {}

    found = {name: graph.root(name, down.__contains__, known) for name in names}

    assert found == {name: naive_root(graph, name, down) for name in names}
    assert found == {name: graph.root(name, down.__contains__) for name in names}


def test_a_long_chain_is_walked_once() -> None:
    """Whoever asks for everything behind a failure looks at each check once."""
    count = 2000
    graph = Dependencies({str(number): (str(number + 1),) for number in range(count)})
    looks: list[str] = []

    def is_down(name: str) -> bool:
        looks.append(name)
        return True

    known: dict[str, str | None] = {}
    roots = {graph.root(name, is_down, known) for name in graph.descendants(str(count))}

    assert roots == {str(count)}
    assert len(looks) == count
