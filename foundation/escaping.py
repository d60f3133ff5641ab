"""Text that a spreadsheet would run as a formula, written so that it stays text, and read back as it was.

Belongs here: which texts those are, and the mark in front of them, for CSV and workbooks of every room.
Not here: files.

The mark is one apostrophe. It is put before every text that begins with one of `FORMULA_STARTS`, apostrophes before
that first character or not, so that whoever takes one away from such a text has the text that was there, and no two
texts are written alike.
A plain number (`-12.5`) is left as it is: it runs nothing, and readers that know the column's type need its digits.
"""

from __future__ import annotations

import re

# the last four are the same signs at full width, which spreadsheets of some languages take for them
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_RUNS = re.compile("'*[" + re.escape("".join(FORMULA_STARTS)) + "]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")


def escaped(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return "'" + text if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def sheet_text(text: str) -> str:
    """The text as a cell of a workbook: what its format cannot hold left out, line ends as it reads them back."""
    return escaped(_UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def unescaped(cell: str) -> str:
    """The text that `escaped` made this cell of."""
    return cell[1:] if cell[:1] == "'" and _RUNS.match(cell) else cell
