"""The members' page of a settlement: who pays whom, what each body pays and receives, accounts, each party's ends."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from publication import columns
from publication.explain import explain, to_json
from publication.pages.parties import Ends, party_tables
from publication.pages.payments import flows_by_body, payment_tables
from publication.reader import open_release

PAYMENT = "payment:derbyshire-real-only:2024-25:gain:integrated-care-board:city-council"


def _words(release: Path) -> str:
    page = (release / "members" / "site" / "index.html").read_text()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_page_shows_payments_flows_accounts_and_ends(release: Path) -> None:
    """CNI-09: each party's greatest gain and loss stand beside what is posted to it."""
    words = _words(release)
    for caption in ("Who pays what to whom", "What each body pays and receives", "Double entry by account",
                    "The most each party can gain and lose", "Best and worst case by month"):  # fmt: skip
        assert caption in words
    assert "S75-2024-CITY" in words
    assert "Final: every figure it rests on is frozen." in words
    assert "memo-5100 Incentives to be paid" in words
    # 2 % of £143,100,000 is the most the alliance can gain; the acute trust's share is 38 %
    assert "£1,087,560.00" in words


def _cells(table: Any) -> list[str]:
    return [str(one) for line in table["rows"] for one in line["cells"]]


def test_where_nothing_can_be_lost_the_page_says_so() -> None:
    """A nought under every figure was read as a loss of some kind: once in words instead."""

    def tables(**worst: int | None) -> tuple[Any, Any]:
        ends = [Ends(party, "2024-04", 500, pence, 0) for party, pence in worst.items()]
        whole, by_month = party_tables(ends, [], {}, "k")
        return whole, by_month

    whole, by_month = tables(charity=0, council=0)
    assert "nobody can lose anything" in by_month["note"]
    assert not [one for one in _cells(by_month) if "£0.00" in one or "lost" in one]
    assert sum("nothing can be lost" in one for one in _cells(whole)) == 2
    whole, by_month = tables(charity=0, council=-700)
    assert "under it the worst" in by_month["note"]
    assert sum("nothing can be lost" in one for one in _cells(by_month)) == 1
    assert any("£7.00" in one for one in _cells(by_month))
    assert any("no limit agreed" in one for one in _cells(tables(charity=None)[1]))


def test_a_payment_leads_to_its_part_and_an_entry_to_its_payment(release: Path) -> None:
    rows = open_release(release).members(columns.JOURNAL)
    (first, *_) = [row["figure_id"] for row in rows if row["reference"] == PAYMENT]
    entry = to_json(explain(release, first))
    assert PAYMENT in entry
    assert "member:derbyshire-real-only:2024-25:gain:city-council" in entry
    assert "S75-2024-CITY" in to_json(explain(release, PAYMENT))


def test_what_a_body_pays_to_itself_is_gross_and_not_net() -> None:
    """A board pays £60 to itself as member and £40 to a charity: pays £100, receives £60, net −£40."""

    def payment(payee: str, body: str, pence: int) -> dict[str, object]:
        return {"payer": "board", "payee": payee, "payee_body": body, "amount_pence": pence}

    rows = [payment("board-as-member", "board", 6000), payment("charity", "charity", 4000),
            payment("commissioner-residue", "board", -500)]  # fmt: skip
    assert flows_by_body(rows) == {"board": (10_000, 6000), "charity": (0, 4000)}
    assert payment_tables([], [], {}, "key") == []
