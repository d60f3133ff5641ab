"""An advance that no later period can take back: given up, in the statement and in the books.

Belongs here: which balances are written off, their step. Not here: what may be written off (`advances`, when a period
is opened), the entries (`journal`).

What a member still has of an advance under terms that take none back from it (it left, or is small no more) is given up
as the terms say that paid it. Nothing is paid: the payer gives up a claim, and the member owes no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from settlement.statement import Given, Statement

Row = Mapping[str, Any]


def is_written_off(row: Row, taken_back_from: Collection[str]) -> bool:
    """Whether a row of advances.csv says that all that was carried to its period is given up.

    taken_back_from: members whose advances the terms of the period take back.
    """
    return bool(row.get("period_id")) and row["member_id"] not in taken_back_from and row["balance_pence"] == 0


def kept(rows: Sequence[Row], taken_back_from: Collection[str]) -> list[Row]:
    """The rows of one period whose balance may still be taken back."""
    return [row for row in rows if not is_written_off(row, taken_back_from)]


def written_off(rows: Sequence[Row], taken_back_from: Collection[str]) -> dict[str, int]:
    """Pence given up in one period, by member; a member of whom nothing is carried is left out."""
    found = {row["member_id"]: row["carried_pence"] for row in rows if is_written_off(row, taken_back_from)}
    return {member: pence for member, pence in sorted(found.items()) if pence}


def take_written_off(statement: Statement, given_up: Mapping[str, int]) -> None:
    """A step per member whose advance is given up."""
    for member, pence in given_up.items():
        statement.step(
            f"advance_written_off.{member}",
            f"Advance of {member} that was left and is written off: these terms take none back from it",
            "carried",
            {"carried": Given(Fraction(pence), "pence", f"advances:{member}")},
            "pence",
            "terms:finance",
        )
