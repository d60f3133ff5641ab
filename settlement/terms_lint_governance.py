"""Rules of the governance part of the terms: who is named, and who may not judge its own case.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend. Not here: other parts
(`terms_lint`), the shape of a single entry (`terms_governance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms

_PATH = ("governance",)
Path = tuple[str | int, ...]


def _named(terms: Terms, roles: Sequence[str], path: Path, allowed: frozenset[str], mend: str) -> Iterator[Problem]:
    for index, role in enumerate(roles):
        if role not in terms.party_ids:
            yield Problem((*path, index), f"`{role}` is no party here.", "name a role of the terms.")
        elif role not in allowed or _is_interested(terms, role):
            yield Problem((*path, index), f"`{role}` would decide in its own case.", mend)
    yield from named_twice(list(roles), path, None, "role")


def _is_interested(terms: Terms, role: str) -> bool:
    """Whether an independent role is of a body that pays or is paid, and so is independent by name alone."""
    if role not in terms.independent_ids:
        return False
    interested = terms.party_ids - terms.independent_ids
    return terms.body_of(role) in {terms.body_of(one) for one in interested}


def _roles(terms: Terms) -> Iterator[Problem]:
    governance, independents = terms.governance, terms.independent_ids
    mend = "name an independent role: one that holds no share and pays nothing."
    for name in ("assured_by", "determined_by"):
        yield from _named(terms, getattr(governance, name) or (), (*_PATH, name), independents, mend)
    yield from _named(
        terms,
        governance.also_approved_by or (),
        (*_PATH, "also_approved_by"),
        independents,
        "members approve anyhow, and a commissioner does by `approves`: name an independent role.",
    )
    yield from _named(
        terms,
        governance.certified_by or (),
        (*_PATH, "certified_by"),
        terms.commissioner_ids | independents,
        "name a commissioner or an independent role.",
    )


def _boards(terms: Terms) -> Iterator[Problem]:
    boards = terms.governance.boards or ()
    yield from named_twice([board.id for board in boards], (*_PATH, "boards"), "id", "board")
    decided: set[str] = set()
    for index, board in enumerate(boards):
        path = (*_PATH, "boards", index)
        yield from _named(terms, board.seats, (*path, "seats"), terms.party_ids, "")
        bodies = {terms.body_of(party) for party in board.seats}
        if board.quorum > len(bodies):
            yield Problem(
                (*path, "quorum"),
                f"the {len(bodies)} bodies of {board.id} never make a quorum of {board.quorum}.",
                "agree a quorum its bodies can reach; roles of one `body` have one vote.",
            )
        for place, what in enumerate(board.decides):
            if what in decided:
                yield Problem(
                    (*path, "decides", place), f"`{what}` is decided twice.", "let one board decide it, and once."
                )
            decided.add(what)


def _accreditations(terms: Terms) -> Iterator[Problem]:
    asked = terms.governance.accreditations or ()
    yield from named_twice([one.id for one in asked], (*_PATH, "accreditations"), "id", "accreditation")
    members = frozenset(terms.member_ids)
    for index, one in enumerate(asked):
        path = (*_PATH, "accreditations", index)
        for place, role in enumerate(one.members or ()):
            if role not in members:
                yield Problem((*path, "members", place), f"`{role}` is no member here.", "name a member's role.")
        yield from _named(
            terms,
            one.recorded_by,
            (*path, "recorded_by"),
            terms.party_ids - members,
            "name a commissioner or an independent role: nobody accredits itself.",
        )


def governance_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule the governance part breaks."""
    for rule in (_roles, _boards, _accreditations):
        yield from rule(terms)
