"""Figures of people: hidden, rounded, added up from what is shown, and tried by a reader who knows the rules.

CNI-21, CNI-22, GRW-25.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from itertools import product
from typing import Any

import people_fixture as people
import pytest
import release_fixture as made
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import Refused
from foundation.period import parse_period, quarter_of
from publication.disclosure import disclose_figures, people_behind, published_periods
from publication.disclosure.ranges import Range, keeps_its_range, of_rest, of_shown
from publication.disclosure.rules import Rules

RULES = Rules()
CATALOGUE: dict[str, dict[str, Any]] = people.CATALOGUE
AREA = people.AREA


def _figure(indicator: str, label: str, top: int, bottom: int, **more: Any) -> dict[str, Any]:
    entry, period = CATALOGUE[indicator], parse_period(label)
    factor = {"percent": 100, "per 100,000": 1_200_000, "per 1,000": 12_000, "days": 1}[entry["unit"]]
    value = made.half_up(Decimal(top) * factor / bottom, entry["value_decimals"])
    return {
        "indicator_id": indicator, "area_code": AREA, "period_kind": period.kind, "period_id": label,
        "numerator": Decimal(top), "denominator": Decimal(bottom), "value": value, **more,
    }  # fmt: skip


def _shown(indicator: str, counts: dict[str, tuple[int, int]], **more: Any) -> dict[str, dict[str, Any]]:
    found = disclose_figures(
        [_figure(indicator, label, *parts) for label, parts in counts.items()], [], CATALOGUE, **more
    )
    return {row["period_id"]: row for row in found.measures}


# --- areas


def test_a_year_with_a_hidden_quarter_stands_by_itself() -> None:
    """The sum of the two that are shown would be 60 of 215: a smaller total, and another percentage."""
    rows = _shown(
        "deaths_usual_place",
        {"2024-25-q1": (5, 61), "2024-25-q2": (23, 118), "2024-25-q3": (57, 61), "2024-25-q4": (33, 96),
         "2024-25": (118, 336), "2025-03-r12": (118, 336)},
    )  # fmt: skip
    assert [rows[f"2024-25-q{n}"]["marker"] for n in (1, 2, 3, 4)] == ["c", None, "c", None]
    for label in ("2024-25", "2025-03-r12"):
        assert (rows[label]["numerator"], rows[label]["denominator"]) == (120, 335)
        assert rows[label]["value_text"] == "35.8"


def test_a_snapshot_has_one_cell_under_every_kind_of_period() -> None:
    """`by_last_day`: the quarter, the year and the twelve months that end on one day are one figure."""
    day = {"2024-25-q4": (420, 900), "2024-25": (420, 900), "2025-03-r12": (420, 900)}
    rows = _shown("hypertension_treated", {"2024-25-q3": (5, 880), **day})
    assert [row["value_text"] for row in rows.values()] == ["[c]", "46.7", "46.7", "46.7"], "no sum of its quarters"
    few = [_figure("hypertension_treated", label, *parts) for label, parts in day.items()]
    for one in range(3):
        hidden = [{**row, "marker": "c"} if place == one else row for place, row in enumerate(few)]
        assert {row["value_text"] for row in disclose_figures(hidden, [], CATALOGUE).measures} == {"[c]"}
    rows = _shown("hypertension_treated", {**day, "2024-25": (423, 900)})
    assert [row["value_text"] for row in rows.values()] == ["[c]"] * 3, "the definition is not true of it"


def test_a_withheld_snapshot_does_not_stand_under_another_kind_of_period() -> None:
    """Openly published, so exact: the year is withheld, and its last quarter is the same figure."""
    known = {"data_complete_as_at": parse_period("2024-25").end}
    rows = [_figure("hypertension_treated", label, 423, 900, **known) for label in ("2024-25-q3", "2024-25-q4")]
    rows.append(_figure("hypertension_treated", "2024-25", 423, 900, marker="w", **known))
    found = disclose_figures(rows, [], CATALOGUE, frozenset({"hypertension_treated"})).measures
    assert [row["value_text"] for row in found] == ["47.0", "[w]", "[w]"]
    # rounded to the nearest 5 it may be many values, and stays
    found = disclose_figures(rows, [], CATALOGUE).measures
    assert [row["value_text"] for row in found] == ["47.2", "47.2", "[w]"]


def test_twelve_months_between_quarters_need_every_quarter_shown() -> None:
    counts = {f"2024-25-q{n}": (40 + n, 100 + n) for n in (1, 2, 3, 4)} | {"2025-26-q1": (30, 80)}
    rows = _shown("deaths_usual_place", {**counts, "2025-05-r12": (170, 410)})
    assert rows["2025-05-r12"]["numerator"] == 170
    rows = _shown("deaths_usual_place", {**counts, "2024-25-q2": (6, 102), "2025-05-r12": (135, 410)})
    assert rows["2025-05-r12"]["marker"] == "c"
    assert "do not end with a quarter" in rows["2025-05-r12"]["reason"]


def test_a_count_of_different_people_stands_alone() -> None:
    """Four quarters of 200 people are not 800: the same people come back."""
    rows = _shown(
        "opiate_treatment_completion",
        {**{f"2024-25-q{n}": (20 + n, 201 + n) for n in (1, 2, 3, 4)}, "2024-25": (71, 330)},
    )  # fmt: skip
    assert (rows["2024-25"]["numerator"], rows["2024-25"]["denominator"]) == (70, 330)


def test_a_year_of_different_people_does_not_give_a_quarter_away() -> None:
    """Nobody counts twice in the year, so it is at most its quarters: 28 of four small quarters are 7 each."""
    rows = _shown(
        "opiate_treatment_completion",
        {**{f"2024-25-q{n}": (7, 300) for n in (1, 2, 3, 4)}, "2024-25": (28, 901)},
    )  # fmt: skip
    assert rows["2024-25"]["marker"] == "c"


def test_means_are_shown_without_their_sum_and_over_all_months_also_hidden_ones() -> None:
    rows = _shown(
        "discharge_delay",
        {"2025-04": (300, 90), "2025-05": (40, 9), "2025-06": (100, 31), "2025-26-q1": (440, 130)},
    )  # fmt: skip
    assert (rows["2025-04"]["value"], rows["2025-04"]["numerator"], rows["2025-04"]["denominator"]) == (
        Decimal("3.3"), None, 90,
    )  # fmt: skip
    assert rows["2025-05"]["marker"] == "c", "nine discharges"
    assert rows["2025-26-q1"]["value"] == made.half_up(Decimal(440) / 130, 1), "of all three months"
    assert rows["2025-26-q1"]["denominator"] == 130


def test_a_mean_at_an_end_of_what_a_case_can_be_is_hidden() -> None:
    """A mean of 0 over a known number says that all of them had 0, and one of 3 in 300 that at least 297 had."""
    counts = {"2025-04": (0, 90), "2025-05": (7, 300), "2025-06": (8, 300)}
    rows = _shown("discharge_delay", {**counts, "2025-26-q1": (15, 690)})
    assert [rows[label]["marker"] for label in counts] == ["c", "c", None]
    assert (rows["2025-26-q1"]["value"], rows["2025-26-q1"]["denominator"]) == (Decimal("0.0"), 690)
    ends = {**CATALOGUE, "discharge_delay": {**CATALOGUE["discharge_delay"], "case_values": "1 91"}}
    for top, shown in ((90, False), (97, False), (98, True), (8182, True), (8183, False), (8190, False)):
        row = _figure("discharge_delay", "2025-04", top, 90)
        assert (disclose_figures([row], [], ends).measures[0]["value"] is not None) == shown, top


def test_a_group_whose_mean_is_nought_is_shielded() -> None:
    """The area's days less those of the groups beside would say that the hidden group had none."""
    sums = [(0, 100), (10, 100), (10, 100), (10, 100), (10, 100)]
    area = _figure("discharge_delay", "2024-25", 40, 500)
    parts = [_figure("discharge_delay", "2024-25", *pair, breakdown_kind="deprivation", breakdown_group=group)
             for group, pair in zip(people.FIFTHS, sums, strict=True)]  # fmt: skip
    fine = {**CATALOGUE, "discharge_delay": {**CATALOGUE["discharge_delay"], "value_decimals": 6}}
    assert sum(row["value"] is None for row in disclose_figures([area], parts, fine).breakdowns) > 1


def test_medians_need_to_know_how_many_there_are() -> None:
    row = _figure("treatment_wait", "2025-04", 21, 2)
    for people_known, marker in ((None, "c"), ({}, "c"), (9, "c"), (10, None)):
        counted = (
            {f"indicator:treatment_wait:{AREA}:2025-04:value": {"denominator": people_known}}
            if isinstance(people_known, int)
            else None
        )
        shown = disclose_figures([row], [], CATALOGUE, people=counted).measures[0]
        assert shown["marker"] == marker
        assert (shown["numerator"], shown["denominator"]) == (None, None)
        assert shown["value"] == (Decimal("10.5") if marker is None else None)


def _behind(indicator: str, label: str, numerator: int, rest: int, *group: str) -> dict[str, dict[str, int]]:
    """How many people a figure of events rests on, by its id."""
    kind = (
        f"breakdown:{indicator}:{AREA}:{label}:{':'.join(group)}" if group else f"indicator:{indicator}:{AREA}:{label}"
    )
    return {f"{kind}:value": {"numerator": numerator, "denominator": numerator + rest, "rest": rest}}


@pytest.mark.parametrize(
    ("indicator", "counts", "people_known", "shown"),
    [
        ("emergency_readmission_30d", (12, 300), (3, 250), False),
        ("emergency_readmission_30d", (12, 300), (7, 250), False),
        ("emergency_readmission_30d", (12, 300), (8, 250), True),
        ("emergency_readmission_30d", (288, 300), (250, 3), False),  # of those not counted
        ("emergency_readmission_30d", (0, 300), (0, 250), True),
        ("emergency_readmission_30d", (12, 300), (0, 0), False),  # events that say nothing of these
        ("emergency_admissions", (52, 700_000), (9, 0), False),  # a standardised rate asks for ten
        ("emergency_admissions", (52, 700_000), (10, 0), True),
    ],
)
def test_events_are_shown_where_they_are_of_enough_people(
    indicator: str, counts: tuple[int, int], people_known: tuple[int, int], shown: bool
) -> None:
    row = _figure(indicator, "2025-04", *counts)
    assert disclose_figures([row], [], CATALOGUE).measures[0]["value"] is not None, "events alone are enough"
    found = disclose_figures([row], [], CATALOGUE, people=_behind(indicator, "2025-04", *people_known)).measures[0]
    assert (found["value"] is not None) == shown
    assert shown or (found["numerator"], found["denominator"], found["marker"]) == (None, None, "c")


def test_a_share_of_contacts_is_of_enough_people() -> None:
    """`share_of_events`: 40 of 60 contacts in the community, all of one person."""
    catalogue = {"contacts": {**CATALOGUE["emergency_readmission_30d"], "statistic": "share_of_events"}}
    row = {**_figure("emergency_readmission_30d", "2025-04", 40, 60), "indicator_id": "contacts"}
    for visited, shown in ((1, False), (8, True)):
        known = _behind("contacts", "2025-04", visited, 20)
        assert (disclose_figures([row], [], catalogue, people=known).measures[0]["value"] is not None) == shown


def test_only_events_that_repeat_are_looked_after_by_people() -> None:
    """Whoever counts the events of every figure gives none of a snapshot, and nothing of whose the others are."""
    for name in ("hypertension_treated", "deaths_usual_place"):
        row = _figure(name, "2024-25-q1", 40, 100)
        counted = people_behind([], [{**row, "figure_id": f"indicator:{name}:{AREA}:2024-25-q1:value"}])
        assert disclose_figures([row], [], CATALOGUE, people=counted).measures[0]["value"] is not None


def test_a_year_beside_a_quarter_of_few_people_is_hidden_where_it_would_tell() -> None:
    """132 less three times 40: eight to sixteen events of two people."""
    quarters = {f"2024-25-q{n}": (40, 300) for n in (1, 2, 3)} | {"2024-25-q4": (12, 300)}
    rows = _shown("emergency_readmission_30d", {**quarters, "2024-25": (132, 1200)},
                  people=_behind("emergency_readmission_30d", "2024-25-q4", 2, 250))  # fmt: skip
    assert (rows["2024-25-q4"]["value_text"], rows["2024-25"]["value_text"]) == ("[c]", "[c]")


def test_a_group_of_few_people_is_shielded_like_a_small_one() -> None:
    """31 readmissions of the first fifth are of two people: whoever subtracts the other fifths would find them."""
    name, tops = "emergency_readmission_30d", (31, 40, 50, 60, 70)
    area = _figure(name, "2024-25", sum(tops), 2000)
    parts = [_figure(name, "2024-25", top, 400, breakdown_kind="deprivation", breakdown_group=group)
             for group, top in zip(people.FIFTHS, tops, strict=True)]  # fmt: skip
    known = _behind(name, "2024-25", 2, 300, "deprivation", "1")
    assert all(row["value"] is not None for row in disclose_figures([area], parts, CATALOGUE).breakdowns)
    found = disclose_figures([area], parts, CATALOGUE, people=known)
    hidden = [row["breakdown_group"] for row in found.breakdowns if row["value"] is None]
    assert len(hidden) == 2 and "1" in hidden
    most = sum(int(row["numerator"]) + 2 for row in found.breakdowns if row["value"] is not None)
    assert sum(tops) - most > 31, "the two together are more than the one"


def test_standardised_rates_stand_beside_rounded_events() -> None:
    counts = {"2025-04": (52, 700_000), "2025-05": (61, 700_000), "2025-06": (43, 700_000)}
    rows = _shown("falls_admissions_65_over", {**counts, "2025-26-q1": (156, 2_100_000)})
    assert [rows[label]["numerator"] for label in counts] == [50, 60, 45]
    assert rows["2025-26-q1"]["numerator"] == 155
    assert rows["2025-26-q1"]["value"] == made.half_up(Decimal(156) * 1_200_000 / 2_100_000, 0)
    rows = _shown("falls_admissions_65_over", {**counts, "2025-05": (9, 700_000), "2025-26-q1": (104, 2_100_000)})
    assert rows["2025-05"]["value"] is None
    assert rows["2025-26-q1"]["value"] is None, "a standardised rate cannot leave one month out"


def test_rates_of_very_few_residents_are_hidden() -> None:
    rows = _shown("care_home_admissions_65_over", {"2025-26-q1": (0, 23), "2024-25-q1": (0, 24)})
    assert [rows["2025-26-q1"]["marker"], rows["2024-25-q1"]["marker"]] == ["c", None]


_QUARTERS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 160)), min_size=4, max_size=4)


def _year_of(parts: list[tuple[int, int]]) -> tuple[dict[str, Any], dict[str, tuple[int, int]], tuple[int, int]]:
    """Quarters and their year as published, with the exact counts of both."""
    pairs = [(min(top, bottom), bottom) for top, bottom in parts]
    exact = {f"2024-25-q{n}": pair for n, pair in enumerate(pairs, start=1) if pair[1]}
    year = (sum(top for top, _ in pairs), sum(bottom for _, bottom in pairs))
    return _shown("deaths_usual_place", {**exact, **({"2024-25": year} if exact else {})}), exact, year


@settings(max_examples=300, deadline=None)
@given(_QUARTERS)
def test_a_longer_figure_is_never_a_smaller_total(parts: list[tuple[int, int]]) -> None:
    """What is shown of a year is its exact count within the rounding: of each of its quarters where all are shown and
    it is their sum, else of one number. A quarter that is hidden is not left out."""
    rows, exact, year = _year_of(parts)
    if not exact or rows["2024-25"]["value"] is None:
        return
    whole = all(rows[label]["value"] is not None for label in exact)
    most = 2 * len(exact) if whole else 2
    for name, count in zip(("numerator", "denominator"), year, strict=True):
        assert abs(rows["2024-25"][name] - count) <= most, name


@settings(max_examples=300, deadline=None)
@given(_QUARTERS)
def test_a_year_beside_its_quarters_leaves_every_hidden_small_count_open(parts: list[tuple[int, int]]) -> None:
    """Reckoned here a second time, with the limits of what is shown: a small count may be each of 1 to 7."""
    rows, exact, _ = _year_of(parts)
    if not exact or rows["2024-25"]["value"] is None:
        return

    def limits(label: str, at: int, name: str) -> tuple[float, float]:
        shown = None if rows[label][name] is None else int(rows[label][name])
        if shown is not None:
            return (max(8, shown - 2), shown + 2) if shown else (0, 0)
        return (1 if exact[label][at] else 0, 7) if exact[label][at] <= 7 else (8, float("inf"))

    for at, name in enumerate(("numerator", "denominator")):
        low, high = int(rows["2024-25"][name]) - 2, int(rows["2024-25"][name]) + 2
        for label, pair in exact.items():
            if rows[label]["value"] is None and 1 <= pair[at] <= 7:
                others = [limits(other, at, name) for other in exact if other != label]
                assert low - sum(top for _, top in others) <= 1, (label, name)
                assert high - sum(bottom for bottom, _ in others) >= 7, (label, name)


def test_rows_given_are_not_changed_and_ids_follow_from_them() -> None:
    given_rows = [_figure("deaths_usual_place", "2024-25-q1", 40, 100)]
    before = deepcopy(given_rows)
    shown = disclose_figures(given_rows, [], CATALOGUE).measures[0]
    assert given_rows == before
    assert shown["figure_id"] == f"indicator:deaths_usual_place:{AREA}:2024-25-q1:value"
    with pytest.raises(Refused, match="numerator"):
        disclose_figures([{"indicator_id": "deaths_usual_place"}], [], CATALOGUE)
    with pytest.raises(Refused, match="without a definition"):
        disclose_figures([{**given_rows[0], "indicator_id": "nonsense"}], [], CATALOGUE)


# --- groups


def _groups(counts: list[tuple[int, int]], unknown: tuple[int, int] = (0, 0), label: str = "2024-25") -> Any:
    """The disclosed fifths of a year, and their area's row."""
    whole = [*counts, unknown]
    area = _figure("deaths_usual_place", label, sum(t for t, _ in whole), sum(b for _, b in whole))
    parts = [
        _figure("deaths_usual_place", label, *pair, breakdown_kind="deprivation", breakdown_group=group)
        for group, pair in zip((*people.FIFTHS, "unknown"), whole, strict=True) if pair[1]
    ]  # fmt: skip
    return disclose_figures([area], parts, CATALOGUE)


def test_the_unknown_group_and_shorter_periods_are_never_published() -> None:
    found = _groups([(40, 100)] * 5, (12, 30))
    assert {row["breakdown_group"] for row in found.breakdowns} == set(people.FIFTHS)
    quarter = _figure("deaths_usual_place", "2024-25-q1", 40, 100)
    part = {**quarter, "breakdown_kind": "age", "breakdown_group": "0-17"}
    assert disclose_figures([quarter], [part], CATALOGUE).breakdowns == []


def test_a_single_hidden_group_takes_another_with_it() -> None:
    """33 of 33 elsewhere: with every other group exactly known from its rounding the hidden one would be too."""
    alone = _groups([(3, 100), (40, 100), (0, 200), (0, 200), (0, 200)])
    hidden = [row for row in alone.breakdowns if row["value"] is None]
    assert len(hidden) > 1
    assert alone.hidden
    assert len({row["reason"] for row in hidden}) == 1, "nothing tells the small group from its shield"


def _possible(counts: list[tuple[int, int]], found: Any) -> list[set[int]]:
    """By brute force: every value each hidden small numerator may have, given all that is shown and the area's count.

    The reader knows the area's exact numerator, and of each hidden group whether it was small.
    """
    rows = found.breakdowns
    whole = sum(top for top, _ in counts)
    options = []
    for (top, _), row in zip(counts, rows, strict=True):
        if row["value"] is not None:
            shown = int(row["numerator"])
            options.append([n for n in range(0, 80) if (n == 0) == (shown == 0) and (n == 0 or n > 7)
                            and (n == 0 or 5 * ((2 * n + 5) // 10) == shown)])  # fmt: skip
        elif top <= 7:
            options.append(list(range(0, 8)))
        else:
            options.append(list(range(8, whole + 1)))
    possible: list[set[int]] = [set() for _ in rows]
    for choice in product(*options[:-1]):
        last = whole - sum(choice)
        if last in options[-1]:
            for place, value in enumerate((*choice, last)):
                possible[place].add(value)
    return possible


@settings(max_examples=120, deadline=None)
@given(st.lists(st.integers(0, 24), min_size=5, max_size=5))
def test_no_hidden_count_is_narrower_than_one_to_seven(tops: list[int]) -> None:
    """Whatever is published, every hidden small count of a group may still be each of 1 to 7."""
    counts = [(top, 120) for top in tops]
    found = _groups(counts)
    if all(row["value"] is None for row in found.breakdowns):
        return  # nothing of the table is published
    for top, row, values in zip(tops, found.breakdowns, _possible(counts, found), strict=True):
        assert top in values
        if row["value"] is None and top <= 7:
            assert set(range(1, 8)) <= values


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), min_size=5, max_size=5), st.integers(0, 12))
def test_shown_groups_show_no_small_count(pairs: list[tuple[int, int]], lost: int) -> None:
    counts = [(top, top + rest) for top, rest in pairs]
    if not sum(bottom for _, bottom in counts):
        return
    for row in _groups(counts, (0, lost)).breakdowns:
        if row["value"] is None:
            assert (row["numerator"], row["denominator"], row["marker"]) == (None, None, "c")
        else:
            for count in (row["numerator"], row["denominator"], row["denominator"] - row["numerator"]):
                assert count % 5 == 0
            assert row["numerator"] == 0 or row["numerator"] > 7


def test_groups_do_not_give_a_hidden_quarter_of_the_area_away() -> None:
    """All groups are multiples of five exactly; a year's quarters are one small one and three that are shown."""
    area = [_figure("deaths_usual_place", f"2024-25-q{n}", *pair) for n, pair in
            ((1, (6, 200)), (2, (0, 200)), (3, (0, 200)), (4, (0, 200)))]  # fmt: skip
    area.append(_figure("deaths_usual_place", "2024-25", 6, 800))
    parts = [_figure("deaths_usual_place", "2024-25", top, 160, breakdown_kind="deprivation", breakdown_group=group)
             for group, top in zip(people.FIFTHS, (6, 0, 0, 0, 0), strict=True)]  # fmt: skip
    found = disclose_figures(area, parts, CATALOGUE)
    assert {row["period_id"]: row["marker"] for row in found.measures}["2024-25-q1"] == "c"
    assert all(row["value"] is None for row in found.breakdowns if row["breakdown_group"] == "1")


def test_the_last_settled_twelve_months_are_the_ones_divided() -> None:
    rows = [
        {**_figure("deaths_usual_place", label, 40, 100), "marker": marker}
        for label, marker in (("2025-03-r12", ""), ("2025-05-r12", ""), ("2025-06-r12", "p"), ("2023-24", ""))
    ]
    assert published_periods(rows) == {("rolling_year", "2025-05-r12"), ("year", "2023-24")}


def test_people_are_counted_by_period_and_group() -> None:
    _, _, events = people.everything()
    mine = [event for event in events if event["indicator_id"] == "treatment_wait"]
    rows = [
        {"figure_id": "a", "indicator_id": "treatment_wait", "period_kind": "quarter", "period_id": "2024-25-q1"},
        {"figure_id": "b", "indicator_id": "treatment_wait", "period_kind": "quarter", "period_id": "2024-25-q1",
         "breakdown_kind": "pcn", "breakdown_group": "ZPN2"},
    ]  # fmt: skip
    inside = [event for event in mine if quarter_of(event["event_date"]).label == "2024-25-q1"]
    of_group = [event for event in inside if event["pcn"] == "ZPN2"]
    events = {"a": {"denominator": len(inside)}, "b": {"denominator": len(of_group)}}
    assert people_behind(mine, rows) == people_behind(people.events_table(events=mine), rows) == events
    # different people, and those whom nobody could link as one; counted until there are enough
    tens = [{**event, "person_token": None if number % 10 == 0 else str(number % 10), "numerator": int(number % 10 < 4)}
            for number, event in enumerate(of_group)]  # fmt: skip
    found = people_behind(tens, rows[1:], {"treatment_wait"}, Rules(least_people=30))
    assert found == {"b": {"numerator": 4, "denominator": 10, "rest": 6}}


@given(st.integers(8, 500), st.integers(0, 500))
def test_the_rounding_of_those_not_counted_holds_the_truth(top: int, rest: int) -> None:
    if 0 < rest <= 7:
        return
    shown = [5 * ((2 * n + 5) // 10) for n in (top, top + rest)]
    found = of_rest(shown[0], shown[1], RULES)
    assert found.low <= rest <= found.high
    exact = of_shown(shown[0], RULES)
    assert exact.low <= top <= exact.high


def test_ranges_are_those_of_a_sum() -> None:
    parts = [Range(0, 7), Range(8, 12), Range(8, 12)]
    assert keeps_its_range(0, parts, Range(23, 23), RULES)
    assert not keeps_its_range(0, parts, Range(27, 27), RULES), "at least 3"
    assert not keeps_its_range(0, parts, Range(20, 20), RULES), "at most 4"
