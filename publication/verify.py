"""Prove a copy of a release: nothing changed, everything agrees, and every settlement follows from the open book.

Belongs here: the order of the proof, seal and manifest, the decision chain, the gate, recomputation.
Not here: how single files are read (reader) or compared (crosscheck).

It needs nothing but the folder. Hashes show accidents and simple changes; whoever rewrites them too is caught where
the figures no longer follow from each other. A forger who rewrites every file consistently is caught only by the
signatures of the decision log and by the release id, which readers compare with the one the publisher recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foundation.canonical import content_id, readable_json, sha256_file
from foundation.errors import OutturnError, Refused
from publication import columns
from publication.attacked import attack_again
from publication.crosscheck import (
    Problem,
    analyst_agrees,
    descriptions_agree,
    members_agree,
    pages_agree,
    public_agrees,
    relative_names,
    tables_agree,
    workbook_agrees,
)
from publication.crosscheck_people import disclosure_follows, kpis_agree, parts_agree
from publication.crosscheck_statement import statement_agrees
from publication.earlier import earlier_faults
from publication.inputs import Row
from publication.log_heads import later_faults, own_faults
from publication.older import told
from publication.reader import Release, Unreadable, open_release
from publication.recompute import TABLES, carried_wrongly, differences, settlements_of, tables_of
from publication.revisions import later_revision_faults, revision_faults

PARTS = ("public", "members", "analyst")


@dataclass
class Report:
    """What the proof found. `notes` say what could not be proved because it is not here, `older` what could not because
    the release is of an older format: of which, what it does not hold, and what was not compared."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    summary: str = ""

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    def __len__(self) -> int:
        return len(self.problems)


def _canonical(raw: bytes) -> bool:
    try:
        return readable_json(json.loads(raw)) == raw
    except (ValueError, TypeError, RecursionError):
        return False


def _check_seal(release: Release, report: Report, absent: set[str]) -> set[str]:
    """Compare every file with the seal; returns the files that differ."""
    changed: set[str] = set()
    try:
        sealed = release.json("seal.json")
        entries = sealed["files"]
        if not isinstance(entries, dict) or not _canonical(release.raw("seal.json")):
            raise Unreadable("seal.json", "is not as it was written")
    except (Unreadable, KeyError, TypeError) as fault:
        message = fault.message.removeprefix("seal.json ") if isinstance(fault, Unreadable) else "is not a seal."
        report.problems.append(Problem("seal.json", message))
        return {"seal.json"}
    present = relative_names(release.root) - {"seal.json"}
    for name, digest in sorted(entries.items()):
        if name.split("/")[0] in absent:
            continue
        if name not in present:
            report.problems.append(Problem(name, "is missing; seal.json lists it."))
            changed.add(name)
        elif sha256_file(release.root / name) != digest:
            changed.add(name)
            report.problems.append(Problem(name, "has changed: its bytes are not those in seal.json."))
    for name in sorted(present - set(entries)):
        report.problems.append(Problem(name, "was added; seal.json does not list it."))
        changed.add(name)
    return changed


def _check_manifest(release: Release, report: Report, absent: set[str], changed: set[str]) -> None:
    """The release id is the hash of the manifest, and every file is the one it names."""
    try:
        manifest = dict(release.manifest)
    except Unreadable as fault:
        report.problems.append(Problem("manifest.json", fault.message.removeprefix("manifest.json ")))
        return
    release_id = manifest.pop("release_id", None)
    if release_id != content_id(manifest) or not _canonical(release.raw("manifest.json")):
        report.problems.append(Problem("manifest.json", "the release id is not the hash of what the manifest says."))
    entries = manifest["files"]
    present = relative_names(release.root) - {"seal.json", "manifest.json"}
    for name, entry in sorted(entries.items()):
        if name.split("/")[0] in absent or name not in present:
            if name.split("/")[0] not in absent and name not in changed:
                report.problems.append(Problem(name, "is missing; manifest.json lists it."))
            continue
        path = release.root / name
        try:
            same = (
                release.contents_hash(name) == entry["contents_sha256"]
                if "contents_sha256" in entry
                else sha256_file(path) == entry["sha256"]
            )
        except OutturnError as fault:
            report.problems.append(Problem(name, fault.message.removeprefix(name).strip()))
            changed.add(name)
            continue
        except (KeyError, TypeError):
            report.problems.append(Problem("manifest.json", f"says nothing usable about {name}."))
            continue
        if not same:
            what = "contents are" if "contents_sha256" in entry else "bytes are"
            report.problems.append(Problem(name, f"has changed: its {what} not those in manifest.json."))
            changed.add(name)
        elif name in changed:
            report.problems.append(Problem("seal.json", f"its entry for {name} does not fit, manifest.json does."))
    for name in sorted(present - set(entries)):
        report.problems.append(Problem(name, "is not part of this release: manifest.json does not list it."))
        changed.add(name)


def _guarded(report: Report, check: Callable[[], list[Problem]]) -> None:
    """Run a check; a file it cannot read is a problem of that file, named once."""
    try:
        report.problems += check()
    except Unreadable as fault:
        report.problems.append(Problem(fault.file, fault.message.removeprefix(fault.file).strip()))


def _check_gate(release: Release) -> list[Problem]:
    """The gate's records rest on exactly the verdicts and the data cut that this release holds."""
    from settlement.approvals import gate_causes, terms_approved
    from settlement.decisions import read_log
    from settlement.gate import judge
    from settlement.gate_record import read_gate_json
    from settlement.refusal import Refusal
    from settlement.terms import load_terms

    lineage, manifest = release.lineage, release.manifest
    file = "members/lineage.json"
    problems = []
    if content_id(lineage.get("data_cut")) != manifest.get("data_cut_id"):
        problems.append(Problem(file, "the data cut is not the one the manifest names."))
    required = str(lineage.get("required", "")).encode()
    verdicts = {name: str(raw).encode() for name, raw in dict(lineage.get("verdicts", {})).items()}
    read = 0
    for name, files in release.open_books():
        terms = load_terms(files["terms.yaml"])
        if terms.terms_hash not in dict(manifest.get("terms", {})).values():
            problems.append(Problem(f"members/{name}", "these terms are not the ones the manifest names."))
        log = read_log(files["decisions.jsonl"])
        for record in read_gate_json(files["gate.json"], terms):
            read += 1
            again = judge(
                required, verdicts, cut_id=str(manifest.get("data_cut_id")),
                definitions_hash=str(manifest.get("definitions_hash")), code_version=str(manifest.get("code_version")),
                terms=terms, terms_approved=terms_approved(log, terms, record.period_id), period_id=record.period_id,
                causes=gate_causes(log, terms, record.period_id, str(manifest.get("data_cut_id"))),
            )  # fmt: skip
            if isinstance(again, Refusal):
                reason = again.reasons[0]
                problems.append(Problem("members/gate.json", f"does not follow from the checks: {reason.what}."))
            elif again.to_json() != record.to_json():
                problems.append(Problem("members/gate.json", "says something else than the checks it rests on."))
    held = release.json("members/gate.json")
    if len(held if isinstance(held, list) else [held]) != read:
        problems.append(Problem("members/gate.json", "holds records of other terms than those that are here."))
    return problems


def _other_engine(release: Release) -> str | None:
    """What to say of a release that another version of the engine settled; None where it is this one's."""
    from settlement.engine import ENGINE_VERSION

    # releases from before the version was written down are those of version 1
    told = release.manifest.get("engine_version") or ("1" if release.manifest.get("terms") else ENGINE_VERSION)
    if told == ENGINE_VERSION:
        return None
    return (
        f"was settled by version {told} of the engine, and this is version {ENGINE_VERSION}: differences may be "
        f"those of its rules; verify it with Outturn {release.manifest.get('code_version')}."
    )


def _check_settlements(release: Release, report: Report) -> int:
    """Recompute every settlement from the open book; returns how many agreements were recomputed."""
    count = 0
    try:
        other = _other_engine(release)
    except Unreadable:
        return count  # the manifest's own check has said so
    if other is not None:
        report.problems.append(Problem("manifest.json", other))
    wanted: dict[str, list[Row]] = {schema.name: [] for schema, _ in TABLES}
    settled = []
    try:
        for name, files in release.open_books():
            try:
                made = settlements_of(files)
                settled += [(files["terms.yaml"], one) for one in made]
                for table, rows in tables_of(made, files).items():
                    wanted[table] += rows
            except (Refused, OutturnError) as fault:
                report.problems.append(Problem(f"members/{name}", f"cannot be settled again: {fault.message}"))
                return count
            count += 1
        for schema, first in TABLES:
            file = f"members/{schema.name}.csv"
            held = release.written(f"members/{schema.name}.parquet", schema)
            if held is None:
                continue  # from before there was such a table, which `older` says
            for figure, column, written, follows in differences(
                held, first, release.csv(file, schema), wanted[schema.name]
            ):
                what = f"{column} is written as {written}, and {follows} follows from the open book."
                report.problems.append(Problem(file, what, figure))
        advances = release.csv("members/advances.csv", columns.ADVANCES)
        report.problems += [Problem("members/advances.csv", f"{what}.") for what in carried_wrongly(settled, advances)]
    except Unreadable as fault:
        report.problems.append(Problem(fault.file, fault.message.removeprefix(fault.file).strip()))
    return count


def _check_unchanged(release: Release) -> list[Problem]:
    """What would have been paid had no figure moved follows again from the open book."""
    from publication.unchanged import paid_if_unchanged
    from settlement.books import read_books

    stated = [r for r in release.public(columns.STATEMENT) if r["if_unchanged_pence"] is not None]
    follows = {}
    try:
        for _, files in release.open_books() if stated else ():
            for books in read_books(files):
                follows[books.terms.id, books.period_id] = paid_if_unchanged(books)
    except Refused as fault:
        return [Problem("public/data/statement.parquet", f"cannot be asked what nothing changed would pay: "
                        f"{fault.message}")]  # fmt: skip
    return [
        Problem("public/data/statement.parquet", f"states {row['if_unchanged_pence']} pence had no figure moved, and "
                f"{follows.get((row['agreement_id'], row['period_id']))} follows.", row["figure_id"])
        for row in stated
        if follows.get((row["agreement_id"], row["period_id"])) != row["if_unchanged_pence"]
    ]  # fmt: skip


def _check_decisions(release: Release, after: Path | None) -> list[Problem]:
    """Every log proves itself and goes as far as the manifest says, and on from a former release that is named."""
    from settlement.decisions import read_log

    problems, logs = [], release.decision_logs()
    for file, log in logs.values():
        try:
            read_log(log)
        except OutturnError as fault:
            problems.append(Problem(file, fault.message))
    problems += [Problem(file, what) for file, what in own_faults(release)]
    # beside a former release without a settlement there is no log to go on from, and only hidden counts are tried
    if after is not None and (logs or after.is_file()):
        problems += [Problem(file, what) for file, what in later_faults(after, logs)]
    return problems


def _check_earlier(release: Release, after: Path, report: Report) -> list[Problem]:
    """What a former release posted and paid up front stands here as it stood there."""
    problems, notes = earlier_faults(after, release)
    report.notes += notes
    return [*problems]


def _check_revisions(release: Release, after: Path | None) -> list[Problem]:
    """The list of what moved says what the tables say, and follows from the release before where that one is named."""
    if release.written("public/data/revisions.parquet", columns.REVISIONS) is None:
        return []  # from before there was such a list, which `older` says
    faults = revision_faults(release)
    if after is not None and not after.is_file():
        faults += later_revision_faults(release, open_release(after))
    return [Problem("public/data/revisions.parquet", what, figure) for what, figure in faults]


def _attacked(release: Release, report: Report, after: Path | None) -> list[Problem]:
    problems, notes = attack_again(release, after)
    # beside a former release the reader learns what was tried; alone it is one proof among the others
    report.notes += notes if after is not None and after.is_dir() else [one for one in notes if "not made" in one]
    return problems


def verify_release(path: Path, after: Path | None = None) -> Report:
    """Everything that differs in the release at `path`, and what could not be proved because it is not here.

    after: a former release, or a copy of a log, whose decision logs those here must go on from; what a release posted
    and paid up front must stand here too, and hidden counts are attacked beside it.
    """
    release, report = open_release(path), Report()
    absent = {part for part in PARTS if not release.has(part)}
    changed = _check_seal(release, report, absent)
    _check_manifest(release, report, absent, changed)
    try:
        report.older += told(release, analyst=True)
    except Unreadable as fault:
        report.problems.append(Problem(fault.file, fault.message.removeprefix(fault.file).strip()))
        if fault.file == "manifest.json":
            # of a format that this version does not know nothing else can be said
            report.summary = f"{len(relative_names(release.root))} files, of which nothing but hashes was compared"
            return report
    _guarded(report, lambda: tables_agree(release, changed))
    _guarded(report, lambda: descriptions_agree(release, report.older))
    outcomes: list[Row] = []
    if "public" not in absent:
        try:
            outcomes = release.public(columns.OUTCOMES)
        except Unreadable:
            report.notes.append("The outcomes cannot be read, so nothing could be compared with them.")
        else:
            _guarded(report, lambda: public_agrees(release, outcomes))
            _guarded(report, lambda: parts_agree(release, outcomes))
            _guarded(report, lambda: workbook_agrees(release, report.older))
            _guarded(report, lambda: pages_agree(release))
            _guarded(report, lambda: _check_revisions(release, after))
            _guarded(report, lambda: _attacked(release, report, after))
    else:
        report.notes.append("public/ is not here: no published figure could be compared.")
    settled = 0
    if "members" in absent:
        report.notes.append(
            "members/ is not here: no settlement, KPI return, check or decision could be recomputed or compared."
        )
    else:
        _guarded(report, lambda: _check_decisions(release, after))
        if after is not None:
            _guarded(report, lambda: _check_earlier(release, after, report))
        settled = _check_settlements(release, report)
        _guarded(report, lambda: statement_agrees(release, report.older))
        if outcomes and settled:
            _guarded(report, lambda: _check_unchanged(release))
        try:
            _guarded(report, lambda: _check_gate(release))
        except OutturnError as fault:
            report.problems.append(Problem("members/gate.json", f"cannot be judged again: {fault.message}"))
        if outcomes:
            _guarded(report, lambda: members_agree(release, outcomes))
    if "analyst" in absent:
        report.notes.append("analyst/ is not here: its database could not be compared.")
    elif outcomes:
        try:
            _guarded(report, lambda: analyst_agrees(release, outcomes))
            _guarded(report, lambda: disclosure_follows(release, outcomes))
            _guarded(report, lambda: kpis_agree(release))
        except OutturnError as fault:
            report.problems.append(Problem("analyst/analyst.duckdb", fault.message))
    report.problems = list(dict.fromkeys(report.problems))
    if report.older:
        report.older.append("Of what it does not hold, and of what was not compared, this proves nothing.")
    files = len(relative_names(release.root))
    report.summary = f"{files} files, {len(outcomes)} figures" + (
        f", the settlements of {settled} agreement{'s' if settled != 1 else ''} recomputed" if settled else ""
    )
    return report


__all__ = ["Problem", "Report", "verify_release"]
