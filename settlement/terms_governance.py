"""The governance part of an agreement's terms: how terms are agreed, and how they are applied.

Belongs here: the shape of these entries. Not here: rules across parts (`terms_lint_governance`), what a decision log
amounts to under them (`approvals`, `boards`, `certificates`, `accreditation`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settlement.terms_parts import Flag, Part, RoleId, Text, read_whole

Roles = Annotated[tuple[RoleId, ...], Field(min_length=1)]


class Board(Part):
    """A body whose seats are held by parties, and what it decides.

    quorum: bodies that vote and are not excluded by a declared conflict. passes_by: majority of the bodies that are not
    excluded, or all of them.
    """

    id: RoleId
    name: Text
    seats: Roles
    quorum: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=60)]
    passes_by: Literal["majority", "unanimous"]
    decides: Annotated[tuple[Literal["terms", "certificate"], ...], Field(min_length=1)]


class Accreditation(Part):
    """Something members must hold while they are paid, who records it, and what follows when it has run out."""

    id: RoleId
    name: Text
    members: Roles | None = None
    recorded_by: Roles
    when_expired: Literal["flag", "withhold"]


class Governance(Part):
    """How terms are agreed and applied: unanimity to agree, no veto to apply."""

    agree_terms: Literal["unanimous"]
    challenge_window_working_days: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=120)]
    dispute: Text
    also_approved_by: Roles | None = None
    parts_in_order: Flag | None = None
    notice_days: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=366)] | None = None
    certified_by: Roles | None = None
    assured_by: Roles | None = None
    determined_by: Roles | None = None
    boards: Annotated[tuple[Board, ...], Field(min_length=1)] | None = None
    accreditations: Annotated[tuple[Accreditation, ...], Field(min_length=1)] | None = None
