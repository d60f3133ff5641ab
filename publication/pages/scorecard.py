"""The scorecard of one sender: what it sent, what became of it, and how to mend what comes up most.

Belongs here: the words a provider's data lead reads. Not here: the counting (`expectations.sender`). The page stands
alone, as the reporting requirement does: one file, without an address, that can be sent by post.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from expectations.due import Delivery, State
from expectations.sender import RuleFacts, SenderFacts, Trend
from ingest.rules import FILE, RECORD
from publication.pages.frame import ROOM, cell, environment, heads, row
from publication.wording import capital, day, number, period_name, plural

STATES: dict[State, str] = {
    "received_on_time": "in time",
    "received_late": "late",
    "received": "received, on a day nobody wrote down",
    "in_part": "accepted in part",
    "quarantine": "held back as a whole",
    "overdue": "overdue",
    "waiting": "not due yet",
    "outside_agreement": "outside a data-sharing agreement",
}
_SEND_AGAIN = "correct the file and send it again with the next higher sequence number"
_WHAT_TO_DO: dict[State, str] = {
    "in_part": "correct the rows named in the report and send the file again with the next higher sequence number",
    "quarantine": _SEND_AGAIN,
    "overdue": "send the file; if there is nothing to report, send a manifest that says 0 rows",
    "outside_agreement": "nothing to send: whoever keeps the contract renews the agreement, or takes you out of the "
    "register",
}
_SEVERITY = {FILE: "the file was refused", RECORD: "the row waits"}
_NONE = "none"


def scorecard_page(facts: SenderFacts, on: date) -> bytes:
    """The page of one sender as HTML that needs no other file."""
    html = (
        environment()
        .get_template("scorecard.html.j2")
        .render(
            style=(ROOM / "assets" / "outturn.css").read_text(encoding="utf-8"),
            page={
                "organisation": facts.organisation,
                "on": day(on),
                "lede": lede(facts),
                "trend": trend_words(facts.trend),
            },
            summary=list(_summary(facts)),
            open_head=heads("Feed", "Period", "Was due", "How it stands", "What to do"),
            open=[_open(item) for item in facts.deliveries if item.open],
            next_head=heads("Feed", "Period", "Due on"),
            next=[_next(item) for item in facts.deliveries if item.state == "waiting"],
            rules_head=heads("Rule", "What to do", "#Files", "#Rows", "In your latest file"),
            rules=[_rule(item) for item in facts.rules],
            months_head=heads("Month", "#Files", "#Rows read", "#Quarantined", "#Share"),
            months=[
                row(cell(period_name(item.month)), _n(item.files), _n(item.rows_read), _n(item.rows_quarantined),
                    cell(_pct(item.quarantined_pct), n=True))
                for item in facts.months
            ],
            feeds_head=heads("Feed", "#Files", "#Count", "#Superseded", "#Taken back", "#Refused",
                             "#Rows read", "#Accepted", "#Quarantined", "#Duplicates"),
            feeds=[
                row(cell(item.feed), _n(item.files.received), _n(item.files.counting), _n(item.files.superseded),
                    _n(item.files.taken_back), _n(item.files.refused), _n(item.rows.read), _n(item.rows.accepted),
                    _n(item.rows.quarantined), _n(item.rows.deduplicated))
                for item in facts.feeds
            ],
            numbers_head=heads("Feed", "#Sound", "#Filled in and none", "#Not filled in", "#Share that is none"),
            numbers=[
                row(cell(item.feed), _n(item.valid), _n(item.invalid), _n(item.missing),
                    cell(_pct(item.invalid_pct), n=True))
                for item in facts.numbers
            ],
            warnings=[
                {
                    "title": f"{item.feed}: {item.file}",
                    "looked": _looked(item.evaluated, len(item.rules)),
                    "rules": [
                        {"meaning": rule.meaning, "where": where(rule), "mend": rule.mend} for rule in item.rules
                    ],
                }
                for item in facts.warnings
            ],
        )
    )  # fmt: skip
    return ("\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n").encode()


def _n(count: int) -> dict[str, Any]:
    return cell(number(count), n=True)


def _pct(share: Any) -> str:
    return "no rows" if share is None else f"{share} %"


def _looked(evaluated: int, warned: int) -> str:
    found = f"{plural(warned, 'rule')} to look at:" if warned else "none warns."
    return f"{plural(evaluated, 'expectation')} tried; {found}"


def lede(facts: SenderFacts) -> str:
    """The first sentence: what came, and whether anything is open."""
    still = sum(item.open for item in facts.deliveries)
    said = f"{plural(facts.files.received, 'file')} came, with {plural(facts.rows.read, 'row')}."
    return f"{said} Open: {plural(still, 'delivery', 'deliveries')}." if still else f"{said} Nothing is open."


def trend_words(trend: Trend | None) -> str:
    """Whether the share of rows quarantined goes up or down, in a sentence."""
    if trend is None:
        return "There are too few months with rows to say whether the share goes up or down."
    return (
        f"In the latest {trend.months} months with rows {trend.recent_pct} % of them were quarantined: "
        f"{trend.direction} in the {trend.months} months before ({trend.before_pct} %)."
    )


def _summary(facts: SenderFacts) -> Iterator[dict[str, str]]:
    files, rows = facts.files, facts.rows
    yield {
        "term": "Files",
        "text": f"{number(files.received)} received = {number(files.counting)} that count + "
        f"{number(files.superseded)} superseded + {number(files.taken_back)} taken back + "
        f"{number(files.refused)} refused",
    }
    yield {
        "term": "Rows",
        "text": f"{number(rows.read)} read = {number(rows.accepted)} accepted + {number(rows.quarantined)} quarantined "
        f"+ {number(rows.deduplicated)} duplicates",
    }
    counted = Counter(item.state for item in facts.deliveries)
    told = ", ".join(f"{number(counted[state])} {words}" for state, words in STATES.items() if counted[state])
    yield {"term": "Deliveries asked for", "text": told or _NONE}


def _open(item: Delivery) -> dict[str, Any]:
    lines = []
    if item.rows_waiting:
        lines.append(f"{plural(item.rows_waiting, 'row')} to correct")
    if item.missing:
        lines.append(f"missing: {', '.join(item.missing)}")
    if item.refused is not None:
        reason = item.refused.gravest
        told = f"sequence {item.refused.sequence} was held back"
        lines.append(f"{told}: {reason.message}" if reason else told)
    return row(
        cell(item.feed),
        cell(capital(period_name(item.period.label, item.period.kind))),
        cell(day(item.due_on)),
        cell(STATES[item.state], lines=lines),
        cell(_WHAT_TO_DO.get(item.state, _SEND_AGAIN)),
    )


def _next(item: Delivery) -> dict[str, Any]:
    return row(cell(item.feed), cell(capital(period_name(item.period.label, item.period.kind))), cell(day(item.due_on)))


def where(rule: RuleFacts) -> str:
    """Columns and rows of a rule, in words."""
    columns = f"Column {', '.join(rule.columns)}." if rule.columns else ""
    rows = f"{plural(rule.rows, 'row')}." if rule.rows else ""
    return " ".join(part for part in (columns, rows) if part)


def _rule(item: RuleFacts) -> dict[str, Any]:
    lines = [f"{item.feed or 'feed not known'}: {_SEVERITY.get(item.severity, 'a warning')}"]
    lines += [f"column {', '.join(item.columns)}"] if item.columns else []
    return row(
        cell(item.meaning or item.rule, lines=lines),
        cell(capital(item.mend)),
        _n(item.files),
        cell(number(item.rows) if item.rows else "the file", n=True),
        cell("yes" if item.latest else "no"),
    )
