"""The rows of a large file, judged part by part in memory that does not grow with it (docs/adr/0020).

Belongs here: what `expectations.rows` answers of a table in memory, answered of rows that lie on disk. Not here:
reading a part (`ingest.stream`), the rows on disk (`ingest.spill`), what is made of the answers
(`expectations.examine`).

An expectation is asked in one of three ways. What judges a row by itself is asked part by part, and shares are worked
out from the counts. What compares rows with the same key is asked about the rows whose key comes twice; all others are
alone with theirs. What looks at a whole column is shown that column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import in_one_pass
from expectations.batch import derive
from expectations.by_value import OF_ONE_VALUE
from expectations.expectation import Expectation, Outcome, Suite, SuiteResult, columns_of
from expectations.rows import HeldValues, months_in, orphans
from expectations.runner import get_ready, outcomes, run_suite
from foundation.ahead import one_ahead
from foundation.period import Period
from ingest.conform import Part, column_sums, conform_part, drop_exact_duplicates, refuse_second_header, together
from ingest.contract import Contract
from ingest.identity.keyring import Keyring
from ingest.identity.rights import ERASED, Rights
from ingest.identity.tokenise import tokenise
from ingest.receive import Held
from ingest.rules import Finding, summed
from ingest.spill import Key, Spill, SpilledRows, TooManyMonthsError
from ingest.stream import NotPlainError, PlainReader

# derived columns that need no other row than their own
_OF_ONE_ROW = frozenset({"difference", "where", "between", "days", "days_since_month", "filled_with", "filled_both"})
_UNIQUE: dict[str, Callable[[Expectation], Key]] = {
    "ExpectCompoundColumnsToBeUnique": lambda item: tuple(item.arguments["column_list"]),
    "ExpectColumnValuesToBeUnique": lambda item: (str(item.arguments["column"]),),
}
# sums of a decimal of 38 digits each, as many as there are parts
_EXACT = Context(prec=80)
# rows that Great Expectations was shown as wrong, after which a part's own are not shown any more
_SHOWN = 2_000


def read_parts(
    held: Held,
    name: str,
    contract: Contract,
    layout: str | None,
    keyring: Keyring,
    suite: Suite,
    rights: Rights | None,
    wanted: Collection[str],
    beside: Path | None,
) -> PartRows:
    """Read, conform, make tokens, part by part: identifiers are at hand here, and only tokens are written down.

    wanted: columns whose sums will be asked for; beside: folder for rows on disk, None for the system's own.
    NotPlainError where the file has to be read as a whole.
    """
    reader = PlainReader(held, name, contract, layout)
    made = PartRows(contract, Spill(beside, contract, _keys(suite, contract)))
    try:
        # Great Expectations is loaded by an interpreter that reading the parts hardly needs
        with ThreadPoolExecutor(1) as beside_reading:
            beside_reading.submit(get_ready)
            _fill(made, reader, keyring, rights, wanted)
    except TooManyMonthsError:
        made.spill.close()
        raise NotPlainError from None
    except BaseException:
        made.spill.close()
        raise
    return made


def _fill(
    made: PartRows, reader: PlainReader, keyring: Keyring, rights: Rights | None, wanted: Collection[str]
) -> None:
    contract = made.contract
    parts: list[Part] = []
    notes: list[Finding] = []
    faults: list[Finding] = []
    unreadable: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    columns = {name: contract.by_name[name] for name in wanted}
    # the senders, and one other to say that there are others
    known = set(contract.custom.senders)
    if rights is not None:
        made.aside.update(dict.fromkeys(sorted(rights.blanked), ERASED))
    listed = rights is not None and (rights.state is not None or bool(rights.blanked))
    before = 0
    for raw in one_ahead(reader.parts()):
        if not parts:
            refuse_second_header(raw, contract)
        part = conform_part(raw, contract, before)
        before += raw.row_count
        tokens = tokenise(part.table, contract, raw.layout, keyring)
        made.layout = raw.layout_name
        made.readable += part.table.num_rows
        for column, total in column_sums(part.table, columns).items():
            made.totals[column] = _EXACT.add(made.totals.get(column, Decimal(0)), total)
        senders = set(pc.unique(part.table.column(contract.custom.organisationColumn)).drop_null().to_pylist())
        made.organisations |= senders & known
        if not made.organisations - known:
            made.organisations |= set(sorted(senders - known)[:1])
        notes += tokens.notes
        faults += tokens.faults
        unreadable.update(tokens.unreadable)
        verdicts.update(tokens.verdicts)
        rows = tokens.table
        if listed and rights is not None:
            # rows emptied before are named with every part
            mine = set(rows.column("row_number").to_pylist())
            made.aside.update({row: rule for row, rule in rights.rows(rows, contract).items() if row in mine})
        made.spill.add(rows)
        part.table = None
        parts.append(part)
    made.spill.finish()
    conformed = together(parts, tables=False)
    made.count = conformed.rows_read
    made.findings = (*reader.findings, *conformed.notes, *summed(notes))
    made.faults = (*conformed.faults, *_once_a_file(faults))
    made.unreadable = Counter(conformed.unreadable) + unreadable
    made.statuses = verdicts


def _once_a_file(faults: Sequence[Finding]) -> list[Finding]:
    """What is said of the file is said once, and not with every part."""
    return list(dict.fromkeys(faults))


def _keys(suite: Suite, contract: Contract) -> list[Key]:
    """Keys that the suite, or the search for repetitions, asks about in any layout."""
    asked = [_grouped(item) for scope in suite.scopes for item in suite.build(scope)]
    return [tuple(contract.key), *(key for key in asked if key is not None)]


def _grouped(item: Expectation) -> Key | None:
    """The key whose rows an expectation compares, where it says nothing about a row that is alone with its key."""
    arguments = item.arguments
    if item.kind in _UNIQUE and item.derived is None and not set(arguments) - {"column", "column_list"}:
        return _UNIQUE[item.kind](item)
    if item.derived is None or item.derived.kind != "distinct_per" or item.kind != "ExpectColumnValuesToBeBetween":
        return None
    limit = arguments.get("max_value")
    plain = not set(arguments) - {"column", "max_value"} and isinstance(limit, int) and limit >= 1
    return item.derived.columns[:1] if plain else None


def _by_row(item: Expectation) -> bool:
    return item.kind in OF_ONE_VALUE and (item.derived is None or item.derived.kind in _OF_ONE_ROW)


class PartRows:
    """Rows that lie on disk. A row's place is its number."""

    def __init__(self, contract: Contract, spill: Spill) -> None:
        self.contract, self.spill = contract, spill
        self.layout, self.count, self.readable = "", 0, 0
        self.findings: Sequence[Finding] = ()
        self.faults: Sequence[Finding] = ()
        self.unreadable: Mapping[str, int] = {}
        self.statuses: Mapping[str, int] = {}
        self.organisations: set[str] = set()
        self.totals: dict[str, Decimal] = {}
        self.aside: dict[int, str] = {}
        self._texts: dict[int, Counter[str]] = {}

    @property
    def num_rows(self) -> int:
        return self.spill.num_rows - len(self.spill.gone)

    def sums(self, names: Collection[str]) -> dict[str, Decimal]:
        return {name: self.totals.get(name, Decimal(0)) for name in names}

    def set_aside(self, rights: Rights) -> Mapping[int, str]:
        del rights  # they were asked about every part
        return self.aside

    def without_repeats(self, aside: Mapping[int, str]) -> list[int]:
        if aside:
            wanted = np.array(sorted(aside))
            for part in self.spill.tables([]):
                numbers = part.column("row_number").to_numpy()
                self.spill.take_out(numbers[np.isin(numbers, wanted)])
        dropped: list[int] = []
        for rows in self.spill.repeated(tuple(self.contract.key)):
            dropped += drop_exact_duplicates(rows, self.contract.key)[1]
        self.spill.take_out(dropped)
        return sorted(dropped)

    def months(self) -> Counter[Period]:
        found: Counter[Period] = Counter()
        for part in self.spill.tables([self.contract.custom.eventColumn]):
            found.update(months_in(part, self.contract))
        return found

    def run(self, expectations: Sequence[Expectation]) -> SuiteResult:
        asked = list(enumerate(expectations))
        by_row = [(number, item) for number, item in asked if _by_row(item)]
        enough, found = self._ask_parts(asked, by_row)
        for number, item in asked:
            if number not in enough or number in found:
                continue
            key = _grouped(item)
            if key is not None and self.spill.has_key(key) and self._is_compared_alike(item, key):
                found[number] = self._ask_groups(item, key)
            else:
                found[number] = self._ask_columns(item)
        return SuiteResult(tuple(found[number] for number, _ in asked if number in enough), len(asked) - len(enough))

    def number(self, place: int) -> int:
        return place

    def texts(self, outcome: Outcome) -> Counter[str]:
        return self._texts.get(id(outcome.expectation), Counter())

    def orphans(self, taken_out: set[int], organisation: str, held: HeldValues | None) -> dict[int, Finding]:
        names: list[str] = []
        for reference in self.contract.custom.references:
            names += [reference.column] if reference.feed is not None else [reference.column, reference.to]
        table = self._columns(list(dict.fromkeys(names)))
        numbers = table.column("row_number").to_numpy()
        kept = np.flatnonzero(~np.isin(numbers, sorted(taken_out))).tolist()
        found = orphans(table, kept, self.contract, organisation, held)
        return {int(numbers[position]): item for position, item in found.items()}

    def accept(self, taken_out: set[int]) -> SpilledRows:
        return SpilledRows(self.spill, taken_out, self.contract)

    def middles(self, name: str, taken_out: set[int]) -> list[Decimal]:
        gone = sorted(taken_out)
        counts: Counter[Decimal] = Counter()
        for part in self.spill.tables([name]):
            keep = pa.array(~np.isin(part.column("row_number").to_numpy(), gone))
            for item in pc.value_counts(part.column(name).filter(keep)).to_pylist():
                if item["values"] is not None:
                    counts[Decimal(item["values"])] += item["counts"]
        total = counts.total()
        if not total:
            return []
        low = high = None
        before = 0
        for value in sorted(counts):
            before += counts[value]
            low = value if low is None and before > (total - 1) // 2 else low
            if before > total // 2:
                high = value
                break
        return [value for value in (low, high) if value is not None]

    # the three ways of asking ------------------------------------------------------------------------------------

    def _ask_parts(
        self, asked: Sequence[tuple[int, Expectation]], by_row: Sequence[tuple[int, Expectation]]
    ) -> tuple[set[int], dict[int, Outcome]]:
        """Numbers of the expectations that have values enough, and outcomes of those that judge rows by themselves."""
        filled: Counter[str] = Counter()
        shares: Counter[int] = Counter()
        wrong: dict[int, list[Any]] = {number: [] for number, _ in by_row}
        counted = {item.column for _, item in asked if item.minimum_values and item.column is not None}
        plain = [(number, in_one_pass.of_rows(item)) for number, item in by_row]
        large = self.num_rows > in_one_pass.MANY_ROWS
        seen = shown = 0
        for part in one_ahead(self.spill.tables()):
            seen += part.num_rows
            filled.update({name: part.num_rows - part.column(name).null_count for name in counted})
            # its first and its last part are shown to Great Expectations, others where something is wrong with them
            end = seen == part.num_rows or seen == self.num_rows
            agreed = None if end else (0 if shown < _SHOWN else part.num_rows * len(plain))
            said = outcomes(plain, part, in_one_pass=large, agreed=agreed)
            numbers = part.column("row_number").to_numpy()
            for number, item in by_row:
                rows = list(said[number].rows)
                wrong[number].append(numbers[rows])
                shown += len(rows)
                if "mostly" in item.arguments:
                    column = derive(part, item.derived) if item.derived else part.column(str(item.arguments["column"]))
                    shares[number] += len(column) - column.null_count
                if rows and item.rule == "row.code" and item.column is not None and item.level == "row":
                    texts = part.column(item.column).take(pa.array(rows)).to_pylist()
                    self._texts.setdefault(id(item), Counter()).update(text for text in texts if text is not None)
        enough = {
            number
            for number, item in asked
            if item.minimum_values == 0 or (item.column is not None and filled[item.column] >= item.minimum_values)
        }
        found = {
            number: _outcome(item, np.sort(np.concatenate([np.zeros(0, "i8"), *wrong[number]])), shares[number])
            for number, item in by_row
            if number in enough
        }
        return enough, found

    def _is_compared_alike(self, item: Expectation, key: Key) -> bool:
        """Whether equal to Great Expectations is equal to us: numbers are floating point there."""
        kinds = [self.spill.schema.field(name).type for name in key]
        return item.kind not in _UNIQUE or all(pa.types.is_string(kind) or pa.types.is_date32(kind) for kind in kinds)

    def _ask_groups(self, item: Expectation, key: Key) -> Outcome:
        columns = item.derived.columns if item.derived is not None else tuple(sorted(columns_of(item)))
        wrong = [np.zeros(0, dtype="i8")]
        for rows in self.spill.repeated(key, list(dict.fromkeys(columns)), blanks=item.kind in _UNIQUE):
            said = outcomes([(0, item)], rows, in_one_pass=rows.num_rows > in_one_pass.MANY_ROWS)[0]
            wrong.append(rows.column("row_number").to_numpy()[list(said.rows)])
        return _outcome(item, np.sort(np.concatenate(wrong)), 0)

    def _ask_columns(self, item: Expectation) -> Outcome:
        columns = item.derived.columns if item.derived is not None else tuple(columns_of(item))
        table = self._columns(columns)
        (said,) = run_suite([item], table).outcomes
        numbers = table.column("row_number").to_numpy()
        return Outcome(item, said.success, tuple(numbers[list(said.rows)].tolist()), said.unexpected)

    def _columns(self, names: Sequence[str]) -> Any:
        """Some columns of all rows, in file order."""
        if not names:
            return pa.table({"row_number": pa.array(np.zeros(self.num_rows, dtype="i8"))})
        empty = self.spill.schema.empty_table().select(["row_number", *names])
        return pa.concat_tables([empty, *self.spill.tables(list(names))]).sort_by("row_number")


def _outcome(item: Expectation, rows: Any, filled: int) -> Outcome:
    """The outcome over all parts. rows: numbers of those that are wrong; filled: values a share is of."""
    if "mostly" in item.arguments and len(rows):
        enough = Fraction(filled - len(rows), filled) >= Fraction(item.arguments["mostly"])
        return Outcome(item, enough, (), len(rows))
    return Outcome(item, not len(rows), tuple(rows.tolist()), len(rows))
