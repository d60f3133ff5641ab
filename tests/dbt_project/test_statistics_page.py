"""docs/reference/statistics.md is what the macros answer: every case of every table, to the last printed decimal.

The page is the specification. Its answers come from scipy, exact fractions and papers; here the macros of a release are
compiled by dbt and run on the engine with what the page gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from dbt_project.inline import MARK, PROJECT, compile_statements

PAGE = PROJECT.parent / "docs" / "reference" / "statistics.md"
Table = list[dict[str, str]]


def _limits(macro: str, arguments: str, levels: Sequence[str] = ("95", "99.8")) -> str:
    """Both limits at the levels, as columns named as the page's; {exact} stands for the seed's column of the limit."""
    found = []
    for level in levels:
        for side in ("lower", "upper"):
            name = f"{side}_{level.replace('.', '_')}"
            given = arguments.format(exact=f"exact.{name}")
            found.append(f"{{{{ {macro}('{side}', {given}, '{level}') }}}} as {name}")
    return ", ".join(found)


@dataclass(frozen=True)
class Section:
    """How a section of the page is asked: columns that it gives, with their types, and the statement that answers.

    columns: of the first table. keys: what identifies an answer beside its case. seeds: of the project, by name.
    """

    columns: str
    sql: str
    keys: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()

    @property
    def given(self) -> list[str]:
        return re.findall(r"(?:^|, )([a-z]\w*) ", self.columns)


_EXACT = "left join poisson_limits as exact on {} = exact.events"
_SETTINGS = (
    "settings as (select distinct series_key, false as screen_outliers, cast(null as integer) as fix_after_n_points, "
    "'decrease' as improvement_direction from points)"
)
_POINTS = "points as (select c as series_key, 0 as rebase_group, i, y from given)"
SECTIONS = {
    "Normal quantile": Section(
        "c text, confidence text",
        "select c, case confidence "
        + " ".join(f"when '{level}' then {{{{ normal_quantile('{level}') }}}}" for level in (90, 95, 98, 99, "99.8"))
        + " end as z from given",
    ),
    "Proportion": Section(
        "c text, x bigint, n bigint",
        "select c, {{ exact_quotient('100 * x', 'n', 18, 0, 0) }} as value, "
        + _limits("wilson_limit", "'x', 'n', 100")
        + " from given",
    ),
    "Weighted proportion of a survey": Section(
        "c text, yes integer, weight decimal(9, 4), answers integer",
        "with weighed as (select c, cast(weight * 10000 as bigint) as w, yes, answers from given), "
        "sums as (select c, sum(answers * yes * w) as yes_weight, sum(answers * w) as weight, "
        "sum(answers * yes * w * w) as yes_squares, sum(answers * w * w) as squares from weighed group by c), "
        "told as (select *, {{ effective_sample('yes_weight', 'weight', 'yes_squares', 'squares') }} as effective from sums) "
        "select c, {{ exact_quotient('cast(100 * yes_weight as decimal(38, 0))', 'cast(weight as decimal(38, 0))', 9, 0, 0) "
        "}} as value, effective, "
        + _limits("weighted_limit", "'yes_weight', 'weight', 'effective', 100")
        + " from told",
    ),
    "Count of events": Section("c text, x bigint", "select c, " + _limits("byar_limit", "'x'") + " from given"),
    "Crude rate": Section(
        "c text, x bigint, n bigint",
        "select c, {{ exact_quotient('100000 * x', 'n', 18, 0, 0) }} as value, "
        + _limits("rate_limit", "'x', '{exact}', 'n', 100000")
        + f" from given {_EXACT.format('given.x')}",
        seeds=("poisson_limits",),
    ),
    "Directly standardised rate": Section(
        "c text, band integer, band_events bigint, band_squares bigint, band_population bigint, band_weight bigint",
        "select c, events as total_events, case when events >= 10 then "
        "{{ exact_quotient('100000 * rate_sum', 'weights', 18, 18, 0) }} end as value, "
        + _limits("dobson_limit", "'events', 'rate_sum', 'variance_sum', 'weights', 100000", ["95"])
        + " from ({{ dsr_sums('given', ['c']) }}) as sums",
    ),
    "Indirectly standardised ratio": Section(
        "c text, age_band integer, band_events bigint, band_population bigint, reference_events bigint, "
        "reference_people bigint",
        "select c, observed, expected, {{ isr_value('observed', 'expected', 100) }} as value, "
        + _limits("rate_limit", "'observed', '{exact}', 'expected', 100", ["95"])
        + " from ({{ isr_sums('given', ['c'], bands=3) }}) as sums "
        + _EXACT.format("observed"),
        seeds=("poisson_limits",),
    ),
    "Mean": Section(
        "c text, cases bigint, total bigint, squares bigint",
        "select c, {{ exact_quotient('total', 'cases', 18, 0, 0) }} as value, "
        + ", ".join(
            f"{{{{ student_t_limit('{side}', 'cases', 'total', 'squares', "
            f"student_t_quantile('(cases - 1)', 'student.quantile')) }}}} as {side}_95"
            for side in ("lower", "upper")
        )
        + " from given left join student_t_975 as student on cases - 1 = student.degrees_of_freedom",
        seeds=("student_t_975",),
    ),
    "Forecast with a back-test": Section(
        "c text, forecast integer, squares bigint, origins integer",
        "select c, "
        + ", ".join(
            f"{{{{ back_test_limit('{side}', 'forecast', 'squares', 'origins', "
            f"student_t_quantile('(origins - 1)', 'student.quantile')) }}}} as {side}_95"
            for side in ("lower", "upper")
        )
        + " from given left join student_t_975 as student on origins - 1 = student.degrees_of_freedom",
        seeds=("student_t_975",),
    ),
    "Mean of a daily census": Section(
        "c text, batches integer, sum_of_means decimal(18, 6), sum_of_squares decimal(31, 12)",
        "select c, {{ batch_means_half_width('batches', 'sum_of_means', 'sum_of_squares', 'student.quantile') }} "
        "as half_width from given left join student_t_975 as student on batches - 1 = student.degrees_of_freedom",
        seeds=("student_t_975",),
    ),
    "Median of whole numbers": Section(
        "c text, amount bigint, cases bigint",
        "select c, cases as of_cases, twice_median from ({{ median_of_counts('given', ['c']) }}) as medians",
    ),
    "Waits, some of them not over": Section(
        "c text, days integer, ended integer, censored integer",
        "with curve as ({{ survival_curve('given', ['c']) }}), "
        "a as ({{ censored_percentile('curve', ['c'], 25) }}), b as ({{ censored_percentile('curve', ['c']) }}), "
        "d as ({{ censored_percentile('curve', ['c'], 90) }}) "
        "select b.c, a.twice_days as twice_quarter, b.twice_days as twice_median, d.twice_days as twice_nine_tenths, "
        "b.longest_days as longest from a inner join b on a.c = b.c inner join d on a.c = d.c",
    ),
    "Outcome kept": Section(
        "c text, days integer, ended integer, censored integer",
        "with curve as ({{ survival_curve('given', ['c']) }}) select c, 100 * maintained as kept_at_10, "
        "{{ maintained_limit('lower', 'maintained', 'variance_sum', 100) }} as lower_95, "
        "{{ maintained_limit('upper', 'maintained', 'variance_sum', 100) }} as upper_95 "
        "from ({{ maintained_proportion('curve', ['c'], 10) }}) as kept",
    ),
    "Quantile of areas": Section(
        "c text, area integer, value integer",
        "select c, area, {{ quantile_of_areas('value', 5, ['c']) }} as lowest_first, "
        "{{ quantile_of_areas('value', 5, ['c'], highest_first=true) }} as highest_first from given",
        keys=("area",),
    ),
    "Slope and relative index of inequality": Section(
        "c text, quantile integer, population bigint, value decimal(9, 6)",
        "with plain as ({{ slope_index_of_inequality('given', ['c'], 5) }}), "
        "logs as ({{ slope_index_of_inequality('given', ['c'], 5, 'log') }}) "
        "select plain.c, plain.sii, plain.rii, logs.sii as sii_log, logs.rii as rii_log "
        "from plain inner join logs on plain.c = logs.c",
    ),
    "Life expectancy": Section(
        "c text, start_age integer, population bigint, deaths bigint",
        "select c, start_age, value as expectancy, standard_error, "
        "{{ life_expectancy_limit('lower', 'expectancy', 'standard_error', 95) }} as lower_95, "
        "{{ life_expectancy_limit('upper', 'expectancy', 'standard_error', 95) }} as upper_95 "
        "from ({{ life_expectancy('given', ['c']) }}) as table_of_life where start_age in (0, 1, 65, 85, 90)",
        keys=("start_age",),
    ),
    "Funnel of proportions": Section(
        "c text, average decimal(9, 6), people bigint",
        "select c, " + _limits("funnel_proportion_limit", "'average', 'people', 100") + " from given",
    ),
    "Funnel of ratios and rates": Section(
        "c text, observed bigint",
        "select c, {{ funnel_ratio_limit('lower', 'observed', 'exact', 100) }} as ratio_lower_95, "
        "{{ funnel_ratio_limit('upper', 'observed', 'exact', 100) }} as ratio_upper_95, "
        "{{ funnel_rate_limit('lower', 'observed', 'exact', '0.01', 100000) }} as rate_lower_95, "
        "{{ funnel_rate_limit('upper', 'observed', 'exact', '0.01', 100000) }} as rate_upper_95 "
        f"from given {_EXACT.format('given.observed')}",
        seeds=("poisson_limits",),
    ),
    "Against the centre of a funnel": Section(
        "c text, centre integer, lower_95 integer, upper_95 integer, lower_99_8 integer, upper_99_8 integer, events integer",
        "select c, {{ funnel_significance('centre', 'lower_95', 'upper_95', 'lower_99_8', 'upper_99_8', 'events') }} "
        "as verdict from given",
    ),
    "Trend of five points": Section(
        "c text, moment integer, value integer, lower_limit integer, upper_limit integer, polarity text, value_type text",
        "select c, chi_squared, trend from ({{ five_point_trend('given', ['c']) }}) as trends",
    ),
    "Control chart (XmR)": Section(
        "c text, i integer, y decimal(18, 6)",
        f"with {_POINTS}, {_SETTINGS} select series_key as c, i, mean, lpl, upl, point_type "
        "from ({{ spc_xmr('points', 'settings') }}) as chart",
        keys=("i",),
    ),
    "Rounding": Section(
        "c text, numerator bigint, denominator bigint, decimals integer",
        "select c, {{ round_half_up('numerator', 'denominator', 'decimals') }} as value from given",
    ),
    "Performance level": Section(
        "c text, value decimal(9, 3), polarity text, failure integer, poor integer, minimum integer, stretch integer, "
        "game_breaking integer",
        "select c, {{ performance_level('value', 'polarity') }} as level from given",
    ),
}
# Asked of the points of another section, with the target the page gives.
ASSURANCE = "Assurance of a control chart"
CHART = "Control chart (XmR)"
ASSURED = (
    f"with {_POINTS}, {_SETTINGS}, chart as (select * from ({{{{ spc_xmr('points', 'settings') }}}}) as charted), "
    "aimed as (select settings.*, targets.target from settings inner join targets on settings.series_key = targets.c) "
    "select series_key as c, last_point_type as last_point, assurance_type as assurance "
    "from ({{ spc_summary('chart', 'aimed') }}) as summary"
)
# What the page calls a column and a macro another way, where the macro has such a column.
CALLED = {
    "case": "c", "events": "band_events", "population": "band_population", "squares": "band_squares",
    "weight": "band_weight", "band": "age_band", "lower": "lower_limit", "upper": "upper_limit",
}  # fmt: skip


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@cache
def page() -> dict[str, list[Table]]:
    """Section -> its tables: rows by heading, written as a column is."""
    found: dict[str, list[Table]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        found[title] = []
        for table in re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE):
            head, _, *rows = [_cells(line) for line in table.splitlines()]
            names = [re.sub(r"[ .]", "_", heading) for heading in head]
            found[title].append([dict(zip(names, row, strict=True)) for row in rows])
    return found


def _asked(title: str) -> tuple[Table, Table, Table]:
    """What a section gives, as the macros call it; what it gives beside (targets); and the answers it prints."""
    tables, section = page()[title], SECTIONS.get(title, SECTIONS[CHART])
    given = page()[CHART][0] if title == ASSURANCE else tables[0]
    given = [
        {CALLED.get(name, name) if CALLED.get(name) in section.given else name: cell for name, cell in row.items()}
        for row in given
    ]
    rest = {"why", "target"} | (set(section.given) - set(section.keys) if len(tables) == 1 else set())
    expected = [
        {CALLED[name] if name == "case" else name: cell for name, cell in row.items() if name not in rest}
        for row in tables[-1]
    ]
    targets = [{"c": row["case"], "target": row["target"]} for row in tables[-1]] if title == ASSURANCE else []
    return given, targets, expected


@cache
def statements() -> dict[str, str]:
    """Section -> SQL, compiled by dbt with the project's macros, once a process."""
    numbered = {f"s{index}": title for index, title in enumerate(SECTIONS)}
    text = "".join(f"\n{MARK}{key}\n{SECTIONS[title].sql}" for key, title in numbered.items())
    made = compile_statements(f"{text}\n{MARK}assured\n{ASSURED}")
    return {numbered.get(key, ASSURANCE): sql for key, sql in made.items()}


def _load(connection: Any, name: str, columns: str, rows: Table) -> None:
    names = re.findall(r"(?:^|, )([a-z]\w*) ", columns)
    connection.execute(f"create table {name} ({columns})")
    for row in rows:
        marks = ", ".join("?" * len(names))
        connection.execute(f"insert into {name} values ({marks})", [row[one] or None for one in names])


@cache
def answers(title: str) -> list[dict[str, Any]]:
    """What the macros answer to what a section gives."""
    import duckdb

    section = SECTIONS.get(title, SECTIONS[CHART])
    given, targets, _ = _asked(title)
    with duckdb.connect() as connection:
        for seed in section.seeds:
            path = str(PROJECT / "seeds" / f"{seed}.csv")
            connection.execute(f"create table {seed} as select * from read_csv(?, header = true)", [path])
        _load(connection, "given", section.columns, given)
        _load(connection, "targets", "c text, target decimal(18, 6)", targets)
        found: list[dict[str, Any]] = connection.sql(statements()[title]).to_arrow_table().to_pylist()
    return found


def _step(printed: str) -> Decimal | None:
    """One in the last place of a printed number; None for a word or a blank."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", printed):
        return None
    return Decimal(1).scaleb(-len(printed.partition(".")[2]))


def _wrong(printed: str, answer: Any) -> bool:
    """Whether an answer is not what is printed: not blank where it is blank, or not the same to the last decimal."""
    step = _step(printed)
    if printed == "" or answer is None:
        return (printed == "") != (answer is None)
    if step is None:
        return printed != str(answer)
    # half a step, and what the last digit of a DOUBLE may add
    return abs(Decimal(str(answer)) - Decimal(printed)) > step * Decimal("0.5001")


def differences(title: str, expected: Table) -> list[str]:
    """Every answer of the page that the macros answer otherwise; a case answered twice or not at all too."""
    keys = ("c", *SECTIONS[title].keys) if title in SECTIONS else ("c",)
    found = {tuple(str(row[name]) for name in keys): row for row in answers(title)}
    assert len(found) == len(answers(title)), f"{title}: a case is answered twice"
    wanted = {tuple(row[name] for name in keys): row for row in expected}
    told = [f"{title}: {key} is answered by one alone" for key in sorted(found.keys() ^ wanted.keys())]
    for key in found.keys() & wanted.keys():
        told += [
            f"{title}: {name} of {key} is {found[key][name]}, the page says {printed or 'blank'}"
            for name, printed in wanted[key].items()
            if name not in keys and _wrong(printed, found[key][name])
        ]
    return sorted(told)


def _changed(printed: str) -> str:
    """Another answer: two in the last place more, a number for a blank, another word."""
    step = _step(printed)
    if step is not None:
        return str(Decimal(printed) + 2 * step)
    return f"not {printed}" if printed else "0"


def test_every_section_is_asked() -> None:
    assert set(page()) == {*SECTIONS, ASSURANCE}


@pytest.mark.parametrize("title", [*SECTIONS, ASSURANCE])
def test_the_macros_answer_every_case_of_the_page(title: str) -> None:
    """Methods are those published, and anyone can work the cases out again."""
    expected = _asked(title)[2]
    assert len(expected) > 1
    assert differences(title, expected) == []


@pytest.mark.parametrize("title", [*SECTIONS, ASSURANCE])
def test_another_answer_on_the_page_is_found(title: str) -> None:
    """The comparison can fail: every printed answer is told when it is another one."""
    keys = ("c", *SECTIONS[title].keys) if title in SECTIONS else ("c",)
    expected = _asked(title)[2]
    changed = [{name: cell if name in keys else _changed(cell) for name, cell in row.items()} for row in expected]
    assert len(differences(title, changed)) == sum(name not in keys for row in expected for name in row)


def test_every_statistical_macro_stands_on_the_page() -> None:
    """A method for which nobody wrote a case is found here."""
    macros = {path.stem for path in (PROJECT / "macros" / "statistics").glob("*.sql")}
    lines = re.findall(r"^Macros: .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert macros <= set(re.findall(r"`(\w+)`", " ".join(lines)))
