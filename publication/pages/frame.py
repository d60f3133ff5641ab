"""The frame every page stands in: templates, table cells, head and foot, assets.

Belongs here: how a page becomes bytes. Not here: what stands on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from markupsafe import Markup

from publication.pages.book import Book
from publication.wording import LEVEL_WORDS, LEVELS, day

ROOM = Path(__file__).resolve().parent.parent
ASSETS = ("nhsuk-frontend.css", "nhsuk-frontend.LICENSE.txt", "outturn.css", "mark.svg")
TAGS = {"": ("fit", "Published"), "p": ("p", "Provisional"), "w": ("w", "Withheld"), "x": ("x", "Not available"),
        "c": ("x", "Confidential"), "z": ("x", "Not applicable")}  # fmt: skip


@cache
def environment() -> Environment:
    """Jinja with autoescape; an undefined name is an error, not an empty cell."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(ROOM / "templates"), PackageLoader("nhsuk_frontend_jinja", "templates")]),
        autoescape=True,
        undefined=_Absent,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class _Absent(ChainableUndefined):
    """A name nobody set: false in a test, with any attribute absent too, and an error when printed.

    The NHS templates ask for many options that are not set, so the strict kind cannot be used with them.
    """

    def __str__(self) -> str:
        return str(self._fail_with_undefined_error())


def cell(text: Any, **more: Any) -> dict[str, Any]:
    """A table cell. more: n (number), figure (id), href, tag, code, more (second line)."""
    return {"text": text, **more}


def level_cell(level: str | None, **more: Any) -> dict[str, Any]:
    """A level of the alliance as a whole: its place among the five and its name, on a colour of its own."""
    if not level:
        return cell("–")
    return cell(LEVEL_WORDS[level], level=level.replace("_", "-"), rank=str(LEVELS.index(level) + 1), **more)


def row(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), **more}


def chart_of(drawn: tuple[str, str], words: str, key: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A drawing for wide and for narrow screens, what its shapes mean, and the words under it.

    drawn: SVG from `drawings`, which escapes every word it writes.
    """
    wide, narrow = (Markup(one) for one in drawn)  # noqa: S704 - ours, and escaped where it was drawn
    return {"wide": wide, "narrow": narrow, "key": list(key), "words": words}


def heads(*names: str) -> list[dict[str, Any]]:
    """Column heads; a leading `#` marks a column of numbers."""
    return [{"text": name.lstrip("#"), "n": name.startswith("#")} for name in names]


def render(template: str, page: Mapping[str, Any], site: Mapping[str, Any], **context: Any) -> bytes:
    """One page as bytes, without trailing spaces."""
    full = {"caption": "", "crumb": None, "nav": "", **page}
    html = environment().get_template(template).render(page=full, site=site, **context)
    return ("\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n").encode()


def site_facts(book: Book, *, public: bool) -> dict[str, Any]:
    """What stands on every page of a site."""
    inputs, place = book.inputs, book.inputs.place
    ends = [r["data_complete_as_at"] for r in book.view.outcomes if r["data_complete_as_at"]]
    nav = (
        [("index.html", "Summary"), ("statement.html", "Statement"),
         *([("networks.html", "Networks")] if book.networks else []), ("data-quality.html", "Data quality"),
         ("plan.html", "Forward plan"), ("releases.html", "Releases"), ("methods.html", "Methods"),
         ("downloads.html", "Downloads")]
        if public
        else [("index.html", "Settlements"), ("open-book.html", "Open book"), ("kpi-return.html", "KPI return"),
              ("outlook.html", "Outlook"), ("gate.html", "Checks"), ("decisions.html", "Decisions")]
    )  # fmt: skip
    return {
        "public": public,
        "title": place.title if public else f"{place.title}: members’ open book",
        "subtitle": place.subtitle,
        "area": place.area_name,
        "classification": "Public" if public else "Members only",
        "classification_words": (
            "Public: free to read, copy and quote."
            if public
            else "For the members of the agreement and its commissioners only. It holds each member’s costs and shares."
        ),
        "illustration": place.illustration_note,
        "nav": [{"href": href, "text": text} for href, text in nav],
        "data_to": day(max(ends)) if ends else "not known",
        "cut": inputs.data_cut_id[:12],
        "definitions": inputs.definitions_hash[:12],
        "code_version": inputs.code_version,
        "sources": list(place.sources),
    }


def assets() -> dict[str, bytes]:
    """Style sheets, mark and licence that every site carries, by file name."""
    return {f"assets/{name}": (ROOM / "assets" / name).read_bytes() for name in ASSETS}
