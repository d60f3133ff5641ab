"""Expectations that judge a value by itself, asked once a value instead of once a row (docs/adr/0009).

Belongs here: which expectations these are, which values are still to be judged, what answers mean for the rows. Not
here: the asking (`expectations.runner`) and what is expected (`expectations.suites`).

Columns under the same expectation are judged together, and what was judged once in a process is remembered: whether
`2` is a code of sex does not depend on the file it stands in. Columns with many values, such as tokens, are not
remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from expectations.batch import derive, encode
from expectations.expectation import Expectation, Outcome
from foundation.canonical import canonical_json

_NOT_BLANK = "ExpectColumnValuesToNotBeNull"
OF_ONE_VALUE = frozenset(
    {
        _NOT_BLANK,
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToNotBeInSet",
        "ExpectColumnValuesToMatchRegex",
        "ExpectColumnValuesToBeBetween",
    }
)
# a column with more values than this is asked about anew each time
_REMEMBERED = 2_000
# questions kept in memory, and answers of one: windows of dates make new questions all the time, ids new values
_MOST_QUESTIONS, _MOST_ANSWERS = 2_000, 10_000
_KNOWN: dict[str, dict[Any, bool]] = {}


@dataclass
class Question:
    """One expectation, without its column, and the values it is to be asked about: arrays of several columns."""

    kind: str
    rule: str
    arguments: Mapping[str, Any]
    parts: list[Any] = field(default_factory=list)

    @property
    def values(self) -> Any:
        """All values, column after column."""
        return pa.concat_arrays(self.parts)

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)


@dataclass
class _Place:
    """Where an expectation's values stand: its question, the positions asked about, those known to be wrong."""

    expectation: Expectation
    key: str
    encoded: Any
    values: Any
    asked: Any
    wrong: list[int]
    start: int


class ByValue:
    """The expectations of a suite that judge values, as questions; `questions` are those that need an answer."""

    def __init__(self, table: Any, numbered: Sequence[tuple[int, Expectation]]) -> None:
        self.questions: dict[str, Question] = {}
        self._places: dict[int, _Place] = {}
        self._columns: dict[str, Any] = {}
        for number, item in numbered:
            if item.kind in OF_ONE_VALUE:
                self._places[number] = self._place(table, item)

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of the expectations that are answered here."""
        return frozenset(self._places)

    def _place(self, table: Any, item: Expectation) -> _Place:
        name = str(item.arguments["column"])
        if name not in self._columns:
            source = derive(table, item.derived) if item.derived is not None else table.column(name)
            self._columns[name] = encode(source)
        encoded = self._columns[name]
        values = encoded.dictionary
        if item.kind == _NOT_BLANK:
            values = _blankness(values)
        arguments = {key: value for key, value in item.arguments.items() if key not in ("column", "mostly")}
        key = canonical_json({"kind": item.kind, "type": str(values.type), "arguments": arguments}).decode()
        asked, wrong = list(range(len(values))), []
        if len(values) <= _REMEMBERED:
            known = _KNOWN.get(key, {})
            answers = [known.get(value) for value in values.to_pylist()]
            asked = [position for position, answer in enumerate(answers) if answer is None]
            wrong = [position for position, answer in enumerate(answers) if answer is False]
        question = self.questions.get(key) or Question(item.kind, item.rule, arguments)
        place = _Place(item, key, encoded, values, np.array(asked, dtype="int64"), wrong, len(question))
        if asked:
            question.parts.append(values.take(pa.array(asked)))
            self.questions[key] = question
        return place

    def outcomes(self, failing: Mapping[str, Sequence[int]]) -> dict[int, Outcome]:
        """Outcome of each expectation by number. failing: per question, the positions of the values that failed."""
        found = {}
        for number, place in self._places.items():
            positions = np.array(failing.get(place.key, ()), dtype="int64") - place.start
            failed = place.asked[positions[(positions >= 0) & (positions < len(place.asked))]].tolist()
            _remember(place, set(failed))
            found[number] = _outcome(place, [*place.wrong, *failed])
        return found


def _remember(place: _Place, failed: set[int]) -> None:
    if len(place.values) > _REMEMBERED or not len(place.asked):
        return
    if len(_KNOWN) >= _MOST_QUESTIONS:
        _KNOWN.clear()
    known = _KNOWN.setdefault(place.key, {})
    if len(known) < _MOST_ANSWERS:
        asked = place.asked.tolist()
        values = place.values.take(pa.array(place.asked)).to_pylist()
        known.update({value: position not in failed for position, value in zip(asked, values, strict=True)})


def _outcome(place: _Place, wrong: list[int]) -> Outcome:
    """What wrong values mean for the rows that hold them."""
    item = place.expectation
    if not wrong:
        return Outcome(item, True)
    codes = place.encoded.indices.to_numpy()
    blank = place.encoded.dictionary.is_null().to_numpy(zero_copy_only=False)[codes]
    rows = np.flatnonzero(blank if item.kind == _NOT_BLANK else np.isin(codes, wrong))
    if "mostly" in item.arguments:
        # a share is about the table: no row by itself breaks it
        filled = int(np.count_nonzero(~blank))
        enough = Fraction(filled - len(rows), filled) >= Fraction(item.arguments["mostly"])
        return Outcome(item, enough, (), len(rows))
    return Outcome(item, False, tuple(rows.tolist()), len(rows))


def _blankness(values: Any) -> Any:
    """What matters of values to an expectation about blanks: that there is a value, and that there is none."""
    blanks = values.null_count
    return pa.array([*(["filled"] if len(values) > blanks else []), *([None] if blanks else [])], pa.string())
