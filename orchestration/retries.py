"""Retry the machine, never the data: a disk or network hiccup is worth another try, a refusal is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from foundation.errors import OutturnError


@contextmanager
def io_only() -> Iterator[None]:
    """Inside an asset: an OSError asks Dagster for up to two more tries; our own refusals fail at once and say why."""
    try:
        yield
    except OSError as fault:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=2) from fault
    except OutturnError as refused:
        raise dg.Failure(
            description=str(refused),
            metadata={"what": refused.message, "what to do": refused.mend or "-", "exit_code": refused.exit_code},
            allow_retries=False,
        ) from refused
