"""Every page in a real browser: accessible, offline, without scripts, and nothing leads nowhere. GRW-37, DER-01."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = {
    "public": (
        "index", "statement", "data-quality", "methods", "downloads", "accessibility",
        "indicator-no-criteria-to-reside", "indicator-no-criteria-to-reside-per-100-discharges",
        "indicator-discharged-by-1700", "indicator-talking-therapies-reliable-recovery",
    ),
    "members": ("index", "open-book", "kpi-return", "outlook", "gate", "decisions"),
}  # fmt: skip
EVERY = [(site, page) for site, pages in PAGES.items() for page in pages]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def test_no_page_is_forgotten(sites: dict[str, Path]) -> None:
    for site, folder in sites.items():
        assert {path.stem for path in folder.glob("*.html")} == set(PAGES[site])


def _opened(browser: Browser, path: Path, width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, asked


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(("site", "name"), EVERY)
def test_axe_finds_nothing_and_nothing_leaves_the_page(
    browser: Browser, sites: dict[str, Path], site: str, name: str, width: int
) -> None:
    page, asked = _opened(browser, sites[site] / f"{name}.html", width)
    try:
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
        assert found["passes"], "axe looked at the page"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself never scrolls sideways"
        assert {urlsplit(url).scheme for url in asked} == {"file"}
        assert all(str(sites[site]) in unquote(url) for url in asked)
    finally:
        page.close()


@pytest.mark.parametrize(("site", "name"), [("public", "index"), ("public", "indicator-no-criteria-to-reside")])
def test_text_at_twice_its_size_does_not_scroll_sideways(
    browser: Browser, sites: dict[str, Path], site: str, name: str
) -> None:
    page, _ = _opened(browser, sites[site] / f"{name}.html", 640)
    try:
        page.add_style_tag(content="html { font-size: 200% !important }")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
    finally:
        page.close()


@pytest.mark.parametrize("width", [360, 768, 1024, 1100, 1180, 1400])
def test_nothing_touches_the_edge_of_the_window(browser: Browser, sites: dict[str, Path], width: int) -> None:
    page, _ = _opened(browser, sites["public"] / "index.html", width)
    try:
        edges = page.evaluate(
            "[...document.querySelectorAll('.nhsuk-width-container')].map(e => e.getBoundingClientRect())"
            ".map(r => [r.left, document.documentElement.clientWidth - r.right])"
        )
        assert len(edges) > 2
        assert min(min(pair) for pair in edges) >= 16
    finally:
        page.close()


def test_the_keyboard_reaches_the_skip_link_first_and_then_every_link(browser: Browser, sites: dict[str, Path]) -> None:
    page, _ = _opened(browser, sites["public"] / "index.html", 1280)
    try:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#maincontent"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0, "it shows when it has focus"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "maincontent"
        wanted = page.evaluate("document.querySelectorAll('main a, main [tabindex=\"0\"]').length")
        reached = 0
        while True:
            page.keyboard.press("Tab")
            if not page.evaluate("document.activeElement.closest('main') !== null"):
                break
            reached += 1
            visible = page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement);"
                " return s.boxShadow !== 'none' || s.outlineStyle !== 'none'; })()"
            )
            assert visible, "focus is always visible"
        assert reached == wanted
    finally:
        page.close()


def test_a_page_prints_without_navigation_and_without_cut_tables(browser: Browser, sites: dict[str, Path]) -> None:
    page, _ = _opened(browser, sites["public"] / "indicator-no-criteria-to-reside.html", 794)
    try:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('.house__nav')).display") == "none"
        assert page.evaluate("getComputedStyle(document.querySelector('.region')).overflowX") == "visible"
    finally:
        page.close()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src") and value:
                self.links.append(value)
            if name.startswith("on"):
                self.handlers.append(name)


def _read(path: Path) -> _Reader:
    reader = _Reader()
    reader.feed(path.read_text())
    return reader


@pytest.mark.parametrize(("site", "name"), EVERY)
def test_no_script_and_every_link_leads_somewhere(sites: dict[str, Path], site: str, name: str) -> None:
    path = sites[site] / f"{name}.html"
    reader = _read(path)
    assert not {"script", "iframe", "object", "embed", "form"} & reader.tags
    assert reader.handlers == []
    assert len(reader.ids) == len(set(reader.ids)), "an id stands once on a page"
    for link in reader.links:
        parts = urlsplit(link)
        assert parts.scheme == "", f"{link} leaves the release"
        assert parts.netloc == ""
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        assert target.is_file(), link
        if parts.fragment:
            assert parts.fragment in _read(target).ids, link


def test_style_sheets_fetch_nothing_and_carry_no_foreign_identity(sites: dict[str, Path]) -> None:
    for folder in sites.values():
        for sheet in (folder / "assets").glob("*.css"):
            text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
            assert not re.search(r"url\(|@import|@font-face|Frutiger", text), sheet.name
        assert (folder / "assets" / "nhsuk-frontend.LICENSE.txt").is_file()
        for page in folder.glob("*.html"):
            assert "nhsuk-header" not in page.read_text(), "the header is the place's own"


def test_pages_are_light(sites: dict[str, Path]) -> None:
    import gzip

    for folder in sites.values():
        for page in folder.glob("*.html"):
            assert len(gzip.compress(page.read_bytes())) <= 60_000, page.name


def test_charts_have_a_name_a_gap_and_a_table(sites: dict[str, Path]) -> None:
    text = (sites["public"] / "indicator-no-criteria-to-reside.html").read_text()
    drawings = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", text, re.DOTALL)
    assert len(drawings) == 2, "a wide and a narrow drawing"
    for drawing in drawings:
        assert "<title" in drawing
        assert "without a figure" in drawing
        assert not re.search(r"aria-(?!labelledby)", drawing)
    assert text.count("[w]") >= 10
    assert "Months" in text


def test_the_summary_says_what_may_be_said_and_what_is_owed(sites: dict[str, Path]) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (sites["public"] / "index.html").read_text()))
    assert "465.0 patients on an average day. That is 13.6 lower (better) than the agreed baseline of 478.6" in text
    assert "You may not yet quote a figure for quarters 1 and 2 of 2025/26" in text
    assert "SHADOW – nothing is payable" in text
    quality = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (sites["public"] / "data-quality.html").read_text()))
    assert (
        "Quarter 1 of 2025/26 is withheld because 20 of its 91 days lack figures from at least one organisation that "
        "must report; the agreed limit is 10 %." in quality
    )
