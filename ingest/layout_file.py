"""From canonical rows to the bytes a sender would write: the way back of `ingest.conform`.

Belongs here: writing rows under a layout's names, date format, codes and units; the empty template. Not here: what the
rows hold (`ingest.sample`, `ingest.identity.pseudonymise`) and reading them again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from foundation.canonical import plain_decimal
from foundation.errors import WrongUsage
from foundation.tables import lasting_workbook
from ingest.contract import DATE_FORMATS, Contract, Layout

# longer than any amount of a contract
_DIGITS = 120
# a spreadsheet's format of a cell whose content is left as it was typed
_TEXT = "@"


def sent_text(value: Any, name: str, layout: Layout) -> str:
    """A canonical value as the layout writes it; blank for None.

    WrongUsage when the layout has no code for it: nothing stands for something else.
    """
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(DATE_FORMATS[layout.dateFormat])
    if name in layout.units:
        return _in_their_unit(value, layout.units[name].factor)
    if name in layout.codes:
        theirs = [sent for sent, ours in layout.codes[name].items() if ours == value]
        if not theirs:
            raise WrongUsage(
                f"the layout has no code for a value of {name}.", "add it to the crosswalk in the data contract."
            )
        return theirs[0]
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def _in_their_unit(value: Decimal | int, factor: str) -> str:
    with localcontext(prec=_DIGITS):
        theirs = (Decimal(value) / Decimal(factor)).normalize()
        if theirs * Decimal(factor) != value:
            raise WrongUsage("an amount has no exact value in the layout's unit.", "choose another factor.")
        return plain_decimal(theirs)


def file_bytes(columns: Mapping[str, Sequence[Any]], contract: Contract, layout: Layout) -> bytes:
    """Rows as a file of a layout: UTF-8, the contract's delimiter, quoted where needed, nothing else changed.

    columns: canonical name -> values; what the layout never sends is left out, and each column it sends must be there.
    """
    names = contract.layout_names(layout)
    texts = [[sent_text(value, name, layout) for value in columns[name]] for name in names]
    return _csv([list(names.values()), *zip(*texts, strict=True)], contract)


def template_bytes(contract: Contract, layout: Layout) -> bytes:
    """A file of a layout without rows: its header alone."""
    return _csv([list(contract.layout_names(layout).values())], contract)


def template_workbook(contract: Contract, layout: Layout) -> bytes:
    """The same as a workbook, for who fills it in by hand: its one sheet, the header, every cell below it text.

    What is typed into a cell of text stays as it was typed: no code loses its zeros and no month becomes a date.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.properties.creator = "Outturn"
    sheet = book.worksheets[0]
    sheet.title = contract.custom.worksheet or "rows"
    names = list(contract.layout_names(layout).values())
    sheet.append(names)
    for number, name in enumerate(names, start=1):
        sheet.cell(1, number).font = Font(bold=True)
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width, column.number_format = max(12, len(name) + 2), _TEXT
    sheet.freeze_panes = "A2"
    raw = io.BytesIO()
    book.save(raw)
    return lasting_workbook(raw.getvalue())


def _csv(records: Sequence[Sequence[str]], contract: Contract) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=contract.custom.delimiter, lineterminator="\n").writerows(records)
    return buffer.getvalue().encode()
