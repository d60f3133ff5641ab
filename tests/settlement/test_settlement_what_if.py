"""The range of a payment, had those who did not report done so: it holds what was paid, and its ends are the corners."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from other_lines_world import agreed, count_row
from settlement_world import PERIOD, RAW, gate_for, kpi_row, ledger_rows, log_for, quick_terms, terms_with
from test_settlement_properties import FEWER, PENCE, VALUES, agreements
from top_up_world import AT_26, AT_72, gate_with, greenwich, rows_of

from foundation.errors import Refused
from publication.columns import BOUNDS_IF_MISSING
from publication.inputs import SettledAgreement
from publication.pages import if_missing
from publication.pages.if_missing import payment_tables
from settlement.books import Books
from settlement.supposed import Figure
from settlement.terms import Terms, load_terms
from settlement.what_if import Bound, payment_range
from settlement.worlds import world_of

WHY = "Had all gone one way."


def books_of(terms: Terms, value: Decimal | None, pence: int = 14_000_000_000, action: str = "pay") -> Books:
    quality = "fit" if value is not None and action == "pay" else "withheld"
    row = kpi_row(terms, value=value, quality_status=quality)
    gate = gate_for(terms, {} if action == "pay" else {"D1": (action, "", None)})
    return Books(terms, PERIOD, [row], ledger_rows(terms, pence), gate)


@FEWER
@given(agreements(), VALUES, VALUES, VALUES, PENCE)
def test_the_range_holds_what_was_paid(terms: Terms, one: Decimal, value: Decimal, other: Decimal, pence: int) -> None:
    """Whatever the terms: a figure that paid lies within its bounds, and so does every payment, to the penny."""
    lowest, value, highest = sorted((one, value, other))
    found = payment_range(books_of(terms, value, pence), {"D1": Bound(lowest, highest, WHY)})
    assert found.lowest.alliance <= found.posted.alliance <= found.highest.alliance
    for member in terms.member_ids:
        amounts = [part.by_member.get(member, 0) for part in (found.lowest, found.posted, found.highest)]
        assert amounts == sorted(amounts)
    ends = [payment_range(books_of(terms, end, pence), {}).posted.alliance for end in (lowest, highest)]
    assert sorted(ends) == [found.lowest.alliance, found.highest.alliance]


def test_worked_by_hand() -> None:
    """Half of £3,100,000.00 by G: 430 is stretch, 0.5 + 0.75 x 50 / 100 = 0.875; 478.6 the minimum, 0.5."""
    terms = load_terms(RAW)
    found = payment_range(books_of(terms, Decimal("453.1")), {"D1": Bound(Decimal(430), Decimal("478.6"), WHY)})
    assert [found.lowest.alliance, found.posted.alliance, found.highest.alliance] == [
        77_500_000,
        107_997_685,
        135_625_000,
    ]
    assert found.moved == ("D1",)
    assert found.assumed[0].startswith("D1 (Patients not meeting")
    assert "between 430 and 478.6 patients. Had all gone one way." in found.assumed[0]


def test_a_withheld_figure_is_taken_to_count() -> None:
    """Withheld, it scored the curve's worst and nothing was paid; had it come in, between nothing and stretch."""
    terms = load_terms(RAW)
    found = payment_range(
        books_of(terms, Decimal("453.1"), action="withhold"), {"D1": Bound(Decimal(430), Decimal(470), WHY)}
    )
    assert found.posted.alliance == 0
    assert 0 < found.lowest.alliance < found.highest.alliance == 135_625_000
    # without a range, and without a value, it could have come out anywhere the terms look
    nowhere = payment_range(books_of(terms, None, action="withhold"), {"D1": Bound(None, None, "Nobody reported.")})
    assert (nowhere.lowest.alliance, nowhere.highest.alliance) == (0, 193_750_000)
    assert "anywhere between failure and game-breaking. Nobody reported." in nowhere.assumed[0]
    # a figure that paid although no range can be given stays
    kept = payment_range(
        books_of(terms, Decimal("453.1")), {"D1": Bound(None, None, "No range."), "D9": Bound(None, None, "x")}
    )
    assert kept.moved == ()
    assert kept.lowest == kept.posted == kept.highest
    assert kept.assumed == (
        "D1 (Patients not meeting the criteria to reside, mean per complete day) stays as it was received. No range.",
    )


def test_what_is_paid_by_number_stays_as_it_was_received() -> None:
    """Bounds are of a value. £458,500.00 and £100,000.00 by number, half of the saving by D1; withheld, none of R1's."""
    terms = agreed(["rate_card"])
    rows = [kpi_row(terms), count_row(terms, "R1", 131), count_row(terms, "R2", 96)]
    books = Books(terms, PERIOD, rows, ledger_rows(terms), gate_for(terms))
    bounds = {"R1": Bound(Decimal(100), Decimal(160), WHY), "R2": Bound(None, None, "Nobody reported.")}
    kept = payment_range(books, bounds)
    assert (kept.moved, kept.lowest, kept.highest) == ((), kept.posted, kept.posted)
    assert kept.posted.alliance == 107_997_685 + 55_850_000
    assert len(kept.assumed) == 2
    assert all("is paid by number and stays as it was received" in line for line in kept.assumed)
    withheld = Books(
        terms, PERIOD, [rows[0], count_row(terms, "R1", None, quality_status="withheld"), rows[2]],
        ledger_rows(terms), gate_for(terms, {"R1": ("withhold", "", None)}),
    )  # fmt: skip
    found = payment_range(withheld, {**bounds, "D1": Bound(Decimal(430), Decimal("478.6"), WHY)})
    assert found.moved == ("D1",)
    assert found.lowest.alliance <= found.posted.alliance <= found.highest.alliance


def test_a_condition_is_met_or_not() -> None:
    """A must-pass figure nobody reported bars the gain or lets it through."""
    for polarity, reach in (("low", "110.0"), ("high", "90.0")):
        gate = {"role": "gate", "polarity": polarity, "must_reach": reach}
        terms = terms_with({f"framework.kpis.1.{name}": value for name, value in gate.items()})
        rows = [kpi_row(terms), kpi_row(terms, "D2", None, quality_status="withheld")]
        books = Books(terms, PERIOD, rows, ledger_rows(terms), gate_for(terms, {"D2": ("withhold", "", None)}))
        found = payment_range(books, {"D2": Bound(None, None, "Nobody reported.")})
        assert (found.lowest.alliance, found.posted.alliance, found.highest.alliance) == (0, 0, 107_997_685)
        assert "either met or not" in found.assumed[0]


def test_the_two_ends_are_those_of_all_combinations() -> None:
    """Six figures at once: two corners stand for sixty-four, as better figures never pay less."""
    terms = greenwich()
    books = Books(terms, PERIOD, rows_of(terms, AT_26), [], gate_with(terms, ()))
    bounds = {name: Bound(Decimal(AT_26[name]) - 1, Decimal(AT_72[name]), WHY) for name in AT_26}
    found = payment_range(books, bounds)
    world, names = world_of(books), sorted(bounds)

    def paid(corner: Sequence[Decimal | None]) -> int:
        figures = {name: Figure(value) for name, value in zip(names, corner, strict=True)}
        return type(world)(terms, PERIOD, figures, world.rulings, {}).amounts().alliance

    every = [paid(corner) for corner in product(*((bounds[name].lowest, bounds[name].highest) for name in names))]
    assert (found.lowest.alliance, found.highest.alliance) == (min(every), max(every))
    assert found.lowest.alliance < found.posted.alliance < found.highest.alliance
    some = payment_range(books, {name: bounds[name] for name in names[:2]})
    assert found.lowest.alliance <= some.lowest.alliance <= some.highest.alliance <= found.highest.alliance


def test_a_loss_has_its_range_too() -> None:
    """A worse figure owes more, up to the cap; the residue above a stop-loss moves with it."""
    terms = quick_terms({"finance.loss.cap_pct_of_target": None})
    found = payment_range(
        books_of(terms, Decimal("440.0"), 15_000_000_000), {"D1": Bound(Decimal(400), Decimal(530), WHY)}
    )
    assert found.lowest.alliance < found.posted.alliance < found.highest.alliance < 0
    assert found.lowest.by_member["commissioner-residue"] < 0


def test_a_period_without_any_range_is_said_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The census of Derbyshire: a paid mean without a range stays, and the page says so in place of a table."""
    books = books_of(load_terms(RAW), Decimal("453.1"))
    bound = dict.fromkeys(BOUNDS_IF_MISSING.names) | {
        "figure_id": f"kpi:{books.terms.id}:D1:{PERIOD}:value", "agreement_id": books.terms.id, "kpi_id": "D1",
        "period_id": PERIOD, "missing_days": 9, "basis": "No range can be given.",
    }  # fmt: skip
    given = SettledAgreement(RAW, log_for(books.terms), books.gate.to_json(), (), (), (), (), ())
    agreement = SimpleNamespace(agreement_id=books.terms.id, name="Derbyshire", members=())
    book: Any = SimpleNamespace(
        settled=[SimpleNamespace(agreement=agreement, period_id=PERIOD)],
        inputs=SimpleNamespace(
            bounds_if_missing=[bound], settlements=[given], kpi_return=books.kpi_return, ledger=books.ledger
        ),
    )
    lines, tables = payment_tables(book)
    assert tables == []
    assert lines[0].startswith("Derbyshire, 2024/25: no range of the payment can be given. D1 ")
    book.inputs.bounds_if_missing = [{**bound, "kpi_id": "D2"}]
    assert payment_tables(book) == ([], [])

    def refused(*_: object) -> None:
        raise Refused("What is supposed cannot be settled.", "wait.")

    # a range that is refused is a sentence, and the page stands
    monkeypatch.setattr(if_missing, "payment_range", refused)
    assert payment_tables(book) == (
        ["Derbyshire, 2024/25: no range of the payment can be given. What is supposed cannot be settled."], []
    )  # fmt: skip
