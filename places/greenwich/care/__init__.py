"""The services of care: treatment, stopping smoking, hospitals, community services, social care.

Belongs here: what happens to people in these services, the true figures that follow, the files the services send, and
twenty hand-written people on the boundaries. Not here: who people are and where they are registered
(`places.greenwich.world`), adding up (`places.greenwich.tally`).

A domain is a module that decides, one that counts the decisions, one that writes the files; small domains are one
module. Truth is counted from decisions, never from files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from places.base import Submission
from places.greenwich.care import (
    community,
    contacts,
    council,
    council_files,
    council_truth,
    emergency,
    hospital,
    hospital_files,
    hospital_truth,
    smoking,
    treatment,
    treatment_files,
    treatment_truth,
    urgent,
)
from places.greenwich.care.contributions import Contributions, of_person
from places.greenwich.care.dirt import Planted
from places.greenwich.care.story_book import STORY_PEOPLE
from places.greenwich.care.story_expectations import expectations
from places.greenwich.files import Dirt
from places.greenwich.people import Expectation, StoryPerson
from places.greenwich.tally import TruthRow
from places.greenwich.world import World

FEEDS = (
    treatment_files.FEED,
    smoking.FEED,
    hospital_files.FEED,
    community.FEED,
    contacts.FEED,
    urgent.FEED,
    emergency.FEED,
    council_files.FEED,
)


@dataclass(frozen=True)
class Decisions:
    """Everything decided about care in one world."""

    world: World

    @cached_property
    def treatment(self) -> treatment.Treatment:
        return treatment.decide(self.world)

    @cached_property
    def quits(self) -> smoking.Quits:
        return smoking.decide(self.world)

    @cached_property
    def hospital(self) -> hospital.Hospital:
        return hospital.decide(self.world)

    @cached_property
    def referrals(self) -> community.Referrals:
        return community.decide(self.world)

    @cached_property
    def contacts(self) -> contacts.Contacts:
        return contacts.decide(self.world, self.referrals)

    @cached_property
    def responses(self) -> urgent.Responses:
        return urgent.decide(self.world)

    @cached_property
    def attendances(self) -> emergency.Attendances:
        return emergency.decide(self.world)

    @cached_property
    def council(self) -> council.Care:
        return council.decide(self.world, self.hospital.stays)

    def truth_rows(self) -> list[TruthRow]:
        """True figures of all indicators of care."""
        return [
            *treatment_truth.truth_rows(self.world, self.treatment),
            *smoking.truth_rows(self.world, self.quits),
            *hospital_truth.truth_rows(self.world, self.hospital),
            *council_truth.truth_rows(self.world, self.council, self.hospital.stays),
            *community.truth_rows(self.world, self.referrals),
            *contacts.truth_rows(self.world, self.referrals, self.contacts),
            *urgent.truth_rows(self.world, self.responses),
            *emergency.truth_rows(self.world, self.attendances, self.referrals, self.contacts),
        ]

    def contributions(self) -> Contributions:
        """Who contributes what to the indicators that people are counted in."""
        return [
            *treatment_truth.contributions(self.world, self.treatment),
            *smoking.contributions(self.quits),
            *hospital_truth.contributions(self.world, self.hospital),
            *council_truth.contributions(self.world, self.council, self.hospital.stays),
            *community.contributions(self.referrals),
            *contacts.contributions(self.world, self.referrals, self.contacts),
            *urgent.contributions(self.world, self.responses),
            *emergency.contributions(self.attendances, self.referrals, self.contacts),
        ]

    def submissions(self, planted: Planted | None = None) -> Iterator[Submission]:
        """Every file, feed by feed in sending order. What dirt it holds is noted in `planted`."""
        noted = Planted() if planted is None else planted
        yield from treatment_files.submissions(self.world, self.treatment.episodes, noted)
        yield from smoking.submissions(self.world, self.quits, noted)
        yield from hospital_files.submissions(self.world, self.hospital.spells, noted)
        yield from community.submissions(self.world, self.referrals, noted)
        yield from contacts.submissions(self.world, self.referrals, self.contacts, noted)
        yield from urgent.submissions(self.world, self.responses, noted)
        yield from emergency.submissions(self.world, self.attendances, noted)
        yield from council_files.submissions(self.world, self.council, noted)


def submissions(world: World) -> Iterator[Submission]:
    """Every file of the services of care."""
    yield from Decisions(world).submissions()


def truth_rows(world: World) -> list[TruthRow]:
    """The true figures of the indicators of care."""
    return Decisions(world).truth_rows()


def planted_dirt(world: World) -> list[Dirt]:
    """What intake must find in the files, by feed and rule. Makes the files to count them."""
    planted = Planted()
    for _ in Decisions(world).submissions(planted):
        pass
    return planted.dirt()


def stories() -> tuple[Expectation, ...]:
    """What each hand-written person must contribute."""
    return expectations()


__all__ = [
    "FEEDS",
    "STORY_PEOPLE",
    "Decisions",
    "StoryPerson",
    "of_person",
    "planted_dirt",
    "stories",
    "submissions",
    "truth_rows",
]
