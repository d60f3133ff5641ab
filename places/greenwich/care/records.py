"""Tables of decisions as dataclasses of equally long arrays: stacking and choosing rows.

Belongs here: what holds for any such table. Not here: the tables.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

# A dataclass whose fields are arrays with one place a row.
Records = TypeVar("Records")


def stack(first: Records, second: Records) -> Records:
    """The rows of both, in that order."""
    return _made(
        first, [np.concatenate([one, other]) for one, other in zip(_arrays(first), _arrays(second), strict=True)]
    )


def take(records: Records, rows: NDArray[Any]) -> Records:
    """The rows named by position or mask."""
    return _made(records, [array[rows] for array in _arrays(records)])


def _arrays(records: object) -> list[NDArray[Any]]:
    return [getattr(records, item.name) for item in fields(records)]  # type: ignore[arg-type]


def _made(like: Records, arrays: list[NDArray[Any]]) -> Records:
    return type(like)(*arrays)
