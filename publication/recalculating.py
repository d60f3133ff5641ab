"""A settlement as a workbook that computes itself: every step a live formula on the cells it uses.

Belongs here: the sheets of the challenge pack's workbook. Not here: what else a pack holds (`pack`), the public
workbook (`workbook`), the arithmetic (the statement's own formulas, `settlement.spreadsheet`).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.figures import figure_id
from foundation.tables import lasting_workbook
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
ABOUT, GIVEN, LEDGER, STEPS, LINES = "About", "Given", "Ledger", "Steps", "Lines"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _text(value: object) -> str:
    text = str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def number_cell(value: Fraction) -> object:
    """A cell with the number: its digits where they end within those a cell has, else the division itself."""
    digits = render(value)
    if Fraction(digits) == value and len(digits.as_tuple().digits) <= 15:
        return int(digits) if digits == digits.to_integral_value() else float(digits)
    return f"={value.numerator}/{value.denominator}"


class _Workbook:
    """The sheets under construction, and where each number of the statement stands."""

    def __init__(self, terms: Terms, made: Settlement, ledger: Sequence[Mapping[str, Any]]) -> None:
        from openpyxl import Workbook

        self.terms, self.made = terms, made
        self.book = Workbook()
        self.book.properties.creator = "Outturn"
        self.book.remove(self.book.worksheets[0])
        self.sheets = {name: self.book.create_sheet(name) for name in (ABOUT, GIVEN, LEDGER, STEPS, LINES)}
        self.cells: dict[str, str] = {}
        self.given: dict[tuple[str, Fraction], str] = {}
        self.ledger = [
            row for row in ledger if (row["agreement_id"], row["period_id"]) == (made.agreement_id, made.period_id)
        ]

    def head(self, sheet: str, *names: str) -> None:
        from openpyxl.styles import Font

        self.sheets[sheet].append(list(names))
        for cell in self.sheets[sheet][self.sheets[sheet].max_row]:
            cell.font = Font(bold=True)

    def put(self, sheet: str, *values: object) -> int:
        """Append a row; its number. Texts never run as formulas; formulas are given as `Formula`."""
        self.sheets[sheet].append([
            value.text if isinstance(value, _Formula) else _text(value) if isinstance(value, str) else value
            for value in values
        ])  # fmt: skip
        return int(self.sheets[sheet].max_row)

    # --- what comes from outside

    def fill_ledger(self) -> None:
        self.head(LEDGER, "member_id", "month", "line_id", "category", "amount_pence")
        for row in self.ledger:
            names = ("member_id", "month", "line_id", "category")
            self.put(LEDGER, *(str(row[name]) for name in names), int(row["amount_pence"]))

    def cell_of(self, name: str, source: Given | Step) -> str:
        """Where a number stands; a given one is put there when it is first used."""
        if isinstance(source, Step):
            return self.cells[source.reference]
        if source.reference.startswith("member:") and source.reference in self.cells:
            return self.cells[source.reference]
        key = (source.reference, source.exact)
        if key not in self.given:
            number = number_cell(source.exact)
            if source.reference.startswith("ledger:") and (summed := self._book_of(source)) is not None:
                number = summed
            shown = _Formula(number) if isinstance(number, str) else number
            row = self.put(GIVEN, name.replace("_", " "), source.reference, shown, source.unit)
            self.given[key] = f"{GIVEN}!$C${row}"
        return self.given[key]

    def _book_of(self, source: Given) -> str | None:
        """A member's open book as a sum over the ledger's rows; None where they do not come to what was settled."""
        member = source.reference.rpartition(":")[2]
        cost = self.terms.finance.shared_cost
        counted = () if cost is None else cost.actual_cost.categories
        rows = [row for row in self.ledger if row["member_id"] == member and row["category"] in counted]
        if sum(row["amount_pence"] for row in rows) != source.exact:
            return None
        last = max(len(self.ledger) + 1, 2)
        parts = [
            f'SUMIFS({LEDGER}!$E$2:$E${last},{LEDGER}!$A$2:$A${last},"{member}",{LEDGER}!$D$2:$D${last},"{category}")'
            for category in counted
        ]
        return "=" + "+".join(parts)

    # --- steps

    def fill_steps(self) -> None:
        self.head(GIVEN, "what", "reference", "value", "unit")
        self.head(STEPS, "step", "what", "formula", "computed here", "unit", "as published", "agrees", "terms",
                  "figure_id")  # fmt: skip
        self.head(LINES, "line", "party", "weight", "limit", "exact part", "whole pence", "left over", "rank",
                  "part in pence", "posted before", "amount in pence", "as published", "agrees")  # fmt: skip
        for step in self.made.steps:
            names = {name: self.cell_of(name, source) for name, source in step.uses}
            formula = "=" + as_spreadsheet(step.formula, names)
            row = self.sheets[STEPS].max_row + 1
            self.put(
                STEPS, f"{step.step_number}. {step.step_id}", step.label, f"{step.step_id} = {step.formula}",
                _Formula(formula), step.unit, float(step.value),
                _Formula(f'=IF(ABS(D{row}-F{row})<{_CLOSE[step.unit]},"agrees","differs")'), step.terms_reference,
                step.figure_id,
            )  # fmt: skip
            self.cells[step.reference] = f"{STEPS}!$D${row}"
            if step.step_id.endswith("_posted"):
                self._share(step.step_id.removesuffix("_posted"), self.cells[step.reference], int(step.exact))

    # --- lines

    def _share(self, line: str, total: str, pence: int) -> None:
        """The members' parts of a line by largest remainder, under the members' limits where it is a loss."""
        terms = self.terms
        loss = terms.finance.loss if line == "loss" else None
        caps = member_caps(terms) if loss is not None else {}
        refill = bool(loss and loss.stop_loss and loss.stop_loss.excess_to == "other_members")
        members, sheet = terms.member_ids, self.sheets[LINES]
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
        sheet = self.sheets[LINES]
        published = {item.member_id: item.amount_pence for item in self.made.member_lines if item.line == line}
        restated = any(step.step_id == f"difference.{line}" for step in self.made.steps)
        rows = dict(enumerate(self.terms.member_ids, start=first))
        if RESIDUE in published or now[RESIDUE]:
            row = sheet.max_row + 1
            rows[row] = RESIDUE
            for place, value in ((1, line), (2, RESIDUE), (9, residue)):
                sheet.cell(row, place, value)
        for row, party in rows.items():
            amount = published.get(party, 0)
            if not restated and published and amount != now[party]:
                sheet.cell(row, 9, amount)
            sheet.cell(row, 10, now[party] - amount if restated and published else 0)
            sheet.cell(row, 11, f"=I{row}-J{row}")
            sheet.cell(row, 12, amount if published else now[party])
            sheet.cell(row, 13, f'=IF(K{row}=L{row},"agrees","differs")')
            name = figure_id(
                "member", agreement=self.made.agreement_id, period=self.made.period_id, line=line, member=party
            )
            self.cells[name] = f"{LINES}!$I${row}"
            self.cells[f"amount:{name}"] = f"{LINES}!$K${row}"

    def fill_own_lines(self) -> None:
        """Lines that are the members' own steps: what is held back, what is recouped."""
        for line in ("condition", "recoup"):
            steps = {step.step_id: step for step in self.made.steps}
            own = [item for item in self.made.member_lines if item.line == line]
            for item in own:
                step = steps.get(f"{line}.{item.member_id}")
                now = 0 if step is None else int(step.exact)
                cell = 0 if step is None else _Formula(f"={self.cells[step.reference]}")
                row = self.sheets[LINES].max_row + 1
                self.put(
                    LINES, line, item.member_id, None, None, None, None, None, None, cell, now - item.amount_pence,
                    _Formula(f"=I{row}-J{row}"), item.amount_pence, _Formula(f'=IF(K{row}=L{row},"agrees","differs")'),
                )  # fmt: skip
                self.cells[f"amount:{item.figure_id}"] = f"{LINES}!$K${row}"

    # --- the disputed figure

    def place_of(self, figure: str) -> str | None:
        """The cell of a figure; a posting is the step that rounds it, or its difference; None where it is not here."""
        kind, *parts = figure.split(":")
        if kind == "posting":
            for step_id in (f"difference.{parts[-1]}", f"{parts[-1]}_posted"):
                name = figure_id("step", agreement=parts[0], period=parts[1], step=step_id)
                if name in self.cells:
                    return self.cells[name]
            own = [item for item in self.made.member_lines if item.line == parts[-1]]
            return "+".join(self.cells[f"amount:{item.figure_id}"] for item in own) or None
        if kind == "member":
            return self.cells.get(f"amount:{figure}")
        if kind == "kpi" and figure.endswith(":score"):
            name = figure_id("step", agreement=parts[0], period=parts[2], step=f"score.{parts[1]}")
            return self.cells.get(name)
        found = [cell for (reference, _), cell in self.given.items() if reference == figure]
        return self.cells.get(figure) or (found[0] if found else None)

    def fill_about(self, figure: str, title: str, published: Decimal | None) -> None:
        from openpyxl.styles import Font

        self.sheets[ABOUT].append([title])
        self.sheets[ABOUT]["A1"].font = Font(bold=True, size=14)
        self.put(ABOUT, "Figure", figure)
        place = self.place_of(figure)
        if place is not None and published is not None:
            self.put(ABOUT, "Computed here", _Formula(f"={place}"))
            self.put(ABOUT, "As published", float(published))
            self.put(ABOUT, "Agrees", _Formula('=IF(ABS(B3-B4)<0.000001*MAX(1,ABS(B4)),"agrees","differs")'))
        last = len(self.made.steps) + 1
        self.put(ABOUT, "Steps that differ", _Formula(f'=COUNTIF({STEPS}!$G$2:$G${last},"differs")'))
        end = max(self.sheets[LINES].max_row, 2)
        self.put(ABOUT, "Parts of members that differ", _Formula(f'=COUNTIF({LINES}!$M$2:$M${end},"differs")'))
        for words in (
            f"Sheet {GIVEN}: every number that comes from outside: the terms, the KPI return, the decision log. Open "
            f"books are sums over the sheet {LEDGER}.",
            f"Sheet {STEPS}: every step of the statement as a live formula on the cells it uses.",
            f"Sheet {LINES}: each member's part, by largest remainder and under the agreed limits.",
            "Change a number and everything that follows from it changes. A score's formula is the straight line "
            "between the two levels its figure lies between, and a line of gain or loss is the one that was settled: "
            "past those, settle again.",
            "A spreadsheet counts with fifteen digits. What is paid is computed with exact fractions: outturn verify.",
        ):
            self.put(ABOUT, words)

    def content(self) -> bytes:
        for sheet in self.sheets.values():
            for letter, width in (("A", 30), ("B", 44), ("C", 40), ("D", 22), ("E", 18), ("F", 22)):
                sheet.column_dimensions[letter].width = width
        raw = io.BytesIO()
        self.book.save(raw)
        return lasting_workbook(raw.getvalue())


class _Formula:
    """A cell that is computed."""

    def __init__(self, text: str) -> None:
        self.text = text


def recalculating_workbook(
    terms: Terms,
    made: Settlement,
    ledger: Sequence[Mapping[str, Any]],
    figure: str,
    title: str,
    published: Decimal | None,
) -> bytes:
    """The workbook of one settlement, opened at one of its figures.

    made: the settlement computed again, so that its steps know what they used. published: the figure as it is printed,
    in the unit it is computed in; None where it is not a number of the settlement.
    """
    book = _Workbook(terms, made, ledger)
    book.fill_ledger()
    book.fill_steps()
    book.fill_own_lines()
    book.fill_about(figure, title, published)
    return book.content()
