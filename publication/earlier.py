"""What a former release said of its settlements, against what a later one says they started from and posted.

Belongs here: advances and postings of earlier settlements in two releases, and the first penny that differs.
Not here: what follows from the open book alone (`recompute`), decision logs (`log_heads`).

A restatement posts differences to what was posted, and takes back the difference to what was taken back. Of a balance
that an earlier settlement started from, the open book proves no more than the sum it took back: what each member had
been carried stands proved in the release of that time alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from publication import columns
from publication.crosscheck import Problem
from publication.inputs import Row
from publication.reader import Release, open_release

ADVANCES, POSTINGS, PRIOR = "members/advances.csv", "members/postings.csv", "members/prior_postings.csv"
# What moves money: rows of a shadow or a withheld settlement are no ground of a later one.
_MOVES = "payable"
_BALANCE = ("balance_pence", "carried_pence", "carried_from")


def _postings(release: Release) -> Iterator[tuple[str, Row]]:
    """Every posting a release tells of, with its file: those of its own settlements, then earlier ones."""
    for row in release.csv(POSTINGS, columns.POSTINGS):
        yield POSTINGS, row
    for row in release.csv(PRIOR, columns.PRIOR_POSTINGS):
        yield PRIOR, row


def _balances(release: Release) -> dict[tuple[str, str, str], dict[str, Row]]:
    """Rows of advances by agreement, period and the settlement that started from them, then by member."""
    own: dict[str, dict[str, str]] = {}
    for row in release.csv(POSTINGS, columns.POSTINGS):
        own.setdefault(row["agreement_id"], {})[row["period_id"]] = row["settlement_id"]
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in release.csv(ADVANCES, columns.ADVANCES):
        agreement = row["agreement_id"]
        settled = own.get(agreement, {})
        # without a period: the only one that is settled
        period = row["period_id"] or (next(iter(settled)) if len(settled) == 1 else "")
        settlement = row["settlement_id"] or settled.get(period, "")
        if settlement:
            found.setdefault((agreement, period, settlement), {})[row["member_id"]] = row
    return found


def _posted_otherwise(former: Release, later: Release) -> Iterator[Problem]:
    now = {(row["settlement_id"], row["figure_id"]): (file, row) for file, row in _postings(later)}
    for _, row in _postings(former):
        if row["status"] != _MOVES:
            continue
        settlement = row["settlement_id"][:16]
        file, stands = now.get((row["settlement_id"], row["figure_id"]), (PRIOR, None))
        if stands is None:
            what = f"the settlement {settlement} posted {row['amount_pence']} pence, and nothing here says so"
        elif (stands["amount_pence"], stands["status"]) != (row["amount_pence"], row["status"]):
            what = (
                f"the settlement {settlement} posted {row['amount_pence']} pence ({row['status']}), "
                f"and {stands['amount_pence']} ({stands['status']}) is written here"
            )
        else:
            continue
        yield Problem(file, f"in {former.root} {what}.", row["figure_id"])


def _words(row: Row | None) -> str:
    if row is None:
        return "nothing"
    carried = f", of them {row['carried_pence']} carried from {row['carried_from'][:16]}" if row["carried_from"] else ""
    return f"{row['balance_pence']} pence{carried}"


def _telling(row: Row | None, told: Sequence[str]) -> tuple[object, ...]:
    """What a row says; a member nobody mentions had nothing."""
    return tuple(None if row is None else row[name] or None for name in told)


def _started_otherwise(former: Release, later: Release) -> Iterator[Problem]:
    now = _balances(later)
    # of each period the later release tells of its own settlement and of the one that this restates
    prior = later.csv(PRIOR, columns.PRIOR_POSTINGS)
    heads = {row["settlement_id"] for row in prior} - {row["supersedes"] for row in prior}
    heads |= {row["settlement_id"] for row in later.csv(POSTINGS, columns.POSTINGS)}
    # a release from before advances were carried says nothing of what was
    held = former.written("members/advances.parquet", columns.ADVANCES) or columns.ADVANCES
    told = [name for name in _BALANCE if name in held.names]
    for key, rows in sorted(_balances(former).items()):
        stands: Mapping[str, Row] = now.get(key, {})
        if not stands and key[2] not in heads:
            continue
        for member in sorted({*rows, *stands}):
            written, true = stands.get(member), rows.get(member)
            if _telling(written, told) != _telling(true, told):
                what = (
                    f"the advance of {member} before {key[1]}, from which the settlement {key[2][:16]} started, is "
                    f"written as {_words(written)}, and {_words(true)} in {former.root}."
                )
                yield Problem(ADVANCES, what)


def earlier_faults(path: Path, later: Release) -> tuple[Sequence[Problem], Sequence[str]]:
    """Where a release contradicts a former one about settlements that both know, and what could not be compared.

    path: the former release, or a copy of a decision log, which knows of no money.
    """
    if path.is_file():
        return (), ()
    former = open_release(path)
    if not former.has("members"):
        return (), [f"members/ of {path} is not here: what it posted and paid up front could not be compared."]
    return [*_posted_otherwise(former, later), *_started_otherwise(former, later)], ()


__all__ = ["earlier_faults"]
