"""Libraries that another one imports and hardly ever uses: loaded when something in them is asked for.

Belongs here: how. Not here: which, and why (`expectations.runner`, docs/adr/0011).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        # asked by the import system of every module, and no use of the library
        if name.startswith("__"):
            raise AttributeError(name)
        _give_way(self)
        return getattr(import_module(self.__name__), name)


def _give_way(later: ModuleType) -> None:
    if sys.modules.get(later.__name__) is later:
        del sys.modules[later.__name__]


@contextmanager
def put_off(names: Sequence[str]) -> Iterator[None]:
    """What is imported in the block gets these modules without their contents, which come when they are used.

    Afterwards an import of them is an import as ever. Modules that are loaded already stay as they are.
    """
    stand_ins = [_Later(name) for name in names if name not in sys.modules]
    sys.modules.update({later.__name__: later for later in stand_ins})
    try:
        yield
    finally:
        for later in stand_ins:
            _give_way(later)
