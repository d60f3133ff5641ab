"""Every entry of the terms in words and figures, for a person who is about to sign them: nothing is left out.

Belongs here: how a score comes about, what the gate does, and the whole of the terms, entry by entry. Not here: the
summary before it (`signing_words`), the shape of the terms (`settlement.terms`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from publication.wording import MINUS, day

if TYPE_CHECKING:
    from settlement.terms import Terms
    from settlement.terms_parts import CauseRule, Kpi

_INDENT = "  "
_ACTIONS = {
    "forfeit": "it scores the worst there is, and no gain rests on it",
    "neutral": "it neither gains nor loses",
}


def _digits(value: Decimal | int) -> str:
    """A number with all its digits and no others: `1,250.5`."""
    text = format(value, ",f") if isinstance(value, Decimal) else f"{value:,}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS)


def score_lines(terms: Terms, kpi: Kpi) -> list[str]:
    """The curve of a paid KPI: its score at each level, and what lies between; none for one that is not scored."""
    if kpi.levels is None:
        return []
    pairs = list(zip(kpi.levels.values(), terms.scoring.level_points.values(), strict=True))
    ends = (" or worse", *[""] * (len(pairs) - 2), " or better")
    scores = [f"{_digits(score)} at {_digits(at)}{end}" for (at, score), end in zip(pairs, ends, strict=True)]
    stepped = terms.scoring.between_levels == "stepped"
    between = (
        "between two levels the score of the one that is reached" if stepped else "a straight line between two levels"
    )
    return [f"scores {', '.join(scores)}; {between}"]


def _cause(rule: CauseRule) -> str:
    if rule.deem is None:
        what = _ACTIONS[rule.action]
    else:
        what = f"it counts as at the level {rule.deem.level.replace('_', ' ')}"
        what += ", or by its own value where that is better" if rule.deem.better_of_own else ""
    return f"{rule.cause.replace('_', ' ')}: {what}; recorded by {' or '.join(rule.recorded_by)}"


def gate_lines(terms: Terms) -> list[str]:
    """What the gate does to money: refuses, withholds, and what a recorded cause makes of a withheld figure."""
    gate = terms.gate
    lines = [f"Nothing is settled unless all of these pass: {', '.join(gate.integrity)}"]
    for check in gate.fitness:
        part = f"at most {_digits(check.max_missing_pct)} % missing"
        lines.append(f"A figure that fails {check.check} ({part}) is withheld until a cause is recorded")
    lines += [_INDENT + _cause(rule) for rule in gate.causes]
    least = f"Below {_digits(terms.scoring.minimum_live_weight_pct)} % of the weight live, the settlement is withheld"
    lines.append(least)
    if (small := gate.small_numbers) is not None:
        lines.append(
            f"Below {_digits(small.least_denominator)} people, or {_digits(small.least_count)} with or without the "
            f"outcome, a figure is {small.action}"
        )
    return lines


def _scalar(name: str, value: Any, pounds: Callable[[int], str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, (Decimal, int)):
        if name.endswith("_gbp"):
            pence = value * 100
            sign = MINUS if value < 0 else ""
            return pounds(int(pence)) if pence == int(pence) else f"{sign}£{_digits(max(value, -value))}"
        return _digits(value) + (" %" if "pct" in name.split("_") else "")
    return str(value)


def _is_flat(value: Any) -> bool:
    return not isinstance(value, (Mapping, list, tuple))


def _entries(name: str, value: Any, pounds: Callable[[int], str], depth: int) -> Iterator[str]:
    # The unit stands with the figure.
    label = " ".join(word for word in name.split("_") if word not in ("gbp", "pct")) or "part"
    indent = _INDENT * depth
    if _is_flat(value):
        yield f"{indent}{label}: {_scalar(name, value, pounds)}"
    elif isinstance(value, Mapping):
        yield f"{indent}{label}:"
        for key, item in value.items():
            yield from _entries(str(key), item, pounds, depth + 1)
    elif all(_is_flat(item) for item in value):
        yield f"{indent}{label}: {'; '.join(_scalar(name, item, pounds) for item in value) or 'none'}"
    else:
        for number, item in enumerate(value, start=1):
            yield from _entries(f"{name}, {number} of {len(value)}", item, pounds, depth)


def whole_lines(content: Mapping[str, Any], pounds: Callable[[int], str]) -> list[str]:
    """Every entry of the terms, one line each. content: the terms as data; pounds: a sum in pence, in words."""
    return [line for name, value in content.items() for line in _entries(name, value, pounds, 1)]
