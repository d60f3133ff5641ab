"""What changed between two releases: figures, verdicts, scores, submissions and settlements, and nothing that stayed.

Belongs here: finding differences and wording them. Not here: whether either release is whole (verify) or why a figure
is what it is (explain).

Public figures are always compared. KPI values, verdicts, scores, submissions, postings and members' parts need the
members' folder of both; what is not in both copies is said and not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from foundation.tables import cell_text
from publication import columns
from publication.inputs import Row
from publication.older import told
from publication.reader import Release, open_release
from publication.wording import listed, money, number, plural, value_text

TABLES = ("figure", "group", "kpi", "verdict", "score", "submission", "posting", "member", "terms")
# Unit of the steps of a settlement that are scores.
_POINTS = "points"


@dataclass(frozen=True)
class Change:
    """One difference.

    table: figure, group (part of an area's figure), kpi, verdict (what the gate lets a KPI do), score, submission,
    posting, member (a member's part of a posting) or terms. change: added, removed or changed; a submission is new,
    gone or superseded. difference: in pence, for postings and members' parts.
    """

    table: str
    name: str
    change: str
    before: str = ""
    after: str = ""
    status_before: str = ""
    status_after: str = ""
    difference: str = ""

    def as_row(self) -> dict[str, str]:
        return {
            "table": self.table, "name": self.name, "change": self.change, "before": self.before, "after": self.after,
            "status_before": self.status_before, "status_after": self.status_after, "difference": self.difference,
        }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Every difference in a fixed order, one paragraph that sums it up, and what could not be compared."""

    before: str
    after: str
    changes: tuple[Change, ...]
    summary: str
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def rows(self) -> list[dict[str, str]]:
        """The differences as plain rows, for a table or a CSV."""
        return [change.as_row() for change in self.changes]


def _opened(given: Path | Release) -> Release:
    return given if isinstance(given, Release) else open_release(given)


def _release_id(release: Release) -> str:
    return str(release.manifest.get("release_id", ""))


def _pairs(
    before: Mapping[str, Row], after: Mapping[str, Row]
) -> Iterator[tuple[str, Row | None, Row | None]]:  # fmt: skip
    for name in sorted({*before, *after}):
        yield name, before.get(name), after.get(name)


def _figures(table: str, before: Sequence[Row], after: Sequence[Row],
             text: Callable[[Row], str], compared: Sequence[str]) -> list[Change]:  # fmt: skip
    """Figures that came, went, or say something else. compared: columns in which a difference counts."""
    found = []
    for name, old, new in _pairs(
        {row["figure_id"]: row for row in before}, {row["figure_id"]: row for row in after}
    ):  # fmt: skip
        statuses = ("" if old is None else old["data_cut_status"] or "", "" if new is None else
                    new["data_cut_status"] or "")  # fmt: skip
        if old is None or new is None:
            found.append(
                Change(table, name, "added" if old is None else "removed", "" if old is None else text(old),
                       "" if new is None else text(new), *statuses)
            )  # fmt: skip
        elif any(old[column] != new[column] for column in compared):
            found.append(Change(table, name, "changed", text(old), text(new), *statuses))
    return found


def _parts_text(row: Row, words: str) -> str:
    if row["numerator"] is None or row["denominator"] is None:
        return words
    return f"{words} ({cell_text(row['numerator'])} of {cell_text(row['denominator'])})"


def _public_changes(old: Release, new: Release) -> list[Change]:
    def outcome(row: Row) -> str:
        return _parts_text(row, str(row["value_text"]))

    def group(row: Row) -> str:
        entry = (new.catalogue.get(row["indicator_id"]) or old.catalogue[row["indicator_id"]])["value_decimals"]
        return _parts_text(row, value_text(row["value"], entry, row["marker"]))

    digits = ("value", "marker", "numerator", "denominator", "lower", "upper", "data_cut_status", "indicator_version")
    return [
        *_figures("figure", old.public(columns.OUTCOMES), new.public(columns.OUTCOMES), outcome, digits),
        *_figures("group", old.public(columns.BREAKDOWNS), new.public(columns.BREAKDOWNS), group, digits),
    ]


def _kpi_changes(old: Release, new: Release) -> list[Change]:
    def text(row: Row) -> str:
        value = "no value" if row["value"] is None else number(row["value"], row["value_decimals"] or 0)
        return ", ".join(str(part) for part in (value, row["level"], row["quality_status"]) if part)

    compared = ("value", "level", "quality_status", "numerator", "denominator", "data_cut_status", "measurement_start",
                "measurement_end")  # fmt: skip
    return _figures("kpi", old.members(columns.KPI_RETURN), new.members(columns.KPI_RETURN), text, compared)


def _plain_changes(table: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """What came, went or says something else, of things that are told in a few words each."""
    found = []
    for name in sorted({*before, *after}):
        one, two = before.get(name), after.get(name)
        if one != two:
            change = "added" if one is None else "removed" if two is None else "changed"
            found.append(Change(table, name, change, one or "", two or ""))
    return found


def _verdicts(release: Release) -> dict[str, str]:
    """What the gate lets each KPI of each settlement do, check by check: pay, withhold, neutral and why."""
    content = release.json("members/gate.json")
    found = {}
    for record in content if isinstance(content, list) else [content]:
        for entry in record.get("entries", ()):
            if entry["kind"] == "fitness":
                name = f"{record['agreement_id']}:{record['period_id']}:{entry['scope']}:{entry['check_id']}"
                cause = f" ({entry['cause']})" if entry["cause"] else ""
                found[name] = f"{entry['action']}{cause}, {entry['status']}"
    return found


def _scores(release: Release) -> dict[str, str]:
    """Points of every KPI and of every settlement as a whole, to the digit."""
    return {
        row["figure_id"]: f"{row['value']} {_POINTS}"
        for row in release.members(columns.STEPS)
        if row["unit"] == _POINTS
    }


def _submissions(release: Release) -> dict[str, Mapping[str, Any]]:
    cut = dict(release.lineage.get("data_cut") or {})
    return {str(item["submission_id"]): item for item in cut.get("submissions", ())}


def _covers(item: Mapping[str, Any]) -> str:
    return (
        f"{item['feed']} from {item['organisation']}, {item['covers_from']} to {item['covers_to']}, "
        f"sequence {item['sequence']}"
    )


def _rank(item: Mapping[str, Any]) -> tuple[int, str, str]:
    """Of submissions that speak of the same date the one of highest rank counts."""
    return int(item["sequence"]), str(item["covers_to"]), str(item["submission_id"])


def _days(item: Mapping[str, Any]) -> range:
    first, last = (date.fromisoformat(str(item[side])).toordinal() for side in ("covers_from", "covers_to"))
    return range(first, last + 1)


def _supersedes(new: Mapping[str, Any], old: Mapping[str, Any], decided: Collection[int]) -> bool:
    """Whether a later submission speaks of days that another of its feed and sender decided until then."""
    return (
        (new["feed"], new["organisation"]) == (old["feed"], old["organisation"])
        and _rank(new) > _rank(old)
        and any(day in decided for day in _days(new))
    )


def _decided(item: Mapping[str, Any], all_items: Iterable[Mapping[str, Any]]) -> set[int]:
    """Days about which a submission counts among others: those it covers and none of higher rank does."""
    found = set(_days(item))
    for other in all_items:
        same = (other["feed"], other["organisation"]) == (item["feed"], item["organisation"])
        if same and _rank(other) > _rank(item):
            found.difference_update(_days(other))
    return found


def _submission_changes(old: Release, new: Release) -> list[Change]:
    before, after = _submissions(old), _submissions(new)
    came = {name: item for name, item in after.items() if name not in before}
    touched = {(item["feed"], item["organisation"]) for item in came.values()}
    decided = {
        name: _decided(item, before.values())
        for name, item in before.items()
        if (item["feed"], item["organisation"]) in touched
    }
    found = []
    for name in sorted({*before, *after}, key=lambda one: (_covers(after.get(one) or before[one]), one)):
        if name in came:
            found.append(Change("submission", name, "new", "", _covers(came[name])))
            for other, item in sorted(before.items()):
                if other in after and _supersedes(came[name], item, decided.get(other, ())):
                    found.append(Change("submission", other, "superseded", _covers(item), _covers(came[name])))
        elif name not in after:
            days = decided.get(name, set())
            follower = next((item for _, item in sorted(came.items()) if _supersedes(item, before[name], days)), None)
            words = "" if follower is None else _covers(follower)
            found.append(Change("submission", name, "superseded" if follower else "gone", _covers(before[name]), words))
        elif before[name].get("rows_accepted") != after[name].get("rows_accepted"):
            # not how many: a few rows are somebody's
            words = "rows taken out or let back for the rights of the people they are about"
            found.append(Change("submission", name, "changed", _covers(before[name]), words))
    return list(dict.fromkeys(found))


def _posting_changes(old: Release, new: Release, schema: columns.Schema, column: str) -> list[Change]:
    tables = [{row["figure_id"]: row for row in rows} for rows in (
        (old.members(schema), new.members(schema)) if schema is columns.POSTINGS
        else (old.public(schema), new.public(schema))
    )]  # fmt: skip
    found = []
    for name, one, two in _pairs(*tables):
        first, second = (None if row is None else row[column] or 0 for row in (one, two))
        if first == second and one is not None and two is not None and one["status"] == two["status"]:
            continue
        change = "added" if one is None else "removed" if two is None else "changed"
        found.append(
            Change("posting", name, change, "" if first is None else money(first),
                   "" if second is None else money(second), "" if one is None else one["status"],
                   "" if two is None else two["status"], str((second or 0) - (first or 0)))
        )  # fmt: skip
    return found


def _member_changes(old: Release, new: Release) -> list[Change]:
    before, after = ({row["figure_id"]: row["amount_pence"] for row in release.members(columns.MEMBER_LINES)}
                     for release in (old, new))  # fmt: skip
    words = [{name: money(pence or 0) for name, pence in side.items()} for side in (before, after)]
    return [
        replace(change, difference=str((after.get(change.name) or 0) - (before.get(change.name) or 0)))
        for change in _plain_changes("member", *words)
    ]


def _terms_changes(old: Release, new: Release) -> list[Change]:
    before, after = (dict(release.manifest.get("terms") or {}) for release in (old, new))
    found = [Change("terms", name, "removed", before[name]) for name in sorted(set(before) - set(after))]
    return found + [Change("terms", name, "added", "", after[name]) for name in sorted(set(after) - set(before))]


NOUNS = {"figure": "figure", "group": "figure of a group", "kpi": "KPI value", "verdict": "verdict", "score": "score",
         "submission": "submission", "posting": "posting", "member": "member's part",
         "terms": "version of terms"}  # fmt: skip
PLURALS = {"group": "figures of groups", "member": "members' parts", "terms": "versions of terms"}


def _summary(changes: Sequence[Change]) -> str:
    """One paragraph: how much of what changed, and by how much the postings differ together."""
    if not changes:
        return "Nothing changed between the two releases."
    sentences = []
    for table in TABLES:
        counts: dict[str, int] = {}
        for change in changes:
            if change.table == table:
                counts[change.change] = counts.get(change.change, 0) + 1
        if counts:
            words = [
                f"{plural(count, NOUNS[table], PLURALS.get(table))} {'was' if count == 1 else 'were'} {change}"
                if change in ("added", "removed", "changed", "superseded")
                else f"{plural(count, NOUNS[table], PLURALS.get(table))} {'is' if count == 1 else 'are'} {change}"
                for change, count in sorted(counts.items())
            ]
            sentences.append(listed(words) + ".")
    frozen = sum(
        change.table in ("figure", "group", "kpi") and change.change == "changed" and change.status_before == "freeze"
        and change.status_after == "freeze"
        for change in changes
    )  # fmt: skip
    if frozen:
        sentences.append(f"{plural(frozen, 'of them')} was frozen before." if frozen == 1
                         else f"{frozen} of them were frozen before.")  # fmt: skip
    moved = sum(int(change.difference) for change in changes if change.table == "posting")
    if any(change.table == "posting" for change in changes):
        sentences.append(f"The postings together differ by {money(moved)}.")
    return " ".join(sentences)


def compare_releases(before: Path | Release, after: Path | Release) -> Comparison:
    """Every difference from one release to another. WrongUsage when a path is no release."""
    old, new = _opened(before), _opened(after)
    changes, notes = [], [*told(old, "The release before"), *told(new, "The release after")]
    if old.has("public") and new.has("public"):
        changes += _public_changes(old, new)
    else:
        notes.append("public/ is not in both copies: no published figure could be compared.")
    if old.has("members") and new.has("members"):
        changes += _kpi_changes(old, new)
        changes += _plain_changes("verdict", _verdicts(old), _verdicts(new))
        changes += _plain_changes("score", _scores(old), _scores(new))
        changes += _submission_changes(old, new)
        changes += _posting_changes(old, new, columns.POSTINGS, "amount_pence") + _member_changes(old, new)
    else:
        notes.append(
            "members/ is not in both copies: KPI values, verdicts, scores and submissions could not be compared."
        )
        if old.has("public") and new.has("public"):
            changes += _posting_changes(old, new, columns.STATEMENT, "alliance_total_pence")
    changes += _terms_changes(old, new)
    return Comparison(_release_id(old), _release_id(new), tuple(changes), _summary(changes), tuple(notes))


__all__ = ["Change", "Comparison", "compare_releases"]
