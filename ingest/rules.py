"""Every rule a submission can break: its id, what breaking it does, what it means, how to mend it.

Belongs here: the list and the shape of a finding. Not here: the checking itself. The list is published
as docs/reference/intake-rules.md; a test compares the two.

A finding names the rule, the column and the row. It never holds a value: a value may identify a person,
and one that was typed to attack a log must not reach it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

ACCEPT = "accept"
NORMALISED = "accept_normalised"
WARN = "warn"
RECORD = "reject_record"
FILE = "reject_file"
# from harmless to fatal; the outcome of a file is the worst of its findings
OUTCOMES = (ACCEPT, NORMALISED, WARN, RECORD, FILE)
ACCEPTED_OUTCOMES = (ACCEPT, NORMALISED, WARN, RECORD)

# one rule may break on every row of a large file; the report names this many and counts the rest
FINDINGS_PER_RULE = 50
_MORE_ROWS = " more rows break this rule."


@dataclass(frozen=True)
class Rule:
    """What a rule id stands for. `severity` is what breaking it does to the file or the row."""

    severity: str
    meaning: str
    mend: str


@dataclass(frozen=True)
class Finding:
    """One broken rule. `row` is the data row in the file, from 1; None when it concerns the file."""

    rule: str
    severity: str
    column: str | None
    row: int | None
    message: str

    def as_json(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "severity": self.severity,
            "column": self.column,
            "row": self.row,
            "message": self.message,
        }


_NEW_SEQUENCE = "correct the file and send it with the next higher sequence."
_AGAIN = "Then send it with a manifest made from it."
_SEND_CSV = "export as plain CSV in the contract's layout and send that file alone."

RULES: dict[str, Rule] = {
    # delivery -----------------------------------------------------------------------------------
    "delivery.manifest_unreadable": Rule(
        FILE,
        "The manifest is not the JSON the contract asks for.",
        "write the manifest as described in docs/reference/contracts.md and send file and manifest again.",
    ),
    "delivery.file_missing": Rule(
        FILE,
        "The manifest is there and its file is not.",
        "send the file first and its manifest last, both under the name the manifest gives.",
    ),
    "delivery.name_unsafe": Rule(
        FILE,
        "The file name holds a path, a control character or a character outside the allowed set.",
        "name the file <feed>_<organisation>_<YYYY-MM>_v<sequence>.csv.",
    ),
    "delivery.name_mismatch": Rule(
        FILE,
        "The file name differs from the manifest, or from the feed, organisation, period and sequence in it.",
        "name the file <feed>_<organisation>_<YYYY-MM>_v<sequence>.csv with the values of the manifest.",
    ),
    "delivery.name_normalised": Rule(
        NORMALISED,
        "The file name differs from the expected one only in letter case or Unicode form.",
        "nothing to do; lower-case names avoid it.",
    ),
    "delivery.type_refused": Rule(
        FILE,
        "The file is not of a kind the contract takes, or its content is not what its name says: an archive, workbook, "
        "Parquet, PDF, web page or program.",
        _SEND_CSV,
    ),
    "delivery.empty": Rule(FILE, "The file has no bytes.", _NEW_SEQUENCE),
    "delivery.no_rows": Rule(
        FILE,
        "The file has a header and no rows, and the manifest does not say rows: 0.",
        "send the rows, or a manifest with rows 0 for a nil return.",
    ),
    "delivery.too_large": Rule(
        FILE,
        "The file is larger than the contract allows.",
        "check that the file holds one period of one organisation; ask the owner of the contract otherwise.",
    ),
    "delivery.changed_while_read": Rule(
        FILE, "The file changed while it was read.", "write the file completely, then its manifest; send both again."
    ),
    "delivery.bytes_mismatch": Rule(
        FILE,
        "The size differs from the manifest: the upload was cut short or went on after the manifest.",
        "send file and manifest again.",
    ),
    "delivery.sha256_mismatch": Rule(
        FILE,
        "The SHA-256 differs from the manifest: the file is not the one the manifest was made for.",
        "make the manifest from the final file and send both again.",
    ),
    "delivery.rows_mismatch": Rule(
        FILE, "The number of rows differs from the manifest.", "make the manifest from the final file; " + _NEW_SEQUENCE
    ),
    "delivery.control_total_missing": Rule(
        FILE,
        "The manifest lacks a control total the contract asks for.",
        "add the sum of the column to the manifest's control_totals.",
    ),
    "delivery.control_total_mismatch": Rule(
        FILE,
        "The sum of a column differs from the manifest's control total.",
        "reconcile the file with the system it came from; " + _NEW_SEQUENCE,
    ),
    "delivery.control_total_unproved": Rule(
        WARN,
        "A control total could not be proved because a row's value could not be read.",
        "correct the rows named in the report; " + _NEW_SEQUENCE,
    ),
    "delivery.repeated": Rule(
        NORMALISED, "The same file was delivered before; nothing was taken in twice.", "nothing to do."
    ),
    "delivery.sequence_not_higher": Rule(
        FILE,
        "Other bytes were already delivered for this period under the same sequence.",
        "give the corrected file the next higher sequence.",
    ),
    "delivery.older_after_newer": Rule(
        FILE,
        "A later sequence for this period was accepted before.",
        "if this file is the right one, send it again with the next higher sequence.",
    ),
    "delivery.sender_unknown": Rule(
        FILE,
        "The contract does not list the organisation as a sender of this feed.",
        "check the organisation code; the owner of the contract adds new senders.",
    ),
    "delivery.sender_mismatch": Rule(
        FILE,
        "Mailbox, manifest and rows do not name the same organisation.",
        "send each organisation's rows from its own mailbox.",
    ),
    "delivery.feed_unknown": Rule(
        FILE,
        "There is no contract for this feed, or the manifest is for another feed.",
        "use the feed name of a contract in ingest/contracts.",
    ),
    "delivery.coverage_wrong": Rule(
        FILE,
        "The dates the manifest covers do not fit the contract's coverage.",
        "cover exactly the months the contract names.",
    ),
    "delivery.period_in_body": Rule(
        FILE,
        "Most rows lie outside the dates the manifest covers.",
        "send the period the manifest names; " + _NEW_SEQUENCE,
    ),
    "delivery.agreement_not_in_force": Rule(
        FILE,
        "No data-sharing agreement is in force for the dates covered, or on the day the file arrives.",
        "renew the data-sharing agreement, record its dates in the contract, then send again.",
    ),
    "delivery.period_missing": Rule(
        WARN,
        "A month between the last delivery and this one was never delivered; its figures are withheld.",
        "send the missing month, or a manifest with rows 0 if there was nothing.",
    ),
    "delivery.after_freeze": Rule(
        WARN,
        "The figures of these dates are no longer provisional: what this file changes is a restatement.",
        "nothing to do for the sender; the members see the difference and what it means for money that was settled.",
    ),
    # containers ---------------------------------------------------------------------------------
    "container.damaged": Rule(FILE, "What was packed cannot be unpacked to its end.", "make the file again. " + _AGAIN),
    "container.too_large": Rule(
        FILE,
        "What is packed is larger than the contract allows, or far smaller packed than a table ever is.",
        "check that the file holds one period of one organisation, and send plain CSV.",
    ),
    "container.encrypted": Rule(
        FILE, "The file has a password.", "send it without one; the way it is sent protects it. " + _AGAIN
    ),
    "container.member": Rule(
        FILE,
        "An archive does not hold exactly one plain CSV file: several entries, a link, a folder, a path in the name, "
        "or another archive.",
        "pack the one CSV file by itself, or send it unpacked. " + _AGAIN,
    ),
    "workbook.active": Rule(
        FILE,
        "A workbook holds macros, links to other files, embedded files, a data connection or declarations of entities.",
        "copy the values into a new workbook and save it as .xlsx, or send CSV. " + _AGAIN,
    ),
    "workbook.sheets": Rule(
        FILE,
        "A workbook has several sheets, or not the one the contract names.",
        "keep one sheet, or name it as the contract does. " + _AGAIN,
    ),
    "workbook.formula": Rule(
        FILE,
        "A cell is a formula without a stored result.",
        "open the workbook, let it calculate, paste the values over the formulas and save. " + _AGAIN,
    ),
    "workbook.formula_result": Rule(
        WARN,
        "Cells are formulas; the results stored in the workbook were read.",
        "paste the values over the formulas: a stored result may be an old one.",
    ),
    "workbook.merged": Rule(
        FILE,
        "Cells are merged: one value stands for several rows or columns, and the others look blank.",
        "unmerge the cells and fill each of them. " + _AGAIN,
    ),
    "workbook.hidden": Rule(
        FILE,
        "A row or column is hidden: what you see is not what is sent.",
        "show it, or delete it if it shall not be sent. " + _AGAIN,
    ),
    "parquet.type": Rule(
        FILE,
        "A column of a Parquet file is of a type that has no text: nested, binary, or a time with a zone.",
        "write it as text, a number or a date. " + _AGAIN,
    ),
    # encoding -----------------------------------------------------------------------------------
    "encoding.byte_order_mark": Rule(
        NORMALISED,
        "The file starts with a UTF-8 byte order mark, which was dropped.",
        "nothing to do; UTF-8 without the mark avoids it.",
    ),
    "encoding.utf16": Rule(NORMALISED, "The file is UTF-16 and was transcoded.", "nothing to do; UTF-8 avoids it."),
    "encoding.other_declared": Rule(
        NORMALISED,
        "The file is in the contract's other declared encoding and was transcoded.",
        "nothing to do; UTF-8 avoids it.",
    ),
    "encoding.undecodable": Rule(FILE, "The file is not in an encoding the contract declares.", "export as UTF-8."),
    "encoding.mixed": Rule(FILE, "Some lines are UTF-8 and others are not.", "export the whole file as UTF-8."),
    "encoding.nul": Rule(FILE, "The file holds NUL characters.", "export again as plain text."),
    "encoding.double_encoded": Rule(
        WARN, "A text looks encoded twice (an accented letter became two signs).", "check the export's encoding."
    ),
    # structure ----------------------------------------------------------------------------------
    "structure.too_many_columns": Rule(FILE, "The header has more columns than the contract allows.", _SEND_CSV),
    "structure.field_too_long": Rule(FILE, "A field is longer than the contract allows.", _SEND_CSV),
    "structure.delimiter": Rule(FILE, "The columns are separated by another sign than the contract's.", _SEND_CSV),
    "structure.header_duplicate": Rule(FILE, "Two columns have the same name.", _SEND_CSV),
    "structure.header_normalised": Rule(
        NORMALISED,
        "A column name differs from the layout only in case, spaces or underscores.",
        "nothing to do; the layout's own names avoid it.",
    ),
    "structure.columns_reordered": Rule(
        NORMALISED, "The columns are in another order; they were bound by name.", "nothing to do."
    ),
    "structure.column_missing": Rule(
        FILE, "A column of the layout is missing or was renamed.", "send every column of the layout by its name."
    ),
    "structure.column_extra": Rule(
        WARN, "A column is not in the layout; it was not loaded.", "leave it out, or have it added to the contract."
    ),
    "structure.column_identifying": Rule(
        FILE,
        "A column that is not in the layout looks as if it identified people.",
        "take the column out and delete the file sent; tell the information governance lead.",
    ),
    "structure.preamble": Rule(FILE, "There are lines before the header.", "start the file with the header."),
    "structure.header_rows": Rule(FILE, "There is more than one header row.", "keep one header row."),
    "structure.header_repeated": Rule(
        FILE, "The header is repeated among the rows.", "keep one header row, at the top."
    ),
    "structure.footer": Rule(
        FILE, "The last rows hold a total.", "take the total row out; it would count everything twice."
    ),
    "structure.ragged": Rule(FILE, "A row has more or fewer fields than the header.", _SEND_CSV),
    "structure.quote": Rule(FILE, "A quotation mark is misplaced or never closed.", _SEND_CSV),
    "structure.blank_lines": Rule(WARN, "There are blank lines; they were skipped.", "take the blank lines out."),
    "structure.cr_line_ends": Rule(
        NORMALISED, "Lines end with a lone carriage return.", "nothing to do; LF or CRLF avoids it."
    ),
    # values -------------------------------------------------------------------------------------
    "value.trimmed": Rule(NORMALISED, "Spaces around a value were dropped.", "nothing to do."),
    "value.no_break_space": Rule(NORMALISED, "No-break spaces around a value were dropped.", "nothing to do."),
    "value.null_token": Rule(NORMALISED, "A declared word for missing was read as missing.", "leave the cell blank."),
    "value.answer_normalised": Rule(
        NORMALISED,
        "An answer (`Y` or `N`) was written in other words (y, yes, true, 1; n, no, false, 0) and read as it.",
        "write Y or N.",
    ),
    "value.float_drift": Rule(
        NORMALISED,
        "An amount carried the tail of binary arithmetic and was taken at its agreed decimals.",
        "export amounts as decimals, not as floating-point numbers.",
    ),
    "value.line_break": Rule(
        NORMALISED, "A text holds a line break inside quotes; it is kept as text.", "nothing to do."
    ),
    "value.formula": Rule(
        NORMALISED,
        "A text starts like a spreadsheet formula; it is kept as text and escaped where it is shown.",
        "nothing to do; plain text avoids it.",
    ),
    "value.markup": Rule(
        NORMALISED,
        "A text looks like markup or code; it is kept as text and escaped where it is shown.",
        "nothing to do; plain text avoids it.",
    ),
    "value.integer": Rule(
        RECORD,
        "Not a whole number in plain ASCII digits.",
        "write digits only: no separators, no decimals, no exponent, no leading zeros.",
    ),
    "value.decimal": Rule(
        RECORD,
        "Not a plain decimal number of the contract's precision.",
        "write digits with a full stop: no currency sign, separators, brackets or exponent.",
    ),
    "value.date": Rule(RECORD, "Not a date.", "write dates in the layout's format."),
    "value.date_format": Rule(
        FILE,
        "A date is written in another format than the layout's: days and months could be swapped unseen.",
        "write every date in the layout's format.",
    ),
    "value.code_unmapped": Rule(
        RECORD,
        "A code is not in the crosswalk of the sender's layout. Codes that many rows share are listed and counted.",
        "use a code of the crosswalk, or agree what the code means with the owner of the contract, who adds it.",
    ),
    "value.invisible_character": Rule(RECORD, "A value holds an invisible character.", "type the value again."),
    "value.control_character": Rule(RECORD, "A value holds a control character.", "type the value again."),
    "value.too_long": Rule(RECORD, "A text is longer than the contract allows.", "shorten it."),
    "value.spreadsheet_error": Rule(
        RECORD,
        "A value is the error of a spreadsheet (`#N/A`, `#REF!`) and not a value.",
        "correct the formula, or leave the cell blank.",
    ),
    "value.digits_lost": Rule(
        RECORD,
        "A code was turned into a number in scientific notation: its digits are lost.",
        "export the column as text from the system it comes from.",
    ),
    "value.leading_zero_lost": Rule(
        FILE,
        "A code lost its leading zeros, as in a spreadsheet that took it for a number: other columns may have too.",
        "export the column as text from the system it comes from, without opening the file in a spreadsheet.",
    ),
    "value.nhs_number": Rule(
        RECORD,
        "The NHS number is not one: digits lost or missing, wrong check digit, one digit ten times, or of the test "
        "range.",
        "correct the number in the system it comes from, or leave it blank.",
    ),
    "value.nhs_number_counted": Rule(
        NORMALISED,
        "An NHS number is not one; by the contract its row is kept without a person token and counted as such.",
        "correct the number in the system it comes from, or leave it blank.",
    ),
    "value.nhs_number_float": Rule(
        NORMALISED,
        "An NHS number went through a spreadsheet and ends in `.0`, which was dropped.",
        "export the column as text.",
    ),
    "value.identifying": Rule(
        RECORD,
        "A text that is not the place for it holds what looks like an NHS number, a postcode or the person's name.",
        "take it out, and give records ids that are nobody's number; tell the information governance lead.",
    ),
    "person.opted_out": Rule(
        RECORD,
        "The person has opted out nationally, and the contract says that the opt-out applies to this feed.",
        "nothing to mend: leave the person out of the extract; the share left out is published with the figures.",
    ),
    "person.objected": Rule(
        RECORD,
        "The person objected to the use of their data, and the objection was granted.",
        "nothing to mend: the row stays out of every figure.",
    ),
    "person.erased": Rule(
        RECORD,
        "The person was erased; a row that is sent again stays out.",
        "nothing to mend: leave the person out of the extract.",
    ),
    # rows: Great Expectations, one submission at a time ------------------------------------------
    "row.required": Rule(RECORD, "A required value is blank.", "fill it in."),
    "row.range": Rule(RECORD, "A number or date is outside the contract's range.", "correct the value."),
    "row.code": Rule(RECORD, "A code is not on the contract's list.", "use a listed code."),
    "row.pattern": Rule(RECORD, "A code is not written as the contract says.", "correct the code."),
    "row.cross_field": Rule(RECORD, "Values of a row contradict each other.", "correct the row."),
    "row.outside_window": Rule(
        RECORD, "A row lies outside the dates the submission covers.", "send the row with the period it belongs to."
    ),
    "row.reference": Rule(
        RECORD,
        "A row refers to a record that is not there, or that was held back.",
        "send the record it belongs to as well, or correct the reference.",
    ),
    "row.duplicate": Rule(WARN, "A row is there twice, the same in every column; one was kept.", "send each row once."),
    "table.key_conflict": Rule(
        FILE, "Two rows have the same key and different values: neither can be believed.", _NEW_SEQUENCE
    ),
    "table.column_empty": Rule(FILE, "A required column is empty in every row.", _NEW_SEQUENCE),
    # analytical ---------------------------------------------------------------------------------
    "analysis.day_without_row": Rule(
        WARN, "A day of the period has no row; it counts as not reported.", "send a row for every day."
    ),
    "analysis.not_reported": Rule(
        WARN, "A day has no figure; it counts as missing, never as zero.", "send the figure with the next sequence."
    ),
    "analysis.zero": Rule(
        WARN,
        "A day shows zero where a hospital always has some; it counts as not reported.",
        "confirm with the data team or send the figure.",
    ),
    "analysis.constant": Rule(WARN, "A count is the same in every row.", "check the export."),
    "analysis.number_missing": Rule(
        WARN,
        "More rows than usual have no valid NHS number; they are linked by other tokens or not at all.",
        "trace the missing numbers and send them with the next sequence.",
    ),
    "analysis.person_conflict": Rule(
        WARN,
        "Tokens of one person contradict each other: two months of birth, or two numbers for one name.",
        "check the records of the rows named: two people may share a number, or one may have two.",
    ),
    "analysis.event_after_death": Rule(
        WARN,
        "Something happens to a person after the death this file reports.",
        "check the discharge and the number of the rows named.",
    ),
    "analysis.share_unusual": Rule(
        WARN,
        "A value is far more frequent than in any service of this kind.",
        "check the export, or confirm with the data team that it is so.",
    ),
    "analysis.sample_small": Rule(
        WARN,
        "A survey asked fewer people than agreed: its figures will be wide or withheld.",
        "ask more people next time; tell the owner of the contract why so few were asked.",
    ),
    "analysis.response_rate_low": Rule(
        WARN,
        "Fewer of the people asked have answered than agreed: those who did may be unlike the others.",
        "remind those who have not answered, and send the answers with the next sequence.",
    ),
    "analysis.unlikely": Rule(
        WARN, "A value is possible and unlikely.", "check the rows named; nothing to do if they are right."
    ),
    "history.volume_drop": Rule(
        FILE,
        "Far fewer rows than in the organisation's earlier periods or in the file it replaces: held.",
        "check that the file is whole; if it is, the file it replaces is withdrawn first, or the owner of the contract "
        "widens the limit.",
    ),
    "identity.key_not_in_force": Rule(
        FILE,
        "Tokens were made with another key than the contract names: they would meet nobody's.",
        "run `outturn pseudonymise` again with the key in force; " + _NEW_SEQUENCE,
    ),
    "history.too_much_held_back": Rule(
        FILE,
        "More than a tenth of a file about people would be held back: held as a whole, so that its days are missing.",
        "correct the rows named and " + _NEW_SEQUENCE,
    ),
    "history.volume_spike": Rule(
        FILE,
        "Far more rows than in the organisation's earlier periods: held.",
        "check for double rows; the owner of the contract may widen the limit.",
    ),
    "history.unit_change": Rule(
        FILE,
        "Typical amounts differ from the organisation's earlier periods as pounds do from pence: held.",
        "check the unit of the amounts.",
    ),
}


def finding(rule: str, message: str, column: str | None = None, row: int | None = None) -> Finding:
    """A finding of a listed rule, with that rule's severity."""
    return Finding(rule, RULES[rule].severity, column, row, message)


_IN_ROWS = re.compile("In ([0-9]+) rows[.]")


def summed(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of several parts of a file as of the whole: how many rows are counted together, twins are one."""
    counts: dict[tuple[str, str | None, str], int] = {}
    found: dict[tuple[str, str | None, str], Finding] = {}
    for item in findings:
        matched = _IN_ROWS.fullmatch(item.message) if item.row is None else None
        key = (item.rule, item.column, "" if matched else f"{item.row} {item.message}")
        found.setdefault(key, item)
        counts[key] = counts.get(key, 0) + (int(matched[1]) if matched else 0)
    return [replace(item, message=f"In {counts[key]} rows.") if counts[key] else item for key, item in found.items()]


def worst(findings: Iterable[Finding]) -> str:
    """Outcome of a file: the gravest severity among its findings."""
    return max((item.severity for item in findings), key=OUTCOMES.index, default=ACCEPT)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in a fixed order, file first, then by row; at most `FINDINGS_PER_RULE` rows of a rule and column."""
    ordered = sorted(set(findings), key=lambda item: (item.row or 0, item.rule, item.column or "", item.message))
    shown: list[Finding] = []
    counts: dict[tuple[str, str | None], int] = {}
    for item in ordered:
        if item.row is not None:
            key = (item.rule, item.column)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] > FINDINGS_PER_RULE:
                continue
        shown.append(item)
    for (rule, column), count in sorted(counts.items(), key=lambda pair: (pair[0][0], pair[0][1] or "")):
        if count > FINDINGS_PER_RULE:
            shown.append(finding(rule, f"{count - FINDINGS_PER_RULE}{_MORE_ROWS}", column))
    return tuple(shown)


def rows_broken(findings: Iterable[Finding]) -> Counter[tuple[str, str | None]]:
    """Rule and column -> how many rows broke it, those among them that `in_order` only counted."""
    rows: Counter[tuple[str, str | None]] = Counter()
    for item in findings:
        if item.row is not None:
            rows[item.rule, item.column] += 1
        elif item.message.endswith(_MORE_ROWS):
            rows[item.rule, item.column] += int(item.message.removesuffix(_MORE_ROWS))
    return rows
