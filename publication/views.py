"""Views over the published tables, in SQL that DuckDB and PostgreSQL both read.

Belongs here: questions that most readers of the figures ask, answered once. Not here: anything that is not public; a
view shows no more than the tables it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from publication.columns import OUTCOMES


@dataclass(frozen=True)
class View:
    """One view. Its text writes a table as `{table}`; `columns` are name and meaning, in order."""

    name: str
    comment: str
    text: str
    columns: tuple[tuple[str, str], ...]

    def within(self, schema: str) -> View:
        """The same with its tables in a schema (`name.`, or nothing)."""
        return replace(self, text=self.text.replace("{outcomes}", f"{schema}outcomes"))


MEANING = {column.name: column.meaning for column in OUTCOMES.columns}


def _columns(names: Iterable[str], more: Iterable[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
    return (*((name, MEANING[name]) for name in names), *more)


def _of_kind(name: str, kind: str, comment: str) -> View:
    text = (
        f"select {', '.join(OUTCOMES.names)} from {{outcomes}} "  # noqa: S608 (our own names)
        f"where period_kind = '{kind}' order by indicator_id, area_code, period_start"
    )
    return View(name, comment, text, _columns(OUTCOMES.names))


_FIGURE = ("figure_id", "indicator_id", "indicator_name", "area_code", "period_kind", "period_id", "period_start",
           "period_end", "value", "value_text", "marker", "unit")  # fmt: skip
_LATEST = f"""
select {", ".join(_FIGURE)}
from (
    select o.*, row_number() over (
        partition by indicator_id, area_code, period_kind order by period_end desc
    ) as place
    from {{outcomes}} o
    where value is not null
) shown
where place = 1
order by indicator_id, area_code, period_kind
"""  # noqa: S608
_NOT_SHOWN = """
select figure_id, indicator_id, indicator_name, area_code, period_kind, period_id, marker, reason
from {outcomes}
where value is null
order by indicator_id, area_code, period_kind, period_start
"""
# an indicator has one figure a period, so the year before is the same kind of period that began a year earlier
_YEAR_ON_YEAR = """
select
    o.figure_id, o.indicator_id, o.indicator_name, o.area_code, o.period_kind, o.period_id, o.value, o.marker, o.unit,
    b.figure_id as before_figure_id, b.period_id as before_period_id, b.value as before_value,
    b.marker as before_marker, o.value - b.value as change
from {outcomes} o
inner join {outcomes} b
    on o.indicator_id = b.indicator_id and o.area_code = b.area_code and o.period_kind = b.period_kind
    and o.indicator_version = b.indicator_version
    and extract(year from o.period_start) = extract(year from b.period_start) + 1
    and extract(month from o.period_start) = extract(month from b.period_start)
where o.value is not null and b.value is not null
order by o.indicator_id, o.area_code, o.period_kind, o.period_start
"""
PUBLISHED = (
    _of_kind("months", "month", "The outcomes of single months."),
    _of_kind("quarters", "quarter", "The outcomes of quarters of the financial year (April to June is quarter 1)."),
    _of_kind("years", "year", "The outcomes of financial years (April to March)."),
    View(
        "latest",
        "The last figure that is shown of each indicator, area and kind of period. It may be provisional: see marker.",
        " ".join(_LATEST.split()),
        _columns(_FIGURE),
    ),
    View(
        "not_shown",
        "Every figure without a value, and why: withheld, not available or confidential. None of them is zero.",
        " ".join(_NOT_SHOWN.split()),
        _columns(("figure_id", "indicator_id", "indicator_name", "area_code", "period_kind", "period_id", "marker",
                  "reason")),
    ),
    View(
        "year_on_year",
        "Each figure beside that of the same period a year before, where both are shown and were defined alike. A "
        "difference is no judgement: chance alone moves figures, see spc_points and the limits in outcomes.",
        " ".join(_YEAR_ON_YEAR.split()),
        _columns(
            ("figure_id", "indicator_id", "indicator_name", "area_code", "period_kind", "period_id", "value", "marker",
             "unit"),
            (
                ("before_figure_id", "the figure of the same period a year before"),
                ("before_period_id", "its period"),
                ("before_value", "its value, as shown"),
                ("before_marker", "its marker"),
                ("change", "value less before_value, in the unit of the value"),
            ),
        ),
    ),
)  # fmt: skip
__all__ = ["PUBLISHED", "View"]
