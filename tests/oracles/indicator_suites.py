"""The indicator-method oracles, answered by the dbt macros of the release, run on the engine.

Belongs here: reading `indicators/*.csv`, handing the rows to the macros in one statement a suite, comparing. Not here:
any statistic. The SQL is compiled by dbt from the project itself, so a change to a macro changes the answer; the tables
of quantiles are the project's seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from suites import BLANK, Comparison, compare_rows, load, read_rows, whole

from dbt_project.inline import MARK, PROJECT, compile_statements

SEEDS = PROJECT / "seeds"
# what the oracles call a level of confidence -> what the macros call it
LEVELS = {"95": "95", "99_8": "99.8"}
LEVELS_90 = {"90cl": "90", **LEVELS}
COUNT_LEVELS = ("90", "95", "98", "99", "99.8")
# The mean's values have up to 17 digits; whole units keep eleven decimals of them.
MEAN_UNITS = 10**11


def _both(macro: str, levels: dict[str, str], arguments: str) -> str:
    """Lower and upper limit at every level, as columns named like the oracle's; {level} names the seed's column."""
    return ",\n    ".join(
        f"{{{{ {macro}('{side}', {arguments.format(side=side, level=level.replace('.', '_'))}, '{level}') }}}}"
        f" as {side}{name}"
        for name, level in levels.items()
        for side in ("lower", "upper")
    )


def _t_limits() -> str:
    return ",\n    ".join(
        f"{{{{ student_t_bound('{side}', 'cases', 'total', 'squares', "
        f"student_t_quantile('(cases - 1)', 'quantile_{name}', '{level}'), {MEAN_UNITS}) }}}} as {side}{name}"
        for name, level in LEVELS.items()
        for side in ("lower", "upper")
    )


_COUNT_COLUMNS = ",\n    ".join(
    f"{{{{ byar_limit('{side}', 'x', '{level}') }}}} as byars_{side}_{level.replace('.', '_')}"
    for level in COUNT_LEVELS
    for side in ("lower", "upper")
)

INLINE = f"""
{MARK}proportion
select case_id, {{{{ exact_quotient('100 * x', 'n', 18, 0, 0) }}}} as value,
    {_both("wilson_bound", LEVELS_90, "'x', 'n', 100")}
from given
{MARK}rate
select case_id, {{{{ exact_quotient('100000 * x', 'n', 18, 0, 0) }}}} as value,
    {_both("rate_bound", LEVELS_90, "'x', 'exact.{side}_{level}', 'n', 100000")}
from given left join poisson_limits as exact on given.x = exact.events
{MARK}counts
select case_id,
    {_COUNT_COLUMNS}
from given
{MARK}dsr
with sums as ({{{{ dsr_sums('given', ['area']) }}}})
select area, events as total_count, population as total_pop,
    case when events >= 10
        then {{{{ exact_quotient('100000 * rate_sum', 'weights', 18, 18, 0) }}}}
    end as value,
    {_both("dobson_bound", LEVELS, "'events', 'rate_sum', 'variance_sum', 'weights', 100000")}
from sums
{MARK}mean
with sums as (
    select area, count(*) as cases, sum(units) as total, sum(units * units) as squares from given group by area
)
select area, cases as value_count, {{{{ exact_quotient('total', f'cases * {MEAN_UNITS}', 18, 0, 0) }}}} as value,
    {_t_limits()}
from sums left join student on cases - 1 = student.degrees_of_freedom
""".replace(f"f'cases * {MEAN_UNITS}'", f"'(cases * cast({MEAN_UNITS} as bigint))'")


@cache
def compiled() -> dict[str, str]:
    """Name -> SQL of the statements above, compiled by dbt with the project's own macros, once a process."""
    return compile_statements(INLINE)


def _answers(name: str, columns: str, rows: Iterable[Sequence[Any]], seeds: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Rows of one compiled statement over a table `given`, with the named seeds beside it."""
    import duckdb

    with duckdb.connect() as connection:
        for seed in seeds:
            path = str(SEEDS / f"{seed}.csv")
            connection.execute(f"create table {seed} as select * from read_csv(?, header = true)", [path])
        if "student_t_975" in seeds:
            connection.execute(
                "create table student as select t95.degrees_of_freedom, t95.quantile as quantile_95, "
                "t998.quantile as quantile_99_8 "
                "from student_t_975 as t95 inner join student_t_999 as t998 using (degrees_of_freedom)"
            )
        load(connection, "given", columns, rows)
        found: list[dict[str, Any]] = connection.sql(compiled()[name]).to_arrow_table().to_pylist()
    return found


def _limits(levels: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{side}{level}" for level in levels for side in ("lower", "upper"))


def proportions(folder: Path) -> Comparison:
    """`proportion.csv`: percentage and Wilson limits."""
    expected = read_rows(folder / "proportion.csv")
    rows = [(row["case_id"], whole(row["n"]), whole(row["x"])) for row in expected]
    found = {(row["case_id"],): row for row in _answers("proportion", "case_id text, n bigint, x bigint", rows)}
    columns = ["value", *_limits(level for level in LEVELS_90 if f"lower{level}" in (expected[0] if expected else {}))]
    return compare_rows(expected, found, ("case_id",), numbers=columns, texts=())


def rates(folder: Path) -> Comparison:
    """`rate.csv`: rate per 100,000, exact limits below ten events and Byar's from ten on."""
    expected = read_rows(folder / "rate.csv")
    rows = [(row["case_id"], whole(row["x"]), whole(row["n"])) for row in expected]
    answers = _answers("rate", "case_id text, x bigint, n bigint", rows, seeds=["poisson_limits"])
    found = {(row["case_id"],): row for row in answers}
    columns = ["value", *_limits(level for level in LEVELS_90 if f"lower{level}" in (expected[0] if expected else {}))]
    return compare_rows(expected, found, ("case_id",), numbers=columns, texts=())


def count_limits(folder: Path) -> Comparison:
    """`poisson_count_limits.csv`: Byar's limits of a count from the macro, the exact ones from the seed."""
    expected = read_rows(folder / "poisson_count_limits.csv")
    counts = sorted({whole(row["x"]) or 0 for row in expected})
    byar = {row["case_id"]: row for row in _answers("counts", "case_id bigint, x bigint", [(x, x) for x in counts])}
    exact = {int(row["events"]): row for row in read_rows(SEEDS / "poisson_limits.csv")}
    answers: list[dict[str, Any]] = []
    for number, row in enumerate(expected):
        count = whole(row["x"]) or 0
        level = min(COUNT_LEVELS, key=lambda name: abs(float(name) / 100 - float(row["confidence"]))).replace(".", "_")
        table = exact.get(count)
        row["case"] = str(number)
        answers.append(
            {
                "byars_lower": byar[count][f"byars_lower_{level}"],
                "byars_upper": byar[count][f"byars_upper_{level}"],
                "exact_lower": table and table[f"lower_{level}"],
                "exact_upper": table and table[f"upper_{level}"],
            }
        )
    found: dict[tuple[str, ...], dict[str, Any]] = {(str(number),): answer for number, answer in enumerate(answers)}
    return compare_rows(
        expected, found, ("case",), numbers=("byars_lower", "byars_upper", "exact_lower", "exact_upper"), texts=()
    )


_BANDS = "area text, ageband text, band_events bigint, band_squares bigint, band_population bigint, band_weight bigint"
_DSR_NUMBERS = ("total_count", "total_pop", "value", *_limits(LEVELS))


def _first_age(band: str) -> int:
    return int(band.rstrip("+").split("-")[0])


def _standardised(folder: Path, name: str, bands: Iterable[tuple[Any, ...]]) -> Comparison:
    expected = read_rows(folder / f"{name}.csv")
    found = {(row["area"],): row for row in _answers("dsr", _BANDS, bands)}
    return compare_rows(expected, found, ("area",), numbers=_DSR_NUMBERS, texts=())


def standardised_rates(folder: Path, name: str) -> Comparison:
    """`dsr_expected*.csv`: events independent. A blank count is nil: the oracle's inputs run under such a contract."""
    within = {"dsr_expected": (0, 200), "dsr_expected_65plus": (65, 200), "dsr_expected_under75": (0, 74)}[name]
    bands = [
        (
            row["area"],
            row["ageband"],
            whole(row["x"]) or 0,
            whole(row["x"]) or 0,
            whole(row["pop"]),
            whole(row["stdpop"]),
        )
        for row in read_rows(folder / "dsr_inputs.csv")
        if within[0] <= _first_age(row["ageband"]) <= within[1]
    ]
    return _standardised(folder, name, bands)


def standardised_rates_of_repeated_events(folder: Path) -> Comparison:
    """`dsr_nonindependent_expected.csv`: variance from persons with f events.

    Where the reference is given no count of persons for a band it leaves the band out of the standard population; it is
    left out of what the macro is given too. In the release such a band is refused.
    """
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_rows(folder / "dsr_nonindependent_inputs.csv"):
        grouped.setdefault((row["area"], row["ageband"]), []).append(row)
    bands = []
    for (area, band), rows in grouped.items():
        if all(row["persons"] in BLANK for row in rows):
            continue
        counts = [((whole(row["eventfreq"]) or 0), (whole(row["persons"]) or 0)) for row in rows]
        bands.append(
            (
                area,
                band,
                sum(times * persons for times, persons in counts),
                sum(times * times * persons for times, persons in counts),
                whole(rows[0]["pop"]),
                whole(rows[0]["stdpop"]),
            )
        )
    return _standardised(folder, "dsr_nonindependent_expected", bands)


def means(folder: Path) -> Comparison:
    """`mean_expected.csv`: mean and limits by Student's t."""
    expected = read_rows(folder / "mean_expected.csv")
    rows = [
        (row["area"], int((Decimal(row["value"]) * MEAN_UNITS).to_integral_value()))
        for row in read_rows(folder / "mean_inputs.csv")
        if row["value"] not in BLANK
    ]
    answers = _answers("mean", "area text, units decimal(19, 0)", rows, seeds=["student_t_975", "student_t_999"])
    found = {(row["area"],): row for row in answers}
    return compare_rows(expected, found, ("area",), numbers=("value_count", "value", *_limits(LEVELS)), texts=())
