"""What members approved before the format grew stays what they approved: the same hashes, ids and bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from settlement_world import PERIOD, World, quick_terms, settle_simply

from foundation.canonical import sha256_bytes
from settlement.engine import Settlement, settle
from settlement.files import write_rows

# Written down before the outcome top-up was added to the engine.
TERMS_HASH = "f7da9a853034647de222a6bbff7135be1b7f1b3bc815aafe7221b8e540212d23"
GATE_HASH = "d59a4de31ea86c19e6f4d0254a6267ce161a8e9f814b794fe5a516dd4f565744"


def _advance(terms: Any, pence: int) -> list[dict[str, Any]]:
    return [{"agreement_id": terms.id, "member_id": "city-council", "balance_pence": pence}]


def _recouped(value: str | None) -> Settlement:
    terms = quick_terms({"finance.advances_recouped": True})
    if value is None:
        return settle_simply(terms, advances=_advance(terms, 1000))
    first = settle_simply(terms, advances=_advance(terms, 10**9))
    return settle_simply(terms, Decimal(value), advances=_advance(terms, 10**9), prior=first.posting_rows())


def _made(world: World, name: str) -> Settlement:
    first = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    prior = first.posting_rows()
    match name:
        case "gain":
            return first
        case "loss":
            return settle_simply(world.terms, Decimal(530), 30_000_000_000)
        case "withheld":
            return settle_simply(world.terms, actions={"D1": ("withhold", "", None)})
        case "neutral":
            return settle_simply(world.terms, actions={"settlement": ("neutral", "definition_withdrawn", None)})
        case "restated":
            return settle_simply(world.terms, Decimal(440), prior=prior)
        case "restated on the same":
            return settle_simply(world.terms, prior=prior)
        case "restated to a loss":
            return settle_simply(world.terms, Decimal(530), 30_000_000_000, prior=prior)
        case "advance":
            return _recouped(None)
        case "advance restated":
            return _recouped("440")
    raise AssertionError(name)


# settlement id; first digits of the hashes of steps.csv, postings.csv, member_lines.csv
KNOWN = {
    "gain": (
        "2dc78a2425be9e15d1e1f64f0a5aaa1b98626d74669a6e307b6d8ca037a01e18",
        "4af9915e7172a27f",
        "27ac6f12bfa787ae",
        "fb49bf514825bac4",
    ),
    "loss": (
        "5b18110c8505cf835b046529f9938bb138f69c173858130cf67e8dfe87e47cbe",
        "1b30309d43cdf713",
        "f9a6f4a5f201e07a",
        "73973cafd592c87e",
    ),
    "withheld": (
        "713c55ffc4089214d697a9efd3226cdf8ef5b058bed6538199625ed61e73d13b",
        "56a3a2e2985a9741",
        "d5b2acf220326325",
        "30bca1d893fdcd73",
    ),
    "neutral": (
        "53476b537cf9887118f2d2d5fb5625b45d444edb11df3ea321e153f60204c60f",
        "a75004f51874fb16",
        "09a6a4172a4f6d26",
        "8b3600038e7b307d",
    ),
    "restated": (
        "3ca4307e836c6691958c415bed44587c037c149ecdec9f6a9fa014da6ea2ed2f",
        "01598e0271965603",
        "297435cb1f032fd4",
        "9046f1267fd6a24d",
    ),
    "restated on the same": (
        "aa4cd260cf76e60792e0f00dca5e01735eb8001894fc1d9ff84ce4fe48bf630a",
        "6096131c6e1a2488",
        "502c37bb588da24f",
        "4cfa2dd004d7d9d0",
    ),
    "restated to a loss": (
        "648ff07b1a09bf8058ef778a3955bda9c4b75554d48f8adefc1b9a3b445d369b",
        "107d6dc9dd85b13f",
        "3e89a1754a896fe8",
        "1b7f3e2ac9b65e27",
    ),
    "advance": (
        "c096dd97e3e64ea0ddf9b1e31b2736eea82f338b5effc6903b9e76ce8258f000",
        "5c3185b71116325b",
        "b070d817f2fa457e",
        "50c95da6c48b0b49",
    ),
    "advance restated": (
        "bd003105c791d74538447aa2eb182ee9b40856548183b982fba43a2761eb7b5f",
        "1e2cf409655e6ea7",
        "95faa015c3b5afae",
        "d4f40c70158193d5",
    ),
}


def test_terms_and_gate_keep_their_hashes(world: World) -> None:
    assert world.terms.terms_hash == TERMS_HASH
    assert world.gate.record_hash == GATE_HASH


@pytest.mark.parametrize("name", KNOWN)
def test_settlements_keep_their_ids_and_bytes(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was settled once is settled the same, whatever regimes were added since."""
    # a later engine gives other ids, and nothing else: what was written down was settled by the first
    monkeypatch.setattr("settlement.engine.ENGINE_VERSION", "1")
    made = _made(world, name)
    tables = (("steps", made.step_rows()), ("postings", made.posting_rows()), ("member_lines", made.member_rows()))
    found = (made.settlement_id, *(sha256_bytes(write_rows(table, rows))[:16] for table, rows in tables))
    assert found == KNOWN[name]
