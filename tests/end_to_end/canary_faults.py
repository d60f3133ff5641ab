"""The `outturn` command with a fault inside: one function breaks, or the process dies, while a row about her is in hand.

`python canary_faults.py <words of the command>`; OUTTURN_CANARY_FAULT is `<raise|kill|kill-parent> <module>:<function>`.
The import alone installs the fault, so that it is there in the processes a run starts too.
"""

from __future__ import annotations

import dataclasses
import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from canary import FORENAME, LOCAL_ID, NUMBER, SURNAME

VARIABLE = "OUTTURN_CANARY_FAULT"


def her_tokens() -> tuple[str, ...]:
    from foundation.tokens import match_text, number_text
    from ingest.identity.keyring import demo_key

    key = demo_key("greenwich")
    return key.token(number_text(NUMBER)), key.token(str(match_text(FORENAME, SURNAME, "1931-02-13")))


def words_of(value: Any, depth: int = 3) -> str:
    """All that a careless error message might quote of a function's arguments."""
    if isinstance(value, (pa.Table, pa.Array, pa.ChunkedArray)):
        return repr(value.to_pylist())
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Path):
        return str(value)
    if depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        return " ".join(words_of(getattr(value, item.name), depth - 1) for item in dataclasses.fields(value))
    if depth and isinstance(value, Mapping):
        return " ".join(words_of(item, depth - 1) for pair in value.items() for item in pair)
    if depth and isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(words_of(item, depth - 1) for item in value)
    return str(value) if isinstance(value, (str, int)) else ""


def is_hers(words: str) -> bool:
    return any(what in words for what in (NUMBER, SURNAME, LOCAL_ID, *her_tokens()))


def _die(mode: str) -> None:
    if mode == "kill-parent" and multiprocessing.parent_process() is not None:
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def faulty(original: Callable[..., Any], mode: str, always: bool = False) -> Callable[..., Any]:
    """A function that does its work until it is handed something about her; then it breaks, quoting it, or dies.

    always: at the first call, where what it is handed is about groups and nobody.
    """

    def broken(*given: Any, **named: Any) -> Any:
        # what comes piece by piece is looked at as a whole
        given = tuple(list(item) if isinstance(item, Iterator) else item for item in given)
        words = words_of((*given, *named.values()))
        if not (always or is_hers(words)):
            return original(*given, **named)
        if mode != "raise":
            _die(mode)
        raise ValueError(f"cannot work with {words}")

    return broken


def install(setting: str) -> None:
    mode, _, target = setting.partition(" ")
    module, _, name = target.partition(":")
    place = importlib.import_module(module)
    setattr(place, name, faulty(getattr(place, name), mode, always=module.startswith("publication")))


if setting := os.environ.get(VARIABLE):
    install(setting)

if __name__ == "__main__":
    from orchestration.cli import main

    main()
