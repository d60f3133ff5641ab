"""The place of a home of one's own: what its `place.yaml` says, read and held to its form.

Belongs here: the entries, and the place they make. Not here: making the home (`orchestration.new_home`), demo places.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foundation.errors import Refused
from places.base import Findings, Place, Source

FILE = "place.yaml"
_MEND = "mend the file; its entries are described in docs/reference/home.md."
_OPENING = 9  # the hour at which a practice home's day stands still
_MONTH = date(2022, 4, 1)

Text = Annotated[str, Field(min_length=1)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SourceEntry(_Form):
    """One origin of the figures, as the site credits it."""

    title: Text
    licence: Text
    attribution: Text


class PlaceEntry(_Form):
    """The entries of `place.yaml`. practice_day: a home to practise in, in which it is always this day."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
    title: Text
    subtitle: str = ""
    area_code: Annotated[str, Field(pattern=r"^[EW][0-9]{8}$")]
    area_name: Text
    illustration_note: str = ""
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    practice_day: date | None = None
    disclosure: dict[str, int] = Field(default_factory=dict)


def read_place(path: Path) -> PlaceEntry:
    """The entries of the file. Refused names the entry that is missing or off."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return PlaceEntry.model_validate(content)
    except FileNotFoundError:
        raise Refused(f"there is no file {path}.", "write one; docs/reference/home.md says what it holds.") from None
    except (YAMLError, UnicodeDecodeError):
        raise Refused(f"{path.name} cannot be read as YAML.", _MEND) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Refused(f"{path.name}, {where}: {first['msg'].lower()}.", _MEND) from None


def own_place(root: Path) -> Place | None:
    """The place a home's own `place.yaml` describes; None for a home that has none. Nobody sends for it by itself."""
    path = root / FILE
    if not path.exists():
        return None
    entry = read_place(path)
    day = entry.practice_day or _MONTH
    return Place(
        name=entry.id,
        title=entry.title,
        subtitle=entry.subtitle,
        area_code=entry.area_code,
        area_name=entry.area_name,
        illustration_note=entry.illustration_note,
        sources=tuple(Source(one.title, one.licence, one.attribution) for one in entry.sources),
        agreements=(),
        first_month=f"{_MONTH:%Y-%m}",
        last_month=f"{day:%Y-%m}",
        clock=datetime.combine(day, time(_OPENING), UTC),
        approved_at=datetime.combine(day, time(_OPENING), UTC),
        authority_until=day,
        findings=lambda: Findings(frozenset(), {}),
        submissions=lambda: (),
        disclosure=entry.disclosure,
    )
