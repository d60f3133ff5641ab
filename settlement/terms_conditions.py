"""Must-pass conditions that no indicator measures, as an agreement's terms put them.

Belongs here: the shape of these entries. Not here: who judged them (`recorded`), what they bar (`conditions`, `lines`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settlement.terms_parts import Part, RoleId, Text


class Condition(Part):
    """A non-negotiable beside the KPIs: not met, there is no gain, and what the alliance owes stays.

    recorded_by: roles that neither pay nor are paid.
    """

    id: RoleId
    meaning: Text
    recorded_by: Annotated[tuple[RoleId, ...], Field(min_length=1)]
