"""Made-up rows that keep every rule of a contract: what a good file of a sender looks like.

Belongs here: drawing the rows and the dates they cover, and the file, name and manifest of it. Not here: writing a
layout (`ingest.layout_file`), judging the file (`expectations.examine`, which passes every sample before it is given to
anybody). Nothing is drawn at random: the same contract gives the same rows. Nobody in them is a person: names say that
they are invented, tokens are hashes of the words `sample` and a number. NHS numbers are left blank: those kept for
tests count nowhere but in a demonstration, and any other may be somebody's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from foundation.canonical import plain_decimal, readable_json, sha256_bytes
from foundation.errors import Refused, WrongUsage
from foundation.period import month_of
from ingest.conform import column_sums
from ingest.contract import Column, Contract, CrossFieldRule, Layout
from ingest.identity.declared import MADE_OF
from ingest.layout_file import file_bytes
from ingest.manifest import Covers, Manifest

_ROWS = 12
# months of a submission that holds everything so far: as many as one can look through
_CUMULATIVE_MONTHS = 3
# every fifth row leaves an optional column blank, a different one each
_BLANK_EVERY = 5
_LAST_NUMBER = re.compile(r"[0-9]+(?=[^0-9]*$)")

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """Rows a sender could send: values by canonical column (None where blank), and the dates they cover."""

    contract: Contract
    organisation: str
    layout: Layout
    covers_from: date
    covers_to: date
    rows: tuple[Mapping[str, Any], ...]

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Values by canonical column."""
        return {name: [row[name] for row in self.rows] for name in self.contract.column_names}

    def file(self, layout: Layout | None = None) -> bytes:
        """The rows as a file, in the sender's layout or another one."""
        return file_bytes(self.columns, self.contract, layout or self.layout)

    def manifest(self) -> Manifest:
        """What stands beside the file when it is sent."""
        data = self.file()
        sums = column_sums_of(self)
        draft = Manifest(
            feed=self.contract.feed,
            organisation=self.organisation,
            covers=Covers.model_validate({"from": self.covers_from.isoformat(), "to": self.covers_to.isoformat()}),
            sequence=1,
            file="draft",
            sha256=sha256_bytes(data),
            bytes=len(data),
            rows=len(self.rows),
            control_totals={name: plain_decimal(total) for name, total in sums.items()},
        )
        return draft.model_copy(update={"file": draft.expected_name})

    def manifest_bytes(self) -> bytes:
        return readable_json(self.manifest().model_dump(by_alias=True))


def column_sums_of(sample: Sample) -> dict[str, Decimal]:
    """Control totals of a sample, by the code that intake compares them with."""
    import pyarrow as pa

    wanted = {name: sample.contract.by_name[name] for name in sample.contract.custom.controlTotals}
    table = pa.table({name: pa.array(sample.columns[name], column.arrow_type) for name, column in wanted.items()})
    return column_sums(table, wanted)


def sample_of(contract: Contract, organisation: str, rows: int = _ROWS) -> Sample:
    """A sample of an organisation's submission, of about so many rows (one a day where a feed has a row a day).

    WrongUsage for an organisation that does not send the feed. Refused where the contract leaves open what a value
    looks like, or where its agreement is shorter than a submission.
    """
    layout = contract.layout_of(organisation)
    if layout is None:
        raise WrongUsage(
            f"{organisation} is not a sender of {contract.feed}.",
            f"choose one of: {', '.join(sorted(contract.custom.senders))}; or add it to the contract.",
        )
    first, last = _covered(contract, organisation)
    days = (last - first).days + 1
    count = days if contract.custom.everyDay else rows
    drawn = _Drawer(contract, organisation, layout, first, last)
    found: list[Row] = []
    keys: set[tuple[Any, ...]] = set()
    for number in range(count):
        row = drawn.row(number)
        key = tuple(row[name] for name in contract.key)
        if key not in keys:
            keys.add(key)
            found.append(row)
    return Sample(contract, organisation, layout, first, last, tuple(found))


def _covered(contract: Contract, organisation: str) -> tuple[date, date]:
    """The first whole months of the sender's agreement, as many as a submission covers."""
    agreement = contract.agreement_of(organisation)
    start = agreement.start if agreement.start.day == 1 else month_of(agreement.start).end + timedelta(days=1)
    end = start
    for number in range(contract.custom.coverage.months or _CUMULATIVE_MONTHS):
        end = month_of(start if number == 0 else end + timedelta(days=1)).end
    if end > agreement.end:
        raise Refused(
            f"the agreement {agreement.reference} of {organisation} is in force for less than one submission covers.",
            "correct its dates or the coverage in the data contract.",
        )
    return start, end


class _Drawer:
    """Draws rows: the place of dates among each other is worked out once a contract."""

    def __init__(self, contract: Contract, organisation: str, layout: Layout, first: date, last: date) -> None:
        self._contract, self._organisation, self._layout = contract, organisation, layout
        self._first, self._last = first, last
        self._ranks = _ranks(contract)
        # identifiers of which intake makes a token that every row needs
        self._asked_for = {
            part
            for token, parts in MADE_OF.items()
            if token in contract.by_name and contract.by_name[token].required
            for part in parts
        }

    def row(self, number: int) -> Row:
        contract = self._contract
        row: Row = {}
        for place, column in enumerate(contract.columns):
            row[column.name] = self._value(column, place, number)
        if contract.custom.identifyingColumns and contract.is_clear(self._layout):
            row |= dict.fromkeys(name for name in MADE_OF if name in row)
        for name in self._layout.absent:
            row[name] = None
        for rule in contract.custom.crossFieldRules:
            self._keep(rule, row, number)
        self._without_link(row)
        # what one rule blanked or filled another may count
        for rule in contract.custom.crossFieldRules:
            if rule.kind in ("sum_equals", "blank_when"):
                self._keep(rule, row, number)
        return row

    def _value(self, column: Column, place: int, number: int) -> Any:
        custom = self._contract.custom
        if column.name == custom.organisationColumn:
            return self._organisation
        kept = {*MADE_OF, *custom.windowColumns, *self._layout.expects, *self._asked_for}
        if (number + place) % _BLANK_EVERY == 0 and not column.required and column.name not in kept:
            return None
        return self._filled(column, place, number)

    def _filled(self, column: Column, place: int, number: int) -> Any:
        """A value of a column that is not blank."""
        name = column.name
        if name in MADE_OF:
            return self._about_a_person(name, number)
        if name in self._contract.custom.identifyingColumns:
            return _identifier(name, number)
        if column.kind == "date":
            return self._day(column, number)
        if name == self._contract.custom.eventColumn:
            day = self._last if self._contract.custom.coverage.kind == "cumulative" else self._base(number)
            return f"{day:%Y-%m}"
        if column.examples:
            return _as_typed(column, _example(column, number, numbered=name in self._contract.key))
        if column.allowed:
            return column.allowed[(number + place) % len(column.allowed)]
        if column.kind in ("integer", "number"):
            return _figure(column, number)
        raise Refused(
            f"the contract of {self._contract.feed} does not show what a {name} looks like.",
            "give the column `examples` in the data contract.",
        )

    def _about_a_person(self, name: str, number: int) -> str | None:
        if name == "nhs_number_status":
            return "valid"
        if name == "birth_month":
            return f"{1940 + number % 50}-{1 + number % 12:02d}"
        key = self._contract.identity.key_ids[0] if self._contract.identity is not None else "k1"
        words = f"sample {name} {self._contract.feed} {self._organisation} {number}"
        return f"{key}:{hashlib.sha256(words.encode()).hexdigest()}"

    def _base(self, number: int) -> date:
        """The day on which the event of a row happens, within the dates covered."""
        days = (self._last - self._first).days + 1
        step = 1 if self._contract.custom.everyDay else 5
        return self._first + timedelta(days=number * step % days)

    def _day(self, column: Column, number: int) -> date:
        """A day before or after the event, as the contract's rules about the order of dates ask."""
        event = self._contract.custom.eventColumn
        apart = self._ranks.get(column.name, 0) - self._ranks.get(event, 0)
        day = self._base(number) + timedelta(days=apart * (1 + number % 3))
        if column.name in self._contract.custom.windowColumns:
            day = min(max(day, self._first), self._last)
        return day

    def _keep(self, rule: CrossFieldRule, row: Row, number: int) -> None:
        """Change a row so that it keeps a rule; dates keep theirs from the start."""
        if not rule.names() <= set(row):
            return
        if rule.kind == "sum_equals":
            parts = [row[name] for name in rule.columns]
            if rule.total is not None and row[rule.total] is not None and None not in parts:
                row[rule.total] = sum(parts, start=type(parts[0])(0))
        if rule.kind == "filled_together" and any(row[name] is None for name in rule.columns):
            if any(self._contract.by_name[name].required for name in rule.columns):
                self._fill(rule, row, number)
            else:
                row |= dict.fromkeys(rule.columns)
        if not rule.when or any(row[name] != value for name, value in rule.when.items()):
            return
        if rule.kind == "blank_when":
            row |= dict.fromkeys(rule.columns)
        if rule.kind == "filled_when":
            self._fill(rule, row, number)
        if rule.kind == "range_when" and rule.column is not None and row[rule.column] is not None:
            low, high = rule.minimum or 0, rule.maximum or 0
            if not low <= row[rule.column] <= high:
                row[rule.column] = type(row[rule.column])(low + number % (high - low + 1))

    def _fill(self, rule: CrossFieldRule, row: Row, number: int) -> None:
        for place, name in enumerate(rule.columns):
            if row[name] is None and name not in self._layout.absent:
                row[name] = self._filled(self._contract.by_name[name], place, number)

    def _without_link(self, row: Row) -> None:
        """Of who is not to be linked a row carries the sender's own reference and no other token."""
        identity = self._contract.identity
        if identity is None or all(row[name] == value for name, value in identity.link_when.items()):
            return
        row |= {name: None for name in ("person_token", "match_token", "nhs_number_status") if name in row}


def _ranks(contract: Contract) -> dict[str, int]:
    """How many dates must lie before each date, one after another, by the contract's rules."""
    rules = [
        (str(rule.column), str(rule.other)) for rule in contract.custom.crossFieldRules if rule.kind == "not_before"
    ]
    ranks: dict[str, int] = {}
    # as many rounds as a chain of rules can be long
    for _ in rules:
        for later, earlier in rules:
            ranks[later] = max(ranks.get(later, 0), ranks.get(earlier, 0) + 1)
    return ranks


def _example(column: Column, number: int, *, numbered: bool) -> str:
    """An example of a column; of a key one of its own for each row, with the last number in it counted up."""
    text = column.examples[number % len(column.examples)]
    if not numbered:
        return text
    text = column.examples[0]
    found = _LAST_NUMBER.search(text)
    if found is None:
        return column.examples[number % len(column.examples)]
    counted = f"{int(found[0]) + number:0{len(found[0])}d}"
    return text[: found.start()] + counted + text[found.end() :]


def _as_typed(column: Column, text: str) -> Any:
    if column.kind == "integer":
        return int(text)
    return _scaled(column, Decimal(text)) if column.kind == "number" else text


def _scaled(column: Column, value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-column.scale))


def _figure(column: Column, number: int) -> Any:
    """A figure within the column's range, a different one in each row as long as the range is wide enough."""
    low = Decimal(column.minimum) if isinstance(column.minimum, Decimal) else Decimal(0)
    value = low + 1 + number * 3
    if isinstance(column.maximum, Decimal):
        value = min(value, column.maximum)
    return int(value) if column.kind == "integer" else _scaled(column, value)


def _identifier(name: str, number: int) -> Any:
    """Identifiers of nobody, for layouts that carry them."""
    if name == "nhs_number":
        return None
    if name == "date_of_birth":
        return date(1940 + number % 50, 1 + number % 12, 15)
    return {
        "forename": f"Sampleforename{number}",
        "surname": f"Samplesurname{number}",
        # the pseudo postcode of nobody's address in England
        "postcode": "ZZ99 3VZ",
        "local_id": f"SAMPLE-{number:04d}",
    }[name]
