"""Reading one file and judging it: what a sender's own check and intake have in common.

Belongs here: the order in which a file is read, made of tokens, judged and compared with earlier ones, and what came of
it. `outturn check` and intake run the same code. Not here: what becomes of it in a home (`expectations.intake`), the
steps themselves (`ingest`), the expectations (`expectations.suites`).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from expectations.expectation import ROW, TABLE, WARN, Outcome, Scope, Suite, SuiteResult
from expectations.in_parts import read_parts
from expectations.rows import HeldValues, Rows, read_whole
from expectations.suites import suite_of
from foundation.errors import Refused, WrongUsage
from foundation.period import month_of, months_between
from ingest import receive
from ingest.container import header_of
from ingest.contract import Contract, load_contract
from ingest.identity.declared import MADE_OF
from ingest.identity.keyring import Keyring, passing_keyring
from ingest.identity.rights import Rights
from ingest.identity.tokenise import shielded
from ingest.manifest import Manifest, read_manifest
from ingest.read import FileRejectedError, choose_layout
from ingest.register import Receipt, Register
from ingest.rules import FILE, Finding, finding, in_order, worst
from ingest.spill import SpilledRows, whole
from ingest.stream import NotPlainError
from ingest.unlisted import told, worth_telling

# more rows than a few, and more than this share of a file, may not silently be absent
_FEW_ROWS, _MOST_HELD_BACK_PCT = 5, 10
# a file whose rows lie outside its dates for the most part was sent for the wrong period
_MOST = 2
# a larger file is not held in memory, whatever is in it
MOST_WHOLE = 200_000_000


@dataclass(frozen=True)
class Examination:
    """What a file turned out to be.

    `accepted` holds the rows that may be used (the contract's columns without identifiers), None when the file is
    refused. `layout`: the one it was read in, blank when it could not be. `set_aside`: rule of a person's right -> rows
    it took out, which are quarantined like any other.
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
    set_aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        return worst(self.findings)

    def drop(self) -> None:
        """Give up the rows: those of a large file lie on disk until then."""
        if isinstance(self.accepted, SpilledRows):
            self.accepted.close()


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


def _dates_covered(rows: Rows, contract: Contract, manifest: Manifest | None) -> tuple[date | None, date | None]:
    """Dates of the manifest; without one, for a monthly feed, the month most rows are in."""
    if manifest is not None:
        return manifest.covers.start, manifest.covers.end
    if contract.custom.coverage.kind != "single" or contract.by_name[contract.custom.eventColumn].kind != "date":
        return None, None
    counts = rows.months()
    if not counts:
        return None, None
    period = min(counts, key=lambda item: (-counts[item], item.start))
    return period.start, period.end


def _control_totals(rows: Rows, manifest: Manifest) -> list[Finding]:
    """Compare the sums of the columns with the manifest's. Every row counts, also what is later held back."""
    found = []
    totals, unreadable = manifest.totals(), rows.unreadable
    sums = rows.sums(totals)
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


def _profile(rows: Rows, contract: Contract, count: int, taken_out: set[int]) -> dict[str, str]:
    """What later periods are compared with: rows, and the median of each watched column, as text."""
    found = {"rows": str(count)}
    for name in sorted(contract.custom.historyRules.medianRatio):
        values = rows.middles(name, taken_out)
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


def _gap_before(contract: Contract, manifest: Manifest, register: Register) -> list[Finding]:
    """A monthly feed skipped a month: said with the next delivery, for the missing one has no receipt to say it in."""
    ends = [
        item.covers_to
        for item in register.of(contract.feed, manifest.organisation)
        if item.covers_to is not None and item.covers_to < manifest.covers.start
    ]
    if contract.custom.coverage.kind != "single" or not ends:
        return []
    first, last = max(ends) + timedelta(days=1), manifest.covers.start - timedelta(days=1)
    if first > last:
        return []
    months = [period.label for period in months_between(month_of(first), month_of(last))]
    named = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    return [finding("delivery.period_missing", f"Nothing was accepted for {named}.")]


def _after_freeze(contract: Contract, manifest: Manifest, register: Register) -> list[Finding]:
    """Late beyond the freeze, by the sender's own later deliveries: intake looks at no clock, so that the same files
    are judged alike on any day."""
    until = max(contract.provisional_until(manifest.covers.end), manifest.covers.end)
    later = [
        item
        for item in register.of(contract.feed, manifest.organisation)
        if item.covers_from is not None and item.covers_from > until
    ]
    if not later:
        return []
    message = (
        f"Figures up to {manifest.covers.end} stopped being provisional on {until}; this comes after later months."
    )
    return [finding("delivery.after_freeze", message)]


def _row_findings(outcome: Outcome, rows: Rows) -> list[Finding]:
    """Findings of one expectation: by row where GX names rows, else one for the table."""
    item = outcome.expectation
    if outcome.rows and item.level != TABLE:
        return [finding(item.rule, item.message, item.column, rows.number(position)) for position in outcome.rows]
    return [finding(item.rule, item.message, item.column)]


def _unlisted(outcome: Outcome, rows: Rows, contract: Contract) -> list[Finding]:
    """One finding that lists and counts the codes of a column which are on no list of the contract."""
    name = outcome.expectation.column
    if outcome.expectation.rule != "row.code" or name is None or not contract.by_name[name].allowed:
        return []
    counts = rows.texts(outcome)
    return [finding("row.code", told(counts), name)] if worth_telling(counts) else []


def _judge(result: SuiteResult, rows: Rows, contract: Contract) -> tuple[list[Finding], set[int]]:
    """Findings of a suite and the places of the rows it takes out."""
    found: list[Finding] = []
    taken_out: set[int] = set()
    for outcome in result.failed(ROW):
        if not outcome.rows:
            raise WrongUsage(
                f"the expectation {outcome.expectation.kind} does not name rows.", "give it the level table or warn."
            )
        found += [*_unlisted(outcome, rows, contract), *_row_findings(outcome, rows)]
        taken_out.update(outcome.rows)
        if len(outcome.rows) == rows.num_rows and outcome.expectation.rule == "row.required" and rows.num_rows > 1:
            found.append(finding("table.column_empty", "A required column is empty.", outcome.expectation.column))
        if outcome.expectation.rule == "row.outside_window" and len(outcome.rows) * _MOST > rows.num_rows:
            found.append(
                finding(
                    "delivery.period_in_body", "Most rows lie outside the dates covered.", outcome.expectation.column
                )
            )
    for level in (TABLE, WARN):
        for outcome in result.failed(level):
            found += _row_findings(outcome, rows)
    return found, taken_out


def _rows_of(
    held: receive.Held,
    name: str,
    contract: Contract,
    manifest: Manifest | None,
    keyring: Keyring,
    suite: Suite,
    rights: Rights | None,
    beside: Path | None,
) -> Rows:
    """The rows of a file, read by parts where it is large and plain, else whole."""
    layout = contract.custom.senders[manifest.organisation].layout if manifest is not None else None
    if held.size > receive.LARGE:
        wanted = manifest.totals() if manifest is not None else ()
        try:
            return read_parts(held, name, contract, layout, keyring, suite, rights, wanted, beside)
        except NotPlainError:
            if held.size > MOST_WHOLE:
                message = f"A file of more than {MOST_WHOLE} bytes is taken as plain CSV only."
                raise FileRejectedError(finding("delivery.too_large", message)) from None
        except FileRejectedError:
            # of a smaller one the reader of whole files says what is wrong with it first
            if held.size > MOST_WHOLE:
                raise
    try:
        return read_whole(held.whole(), name, contract, layout, keyring)
    except receive.ChangedError:
        problem = finding("delivery.changed_while_read", "The file changed while it was read.")
        raise FileRejectedError(problem) from None


def _sends_identifiers(held: receive.Held, name: str, contract: Contract) -> bool:
    """Whether the header of a file that fits no token layout is that of a layout with identifiers."""
    try:
        # of a file that is not read whole, the first line says it
        data = held.whole() if held.size <= MOST_WHOLE else next(held.blocks(), b"").partition(b"\n")[0]
    except receive.ChangedError:
        return False
    fitting = choose_layout(header_of(data, name, contract), contract)
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
    held_values: HeldValues | None = None,
    rights: Rights | None = None,
    beside: Path | None = None,
) -> Examination:
    """Read a file and judge it.

    held: its bytes; name: its file name; manifest: None when a sender checks without one, then the layout is
    taken from the header and the organisation and month from the rows; register: what the file is compared
    with, None outside intake; before: findings of receiving, which may already refuse it; keyring: what
    identifiers become tokens with, None where nobody will use the tokens; held_values: what was accepted of other
    feeds, for rows that refer to them; rights: whose rows may not count, which only the receiver's vault knows; beside:
    folder of the vault for the rows of a large file while it is judged, None for the system's own.
    """
    suite = suite_of(contract)
    findings = [*before, *receive.check_bytes(held, manifest, contract)]
    if worst(findings) == FILE or not held.is_kept:
        return _refused(findings, suite)
    keys = keyring or passing_keyring()
    layout_name = contract.custom.senders[manifest.organisation].layout if manifest is not None else None
    try:
        rows = shielded(
            "reading a file about people",
            lambda: _rows_of(held, name, contract, manifest, keys, suite, rights, beside),
            # what breaks on a feed about no person may say on what
            (FileRejectedError,) if contract.identity is not None else (Exception,),
        )
    except FileRejectedError as rejected:
        named = layout_name is not None and not contract.is_clear(contract.custom.layouts[layout_name])
        if named and _sends_identifiers(held, name, contract):
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
        findings += _control_totals(rows, manifest)
    organisation, problem = _sender_problem(
        set(rows.organisations), contract, manifest.organisation if manifest else None
    )
    if problem is not None and rows.readable:
        findings.append(problem)
    elif (
        contract.identity is not None
        and contract.is_clear(contract.custom.layouts[rows.layout])
        and organisation not in contract.identity.clear_justification
    ):
        findings.append(_clear_refused())
    if worst(findings) == FILE:
        return _refused([*findings, *rows.faults], suite, counted)
    aside = rows.set_aside(rights) if rights is not None else {}
    dropped = rows.without_repeats(aside)
    findings += [finding("row.duplicate", "The row repeats an earlier one.", None, number) for number in dropped]
    findings += [item for item in rows.faults if item.row not in aside]
    findings += rights.findings(aside) if rights is not None else []
    first, last = _dates_covered(rows, contract, manifest)
    # an expectation says nothing about no rows, except that there are none
    result = (
        rows.run(suite.build(Scope(organisation, first, last, rows.layout)))
        if rows.num_rows or counted == 0
        else SuiteResult(())
    )
    judged, taken_out = _judge(result, rows, contract)
    findings += judged
    if contract.custom.references:
        orphans = rows.orphans(taken_out, organisation, held_values)
        findings += orphans.values()
        taken_out |= orphans.keys()
    accepted = rows.accept(taken_out)
    profile = {
        **_profile(rows, contract, accepted.num_rows, taken_out),
        **{f"nhs_number.{status}": str(count) for status, count in sorted(rows.statuses.items())},
    }
    if register is not None and manifest is not None and worst(findings) != FILE:
        earlier = register.earlier(
            contract.feed, organisation, manifest.covers.start, contract.custom.historyRules.periods
        )
        findings += _gap_before(contract, manifest, register)
        findings += _after_freeze(contract, manifest, register)
        findings += _history(_profile(rows, contract, rows.num_rows, set()), contract, earlier)
        findings += _shrunk(contract, manifest, counted, register)
    # people's rights are no fault of the file
    findings += _too_much_held_back(
        contract, counted - len(aside), counted - len(aside) - accepted.num_rows - len(dropped)
    )
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
        Counter(aside.values()),
    )


def check_file(
    path: Path, contract: Contract | Path, manifest: Manifest | Path | None = None, received: date | None = None
) -> CheckReport:
    """What a sender runs before sending: the report intake would make, without taking anything in.

    received: the day the file will arrive; None is not judged.

    Comparisons with earlier deliveries need the receiver's register and are not made. WrongUsage when the
    file or the contract cannot be opened; everything else is a finding.
    """
    agreed = contract if isinstance(contract, Contract) else load_contract(Path(contract))
    found: list[Finding] = []
    sent: Manifest | None = None
    if isinstance(manifest, Manifest) or manifest is None:
        sent = manifest
    else:
        try:
            sent = read_manifest(Path(manifest))
        except Refused as refusal:
            found.append(finding("delivery.manifest_unreadable", refusal.message))
    try:
        held = receive.hold(Path(path), agreed.custom.limits.fileBytes, by_parts=True)
    except OSError:
        raise WrongUsage(
            f"{path} cannot be opened.", "give the path of the file to check; links are not followed."
        ) from None
    if sent is not None:
        found += [
            *receive.check_name(sent, Path(path).name, landed=False),
            *receive.check_manifest(sent, agreed, received),
        ]
    if not receive.is_safe_name(Path(path).name) and sent is None:
        found.append(finding("delivery.name_unsafe", "The file name is not safe to use."))
    result = examine(held, Path(path).name, agreed, sent, None, found)
    rows = whole(result.accepted)
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
