"""The oracles of methods that compare areas, groups and years, answered by the dbt macros of the release on the engine.

Belongs here: standardised ratios, quantiles of areas, funnels, trends, life expectancy, inequality: reading their files,
handing the rows to the macros in one statement each, comparing. Not here: any statistic. The SQL is compiled by dbt from
the project itself; the tables of constants are its seeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from suites import BLANK, NEAR_ZERO, TOLERANCE, Comparison, compare_rows, load, read_rows, whole

from dbt_project.inequality import Quantile, Transform, simulated_limits
from dbt_project.inline import MARK, PROJECT, compile_statements

SEEDS = PROJECT / "seeds"
# what the oracles call a level of confidence -> what the macros call it
LEVELS = {"95": "95", "99_8": "99.8"}
# what the oracles call the two funnels -> level of confidence
FUNNELS = {"2s": "95", "3s": "99.8"}
SIDES = ("lower", "upper")
STANDARD_BANDS, TENTHS = 19, 10
QUANTILES = {"decile": 10, "quintile": 5, "quartile": 4}
SLOPES = [(transform, multiplier) for transform in ("none", "log", "logit") for multiplier in (1, 100, 100_000)]
FUNNEL_TOLERANCE = 5e-5  # INTERFACES: the reference bisects
SIMULATED = 0.05  # of the interval's width: INTERFACES


def _name(level: str) -> str:
    return level.replace(".", "_")


def _standardised(times: str, prefix: str) -> str:
    return ",\n    ".join(
        f"{{{{ rate_bound('{side}', 'observed', 'exact.{side}_{_name(level)}', 'expected', {times}, '{level}') }}}}"
        f" as {prefix}_{side}{name}"
        for name, level in LEVELS.items()
        for side in SIDES
    )


def _own_limits(macro: str, arguments: str) -> str:
    """Limits of an area's own value, as the columns funnel_significance reads."""
    return ",\n    ".join(
        f"{{{{ {macro}('{side}', {arguments.format(side=side, level=_name(level))}, '{level}') }}}}"
        f" as {side}_{_name(level)}"
        for level in LEVELS.values()
        for side in SIDES
    )


def _funnels(macro: str, arguments: str, end: str) -> str:
    return ",\n    ".join(
        f"{{{{ {macro}('{side}', {arguments}, '{level}') }}}} as {side}_{name}_{end}"
        for name, level in FUNNELS.items()
        for side in SIDES
    )


_SIGNIFICANT = ", ".join(f"'{side}_{level}'" for level in ("95", "99_8") for side in SIDES)
_PER_PERSON = "cast(reference_events as double) / cast(reference_people as double) * 100000"


@cache
def compiled(bands: int, quantiles: int) -> dict[str, str]:
    """Name -> SQL of the statements, compiled by dbt with the project's own macros, once a process.

    bands: how many the reference of a standardised ratio has; quantiles: how many a slope is drawn through.
    """
    slopes = "".join(
        f"{MARK}slope_{transform}_{multiplier}\n"
        f"{{{{ slope_index_of_inequality('given', ['area'], {quantiles}, '{transform}', {multiplier}) }}}}\n"
        for transform, multiplier in SLOPES
    )
    return compile_statements(f"""
{MARK}isr
with sums as ({{{{ isr_sums('given', ['area'], bands={bands}) }}}}),
named as (
    select *, {_PER_PERSON} as ref_rate from sums
)
select area, observed, expected, ref_rate,
    {{{{ isr_value('observed', 'expected', 100) }}}} as ratio_value,
    {{{{ isr_value('observed', 'expected', 'ref_rate') }}}} as rate_value,
    {_standardised("100", "ratio")},
    {_standardised("'ref_rate'", "rate")}
from named left join poisson_limits as exact on named.observed = exact.events
{MARK}quantiles
select grp, unit,
    {
        ", ".join(
            f"{{{{ quantile_of_areas('value', {count}, ['grp'], highest_first={highest}) }}}} as {name}_{end}"
            for name, count in QUANTILES.items()
            for end, highest in (("inv", "true"), ("noninv", "false"))
        )
    }
from given
{MARK}funnel_proportion
select id, {_funnels("funnel_proportion_bound", "'average', 'people', 100", "limit")} from given
{MARK}funnel_ratio
select id, {_funnels("funnel_ratio_bound", "'observed', 'exact', 100", "limit")},
    {_funnels("funnel_expected_events", "'exact'", "exp_events")}
from given left join poisson_limits as exact on given.observed = exact.events
{MARK}significance_proportion
with limited as (
    select *, cast(sum(x) over () as double) / cast(sum(n) over () as double) as average,
        {_own_limits("wilson_bound", "'x', 'n', 1")}
    from given
)
select case_id, {{{{ funnel_significance('average', {_SIGNIFICANT}) }}}} as significance from limited
{MARK}significance_ratio
with limited as (
    select given.*, {_own_limits("rate_bound", "'x', 'exact.{side}_{level}', 'expected', 1")}
    from given left join poisson_limits as exact on given.x = exact.events
)
select case_id, {{{{ funnel_significance('1', {_SIGNIFICANT}) }}}} as significance from limited
{MARK}trend
{{{{ five_point_trend('given', ['series']) }}}}
{MARK}life_expectancy
select *, {
        ", ".join(
            f"{{{{ life_expectancy_limit('{side}', 'expectancy', 'standard_error', '{level}') }}}} as {side}{name}"
            for name, level in LEVELS.items()
            for side in SIDES
        )
    } from ({{{{ life_expectancy('given', ['area']) }}}}) as expectancy
{slopes}""")


def _standard() -> dict[str, str]:
    return compiled(STANDARD_BANDS, TENTHS)


def _run(
    statement: str, columns: str, rows: Iterable[Sequence[Any]], seeds: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Rows of one compiled statement over a table `given`, with the named seeds beside it."""
    import duckdb

    with duckdb.connect() as connection:
        for seed in seeds:
            path = str(SEEDS / f"{seed}.csv")
            connection.execute(f"create table {seed} as select * from read_csv(?, header = true)", [path])
        load(connection, "given", columns, rows)
        found: list[dict[str, Any]] = connection.sql(statement).to_arrow_table().to_pylist()
    return found


def _number(text: str) -> float | None:
    return None if text in BLANK else float(text)


def standardised_ratios(folder: Path) -> Comparison:
    """`isratio_expected.csv` (per 100) and `israte_expected.csv` (per 100,000)."""
    rows = read_rows(folder / "isr_inputs.csv")
    given = [
        (row["area"], row["ageband"], *(whole(row[name]) for name in ("x", "pop", "ref_x", "ref_n"))) for row in rows
    ]
    answers = _run(
        compiled(len({row["ageband"] for row in rows}), TENTHS)["isr"],
        "area text, age_band text, band_events bigint, band_population bigint, reference_events bigint, "
        "reference_people bigint",
        given,
        seeds=["poisson_limits"],
    )
    result = Comparison()
    for kind in ("ratio", "rate"):
        expected = read_rows(folder / f"is{kind}_expected.csv")
        found = {(row["area"],): row | {name.removeprefix(f"{kind}_"): row[name] for name in row} for row in answers}
        numbers = ["observed", "expected", "value", *(f"{side}{level}" for level in LEVELS for side in SIDES)]
        numbers += ["ref_rate"] if kind == "rate" else []
        result.join(compare_rows(expected, found, ("area",), numbers=numbers, texts=()))
    return result


def quantiles(folder: Path) -> Comparison:
    """`quantiles.csv`: every kind of group the file has a column for."""
    expected = read_rows(folder / "quantiles.csv")
    given = [(row["grp"], row["unit"], _number(row["value"])) for row in expected]
    answers = _run(_standard()["quantiles"], "grp text, unit text, value double", given)
    found = {(row["grp"], row["unit"]): row for row in answers}
    asked = [name for name in (expected[0] if expected else {}) if name.split("_")[0] in QUANTILES]
    return compare_rows(expected, found, ("grp", "unit"), numbers=asked, texts=())


def funnels(folder: Path) -> Comparison:
    """`funnel_*.csv`: limits of proportions and ratios, significance of both; whichever are there."""
    result = Comparison()
    for name, answer in _FUNNELS.items():
        if (folder / f"{name}.csv").exists():
            result.join(answer(read_rows(folder / f"{name}.csv")))
    return result


def _numbered(expected: list[dict[str, str]]) -> list[dict[str, str]]:
    """With a key of our own: a count may be written 1e+05."""
    return [row | {"id": str(number)} for number, row in enumerate(expected)]


def _funnel_proportion(expected: list[dict[str, str]]) -> Comparison:
    expected = _numbered(expected)
    given = [(row["id"], whole(row["Population"]), float(row["baseline"]) / 100) for row in expected]
    answers = _run(_standard()["funnel_proportion"], "id text, people bigint, average double", given)
    found = {(row["id"],): row for row in answers}
    numbers = [f"{side}_{name}_limit" for name in FUNNELS for side in SIDES]
    return compare_rows(expected, found, ("id",), numbers=numbers, texts=())


def _funnel_ratio(expected: list[dict[str, str]]) -> Comparison:
    expected = _numbered(expected)
    given = [(row["id"], whole(row["Observed_events"])) for row in expected]
    answers = _run(_standard()["funnel_ratio"], "id text, observed bigint", given, seeds=["poisson_limits"])
    found = {(row["id"],): row for row in answers}
    numbers = [f"{side}_{name}_{end}" for name in FUNNELS for side in SIDES for end in ("limit", "exp_events")]
    return compare_rows(expected, found, ("id",), numbers=numbers, texts=(), tolerance=FUNNEL_TOLERANCE)


def _significance_proportion(expected: list[dict[str, str]]) -> Comparison:
    given = [(row["case_id"], whole(row["x"]), whole(row["n"])) for row in expected]
    answers = _run(_standard()["significance_proportion"], "case_id text, x bigint, n bigint", given)
    found = {(row["case_id"],): row for row in answers}
    return compare_rows(expected, found, ("case_id",), numbers=(), texts=("significance",))


def _significance_ratio(expected: list[dict[str, str]]) -> Comparison:
    given = [(row["case_id"], whole(row["obs"]), float(row["expected"])) for row in expected]
    answers = _run(
        _standard()["significance_ratio"],
        "case_id text, x bigint, expected double",
        given,
        seeds=["poisson_limits"],
    )
    found = {(row["case_id"],): row for row in answers}
    return compare_rows(expected, found, ("case_id",), numbers=(), texts=("significance",))


_FUNNELS = {
    "funnel_limits_proportion": _funnel_proportion,
    "funnel_limits_isr": _funnel_ratio,
    "funnel_significance_proportion": _significance_proportion,
    "funnel_significance_ratio": _significance_ratio,
}


def trends(folder: Path) -> Comparison:
    """`trend.csv`: the label of every series, on each of its rows."""
    expected = read_rows(folder / "trend.csv")
    given = [
        (
            row["series"],
            int(row["year"][:4]),  # a financial year by its first
            *(_number(row[name]) for name in ("value", "lower95", "upper95")),
            row["polarity"],
            row["value_type"],
        )
        for row in expected
    ]
    answers = _run(
        _standard()["trend"],
        "series text, moment bigint, value double, lower_limit double, upper_limit double, polarity text, "
        "value_type text",
        given,
    )
    found = {(row["series"],): {"expected": row["trend"]} for row in answers}
    return compare_rows(expected, found, ("series",), numbers=(), texts=("expected",))


def life_expectancies(folder: Path) -> Comparison:
    """`life_expectancy_expected.csv`: at every age, by Chiang with Silcocks' limits."""
    expected = read_rows(folder / "life_expectancy_expected.csv")
    given = [
        (row["area"], whole(row["startage"]), whole(row["pops"]), whole(row["deaths"]))
        for row in read_rows(folder / "life_expectancy_inputs.csv")
    ]
    answers = _run(
        _standard()["life_expectancy"], "area text, start_age bigint, population bigint, deaths bigint", given
    )
    found = {
        (row["area"], str(row["start_age"])): row | {"pops_used": row["population"], "dths_used": row["deaths"]}
        for row in answers
    }
    numbers = ("value", "pops_used", "dths_used", *(f"{side}{level}" for level in LEVELS for side in SIDES))
    return compare_rows(expected, found, ("area", "startage"), numbers=numbers, texts=())


def inequalities(folder: Path) -> Comparison:
    """`sii_expected_*.csv`: indices by the macro, exact; their limits simulated, within a share of their width."""
    rows = read_rows(folder / "sii_inputs.csv")
    areas: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        areas.setdefault(row["area"], []).append(row)
    count = max((len(group) for group in areas.values()), default=0)
    given = [(row["area"], whole(row["quantile"]), whole(row["population"]), _number(row["value"])) for row in rows]
    result = Comparison()
    for path in sorted(folder.glob("sii_expected_*.csv")):
        expected = read_rows(path)
        per = re.search(r"_per(\d+)$", path.stem)
        for transform, printed in sorted({(row["transform"], row["multiplier"]) for row in expected}):
            multiplier = int(float(printed)) * (int(per[1]) if per else 1)
            answers = _run(
                compiled(STANDARD_BANDS, count)[f"slope_{transform}_{multiplier}"],
                "area text, quantile bigint, population bigint, value double",
                given,
            )
            found = {row["area"]: row for row in answers}
            for row in expected:
                if (row["transform"], row["multiplier"]) == (transform, printed):
                    _compare_slope(result, row, found.get(row["area"]), areas.get(row["area"], []), multiplier)
    return result


def _compare_slope(
    result: Comparison,
    row: dict[str, str],
    found: dict[str, Any] | None,
    group: list[dict[str, str]],
    multiplier: int,
) -> None:
    if found is None:
        result.add(False, 0.0, f"{row['area']}: no answer")
        return
    error, differences = 0.0, []
    for name in ("sii", "rii", "intercept"):
        wanted = float(row[name])
        apart = abs(found[name] - wanted)
        error = max(error, apart)
        if apart > max(TOLERANCE * abs(wanted), NEAR_ZERO):
            differences.append(f"{name} {wanted} != {found[name]}")
    transform: Transform = "log" if row["transform"] == "log" else "logit" if row["transform"] == "logit" else "none"
    simulated = simulated_limits(
        [
            Quantile(int(item["population"]), float(item["value"]), float(item["lower"]), float(item["upper"]))
            for item in sorted(group, key=lambda item: int(item["quantile"]))
        ],
        transform,
        multiplier,
    )
    for index in ("sii", "rii"):
        width = float(row[f"{index}_upper95"]) - float(row[f"{index}_lower95"])
        for side in SIDES:
            wanted, given = float(row[f"{index}_{side}95"]), getattr(simulated, f"{index}_{side}")
            if abs(given - wanted) > SIMULATED * width:
                differences.append(f"{index}_{side}95 {wanted} != {given}")
    result.add(not differences, error, f"{row['area']} {row['transform']}: {'; '.join(differences)}")
