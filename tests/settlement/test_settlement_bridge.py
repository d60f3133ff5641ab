"""The way from one statement to another adds up to the penny, whatever lies between them, and names the right cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed
from settlement_world import CUT, PERIOD, RAW, ROOT, gate_for, kpi_row, ledger_rows, log_for, quick_terms
from test_settlement_avoided import BOTH, COUNTS, by_both, certified, southwark
from test_settlement_conditions import CONDITIONS, MET, judged
from test_settlement_properties import FEWER, PENCE, VALUES, agreements
from top_up_world import AT_26, AT_72, gate_with, recording, rows_of, with_shared_cost

from foundation.errors import Refused, WrongUsage
from orchestration.bridging import print_bridge
from publication.bridge import bridge_files, bridge_rows, choose
from publication.inputs import SettledAgreement
from publication.pages.beside import bridge_to, section
from settlement.books import Books, read_books
from settlement.bridge import CAUSES, Bridge, build_bridge, parties_of
from settlement.decisions import read_log
from settlement.files import write_rows
from settlement.gate_record import GateRecord, read_gate_rows
from settlement.postings import RESIDUE
from settlement.recorded import decided_for, period_records
from settlement.terms import Terms, load_terms
from settlement.worlds import Amounts, amounts_of

NEXT = "2025-26"
ACTIONS: list[Mapping[str, tuple[str, str, Decimal | None]]] = [
    {},
    {"D1": ("withhold", "", None)},
    {"D1": ("forfeit", "party_did_not_report", None)},
    {"D1": ("neutral", "definition_withdrawn", None)},
    {"D1": ("deem", "external_shock", Decimal("478.6"))},
    {"settlement": ("forfeit", "party_did_not_report", None)},
    {"settlement": ("withhold", "", None)},
]


def books_of(
    terms: Terms,
    value: Decimal | str | None = "453.1",
    pence: int | Mapping[str, int] = 14_000_000_000,
    actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None,
    **row: Any,
) -> Books:
    value = None if value is None else Decimal(value)
    return Books(
        terms, PERIOD, [kpi_row(terms, value=value, **row)], ledger_rows(terms, pence), gate_for(terms, actions)
    )


def moved(bridge: Bridge) -> dict[str, int]:
    """Pence of the alliance by cause, of causes that moved something."""
    return {cause: found.alliance for cause, found in bridge.by_cause().items() if found.alliance}


def adds_up(bridge: Bridge) -> bool:
    causes = list(bridge.by_cause().values())
    names = {name for found in (bridge.start, bridge.end, *causes) for name in found.by_member}
    return bridge.start.alliance + sum(found.alliance for found in causes) == bridge.end.alliance and all(
        bridge.start.by_member.get(name, 0) + sum(found.by_member.get(name, 0) for found in causes)
        == bridge.end.by_member.get(name, 0)
        for name in names
    )


@FEWER
@given(agreements(), agreements(), st.tuples(VALUES, VALUES), st.tuples(PENCE, PENCE), st.data())
def test_any_two_statements_are_bridged_to_the_penny(
    first: Terms, second: Terms, values: Sequence[Decimal], pence: Sequence[int], data: st.DataObject
) -> None:
    """Random terms, figures, costs, and what the gate did: the causes add up, for the alliance and everybody in it."""
    old, new = (
        books_of(terms, value, cost, data.draw(st.sampled_from(ACTIONS)), missing_days=data.draw(st.integers(0, 2)))
        for terms, value, cost in zip((first, second), values, pence, strict=True)
    )
    bridge = build_bridge(old, new)
    assert adds_up(bridge)
    assert (bridge.start, bridge.end) == (amounts_of(old.settle()), amounts_of(new.settle()))
    # nothing here is an award, an advance or an absence: what is supposed is what was settled, and nothing is left over
    assert "other" not in moved(bridge)
    assert moved(build_bridge(old, replace(old))) == {}


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"value": "460.0"}, {"late_data"}),
        ({"value": "460.0", "missing_days": 3}, {"missing_submitters"}),
        ({"actions": {"D1": ("forfeit", "party_did_not_report", None)}}, {"missing_submitters"}),
        ({"value": None, "actions": {"D1": ("withhold", "", None)}, "quality_status": "withheld"},
         {"late_data"}),
        ({"actions": {"settlement": ("forfeit", "party_did_not_report", None)}}, {"missing_submitters"}),
        ({"actions": {"settlement": ("withhold", "", None)}}, {"missing_submitters"}),
        ({"pence": 14_050_000_000}, {"late_data"}),
        ({"value": "460.0", "pence": 14_050_000_000}, {"late_data"}),
    ],
)  # fmt: skip
def test_a_restatement_names_what_changed(changes: dict[str, Any], cause: set[str]) -> None:
    terms = load_terms(RAW)
    bridge = build_bridge(books_of(terms), books_of(terms, **changes))
    assert adds_up(bridge)
    assert set(moved(bridge)) == cause


def test_a_figure_that_arrives_is_a_submitter_that_was_missing() -> None:
    """It was withheld, worth the curve's worst; now it is there and pays."""
    terms = load_terms(RAW)
    absent = books_of(terms, None, actions={"D1": ("withhold", "", None)}, missing_days=60)
    bridge = build_bridge(absent, books_of(terms))
    assert moved(bridge) == {"missing_submitters": 107_997_685}


def test_conditions_that_both_judged_leave_every_cause_its_own() -> None:
    """Met in both, nothing goes to `other`; a cause moves what it moves where nothing has to be judged."""
    free, bound = agreed([]), agreed([], {"conditions": CONDITIONS})
    found = []
    for terms, recorded in ((free, None), (bound, judged(bound, MET))):
        old, new = books_of(terms, "470.0", 14_050_000_000), books_of(terms)
        found.append(moved(build_bridge(replace(old, recorded=recorded), replace(new, recorded=recorded))))
    assert found[0] == found[1]
    assert set(found[0]) == {"late_data"}


def test_what_was_decided_is_a_cause_of_its_own() -> None:
    """A condition that is recorded as met lets the whole gain through; one of other terms moves under the terms."""
    terms = agreed([], {"conditions": CONDITIONS})
    waits, met = (replace(books_of(terms), recorded=judged(terms, given)) for given in (MET[:1], MET))
    there = build_bridge(waits, met)
    assert moved(there) == {"decisions": 107_997_685}
    assert moved(build_bridge(met, waits)) == {"decisions": -107_997_685}
    # nothing recorded at all
    assert moved(build_bridge(books_of(terms), met)) == {"decisions": 107_997_685}
    # the earlier terms had none of these, so the later ones bar the gain until they are judged
    bridge = build_bridge(books_of(agreed([])), met)
    assert moved(bridge) == {"terms": -107_997_685, "decisions": 107_997_685}
    assert adds_up(bridge)
    assert CAUSES["decisions"] in bridge_files(there, met)["bridge.csv"].decode()


def test_another_periods_conditions_are_taken_along() -> None:
    """The next year in all as the one before, judged in both: nothing moved. Unjudged there, the decision is what did."""
    target = {"period": NEXT, "baseline_gbp": Decimal(143_100_000)}
    changes = {"conditions": CONDITIONS, "finance.target_cost": [{**target, "period": PERIOD}, target]}
    terms = agreed([], changes)
    recorded = judged(terms, MET)
    old = replace(books_of(terms), recorded=recorded)
    gate = read_gate_rows([{**row, "period_id": NEXT} for row in old.gate.rows()], terms, NEXT)
    book = [
        {**row, "period_id": NEXT, "month": f"{int(row['month'][:4]) + 1}{row['month'][4:]}"}
        for row in ledger_rows(terms, 14_000_000_000)
    ]
    later = decided_for(terms, NEXT, recorded)
    assert (later.period_id, later.conditions) == (NEXT, recorded.conditions)
    new = Books(terms, NEXT, in_next_year(terms, [kpi_row(terms)]), book, gate, (), later)
    assert moved(build_bridge(old, new)) == {}
    assert moved(build_bridge(old, replace(new, recorded=None))) == {"decisions": -107_997_685}
    assert decided_for(agreed([]), NEXT, recorded).conditions == ()


def test_certificates_are_decisions_too() -> None:
    """£1,500,000.00 certified, half of it paid: by hand in test_settlement_avoided. Before, only one had certified."""
    terms = southwark()
    counts = [kpi_row(terms, kpi, Decimal(1), numerator=Decimal(number)) for kpi, number in COUNTS.items()]
    plain = Books(terms, PERIOD, [kpi_row(terms), *counts], ledger_rows(terms), gate_for(terms))
    one, both = (replace(plain, recorded=certified(terms, given)) for given in (by_both()[:2], by_both(BOTH)))
    assert moved(build_bridge(one, both)) == {"decisions": 75_000_000}
    dearer = replace(both, ledger=ledger_rows(terms, 14_300_000_000))
    # a saving of £100,000.00 lies in the corridor
    assert moved(build_bridge(both, dearer)) == {"late_data": -75_000_000}
    assert moved(build_bridge(both, replace(both))) == {}


def test_terms_case_mix_and_redefinition_stand_apart() -> None:
    """£140,000,000.00 spent. By hand: a mix of 1.01 makes the target £144,531,000.00, so £1,431,000.00 more saved, and
    with the old figure and half of it the alliance's; the other causes by the same arithmetic on what came before."""
    terms = load_terms(RAW)
    mixed = quick_terms({"finance.target_cost.0.mix": Decimal("1.01")})
    bridge = build_bridge(books_of(terms), books_of(mixed))
    factor = Decimal("0.5") + Decimal("0.75") * (Decimal("25.5") / Decimal("48.6") * 50) / 100
    gain = min(Decimal(4_531_000) / 2 * factor, Decimal(144_531_000) * Decimal("0.02"))
    assert moved(bridge) == {"case_mix": round(gain * 100) - 107_997_685}

    capped = quick_terms({"finance.gain.cap_pct_of_target": Decimal("0.5")})
    assert moved(build_bridge(books_of(terms), books_of(capped))) == {"terms": 71_550_000 - 107_997_685}

    levels = {"failure": 53, "poor": 50, "minimum": 48, "stretch": 43, "game_breaking": 34}
    new_unit = quick_terms(
        {
            "framework.kpis.0.indicator_version": 2,
            "framework.kpis.0.levels": {name: Decimal(value) for name, value in levels.items()},
            "framework.kpis.0.baseline.value": Decimal(48),
        }
    )
    bridge = build_bridge(books_of(terms), books_of(new_unit, "43.0", 14_000_000_000))
    # stretch now: 0.5 + 0.75 x 50 / 100 = 0.875 of £1,550,000.00
    assert moved(bridge) == {"redefinition": 135_625_000 - 107_997_685}


def in_next_year(terms: Terms, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    later = terms.period(NEXT)
    shift = {"period_start": later.start, "period_end": later.end, "measurement_start": later.start,
             "measurement_end": later.end, "data_complete_as_at": date(2026, 5, 1)}  # fmt: skip
    return [{**row, "period_id": NEXT, "figure_id": row["figure_id"].replace(PERIOD, NEXT), **shift} for row in rows]


def test_from_one_year_to_the_next() -> None:
    """Two years under one agreement: the earlier year as it is known now, then what the later year brought."""
    target = {"period": NEXT, "baseline_gbp": Decimal(143_100_000)}
    terms = quick_terms({"finance.target_cost": [{**target, "period": PERIOD}, target]})
    old = books_of(terms)
    book = [
        {**row, "period_id": NEXT, "month": f"{int(row['month'][:4]) + 1}{row['month'][4:]}"}
        for row in ledger_rows(terms, 13_950_000_000)
    ]
    gate = read_gate_rows([{**row, "period_id": NEXT} for row in old.gate.rows()], terms, NEXT)
    known_now = kpi_row(terms, value=Decimal("456.0"))
    rows = [known_now, *in_next_year(terms, [kpi_row(terms, value=Decimal("440.0"))])]
    new = Books(terms, NEXT, rows, [*ledger_rows(terms, 14_010_000_000), *book], gate)
    bridge = build_bridge(old, new)
    assert adds_up(bridge)
    assert set(moved(bridge)) == {"late_data", "performance", "cost"}
    subjects = [(move.cause, move.subject) for move in bridge.moves]
    assert subjects == [("late_data", "D1"), ("late_data", ""), ("performance", "D1"), ("cost", "")]
    # an earlier open book that has lost a member's months says nothing
    partly = [row for row in new.ledger if (row["member_id"], row["period_id"]) != ("acute-trust", PERIOD)]
    again = build_bridge(old, replace(new, ledger=partly))
    assert [(move.cause, move.subject) for move in again.moves][:2] == [("late_data", "D1"), ("performance", "D1")]
    assert adds_up(again)

    # without the earlier year in the later books, nothing is known of late data
    alone = build_bridge(old, replace(new, kpi_return=rows[1:], ledger=book))
    assert set(moved(alone)) == {"performance", "cost"}
    redefined = quick_terms(
        {"finance.target_cost": [{**target, "period": PERIOD}, target], "framework.kpis.0.indicator_version": 2}
    )
    gate = read_gate_rows([{**row, "terms_hash": redefined.terms_hash} for row in new.gate.rows()], redefined, NEXT)
    again_defined = [{**row, "indicator_version": 2} for row in rows[1:]]
    other = build_bridge(old, Books(redefined, NEXT, again_defined, book, gate))
    assert adds_up(other)
    assert set(moved(other)) == {"redefinition", "cost"}

    rows_shown = bridge_rows(bridge, new)
    assert [row["step"] for row in rows_shown] == ["from", *CAUSES, "to"]
    assert sum(row["alliance_pence"] for row in rows_shown[:-1]) == rows_shown[-1]["alliance_pence"]
    files = bridge_files(bridge, new)
    assert b"Performance: figures" in files["bridge.svg"]
    assert b"Case mix" not in files["bridge.svg"]
    page = section(old, new)
    assert len(page["tables"][0]["rows"]) == len(CAUSES) + 2
    assert "No bridge leads here" in section(replace(old, ledger=[]), new)["lines"][0]

    both = [old, replace(old, period_id=PERIOD), new]
    assert choose([old], both, None, None, None) == (old, new)
    assert choose([old], [old], None, None, None) == (old, old)
    assert choose(both, both, terms.id, NEXT, PERIOD) == (old, new)
    for arguments, what in (
        (([], [new], None, None, None), "0 agreements"),
        (([old], [new], None, "2031-32", None), "no statement of derbyshire-real-only for 2031-32"),
        (([], [new], terms.id, None, None), "to bridge from"),
    ):
        with pytest.raises(WrongUsage, match=what):
            choose(*arguments)


def test_a_top_up_with_small_numbers_awards_and_absences() -> None:
    """What the decision log alone holds is `other`, to the penny; a KPI too small to score is as the terms say."""
    both = with_shared_cost({"finance.advances_recouped": None})
    few = {"numerator": Decimal(9), "denominator": Decimal(1000), "quality_status": "too_small"}
    ledger = ledger_rows(both, 14_000_000_000)
    old = Books(both, PERIOD, rows_of(both, AT_26), ledger, gate_with(both, ()))
    new = Books(both, PERIOD, rows_of(both, AT_72, G1=few), ledger, gate_with(both, ("G1",)))
    bridge = build_bridge(old, new)
    assert adds_up(bridge)
    assert set(moved(bridge)) == {"late_data"}

    body = {"member": "youth-charity", "reason": "Left early."}
    log = recording(log_for(both), both, "absence_recorded", "independent-expert", body)
    records = period_records(read_log(log), both, PERIOD)
    assert records.absent == ("youth-charity",)
    held_back = moved(build_bridge(new, replace(new, recorded=records)))
    assert set(held_back) == {"other"}
    assert held_back["other"] < 0


def test_members_and_kpis_that_come_and_go() -> None:
    """A KPI that is new, or has another role, comes with the terms; a member that left takes its cost with it."""
    terms = load_terms(RAW)
    data = terms.model_dump(mode="python", exclude_none=True)
    shares = {"acute-trust": 44, "community-trust": 30, "mental-health-trust": 18, "city-council": 8}
    data["parties"]["members"] = [
        {**member, "share_pct": Decimal(shares[member["id"]])}
        for member in data["parties"]["members"]
        if member["id"] in shares
    ]
    first, second, *_ = data["framework"]["kpis"]
    paid = {
        "role": "paid", "weight": Decimal(50),
        "levels": {"failure": 130, "poor": 120, "minimum": 110, "stretch": 100, "game_breaking": 80},
        "baseline": {"value": Decimal(110), "period": "2023-24", "definition": "as D1"},
    }  # fmt: skip
    data["framework"]["kpis"] = [{**first, "weight": Decimal(50)}, {**second, **paid}]
    later = Terms.model_validate(data)
    old = books_of(terms)
    rows = [kpi_row(later), kpi_row(later, "D2", Decimal("105.0"))]
    new = Books(later, PERIOD, rows, ledger_rows(later), gate_for(later))
    bridge = build_bridge(old, new)
    assert adds_up(bridge)
    assert "terms" in moved(bridge)
    back = build_bridge(new, old)
    assert adds_up(back)
    assert parties_of(bridge, later) == later.member_ids
    loss = build_bridge(books_of(terms), books_of(terms, "530.0", 14_900_000_000))
    assert parties_of(loss, terms)[-1] == RESIDUE
    with pytest.raises(WrongUsage, match="two agreements"):
        build_bridge(old, replace(new, terms=quick_terms({"agreement.id": "another"})))
    assert Amounts(3, {"a": 3}).less(Amounts(1, {"b": 1})) == Amounts(2, {"a": 3, "b": -1})


def as_files(books: Books, ledger: str = "cost_ledger.csv") -> dict[str, bytes]:
    return {
        "terms.yaml": RAW,
        "kpi_return.csv": write_rows("kpi_return", books.kpi_return),
        ledger: write_rows("ledger", books.ledger),
        "gate.csv": write_rows("gate", books.gate.rows()),
    }


def test_from_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two folders as `outturn settle` takes them, with the terms beside; the gate as CSV or JSON."""
    terms = load_terms(RAW)
    old, new = books_of(terms), books_of(terms, "460.0")
    for name, books in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        for file, content in as_files(books).items():
            (tmp_path / name / file).write_bytes(content)
    print_bridge(tmp_path / "old", tmp_path / "new", tmp_path / "out", None, None, None)
    said = capsys.readouterr().out
    assert "£1,079,976.85" in said
    assert "Late data" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "bridge.csv", "bridge.svg", "bridge_details.csv",
    ]  # fmt: skip
    with pytest.raises(WrongUsage, match="is not a folder"):
        print_bridge(tmp_path / "none", tmp_path / "new", None, None, None, None)
    files = as_files(old, "ledger.csv")
    gate = files.pop("gate.csv")
    with pytest.raises(Refused, match=r"gate.csv or gate.json is not among"):
        read_books(files)
    (judged,) = read_books({**files, "gate.json": old.gate.to_json()})
    (listed,) = read_books({**files, "gate.csv": gate})
    assert isinstance(judged.gate, GateRecord)
    assert judged.gate == listed.gate
    assert judged.gate.data_cut_id == CUT
    # where a folder holds the ledger under both names, the one as it was sent counts
    (sent,) = read_books({**files, "gate.csv": gate, "cost_ledger.csv": files["ledger.csv"], "ledger.csv": b"none"})
    assert sent == listed
    for name in ("terms.yaml", "kpi_return.csv"):
        with pytest.raises(Refused, match="is not among"):
            read_books({key: content for key, content in {**files, "gate.csv": gate}.items() if key != name})


def test_books_without_the_advances_that_terms_take_back_are_refused() -> None:
    """As `outturn settle` does: a missing file is not nothing paid, or a bridge would show what nobody was paid."""
    raw = (ROOT / "agreements" / "greenwich-public-health" / "2024-04-01.yaml").read_bytes()
    folder = ROOT / "docs" / "tutorial" / "by-hand" / "greenwich-public-health"
    files = {"terms.yaml": raw, **{path.name: path.read_bytes() for path in folder.iterdir()}}
    (books,) = read_books(files)
    del files["advances.csv"]
    with pytest.raises(Refused, match=r"advances\.csv is not among the files: without it nothing would be taken") as no:
        read_books(files)
    assert "its header alone says that nothing was paid" in no.value.mend
    (none,) = read_books({**files, "advances.csv": write_rows("advances", [])})
    assert (len(books.advances), none.advances) == (2, [])


def test_the_members_statement_shows_the_way_from_the_one_before() -> None:
    """Beside the later of two statements of a release; the first has none before it."""
    one = b"    - period: 2024-25\n      baseline_gbp: 143100000.00"
    raw = RAW.replace(one, one + b"\n" + one.replace(b"2024-25", b"2025-26"))
    terms = load_terms(raw)
    old = books_of(terms)
    gate = read_gate_rows([{**row, "period_id": NEXT} for row in old.gate.rows()], terms, NEXT)
    rows = [*old.kpi_return, *in_next_year(terms, [kpi_row(terms, value=Decimal("440.0"))])]
    book = [
        *old.ledger,
        *({**row, "period_id": NEXT, "month": f"{int(row['month'][:4]) + 1}{row['month'][4:]}"} for row in old.ledger),
    ]
    settlements = [
        SettledAgreement(raw, log_for(terms), judged.to_json(), (), (), (), (), ()) for judged in (old.gate, gate)
    ]
    inputs: Any = SimpleNamespace(settlements=settlements, kpi_return=rows, ledger=book)
    settled: Any = [
        SimpleNamespace(agreement=SimpleNamespace(agreement_id=terms.id), period_id=period) for period in (PERIOD, NEXT)
    ]
    book_of_pages: Any = SimpleNamespace(inputs=inputs, settled=settled)
    assert bridge_to(book_of_pages, settled[0]) == []
    (shown,) = bridge_to(book_of_pages, settled[1])
    words = [[cell["text"] for cell in row["cells"]] for row in shown["tables"][0]["rows"]]
    moved_by = {cells[0]: cells[1] for cells in words}
    # by hand: 440.0 scores 39.71, a factor of 0.7978 of £1,550,000.00, less the £1,079,976.85 of the year before
    assert moved_by[CAUSES["performance"]] == "£156,674.38"
    assert moved_by["Statement for 2025/26"] == "£1,236,651.23"
    assert "2025/26" in shown["chart"]["wide"]
