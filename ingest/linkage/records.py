"""Records as the passes and the model see them: cleaned, and blank where nothing is known.

Belongs here: the fields a record may have, taking off what people add, placeholders. Not here: comparing two records
(`ingest.linkage.likeness`). A field that is absent, blank or a placeholder is unknown: it says nothing for or against.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa

from foundation.errors import WrongUsage
from ingest.identity import nhs_number

RECORD_ID, SOURCE = "record_id", "source"
# other_id: a number whose scheme has no check we know; it is evidence, and never proof
FIELDS = (
    "nhs_number", "other_id", "forename", "surname", "date_of_birth", "sex", "postcode", "address", "town", "email",
)  # fmt: skip
_NO_NAME_TEXT = """
ANON ANONYMOUS BABY BABYBOY BABYGIRL BABYOF BABYONE BABYTWO BOY CHILD DR DUMMY FEMALE FETUS FOETUS GIRL INFANT MALE
MASTER MISS MR MRS MS NA NAMEUNKNOWN NEWBORN NIL NK NONAME NONE NOTAVAILABLE NOTGIVEN NOTKNOWN NOTRECORDED NOTSTATED
PATIENT REDACTED TEST TESTPATIENT TRIPLET TWIN TWINA TWINB TWINI TWINII TWINONE TWINTWO UNKNOWN UNKNOWNNAME UNNAMED
WITHHELD XX XXX XXXX
"""
_NO_NAME = frozenset(_NO_NAME_TEXT.split())
# dates that systems write where none is known, and their counterparts at the far end
_NO_DATES = frozenset(
    f"{year}{day}" for year in ("1800", "1850", "1899", "1900", "1901", "9999") for day in ("0101", "1231")
) | {"18991230", "19000102", "19700101", "11111111", "22222222"}
_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_EARLIEST = 1875
# one person's birthday is mistyped now and then, not so often
_BIRTHDAYS = 4
_LETTERS = re.compile("[^A-Z]")
_WORDS = re.compile("[^A-Z0-9]+")
_SEXES = {"M": "M", "MALE": "M", "1": "M", "F": "F", "FEMALE": "F", "2": "F"}
_NUMBERED_BABY = re.compile(r"(?:BABY|TWIN|TRIPLET|INFANT|BOY|GIRL)[0-9IVXAB]*", re.ASCII)


@dataclass(frozen=True)
class Person:
    """One record, cleaned; None is unknown. `born` is YYYYMMDD; `number` is a valid NHS number."""

    record_id: str
    source: str
    number: str | None
    other_id: str | None
    forename: str | None
    surname: str | None
    born: str | None
    sex: str | None
    postcode: str | None
    address: str | None
    town: str | None
    email: str | None


def people_of(table: Any, *, test_numbers: bool = False) -> list[Person]:
    """The records of an Arrow table, sorted by source and id.

    Columns: `record_id` and any of FIELDS, `source` if there are several; text, a date of birth may be a date.
    WrongUsage for other columns, or an id that is blank or given twice.
    """
    names = table.column_names
    unknown = set(names) - {RECORD_ID, SOURCE, *FIELDS}
    if RECORD_ID not in names or unknown:
        raise WrongUsage(
            f"the records to link have {'no record_id' if RECORD_ID not in names else f'a column {min(unknown)}'}.",
            f"name the columns record_id and any of {', '.join(FIELDS)}.",
        )
    count = table.num_rows
    columns = {
        name: table.column(name).to_pylist() if name in names else [None] * count
        for name in (RECORD_ID, SOURCE, *FIELDS)
    }
    numbers, verdicts = nhs_number.judge_all([_text(value) for value in columns["nhs_number"]])
    found = []
    for place in range(count):
        number = numbers[place]
        if verdicts[place] == nhs_number.TEST_RANGE and not test_numbers:
            number = None
        value = {name: cells[place] for name, cells in columns.items()}
        found.append(
            Person(
                _text(value[RECORD_ID]) or "",
                _text(value[SOURCE]) or "",
                number,
                _other_id(_text(value["other_id"])),
                name_of(_text(value["forename"])),
                name_of(_text(value["surname"])),
                born_of(value["date_of_birth"]),
                _SEXES.get((_text(value["sex"]) or "").strip().upper()),
                _postcode(_text(value["postcode"])),
                _plain(_text(value["address"])),
                _plain(_text(value["town"])),
                _email(_text(value["email"])),
            )
        )
    found = _without_shared_numbers(found)
    found.sort(key=lambda one: (one.source, one.record_id))
    keys = [(one.source, one.record_id) for one in found]
    if len(set(keys)) != len(keys) or any(not key for _, key in keys):
        raise WrongUsage(
            "records to link have no id, or one that is given twice.", "give each record an id of its own."
        )
    return found


def _without_shared_numbers(people: list[Person]) -> list[Person]:
    """The records without numbers that people of several birthdays have: such a number is nobody's."""
    born: dict[tuple[str, str], set[str]] = {}
    for one in people:
        for kind, value in (("number", one.number), ("other_id", one.other_id)):
            if value is not None and one.born is not None:
                born.setdefault((kind, value), set()).add(one.born)
    shared = {key for key, days in born.items() if len(days) > _BIRTHDAYS}

    def believed(kind: str, value: str | None) -> str | None:
        return None if value is None or (kind, value) in shared else value

    return [
        replace(one, number=believed("number", one.number), other_id=believed("other_id", one.other_id))
        for one in people
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def name_of(text: str | None) -> str | None:
    """A name in capitals without accents and signs; None for none and for what stands where none is known."""
    plain = _unaccented(text)
    letters = _LETTERS.sub("", plain)
    # TWIN 1 and BABY2, whose digits are gone from the letters
    if not letters or letters in _NO_NAME or _NUMBERED_BABY.fullmatch(_WORDS.sub("", plain)):
        return None
    return letters if len(set(letters)) > 1 or len(letters) == 1 else None


def _unaccented(text: str | None) -> str:
    return unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode().upper()


def born_of(value: Any) -> str | None:
    """A date of birth as YYYYMMDD; None where it is no date, or one that is written when none is known."""
    matched = _ISO.fullmatch(value.isoformat() if isinstance(value, date) else str(value or "").strip())
    if matched is None or "".join(matched.groups()) in _NO_DATES or int(matched[1]) < _EARLIEST:
        return None
    try:
        date(int(matched[1]), int(matched[2]), int(matched[3]))
    except ValueError:
        return None
    return "".join(matched.groups())


def _other_id(text: str | None) -> str | None:
    plain = _WORDS.sub("", _unaccented(text))
    runs = plain in "01234567890123456789" or plain in "98765432109876543210"
    return None if len(plain) < 4 or len(set(plain)) == 1 or (runs and plain.isdigit()) else plain


def _postcode(text: str | None) -> str | None:
    plain = _WORDS.sub("", _unaccented(text))
    # ZZ99: the National Statistics codes of no fixed abode, unknown and abroad
    return None if len(plain) < 3 or len(set(plain)) == 1 or plain.startswith("ZZ99") else plain


@cache
def _plain(text: str | None) -> str | None:
    plain = _WORDS.sub(" ", _unaccented(text)).strip()
    return None if len(plain) < 2 or plain.replace(" ", "") in _NO_NAME | {"NFA", "NOFIXEDABODE"} else plain


def _email(text: str | None) -> str | None:
    plain = (text or "").strip().lower()
    return plain if plain.count("@") == 1 and not plain.startswith("@") else None


def as_table(people: list[Person]) -> Any:
    """The records as the model's columns, in their order; `row` numbers them from 0."""
    return pa.table(
        {
            "row": pa.array(range(len(people)), pa.int64()),
            "source": pa.array([one.source for one in people], pa.string()),
            **{
                name: pa.array([getattr(one, name) for one in people], pa.string())
                for name in ("other_id", "forename", "surname", "born", "sex", "postcode", "address", "town", "email")
            },
        }
    )
