"""Items made ahead are the same items; what goes wrong goes wrong where it would have."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

import pytest

from foundation.ahead import one_ahead


def test_order_and_number_are_kept() -> None:
    assert list(one_ahead([])) == []
    assert list(one_ahead([None])) == [None]
    assert list(one_ahead(iter(range(1000)))) == list(range(1000))


def test_the_next_is_made_while_one_is_used() -> None:
    second = threading.Event()

    def made() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    found = one_ahead(made())
    assert next(found) == 1
    assert second.wait(10), "nobody made the second while the first was used"
    assert list(found) == [2]


def test_what_making_one_raises_comes_after_those_before_it() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    found = one_ahead(made())
    assert next(found) == 1
    with pytest.raises(ValueError, match="the second"):
        next(found)


def test_no_more_than_two_are_there() -> None:
    class Large:
        pass

    there: weakref.WeakSet[Large] = weakref.WeakSet()
    most = 0

    def made() -> Iterator[Large]:
        for _ in range(50):
            one = Large()
            there.add(one)
            yield one
            del one

    for item in one_ahead(made()):
        most = max(most, len(there))
        del item
    assert most <= 2


def test_who_stops_early_leaves_nothing_running() -> None:
    before = threading.active_count()
    found = one_ahead(iter(range(10)))
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
