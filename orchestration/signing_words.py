"""What is about to be signed, in words and figures: terms, a settlement, any other entry.

Belongs here: lines for a person who is about to sign. Not here: signing (`signing`), what an entry holds (`drafts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from publication.pages.book import line_words
from publication.wording import capital, day, money, number, role_name

if TYPE_CHECKING:
    from settlement.terms import Terms

_SMALL = [
    "nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_GROUPS = ((1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))


def in_words(count: int) -> str:
    """A whole number, 0 or more, in English words: `two thousand and one`."""
    if count < len(_SMALL):
        return _SMALL[count]
    if count < 100:
        tens, rest = divmod(count, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[rest]}" if rest else "")
    if count < 1000:
        hundreds, rest = divmod(count, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
    size, name = next((size, name) for size, name in _GROUPS if count >= size)
    many, rest = divmod(count, size)
    joined = " and " if 0 < rest < 100 else " "
    return f"{in_words(many)} {name}" + (f"{joined}{in_words(rest)}" if rest else "")


def sum_words(pence: int) -> str:
    """A sum in figures and in words: `£12.05 (twelve pounds and five pence)`."""
    whole, rest = divmod(abs(pence), 100)
    text = f"{in_words(whole)} {'pound' if whole == 1 else 'pounds'}"
    if rest:
        text += f" and {in_words(rest)} {'penny' if rest == 1 else 'pence'}"
    return f"{money(pence)} ({'minus ' if pence < 0 else ''}{text})"


def _bound(pence: int | None) -> str:
    return "no bound agreed" if pence is None else money(pence)


def _by_period(terms: Terms) -> list[str]:
    from settlement.at_stake import agreed_sums
    from settlement.extremes import party_extremes

    lines = []
    for period in terms.finance.agreed_periods:
        stakes = [f"{stake.what} {sum_words(stake.pence)}" for stake in agreed_sums(terms, period)]
        lines.append(f"In {period}: {'; '.join(stakes) or 'no sum is agreed beforehand'}")
        for party, extreme in party_extremes(terms, period).items():
            name = role_name(party)
            if party not in terms.member_ids:
                lines.append(f"  {name}: carries at most {_bound(extreme.greatest_loss_pence)}")
                continue
            gain, loss = _bound(extreme.greatest_gain_pence), _bound(extreme.greatest_loss_pence)
            lines.append(f"  {name}: gains at most {gain}, loses at most {loss}")
    return lines


def terms_lines(terms: Terms) -> list[str]:
    """The terms as a person signs them: who, from when, what is measured, how it becomes a score, what the gate does,
    sums and bounds, how they are applied; and then every entry of them, because all of it is signed."""
    from orchestration.terms_words import gate_lines, score_lines, whole_lines

    identity = terms.agreement
    ends = "open-ended" if identity.effective_to is None else f"to {day(identity.effective_to)}"
    money_moves = "SHADOW: calculated in full, nothing is payable" if identity.shadow else "LIVE: money moves"
    lines = [
        f"{identity.name} ({terms.id}), {identity.contract_model.replace('_', ' ')}",
        f"In force from {day(identity.effective_from)}, {ends}; settled by the {identity.settle_by}",
        money_moves,
        "Members and their shares of gain and loss:",
        *(f"  {member.name} ({member.id}): {number(member.share_pct)} %" for member in terms.parties.members),
        "Commissioners: " + "; ".join(f"{one.name} ({one.id})" for one in terms.parties.commissioners),
        "What is paid on:",
    ]
    for kpi in terms.paid_kpis:
        levels = "" if kpi.levels is None else " / ".join(number(value) for value in kpi.levels.values())
        lines.append(f"  {kpi.id} {kpi.name}, weight {number(kpi.weight or 0)}; failure to game-breaking {levels}")
        lines += [f"    {line}" for line in score_lines(terms, kpi)]
    lines += ["When figures cannot be trusted:", *(f"  {line}" for line in gate_lines(terms))]
    lines += ["Money:", *_by_period(terms)]
    governance = terms.governance
    lines += [
        f"Challenge window: {governance.challenge_window_working_days} working days. {governance.dispute}",
        "The whole of what is signed, entry by entry:",
        *whole_lines(terms.model_dump(mode="python", exclude_none=True), sum_words),
        f"Hash of these terms: {terms.terms_hash}",
    ]
    return lines


def settlement_lines(
    terms: Terms,
    settlement_id: str,
    period_id: str,
    status: str,
    postings: Sequence[Mapping[str, Any]],
    member_rows: Sequence[Mapping[str, Any]],
) -> list[str]:
    """A settlement as a person certifies it: status, each posting, each member's part in pounds."""
    words = {
        "shadow": "SHADOW: nothing is payable",
        "withheld": "WITHHELD: nothing is payable yet",
        "payable": "PAYABLE once its challenge window has passed",
    }
    lines = [f"Settlement of {terms.agreement.name} ({terms.id}) for {period_id}", words[status]]
    for posting in postings:
        restates = ", a difference against what was posted before" if posting["supersedes"] else ""
        lines.append(
            f"{capital(line_words(str(posting['line'])))}: {sum_words(int(posting['amount_pence']))} from "
            f"{role_name(str(posting['payer']))} to {posting['payee']}{restates}"
        )
        for row in member_rows:
            if row["line"] == posting["line"]:
                lines.append(f"  {role_name(str(row['member_id']))}: {sum_words(int(row['amount_pence']))}")
    lines += [f"Hash of the terms: {terms.terms_hash}", f"Settlement id: {settlement_id}"]
    return lines


def body_lines(kind: str, body: Mapping[str, Any]) -> list[str]:
    """Every entry of a record, one line each, whole: nothing that is signed is left out."""
    lines = [f"Entry of the decision log: {kind.replace('_', ' ')}"]
    for name, value in sorted(body.items()):
        text = ", ".join(value) if isinstance(value, (list, tuple)) else str(value)
        if name.endswith("_pence"):
            name, text = name.removesuffix("_pence"), sum_words(int(text))
        lines.append(f"  {name.replace('_', ' ')}: {text or 'none'}")
    return lines
