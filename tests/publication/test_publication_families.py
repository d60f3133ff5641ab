"""Related indicators beside each other give no small count away that each by itself keeps. CNI-21, CNI-22, CNI-27."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from itertools import product
from typing import Any

import numpy
import pytest
import release_fixture as made
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from dbt_project.catalogue import catalogue_rows
from foundation.errors import Refused
from foundation.period import parse_period
from publication.disclosure import disclose_figures, leaks_between
from publication.disclosure import view as view_of
from publication.disclosure.ranges import UNBOUNDED, Range, of_hidden, of_rest, of_shown
from publication.disclosure.rules import RELATED, Rules
from publication.disclosure.systems import Fact, contradict, implied, narrowed

RULES = Rules()
AREA = "E09000099"
CATALOGUE = {row["indicator_id"]: row for row in catalogue_rows()}
# The family of deaths as its places alone: in the catalogue they are crossed with what people had wished for.
for _name, _place in (("deaths_usual_place", "usual_place"), ("deaths_in_hospital", "hospital")):
    CATALOGUE[_name] = {
        **CATALOGUE[_name], "numerator_counts": _place, "denominator_counts": "usual_place hospital elsewhere",
    }  # fmt: skip
QUITS = ("four_week_quit", "four_week_quit_self_reported", "quit_lost_to_follow_up")
DEATHS = ("deaths_usual_place", "deaths_in_hospital")
RECOVERY = ("sustained_recovery", "sustained_recovery_6_months", "sustained_recovery_24_months")
FIFTHS = ("1", "2", "3", "4", "5")
# group -> word -> how many
World = Mapping[str, Mapping[str, int]]


def _words(name: str, part: str) -> list[str]:
    return str(CATALOGUE[name][f"{part}_counts"]).split()


def _row(name: str, label: str, counts: Mapping[str, int], **more: Any) -> dict[str, Any]:
    """A proportion of a family, from how many there are of each word."""
    top, bottom = (sum(counts[word] for word in _words(name, part)) for part in ("numerator", "denominator"))
    value = made.half_up(Decimal(100 * top) / bottom, 1) if bottom else None
    return {
        "indicator_id": name, "area_code": AREA, "period_kind": parse_period(label).kind, "period_id": label,
        "numerator": Decimal(top), "denominator": Decimal(bottom), "value": value, **more,
    }  # fmt: skip


def _all(world: World) -> dict[str, int]:
    words = {word for counts in world.values() for word in counts}
    return {word: sum(counts.get(word, 0) for counts in world.values()) for word in words}


def _tables(names: Sequence[str], world: World, label: str = "2024-25") -> tuple[list[Any], list[Any]]:
    """The area's figures and those of every group, exactly."""
    parts = [
        _row(name, label, counts, breakdown_kind="deprivation", breakdown_group=group)
        for name in names for group, counts in world.items()
    ]  # fmt: skip
    return [_row(name, label, _all(world)) for name in names], [part for part in parts if part["denominator"]]


def _published(names: Sequence[str], world: World, catalogue: Mapping[str, Any] = CATALOGUE) -> Any:
    return disclose_figures(*_tables(names, world), catalogue)


def _exact(found: Any, measures: Sequence[Any], parts: Sequence[Any]) -> dict[str, Any]:
    """Figure id -> exact row."""
    given_rows = {
        (row["indicator_id"], row["period_id"], row.get("breakdown_group")): row for row in (*measures, *parts)
    }
    return {
        row["figure_id"]: {
            **row, **given_rows[row["indicator_id"], row["period_id"], row.get("breakdown_group")], "marker": None,
        }
        for row in (*found.measures, *found.breakdowns)
    }  # fmt: skip


# --- the attack itself


def _fact(words: str, exact: int) -> Fact:
    small = 0 < exact <= 7
    known = of_hidden(exact, RULES) if small else of_shown(5 * ((2 * exact + 5) // 10), RULES)
    return Fact(frozenset(words), known, exact, small)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ([("v", 20), ("vs", 22), ("vsl", 60)], ["s"]),  # nested: shown as 20 and 20, so between them are 0 to 4
        ([("v", 20), ("vs", 23), ("vsl", 60)], []),  # 20 and 25: 1 to 9
        ([("u", 30), ("h", 26), ("uhe", 60)], ["e"]),  # disjoint: 30, 25 and 60 leave 1 at the least, 11 at the most
        ([("u", 30), ("h", 28), ("uhe", 60)], ["e"]),
        ([("v", 4), ("vs", 26), ("vsl", 60)], []),  # hidden, and nothing beside it says how many
        ([("a", 30), ("ad", 32)], ["d"]),  # denominators that differ by the dead
    ],
)  # fmt: skip
def test_a_small_count_between_two_shown_ones_is_found(facts: list[tuple[str, int]], found: list[str]) -> None:
    given_facts = tuple(_fact(words, exact) for words, exact in facts)
    low_enough = {"e": [] if facts[:2] == [("u", 30), ("h", 26)] else ["e"]}.get("".join(found), found)
    assert [
        ("".join(sorted(words))) for words in narrowed(given_facts, RULES, tuple(implied(given_facts)))
    ] == low_enough


def test_words_that_are_not_true_of_the_data_leave_the_lead_alone() -> None:
    """More quits verified than reported: what the definitions say is not so, and nothing is proved by it."""
    facts = (_fact("v", 40), _fact("vs", 30), _fact("vsl", 100))
    assert contradict(facts)
    assert not contradict(facts[1:])
    rows = [_row(QUITS[0], "2024-25-q1", {"verified": 40, "self_reported_only": 0, "lost": 0, "not_quit": 60}),
            _row(QUITS[1], "2024-25-q1", {"verified": 30, "self_reported_only": 0, "lost": 0, "not_quit": 70})]  # fmt: skip
    assert [row["value"] is not None for row in disclose_figures(rows, [], CATALOGUE).measures] == [True, False]
    # also where the count that contradicts is small: the second look asks for no more than that
    rows[1] = _row(QUITS[1], "2024-25-q1", {"verified": 5, "self_reported_only": 0, "lost": 0, "not_quit": 95})
    found = disclose_figures(rows, [], CATALOGUE).measures
    assert [row["value"] is not None for row in found] == [True, False]
    exact = {row["figure_id"]: {**row, **given_row} for row, given_row in zip(found, rows, strict=True)}
    assert not leaks_between(found, [], exact, CATALOGUE)


SETS = st.lists(st.sets(st.sampled_from("abc"), min_size=1).map(frozenset), min_size=2, max_size=5, unique=True)


@settings(max_examples=120, deadline=None)
@given(SETS, st.tuples(*[st.integers(0, 14)] * 3))
def test_the_attack_finds_what_trying_every_world_finds(sets: list[frozenset[str]], counts: tuple[int, ...]) -> None:
    """Every way to give three words up to 30 people each, against what is known of every union of them."""
    true = dict(zip("abc", counts, strict=True))
    facts = tuple(_fact("".join(sorted(words)), sum(true[word] for word in words)) for words in sets)
    world = dict(zip("abc", numpy.indices((31, 31, 31)), strict=True))
    possible = numpy.ones((31, 31, 31), dtype=bool)
    for fact in facts:
        total = sum(world[word] for word in fact.words)
        possible &= (total >= fact.known.low) & (total <= fact.known.high)
    small = [fact.words for fact in facts if fact.hidden]
    small += [words for words, exact in implied(facts) if 0 < exact <= 7]
    wanted = set()
    for words in small:
        found = set(numpy.unique(sum(world[word] for word in words)[possible]).tolist())
        if not {1, 7} <= found:
            wanted.add(words)
    assert set(narrowed(facts, RULES, tuple(implied(facts)))) == wanted


# --- an area's figures


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        # 3 more by the person's word: shown as 40 and 45 they may be 1 to 9, shown as 40 and 40 only 0 to 4
        (QUITS[:2], {"verified": 41, "self_reported_only": 1, "lost": 30, "not_quit": 50}),
        (QUITS, {"verified": 38, "self_reported_only": 2, "lost": 60, "not_quit": 20}),
        (DEATHS, {"usual_place": 60, "hospital": 61, "elsewhere": 7}),
        (RECOVERY[:2], {"died_12_months": 1, "alive": 60, "alive_returned_6_months": 21}),
    ],
)  # fmt: skip
def test_a_small_count_between_two_figures_hides_the_one_that_is_not_the_lead(
    names: Sequence[str], counts: dict[str, int]
) -> None:
    every = {word: 0 for name in names for word in _words(name, "denominator")}
    rows = [_row(name, "2024-25-q1", {**every, **counts}) for name in names]
    alone = {**CATALOGUE, **{name: {**CATALOGUE[name], "family": None} for name in names}}
    apart = disclose_figures(rows, [], alone)
    assert all(row["value"] is not None for row in apart.measures), "each by itself is shown"
    exact = {row["figure_id"]: {**row, **given_row} for row, given_row in zip(apart.measures, rows, strict=True)}
    assert leaks_between(apart.measures, [], exact, CATALOGUE), "the planted leak is found"
    found = disclose_figures(rows, [], CATALOGUE)
    shown = {row["indicator_id"]: row["value"] is not None for row in found.measures}
    assert shown[names[0]], "the lead stays"
    assert not all(shown.values())
    assert {row["reason"] for row in found.measures if row["value"] is None} == {RELATED}
    assert not leaks_between(found.measures, [], exact, CATALOGUE)
    assert {hidden.figure_id for hidden in found.hidden} == {
        row["figure_id"] for row in found.measures if row["value"] is None
    }


def test_the_marker_says_no_more_than_that_there_are_few() -> None:
    """1 to 7 between two figures: all seven places are published alike, whether the two would round alike or not."""
    told = []
    for between in range(1, 8):
        counts = {"verified": 40, "self_reported_only": between, "lost": 30, "not_quit": 50 - between}
        found = disclose_figures([_row(name, "2024-25-q1", counts) for name in QUITS], [], CATALOGUE).measures
        told.append([(row["indicator_id"], row["value"], row["numerator"], row["marker"]) for row in found])
    assert [row[3] for row in told[0]] == [None, "c", None]
    assert all(one == told[0] for one in told)


def test_a_figure_that_others_leave_few_beside_takes_no_third_with_it() -> None:
    """3 between verified and reported; the one who were lost is smaller than both and has no part in it."""
    counts = {"verified": 40, "self_reported_only": 3, "lost": 12, "not_quit": 60}
    found = disclose_figures([_row(name, "2024-25-q1", counts) for name in QUITS], [], CATALOGUE).measures
    assert [row["value"] is not None for row in found] == [True, False, True]


def test_a_hidden_quarter_is_not_left_out_of_the_year() -> None:
    quarters = {f"2024-25-q{n}": {"verified": 40, "self_reported_only": 1 if n == 2 else 20, "lost": 30, "not_quit": 50}
                for n in (1, 2, 3, 4)}  # fmt: skip
    year = {word: sum(counts[word] for counts in quarters.values()) for word in quarters["2024-25-q1"]}
    rows = [_row(name, label, counts) for name in QUITS[:2] for label, counts in {**quarters, "2024-25": year}.items()]
    found = {(row["indicator_id"], row["period_id"]): row for row in disclose_figures(rows, [], CATALOGUE).measures}
    assert found[QUITS[1], "2024-25-q2"]["value"] is None
    assert found[QUITS[1], "2024-25"]["numerator"] == 220, "221 by themselves, and not three quarters of them"
    assert found[QUITS[0], "2024-25"]["numerator"] == 4 * 40


def test_a_quarter_does_not_give_a_month_of_another_away() -> None:
    """Quits verified by month, those by the person's word by quarter: at most 42 of these, and 36 in two months."""
    month = {"self_reported_only": 2, "lost": 60, "not_quit": 60}
    months = {"2024-04": {**month, "verified": 3}, "2024-05": {**month, "verified": 18},
              "2024-06": {**month, "verified": 18}}  # fmt: skip
    rows = [_row(QUITS[0], label, counts) for label, counts in months.items()]
    for between, shown in ((2, False), (9, True)):
        counts = {"verified": 39, "self_reported_only": between, "lost": 180, "not_quit": 186 - between}
        quarter = [_row(name, "2024-25-q1", counts) for name in QUITS[:2]]
        found = disclose_figures([*rows, *quarter], [], CATALOGUE).measures
        assert [row["value"] is None for row in found[:3]] == [True, False, False]
        assert (found[-1]["value"] is not None) == shown


def test_the_second_look_sees_a_quarter_beside_months(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three months of the lead, one hidden, and a quarter of its kin: nothing of one period alone gives it away."""
    month = {"self_reported_only": 2, "lost": 60, "not_quit": 60}
    rows = [_row(QUITS[0], label, {**month, "verified": verified})
            for label, verified in (("2024-04", 3), ("2024-05", 18), ("2024-06", 18))]  # fmt: skip
    rows.append(_row(QUITS[1], "2024-25-q1", {"verified": 39, "self_reported_only": 2, "lost": 180, "not_quit": 180}))
    monkeypatch.setattr(view_of, "guarded_periods", lambda *_: {})
    with pytest.raises(Refused, match="smoking_quits E09000099 2024-25-q1"):
        disclose_figures(rows, [], CATALOGUE)


def test_a_release_in_which_something_leaks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look does not rest on the first: with the hiding taken out it refuses."""
    rows = [_row(name, "2024-25-q1", {"verified": 41, "self_reported_only": 1, "lost": 30, "not_quit": 50})
            for name in QUITS]  # fmt: skip
    monkeypatch.setattr(view_of, "guarded_periods", lambda *_: {})
    with pytest.raises(Refused, match="smoking_quits E09000099 2024-25-q1"):
        disclose_figures(rows, [], CATALOGUE)


def test_a_former_version_is_hidden_where_it_differs_by_few() -> None:
    """Nobody said whom it counts: it follows the one in force, and a small difference hides it."""
    former = {**CATALOGUE["four_week_quit"], "indicator_id": "four_week_quit_v1", "numerator_counts": "",
              "denominator_counts": "", "family_lead": False}  # fmt: skip
    catalogue = {**CATALOGUE, "four_week_quit_v1": former}
    counts = {"verified": 40, "self_reported_only": 20, "lost": 30, "not_quit": 50}
    for fewer, shown in ((0, True), (3, False), (7, False), (9, True)):
        beside = {**_row("four_week_quit", "2024-25-q1", {**counts, "verified": 40 - fewer}),
                  "indicator_id": "four_week_quit_v1"}  # fmt: skip
        found = disclose_figures([_row("four_week_quit", "2024-25-q1", counts), beside], [], catalogue).measures
        assert [row["value"] is not None for row in found] == [True, shown], fewer
    alone = disclose_figures([beside], [], catalogue).measures
    assert alone[0]["value"] is not None, "nothing stands beside it"


@pytest.mark.parametrize("successor", QUITS[:2])
def test_a_former_version_is_hidden_where_its_successor_is_not_there(successor: str) -> None:
    """Its successor, the lead or another, says nothing of the second quarter: there the former one would be the figure
    that is not there. In the others it stands beside the same figure, also where a month of it is hidden."""
    silent = {"indicator_id": f"{successor}_v1", "numerator_counts": "", "denominator_counts": ""}
    catalogue = {**CATALOGUE, f"{successor}_v1": {**CATALOGUE[successor], **silent, "family_lead": False}}
    counts = {"verified": 40, "self_reported_only": 20, "lost": 30, "not_quit": 50}
    few = {"verified": 3, "self_reported_only": 0, "lost": 60, "not_quit": 60}
    months = [counts] * 3 + [counts, counts, few]
    labels = ["2024-04", "2024-05", "2024-06", "2024-10", "2024-11", "2024-12"]
    rows = [_row(successor, label, month) for label, month in zip(labels, months, strict=True)]
    quarters = {"2024-25-q1": months[:3], "2024-25-q2": [counts] * 3, "2024-25-q3": months[3:]}
    for label, inside in quarters.items():
        whole = {word: sum(month[word] for month in inside) for word in counts}
        rows += [_row(successor, label, whole)] if label != "2024-25-q2" else []
        rows.append({**_row(successor, label, whole), "indicator_id": f"{successor}_v1"})
        # the lead has the figure of every quarter, whichever the successor is
        fewer = {**whole, "verified": whole["verified"] - 30, "self_reported_only": whole["self_reported_only"] + 30}
        rows += [_row(QUITS[0], label, fewer)] if successor != QUITS[0] else []
    found = disclose_figures(rows, [], catalogue).measures
    shown = {row["period_id"]: row["value"] is not None for row in found if row["indicator_id"] == f"{successor}_v1"}
    assert shown == {"2024-25-q1": True, "2024-25-q2": False, "2024-25-q3": True}


AREAS = st.fixed_dictionaries(
    {"verified": st.integers(0, 60), "self_reported_only": st.integers(0, 30), "lost": st.integers(0, 60),
     "not_quit": st.integers(0, 60)}
)  # fmt: skip


def _bounds(member_rows: Sequence[Any], exact: Mapping[str, Any]) -> list[tuple[frozenset[str], Range, int, bool]]:
    """What is known of every count, from the published rows and from nothing of the code that is tried."""
    found = []
    for row in member_rows:
        true, name = exact[row["figure_id"]], row["indicator_id"]
        top, bottom = (frozenset(_words(name, part)) for part in ("numerator", "denominator"))
        exactly = {top: int(true["numerator"]), bottom: int(true["denominator"])}
        exactly[bottom - top] = exactly[bottom] - exactly[top]
        shown = row["value"] is not None
        for words, count in exactly.items():
            if not shown:
                known = Range(0, 7) if count <= 7 else Range(8, UNBOUNDED)
            elif words == bottom - top:
                known = of_rest(int(row["numerator"]), int(row["denominator"]), RULES)
            else:
                known = of_shown(int(row["numerator" if words == top else "denominator"]), RULES)
            found.append((words, known, count, shown))
    return found


def _solved(
    words: Sequence[str], sums: Sequence[tuple[frozenset[str], Range]], target: frozenset[str], end: int
) -> bool:
    """Whether an independent solver finds a world in which the target comes to a number."""
    rows = [[1 if word in part else 0 for word in words] for part, _ in sums]
    rows.append([1 if word in target else 0 for word in words])
    low, high = [known.low for _, known in sums] + [end], [known.high for _, known in sums] + [end]
    solved = milp(numpy.zeros(len(words)), constraints=LinearConstraint(rows, low, high), integrality=[1] * len(words))
    return bool(solved.success)


@settings(max_examples=60, deadline=None)
@given(AREAS)
def test_no_hidden_count_of_an_area_is_narrowed_by_its_kin(counts: dict[str, int]) -> None:
    """Whatever is published of the family, a solver still finds every hidden small count at 1 and at 7."""
    rows = [_row(name, "2024-25-q1", counts) for name in QUITS]
    if not sum(counts.values()):
        return
    found = disclose_figures(rows, [], CATALOGUE)
    if all(row["value"] is None for row in found.measures):
        return  # nothing of the family is published
    exact = {row["figure_id"]: given_row for row, given_row in zip(found.measures, rows, strict=True)}
    facts = _bounds(found.measures, exact)
    sums = [(words, known) for words, known, _, _ in facts]
    for words, _, count, shown in facts:
        if not shown and 0 < count <= 7:
            assert all(_solved(list(counts), sums, words, end) for end in (1, 7)), words
    if found.measures[0]["value"] is not None and found.measures[1]["value"] is not None:
        between = frozenset({"self_reported_only"})
        if 0 < counts["self_reported_only"] <= 7:
            assert all(_solved(list(counts), sums, between, end) for end in (1, 7))


def test_events_of_few_people_do_not_stand_under_another_name() -> None:
    """12 admissions at 65 and over are of 3 people: their mean stay would say how many admissions they are."""
    counts = {"emergency_admissions": (60, 90_000), "emergency_admissions_65_over": (12, 20_000),
              "emergency_bed_days_65_over": (100, 12)}  # fmt: skip
    rows = [
        {"indicator_id": name, "area_code": AREA, "period_kind": "month", "period_id": "2025-04",
         "numerator": Decimal(top), "denominator": Decimal(bottom), "value": Decimal("8.3")}
        for name, (top, bottom) in counts.items()
    ]  # fmt: skip
    assert all(row["value"] is not None for row in disclose_figures(rows, [], CATALOGUE).measures)
    known = {"emergency_admissions": {"numerator": 40}, "emergency_admissions_65_over": {"numerator": 3}}
    behind = {f"indicator:{name}:{AREA}:2025-04:value": people for name, people in known.items()}
    found = disclose_figures(rows, [], CATALOGUE, people=behind).measures
    assert [row["value"] is not None for row in found] == [True, False, False]
    exact = {row["figure_id"]: {**row, **given_row} for row, given_row in zip(found, rows, strict=True)}
    planted = [dict(row) for row in found]
    planted[2] |= {"value": Decimal("8.3"), "denominator": Decimal(10), "marker": None}
    assert leaks_between(planted, [], exact, CATALOGUE) == []
    assert leaks_between(planted, [], exact, CATALOGUE, people=behind) == [f"emergency_stays {AREA} 2025-04"]


# --- one figure under several kinds of period

WAITING = ("waiting_over_42_days", "people_waiting")


def _waiting(other_short: int) -> list[dict[str, Any]]:
    """The lists of 31 March: quarter and year of the lead, month, quarter and year of its kin; two other months of it."""
    counts = {"short": 40, "middle": 30, "long_recent": 20, "other_short": other_short, "other_over": 0,
              "not_waiting": 9000}  # fmt: skip
    return [
        *(_row(WAITING[0], label, counts) for label in ("2024-25-q4", "2024-25")),
        *(_row(WAITING[1], label, counts) for label in ("2025-03", "2024-25-q4", "2024-25", "2025-01", "2025-02")),
    ]


@pytest.mark.parametrize("absent", [None, "2024-25-q4", "2024-25"])
def test_what_is_counted_on_one_day_is_hidden_under_every_kind_of_period(absent: str | None) -> None:
    """3 people wait who are on the longer list alone: the quarter's list is hidden, and the month's is the same one."""
    rows = [row for row in _waiting(3) if row["period_id"] != absent or row["indicator_id"] != WAITING[1]]
    found = disclose_figures(rows, [], CATALOGUE).measures
    shown = {(row["indicator_id"], row["period_id"]) for row in found if row["value"] is not None}
    assert {label for name, label in shown if name == WAITING[0]} == {"2024-25-q4", "2024-25"}
    assert {label for name, label in shown if name == WAITING[1]} == {"2025-01", "2025-02"}
    assert all(row["value"] is not None for row in disclose_figures(_waiting(30), [], CATALOGUE).measures)


def test_a_list_shown_for_the_month_and_hidden_for_the_quarter_is_found() -> None:
    """The plant: the month's figure as it would stand alone, beside the quarter's hidden one; of a family or of none."""
    rows = _waiting(3)
    found = disclose_figures(rows, [], CATALOGUE).measures
    exact = {row["figure_id"]: {**row, **given_row} for row, given_row in zip(found, rows, strict=True)}
    month = next(row for row in found if row["period_id"] == "2025-03")
    month |= {"value": Decimal("0.99"), "numerator": Decimal(90), "denominator": Decimal(9090), "marker": None}
    assert f"people_waiting {AREA} 2025-03 and 2024-25-q4 and 2024-25" in leaks_between(found, [], exact, CATALOGUE)
    alone = {"people_waiting": {**CATALOGUE["people_waiting"], "family": None}}
    mine = [row for row in found if row["indicator_id"] == "people_waiting"]
    assert leaks_between(mine, [], exact, alone) == [f"people_waiting {AREA} 2025-03 and 2024-25-q4 and 2024-25"]
    assert leaks_between(mine, [], exact, alone, frozenset(alone)) == [], "openly published elsewhere"


def test_groups_of_a_snapshot_are_hidden_in_the_year_and_in_the_twelve_months_that_end_with_it() -> None:
    """Twelve months to March and the financial year are one snapshot: a table stands under both, or under neither."""
    names = ("hypertension_treated", "hypertension_treated_79_under")
    every = {word for name in names for word in _words(name, "denominator")}
    world = {group: dict.fromkeys(every, 60) for group in FIFTHS}
    label = {"year": "2024-25", "rolling_year": "2025-03-r12"}
    tables = {kind: _tables(names, world, label[kind]) for kind in label}
    measures = [row for kind in label for row in tables[kind][0]]
    parts = [row for kind in label for row in tables[kind][1]]
    found = disclose_figures(measures, parts, CATALOGUE)
    assert all(row["value"] is not None for row in found.breakdowns)
    confidential = [{**row, "marker": "c"} if (row["period_kind"], row["breakdown_group"]) == ("rolling_year", "3") else row
                    for row in parts if row["indicator_id"] == names[0]]  # fmt: skip
    mine = disclose_figures(tables["year"][0][:1] + tables["rolling_year"][0][:1], confidential, CATALOGUE).breakdowns
    hidden = {kind: {row["breakdown_group"] for row in mine if row["period_kind"] == kind and row["value"] is None}
              for kind in label}  # fmt: skip
    assert "3" in hidden["year"] and hidden["year"] == hidden["rolling_year"]
    planted = deepcopy(found.breakdowns)
    for row in planted:
        if (row["period_kind"], row["breakdown_group"]) == ("year", "3"):
            row |= {"value": None, "numerator": None, "denominator": None, "marker": "c"}
    exact = {row["figure_id"]: row for row in (*found.measures, *found.breakdowns)}
    told = leaks_between(found.measures, planted, exact, CATALOGUE)
    assert [entry for entry in told if " and " in entry] == [f"{name} {AREA} 2024-25 and 2025-03-r12" for name in names]


# --- groups


def _even(**counts: int) -> dict[str, dict[str, int]]:
    return {group: dict(counts) for group in FIFTHS}


def _shown_of(found: Any, name: str) -> int:
    return sum(row["value"] is not None for row in found.breakdowns if row["indicator_id"] == name)


def test_groups_of_kin_are_shown_where_nobody_is_few() -> None:
    world = _even(verified=40, self_reported_only=20, lost=30, not_quit=50)
    found = _published(QUITS, world)
    assert {name: _shown_of(found, name) for name in QUITS} == dict.fromkeys(QUITS, 5)


@pytest.mark.parametrize(
    "change",
    [
        {"verified": 3},  # small in the lead's own table
        {"self_reported_only": 2},  # between two tables
        {"lost": 6},  # in the other member's table
    ],
)
def test_a_small_count_anywhere_leaves_the_lead_alone(change: dict[str, int]) -> None:
    world = _even(verified=40, self_reported_only=20, lost=30, not_quit=50)
    world["3"] |= change
    found = _published(QUITS, world)
    assert _shown_of(found, QUITS[0]) >= 3
    others = {name for name in QUITS[1:] if _shown_of(found, name)}
    assert others <= (
        {QUITS[2]} if change == {"self_reported_only": 2} else {QUITS[1]} if change == {"lost": 6} else set()
    )
    assert all(row["reason"] for row in found.breakdowns if row["value"] is None)


def test_a_few_without_a_group_leave_the_lead_alone() -> None:
    world = _even(verified=40, self_reported_only=20, lost=30, not_quit=50)
    world["unknown"] = {"verified": 2, "self_reported_only": 0, "lost": 0, "not_quit": 0}
    found = _published(QUITS, world)
    assert [_shown_of(found, name) for name in QUITS] == [5, 0, 0]


def test_groups_of_a_former_version_are_not_shown() -> None:
    former = {**CATALOGUE["four_week_quit"], "indicator_id": "four_week_quit_v1", "numerator_counts": "",
              "denominator_counts": "", "family_lead": False}  # fmt: skip
    catalogue = {**CATALOGUE, "four_week_quit_v1": former}
    measures, parts = _tables(QUITS[:1], _even(verified=40, self_reported_only=20, lost=30, not_quit=50))
    both = [[*rows, *({**row, "indicator_id": "four_week_quit_v1"} for row in rows)] for rows in (measures, parts)]
    found = disclose_figures(both[0], both[1], catalogue)
    assert [_shown_of(found, name) for name in ("four_week_quit", "four_week_quit_v1")] == [5, 0]


def test_a_table_put_beside_one_that_hides_is_found() -> None:
    """The plant: the hospital's deaths of a fifth shown although those at home are hidden beside them."""
    world = _even(usual_place=40, hospital=40, elsewhere=0)
    world["2"] = {"usual_place": 5, "hospital": 40, "elsewhere": 0}
    measures, parts = _tables(DEATHS, world)
    found = disclose_figures(measures, parts, CATALOGUE)
    exact = _exact(found, measures, parts)
    assert not leaks_between(found.measures, found.breakdowns, exact, CATALOGUE)
    planted = deepcopy(found.breakdowns)
    for row in planted:
        if row["indicator_id"] == DEATHS[1]:
            true = exact[row["figure_id"]]
            row["numerator"], row["denominator"] = (
                Decimal(5 * ((2 * int(true[part]) + 5) // 10)) for part in ("numerator", "denominator")
            )
            row["value"], row["marker"] = true["value"], None
    told = leaks_between(found.measures, planted, exact, CATALOGUE)
    assert told == [f"deaths {AREA} 2024-25 by deprivation"]


GROUPED = st.fixed_dictionaries({group: st.fixed_dictionaries(
    {"usual_place": st.integers(0, 24), "hospital": st.integers(0, 24), "elsewhere": st.sampled_from([0, 3, 30])}
) for group in FIFTHS[:3]})  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(GROUPED)
def test_no_hidden_group_is_narrowed_by_the_tables_of_kin(world: dict[str, dict[str, int]]) -> None:
    """Three groups, two members, the area's exact counts: a solver finds every hidden small count at 1 and at 7."""
    measures, parts = _tables(DEATHS, world)
    if not measures[0]["denominator"]:
        return
    found = disclose_figures(measures, parts, CATALOGUE)
    exact = _exact(found, measures, parts)
    words = [f"{group}/{word}" for group in world for word in world[group]]
    sums: list[tuple[frozenset[str], Range]] = []
    targets = []
    published = {name for name in DEATHS if _shown_of(found, name)}
    for name in DEATHS:
        # a table of which nothing is shown says nothing: all of it carries one sentence
        shown = [row for row in found.breakdowns if row["indicator_id"] == name and name in published]
        for row in shown:
            for counted, known, count, is_shown in _bounds([row], exact):
                tagged = frozenset(f"{row['breakdown_group']}/{word}" for word in counted)
                sums.append((tagged, known))
                if not is_shown and 0 < count <= 7:
                    targets.append((name, tagged))
        for part in ("numerator", "denominator"):
            tagged = frozenset(f"{group}/{word}" for group in world for word in _words(name, part))
            whole = sum(int(row[part]) for row in measures if row["indicator_id"] == name)
            sums.append((tagged, Range(whole, whole)))
    for name, target in targets:
        assert all(_solved(words, sums, target, end) for end in (1, 7)), (name, target)


def test_a_resident_alone_in_a_cell_appears_nowhere() -> None:
    """One person of the second fifth took their own word for it: with her counted as not quit instead, or as lost, no
    public figure of the family is another."""
    told = []
    for word in ("self_reported_only", "not_quit", "lost"):
        world = _even(verified=40, self_reported_only=20, lost=30, not_quit=50)
        world["2"] = {"verified": 40, "self_reported_only": 0, "lost": 30, "not_quit": 51}
        world["2"][word] += 1
        found = _published(QUITS, world)
        told.append([(row["figure_id"], row["value"], row["numerator"], row["denominator"], row["marker"])
                     for row in (*found.measures, *found.breakdowns)
                     if row["indicator_id"] == QUITS[1] or row.get("breakdown_group") == "2"])  # fmt: skip
    assert told[0] == told[1] == told[2]


def test_every_world_of_two_words_keeps_its_hidden_counts() -> None:
    """By hand, without a solver: two nested counts of up to 12, each shown or hidden as the rules say."""
    for inner, between in product(range(0, 13), repeat=2):
        facts = (_fact("a", inner), _fact("ab", inner + between))
        safe = not narrowed(facts, RULES, tuple(implied(facts)))
        ranges = [range(int(fact.known.low), int(min(fact.known.high, 40)) + 1) for fact in facts]
        pairs = [(a, ab) for a in ranges[0] for ab in ranges[1] if a <= ab]
        keeps = [{a for a, _ in pairs}, {ab for _, ab in pairs}, {ab - a for a, ab in pairs}]
        small = [0 < count <= 7 for count in (inner, inner + between, between)]
        wanted = all({1, 7} <= values for values, is_small in zip(keeps, small, strict=True) if is_small)
        assert safe == wanted, (inner, between)
