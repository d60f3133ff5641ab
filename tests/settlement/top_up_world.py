"""Builders for the tests of the outcome top-up: the Greenwich terms, KPI returns, gates, votes on awards."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from settlement_world import PERIOD, ROOT, gate_rows, kpi_row, ledger_rows, log_for

from foundation.figures import figure_id
from settlement.decisions import Record, append_record, key_from_seed, read_log
from settlement.engine import Settlement, settle
from settlement.gate_record import GateRecord, read_gate_rows
from settlement.periods import measurement_window
from settlement.recorded import PeriodRecords, period_records
from settlement.terms import Terms, load_terms
from settlement.terms_lint import Problem, find_problems
from settlement.yaml_lines import read_lined_yaml

GREENWICH = ROOT / "agreements" / "greenwich-public-health" / "2024-04-01.yaml"
RAW = GREENWICH.read_bytes()
DATA = read_lined_yaml(RAW).data
DERBYSHIRE = read_lined_yaml((ROOT / "agreements" / "derbyshire-real-only" / "2024-04-01.yaml").read_bytes()).data
PAID = ("G1", "G2", "G4", "G5", "G6", "G7")
COST_ENTRIES = ("target_cost", "actual_cost", "corridor", "gain", "loss")

# Values whose weighted scores are worked by hand beside the test that uses them.
AT_26 = {"G1": "6.6", "G2": "84.0", "G4": "44.2", "G5": "47.0", "G6": "63.0", "G7": "39.2"}
AT_72 = {"G1": "8.4", "G2": "89.6", "G4": "44.9", "G5": "53.9", "G6": "69.9", "G7": "42.3"}


def changed(changes: Mapping[str, Any], data: Any = DATA) -> Terms:
    """The Greenwich terms with typed entries replaced by dotted path (None removes one), rules not yet checked."""
    data = copy.deepcopy(data)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = data
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node.setdefault(parent, {})
        if value is None:
            node.pop(last, None)
        elif isinstance(node, list):
            node[int(last)] = value
        else:
            node[last] = value
    return Terms.model_validate(data)


def greenwich(changes: Mapping[str, Any] | None = None) -> Terms:
    """Valid Greenwich terms with changes."""
    if not changes:
        return load_terms(RAW)
    terms = changed(changes)
    assert find_problems(terms) == []
    return terms


def with_shared_cost(changes: Mapping[str, Any] | None = None) -> Terms:
    """Greenwich's top-up beside Derbyshire's 50:50 sharing of cost: both regimes in one agreement."""
    both = {f"finance.{name}": copy.deepcopy(DERBYSHIRE["finance"][name]) for name in COST_ENTRIES}
    both["finance.top_up.base"] = [{"period": PERIOD, "base_gbp": Decimal(9_600_000)}]
    # the grant that pays the top-up may not pay gain
    both["finance.payment.funding_source"] = "ICB programme allocation"
    return greenwich({**both, **(changes or {})})


def problems_with(changes: Mapping[str, Any]) -> list[Problem]:
    return find_problems(changed(changes))


def row_of(terms: Terms, kpi_id: str, value: Decimal | str | None, **changes: Any) -> dict[str, Any]:
    """A row of the KPI return on the KPI's own measurement window, resting on many people."""
    kpi = next(kpi for kpi in terms.framework.kpis if kpi.id == kpi_id)
    start, end = measurement_window(terms.period(PERIOD), kpi.measurement_lag_months or 0)
    row = kpi_row(terms, kpi_id, None if value is None else Decimal(value))
    many = {"numerator": Decimal(400), "denominator": Decimal(1000)}
    return {**row, "measurement_start": start, "measurement_end": end, **many, **changes}


def rows_of(terms: Terms, values: Mapping[str, Decimal | str], **by_kpi: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row_of(terms, kpi, value, **by_kpi.get(kpi, {})) for kpi, value in values.items()]


def gate_with(
    terms: Terms, small: Sequence[str], actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None
) -> GateRecord:
    """A gate in which these KPIs are complete and too small: neutral by the agreed rule."""
    neutral: dict[str, tuple[str, str, Decimal | None]] = dict.fromkeys(small, ("neutral", "", None))
    rows = gate_rows(terms, {**(actions or {}), **neutral})
    for row in rows:
        if row["scope"] in small:
            row["status"] = "passed"
    return read_gate_rows(rows, terms, PERIOD)


def settle_top_up(
    terms: Terms,
    values: Mapping[str, Decimal | str] = AT_72,
    actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None,
    *,
    pence: int | None = None,
    advances: Mapping[str, int] | None = None,
    prior: Sequence[Mapping[str, Any]] = (),
    recorded: PeriodRecords | None = None,
    small: Sequence[str] = (),
) -> Settlement:
    """Settle with these KPI values; `small`: KPIs that rest on too few people and are left out by the agreed rule."""
    few = {"numerator": Decimal(9), "denominator": Decimal(1000), "quality_status": "too_small"}
    return settle(
        terms,
        PERIOD,
        rows_of(terms, values, **dict.fromkeys(small, few)),
        [] if pence is None else ledger_rows(terms, pence),
        gate_with(terms, small, actions),
        [
            {"agreement_id": terms.id, "member_id": member, "balance_pence": balance}
            for member, balance in (advances or {}).items()
        ],
        prior,
        recorded,
    )


def by_line(made: Settlement) -> dict[str, int]:
    """Pence posted, by line."""
    return {posting.line: posting.amount_pence for posting in made.postings}


def by_member(made: Settlement, line: str) -> dict[str, int]:
    return {item.member_id: item.amount_pence for item in made.member_lines if item.line == line}


def member_figure(terms: Terms, line: str, member: str) -> str:
    return figure_id("member", agreement=terms.id, period=PERIOD, line=line, member=member)


def recording(log: bytes, terms: Terms, kind: str, signer: str, body: Mapping[str, Any]) -> bytes:
    """The log with one more record, signed by the signer's approver."""
    return log + append_record(
        log,
        agreement_id=terms.id,
        kind=kind,
        signer=signer,
        signed_at="2025-05-01T09:00:00Z",
        place="Greenwich",
        body={"approver": "chief finance officer", "period_id": PERIOD, **body},
        key=key_from_seed(b"test", signer),
    )


def log_with(
    terms: Terms, awards: Sequence[tuple[str, int, Sequence[str]]] = (), absent: Sequence[tuple[str, str]] = ()
) -> bytes:
    """A founded log, then votes on awards (outcome, pence, who approves), then absences (member, recorded by)."""
    log = log_for(terms)
    for outcome, pence, voters in awards:
        for voter in voters:
            body = {
                "outcome": outcome,
                "amount_pence": str(pence),
                "vote": "approve",
                "conflicts": [],
                "terms_hash": terms.terms_hash,
            }
            log = recording(log, terms, "award_voted", voter, body)
    for member, signer in absent:
        log = recording(log, terms, "absence_recorded", signer, {"member": member, "reason": "Came to no session."})
    return log


def recorded_in(terms: Terms, log: bytes) -> PeriodRecords:
    return period_records(read_log(log), terms, PERIOD)


def absent_in(terms: Terms, *members: str) -> PeriodRecords:
    return recorded_in(terms, log_with(terms, absent=[(member, "independent-expert") for member in members]))


def quickly_recorded(terms: Terms, absent: Sequence[str] = (), award_pence: int = 0) -> PeriodRecords:
    """What a log with these absences and one award of everybody would hold, without signing it."""
    found: list[Record] = []

    def record(kind: str, signer: str, body: Mapping[str, Any]) -> None:
        number = len(found) + 1
        body = {"approver": "officer", "period_id": PERIOD, **body}
        hashed = f"{number:064d}"
        found.append(Record(terms.id, kind, signer, "2025-05-01T09:00:00Z", "Greenwich", body, signer, number, hashed))

    for party in sorted(terms.party_ids):
        since = {"valid_from": "2024-03-20", "valid_to": ""}
        record("authority_delegated", party, {"public_key": party, "delegated_by": "board", **since})
    for party in terms.approver_ids if award_pence else ():
        said = {"vote": "approve", "conflicts": [], "terms_hash": terms.terms_hash}
        record("award_voted", party, {"outcome": "Peer group", "amount_pence": str(award_pence), **said})
    for member in absent:
        record("absence_recorded", "independent-expert", {"member": member, "reason": "Came to no session."})
    return period_records(found, terms, PERIOD)
