"""The slow, obvious reader: what docs/reference/intake-rules.md and the two contracts say, character by character.

Written from the page and not from the product: no csv module, no Arrow, nothing shared with it but the lists of words and
formats that a page of rules cannot spell out. `refused` means that nothing of the file may be used; else every row is
either its values or `None`, where it cannot be read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

BINARY = (b"PK\x03\x04", b"PK\x05\x06", b"%PDF", b"MZ", b"\x1f\x8b", b"PAR1", b"BZh", b"\xd0\xcf\x11\xe0", b"Rar!")
SPACES = " \t\r\n"
HARD_SPACES = "\u00a0\u202f\u2007"
LONGEST, MOST_COLUMNS = 1000, 50
MISSING = ("NULL", "N/A", "-")
TOTALS = re.compile(r"(grand|sub|overall)?[ -]?totals?:?", re.IGNORECASE)
PEOPLE = re.compile(
    r"nhs|forename|surname|patient.?name|first.?name|full.?name|^name$|birth|\bdob\b|post.?code|address|mail|phone",
    re.I,
)
SHEET_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
OTHER_DATES = [
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%Y-%m-%dT%H:%M:%S",
]
OTHER_DATES += ["%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M"]
OTHER_DATES += ["%d/%m/%Y %H:%M:%S"]


class RefusedError(Exception):
    """The file as a whole."""


class BadCellError(Exception):
    """The row alone."""


@dataclass(frozen=True)
class Table:
    """What the reader is told of a feed: header -> kind (`text`, `free`, `count`, `money`, `day`), longest text."""

    columns: dict[str, str]
    longest: dict[str, int] = field(default_factory=dict)
    western: bool = False


# text -----------------------------------------------------------------------------------------------------


def text_of(data: bytes, western: bool) -> str:
    if not data or data.startswith(BINARY):
        raise RefusedError
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be"
        text = decoded(data[2:], order)
        if text is None:
            raise RefusedError
    else:
        if re.match(rb"\s*<(!doctype|html|\?xml|head|body|script)", data[:4096], re.IGNORECASE):
            raise RefusedError
        if data[:3] == b"\xef\xbb\xbf":
            data = data[3:]
        text = decoded(data, "utf-8")
        if text is None:
            # another code page may be agreed, but not line by line
            some_utf8 = any(decoded(line, "utf-8") is not None and not line.isascii() for line in data.split(b"\n"))
            text = decoded(data, "cp1252") if western and not some_utf8 else None
        if text is None:
            raise RefusedError
    if "\x00" in text:
        raise RefusedError
    return text


def decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def records_of(text: str) -> list[list[str]]:
    """Records of comma-separated text; an empty line is an empty record."""
    records: list[list[str]] = []
    record: list[str] = []
    cell: list[str] = []
    state = "start"
    at = 0
    while at < len(text):
        sign = text[at]
        at += 1
        if state == "quoted":
            if sign == '"':
                state = "closed"
            else:
                cell.append(sign)
            continue
        if sign in "\r\n":
            if sign == "\r" and text[at : at + 1] == "\n":
                at += 1
            records.append([] if state == "start" and not record else [*record, "".join(cell)])
            record, cell, state = [], [], "start"
        elif sign == ",":
            record.append("".join(cell))
            cell, state = [], "start"
        elif sign == '"':
            if state == "start":
                state = "quoted"
            elif state == "closed":
                cell.append('"')
                state = "quoted"
            else:
                raise RefusedError
        elif state == "closed":
            raise RefusedError
        else:
            cell.append(sign)
            state = "plain"
    if state == "quoted":
        raise RefusedError
    if record or state != "start":
        records.append([*record, "".join(cell)])
    return records


# shape ----------------------------------------------------------------------------------------------------


def trimmed(cell: str) -> str:
    return cell.strip(" \t\ufeff" + HARD_SPACES)


def plain_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).replace("_", " ").split()).casefold()


def rows_of(data: bytes, table: Table) -> list[dict[str, str]]:
    """Text of every row by the header of its column."""
    text = text_of(data, table.western)
    if re.split("[\r\n]", text, maxsplit=1)[0].count(",") >= MOST_COLUMNS:
        raise RefusedError
    records = records_of(text)
    if not records or not any(map(trimmed, records[0])):
        raise RefusedError
    header = records[0]
    names = [plain_name(name) for name in header]
    if len(set(names)) != len(names) or any(len(name) > LONGEST for name in header):
        raise RefusedError
    places = {}
    for name in table.columns:
        if plain_name(name) not in names:
            raise RefusedError
        places[name] = names.index(plain_name(name))
    rows = [record for record in records[1:] if record]
    for row in rows:
        if len(row) != len(header) or any(len(cell) > LONGEST for cell in row):
            raise RefusedError
        if [trimmed(cell) for cell in row] == [trimmed(name) for name in header]:
            raise RefusedError
    for place in set(range(len(header))) - set(places.values()):
        guard_unknown(header[place], [trimmed(row[place]) for row in rows])
    for row in rows[-3:]:
        for name, kind in table.columns.items():
            if kind != "free" and TOTALS.fullmatch(trimmed(row[places[name]])):
                raise RefusedError
    return [{name: row[place] for name, place in places.items()} for row in rows]


def guard_unknown(name: str, cells: list[str]) -> None:
    """A column nobody declared is left out, unless it could tell who people are."""
    filled = [cell for cell in cells if cell]
    like = [cell for cell in filled if is_postcode(cell) or is_nhs_number(cell)]
    if PEOPLE.search(name) or (filled and len(like) * 10 >= len(filled)):
        raise RefusedError


def is_postcode(cell: str) -> bool:
    return re.fullmatch("[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}", cell.upper()) is not None


def is_nhs_number(cell: str) -> bool:
    digits = cell.replace(" ", "").replace("-", "")
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == int(digits[9])


def names_somebody(text: str) -> bool:
    """Whether a word of the text is an NHS number, in one piece or with gaps, or has the shape of a postcode."""
    postcode = r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]?[ \xa0]?[0-9][A-Za-z]{2}"
    gapped = r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"
    for start in range(len(text)):
        for end in range(start + 5, min(start + 12, len(text)) + 1):
            beside = text[max(start - 1, 0) : start] + text[end : end + 1]
            if any(sign.isascii() and sign.isalnum() for sign in beside):
                continue
            word = text[start:end]
            if re.fullmatch(postcode, word) or (re.fullmatch(gapped, word, re.ASCII) and is_nhs_number(word)):
                return True
    return False


# cells ----------------------------------------------------------------------------------------------------


def value_of(cell: str, name: str, table: Table) -> object:
    """The value of a cell, None for a blank one."""
    kind = table.columns[name]
    text = cell.strip(SPACES).strip(SPACES + HARD_SPACES)
    if text == "" or (kind == "count" and text in MISSING):
        return None
    for sign in text:
        if unicodedata.category(sign) in ("Cf", "Zl", "Zp") or (
            unicodedata.category(sign) == "Cc" and sign not in "\t\r\n"
        ):
            raise BadCellError
        # fillers, and the one place among the invisible ones that nothing has been put in yet
        if sign in "\u034f\u115f\u1160\u3164\uffa0\u2065":
            raise BadCellError
    if kind == "count":
        return count_of(text)
    if kind == "money":
        return money_of(text)
    if kind == "day":
        return day_of(text)
    if kind == "text" and (text in SHEET_ERRORS or re.fullmatch("##+", text)):
        raise BadCellError
    if kind == "text" and re.fullmatch(r"-?[0-9](\.[0-9]+)?E\+[0-9]{2,}", text, re.ASCII):
        raise BadCellError
    if len(text) > table.longest.get(name, LONGEST):
        raise BadCellError
    return text


def count_of(text: str) -> int:
    digits = text.removeprefix("-")
    if not digits or any(sign not in "0123456789" for sign in digits) or len(digits) > 18:
        raise BadCellError
    if digits[0] == "0" and text != "0":
        raise BadCellError
    return int(text)


def money_of(text: str) -> Decimal:
    """Pounds and pence; a tail of binary arithmetic is taken off, anything else that is finer is not an amount."""
    whole, point, pence = text.removeprefix("-").partition(".")
    if not whole or any(sign not in "0123456789" for sign in whole + pence) or (point and not pence):
        raise BadCellError
    if (whole[0] == "0" and whole != "0") or len(text) >= 60 or len(whole) > 16:
        raise BadCellError
    scaled = int(whole + pence)
    unit = 10 ** len(pence)
    # half a penny goes away from zero
    rounded = (scaled * 100 * 2 + unit) // (2 * unit)
    distance = abs(rounded * unit - scaled * 100)
    if distance and (len(pence) < 9 or distance * 10**7 > unit * 100):
        raise BadCellError
    if rounded >= 10**18:
        raise BadCellError
    return Decimal(-rounded if text.startswith("-") else rounded).scaleb(-2)


def day_of(text: str) -> date:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        try:
            return date(int(text[:4]), int(text[5:7]), int(text[8:]))
        except ValueError:
            pass
    for other in OTHER_DATES:
        try:
            datetime.strptime(text, other)  # noqa: DTZ007
        except ValueError:
            continue
        # one date written otherwise: days and months of the others may be swapped
        raise RefusedError
    raise BadCellError


def second_header(row: dict[str, str], table: Table) -> bool:
    """Whether words stand in every number and day of a row."""
    filled = []
    for name, kind in table.columns.items():
        text = row[name].strip(SPACES + HARD_SPACES)
        if kind in ("text", "free") or not text or (kind == "count" and text in MISSING):
            continue
        filled.append(text)
    words = [text for text in filled if re.match(r"[^\W\d_]{2}|\(?[A-Za-z%£]", text)]
    words = [text for text in words if text.casefold() not in ("nan", "inf", "infinity") and not is_some_date(text)]
    return len(filled) >= 2 and len(words) == len(filled)


def is_some_date(text: str) -> bool:
    try:
        day_of(text)
    except RefusedError:
        return True
    except BadCellError:
        return False
    return True


def read(data: bytes, table: Table) -> list[tuple[object, ...] | None]:
    """Values of every row in the table's own order of columns, None for a row that cannot be read."""
    rows = rows_of(data, table)
    if rows and second_header(rows[0], table):
        raise RefusedError
    made: list[tuple[object, ...] | None] = []
    for row in rows:
        values: list[object] = []
        readable = True
        for name in table.columns:
            try:
                values.append(value_of(row[name], name, table))
            except BadCellError:
                readable = False
        made.append(tuple(values) if readable else None)
    return made
