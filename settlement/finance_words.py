"""What words of the terms that are recorded for finance say: a decision, the grant, a body that can hold no money.

Belongs here: reading such words. Not here: the rules that rest on them (`terms_lint_payments`, `payments`).
"""

from __future__ import annotations

import re

# Under any of these names money is the council's ring-fenced grant for public health.
_GRANT = re.compile(r"\b(public health (ring fenced )?grant|ph grant|phg)\b")
_NO_ENTITY = re.compile(r"\b(pcns?|primary care networks?)\b")
# Words that stand where somebody has still to decide.
_UNDECIDED = frozenset(
    (
        "",
        "n a",
        "na",
        "none",
        "not known",
        "pending",
        "tba",
        "tbc",
        "tbd",
        "to be agreed",
        "to be confirmed",
        "to be decided",
        "to follow",
        "unknown",
    )
)


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def is_undecided(text: str) -> bool:
    """Whether an entry holds no decision: nothing but punctuation, or a word that puts it off."""
    return _words(text) in _UNDECIDED


def is_grant(funding_source: str, also: tuple[str, ...] | None = None) -> bool:
    """Whether a budget is the ring-fenced public health grant, by its name or by one of the names agreed for it."""
    words = _words(funding_source)
    return bool(_GRANT.search(words)) or words in {_words(name) for name in also or ()}


def is_no_entity(role: str, name: str) -> bool:
    """Whether a member is a primary care network by its id or name: it can hold no contract and receive no money."""
    return bool(_NO_ENTITY.search(_words(role)) or _NO_ENTITY.search(_words(name)))
