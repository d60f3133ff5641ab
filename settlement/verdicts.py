"""Read verdict bytes and the list of required checks; trust nothing that is not bound to this computation.

Belongs here: the form of a verdict, what binds it (cut, definitions, code, list), the reasons for not trusting it.
Not here: what a verdict does to a settlement (`gate`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation.canonical import canonical_json
from settlement.refusal import Reason

# Files that stand in the verdict folder beside the verdicts.
NOT_VERDICTS = ("required", "cut")
_VERDICT_KEYS = frozenset(
    {
        "check_id",
        "kind",
        "scope",
        "status",
        "data_cut_id",
        "definitions_hash",
        "code_version",
        "required_hash",
        "observed",
        "reason",
        "mend",
        "responsible",
    }
)
OPERATOR = "data engineer"


@dataclass(frozen=True)
class Bound:
    """What every verdict must be bound to, and the words for a verdict that is not."""

    cut_id: str
    definitions_hash: str
    code_version: str
    required_hash: str

    def strays(self, verdict: Mapping[str, Any]) -> list[str]:
        pairs = (
            ("data_cut_id", self.cut_id, "another data cut"),
            ("definitions_hash", self.definitions_hash, "other definitions"),
            ("code_version", self.code_version, "another version of the code"),
            ("required_hash", self.required_hash, "another list of required checks"),
        )
        return [words for key, wanted, words in pairs if verdict.get(key) != wanted]


class Judgement:
    """Collects the reasons for a refusal while the verdicts are read."""

    def __init__(self, effect: str) -> None:
        self.effect = effect
        self.reasons: list[Reason] = []

    def refuse(
        self, check_id: str, what: str, why: str, mend: str, who: str = OPERATOR, status: str = "failed"
    ) -> None:
        self.reasons.append(Reason(check_id, status, what, why, who, mend, self.effect))


def fitness_key(check_id: str, agreement_id: str, kpi_id: str, period_id: str) -> str:
    """Stem of the file that holds a fitness verdict."""
    return f"{check_id}@{agreement_id}@{kpi_id}@{period_id}"


def _key(check: Mapping[str, Any]) -> str:
    """File stem of a required check: its id, with its scope for a fitness check."""
    if check["kind"] == "fitness":
        return f"{check['check_id']}@{str(check['scope']).replace('/', '@')}"
    return str(check["check_id"])


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_as_written(raw: bytes, content: Mapping[str, Any]) -> bool:
    """Whether bytes are the ones we write for a content; a binary fraction has none."""
    try:
        return canonical_json(content) == raw
    except (TypeError, ValueError):
        return False


def read_required(raw: bytes, bound: Bound, judgement: Judgement) -> dict[str, dict[str, Any]]:
    """The required checks by file stem; {} (and a reason) if the list cannot be trusted."""
    found = _object(raw)
    checks = None if found is None else found.get("checks")
    well_formed = isinstance(checks, list) and all(
        isinstance(check, dict)
        and set(check) == {"check_id", "kind", "scope"}
        and all(isinstance(value, str) for value in check.values())
        and check["kind"] in ("integrity", "fitness")
        for check in checks
    )
    if found is None or not well_formed or not isinstance(checks, list):
        judgement.refuse(
            "required.json",
            "the list of required checks cannot be read",
            "without it nobody knows which checks had to pass",
            "run the checks again for this data cut",
            status="error",
        )
        return {}
    for key, wanted, words in (
        ("data_cut_id", bound.cut_id, "another data cut"),
        ("definitions_hash", bound.definitions_hash, "other definitions"),
        ("code_version", bound.code_version, "another version of the code"),
    ):
        if found.get(key) != wanted:
            judgement.refuse(
                "required.json",
                f"the list of required checks belongs to {words}",
                "it says nothing about this computation",
                "run the checks again for this data cut",
            )
    by_key = {_key(check): check for check in checks}
    if len(by_key) != len(checks):
        judgement.refuse(
            "required.json",
            "the list of required checks names a check twice",
            "one verdict cannot stand for two checks",
            "run the checks again for this data cut",
        )
    return by_key


def read_verdict(
    key: str, check: Mapping[str, Any], raw: bytes | None, bound: Bound, judgement: Judgement
) -> dict[str, Any] | None:
    """A verdict that can be trusted, passed or failed; None with a reason otherwise."""
    if raw is None:
        judgement.refuse(
            key,
            f"the result of {key} is missing",
            "what is not proved good does not pass",
            "run this check for this data cut",
            status="missing",
        )
        return None
    verdict = _object(raw)
    if verdict is None or set(verdict) != _VERDICT_KEYS or not isinstance(verdict["observed"], dict):
        judgement.refuse(
            key,
            f"the result of {key} cannot be read",
            "a result that cannot be read proves nothing",
            "run this check again for this data cut",
            status="error",
        )
        return None
    if any(verdict[name] != check[name] for name in ("check_id", "kind", "scope")):
        judgement.refuse(
            key,
            f"the result filed as {key} is the result of something else",
            "one check's result cannot stand for another's",
            "run this check again for this data cut",
        )
        return None
    if not _is_as_written(raw, verdict) or (verdict["status"] == "passed" and verdict["observed"].get("problems")):
        judgement.refuse(
            key,
            f"the result of {key} is not as the check wrote it",
            "it passed and names problems, or its bytes are not those we write: somebody changed it",
            "run this check again for this data cut, and find out who could write to the verdicts",
            status="error",
        )
        return None
    if strays := bound.strays(verdict):
        judgement.refuse(
            key,
            f"the result of {key} belongs to {' and '.join(strays)}",
            "it says nothing about this computation",
            "run this check again for this data cut",
        )
        return None
    reason, mend = str(verdict["reason"]), str(verdict["mend"])
    who = str(verdict["responsible"]) or OPERATOR
    if verdict["status"] == "error":
        judgement.refuse(
            key,
            f"{key} raised an error and gave no answer",
            reason or "the check itself failed",
            mend or "mend the check and run it again",
            who,
            status="error",
        )
        return None
    if verdict["status"] not in ("passed", "failed"):
        judgement.refuse(
            key,
            f"the result of {key} is neither passed nor failed",
            "an unknown result proves nothing",
            "run this check again for this data cut",
            status="error",
        )
        return None
    if verdict["status"] == "failed" and check["kind"] == "integrity":
        judgement.refuse(
            key, f"{key} failed", reason or "the check found a fault", mend or "see the check's result", who
        )
        return None
    return verdict
