"""What one sender's deliveries came to: files, rows, the rules they met, the warnings of the latest files.

Belongs here: the facts of one organisation, from its own receipts alone. Nothing of another sender is read, so nothing
can be compared or ranked. Not here: what is due (`expectations.due`), the page (`publication.pages.scorecard`).

There is no control chart: the repository draws those in the warehouse, for indicators. Shares are given month by month,
with the last three beside the three before them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from expectations.due import Delivery
from foundation.period import month_of
from ingest.contract import Contract
from ingest.identity.rights import RIGHTS
from ingest.register import Receipt, Register
from ingest.rules import FILE, RECORD, RULES, WARN, Finding, rows_broken

# how many rules are shown, and how many months a trend looks at on each side
SHOWN_RULES = 10
TREND_MONTHS = 3


@dataclass(frozen=True)
class Files:
    """Files received = counting + superseded + taken_back + refused."""

    received: int
    counting: int
    superseded: int
    taken_back: int
    refused: int


@dataclass(frozen=True)
class Rows:
    """Rows read = accepted + quarantined + deduplicated, over every file received."""

    read: int
    accepted: int
    quarantined: int
    deduplicated: int


@dataclass(frozen=True)
class FeedFacts:
    feed: str
    files: Files
    rows: Rows


@dataclass(frozen=True)
class MonthFacts:
    """Files whose last day covered lies in a month. quarantined_pct is None where they held no row."""

    month: str
    files: int
    rows_read: int
    rows_quarantined: int
    quarantined_pct: Decimal | None


@dataclass(frozen=True)
class Trend:
    """Share of rows quarantined in the latest months with rows, beside as many before them; None where too few."""

    months: int
    recent_pct: Decimal
    before_pct: Decimal
    direction: str


@dataclass(frozen=True)
class RuleFacts:
    """A rule that files met. columns: as the sender calls them. latest: whether the latest file of the feed met it."""

    feed: str
    rule: str
    severity: str
    columns: tuple[str, ...]
    files: int
    rows: int
    latest: bool
    meaning: str
    mend: str


@dataclass(frozen=True)
class Numbers:
    """NHS numbers in the files that count: filled in and sound, filled in and none, not filled in.

    invalid_pct: of those filled in; None where none was.
    """

    feed: str
    valid: int
    invalid: int
    missing: int
    invalid_pct: Decimal | None


@dataclass(frozen=True)
class Warned:
    """Warnings of the suite on the latest accepted file of a feed. evaluated: how many expectations were looked at."""

    feed: str
    file: str
    evaluated: int
    rules: tuple[RuleFacts, ...]


@dataclass(frozen=True)
class SenderFacts:
    """Everything a scorecard says of one organisation."""

    organisation: str
    deliveries: tuple[Delivery, ...]
    files: Files
    rows: Rows
    feeds: tuple[FeedFacts, ...]
    months: tuple[MonthFacts, ...]
    trend: Trend | None
    rules: tuple[RuleFacts, ...]
    numbers: tuple[Numbers, ...]
    warnings: tuple[Warned, ...]


def percent(part: int, whole: int) -> Decimal | None:
    """A share in percent with one decimal, a half upwards; None of nothing."""
    return None if whole == 0 else Decimal((2000 * part + whole) // (2 * whole)).scaleb(-1)


def facts_of(
    organisation: str, register: Register, contracts: Mapping[str, Contract], deliveries: Iterable[Delivery]
) -> SenderFacts:
    """The facts of one organisation. deliveries: what is due from anybody; the others' are left out."""
    whole = Register(tuple(i for i in register.entries if i.organisation == organisation), register.withdrawn)
    feeds = sorted({item.feed for item in whole.entries if item.feed})
    months = _months(whole.entries)
    return SenderFacts(
        organisation,
        tuple(item for item in deliveries if item.organisation == organisation),
        _files(whole),
        _rows(whole.entries),
        tuple(FeedFacts(feed, _files(_of(whole, feed)), _rows(_of(whole, feed).entries)) for feed in feeds),
        months,
        trend_of(months),
        _rules(whole, contracts)[:SHOWN_RULES],
        tuple(found for feed in feeds if (found := _numbers(feed, _of(whole, feed))) is not None),
        tuple(
            _warned(latest, contracts)
            for feed in feeds
            if (latest := _latest(i for i in whole.in_force() if i.feed == feed)) is not None
        ),
    )


def _of(register: Register, feed: str) -> Register:
    return Register(tuple(item for item in register.entries if item.feed == feed), register.withdrawn)


def _latest(items: Iterable[Receipt]) -> Receipt | None:
    return max(items, key=lambda item: item.chronology, default=None)


def _files(register: Register) -> Files:
    return Files(
        len(register.entries),
        len(register.in_force()),
        len(register.superseded()),
        sum(item.accepted and not register.counts(item) for item in register.entries),
        sum(not item.accepted for item in register.entries),
    )


def _rows(items: Sequence[Receipt]) -> Rows:
    return Rows(
        sum(item.rows_read for item in items),
        sum(item.rows_accepted for item in items),
        sum(item.rows_quarantined for item in items),
        sum(item.rows_deduplicated for item in items),
    )


def _months(items: Iterable[Receipt]) -> tuple[MonthFacts, ...]:
    by_month: dict[str, list[Receipt]] = {}
    for item in items:
        if item.covers_to is not None:
            by_month.setdefault(month_of(item.covers_to).label, []).append(item)
    found = []
    for label, held in sorted(by_month.items()):
        rows = _rows(held)
        found.append(MonthFacts(label, len(held), rows.read, rows.quarantined, percent(rows.quarantined, rows.read)))
    return tuple(found)


def trend_of(months: Sequence[MonthFacts]) -> Trend | None:
    """The share of the latest months with rows beside that of as many before; None while there are too few."""
    filled = [item for item in months if item.rows_read]
    if len(filled) < 2 * TREND_MONTHS:
        return None
    now, then = filled[-TREND_MONTHS:], filled[-2 * TREND_MONTHS : -TREND_MONTHS]
    recent, before = _share(now), _share(then)
    direction = "the same as" if recent == before else "lower than" if recent < before else "higher than"
    return Trend(TREND_MONTHS, _shown(recent), _shown(before), direction)


def _share(months: Sequence[MonthFacts]) -> Fraction:
    return Fraction(sum(item.rows_quarantined for item in months), sum(item.rows_read for item in months))


def _shown(share: Fraction) -> Decimal:
    return percent(share.numerator, share.denominator) or Decimal("0.0")


def _told(findings: Iterable[Finding]) -> list[Finding]:
    """Findings a sender has to mend or look at. That somebody opted out or was erased is none of them."""
    return [item for item in findings if item.rule not in RIGHTS and item.severity in (FILE, RECORD, WARN)]


def _rules(register: Register, contracts: Mapping[str, Contract]) -> tuple[RuleFacts, ...]:
    """Rules by how many files met them, then how many rows."""
    latest: dict[str, Receipt] = {}
    for item in sorted(register.entries, key=lambda one: one.chronology):
        latest[item.feed] = item
    found: dict[tuple[str, str], list[Receipt]] = {}
    for item in register.entries:
        for rule in {told.rule for told in _told(item.findings)}:
            found.setdefault((item.feed, rule), []).append(item)
    facts = [_rule(feed, rule, held, latest[feed], contracts.get(feed)) for (feed, rule), held in found.items()]
    return tuple(sorted(facts, key=lambda item: (-item.files, -item.rows, item.feed, item.rule)))


def _rule(feed: str, rule: str, held: Sequence[Receipt], latest: Receipt, contract: Contract | None) -> RuleFacts:
    own = [told for item in held for told in item.findings if told.rule == rule]
    rows = sum(sum(rows_broken(told for told in item.findings if told.rule == rule).values()) for item in held)
    columns = {told.column for told in own if told.column is not None}
    known = RULES.get(rule)
    return RuleFacts(
        feed,
        rule,
        own[0].severity,
        tuple(sorted(_as_sent(column, held[0].organisation, contract) for column in columns)),
        len(held),
        rows,
        any(told.rule == rule for told in latest.findings),
        known.meaning if known else "",
        known.mend if known else "ask the data team.",
    )


def _as_sent(column: str, organisation: str, contract: Contract | None) -> str:
    """A column by the name the sender gives it."""
    layout = contract.layout_of(organisation) if contract is not None else None
    return contract.layout_names(layout).get(column, column) if contract is not None and layout is not None else column


def _numbers(feed: str, register: Register) -> Numbers | None:
    counted: Counter[str] = Counter()
    for item in register.in_force():
        for name, count in item.profile:
            kind, _, status = name.partition(".")
            if kind == "nhs_number":
                counted[status] += int(count)
    if not counted:
        return None
    valid, invalid, missing = counted["valid"], counted["invalid"], counted["missing"]
    return Numbers(feed, valid, invalid, missing, percent(invalid, valid + invalid))


def _warned(latest: Receipt, contracts: Mapping[str, Contract]) -> Warned:
    rules = sorted({item.rule for item in _told(latest.findings) if item.severity == WARN})
    return Warned(
        latest.feed,
        latest.shown_name,
        dict(latest.suite_statistics).get("evaluated", 0),
        tuple(_rule(latest.feed, rule, [latest], latest, contracts.get(latest.feed)) for rule in rules),
    )
