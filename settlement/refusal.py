"""Why no settlement is made: what failed, why it matters, who mends it, what it means for money.

Belongs here: the refusal and its written forms. Not here: deciding to refuse (`gate`), writing it to disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foundation.canonical import readable_json
from foundation.errors import Refused


@dataclass(frozen=True)
class Reason:
    """One cause of a refusal. `status`: failed, error or missing."""

    check_id: str
    status: str
    what: str
    why: str
    who_mends: str
    mend: str
    effect_on_money: str


@dataclass(frozen=True)
class Refusal:
    """The gate's integrity was not proved: nothing is settled. At least one reason."""

    agreement_id: str
    period_id: str
    data_cut_id: str
    terms_hash: str
    reasons: tuple[Reason, ...]

    def as_dict(self) -> dict[str, Any]:
        """The refusal as it stands in `refusals/<cut>.json`."""
        return {
            "agreement_id": self.agreement_id,
            "period_id": self.period_id,
            "data_cut_id": self.data_cut_id,
            "terms_hash": self.terms_hash,
            "reasons": [vars(reason) for reason in self.reasons],
        }

    def to_json(self) -> bytes:
        return readable_json(self.as_dict())

    def rows(self) -> list[dict[str, Any]]:
        """Rows of docs/reference/files.md#gate with the action `refuse`."""
        return [
            {
                "agreement_id": self.agreement_id,
                "period_id": self.period_id,
                "kind": "integrity",
                "scope": "settlement",
                "check_id": reason.check_id,
                "status": reason.status,
                "action": "refuse",
                "deem_value": None,
                "cause": "",
                "reason": f"{reason.what}: {reason.why}.",
                "mend": reason.mend,
                "responsible": reason.who_mends,
                "data_cut_id": self.data_cut_id,
                "terms_hash": self.terms_hash,
            }
            for reason in self.reasons
        ]

    def error(self) -> Refused:
        """The refusal as an error, for callers that stop here."""
        told = [
            f"{reason.what} ({reason.why}; {reason.who_mends} can mend it: {reason.mend})" for reason in self.reasons
        ]
        return Refused(
            f"{self.reasons[0].effect_on_money} Why: " + "; ".join(told) + ".",
            "mend what is named above and run again.",
        )
