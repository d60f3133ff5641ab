"""What a story about one person can say of their care: dated decisions, as a writer would put them.

Belongs here: the shapes. Not here: the stories (`story_book`), what must come of them (`story_expectations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class StoryEpisode:
    """One provider's record of a part of a journey."""

    provider: str
    substance: str
    referral: date
    triage: date
    discharge: date | None
    reason: str


@dataclass(frozen=True)
class StoryJourney:
    """One stay in treatment; `end` None while it lasts. Without consent nobody may count it."""

    story_id: str
    start: date
    end: date | None
    completed: bool
    opiate: bool
    episodes: tuple[StoryEpisode, ...]
    consent: bool = True


@dataclass(frozen=True)
class StoryQuit:
    """One attempt to stop smoking: day set, day asked again, what was found. `lost` has no follow-up."""

    story_id: str
    quit_date: date
    follow_up: date | None
    outcome: str


@dataclass(frozen=True)
class StoryStay:
    """One continuous stay, possibly in several hospitals: each part is (trust, admission, discharge)."""

    story_id: str
    parts: tuple[tuple[str, date, date], ...]
    method: str = "21"
    destination: str = "19"
    diagnosis: str = "J181"
    cause: str = ""
    same_day_care: bool = False
    # a stay that ends with a transfer out whose other half is another stay
    ends_transferred: bool = False


@dataclass(frozen=True)
class StoryReferral:
    """One referral to community services."""

    story_id: str
    referred: date
    first_contact: date | None
    closed: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class StoryCare:
    """One council event. reference: which of the person's client numbers; numbered: whether the row has the NHS
    number."""

    story_id: str
    event: str
    service: str
    start: date
    end: date | None
    outcome: str = ""
    reference: int = 0
    numbered: bool = True
