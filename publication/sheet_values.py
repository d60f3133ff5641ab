"""What the formulas of our own workbooks come to, computed here, and put beside them as the values a viewer shows.

Belongs here: the few functions our formulas use, on exact fractions; writing results into a workbook's bytes. Not here:
which formulas there are (`live_sheets`).

A viewer that does not compute (a preview, a mail programme, a reader in Python) shows what was stored last. Nothing is
stored that was not computed from the cells: that a formula comes to what was published is thereby tried before anybody
opens the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

Value = Fraction | str | bool | None
Cells = Callable[[str, str], Any]
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip
_BINDS = {**dict.fromkeys(_COMPARISONS, 1), "+": 2, "-": 2, "*": 3, "/": 3}
_PLACE = re.compile(r"(?:(?:'([^']+)'|(\w+))!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")
_STORED = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)><f>([^<]*)</f><v ?/></c>')


def half_up(value: Fraction, places: int = 0) -> Fraction:
    """Rounded, a half away from zero, as a spreadsheet's ROUND does."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole, 10**places) * (-1 if value < 0 else 1)


class SheetValues:
    """The values of a workbook's cells. A formula is computed when it is first asked for."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._known: dict[tuple[str, str], Value] = {}

    def at(self, sheet: str, place: str) -> Value:
        """The value of a cell; None for a blank one. ValueError for a formula of another kind than ours."""
        key = (sheet, place)
        if key not in self._known:
            held = self._book[sheet][place]
            self._known[key] = (
                _Formula(self, sheet, held.value).value() if held.data_type == "f" else _as_value(held.value)
            )
        return self._known[key]

    def forget(self, sheet: str, place: str) -> None:
        """Compute a cell anew when it is next asked for: it was written over, and nothing yet rests on it."""
        del self._known[(sheet, place)]

    def formulas(self) -> Iterator[tuple[str, str, Value]]:
        """(sheet, cell, value) of every formula."""
        for sheet in self._book.worksheets:
            for line in sheet.iter_rows():
                for cell in line:
                    if cell.data_type == "f":
                        yield sheet.title, cell.coordinate, self.at(sheet.title, cell.coordinate)


def _as_value(held: Any) -> Value:
    return Fraction(Decimal(repr(held))) if isinstance(held, (int, float)) and not isinstance(held, bool) else held


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class _Formula:
    """One formula: read from the left, by how strongly its signs bind."""

    def __init__(self, values: SheetValues, sheet: str, text: str) -> None:
        from openpyxl.formula import Tokenizer

        self._values, self._sheet, self._text = values, sheet, text
        self._tokens = [token for token in Tokenizer(text).items if token.type != "WHITE-SPACE"]
        self._next = 0

    def value(self) -> Value:
        made = _one(self._expression(0, wanted=True))
        if self._next != len(self._tokens):
            raise self._odd()
        return made

    def _odd(self) -> ValueError:
        return ValueError(f"the formula {self._text} holds what no formula of ours has")

    def _peek(self) -> Any:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _expression(self, least: int, *, wanted: bool) -> Any:
        """wanted: False for the branch of an IF that is not taken; it is read over, and divides by nothing."""
        left = self._operand(wanted=wanted)
        while (token := self._peek()) is not None and token.type == "OPERATOR-INFIX" and self._binds(token) > least:
            self._next += 1
            right = self._expression(_BINDS[token.value], wanted=wanted)
            if wanted:
                left = _each(partial(_applied, token.value), left, right)
        return left

    def _binds(self, token: Any) -> int:
        if token.value not in _BINDS:
            raise self._odd()
        return _BINDS[token.value]

    def _operand(self, *, wanted: bool) -> Any:
        token = self._peek()
        self._next += 1
        if token.type == "OPERATOR-PREFIX" and token.value == "-":
            found = self._expression(3, wanted=wanted)
            return _each(lambda a, _: -_number(a), found, None) if wanted else None
        if token.type == "PAREN" and token.subtype == "OPEN":
            found = self._expression(0, wanted=wanted)
            self._next += 1
            return found
        if token.type == "FUNC":
            return self._function(token.value.removesuffix("("), wanted=wanted)
        if token.type == "OPERAND" and token.subtype == "NUMBER":
            return Fraction(token.value)
        if token.type == "OPERAND" and token.subtype == "TEXT":
            return token.value[1:-1]
        if token.type == "OPERAND" and token.subtype == "RANGE":
            return self._range(token.value) if wanted else None
        raise self._odd()

    def _range(self, text: str) -> Any:
        found = _PLACE.fullmatch(text)
        if found is None:
            raise self._odd()
        sheet = found[1] or found[2] or self._sheet
        if found[5] is None:
            return self._values.at(sheet, f"{found[3]}{found[4]}")
        if found[3] != found[5]:
            raise self._odd()
        return [self._values.at(sheet, f"{found[3]}{row}") for row in range(int(found[4]), int(found[6]) + 1)]

    def _function(self, name: str, *, wanted: bool) -> Any:
        parts: list[Any] = []
        while True:
            # of an IF only the branch that is taken counts
            taken = wanted and (
                name != "IF" or not parts or (len(parts) == 1) == bool(parts[0])
            )  # fmt: skip
            parts.append(self._expression(0, wanted=taken))
            token = self._peek()
            self._next += 1
            if token.type == "FUNC":
                break
        if not wanted:
            return None
        if name == "IF":
            return parts[1] if parts[0] else parts[2]
        if name not in _FUNCTIONS:
            raise self._odd()
        return _FUNCTIONS[name](*parts)


def _one(value: Any) -> Value:
    if isinstance(value, list):
        raise ValueError("a cell holds one value")
    return value  # type: ignore[no-any-return]


def _number(value: Value) -> Fraction:
    # a blank cell counts as nought, a truth as one
    if isinstance(value, str):
        raise ValueError("a text is no number")
    return Fraction(value or 0)


def _applied(sign: str, left: Value, right: Value) -> Value:
    if sign in _COMPARISONS:
        if isinstance(left, str) or isinstance(right, str):
            # a text is above every number, and a blank cell is an empty text
            return _COMPARISONS[sign](*[(isinstance(one, str), one) for one in _blanks(left, right)])
        return _COMPARISONS[sign](_number(left), _number(right))
    a, b = _number(left), _number(right)
    return {"+": a.__add__, "-": a.__sub__, "*": a.__mul__, "/": a.__truediv__}[sign](b)


def _blanks(left: Value, right: Value) -> list[Value]:
    return ["" if one is None else one for one in (left, right)]


def _each(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A sign between ranges works cell by cell."""
    if isinstance(left, list):
        return [apply(one, right[n] if isinstance(right, list) else right) for n, one in enumerate(left)]
    return [apply(left, one) for one in right] if isinstance(right, list) else apply(left, right)


def _numbers(parts: tuple[Any, ...]) -> list[Fraction]:
    """Numbers of ranges and single values; blank cells, and texts of ranges, are passed over."""
    found: list[Fraction] = []
    for part in parts:
        if isinstance(part, list):
            found += [one for one in part if isinstance(one, Fraction)]
        elif part is not None:
            found.append(_number(part))
    return found


def _sum_product(*ranges: list[Value]) -> Fraction:
    total = Fraction(0)
    for values in zip(*ranges, strict=True):
        product = Fraction(1)
        for value in values:
            product *= value if isinstance(value, Fraction) else 0
        total += product
    return total


def _sum_ifs(amounts: list[Value], *criteria: Any) -> Fraction:
    pairs = list(zip(criteria[::2], criteria[1::2], strict=True))
    return sum(
        (_number(amount) for n, amount in enumerate(amounts) if all(cells[n] == wanted for cells, wanted in pairs)),
        Fraction(0),
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ABS": lambda a: abs(_number(a)),
    "AND": lambda *parts: all(parts),
    "COUNTIF": lambda cells, wanted: Fraction(sum(cell == wanted for cell in cells)),
    "INT": lambda a: Fraction(_number(a).__floor__()),
    "MAX": lambda *parts: max(_numbers(parts)),
    "MIN": lambda *parts: min(_numbers(parts)),
    "ROUND": lambda a, places: half_up(_number(a), int(places)),
    "SIGN": lambda a: Fraction((_number(a) > 0) - (_number(a) < 0)),
    "SUM": lambda *parts: sum(_numbers(parts), Fraction(0)),
    "SUMIFS": _sum_ifs,
    "SUMPRODUCT": _sum_product,
}


# --- into the file ------------------------------------------------------------------------------------------------


def stored_text(value: Value) -> tuple[str, str]:
    """A value as a cell's type and text: `n` and digits, `str` and a text, `b` and 0 or 1."""
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, str):
        return "str", value
    number = _number(value)
    return "n", str(int(number)) if number.denominator == 1 else repr(float(number))


def with_values(raw: bytes, book: Any, values: SheetValues) -> bytes:
    """The bytes of a saved workbook with every formula's value beside it. book: the same workbook, as it was saved."""
    made: dict[str, dict[str, Value]] = {}
    for sheet, place, value in values.formulas():
        made.setdefault(sheet, {})[place] = value
    files = {f"xl/worksheets/sheet{n}.xml": sheet.title for n, sheet in enumerate(book.worksheets, start=1)}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name in files:
                content = _stored(content, made.get(files[name], {}))
            target.writestr(name, content)
    return out.getvalue()


def _stored(content: bytes, values: Mapping[str, Value]) -> bytes:
    def filled(found: re.Match[bytes]) -> bytes:
        kind, text = stored_text(values[found[1].decode()])
        of_kind = b"" if kind == "n" else f' t="{kind}"'.encode()
        return (
            b'<c r="' + found[1] + b'"' + found[2] + of_kind + b"><f>" + found[3] + b"</f><v>"
            + escape(text).encode() + b"</v></c>"
        )  # fmt: skip

    return _STORED.sub(filled, content)
