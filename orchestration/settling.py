"""Settle what is due, or write down why not. The gate is judged here from the files, whatever was scheduled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.canonical import readable_json, sha256_bytes, sha256_file
from foundation.durable import new_directory, write_bytes
from foundation.errors import Refused
from foundation.home import Home
from foundation.period import Period, month_of, parse_period
from orchestration.cycle import AgreementOnFile, Cycle
from orchestration.dating import require_true_dates
from orchestration.partitions import month_of_run

if TYPE_CHECKING:
    import pyarrow as pa

    from settlement.advances import Chain
    from settlement.engine import Settlement
    from settlement.gate_record import GateRecord
    from settlement.refusal import Refusal

REQUIRED = "required.json"
# Files of a verdict folder that are no verdicts.
_OTHERS = {"cut", "required"}


@dataclass(frozen=True)
class Settled:
    """A settlement with the bytes it was judged and computed from."""

    agreement: AgreementOnFile
    settlement: Settlement
    decisions: bytes
    prior_postings: tuple[Mapping[str, Any], ...]
    fingerprint: str
    # What it started from, and what the settlement it restates started from.
    advances: tuple[Mapping[str, Any], ...] = ()


def verdict_files(cycle: Cycle) -> tuple[bytes, dict[str, bytes]]:
    """Bytes of the list of required checks, and of every verdict by file stem, as they lie on disk now."""
    folder = cycle.verdict_folder
    required = folder / REQUIRED
    found = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.json")) if path.stem not in _OTHERS}
    return (required.read_bytes() if required.exists() else b""), found


def last_month_asked(tags: Mapping[str, str], cycle: Cycle) -> Period:
    """The month a run was asked for, by its tags; else the last month the data cut covers."""
    label = month_of_run(tags)
    return parse_period(label) if label else month_of(max(item.covers_to for item in cycle.cut.submissions))


def due_periods(cycle: Cycle, agreement: AgreementOnFile, until: date) -> list[Period]:
    """Settlement periods of an agreement that have ended by a date, in the data as well as in the calendar.

    What has been settled once stays due: a run for an earlier month must not take a settlement out of the release. A
    period that opens under a later version of the terms is settled by that one alone; old periods keep their rules.
    """
    in_data = max(item.covers_to for item in cycle.cut.submissions)
    own = agreement.terms
    later = [item.terms.agreement.effective_from for item in cycle.agreements if item.terms.id == own.id]
    later = [day for day in later if day > own.agreement.effective_from]
    return [
        period
        for period in own.settlement_periods()
        if not any(day <= period.start for day in later)
        and (period.end <= min(until, in_data) or settled_before(cycle.home, own.id, period.label))
    ]


def settled_before(home: Home, agreement_id: str, period_id: str) -> bool:
    """Whether a settlement of the period is on file."""
    return any(settlement_folder(home, agreement_id, period_id).glob("*/settlement.json"))


def settlement_folder(home: Home, agreement_id: str, period_id: str) -> Path:
    return home.settlements / agreement_id / period_id


def _earlier(cycle: Cycle, agreement_id: str, period_id: str) -> tuple[Mapping[str, Any], ...]:
    """Postings of earlier settlements of the period, oldest first: a new one posts the differences. The very same
    computation (cut, terms, definitions and code) made before is this settlement, not an earlier one.

    Shadow settlements post nothing anybody could owe, so they are not carried.
    """
    from settlement.files import read_rows

    found: list[Mapping[str, Any]] = []
    folders = sorted(
        settlement_folder(cycle.home, agreement_id, period_id).glob("*/settlement.json"),
        key=lambda path: json.loads(path.read_bytes())["number"],
    )
    for path in folders:
        marker = json.loads(path.read_bytes())
        if marker["fingerprint"] != cycle.fingerprint:
            raw = (path.parent / "postings.csv").read_bytes()
            if sha256_bytes(raw) != marker["files"]["postings.csv"]:
                raise Refused(
                    f"{path.parent} was changed after it was settled.", "restore it from backup, then run again."
                )
            rows = read_rows("postings", raw)
            found.extend(row for row in rows if row["status"] == "payable")
    return tuple(found)


def _started_from(
    cycle: Cycle,
    agreement_id: str,
    period_id: str,
    prior: Sequence[Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """Advances from which the settlement that is restated started; 0 for each where it knew none."""
    from settlement.files import read_rows

    if not prior:
        return []
    head = prior[-1]["settlement_id"]
    folder = settlement_folder(cycle.home, agreement_id, period_id) / head
    marker = json.loads((folder / "settlement.json").read_bytes())
    rows: list[Mapping[str, Any]] = []
    if "advances.csv" in marker["files"]:
        raw = (folder / "advances.csv").read_bytes()
        if sha256_bytes(raw) != marker["files"]["advances.csv"]:
            raise Refused(f"{folder} was changed after it was settled.", "restore it from backup, then run again.")
        rows += read_rows("advances", raw)
    known = {row["member_id"] for row in rows}
    rows += [{**row, "balance_pence": 0, "carried_pence": 0, "carried_from": ""} for row in now
             if row["member_id"] not in known]  # fmt: skip
    return [{**row, "settlement_id": head} for row in rows]


def judge_gate(cycle: Cycle, agreement: AgreementOnFile, period: Period) -> GateRecord | Refusal:
    """The gate's record or refusal for one agreement and period, from the files as they lie on disk now."""
    from settlement import store
    from settlement.approvals import gate_causes, terms_approved
    from settlement.gate import judge

    terms = agreement.terms
    records = store.read_records(cycle.home.decisions, terms.id)
    required, verdicts = verdict_files(cycle)
    return judge(
        required,
        verdicts,
        cut_id=cycle.cut.cut_id,
        definitions_hash=cycle.definitions_hash,
        code_version=cycle.code_version,
        terms=terms,
        terms_approved=terms_approved(records, terms, period),
        period_id=period.label,
        causes=gate_causes(records, terms, period.label, cycle.cut.cut_id),
    )


def judge_and_settle(
    cycle: Cycle,
    agreement: AgreementOnFile,
    period: Period,
    kpi_return: Sequence[Mapping[str, Any]],
    ledger: Sequence[Mapping[str, Any]],
    chain: Chain,
) -> Settled | Refusal:
    """One agreement and period: the gate's refusal, or the settlement. chain: advances left by former periods."""
    from settlement import store
    from settlement.engine import settle
    from settlement.recorded import period_records
    from settlement.refusal import Refusal

    judged = judge_gate(cycle, agreement, period)
    if isinstance(judged, Refusal):
        return judged
    terms = agreement.terms
    prior = _earlier(cycle, terms.id, period.label)
    recorded = period_records(store.read_records(cycle.home.decisions, terms.id), terms, period.label)
    now = chain.opening(terms, period.label, recorded.drawn)
    advances = (*now, *_started_from(cycle, terms.id, period.label, prior, now))
    settled = settle(terms, period.label, kpi_return, ledger, judged, advances, prior, recorded)
    chain.settled(terms, settled)
    log = store.read_bytes(cycle.home.decisions, terms.id)
    return Settled(agreement, settled, log, prior, cycle.fingerprint, advances)


def settle_due(
    cycle: Cycle, agreements: Sequence[AgreementOnFile], until: date, tables: Mapping[str, pa.Table]
) -> list[Settled]:
    """Settle everything due. When the gate refuses anything, all refusals are recorded and the first is raised."""
    from settlement.advances import Chain
    from settlement.refusal import Refusal

    for name in sorted({item.terms.id for item in agreements}):
        require_true_dates(cycle.home, name)
    kpi_return, ledger, chain = tables["kpi_return"].to_pylist(), tables["ledger"].to_pylist(), Chain()
    results = [judge_and_settle(cycle, *due, kpi_return, ledger, chain) for due in each_due(cycle, agreements, until)]
    raise_if_refused(cycle, [item for item in results if isinstance(item, Refusal)])
    return [item for item in results if isinstance(item, Settled)]


def raise_if_refused(cycle: Cycle, refusals: Sequence[Refusal]) -> None:
    """Record the gate's refusals, if there are any, and raise the first."""
    if refusals:
        record_refusals(cycle.home, cycle.cut.cut_id, [item.as_dict() for item in refusals])
        error = refusals[0].error()
        error.on_record = True
        raise error


@contextmanager
def refusals_on_record(cycle: Cycle) -> Iterator[None]:
    """Whatever is refused inside the block, by any room, leaves a record; the error goes on."""
    try:
        yield
    except Refused as error:
        if not error.on_record:
            record_refusals(
                cycle.home,
                cycle.cut.cut_id,
                [
                    {
                        "data_cut_id": cycle.cut.cut_id,
                        "reasons": [
                            {
                                "check_id": "settlement",
                                "status": "failed",
                                "what": error.message,
                                "why": error.message,
                                "who_mends": "data engineer",
                                "mend": error.mend,
                                "effect_on_money": "Nothing is settled or published; the release in force stays.",
                            }
                        ],
                    }
                ],
            )
            error.on_record = True
        raise


def store_settlement(home: Home, settled: Settled) -> Path:
    """Keep a settlement as files, once; returns its folder."""
    from settlement.files import write_rows

    item = settled.settlement
    parent = settlement_folder(home, item.agreement_id, item.period_id)
    folder = parent / item.settlement_id
    if folder.exists():
        return folder
    number = len(list(parent.glob("*/settlement.json"))) + 1
    with new_directory(folder) as draft:
        for table, rows in (
            ("steps", item.step_rows()),
            ("postings", item.posting_rows()),
            ("member_lines", item.member_rows()),
            ("payments", item.payment_rows()),
            ("journal", item.journal_rows()),
            ("advances", [row for row in settled.advances if not row["settlement_id"]]),
        ):
            write_bytes(draft / f"{table}.csv", write_rows(table, rows))
        write_bytes(draft / "gate.json", item.gate.to_json())
        write_bytes(draft / "terms.yaml", settled.agreement.content)
        write_bytes(
            draft / "settlement.json",
            readable_json(
                {
                    "settlement_id": item.settlement_id,
                    "number": number,
                    "data_cut_id": item.data_cut_id,
                    "terms_hash": item.terms_hash,
                    "fingerprint": settled.fingerprint,
                    "status": item.status,
                    "files": {path.name: sha256_file(path) for path in sorted(draft.iterdir())},
                    "reason": item.reason,
                }
            ),
        )
    return folder


def record_refusals(home: Home, cut_id: str, refusals: Sequence[Mapping[str, Any]]) -> Path:
    """Write `refusals/<cut>.json`: every reason, who mends it, the effect on money. A former one is kept beside."""
    path = home.refusals / f"{cut_id}.json"
    data = readable_json({"data_cut_id": cut_id, "refusals": list(refusals)})
    if path.exists() and path.read_bytes() != data:
        former = home.refusals / "superseded" / f"{cut_id}-{sha256_file(path)[:16]}.json"
        write_bytes(former, path.read_bytes())
    write_bytes(path, data)
    return path


def each_due(
    cycle: Cycle, agreements: Sequence[AgreementOnFile], until: date
) -> Iterator[tuple[AgreementOnFile, Period]]:
    """Agreement and period pairs that are due, in order."""
    for agreement in agreements:
        for period in due_periods(cycle, agreement, until):
            yield agreement, period
