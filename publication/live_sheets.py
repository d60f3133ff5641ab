"""Settlements as sheets that compute themselves: every step a live formula on the cells it uses.

Belongs here: the sheets that every workbook of a settlement has: what is given, the open book, steps, members' parts.
Not here: what else a workbook says (`recalculating`, `statement_workbook`), what formulas come to (`sheet_values`), the
arithmetic (the statement's own formulas, `settlement.spreadsheet`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from foundation.escaping import sheet_text
from foundation.figures import figure_id
from foundation.tables import lasting_workbook
from publication.sheet_values import SheetValues, with_values
from settlement.allocate import allocate
from settlement.engine import Settlement
from settlement.exact import render
from settlement.loss_limits import member_caps
from settlement.postings import RESIDUE
from settlement.spreadsheet import as_spreadsheet
from settlement.statement import Given, Step
from settlement.terms import Terms

# A number of the statement and the same out of binary fractions differ by less than this.
_CLOSE = {"GBP": "0.005", "pence": "0.5", "points": "0.000001", "ratio": "0.000000001"}
# Half a penny is not exact in binary fractions: what is meant to be one is made one before it is rounded.
_HALF_UP = "ROUND(ROUND({},4),0)"
_FORMATS = {"GBP": "£#,##0.00;[Red]-£#,##0.00", "pence": "#,##0"}
_WIDTHS = (("A", 30), ("B", 44), ("C", 40), ("D", 22), ("E", 18), ("F", 22), ("G", 18), ("H", 34), ("I", 60))


def number_cell(value: Fraction) -> object:
    """A cell with the number: its digits where they end within those a cell has, else the division itself."""
    digits = render(value)
    if Fraction(digits) == value and len(digits.as_tuple().digits) <= 15:
        return int(digits) if digits == digits.to_integral_value() else float(digits)
    return f"={value.numerator}/{value.denominator}"


@dataclass(frozen=True)
class Names:
    """What the sheets are called."""

    given: str
    ledger: str
    steps: str
    lines: str


@dataclass
class Placed:
    """A settlement under construction: where each of its numbers stands, and which rows are its own."""

    terms: Terms
    made: Settlement
    ledger: list[Mapping[str, Any]]
    cells: dict[str, str] = field(default_factory=dict)
    given: dict[tuple[str, Fraction], str] = field(default_factory=dict)
    ledger_rows: tuple[int, int] = (2, 2)
    step_rows: tuple[int, int] = (2, 2)
    line_rows: tuple[int, int] = (2, 2)
    # parts that are taken as published, because the sheet does not know how they were shared
    taken: list[str] = field(default_factory=list)


class Formula:
    """A cell that is computed."""

    def __init__(self, text: str) -> None:
        self.text = text


def spot(sheet: str, cell: str) -> str:
    """A cell of a sheet, as a formula names it."""
    return f"'{sheet}'!{cell}" if " " in sheet else f"{sheet}!{cell}"


class LiveSheets:
    """A workbook of settlements under construction. `add` puts one settlement into the four sheets."""

    def __init__(self, names: Names, *before: str, after: Sequence[str] = (), title: str = "") -> None:
        from openpyxl import Workbook

        self.names = names
        self.book = Workbook()
        self.book.properties.creator = "Outturn"
        self.book.properties.title = title or None
        self.book.calculation.fullCalcOnLoad = True
        self.book.remove(self.book.worksheets[0])
        ordered = (*before, names.given, names.ledger, names.steps, names.lines, *after)
        self.sheets = {name: self.book.create_sheet(name) for name in ordered}
        # numbers that stand on a sheet of their own, by reference: a formula that fetches one
        self.elsewhere: dict[tuple[str, Fraction], str] = {}
        self._one: Placed
        self.values = SheetValues(self.book)
        of = ("agreement", "period")
        self.head(names.given, "what", "reference", "value", "unit", *of, "first used in")
        self.head(names.ledger, "member_id", "month", "line_id", "category", "amount_pence", *of)
        self.head(names.steps, "step", "what", "formula", "computed here", "unit", "as published", "agrees", "terms",
                  "figure_id", *of)  # fmt: skip
        self.head(names.lines, "line", "party", "weight", "limit", "exact part", "whole pence", "left over", "rank",
                  "part in pence", "posted before", "amount in pence", "as published", "agrees", *of)  # fmt: skip

    def add(self, terms: Terms, made: Settlement, ledger: Sequence[Mapping[str, Any]]) -> Placed:
        """Put a settlement in. made: computed again, so that its steps know what they used."""
        names = (made.agreement_id, made.period_id)
        self._one = Placed(terms, made, [row for row in ledger if (row["agreement_id"], row["period_id"]) == names])
        first = [self.sheets[name].max_row + 1 for name in (self.names.ledger, self.names.steps, self.names.lines)]
        self._fill_ledger()
        self._fill_steps()
        self._fill_own_lines()
        last = [self.sheets[name].max_row for name in (self.names.ledger, self.names.steps, self.names.lines)]
        self._one.ledger_rows, self._one.step_rows, self._one.line_rows = (
            (start, max(start, end)) for start, end in zip(first, last, strict=True)
        )  # fmt: skip
        return self._one

    def head(self, sheet: str, *names: str) -> None:
        from openpyxl.styles import Font

        self.sheets[sheet].append(list(names))
        for cell in self.sheets[sheet][self.sheets[sheet].max_row]:
            cell.font = Font(bold=True)

    def put(self, sheet: str, *values: object) -> int:
        """Append a row; its number. Texts never run as formulas; formulas are given as `Formula`."""
        self.sheets[sheet].append([
            value.text if isinstance(value, Formula) else sheet_text(value) if isinstance(value, str) else value
            for value in values
        ])  # fmt: skip
        return int(self.sheets[sheet].max_row)

    def content(self) -> bytes:
        """The file: every formula with the value it comes to, every date fixed."""
        for sheet in self.sheets.values():
            for letter, width in _WIDTHS:
                sheet.column_dimensions[letter].width = width
            sheet.freeze_panes = "A2"
        raw = io.BytesIO()
        self.book.save(raw)
        return lasting_workbook(with_values(raw.getvalue(), self.book, self.values))

    # --- what comes from outside

    def _fill_ledger(self) -> None:
        one, sheet = self._one, self.names.ledger
        first = self.sheets[sheet].max_row + 1
        for row in one.ledger:
            names = ("member_id", "month", "line_id", "category")
            self.put(sheet, *(str(row[name]) for name in names), int(row["amount_pence"]),
                     one.made.agreement_id, one.made.period_id)  # fmt: skip
        one.ledger_rows = (first, max(first, self.sheets[sheet].max_row))

    def cell_of(self, name: str, source: Given | Step, used_in: str) -> str:
        """Where a number stands; a given one is put there when it is first used."""
        if isinstance(source, Step):
            return self._one.cells[source.reference]
        if source.reference.startswith("member:") and source.reference in self._one.cells:
            return self._one.cells[source.reference]
        key = (source.reference, source.exact)
        if key not in self._one.given:
            number = self.elsewhere.get(key) or number_cell(source.exact)
            if source.reference.startswith("ledger:") and (summed := self._book_of(source)) is not None:
                number = summed
            shown = Formula(number) if isinstance(number, str) else number
            sheet, made = self.names.given, self._one.made
            row = self.put(sheet, name.replace("_", " "), source.reference, shown, source.unit, made.agreement_id,
                           made.period_id, used_in)  # fmt: skip
            self.sheets[sheet].cell(row, 3).number_format = _FORMATS.get(source.unit, "General")
            self._one.given[key] = spot(sheet, f"$C${row}")
        return self._one.given[key]

    def _book_of(self, source: Given) -> str | None:
        """A member's open book as a sum over the ledger's rows; None where they do not come to what was settled."""
        member = source.reference.rpartition(":")[2]
        cost = self._one.terms.finance.shared_cost
        counted = () if cost is None else cost.actual_cost.categories
        rows = [row for row in self._one.ledger if row["member_id"] == member and row["category"] in counted]
        if sum(row["amount_pence"] for row in rows) != source.exact:
            return None
        first, last = self._one.ledger_rows

        def column(letter: str) -> str:
            return spot(self.names.ledger, f"${letter}${first}:${letter}${last}")

        parts = [f'SUMIFS({column("E")},{column("A")},"{member}",{column("D")},"{category}")' for category in counted]
        return "=" + "+".join(parts)

    # --- steps

    def _fill_steps(self) -> None:
        sheet, one = self.names.steps, self._one
        for step in one.made.steps:
            names = {name: self.cell_of(name, source, step.label) for name, source in step.uses}
            formula = "=" + as_spreadsheet(step.formula, names, _HALF_UP)
            row = self.sheets[sheet].max_row + 1
            self.put(
                sheet, f"{step.step_number}. {step.step_id}", step.label, f"{step.step_id} = {step.formula}",
                Formula(formula), step.unit, float(step.value),
                Formula(f'=IF(ABS(D{row}-F{row})<{_CLOSE[step.unit]},"agrees","differs")'), step.terms_reference,
                step.figure_id, one.made.agreement_id, one.made.period_id,
            )  # fmt: skip
            if _HALF_UP.partition("{")[0] in formula and self.values.at(sheet, f"D{row}") != step.exact:
                # so near to a half penny that it would be taken for one
                self.sheets[sheet].cell(row, 4).value = "=" + as_spreadsheet(step.formula, names)
                self.values.forget(sheet, f"D{row}")
            for column in (4, 6):
                self.sheets[sheet].cell(row, column).number_format = _FORMATS.get(step.unit, "General")
            one.cells[step.reference] = spot(sheet, f"$D${row}")
            if step.step_id.endswith("_posted"):
                self._share(step.step_id.removesuffix("_posted"), one.cells[step.reference], int(step.exact))

    # --- lines

    def _share(self, line: str, total: str, pence: int) -> None:
        """The members' parts of a line by largest remainder, under the members' limits where it is a loss."""
        terms = self._one.terms
        loss = terms.finance.loss if line == "loss" else None
        caps = member_caps(terms) if loss is not None else {}
        refill = bool(loss and loss.stop_loss and loss.stop_loss.excess_to == "other_members")
        members, sheet = terms.member_ids, self.sheets[self.names.lines]
        first = sheet.max_row + 1
        last = first + len(members) - 1

        def column(letter: str) -> str:
            return f"${letter}${first}:${letter}${last}"

        rounds = len(members) if refill and caps else 0
        # beside the table, one block of columns a round: free before, part, over the limit
        left = f"ABS({total})"
        for row, member in enumerate(members, start=first):
            sheet.cell(row, 1, line)
            sheet.cell(row, 2, member)
            sheet.cell(row, 3, number_cell(terms.shares[member]))
            sheet.cell(row, 4, caps.get(member))
        free = None
        for number in range(rounds):
            at = 16 + 4 * number
            names = [sheet.cell(1, at + n).column_letter for n in range(4)]
            before = "" if free is None else free
            for row in range(first, last + 1):
                prior = sheet.cell(1, at - 2).column_letter
                sheet.cell(row, at, f"=IF($C{row}>0,1,0)" if free is None else f"={before}{row}-{prior}{row}")
                whole = f"SUMPRODUCT({column(names[0])},{column('C')})"
                sheet.cell(row, at + 1, f"=IF({whole}=0,0,{left}*{names[0]}{row}*$C{row}/{whole})")
                over = f'AND({names[0]}{row}=1,$D{row}<>"",{names[1]}{row}>$D{row})'
                sheet.cell(row, at + 2, f"=IF({over},1,0)")
                sheet.cell(row, at + 3, f"={left}-SUMPRODUCT({column(names[2])},{column('D')})")
            left, free = f"${names[3]}${first}", names[0]
        weights = column("C")
        if free is not None:
            at = 16 + 4 * rounds
            letter, prior = sheet.cell(1, at).column_letter, sheet.cell(1, at - 2).column_letter
            for row in range(first, last + 1):
                sheet.cell(row, at, f"=({free}{row}-{prior}{row})*$C{row}")
            weights = column(letter)
        for row in range(first, last + 1):
            own = f"$C{row}" if free is None else f"{letter}{row}"
            # a floor taken a millionth of a penny above what a binary fraction shows
            sheet.cell(row, 5, f"=IF(SUM({weights})=0,0,ROUND({left}*{own}/SUM({weights}),6))")
            sheet.cell(row, 6, f"=INT(E{row})")
            sheet.cell(row, 7, f"=ROUND(E{row}-F{row},6)")
            ranks = f"SUMPRODUCT(--({column('G')}>G{row}))+SUMPRODUCT(--(G${first}:G{row}=G{row}))"
            sheet.cell(row, 8, f"={ranks}")
            part = f"F{row}+IF(H{row}<=ROUND({left}-SUM({column('F')}),0),1,0)"
            if refill and caps:
                part = f"IF({own}>0,IF(SUM({weights})=0,0,{part}),IF($C{row}>0,$D{row},0))"
            elif caps:
                part = f"MIN({part},$D{row})"
            sheet.cell(row, 9, f"=IF({total}<0,-1,1)*({part})")
        shared = allocate(pence, terms.shares, caps, refill=refill)
        self._close_line(line, first, {**shared.parts, RESIDUE: shared.residue}, f"={total}-SUM(I{first}:I{last})")

    def _close_line(self, line: str, first: int, now: Mapping[str, int], residue: str) -> None:
        """Amounts beside the parts, and the residue's row. A part the engine shared otherwise is taken as published."""
        sheet, made = self.sheets[self.names.lines], self._one.made
        published = {item.member_id: item.amount_pence for item in made.member_lines if item.line == line}
        restated = any(step.step_id == f"difference.{line}" for step in made.steps)
        rows = dict(enumerate(self._one.terms.member_ids, start=first))
        if RESIDUE in published or now[RESIDUE]:
            row = sheet.max_row + 1
            rows[row] = RESIDUE
            for column, value in ((1, line), (2, RESIDUE), (9, residue)):
                sheet.cell(row, column, value)
        for row, party in rows.items():
            amount = published.get(party, 0)
            name = figure_id("member", agreement=made.agreement_id, period=made.period_id, line=line, member=party)
            if not restated and published and amount != now[party]:
                sheet.cell(row, 9, amount)
                self._one.taken.append(name)
            elif self.values.at(self.names.lines, f"I{row}") != now[party]:
                # two remainders that differ by less than the sheet can tell
                sheet.cell(row, 9, now[party])
                self.values.forget(self.names.lines, f"I{row}")
                self._one.taken.append(name)
            sheet.cell(row, 10, now[party] - amount if restated and published else 0)
            sheet.cell(row, 11, f"=I{row}-J{row}")
            sheet.cell(row, 12, amount if published else now[party])
            sheet.cell(row, 13, f'=IF(K{row}=L{row},"agrees","differs")')
            sheet.cell(row, 14, made.agreement_id)
            sheet.cell(row, 15, made.period_id)
            self._one.cells[name] = spot(self.names.lines, f"$I${row}")
            self._one.cells[f"amount:{name}"] = spot(self.names.lines, f"$K${row}")

    def _fill_own_lines(self) -> None:
        """Lines that are the members' own steps: what is held back, what is recouped."""
        made = self._one.made
        for line in ("condition", "recoup"):
            steps = {step.step_id: step for step in made.steps}
            own = [item for item in made.member_lines if item.line == line]
            for item in own:
                step = steps.get(f"{line}.{item.member_id}")
                now = 0 if step is None else int(step.exact)
                cell = 0 if step is None else Formula(f"={self._one.cells[step.reference]}")
                row = self.sheets[self.names.lines].max_row + 1
                self.put(
                    self.names.lines, line, item.member_id, None, None, None, None, None, None, cell,
                    now - item.amount_pence, Formula(f"=I{row}-J{row}"), item.amount_pence,
                    Formula(f'=IF(K{row}=L{row},"agrees","differs")'), made.agreement_id, made.period_id,
                )  # fmt: skip
                self._one.cells[f"amount:{item.figure_id}"] = spot(self.names.lines, f"$K${row}")


def place_of(one: Placed, figure: str) -> str | None:
    """The cell of a figure; a posting is the step that rounds it, or its difference; None where it is not here."""
    kind, *parts = figure.split(":")
    if kind == "posting":
        for step_id in (f"difference.{parts[-1]}", f"{parts[-1]}_posted"):
            name = figure_id("step", agreement=parts[0], period=parts[1], step=step_id)
            if name in one.cells:
                return one.cells[name]
        own = [item for item in one.made.member_lines if item.line == parts[-1]]
        return "+".join(one.cells[f"amount:{item.figure_id}"] for item in own) or None
    if kind == "member":
        return one.cells.get(f"amount:{figure}")
    if kind == "kpi" and figure.endswith(":score"):
        name = figure_id("step", agreement=parts[0], period=parts[2], step=f"score.{parts[1]}")
        return one.cells.get(name)
    found = [cell for (reference, _), cell in one.given.items() if reference == figure]
    return one.cells.get(figure) or (found[0] if found else None)
