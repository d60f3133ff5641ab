"""What must have been sent, by whom, for which months; and what of it is missing from a data cut.

Belongs here: the rule itself, once, for the gate that judges it (`expectations.gate_cut`), the calendar that tells it
beforehand (`expectations.due`) and the forecast (`orchestration.forecasting`). Not here: when a month is due, and what
a verdict says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from foundation.home import Home
from foundation.period import Period, month_of, months_between
from ingest import lake
from ingest.cut import DataCut
from ingest.register import Receipt, months_of, read_receipt

REGISTER_FEED = "reference_organisations"
LEDGER_FEED = "cost_ledger"


@dataclass(frozen=True)
class FeedNeed:
    """A feed some KPI of an area is computed from, and the dates it looks at, follow-up included."""

    feed: str
    area: str
    window: Period


@dataclass(frozen=True)
class SettlementNeeds:
    """What one settlement needs from the feeds: members' ledgers for its period, and what its KPIs look at.

    feeds: the feeds of its KPIs, each with its own area and dates. Without them every feed that the register names is
    needed over the measurement window.
    """

    agreement_id: str
    members: tuple[str, ...]
    settlement_period: Period
    measurement_window: Period
    feeds: tuple[FeedNeed, ...] = ()


@dataclass(frozen=True)
class Lack:
    """One thing a settlement cannot do without and does not have. `sentence` is how the gate words it.

    not_sent: a month nobody sent. quarantined: `rows` lines of a member's ledger wait. no_members: the terms name none.
    silent: the register asks nobody for a feed. register_quarantined: lines of the register itself wait, so that whom
    they ask is not known; it concerns every agreement, and names none.
    """

    kind: Literal["not_sent", "quarantined", "no_members", "silent", "register_quarantined"]
    agreement_id: str = ""
    feed: str = ""
    organisation: str = ""
    month: str = ""
    rows: int = 0
    area: str = ""

    @property
    def sentence(self) -> str:
        where = f"{self.organisation}'s {self.feed}"
        words = {
            "not_sent": f"{self.organisation} sent no {self.feed} for {self.month}",
            "quarantined": f"{self.rows} line(s) of {where} of {self.month} are quarantined",
            "no_members": "no members named",
            "silent": "the register names no organisation for "
            + (f"{self.feed} in {self.area}" if self.feed else "the measurement window"),
            "register_quarantined": f"{self.rows} line(s) of {where} are quarantined",
        }[self.kind]
        return f"{self.agreement_id}: {words}" if self.agreement_id else words


def months_in(period: Period) -> list[Period]:
    """The months a period touches."""
    return months_between(month_of(period.start), month_of(period.end))


def receipts_of(home: Home, cut: DataCut, feed: str) -> list[Receipt]:
    """Receipts of a cut's submissions of a feed; FileNotFoundError when one has none."""
    found = []
    for item in cut.of(feed):
        receipt = read_receipt(home, item.submission_id)
        if receipt is None:
            raise FileNotFoundError("a submission of the cut has no receipt")
        found.append(receipt)
    return found


def _registers(home: Home, cut: DataCut) -> list[Receipt]:
    """The register of required organisations in force: of each sender the one that counts last."""
    latest: dict[str, Receipt] = {}
    for receipt in sorted(receipts_of(home, cut, REGISTER_FEED), key=lambda item: item.precedence):
        latest[receipt.organisation] = receipt
    return [latest[organisation] for organisation in sorted(latest)]


def required_organisations(home: Home, cut: DataCut) -> list[dict[str, Any]]:
    """Rows of the register of required organisations in force."""
    return lake.read_rows(home, [path for receipt in _registers(home, cut) for path, _ in receipt.lake_files])


@dataclass(frozen=True, order=True)
class Due:
    """A month of an organisation's feed that cannot be done without, and the days of it that count."""

    month: str
    feed: str
    organisation: str
    first: date
    last: date


def due_months(row: Mapping[str, Any], window: Period) -> Iterator[Due]:
    """Months of a window in which a row of the register requires a feed of an organisation."""
    for month in months_in(window):
        first = max(month.start, window.start, row["valid_from"])
        last = min(month.end, window.end, row["valid_to"] or month.end)
        if first <= last:
            yield Due(month.label, row["required_feed"], row["member_organisation"], first, last)


def due_of(needs: Iterable[FeedNeed], register: Sequence[Mapping[str, Any]]) -> tuple[set[Due], list[FeedNeed]]:
    """What the register asks of organisations for these feeds, and the feeds it asks nobody for."""
    found: set[Due] = set()
    silent = []
    for wanted in sorted(set(needs), key=lambda item: (item.feed, item.area, item.window)):
        rows = [row for row in register if (row["required_feed"], row["area"]) == (wanted.feed, wanted.area)]
        due = {item for row in rows for item in due_months(row, wanted.window)}
        if not due:
            silent.append(wanted)
        found |= due
    return found, silent


class Coverage:
    """Dates each organisation's submissions of a cut cover, whatever a submission of the feed spans.

    A month of a single-month feed, the months of a rolling window and everything so far of a cumulative one are alike
    here: a day counts as sent when some submission in force covers it.
    """

    def __init__(self, cut: DataCut) -> None:
        self._spans: dict[tuple[str, str], list[tuple[date, date]]] = {}
        for item in cut.submissions:
            self._spans.setdefault((item.feed, item.organisation), []).append((item.covers_from, item.covers_to))
        for spans in self._spans.values():
            spans.sort()

    def holds(self, feed: str, organisation: str, first: date, last: date) -> bool:
        """Whether every day from `first` to `last` is covered."""
        return all_covered(self._spans.get((feed, organisation), ()), first, last)


def all_covered(spans: Iterable[tuple[date, date]], first: date, last: date) -> bool:
    """Whether spans, in the order of their first days, cover every day from `first` to `last`."""
    day = first
    for start, end in spans:
        if start > day:
            return False
        day = max(day, end + timedelta(days=1))
        if day > last:
            return True
    return False


@dataclass(frozen=True)
class Sent:
    """What a data cut holds, as far as requirements ask.

    register: rows of the register in force. held_back: quarantined ledger lines by member and month. register_lacks:
    lines of the register itself that wait.
    """

    covered: Coverage
    register: tuple[Mapping[str, Any], ...]
    held_back: Mapping[tuple[str, str], int]
    register_lacks: tuple[Lack, ...]
    ledger_feed: str


def what_was_sent(home: Home, cut: DataCut, ledger_feed: str = LEDGER_FEED) -> Sent:
    """Read from a home what requirements are compared with."""
    return Sent(
        Coverage(cut),
        tuple(required_organisations(home, cut)),
        _held_back(receipts_of(home, cut, ledger_feed)),
        # whom a held-back line requires is not known, so nobody would miss what they do not send
        tuple(
            Lack(
                "register_quarantined",
                feed=REGISTER_FEED,
                organisation=receipt.organisation,
                rows=receipt.rows_quarantined,
            )
            for receipt in _registers(home, cut)
            if receipt.rows_quarantined
        ),
        ledger_feed,
    )


def _held_back(receipts: Iterable[Receipt]) -> dict[tuple[str, str], int]:
    """Quarantined lines by member and month: missing cost would look like a saving."""
    return {
        (receipt.organisation, label): receipt.rows_quarantined
        for receipt in receipts
        if receipt.rows_quarantined
        for label in months_of([receipt])
    }


def lacks_of(need: SettlementNeeds, sent: Sent) -> tuple[list[Lack], int]:
    """What a settlement lacks, and how many months of submissions it asks for."""
    ledgers, asked = _ledger_lacks(need, sent)
    if need.feeds:
        feeds, months = feed_lacks(need.agreement_id, need.feeds, sent)
        return ledgers + feeds, asked + months
    due = {item for row in sent.register for item in due_months(row, need.measurement_window)}
    silent = [] if due else [Lack("silent", need.agreement_id)]
    return ledgers + silent + _not_sent(need.agreement_id, due, sent), asked + _months(due)


def _ledger_lacks(need: SettlementNeeds, sent: Sent) -> tuple[list[Lack], int]:
    agreement, feed = need.agreement_id, sent.ledger_feed
    found = [] if need.members else [Lack("no_members", agreement)]
    asked = 0
    for member in need.members:
        for month in months_in(need.settlement_period):
            asked += 1
            if not sent.covered.holds(feed, member, month.start, month.end):
                found.append(Lack("not_sent", agreement, feed, member, month.label))
            if rows := sent.held_back.get((member, month.label)):
                found.append(Lack("quarantined", agreement, feed, member, month.label, rows))
    return found, asked


def feed_lacks(agreement_id: str, needs: Iterable[FeedNeed], sent: Sent) -> tuple[list[Lack], int]:
    """What is missing of the feeds that KPIs look at, and how many months are asked for."""
    due, silent = due_of(needs, sent.register)
    told = [Lack("silent", agreement_id, feed=item.feed, area=item.area) for item in silent]
    return told + _not_sent(agreement_id, due, sent), _months(due)


def _months(due: Iterable[Due]) -> int:
    return len({(item.month, item.feed, item.organisation) for item in due})


def _not_sent(agreement_id: str, due: Iterable[Due], sent: Sent) -> list[Lack]:
    missing = {
        (item.month, item.feed, item.organisation)
        for item in due
        if not sent.covered.holds(item.feed, item.organisation, item.first, item.last)
    }
    return [Lack("not_sent", agreement_id, feed, organisation, month) for month, feed, organisation in sorted(missing)]
