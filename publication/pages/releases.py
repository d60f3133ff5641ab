"""Releases and revisions: the releases before this one, what moved with each, and what that came to in money.

Belongs here: the list as a page. Not here: the list itself (`publication.revisions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foundation.errors import WrongUsage
from foundation.figures import parse_figure_id
from publication.inputs import Row
from publication.pages.book import Book, line_words, page_of
from publication.pages.frame import cell, heads, render, row
from publication.wording import MARKERS, capital, day, group_name, money, period_name, plural

# Longer lists are in the file.
SHOWN = 60


def _moved(pence: int | None) -> str:
    if pence is None:
        return "–"
    return f"{'+' if pence > 0 else ''}{money(pence)}"


def _when(label: str, kind: str | None = None) -> str:
    return capital(period_name(label, kind or ("year" if len(label) == 7 else None)))


def _release_name(one: Row) -> str:
    return f"Release {one['sequence']}" + ("" if one["release_id"] else ", this one")


def _statement_table(book: Book) -> dict[str, Any] | None:
    """Every line of a statement that moved, the latest release first."""
    names = {one.agreement_id: one.name for one in book.agreements}
    rows = []
    for one in sorted((r for r in book.revisions if r["what"] == "statement"), key=lambda r: -r["sequence"]):
        try:
            parts = dict(parse_figure_id(one["name"]).parts)
        except WrongUsage:
            continue
        own = not one["release_id"] and one["after"]
        rows.append(
            row(
                cell(_release_name(one)),
                cell(names.get(parts["agreement"], parts["agreement"]),
                     more=f"{_when(parts['period'])}, {line_words(parts['line'])}"),
                cell(one["before"] or "–", n=True),
                cell(one["after"] or "–", n=True, **({"figure": one["name"]} if own else {})),
                cell(_moved(one["difference_pence"]), n=True), cell(capital(one["words"] or "")),
            )
        )  # fmt: skip
    if not rows:
        return None
    return {"key": "money-table", "caption": "Lines of the statement that moved",
            "head": heads("With", "Settlement", "#Before", "#After", "#Difference", "What"), "rows": rows,
            "note": "For the alliance as a whole. In shadow no money moves, and the difference is what would "
                    "have."}  # fmt: skip


def _figure_table(book: Book) -> dict[str, Any] | None:
    """Figures that moved with this release; those of areas first."""
    mine = [r for r in book.revisions if r["what"] == "figure" and not r["release_id"]]
    mine.sort(key=lambda r: (not r["name"].startswith("indicator:"), r["name"]))
    rows = []
    for one in mine[:SHOWN]:
        found = book.by_id.get(one["name"])
        if found is None:
            rows.append(row(cell(one["name"]), cell(""), cell("–", n=True), cell("–", n=True), cell("Gone")))
            continue
        entry = book.catalogue[found["indicator_id"]]
        group = found.get("breakdown_kind")
        rows.append(
            row(
                cell(entry["name"], href=page_of(found["indicator_id"]),
                     more=capital(group_name(group, found["breakdown_group"])) if group else found["area_name"]),
                cell(_when(found["period_id"], found["period_kind"])),
                cell(one["before"] or "not told", n=True), cell(one["after"], n=True, figure=one["name"]),
                cell(capital(one["words"] or ""),
                     more=MARKERS.get(found["marker"], "") if found["marker"] in ("w", "x", "c", "z") else ""),
            )
        )  # fmt: skip
    if not rows:
        return None
    rest = len(mine) - len(rows)
    return {"key": "figures-table", "caption": "Figures that moved with this release",
            "head": heads("Figure", "Period", "#Before", "#Now", "What"), "rows": rows,
            "note": "What a figure was before is told only while it is shown now."
                    + (f" {plural(rest, 'further figure')} in revisions.csv, on the page with downloads." if rest
                       else "")}  # fmt: skip


def releases_page(book: Book, site: Mapping[str, Any]) -> bytes:
    """The page as bytes."""
    releases = sorted((r for r in book.revisions if r["what"] == "release"), key=lambda r: -r["sequence"])
    own = releases[0] if releases else None
    rows = [
        row(
            cell(_release_name(one)),
            cell(day(one["published_on"]) if one["published_on"] else "–"),
            cell(_moved(one["difference_pence"]), n=True), cell(one["words"] or ""),
            cell((one["release_id"] or "")[:12] or "see below", code=bool(one["release_id"])),
        )
        for one in releases
    ]  # fmt: skip
    return render(
        "public/releases.html.j2",
        {"title": "Releases and revisions", "heading": "Releases and revisions",
         "caption": "What moved, and by how much", "nav": "releases.html",
         "description": "Every release so far, what moved with it, and what it came to in money."},
        site,
        lede=f"This is release {own['sequence']} of {book.inputs.place.title}. {own['words']}" if own
        else "This release holds no list of former releases.",
        money=_statement_table(book), figures=_figure_table(book),
        releases={"key": "releases-table", "caption": "Releases in order, the latest first",
                  "head": heads("Release", "Published on", "#Statements moved by", "What moved", "Id begins with"),
                  "rows": rows,
                  "note": "A release is never changed. Its own id and day cannot stand in it: the id is the hash of "
                          "what it says, and the day is recorded, signed, when it is published."}
        if rows else None,
    )  # fmt: skip
