"""The rows of a file once nobody can tell from them who they are about, held in memory.

Belongs here: what judging a file asks of its rows, answered by one Arrow table. The same answers for a file that is too
large to be held are in `expectations.in_parts`; a test compares the two. Not here: what the answers mean for the file
(`expectations.examine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.expectation import Expectation, Outcome, SuiteResult
from expectations.runner import run_suite
from foundation.period import Period, month_of
from ingest.conform import column_sums, conform, drop_exact_duplicates
from ingest.container import read_table
from ingest.contract import Contract, Reference
from ingest.identity.keyring import Keyring
from ingest.identity.rights import Rights
from ingest.identity.tokenise import tokenise
from ingest.rules import Finding, finding

# values of the column a reference points to, among what was accepted of an organisation
HeldValues = Callable[[Reference, str], Collection[str]]


class Rows(Protocol):
    """What judging a file asks of its rows.

    A row goes by its place: whatever `run` and `orphans` name it by, and `number` understands.
    """

    @property
    def layout(self) -> str: ...

    @property
    def count(self) -> int: ...

    @property
    def readable(self) -> int:
        """Rows of which every cell could be read."""

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def faults(self) -> Sequence[Finding]:
        """Of the rows taken out so far."""

    @property
    def unreadable(self) -> Mapping[str, int]:
        """Column -> cells that could not be read."""

    @property
    def statuses(self) -> Mapping[str, int]:
        """Rows by what their NHS number is."""

    @property
    def organisations(self) -> Collection[str]:
        """Whom the readable rows are about: every sender among them, of others one or more."""

    @property
    def num_rows(self) -> int:
        """Rows that count: readable, nobody's right against it, no repetition."""

    def sums(self, names: Collection[str]) -> dict[str, Decimal]:
        """Exact sums of columns over all readable rows."""

    def set_aside(self, rights: Rights) -> Mapping[int, str]:
        """Row number -> rule of a person's right that takes it out."""

    def without_repeats(self, aside: Mapping[int, str]) -> list[int]:
        """Take out rows set aside and exact repetitions; the numbers of the latter."""

    def months(self) -> Counter[Period]:
        """Rows by month of their event."""

    def run(self, expectations: Sequence[Expectation]) -> SuiteResult: ...

    def number(self, place: int) -> int:
        """Number in the file of the row at a place."""

    def texts(self, outcome: Outcome) -> Counter[str]:
        """Texts of an outcome's column in its rows."""

    def orphans(self, taken_out: set[int], organisation: str, held: HeldValues | None) -> dict[int, Finding]:
        """Rows that refer to nothing: place -> finding. What refers to a row held back goes with it."""

    def accept(self, taken_out: set[int]) -> Any:
        """The rows that may be used: a table, or `ingest.spill.SpilledRows`."""

    def middles(self, name: str, taken_out: set[int]) -> list[Decimal]:
        """Values of a column of which the median is that of all; none where all are blank."""


@dataclass
class WholeRows:
    """`readable_rows` are all that could be read, `table` those whose tokens are tokens as well and that count."""

    contract: Contract
    layout: str
    count: int
    readable_rows: Any
    table: Any
    findings: Sequence[Finding]
    faults: Sequence[Finding]
    unreadable: Mapping[str, int]
    statuses: Mapping[str, int]

    @property
    def readable(self) -> int:
        return int(self.readable_rows.num_rows)

    @property
    def organisations(self) -> set[str]:
        return set(
            pc.unique(self.readable_rows.column(self.contract.custom.organisationColumn)).drop_null().to_pylist()
        )

    @property
    def num_rows(self) -> int:
        return int(self.table.num_rows)

    def sums(self, names: Collection[str]) -> dict[str, Decimal]:
        return column_sums(self.readable_rows, {name: self.contract.by_name[name] for name in names})

    def set_aside(self, rights: Rights) -> Mapping[int, str]:
        return rights.rows(self.table, self.contract)

    def without_repeats(self, aside: Mapping[int, str]) -> list[int]:
        self.table, dropped = drop_exact_duplicates(_without(self.table, aside), self.contract.key)
        return dropped

    def months(self) -> Counter[Period]:
        return months_in(self.table, self.contract)

    def run(self, expectations: Sequence[Expectation]) -> SuiteResult:
        return run_suite(expectations, self.table)

    def number(self, place: int) -> int:
        return int(self.table.column("row_number")[place].as_py())

    def texts(self, outcome: Outcome) -> Counter[str]:
        column = self.table.column(str(outcome.expectation.column)).take(pa.array(outcome.rows, pa.int64()))
        return Counter(text for text in column.to_pylist() if text is not None)

    def orphans(self, taken_out: set[int], organisation: str, held: HeldValues | None) -> dict[int, Finding]:
        kept = np.flatnonzero(self._without(taken_out)).tolist()
        return orphans(self.table, kept, self.contract, organisation, held)

    def accept(self, taken_out: set[int]) -> Any:
        keep = self._without(taken_out)
        return self.table if keep.all() else self.table.filter(pa.array(keep))

    def middles(self, name: str, taken_out: set[int]) -> list[Decimal]:
        column = self.table.column(name).filter(pa.array(self._without(taken_out)))
        return [Decimal(value) for value in column.to_pylist() if value is not None]

    def _without(self, taken_out: set[int]) -> Any:
        keep = np.ones(self.table.num_rows, dtype=bool)
        keep[sorted(taken_out)] = False
        return keep


def read_whole(data: bytes, name: str, contract: Contract, layout: str | None, keyring: Keyring) -> WholeRows:
    """Read, conform, make tokens: identifiers are at hand here, and none leaves it."""
    raw = read_table(data, name, contract, layout)
    conformed = conform(raw, contract)
    made = tokenise(conformed.table, contract, raw.layout, keyring)
    unreadable = Counter(conformed.unreadable)
    unreadable.update(made.unreadable)
    return WholeRows(
        contract,
        raw.layout_name,
        conformed.rows_read,
        conformed.table.select(["row_number", *contract.judged_columns]),
        made.table,
        (*raw.findings, *conformed.notes, *made.notes),
        (*conformed.faults, *made.faults),
        unreadable,
        made.verdicts,
    )


def months_in(table: Any, contract: Contract) -> Counter[Period]:
    days = table.column(contract.custom.eventColumn).to_pylist()
    return Counter(month_of(day) for day in days if day is not None)


def orphans(
    table: Any, keep: Sequence[int], contract: Contract, organisation: str, held: HeldValues | None
) -> dict[int, Finding]:
    """Rows of a table that refer to nothing: position -> finding. keep: positions of those not held back."""
    found: dict[int, Finding] = {}
    numbers = table.column("row_number")
    kept = list(keep)
    while True:
        before = len(found)
        for reference in contract.custom.references:
            if reference.feed is not None and held is None:
                # a sender's own check does not know the other feed
                continue
            values = table.column(reference.column).to_pylist()
            if reference.feed is not None and held is not None:
                known = held(reference, organisation)
            else:
                targets = table.column(reference.to).to_pylist()
                known = {str(targets[place]) for place in kept if targets[place] is not None}
            for place in kept:
                if place not in found and values[place] is not None and str(values[place]) not in known:
                    message = f"Nothing accepted has this reference: {reference.description}."
                    found[place] = finding("row.reference", message, reference.column, numbers[place].as_py())
            kept = [place for place in kept if place not in found]
        if len(found) == before:
            return found


def _without(table: Any, rows: Mapping[int, str]) -> Any:
    """A table without some of its rows."""
    if not rows:
        return table
    numbers = table.column("row_number")
    return table.filter(pc.invert(pc.is_in(numbers, value_set=pa.array(sorted(rows), numbers.type))))
