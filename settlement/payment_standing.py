"""Payments and journal with what the decision log says of them: awaiting a certificate, certified, disputed.

Belongs here: the standing of a payment, from that of the member lines it carries. Not here: what counts in a log
(`certificates`), the payments and entries themselves (`payments`, `journal`).

A settlement is made before anybody certifies it, and its tables are never edited: `status` says what kind of settlement
it is, and `standing` how far the log at hand has come. Neither knows today's date: what is certified and undisputed
names the day from which it may be paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from settlement.certificates import LineState, line_states
from settlement.decisions import Record
from settlement.engine import Settlement
from settlement.payments import Payment
from settlement.postings import RESIDUE
from settlement.terms import Terms

# What holds a payment of several lines back most comes first.
_ORDER = ("shadow", "withheld", "not_certified", "disputed", "to_be_restated", "accreditation_missing", "payable")
CERTIFIED = "certified"
# A head contract pays every member's part at once.
_HEAD = "head"


def _standing(payment: Payment, states: Sequence[LineState]) -> tuple[str, date | None]:
    """How a payment stands, and from which day it may be paid; as the line it carries that is held back most."""
    line = [one for one in states if one.line == payment.line]
    if payment.tier == _HEAD:
        own = [one for one in line if one.member_id != RESIDUE] or line
    else:
        own = [one for one in line if one.member_id == payment.payee]
    state = min((one.state for one in own), key=_ORDER.index)
    if state != _ORDER[-1]:
        return state, None
    return CERTIFIED, max(one.payable_from for one in own if one.payable_from is not None)


def standing_rows(
    settlement: Settlement, records: Sequence[Record], terms: Terms
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of payments.csv and journal.csv under a proved log.

    A balance brought forward is no payment and has no standing.
    """
    status = settlement.status
    states = line_states(records, terms, settlement.settlement_id, status, settlement.member_rows())
    by_reference: dict[str, dict[str, Any]] = {}
    payments = []
    for payment in settlement.payments:
        standing, day = _standing(payment, states)
        told = {"standing": standing, "payable_from": day}
        by_reference[payment.document_reference or payment.figure_id] = told
        payments.append({**payment.row(), **told})
    journal = [
        row if row["status"] != status else {**row, **by_reference[row["reference"]]}
        for row in settlement.journal_rows()
    ]
    return payments, journal
