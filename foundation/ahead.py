"""One thing made while another is used.

Belongs here: how. Not here: what is worth it: making has to leave the interpreter to others, as reading Arrow does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

Item = TypeVar("Item")
_END = object()


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, in the same order; while one is used, a thread makes the next. At most two are there at once.

    What making one raises is raised in its place. When no more are wanted, what was being made is waited for.
    """
    made = iter(items)
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, made, _END)
        while (item := coming.result()) is not _END:
            coming = beside.submit(next, made, _END)
            yield cast(Item, item)
            # nothing here keeps the one that was used while the next two are there
            del item
