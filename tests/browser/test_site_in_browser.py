"""Every page in a real browser: accessible, offline, without scripts, and nothing leads nowhere. GRW-37, DER-01."""

from __future__ import annotations

import gzip
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from publication.charts import POINTS

pytestmark = pytest.mark.browser

COMMON = (
    "index", "statement", "data-quality", "plan", "releases", "methods", "downloads", "accessibility",
)  # fmt: skip
PAGES = {
    "public": (
        *COMMON,
        "indicator-no-criteria-to-reside", "indicator-no-criteria-to-reside-per-100-discharges",
        "indicator-discharged-by-1700", "indicator-talking-therapies-reliable-recovery",
    ),
    "people": (
        *COMMON, "networks", "network-zpn1", "network-zpn2", "network-zpn3",
        "indicator-four-week-quit", "indicator-falls-admissions-65-over", "indicator-treatment-wait",
    ),
    "members": ("index", "open-book", "kpi-return", "outlook", "gate", "decisions"),
}  # fmt: skip
EVERY = [(site, page) for site, pages in PAGES.items() for page in pages]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Text that is cut off: what an element holds is wider or higher than it, and it does not let it be seen.
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(e => {
  const s = getComputedStyle(e);
  if (e.closest('svg') || s.position === 'absolute') return false;
  return (s.overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)
      || (s.overflowY === 'hidden' && e.scrollHeight > e.clientHeight + 1);
}).map(e => e.outerHTML.slice(0, 120))"""
# What scrolls by itself is reached with the keyboard and has a name.
UNREACHED = """() => [...document.querySelectorAll('main *')].filter(e =>
  ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth
  && !(e.tabIndex === 0 && (e.hasAttribute('aria-label') || e.hasAttribute('aria-labelledby')))
).map(e => e.outerHTML.slice(0, 120))"""


def test_no_page_is_forgotten(sites: dict[str, Path]) -> None:
    for site, folder in sites.items():
        assert {path.stem for path in folder.glob("*.html")} == set(PAGES[site])


def _opened(browser: Browser, path: Path, width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, asked


@pytest.mark.parametrize(("site", "name"), EVERY)
def test_axe_finds_nothing_and_nothing_leaves_the_page(
    browser: Browser, sites: dict[str, Path], site: str, name: str
) -> None:
    """At 1280 and at 320 pixels, the second of which is also 400 % of the first; then with letters twice as large."""
    page, asked = _opened(browser, sites[site] / f"{name}.html", 1280)
    try:
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
            assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
            assert found["passes"], "axe looked at the page"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page never scrolls sideways"
            assert page.evaluate(UNREACHED) == []
            assert page.evaluate(CUT_OFF) == []
        page.set_viewport_size({"width": 640, "height": 900})
        page.add_style_tag(content="html { font-size: 200% !important }")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, "at twice its size"
        assert page.evaluate(CUT_OFF) == [], "at twice its size"
        assert {urlsplit(url).scheme for url in asked} == {"file"}
        assert all(str(sites[site]) in unquote(url) for url in asked)
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


@pytest.mark.parametrize(
    ("site", "name"), [("public", "index"), ("people", "network-zpn1"), ("people", "indicator-four-week-quit"),
                       ("members", "index")],
)  # fmt: skip
def test_the_keyboard_reaches_the_skip_link_first_and_then_every_link(
    browser: Browser, sites: dict[str, Path], site: str, name: str
) -> None:
    page, _ = _opened(browser, sites[site] / f"{name}.html", 1280)
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


@pytest.mark.parametrize(
    ("site", "name"), [("public", "indicator-no-criteria-to-reside"), ("people", "network-zpn1"), ("members", "index")]
)
def test_a_page_prints_without_navigation_and_without_cut_tables(
    browser: Browser, sites: dict[str, Path], site: str, name: str
) -> None:
    page, _ = _opened(browser, sites[site] / f"{name}.html", 794)
    try:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('.house__nav')).display") == "none"
        assert page.evaluate("getComputedStyle(document.querySelector('.region')).overflowX") == "visible"
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 less margins of 1 cm
        wide = (
            "[...document.querySelectorAll('.region table')].filter(t => t.scrollWidth > t.parentElement.clientWidth)"
        )
        assert page.evaluate(f"{wide}.map(t => t.caption.innerText)") == [], "no table is wider than the paper"
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


@cache
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


def test_every_drawing_has_a_title_a_narrow_twin_and_a_table(sites: dict[str, Path]) -> None:
    for folder in sites.values():
        for path in folder.glob("*.html"):
            for figure in re.findall(r"<figure class=\"chart\">.*?</figure>", path.read_text(), re.DOTALL):
                drawings = re.findall(r"<svg[^>]*role=\"img\"[^>]*><title id=\"[^\"]+\">[^<]{20,}</title>", figure)
                assert len(drawings) == 2, path.name
                assert "table below" in figure or "limits" in figure, path.name


def test_colour_never_stands_alone(sites: dict[str, Path]) -> None:
    shapes = {}
    for kind, (colour, shape, words) in POINTS.items():
        assert shapes.setdefault(colour, shape) == shape, f"{kind} shares its colour with another shape"
        assert words
    assert len(set(shapes.values())) == len(shapes), "points of another colour have another shape"
    levels = 0
    for folder in sites.values():
        for path in folder.glob("*.html"):
            text = path.read_text()
            for tile in re.findall(r"<span class=\"lvl[^\"]*\">(.*?)</span>", text):
                assert re.fullmatch(r"<b>[1-5]</b> [A-Z][a-z-]+", tile), tile
                levels += 1
            assert not re.search(r"class=\"tag[^\"]*\">\s*</span>", text), "a tag says in words what it means"
    assert levels > 0


def test_no_member_sender_or_person_is_named_in_public(sites: dict[str, Path]) -> None:
    import people_fixture
    import release_fixture

    from publication.agreement import read_agreement

    inputs = release_fixture.build_inputs()
    members = read_agreement(inputs.settlements[0].terms_yaml).members
    assert members
    words = "\n".join(path.read_text() for path in sites["public"].glob("*.html"))
    senders = {item["organisation"] for item in inputs.data_cut["submissions"]}
    for name in {*(one for pair in members for one in pair), *(item["submission_id"] for item in
                 inputs.data_cut["submissions"])}:  # fmt: skip
        assert not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words), name
    quality = (sites["public"] / "data-quality.html").read_text()
    assert not [name for name in senders if re.search(rf"\b{re.escape(name)}\b", quality)]
    people = "\n".join(path.read_text() for path in sites["people"].glob("*.html"))
    events = people_fixture.build_inputs(0.3).events
    assert events is not None
    tokens = set(events.column("person_token").to_pylist())
    assert not tokens & set(re.findall(r"[0-9a-f]{64}", people))
    assert "ZCC1" not in people, "a sender that is no network is on no page of people"


def test_a_network_has_its_practices_and_figures_and_no_level(sites: dict[str, Path]) -> None:
    text = (sites["people"] / "network-zpn1.html").read_text()
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert "Z90000" in plain
    assert "Z90001" not in plain, "that practice is of another network"
    assert "breakdown:four_week_quit:E09000099:" in text
    assert "No level is set for a network, and none is ranked" in plain
    for level in ("Failure", "Poor", "Minimum", "Stretch", "Game-breaking"):
        assert level not in plain
    for name in ("networks", "network-zpn1", "network-zpn2"):
        assert 'class="lvl' not in (sites["people"] / f"{name}.html").read_text()


def test_the_forward_plan_says_what_is_due_when(sites: dict[str, Path]) -> None:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (sites["public"] / "plan.html").read_text()))
    assert "2024/25 31 March 2025" in plain
    assert "Settled in shadow: nothing falls due" in plain
    assert "working days to challenge a line" in plain
    assert "What would mend it" in plain, "withheld quarters are waited for"


def test_the_summary_says_what_may_be_said_and_what_is_owed(sites: dict[str, Path]) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (sites["public"] / "index.html").read_text()))
    assert "465.0 patients on an average day. That is 13.6 lower (better) than the agreed baseline of 478.6" in text
    assert "You may not yet quote a figure for quarters 1 and 2 of 2025/26" in text
    assert "SHADOW – nothing is payable" in text
    assert "Nothing falls due: in a shadow year no money moves." in text
    assert "3 Minimum" in text, "the level of the alliance, with its number"
    quality = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (sites["public"] / "data-quality.html").read_text()))
    assert (
        "Quarter 1 of 2025/26 is withheld because 20 of its 91 days lack figures from at least one organisation that "
        "must report; the agreed limit is 10 %." in quality
    )
