"""The members' pages: every step as arithmetic, every line, the open book, and what the gate saw.

Belongs here: the open book as pages, for members and commissioners only. Not here: anything a public page links to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from publication.inputs import Row
from publication.pages.beside import beside
from publication.pages.book import (
    STATUS_WORDS,
    Book,
    Settled,
    line_words,
    measured_words,
    slug,
    step_text,
)
from publication.pages.frame import cell, heads, render, row, site_facts
from publication.pages.outlook import outlook_page
from publication.pages.parties import party_tables
from publication.pages.payments import payment_tables
from publication.wording import (
    LEVEL_WORDS,
    capital,
    day,
    money,
    months_of,
    number,
    period_long,
    period_name,
    role_name,
    sentence,
)

_QUALITY = {"fit": ("fit", "Fit"), "withheld": ("w", "Withheld"), "not_available": ("x", "Not available"),
            "too_small": ("x", "Too small to score; neutral by agreement")}  # fmt: skip
_CHECK = {"passed": "fit", "failed": "w", "error": "w", "missing": "w"}


def _period(label: str) -> str:
    return period_name(label, "year" if len(label) == 7 else None)


def _origin(reference: str) -> str:
    """Where a number comes from, without the parts of the id that every line of a statement shares."""
    kind, *parts = reference.split(":")
    if kind == "terms":
        return f"the terms, {':'.join(parts)}"
    if kind == "step" and len(parts) == 3:
        return f"step {parts[2]}"
    if kind == "ledger" and len(parts) == 3:
        return f"the open book of {parts[2]}"
    if kind == "decision":
        return f"the decision log, entry {':'.join(parts)[:16]}"
    if kind == "kpi" and len(parts) == 4:
        return f"the KPI return, {parts[1]} {period_name(parts[2], 'year' if len(parts[2]) == 7 else None)}"
    return reference


def _exact(step: Row) -> list[str]:
    """The exact result, where the printed one leaves digits out."""
    printed = step_text(step).replace(",", "").replace("£", "").replace("−", "-").split(" ")[0]
    value = Decimal(step["value"])
    if step["unit"] == "pence" or Decimal(printed) == value:
        return []
    digits = format(value, "f")
    return [f"exactly {digits}" if len(digits) < 28 else f"to 28 digits {digits}"]


def _standing(item: Settled, key: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """How each line stands with certificate and challenge, where the lines stand in different ways."""
    if len({one["words"] for one in item.standing}) < 2:
        return []
    rows = [
        row(
            cell(capital(line_words(one["line"]))),
            cell(names.get(one["member_id"], role_name(one["member_id"])) or "All, posted earlier"),
            cell(money(one["amount_pence"]), n=True),
            cell(sentence(one["words"])),
        )
        for one in item.standing
    ]
    return [
        {"key": f"{key}-standing", "caption": "Challenge status by line",
         "note": "What nobody disputes is paid; what is disputed waits for an independent expert.",
         "head": heads("Line", "Member", "#Amount", "Status"), "rows": rows}
    ]  # fmt: skip


_STAGES = {
    "interim": "Interim: a figure it rests on may still change. It is paid on account, and what changes is posted as a "
               "difference.",
    "final": "Final: every figure it rests on is frozen.",
}  # fmt: skip


def _stage(item: Settled, kpi_return: Sequence[Row]) -> str:
    from settlement.stage import stage_of

    judged = [kpi.kpi_id for kpi in item.agreement.kpis if kpi.role != "monitored"]
    return _STAGES[stage_of(kpi_return, item.agreement.agreement_id, item.period_id, judged)]


def _settlement(item: Settled, kpi_return: Sequence[Row]) -> dict[str, Any]:
    key = f"settlement-{slug(item.agreement.agreement_id)}-{slug(item.period_id)}"
    status = item.status
    names = dict(item.agreement.members)
    steps = {
        "key": f"{key}-steps",
        "caption": "Every step, in order",
        "note": "Each step shows its formula with names, the same with numbers, where the numbers come from, and its "
                "exact result.",
        "head": heads("Step", "Arithmetic", "#Result"),
        "rows": [
            row(
                cell(f"{step['step_number']}. {step['label']}", more=step["formula"]),
                cell(step["arithmetic"], lines=[
                    *(f"from {_origin(reference)}" for reference in (step["inputs"] or "").split()),
                    f"agreed in {_origin(step['terms_reference'] or '')}",
                ]),
                cell(step_text(step), n=True, figure=step["figure_id"], lines=_exact(step)),
            )
            for step in item.steps
        ],
    }  # fmt: skip
    postings = {
        "key": f"{key}-postings",
        "caption": "What is posted",
        "note": "Positive: from payer to payee.",
        "head": heads("Line", "#Amount", "Status", "Payer", "Payee", "Contract", "Funding source", "VAT"),
        "rows": [
            row(
                cell(capital(line_words(line["line"])),
                     more="restates an earlier settlement" if line["supersedes"] else ""),
                cell(money(line["amount_pence"]), n=True, figure=line["figure_id"]),
                cell(capital(line["status"]), tag="shadow" if line["status"] == "shadow" else "fit"),
                cell(role_name(line["payer"] or "")), cell(role_name(line["payee"] or "")),
                cell(line["contract_reference"] or ""), cell(line["funding_source"] or ""),
                cell(line["vat_treatment"] or ""),
            )
            for line in item.postings
        ],
    }  # fmt: skip
    tables = [postings]
    for line_name in dict.fromkeys(line["line"] for line in item.member_lines):
        lines = [line for line in item.member_lines if line["line"] == line_name]
        total = sum(line["amount_pence"] or 0 for line in lines)
        rows = [
            row(
                cell(names.get(line["member_id"], role_name(line["member_id"]))),
                cell("–" if line["weight"] is None else number(line["weight"]), n=True),
                cell(money(line["amount_pence"]), n=True, figure=line["figure_id"]),
                cell("–" if line["cap_pence"] is None else money(line["cap_pence"]), n=True),
                cell(sentence(line["note"] or "")),
            )
            for line in lines
        ]
        rows.append(row(cell("All"), cell(""), cell(money(total), n=True), cell(""), cell(""), total=True))
        tables.append(
            {"key": f"{key}-members-{slug(line_name)}", "caption": f"{capital(line_words(line_name))} by member",
             "note": "Shares as agreed; pennies left over go by largest remainder.",
             "head": heads("Member", "#Agreed weight", "#Amount", "#Limit", "Note"), "rows": rows}
        )  # fmt: skip
    tables += _standing(item, key, names)
    if item.ends:
        tables += party_tables(item.ends, item.member_lines, names, key)
    tables += payment_tables(item.payments, item.journal, names, key)
    tables.append(steps)
    ways = list(dict.fromkeys(one["words"] for one in item.standing))
    settlement_ids = sorted({line["settlement_id"] for line in item.postings if line["settlement_id"]})
    pairs = [
        {"term": "Status", "text": STATUS_WORDS.get(status, capital(status))},
        {"term": "Stage", "text": _stage(item, kpi_return)},
        {
            "term": "Challenge status",
            "text": sentence(ways[0]) if len(ways) == 1 else "By line, below." if ways else "",
        },
        {"term": "Period", "text": capital(period_long(item.period_id, "year" if len(item.period_id) == 7 else None))},
        {"term": "Terms", "text": sentence(item.agreement.label)},
        {"term": "Hash of the terms", "text": item.agreement.terms_hash},
        {"term": "Settlement", "text": ", ".join(settlement_ids)},
        {"term": "Data cut", "text": str(item.gate.get("data_cut_id", ""))},
    ]
    return {
        "key": key,
        "title": f"{item.agreement.name}, {_period(item.period_id)}",
        "banner": STATUS_WORDS.get(status, ""),
        "banner_words": "A full calculation, made to learn from. No money moves because of it."
        if status == "shadow"
        else "",
        "pairs": [pair for pair in pairs if pair["text"]],
        "tables": tables,
    }


def _open_book(book: Book, site: Mapping[str, Any], ledger: list[Row]) -> bytes:
    sections = []
    names = {member: name for agreement in book.agreements for member, name in agreement.members}
    titles = {agreement.agreement_id: agreement.name for agreement in book.agreements}
    for agreement_id, period_id in dict.fromkeys((line["agreement_id"], line["period_id"]) for line in ledger):
        lines = [x for x in ledger if (x["agreement_id"], x["period_id"]) == (agreement_id, period_id)]
        members = list(dict.fromkeys(line["member_id"] for line in lines))
        months = list(dict.fromkeys(sorted(line["month"] for line in lines)))
        totals = {
            member: sum(line["amount_pence"] for line in lines if line["member_id"] == member) for member in members
        }
        rows = [
            row(cell(names.get(member, role_name(member))),
                cell(money(totals[member]), n=True, figure=f"ledger:{agreement_id}:{period_id}:{member}"),
                cell(str(len({line["month"] for line in lines if line["member_id"] == member})), n=True))
            for member in members
        ]  # fmt: skip
        rows.append(row(cell("All"), cell(money(sum(totals.values())), n=True), cell(""), total=True))
        key = f"book-{slug(agreement_id)}-{slug(period_id)}"
        by_month = []
        for month in months:
            cells = [cell(capital(period_name(month, "month")))]
            for member in members:
                spent = [x["amount_pence"] for x in lines if (x["member_id"], x["month"]) == (member, month)]
                cells.append(cell(money(sum(spent)) if spent else "not reported", n=True))
            by_month.append(row(*cells))
        sections.append(
            {"key": key, "title": f"{titles.get(agreement_id, agreement_id)}, {_period(period_id)}", "lines": [],
             "tables": [
                 {"key": f"{key}-members", "caption": "Cost in scope by member", "note": "Net of VAT, as reported.",
                  "head": heads("Member", "#Cost", "#Months reported"), "rows": rows},
                 {"key": f"{key}-months", "caption": "Cost in scope by month", "note": "Net of VAT, as reported.",
                  "head": heads("Month", *(f"#{names.get(m, role_name(m))}" for m in members)), "rows": by_month},
             ]}
        )  # fmt: skip
    return render(
        "members/tables.html.j2",
        {"title": "Open book", "heading": "Open book", "nav": "open-book.html",
         "description": "What each member spent in scope."},
        site, sections=sections,
        lede="What each member spent in scope. Every line, with its contract and the submission it came in, is in "
             "members/ledger.csv.",
    )  # fmt: skip


def _kpi_return(book: Book, site: Mapping[str, Any]) -> bytes:
    sections = []
    for agreement_id, kpi_id in dict.fromkeys((r["agreement_id"], r["kpi_id"]) for r in book.kpi_return):
        mine = [r for r in book.kpi_return if (r["agreement_id"], r["kpi_id"]) == (agreement_id, kpi_id)]
        entry = book.catalogue.get(mine[0]["indicator_id"])
        kpi = next((k for a in book.agreements if a.agreement_id == agreement_id for k in a.kpis
                    if k.kpi_id == kpi_id), None)  # fmt: skip
        key = f"kpi-{slug(agreement_id)}-{slug(kpi_id)}"
        tables = []
        for kind, title in (("year", "Years"), ("quarter", "Quarters"), ("month", "Months")):
            rows = []
            for r in mine:
                if r["period_kind"] != kind:
                    continue
                tag, word = _QUALITY.get(r["quality_status"], ("x", r["quality_status"] or ""))
                decimals = r["value_decimals"] or 0
                quality = cell(word, tag=tag, lines=[sentence(r["quality_reason"])] if r["quality_reason"] else [])
                rows.append(
                    row(
                        cell(capital(period_name(r["period_id"], r["period_kind"])),
                             more=months_of(r["period_id"]) if kind == "quarter" else "",
                             lines=[capital(words)] if kpi and (words := measured_words(r, kpi)) else []),
                        cell("–" if r["value"] is None else number(r["value"], decimals), n=True,
                             figure=r["figure_id"]),
                        cell("–" if r["lower"] is None
                             else f"{number(r['lower'], decimals)} to {number(r['upper'], decimals)}", n=True),
                        cell("–" if r["numerator"] is None else number(r["numerator"]), n=True),
                        cell("–" if r["denominator"] is None else number(r["denominator"]), n=True),
                        cell(LEVEL_WORDS.get(r["level"] or "", "–")),
                        quality,
                        cell(capital(r["data_cut_status"] or "")),
                    )
                )  # fmt: skip
            if rows:
                tables.append(
                    {"key": f"{key}-{kind}", "caption": f"{kpi_id}: {title.lower()}",
                     "note": f"Unit: {mine[0]['unit']}. Withheld values stand here so that members can mend them; they "
                             "are not public.",
                     "head": heads("Period", "#Value", "#95 % interval", "#Numerator", "#Denominator", "Level",
                                   "Quality", "Data cut"),
                     "rows": rows}
                )  # fmt: skip
        baseline = mine[0]["baseline_value"]
        start = (
            "No baseline."
            if baseline is None
            else (f"Baseline {number(baseline, mine[0]['value_decimals'])} {mine[0]['unit']}.")
        )
        covered = [r["data_complete_as_at"] for r in mine if r["data_complete_as_at"]]
        sections.append(
            {"key": key, "title": f"{kpi_id}: {entry['name'] if entry else mine[0]['indicator_id']}",
             "lines": [f"Agreement {agreement_id}. {start} Data up to {day(max(covered, default=None))}."],
             "tables": tables}
        )  # fmt: skip
    return render(
        "members/tables.html.j2",
        {"title": "KPI return", "heading": "KPI return", "nav": "kpi-return.html",
         "description": "Every KPI and period with value, status and reason."},
        site, sections=sections,
        lede="One row per KPI and period: the only view of performance that the settlement has.",
    )  # fmt: skip


def _gate(book: Book, site: Mapping[str, Any]) -> bytes:
    sections = []
    for item in book.settled:
        key = f"gate-{slug(item.agreement.agreement_id)}-{slug(item.period_id)}"
        rows = [
            row(
                cell(entry["check_id"]), cell(capital(entry["kind"])), cell(entry["scope"]),
                cell(capital(entry["status"]), tag=_CHECK.get(entry["status"], "x")), cell(capital(entry["action"])),
                cell(sentence(entry["reason"] or "")), cell(sentence(entry["mend"] or "")),
                cell(capital(entry["responsible"] or "")),
            )
            for entry in item.gate.get("entries", [])
        ]  # fmt: skip
        sections.append(
            {"key": key, "title": f"{item.agreement.name}, {_period(item.period_id)}",
             "lines": [f"Judged on data cut {item.gate.get('data_cut_id', '')} under terms "
                       f"{item.gate.get('terms_hash', '')}."],
             "tables": [{"key": f"{key}-entries", "caption": "What the gate decided", "note": "",
                         "head": heads("Check", "Kind", "Scope", "Status", "Action", "Why", "What would change it",
                                       "Who can"), "rows": rows}]}
        )  # fmt: skip
    verdicts = [
        row(cell(stem), cell(str(verdict.get("scope", ""))),
            cell(capital(str(verdict.get("status", ""))), tag=_CHECK.get(str(verdict.get("status")), "x")),
            cell(sentence(str(verdict.get("reason", "")))), cell(sentence(str(verdict.get("mend", "")))))
        for stem, verdict in sorted(book.verdicts.items())
    ]  # fmt: skip
    sections.append(
        {"key": "verdicts", "title": "Every check on this data cut", "lines": [],
         "tables": [{"key": "verdicts-table", "caption": "Results of all checks", "note": "",
                     "head": heads("Check", "Scope", "Status", "Why", "What would make it pass"), "rows": verdicts}]}
    )  # fmt: skip
    return render(
        "members/tables.html.j2",
        {"title": "Checks", "heading": "Checks", "nav": "gate.html",
         "description": "What the gate decided, and every check behind it."},
        site, sections=sections,
        lede="A settlement is made only when every integrity check for exactly its data cut has passed. A figure that "
             "is not fit to pay on is withheld until its cause is recorded.",
    )  # fmt: skip


_KINDS = {
    "party_admitted": "Party admitted",
    "authority_delegated": "Authority delegated",
    "conflict_declared": "Conflict declared",
    "terms_voted": "Vote on the terms",
    "gate_cause_recorded": "Cause of a withheld figure recorded",
    "release_published": "Release published",
    "party_ended": "Part in the agreement ended",
    "key_revoked": "Key revoked",
    "seat_given": "Seat on a board given",
    "part_voted": "Vote on a part of the agreement",
    "board_voted": "Vote of a board",
    "award_voted": "Vote on an award",
    "absence_recorded": "Absence recorded",
    "absence_withdrawn": "Absence taken back",
    "gate_cause_withdrawn": "Cause of a withheld figure taken back",
    "advance_drawn": "Less drawn of an advance",
    "condition_judged": "Must-pass condition judged",
    "cash_certified": "Cash-releasing saving certified",
    "assurance_given": "Independent assurance",
    "settlement_certified": "Settlement certified",
    "line_challenged": "Line challenged",
    "challenge_withdrawn": "Challenge withdrawn",
    "line_determined": "Dispute determined",
    "accreditation_recorded": "Accreditation recorded",
    "waiver_voted": "Vote on a waiver",
}


def _fact(name: str, value: Any) -> str:
    """One entry of a decision; a hash by its first digits, a date as a date."""
    if isinstance(value, list):
        return ", ".join(value)
    if name.endswith("_hash") or name.endswith("_id"):
        return f"{value[:16]}…" if len(value) > 16 else str(value)
    if name.endswith("_pence"):
        return money(int(value))
    return day(date.fromisoformat(value)) if name.startswith("valid_") else str(value)


def _decisions(book: Book, site: Mapping[str, Any]) -> bytes:
    sections = []
    for agreement in book.agreements:
        item = next(one for one in book.settled if one.agreement is agreement)
        rows = []
        for record in item.decisions:
            body = record["body"]
            facts = [
                f"{name.replace('_', ' ')}: {_fact(name, value)}"
                for name, value in sorted(body.items()) if value and name not in ("public_key", "approver")
            ]  # fmt: skip
            rows.append(
                row(
                    cell(str(record["sequence"]), n=True),
                    cell(_KINDS.get(record["kind"], capital(record["kind"].replace("_", " ")))),
                    cell(role_name(record["signer"]), more=str(body.get("approver", ""))),
                    cell(record["signed_at"].replace("T", " ").replace("Z", " UTC"), more=record["place"]),
                    cell("; ".join(facts)),
                    cell(record["hash"][:16], code=True),
                )
            )
        key = f"decisions-{slug(agreement.agreement_id)}"
        sections.append(
            {"key": key, "title": agreement.name, "lines": [],
             "tables": [{"key": f"{key}-log", "caption": "Decision log",
                         "note": "Each entry is signed and holds the hash of the one before it, so that none can be "
                                 "changed or taken out unseen.",
                         "head": heads("#Entry", "Decision", "By", "When and where", "What", "Hash"), "rows": rows}]}
        )  # fmt: skip
    return render(
        "members/tables.html.j2",
        {"title": "Decisions", "heading": "Decisions", "nav": "decisions.html",
         "description": "Who decided what, in which role, on whose authority."},
        site, sections=sections,
        lede="Who decided what, in which role and on whose delegated authority. Entries are only ever added.",
    )  # fmt: skip


def member_pages(book: Book, ledger: list[Row]) -> dict[str, bytes]:
    """Every page of the members' site by file name."""
    site = site_facts(book, public=False)
    return {
        "index.html": render(
            "members/index.html.j2",
            {"title": "Settlements", "heading": "Settlements", "caption": "Members only", "nav": "index.html",
             "description": "Every settlement with its steps, postings and member lines."},
            site,
            settlements=[{**_settlement(item, book.kpi_return), "beside": beside(book, item)} for item in book.settled],
            none_words="A settlement is made when a settlement period has ended.",
            lede="Every settlement of this release: what is posted, each member’s part, and every step as arithmetic.",
        ),
        "open-book.html": _open_book(book, site, ledger),
        "kpi-return.html": _kpi_return(book, site),
        "outlook.html": outlook_page(book, site),
        "gate.html": _gate(book, site),
        "decisions.html": _decisions(book, site),
    }  # fmt: skip
