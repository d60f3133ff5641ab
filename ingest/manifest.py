"""The manifest beside a submission: what the sender says the file is.

Belongs here: reading it and the names derived from it. Not here: comparing it with the file
(`ingest.receive`, `expectations.intake`).
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from foundation.canonical import content_id
from foundation.errors import Refused
from ingest.contract import ORGANISATION, ending_of

SUFFIX = ".manifest.json"
# a manifest is a few lines; more is not a manifest
MAXIMUM_BYTES = 100_000
# nine digits at most, so that none can be an NHS number when a finding repeats it; a size is not repeated
_MOST_ROWS = 999_999_999
_MOST_BYTES = 99_999_999_999
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Covers(_Part):
    """Dates the submission covers, both included."""

    start: date = Field(alias="from")
    end: date = Field(alias="to")

    @field_validator("start", "end", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> date:
        if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
            raise ValueError("write dates as 2025-04-01")
        return date.fromisoformat(value)

    @model_validator(mode="after")
    def _ordered(self) -> Covers:
        if self.end < self.start:
            raise ValueError("covers ends before it starts")
        return self


class Manifest(_Part):
    """One submission as its sender describes it. Control totals are decimal text by canonical column."""

    feed: str = Field(min_length=1, max_length=60)
    organisation: str
    covers: Covers
    sequence: int = Field(ge=1, le=999_999)
    file: str = Field(min_length=1, max_length=255)
    sha256: str
    bytes: int = Field(ge=0, le=_MOST_BYTES)
    rows: int = Field(ge=0, le=_MOST_ROWS)
    control_totals: dict[str, str] = {}

    @field_validator("organisation")
    @classmethod
    def _code(cls, value: str) -> str:
        if not ORGANISATION.fullmatch(value):
            raise ValueError("not an organisation code")
        return value

    @field_validator("sha256")
    @classmethod
    def _hex(cls, value: str) -> str:
        if not _SHA256.fullmatch(value):
            raise ValueError("64 lower-case hexadecimal digits")
        return value

    @field_validator("control_totals")
    @classmethod
    def _plain(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(_PLAIN_DECIMAL.fullmatch(total) for total in value.values()):
            raise ValueError("write control totals as plain decimal text")
        return value

    def totals(self) -> dict[str, Decimal]:
        return {column: Decimal(total) for column, total in self.control_totals.items()}

    @property
    def expected_name(self) -> str:
        """File name the values of the manifest ask for; it ends as the file's own, where that is an ending we know."""
        return f"{self.feed}_{self.organisation}_{self.covers.start:%Y-%m}_v{self.sequence}{ending_of(self.file)}"

    def submission_id(self, sha256: str) -> str:
        """Identity of the submission whose bytes have this hash."""
        return content_id(
            {
                "feed": self.feed,
                "organisation": self.organisation,
                "covers": {"from": self.covers.start, "to": self.covers.end},
                "sequence": self.sequence,
                "sha256": sha256,
            }
        )


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _place(parts: tuple[int | str, ...]) -> str:
    """Where a manifest is wrong, in words of ours: a key nobody asked for may be anything, also somebody's name."""
    known = {"from", "to", *Manifest.model_fields}
    return (
        ".".join(part if part in known else "a key that does not belong there" for part in map(str, parts))
        or "manifest"
    )


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in JSON bytes. Refused with each problem's place; a message never holds a value."""
    mend = "write the manifest as described in docs/reference/contracts.md."
    if len(data) > MAXIMUM_BYTES:
        raise Refused("the manifest is too large to be one.", mend)
    try:
        raw = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_twins)
        return Manifest.model_validate(raw)
    except ValidationError as error:
        places = sorted({_place(item["loc"]) for item in error.errors()})
        raise Refused(f"the manifest is wrong at: {', '.join(places)}.", mend) from None
    except (ValueError, RecursionError):
        raise Refused("the manifest is not a JSON object with each key once.", mend) from None


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file; Refused if it cannot be read as one."""
    try:
        with path.open("rb") as handle:
            data = handle.read(MAXIMUM_BYTES + 1)
    except OSError:
        raise Refused("the manifest cannot be read.", "put it beside its file and let intake read it.") from None
    return parse_manifest(data)
