"""Checks of the gate on the data cut: is everything there, as it was received, and judged by the rules in force?

Belongs here: `cut.register`, `cut.required_feeds` and `expectations.<feed>`. Not here: which months must have been sent
(`expectations.requirement`), what the warehouse made of them (`expectations.gate_warehouse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from expectations.judgement import Judgement, run_check, verdict_on
from expectations.requirement import LEDGER_FEED, SettlementNeeds, lacks_of, receipts_of, what_was_sent
from expectations.suites import suite_of
from expectations.verdicts import Context, Verdict
from foundation.canonical import sha256_file
from foundation.home import Home
from ingest import lake
from ingest.contract import Contract
from ingest.cut import CutSubmission, DataCut
from ingest.register import read_receipt, read_redaction


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


def judge_required_feeds(
    home: Home, cut: DataCut, needs: Sequence[SettlementNeeds], ledger_feed: str = LEDGER_FEED
) -> Judgement:
    """Every ledger and every feed a settlement needs is in the cut, month by month and day by day."""
    if not needs:
        return Judgement(False, "No settlement says what it needs.", "give members, period and window of each.")
    sent = what_was_sent(home, cut, ledger_feed)
    lacks, asked = list(sent.register_lacks), 0
    for need in needs:
        found, wanted = lacks_of(need, sent)
        lacks += found
        asked += wanted
    problems = [lack.sentence for lack in lacks]
    return verdict_on(
        problems,
        f"All {asked} monthly submissions the settlements need are there.",
        f"Submissions that a settlement needs are missing ({len(problems)}).",
        "the senders named deliver the missing months, and the lines in quarantine corrected with the next sequence; "
        "until then nothing is settled.",
        {"required": asked, "missing": len(problems)},
        "the senders named",
    )


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
