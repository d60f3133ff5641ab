"""The attack made again on a copy of a release: alone, or beside a former one.

Belongs here: what can be attacked with what is here, and what to say of it. Not here: the attack (`disclosure.attack`),
the other proofs (`verify`).
"""

from __future__ import annotations

from pathlib import Path

from foundation.errors import OutturnError
from publication import columns
from publication.crosscheck import Problem
from publication.disclosure.attack import Contradiction, attack
from publication.disclosure.evidence import evidence_of
from publication.former import Former, look_of
from publication.hidden import ALREADY, FILE
from publication.reader import Release, open_release

_FILE = "public/data/outcomes.parquet"


def attack_again(release: Release, after: Path | None) -> tuple[list[Problem], list[str]]:
    """Hidden counts that fall, and notes on what was tried and what could not be.

    With the analysts' part here it is known what was revised and which counts are small; a public copy is attacked by a
    reader who supposes that what was not visibly revised was not revised.
    """
    if not release.has("public"):
        return [], []
    exempt = frozenset(release.lineage.get("exempt", ())) if release.has("members") else _exact_ones(release)
    if set(release.catalogue) <= exempt:
        return [], []
    try:
        looks = [look_of(Former(release.root, release.manifest))]
        if after is not None and after.is_dir():
            former = open_release(after)
            looks.insert(0, look_of(Former(former.root, former.manifest)))
    except OutturnError as fault:
        return [], [f"The attack on hidden counts was not made: {fault.message}"]
    known = set()
    if release.has(FILE):
        rows = release.parquet(FILE, columns.DISCLOSURE)
        known = {row["figure_id"] for row in rows if row["why"] == ALREADY}
    notes = []
    evidence = evidence_of(looks, release.catalogue, exempt, looks[-1].rules, granted=False)
    try:
        outcome = attack(evidence.system, evidence.targets)
    except Contradiction:
        if len(looks) == 1:
            return [Problem(_FILE, "shows figures that cannot be true at once.")], []
        notes.append("Beside the former release the attack says nothing: figures were revised where nothing shows it.")
        looks = looks[-1:]
        evidence = evidence_of(looks, release.catalogue, exempt, looks[-1].rules, granted=False)
        outcome = attack(evidence.system, evidence.targets)
    problems = [
        Problem(_FILE if figure.startswith("indicator:") else "public/data/breakdowns.parquet",
                "is hidden, and could be worked out from what is shown.", figure)
        for found in outcome.open for figure in found.target.figures if figure not in known
    ]  # fmt: skip
    beside = " beside the former release" if len(looks) > 1 else ""
    said = f"The attack was made{beside}: {outcome.targets} hidden counts, {outcome.unknowns} unknowns, "
    return problems, [*notes, said + f"{outcome.equations} sums."]


def _exact_ones(release: Release) -> frozenset[str]:
    """Of a public copy, the indicators that are openly published: those with a count that was not rounded."""
    found = set(release.catalogue)
    for schema in (columns.OUTCOMES, columns.BREAKDOWNS):
        for row in release.public(schema):
            if row["marker"] == "c":
                found.discard(row["indicator_id"])
    return frozenset(found)


__all__ = ["attack_again"]
