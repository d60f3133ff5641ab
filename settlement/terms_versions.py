"""The versions of one agreement's terms, one after another: while it runs, some version is in force on every day.

Belongs here: days between two versions that neither covers. Not here: the rules within one file (`terms_lint`), which
periods are settled under which version (`orchestration`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from settlement.terms import Terms
from settlement.yaml_lines import TermsError, read_lined_yaml

_DAY = timedelta(days=1)


class Version(NamedTuple):
    """A version of an agreement's terms: what its file is called, its bytes and what they mean."""

    name: str
    raw: bytes
    terms: Terms


class Gap(NamedTuple):
    """Days, both included, that lie after the end of one version and before the next begins."""

    first: date
    last: date
    before: Version
    after: Version


def gaps(versions: Sequence[Version]) -> Iterator[Gap]:
    """Days that no version covers, by agreement and day. versions: of any agreements, in any order.

    After the last version an agreement is over, before the first it has not begun: neither is a gap.
    """
    ordered = sorted(versions, key=lambda one: (one.terms.id, one.terms.agreement.effective_from))
    for before, after in pairwise(ordered):
        ends, begins = before.terms.agreement.effective_to, after.terms.agreement.effective_from
        if before.terms.id == after.terms.id and ends is not None and ends + _DAY < begins:
            yield Gap(ends + _DAY, begins - _DAY, before, after)


def require_no_gaps(versions: Sequence[Version]) -> None:
    """TermsError naming every day that no version of an agreement covers, the lines and the mend."""
    said = []
    for gap in gaps(versions):
        ends = read_lined_yaml(gap.before.raw).line(("agreement", "effective_to"))
        begins = read_lined_yaml(gap.after.raw).line(("agreement", "effective_from"))
        days = (
            f"{gap.first.isoformat()} to {gap.last.isoformat()} is"
            if gap.first != gap.last
            else f"{gap.first.isoformat()} is"
        )
        said.append(
            f"{gap.before.terms.id}: {days} covered by no version of its terms. {gap.before.name}, line {ends}, ends "
            f"on {(gap.first - _DAY).isoformat()}, and {gap.after.name}, line {begins}, begins on "
            f"{(gap.last + _DAY).isoformat()}."
        )
    if said:
        raise TermsError(
            "\n".join(["the terms leave days out.", *said]),
            "let the earlier version run to the day before the later one begins, or let the later one begin on the day "
            "after the earlier one ends; an agreement that was over and is made anew has an id of its own.",
        )
