"""What the two trusts send: the spells discharged in each month, each trust in its own layout.

Belongs here: layouts, tokens shown, references. Not here: deciding stays (`hospital`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.hospital import CAUSES, DESTINATIONS, DIAGNOSES, METHODS, TRUSTS, Spells
from places.greenwich.care.records import take
from places.greenwich.care.residents import sex_texts, status_texts, texts_of, token_texts
from places.greenwich.care.writing import BRITISH, ISO, Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import MONTH_STARTS, MONTHS, Mask, month_positions
from places.greenwich.world import World

FEED = "admitted_care"
CANONICAL = (
    *("organisation", "spell_id", "person_token", "local_token", "nhs_number_status", "birth_month", "sex"),
    *("admission_date", "admission_method", "discharge_date", "discharge_ready_date", "discharge_destination"),
    *("primary_diagnosis", "external_cause", "same_day_emergency_care"),
)
_SECOND = (
    *("PROVIDER_CODE", "SPELL_NO", "PERSON_TOKEN", "LOCAL_TOKEN", "NHS_STATUS", "BIRTH_MONTH", "SEX", "ADMIDATE"),
    *("ADMIMETH", "DISDATE", "DISREADYDATE", "DISDEST", "DIAG_01", "CAUSE", "SDEC"),
)
LAYOUTS = {"ZAT1": (CANONICAL, ISO), "ZAT2": (_SECOND, BRITISH)}


def submissions(world: World, spells: Spells, planted: dirt.Planted) -> Iterator[Submission]:
    """The monthly files of both trusts, oldest first."""
    kept = []
    for place, trust in enumerate(TRUSTS):
        own = take(spells, spells.trust == place)
        own = take(own, np.lexsort((own.person, own.admission, own.discharge)))
        shown = own.known & ~_number_left_out(world, own, trust)
        kept.append((trust, own, shown, numbered(f"{trust[1]}S", np.arange(1, len(own.person) + 1))))
    for position in range(len(MONTHS)):
        covers = (int(MONTH_STARTS[position]), int(MONTH_STARTS[position + 1]) - 1, 1)
        for trust, own, shown, reference in kept:
            rows = np.flatnonzero(month_positions(own.discharge) == position)
            names, style = LAYOUTS[trust]
            table = _table(world, trust, take(own, rows), shown[rows], reference[rows], style).renamed(names)
            named = dict(zip(CANONICAL, names, strict=True))
            rules = dirt.Rules(
                named["spell_id"],
                named["primary_diagnosis"],
                (named["admission_method"], "99"),
                (named["admission_date"], named["discharge_date"]),
            )
            random = world.rng(f"care/hospital/dirt/{trust}/{position}")
            # swapped dates must leave the row inside the month the file covers
            inside = month_positions(own.admission[rows]) == position
            yield dirty_submission(planted, random, rules, (FEED, trust), covers, table, inside)


def _number_left_out(world: World, own: Spells, trust: str) -> Mask:
    """Rows that leave out a number the trust gives elsewhere: its own reference links them."""
    order = np.lexsort((own.admission, own.person))
    again = np.zeros(len(order), dtype=bool)
    again[order[1:]] = own.person[order][1:] == own.person[order][:-1]
    return again & (world.rng(f"care/hospital/numbers/{trust}").random(len(order)) < 0.03)


def _table(world: World, trust: str, rows: Spells, shown: Mask, reference: Texts, style: str) -> Table:
    return Table(
        {
            "organisation": repeated(trust, len(rows.person)),
            "spell_id": reference,
            "person_token": token_texts(world.person_token(rows.person), shown),
            "local_token": texts_of(world.local_token(trust, numbered("H", rows.person).tolist())),
            "nhs_number_status": status_texts(world, rows.person, ~shown),
            "birth_month": texts_of(world.birth_months(rows.person)),
            "sex": sex_texts(world, rows.person),
            "admission_date": day_texts(rows.admission, style),
            "admission_method": np.array(METHODS, dtype=object)[rows.method],
            "discharge_date": day_texts(rows.discharge, style),
            "discharge_ready_date": day_texts(rows.ready, style),
            "discharge_destination": np.array(DESTINATIONS, dtype=object)[rows.destination],
            "primary_diagnosis": np.array(DIAGNOSES, dtype=object)[rows.diagnosis],
            "external_cause": np.array(CAUSES, dtype=object)[rows.cause],
            "same_day_emergency_care": np.where(rows.same_day_care, "Y", "N").astype(object),
        }
    )
