"""Segments and target groups: the rules as data, and the models against plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from people_case import Case
from people_lake import FIRST, LAST
from people_reference import Row
from ruamel.yaml import YAML

from dbt_project.groups import (
    COLUMNS,
    DIRECTORY,
    EVERYBODY_ELSE,
    Groups,
    Segment,
    TargetGroup,
    group_rules_table,
    load_groups,
)
from foundation.errors import Refused

QUARTERS = [date(year, month, 1) for year in (2023, 2024, 2025) for month in (1, 4, 7, 10)]
QUARTERS = [day for day in QUARTERS if FIRST <= day <= LAST]


# the rules as data ---------------------------------------------------------------------------------------------------


def _content(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return loaded


def _folder(folder: Path, segment: dict[str, Any] | None = None, target: dict[str, Any] | None = None) -> Path:
    """The shipped rules with a segment or a target group put beside them."""
    for source in DIRECTORY.rglob("*.yaml"):
        copy = folder / source.relative_to(DIRECTORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    for name, key, content in (("segments", "segment_id", segment), ("targets", "group_id", target)):
        if content is not None:
            with (folder / name / f"{content[key]}.yaml").open("w", encoding="utf-8") as handle:
                YAML(typ="safe", pure=True).dump(content, handle)
    return folder


def _over(**changes: Any) -> dict[str, Any]:
    return {**_content(DIRECTORY / "segments" / "over_75.yaml"), "segment_id": "over_85", "precedence": 9, **changes}


def _target(*alternatives: dict[str, Any]) -> dict[str, Any]:
    given = _content(DIRECTORY / "targets" / "aged_65_most_deprived.yaml")
    version = {"version": 1, "effective_from": date(2015, 4, 1), "why": "First.", "any_of": list(alternatives)}
    return {**given, "group_id": "mine", "versions": [version]}


def test_the_five_segments_are_shipped_in_their_order() -> None:
    """SWK-07: one precedence each, and what each asks for."""
    segments = load_groups().segments
    assert [one.segment_id for one in segments] == [
        "end_of_life", "severe_mental_illness", "breathlessness", "long_term_conditions", "over_75",
    ]  # fmt: skip
    (old,) = segments[-1].versions[-1].any_of
    assert (old.age_from, old.age_to) == (75, None)
    assert all(one.versions[0].effective_from <= FIRST for one in segments)


def test_the_rules_reach_the_warehouse_version_by_version(tmp_path: Path) -> None:
    """SWK-02: a former version ends the day before the next begins; a rule is one row a criterion and value."""
    older, newer = date(2015, 4, 1), date(2024, 4, 1)
    versions = [
        {"version": 1, "effective_from": older, "why": "First.", "any_of": [{"age_from": 85}]},
        {
            "version": 2,
            "effective_from": newer,
            "why": "Those in a care home too.",
            "any_of": [{"age_from": 85}, {"age_from": 65, "sex": ["1", "2"], "service": ["care_home", "reablement"]}],
        },
    ]
    table = group_rules_table(load_groups(_folder(tmp_path, segment=_over(versions=versions))))
    assert table.column_names == list(COLUMNS)
    wanted = ("version", "effective_to", "alternative", "criteria", "criterion", "fact", "value", "age_from", "sexes")
    rows = [tuple(row[name] for name in wanted) for row in table.to_pylist() if row["group_id"] == "over_85"]
    assert rows == [
        (1, date(2024, 3, 31), 1, 0, 0, "person", None, 85, None),
        (2, None, 1, 0, 0, "person", None, 85, None),
        (2, None, 2, 1, 1, "service", "care_home", 65, "1 2"),
        (2, None, 2, 1, 1, "service", "reablement", 65, "1 2"),
    ]


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (_over(precedence=5), "the same precedence"),
        (_over(segment_id=EVERYBODY_ELSE), "in no segment"),
        (_over(owner=None), "field owner"),
        (_over(versions=[]), "field versions"),
        (
            _over(versions=[{"version": 2, "effective_from": FIRST, "why": "x", "any_of": [{"age_from": 1}]}]),
            "numbered",
        ),
        (_over(versions=[{"version": 1, "effective_from": FIRST, "why": "x", "any_of": [{}]}]), "hold everybody"),
        (
            _over(
                versions=[{"version": 1, "effective_from": FIRST, "why": "x", "any_of": [{"age_from": 9, "age_to": 8}]}]
            ),
            "nobody is 9 or older",
        ),
        (
            _over(versions=[{"version": 1, "effective_from": FIRST, "why": "x", "any_of": [{"segment": ["over_75"]}]}]),
            "not made of segments",
        ),
        (
            _over(
                versions=[
                    {
                        "version": 1,
                        "effective_from": FIRST,
                        "why": "x",
                        "any_of": [{"diagnosis": {"any_of": ["J44.0"], "within_days": 1}}],
                    }
                ]
            ),
            "no code of ICD-10",
        ),
        (
            _over(versions=[{"version": 1, "effective_from": FIRST, "why": "x", "any_of": [{"ages_from": 9}]}]),
            "ages_from",
        ),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(tmp_path: Path, segment: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        load_groups(_folder(tmp_path, segment=segment))


def test_a_group_nobody_defined_stops_the_build(tmp_path: Path) -> None:
    """GRW-29: in a rule, and where one is asked for by name."""
    with pytest.raises(Refused, match="mine names frail, which is no segment") as refused:
        load_groups(_folder(tmp_path, target=_target({"age_from": 65, "segment": ["frail", "over_75"]})))
    assert "over_75" in refused.value.mend
    known = load_groups()
    assert known.target_group("aged_65_most_deprived").name.startswith("Aged 65")
    with pytest.raises(Refused, match="no target group 'frail'; defined are: aged_65_most_deprived, "):
        known.target_group("frail")


def test_a_file_is_named_after_its_group_and_is_yaml(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "segments" / "over_75.yaml").rename(folder / "segments" / "older.yaml")
    with pytest.raises(Refused, match="it says 'over_75'"):
        load_groups(folder)
    (folder / "segments" / "older.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(Refused, match="cannot be read as YAML"):
        load_groups(folder)
    with pytest.raises(Refused, match="holds no segment"):
        load_groups(tmp_path / "elsewhere")


def test_rules_without_target_groups_hold() -> None:
    given = load_groups()
    assert isinstance(given.segments[0], Segment)
    assert isinstance(given.target_groups[0], TargetGroup)
    table = group_rules_table(Groups(given.segments, ()))
    assert set(table["group_kind"].to_pylist()) == {"segment"}


# the random place ----------------------------------------------------------------------------------------------------

PSYCHOSES = ("F20", "F21", "F22", "F23", "F24", "F25", "F28", "F29", "F30", "F31", "F323", "F333")
LUNGS_AND_HEART = ("J40", "J41", "J42", "J43", "J44", "J45", "J46", "J47", "I50", "R060")


def _segments_of(case: Case, person: int, day: date, rows: dict[str, dict[int, list[Row]]]) -> list[str]:
    """The segments of somebody on the register that day, in the order of precedence."""
    reference = case.reference
    stays = [row for row in rows["admitted_care"].get(person, []) if row["discharge_date"] <= day]

    def left_with(codes: tuple[str, ...], days: int) -> bool:
        return any(
            row["primary_diagnosis"].startswith(codes) and (day - row["discharge_date"]).days <= days for row in stays
        )

    newest: dict[str, date] = {}
    for row in reference.feeds["pcn_long_term_conditions"]:
        if row["snapshot_date"] <= day:
            newest[row["organisation"]] = max(row["snapshot_date"], newest.get(row["organisation"], FIRST))
    on_register = any(
        row["snapshot_date"] == newest.get(row["organisation"]) and (day - row["snapshot_date"]).days <= 184
        for row in rows["pcn_long_term_conditions"].get(person, [])
    )
    age = reference.age(person, day)
    died = reference.died.get(person)
    held = {
        "end_of_life": left_with(("Z515",), 365) or (died is not None and (died - day).days <= 365),
        "severe_mental_illness": left_with(PSYCHOSES, 1096),
        "breathlessness": age >= 18 and left_with(LUNGS_AND_HEART, 1096),
        "long_term_conditions": on_register,
        "over_75": age >= 75,
    }
    return [name for name, holds in held.items() if holds]


@pytest.fixture(scope="module")
def expected(case: Case) -> dict[tuple[date, int], list[str]]:
    """Segments of everybody registered on the first day of each quarter."""
    rows = {feed: case.reference.by_person(feed) for feed in ("admitted_care", "pcn_long_term_conditions")}
    return {
        (day, person): _segments_of(case, person, day, rows)
        for day in QUARTERS
        for person in case.reference.registered
        if case.reference.age(person, day) >= 0
    }


def test_everybody_has_one_primary_segment_and_the_rest_as_overlays(
    case: Case, expected: dict[tuple[date, int], list[str]]
) -> None:
    """SWK-02, SWK-03, SWK-21: by the definitions in plain Python, as at the first day of each quarter."""
    rows = case.build.rows("select * from int_person_segments")
    found = {
        (row["month_start"], row["person_key"]): (row["primary_segment"], row["overlays"], row["segments"])
        for row in rows
    }
    assert len(found) == len(rows), "somebody has two primary segments"
    assert found == {
        key: (names[0] if names else EVERYBODY_ELSE, " ".join(names[1:]) or None, len(names))
        for key, names in expected.items()
    }
    ages = {case.reference.age(person, day) for day, person in expected}
    assert {17, 18, 74, 75, 76} <= ages, "the place does not reach the boundaries"
    assert any(len(names) > 2 for names in expected.values())


def test_target_groups_hold_who_meets_their_rule(case: Case, expected: dict[tuple[date, int], list[str]]) -> None:
    """GRW-29: as at the first day of each quarter."""
    reference = case.reference
    open_on = reference.by_person(
        "treatment_episodes", lambda row: row["consent"] == "Y" and bool(row.get("triage_date"))
    )
    wanted: Counter[tuple[date, int, str]] = Counter()
    for (day, person), names in expected.items():
        pcn, fifth, _, _, age = reference.as_at(person, day)
        assert age is not None
        treated = any(
            row["triage_date"] <= day <= (row.get("discharge_date") or LAST) for row in open_on.get(person, [])
        )
        wanted[day, person, "aged_65_most_deprived"] += age >= 65 and fifth == "1"
        wanted[day, person, "long_term_conditions_network_1"] += pcn == "ZPN1" and "long_term_conditions" in names
        wanted[day, person, "treated_most_deprived"] += treated and age >= 18 and fifth in ("1", "2")
    query = "select month_start, person_key, group_id from int_group_members where group_kind = 'target_group'"
    assert Counter(tuple(row.values()) for row in case.build.rows(query)) == +wanted


def test_segments_add_up_to_the_register_and_to_the_events(
    case: Case, expected: dict[tuple[date, int], list[str]]
) -> None:
    """SWK-20, SWK-21: people to everybody registered, events to all events, nothing over; overlaps are reported."""
    rows = case.build.rows("select * from segments")
    people = {
        (row["period_start"], row["group_kind"], row["group_id"]): row["number"]
        for row in rows
        if row["item_kind"] == "people"
    }
    for day in QUARTERS:
        here = [names for (then, _), names in expected.items() if then == day]
        primary = {group: n for (then, kind, group), n in people.items() if (then, kind) == (day, "primary")}
        assert primary == {
            **{one.segment_id: sum(names[:1] == [one.segment_id] for names in here) for one in load_groups().segments},
            EVERYBODY_ELSE: sum(not names for names in here),
            "came_later": 0,
        }
        assert sum(primary.values()) == len(here)
        overlays = {group: n for (then, kind, group), n in people.items() if (then, kind) == (day, "overlay")}
        assert overlays == {name: sum(name in names for names in here) for name in overlays}
    counted = {(row["period_start"], row["period_end"]): 0 for row in rows if row["item_id"] == "emergency_admissions"}
    assert len(counted) == len(QUARTERS)
    for row in rows:
        if row["item_id"] == "emergency_admissions" and row["group_kind"] == "primary":
            counted[row["period_start"], row["period_end"]] += row["number"]
    for (start, end), number in counted.items():
        assert number == sum(
            n for event, n in case.events.items() if event[0] == "emergency_admissions" and start <= event[2] <= end
        )


def test_what_is_too_small_to_judge_says_so_and_by_how_much(case: Case) -> None:
    """SWK-04: below the least number, and the smallest rise that could be told from noise."""
    least = {one.segment_id: (one.least_people, one.least_events) for one in load_groups().segments}
    rows = [row for row in case.build.rows("select * from segments") if row["group_kind"] == "overlay"]
    for row in rows:
        if row["item_kind"] == "provider":
            continue
        wanted = least[row["group_id"]][row["item_kind"] == "indicator"]
        assert row["least_number"] == wanted
        assert row["adequacy"] == ("too small" if row["number"] < wanted else "enough")
        if row["item_kind"] == "indicator" and row["number"]:
            rise = (1 + 2.801585217745 / (2 * row["number"]) ** 0.5) ** 2 - 1
            assert abs(float(row["smallest_difference_pct"]) - 100 * rise) <= 0.0500001
        else:
            assert row["smallest_difference_pct"] is None
    assert {row["adequacy"] for row in rows if row["item_kind"] == "indicator"} == {"too small", "enough"}


def test_who_cares_for_a_segment_is_counted_by_provider(
    case: Case, expected: dict[tuple[date, int], list[str]]
) -> None:
    """SWK-05: people each organisation saw in the quarter, and whether it is the only one."""
    start, end = date(2024, 4, 1), date(2024, 6, 30)
    seen: dict[str, set[int]] = {}
    for feed, first, last in (
        ("admitted_care", "discharge_date", "discharge_date"),
        ("treatment_episodes", "triage_date", "discharge_date"),
        ("community_referrals", "first_contact_on", "first_contact_on"),
    ):
        for person, rows in case.reference.by_person(feed, lambda row: row.get("consent") != "N").items():
            for row in rows:
                if row.get(first) and row[first] <= end and (row.get(last) or LAST) >= start:
                    seen.setdefault(row["organisation"], set()).add(person)
    held = {person: names for (day, person), names in expected.items() if day == start}
    wanted = {
        (name, organisation): number
        for name in ("end_of_life", "long_term_conditions", "over_75", "breathlessness")
        for organisation, people in seen.items()
        if (number := sum(name in held.get(person, []) for person in people))
    }
    rows = [
        row
        for row in case.build.rows("select * from segments where item_kind = 'provider' and group_kind = 'overlay'")
        if row["period_start"] == start
    ]
    assert {(row["group_id"], row["item_id"]): row["number"] for row in rows} == wanted
    providers = Counter(name for name, _ in wanted)
    assert {(row["group_id"], row["adequacy"]) for row in rows} == {
        (name, "several providers" if number > 1 else "single provider") for name, number in providers.items()
    }
