"""What is built from the changed months alone is what a full rebuild makes, table by table."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt_lake import Build, dump, run_dbt
from people_lake import COUNCIL, PeopleLake, links
from people_lake import write_inputs as write_run_inputs

from dbt_project.changes import ALL, changed_months, changed_quarters, links_moved
from foundation.period import months_between, parse_period

FIRST, LAST = date(2023, 4, 1), date(2024, 6, 30)
PEOPLE = [f"p{number:02d}" for number in range(40)]
NETWORKS = ("ZPN1", "ZPN2")
TABLES = ("int_person_months", "int_population")
MODELS = ["--select", "+int_population", "--exclude-resource-type", "test", "unit_test"]


class Random(PeopleLake):
    """A place of forty people whose registers and deaths keep changing."""

    def begin(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sequence = 1
        # every token is known from the start, so that the links never move
        self.sent = [("deaths", {"person_token": token}) for token in PEOPLE]
        self.reference()
        for network in NETWORKS:
            self.deliver_register(network, FIRST, LAST)
        self.deliver_deaths(FIRST, LAST)

    def _day(self, first: date, last: date) -> date:
        return date.fromordinal(self.dice.randint(first.toordinal(), last.toordinal()))

    def _window(self) -> tuple[date, date]:
        months = months_between(parse_period("2023-04"), parse_period("2024-06"))
        start = self.dice.randrange(len(months))
        end = min(len(months) - 1, start + self.dice.randrange(5))
        return months[start].start, months[end].end

    def deliver_register(self, network: str, first: date, last: date) -> None:
        self.sequence += 1
        rows = []
        for token in self.dice.sample(PEOPLE, self.dice.randint(0, 25)):
            begin = self._day(first, last)
            rows.append(
                {
                    "record_id": f"{network}-{len(rows)}",
                    "person_token": token,
                    "nhs_number_status": "valid",
                    "birth_month": f"{self.dice.randint(1925, 2022)}-{self.dice.randint(1, 12):02d}",
                    "sex": self.dice.choice("129"),
                    "practice_code": self.dice.choice(["Z90001", "Z90002", "Z90099"]),
                    "lsoa_code": self.dice.choice(["E01000000", "E01000009", "E01999999"]),
                    "valid_from": self.dice.choice([first, begin]),
                    "valid_to": self.dice.choice([None, self._day(begin, last)]),
                }
            )
        self.send("pcn_register", network, rows, (first, last), self.sequence)

    def deliver_deaths(self, first: date, last: date) -> None:
        self.sequence += 1
        rows = [
            {
                "record_id": f"d{number}",
                "person_token": token,
                "nhs_number_status": "valid",
                "date_of_death": self._day(first, last),
                "place_of_death": "home",
                "external_or_neonatal": "N",
            }
            for number, token in enumerate(self.dice.sample(PEOPLE, self.dice.randint(0, 4)))
        ]
        self.send("deaths", COUNCIL, rows, (first, last), self.sequence)

    def withdraw(self) -> None:
        found = [row for row in self.lake.accepted if row["feed"] in ("pcn_register", "deaths")]
        # the register's first delivery stays: without it there would be no month left to compare
        found = [row for row in found if row["covers_to"] != LAST or row["covers_from"] != FIRST]
        if found:
            self.lake.accepted.remove(self.dice.choice(found))

    def change(self) -> None:
        """One late, superseding or withdrawn submission."""
        steps: list[Callable[[], None]] = [
            lambda: self.deliver_register(self.dice.choice(NETWORKS), *self._window()),
            lambda: self.deliver_deaths(*self._window()),
            self.withdraw,
        ]
        self.dice.choices(steps, weights=[4, 2, 3])[0]()


def _run(place: Random, folder: Path, name: str, months: list[str] | str, scratch: str) -> Build:
    inputs = folder / f"inputs-{name}"
    write_run_inputs(inputs, place.lake, [], [], links(place.sent))
    build = run_dbt(["build", *MODELS], folder / scratch, place.root, inputs, months=months)
    assert build.success, dump(build)
    return build


def test_after_fifty_changes_the_changed_months_equal_a_rebuild(tmp_path: Path) -> None:
    place = Random(tmp_path / "lake", FIRST, LAST)
    place.begin(seed=20250630)
    _run(place, tmp_path, "0", ALL, "grown")
    built: set[str] = set()
    for step, changes in enumerate((25, 24, 1), start=1):
        before = list(place.lake.accepted)
        for _ in range(changes):
            place.change()
        months = changed_months(before, place.lake.accepted, links_moved=False)
        assert months != ALL
        built.add(str(len(months)))
        grown = _run(place, tmp_path, str(step), months, "grown")
    assert len(built) > 1, "the last change was meant to touch fewer months than the first twenty-five"
    rebuilt = _run(place, tmp_path, "whole", ALL, "whole")
    for table in TABLES:
        rows = [build.rows(f"select * from {table} order by all") for build in (grown, rebuilt)]
        assert rows[0] == rows[1], table
        assert rows[0], table


def _submission(name: str, feed: str, first: str, last: str) -> dict[str, Any]:
    return {
        "submission": name,
        "feed": feed,
        "covers_from": date.fromisoformat(first),
        "covers_to": date.fromisoformat(last),
    }


REGISTER = _submission("r", "pcn_register", "2024-04-01", "2024-08-31")


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ([], []),
        ([_submission("a", "admitted_care", "2024-04-01", "2024-04-30")], ["2024-04-01", "2024-07-01"]),
        ([_submission("a", "admitted_care", "2024-04-02", "2024-04-30")], ["2024-07-01"]),
        ([_submission("a", "pcn_long_term_conditions", "2023-10-01", "2023-12-31")], ["2024-04-01", "2024-07-01"]),
        ([_submission("a", "admitted_care", "2024-08-01", "2024-08-31")], []),
        ([_submission("a", "pcn_register", "2024-05-01", "2024-07-31")], ["2024-07-01"]),
        ([_submission("a", "pcn_register", "2024-05-01", "2024-06-30")], []),
        ([_submission("a", "community_referrals", "2024-05-01", "2024-08-31")], []),
        ([_submission("a", "council_client_level", "2024-05-01", "2024-05-31")], ALL),
        ([_submission("a", "treatment_episodes", "2024-05-01", "2024-05-31")], ALL),
        ([_submission("a", "deaths", "2024-05-01", "2024-05-31")], ALL),
        ([_submission("a", "reference_areas", "2024-05-01", "2024-05-31")], ALL),
    ],
)
def test_which_quarters_of_the_groups_a_submission_changes(
    came: list[Mapping[str, Any]], expected: list[str] | str
) -> None:
    """A hospital's stay can say of every later day who belongs to a group, and of no day before it ended."""
    for before, after in (([REGISTER], [REGISTER, *came]), ([REGISTER, *came], [REGISTER])):
        months = changed_months(before, after, links_moved=False)
        assert changed_quarters(before, after, months) == expected


def test_moved_links_and_a_first_build_change_every_month() -> None:
    assert changed_months([REGISTER], [REGISTER], links_moved=True) == ALL
    assert changed_months([], [REGISTER], links_moved=False) == ALL
    assert changed_quarters([], [REGISTER], ALL) == ALL
    table = [{"token_kind": "person", "token": "a", "person_key": 1, "basis": "number"}]
    more = [*table, {"token_kind": "person", "token": "b", "person_key": 2, "basis": "number"}]
    assert not links_moved(table, more)
    assert links_moved(more, table)
    assert links_moved(table, [{**table[0], "person_key": 2}])


def test_a_month_that_is_no_month_stops_the_build(tmp_path: Path) -> None:
    place = PeopleLake(tmp_path / "lake")
    place.reference()
    place.write(tmp_path / "inputs")
    for wrong in (["2024-05-02"], "2024-05-01", "2024"):
        build = run_dbt(["run", "--select", "int_population"],
                        tmp_path / "dbt", tmp_path / "lake", tmp_path / "inputs", months=wrong)  # fmt: skip
        assert build.failed() == ["int_population"]
        assert "OUTTURN_CHANGED_MONTHS" in dump(build)


def test_a_quarter_that_is_no_quarter_stops_the_build(tmp_path: Path) -> None:
    place = PeopleLake(tmp_path / "lake")
    place.reference()
    place.write(tmp_path / "inputs")
    for wrong in (["2024-05-01"], "2024-04-01"):
        build = run_dbt(["run", "--select", "int_group_members"],
                        tmp_path / "dbt", tmp_path / "lake", tmp_path / "inputs", quarters=wrong)  # fmt: skip
        assert build.failed() == ["int_group_members"]
        assert "OUTTURN_CHANGED_QUARTERS" in dump(build)


def test_an_indicator_that_is_no_name_stops_the_build(tmp_path: Path) -> None:
    place = PeopleLake(tmp_path / "lake")
    place.reference()
    place.write(tmp_path / "inputs")
    for wrong in (["four week quit"], "four_week_quit", "2024"):
        build = run_dbt(["test", "--select", "every_person_is_linked"],
                        tmp_path / "dbt", tmp_path / "lake", tmp_path / "inputs", indicators=wrong)  # fmt: skip
        assert build.failed() == ["every_person_is_linked"]
        assert "OUTTURN_CHANGED_INDICATORS" in dump(build)
