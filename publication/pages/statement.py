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
    HIDDEN_LEVEL,
    STATUS_WORDS,
    Book,
    Settled,
    line_words,
    measured_words,
    owed_verb,
    posted_in_order,
    public_figure,
    settled_rows,
    slug,
    step_text,
    tells_too_much,
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
    value_text,
)


def _kpi_story(book: Book, item: Settled) -> list[str]:
    """Each scored KPI in a sentence: its public figure, level, and what is special about group or dates."""
    story = []
    for kpi in item.agreement.kpis:
        if not kpi.weight:
            continue
        returned = next(
            (r for r in settled_rows(book, item.agreement, kpi) if r["period_id"] == item.period_id), None
        )  # fmt: skip
        entry = book.catalogue.get(kpi.indicator_id)
        if returned is None or entry is None:
            continue
        outcome = public_figure(book, returned, kpi)
        special = measured_words(returned, kpi)
        name = entry["name"] + (f" ({special[:1].lower() + special[1:]})" if special else "")
        if returned["quality_status"] == "too_small":
            story.append(f"{name}: too small to score; neutral by agreement.")
        elif outcome is not None and outcome["value"] is None:
            text = value_text(None, entry["value_decimals"], outcome["marker"])
            story.append(f"{name}: {text}. {why(outcome)}")
        else:
            hidden = tells_too_much(book, returned, kpi)
            reached = None if hidden else returned["level"]
            level = f"reaches the level “{LEVEL_WORDS[reached]}”" if reached else ""
            if outcome is None:
                story.append(f"{name}: {level or 'no level'}. Its value is not published.")
                continue
            text = value_text(outcome["value"], entry["value_decimals"], outcome["marker"])
            unit = unit_words(outcome["unit"], entry["statistic"])
            told = f" Its level is not told{HIDDEN_LEVEL.removeprefix('Not told')}." if hidden else ""
            story.append(f"{name}: {text} {unit}{', which ' + level if level else ''}.{told}")
    return story


def _why_withheld(item: Settled) -> str:
    """Why nothing is posted, in the words of the steps that withhold it; nothing where none does."""
    labels = dict.fromkeys(
        sentence(str(step["label"])) for step in item.steps if str(step["step_id"]).startswith("withheld_")
    )
    return f"{' '.join(labels)} What became of each figure that counts is said below." if labels else ""


def _settlement_story(book: Book, item: Settled, posted: Row | None) -> list[str]:
    """What was done, in words, for a reader who skips the table."""
    story = ["The terms were agreed and locked before the year; they say what counts and how it is shared."]
    steps = {step["step_id"]: step for step in item.steps}
    shares_cost, tops_up = "saving" in steps, "base" in steps
    if shares_cost:
        story.append(
            "Each member reported what it spent in scope, month by month, in the open book. The sum was compared with "
            "the agreed target cost."
        )
    if all(name in steps for name in ("target_cost", "actual_cost", "saving")):
        saved = Decimal(steps["saving"]["value"])
        story.append(
            f"The target was {step_text(steps['target_cost'])}. The alliance spent {step_text(steps['actual_cost'])}, "
            f"{money(int(abs(saved) * 100))} {'less' if saved >= 0 else 'more'}."
        )
    if tops_up:
        monthly = f", {step_text(steps['base_instalment'])} a month" if "base_instalment" in steps else ""
        story.append(
            f"The base of {step_text(steps['base'])} is paid whatever the score{monthly}. It is no part of any gain."
        )
    story += _kpi_story(book, item)
    if item.status == "withheld":
        return [*story, "With these figures nothing was worked out further, and no sum is posted."]
    if posted is not None and posted["kpi_score"] is not None:
        story.append(f"Together this gives a score of {number(posted['kpi_score'], 2)} points for the year.")
    if shares_cost or not tops_up:
        story.append("A better score lets the alliance keep more of a saving, and bear less of an overspend.")
        story.append(
            "The sum was limited by the agreed cap, rounded once to the penny, and divided by the agreed shares."
        )
    if tops_up and "top_up_pool" in steps:
        story.append(
            f"A better score earns more of the top-up pool of {step_text(steps['top_up_pool'])}. What a figure that "
            "does not count would have earned goes to nobody."
        )
        if "bonus" in steps:
            story.append("Above an agreed score a bonus is added.")
        story.append("Each sum was rounded once to the penny and divided by the agreed shares.")
    return story


def _closed_kpis(book: Book, item: Settled) -> frozenset[str]:
    """KPIs whose exact value is for members: those of indicators that are not openly published."""
    return frozenset(k.kpi_id for k in item.agreement.kpis if k.indicator_id not in book.view.exempt)


def _posted_words(row_: Row, when: str) -> dict[str, str]:
    return {"before": f"The {line_words(row_['line'])} of the alliance as a whole for {when} {owed_verb(row_)} ",
            "figure": row_["figure_id"], "text": money(row_["alliance_total_pence"]), "after": "."}  # fmt: skip


def _unchanged_words(posted: Row | None, when: str) -> list[dict[str, str]]:
    """What would have been paid had nothing changed; nothing where that cannot be said."""
    if posted is None or posted["if_unchanged_pence"] is None:
        return []
    return [
        {"before": f"Had nothing changed, with every figure that counts at its agreed baseline and the cost as it was, "
                   f"the whole payment for {when} would have been ",
         "figure": f"{posted['figure_id']}:if_unchanged", "text": money(posted["if_unchanged_pence"]),
         "after": ". The difference is what the figures moved; what moved the figures it does not say."}
    ]  # fmt: skip


def statement_page(book: Book, site: Mapping[str, Any]) -> bytes:
    settlements = []
    for item in book.settled:
        private = frozenset(member for member, _ in item.agreement.members)
        posted_rows = [
            r for r in posted_in_order(book)
            if r["agreement_id"] == item.agreement.agreement_id and r["period_id"] == item.period_id
        ]  # fmt: skip
        posted = posted_rows[0] if posted_rows else None
        status = posted["status"] if posted else item.status
        banner = STATUS_WORDS.get(status, "")
        when = period_name(item.period_id, "year" if len(item.period_id) == 7 else None)
        words = (
            [_posted_words(one, when) for one in posted_rows]
            if posted_rows
            else [{"before": f"Nothing is posted for {when}.", "figure": "", "text": "", "after": ""}]
        )
        words += _unchanged_words(posted, when)
        steps = [
            row(
                cell(step["label"]),
                cell(step_text(step), n=True, figure=step["figure_id"]),
            )
            for step in ([] if item.hides_value else steps_for_public(item.steps, private, _closed_kpis(book, item)))
        ]
        settlements.append(
            {
                "key": f"settlement-{slug(item.agreement.agreement_id)}-{slug(item.period_id)}",
                "title": f"{item.agreement.name}, {when}",
                "banner": banner,
                "banner_words": "A full calculation, made to learn from. No money moves because of it."
                if status == "shadow"
                else "Why is said below. What a check found, and who can mend it, is under data quality."
                + (" This is a shadow year: no money would move either way." if item.agreement.shadow else ""),
                "words": words,
                "pairs": [pair for pair in [
                    {"term": "Status", "text": banner or "Payable"},
                    {"term": "Reason", "text": _why_withheld(item) or (posted["reason"] if posted else "")},
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
                "no_steps": "The single steps are not shown in public: from them a figure that is hidden to protect "
                            "people could be worked out. The open book, which all members hold, has every one of them."
                if item.hides_value
                else "No step is about the alliance as a whole.",
            }
        )  # fmt: skip
    return render(
        "public/statement.html.j2",
        {"title": "Statement", "heading": "Statement", "caption": "What is owed", "nav": "statement.html",
         "description": "What the alliance as a whole is owed or owes, and how it was worked out."},
        site, settlements=settlements, none_words="A settlement is made when a settlement period has ended.",
    )  # fmt: skip
