"""Macros that word, name, divide and scale, by hand-written cases; and that no macro is without a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dbt_project.inline import MARK, PROJECT, compile_statements
from foundation.figures import parse_figure_id

TESTS = PROJECT.parent / "tests"
INLINE = f"""
{MARK}missing
select id, {{{{ missing_sentence('missing', 'covered', 'limit_pct') }}}} as said from given
{MARK}open
select id, {{{{ open_sentence('kind', 'covered', 'window_days', 'status', 'follow_up', 'looked_back') }}}} as said from given
{MARK}named
select id, {{{{ figure_id('indicator', ['one', 'two'], 'value') }}}} as with_measure,
    {{{{ figure_id('kpi', ['one', 'two']) }}}} as without from given
{MARK}powers
select id, {{{{ power_of_ten('exponent') }}}} as of_a_column, {{{{ power_of_ten(18) }}}} as the_highest from given
{MARK}units
select id, cast({{{{ scaled_integer('amount', 9) }}}} as decimal(38, 0)) as units,
    {{{{ decimal_from_units(scaled_integer('amount', 9), 9) }}}} as back from given
{MARK}parts
{{{{ broken_down('given', ['month'], {{'events': 'sum(events)'}}) }}}}
{MARK}periods
select id from given where {{{{ has_period_kind('given', 'kind') }}}}
{MARK}risks
{{% for indicator in rate_populations() %}}
select '{{{{ indicator }}}}' as id {{{{ 'union all' if not loop.last }}}}
{{% endfor %}}
{MARK}feeds
{{% for feed in lake_feeds() + unread_feeds() %}}
select '{{{{ feed }}}}' as id {{{{ 'union all' if not loop.last }}}}
{{% endfor %}}
{MARK}sums
select {{{{ day_figure_columns('given') }}}} from given
"""
# Macros no case can be written for without a lake, a link table or a build: the test that fails without them.
ELSEWHERE = {
    "linked_person": "test_people_figures.py",
    "changed_months": "test_people_incremental.py",
    "changed_indicators": "test_people_incremental.py",
    "incremental": "test_people_incremental.py",
    "new_submissions": "../end_to_end/test_people_changes.py",
    "survey_items": "test_survey_results.py",
    "table": "test_dbt_build.py",
}


@cache
def statements() -> dict[str, str]:
    """The statements above, compiled by dbt with the project's macros, once a process."""
    return compile_statements(INLINE)


def run(name: str, columns: str, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The answers of one compiled statement on given rows."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"create table given ({columns})")
        for row in rows:
            connection.execute(f"insert into given values ({', '.join('?' * len(row))})", list(row))
        found: list[dict[str, Any]] = connection.sql(statements()[name]).to_arrow_table().to_pylist()
    return sorted(found, key=lambda row: str(row.get("id", row)))


@pytest.mark.parametrize(
    ("missing", "covered", "limit", "said"),
    [
        (20, 91, "10.00", "20 of 91 days lack figures from at least one organisation that must report, above the agreed limit of 10 %"),
        (1, 1, "0.00", "1 of 1 day lacks figures from at least one organisation that must report, above the agreed limit of 0 %"),
        (4, 30, "12.50", "4 of 30 days lack figures from at least one organisation that must report, above the agreed limit of 12.5 %"),
        (4, 30, "12.25", "4 of 30 days lack figures from at least one organisation that must report, above the agreed limit of 12.25 %"),
    ],
)  # fmt: skip
def test_what_is_withheld_is_said_in_a_sentence(missing: int, covered: int, limit: str, said: str) -> None:
    columns = "id integer, missing integer, covered integer, limit_pct decimal(5, 2)"
    assert run("missing", columns, [(1, missing, covered, limit)]) == [{"id": 1, "said": said}]


def test_what_is_open_is_said_and_nothing_is_said_of_what_is_not() -> None:
    rows = [
        (1, "quarter", 62, 92, "final", 0, 0),
        (2, "rolling_year", 62, 274, "final", 182, 0),
        (3, "month", 30, 30, "flex", 0, 0),
        (4, "year", 365, 365, "final", 0, 0),
        (5, "quarter", 244, 274, "final", 0, 182),
    ]
    columns = "id integer, kind text, covered integer, window_days integer, status text, follow_up integer, looked_back integer"
    assert [row["said"] for row in run("open", columns, rows)] == [
        "the data cover 62 of 92 days of the quarter",
        "the data cover 62 of 274 days of the rolling year and the follow-up of its events",
        "the quarter of this month is not over in the data",
        None,
        "the data cover 244 of 274 days of the quarter and the days looked back on",
    ]


def test_an_id_is_its_parts_and_parses() -> None:
    (row,) = run("named", "id integer, one text, two text", [(1, "community_wait", "E06000015")])
    assert (row["with_measure"], row["without"]) == (
        "indicator:community_wait:E06000015:value", "kpi:community_wait:E06000015",
    )  # fmt: skip
    whole = row["with_measure"].replace(":value", ":2024-25:value")
    assert parse_figure_id(whole).kind == "indicator"


def test_powers_of_ten_are_whole_and_end_where_figures_do() -> None:
    rows = run("powers", "id integer, exponent integer", [(n, n) for n in range(10)] + [(97, -1), (98, 10), (99, None)])
    assert [row["of_a_column"] for row in sorted(rows, key=lambda row: row["id"])] == [
        *(10**n for n in range(10)), None, None, None,
    ]  # fmt: skip
    assert {row["the_highest"] for row in rows} == {10**18}


def test_a_decimal_survives_the_way_to_whole_units_and_back() -> None:
    amounts = ["0", "0.000000001", "-0.000000001", "1.5", "-1.5", "99999999999.999999999", "-99999999999.999999999"]
    rows = run("units", "id integer, amount decimal(20, 9)", list(enumerate(amounts)))
    assert [int(row["units"]) for row in rows] == [int(Decimal(amount).scaleb(9)) for amount in amounts]
    assert [row["back"] for row in rows] == [Decimal(amount) for amount in amounts]


def test_rows_are_added_up_for_the_area_and_for_the_parts_the_catalogue_names() -> None:
    columns = "month text, pcn text, deprivation text, age_group text, breakdowns text, events integer"
    rows = [
        ("m1", "P1", "1", "40-64", "pcn", 2),
        ("m1", "P2", "1", "65-74", "pcn", 3),
        ("m2", "P1", "5", "40-64", "deprivation age", 4),
        # a name that holds another's is another
        ("m3", "P9", "9", "40-64", "pcnx", 5),
    ]
    found = run("parts", columns, rows)
    assert {(row["month"], row["breakdown_kind"], row["breakdown_group"]): int(row["events"]) for row in found} == {
        ("m1", "all", "all"): 5, ("m1", "pcn", "P1"): 2, ("m1", "pcn", "P2"): 3,
        ("m2", "all", "all"): 4, ("m2", "deprivation", "5"): 4, ("m2", "age", "40-64"): 4,
        ("m3", "all", "all"): 5,
    }  # fmt: skip
    assert len(found) == 7


def test_a_rolling_year_is_no_year() -> None:
    rows = [
        (1, "month quarter", "month"), (2, "month quarter", "year"), (3, "rolling_year", "year"), (4, "year", "year"),
    ]  # fmt: skip
    assert [row["id"] for row in run("periods", "id integer, period_kinds text, kind text", rows)] == [1, 4]


def test_every_rate_of_the_catalogue_has_its_people_at_risk() -> None:
    reader = YAML(typ="safe", pure=True)
    definitions = [reader.load(path.read_text(encoding="utf-8")) for path in (PROJECT / "catalogue").glob("*.yaml")]
    rates = {item["indicator_id"] for item in definitions if item["statistic"] in ("dsr", "crude_rate")}
    assert {row["id"] for row in run("risks", "id integer", [])} == rates


def test_every_contract_has_its_feed_in_the_lake() -> None:
    contracts = {path.stem for path in (PROJECT.parent / "ingest" / "contracts").glob("*.yaml")}
    assert {row["id"] for row in run("feeds", "id integer", [])} == contracts


def test_a_figure_by_the_day_passes_on_what_it_rests_on() -> None:
    columns = (
        "indicator_id text, area_code text, period_kind text, period_id text, period_start date, period_end date, "
        "numerator integer, denominator integer, multiplier integer, window_days integer, covered_days integer, "
        "missing_days integer, unavailable_days integer, data_complete_as_at date, data_cut_status text"
    )
    given = ("i", "a", "month", "2024-02", "2024-02-01", "2024-02-29", 3, 4, 100, 29, 29, 1, 0, "2024-02-29", "final")
    (row,) = run("sums", columns, [given])
    assert (row["value_numerator"], row["numerator"], row["denominator"]) == (Decimal(300), 3, 4)
    assert (row["missing_days"], row["window_days"], row["not_available_reason"]) == (1, 29, None)
    assert "multiplier" not in row


def _unit_tested() -> dict[str, str]:
    """Model -> its SQL, of every model with a unit test."""
    reader = YAML(typ="safe", pure=True)
    models = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "models").rglob("*.sql")}
    names = {
        test["model"]
        for path in (PROJECT / "models").rglob("_unit_tests.yml")
        for test in reader.load(path.read_text(encoding="utf-8"))["unit_tests"]
    }
    return {name: models[name] for name in names}


def test_every_indicator_has_a_unit_test() -> None:
    indicators = {path.stem for path in (PROJECT / "models" / "indicators").rglob("ind_*.sql")}
    assert sorted(indicators - set(_unit_tested())) == []


def test_every_macro_has_a_case() -> None:
    """A file of macros is asked by a statement of a test, a case of the statistics page, or a model with a unit test;
    directly, or by a macro that is. The rest is named with the test that needs it."""
    files = {path.stem: _code(path) for path in (PROJECT / "macros").rglob("*.sql")}
    defined = {stem: set(re.findall(r"macro (\w+)\(", text)) for stem, text in files.items()}
    asking = [text for path in (TESTS / "dbt_project").glob("test_*.py") if "{MARK}" in (text := path.read_text())]
    page = re.findall(r"^Macros: (.*)$", (PROJECT.parent / "docs/reference/statistics.md").read_text(), re.MULTILINE)
    called = _calls("\n".join([*asking, *_unit_tested().values()])) | set(re.findall(r"`(\w+)`", " ".join(page)))
    while more := {name for stem in files if defined[stem] & called for name in _calls(files[stem])} - called:
        called |= more
    asked = {stem for stem in files if defined[stem] & called}
    assert all((TESTS / "dbt_project" / test).is_file() for test in ELSEWHERE.values())
    assert sorted(set(files) - asked) == sorted(ELSEWHERE)


def _code(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


def _calls(text: str) -> set[str]:
    return set(re.findall(r"\b(\w+)\(", text))
