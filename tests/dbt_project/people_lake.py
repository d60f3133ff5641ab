"""A small invented place of people: rows of the person feeds into a lake, their links, and a build of the project.

Belongs here: what tests of person-level models share. Not here: which indicator counts what, and the way the vault
links (tests/ingest); `links` follows the same rules on a few rows, so that tests can name people by plain tokens.

    place = PeopleLake(tmp_path / "lake")
    place.reference()                                  # practices of PCN ZPN1, ten small areas
    place.register("ann", sex="2", birth_month="1950-04")
    place.send("deaths", "ZCC1", [{"record_id": "d1", "person_token": "ann", ...}])
    build = place.build(tmp_path)                      # runs dbt; build.rows("select * from int_person_months")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from dbt_lake import FEEDS, Build, Lake, run_dbt, write_inputs

AREA = "E09000011"
COUNCIL = "ZCC1"
FIRST, LAST = date(2023, 4, 1), date(2025, 6, 30)
UNLINKED = ("reference_practices", "reference_areas", "pcn_achievement", "sexual_health", "resident_survey")
# A column of each feed that is never blank: what the register of who must report names.
ALWAYS_FILLED = {
    "reference_practices": "practice_code",
    "reference_areas": "lsoa_code",
    "pcn_register": "record_id",
    "pcn_long_term_conditions": "record_id",
    "nhs_health_checks": "record_id",
    "pcn_achievement": "value",
    "treatment_episodes": "episode_id",
    "stop_smoking": "record_id",
    "admitted_care": "spell_id",
    "community_referrals": "referral_id",
    "urgent_community_response": "referral_id",
    "community_contacts": "care_contact_id",
    "emergency_care": "attendance_id",
    "council_client_level": "event_reference",
    "sexual_health": "record_id",
    "resident_survey": "response_id",
    "deaths": "record_id",
    "end_of_life_plans": "record_id",
    "weight_and_activity": "record_id",
    "carers": "event_reference",
    "winter_plans": "record_id",
}


def key_of(token: str) -> int:
    """The person a token is the first sign of."""
    return int(sha256(token.encode()).hexdigest()[:15], 16)


def links(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The link table of rows (feed, row): number, then match, then local tokens; the council's rule for its own."""
    numbers = {row["person_token"] for _, row in rows if row.get("person_token")}
    found: list[tuple[str, str, int | None, str]] = [("person", token, key_of(token), "number") for token in numbers]
    matches: dict[str, set[str]] = {}
    for _, row in rows:
        if row.get("match_token"):
            matches.setdefault(row["match_token"], set()).update(filter(None, [row.get("person_token")]))
    matched = {token: key_of(min(people, default=token)) for token, people in matches.items() if len(people) < 2}
    found += [("match", token, key, "match") for token, key in matched.items()]
    locals_: dict[str, set[int]] = {}
    tied: set[str] = set()
    for feed, row in rows:
        if not row.get("local_token") or row.get("consent") == "N":
            continue
        people = locals_.setdefault(row["local_token"], set())
        if row.get("person_token"):
            people.add(key_of(row["person_token"]))
            if feed == "council_client_level":
                tied.add(row["local_token"])
        elif feed != "council_client_level" and row.get("match_token") in matched:
            people.add(matched[row["match_token"]])
    for token, keys in locals_.items():
        if token in tied:
            found.append(("local", token, None, "excluded"))
        elif len(keys) < 2:
            found.append(("local", token, min(keys, default=key_of(token)), "local"))
    return [
        {"token": token, "token_kind": kind, "person_key": key, "basis": basis}
        for kind, token, key, basis in sorted(found, key=lambda item: item[:2])
    ]


@dataclass
class PeopleLake:
    """A lake of person feeds under construction. `send` writes one submission at once; `register` gathers states."""

    root: Path
    first: date = FIRST
    last: date = LAST
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    states: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    required: set[tuple[str, str]] = field(default_factory=set)
    # (feed, organisation) -> the last day it tells of, and the last day it had to report, of those unlike the others
    told_until: dict[tuple[str, str], date] = field(default_factory=dict)
    left: dict[tuple[str, str], date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lake = Lake(self.root)

    def send(
        self,
        feed: str,
        organisation: str,
        rows: Sequence[Mapping[str, Any]],
        covers: tuple[date, date] | None = None,
        sequence: int = 1,
    ) -> str:
        """One submission, covering the place's whole window, or as much of it as the sender tells of, unless said
        otherwise; returns its id."""
        unknown = {name for row in rows for name in row} - set(FEEDS[feed][1])
        assert not unknown, f"{feed} has no {unknown}"
        self.sent += [(feed, row) for row in rows if feed not in UNLINKED]
        self.required.add((feed, organisation))
        last = self.told_until.get((feed, organisation), self.last)
        return self.lake.add(feed, organisation, covers or (self.first, last), rows, sequence=sequence)

    def send_all(self, feeds: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Feed -> rows with an `organisation` each: one submission per feed and organisation."""
        for feed, rows in feeds.items():
            for organisation in sorted({row["organisation"] for row in rows}):
                mine = [row for row in rows if row["organisation"] == organisation]
                self.send(feed, organisation, [{k: v for k, v in row.items() if k != "organisation"} for row in mine])

    def reference(
        self, practices: Mapping[str, str] | None = None, small_areas: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Practices (code -> network) and small areas; by default two practices in two networks and ten small areas."""
        practices = practices or {"Z90001": "ZPN1", "Z90002": "ZPN2"}
        self.send(
            "reference_practices",
            COUNCIL,
            [{"practice_code": code, "pcn_code": pcn, "valid_from": self.first} for code, pcn in practices.items()],
        )
        small_areas = small_areas or [
            {"lsoa_code": f"E0100{number:04d}", "imd_rank": number * 10, "population": 100} for number in range(10)
        ]
        self.send(
            "reference_areas",
            COUNCIL,
            [{"area_code": AREA, "as_at": self.first, **row} for row in small_areas],
        )

    def register(self, token: str | None, pcn: str = "ZPN1", **changes: Any) -> None:
        """A state of one person in a network's register; written by `build`."""
        rows = self.states.setdefault(pcn, [])
        rows.append(
            {
                "record_id": f"{pcn}-{len(rows) + 1:06d}",
                "person_token": token,
                "nhs_number_status": "valid" if token else "missing",
                "birth_month": "1980-01",
                "sex": "2",
                "practice_code": "Z90001" if pcn == "ZPN1" else "Z90002",
                "lsoa_code": "E01000000",
                "valid_from": self.first,
                "valid_to": None,
                **changes,
            }
        )

    def write(
        self, folder: Path, kpis: Sequence[Mapping[str, Any]] = (), periods: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Send what was gathered and who must report, and write the inputs of a run."""
        for pcn, rows in sorted(self.states.items()):
            self.send("pcn_register", pcn, rows)
        self.states = {}
        self.lake.add(
            "reference_organisations",
            COUNCIL,
            (self.first, self.last),
            [
                {
                    "member_organisation": organisation,
                    "area": AREA,
                    "required_feed": feed,
                    "measure": ALWAYS_FILLED[feed],
                    "valid_from": self.first,
                    "valid_to": self.left.get((feed, organisation)),
                }
                for feed, organisation in sorted(self.required)
            ],
        )
        write_inputs(folder, self.lake, kpis, periods, links(self.sent))

    def build(
        self,
        scratch: Path,
        command: Sequence[str] = ("build", "--exclude-resource-type", "unit_test"),
        kpis: Sequence[Mapping[str, Any]] = (),
        periods: Sequence[Mapping[str, Any]] = (),
    ) -> Build:
        """Write everything and run dbt on it, in `scratch`."""
        self.write(scratch / "inputs", kpis, periods)
        return run_dbt(command, scratch / "dbt", self.root, scratch / "inputs")
