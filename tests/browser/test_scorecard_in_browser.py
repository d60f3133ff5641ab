"""The page a sender gets, in a real browser: accessible, alone, and not wider than a telephone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from expectations.due import Delivery, State
from expectations.sender import FeedFacts, Files, MonthFacts, Numbers, Rows, RuleFacts, SenderFacts, Trend, Warned
from foundation.period import parse_period
from ingest.rules import RULES
from publication.pages.scorecard import scorecard_page

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def _rule(rule: str, columns: tuple[str, ...]) -> RuleFacts:
    known = RULES[rule]
    return RuleFacts("admitted_care", rule, known.severity, columns, 2, 1234, True, known.meaning, known.mend)


def _facts() -> SenderFacts:
    def due(label: str, state: State, missing: tuple[str, ...]) -> Delivery:
        period = parse_period(label)
        return Delivery(
            "pcn_long_term_conditions", "ZAT1", period, period.end, None, state, None, missing, (), 3, None
        )  # fmt: skip

    return SenderFacts(
        "ZAT1",
        (due("2025-04", "overdue", ("2025-04",)), due("2025-26-q1", "in_part", ()), due("2025-06", "waiting", ())),
        Files(5, 3, 1, 0, 1),
        Rows(12_345, 12_000, 300, 45),
        (FeedFacts("pcn_long_term_conditions", Files(5, 3, 1, 0, 1), Rows(12_345, 12_000, 300, 45)),),
        tuple(MonthFacts(f"2025-{n:02d}", 1, 2000, 50, Decimal("2.5")) for n in range(1, 7)),
        Trend(3, Decimal("2.5"), Decimal("2.0"), "higher than"),
        (_rule("row.range", ("A_COLUMN_WITH_A_VERY_LONG_NAME_OF_ITS_OWN",)), _rule("delivery.rows_mismatch", ())),
        (Numbers("admitted_care", 900, 9, 12, Decimal("1.0")),),
        (Warned("admitted_care", "admitted_care_ZAT1_2025-06_v1.csv", 33, (_rule("row.duplicate", ()),)),),
    )


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("empty", [False, True])
def test_axe_finds_nothing_on_a_scorecard(browser: Browser, tmp_path: Path, width: int, empty: bool) -> None:
    nothing = SenderFacts("ZAT1", (), Files(0, 0, 0, 0, 0), Rows(0, 0, 0, 0), (), (), None, (), (), ())
    path = tmp_path / "scorecard.html"
    path.write_bytes(scorecard_page(nothing if empty else _facts(), date(2025, 7, 1)))
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(path.as_uri())
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
        assert found["passes"], "axe looked at the page"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == [path.as_uri()], "it fetches nothing"
    finally:
        page.close()
