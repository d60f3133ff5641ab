"""Build one release: an immutable folder whose name is the hash of what it holds, and point `current` at it.

Belongs here: the gate's second look, the files of a release, its manifest and seal. Not here: what the public may
see (disclosure), what pages say (pages), checking a copy (verify).

What may differ between two builds of the same inputs: nothing but the bytes of DuckDB files, which are compared by
their ordered contents. The release id is the hash of the manifest, which names every file but itself and the seal.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from foundation.canonical import content_id, readable_json, sha256_bytes, sha256_file
from foundation.durable import new_directory, swap_pointer, temporary_beside, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.figures import parse_figure_id
from foundation.tables import csv_bytes
from publication import columns
from publication.agreement import ALLIANCE_LINES, Agreement, read_agreement
from publication.columns import Schema
from publication.data_package import write_data_package
from publication.disclosure import PublicView, public_view
from publication.disclosure.rules import rules_of, shown_share
from publication.formats import FORMAT
from publication.former import Former, looks_of, manifest_entry, releases_in, twin_of
from publication.hidden import hidden_rows
from publication.inputs import ReleaseInputs, Row, SettledAgreement, rows_of
from publication.log_heads import KEY as LOG_HEADS
from publication.log_heads import heads_of, require_extension, require_kept
from publication.measured import would_give_away
from publication.pages import assets, public_pages
from publication.pages.beside import books_of
from publication.pages.book import Book, Settled
from publication.pages.members import member_pages
from publication.pages.parties import ends_of
from publication.recompute import TABLES, carried_wrongly, differences, settlements_of, tables_of
from publication.revisions import basis_of, former_release, revisions
from publication.standing import standing_of
from publication.unchanged import paid_if_unchanged
from publication.warehouse import contents_hash, events_table, write_duckdb, write_pair
from publication.wording import bytes_size, rounded

CLASSIFICATION = {"public": "public", "members": "members only", "analyst": "restricted"}
SCORE_STEP = "overall_score"
ANALYSTS = "analyst/analyst.duckdb"
PREVIEW_MARK = "THIS-IS-NO-RELEASE.txt"
_SETTLEMENT_TABLES = (
    columns.STEPS, columns.POSTINGS, columns.MEMBER_LINES, columns.PAYMENTS, columns.JOURNAL, columns.ADVANCES,
    columns.PRIOR_POSTINGS,
)  # fmt: skip


@dataclass(frozen=True)
class _Audited:
    """A settlement whose gate record and rows have been proved again."""

    given: SettledAgreement
    agreement: Agreement
    period_id: str
    gate: dict[str, Any]
    decisions: list[dict[str, Any]]
    rows: dict[str, list[Row]]
    made: Sequence[Any] = ()
    standing: Sequence[Mapping[str, Any]] = ()


# --- the gate's second look ---------------------------------------------------------------------------------------


def _object(raw: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(f"{name} cannot be read.", "run the checks again for this data cut.")
    return found


def require_integrity(inputs: ReleaseInputs) -> dict[str, dict[str, Any]]:
    """The verdicts by file stem, after proving that every integrity check on the list passed for exactly this cut.

    Refused otherwise: nothing is published on figures that were not proved good, settled or not.
    """
    required = _object(inputs.required_json, "required.json")
    cut, mend = inputs.data_cut_id, "run the checks again for this data cut."
    bound = {"data_cut_id": cut, "definitions_hash": inputs.definitions_hash, "code_version": inputs.code_version}
    for name, wanted in bound.items():
        if required.get(name) != wanted:
            raise Refused(f"the list of required checks has another {name}: nothing is published.", mend)
    verdicts = {
        stem.removesuffix(".json"): raw for stem, raw in inputs.verdicts.items()
        if stem.removesuffix(".json") not in ("required", "cut")
    }  # fmt: skip
    parsed = {stem: _object(raw, f"the verdict {stem}") for stem, raw in sorted(verdicts.items())}
    checks = required.get("checks") or []
    if not any(check["kind"] == "integrity" for check in checks):
        raise Refused(
            "the list of required checks names no integrity check: nothing is published.",
            "see that the home holds an agreement (agreements/<id>/*.yaml): its terms name the checks; then run again.",
        )
    required_hash = sha256_bytes(inputs.required_json)
    for check in checks:
        stem = check["check_id"]
        if check["kind"] == "fitness":
            stem += "@" + check["scope"].replace("/", "@")
        verdict = parsed.get(stem)
        if verdict is None:
            raise Refused(f"the result of {stem} is missing: nothing is published.", "run this check for the cut.")
        strays = [name for name, wanted in bound.items() if verdict.get(name) != wanted]
        if verdict.get("required_hash") != required_hash:
            strays.append("required_hash")
        if strays or verdict.get("check_id") != check["check_id"] or verdict.get("kind") != check["kind"]:
            raise Refused(
                f"the result of {stem} belongs to something else ({', '.join(strays) or 'another check'}): "
                "nothing is published.", mend,
            )  # fmt: skip
        wanted_status = ("passed",) if check["kind"] == "integrity" else ("passed", "failed")
        if verdict.get("status") not in wanted_status:
            raise Refused(
                f"{stem} did not pass: {verdict.get('reason') or verdict.get('status')} Nothing is published.",
                str(verdict.get("mend") or mend),
            )
    return parsed


def _judge_again(given: SettledAgreement, inputs: ReleaseInputs) -> tuple[Any, Any]:
    """The gate record of a settlement, judged again from the same verdict bytes; Refused when it differs."""
    from settlement.approvals import gate_causes, terms_approved
    from settlement.decisions import read_log
    from settlement.gate import judge
    from settlement.gate_record import read_gate_json
    from settlement.refusal import Refusal
    from settlement.terms import load_terms

    terms = load_terms(given.terms_yaml)
    records = read_gate_json(given.gate_json, terms)
    if len(records) != 1:
        raise Refused(f"a settlement of {terms.id} comes with {len(records)} gate records, not one.", "settle again.")
    record = records[0]
    log = read_log(given.decisions_jsonl)
    again = judge(
        inputs.required_json, inputs.verdicts, cut_id=inputs.data_cut_id, definitions_hash=inputs.definitions_hash,
        code_version=inputs.code_version, terms=terms, terms_approved=terms_approved(log, terms, record.period_id),
        period_id=record.period_id, causes=gate_causes(log, terms, record.period_id, inputs.data_cut_id),
    )  # fmt: skip
    if isinstance(again, Refusal):
        raise again.error()
    if again.to_json() != record.to_json():
        raise Refused(
            f"the gate record of {terms.id} {record.period_id} does not rest on the verdicts of this data cut.",
            "settle again from these verdicts, then publish.",
        )
    return terms, record


def _audit(given: SettledAgreement, inputs: ReleaseInputs, kpi_return: list[Row], ledger: list[Row]) -> _Audited:
    from settlement.decisions import read_log

    terms, record = _judge_again(given, inputs)
    agreement = read_agreement(given.terms_yaml)
    rows = {
        schema.name: rows_of(schema, getattr(given, schema.name)) for schema in _SETTLEMENT_TABLES
    }  # fmt: skip
    period_id = str(record.period_id)
    for name in ("steps", "postings", "member_lines", "payments", "journal"):
        strays = [r for r in rows[name] if (r["agreement_id"], r["period_id"]) != (agreement.agreement_id, period_id)]
        if strays:
            raise Refused(f"{name} of {agreement.agreement_id} hold rows of another settlement.", "settle again.")
    files = {
        "terms.yaml": given.terms_yaml, "gate.json": given.gate_json, "decisions.jsonl": given.decisions_jsonl,
        "kpi_return.csv": csv_bytes(columns.KPI_RETURN.names, kpi_return),
        "ledger.csv": csv_bytes(columns.LEDGER.names, ledger),
        "advances.csv": csv_bytes(columns.ADVANCES.names, rows["advances"]),
        "prior_postings.csv": csv_bytes(columns.PRIOR_POSTINGS.names, rows["prior_postings"]),
    }  # fmt: skip
    made = settlements_of(files)
    again = tables_of(made, files)
    for schema, first in TABLES:
        for figure, column, written, wanted in differences(schema, first, rows[schema.name], again[schema.name]):
            raise Refused(
                f"{figure} ({column}) is given as {written}, and {wanted} follows from the terms and the open book: "
                "nothing is published.",
                "settle again from the same KPI return and ledger, then publish.",
            )
    log = read_log(given.decisions_jsonl)
    decisions = [
        {"sequence": r.sequence, "kind": r.kind, "signer": r.signer, "signed_at": r.signed_at, "place": r.place,
         "body": dict(r.body), "hash": r.hash}
        for r in log
    ]  # fmt: skip
    standing = standing_of(log, terms, rows["postings"], rows["member_lines"], rows["prior_postings"])
    return _Audited(given, agreement, period_id, json.loads(record.to_json()), decisions, rows, made, standing)


def _require_carried(settled: Sequence[_Audited]) -> None:
    """Refused unless every advance is what the settlement before left and what the terms pay."""
    made = [(item.given.terms_yaml, one) for item in settled for one in item.made]
    for what in carried_wrongly(made, [row for item in settled for row in item.rows["advances"]]):
        raise Refused(f"{what}: nothing is published.", "settle every period again, then publish.")


# --- rows ---------------------------------------------------------------------------------------------------------


def at_precision(rows: Sequence[Row], decimals_of: Mapping[str, int] | None = None) -> None:
    """Write values and limits, in place, with the decimals agreed for them, so that 446.0 does not print as 446."""
    for r in rows:
        decimals = r["value_decimals"] if decimals_of is None else decimals_of[r["indicator_id"]]
        for name in ("value", "lower", "upper", "baseline_value"):
            if r.get(name) is not None and decimals is not None and rounded(r[name], decimals) == r[name]:
                r[name] = rounded(r[name], decimals)


def _own_value_counts(item: _Audited, kpi_id: str) -> bool:
    """Whether a KPI's own value went into the money: it was paid on, or deemed with its own value as the better."""
    return any(
        entry["kind"] == "fitness" and entry["scope"] == kpi_id and entry["action"] in ("pay", "deem")
        for entry in item.gate.get("entries", [])
    )


def _hides_a_paid_value(item: _Audited, view: PublicView, kpi_return: Sequence[Row]) -> bool:
    """Whether a figure that went into the money is hidden in public: its score would give it away."""
    figures = {row["figure_id"]: row for row in (*view.outcomes, *view.breakdowns)}
    rows = {
        r["kpi_id"]: r for r in kpi_return
        if (r["agreement_id"], r["period_id"]) == (item.agreement.agreement_id, item.period_id)
    }  # fmt: skip
    for kpi in item.agreement.kpis:
        if kpi.weight and kpi.kpi_id in rows and _own_value_counts(item, kpi.kpi_id):
            shorter = [r for r in view.outcomes if (r["indicator_id"], r["area_code"]) == (kpi.indicator_id,
                                                                                           kpi.area_code)]  # fmt: skip
            if would_give_away(rows[kpi.kpi_id], kpi, figures, shorter):
                return True
    return False


def statement_rows(
    settled: Sequence[_Audited],
    view: PublicView,
    kpi_return: Sequence[Row],
    unchanged: Mapping[tuple[str, str], int | None],
) -> list[Row]:
    """The public statement: one row a posting, for the alliance as a whole.

    The score is left out when it would give away a figure that is hidden in public. unchanged: by agreement and period,
    what would have been paid had no figure moved.
    """
    rows = []
    for item in settled:
        hides = _hides_a_paid_value(item, view, kpi_return)
        score = next((s["value"] for s in item.rows["steps"] if s["step_id"] == SCORE_STEP), None)
        reasons = [
            entry["reason"] for entry in item.gate.get("entries", [])
            if entry["kind"] == "fitness" and entry["action"] not in ("pay",) and entry["reason"]
        ]  # fmt: skip
        for posting in item.rows["postings"]:
            if posting["line"] not in ALLIANCE_LINES:
                continue  # what is held or taken back concerns single members
            status = posting["status"]
            words = {
                "shadow": "Shadow: calculated in full, nothing is payable.",
                "withheld": "Withheld: nothing is payable until the cause is recorded.",
            }.get(status, "")
            rows.append(
                {
                    "figure_id": posting["figure_id"],
                    "agreement_id": posting["agreement_id"],
                    "agreement_name": item.agreement.name,
                    "period_id": posting["period_id"],
                    "status": status,
                    "line": posting["line"],
                    "alliance_total_pence": posting["amount_pence"],
                    "kpi_score": None if score is None or hides else _two_places(score),
                    "reason": " ".join(part for part in (words, *reasons) if part),
                    "if_unchanged_pence": None if hides else unchanged.get((posting["agreement_id"], item.period_id)),
                }
            )
    return rows_of(columns.STATEMENT, rows)


def _two_places(text: str) -> Decimal:
    return rounded(Decimal(text), 2)


# --- files --------------------------------------------------------------------------------------------------------


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        write_bytes(folder / name, content)


def _file_list(public: Path, place_title: str) -> list[dict[str, Any]]:
    """What the downloads page says of each file. The DuckDB file is known by its contents, not its bytes."""
    what = {
        "csv": "Table {0} as CSV", "parquet": "Table {0} as Parquet",
        "json": "Description of the tables (data package)",
        "xlsx": "All tables as a spreadsheet",
    }  # fmt: skip
    files = []
    for path in sorted([*(public / "data").iterdir(), public / "outcomes.xlsx"], key=lambda p: p.as_posix()):
        relative = path.relative_to(public).as_posix()
        kind = path.suffix.lstrip(".")
        files.append(
            {"name": relative, "what": what[kind].format(path.stem.replace("_", " ")),
             "size": bytes_size(path.stat().st_size), "hash": sha256_file(path)}
        )  # fmt: skip
    files.append(
        {"name": "published.duckdb", "what": f"All tables of {place_title} as a DuckDB database", "size": "–",
         "hash": contents_hash(public / "published.duckdb"),
         "hash_note": "of its ordered contents; the hash of its bytes is in seal.json"}
    )  # fmt: skip
    return files


def _terms_files(settled: Sequence[_Audited]) -> dict[str, bytes]:
    """Terms and decision logs of the members' folder.

    One agreement under one version of its terms: `terms.yaml` and `decisions.jsonl`. Otherwise one file each in
    `terms/` and `decisions/`.
    """
    terms = {(item.agreement.agreement_id, item.agreement.terms_hash): item.given.terms_yaml for item in settled}
    logs = {item.agreement.agreement_id: item.given.decisions_jsonl for item in settled}
    files: dict[str, bytes] = {}
    if len(terms) == 1:
        files["terms.yaml"] = next(iter(terms.values()))
    else:
        files |= {f"terms/{name}@{digest[:12]}.yaml": raw for (name, digest), raw in terms.items()}
    if len(logs) == 1:
        files["decisions.jsonl"] = next(iter(logs.values()))
    else:
        files |= {f"decisions/{name}.jsonl": raw for name, raw in logs.items()}
    for item in settled:
        if logs[item.agreement.agreement_id] != item.given.decisions_jsonl:
            raise Refused(
                f"two settlements of {item.agreement.agreement_id} come with different decision logs.",
                "give the log as it stands now to both.",
            )
    return files


def _statement_files(
    settled: Sequence[_Audited], kpi_return: list[Row], ledger: list[Row], title: str
) -> dict[str, bytes]:
    from publication.fhir_statement import fhir_statement
    from publication.statement_workbook import in_order, statement_workbook, title_of

    made = in_order([(item.given.terms_yaml, one) for item in settled for one in item.made])
    return {
        "statement.xlsx": statement_workbook(made, kpi_return, ledger, title_of(title)),
        "statement.fhir.json": fhir_statement(made, kpi_return),
    }


def lineage_file(inputs: ReleaseInputs, view: PublicView) -> dict[str, Any]:
    """`lineage.json`: which submissions stand behind a figure, the data cut, every verdict, what was hidden and why."""
    figures: dict[str, list[str]] = {}
    names, submissions = (inputs.lineage.column(name).to_pylist() for name in ("figure_id", "submission_id"))
    for name, submission in zip(names, submissions, strict=True):
        figures.setdefault(name, []).append(submission)
    return {
        "data_cut_id": inputs.data_cut_id,
        "data_cut": dict(inputs.data_cut),
        "figures": {name: sorted(set(found)) for name, found in sorted(figures.items())},
        "required": inputs.required_json.decode(),
        "verdicts": {
            stem.removesuffix(".json"): raw.decode() for stem, raw in sorted(inputs.verdicts.items())
            if stem.removesuffix(".json") not in ("required", "cut")
        },
        "exempt": sorted(view.exempt),
        "left_out": [
            {"feed": item.feed, "share_pct": shown_share(item.rows_left_out, item.rows_counted)}
            for item in inputs.left_out
        ],
        "hidden": [{"figure_id": h.figure_id, "what": h.what, "why": h.why} for h in view.hidden],
    }  # fmt: skip


_NAME = re.compile(r"[A-Za-z0-9-]+")


def _refuse_private_names(
    public: Path, inputs: ReleaseInputs, settled: Sequence[_Audited], view: PublicView, moved: Sequence[Row]
) -> None:
    """No file of the public folder may name a member, a submission, or an organisation that has not reported."""
    areas = {r["area_code"] for r in view.outcomes}
    # a network is a group of people before it is a sender: its figures are published under its code
    networks = {r["breakdown_group"] for r in view.breakdowns if r["breakdown_kind"] == "pcn"}
    # the list of what moved names figures by their ids, also those that only former releases have
    groups = [parse_figure_id(r["name"]) for r in moved if r["what"] == "figure" and r["name"].startswith("breakdown:")]
    networks |= {one["group"] for one in groups if one["kind"] == "pcn"}
    submissions = inputs.data_cut.get("submissions", ())
    everywhere = {member for item in settled for member, _ in item.agreement.members}
    everywhere |= {item["submission_id"] for item in submissions}
    senders = {item["organisation"] for item in submissions} - areas
    for path in sorted(public.rglob("*")):
        if path.suffix not in (".html", ".csv", ".json"):
            continue
        text = path.read_text()
        words = set(_NAME.findall(text))
        # senders of openly published data may be named as a source, never where completeness is judged
        wanted = everywhere | (senders if path.suffix == ".csv" or path.name == "data-quality.html" else set())
        if path.name in ("breakdowns.csv", f"{columns.REVISIONS.name}.csv"):
            wanted = wanted - networks
        for name in sorted(wanted):
            if name in words if _NAME.fullmatch(name) else name in text:
                shown = name if len(name) < 40 else name[:12] + "…"
                raise Refused(
                    f"public/{path.relative_to(public).as_posix()} would name {shown}.",
                    "word the reason, definition or caveat without naming a member or a sender.",
                )


def _fill(
    folder: Path, inputs: ReleaseInputs, releases: Path, formers: Sequence[Former]
) -> tuple[dict[str, str], PublicView]:
    """Write every file of a release but manifest and seal. Returns hashes of contents that are known by then, and what
    the public sees.

    releases: where former ones lie; formers: those of them it is tried beside.
    """
    verdicts = require_integrity(inputs)
    view = public_view(inputs, formers=lambda: looks_of(formers))
    decimals_of = {entry["indicator_id"]: entry["value_decimals"] for entry in view.indicators}
    at_precision(view.outcomes, decimals_of)
    at_precision(view.breakdowns, decimals_of)
    kpi_return = rows_of(columns.KPI_RETURN, inputs.kpi_return)
    at_precision(kpi_return)
    ledger = rows_of(columns.LEDGER, inputs.ledger)
    settled = [_audit(given, inputs, kpi_return, ledger) for given in inputs.settlements]
    settled.sort(key=lambda item: (item.agreement.agreement_id, item.period_id))
    _require_carried(settled)
    unchanged = {name: paid_if_unchanged(books) for name, books in books_of(inputs).items()}
    statement = statement_rows(settled, view, kpi_return, unchanged)
    licences = "; ".join(dict.fromkeys(source.licence for source in inputs.place.sources))
    comment = f"Source and licence: {licences}." if licences else ""

    # most of a release's time goes into the analysts' database, and most of that not into Python
    with ThreadPoolExecutor(1) as beside:
        analysts = beside.submit(_analysts_database, folder, inputs, view, decimals_of, comment)
        money = (kpi_return, ledger, statement)
        _fill_public_and_members(folder, inputs, view, verdicts, settled, money, comment, releases)
        return analysts.result(), view


def _fill_public_and_members(
    folder: Path,
    inputs: ReleaseInputs,
    view: PublicView,
    verdicts: dict[str, dict[str, Any]],
    settled: list[_Audited],
    money: tuple[list[Row], list[Row], list[Row]],
    comment: str,
    releases: Path,
) -> None:
    """What the public and the members get. money: rows of the KPI return, the ledger and the statement."""
    (kpi_return, ledger, statement), place = money, inputs.place
    public = folder / "public"
    tables: dict[Schema, Sequence[Row]] = {
        columns.OUTCOMES: view.outcomes, columns.BREAKDOWNS: view.breakdowns,
        columns.SPC_POINTS: view.spc_points, columns.INDICATORS: view.indicators,
        columns.STATEMENT: statement, columns.COMPLETENESS: view.completeness,
    }  # fmt: skip
    for schema, rows in tables.items():
        write_pair(public / "data", schema, rows)
    members = folder / "members"
    for schema, rows in ((columns.LEDGER, ledger), (columns.KPI_RETURN, kpi_return)):
        write_pair(members, schema, rows)
    for schema in _SETTLEMENT_TABLES:
        write_pair(members, schema, rows_of(schema, [r for item in settled for r in item.rows[schema.name]]))
    described: tuple[Schema, ...] = columns.MEMBERS
    if view.tried is not None:
        write_pair(members, columns.DISCLOSURE, hidden_rows(view, rules_of(place.disclosure)))
        described = (*described, columns.DISCLOSURE)
    write_data_package(members, described, place, inputs.data_cut_id, "members")
    tables[columns.REVISIONS] = _revisions(folder, inputs, releases, {s.name: rows for s, rows in tables.items()})
    write_pair(public / "data", columns.REVISIONS, tables[columns.REVISIONS])
    write_data_package(public / "data", columns.PUBLIC, place, inputs.data_cut_id)
    write_duckdb(public / "published.duckdb", tables, comment, views=True)
    from publication.workbook import workbook_bytes

    notes = [place.subtitle, place.illustration_note, comment]
    write_bytes(public / "outcomes.xlsx", workbook_bytes(tables, place.title, [note for note in notes if note]))

    book = Book(
        inputs=inputs, view=view, statement=statement, kpi_return=kpi_return,
        settled=[
            Settled(item.agreement, item.period_id, item.rows["steps"], item.rows["postings"],
                    item.rows["member_lines"], item.gate, item.decisions,
                    _hides_a_paid_value(item, view, kpi_return), item.standing, item.rows["payments"],
                    item.rows["journal"], ends_of(item.given.terms_yaml, item.period_id))
            for item in settled
        ],
        verdicts=verdicts, files=_file_list(public, place.title), revisions=tables[columns.REVISIONS],
    )  # fmt: skip
    _put(public / "site", {**public_pages(book), **assets()})
    _refuse_private_names(public, inputs, settled, view, tables[columns.REVISIONS])

    records = [item.given.gate_json for item in settled]
    gate = records[0] if len(records) == 1 else readable_json([json.loads(raw) for raw in records])
    lineage = readable_json(lineage_file(inputs, view))
    _put(members, {**_terms_files(settled), **_other_logs(inputs), "gate.json": gate, "lineage.json": lineage,
                   **_statement_files(settled, kpi_return, ledger, place.title)})  # fmt: skip
    _put(members / "site", {**member_pages(book, ledger), **assets()})


def _revisions(folder: Path, inputs: ReleaseInputs, releases: Path, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
    """What moved since the release before, and the list that one carries. tables: public rows by name."""
    basis = basis_of(_named(inputs), folder)
    former, days = former_release(releases, inputs.published, basis)
    return revisions(former, days, basis, tables)


def _analysts_database(
    folder: Path, inputs: ReleaseInputs, view: PublicView, decimals_of: Mapping[str, int], comment: str
) -> dict[str, str]:
    """Write the analysts' database; its path in the release and the hash of its contents, read back from disk."""
    measures, breakdowns = rows_of(columns.MEASURES, inputs.measures), rows_of(columns.BREAKDOWNS, inputs.breakdowns)
    at_precision(measures, decimals_of)
    at_precision(breakdowns, decimals_of)
    analyst: dict[Schema, Sequence[Row] | pa.Table] = {
        columns.MEASURES: measures, columns.BREAKDOWNS: breakdowns,
        columns.SPC_POINTS: rows_of(columns.SPC_POINTS, inputs.spc_points),
        **{
            schema: rows_of(schema, getattr(inputs, schema.name))
            for schema in (*columns.COMPARED, *columns.WATCHED, *columns.GROUPED)
        },
        columns.INDICATORS: view.indicators, columns.COMPLETENESS: view.completeness,
    }  # fmt: skip
    if inputs.events is not None:
        analyst[columns.INDICATOR_EVENTS] = events_table(inputs.events)
    write_duckdb(folder / ANALYSTS, analyst, comment, views=False)
    return {ANALYSTS: contents_hash(folder / ANALYSTS)}


def file_entries(folder: Path, known: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Every file of a release but manifest and seal: classification, and the hash it is compared by.

    known: hashes of contents that were taken after the file was closed.
    """
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if not path.is_file() or relative in ("manifest.json", "seal.json"):
            continue
        entry: dict[str, Any] = {"classification": CLASSIFICATION[relative.split("/")[0]]}
        if path.suffix == ".duckdb":
            entry["contents_sha256"] = (known or {}).get(relative) or contents_hash(path)
        else:
            entry["sha256"], entry["bytes"] = sha256_file(path), path.stat().st_size
        entries[relative] = entry
    return entries


def _versions(inputs: ReleaseInputs) -> dict[str, int]:
    """Version of every definition a figure of the release has."""
    reported = set(inputs.measures.column("indicator_id").to_pylist())
    rows = rows_of(columns.INDICATORS, inputs.indicators)
    return {row["indicator_id"]: row["version"] for row in rows if row["indicator_id"] in reported}


def _logs(inputs: ReleaseInputs) -> dict[str, bytes]:
    """Agreement -> its decision log, settled or not."""
    settled = {read_agreement(given.terms_yaml).agreement_id: given.decisions_jsonl for given in inputs.settlements}
    return {**inputs.logs, **settled}


def _other_logs(inputs: ReleaseInputs) -> dict[str, bytes]:
    """The decision logs of agreements of which nothing is settled yet, as files of the members' folder."""
    settled = {read_agreement(given.terms_yaml).agreement_id for given in inputs.settlements}
    return {f"decisions/{name}.jsonl": raw for name, raw in sorted(inputs.logs.items()) if name not in settled}


def _engine_of(inputs: ReleaseInputs) -> dict[str, str]:
    """The version of the settlement engine, where the release holds settlements: only that one gives them again."""
    if not inputs.settlements:
        return {}
    from settlement.engine import ENGINE_VERSION

    return {"engine_version": ENGINE_VERSION}


def manifest_of(
    folder: Path, inputs: ReleaseInputs, known: Mapping[str, str] | None = None, view: PublicView | None = None
) -> dict[str, Any]:
    """The manifest with its release id: the hash of everything else in it."""
    content = {**_named(inputs), "files": file_entries(folder, known)}
    if view is not None and view.tried is not None:
        content |= manifest_entry(rules_of(inputs.place.disclosure), view.tried.releases)
    return {"release_id": content_id(content), **content}


def _named(inputs: ReleaseInputs) -> dict[str, Any]:
    """What a manifest says of the inputs of a release."""
    agreements = [read_agreement(given.terms_yaml) for given in inputs.settlements]
    place = inputs.place
    return {
        "format": FORMAT,
        "place": {"id": place.id, "title": place.title, "area_code": place.area_code, "area_name": place.area_name},
        "data_cut_id": inputs.data_cut_id,
        "definitions_hash": inputs.definitions_hash,
        "code_version": inputs.code_version,
        **_engine_of(inputs),
        "terms": dict(sorted((a.agreement_id + "@" + a.terms_hash[:12], a.terms_hash) for a in agreements)),
        LOG_HEADS: heads_of(_logs(inputs)),
        "indicators": _versions(inputs),
        "sources": [
            {"title": s.title, "licence": s.licence, "attribution": s.attribution} for s in place.sources
        ],
    }  # fmt: skip


def seal_of(folder: Path) -> dict[str, Any]:
    """Byte hash of every shipped file, the manifest included."""
    return {
        "files": {
            path.relative_to(folder).as_posix(): sha256_file(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "seal.json"
        }
    }


def _require_untouched(folder: Path, manifest: bytes) -> None:
    """A release that is there already is published again only if every byte is still the one that was sealed."""
    if not folder.exists():
        return
    try:
        sealed = json.loads((folder / "seal.json").read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        sealed = None
    if sealed != seal_of(folder)["files"] or (folder / "manifest.json").read_bytes() != manifest:
        raise Refused(
            f"the release {folder.name} was changed after it was published: it is not published again.",
            f"run `outturn verify {folder}` to see what changed; restore the folder from backup, or move it away and "
            "run again: it is then built anew.",
        )


def build_release(inputs: ReleaseInputs, home_releases: Path) -> str:
    """Write the release of these inputs below `home_releases` and return its id; it is not yet `current`.

    The folder appears complete or not at all. The same inputs give the same id, and a release that is there already
    is left as it is. Refused when the gate's second look, a recomputation or disclosure control says no, or when a
    decision log is not the one of an earlier release gone on, or an agreement that was settled is left out.
    """
    home_releases.mkdir(parents=True, exist_ok=True)
    require_extension(home_releases, _logs(inputs))
    require_kept(
        home_releases,
        {read_agreement(given.terms_yaml).agreement_id for given in inputs.settlements},
        {release_id for release_id, _ in inputs.published},
    )
    formers = releases_in(home_releases)
    twin = twin_of(_named(inputs), formers)
    if twin is not None:
        # built before: tried beside the same releases it comes out the same; anything else is tried beside all of them
        beside = [one for one in formers if one.release_id in twin.after]
        same = str(twin.manifest["release_id"])
        if _build(inputs, home_releases, beside, only=same):
            return same
    return _build(inputs, home_releases, formers)


def _build(inputs: ReleaseInputs, home_releases: Path, formers: Sequence[Former], only: str = "") -> str:
    """Write the release as it is beside some former ones; its id. only: the id it must have, or nothing is written and
    the answer is empty."""
    # the id is known only when everything is written, so it is written beside and moved into place
    staging = temporary_beside(home_releases / "release")
    staging.mkdir()
    try:
        manifest = manifest_of(staging, inputs, *_fill(staging, inputs, home_releases, formers))
        write_bytes(staging / "manifest.json", readable_json(manifest))
        write_bytes(staging / "seal.json", readable_json(seal_of(staging)))
        release_id = str(manifest["release_id"])
        if only and release_id != only:
            return ""
        _require_untouched(home_releases / release_id, readable_json(manifest))
        with new_directory(home_releases / release_id) as folder:
            for path in sorted(staging.iterdir()):
                path.rename(folder / path.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return release_id


def mark_as_preview(folder: Path) -> None:
    """Make a release that was only tried one that nobody can take for a release: `verify` says it was added to."""
    words = "This is no release. It shows what a run would come to; nothing in it was approved, signed or published.\n"
    write_bytes(folder / PREVIEW_MARK, words.encode())


def publish(home_releases: Path, release_id: str) -> None:
    """Point `current` at a release, in one step; readers of the former one keep reading it."""
    if not re.fullmatch(r"[0-9a-f]{64}", release_id) or not (home_releases / release_id / "seal.json").is_file():
        raise WrongUsage(f"there is no release {release_id} in {home_releases}.", "build it first.")
    swap_pointer(home_releases / "current", release_id)


__all__ = ["build_release", "mark_as_preview", "publish"]
