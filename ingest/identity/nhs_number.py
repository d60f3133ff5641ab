"""NHS numbers: what a text given as one is, and the ten digits when it is one.

Belongs here: taking off what people and spreadsheets add, the check digit, ranges and placeholders. Not here: what
becomes of the number (`ingest.identity.tokenise`). A verdict is a word; the text judged is in none of them.
Sources: NHS Data Dictionary (NHS NUMBER: modulus 11), and the ranges issued in the United Kingdom and Ireland.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

VALID = "valid"
TEST_RANGE = "valid_test_range"
MISSING = "missing"
PLACEHOLDER = "reject_placeholder"
RANGE = "reject_range"
MANGLED = "reject_mangled"
CHARSET = "reject_charset"
LENGTH = "invalid_length"
CHECKSUM = "invalid_checksum"
# a patient of another country of the United Kingdom: a number, but none that England's systems can trace
SCOTLAND = "out_of_area_chi"
NORTHERN_IRELAND = "out_of_area_hcn"
VERDICTS = (
    VALID,
    TEST_RANGE,
    MISSING,
    PLACEHOLDER,
    RANGE,
    MANGLED,
    CHARSET,
    LENGTH,
    CHECKSUM,
    SCOTLAND,
    NORTHERN_IRELAND,
)

_FILLING = re.compile("[ \t\r\n\u00a0\u202f\u2007\u2010-\u2015-]")
_WORDS_FOR_MISSING = frozenset({"", "null", "n/a", "na", "nan", "none", "nil", "unknown", "not known"})
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
# a number that went through a spreadsheet's floating point: exact with `.0`, lost in scientific notation
_EXACT_FLOAT = re.compile(r"([0-9]+)\.0+", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+", re.ASCII)
_WEIGHTS = np.arange(10, 1, -1)


def judge(text: str | None) -> tuple[str | None, str]:
    """The ten digits (None unless they are a number of England, Wales or the test range) and the verdict."""
    if text is None:
        return None, MISSING
    trimmed = text.strip().removeprefix("'")
    if trimmed.casefold().strip() in _WORDS_FOR_MISSING:
        return None, MISSING
    if _SCIENTIFIC.fullmatch(trimmed):
        return None, MANGLED
    if exact := _EXACT_FLOAT.fullmatch(trimmed):
        trimmed = exact[1]
    plain = _FILLING.sub("", trimmed)
    if plain == "":
        return None, MISSING
    if not _DIGITS.fullmatch(plain):
        return None, CHARSET
    if not _TEN_DIGITS.fullmatch(plain):
        # nine digits may have lost a leading zero, or any other: nothing is filled up
        return None, LENGTH
    digits = [int(sign) for sign in plain]
    if len(set(digits)) == 1:
        return None, PLACEHOLDER
    if 11 - sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11 not in (
        digits[9],
        digits[9] + 11,
    ):
        return None, CHECKSUM
    verdict = _range_of(plain)
    return (plain if verdict in (VALID, TEST_RANGE) else None), verdict


def _range_of(digits: str) -> str:
    """Verdict on a number whose check digit is right, by the range it lies in."""
    first, three = digits[0], int(digits[:3])
    if first in "467":
        return VALID
    if first == "9":
        return TEST_RANGE
    if 10 <= three <= 311:
        # a Community Health Index number starts with the date of birth, DDMMYY
        return SCOTLAND if 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12 else RANGE
    return NORTHERN_IRELAND if 320 <= three <= 399 else RANGE


def judge_all(texts: Sequence[str | None] | Any) -> tuple[list[str | None], list[str]]:
    """`judge` of many texts (a sequence or an Arrow string array), each distinct text once.

    Ten plain digits in the ranges of England and Wales, nearly all there are, are checked together.
    """
    column = texts if isinstance(texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(texts), pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not len(column):
        return [], []
    encoded = column.dictionary_encode("encode")
    distinct = encoded.dictionary
    answers: list[tuple[str | None, str] | None] = [None] * len(distinct)
    usual = pc.match_substring_regex(distinct, "^[467][0-9]{9}$").fill_null(False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(usual)
    if len(rows):
        numbers = distinct.take(pa.array(rows)).to_pylist()
        digits = np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8).reshape(-1, 10).astype(np.int64) - 48
        # 11 - remainder: 11 is written as 0; 10 has no digit and so never equals one
        right = (11 - digits[:, :9] @ _WEIGHTS % 11) % 11 == digits[:, 9]
        repeated = (digits == digits[:, :1]).all(axis=1)
        for row, number, good, same in zip(rows.tolist(), numbers, right.tolist(), repeated.tolist(), strict=True):
            answers[row] = (None, PLACEHOLDER) if same else (number, VALID) if good else (None, CHECKSUM)
    others = np.flatnonzero(~usual)
    for row, text in zip(others.tolist(), distinct.take(pa.array(others)).to_pylist(), strict=True):
        answers[row] = judge(text)
    found = [answers[row] or judge(None) for row in encoded.indices.to_pylist()]
    return [number for number, _ in found], [verdict for _, verdict in found]
