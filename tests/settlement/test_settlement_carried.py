"""What was paid up front is taken back over several settlement periods, by the job and from files, also when restated.

By hand, with the published terms: the gain of a year is £1,079,976.85, of which the city council's 8 % is £86,398.15. Of
£100,000.00 paid up front £13,601.85 are left, and the year after takes those back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from settlement_world import CUT, ROOT, gate_rows, kpi_row, ledger_rows, quick_terms, terms_with, yaml_of
from top_up_world import AT_26, greenwich, rows_of

from foundation.errors import Refused
from foundation.home import Home
from orchestration import settling
from orchestration.cycle import AgreementOnFile
from orchestration.settle_files import settle_from_files
from orchestration.settling import Settled, judge_and_settle, store_settlement
from publication.agreement import steps_for_public
from publication.columns import ADVANCES
from publication.inputs import rows_of as rows_of_schema
from publication.release import _require_carried
from settlement.advances import Chain, _stood_otherwise, _telling, differences, require_periods
from settlement.files import read_rows, write_rows
from settlement.gate_record import GateRecord, read_gate_rows
from settlement.journal import balances_of
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems
from settlement.write_offs import kept, written_off

YEARS = ("2024-25", "2025-26")
COUNCIL = "city-council"
PART = 8_639_815  # of a year's gain
DRAWN = 10_000_000
TARGET = {"baseline_gbp": Decimal(143_100_000)}


def _changes(**more: Any) -> dict[str, Any]:
    return {
        "agreement.shadow": False,
        "finance.target_cost": [{"period": year, **TARGET} for year in YEARS],
        "finance.advances_recouped": True,
        "finance.advances_paid": [
            {"period": "2024-25", "members": [{"id": COUNCIL, "amount_gbp": Decimal(100_000)}]}
        ],
        **more,
    }  # fmt: skip


TERMS = quick_terms(_changes())


def in_period(rows: list[dict[str, Any]], terms: Terms, year: str) -> list[dict[str, Any]]:
    """Rows of the first year as those of another."""
    period, later = terms.period(year), int(year[:4]) - 2024
    moved = []
    for row in rows:
        row = {**row, "period_id": year}
        if "month" in row:
            row["month"] = f"{int(row['month'][:4]) + later}{row['month'][4:]}"
        if "figure_id" in row:
            row["figure_id"] = row["figure_id"].replace("2024-25", year)
            for name in ("period_start", "period_end", "measurement_start", "measurement_end"):
                row[name] = row[name].replace(year=row[name].year + later)
            row["data_complete_as_at"] = period.end
        moved.append(row)
    return moved


def gate_of(terms: Terms, year: str, actions: Any = None) -> GateRecord:
    return read_gate_rows([{**row, "period_id": year} for row in gate_rows(terms, actions)], terms, year)


class Years:
    """A home in which the years of an agreement are settled by the job's own functions; the gate's record is given."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = Home(root)
        self.actions: dict[str, Any] = {}
        monkeypatch.setattr(
            settling, "judge_gate", lambda _, item, period: gate_of(item.terms, period.label, self.actions)
        )

    def run(
        self, fingerprint: str, pence: Mapping[str, int], by_year: Mapping[str, Terms] | None = None
    ) -> dict[str, Settled]:
        """pence: cost of all members, by year; what is due in order."""
        cycle: Any = SimpleNamespace(home=self.home, fingerprint=fingerprint * 64, cut=SimpleNamespace(cut_id=CUT))
        chain, found = Chain(), {}
        for year, cost in pence.items():
            terms = (by_year or {}).get(year, TERMS)
            item = AgreementOnFile(Path("terms.yaml"), b"", terms)
            kpis = in_period([kpi_row(TERMS)], terms, year)
            ledger = in_period(ledger_rows(TERMS, cost), terms, year)
            made = judge_and_settle(cycle, item, terms.period(year), kpis, ledger, chain)
            assert isinstance(made, Settled)
            store_settlement(self.home, made)
            found[year] = made
        return found


@pytest.fixture
def years(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Years:
    return Years(tmp_path, monkeypatch)


COST = 14_000_000_000
FIRST = dict.fromkeys(YEARS, COST)


def recouped(made: Settled) -> int:
    return sum(line.amount_pence for line in made.settlement.member_lines if line.line == "recoup")


def proved(found: Mapping[str, Settled], terms: Terms = TERMS) -> list[str]:
    """What `verify` finds of the advances as they stand in the members' folder."""
    rows = read_rows("advances", write_rows("advances", [row for one in found.values() for row in one.advances]))
    return list(differences([(terms, one.settlement) for one in found.values()], rows))


def test_what_one_year_leaves_the_next_takes_back(years: Years) -> None:
    found = years.run("a", FIRST)
    first, second = (found[year].settlement for year in YEARS)
    assert (recouped(found["2024-25"]), recouped(found["2025-26"])) == (-PART, PART - DRAWN)
    assert dict(first.carried_pence) == {COUNCIL: DRAWN - PART}
    assert dict(second.carried_pence) == {COUNCIL: 0}
    said = [first.step(f"{name}.{COUNCIL}").exact for name in ("advance", "advance_before", "recoup", "advance_left")]
    assert said == [100_000, DRAWN, -PART, DRAWN - PART]
    assert second.step(f"advance_before.{COUNCIL}").exact == DRAWN - PART
    (row,) = found["2025-26"].advances
    assert (row["carried_from"], row["period_id"]) == (first.settlement_id, "2025-26")
    assert proved(found) == []
    # the very same run again is this settlement, and posts nothing else
    again = years.run("a", FIRST)
    assert [again[year].settlement.settlement_id for year in YEARS] == [first.settlement_id, second.settlement_id]


def test_a_restated_year_moves_the_balance_by_the_difference(years: Years) -> None:
    """Cost of the first year turns out £600,000.00 more: its gain falls by £209,027.78 to £870,949.07, the council's part
    to £69,675.93; £16,722.22 less was to be taken back, and the year after takes so much more."""
    years.run("a", FIRST)
    found = years.run("b", {"2024-25": COST + 60_000_000, "2025-26": COST})
    first, second = (found[year].settlement for year in YEARS)
    now = 6_967_593
    assert recouped(found["2024-25"]) == PART - now
    assert dict(first.carried_pence) == {COUNCIL: DRAWN - now}
    assert recouped(found["2025-26"]) == now - PART
    assert {posting.line: posting.amount_pence for posting in second.postings} == {"recoup": now - PART}
    assert proved(found) == []
    # each year's ledger sums to its latest settlement, and the books hold what is carried
    booked = still_owed(years)
    assert booked == dict(second.carried_pence)[COUNCIL] == 0
    # back again: both differences come back
    back = years.run("c", FIRST)
    assert [recouped(back[year]) for year in YEARS] == [now - PART, PART - now]
    assert proved(back) == []


def still_owed(years: Years) -> int:
    """What the last year's books, all settlements together, still owe of the council's advance."""
    lines = []
    for path in years.home.settlements.glob("*/2025-26/*/journal.csv"):
        lines += [SimpleNamespace(**row) for row in read_rows("journal", path.read_bytes())]
    return -balances_of(lines).get((COUNCIL, "2200"), 0)  # type: ignore[arg-type]


def test_a_balance_that_changes_what_nobody_takes_back_is_known_next_time(years: Years) -> None:
    """The second year earns nothing: whatever the first leaves, nothing is recouped, and all of it stays in the books."""
    loss = {"2024-25": COST, "2025-26": 14_310_000_000}
    years.run("a", loss)
    found = years.run("b", {**loss, "2024-25": COST + 60_000_000})
    left = dict(found["2025-26"].settlement.carried_pence)[COUNCIL]
    assert left == DRAWN - 6_967_593
    assert [posting.amount_pence for posting in found["2025-26"].settlement.postings] == [0]
    assert still_owed(years) == left
    years.run("c", loss)
    assert still_owed(years) == DRAWN - PART


def test_a_withheld_restatement_owes_nothing_on_a_balance_that_fell(years: Years) -> None:
    """The first year earns more than was known, so less is left; while the second waits, what it took back stands."""
    years.run("a", {"2024-25": COST + 60_000_000, "2025-26": COST})
    years.actions = {"settlement": ("withhold", "", None)}
    chain_year = dict(FIRST)
    waiting = years.run("b", chain_year)
    assert waiting["2025-26"].settlement.status == "withheld"
    assert waiting["2025-26"].settlement.journal == ()
    years.actions = {}
    found = years.run("c", FIRST)
    assert dict(found["2025-26"].settlement.carried_pence) == {COUNCIL: 0}
    assert still_owed(years) == 0
    assert proved(found) == []


def test_more_taken_back_than_a_restated_balance_holds_is_carried_as_nothing() -> None:
    chain = Chain()
    chain.opening(TERMS, "2024-25")
    chain.settled(TERMS, SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=((COUNCIL, -5),)))  # type: ignore[arg-type]
    assert [row["balance_pence"] for row in chain.opening(TERMS, "2025-26")] == [0]


def test_shadow_carries_to_shadow_alone() -> None:
    """Nothing is paid in shadow, so nothing of it comes back in money."""
    terms = quick_terms(
        _changes(**{"finance.risk_by_period": [{"period": "2024-25", "shadow": True}], "finance.advances_paid": [
            {"period": year, "members": [{"id": COUNCIL, "amount_gbp": Decimal(1)}]} for year in YEARS
        ]})
    )  # fmt: skip
    chain = Chain()
    assert [row["balance_pence"] for row in chain.opening(terms, "2024-25")] == [100]
    chain.settled(terms, SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=((COUNCIL, 60),)))  # type: ignore[arg-type]
    assert [row["balance_pence"] for row in chain.opening(terms, "2025-26")] == [100]
    shadow = quick_terms({**_changes(), "agreement.shadow": True})
    chain = Chain()
    chain.settled(shadow, SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=((COUNCIL, 60),)))  # type: ignore[arg-type]
    assert [row["balance_pence"] for row in chain.opening(shadow, "2025-26")] == [60]


def test_a_variation_goes_on_taking_back(years: Years) -> None:
    """The second year under terms of its own: the balance crosses over, and `verify` follows it."""
    varied = quick_terms(_changes(**{
        "agreement.effective_from": date(2025, 4, 1), "finance.advances_paid": [],
        "finance.target_cost": [{"period": "2025-26", **TARGET}],
    }))  # fmt: skip
    found = years.run("a", FIRST, {"2025-26": varied})
    assert recouped(found["2025-26"]) == PART - DRAWN
    rows = [row for one in found.values() for row in one.advances]
    pairs = [(varied, found["2025-26"].settlement), (TERMS, found["2024-25"].settlement)]
    assert list(differences(pairs, rows)) == []
    assert list(differences(pairs[:1], rows)) == [
        f"the advance of {COUNCIL} before 2025-26 is 1360185 pence carried from "
        f"{found['2024-25'].settlement.settlement_id}, and nothing follows"
    ]


def test_what_a_variation_no_longer_takes_back_is_refused_or_written_off() -> None:
    without = quick_terms({**_changes(), "finance.advances_recouped": None, "finance.advances_paid": None})
    made: Any = SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=((COUNCIL, 60),))
    chain = Chain()
    chain.settled(TERMS, made)
    with pytest.raises(Refused, match=f"{COUNCIL} still has an advance"):
        chain.opening(without, "2025-26")
    given_back: Any = SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=((COUNCIL, 0),))
    chain.settled(TERMS, given_back)
    assert chain.opening(without, "2025-26") == []
    small = greenwich()
    none = greenwich({"finance.top_up.advances": None})
    youth: Any = SimpleNamespace(settlement_id="s", period_id="2024-25", carried_pence=(("youth-charity", 60),))
    chain.settled(small, youth)
    (given_up,) = chain.opening(none, "2025-26")
    assert (given_up["balance_pence"], given_up["carried_pence"], given_up["carried_from"]) == (0, 60, "s")
    # while the terms give advances to small members, what one of them still has goes on being taken back
    opened = {row["member_id"]: row["balance_pence"] for row in chain.opening(small, "2025-26")}
    assert opened == {"youth-charity": 60}


def left_of(terms: Terms, **pence: int) -> Chain:
    """Balances as the settlement of a period before left them."""
    chain = Chain()
    carried = tuple((member.replace("_", "-"), left) for member, left in pence.items())
    chain.settled(terms, SimpleNamespace(settlement_id="s", period_id="2023-24", carried_pence=carried))  # type: ignore[arg-type]
    return chain


def test_an_advance_that_is_written_off_is_a_step_and_stands_in_both_books() -> None:
    """£36.00 are left of what the youth charity was paid up front, and a variation pays nothing up front any more: the
    council gives up £36.00 and the charity owes nothing; no payment moves, and no page for the public tells of it."""
    terms = greenwich({"finance.top_up.advances": None})
    rows = left_of(greenwich(), youth_charity=3_600).opening(terms, "2024-25")
    made, without = settle_opened(terms, rows), settle_opened(terms, [])
    step = made.step("advance_written_off.youth-charity")
    assert (step.exact, step.unit) == (3_600, "pence")
    assert [one.amount_pence for one in made.payments] == [one.amount_pence for one in without.payments]
    assert made.settlement_id != without.settlement_id
    more = [line for line in made.journal if line.status in ("brought_forward", "written_off")]
    memo = "memo-" if made.status == "shadow" else ""
    assert [(line.party, line.account.removeprefix(memo), line.debit_pence, line.credit_pence) for line in more] == [
        ("council", "1200", 3_600, 0), ("council", "3900", 0, 3_600),
        ("youth-charity", "3900", 3_600, 0), ("youth-charity", "2200", 0, 3_600),
        ("council", "5300", 3_600, 0), ("council", "1200", 0, 3_600),
        ("youth-charity", "2200", 3_600, 0), ("youth-charity", "4300", 0, 3_600),
    ]  # fmt: skip
    assert {line.row()["standing"] for line in more} == {""}
    assert more[-1].narrative == "advance of youth-charity written off in 2024-25: nothing is paid"
    assert balances_of(made.journal)["council", f"{memo}1200"] == 0
    assert made.carried_pence == ()
    shown = steps_for_public(made.step_rows(), frozenset(terms.member_ids))
    assert not [one for one in shown if "written_off" in one["step_id"]]


def test_a_member_that_left_has_its_advance_written_off() -> None:
    terms = greenwich({"finance.top_up.advances.periods": []})
    rows = left_of(terms, gone_charity=500, youth_charity=960_000).opening(terms, "2024-25")
    assert [(row["member_id"], row["balance_pence"], row["carried_pence"]) for row in rows] == [
        ("gone-charity", 0, 500), ("youth-charity", 960_000, 960_000),
    ]  # fmt: skip
    made = settle_opened(terms, rows)
    assert made.step("advance_written_off.gone-charity").exact == 500
    assert "advance_left.gone-charity" not in {step.step_id for step in made.steps}
    assert sum(balances_of([line for line in made.journal if line.party == "gone-charity"]).values()) == 0
    shown = steps_for_public(made.step_rows(), frozenset(terms.member_ids))
    assert not [one for one in shown if "gone" in str(one)], "of one that is no member any more either"


@pytest.mark.parametrize(("then", "entries"), [(3_600, []), (3_000, [-600, -600]), (0, [-3_600, -3_600])])
def test_a_restated_balance_writes_off_the_difference(then: int, entries: list[int]) -> None:
    terms = greenwich({"finance.top_up.advances": None})
    first = left_of(greenwich(), youth_charity=3_600).opening(terms, "2024-25")
    made = settle_opened(terms, first)
    now = left_of(greenwich(), youth_charity=then).opening(terms, "2024-25") if then else []
    stood = [{**row, "settlement_id": made.settlement_id} for row in first]
    again = settle_opened(terms, [*now, *stood], prior=made.posting_rows())
    moved = [line for line in again.journal if line.status == "written_off" and line.account.endswith(("5300", "2200"))]
    assert [line.debit_pence - line.credit_pence for line in moved] == entries
    # told of even where nothing else moves: the next restatement has to know from what this one started
    assert [posting.line for posting in again.postings] == (["recoup"] if entries else [])


def test_nothing_is_written_off_while_all_is_withheld() -> None:
    terms = greenwich({"finance.top_up.advances": None})
    rows = left_of(greenwich(), youth_charity=3_600).opening(terms, "2024-25")
    made = settle_opened(terms, rows, withheld=True)
    assert made.journal == ()
    assert made.step("advance_written_off.youth-charity").exact == 3_600


def test_what_a_small_member_may_draw_is_paid_in_the_agreed_period() -> None:
    terms = greenwich()
    opened = {row["member_id"]: row["balance_pence"] for row in Chain().opening(terms, "2024-25")}
    assert opened == {"community-link-charity": 1_344_000, "youth-charity": 960_000}
    assert Chain().opening(terms, "2025-26") == []
    made = settle_opened(terms, Chain().opening(terms, "2024-25"))
    assert made.step("advance_before.youth-charity").formula == "carried + round_half_up(paid * 100)"
    assert made.step("advance_left.youth-charity").exact == 0


def test_a_variation_pays_small_members_no_second_time_unawares() -> None:
    """The first period of varied terms is not the first of the agreement: nobody agreed to a second advance."""
    made: Any = SimpleNamespace(settlement_id="s", period_id="2023-24", carried_pence=(("youth-charity", 0),))
    chain = Chain()
    chain.settled(greenwich({"finance.top_up.advances.pct_of_expected": 40}), made)
    with pytest.raises(Refused, match=r"paid under the former terms .* paid again in 2024-25"):
        chain.opening(greenwich(), "2024-25")
    again = greenwich({"finance.top_up.advances.periods": ["2024-25"]})
    opened = {row["member_id"]: row["balance_pence"] for row in chain.opening(again, "2024-25")}
    assert opened == {"community-link-charity": 1_344_000, "youth-charity": 960_000}
    no_more = greenwich({"finance.top_up.advances.periods": []})
    assert [row["balance_pence"] for row in chain.opening(no_more, "2024-25")] == [0]


def settle_opened(terms: Terms, rows: list[dict[str, Any]], prior: Any = (), *, withheld: bool = False) -> Any:
    from settlement.engine import settle

    gate = gate_of(terms, "2024-25", {"settlement": ("withhold", "", None)} if withheld else None)
    return settle(terms, "2024-25", rows_of(terms, AT_26), [], gate, rows, prior)


def test_a_balance_that_is_not_carried_and_paid_is_refused() -> None:
    terms = greenwich()
    rows = Chain().opening(terms, "2024-25")
    with pytest.raises(Refused, match="not what was carried and what is paid"):
        settle_opened(terms, [{**rows[0], "balance_pence": 1}, rows[1]])


def test_every_changed_balance_is_noticed(years: Years) -> None:
    found = years.run("a", FIRST)
    rows = [dict(row) for one in found.values() for row in one.advances]
    pairs = [(TERMS, one.settlement) for one in found.values()]
    for change in ({"balance_pence": 1}, {"carried_pence": 5}, {"carried_from": "f" * 64}, {"period_id": "2024-25"}):
        assert list(differences(pairs, [rows[0], {**rows[1], **change}])), change
    assert list(differences(pairs, rows[:1])) == [
        f"the advance of {COUNCIL} before 2025-26 is nothing, and 1360185 pence carried from "
        f"{found['2024-25'].settlement.settlement_id} follows"
    ]
    unknown = quick_terms({**_changes(), "finance.advances_paid": None})
    assert list(differences([(unknown, found["2024-25"].settlement)], rows)) == [
        f"the terms of {TERMS.id} take advances back, and nothing says what was paid"
    ]


def test_a_year_that_is_left_out_hides_no_advance(years: Years) -> None:
    """The second year alone, as if nothing had been paid in the first: nothing is taken back, and it is noticed."""
    found = years.run("a", FIRST)
    rows = Chain().opening(TERMS, "2025-26")
    assert rows == []
    said = f"{COUNCIL} was paid up front in 2024-25, which is not settled, and 2025-26 is"
    assert said in list(differences([(TERMS, found["2025-26"].settlement)], rows))


def test_what_an_earlier_settlement_started_from_is_what_was_paid(years: Years) -> None:
    """£10,000.00 each to two members, all taken back. Told as £20,000.00 to the one and nothing to the other, the
    earlier recoup has the same sum, and a restatement would pay the one and charge the other £10,000.00."""
    other = "county-council"
    both = [{"id": member, "amount_gbp": Decimal(10_000)} for member in (COUNCIL, other)]
    terms = quick_terms(_changes(**{"finance.advances_paid": [{"period": "2024-25", "members": both}]}))
    by_year = dict.fromkeys(YEARS, terms)
    years.run("a", {"2024-25": COST}, by_year)
    later = years.run("b", {"2024-25": COST + 1_000_000}, by_year)["2024-25"]
    pairs = [(terms, later.settlement)]
    assert list(differences(pairs, later.advances)) == []
    now = [dict(row) for row in later.advances if not row["settlement_id"]]
    stood = [dict(row) for row in later.advances if row["settlement_id"]]
    told = {COUNCIL: 2_000_000, other: 0}
    for forged in (
        [{**row, "balance_pence": told[row["member_id"]]} for row in stood],
        [{**row, "balance_pence": told[row["member_id"]], "carried_pence": 1_000_000} for row in stood],
        [row for row in stood if row["member_id"] == COUNCIL],
    ):
        said = list(differences(pairs, now + forged))
        assert any("started, is " in one and "1000000 pence are paid up front" in one for one in said), said
    # one that knew no advance started from nothing
    assert list(differences(pairs, now + [{**row, "balance_pence": 0} for row in stood])) == []


def test_no_release_is_built_on_a_balance_that_does_not_follow(years: Years) -> None:
    raw = yaml_of(TERMS.model_dump(mode="python", exclude_none=True))
    found = years.run("a", FIRST, dict.fromkeys(YEARS, load_terms(raw)))

    def audited(**change: Any) -> list[Any]:
        return [
            SimpleNamespace(
                given=SimpleNamespace(terms_yaml=raw),
                made=[one.settlement],
                rows={"advances": rows_of_schema(ADVANCES, [{**row, **change} for row in one.advances])},
            )
            for one in found.values()
        ]

    _require_carried(audited())
    with pytest.raises(Refused, match="follows: nothing is published"):
        _require_carried(audited(balance_pence=1))


def test_nothing_says_what_was_paid() -> None:
    with pytest.raises(Refused, match="nothing says what was paid"):
        Chain().opening(quick_terms({**_changes(), "finance.advances_paid": None}), "2024-25")


def test_advances_that_nobody_states_are_refused(tmp_path: Path) -> None:
    """`outturn settle` on the worked files of Greenwich without advances.csv: missing is not nothing."""
    agreement = ROOT / "agreements" / "greenwich-public-health" / "2024-04-01.yaml"
    worked = ROOT / "docs" / "tutorial" / "by-hand" / "greenwich-public-health"
    for path in worked.iterdir():
        if path.name != "advances.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(Refused, match=r"advances\.csv is missing: without it nothing would be taken back") as refused:
        settle_from_files(agreement, tmp_path, tmp_path / "out")
    assert "the header alone where nothing was paid" in refused.value.mend
    assert not (tmp_path / "out").exists()
    (tmp_path / "advances.csv").write_bytes(write_rows("advances", []))
    assert settle_from_files(agreement, tmp_path, tmp_path / "out") == 0
    rows = read_rows("member_lines", (tmp_path / "out" / "member_lines.csv").read_bytes())
    assert sum(row["amount_pence"] for row in rows if row["line"] == "recoup") == 0


def test_an_earlier_settlement_from_before_advances_were_carried(years: Years) -> None:
    """A settlement that knew no advance is restated by one that does: all of it is taken back as a difference."""
    found = years.run("a", {"2024-25": COST}, {"2024-25": quick_terms(_changes(**{"finance.advances_paid": []}))})
    assert found["2024-25"].advances == ()
    later = years.run("b", {"2024-25": COST})
    assert recouped(later["2024-25"]) == -PART
    former = next(row for row in later["2024-25"].advances if row["settlement_id"])
    assert (former["balance_pence"], former["settlement_id"]) == (0, found["2024-25"].settlement.settlement_id)


def test_a_changed_file_of_an_earlier_settlement_is_refused(years: Years) -> None:
    found = years.run("a", FIRST)
    folder = years.home.settlements / TERMS.id / "2024-25" / found["2024-25"].settlement.settlement_id
    (folder / "advances.csv").write_bytes(b"agreement_id,member_id,balance_pence\n")
    with pytest.raises(Refused, match="changed after it was settled"):
        years.run("b", {**FIRST, "2024-25": COST + 1})


def test_a_balance_without_its_period_stands_for_one_period_alone() -> None:
    row = {"agreement_id": TERMS.id, "member_id": COUNCIL, "balance_pence": 1}
    require_periods([row], TERMS, ["2024-25"])
    require_periods([{**row, "agreement_id": "another"}], TERMS, YEARS)
    with pytest.raises(Refused, match="before which period it stood"):
        require_periods([row], TERMS, YEARS)
    mistyped = {**row, "period_id": "2024/25"}
    require_periods([mistyped], TERMS, YEARS)
    with pytest.raises(Refused, match="no settlement period 2024/25"):
        require_periods([{**row, "period_id": "2024-25"}, mistyped], TERMS, ["2024-25"], YEARS)


def test_the_terms_say_what_is_paid_up_front() -> None:
    path = "finance.advances_paid"
    one = {"period": "2024-25", "members": [{"id": COUNCIL, "amount_gbp": Decimal(1)}]}

    def said(**changes: Any) -> str:
        terms = quick_terms(_changes())
        data = terms.model_dump(mode="python", exclude_none=True)
        data["finance"] |= changes
        return " ".join(problem.what for problem in find_problems(Terms.model_validate(data)))

    assert said() == ""
    assert "never taken back" in said(advances_recouped=False)
    assert "twice" in said(advances_paid=[one, one])
    assert "no sum is agreed for 2031-32" in said(advances_paid=[{**one, "period": "2031-32"}])
    stranger = {**one, "members": [{"id": "stranger", "amount_gbp": Decimal(1)}]}
    assert "`stranger` is no member" in said(advances_paid=[stranger])
    text = terms_with({"finance.advances_recouped": "true", path: [{"period": "2024-25", "members": [
        {"id": COUNCIL, "amount_gbp": "1.00"}]}]})  # fmt: skip
    assert text.finance.advances_paid is not None


def _row(balance: int, carried: int | None) -> dict[str, Any]:
    return {"balance_pence": balance, "carried_pence": carried, "carried_from": ""}


def test_what_stood_before_is_judged_member_by_member() -> None:
    def ask(own: Mapping[str, Any], paid: Mapping[str, int], *, carried: bool) -> list[str]:
        return list(_stood_otherwise("2025-26", "5" * 64, own, paid, carried=carried))

    # of one nothing was carried, though of another it was
    assert ask({COUNCIL: _row(500, 0)}, {COUNCIL: 500}, carried=True) == []
    # where nothing can have been carried no row may claim it
    assert ask({COUNCIL: _row(505, 5)}, {COUNCIL: 500}, carried=False)
    # of a member that drew nothing nothing needs to be said; of one that did it does
    assert ask({}, {COUNCIL: 0}, carried=False) == []
    assert ask({}, {COUNCIL: 5}, carried=True)[0].endswith("is nothing, and 5 pence are paid up front")
    assert ask({COUNCIL: _row(500, 0)}, {}, carried=False)[0].endswith("500 pence, and 0 pence are paid up front")
    assert _telling(_row(500, 0)) == _telling(_row(500, None)) != _telling(_row(500, 1))


def test_who_is_paid_for_the_first_time_carries_nothing() -> None:
    other = "county-council"
    paid = [
        {"period": year, "members": [{"id": member, "amount_gbp": Decimal(1_000)}]}
        for year, member in zip(YEARS, (COUNCIL, other), strict=True)
    ]
    terms, chain = quick_terms(_changes(**{"finance.advances_paid": paid})), Chain()
    chain.opening(terms, YEARS[0])
    chain.settled(terms, SimpleNamespace(settlement_id="s", period_id=YEARS[0], carried_pence=((COUNCIL, 5),)))  # type: ignore[arg-type]
    told = {row["member_id"]: (row["carried_from"], row["balance_pence"]) for row in chain.opening(terms, YEARS[1])}
    assert told == {COUNCIL: ("s", 5), other: ("", 100_000)}


def test_a_balance_of_nought_that_may_come_back_is_not_written_off() -> None:
    row = {"period_id": "2025-26", "member_id": COUNCIL, "balance_pence": 0, "carried_pence": 500}
    assert (kept([row], {COUNCIL}), written_off([row], {COUNCIL})) == ([row], {})
    assert (kept([row], ()), written_off([row], ())) == ([], {COUNCIL: 500})
