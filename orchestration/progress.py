"""Lines that tell a person what the run is doing: coloured on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
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


def say(step: str, text: str) -> None:
    """One line of progress."""
    from rich.text import Text

    console().print(Text.assemble((f"{step:<12} ", "bold"), text))
