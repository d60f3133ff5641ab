"""Getting libraries ready while the process waits for another one.

Belongs here: what is loaded ahead, and that nobody ends while it loads. Not here: what needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def _get_ready() -> None:
    with suppress(Exception):
        from expectations.runner import get_ready

        get_ready()


@contextmanager
def expectations_loading() -> Iterator[None]:
    """Load Great Expectations beside the block: the gate needs it next, and it takes three seconds.

    A library that cannot be loaded fails where it is needed, in words of its own.
    """
    thread = threading.Thread(target=_get_ready, daemon=True)
    thread.start()
    try:
        yield
    finally:
        # the interpreter does not survive a thread that imports while it ends
        thread.join()
