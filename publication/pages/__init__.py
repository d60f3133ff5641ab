"""The two sites of a release, as bytes by file name.

Belongs here: which pages there are. Not here: what a page says (one module a page). Pages are static, use no
script and fetch nothing.
"""

from __future__ import annotations

from publication.pages.book import Book, figures_of, page_of
from publication.pages.frame import assets, site_facts
from publication.pages.indicator import indicator_page
from publication.pages.networks import network_pages
from publication.pages.plan import plan_page
from publication.pages.quality import quality_page
from publication.pages.reference import accessibility_page, downloads_page, methods_page
from publication.pages.releases import releases_page
from publication.pages.statement import statement_page
from publication.pages.summary import summary_page


def public_pages(book: Book) -> dict[str, bytes]:
    """Every page of the public site by file name."""
    site = site_facts(book, public=True)
    pages = {
        "index.html": summary_page(book, site),
        "statement.html": statement_page(book, site),
        "data-quality.html": quality_page(book, site),
        "plan.html": plan_page(book, site),
        "releases.html": releases_page(book, site),
        "methods.html": methods_page(book, site),
        "downloads.html": downloads_page(book, site),
        "accessibility.html": accessibility_page(site),
    }
    for indicator_id in book.catalogue:
        if figures_of(book, indicator_id):
            pages[page_of(indicator_id)] = indicator_page(book, indicator_id, site)
    return pages | network_pages(book, site)


__all__ = ["assets", "public_pages"]
