"""The public statement: the alliance's total and how it was worked out, never a member's money.

Belongs here: settlements in words. Not here: arithmetic by member (members).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from publication.agreement import steps_for_public
from publication.inputs import Row
from publication.pages.book import (
    STATUS_WORDS,
    Book,
    Settled,
    figures_of,
    returned_row,
    slug,
    step_text,
    why,
)
from publication.pages.frame import cell, heads, render, row
from publication.wording import (
    LEVEL_WORDS,
    capital,
    money,
    number,
    period_long,
    period_name,
    sentence,
    unit_words,
)


def _settlement_story(book: Book, item: Settled, posted: Row | None) -> list[str]:
    """What was done, in words, for a reader who skips the table."""
    story = [
        "The terms were agreed and locked before the year; they say what counts and how it is shared.",
        "Each member reported what it spent in scope, month by month, in the open book. The sum was compared with the "
        "agreed target cost.",
    ]
    steps = {step["step_id"]: step for step in item.steps}
    if all(name in steps for name in ("target_cost", "actual_cost", "saving")):
        saved = Decimal(steps["saving"]["value"])
        story.append(
            f"The target was {step_text(steps['target_cost'])}. The alliance spent {step_text(steps['actual_cost'])}, "
            f"{money(int(abs(saved) * 100))} {'less' if saved >= 0 else 'more'}."
        )
    for kpi in item.agreement.kpis:
        if not kpi.weight:
            continue
        outcome = next(
            (r for r in figures_of(book, kpi.indicator_id, kpi.area_code)
             if r["period_id"] == item.period_id and r["period_kind"] in ("year", "quarter")), None,
        )  # fmt: skip
        if outcome is not None and outcome["value"] is not None:
            returned = returned_row(book, item.agreement, kpi, outcome)
            reached = returned["level"] if returned else None
            level = f", which reaches the level “{LEVEL_WORDS[reached]}”" if reached else ""
            name = book.catalogue[kpi.indicator_id]["name"]
            unit = unit_words(outcome["unit"], book.catalogue[kpi.indicator_id]["statistic"])
            story.append(f"{name}: {outcome['value_text']} {unit}{level}.")
        elif outcome is not None:
            story.append(f"{book.catalogue[kpi.indicator_id]['name']}: {outcome['value_text']}. {why(outcome)}")
    if posted is not None and posted["kpi_score"] is not None:
        story.append(f"Together this gives a score of {number(posted['kpi_score'], 2)} points for the year.")
    story.append("A better score lets the alliance keep more of a saving, and bear less of an overspend.")
    story.append("The sum was limited by the agreed cap, rounded once to the penny, and divided by the agreed shares.")
    return story


def statement_page(book: Book, site: Mapping[str, Any]) -> bytes:
    settlements = []
    for item in book.settled:
        private = frozenset(member for member, _ in item.agreement.members)
        posted_rows = [
            r for r in book.statement
            if r["agreement_id"] == item.agreement.agreement_id and r["period_id"] == item.period_id
        ]  # fmt: skip
        posted = posted_rows[0] if posted_rows else None
        status = posted["status"] if posted else ("shadow" if item.agreement.shadow else "payable")
        banner = STATUS_WORDS.get(status, "")
        when = period_name(item.period_id, "year" if len(item.period_id) == 7 else None)
        words = (
            {"before": f"The {posted['line']} of the alliance as a whole for {when} "
                       f"{'would be' if status == 'shadow' else 'is'} ",
             "figure": posted["figure_id"], "text": money(posted["alliance_total_pence"]), "after": "."}
            if posted
            else {"before": f"Nothing is posted for {when}.", "figure": "", "text": "", "after": ""}
        )  # fmt: skip
        steps = [
            row(
                cell(step["label"]),
                cell(step_text(step), n=True, figure=step["figure_id"]),
            )
            for step in ([] if item.hides_value else steps_for_public(item.steps, private))
        ]
        settlements.append(
            {
                "key": f"settlement-{slug(item.agreement.agreement_id)}-{slug(item.period_id)}",
                "title": f"{item.agreement.name}, {when}",
                "banner": banner,
                "banner_words": "A full calculation, made to learn from. No money moves because of it."
                if status == "shadow"
                else "What is withheld, and who can mend it, is under data quality.",
                "words": words,
                "pairs": [pair for pair in [
                    {"term": "Status", "text": banner or "Payable"},
                    {"term": "Reason", "text": posted["reason"] if posted else ""},
                    {"term": "For", "text": f"{capital(period_long(item.period_id, 'year' if len(item.period_id) == 7 else None))}, {site['area']}"},  # noqa: E501
                    {"term": "Terms", "text": sentence(item.agreement.label)},
                    {"term": "Fingerprint of the terms", "text": item.agreement.terms_hash[:16]},
                ] if pair["text"]],
                "story": _settlement_story(book, item, posted),
                "steps_caption": f"The steps for the alliance as a whole, {when}",
                "steps_note": "In the order in which they were taken. Money to the penny; ratios to six decimals here, "
                              "exact in the open book.",
                "steps_head": heads("Step", "#Result"),
                "steps_rows": steps,
            }
        )  # fmt: skip
    return render(
        "public/statement.html.j2",
        {"title": "Statement", "heading": "Statement", "caption": "What is owed", "nav": "statement.html",
         "description": "What the alliance as a whole is owed or owes, and how it was worked out."},
        site, settlements=settlements, none_words="A settlement is made when a settlement period has ended.",
    )  # fmt: skip
