"""A hand-written resident: what a story about one person says of who they are and where they were registered.

Belongs here: the shape of such a person. Not here: the stories themselves, nor how residents by the hundred thousand
are drawn (`draw`). The people of the core's stories are `stories.STORY_PEOPLE`, those of the services of care
`care.story_book.STORY_PEOPLE`; the world puts both at its end and `World.story(story_id)` finds each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

NumberStatus = Literal["valid", "missing", "invalid"]


@dataclass(frozen=True)
class Registration:
    """Registered with a practice while living in an area, both days included; `end` None: still so.

    practice: 1 to 36, the number in the practice's code; 37 is a practice of no network.
    lsoa: code of the area; one that is not Greenwich's lies outside.
    """

    practice: int
    lsoa: str
    start: date
    end: date | None = None


@dataclass(frozen=True)
class StoryPerson:
    """One hand-written resident. `number`: whether senders hold a valid NHS number for them."""

    story_id: str
    sentence: str
    forename: str
    surname: str
    sex: int
    born: date
    registrations: tuple[Registration, ...]
    died: date | None = None
    number: NumberStatus = "valid"
    postcode: str = "ZZ99 9ZZ"


@dataclass(frozen=True)
class Expectation:
    """What one story must contribute to one indicator, read off the story by hand.

    when: the event date as 2024-05-01, or the period's label where people are counted by period.
    numerator and denominator: 0 and 0 say that the person must not appear there at all.
    """

    story_id: str
    indicator_id: str
    when: str
    numerator: int
    denominator: int
