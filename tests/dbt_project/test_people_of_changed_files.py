"""Tables that grow by person: after files were replaced they are what a full rebuild makes, and only the people of those
files were built again."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
from dbt_lake import Build, dump, run_dbt, write_inputs
from people_lake import PeopleLake, links

from foundation.period import Period, months_between, parse_period
from ingest.cut import CutSubmission, DataCut
from orchestration.increment import Moved, of_some_people
from orchestration.warehouse import remember_gone

FIRST, LAST = date(2023, 4, 1), date(2024, 3, 31)
MONTHS = months_between(parse_period("2023-04"), parse_period("2024-03"))
PEOPLE = [f"p{number:02d}" for number in range(60)]
TABLES = {
    "int_continuous_spells", "int_spell_ends", "int_ready_discharges", "ind_frequent_emergency_admissions__people",
    "int_group_members", "int_pathway_stages",
}  # fmt: skip
MODELS = ["--select", *(f"+{name}" for name in sorted(TABLES)), "--exclude-resource-type", "test", "unit_test"]


class Place(PeopleLake):
    """Two hospitals that send by month, community services that send two months every month."""

    def begin(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sequence = 1
        # every token is known from the start, so that the links never move
        self.sent = [("deaths", {"person_token": token}) for token in PEOPLE]
        self.reference()
        for number, token in enumerate(PEOPLE[:-4]):
            self.register(token, "ZPN1", birth_month=f"{1930 + number}-05")
        for month in MONTHS:
            for trust in ("ZAT1", "ZAT2"):
                self.discharges(trust, month.start, month.end)
        for before, month in pairwise(MONTHS):
            self.referrals(before.start, month.end)

    def _between(self, first: date, last: date) -> date:
        return date.fromordinal(self.dice.randint(first.toordinal(), last.toordinal()))

    def discharges(self, trust: str, first: date, last: date) -> None:
        self.sequence += 1
        rows: list[dict[str, Any]] = []
        for token in self.dice.choices(PEOPLE, k=9):
            end = self._between(first, last)
            rows.append(
                {
                    "spell_id": f"{self.sequence}-{len(rows)}",
                    "person_token": token,
                    "local_token": f"{trust}-{token}",
                    "nhs_number_status": "valid",
                    "admission_date": end - timedelta(days=self.dice.choice([0, 1, 4])),
                    "admission_method": self.dice.choice(["11", "21"]),
                    "discharge_date": end,
                    "discharge_ready_date": self.dice.choice([None, end]),
                    "discharge_destination": self.dice.choice(["19", "51", "79"]),
                    "primary_diagnosis": self.dice.choice(["J449", "E119", "R99X"]),
                    "external_cause": None,
                    "same_day_emergency_care": self.dice.choice("NNY"),
                }
            )
        self.send("admitted_care", trust, rows, (first, last), self.sequence)

    def referrals(self, first: date, last: date) -> None:
        self.sequence += 1
        rows: list[dict[str, Any]] = []
        for token in self.dice.choices(PEOPLE, k=12):
            day = self._between(first, last)
            seen = self.dice.choice([None, day + timedelta(days=20)])
            rows.append(
                {
                    "referral_id": f"{self.sequence}-{len(rows)}",
                    "person_token": token,
                    "local_token": f"ZCM1-{token}",
                    "nhs_number_status": "valid",
                    "referred_on": day,
                    "urgent": "N",
                    "first_contact_on": seen,
                    "closed_reason": self.dice.choice([None, "seen"]) if seen else self.dice.choice([None, "refused"]),
                }
            )
        self.send("community_referrals", "ZCM1", rows, (first, last), self.sequence)

    def gone(self, feed: str, organisation: str, month: Period) -> None:
        """The newest file of a sender that reaches to the end of a month does not count any more."""
        found = [
            row
            for row in self.lake.accepted
            if (row["feed"], row["organisation"], row["covers_to"]) == (feed, organisation, month.end)
        ]
        self.lake.accepted.remove(max(found, key=lambda row: row["sequence"]))

    def cut(self) -> DataCut:
        return DataCut(
            tuple(
                CutSubmission(
                    row["submission"], row["feed"], row["organisation"], row["covers_from"], row["covers_to"],
                    row["sequence"], "", row["rows_accepted"],
                )
                for row in self.lake.accepted
            )
        )  # fmt: skip


def _run(place: Place, folder: Path, name: str, scratch: str, people: str | Mapping[str, Any] = "all") -> Build:
    inputs = folder / f"inputs-{name}"
    write_inputs(inputs, place.lake, [], [], links(place.sent))
    parts: dict[str, Any] = {} if people == "all" else {"months": [], "people": people}
    build = run_dbt(["build", *MODELS], folder / scratch, place.root, inputs, **parts)
    assert build.success, dump(build)
    return build


def _rows(build: Build, table: str) -> list[dict[str, Any]]:
    return build.rows(f"select * from {table} order by all")


def test_the_people_of_changed_files_are_built_again_and_nobody_else(tmp_path: Path) -> None:
    place = Place(tmp_path / "lake", FIRST, LAST)
    place.begin(seed=20240331)
    place.write(tmp_path / "inputs")
    first = _run(place, tmp_path, "0", "grown")
    before = place.cut()
    # a month of one hospital again, a month of the other withdrawn, two months of it in one late file; and the newest
    # file of community services again
    place.gone("admitted_care", "ZAT1", MONTHS[4])
    place.discharges("ZAT1", MONTHS[4].start, MONTHS[4].end)
    place.gone("admitted_care", "ZAT2", MONTHS[6])
    place.discharges("ZAT2", MONTHS[8].start, MONTHS[9].end)
    place.gone("community_referrals", "ZCM1", MONTHS[11])
    place.referrals(MONTHS[10].start, MONTHS[11].end)

    manifest = json.loads((tmp_path / "grown" / "target" / "manifest.json").read_bytes())
    moved = Moved(frozenset({"admitted_care", "community_referrals"}), False, False, frozenset({"submissions"}))
    people, gone = of_some_people(before, place.cut(), moved, frozenset(), manifest)
    assert set(people["models"]) == TABLES
    assert {feed: len(names) for feed, names in gone.items()} == {"admitted_care": 2, "community_referrals": 1}
    # whoever has no row in a file that came, went or covers the same days stays as they are, even if somebody was at it
    with duckdb.connect(str(first.database)) as connection:
        remember_gone(connection, gone)
        said = ", ".join(f"'{name}'" for name in [*people["submissions"], *gone["admitted_care"]])
        stay = f"person_key not in (select person_key from stg_admitted_care where submission_id in ({said}))"
        untouched = connection.execute(f"select person_key from int_spell_ends where {stay} limit 1").fetchone()
        assert untouched is not None
        connection.execute(f"update int_spell_ends set nights = nights + 1000 where person_key = {untouched[0]}")
    grown = _run(place, tmp_path, "1", "grown", people)
    assert grown.rows(f"select 1 from int_spell_ends where nights >= 1000 and person_key = {untouched[0]}")
    with duckdb.connect(str(grown.database)) as connection:
        connection.execute("update int_spell_ends set nights = nights - 1000 where nights >= 1000")
    whole = _run(place, tmp_path, "2", "whole")
    for table in sorted(TABLES):
        assert _rows(grown, table) == _rows(whole, table), table
        assert _rows(whole, table), table

    # said of no table where something else may have changed it for everybody, or where nobody can say of whom
    def built_of_some(**other: Any) -> set[str]:
        told = other.pop("distrusted", frozenset())
        return set(of_some_people(before, place.cut(), replace(moved, **other), told, manifest)[0]["models"])

    of_hospitals = TABLES - {"int_pathway_stages"}
    assert built_of_some(feeds=frozenset({"admitted_care"})) == of_hospitals
    # the spine of people says who died
    assert built_of_some(feeds=moved.feeds | {"deaths"}) == {"int_continuous_spells"}
    assert built_of_some(links=True) == set()
    assert built_of_some(distrusted=frozenset({"stg_admitted_care"})) == {"int_pathway_stages"}
    place.referrals(FIRST, MONTHS[4].end)
    assert built_of_some() == of_hospitals, "files of five months and the newest two: too many to save anything"


def test_where_a_growing_table_cannot_be_made_its_former_rows_stand(tmp_path: Path) -> None:
    """What was deleted comes back, and columns that are not the table's are refused."""
    place = Place(tmp_path / "lake", FIRST, LAST)
    place.begin(seed=20240331)
    place.write(tmp_path / "inputs")
    only = ["--select", "+int_continuous_spells", "--exclude-resource-type", "test", "unit_test"]

    def run(people: Any, selected: list[str]) -> Build:
        return run_dbt(
            ["build", *selected], tmp_path / "dbt", place.root, tmp_path / "inputs", months=[], people=people
        )

    first = run("all", only)
    assert first.success, dump(first)
    again = ["--select", "int_continuous_spells", "--exclude-resource-type", "test", "unit_test"]
    for wrong in ([], {"models": []}, {"models": ["int_continuous_spells"], "submissions": ["a name"]}):
        build = run(wrong, again)
        assert build.failed() == ["int_continuous_spells"]
        assert "OUTTURN_CHANGED_PEOPLE" in dump(build)
    with duckdb.connect(str(first.database)) as connection:
        connection.execute("alter table int_continuous_spells add column of_another_version integer")
    before = _rows(first, "int_continuous_spells")
    build = run("all", again)
    assert build.failed() == ["int_continuous_spells"]
    assert "of_another_version" in dump(build)
    assert before and _rows(first, "int_continuous_spells") == before
