"""What the two providers of treatment send: every episode so far, each half-year, each in its own layout.

Belongs here: layouts, tokens shown, what was known when. Not here: deciding treatment (`treatment`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from foundation.period import parse_period
from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import take
from places.greenwich.care.residents import sex_texts, status_texts, texts_of, token_texts
from places.greenwich.care.treatment import OPEN, PROVIDERS, REASONS, SUBSTANCES, Episodes
from places.greenwich.care.writing import BRITISH, ISO, Table, Texts, blank_where, day_texts, numbered, repeated
from places.greenwich.dates import NEVER, as_date, day_number
from places.greenwich.world import World

FEED = "treatment_episodes"
FIRST_COVERED = day_number(parse_period("2022-04").start)
# The last month of each half-yearly file, and the one that closes the data.
FILE_ENDS = tuple(
    day_number(parse_period(label).end)
    for label in ("2022-09", "2023-03", "2023-09", "2024-03", "2024-09", "2025-03", "2025-06")
)
CANONICAL = (
    *("organisation", "episode_id", "person_token", "match_token", "local_token", "nhs_number_status", "birth_month"),
    *("sex", "consent", "substance", "referral_date", "triage_date", "discharge_date", "discharge_reason"),
    "extract_month",
)
_CHARITY = (
    *("AGNCY", "EPISODID", "PERSON_TOKEN", "MATCH_TOKEN", "CLIENT_TOKEN", "NHS_STATUS", "BIRTH_MONTH", "SEX"),
    *("CONSENT", "DRUG1", "REFLD", "TRIAGED", "DISD", "DISRSN", "EXTRACT_MONTH"),
)
# A row without consent keeps these alone.
_KEPT_WITHOUT_CONSENT = ("organisation", "episode_id", "local_token", "consent", "extract_month")
LAYOUTS = {"ZCR1": (_CHARITY, BRITISH), "ZMH1": (tuple(f"sm_{name}" for name in CANONICAL), ISO)}


def submissions(world: World, episodes: Episodes, planted: dirt.Planted) -> Iterator[Submission]:
    """The files of both providers, oldest first."""
    kept = []
    for place, provider in enumerate(PROVIDERS):
        own = take(episodes, episodes.provider == place)
        own = take(own, np.lexsort((own.triage, own.person, own.referral)))
        kept.append((provider, own, numbered(f"{provider[1]}E", np.arange(1, len(own.person) + 1))))
    for sequence, end in enumerate(FILE_ENDS, 1):
        for provider, own, reference in kept:
            rows = np.flatnonzero(own.referral <= end)
            names, style = LAYOUTS[provider]
            table = _table(world, provider, take(own, rows), reference[rows], end, style).renamed(names)
            named = dict(zip(CANONICAL, names, strict=True))
            rules = dirt.Rules(
                named["episode_id"],
                named["substance"],
                (named["substance"], "tobacco"),
                (named["triage_date"], named["discharge_date"]),
            )
            random = world.rng(f"care/treatment/dirt/{provider}/{sequence}")
            yield dirty_submission(planted, random, rules, (FEED, provider), (FIRST_COVERED, end, sequence), table)


def _table(world: World, provider: str, rows: Episodes, reference: Texts, end: int, style: str) -> Table:
    """The rows as they were known at the end of the file's last day."""
    count = len(rows.person)
    triage = np.where(rows.triage <= end, rows.triage, NEVER)
    ended = rows.discharge <= end
    reason = np.where(ended, rows.reason, OPEN)
    columns = {
        "organisation": repeated(provider, count),
        "episode_id": reference,
        "person_token": token_texts(world.person_token(rows.person), rows.number_shown),
        "match_token": token_texts(world.match_token(rows.person), rows.match_shown),
        "local_token": texts_of(world.local_token(provider, numbered("C", rows.person).tolist())),
        "nhs_number_status": status_texts(world, rows.person, ~rows.number_shown),
        "birth_month": texts_of(world.birth_months(rows.person)),
        "sex": sex_texts(world, rows.person),
        "consent": np.where(rows.consent, "Y", "N").astype(object),
        "substance": np.array(SUBSTANCES, dtype=object)[rows.substance],
        "referral_date": day_texts(rows.referral, style),
        "triage_date": day_texts(triage, style),
        "discharge_date": day_texts(np.where(ended, rows.discharge, NEVER), style),
        "discharge_reason": np.array(REASONS, dtype=object)[reason],
        "extract_month": repeated(as_date(end).strftime("%Y-%m"), count),
    }
    silent = ~rows.consent
    for name in CANONICAL:
        if name not in _KEPT_WITHOUT_CONSENT:
            columns[name] = blank_where(silent, columns[name])
    return Table(columns)
