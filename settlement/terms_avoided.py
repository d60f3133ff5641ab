"""Avoided demand in an agreement's terms: what it is worth, and what of it both sides certify as cash.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`avoided`), who certified what
(`recorded`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settlement.terms_parts import KpiId, Label, NotNegative, Part, Percent, PoundsNotNegative, RoleId, Text


class ExpectedNumber(Part):
    """How many were expected in one settlement period had nothing changed."""

    period: Label
    number: NotNegative


class AvoidedRow(Part):
    """Something that was avoided: what is counted, what one is worth, and which commissioner saves by it.

    cashable_pct: the most of its value that may be certified as cash-releasing; absent, all of it.
    """

    id: RoleId
    name: Text
    kpi: KpiId
    price_gbp: PoundsNotNegative
    expected: Annotated[tuple[ExpectedNumber, ...], Field(min_length=1)]
    saved_by: RoleId
    cashable_pct: Percent | None = None


class Avoided(Part):
    """The value is published and never paid. A saving is shared up to what every certifier certifies as cash."""

    certified_by: Annotated[tuple[RoleId, ...], Field(min_length=2)]
    rows: Annotated[tuple[AvoidedRow, ...], Field(min_length=1)]
