"""Checks of the gate on the data cut: is everything there, as it was received, and judged by the rules in force?

Belongs here: `cut.register`, `cut.required_feeds` and `expectations.<feed>`. Not here: what the warehouse made of it
(`expectations.gate_warehouse`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from expectations.judgement import Judgement, run_check, verdict_on
from expectations.suites import suite_of
from expectations.verdicts import Context, Verdict
from foundation.canonical import sha256_file
from foundation.home import Home
from foundation.period import Period, month_of, months_between
from ingest import lake
from ingest.contract import Contract
from ingest.cut import CutSubmission, DataCut
from ingest.register import Receipt, months_of, read_receipt, read_redaction


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


def _submission_problems(home: Home, item: CutSubmission, contracts: Mapping[str, Contract]) -> list[str]:
    receipt = read_receipt(home, item.submission_id)
    short = item.submission_id[:12]
    if receipt is None:
        return [f"{short}: no receipt"]
    problems = []
    same = (
        receipt.feed == item.feed
        and receipt.organisation == item.organisation
        and receipt.sha256 == item.sha256
        and receipt.sequence == item.sequence
        and receipt.rows_accepted == item.rows_accepted
        and (receipt.covers_from, receipt.covers_to) == (item.covers_from, item.covers_to)
    )
    if not same or receipt.submission_id != item.submission_id:
        problems.append(f"{short}: the receipt says something else than the cut")
    if not receipt.accepted:
        problems.append(f"{short}: not accepted")
    if receipt.rows_read != receipt.rows_accepted + receipt.rows_quarantined + receipt.rows_deduplicated:
        problems.append(f"{short}: rows read are not accepted + quarantined + deduplicated")
    if item.feed not in contracts:
        problems.append(f"{short}: no contract for {item.feed}")
    raw = home.submissions / item.submission_id / receipt.file_name
    redaction = read_redaction(home, item.submission_id)
    expected = item.sha256 if redaction is None else redaction.raw_sha256
    # of a file that an erasure has removed nothing is left to compare
    if expected is not None and (not raw.is_file() or sha256_file(raw) != expected):
        problems.append(f"{short}: the raw file is missing or changed")
    folder = lake.submission_folder(home, item.feed, item.organisation, item.submission_id)
    found = lake.hashes(home, folder) if folder.exists() else {}
    if found != dict(receipt.lake_files):
        problems.append(f"{short}: the lake's files are not those of the receipt")
    if item.rows_accepted and not receipt.lake_files:
        problems.append(f"{short}: accepted rows and no lake file")
    return problems


def judge_register(home: Home, cut: DataCut, contracts: Mapping[str, Contract]) -> Judgement:
    """Every submission of the cut has a receipt, a contract, its raw file and exactly its lake files."""
    # hashing leaves the interpreter to others
    with ThreadPoolExecutor() as readers:
        found = readers.map(lambda item: _submission_problems(home, item, contracts), cut.submissions)
        problems = [problem for problems_of_one in found for problem in problems_of_one]
    if not cut.submissions:
        problems.append("the cut holds no submission")
    return verdict_on(
        problems,
        f"All {len(cut.submissions)} submissions of the data cut are as they were received.",
        "The data cut is not as it was received.",
        "restore vault and lake from backup, or have the submission delivered again.",
        {"submissions": len(cut.submissions)},
    )


def cut_register(context: Context, home: Home, cut: DataCut, contracts: Mapping[str, Contract]) -> Verdict:
    """Verdict `cut.register`."""
    return run_check(context, "cut.register", "integrity", "cut", lambda: judge_register(home, cut, contracts))


def receipts_of(home: Home, cut: DataCut, feed: str) -> list[Receipt]:
    """Receipts of a cut's submissions of a feed; FileNotFoundError when one has none."""
    found = []
    for item in cut.of(feed):
        receipt = read_receipt(home, item.submission_id)
        if receipt is None:
            raise FileNotFoundError("a submission of the cut has no receipt")
        found.append(receipt)
    return found


_REGISTER = "reference_organisations"


def _registers(home: Home, cut: DataCut) -> list[Receipt]:
    """The register of required organisations in force: of each sender the one that counts last."""
    latest: dict[str, Receipt] = {}
    for receipt in sorted(receipts_of(home, cut, _REGISTER), key=lambda item: item.precedence):
        latest[receipt.organisation] = receipt
    return [latest[organisation] for organisation in sorted(latest)]


def required_organisations(home: Home, cut: DataCut) -> list[dict[str, Any]]:
    """Rows of the register of required organisations in force."""
    return lake.read_rows(home, [path for receipt in _registers(home, cut) for path, _ in receipt.lake_files])


@dataclass(frozen=True, order=True)
class _Due:
    """A month of an organisation's feed that a settlement cannot do without, and the days of it that count."""

    month: str
    feed: str
    organisation: str
    first: date
    last: date


def _due_months(row: Mapping[str, Any], window: Period) -> Iterator[_Due]:
    """Months of a window in which a row of the register requires a feed of an organisation."""
    for month in months_in(window):
        first = max(month.start, window.start, row["valid_from"])
        last = min(month.end, window.end, row["valid_to"] or month.end)
        if first <= last:
            yield _Due(month.label, row["required_feed"], row["member_organisation"], first, last)


def _due_of(need: SettlementNeeds, register: Sequence[Mapping[str, Any]]) -> tuple[set[_Due], list[str]]:
    """What a settlement needs beside its ledgers, and where the register is silent about it."""
    if not need.feeds:
        due = {item for row in register for item in _due_months(row, need.measurement_window)}
        return due, [] if due else [
            f"{need.agreement_id}: the register names no organisation for the measurement window"
        ]
    found: set[_Due] = set()
    silent = []
    for wanted in sorted(set(need.feeds), key=lambda item: (item.feed, item.area, item.window)):
        rows = [row for row in register if (row["required_feed"], row["area"]) == (wanted.feed, wanted.area)]
        due = {item for row in rows for item in _due_months(row, wanted.window)}
        if not due:
            silent.append(f"{need.agreement_id}: the register names no organisation for {wanted.feed} in {wanted.area}")
        found |= due
    return found, silent


class _Coverage:
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
        day = first
        for start, end in self._spans.get((feed, organisation), ()):
            if start > day:
                return False
            day = max(day, end + timedelta(days=1))
            if day > last:
                return True
        return False


def _held_back(receipts: Iterable[Receipt]) -> dict[tuple[str, str], int]:
    """Quarantined lines by member and month: missing cost would look like a saving."""
    return {
        (receipt.organisation, label): receipt.rows_quarantined
        for receipt in receipts
        if receipt.rows_quarantined
        for label in months_of([receipt])
    }


def judge_required_feeds(
    home: Home, cut: DataCut, needs: Sequence[SettlementNeeds], ledger_feed: str = "cost_ledger"
) -> Judgement:
    """Every ledger and every feed a settlement needs is in the cut, month by month and day by day."""
    if not needs:
        return Judgement(False, "No settlement says what it needs.", "give members, period and window of each.")
    covered = _Coverage(cut)
    register = required_organisations(home, cut)
    held_back = _held_back(receipts_of(home, cut, ledger_feed))
    # whom a held-back line requires is not known, so nobody would miss what they do not send
    problems = [
        f"{receipt.rows_quarantined} line(s) of {receipt.organisation}'s {_REGISTER} are quarantined"
        for receipt in _registers(home, cut)
        if receipt.rows_quarantined
    ]
    asked = 0
    for need in needs:
        if not need.members:
            problems.append(f"{need.agreement_id}: no members named")
        for member in need.members:
            for period in months_in(need.settlement_period):
                asked += 1
                if not covered.holds(ledger_feed, member, period.start, period.end):
                    problems.append(f"{need.agreement_id}: {member} sent no {ledger_feed} for {period.label}")
                if rows := held_back.get((member, period.label)):
                    where = f"{member}'s {ledger_feed} of {period.label}"
                    problems.append(f"{need.agreement_id}: {rows} line(s) of {where} are quarantined")
        due, silent = _due_of(need, register)
        problems += silent
        asked += len({(item.month, item.feed, item.organisation) for item in due})
        missing = {
            (item.month, item.feed, item.organisation)
            for item in due
            if not covered.holds(item.feed, item.organisation, item.first, item.last)
        }
        problems += [
            f"{need.agreement_id}: {organisation} sent no {feed} for {month}"
            for month, feed, organisation in sorted(missing)
        ]
    return verdict_on(
        problems,
        f"All {asked} monthly submissions the settlements need are there.",
        f"Submissions that a settlement needs are missing ({len(problems)}).",
        "the senders named deliver the missing months, and the lines in quarantine corrected with the next sequence; "
        "until then nothing is settled.",
        {"required": asked, "missing": len(problems)},
        "the senders named",
    )


def months_in(period: Period) -> list[Period]:
    """The months a period touches."""
    return months_between(month_of(period.start), month_of(period.end))


def cut_required_feeds(context: Context, home: Home, cut: DataCut, needs: Sequence[SettlementNeeds]) -> Verdict:
    """Verdict `cut.required_feeds`."""
    return run_check(context, "cut.required_feeds", "integrity", "cut", lambda: judge_required_feeds(home, cut, needs))


def judge_feed(home: Home, cut: DataCut, contracts: Mapping[str, Contract], feed: str) -> Judgement:
    """Every submission of a feed was accepted under the contract and suite in force now."""
    contract = contracts[feed]
    suite = suite_of(contract)
    held = receipts_of(home, cut, feed)
    problems = []
    totals: dict[str, int] = {}
    rows = dict.fromkeys(("rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated"), 0)
    for receipt in held:
        short = receipt.submission_id[:12]
        if not receipt.accepted:
            problems.append(f"{short}: not accepted")
        if receipt.contract_hash != contract.hash:
            problems.append(f"{short}: accepted under another version of the contract")
        if receipt.suite_hash != suite.hash:
            problems.append(f"{short}: accepted under another suite")
        statistics = dict(receipt.suite_statistics)
        if receipt.rows_read and not statistics.get("evaluated"):
            problems.append(f"{short}: no expectation was evaluated")
        if statistics.get("failed_table_level"):
            problems.append(f"{short}: a table-level expectation failed")
        for name, count in statistics.items():
            totals[name] = totals.get(name, 0) + count
        for name in rows:
            rows[name] += getattr(receipt, name)
    if not held:
        problems.append(f"no submission of {feed} is in the cut: nothing was checked")
    return verdict_on(
        problems,
        f"All {len(held)} submissions of {feed} passed the suite in force.",
        f"Not every submission of {feed} is proved under the suite in force.",
        "run again: a run judges such submissions anew; where other rows would count now, their sender sends the file "
        "again with the next sequence.",
        {"submissions": len(held), "suite_hash": suite.hash, "expectations": totals, **rows},
    )


def expectations_of_feed(
    context: Context, home: Home, cut: DataCut, contracts: Mapping[str, Contract], feed: str
) -> Verdict:
    """Verdict `expectations.<feed>`."""
    return run_check(context, f"expectations.{feed}", "integrity", feed, lambda: judge_feed(home, cut, contracts, feed))
