"""The reporting requirement of one sender: what to send, made from the data contract and nothing else.

Belongs here: the words a provider's data lead works from. Not here: the contract (`ingest.contract`), the sample
(`ingest.sample`). The page stands alone: one file, without an address, that can be sent by post.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ingest.container import kinds_taken
from ingest.contract import Column, Contract, CrossFieldRule, Layout
from ingest.identity.declared import CLEAR_LAYOUT, MADE_OF
from ingest.layout_file import sent_text
from ingest.rules import FILE, RECORD, RULES, WARN
from ingest.sample import Sample
from publication.pages.frame import ROOM, cell, environment, heads, row
from publication.wording import day

_SHOWN_ROWS = 4
_SHOWN_CHARACTERS = 24
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_SOURCES = {
    "clinical_record": "clinical record",
    "case_management": "case management system",
    "register": "register",
    "survey": "survey",
    "finance_ledger": "finance ledger",
    "published_statistics": "published statistics",
    "reference_table": "reference table",
    "manual_return": "return counted by hand or from a system",
}
_FREEZE = {
    "quarter_end": "figures of a quarter may change until {lag} days after its end; then only by an agreed restatement",
    "year_end": "figures of a year may change until {lag} days after its end; then only by an agreed restatement",
    "on_receipt": "what was sent stands; a change is an agreed restatement",
}
_OUTCOMES = (
    (FILE, "The whole file is refused", "Nothing of it counts until a corrected file has come."),
    (
        RECORD,
        "A row is held back",
        "The other rows count. The row waits, named by its number with the reason, and is released when a corrected "
        "file for the same dates comes with the next sequence number.",
    ),
    (WARN, "You are told, and the rows count", "Look at it, and say whether it is so."),
)


def requirement_page(sample: Sample) -> bytes:
    """The page of the sender a sample was drawn for, as HTML that needs no other file."""
    contract, layout, organisation = sample.contract, sample.layout, sample.organisation
    html = (
        environment()
        .get_template("requirement.html.j2")
        .render(
            style=(ROOM / "assets" / "outturn.css").read_text(encoding="utf-8"),
            page={
                "title": f"What to send: {contract.feed}",
                "feed": contract.feed,
                "organisation": organisation,
                "version": f"version {contract.version}, {contract.status}",
                "purpose": contract.words.get("purpose", ""),
            },
            summary=list(_summary(sample)),
            basis=list(_basis(contract, organisation)),
            file=list(_file(sample)),
            column_head=heads("Column in your file", "What it holds", "Written as", "Must be filled", "Allowed"),
            columns=[_column(sample, column) for column in contract.columns if column.name not in layout.absent],
            left_out=list(layout.absent),
            rules=[_sentence(rule, contract, layout) for rule in contract.custom.crossFieldRules],
            survey=list(_survey(contract)),
            pseudonyms=_pseudonyms(contract, layout),
            outcomes=[
                {"title": title, "text": text, "rules": [rule for rule in RULES.values() if rule.severity == severity]}
                for severity, title, text in _OUTCOMES
            ],
            manifest=json.dumps(json.loads(sample.manifest_bytes()), indent=1),
            file_name=sample.manifest().file,
            example_head=heads(*contract.layout_names(layout).values()),
            example=[
                row(*(cell(sent_text(values[name], name, layout)) for name in contract.layout_names(layout)))
                for values in sample.rows[:_SHOWN_ROWS]
            ],
            example_rows=len(sample.rows),
        )
    )
    return ("\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n").encode()


def _pair(term: str, text: str) -> dict[str, str]:
    return {"term": term, "text": text}


def _summary(sample: Sample) -> Iterator[dict[str, str]]:
    contract = sample.contract
    custom = contract.custom
    yield _pair("Used for", contract.words.get("usage", ""))
    yield _pair("Mind", contract.words.get("limitations", ""))
    key = _named(contract, sample.layout, list(contract.key))
    yield _pair("Rows", f"{contract.words.get('row', '')} No two rows have the same {' and '.join(key)}.".strip())
    yield _pair(
        "Where the data come from", f"{_SOURCES[custom.captureMethod.source]}: {custom.captureMethod.description}"
    )
    yield _pair("Who sends", f"{sample.organisation}, in the layout {custom.senders[sample.organisation].layout}")
    yield _pair("How often", custom.cadence.replace("_", " "))
    yield _pair("What a file covers", _coverage(contract))
    due = contract.due_on(sample.covers_to)
    yield _pair(
        "Due",
        f"{custom.lagDays} days after the last day covered: a file that covers {day(sample.covers_from)} to "
        f"{day(sample.covers_to)} is due on {day(due)}",
    )
    yield _pair("Until when it may change", _FREEZE[custom.freezeRule].format(lag=custom.lagDays))
    yield _pair("Ask", custom.owner)


def _coverage(contract: Contract) -> str:
    coverage = contract.custom.coverage
    if coverage.kind == "single":
        return "one calendar month"
    if coverage.kind == "rolling":
        return (
            f"the last {coverage.months} whole calendar months, all of them each time: what a newer file no longer "
            "holds is gone"
        )
    return "everything so far, from the first day on: what has ended keeps its row with its last day"


def _basis(contract: Contract, organisation: str) -> Iterator[dict[str, str]]:
    custom, agreement = contract.custom, contract.agreement_of(organisation)
    yield _pair(
        "Data-sharing agreement",
        f"{agreement.reference}, in force from {day(agreement.start)} to {day(agreement.end)}. A file about other "
        "days, or one that arrives on another day, is refused.",
    )
    yield _pair("Controllers", ", ".join(custom.controllers))
    yield _pair("Processor", custom.processor)
    basis = custom.lawfulBasis
    yield _pair("UK GDPR article 6", basis.article6)
    yield _pair("UK GDPR article 9", basis.article9)
    yield _pair("Data Protection Act 2018, schedule 1", basis.dpaSchedule1)
    yield _pair("Common law duty of confidence", basis.commonLaw)
    yield _pair("National data opt-out", basis.nationalOptOut)
    yield _pair("Data protection impact assessment", basis.dpiaReference)
    yield _pair("Kept for", custom.retention)


def _file(sample: Sample) -> Iterator[dict[str, str]]:
    contract = sample.contract
    custom = contract.custom
    name = f"{contract.feed}_{sample.organisation}_YYYY-MM_vN.csv"
    yield _pair("Name", f"{name}, with the first month covered and N from 1")
    yield _pair("Kind", f"one file: {kinds_taken(contract)}; nothing else, and no password")
    yield _pair("Columns are separated by", _DELIMITERS[custom.delimiter])
    yield _pair("Encoding", ", or ".join(custom.encodings))
    yield _pair("First line", "the column names, and nothing before them; no line of totals at the end")
    yield _pair(
        "Names of columns",
        "case, spaces and underscores do not matter" if custom.headerMatching == "normalised" else "exactly as below",
    )
    yield _pair("Dates", f"{sample.layout.dateFormat}, every one of them; any other way of writing refuses the file")
    yield _pair("Missing values", "a blank cell; never a zero, a dash or a word")
    yield _pair("At most", f"{custom.limits.fileBytes:,} bytes, {custom.limits.columns} columns, "
                f"{custom.limits.fieldCharacters:,} characters in a cell")  # fmt: skip
    if custom.controlTotals:
        yield _pair("Control totals in the manifest", ", ".join(_named(contract, sample.layout, custom.controlTotals)))
    yield _pair("Send it", f"into the mailbox {sample.organisation}, the file first and its manifest last")


def _column(sample: Sample, column: Column) -> dict[str, Any]:
    contract, layout = sample.contract, sample.layout
    sent = contract.layout_names(layout)[column.name]
    also = layout.aliases.get(column.name, [])
    lines = [f"also: {', '.join(also)}"] if also else []
    if sent != column.name:
        lines.append(f"we call it {column.name}")
    if column.name in contract.key:
        lines.append("part of the key")
    example = next((item[column.name] for item in sample.rows if item[column.name] is not None), None)
    text = "" if example is None else sent_text(example, column.name, layout)
    shown = [f"e.g. {text[:_SHOWN_CHARACTERS]}{'…' if len(text) > _SHOWN_CHARACTERS else ''}"] if text else []
    return row(
        cell(sent, lines=lines),
        cell(column.description),
        cell(_written(column, layout), lines=shown),
        cell("yes" if column.required else "no"),
        cell(_range(column, contract, sample.organisation), lines=_codes(column, layout)),
    )


def _written(column: Column, layout: Layout) -> str:
    unit = layout.units[column.name].unit if column.name in layout.units else column.unit
    in_unit = f", in {unit}" if unit else ""
    if column.kind == "date":
        return f"date, {layout.dateFormat}"
    if column.kind == "integer":
        return f"whole number{in_unit}" if column.name not in layout.units else f"number{in_unit}"
    if column.kind == "number":
        decimals = f" with up to {column.decimals} decimals" if column.name not in layout.units else ""
        return f"number{decimals}{in_unit}"
    if column.allowed:
        return "a code"
    return f"text of up to {column.max_length} characters" if column.max_length else "text"


def _range(column: Column, contract: Contract, organisation: str) -> str:
    if column.name == contract.custom.organisationColumn:
        return f"{organisation}, in every row"
    parts = []
    if column.name in contract.custom.windowColumns:
        parts.append("within the dates covered")
    if column.minimum is not None:
        parts.append(f"from {_limit(column.minimum)}")
    if column.maximum is not None:
        parts.append(f"to {_limit(column.maximum)}")
    if column.minimum is not None and column.unit:
        parts.append(f"in {column.unit}")
    if column.pattern and column.name not in MADE_OF:
        parts.append(f"pattern {column.pattern}")
    if column.name in MADE_OF and column.name.endswith("_token"):
        parts.append("as outturn pseudonymise makes it")
    if column.allowed:
        parts.append("one of:")
    if column.null_tokens:
        parts.append(f"read as missing: {', '.join(column.null_tokens)}")
    return " ".join(parts)


def _limit(value: Any) -> str:
    return day(value) if isinstance(value, date) else f"{value:f}"


def _codes(column: Column, layout: Layout) -> list[str]:
    """Codes a sender writes, one a line; with what each is to us where the sender has its own."""
    mapped = layout.codes.get(column.name)
    if mapped:
        return [f"{theirs} = {ours}" if theirs != ours else theirs for theirs, ours in mapped.items()]
    return list(column.allowed)


def _named(contract: Contract, layout: Layout, columns: list[str]) -> list[str]:
    names = contract.layout_names(layout)
    return [names.get(name, name) for name in columns]


def _sentence(rule: CrossFieldRule, contract: Contract, layout: Layout) -> dict[str, str]:
    """A rule in words, with the sender's own names of columns."""
    columns = _named(contract, layout, rule.columns)
    told = {name: _named(contract, layout, [value])[0] for name, value in _single(rule).items()}
    when = " and ".join(
        f"{_named(contract, layout, [name])[0]} is {_as_sent(value, name, layout)}" for name, value in rule.when.items()
    )
    listed = ", ".join(columns)
    words = {
        "sum_equals": f"{' + '.join(columns)} = {told.get('total')}, where all are given.",
        "not_before": f"{told.get('column')} is not before {told.get('other')}, where both are given.",
        "range_when": f"{told.get('column')} lies between {rule.minimum} and {rule.maximum} where {when}.",
        "blank_when": f"{listed}: blank where {when}.",
        "filled_when": f"{listed}: filled where {when}.",
        "filled_together": f"{listed}: all filled or all blank.",
    }
    return {"rule": words[rule.kind], "why": rule.description}


def _single(rule: CrossFieldRule) -> dict[str, str]:
    pairs = {"total": rule.total, "column": rule.column, "other": rule.other}
    return {name: value for name, value in pairs.items() if value is not None}


def _as_sent(value: str, name: str, layout: Layout) -> str:
    theirs = [sent for sent, ours in layout.codes.get(name, {}).items() if ours == value]
    return " or ".join(theirs) or value


def _survey(contract: Contract) -> Iterator[dict[str, str]]:
    sample = contract.custom.surveySample
    if sample is None:
        return
    yield _pair("Who can be asked", sample.frame)
    yield _pair("How people are chosen", sample.method)
    yield _pair("Asked, at least", f"{sample.minimumAsked} people in a file")
    yield _pair(
        "Answers, at least",
        f"{sample.minimumResponsePct} in 100 of those asked; answers are rows whose {sample.statusColumn} is "
        f"{' or '.join(sample.responded)}",
    )
    yield _pair("Send", "a row for everybody who was asked, also for those who did not answer")


def _pseudonyms(contract: Contract, layout: Layout) -> Mapping[str, Any] | None:
    """How names become tokens before a file is sent; None for a feed about nobody, or sent in clear."""
    if contract.identity is None or not contract.identity.tokens or contract.is_clear(layout):
        return None
    if CLEAR_LAYOUT not in contract.custom.layouts:
        return None
    clear = contract.layout_names(contract.custom.layouts[CLEAR_LAYOUT])
    identifying = [clear[name] for name in contract.custom.identifyingColumns if name in clear]
    return {"columns": identifying, "key_ids": contract.identity.key_ids}
