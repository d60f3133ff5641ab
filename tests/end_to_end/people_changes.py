"""Senders who keep changing their minds: late, superseding and withdrawn files, made from what they sent before.

The files are those of the generated place as they lie in a home's vault; every change goes through real intake, the
real register and the real link table, and a build decides by the production functions which months it makes again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from foundation.home import Home
from foundation.period import month_of, months_between, parse_period
from ingest.register import Receipt, Register
from orchestration import dbt
from orchestration.rooms import contracts
from places.base import Submission

Row = dict[str, str]
# Columns whose values may be swapped among the rows of a file without breaking a rule of its contract.
SWAPPED = {
    "pcn_register": ("practice_code", "lsoa_code", "birth_month", "sex"),
    "deaths": ("date_of_death", "place_of_death"),
    "pcn_long_term_conditions": ("systolic", "diastolic"),
    "sexual_health": ("activity", "age", "lsoa_code"),
    "treatment_episodes": ("substance",),
    "stop_smoking": ("outcome",),
    "admitted_care": ("primary_diagnosis", "same_day_emergency_care"),
    "community_referrals": ("urgent",),
}
ABOUT_PEOPLE = (*SWAPPED, "nhs_health_checks")
KEYS = {"treatment_episodes": "episode_id", "admitted_care": "spell_id", "community_referrals": "referral_id"}
FIRST, LAST = "2023-04", "2025-06"
_STYLES = {"YYYY-MM-DD": "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y"}


@dataclass(frozen=True)
class Sent:
    """A file as its sender made it: rows under the contract's column names, whatever the sender calls them."""

    feed: str
    organisation: str
    first: date
    last: date
    sequence: int
    rows: tuple[Row, ...]

    @property
    def style(self) -> str:
        layout = contracts()[self.feed].layout_of(self.organisation)
        assert layout is not None
        return _STYLES[layout.dateFormat]

    def day(self, text: str) -> date | None:
        return datetime.strptime(text.strip(), self.style).date() if text.strip() else None  # noqa: DTZ007

    def text(self, day: date) -> str:
        return day.strftime(self.style)

    def submission(self) -> Submission:
        contract = contracts()[self.feed]
        layout = contract.layout_of(self.organisation)
        assert layout is not None
        names = contract.layout_names(layout)
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(names.values())
        writer.writerows([row[name] for name in names] for row in self.rows)
        content = buffer.getvalue().encode()
        return Submission(self.feed, self.organisation, self.first, self.last, self.sequence, content, len(self.rows))


def sent(home: Home, receipt: Receipt) -> Sent:
    """What a sender sent, read from the vault; repeated rows and stray spaces are left out."""
    contract = contracts()[receipt.feed]
    layout = contract.layout_of(receipt.organisation)
    assert layout is not None and receipt.covers_from and receipt.covers_to
    names = contract.layout_names(layout)
    with (home.submissions / receipt.submission_id / receipt.file_name).open(newline="") as handle:
        found = [{name: row[held].strip() for name, held in names.items()} for row in csv.DictReader(handle)]
    rows = tuple(dict(item) for item in dict.fromkeys(tuple(row.items()) for row in found))
    return Sent(receipt.feed, receipt.organisation, receipt.covers_from, receipt.covers_to, receipt.sequence, rows)


def deliver(home: Home, submission: Submission) -> Receipt:
    """Put a file into the sender's mailbox and take it in; it must be accepted."""
    from expectations.intake import take_in

    receipt = take_in(home, submission.write(home.landing), contracts())
    assert receipt.accepted, (receipt.file_name, receipt.findings)
    return receipt


def newest(home: Home, feed: str, organisation: str) -> Receipt:
    """The submission of a feed and organisation that reaches furthest."""
    found = [item for item in Register.load(home).in_force() if (item.feed, item.organisation) == (feed, organisation)]
    return max(found, key=lambda item: item.chronology)


# building -----------------------------------------------------------------------------------------


def build(home: Home, *selection: str) -> list[str] | str:
    """Run the models as the dbt asset would, without their tests; the months it made again. `LEFT` adds up the tables
    it did not make again.

    selection: models to run. What is left out is of an earlier cut; it has no sum, so that a later build makes it anew.
    """
    from orchestration.cycle import current_cycle
    from orchestration.defs.warehouse.assets import leaving
    from orchestration.increment import basis_of, difference, keepable
    from orchestration.inputs import write_inputs
    from orchestration.warehouse import begin_build, current_build, finish_build

    cycle = current_cycle(home)
    write_inputs(cycle)
    former, parsed = current_build(home), dbt.load_manifest(home)
    differs = difference(cycle, former, parsed)
    months = differs.months
    begin_build(home, differs.distrusted, differs.gone)
    target = home.dbt / "target"
    # the seeds too where there is no warehouse, or none that may be trusted
    verb = ["run"] if home.build_database.exists() else ["build", "--exclude-resource-types", "test", "unit_test"]
    ran = subprocess.run(
        [str(dbt.EXECUTABLE), "--quiet", "--no-use-colors", *verb, *selection, "--project-dir", str(dbt.PROJECT),
         "--profiles-dir", str(dbt.PROJECT), "--target-path", str(target), "--log-path", str(home.dbt / "logs"),
         *(["--full-refresh"] if months == "all" else []), *leaving(differs.kept, parsed)],
        env={**os.environ, **dbt.environment(home, cycle.cut.cut_id, *differs.parts)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = json.loads((target / "run_results.json").read_bytes())
    if former is not None:
        results["results"] += [item for item in former.run_results["results"] if item["unique_id"] in differs.kept]
    LEFT.update(differs.kept)
    # a selection leaves others of an earlier cut behind
    to_keep = [name for key, name in keepable(parsed).items() if key in dbt.built(results)]
    finish_build(home, cycle.fingerprint, basis_of(cycle), results, to_keep, kept=differs.sums)
    return months


LEFT: Counter[str] = Counter()
SPINE = ("--select", "+int_population")


def forget_build(home: Home) -> None:
    """Without its marker a warehouse is built whole."""
    (home.warehouse / "built.json").unlink()


def different_tables(left: Path, right: Path) -> list[str]:
    """Tables of two build databases that do not hold the same rows, each as often."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{left}' as one (read_only)")
        connection.execute(f"attach '{right}' as two (read_only)")
        held = [
            {row[0] for row in connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables where table_catalog = ?",
                [name]).fetchall()}
            for name in ("one", "two")
        ]  # fmt: skip
        assert len(held[0]) > 60
        found = sorted(held[0] ^ held[1])
        for name in sorted(held[0] & held[1]):
            sides = [
                f"(select * from {a}.{name} except all select * from {b}.{name})"
                for a, b in (["one", "two"], ["two", "one"])
            ]
            counted = connection.execute(f"select count(*) from ({sides[0]} union all {sides[1]})").fetchone()
            if counted != (0,):
                found.append(f"{name}: {counted[0] if counted else '?'} rows differ")
        return found


# changing -----------------------------------------------------------------------------------------


@dataclass
class Senders:
    """The senders of one home and a seeded chance that decides what they do next."""

    home: Home
    dice: random.Random
    told: list[str] = field(default_factory=list)
    held_back: list[Submission] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    # registers and deaths of files that begin earlier are left alone
    since: date = date.min
    added: int = 0

    def hold_back(self, feeds: Sequence[str]) -> None:
        """Undo the arrival of one file of each feed, as if it had never been sent; `late` sends it."""
        for feed in feeds:
            receipt = self.dice.choice(self._in_force(feed))
            folder = self.home.submissions / receipt.submission_id
            content = (folder / receipt.file_name).read_bytes()
            assert receipt.covers_from and receipt.covers_to
            self.held_back.append(
                Submission(feed, receipt.organisation, receipt.covers_from, receipt.covers_to, receipt.sequence,
                           content, receipt.rows_read)
            )  # fmt: skip
            for path, _ in receipt.lake_files:
                (self.home.lake / path).unlink()
            shutil.rmtree(folder)

    def _in_force(self, *feeds: str) -> list[Receipt]:
        return [
            item
            for item in Register.load(self.home).in_force()
            if item.feed in feeds
            and (item.feed not in ("pcn_register", "deaths") or (item.covers_from or date.min) >= self.since)
        ]

    def change(self, *, links_stay: bool) -> None:
        """One change. links_stay: none that takes a token out of the data, which would build every month again."""
        steps: dict[Callable[[], str], int] = {
            self.late: 3 if self.held_back else 0,
            self.corrected: 5,
            self.register_of_some_months: 4,
            self.taken_back: 2 if self.ours else 0,
        }
        if not links_stay:
            steps |= {self.shortened: 4, self.withdrawn: 4, self.link_undone: 2}
        step = self.dice.choices(list(steps), weights=list(steps.values()))[0]
        self.told.append(step())

    def late(self) -> str:
        item = self.held_back.pop(self.dice.randrange(len(self.held_back)))
        deliver(self.home, item)
        return f"late {item.file_name}"

    def _resend(self, held: Sent, rows: Sequence[Row], first: date | None = None, last: date | None = None) -> str:
        """Send rows with a number above all others of the sender."""
        numbers = [
            item.sequence
            for item in Register.load(self.home).entries
            if (item.feed, item.organisation) == (held.feed, held.organisation)
        ]
        again = Sent(
            held.feed, held.organisation, first or held.first, last or held.last, max(numbers) + 1, tuple(rows)
        )
        self.ours.append(deliver(self.home, again.submission()).submission_id)
        return again.submission().file_name

    def _some(self, rows: Sequence[Row], most: int) -> list[int]:
        return self.dice.sample(range(len(rows)), min(len(rows), self.dice.randint(1, most)))

    def _swapped(self, feed: str, rows: Sequence[Row]) -> list[Row]:
        """Rows of which a few have another row's value in one column, and one stands there twice under two numbers."""
        changed = [dict(row) for row in rows]
        column = self.dice.choice(SWAPPED[feed])
        filled = [place for place, row in enumerate(changed) if row[column]]
        for place in self._some(filled, 3) if filled else []:
            changed[filled[place]][column] = rows[self.dice.choice(filled)][column]
        if changed and self.dice.random() < 0.5:
            self.added += 1
            copy = dict(self.dice.choice(changed))
            key = KEYS.get(feed, "record_id")
            changed.append({**copy, key: f"{copy[key]}-{self.added}"})
        return changed

    def corrected(self) -> str:
        weights = [4 if name in ("pcn_register", "deaths") else 1 for name in SWAPPED]
        feed = self.dice.choices(list(SWAPPED), weights=weights)[0]
        held = sent(self.home, self.dice.choice(self._in_force(feed) or self._in_force("pcn_register")))
        return f"corrected {self._resend(held, self._swapped(held.feed, held.rows))}"

    def shortened(self) -> str:
        """Some rows are gone, and with them what they said."""
        held = sent(self.home, self.dice.choice(self._in_force(*ABOUT_PEOPLE)))
        gone = set(self._some(held.rows, 3)) if held.rows else set()
        return f"shortened {self._resend(held, [row for place, row in enumerate(held.rows) if place not in gone])}"

    def register_of_some_months(self) -> str:
        """One to three months of a register, sent again for themselves."""
        held = sent(self.home, self.dice.choice(self._in_force("pcn_register")))
        months = months_between(month_of(held.first), month_of(held.last))
        start = self.dice.randrange(len(months))
        first, last = months[start].start, months[min(len(months) - 1, start + self.dice.randrange(3))].end
        rows = []
        for row in held.rows:
            since, until = held.day(row["valid_from"]), held.day(row["valid_to"])
            assert since is not None
            if since <= last and (until is None or until >= first):
                text = "" if until is None or until > last else held.text(until)
                rows.append({**row, "valid_from": held.text(max(since, first)), "valid_to": text})
        return f"some months of {self._resend(held, self._swapped('pcn_register', rows), first, last)}"

    def _withdraw(self, submission_id: str) -> None:
        from ingest.register import withdraw

        withdraw(self.home, submission_id, "sent by mistake", "the sender", contracts(), date(2025, 10, 1),
                 restatement=True)  # fmt: skip

    def taken_back(self) -> str:
        """A correction is withdrawn; what it superseded counts again."""
        name = self.ours.pop(self.dice.randrange(len(self.ours)))
        self._withdraw(name)
        return f"taken back {name[:8]}"

    def withdrawn(self) -> str:
        receipt = self.dice.choice(self._in_force(*ABOUT_PEOPLE))
        self.ours = [name for name in self.ours if name != receipt.submission_id]
        self._withdraw(receipt.submission_id)
        return f"withdrawn {receipt.file_name}"

    def link_undone(self) -> str:
        """Names that belonged to a number, or a reference that belonged to somebody, belong to nobody else now."""
        from ingest.cut import build_cut, links_of
        from ingest.identity.links import undo_link

        links = links_of(self.home, build_cut(self.home, contracts())).to_pylist()
        tokens = sorted(row["token"] for row in links if row["token_kind"] != "person" and row["basis"] == "number")
        undo_link(self.home, self.dice.choice(tokens), "two people of one name", "the service")
        return "a link undone"


# working figures out by hand ----------------------------------------------------------------------


def periods_of(day: date, kinds: Sequence[str]) -> set[tuple[str, str]]:
    """Kind and name of every period of the place's window that holds a day."""
    found = set()
    quarter = (day.month - 4) % 12 // 3 + 1
    year = day.year - (day.month < 4)
    names = {
        "month": [f"{day:%Y-%m}"],
        "quarter": [f"{year}-{(year + 1) % 100:02d}-q{quarter}"],
        "year": [f"{year}-{(year + 1) % 100:02d}"],
        "rolling_year": [
            f"{month.label}-r12"
            for place, month in enumerate(months_between(parse_period(FIRST), parse_period(LAST)))
            if place >= 11 and 0 <= (month.start.year - day.year) * 12 + month.start.month - day.month < 12
        ],
    }
    for kind in kinds:
        found |= {(kind, name) for name in names[kind]}
    return found


def groups_of(home: Home, person_token: str, day: date) -> Mapping[str, str]:
    """What the registers and the reference files say of somebody on the first of a day's month, read row by row."""
    from places.greenwich.geography import areas

    first = day.replace(day=1)
    states = []
    for receipt in Register.load(home).in_force():
        if receipt.feed != "pcn_register" or not receipt.covers_from or not receipt.covers_to:
            continue
        if receipt.covers_from <= first <= receipt.covers_to:
            held = sent(home, receipt)
            for row in held.rows:
                since, until = held.day(row["valid_from"]), held.day(row["valid_to"])
                if row["person_token"] == person_token and since and since <= first <= (until or first):
                    states.append((since, row["practice_code"], row))
    if not states:
        return {}
    _, practice, row = max(states, key=lambda state: state[:2])
    networks = {
        (item["valid_from"], item["pcn_code"])
        for item in sent(home, newest(home, "reference_practices", "ZCC1")).rows
        if item["practice_code"] == practice and item["valid_from"] <= first.isoformat() <= (item["valid_to"] or "9")
    }
    places = {code: str(fifth) for code, fifth in zip(areas().codes, areas().quintile, strict=True)}
    year, month = (int(part) for part in row["birth_month"].split("-"))
    age = ((first.year - year) * 12 + first.month - month) // 12
    starts = {18: "18-39", 40: "40-64", 65: "65-74", 75: "75-84", 85: "85-over"}
    return {
        "all": "all",
        "pcn": max(networks)[1] if networks else "unknown",
        "deprivation": places.get(row["lsoa_code"], "unknown"),
        "age": next((name for start, name in sorted(starts.items(), reverse=True) if age >= start), "0-17"),
        "years": str(age),
    }


def figures_of(
    indicator: str, day: date, groups: Mapping[str, str], periods: Sequence[str], kinds: Sequence[str]
) -> set[tuple[str, str, str, str, str]]:
    """Every figure of an indicator that an event of a day and a person of those groups is part of."""
    return {
        (indicator, *period, kind, groups[kind]) for period in periods_of(day, periods) for kind in kinds
    }  # fmt: skip


def built_figures(database: Path) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Every figure of a build that rests on somebody, by the same names as the analysts' database has them."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, kind, group in (("measures", "'all'", "'all'"), ("breakdowns", "breakdown_kind", "breakdown_group")):
            columns = f"indicator_id, period_kind, period_id, {kind}, {group}, value, numerator, denominator, marker"
            for row in connection.execute(f"select {columns} from {table} where denominator > 0").fetchall():
                found[tuple(row[:5])] = tuple(row[5:])
    return found
