"""How many people stand behind the counts of a figure.

Belongs here: counting them, from events under tokens. Not here: how many there must be (`rules`, `areas`).

A figure of events says no more of people than how many of them there are: twelve admissions may be one person's. Where
one person has several events, the counts are looked after by the people behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from publication.disclosure.rules import Rules, span_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# figure id -> of its numerator, its denominator and the rest of it: how many people there are
People = Mapping[str, Mapping[str, int]]
_COLUMNS = {"pcn": "pcn", "deprivation": "deprivation", "age": "age_group"}
# days of Arrow's dates are counted from here
_EPOCH = date(1970, 1, 1).toordinal()
_NEEDED = ("indicator_id", "event_date", "numerator", "person_token", *_COLUMNS.values())


def repeated_in(catalogue: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Indicators that count events of which one person may have several."""
    return frozenset(
        name for name, entry in catalogue.items()
        if entry.get("events_repeat") or entry["statistic"] == "share_of_events"
    )  # fmt: skip


def asked_of(catalogue: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Indicators whose figures do not say themselves how many stand behind them: medians, and events that repeat."""
    medians = {name for name, entry in catalogue.items() if entry["statistic"] == "median"}
    return repeated_in(catalogue) | medians


def people_behind(
    events: pa.Table | Sequence[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    repeated: Collection[str] = (),
    rules: Rules | None = None,
) -> dict[str, dict[str, int]]:
    """Figure id to how many stand behind each of its counts, from events and from rows of measures and breakdowns.

    events: columns of indicator_events. Of the indicators in `repeated` these are different people, all whom nobody
    could link as one of them, counted no further than the rules ask; of others events, which is what a median rests on.
    """
    rules = rules or Rules()
    enough = max(rules.least_people, rules.largest_hidden + 1)
    by_indicator: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_indicator.setdefault(row["indicator_id"], []).append(row)
    found: dict[str, dict[str, int]] = {}
    for name, figures in sorted(by_indicator.items()):
        mine = _Events(_of(events, name))
        for row in figures:
            inside = mine.inside(row)
            if name in repeated:
                found[row["figure_id"]] = {what: _different(codes, enough) for what, codes in inside.items()}
            else:
                found[row["figure_id"]] = {"denominator": len(inside["denominator"])}
    return found


def _of(events: pa.Table | Sequence[Mapping[str, Any]], name: str) -> pa.Table:
    """The events of one indicator."""
    import pyarrow.compute as pc

    types = {"event_date": pa.date32(), "numerator": pa.int64()}
    schema = pa.schema([(column, types.get(column, pa.string())) for column in _NEEDED])
    if isinstance(events, pa.Table):
        return events.filter(pc.equal(events.column("indicator_id"), name)).select(_NEEDED).cast(schema)
    mine = [{column: row.get(column) for column in _NEEDED} for row in events if row["indicator_id"] == name]
    return pa.Table.from_pylist(mine, schema=schema)


class _Events:
    """Events of one indicator, by group and in the order of their days."""

    def __init__(self, table: pa.Table) -> None:
        import numpy as np

        days = table.column("event_date").cast(pa.int32()).to_numpy()
        order = np.argsort(days, kind="stable")
        # whoever could not be linked may be anybody, also one and the same
        tokens = table.column("person_token").combine_chunks().dictionary_encode(null_encoding="encode")
        people = tokens.indices.to_numpy(zero_copy_only=False)[order]
        days, counted = days[order], table.column("numerator").to_numpy()[order] > 0
        # group -> the day of each event, whose it is, and whether it is counted in the numerator
        self.groups = {("all", "all"): (days, people, counted)}
        for kind, column in _COLUMNS.items():
            encoded = table.column(column).combine_chunks().dictionary_encode()
            codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)[order]
            for code, group in enumerate(encoded.dictionary.to_pylist()):
                mine = codes == code
                self.groups[kind, group] = (days[mine], people[mine], counted[mine])
        self.nobody = (days[:0], people[:0], counted[:0])

    def inside(self, row: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Whose the events of a figure's period and group are: of those counted, of all, and of the rest."""
        import numpy as np

        group = (row.get("breakdown_kind") or "all", row.get("breakdown_group") or "all")
        days, people, counted = self.groups.get(group, self.nobody)
        first, last = (day.toordinal() - _EPOCH for day in span_of(row))
        inside = slice(np.searchsorted(days, first, "left"), np.searchsorted(days, last, "right"))
        people, counted = people[inside], counted[inside]
        return {"numerator": people[counted], "denominator": people, "rest": people[~counted]}


def _different(people: NDArray[Any], enough: int) -> int:
    """How many different people these are, counted until there are enough."""
    import numpy as np

    few = np.unique(people[: 16 * enough])
    return len(few) if len(few) >= enough else len(np.unique(people))
