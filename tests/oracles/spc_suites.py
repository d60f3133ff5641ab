"""The control-chart oracles, answered by the dbt macros of the release, run on the engine.

Belongs here: reading `spc/*.csv`, handing the series to the macros in one statement, comparing. Not here: any
statistic. The SQL is compiled by dbt from the project itself, so a change to a macro changes the answer.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from suites import Comparison, compare_rows

from dbt_project.inline import MARK, compile_statements

BLANK = ("", "NA")
_WINDOW = "partition by case_id order by i"

# What the release's models write around the macros, with the oracle's series in place of the monthly figures.
INLINE = f"""
{MARK}points
select * from ({{{{ spc_xmr('oracle_points', 'oracle_settings') }}}}) as chart
{MARK}summary
with chart as ({{{{ spc_xmr('oracle_points', 'oracle_settings') }}}})
select * from ({{{{ spc_summary('chart', 'oracle_settings') }}}}) as summary
{MARK}rules
with moved as (
    select *, cast(sign(y - lag(y) over ({_WINDOW})) as integer) as move from oracle_rules
), ended as (
    select *,
        {{{{ spc_run_one_side('v', '{_WINDOW}') }}}} as seven_one_side,
        {{{{ spc_part_of_run('v', '{_WINDOW}') }}}} as part_of_seven,
        {{{{ spc_run_of_moves('move', '{_WINDOW}') }}}} as seven_trend,
        {{{{ spc_two_in_three_end('v', 'side', '{_WINDOW}') }}}} as two_in_three_end
    from moved
), grouped as (
    select *, {{{{ spc_two_in_three('two_in_three_end', '{_WINDOW}') }}}} as two_in_three from ended
)
select *, {{{{ spc_part_of_two_in_three('two_in_three', 'v') }}}} as part_two_in_three from grouped
{MARK}assurance
select case_id, {{{{ spc_assurance('direction', 'target', 'lpl', 'upl') }}}} as assurance from oracle_assurance
"""


@cache
def compiled() -> dict[str, str]:
    """Name -> SQL of the statements above, compiled by dbt with the project's own macros, once a process."""
    return compile_statements(INLINE)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _settings(case: str, row: Mapping[str, str] | None) -> tuple[bool, int | None, str, str | None]:
    """Screening, baseline points, direction and target: from the summary's columns, else from the case's name."""
    if row is not None:
        fix = None if row["fix_after_n_points"] in BLANK else int(row["fix_after_n_points"])
        target = None if row["target"] in BLANK else row["target"]
        return row["screen_outliers"] == "TRUE", fix, row["improvement_direction"], target
    named = re.fullmatch(r".+?__(screen|noscreen)__(?:nofix|fix(\d+))__(increase|decrease|neutral)", case)
    if named:
        return named[1] == "screen", int(named[2]) if named[2] else None, named[3], None
    return True, None, "increase", None


def _series(case: str) -> str:
    return case.split("__", 1)[0]


def rebase_group(case: str, i: int) -> int:
    """How many rebases lie at or before a point, for a case named `rebase_at_<i>[_<i>…]`."""
    named = re.match(r"rebase_at_(\d+(?:_\d+)*)", case)
    return sum(i >= int(at) for at in named[1].split("_")) if named else 0


def chart_inputs(
    points: list[dict[str, str]],
    summary: list[dict[str, str]],
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows for `oracle_points` and `oracle_settings`; a case known only to the summary borrows another's series."""
    by_case: dict[str, list[dict[str, str]]] = {}
    for row in points:
        by_case.setdefault(row["case"], []).append(row)
    by_series: dict[str, list[dict[str, str]]] = {}
    for case, rows in by_case.items():
        by_series.setdefault(_series(case), rows)
    described = {row["case"]: row for row in summary}
    charts, settings = [], []
    for case in sorted({*by_case, *described}):
        rows = by_case.get(case) or by_series.get(_series(case)) or []
        charts += [(case, rebase_group(case, int(row["i"])), int(row["i"]), row["y"]) for row in rows]
        settings.append((case, *_settings(case, described.get(case))))
    return charts, settings


def _load(connection: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.execute(f"create table {table} ({columns})")
    rows = list(rows)
    for start in range(0, len(rows), 500):
        chunk = rows[start : start + 500]
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in chunk)
        connection.execute(f"insert into {table} values {marks}", [value for row in chunk for value in row])


def run_charts(
    statements: Mapping[str, str],
    charts: Iterable[tuple[Any, ...]],
    settings: Iterable[tuple[Any, ...]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Points and summaries of many series from one statement each. y and target are decimal text."""
    import duckdb

    with duckdb.connect() as connection:
        _load(connection, "raw_points", "series_key text, rebase_group integer, i integer, y text", charts)
        connection.execute(
            "create table oracle_points as select series_key, rebase_group, i, cast(y as decimal(27, 15)) as y "
            "from raw_points"
        )
        _load(
            connection,
            "oracle_settings",
            "series_key text, screen_outliers boolean, fix_after_n_points integer, improvement_direction text, "
            "target decimal(27, 15)",
            settings,
        )
        points = connection.sql(statements["points"]).to_arrow_table().to_pylist()
        summaries = connection.sql(statements["summary"]).to_arrow_table().to_pylist()
    return points, summaries


def points_and_summary(folder: Path, statements: Mapping[str, str]) -> dict[str, Comparison]:
    """Compare `points.csv` and `summary.csv`, whichever are there."""
    expected = {
        name: _read(folder / f"{name}.csv") if (folder / f"{name}.csv").exists() else []
        for name in ("points", "summary")
    }
    charts, settings = chart_inputs(expected["points"], expected["summary"])
    points, summaries = run_charts(statements, charts, settings)
    found_points = {(row["series_key"], str(row["i"])): row for row in points}
    found_summaries = {(row["series_key"],): row for row in summaries}
    return {
        "points": compare_rows(
            expected["points"],
            found_points,
            ("case", "i"),
            numbers=("mean", "lpl", "upl"),
            texts=(
                "outside_limits",
                "relative_to_mean",
                "close_to_limits",
                "special_cause_type",
                "point_type",
                "short_group_warning",
            ),
        ),
        "summary": compare_rows(
            expected["summary"],
            found_summaries,
            ("case",),
            numbers=("mean", "lpl", "upl"),
            texts=("n", "n_common", "n_improve", "n_concern", "last_point_type", "assurance_type"),
        ),
    }


def rules(folder: Path, statements: Mapping[str, str]) -> Comparison:
    """Compare `rules.csv`: each rule alone, as an expression macro over a short series."""
    import duckdb

    expected = _read(folder / "rules.csv")
    series: list[tuple[Any, ...]] = []
    assurance: list[tuple[Any, ...]] = []
    for number, row in enumerate(expected):
        if row["function"].startswith("assurance_"):
            given = dict(part.split("=") for part in row["input"].split())
            direction = row["function"].removeprefix("assurance_")
            limits = [None if given.get(name, "NA") in BLANK else given[name] for name in ("target", "lpl", "upl")]
            assurance.append((number, direction, *limits))
            continue
        values = row["input"].split()
        sides = row["relative_to_mean"].split() or [None] * len(values)
        series += [
            (number, i, v, round(float(v)), None if side is None else int(side))
            for i, (v, side) in enumerate(zip(values, sides, strict=True))
        ]
    answers: dict[int, list[str]] = {}
    with duckdb.connect() as connection:
        _load(
            connection, "oracle_rules", "case_id integer, i integer, y decimal(27, 15), v integer, side integer", series
        )
        _load(
            connection,
            "oracle_assurance",
            "case_id integer, direction text, target decimal(18, 6), lpl decimal(18, 6), upl decimal(18, 6)",
            assurance,
        )
        for found in (
            connection.sql(f"select * from ({statements['rules']}) as rules order by case_id, i")
            .to_arrow_table()
            .to_pylist()
        ):
            answer = found.get(expected[found["case_id"]]["function"])
            answers.setdefault(found["case_id"], []).append("no such rule" if answer is None else str(answer))
        for found in connection.sql(statements["assurance"]).to_arrow_table().to_pylist():
            answers[found["case_id"]] = [found["assurance"] or "NA"]
    result = Comparison()
    for number, row in enumerate(expected):
        got = " ".join(answers.get(number, []))
        result.add(got == row["expected"], 0.0, f"row {number + 2}, {row['function']}: {row['expected']} != {got}")
    return result
