"""The gate's record: without one nothing can be posted.

Belongs here: the record, its rows and its JSON, and reading an audited record back.
Not here: judging verdicts (`gate`).

A record is made in two places only: by `gate.judge`, and by reading an audited gate file under the terms it
names. The constructor demands the seal that these two hold, so that no caller can wave money through by accident.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from foundation.canonical import content_id, readable_json
from foundation.errors import Refused, WrongUsage
from settlement.exact import trim
from settlement.terms import Terms
from settlement.terms_parts import CauseRule

APPROVAL_CHECK = "terms.approved"
SETTLEMENT_SCOPE = "settlement"
# Status of a figure in the KPI return that rests on fewer people than the terms ask for.
TOO_SMALL = "too_small"
# Most severe first: with several checks on one KPI the most severe action holds.
ACTIONS = ("withhold", "forfeit", "neutral", "deem", "pay")
# A level that reaches what a must-pass KPI asks for.
_REACHES = ("minimum", "stretch", "game_breaking")
_SEAL = object()


@dataclass(frozen=True)
class GateEntry:
    """One decisive check: its status and what follows for the settlement or one KPI."""

    kind: str
    scope: str
    check_id: str
    status: str
    action: str
    deem_value: Decimal | None
    cause: str
    reason: str
    mend: str
    responsible: str

    @property
    def is_agreed_neutral(self) -> bool:
        """Neutral by the agreed rule for small numbers, without a recorded cause. The KPI return must bear it out."""
        return self.status == "passed" and self.action == "neutral" and self.cause == ""

    @classmethod
    def passed(cls, check_id: str, reason: str) -> GateEntry:
        """A passed integrity check."""
        return cls("integrity", SETTLEMENT_SCOPE, check_id, "passed", "pay", None, "", reason, "", "")


@dataclass(frozen=True)
class GateRecord:
    """What the gate decided for one agreement, period, terms hash and data cut, and the verdicts it rested on."""

    agreement_id: str
    period_id: str
    terms_hash: str
    data_cut_id: str
    definitions_hash: str
    code_version: str
    required_hash: str
    entries: tuple[GateEntry, ...]
    verdict_hashes: tuple[tuple[str, str], ...]
    approvals: tuple[str, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a gate record comes from the gate: judge the verdicts, or read an audited gate file")

    def decide(self, scope: str) -> GateEntry:
        """The most severe fitness entry of a KPI; for the settlement as a whole, `pay` if there is none."""
        found = [entry for entry in self.entries if entry.kind == "fitness" and entry.scope == scope]
        if not found:
            return GateEntry.passed(APPROVAL_CHECK, "")
        return min(found, key=lambda entry: ACTIONS.index(entry.action))

    @property
    def record_hash(self) -> str:
        return content_id(self._content())

    def rows(self) -> list[dict[str, Any]]:
        """Rows of docs/reference/files.md#gate."""
        return [
            {
                "agreement_id": self.agreement_id,
                "period_id": self.period_id,
                "kind": entry.kind,
                "scope": entry.scope,
                "check_id": entry.check_id,
                "status": entry.status,
                "action": entry.action,
                "deem_value": entry.deem_value,
                "cause": entry.cause,
                "reason": entry.reason,
                "mend": entry.mend,
                "responsible": entry.responsible,
                "data_cut_id": self.data_cut_id,
                "terms_hash": self.terms_hash,
            }
            for entry in self.entries
        ]

    def _content(self) -> dict[str, Any]:
        return {
            "agreement_id": self.agreement_id,
            "period_id": self.period_id,
            "terms_hash": self.terms_hash,
            "data_cut_id": self.data_cut_id,
            "definitions_hash": self.definitions_hash,
            "code_version": self.code_version,
            "required_hash": self.required_hash,
            "entries": [vars(entry) for entry in self.entries],
            "verdict_hashes": dict(self.verdict_hashes),
            "approvals": list(self.approvals),
        }

    def to_json(self) -> bytes:
        """The record as `gate.json` holds it."""
        return readable_json(self._content())


def _problem(what: str, mend: str = "use the gate file of the settlement as it was published.") -> Refused:
    return Refused(f"the gate does not let this settlement through: {what}", mend)


def deemed_value(terms: Terms, rule: CauseRule, scope: str) -> Decimal | None:
    """The value a cause deems for a KPI: that of the agreed level; a must-pass KPI has no levels and is deemed exactly
    what it must reach. None where there is nothing to deem: a whole settlement, a must-pass KPI deemed below `minimum`.
    """
    kpi = next((kpi for kpi in terms.judged_kpis if kpi.id == scope), None)
    if rule.deem is None or kpi is None:
        return None
    if kpi.levels is not None:
        value: Decimal = getattr(kpi.levels, rule.deem.level)
        return value
    return kpi.must_reach if rule.deem.level in _REACHES else None


def _check_entry(entry: GateEntry, terms: Terms) -> None:
    name = f"{entry.check_id} ({entry.scope})"
    if entry.kind not in ("integrity", "fitness") or entry.action not in ACTIONS:
        raise _problem(f"{name} has an unknown kind or action.")
    if entry.kind == "integrity":
        if entry.scope != SETTLEMENT_SCOPE or entry.status != "passed" or entry.action != "pay":
            raise _problem(f"the integrity check {name} has not passed.", "mend what the check names and judge again.")
        if entry.cause or entry.deem_value is not None:
            raise _problem(f"the integrity check {name} has a cause or a deemed value.")
        return
    if entry.scope not in {kpi.id for kpi in terms.judged_kpis} | {SETTLEMENT_SCOPE}:
        raise _problem(f"{name} concerns no KPI that these terms pay on.")
    if entry.status not in ("passed", "failed"):
        raise _problem(f"the fitness check {name} gave no answer.", "run the check again.")
    # A complete figure may rest on too few people: neutral by the agreed rule, or what a recorded cause selects.
    small = entry.status == "passed" and entry.scope != SETTLEMENT_SCOPE and terms.gate.small_numbers is not None
    if small and entry.is_agreed_neutral:
        return
    if (entry.status == "passed") != (entry.action == "pay") and not (small and entry.cause):
        raise _problem(f"{name} is {entry.status} and its action is {entry.action}.")
    if (entry.action == "deem") != (entry.deem_value is not None):
        raise _problem(f"{name} needs a value to deem exactly when its action is deem.")
    if entry.action in ("pay", "withhold"):
        if entry.cause:
            raise _problem(f"{name} has a cause although its action is {entry.action}.")
        return
    rule = next((rule for rule in terms.gate.causes if rule.cause == entry.cause), None)
    if rule is None or rule.action != entry.action:
        raise _problem(f"{name}: the terms know no cause `{entry.cause}` that selects {entry.action}.")
    if entry.action == "deem" and deemed_value(terms, rule, entry.scope) != entry.deem_value:
        raise _problem(f"{name}: the terms deem another value for the cause `{entry.cause}`.")


def seal_record(
    terms: Terms,
    period_id: str,
    data_cut_id: str,
    entries: Iterable[GateEntry],
    *,
    definitions_hash: str,
    code_version: str,
    required_hash: str,
    verdict_hashes: Mapping[str, str],
    approvals: Sequence[str],
) -> GateRecord:
    """A record from entries that satisfy the terms. Refused when a demanded check is absent or has not passed."""
    ordered = tuple(
        sorted(
            (_trimmed(entry) for entry in entries),
            key=lambda entry: (entry.kind != "integrity", entry.scope, entry.check_id),
        )
    )
    for entry in ordered:
        _check_entry(entry, terms)
    names = [(entry.kind, entry.scope, entry.check_id) for entry in ordered]
    if len(set(names)) != len(names):
        raise _problem("it names a check twice.")
    wanted = [("integrity", SETTLEMENT_SCOPE, check) for check in (APPROVAL_CHECK, *terms.gate.integrity)]
    wanted += [("fitness", kpi.id, check.check) for kpi in terms.judged_kpis for check in terms.gate.fitness]
    for kind, scope, check in wanted:
        if (kind, scope, check) not in names:
            raise _problem(
                f"the {kind} check {check} ({scope}) is missing.", "judge again with every check of the terms."
            )
    return GateRecord(
        terms.id,
        period_id,
        terms.terms_hash,
        data_cut_id,
        definitions_hash,
        code_version,
        required_hash,
        ordered,
        tuple(sorted(verdict_hashes.items())),
        tuple(approvals),
        seal=_SEAL,
    )


def _trimmed(entry: GateEntry) -> GateEntry:
    value = None if entry.deem_value is None else trim(entry.deem_value)
    return GateEntry(**{**vars(entry), "deem_value": value})


_ENTRY_COLUMNS = tuple(GateEntry.__dataclass_fields__)


def read_gate_rows(rows: Sequence[Mapping[str, Any]], terms: Terms, period_id: str) -> GateRecord:
    """The record of an audited `gate.csv` (docs/reference/files.md#gate). Refused unless it lets money through."""
    own = [row for row in rows if row["agreement_id"] == terms.id and row["period_id"] == period_id]
    if not own:
        raise _problem(f"it says nothing about {terms.id} {period_id}.")
    cuts, hashes = {row["data_cut_id"] for row in own}, {row["terms_hash"] for row in own}
    if len(cuts) != 1 or not all(cuts):
        raise _problem("its rows belong to different data cuts.")
    if hashes != {terms.terms_hash}:
        raise _problem("it was judged under other terms.", "settle under the terms it names, or judge again.")
    entries = [GateEntry(**{name: row[name] for name in _ENTRY_COLUMNS}) for row in own]
    return seal_record(
        terms,
        period_id,
        cuts.pop(),
        entries,
        definitions_hash="",
        code_version="",
        required_hash="",
        verdict_hashes={},
        approvals=(),
    )


def _read_one(content: object, terms: Terms) -> GateRecord:
    if not isinstance(content, dict):
        raise _problem("gate.json is not a gate record.")
    try:
        if content["agreement_id"] != terms.id or content["terms_hash"] != terms.terms_hash:
            raise _problem("gate.json was judged under other terms.")
        entries = []
        for entry in content["entries"]:
            value = entry["deem_value"]
            entries.append(GateEntry(**{**entry, "deem_value": None if value is None else Decimal(value)}))
        record = seal_record(
            terms,
            terms.period(content["period_id"]).label,
            content["data_cut_id"],
            entries,
            definitions_hash=content["definitions_hash"],
            code_version=content["code_version"],
            required_hash=content["required_hash"],
            verdict_hashes=content["verdict_hashes"],
            approvals=content["approvals"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, WrongUsage):
        raise _problem("gate.json does not have the entries of a gate record.") from None
    if json.loads(record.to_json()) != content:
        raise _problem("gate.json holds entries that are no part of a gate record.")
    return record


def _is_of_other(item: object, terms: Terms) -> bool:
    """Whether a record names another agreement, or another version of this one's terms."""
    if not isinstance(item, dict):
        return False
    agreement, judged_under = item.get("agreement_id"), item.get("terms_hash")
    if not isinstance(agreement, str) or not isinstance(judged_under, str):
        return False
    return agreement != terms.id or judged_under != terms.terms_hash


def read_gate_json(raw: bytes, terms: Terms) -> tuple[GateRecord, ...]:
    """The audited records in a `gate.json` under these terms: one record, or a list of them. Refused unless each lets
    money through."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise _problem("gate.json cannot be read.") from None
    items = content if isinstance(content, list) else [content]
    # In a list, the records of other agreements and of other versions of the terms are theirs; whatever names no
    # agreement is read and refused. That none is nobody's, `verify` sees.
    own = [item for item in items if not (isinstance(content, list) and _is_of_other(item, terms))]
    return tuple(sorted((_read_one(item, terms) for item in own), key=lambda record: record.period_id))
