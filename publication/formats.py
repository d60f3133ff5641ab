"""Which tables and columns came into a release when: what a release of an older format may lack.

Belongs here: the formats there were and what each added. Not here: the columns themselves (`columns`), reading a
release that lacks some (`reader`).

A release is never changed, and the product goes on: whoever reads one has to know what its version could not write.
Nothing is ever taken out of a table or renamed (docs/adr/0040-releases-of-older-formats.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foundation.errors import Refused
from publication.columns import DISCLOSURE, INDICATOR_EVENTS, Schema

WHOLE: tuple[str, ...] = ()
_DEFINED = (
    "metric domain clinical_or_functional local_or_national population_basis measurement_window follow_up_window "
    "maturity lag capture_method clinical_reviewer reference_ids bridge feeds period_kinds breakdowns effective_from "
    "definition_hash breaks look_back_days events_repeat by_last_day family family_lead numerator_counts "
    "denominator_counts case_values"
)
# format -> table -> the columns it added; WHOLE: the table itself. While format 1 was written tables grew under the
# same number, so a release of format 1 holds some of these and not others.
ADDED: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    2: {
        "advances": ("period_id", "settlement_id", "carried_pence", "carried_from"),
        "bounds_if_missing": WHOLE,
        "breakdowns": WHOLE,
        "disclosure": WHOLE,
        "funnel": WHOLE,
        "gaming_monitors": WHOLE,
        "indicator_events": WHOLE,
        "indicators": tuple(_DEFINED.split()),
        "inequality": WHOLE,
        "journal": WHOLE,
        "milestones": WHOLE,
        "observed_expected": WHOLE,
        "payments": WHOLE,
        "revisions": WHOLE,
        "segments": WHOLE,
        "spend_by_level": WHOLE,
        "statement": ("if_unchanged_pence",),
        "survey_results": WHOLE,
        "trend": WHOLE,
        "unmet_need": WHOLE,
        "year_end_forecasts": WHOLE,
    },
}
# columns that came into a table that was new under the same number
_LATER = {"payments": ("standing", "payable_from"), "journal": ("standing", "payable_from")}
FORMAT = max(ADDED)
# Held where there is something to hold, in every format: what is openly published hides nothing, and no events came in.
WHERE_NEEDED = (DISCLOSURE.name, INDICATOR_EVENTS.name)


def format_of(manifest: Mapping[str, Any]) -> int:
    """The format a manifest says its release has; today's where it says nothing, so that nothing may be lacking.

    Refused when that is no format this version knows.
    """
    found = manifest.get("format", FORMAT)
    if type(found) is not int or found < 1:
        raise Refused(f"manifest.json names no format, but {found!r}.", "get a fresh copy of the release.")
    if found > FORMAT:
        raise Refused(
            f"the release has format {found}, and this version of Outturn reads 1 to {FORMAT}.",
            f"read it with Outturn {manifest.get('code_version', 'of its own version')}, or a later one.",
        )
    return found


def may_lack_table(table: str, of: int) -> bool:
    """Whether a release of a format may be without a table altogether."""
    return any(added.get(table) == WHOLE for number, added in ADDED.items() if number > of)


def may_lack(schema: Schema, of: int) -> frozenset[str]:
    """The columns a table of a release of some format may be without."""
    later = [added[schema.name] for number, added in ADDED.items() if number > of and schema.name in added]
    found = {name for names in later for name in names}
    if WHOLE in later:
        found |= set(_LATER.get(schema.name, ()))
    return frozenset(found)


__all__ = ["ADDED", "FORMAT", "WHERE_NEEDED", "WHOLE", "format_of", "may_lack", "may_lack_table"]
