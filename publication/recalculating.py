"""A settlement as a workbook that computes itself, opened at one disputed figure.

Belongs here: the challenge pack's workbook. Not here: what else a pack holds (`pack`), its live sheets
(`live_sheets`), the statement of a release (`statement_workbook`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from publication.live_sheets import Formula, LiveSheets, Names, number_cell, place_of
from settlement.engine import Settlement
from settlement.terms import Terms

ABOUT = "About"
NAMES = Names(given="Given", ledger="Ledger", steps="Steps", lines="Lines")


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
    from openpyxl.styles import Font

    sheets = LiveSheets(NAMES, ABOUT)
    one = sheets.add(terms, made, ledger)
    sheets.put(ABOUT, title)
    sheets.sheets[ABOUT]["A1"].font = Font(bold=True, size=14)
    sheets.put(ABOUT, "Figure", figure)
    place = place_of(one, figure)
    if place is not None and published is not None:
        sheets.put(ABOUT, "Computed here", Formula(f"={place}"))
        sheets.put(ABOUT, "As published", float(published))
        sheets.put(ABOUT, "Agrees", Formula('=IF(ABS(B3-B4)<0.000001*MAX(1,ABS(B4)),"agrees","differs")'))
    for words, sheet, column, (first, last) in (
        ("Steps that differ", NAMES.steps, "G", one.step_rows),
        ("Parts of members that differ", NAMES.lines, "M", one.line_rows),
    ):
        sheets.put(ABOUT, words, Formula(f'=COUNTIF({sheet}!${column}${first}:${column}${last},"differs")'))
    for words in (
        f"Sheet {NAMES.given}: every number that comes from outside: the terms, the KPI return, the decision log. Open "
        f"books are sums over the sheet {NAMES.ledger}.",
        f"Sheet {NAMES.steps}: every step of the statement as a live formula on the cells it uses.",
        f"Sheet {NAMES.lines}: each member's part, by largest remainder and under the agreed limits.",
        "Change a number and everything that follows from it changes. A score's formula is the straight line "
        "between the two levels its figure lies between, and a line of gain or loss is the one that was settled: "
        "past those, settle again.",
        "A spreadsheet counts with fifteen digits. What is paid is computed with exact fractions: outturn verify.",
    ):
        sheets.put(ABOUT, words)
    return sheets.content()


__all__ = ["number_cell", "recalculating_workbook"]
