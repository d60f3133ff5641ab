"""The bridge from one statement to another as tables, lines and a waterfall.

Belongs here: its words and drawing, the two statements of a release it leads between. Not here: the substitutions
(`settlement.bridge`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.errors import WrongUsage
from foundation.tables import csv_bytes
from publication.drawings import Bar, waterfall_drawing
from publication.reader import Release
from publication.wording import money, period_name
from settlement.books import Books, read_books
from settlement.bridge import CAUSES, Bridge, parties_of
from settlement.recompute import recompute_all

SHORT = {
    "terms": "Terms", "case_mix": "Case mix", "redefinition": "Redefinition", "late_data": "Late data",
    "missing_submitters": "Missing submitters", "performance": "Performance: figures", "cost": "Performance: cost",
    "decisions": "Decisions", "standing": "Stands as posted", "other": "Other",
}  # fmt: skip
ORDER_WORDS = (
    "One thing after another is taken from the earlier statement to the later one, in this order, and settled each "
    "time. Where two act together, the first in this order is given what they do together. The rows add up to the "
    "penny."
)


def release_books(release: Release) -> list[Books]:
    """Every settlement of a release with what it is made from, after proving that it follows from its open book."""
    found: list[Books] = []
    for _, files in release.open_books():
        recompute_all(files)
        found.extend(read_books(files))
    return found


def choose(
    old: Sequence[Books], new: Sequence[Books], agreement: str | None, period: str | None, since: str | None
) -> tuple[Books, Books]:
    """The earlier and the later statement. Without a period: the latest, and the same one in the earlier books, else
    the latest before it. WrongUsage where there is none, or more than one agreement to choose from."""
    both = sorted({item.terms.id for item in old} & {item.terms.id for item in new})
    if agreement is None and len(both) != 1:
        raise WrongUsage(
            f"the two hold {len(both)} agreements in common.",
            f"name one with --agreement: {', '.join(both)}." if both else "give two releases of one agreement.",
        )
    wanted = both[0] if agreement is None else agreement

    def latest(books: Sequence[Books], label: str | None, before: str | None) -> Books | None:
        own = [item for item in books if item.terms.id == wanted and label in (None, item.period_id)]
        own = [item for item in own if before is None or item.period_id < before]
        return max(own, key=lambda item: item.period_id, default=None)

    later = latest(new, period, None)
    if later is None:
        raise _none(wanted, period, new)
    if since is not None:
        earlier = latest(old, since, None)
    else:
        same = latest(old, later.period_id, None)
        earlier = same if same is not None and same.gate != later.gate else latest(old, None, later.period_id) or same
    if earlier is None:
        raise _none(wanted, since, old)
    return earlier, later


def _none(agreement: str, period: str | None, books: Sequence[Books]) -> WrongUsage:
    held = sorted({item.period_id for item in books if item.terms.id == agreement})
    return WrongUsage(
        f"there is no statement of {agreement}{' for ' + period if period else ' to bridge from'}.",
        f"the periods there are: {', '.join(held) or 'none'}.",
    )


def _name(label: str) -> str:
    return period_name(label, "year" if len(label) == 7 else None)


def bridge_rows(bridge: Bridge, books: Books) -> list[dict[str, Any]]:
    """The bridge as a table: the earlier statement, every cause, the later statement; pence of everybody."""
    parties = parties_of(bridge, books.terms)

    def row(kind: str, words: str, amounts: Any) -> dict[str, Any]:
        parts = {f"{party}_pence": amounts.by_member.get(party, 0) for party in parties}
        return {"step": kind, "what": words, "alliance_pence": amounts.alliance, **parts}

    causes = [row(cause, CAUSES[cause], amounts) for cause, amounts in bridge.by_cause().items()]
    start, end = (f"Statement for {_name(label)}" for label in (bridge.from_period, bridge.to_period))
    return [row("from", start, bridge.start), *causes, row("to", end, bridge.end)]


def detail_rows(bridge: Bridge) -> list[dict[str, Any]]:
    """Every single substitution that moved the payment."""
    return [
        {"cause": move.cause, "kpi_id": move.subject, "alliance_pence": move.moved.alliance} for move in bridge.moves
    ]


def bridge_drawing(bridge: Bridge, key: str) -> tuple[str, str]:
    """The waterfall, wide and narrow: causes that moved nothing are left out, the table has them."""
    title = (
        f"From {money(bridge.start.alliance)} for {_name(bridge.from_period)} to {money(bridge.end.alliance)} for "
        f"{_name(bridge.to_period)}"
    )

    def bar(label: str, pence: int) -> Bar:
        return Bar(label, Decimal(pence) / 100, money(pence))

    steps = [bar(SHORT[cause], moved.alliance) for cause, moved in bridge.by_cause().items() if moved.alliance]
    ends = bar(_name(bridge.from_period), bridge.start.alliance), bar(_name(bridge.to_period), bridge.end.alliance)
    return waterfall_drawing(steps, *ends, "Pounds", title, key)


def bridge_files(bridge: Bridge, books: Books) -> Mapping[str, bytes]:
    """`bridge.csv`, `bridge_details.csv` and `bridge.svg`."""
    rows, details = bridge_rows(bridge, books), detail_rows(bridge)
    return {
        "bridge.csv": csv_bytes(list(rows[0]), rows),
        "bridge_details.csv": csv_bytes(["cause", "kpi_id", "alliance_pence"], details),
        "bridge.svg": bridge_drawing(bridge, "bridge")[0].encode(),
    }
