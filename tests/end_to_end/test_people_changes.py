"""What a change of the data changes: after any of them a rebuild would say the same, and nothing else has moved.

Recomputing: late, superseding and withdrawn files. Flex and freeze: each change through a new data cut, its difference
reported, after the freeze only as a restatement.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo_home import DemoHome, outturn
from gate_home import run_selection
from people_changes import (
    LEFT,
    SPINE,
    Senders,
    build,
    built_figures,
    deliver,
    different_tables,
    figures_of,
    forget_build,
    groups_of,
    newest,
    periods_of,
    sent,
)
from people_home import analysts, first, rows_of

from foundation.home import Home
from ingest.register import Receipt, Register, read_withdrawal
from places.base import Submission

MONTHS = 27
HELD_BACK = ("pcn_register", "pcn_register", "deaths", "stop_smoking", "admitted_care", "treatment_episodes")


def _copy(greenwich: DemoHome, folder: Path) -> Home:
    return Home(Path(shutil.copytree(greenwich.root, folder / "home", symlinks=True)))


def _materialise_warehouse(home: Home) -> None:
    """The data cut and the dbt assets with their tests, as Dagster runs them."""
    import dagster as dg

    from orchestration.definitions import build_definitions

    models = next(
        item
        for item in build_definitions(home).assets or ()
        if isinstance(item, dg.AssetsDefinition) and item.op.name == "dbt_build"
    )
    succeeded, failed = run_selection(
        home,
        dg.AssetSelection.assets("data_cut") | dg.AssetSelection.assets(models),
        tags={"dagster/asset_partition_range_start": "2025-06", "dagster/asset_partition_range_end": "2025-06"},
    )
    # a test of the warehouse may find fault with what the senders sent; the tables must be whole all the same
    assert succeeded or (home.warehouse / "built.json").exists(), failed


def _assert_a_rebuild_is_the_same(home: Home, tmp_path: Path, told: Sequence[str]) -> None:
    grown = Path(shutil.copy(home.build_database, tmp_path / "grown.duckdb"))
    forget_build(home)
    assert build(home) == "all"
    found = different_tables(grown, home.build_database)
    assert not found, f"{found} after " + "; ".join(told)


# flex and freeze ----------------------------------------------------------------------------------

# Ansel Quillon, a resident written by hand: born in October 1977, known by number, and lost after the quit date of
# 13 January 2025.
QUIT_DAY, INVITED, ATTENDED = date(2025, 1, 13), date(2025, 5, 6), date(2025, 5, 20)
QUARTER_ENDS = (date(2025, 3, 31), date(2025, 6, 30))
LATE_WINDOW, LATE_YEAR = (date(2025, 2, 1), date(2025, 7, 31)), (date(2024, 8, 1), date(2025, 7, 31))
Figure = tuple[str, ...]


@dataclass(frozen=True)
class Flexed:
    """A home after four files and one run: the releases before and after, and what had to change by which file."""

    home: Home
    before: Path
    after: Path
    person: str
    quit_again: Receipt
    expected: dict[str, set[Figure]]
    arrived: tuple[Submission, ...]


def _quit_corrected(home: Home) -> tuple[Submission, str]:
    """The same six months again: the one who was lost is found, with a clean breath on day 30."""
    held = sent(home, newest(home, "stop_smoking", "ZSS1"))
    (story,) = [
        row for row in held.rows if row["quit_date"] == QUIT_DAY.isoformat() and row["birth_month"] == "1977-10"
    ]
    assert story["outcome"] == "lost" and story["person_token"]
    found = {**story, "outcome": "quit_co_verified", "follow_up_date": (QUIT_DAY + timedelta(days=30)).isoformat()}
    rows = tuple(found if row is story else row for row in held.rows)
    return replace(held, sequence=2, rows=rows).submission(), story["person_token"]


def _invited_late(home: Home, person: str, network: str) -> Submission:
    """A month later the network sends twelve months again, a month further, with an invitation nobody had told of."""
    held = sent(home, newest(home, "nhs_health_checks", network))
    told = [row for row in held.rows if row["invited_on"] and (held.day(row["invited_on"]) or INVITED) >= LATE_YEAR[0]]
    late = {
        "organisation": network,
        "record_id": "LATE-1",
        "person_token": person,
        "invited_on": held.text(INVITED),
        "attended_on": held.text(ATTENDED),
    }
    names = held.rows[0].keys() if held.rows else late.keys()
    rows = (*told, {name: late.get(name, "") for name in names})
    return replace(held, first=LATE_YEAR[0], last=LATE_YEAR[1], rows=rows).submission()


def _referral_dropped(home: Home) -> tuple[Submission, dict[str, str], date]:
    """The window rolls on by a month, and a referral nobody was ever seen for is no longer in it."""
    held = sent(home, newest(home, "community_referrals", "ZCM1"))
    rows = [row for row in held.rows if date.fromisoformat(row["referred_on"]) >= LATE_WINDOW[0]]
    gone = next(
        row
        for row in rows
        if row["urgent"] == "N"
        and not row["first_contact_on"]
        and row["person_token"]
        and groups_of(home, row["person_token"], date.fromisoformat(row["referred_on"]))
    )
    kept = tuple(row for row in rows if row is not gone)
    file = replace(held, first=LATE_WINDOW[0], last=LATE_WINDOW[1], rows=kept).submission()
    return file, gone, date.fromisoformat(gone["referred_on"])


def _register_again(home: Home, network: str) -> Submission:
    """Three months of a register sent again as they were: its months are built again, and no figure differs."""
    begin, end = date(2025, 4, 1), date(2025, 6, 30)
    held = sent(home, newest(home, "pcn_register", network))
    assert (held.first, held.last) == (begin, end)
    return replace(held, sequence=2).submission()


@pytest.fixture(scope="module")
def flexed(greenwich: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Flexed:
    """Four files that have nothing to do with each other, and the run a user starts when they have landed."""
    home = _copy(greenwich, tmp_path_factory.mktemp("flex"))
    before = home.current.resolve()
    again, person = _quit_corrected(home)
    quit_groups, invited_groups = (groups_of(home, person, day) for day in (QUIT_DAY, INVITED))
    assert (quit_groups["years"], quit_groups["age"]) == ("47", "40-64")
    rolled, gone, referred = _referral_dropped(home)
    late = _invited_late(home, person, invited_groups["pcn"])
    all_periods = ("month", "quarter", "year", "rolling_year")
    expected: dict[str, set[Figure]] = {
        "four_week_quit": set(
            figures_of("four_week_quit", QUIT_DAY, quit_groups, all_periods, ("all", "pcn", "deprivation", "age"))
        ),
        "health_check_uptake": set(
            figures_of("health_check_uptake", INVITED, invited_groups, all_periods[1:], ("all", "pcn", "deprivation"))
        ),
        "first_contact_28_days": set(
            figures_of(
                "first_contact_28_days",
                referred,
                groups_of(home, gone["person_token"], referred),
                all_periods,
                ("all", "pcn", "deprivation", "age"),
            )
        ),
    }
    # what else is counted from the same rows
    places, everything = ("all", "pcn", "deprivation"), ("all", "pcn", "deprivation", "age")
    gone_groups = groups_of(home, gone["person_token"], referred)
    for indicator, day, groups, kinds in (
        ("four_week_quit_self_reported", QUIT_DAY, quit_groups, everything),
        ("quit_lost_to_follow_up", QUIT_DAY, quit_groups, everything),
        ("health_check_offered", INVITED, invited_groups, places),
        ("health_check_received", ATTENDED, groups_of(home, person, ATTENDED), places),
        ("onward_referral_completed", referred, gone_groups, everything),
    ):
        expected[indicator] = set(figures_of(indicator, day, groups, all_periods[1:], kinds))
    # whoever refused to be seen waits for nobody
    waits = [end for end in QUARTER_ENDS if end >= referred and gone["closed_reason"] not in ("refused", "abandoned")]
    expected["waiting_over_42_days"] = {
        key
        for end in waits
        for key in figures_of(
            "waiting_over_42_days", end, groups_of(home, gone["person_token"], end), ("quarter", "year"), everything
        )
        if key[1] == "quarter" or end.month == 3
    }
    # the list of a month looks back 119 days, and only at people on its register
    listed = [
        (end, groups_of(home, gone["person_token"], end))
        for month in range(1, 7)
        for end in [date(2025, month + 1, 1) - timedelta(1)]
        if waits and 0 <= (end - referred).days <= 119
    ]
    expected["people_waiting"] = {
        key
        for end, groups in listed
        if groups
        for key in figures_of("people_waiting", end, groups, all_periods[:3], everything)
        if key[1] == "month" or end.month == 3 or (key[1] == "quarter" and end.month == 6)
    }
    files = (again, late, rolled, _register_again(home, quit_groups["pcn"]))
    for item in files:
        item.write(home.landing)
    said = outturn("run", "--period", "2025-06", home=home.root)
    assert said.code in (0, 3), said.out
    assert ", 3 month(s) of people built again" in said.out, said.out
    assert "table(s) left as they were" in said.out, said.out
    after = home.current.resolve()
    assert after != before
    return Flexed(home, before, after, person, newest(home, "stop_smoking", "ZSS1"), expected, files)


def _changed(flexed: Flexed) -> set[Figure]:
    old, new = analysts(flexed.before), analysts(flexed.after)
    return {key for key in {*old, *new} if old.get(key) != new.get(key)}


def _of(keys: set[Figure], indicator: str) -> set[Figure]:
    return {key for key in keys if key[0] == indicator}


def test_a_resubmission_changes_the_figures_its_one_row_is_part_of(flexed: Flexed) -> None:
    """One month, quarter, year and six rolling years; the borough, a network, a fifth and an age group."""
    expected = flexed.expected["four_week_quit"]
    assert len(expected) == 9 * 4
    changed = _changed(flexed)
    assert _of(changed, "four_week_quit") == expected, first(
        map(str, sorted(_of(changed, "four_week_quit") ^ expected))
    )
    old, new = analysts(flexed.before), analysts(flexed.after)
    for key in expected:
        assert new[key]["numerator"] == old[key]["numerator"] + 1, key
        assert new[key]["denominator"] == old[key]["denominator"], key


def test_a_late_row_is_added_where_it_belongs(flexed: Flexed) -> None:
    expected = flexed.expected["health_check_uptake"]
    assert len(expected) == 4 * 3
    assert _of(_changed(flexed), "health_check_uptake") == expected
    old, new = analysts(flexed.before), analysts(flexed.after)
    for key in expected:
        parts = old.get(key, {"numerator": 0, "denominator": 0})
        assert (new[key]["numerator"], new[key]["denominator"]) == (parts["numerator"] + 1, parts["denominator"] + 1)


def test_what_a_rolling_window_drops_is_gone(flexed: Flexed) -> None:
    expected = flexed.expected["first_contact_28_days"]
    assert _of(_changed(flexed), "first_contact_28_days") == expected
    old, new = analysts(flexed.before), analysts(flexed.after)
    for key in expected:
        parts = new.get(key, {"numerator": 0, "denominator": 0})
        assert (parts["numerator"], parts["denominator"]) == (old[key]["numerator"], old[key]["denominator"] - 1)


def test_nothing_else_has_changed(flexed: Flexed) -> None:
    assert _changed(flexed) == set().union(*flexed.expected.values())


def _cut(release: Path) -> str:
    return str(json.loads((release / "manifest.json").read_bytes())["data_cut_id"])


def test_the_run_reports_exactly_these_changes(flexed: Flexed) -> None:
    """A new cut, a new release beside the former, and the differences between them on file."""
    assert _cut(flexed.before) != _cut(flexed.after)
    path = flexed.home.restatements / f"{flexed.before.name[:16]}..{flexed.after.name[:16]}.json"
    document = json.loads(path.read_bytes())
    assert (document["before"], document["after"]) == (flexed.before.name, flexed.after.name)
    changes: list[dict[str, Any]] = document["changes"]
    arrived = {f"{item.feed} from {item.organisation}" for item in flexed.arrived}
    told = {
        (item["change"], (item["after"] or item["before"]).split(",")[0], item["before"])
        for item in changes
        if item["table"] == "submission"
    }
    network = next(item.organisation for item in flexed.arrived if item.feed == "nhs_health_checks")
    register = next(item.organisation for item in flexed.arrived if item.feed == "pcn_register")
    superseded = {
        ("stop_smoking from ZSS1", "stop_smoking from ZSS1, 2025-01-01 to 2025-06-30, sequence 1"),
        (
            f"nhs_health_checks from {network}",
            f"nhs_health_checks from {network}, 2024-07-01 to 2025-06-30, sequence 1",
        ),
        ("community_referrals from ZCM1", "community_referrals from ZCM1, 2025-01-01 to 2025-06-30, sequence 1"),
        (f"pcn_register from {register}", f"pcn_register from {register}, 2025-04-01 to 2025-06-30, sequence 1"),
    }
    assert told == {("new", name, "") for name in arrived} | {("superseded", *names) for names in superseded}

    expected = set().union(*flexed.expected.values())
    shown = [_published(release) for release in (flexed.before, flexed.after)]
    differing = {name for name in {*shown[0], *shown[1]} if shown[0].get(name) != shown[1].get(name)}
    listed = {item["name"] for item in changes if item["table"] in ("figure", "group")}
    assert listed == differing
    for name in sorted(differing):
        # a figure that comes or goes under protection stands for another one that changed
        hidden = any(side.get(name, {}).get("marker") == "c" for side in shown)
        # groups are shown of one year of twelve months: of an earlier one where the last is hidden now
        other_year = "-r12:" in name and (name in shown[0]) != (name in shown[1])
        changed = {key[0] for key in expected} if other_year else set()
        assert (
            _key(name)[0] in changed
            or _key(name) in {key[:1] + key[2:] for key in expected}
            or (hidden and _key(name)[:2] in {(key[0], key[2]) for key in expected})
        ), name
    assert differing
    unmoved = [
        name
        for name in shown[0]
        if _key(name) in {key[:1] + key[2:] for key in expected}
        and name not in differing
        and shown[0][name]["marker"] != "c"
    ]
    exact = [{key[:1] + key[2:]: row for key, row in analysts(side).items()} for side in (flexed.before, flexed.after)]
    for name in unmoved:
        # a change of one may be swallowed by rounding to the nearest 5, of the figure itself or of the parts it sums
        key = _key(name)
        parts = {item for item in shown[0] if _key(item)[0] == key[0] and _key(item)[2:] == ("all", "all")} - {name}
        moved_parts = {item for item in parts & differing if len(_key(item)[1]) in (7, 10)}  # months and quarters
        rounded = [[_to_nearest_five(side[key][part]) for part in ("numerator", "denominator")] for side in exact]
        assert rounded[0] == rounded[1] or (key[2:] == ("all", "all") and not moved_parts), name
    returns = [{row["figure_id"]: row for row in rows_of(side / "members" / "kpi_return.csv")} for side in
               (flexed.before, flexed.after)]  # fmt: skip
    moved = {name for name in returns[0] if returns[0][name]["value"] != returns[1][name]["value"]}
    assert moved <= {item["name"] for item in changes if item["table"] == "kpi"}
    assert {returns[0][item["name"]]["indicator_id"] for item in changes if item["table"] == "kpi"} <= set(
        flexed.expected
    )
    assert {item["table"] for item in changes} <= {"figure", "group", "submission", "kpi", "posting"}
    assert document["summary"]


def _key(figure_id: str) -> tuple[str, ...]:
    """Indicator, period, breakdown and group of a published figure."""
    parts = figure_id.split(":")
    return (parts[1], parts[3], *(parts[4:6] if parts[0] == "breakdown" else ("all", "all")))


def _to_nearest_five(count: Decimal) -> int:
    return int((count / 5).quantize(Decimal(1), ROUND_HALF_UP)) * 5


def _published(release: Path) -> dict[str, dict[str, str]]:
    """What the public files say of each figure, as far as the comparison looks at it."""
    columns = ("value", "marker", "numerator", "denominator", "lower", "upper", "data_cut_status")
    return {
        row["figure_id"]: {name: row[name] for name in columns}
        for table in ("outcomes", "breakdowns")
        for row in rows_of(release / "public" / "data" / f"{table}.csv")
    }


@pytest.mark.soak
def test_a_practice_that_moves_network_changes_those_two_networks_alone(flexed: Flexed, tmp_path: Path) -> None:
    """SWK-08: from April 2025 the practice's people count with another network, in every indicator; nowhere else."""
    home = Home(Path(shutil.copytree(flexed.home.root, tmp_path / "home", symlinks=True)))
    before = built_figures(home.build_database)
    held = sent(home, newest(home, "reference_practices", "ZCC1"))
    state = next(row for row in held.rows if row["practice_code"] == "Z90026" and not row["valid_to"])
    old, new = state["pcn_code"], next(code for code in ("ZPN1", "ZPN2") if code != state["pcn_code"])
    moved = [
        {**state, "valid_to": "2025-03-31"},
        {**state, "pcn_code": new, "valid_from": "2025-04-01", "valid_to": ""},
    ]
    rows = tuple(row for row in held.rows if row is not state) + tuple(moved)
    deliver(home, replace(held, sequence=2, rows=rows).submission())
    assert build(home) == "all"
    after = built_figures(home.build_database)
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    months = {date(2025, month, 1) for month in (4, 5, 6)}
    periods = {period for day in months for period in periods_of(day, ("month", "quarter", "year", "rolling_year"))}
    outside = {key for key in changed if key[3] != "pcn" or key[4] not in (old, new) or (key[1], key[2]) not in periods}
    assert not outside, first(map(str, sorted(outside)))
    # the denominators of rates are months of people, and the practice has people in every month
    rates = {key for key in before if key[0] == "larc_prescribed" or key[0] == "emergency_admissions"}
    wanted = {key for key in rates if key[3] == "pcn" and key[4] in (old, new) and (key[1], key[2]) in periods}
    assert wanted
    assert wanted <= changed
    for network, sign in ((old, -1), (new, 1)):
        key = ("emergency_admissions", "year", "2025-26", "pcn", network)
        assert sign * (after[key][2] - before[key][2]) > 0


def test_after_the_freeze_a_file_is_taken_back_only_as_a_restatement(flexed: Flexed, tmp_path: Path) -> None:
    """GRW-26: the quarter's figures were final 45 days after its end; the withdrawal has to say what it does."""
    home = Home(Path(shutil.copytree(flexed.home.root, tmp_path / "home", symlinks=True)))
    name = flexed.quit_again.submission_id
    words = ("withdraw", name, "--reason", "the follow-up was somebody else's", "--by", "the service")
    refused = outturn(*words, home=home.root)
    assert refused.code == 1, refused.out
    assert "no longer provisional" in refused.out and "restatement" in refused.out
    assert read_withdrawal(home, name) is None
    assert name in {item.submission_id for item in Register.load(home).in_force()}
    done = outturn(*words, "--restatement", home=home.root)
    assert done.code == 0, done.out
    withdrawal = read_withdrawal(home, name)
    assert withdrawal is not None and withdrawal.restatement
    assert withdrawal.as_at == date(2025, 10, 1)
    in_force = {item.submission_id for item in Register.load(home).in_force() if item.feed == "stop_smoking"}
    assert name not in in_force
    former = {item["submission_id"] for item in _submissions(flexed.before) if item["feed"] == "stop_smoking"}
    assert in_force == former, "what it had superseded counts again"


def _submissions(release: Path) -> list[dict[str, Any]]:
    cut = json.loads((release / "members" / "lineage.json").read_bytes())["data_cut"]
    found: list[dict[str, Any]] = cut["submissions"]
    return found


def test_a_table_is_left_only_as_it_was_built(flexed: Flexed, tmp_path: Path) -> None:
    """What nobody sent anew is not made again; what somebody touched in the database is, and what another engine summed."""
    from orchestration import dbt
    from orchestration.cycle import current_cycle
    from orchestration.increment import difference, keepable
    from orchestration.warehouse import current_build

    home = Home(Path(shutil.copytree(flexed.home.root, tmp_path / "home", symlinks=True)))
    cycle, build, manifest = current_cycle(home), current_build(home), dbt.load_manifest(home)
    assert build is not None
    kept = difference(cycle, build, manifest).kept
    standing = {name for name in kept if name.startswith(("model.", "seed."))}
    assert standing == set(keepable(manifest)), "the same cut again changes nothing"
    assert difference(cycle, build, manifest).indicators == []
    touched = "unique_int_deaths_person_key"
    assert {name.split(".")[2] for name in kept if name.startswith("test.")} >= {touched}
    # a test that looks at what every submission changes is asked again
    assert not any("figures_follow_returns" in name for name in kept)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("update int_deaths set date_of_death = date '2024-01-01' where person_key is not null")
    less = kept - difference(cycle, build, manifest).kept
    assert {name for name in less if not name.startswith("test.")} == {"model.outturn.int_deaths"}
    assert touched in {name.split(".")[2] for name in less}
    tests = {name for name in less if name.startswith("test.")}
    assert all("model.outturn.int_deaths" in manifest["nodes"][name]["depends_on"]["nodes"] for name in tests)
    other = replace(build, sums={**build.sums, "engine": "another"})
    assert difference(cycle, other, manifest).kept == frozenset()
    assert difference(cycle, build, manifest).months == []
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("insert into ind_four_week_quit__events select * from ind_four_week_quit__events limit 1")
        connection.execute("delete from stg_stop_smoking where row_number = 1")
    differs = difference(cycle, build, manifest)
    # the indicator is made again from its rows, and added up again; a table that would grow is built whole
    assert differs.indicators == ["four_week_quit"] and differs.distrusted == {"stg_stop_smoking"}
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "update int_person_months set sex = 'unknown' where person_key = (select min(person_key) from int_person_months)"
        )
    # months that nothing changed would stay as somebody made them
    assert difference(cycle, build, manifest).months == "all"


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("int_indicator_events", "update ind_four_week_quit__events set numerator = 1 - numerator"),
        (
            "int_indicator_events",
            "insert into ind_treatment_wait__events select * from ind_treatment_wait__events limit 1",
        ),
        ("measures", "update measures set value = value + 1"),
        ("ledger", "delete from ledger"),
    ],
)
def test_what_a_release_reads_is_as_the_build_left_it(flexed: Flexed, tmp_path: Path, table: str, change: str) -> None:
    """Money rests on hashes of rows in their order; the analysts' events, which are many, are known by their sum."""
    from foundation.errors import Refused
    from orchestration.warehouse import EVENTS, TABLES, current_build, read_tables

    home = Home(tmp_path / "home")
    shutil.copytree(flexed.home.warehouse, home.warehouse, symlinks=True)
    build = current_build(home)
    assert build is not None
    assert set(read_tables(home, build.fingerprint, (*TABLES, EVENTS))) == {*TABLES, EVENTS}
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(change)
    with pytest.raises(Refused, match=f"^{table} changed in the warehouse after it was built"):
        read_tables(home, build.fingerprint, (*TABLES, EVENTS))
    others = [name for name in (*TABLES, EVENTS) if name != table]
    assert set(read_tables(home, build.fingerprint, others)) == set(others)


def test_a_correction_of_one_feed_leaves_what_is_made_of_others(flexed: Flexed) -> None:
    """And nothing that is made of it, however far down, or that says which submissions count."""
    from orchestration import dbt
    from orchestration.increment import Moved, unmoved

    manifest = dbt.load_manifest(flexed.home)
    moved = Moved(frozenset({"community_referrals"}), links=False, days=False, inputs=frozenset({"submissions"}))
    standing = {name.split(".")[2] for name in unmoved(manifest, moved) if name.startswith("model.")}
    assert standing >= {
        "stg_deaths", "int_deaths", "int_person_months", "int_population", "int_hospital_stays", "int_treated_people",
        "ind_emergency_admissions__events", "ind_hypertension_treated__people", "int_ledger_lines", "ledger",
        "int_required_reports", "int_calendar", "int_periods", "int_dsr_bands", "measure_dsr", "unmet_need",
    }  # fmt: skip
    assert not standing & {
        "stg_community_referrals", "ind_community_wait__events", "ind_first_contact_28_days__events",
        "int_indicator_events", "int_period_people", "int_indicator_cells", "int_group_months", "measure_median", "measures",
        "breakdowns",
        "kpi_return", "lineage", "int_monitor_months", "gaming_monitors", "year_end_forecasts",
        "stg_submissions", "int_submission_coverage", "int_newest_submissions", "int_figure_submissions",
        "int_indicator_periods", "completeness", "spc_points", "int_deprivation_fifths", "inequality", "observed_expected",
        "funnel", "trend",
    }  # fmt: skip
    for other, gone in (
        (replace(moved, links=True), "ind_emergency_admissions__events"),
        (replace(moved, days=True), "int_person_months"),
        (replace(moved, inputs=frozenset({"indicator_catalogue"})), "indicators"),
        (replace(moved, inputs=frozenset({"agreement_periods"})), "ledger"),
        (replace(moved, feeds=frozenset({"admitted_care"})), "measure_dsr"),
        (replace(moved, feeds=frozenset({"deaths"})), "ind_at_home_12_weeks__events"),
        (replace(moved, feeds=frozenset({"pcn_register"})), "ind_emergency_admissions__events"),
        (replace(moved, feeds=frozenset({"reference_organisations"})), "int_periods"),
        # who is reached rests on periods of the figures of some feeds, and on who has to report
        (replace(moved, feeds=frozenset({"reference_organisations"})), "unmet_need"),
        (replace(moved, feeds=frozenset({"treatment_episodes"})), "unmet_need"),
        (replace(moved, days=True), "unmet_need"),
        (replace(moved, inputs=frozenset({"indicator_feeds"})), "unmet_need"),
    ):
        assert f"model.outturn.{gone}" not in unmoved(manifest, other), gone


def test_a_model_names_every_feed_about_whose_submissions_it_asks(flexed: Flexed) -> None:
    """Where a model looks into a table of submissions itself, its SQL names the feed each time, and its config the same."""
    from orchestration import dbt
    from orchestration.increment import SUBMISSIONS_OF

    manifest = dbt.load_manifest(flexed.home)
    declared = {}
    for key, node in manifest["nodes"].items():
        named = node["config"].get("meta", {}).get(SUBMISSIONS_OF)
        if named is None:
            continue
        declared[key.split(".")[2]] = named
        code = "\n".join(line for line in node["raw_code"].splitlines() if not line.startswith("{{ config"))
        # the macro looks into the table for the feed it is given
        code = re.sub(r"days_everybody_told\('(\w+)'\)", r"ref('int_submission_coverage') feed = '\1'", code)
        asked = re.findall(r"ref\('(?:stg_submissions|int_submission_coverage|int_newest_submissions)'\)", code)
        filters = re.findall(r"\bfeed = '(\w+)'", code)
        assert set(filters) | set(re.findall(r"in_force\('(\w+)'", code)) == set(named), key
        assert 0 < len(asked) <= len(filters), key
    assert len(declared) >= 7


def test_a_model_names_every_feed_of_the_figures_whose_periods_it_asks_about(flexed: Flexed) -> None:
    from dbt_project.catalogue import load_catalogue
    from orchestration import dbt
    from orchestration.increment import PERIODS_OF

    feeds = {item.indicator_id: set(item.feeds) for item in load_catalogue()}
    found = 0
    for key, node in dbt.load_manifest(flexed.home)["nodes"].items():
        if named := node["config"].get("meta", {}).get(PERIODS_OF):
            found += 1
            figures = [name for name in re.findall(r"'covered_by': '(\w+)'", node["raw_code"]) if name in feeds]
            assert set(named) == set().union(*(feeds[name] for name in figures)), key
            asked = re.findall(r"ref\('int_indicator_periods'\)", node["raw_code"])
            assert len(asked) == 1 and "indicator_id = '{{ given.covered_by }}'" in node["raw_code"], key
    assert found


def test_every_feed_a_group_is_made_of_says_which_quarters_it_changes(flexed: Flexed) -> None:
    """And a feed of which later quarters alone are built again tells of days of its window alone."""
    from dbt_project.changes import EVERY_MONTH, EVERY_QUARTER, ITS_OWN_MONTHS, LATER_QUARTERS
    from orchestration import dbt

    manifest = dbt.load_manifest(flexed.home)
    waiting, feeds = ["model.outturn.int_group_members"], set()
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in seen or key.endswith((".int_periods", ".int_submission_coverage", ".int_newest_submissions")):
            continue
        seen.add(key)
        source = manifest["sources"].get(key)
        if source is not None:
            feeds |= {source["name"]} if source["source_name"] == "lake" else set()
        else:
            waiting += manifest["nodes"][key]["depends_on"].get("nodes", [])
    assert feeds == EVERY_MONTH | EVERY_QUARTER | ITS_OWN_MONTHS | LATER_QUARTERS
    code = "\n".join(node["raw_code"] for key, node in manifest["nodes"].items() if key in seen)
    for feed in LATER_QUARTERS:
        read = re.findall(rf"in_force\('{feed}'([^)]*)\)", code)
        assert read and all(read), f"{feed} is read without the day that decides"


# recomputing -------------------------------------------------------------------------------------------------------


def test_after_fifty_changes_of_files_the_increments_equal_a_rebuild(flexed: Flexed, tmp_path: Path) -> None:
    """Three increments over fifty changes, the first by a whole run with all its tests; then everything anew."""
    home = Home(Path(shutil.copytree(flexed.home.root, tmp_path / "home", symlinks=True)))
    senders = Senders(home, random.Random(20250630))
    # what was held back has never come; that takes tokens out of the data, so that every month is built again
    senders.hold_back(HELD_BACK)
    # each kind of change at least once, whatever chance says
    senders.told += [senders.shortened(), senders.withdrawn(), senders.link_undone(), senders.register_of_some_months()]
    for _ in range(16):
        senders.change(links_stay=False)
    while senders.held_back:
        senders.told.append(senders.late())
    assert build(home, *SPINE) == "all"
    senders.ours.clear()
    senders.since = date(2024, 7, 1)
    senders.told.append(senders.corrected())
    while len(senders.told) + len(flexed.arrived) < 50:
        senders.change(links_stay=True)
    months = build(home)
    assert isinstance(months, list), "a change that moves no link was meant to leave months as they are"
    assert 0 < len(months) < MONTHS and min(months) >= "2024-07-01", months
    assert LEFT, "no table was left as it was"
    assert len(senders.told) + len(flexed.arrived) == 50
    _assert_a_rebuild_is_the_same(home, tmp_path, senders.told)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_fifty_changes_built_one_at_a_time_equal_a_rebuild(greenwich: DemoHome, tmp_path: Path) -> None:
    home = _copy(greenwich, tmp_path)
    senders = Senders(home, random.Random(20230401))
    senders.hold_back(HELD_BACK)
    fewer = 0
    for number in range(50):
        senders.change(links_stay=number % 3 > 0)
        months = build(home)
        fewer += isinstance(months, list) and len(months) < MONTHS
    assert fewer >= 10
    # tables far from the lake stood while feeds they are not made of changed
    assert {"model.outturn.int_person_months", "model.outturn.ind_hypertension_treated__people"} <= set(LEFT)
    # the last increment through the assets, with the tests of the warehouse
    senders.change(links_stay=True)
    _materialise_warehouse(home)
    _assert_a_rebuild_is_the_same(home, tmp_path, senders.told)
