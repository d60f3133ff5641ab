"""What a board is handed on paper: pages of the public site put together, and a certificate of the release on one page.

Belongs here: the HTML that is printed, made from a release's own pages and tables. Not here: the browser that prints it
(`orchestration.printing`), the pages themselves (`pages`).

Nothing is written anew but the certificate: what stands in a report is what stands on the site, without its
navigation, and with links only to places in the same document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from foundation.canonical import sha256_bytes
from publication import columns
from publication.pages.book import STATUS_WORDS, line_words
from publication.pages.frame import assets, cell, environment, heads, row
from publication.reader import Release, Unreadable
from publication.wording import capital, money, number, period_long

# name of the document -> pages of the public site in it
DOCUMENTS = {
    "summary": ("index.html",),
    "statement": ("statement.html",),
    "board-report": ("index.html", "statement.html", "data-quality.html"),
}
CERTIFICATE = "certificate"
_MAIN = re.compile(r"<main[^>]*>(.*)</main>", re.DOTALL)
_ILLUSTRATION = re.compile(r'<div class="illustration".*?<p>(.*?)</p>', re.DOTALL)
_ELSEWHERE = re.compile(r'<a\b(?![^>]*href="(?:#|https?:))[^>]*>(.*?)</a>', re.DOTALL)
_NAMED = re.compile(r'\b(id|for|headers|aria-labelledby|aria-describedby)="([^"]+)"')
_FRAGMENT = re.compile(r'((?:xlink:)?href="|url\()#([\w.:-]+)')


def _main(release: Release, page: str, key: str) -> str:
    """What a page says, with names of its own in the document, and without links that lead out of it."""
    file = f"public/site/{page}"
    found = _MAIN.search(release.raw(file).decode())
    if found is None:
        raise Unreadable(file, "is not a page of a site")
    said = _ELSEWHERE.sub(r"\1", found[1])
    said = _NAMED.sub(lambda m: f'{m[1]}="{" ".join(f"{key}-{name}" for name in m[2].split())}"', said)
    return _FRAGMENT.sub(rf"\1#{key}-\2", said)


def _warning(release: Release) -> str:
    """What the site says of its figures above every page, e.g. that they are invented; blank where it says nothing."""
    found = _ILLUSTRATION.search(release.raw("public/site/index.html").decode())
    return found[1].strip() if found else ""


def _frame(release: Release, title: str, parts: Sequence[str]) -> bytes:
    place = release.manifest["place"]
    html = (
        environment()
        .get_template("printed.html.j2")
        .render(title=title, place=place, parts=parts, release=release.manifest["release_id"],
                sources=release.manifest["sources"], warning=_warning(release))
    )  # fmt: skip
    return ("\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n").encode()


def documents(release: Release, proof: str) -> dict[str, bytes]:
    """HTML of every document by name. proof: what `outturn verify` came to, in words.

    Unreadable when a page or table of the public part cannot be read.
    """
    title = str(release.manifest["place"]["title"])
    found = {}
    for name, pages in DOCUMENTS.items():
        parts = [_main(release, page, page.removesuffix(".html")) for page in pages]
        found[name] = _frame(release, f"{title}: {name.replace('-', ' ')}", parts)
    found[CERTIFICATE] = _frame(release, f"{title}: certificate of a release", [_certificate(release, proof)])
    return found


def _certificate(release: Release, proof: str) -> str:
    manifest = release.manifest
    outcomes, statement = release.public(columns.OUTCOMES), release.public(columns.STATEMENT)
    ends = [r["data_complete_as_at"] for r in outcomes if r["data_complete_as_at"]]
    pairs = [
        ("Release", manifest["release_id"]),
        ("Fingerprint of its manifest", sha256_bytes(release.raw("manifest.json"))),
        ("Data cut", manifest["data_cut_id"]),
        ("Data up to", max(ends).isoformat() if ends else "not known"),
        ("Definitions", manifest["definitions_hash"]),
        ("Terms", "; ".join(f"{name.partition('@')[0]} {digest}" for name, digest in manifest["terms"].items())),
        ("Code", manifest["code_version"]),
        ("Proved", proof),
    ]
    rows: list[dict[str, Any]] = [
        row(
            cell(r["agreement_name"]),
            cell(period_long(r["period_id"], "year" if len(r["period_id"]) == 7 else None)),
            cell(capital(line_words(r["line"]))),
            cell(STATUS_WORDS.get(r["status"], capital(r["status"]))),
            cell("–" if r["kpi_score"] is None else number(r["kpi_score"], 2), n=True),
            cell(money(r["alliance_total_pence"]), n=True, figure=r["figure_id"]),
        )
        for r in statement
    ]
    return (
        environment()
        .get_template("release_certificate.html.j2")
        .render(
            page={}, place=manifest["place"],
            pairs=[{"term": term, "text": text} for term, text in pairs if text], rows=rows,
            shadow=[STATUS_WORDS["shadow"]] if any(r["status"] == "shadow" for r in statement) else [],
            head=heads("Agreement", "Period", "Line", "Status", "#Score", "#Alliance total"),
        )
    )  # fmt: skip


def shared_files() -> dict[str, bytes]:
    """Style sheets the documents need beside them, by relative name."""
    return assets()
