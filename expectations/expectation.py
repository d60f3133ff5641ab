"""The shape of a suite: expectations as plain data, so that a suite can be hashed without running it.

Belongs here: what an expectation is, the scope it is built for, and the hash of a suite. Not here: the
expectations of a feed (`expectations.suites`) and running them (`expectations.runner`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

from foundation.canonical import content_id

ROW: Final = "row"
TABLE: Final = "table"
WARN: Final = "warn"


@dataclass(frozen=True)
class Scope:
    """What one submission is: whose, for which dates, in which layout. Dates None: not known, not judged."""

    organisation: str
    covers_from: date | None
    covers_to: date | None
    layout: str


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation and what its failure does.

    rule: id in `ingest.rules`. level: `row` takes the rows out, `table` the file, `warn` only tells.
    kind and arguments: class name and keyword arguments in `great_expectations.expectations`; Decimal
    arguments become floats for GX alone. `derived` adds a column to the batch, see `Derived`.
    minimum_values: the expectation is skipped when its column has fewer values than this.
    """

    rule: str
    level: Literal["row", "table", "warn"]
    column: str | None
    kind: str
    arguments: Mapping[str, Any]
    message: str
    derived: Derived | None = None
    minimum_values: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "level": self.level,
            "column": self.column,
            "kind": self.kind,
            "arguments": dict(self.arguments),
            "message": self.message,
            "derived": self.derived.as_json() if self.derived else None,
            "minimum_values": self.minimum_values,
        }


@dataclass(frozen=True)
class Derived:
    """A column computed for the batch, because GX has no expectation over it.

    difference: `columns[0]` minus the sum of the others, blank where any is blank, exact.
    where: `columns[0]` where `columns[1]` equals `equals`, else blank.
    between: `columns[0]` where it lies between `low` and `high`, else blank.
    days: days from `columns[1]` to `columns[0]`, blank where either is.
    days_since_month: days to `columns[0]` from the first day of the month that `columns[1]` names as `2025-04`.
    filled_with: `filled` or `blank` for `columns[0]`, a space, the value of `columns[1]`; blank where that is.
    filled_both: `filled` or `blank` for `columns[0]`, a space, the same for `columns[1]`.
    distinct_per: how many values of `columns[1]` the rows with the same `columns[0]` have.
    days_after_latest: days to `columns[0]` from the latest `columns[2]` among the rows with the same `columns[1]` whose
        `columns[3]` equals `equals`; blank where there is none.
    """

    name: str
    kind: Literal[
        "difference",
        "where",
        "between",
        "days",
        "days_since_month",
        "filled_with",
        "filled_both",
        "distinct_per",
        "days_after_latest",
    ]
    columns: tuple[str, ...]
    equals: str | None = None
    low: date | None = None
    high: date | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "columns": list(self.columns),
            "equals": self.equals,
            "low": self.low,
            "high": self.high,
        }


# arguments of Great Expectations that name columns
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


def columns_of(expectation: Expectation) -> set[str]:
    """Columns of the batch an expectation looks at, derived ones included."""
    arguments = expectation.arguments
    found = {str(arguments[name]) for name in _COLUMN_ARGUMENTS if name in arguments}
    return found | {str(name) for name in arguments.get("column_list", ())}


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation: rows are positions in the batch, empty for table expectations."""

    expectation: Expectation
    success: bool
    rows: tuple[int, ...] = ()
    unexpected: int = 0


@dataclass(frozen=True)
class SuiteResult:
    """All outcomes of a suite on one batch, in the order of the suite."""

    outcomes: tuple[Outcome, ...]
    skipped: int = 0

    def failed(self, level: str) -> list[Outcome]:
        return [item for item in self.outcomes if not item.success and item.expectation.level == level]

    def statistics(self) -> dict[str, int]:
        """Counts for the receipt; whole numbers, so that they can be hashed."""
        return {
            "evaluated": len(self.outcomes),
            "successful": sum(item.success for item in self.outcomes),
            "failed_row_level": len(self.failed(ROW)),
            "failed_table_level": len(self.failed(TABLE)),
            "warnings": len(self.failed(WARN)),
            "skipped": self.skipped,
        }


@dataclass(frozen=True)
class Suite:
    """A named suite: a function from scope to expectations, and a hash that does not depend on the scope."""

    name: str
    build: Callable[[Scope], Sequence[Expectation]]
    scopes: tuple[Scope, ...]

    @cached_property
    def hash(self) -> str:
        """Hash of the expectations built for the suite's standing scopes (one a layout)."""
        return content_id(
            {
                "name": self.name,
                "expectations": {scope.layout: [item.as_json() for item in self.build(scope)] for scope in self.scopes},
            }
        )
