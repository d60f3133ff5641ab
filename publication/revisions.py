"""What moved from release to release: the list every release carries on from the one before it.

Belongs here: finding the release before this one, what moved between the two in what the public sees, carrying the list
on, and proving it. Not here: every difference for members (`compare`), how the list looks (`pages.releases`).

A release must be the same bytes whenever it is built again, also when later ones have been published. So the one before
it is not the last: it is the one that was in force when a release with the same contents (`basis`) first came out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from foundation.canonical import content_id, sha256_file
from foundation.errors import OutturnError, Refused
from publication import columns
from publication.inputs import Row, rows_of
from publication.reader import Release, Unreadable, open_release
from publication.wording import capital, listed, money, plural, value_text

# Figures that moved are carried on for this many releases; releases and statements for good.
KEPT = 12
_BESIDE = ("outcomes", "breakdowns", "spc_points", "indicators", "statement", "completeness")
_OPEN_BOOK = ("kpi_return", "ledger", "steps", "postings", "member_lines", "payments", "journal", "advances",
              "prior_postings")  # fmt: skip
_HEADER = ("place", "data_cut_id", "definitions_hash", "code_version", "engine_version", "terms", "decision_logs")
FILE = f"public/data/{columns.REVISIONS.name}.parquet"


def basis_of(header: Mapping[str, Any], folder: Path) -> str:
    """Hash of what a release says, without this list: of its tables and of what its manifest is headed by."""
    names = [f"public/data/{name}.csv" for name in _BESIDE] + [f"members/{name}.csv" for name in _OPEN_BOOK]
    files = {name: sha256_file(folder / name) for name in names}
    return content_id({**{name: header.get(name) for name in _HEADER}, "files": files})


# --- the release before -------------------------------------------------------------------------------------------


def _own(rows: Sequence[Row]) -> Row | None:
    """The row a release has of itself."""
    return next((r for r in rows if r["what"] == "release" and not r["release_id"]), None)


def _is_as_published(folder: Path) -> bool:
    """Whether the public tables of a former release are those its manifest names."""
    try:
        entries = json.loads((folder / "manifest.json").read_bytes())["files"]
        names = [f"public/data/{name}.parquet" for name in (*_BESIDE, columns.REVISIONS.name)]
        return all(sha256_file(folder / name) == entries[name]["sha256"] for name in names if name in entries)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _proved(folder: Path) -> Release:
    """A former release whose public tables are those it was published with. Refused when one was changed or is gone."""
    if not _is_as_published(folder):
        raise Refused(
            f"the former release {folder.name} was changed: what moved since then cannot be told.",
            "restore that folder from a backup, or move it away if another copy of it is kept, then run again.",
        )
    return open_release(folder)


def _rows_at(folder: Path) -> list[Row]:
    """The list a former release carries; none in one from before there was such a list."""
    return open_release(folder).public(columns.REVISIONS) if (folder / FILE).is_file() else []


def former_release(
    releases: Path, published: Sequence[tuple[str, date]], basis: str
) -> tuple[Release | None, dict[str, date]]:
    """The release that came before one of this basis, and the day each was published. None before the first.

    published: (release id, day) in order. A release whose folder is gone is passed over.
    """
    days: dict[str, date] = {}
    for name, day in published:
        days.setdefault(name, day)
    former: Path | None = None
    for name, _ in published:
        folder = releases / name
        if not (folder / "manifest.json").is_file():
            continue
        own = _own(_rows_at(folder))
        if own is not None and own["name"] == basis:
            break
        former = folder
    return (None if former is None else _proved(former)), days


# --- what moved ---------------------------------------------------------------------------------------------------


def _texts(outcomes: Iterable[Row], breakdowns: Iterable[Row], decimals: Mapping[str, int]) -> dict[str, Row]:
    """Every public figure by id: what is printed of it, and whether it is shown."""
    found: dict[str, Row] = {
        r["figure_id"]: {"text": r["value_text"], "shown": r["value"] is not None} for r in outcomes
    }
    for r in breakdowns:
        text = value_text(r["value"], decimals[r["indicator_id"]], r["marker"])
        found[r["figure_id"]] = {"text": text, "shown": r["value"] is not None}
    return found


def figures_shown(outcomes: Iterable[Row], breakdowns: Iterable[Row], indicators: Iterable[Row]) -> dict[str, Row]:
    """`_texts` of the tables of one release; of an indicator's versions the latest gives the decimals."""
    return _texts(outcomes, breakdowns, {r["indicator_id"]: r["value_decimals"] for r in indicators})


def _figure_rows(before: Mapping[str, Row], after: Mapping[str, Row]) -> tuple[list[Row], str]:
    """A row for every figure both releases have that is printed otherwise, and all that moved in a sentence.

    What a figure was is told only while it is shown: what is hidden now must not be read here.
    """
    rows, counts = [], {"new": 0, "changed": 0, "now shown": 0, "no longer shown": 0, "gone": 0}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None:
            counts["new"] += 1
            continue
        if new is None:
            counts["gone"] += 1
        elif old["text"] == new["text"]:
            continue
        else:
            counts["changed" if old["shown"] and new["shown"] else "now shown" if new["shown"] else "no longer shown"
                   if old["shown"] else "changed"] += 1  # fmt: skip
        tells = new is not None and new["shown"]
        rows.append({"what": "figure", "name": name, "before": old["text"] if tells else "",
                     "after": new["text"] if new is not None else "", "words": _moved(old, new)})  # fmt: skip
    said = [
        f"{plural(count, 'figure')} {'is' if count == 1 else 'are'} {how}" for how, count in counts.items() if count
    ]
    return rows, (listed(said) + ".") if said else "No figure moved."


def _moved(old: Row, new: Row | None) -> str:
    if new is None:
        return "gone"
    if not new["shown"]:
        return "no longer shown" if old["shown"] else "another reason"
    return "changed" if old["shown"] else "now shown"


def _statement_rows(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[Row], str]:
    """A row for every line of a statement that came, went or moved, and the sum of it in a sentence."""
    rows, total = [], 0
    old_rows, new_rows = ({r["figure_id"]: r for r in side} for side in (before, after))
    for name in sorted({*old_rows, *new_rows}):
        old, new = old_rows.get(name), new_rows.get(name)
        pence = [0 if one is None else one["alliance_total_pence"] or 0 for one in (old, new)]
        if old is not None and new is not None and (pence[0], old["status"]) == (pence[1], new["status"]):
            continue
        total += pence[1] - pence[0]
        words = "new" if old is None else "gone" if new is None else "changed"
        if old is not None and new is not None and old["status"] != new["status"]:
            words = f"from {old['status']} to {new['status']}"
        rows.append({"what": "statement", "name": name, "before": "" if old is None else money(pence[0]),
                     "after": "" if new is None else money(pence[1]), "difference_pence": pence[1] - pence[0],
                     "words": words})  # fmt: skip
    if not rows:
        return [], "No statement moved."
    return rows, f"The statements together move by {money(total)}."


def revisions(
    former: Release | None, days: Mapping[str, date], basis: str, tables: Mapping[str, Sequence[Row]]
) -> list[Row]:
    """The list of this release: what moved since the one before, and what that one's list says of the time before.

    tables: the public rows of this release by table. Refused when the former release cannot be read.
    """
    now = figures_shown(tables["outcomes"], tables["breakdowns"], tables["indicators"])
    carried: list[Row] = []
    if former is None:
        own = [{"what": "release", "name": basis, "words": "The first release."}]
        return _finished(own, carried, 1)
    try:
        had = former.public(columns.REVISIONS) if former.has(FILE) else []
        before = figures_shown(*(former.public(one) for one in (columns.OUTCOMES, columns.BREAKDOWNS,
                                                                columns.INDICATORS)))  # fmt: skip
        figure_rows, figure_words = _figure_rows(before, now)
        statement_rows, statement_words = _statement_rows(former.public(columns.STATEMENT), tables["statement"])
    except Unreadable as fault:
        raise Refused(
            f"the former release {former.root.name} cannot be read: {fault.message}",
            "restore that folder from a backup, or move it away if another copy of it is kept, then run again.",
        ) from None
    name = former.root.name
    last = _own(had)
    sequence = 2 if last is None else last["sequence"] + 1
    if last is None:
        carried.append({"sequence": 1, "release_id": name, "published_on": days.get(name), "what": "release",
                        "words": "From before releases listed what moved."})  # fmt: skip
    for r in had:
        entry = {**r, "release_id": r["release_id"] or name}
        if entry["what"] == "release" and not r["release_id"]:
            entry["published_on"] = days.get(name)
        if entry["what"] == "figure":
            if r["sequence"] <= sequence - KEPT:
                continue
            if not now.get(r["name"], {"shown": False})["shown"]:
                entry |= {"before": "", "after": ""}
        carried.append(entry)
    moved = sum(r["difference_pence"] for r in statement_rows) if statement_rows else None
    itself: Row = {"what": "release", "name": basis, "words": f"{statement_words} {capital(figure_words)}",
                   "difference_pence": moved}  # fmt: skip
    return _finished([itself, *statement_rows, *figure_rows], carried, sequence)


def _finished(own: Iterable[Mapping[str, Any]], carried: Sequence[Row], sequence: int) -> list[Row]:
    blank = dict.fromkeys(columns.REVISIONS.names)
    rows = [{**blank, **r, "sequence": sequence} for r in own] + [{**blank, **r} for r in carried]
    return rows_of(columns.REVISIONS, rows)


# --- proof --------------------------------------------------------------------------------------------------------


def revision_faults(release: Release) -> list[tuple[str, str]]:
    """(what is wrong, figure or blank) in the list of a release, as far as the release alone tells."""
    rows = release.public(columns.REVISIONS)
    own = [r for r in rows if r["what"] == "release" and not r["release_id"]]
    numbers = sorted(r["sequence"] for r in rows if r["what"] == "release")
    if len(own) != 1 or numbers != list(range(1, len(numbers) + 1)) or own[0]["sequence"] != numbers[-1]:
        return [("does not list one release after another up to this one.", "")]
    faults: list[tuple[str, str]] = []
    if release.has("members") and own[0]["name"] != basis_of(release.manifest, release.root):
        faults.append(("was made for other figures than those that are here.", ""))
    now = figures_shown(*(release.public(one) for one in (columns.OUTCOMES, columns.BREAKDOWNS, columns.INDICATORS)))
    paid = {r["figure_id"]: r["alliance_total_pence"] or 0 for r in release.public(columns.STATEMENT)}
    for r in rows:
        figure = now.get(r["name"])
        if r["what"] == "figure" and (figure is None or not figure["shown"]) and r["before"]:
            faults.append(("tells what a figure was that is not shown.", r["name"]))
        if r["release_id"] or r["what"] == "release":
            continue
        if r["what"] == "figure" and (r["after"] or "") != ("" if figure is None else figure["text"]):
            faults.append((f"says {r['after']} of a figure that is {figure and figure['text']}.", r["name"]))
        pence = paid.get(r["name"])
        if r["what"] == "statement" and (r["after"] or "") != ("" if pence is None else money(pence)):
            faults.append((f"says {r['after']} of a statement that is {pence}.", r["name"]))
        if r["what"] == "statement" and r["before"] and money((pence or 0) - r["difference_pence"]) != r["before"]:
            faults.append(("its difference is not that of before and after.", r["name"]))
    return faults


def later_revision_faults(release: Release, former: Release) -> list[tuple[str, str]]:
    """What is wrong in the list beside the release it says it follows; nothing when that is another one."""
    rows = release.public(columns.REVISIONS)
    own = _own(rows)
    before = [r for r in rows if r["what"] == "release" and own and r["sequence"] == own["sequence"] - 1]
    name = str(former.manifest.get("release_id"))
    if own is None or not before or before[0]["release_id"] != name or not former.has("public"):
        return []
    tables = {one.name: release.public(one) for one in (columns.OUTCOMES, columns.BREAKDOWNS, columns.INDICATORS,
                                                        columns.STATEMENT)}  # fmt: skip
    kept = ("sequence", "release_id", "published_on")
    try:
        # the copy's folder may have another name: what is compared leaves the names out
        wanted = revisions(former, {}, str(own["name"]), tables)
    except OutturnError as fault:
        return [(fault.message, "")]

    def plain(found: Sequence[Row]) -> list[tuple[Any, ...]]:
        return sorted(tuple(str(v) for k, v in r.items() if k not in kept) for r in found)

    return [] if plain(rows) == plain(wanted) else [("does not follow from the release it says it follows.", "")]
