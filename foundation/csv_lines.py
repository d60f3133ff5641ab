"""Writing CSV with LF at the end of a line, so that any text comes back.

Belongs here: the quotes. Not here: what a cell says (`tables`), which texts are escaped (`escaping`).

Python before 3.13 puts a cell in quotes only where it holds a character of the line's own end: with LF alone a carriage
return inside a text would stand bare, and readers would take it for the end of the line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """The lines as CSV: comma, LF, quotes where a cell needs them."""
    found = io.StringIO(newline="")
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\r\n")
    for cells in lines:
        writer.writerow(cells)
        found.write(line.getvalue()[:-2] + "\n")
        line.seek(0)
        line.truncate()
    return found.getvalue()
