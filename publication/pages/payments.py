"""Who pays what to whom, on the members' page of a settlement: payments, each body's flows gross and net, accounts.

Belongs here: these three tables. Not here: the payments themselves (the settlement makes them), the page (`members`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publication.inputs import Row
from publication.pages.book import line_words
from publication.pages.frame import cell, heads, row
from publication.wording import capital, day, money, role_name, sentence

# Who is paid nothing: what no member may bear stays with the commissioner.
_RESIDUE = "commissioner-residue"
_DOCUMENTS = {"invoice": "Invoice", "credit_note": "Credit note", "": "–"}

STANDING = {
    "shadow": "Shadow: nothing is payable",
    "withheld": "Withheld",
    "not_certified": "Awaits a certificate",
    "disputed": "Disputed: awaits the expert",
    "to_be_restated": "To be restated",
    "accreditation_missing": "Awaits an accreditation",
    "certified": "Certified: may be paid",
}


def flows_by_body(payments: Sequence[Row]) -> dict[str, tuple[int, int]]:
    """What each legal body pays and receives, in pence, gross; bodies by role. The nets of all bodies sum to 0."""
    found: dict[str, tuple[int, int]] = {}
    for payment in payments:
        if payment["payee"] == _RESIDUE:
            continue
        pence = payment["amount_pence"] or 0
        for body, paid, received in ((payment["payer"], pence, 0), (payment["payee_body"], 0, pence)):
            before = found.get(body, (0, 0))
            found[body] = (before[0] + paid, before[1] + received)
    return dict(sorted(found.items()))


def _accounts(journal: Sequence[Row], names: Mapping[str, str], key: str) -> list[dict[str, Any]]:
    """Debits and credits of each party's accounts; nothing where nothing is booked."""
    if not journal:
        return []
    totals: dict[tuple[str, str, str], tuple[int, int]] = {}
    for line in journal:
        account = (line["party"], line["account"], line["account_name"])
        debit, credit = totals.get(account, (0, 0))
        totals[account] = (debit + line["debit_pence"], credit + line["credit_pence"])
    rows = [
        row(cell(names.get(party, role_name(party))), cell(f"{account} {words}"), cell(money(debit), n=True),
            cell(money(credit), n=True), cell(money(debit - credit), n=True))
        for (party, account, words), (debit, credit) in sorted(totals.items())
    ]  # fmt: skip
    debits, credits = (sum(one[side] for one in totals.values()) for side in (0, 1))
    rows.append(row(cell("All"), cell(""), cell(money(debits), n=True), cell(money(credits), n=True),
                    cell(money(debits - credits), n=True), total=True))  # fmt: skip
    return [
        {"key": f"{key}-accounts", "caption": "Double entry by account",
         "note": "Each party's own books. Every entry is in members/journal.csv.",
         "head": heads("Party", "Account", "#Debit", "#Credit", "#Balance"), "rows": rows}
    ]  # fmt: skip


def payment_tables(
    payments: Sequence[Row], journal: Sequence[Row], names: Mapping[str, str], key: str
) -> list[dict[str, Any]]:
    """The tables of one settlement; none where nothing is posted. names: members by role."""
    if not payments:
        return []

    def named(role: str) -> str:
        return names.get(role, role_name(role))

    lines = [
        row(
            cell(capital(line_words(one["line"]))),
            cell(named(one["payer"])),
            cell(named(one["payee"]), lines=[f"paid to {one['paid_to']}"] if one["acts_for"] else []),
            cell(money(one["amount_pence"]), n=True, figure=one["figure_id"]),
            cell(STANDING.get(one["standing"], sentence(one["standing"] or "–")),
                 lines=[f"from {day(one['payable_from'])}"] if one["payable_from"] else []),
            cell(one["contract_reference"] or ""), cell(one["funding_source"] or ""), cell(one["vat_treatment"] or ""),
            cell(_DOCUMENTS[one["document"] or ""], more=one["document_reference"] or ""),
            cell(sentence(one["note"] or "")),
        )
        for one in payments
    ]  # fmt: skip
    flows = [
        row(cell(named(body)), cell(money(paid), n=True), cell(money(received), n=True),
            cell(money(received - paid), n=True))
        for body, (paid, received) in flows_by_body(payments).items()
    ]  # fmt: skip
    return [
        {"key": f"{key}-payments", "caption": "Who pays what to whom",
         "note": "Net of VAT, which is treated as the finance leads recorded it. Positive: from payer to payee. "
                 "Standing is what the decision log of this release says of the lines a payment carries.",
         "head": heads("Line", "Payer", "Payee", "#Amount", "Standing", "Contract", "Funding source", "VAT",
                       "Document", "Note"),
         "rows": lines},
        {"key": f"{key}-flows", "caption": "What each body pays and receives",
         "note": "Gross, and net as the cash that moves: what a body pays to itself in another role is none.",
         "head": heads("Body", "#Pays", "#Receives", "#Net received"), "rows": flows},
        *_accounts(journal, names, key),
    ]  # fmt: skip
