"""What a release is built from. The caller reads the warehouse, the verdicts and the settlements; this room only
receives them.

Belongs here: the shape of the inputs and the refusals that follow from their shape alone.
Not here: reading a home, a database or a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from foundation.canonical import content_id
from foundation.errors import Refused
from publication.columns import (
    BOUNDS_IF_MISSING,
    BREAKDOWNS,
    FUNNEL,
    GAMING_MONITORS,
    INDICATOR_EVENTS,
    INEQUALITY,
    MILESTONES,
    OBSERVED_EXPECTED,
    SEGMENTS,
    SPEND_BY_LEVEL,
    SURVEY_RESULTS,
    TREND,
    UNMET_NEED,
    YEAR_END_FORECASTS,
    Column,
    Schema,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """One origin of the figures, as every page credits it."""

    title: str
    licence: str
    attribution: str


@dataclass(frozen=True)
class Place:
    """The place a release speaks for. `illustration_note` says what in it is invented."""

    id: str
    title: str
    subtitle: str
    area_code: str
    area_name: str
    sources: tuple[Source, ...]
    illustration_note: str = ""
    # settings of disclosure control that protect more than the house's own (`publication.disclosure.rules.Rules`)
    disclosure: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SettledAgreement:
    """One settlement: an agreement and a period, with everything needed to compute it again.

    `steps`, `postings`, `member_lines`, `payments`, `journal`, `advances` and `prior_postings` are rows with the
    columns of docs/reference/files.md; the ledger and KPI return rows of all settlements come in the tables.
    """

    terms_yaml: bytes
    decisions_jsonl: bytes
    gate_json: bytes
    steps: Sequence[Mapping[str, Any]]
    postings: Sequence[Mapping[str, Any]]
    member_lines: Sequence[Mapping[str, Any]]
    payments: Sequence[Mapping[str, Any]]
    journal: Sequence[Mapping[str, Any]]
    advances: Sequence[Mapping[str, Any]] = ()
    prior_postings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class LeftOut:
    """Rows of a feed in the data cut that count, and those left out because their people opted out nationally."""

    feed: str
    rows_counted: int
    rows_left_out: int


@dataclass(frozen=True)
class ReleaseInputs:
    """Everything a release depends on; nothing else may reach its bytes.

    `verdicts` maps the stem of each verdict file to its bytes. `openly_published` names the feeds whose
    contract says their figures are openly published elsewhere: an indicator fed by these alone is exempt
    from hiding and rounding small counts. `left_out`: the feeds to which the national opt-out applies.
    `logs`: the decision log of each agreement of which nothing is settled yet, by its id.
    `events` are for analysts alone: their person tokens are made before they come in.
    """

    place: Place
    data_cut: Mapping[str, Any]
    code_version: str
    definitions_hash: str
    required_json: bytes
    verdicts: Mapping[str, bytes]
    measures: pa.Table
    spc_points: pa.Table
    indicators: pa.Table
    completeness: pa.Table
    kpi_return: pa.Table
    ledger: pa.Table
    lineage: pa.Table
    settlements: Sequence[SettledAgreement] = ()
    openly_published: frozenset[str] = field(default_factory=frozenset)
    breakdowns: pa.Table = field(default_factory=lambda: BREAKDOWNS.arrow().empty_table())
    inequality: pa.Table = field(default_factory=lambda: INEQUALITY.arrow().empty_table())
    funnel: pa.Table = field(default_factory=lambda: FUNNEL.arrow().empty_table())
    observed_expected: pa.Table = field(default_factory=lambda: OBSERVED_EXPECTED.arrow().empty_table())
    trend: pa.Table = field(default_factory=lambda: TREND.arrow().empty_table())
    gaming_monitors: pa.Table = field(default_factory=lambda: GAMING_MONITORS.arrow().empty_table())
    year_end_forecasts: pa.Table = field(default_factory=lambda: YEAR_END_FORECASTS.arrow().empty_table())
    bounds_if_missing: pa.Table = field(default_factory=lambda: BOUNDS_IF_MISSING.arrow().empty_table())
    segments: pa.Table = field(default_factory=lambda: SEGMENTS.arrow().empty_table())
    unmet_need: pa.Table = field(default_factory=lambda: UNMET_NEED.arrow().empty_table())
    survey_results: pa.Table = field(default_factory=lambda: SURVEY_RESULTS.arrow().empty_table())
    spend_by_level: pa.Table = field(default_factory=lambda: SPEND_BY_LEVEL.arrow().empty_table())
    milestones: pa.Table = field(default_factory=lambda: MILESTONES.arrow().empty_table())
    events: pa.Table | None = None
    left_out: Sequence[LeftOut] = ()
    logs: Mapping[str, bytes] = field(default_factory=dict)
    # (release id, day) of every publication before, in order: what the list of what moved goes on from
    published: Sequence[tuple[str, date]] = ()
    # practice_code, pcn, valid_from, valid_to (None while it lasts): which practices a network has, and when
    practices: Sequence[Mapping[str, Any]] = ()

    def events_of(self, indicators: Collection[str]) -> pa.Table:
        """Events of some indicators; none where no events came in."""
        if self.events is None:
            return INDICATOR_EVENTS.arrow().empty_table()
        import pyarrow.compute as pc

        chosen = pc.is_in(self.events.column("indicator_id"), value_set=pa.array(sorted(indicators), pa.string()))
        return self.events.filter(chosen)

    @property
    def data_cut_id(self) -> str:
        return content_id(self.data_cut)


def series_part(breaks: str | None, day: date) -> int:
    """Which part of a series a day lies in: how many versions after the first have begun by then.

    breaks: their first days as ISO dates with spaces between; blank or None without one.
    """
    return sum(date.fromisoformat(first) <= day for first in (breaks or "").split())


def trimmed(number: Decimal) -> Decimal:
    """The same number without trailing zeros: a column of scale 9 does not print `453.100000000`."""
    text = format(number, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else number


def _cell(value: Any, column: Column, table: str) -> Any:
    """The value in the column's own type. A float is refused: its digits depend on who wrote it."""
    if value is None:
        return None
    if isinstance(value, float):
        raise Refused(
            f"{table}.{column.name} holds a binary fraction, which has no exact digits.",
            "give figures as integers or decimals.",
        )
    if value == "":
        return None  # a blank is a blank, however it was written
    try:
        if column.kind == "text":
            return str(value)
        if column.kind == "list":
            return " ".join(str(item) for item in value) or None if isinstance(value, (list, tuple)) else str(value)
        if column.kind == "date":
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        if column.kind == "boolean":
            return value if isinstance(value, bool) else {"true": True, "false": False}[str(value)]
        number = Decimal(str(value))
        if column.kind == "integer":
            if number != int(number):
                raise ValueError
            return int(number)
        return format(number, "f") if column.kind == "exact" else trimmed(number)
    except (ValueError, KeyError, InvalidOperation):
        raise Refused(
            f"{table}.{column.name} cannot be read as {column.kind}.", "see docs/reference/files.md for its type."
        ) from None


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, "") if value is None else (1, value)


def rows_of(schema: Schema, source: pa.Table | Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows with exactly the schema's columns, in its types and in its order.

    Refused when a column of the schema is missing: a figure without its meaning is not published.
    Columns the schema does not name are left out.
    """
    records = source.to_pylist() if isinstance(source, pa.Table) else [dict(row) for row in source]
    present = set(source.column_names) if isinstance(source, pa.Table) else set(records[0]) if records else None
    if present is not None and (missing := [name for name in schema.names if name not in present]):
        raise Refused(
            f"the table {schema.name} comes without {', '.join(missing)}.",
            "see docs/reference/files.md for the columns it must have.",
        )
    rows = [
        {column.name: _cell(record.get(column.name), column, schema.name) for column in schema.columns}
        for record in records
    ]
    # the named columns order a reader's table; all the others settle what is left, so that no input order shows
    keys = [*schema.order, *(name for name in schema.names if name not in schema.order)]
    rows.sort(key=lambda row: [_sortable(row[name]) for name in keys])
    if schema.figure:
        seen: set[tuple[Any, ...]] = set()
        for row in rows:
            key = (row["figure_id"], row.get("settlement_id"))
            if key in seen:
                raise Refused(
                    f"{schema.name} holds {row['figure_id']} twice.", "find which model or settlement doubles it."
                )
            seen.add(key)
    return rows
