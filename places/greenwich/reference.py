"""Reference feeds of the council: practices and their networks, areas, and who has to send what.

Belongs here: these three files. Not here: a person, a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from foundation.period import parse_period
from places.base import Submission
from places.greenwich import local_returns
from places.greenwich.borough import Borough
from places.greenwich.dates import MONTHS
from places.greenwich.draw import NETWORK_MOVES, PRACTICES
from places.greenwich.register import PRACTICE_CODES
from places.greenwich.world import PCN_GROUPS

COUNCIL = "ZCC1"
NETWORKS = PCN_GROUPS[:-1]
# Feed to those who must send it, and a column of it that is always filled.
REQUIRED: dict[str, tuple[tuple[str, ...], str]] = {
    "admitted_care": (("ZAT1", "ZAT2"), "spell_id"),
    "carers": ((COUNCIL, "ZCX1"), "event_reference"),
    "community_contacts": (("ZCM1",), "care_contact_id"),
    "community_referrals": (("ZCM1",), "referral_id"),
    "council_client_level": ((COUNCIL,), "event_reference"),
    "deaths": ((COUNCIL,), "record_id"),
    "emergency_care": (("ZAT1",), "attendance_id"),
    "end_of_life_plans": (("ZHO1", "ZCM1"), "record_id"),
    "nhs_health_checks": (NETWORKS, "record_id"),
    "pcn_achievement": (NETWORKS, "value"),
    "pcn_long_term_conditions": (NETWORKS, "record_id"),
    "pcn_register": (NETWORKS, "record_id"),
    "reference_areas": ((COUNCIL,), "lsoa_code"),
    "reference_practices": ((COUNCIL,), "practice_code"),
    "sexual_health": (("ZSH1",), "record_id"),
    "stop_smoking": (("ZSS1",), "record_id"),
    "treatment_episodes": (("ZCR1", "ZMH1"), "episode_id"),
    "urgent_community_response": (("ZCM1",), "referral_id"),
    "weight_and_activity": (("ZWA1", "ZWA2"), "record_id"),
    "winter_plans": (("ZCM1",), "record_id"),
}
# Networks were founded on this day; the population figures are for the other.
_FOUNDED, _COUNTED = date(2019, 7, 1), date(2020, 6, 30)


def submissions(borough: Borough) -> Iterator[Submission]:
    """The three reference files."""
    found = borough.areas
    yield _file(
        "reference_organisations",
        ("organisation", "member_organisation", "area", "feed", "measure", "valid_from", "valid_to"),
        (*_required(borough), *_returning(borough)),
    )
    yield _file(
        "reference_areas",
        ("organisation", "lsoa_code", "area_code", "imd_rank", "population", "as_at"),
        (
            (COUNCIL, code, borough.area_code, str(rank), str(population), _COUNTED.isoformat())
            for code, rank, population in zip(found.codes, found.imd_rank, found.population, strict=True)
        ),
    )
    yield _file(
        "reference_practices",
        ("organisation", "practice_code", "pcn_code", "valid_from", "valid_to"),
        ((COUNCIL, *row) for row in _memberships()),
    )


def _required(borough: Borough) -> Iterator[tuple[str, ...]]:
    for feed, (members, measure) in sorted(REQUIRED.items()):
        for member in members:
            yield COUNCIL, member, borough.area_code, feed, measure, MONTHS[0].start.isoformat(), ""


def _returning(borough: Borough) -> Iterator[tuple[str, ...]]:
    """The area itself, where it has to return counts of its own indicators."""
    if borough.returns:
        begins = parse_period(local_returns.FIRST_MONTH).start.isoformat()
        yield COUNCIL, borough.area_code, borough.area_code, local_returns.FEED, "value", begins, ""


def _memberships() -> Iterator[tuple[str, str, str, str]]:
    moves = {place: (before, after, moved) for place, before, after, moved in NETWORK_MOVES}
    for place in range(PRACTICES):
        code = PRACTICE_CODES[place]
        if place in moves:
            before, after, moved = moves[place]
            yield code, NETWORKS[before], _FOUNDED.isoformat(), (moved - timedelta(days=1)).isoformat()
            yield code, NETWORKS[after], moved.isoformat(), ""
        else:
            yield code, NETWORKS[place // 6], _FOUNDED.isoformat(), ""


def _file(feed: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Submission:
    lines = [",".join(header), *(",".join(row) for row in rows)]
    content = ("\n".join(lines) + "\n").encode()
    return Submission(feed, COUNCIL, MONTHS[0].start, MONTHS[-1].end, 1, content, len(lines) - 1)
