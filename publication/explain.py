"""Where a figure comes from: from what is printed or paid down to the hashes of the files that were sent.

Belongs here: walking a release from a figure id, with the files of the release alone, and drawing the tree.
Not here: proving the figures (verify) or reading files (reader).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundation.errors import WrongUsage
from foundation.figures import FigureId, figure_id, parse_figure_id
from foundation.tables import cell_text
from publication import columns
from publication.agreement import KpiTerms, read_agreement
from publication.formats import FORMAT
from publication.inputs import Row, trimmed
from publication.measured import measured_figure, measures_other_dates
from publication.older import age, told
from publication.pages.book import step_text
from publication.reader import Release, open_release
from publication.wording import LEVEL_WORDS, day, group_name, money, number, period_long, plural, value_text


@dataclass(frozen=True)
class Node:
    """One line of a trace: what it is, its id where it has one, facts in words, and what it rests on."""

    label: str
    figure_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Node, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"label": self.label}
        if self.figure_id:
            found["figure_id"] = self.figure_id
        if self.facts:
            found["facts"] = dict(self.facts)
        if self.children:
            found["from"] = [child.as_dict() for child in self.children]
        return found


def _facts(**facts: object) -> dict[str, str]:
    return {name.replace("_", " "): str(value) for name, value in facts.items() if value not in (None, "")}


# What pages print of a line of the statement beside what is posted (`unchanged`): its id goes on with this.
UNCHANGED = ":if_unchanged"
_STATEMENT = "public/data/statement.parquet"
# What of a row can be asked for: the row is filed under its value.
MEASURES = {
    "indicator": ("value", "numerator", "denominator", "lower", "upper"),
    "breakdown": ("value", "numerator", "denominator", "lower", "upper"),
    "kpi": ("value", "numerator", "denominator", "lower", "upper", "score", "level"),
}


class _Trace:
    """Tables of one release by figure id, and the walk over them. A figure met before is named, not repeated."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.outcomes = {row["figure_id"]: row for row in release.public(columns.OUTCOMES)} if release.has(
            "public"
        ) else {}  # fmt: skip
        self.parts = {row["figure_id"]: row for row in release.public(columns.BREAKDOWNS)} if release.has(
            "public"
        ) else {}  # fmt: skip
        self.kpis = {row["figure_id"]: row for row in release.members(columns.KPI_RETURN)}
        self.steps = {row["figure_id"]: row for row in release.members(columns.STEPS)}
        self.postings = {row["figure_id"]: row for row in release.members(columns.POSTINGS)}
        self.lines = {row["figure_id"]: row for row in release.members(columns.MEMBER_LINES)}
        self.payments = {row["figure_id"]: row for row in release.members(columns.PAYMENTS)}
        self.journal = {row["figure_id"]: row for row in release.members(columns.JOURNAL)}
        self.ledgers: dict[str, list[Row]] = {}
        for row in release.members(columns.LEDGER):
            name = f"ledger:{row['agreement_id']}:{row['period_id']}:{row['member_id']}"
            self.ledgers.setdefault(name, []).append(row)
        self.statement = {row["figure_id"]: row for row in release.public(columns.STATEMENT)} if release.has(
            "public"
        ) else {}  # fmt: skip
        self.submissions = {
            item["submission_id"]: item for item in dict(release.lineage.get("data_cut") or {}).get("submissions", ())
        }
        self.met: set[str] = set()
        self._exact: dict[str, Row] | None = None
        self._terms: dict[tuple[str, str], KpiTerms] | None = None

    def known(self) -> list[str]:
        tables: Iterable[Iterable[str]] = (
            self.outcomes, self.parts, self.kpis, self.steps, self.postings, self.lines, self.payments, self.journal,
            self.ledgers, self.statement, (name + UNCHANGED for name in self.statement),
        )  # fmt: skip
        return sorted({name for table in tables for name in table})

    # --- leaves

    def files(self, names: Iterable[str], title: str) -> Node:
        """The submissions behind a figure, each with the hash of its file."""
        if not self.release.has("members"):
            return Node("The files it came from are named in members/lineage.json, which is not part of this copy.")
        found = []
        for name in sorted(set(names), key=lambda n: self._order(n)):
            sent = self.submissions.get(name)
            if sent is None:
                found.append(Node(f"submission {name} (not in the data cut of this release)"))
                continue
            found.append(
                Node(
                    f"{sent['feed']} from {sent['organisation']}, {sent['covers_from']} to {sent['covers_to']}",
                    facts=_facts(file_sha256=sent["sha256"], submission=name, sequence=sent["sequence"],
                                 rows_accepted=sent.get("rows_accepted")),
                )
            )  # fmt: skip
        return Node(f"{title}: {plural(len(found), 'file')}", children=tuple(found))

    def _order(self, name: str) -> tuple[str, ...]:
        sent = self.submissions.get(name, {})
        return (*(str(sent.get(key, "")) for key in ("feed", "covers_from", "organisation")), name)

    def _lineage(self, *names: str) -> list[str]:
        figures = dict(self.release.lineage.get("figures", {}))
        return [submission for name in names for submission in figures.get(name, ())]

    def definition(self, indicator: str, version: int | None) -> Node:
        entry = self.release.catalogue.get(indicator) if self.release.has("public") else None
        if entry is None:
            return Node(f"definition {indicator} version {version}")
        return Node(
            f"definition: {entry['name']}, version {version}",
            facts=_facts(
                definition=entry["definition"], numerator=entry["numerator_definition"],
                denominator=entry["denominator_definition"], exclusions=entry["exclusions"],
                definitions_hash=self.release.manifest.get("definitions_hash"),
            ),
        )  # fmt: skip

    def checks(self, scope: str = "") -> Node:
        """Integrity checks of the data cut, and the fitness check of one KPI and period."""
        found = []
        for name, raw in sorted(dict(self.release.lineage.get("verdicts", {})).items()):
            verdict = json.loads(raw)
            if verdict["kind"] == "integrity" or (scope and verdict["scope"] == scope):
                found.append(Node(f"{name}: {verdict['status']}", facts=_facts(reason=verdict["reason"])))
        return Node(f"checks: {len(found)}", children=tuple(found))

    # --- figures

    def outcome(self, name: str) -> Node:
        row = self.outcomes[name]
        exact = self._before_disclosure(name) if row["numerator"] is None else None
        rounding = _parts(row) or (f"{_parts(exact)} (not shown in public)" if exact and _parts(exact) else "")
        return Node(
            f"{row['indicator_name']}: {row['value_text']} {row['unit']}, "
            f"{period_long(row['period_id'], row['period_kind'])}, {row['area_name']}",
            name,
            _facts(
                value_not_shown_in_public=cell_text(trimmed(exact["value"]))
                if exact and exact["value"] is not None and row["value"] is None else "",
                from_parts=rounding, reason=row["reason"], interval=_interval(row),
                days=f"{row['missing_days']} of {row['covered_days']} incomplete"
                if row["missing_days"] is not None else "",
                data_up_to=day(row["data_complete_as_at"]), data_cut=self.release.manifest.get("data_cut_id"),
            ),
            (
                self.definition(row["indicator_id"], row["indicator_version"]),
                self.checks(),
                self.files(self._lineage(name), "submissions"),
            ),
        )  # fmt: skip

    def _before_disclosure(self, name: str) -> Row | None:
        """The row analysts see, where their part is here."""
        if not self.release.has("analyst"):
            return None
        if self._exact is None:
            tables = self.release.duckdb("analyst/analyst.duckdb")
            self._exact = {row["figure_id"]: row for table in ("measures", "breakdowns")
                           for row in tables.get(table, [])}  # fmt: skip
        return self._exact.get(name)

    def part(self, name: str) -> Node:
        """A group's figure: its own counts, then the area's figure that it is a part of."""
        row = self.parts[name]
        exact = self._before_disclosure(name) if row["numerator"] is None else None
        decimals = self.release.catalogue[row["indicator_id"]]["value_decimals"]
        area = figure_id(
            "indicator", indicator=row["indicator_id"], area=row["area_code"], period=row["period_id"], measure="value"
        )
        return Node(
            f"{row['indicator_name']}, {group_name(row['breakdown_kind'], row['breakdown_group'])}: "
            f"{value_text(row['value'], decimals, row['marker'])} {row['unit']}, "
            f"{period_long(row['period_id'], row['period_kind'])}",
            name,
            _facts(
                from_parts=_parts(row) or (f"{_parts(exact)} (not shown in public)" if exact and _parts(exact) else ""),
                reason=row["reason"], interval=_interval(row),
            ),
            (
                self.files(self._lineage(name) or self._lineage(area), "submissions"),
                self.walk(area),
            ),
        )  # fmt: skip

    def kpi(self, name: str) -> Node:
        row = self.kpis[name]
        value = "no value" if row["value"] is None else number(row["value"], row["value_decimals"] or 0)
        indicator = measured_figure(row, self._kpi_terms().get((row["agreement_id"], row["kpi_id"])))
        scope = f"{row['agreement_id']}/{row['kpi_id']}/{row['period_id']}"
        children = [self.checks(scope)]
        if indicator in self.outcomes or indicator in self.parts:
            children.append(self.walk(indicator))
        children.append(self.files(self._lineage(name, indicator), "submissions"))
        return Node(
            f"KPI {row['kpi_id']}: {value} {row['unit']}, {period_long(row['period_id'], row['period_kind'])}",
            name,
            _facts(
                status=row["quality_status"], reason=row["quality_reason"],
                level=LEVEL_WORDS.get(row["level"] or "", ""),
                from_parts=_parts(row),
                measured=f"{day(row['measurement_start'])} to {day(row['measurement_end'])}"
                if measures_other_dates(row) else "",
                baseline=row["baseline_value"], data_cut=row["data_cut_id"],
            ),
            tuple(children),
        )  # fmt: skip

    def _kpi_terms(self) -> dict[tuple[str, str], KpiTerms]:
        if self._terms is None:
            self._terms = {
                (agreement.agreement_id, kpi.kpi_id): kpi
                for agreement in (read_agreement(files["terms.yaml"]) for _, files in self.release.open_books())
                for kpi in agreement.kpis
            }
        return self._terms

    def ledger(self, name: str) -> Node:
        rows = self.ledgers[name]
        total = sum(row["amount_pence"] for row in rows)
        return Node(
            f"open book of {rows[0]['member_id']}, {rows[0]['period_id']}: {money(total)}",
            name,
            _facts(lines=len(rows), months=len({row["month"] for row in rows})),
            (
                self.files(
                    [*(row["submission_id"] for row in rows if row["submission_id"]), *self._lineage(name)],
                    "submissions",
                ),
            ),
        )

    def step(self, name: str) -> Node:
        row = self.steps[name]
        children = []
        for reference in (row["inputs"] or "").split():
            if reference.split(":")[0] in ("terms", "gate"):
                children.append(Node(f"agreed in the terms: {reference}"))
            elif reference.startswith("decision:"):
                children.append(Node(f"recorded in the decision log: {reference}"))
            else:
                children.append(self.walk(reference))
        return Node(
            f"step {row['step_number']}, {row['label']}: {step_text(row)}",
            name,
            _facts(formula=row["formula"], arithmetic=row["arithmetic"], exact=f"{row['value']} {row['unit']}",
                   terms=row["terms_reference"]),
            tuple(children),
        )  # fmt: skip

    def posting(self, name: str) -> Node:
        row = self.postings.get(name)
        if row is None:  # only the public part is here
            public = self.statement[name]
            return Node(
                f"{public['line']} of the alliance, {public['period_id']}: {money(public['alliance_total_pence'])}",
                name, _facts(status=public["status"], reason=public["reason"], score=public["kpi_score"]),
                (Node("Its steps are in members/steps.csv, which is not part of this copy."),),
            )  # fmt: skip
        mine = [
            step for step in self.steps.values()
            if (step["agreement_id"], step["period_id"]) == (row["agreement_id"], row["period_id"])
        ]  # fmt: skip
        line = row["line"]
        chosen = [step for step in mine if step["step_id"] in (f"{line}_posted", f"{line}_delta", f"{line}_to_post")]
        if not chosen:
            used = {reference for step in mine for reference in (step["inputs"] or "").split()}
            chosen = [step for step in mine if step["figure_id"] not in used and step["unit"] == "pence"] or mine[-1:]
        children = [self.walk(step["figure_id"]) for step in chosen]
        children.append(self._agreed(row["agreement_id"]))
        return Node(
            f"{line} posted for {row['period_id']}: {money(row['amount_pence'])}",
            name,
            _facts(status=row["status"], payer=row["payer"], payee=row["payee"], settlement=row["settlement_id"],
                   contract=row["contract_reference"], supersedes=row["supersedes"]),
            tuple(children),
        )  # fmt: skip

    def unchanged(self, name: str) -> Node:
        """What all lines of a settlement would have come to, had every paid figure stayed at its baseline."""
        row = self.statement[name.removesuffix(UNCHANGED)]
        asked = f"all lines of {row['agreement_id']}, {row['period_id']}, had no paid figure moved from its baseline"
        pence = row["if_unchanged_pence"]
        if pence is None:
            held = self.release.written(_STATEMENT, columns.STATEMENT)
            why = "it cannot be said without giving away what is hidden, or what was posted before is restated, or a "
            why += "paid figure has no baseline, or not all of the alliance is posted to"
            if held is not None and "if_unchanged_pence" not in held.names:
                why = f"this release {age(self.release)}: its statement did not say it"
            return Node(f"{asked}: not said", name, _facts(why=why))
        baselines = tuple(
            Node(f"KPI {kpi['kpi_id']} at its agreed baseline, {cell_text(kpi['baseline_value'])} {kpi['unit']}, in "
                 "place of its value", kpi["figure_id"])
            for kpi in self.kpis.values() if kpi["baseline_value"] is not None
            and (kpi["agreement_id"], kpi["period_id"]) == (row["agreement_id"], row["period_id"])
        )  # fmt: skip
        return Node(
            f"{asked}: {money(pence)}",
            name,
            _facts(everything_else="cost, awards and the rest as they were; the same steps of the same terms",
                   says="what of the payment was there without any change, not what caused the change"),
            (*baselines, self.walk(row["figure_id"])),
        )  # fmt: skip

    def _agreed(self, agreement: str) -> Node:
        terms = {
            name: digest for name, digest in dict(self.release.manifest.get("terms", {})).items()
            if name.startswith(f"{agreement}@")
        }  # fmt: skip
        gate = self.release.json("members/gate.json")
        records = [one for one in (gate if isinstance(gate, list) else [gate]) if one.get("agreement_id") == agreement]
        entries = tuple(
            Node(f"{entry['check_id']} ({entry['scope']}): {entry['status']}, {entry['action']}",
                 facts=_facts(reason=entry["reason"], cause=entry["cause"]))
            for record in records for entry in record["entries"]
        )  # fmt: skip
        return Node(
            f"terms of {agreement}",
            facts=_facts(terms_hash=", ".join(terms.values()), data_cut=self.release.manifest.get("data_cut_id"),
                         approvals=plural(sum(len(record.get("approvals", ())) for record in records), "vote")),
            children=(Node("what the gate decided", children=entries),),
        )  # fmt: skip

    def member(self, name: str) -> Node:
        row = self.lines[name]
        posting = figure_id("posting", agreement=row["agreement_id"], period=row["period_id"], line=row["line"])
        return Node(
            f"{row['member_id']}, {row['line']} {row['period_id']}: {money(row['amount_pence'])}",
            name,
            _facts(agreed_weight=cell_text(row["weight"]), limit=money(row["cap_pence"]) if row["cap_pence"] else "",
                   note=row["note"], divided="by agreed weights; pennies left over go by largest remainder"),
            (self.walk(posting),),
        )  # fmt: skip

    def payment(self, name: str) -> Node:
        row = self.payments[name]
        lines = [
            line for line in self.lines.values()
            if all(line[key] == row[key] for key in ("agreement_id", "period_id", "line"))
        ]  # fmt: skip
        own = [line for line in lines if line["member_id"] == row["payee"]]
        return Node(
            f"{row['payer']} to {row['payee']}, {row['line']} {row['period_id']}: {money(row['amount_pence'])}",
            name,
            _facts(contract=row["contract_reference"], budget=row["funding_source"], vat=row["vat_treatment"],
                   document=row["document_reference"], note=row["note"], standing=row["standing"],
                   payable_from="" if row["payable_from"] is None else row["payable_from"].isoformat()),
            # what a head contract pays is every member's part
            tuple(self.walk(line["figure_id"]) for line in own if row["tier"] != "head")
            or tuple(self.walk(line["figure_id"]) for line in lines),
        )  # fmt: skip

    def journal_line(self, name: str) -> Node:
        row = self.journal[name]
        side, pence = ("debit", row["debit_pence"]) if row["debit_pence"] else ("credit", row["credit_pence"])
        booked = [
            payment["figure_id"] for payment in self.payments.values()
            if row["reference"] in (payment["document_reference"], payment["figure_id"])
            and row["settlement_id"] == payment["settlement_id"]
        ]  # fmt: skip
        return Node(
            f"{row['party']}, {side} {row['account']} {row['account_name']}: {money(pence)}",
            name,
            _facts(date=row["date"].isoformat(), status=row["status"], reference=row["reference"],
                   narrative=row["narrative"]),
            tuple(self.walk(payment) for payment in booked),
        )  # fmt: skip

    def walk(self, name: str) -> Node:
        """The node of a figure id that this release holds."""
        kind = name.split(":")[0]
        if kind in MEASURES:  # a step may rest on a numerator, and the row is filed under its value
            name = _handle(parse_figure_id(name))
        tables: dict[str, tuple[Mapping[str, Any], Any]] = {
            "indicator": (self.outcomes, self.outcome), "breakdown": (self.parts, self.part),
            "kpi": (self.kpis, self.kpi),
            "ledger": (self.ledgers, self.ledger), "step": (self.steps, self.step),
            "posting": (self.postings or self.statement, self.posting), "member": (self.lines, self.member),
            "payment": (self.payments, self.payment), "journal": (self.journal, self.journal_line),
        }  # fmt: skip
        table, build = tables.get(kind, ({}, None))
        if name not in table:
            return Node(f"{name} (not in this copy)")
        if name in self.met:
            return Node("shown above", name)
        self.met.add(name)
        found: Node = build(name)
        return found


def _parts(row: Row) -> str:
    if row["numerator"] is None or not row["denominator"]:
        return ""
    return f"{number(trimmed(row['numerator']))} ÷ {number(trimmed(row['denominator']))}"


def _interval(row: Row) -> str:
    if row["lower"] is None or row["upper"] is None:
        return str(row["interval_method"] or "")
    return f"{cell_text(row['lower'])} to {cell_text(row['upper'])} ({row['interval_method']})"


def _handle(parsed: FigureId) -> str:
    """The id under which a table holds the figure: a row is filed under its value."""
    if parsed.kind in MEASURES and parsed["measure"] in MEASURES[parsed.kind]:
        return ":".join([parsed.kind, *(part for name, part in parsed.parts if name != "measure"), "value"])
    return str(parsed)


def explain(release_path: Path, figure: str) -> Node:
    """The trace of a figure. WrongUsage, with near matches, when the release does not hold it."""
    trace = _Trace(open_release(release_path))
    known = trace.known()
    if figure.endswith(UNCHANGED) and figure in known:
        return trace.unchanged(figure)
    near = difflib.get_close_matches(figure, known, n=5, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "every page and every CSV prints the ids there are."
    try:
        name = _handle(parse_figure_id(figure))
    except WrongUsage as fault:
        raise WrongUsage(fault.message, hint) from None
    if name not in known:
        older = " ".join(told(trace.release)) if trace.release.format != FORMAT else ""
        raise WrongUsage(f"this release holds no figure {figure}. {older}".rstrip(), hint)
    parsed = parse_figure_id(figure)
    if parsed.kind == "kpi" and parsed["measure"] in ("score", "level"):
        step = figure_id("step", agreement=parsed["agreement"], period=parsed["period"],
                         step=f"score.{parsed['kpi']}")  # fmt: skip
        if parsed["measure"] == "score" and step in trace.steps:
            name = step
    return trace.walk(name)


def to_json(tree: Node) -> str:
    """The trace as JSON text."""
    return json.dumps(tree.as_dict(), ensure_ascii=False, indent=1)


def print_tree(tree: Node, console: Any) -> None:
    """Draw the trace on a rich console."""
    from rich.text import Text
    from rich.tree import Tree

    def line(node: Node) -> Text:
        text = Text(node.label, style="bold" if node.figure_id else "")
        if node.figure_id:
            text.append(f"\n{node.figure_id}", style="dim")
        for name, value in node.facts.items():
            text.append(f"\n{name}: {value}", style="")
        return text

    def grow(branch: Tree, node: Node) -> None:
        for child in node.children:
            grow(branch.add(line(child)), child)

    root = Tree(line(tree))
    grow(root, tree)
    console.print(root)
