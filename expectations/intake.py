"""Intake as a whole: one submission from a sender's mailbox to the lake and its receipt; and the sender's own check.

Belongs here: the order of the steps and what each outcome does. `outturn check` and intake run the same code.
Not here: the steps themselves (`ingest`), the expectations (`expectations.suites`).

Crash safety: every file is written whole or not at all, the receipt comes last, the landing is cleared after
it. A process killed anywhere leaves a submission without a receipt, and doing it again gives the same bytes.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.expectation import ROW, TABLE, WARN, Outcome, Scope, Suite, SuiteResult
from expectations.runner import run_suite
from expectations.suites import suite_of
from foundation.canonical import sha256_bytes
from foundation.durable import remove, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.period import month_of
from ingest import lake, quarantine, receive
from ingest.conform import column_sums, conform, drop_exact_duplicates
from ingest.contract import Contract, load_contract
from ingest.identity.declared import MADE_OF
from ingest.identity.keyring import Keyring, keyring_of, passing_keyring
from ingest.identity.tokenise import shielded, tokenise
from ingest.manifest import SUFFIX, Manifest, parse_manifest, read_manifest
from ingest.read import FileRejectedError, choose_layout, decode, read_csv, records_of
from ingest.register import Receipt, Register, read_receipt, receipts, repeated, write_receipt
from ingest.rules import FILE, Finding, finding, in_order, worst

RAW_MANIFEST = "manifest.json"
# more rows than a few, and more than this share of a file, may not silently be absent
_FEW_ROWS, _MOST_HELD_BACK_PCT = 5, 10
# a file whose rows lie outside its dates for the most part was sent for the wrong period
_MOST = 2
# bytes of a file without a usable manifest that the vault keeps
_KEPT_WITHOUT_CONTRACT = 20_000_000


@dataclass(frozen=True)
class Examination:
    """What a file turned out to be.

    `accepted` holds the rows that may be used (the contract's columns without identifiers), None when the file is
    refused. `layout`: the one it was read in, blank when it could not be.
    read = accepted + quarantined + deduplicated, always.
    """

    findings: tuple[Finding, ...]
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_deduplicated: int
    accepted: Any | None
    suite: Suite
    statistics: Mapping[str, int] = field(default_factory=dict)
    profile: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""

    @property
    def outcome(self) -> str:
        return worst(self.findings)


@dataclass(frozen=True)
class CheckReport:
    """Answer of `outturn check`: the report's content and the rows that would be accepted.

    `accepted` leaves out identifying columns, and tokens made for the check alone; None when the file is refused.
    """

    outcome: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_deduplicated: int
    findings: tuple[Finding, ...]
    accepted: Any | None

    def report(self) -> dict[str, Any]:
        """Content of the report file, as docs/reference/intake-rules.md describes it."""
        return {
            "outcome": self.outcome,
            "rows_read": self.rows_read,
            "rows_accepted": self.rows_accepted,
            "rows_quarantined": self.rows_quarantined,
            "rows_deduplicated": self.rows_deduplicated,
            "findings": [item.as_json() for item in in_order(self.findings)],
        }


def _refused(findings: Sequence[Finding], suite: Suite, rows_read: int = 0) -> Examination:
    """A file refused as a whole: every row that could be counted is held back."""
    return Examination(tuple(findings), rows_read, 0, rows_read, 0, None, suite)


def _sender_problem(values: set[str], contract: Contract, organisation: str | None) -> tuple[str, Finding | None]:
    """The organisation the rows are about, and what is wrong when it is not the one that sends them."""
    senders = sorted(values & set(contract.custom.senders))
    name = contract.custom.organisationColumn
    if organisation is None:
        if len(senders) == 1:
            return senders[0], None
        if senders:
            return "", finding("delivery.sender_mismatch", "The rows are about several organisations.", name)
        return "", finding("delivery.sender_unknown", "The rows are about no organisation of the contract.", name)
    if values and organisation not in values:
        return organisation, finding("delivery.sender_mismatch", "No row is about the organisation that sends.", name)
    if [other for other in senders if other != organisation]:
        return organisation, finding("delivery.sender_mismatch", "Rows are about another sender.", name)
    return organisation, None


def _dates_covered(table: Any, contract: Contract, manifest: Manifest | None) -> tuple[date | None, date | None]:
    """Dates of the manifest; without one, for a monthly feed, the month most rows are in."""
    if manifest is not None:
        return manifest.covers.start, manifest.covers.end
    if contract.custom.coverage.kind != "single" or contract.by_name[contract.custom.eventColumn].kind != "date":
        return None, None
    days = [value for value in table.column(contract.custom.eventColumn).to_pylist() if value is not None]
    if not days:
        return None, None
    counts = Counter(month_of(day) for day in days)
    period = min(counts, key=lambda item: (-counts[item], item.start))
    return period.start, period.end


def _control_totals(table: Any, contract: Contract, manifest: Manifest, unreadable: Mapping[str, int]) -> list[Finding]:
    """Compare the sums of the columns with the manifest's. Every row counts, also what is later held back."""
    found = []
    totals = manifest.totals()
    sums = column_sums(table, {name: contract.by_name[name] for name in totals})
    for name in sorted(totals):
        if unreadable.get(name):
            found.append(
                finding("delivery.control_total_unproved", f"{unreadable[name]} values could not be read.", name)
            )
        elif sums[name] != totals[name]:
            found.append(
                finding(
                    "delivery.control_total_mismatch",
                    "The sum of the column is not the manifest's control total.",
                    name,
                )
            )
    return found


def _profile(table: Any, contract: Contract) -> dict[str, str]:
    """What later periods are compared with: rows, and the median of each watched column, as text."""
    found = {"rows": str(table.num_rows)}
    for name in sorted(contract.custom.historyRules.medianRatio):
        values = [Decimal(value) for value in table.column(name).to_pylist() if value is not None]
        if values:
            found[f"median.{name}"] = format(statistics.median(values), "f")
    return found


def _history(profile: Mapping[str, str], contract: Contract, earlier: Sequence[Receipt]) -> list[Finding]:
    """Compare with the organisation's earlier periods; too short a history says nothing."""
    rules = contract.custom.historyRules
    if len(earlier) < rules.minimumPeriods:
        return []
    found = []
    if rules.rowCountRatio:
        usual = statistics.median([Decimal(dict(item.profile).get("rows", "0")) for item in earlier])
        low, high = (Decimal(limit) for limit in rules.rowCountRatio)
        if usual > 0 and Decimal(profile["rows"]) < low * usual:
            found.append(finding("history.volume_drop", f"Fewer than {low} of the usual number of rows."))
        if usual > 0 and Decimal(profile["rows"]) > high * usual:
            found.append(finding("history.volume_spike", f"More than {high} times the usual number of rows."))
    for name, ratio in sorted(rules.medianRatio.items()):
        before = [
            Decimal(dict(item.profile)[f"median.{name}"]) for item in earlier if f"median.{name}" in dict(item.profile)
        ]
        if len(before) < rules.minimumPeriods or f"median.{name}" not in profile:
            continue
        usual, now = statistics.median(before), Decimal(profile[f"median.{name}"])
        low, high = (Decimal(limit) for limit in ratio)
        if usual > 0 and not low * usual <= now <= high * usual:
            found.append(finding("history.unit_change", "The median is out of line with earlier periods.", name))
    return found


def _too_much_held_back(contract: Contract, counted: int, held_back: int) -> list[Finding]:
    """A file about people of which much is held back would lower totals unseen: it is held as a whole, so that its days
    are missing and say so. A few rows of a small file are not judged."""
    if contract.identity is None or held_back < _FEW_ROWS or held_back * 100 <= counted * _MOST_HELD_BACK_PCT:
        return []
    return [finding("history.too_much_held_back", f"{held_back} of {counted} rows would be held back.")]


def _shrunk(contract: Contract, manifest: Manifest, rows: int, register: Register) -> list[Finding]:
    """A file may not hold far less than the one it replaces: what is gone would not be missed.

    One of everything so far replaces those that end earlier, any other those of the same dates. Of reference data
    nothing may be gone: what has ended keeps its row with its last day, and an organisation nobody requires any more
    would be missed by nobody.
    """
    cumulative = contract.custom.coverage.kind == "cumulative"
    until = manifest.covers.end
    same = [
        item
        for item in register.of(contract.feed, manifest.organisation)
        if item.covers_from == manifest.covers.start
        and (item.covers_to == until or (cumulative and (item.covers_to or date.min) < until))
    ]
    before = max((item.rows_accepted for item in same), default=0)
    lost = before - rows
    if cumulative and contract.identity is None and lost > 0:
        message = f"The file it replaces held {before} rows, this one {rows}; what has ended keeps its row."
        return [finding("history.volume_drop", message)]
    if lost < _FEW_ROWS or lost * 100 <= before * _MOST_HELD_BACK_PCT:
        return []
    return [finding("history.volume_drop", f"The file it replaces held {before} rows, this one {rows}.")]


def _row_findings(outcome: Outcome, numbers: Sequence[int]) -> list[Finding]:
    """Findings of one expectation: by row where GX names rows, else one for the table."""
    item = outcome.expectation
    if outcome.rows and item.level != TABLE:
        return [finding(item.rule, item.message, item.column, numbers[position]) for position in outcome.rows]
    return [finding(item.rule, item.message, item.column)]


def _judge(result: SuiteResult, table: Any) -> tuple[list[Finding], set[int]]:
    """Findings of a suite and the positions of the rows it takes out."""
    numbers = table.column("row_number").to_pylist()
    found: list[Finding] = []
    taken_out: set[int] = set()
    for outcome in result.failed(ROW):
        if not outcome.rows:
            raise WrongUsage(
                f"the expectation {outcome.expectation.kind} does not name rows.", "give it the level table or warn."
            )
        found += _row_findings(outcome, numbers)
        taken_out.update(outcome.rows)
        if len(outcome.rows) == len(numbers) and outcome.expectation.rule == "row.required" and len(numbers) > 1:
            found.append(finding("table.column_empty", "A required column is empty.", outcome.expectation.column))
        if outcome.expectation.rule == "row.outside_window" and len(outcome.rows) * _MOST > len(numbers):
            found.append(
                finding(
                    "delivery.period_in_body", "Most rows lie outside the dates covered.", outcome.expectation.column
                )
            )
    for level in (TABLE, WARN):
        for outcome in result.failed(level):
            found += _row_findings(outcome, numbers)
    return found, taken_out


@dataclass(frozen=True)
class _Rows:
    """Rows of a file once nobody can tell from them who they are about.

    `readable` are all that could be read, `table` those whose tokens are tokens as well; columns of both:
    `Contract.judged_columns`.
    """

    layout: str
    count: int
    readable: Any
    table: Any
    findings: tuple[Finding, ...]
    faults: tuple[Finding, ...]
    unreadable: Mapping[str, int]
    statuses: Mapping[str, int]


def _read_rows(data: bytes, name: str, contract: Contract, layout: str | None, keyring: Keyring) -> _Rows:
    """Read, conform, make tokens: the only place of intake where identifiers are at hand, and none leaves it."""
    raw = read_csv(data, name, contract, layout)
    conformed = conform(raw, contract)
    made = tokenise(conformed.table, contract, raw.layout, keyring)
    unreadable = dict(conformed.unreadable)
    for column, count in made.unreadable.items():
        unreadable[column] = unreadable.get(column, 0) + count
    return _Rows(
        raw.layout_name,
        conformed.rows_read,
        conformed.table.select(["row_number", *contract.judged_columns]),
        made.table,
        (*raw.findings, *conformed.notes),
        (*conformed.faults, *made.faults),
        unreadable,
        made.verdicts,
    )


def _sends_identifiers(data: bytes, contract: Contract) -> bool:
    """Whether the header of a file that fits no token layout is that of a layout with identifiers."""
    try:
        header = next(records_of(decode(data, contract, []), contract), [])
    except FileRejectedError:
        return False
    fitting = choose_layout(header, contract)
    return fitting is not None and contract.is_clear(contract.custom.layouts[fitting])


def _clear_refused() -> Finding:
    return finding(
        "structure.column_identifying",
        "The file holds identifiers, and the contract has this organisation send tokens: run `outturn pseudonymise`.",
    )


def examine(
    held: receive.Held,
    name: str,
    contract: Contract,
    manifest: Manifest | None,
    register: Register | None = None,
    before: Sequence[Finding] = (),
    keyring: Keyring | None = None,
) -> Examination:
    """Read a file and judge it.

    held: its bytes; name: its file name; manifest: None when a sender checks without one, then the layout is
    taken from the header and the organisation and month from the rows; register: what the file is compared
    with, None outside intake; before: findings of receiving, which may already refuse it; keyring: what
    identifiers become tokens with, None where nobody will use the tokens.
    """
    suite = suite_of(contract)
    findings = [*before, *receive.check_bytes(held, manifest, contract)]
    if worst(findings) == FILE or held.data is None:
        return _refused(findings, suite)
    data, keys = held.data, keyring or passing_keyring()
    layout_name = contract.custom.senders[manifest.organisation].layout if manifest is not None else None
    try:
        rows = shielded(
            "reading a file about people",
            lambda: _read_rows(data, name, contract, layout_name, keys),
            # what breaks on a feed about no person may say on what
            (FileRejectedError,) if contract.identity is not None else (Exception,),
        )
    except FileRejectedError as rejected:
        named = layout_name is not None and not contract.is_clear(contract.custom.layouts[layout_name])
        if named and _sends_identifiers(data, contract):
            return _refused([*findings, _clear_refused()], suite)
        return _refused([*findings, rejected.found, *rejected.notes], suite)
    findings += rows.findings
    counted = rows.count
    if manifest is not None and counted != manifest.rows:
        findings.append(
            finding("delivery.rows_mismatch", f"The file has {counted} rows, the manifest says {manifest.rows}.")
        )
    if counted == 0 and (manifest is None or manifest.rows != 0):
        findings.append(finding("delivery.no_rows", "The file has a header and no rows."))
    if manifest is not None:
        findings += _control_totals(rows.readable, contract, manifest, rows.unreadable)
    values = set(pc.unique(rows.readable.column(contract.custom.organisationColumn)).drop_null().to_pylist())
    organisation, problem = _sender_problem(values, contract, manifest.organisation if manifest else None)
    if problem is not None and rows.readable.num_rows:
        findings.append(problem)
    elif (
        contract.identity is not None
        and contract.is_clear(contract.custom.layouts[rows.layout])
        and organisation not in contract.identity.clear_justification
    ):
        findings.append(_clear_refused())
    if worst(findings) == FILE:
        return _refused([*findings, *rows.faults], suite, counted)
    table, dropped = drop_exact_duplicates(rows.table)
    findings += [finding("row.duplicate", "The row repeats an earlier one.", None, number) for number in dropped]
    findings += rows.faults
    first, last = _dates_covered(table, contract, manifest)
    # an expectation says nothing about no rows, except that there are none
    result = (
        run_suite(suite.build(Scope(organisation, first, last, rows.layout)), table)
        if table.num_rows or counted == 0
        else SuiteResult(())
    )
    judged, taken_out = _judge(result, table)
    findings += judged
    keep = [position for position in range(table.num_rows) if position not in taken_out]
    accepted = table if len(keep) == table.num_rows else table.take(pa.array(keep, pa.int64()))
    profile = {
        **_profile(accepted, contract),
        **{f"nhs_number.{status}": str(count) for status, count in sorted(rows.statuses.items())},
    }
    if register is not None and manifest is not None and worst(findings) != FILE:
        earlier = register.earlier(
            contract.feed, organisation, manifest.covers.start, contract.custom.historyRules.periods
        )
        findings += _history(_profile(table, contract), contract, earlier)
        findings += _shrunk(contract, manifest, counted, register)
    findings += _too_much_held_back(contract, counted, counted - accepted.num_rows - len(dropped))
    if worst(findings) == FILE:
        refused = _refused(findings, suite, counted)
        return Examination(refused.findings, counted, 0, counted, 0, None, suite, result.statistics())
    return Examination(
        tuple(findings),
        counted,
        accepted.num_rows,
        counted - accepted.num_rows - len(dropped),
        len(dropped),
        accepted,
        suite,
        result.statistics(),
        profile,
        rows.layout,
    )


def check_file(path: Path, contract: Contract | Path, manifest: Manifest | Path | None = None) -> CheckReport:
    """What a sender runs before sending: the report intake would make, without taking anything in.

    Comparisons with earlier deliveries need the receiver's register and are not made. WrongUsage when the
    file or the contract cannot be opened; everything else is a finding.
    """
    agreed = contract if isinstance(contract, Contract) else load_contract(Path(contract))
    found: list[Finding] = []
    told: Manifest | None = None
    if isinstance(manifest, Manifest) or manifest is None:
        told = manifest
    else:
        try:
            told = read_manifest(Path(manifest))
        except Refused as refusal:
            found.append(finding("delivery.manifest_unreadable", refusal.message))
    try:
        held = receive.hold(Path(path), agreed.custom.limits.fileBytes)
    except OSError:
        raise WrongUsage(
            f"{path} cannot be opened.", "give the path of the file to check; links are not followed."
        ) from None
    if told is not None:
        found += [*receive.check_name(told, Path(path).name, landed=False), *receive.check_manifest(told, agreed)]
    if not receive.is_safe_name(Path(path).name) and told is None:
        found.append(finding("delivery.name_unsafe", "The file name is not safe to use."))
    result = examine(held, Path(path).name, agreed, told, None, found)
    rows = result.accepted
    if rows is not None and agreed.identity is not None and agreed.is_clear(agreed.custom.layouts[result.layout]):
        rows = rows.drop_columns([name for name in rows.column_names if name in MADE_OF and name.endswith("_token")])
    return CheckReport(
        result.outcome,
        result.rows_read,
        result.rows_accepted,
        result.rows_quarantined,
        result.rows_deduplicated,
        in_order(result.findings),
        rows,
    )


def _receipt(
    identity: str,
    feed: str,
    organisation: str,
    covers: tuple[date, date] | None,
    sequence: int,
    file_name: str,
    held_sha256: str,
    size: int,
    manifest_bytes: bytes,
    result: Examination | None,
    findings: Sequence[Finding],
    contract_hash: str,
    lake_files: Mapping[str, str],
) -> Receipt:
    return Receipt(
        submission_id=identity,
        feed=feed,
        organisation=organisation,
        covers_from=covers[0] if covers else None,
        covers_to=covers[1] if covers else None,
        sequence=sequence,
        file_name=file_name,
        sha256=held_sha256,
        manifest_sha256=sha256_bytes(manifest_bytes),
        bytes=size,
        outcome=worst(findings),
        rows_read=result.rows_read if result else 0,
        rows_accepted=result.rows_accepted if result else 0,
        rows_quarantined=result.rows_quarantined if result else 0,
        rows_deduplicated=result.rows_deduplicated if result else 0,
        findings=in_order(findings),
        suite_name=result.suite.name if result else "",
        suite_hash=result.suite.hash if result else "",
        suite_statistics=tuple(sorted(result.statistics.items())) if result else (),
        contract_hash=contract_hash,
        lake_files=tuple(sorted(lake_files.items())),
        profile=tuple(sorted(result.profile.items())) if result else (),
    )


def _raw_name(name: str) -> str:
    """Name of the raw file in the vault: the sender's when it is safe, so that a person finds it again."""
    return name if receive.is_safe_name(name) and name.isascii() and name != RAW_MANIFEST else "raw"


def _keep_raw(home: Home, identity: str, name: str, held: receive.Held | None, manifest: bytes) -> None:
    """Put the raw file and its manifest into the vault. A file above the cap is not kept: its hash and size are."""
    folder = home.submissions / identity
    if held is not None and held.data is not None:
        write_bytes(folder / _raw_name(name), held.data, mode=0o600)
    write_bytes(folder / RAW_MANIFEST, manifest, mode=0o600)


def _clear_landing(manifest_path: Path, data_path: Path | None) -> None:
    """Empty the mailbox of one delivery, manifest last: without it the file would never be looked at again."""
    if data_path is not None:
        remove(data_path)
    remove(manifest_path)


def _finish(home: Home, receipt: Receipt, manifest_path: Path, data_path: Path | None) -> Receipt:
    write_receipt(home, receipt)
    _clear_landing(manifest_path, data_path)
    return receipt


def _beside(manifest_path: Path) -> Path | None:
    """The file a manifest's own name points to, if it is one."""
    path = manifest_path.with_name(manifest_path.name.removesuffix(SUFFIX))
    return path if path != manifest_path and path.is_file() and not path.is_symlink() else None


def _refuse_delivery(
    home: Home, mailbox: str, manifest_path: Path, manifest_bytes: bytes, data_path: Path | None, problem: Finding
) -> Receipt:
    """Record a delivery that has no submission id: its manifest or its file cannot be read."""
    identity = receive.problem_id(mailbox, manifest_bytes, problem.rule)
    if data_path is None and (former := read_receipt(home, identity)) is not None:
        # its file is gone because it was refused before, by a process that died while it emptied the mailbox
        _clear_landing(manifest_path, None)
        return repeated(former)
    held = receive.hold(data_path, _KEPT_WITHOUT_CONTRACT) if data_path is not None else None
    receipt = _receipt(
        identity,
        "",
        mailbox,
        None,
        0,
        manifest_path.name.removesuffix(SUFFIX),
        held.sha256 if held else "",
        held.size if held else 0,
        manifest_bytes,
        None,
        [problem],
        "",
        {},
    )
    _keep_raw(home, identity, data_path.name if data_path is not None else "raw", held, manifest_bytes)
    quarantine.write_record(home, quarantine.record_of(identity, [problem], whole_file=True))
    return _finish(home, receipt, manifest_path, data_path)


def take_in(
    home: Home, manifest_path: Path, contracts: Mapping[str, Contract], known: Register | None = None
) -> Receipt:
    """Take in one delivery: receive, read, conform, judge, quarantine, lake, receipt; then clear the landing.

    known: the register as it is now, for a caller that takes in many; read from the home when None.

    Returns the receipt, also of a refused file: its outcome and findings say why. A delivery that was there
    before changes nothing and comes back with `repeated`. Refused when the manifest lies outside a mailbox.
    """
    mailbox = receive.mailbox_of(home, manifest_path)
    manifest_bytes = receive.read_limited(manifest_path)
    try:
        manifest = parse_manifest(manifest_bytes)
    except Refused as refusal:
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            _beside(manifest_path),
            finding("delivery.manifest_unreadable", refusal.message),
        )
    if mailbox != manifest.organisation:
        # recorded under an id of its own: nobody can spoil another sender's delivery by sending it first
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            receive.find_file(manifest, manifest_path),
            finding("delivery.sender_mismatch", "The manifest names another organisation than the mailbox."),
        )
    data_path = receive.find_file(manifest, manifest_path)
    if data_path is None:
        return _without_file(home, mailbox, manifest, manifest_path, manifest_bytes)
    contract = contracts.get(manifest.feed)
    if contract is None:
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            data_path,
            finding("delivery.feed_unknown", "There is no contract for the feed of the manifest."),
        )
    held = receive.hold(data_path, contract.custom.limits.fileBytes)
    identity = manifest.submission_id(held.sha256)
    former = read_receipt(home, identity)
    if former is not None and _still_stands(former, contract):
        _clear_landing(manifest_path, data_path)
        return repeated(former)
    register = (known or Register.load(home)).without(identity)
    before = [
        *receive.check_name(manifest, data_path.name, landed=True),
        *receive.check_manifest(manifest, contract),
        *receive.check_sequence(manifest, held.sha256, register),
    ]
    result = examine(held, data_path.name, contract, manifest, register, before, keyring_of(home))
    receipt = _store(home, contract, manifest, manifest_bytes, held, data_path, identity, result, former)
    _clear_landing(manifest_path, data_path)
    return receipt


def _still_stands(former: Receipt, contract: Contract) -> bool:
    """Whether an earlier judgement of the same bytes needs no second look.

    A refused file may have been refused for its name or manifest, and any for a rule that has changed since.
    """
    same_rules = former.contract_hash == contract.hash and former.suite_hash == suite_of(contract).hash
    return same_rules and former.accepted


def _store(
    home: Home,
    contract: Contract,
    manifest: Manifest,
    manifest_bytes: bytes,
    held: receive.Held,
    data_path: Path,
    identity: str,
    result: Examination,
    former: Receipt | None,
) -> Receipt:
    """Write raw file, quarantine, lake and receipt, in this order; the receipt makes it true."""
    if former is not None and former.accepted and not _same_rows(home, contract, manifest, identity, result, former):
        # runs may have used these rows; other rows for the same bytes would rewrite them under the same cut
        return repeated(former)
    _keep_raw(home, identity, data_path.name, held, manifest_bytes)
    if result.outcome == FILE or result.rows_quarantined:
        quarantine.write_record(home, quarantine.record_of(identity, result.findings, result.outcome == FILE))
    lake_files: dict[str, str] = {}
    if former is not None and former.accepted:
        lake_files = dict(former.lake_files)
    elif result.accepted is not None:
        lake_files = lake.write_submission(home, contract, manifest.organisation, identity, result.accepted)
    receipt = _receipt(
        identity,
        manifest.feed,
        manifest.organisation,
        (manifest.covers.start, manifest.covers.end),
        manifest.sequence,
        data_path.name,
        held.sha256,
        held.size,
        manifest_bytes,
        result,
        result.findings,
        contract.hash,
        lake_files,
    )
    write_receipt(home, receipt)
    return repeated(receipt) if receipt == former else receipt


def _same_rows(
    home: Home, contract: Contract, manifest: Manifest, identity: str, result: Examination, former: Receipt
) -> bool:
    """Whether judging again accepts exactly the rows that lie in the lake."""
    if result.accepted is None:
        return False
    folder = lake.submission_folder(home, contract.feed, manifest.organisation, identity)
    fresh = lake.part_hashes(result.accepted, contract)
    held = {
        path.removeprefix(folder.relative_to(home.lake).as_posix() + "/"): value for path, value in former.lake_files
    }
    return fresh == held


def _without_file(home: Home, mailbox: str, manifest: Manifest, manifest_path: Path, manifest_bytes: bytes) -> Receipt:
    """A manifest whose file is not there: the rest of a delivery already taken in, or a refusal."""
    sha256 = sha256_bytes(manifest_bytes)
    # a delivery refused before anybody looked inside has a receipt of no feed
    done = [
        item
        for item in receipts(home)
        if item.manifest_sha256 == sha256
        and (item.feed == manifest.feed or (not item.feed and item.organisation == mailbox))
    ]
    if done:
        _clear_landing(manifest_path, None)
        return repeated(done[0])
    unsafe = not receive.is_safe_name(manifest.file)
    problem = (
        finding("delivery.name_unsafe", "The file name is not safe to use.")
        if unsafe
        else finding("delivery.file_missing", "The file the manifest names is not beside it.")
    )
    return _refuse_delivery(home, mailbox, manifest_path, manifest_bytes, _beside(manifest_path), problem)


def judge_again(home: Home, submission_id: str, contracts: Mapping[str, Contract]) -> Receipt:
    """Judge a stored submission under the contract and suite now in force, from its raw file.

    Needed after a contract or suite changed. If the same rows are accepted, the receipt is renewed (the former
    one is kept beside it) and the lake stays as it is. If not, the receipt stays as it was and the gate goes on
    refusing: the sender must deliver again with a higher sequence. WrongUsage when there is no such submission.
    """
    former = read_receipt(home, submission_id)
    contract = contracts.get(former.feed) if former is not None else None
    folder = home.submissions / submission_id
    if former is None or contract is None:
        raise WrongUsage(f"there is no submission {submission_id} of a known feed.", "see `outturn doctor`.")
    manifest_bytes = (folder / RAW_MANIFEST).read_bytes()
    manifest = parse_manifest(manifest_bytes)
    raw = folder / _raw_name(former.file_name)
    held = receive.hold(raw, contract.custom.limits.fileBytes)
    if held.sha256 != former.sha256:
        raise Refused(f"the raw file of submission {submission_id} was changed.", "restore the vault from backup.")
    register = Register.load(home).without(submission_id)
    before = [*receive.check_name(manifest, former.file_name, landed=True), *receive.check_manifest(manifest, contract)]
    if not former.accepted:
        before += receive.check_sequence(manifest, held.sha256, register)
    result = examine(held, former.file_name, contract, manifest, register, before, keyring_of(home))
    named = raw.with_name(former.file_name) if receive.is_safe_name(former.file_name) else raw
    return _store(home, contract, manifest, manifest_bytes, held, named, submission_id, result, former)


def judge_all_again(home: Home, contracts: Mapping[str, Contract]) -> list[Receipt]:
    """Judge every submission in force again whose receipt names other rules than those in force now."""
    hashes = {feed: (contract.hash, suite_of(contract).hash) for feed, contract in contracts.items()}
    return [
        judge_again(home, item.submission_id, contracts)
        for item in sorted(Register.load(home).in_force(), key=lambda item: item.chronology)
        if item.feed in hashes and (item.contract_hash, item.suite_hash) != hashes[item.feed]
    ]


def take_in_all(home: Home, contracts: Mapping[str, Contract]) -> list[Receipt]:
    """Take in everything that waits, the oldest period first, so that history means the same in any batch."""

    def order(path: Path) -> tuple[str, str, str, int, str]:
        try:
            told = read_manifest(path)
        except Refused:
            return ("", "", "", 0, path.as_posix())
        return (told.covers.start.isoformat(), told.feed, told.organisation, told.sequence, path.as_posix())

    return [take_in(home, path, contracts) for path in sorted(receive.find_manifests(home), key=order)]
