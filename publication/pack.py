"""The challenge pack of one disputed figure: certificate, evidence, and a workbook that computes it again.

Belongs here: gathering what a challenge needs from a release that proves itself. Not here: the workbook's sheets
(`recalculating`), walking to the sources (`explain`), what becomes of a challenge (the agreement's governance).

For members and commissioners: it holds members' costs. The same release and figure give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json, sha256_bytes
from foundation.errors import Refused, WrongUsage
from foundation.figures import FigureId, figure_id, parse_figure_id
from foundation.tables import csv_bytes
from publication import columns
from publication.explain import Node, explain, to_json
from publication.inputs import rows_of
from publication.pages.book import STATUS_WORDS, step_text
from publication.pages.frame import ROOM, cell, environment, heads, row
from publication.reader import Release, open_release
from publication.recalculating import recalculating_workbook
from publication.recompute import TABLES, differences
from publication.wording import capital, day, money, period_long, plural, sentence
from settlement.books import Books, read_books
from settlement.decisions import head_of, read_log
from settlement.engine import Settlement
from settlement.gate_record import SETTLEMENT_SCOPE
from settlement.payment_standing import standing_rows
from settlement.recompute import recompute_all
from settlement.statement import Step

WORKBOOK, CERTIFICATE = "workbook.xlsx", "certificate.html"


def build_pack(release_path: Path, figure: str) -> dict[str, bytes]:
    """Every file of a figure's pack by name.

    WrongUsage for a figure that no settlement of the release rests on or makes; Refused when the members' folder is not
    here, or when the release's statement does not follow from its open book: there is then nothing to certify.
    """
    release = open_release(release_path)
    tree = explain(release_path, figure)
    if not release.has("members"):
        raise Refused(
            "this copy has no members folder, so the figure cannot be computed again.", "ask for the whole release."
        )
    parsed = parse_figure_id(figure)
    books, made, files = _settled(release, parsed)
    reached = behind(made, figure)
    evidence = _evidence(release, books, made, files, reached, figure, tree)
    title = f"{books.terms.agreement.name}, {made.period_id}: {tree.label}"
    pack = {
        **{f"evidence/{name}": content for name, content in evidence.items()},
        WORKBOOK: recalculating_workbook(
            books.terms, made, books.ledger, figure, title, _published(release, parsed, made)
        ),
    }
    pack[CERTIFICATE] = _certificate(release, books, made, figure, tree, reached, pack)
    hashes = "".join(f"{sha256_bytes(content)}  {name}\n" for name, content in sorted(pack.items()))
    return {**pack, "SHA256SUMS": hashes.encode()}


def _settled(release: Release, parsed: FigureId) -> tuple[Books, Settlement, Mapping[str, bytes]]:
    """The settlement a figure belongs to, computed again and found equal to what is published."""
    if parsed.kind in ("indicator", "breakdown"):
        raise WrongUsage(
            f"{parsed} is a figure of an area, and no settlement's.",
            "name the KPI that pays on it, e.g. kpi:derbyshire-real-only:D1:2024-25:value.",
        )
    wanted = (parsed["agreement"], parsed["period"])
    settled = []
    for _, files in release.open_books():
        for books, made in zip(read_books(files), recompute_all(files), strict=True):
            if (made.agreement_id, made.period_id) == wanted:
                settled.append((books, made, files))
    if not settled:
        raise WrongUsage(f"this release settles no {wanted[1]} of {wanted[0]}.", "name a figure of a settled period.")
    books, made, files = settled[0]
    log = read_log(files["decisions.jsonl"])
    found = (
        made.step_rows(), made.posting_rows(), made.member_rows(), *standing_rows(made, log, books.terms),
    )  # fmt: skip
    for (schema, first), rows in zip(TABLES, found, strict=True):
        written = [r for r in release.members(schema) if (r["agreement_id"], r["period_id"]) == wanted]
        for name, column, one, other in differences(schema, first, written, rows_of(schema, rows)):
            raise Refused(
                f"the statement does not follow from the open book: {name} ({column}) is {one}, and {other} follows.",
                "compare the copy with the publisher's; nothing in it can be certified.",
            )
    return books, made, files


# --- what lies behind a figure


def behind(made: Settlement, figure: str) -> dict[str, Step]:
    """The steps a figure rests on, itself included, by figure id and in order. A source's: those that rest on it."""
    steps = {step.figure_id: step for step in made.steps}
    kind, *parts = figure.split(":")
    if kind == "step":
        ends = [figure]
    elif kind in ("posting", "member"):
        line = parts[2]
        ends = [
            step.figure_id for step in made.steps
            if step.step_id in (f"{line}_posted", f"difference.{line}") or step.step_id.startswith(f"{line}.")
        ]  # fmt: skip
    elif kind == "kpi":
        ends = [
            step.figure_id for step in made.steps if step.step_id in (f"score.{parts[1]}", f"standard.{parts[1]}")
        ]  # fmt: skip
    else:
        ends = [step.figure_id for step in made.steps if figure in step.inputs]
    wanted, left = set(ends), list(ends)
    while left:
        for reference in steps[left.pop()].inputs:
            name = _as_step(reference, made)
            if name in steps and name not in wanted:
                wanted.add(name)
                left.append(name)
    return {name: step for name, step in steps.items() if name in wanted}


def _as_step(reference: str, made: Settlement) -> str:
    """A member's part of a line rests on the line's rounding step."""
    kind, *parts = reference.split(":")
    if kind != "member":
        return reference
    return figure_id("step", agreement=made.agreement_id, period=made.period_id, step=f"{parts[2]}_posted")


def _published(release: Release, parsed: FigureId, made: Settlement) -> Decimal | None:
    """The figure as a number, in the unit the workbook computes it in; None where it is none of its cells."""
    name = str(parsed)
    if parsed.kind in ("step", "kpi"):
        if parsed.kind == "kpi":
            if parsed["measure"] == "value":
                rows = {r["figure_id"]: r["value"] for r in release.members(columns.KPI_RETURN)}
                used = {reference for step in made.steps for reference in step.inputs}
                value: Decimal | None = rows.get(name) if name in used else None
                return value
            if parsed["measure"] != "score":
                return None
            name = figure_id("step", agreement=made.agreement_id, period=made.period_id, step=f"score.{parsed['kpi']}")
        return next((step.value for step in made.steps if step.figure_id == name), None)
    if parsed.kind == "ledger":
        used_sums = [given.exact for step in made.steps for _, given in step.uses if given.reference == name]
        return None if not used_sums else Decimal(int(used_sums[0]))
    amounts = {item.figure_id: item.amount_pence for item in made.postings}
    amounts |= {item.figure_id: item.amount_pence for item in made.member_lines}
    return Decimal(amounts[name]) if name in amounts else None


# --- evidence


def _evidence(
    release: Release,
    books: Books,
    made: Settlement,
    files: Mapping[str, bytes],
    reached: Mapping[str, Step],
    figure: str,
    tree: Node,
) -> dict[str, bytes]:
    """The trace, the rows and files the figure rests on, and the terms and decisions it was made under."""
    used = {reference for step in reached.values() for reference in step.inputs} | {figure}
    used |= {_value_of(figure)}
    kpis = [r for r in release.members(columns.KPI_RETURN) if r["figure_id"] in used]
    scopes = {r["kpi_id"] for r in kpis} | {parse_figure_id(name)["kpi"] for name in used if name.startswith("kpi:")}
    scopes |= {step.step_id.partition(".")[2] for step in reached.values() if step.step_id.startswith("score.")}
    ledgers = {name for name in used if name.startswith("ledger:")}
    costs = [
        r for r in release.members(columns.LEDGER)
        if f"ledger:{r['agreement_id']}:{r['period_id']}:{r['member_id']}" in ledgers
    ]  # fmt: skip
    indicators = {kpi.indicator_id for kpi in books.terms.framework.kpis if kpi.id in scopes}
    catalogue = release.catalogue if release.has("public") else {}
    figures = dict(release.lineage.get("figures", {}))
    sent = {name for item in (*used, *indicators) for name in figures.get(item, ())}
    sent |= {str(r["submission_id"]) for r in costs if r["submission_id"]}
    submissions = [
        item for item in dict(release.lineage.get("data_cut") or {}).get("submissions", ())
        if item["submission_id"] in sent
    ]  # fmt: skip
    verdicts = {
        name: json.loads(raw) for name, raw in dict(release.lineage.get("verdicts", {})).items()
    }  # fmt: skip
    of_scopes = {f"{made.agreement_id}/{scope}/{made.period_id}" for scope in scopes}
    return {
        "trace.json": to_json(tree).encode() + b"\n",
        "trace.txt": ("\n".join(_drawn(tree)) + "\n").encode(),
        "steps.csv": csv_bytes(columns.STEPS.names, [step.row() for step in reached.values()]),
        "kpi_return.csv": csv_bytes(columns.KPI_RETURN.names, kpis),
        "ledger.csv": csv_bytes(columns.LEDGER.names, costs),
        "gate.csv": csv_bytes(
            list(made.gate.rows()[0]),
            [r for r in made.gate.rows() if r["kind"] == "integrity" or r["scope"] in scopes | {SETTLEMENT_SCOPE}],
        ),
        "checks.json": readable_json(
            {name: one for name, one in verdicts.items() if one["kind"] == "integrity" or one["scope"] in of_scopes}
        ),
        "submissions.json": readable_json(list(submissions)),
        "definitions.json": readable_json({name: catalogue[name] for name in sorted(indicators & set(catalogue))}),
        "terms.yaml": files["terms.yaml"],
        "decisions.jsonl": files["decisions.jsonl"],
    }


def _value_of(figure: str) -> str:
    """The KPI figure whose row holds a KPI's score or level."""
    head, _, _ = figure.rpartition(":")
    return f"{head}:value" if figure.startswith("kpi:") else figure


def _drawn(node: Node, depth: int = 0) -> list[str]:
    """The trace as indented lines."""
    indent = "  " * depth
    lines = [f"{indent}{node.label}" + (f"  [{node.figure_id}]" if node.figure_id else "")]
    lines += [f"{indent}  · {name}: {value}" for name, value in node.facts.items()]
    return [*lines, *(line for child in node.children for line in _drawn(child, depth + 1))]


# --- the certificate


def _certificate(
    release: Release,
    books: Books,
    made: Settlement,
    figure: str,
    tree: Node,
    reached: Mapping[str, Step],
    pack: Mapping[str, bytes],
) -> bytes:
    """The certificate as one page that needs no other file."""
    terms, manifest = books.terms, release.manifest
    kind = "year" if len(made.period_id) == 7 else None
    pairs = [
        ("Figure", figure),
        ("As published", tree.label),
        ("Settlement", made.settlement_id),
        ("Status", STATUS_WORDS.get(made.status, capital(made.status))),
        ("Restates", made.supersedes),
        ("Why it is what it is", made.reason),
        ("Terms", sentence(terms.agreement.label)),
        ("Hash of the terms", made.terms_hash),
        ("Data cut", made.data_cut_id),
        ("Release", str(manifest.get("release_id", ""))),
        ("Definitions", str(manifest.get("definitions_hash", ""))),
        ("Code and engine", f"{manifest.get('code_version', '')}, engine {made.engine_version}"),
        ("Decision log", _log_words(pack["evidence/decisions.jsonl"])),
        ("Computed again", "From the open book of the release, and equal to what it publishes"),
    ]
    html = (
        environment()
        .get_template("certificate.html.j2")
        .render(
            style=(ROOM / "assets" / "outturn.css").read_text(encoding="utf-8"),
            page={
                "figure": figure, "agreement": terms.agreement.name, "period": period_long(made.period_id, kind),
                "label": tree.label, "banner": STATUS_WORDS.get(made.status, ""),
                "lede": "This page says what the figure is, what it rests on and how to challenge it. The evidence and "
                        "a workbook that computes it again lie beside it.",
                "release": str(manifest.get("release_id", "")),
            },
            certified=[{"term": term, "text": text} for term, text in pairs if text],
            approvals_head=heads("Party", "When", "Where", "Approver", "Authority until", "Hash of the vote"),
            approvals=_approvals(made, pack["evidence/decisions.jsonl"]),
            gate_head=heads("Check", "Concerns", "Status", "Action", "Why"),
            gate=_gate_rows(made, pack["evidence/gate.csv"]),
            steps_head=heads("Step", "Arithmetic", "#Result"),
            steps=[
                row(cell(f"{step.step_number}. {step.label}", more=step.formula), cell(step.arithmetic),
                    cell(step_text(step.row()), n=True))
                for step in reached.values()
            ],
            challenge=_challenge(books, made),
            files_head=heads("File", "#Bytes", "SHA-256"),
            files=[row(cell(name), cell(f"{len(content):,}", n=True), cell(sha256_bytes(content), code=True))
                   for name, content in sorted(pack.items())],
        )
    )  # fmt: skip
    return ("\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n").encode()


def _log_words(log: bytes) -> str:
    """How far the log goes: whoever keeps this page sees when entries at its end are gone."""
    records = read_log(log)
    return f"{plural(len(records), 'entry', 'entries')}, the last {head_of(records)}"


def _approvals(made: Settlement, log: bytes) -> list[dict[str, Any]]:
    """The votes whose hashes the gate's record names."""
    rows = []
    records = read_log(log)
    until = {
        (record.signer, record.body["approver"]): record.body["valid_to"]
        for record in records if record.kind == "authority_delegated"
    }  # fmt: skip
    for record in records:
        if record.hash in made.gate.approvals:
            approver = str(record.body.get("approver", ""))
            rows.append(
                row(cell(record.signer), cell(record.signed_at.replace("T", " ").replace("Z", " UTC")),
                    cell(record.place), cell(approver), cell(str(until.get((record.signer, approver), ""))),
                    cell(record.hash[:16], code=True))
            )  # fmt: skip
    return rows


def _gate_rows(made: Settlement, gate_csv: bytes) -> list[dict[str, Any]]:
    shown = {tuple(line.split(",")[2:5]) for line in gate_csv.decode().splitlines()[1:]}
    return [
        row(cell(entry.check_id), cell(entry.scope), cell(capital(entry.status)), cell(capital(entry.action)),
            cell(sentence(entry.reason)))
        for entry in made.gate.entries if (entry.kind, entry.scope, entry.check_id) in shown
    ]  # fmt: skip


def _challenge(books: Books, made: Settlement) -> list[str]:
    governance, period = books.terms.governance, books.terms.period(made.period_id)
    window = plural(governance.challenge_window_working_days, "working day")
    posted = sum(posting.amount_pence for posting in made.postings)
    return [
        f"The terms give {window} from the day the settlement is made known. Say which figure is disputed, by its id, "
        "and what you hold it should be; a changed cell in the workbook shows what would follow.",
        sentence(governance.dispute),
        f"The settlement comes to {money(posted)} for the period that ended on {day(period.end)}. What is not disputed "
        "is paid meanwhile where anything is payable.",
    ]
