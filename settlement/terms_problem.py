"""An entry of the terms that breaks a rule, and the rule that nothing is named twice.

Belongs here: what every set of rules shares. Not here: the rules (`terms_lint`, `terms_lint_finance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """An entry of the terms that breaks a rule."""

    path: tuple[str | int, ...]
    what: str
    mend: str


def named_twice(values: Sequence[str], path: tuple[str | int, ...], key: str | None, noun: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            where = (*path, index) if key is None else (*path, index, key)
            yield Problem(where, f"the {noun} `{value}` is named twice.", "give each its own name or remove one.")
        seen.add(value)
