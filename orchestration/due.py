"""`outturn due`: what is due from whom, how it stands, and what would be withheld if nothing more arrived.

Belongs here: reading it together from a home, the lines a person reads, and the same as JSON. Not here: states and
dates (`expectations.due`), what a missing month does (`orchestration.forecasting`). Nothing is written into the home.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from foundation.canonical import readable_json
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.period import Period, parse_period
from ingest.rules import RULES
from orchestration.cycle import agreements_of, month_asked
from orchestration.forecasting import Gap, KpiForecast, PeriodForecast, forecast, gaps
from orchestration.moments import today_of
from orchestration.progress import say
from orchestration.rooms import contracts

if TYPE_CHECKING:
    from expectations.due import Delivery, State
    from ingest.register import Receipt, Register

DONE, WITH_FINDINGS = 0, 3
LABELS: dict[State, str] = {
    "quarantine": "held back",
    "overdue": "overdue",
    "outside_agreement": "no agreement",
    "in_part": "in part",
    "waiting": "waiting",
    "received_late": "late",
    "received": "received",
    "received_on_time": "in time",
}
WORDS: dict[State, str] = {
    "quarantine": "held back as a whole",
    "overdue": "overdue",
    "outside_agreement": "outside a data-sharing agreement",
    "in_part": "accepted in part",
    "waiting": "not due yet",
    "received_late": "received late",
    "received": "received on a day nobody wrote down",
    "received_on_time": "received in time",
}


@dataclass(frozen=True)
class Calendar:
    """What is due in a home on a day, and what would follow if nothing more came.

    nameless: organisation -> deliveries of which not even the feed could be read. landed: how many wait in mailboxes.
    """

    on: date
    month: Period | None
    deliveries: tuple[Delivery, ...]
    forecasts: tuple[PeriodForecast, ...]
    nameless: tuple[tuple[str, int], ...]
    landed: int

    @property
    def needs_somebody(self) -> bool:
        """Whether a person has to do something: a delivery is open, or a settlement that could be made could not."""
        return any(item.open for item in self.deliveries) or any(
            item.judged_now and item.lacks for item in self.forecasts
        )


def day_asked(home: Home, text: str | None) -> date:
    """The day of `--on`; the home's own day when none is given."""
    if text is None:
        return today_of(home)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"--on {text} is not a day.", "write it as 2025-04-01.") from None


def deliveries_of(home: Home, register: Register, on: date) -> list[Delivery]:
    """Everything that is due by a day from anybody: what the register asks for, and members' ledgers."""
    from expectations.due import asked_by_register, asked_of_members, calendar
    from expectations.requirement import required_organisations
    from ingest.cut import cut_of

    asked = set(asked_by_register(required_organisations(home, cut_of(register)), contracts(), on))
    for agreement in agreements_of(home):
        for period in agreement.terms.settlement_periods():
            asked |= set(asked_of_members(agreement.terms.member_ids, period))
    if not asked:
        raise Refused(
            "nobody is asked for anything: there is no register of required organisations, and no agreement.",
            "have who keeps the register send reference_organisations, and put the terms into the home's agreements/.",
        )
    return calendar(contracts(), register, asked, on)


def calendar_of(home: Home, on: date, month: Period | None = None) -> Calendar:
    """The calendar of a home on a day. month: only deliveries whose period holds it; the forecast stays whole."""
    from expectations.requirement import what_was_sent
    from ingest.cut import cut_of
    from ingest.register import Register
    from orchestration.landing import waiting_manifests

    home.settings()
    home.require_private_vault()
    register = Register.as_known_on(home, on)
    cut = cut_of(register)
    due = deliveries_of(home, register, on)
    nameless = Counter(item.organisation for item in register.unanswered() if not item.feed)
    return Calendar(
        on,
        month,
        tuple(item for item in due if month is None or item.period.contains(month)),
        tuple(forecast(home, cut, what_was_sent(home, cut), agreements_of(home), on)),
        tuple(sorted(nameless.items())),
        len(waiting_manifests(home)),
    )


def print_due(home: Home, period: str | None, on: str | None, *, as_json: bool) -> int:
    """Say what is due; returns the exit code: 3 where somebody has to do something."""
    made = calendar_of(home, day_asked(home, on), None if period is None else month_asked(period))
    if as_json:
        sys.stdout.write(document(made).decode())
    else:
        for label, line in lines(made):
            say(label, line)
    return WITH_FINDINGS if made.needs_somebody else DONE


# words ----------------------------------------------------------------------------------------------


def lines(made: Calendar) -> Iterator[tuple[str, str]]:
    """Label and text of every line a person reads."""
    counted = Counter(item.state for item in made.deliveries)
    told = ", ".join(f"{counted[state]} {words}" for state, words in WORDS.items() if counted[state]) or "none"
    of = f" for {made.month.label}" if made.month else ""
    yield "due", f"{len(made.deliveries)} deliveries{of} as known on {made.on}: {told}"
    if made.month:
        yield from ((LABELS[item.state], _line([item])) for item in _by_state(made.deliveries))
    else:
        shown = [item for item in _by_state(made.deliveries) if item.open or item.state == "waiting"]
        for group in _together(shown):
            yield LABELS[group[0].state], _line(group)
    for organisation, count in made.nameless:
        yield "held back", f"{organisation}: {count} file(s) nobody can place: see their receipts in the vault"
    if made.landed:
        yield "landed", f"{made.landed} file(s) wait in mailboxes. What to do: `outturn run` takes them in."
    for item in made.forecasts:
        yield from _forecast_lines(item, made.on)


def _by_state(items: Iterable[Delivery]) -> list[Delivery]:
    order = list(LABELS)
    return sorted(items, key=lambda item: (order.index(item.state), item.organisation, item.feed, item.period))


def _together(items: Iterable[Delivery]) -> list[list[Delivery]]:
    """Deliveries of one organisation and feed in one state, side by side."""
    groups: dict[tuple[str, str, str], list[Delivery]] = {}
    for item in items:
        groups.setdefault((item.state, item.organisation, item.feed), []).append(item)
    return list(groups.values())


def _line(items: Sequence[Delivery]) -> str:
    first, last = items[0], items[-1]
    when = first.period.label if len(items) == 1 else f"{first.period.label} to {last.period.label} ({len(items)})"
    return f"{first.organisation} {first.feed} {when}: {_details(items)}"


def _details(items: Sequence[Delivery]) -> str:
    first = items[0]
    due = f"due on {first.due_on}"
    if first.state == "in_part":
        files = {one.submission_id: one for item in items for one in item.counts if _waiting(one)}
        rows = sum(_waiting(one) for one in files.values())
        told = f"{rows} row(s) wait for a correction with the next sequence: {_files(files.values())}"
        return told if first.refused is None else f"{told}; the correction {_held_back(first.refused)}"
    if first.complete:
        came = f"received on {first.received_on}" if first.received_on else "received"
        counts = f"{came}, {due}; {_files(first.counts)} counts"
        return counts if first.refused is None else f"{counts}; the correction {_held_back(first.refused)}"
    missing = f"missing {month_list({label for item in items for label in item.missing})}"
    if first.state == "quarantine" and first.refused is not None:
        return f"{missing}, {due}; {_held_back(first.refused)}"
    if first.state == "outside_agreement":
        return f"{missing}, {due}; no file about it would be taken: see the contract's senders and agreements"
    return f"{missing}, {due}"


def _waiting(receipt: Receipt) -> int:
    return receipt.rows_quarantined - receipt.rows_set_aside


def _files(items: Iterable[Receipt]) -> str:
    names = sorted(item.shown_name for item in items)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")


def _held_back(receipt: Receipt) -> str:
    found = receipt.gravest
    told = f"{receipt.shown_name} was held back"
    if found is None or found.rule not in RULES:
        return f"{told}: see its receipt in the vault"
    return f"{told} by {found.rule}. What to do: {RULES[found.rule].mend}"


def month_list(labels: Iterable[str]) -> str:
    """Months in words: runs of neighbours as `2025-07 to 2025-09`."""
    runs: list[list[str]] = []
    end = date.min
    for month in map(parse_period, sorted(set(labels))):
        if runs and (month.start - end).days == 1:
            runs[-1].append(month.label)
        else:
            runs.append([month.label])
        end = month.end
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _forecast_lines(item: PeriodForecast, on: date) -> Iterator[tuple[str, str]]:
    name = f"{item.agreement_id} {item.period.label}"
    if not item.lacks:
        yield "forecast", f"{name}: every submission it asks for is there"
    else:
        when = "a run now would be refused" if item.judged_now else "it could not be settled"
        again = " (it was settled before)" if item.settled else ""
        yield "forecast", f"{name}{again}: if nothing more arrives, {when}, for {len(item.lacks)} thing(s) missing"
    for gap in gaps(item.lacks, contracts()):
        yield "missing", f"{gap.organisation}: {gap.feed} for {month_list(gap.months)}; {_gap_dates(gap, on)}"
    for lack in item.lacks:
        if lack.kind != "not_sent":
            yield "missing", lack.sentence
    for kpi in item.kpis:
        if kpi.lacks:
            yield "withheld", _kpi_line(kpi)
    if item.lacks:
        yield "at stake", _stakes(item)


def _gap_dates(gap: Gap, on: date) -> str:
    due = f"{'was due' if gap.due_on < on else 'due'} on {gap.due_on}"
    if gap.free_until is None:
        return due
    return f"{due}, and after {gap.free_until} what it changes is a restatement"


def _kpi_line(kpi: KpiForecast) -> str:
    senders: dict[str, set[str]] = {}
    for lack in kpi.lacks:
        senders.setdefault(lack.feed, set()).add(lack.organisation or "nobody, whom the register asks for it")
    asked = "; ".join(f"{feed} of {', '.join(sorted(names))}" for feed, names in sorted(senders.items()))
    points = (
        f"; {kpi.points.weight_pct:f} % of the weight, {kpi.points.least:f} to {kpi.points.most:f} points of the score"
        if kpi.points
        else ""
    )
    return f"{kpi.kpi_id} {kpi.name}, which looks at {kpi.first} to {kpi.last}: {asked}{points}"


def _stakes(item: PeriodForecast) -> str:
    from publication.wording import money

    if item.unapproved:
        return f"no sum is named: the terms are not approved ({'; '.join(item.unapproved)})"
    sums = "; ".join(f"{stake.what} {money(stake.pence)}" for stake in item.stakes)
    shadow = " In shadow: nothing is payable." if item.shadow else ""
    return f"{sums or 'the terms state no sum; it depends on cost that is not known yet'}.{shadow}"


# JSON -----------------------------------------------------------------------------------------------


def document(made: Calendar) -> bytes:
    """The calendar as JSON."""
    return readable_json(
        {
            "on": made.on,
            "period": made.month.label if made.month else None,
            "deliveries": [delivery_json(item) for item in made.deliveries],
            "deliveries_without_feed": dict(made.nameless),
            "waiting_in_mailboxes": made.landed,
            "forecast": [_forecast_json(item) for item in made.forecasts],
        }
    )


def delivery_json(item: Delivery) -> dict[str, Any]:
    """One delivery as JSON content."""
    found = item.refused.gravest if item.refused else None
    return {
        "feed": item.feed,
        "organisation": item.organisation,
        "period": item.period.label,
        "covers": {"from": item.period.start, "to": item.period.end},
        "due_on": item.due_on,
        "final_after": item.final_after,
        "state": item.state,
        "received_on": item.received_on,
        "missing_months": list(item.missing),
        "counts": [
            {"file": one.shown_name, "submission": one.submission_id, "sequence": one.sequence} for one in item.counts
        ],
        "rows_waiting": item.rows_waiting,
        "held_back": None
        if item.refused is None
        else {
            "file": item.refused.shown_name,
            "submission": item.refused.submission_id,
            "rule": found.rule if found else None,
            "mend": RULES[found.rule].mend if found and found.rule in RULES else None,
        },
    }


def _forecast_json(item: PeriodForecast) -> dict[str, Any]:
    return {
        "agreement_id": item.agreement_id,
        "period": item.period.label,
        "judged_now": item.judged_now,
        "settled_before": item.settled,
        "shadow": item.shadow,
        "would_be_refused": bool(item.lacks),
        "lacks": [{**vars(lack), "sentence": lack.sentence} for lack in item.lacks],
        "missing": [vars(gap) for gap in gaps(item.lacks, contracts())],
        "kpis": [
            {
                "kpi_id": kpi.kpi_id,
                "looks_at": {"from": kpi.first, "to": kpi.last},
                "would_be_withheld": bool(kpi.lacks),
                "missing": [lack.sentence for lack in kpi.lacks],
                "points": None if kpi.points is None else vars(kpi.points),
            }
            for kpi in item.kpis
        ],
        "at_stake": [vars(stake) for stake in item.stakes],
        "terms_not_approved": list(item.unapproved),
    }
