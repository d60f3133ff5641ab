"""Money paid up front: what is paid in a period, what a settlement leaves of it, and where the next one starts.

Belongs here: balances from one settlement period to the next, for whoever settles several of them, and whether given
balances are those. Not here: taking an advance back within a period (`restate`, `postings`).

What a period starts from is what the settlement of the period before it left, and what is paid in its own first month.
Both settlements are computed on the same data, so a former period that is restated moves what later ones take back.
Nothing is paid in shadow: a shadow period carries to shadow periods alone, and a payable one to payable ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from foundation.errors import Refused
from settlement.exact import exact, round_half_up
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.top_up import advance_periods, pool_curve, pool_pounds, small_members
from settlement.write_offs import is_written_off

if TYPE_CHECKING:
    from settlement.drawn import Drawn
    from settlement.engine import Settlement

Rows = Sequence[Mapping[str, Any]]


def advances_of(terms: Terms, period_id: str) -> dict[str, int]:
    """Pence that each member is paid up front in the first month of a period; {} where nothing is agreed for it."""
    for paid in terms.finance.advances_paid or ():
        if paid.period == period_id:
            return {member.id: int(exact(member.amount_gbp) * 100) for member in paid.members}
    top_up = terms.finance.top_up
    if top_up is None or top_up.advances is None or period_id not in advance_periods(terms, top_up.advances):
        return {}
    agreed = top_up.advances
    expected = pool_curve(terms).at(exact(agreed.expected_score)) * pool_pounds(terms, period_id)
    part = exact(agreed.pct_of_expected) / 100 * expected
    return {member: round_half_up(part * terms.shares[member] / 100 * 100) for member in small_members(terms, agreed)}


def paid_in(terms: Terms, period_id: str, drawn: Sequence[Drawn]) -> dict[str, int]:
    """Pence that each member is paid up front: what is agreed, or what the log says was drawn of it."""
    return {**advances_of(terms, period_id), **{one.member: one.pence for one in drawn}}


def taken_back_from(terms: Terms) -> frozenset[str]:
    """Members whose advances these terms take back."""
    top_up = terms.finance.top_up
    if top_up is not None and top_up.advances is not None:
        return frozenset(small_members(terms, top_up.advances))
    return frozenset(terms.member_ids if terms.finance.advances_recouped else ())


@dataclass(frozen=True)
class Left:
    """What a settlement left of advances: pence by member. written_off: what no later period can take back is given
    up, as its terms say."""

    settlement_id: str
    pence: Mapping[str, int]
    written_off: bool


@dataclass
class Chain:
    """Balances from period to period, for one agreement after another, each period in its order."""

    _left: dict[tuple[str, bool], Left] = field(default_factory=dict)
    # Agreement -> the terms under which advances to small members were first due.
    _first_due: dict[str, str] = field(default_factory=dict)

    def opening(self, terms: Terms, period_id: str, drawn: Sequence[Drawn] = ()) -> list[dict[str, Any]]:
        """Rows of docs/reference/files.md#advances for a period: what it starts from. drawn: what the log says of it.

        A balance that is written off is 0, with what was carried beside it. Refused when the terms take advances back
        and nobody says what was paid, or when a member that still has an advance can no longer give it back.
        """
        if terms.finance.advances_recouped and terms.finance.advances_paid is None:
            raise Refused(
                f"the terms of {terms.id} take advances back, and nothing says what was paid.",
                "agree `finance.advances_paid`, an empty list where nothing was.",
            )
        self._require_once(terms, period_id)
        left = self._left.get((terms.id, terms.is_shadow(period_id)))
        paid, carried = paid_in(terms, period_id, drawn), {} if left is None else dict(left.pence)
        gone = sorted(member for member in carried if member not in taken_back_from(terms))
        if left is not None and not left.written_off and (owing := [name for name in gone if carried[name]]):
            raise Refused(
                f"{', '.join(owing)} still has an advance, and the terms of {terms.id} for {period_id} take none back.",
                "agree in a variation how it comes back.",
            )
        given_up = {member for member in gone if carried[member]}
        return [
            {
                "agreement_id": terms.id,
                "member_id": member,
                "balance_pence": 0 if member in given_up else carried.get(member, 0) + paid.get(member, 0),
                "period_id": period_id,
                "settlement_id": "",
                "carried_pence": carried.get(member, 0),
                "carried_from": left.settlement_id if left is not None and member in carried else "",
            }
            for member in sorted({*carried, *paid} - {*gone} | given_up)
        ]

    def _require_once(self, terms: Terms, period_id: str) -> None:
        """Refused when a variation that does not say in which periods advances are paid would pay them once more."""
        top_up = terms.finance.top_up
        if top_up is None or top_up.advances is None or top_up.advances.periods is not None:
            return
        first = self._first_due.get(terms.id, terms.terms_hash)
        if period_id == terms.first_period_id and first != terms.terms_hash:
            raise Refused(
                f"advances to small members were paid under the former terms of {terms.id}, and these do not say "
                f"whether they are paid again in {period_id}.",
                "agree `finance.top_up.advances.periods`: those in which they are paid, an empty list for none.",
            )

    def settled(self, terms: Terms, made: Settlement) -> None:
        """What a settlement leaves is what the next period starts from. A settlement that is withheld may have taken
        back more than a restated balance holds; that is given back when it is released, and nothing is owed on it."""
        top_up = terms.finance.top_up
        if top_up is not None and top_up.advances is not None:
            self._first_due.setdefault(terms.id, terms.terms_hash)
        self._left[terms.id, terms.is_shadow(made.period_id)] = Left(
            made.settlement_id,
            {member: max(pence, 0) for member, pence in made.carried_pence},
            top_up is not None and top_up.advances is not None,
        )


def rows_of_period(rows: Rows, terms: Terms, period_id: str, settlement_id: str = "") -> list[Mapping[str, Any]]:
    """Rows of one agreement and period: as they stand now, or as they stood for an earlier settlement of it.

    A row without a period is that of the period that is settled.
    """
    return [
        row
        for row in rows
        if row["agreement_id"] == terms.id
        and (row.get("period_id") or period_id) == period_id
        and (row.get("settlement_id") or "") == settlement_id
    ]


def require_periods(rows: Rows, terms: Terms, periods: Sequence[str], known: Sequence[str] | None = None) -> None:
    """Refused when a balance without its period would be taken for that of several periods, or names none there is.

    known: the periods there are; None where a file holds those of other terms too.
    """
    own = [row for row in rows if row["agreement_id"] == terms.id]
    mend = f"write `period_id` in advances.csv: one of {', '.join(periods)}."
    if len(periods) > 1 and any(not row.get("period_id") for row in own):
        raise Refused(f"an advance of {terms.id} does not say before which period it stood.", mend)
    named = {str(row["period_id"]) for row in own if row.get("period_id")}
    if known is not None and (unknown := sorted(named - {*known, *periods})):
        raise Refused(f"{terms.id} has no settlement period {', '.join(unknown)}, and an advance names it.", mend)


def stood_before(rows: Rows, terms: Terms, period_id: str, settlement_id: str) -> list[Mapping[str, Any]]:
    """Rows of the balances that an earlier settlement of the period started from: those of now where none are given."""
    return rows_of_period(rows, terms, period_id, settlement_id) or rows_of_period(rows, terms, period_id)


def differences(settled: Sequence[tuple[Terms, Settlement]], rows: Rows) -> Iterator[str]:
    """What of given balances does not follow from the settlements, in words.

    settled: every settlement of a release with its terms, in any order.
    """
    chain, done = Chain(), {(terms.id, made.period_id) for terms, made in settled}
    for terms, made in sorted(settled, key=lambda one: (one[0].id, one[0].period(one[1].period_id).start)):
        period = made.period_id
        given = {row["member_id"]: row for row in rows_of_period(rows, terms, period)}
        try:
            wanted = {row["member_id"]: row for row in chain.opening(terms, period, made.drawn)}
        except Refused as refused:
            yield refused.message.removesuffix(".")
            return
        for member in sorted({*given, *wanted}):
            if _telling(given.get(member)) != _telling(wanted.get(member)):
                told, true = _words(given.get(member)), _words(wanted.get(member))
                yield f"the advance of {member} before {period} is {told}, and {true} follows"
        yield from _left_out(terms, period, done)
        carried = any(row["carried_from"] for row in wanted.values())
        yield from _stood_wrongly(terms, period, rows, made.drawn, carried=carried)
        chain.settled(terms, made)


def _left_out(terms: Terms, period_id: str, done: Collection[tuple[str, str]]) -> Iterator[str]:
    """Former periods in which these terms pay up front and that are not settled: what they left cannot follow."""
    now = terms.period(period_id)
    for former in terms.settlement_periods():
        alike = terms.is_shadow(former.label) == terms.is_shadow(period_id)
        if former.start < now.start and alike and (terms.id, former.label) not in done:
            for member in sorted(advances_of(terms, former.label)):
                yield f"{member} was paid up front in {former.label}, which is not settled, and {period_id} is"


def _stood_wrongly(terms: Terms, period_id: str, rows: Rows, drawn: Sequence[Drawn], *, carried: bool) -> Iterator[str]:
    """What of the balances of earlier settlements cannot have stood: each is what was carried and what the terms pay.

    All are 0 where an earlier settlement knew no advance. carried: whether a period before left any. drawn: what the
    log says was drawn, one entry after another: an earlier settlement knew the first so many of them.
    """
    from_members = taken_back_from(terms)
    known = [paid_in(terms, period_id, drawn[:count]) for count in range(len(drawn) + 1)]
    stood: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        own = row["agreement_id"] == terms.id and row.get("period_id") == period_id and row.get("settlement_id")
        if own and not is_written_off(row, from_members):
            stood.setdefault(row["settlement_id"], {})[row["member_id"]] = row
    for settlement_id, own in sorted(stood.items()):
        if not any(row["balance_pence"] for row in own.values()):
            continue
        said = [list(_stood_otherwise(period_id, settlement_id, own, paid, carried=carried)) for paid in known]
        yield from said[-1] if all(said) else ()


def _stood_otherwise(
    period_id: str, settlement_id: str, own: Mapping[str, Mapping[str, Any]], paid: Mapping[str, int], *, carried: bool
) -> Iterator[str]:
    for member in sorted({*own, *paid}):
        told = own.get(member)
        before = (told["carried_pence"] or 0) if told is not None and carried else 0
        if (0 if told is None else told["balance_pence"]) != before + paid.get(member, 0):
            yield (
                f"the advance of {member} before {period_id}, from which the settlement {settlement_id[:16]} "
                f"started, is {_words(told)}, and {paid.get(member, 0)} pence are paid up front"
            )


def _telling(row: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    return None if row is None else (row["balance_pence"], row.get("carried_pence") or 0, row.get("carried_from") or "")


def _words(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "nothing"
    carried = f" carried from {row['carried_from']}" if row.get("carried_from") else ""
    return f"{row['balance_pence']} pence{carried}"


def take_paid(statement: Statement, terms: Terms) -> None:
    """A step per member that is paid up front in the period out of what is agreed for it."""
    for paid in terms.finance.advances_paid or ():
        for member in paid.members if paid.period == statement.period_id else ():
            path = f"terms:finance.advances_paid.{paid.period}.{member.id}"
            statement.step(
                f"advance.{member.id}",
                f"Paid to {member.id} up front, in the first month of the period",
                "agreed_advance",
                {"agreed_advance": Given(exact(member.amount_gbp), "GBP", path)},
                "GBP",
                path,
            )


def take_balances(statement: Statement, terms: Terms, rows: Rows) -> None:
    """A step per member whose balance is carried from period to period: what the period starts from."""
    for row in sorted(rows_of_period(rows, terms, statement.period_id), key=lambda row: str(row["member_id"])):
        member = row["member_id"]
        if not row.get("period_id") or is_written_off(row, taken_back_from(terms)):
            continue  # a balance that somebody states stands in the step that takes it back, one given up in its own
        reference = f"advances:{member}"
        uses: dict[str, Given | Step] = {"carried": Given(Fraction(row["carried_pence"] or 0), "pence", reference)}
        formula = "carried"
        names = (f"advance_drawn.{member}", f"advance.{member}")
        if paid := next((name for name in names if name in statement), ""):
            uses["paid"] = statement[paid]
            formula += " + round_half_up(paid * 100)"
        words = "carried from the settlement period before" if row.get("carried_from") else "nothing was carried"
        if paid:
            words += ", and paid in this one"
        taken = statement.step(
            f"advance_before.{member}",
            f"Advance of {member} before anything is taken back: {words}",
            formula,
            uses,
            "pence",
            "terms:finance",
        )
        if taken.exact != row["balance_pence"]:
            raise Refused(
                f"the advance of {member} is not what was carried and what is paid in {statement.period_id}.",
                "give the balances as the settlement before left them.",
            )


def take_left(statement: Statement, terms: Terms, rows: Rows) -> None:
    """A step per member whose balance is carried: what is left for the next settlement period."""
    for row in sorted(rows_of_period(rows, terms, statement.period_id), key=lambda row: str(row["member_id"])):
        member = row["member_id"]
        if row.get("period_id") and not is_written_off(row, taken_back_from(terms)):
            statement.step(
                f"advance_left.{member}",
                f"Advance of {member} that is left, carried to the next settlement period",
                "max(advance_before + recoup, 0)",
                {"advance_before": statement[f"advance_before.{member}"], "recoup": statement[f"recoup.{member}"]},
                "pence",
                "terms:finance",
            )
