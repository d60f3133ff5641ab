"""The whole truth about the place, from the decisions alone.

Belongs here: putting together what every domain decided: true figures, what each hand-written person contributes, the
files in sending order, the dirt planted in them. Not here: any decision, and no file is ever read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from places.base import Submission
from places.greenwich import (
    DEFAULT_RESIDENTS,
    DEFAULT_SEED,
    achievement,
    care,
    carers,
    deaths,
    end_of_life,
    health_checks,
    ledger,
    local_returns,
    long_term_conditions,
    reference,
    register,
    sexual_health,
    weight_and_activity,
    winter_plans,
)
from places.greenwich.borough import GREENWICH, Borough
from places.greenwich.files import Dirt, Extract
from places.greenwich.stories import EXPECTED
from places.greenwich.tally import TruthRow
from places.greenwich.world import World, draw_world


@dataclass(frozen=True)
class PersonTruth:
    """What one hand-written person contributes to one indicator; 0 and 0: nothing at all.

    when: the event date, or the label of the period where people are counted by period.
    """

    story_id: str
    sentence: str
    nhs_number: str
    indicator_id: str
    when: str
    numerator: int
    denominator: int


@dataclass(frozen=True, eq=False)
class Decided:
    """Everything decided about the place: drawn once, then asked for truth or for files."""

    world: World

    @cached_property
    def invitations(self) -> health_checks.Invitations:
        return health_checks.decide(self.world)

    @cached_property
    def snapshots(self) -> long_term_conditions.Snapshots:
        return long_term_conditions.decide(self.world)

    @cached_property
    def attendances(self) -> sexual_health.Attendances:
        return sexual_health.decide(self.world)

    @cached_property
    def deaths(self) -> deaths.Deaths:
        return deaths.decide(self.world)

    @cached_property
    def plans(self) -> end_of_life.Plans:
        return end_of_life.decide(self.world, self.deaths)

    @cached_property
    def courses(self) -> weight_and_activity.Courses:
        return weight_and_activity.decide(self.world)

    @cached_property
    def carers(self) -> carers.Events:
        return carers.decide(self.world)

    @cached_property
    def offers(self) -> winter_plans.Offers:
        return winter_plans.decide(self.world)

    @cached_property
    def achievement(self) -> achievement.Counts:
        return achievement.decide(self.world)

    @cached_property
    def care(self) -> care.Decisions:
        return care.Decisions(self.world)

    def truth(self) -> list[TruthRow]:
        """Every true figure, in the order of indicator, period and group."""
        rows = [
            *health_checks.truth_rows(self.world, self.invitations),
            *long_term_conditions.truth_rows(self.world, self.snapshots),
            *sexual_health.truth_rows(self.world, self.attendances),
            *deaths.truth_rows(self.world, self.deaths),
            *end_of_life.truth_rows(self.world, self.deaths, self.plans),
            *weight_and_activity.truth_rows(self.world, self.courses),
            *carers.truth_rows(self.world, self.carers),
            *winter_plans.truth_rows(self.world, self.offers),
            *achievement.truth_rows(self.world, self.achievement),
            *self.care.truth_rows(),
            *local_returns.truth_rows(self.world.borough),
        ]
        return sorted(rows, key=_place_of)

    def submissions(self) -> Iterator[Submission]:
        """Every file, one at a time: what others refer to first, then feed by feed."""
        yield from reference.submissions(self.world.borough)
        yield from register.submissions(self.world)
        for extract in self._extracts():
            yield from extract.submissions()
        yield from self.care.submissions()
        yield from local_returns.submissions(self.world.borough)
        yield from ledger.submissions(self.world.borough)

    def planted_dirt(self) -> list[Dirt]:
        """Rows intake must hold back, drop or tidy, by feed and rule."""
        found: Counter[tuple[str, str]] = Counter()
        extracts = (item for extract in self._extracts() for item in extract.dirt())
        for item in (*register.dirt(self.world), *care.planted_dirt(self.world), *extracts):
            found[item.feed, item.rule] += item.rows
        return [Dirt(feed, rule, rows) for (feed, rule), rows in sorted(found.items())]

    def people(self) -> list[PersonTruth]:
        """What the hand-written people contribute, one by one."""
        sentences = {person.story_id: person.sentence for person in self.world.stories}
        return [
            PersonTruth(
                item.story_id,
                sentences[item.story_id],
                str(self.world.nhs[self.world.story(item.story_id)]),
                item.indicator_id,
                item.when,
                item.numerator,
                item.denominator,
            )
            for item in (*EXPECTED, *care.stories())
        ]

    def _extracts(self) -> Iterator[Extract]:
        yield deaths.extract(self.world, self.deaths)
        yield from end_of_life.sent(self.world, self.plans)
        yield health_checks.extract(self.world, self.invitations)
        yield long_term_conditions.extract(self.world, self.snapshots)
        yield achievement.extract(self.world, self.achievement)
        yield sexual_health.extract(self.world, self.attendances)
        yield from weight_and_activity.sent(self.world, self.courses)
        yield from carers.sent(self.world, self.carers)
        yield from winter_plans.sent(self.world, self.offers)


def decided(residents: int = DEFAULT_RESIDENTS, seed: int = DEFAULT_SEED, borough: Borough = GREENWICH) -> Decided:
    """The place drawn from a seed."""
    return Decided(draw_world(residents, seed, borough))


def truth(residents: int = DEFAULT_RESIDENTS, seed: int = DEFAULT_SEED) -> list[TruthRow]:
    """Every true figure of the place."""
    return decided(residents, seed).truth()


def people(residents: int = DEFAULT_RESIDENTS, seed: int = DEFAULT_SEED) -> list[PersonTruth]:
    """What the hand-written people must contribute, one by one."""
    return decided(residents, seed).people()


def planted_dirt(residents: int = DEFAULT_RESIDENTS, seed: int = DEFAULT_SEED) -> list[Dirt]:
    """What intake must find in the files, by feed and rule."""
    return decided(residents, seed).planted_dirt()


def _place_of(row: TruthRow) -> tuple[str, ...]:
    return row.indicator_id, row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group
