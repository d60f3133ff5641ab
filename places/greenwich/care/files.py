"""From a table to the submission a sender makes, with its known dirt.

Belongs here: that step alone. Not here: tables (`writing`), dirt (`dirt`), feeds.
"""

from __future__ import annotations

import numpy as np

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.writing import Table
from places.greenwich.dates import Mask, as_date


def dirty_submission(
    planted: dirt.Planted,
    random: np.random.Generator,
    rules: dirt.Rules,
    sender: tuple[str, str],
    covers: tuple[int, int, int],
    table: Table,
    datable: Mask | None = None,
) -> Submission:
    """The file of a sender (feed, organisation) covering days (first, last, sequence)."""
    feed, organisation = sender
    whole = dirt.add(planted, table, random, rules, feed, datable)
    first, last = as_date(covers[0]), as_date(covers[1])
    return Submission(feed, organisation, first, last, covers[2], whole.csv(), len(whole))
