"""Lines that tell a person what the run is doing: coloured on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def console(error: bool = False) -> Console:
    """Console on standard output, or on standard error, as they are now; plain text when it is not a terminal."""
    return _console(sys.stderr if error else sys.stdout)


@lru_cache(maxsize=2)
def _console(stream: TextIO) -> Console:
    from rich.console import Console

    terminal = stream.isatty()
    # Into a file or a pipe nothing is cut off at the width of a screen that is not there.
    return Console(
        file=stream,
        highlight=False,
        soft_wrap=True,
        force_terminal=None if terminal else False,
        width=None if terminal else 400,
    )


# What lines are called that are not about the home itself; empty nearly always.
_asides: list[str] = []


@contextmanager
def aside(name: str) -> Iterator[None]:
    """Lines said inside the block go to standard error under this name, so that nobody takes them for a run's."""
    _asides.append(name)
    try:
        yield
    finally:
        _asides.pop()


def say(step: str, text: str) -> None:
    """One line of progress."""
    from rich.text import Text

    line = (f"{step:<12} ", text) if not _asides else (f"{_asides[-1]:<12} ", f"{step}: {text}")
    console(error=bool(_asides)).print(Text.assemble((line[0], "bold"), line[1]))
